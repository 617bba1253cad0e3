"""From instants as a file gives them to a uniform time axis.

Lost samples leave a gap, which is kept open (NaN) for `v2gready.grid.screening` to find. Instants that fit no uniform
axis are refused: interpolation would invent what a judge then measures.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from v2gready.grid.formats.errors import RecordingError
from v2gready.grid.recording import Floats, Stored

_REMEDY = "export more digits, or state rate and rate_override = true in the mapping file"
JITTER = 0.25
"""Largest distance of an instant from its place on the axis, in sample periods, beyond the resolution of the file."""
GAPS = 4
"""A file may be mostly gap; but no more than this many times longer than its samples."""


@dataclass(frozen=True, slots=True, eq=False)
class Axis:
    """A uniform time axis, and which place on it each sample has.

    Attributes:
        rate: Samples per second.
        start: Seconds of the first place.
        length: Number of places.
        places: Ascending; one per sample.
    """

    rate: float
    start: float
    length: int
    places: NDArray[np.int64]

    @property
    def gapless(self) -> bool:
        """Each place has its sample."""
        return self.length == len(self.places)

    def spread(self, values: Stored) -> Stored:
        """The values at their places, NaN elsewhere."""
        if self.gapless:
            return values
        spread: Stored = np.full(self.length, np.nan, dtype=values.dtype)
        spread[self.places] = values
        return spread


def from_instants(t: Floats, file: str, *, resolution: float, first_line: int = 1) -> Axis:
    """The axis on which these instants lie.

    Args:
        t: Seconds.
        file: Name for messages.
        resolution: Of the instants, in seconds: what rounding may have moved them.
        first_line: Line of the first instant, for messages.

    Raises:
        RecordingError: Fewer than two instants, not ascending, or irregular.
    """
    if len(t) < 2:
        raise RecordingError(file, "", f"{len(t)} samples give no time axis", "record at least a few cycles")
    if not np.all(np.isfinite(t)):
        line = first_line + int(np.flatnonzero(~np.isfinite(t))[0])
        raise RecordingError(file, f"line {line}", "the time is missing", "export again, with a time in each line")
    steps = np.diff(t)
    if not np.all(steps > 0):
        line = first_line + 1 + int(np.flatnonzero(steps <= 0)[0])
        what = "the time does not ascend"
        raise RecordingError(file, f"line {line}", what, _REMEDY)
    rate = _rate(steps, resolution)
    regular = steps[steps * rate < 1.5]
    # Instants that fall on the digits of the file are exact however few those are; others need digits to spare.
    if resolution * rate > JITTER and regular.size and np.ptp(regular) > resolution / 2:
        what = f"the time is written in steps of {resolution:g} s, too coarse for {rate:g} samples per second"
        raise RecordingError(file, "", what, _REMEDY)
    exact = (t - t[0]) * rate
    if not exact[-1] < GAPS * len(t) + 16:
        what = f"the samples span {t[-1] - t[0]:g} s, {exact[-1] / len(t):.0f} times more than they fill at {rate:g}/s"
        raise RecordingError(file, "", what, "cut the recording into parts without gaps")
    # A rate that is a little off must not pile up: each stretch between gaps is counted from its own start.
    places = np.concatenate(([0], np.cumsum(np.maximum(np.rint(steps * rate), 1.0)))).astype(np.int64)
    allowed = JITTER + 2 * resolution * rate
    # Steps that lie between the places of a uniform axis, beyond what jitter and rounding explain.
    off = np.abs(steps * rate - np.diff(places))
    if np.any(off > allowed):
        index = int(np.argmax(off))
        what = f"a step of {steps[index]:.6g} s where samples come every {1 / rate:.6g} s: the sampling is irregular"
        remedy = "export with a fixed rate"
        raise RecordingError(file, f"line {first_line + 1 + index}", what, remedy)
    drift = float(exact[-1] - places[-1])
    if abs(drift) > max(1.0, 0.001 * places[-1]) + allowed:
        what = f"the instants drift {abs(drift):.1f} samples from a uniform axis of {rate:g}/s"
        raise RecordingError(file, "", what, "export with a fixed rate")
    return Axis(rate, float(t[0]), int(places[-1]) + 1, places)


def from_numbers(numbers: NDArray[np.int64], rate: float, file: str) -> Axis:
    """The axis of samples that are numbered, at a known rate: a number left out is a lost sample.

    Raises:
        RecordingError: The numbers do not ascend.
    """
    steps = np.diff(numbers)
    if not steps.size or np.all(steps == steps[0]):
        return Axis(rate, 0.0, len(numbers), np.arange(len(numbers), dtype=np.int64))
    if not np.all(steps > 0):
        sample = 2 + int(np.flatnonzero(steps <= 0)[0])
        what = f"the sample number goes from {numbers[sample - 2]} to {numbers[sample - 1]}"
        raise RecordingError(file, f"sample {sample}", what, "copy the file again from the recorder")
    places = numbers - numbers[0]
    if not places[-1] < GAPS * len(numbers) + 16:
        what = f"{len(numbers)} samples are numbered up to {numbers[-1]}"
        raise RecordingError(file, "", what, "cut the recording into parts without gaps")
    return Axis(rate, 0.0, int(places[-1]) + 1, places)


def _rate(steps: Floats, resolution: float) -> float:
    """The rate at which most of the samples came; the roundest one that the resolution does not rule out."""
    regular = steps[steps < 1.5 * float(np.median(steps))]
    span = float(np.sum(regular))
    rate = len(regular) / span
    # Rounding moves either end of the span by half of the last digit.
    slack = resolution + 1e-9 * span
    candidates = [round(rate, digits) for digits in range(4)]
    return next((one for one in candidates if one > 0 and abs(len(regular) / one - span) <= slack), rate)
