"""What every byte transport offers: null modem, socket and TLS look the same to an emulator."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

HIGH_WATER = 0x1_0000
"""Bytes a stream holds unread before it stops reading from its peer, and unsent before `drain` waits."""


class TransportError(Exception):
    """The bench cannot do what was asked: one sentence with what, where and the remedy."""


class TransportClosed(Exception):  # noqa: N818 - a state, as asyncio.QueueEmpty and friends
    """Our own misuse: a transport was used after we closed it."""


class StreamReset(Exception):  # noqa: N818 - what the peer did, not what failed here
    """The peer answered with RST: the connection is gone, bytes may be lost."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One end of a flow. IPv6 addresses are written without zone: a network knows its own link."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class ByteStream(ABC):
    """A connection that carries bytes both ways, in order, without boundaries.

    Buffers are bounded: past `HIGH_WATER` unread bytes the stream stops reading, so that a flooding peer feels back
    pressure as it would from any TCP stack.
    """

    @property
    @abstractmethod
    def local(self) -> Endpoint:
        """Our end."""

    @property
    @abstractmethod
    def remote(self) -> Endpoint:
        """The peer's end."""

    @abstractmethod
    async def receive(self) -> bytes:
        """Wait for the next bytes and return them as they come, in any chunking.

        Returns:
            At least one byte, or `b""` at the end of the stream (the peer's FIN, or our own close).

        Raises:
            StreamReset: the peer reset the connection. Bytes that came before are returned first.
        """

    @abstractmethod
    def send(self, data: bytes) -> None:
        """Hand bytes to the transport; it sends them as fast as the peer takes them.

        Bytes for a peer that reset the connection are dropped, as every TCP stack does; `receive` tells the reset.

        Raises:
            TransportClosed: `close` or `abort` came before.
        """

    @abstractmethod
    async def drain(self) -> None:
        """Wait until less than `HIGH_WATER` bytes are unsent.

        Raises:
            StreamReset: the peer reset the connection.
        """

    @abstractmethod
    def close(self) -> None:
        """End the connection in order: send what is unsent, then FIN. Bytes that still come are thrown away."""

    @abstractmethod
    def abort(self) -> None:
        """End the connection with RST and drop what is unsent."""

    @abstractmethod
    async def wait_closed(self) -> None:
        """After `close` or `abort`: wait until the connection is gone and nothing is held for it any more."""


class Inbox:
    """The unread bytes of one connection and the one task that waits for them; streams are built around it.

    Args:
        taken: called with the number of bytes after the reader has taken some, to let the peer send more.
    """

    def __init__(self, taken: Callable[[int], None]) -> None:
        self._taken = taken
        self._data = bytearray()
        self._ended = False
        self._reset = False
        self._waiter: asyncio.Future[None] | None = None

    def __len__(self) -> int:
        return len(self._data)

    @property
    def over(self) -> bool:
        """Whether nothing more can come: end, reset or our own close."""
        return self._ended or self._reset

    def feed(self, data: bytes) -> None:
        """Add bytes from the peer; after our own close they are thrown away."""
        if self.over:
            self._taken(len(data))
        else:
            self._data += data
            self._wake()

    def end(self) -> None:
        """The peer sent FIN."""
        self._ended = True
        self._wake()

    def reset(self) -> None:
        """The peer sent RST."""
        self._reset = True
        self._wake()

    def shut(self) -> None:
        """We closed: throw away what is unread."""
        self._ended = True
        size = len(self._data)
        self._data.clear()
        self._taken(size)
        self._wake()

    async def take(self) -> bytes:
        """Do what `ByteStream.receive` promises."""
        while not self._data:
            if self._ended:
                return b""
            if self._reset:
                raise StreamReset("the peer reset the connection")
            if self._waiter is not None:
                raise RuntimeError("two tasks receive from one stream")
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        data = bytes(self._data)
        self._data.clear()
        self._taken(len(data))
        return data

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
