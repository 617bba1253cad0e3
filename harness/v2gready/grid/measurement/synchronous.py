"""Everything turned back by the grid's own phase: the local cycle, the frequency and the sequence phasors.

The space vector of the voltages, turned back by its phase and averaged over one cycle, is the positive-sequence
phasor: the negative sequence turns at twice the frequency and vanishes, harmonics and offsets too. That holds only if
the window is one *actual* cycle, and so the frequency is found in two rounds: turned back by the nominal frequency it
is known to some 10 mHz, which is good enough for a window that makes the second round exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from v2gready.grid.measurement.running import RunningIntegral, blocks
from v2gready.grid.measurement.waveform import Complex, Waveform, lengths
from v2gready.grid.recording import Floats
from v2gready.model.observation import Inconclusive

TAPS = np.arange(-5.0, 6.0)
"""Centres of the one-cycle windows that one frequency value looks at, in half cycles: slopes over five cycles."""
_SLOPE = TAPS / np.sum(TAPS**2)
_BOW = (TAPS**2 - 10) / np.sum((TAPS**2 - 10) ** 2)
GONE = 0.04
"""Share of the usual voltage below which its angle is not used."""
_KNOTS = 0.01
"""Seconds between two values of the local frequency."""
_MEDIAN = 31
"""Values in the running median of the local frequency: 300 ms, so that the 120 ms trace of a phase jump drops out."""
_THIN = 0.0004
"""Seconds over which samples are averaged before the first round, which asks no more of them than the fundamental."""
WIDEST = 10.0
"""Hz by which the local frequency may leave the nominal one."""


@dataclass(frozen=True, slots=True, eq=False)
class Slope:
    """Straight lines through the angle of the voltage.

    Attributes:
        frequency: Hz.
        bend: RMS of what a parabola leaves of the angle over the taps, radians: noise, or something that happened.
        voltage: Smallest peak value over the taps, V.
    """

    frequency: Floats
    bend: Floats
    voltage: Floats


class Synchronous:
    """Phasors of a waveform recording, turned back by the phase of its own voltage.

    Args:
        waveform: The samples.

    Raises:
        Inconclusive: There is no positive-sequence voltage near the nominal frequency.
    """

    def __init__(self, waveform: Waveform) -> None:
        self.waveform = waveform
        nominal = waveform.nominal
        # A margin of two spacings of the thinned samples, which the last of them may lack.
        knots = waveform.grid(_KNOTS, 0.5 / nominal + 2 * _THIN)
        phasors = _nominal_phasors(waveform, waveform.voltage, knots)
        self._refuse_foreign(waveform, phasors, knots)
        self.usual_voltage = float(np.percentile(lengths(phasors), 90))
        rough = _rough_frequency(np.unwrap(np.angle(phasors)), nominal)
        there = lengths(phasors) > GONE * self.usual_voltage
        usual = float(np.median(rough[there]))
        if abs(usual - nominal) > WIDEST:
            raise Inconclusive(
                f"the voltage has {usual:.1f} Hz: the recording is of something else, or its sampling rate is wrong"
            )
        self._knots = knots
        self._local = self._smoothed(rough, there)
        self._phase = self._integrated(self._local)
        self._voltage = self._turned(waveform.voltage)
        # The second round: with windows of an actual cycle, what leaked through in the first is gone.
        long = (len(knots) - 1) * _KNOTS > 6.2 * self.longest_cycle
        if long:
            inner = waveform.grid(_KNOTS, 3.05 * self.longest_cycle)
            fine = self._slope(inner)
            clear = np.interp(knots, inner, (fine.voltage > GONE * self.usual_voltage).astype(np.float64)) > 0.99
            self._local = self._smoothed(_continued(knots, inner, fine.frequency), clear)

    def local_frequency(self, t: Floats) -> Floats:
        """Frequency by which windows are cut, Hz: free of phase jumps, and going on where the voltage is gone."""
        return np.interp(t, self._edges, self._local)

    def cycle(self, t: Floats) -> Floats:
        """Length of the local cycle in samples."""
        return self.waveform.recording.rate / self.local_frequency(t)

    @property
    def longest_cycle(self) -> float:
        """Seconds."""
        return float(1 / np.min(self._local))

    def voltage(self, t: Floats) -> Complex:
        """Positive-sequence voltage over one cycle, peak value, turned back by the reference phase."""
        return self._voltage.mean(self.waveform.position(t), self.cycle(t))

    def current(self, t: Floats) -> Complex:
        """Positive-sequence current over one cycle, peak value, against the same reference phase."""
        return self._current.mean(self.waveform.position(t), self.cycle(t))

    def negative_voltage(self, t: Floats) -> Complex:
        """Negative-sequence voltage over one cycle, peak value."""
        return self._negative.mean(self.waveform.position(t), self.cycle(t))

    def slope(self, t: Floats) -> Slope:
        """Frequency by the angle over five cycles around each instant; three cycles of margin are needed."""
        return self._slope(t)

    @cached_property
    def _current(self) -> RunningIntegral[np.complex128]:
        return self._turned(self.waveform.current)

    @cached_property
    def _negative(self) -> RunningIntegral[np.complex128]:
        return self._turned(np.conj(self.waveform.voltage))

    @cached_property
    def _turn(self) -> Complex:
        turn = np.empty(len(self.waveform.recording), dtype=np.complex128)
        edges = self.waveform.position(self._edges)
        for part in blocks(len(turn)):
            phase = np.interp(np.arange(part.start, part.stop, dtype=np.float64), edges, self._phase)
            turn.real[part] = np.cos(phase)
            turn.imag[part] = -np.sin(phase)
        return turn

    def _turned(self, vector: Complex) -> RunningIntegral[np.complex128]:
        return RunningIntegral(vector, self._turn)

    @cached_property
    def _edges(self) -> Floats:
        recording = self.waveform.recording
        return np.concatenate(([recording.start], self._knots, [recording.start + recording.duration]))

    def _integrated(self, local: Floats) -> Floats:
        """Reference phase at the edges; straight in between."""
        steps = (local[1:] + local[:-1]) / 2 * np.diff(self._edges)
        phase: Floats = 2 * np.pi * np.concatenate(([0.0], np.cumsum(steps)))
        return phase

    def _smoothed(self, frequency: Floats, there: NDArray[np.bool_]) -> Floats:
        """At the edges: running median over what is there, held over gaps, continued to both ends of the recording."""
        if not np.any(there):
            raise Inconclusive("there is no voltage whose frequency could be measured")
        held = np.interp(self._knots, self._knots[there], frequency[there])
        width = min(_MEDIAN, len(held) // 2 * 2 - 1)
        if width > 1:
            # Reflected through the end points, a ramp goes on as a ramp.
            half = width // 2
            before, after = 2 * held[0] - held[half:0:-1], 2 * held[-1] - held[-2 : -half - 2 : -1]
            padded = np.concatenate((before, held, after))
            held = np.median(np.lib.stride_tricks.sliding_window_view(padded, width), axis=1)
        nominal = self.waveform.nominal
        result: Floats = np.clip(_continued(self._edges, self._knots, held), nominal - WIDEST, nominal + WIDEST)
        return result

    def _slope(self, t: Floats) -> Slope:
        rate = self.waveform.recording.rate
        cycle = self.cycle(t)
        centres = self.waveform.position(t)[:, None] + TAPS * (cycle / 2)[:, None]
        # Each window is a cycle of its own place: at 4 Hz/s the outermost ones differ by 0.8 %.
        phasors = self._voltage.mean(centres, self.cycle(self.waveform.recording.start + centres / rate))
        known = np.interp(centres, self.waveform.position(self._edges), self._phase)
        angles = np.unwrap(np.angle(phasors), axis=1) + known
        angles -= angles.mean(axis=1, keepdims=True)
        rise = angles @ _SLOPE
        left = angles - rise[:, None] * TAPS - (angles @ _BOW)[:, None] * (TAPS**2 - 10)
        return Slope(
            frequency=rise * rate / (np.pi * cycle),
            bend=np.sqrt(np.mean(left**2, axis=1)),
            voltage=lengths(phasors).min(axis=1),
        )

    def _refuse_foreign(self, waveform: Waveform, phasors: Complex, knots: Floats) -> None:
        """No verdict on a recording whose phases are swapped, or whose rate is not what it says."""
        here = float(np.percentile(lengths(phasors), 90))
        everything = float(np.percentile(lengths(waveform.voltage[:: max(1, len(waveform.voltage) // 20000)]), 90))
        if everything == 0:
            raise Inconclusive("there is no voltage whose frequency could be measured")
        if here > 0.5 * everything or (waveform.phases == 1 and here > 0.3 * everything):
            return
        negative = _nominal_phasors(waveform, np.conj(waveform.voltage), knots)
        if float(np.percentile(lengths(negative), 90)) > 0.5 * everything:
            raise Inconclusive("the phases turn backwards: two of the voltage channels seem to be swapped")
        raise Inconclusive(
            f"no voltage near {waveform.nominal:g} Hz: the recording is of something else, "
            f"or its sampling rate is wrong"
        )


def _nominal_phasors(waveform: Waveform, vector: Complex, t: Floats) -> Complex:
    """One-cycle phasors turned back by the nominal frequency: good to some 10 mHz, from a thinned vector."""
    rate, nominal = waveform.recording.rate, waveform.nominal
    few = max(1, int(rate * _THIN))
    thinned = vector[: len(vector) // few * few].reshape(-1, few).mean(axis=1)
    step = 2 * np.pi * nominal * few / rate
    turned: RunningIntegral[np.complex128] = RunningIntegral(thinned, np.exp(-1j * step * np.arange(len(thinned))))
    # The mean of a few samples stands for the middle between them.
    position = (waveform.position(t) - (few - 1) / 2) / few
    return turned.mean(position, rate / few / nominal)


def _rough_frequency(angle: Floats, nominal: float) -> Floats:
    """Slope of the angle over 100 ms at each knot; at the ends over what there is, continued straight."""
    taps = int(0.1 / _KNOTS)
    if len(angle) <= taps:
        if len(angle) < 2:
            return np.full(len(angle), nominal)
        mean = (angle[-1] - angle[0]) / (2 * np.pi * _KNOTS * (len(angle) - 1))
        return np.full(len(angle), nominal + mean)
    slope = nominal + (angle[taps:] - angle[:-taps]) / (2 * np.pi * _KNOTS * taps)
    centres = np.arange(len(slope), dtype=np.float64) + taps / 2
    return _continued(np.arange(len(angle), dtype=np.float64), centres, slope)


def _continued(t: Floats, known: Floats, values: Floats) -> Floats:
    """Values at other instants; beyond the known ones their first and last trend goes on.

    The frequency is known no nearer than three cycles to the ends of a recording; held there, a ramp would be bent.
    """
    result = np.interp(t, known, values)
    reach = min(len(known), 10)
    if reach > 2:
        for outside, end in ((t < known[0], slice(None, reach)), (t > known[-1], slice(-reach, None))):
            line = np.polyfit(known[end] - known[0], values[end], 1)
            result = np.where(outside, np.polyval(line, t - known[0]), result)
    return result
