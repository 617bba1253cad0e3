"""The device stays at the grid in the whole range of frequency that the code asks for, for as long as it asks."""

from __future__ import annotations

from collections.abc import Iterator

from v2gready.authoring.grid import (
    GridBench,
    GridCase,
    Observation,
    Parameter,
    Span,
    Trace,
    View,
    shortened,
    stays_connected,
)
from v2gready.authoring.grid.frequency_gates import points
from v2gready.authoring.grid.frequency_judgements import not_below_curve, stays_on
from v2gready.authoring.grid.frequency_response import INSIDE, SLOW

CALM = 20.0
"""Seconds at nominal frequency in which the device comes to its power."""
WITHOUT_END = 600.0
"""Seconds that a range without limit in time is held for."""
LITTLE = 0.2
"""Of rated power, where holds are long: LFSM-U adds to it, and the battery must last."""
SETTLED = 30.0
"""Seconds at each level where power may be reduced: a device that derates has done so (FR order: more than 30 s)."""


def lowest(ranges: Parameter) -> tuple[float, float]:
    """Frequency to hold in the lowest range, and for how long: the way there from the edge of the range counts."""
    low, high, seconds = min(ranges.rows)
    return low + INSIDE, seconds - (high - low - INSIDE) / SLOW


def highest(ranges: Parameter) -> tuple[float, float]:
    """Frequency to hold in the highest range, and for how long: the way there from the edge of the range counts."""
    low, high, seconds = max(ranges.rows)
    return high - INSIDE, seconds - (high - low - INSIDE) / SLOW


def between(ranges: Parameter, nominal: float) -> tuple[tuple[float, float], ...]:
    """Frequency to hold in each range from the second lowest to the second highest: near its end far from nominal."""
    rows = sorted(ranges.rows)[1:-1]
    return tuple(
        (low + INSIDE if low < nominal else high - INSIDE, min(seconds, WITHOUT_END)) for low, high, seconds in rows
    )


def unlimited(ranges: Parameter, nominal: float) -> tuple[float, float]:
    """Both ends of the range around the nominal frequency, where the device may stay for ever."""
    low, high, _ = next(row for row in ranges.rows if row[0] <= nominal <= row[1])
    return low + INSIDE, high - INSIDE


class EndOfRange(GridCase):
    """What the cases share that hold the lowest or the highest range of frequency for the whole time of the code.

    Attributes:
        share: Of rated power before; negative: charging.
        upper: The highest range, not the lowest.
        through_zero: Frequency changes the power, perhaps its sign: a moment without current is no disconnection.
    """

    area = "frequency"
    requirements = ("GRID-FREQ-RANGE",)
    parameters = ("frequency_range",)
    pics = "discharge"
    share: float
    upper = False
    through_zero = False

    async def stimulate(self, bench: GridBench) -> None:
        """Brings the device to its power and moves the frequency slowly."""
        f, seconds = self.end(bench.code["frequency_range"])
        if self.share < 0:
            await bench.charge(-self.share)
        else:
            await bench.export(self.share)
        await bench.play(bench.calm.hold(CALM).ramp(f=f, rate=SLOW).hold(bench.held_for(seconds)))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks for a disconnection in the hold."""
        view = View(trace)
        ranges = view.code["frequency_range"]
        f, seconds = self.end(ranges)
        hold = view.held_frequency(f, view.held_for(seconds))
        view.at_power(self.share, before=CALM)
        yield (stays_on if self.through_zero else stays_connected)("GRID-FREQ-RANGE", view, hold, ranges)
        yield from shortened("GRID-FREQ-RANGE", view, seconds)

    def end(self, ranges: Parameter) -> tuple[float, float]:
        """Frequency to hold, and for how long."""
        return highest(ranges) if self.upper else lowest(ranges)


class LowestRangeFeeding(EndOfRange):
    """Feeding the grid, the device stays connected in the lowest range of frequency for the whole time of the code."""

    topic = "FREQ-01"
    title = "Lowest range of frequency, feeding"
    share = 0.5
    faults = {"trips-after-long-hold": "GRID-FREQ-RANGE"}


class HighestRangeCharging(EndOfRange):
    """Charging, the device stays connected in the highest range of frequency for the whole time of the code."""

    topic = "FREQ-02"
    title = "Highest range of frequency, charging"
    share, upper = -0.5, True
    pics = ""
    faults = {"trips-after-long-high-hold": "GRID-FREQ-RANGE"}


class LowestRangeCharging(EndOfRange):
    """A device that charged stays connected in the lowest range of frequency.

    That it then takes less, or feeds the grid, is no reason to leave it.
    """

    topic = "FREQ-03"
    title = "Lowest range of frequency, charging before"
    share, through_zero = -0.5, True
    faults = {"trips-at-47.6-hz": "GRID-FREQ-RANGE", "trips-after-long-hold": "GRID-FREQ-RANGE"}


class HighestRangeFeeding(EndOfRange):
    """A device that fed rated power stays connected in the highest range of frequency.

    LFSM-O takes its power back, which is worth more than a trip of every device at once.
    """

    topic = "FREQ-04"
    title = "Highest range of frequency, feeding before"
    share, upper, through_zero = 1.0, True, True
    faults = {"trips-at-51.4-hz": "GRID-FREQ-RANGE", "trips-after-long-high-hold": "GRID-FREQ-RANGE"}


class RangesBetween(GridCase):
    """The device stays connected in every range between the lowest and the highest, for the time of each.

    A stage of protection that was set for one range often reaches into the next.
    """

    topic = "FREQ-05"
    title = "Ranges of frequency in between, feeding"
    area = "frequency"
    requirements = ("GRID-FREQ-RANGE",)
    parameters = ("frequency_range",)
    pics = "discharge"
    faults = {"trips-at-49.1-hz": "GRID-FREQ-RANGE"}

    async def stimulate(self, bench: GridBench) -> None:
        """Feeds a fifth of the rated power through all of them."""
        script = bench.calm.hold(CALM)
        for f, seconds in between(bench.code["frequency_range"], bench.code.nominal_frequency):
            script = script.ramp(f=f, rate=SLOW).hold(bench.held_for(seconds))
        await bench.export(LITTLE)
        await bench.play(script)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks for a disconnection in each hold."""
        view = View(trace)
        ranges = view.code["frequency_range"]
        view.at_power(LITTLE, before=CALM)
        after = CALM
        for f, seconds in between(ranges, view.code.nominal_frequency):
            hold = view.held_frequency(f, view.held_for(seconds), after=after)
            yield stays_connected("GRID-FREQ-RANGE", view, Span(after, hold.end), ranges)
            yield from shortened("GRID-FREQ-RANGE", view, seconds)
            after = hold.end


class UnlimitedRangeCharging(GridCase):
    """Charging at full power, the device stays connected at both ends of the range that has no limit in time."""

    topic = "FREQ-06"
    title = "Ends of the unlimited range, charging"
    area = "frequency"
    requirements = ("GRID-FREQ-RANGE",)
    parameters = ("frequency_range",)
    faults = {"trips-at-49.1-hz": "GRID-FREQ-RANGE"}

    async def stimulate(self, bench: GridBench) -> None:
        """Charges with rated power at the upper end and then at the lower."""
        low, high = unlimited(bench.code["frequency_range"], bench.code.nominal_frequency)
        await bench.charge(1.0)
        script = bench.calm.hold(CALM).ramp(f=high, rate=SLOW).hold(bench.held_for(WITHOUT_END))
        await bench.play(script.ramp(f=low, rate=SLOW).hold(bench.held_for(WITHOUT_END)))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks for a disconnection from the first hold to the end of the second."""
        view = View(trace)
        ranges = view.code["frequency_range"]
        low, high = unlimited(ranges, view.code.nominal_frequency)
        view.at_power(-1.0, before=CALM)
        upper = view.held_frequency(high, view.held_for(WITHOUT_END))
        lower = view.held_frequency(low, view.held_for(WITHOUT_END), after=upper.end)
        yield stays_connected("GRID-FREQ-RANGE", view, Span(upper.start, lower.end), ranges)
        yield from shortened("GRID-FREQ-RANGE", view, WITHOUT_END)


class PowerHeldAtLowFrequency(GridCase):
    """At falling frequency the device feeds what it fed before, but for the reduction that the code admits.

    A device that gives less when there is too little pulls the frequency further down.
    """

    topic = "FREQ-07"
    title = "Power held at falling frequency"
    area = "frequency"
    requirements = ("GRID-FREQ-RANGE",)
    parameters = ("p_under_frequency", "frequency_range")
    pics = "discharge"
    faults = {"frequency-mirrored": "GRID-FREQ-RANGE", "trips-at-47.6-hz": "GRID-FREQ-RANGE"}

    TOLERANCE = 0.05
    """Of rated power (reference 6)."""

    async def stimulate(self, bench: GridBench) -> None:
        """Feeds rated power and lowers the frequency in steps of half a hertz to the lowest range."""
        await bench.export(1.0)
        script = bench.calm.hold(CALM)
        for f in self.levels(bench.code["frequency_range"], bench.code.nominal_frequency):
            script = script.ramp(f=f, rate=SLOW).hold(SETTLED)
        await bench.play(script)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Export at each level is at least what the admissible reduction leaves of the power before."""
        view = View(trace)
        start = view.at_power(1.0, before=CALM)
        levels = self.levels(view.code["frequency_range"], view.code.nominal_frequency)
        reduction = view.code.curve("p_under_frequency")
        yield from not_below_curve(
            "GRID-FREQ-RANGE",
            view,
            points(view, levels, SETTLED),
            lambda f: start.value - reduction(f) * view.rating.power,
            tolerance=self.TOLERANCE * view.rating.power,
            parameter=view.code["p_under_frequency"],
            drawn=(levels[-1], view.code.nominal_frequency),
        )

    @staticmethod
    def levels(ranges: Parameter, nominal: float) -> tuple[float, ...]:
        """Half a hertz apart, down to the lowest."""
        low, _ = lowest(ranges)
        return (*(nominal - 0.5 * (step + 1) for step in range(int((nominal - low) / 0.5))), low)
