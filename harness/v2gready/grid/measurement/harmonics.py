"""Harmonics, total harmonic distortion and direct component.

Source: IEC 61000-4-7 (10-cycle windows, 5 Hz bins, groups), IEC 61000-4-30 (synchronised to the actual frequency).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import numpy as np

from v2gready.grid.measurement.synchronous import Synchronous
from v2gready.grid.recording import Floats, Stored
from v2gready.grid.series import Series
from v2gready.model.measurement import Measurement
from v2gready.model.observation import Inconclusive

CYCLES = 10
"""Cycles of a window: 200 ms at 50 Hz, so that a bin is a tenth of the fundamental."""
_POINTS = 4096
"""Resampled points of a window."""
_SAMPLES_PER_PERIOD = 4.5
"""Samples per period of the highest harmonic below which interpolation loses more than 1 % of it."""
_NEIGHBOURS = 8
"""Samples around each resampled point; a polynomial through them."""
METHOD = 5e-4
"""Expanded uncertainty of a distortion by the window, as a share of the fundamental. Held by the property tests."""


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """Harmonics over 10-cycle windows, one after the other.

    Attributes:
        t: Centres of the windows.
        groups: RMS of each harmonic group, shape (windows, orders + 1); column 0 is the magnitude of the direct part.
        subgroups: RMS of each harmonic subgroup, likewise.
        unit: Of both.
        noise: Standard deviation that white noise leaves in a bin.
        instrument: Expanded uncertainty of the instrument's floor.
    """

    t: Floats
    groups: Floats
    subgroups: Floats
    unit: str
    noise: float
    instrument: float

    def distortion(self, *, grouped: bool = True) -> Series:
        """Total harmonic distortion of each window, as a share of the fundamental: of groups, or of subgroups.

        Raises:
            Inconclusive: There is no fundamental to speak of.
        """
        lines = self.groups if grouped else self.subgroups
        fundamental = lines[:, 1]
        if np.any(fundamental < 20 * max(self.noise, self.instrument, 1e-12)):
            raise Inconclusive("the fundamental is too small for a distortion to be a share of it")
        harmonic = np.sqrt(np.sum(lines[:, 2:] ** 2, axis=1))
        values = harmonic / fundamental
        bins = (10 if grouped else 3) * (lines.shape[1] - 2)
        # Noise in the bins adds its mean square, which scatters by a share of 1/sqrt(bins) and is known to 10 %.
        most = bins * self.noise**2 * (1.1 + 5 / np.sqrt(bins))
        clean = np.sqrt(np.maximum(harmonic**2 - most, 0.0))
        by_noise = (harmonic - clean + 5 * self.noise) / fundamental
        # The share of the instrument is the same in harmonics and fundamental and drops out; its floor does not.
        return Series(
            t=self.t,
            values=values,
            unit="",
            uncertainty=METHOD + by_noise + self.instrument / fundamental,
            window=0.2,
        )


def harmonics(synchronous: Synchronous, name: str, *, orders: int = 40) -> Spectrum:
    """Harmonic groups of a channel, resampled to the actual frequency.

    Args:
        synchronous: The recording.
        name: Channel.
        orders: Highest order.

    Raises:
        Inconclusive: The sampling rate is too low for the highest order, or less than a window was recorded.
    """
    waveform = synchronous.waveform
    rate, nominal = waveform.recording.rate, waveform.nominal
    if rate < _SAMPLES_PER_PERIOD * orders * nominal:
        raise Inconclusive(
            f"sampled at {rate:g} Hz, harmonics up to order {orders} are not seen; "
            f"they need {_SAMPLES_PER_PERIOD * orders * nominal:g} Hz"
        )
    samples = waveform.samples(name)
    margin = CYCLES / 2 * synchronous.longest_cycle + 5 / rate
    t = waveform.grid(CYCLES / nominal, margin)
    cycle = synchronous.cycle(t)
    within = np.arange(_POINTS) / _POINTS - 0.5
    bins = np.empty((len(t), CYCLES * orders + CYCLES // 2 + 1))
    for start in range(0, len(t), 64):  # a few seconds at a time, to keep memory small
        some = slice(start, start + 64)
        places = waveform.position(t[some])[:, None] + within * (CYCLES * cycle[some])[:, None]
        spectrum = np.abs(np.fft.rfft(_interpolated(samples, places), axis=1))[:, : bins.shape[1]]
        bins[some] = spectrum * np.sqrt(2.0) / _POINTS
    bins[:, 0] /= np.sqrt(2.0)
    squares = bins**2
    groups, subgroups = np.empty((2, len(t), orders + 1))
    groups[:, 0] = subgroups[:, 0] = bins[:, 0]
    for order in range(1, orders + 1):
        line, half = CYCLES * order, CYCLES // 2
        around = squares[:, line - half : line + half + 1]
        groups[:, order] = np.sqrt(around[:, 1:-1].sum(axis=1) + (around[:, 0] + around[:, -1]) / 2)
        subgroups[:, order] = np.sqrt(squares[:, line - 1 : line + 2].sum(axis=1))
    return Spectrum(
        t=t,
        groups=groups,
        subgroups=subgroups,
        unit=waveform.recording.channels[name].unit,
        noise=waveform.noise(name) * np.sqrt(2 / (CYCLES * rate / nominal)),
        instrument=waveform.recording.channels[name].uncertainty.floor,
    )


def dc_component(synchronous: Synchronous, name: str, *, since: float, until: float) -> Measurement:
    """Mean of a channel over whole cycles in a span.

    Args:
        synchronous: The recording.
        name: Channel.
        since: First instant.
        until: Last instant.

    Raises:
        Inconclusive: The span holds less than 10 cycles.
    """
    waveform = synchronous.waveform
    samples = waveform.samples(name)
    recording = waveform.recording
    since, until = max(since, recording.start), min(until, recording.start + (len(samples) - 2) / recording.rate)
    frequency = synchronous.local_frequency(np.array([(since + until) / 2]))[0]
    cycles = int((until - since) * frequency)
    if cycles < CYCLES:
        raise Inconclusive(f"{max(until - since, 0.0) * 1000:.0f} ms are too short for a direct component")
    length = cycles * recording.rate / frequency
    first = (since - recording.start) * recording.rate
    # A window with flanks of one cycle forgives a frequency that moves; it is 1 in between.
    flank = recording.rate / frequency
    place = np.arange(int(np.ceil(first)), int(first + length) + 1, dtype=np.float64)
    weight = np.clip(np.minimum(place - first, first + length - place) / flank, 0.0, 1.0)
    stretch = samples[int(place[0]) : int(place[-1]) + 1].astype(np.float64)
    value = float(np.sum(weight * stretch) / np.sum(weight))
    size = float(np.sqrt(np.mean(stretch**2)))
    channel = recording.channels[name]
    by_noise = 5 * waveform.noise(name) / np.sqrt(length)
    # A window of straight flanks leaves a sine less than the squared ratio of a mismatch of 1e-3 to its length.
    by_window = 1e-4 * size / cycles
    u = np.hypot(channel.uncertainty.floor + channel.uncertainty.share * abs(value), by_noise + by_window)
    return Measurement(value, channel.unit, float(u))


def _interpolated(samples: Stored, places: Floats) -> Floats:
    """Values between samples by the polynomial through the eight around each place (Lagrange)."""
    whole = np.floor(places).astype(np.int64)
    part = places - whole
    offsets = np.arange(_NEIGHBOURS) - (_NEIGHBOURS // 2 - 1)
    # Barycentric form: the weights of equidistant points are signed binomial coefficients.
    on_sample = part == 0
    part = np.where(on_sample, 0.5, part)
    above = np.zeros_like(part)
    below = np.zeros_like(part)
    for k, offset in enumerate(offsets):
        weight = (-1) ** k * comb(_NEIGHBOURS - 1, k) / (part - offset)
        above += weight * samples[whole + offset]  # weights are double, and so is the sum
        below += weight
    result: Floats = np.where(on_sample, samples[whole], above / below)
    return result
