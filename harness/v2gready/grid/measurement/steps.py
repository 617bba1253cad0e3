"""How a quantity goes from one level to another: dead time, rise, settling, overshoot, steady-state error.

Source: usual definitions of EN 50549-10 and FGW TR3; IEEE 1547.1 speaks of the open-loop response time (90 %).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from v2gready.grid.recording import Floats
from v2gready.grid.series import Series
from v2gready.model.measurement import Measurement
from v2gready.model.observation import Inconclusive

_STILL_MOVING = 1e-4
"""Share of the way below which an overshoot is none."""


@dataclass(frozen=True, slots=True)
class StepResponse:
    """Metrics of one step.

    Attributes:
        before: Level before the stimulus.
        final: Level at the end.
        dead_time: From the stimulus until 5 % of the way is gone, s.
        response_time: From the stimulus until 90 % of the way is gone, s.
        rise_time: From 10 % to 90 % of the way, s.
        settling_time: From the stimulus until the value is inside the band for good, s.
        overshoot: Beyond the final level, as a share of the way; not negative.
        steady_error: Final less target level; None without a target.
    """

    before: Measurement
    final: Measurement
    dead_time: Measurement
    response_time: Measurement
    rise_time: Measurement
    settling_time: Measurement
    overshoot: Measurement
    steady_error: Measurement | None


def step_response(
    series: Series,
    t0: float,
    *,
    until: float | None = None,
    target: float | None = None,
    band: float | None = None,
    before: float = 1.0,
    steady: float = 1.0,
) -> StepResponse:
    """Metrics of the response to a stimulus.

    Args:
        series: The quantity that responds.
        t0: Instant of the stimulus, measured, not commanded.
        until: Last instant to look at; by default the end of the series.
        target: Level at which the quantity should end; the band lies around it. Without it, the measured final level.
        band: Half the width of the settling band, in the unit of the series; by default 5 % of the way.
        before: Seconds before the stimulus over which the first level is taken.
        steady: Seconds at the end over which the final level is taken.

    Raises:
        Inconclusive: Too little was measured, or the way is too small to be told from the noise.
    """
    end = series.end if until is None else min(until, series.end)
    # A window around an instant just before the stimulus already sees what comes after.
    first = series.between(t0 - before - series.window / 2, t0 - series.window / 2).mean()
    if end - steady <= t0:
        raise Inconclusive(
            f"only {end - t0:.3f} s were measured after the stimulus; {steady:g} s are for the end alone"
        )
    final, moving = _settled(series.between(end - steady, end))
    after = series.between(t0, end)
    scatter = _scatter(series.between(t0 - before - series.window / 2, t0 - series.window / 2))
    way = final.value - first.value
    if abs(way) < 10 * scatter or way == 0:
        raise Inconclusive(f"the value moved by {way:.3g} {series.unit} only, which its noise hides")
    share = (after.values - first.value) / way
    doubt = (scatter + moving) / abs(way)
    time = _Clock(after, t0)
    ten, ninety = (time.measured(share, part, doubt, _first_beyond) for part in (0.1, 0.9))
    centre = final.value if target is None else target
    half = 0.05 * abs(way) if band is None else band
    off = np.abs(after.values - centre) / half
    band_doubt = scatter if target is not None else scatter + moving
    return StepResponse(
        before=first,
        final=final,
        dead_time=time.measured(share, 0.05, doubt, _first_beyond),
        response_time=ninety,
        rise_time=Measurement(ninety.value - ten.value, "s", float(np.hypot(ten.uncertainty, ninety.uncertainty))),
        settling_time=time.measured(off, 1.0, band_doubt / half, _last_beyond),
        overshoot=_overshoot(share, doubt),
        steady_error=None if target is None else Measurement(final.value - target, series.unit, final.uncertainty),
    )


def _settled(end: Series) -> tuple[Measurement, float]:
    """Final level, and how far it may still be from where it is going.

    An exponential that is not over moves between the halves of the span; twice that covers what is left of it as long
    as the span is not shorter than its time constant.
    """
    mean = end.mean()
    half = len(end) // 2
    moving = 2 * abs(float(np.mean(end.values[:half])) - float(np.mean(end.values[half:]))) if half else 0.0
    return Measurement(mean.value, mean.unit, float(np.hypot(mean.uncertainty, moving))), moving


def _overshoot(share: Floats, doubt: float) -> Measurement:
    top = int(np.argmax(share))
    around = share[max(top - 1, 0) : top + 2]
    # The true top lies between the samples and is flattened by their window, less than a sample falls off beside it;
    # and the final level itself may still be on its way.
    return Measurement(max(float(share[top]) - 1.0, 0.0), "", 2 * doubt + float(np.ptp(around)) + _STILL_MOVING)


@dataclass(frozen=True, slots=True)
class _Clock:
    """Turns instants at which something happened into measured times since the stimulus."""

    after: Series
    t0: float

    def measured(
        self, values: Floats, level: float, doubt: float, find: Callable[[Floats, Floats, float], float | None]
    ) -> Measurement:
        """Time of an instant, and how far it moves if the level is off by the doubt of the values.

        Raises:
            Inconclusive: It did not happen while it was measured.
        """
        t = self.after.t
        at = find(t, values, level)
        if at is None:
            raise Inconclusive("the response had not ended when the recording did")
        # The first or last of many noisy values lies further out than one of them: two expanded uncertainties.
        other = (find(t, values, level + side) for side in (-2 * doubt, 2 * doubt))
        shift = max((abs(at - one) for one in other if one is not None), default=0.0)
        blur = self.after.window / 2 + self.after.spacing / 2
        return Measurement(at - self.t0, "s", float(np.hypot(shift + blur, self.after.time_uncertainty * np.sqrt(2))))


def _first_beyond(t: Floats, values: Floats, level: float) -> float | None:
    beyond = values >= level
    if not np.any(beyond):
        return None
    index = int(np.argmax(beyond))
    return float(t[0]) if index == 0 else _crossed(t, values, level, index - 1)


def _last_beyond(t: Floats, values: Floats, level: float) -> float | None:
    beyond = np.flatnonzero(values > level)
    if not len(beyond):
        return float(t[0])
    index = int(beyond[-1])
    return None if index + 1 == len(values) else _crossed(t, values, level, index)


def _crossed(t: Floats, values: Floats, level: float, index: int) -> float:
    share = (level - values[index]) / (values[index + 1] - values[index])
    return float(t[index] + share * (t[index + 1] - t[index]))


def _scatter(series: Series) -> float:
    """Expanded uncertainty (k = 2) of a single value by noise: from the values themselves, at least as stated."""
    if len(series) < 3:
        return series.noise
    left = series.values - np.mean(series.values)
    return max(series.noise, 2 * float(np.std(left)))
