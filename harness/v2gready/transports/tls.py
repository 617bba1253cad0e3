"""TLS over any byte stream: the same code over the null modem, over sockets and under virtual time.

`ssl.SSLObject` does the cryptography on two memory buffers, so nothing here needs a socket. In TLS 1.3 a client's
handshake ends before the server has looked at its certificate: a refusal comes out of the first `receive`.

OpenSSL compares certificates with the machine's clock, not with a virtual one.
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
import ssl
import tempfile
import warnings
from collections.abc import Callable, Sequence
from enum import Enum
from pathlib import Path
from typing import Any, Self, TypeVar

from cryptography import x509

from v2gready.protocols.pki import Credential, Curve, Shown, pem
from v2gready.transports.stream import ByteStream, Endpoint, TransportClosed, TransportError

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


class TlsVersions(Enum):
    """Versions that a context offers."""

    ONLY_1_3 = (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_3)
    """What ISO 15118-20 asks for [V2G20-1264]."""
    ONLY_1_2 = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2)
    """What ISO 15118-2 knows; on it -20 must not be selected [V2G20-2356]."""
    BOTH = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
    """A server for cars of both parts [V2G20-2359]; a back end and its stations."""
    ONLY_1_1 = (ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_1)
    """What nobody may accept any more; for the one who tests that."""


class KeyLog:
    """Session secrets in NSS format, collected in a file that only this user can read and that ends with `close`.

    They are what makes a capture readable again and they open nothing else: the keys of the certificates are not
    among them.
    """

    def __init__(self) -> None:
        self._directory = Path(tempfile.mkdtemp(prefix="v2gready-keylog-"))
        self._path = self._directory / "keys"
        self._path.touch(mode=0o600)

    def attach(self, context: ssl.SSLContext) -> None:
        """Let every session of a context write its secrets here."""
        context.keylog_filename = str(self._path)

    def secrets(self) -> bytes:
        """Return all lines so far."""
        # A line that is just being written counts once it is whole. Python's own heading is no secret.
        lines = self._path.read_bytes().splitlines(keepends=True)
        return b"".join(line for line in lines if line.endswith(b"\n") and not line.startswith(b"#"))

    def close(self) -> None:
        """Delete the file."""
        shutil.rmtree(self._directory, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def client_context(
    roots: Sequence[x509.Certificate],
    credential: Shown | None,
    *,
    versions: TlsVersions = TlsVersions.ONLY_1_3,
    curve: Curve = Curve.P521,
    keylog: KeyLog | None = None,
) -> ssl.SSLContext:
    """Build the EVCC's context.

    A negative test passes an expired, foreign or wrong credential, or None for a car without one, or `ONLY_1_2`.

    Args:
        roots: trust anchors for the SECC's chain.
        credential: the vehicle certificate with its key.
        versions: what the ClientHello offers.
        curve: the only group that is offered for the key exchange.
        keylog: where the session secrets go.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # No host names in V2G: an SECC is found by SDP and known by its chain alone.
    context.check_hostname = False
    return _configure(context, roots, credential, versions=versions, curve=curve, keylog=keylog)


def server_context(
    roots: Sequence[x509.Certificate],
    credential: Shown,
    *,
    versions: TlsVersions = TlsVersions.ONLY_1_3,
    curve: Curve = Curve.P521,
    client_certificate: bool = True,
    keylog: KeyLog | None = None,
) -> ssl.SSLContext:
    """Build the SECC's context.

    Args:
        roots: trust anchors for the vehicle's chain.
        credential: the SECC certificate with its key.
        versions: what is accepted.
        curve: the only group that is accepted for the key exchange.
        client_certificate: demand a vehicle certificate [V2G20-2400]; False is ISO 15118-2, or a faulty SECC.
        keylog: where the session secrets go.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if client_certificate:
        context.verify_mode = ssl.CERT_REQUIRED
    # Resumption is not part of the protocol, and a ticket behind the handshake is nothing that a car awaits.
    context.num_tickets = 0
    context.options |= ssl.OP_NO_TICKET
    return _configure(context, roots, credential, versions=versions, curve=curve, keylog=keylog)


BACKEND_SUITES = (
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "AES128-GCM-SHA256",
    "AES256-GCM-SHA384",
)
"""TLS 1.2 suites of OCPP-J: a CSMS has all four, hence two certificates; a station has at least one pair (A00)."""
WEAK_SUITES = ("ECDHE-ECDSA-AES128-SHA", "ECDHE-RSA-AES128-SHA", "AES128-SHA", "AES256-SHA")
"""CBC and SHA-1: what a peer has to refuse on TLS 1.2, and all that TLS 1.1 knows."""


def backend_client_context(
    roots: Sequence[x509.Certificate],
    credential: Credential | None = None,
    *,
    check_name: bool = True,
    verify: bool = True,
    versions: TlsVersions = TlsVersions.BOTH,
    ciphers: Sequence[str] = BACKEND_SUITES,
    keylog: KeyLog | None = None,
) -> ssl.SSLContext:
    """Build a station's context for the connection to its CSMS.

    Args:
        roots: trust anchors for the CSMS.
        credential: the station's certificate with its key, for security profile 3.
        check_name: look for `server_hostname` in the CSMS's certificate. OpenSSL takes a wildcard for a match
            (`v2gready.protocols.ocpp.pki.wildcards` finds it).
        verify: check the chain at all; a faulty station does not.
        versions: what the ClientHello offers.
        ciphers: OpenSSL's names of the TLS 1.2 suites; those of TLS 1.3 are always offered with it.
        keylog: where the session secrets go.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = check_name and verify
    if not verify:
        context.verify_mode = ssl.CERT_NONE
    credentials = () if credential is None else (credential,)
    return _configure_backend(context, roots, credentials, versions=versions, ciphers=ciphers, keylog=keylog)


def backend_server_context(
    roots: Sequence[x509.Certificate],
    credentials: Sequence[Credential],
    *,
    client_certificate: bool = False,
    versions: TlsVersions = TlsVersions.BOTH,
    ciphers: Sequence[str] = BACKEND_SUITES,
    keylog: KeyLog | None = None,
) -> ssl.SSLContext:
    """Build a CSMS's context.

    Args:
        roots: trust anchors for stations.
        credentials: server certificates, one per kind of key: ECDSA and RSA together serve all four suites.
        client_certificate: demand a station certificate, as security profile 3 does.
        versions: what is accepted.
        ciphers: OpenSSL's names of the TLS 1.2 suites.
        keylog: where the session secrets go.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if client_certificate:
        context.verify_mode = ssl.CERT_REQUIRED
    # A resumed session would not show its certificate again.
    context.num_tickets = 0
    context.options |= ssl.OP_NO_TICKET
    return _configure_backend(context, roots, credentials, versions=versions, ciphers=ciphers, keylog=keylog)


def _configure_backend(
    context: ssl.SSLContext,
    roots: Sequence[x509.Certificate],
    credentials: Sequence[Credential],
    *,
    versions: TlsVersions,
    ciphers: Sequence[str],
    keylog: KeyLog | None,
) -> ssl.SSLContext:
    # Compression has been an attack since 2012 and forbidden by OCPP-J; OpenSSL may have been built with it.
    context.options |= ssl.OP_NO_COMPRESSION
    names = ":".join(ciphers)
    if versions is TlsVersions.ONLY_1_1 or not set(ciphers) <= set(BACKEND_SUITES):
        names += ":@SECLEVEL=0"  # OpenSSL 3 does nothing weak above that level
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # 1.1 is deprecated, which is why it is tried
        context.minimum_version, context.maximum_version = versions.value
    try:
        context.set_ciphers(names)
    except ssl.SSLError:
        raise TransportError(f"OpenSSL knows none of the suites {', '.join(ciphers)}; check their names") from None
    if roots:
        context.load_verify_locations(cadata=pem(*roots).decode("ascii"))
    for credential in credentials:
        _load(context, credential)
    if keylog is not None:
        keylog.attach(context)
    return context


_GROUPS = {Curve.P521: "secp521r1", Curve.P256: "prime256v1", Curve.ED448: "X448"}
"""OpenSSL's names of the groups; that of secp256r1 is older than the standard's."""


def _configure(
    context: ssl.SSLContext,
    roots: Sequence[x509.Certificate],
    credential: Shown | None,
    *,
    versions: TlsVersions,
    curve: Curve,
    keylog: KeyLog | None,
) -> ssl.SSLContext:
    context.minimum_version, context.maximum_version = versions.value
    context.set_ecdh_curve(_GROUPS[curve])
    context.load_verify_locations(cadata=pem(*roots).decode("ascii"))
    if credential is not None:
        _load(context, credential)
    if keylog is not None:
        keylog.attach(context)
    return context


def _load(context: ssl.SSLContext, credential: Shown) -> None:
    """Give a credential to OpenSSL, which takes keys from files only.

    The file is private, its key encrypted with a password that exists nowhere else, and gone before we return.
    """
    password = secrets.token_bytes(32).hex()
    content = credential.private_key_pem(password.encode("ascii")) + credential.certificates_pem()
    with tempfile.TemporaryDirectory(prefix="v2gready-") as directory:
        path = Path(directory) / "credential.pem"
        path.touch(mode=0o600)
        path.write_bytes(content)
        try:
            context.load_cert_chain(path, password=password)
        except ssl.SSLError as error:
            why = error.reason or error
            raise TransportError(f"OpenSSL refuses the credential {credential.label}: {why}") from None
