"""Faults of charging schedules: kinds that are understood wrongly, limits that lose their decimals."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

import copy
from enum import Enum
from typing import Any

from v2gready.protocols.ocpp.frames import Call, CallError, Payload
from v2gready.references.station.energy_rules import EnergyKnob, ProfileCheck
from v2gready.references.station.faults.kinds import Answers, Ignores, Turns, without
from v2gready.references.station.faults.registry import fault
from v2gready.references.station.seams import Answering, Fault


class _Installs(Turns):
    """Keeps something else than it was sent."""

    knob = EnergyKnob.INSTALLED

    def schedule(self, profile: Payload, schedule: Payload) -> Payload:
        """The schedule as it is kept."""
        return schedule

    def bend(self, value: Payload) -> Payload:
        """Bends every schedule."""
        return {**value, "chargingSchedule": [self.schedule(value, one) for one in value["chargingSchedule"]]}


@fault("recurring-only-once", "Follows a Recurring profile on its first day alone.")
class RecurringOnce(_Installs):
    """K01: each day, each week."""

    def bend(self, value: Payload) -> Payload:
        """As an Absolute one."""
        if value["chargingProfileKind"] != "Recurring":
            return value
        return without(value, "recurrencyKind") | {"chargingProfileKind": "Absolute"}


@fault("relative-without-course", "Follows the first period of a Relative profile for ever.")
class RelativeWithoutCourse(_Installs):
    """K01: from the start of the transaction on."""

    def schedule(self, profile: Payload, schedule: Payload) -> Payload:
        """Its first period."""
        if profile["chargingProfileKind"] != "Relative":
            return schedule
        return {**schedule, "chargingSchedulePeriod": schedule["chargingSchedulePeriod"][:1]}


@fault("schedule-never-over", "Goes on with a schedule after its duration.")
class ScheduleNeverOver(_Installs):
    """K01: a lower level counts then."""

    def schedule(self, profile: Payload, schedule: Payload) -> Payload:
        """Without an end."""
        return schedule if profile["chargingProfileKind"] == "Dynamic" else without(schedule, "duration")


@fault("limits-rounded", "Keeps limits as whole numbers.")
class LimitsRounded(_Installs):
    """F24: one decimal counts."""

    def schedule(self, profile: Payload, schedule: Payload) -> Payload:
        """Without decimals."""
        periods = [
            {**one, "limit": float(round(one["limit"]))} if "limit" in one else one
            for one in schedule["chargingSchedulePeriod"]
        ]
        return {**schedule, "chargingSchedulePeriod": periods}


@fault("one-decimal-limits-refused", "Asks a binary fraction whether a limit is a multiple of 0.1.")
class DecimalsRefused(Fault):
    """F24 (CitrineOS issue 959): 8.1 is none."""

    def reply(self, call: Call, answering: Answering) -> Answering:
        """Refuses those that the division does not like."""
        if call.action != "SetChargingProfile" or answering.payload is None:
            return answering
        schedules: Any = call.payload["chargingProfile"]["chargingSchedule"]
        limits = [one["limit"] for each in schedules for one in each["chargingSchedulePeriod"] if "limit" in one]
        if all((limit / 0.1).is_integer() for limit in limits):
            return answering
        return Answering((CallError(call.id, "PropertyConstraintViolation", "limit is no multiple of 0.1", {}),))


@fault("cleared-profile-comes-back", "Has a cleared profile again after a power cycle.")
class ClearedComesBack(Fault):
    """K02 (libocpp#1051)."""

    def __init__(self) -> None:
        super().__init__()
        self._written: dict[int, Payload] = {}

    def value(self, knob: Enum, value: Any) -> Any:
        """What was written down is never wiped."""
        if knob is EnergyKnob.INSTALLED:
            self._written[value["id"]] = copy.deepcopy(value)
        if knob is EnergyKnob.KEPT:
            there = {one["profile"]["id"] for one in value}
            lost = [one for key, one in self._written.items() if key not in there]
            return [*value, *({"profile": one, "evse": 1, "source": "CSO", "void": False} for one in lost)]
        return value


@fault("two-schedules-refused", "Refuses every profile with more than one schedule.")
class TwoSchedulesRefused(Answers):
    """K18: a vehicle under Scheduled control may choose among three."""

    actions = frozenset({"SetChargingProfile"})

    def bend(self, call: Call, payload: Payload) -> Payload:
        """One alone."""
        if len(call.payload["chargingProfile"]["chargingSchedule"]) == 1:
            return payload
        return {"status": "Rejected", "statusInfo": {"reasonCode": "InvalidSchedule"}}


@fault("no-profile-waited-for", "Takes NoChargingProfile for Accepted and waits for a schedule.")
class NoProfileWaitedFor(Fault):
    """K11: nothing will come."""

    def frame_in(self, data: str | bytes) -> str | bytes | None:
        """The wrong status."""
        return data.replace('"NoChargingProfile"', '"Accepted"') if isinstance(data, str) else data


@fault("maximum-of-one-evse-accepted", "Takes a ChargingStationMaxProfile for one EVSE.")
class MaximumOfOneEvse(Ignores):
    """K02: it is for the whole station."""

    ignored = frozenset({ProfileCheck.MAX_EVSE})
