"""LFSM-UC: without the right to discharge a device takes less down to nothing, and never feeds the grid."""

from __future__ import annotations

from collections.abc import Iterator

from v2gready.authoring.grid import (
    CONNECTED_SHARE,
    GridBench,
    GridCase,
    Observation,
    Span,
    Trace,
    View,
    never_above,
)
from v2gready.authoring.grid.frequency_gates import forbidden_to_discharge, moved, points, stepped
from v2gready.authoring.grid.frequency_judgements import (
    BACK,
    RETURN,
    in_time,
    lasting,
    not_below_curve,
    returns_slowly,
)
from v2gready.authoring.grid.frequency_response import SLOW, ConsumptionCut, staircase

CALM = 60.0
"""Seconds at nominal frequency in which even a slow device comes to its power."""


class CutStaircase(GridCase):
    """Without the right to discharge the device takes less for each level of frequency, and nothing in the end."""

    topic = "LFSMUC-01"
    title = "Without discharge right: charging cut level by level"
    area = "under-frequency"
    requirements = ("GRID-LFSMUC",)
    parameters = ("lfsmuc_threshold", "lfsmuc_zero")
    hooks = ("set_power", "forbid_discharge")
    faults = {"lfsmuc-late": "GRID-LFSMUC", "lfsmu-dead": "GRID-LFSMUC"}

    async def stimulate(self, bench: GridBench) -> None:
        """Goes down in five levels."""
        cut = ConsumptionCut.of(bench.code)
        await bench.act("forbid_discharge")
        await bench.charge(1.0)
        await bench.play(staircase(bench.calm.hold(CALM), cut.levels(5), cut.dwell))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Export is at least what is left of charging at each level."""
        view = View(trace)
        cut = ConsumptionCut.of(view.code)
        view.at_power(-1.0, before=CALM)
        levels = points(view, cut.levels(5), cut.dwell)
        forbidden_to_discharge(view, levels[-1][0])
        yield from not_below_curve(
            "GRID-LFSMUC",
            view,
            levels,
            cut.floor(view),
            tolerance=cut.tolerance * view.rating.charge_power,
            parameter=view.code["lfsmuc_zero"],
            drawn=(cut.zero - 0.1, view.code.nominal_frequency),
        )


class NeverExports(GridCase):
    """Without the right to discharge the device never feeds the grid, however low the frequency is.

    The driver has not agreed, and the meter is not there.
    """

    topic = "LFSMUC-02"
    title = "Without discharge right: no export"
    area = "under-frequency"
    requirements = ("GRID-LFSMUC-NO-EXPORT",)
    parameters = ("lfsmuc_threshold", "lfsmuc_zero")
    hooks = ("set_power", "forbid_discharge")
    faults = {"exports-without-right": "GRID-LFSMUC-NO-EXPORT"}

    BELOW = 1.0
    """Hz below the frequency at which charging has ended."""

    async def stimulate(self, bench: GridBench) -> None:
        """Lowers the frequency far beyond."""
        cut = ConsumptionCut.of(bench.code)
        await bench.act("forbid_discharge")
        await bench.charge(1.0)
        await bench.play(bench.calm.hold(CALM).ramp(f=cut.zero - self.BELOW, rate=SLOW).hold(CALM))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The highest export of all is none."""
        view = View(trace)
        cut = ConsumptionCut.of(view.code)
        view.at_power(-1.0, before=CALM)
        hold = view.held_frequency(cut.zero - self.BELOW, CALM)
        limit = view.code.limit("lfsmuc_zero", high=CONNECTED_SHARE * view.rating.power, unit="W")
        whole = Span(CALM, hold.end)
        yield never_above("GRID-LFSMUC-NO-EXPORT", view, view.q.export, whole, limit, what="highest export")


class CutInTime(GridCase):
    """After a step of frequency to where charging has ended, it has ended within the time of the code."""

    topic = "LFSMUC-03"
    title = "Without discharge right: charging ends in time"
    area = "under-frequency"
    requirements = ("GRID-LFSMUC",)
    parameters = ("lfsmuc_threshold", "lfsmuc_zero", "lfsmuc_time")
    hooks = ("set_power", "forbid_discharge")
    faults = {"slow-response": "GRID-LFSMUC", "frequency-filter-slow": "GRID-LFSMUC"}

    async def stimulate(self, bench: GridBench) -> None:
        """Steps from nominal to a tenth below."""
        cut = ConsumptionCut.of(bench.code)
        await bench.act("forbid_discharge")
        await bench.charge(1.0)
        await bench.play(bench.calm.hold(CALM).step(f=cut.zero - 0.1).hold(CALM))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Since the step: until charging is within the tolerance of nothing, for good."""
        view = View(trace)
        cut = ConsumptionCut.of(view.code)
        view.at_power(-1.0, before=CALM)
        t0 = stepped(view, cut.threshold, cut.zero - 0.1)
        hold = view.held_frequency(cut.zero - 0.1, CALM)
        forbidden_to_discharge(view, hold.last(CALM / 2))
        ended = lasting(view.q.export, -cut.tolerance * view.rating.charge_power, Span(t0, hold.end))
        yield in_time("GRID-LFSMUC", view, t0, ended, view.code["lfsmuc_time"], what="charging has ended")


class CutRestored(GridCase):
    """When the frequency is back, charging returns no faster than the gradient of the code (LU-06)."""

    topic = "LFSMUC-04"
    title = "Without discharge right: return of charging"
    area = "under-frequency"
    requirements = ("GRID-LFSMU-RETURN",)
    parameters = ("lfsmuc_threshold", "lfsmuc_zero", "lfsmo_return_gradient")
    hooks = ("set_power", "forbid_discharge")
    faults = {"no-return-gradient": "GRID-LFSMU-RETURN", "return-gradient-tripled": "GRID-LFSMU-RETURN"}

    async def stimulate(self, bench: GridBench) -> None:
        """Stays where charging has ended, and steps back."""
        cut = ConsumptionCut.of(bench.code)
        await bench.act("forbid_discharge")
        await bench.charge(1.0)
        script = staircase(bench.calm.hold(CALM), [cut.zero - 0.1], cut.dwell)
        await bench.play(script.step(f=bench.code.nominal_frequency + BACK).hold(RETURN))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks for the steepest minute after the frequency is back."""
        view = View(trace)
        cut = ConsumptionCut.of(view.code)
        start = view.at_power(-1.0, before=CALM)
        ((low, _, _),) = points(view, [cut.zero - 0.1], cut.dwell)
        forbidden_to_discharge(view, low)
        moved(view, start, low, 0.2)
        yield returns_slowly("GRID-LFSMU-RETURN", view, -view.q.export, view.rating.charge_power, after=low.end)
