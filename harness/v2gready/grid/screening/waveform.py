"""Waveforms: channels that stand still, repeat or are cut off, and a rate that cannot be right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from v2gready.grid.recording import Floats, Recording, Stored
from v2gready.grid.screening.finding import ENERGISED, LOADED, Expected, Finding, Severity, remark, unfit
from v2gready.grid.screening.magnitudes import magnitudes
from v2gready.grid.screening.wiring import Complexes, sequence, twins

_LOOKS = 40


def screen_waveform(recording: Recording, bench: Expected) -> list[Finding]:
    """What is wrong with a waveform in which nothing is missing."""
    cycle = round(recording.rate / bench.frequency)
    if cycle < 8:
        return []  # named already: the rate is far too low
    names = (*bench.voltages, *bench.currents)
    # In the precision in which they are stored: this is a look, not a measurement.
    values = {name: recording.channels[name].values for name in names}
    blocks = {name: _blocks(column, cycle) for name, column in values.items()}
    with np.errstate(over="ignore"):  # 1e30 V are no test either: infinite is large enough to be named
        rms = {name: np.sqrt(np.einsum("ij,ij->i", block, block) / cycle) for name, block in blocks.items()}
    found = [
        *_stuck(recording, values, bench, cycle),
        *magnitudes(rms, bench),
        *_held(recording, values, bench),
        *_offset(blocks, bench),
    ]
    if any(finding.severity is Severity.UNUSABLE for finding in found):
        return found  # sequences and frequency of nonsense are nonsense
    found += [*_clipped(recording, values, bench, cycle), *_wrong_rate(recording, rms, bench, cycle)]
    if bench.phases == 3 and not any(finding.rule == "wrong rate" for finding in found):
        turn = np.exp(-2j * np.pi * bench.frequency / recording.rate * np.arange(cycle)) * (np.sqrt(2) / cycle)
        phasors = {name: _phasor(block, turn) for name, block in blocks.items()}
        found += [*sequence(phasors, rms, bench), *twins(blocks, phasors, rms, bench)]
    return found


def _blocks(values: Stored, cycle: int) -> Stored:
    """Whole cycles, one a row."""
    whole = len(values) // cycle
    return values[: whole * cycle].reshape(whole, cycle)


def _phasor(block: Stored, turn: Complexes) -> Complexes:
    """Fundamental of each cycle, RMS; two real products, in the precision of the samples, are the fast way."""
    real, imaginary = (block @ part.astype(block.dtype) for part in (turn.real, turn.imag))
    return np.asarray(real + 1j * imaginary, dtype=np.complex128)


def _stuck(recording: Recording, columns: Mapping[str, Stored], bench: Expected, cycle: int) -> Iterator[Finding]:
    """Channels that stand still at a value, for at least a cycle, where a measured one would not."""
    for name, values in columns.items():
        if name in bench.voltages and values.min() == values.max():
            yield unfit("flat", (name,), f"{name} is {values[0]:.3g} V in every sample")
            continue
        # A dead bus or a tripped device stands still at zero, perhaps off by a digit of the converter.
        still = np.flatnonzero(values[1:] == values[:-1])
        first, length = _longest_run(still[np.abs(values[still]) > 0.02 * bench.unit(name)])
        if length >= cycle:
            at = recording.start + first / recording.rate
            lasting = (length + 1) / recording.rate
            sentence = f"{name} stands still at {values[first]:.3g} for {lasting:.3g} s from {at:.6g} s"
            yield unfit("flat", (name,), sentence)
    spans = {name: float(np.ptp(columns[name])) for name in bench.currents}
    dead = tuple(name for name, span in spans.items() if span == 0)
    if dead and len(dead) < bench.phases and max(spans.values()) > 2 * np.sqrt(2) * LOADED * bench.current:
        yield unfit("flat", dead, f"{', '.join(dead)} never moves while another phase carries current")


def _longest_run(indexes: NDArray[np.intp]) -> tuple[int, int]:
    """Start and length of the longest stretch of adjacent indexes."""
    starts, lengths = _runs(indexes)
    if not len(starts):
        return 0, 0
    best = int(np.argmax(lengths))
    return int(starts[best]), int(lengths[best])


def _runs(indexes: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Starts and lengths of the stretches of adjacent indexes."""
    if not len(indexes):
        return indexes, indexes
    begins = np.flatnonzero(np.diff(indexes, prepend=indexes[0] - 2) != 1)
    return indexes[begins], np.diff(begins, append=len(indexes))


def _held(recording: Recording, columns: Mapping[str, Stored], bench: Expected) -> Iterator[Finding]:
    """Each sample written several times: the instrument samples more slowly than the file says."""
    name = bench.voltages[0]
    values = columns[name]
    begin = int(np.argmax(np.abs(values) > ENERGISED * bench.voltage))
    part = values[begin : begin + 4000]
    if np.mean(part[1:] == part[:-1]) < 0.4:
        return
    for times in range(40, 1, -1):
        for offset in range(times):
            whole = (len(part) - offset) // times
            groups = part[offset : offset + whole * times].reshape(whole, times)
            if whole < 20 or np.mean(np.diff(groups[:, 0]) == 0) > 0.5:
                continue
            if np.mean(groups.min(axis=1) == groups.max(axis=1)) > 0.98:
                real = recording.rate / times
                sentence = f"{name} repeats every sample {times} times: really {real:g} samples per second"
                yield unfit("held samples", (name,), sentence)
                return


def _offset(blocks: Mapping[str, Stored], bench: Expected) -> Iterator[Finding]:
    for name in bench.voltages:
        mean = float(np.median(blocks[name].mean(axis=1)))
        if abs(mean) > 0.05 * bench.voltage:
            yield remark("offset", (name,), f"{name} has a constant part of {mean:.3g} V: check the zero of the probe")


def _clipped(recording: Recording, columns: Mapping[str, Stored], bench: Expected, cycle: int) -> Iterator[Finding]:
    """Plateaus at the largest or smallest value, longer than the digits of the instrument explain."""
    for name, values in columns.items():
        for extreme in (float(values.max()), float(values.min())):
            if abs(extreme) < LOADED * np.sqrt(2) * bench.unit(name):
                continue
            _, lengths = _runs(np.flatnonzero(values == extreme))
            digit = _digit(values)
            # A sine stays within one digit of its peak for this many samples.
            natural = cycle / np.pi * np.sqrt(2 * digit / abs(extreme))
            plateaus = lengths[lengths >= max(4.0, 2 * natural + 2)]
            if len(plateaus):
                sentence = (
                    f"{name} is cut off at {extreme:.4g}, {len(plateaus)} times, for up to "
                    f"{plateaus.max() / recording.rate * 1e3:.3g} ms: the range of the instrument was too small"
                )
                make = unfit if len(plateaus) > 1 else remark
                yield make("clipped", (name,), sentence)
                break


def _digit(values: Stored) -> float:
    """Smallest step that a channel shows: what its converter resolves."""
    distinct = np.unique(values[:20_000])
    steps = np.diff(distinct)
    return float(steps.min()) if len(steps) else 0.0


def _wrong_rate(recording: Recording, rms: Mapping[str, Floats], bench: Expected, cycle: int) -> Iterator[Finding]:
    """The fundamental where it cannot be: the rate in the file is not the one of the instrument."""
    window = min(10, len(rms[bench.voltages[0]])) * cycle
    strongest = max(bench.voltages, key=lambda name: float(np.sum(rms[name])))
    values = recording.channels[strongest].values
    starts = np.unique(np.linspace(0, len(values) - window, _LOOKS).astype(np.int64))
    pieces = np.array([values[start : start + window] for start in starts])
    pieces = pieces[np.sqrt(np.mean(pieces**2, axis=1)) > 0.2 * bench.voltage]
    if not len(pieces):
        return
    pieces = (pieces - pieces.mean(axis=1, keepdims=True)) * np.hanning(window)
    spectrum = np.abs(np.fft.rfft(pieces, 4 * window, axis=1))
    peak = np.argmax(spectrum, axis=1)
    found = float(np.median(peak)) * recording.rate / (4 * window)
    if not 0.9 < found / bench.frequency < 1.1:
        sentence = (
            f"at {recording.rate:g} samples per second the fundamental is {found:.3g} Hz, "
            f"not {bench.frequency:g} Hz: the rate is wrong"
        )
        yield unfit("wrong rate", (strongest,), sentence)
