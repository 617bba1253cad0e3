"""Damping of an oscillation by its logarithmic decrement."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from v2gready.grid.recording import Floats
from v2gready.grid.series import Series
from v2gready.model.measurement import Measurement
from v2gready.model.observation import Inconclusive

LEAST_CYCLES = 5
"""Cycles that must be visible (RfG Art 44/47: no undamped oscillation; the count is the reference's)."""
_PARABOLA = 1e-3
"""Expanded uncertainty of a decrement by the parabola through the tops. Held by the property tests."""


@dataclass(frozen=True, slots=True)
class Damping:
    """An oscillation that grows or dies out.

    Attributes:
        decrement: Logarithm of the ratio of two swings one cycle apart; negative when it grows.
        ratio: Damping ratio (1 is aperiodic).
        frequency: Hz.
        cycles: Cycles that were visible.
    """

    decrement: Measurement
    ratio: Measurement
    frequency: Measurement
    cycles: float


def damping(series: Series, *, floor: float = 0.0) -> Damping:
    """Logarithmic decrement of the swings from turning point to turning point.

    The swing between two neighbouring extremes does not depend on the level around which it takes place, as long as
    that does not move within half a cycle. A running mean first takes noise off the extremes; it makes all swings
    smaller by the same share, which leaves the decrement alone.

    Args:
        series: The stretch with the oscillation (`Series.between`), evenly spaced.
        floor: Swings below that are not looked at, in the unit of the series; at least four times the noise.

    Raises:
        Inconclusive: Fewer than five cycles are visible.
    """
    span = float(np.ptp(series.values)) if len(series) else 0.0
    floor = max(floor, 4 * series.noise, 1e-9 * span)
    rough = _turning_points(series.values, floor)
    _refuse_few(len(rough) - 1)
    smooth, reach = _smoothed(series, 2 * float(np.mean(np.diff(series.t[rough]))))
    instants, levels = _refined(smooth, _turning_points(smooth.values, floor), reach)
    swings = np.abs(np.diff(levels))
    _refuse_few(len(swings))
    order = np.arange(len(swings)) / 2
    log = np.log(swings)
    # A swing just above the floor is known badly: weighted by its size over its noise.
    weight = swings**2
    away = order - np.average(order, weights=weight)
    spread = np.sum(weight * away**2)
    decrement = -float(np.sum(weight * away * log) / spread)
    left = log - np.average(log, weights=weight) + decrement * away
    by_fit = 2 * float(np.sqrt(np.average(left**2, weights=weight) * np.sum(weight**2 * away**2))) / float(spread)
    # Noise makes extremes look further out than they are, all of them: it does not average out.
    by_noise = float(np.sum(weight * np.abs(away) * smooth.noise / swings) / spread)
    period = 2 * float(instants[-1] - instants[0]) / (len(instants) - 1)
    # Near the top of a cosine noise moves the instant by the root of its share.
    flat = np.sqrt(4 * smooth.noise / swings[[0, -1]]) * period / (2 * np.pi)
    ends = float(np.hypot(*(flat + series.spacing / 2))) + series.time_uncertainty
    u = by_fit + by_noise + _PARABOLA
    return Damping(
        decrement=Measurement(decrement, "", u),
        ratio=Measurement(decrement / float(np.hypot(2 * np.pi, decrement)), "", u / (2 * np.pi)),
        frequency=Measurement(1 / period, "Hz", 2 * ends / (len(instants) - 1) / period**2),
        cycles=len(swings) / 2,
    )


def _refuse_few(swings: int) -> None:
    if swings < 2 * LEAST_CYCLES:
        raise Inconclusive(
            f"{max(swings, 0) / 2:g} cycles of an oscillation are visible; its damping needs {LEAST_CYCLES}"
        )


def _smoothed(series: Series, period: float) -> tuple[Series, int]:
    """Running mean over an eighth of a period, and half its width in samples (at least one)."""
    reach = int(period / 16 / series.spacing)
    if reach < 1:
        return series, 1
    width = 2 * reach + 1
    values = np.convolve(series.values, np.full(width, 1 / width), mode="valid")
    inner = slice(reach, len(series) - reach)
    fewer = np.sqrt(max(width * series.spacing / max(series.window, series.spacing), 1.0))
    return (
        replace(
            series,
            t=series.t[inner],
            values=values,
            uncertainty=series.uncertainty[inner],
            noise=series.noise / float(fewer),
        ),
        reach,
    )


def _turning_points(values: Floats, floor: float) -> list[int]:
    """Indexes of extremes that differ from their neighbours by more than a floor (the walk is over extremes alone).

    The first and the last value of the series are no extremes: what they are part of may go on outside.
    """
    if len(values) < 3:
        return []
    rising = np.diff(values) > 0
    local = np.flatnonzero(rising[1:] != rising[:-1]) + 1
    turns = [0]
    for index in (*local.tolist(), len(values) - 1):
        here = float(values[index])
        if len(turns) >= 2:
            upward = values[turns[-1]] > values[turns[-2]]
            if (here > values[turns[-1]]) if upward else (here < values[turns[-1]]):
                turns[-1] = index
                continue
        if abs(here - values[turns[-1]]) > floor:
            turns.append(index)
    return turns[1:-1]


def _refined(series: Series, turns: list[int], reach: int) -> tuple[Floats, Floats]:
    """Extremes between the samples, by the parabola through three of them."""
    at = np.array([turn for turn in turns if reach <= turn < len(series) - reach], dtype=np.int64)
    left, here, right = (series.values[at + shift] for shift in (-reach, 0, reach))
    bend = left - 2 * here + right
    shift = np.where(bend != 0, (left - right) / (2 * np.where(bend != 0, bend, 1.0)), 0.0)
    shift = np.clip(shift, -1.0, 1.0)
    return series.t[at] + shift * reach * series.spacing, here - (left - right) * shift / 4
