"""A car and the charger head to head, without I/O: every message goes through the codec, time is a number."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from v2gready.protocols.iso15118 import codec
from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.evcc import Evcc, Phase, Plan, VehicleState, request_type
from v2gready.protocols.iso15118.secc.config import AC_CHARGER, DC_CHARGER, ChargerConfig, Protection
from v2gready.protocols.iso15118.secc.core import Secc
from v2gready.protocols.iso15118.secc.seams import Effect, Seams
from v2gready.protocols.iso15118.secc.station import Station
from v2gready.protocols.iso15118.secc.table import State
from v2gready.protocols.iso15118.secc.turn import Reply
from v2gready.protocols.iso15118.services import ControlMode, ServiceId
from v2gready.references.charger.faults import make

EPOCH = 1_700_000_000.0
START = 50.0
ROUND_TRIP = 0.05

Change = Callable[[Any], Any]


class Battery:
    """A car that asks for what it is told to ask for."""

    def __init__(self) -> None:
        self.voltage = 400.0
        self.target_power = 5_000.0
        self.power = 0.0

    def state(self, now: float) -> VehicleState:
        return VehicleState(
            present_voltage=self.voltage,
            target_voltage=self.voltage,
            target_power=self.target_power,
            present_power=self.power,
            present_soc=50,
        )

    def unix_time(self, now: float) -> int:
        return int(EPOCH + now)

    def follow_power(self, watts: float, now: float) -> None:
        self.power = watts


class Wire:
    """One charger, and one connection to it after the other."""

    def __init__(
        self,
        service: ServiceId = ServiceId.DC_BPT,
        control: ControlMode = ControlMode.SCHEDULED,
        *,
        faults: tuple[str, ...] = (),
        config: ChargerConfig | None = None,
        protection: Protection = Protection.PLAIN,
        **settings: Any,
    ) -> None:
        base = config or (DC_CHARGER if service.is_dc else AC_CHARGER)
        if config is None and service not in base.services:
            base = replace(base, services=(*base.services, service))
        self.samples: list[tuple[str, float, str]] = []
        self.station = Station(
            replace(base, **settings),
            random.Random(7),
            seams=Seams(make(faults)),
            epoch=EPOCH,
            listener=lambda *sample: self.samples.append(sample),
        )
        self.now = START
        self.station.start(self.now)
        self.plan = Plan(service=service, control=control, loops=3)
        self.connect(protection=protection)

    @property
    def effects(self) -> list[Effect]:
        return self.station.seams.effects

    @property
    def state(self) -> State:
        return self.secc.state

    def connect(
        self,
        *,
        session_id: bytes = bytes(8),
        protection: Protection = Protection.PLAIN,
        certificate: bytes | None = None,
        **plan: Any,
    ) -> None:
        """A new connection; the one before is closed."""
        if hasattr(self, "secc"):
            self.secc.disconnected(self.now)
        self.secc = Secc(self.station, protection=protection, vehicle_certificate=certificate)
        self.secc.connected(self.now)
        self.battery = Battery()
        self.evcc = Evcc(replace(self.plan, session_id=session_id, **plan), self.battery)

    def wait(self, seconds: float) -> bool:
        """Silence; True if the charger gave up."""
        self.now += seconds
        return self.secc.expire(self.now)

    def ask(self, request: Any) -> Reply:
        """Sends anything."""
        self.now += ROUND_TRIP
        message_set = codec.message_set(request)
        assert not list(codec.violations(request))
        reply = self.secc.receive(codec.decode(message_set, codec.encode(request)), self.now)
        self.now += reply.delay
        for message in reply.messages:
            data = codec.encode(message, check=not self.station.seams.active)
            assert codec.decode(codec.message_set(message), data) == message
        if reply.messages:
            self.secc.sent(request, self.now)
        return reply

    def answer(self, request: Any) -> Any:
        """Sends anything and returns the only response."""
        reply = self.ask(request)
        assert len(reply.messages) == 1
        return reply.messages[0]

    def step(self, change: Change | None = None) -> Any:
        """The next request of the car, perhaps changed; the response, None without one."""
        request = self.evcc.next_request(self.now)
        if change is not None:
            request = change(request)
        self.evcc.sent(request, self.now)
        reply = self.ask(request)
        if not reply.messages:
            self.evcc.phase = Phase.CLOSED
            return None
        self.evcc.receive(reply.messages[0], self.now)
        return reply.messages[0]

    def build(self, kind: type) -> Any:
        """A good request of any type, now."""
        here = self.evcc.phase
        phase = next(phase for phase in Phase for dc in (True, False) if request_type(phase, dc=dc) is kind)
        plan = self.evcc.plan
        try:
            self.evcc.phase = phase
            if request_type(phase, dc=plan.service.is_dc) is not kind:  # the other family
                other = ServiceId.AC if plan.service.is_dc else ServiceId.DC
                self.evcc.plan = replace(plan, service=other)
            return self.evcc.next_request(self.now)
        finally:
            self.evcc.phase = here
            self.evcc.plan = plan

    def reach(self, kind: type) -> None:
        """Runs until a request of that type comes next."""
        while self.evcc.next_type is not kind:
            assert self.evcc.phase is not Phase.CLOSED, f"the session ended before {kind.__name__}"
            self.step()

    def settle(self, state: State) -> None:
        """Runs until the charger is in a state."""
        while self.state is not state:
            assert self.evcc.phase is not Phase.CLOSED, f"the session ended before {state.name}"
            self.step()

    def finish(self) -> list[Any]:
        """Runs to the end and returns the responses."""
        responses = []
        while self.evcc.phase is not Phase.CLOSED:
            responses.append(self.step())
        return responses


def with_header(request: Any, **changes: Any) -> Any:
    """A request with another header."""
    return replace(request, Header=replace(request.Header, **changes))


def code(response: Any) -> str:
    """Name of the response code."""
    name: str = response.ResponseCode.name
    return name


def rn(value: float) -> m.RationalNumber:
    """A RationalNumber."""
    return m.RationalNumber.of(value)
