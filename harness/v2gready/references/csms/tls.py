"""TLS at the door of the CSMS: security profiles 2 and 3."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime

from cryptography import x509

from v2gready.references.csms.backend import Backend
from v2gready.references.csms.seams import TlsPolicy
from v2gready.transports.stream import ByteStream, StreamReset
from v2gready.transports.tls import (
    BACKEND_SUITES,
    WEAK_SUITES,
    TlsFailure,
    TlsStream,
    TlsVersions,
    backend_server_context,
)

_NO_CHECK_TIME = 0x20_0000
"""X509_V_FLAG_NO_CHECK_TIME of OpenSSL, which Python does not name."""


class TlsDoor:
    """Takes TLS connections.

    Args:
        backend: The CSMS.

    Raises:
        ValueError: There is no server certificate.
    """

    def __init__(self, backend: Backend) -> None:
        credentials, profile = backend.credentials, backend.config.security_profile
        if not credentials.server:
            raise ValueError(f"a CSMS with security profile {profile} needs a server certificate")
        self._seams = backend.seams
        self._timeout = backend.config.handshake_timeout
        self._mutual = profile == 3
        self._policy = backend.seams.tls(TlsPolicy(client_certificate=self._mutual))
        weak = self._policy.old or self._policy.weak
        self._context = backend_server_context(
            credentials.station_roots,
            credentials.server if self._policy.rsa else credentials.server[:1],
            client_certificate=self._policy.client_certificate,
            versions=TlsVersions.ONLY_1_1 if self._policy.old else TlsVersions.BOTH,
            ciphers=(*BACKEND_SUITES, *WEAK_SUITES) if weak else BACKEND_SUITES,
        )
        if self._policy.old:
            self._context.maximum_version = ssl.TLSVersion.TLSv1_3
        if not self._policy.validity:
            self._context.verify_flags |= ssl.VerifyFlags(_NO_CHECK_TIME)

    async def enter(self, stream: ByteStream) -> TlsStream | None:
        """Opens a session; None if there is none, with the stream closed."""
        try:
            async with asyncio.timeout(self._timeout):
                secured = await TlsStream.accept(stream, self._context)
        except (TlsFailure, StreamReset, TimeoutError) as failure:
            if not self._policy.rsa:
                self._seams.turned_away(str(failure))
            stream.close()
            return None
        if secured.version == "TLSv1.1" or secured.cipher in WEAK_SUITES:
            self._seams.admitted(f"{secured.version} with {secured.cipher} is taken")
        self._look(secured.peer_certificate_der)
        return secured

    def _look(self, certificate: bytes | None) -> None:
        """Notes who got in by a fault alone."""
        if self._mutual and certificate is None:
            self._seams.admitted("a station without certificate is let in")
        elif certificate is not None:
            end = x509.load_der_x509_certificate(certificate).not_valid_after_utc
            if end < datetime.now(UTC):
                self._seams.admitted("a station with an expired certificate is let in")
