"""Magnitudes that no test produces: units, ratios, voltage probes between the lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from v2gready.grid.recording import Floats
from v2gready.grid.screening.finding import MOST_CURRENT, Expected, Finding, unfit


def magnitudes(rms: Mapping[str, Floats], bench: Expected) -> Iterator[Finding]:
    """Magnitudes that no test produces; ``rms`` over time, by channel."""
    typical = {name: float(np.median(values)) for name, values in rms.items()}
    largest = {name: float(np.max(values)) for name, values in rms.items()}
    low = tuple(name for name in bench.voltages if largest[name] < 0.2 * bench.voltage)
    currents = tuple(name for name in bench.currents if name in rms)
    like_voltage = [name for name in currents if 0.5 < typical[name] / bench.voltage < 1.5]
    if low == bench.voltages and currents and len(like_voltage) == len(currents):
        sentence = (
            f"{low[0]} is at most {largest[low[0]]:.3g} and {currents[0]} typically {typical[currents[0]]:.3g}: "
            "voltages and currents seem interchanged"
        )
        yield unfit("interchanged", (*low, *currents), sentence)
        return
    for name in low:
        sentence = f"{name} never exceeds {largest[name]:.3g} V RMS, {bench.voltage:g} V are nominal"
        yield unfit("scaling", (name,), sentence)
    ratios = [typical[name] / bench.voltage for name in bench.voltages]
    if bench.phases == 3 and all(1.6 < ratio < 1.9 for ratio in ratios):
        sentence = f"the voltages are {np.mean(ratios):.2f} of nominal: line to line, not line to neutral"
        yield unfit("line to line", bench.voltages, sentence)
    for name, ratio in zip(bench.voltages, ratios, strict=True):
        if ratio > 2:
            sentence = f"{name} is typically {typical[name]:.3g} V RMS, {bench.voltage:g} V are nominal"
            yield unfit("scaling", (name,), sentence)
    for name in currents:
        if largest[name] > MOST_CURRENT * bench.current:
            sentence = f"{name} reaches {largest[name]:.3g} A RMS, {bench.current:g} A are rated"
            yield unfit("scaling", (name,), sentence)
