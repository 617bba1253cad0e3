"""A link inside the process: hosts with link-local addresses, TCP-like streams and datagrams, no socket.

Everything that passes is queued with its time of arrival and handed over in the order in which it was sent, so a
run on a virtual loop is the same to the last instant each time.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from ipaddress import IPv6Address

from v2gready.transports.network import (
    FIRST_PORT,
    LAST_PORT,
    Accept,
    ConnectError,
    ConnectFault,
    DatagramInbox,
    Datagrams,
    HandlerTasks,
    Listener,
    Network,
)
from v2gready.transports.stream import (
    HIGH_WATER,
    ByteStream,
    Endpoint,
    Inbox,
    StreamReset,
    TransportClosed,
    TransportError,
)

DEFAULT_LATENCY = 0.0005
"""One way, in seconds: what a pair of PLC modems adds at its best."""


class NullLink:
    """An Ethernet-like link in one process. Belongs to the event loop in which it is first used.

    Args:
        latency: seconds from one host to another.
    """

    def __init__(self, *, latency: float = DEFAULT_LATENCY) -> None:
        self._latency = latency
        self._hosts: dict[str, NullHost] = {}
        self._names: dict[str, str] = {}
        self._queue: deque[tuple[float, Callable[[], None]]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def host(self, name: str) -> NullHost:
        """Return the host of that name; the first call gives it the next address: fe80::1, fe80::2 and so on."""
        if name not in self._names:
            address = f"fe80::{len(self._hosts) + 1:x}"
            self._names[name] = address
            self._hosts[address] = NullHost(self, address)
        return self._hosts[self._names[name]]

    def find(self, address: str) -> NullHost | None:
        """Return the host with that address, or None where nobody would answer."""
        return self._hosts.get(address)

    def hand_over(self, data: bytes, to: Endpoint, sender: Endpoint) -> None:
        """Give a datagram that has arrived to its host, or to every member of a group in the order of the hosts."""
        group = IPv6Address(to.host).is_multicast
        for address, host in self._hosts.items():
            if group or address == to.host:
                host.deliver(data, to, sender)

    def carry(self, arrival: Callable[[], None]) -> None:
        """Call `arrival` one latency from now, never before anything that was carried earlier.

        One queue and one timer: the loop's own timers come in no defined order when they are due at the same instant.
        """
        loop = asyncio.get_running_loop()
        self._queue.append((loop.time() + self._latency, arrival))
        if self._timer is None:
            self._timer = loop.call_at(self._queue[0][0], self._arrive)

    def _arrive(self) -> None:
        loop = asyncio.get_running_loop()
        due = self._queue[0][0]
        while self._queue and self._queue[0][0] <= due:
            self._queue.popleft()[1]()
        self._timer = loop.call_at(self._queue[0][0], self._arrive) if self._queue else None


class NullHost(Network):
    """One host on a `NullLink`; made by `NullLink.host`."""

    def __init__(self, link: NullLink, address: str) -> None:
        self._link = link
        self._address = address
        self._next_port = FIRST_PORT
        self._listeners: dict[int, _NullListener] = {}
        self._datagrams: dict[int, _NullDatagrams] = {}
        # A dict as an ordered set: a set would abort its streams in an order of its own each time.
        self._streams: dict[_NullStream, None] = {}
        self._handlers = HandlerTasks()

    @property
    def address(self) -> str:
        """The link-local address of this host."""
        return self._address

    async def connect(self, host: str, port: int, *, timeout: float) -> ByteStream:  # noqa: ASYNC109 - Network
        """Open a TCP-like connection; see `Network.connect`."""
        local = Endpoint(self._address, self._allocate())
        remote = Endpoint(host, port)
        established: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        stream = self._new_stream(local, remote)
        self._link.carry(lambda: self._syn(stream, established))
        try:
            async with asyncio.timeout(timeout):
                await established
        except TimeoutError:
            stream.abort()
            raise ConnectError(
                ConnectFault.TIMEOUT, f"no answer from {remote} within {timeout:g} s; is the device on this link?"
            ) from None
        except BaseException:
            stream.abort()
            raise
        return stream

    async def listen(self, accept: Accept, *, port: int = 0) -> Listener:
        """Serve incoming connections; see `Network.listen`."""
        chosen = port or self._allocate()
        if chosen in self._listeners:
            raise TransportError(f"TCP port {chosen} of {self._address} is taken; close its other listener first")
        listener = _NullListener(Endpoint(self._address, chosen), accept, lambda: self._listeners.pop(chosen, None))
        self._listeners[chosen] = listener
        return listener

    async def open_datagrams(self, *, port: int = 0, join: str | None = None) -> Datagrams:
        """Bind a UDP port; see `Network.open_datagrams`."""
        chosen = port or self._allocate()
        if chosen in self._datagrams:
            raise TransportError(f"UDP port {chosen} of {self._address} is taken; close its other user first")
        datagrams = _NullDatagrams(
            self._link, Endpoint(self._address, chosen), join, lambda: self._datagrams.pop(chosen, None)
        )
        self._datagrams[chosen] = datagrams
        return datagrams

    async def aclose(self) -> None:
        """Close and abort everything of this host; the host itself can be used again."""
        for listener in list(self._listeners.values()):
            listener.close()
        for datagrams in list(self._datagrams.values()):
            datagrams.close()
        for stream in list(self._streams):
            stream.abort()
        await self._handlers.cancel()

    def deliver(self, data: bytes, to: Endpoint, sender: Endpoint) -> None:
        """Take a datagram from the link."""
        datagrams = self._datagrams.get(to.port)
        if datagrams is not None and to.host in {self._address, datagrams.group}:
            datagrams.deliver(data, sender)

    def _syn(self, client: _NullStream, established: asyncio.Future[None]) -> None:
        """Runs when the client's SYN arrives at the other host."""
        host = self._link.find(client.remote.host)
        if host is None:
            return
        server = host.accept_stream(client)
        self._link.carry(lambda: self._syn_answered(client, server, established))

    def _syn_answered(self, client: _NullStream, server: _NullStream | None, established: asyncio.Future[None]) -> None:
        """Runs when SYN-ACK or RST is back at the client."""
        if established.done():
            if server is not None:  # the client gave up in the meantime
                server.on_reset()
        elif server is None:
            sentence = f"{client.remote} refused the connection; nothing listens there"
            established.set_exception(ConnectError(ConnectFault.REFUSED, sentence))
        else:
            client.attach(server)
            established.set_result(None)

    def accept_stream(self, client: _NullStream) -> _NullStream | None:
        """Answer a SYN: the server's end of the connection, or None where nothing listens."""
        listener = self._listeners.get(client.remote.port)
        if listener is None:
            return None
        server = self._new_stream(client.remote, client.local)
        server.attach(client)
        self._handlers.start(listener.accept, server)
        return server

    def _new_stream(self, local: Endpoint, remote: Endpoint) -> _NullStream:
        stream = _NullStream(self._link, local, remote, lambda ended: self._streams.pop(ended, None))
        self._streams[stream] = None
        return stream

    def _allocate(self) -> int:
        """Return the next dynamic port; they come round again only after all others."""
        for _ in range(FIRST_PORT, LAST_PORT + 1):
            port = self._next_port
            self._next_port = FIRST_PORT if port == LAST_PORT else port + 1
            if not self._is_taken(port):
                return port
        raise TransportError(f"{self._address} has no free dynamic port left; close connections first")

    def _is_taken(self, port: int) -> bool:
        bound = port in self._listeners or port in self._datagrams
        return bound or any(stream.local.port == port for stream in self._streams)


class _NullListener(Listener):
    def __init__(self, endpoint: Endpoint, accept: Accept, closed: Callable[[], object]) -> None:
        self._endpoint = endpoint
        self._closed = closed
        self.accept = accept

    @property
    def endpoint(self) -> Endpoint:
        return self._endpoint

    def close(self) -> None:
        self._closed()


class _NullDatagrams(Datagrams):
    def __init__(self, link: NullLink, endpoint: Endpoint, group: str | None, closed: Callable[[], object]) -> None:
        self._link = link
        self._endpoint = endpoint
        self._closed = closed
        self.group = group
        self._inbox = DatagramInbox()

    @property
    def endpoint(self) -> Endpoint:
        return self._endpoint

    def send(self, data: bytes, to: Endpoint) -> None:
        self._inbox.check_open()
        self._link.carry(lambda: self._link.hand_over(data, to, self._endpoint))

    async def receive(self) -> tuple[bytes, Endpoint]:
        return await self._inbox.take()

    def close(self) -> None:
        self._inbox.close()
        self._closed()

    def deliver(self, data: bytes, sender: Endpoint) -> None:
        self._inbox.feed(data, sender)


class _NullStream(ByteStream):
    """One end of a connection. `HIGH_WATER` is its receive window: more than that is never under way to a reader."""

    def __init__(
        self, link: NullLink, local: Endpoint, remote: Endpoint, ended: Callable[[_NullStream], object]
    ) -> None:
        self._link = link
        self._local = local
        self._remote = remote
        self._ended = ended
        self._peer: _NullStream | None = None
        self._inbox = Inbox(self._on_taken)
        self._outbox = bytearray()
        self._window = HIGH_WATER
        self._closed = False
        self._fin_sent = False
        self._reset = False
        self._room = asyncio.Event()

    @property
    def local(self) -> Endpoint:
        return self._local

    @property
    def remote(self) -> Endpoint:
        return self._remote

    def attach(self, peer: _NullStream) -> None:
        """Join the two ends of a connection."""
        self._peer = peer

    async def receive(self) -> bytes:
        return await self._inbox.take()

    def send(self, data: bytes) -> None:
        if self._closed:
            raise TransportClosed(f"the connection to {self._remote} was closed by us")
        if not self._reset:
            self._outbox += data
            self._pump()

    async def drain(self) -> None:
        while len(self._outbox) > HIGH_WATER and not self._reset:
            self._room.clear()
            await self._room.wait()
        if self._reset:
            raise StreamReset("the peer reset the connection")

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._inbox.shut()
            self._pump()

    def abort(self) -> None:
        if self._fin_sent and self._inbox.over:
            return
        self._closed = True
        self._fin_sent = True
        self._outbox.clear()
        self._inbox.shut()
        self._room.set()
        self._ended(self)
        peer = self._peer
        if peer is not None and not self._reset:
            self._link.carry(peer.on_reset)

    async def wait_closed(self) -> None:
        while self._outbox and not self._reset:
            self._room.clear()
            await self._room.wait()

    def on_data(self, data: bytes) -> None:
        """Runs when bytes arrive from the peer."""
        self._inbox.feed(data)

    def on_fin(self) -> None:
        """Runs when the peer's FIN arrives."""
        self._inbox.end()

    def on_reset(self) -> None:
        """Runs when the peer's RST arrives."""
        self._reset = True
        self._outbox.clear()
        self._inbox.reset()
        self._room.set()
        self._ended(self)

    def on_window(self, size: int) -> None:
        """Runs when the peer has read `size` bytes."""
        self._window += size
        self._pump()

    def _on_taken(self, size: int) -> None:
        peer = self._peer
        if peer is not None and size:
            self._link.carry(lambda: peer.on_window(size))

    def _pump(self) -> None:
        """Send what the peer's window takes, and FIN behind the last byte."""
        peer = self._peer
        if peer is None or self._reset:
            return
        if self._outbox and self._window:
            chunk = bytes(self._outbox[: self._window])
            del self._outbox[: len(chunk)]
            self._window -= len(chunk)
            self._link.carry(lambda: peer.on_data(chunk))
        if len(self._outbox) <= HIGH_WATER:
            self._room.set()
        if self._closed and not self._outbox and not self._fin_sent:
            self._fin_sent = True
            self._link.carry(peer.on_fin)
            self._ended(self)
