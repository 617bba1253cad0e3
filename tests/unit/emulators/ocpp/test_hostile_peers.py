"""A hostile peer costs an emulator nothing: it does not raise, it says what came, and the next peer is served."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.unit.emulators.ocpp import hostile
from tests.unit.emulators.ocpp.hostile import (
    BIG,
    MANY_KEYS,
    MIB,
    PORT,
    ROLES,
    RUBBISH,
    SIDES,
    Attack,
    Bare,
    against_csms,
    against_station,
    attacked,
    call,
    frame,
    in_turn,
    octets,
    repeated,
    text,
)
from tests.unit.emulators.pair import PASSWORD, pki
from v2gready.emulators.csms import EMULATOR as CSMS
from v2gready.emulators.station import EMULATOR as STATION
from v2gready.model.trace import Event, EventKind, Frame, Trace
from v2gready.protocols.ocpp.frames import Call
from v2gready.protocols.ocpp.pki import CSMS_HOST
from v2gready.transports.clock import Clock, run
from v2gready.transports.nullmodem import NullLink
from v2gready.transports.recorder import TraceFull
from v2gready.transports.stream import ByteStream, Endpoint
from v2gready.transports.tls import backend_client_context, backend_server_context
from v2gready.transports.websocket import Decision, WebSocket, basic_authorization


@dataclass(frozen=True)
class Told:
    """An event that has to be in the trace."""

    kind: str
    peer: bool
    detail: dict[str, Any] = field(default_factory=dict)
    """Numbers have to be equal, texts contained."""


def broken(reason: str) -> Told:
    return Told(EventKind.BROKEN, True, {"reason": reason})


def violation(reason: str, code: int = 1002) -> tuple[Told, Told]:
    return broken(reason), Told(EventKind.WS_CLOSE, False, {"code": code})


def ended(how: str, unfinished: int, *, peer: bool) -> Told:
    return Told(EventKind.CLOSED, peer, {"how": how, "unfinished": unfinished})


def check(trace: Trace, side: str, *expected: str | Told) -> None:
    """Texts are problems of frames."""
    role = ROLES[side]
    problems = [one.problem for one in trace.frames(sender=role.peer)]
    for one in expected:
        if isinstance(one, str):
            assert any(one in problem for problem in problems), (one, problems)
        else:
            found = list(trace.events(one.kind, source=role.peer if one.peer else role.own))
            assert any(fits(event, one.detail) for event in found), (one, told(trace))


def fits(event: Event, detail: dict[str, Any]) -> bool:
    seen = event.detail
    return all(
        value in str(seen.get(name, "")) if isinstance(value, str) else seen.get(name) == value
        for name, value in detail.items()
    )


def told(trace: Trace) -> list[Any]:
    return [
        (one.kind, one.source, dict(one.detail)) if isinstance(one, Event) else (one.sender, one.problem)
        for one in trace.records
        if isinstance(one, Event | Frame)
    ][:40]


# -- what is no OCPP ---------------------------------------------------------------------------------------------------

NO_OCPP: dict[str, tuple[str, str]] = {
    "nested": (call("[" * 100 + "]" * 100), "nested deeper than 64 levels"),
    "nested a million times": ("[" * 1_000_000, "nested deeper than 64 levels"),
    "nested beside a password": (call('{"password":' + "[" * 900_000), "nested deeper than 64 levels"),
    "NaN": (call('{"x":NaN}'), "NaN is no JSON number"),
    "infinity": (call('{"x":-Infinity}'), "-Infinity is no JSON number"),
    "1e400": (call('{"x":1e400}'), "too large for any reader"),
    "a number of 100,000 digits": (call('{"x":' + "9" * 100_000 + "}"), "100000 digits"),
    "duplicate keys": (call('{"x":1,"x":2}'), "the key 'x' stands twice"),
    "a duplicate among 3,000 keys": (call(MANY_KEYS), "the key 'x' stands twice"),
    "half a character": (call('{"x":"\\ud800"}'), "half a character"),
    "a CALLRESULT with a list": ('[3,"1",[1,2]]', "the payload is no object"),
    "a CALL with a list": (call("[1]"), "the payload is no object"),
    "nothing": ("", "no JSON"),
    "an empty list": ("[]", "no array with elements"),
    "an object": ('{"a":1}', "no array with elements"),
    "unknown type": ('[9,"1",{}]', "9 is no message type number"),
    "an id of 100,000 characters": (f'[2,"{"i" * 100_000}","Heartbeat",{{}}]', "no string of 1 to 36"),
    "an error without details": ('[4,"1","InternalError",""]', "CALL_ERROR has 5 elements, this one 4"),
    "cut off": ('[2,"1","Heartbeat",{"x":', "no JSON"),
}


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("name", NO_OCPP)
def test_what_is_no_ocpp_is_a_frame_with_its_problem(name: str, side: str) -> None:
    data, problem = NO_OCPP[name]
    trace = attacked(side, text(data))
    check(trace, side, problem)
    assert next(iter(trace.frames(sender=ROLES[side].peer))).raw == data.encode()


@pytest.mark.parametrize("side", SIDES)
def test_binary_rubbish_is_a_frame_with_its_problem(side: str) -> None:
    check(attacked(side, frame(2, RUBBISH)), side, "the text is no UTF-8")


# -- what is no WebSocket ----------------------------------------------------------------------------------------------

NO_WEBSOCKET: dict[str, tuple[Attack, tuple[Told, ...]]] = {
    "no UTF-8": (frame(1, b'[2,"1","\xff\xfe",{}]'), violation("no UTF-8 at octet 8", 1007)),
    "UTF-8 cut off": (frame(1, b'"\xe2\x82'), violation("no UTF-8", 1007)),
    "one octet too many": (frame(1, b"x" * (MIB + 1)), violation("1048577 bytes", 1009)),
    "16 MB of JSON": (text(BIG), violation("exceeds limit of 1048576", 1009)),
    "a length of 2^63 - 1": (hostile.boundless, violation("9223372036854775807 bytes", 1009)),
    "fragments over the limit": (
        in_turn(frame(1, bytes(60_000), fin=False), repeated(40, frame(0, bytes(60_000), fin=False))),
        violation("exceeds limit", 1009),
    ),
    "reserved opcode": (frame(3, b"x"), violation("opcode")),
    "reserved control opcode": (frame(11), violation("opcode")),
    "reserved bit": (frame(1, b"[]", rsv=2), violation("reserved bits must be 0")),
    "compressed without agreement": (frame(1, b"[]", rsv=4), violation("reserved bits must be 0")),
    "ping in fragments": (frame(9, b"x", fin=False), violation("fragmented control frame")),
    "ping of 126 octets": (frame(9, bytes(126)), violation("control frame too long")),
    "continuation of nothing": (frame(0, b"x"), violation("unexpected continuation frame")),
    "text within a text": (
        in_turn(frame(1, b"[", fin=False), frame(1, b"[")),
        violation("expected a continuation frame"),
    ),
    "wrongly masked": (hostile.wrongly_masked, violation("incorrect masking")),
    "HTTP": (octets(b"GET / HTTP/1.1\r\nHost: csms\r\n\r\n"), violation("")),
    "close code of one octet": (frame(8, b"\x03"), violation("close frame too short")),
    "close code 1005": (frame(8, (1005).to_bytes(2)), violation("invalid status code")),
    "close reason without UTF-8": (frame(8, b"\x03\xe8\xff"), violation("invalid", 1007)),
}


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("name", NO_WEBSOCKET)
def test_what_is_no_websocket_is_told_and_closed(name: str, side: str) -> None:
    attack, expected = NO_WEBSOCKET[name]
    trace = attacked(side, attack)
    check(trace, side, *expected)
    assert any(trace.events(EventKind.BROKEN, source=ROLES[side].peer)), told(trace)


@pytest.mark.parametrize("side", SIDES)
def test_compressed_bomb(side: str) -> None:
    check(attacked(side, hostile.bomb, compression=True), side, *violation("exceeds limit", 1009))


@pytest.mark.parametrize("side", SIDES)
def test_16_mb_where_16_mb_are_welcome(side: str) -> None:
    trace = attacked(side, text(BIG), max_size=32 * MIB)
    seen = next(iter(trace.frames(sender=ROLES[side].peer)))
    assert len(seen.raw) == len(BIG)
    assert isinstance(seen.message, Call)


# -- half of something -------------------------------------------------------------------------------------------------

FRAGMENT = frame(1, b"[2", fin=False)


@pytest.mark.parametrize("side", SIDES)
def test_half_a_frame_and_then_silence(side: str) -> None:
    trace = attacked(side, hostile.half_a_frame)
    check(trace, side, Told(EventKind.TIMEOUT, False, {"timer": "close"}), ended("reset", half(side), peer=False))


@pytest.mark.parametrize("side", SIDES)
def test_reset_in_mid_frame(side: str) -> None:
    check(attacked(side, in_turn(hostile.half_a_frame, hostile.reset)), side, ended("reset", half(side), peer=True))


@pytest.mark.parametrize("side", SIDES)
def test_reset_between_fragments(side: str) -> None:
    check(attacked(side, in_turn(FRAGMENT, hostile.reset)), side, ended("reset", 2, peer=True))


@pytest.mark.parametrize("side", SIDES)
def test_fragments_without_end(side: str) -> None:
    trace = attacked(side, in_turn(FRAGMENT, repeated(20_000, frame(0, b"", fin=False)), frame(0, b"x", fin=False)))
    check(trace, side, ended("reset", 3, peer=False))


@pytest.mark.parametrize("side", SIDES)
def test_a_call_in_fragments_of_one_octet_is_a_call(side: str) -> None:
    data = call("{}").encode()
    pieces = [frame(0, data[at : at + 1], fin=at == len(data) - 1) for at in range(1, len(data))]
    trace = attacked(side, in_turn(frame(1, data[:1], fin=False), *pieces))
    assert next(iter(trace.frames(sender=ROLES[side].peer))).message == Call("1", "Heartbeat", {})


def half(side: str) -> int:
    """Octets of half a frame; a client's has a mask."""
    return 2 + len(call("{}")) - 10 + (4 if side == "csms" else 0)


# -- floods ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", SIDES)
def test_pings_whose_pongs_nobody_reads(side: str) -> None:
    trace = attacked(side, repeated(5000, frame(9, bytes(125))))
    seen = list(trace.events(EventKind.PING, source=ROLES[side].peer))
    assert 100 < len(seen) < 5000  # back pressure
    check(trace, side, Told(EventKind.TIMEOUT, False, {"timer": "close"}))


@pytest.mark.parametrize("side", SIDES)
def test_calls_whose_answers_nobody_reads_and_then_a_violation(side: str) -> None:
    trace = attacked(side, in_turn(repeated(4000, text(call("{}"))), frame(3)))
    check(trace, side, *violation("opcode"))


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("attack", [text("1"), frame(9)], ids=["messages", "pings"])
def test_50_000_tiny_frames_fill_the_trace_and_nothing_else(side: str, attack: Attack) -> None:
    flood = repeated(50_000, attack)

    async def main() -> Trace:
        link, clock = NullLink(), Clock()
        alone = asyncio.all_tasks()
        recorder = hostile.recorder_of(clock, side, limit=5000)
        async with link.host("csms") as back, link.host("station") as front:
            if side == "csms":
                async with CSMS.open(hostile.csms_config(), recorder, clock, back) as csms:
                    stream = await hostile.dial(front, csms.endpoint)
                    await flood(await hostile.open_as_station(stream), True)
                    with pytest.raises(TraceFull):
                        await csms.watch(hostile.WATCH)
            else:

                async def serve(stream: ByteStream) -> None:
                    await flood(await hostile.open_as_csms(stream), False)

                await back.listen(serve, port=PORT)
                config = hostile.station_config(Endpoint(back.address, PORT))
                async with STATION.open(config, recorder, clock, front) as station:
                    session = await station.open()
                    with pytest.raises(TraceFull):
                        await session.silence(hostile.WATCH)
            assert not hostile.others(alone)
        return recorder.trace()

    trace = run(main(), virtual=True)
    assert len(trace.records) == 5001
    assert any(trace.events(EventKind.TRACE_FULL))


@pytest.mark.parametrize("side", SIDES)
def test_memory_is_given_back(side: str) -> None:
    def all_of_them() -> None:
        attacked(side, text(BIG))
        attacked(side, hostile.bomb, compression=True)
        attacked(side, text("[" * 1_000_000))
        gc.collect()

    all_of_them()
    tracemalloc.start()
    try:
        all_of_them()
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < MIB


# -- handshakes --------------------------------------------------------------------------------------------------------


def saying(data: bytes, *, after: Callable[[ByteStream], None] | None = None, every: float = 0.0) -> Bare:
    """Sends octets, all at once or one by one, as a client or (after a request) as a server."""

    async def bare(stream: ByteStream) -> None:
        for piece in [data[at : at + 1] for at in range(len(data))] if every else [data]:
            stream.send(piece)
            await asyncio.sleep(every)
        if after is not None:
            await asyncio.sleep(1)
            after(stream)

    return bare


REQUEST = (
    b"GET /ocpp/V2GREADY-1 HTTP/1.1\r\nHost: csms\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)
RESPONSE = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\nSec-WebSocket-Protocol: ocpp2.1\r\n\r\n"
)
HEADER_OF_1_MB = b"X: " + b"x" * 1_000_000 + b"\r\n\r\n"


def answered(status: int, reason: str) -> tuple[Told, Told]:
    return broken(reason), Told(EventKind.WS_RESPONSE, False, {"status": status})


REQUESTS: dict[str, tuple[Bare, tuple[Told, ...]]] = {
    "octet by octet": (saying(REQUEST, every=1), answered(408, "longer than 10 s")),
    "never": (saying(b""), answered(408, "longer than 10 s")),
    "a header of 1 MB": (saying(REQUEST + HEADER_OF_1_MB), answered(431, "the head is longer than 16384 octets")),
    "a header without end": (saying(REQUEST + b"X" * 20_000), answered(431, "the head is longer than 16384 octets")),
    "200 headers": (saying(REQUEST + b"A: b\r\n" * 200 + b"\r\n"), answered(400, "128 headers")),
    "rubbish": (saying(RUBBISH.replace(b"\n", b"") + b"\r\n\r\n"), answered(400, "")),
    "no UTF-8 in the path": (saying(REQUEST.replace(b"/ocpp", b"/\xff") + b"\r\n"), answered(400, "")),
    "TLS on a plain port": (saying(bytes.fromhex("1603010200010001fc0303")), answered(408, "longer than 10 s")),
    "no upgrade": (saying(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"), answered(426, "Connection")),
    "FIN in mid head": (
        saying(REQUEST, after=lambda stream: stream.close()),
        (Told(EventKind.CLOSED, True, {"how": "in mid head"}),),
    ),
    "RST in mid head": (
        saying(REQUEST, after=lambda stream: stream.abort()),
        (Told(EventKind.CLOSED, True, {"how": "reset"}),),
    ),
}

ANSWERS: dict[str, tuple[Bare, tuple[Told, ...]]] = {
    "octet by octet": (saying(RESPONSE, every=1), (Told(EventKind.CONNECT_FAILED, True, {"reason": "10 s"}),)),
    "never": (saying(b""), (Told(EventKind.CONNECT_FAILED, True, {"reason": "longer than 10 s"}),)),
    "a header of 1 MB": (
        saying(RESPONSE[:-2] + HEADER_OF_1_MB),
        (Told(EventKind.CONNECT_FAILED, True, {"reason": "the head is longer than 16384 octets"}),),
    ),
    "200 headers": (
        saying(RESPONSE[:-2] + b"A: b\r\n" * 200 + b"\r\n"),
        (Told(EventKind.WS_RESPONSE, True, {"status": 101, "reason": "128 headers"}),),
    ),
    "rubbish": (
        saying(RUBBISH + b"\r\n\r\n"),
        (Told(EventKind.CONNECT_FAILED, True, {"reason": "does not answer in HTTP"}),),
    ),
    "frames at once": (
        saying(b"\x81\x02[]\r\n\r\n"),
        (Told(EventKind.CONNECT_FAILED, True, {"reason": "does not answer in HTTP"}),),
    ),
    "wrong key": (
        saying(RESPONSE),
        (Told(EventKind.WS_RESPONSE, True, {"status": 101, "reason": "Sec-WebSocket-Accept"}),),
    ),
    "no UTF-8 in a header": (
        saying(RESPONSE.replace(b"AAA=", b"\xff\xfe")),
        (Told(EventKind.WS_RESPONSE, True, {"status": 101, "reason": "Sec-WebSocket-Accept"}),),
    ),
    "elsewhere": (
        saying(b"HTTP/1.1 302 Found\r\nLocation: ws://elsewhere/\r\n\r\n"),
        (Told(EventKind.WS_RESPONSE, True, {"status": 302, "reason": "Found"}),),
    ),
    "FIN in mid head": (
        saying(RESPONSE[:40], after=lambda stream: stream.close()),
        (Told(EventKind.CONNECT_FAILED, True, {"reason": "in mid head"}),),
    ),
    "RST in mid head": (
        saying(RESPONSE[:40], after=lambda stream: stream.abort()),
        (Told(EventKind.CONNECT_FAILED, True, {"reason": "reset"}),),
    ),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_request_that_is_no_handshake(name: str) -> None:
    bare, expected = REQUESTS[name]
    check(against_csms(bare), "csms", *expected)


@pytest.mark.parametrize("name", ANSWERS)
def test_answer_that_is_no_handshake(name: str) -> None:
    bare, expected = ANSWERS[name]
    check(against_station(bare), "station", *expected)


@pytest.mark.parametrize("name", ["octet by octet", "never", "RST in mid head"])
def test_200_broken_handshakes_at_once(name: str) -> None:
    bare, expected = REQUESTS[name]
    trace = against_csms(bare, count=200)
    assert len(list(trace.events(expected[0].kind, source="charger"))) >= 200
    bare, expected = ANSWERS[name]
    trace = against_station(bare, count=200)
    assert len(list(trace.events(expected[0].kind, source="csms"))) == 200


def test_200_open_connections_at_once() -> None:
    async def as_station(stream: ByteStream) -> None:
        await hostile.open_as_station(stream)

    async def as_csms(stream: ByteStream) -> None:
        await hostile.open_as_csms(stream)

    responses = list(against_csms(as_station, count=200).events(EventKind.WS_RESPONSE))
    assert [one.detail["status"] for one in responses] == [101] * 201
    responses = list(against_station(as_csms, count=200).events(EventKind.WS_RESPONSE))
    assert [one.detail["status"] for one in responses] == [101] * 201


def test_handshake_that_ends_while_the_emulator_does() -> None:
    async def main() -> None:
        link, clock = NullLink(), Clock()
        alone = asyncio.all_tasks()
        recorder = hostile.recorder_of(clock, "csms")
        async with link.host("csms") as back, link.host("rogue") as outside:
            async with CSMS.open(hostile.csms_config(), recorder, clock, back) as csms:
                await hostile.open_as_station(await hostile.dial(outside, csms.endpoint))
                late = await hostile.dial(outside, csms.endpoint)
                await csms.watch(1)
                ending = asyncio.create_task(late_handshake(late))  # while the first does not answer our Close
            await ending
            assert not hostile.others(alone)
        assert recorder.trace().records[-1].t < 20

    run(main(), virtual=True)


async def late_handshake(stream: ByteStream) -> None:
    await asyncio.sleep(1)
    await hostile.tolerant(open_and_stay, stream)


async def open_and_stay(stream: ByteStream) -> None:
    await hostile.open_as_station(stream)


# -- subprotocol and certificates --------------------------------------------------------------------------------------


@pytest.mark.parametrize("offered", [("ocpp1.6",), ("ocpp2.1\x7f",), (), ("OCPP2.1", "x" * 5000)])
def test_wrong_subprotocol_of_a_station(offered: tuple[str, ...]) -> None:
    names = ", ".join(offered).encode()
    head = REQUEST + (b"Sec-WebSocket-Protocol: " + names + b"\r\n" if names else b"") + basic() + b"\r\n"
    trace = against_csms(saying(head))
    if b"\x7f" in names:
        check(trace, "csms", *answered(400, ""))
    else:
        check(
            trace,
            "csms",
            Told(EventKind.WS_REQUEST, True, {"offered": ",".join(offered)}),
            Told(EventKind.WS_RESPONSE, False, {"status": 101, "selected": ""}),
            Told(EventKind.WS_CLOSE, False, {"code": 1002, "reason": "no common subprotocol"}),
        )


@pytest.mark.parametrize("selected", ["ocpp1.6", "ocpp2.1, ocpp2.0.1", "OCPP2.1", None])
def test_wrong_subprotocol_of_a_csms(selected: str | None) -> None:
    async def bare(stream: ByteStream) -> None:
        await WebSocket.accept(stream, lambda _: Decision(subprotocol=selected, keep=True))

    trace = against_station(bare)
    check(trace, "station", Told(EventKind.WS_RESPONSE, True, {"status": 101, "selected": selected or ""}))
    assert [one.detail["selected"] for one in trace.events(EventKind.WS_RESPONSE)] == [selected or "", "ocpp2.1"]


def basic() -> bytes:
    name, value = basic_authorization("V2GREADY-1", PASSWORD)
    return f"{name}: {value}\r\n".encode()


@pytest.mark.parametrize(
    ("variant", "reason"), [("expired", "EXPIRED"), ("foreign", "LOCAL_ISSUER"), (None, "PEER_DID_NOT_RETURN")]
)
def test_certificate_of_a_station(variant: str | None, reason: str) -> None:
    shown = None if variant is None else pki().station(variant)
    context = backend_client_context(pki().roots, shown)

    async def use(stream: ByteStream) -> None:
        await hostile.open_as_station(stream)

    trace = against_csms(hostile.secured(use, context, CSMS_HOST), profile=3)
    refused = [str(one.detail["reason"]).upper() for one in trace.events(EventKind.TLS_FAILED, source="csms")]
    assert len(refused) == 1
    assert reason in refused[0].replace(" ", "_"), refused


@pytest.mark.parametrize(
    ("variant", "reason"),
    [
        ("expired", "EXPIRED"),
        ("not_yet_valid", "NOT_YET_VALID"),
        ("foreign_root", "LOCAL_ISSUER"),
        ("self_signed", "SELF"),
        ("wrong_name", "MISMATCH"),
    ],
)
def test_certificate_of_a_csms(variant: str, reason: str) -> None:
    context = backend_server_context(pki().roots, pki().csms(variant), client_certificate=False)

    async def use(stream: ByteStream) -> None:
        await hostile.open_as_csms(stream)

    trace = against_station(hostile.secured(use, context), profile=2)
    (failure,) = trace.events(EventKind.TLS_FAILED, source="station")
    assert reason in str(failure.detail["reason"]).upper().replace(" ", "_").replace("-", "_"), failure


@pytest.mark.parametrize(
    ("data", "after", "reason"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", None, ""),
        (RUBBISH, None, ""),
        (b"", None, "no end of the handshake"),
        (bytes.fromhex("16030102"), None, "no end of the handshake"),
        (b"", "abort", "reset in the handshake"),
        (b"", "close", "closed the connection"),
    ],
    ids=["HTTP", "rubbish", "silence", "half a record", "reset", "fin"],
)
@pytest.mark.parametrize("side", SIDES)
def test_no_tls(data: bytes, after: str | None, reason: str, side: str) -> None:
    bare = saying(data, after=None if after is None else lambda stream: getattr(stream, after)())
    trace = (against_csms if side == "csms" else against_station)(bare, profile=2)
    (failure,) = trace.events(EventKind.TLS_FAILED)
    assert reason in str(failure.detail["reason"])
