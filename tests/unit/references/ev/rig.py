"""The car on a null modem, with the reference charger on the other side, whose answers a test may bend."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, TypeVar

from v2gready.hosts.secc.server import RunningCharger
from v2gready.hosts.secc.server import run as run_charger
from v2gready.hosts.secc.tls import ChargerCredentials
from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.secc.config import ChargerConfig, SecurityPolicy
from v2gready.protocols.iso15118.secc.seams import Fault, Respond
from v2gready.protocols.iso15118.secc.turn import Reply, Turn
from v2gready.protocols.iso15118.services import BASE_SERVICES
from v2gready.protocols.pki import TestPki
from v2gready.references.ev import (
    REFERENCE,
    EvDeviceConfig,
    EvDeviceCredentials,
    EvSecurity,
    RunningEv,
)
from v2gready.transports.clock import Clock, run
from v2gready.transports.nullmodem import NullLink

T = TypeVar("T")
Bend = Callable[[Any], Any]


@cache
def pki() -> TestPki:
    # OpenSSL looks at the machine's clock.
    return TestPki(datetime.now(UTC) - timedelta(days=1))


class Script(Fault):
    """A charger that says what a test wants it to say.

    Attributes:
        requests: Everything the car has sent, with its time.
    """

    name = "script"

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[tuple[float, Any]] = []
        self.rules: list[tuple[type, Callable[[Reply], Reply], list[int]]] = []
        self.answers: list[bytes | None] = []
        self.asked: list[bytes] = []
        self.octets: list[Callable[[bytes], bytes]] = []

    def on(self, kind: type, change: Callable[[Reply], Reply], nth: int | None = None) -> None:
        """Changes the reply with a response of that type; the nth from now on, or every one."""
        self.rules.append((kind, change, [-1 if nth is None else nth]))

    def alter(self, kind: type, change: Bend, nth: int | None = None) -> None:
        self.on(kind, lambda reply: reply.bent(kind, change), nth)

    def fail(self, kind: type, code: m.ResponseCode = m.ResponseCode.FAILED, nth: int | None = None) -> None:
        self.alter(kind, lambda response: replace(response, ResponseCode=code), nth)

    def delay(self, kind: type, seconds: float, nth: int | None = None) -> None:
        self.on(kind, lambda reply: replace(reply, delay=seconds), nth)

    def withhold(self, kind: type, nth: int | None = None) -> None:
        self.on(kind, lambda reply: replace(reply, messages=()), nth)

    def instead(self, kind: type, message: Any, nth: int | None = None) -> None:
        self.on(kind, lambda reply: replace(reply, messages=(message,)), nth)

    def close_after(self, kind: type, nth: int | None = None) -> None:
        self.on(kind, lambda reply: replace(reply, close=True), nth)

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        self.requests.append((turn.now, turn.request))
        for kind, change, left in self.rules:
            if not any(isinstance(one, kind) for one in reply.messages):
                continue
            if left[0] in {-1, 0}:
                reply = change(reply)
            if left[0] >= 0:
                left[0] -= 1 if left[0] else -(10**9)
        return reply

    def sdp(self, datagram: bytes, reply: bytes | None, respond: Respond) -> bytes | None:
        self.asked.append(datagram)
        return self.answers.pop(0) if self.answers else reply

    def frame_out(self, data: bytes) -> bytes:
        return self.octets.pop(0)(data) if self.octets else data

    def sent(self, kind: type) -> list[Any]:
        """What the car has sent of a type."""
        return [one for _, one in self.requests if isinstance(one, kind)]

    def order(self) -> list[str]:
        """Types of all requests, repetitions left out."""
        found: list[str] = []
        for _, one in self.requests:
            name = type(one).__name__.removesuffix("Req")
            if not found or found[-1] != name:
                found.append(name)
        return found


@dataclass
class Rig:
    """A car that is switched on, a charger, and what passed between them."""

    ev: RunningEv
    charger: RunningCharger
    script: Script
    clock: Clock
    samples: list[tuple[float, str, float]] = field(default_factory=list)

    async def visit(self) -> None:
        """Plugs in, and waits until the car has come to rest."""
        self.ev.plug_in()
        await self.ev.settled()

    def peak(self, channel: str = "ev.power") -> float:
        return max((value for _, name, value in self.samples if name == channel), default=0.0)

    def least(self, channel: str = "ev.power") -> float:
        return min((value for _, name, value in self.samples if name == channel), default=0.0)


@asynccontextmanager
async def rig(
    *faults: str,
    tls: bool = False,
    charger: ChargerConfig | None = None,
    secc: Any = None,
    secc_roots: Sequence[Any] | None = None,
    credentials: EvDeviceCredentials | None = None,
    charger_credentials: ChargerCredentials | None = None,
    shapes: dict[str, Any] | None = None,
    **settings: Any,
) -> AsyncIterator[Rig]:
    """A car and a charger on one link; ``settings`` are of the car, ``shapes`` of the charger."""
    link = NullLink()
    clock = Clock()
    script = Script()
    samples: list[tuple[float, str, float]] = []
    config = charger or ChargerConfig(services=BASE_SERVICES)
    config = replace(config, **(shapes or {}))
    if tls:
        config = replace(config, security=SecurityPolicy.TLS)
        roots = pki().roots if secc_roots is None else secc_roots
        charger_credentials = charger_credentials or ChargerCredentials(secc or pki().secc, tuple(roots))
        credentials = credentials or EvDeviceCredentials(pki().roots, pki().vehicle)
    settings.setdefault("loops", 5)
    car = EvDeviceConfig(security=EvSecurity.TLS if tls else EvSecurity.NONE, **settings)

    def listen(channel: str, value: float, _unit: str) -> None:
        samples.append((clock.now(), channel, value))

    async with (
        link.host("charger") as outlet,
        link.host("ev") as inlet,
        run_charger(
            outlet,
            clock,
            config=config,
            faults=(script,),
            rng=random.Random(3),
            credentials=charger_credentials,
            listener=None,
        ) as running,
        REFERENCE.open(
            inlet,
            clock,
            config=car,
            faults=faults,
            rng=random.Random(4),
            credentials=credentials,
            listener=listen,
        ) as ev,
    ):
        yield Rig(ev, running, script, clock, samples)


def virtually(main: Callable[[], Awaitable[T]]) -> T:
    """Runs a coroutine function on virtual time."""

    async def whole() -> T:
        return await main()

    return run(whole(), virtual=True)
