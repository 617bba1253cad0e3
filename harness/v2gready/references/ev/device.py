"""A car on a network: it is plugged in, finds the SECC, charges, pauses, wakes up, and is unplugged."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from enum import Enum
from typing import Final

from v2gready.protocols import sdp
from v2gready.protocols.iso15118.messages import Authorization
from v2gready.protocols.iso15118.services import ControlMode, ServiceId
from v2gready.protocols.iso15118.timers import V2G_EVCC_COMMUNICATION_SETUP_TIMEOUT
from v2gready.references.ev.battery import Listener, Occasion
from v2gready.references.ev.car import Car, Wish, fingerprint
from v2gready.references.ev.config import EvDeviceConfig, EvSecurity
from v2gready.references.ev.connection import Connection
from v2gready.references.ev.discovery import search
from v2gready.references.ev.seams import Died, Effect, Fault, Seams
from v2gready.references.ev.session import Session
from v2gready.references.ev.tls import EvDeviceCredentials, Refused, secure
from v2gready.references.ev.turn import Reach, Timer
from v2gready.transports.clock import Clock
from v2gready.transports.network import ConnectError, Network
from v2gready.transports.stream import ByteStream, StreamReset
from v2gready.transports.tls import TlsFailure

_CONNECT_TIMEOUT: Final = 5.0
_LINGER: Final = 5.0
"""Seconds that a closed connection may take to send what is unsent; then it is reset."""


class EvState(Enum):
    """What the car is doing."""

    UNPLUGGED = "unplugged"
    IDLE = "idle"
    SEARCHING = "searching"
    SESSION = "session"
    PAUSED = "paused"


class NotReached(Exception):  # noqa: N818 - how an attempt ended
    """There is no connection to an SECC."""


class RunningEv:
    """A car that is switched on. Its actions are what the hooks of a DUT file call.

    Attributes:
        config: What it is.
        car: Battery, wishes, a paused session.
        alive: False once a fault has killed the controller.
        state: What it is doing.
        last_end: How the last session, or the last attempt at one, came to its end.
        sessions: Sessions so far.
    """

    def __init__(self, network: Network, clock: Clock, car: Car, credentials: EvDeviceCredentials | None) -> None:
        if car.config.security is EvSecurity.TLS and credentials is None:
            raise ValueError("a car with TLS needs credentials")
        self._network = network
        self._clock = clock
        self._credentials = credentials
        self._seams = car.seams
        if credentials is not None:
            car.contracts = tuple(credentials.contracts)
            car.provisioning = credentials.provisioning
            car.price_signers = tuple(credentials.price_signers)
        self._go = asyncio.Event()
        self._rest = asyncio.Event()
        self._changed = asyncio.Event()
        self._visit: asyncio.Task[None] | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._stream: ByteStream | None = None
        self.config = car.config
        self.car = car
        self.alive = True
        self.state = EvState.UNPLUGGED
        self.last_end = ""
        self.sessions = 0

    @property
    def effects(self) -> Sequence[Effect]:
        """What its faults have changed so far; never anything on a faultless car."""
        return tuple(self._seams.effects)

    @property
    def power(self) -> float:
        """Power into the car at present, in W."""
        self.car.battery.advance(self._clock.now())
        return self.car.battery.power

    @property
    def soc(self) -> float:
        """State of charge, in percent."""
        self.car.battery.advance(self._clock.now())
        return self.car.battery.soc

    @property
    def contactor(self) -> bool:
        """Closed."""
        return self.car.battery.contactor

    # Actions

    def plug_in(self) -> None:
        """The connector is in; with `EvDeviceConfig.auto_start` a session begins."""
        if self.state is not EvState.UNPLUGGED:
            return
        self.car.arrive(self._clock.now())
        self.state = EvState.IDLE
        self._visit = asyncio.create_task(self._stay(), name="ev: visit")
        if self.config.auto_start:
            self.start()

    def unplug(self) -> None:
        """The connector is out, whatever was going on."""
        if self._visit is not None:
            self._visit.cancel()
        self._visit = None
        if self._stream is not None:
            self._stream.abort()
        self.car.battery.open(Occasion.UNPLUGGED)
        self.car.leave()
        self._settle(EvState.UNPLUGGED)

    def start(self) -> None:
        """Begins a session, or goes on with a paused one."""
        self.car.wishes.discard(Wish.STOP)
        self._go.set()

    def stop(self) -> None:
        """Ends the session in order from wherever it stands; a paused one is not resumed."""
        if self.state is EvState.PAUSED:
            self.car.forget()
            self._settle(EvState.IDLE)
        elif self.state in {EvState.SEARCHING, EvState.SESSION}:
            self.car.wishes.add(Wish.STOP)

    def pause(self, seconds: float | None = None) -> None:
        """Wants no power for a time, or until it is woken up; see `Car.pause`."""
        self.car.pause(self._clock.now(), seconds)

    def standby(self) -> None:
        """Goes to standby until it is woken up."""
        self.car.wishes.add(Wish.STANDBY)

    def wake_up(self) -> None:
        """Wants power again; a paused session is resumed."""
        self.car.wake_up(self._clock.now())
        if self.state is EvState.PAUSED:
            self._go.set()

    def set_power(self, watts: float) -> None:
        """See `Car.set_power`."""
        self.car.set_power(watts)

    def set_departure(self, seconds: float, minimum_soc: int | None = None, target_soc: int | None = None) -> None:
        """See `Car.set_departure`."""
        self.car.set_departure(self._clock.now(), seconds, minimum_soc, target_soc)

    def renegotiate_schedule(self) -> None:
        """Wants another schedule."""
        self.car.wishes.add(Wish.RENEGOTIATE_SCHEDULE)

    def renegotiate_service(self) -> None:
        """Wants to choose its service again."""
        self.car.wishes.add(Wish.RENEGOTIATE_SERVICE)

    def install_certificate(self) -> None:
        """Wants contracts installed in the next session."""
        self.car.installs = True

    def prefer(
        self,
        service: ServiceId | str | None = None,
        control: ControlMode | str | None = None,
        authorization: Authorization | str | None = None,
    ) -> None:
        """See `Car.prefer`."""
        self.car.prefer(service, control, authorization)

    async def settled(self) -> None:
        """Waits until it neither searches nor has a session."""
        while self.state in {EvState.SEARCHING, EvState.SESSION} or self._go.is_set():
            self._rest.clear()
            await self._rest.wait()

    # Life

    async def open(self) -> None:
        """Switches the car on."""
        self.car.battery.start(self._clock.now())
        self._tasks = [asyncio.create_task(self._drive_battery(), name="ev: battery")]

    async def close(self) -> None:
        """Switches off, as if it were unplugged."""
        visit = self._visit
        self.unplug()
        tasks = [*self._tasks, *([] if visit is None else [visit])]
        for task in tasks:
            task.cancel()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(outcome, Exception):  # a task that failed must not pass in silence
                raise outcome

    async def _drive_battery(self) -> None:
        """Lets the battery move while it does, so that samples come in time."""
        while True:
            now = self._clock.now()
            self.car.battery.advance(now)
            look = self.car.battery.next_look()
            if look is None and self.state is not EvState.SESSION:
                self._changed.clear()
                await self._changed.wait()
            else:
                await asyncio.sleep(self.config.sample_period if look is None else max(0.01, look - now))

    async def _stay(self) -> None:
        """One visit at a charger: session after session, as the driver and the plan will have it."""
        try:
            while True:
                await self._awake()
                again = True
                while again:
                    self._go.clear()
                    failed = await self._attempt()
                    again = self._seams.retries(failed=failed, again=False)
                self._settle(EvState.IDLE if self.car.paused is None else EvState.PAUSED)
        except Exception as death:
            if not isinstance(death, Died):  # told again when the car is switched off
                self._settle(EvState.IDLE)
                raise
            self.alive = False
            self.last_end = str(death) or "the controller is gone"
            if self._stream is not None:
                self._stream.abort()
            self._settle(EvState.IDLE)

    async def _awake(self) -> None:
        """Waits for somebody, or for the end of a pause."""
        with suppress(TimeoutError):
            async with asyncio.timeout_at(None if self.car.paused is None else self.car.wake_at):
                await self._go.wait()

    def _settle(self, state: EvState) -> None:
        self.state = state
        if state is not EvState.UNPLUGGED and self._visit is None:
            self.state = EvState.UNPLUGGED
        self._rest.set()

    async def _attempt(self) -> bool:
        """One session, from the search to the end; whether it failed."""
        self.state = EvState.SEARCHING
        self.car.wake_at = None
        self.sessions += 1
        begun = self._clock.now()
        limit = begun + self._seams.timeout(Timer.COMMUNICATION_SETUP, V2G_EVCC_COMMUNICATION_SETUP_TIMEOUT)
        try:
            async with asyncio.timeout_at(limit):
                stream, certificate = await self._reach()
        except TimeoutError:
            self._seams.waited(
                Timer.COMMUNICATION_SETUP,
                self._clock.now() - begun,
                V2G_EVCC_COMMUNICATION_SETUP_TIMEOUT,
                expired=True,
            )
            self.last_end = f"{Timer.COMMUNICATION_SETUP.value}: no connection"
            return True
        except (NotReached, Refused) as reason:
            self.last_end = str(reason)
            return True
        waited = self._clock.now() - begun
        self._seams.waited(Timer.COMMUNICATION_SETUP, waited, V2G_EVCC_COMMUNICATION_SETUP_TIMEOUT, expired=False)
        self._seams.waited(
            Timer.COMMUNICATION_SETUP,
            self._clock.now() - begun,
            V2G_EVCC_COMMUNICATION_SETUP_TIMEOUT,
            expired=False,
        )
        self.state = EvState.SESSION
        self._changed.set()
        session = Session(
            self.car,
            secc=fingerprint(certificate),
            now=self._clock.now(),
            setup_deadline=begun + V2G_EVCC_COMMUNICATION_SETUP_TIMEOUT,
        )
        try:
            await Connection(stream, session, self._seams, self._clock).run()
        finally:
            session.fail("the car was unplugged")
            self.last_end = session.ended
        if self._seams.closes(closes=True):
            await self._hang_up(stream)
        return session.failed

    async def _reach(self) -> tuple[ByteStream, bytes | None]:
        """SDP, TCP and TLS.

        Raises:
            NotReached: Nobody answered, or nobody took the connection.
            Refused: No TLS connection.
        """
        answer = await search(self._network, self.config, self._seams)
        if answer is None:
            raise NotReached("no SDP answer that a car may follow")
        reach = self._seams.reach(Reach(answer.security, answer.port))
        try:
            stream = await self._network.connect(str(answer.address), reach.port, timeout=_CONNECT_TIMEOUT)
        except ConnectError as problem:
            raise NotReached(f"no TCP connection: {problem}") from None
        self._stream = stream
        if reach.security is sdp.Security.NONE:
            return stream, None
        if self._credentials is None:
            stream.close()
            raise NotReached("the SECC wants TLS, and this car has no credentials")
        secured = await secure(stream, self._credentials, self._seams, self.config.handshake_timeout)
        self._stream = secured.stream
        return secured.stream, secured.certificate

    async def _hang_up(self, stream: ByteStream) -> None:
        """Closes the connection from the car's side."""
        stream.close()
        try:
            async with asyncio.timeout(_LINGER):
                await stream.wait_closed()
        except (TimeoutError, StreamReset, TlsFailure):
            stream.abort()
        self._stream = None


@asynccontextmanager
async def run(
    network: Network,
    clock: Clock,
    *,
    config: EvDeviceConfig,
    faults: Sequence[Fault],
    credentials: EvDeviceCredentials | None,
    listener: Listener | None,
) -> AsyncIterator[RunningEv]:
    """Switches a car on for the length of the context; see `ReferenceEv.open`."""
    epoch = clock.utc().timestamp() - clock.now()
    car = Car(config, seams=Seams(faults), epoch=epoch, listener=listener)
    ev = RunningEv(network, clock, car, credentials)
    await ev.open()
    try:
        yield ev
    finally:
        await ev.close()
