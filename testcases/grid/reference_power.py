"""Which power a droop refers to: the classic failure of studies and devices (reference 1.6).

Half of rated power tells the references apart. Every observation also says what would be due with the other ones, and
what the device refers to by its response.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from v2gready.authoring.grid import GridBench, GridCase, Observation, Trace, View, on_curve
from v2gready.authoring.grid.frequency_gates import points
from v2gready.authoring.grid.frequency_judgements import told_by_reference
from v2gready.authoring.grid.frequency_response import Droop, staircase

CALM = 60.0
"""Seconds at nominal frequency in which even a slow device comes to its power."""
HALF = 0.5
"""Of rated power: far from rated, far from nothing."""
CHANGE = 0.4
"""Greatest change of power in shares of the reference.

With any reference the device still feeds and is not at its rating.
"""


def judged(requirement: str, view: View, droop: Droop, levels: Sequence[float]) -> Iterator[Observation]:
    """Power at each level against the characteristic with the reference of the code."""
    start = view.at_power(HALF, before=CALM)
    seen = points(view, levels, droop.dwell)
    observations = on_curve(
        requirement,
        view,
        seen,
        droop.wanted(view, start),
        x=("f", "Hz"),
        y=("export", "W"),
        tolerance=droop.tolerance * view.rating.power,
        parameter=view.code[f"{droop.prefix}_p_ref"],
        drawn=(droop.nominal, droop.at(1.2 * CHANGE)),
    )
    yield from told_by_reference(observations, view, droop, start, seen)


class OverFrequencyReference(GridCase):
    """At half of rated power LFSM-O goes by shares of the reference power that the code names.

    A device that takes the other one gives the system half of the response, or twice.
    """

    topic = "PREF-01"
    title = "Reference power of LFSM-O"
    area = "over-frequency"
    requirements = ("GRID-LFSMO-PREF",)
    parameters = ("lfsmo_threshold", "lfsmo_droop", "lfsmo_p_ref")
    pics = "discharge"
    faults = {"lfsmo-reference-rated": "GRID-LFSMO-PREF"}

    async def stimulate(self, bench: GridBench) -> None:
        """Climbs above the threshold in two levels at half power."""
        droop = Droop.over(bench.code)
        await bench.export(HALF)
        await bench.play(staircase(bench.calm.hold(CALM), droop.levels(2, CHANGE), droop.dwell))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """With the reference of the code."""
        view = View(trace)
        droop = Droop.over(view.code)
        yield from judged("GRID-LFSMO-PREF", view, droop, droop.levels(2, CHANGE))


class UnderFrequencyReference(GridCase):
    """At half of rated power LFSM-U goes by shares of the reference power that the code names.

    It need not be that of LFSM-O: the Czech method has another one for each of three functions.
    """

    topic = "PREF-02"
    title = "Reference power of LFSM-U"
    area = "under-frequency"
    requirements = ("GRID-LFSMU-SLOPE",)
    parameters = ("lfsmu_threshold", "lfsmu_droop", "lfsmu_p_ref")
    pics = "discharge"
    faults = {"lfsmu-reference-at-threshold": "GRID-LFSMU-SLOPE"}

    async def stimulate(self, bench: GridBench) -> None:
        """Goes down below the threshold in two levels at half power."""
        droop = Droop.under(bench.code)
        await bench.export(HALF)
        await bench.play(staircase(bench.calm.hold(CALM), droop.levels(2, CHANGE), droop.dwell))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """With the reference of the code."""
        view = View(trace)
        droop = Droop.under(view.code)
        yield from judged("GRID-LFSMU-SLOPE", view, droop, droop.levels(2, CHANGE))


class ReferenceTakenAnew(GridCase):
    """The power at the threshold is that of the crossing under test, not of one before.

    After the first excursion the device is set to another power, and the second falls by shares of that.
    """

    topic = "PREF-03"
    title = "Reference power of a second excursion"
    area = "over-frequency"
    requirements = ("GRID-LFSMO-PREF",)
    parameters = ("lfsmo_threshold", "lfsmo_droop", "lfsmo_p_ref")
    pics = "discharge"
    faults = {"lfsmo-reference-rated": "GRID-LFSMO-PREF", "lfsmo-droop-doubled": "GRID-LFSMO-PREF"}

    LONG = 700.0
    """Seconds in which the slowest return of any code has ended."""

    async def stimulate(self, bench: GridBench) -> None:
        """An excursion from rated power, long calm, and one from half of it."""
        droop = Droop.over(bench.code)
        await bench.export(1.0)
        first = staircase(bench.calm.hold(CALM), droop.levels(1, CHANGE), droop.dwell)
        await bench.play(first.ramp(f=droop.nominal, rate=0.5).hold(self.LONG))
        await bench.export(HALF)
        await bench.play(staircase(bench.calm.hold(CALM), droop.levels(1, CHANGE), droop.dwell))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The second excursion alone."""
        view = View(trace)
        droop = Droop.over(view.code)
        (level,) = droop.levels(1, CHANGE)
        view.at_power(1.0, before=CALM)
        first = view.held_frequency(level, droop.dwell)
        calm = view.held_frequency(droop.nominal, self.LONG + CALM, after=first.end)
        start = view.at_power(HALF, before=calm.end)
        seen = points(view, [level], droop.dwell, after=calm.end)
        observations = on_curve(
            "GRID-LFSMO-PREF",
            view,
            seen,
            droop.wanted(view, start),
            x=("f", "Hz"),
            y=("export", "W"),
            tolerance=droop.tolerance * view.rating.power,
            parameter=view.code["lfsmo_p_ref"],
            drawn=(droop.nominal, droop.at(1.2 * CHANGE)),
        )
        yield from told_by_reference(observations, view, droop, start, seen)
