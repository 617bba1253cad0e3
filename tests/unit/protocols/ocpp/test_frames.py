"""OCPP-J frames: reference 1, test ideas F10 to F13, F23 to F25."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2gready.protocols.dissect import dissect, plain
from v2gready.protocols.ocpp.frames import (
    MAX_NESTING,
    Call,
    CallError,
    CallResult,
    CallResultError,
    ErrorCode,
    Malformed,
    Message,
    MessageType,
    Send,
    encode,
    parse,
)

words = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
ids = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=36)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
    max_leaves=15,
)
payloads = st.dictionaries(words, values, max_size=5)
codes = st.sampled_from(ErrorCode).map(str) | words
messages = st.one_of(
    st.builds(Call, ids, words, payloads),
    st.builds(CallResult, ids, payloads),
    st.builds(CallError, ids, codes, words, payloads),
    st.builds(CallResultError, ids, codes, words, payloads),
    st.builds(Send, ids, words, payloads),
)

# Reference 7: names that do not survive a conversion to snake case and back.
NAMES = (
    *(
        f"{name}_{phase}"
        for name in ("limit", "dischargeLimit", "setpoint", "setpointReactive")
        for phase in ("L2", "L3")
    ),
    *(f"{name}_{phase}" for name in ("maxChargePower", "minDischargePower") for phase in ("L2", "L3")),
    *("fixedPFAbsorb", "fixedPFInject", "fixedPF", "evSupportedDERControl", "evDurationLevel1DCInjection"),
    *("priceScheduleID", "taxRuleID", "prioritizedEMAIDs", "receiptUrl", "soC", "soH"),
)


@given(messages)
def test_what_is_encoded_is_parsed_equal(message: Message) -> None:
    text = encode(message)
    again = parse(text)
    assert again == message
    assert type(again) is type(message)
    # Equality takes 5 for 5.0; the text does not.
    assert encode(again) == text  # type: ignore[arg-type] # what was parsed is no Malformed here
    assert parse(text.encode()) == message


@given(messages)
def test_the_dissector_reads_the_same_and_shows_it_as_a_tree(message: Message) -> None:
    raw = encode(message).encode()
    assert dissect("ocpp", raw) == (message, "")
    tree = json.loads(json.dumps(plain(message)))
    (name,) = tree
    assert name.startswith(type(message).__name__)
    assert tree[name]["id"] == message.id


@given(st.text() | st.binary())
def test_anything_is_a_message_or_malformed(data: str | bytes) -> None:
    found = parse(data)
    assert isinstance(found, Malformed | Message)
    if isinstance(data, bytes):
        message, problem = dissect("ocpp", data)
        assert (message is None) == bool(problem)


elements = st.one_of(values, st.integers(-1, 8), st.sampled_from(["2", "Heartbeat", {}, [], "x" * 37, True, 2.0]))


@given(st.lists(elements, max_size=7) | values)
def test_any_json_is_a_message_or_malformed(value: Any) -> None:
    found = parse(json.dumps(value))
    assert isinstance(found, Malformed | Message)
    if isinstance(found, Malformed):
        assert 1 <= len(found.id) <= 36
        assert found.sentence


@given(messages, st.data())
def test_one_changed_octet_is_a_message_or_malformed(message: Message, data: st.DataObject) -> None:
    raw = bytearray(encode(message).encode())
    raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    assert isinstance(parse(bytes(raw)), Malformed | Message)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_survives_both_ways(name: str) -> None:
    text = f'[2,"1","SetDERControl",{{"{name}":{{"{name}":[8.1]}}}}]'
    message = parse(text)
    assert message == Call("1", "SetDERControl", {name: {name: [8.1]}})
    assert encode(message) == text  # type: ignore[arg-type] # what was parsed is no Malformed here


def test_every_limit_of_one_decimal_survives_both_ways() -> None:
    for tenths in range(2001):
        literal = f"{tenths // 10}.{tenths % 10}"
        text = f'[2,"1","SetChargingProfile",{{"limit":{literal}}}]'
        message = parse(text)
        assert isinstance(message, Call)
        assert str(message.payload["limit"]) == literal
        assert encode(message) == text
        assert encode(Call("1", "SetChargingProfile", {"limit": tenths / 10})) == text


@pytest.mark.parametrize(
    ("text", "message_id", "code", "kind"),
    [
        ("", "-1", ErrorCode.RPC_FRAMEWORK_ERROR, None),
        ("{}", "-1", ErrorCode.RPC_FRAMEWORK_ERROR, None),
        ("[]", "-1", ErrorCode.RPC_FRAMEWORK_ERROR, None),
        ('[2,"1","Heartbeat",{},]', "-1", ErrorCode.RPC_FRAMEWORK_ERROR, None),
        ('\ufeff[2,"1","Heartbeat",{}]', "-1", ErrorCode.RPC_FRAMEWORK_ERROR, None),
        ('[2,"1","Heartbeat",{}] []', "-1", ErrorCode.RPC_FRAMEWORK_ERROR, None),
        ("[2]", "-1", ErrorCode.RPC_FRAMEWORK_ERROR, MessageType.CALL),
        ('[2,"1"]', "1", ErrorCode.RPC_FRAMEWORK_ERROR, MessageType.CALL),
        ('[2,"1","Heartbeat"]', "1", ErrorCode.RPC_FRAMEWORK_ERROR, MessageType.CALL),
        ('[2,"1","Heartbeat",{},{}]', "1", ErrorCode.RPC_FRAMEWORK_ERROR, MessageType.CALL),
        ('[2,"","Heartbeat",{}]', "-1", ErrorCode.RPC_FRAMEWORK_ERROR, MessageType.CALL),
        ('[2,"' + "x" * 37 + '","Heartbeat",{}]', "-1", ErrorCode.RPC_FRAMEWORK_ERROR, MessageType.CALL),
        ('[2,7,"Heartbeat",{}]', "-1", ErrorCode.RPC_FRAMEWORK_ERROR, MessageType.CALL),
        ('[2,"1",["Heartbeat"],{}]', "1", ErrorCode.RPC_FRAMEWORK_ERROR, MessageType.CALL),
        ('[2,"1","Heartbeat",null]', "1", ErrorCode.FORMAT_VIOLATION, MessageType.CALL),
        ('[2,"1","Heartbeat",[]]', "1", ErrorCode.FORMAT_VIOLATION, MessageType.CALL),
        ('[3,"1",[]]', "1", ErrorCode.FORMAT_VIOLATION, MessageType.CALL_RESULT),
        ('[3,"1","Heartbeat",{}]', "1", ErrorCode.RPC_FRAMEWORK_ERROR, MessageType.CALL_RESULT),
        ('[4,"1","GenericError","",""]', "1", ErrorCode.RPC_FRAMEWORK_ERROR, MessageType.CALL_ERROR),
        ('[4,"1","GenericError",null,{}]', "1", ErrorCode.RPC_FRAMEWORK_ERROR, MessageType.CALL_ERROR),
        ('[5,"1",5,"",{}]', "1", ErrorCode.RPC_FRAMEWORK_ERROR, MessageType.CALL_RESULT_ERROR),
        ('[6,"1","NotifyPeriodicEventStream",7]', "1", ErrorCode.FORMAT_VIOLATION, MessageType.SEND),
        ('[9,"1","Heartbeat",{}]', "1", ErrorCode.MESSAGE_TYPE_NOT_SUPPORTED, None),
        ('["2","1","Heartbeat",{}]', "1", ErrorCode.MESSAGE_TYPE_NOT_SUPPORTED, None),
        ('[true,"1","Heartbeat",{}]', "1", ErrorCode.MESSAGE_TYPE_NOT_SUPPORTED, None),
        ('[2.0,"1","Heartbeat",{}]', "1", ErrorCode.MESSAGE_TYPE_NOT_SUPPORTED, None),
        ('[2,"1","Heartbeat",{"a":1,"a":2}]', "1", ErrorCode.FORMAT_VIOLATION, MessageType.CALL),
        ('[2,"1","Heartbeat",{"a":NaN}]', "1", ErrorCode.FORMAT_VIOLATION, MessageType.CALL),
        ('[2,"1","Heartbeat",{"a":-Infinity}]', "1", ErrorCode.FORMAT_VIOLATION, MessageType.CALL),
        ('[2,"1","Heartbeat",{"a":1e400}]', "1", ErrorCode.FORMAT_VIOLATION, MessageType.CALL),
        ('[3,"1",{"a":1e400}]', "1", ErrorCode.FORMAT_VIOLATION, MessageType.CALL_RESULT),
        ('[2,"1","Heartbeat",{"a":"\\ud800"}]', "1", ErrorCode.FORMAT_VIOLATION, MessageType.CALL),
        ('[2,"1","Heartbeat",{"a":"\n"}]', "-1", ErrorCode.RPC_FRAMEWORK_ERROR, None),
        ('[2,"1","Heartbeat",{"a":' + "9" * 5000 + "}]", "-1", ErrorCode.RPC_FRAMEWORK_ERROR, None),
        ("[" * 100_000, "-1", ErrorCode.RPC_FRAMEWORK_ERROR, None),
    ],
)
def test_what_is_no_message_is_told_with_the_id_it_shows(
    text: str, message_id: str, code: ErrorCode, kind: MessageType | None
) -> None:
    found = parse(text)
    assert isinstance(found, Malformed)
    assert (found.id, found.code, found.type) == (message_id, code, kind)


def test_octets_that_are_no_utf_8_are_no_message() -> None:
    assert isinstance(parse(b'[2,"1","Heartbeat",{"a":"\xff"}]'), Malformed)
    assert isinstance(parse('[2,"1","Heartbeat",{"a":"\ud800"}]'), Malformed)
    assert isinstance(parse('[2,"1","Heartbeat",{}]'.encode("utf-16")), Malformed)


@pytest.mark.parametrize(("levels", "accepted"), [(MAX_NESTING - 2, True), (MAX_NESTING - 1, False)])
def test_nesting_is_limited(levels: int, accepted: bool) -> None:
    text = '[2,"1","DataTransfer",{"data":' + "[" * levels + '"[[[{{{\\""' + "]" * levels + "}]"
    assert isinstance(parse(text), Call) == accepted


def test_brackets_side_by_side_are_not_nested() -> None:
    assert isinstance(parse('[2,"1","DataTransfer",{"data":[' + ",".join(["[{}]"] * 1000) + "]}]"), Call)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("part", ['\\"', '"', "\\", "[", "{", '{"', '"a":', "[]", '"\\"'])
def test_a_large_hostile_text_takes_linear_time(part: str) -> None:
    assert isinstance(parse("[" * 65 + part * (2_000_000 // len(part))), Malformed)
    assert isinstance(parse("[" * 40 + part * (2_000_000 // len(part))), Malformed)


def test_an_unknown_error_code_is_kept_as_sent() -> None:
    assert parse('[4,"1","Tea","",{}]') == CallError("1", "Tea")


def test_half_a_character_can_be_sent_as_an_escape() -> None:
    assert encode(Call("1", "A", {"a": "é\ud800"})) == '[2,"1","A",{"a":"\\u00e9\\ud800"}]'


def test_a_number_that_is_none_cannot_be_encoded() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        encode(Call("1", "A", {"a": float("nan")}))


@pytest.mark.parametrize(
    ("message", "name"),
    [
        (Call("1", "Heartbeat", {}), "Call Heartbeat"),
        (Send("1", "x" * 500, {}), "Send " + "x" * 40),
        (CallResult("1", {}), "CallResult"),
        (CallError("1", "NotSupported"), "CallError NotSupported"),
        (CallResultError("1", "FormatViolation"), "CallResultError FormatViolation"),
    ],
)
def test_the_tree_of_a_message_has_the_name_a_reader_looks_for(message: Message, name: str) -> None:
    assert list(plain(message) or {}) == [name]
