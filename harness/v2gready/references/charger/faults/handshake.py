"""Faults of the TLS profile: groups, validity, trust anchors (reference 7.1, 7.3; TLS-S-*)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import ClassVar

from cryptography import x509

from v2gready.hosts.secc.tls import is_readable
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


@fault("tls-takes-any-key", "Takes vehicle certificates with a key of any kind that its library knows.")
class TakesAnyKey(Fault):
    """[V2G20-1667], [V2G20-2674]: what every library does by itself."""

    def tls(self, profile: TlsProfile) -> TlsProfile:
        """CertificateRequest names whatever there is."""
        return replace(profile, signatures=())

    def handshake(self, version: str, certificate: bytes | None) -> None:
        """Notes a key that the profile has not."""
        key = None if certificate is None else x509.load_der_x509_certificate(certificate).public_key()
        if key is not None and getattr(getattr(key, "curve", None), "name", "") != "secp521r1":
            self.took_effect(f"{version} session with a key of the type {type(key).__name__}")


@fault("tls-accepts-unreadable", "Takes vehicle certificates that it can read half.")
class AcceptsUnreadable(Fault):
    """X.690 10: a parser that takes more than DER."""

    def tls(self, profile: TlsProfile) -> TlsProfile:
        """What OpenSSL has read is good enough."""
        return replace(profile, readable=False)

    def handshake(self, version: str, certificate: bytes | None) -> None:
        """Notes a certificate that is no DER."""
        if certificate is not None and not is_readable(certificate):
            self.took_effect(f"{version} session with a certificate that is no DER")


class _Staples(Fault):
    """Staples another OCSP response.

    Attributes:
        stapled: `TlsProfile.status`.
    """

    stapled: ClassVar[str]

    def tls(self, profile: TlsProfile) -> TlsProfile:
        """That one."""
        return replace(profile, status=self.stapled)

    def handshake(self, version: str, certificate: bytes | None) -> None:
        """Notes that a car has seen it."""
        self.took_effect(f"{version} session with {self.stapled or 'no'} OCSP response")


@fault("ocsp-not-stapled", "Staples no OCSP response.")
class NotStapled(_Staples):
    """[V2G20-2388], TLS-S-4."""

    stapled = ""


@fault("ocsp-stale", "Staples an OCSP response that is eight days old.")
class StapledStale(_Staples):
    """[V2G20-1021], TLS-S-4."""

    stapled = "stale"


@fault("ocsp-of-another", "Staples the OCSP response of another SECC certificate.")
class StapledOther(_Staples):
    """[V2G20-2388]: two chargers behind one controller, or the certificate of last year."""

    stapled = "other"


@fault("ocsp-forged", "Staples an OCSP response that nobody signed who may.")
class StapledForged(_Staples):
    """[V2G20-2388]."""

    stapled = "forged"


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
