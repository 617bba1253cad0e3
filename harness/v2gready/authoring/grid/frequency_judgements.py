"""Words for judges of active power that answers frequency. Power is export, positive towards the grid."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from v2gready.authoring.expectations import holds
from v2gready.authoring.grid.frequency_gates import Point
from v2gready.authoring.grid.frequency_response import AVERAGED, Droop
from v2gready.authoring.grid.judgements import Characteristic, no_faster_than, within
from v2gready.authoring.grid.own_numbers import GRADIENT, GROWTH, QUIET, STEP_OVERSHOOT, OwnNumber
from v2gready.authoring.grid.view import POWER_TOLERANCE, Span, View
from v2gready.grid import measurement as measure
from v2gready.grid.profile import Parameter
from v2gready.grid.series import Series
from v2gready.model.measurement import Limit, Measurement
from v2gready.model.observation import Curve, Inconclusive, Observation

TOLD_REFERENCES: Final = ("Pn", "P_at_threshold", "Pmax_inj", "Pmax_abs")
BACK: Final = 0.05
"""Hz above nominal where frequency comes back to: inside the recovery band of every code."""
MINUTE: Final = 60.0
"""Seconds over which the gradient of a return is taken: codes speak of a minute."""
RETURN: Final = 3 * MINUTE
"""Seconds for which the return is watched."""
LEAST_RETURN: Final = 0.05
"""Of rated power that must come back in that time: without a return there is no gradient to judge."""


def stays_on(requirement: str, view: View, span: Span, parameter: Parameter, *, longest: float = 2.0) -> Observation:
    """The device does not leave the grid, though its current may pass through zero from charging to feeding.

    Args:
        requirement: What asks for it.
        view: The recording.
        span: The disturbance and, after it, more than the longest pause.
        parameter: The number of the code that the stimulus was made from.
        longest: Seconds without current that are no disconnection.
    """
    left = measure.disconnection(view.q.envelope, view.rating.current, since=span.start, until=span.end, hold=longest)
    limit = view.code.limit(parameter.name, low=0.0, unit="")
    seen = f"current flows for {span.duration:.4g} s" if left is None else f"no current from {left.value:.3f} s on"
    one = holds(
        requirement, left is None, expected=f"the device stays connected ({limit.source})", seen=seen, at=view.at
    )
    return replace(one, provenance=limit.provenance, instants=(span.start, span.end) if left is None else (left.value,))


def unchanged(
    requirement: str, view: View, start: Measurement, span: Span, parameter: Parameter, *, own: OwnNumber = QUIET
) -> Observation:
    """Export in a stretch is what it was, but for a share of rated power."""
    slack = own.value * view.rating.power
    limit = own.limit("W", low=start.value - slack, high=start.value + slack, code=view.code, played=parameter)
    return within(requirement, view, view.export(span), limit, what="export", instants=(span.start, span.end))


def between_bounds(
    requirement: str,
    view: View,
    span: Span,
    bounds: tuple[float, float],
    parameter: Parameter,
    *,
    own: OwnNumber | None = None,
) -> Iterator[Observation]:
    """Every value of export in a stretch lies between two bounds in W; their distance may be our own number."""

    def bound(low: float | None = None, high: float | None = None) -> Limit:
        if own is not None:
            return own.limit("W", low=low, high=high, code=view.code, played=parameter)
        return view.code.limit(parameter.name, low=low, high=high, unit="W")

    low, high = bounds
    part = view.q.export.between(span.start, span.end)
    for value, at, limit in (
        (part.minimum(), np.argmin(part.values), bound(low=low)),
        (part.maximum(), np.argmax(part.values), bound(high=high)),
    ):
        what = "lowest export" if limit.high is None else "highest export"
        yield within(requirement, view, value, limit, what=what, instants=(float(part.t[at]),))


def not_below_curve(
    requirement: str,
    view: View,
    points_: Sequence[Point],
    floor: Characteristic,
    *,
    tolerance: float,
    parameter: Parameter,
    drawn: tuple[float, float],
) -> Iterator[Observation]:
    """Export is at least what a curve asks, one observation each; the first carries the picture of all.

    Args:
        requirement: What asks for it.
        view: The recording.
        points_: Stretch, frequency, export.
        floor: Least export in W at a frequency.
        tolerance: W.
        parameter: The number of the code.
        drawn: Range of frequency to draw.
    """
    steps = [drawn[0] + (drawn[1] - drawn[0]) * n / 60 for n in range(61)]
    picture = Curve(
        x=("f", "Hz"),
        y=("export", "W"),
        expected=tuple((f, floor(f)) for f in steps),
        points=tuple((f.value, export.value) for _, f, export in points_),
    )
    for position, (span, f, export) in enumerate(points_):
        slack = max(abs(floor(f.value + side * f.uncertainty) - floor(f.value)) for side in (-1, 1))
        limit = view.code.limit(parameter.name, low=floor(f.value) - tolerance, unit="W")
        one = within(
            requirement,
            view,
            replace(export, uncertainty=export.uncertainty + slack),
            limit,
            what=f"export at {f.value:.4g} Hz",
            instants=(span.start, span.end),
        )
        yield one if position else replace(one, curve=picture)


def keeps_up(
    requirement: str,
    view: View,
    span: Span,
    floor: Characteristic,
    *,
    late: float,
    tolerance: float,
    parameter: Parameter,
) -> Observation:
    """While frequency falls, export is never further below a curve than the time allowed to respond explains.

    Args:
        requirement: What asks for it.
        view: The recording.
        span: The fall and what follows.
        floor: Least export in W at a frequency.
        late: Seconds by which power may come after frequency.
        tolerance: W.
        parameter: The number of the code.
    """
    export, f = view.q.export.between(span.start, span.end), view.q.f
    earlier = np.interp(export.t - late, f.t, f.values)
    due = np.array([floor(float(one)) for one in earlier])
    margin = export.values - due
    worst = int(np.argmin(margin))
    value = Measurement(float(margin[worst]), "W", float(export.uncertainty[worst]))
    limit = view.code.limit(parameter.name, low=-tolerance, unit="W")
    what = f"export above the curve of {late:g} s before"
    return within(requirement, view, value, limit, what=what, instants=(float(export.t[worst]),))


def returns_slowly(requirement: str, view: View, series: Series, rated: float, *, after: float) -> Observation:
    """Once the frequency is back, power returns no faster than the gradient of the code.

    Args:
        requirement: What asks for it.
        view: The recording.
        series: The power that returns, rising.
        rated: W that the gradient is a share of.
        after: The end of the stretch in which frequency was away.

    Raises:
        Inconclusive: Power did not return.
    """
    back = view.held_frequency(view.code.nominal_frequency + BACK, RETURN, after=after)
    away, last = Span(after - AVERAGED, after), back.last(AVERAGED)
    returned = view.mean(series, last).value - view.mean(series, away).value
    if returned < LEAST_RETURN * rated:
        raise Inconclusive(f"power came back by {returned:.0f} W in {back.duration:.0f} s: it did not return")
    gradient = view.code["lfsmo_return_gradient"]
    limit = gradient.number * rated
    return no_faster_than(
        requirement, view, series, back, limit=limit, window=MINUTE, parameter=gradient, tolerance=GRADIENT
    )


def quick_enough(requirement: str, view: View, droop: Droop, span: Span) -> Iterator[Observation]:
    """The response to a step of frequency begins, rises and settles in the times that the code names.

    Args:
        requirement: What asks for it.
        view: The recording.
        droop: What the device answers with.
        span: From the step to where the response must have ended.
    """
    band = droop.tolerance * view.rating.power
    response = measure.step_response(view.q.export, span.start, until=span.end, band=band, steady=AVERAGED)
    for suffix, time, what in (
        ("delay", response.dead_time, "dead time"),
        ("rise", response.rise_time, "rise time"),
        ("settling", response.settling_time, "settling time"),
    ):
        parameter = view.code.get(f"{droop.prefix}_{suffix}")
        if parameter is not None:
            limit = view.code.limit(parameter.name, high=parameter.number, unit="s")
            yield within(requirement, view, time, limit, what=what, instants=(span.start, span.start + time.value))


def well_damped(requirement: str, view: View, droop: Droop, span: Span) -> Iterator[Observation]:
    """The response to a step does not overshoot and does not go on swinging; arguments as of `quick_enough`."""
    parameter = f"{droop.prefix}_droop"
    settled = view.q.export.between(min(span.start + droop.settling, span.end - AVERAGED), span.end)
    yield within(
        requirement,
        view,
        swing_of(settled),
        view.code.limit(parameter, high=2 * droop.tolerance * view.rating.power, unit="W"),
        what=f"swing of power {droop.settling:g} s after the step",
        instants=(settled.start, settled.end),
    )
    # Says inconclusive if power did not move at all.
    response = measure.step_response(view.q.export, span.start, until=span.end, steady=AVERAGED)
    yield within(
        requirement,
        view,
        response.overshoot,
        STEP_OVERSHOOT.limit("", high=STEP_OVERSHOOT.value, code=view.code, played=view.code[parameter]),
        what="overshoot as a share of the step",
        instants=(span.start, span.end),
    )


def swing_of(series: Series) -> Measurement:
    """From the lowest value to the highest."""
    low, high = series.minimum(), series.maximum()
    return Measurement(high.value - low.value, series.unit, math.hypot(low.uncertainty, high.uncertainty))


def does_not_grow(requirement: str, view: View, span: Span, parameter: Parameter) -> Observation:
    """Power swings no further at the end of a stretch than in its first part.

    Raises:
        Inconclusive: Power does not swing at all: there is nothing that could grow.
    """
    third = span.duration / 3
    series = view.q.export
    first = swing_of(series.between(span.start, span.start + third))
    last = swing_of(series.between(span.end - third, span.end))
    if first.value < QUIET.value / 4 * view.rating.power:
        raise Inconclusive(f"power swings by {first.value:.0f} W only while frequency swings")
    doubt = math.hypot(last.uncertainty, first.uncertainty * last.value / first.value) / first.value
    limit = GROWTH.limit("", high=GROWTH.value, code=view.code, played=parameter)
    grown = Measurement(last.value / first.value, "", doubt)
    return within(requirement, view, grown, limit, what="last swings over the first", instants=(span.start, span.end))


def slope(view: View, span: Span) -> Measurement:
    """Change of export for each Hz in a stretch in which frequency moves, W/Hz: the straight line through all values.

    Raises:
        Inconclusive: Frequency does not move enough.
    """
    export = view.q.export.between(span.start, span.end)
    f = np.interp(export.t, view.q.f.t, view.q.f.values)
    if np.ptp(f) < 0.1:
        raise Inconclusive(f"frequency moves by {np.ptp(f):.3f} Hz only: no slope to be seen")
    away = f - f.mean()
    value = float(np.sum(away * export.values) / np.sum(away * away))
    left = export.values - export.values.mean() - value * away
    # Deviations from the line hang together: half a dozen of them are taken for independent.
    doubt = 2 * float(np.std(left)) / (float(np.std(f)) * math.sqrt(6)) + abs(value) * 0.001
    return Measurement(value, f"{export.unit}/Hz", doubt)


def lasting(series: Series, level: float, span: Span, *, rising: bool = True) -> Measurement | None:
    """The instant from which on a quantity stays above (or below) a level to the end of a stretch; None if never."""
    part = series.between(span.start, span.end)
    wrong = part.values < level if rising else part.values > level
    if wrong[-1]:
        return None
    bad = np.flatnonzero(wrong)
    first = int(bad[-1]) + 1 if len(bad) else 0
    return Measurement(float(part.t[first]), "s", part.spacing / 2 + part.window / 2 + part.time_uncertainty)


def in_time(
    requirement: str, view: View, since: float, reached: Measurement | None, parameter: Parameter, *, what: str
) -> Observation:
    """Something has happened for good within the time of a parameter."""
    limit = view.code.limit(parameter.name, high=parameter.number, unit="s")
    if reached is None:
        one = holds(
            requirement,
            False,
            expected=f"{what} within {parameter.number:g} s ({limit.source})",
            seen="never",
            at=view.at,
        )
        return replace(one, provenance=limit.provenance, instants=(since,))
    took = Measurement(reached.value - since, "s", reached.uncertainty)
    return within(requirement, view, took, limit, what=f"time until {what}", instants=(since, reached.value))


def changes_of_mode(view: View, span: Span) -> tuple[float, ...]:
    """Instants at which the device went from charging to feeding or back."""
    export = view.q.export.between(span.start, span.end)
    found = measure.crossings(export, 0.0, hysteresis=POWER_TOLERANCE * view.rating.power)
    return tuple(one.t.value for one in found)


def at_most_one_change(requirement: str, view: View, span: Span, parameter: Parameter) -> Observation:
    """Between charging and feeding the device goes once at most."""
    seen = changes_of_mode(view, span)
    limit = view.code.limit(parameter.name, high=1.0, unit="")
    count = Measurement(float(len(seen)), "")
    return within(requirement, view, count, limit, what="changes between charging and feeding", instants=seen)


def told_by_reference(
    observations: Iterable[Observation], view: View, droop: Droop, start: Measurement, levels: Sequence[Point]
) -> Iterator[Observation]:
    """The same observations, each also telling what the power would be with every reference power.

    Args:
        observations: One for each point.
        view: The recording.
        droop: The characteristic.
        start: Export at the threshold.
        levels: The points.
    """
    for one, (_, f, export) in zip(observations, levels, strict=True):
        told = ", ".join(
            f"{droop.wanted(view, start, name)(f.value):.0f} W with {name}"
            for name in ("Pn", "P_at_threshold", "Pmax_abs")
        )
        moved_by = abs(export.value - start.value)
        used = moved_by / abs(droop.change(f.value)) if droop.change(f.value) else math.nan
        yield replace(one, seen=f"{one.seen}; due: {told}; the device refers to {used:.0f} W")
