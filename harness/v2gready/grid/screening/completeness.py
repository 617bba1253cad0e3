"""Is everything there: channels, samples, numbers in them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from v2gready.grid.recording import ChannelNames, Kind, Recording
from v2gready.grid.screening.finding import LEAST_CYCLES, Expected, Finding, remark, unfit

LEAST_QUANTITIES = 5.0
"""Values per second of a power analyser: a tenth of what is usual, one for each 10-cycle window."""
LEAST_RATE = 5_000.0
"""Samples per second below which a waveform shows neither RMS edges nor frequency well enough to judge."""
GOOD_RATE = 10_000.0
"""What instruments for these tests sample at least (RMS, P, f and trip times)."""


def missing_channels(recording: Recording, bench: Expected) -> Iterator[Finding]:
    """Channels that judges need, or would like to have."""
    needed: tuple[str, ...] = (*bench.voltages, *bench.currents)
    useful: tuple[str, ...] = ()
    if recording.kind is Kind.QUANTITIES:
        needed = (*bench.voltages, ChannelNames.FREQUENCY, ChannelNames.POWER)
        useful = (ChannelNames.REACTIVE, *bench.currents)
    for names, make in ((needed, unfit), (useful, remark)):
        absent = tuple(name for name in names if not recording.has(name))
        if absent:
            yield make("missing channel", absent, f"the recording has no channel {', '.join(absent)}")


def too_short(recording: Recording, bench: Expected) -> Iterator[Finding]:
    """Nothing to see yet."""
    least = LEAST_CYCLES / bench.frequency
    if len(recording) < LEAST_CYCLES or (recording.kind is Kind.WAVEFORM and recording.duration < least):
        yield unfit("too short", (), f"the recording lasts {recording.duration:.4g} s, {len(recording)} samples")


def rate_too_low(recording: Recording) -> Iterator[Finding]:
    """A waveform sampled too slowly, or quantities told too seldom."""
    rate = recording.rate
    if recording.kind is Kind.QUANTITIES:
        if rate < LEAST_QUANTITIES:
            sentence = f"{rate:g} values per second are too few to judge by, {LEAST_QUANTITIES:g} are needed"
            yield unfit("rate too low", (), sentence)
    elif rate < LEAST_RATE:
        sentence = f"{rate:g} samples per second are too few to judge a waveform, {LEAST_RATE:g} are needed"
        yield unfit("rate too low", (), sentence)
    elif rate < GOOD_RATE:
        yield remark("low rate", (), f"{rate:g} samples per second are fewer than the usual {GOOD_RATE:g}")


def not_finite(recording: Recording) -> Iterator[Finding]:
    """Lost samples, which readers leave as NaN in every channel, and single values that are no numbers."""
    bad = {name: ~np.isfinite(channel.values) for name, channel in recording.channels.items()}
    bad = {name: mask for name, mask in bad.items() if mask.any()}
    if not bad:
        return
    everywhere = np.logical_and.reduce(list(bad.values()))
    if len(bad) == len(recording.channels) and everywhere.any():
        first, length = _first_run(everywhere)
        at, lasting = recording.start + first / recording.rate, length / recording.rate
        sentence = f"samples are lost: {int(everywhere.sum())} in all, first {lasting * 1e3:.3g} ms from {at:.6g} s on"
        yield unfit("gap", tuple(bad), sentence)
        bad = {name: mask & ~everywhere for name, mask in bad.items()}
    for name, mask in bad.items():
        if mask.any():
            first, _ = _first_run(mask)
            at = recording.start + first / recording.rate
            sentence = f"{name} holds no number in {int(mask.sum())} samples, first at {at:.6g} s"
            yield unfit("not finite", (name,), sentence)


def _first_run(mask: NDArray[np.bool_]) -> tuple[int, int]:
    """Index and length of the first stretch of True."""
    first = int(np.argmax(mask))
    rest = ~mask[first:]
    return first, int(np.argmax(rest)) if rest.any() else len(mask) - first
