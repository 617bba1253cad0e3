"""One end of a connection: calls, answers, time-outs (reference 1; test ideas F01, F10 to F21, F25)."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from v2gready.protocols.ocpp.editions import Edition
from v2gready.protocols.ocpp.frames import Call, CallError, CallResult, CallResultError, ErrorCode, Malformed, Send
from v2gready.protocols.ocpp.rpc import (
    MAX_OPEN,
    REMEMBERED,
    TRANSITIONS,
    Answered,
    Broken,
    Called,
    Input,
    Lost,
    Phase,
    Reaction,
    Refused,
    ResultRefused,
    Rpc,
    RpcEvent,
    Sent,
    TimedOut,
    Unmatched,
)

V21, V201 = Edition.V21, Edition.V201
NOW = "2026-01-01T00:00:00Z"
BEAT = {"currentTime": NOW}
STREAM = {"id": 1, "pending": 0, "basetime": NOW, "data": [{"t": 0, "v": "1"}]}


def endpoint(edition: Edition = V21, *, strict: bool = True) -> Rpc:
    """An endpoint whose message ids are m1, m2, ..."""
    numbers = itertools.count(1)
    return Rpc(edition, timeout=30, new_id=lambda: f"m{next(numbers)}", strict=strict)


def out(rpc: Rpc) -> list[Any]:
    """What goes onto the wire."""
    return [json.loads(text) for text in rpc.outgoing()]


def take(rpc: Rpc, value: Any, now: float = 0) -> list[RpcEvent]:
    """Gives a frame to the endpoint."""
    return rpc.receive(value if isinstance(value, str | bytes) else json.dumps(value), now)


# --- the table ---------------------------------------------------------------------------------------------------


def idle() -> Rpc:
    """Nothing is open."""
    return endpoint()


def opened() -> Rpc:
    """The call m1 is open, sent at 0."""
    rpc = endpoint()
    rpc.call("Heartbeat", {}, 0)
    rpc.outgoing()
    return rpc


def feed(rpc: Rpc, happened: Input) -> list[RpcEvent]:
    """One input."""
    match happened:
        case Input.CALL:
            rpc.call("Heartbeat", {}, 5)
            return []
        case Input.REPLY:
            return take(rpc, [3, "m1", BEAT])
        case Input.FOREIGN:
            return take(rpc, [3, "x", BEAT])
        case Input.TIMEOUT:
            return rpc.handle_timeout(30)
        case Input.LOST:
            return rpc.lost(5)


@pytest.mark.parametrize(("phase", "happened"), list(itertools.product(Phase, Input)))
def test_every_transition_of_the_table(phase: Phase, happened: Input) -> None:
    rpc = idle() if phase is Phase.IDLE else opened()
    events = feed(rpc, happened)
    if (phase, happened) not in TRANSITIONS:
        # Impossible by construction: no answer can match and no time can run out while nothing is open.
        assert phase is Phase.IDLE
        assert happened in {Input.REPLY, Input.TIMEOUT}
        assert [type(one) for one in events] == ([Unmatched] if happened is Input.REPLY else [])
        return
    reaction, after = TRANSITIONS[phase, happened]
    assert (rpc.open_call is None) == (after is Phase.IDLE)
    assert (rpc.next_timeout() is None) == (after is Phase.IDLE)
    match reaction:
        case Reaction.TRANSMIT:
            assert out(rpc) == [[2, "m1", "Heartbeat", {}]]
        case Reaction.QUEUE:
            assert out(rpc) == []
            assert [one.id for one in rpc.queued] == ["m2"]
        case Reaction.FINISH:
            (event,) = events
            assert isinstance(event, Answered | TimedOut | Lost)
            assert event.call.id == "m1"
        case Reaction.DISCARD:
            assert all(isinstance(one, Unmatched) for one in events)


def test_the_table_names_every_input_of_the_open_phase() -> None:
    assert {happened for phase, happened in TRANSITIONS if phase is Phase.OPEN} == set(Input)


# --- our calls ---------------------------------------------------------------------------------------------------


def test_a_call_waits_for_the_one_before_it() -> None:
    rpc = endpoint()
    assert [rpc.call("Heartbeat", {}, 0), rpc.call("Heartbeat", {}, 1), rpc.call("Heartbeat", {}, 2)] == [
        "m1",
        "m2",
        "m3",
    ]
    assert out(rpc) == [[2, "m1", "Heartbeat", {}]]
    assert rpc.next_timeout() == 30
    assert take(rpc, [3, "m1", BEAT], 10) == [Answered(Call("m1", "Heartbeat", {}), BEAT, ())]
    assert out(rpc) == [[2, "m2", "Heartbeat", {}]]
    assert rpc.next_timeout() == 40  # counts from when it was sent
    assert take(rpc, [4, "m2", "NotSupported", "no", {"a": 1}], 11) == [
        Refused(Call("m2", "Heartbeat", {}), CallError("m2", "NotSupported", "no", {"a": 1}))
    ]
    assert out(rpc) == [[2, "m3", "Heartbeat", {}]]


def test_calls_of_both_directions_cross() -> None:
    rpc = opened()
    assert take(
        rpc, [2, "a", "GetVariables", {"getVariableData": [{"component": {"name": "C"}, "variable": {"name": "V"}}]}]
    )
    assert rpc.error("a", ErrorCode.NOT_SUPPORTED)
    assert out(rpc) == [[4, "a", "NotSupported", "", {}]]
    assert isinstance(take(rpc, [3, "m1", BEAT])[0], Answered)


def test_the_same_id_in_both_directions_is_two_calls() -> None:
    rpc = opened()
    assert take(rpc, [2, "m1", "Heartbeat", {}]) == [Called(Call("m1", "Heartbeat", {}))]
    assert rpc.result("m1", BEAT)
    assert rpc.open_call is not None
    assert isinstance(take(rpc, [3, "m1", BEAT])[0], Answered)


def test_a_late_answer_is_discarded_and_shifts_nothing() -> None:
    rpc = opened()
    rpc.call("Heartbeat", {}, 1)
    assert rpc.handle_timeout(29.999) == []
    assert rpc.handle_timeout(30) == [TimedOut(Call("m1", "Heartbeat", {}))]
    assert out(rpc) == [[2, "m2", "Heartbeat", {}]]
    assert rpc.next_timeout() == 60
    assert take(rpc, [3, "m1", BEAT], 31) == [Unmatched(CallResult("m1", BEAT))]
    assert take(rpc, [3, "m2", BEAT], 32) == [Answered(Call("m2", "Heartbeat", {}), BEAT, ())]
    assert take(rpc, [3, "m2", BEAT], 33) == [Unmatched(CallResult("m2", BEAT))]
    assert out(rpc) == []


def test_an_answer_for_a_queued_call_is_for_nobody() -> None:
    rpc = opened()
    rpc.call("Heartbeat", {}, 1)
    assert take(rpc, [3, "m2", BEAT]) == [Unmatched(CallResult("m2", BEAT))]
    assert [one.id for one in rpc.queued] == ["m2"]


@pytest.mark.parametrize(
    "reply",
    [
        [3, "x", {}],
        [4, "x", "GenericError", "", {}],
        [4, "-1", "RpcFrameworkError", "", {}],
        [5, "x", "GenericError", "", {}],
    ],
)
def test_an_answer_nobody_waits_for_is_not_answered(reply: list[Any]) -> None:
    rpc = opened()
    assert [type(one) for one in take(rpc, reply)] == [Unmatched]
    assert out(rpc) == []
    assert rpc.open_call is not None


def test_a_call_can_be_tried_again_with_its_id() -> None:
    rpc = endpoint()
    assert rpc.call("Heartbeat", {}, 0, message_id="again") == "again"
    assert out(rpc) == [[2, "again", "Heartbeat", {}]]


def test_a_lost_connection_ends_every_call_and_sends_nothing_more() -> None:
    rpc = opened()
    rpc.call("Heartbeat", {}, 1)
    take(rpc, [2, "a", "Heartbeat", {}])
    rpc.send("NotifyPeriodicEventStream", STREAM)
    assert rpc.lost(2) == [Lost(Call("m1", "Heartbeat", {})), Lost(Call("m2", "Heartbeat", {}))]
    assert not rpc.result("a", BEAT)
    assert out(rpc) == []
    assert rpc.next_timeout() is None
    assert rpc.handle_timeout(100) == []
    assert rpc.call("Heartbeat", {}, 100) == "m4"
    assert len(out(rpc)) == 1


# --- results that break the schema -------------------------------------------------------------------------------


@pytest.mark.parametrize("edition", Edition)
def test_a_broken_result_is_told_to_a_peer_of_2_1_only(edition: Edition) -> None:
    rpc = endpoint(edition)
    rpc.call("Heartbeat", {}, 0)
    rpc.outgoing()
    (event,) = take(rpc, [3, "m1", {"currentTime": 5}])
    assert isinstance(event, Answered)
    assert [one.path for one in event.problems] == ["currentTime"]
    sent = out(rpc)
    assert [one[:3] for one in sent] == ([[5, "m1", "TypeConstraintViolation"]] if edition is V21 else [])


@pytest.mark.parametrize("edition", Edition)
@pytest.mark.parametrize("reply", ['[3,"m1",[]]', '[3,"m1",{"a":1,"a":2}]', '[3,"m1",{},{}]'])
def test_a_malformed_result_ends_its_call(edition: Edition, reply: str) -> None:
    rpc = endpoint(edition)
    rpc.call("Heartbeat", {}, 0)
    rpc.outgoing()
    (event,) = take(rpc, reply)
    assert isinstance(event, Broken)
    assert event.call == Call("m1", "Heartbeat", {})
    assert [one[:2] for one in out(rpc)] == ([[5, "m1"]] if edition is V21 else [])
    assert rpc.open_call is None


def test_a_malformed_error_ends_its_call_and_is_not_answered() -> None:
    rpc = opened()
    (event,) = take(rpc, '[4,"m1","GenericError","",""]')
    assert isinstance(event, Broken)
    assert event.call is not None
    assert out(rpc) == []


def test_a_malformed_answer_with_another_id_ends_nothing() -> None:
    rpc = opened()
    (event,) = take(rpc, '[3,"x",[]]')
    assert isinstance(event, Broken)
    assert event.call is None
    assert rpc.open_call is not None
    assert out(rpc) == []


def test_our_result_may_be_refused_in_2_1() -> None:
    rpc = endpoint()
    take(rpc, [2, "a", "Heartbeat", {}])
    rpc.result("a", {})
    error = CallResultError("a", "OccurrenceConstraintViolation")
    assert take(rpc, [5, "a", "OccurrenceConstraintViolation", "", {}]) == [ResultRefused("a", error)]
    for number in range(REMEMBERED):
        take(rpc, [2, f"b{number}", "Heartbeat", {}])
        rpc.result(f"b{number}", BEAT)
    assert take(rpc, [5, "a", "OccurrenceConstraintViolation", "", {}]) == [Unmatched(error)]


# --- calls of the peer -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("edition", "action", "payload", "code"),
    [
        (V21, "Tea", {}, "NotImplemented"),
        (V201, "SetDERControl", {}, "NotImplemented"),
        (V21, "NotifyPeriodicEventStream", STREAM, "NotImplemented"),
        (V21, "Reset", {}, "OccurrenceConstraintViolation"),
        (V201, "Reset", {}, "OccurenceConstraintViolation"),
        (V21, "Reset", {"type": 1}, "TypeConstraintViolation"),
        (V21, "Reset", {"type": "Tea"}, "PropertyConstraintViolation"),
        (V21, "Heartbeat", {"a": 1}, "FormatViolation"),
    ],
)
def test_a_call_that_breaks_the_schema_is_refused_and_kept_from_the_application(
    edition: Edition, action: str, payload: dict[str, Any], code: str
) -> None:
    rpc = endpoint(edition)
    (event,) = take(rpc, [2, "a", action, payload])
    assert isinstance(event, Broken)
    assert event.malformed.id == "a"
    ((kind, call_id, sent, description, details),) = out(rpc)
    assert (kind, call_id, sent, details) == (4, "a", code, {})
    assert 0 < len(description) <= 255
    assert not rpc.result("a", {})


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("no json", [4, "-1", "RpcFrameworkError"]),
        ('[2,"a","Heartbeat",{},]', [4, "-1", "RpcFrameworkError"]),
        ("{}", [4, "-1", "RpcFrameworkError"]),
        (b"\xff", [4, "-1", "RpcFrameworkError"]),
        ('[2,"","Heartbeat",{}]', [4, "-1", "RpcFrameworkError"]),
        ('[2,"a","Heartbeat"]', [4, "a", "RpcFrameworkError"]),
        ('[2,"a","Heartbeat",null]', [4, "a", "FormatViolation"]),
        ('[2,"a","Heartbeat",{"x":NaN}]', [4, "a", "FormatViolation"]),
        ('[9,"a","Heartbeat",{}]', None),
        ('["2","a","Heartbeat",{}]', None),
        ('[3,"a"]', None),
        ('[4,"a","GenericError",""]', None),
        ('[5,"a","GenericError",""]', None),
        ('[6,"a","NotifyPeriodicEventStream",[]]', None),
    ],
)
def test_a_malformed_message_is_answered_where_it_may_be_a_call(text: str | bytes, answer: list[Any] | None) -> None:
    rpc = endpoint()
    (event,) = take(rpc, text)
    assert isinstance(event, Broken)
    assert [one[:3] for one in out(rpc)] == ([answer] if answer else [])
    take(rpc, [2, "next", "Heartbeat", {}])
    assert rpc.result("next", BEAT)


@pytest.mark.parametrize(
    "text", ['[5,"a","GenericError","",{}]', json.dumps([6, "a", "NotifyPeriodicEventStream", STREAM])]
)
def test_2_0_1_has_neither_type_5_nor_6(text: str) -> None:
    rpc = endpoint(V201)
    (event,) = take(rpc, text)
    assert isinstance(event, Broken)
    assert event.malformed.code is ErrorCode.MESSAGE_TYPE_NOT_SUPPORTED
    assert out(rpc) == []
    with pytest.raises(ValueError, match="no SEND"):
        rpc.send("NotifyPeriodicEventStream", STREAM)


@pytest.mark.parametrize(
    ("action", "payload", "kind"),
    [
        ("NotifyPeriodicEventStream", STREAM, Sent),
        ("NotifyPeriodicEventStream", {}, Broken),
        ("Heartbeat", {}, Broken),
        ("Tea", {}, Broken),
    ],
)
def test_a_send_is_never_answered(action: str, payload: dict[str, Any], kind: type[RpcEvent]) -> None:
    rpc = endpoint()
    events = take(rpc, [6, "a", action, payload])
    assert [type(one) for one in events] == [kind]
    assert out(rpc) == []
    assert not rpc.result("a", {})
    assert not rpc.error("a", "GenericError")


def test_a_send_goes_out_while_a_call_is_open() -> None:
    rpc = opened()
    assert rpc.send("NotifyPeriodicEventStream", STREAM) == "m2"
    assert out(rpc) == [[6, "m2", "NotifyPeriodicEventStream", STREAM]]


def test_a_peer_with_several_open_calls_is_served_up_to_a_limit() -> None:
    rpc = endpoint()
    for number in range(MAX_OPEN):
        assert isinstance(take(rpc, [2, f"a{number}", "Heartbeat", {}])[0], Called)
    assert isinstance(take(rpc, [2, "more", "Heartbeat", {}])[0], Broken)
    assert [one[:3] for one in out(rpc)] == [[4, "more", "GenericError"]]
    assert rpc.result("a3", BEAT)
    assert rpc.result("a1", BEAT)
    assert [one[1] for one in out(rpc)] == ["a3", "a1"]


def test_a_call_is_answered_once() -> None:
    rpc = endpoint()
    take(rpc, [2, "a", "Heartbeat", {}])
    assert rpc.result("a", BEAT)
    assert not rpc.result("a", BEAT)
    assert not rpc.error("a", "GenericError")
    assert len(out(rpc)) == 1


def test_a_retry_with_the_same_id_gets_the_same_answer_and_has_one_effect() -> None:
    rpc = endpoint()
    take(rpc, [2, "a", "Heartbeat", {}])
    again = take(rpc, [2, "a", "Heartbeat", {}])
    assert [type(one) for one in again] == [Broken]  # still open: will be answered once
    assert out(rpc) == []
    rpc.result("a", BEAT)
    assert take(rpc, [2, "a", "Heartbeat", {}]) == []
    assert out(rpc) == [[3, "a", BEAT], [3, "a", BEAT]]


def test_another_call_with_a_used_id_is_refused() -> None:
    rpc = endpoint()
    take(rpc, [2, "a", "Heartbeat", {}])
    rpc.result("a", BEAT)
    rpc.outgoing()
    assert isinstance(take(rpc, [2, "a", "Reset", {"type": "Immediate"}])[0], Broken)
    assert [one[:3] for one in out(rpc)] == [[4, "a", "RpcFrameworkError"]]


def test_a_refused_call_can_be_tried_again() -> None:
    rpc = endpoint()
    take(rpc, [2, "a", "Heartbeat", {}])
    rpc.error("a", "InternalError", "x" * 300)
    assert len(out(rpc)[0][3]) == 255
    assert take(rpc, [2, "a", "Heartbeat", {}]) == [Called(Call("a", "Heartbeat", {}))]


def test_a_broken_call_with_the_id_of_an_open_one_is_not_answered() -> None:
    rpc = endpoint()
    take(rpc, [2, "a", "Heartbeat", {}])
    assert isinstance(take(rpc, '[2,"a","Heartbeat"]')[0], Broken)
    assert out(rpc) == []


# --- an endpoint that answers nothing by itself ------------------------------------------------------------------


@pytest.mark.parametrize("action", ["Heartbeat", "Tea"])
def test_not_strict_every_call_and_send_is_told_and_nothing_answered(action: str) -> None:
    rpc = endpoint(strict=False)
    assert take(rpc, [2, "a", action, {"x": 1}]) == [Called(Call("a", action, {"x": 1}))]
    assert take(rpc, [2, "a", action, {"x": 2}]) == [Called(Call("a", action, {"x": 2}))]
    assert take(rpc, [6, "b", action, {"x": 1}]) == [Sent(Send("b", action, {"x": 1}))]
    assert isinstance(take(rpc, "no json")[0], Broken)
    rpc.call("Heartbeat", {}, 0)
    (answered,) = take(rpc, [3, "m1", {}])
    assert isinstance(answered, Answered)
    assert answered.problems
    assert out(rpc) == [[2, "m1", "Heartbeat", {}]]


# --- anything ----------------------------------------------------------------------------------------------------

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(0, 9)
    | st.sampled_from(["m1", "a", "Heartbeat", "-1"])
    | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=8,
)


@given(st.sampled_from(Edition), st.lists(st.text() | st.binary() | json_values.map(json.dumps), max_size=6))
def test_nothing_a_peer_sends_raises(edition: Edition, stream: list[str | bytes]) -> None:
    rpc = endpoint(edition)
    rpc.call("Heartbeat", {}, 0)
    for data in stream:
        rpc.receive(data, 0)
    for frame in out(rpc)[1:]:
        assert frame[0] == 4 or (frame[0] == 5 and edition is V21)
        assert 1 <= len(frame[1]) <= 36
        assert len(frame[3]) <= 255


class Pair(RuleBasedStateMachine):
    """Two endpoints over a lossy, delaying but ordered wire. Each call ends exactly once, and never two are open."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.ends = {side: Rpc(V21, timeout=10, new_id=self._ids(side)) for side in "AB"}
        self.wire: dict[str, list[str]] = {"A": [], "B": []}
        self.called: list[str] = []
        self.ended: list[str] = []
        self.waiting: dict[str, list[str]] = {"A": [], "B": []}

    def _ids(self, side: str) -> Any:
        numbers = itertools.count()
        return lambda: f"{side}{next(numbers)}"

    def _flush(self) -> None:
        for side, rpc in self.ends.items():
            self.wire["B" if side == "A" else "A"] += rpc.outgoing()

    def _note(self, side: str, events: list[RpcEvent]) -> None:
        for event in events:
            match event:
                case Called(call):
                    self.waiting[side].append(call.id)
                case Answered(call, payload, problems):
                    assert problems == ()
                    assert payload["currentTime"] == NOW
                    self.ended.append(call.id)
                case Refused(call) | TimedOut(call):
                    self.ended.append(call.id)
                case Unmatched(message):
                    assert message.id in self.ended
                case _:
                    raise AssertionError(event)
        self._flush()

    @rule(side=st.sampled_from("AB"))
    def call(self, side: str) -> None:
        self.called.append(self.ends[side].call("Heartbeat", {}, self.now))
        self._flush()

    @rule(side=st.sampled_from("AB"), lost=st.booleans())
    def deliver(self, side: str, lost: bool) -> None:
        if self.wire[side]:
            text = self.wire[side].pop(0)
            if not lost:
                self._note(side, self.ends[side].receive(text, self.now))

    @rule(side=st.sampled_from("AB"), refuse=st.booleans())
    @precondition(lambda self: any(self.waiting.values()))
    def answer(self, side: str, refuse: bool) -> None:
        if self.waiting[side]:
            call_id = self.waiting[side].pop()
            rpc = self.ends[side]
            assert rpc.error(call_id, "GenericError") if refuse else rpc.result(call_id, BEAT)
            self._flush()

    @rule(seconds=st.floats(0, 12))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        for side, rpc in self.ends.items():
            self._note(side, rpc.handle_timeout(self.now))

    @invariant()
    def each_call_ends_once_and_in_order(self) -> None:
        assert len(self.ended) == len(set(self.ended))
        for side, rpc in self.ends.items():
            mine = [one for one in self.called if one.startswith(side)]
            ended = [one for one in self.ended if one.startswith(side)]
            pending = [rpc.open_call.id] if rpc.open_call else []
            assert ended + pending + [one.id for one in rpc.queued] == mine
            assert rpc.open_call or not rpc.queued


TestPair = Pair.TestCase


def test_malformed_is_the_reason_in_the_event() -> None:
    (event,) = take(endpoint(), [2, "a", "Tea", {}])
    assert isinstance(event, Broken)
    assert isinstance(event.malformed, Malformed)
    assert "Tea" in event.malformed.sentence
