"""Plateaus and ramps: what the stimulus really was, found in the measurement and not in the script."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from v2gready.grid.measurement.gradients import trend
from v2gready.grid.recording import Floats
from v2gready.grid.series import Series
from v2gready.model.measurement import Measurement
from v2gready.model.observation import Inconclusive


@dataclass(frozen=True, slots=True)
class Plateau:
    """A stretch on which a quantity stays put.

    Attributes:
        start: Instant of the first value of it, s.
        end: Instant of the last, s.
        mean: Level.
    """

    start: float
    end: float
    mean: Measurement

    @property
    def duration(self) -> float:
        """Seconds."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Ramp:
    """A stretch on which a quantity moves steadily.

    Attributes:
        start: Instant of its first corner, s.
        end: Instant of its last corner, s.
        rate: Slope of the straight line between the corners, signed.
        corner_uncertainty: Expanded uncertainty (k = 2) of both instants, s.
    """

    start: float
    end: float
    rate: Measurement
    corner_uncertainty: float

    @property
    def duration(self) -> Measurement:
        """Seconds between the corners."""
        return Measurement(self.end - self.start, "s", self.corner_uncertainty * np.sqrt(2))

    def over(self, window: float) -> Measurement:
        """Largest mean rate over a moving window: what a code means by "2 Hz/s over 500 ms".

        A ramp shorter than the window fills a part of it alone.

        Args:
            window: Seconds.
        """
        share = min(self.duration.value / window, 1.0)
        short = self.duration.value - self.duration.uncertainty < window
        by_corners = abs(self.rate.value) * self.duration.uncertainty / window if short else 0.0
        return Measurement(
            self.rate.value * share, self.rate.unit, float(np.hypot(self.rate.uncertainty * share, by_corners))
        )


def plateaus(series: Series, tolerance: float, min_duration: float, *, bridge: float | None = None) -> list[Plateau]:
    """Stretches of a least duration on which all values lie within a tolerance of their middle.

    Args:
        series: Any quantity.
        tolerance: Half the width of the band, in the unit of the series; more than its noise, less than half a step.
        min_duration: Seconds.
        bridge: Two plateaus of the same level so close together are one (the trace of a phase jump in the frequency):
            by default one window of the series, and two values.

    Returns:
        In order of time. A drift slower than the tolerance per duration is no plateau's end, it is cut into several.
    """
    if len(series) < 2:
        return []
    bridge = series.window + 2 * series.spacing if bridge is None else bridge
    count = max(2, round(min_duration / series.spacing) + 1)
    if len(series) < count:
        return []
    calm = np.flatnonzero(_range(series.values, count) <= 2 * tolerance)
    found: list[tuple[int, int, float]] = []
    begin = 0
    while True:
        later = calm[np.searchsorted(calm, begin) :]
        if not len(later):
            break
        first, last, middle = _stretch(series.values, int(later[0]), count, tolerance)
        begin = max(last + 1, first + 1)
        if last - first + 1 >= count:
            found.append((first, last, middle))
    return [_plateau(series, first, last) for first, last in _merged(series, found, tolerance, bridge)]


def ramps(series: Series, *, least: float = 0.05, shortest: float = 0.1, window: float = 0.1) -> list[Ramp]:
    """Stretches on which a quantity moves at least so fast, and steadily.

    A step that the estimator draws over its own window is none, and neither is the trace of a phase jump.

    Args:
        series: E.g. frequency.
        least: Rate from which on something counts as moving, unit per second.
        shortest: Seconds between the corners.
        window: Seconds over which motion is detected; the rate is fitted between the corners.

    Raises:
        Inconclusive: The series is too short or too coarse for that window.
    """
    reach = max(window, 2 * series.spacing)
    speed = _speed(series, reach)
    blur = series.window + reach
    found = []
    for sign in (1.0, -1.0):
        moving = np.concatenate(([False], sign * speed.values >= least, [False]))
        edges = np.flatnonzero(np.diff(moving.astype(np.int8)))
        for first, past in zip(edges[::2], edges[1::2], strict=True):
            one = _ramp(series, speed, (int(first), int(past)), sign, blur)
            if one is not None and one.end - one.start >= shortest - one.corner_uncertainty:
                found.append(one)
    return sorted(found, key=lambda one: one.start)


def _stretch(values: Floats, begin: int, count: int, tolerance: float) -> tuple[int, int, float]:
    """First and last index around a calm beginning, and the middle.

    The middle of the beginning is rough: it bounds a first, wider stretch, whose middle bounds the final one. Steps are
    more than twice the tolerance away, so that the wider stretch does not reach over one.
    """
    rough = float(np.median(values[begin : begin + count]))
    off = np.abs(values[begin:] - rough) > 1.5 * tolerance
    wide = values[begin : begin + (int(np.argmax(off)) if np.any(off) else len(off))]
    middle = float(np.mean(wide)) if len(wide) else rough
    near = np.abs(values[begin:] - middle) <= tolerance
    if not np.any(near):
        return begin, begin, middle
    skipped = int(np.argmax(near))
    away = ~near[skipped:]
    first = begin + skipped
    return first, first + (int(np.argmax(away)) if np.any(away) else len(away)) - 1, middle


def _speed(series: Series, reach: float) -> Series:
    if len(series) < 3 or series.end - series.start <= reach:
        raise Inconclusive(f"less was measured than the window of {reach * 1000:.0f} ms")
    t = series.t[(series.t >= series.start + reach / 2) & (series.t <= series.end - reach / 2)]
    rise = np.interp(t + reach / 2, series.t, series.values) - np.interp(t - reach / 2, series.t, series.values)
    return Series(t, rise / reach, f"{series.unit}/s", np.zeros(len(t)))


def _ramp(series: Series, speed: Series, run: tuple[int, int], sign: float, blur: float) -> Ramp | None:
    """The ramp within a run of motion, or None if nothing of the run is free of the estimator's own window."""
    first, past = run
    size = sign * speed.values[first:past]
    # Smoothed by a symmetrical window, the speed at a corner is half of what it is on the ramp.
    full = float(np.median(size[size >= 0.8 * size.max()]))
    there = first + np.flatnonzero(size >= full / 2)
    left, right = int(there[0]), int(there[-1])
    start = _halfway(speed, left - 1, left, sign * full / 2) if left > 0 else series.start
    end = _halfway(speed, right, right + 1, sign * full / 2) if right + 1 < len(speed) else series.end
    trim = series.window / 2 + series.spacing
    open_start, open_end = left == 0, right + 1 == len(speed)
    inner = (start + (0.0 if open_start else trim), end - (0.0 if open_end else trim))
    if inner[1] - inner[0] < max(2.5 * series.spacing, 0.02):
        return None
    rate = trend(series.between(*inner))
    doubt = float(np.hypot(series.spacing / 2 + 0.05 * blur, series.time_uncertainty))
    return Ramp(start, end, rate, doubt)


def _halfway(speed: Series, left: int, right: int, level: float) -> float:
    rise = speed.values[right] - speed.values[left]
    share = (level - speed.values[left]) / rise if rise else 0.5
    return float(speed.t[left] + min(max(share, 0.0), 1.0) * (speed.t[right] - speed.t[left]))


def _range(values: Floats, count: int) -> Floats:
    """Highest less lowest of each ``count`` values in a row, in linear time (van Herk): block-wise running extremes."""
    return _highest(values, count) + _highest(-values, count)


def _highest(values: Floats, count: int) -> Floats:
    blocks = -(-len(values) // count)
    padded = np.full(blocks * count, -np.inf)
    padded[: len(values)] = values
    square = padded.reshape(blocks, count)
    forward = np.maximum.accumulate(square, axis=1).ravel()
    backward = np.maximum.accumulate(square[:, ::-1], axis=1)[:, ::-1].ravel()
    starts = np.arange(len(values) - count + 1)
    result: Floats = np.maximum(backward[starts], forward[starts + count - 1])
    return result


def _merged(
    series: Series, found: list[tuple[int, int, float]], tolerance: float, bridge: float
) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    level = 0.0
    for first, last, middle in found:
        if merged and series.t[first] - series.t[merged[-1][1]] <= bridge and abs(middle - level) <= tolerance / 2:
            merged[-1] = (merged[-1][0], last)
        else:
            merged.append((first, last))
            level = middle
    return merged


def _plateau(series: Series, first: int, last: int) -> Plateau:
    start, end = float(series.t[first]), float(series.t[last])
    margin = min(series.window / 2, (end - start) / 4)
    return Plateau(start, end, series.between(start + margin, end - margin).mean())
