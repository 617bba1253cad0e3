"""Positive- and negative-sequence voltage of the fundamental, RMS."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from v2gready.grid.measurement.rms import NOISE_WIDTH
from v2gready.grid.measurement.synchronous import Synchronous
from v2gready.grid.measurement.waveform import Complex, lengths
from v2gready.grid.recording import Floats
from v2gready.grid.series import Series
from v2gready.model.observation import Inconclusive

LEAKAGE = 5e-4
"""Expanded uncertainty of a sequence by the other one, as a share of the phase voltage: on a ramp of 4 Hz/s the cycle
changes within itself, and 3e-4 of the positive sequence stay in the negative one. Held by the property tests."""


@dataclass(frozen=True, slots=True)
class Sequences:
    """Voltages of the fundamental.

    Attributes:
        positive: V RMS.
        negative: V RMS.
    """

    positive: Series
    negative: Series


def positive_voltage(synchronous: Synchronous, t: Floats) -> Series:
    """Positive sequence (of a single-phase recording: the fundamental) over one cycle, V RMS."""
    return _series(synchronous, t, synchronous.voltage(t))


def negative_voltage(synchronous: Synchronous, t: Floats) -> Series:
    """Negative sequence over one cycle, V RMS.

    Raises:
        Inconclusive: There is one phase alone.
    """
    if synchronous.waveform.phases == 1:
        raise Inconclusive("a single phase has no negative sequence")
    return _series(synchronous, t, synchronous.negative_voltage(t))


def sequences(synchronous: Synchronous, t: Floats) -> Sequences:
    """Both sequences at the same instants."""
    return Sequences(positive_voltage(synchronous, t), negative_voltage(synchronous, t))


def _series(synchronous: Synchronous, t: Floats, phasors: Complex) -> Series:
    waveform = synchronous.waveform
    values = lengths(phasors) / np.sqrt(2)
    phase = lengths(synchronous.voltage(t)) / np.sqrt(2)
    white = float(np.sqrt(np.mean([waveform.noise(name) ** 2 for name in waveform.voltages])))
    # Averaged, a quadrature has sqrt(2/3) of the noise of a phase (single: sqrt 2); as RMS 1/sqrt 2 of that; two of
    # them add where the value itself is small.
    scatter = NOISE_WIDTH * white / np.sqrt(synchronous.cycle(t)) * (1.0 if waveform.phases == 3 else np.sqrt(2.0))
    # What the instrument gets wrong in one phase alone appears in both sequences: it counts by the phase voltage.
    return Series(
        t=t,
        values=values,
        unit="V",
        uncertainty=np.hypot(waveform.instrument(waveform.voltages, phase), LEAKAGE * phase + scatter),
        window=1 / waveform.nominal,
        time_uncertainty=waveform.recording.time_uncertainty,
        noise=float(np.median(scatter)),
    )
