"""TLS over any byte stream: the same code over the null modem, over sockets and under virtual time.

`ssl.SSLObject` does the cryptography on two memory buffers, so nothing here needs a socket. In TLS 1.3 a client's
handshake ends before the server has looked at its certificate: a refusal comes out of the first `receive`.

OpenSSL compares certificates with the machine's clock, not with a virtual one. What `tls_contexts` has is offered here
under its own name.
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Callable
from typing import Any, Self, TypeVar

from v2gready.transports.stream import ByteStream, Endpoint, TransportClosed
from v2gready.transports.tls_contexts import (
    BACKEND_SUITES,
    WEAK_SUITES,
    KeyLog,
    TlsVersions,
    backend_client_context,
    backend_server_context,
    client_context,
    server_context,
)

__all__ = [
    "BACKEND_SUITES",
    "WEAK_SUITES",
    "KeyLog",
    "TlsFailure",
    "TlsStream",
    "TlsVersions",
    "backend_client_context",
    "backend_server_context",
    "client_context",
    "server_context",
]

T = TypeVar("T")

# RFC 8446 section 6. OpenSSL names an alert of the peer in a reason such as TLSV1_ALERT_UNKNOWN_CA.
_ALERTS = (
    "unexpected_message",
    "bad_record_mac",
    "record_overflow",
    "handshake_failure",
    "bad_certificate",
    "unsupported_certificate",
    "certificate_revoked",
    "certificate_expired",
    "certificate_unknown",
    "illegal_parameter",
    "unknown_ca",
    "access_denied",
    "decode_error",
    "decrypt_error",
    "protocol_version",
    "insufficient_security",
    "internal_error",
    "inappropriate_fallback",
    "user_cancelled",
    "no_renegotiation",
    "missing_extension",
    "unsupported_extension",
    "unrecognized_name",
    "bad_certificate_status_response",
    "unknown_psk_identity",
    "certificate_required",
    "no_application_protocol",
)
_ALERT_PREFIXES = ("SSLV3_ALERT_", "TLSV1_ALERT_", "TLSV13_ALERT_", "TLSV1_", "SSL/TLS_ALERT_")
_CLOSED_IN_HANDSHAKE = "the peer closed the connection during the handshake"


class TlsFailure(Exception):  # noqa: N818 - how a session ended, often the expected way
    """The session failed: the peer refused, we refused, or the bytes were no TLS."""

    def __init__(self, reason: str, alert: str | None) -> None:
        super().__init__(reason if alert is None else f"{reason} (alert {alert} from the peer)")
        self.reason = reason
        """What OpenSSL says, or the end of the stream where there should have been none."""
        self.alert = alert
        """Name of the alert that the peer sent (RFC 8446 section 6), or None if it sent none."""

    @property
    def by_peer(self) -> bool:
        """Whether the peer ended the session, by an alert or by closing the connection; False if it was we."""
        return self.alert is not None or self.reason == _CLOSED_IN_HANDSHAKE


class TlsStream(ByteStream):
    """A TLS session over a byte stream; made by `connect` and `accept`."""

    def __init__(
        self, stream: ByteStream, context: ssl.SSLContext, *, server_side: bool, server_hostname: str | None = None
    ) -> None:
        self._stream = stream
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(
            self._incoming, self._outgoing, server_side=server_side, server_hostname=server_hostname
        )
        self._ended = False
        self._closed = False
        self._close_notify = False

    @classmethod
    async def connect(cls, stream: ByteStream, context: ssl.SSLContext, *, server_hostname: str | None = None) -> Self:
        """Be the client of a session and return it with the handshake done.

        Args:
            stream: the open connection.
            context: what is offered, shown and trusted.
            server_hostname: name or address that is announced (SNI) and, where the context says so, looked for in
                the server's certificate.

        Raises:
            TlsFailure: no session; the stream underneath is aborted.
            StreamReset: the peer reset the connection in mid handshake.
        """
        return await cls._open(stream, context, server_side=False, server_hostname=server_hostname)

    @classmethod
    async def accept(cls, stream: ByteStream, context: ssl.SSLContext) -> Self:
        """Be the server of a session and return it with the handshake done.

        Raises:
            TlsFailure: no session; our alert is sent and the stream underneath closed.
            StreamReset: the peer reset the connection in mid handshake.
        """
        return await cls._open(stream, context, server_side=True)

    @property
    def local(self) -> Endpoint:
        """Our end."""
        return self._stream.local

    @property
    def remote(self) -> Endpoint:
        """The peer's end."""
        return self._stream.remote

    @property
    def version(self) -> str:
        """Negotiated version, as `TLSv1.3`."""
        return self._tls.version() or ""

    @property
    def cipher(self) -> str:
        """Negotiated suite, as `TLS_AES_256_GCM_SHA384`."""
        cipher = self._tls.cipher()
        return "" if cipher is None else cipher[0]

    @property
    def peer_certificate_der(self) -> bytes | None:
        """The peer's leaf, or None if it showed none."""
        return self._tls.getpeercert(binary_form=True)

    @property
    def peer_chain_der(self) -> tuple[bytes, ...]:
        """The certificates that the peer sent, leaf first, as they came; none if it showed none."""
        # Public as SSLObject.get_unverified_chain from Python 3.13 on.
        public = getattr(self._tls, "get_unverified_chain", None)
        if public is not None:
            return tuple(public())
        private: Any = self._tls
        chain = private._sslobj.get_unverified_chain() or ()  # noqa: SLF001 - there is no other way before 3.13
        return tuple(ssl.PEM_cert_to_DER_cert(one.public_bytes()) for one in chain)

    @property
    def close_notify_received(self) -> bool:
        """Whether the peer ended the session in order; an end without it may be a truncation."""
        return self._close_notify

    async def receive(self) -> bytes:
        """Wait for the next plaintext bytes; see `ByteStream.receive`.

        Raises:
            TlsFailure: a fatal alert of the peer, or a broken record.
            StreamReset: the peer reset the connection.
        """
        if self._ended:
            return b""
        try:
            data = await self._complete(lambda: self._tls.read(0x1_0000))
            self._close_notify = not data
        except ssl.SSLZeroReturnError:  # the same while our own close_notify is out
            self._close_notify = True
            data = b""
        except ssl.SSLEOFError:
            data = b""
        self._ended = not data
        return data

    def send(self, data: bytes) -> None:
        """Encrypt and send; see `ByteStream.send`.

        Raises:
            TlsFailure: the session is broken.
            TransportClosed: `close` or `abort` came before.
        """
        if self._closed:
            raise TransportClosed(f"the session with {self.remote} was closed by us")
        view = memoryview(data)
        try:
            while view:
                view = view[self._tls.write(view) :]
        except ssl.SSLError as error:
            raise _failure(error) from None
        finally:
            self._flush()

    async def drain(self) -> None:
        """Wait until the stream underneath has room; see `ByteStream.drain`."""
        await self._stream.drain()

    def close(self) -> None:
        """Send close_notify, then FIN."""
        if self._closed:
            return
        # SSLWantRead: our close_notify is written and the peer's is still to come, which nobody has to wait for.
        # Anything else: the session failed before and has no end to announce.
        with contextlib.suppress(ssl.SSLError):
            self._tls.unwrap()
        self._flush()
        self._closed = self._ended = True
        self._stream.close()

    def abort(self) -> None:
        """Send RST without close_notify."""
        self._closed = self._ended = True
        self._stream.abort()

    async def wait_closed(self) -> None:
        """Wait for the end of the stream underneath."""
        await self._stream.wait_closed()

    @classmethod
    async def _open(
        cls, stream: ByteStream, context: ssl.SSLContext, *, server_side: bool, server_hostname: str | None = None
    ) -> Self:
        session = cls(stream, context, server_side=server_side, server_hostname=server_hostname)
        try:
            await session._complete(session._tls.do_handshake)
        except ssl.SSLEOFError:
            stream.close()
            raise TlsFailure(_CLOSED_IN_HANDSHAKE, None) from None
        except TlsFailure:
            # In order and not with RST: our own alert is on its way and has to arrive.
            stream.close()
            raise
        except BaseException:
            stream.abort()
            raise
        return session

    async def _complete(self, step: Callable[[], T]) -> T:
        """Repeat a step of OpenSSL until the peer has sent all that it needs."""
        while True:
            try:
                result = step()
            except ssl.SSLWantReadError:
                self._flush()
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                self._flush()
                raise
            except ssl.SSLError as error:
                self._flush()
                raise _failure(error) from None
            else:
                self._flush()
                return result
            data = await self._stream.receive()
            if data:
                self._incoming.write(data)
            else:
                self._incoming.write_eof()

    def _flush(self) -> None:
        data = self._outgoing.read()
        if data and not self._closed:
            self._stream.send(data)


def _failure(error: ssl.SSLError) -> TlsFailure:
    reason = error.reason or str(error)
    for prefix in _ALERT_PREFIXES:
        name = reason.removeprefix(prefix).lower()
        if name != reason.lower() and name in _ALERTS:
            return TlsFailure("the peer ended the session", name)
    if isinstance(error, ssl.SSLCertVerificationError):
        return TlsFailure(f"the peer's certificate was refused: {error.verify_message}", None)
    return TlsFailure(reason.lower().replace("_", " "), None)
