"""What a tester can do on one OCPP connection, and what is on the timeline afterwards."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.unit.emulators.pair import PASSWORD, Pair, events, messages, play, play_on_sockets, raws
from v2gready.emulators.ocpp import (
    Answer,
    Followed,
    HangUp,
    InTurn,
    Late,
    RawReply,
    Refusal,
    Reply,
    Silence,
    Twice,
)
from v2gready.emulators.reach import Unreached
from v2gready.model.trace import EventKind
from v2gready.protocols.ocpp.frames import Call, CallError, CallResult, CallResultError, Send
from v2gready.transports.recorder import TraceFull


def beat(answer: Answer, seconds: float = 0.0) -> tuple[Any, Pair]:
    """What a station gets for a Heartbeat, and both sides."""
    got: list[Any] = []

    async def act(pair: Pair) -> None:
        pair.csms.answers["Heartbeat"] = answer
        async with pair.sessions() as (_, station):
            got.append(await station.call("Heartbeat", timeout=5))
            await station.silence(seconds)

    pair = play(act)
    return got[0], pair


def answers(pair: Pair) -> list[Any]:
    return messages(pair.at_station.trace(), CallResult, "csms")


def test_payload_reply_and_function_are_the_same() -> None:
    for answer in ({"currentTime": "x"}, Reply({"currentTime": "x"}), lambda _: lambda _: {"currentTime": "x"}):
        got, _ = beat(answer)
        assert isinstance(got, CallResult)
        assert got.payload == {"currentTime": "x"}


def test_refusal_is_a_callerror_with_everything_in_it() -> None:
    got, _ = beat(Refusal("OwnCode", "why", {"more": 1}))
    assert isinstance(got, CallError)
    assert (got.code, got.description, got.details) == ("OwnCode", "why", {"more": 1})


def test_silence_is_a_timeout_on_the_timeline() -> None:
    got, pair = beat(Silence())
    assert got is None
    (timeout,) = events(pair.at_station.trace(), EventKind.TIMEOUT)
    assert timeout.detail["timer"] == "call"
    assert timeout.detail["action"] == "Heartbeat"
    assert timeout.t == pytest.approx(5, abs=0.1)
    assert events(pair.at_station.trace(), EventKind.OBSERVED_UNTIL)[0].t == timeout.t


def test_late_answer_is_recorded_and_answers_nothing_else() -> None:
    got: list[Any] = []

    async def act(pair: Pair) -> None:
        pair.csms.answers["Heartbeat"] = InTurn(Late(8, {"currentTime": "late"}), {"currentTime": "next"})
        async with pair.sessions() as (_, station):
            got.append(await station.call("Heartbeat", timeout=5))
            got.append(await station.call("Authorize", {}, timeout=5))
            await station.silence(5)
            got.append(await station.call("Heartbeat", timeout=5))

    pair = play(act)
    assert got[0] is None
    assert got[1].payload == {"idTokenInfo": {"status": "Accepted"}}
    assert got[2].payload == {"currentTime": "next"}
    assert {"currentTime": "late"} in [one.payload for one in answers(pair)]


def test_answer_within_its_delay_is_an_answer() -> None:
    got, pair = beat(Late(4, {"currentTime": "late"}))
    assert got.payload == {"currentTime": "late"}
    assert pair.at_station.trace().records[-1].t > 4


def test_twice_sends_two_equal_answers() -> None:
    got, pair = beat(Twice({"currentTime": "x"}), seconds=1)
    assert isinstance(got, CallResult)
    assert len(answers(pair)) == 2


def test_answer_under_another_id_answers_nothing() -> None:
    got, pair = beat(Reply({}, id="elsewhere"))
    assert got is None
    assert answers(pair) == [CallResult("elsewhere", {})]


def test_malformed_answer_ends_the_waiting_without_timeout() -> None:
    got, pair = beat(lambda call: RawReply(f'[3,"{call.id}",7]'))
    assert got is None
    assert not events(pair.at_station.trace(), EventKind.TIMEOUT)
    assert [one.problem for one in pair.at_station.trace().frames(sender="csms")] == ["the payload is no object"]


def test_hang_up_with_and_without_close() -> None:
    got, pair = beat(HangUp())
    assert got is None
    assert events(pair.at_station.trace(), EventKind.CLOSED, "csms")[0].detail["how"] == "reset"
    got, pair = beat(HangUp(1011), seconds=1)
    assert got is None
    assert events(pair.at_station.trace(), EventKind.WS_CLOSE, "csms")[0].detail["code"] == 1011
    assert events(pair.at_csms.trace(), EventKind.WS_CLOSE, "csms")[0].detail["code"] == 1011


def test_followed_does_the_next_thing_after_the_answer() -> None:
    async def ask(session: Any, call: Call) -> None:
        await session.call("GetVariables", {"cause": call.id})

    _, pair = beat(Followed(Late(1, {"currentTime": "x"}), ask), seconds=3)
    trace = pair.at_station.trace()
    order = [one.message for one in trace.frames(sender="csms")]
    assert isinstance(order[0], CallResult)
    assert isinstance(order[1], Call)
    assert order[1].action == "GetVariables"


def test_failing_answer_of_a_case_is_told_to_the_case() -> None:
    def broken(_: Call) -> Answer:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        beat(broken)


def test_several_calls_open_at_once_are_told_apart_by_id() -> None:
    got: list[Any] = []

    async def act(pair: Pair) -> None:
        pair.station.answers["GetReport"] = lambda call: Late(5 - call.payload["requestId"], {"status": str(call.id)})
        async with pair.sessions() as (csms, _):
            calls = [csms.call("GetReport", {"requestId": number}, id=f"n{number}") for number in range(4)]
            got.extend(await asyncio.gather(*calls))

    play(act)
    assert [one.payload["status"] for one in got] == ["n0", "n1", "n2", "n3"]


def test_one_id_used_twice_gets_both_answers_in_order() -> None:
    got: list[Any] = []

    async def act(pair: Pair) -> None:
        pair.station.answers["Reset"] = InTurn({"status": "first"}, {"status": "second"})
        async with pair.sessions() as (csms, _):
            calls = [csms.call("Reset", {"type": "Immediate"}, id="same") for _ in range(2)]
            got.extend(await asyncio.gather(*calls))

    play(act)
    assert [one.payload["status"] for one in got] == ["first", "second"]


def test_crossing_calls_are_both_answered() -> None:
    got: list[Any] = []

    async def act(pair: Pair) -> None:
        async with pair.sessions() as (csms, station):
            got.extend(await asyncio.gather(csms.call("Reset", {"type": "OnIdle"}), station.heartbeat()))

    play(act)
    assert all(isinstance(one, CallResult) for one in got)


def test_nothing_is_missed_while_a_case_looks_elsewhere() -> None:
    found: list[Any] = []

    async def act(pair: Pair) -> None:
        async with pair.sessions() as (csms, station):
            mark = csms.mark
            await station.status("Occupied")
            await station.meter_values({"SoC": 50.0})
            await asyncio.sleep(60)
            found.append(await csms.wait_for("NotifyEvent", since=mark))
            found.append(await csms.look_for("NotifyEvent", within=3))
            found.append(csms.received("MeterValues", where=lambda payload: payload["evseId"] == 1))
            found.append(csms.received(since=csms.mark))

    play(act)
    assert found[0].payload["eventData"][0]["actualValue"] == "Occupied"
    assert found[1] is None
    assert len(found[2]) == 1
    assert found[3] == []


def test_wait_for_skips_payloads_that_lack_the_field() -> None:
    found: list[Any] = []

    async def act(pair: Pair) -> None:
        async with pair.sessions() as (csms, station):
            waiting = asyncio.create_task(csms.wait_for(("TransactionEvent", "X"), where=lambda p: p["seqNo"] > 1))
            await asyncio.sleep(0)
            station.post("TransactionEvent", {})
            station.post("TransactionEvent", {"seqNo": "text"})
            station.post("TransactionEvent", {"seqNo": 2})
            found.append(await waiting)
            with pytest.raises(Unreached, match="no TransactionEvent on ws-1"):
                await csms.wait_for("TransactionEvent", within=1)

    pair = play(act)
    assert found[0].payload == {"seqNo": 2}
    (timeout,) = events(pair.at_csms.trace(), EventKind.TIMEOUT)
    assert timeout.detail["action"] == "TransactionEvent"


def test_waiting_ends_with_the_connection() -> None:
    got: list[Any] = []

    async def act(pair: Pair) -> None:
        async with pair.sessions() as (csms, station):
            pair.csms.answers["Heartbeat"] = Silence()
            waiting = asyncio.gather(station.call("Heartbeat"), station.look_for("Reset"), station.gone(99))
            await asyncio.sleep(1)
            csms.abort()
            got.extend(await waiting)
            with pytest.raises(Unreached, match="ws-1 is closed"):
                await station.call("Heartbeat")

    pair = play(act)
    assert got == [None, None, True]
    assert not events(pair.at_station.trace(), EventKind.TIMEOUT)


def test_silence_says_until_when_it_watched() -> None:
    async def act(pair: Pair) -> None:
        async with pair.sessions() as (csms, _):
            await csms.silence(42)

    pair = play(act)
    assert events(pair.at_csms.trace(), EventKind.OBSERVED_UNTIL)[0].t == pytest.approx(42, abs=0.1)


def test_send_is_received_and_never_answered() -> None:
    async def act(pair: Pair) -> None:
        async with pair.sessions() as (csms, station):
            station.send_event("NotifyPeriodicEventStream", {"id": 1, "pending": 0})
            assert isinstance(await csms.wait_for("NotifyPeriodicEventStream", since=0), Send)

    pair = play(act)
    assert raws(pair.at_station.trace(), "csms") == []


def test_results_nobody_asked_for_are_recorded_and_ignored() -> None:
    async def act(pair: Pair) -> None:
        async with pair.sessions() as (csms, station):
            csms.message(CallResult("unknown", {}))
            csms.message(CallResultError("unknown", "FormatViolation"))
            assert await station.heartbeat() is not None

    pair = play(act)
    assert len(raws(pair.at_station.trace(), "csms")) == 3


@pytest.mark.parametrize("text", ["", "[]", "{}", "[2]", '[2,"1","A",{},1]', '[9,"1",{}]', "[" * 99, '[2,"1","A",NaN]'])
def test_anything_can_be_sent_and_is_recorded_by_both(text: str) -> None:
    async def act(pair: Pair) -> None:
        async with pair.sessions() as (csms, station):
            csms.raw(text)
            assert await station.heartbeat() is not None

    pair = play(act)
    for trace in pair.seen():
        frame = next(trace.frames(sender="csms" if trace.tester == "station" else trace.tester))
        assert frame.raw == text.encode()
        assert frame.message is None
        assert frame.problem


def test_text_that_is_no_utf8_closes_with_1007() -> None:
    async def act(pair: Pair) -> None:
        async with pair.sessions() as (csms, station):
            csms.raw(b'[2,"1","\xff",{}]')
            assert await station.gone(5)

    pair = play(act)
    assert raws(pair.at_csms.trace(), "csms") == [b'[2,"1","\xff",{}]']
    assert events(pair.at_csms.trace(), EventKind.WS_CLOSE, "charger")[0].detail["code"] == 1007
    assert "UTF-8" in str(events(pair.at_station.trace(), EventKind.BROKEN, "csms")[0].detail["reason"])


def test_lone_surrogate_goes_out_as_octets() -> None:
    async def act(pair: Pair) -> None:
        async with pair.sessions() as (csms, station):
            csms.raw('["\ud800"]')
            assert await station.gone(5)

    pair = play(act)
    assert raws(pair.at_csms.trace(), "csms") == [b'["\xed\xa0\x80"]']


def test_fragments_are_one_frame_for_both() -> None:
    async def act(pair: Pair) -> None:
        async with pair.sessions() as (csms, station):
            csms.frame(1, b'[2,"1",', fin=False)
            csms.frame(9, b"between")
            csms.frame(0, b'"Reset",{}]')
            await station.wait_for("Reset", since=0)

    pair = play(act)
    for trace, sender in zip(pair.seen(), ("csms", "csms"), strict=True):
        assert raws(trace, sender) == [b'[2,"1","Reset",{}]']


@pytest.mark.parametrize(("opcode", "rsv"), [(3, 0), (1, 2), (0, 0)])
def test_broken_frames_are_refused_and_named(opcode: int, rsv: int) -> None:
    async def act(pair: Pair) -> None:
        async with pair.sessions() as (csms, station):
            csms.frame(opcode, b"x", rsv=rsv)
            assert await station.gone(5)

    pair = play(act)
    assert events(pair.at_station.trace(), EventKind.BROKEN, "csms")
    assert events(pair.at_csms.trace(), EventKind.WS_CLOSE, "charger")[0].detail["code"] == 1002


def test_octets_and_binary_messages() -> None:
    async def act(pair: Pair) -> None:
        async with pair.sessions() as (csms, station):
            csms.binary(b'[2,"1","Reset",{}]')
            await station.wait_for("Reset", since=0)
            csms.octets(b"\xff\xff")
            assert await station.gone(5)

    pair = play(act)
    assert "ffff" in str(events(pair.at_csms.trace(), EventKind.BROKEN, "csms")[0].detail["reason"])


def test_ping_and_a_tester_that_does_not_answer_it() -> None:
    got: list[bool] = []

    async def act(pair: Pair) -> None:
        async with pair.sessions() as (csms, station):
            csms.ping(b"1")
            got.append(await csms.pong(5))
            station.auto_pong = False
            csms.ping(b"2")
            got.append(await csms.pong(5))

    pair = play(act)
    assert got == [True, False]
    at_csms, at_station = pair.seen()
    assert len(events(at_csms, EventKind.PING, "csms")) == 2
    assert len(events(at_csms, EventKind.PONG, "charger")) == 1
    assert len(events(at_station, EventKind.PING, "csms")) == 2
    assert len(events(at_station, EventKind.PONG, "station")) == 1


def test_too_large_a_message_is_closed_with_1009_and_both_live() -> None:
    async def act(pair: Pair) -> None:
        async with pair.sessions() as (csms, station):
            station.raw(b'"' + b"x" * 2_000_000 + b'"')
            assert await csms.gone(5)
        async with pair.sessions() as (_, station):
            assert await station.heartbeat() is not None

    pair = play(act)
    assert events(pair.at_station.trace(), EventKind.WS_CLOSE, "csms")[0].detail["code"] == 1009


def test_passwords_are_in_no_record() -> None:
    new = "another-secret-of-30-letters!!"

    async def act(pair: Pair) -> None:
        seen: list[str] = []

        def take(call: Call) -> Answer:
            seen.append(call.payload["setVariableData"][0]["attributeValue"])
            return {"setVariableResult": []}

        pair.station.answers["SetVariables"] = take
        async with pair.sessions() as (csms, station):
            one = {
                "attributeValue": new,
                "component": {"name": "SecurityCtrlr"},
                "variable": {"name": "BasicAuthPassword"},
            }
            await csms.call("SetVariables", {"setVariableData": [one]})
            await station.call("DataTransfer", {"vendorId": "x", "data": f"it is {PASSWORD}"})
        assert seen == [new]  # the peer got it all the same

    pair = play(act)
    for trace in pair.seen():
        assert new not in repr(trace.records)
        assert PASSWORD not in repr(trace.records)


def test_two_connections_at_once_do_not_mix() -> None:
    got: list[Any] = []

    async def act(pair: Pair) -> None:
        pair.csms.passwords["S2"] = PASSWORD
        async with (
            pair.sessions() as (first, one),
            pair.sessions(identity="S2", editions=["ocpp2.0.1"]) as (second, two),
        ):
            assert (first.link, second.link) == ("ws-1", "ws-2")
            assert (first.identity, second.identity) == ("V2GREADY-1", "S2")
            one.answers["Reset"] = {"status": "Scheduled"}
            got.extend(await asyncio.gather(first.call("Reset", {}), second.call("Reset", {}), two.boot(), one.boot()))
            second.abort()
            assert await one.heartbeat() is not None

    pair = play(act)
    assert [one.payload["status"] for one in got] == ["Scheduled", "Accepted", "Accepted", "Accepted"]
    assert {one.link for one in pair.at_csms.trace().frames()} == {"ws-1", "ws-2"}


def test_full_trace_ends_the_case() -> None:
    async def act(pair: Pair) -> None:
        async with pair.sessions() as (csms, station):
            for number in range(99_999):
                station.post("Heartbeat", {"n": number})
                if not number % 100:
                    await csms.silence(0.01)

    with pytest.raises(TraceFull):
        play(act)


def test_the_same_over_real_sockets_with_client_certificates() -> None:
    got: list[Any] = []

    async def act(pair: Pair) -> None:
        async with pair.sessions() as (csms, station):
            got.append(await station.boot())
            got.append(await csms.call("GetBaseReport", {"requestId": 1, "reportBase": "FullInventory"}))
            got.append(await csms.wait_for("NotifyReport", since=0, within=5))
            station.ping()
            assert await station.pong(5)

    pair = play_on_sockets(act, 3)
    assert got[0].payload["status"] == "Accepted"
    assert got[2].payload["requestId"] == 1
    (tls,) = events(pair.at_csms.trace(), EventKind.TLS_ESTABLISHED)
    assert "CN=V2GREADY-0001" in str(tls.detail["peer_subject"])
