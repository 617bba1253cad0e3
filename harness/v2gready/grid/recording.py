"""Simultaneously sampled channels: what an instrument recorded, or a file holds.

Two kinds share one shape. A *waveform* recording holds instantaneous phase voltages and currents at kilohertz; a
*quantities* recording holds what a power analyser makes of them (RMS, frequency, power) at tens of hertz.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import cast

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Stored = NDArray[np.float32] | NDArray[np.float64]


class Kind(StrEnum):
    """What the channels hold."""

    WAVEFORM = "waveform"
    QUANTITIES = "quantities"


class ChannelNames:
    """Names of the channels that judges know. Others are kept and shown, not judged."""

    VOLTAGES = ("u1", "u2", "u3")
    """Line to neutral, V: instantaneous in a waveform recording, RMS in a quantities recording."""
    CURRENTS = ("i1", "i2", "i3")
    """A, positive into the device: instantaneous, or RMS (not negative) in a quantities recording."""
    FREQUENCY = "f"
    """Hz, quantities recording alone."""
    POWER = "p"
    """W, total of all phases, positive charging; quantities recording alone."""
    REACTIVE = "q"
    """var, fundamental, positive when the device takes in inductive reactive power; quantities recording alone."""
    POSITIVE_SEQUENCE = "u_pos"
    """V; quantities recording alone, optional."""
    ISLAND_SWITCH = "s1"
    """1 while the switch to the grid is closed, 0 while it is open; digital, optional."""
    CEASE_INPUT = "cease"
    """1 while the cease-power input of the device is active; digital, optional."""


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """Expanded uncertainty (k = 2) of one sample of a channel.

    Attributes:
        floor: In the unit of the channel.
        share: Of the reading.
    """

    floor: float = 0.0
    share: float = 0.0

    def at(self, value: Floats) -> Floats:
        """Expanded uncertainty of each value."""
        return np.asarray(self.floor + self.share * np.abs(value), dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Channel:
    """One quantity over time.

    Attributes:
        name: One of `ChannelNames`, or the name on the instrument.
        unit: SI unit; empty for a digital channel.
        values: One per instant.
        uncertainty: Of the instrument.
    """

    name: str
    unit: str
    values: Stored
    uncertainty: Uncertainty = Uncertainty()


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """Channels on a common, uniform time axis.

    Attributes:
        kind: What the channels hold.
        start: Seconds of the first sample on the timeline of the trace.
        rate: Samples per second.
        channels: By name; all of one length.
        source: Instrument or file, for the report.
        time_uncertainty: Expanded uncertainty (k = 2) of an instant within the recording, in seconds.
    """

    kind: Kind
    start: float
    rate: float
    channels: Mapping[str, Channel] = field(default_factory=dict)
    source: str = ""
    time_uncertainty: float = 0.0

    def __post_init__(self) -> None:
        if not self.rate > 0:
            raise ValueError(f"a recording needs a positive rate, not {self.rate}")
        lengths = {len(channel.values) for channel in self.channels.values()}
        if len(lengths) > 1:
            raise ValueError(f"channels of one recording differ in length: {sorted(lengths)}")

    def __len__(self) -> int:
        return next((len(channel.values) for channel in self.channels.values()), 0)

    @property
    def duration(self) -> float:
        """Seconds."""
        return len(self) / self.rate

    @property
    def time(self) -> Floats:
        """Instant of each sample on the timeline of the trace."""
        return self.start + np.arange(len(self), dtype=np.float64) / self.rate

    def has(self, *names: str) -> bool:
        """All of these channels are there."""
        return all(name in self.channels for name in names)

    def values(self, name: str) -> Floats:
        """The values of a channel in double precision.

        Raises:
            KeyError: There is no such channel.
        """
        return np.asarray(self.channels[name].values, dtype=np.float64)

    def then(self, other: Recording) -> Recording:
        """This recording with another one appended that goes on where it ends.

        Raises:
            ValueError: Kind, rate or channels differ: our own misuse.
        """
        return self._joined(other, 0)

    def then_at_its_time(self, other: Recording) -> Recording:
        """This recording with a later one of the same instrument on its time axis; in between there is no number.

        The samples of the other move to the nearest place on the axis, by half a period at the most, which goes into
        the uncertainty of time. Whether the hole matters is for `v2gready.grid.screening` to say.

        Raises:
            ValueError: Kind, rate or channels differ, or the other begins before this one ends: our own misuse.
        """
        lost = round((other.start - self.start) * self.rate) - len(self)
        if lost < 0:
            raise ValueError(f"what begins at {other.start:.6g} s does not come after what lasts longer")
        doubt = max(self.time_uncertainty, other.time_uncertainty) + 0.5 / self.rate
        return replace(self._joined(other, lost), time_uncertainty=doubt)

    def _joined(self, other: Recording, lost: int) -> Recording:
        if (self.kind, self.rate, set(self.channels)) != (other.kind, other.rate, set(other.channels)):
            raise ValueError("recordings of one instrument must agree in kind, rate and channels")
        joined = {
            name: replace(channel, values=_joined(channel.values, other.channels[name].values, lost))
            for name, channel in self.channels.items()
        }
        return replace(self, channels=joined)


def _joined(head: Stored, tail: Stored, lost: int) -> Stored:
    hole = np.full(lost, np.nan, dtype=head.dtype)
    return cast("Stored", np.concatenate((head, hole, tail)).astype(head.dtype, copy=False))
