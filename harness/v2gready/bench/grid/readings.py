"""Readings of an analyser, one by one and not quite in step, as a recording on a uniform time axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from v2gready.bench.grid.command_set import UNITS, AnalyserCommands
from v2gready.bench.grid.drivers import InstrumentError
from v2gready.grid.recording import Channel, ChannelNames, Kind, Recording, Uncertainty

LARGEST_GAP: Final = 2.5
"""Intervals without a reading after which the recording has a hole: values there are NaN."""
_OVERFLOW: Final = 9.0e36
"""Instruments write overflow as 9.9E37 (SCPI 1999, 7.2.1.4) where they do not write a word."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading.

    Attributes:
        t: Instant on the timeline of the trace, s.
        latency: Seconds that passed between question and answer.
        values: One per item, NaN where the instrument had none.
    """

    t: float
    latency: float
    values: tuple[float, ...]


def number(text: str) -> float:
    """A value of an answer; what the instrument could not measure is NaN.

    Raises:
        ValueError: It is no number.
    """
    word = text.strip().strip('"').upper()
    if word in {"NAN", "INF", "+INF", "-INF", "+OVER", "-OVER", "OVER", "ERROR", "----", ""}:
        return float("nan")
    value = float(word)
    return value if abs(value) < _OVERFLOW else float("nan")


def recording_of(
    readings: Sequence[Reading],
    commands: AnalyserCommands,
    rate: float,
    accuracy: Mapping[str, Uncertainty],
    source: str,
) -> Recording:
    """Each instant gets the reading nearest to it; how far away that is goes into the uncertainty of time.

    Raises:
        InstrumentError: There are too few readings, or the instrument's clock runs backwards.
    """
    if len(readings) < 2:
        raise InstrumentError(f"the power analyser delivered {len(readings)} readings, which is no recording")
    t = np.array([reading.t for reading in readings])
    if np.any(np.diff(t) <= 0):
        raise InstrumentError("the clock of the power analyser runs backwards")
    values = np.array([reading.values for reading in readings])
    axis = t[0] + np.arange(int(np.floor((t[-1] - t[0]) * rate + 1e-9)) + 1) / rate
    right = np.clip(np.searchsorted(t, axis), 1, len(t) - 1)
    nearest = np.where(axis - t[right - 1] <= t[right] - axis, right - 1, right)
    away = np.abs(axis - t[nearest])
    hole = (t[right] - t[right - 1]) * rate > LARGEST_GAP
    hole &= away * rate > 0.5 + 1e-6
    channels = {}
    first = 0
    for name, items in commands.items.items():
        column = values[nearest, first : first + len(items)].sum(axis=1)
        first += len(items)
        column[hole] = np.nan
        if name in (*ChannelNames.VOLTAGES, *ChannelNames.CURRENTS):
            column = np.abs(column)
        unit = UNITS[name]
        channels[name] = Channel(name, unit, column.astype(np.float32), accuracy.get(unit, Uncertainty()))
    late = 0.0 if commands.stamp is not None else max(reading.latency for reading in readings)
    return Recording(
        kind=Kind.QUANTITIES,
        start=float(axis[0]),
        rate=rate,
        channels=channels,
        source=source,
        time_uncertainty=float(np.max(away, where=~hole, initial=0.0)) + late + commands.age,
    )
