"""How fast a quantity changes: over a moving window, and on the whole."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from v2gready.grid.measurement.power import energy
from v2gready.grid.series import Series
from v2gready.model.measurement import Measurement
from v2gready.model.observation import Inconclusive


def gradient(series: Series, window: float) -> Series:
    """Difference over a moving window, divided by it, at its centre.

    Args:
        series: Any quantity.
        window: Seconds.

    Raises:
        Inconclusive: The series is shorter than the window, too coarse for it, or full of gaps.
    """
    if len(series) < 2 or series.end - series.start < window * (1 - 1e-9):
        raise Inconclusive(f"less was measured than the window of {window * 1000:.0f} ms")
    if series.spacing > window / 2:
        raise Inconclusive(f"a value every {series.spacing * 1000:.0f} ms is too coarse for {window * 1000:.0f} ms")
    half = window / 2
    slack = 1e-9 * window
    t = series.t[(series.t >= series.start + half - slack) & (series.t <= series.end - half + slack)]
    if not len(t):
        t = np.array([(series.start + series.end) / 2])
    gaps = np.concatenate(([0.0], np.cumsum(np.diff(series.t) > 2.5 * series.spacing)))
    t = t[np.interp(t - half, series.t, gaps) == np.interp(t + half, series.t, gaps)]
    if not len(t):
        raise Inconclusive(f"there is no stretch of {window * 1000:.0f} ms without a gap")
    before, after = t - half, t + half
    rise = np.interp(after, series.t, series.values) - np.interp(before, series.t, series.values)
    both = np.hypot(
        np.interp(after, series.t, series.uncertainty),
        np.interp(before, series.t, series.uncertainty),
    )
    return Series(
        t=t,
        values=rise / window,
        unit=f"{series.unit}/s",
        uncertainty=both / window,
        window=window + series.window,
        time_uncertainty=series.time_uncertainty,
        noise=float(np.sqrt(2) * series.noise / window),
    )


def trend(series: Series) -> Measurement:
    """Slope of the straight line through all values (least squares).

    What the instrument gets wrong is the same at both ends and drops out, but for a change of its gain with the value;
    the scatter is that of the values around the line, as many of them as are independent.

    Raises:
        Inconclusive: Fewer than three values.
    """
    if len(series) < 3:
        raise Inconclusive("a slope needs at least three values")
    span = series.end - series.start
    t = series.t - np.mean(series.t)
    slope = float(np.sum(t * series.values) / np.sum(t * t))
    left = series.values - np.mean(series.values) - slope * t
    independent = max(span / max(series.window, series.spacing), 1.0)
    scatter = max(2 * float(np.std(left)), series.noise)
    # sqrt(12): variance of a uniform spread of instants; the gain moves the slope by its own share.
    by_scatter = scatter * np.sqrt(12.0 / independent) / span
    fixed = np.maximum(series.uncertainty - series.noise, 0.0)
    usual = float(np.mean(np.abs(series.values)))
    by_gain = abs(slope) * float(np.mean(fixed)) / usual if usual > 0 else 0.0
    return Measurement(slope, f"{series.unit}/s", float(np.hypot(by_scatter, by_gain)))


@dataclass(frozen=True, slots=True)
class RampUp:
    """How power came back.

    Attributes:
        steepest: Largest gradient over the window, W/s.
        energy: From the first to the last instant, Wh.
        end: Instant at which the target was first reached, or None if it was not.
    """

    steepest: Measurement
    energy: Measurement
    end: float | None


def ramp_up(power: Series, window: float, target: float) -> RampUp:
    """The way of power from near zero to a target after reconnection.

    Args:
        power: From the reconnection on (`Series.between`), positive on the way up.
        window: Seconds over which the code defines the gradient.
        target: W, at which the ramp ends.

    Raises:
        Inconclusive: Less was measured than a window.
    """
    reached = np.flatnonzero(power.values >= target)
    end = float(power.t[reached[0]]) if len(reached) else None
    way = power if end is None else power.between(power.start, max(end, power.start + window))
    return RampUp(gradient(way, window).maximum(), energy(way), end)
