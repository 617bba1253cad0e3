"""What judges of grid cases say: each function looks at a recording and makes one observation of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np

from v2gready.authoring.expectations import holds, measured
from v2gready.authoring.grid.own_numbers import OwnNumber
from v2gready.authoring.grid.view import Span, View
from v2gready.grid import measurement as measure
from v2gready.grid.profile import Parameter
from v2gready.grid.series import Series
from v2gready.model.measurement import Limit, Measurement
from v2gready.model.observation import Curve, Inconclusive, Observation, Severity

Characteristic = Callable[[float], float]
"""What is wanted of a quantity at a value of another."""


def stays_connected(requirement: str, view: View, span: Span, parameter: Parameter) -> Observation:
    """The device does not leave the grid within a stretch.

    Args:
        requirement: What asks for it.
        view: The recording.
        span: The stretch.
        parameter: The number of the code that the stimulus was made from.
    """
    left = view.disconnected(span)
    seen = f"connected for {span.duration:.4g} s" if left is None else f"disconnected at {left.value:.3f} s"
    return _told(
        holds(requirement, left is None, expected="the device stays connected", seen=seen, at=view.at),
        view,
        parameter,
        (span.start, span.end) if left is None else (left.value,),
    )


def trips_in_time(requirement: str, view: View, span: Span, parameter: Parameter, *, latest: float) -> Observation:
    """The device leaves the grid within so many seconds.

    Args:
        requirement: What asks for it.
        view: The recording.
        span: From the instant at which the limit was crossed to where the recording is looked at.
        parameter: The stage.
        latest: Seconds allowed, tolerance of the code included.
    """
    since, until = span.start, span.end
    left = view.disconnected(span)
    if left is None:
        seen = f"still connected {until - since:.3g} s after the limit was crossed"
        expected = f"the device disconnects within {latest:g} s"
        return _told(
            holds(requirement, False, expected=expected, seen=seen, at=view.at), view, parameter, (since, until)
        )
    took = Measurement(left.value - since, "s", left.uncertainty)
    limit = view.code.limit(parameter.name, high=latest, unit="s")
    one = measured(requirement, took, limit, what="time to disconnect", at=view.at, rule=view.rule)
    return replace(one, instants=(since, left.value))


def delivers_again(requirement: str, view: View, after: Span, *, share: float) -> Observation:
    """The power is back in time after a disturbance, and stays.

    Args:
        requirement: What asks for it.
        view: The recording.
        after: From the instant at which the voltage is back to the end of the recording.
        share: Of rated power that the device exported before; negative while charging.
    """
    rated = view.rating.power if share > 0 else view.rating.charge_power
    wanted = view.code["frt_recovery_share"].number * abs(share) * rated
    power = view.fine.export.between(after.start, after.end)
    way = power if share > 0 else -power
    too_low = np.flatnonzero(way.values < wanted)
    back = after.end if len(too_low) and too_low[-1] + 1 == len(way) else after.start
    if len(too_low) and too_low[-1] + 1 < len(way):
        back = float(way.t[too_low[-1] + 1])
    # A one-cycle value is whole half a window after the instant that it stands for.
    took = Measurement(back - after.start, "s", float(np.hypot(way.window / 2 + way.spacing, way.time_uncertainty)))
    limit = view.code.limit("frt_recovery_time", high=view.code["frt_recovery_time"].number, unit="s")
    what = f"time until {wanted:.0f} W are back"
    return within(requirement, view, took, limit, what=what, instants=(after.start, back))


def within(
    requirement: str, view: View, value: Measurement, limit: Limit, *, what: str, instants: Iterable[float] = ()
) -> Observation:
    """A measured value against a limit, under the decision rule of the run."""
    one = measured(requirement, value, limit, what=what, at=view.at, rule=view.rule)
    return replace(one, instants=tuple(instants))


def never_above(requirement: str, view: View, series: Series, span: Span, limit: Limit, *, what: str) -> Observation:
    """The highest value of a stretch against an upper limit."""
    part = series.between(span.start, span.end)
    at = float(part.t[np.argmax(part.values)])
    return within(requirement, view, part.maximum(), limit, what=what, instants=(at,))


def never_below(requirement: str, view: View, series: Series, span: Span, limit: Limit, *, what: str) -> Observation:
    """The lowest value of a stretch against a lower limit."""
    part = series.between(span.start, span.end)
    at = float(part.t[np.argmin(part.values)])
    return within(requirement, view, part.minimum(), limit, what=what, instants=(at,))


def on_curve(
    requirement: str,
    view: View,
    points: Sequence[tuple[Span, Measurement, Measurement]],
    wanted: Characteristic,
    *,
    x: tuple[str, str],
    y: tuple[str, str],
    tolerance: float,
    parameter: Parameter,
    drawn: tuple[float, float],
) -> Iterable[Observation]:
    """Measured points against a characteristic, one observation each; the first carries the picture of all.

    Args:
        requirement: What asks for it.
        view: The recording.
        points: Stretch, abscissa, ordinate.
        wanted: The characteristic.
        x: Name and unit of the abscissa.
        y: Name and unit of the ordinate.
        tolerance: Allowed distance on either side, in the unit of y.
        parameter: The number of the code it comes from.
        drawn: Range of x to draw.
    """
    steps = [drawn[0] + (drawn[1] - drawn[0]) * n / 60 for n in range(61)]
    picture = Curve(
        x=x,
        y=y,
        expected=tuple((value, wanted(value)) for value in steps),
        tolerance=tolerance,
        points=tuple((abscissa.value, ordinate.value) for _, abscissa, ordinate in points),
    )
    for position, (span, abscissa, ordinate) in enumerate(points):
        ideal = wanted(abscissa.value)
        # What is not known of x is not known of the wanted y either.
        slack = max(abs(wanted(abscissa.value + side * abscissa.uncertainty) - ideal) for side in (-1, 1))
        value = replace(ordinate, uncertainty=ordinate.uncertainty + slack)
        limit = view.code.limit(parameter.name, low=ideal - tolerance, high=ideal + tolerance, unit=y[1])
        one = within(
            requirement,
            view,
            value,
            limit,
            what=f"{y[0]} at {abscissa.value:.4g} {x[1]}",
            instants=(span.start, span.end),
        )
        yield one if position else replace(one, curve=picture)


def no_faster_than(
    requirement: str,
    view: View,
    series: Series,
    span: Span,
    *,
    limit: float,
    window: float,
    parameter: Parameter,
    tolerance: OwnNumber,
) -> Observation:
    """The steepest rise of a quantity over a moving window against a gradient.

    Args:
        requirement: What asks for it.
        view: The recording.
        series: In W.
        span: Where to look.
        limit: W/s.
        window: Seconds over which the gradient is taken.
        parameter: The number of the code.
        tolerance: Share by which the gradient may be exceeded.
    """
    rise = measure.gradient(series.between(span.start, span.end), window)
    steepest = rise.maximum()
    most = limit * (1 + tolerance.value)
    allowed = tolerance.on(view.code.limit(parameter.name, high=most, unit=steepest.unit))
    at = float(rise.t[np.argmax(rise.values)])
    return within(requirement, view, steepest, allowed, what="gradient", instants=(at - window / 2, at + window / 2))


def remark(requirement: str, text: str, *, at: Iterable[int] = ()) -> Observation:
    """A note for the reader that decides nothing."""
    return holds(requirement, True, expected="noted", seen=text, at=at, severity=Severity.INFO)


def shortened(requirement: str, view: View, wanted: float) -> Iterable[Observation]:
    """Says so if the laboratory shortened a hold."""
    really = view.held_for(wanted)
    if really < wanted:
        yield remark(requirement, f"shortened: held for {really:g} s in place of {wanted:g} s", at=view.at)


def needed(found: float | None, what: str) -> float:
    """A fact that the judge cannot do without.

    Raises:
        Inconclusive: It is missing.
    """
    if found is None:
        raise Inconclusive(what)
    return found


def _told(one: Observation, view: View, parameter: Parameter, instants: Iterable[float]) -> Observation:
    limit = view.code.limit(parameter.name, low=0.0, unit="")
    return replace(
        one,
        provenance=limit.provenance,
        expected=f"{one.expected} ({limit.source})",
        instants=tuple(instants),
    )
