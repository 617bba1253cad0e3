"""A charger on a network: SDP, TCP and TLS around the sans-I/O core."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from ipaddress import IPv6Address

from v2gready.hosts.secc.connection import Connection
from v2gready.hosts.secc.discovery import Discovery
from v2gready.hosts.secc.tls import ChargerCredentials, TlsDoor
from v2gready.hosts.secc.witness import Witness
from v2gready.protocols.iso15118.messages import EvseNotification
from v2gready.protocols.iso15118.secc.backend import NO_BACKEND
from v2gready.protocols.iso15118.secc.config import ChargerConfig, Protection, SecurityPolicy
from v2gready.protocols.iso15118.secc.core import Secc
from v2gready.protocols.iso15118.secc.power import ContactorDefect, Listener
from v2gready.protocols.iso15118.secc.seams import Died, Effect, Fault, Seams
from v2gready.protocols.iso15118.secc.station import Station
from v2gready.protocols.sdp import Security
from v2gready.transports.clock import Clock
from v2gready.transports.network import Datagrams, Network
from v2gready.transports.network import Listener as TcpListener
from v2gready.transports.stream import ByteStream, Endpoint, StreamReset


class RunningCharger:
    """A charger that is switched on. Its actions are what the hooks of a DUT file call.

    Attributes:
        config: What it is.
        station: Power stages and paused sessions.
        alive: False once a fault has killed the process.
    """

    def __init__(
        self,
        network: Network,
        clock: Clock,
        station: Station,
        credentials: ChargerCredentials | None,
        witness: Witness | None = None,
    ) -> None:
        self._network = network
        self._witness = Witness() if witness is None else witness
        self._clock = clock
        self._seams = station.seams
        self._policy = self._seams.security(station.config.security)
        self._door = self._make_door(station.config, credentials)
        self._listeners: dict[Security, TcpListener] = {}
        self._streams: dict[ByteStream, None] = {}
        self._changed = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._datagrams: Datagrams | None = None
        self.config = station.config
        self.station = station
        self.alive = True

    @property
    def endpoint(self) -> Endpoint:
        """Where SDP requests are awaited."""
        return self._network.sdp

    @property
    def effects(self) -> Sequence[Effect]:
        """What its faults have changed so far; never anything on a faultless charger."""
        return tuple(self._seams.effects)

    @property
    def power(self) -> float:
        """Power into the car at present, in W."""
        self.station.advance(self._clock.now())
        return self.station.ac.power + self.station.dc.power

    def tcp_endpoint(self, security: Security) -> Endpoint | None:
        """Where connections of that security are accepted, None if they are not."""
        listener = self._listeners.get(security)
        return None if listener is None else listener.endpoint

    # Actions

    def set_power(self, watts: float) -> None:
        """See `Station.set_power`."""
        self.station.set_power(watts)

    def notify(self, kind: EvseNotification, delay: int | None = None) -> None:
        """See `Station.notify`."""
        self.station.notify(kind, delay)

    def reject_authorization(self) -> None:
        """Refuses every card from now on."""
        self.station.reject_authorization()

    def accept_authorization(self) -> None:
        """Accepts every card from now on."""
        self.station.accept_authorization()

    def break_insulation(self) -> None:
        """Lets the next cable check find an isolation fault."""
        self.station.dc.insulated = False

    def break_contactor(self, defect: ContactorDefect = ContactorDefect.STUCK_OPEN) -> None:
        """Lets the contactors stay where they are."""
        self.station.ac.defect = defect
        self.station.dc.defect = defect

    def repair(self) -> None:
        """Takes back `break_insulation` and `break_contactor`."""
        self.station.dc.insulated = True
        self.station.ac.defect = None
        self.station.dc.defect = None

    # Life

    async def start(self) -> None:
        """Opens the ports.

        Raises:
            TransportError: A port cannot be had.
        """
        self.station.start(self._clock.now())
        for security in _securities(self._policy):
            accept = partial(self._accept, security)
            self._listeners[security] = await self._network.listen(accept, port=self._seams.port(0))
        group = self._network.sdp.host
        self._datagrams = await self._network.open_datagrams(
            port=self._network.sdp.port, join=group if IPv6Address(group).is_multicast else None
        )
        ports = {security: listener.endpoint.port for security, listener in self._listeners.items()}
        discovery = Discovery(self._datagrams, IPv6Address(self._network.address), ports, self._policy, self._seams)
        self._tasks = [
            asyncio.create_task(discovery.serve(), name="charger: SDP"),
            asyncio.create_task(self._drive_power(), name="charger: power stage"),
        ]

    async def stop(self) -> None:
        """Switches off: ports closed, connections reset, contactor open."""
        self._shut()
        for task in self._tasks:
            task.cancel()
        for outcome in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(outcome, Exception):  # a task that failed must not pass in silence
                raise outcome

    def _shut(self) -> None:
        for listener in self._listeners.values():
            listener.close()
        if self._datagrams is not None:
            self._datagrams.close()
        for stream in list(self._streams):
            stream.abort()

    def _make_door(self, config: ChargerConfig, credentials: ChargerCredentials | None) -> TlsDoor | None:
        if self._policy is SecurityPolicy.NONE:
            return None
        if credentials is None:
            raise ValueError(f"a charger with security {config.security.value!r} needs credentials")
        return TlsDoor(
            credentials,
            self._seams,
            allow_1_2=config.tls_1_2,
            timeout=config.handshake_timeout,
            witness=self._witness,
        )

    async def _accept(self, security: Security, stream: ByteStream) -> None:
        """Serves one connection, and outlives whatever comes in on it."""
        if not self._seams.serves(willing=len(self._streams) < self.config.connections):
            stream.abort()
            return
        stream = self._witness.accepted(stream)
        self._streams[stream] = None
        try:
            await self._serve(security, stream)
        except Died:
            self.alive = False
            self._shut()
        finally:
            self._streams.pop(stream, None)

    async def _serve(self, security: Security, stream: ByteStream) -> None:
        served, protection, certificate = stream, Protection.PLAIN, None
        if security is Security.TLS and self._door is not None:
            secured = await self._door.enter(stream)
            if secured is None:
                return
            served, protection, certificate = secured.stream, secured.protection, secured.vehicle_certificate
        served = self._witness.opened(stream, served)
        secc = Secc(self.station, protection=protection, vehicle_certificate=certificate)
        connection = Connection(served, secc, self._seams, self._clock, self._changed.set)
        await connection.serve()
        served.close()
        try:
            async with asyncio.timeout(self._witness.linger):
                await served.wait_closed()
        except (TimeoutError, StreamReset):
            served.abort()

    async def _drive_power(self) -> None:
        """Lets the power stages move while they do, so that samples come in time."""
        while True:
            self._changed.clear()
            try:
                async with asyncio.timeout_at(self.station.next_look()):
                    await self._changed.wait()
            except TimeoutError:
                self.station.advance(self._clock.now())


def _securities(policy: SecurityPolicy) -> tuple[Security, ...]:
    match policy:
        case SecurityPolicy.TLS:
            return (Security.TLS,)
        case SecurityPolicy.NONE:
            return (Security.NONE,)
        case SecurityPolicy.BOTH:
            return (Security.TLS, Security.NONE)


@asynccontextmanager
async def run(
    network: Network,
    clock: Clock,
    *,
    config: ChargerConfig,
    faults: Sequence[Fault],
    rng: random.Random,
    credentials: ChargerCredentials | None,
    listener: Listener | None,
    witness: Witness | None = None,
) -> AsyncIterator[RunningCharger]:
    """Switches a charger on for the length of the context; see `ReferenceCharger.open`."""
    epoch = clock.utc().timestamp() - clock.now()
    backend = NO_BACKEND if credentials is None else credentials.backend
    station = Station(config, rng, seams=Seams(faults), epoch=epoch, listener=listener, backend=backend)
    charger = RunningCharger(network, clock, station, credentials, witness)
    await charger.start()
    try:
        yield charger
    finally:
        await charger.stop()
