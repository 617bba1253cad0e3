"""The TCP socket behind a byte stream and the listener behind it: the same for every network of real sockets."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Any, cast

from v2gready.transports.network import Listener
from v2gready.transports.stream import HIGH_WATER, ByteStream, Endpoint, Inbox, StreamReset, TransportClosed

LINGER = 1.0
"""Seconds that a closed connection waits for the peer's FIN. Giving up at once would answer the peer's last bytes,
such as its close_notify, with a RST that no device has deserved."""
BACKLOG = 16


def without_zone(host: str) -> str:
    """Return an address as `Endpoint` wants it."""
    return host.partition("%")[0]


def endpoint_of(name: tuple[Any, ...]) -> Endpoint:
    """Return what the socket layer calls a socket name, of IPv4 or IPv6."""
    return Endpoint(without_zone(name[0]), name[1])


class SocketListener(Listener):
    """A listening socket, served by asyncio."""

    def __init__(self, endpoint: Endpoint, server: asyncio.Server, closed: Callable[[SocketListener], None]) -> None:
        self._endpoint = endpoint
        self._server = server
        self._closed = closed

    @property
    def endpoint(self) -> Endpoint:
        """Where it listens."""
        return self._endpoint

    def close(self) -> None:
        """Stop listening."""
        self._server.close()
        self._closed(self)

    async def wait_closed(self) -> None:
        """Nothing to wait for: the server closes its socket at once, and its connections are not its own."""


class SocketStream(ByteStream, asyncio.Protocol):
    """A connected socket. Both ends are read once: the system forgets them with the connection."""

    def __init__(
        self,
        ended: Callable[[SocketStream], None],
        *,
        remote: Endpoint | None = None,
        accepted: Callable[[SocketStream], None] | None = None,
    ) -> None:
        self._ended = ended
        self._accepted = accepted
        self._local = self._remote = remote or Endpoint("::", 0)
        self._inbox = Inbox(self._on_taken)
        self._paused = False
        self._closed = False
        self._reset = False
        self._room = asyncio.Event()
        self._room.set()
        self._gone = asyncio.Event()
        self._linger: asyncio.TimerHandle | None = None

    @property
    def local(self) -> Endpoint:
        """Our end."""
        return self._local

    @property
    def remote(self) -> Endpoint:
        """The peer's end."""
        return self._remote

    async def receive(self) -> bytes:
        """Wait for the next bytes; see `ByteStream.receive`."""
        return await self._inbox.take()

    def send(self, data: bytes) -> None:
        """Hand bytes to the system; see `ByteStream.send`."""
        if self._closed:
            raise TransportClosed(f"the connection to {self._remote} was closed by us")
        if not self._gone.is_set():
            self._transport.write(data)

    async def drain(self) -> None:
        """Wait for room; see `ByteStream.drain`."""
        await self._room.wait()
        if self._reset:
            raise StreamReset("the peer reset the connection")

    def close(self) -> None:
        """Send FIN and wait for the peer's, though not for ever; see `ByteStream.close`."""
        if self._closed:
            return
        self._closed = True
        peer_ended = self._inbox.over
        self._inbox.shut()
        if peer_ended or self._gone.is_set():
            self._transport.close()
            return
        try:
            self._transport.write_eof()
        except OSError:  # the peer has reset it, and the loop has not told us yet
            self._transport.abort()
        else:
            self._linger = asyncio.get_running_loop().call_later(LINGER, self._transport.abort)

    def abort(self) -> None:
        """End with RST; see `ByteStream.abort`."""
        if self._gone.is_set():
            return
        self._closed = True
        self._inbox.shut()
        # A linger time of 0 is how the socket layer spells RST.
        sock = self._transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    async def wait_closed(self) -> None:
        """Wait until the socket is gone."""
        await self._gone.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Runs when the connection is open."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=HIGH_WATER)
        self._local = endpoint_of(transport.get_extra_info("sockname"))
        peer = transport.get_extra_info("peername")
        if peer is None:  # it connected and was gone again before we looked
            if self._accepted is not None:
                self._transport.abort()
            return
        self._remote = endpoint_of(peer)
        if self._accepted is not None:
            self._accepted(self)

    def data_received(self, data: bytes) -> None:
        """Runs when bytes have come; past the high water mark no more are read."""
        self._inbox.feed(data)
        if len(self._inbox) >= HIGH_WATER:
            self._paused = True
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        """Runs at the peer's FIN."""
        self._inbox.end()
        # True keeps our direction open: the peer may have sent all it has and still wait for our answer.
        return not self._closed

    def connection_lost(self, exc: Exception | None) -> None:
        """Runs when the socket is gone."""
        if exc is not None and not self._closed:
            self._reset = True
            self._inbox.reset()
        else:
            self._inbox.end()
        if self._linger is not None:
            self._linger.cancel()
        self._gone.set()
        self._room.set()
        self._ended(self)

    def pause_writing(self) -> None:
        """Runs when the system's buffer is full."""
        self._room.clear()

    def resume_writing(self) -> None:
        """Runs when it has room again."""
        self._room.set()

    def _on_taken(self, size: int) -> None:  # noqa: ARG002 - Inbox
        if self._paused and not self._gone.is_set():
            self._paused = False
            self._transport.resume_reading()
