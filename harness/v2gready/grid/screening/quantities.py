"""Quantities: RMS values, frequency and power that contradict each other or the bench."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from v2gready.grid.recording import ChannelNames, Floats, Recording
from v2gready.grid.screening.finding import ENERGISED, LEAST_CYCLES, LOADED, MOST_CURRENT, Expected, Finding, unfit
from v2gready.grid.screening.magnitudes import magnitudes


def screen_quantities(recording: Recording, bench: Expected) -> list[Finding]:
    """What is wrong with a quantities recording in which nothing is missing."""
    names = (*bench.voltages, *(name for name in bench.currents if recording.has(name)))
    rms = {name: recording.values(name) for name in names}
    found = []
    for name, values in rms.items():
        if values.min() < -0.01 * bench.unit(name):
            sentence = f"{name} goes down to {values.min():.3g}, an RMS value cannot: is the recording a waveform?"
            found.append(unfit("negative RMS", (name,), sentence))
    if not found:
        found += magnitudes(rms, bench)
        found += _frequency(recording, rms, bench)
        found += _power(recording, rms, bench)
    return found


def _frequency(recording: Recording, rms: Mapping[str, Floats], bench: Expected) -> Iterator[Finding]:
    live = np.max([rms[name] for name in bench.voltages], axis=0) > ENERGISED * bench.voltage
    values = recording.values(ChannelNames.FREQUENCY)[live]
    if len(values) and not 0.9 < float(np.median(values)) / bench.frequency < 1.1:
        sentence = f"f is typically {np.median(values):.4g}, {bench.frequency:g} Hz are nominal: check its unit"
        yield unfit("scaling", (ChannelNames.FREQUENCY,), sentence)


def _power(recording: Recording, rms: Mapping[str, Floats], bench: Expected) -> Iterator[Finding]:
    """P and Q against what voltages and currents allow."""
    power = recording.values(ChannelNames.POWER)
    rated = bench.phases * bench.voltage * bench.current
    if np.max(np.abs(power)) > MOST_CURRENT * rated:
        sentence = f"p reaches {np.max(np.abs(power)):.3g} W, {rated:.3g} VA are rated"
        yield unfit("scaling", (ChannelNames.POWER,), sentence)
        return
    if not recording.has(*bench.currents):
        return
    apparent = np.sum([rms[v] * rms[i] for v, i in zip(bench.voltages, bench.currents, strict=True)], axis=0)
    loaded = apparent > LOADED * rated
    if loaded.sum() < LEAST_CYCLES:
        return
    share = float(np.median(np.abs(power[loaded]) / apparent[loaded]))
    if share > 1.2:
        sentence = f"p is typically {share:.3g} times what voltages and currents give: check their units"
        yield unfit("scaling", (ChannelNames.POWER,), sentence)
    elif recording.has(ChannelNames.REACTIVE):
        reactive = recording.values(ChannelNames.REACTIVE)[loaded]
        share = float(np.median(np.hypot(power[loaded], reactive) / apparent[loaded]))
        if not 0.5 < share < 1.5:
            sentence = f"p and q make {share:.3g} of what voltages and currents give: check their units"
            yield unfit("scaling", (ChannelNames.POWER, ChannelNames.REACTIVE), sentence)
