"""What a case for a car is written with: the bench with the charger on it, and the base classes."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from v2gready.authoring.charger import Declared
from v2gready.emulators.charger import ChargerDriver
from v2gready.model.case import Invariant, TestCase
from v2gready.protocols.iso15118 import messages as m
from v2gready.transports.clock import Clock

Act = Callable[..., Awaitable[None]]

PLUG_IN, STOP = "plug_in", "stop"
"""Hooks without which no case for a car can be played."""


@dataclass(frozen=True, slots=True)
class EvBench(Declared):
    """All that a stimulus may use.

    Attributes:
        charger: The emulated charger.
        pics: What the car declares.
        pixit: Parameters of the DUT file.
        act: Makes the car act through a hook: ``await bench.act("set_power", watts=-5000)``.
        clock: The time.
        rng: Randomness of this case, from the seed of the run.
    """

    charger: ChargerDriver
    pics: Mapping[str, bool]
    pixit: Mapping[str, Any]
    act: Act
    clock: Clock
    rng: random.Random

    async def plug_in(self) -> None:
        """Plugs the car in: it begins a session by itself."""
        await self.act(PLUG_IN)

    async def charge(self, loops: int = 5, *, within: float | None = None) -> None:
        """Plugs in and waits until the car has sent so many requests of the charge loop.

        Args:
            loops: How many.
            within: Seconds to wait; twice the patience of the bench unless told otherwise.

        Raises:
            Unreached: It did not in time.
        """
        await self.plug_in()
        await self.charge_on(loops, within=within)

    async def charge_on(self, loops: int = 5, *, within: float | None = None) -> None:
        """Waits for so many more requests of the charge loop; see `charge`.

        Raises:
            Unreached: They did not come in time.
        """
        mark = self.charger.mark
        within = 2 * self.charger.patience if within is None else within
        await self.charger.wait_for(m.ChargeLoopReq, nth=loops - 1, since=mark, within=within)

    async def finish(self, *, within: float = 60.0) -> bool:
        """Lets the user of the car stop, and waits for the end of the session; whether it came in time."""
        await self.act(STOP)
        return await self.charger.ended(within)


class EvCase(TestCase[EvBench]):
    """A case with a car (EVCC) under test; the harness plays the charger."""

    role: ClassVar[str] = "ev"
    neighbour: ClassVar[str] = "charger"
    hooks: ClassVar[tuple[str, ...]] = (PLUG_IN,)


class EvInvariant(Invariant):
    """A rule for everything a car sends."""

    role: ClassVar[str] = "ev"
    neighbour: ClassVar[str] = "charger"
