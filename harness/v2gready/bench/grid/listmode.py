"""A script as the rows of an instrument's list, or the reason why this instrument cannot play it.

Three shapes of lists exist in the field. *start_end*: a row has values at its start and at its end. *target_slew*: a
row moves to its value at a rate and stays. *target_time*: a row reaches its value, in a straight line, when its time
is over; a step is a row as short as the instrument can.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from v2gready.bench.grid.drivers import AfterList, Capabilities, CapabilityError
from v2gready.grid.script import NOMINAL_FREQUENCY, UPRIGHT, Phases, Script, Segment

LONGEST_EDGE: Final = 0.02
"""Seconds that a step may take: one cycle (reference 2, UVRT: edges within one cycle)."""
_SAME: Final = 1e-9
_ABSENT_PHASE: Final = 1e-6


class Shape(StrEnum):
    """What a row of the list means."""

    START_END = "start_end"
    TARGET_SLEW = "target_slew"
    TARGET_TIME = "target_time"


@dataclass(frozen=True, slots=True)
class Level:
    """What is put out at one instant.

    Attributes:
        f: Hz.
        u: Line to neutral, V RMS.
        angles: Shift of each phase against its symmetrical position, degrees, jumps included.
    """

    f: float = NOMINAL_FREQUENCY
    u: Phases = (230.0, 230.0, 230.0)
    angles: Phases = UPRIGHT

    def near(self, other: Level) -> bool:
        """The same, but for rounding."""
        mine, theirs = (self.f, *self.u, *self.angles), (other.f, *other.u, *other.angles)
        return all(math.isclose(a, b, abs_tol=_SAME, rel_tol=_SAME) for a, b in zip(mine, theirs, strict=True))


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a list.

    Attributes:
        seconds: Duration.
        start: What is put out at its start.
        end: What is put out at its end.
        at_once: The row goes to its end values as fast as it can, and stays there.
    """

    seconds: float
    start: Level
    end: Level
    at_once: bool = False


def rows_of(script: Script, nominal: float, shape: Shape, limits: Capabilities, level: Level) -> tuple[Row, ...]:
    """The rows that play a script.

    Args:
        script: What to play.
        nominal: Voltage of 1 pu, V.
        shape: What a row means.
        limits: Of the instrument.
        level: What it puts out now.

    Raises:
        CapabilityError: Names the segment and the limit.
    """
    if not script.segments:
        raise CapabilityError("the script has no segment")
    rows: list[Row] = []
    now = level
    jumped = 0.0
    for number, (segment, seconds) in enumerate(_timed(script, limits), start=1):
        jumped += segment.jump
        start = Level(segment.f[0], _volts(segment.u, nominal), _turned(segment.angles, jumped))
        end = Level(segment.f[1], _volts(segment.u_end, nominal), start.angles)
        _check(f"segment {number} of the script", segment, seconds, now, start, end, limits)
        rows += _shaped(shape, seconds, now, start, end, limits)
        now = end
    short = [row.seconds for row in rows if row.seconds < limits.min_dwell - _SAME]
    if short:
        raise CapabilityError(f"a step and a ramp do not both fit into {short[0] + limits.min_dwell:g} s")
    if len(rows) > limits.max_segments:
        raise CapabilityError(
            f"the script needs {len(rows)} rows, the list of the simulator holds {limits.max_segments}"
        )
    if limits.after_list is AfterList.RETURN and not now.near(level):
        raise CapabilityError(
            f"the script ends at {now.f:g} Hz and {now.u[0]:g} V, but the simulator returns to"
            f" {level.f:g} Hz and {level.u[0]:g} V when its list has ended"
        )
    return tuple(rows)


def _timed(script: Script, limits: Capabilities) -> Iterator[tuple[Segment, float]]:
    """Segments with durations that the instrument knows: instants are rounded, so that errors do not add up."""
    step = limits.time_resolution
    at, ticks = 0.0, 0
    for segment in script.segments:
        at += segment.duration
        edge = round(at / step)
        yield segment, (edge - ticks) * step
        ticks = edge


def _check(  # noqa: PLR0917 - one call
    where: str, segment: Segment, seconds: float, now: Level, start: Level, end: Level, limits: Capabilities
) -> None:
    slope = max(abs(b - a) for a, b in zip(start.u, end.u, strict=True)) / segment.duration
    rocof = abs(end.f - start.f) / segment.duration
    edge_u = max(abs(b - a) for a, b in zip(now.u, start.u, strict=True)) / limits.voltage_slew
    edge_f = abs(start.f - now.f) / limits.frequency_slew
    highest = max(*start.u, *end.u)
    lowest_f, highest_f = sorted((start.f, end.f))
    edge = f"the simulator needs {max(edge_u, edge_f):.2g} s, one cycle is allowed"
    band = f"the limits are {limits.frequency_min:g} Hz and {limits.frequency_max:g} Hz"
    refusals = (
        (
            seconds < limits.min_dwell - _SAME,
            f"lasts {segment.duration:g} s, the shortest row is {limits.min_dwell:g} s",
        ),
        (slope > limits.voltage_slew, f"asks for {slope:g} V/s, the limit is {limits.voltage_slew:g} V/s"),
        (rocof > limits.frequency_slew, f"asks for {rocof:g} Hz/s, the limit is {limits.frequency_slew:g} Hz/s"),
        (max(edge_u, edge_f) > LONGEST_EDGE, f"begins with a step for which {edge}"),
        (highest > limits.voltage_max, f"asks for {highest:g} V, the limit is {limits.voltage_max:g} V"),
        (
            lowest_f < limits.frequency_min or highest_f > limits.frequency_max,
            f"goes from {start.f:g} Hz to {end.f:g} Hz, {band}",
        ),
        (
            not limits.per_phase_amplitude and not (_balanced(start.u) and _balanced(end.u)),
            "has unequal voltages, and the list of the simulator knows one voltage for all phases",
        ),
        (
            not limits.per_phase_angle and not _balanced(segment.angles),
            "shifts single phases, and the list of the simulator cannot",
        ),
        (
            not limits.phase_jump and (abs(segment.jump) > _SAME or not _upright(segment.angles)),
            "has a phase jump, and the list of the simulator cannot",
        ),
    )
    for refused, why in refusals:
        if refused:
            raise CapabilityError(f"{where} {why}")


def _shaped(  # noqa: PLR0917 - one call
    shape: Shape, seconds: float, now: Level, start: Level, end: Level, limits: Capabilities
) -> Iterator[Row]:
    steps = not now.near(start)
    holds = start.near(end)
    if shape is Shape.START_END or not steps:
        yield Row(seconds, start, end)
    elif holds and shape is Shape.TARGET_SLEW:
        yield Row(seconds, start, end, at_once=True)
    else:  # a row as short as can be carries the step, to where the line is by then
        brief = limits.min_dwell
        reached = _between(start, end, brief / seconds)
        yield Row(brief, now, reached, at_once=True)
        yield Row(seconds - brief, reached, end)


def _between(start: Level, end: Level, share: float) -> Level:
    u1, u2, u3 = (a + (b - a) * share for a, b in zip(start.u, end.u, strict=True))
    return Level(start.f + (end.f - start.f) * share, (u1, u2, u3), end.angles)


def _volts(shares: Phases, nominal: float) -> Phases:
    u1, u2, u3 = (share * nominal for share in shares)
    return u1, u2, u3


def _turned(angles: Phases, jump: float) -> Phases:
    a1, a2, a3 = (angle + jump for angle in angles)
    return a1, a2, a3


def _balanced(values: Phases) -> bool:
    return max(values) - min(values) < _ABSENT_PHASE


def _upright(angles: Phases) -> bool:
    return not _balanced(angles) or abs(angles[0]) < _ABSENT_PHASE
