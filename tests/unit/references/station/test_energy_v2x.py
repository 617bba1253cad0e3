"""Operation modes on the power, dynamic profiles, needs, external systems, offline, persistence."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.references.station.energy_bench import Bench
from v2gready.references.station.energy_settings import EnergySettings
from v2gready.references.station.targets import Balancing, interpolate

CURVE = [
    {"frequency": 49.8, "power": -10000.0},
    {"frequency": 49.99, "power": -500.0},
    {"frequency": 49.991, "power": 0.0},
    {"frequency": 50.009, "power": 0.0},
    {"frequency": 50.01, "power": 500.0},
    {"frequency": 50.2, "power": 10000.0},
]
SIGNAL = [{"signal": -1, "power": -2000.0}, {"signal": 0, "power": 0.0}, {"signal": 1, "power": 2000.0}]
FREQUENCY = {"operationMode": "LocalFrequency", "v2xBaseline": 1000.0, "v2xFreqWattCurve": CURVE}


def setpoint(watts: float, mode: str = "CentralSetpoint", **more: Any) -> dict[str, Any]:
    return {"startPeriod": 0, "operationMode": mode, "setpoint": watts, **more}


def triggers(bench: Bench) -> list[str]:
    return [event["triggerReason"] for event in bench.sent("TransactionEvent")]


def test_central_setpoint_discharges_and_is_told() -> None:
    """V07."""
    bench = Bench()
    transaction = bench.charge()
    bench.clear()
    assert bench.install(bench.tx(transaction, setpoint(-5000.0))) == "Accepted"
    assert (bench.power(), bench.mode()) == (-5000.0, "CentralSetpoint")
    assert "OperationModeChanged" in triggers(bench)
    before = bench.station.evses[1].import_wh
    bench.wait(3600)
    evse = bench.station.evses[1]
    assert evse.export_wh == pytest.approx(5000.0, rel=1e-3)
    assert evse.import_wh == before
    known = bench.station.energy.measurands(1, bench.now)
    assert known["Power.Active.Setpoint"] == (-5000.0, "W")


def test_a_setpoint_is_capped() -> None:
    """V08: V2X.03, V2X.04."""
    bench = Bench()
    transaction = bench.charge()
    bench.install(bench.tx(transaction, setpoint(9000.0)))
    maximum = {"chargingProfilePurpose": "ChargingStationMaxProfile", "chargingProfileKind": "Absolute"}
    bench.install(bench.profile({"startPeriod": 0, "limit": 4000.0}, id=2, startSchedule=bench.stamp(), **maximum), 0)
    assert bench.power() == 4000.0
    assert bench.composite()[0]["setpoint"] == 4000.0
    bench.act("external_limit", None, discharge=-1000.0)
    bench.install(bench.tx(transaction, setpoint(-9000.0)))
    assert bench.power() == -1000.0


def test_no_discharge_without_permission() -> None:
    """Q01.FR.09, Q02."""
    bench = Bench()
    bench.answers["Authorize"] = {"idTokenInfo": {"status": "Accepted"}}
    transaction = bench.charge()
    needs = bench.sent("NotifyEVChargingNeeds")[0]["chargingNeeds"]
    assert (needs["requestedEnergyTransfer"], needs["availableEnergyTransfer"]) == ("DC", ["DC", "DC_BPT"])
    bench.install(bench.tx(transaction, setpoint(-5000.0)))
    assert bench.power() == 0.0
    allowed = {"transactionId": transaction, "allowedEnergyTransfer": ["DC_BPT"]}
    assert bench.call("NotifyAllowedEnergyTransfer", allowed) == {"status": "Accepted"}
    assert bench.sent("NotifyEVChargingNeeds")[1]["chargingNeeds"]["requestedEnergyTransfer"] == "DC_BPT"
    assert bench.power() == -5000.0
    answer = bench.call("NotifyAllowedEnergyTransfer", {**allowed, "transactionId": "nobody"})
    assert answer["status"] == "Rejected"


def test_v2x_off() -> None:
    """V01."""
    bench = Bench()
    assert bench.set_variable("V2XChargingCtrlr", "Enabled", "false", evse=1) == "Accepted"
    transaction = bench.charge()
    needs = bench.sent("NotifyEVChargingNeeds")[0]["chargingNeeds"]
    assert needs["availableEnergyTransfer"] == ["DC"]
    assert bench.install(bench.tx(transaction, setpoint(-5000.0))) == "InvalidOperationMode"


def test_rejected_needs_end_the_transaction() -> None:
    """V04: renegotiated once, then over."""
    bench = Bench()
    bench.answers["NotifyEVChargingNeeds"] = {"status": "Rejected"}
    bench.station.present_token(1, {"idToken": "AABBCCDD", "type": "ISO14443"}, bench.now)
    bench.pump()
    with pytest.raises(AssertionError):
        bench.charge(2)
    sent = [one["chargingNeeds"]["requestedEnergyTransfer"] for one in bench.sent("NotifyEVChargingNeeds")]
    assert sent == ["DC_BPT", "DC"]
    last = bench.sent("TransactionEvent")[-1]
    assert (last["eventType"], last["triggerReason"]) == ("Ended", "AbnormalCondition")
    assert last["transactionInfo"]["stoppedReason"] == "ReqEnergyTransferRejected"


def test_scheduled_vehicle_waits_for_its_schedule() -> None:
    """K11: 60 s."""
    bench = Bench()
    bench.answers["NotifyEVChargingNeeds"] = {"status": "Processing"}
    transaction = bench.charge(control_mode="ScheduledControl")
    assert bench.power() == 0.0
    bench.wait(59)
    assert bench.power() == 0.0
    bench.wait(2)
    assert bench.power() == 22000.0
    bench.call("NotifyAllowedEnergyTransfer", {"transactionId": transaction, "allowedEnergyTransfer": ["DC_BPT"]})
    assert bench.power() == 0.0
    profile = bench.tx(transaction, {"startPeriod": 0, "limit": 6000.0})
    profile["chargingSchedule"] *= 3
    assert bench.install(profile) == "Accepted"
    assert bench.power() == 6000.0
    assert bench.sent("NotifyEVChargingSchedule")[-1]["selectedChargingScheduleId"] == 1


def test_update_and_duration() -> None:
    """V10, V11, V12."""
    bench = Bench()
    transaction = bench.charge()
    bench.install(bench.profile({"startPeriod": 0, "limit": 3000.0}, id=9))
    bench.install(bench.dynamic(transaction, setpoint(-1000.0), duration=30))
    assert bench.power() == -1000.0
    for number in range(100):
        answer = bench.call("UpdateDynamicSchedule", {"chargingProfileId": 1, "scheduleUpdate": {"setpoint": number}})
        assert answer == {"status": "Accepted"}
        assert bench.power() == number
        bench.wait(0.2)
    assert len(bench.station.timers._heap) < 300
    bench.wait(29)
    assert bench.mode() == "CentralSetpoint"
    bench.wait(1.5)
    assert (bench.power(), bench.mode()) == (3000.0, "ChargingOnly")
    bench.call("UpdateDynamicSchedule", {"chargingProfileId": 1, "scheduleUpdate": {"setpoint": -7.5}})
    assert bench.power() == -7.5
    answer = bench.call("UpdateDynamicSchedule", {"chargingProfileId": 9, "scheduleUpdate": {"limit": 1}})
    assert answer["statusInfo"]["reasonCode"] == "InvalidProfile"
    answer = bench.call("UpdateDynamicSchedule", {"chargingProfileId": 1, "scheduleUpdate": {"setpoint_L2": 1}})
    assert answer["statusInfo"]["reasonCode"] == "PhaseConflict"


def test_pull() -> None:
    """V13."""
    bench = Bench()
    transaction = bench.charge()
    values = iter([-100.0, -200.0, -300.0])
    bench.answers["PullDynamicScheduleUpdate"] = lambda _: {
        "status": "Accepted",
        "scheduleUpdate": {"setpoint": next(values)},
    }
    bench.install(bench.dynamic(transaction, setpoint(0.0), dynUpdateInterval=10))
    bench.wait(31)
    assert bench.sent("PullDynamicScheduleUpdate") == [{"chargingProfileId": 1}] * 3
    assert bench.power() == -300.0
    bench.answers["PullDynamicScheduleUpdate"] = {"status": "Rejected"}
    bench.wait(30)
    assert len(bench.sent("PullDynamicScheduleUpdate")) == 6
    bench.call("ClearChargingProfile", {"chargingProfileId": 1})
    bench.wait(30)
    assert len(bench.sent("PullDynamicScheduleUpdate")) == 6


def test_local_frequency() -> None:
    """V14: interpolation, threshold, simulator."""
    bench = Bench()
    transaction = bench.charge()
    assert bench.install(bench.tx(transaction, {"startPeriod": 0, **FREQUENCY})) == "Accepted"
    assert (bench.power(), bench.mode()) == (1000.0, "LocalFrequency")
    bench.act("set_frequency", 49.9)
    assert bench.power() == pytest.approx(1000 - 500 - 9500 * 90 / 190, abs=1e-3)
    held = bench.power()
    bench.act("set_frequency", 49.905)
    assert bench.power() == held
    bench.act("set_frequency", 49.91)
    assert bench.power() != held
    bench.act("set_frequency", 51.0)
    assert bench.power() == 11000.0
    schedule = json.dumps([{"time": 0, "freq": 50.0}, {"time": 10, "freq": 49.99}])
    assert bench.set_variable("FrequencySimulator", "FrequencySchedule", schedule, evse=1) == "Accepted"
    assert bench.set_variable("FrequencySimulator", "FrequencySchedule", "{}", evse=1) == "Rejected"
    bench.set_variable("FrequencySimulator", "DateTime", bench.stamp(), evse=1, instance="Start")
    bench.set_variable("FrequencySimulator", "DateTime", bench.stamp(20), evse=1, instance="End")
    bench.set_variable("FrequencySimulator", "Enabled", "true", evse=1)
    bench.wait(2)
    assert bench.power() == 1000.0
    bench.wait(10)
    assert bench.power() == 500.0
    bench.wait(10)
    assert bench.power() == 11000.0


def test_afrr() -> None:
    """V15."""
    bench = Bench()
    transaction = bench.charge()
    bench.install(bench.tx(transaction, {"startPeriod": 0, **FREQUENCY}))
    answer = bench.call("AFRRSignal", {"timestamp": bench.stamp(), "signal": 1})
    assert answer["statusInfo"]["reasonCode"] == "NoSignalWattCurve"
    bench.install(bench.tx(transaction, {"startPeriod": 0, **FREQUENCY, "v2xSignalWattCurve": SIGNAL}))
    assert bench.call("AFRRSignal", {"timestamp": bench.stamp(), "signal": -1}) == {"status": "Accepted"}
    assert bench.power() == -1000.0
    bench.call("AFRRSignal", {"timestamp": bench.stamp(30), "signal": 1})
    bench.wait(29)
    assert bench.power() == -1000.0
    bench.wait(2)
    assert bench.power() == 3000.0


def test_load_balancing() -> None:
    """V16: upper 10 kW - 500 W, lower 2 kW + 500 W."""
    bench = Bench()
    transaction = bench.charge()
    period = {"startPeriod": 0, "operationMode": "LocalLoadBalancing", "limit": 5000.0, "dischargeLimit": -4000.0}
    assert bench.install(bench.tx(transaction, period)) == "Accepted"
    assert bench.power() == 0.0
    steps = [
        (12000.0, -2500.0),
        (9000.0, -2500.0),
        (1000.0, -1000.0),
        (-9000.0, 5000.0),
        (5000.0, 5000.0),
        (30000.0, -4000.0),
    ]
    for load, power in steps:
        bench.act("load", load)
        assert bench.power() == power
        bench.wait(3)
        assert bench.power() == power
    bench.set_variable("V2XChargingCtrlr", "LocalLoadBalancing", "1.0", evse=1, instance="UpperThreshold")
    assert bench.install(bench.tx(transaction, period)) == "MissingDevModelInfo"


def test_idle_and_sleep() -> None:
    """V17."""
    bench = Bench()
    transaction = bench.charge()
    bench.clear()
    bench.install(bench.tx(transaction, {"startPeriod": 0, "operationMode": "Idle", "evseSleep": True}))
    assert (bench.power(), bench.mode()) == (0.0, "Idle")
    assert bench.sent("TransactionEvent")[-1]["evseSleep"] is True


@pytest.mark.parametrize("for_ever", [False, True])
def test_offline(for_ever: bool) -> None:
    """V18."""
    bench = Bench()
    transaction = bench.charge()
    bench.install(bench.profile({"startPeriod": 0, "limit": 3000.0}, id=9))
    fields = {"maxOfflineDuration": 60, "invalidAfterOfflineDuration": for_ever}
    bench.install(bench.tx(transaction, setpoint(-1000.0), **fields))
    bench.disconnect()
    bench.wait(59)
    assert bench.power() == -1000.0
    bench.connect()
    assert bench.power() == -1000.0
    bench.disconnect()
    bench.wait(62)
    assert (bench.power(), bench.mode()) == (3000.0, "ChargingOnly")
    bench.connect()
    assert bench.power() == (3000.0 if for_ever else -1000.0)


def test_external_limit() -> None:
    """K08, Q06."""
    bench = Bench()
    bench.charge()
    bench.clear()
    bench.act("external_limit", 8000.0)
    assert bench.power() == 8000.0
    told = bench.sent("NotifyChargingLimit")[0]
    assert told["chargingLimit"] == {"chargingLimitSource": "EMS"}
    period = told["chargingSchedule"][0]["chargingSchedulePeriod"][0]
    assert period == {"startPeriod": 0, "limit": 8000.0, "operationMode": "ExternalLimits"}
    assert "ChargingRateChanged" in triggers(bench)
    bench.act("external_limit", 8100.0)  # below 5 percent
    assert len(bench.sent("NotifyChargingLimit")) == 1
    assert bench.power() == 8100.0
    request = {"requestId": 4, "chargingProfile": {"chargingProfilePurpose": "ChargingStationExternalConstraints"}}
    assert bench.call("GetChargingProfiles", request) == {"status": "Accepted"}
    report = bench.sent("ReportChargingProfiles")[0]
    assert (report["chargingLimitSource"], report["chargingProfile"][0]["chargingProfileKind"]) == ("EMS", "Dynamic")
    assert bench.call("ClearChargingProfile", {"chargingProfileId": report["chargingProfile"][0]["id"]}) == {
        "status": "Unknown"
    }
    bench.act("external_limit", 0.0, discharge=-5000.0)
    assert bench.power() == 0.0  # K09
    bench.act("external_limit", None)
    assert bench.sent("ClearedChargingLimit") == [{"chargingLimitSource": "EMS"}]
    assert bench.power() == 22000.0


def test_external_system_disallowed_and_invited() -> None:
    """Q05, Q06.FR.08."""
    bench = Bench()
    transaction = bench.charge()
    bench.set_variable("SmartChargingCtrlr", "ExternalConstraintsProfileDisallowed", "true")
    bench.clear()
    bench.act("external_limit", 8000.0)
    assert (bench.power(), bench.sent("NotifyChargingLimit")) == (22000.0, [])
    bench.install(bench.profile({"startPeriod": 0, "limit": 3000.0}, id=9))
    period = {"operationMode": "ExternalSetpoint"}
    assert bench.install(bench.dynamic(transaction, period, duration=20)) == "Accepted"
    assert (bench.power(), bench.mode()) == (0.0, "ExternalSetpoint")
    bench.wait(10)
    bench.act("external_limit", None, setpoint=-4000.0)
    assert bench.power() == -4000.0
    bench.wait(15)
    assert bench.power() == -4000.0
    bench.wait(7)
    assert bench.power() == 3000.0
    bench.act("external_limit", None, setpoint=-4000.0)
    assert bench.power() == -4000.0


def test_setpoint_priority() -> None:
    """V19."""
    bench = Bench()
    transaction = bench.charge()
    bench.install(bench.tx(transaction, setpoint(-1000.0)))
    bench.act("external_limit", None, setpoint=2000.0, evse=1)
    assert (bench.power(), bench.mode()) == (2000.0, "ExternalSetpoint")
    bench.set_variable("SmartChargingCtrlr", "SetpointPriority", "CSMS")
    bench.wait(1)
    assert (bench.power(), bench.mode()) == (-1000.0, "CentralSetpoint")


def test_external_setpoint_does_not_discharge_a_charging_session() -> None:
    bench = Bench()
    bench.charge()
    bench.act("external_limit", None, setpoint=-2000.0, evse=1)
    assert bench.power() == 0.0


def test_priority_charging() -> None:
    """K12."""
    bench = Bench()
    transaction = bench.charge()
    bench.install(bench.tx(transaction, {"startPeriod": 0, "limit": 2000.0}, id=1))
    request = {"transactionId": transaction, "activate": True}
    assert bench.call("UsePriorityCharging", request)["status"] == "NoProfile"
    assert bench.call("UsePriorityCharging", {**request, "transactionId": "x"})["status"] == "Rejected"
    fast = {"startPeriod": 0, "limit": 20000.0}
    assert bench.install(bench.profile(fast, id=2, chargingProfilePurpose="PriorityCharging"), 0) == "Accepted"
    assert bench.power() == 2000.0
    assert bench.call("UsePriorityCharging", request) == {"status": "Accepted"}
    assert bench.power() == 20000.0
    assert bench.call("UsePriorityCharging", {**request, "activate": False}) == {"status": "Accepted"}
    assert bench.power() == 2000.0
    assert [one["activated"] for one in bench.sent("NotifyPriorityCharging")] == [True, False]
    bench.station.act(bench.now, "priority", evse=1, activate=True)
    bench.pump()
    assert bench.power() == 20000.0


def test_power_cycle_and_reports() -> None:
    """K02, K01.FR.27."""
    bench = Bench()
    transaction = bench.charge()
    for number in range(7):
        bench.install(bench.profile({"startPeriod": 0, "limit": 1000.0}, id=10 + number, stackLevel=number))
    bench.install(bench.profile({"startPeriod": 0, "limit": 4000.0}, id=16, stackLevel=6))
    bench.install(bench.tx(transaction, {"startPeriod": 0, "limit": 500.0}, id=1))
    assert bench.call("ClearChargingProfile", {"chargingProfileId": 12}) == {"status": "Accepted"}
    bench.power_cycle()
    bench.clear()
    assert bench.call("GetChargingProfiles", {"requestId": 8, "chargingProfile": {}}) == {"status": "Accepted"}
    reports = bench.sent("ReportChargingProfiles")
    assert [one["requestId"] for one in reports] == [8, 8]
    assert [one.get("tbc", False) for one in reports] == [True, False]
    assert [one["id"] for report in reports for one in report["chargingProfile"]] == [10, 11, 13, 14, 15, 16]
    assert bench.composite()[0]["limit"] == 4000.0
    nothing = {"requestId": 8, "chargingProfile": {"chargingProfileId": [99]}}
    assert bench.call("GetChargingProfiles", nothing) == {"status": "NoProfiles"}


def test_new_needs() -> None:
    """K20."""
    bench = Bench()
    bench.charge()
    bench.station.act(bench.now, "new_needs", evse=1, departure=3600.0)
    bench.pump()
    assert "departureTime" in bench.sent("NotifyEVChargingNeeds")[1]["chargingNeeds"]


def test_connected_ev() -> None:
    """Q01.FR.36."""
    bench = Bench()
    bench.charge(evccid="WMIABC")
    assert bench.station.model.get("ConnectedEV", "VehicleID", evse=1) == "WMIABC"
    bench.station.unplug(1, bench.now)
    assert bench.station.model.get("ConnectedEV", "Available", evse=1) == "false"


def test_curves_and_formula() -> None:
    assert [interpolate([(1.0, 10.0), (0.0, 0.0)], x) for x in (-1.0, 0.0, 0.25, 1.0, 2.0)] == [
        0.0,
        0.0,
        2.5,
        10.0,
        10.0,
    ]
    assert interpolate([(1.0, 10.0)], 5.0) == 10.0
    thresholds = Balancing(10.0, -1.0, 2.0, 1.0)
    assert [thresholds.delta(load) for load in (12.0, 10.0, 2.0, 0.0)] == [-3.0, 0.0, 0.0, 3.0]


def test_settings_reach_the_station() -> None:
    bench = Bench(settings=EnergySettings(modes=("ChargingOnly", "CentralSetpoint", "CentralFrequency")))
    transaction = bench.charge()
    assert bench.install(bench.tx(transaction, {"startPeriod": 0, **FREQUENCY})) == "InvalidOperationMode"
