from __future__ import annotations

import pytest

from tests.unit.authoring.ocpp.traces import CSMS, STATION, Script
from v2gready.authoring.ocpp import wire
from v2gready.model.observation import Inconclusive
from v2gready.model.trace import EventKind
from v2gready.protocols.ocpp.editions import Edition


def test_a_reply_belongs_to_the_call_with_its_id_whatever_crosses() -> None:
    trace = (
        Script()
        .call(CSMS, "a", "Reset")
        .call(STATION, "b", "Heartbeat")
        .result(CSMS, "b", {"currentTime": "x"})
        .wait(2)
        .result(STATION, "a", {"status": "Rejected", "statusInfo": {"reasonCode": "Busy"}})
        .trace()
    )
    ours, theirs = wire.calls(trace)
    assert (ours.action, ours.status, ours.reason, ours.elapsed) == ("Reset", "Rejected", "Busy", 2.0)
    assert (theirs.action, theirs.answer) == ("Heartbeat", {"currentTime": "x"})


def test_the_same_id_in_the_other_direction_or_on_another_link_is_another_call() -> None:
    trace = (
        Script()
        .call(CSMS, "1", "Reset")
        .call(STATION, "1", "Heartbeat")
        .call(CSMS, "1", "GetVariables", link="ws-2")
        .result(STATION, "1", {"status": "Accepted"})
        .trace()
    )
    replied = {one.action: one.reply is not None for one in wire.calls(trace)}
    assert replied == {"Reset": True, "Heartbeat": False, "GetVariables": False}


def test_a_caller_cannot_answer_itself() -> None:
    trace = Script().call(CSMS, "1", "Reset").result(CSMS, "1").trace()
    assert wire.sent(trace, "Reset").reply is None


def test_an_id_used_twice_is_answered_in_order_and_further_replies_are_kept() -> None:
    trace = (
        Script()
        .call(CSMS, "1", "Reset")
        .call(CSMS, "1", "GetVariables")
        .result(STATION, "1", {"status": "first"})
        .result(STATION, "1", {"status": "second"})
        .error(STATION, "1", "GenericError")
        .trace()
    )
    first, second = wire.calls(trace)
    assert (first.status, second.status) == ("first", "second")
    assert len(second.more) == 1


def test_an_objection_belongs_to_the_call_of_its_sender() -> None:
    trace = (
        Script()
        .call(STATION, "1", "Heartbeat")
        .result(CSMS, "1", {"nonsense": 1})
        .objection(STATION, "1", "FormatViolation")
        .trace()
    )
    assert wire.got(trace, "Heartbeat").objection is trace.records[2]


def test_what_is_no_message_gets_the_error_with_its_id_or_none() -> None:
    trace = (
        Script()
        .raw(CSMS, "no json")
        .error(STATION, "-1", "RpcFrameworkError")
        .raw(CSMS, '[2,"7","Reset"]')
        .error(STATION, "7", "RpcFrameworkError")
        .raw(CSMS, "{}")
        .trace()
    )
    replies = [one.error and one.error.id for one in wire.disturbances(trace)]
    assert replies == ["-1", "7", None]


def test_replies_to_nothing_are_strays_but_errors_without_id_are_not() -> None:
    trace = Script().result(STATION, "x").error(STATION, "-1", "RpcFrameworkError").trace()
    assert [one.index for one in wire.strays(trace)] == [0]


def test_each_connection_has_its_edition() -> None:
    trace = (
        Script()
        .handshake("ocpp2.1")
        .handshake("ocpp2.0.1", link="ws-2")
        .handshake("", link="ws-3")
        .handshake("ocpp1.6", link="ws-4")
        .trace()
    )
    assert wire.editions(trace) == {"ws-1": Edition.V21, "ws-2": Edition.V201}
    with pytest.raises(Inconclusive, match="ws-3"):
        wire.edition_of(trace, next(one for one in trace.records if one.link == "ws-3"))


def test_an_end_that_answers_ours_is_not_the_device() -> None:
    ours = Script().event(EventKind.WS_CLOSE, CSMS).event(EventKind.WS_CLOSE, STATION).trace()
    assert wire.ended(ours, "ws-1") is None
    theirs = Script().event(EventKind.WS_CLOSE, STATION).event(EventKind.WS_CLOSE, CSMS).trace()
    assert wire.ended(theirs, "ws-1") is theirs.records[0]


@pytest.mark.parametrize("ask", [wire.sent, wire.got])
def test_what_was_never_sent_is_inconclusive(ask: object) -> None:
    with pytest.raises(Inconclusive, match="sent nothing"):
        ask(Script().trace(), "Reset")  # type: ignore[operator] # two words, one signature


def test_the_last_words_name_the_action() -> None:
    assert "CALL Heartbeat" in wire.last_words(Script().call(STATION, "1", "Heartbeat").trace())


def test_a_stamp_that_is_none_is_inconclusive() -> None:
    assert wire.instant("2026-01-01T00:00:01+01:00") == wire.instant("2025-12-31T23:00:01Z")
    with pytest.raises(Inconclusive):
        wire.instant("tomorrow")
