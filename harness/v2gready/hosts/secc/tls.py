"""How the charger takes TLS connections (reference 7.1)."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from v2gready.hosts.secc.witness import Witness
from v2gready.protocols.iso15118.secc.backend import NO_BACKEND, Backend
from v2gready.protocols.iso15118.secc.config import Protection
from v2gready.protocols.iso15118.secc.seams import GOOD_STATUS, Seams, TlsProfile
from v2gready.protocols.pki import Curve, Shown
from v2gready.transports import openssl
from v2gready.transports.stream import ByteStream, StreamReset
from v2gready.transports.tls import KeyLog, TlsFailure, TlsStream, TlsVersions, server_context

_NO_CHECK_TIME = 0x20_0000
"""OpenSSL's X509_V_FLAG_NO_CHECK_TIME, which Python has no name for."""


@dataclass(frozen=True, slots=True)
class ChargerCredentials:
    """What the charger shows and trusts.

    Attributes:
        secc: The SECC certificate with its key; a defective chain where a tester shows one.
        roots: Trust anchors for vehicle certificates: V2G and OEM roots, never MO roots [V2G20-2401..2404].
        curve: Group of the key exchange.
        backend: Who knows contracts, for Plug & Charge.
        status: Gives the OCSP response that is stapled, DER; None for none.
        statuses: The same for what a faulty charger staples instead, by `TlsProfile.status`.
        keylog: Where TLS secrets go for a capture.
    """

    secc: Shown
    roots: Sequence[x509.Certificate]
    curve: Curve = Curve.P521
    backend: Backend = NO_BACKEND
    status: Callable[[], bytes] | None = field(default=None, repr=False)
    statuses: Mapping[str, Callable[[], bytes]] = field(default_factory=dict, repr=False)
    keylog: KeyLog | None = None


@dataclass(frozen=True, slots=True)
class Secured:
    """An accepted TLS connection."""

    stream: ByteStream
    protection: Protection
    vehicle_certificate: bytes | None


class TlsDoor:
    """Accepts TLS connections as the profile in force says.

    Args:
        credentials: Of the charger.
        seams: Its faults.
        allow_1_2: Accept TLS 1.2 as well.
        timeout: Seconds a handshake may take.
        witness: Who watches.
    """

    def __init__(
        self,
        credentials: ChargerCredentials,
        seams: Seams,
        *,
        allow_1_2: bool,
        timeout: float,
        witness: Witness | None = None,
    ) -> None:
        self._seams = seams
        self._witness = Witness() if witness is None else witness
        self._timeout = timeout
        self._profile = seams.tls(TlsProfile(allow_1_2=allow_1_2))
        self._curve = self._profile.curve or credentials.curve
        self._context = server_context(
            credentials.roots if self._profile.every_root else credentials.roots[:1],
            credentials.secc,
            versions=_versions(self._profile),
            curve=self._curve,
            client_certificate=self._profile.client_certificate,
            keylog=credentials.keylog,
        )
        status = credentials.status
        if self._profile.status != GOOD_STATUS:
            status = credentials.statuses.get(self._profile.status)
        if status is not None:
            openssl.staple(self._context, status())
        if self._profile.signatures and credentials.curve is not Curve.P256:
            openssl.ask_for_signatures(self._context, self._profile.signatures)
        if not self._profile.validity:
            self._context.verify_flags |= ssl.VerifyFlags(_NO_CHECK_TIME)

    async def enter(self, stream: ByteStream) -> Secured | None:
        """The handshake; None if the car was refused, which is told to it by an alert or by the end."""
        try:
            async with asyncio.timeout(self._timeout):
                session = await TlsStream.accept(stream, self._context)
        except TlsFailure as failure:
            self._seams.handshake_failed()
            self._witness.refused(stream, failure.reason, alert=failure.alert or "", by_car=failure.by_peer)
            return None
        except StreamReset:
            self._seams.handshake_failed()
            self._witness.refused(stream, "reset in the handshake", by_car=True)
            return None
        except TimeoutError:
            stream.abort()
            self._witness.refused(stream, "no end of the handshake", by_car=True)
            return None
        certificate = session.peer_certificate_der
        if certificate is not None and (objection := self._objection(certificate)):
            session.close()
            self._witness.refused(stream, objection)
            return None
        self._witness.secured(stream, session, self._curve.value)
        self._seams.handshake(session.version, certificate)
        return Secured(session, Protection(session.version), certificate)

    def _objection(self, certificate: bytes) -> str:
        """What OpenSSL passes over in a vehicle certificate (DER); empty if it is good."""
        if not is_readable(certificate):
            return "the vehicle certificate is no DER" if self._profile.readable else ""
        if self._profile.purpose and not is_for_clients(certificate):
            # OpenSSL takes a certificate without extended key usage for anything; a contract certificate is one, and
            # it has no business in TLS [V2G20-2339].
            return "the vehicle certificate is not made for clientAuth"
        return ""


def _versions(profile: TlsProfile) -> TlsVersions:
    if not profile.allow_1_3:
        return TlsVersions.ONLY_1_2
    return TlsVersions.BOTH if profile.allow_1_2 else TlsVersions.ONLY_1_3


def is_for_clients(certificate: bytes) -> bool:
    """Whether a certificate (DER) is made for clientAuth, as a vehicle certificate is (Annex B.8)."""
    extensions = x509.load_der_x509_certificate(certificate).extensions
    try:
        usage = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return False
    return ExtendedKeyUsageOID.CLIENT_AUTH in usage


def is_readable(certificate: bytes) -> bool:
    """Whether a certificate is DER (RFC 5280 4.1); OpenSSL takes more than that."""
    try:
        _ = x509.load_der_x509_certificate(certificate).extensions
    except ValueError:
        return False
    return True
