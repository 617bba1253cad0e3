"""LFSM-U, feeding: below its threshold a device that feeds the grid gives more, as far as it can."""

from __future__ import annotations

from collections.abc import Iterator

from v2gready.authoring.grid import (
    GridBench,
    GridCase,
    Observation,
    Span,
    Trace,
    View,
    never_above,
    on_curve,
    within,
)
from v2gready.authoring.grid.frequency_gates import points, stepped
from v2gready.authoring.grid.frequency_judgements import (
    not_below_curve,
    quick_enough,
    stays_on,
    unchanged,
)
from v2gready.authoring.grid.frequency_response import Droop, staircase

CALM = 60.0
"""Seconds at nominal frequency in which even a slow device comes to its power."""
JUST_OUTSIDE = 0.02
"""Hz above the threshold where nothing may respond: twice the accuracy of frequency (EN 50549-10 [u])."""
RESPONSE = 0.3
"""Of rated power by which feeding rises in the cases about the droop."""


class NoResponseAboveThreshold(GridCase):
    """Just above the threshold of LFSM-U a device that feeds the grid does not respond.

    Frequency is there every day, and the battery of the car belongs to its driver.
    """

    topic = "LFSMU-01"
    title = "Feeding: no response above the threshold"
    area = "under-frequency"
    requirements = ("GRID-LFSMU-THRESHOLD",)
    parameters = ("lfsmu_threshold", "lfsmu_droop")
    pics = "discharge"
    faults = {"lfsmu-threshold-100mhz-high": "GRID-LFSMU-THRESHOLD"}

    async def stimulate(self, bench: GridBench) -> None:
        """Feeds three tenths of the power, and goes to just above the threshold."""
        droop = Droop.under(bench.code)
        await bench.export(0.3)
        await bench.play(staircase(bench.calm.hold(CALM), [droop.threshold + JUST_OUTSIDE], droop.dwell))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares power there with power before."""
        view = View(trace)
        droop = Droop.under(view.code)
        start = view.at_power(0.3, before=CALM)
        ((hold, _, _),) = points(view, [droop.threshold + JUST_OUTSIDE], droop.dwell)
        yield unchanged("GRID-LFSMU-THRESHOLD", view, start, hold, view.code["lfsmu_threshold"])


class StaircaseFeeding(GridCase):
    """A device that feeds half of its power follows the droop of LFSM-U level by level, down and up again."""

    topic = "LFSMU-02"
    title = "Feeding: characteristic, down and up"
    area = "under-frequency"
    requirements = ("GRID-LFSMU-SLOPE",)
    parameters = ("lfsmu_threshold", "lfsmu_droop", "lfsmu_p_ref")
    pics = "discharge"
    faults = {
        "lfsmu-dead": "GRID-LFSMU-SLOPE",
        "lfsmu-droop-doubled": "GRID-LFSMU-SLOPE",
        "lfsmu-droop-halved": "GRID-LFSMU-SLOPE",
    }

    async def stimulate(self, bench: GridBench) -> None:
        """Goes down below the threshold in four levels and up again."""
        droop = Droop.under(bench.code)
        await bench.export(0.5)
        await bench.play(staircase(bench.calm.hold(CALM), self.stairs(droop), droop.dwell))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Holds the power at each level against the characteristic."""
        view = View(trace)
        droop = Droop.under(view.code)
        start = view.at_power(0.5, before=CALM)
        yield from on_curve(
            "GRID-LFSMU-SLOPE",
            view,
            points(view, self.stairs(droop), droop.dwell),
            droop.wanted(view, start),
            x=("f", "Hz"),
            y=("export", "W"),
            tolerance=droop.tolerance * view.rating.power,
            parameter=view.code["lfsmu_droop"],
            drawn=(droop.at(2 * RESPONSE), droop.nominal),
        )

    @staticmethod
    def stairs(droop: Droop) -> tuple[float, ...]:
        """Down, and up again below the threshold."""
        down = droop.levels(4, 1.3 * RESPONSE)
        return (*down, *reversed(down[:-1]))


class StepFeeding(GridCase):
    """A step of frequency by which three tenths of the power are due to come.

    The response rises and settles in the times of the code. What comes late does not stop the fall of the frequency.
    """

    topic = "LFSMU-03"
    title = "Feeding: step of frequency, rise and settling"
    area = "under-frequency"
    requirements = ("GRID-LFSMU-DYNAMIC",)
    parameters = ("lfsmu_threshold", "lfsmu_droop", "lfsmu_rise", "lfsmu_settling")
    pics = "discharge"
    faults = {"slow-response": "GRID-LFSMU-DYNAMIC", "frequency-filter-slow": "GRID-LFSMU-DYNAMIC"}

    async def stimulate(self, bench: GridBench) -> None:
        """Steps from nominal."""
        droop = Droop.under(bench.code)
        await bench.export(0.5)
        await bench.play(bench.calm.hold(CALM).step(f=droop.at(RESPONSE)).hold(2 * droop.settling))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Measures the step response of power, of a device that stays at the grid."""
        view = View(trace)
        droop = Droop.under(view.code)
        view.at_power(0.5, before=CALM)
        t0 = stepped(view, droop.threshold, droop.at(RESPONSE))
        hold = view.held_frequency(droop.at(RESPONSE), 2 * droop.settling)
        yield stays_on("GRID-LFSMU-DYNAMIC", view, Span(CALM / 2, hold.end), view.code["lfsmu_droop"])
        yield from quick_enough("GRID-LFSMU-DYNAMIC", view, droop, Span(t0, hold.end))


class CappedByRating(GridCase):
    """A device close to its rated power gives what is left of it, no more, and does not trip for want of power."""

    topic = "LFSMU-04"
    title = "Feeding: capped by the rating"
    area = "under-frequency"
    requirements = ("GRID-LFSMU-SLOPE",)
    parameters = ("lfsmu_threshold", "lfsmu_droop")
    pics = "discharge"
    faults = {"lfsmu-dead": "GRID-LFSMU-SLOPE", "trips-at-49.1-hz": "GRID-LFSMU-SLOPE"}

    async def stimulate(self, bench: GridBench) -> None:
        """Feeds 85 % of the power, and goes to where three tenths more are due."""
        droop = Droop.under(bench.code)
        await bench.export(0.85)
        await bench.play(staircase(bench.calm.hold(CALM), [droop.at(RESPONSE)], droop.dwell))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Power ends at the rating and never goes beyond it."""
        view = View(trace)
        droop = Droop.under(view.code)
        view.at_power(0.85, before=CALM)
        ((settled, _, export),) = points(view, [droop.at(RESPONSE)], droop.dwell)
        slack = droop.tolerance * view.rating.power
        most = view.code.limit("lfsmu_droop", low=view.rating.power - slack, unit="W")
        yield within("GRID-LFSMU-SLOPE", view, export, most, what="export", instants=(settled.start, settled.end))
        limit = view.code.limit("lfsmu_droop", high=view.rating.power + slack, unit="W")
        low = Span(CALM, settled.end)
        yield never_above("GRID-LFSMU-SLOPE", view, view.q.export, low, limit, what="highest export")


class ResponseBelowThreshold(GridCase):
    """Below the threshold of LFSM-U a device that feeds half of its power gives more, whatever the droop refers to."""

    topic = "LFSMU-13"
    title = "Feeding: response below the threshold"
    area = "under-frequency"
    requirements = ("GRID-LFSMU-THRESHOLD",)
    parameters = ("lfsmu_threshold", "lfsmu_droop")
    pics = "discharge"
    faults = {"lfsmu-dead": "GRID-LFSMU-THRESHOLD", "frequency-mirrored": "GRID-LFSMU-THRESHOLD"}

    async def stimulate(self, bench: GridBench) -> None:
        """Feeds half of the power, and goes to where three tenths of the reference are due to come."""
        droop = Droop.under(bench.code)
        await bench.export(0.5)
        await bench.play(staircase(bench.calm.hold(CALM), [droop.at(RESPONSE)], droop.dwell))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Power rose at least by what the smallest reference, the power before, asks for."""
        view = View(trace)
        droop = Droop.under(view.code)
        start = view.at_power(0.5, before=CALM)
        yield from not_below_curve(
            "GRID-LFSMU-THRESHOLD",
            view,
            points(view, [droop.at(RESPONSE)], droop.dwell),
            droop.wanted(view, start, "P_at_threshold"),
            tolerance=droop.tolerance * view.rating.power,
            parameter=view.code["lfsmu_threshold"],
            drawn=(droop.at(1.3 * RESPONSE), droop.nominal),
        )
