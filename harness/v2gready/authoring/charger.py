"""What a case for a charger is written with: the bench with the car on it, and the base classes."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from v2gready.emulators.ev import LOOP_PERIOD, EvDriver, EvSession
from v2gready.model.case import Invariant, TestCase
from v2gready.protocols.iso15118.services import ControlMode, ServiceId
from v2gready.transports.clock import Clock

Act = Callable[..., Awaitable[None]]

SERVICE_QUESTIONS: Mapping[str, ServiceId] = {
    "dc": ServiceId.DC,
    "dc_bpt": ServiceId.DC_BPT,
    "ac": ServiceId.AC,
    "ac_bpt": ServiceId.AC_BPT,
    "mcs": ServiceId.MCS,
    "mcs_bpt": ServiceId.MCS_BPT,
    "ac_der_iec": ServiceId.AC_DER_IEC,
    "ac_der_sae": ServiceId.AC_DER_SAE,
}
"""PICS question -> service, in the order in which a case without a preference picks one."""


def declared_services(pics: Mapping[str, bool]) -> tuple[ServiceId, ...]:
    """The energy transfer services that the PICS declare."""
    return tuple(service for question, service in SERVICE_QUESTIONS.items() if pics.get(question))


class Declared:
    """What a bench knows of its device from the DUT file, and time."""

    __slots__ = ()
    pics: Mapping[str, bool]
    pixit: Mapping[str, Any]

    @property
    def services(self) -> tuple[ServiceId, ...]:
        """The declared energy transfer services."""
        return declared_services(self.pics)

    def service(self, *, dc: bool | None = None, bpt: bool | None = None) -> ServiceId:
        """The first declared service of that kind; the PICS condition of the case says that there is one."""
        return next(
            one for one in self.services if (dc is None or one.is_dc == dc) and (bpt is None or one.is_bpt == bpt)
        )

    @property
    def settling_time(self) -> float:
        """Seconds in which the device reaches a new power, as its DUT file says."""
        return self.number("settling_time", 3.0)

    async def wait(self, seconds: float) -> None:
        """Lets time pass; what happens meanwhile is on the trace."""
        await asyncio.sleep(seconds)

    def number(self, name: str, default: float) -> float:
        """A numeric PIXIT parameter."""
        return float(self.pixit.get(name, default))


@dataclass(frozen=True, slots=True)
class ChargerBench(Declared):
    """All that a stimulus may use.

    Attributes:
        ev: The emulated car.
        pics: What the charger declares.
        pixit: Parameters of the DUT file.
        act: Makes the charger act through a hook: ``await bench.act("set_power", watts=-5000)``.
        clock: The time.
        rng: Randomness of this case, from the seed of the run.
    """

    ev: EvDriver
    pics: Mapping[str, bool]
    pixit: Mapping[str, Any]
    act: Act
    clock: Clock
    rng: random.Random

    def loops_for(self, seconds: float) -> int:
        """Charge loops that fill so many seconds at the pace of the emulated car."""
        return max(1, round(seconds / LOOP_PERIOD))


class ChargerCase(TestCase[ChargerBench]):
    """A case with a charger (SECC) under test; the harness plays the car."""

    role: ClassVar[str] = "charger"
    neighbour: ClassVar[str] = "ev"


class ChargerInvariant(Invariant):
    """A rule for everything a charger sends."""

    role: ClassVar[str] = "charger"
    neighbour: ClassVar[str] = "ev"


__all__ = [
    "SERVICE_QUESTIONS",
    "ChargerBench",
    "ChargerCase",
    "ChargerInvariant",
    "ControlMode",
    "EvSession",
    "ServiceId",
    "declared_services",
]
