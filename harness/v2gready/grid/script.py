"""What a grid simulator plays: voltage and frequency over time, in segments.

A script says what is wanted. What the device really saw is measured: judges look at the recording, never at the
script. Phase is the integral of frequency; a table of sin(2 pi f t) with a changing f makes false phase jumps.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

from v2gready.grid.recording import Floats

NOMINAL_FREQUENCY = 50.0
Phases = tuple[float, float, float]
BALANCED: Phases = (1.0, 1.0, 1.0)
UPRIGHT: Phases = (0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch in which voltage and frequency move linearly.

    Attributes:
        duration: Seconds, positive.
        f: Frequency at its start and end, Hz.
        u: RMS voltage of each phase at its start, in units of the nominal voltage.
        u_end: The same at its end.
        jump: Phase jump of all three voltages at its start, in degrees.
        angles: Shift of each phase against its symmetrical position, in degrees (two-phase faults).
    """

    duration: float
    f: tuple[float, float] = (NOMINAL_FREQUENCY, NOMINAL_FREQUENCY)
    u: Phases = BALANCED
    u_end: Phases = BALANCED
    jump: float = 0.0
    angles: Phases = UPRIGHT

    def __post_init__(self) -> None:
        if not self.duration > 0:
            raise ValueError(f"a segment needs a positive duration, not {self.duration}")


@dataclass(frozen=True, slots=True, eq=False)
class Played:
    """A script at given instants.

    Attributes:
        t: Seconds since the start of the script.
        f: Hz.
        u: RMS voltages in pu, shape (3, n).
        phase: Angle of phase 1 without its own shift, radians; continuous but for jumps.
        angles: Shift of each phase in radians, shape (3, n).
    """

    t: Floats
    f: Floats
    u: Floats
    phase: Floats
    angles: Floats


@dataclass(frozen=True, slots=True)
class Script:
    """Segments, one after the other. Methods add a segment and return a new script.

    Attributes:
        segments: In order.
        frequency: Frequency at the end, Hz.
        voltage: RMS voltages at the end, pu.
        angles: Phase shifts at the end, degrees.
        pending_jump: Phase jump that the next segment begins with, degrees.
    """

    segments: tuple[Segment, ...] = ()
    frequency: float = NOMINAL_FREQUENCY
    voltage: Phases = BALANCED
    angles: Phases = UPRIGHT
    pending_jump: float = field(default=0.0)

    @property
    def duration(self) -> float:
        """Seconds."""
        return sum(segment.duration for segment in self.segments)

    def step(
        self,
        *,
        f: float | None = None,
        u: float | Phases | None = None,
        jump: float = 0.0,
        angles: Phases | None = None,
    ) -> Self:
        """The next segment begins at these values, at once."""
        return replace(
            self,
            frequency=self.frequency if f is None else f,
            voltage=self.voltage if u is None else _phases(u),
            angles=self.angles if angles is None else angles,
            pending_jump=self.pending_jump + jump,
        )

    def hold(self, seconds: float) -> Self:
        """Stays as it is."""
        return self._add(seconds, self.frequency, self.voltage)

    def ramp(
        self,
        *,
        f: float | None = None,
        rate: float | None = None,
        u: float | Phases | None = None,
        seconds: float = 0.0,
    ) -> Self:
        """Moves linearly to a frequency at a rate (Hz/s, its sign does not matter), or to values within seconds."""
        target = self.frequency if f is None else f
        if rate is not None:
            seconds = abs(target - self.frequency) / abs(rate)
        return self._add(seconds, target, self.voltage if u is None else _phases(u))

    def then(self, other: Script) -> Self:
        """This script and then another."""
        if not other.segments:
            return self
        head, *tail = other.segments
        head = replace(head, jump=head.jump + self.pending_jump)
        return replace(
            self,
            segments=(*self.segments, head, *tail),
            frequency=other.frequency,
            voltage=other.voltage,
            angles=other.angles,
            pending_jump=other.pending_jump,
        )

    def at(self, t: Floats, phase: float = 0.0) -> Played:
        """The script at ascending instants.

        Args:
            t: Seconds since its start; beyond its end the last values hold.
            phase: Angle of phase 1 at its start, radians.
        """
        t = np.asarray(t, dtype=np.float64)
        ends = np.cumsum([segment.duration for segment in self.segments])
        which = np.minimum(np.searchsorted(ends, t, side="right"), len(self.segments) - 1)
        starts = np.concatenate(([0.0], ends[:-1]))
        durations = np.array([segment.duration for segment in self.segments])
        f0, f1 = np.array([segment.f for segment in self.segments]).T
        into = np.minimum(t - starts[which], durations[which])
        share = into / durations[which]
        slope = (f1 - f0) / durations
        turned = np.concatenate(([0.0], np.cumsum((f0 + f1) / 2 * durations)[:-1]))
        jumps = np.cumsum(np.radians([segment.jump for segment in self.segments]))
        beyond = np.maximum(t - ends[-1], 0.0) * f1[-1]
        cycles = turned[which] + f0[which] * into + slope[which] * into**2 / 2 + beyond
        u0 = np.array([segment.u for segment in self.segments]).T
        u1 = np.array([segment.u_end for segment in self.segments]).T
        return Played(
            t=t,
            f=f0[which] + slope[which] * into,
            u=u0[:, which] + (u1 - u0)[:, which] * share,
            phase=phase + 2 * np.pi * cycles + jumps[which],
            angles=np.radians(np.array([segment.angles for segment in self.segments]).T)[:, which],
        )

    def _add(self, seconds: float, f: float, u: Phases) -> Self:
        segment = Segment(seconds, (self.frequency, f), self.voltage, u, self.pending_jump, self.angles)
        return replace(self, segments=(*self.segments, segment), frequency=f, voltage=u, pending_jump=0.0)


def _phases(u: float | Phases) -> Phases:
    return u if isinstance(u, tuple) else (u, u, u)
