"""Frequency by the angle of the positive-sequence voltage, and its rate of change.

The one-cycle estimate that relays use scatters by 20 to 30 mHz with 3 % of a fifth harmonic; a count over 10 s is too
slow for LFSM. The slope of the angle over five cycles is neither.
"""

from __future__ import annotations

import numpy as np

from v2gready.grid.measurement.gradients import gradient
from v2gready.grid.measurement.rms import NOISE_WIDTH
from v2gready.grid.measurement.synchronous import GONE, Synchronous
from v2gready.grid.recording import Floats
from v2gready.grid.series import Series
from v2gready.model.observation import Inconclusive

TIMEBASE = 1e-5
"""Expanded relative uncertainty of the sampling clock: a quartz oscillator without oven."""
LEAKAGE = 1e-4
"""Hz that harmonics and unbalance leave through the error of the window. Held by the property tests."""
CYCLES = 6.0
"""Nominal cycles that one value looks at: five between the outermost windows, and half of each of these."""
_SLOPE_SCATTER = 0.125
"""Standard deviation of the angle's slope per half cycle, by that of a one-cycle angle, for white noise and the weights
of `synchronous`; neighbouring windows overlap by half."""
_BEND_SCATTER = 0.727
"""RMS of what a parabola leaves of the angles, likewise."""
_BEND_WEIGHT = 3.2
"""Error of the slope by that remainder, at worst: 1.4 for the corner of a ramp, 1.0 for a phase jump, 3.1 for a
frequency step, each at the instant that is worst for it."""


def frequency(synchronous: Synchronous, t: Floats) -> Series:
    """Frequency around each instant; instants without voltage are left out.

    The uncertainty knows when something happened: near phase jumps and steps the angle is no parabola, and what the
    parabola leaves bounds the error.

    Args:
        synchronous: The recording.
        t: Instants, three cycles away from both ends.

    Raises:
        Inconclusive: The voltage is gone at all of these instants.
    """
    waveform = synchronous.waveform
    slope = synchronous.slope(t)
    there = slope.voltage > GONE * synchronous.usual_voltage
    if not np.any(there):
        raise Inconclusive("there is no voltage whose frequency could be measured")
    t = t[there]
    cycle = synchronous.cycle(t)
    white = float(np.sqrt(np.mean([waveform.noise(name) ** 2 for name in waveform.voltages])))
    # One quadrature of the space vector carries 2/3 of the variance of a phase; a single phase counts twice.
    share = np.sqrt(2 / 3) if waveform.phases == 3 else np.sqrt(2.0)
    angle = share * white / np.sqrt(cycle) / slope.voltage[there]
    to_hertz = waveform.recording.rate / (np.pi * cycle)
    scatter = NOISE_WIDTH * _SLOPE_SCATTER * angle * to_hertz
    bend = slope.bend[there]
    event = np.sqrt(np.maximum(bend**2 - (3 * _BEND_SCATTER * angle) ** 2, 0.0))
    values = slope.frequency[there]
    return Series(
        t=t,
        values=values,
        unit="Hz",
        uncertainty=np.hypot(TIMEBASE * values, scatter + LEAKAGE + _BEND_WEIGHT * event * to_hertz),
        window=CYCLES / waveform.nominal,
        time_uncertainty=waveform.recording.time_uncertainty,
        noise=float(np.median(scatter)),
    )


def rocof(f: Series, window: float) -> Series:
    """Rate of change of frequency: difference over the code's own moving window, at its centre.

    A ramp that lasts no longer than the window reads low by what the estimator rounds off at its corners; `ramps` knows
    the rate in between.

    Args:
        f: Frequency.
        window: Seconds, e.g. 0.5.

    Raises:
        Inconclusive: The series is shorter than the window, or too coarse for it.
    """
    return gradient(f, window)
