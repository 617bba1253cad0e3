"""The stage of the interface protection that looks at the ten-minute mean of the voltage."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from v2gready.authoring.grid import (
    GridBench,
    GridCase,
    Inconclusive,
    Measurement,
    Observation,
    Profile,
    Span,
    Trace,
    View,
    holds,
    stays_connected,
    within,
)
from v2gready.authoring.grid.mean_voltage import TEN_MINUTES, exceeded, mean_voltage

LOW = 0.9
"""Un for ten minutes before: from there the mean climbs steeply, and the instant is known well."""
MARGIN = 0.02
"""Un by which the voltage stays below the quicker stages."""
HIGHEST = 1.15
"""Un, where there is no quicker stage."""
INSIDE = 0.01
"""Un below the limit where the stage must not trip."""
AROUND = 10.0
"""Seconds around the instant at which the mean exceeds the limit (reference 6, OV-02)."""
WATCHED = 60.0
"""Seconds after it."""
SWELL = 300.0
"""Seconds above the limit that leave the ten-minute mean below it."""


def high(code: Profile) -> float:
    """A voltage above the limit of the mean and below the quicker stages, Un."""
    stages = [code[name].stage[0] for name in ("trip_u_over", "trip_u_over_2", "trip_u_over_3") if name in code]
    limit = code["trip_u_over_10min"].number
    above = [value for value in stages if value > limit + MARGIN]
    return min([*above, HIGHEST]) - MARGIN


def climb(code: Profile) -> float:
    """Seconds at the high voltage until the mean exceeds the limit."""
    limit, top = code["trip_u_over_10min"].number, high(code)
    return TEN_MINUTES * (limit**2 - LOW**2) / (top**2 - LOW**2)


class MeanTrips(GridCase):
    """The device leaves within ten seconds of the instant at which the mean of the last ten minutes exceeds the limit.

    The slow stage keeps whole streets from too high a voltage.
    """

    topic = "MEAN-01"
    title = "Ten-minute mean: trips in time"
    area = "protection"
    requirements = ("GRID-TRIP-10MIN",)
    parameters = ("trip_u_over_10min",)
    pics = "interface_protection and discharge"
    hooks = ("set_power",)
    faults = {"u-over-10min-dead": "GRID-TRIP-10MIN", "u-over-10min-high": "GRID-TRIP-10MIN"}

    async def stimulate(self, bench: GridBench) -> None:
        """Ten minutes low, then high until after the mean has exceeded the limit."""
        await bench.export(0.5)
        script = bench.calm.hold(5.0).step(u=LOW).hold(TEN_MINUTES).step(u=high(bench.code))
        await bench.play(script.hold(climb(bench.code) + 2 * WATCHED))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The instant of the disconnection against that of the mean."""
        view = View(trace)
        limit = view.code["trip_u_over_10min"].number
        view.at_power(0.5, before=view.span.start + 5.0)
        due = exceeded(view, limit)
        if view.span.end < due.value + WATCHED:
            raise Inconclusive("the recording ends soon after the mean has exceeded the limit")
        left = view.disconnected(Span(due.value - climb(view.code) + 1.0, view.span.end))
        if left is None:
            one = holds(
                "GRID-TRIP-10MIN",
                False,
                expected=f"the device disconnects when the ten-minute mean exceeds {limit:g} Un",
                seen=f"still connected {view.span.end - due.value:.0f} s later",
                at=view.at,
            )
            yield replace(one, provenance=view.code["trip_u_over_10min"].provenance, instants=(due.value,))
            return
        late = Measurement(left.value - due.value, "s", due.uncertainty + left.uncertainty)
        allowed = view.code.limit("trip_u_over_10min", low=-AROUND, high=AROUND, unit="s")
        what = "disconnection after the mean exceeded the limit"
        yield within("GRID-TRIP-10MIN", view, late, allowed, what=what, instants=(due.value, left.value))


class MeanInside(GridCase):
    """At a voltage that stays just below the limit for longer than ten minutes the device stays connected."""

    topic = "MEAN-02"
    title = "Ten-minute mean: does not trip inside"
    area = "protection"
    requirements = ("GRID-TRIP-10MIN",)
    parameters = ("trip_u_over_10min",)
    pics = "interface_protection and discharge"
    hooks = ("set_power",)
    faults = {"u-over-10min-low": "GRID-TRIP-10MIN"}

    async def stimulate(self, bench: GridBench) -> None:
        """Just below the limit for eleven minutes."""
        inside = bench.code["trip_u_over_10min"].number - INSIDE
        await bench.export(0.5)
        await bench.play(bench.calm.hold(5.0).step(u=inside).hold(TEN_MINUTES + WATCHED))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Connected to the end."""
        view = View(trace)
        parameter = view.code["trip_u_over_10min"]
        view.at_power(0.5, before=view.span.start + 5.0)
        hold = view.held_voltage(parameter.number - INSIDE, TEN_MINUTES + WATCHED)
        seen = mean_voltage(view).maximum()
        if seen.value < (parameter.number - 2 * INSIDE) * view.rating.voltage:
            raise Inconclusive(f"the ten-minute mean came to {seen.value:.1f} V only, far from the limit")
        yield stays_connected("GRID-TRIP-10MIN", view, hold, parameter)


class ShortSwellInside(GridCase):
    """Five minutes above the limit leave the mean below it: the device stays connected.

    A stage that does not average trips here, each sunny noon.
    """

    topic = "MEAN-03"
    title = "Ten-minute mean: a short swell does not trip"
    area = "protection"
    requirements = ("GRID-TRIP-10MIN",)
    parameters = ("trip_u_over_10min",)
    pics = "interface_protection and discharge"
    hooks = ("set_power",)
    faults = {"u-over-10min-not-averaged": "GRID-TRIP-10MIN"}

    async def stimulate(self, bench: GridBench) -> None:
        """Ten minutes of nominal voltage, five high, two nominal."""
        top = bench.code["trip_u_over_10min"].number + MARGIN
        await bench.export(0.5)
        script = bench.calm.hold(TEN_MINUTES + 5.0).step(u=top).hold(SWELL)
        await bench.play(script.step(u=1.0).hold(2 * WATCHED))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Connected to the end, and the mean below the limit all the time."""
        view = View(trace)
        parameter = view.code["trip_u_over_10min"]
        swell = view.held_voltage(parameter.number + MARGIN, SWELL)
        view.at_power(0.5, before=swell.start - 1.0)
        seen = mean_voltage(view).maximum()
        if seen.value + seen.uncertainty >= parameter.number * view.rating.voltage:
            raise Inconclusive(f"the ten-minute mean came to {seen.value:.1f} V: the device may trip")
        if view.span.end < swell.end + WATCHED:
            raise Inconclusive("the recording ends soon after the swell")
        yield stays_connected("GRID-TRIP-10MIN", view, Span(swell.start, view.span.end), parameter)
