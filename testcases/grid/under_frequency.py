"""LFSM-U, feeding: below its threshold a device that feeds the grid gives more, as far as it can."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from v2gready.authoring.grid import Measurement, Observation, Span, View, never_above, within
from v2gready.authoring.grid.droop_cases import CALM, FollowsDroop, NoResponse, StepOfFrequency, UnderFrequency
from v2gready.authoring.grid.frequency_gates import points
from v2gready.authoring.grid.frequency_judgements import not_below_curve, quick_enough
from v2gready.authoring.grid.frequency_response import Droop

RESPONSE = 0.3
"""Of rated power by which feeding rises in the cases about the droop."""


class NoResponseAboveThreshold(NoResponse, UnderFrequency):
    """Just above the threshold of LFSM-U a device that feeds the grid does not respond.

    Frequency is there every day, and the battery of the car belongs to its driver.
    """

    topic = "LFSMU-01"
    title = "Feeding: no response above the threshold"
    requirements = ("GRID-LFSMU-THRESHOLD",)
    share = 0.3
    faults = {"lfsmu-threshold-100mhz-high": "GRID-LFSMU-THRESHOLD"}


class StaircaseFeeding(FollowsDroop, UnderFrequency):
    """A device that feeds half of its power follows the droop of LFSM-U level by level, down and up again."""

    topic = "LFSMU-02"
    title = "Feeding: characteristic, down and up"
    requirements = ("GRID-LFSMU-SLOPE",)
    parameters = ("lfsmu_threshold", "lfsmu_droop", "lfsmu_p_ref")
    faults = {
        "lfsmu-dead": "GRID-LFSMU-SLOPE",
        "lfsmu-droop-doubled": "GRID-LFSMU-SLOPE",
        "lfsmu-droop-halved": "GRID-LFSMU-SLOPE",
    }
    drawn = 2 * RESPONSE

    def levels(self, droop: Droop) -> Sequence[float]:
        """Four down below the threshold, and up again."""
        down = droop.levels(4, 1.3 * RESPONSE)
        return (*down, *reversed(down[:-1]))


class StepFeeding(StepOfFrequency, UnderFrequency):
    """A step of frequency by which three tenths of the power are due to come.

    The response rises and settles in the times of the code. What comes late does not stop the fall of the frequency.
    """

    topic = "LFSMU-03"
    title = "Feeding: step of frequency, rise and settling"
    requirements = ("GRID-LFSMU-DYNAMIC",)
    parameters = ("lfsmu_threshold", "lfsmu_droop", "lfsmu_rise", "lfsmu_settling")
    faults = {"slow-response": "GRID-LFSMU-DYNAMIC", "frequency-filter-slow": "GRID-LFSMU-DYNAMIC"}
    change = RESPONSE

    def answered(self, view: View, droop: Droop, span: Span) -> Iterator[Observation]:
        """Measures the step response of power."""
        yield from quick_enough("GRID-LFSMU-DYNAMIC", view, droop, span)


class CappedByRating(UnderFrequency):
    """A device close to its rated power gives what is left of it, no more, and does not trip for want of power."""

    topic = "LFSMU-04"
    title = "Feeding: capped by the rating"
    requirements = ("GRID-LFSMU-SLOPE",)
    faults = {"lfsmu-dead": "GRID-LFSMU-SLOPE", "trips-at-49.1-hz": "GRID-LFSMU-SLOPE"}
    share = 0.85

    def levels(self, droop: Droop) -> Sequence[float]:
        """Where three tenths more are due."""
        return (droop.at(RESPONSE),)

    def judged(self, view: View, droop: Droop, start: Measurement) -> Iterator[Observation]:
        """Power ends at the rating and never goes beyond it."""
        ((settled, _, export),) = points(view, self.levels(droop), droop.dwell)
        slack = droop.tolerance * view.rating.power
        most = view.code.limit("lfsmu_droop", low=view.rating.power - slack, unit="W")
        yield within("GRID-LFSMU-SLOPE", view, export, most, what="export", instants=(settled.start, settled.end))
        limit = view.code.limit("lfsmu_droop", high=view.rating.power + slack, unit="W")
        low = Span(CALM, settled.end)
        yield never_above("GRID-LFSMU-SLOPE", view, view.q.export, low, limit, what="highest export")


class ResponseBelowThreshold(UnderFrequency):
    """Below the threshold of LFSM-U a device that feeds half of its power gives more, whatever the droop refers to."""

    topic = "LFSMU-13"
    title = "Feeding: response below the threshold"
    requirements = ("GRID-LFSMU-THRESHOLD",)
    faults = {"lfsmu-dead": "GRID-LFSMU-THRESHOLD", "frequency-mirrored": "GRID-LFSMU-THRESHOLD"}

    def levels(self, droop: Droop) -> Sequence[float]:
        """Where three tenths of the reference are due to come."""
        return (droop.at(RESPONSE),)

    def judged(self, view: View, droop: Droop, start: Measurement) -> Iterator[Observation]:
        """Power rose at least by what the smallest reference, the power before, asks for."""
        yield from not_below_curve(
            "GRID-LFSMU-THRESHOLD",
            view,
            points(view, self.levels(droop), droop.dwell),
            droop.wanted(view, start, "P_at_threshold"),
            tolerance=droop.tolerance * view.rating.power,
            parameter=view.code["lfsmu_threshold"],
            drawn=(droop.at(1.3 * RESPONSE), droop.nominal),
        )
