"""The reference station on a network: connection, reconnection and time around the sans-I/O core."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Final
from urllib.parse import urlsplit

from v2gready.protocols.ocpp.editions import Edition
from v2gready.references.station.config import StationConfig, StationCredentials
from v2gready.references.station.context import Evse, Listener, Vehicle
from v2gready.references.station.door import DoorKnob, TlsPolicy, enter, security_event
from v2gready.references.station.metering import Outlet
from v2gready.references.station.seams import Effect, Fault, Seams
from v2gready.references.station.security import NetworkProfile, SecurityKnob
from v2gready.references.station.station import Demand, DemandKind, Station
from v2gready.transports.clock import Clock
from v2gready.transports.network import Network
from v2gready.transports.stream import ByteStream, StreamReset, TransportClosed, TransportError
from v2gready.transports.tls import TlsFailure
from v2gready.transports.websocket import (
    Binary,
    Closed,
    HandshakeRefused,
    Incoming,
    Pong,
    Text,
    WebSocket,
    basic_authorization,
    identity_path,
)

_UNAUTHORIZED: Final = (401, 403)
_CLOSE_TIMEOUT: Final = 2.0
_LOOK: Final = 1.0
"""Seconds between two looks at WebSocketPingInterval."""
_PONG_TIMEOUT: Final = 10.0
_MAX_FRAME: Final = 0x10_0000
_VEHICLE: Final = frozenset(Vehicle.__dataclass_fields__) - {"extra"}


class ConnectionKnob(Enum):
    """What a fault may bend in the connection."""

    BACK_OFF = "wait before the next attempt in s"
    FAILURES = "failures in a row"
    SUBPROTOCOLS = "subprotocols offered"
    PATH = "request target"
    EDITION = "edition that is spoken"
    PONG = "notices that no Pong comes"
    PING = "seconds between two Pings"
    PONGS = "answers Pings"
    AGREED = "subprotocol agreed upon"


class RunningStation:
    """A station that is switched on. Its actions are what the hooks of a DUT file call.

    Attributes:
        config: What it is.
        station: The core.
    """

    def __init__(self, network: Network, clock: Clock, station: Station) -> None:
        self._network = network
        self._clock = clock
        self._seams = station.seams
        self._socket: WebSocket | None = None
        self._changed = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._failures = 0
        self._attempts = 0
        self._fallback = False
        self._wanted: Demand | None = None
        self._interrupt = asyncio.Event()
        self._ponged = False
        self._powered = True
        self.config = station.config
        self.station = station

    @property
    def effects(self) -> Sequence[Effect]:
        """What its faults have changed so far; never anything on a faultless station."""
        return tuple(self._seams.effects)

    @property
    def online(self) -> bool:
        """Connected and accepted."""
        return self.station.online

    def evse(self, evse: int = 1) -> Evse:
        """The state of an EVSE: power, registers, transaction, vehicle."""
        self.station.meters.advance(self._clock.now())
        return self.station.evses[int(evse)]

    # Actions

    def plug_in(self, evse: int = 1, evccid: str = "WMIV1234567890ABCDEX", **vehicle: Any) -> None:
        """A vehicle is connected.

        Args:
            evse: Where.
            evccid: Its id; empty where it tells none.
            **vehicle: Other fields of `Vehicle`; what is none goes into ``extra``.
        """
        known = {key: value for key, value in vehicle.items() if key in _VEHICLE}
        extra = {key: value for key, value in vehicle.items() if key not in _VEHICLE}
        self.station.plug_in(int(evse), Vehicle(evccid=evccid, **known, extra=extra), self._clock.now())
        self._after()

    def present_token(self, token: str = "V2GREADY0001", type: str = "ISO14443", evse: int = 1) -> None:  # noqa: A002, S107 - as OCPP names them
        """Somebody presents a token."""
        self.station.present_token(int(evse), {"idToken": token, "type": type}, self._clock.now())
        self._after()

    def unplug(self, evse: int = 1) -> None:
        """The vehicle is disconnected."""
        self.station.unplug(int(evse), self._clock.now())
        self._after()

    def stop(self, evse: int = 1) -> None:
        """Somebody presses the stop button."""
        self.station.stop(int(evse), self._clock.now())
        self._after()

    def set_frequency(self, hertz: float) -> None:
        """Grid frequency in Hz."""
        self._energy("set_frequency", float(hertz))

    def set_voltage(self, percent: float) -> None:
        """Grid voltage in percent of its nominal value."""
        self._energy("set_voltage", float(percent))

    def external_limit(self, watts: float | None = None, **more: Any) -> None:
        """An energy manager limits the power; None takes the limit back."""
        self._energy("external_limit", None if watts is None else float(watts), **more)

    def load(self, watts: float) -> None:
        """Load upstream of the station in W."""
        self._energy("load", float(watts))

    def couple(self, evse: int, outlet: Outlet) -> None:
        """From now on a power stage of its own stands behind an EVSE; `read_outlets` takes over what it does."""
        self.station.meters.outlets[evse] = outlet

    def read_outlets(self) -> None:
        """Takes over what the coupled power stages do at present."""
        now = self._clock.now()
        self.station.meters.read_outlets(now)
        self.station.settle(now)
        self._after()

    def new_needs(self, evse: int = 1, **vehicle: Any) -> None:
        """The vehicle tells new needs in its transaction (K20).

        Args:
            evse: Where.
            **vehicle: What has changed, fields of `Vehicle`.
        """
        self.do("new_needs", evse=int(evse), **vehicle)

    def priority(self, evse: int = 1, *, activate: bool = True) -> None:
        """The driver asks for priority, or for no more of it, by a button (K22)."""
        self.do("priority", evse=int(evse), activate=bool(activate))

    def do(self, name: str, **values: Any) -> None:
        """Any other action of the energy control by its name.

        Raises:
            KeyError: There is none of that name.
        """
        self.station.act(self._clock.now(), name, **values)
        self._after()

    def install_contract(
        self,
        exi: str = "gJgCERwQ",
        *,
        update: bool = False,
        contracts: int = 0,
        version: str = "urn:iso:std:iso:15118:-20:CommonMessages",
    ) -> None:
        """The vehicle asks for contract certificates; see `Certificates.contract`."""
        now = self._clock.now()
        self.station.certificates.contract(now, exi=exi, update=update, remaining=int(contracts), version=version)
        self.station.settle(now)
        self._after()

    def sign_certificate(self) -> None:
        """The station renews its certificate of its own accord (A03)."""
        now = self._clock.now()
        self.station.certificates.start_signing(now)
        self.station.settle(now)
        self._after()

    def reboot(self) -> None:
        """Power fails and comes back."""
        self._want(Demand(DemandKind.REBOOT))
        self._powered = False
        if self._socket is not None:
            self._socket.abort()
        self.station.power_off(self._clock.now())
        self._changed.set()

    # Life

    def start(self) -> None:
        """Switches on."""
        self.station.power_on(self._clock.now())
        self._tasks = [
            asyncio.create_task(self._keep_connected(), name="station: connection"),
            asyncio.create_task(self._keep_time(), name="station: timers"),
        ]

    async def switch_off(self) -> None:
        """Switches off: no connection, no timers."""
        for task in self._tasks:
            task.cancel()
        if self._socket is not None:
            self._socket.abort()
        for outcome in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(outcome, Exception):  # a task that failed must not pass in silence
                raise outcome

    def _energy(self, name: str, *values: Any, **more: Any) -> None:
        now = self._clock.now()
        getattr(self.station.energy, name)(*values, now, **more)
        self.station.settle(now)
        self._after()

    def _after(self) -> None:
        """Sends what the core has to say and looks at what it wants."""
        for data in self.station.outgoing():
            self._put(data)
        demand = self.station.demand()
        if demand is not None:
            self._want(demand)
        self._changed.set()

    def _want(self, demand: Demand) -> None:
        self._wanted = demand
        self._interrupt.set()

    def _put(self, data: str | bytes) -> None:
        if self._socket is None:
            return
        with contextlib.suppress(TransportClosed):
            if isinstance(data, str):
                self._socket.text(data)
            else:
                self._socket.binary(data)

    async def _keep_time(self) -> None:
        while True:
            self._changed.clear()
            when = self.station.next_timer() if self._powered else None
            try:
                async with asyncio.timeout_at(when):
                    await self._changed.wait()
            except TimeoutError:
                self.station.settle(self._clock.now())
                self._after()

    async def _keep_connected(self) -> None:
        while True:
            profile = self._profile()
            socket = await self._connect(profile)
            if socket is None:
                await self._reboot_or_wait()
                continue
            self._failures = self._seams.value(ConnectionKnob.FAILURES, 0) if self._failures else 0
            self._attempts = 0
            await self._serve(socket, profile)
            await self._pause()

    def _profile(self) -> NetworkProfile:
        """B10: the next profile in priority after so many attempts."""
        plan = self.station.security.plan()
        attempts = self.station.model.number("OCPPCommCtrlr", "NetworkProfileConnectionAttempts") or 1
        attempts = self._seams.value(SecurityKnob.ATTEMPTS, attempts)
        return plan[int(self._attempts // attempts) % len(plan)]

    # One connection

    async def _connect(self, profile: NetworkProfile) -> WebSocket | None:
        self._attempts += 1
        try:
            async with asyncio.timeout(self.config.connect_timeout):
                return await self._open(profile)
        except TlsFailure as failure:
            kind = self._seams.value(DoorKnob.EVENT, security_event(failure))
            if kind is not None:
                self.station.security.event(kind, self._clock.now(), failure.reason)
        except HandshakeRefused as refusal:
            if refusal.status in _UNAUTHORIZED:
                self._fallback = not self._fallback and self.station.security.former_password is not None
        except (TransportError, StreamReset, TransportClosed, TimeoutError, OSError):
            pass
        return None

    async def _open(self, profile: NetworkProfile) -> WebSocket:
        parts = urlsplit(profile.url)
        host = parts.hostname or ""
        port = parts.port or (80 if parts.scheme == "ws" else 443)
        address = self.config.names.get(host, host)
        stream: ByteStream = await self._network.connect(address, port, timeout=self.config.connect_timeout)
        try:
            if profile.security_profile > 1:
                stream = await self._secure(stream, host, profile)
        except BaseException:
            stream.abort()
            raise
        identity = profile.identity or self.station.model.get("SecurityCtrlr", "Identity") or self.config.identity
        password = self.station.security.password(profile, fallback=self._fallback)
        offered = tuple(one.value for one in profile.editions or self.config.editions)
        socket = await WebSocket.connect(
            stream,
            host=parts.netloc,
            path=self._seams.value(ConnectionKnob.PATH, identity_path(parts.path, identity)),
            subprotocols=self._seams.value(ConnectionKnob.SUBPROTOCOLS, offered),
            headers=[] if password is None else [basic_authorization(identity, password)],
            max_size=_MAX_FRAME,
            timeout=self.config.connect_timeout,
        )
        if self._seams.value(ConnectionKnob.AGREED, socket.subprotocol) not in offered:
            # No common version: the CSMS closes, and so do we (Part 4, 3.1.2).
            await socket.close(timeout=_CLOSE_TIMEOUT)
            raise HandshakeRefused(101, reason="no common subprotocol")
        return socket

    async def _secure(self, stream: ByteStream, host: str, profile: NetworkProfile) -> ByteStream:
        store = self.station.certificates
        allowed = self.station.model.boolean("SecurityCtrlr", "AllowCSMSTLSWildcards")
        return await enter(
            stream,
            host=host,
            roots=store.roots("CSMSRootCertificate"),
            credential=store.own if profile.security_profile == 3 else None,
            policy=TlsPolicy(wildcards=allowed),
            seams=self._seams,
        )

    async def _serve(self, socket: WebSocket, profile: NetworkProfile) -> None:
        self._socket = socket
        agreed = self._seams.value(ConnectionKnob.AGREED, socket.subprotocol)
        edition = self._seams.value(ConnectionKnob.EDITION, Edition(agreed or ""))
        socket.auto_pong = self._seams.value(ConnectionKnob.PONGS, True)
        self.station.connected(edition, profile, self._clock.now(), fallback=self._fallback)
        self._fallback = False
        self._after()
        watch = asyncio.create_task(self._watch(socket), name="station: demands")
        ping = asyncio.create_task(self._ping(socket), name="station: ping")
        try:
            while True:
                incoming = await socket.receive()
                if isinstance(incoming, Closed):
                    break
                self._take(incoming)
                await socket.drain()
        except (StreamReset, TlsFailure, TransportClosed):
            socket.abort()
        finally:
            for task in (watch, ping):
                task.cancel()
            await asyncio.gather(watch, ping, return_exceptions=True)
            self._socket = None
            self.station.disconnected(self._clock.now())
            self._after()

    def _take(self, incoming: Incoming) -> None:
        match incoming:
            case Text(data) | Binary(data):
                self.station.received(data, self._clock.now())
                self._after()
            case Pong():
                self._ponged = True
            case _:
                pass

    async def _watch(self, socket: WebSocket) -> None:
        """Closes when the core wants it."""
        await self._interrupt.wait()
        await socket.close(timeout=_CLOSE_TIMEOUT)

    async def _ping(self, socket: WebSocket) -> None:
        """Sends Pings; a Ping without a Pong ends the connection (Part 4, 5.4)."""
        model = self.station.model
        last = self._clock.now()
        while True:
            interval = model.number("OCPPCommCtrlr", "WebSocketPingInterval") or 0.0
            interval = self._seams.value(ConnectionKnob.PING, interval)
            due = last + interval
            if interval <= 0 or self._clock.now() < due:
                # The CSMS may change the interval at any time.
                await asyncio.sleep(_LOOK if interval <= 0 else min(_LOOK, due - self._clock.now()))
                last = self._clock.now() if interval <= 0 else last
                continue
            last = due
            self._ponged = False
            with contextlib.suppress(TransportClosed):
                socket.ping(b"")
            await asyncio.sleep(min(interval, _PONG_TIMEOUT))
            if not self._ponged and self._seams.value(ConnectionKnob.PONG, True):
                socket.abort()
                return

    # Between connections

    async def _pause(self) -> None:
        """After a connection: as the core wanted, or a back-off where it was lost."""
        if self._wanted is None:
            self._failures += 1
            await self._back_off(self._failures)
        else:
            await self._reboot_or_wait()

    async def _reboot_or_wait(self) -> None:
        wanted, self._wanted = self._wanted, None
        self._interrupt.clear()
        match wanted:
            case Demand(DemandKind.REBOOT, reason):
                await self._restart(reason)
            case Demand(DemandKind.RECONNECT):
                pass
            case _:
                self._failures += 1
                await self._back_off(self._failures)

    async def _restart(self, reason: str) -> None:
        if self._powered:
            self._powered = False
            self.station.power_off(self._clock.now())
        self._failures = self._attempts = 0
        await asyncio.sleep(self.config.reboot_time)
        self._powered = True
        self.station.power_on(self._clock.now(), reason or "PowerUp")
        self._after()

    async def _back_off(self, failures: int) -> None:
        """Part 4, 5.3 with the errata: the fixed share is doubled, the random share is new each time."""
        model = self.station.model
        minimum = model.number("OCPPCommCtrlr", "RetryBackOffWaitMinimum") or 0.0
        spread = model.number("OCPPCommCtrlr", "RetryBackOffRandomRange") or 0.0
        repeats = model.number("OCPPCommCtrlr", "RetryBackOffRepeatTimes") or 0.0
        wait = minimum * 2 ** min(failures - 1, int(repeats)) + self.station.rng.uniform(0, spread)
        wait = self._seams.value(ConnectionKnob.BACK_OFF, wait)
        # A power failure does not wait for the back-off.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await self._interrupt.wait()
        if self._wanted is not None and self._wanted.kind is not DemandKind.CLOSE:
            await self._reboot_or_wait()
        else:
            self._wanted = None
            self._interrupt.clear()


@asynccontextmanager
async def run(
    network: Network,
    clock: Clock,
    *,
    config: StationConfig,
    faults: Sequence[Fault],
    rng: random.Random,
    credentials: StationCredentials | None,
    listener: Listener | None,
) -> AsyncIterator[RunningStation]:
    """Switches a station on for the length of the context; see `ReferenceStation.open`."""
    start, begin = clock.utc(), clock.now()

    def reference_time(now: float) -> datetime:
        return start + timedelta(seconds=now - begin)

    station = Station(
        config,
        rng,
        seams=Seams(faults),
        reference_time=reference_time,
        credentials=credentials,
        listener=listener,
    )
    running = RunningStation(network, clock, station)
    running.start()
    try:
        yield running
    finally:
        await running.switch_off()
