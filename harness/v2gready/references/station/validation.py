"""May a charging profile be installed? Every rule of SetChargingProfile with its reason code (K01, K28, Q, V2X).

The rules are a table in the order in which they are looked at; the first that is violated gives the reason. A rule gets
the `Proposal` and says what is wrong, or None.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import Final

from v2gready.protocols.ocpp.frames import Payload
from v2gready.references.station.composite import seconds
from v2gready.references.station.energy_rules import ProfileCheck
from v2gready.references.station.operation_modes import (
    FIELDS,
    PHASES,
    PURPOSES,
    SETPOINTS,
    field_problems,
    mode_of,
    phased,
)
from v2gready.references.station.profiles import (
    EXTERNAL,
    GENERATION,
    MAXIMUM,
    PRIORITY,
    TX,
    TX_DEFAULT,
    Installed,
)
from v2gready.references.station.proposals import Proposal, Refusal
from v2gready.references.station.seams import Seams

Rule = Callable[[Proposal], Refusal | None]


def _when(violated: bool, code: str, info: str) -> Refusal | None:  # noqa: FBT001 - the condition of a rule
    return Refusal(code, info) if violated else None


def _evse(it: Proposal) -> Refusal | None:
    return _when(not it.place.known, "UnknownEvse", f"there is no EVSE {it.place.id}")


def _external_purpose(it: Proposal) -> Refusal | None:
    return _when(it.purpose == EXTERNAL, "InvalidProfile", "external constraints come from an external system alone")


def _purpose(it: Proposal) -> Refusal | None:
    extra = it.purpose in {PRIORITY, GENERATION}
    return _when(extra and it.purpose not in it.abilities.purposes, "UnsupportedPurpose", f"no {it.purpose} here")


def _kind(it: Proposal) -> Refusal | None:
    return _when(it.kind == "Dynamic" and not it.abilities.dynamic, "UnsupportedKind", "no Dynamic profiles here")


def _dynamic_fields(it: Proposal) -> Refusal | None:
    there = "dynUpdateInterval" in it.profile or "dynUpdateTime" in it.profile
    return _when(there and it.kind != "Dynamic", "InvalidProfile", f"dynUpdate fields in a profile of kind {it.kind}")


def _local_time(it: Proposal) -> Refusal | None:
    wanted = any(schedule.get("useLocalTime") for schedule in it.schedules)
    return _when(wanted and not it.abilities.local_time, "InvalidSchedule", "useLocalTime is not supported")


def _delayed(it: Proposal) -> bool:
    return any(schedule.get("randomizedDelay", 0) > 0 for schedule in it.schedules)


def _delay(it: Proposal) -> Refusal | None:
    return _when(_delayed(it) and not it.abilities.delay, "InvalidSchedule", "randomizedDelay is not supported")


def _delay_purpose(it: Proposal) -> Refusal | None:
    wrong = _delayed(it) and it.purpose not in {TX, TX_DEFAULT}
    return _when(wrong, "InvalidSchedule", f"randomizedDelay in a {it.purpose}")


def _soc_limit(it: Proposal) -> Refusal | None:
    wanted = any("limitAtSoC" in schedule for schedule in it.schedules)
    return _when(wanted and not it.abilities.soc_limit, "InvalidSchedule", "limitAtSoC is not supported")


def _sleep(it: Proposal) -> Refusal | None:
    asleep = [mode_of(period) for period in it.periods if period.get("evseSleep")]
    awake = any(mode != "Idle" for mode in asleep)
    unable = bool(asleep) and not it.abilities.sleep and it.settings.refuse_sleep
    return _when(awake or unable, "InvalidSchedule", "evseSleep is for Idle, where it is supported")


def _offline(it: Proposal) -> Refusal | None:
    wanted = "maxOfflineDuration" in it.profile or "invalidAfterOfflineDuration" in it.profile
    return _when(wanted and not it.abilities.offline, "InvalidProfile", "maxOfflineDuration is not supported")


def _profile_id(it: Proposal) -> Refusal | None:
    reserved = it.abilities.reserved_ids
    wrong = reserved is not None and it.profile["id"] <= reserved
    return _when(wrong, "InvalidProfileId", f"ids up to {reserved} are those of external constraints")


def _replaces_external(it: Proposal) -> Refusal | None:
    there = it.store.find(it.profile["id"])
    wrong = there is not None and there.purpose == EXTERNAL
    return _when(wrong, "InvalidProfileId", "an external constraint has this id")


def _unit(it: Proposal) -> Refusal | None:
    units = {str(schedule["chargingRateUnit"]) for schedule in it.schedules} - it.abilities.units
    return _when(bool(units), "UnsupportedRateUnit", f"no schedules in {', '.join(sorted(units))}")


def _stack_level(it: Proposal) -> Refusal | None:
    highest = it.abilities.stack_level
    return _when(it.profile["stackLevel"] > highest, "InvalidStackLevel", f"stackLevel is {highest} at most")


def _period_count(it: Proposal) -> Refusal | None:
    most = it.abilities.periods
    wrong = any(len(schedule["chargingSchedulePeriod"]) > most for schedule in it.schedules)
    return _when(wrong, "InvalidSchedule", f"{most} periods at most")


def _entries(it: Proposal) -> Refusal | None:
    full = it.store.find(it.profile["id"]) is None and len(it.store) >= it.abilities.entries
    return _when(full, "TooManyElements", f"{it.abilities.entries} profiles at most")


def _schedule_count(it: Proposal) -> Refusal | None:
    most = it.place.schedules if it.purpose == TX else 1
    return _when(len(it.schedules) > most, "InvalidSchedule", f"{most} schedule at most")


def _dynamic_shape(it: Proposal) -> Refusal | None:
    if it.kind != "Dynamic":
        return None
    periods = list(it.periods)
    wrong = len(it.schedules) != 1 or len(periods) != 1 or periods[0]["startPeriod"] != 0
    return _when(wrong, "InvalidSchedule", "a Dynamic profile has one schedule with one period that starts at 0")


def _start_missing(it: Proposal) -> Refusal | None:
    wanted = it.kind in {"Absolute", "Recurring"}
    missing = any("startSchedule" not in schedule for schedule in it.schedules)
    return _when(wanted and missing, "InvalidSchedule", f"a profile of kind {it.kind} needs startSchedule")


def _start_present(it: Proposal) -> Refusal | None:
    there = any("startSchedule" in schedule for schedule in it.schedules)
    return _when(it.kind == "Relative" and there, "InvalidSchedule", "a Relative profile has no startSchedule")


def _first_period(it: Proposal) -> Refusal | None:
    wrong = any(schedule["chargingSchedulePeriod"][0]["startPeriod"] != 0 for schedule in it.schedules)
    return _when(wrong, "InvalidSchedule", "the first period starts at 0")


def _order(it: Proposal) -> Refusal | None:
    for schedule in it.schedules:
        starts = [period["startPeriod"] for period in schedule["chargingSchedulePeriod"]]
        if any(later <= earlier for earlier, later in itertools.pairwise(starts)):
            return Refusal("InvalidSchedule", "startPeriod does not ascend")
    return None


def _max_relative(it: Proposal) -> Refusal | None:
    wrong = it.purpose == MAXIMUM and it.kind == "Relative"
    return _when(wrong, "InvalidProfile", "a ChargingStationMaxProfile is not Relative")


def _max_evse(it: Proposal) -> Refusal | None:
    wrong = it.purpose == MAXIMUM and it.place.id != 0 and it.settings.station_wide_maximum
    return _when(wrong, "InvalidProfile", "a ChargingStationMaxProfile is for EVSE 0")


def _recurrence(it: Proposal) -> Refusal | None:
    wrong = it.kind == "Recurring" and "recurrencyKind" not in it.profile
    return _when(wrong, "InvalidProfile", "a Recurring profile needs recurrencyKind")


def _validity(it: Proposal) -> Refusal | None:
    bounds = [it.profile.get(name) for name in ("validFrom", "validTo")]
    wrong = bounds[0] is not None and bounds[1] is not None and seconds(bounds[0]) >= seconds(bounds[1])
    return _when(wrong, "InvalidProfile", "validFrom is not before validTo")


def _transaction(it: Proposal) -> Refusal | None:
    if it.purpose != TX or it.pending:
        return None
    wanted = it.profile.get("transactionId")
    wrong = it.place.id == 0 or wanted is None or wanted != it.place.transaction_id
    return _when(wrong, "TxNotFound", "a TxProfile is for the active transaction of its EVSE")


def rivals(it: Proposal) -> list[Installed]:
    """Profiles that could be valid at the same time on the same level (K01.FR.06, .39, .52, .53)."""
    places = {it.place.id}
    if it.purpose == TX_DEFAULT:
        # One of EVSE 0 is in force on every EVSE (K01.FR.14).
        places = {one.evse_id for one in it.store} | {0} if it.place.id == 0 else {it.place.id, 0}
    new = Installed(it.profile, it.place.id)
    return [
        one
        for one in it.store
        if one.purpose == it.purpose
        and one.stack == new.stack
        and one.id != new.id
        and one.evse_id in places
        and one.transaction_id == new.transaction_id
        and _overlap(one.profile, it.profile)
    ]


def _overlap(one: Payload, other: Payload) -> bool:
    return not any(
        "validTo" in first and "validFrom" in second and seconds(first["validTo"]) <= seconds(second["validFrom"])
        for first, second in ((one, other), (other, one))
    )


def _duplicate(it: Proposal) -> Refusal | None:
    found = rivals(it)
    if not it.settings.refuse_overlap:
        found = [one for one in found if one.evse_id != it.place.id]
    return _when(bool(found), "DuplicateProfile", "another profile has this purpose and stack level at the same time")


def _dc_phases(it: Proposal) -> Refusal | None:
    named = any("numberPhases" in period or "phaseToUse" in period for period in it.periods)
    at_outlet = it.place.id != 0 or it.purpose in {TX, TX_DEFAULT, PRIORITY}
    wrong = named and at_outlet and it.place.direct and not it.place.phase_control
    return _when(wrong, "NoPhaseForDC", "a DC EVSE has no phases to choose")


def _phase_to_use(it: Proposal) -> Refusal | None:
    chosen = [period for period in it.periods if "phaseToUse" in period]
    wrong = any(period.get("numberPhases", 3) != 1 for period in chosen)
    switching = it.abilities.phase_switching or it.place.phase_control
    return _when(wrong or (bool(chosen) and not switching), "InvalidSchedule", "phaseToUse cannot be followed")


def _phase_conflict(it: Proposal) -> Refusal | None:
    chosen = {period["phaseToUse"] for period in it.periods if "phaseToUse" in period}
    others = {
        period["phaseToUse"]
        for one in it.store
        if one.id != it.profile["id"] and (0 in {one.evse_id, it.place.id} or one.evse_id == it.place.id)
        for period in one.periods
        if "phaseToUse" in period
    }
    wrong = bool(chosen) and bool(others) and chosen != others
    return _when(wrong, "PhaseConflict", "another profile uses another phase")


def _phased(it: Proposal) -> set[tuple[str, str]]:
    return {
        (field, suffix) for period in it.periods for field in FIELDS for suffix in PHASES if field + suffix in period
    }


def _phase_base(it: Proposal) -> Refusal | None:
    wrong = any(
        field not in period and any(name in period for name in phased(field))
        for period in it.periods
        for field in FIELDS
    )
    return _when(wrong, "PhaseConflict", "L2 or L3 without the field itself")


def _phase_purpose(it: Proposal) -> Refusal | None:
    return _when(bool(_phased(it)) and it.purpose != TX, "PhaseConflict", "L2 and L3 are for a TxProfile")


def _phase_vehicle(it: Proposal) -> Refusal | None:
    untold = {suffix for _, suffix in _phased(it)} - it.place.phases
    return _when(bool(untold), "PhaseConflict", "the vehicle has told no powers of L2 or L3")


def _mode(it: Proposal) -> Refusal | None:
    unknown = sorted({mode_of(period) for period in it.periods} - it.abilities.modes - {"ChargingOnly"})
    if not unknown:
        return None
    balancing = unknown == ["LocalLoadBalancing"]
    code = it.settings.unsupported_balancing_code if balancing else it.settings.unsupported_mode_code
    return Refusal(code, f"no {', '.join(unknown)} here")


def _mode_purpose(it: Proposal) -> Refusal | None:
    wrong = sorted({mode_of(period) for period in it.periods} - PURPOSES[it.purpose])
    code = it.settings.priority_mode_code if it.purpose == PRIORITY else "InvalidOperationMode"
    return _when(bool(wrong), code, f"{', '.join(wrong)} in a {it.purpose}")


def _mode_fields(it: Proposal) -> Refusal | None:
    for schedule in it.schedules:
        for period in schedule["chargingSchedulePeriod"]:
            problem = next(field_problems(period, it.settings), None)
            if problem is not None:
                place = f"schedule {schedule['id']}, startPeriod {period['startPeriod']}"
                return Refusal("InvalidSchedule", f"{place}: {problem.field} is {problem.use.value}")
    return None


def _central_frequency(it: Proposal) -> Refusal | None:
    wrong = it.kind != "Dynamic" and any(mode_of(period) == "CentralFrequency" for period in it.periods)
    return _when(wrong, "InvalidSchedule", "CentralFrequency needs a Dynamic profile")


def _setpoint_range(it: Proposal) -> Refusal | None:
    wrong = any(
        period[setpoint] > period.get("limit" + suffix, period[setpoint])
        or period[setpoint] < period.get("dischargeLimit" + suffix, period[setpoint])
        for period in it.periods
        for suffix in ("", *PHASES)
        if (setpoint := SETPOINTS[0] + suffix) in period
    )
    return _when(wrong, "InvalidSchedule", "setpoint outside dischargeLimit and limit")


def _negative_limit(it: Proposal) -> Refusal | None:
    wrong = any(period.get("limit" + suffix, 0) < 0 for period in it.periods for suffix in ("", *PHASES))
    return _when(wrong, "InvalidSchedule", "limit is negative")


def _local_frequency(it: Proposal) -> list[Payload]:
    return [period for period in it.periods if mode_of(period) == "LocalFrequency"]


def _frequency_curve(it: Proposal) -> Refusal | None:
    wrong = any(
        "v2xBaseline" not in period or len(period.get("v2xFreqWattCurve", ())) < 2 for period in _local_frequency(it)
    )
    return _when(wrong, "NoFreqWattCurve", "LocalFrequency needs v2xBaseline and two points of v2xFreqWattCurve")


def _frequency_unit(it: Proposal) -> Refusal | None:
    wrong = bool(_local_frequency(it)) and any(schedule["chargingRateUnit"] != "W" for schedule in it.schedules)
    return _when(wrong, "InvalidSchedule", "LocalFrequency needs chargingRateUnit W")


def _signal_curve(it: Proposal) -> Refusal | None:
    wrong = any(len(period.get("v2xSignalWattCurve", ((), ()))) < 2 for period in _local_frequency(it))
    return _when(wrong, "InvalidSchedule", "v2xSignalWattCurve needs two points")


def _balancing(it: Proposal) -> Refusal | None:
    wanted = any(mode_of(period) == "LocalLoadBalancing" for period in it.periods)
    return _when(wanted and not it.abilities.balancing, "MissingDevModelInfo", "thresholds of LocalLoadBalancing")


def _priority_duration(it: Proposal) -> Refusal | None:
    wrong = it.purpose == PRIORITY and any("duration" in schedule for schedule in it.schedules)
    return _when(wrong, "InvalidSchedule", "PriorityCharging has no duration")


def _rate_limit(it: Proposal) -> Refusal | None:
    return _when(it.soon > 0, "RateLimitExceeded", f"{it.soon:.0f} seconds before retry")


RULES: Final[dict[ProfileCheck, Rule]] = {
    ProfileCheck.EVSE: _evse,
    ProfileCheck.EXTERNAL_PURPOSE: _external_purpose,
    ProfileCheck.PURPOSE: _purpose,
    ProfileCheck.KIND: _kind,
    ProfileCheck.PROFILE_ID: _profile_id,
    ProfileCheck.REPLACES_EXTERNAL: _replaces_external,
    ProfileCheck.TRANSACTION: _transaction,
    ProfileCheck.DYNAMIC_FIELDS: _dynamic_fields,
    ProfileCheck.OFFLINE: _offline,
    ProfileCheck.RECURRENCE: _recurrence,
    ProfileCheck.VALIDITY: _validity,
    ProfileCheck.MAX_RELATIVE: _max_relative,
    ProfileCheck.MAX_EVSE: _max_evse,
    ProfileCheck.STACK_LEVEL: _stack_level,
    ProfileCheck.RATE_UNIT: _unit,
    ProfileCheck.SCHEDULES: _schedule_count,
    ProfileCheck.DYNAMIC_SHAPE: _dynamic_shape,
    ProfileCheck.PERIODS: _period_count,
    ProfileCheck.START_MISSING: _start_missing,
    ProfileCheck.START_PRESENT: _start_present,
    ProfileCheck.FIRST_PERIOD: _first_period,
    ProfileCheck.ORDER: _order,
    ProfileCheck.LOCAL_TIME: _local_time,
    ProfileCheck.DELAY: _delay,
    ProfileCheck.DELAY_PURPOSE: _delay_purpose,
    ProfileCheck.SOC_LIMIT: _soc_limit,
    ProfileCheck.PRIORITY_DURATION: _priority_duration,
    ProfileCheck.MODE_PURPOSE: _mode_purpose,
    ProfileCheck.MODE: _mode,
    ProfileCheck.SLEEP: _sleep,
    ProfileCheck.PHASE_BASE: _phase_base,
    ProfileCheck.PHASE_PURPOSE: _phase_purpose,
    ProfileCheck.PHASE_VEHICLE: _phase_vehicle,
    ProfileCheck.FREQUENCY_CURVE: _frequency_curve,
    ProfileCheck.MODE_FIELDS: _mode_fields,
    ProfileCheck.CENTRAL_FREQUENCY: _central_frequency,
    ProfileCheck.FREQUENCY_UNIT: _frequency_unit,
    ProfileCheck.SIGNAL_CURVE: _signal_curve,
    ProfileCheck.BALANCING: _balancing,
    ProfileCheck.SETPOINT_RANGE: _setpoint_range,
    ProfileCheck.NEGATIVE_LIMIT: _negative_limit,
    ProfileCheck.DC_PHASES: _dc_phases,
    ProfileCheck.PHASE_TO_USE: _phase_to_use,
    ProfileCheck.PHASE_CONFLICT: _phase_conflict,
    ProfileCheck.DUPLICATE: _duplicate,
    ProfileCheck.ENTRIES: _entries,
    ProfileCheck.RATE_LIMIT: _rate_limit,
}
"""Every rule in the order in which it is looked at."""

UPDATE_RULES: Final = (
    ProfileCheck.PHASE_BASE,
    ProfileCheck.PHASE_PURPOSE,
    ProfileCheck.PHASE_VEHICLE,
    ProfileCheck.MODE_FIELDS,
    ProfileCheck.NEGATIVE_LIMIT,
)
"""Rules that the new values of a Dynamic profile have to meet too. A setpoint beyond the limits is capped (V2X.03)."""


def refusal(proposal: Proposal, seams: Seams, rules: Iterable[ProfileCheck] = tuple(RULES)) -> Refusal | None:
    """The first rule that a profile violates, None where it may be installed.

    Args:
        proposal: The profile.
        seams: Where faults act.
        rules: Which rules count.
    """
    for check in rules:
        found = RULES[check](proposal)
        if seams.check(check, violated=found is not None):
            return found or Refusal("InvalidProfile", check.value)
    return None
