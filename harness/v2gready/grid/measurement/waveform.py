"""A waveform recording as the windowed quantities need it: checked samples, their noise, the space vectors.

Source: IEC 61000-4-30 (windows follow the actual cycle), IEEE 1459 (positive sequence).
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from v2gready.grid.measurement.running import RunningIntegral, blocks
from v2gready.grid.recording import ChannelNames, Floats, Kind, Recording, Stored
from v2gready.model.observation import Inconclusive

Complex = NDArray[np.complex128]

LOWEST_RATE = 5000.0
"""Samples per second below which a 7th harmonic is no longer drawn well enough for any of the quantities."""
NOMINAL = 50.0
_FLAT_SHARE_OF_CYCLE = 0.05
"""A sine stays within one step of a 10-bit converter for less than that; a longer flat top is a clipped one."""


class Waveform:
    """Samples of a waveform recording with their running integrals, each computed when first asked for.

    Args:
        recording: Of the waveform kind.
        nominal: Nominal frequency, Hz.

    Raises:
        Inconclusive: The recording is of another kind, too slow, or too short.
    """

    def __init__(self, recording: Recording, nominal: float = NOMINAL) -> None:
        if recording.kind is not Kind.WAVEFORM:
            raise Inconclusive("this needs instantaneous values; the recording holds RMS values")
        if recording.rate < LOWEST_RATE:
            raise Inconclusive(
                f"the recording was sampled at {recording.rate:g} Hz; this needs at least {LOWEST_RATE:g} Hz"
            )
        if len(recording) < 2 * recording.rate / nominal:
            raise Inconclusive(f"the recording holds {recording.duration * 1000:.0f} ms, less than two cycles")
        self.recording = recording
        self.nominal = nominal
        self._samples: dict[str, Stored] = {}
        self._noise: dict[str, float] = {}
        self._squares: dict[str, RunningIntegral[np.float64]] = {}

    @cached_property
    def phases(self) -> int:
        """3, or 1 for a single-phase unit."""
        return 3 if self.recording.has("u2") or self.recording.has("u3") else 1

    @property
    def voltages(self) -> tuple[str, ...]:
        """Names of the voltage channels."""
        return ChannelNames.VOLTAGES[: self.phases]

    @property
    def currents(self) -> tuple[str, ...]:
        """Names of the current channels."""
        return ChannelNames.CURRENTS[: self.phases]

    def position(self, t: Floats) -> Floats:
        """Instants as positions, counted in samples."""
        return (t - self.recording.start) * self.recording.rate

    def grid(self, every: float, margin: float) -> Floats:
        """Instants ``every`` so many seconds, ``margin`` away from both ends of the recording.

        Raises:
            Inconclusive: Nothing is left between the margins.
        """
        # The last sample bounds the integral; half a spacing keeps rounding inside of it.
        last = (len(self.recording) - 1.5) / self.recording.rate - margin
        first = int(np.ceil(margin / every))
        steps = np.arange(first, max(int(np.floor(last / every)) + 1, first), dtype=np.float64)
        if not len(steps):
            raise Inconclusive(
                f"the recording holds {self.recording.duration * 1000:.0f} ms; "
                f"this needs more than {2 * margin * 1000:.0f} ms"
            )
        return self.recording.start + steps * every

    def samples(self, name: str) -> Stored:
        """Checked samples of a channel, in the precision in which they are stored: a minute is 30 MB less to touch.

        Raises:
            Inconclusive: The channel is missing, or holds what is no measured value.
        """
        if name not in self._samples:
            self._samples[name] = checked(self.recording, name)
            _refuse_clipped(name, self._samples[name], self.recording, self.nominal)
        return self._samples[name]

    def noise(self, name: str) -> float:
        """Standard deviation of the white noise (with quantisation) of a channel, in its unit.

        Estimated from sixth differences: they leave a fundamental below 1e-7 and the harmonics that matter below 1 % of
        themselves, and multiply the variance of white noise by 924 (the sum of the squared binomial coefficients).
        """
        if name not in self._noise:
            samples = self.samples(name)
            # 16 stretches all over the recording tell as much as all of it.
            length = min(len(samples), 4096)
            starts = np.linspace(0, len(samples) - length, 16).astype(np.int64)
            stretches = samples[starts[:, None] + np.arange(length)].astype(np.float64)
            rough = np.abs(np.diff(stretches, 6, axis=1))
            self._noise[name] = float(np.median(rough)) / 0.6745 / np.sqrt(924.0)
        return self._noise[name]

    def square(self, name: str) -> RunningIntegral[np.float64]:
        """Running integral of the squared samples."""
        if name not in self._squares:
            self._squares[name] = RunningIntegral(self.samples(name), self.samples(name))
        return self._squares[name]

    def instrument(self, names: tuple[str, ...], value: Floats) -> Floats:
        """Expanded uncertainty of the instrument for a value that is a mean of these channels (fully correlated)."""
        uncertainties = [self.recording.channels[name].uncertainty.at(value) for name in names]
        result: Floats = np.mean(uncertainties, axis=0)
        return result

    @cached_property
    def voltage(self) -> Complex:
        """Space vector of the voltages; its length is the peak value of a phase."""
        return self._space_vector(self.voltages)

    @cached_property
    def current(self) -> Complex:
        """Space vector of the currents."""
        return self._space_vector(self.currents)

    def _space_vector(self, names: tuple[str, ...]) -> Complex:
        first = self.samples(names[0])
        result = np.empty(len(first), dtype=np.complex128)
        if len(names) == 1:
            # Turned back by its own frequency and averaged over a cycle, twice a real sine leaves its phasor.
            result.real, result.imag = first, 0.0
            result.real *= 2
            return result
        second, third = self.samples(names[1]), self.samples(names[2])
        for part in blocks(len(first)):
            a, b, c = (one[part].astype(np.float64) for one in (first, second, third))
            result.real[part] = (2 * a - b - c) / 3
            result.imag[part] = (b - c) / np.sqrt(3)
        return result


def checked(recording: Recording, name: str) -> Stored:
    """The values of a channel as they are stored, all of them numbers.

    Raises:
        Inconclusive: The channel is missing, empty, or holds what is no number.
    """
    if not recording.has(name):
        raise Inconclusive(f"the recording has no channel {name}")
    values = recording.channels[name].values
    if not len(values):
        raise Inconclusive(f"the channel {name} is empty")
    with np.errstate(invalid="ignore", over="ignore"):
        finite = bool(np.isfinite(np.sum(values)))
    if not finite:
        bad = np.flatnonzero(~np.isfinite(values))
        if len(bad):
            raise Inconclusive(
                f"{len(bad)} values of {name} are no numbers, the first at "
                f"{recording.start + bad[0] / recording.rate:.4f} s"
            )
    return values


def _refuse_clipped(name: str, samples: Stored, recording: Recording, nominal: float) -> None:
    long = max(4, int(_FLAT_SHARE_OF_CYCLE * recording.rate / nominal))
    for extreme in (samples.max(), samples.min()):
        if extreme == 0:
            continue
        # A flat stretch so long holds a sample at every so many: look at few before looking at all.
        if not np.any(samples[::long] == extreme):
            continue
        hits = np.flatnonzero(samples == extreme)
        runs = hits[long - 1 :] - hits[: max(len(hits) - long + 1, 0)] == long - 1
        if np.any(runs) and len(hits) < len(samples):
            when = recording.start + hits[int(np.argmax(runs))] / recording.rate
            raise Inconclusive(f"{name} is clipped at {extreme:.5g}, first at {when:.4f} s")


def lengths(values: Any) -> Floats:
    """Magnitudes of complex values."""
    result: Floats = np.abs(values)
    return result
