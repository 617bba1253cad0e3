"""What a grid case is written with: the bench with the grid on it, and the base classes."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self, cast

from v2gready.grid.profile import Profile
from v2gready.grid.rating import Rating
from v2gready.grid.script import Script
from v2gready.model.case import Invariant, TestCase
from v2gready.transports.clock import Clock

ROLES: Mapping[str, str] = {"charger": "CHG", "ev": "EV"}
"""Roles whose device may face the grid, with the prefix of their cases: V2G-DC, V2G-AC."""
LONGEST_HOLD = "longest_hold"
"""PIXIT parameter: seconds after which the laboratory ends a hold, stated in the report as a shortened hold."""

Act = Callable[..., Awaitable[None]]


class GridSource(Protocol):
    """What plays the grid and records what happens."""

    async def play(self, script: Script, *, waveform: bool) -> None:
        """Plays a script to its end; the analyser records instantaneous values or quantities."""

    async def rest(self, seconds: float) -> None:
        """Nominal voltage and frequency for so long, without a record."""

    async def read_settings(self) -> None:
        """Reads the settings of the device by registers; they go into the trace."""


class LoadBank(Protocol):
    """A parallel RLC load beside the device, and the switch to the grid."""

    async def island(self, *, p_mismatch: float, q_mismatch: float, quality_factor: float, generation: float) -> None:
        """Connects the load, trimmed to the power that it exports now.

        Args:
            p_mismatch: Active power of the load above that of the device, as a share of it.
            q_mismatch: Reactive power of the load (inductive positive) as a share of the active power.
            quality_factor: Qf of the load.
            generation: W of another source beside the load, for a device that charges.
        """

    async def open_switch(self, seconds: float) -> None:
        """Opens the switch between the grid and device with load, and records for so long."""


def held_for(seconds: float, declared: Mapping[str, Any]) -> float:
    """How long a hold of so many seconds is on this bench: a laboratory may shorten it, and the report says so."""
    return min(seconds, float(declared.get(LONGEST_HOLD, seconds)))


@dataclass(frozen=True, slots=True)
class GridBench:
    """All that a stimulus may use.

    Attributes:
        grid: What plays the grid.
        code: The grid code with the numbers of the laboratory.
        rating: Of the device.
        pics: What the device declares.
        pixit: Parameters of the DUT file.
        act: Makes the device act through a hook: ``await bench.act("cease")``.
        clock: The time.
        rng: Randomness of this case, from the seed of the run.
        load_bank: For islands; None without one.
    """

    grid: GridSource
    code: Profile
    rating: Rating
    pics: Mapping[str, bool]
    pixit: Mapping[str, Any]
    act: Act
    clock: Clock
    rng: random.Random
    load_bank: LoadBank | None = None

    @property
    def calm(self) -> Script:
        """A script that begins at nominal voltage and frequency."""
        return Script()

    async def export(self, share: float) -> None:
        """Sets the device to feed the grid with this share of its rated power."""
        await self.act("set_power", watts=-share * self.rating.power)

    async def charge(self, share: float) -> None:
        """Sets the device to charge with this share of its rated charging power."""
        await self.act("set_power", watts=share * self.rating.charge_power)

    async def settle(self) -> None:
        """Lets the device come to the power that it was set to, without a record."""
        await self.grid.rest(self.number("settling_time", 10.0))

    async def play(self, script: Script) -> None:
        """Plays a script while the analyser records RMS, frequency and power."""
        await self.grid.play(script, waveform=False)

    async def play_waveform(self, script: Script) -> None:
        """Plays a script while the analyser records instantaneous voltages and currents."""
        await self.grid.play(script, waveform=True)

    async def island(
        self, *, p_mismatch: float = 0.0, q_mismatch: float = 0.0, quality_factor: float = 1.0, generation: float = 0.0
    ) -> None:
        """Connects an RLC load that is trimmed to what the device exports now; see `LoadBank.island`."""
        await self._bank.island(
            p_mismatch=p_mismatch, q_mismatch=q_mismatch, quality_factor=quality_factor, generation=generation
        )

    async def open_switch(self, seconds: float) -> None:
        """Cuts the grid off and records for so long."""
        await self._bank.open_switch(seconds)

    @property
    def _bank(self) -> LoadBank:
        if self.load_bank is None:
            raise RuntimeError("selection let an islanding case onto a bench without a load bank")
        return self.load_bank

    def held_for(self, seconds: float) -> float:
        """How long a hold of so many seconds is on this bench."""
        return held_for(seconds, self.pixit)

    def number(self, name: str, default: float) -> float:
        """A numeric PIXIT parameter."""
        return float(self.pixit.get(name, default))


@dataclass(frozen=True, slots=True)
class Row:
    """One case of a table of cases that differ in what they say, not in what they do.

    Attributes:
        topic: Topic and number of the id.
        title: Of the case.
        purpose: Of the case.
        says: Attribute of the class -> its value in this case.
    """

    topic: str
    title: str
    purpose: str
    says: Mapping[str, Any]

    def case(self, base: type[GridCase]) -> type[GridCase]:
        """The case as a class."""
        name = f"{base.__name__}{self.topic.title().replace('-', '')}"
        told = {"__doc__": self.purpose, "__module__": base.__module__, "topic": self.topic, "title": self.title}
        return type(name, (base,), {**told, "table": (), **self.says})


def row(topic: str, title: str, purpose: str, **says: Any) -> Row:
    """A row of a table of cases; the names of what differs are those of the attributes."""
    return Row(topic, title, purpose, says)


class GridCase(TestCase[GridBench]):
    """A case about the device as a generator; one class stands for a case of every role that may face the grid.

    Attributes:
        topic: Topic and number of the id: ``LFSMO-01`` gives ``CHG-GRID-LFSMO-01`` and ``EV-GRID-LFSMO-01``.
        table: Cases that the class stands for, in place of a topic.
    """

    topic: ClassVar[str]
    table: ClassVar[tuple[Row, ...]] = ()
    neighbour: ClassVar[str] = "grid"
    instruments: ClassVar[tuple[str, ...]] = ("grid_simulator", "power_analyser")
    hooks: ClassVar[tuple[str, ...]] = ("set_power",)

    @classmethod
    def variants(cls) -> tuple[type[Self], ...]:
        """The case of each role, or of each row and role."""
        if cls.table:
            return tuple(one for line in cls.table for one in cast("type[Self]", line.case(cls)).variants())
        return _for_each_role(cls, cls.topic) if "topic" in cls.__dict__ else ()


class GridInvariant(Invariant):
    """A rule for every recording of the device at the grid.

    Attributes:
        topic: ``CURRENT`` gives ``INV-CHG-GRID-CURRENT`` and ``INV-EV-GRID-CURRENT``.
        exercised_by: Topic of the case whose stimulus exercises the rule.
    """

    topic: ClassVar[str]
    exercised_by: ClassVar[str]
    neighbour: ClassVar[str] = "grid"

    @classmethod
    def variants(cls) -> tuple[type[Self], ...]:
        """The rule for each role."""
        if "topic" not in cls.__dict__:
            return ()
        return tuple(
            type(
                f"{cls.__name__}{prefix.title()}",
                (cls,),
                {
                    "__doc__": cls.__doc__,
                    "__module__": cls.__module__,
                    "role": role,
                    "id": f"INV-{prefix}-GRID-{cls.topic}",
                    "witness": f"{prefix}-GRID-{cls.exercised_by}",
                },
            )
            for role, prefix in ROLES.items()
        )


def _for_each_role(cls: type[Any], topic: str) -> tuple[type[Any], ...]:
    return tuple(
        type(
            f"{cls.__name__}{prefix.title()}",
            (cls,),
            {"__doc__": cls.__doc__, "__module__": cls.__module__, "role": role, "id": f"{prefix}-GRID-{topic}"},
        )
        for role, prefix in ROLES.items()
    )
