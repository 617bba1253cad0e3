"""What a case over OCPP is written with: the bench with the harness's CSMS or station on it, and the base classes."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from v2gready.model.case import Invariant, TestCase
from v2gready.transports.clock import Clock

if TYPE_CHECKING:
    from v2gready.emulators.csms import CsmsDriver
    from v2gready.emulators.station import StationDriver

Act = Callable[..., Awaitable[None]]
Payload = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class OcppBench:
    """What both sides of OCPP have in common.

    Attributes:
        identity: Identity of the charging station on this bench, as it stands in the URL.
        pics: What the device declares.
        pixit: Parameters of the DUT file.
        hooks: Names of the actions that ``act`` can carry out.
        act: Makes the device act through a hook: ``await bench.act("plug_in", evse=1, bpt=True)``. Objects and lists
            among the values reach the hook as JSON.
        clock: The time.
        rng: Randomness of this case, from the seed of the run.
    """

    identity: str
    pics: Mapping[str, bool]
    pixit: Mapping[str, Any]
    hooks: frozenset[str]
    act: Act
    clock: Clock
    rng: random.Random

    @property
    def settling_time(self) -> float:
        """Seconds in which the station reaches a new power, as the DUT file says."""
        return self.number("ocpp_settling_time", self.number("settling_time", 3.0))

    @property
    def detection_time(self) -> float:
        """Seconds in which the device notices that a connection is gone; 30 s unless the DUT file says otherwise."""
        return self.number("ocpp_detection_time", 30.0)

    def stamp(self, offset: float = 0.0) -> str:
        """Now, or some seconds from now, as OCPP writes it: ``2026-01-01T00:00:00.000Z``."""
        return timestamp(self.clock, offset)

    def new_id(self, prefix: str = "") -> str:
        """A fresh id of at most 36 characters, reproducible from the seed of the run."""
        return f"{prefix}{self.rng.getrandbits(64):016x}"

    async def wait(self, seconds: float) -> None:
        """Lets time pass."""
        await asyncio.sleep(seconds)

    def number(self, name: str, default: float) -> float:
        """A numeric PIXIT parameter."""
        return float(self.pixit.get(name, default))

    def text(self, name: str, default: str) -> str:
        """A PIXIT parameter that is a text."""
        return str(self.pixit.get(name, default))


@dataclass(frozen=True, slots=True, kw_only=True)
class StationBench(OcppBench):
    """All that a stimulus for a charging station may use.

    Attributes:
        csms: The emulated back end.
    """

    csms: CsmsDriver


@dataclass(frozen=True, slots=True, kw_only=True)
class CsmsBench(OcppBench):
    """All that a stimulus for a CSMS may use.

    Attributes:
        station: The emulated charging stations.
        identities: Identities of stations that the CSMS knows; the first one is ``identity``.
    """

    station: StationDriver
    identities: tuple[str, ...]

    async def do(self, action: str, payload: Payload, *, station: str | None = None) -> None:
        """Makes the CSMS under test send a request, by its hook ``do``.

        Args:
            action: Name of the message, e.g. ``SetChargingProfile``.
            payload: What it should hold.
            station: Identity of the receiver; that of this bench if None.
        """
        await self.act("do", action=action, station=station or self.identity, payload=json.dumps(payload))


class StationCase(TestCase[StationBench]):
    """A case with a charging station under test; the harness plays the CSMS."""

    role: ClassVar[str] = "charger"
    neighbour: ClassVar[str] = "csms"


class CsmsCase(TestCase[CsmsBench]):
    """A case with a CSMS under test; the harness plays the charging stations."""

    role: ClassVar[str] = "csms"
    neighbour: ClassVar[str] = "station"


class StationInvariant(Invariant):
    """A rule for everything a charging station sends."""

    role: ClassVar[str] = "charger"
    neighbour: ClassVar[str] = "csms"


class CsmsInvariant(Invariant):
    """A rule for everything a CSMS sends."""

    role: ClassVar[str] = "csms"
    neighbour: ClassVar[str] = "station"


def timestamp(clock: Clock, offset: float = 0.0) -> str:
    """An instant of a clock, shifted by seconds, as RFC 3339 with milliseconds and Z."""
    return (clock.utc() + timedelta(seconds=offset)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
