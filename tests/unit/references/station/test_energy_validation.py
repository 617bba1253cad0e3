"""Every rule of SetChargingProfile, with its reason code."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.unit.references.station.energy_bench import Bench
from v2gready.references.station.config import EvseConfig
from v2gready.references.station.energy_rules import ProfileCheck
from v2gready.references.station.energy_settings import MODES, EnergySettings
from v2gready.references.station.operation_modes import FIELDS, MATRIX, Use, field_problems, use_of
from v2gready.references.station.profiles import ProfileStore
from v2gready.references.station.proposals import Abilities, Place, Proposal
from v2gready.references.station.seams import Seams
from v2gready.references.station.validation import RULES, refusal

LIMIT = {"startPeriod": 0, "limit": 5000.0}
SETPOINT = {"startPeriod": 0, "operationMode": "CentralSetpoint", "setpoint": -1000.0}
CURVE = [{"frequency": 49.0, "power": -1000.0}, {"frequency": 51.0, "power": 1000.0}]
FREQUENCY = {"startPeriod": 0, "operationMode": "LocalFrequency", "v2xBaseline": 0.0, "v2xFreqWattCurve": CURVE}
START = "2026-11-21T00:00:00Z"
SETTINGS = EnergySettings()
ABLE = Abilities(modes=frozenset(MODES), reserved_ids=0)


def profile(*periods: dict[str, Any], **fields: Any) -> dict[str, Any]:
    names = ("duration", "startSchedule", "randomizedDelay", "useLocalTime", "limitAtSoC")
    schedule = {"id": 1, "chargingRateUnit": fields.pop("unit", "W"), "chargingSchedulePeriod": list(periods)}
    schedule |= {name: fields.pop(name) for name in names if name in fields}
    count = fields.pop("schedules", 1)
    return {
        "id": 7,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": [schedule] * count,
    } | fields


def judge(what: dict[str, Any], *, place: Place | None = None, able: Abilities = ABLE, **more: Any) -> str | None:
    found = refusal(
        Proposal(what, place or Place(1), ProfileStore(), able, more.pop("settings", SETTINGS), **more), Seams()
    )
    return None if found is None else found.code


GOOD = {
    "limit": profile(LIMIT),
    "absolute": profile(LIMIT, chargingProfileKind="Absolute", startSchedule=START),
    "recurring": profile(LIMIT, chargingProfileKind="Recurring", recurrencyKind="Daily", startSchedule=START),
    "central setpoint": profile(SETPOINT),
    "with limits": profile({**SETPOINT, "limit": 1.0, "dischargeLimit": -1000.0}),
    "local frequency": profile(FREQUENCY),
    "central frequency": profile({**SETPOINT, "operationMode": "CentralFrequency"}, chargingProfileKind="Dynamic"),
    "external": profile({"startPeriod": 0, "operationMode": "ExternalLimits"}, chargingProfileKind="Dynamic"),
    "balancing": profile({"startPeriod": 0, "operationMode": "LocalLoadBalancing", "limit": 1000.0}),
    "idle": profile({"startPeriod": 0, "operationMode": "Idle", "evseSleep": True}),
    "priority": profile(LIMIT, chargingProfilePurpose="PriorityCharging"),
    "delay": profile(LIMIT, randomizedDelay=60),
    "phases of the station": profile({**LIMIT, "numberPhases": 3}),
}


@pytest.mark.parametrize("what", GOOD.values(), ids=GOOD)
def test_good(what: dict[str, Any]) -> None:
    place = Place(1, direct=False) if "numberPhases" in str(what) else Place(1)
    assert judge(what, place=place) is None


BAD: dict[ProfileCheck, tuple[str, dict[str, Any], dict[str, Any]]] = {
    ProfileCheck.EVSE: ("UnknownEvse", profile(LIMIT), {"place": Place(9, known=False)}),
    ProfileCheck.EXTERNAL_PURPOSE: (
        "InvalidProfile",
        profile(LIMIT, chargingProfilePurpose="ChargingStationExternalConstraints"),
        {},
    ),
    ProfileCheck.PURPOSE: (
        "UnsupportedPurpose",
        profile(LIMIT, chargingProfilePurpose="PriorityCharging"),
        {"able": replace(ABLE, purposes=frozenset())},
    ),
    ProfileCheck.KIND: (
        "UnsupportedKind",
        profile(LIMIT, chargingProfileKind="Dynamic"),
        {"able": replace(ABLE, dynamic=False)},
    ),
    ProfileCheck.DYNAMIC_FIELDS: ("InvalidProfile", profile(LIMIT, dynUpdateInterval=5), {}),
    ProfileCheck.LOCAL_TIME: (
        "InvalidSchedule",
        profile(LIMIT, useLocalTime=True),
        {"able": replace(ABLE, local_time=False)},
    ),
    ProfileCheck.DELAY: ("InvalidSchedule", profile(LIMIT, randomizedDelay=1), {"able": replace(ABLE, delay=False)}),
    ProfileCheck.DELAY_PURPOSE: (
        "InvalidSchedule",
        profile(LIMIT, chargingProfilePurpose="PriorityCharging", randomizedDelay=1),
        {},
    ),
    ProfileCheck.SOC_LIMIT: (
        "InvalidSchedule",
        profile(LIMIT, limitAtSoC={"soc": 80, "limit": 1000}),
        {"able": replace(ABLE, soc_limit=False)},
    ),
    ProfileCheck.SLEEP: ("InvalidSchedule", profile({**LIMIT, "evseSleep": True}), {}),
    ProfileCheck.OFFLINE: (
        "InvalidProfile",
        profile(LIMIT, maxOfflineDuration=1),
        {"able": replace(ABLE, offline=False)},
    ),
    ProfileCheck.PROFILE_ID: ("InvalidProfileId", profile(LIMIT, id=0), {}),
    ProfileCheck.RATE_UNIT: (
        "UnsupportedRateUnit",
        profile(LIMIT, unit="A"),
        {"able": replace(ABLE, units=frozenset("W"))},
    ),
    ProfileCheck.STACK_LEVEL: ("InvalidStackLevel", profile(LIMIT, stackLevel=11), {}),
    ProfileCheck.PERIODS: (
        "InvalidSchedule",
        profile(LIMIT, {**LIMIT, "startPeriod": 1}),
        {"able": replace(ABLE, periods=1)},
    ),
    ProfileCheck.ENTRIES: ("TooManyElements", profile(LIMIT), {"able": replace(ABLE, entries=0)}),
    ProfileCheck.SCHEDULES: ("InvalidSchedule", profile(LIMIT, schedules=2), {}),
    ProfileCheck.DYNAMIC_SHAPE: (
        "InvalidSchedule",
        profile(LIMIT, {**LIMIT, "startPeriod": 5}, chargingProfileKind="Dynamic"),
        {},
    ),
    ProfileCheck.START_MISSING: ("InvalidSchedule", profile(LIMIT, chargingProfileKind="Absolute"), {}),
    ProfileCheck.START_PRESENT: ("InvalidSchedule", profile(LIMIT, startSchedule=START), {}),
    ProfileCheck.FIRST_PERIOD: ("InvalidSchedule", profile({**LIMIT, "startPeriod": 1}), {}),
    ProfileCheck.ORDER: ("InvalidSchedule", profile(LIMIT, LIMIT), {}),
    ProfileCheck.MAX_RELATIVE: (
        "InvalidProfile",
        profile(LIMIT, chargingProfilePurpose="ChargingStationMaxProfile"),
        {"place": Place(0)},
    ),
    ProfileCheck.MAX_EVSE: (
        "InvalidProfile",
        profile(
            LIMIT,
            chargingProfilePurpose="ChargingStationMaxProfile",
            chargingProfileKind="Absolute",
            startSchedule=START,
        ),
        {},
    ),
    ProfileCheck.RECURRENCE: (
        "InvalidProfile",
        profile(LIMIT, chargingProfileKind="Recurring", startSchedule=START),
        {},
    ),
    ProfileCheck.VALIDITY: ("InvalidProfile", profile(LIMIT, validFrom=START, validTo=START), {}),
    ProfileCheck.TRANSACTION: (
        "TxNotFound",
        profile(LIMIT, chargingProfilePurpose="TxProfile", transactionId="x"),
        {},
    ),
    ProfileCheck.DC_PHASES: ("NoPhaseForDC", profile({**LIMIT, "numberPhases": 1}), {}),
    ProfileCheck.PHASE_TO_USE: (
        "InvalidSchedule",
        profile({**LIMIT, "numberPhases": 3, "phaseToUse": 1}),
        {"place": Place(1, direct=False)},
    ),
    ProfileCheck.PHASE_BASE: ("PhaseConflict", profile({**SETPOINT, "limit_L2": 1.0}), {}),
    ProfileCheck.PHASE_PURPOSE: ("PhaseConflict", profile({**LIMIT, "limit_L2": 1.0}), {}),
    ProfileCheck.PHASE_VEHICLE: (
        "PhaseConflict",
        profile({**LIMIT, "limit_L2": 1.0}, chargingProfilePurpose="TxProfile", transactionId="t"),
        {"place": Place(1, transaction_id="t")},
    ),
    ProfileCheck.MODE: ("InvalidOperationMode", profile(SETPOINT), {"able": replace(ABLE, modes=frozenset())}),
    ProfileCheck.MODE_PURPOSE: (
        "InvalidOperationMode",
        profile(SETPOINT, chargingProfilePurpose="PriorityCharging"),
        {},
    ),
    ProfileCheck.MODE_FIELDS: ("InvalidSchedule", profile({**LIMIT, "setpoint": 1.0}), {}),
    ProfileCheck.CENTRAL_FREQUENCY: ("InvalidSchedule", profile({**SETPOINT, "operationMode": "CentralFrequency"}), {}),
    ProfileCheck.SETPOINT_RANGE: ("InvalidSchedule", profile({**SETPOINT, "dischargeLimit": -999.9}), {}),
    ProfileCheck.NEGATIVE_LIMIT: ("InvalidSchedule", profile({**LIMIT, "limit": -0.1}), {}),
    ProfileCheck.FREQUENCY_CURVE: ("NoFreqWattCurve", profile({**FREQUENCY, "v2xFreqWattCurve": CURVE[:1]}), {}),
    ProfileCheck.FREQUENCY_UNIT: ("InvalidSchedule", profile(FREQUENCY, unit="A"), {}),
    ProfileCheck.SIGNAL_CURVE: (
        "InvalidSchedule",
        profile({**FREQUENCY, "v2xSignalWattCurve": [{"signal": 0, "power": 0}]}),
        {},
    ),
    ProfileCheck.BALANCING: (
        "MissingDevModelInfo",
        profile({"startPeriod": 0, "operationMode": "LocalLoadBalancing"}),
        {"able": replace(ABLE, balancing=False)},
    ),
    ProfileCheck.PRIORITY_DURATION: (
        "InvalidSchedule",
        profile(LIMIT, chargingProfilePurpose="PriorityCharging", duration=60),
        {},
    ),
    ProfileCheck.RATE_LIMIT: ("RateLimitExceeded", profile(LIMIT), {"soon": 3.0}),
}
ELSEWHERE = {ProfileCheck.REPLACES_EXTERNAL, ProfileCheck.PHASE_CONFLICT, ProfileCheck.DUPLICATE}


@pytest.mark.parametrize("check", BAD, ids=lambda check: check.name)
def test_bad(check: ProfileCheck) -> None:
    code, what, more = BAD[check]
    assert judge(what, **more) == code


def test_every_rule_has_a_test() -> None:
    assert set(BAD) | ELSEWHERE == set(RULES) == set(ProfileCheck)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("field", FIELDS)
def test_the_matrix(mode: str, field: str) -> None:
    """V09: one field more, or one less, than the mode has."""
    row = dict(zip(FIELDS, MATRIX[mode], strict=True))
    period: dict[str, Any] = {"operationMode": mode} | {name: 0.0 for name, use in row.items() if use is Use.REQUIRED}
    assert not list(field_problems(period, SETTINGS))
    period = {name: value for name, value in period.items() if name != field}
    assert bool(list(field_problems(period, SETTINGS))) == (row[field] is Use.REQUIRED)
    for name in (field, field + "_L2", field + "_L3"):
        found = [one.field for one in field_problems(period | {field: 0.0, name: 0.0}, SETTINGS)]
        assert (name in found) == (row[field] is Use.FORBIDDEN)


def test_conflicts_are_settings() -> None:
    assert use_of("CentralSetpoint", "limit", replace(SETTINGS, limits_with_setpoint=False)) is Use.FORBIDDEN
    assert use_of("LocalLoadBalancing", "limit", replace(SETTINGS, limits_with_balancing=False)) is Use.FORBIDDEN
    assert use_of("ExternalLimits", "limit", replace(SETTINGS, values_with_external=False)) is Use.FORBIDDEN
    nothing = replace(ABLE, modes=frozenset())
    other = replace(SETTINGS, unsupported_mode_code="UnsupportedParam")
    assert judge(profile(SETPOINT), able=nothing, settings=other) == "UnsupportedParam"
    asleep = profile({"startPeriod": 0, "operationMode": "Idle", "evseSleep": True})
    unable = replace(ABLE, sleep=False)
    assert judge(asleep, able=unable) == "InvalidSchedule"
    assert judge(asleep, able=unable, settings=replace(SETTINGS, refuse_sleep=False)) is None


def test_duplicates() -> None:
    bench = Bench()
    assert bench.install(bench.profile(LIMIT, id=1), 0) == "Accepted"
    assert bench.install(bench.profile(LIMIT, id=2), 1) == "DuplicateProfile"  # K01.FR.53
    assert bench.install(bench.profile(LIMIT, id=2), 0) == "DuplicateProfile"
    assert bench.install(bench.profile(LIMIT, id=2, stackLevel=1), 1) == "Accepted"
    assert bench.install(bench.profile(LIMIT, id=3, stackLevel=1), 0) == "DuplicateProfile"  # K01.FR.52
    assert bench.install(bench.profile(LIMIT, id=2, stackLevel=1), 1) == "Accepted"  # the same one again
    assert bench.install(bench.profile(LIMIT, id=4, stackLevel=2, validTo=bench.stamp(100)), 1) == "Accepted"
    assert bench.install(bench.profile(LIMIT, id=5, stackLevel=2, validFrom=bench.stamp(100)), 1) == "Accepted"


def test_duplicates_may_replace() -> None:
    bench = Bench(settings=EnergySettings(refuse_overlap=False))
    assert bench.install(bench.profile(LIMIT, id=1)) == "Accepted"
    assert bench.install(bench.profile(LIMIT, id=2)) == "Accepted"
    assert [one.id for one in bench.station.energy._state.store] == [2]


def test_ids_of_external_constraints() -> None:
    bench = Bench()
    bench.act("external_limit", 5000.0)
    assert bench.install(bench.profile(LIMIT, id=-1)) == "InvalidProfileId"


def test_phase_conflict() -> None:
    evse = EvseConfig(1, transfers=("AC_three_phase", "AC_BPT"), nominal_voltage=230.0)
    bench = Bench(evses=(evse,))
    variable = bench.station.model.find("SmartChargingCtrlr", "ACPhaseSwitchingSupported")
    assert variable is not None
    variable.value = "true"
    one = {**LIMIT, "numberPhases": 1}
    assert bench.install(bench.profile({**one, "phaseToUse": 1}, id=1)) == "Accepted"
    assert bench.install(bench.profile({**one, "phaseToUse": 3}, id=2, stackLevel=1)) == "PhaseConflict"


def test_smart_charging_off() -> None:
    bench = Bench()
    assert bench.set_variable("SmartChargingCtrlr", "Enabled", "false") == "Accepted"
    assert bench.install(bench.profile(LIMIT)) == "NotSupported"
