"""The HTTP upgrade before a WebSocket: what a client asks for, what a server decides, and the limits of both.

`v2gready.transports.websocket` offers all of this under its own name.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final
from urllib.parse import quote, unquote

from websockets.client import ClientProtocol
from websockets.datastructures import Headers
from websockets.headers import parse_extension, parse_subprotocol
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from v2gready.transports.stream import ByteStream, StreamReset
from v2gready.transports.tls import TlsFailure

MAX_HEAD = 0x4000
"""Octets of a request or response head, line ends included. A browser's is an eighth of it."""
DEFLATE: Final = "permessage-deflate"
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: ([^\r\n]*))?\r?\n")

HeaderList = tuple[tuple[str, str], ...]


class HandshakeRefused(Exception):  # noqa: N818 - what the peer decided, often the expected way
    """No WebSocket came about: the server refused it, or what it answered is no WebSocket handshake."""

    def __init__(self, status: int, headers: HeaderList = (), reason: str = "") -> None:
        super().__init__(f"{reason} (HTTP status {status})" if status else reason)
        self.status = status
        """HTTP status of the answer; 101 if it was we who refused what came with it, 0 without any HTTP answer."""
        self.headers = headers
        """Header fields of the answer, as they came."""
        self.reason = reason
        """The server's reason phrase, or ours."""

    @property
    def by_peer(self) -> bool:
        """Whether the server refused in plain HTTP."""
        return self.status not in {0, 101}

    @property
    def selected(self) -> str:
        """The subprotocol that the answer names, empty if none."""
        return ", ".join(value for name, value in self.headers if name.lower() == "sec-websocket-protocol")


class BadHead(Exception):  # noqa: N818 - says which status answers it
    """The octets before the first empty line are no acceptable request or response head."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True, slots=True)
class Handshake:
    """What a client asked for, in a request that is a WebSocket handshake in every other respect.

    Attributes:
        path: Request target as sent, percent-encoding and query included.
        headers: Header fields in their order, Authorization left out: it holds the password.
        subprotocols: Offered ones, in the client's order of preference.
        user: User of the Basic credentials, None without readable ones.
        password: Its password.
        authorization: ``none``, ``basic``, ``broken`` (no readable Basic credentials), or another scheme by name.
        compression: permessage-deflate was offered (RFC 7692).
    """

    path: str
    headers: HeaderList
    subprotocols: tuple[str, ...]
    user: str | None
    password: str | None = field(repr=False)
    authorization: str = "none"
    compression: bool = False

    @property
    def identity(self) -> str:
        """Last segment of the path, percent-decoded: the station's identity in OCPP-J."""
        return unquote(self.path.partition("?")[0].rpartition("/")[2])

    @property
    def endpoint(self) -> str:
        """The path before the identity, without the slash between them."""
        return self.path.partition("?")[0].rpartition("/")[0]

    def choose(self, supported: Iterable[str]) -> str | None:
        """Return the first of our subprotocols that was offered, or None. Pass the client's order to follow that."""
        return next((name for name in supported if name in self.subprotocols), None)


@dataclass(frozen=True, slots=True)
class Decision:
    """What the server answers.

    Attributes:
        status: 101, or the HTTP status of a refusal.
        subprotocol: The selected one; None leaves the header out.
        headers: Additional header fields.
        reason: Body of a refusal, for people.
        keep: Keep a connection without subprotocol. By default it is closed straight after its handshake, as OCPP-J
            has it for peers without a common version.
    """

    status: int = 101
    subprotocol: str | None = None
    headers: HeaderList = ()
    reason: str = ""
    keep: bool = False


Decide = Callable[[Handshake], Decision]


def identity_path(endpoint: str, identity: str) -> str:
    """Return the request target of a station: endpoint, slash, percent-encoded identity (OCPP-J 3.1)."""
    return f"{endpoint.rstrip('/')}/{quote(identity, safe='')}"


def basic_authorization(user: str, password: str) -> tuple[str, str]:
    """Return the header field of HTTP Basic with credentials in UTF-8 (RFC 7617). It is a secret."""
    token = base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
    return ("Authorization", f"Basic {token}")


async def read_head(stream: ByteStream) -> tuple[bytes, bytes]:
    """Read up to the empty line behind a head; returns the head and the octets that came behind it.

    Raises:
        BadHead: it is longer than `MAX_HEAD`, or the stream ended before.
        StreamReset: the peer reset the connection.
    """
    head = bytearray()
    while (end := _HEAD_END.search(head)) is None:
        if len(head) > MAX_HEAD:
            break
        data = await stream.receive()
        if not data:
            raise BadHead(0, "the peer closed the connection " + ("in mid head" if head else "without a word"))
        head += data
    size = len(head) if end is None else end.end()
    if size > MAX_HEAD:
        raise BadHead(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"the head is longer than {MAX_HEAD} octets")
    return bytes(head[:size]), bytes(head[size:])


def read_handshake(request: Request) -> Handshake:
    """Read a request that was found to be a valid handshake."""
    headers = request.headers
    offered = [name for value in headers.get_all("Sec-WebSocket-Protocol") for name in parse_subprotocol(value)]
    extensions = [name for value in headers.get_all("Sec-WebSocket-Extensions") for name, _ in parse_extension(value)]
    authorization, user, password = _credentials(headers.get_all("Authorization"))
    return Handshake(
        path=request.path,
        headers=tuple((name, value) for name, value in headers.raw_items() if name.lower() != "authorization"),
        subprotocols=tuple(offered),
        user=user,
        password=password,
        authorization=authorization,
        compression=DEFLATE in extensions,
    )


def refusal(status: int, reason: str, headers: HeaderList = ()) -> Response:
    """Return the plain HTTP answer of a server that does not open a WebSocket."""
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:  # a hostile server may answer any number
        phrase = "Refused"
    body = f"{reason or phrase}\n".encode()
    fields = Headers([("Connection", "close"), ("Content-Type", "text/plain; charset=utf-8")])
    fields["Content-Length"] = str(len(body))
    if status == HTTPStatus.UNAUTHORIZED and all(name.lower() != "www-authenticate" for name, _ in headers):
        fields["WWW-Authenticate"] = 'Basic realm="ocpp", charset="UTF-8"'  # a 401 must have one (RFC 9110, 15.5.2)
    if status == HTTPStatus.UPGRADE_REQUIRED:
        fields["Upgrade"] = "websocket"  # a 426 must have one (RFC 9110, 15.5.22)
    for name, value in headers:
        fields[name] = value
    return Response(status, phrase, fields, body)


def add_headers(request: Request, headers: Sequence[tuple[str, str]]) -> None:
    """Add header fields to a request; those that it has by itself are replaced."""
    for name in {name.lower() for name, _ in headers}:
        if name in request.headers:
            del request.headers[name]
    for name, value in headers:
        request.headers[name] = value


def read_answer(head: bytes) -> tuple[int, str, HeaderList]:
    """Read status, reason phrase and header fields of a response head; broken header lines are left out.

    Raises:
        BadHead: it does not begin as HTTP/1 does.
    """
    line = _STATUS_LINE.match(head)
    if line is None:
        raise BadHead(0, "the peer does not answer in HTTP")
    fields = [field.partition(":") for field in head[line.end() :].decode("iso-8859-1").splitlines()]
    headers = tuple((name.strip(), value.strip()) for name, colon, value in fields if colon)
    return int(line[1]), (line[2] or b"").decode("iso-8859-1"), headers


def judge_answer(protocol: ClientProtocol, head: bytes) -> None:
    """Let the core judge the server's answer.

    Raises:
        BadHead: it is no HTTP.
        HandshakeRefused: it is a refusal, or no valid handshake.
    """
    status, phrase, headers = read_answer(head)
    if status != HTTPStatus.SWITCHING_PROTOCOLS:
        raise HandshakeRefused(status, headers, phrase)
    protocol.receive_data(head)
    protocol.events_received()
    if protocol.handshake_exc is not None:
        # The library says "no valid HTTP response" and keeps what is wrong with it as the cause.
        raise HandshakeRefused(status, headers, str(protocol.handshake_exc.__cause__ or protocol.handshake_exc))


async def ask_for_upgrade(stream: ByteStream, protocol: ClientProtocol, request: Request, seconds: float) -> bytes:
    """Sends the request of a client, and judges the answer.

    Args:
        stream: Fresh connection; closed if there is no WebSocket.
        protocol: The client's side of the core.
        request: What it asks for.
        seconds: For the whole handshake.

    Returns:
        What came behind the head of the answer.

    Raises:
        HandshakeRefused: No WebSocket.
        TlsFailure: The server refused our certificate, which TLS 1.3 tells this late.
    """
    try:
        async with asyncio.timeout(seconds):
            stream.send(request.serialize())
            head, rest = await read_head(stream)
        judge_answer(protocol, head)
    except (BadHead, TimeoutError, StreamReset) as error:
        stream.close()
        raise HandshakeRefused(0, reason=failure(error, seconds)[1]) from None
    except (HandshakeRefused, TlsFailure):
        stream.close()
        raise
    except BaseException:
        stream.abort()
        raise
    return rest


def answer_request(protocol: ServerProtocol, head: bytes, decide: Decide) -> tuple[Decision, bytes]:
    """Answer a request; returns what was decided and the octets of the answer.

    Raises:
        BadHead: it is no WebSocket handshake.
    """
    protocol.receive_data(head)
    events = protocol.events_received()
    if not events or not isinstance(events[0], Request):
        raise BadHead(HTTPStatus.BAD_REQUEST, str(protocol.handshake_exc or "no valid HTTP request"))
    response = protocol.accept(events[0])
    if response.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
        raise BadHead(response.status_code, str(protocol.handshake_exc))
    decision = decide(read_handshake(events[0]))
    if decision.status != HTTPStatus.SWITCHING_PROTOCOLS:
        response = refusal(decision.status, decision.reason, decision.headers)
    else:
        if decision.subprotocol is not None:
            response.headers["Sec-WebSocket-Protocol"] = decision.subprotocol
            protocol.subprotocol = Subprotocol(decision.subprotocol)
        for name, value in decision.headers:
            response.headers[name] = value
    protocol.send_response(response)
    return decision, b"".join(protocol.data_to_send())


def failure(error: Exception, timeout: float) -> tuple[int, str]:
    """Return HTTP status (0: not worth an answer) and reason of a handshake that came to nothing."""
    if isinstance(error, BadHead):
        return error.status, str(error)
    if isinstance(error, TimeoutError):
        return HTTPStatus.REQUEST_TIMEOUT, f"the handshake took longer than {timeout:g} s"
    return 0, str(error)


def _credentials(values: Sequence[str]) -> tuple[str, str | None, str | None]:
    """Read Authorization fields: the scheme, user and password."""
    if not values:
        return "none", None, None
    scheme, _, token = values[0].strip().partition(" ")
    if scheme.lower() != "basic":
        return scheme.lower(), None, None
    try:
        user, colon, password = base64.b64decode(token.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return "broken", None, None
    if len(values) > 1 or not colon:
        return "broken", None, None
    return "basic", user, password
