"""Voltage excursions: what the ride-through curve of a code leaves out, and how it is played.

A curve bounds the worst phase voltage over the time since it left: above `uvrt` and below `ovrt` the device stays.
Everything is played a little inside the curve, so that the tolerance of a simulator never crosses it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Self

import numpy as np

from v2gready.grid.profile import Profile
from v2gready.grid.recording import Floats
from v2gready.grid.script import UPRIGHT, Phases, Script

INSIDE: Final = 0.01
"""pu by which a stimulus keeps away from the curve: the accuracy of a simulator (EN 50549-10 [u])."""
SHORTER: Final = 0.005
"""Seconds by which it ends before the curve: the edge of a simulator."""
USUAL_RECOVERY: Final = 1.0
"""Seconds, where the code names none (EN 50549-1 [u])."""


@dataclass(frozen=True, slots=True)
class Excursion:
    """A dip or a swell.

    Attributes:
        u: RMS voltage of each phase, pu.
        seconds: How long.
        angles: Shift of each phase, degrees.
    """

    u: Phases
    seconds: float
    angles: Phases = UPRIGHT

    @classmethod
    def balanced(cls, u: float, seconds: float) -> Self:
        """All phases alike."""
        return cls((u, u, u), seconds)

    @classmethod
    def of_one_phase(cls, u: float, seconds: float) -> Self:
        """Phase 1 to earth."""
        return cls((u, 1.0, 1.0), seconds)

    @classmethod
    def between_two_phases(cls, u: float, seconds: float) -> Self:
        """Phases 2 and 3 against each other: their difference is left at ``u``, their sum is as before."""
        left = math.sqrt(0.25 + 0.75 * u * u)
        moved = 60.0 - math.degrees(math.atan(math.sqrt(3.0) * u))
        return cls((1.0, left, left), seconds, (0.0, -moved, moved))

    @property
    def worst(self) -> float:
        """The phase that is furthest from nominal, pu."""
        return max(self.u, key=lambda one: abs(one - 1.0))

    @property
    def negative_sequence(self) -> float:
        """Its negative sequence, pu."""
        turned = [
            u * np.exp(1j * (math.radians(angle) - n * 2 * math.pi / 3 - n * 2 * math.pi / 3))
            for n, (u, angle) in enumerate(zip(self.u, self.angles, strict=True))
        ]
        return float(abs(sum(turned)) / 3)

    def play(self, script: Script) -> Script:
        """The script goes on with the excursion, and ends at nominal voltage."""
        away = script.step(u=self.u, angles=self.angles).hold(self.seconds)
        return away.step(u=1.0, angles=UPRIGHT)


@dataclass(frozen=True, slots=True)
class Envelope:
    """A ride-through curve.

    Attributes:
        name: Its parameter, ``uvrt`` or ``ovrt``.
        rows: Seconds since the voltage left, pu.
    """

    name: str
    rows: tuple[tuple[float, ...], ...]

    @classmethod
    def of(cls, code: Profile, name: str) -> Self:
        """The curve of a code."""
        return cls(name, code[name].rows)

    @property
    def side(self) -> float:
        """1: the voltage must be above the curve, -1: below."""
        return 1.0 if self.name == "uvrt" else -1.0

    @property
    def furthest(self) -> float:
        """The voltage furthest from nominal, pu."""
        return min((row[1] for row in self.rows), key=lambda u: self.side * u)

    def longest(self, u: float) -> float:
        """Seconds that a voltage may last before the curve has come to it; infinite if it never does."""
        level = self.side * u
        for (t0, u0), (t1, u1) in pairwise((row[0], self.side * row[1]) for row in self.rows):
            if u1 > level:
                return t0 if t1 == t0 or u0 > level else t0 + (t1 - t0) * (level - u0) / (u1 - u0)
        # A curve of overvoltage may end at a voltage that is timed; one of undervoltage ends where the range begins.
        return math.inf if self.name == "uvrt" else self.rows[-1][0]

    def levels(self) -> tuple[float, ...]:
        """The voltages at which the curve stays for a while, furthest from nominal first."""
        flat = {one[1] for one, other in pairwise(self.rows) if one[1] == other[1] and other[0] > one[0]}
        return tuple(sorted(flat, key=lambda u: self.side * u))

    def inside(self, u: float, at_most: float = math.inf) -> tuple[float, float]:
        """A voltage a little inside of this one, and for how long it is played."""
        here = u + self.side * INSIDE
        return here, min(self.longest(u) - SHORTER, at_most)

    def corner(self) -> tuple[float, float]:
        """The voltage furthest from nominal, as long as the curve allows, a little inside."""
        return self.inside(self.furthest)

    def at(self, t: Floats) -> Floats:
        """The curve at instants since the voltage left."""
        times, levels = np.array(self.rows).T
        return np.asarray(np.interp(t, times, levels))


def recovery_time(code: Profile) -> float:
    """Seconds that the device has until it must be back."""
    parameter = code.get("frt_recovery_time")
    return USUAL_RECOVERY if parameter is None else parameter.number
