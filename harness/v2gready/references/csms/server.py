"""The reference CSMS on a network: TCP, TLS and WebSocket around the sans-I/O core."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from v2gready.references.csms.backend import Backend
from v2gready.references.csms.config import CsmsConfig, CsmsCredentials
from v2gready.references.csms.csms import Csms
from v2gready.references.csms.door import Entrance, Knock, common_name, enter
from v2gready.references.csms.operator import Operator
from v2gready.references.csms.seams import Effect, Fault, Seams
from v2gready.references.csms.tls import TlsDoor
from v2gready.transports.clock import Clock
from v2gready.transports.network import Listener, Network
from v2gready.transports.stream import ByteStream, Endpoint
from v2gready.transports.websocket import Binary, CloseCode, Closed, Decision, Handshake, Ping, Text, WebSocket


class Connection:
    """A WebSocket and the core behind it: one task that receives, one timer that is set only while it is needed.

    Args:
        websocket: The connection.
        csms: Its core.
        clock: The time.

    Attributes:
        websocket: The connection.
        csms: Its core.
    """

    __slots__ = ("_clock", "_loop", "_pings", "_timer", "csms", "websocket")

    def __init__(self, websocket: WebSocket, csms: Csms, clock: Clock) -> None:
        self.websocket = websocket
        self.csms = csms
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._pings = 0

    async def serve(self) -> None:
        """Serves the station until the connection is gone."""
        try:
            while not isinstance(incoming := await self.websocket.receive(), Closed):
                if isinstance(incoming, Text):
                    self.csms.receive(incoming.data, self._clock.now())
                    self.moved()
                    await self.websocket.drain()
                elif isinstance(incoming, Ping):
                    self._pings += 1
                    if not self.csms.backend.seams.pinged(self._pings):
                        self.websocket.abort()
                        break
                elif isinstance(incoming, Binary):
                    await self.websocket.close(CloseCode.UNSUPPORTED_DATA, "OCPP-J is text")
                    break
        finally:
            if self._timer is not None:
                self._timer.cancel()
            self.csms.lost(self._clock.now())

    def moved(self) -> None:
        """Sends what the core has to send, and sets the timer anew."""
        texts = self.csms.outgoing()
        if self.csms.closing:
            self.websocket.abort()
        elif self.websocket.is_open:
            for text in texts:
                self.websocket.text(text)
        due = self.csms.next_timeout()
        if self._timer is not None and (due is None or self._timer.when() != due):
            self._timer.cancel()
            self._timer = None
        if due is not None and self._timer is None and self.websocket.is_open:
            self._timer = self._loop.call_at(due, self._expired)

    def _expired(self) -> None:
        self._timer = None
        self.csms.handle_timeout(self._clock.now())
        self.moved()


class RunningCsms(Operator):
    """A CSMS that is switched on. Its actions are what the hooks of a DUT file call; see `Operator`.

    Attributes:
        config: What it is.
        backend: Registry, transactions, authority.
    """

    def __init__(self, network: Network, clock: Clock, backend: Backend) -> None:
        self.config = backend.config
        self.backend = backend
        self._network = network
        self._clock = clock
        self._door = TlsDoor(backend) if backend.config.security_profile > 1 else None
        self._connections: dict[str, Connection] = {}
        self._entering: set[ByteStream] = set()
        self._doorway = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._listener: Listener | None = None

    @property
    def endpoint(self) -> Endpoint:
        """Where it listens."""
        if self._listener is None:
            raise RuntimeError("the CSMS is not switched on")
        return self._listener.endpoint

    @property
    def effects(self) -> Sequence[Effect]:
        """What its faults have changed so far; never anything on a faultless CSMS."""
        return tuple(self.backend.seams.effects)

    @property
    def connected(self) -> tuple[str, ...]:
        """Identities of the connected stations, the newest last."""
        return tuple(self._connections)

    async def start(self) -> None:
        """Opens the port.

        Raises:
            TransportError: The port cannot be had.
        """
        self._listener = await self._network.listen(self._accept, port=self.config.port)

    async def stop(self) -> None:
        """Switches off: port closed, connections reset."""
        if self._listener is not None:
            self._listener.close()
        for stream in self._entering:
            stream.abort()
        for connection in list(self._connections.values()):
            connection.websocket.abort()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _now(self) -> float:
        return self._clock.now()

    def _connected(self, station: str | None) -> Csms | None:
        if station is None:
            newest = next(reversed(self._connections.values()), None)
            return None if newest is None else newest.csms
        found = self._connections.get(station)
        return None if found is None else found.csms

    def _moved(self, csms: Csms) -> None:
        connection = self._connections.get(csms.station.identity)
        if connection is not None and connection.csms is csms:
            connection.moved()

    async def _accept(self, stream: ByteStream) -> None:
        """Serves one connection, and outlives whatever comes in on it."""
        self._entering.add(stream)
        try:
            serial = self.backend.seams.one_by_one(waiting=len(self._entering) > 1)
            async with self._doorway if serial else contextlib.nullcontext():
                opened = await self._enter(stream)
        finally:
            self._entering.discard(stream)
        if opened is not None:
            await self._serve(*opened)

    async def _enter(self, stream: ByteStream) -> tuple[WebSocket, Entrance] | None:
        certificate: bytes | None = None
        if self._door is not None:
            secured = await self._door.enter(stream)
            if secured is None:
                return None
            stream, certificate = secured, secured.peer_certificate_der
        entrance: Entrance | None = None

        def decide(handshake: Handshake) -> Decision:
            nonlocal entrance
            if handshake.compression and self.config.compression:
                self.backend.seams.compression_offered()
            knock = Knock(handshake.path, handshake.subprotocols, handshake.user, handshake.password, certificate)
            entrance = enter(self.backend, knock)
            edition = entrance.edition
            return Decision(entrance.status, None if edition is None else edition.value, reason=entrance.reason)

        websocket = await WebSocket.accept(
            stream,
            decide,
            compression=self.backend.seams.compression(agreed=self.config.compression),
            max_size=self.config.max_size,
            timeout=self.config.handshake_timeout,
        )
        return None if websocket is None or entrance is None else (websocket, entrance)

    async def _serve(self, websocket: WebSocket, entrance: Entrance) -> None:
        station = self.backend.station(entrance.identity)
        if station is None or entrance.edition is None:
            await websocket.close(CloseCode.PROTOCOL_ERROR)
            return
        before = self._connections.pop(station.identity, None)
        if before is not None:
            # A station has one connection: the new one, since the old one is dead and the CSMS does not know it yet.
            self._later(before.websocket)
        csms = Csms(self.backend, station, entrance.edition, common_name=common_name(entrance.knock.certificate))
        station.connected(csms)
        websocket.auto_pong = self.backend.seams.pongs()
        connection = self._connections[station.identity] = Connection(websocket, csms, self._clock)
        try:
            await connection.serve()
        finally:
            if self._connections.get(station.identity) is connection:
                del self._connections[station.identity]

    def _later(self, websocket: WebSocket) -> None:
        task = asyncio.create_task(websocket.close(CloseCode.NORMAL, "replaced by a newer connection"))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


@asynccontextmanager
async def run(
    network: Network,
    clock: Clock,
    *,
    config: CsmsConfig,
    faults: Sequence[Fault],
    rng: random.Random,
    credentials: CsmsCredentials | None,
) -> AsyncIterator[RunningCsms]:
    """Switches a CSMS on for the length of the context; see `ReferenceCsms.open`."""
    epoch = clock.utc().timestamp() - clock.now()
    backend = Backend(config, rng, seams=Seams(faults), epoch=epoch, credentials=credentials)
    csms = RunningCsms(network, clock, backend)
    await csms.start()
    try:
        yield csms
    finally:
        await csms.stop()
