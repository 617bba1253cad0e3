from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.authoring.ocpp.traces import CSMS, STATION, Script
from v2gready.authoring.ocpp import connections as c
from v2gready.authoring.ocpp import judgements as j
from v2gready.authoring.ocpp import wire
from v2gready.model.observation import Inconclusive, Observation
from v2gready.model.trace import EventKind, Trace
from v2gready.model.verdict import Verdict

PASS, FAIL = Verdict.PASS, Verdict.FAIL
R = "OCPP-J-ONE-REPLY"


def asked(reply: Callable[[Script], Script] | None = None) -> wire.RpcExchange:
    script = Script().call(CSMS, "1", "SetChargingProfile", {"evseId": 1})
    return wire.sent((script if reply is None else reply(script)).trace(), "SetChargingProfile")


accepted = asked(lambda s: s.result(STATION, "1", {"status": "Accepted"}))
rejected = asked(
    lambda s: s.result(STATION, "1", {"status": "Rejected", "statusInfo": {"reasonCode": "InvalidSchedule"}})
)
empty = asked(lambda s: s.result(STATION, "1"))
error = asked(lambda s: s.error(STATION, "1", "NotImplemented"))
silent = asked()


@pytest.mark.parametrize(
    ("observation", "verdict"),
    [
        (j.accepted(R, accepted), PASS),
        (j.accepted(R, empty), FAIL),
        (j.accepted(R, rejected), FAIL),
        (j.accepted(R, error), FAIL),
        (j.accepted(R, silent), FAIL),
        (j.answered(R, rejected), PASS),
        (j.answered(R, error), FAIL),
        (j.status_is(R, rejected, "Rejected"), PASS),
        (j.status_is(R, rejected, "Rejected", reason="InvalidSchedule"), PASS),
        (j.status_is(R, rejected, "Rejected", reason={"InvalidProfile", "PhaseConflict"}), FAIL),
        (j.status_is(R, accepted, "Rejected"), FAIL),
        (j.status_is(R, silent, "Rejected"), FAIL),
        (j.not_accepted(R, rejected), PASS),
        (j.not_accepted(R, error), PASS),
        (j.not_accepted(R, accepted), FAIL),
        (j.not_accepted(R, empty), FAIL),
        (j.not_accepted(R, silent), FAIL),
        (j.call_error(R, error), PASS),
        (j.call_error(R, error, "NotImplemented", "NotSupported"), PASS),
        (j.call_error(R, error, "FormatViolation"), FAIL),
        (j.call_error(R, silent), FAIL),
        (j.call_error(R, accepted), FAIL),
    ],
)
def test_what_came_back(observation: Observation, verdict: Verdict) -> None:
    assert observation.verdict is verdict


def test_a_missing_reason_code_is_a_remark() -> None:
    one = j.reason_is(R, rejected, "InvalidProfile")
    assert one.verdict is FAIL
    assert one.contribution is PASS
    with pytest.raises(Inconclusive):
        j.reason_is(R, error, "InvalidProfile")


EMPTY = Script().trace()
RECORD = Script().call(CSMS, "1", "Reset").trace().records[0]


@pytest.mark.parametrize(
    "judge",
    [
        lambda trace: j.all_answered(R, trace),
        lambda trace: j.schema_valid(R, trace),
        lambda trace: j.received(R, trace, "Heartbeat"),
        lambda trace: j.received(R, trace, "Heartbeat", within=10),
        lambda trace: j.never_sent(R, trace, "Heartbeat", after=RECORD, seconds=1),
        lambda trace: j.no_reply(R, trace, RECORD),
        lambda trace: c.connection_stays(R, trace, RECORD),
        lambda trace: c.connection_ends(R, trace, RECORD, within=1),
        lambda trace: c.survives(R, trace, RECORD),
        lambda trace: j.error_or_silence(R, trace, silent),
        lambda trace: j.answered_within(R, trace, silent, 30),
        lambda trace: c.handshake_refused(R, trace, wire.handshake(trace), why="x"),
        lambda trace: j.event_record(trace, EventKind.PING),
        lambda trace: j.every(R, (j.accepted(R, one) for one in wire.calls(trace)), what="calls"),
    ],
)
def test_nothing_is_true_of_an_empty_trace(judge: Callable[[Trace], Any]) -> None:
    with pytest.raises(Inconclusive):
        judge(EMPTY)


def test_silence_counts_only_while_we_listened() -> None:
    script = Script().call(CSMS, "1", "Reset")
    with pytest.raises(Inconclusive, match=r"0\.00 s"):
        j.no_reply(R, script.trace(), script.trace().records[0])
    trace = script.wait(5).watched().trace()
    assert j.no_reply(R, trace, trace.records[0], seconds=5).verdict is PASS
    with pytest.raises(Inconclusive, match=r"5\.00 s"):
        j.no_reply(R, trace, trace.records[0], seconds=6)


@pytest.mark.parametrize("key", ["s", "-1"])
def test_an_error_without_id_is_a_reply_too(key: str) -> None:
    trace = Script().send(CSMS, "s", "NotifyPeriodicEventStream").error(STATION, key, "GenericError").trace()
    assert j.no_reply(R, trace, trace.records[0]).verdict is FAIL


def test_an_answer_to_another_call_is_no_reply_to_this_one() -> None:
    trace = Script().call(CSMS, "1", "Reset").send(CSMS, "s", "X").result(STATION, "1").wait(1).watched().trace()
    assert j.no_reply(R, trace, trace.records[1]).verdict is PASS


@pytest.mark.parametrize(("after", "verdict"), [(4.0, PASS), (6.0, FAIL)])
def test_a_message_has_to_come_in_time(after: float, verdict: Verdict) -> None:
    trace = Script().watched().wait(after).call(STATION, "1", "NotifyReport", {"seqNo": 0}).trace()
    begin = trace.records[0]
    assert j.received(R, trace, "NotifyReport", after=begin, within=5).verdict is verdict


def test_a_message_of_another_kind_is_not_the_one() -> None:
    trace = Script().watched().wait(6).call(STATION, "1", "NotifyReport", {"seqNo": 0}).trace()
    one = j.received(
        R,
        trace,
        "NotifyReport",
        where=lambda p: p.get("tbc", False),
        what="to be continued",
        after=trace.records[0],
        within=5,
    )
    assert one.verdict is FAIL
    assert "none to be continued" in one.seen


def test_what_must_not_come_fails_when_it_does() -> None:
    trace = Script().watched().wait(2).call(STATION, "1", "Heartbeat").wait(8).watched().trace()
    begin = trace.records[0]
    assert j.never_sent(R, trace, "Heartbeat", after=begin, seconds=10).verdict is FAIL
    assert j.never_sent(R, trace, "Heartbeat", after=begin, seconds=1).verdict is PASS
    assert j.never_sent(R, trace, ("MeterValues", "NotifyEvent"), after=begin, seconds=10).verdict is PASS
    with pytest.raises(Inconclusive):
        j.never_sent(R, trace, "MeterValues", after=begin, seconds=11)


def test_a_connection_stays_if_a_later_call_is_answered() -> None:
    trace = (
        Script().raw(CSMS, "{").call(CSMS, "1", "Reset").result(STATION, "1").event(EventKind.CLOSED, STATION).trace()
    )
    assert c.connection_stays(R, trace, trace.records[0]).verdict is PASS


@pytest.mark.parametrize("kind", [EventKind.CLOSED, EventKind.WS_CLOSE])
def test_a_connection_does_not_stay_if_the_device_ends_it(kind: str) -> None:
    trace = Script().raw(CSMS, "{").event(kind, STATION, code=1002).trace()
    assert c.connection_stays(R, trace, trace.records[0]).verdict is FAIL
    assert c.connection_ends(R, trace, trace.records[0], within=1).verdict is PASS


def test_a_connection_that_serves_no_more_does_not_stay() -> None:
    trace = Script().raw(CSMS, "{").call(CSMS, "1", "Reset").wait(30).watched().trace()
    assert c.connection_stays(R, trace, trace.records[0]).verdict is FAIL
    assert c.survives(R, trace, trace.records[0]).verdict is FAIL


def test_a_close_code_counts_if_it_is_asked_for() -> None:
    trace = Script().raw(CSMS, "x" * 9).event(EventKind.WS_CLOSE, STATION, code=1009).trace()
    begin = trace.records[0]
    assert c.connection_ends(R, trace, begin, within=1, codes=(1009,)).verdict is PASS
    assert c.connection_ends(R, trace, begin, within=1, codes=(1002,)).verdict is FAIL


def test_a_later_connection_shows_that_it_survives() -> None:
    trace = (
        Script()
        .raw(CSMS, "{")
        .event(EventKind.CLOSED, STATION)
        .call(CSMS, "1", "Reset", link="ws-2")
        .result(STATION, "1", link="ws-2")
        .trace()
    )
    assert c.survives(R, trace, trace.records[0]).verdict is PASS


def test_every_call_has_one_reply() -> None:
    good = Script().call(CSMS, "1", "Reset").result(STATION, "1").trace()
    assert j.all_answered(R, good).verdict is PASS
    twice = Script().call(CSMS, "1", "Reset").result(STATION, "1").result(STATION, "1").trace()
    assert j.all_answered(R, twice).verdict is FAIL


@pytest.mark.parametrize(
    ("payload", "verdict"),
    [
        ({"reason": "PowerUp", "chargingStation": {"model": "m", "vendorName": "v"}}, PASS),
        ({"reason": "PowerUp", "chargingStation": {"model": "m"}}, FAIL),
        ({"reason": "Boredom", "chargingStation": {"model": "m", "vendorName": "v"}}, FAIL),
    ],
)
def test_what_the_device_calls_is_held_against_the_schema(payload: dict[str, Any], verdict: Verdict) -> None:
    trace = Script().handshake().call(STATION, "1", "BootNotification", payload).trace()
    assert j.schema_valid(R, trace).verdict is verdict
    assert j.valid(R, trace, wire.got(trace, "BootNotification")).verdict is verdict


def test_what_the_device_answers_is_held_against_the_schema() -> None:
    trace = (
        Script()
        .handshake()
        .call(CSMS, "1", "Reset", {"type": "OnIdle"})
        .result(STATION, "1", {"status": "Perhaps"})
        .trace()
    )
    assert j.schema_valid(R, trace).verdict is FAIL


def test_what_is_no_message_is_not_valid() -> None:
    assert j.schema_valid(R, Script().handshake().raw(STATION, "[2]").trace()).verdict is FAIL


def test_a_refused_handshake() -> None:
    refused = Script().handshake(status=404).trace()
    attempt = wire.handshake(refused)
    assert c.handshake_refused(R, refused, attempt, 404, why="unknown").verdict is PASS
    assert c.handshake_refused(R, refused, attempt, 401, why="unknown").verdict is FAIL
    assert c.handshake_refused(R, refused, attempt, why="unknown").verdict is PASS
    taken = Script().handshake("ocpp2.1").trace()
    assert c.handshake_refused(R, taken, wire.handshake(taken), why="unknown").verdict is FAIL
    assert c.subprotocol_is(R, wire.handshake(taken), "ocpp2.1").verdict is PASS
    assert c.subprotocol_is(R, wire.handshake(taken), "").verdict is FAIL


def test_a_field_by_its_path() -> None:
    payload = {"transactionInfo": {"operationMode": "CentralSetpoint"}, "meterValue": [{"timestamp": "x"}]}
    exchange = wire.got(Script().call(STATION, "1", "TransactionEvent", payload).trace(), "TransactionEvent")
    assert j.field_is(R, exchange, "transactionInfo.operationMode", "CentralSetpoint").verdict is PASS
    assert j.field_is(R, exchange, "transactionInfo.operationMode", "Idle").verdict is FAIL
    assert j.look(payload, "meterValue.0.timestamp") == "x"
    assert j.look(payload, "meterValue.1.timestamp") is None
