"""Each fault of charging, V2X and DER shows outside, and says that it took effect; the faultless station has none."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.references.station.energy_bench import Bench
from tests.unit.references.station.test_der import DROOP, curve, discharging, events, limit, put, scheduled
from tests.unit.references.station.test_energy_v2x import CURVE, FREQUENCY, SIGNAL, setpoint
from tests.unit.references.station.test_energy_validation import BAD
from v2gready.protocols.ocpp.frames import Call, CallError, encode
from v2gready.references.station.config import EvseConfig
from v2gready.references.station.device_model import Variable
from v2gready.references.station.energy_rules import ProfileCheck
from v2gready.references.station.energy_settings import EnergySettings
from v2gready.references.station.faults import CATALOGUE, charging, der, v2x

Scenario = Callable[[Bench], Any]
FLAT = {"startPeriod": 0, "limit": 5000.0}
MAXIMUM = {"chargingProfilePurpose": "ChargingStationMaxProfile", "chargingProfileKind": "Absolute"}


def install(check: ProfileCheck, evse: int = 1) -> Scenario:
    def scenario(bench: Bench) -> Any:
        return bench.install(BAD[check][1], evse)

    return scenario


def stack(bench: Bench) -> Any:
    bench.install(bench.profile(FLAT, id=1))
    bench.install(bench.profile({**FLAT, "limit": 3000.0}, id=2, stackLevel=1))
    bench.charge()
    return bench.composite(), bench.power()


def maximum(bench: Bench) -> Any:
    bench.install(bench.profile(FLAT, id=1))
    bench.install(bench.profile({**FLAT, "limit": 3000.0}, id=2, startSchedule=bench.stamp(), **MAXIMUM), 0)
    return bench.composite(), bench.composite(unit="A")


def generation(bench: Bench) -> Any:
    bench.install(bench.profile(FLAT, id=1))
    bench.install(bench.profile(FLAT, id=2, chargingProfilePurpose="LocalGeneration"), 0)
    return bench.composite()


def periods(bench: Bench) -> Any:
    bench.install(bench.profile(FLAT, {"startPeriod": 60, "limit": 10.0}, unit="A"))
    return bench.call("GetCompositeSchedule", {"evseId": 1, "duration": 600, "chargingRateUnit": "A"})


def amperes(bench: Bench) -> Any:
    answer = bench.install(bench.profile({"startPeriod": 0, "limit": 10.0}, unit="A"))
    bench.charge()
    return answer, bench.power()


def validity(bench: Bench) -> Any:
    bench.install(bench.profile(FLAT, validFrom=bench.stamp(10), validTo=bench.stamp(20)))
    return bench.composite()


def power(bench: Bench) -> Any:
    bench.install(bench.profile(FLAT))
    bench.charge()
    return bench.power()


def replaced(bench: Bench) -> Any:
    bench.install(bench.profile(FLAT))
    bench.install(bench.profile({**FLAT, "limit": 2000.0}))
    before = bench.composite()
    bench.power_cycle()
    return before, bench.composite()


def cleared(bench: Bench) -> Any:
    bench.install(bench.profile(FLAT))
    bench.act("external_limit", 6000.0)
    answers = [bench.call("ClearChargingProfile", {"chargingProfileId": number}) for number in (1, -1, 99)]
    return answers, bench.composite()


def reconnected(bench: Bench) -> Any:
    bench.install(bench.tx(bench.charge(), FLAT))
    bench.disconnect()
    bench.wait(5)
    bench.connect()
    return bench.power()


def reported(bench: Bench) -> Any:
    for number in range(7):
        bench.install(bench.profile(FLAT, id=1 + number, stackLevel=number))
    bench.act("external_limit", 4000.0)
    bench.call("GetChargingProfiles", {"requestId": 8, "chargingProfile": {}})
    return bench.sent("ReportChargingProfiles")


def duplicate(bench: Bench) -> Any:
    bench.install(bench.profile(FLAT, id=1))
    return bench.install(bench.profile(FLAT, id=2))


def priority(bench: Bench) -> Any:
    transaction = bench.charge()
    bench.install(bench.profile(FLAT, id=1))
    request = {"transactionId": transaction, "activate": True}
    answers = [bench.call("UsePriorityCharging", {**request, "transactionId": "x"})]
    answers.append(bench.call("UsePriorityCharging", request))
    bench.install(bench.profile({**FLAT, "limit": 9000.0}, id=2, chargingProfilePurpose="PriorityCharging"))
    answers.append(bench.call("UsePriorityCharging", request))
    return answers, bench.power(), bench.sent("NotifyPriorityCharging")


def delays(bench: Bench) -> Any:
    bench.install(bench.profile(FLAT, {"startPeriod": 100, "limit": 1000.0}, randomizedDelay=60))
    bench.charge()
    bench.wait(1)
    return bench.composite()


def local_time(bench: Bench) -> Any:
    bench.station.model.define(Variable("ClockCtrlr", "TimeOffset", "+01:00"))
    start = {"chargingProfileKind": "Absolute", "startSchedule": "2026-11-21T13:10:00Z", "useLocalTime": True}
    bench.install(bench.profile(FLAT, **start))
    return bench.composite()


def soc(bench: Bench) -> Any:
    bench.install(bench.profile(FLAT, limitAtSoC={"soc": 40, "limit": 1500.0}))
    bench.charge()
    return bench.power()


def external(bench: Bench) -> Any:
    bench.charge()
    bench.clear()
    powers = []
    for watts in (8000.0, 8100.0, 0.0, None):
        bench.act("external_limit", watts)
        powers.append(bench.power())
    told = [bench.sent(one) for one in ("NotifyChargingLimit", "ClearedChargingLimit")]
    return powers, told, [event["triggerReason"] for event in bench.sent("TransactionEvent")]


def signals_off(bench: Bench) -> Any:
    bench.set_variable("SmartChargingCtrlr", "ExternalControlSignalsEnabled", "false")
    return external(bench)


def disallowed(bench: Bench) -> Any:
    bench.set_variable("SmartChargingCtrlr", "ExternalConstraintsProfileDisallowed", "true")
    return external(bench)


def needs(bench: Bench) -> Any:
    bench.charge()
    return bench.sent("NotifyEVChargingNeeds"), bench.sent("NotifyEVChargingSchedule")


def needs_off(bench: Bench) -> Any:
    bench.set_variable("V2XChargingCtrlr", "Enabled", "false", evse=1)
    transaction = bench.charge()
    bench.install(bench.tx(transaction, setpoint(-1000.0)))
    return needs_of(bench), bench.power()


def needs_of(bench: Bench) -> Any:
    return bench.sent("NotifyEVChargingNeeds")


def unlisted(bench: Bench) -> Any:
    return bench.install(bench.profile(setpoint(-1.0)))


def waiting(bench: Bench) -> Any:
    bench.answers["NotifyEVChargingNeeds"] = {"status": "Accepted"}
    bench.charge(control_mode="ScheduledControl")
    bench.wait(65)
    return bench.power()


def refused(bench: Bench) -> Any:
    bench.answers["NotifyEVChargingNeeds"] = {"status": "Rejected"}
    with contextlib.suppress(AssertionError):
        bench.charge()
    return [event["transactionInfo"].get("stoppedReason") for event in bench.sent("TransactionEvent")]


def allowed(bench: Bench) -> Any:
    bench.answers["Authorize"] = {"idTokenInfo": {"status": "Accepted"}}
    transaction = bench.charge()
    bench.install(bench.tx(transaction, setpoint(-1000.0)))
    before = bench.power()
    request = {"transactionId": transaction, "allowedEnergyTransfer": ["DC_BPT"]}
    answers = [bench.call("NotifyAllowedEnergyTransfer", {**request, "transactionId": "x"})]
    answers.append(bench.call("NotifyAllowedEnergyTransfer", request))
    return before, answers, bench.power(), len(needs_of(bench))


def modes(bench: Bench) -> Any:
    return bench.station.model.get("V2XChargingCtrlr", "SupportedOperationModes", evse=1)


def central(bench: Bench) -> Any:
    transaction = bench.charge()
    bench.install(bench.tx(transaction, setpoint(-5000.0)))
    return bench.power(), bench.mode()


def capping(bench: Bench) -> Any:
    transaction = bench.charge()
    bench.install(bench.tx(transaction, setpoint(9000.0)))
    bench.install(bench.profile(FLAT, id=2, startSchedule=bench.stamp(), **MAXIMUM), 0)
    return bench.power() if bench.station.energy._state.store.find(1) else None, bench.composite()


def phases(bench: Bench) -> Any:
    transaction = bench.charge()
    per_phase = {**FLAT, "limit_L2": 1.0}
    lone = setpoint(1.0, dischargeLimit_L2=-1.0)
    return [bench.install(bench.tx(transaction, one)) for one in (per_phase, lone)]


def phases_without_base(bench: Bench) -> Any:
    outlet = EvseConfig(1, transfers=("AC_three_phase", "AC_BPT"), nominal_voltage=230.0)
    ac = Bench(*(one.name for one in bench.seams._faults), evses=(outlet,))
    transaction = ac.charge(phases=3, protocol="urn:iso:std:iso:15118:-20:AC")
    bench.seams.effects.extend(ac.seams.effects)
    answer = ac.install(ac.tx(transaction, setpoint(1.0, limit_L2=1.0)))
    bench.seams.effects.extend(ac.seams.effects)
    return answer


def dynamic(bench: Bench) -> Any:
    transaction = bench.charge()
    values = iter(range(100))
    bench.answers["PullDynamicScheduleUpdate"] = lambda _: {
        "status": "Accepted",
        "scheduleUpdate": {"setpoint": next(values)},
    }
    bench.install(bench.dynamic(transaction, setpoint(-1000.0), dynUpdateInterval=10))
    bench.wait(45)
    return bench.power(), len(bench.sent("PullDynamicScheduleUpdate"))


def updated(bench: Bench) -> Any:
    transaction = bench.charge()
    bench.install(bench.dynamic(transaction, setpoint(-1000.0), duration=30))
    found = []
    for _ in range(2):
        bench.wait(20)
        bench.call("UpdateDynamicSchedule", {"chargingProfileId": 1, "scheduleUpdate": {"setpoint": -2000.0}})
        found.append(bench.power())
    bench.wait(31)
    return found, bench.power()


def wrong_kind(bench: Bench) -> Any:
    bench.install(bench.profile(FLAT))
    return bench.call("UpdateDynamicSchedule", {"chargingProfileId": 1, "scheduleUpdate": {"limit": 1.0}})


def frequency(bench: Bench) -> Any:
    transaction = bench.charge()
    bench.install(bench.tx(transaction, {"startPeriod": 0, **FREQUENCY}))
    found = [bench.power()]
    for hertz in (49.98, 49.9, 50.005, 50.1):
        bench.act("set_frequency", hertz)
        found.append(bench.power())
    return found


def simulated(bench: Bench) -> Any:
    transaction = bench.charge()
    bench.install(bench.tx(transaction, {"startPeriod": 0, **FREQUENCY}))
    bench.set_variable("FrequencySimulator", "FrequencySchedule", json.dumps([{"time": 0, "freq": 49.9}]), evse=1)
    for name, seconds in (("Start", 0), ("End", 60)):
        bench.set_variable("FrequencySimulator", "DateTime", bench.stamp(seconds), evse=1, instance=name)
    bench.set_variable("FrequencySimulator", "Enabled", "true", evse=1)
    bench.wait(2)
    return bench.power()


def signalled(bench: Bench) -> Any:
    transaction = bench.charge()
    answers = [bench.call("AFRRSignal", {"timestamp": bench.stamp(), "signal": 1})]
    bench.install(bench.tx(transaction, {"startPeriod": 0, **FREQUENCY, "v2xSignalWattCurve": SIGNAL}))
    bench.call("AFRRSignal", {"timestamp": bench.stamp(20), "signal": 1})
    before = bench.power()
    bench.wait(25)
    return answers, before, bench.power()


def frequency_profiles(bench: Bench) -> Any:
    single = {"startPeriod": 0, **FREQUENCY, "v2xFreqWattCurve": CURVE[:1]}
    return [
        bench.install(bench.profile(single)),
        bench.install(bench.profile({"startPeriod": 0, **FREQUENCY}, unit="A")),
        bench.install(bench.profile(setpoint(1.0, mode="CentralFrequency"))),
    ]


def balanced(bench: Bench) -> Any:
    transaction = bench.charge()
    bench.install(bench.tx(transaction, {"startPeriod": 0, "operationMode": "LocalLoadBalancing"}))
    bench.act("load", 12_000.0)
    return bench.power()


def unbalanced(bench: Bench) -> Any:
    bench.set_variable("V2XChargingCtrlr", "LocalLoadBalancing", "1.0", evse=1, instance="UpperThreshold")
    return bench.install(bench.profile({"startPeriod": 0, "operationMode": "LocalLoadBalancing"}))


def idle(bench: Bench) -> Any:
    transaction = bench.charge()
    bench.install(bench.tx(transaction, {"startPeriod": 0, "operationMode": "Idle", "evseSleep": True}))
    return bench.power(), bench.sent("TransactionEvent")[-1].get("evseSleep")


def offline(bench: Bench) -> Any:
    transaction = bench.charge()
    bench.install(bench.tx(transaction, setpoint(-1000.0), maxOfflineDuration=10, invalidAfterOfflineDuration=True))
    bench.disconnect()
    bench.wait(20)
    found = [bench.power()]
    bench.connect()
    return [*found, bench.power()]


def seen_vehicle(bench: Bench) -> Any:
    bench.charge()
    which = {"component": {"name": "ConnectedEV", "evse": {"id": 1}}, "variable": {"name": "VehicleID"}}
    return bench.call("GetVariables", {"getVariableData": [which]})


def mode_measurands(bench: Bench) -> Any:
    bench.install(bench.tx(bench.charge(), setpoint(-1000.0)))
    bench.wait(61)
    return bench.sent("TransactionEvent")


def many_updates(bench: Bench) -> Any:
    bench.install(bench.dynamic(bench.charge(), setpoint(-1000.0)))
    for step in range(50):
        values = {"setpoint": -1000.0 - step}
        bench.call("UpdateDynamicSchedule", {"chargingProfileId": 1, "scheduleUpdate": values})
    return bench.power()


def external_limits(bench: Bench) -> Any:
    period = {"startPeriod": 0, "operationMode": "ExternalSetpoint", "limit": 5000.0}
    return bench.install(bench.dynamic(bench.charge(), period))


def router_restarts(bench: Bench) -> Any:
    bench.install(bench.tx(bench.charge(), setpoint(-1000.0), maxOfflineDuration=600))
    bench.disconnect()
    bench.wait(20)
    return bench.power()


def two_setpoints(bench: Bench) -> Any:
    transaction = bench.charge()
    bench.install(bench.tx(transaction, setpoint(-1000.0)))
    bench.act("external_limit", None, setpoint=2000.0, evse=1)
    return bench.power()


def nameplate(bench: Bench) -> Any:
    bench.call("GetReport", {"requestId": 3, "componentVariable": [{"component": {"name": "DCDERCtrlr"}}]})
    bench.wait(1)
    return [row["variable"]["name"] for page in bench.sent("NotifyReport") for row in page.get("reportData", [])]


def der_checks(bench: Bench) -> Any:
    now = bench.stamp(10)
    gradient = {"priority": 1, "gradient": 1.0, "softGradient": 1.0}
    far = limit(startTime="2999-01-01T00:00:00Z")
    points = curve(*((float(x), 1.0) for x in range(11)))
    request = {"isDefault": True, "controlId": "p", "controlType": "FreqWatt", "curve": points}
    bench.station.received(encode(Call("eleven", "SetDERControl", request)), bench.now)
    bench.pump()
    eleven = bench.results["eleven"]
    return [
        "error" if isinstance(eleven, CallError) else eleven.payload,
        put(bench, "a", "HFMayTrip", curve=curve((1, 1), unit="Not_Applicable")),
        put(bench, "b", "FreqDroop", freqDroop=DROOP),
        put(bench, "c", freqDroop=DROOP),
        put(bench, "d", limitMaxDischarge=limit(startTime=now)),
        put(bench, "e", "Gradients", default=False, gradient=gradient),
        put(bench, "f", "FreqWatt", curve=curve((50, 1), unit="PctMaxVar")),
        put(bench, "g", default=False, limitMaxDischarge=far),
        bench.call("GetDERControl", {"requestId": 1, "controlType": "HFMayTrip"})["status"],
        bench.call("GetDERControl", {"requestId": 1, "controlId": "nobody"})["status"],
        bench.call("ClearDERControl", {"isDefault": True, "controlType": "LVMayTrip"})["status"],
        bench.call("ClearDERControl", {"isDefault": True, "controlId": "nobody"})["status"],
    ]


def der_entries(bench: Bench) -> Any:
    small = Bench(*(one.name for one in bench.seams._faults), settings=EnergySettings(der_entries=3))
    found = [scheduled(small, f"c{number}", 1, 1000, 10)["status"] for number in range(5)]
    bench.seams.effects.extend(small.seams.effects)
    return found


def der_chain(bench: Bench) -> Any:
    answers = [scheduled(bench, "a", 5, 100, 100), scheduled(bench, "b", 3, 110, 50), scheduled(bench, "c", 9, 5, 5)]
    bench.wait(111)
    answers.append(scheduled(bench, "d", 1, 5, 20))
    bench.wait(10)
    bench.call("GetDERControl", {"requestId": 1})
    return answers, events(bench), bench.sent("ReportDERControl")


def der_over(bench: Bench) -> Any:
    scheduled(bench, "a", 5, 10, 10)
    bench.wait(30)
    return events(bench), bench.call("GetDERControl", {"requestId": 1})["status"]


def der_stamps(bench: Bench) -> Any:
    scheduled(bench, "a", 5, 10, 10)
    bench.wait(30)
    return [one["timestamp"] for one in bench.sent("NotifyDERStartStop")]


def der_reboot(bench: Bench) -> Any:
    scheduled(bench, "a", 5, 10, 1000)
    bench.wait(20)
    bench.power_cycle()
    bench.wait(5)
    return events(bench), bench.call("GetDERControl", {"requestId": 1})["status"]


def der_reports(bench: Bench) -> Any:
    for number in range(9):
        scheduled(bench, f"s{number}", 20 - number, 100 + number, 10)
    bench.call("GetDERControl", {"requestId": 7})
    bench.call("ClearDERControl", {"isDefault": False})
    return bench.sent("ReportDERControl"), bench.call("GetDERControl", {"requestId": 1})["status"]


def der_power(bench: Bench) -> Any:
    discharging(bench)
    put(bench, "f", "FreqWatt", curve=curve((50.0, 100.0), (51.0, 0.0)))
    bench.act("set_frequency", 50.9)
    found = [bench.power()]
    bench.act("set_frequency", 50.0)
    return found, bench.sent("NotifyDERAlarm")


def der_droop(bench: Bench) -> Any:
    discharging(bench)
    put(bench, "d", "FreqDroop", freqDroop=DROOP)
    bench.act("set_frequency", 50.5)
    return bench.power()


SCENARIOS: dict[str, Scenario] = {
    "lowest-stack-leads": stack,
    "highest-limit-wins": maximum,
    "station-maximum-ignored": maximum,
    "composite-one-period": periods,
    "composite-unit-mislabelled": periods,
    "generation-not-added": generation,
    "amperes-as-watts": amperes,
    "composite-of-any-evse": lambda bench: bench.call("GetCompositeSchedule", {"evseId": 7, "duration": 10})["status"],
    "profile-before-its-time": validity,
    "profile-after-its-time": validity,
    "power-ignores-profiles": power,
    "old-profile-comes-back": replaced,
    "replacement-ignored": replaced,
    "profiles-lost-on-reboot": replaced,
    "clear-has-no-effect": cleared,
    "clear-unknown-accepted": cleared,
    "clears-external-limits": cleared,
    "duplicate-profile-accepted": duplicate,
    "profiles-lost-on-reconnect": reconnected,
    "amperes-refused": amperes,
    "reason-codes-generic": install(ProfileCheck.ORDER),
    "profile-of-unknown-evse": install(ProfileCheck.EVSE, 9),
    "tx-profile-of-any-transaction": install(ProfileCheck.TRANSACTION),
    "external-from-csms-accepted": install(ProfileCheck.EXTERNAL_PURPOSE),
    "dynamic-fields-anywhere": install(ProfileCheck.DYNAMIC_FIELDS),
    "start-missing-accepted": install(ProfileCheck.START_MISSING),
    "relative-start-accepted": install(ProfileCheck.START_PRESENT),
    "first-period-late-accepted": install(ProfileCheck.FIRST_PERIOD),
    "periods-unordered-accepted": install(ProfileCheck.ORDER),
    "maximum-relative-accepted": install(ProfileCheck.MAX_RELATIVE, 0),
    "stack-level-unlimited": install(ProfileCheck.STACK_LEVEL),
    "phases-of-dc-accepted": install(ProfileCheck.DC_PHASES),
    "delay-in-any-purpose": install(ProfileCheck.DELAY_PURPOSE),
    "reserved-id-accepted": lambda bench: bench.install(bench.profile(FLAT, id=-5)),
    "many-schedules-accepted": install(ProfileCheck.SCHEDULES),
    "priority-duration-accepted": install(ProfileCheck.PRIORITY_DURATION),
    "delay-not-drawn": delays,
    "first-period-delayed": delays,
    "local-time-as-utc": local_time,
    "soc-limit-ignored": soc,
    "limit-not-notified": external,
    "cleared-limit-not-notified": external,
    "external-limit-kept": external,
    "rate-change-not-told": external,
    "every-limit-notified": external,
    "limit-source-cso": external,
    "limit-without-schedule": external,
    "external-limit-not-followed": external,
    "external-profile-hidden": reported,
    "zero-limit-discharges": external,
    "profile-report-other-request": reported,
    "profile-report-without-tbc": reported,
    "needs-not-sent": needs,
    "schedule-not-reported": needs,
    "schedule-awaited-for-ever": waiting,
    "priority-not-notified": priority,
    "priority-has-no-effect": priority,
    "priority-without-profile": priority,
    "priority-of-any-transaction": priority,
    "bpt-always-requested": needs_off,
    "mandatory-mode-missing": modes,
    "unsupported-mode-accepted": lambda bench: (
        bench.set_variable("V2XChargingCtrlr", "Enabled", "false", evse=1),
        unlisted(bench),
    ),
    "mode-in-any-purpose": install(ProfileCheck.MODE_PURPOSE),
    "bpt-never-requested": central,
    "rejected-needs-ignored": refused,
    "allowed-transfer-ignored": allowed,
    "rejected-transfer-local-stop": refused,
    "allowed-transfer-of-any-transaction": allowed,
    "needs-without-control-mode": needs,
    "discharge-powers-negative": needs,
    "needs-in-old-fields": needs,
    "discharge-as-charge": central,
    "never-discharges": central,
    "setpoint-halved": central,
    "discharges-without-bpt": allowed,
    "operation-mode-not-told": central,
    "setpoint-range-unchecked": install(ProfileCheck.SETPOINT_RANGE),
    "setpoint-not-capped": capping,
    "mode-fields-unchecked": install(ProfileCheck.MODE_FIELDS),
    "central-frequency-absolute": frequency_profiles,
    "phase-without-base": phases_without_base,
    "phase-fields-anywhere": phases,
    "connected-ev-empty": seen_vehicle,
    "mode-measurands-missing": mode_measurands,
    "updates-stop-after-many": many_updates,
    "external-setpoint-limits-refused": external_limits,
    "profile-given-up-offline": router_restarts,
    "update-has-no-effect": updated,
    "update-time-frozen": updated,
    "pulled-values-ignored": dynamic,
    "pulls-too-seldom": dynamic,
    "never-pulls": dynamic,
    "dynamic-shape-unchecked": install(ProfileCheck.DYNAMIC_SHAPE),
    "update-of-any-kind": wrong_kind,
    "stale-values-followed": updated,
    "curve-ends-only": frequency,
    "curve-upside-down": frequency,
    "baseline-ignored": frequency,
    "frequency-frozen": frequency,
    "frequency-threshold-coarse": frequency,
    "simulator-ignored": simulated,
    "curve-missing-accepted": frequency_profiles,
    "frequency-in-amperes": frequency_profiles,
    "signal-without-curve": signalled,
    "signal-ignored": signalled,
    "signal-at-once": signalled,
    "balancing-wrong-way": balanced,
    "balancing-half-step": balanced,
    "balancing-without-thresholds": unbalanced,
    "charges-while-idle": idle,
    "sleep-not-told": idle,
    "sleep-while-charging": install(ProfileCheck.SLEEP),
    "offline-duration-ignored": offline,
    "offline-verdict-forgotten": offline,
    "external-never-disallowed": disallowed,
    "external-signals-always": signals_off,
    "setpoint-priority-inverted": two_setpoints,
    "nameplate-incomplete": nameplate,
    "supported-control-refused": der_checks,
    "unsupported-control-accepted": der_checks,
    "der-field-mismatch-accepted": der_checks,
    "der-default-timed-accepted": der_checks,
    "der-gradients-scheduled": der_checks,
    "der-unit-unchecked": der_checks,
    "der-start-any-year": der_checks,
    "der-entries-unlimited": der_entries,
    "der-get-unsupported-accepted": der_checks,
    "der-get-nothing-accepted": der_checks,
    "der-points-unlimited": der_checks,
    "der-priority-inverted": der_chain,
    "der-newest-wins": der_chain,
    "der-superseded-ids-missing": der_chain,
    "der-superseded-not-marked": der_chain,
    "der-events-not-told": der_over,
    "der-end-not-told": der_over,
    "der-event-in-local-time": der_stamps,
    "der-takeover-not-told": der_chain,
    "der-expired-kept": der_over,
    "der-lost-on-reboot": der_reboot,
    "der-start-told-again": der_reboot,
    "der-report-other-request": der_reports,
    "der-report-without-tbc": der_reports,
    "der-report-missing": der_reports,
    "der-report-ignores-filter": der_reports,
    "der-clear-has-no-effect": der_reports,
    "der-clear-nothing-accepted": der_checks,
    "der-clear-unsupported-accepted": der_checks,
    "der-alarm-not-sent": der_power,
    "der-alarm-never-ends": der_power,
    "der-alarm-wrong-fault": der_power,
    "der-not-actuated": der_power,
    "der-droop-wrong-way": der_droop,
    "der-default-never-used": der_power,
}

MINE = (charging, v2x, der)


def test_every_fault_has_a_scenario() -> None:
    texts = "".join(Path(str(area.__file__)).read_text() for area in MINE)
    assert set(SCENARIOS) == {name for name in CATALOGUE if f'"{name}"' in texts}
    assert len(SCENARIOS) >= 60


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_fault_shows(name: str) -> None:
    scenario = SCENARIOS[name]
    sound, faulty = Bench(), Bench(name)
    expected, seen = scenario(sound), scenario(faulty)
    assert sound.seams.effects == []
    assert {effect.fault for effect in faulty.seams.effects} == {name}
    assert _plain(seen) != _plain(expected)


def _plain(found: Any) -> str:
    return json.dumps(found, sort_keys=True)
