"""V2GTP framing: reference 1.1, [V2G2-800]."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2gready.protocols.v2gtp import BrokenStream, Frame, FrameDecoder, PayloadType, SkippedFrame, encode_frame

known = st.sampled_from(PayloadType).map(int)
frames = st.builds(encode_frame, known | st.integers(0, 0xFFFF), st.binary(max_size=300))
streams = st.lists(frames | st.binary(max_size=40), max_size=6).map(b"".join)


def test_header_is_version_inverse_type_length() -> None:
    assert encode_frame(PayloadType.SDP_REQUEST, b"\x00\x00") == bytes.fromhex("01FE 9000 00000002 00 00")


def test_payload_type_has_16_bits() -> None:
    with pytest.raises(ValueError, match="0x10000"):
        encode_frame(0x1_0000, b"")


def test_one_frame() -> None:
    raw = encode_frame(PayloadType.MAINSTREAM, b"exi")
    assert FrameDecoder().feed(raw) == [Frame(PayloadType.MAINSTREAM, b"exi", raw)]


def test_empty_payload_is_a_frame() -> None:
    raw = encode_frame(PayloadType.SAP, b"")
    assert FrameDecoder().feed(raw) == [Frame(PayloadType.SAP, b"", raw)]


@given(streams, st.data())
def test_chunking_changes_nothing(stream: bytes, data: st.DataObject) -> None:
    whole = FrameDecoder(max_payload=250)
    expected = whole.feed(stream)
    decoder = FrameDecoder(max_payload=250)
    events = []
    position = 0
    while position < len(stream):
        size = data.draw(st.integers(1, len(stream) - position))
        events += decoder.feed(stream[position : position + size])
        position += size
    assert events == expected
    assert decoder.pending == whole.pending
    assert decoder.eof() == whole.eof()


@given(st.lists(st.tuples(known, st.binary(max_size=100)), max_size=5))
def test_round_trip(messages: list[tuple[int, bytes]]) -> None:
    events = FrameDecoder().feed(b"".join(encode_frame(*message) for message in messages))
    assert [(event.payload_type, event.payload) for event in events if isinstance(event, Frame)] == messages


@given(streams)
def test_no_byte_is_lost_before_the_break(stream: bytes) -> None:
    decoder = FrameDecoder(max_payload=250)
    events = decoder.feed(stream)
    last = decoder.eof()
    seen = b"".join(event.raw for event in events) + (last.raw if last else b"")
    assert stream.startswith(seen)
    assert decoder.broken or seen == stream


@pytest.mark.parametrize("payload_type", [0x0000, 0x8000, 0x8007, 0x8012, 0x8105, 0x9004, 0xA000, 0xA001, 0xFFFF])
def test_unknown_type_is_skipped_and_the_next_frame_read(payload_type: int) -> None:
    strange = encode_frame(payload_type, b"?")
    good = encode_frame(PayloadType.DC, b"!")
    assert FrameDecoder().feed(strange + good) == [
        SkippedFrame(payload_type, strange, f"unknown payload type 0x{payload_type:04X}"),
        Frame(PayloadType.DC, b"!", good),
    ]


@pytest.mark.parametrize("sync", ["02FE", "01FF", "02FD", "FE01", "0000"])
def test_bad_sync_pattern_breaks_the_stream(sync: str) -> None:
    header = bytes.fromhex(sync + "8001 00000000")
    decoder = FrameDecoder()
    (event,) = decoder.feed(header + encode_frame(PayloadType.SAP, b"late"))
    assert event == BrokenStream(f"sync pattern {sync[:2]} {sync[2:]} instead of 01 FE", header)
    assert decoder.broken
    assert decoder.feed(encode_frame(PayloadType.SAP, b"later")) == []
    assert decoder.pending == 0
    assert decoder.eof() is None


def test_frames_before_the_break_are_told() -> None:
    good = encode_frame(PayloadType.AC, b"x")
    events = FrameDecoder().feed(good + bytes(8))
    assert [type(event) for event in events] == [Frame, BrokenStream]


def test_limit_is_the_longest_payload_that_passes() -> None:
    assert isinstance(FrameDecoder(max_payload=3).feed(encode_frame(PayloadType.SAP, b"abc"))[0], Frame)
    (event,) = FrameDecoder(max_payload=3).feed(encode_frame(PayloadType.SAP, b"abcd"))
    assert event == BrokenStream(
        "announced payload length 4 exceeds the limit of 3", bytes.fromhex("01FE 8001 00000004")
    )


def test_unknown_type_beyond_the_limit_breaks_too() -> None:
    assert isinstance(FrameDecoder(max_payload=3).feed(encode_frame(0xA000, b"abcd"))[0], BrokenStream)


def test_announced_length_allocates_nothing() -> None:
    decoder = FrameDecoder(max_payload=2**32 - 1)
    tracemalloc.start()
    try:
        decoder.feed(bytes.fromhex("01FE 8001 FFFFFFFF"))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 10_000
    assert decoder.pending == 8


def test_memory_is_bounded_by_the_limit() -> None:
    decoder = FrameDecoder(max_payload=100)
    for _ in range(50):
        decoder.feed(bytes.fromhex("01FE 8001 00000064") + bytes(99))
        assert decoder.pending <= 108
    assert decoder.broken


@pytest.mark.parametrize(
    ("cut", "reason"),
    [
        (3, "closed inside a frame, 5 bytes before the end of its header"),
        (10, "closed inside a frame, 2 bytes before the end of its payload"),
    ],
)
def test_close_inside_a_frame(cut: int, reason: str) -> None:
    raw = encode_frame(PayloadType.SAP, b"abcd")[:cut]
    decoder = FrameDecoder()
    assert decoder.feed(raw) == []
    assert decoder.pending == cut
    assert decoder.eof() == BrokenStream(reason, raw)
    assert decoder.feed(b"more") == []


def test_close_between_frames_is_no_event() -> None:
    decoder = FrameDecoder()
    decoder.feed(encode_frame(PayloadType.SAP, b"abcd"))
    assert decoder.eof() is None
