"""Words for what follows the voltage or the active power step by step: volt-watt, Q(U), cos φ(P), setpoints of Q."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final

import numpy as np

from v2gready.authoring.grid.bench import GridBench
from v2gready.authoring.grid.excursions import INSIDE
from v2gready.authoring.grid.judgements import Characteristic, within
from v2gready.authoring.grid.view import HOLD_SHARE, VOLTAGE_TOLERANCE, Span, View
from v2gready.grid import measurement as measure
from v2gready.grid.profile import Parameter, Profile
from v2gready.grid.script import Script
from v2gready.grid.series import Series
from v2gready.model.measurement import Measurement
from v2gready.model.observation import Inconclusive, Observation

MOVING: Final = 0.5
"""Seconds from one voltage to the next."""
AVERAGED: Final = 3.0
"""Seconds at the end of a hold over which power is averaged."""
USUAL_RANGE: Final = (0.90, 1.10)
"""pu, where the code names no continuous range (EN 50160)."""
USUAL_Q_TOLERANCE: Final = 0.02
"""Of Smax, where the code names none (EN 50549-10 [u])."""
LEVEL: Final = 15.0
"""Seconds that a level of power is played: the device comes to it and stays."""
STAYED: Final = 8.0
"""Seconds that it must be seen to stay."""
NEAR: Final = 0.12
"""Of rated power by which a level may differ: where apparent power is exhausted, active power yields."""
ANSWERED: Final = 0.5
"""Share of the reactive power of the curve by which it may differ where it only has to show that Q(U) is on."""
ANSWER: Final = 0.2
"""Seconds at the end of that step that are looked at."""
Point = tuple[Span, Measurement, Measurement]
"""Stretch, abscissa, ordinate."""


def q_tolerance(view: View) -> float:
    """Tolerance of reactive power, var."""
    parameter = view.code.get("q_tolerance")
    return (USUAL_Q_TOLERANCE if parameter is None else parameter.number) * view.rating.apparent


def tangent(cosphi: float) -> float:
    """Reactive power for each active power at a power factor."""
    return math.sqrt(1.0 - cosphi * cosphi) / cosphi


# --- voltages ---------------------------------------------------------------------------------------------------------


def continuous(code: Profile) -> tuple[float, float]:
    """Lowest and highest voltage to play for long, pu: a little inside of the range without an end."""
    ranges = code.get("voltage_range")
    rows = () if ranges is None else [row for row in ranges.rows if math.isinf(row[2])]
    low, high = (rows[0][0], rows[0][1]) if rows else USUAL_RANGE
    return low + INSIDE, high - INSIDE


def highest_voltage(code: Profile) -> float:
    """The voltage that no stage of the protection looks at and the curve of swells allows for a minute, pu."""
    stages = [code[name].stage[0] for name in ("trip_u_over", "trip_u_over_2", "trip_u_over_3") if name in code]
    swells = [u for t, u in code["ovrt"].rows if t >= 60.0] if "ovrt" in code else []
    highest = max(swells, default=math.inf)
    return min([*stages, highest]) - INSIDE


def voltage_stairs(script: Script, levels: Iterable[float], dwell: float) -> Script:
    """Goes from one voltage to the next, pu, and stays at each for so many seconds."""
    for u in levels:
        script = script.ramp(u=u, seconds=MOVING).hold(dwell)
    return script


def voltage_points(
    view: View, series: Series, levels: Iterable[float], dwell: float, *, averaged: float = AVERAGED
) -> list[Point]:
    """Voltage in V, and a quantity, at the end of each hold; the holds must have been played in that order.

    Raises:
        Inconclusive: They were not.
    """
    nominal = view.rating.voltage
    wanted = [u * nominal for u in levels]
    apart = min((abs(one - other) for one, other in pairwise(wanted) if one != other), default=math.inf)
    near = min(VOLTAGE_TOLERANCE * nominal, apart / 2)
    flat = measure.plateaus(view.q.u_pos, near / 2, HOLD_SHARE * dwell - view.q.u_pos.window)
    found: list[Point] = []
    after = -math.inf
    for volts in wanted:
        holds = [
            one for one in flat if one.start > after and abs(one.mean.value - volts) <= near + one.mean.uncertainty
        ]
        if not holds:
            raise Inconclusive(f"the voltage was not held at {volts:.2f} V for {dwell:g} s in its turn")
        hold = Span(holds[0].start, holds[0].end)
        settled = hold.last(averaged)
        found.append((settled, view.mean(view.q.u_pos, settled), view.mean(series, settled)))
        after = hold.end
    return found


def by_volts(view: View, name: str, factor: float) -> Characteristic:
    """A curve over pu of voltage as one over V."""
    curve = view.code.curve(name)
    nominal = view.code.nominal_voltage
    return lambda volts: factor * curve(volts / nominal)


def flanks(code: Profile) -> tuple[float, ...]:
    """Voltages up and down a Q(U) curve, pu: nominal, half way down each flank and beyond, as the range allows."""
    low, high = continuous(code)
    x = code.curve("qu_curve").x
    middle = len(x) // 2
    left, right = sorted(x[:middle], reverse=True), x[middle:]
    up = [(right[0] + right[-1]) / 2, right[-1] + INSIDE]
    down = [(left[0] + left[-1]) / 2, left[-1] - INSIDE]
    up, down = ([min(max(u, low), high) for u in side] for side in (up, down))
    return (1.0, *up, up[0], 1.0, *down, down[0], 1.0)


def volt_var_asked(script: Script, code: Profile) -> Script:
    """A step half way up a flank for the time of Q(U), and back until its reactive power is gone."""
    seconds = code["qu_time"].number
    return script.hold(MOVING).step(u=flanks(code)[1]).hold(seconds).step(u=1.0).hold(2 * seconds)


def volt_var_answered(view: View) -> None:
    """That step was played, and reactive power followed the curve.

    Raises:
        Inconclusive: It was not, or did not: Q(U) was not on.
    """
    high = view.held_voltage(flanks(view.code)[1], view.code["qu_time"].number).last(ANSWER)
    ideal = by_volts(view, "qu_curve", view.rating.apparent)(view.mean(view.q.u_pos, high).value)
    seen = view.mean(view.q.q_export, high).value
    if not ideal or abs(seen - ideal) > ANSWERED * abs(ideal):
        raise Inconclusive(f"Q(U) was not seen: {seen:.0f} var at {high.end:.2f} s, the curve wants {ideal:.0f} var")


# --- levels of power --------------------------------------------------------------------------------------------------


async def power_stairs(bench: GridBench, levels: Iterable[float]) -> None:
    """Sets one share of rated power after the other, negative while charging, and records each."""
    for share in levels:
        if share < 0:
            await bench.charge(-share)
        else:
            await bench.export(share)
        await bench.play(bench.calm.hold(LEVEL))


def power_levels(view: View, levels: Iterable[float]) -> list[Span]:
    """The ends of the stretches in which power stayed at each share of rated power, in that order.

    Raises:
        Inconclusive: It did not.
    """
    found: list[Span] = []
    after = -math.inf
    for share in levels:
        rated = view.rating.power if share > 0 else view.rating.charge_power
        hold = _stayed(view.q.export, share * rated, NEAR * rated, after)
        if hold is None:
            raise Inconclusive(f"power did not stay at {share * rated:.0f} W for {STAYED:g} s")
        found.append(Span(hold.start, min(hold.end, hold.start + LEVEL)).last(AVERAGED))
        after = found[-1].end
    return found


def _stayed(series: Series, level: float, tolerance: float, after: float) -> Span | None:
    inside = (np.abs(series.values - level) <= tolerance + series.uncertainty) & (series.t >= after)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], inside.astype(np.int8), [0]))))
    for first, past in zip(edges[::2], edges[1::2], strict=True):
        if series.t[past - 1] - series.t[first] >= STAYED:
            return Span(float(series.t[first]), float(series.t[past - 1]))
    return None


def power_points(view: View, series: Series, levels: Iterable[float]) -> list[Point]:
    """Export and a quantity at each level of power."""
    return [(span, view.export(span), view.mean(series, span)) for span in power_levels(view, levels)]


def reaches(requirement: str, view: View, point: Point, parameter: Parameter, *, sign: float) -> Observation:
    """Reactive power is at least what a power factor makes of the active power.

    Args:
        requirement: What asks for it.
        view: The recording.
        point: Stretch, export, reactive power (over-excited positive).
        parameter: The power factor.
        sign: 1 over-excited, -1 under-excited.
    """
    span, export, reactive = point
    least = tangent(parameter.number) * abs(export.value) - q_tolerance(view)
    limit = view.code.limit(parameter.name, low=least, unit="var")
    way = Measurement(sign * reactive.value, "var", reactive.uncertainty)
    what = f"{'over' if sign > 0 else 'under'}-excited reactive power at {export.value:.0f} W"
    return within(requirement, view, way, limit, what=what, instants=(span.start, span.end))


def between_capability_and_curve(
    requirement: str, view: View, points: Iterable[Point], *, capability: Parameter, curve: Parameter
) -> Iterator[Observation]:
    """Reactive power has the sign of a curve, is at most as large, and as large as the power factor lets it be.

    Args:
        requirement: What asks for it.
        view: The recording.
        points: Stretch, voltage in V, reactive power.
        capability: The power factor that the device must reach.
        curve: Q(U).
    """
    ideal = by_volts(view, curve.name, view.rating.apparent)
    slack = q_tolerance(view)
    for span, volts, reactive in points:
        wanted = ideal(volts.value)
        least = min(abs(wanted), tangent(capability.number) * abs(view.export(span).value))
        low, high = sorted((math.copysign(least, wanted), wanted))
        limit = view.code.limit(curve.name, low=low - slack, high=high + slack, unit="var")
        what = f"reactive power at {volts.value:.4g} V"
        yield within(requirement, view, reactive, limit, what=what, instants=(span.start, span.end))
