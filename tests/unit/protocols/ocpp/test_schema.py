"""The checker of payloads: fields, rules, paths and error codes (reference 1, 2; test ideas F03 to F09, F24)."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2gready.protocols.ocpp.editions import Edition
from v2gready.protocols.ocpp.frames import Call, CallError, CallResult, ErrorCode
from v2gready.protocols.ocpp.schema import (
    SchemaProblem,
    acceptable_codes,
    actions,
    check,
    check_reply,
    describe,
    is_date_time,
    load,
    sends,
)

V21, V201 = Edition.V21, Edition.V201
NEW = frozenset(
    {
        *("AFRRSignal", "AdjustPeriodicEventStream", "BatterySwap", "ChangeTransactionTariff"),
        *("ClearDERControl", "ClearTariffs", "ClosePeriodicEventStream", "GetCertificateChainStatus"),
        *("GetDERControl", "GetPeriodicEventStream", "GetTariffs", "NotifyAllowedEnergyTransfer"),
        *("NotifyDERAlarm", "NotifyDERStartStop", "NotifyPriorityCharging", "NotifySettlement"),
        *("NotifyWebPaymentStarted", "OpenPeriodicEventStream", "PullDynamicScheduleUpdate"),
        *("ReportDERControl", "RequestBatterySwap", "SetDERControl", "SetDefaultTariff"),
        *("UpdateDynamicSchedule", "UsePriorityCharging", "VatNumberValidation"),
    }
)


def profile(**period: Any) -> dict[str, Any]:
    """A SetChargingProfile request with one period."""
    schedule = {"id": 1, "chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, **period}]}
    return {
        "evseId": 1,
        "chargingProfile": {
            "id": 1,
            "stackLevel": 0,
            "chargingProfilePurpose": "TxProfile",
            "chargingProfileKind": "Absolute",
            "chargingSchedule": [schedule],
        },
    }


def brief(problems: tuple[SchemaProblem, ...]) -> list[tuple[str, str]]:
    """Path and rule of each problem."""
    return [(one.path, one.rule) for one in problems]


def test_the_actions_of_both_editions() -> None:
    assert len(actions(V201)) == 64
    assert len(actions(V21)) == 90
    assert actions(V21) - actions(V201) == NEW
    assert sends(V21) == {"NotifyPeriodicEventStream"}
    assert not sends(V201)


def test_only_the_data_of_the_package_is_loaded() -> None:
    assert check(V21, "Heartbeat", {}) == ()
    assert "ocpp.charge_point" not in sys.modules


def test_every_limit_of_one_decimal_is_valid() -> None:
    for tenths in range(2001):
        assert check(V21, "SetChargingProfile", profile(limit=tenths / 10, limit_L2=tenths / 10)) == ()


@pytest.mark.parametrize(
    ("field", "value", "problems"),
    [
        ("limit", "8.1", [("limit", "type")]),
        ("limit", True, [("limit", "type")]),
        ("limit", None, [("limit", "type")]),
        ("dischargeLimit", 1, [("dischargeLimit", "maximum")]),
        ("dischargeLimit", 0, []),
        ("dischargeLimit_L3", -0.1, []),
        ("startPeriod", 5.0, []),
        ("startPeriod", 5.5, [("startPeriod", "type")]),
        ("operationMode", "CentralSetpoint", []),
        ("operationMode", "centralSetpoint", [("operationMode", "enum")]),
        ("v2xFreqWattCurve", [], [("v2xFreqWattCurve", "minItems")]),
        ("v2xFreqWattCurve", [{"frequency": 50, "power": 0}] * 21, [("v2xFreqWattCurve", "maxItems")]),
        ("v2xFreqWattCurve", [{"frequency": 50, "power": 0}, 7], [("v2xFreqWattCurve[1]", "type")]),
        ("extra", 1, [("extra", "additionalProperties")]),
        ("customData", {"vendorId": "us", "anything": [1, {"x": None}]}, []),
        ("customData", {"anything": 1}, [("customData.vendorId", "required")]),
    ],
)
def test_a_field_of_a_period(field: str, value: Any, problems: list[tuple[str, str]]) -> None:
    where = "chargingProfile.chargingSchedule[0].chargingSchedulePeriod[0]."
    found = check(V21, "SetChargingProfile", profile(**{field: value}))
    assert brief(found) == [(where + path, rule) for path, rule in problems]


def test_names_are_compared_to_the_letter() -> None:
    payload = profile(limit=1)
    schedule = payload["chargingProfile"]["chargingSchedule"][0]
    schedule["limitAtSoC"] = {"soc": 80, "limit": 1.5}
    assert check(V21, "SetChargingProfile", payload) == ()
    schedule["limitAtSoC"] = {"soC": 80, "limit": 1.5}
    where = "chargingProfile.chargingSchedule[0].limitAtSoC"
    assert brief(check(V21, "SetChargingProfile", payload)) == [
        (f"{where}.soc", "required"),
        (f"{where}.soC", "additionalProperties"),
    ]


def test_an_edition_decides_about_the_same_payload() -> None:
    token = {"idToken": {"idToken": "AA", "type": "OurOwnType"}}
    assert check(V21, "Authorize", token) == ()
    assert brief(check(V201, "Authorize", token)) == [("idToken.type", "enum")]
    assert check(V201, "SetChargingProfile", profile(limit=8.1)) == ()
    assert [one.rule for one in check(V201, "SetChargingProfile", profile(limit=8.1, setpoint=1))] == [
        "additionalProperties"
    ]


@pytest.mark.parametrize(
    ("edition", "action", "response"),
    [
        (V21, "Tea", False),
        (V21, "heartbeat", False),
        (V21, "../v16/Heartbeat", False),
        (V201, "SetDERControl", False),
        (V201, "NotifyPeriodicEventStream", False),
        (V21, "NotifyPeriodicEventStream", True),
        (V21, "", False),
    ],
)
def test_an_action_the_edition_does_not_have(edition: Edition, action: str, response: bool) -> None:
    (problem,) = check(edition, action, {}, response=response)
    assert (problem.path, problem.rule, problem.code) == ("", "action", ErrorCode.NOT_IMPLEMENTED)
    assert acceptable_codes(problem) == {ErrorCode.NOT_IMPLEMENTED, ErrorCode.NOT_SUPPORTED}
    with pytest.raises(KeyError):
        load(edition, action, response=response)


def test_the_payload_of_a_send() -> None:
    good = {"id": 1, "pending": 0, "basetime": "2026-01-01T00:00:00Z", "data": [{"t": 0, "v": "1"}]}
    assert check(V21, "NotifyPeriodicEventStream", good) == ()
    assert brief(check(V21, "NotifyPeriodicEventStream", {**good, "data": []})) == [("data", "minItems")]


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
        lambda x: st.lists(x) | st.dictionaries(st.text(), x),
    )
)
def test_any_value_is_judged(payload: Any) -> None:
    for action in ("Heartbeat", "SetChargingProfile"):
        problems = check(V21, action, payload)
        assert len(describe(problems)) <= 255


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        ("2026-11-21T10:00:00Z", True),
        ("2026-11-21t10:00:00z", True),
        ("2026-11-21T10:00:00.123456789Z", True),
        ("2026-11-21T10:00:00+01:00", True),
        ("2026-11-21T10:00:00-23:59", True),
        ("2016-12-31T23:59:60Z", True),
        ("2024-02-29T00:00:00Z", True),
        ("2026-02-29T00:00:00Z", False),
        ("2026-11-21T10:00:00", False),
        ("2026-11-21 10:00:00Z", False),
        ("2026-11-21T24:00:00Z", False),
        ("2026-11-21T10:60:00Z", False),
        ("2026-11-21T10:00Z", False),
        ("2026-11-21T10:00:00.Z", False),
        ("2026-11-21T10:00:00+0100", False),
        ("2026-11-21T10:00:00+24:00", False),
        ("2026-13-01T10:00:00Z", False),
        ("2026-11-21", False),
        ("20261121T100000Z", False),
        ("٢٠٢٦-11-21T10:00:00Z", False),
        ("2026-11-21T10:00:00Z\n", False),
        ("", False),
    ],
)
def test_date_times_are_those_of_rfc_3339(text: str, accepted: bool) -> None:
    assert is_date_time(text) == accepted
    problems = check(V21, "NotifyDERStartStop", {"controlId": "c", "started": True, "timestamp": text})
    assert brief(problems) == ([] if accepted else [("timestamp", "format")])


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({}, ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION),
        ({"evseId": "1", "meterValue": []}, ErrorCode.TYPE_CONSTRAINT_VIOLATION),
        (
            {"evseId": -1, "meterValue": [{"timestamp": "x", "sampledValue": []}]},
            ErrorCode.PROPERTY_CONSTRAINT_VIOLATION,
        ),
    ],
)
def test_the_code_that_we_answer_is_one_that_a_peer_may_answer(payload: dict[str, Any], code: ErrorCode) -> None:
    problems = check(V21, "MeterValues", payload)
    assert problems[0].code is code
    for one in problems:
        assert one.code in acceptable_codes(one)
        assert ErrorCode.NOT_IMPLEMENTED not in acceptable_codes(one)
        assert ErrorCode.INTERNAL_ERROR not in acceptable_codes(one)


def test_a_missing_field_has_two_codes_in_the_sources_and_two_spellings() -> None:
    (one, *_) = check(V201, "MeterValues", {})
    assert one.code is ErrorCode.OCCURENCE_CONSTRAINT_VIOLATION
    assert {
        ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION,
        ErrorCode.OCCURENCE_CONSTRAINT_VIOLATION,
        ErrorCode.PROTOCOL_ERROR,
    } <= acceptable_codes(one)


@pytest.mark.parametrize(
    ("reply", "problems"),
    [
        (CallResult("1", {"currentTime": "2026-01-01T00:00:00Z"}), []),
        (CallResult("1", {}), [("currentTime", "required")]),
        (CallResult("2", {"currentTime": "now"}), [("", "id"), ("currentTime", "format")]),
        (CallError("1", "NotSupported", "x" * 255), []),
        (CallError("1", "Tea", "x" * 256), [("", "errorCode"), ("", "errorDescription")]),
    ],
)
def test_answers(reply: CallResult | CallError, problems: list[tuple[str, str]]) -> None:
    found = check_reply(V21, Call("1", "Heartbeat", {}), reply)
    assert brief(found) == problems
    assert all(one.code in acceptable_codes(one) for one in found)


def test_what_a_peer_sent_is_shortened() -> None:
    problems = check(V21, "Reset", {"type": "x" * 10_000, "y" * 10_000: 1, "z" * 10_000: 1, "evseId": -(10**400)})
    assert all(len(one.sentence) < 200 and len(one.path) < 200 for one in problems)
    assert len(describe(problems)) == 255
