"""How the charger takes TLS connections (reference 7.1)."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from v2gready.protocols.iso15118.secc.config import Protection
from v2gready.protocols.iso15118.secc.seams import Seams, TlsProfile
from v2gready.protocols.pki import Credential, Curve
from v2gready.transports.stream import ByteStream, StreamReset
from v2gready.transports.tls import TlsFailure, TlsStream, TlsVersions, server_context

_NO_CHECK_TIME = 0x20_0000
"""OpenSSL's X509_V_FLAG_NO_CHECK_TIME, which Python has no name for."""


@dataclass(frozen=True, slots=True)
class ChargerCredentials:
    """What the charger shows and trusts.

    Attributes:
        secc: The SECC certificate with its key.
        roots: Trust anchors for vehicle certificates: V2G and OEM roots, never MO roots [V2G20-2401..2404].
        curve: Group of the key exchange.
    """

    secc: Credential
    roots: Sequence[x509.Certificate]
    curve: Curve = Curve.P521


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
    """

    def __init__(self, credentials: ChargerCredentials, seams: Seams, *, allow_1_2: bool, timeout: float) -> None:
        self._seams = seams
        self._timeout = timeout
        self._profile = seams.tls(TlsProfile(allow_1_2=allow_1_2))
        self._context = server_context(
            credentials.roots if self._profile.every_root else credentials.roots[:1],
            credentials.secc,
            versions=TlsVersions.BOTH if self._profile.allow_1_2 else TlsVersions.ONLY_1_3,
            curve=self._profile.curve or credentials.curve,
            client_certificate=self._profile.client_certificate,
        )
        if not self._profile.validity:
            self._context.verify_flags |= ssl.VerifyFlags(_NO_CHECK_TIME)

    async def enter(self, stream: ByteStream) -> Secured | None:
        """The handshake; None if the car was refused, which is told to it by an alert or by the end."""
        try:
            async with asyncio.timeout(self._timeout):
                session = await TlsStream.accept(stream, self._context)
        except (TlsFailure, StreamReset):
            self._seams.handshake_failed()
            return None
        except TimeoutError:
            stream.abort()
            return None
        certificate = session.peer_certificate_der
        if self._profile.purpose and certificate is not None and not is_for_clients(certificate):
            # OpenSSL takes a certificate without extended key usage for anything; a contract certificate is one, and
            # it has no business in TLS [V2G20-2339].
            session.close()
            return None
        self._seams.handshake(session.version, certificate)
        return Secured(session, Protection(session.version), certificate)


def is_for_clients(certificate: bytes) -> bool:
    """Whether a certificate (DER) is made for clientAuth, as a vehicle certificate is (Annex B.8)."""
    extensions = x509.load_der_x509_certificate(certificate).extensions
    try:
        usage = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return False
    return ExtendedKeyUsageOID.CLIENT_AUTH in usage
