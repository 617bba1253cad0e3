"""Recordings to write and read back."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from v2gready.grid.recording import Channel, Kind, Recording, Uncertainty

Column = NDArray[np.float32]


def sine(n: int, rate: float, amplitude: float, shift: float = 0.0, f: float = 50.0) -> Column:
    return (amplitude * np.sin(2 * np.pi * (f * np.arange(n) / rate - shift))).astype(np.float32)


def waveform(n: int = 800, rate: float = 10_000.0, start: float = 0.1 + 0.2) -> Recording:
    channels = [Channel(f"u{k + 1}", "V", sine(n, rate, 325.0, k / 3), Uncertainty(0.1, 0.001)) for k in range(3)]
    channels += [Channel(f"i{k + 1}", "A", sine(n, rate, 22.6, k / 3), Uncertainty(0.01, 0.002)) for k in range(3)]
    switch = (np.arange(n) < n // 2).astype(np.float32)
    channels += [Channel("s1", "", switch), Channel("cease", "", 1 - switch)]
    return Recording(
        Kind.WAVEFORM, start, rate, {one.name: one for one in channels}, "ACME, analyser 50 % \u00fcber", 1e-5
    )


def same(one: Recording, other: Recording) -> bool:
    """Everything agrees, to the bit."""
    return (
        (one.kind, one.start, one.rate, one.source, one.time_uncertainty)
        == (other.kind, other.start, other.rate, other.source, other.time_uncertainty)
        and set(one.channels) == set(other.channels)
        and all(
            (mine.name, mine.unit, mine.uncertainty) == (theirs.name, theirs.unit, theirs.uncertainty)
            and mine.values.dtype == theirs.values.dtype
            and np.array_equal(mine.values, theirs.values, equal_nan=True)
            for mine, theirs in ((one.channels[name], other.channels[name]) for name in one.channels)
        )
    )
