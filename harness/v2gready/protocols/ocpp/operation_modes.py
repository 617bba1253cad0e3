"""Which fields an operation mode asks for, allows and forbids: the oracle behind the mode matrix (OCPP 2.1, Q block).

Judges read it; the reference station has an implementation of its own. Where the text contradicts itself, or leaves the
answer open, the oracle says so: either answer is right.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from itertools import pairwise, product
from typing import Any, Final


class OperationMode(StrEnum):
    """OperationModeEnumType."""

    IDLE = "Idle"
    CHARGING_ONLY = "ChargingOnly"
    CENTRAL_SETPOINT = "CentralSetpoint"
    EXTERNAL_SETPOINT = "ExternalSetpoint"
    EXTERNAL_LIMITS = "ExternalLimits"
    CENTRAL_FREQUENCY = "CentralFrequency"
    LOCAL_FREQUENCY = "LocalFrequency"
    LOCAL_LOAD_BALANCING = "LocalLoadBalancing"


class Purpose(StrEnum):
    """ChargingProfilePurposeEnumType."""

    EXTERNAL_CONSTRAINTS = "ChargingStationExternalConstraints"
    MAX = "ChargingStationMaxProfile"
    TX_DEFAULT = "TxDefaultProfile"
    TX = "TxProfile"
    PRIORITY = "PriorityCharging"
    LOCAL_GENERATION = "LocalGeneration"


class Use(Enum):
    """What a mode says of a field in a profile of the CSMS."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    FORBIDDEN = "forbidden"
    OPEN = "open"
    """The text contradicts itself, or the value is somebody else's and nobody says what a CSMS may write there."""


class Outcome(Enum):
    """What a station may do with a profile."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    EITHER = "either"


FIELDS: Final = ("limit", "dischargeLimit", "setpoint", "setpointReactive")
PHASES: Final = ("", "_L2", "_L3")

_R, _O, _F, _X = Use.REQUIRED, Use.OPTIONAL, Use.FORBIDDEN, Use.OPEN
MATRIX: Final[Mapping[OperationMode, Mapping[str, Use]]] = {
    mode: dict(zip(FIELDS, uses, strict=True))
    for mode, uses in {
        OperationMode.CHARGING_ONLY: (_R, _F, _F, _F),
        # Q03.FR.02 forbids what the matrix and V2X.03 to 05 allow (reference, conflict 4).
        OperationMode.CENTRAL_SETPOINT: (_X, _X, _R, _O),
        # Q07.FR.03 likewise.
        OperationMode.CENTRAL_FREQUENCY: (_X, _X, _R, _F),
        # The station computes the setpoint; one of the CSMS is refused (Q08).
        OperationMode.LOCAL_FREQUENCY: (_F, _F, _F, _F),
        OperationMode.EXTERNAL_SETPOINT: (_O, _O, _X, _X),
        OperationMode.EXTERNAL_LIMITS: (_X, _X, _F, _F),
        # Q09.FR.05 caps by limits that the matrix forbids (reference, conflict 5).
        OperationMode.LOCAL_LOAD_BALANCING: (_X, _X, _F, _F),
        OperationMode.IDLE: (_F, _F, _F, _F),
    }.items()
}
"""Part 2, Q: operation modes and the fields of ChargingSchedulePeriod."""

ALLOWED_MODES: Final[Mapping[Purpose, frozenset[OperationMode]]] = {
    Purpose.TX: frozenset(OperationMode),
    Purpose.TX_DEFAULT: frozenset(OperationMode),
    Purpose.PRIORITY: frozenset({OperationMode.CHARGING_ONLY}),
    Purpose.MAX: frozenset({OperationMode.CHARGING_ONLY}),
    Purpose.EXTERNAL_CONSTRAINTS: frozenset(
        {OperationMode.CHARGING_ONLY, OperationMode.EXTERNAL_LIMITS, OperationMode.EXTERNAL_SETPOINT}
    ),
    Purpose.LOCAL_GENERATION: frozenset({OperationMode.CHARGING_ONLY, OperationMode.EXTERNAL_LIMITS}),
}
"""K01.FR.111 to 115: what else is refused with InvalidOperationMode."""

MANDATORY_MODES: Final = frozenset(
    {OperationMode.CHARGING_ONLY, OperationMode.CENTRAL_SETPOINT, OperationMode.CENTRAL_FREQUENCY}
)
"""Q01.FR.31: in SupportedOperationModes of every station with V2X."""

ONLY_DYNAMIC: Final = frozenset({OperationMode.CENTRAL_FREQUENCY})
"""Modes whose profile is of kind Dynamic (Q07)."""


@dataclass(frozen=True, slots=True)
class Point:
    """One point of the matrix: a mode with fields present, and what a station may answer.

    Attributes:
        mode: The operation mode.
        present: Fields in the period, of `FIELDS`.
        phases: ``""`` alone, or with ``_L2`` and ``_L3`` beside it.
        outcome: What is right.
        breaks: Fields because of which it has to be refused.
    """

    mode: OperationMode
    present: tuple[str, ...]
    phases: tuple[str, ...]
    outcome: Outcome
    breaks: tuple[str, ...]

    @property
    def name(self) -> str:
        """For reports: ``CentralSetpoint(setpoint, setpoint_L2)``."""
        return f"{self.mode}({', '.join(field + phase for field in self.present for phase in self.phases)})"


def judge_fields(mode: OperationMode, present: frozenset[str]) -> tuple[Outcome, tuple[str, ...]]:
    """What a station may answer to a period of that mode with these fields.

    Args:
        mode: The operation mode.
        present: Fields in the period, of `FIELDS`, without phase suffix.

    Returns:
        The outcome, and the fields that are wrong (missing or not allowed) when it is a refusal.
    """
    row = MATRIX[mode]
    broken = tuple(
        field
        for field in FIELDS
        if (row[field] is Use.FORBIDDEN and field in present) or (row[field] is Use.REQUIRED and field not in present)
    )
    if broken:
        return Outcome.REJECTED, broken
    if any(row[field] is Use.OPEN for field in present):
        return Outcome.EITHER, ()
    return Outcome.ACCEPTED, ()


def points(mode: OperationMode, *, phases: tuple[str, ...] = ("",)) -> Iterator[Point]:
    """Every combination of fields for a mode, with what is right.

    Args:
        mode: The operation mode.
        phases: Phase suffixes that every present field comes with.
    """
    for chosen in product((False, True), repeat=len(FIELDS)):
        present = tuple(field for field, there in zip(FIELDS, chosen, strict=True) if there)
        outcome, broken = judge_fields(mode, frozenset(present))
        yield Point(mode, present, phases, outcome, broken)


def setpoint_in_limits(period: Mapping[str, Any]) -> bool:
    """V2X.05: the setpoint lies between dischargeLimit and limit, as far as they are there; per phase likewise."""
    for phase in PHASES:
        setpoint = period.get(f"setpoint{phase}")
        if setpoint is None:
            continue
        upper, lower = period.get(f"limit{phase}"), period.get(f"dischargeLimit{phase}")
        if (upper is not None and setpoint > upper) or (lower is not None and setpoint < lower):
            return False
    return True


def phases_have_base(period: Mapping[str, Any]) -> bool:
    """K01.FR.142 to 146: a field for L2 or L3 comes with the one for L1."""
    return all(field in period for field in FIELDS for phase in PHASES[1:] if f"{field}{phase}" in period)


def interpolate(curve: list[tuple[float, float]], x: float) -> float:
    """A piecewise linear curve, constant beyond its ends (Q08, v2xFreqWattCurve).

    Args:
        curve: Points in order of x, at least one.
        x: Where.
    """
    if x <= curve[0][0]:
        return curve[0][1]
    for (x0, y0), (x1, y1) in pairwise(curve):
        if x <= x1:
            return y1 if x1 == x0 else y0 + (y1 - y0) * (x - x0) / (x1 - x0)
    return curve[-1][1]


def local_frequency_setpoint(period: Mapping[str, Any], frequency: float, signal: int | None = None) -> float:
    """Q08: v2xBaseline + power of the frequency curve + power of the signal curve, capped by nothing.

    Args:
        period: With v2xBaseline, v2xFreqWattCurve and, for aFRR, v2xSignalWattCurve.
        frequency: Of the grid, in Hz.
        signal: Last AFRRSignal in force, None without one.

    Returns:
        W, positive charging.
    """
    watts = float(period["v2xBaseline"])
    watts += interpolate([(one["frequency"], one["power"]) for one in period["v2xFreqWattCurve"]], frequency)
    curve = period.get("v2xSignalWattCurve")
    if signal is not None and curve:
        watts += interpolate([(one["signal"], one["power"]) for one in curve], float(signal))
    return watts


@dataclass(frozen=True, slots=True)
class LoadBalancing:
    """Thresholds of LocalLoadBalancing, in W (V2XChargingCtrlr).

    Attributes:
        upper: LocalLoadBalancing[UpperThreshold].
        lower: LocalLoadBalancing[LowerThreshold].
        upper_offset: LocalLoadBalancing[UpperOffset].
        lower_offset: LocalLoadBalancing[LowerOffset].
    """

    upper: float
    lower: float
    upper_offset: float
    lower_offset: float

    def change(self, load: float) -> float:
        """Q09: by how much the setpoint moves at an upstream load, both in W."""
        if load > self.upper:
            return self.upper + self.upper_offset - load
        if load < self.lower:
            return self.lower + self.lower_offset - load
        return 0.0
