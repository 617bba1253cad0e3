"""Gates on stimuli that move the frequency: what was really played, found in the recording.

A gate raises `Inconclusive` with the reason if the stimulus was not what the case wants, or shows nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

import numpy as np

from v2gready.authoring.grid.frequency_response import AVERAGED
from v2gready.authoring.grid.view import CONNECTED_SHARE, FREQUENCY_TOLERANCE, Span, View
from v2gready.grid import measurement as measure
from v2gready.model.measurement import Measurement
from v2gready.model.observation import Inconclusive

JUMP_TOLERANCE: Final = 0.10
"""Share by which a phase jump may differ from the wanted one."""
Point = tuple[Span, Measurement, Measurement]
"""Stretch, frequency, export."""


def points(view: View, levels: Iterable[float], dwell: float, *, after: float = -math.inf) -> list[Point]:
    """Frequency and export at the end of each hold, which must have been played in that order after an instant."""
    found: list[Point] = []
    for f in levels:
        hold = view.held_frequency(f, dwell, after=after)
        settled = hold.last(AVERAGED)
        found.append((settled, view.mean(view.q.f, settled), view.export(settled)))
        after = hold.end
    return found


def stepped(view: View, level: float, to: float, *, fastest: float = 0.1) -> float:
    """The instant at which frequency stepped across a level, at once.

    Args:
        view: The recording.
        level: Hz.
        to: Hz, beyond the level, where the step ended.
        fastest: Seconds that the step may take.

    Raises:
        Inconclusive: It did not, or it went there so slowly that the device may have followed on the way.
    """
    rising = to > level
    instant = view.crossing(view.q.f, level, rising=rising)
    there = view.q.f.between(instant + fastest, instant + fastest + 0.5)
    if abs(there.mean().value - to) > 2 * abs(to - level) * 0.02 + 0.01:
        raise Inconclusive(f"frequency crossed {level:g} Hz but was not at {to:g} Hz {fastest:g} s later: no step")
    return instant


def swung(view: View, centre: float, amplitude: float, rate: float, cycles: int) -> Span:
    """The stretch in which frequency swung around a value as often and as far as wanted, but for its ends.

    Raises:
        Inconclusive: It did not, or it swung around another value.
    """
    ups = [
        one.t.value
        for one in measure.crossings(view.q.f, centre, rising=True, hysteresis=amplitude / 2)
        if _extent(view, one.t.value, 1 / rate) > 0.8 * amplitude
    ]
    runs: list[list[float]] = [[]]
    for t in ups:
        if runs[-1] and abs((t - runs[-1][-1]) * rate - 1) > 0.1:
            runs.append([])
        runs[-1].append(t)
    longest = max(runs, key=len)
    if len(longest) < cycles - 1:
        raise Inconclusive(
            f"frequency did not swing {cycles} times by {amplitude:g} Hz around {centre:g} Hz at {rate:g} Hz"
            f" (seen: {len(longest)})"
        )
    span = Span(longest[0], longest[-1])
    middle = view.mean(view.q.f, span).value
    if abs(middle - centre) > FREQUENCY_TOLERANCE:
        raise Inconclusive(f"frequency swung around {middle:.4g} Hz, the stimulus wants {centre:.4g} Hz")
    return span


def _extent(view: View, t: float, period: float) -> float:
    part = view.q.f.between(t - period / 2, t + period / 2).values
    return float(np.ptp(part)) / 2


def jumped(view: View, degrees: float, *, after: float = -math.inf) -> float:
    """The first instant at which the phase of the voltage jumped by an angle.

    The estimator of the frequency draws a jump over its own window; the area under it is the angle all the same.

    Args:
        view: The recording.
        degrees: The angle with its sign.
        after: It happened after this instant.

    Raises:
        Inconclusive: It did not jump so far.
    """
    f, nominal = view.q.f, view.code.nominal_frequency
    away = f.values - nominal
    runs = np.flatnonzero(np.diff(np.concatenate(([0], (np.abs(away) > 0.05).astype(np.int8), [0]))))
    seen = []
    for first, past in zip(runs[::2], runs[1::2], strict=True):
        middle = float(np.average(f.t[first:past], weights=np.abs(away[first:past])))
        if middle < after:
            continue
        around = np.abs(f.t - middle) <= f.window
        angle = 360.0 * float(np.trapezoid(away[around], f.t[around]))
        if abs(angle - degrees) <= JUMP_TOLERANCE * abs(degrees):
            return middle
        seen.append(f"{angle:.1f}°")
    raise Inconclusive(f"the phase did not jump by {degrees:g}° (seen: {', '.join(seen) or 'none'})")


def without_current(view: View, span: Span, seconds: float) -> Span:
    """The first stretch of so many seconds in which no current flows: there was no session.

    Raises:
        Inconclusive: Current flowed all the time.
    """
    left = view.disconnected(span)
    if left is None:
        raise Inconclusive("power never paused: there was no new session")
    since = measure.connection(view.q.envelope, view.rating.current, since=left.value, until=span.end)
    if since is None:
        raise Inconclusive("no power flowed after the pause: no new session began")
    if since.value - left.value < seconds:
        raise Inconclusive(f"power paused for {since.value - left.value:.2f} s only, {seconds:g} s are wanted")
    return Span(left.value, since.value)


def over_in(dip: Span, seconds: float, *, slack: float = 0.05) -> None:
    """A dip of frequency, with its way down and up, lasts no longer than wanted but for a share.

    Raises:
        Inconclusive: It lasts longer.
    """
    if dip.duration > (1 + slack) * seconds:
        raise Inconclusive(f"frequency was away for {dip.duration:.2f} s, the stimulus wants {seconds:g} s")


def forbidden_to_discharge(view: View, span: Span) -> None:
    """In a stretch whose frequency would make others feed the grid, the device does not: it may not discharge.

    Raises:
        Inconclusive: It feeds the grid: this is a device with the right to discharge.
    """
    seen = view.export(span)
    if seen.value > CONNECTED_SHARE * view.rating.power + seen.uncertainty:
        raise Inconclusive(f"the device fed {seen.value:.0f} W to the grid: its right to discharge was not taken away")


def moved(view: View, start: Measurement, span: Span, least: float) -> Measurement:
    """Export at a stretch, which must differ from the start by a share of rated power: there is something to see.

    Raises:
        Inconclusive: It does not.
    """
    seen = view.export(span)
    if abs(seen.value - start.value) < least * view.rating.power:
        raise Inconclusive(
            f"power was {start.value:.0f} W and then {seen.value:.0f} W: it did not respond, nothing can return"
        )
    return seen
