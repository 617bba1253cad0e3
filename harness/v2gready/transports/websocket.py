"""WebSocket (RFC 6455) over any byte stream: client and server, well-behaved by default and hostile on request.

The protocol itself is the sans-I/O core of the `websockets` library; this module feeds it one frame at a time, puts
messages together and lets octets out that the core would never write. Nothing here needs a socket, a thread or real
time.

Memory is bounded: a message is refused past ``max_size``, a head past `MAX_HEAD`, and nothing is read from the peer
unless somebody waits in `WebSocket.receive` and the answers to earlier Pings are out.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Final, Self

from websockets.client import ClientProtocol
from websockets.extensions.permessage_deflate import (
    ClientPerMessageDeflateFactory,
    PerMessageDeflate,
    ServerPerMessageDeflateFactory,
)
from websockets.frames import Frame, Opcode
from websockets.protocol import Event as _Event
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol
from websockets.uri import WebSocketURI

from v2gready.transports.stream import ByteStream, Endpoint, StreamReset, TransportClosed
from v2gready.transports.tls import TlsFailure
from v2gready.transports.upgrade import (
    MAX_HEAD,
    BadHead,
    Decide,
    Decision,
    Handshake,
    HandshakeRefused,
    HeaderList,
    add_headers,
    answer_request,
    ask_for_upgrade,
    basic_authorization,
    failure,
    identity_path,
    read_head,
    refusal,
)
from v2gready.transports.wsframes import (
    Binary,
    CloseCode,
    Closed,
    FrameCutter,
    Incoming,
    Ping,
    Pong,
    Text,
    frame_octets,
)

__all__ = [
    "CLOSE_TIMEOUT",
    "HANDSHAKE_TIMEOUT",
    "MAX_HEAD",
    "MAX_SIZE",
    "Binary",
    "CloseCode",
    "Closed",
    "Decide",
    "Decision",
    "Handshake",
    "HandshakeRefused",
    "HeaderList",
    "Incoming",
    "Opcode",
    "Ping",
    "Pong",
    "Text",
    "WebSocket",
    "basic_authorization",
    "frame_octets",
    "identity_path",
]

MAX_SIZE = 0x10_0000
"""Octets of one message, uncompressed."""
HANDSHAKE_TIMEOUT = 10.0
"""Seconds for the whole handshake: a peer that sends its head octet by octet gets no more."""
CLOSE_TIMEOUT = 10.0
"""Seconds that `WebSocket.close` waits for the peer's Close."""
FIN_TIMEOUT = 1.0
"""Seconds that a client leaves to the server for closing the TCP connection first (RFC 6455, 7.1.1)."""

# The library logs header fields at level DEBUG, and one of them holds the password. This logger stands outside of the
# hierarchy, so that no setting can wake it.
_SILENT: Final = logging.Logger("v2gready.websocket", level=logging.CRITICAL + 1)  # noqa: LOG001


class WebSocket:
    """One open WebSocket; made by `connect` and `accept`.

    Sending never waits, as with `ByteStream`: what a peer no longer takes is dropped, and `receive` tells why. Only
    one task may receive.
    """

    def __init__(self, stream: ByteStream, protocol: ClientProtocol | ServerProtocol, unread: bytes) -> None:
        self._stream = stream
        self._protocol = protocol
        self._client = isinstance(protocol, ClientProtocol)
        self._unread = unread
        self._cut = FrameCutter()
        self._events: deque[Text | Binary | Ping | Pong] = deque()
        self._message = bytearray()
        self._is_text = False
        self._closed: Closed | None = None
        self._closed_by_us = False
        self._receiving = False
        self._closing = False
        self._over = asyncio.Event()
        self.auto_pong = True
        """Answer Pings by ourselves, as RFC 6455 demands."""

    @classmethod
    async def connect(
        cls,
        stream: ByteStream,
        *,
        host: str,
        path: str,
        subprotocols: Sequence[str] = (),
        headers: Sequence[tuple[str, str]] = (),
        compression: bool = False,
        max_size: int = MAX_SIZE,
        timeout: float = HANDSHAKE_TIMEOUT,  # noqa: ASYNC109 - of the peer, and answered with 408
    ) -> Self:
        """Be the client.

        Args:
            stream: Fresh connection; it is ours from now on, whatever the outcome.
            host: Value of the Host field, port included where it is not the usual one.
            path: Request target, percent-encoded (`identity_path`).
            subprotocols: Offer, in order of preference; nothing is offered if empty.
            headers: Further fields (`basic_authorization`); a field that the handshake has anyway is replaced.
            compression: Offer permessage-deflate.
            max_size: Octets of the longest message that we take.
            timeout: Seconds for the handshake.

        Raises:
            HandshakeRefused: No WebSocket; the stream is closed.
            TlsFailure: The server refused our certificate, which TLS 1.3 tells this late.
        """
        protocol = ClientProtocol(
            WebSocketURI(secure=False, host=host, port=80, path=path, query="", username=None, password=None),
            extensions=[ClientPerMessageDeflateFactory()] if compression else None,
            subprotocols=[Subprotocol(name) for name in subprotocols] or None,
            max_size=max_size,
            logger=_SILENT,
        )
        request = protocol.connect()
        request.path = path
        add_headers(request, [("Host", host), *headers])
        return cls(stream, protocol, await ask_for_upgrade(stream, protocol, request, timeout))

    @classmethod
    async def accept(
        cls,
        stream: ByteStream,
        decide: Decide,
        *,
        compression: bool = True,
        max_size: int = MAX_SIZE,
        timeout: float = HANDSHAKE_TIMEOUT,  # noqa: ASYNC109 - of the peer, and answered with 408
        failed: Callable[[int, str], None] | None = None,
    ) -> Self | None:
        """Be the server.

        A connection without a subprotocol is closed behind its handshake unless the decision says ``keep``.

        Args:
            stream: Fresh connection; it is ours from now on, whatever the outcome.
            decide: Called once for a request that is a valid handshake.
            compression: Take permessage-deflate if it is offered.
            max_size: Octets of the longest message that we take.
            timeout: Seconds for the request; later it is answered with 408.
            failed: Called with status (0 without an answer) and reason where nothing came to be decided.

        Returns:
            The open WebSocket; None if there is none, with the stream closed.
        """
        # Small windows: a server has a thousand of these (32 kB each instead of 300).
        deflate = ServerPerMessageDeflateFactory(
            server_max_window_bits=12, client_max_window_bits=12, compress_settings={"memLevel": 5}
        )
        protocol = ServerProtocol(extensions=[deflate] if compression else None, max_size=max_size, logger=_SILENT)
        try:
            async with asyncio.timeout(timeout):
                head, rest = await read_head(stream)
            decision, answer = answer_request(protocol, head, decide)
            stream.send(answer)
        except (BadHead, TimeoutError, StreamReset, TlsFailure) as error:
            status, reason = failure(error, timeout)
            if status:
                stream.send(refusal(status, reason).serialize())
            stream.close()
            if failed is not None:
                failed(status, reason)
            return None
        except BaseException:
            stream.abort()
            raise
        if decision.status != HTTPStatus.SWITCHING_PROTOCOLS:
            stream.close()
            return None
        opened = cls(stream, protocol, rest)
        if decision.subprotocol is None and not decision.keep:
            await opened.close(CloseCode.PROTOCOL_ERROR, "no common subprotocol")
            return None
        return opened

    @property
    def subprotocol(self) -> str | None:
        """The selected one, None if the server selected none."""
        return self._protocol.subprotocol

    @property
    def compressed(self) -> bool:
        """Whether permessage-deflate was agreed on."""
        return any(isinstance(extension, PerMessageDeflate) for extension in self._protocol.extensions)

    @property
    def is_open(self) -> bool:
        """Whether messages can be sent: no Close passed either way and the connection is not known to have ended."""
        return self._closed is None and self._protocol.state is State.OPEN

    @property
    def closed(self) -> Closed | None:
        """How it ended, once that is known."""
        return self._closed

    @property
    def unfinished(self) -> int:
        """How many octets have come of a frame or a fragmented message whose end has not."""
        return len(self._message) + self._cut.begun

    @property
    def local(self) -> Endpoint:
        """Our end."""
        return self._stream.local

    @property
    def remote(self) -> Endpoint:
        """The peer's end."""
        return self._stream.remote

    async def receive(self) -> Incoming:
        """Wait for the next message, Ping or Pong, or the end. Cancelling it loses nothing.

        Raises:
            RuntimeError: Another task receives.
        """
        if self._receiving:
            if not self._closing:
                raise RuntimeError("two tasks receive from one WebSocket")
            await self._over.wait()
            return self._closed or Closed(CloseCode.ABNORMAL)
        self._receiving = True
        try:
            while not self._events:
                if self._closed is not None:
                    await self._settle()
                    return self._closed
                if self._unread:
                    await self._take_frame()
                else:
                    await self._read()
            return self._events.popleft()
        finally:
            self._receiving = False

    def text(self, text: str) -> None:
        """Send a text message.

        Raises:
            TransportClosed: `close` or `abort` came before.
        """
        if self._may_send():
            self._protocol.send_text(text.encode())
            self._flush()

    def binary(self, octets: bytes) -> None:
        """Send a binary message; see `text`."""
        if self._may_send():
            self._protocol.send_binary(octets)
            self._flush()

    def ping(self, payload: bytes = b"") -> None:
        """Send a Ping with up to 125 octets; see `text`."""
        if self._may_send():
            self._protocol.send_ping(payload)
            self._flush()

    def pong(self, payload: bytes = b"") -> None:
        """Send a Pong that need not answer anything; see `text`."""
        self.frame(Opcode.PONG, payload)

    def frame(
        self, opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0, mask: bool | None = None
    ) -> None:
        """Send one frame as it is, past all rules and uncompressed. Sending goes on even behind a Close.

        Args:
            opcode: 0..15; reserved ones too.
            payload: Of any length, also in control frames; UTF-8 or not.
            fin: Whether the message ends here.
            rsv: The three reserved bits, 0..7; 4 is RSV1.
            mask: Whether to mask; by default as our side has to.

        Raises:
            TransportClosed: `close` or `abort` has ended the connection.
        """
        masked = self._client if mask is None else mask
        self.octets(frame_octets(opcode, payload, fin=fin, rsv=rsv, mask=masked))

    def octets(self, octets: bytes) -> None:
        """Send octets that need not be a frame; see `frame`."""
        if self._closed is None:
            self._send(octets)
        elif self._closed_by_us:
            raise TransportClosed(f"the WebSocket with {self.remote} was closed by us")

    async def drain(self) -> None:
        """Wait until the stream underneath has room; at once if the connection has ended."""
        with contextlib.suppress(StreamReset):
            await self._stream.drain()

    async def close(
        self,
        code: int | None = CloseCode.NORMAL,
        reason: str = "",
        *,
        timeout: float = CLOSE_TIMEOUT,  # noqa: ASYNC109 - the peer's share, not the caller's
    ) -> None:
        """Send a Close, wait for the peer's and end the connection.

        Messages that still come are for the task that receives, or lost if there is none.

        Args:
            code: Status code; None leaves it out.
            reason: Up to 123 octets of UTF-8.
            timeout: Seconds for the peer's Close; then the connection is aborted.
        """
        if self._closed is None and self._protocol.state is State.OPEN:
            self._closed_by_us = True
            self._protocol.send_close(code, reason)
            self._flush()
        try:
            async with asyncio.timeout(timeout):
                if self._receiving:
                    await self._over.wait()
                else:
                    await self._see_the_end()
        except TimeoutError:
            self._abort("timeout", f"the peer did not answer our Close within {timeout:g} s")

    def abort(self) -> None:
        """End the TCP connection with RST, without a Close."""
        self._abort("abort", "we reset the connection")

    async def wait_closed(self) -> None:
        """After `close` or `abort`: wait until nothing is held for the connection any more."""
        await self._stream.wait_closed()

    async def _see_the_end(self) -> None:
        ending = self.receive()
        self._closing = True
        try:
            while not isinstance(await ending, Closed):
                ending = self.receive()
        finally:
            self._closing = False

    def _may_send(self) -> bool:
        if self.is_open:
            return True
        if self._closed_by_us:
            raise TransportClosed(f"the WebSocket with {self.remote} was closed by us")
        return False

    async def _read(self) -> None:
        try:
            data = await self._stream.receive()
        except StreamReset as reset:
            self._lost("reset", str(reset))
        except TlsFailure as failure:
            self._lost("tls", str(failure))
        else:
            self._unread = data
            if not data:
                self._lost("fin", "the peer closed the connection without a Close frame")

    async def _take_frame(self) -> None:
        """Give the core at most one frame, so that whatever that frame causes comes before the next is looked at."""
        size = self._cut.measure(self._unread)
        self._protocol.receive_data(self._unread[:size])
        self._unread = self._unread[size:]
        answered = self._flush()
        for event in self._protocol.events_received():
            self._on_event(event)
        self._look_for_end()
        if answered:
            await self.drain()

    def _on_event(self, event: _Event) -> None:
        if not isinstance(event, Frame):
            return
        payload = bytes(event.data)
        if event.opcode is Opcode.PING:
            self._events.append(Ping(payload))
        elif event.opcode is Opcode.PONG:
            self._events.append(Pong(payload))
        elif event.opcode is not Opcode.CLOSE:
            if event.opcode is not Opcode.CONT:
                self._is_text = event.opcode is Opcode.TEXT
            self._message += payload
            if event.fin:
                self._on_message(bytes(self._message))
                self._message.clear()

    def _on_message(self, octets: bytes) -> None:
        if not self._is_text:
            self._events.append(Binary(octets))
            return
        try:
            self._events.append(Text(octets.decode()))
        except UnicodeDecodeError as error:
            sentence = f"the text message is no UTF-8 at octet {error.start}"
            self._protocol.fail(CloseCode.INVALID_DATA, sentence)
            self._flush()
            self._end(Closed(CloseCode.INVALID_DATA, sentence, by_peer=True, violation=sentence))

    def _look_for_end(self) -> None:
        """Find out whether the frame before was the last."""
        core = self._protocol
        if core.parser_exc is not None:
            sent = core.close_sent
            code = CloseCode.PROTOCOL_ERROR if sent is None else sent.code
            sentence = str(core.parser_exc)
            self._end(Closed(code, sentence, by_peer=True, violation=sentence))
        elif core.close_rcvd is not None:
            first = core.close_rcvd_then_sent is True
            self._end(Closed(core.close_rcvd.code, core.close_rcvd.reason, clean=True, by_peer=first))

    def _lost(self, how: str, sentence: str) -> None:
        self._end(Closed(CloseCode.ABNORMAL, sentence, by_peer=True, how=how))

    def _end(self, closed: Closed) -> None:
        if self._closed is None:
            self._closed = closed

    def _abort(self, how: str, sentence: str) -> None:
        self._closed_by_us = True
        self._end(Closed(CloseCode.ABNORMAL, sentence, how=how))
        self._over.set()
        self._stream.abort()

    async def _settle(self) -> None:
        """Close the stream; a client lets the server do so first."""
        if self._over.is_set():
            return
        if self._client and self._closed is not None and self._closed.clean:
            with contextlib.suppress(TimeoutError, StreamReset, TlsFailure):
                async with asyncio.timeout(FIN_TIMEOUT):
                    while await self._stream.receive():
                        pass
        self._over.set()
        self._unread = b""
        self._stream.close()

    def _flush(self) -> bool:
        """Send what the core has to send, and tell whether there was anything."""
        found = False
        for octets in self._protocol.data_to_send():
            # The core writes Pongs only by itself. Its empty string means FIN, which is `_settle`'s business.
            if octets and (self.auto_pong or octets[0] & 0x0F != Opcode.PONG):
                self._send(octets)
                found = True
        return found

    def _send(self, octets: bytes) -> None:
        with contextlib.suppress(TlsFailure):  # `receive` tells it
            self._stream.send(octets)
