"""Wiring: swapped phases, turned probes, one signal on two channels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from v2gready.grid.recording import Floats, Stored
from v2gready.grid.screening.finding import ENERGISED, LEAST_CYCLES, LOADED, Expected, Finding, remark, unfit

Complexes = NDArray[np.complex128]
_NORMAL, _HIGHEST = 0.8, 1.3
_SEQUENCE_MARGIN = 1.3


def sequence(phasors: Mapping[str, Complexes], rms: Mapping[str, Floats], bench: Expected) -> Iterator[Finding]:
    """Wiring: whichever phases are faulted, the positive sequence stays the larger one."""
    highest = np.max([rms[name] for name in bench.voltages], axis=0)
    lowest = np.min([rms[name] for name in bench.voltages], axis=0)
    healthy = (lowest > _NORMAL * bench.voltage) & (highest < _HIGHEST * bench.voltage)
    # Where no fault hides the wiring; or else wherever there is voltage.
    seen = healthy if healthy.sum() >= LEAST_CYCLES else highest > ENERGISED * bench.voltage
    if not seen.any():
        return
    positive, negative = _sequences([phasors[name][seen] for name in bench.voltages])
    if negative > _SEQUENCE_MARGIN * positive:
        sentence = (
            f"the voltages turn backwards (negative sequence {negative:.3g} V, positive {positive:.3g} V): "
            "two phases are swapped, or one is turned round"
        )
        yield unfit("swapped voltages", bench.voltages, sentence)
        return
    carried = np.max([rms[name] for name in bench.currents], axis=0)
    loaded = healthy & (carried > LOADED * bench.current)
    if loaded.sum() < LEAST_CYCLES:
        return
    currents = [phasors[name][loaded] for name in bench.currents]
    positive, negative = _sequences(currents)
    if negative > _SEQUENCE_MARGIN * positive:
        sentence = (
            f"the currents turn backwards (negative sequence {negative:.3g} A, positive {positive:.3g} A) "
            "while the voltages do not: two currents are swapped, or one is turned round"
        )
        yield unfit("swapped currents", bench.currents, sentence)
        return
    power = np.array([phasors[v][loaded] for v in bench.voltages]) * np.conj(currents)
    angles = np.degrees(np.angle(power.sum(axis=0)))
    rotated = np.min(np.abs(np.abs(angles)[:, None] - np.array([60.0, 120.0])), axis=1) < 10
    if rotated.mean() > 0.9 and np.median(carried[loaded]) > ENERGISED * bench.current:
        sentence = f"P and Q are at {np.median(angles):.0f} degrees throughout: check that i1 belongs to u1, and so on"
        yield remark("rotated currents", bench.currents, sentence)


def _sequences(phasors: list[Complexes]) -> tuple[float, float]:
    """Typical positive and negative sequence."""
    one, two, three = phasors
    a = np.exp(2j * np.pi / 3)
    positive = np.abs(one + a * two + a**2 * three) / 3
    negative = np.abs(one + a**2 * two + a * three) / 3
    return float(np.median(positive)), float(np.median(negative))


def twins(
    blocks: Mapping[str, Stored], phasors: Mapping[str, Complexes], rms: Mapping[str, Floats], bench: Expected
) -> Iterator[Finding]:
    """Two channels that show one and the same signal."""
    for names, least in ((bench.voltages, ENERGISED), (bench.currents, LOADED)):
        live = np.min([rms[name] for name in names], axis=0) > least * bench.unit(names[0])
        if live.sum() < LEAST_CYCLES:
            continue
        for one, other in ((names[0], names[1]), (names[0], names[2]), (names[1], names[2])):
            if np.max(np.abs(phasors[one] - phasors[other])[live]) > 0.5 * np.median(rms[one][live]):
                continue  # the usual case, seen without a look at every sample
            apart = np.sqrt(np.mean((blocks[one][live] - blocks[other][live]) ** 2))
            if apart < 0.02 * np.median(rms[one][live]):
                yield unfit("twin channels", (one, other), f"{one} and {other} show one and the same signal")
