from __future__ import annotations

from typing import Any

import pytest

from tests.unit.authoring.ocpp.traces import STATION, Script
from v2gready.authoring.ocpp import power
from v2gready.model.measurement import Limit
from v2gready.model.observation import Inconclusive
from v2gready.model.verdict import Verdict

R = "OCPP-V2X-POWER"


def value(measurand: str, number: float, **more: Any) -> dict[str, Any]:
    unit = {"unitOfMeasure": {"unit": "Wh" if measurand.startswith("Energy") else "W"}}
    return {"value": number, "measurand": measurand, **unit, **more}


def told(script: Script, key: str, *values: dict[str, Any], second: int = 0, evse: int | None = None) -> Script:
    payload: dict[str, Any] = {
        "eventType": "Updated",
        "transactionInfo": {"transactionId": "tx"},
        "meterValue": [{"timestamp": f"2026-01-01T00:00:{second:02}Z", "sampledValue": list(values)}],
    }
    if evse is not None:
        payload["evse"] = {"id": evse}
    return script.call(STATION, key, "TransactionEvent", payload)


def test_power_told_has_a_sign_and_knows_its_evse() -> None:
    script = told(Script(), "1", value(power.IMPORT, 0.0), value(power.EXPORT, 5000.0), evse=2)
    trace = told(script.wait(1), "2", value(power.IMPORT, 7.0, unitOfMeasure={"unit": "kW"}), second=1).trace()
    assert power.told_power(trace, 2) == [(0.0, -5000.0, 0), (1.0, 7000.0, 1)]
    assert power.told_power(trace, 1) == []


def test_phases_are_summed_where_no_total_is_told() -> None:
    phases = [value(power.IMPORT, 1000.0, phase=name) for name in ("L1", "L2", "L3")]
    assert power.told_power(told(Script(), "1", *phases, evse=1).trace(), 1) == [(0.0, 3000.0, 0)]
    with_total = told(Script(), "1", *phases, value(power.IMPORT, 2900.0), evse=1).trace()
    assert power.told_power(with_total, 1) == [(0.0, 2900.0, 0)]


def test_another_location_is_not_the_outlet() -> None:
    trace = told(Script(), "1", value(power.IMPORT, 9.0, location="Upstream"), evse=1).trace()
    assert power.told_power(trace, 1) == []
    assert [one.value for one in power.readings(trace, power.IMPORT, location="Upstream")] == [9.0]


def test_a_multiplier_counts() -> None:
    trace = told(Script(), "1", value(power.IMPORT, 5.0, unitOfMeasure={"unit": "W", "multiplier": 3}), evse=1).trace()
    assert power.told_power(trace, 1) == [(0.0, 5000.0, 0)]


@pytest.mark.parametrize(("watts", "verdict"), [(-5000, Verdict.PASS), (-5300, Verdict.FAIL), (5000, Verdict.FAIL)])
def test_power_follows_the_meter(watts: float, verdict: Verdict) -> None:
    trace = Script().sample(0).wait(3).sample(-4900).wait(1).sample(watts).trace()
    assert power.power_follows(R, trace, 1, -5000, after=trace.records[0], within=3).verdict is verdict


def test_the_word_of_the_station_counts_only_without_a_meter() -> None:
    script = told(Script().wait(5), "1", value(power.EXPORT, 5000.0), evse=1)
    assert power.power_follows(R, script.trace(), 1, -5000, after=0.0, within=3).verdict is Verdict.PASS
    metered = script.sample(0).trace()
    assert power.power_follows(R, metered, 1, -5000, after=0.0, within=3).verdict is Verdict.FAIL


def test_without_any_value_nothing_is_said() -> None:
    with pytest.raises(Inconclusive):
        power.power_follows(R, Script().trace(), 1, 0, after=0.0, within=3)
    with pytest.raises(Inconclusive):
        power.power_follows(R, Script().sample(0).trace(), 1, 0, after=0.0, within=3)
    with pytest.raises(Inconclusive):
        power.power_within(R, Script().trace(), 1, Limit("W", high=5), after=0.0)
    with pytest.raises(Inconclusive):
        power.register_rises(R, Script().trace(), power.EXPORT_REGISTER, 1, since=0.0)
    with pytest.raises(Inconclusive):
        power.power_told_is_true(R, Script().trace(), 1)


@pytest.mark.parametrize(("measured", "verdict"), [(-5000, Verdict.PASS), (0, Verdict.FAIL), (5000, Verdict.FAIL)])
def test_told_power_is_held_against_the_meter(measured: float, verdict: Verdict) -> None:
    trace = told(Script().sample(measured), "1", value(power.EXPORT, 5000.0), evse=1).trace()
    assert power.power_told_is_true(R, trace, 1).verdict is verdict


@pytest.mark.parametrize(
    ("course", "rises", "rests"),
    [
        ((100.0, 120.0), True, False),
        ((100.0, 100.5), True, True),
        ((100.0, 100.0), False, True),
        ((5.0, 1.0), False, False),
    ],
)
def test_registers(course: tuple[float, float], rises: bool, rests: bool) -> None:
    script = Script()
    for number, level in enumerate(course):
        told(script.wait(10), str(number), value(power.EXPORT_REGISTER, level), second=number, evse=1)
    trace = script.trace()
    assert (power.register_rises(R, trace, power.EXPORT_REGISTER, 1, since=0).verdict is Verdict.PASS) is rises
    assert (power.register_rests(R, trace, power.EXPORT_REGISTER, 1, since=0).verdict is Verdict.PASS) is rests
