"""Words for the ten-minute mean of the voltage, computed from the recording itself."""

from __future__ import annotations

from typing import Final

import numpy as np

from v2gready.authoring.grid.view import View
from v2gready.grid.series import Series
from v2gready.model.measurement import Measurement
from v2gready.model.observation import Inconclusive

TEN_MINUTES: Final = 600.0
"""Seconds (IEC 61000-4-30)."""


def mean_voltage(view: View) -> Series:
    """The greatest of the phases' means over the ten minutes before each instant, V.

    Raises:
        Inconclusive: Less than ten minutes were recorded.
    """
    means = [_running(phase) for phase in view.q.u]
    highest = np.max([one.values for one in means], axis=0)
    first = means[0]
    return Series(first.t, highest, first.unit, first.uncertainty, time_uncertainty=first.time_uncertainty)


def exceeded(view: View, limit: float) -> Measurement:
    """The instant at which the ten-minute mean went beyond a limit in pu, as exactly as the voltage is known.

    Raises:
        Inconclusive: It never did.
    """
    mean = mean_voltage(view)
    level = limit * view.rating.voltage
    beyond = np.flatnonzero(mean.values > level)
    if not len(beyond) or not beyond[0]:
        raise Inconclusive(f"the ten-minute mean did not come to exceed {level:.1f} V: {mean.maximum()}")
    at = int(beyond[0])
    second = max(1, round(1 / mean.spacing))
    speed = (mean.values[min(at + second, len(mean) - 1)] - mean.values[max(at - second, 0)]) / (2 * second)
    doubt = float(mean.uncertainty[at]) / (max(float(speed), 1e-6) / mean.spacing)
    return Measurement(float(mean.t[at]), "s", float(np.hypot(doubt, mean.spacing)))


def _running(phase: Series) -> Series:
    """Mean over the ten minutes before; what the instrument gets wrong does not average out, its noise does."""
    count = round(TEN_MINUTES / phase.spacing)
    if len(phase) <= count:
        raise Inconclusive(f"{phase.end - phase.start:.0f} s were recorded, a ten-minute mean needs more than 600 s")
    # RMS of RMS: the squares are averaged.
    sums = np.concatenate(([0.0], np.cumsum(phase.values**2)))
    values = np.sqrt((sums[count:] - sums[:-count]) / count)
    fixed = phase.uncertainty[count - 1 :] - phase.noise
    return Series(phase.t[count - 1 :], values, phase.unit, fixed, time_uncertainty=phase.time_uncertainty)


__all__ = ["TEN_MINUTES", "exceeded", "mean_voltage"]
