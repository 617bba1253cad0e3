"""What a grid simulator plays: voltage and frequency over time, in segments.

A script says what is wanted. What the device really saw is measured: judges look at the recording, never at the
script. Phase is the integral of frequency; a table of sin(2 pi f t) with a changing f makes false phase jumps.
"""

from __future__ import annotations

import math
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
        count = len(t)
        played = Played(t, np.empty(count), np.empty((3, count)), np.empty(count), np.empty((3, count)))
        ends = np.cumsum([segment.duration for segment in self.segments])
        bounds = (0, *(int(index) for index in np.searchsorted(t, ends[:-1])), count)
        # Instants ascend, so each segment is a slice: no gathering of what is constant in it.
        start, cycles, jumps = 0.0, 0.0, 0.0
        for number, segment in enumerate(self.segments):
            jumps += math.radians(segment.jump)
            part = slice(bounds[number], bounds[number + 1])
            into = np.minimum(t[part] - start, segment.duration)
            f0, f1 = segment.f
            slope = (f1 - f0) / segment.duration
            played.f[part] = f0 + slope * into if slope else f0
            played.phase[part] = (2 * np.pi) * (f0 * into) + (phase + 2 * np.pi * cycles + jumps)
            if slope:
                played.phase[part] += (np.pi * slope) * into**2
            for u, u0, u1 in zip(played.u, segment.u, segment.u_end, strict=True):
                u[part] = u0 if u0 == u1 else u0 + (u1 - u0) / segment.duration * into
            for angle, shift in zip(played.angles, segment.angles, strict=True):
                angle[part] = math.radians(shift)
            start = float(ends[number])
            cycles += (f0 + f1) / 2 * segment.duration
        beyond = int(np.searchsorted(t, start))
        played.phase[beyond:] += (2 * np.pi * self.segments[-1].f[1]) * (t[beyond:] - start)
        return played

    def _add(self, seconds: float, f: float, u: Phases) -> Self:
        segment = Segment(seconds, (self.frequency, f), self.voltage, u, self.pending_jump, self.angles)
        return replace(self, segments=(*self.segments, segment), frequency=f, voltage=u, pending_jump=0.0)


def _phases(u: float | Phases) -> Phases:
    return u if isinstance(u, tuple) else (u, u, u)
