"""What every host offers to an emulator: TCP connections, TCP listeners and UDP datagrams on one link."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Awaitable, Callable
from enum import Enum
from types import TracebackType
from typing import Self

from v2gready.transports.stream import ByteStream, Endpoint, TransportClosed, TransportError

FIRST_PORT = 49152
LAST_PORT = 65535
"""Dynamic ports: the EVCC's source port and the SECC's TCP port come from here."""
ALL_NODES = "ff02::1"
SDP_PORT = 15118
MAX_QUEUED_DATAGRAMS = 256

Accept = Callable[[ByteStream], Awaitable[None]]
"""Serves one incoming connection and owns its stream: closing it is the handler's part."""


class ConnectFault(Enum):
    """Why a connection did not come about."""

    REFUSED = "refused"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"


class ConnectError(TransportError):
    """Nobody accepted the connection."""

    def __init__(self, fault: ConnectFault, sentence: str) -> None:
        super().__init__(sentence)
        self.fault = fault


class Listener(ABC):
    """A listening TCP port."""

    @property
    @abstractmethod
    def endpoint(self) -> Endpoint:
        """Where it listens."""

    @abstractmethod
    def close(self) -> None:
        """Stop listening; accepted connections live on."""


class Datagrams(ABC):
    """A bound UDP port. Only a bounded number of unread datagrams is kept; more are dropped, as UDP does."""

    @property
    @abstractmethod
    def endpoint(self) -> Endpoint:
        """The address and port that datagrams leave from."""

    @abstractmethod
    def send(self, data: bytes, to: Endpoint) -> None:
        """Send one datagram.

        Raises:
            TransportClosed: `close` came before.
        """

    @abstractmethod
    async def receive(self) -> tuple[bytes, Endpoint]:
        """Wait for the next datagram and its sender.

        Raises:
            TransportClosed: `close` came before, or comes while waiting.
        """

    @abstractmethod
    def close(self) -> None:
        """Give the port back."""


class Network(ABC):
    """One host's view of one link. As an async context manager it ends with everything that was opened on it."""

    @property
    @abstractmethod
    def address(self) -> str:
        """This host's address, on a link without zone."""

    @property
    def sdp(self) -> Endpoint:
        """Where an EVCC sends its SDP requests on this link, and the port on which an SECC awaits them."""
        return Endpoint(ALL_NODES, SDP_PORT)

    @abstractmethod
    async def connect(self, host: str, port: int, *, timeout: float) -> ByteStream:  # noqa: ASYNC109 - a network has its own way to give up
        """Open a TCP connection.

        Raises:
            ConnectError: refused, no answer within `timeout` seconds, or no way to that host.
            TransportError: this host itself cannot open a connection.
        """

    @abstractmethod
    async def listen(self, accept: Accept, *, port: int = 0) -> Listener:
        """Serve incoming TCP connections, each in a task of its own.

        Args:
            accept: serves one connection.
            port: where to listen; 0 takes a free dynamic port.

        Raises:
            TransportError: the port cannot be had.
        """

    @abstractmethod
    async def open_datagrams(self, *, port: int = 0, join: str | None = None) -> Datagrams:
        """Bind a UDP port.

        Args:
            port: the port; 0 takes a free dynamic port.
            join: multicast group whose datagrams are wanted as well.

        Raises:
            TransportError: the port or the group cannot be had.
        """

    @abstractmethod
    async def aclose(self) -> None:
        """Close listeners and datagrams, abort connections, cancel the handlers and wait for the end of all that."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


class HandlerTasks:
    """Runs accept handlers: keeps their tasks alive and lets no failure of one pass in silence."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, accept: Accept, stream: ByteStream) -> None:
        """Serve `stream` in a task of its own; a handler that raises has its connection aborted."""
        task = asyncio.get_running_loop().create_task(self._serve(accept, stream), name=f"accept {stream.remote}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def cancel(self) -> None:
        """Cancel what still runs and wait for it."""
        current = asyncio.current_task()
        tasks = [task for task in self._tasks if task is not current]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @staticmethod
    async def _serve(accept: Accept, stream: ByteStream) -> None:
        try:
            await accept(stream)
        except Exception as error:  # noqa: BLE001 - reported, and a listener outlives any one of its connections
            stream.abort()
            asyncio.get_running_loop().call_exception_handler(
                {"message": f"handler of the connection from {stream.remote} failed", "exception": error}
            )
        except BaseException:
            stream.abort()
            raise


class DatagramInbox:
    """The bounded queue behind `Datagrams.receive`."""

    def __init__(self) -> None:
        self._queue: deque[tuple[bytes, Endpoint]] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._closed = False

    def check_open(self) -> None:
        """Raise TransportClosed once `close` was called."""
        if self._closed:
            raise TransportClosed("the UDP port was closed by us")

    def feed(self, data: bytes, sender: Endpoint) -> None:
        """Add a datagram, or drop it when the queue is full."""
        if not self._closed and len(self._queue) < MAX_QUEUED_DATAGRAMS:
            self._queue.append((data, sender))
            self._wake()

    def close(self) -> None:
        """End the waiting."""
        self._closed = True
        self._queue.clear()
        self._wake()

    async def take(self) -> tuple[bytes, Endpoint]:
        """Do what `Datagrams.receive` promises."""
        self.check_open()
        while not self._queue:
            if self._waiter is not None:
                raise RuntimeError("two tasks receive from one UDP port")
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
            self.check_open()
        return self._queue.popleft()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
