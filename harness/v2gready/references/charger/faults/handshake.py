"""Faults of the TLS profile: groups, validity, trust anchors (reference 7.1, 7.3; TLS-S-*)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from cryptography import x509

from v2gready.protocols.iso15118.secc.seams import Died, Fault, TlsProfile
from v2gready.protocols.pki import Curve
from v2gready.references.charger.faults.registry import fault


@fault("tls-wrong-group", "Knows no group of the profile for the key exchange, but secp256r1 alone.")
class WrongGroup(Fault):
    """[V2G20-1634], TLS-S-3."""

    def tls(self, profile: TlsProfile) -> TlsProfile:
        """The group of ISO 15118-2."""
        return replace(profile, curve=Curve.P256)

    def handshake_failed(self) -> None:
        """No car of -20 shares a group with it."""
        self.took_effect("a handshake failed with secp256r1 as the only group")


@fault("tls-ignores-validity", "Takes vehicle certificates before and after their period of validity.")
class IgnoresValidity(Fault):
    """TLS-S-2."""

    def tls(self, profile: TlsProfile) -> TlsProfile:
        """A charger without a clock."""
        return replace(profile, validity=False)

    def handshake(self, version: str, certificate: bytes | None) -> None:
        """Notes a certificate outside its validity."""
        if certificate is None:
            return
        leaf = x509.load_der_x509_certificate(certificate)
        if not leaf.not_valid_before_utc <= datetime.now(UTC) <= leaf.not_valid_after_utc:
            self.took_effect(f"{version} session with a certificate outside its validity")


@fault("tls-refuses-oem-root", "Trusts vehicle certificates under the V2G root alone.")
class RefusesOemRoot(Fault):
    """[V2G20-2331], TLS-S-6."""

    def tls(self, profile: TlsProfile) -> TlsProfile:
        """One trust anchor."""
        return replace(profile, every_root=False)

    def handshake_failed(self) -> None:
        """The car under the other root is refused."""
        self.took_effect("a handshake failed with the V2G root as the only anchor")


@fault("dies-on-broken-handshake", "Dies of a TLS handshake that fails.")
class DiesOnBrokenHandshake(Fault):
    """TLS-S-2: the station keeps serving."""

    def handshake_failed(self) -> None:
        """An exception that nobody catches."""
        self.took_effect("the process died of a failed TLS handshake")
        raise Died("a failed TLS handshake")
