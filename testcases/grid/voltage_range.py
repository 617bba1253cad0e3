"""The device stays at the grid and within its current in the whole continuous range of voltage."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import ClassVar

from v2gready.authoring.grid import (
    GridBench,
    GridCase,
    Observation,
    Parameter,
    Trace,
    View,
    shortened,
    stays_connected,
)
from v2gready.authoring.grid.excursions import INSIDE
from v2gready.authoring.grid.ride_through import at_share, within_current

LONG = 300.0
"""Seconds of a hold where the code sets no end: longer than every stage but the ten-minute mean."""
CALM = 5.0
"""Seconds at nominal voltage before."""


def lowest(ranges: Parameter) -> tuple[float, float]:
    """Voltage to hold in the lowest range, pu, and for how long."""
    low, _, seconds = min(ranges.rows)
    return low + INSIDE, min(seconds, LONG) if math.isinf(seconds) else seconds


def highest(ranges: Parameter) -> tuple[float, float]:
    """Voltage to hold in the highest range, pu, and for how long."""
    _, high, seconds = max(ranges.rows, key=lambda row: row[1])
    return high - INSIDE, min(seconds, LONG) if math.isinf(seconds) else seconds


class AtAnEdge(GridCase):
    """What the cases of an edge share.

    Attributes:
        share: Of rated power that is fed; negative while charging.
    """

    area = "voltage"
    requirements: ClassVar[tuple[str, ...]] = ("GRID-VOLTAGE-RANGE", "GRID-CURRENT-LIMIT")
    parameters = ("voltage_range",)
    hooks = ("set_power",)
    share: ClassVar[float] = 1.0

    def edge(self, ranges: Parameter) -> tuple[float, float]:
        """Voltage and time to hold."""
        return lowest(ranges)

    async def stimulate(self, bench: GridBench) -> None:
        """Comes to power and moves the voltage slowly to the edge."""
        u, seconds = self.edge(bench.code["voltage_range"])
        await at_share(bench, self.share)
        await bench.play(bench.calm.hold(CALM).ramp(u=u, seconds=2.0).hold(bench.held_for(seconds)))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks for a disconnection, and for the highest current, in the hold."""
        view = View(trace)
        ranges = view.code["voltage_range"]
        u, seconds = self.edge(ranges)
        hold = view.held_voltage(u, view.held_for(seconds))
        view.at_power(self.share, before=view.recording.start + CALM - 0.1)
        yield stays_connected("GRID-VOLTAGE-RANGE", view, hold, ranges)
        if "GRID-CURRENT-LIMIT" in self.requirements:
            yield within_current("GRID-CURRENT-LIMIT", view, hold, what="highest current")
        yield from shortened("GRID-VOLTAGE-RANGE", view, seconds)


class LowestVoltageFeeding(AtAnEdge):
    """At the lower edge of the continuous range a device that feeds rated power stays, and within its current.

    The code lets power fall in proportion to the voltage, so that current need not rise.
    """

    topic = "URANGE-01"
    title = "Lower edge of the continuous range of voltage, feeding rated power"
    pics = "discharge"
    faults = {"trips-at-0.88-un": "GRID-VOLTAGE-RANGE", "phase-dead": "GRID-CURRENT-LIMIT"}


class LowestVoltageCharging(AtAnEdge):
    """At the lower edge of the continuous range a device that charges at rated power stays, and within its current."""

    topic = "URANGE-02"
    title = "Lower edge of the continuous range of voltage, charging at rated power"
    share = -1.0
    faults = {"trips-at-0.88-un": "GRID-VOLTAGE-RANGE", "phase-dead": "GRID-CURRENT-LIMIT"}


class HighestVoltageFeeding(AtAnEdge):
    """At the upper edge of the continuous range a device that feeds rated power stays: sunny streets are like that."""

    topic = "URANGE-03"
    title = "Upper edge of the continuous range of voltage, feeding rated power"
    requirements = ("GRID-VOLTAGE-RANGE",)
    pics = "discharge"
    faults = {"trips-at-1.08-un": "GRID-VOLTAGE-RANGE"}

    def edge(self, ranges: Parameter) -> tuple[float, float]:
        """The upper one."""
        return highest(ranges)


class HighestVoltageCharging(HighestVoltageFeeding):
    """At the upper edge of the continuous range a device that charges stays: there its load is most welcome."""

    topic = "URANGE-04"
    title = "Upper edge of the continuous range of voltage, charging at rated power"
    pics = ""
    share = -1.0
