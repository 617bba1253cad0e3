"""Faults of smart charging: profiles, composite schedules, external limits, priority (reference K01 to K12)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

import copy
from enum import Enum
from typing import Any, ClassVar

from v2gready.protocols.ocpp.frames import Call, Payload
from v2gready.references.station.energy_rules import ChargingCheck, EnergyKnob, ProfileCheck
from v2gready.references.station.faults.kinds import Answers, Ignores, Sends, Turns, without
from v2gready.references.station.faults.registry import fault
from v2gready.references.station.seams import Fault

_FAR = 1_000_000.0


def ignoring(name: str, sentence: str, *checks: Enum) -> type[Ignores]:
    """A fault that does not look at some rules: one switch, nothing else to say.

    Args:
        name: Of the fault.
        sentence: What the station does wrong.
        *checks: The rules.
    """
    kind = type(name.title().replace("-", ""), (Ignores,), {"ignored": frozenset(checks), "__doc__": sentence})
    return fault(name, sentence)(kind)


def turning(name: str, sentence: str, knob: Enum, wrong: Any) -> type[Turns]:
    """A fault that has a fixed value at one point.

    Args:
        name: Of the fault.
        sentence: What the station does wrong.
        knob: Where.
        wrong: The value.
    """
    kind = type(name.title().replace("-", ""), (Turns,), {"knob": knob, "wrong": wrong, "__doc__": sentence})
    return fault(name, sentence)(kind)


class Mute(Sends):
    """Does not send the messages of one action."""

    def bend(self, payload: Payload) -> Payload | None:
        """Nothing."""
        return None


def mute(name: str, sentence: str, action: str) -> type[Mute]:
    """A fault that never sends an action.

    Args:
        name: Of the fault.
        sentence: What the station does wrong.
        action: The action.
    """
    kind = type(name.title().replace("-", ""), (Mute,), {"action": action, "__doc__": sentence})
    return fault(name, sentence)(kind)


class Accepts(Answers):
    """Answers Accepted whatever is asked; the station does not act on it.

    Attributes:
        instead_of: Statuses that become Accepted; empty: all.
    """

    instead_of: ClassVar[frozenset[str]] = frozenset()

    def bend(self, call: Call, payload: Payload) -> Payload:
        """Yes to all."""
        if self.instead_of and payload.get("status") not in self.instead_of:
            return payload
        return {"status": "Accepted"}


# K01 composite schedule


@fault("lowest-stack-leads", "Follows the profile of the lowest stack level.")
class LowestStackLeads(Turns):
    """K01.FR.17."""

    knob = EnergyKnob.STACK

    def bend(self, value: list[int]) -> list[int]:
        """Upside down."""
        return value[::-1]


@fault("highest-limit-wins", "Merges profiles to the highest limit instead of the lowest.")
class HighestLimitWins(Turns):
    """SC.01, K08.FR.04."""

    knob = EnergyKnob.LIMITS

    def bend(self, value: list[float | None]) -> list[float | None]:
        """The most generous one."""
        present = [limit for limit in value if limit is not None]
        return [max(present)] if present else value


@fault("station-maximum-ignored", "Follows the profile of the transaction alone, whatever the station may take.")
class StationMaximumIgnored(Turns):
    """K01: ChargingStationMaxProfile and external constraints count as well."""

    knob = EnergyKnob.LIMITS

    def bend(self, value: list[float | None]) -> list[float | None]:
        """The first one."""
        return value[:1]


@fault("composite-one-period", "Tells the first period of a composite schedule alone.")
class CompositeOnePeriod(Turns):
    """K08.FR.02: up to the duration."""

    knob = EnergyKnob.COMPOSITE

    def bend(self, value: Payload) -> Payload:
        """Now is all that counts."""
        return {**value, "chargingSchedulePeriod": value["chargingSchedulePeriod"][:1]}


@fault("composite-unit-mislabelled", "Labels the amperes of a composite schedule as watts and the other way round.")
class CompositeUnitMislabelled(Turns):
    """K08."""

    knob = EnergyKnob.COMPOSITE

    def bend(self, value: Payload) -> Payload:
        """The other letter."""
        return {**value, "chargingRateUnit": "A" if value["chargingRateUnit"] == "W" else "W"}


turning("generation-not-added", "Does not add local generation to the limit.", EnergyKnob.GENERATION, 0.0)
turning("amperes-as-watts", "Takes a limit in amperes for one in watts.", EnergyKnob.RATE, 1.0)
ignoring("composite-of-any-evse", "Gives a composite schedule of an unknown EVSE.", ChargingCheck.COMPOSITE_EVSE)
ignoring("profile-before-its-time", "Follows a profile before validFrom.", ChargingCheck.VALID_FROM)
ignoring("profile-after-its-time", "Follows a profile after validTo.", ChargingCheck.VALID_TO)


@fault("power-ignores-profiles", "Accepts profiles, tells them right, and charges at full power.")
class PowerIgnoresProfiles(Turns):
    """K01.FR.02: words and power differ."""

    knob = EnergyKnob.WATTS

    def bend(self, value: float) -> float:
        """What the rating gives."""
        return 22_000.0 if value >= 0 else value


# K02 replace, clear, power cycle


@fault("old-profile-comes-back", "Has a replaced profile again after a power cycle.")
class OldProfileComesBack(Fault):
    """K02 (libocpp#1051)."""

    def __init__(self) -> None:
        super().__init__()
        self._first: dict[int, Payload] = {}

    def value(self, knob: Enum, value: Any) -> Any:
        """Writes the first version to flash and never again."""
        if knob is EnergyKnob.INSTALLED:
            self._first.setdefault(value["id"], copy.deepcopy(value))
        if knob is EnergyKnob.KEPT:
            return [{**kept, "profile": self._first.get(kept["profile"]["id"], kept["profile"])} for kept in value]
        return value


@fault("replacement-ignored", "Accepts a profile of a known id and keeps the old one.")
class ReplacementIgnored(Fault):
    """K01.FR.05."""

    def __init__(self) -> None:
        super().__init__()
        self._first: dict[int, Payload] = {}

    def value(self, knob: Enum, value: Any) -> Any:
        """The first one wins."""
        if knob is EnergyKnob.INSTALLED:
            return copy.deepcopy(self._first.setdefault(value["id"], copy.deepcopy(value)))
        return value


@fault("profiles-lost-on-reboot", "Forgets all profiles at a power cycle.")
class ProfilesLostOnReboot(Turns):
    """K01.FR.27."""

    knob = EnergyKnob.KEPT

    def bend(self, value: Any) -> Any:
        """Nothing is written down."""
        return []


@fault("clear-has-no-effect", "Accepts ClearChargingProfile and clears nothing.")
class ClearHasNoEffect(Turns):
    """K10.FR.03."""

    knob = EnergyKnob.CLEARED

    def bend(self, value: Any) -> Any:
        """None."""
        return []


@fault("clear-unknown-accepted", "Answers Accepted to ClearChargingProfile of a profile that it does not have.")
class ClearUnknownAccepted(Accepts):
    """K10.FR.01."""

    actions = frozenset({"ClearChargingProfile"})


ignoring("clears-external-limits", "Lets the CSMS clear external constraints.", ChargingCheck.CLEAR_EXTERNAL)
ignoring("duplicate-profile-accepted", "Takes two profiles of one purpose and level.", ProfileCheck.DUPLICATE)
turning("profiles-lost-on-reconnect", "Drops a TxProfile when it reconnects.", EnergyKnob.RECONNECTED, wrong=False)


# K03, K04 and the other rules of SetChargingProfile


@fault("amperes-refused", "Announces amperes and refuses a profile in them.")
class AmperesRefused(Answers):
    """K03 (MicroOcpp#310)."""

    actions = frozenset({"SetChargingProfile"})

    def bend(self, call: Call, payload: Payload) -> Payload:
        """Watts or nothing."""
        if any(one["chargingRateUnit"] == "A" for one in call.payload["chargingProfile"]["chargingSchedule"]):
            return {"status": "Rejected", "statusInfo": {"reasonCode": "UnsupportedRateUnit"}}
        return payload


@fault("reason-codes-generic", "Refuses every profile with the reason Unspecified.")
class ReasonCodesGeneric(Answers):
    """K01: the reason tells what is wrong."""

    actions = frozenset({"SetChargingProfile", "UpdateDynamicSchedule", "AFRRSignal"})

    def bend(self, call: Call, payload: Payload) -> Payload:
        """It does not know."""
        if "statusInfo" not in payload:
            return payload
        return {**payload, "statusInfo": {"reasonCode": "Unspecified"}}


ignoring("profile-of-unknown-evse", "Installs a profile at an EVSE that is not there.", ProfileCheck.EVSE)
ignoring("tx-profile-of-any-transaction", "Takes a TxProfile without its transaction.", ProfileCheck.TRANSACTION)
ignoring("external-from-csms-accepted", "Takes external constraints of the CSMS.", ProfileCheck.EXTERNAL_PURPOSE)
ignoring("dynamic-fields-anywhere", "Takes dynUpdateInterval in an Absolute profile.", ProfileCheck.DYNAMIC_FIELDS)
ignoring("start-missing-accepted", "Takes an Absolute profile without startSchedule.", ProfileCheck.START_MISSING)
ignoring("relative-start-accepted", "Takes a Relative profile with startSchedule.", ProfileCheck.START_PRESENT)
ignoring("first-period-late-accepted", "Takes a schedule that does not start at 0.", ProfileCheck.FIRST_PERIOD)
ignoring("periods-unordered-accepted", "Takes periods that do not ascend.", ProfileCheck.ORDER)
ignoring("maximum-relative-accepted", "Takes a Relative ChargingStationMaxProfile.", ProfileCheck.MAX_RELATIVE)
ignoring("stack-level-unlimited", "Takes any stack level.", ProfileCheck.STACK_LEVEL)
ignoring("phases-of-dc-accepted", "Takes numberPhases for a DC EVSE.", ProfileCheck.DC_PHASES)
ignoring("delay-in-any-purpose", "Takes randomizedDelay in any purpose.", ProfileCheck.DELAY_PURPOSE)
ignoring("reserved-id-accepted", "Takes an id that is reserved for external constraints.", ProfileCheck.PROFILE_ID)
ignoring("many-schedules-accepted", "Takes more schedules than the vehicle does.", ProfileCheck.SCHEDULES)
ignoring("priority-duration-accepted", "Takes PriorityCharging with a duration.", ProfileCheck.PRIORITY_DURATION)


# K07 random delay, local time, state of charge


@fault("delay-not-drawn", "Does not delay periods at random.")
class DelayNotDrawn(Turns):
    """K01.FR.92."""

    knob = EnergyKnob.DELAYS

    def bend(self, value: tuple[float, ...]) -> tuple[float, ...]:
        """On the second, as all the others."""
        return tuple(0.0 for _ in value)


@fault("first-period-delayed", "Delays the first period at random as well.")
class FirstPeriodDelayed(Turns):
    """K01.FR.92: the first one begins in time."""

    knob = EnergyKnob.DELAYS

    def bend(self, value: tuple[float, ...]) -> tuple[float, ...]:
        """All of them."""
        return (max([30.0, *value]), *value[1:])


turning("local-time-as-utc", "Takes local time for UTC.", EnergyKnob.LOCAL_OFFSET, 0.0)
turning("soc-limit-ignored", "Does not look at limitAtSoC.", EnergyKnob.SOC, None)


# K08 to K10 external limits

mute("limit-not-notified", "Does not tell the CSMS of an external limit.", "NotifyChargingLimit")
mute("cleared-limit-not-notified", "Does not tell that an external limit is released.", "ClearedChargingLimit")
turning("external-limit-kept", "Goes on with an external limit that was released.", EnergyKnob.RELEASED, wrong=False)
turning("rate-change-not-told", "Does not tell that the charging rate has changed.", EnergyKnob.RATE_TOLD, wrong=False)
turning("every-limit-notified", "Tells of every change of a limit, however small.", EnergyKnob.SIGNIFICANT, wrong=True)


@fault("limit-source-cso", "Calls an external limit one of the CSO.")
class LimitSourceCso(Sends):
    """K11.FR.05."""

    action = "NotifyChargingLimit"

    def bend(self, payload: Payload) -> Payload:
        """The wrong master."""
        return {**payload, "chargingLimit": {**payload["chargingLimit"], "chargingLimitSource": "CSO"}}


@fault("limit-without-schedule", "Tells of an external limit without saying how high it is.")
class LimitWithoutSchedule(Sends):
    """K11.FR.03, Q06.FR.11."""

    action = "NotifyChargingLimit"

    def bend(self, payload: Payload) -> Payload:
        """There is one."""
        return without(payload, "chargingSchedule")


@fault("external-limit-not-followed", "Tells of an external limit and does not keep it.")
class ExternalLimitNotFollowed(Turns):
    """K11.FR.01."""

    knob = EnergyKnob.EXTERNAL_PERIOD

    def bend(self, value: Payload) -> Payload:
        """Far above."""
        return {**value, "limit": _FAR} if "limit" in value else value


@fault("external-profile-hidden", "Leaves external constraints out of its reports.")
class ExternalProfileHidden(Turns):
    """K11.FR.06."""

    knob = EnergyKnob.REPORT

    def bend(self, value: list[Payload]) -> list[Payload]:
        """Only what the CSMS knows anyway."""
        return [page for page in value if page["chargingLimitSource"] == "CSO"]


@fault("zero-limit-discharges", "Discharges when the limit is 0.")
class ZeroLimitDischarges(Turns):
    """K09 (EVerest#1509)."""

    knob = EnergyKnob.SETPOINT

    def bend(self, value: float) -> float:
        """Below the limit there is dischargeLimit."""
        return -3000.0 if value == 0.0 else value


# K09 reports


@fault("profile-report-other-request", "Reports profiles with another requestId.")
class ProfileReportOtherRequest(Turns):
    """K09.FR.01."""

    knob = EnergyKnob.REPORT

    def bend(self, value: list[Payload]) -> list[Payload]:
        """The next one."""
        return [{**page, "requestId": page["requestId"] + 1} for page in value]


@fault("profile-report-without-tbc", "Does not say that more reports of profiles will come.")
class ProfileReportWithoutTbc(Turns):
    """K09.FR.02."""

    knob = EnergyKnob.REPORT

    def bend(self, value: list[Payload]) -> list[Payload]:
        """Each is the last."""
        return [without(page, "tbc") for page in value]


# K11 charging needs

mute("needs-not-sent", "Does not tell the needs of the vehicle.", "NotifyEVChargingNeeds")
mute("schedule-not-reported", "Does not tell the schedule that the vehicle follows.", "NotifyEVChargingSchedule")
turning("schedule-awaited-for-ever", "Waits an hour for a charging schedule.", EnergyKnob.DEADLINE, 3600.0)


# K12 priority charging

mute("priority-not-notified", "Does not tell that priority charging is on or off.", "NotifyPriorityCharging")
turning("priority-has-no-effect", "Does not follow PriorityCharging.", EnergyKnob.PRIORITY_ACTIVE, wrong=False)
ignoring("priority-without-profile", "Accepts priority charging without a profile.", ChargingCheck.PRIORITY_PROFILE)


@fault("priority-of-any-transaction", "Accepts priority charging for an unknown transaction.")
class PriorityOfAnyTransaction(Accepts):
    """K21.FR.02."""

    actions = frozenset({"UsePriorityCharging"})
    instead_of = frozenset({"Rejected"})
