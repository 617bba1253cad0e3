"""Faults of values by phase: limits and setpoints of L2 and L3, numberPhases, phaseToUse (K01, V2X.06 to 10)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

import copy
from collections.abc import Callable
from enum import Enum
from typing import Any, ClassVar

from v2gready.protocols.ocpp.frames import Call, Payload
from v2gready.references.station.energy_rules import EnergyKnob, ProfileCheck
from v2gready.references.station.faults.charging import ignoring
from v2gready.references.station.faults.kinds import Answers, Turns, without
from v2gready.references.station.faults.registry import fault
from v2gready.references.station.operation_modes import FIELDS, PHASES, phased
from v2gready.references.station.seams import Fault

_PHASED = tuple(name for field in FIELDS for name in phased(field))
_SET, _UPDATE = "SetChargingProfile", "UpdateDynamicSchedule"


def _periods(profile: Payload, change: Callable[[Payload], Payload]) -> Payload:
    """A profile with each period changed."""
    new = copy.deepcopy(profile)
    for schedule in new["chargingSchedule"]:
        schedule["chargingSchedulePeriod"] = [change(one) for one in schedule["chargingSchedulePeriod"]]
    return new


class _Installs(Turns):
    """Keeps another profile than it was given."""

    knob = EnergyKnob.INSTALLED

    def period(self, period: Payload) -> Payload:
        """What becomes of a period."""
        raise NotImplementedError

    def bend(self, value: Payload) -> Payload:
        """Every period of it."""
        return _periods(value, self.period)


@fault("phases-levelled", "Takes the value of L1 for L2 and L3 as well.")
class PhasesLevelled(_Installs):
    """As if all phases were one."""

    def period(self, period: Payload) -> Payload:
        """All the same."""
        return period | {
            field + phase: period[field] for field in FIELDS for phase in PHASES if field + phase in period
        }


@fault("phases-exchanged", "Takes the values of L2 for those of L3 and the other way round.")
class PhasesExchanged(_Installs):
    """A rotary field that turns the other way."""

    def period(self, period: Payload) -> Payload:
        """Two of them change places."""
        second, third = PHASES
        pairs = [(field + second, field + third) for field in FIELDS if {field + second, field + third} <= set(period)]
        return period | {one: period[other] for pair in pairs for one, other in (pair, pair[::-1])}


@fault("phase-tenths-cut", "Keeps whole amperes and watts for L2 and L3.")
class PhaseTenthsCut(_Installs):
    """Fields that were added later, with another type."""

    def period(self, period: Payload) -> Payload:
        """Without decimals."""
        return period | {name: float(int(period[name])) for name in _PHASED if name in period}


@fault("number-of-phases-lost", "Forgets numberPhases.")
class NumberOfPhasesLost(_Installs):
    """It charges with three."""

    def period(self, period: Payload) -> Payload:
        """Without it."""
        return without(period, "numberPhases")


@fault("phase-updates-lost", "Takes the values of L1 alone from UpdateDynamicSchedule.")
class PhaseUpdatesLost(Turns):
    """K28.FR.06."""

    knob: ClassVar[Enum] = EnergyKnob.UPDATED

    def bend(self, value: Payload) -> Payload:
        """Not those of the others."""
        return without(value, *_PHASED)


@fault("pulled-phases-lost", "Takes the values of L1 alone from what it has pulled.")
class PulledPhasesLost(PhaseUpdatesLost):
    """K28.FR.08."""

    knob = EnergyKnob.PULLED


class _Refuses(Answers):
    """Refuses what has values by phase."""

    def bend(self, call: Call, payload: Payload) -> Payload:
        """Whoever told what."""
        if payload.get("status") != "Accepted" or not _has_phases(call.payload):
            return payload
        return {"status": "Rejected", "statusInfo": {"reasonCode": "PhaseConflict"}}


@fault("phases-refused", "Refuses values by phase, though it is said to take them.")
class PhasesRefused(_Refuses):
    """A PICS that promises too much."""

    actions = frozenset({_SET})


@fault("phase-updates-refused", "Refuses new values by phase of a dynamic profile that has some.")
class PhaseUpdatesRefused(_Refuses):
    """K28.FR.06."""

    actions = frozenset({_UPDATE})


def _has_phases(value: Any) -> bool:
    match value:
        case dict():
            return any(key in _PHASED or _has_phases(one) for key, one in value.items())
        case list():
            return any(map(_has_phases, value))
    return False


@fault("phase-range-unchecked", "Holds the setpoint of L1 alone against its limits.")
class PhaseRangeUnchecked(Fault):
    """V2X.05, for L2 and L3."""

    def __init__(self) -> None:
        super().__init__()
        self._inside = False

    def problems(self, call: Call, problems: Any) -> Any:
        """Looks whether L1 is within, before the rule is asked."""
        if call.action == _SET:
            self._inside = all(
                period.get("dischargeLimit", -1e9) <= period.get("setpoint", 0.0) <= period.get("limit", 1e9)
                for schedule in call.payload.get("chargingProfile", {}).get("chargingSchedule", ())
                for period in schedule.get("chargingSchedulePeriod", ())
            )
        return problems

    def check(self, check: Enum, violated: bool) -> bool:
        """The rule for L1 alone."""
        return violated and not (check is ProfileCheck.SETPOINT_RANGE and self._inside)


@fault("power-of-first-phase", "Follows the value of L1 alone where there are values by phase.")
class PowerOfFirstPhase(Turns):
    """The sum of all phases is what the car should have."""

    knob = EnergyKnob.PHASES

    def bend(self, value: tuple[float, ...]) -> tuple[float, ...]:
        """The others do nothing."""
        return value[:1]


@fault("base-for-each-phase", "Gives each phase what was meant as the sum of all.")
class BaseForEachPhase(Turns):
    """Three times as much."""

    knob = EnergyKnob.PHASES

    def bend(self, value: tuple[float, ...]) -> tuple[float, ...]:
        """For each of three."""
        return value * 3 if len(value) == 1 else value


ignoring("phases-in-any-purpose", "Takes L2 and L3 in any purpose.", ProfileCheck.PHASE_PURPOSE)
ignoring("phases-of-any-vehicle", "Takes L2 and L3 for a vehicle that has not told them.", ProfileCheck.PHASE_VEHICLE)
ignoring("phase-to-use-unchecked", "Takes phaseToUse though it cannot switch.", ProfileCheck.PHASE_TO_USE)
