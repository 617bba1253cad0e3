"""DER controls: priority, time, power cycle, messages, power, alarms."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.unit.references.station.energy_bench import Bench
from v2gready.references.station.der_power import Grid, Rating, droop, governed
from v2gready.references.station.der_store import Control, DerStore
from v2gready.references.station.energy_settings import EnergySettings
from v2gready.references.station.seams import Seams

DROOP = {"priority": 1, "overFreq": 50.2, "underFreq": 49.8, "overDroop": 0.05, "underDroop": 0.05, "responseTime": 1.0}


def curve(*points: tuple[float, float], unit: str = "PctMaxW", priority: int = 1, **more: Any) -> dict[str, Any]:
    return {"priority": priority, "yUnit": unit, "curveData": [{"x": x, "y": y} for x, y in points], **more}


def limit(priority: int = 1, percent: float = 50.0, **more: Any) -> dict[str, Any]:
    return {"priority": priority, "pctMaxDischargePower": percent, **more}


def put(bench: Bench, number: str, kind: str = "LimitMaxDischarge", *, default: bool = True, **fields: Any) -> Any:
    request = {"isDefault": default, "controlId": number, "controlType": kind, **fields}
    return bench.call("SetDERControl", request)


def scheduled(bench: Bench, number: str, priority: int, start: float, duration: float) -> Any:
    value = limit(priority, startTime=bench.stamp(start), duration=duration)
    return put(bench, number, default=False, limitMaxDischarge=value)


def events(bench: Bench) -> list[tuple[Any, ...]]:
    return [
        (one["controlId"], one["started"], *one.get("supersededIds", ())) for one in bench.sent("NotifyDERStartStop")
    ]


def discharging(bench: Bench, watts: float = -10_000.0) -> str:
    transaction = bench.charge()
    bench.install(bench.tx(transaction, {"startPeriod": 0, "operationMode": "CentralSetpoint", "setpoint": watts}))
    assert bench.power() == watts
    return transaction


def test_checks() -> None:
    """D02, D03, D10, D12."""
    bench = Bench()
    now = {"startTime": bench.stamp(10)}
    assert put(bench, "a", "HFMayTrip", curve=curve((1, 1), unit="Not_Applicable"))["status"] == "NotSupported"
    assert put(bench, "a", freqDroop=DROOP)["status"] == "Rejected"
    assert put(bench, "a", freqDroop=DROOP, limitMaxDischarge=limit())["status"] == "Rejected"
    assert put(bench, "a")["status"] == "Rejected"
    assert put(bench, "a", limitMaxDischarge=limit(**now))["status"] == "Rejected"
    assert put(bench, "a", limitMaxDischarge=limit(duration=5))["status"] == "Rejected"
    gradient = {"priority": 1, "gradient": 1.0, "softGradient": 1.0}
    assert put(bench, "a", "Gradients", default=False, gradient=gradient)["status"] == "Rejected"
    assert put(bench, "a", "Gradients", gradient=gradient)["status"] == "Accepted"
    assert put(bench, "a", "FreqWatt", curve=curve((50, 1), unit="PctMaxVar"))["status"] == "Rejected"
    assert put(bench, "a", "HFMustTrip", curve=curve((50, 1), unit="PctMaxW"))["status"] == "Rejected"
    assert put(bench, "a", "VoltVar", curve=curve((50, 1), unit="PctMaxVar"))["status"] == "Accepted"
    future = limit(startTime="2999-01-01T00:00:00Z")
    assert put(bench, "b", default=False, limitMaxDischarge=future)["status"] == "Rejected"
    past = limit(startTime=bench.stamp(-100), duration=10)
    assert put(bench, "b", default=False, limitMaxDischarge=past)["status"] == "Rejected"


def test_many_controls() -> None:
    """D10."""
    bench = Bench(settings=EnergySettings(der_entries=20))
    answers = [scheduled(bench, f"c{number}", 1, 1000, 10)["status"] for number in range(30)]
    assert answers == ["Accepted"] * 20 + ["Rejected"] * 10


def test_defaults_supersede() -> None:
    """D04."""
    bench = Bench()
    assert put(bench, "a", limitMaxDischarge=limit(5)) == {"status": "Accepted"}
    assert put(bench, "b", limitMaxDischarge=limit(3)) == {"status": "Accepted", "supersededIds": ["a"]}
    assert put(bench, "c", limitMaxDischarge=limit(4)) == {"status": "Accepted", "supersededIds": ["c"]}


def test_scheduled_supersede() -> None:
    """D04, D05."""
    bench = Bench()
    assert scheduled(bench, "a", 5, 100, 100) == {"status": "Accepted"}
    assert scheduled(bench, "b", 3, 110, 50) == {"status": "Accepted", "supersededIds": ["a"]}
    bench.wait(111)
    assert events(bench) == [("b", True)]
    assert scheduled(bench, "c", 4, 5, 5) == {"status": "Accepted", "supersededIds": ["c"]}
    assert scheduled(bench, "d", 1, 20, 100) == {"status": "Accepted"}
    bench.wait(19)
    assert events(bench) == [("b", True)]
    bench.wait(2)
    assert events(bench)[1:] == [("d", True, "b")]
    bench.wait(200)
    assert events(bench)[2:] == [("d", False)]
    assert bench.call("GetDERControl", {"requestId": 1})["status"] == "NotFound"


def test_power_cycle() -> None:
    """D05, D06."""
    bench = Bench()
    put(bench, "z", limitMaxDischarge=limit(9))
    scheduled(bench, "a", 5, 10, 1000)
    scheduled(bench, "b", 5, 2000, 100)  # of the same priority: the new one wins
    scheduled(bench, "c", 3, 15, 1000)
    bench.wait(20)
    bench.power_cycle()
    bench.wait(5)
    assert events(bench) == [("c", True)]
    assert bench.call("GetDERControl", {"requestId": 1})["status"] == "Accepted"
    found = bench.sent("ReportDERControl")[0]["limitMaxDischarge"]
    assert {one["id"]: one["isSuperseded"] for one in found} == {"z": False, "a": True, "b": True, "c": False}


def test_a_start_while_off_is_told_afterwards() -> None:
    """D05."""
    bench = Bench()
    scheduled(bench, "a", 5, 10, 1000)
    scheduled(bench, "b", 1, 5000, 1000)
    put(
        bench,
        "v",
        "FixedVar",
        default=False,
        fixedVar={"priority": 1, "setpoint": 1.0, "unit": "PctMaxVar", "startTime": bench.stamp(10)},
    )
    bench.power_cycle(60)
    assert events(bench) == [("v", True)]
    bench.wait(10)
    assert events(bench) == [("v", True)]


def test_get_and_clear() -> None:
    """D07, D08."""
    bench = Bench()
    get, clear = "GetDERControl", "ClearDERControl"
    for number in range(9):
        scheduled(bench, f"s{number}", 20 - number, 100 + number, 10)
    put(bench, "f", "FixedPFAbsorb", fixedPFAbsorb={"priority": 0, "displacement": 0.9, "excitation": True})
    put(bench, "e", "FreqWatt", curve=curve((50.0, 100.0)))
    assert bench.call(get, {"requestId": 7})["status"] == "Accepted"
    pages = bench.sent("ReportDERControl")
    assert [(page["requestId"], page.get("tbc", False)) for page in pages] == [(7, True), (7, False)]
    last = pages[-1]
    assert last["fixedPFAbsorb"] == [
        {
            "id": "f",
            "fixedPF": {"priority": 0, "displacement": 0.9, "excitation": True},
            "isDefault": True,
            "isSuperseded": False,
        }
    ]
    assert last["curve"][0]["curveType"] == "FreqWatt"
    bench.clear()
    for request, count in (({"isDefault": False}, 9), ({"controlType": "FreqWatt"}, 1), ({"controlId": "s3"}, 1)):
        assert bench.call(get, {"requestId": 1, **request})["status"] == "Accepted"
        found = [
            one
            for page in bench.sent("ReportDERControl")
            for rows in page.values()
            if isinstance(rows, list)
            for one in rows
        ]
        assert len(found) == count
        bench.clear()
    assert bench.call(get, {"requestId": 1, "controlId": "x"})["status"] == "NotFound"
    assert bench.call(get, {"requestId": 1, "controlType": "HFMayTrip"})["status"] == "NotSupported"
    assert bench.call(clear, {"isDefault": True, "controlType": "HFMayTrip"})["status"] == "NotSupported"
    assert bench.call(clear, {"isDefault": True, "controlType": "VoltVar"})["status"] == "NotFound"
    assert bench.call(clear, {"isDefault": True, "controlId": "s3"})["status"] == "NotFound"
    assert bench.call(clear, {"isDefault": False, "controlId": "s3"})["status"] == "Accepted"
    assert bench.call(clear, {"isDefault": False, "controlType": "LimitMaxDischarge"})["status"] == "Accepted"
    assert bench.call(get, {"requestId": 1, "isDefault": False})["status"] == "NotFound"
    assert bench.call(clear, {"isDefault": True})["status"] == "Accepted"
    assert bench.call(get, {"requestId": 1})["status"] == "NotFound"


def test_limit_and_schedule_on_the_power() -> None:
    """R01: really follows, and back to the default (R04.FR.11)."""
    bench = Bench()
    discharging(bench)
    put(bench, "d", limitMaxDischarge=limit(1, 25.0))
    assert bench.power() == -5500.0
    value = limit(1, 10.0, startTime=bench.stamp(10), duration=10)
    put(bench, "s", default=False, limitMaxDischarge=value)
    bench.wait(11)
    assert bench.power() == -2200.0
    bench.wait(10)
    assert bench.power() == -5500.0
    bench.call("ClearDERControl", {"isDefault": True})
    assert bench.power() == -10_000.0


def test_frequency_and_voltage_with_alarms() -> None:
    """D09."""
    bench = Bench()
    discharging(bench)
    put(bench, "f", "FreqWatt", curve=curve((50.0, 100.0), (50.2, 100.0), (51.5, 0.0)))
    put(bench, "v", "VoltWatt", curve=curve((100.0, 100.0), (106.0, 100.0), (110.0, 0.0)))
    assert bench.sent("NotifyDERAlarm") == []
    bench.act("set_frequency", 51.0)
    assert bench.power() == pytest.approx(-22000 * 0.5 / 1.3, abs=0.01)
    bench.wait(10)
    bench.act("set_voltage", 109.9)
    bench.act("set_voltage", 100.0)
    bench.act("set_frequency", 50.0)
    told = [
        (one["controlType"], one.get("gridEventFault"), one.get("alarmEnded")) for one in bench.sent("NotifyDERAlarm")
    ]
    assert told == [
        ("FreqWatt", "OverFrequency", None),
        ("VoltWatt", "OverVoltage", None),
        ("FreqWatt", "OverFrequency", None),
        ("FreqWatt", "OverFrequency", True),
    ]
    assert bench.power() == -10_000.0


def test_droop() -> None:
    bench = Bench()
    discharging(bench)
    put(bench, "d", "FreqDroop", freqDroop=DROOP)
    bench.act("set_frequency", 50.7)  # 0.5 Hz / 50 Hz / 5 % = 20 % of 22 kW
    assert bench.power() == pytest.approx(-10_000 + 4400)
    bench.act("set_frequency", 49.7)
    assert bench.power() == pytest.approx(-10_880)
    assert droop(DROOP, 50.0, Rating(1.0, 1.0)) == 0.0


def test_charging_alone_is_left_alone() -> None:
    bench = Bench()
    bench.charge(bpt=False)
    put(bench, "d", limitMaxDischarge=limit(1, 0.0))
    put(bench, "f", "FreqDroop", freqDroop=DROOP)
    bench.act("set_frequency", 49.0)
    assert bench.power() == 22000.0


def test_a_negative_curve_charges() -> None:
    rating = Rating(10_000.0, 5_000.0)
    found = governed("FreqWatt", curve((50.0, 0.0), (52.0, -100.0)), -3000.0, Grid(51.0, 100.0), rating, Seams())
    assert found == 2500.0


def test_nameplate() -> None:
    """D01."""
    bench = Bench()
    request = {"requestId": 3, "componentVariable": [{"component": {"name": "DCDERCtrlr", "evse": {"id": 1}}}]}
    assert bench.call("GetReport", request)["status"] == "Accepted"
    bench.wait(1)
    found = {row["variable"]["name"] for page in bench.sent("NotifyReport") for row in page.get("reportData", [])}
    mandatory = "ModesSupported MaxW OverExcitedW OverExcitedPF UnderExcitedW UnderExcitedPF MaxVA MaxVar MaxVarNeg "
    mandatory += (
        "MaxChargeRateW MaxChargeRateVA InverterManufacturer InverterModel InverterSwVersion InverterHwVersion "
    )
    assert set(mandatory.split()) | {"ReactiveSusceptance"} <= found


class Priorities(RuleBasedStateMachine):
    """Whatever comes in which order: one scheduled and one default control of a type are in force at most."""

    def __init__(self) -> None:
        super().__init__()
        self.store = DerStore()
        self.when = 0.0
        self.count = 0
        self.told: dict[str, list[bool]] = {}

    @rule(default=st.booleans(), priority=st.integers(0, 4), start=st.integers(0, 50), duration=st.integers(1, 50))
    def add(self, default: bool, priority: int, start: int, duration: int) -> None:
        self.count += 1
        value: dict[str, Any] = {"priority": priority}
        received = self.when
        if not default:
            value["duration"] = duration
            received += start
        new = Control(f"c{self.count}", "VoltWatt", default, value, received)
        rivals = [one for one in self.store if one.default == default and not one.superseded]
        gone = self.store.add(new, self.when)
        assert (new.id in gone) == any(one.priority < priority and not one.is_over(self.when) for one in rivals)
        self.let_pass(0)

    @rule(seconds=st.integers(0, 60))
    def let_pass(self, seconds: int) -> None:
        self.when += seconds
        for event in self.store.advance(self.when):
            self.told.setdefault(event.control_id, []).append(event.started)

    @invariant()
    def one_at_a_time(self) -> None:
        for default in (False, True):
            counting = [one for one in self.store if one.default == default and not one.superseded]
            active = [one for one in counting if default or one.is_active(self.when)]
            assert len(active) <= 1
        for one in self.told.values():
            assert one in ([True], [True, False])


Priorities.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestPriorities = Priorities.TestCase
