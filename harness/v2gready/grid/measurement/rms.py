"""RMS values over whole cycles.

Source: IEC 61000-4-30 (Urms(1/2): one cycle, refreshed each half cycle; 10 cycles without gap).
"""

from __future__ import annotations

import numpy as np

from v2gready.grid.measurement.synchronous import Synchronous
from v2gready.grid.recording import Floats
from v2gready.grid.series import Series

METHOD_SHARE = 3e-4
"""Expanded uncertainty of a one-cycle value by its window, as a share of the phase value: on a ramp of 4 Hz/s the cycle
changes within itself, and what should vanish over it leaves 1e-4. Held by the property tests."""
NOISE_WIDTH = 5.0
"""Standard deviations that bound what white noise does to a value: a recording holds thousands of them."""


def rms(synchronous: Synchronous, name: str, t: Floats, cycles: float = 1.0) -> Series:
    """RMS of a channel over so many local cycles around each instant.

    Args:
        synchronous: The recording.
        name: Channel.
        t: Centres of the windows; half a window of margin is needed.
        cycles: Length of a window.

    Raises:
        Inconclusive: The channel is missing or unusable.
    """
    waveform = synchronous.waveform
    length = cycles * synchronous.cycle(t)
    squares = waveform.square(name).mean(waveform.position(t), length)
    values = np.sqrt(np.maximum(squares, 0.0))
    noise = waveform.noise(name)
    # White noise adds its own mean square, and makes the value scatter.
    clean = np.sqrt(np.maximum(values**2 - noise**2, 0.0))
    scatter = NOISE_WIDTH * noise / np.sqrt(length)
    method = METHOD_SHARE * values + (values - clean) + scatter
    return Series(
        t=t,
        values=values,
        unit=waveform.recording.channels[name].unit,
        uncertainty=np.hypot(waveform.instrument((name,), values), method),
        window=cycles / waveform.nominal,
        time_uncertainty=waveform.recording.time_uncertainty,
        noise=float(np.median(scatter)),
    )


def rms_half_cycle(synchronous: Synchronous, name: str) -> Series:
    """One-cycle RMS, refreshed each half cycle of the nominal frequency."""
    waveform = synchronous.waveform
    return rms(synchronous, name, waveform.grid(0.5 / waveform.nominal, 0.5 * synchronous.longest_cycle))


def rms_10_cycle(synchronous: Synchronous, name: str) -> Series:
    """RMS over 10 cycles, one window after the other."""
    waveform = synchronous.waveform
    return rms(synchronous, name, waveform.grid(10 / waveform.nominal, 5 * synchronous.longest_cycle), cycles=10)
