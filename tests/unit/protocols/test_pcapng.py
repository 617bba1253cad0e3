"""pcapng blocks, read back by their own length fields and options."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2gready.protocols import pcapng


def blocks(data: bytes) -> Iterator[tuple[int, bytes]]:
    position = 0
    while position < len(data):
        kind, length = struct.unpack_from("<II", data, position)
        assert length % 4 == 0
        assert struct.unpack_from("<I", data, position + length - 4) == (length,)
        yield kind, data[position + 8 : position + length - 4]
        position += length
    assert position == len(data)


def options(data: bytes) -> dict[int, bytes]:
    found = {}
    position = 0
    while True:
        code, length = struct.unpack_from("<HH", data, position)
        if code == 0:
            assert length == 0
            assert position + 4 == len(data)
            return found
        found[code] = data[position + 4 : position + 4 + length]
        position += 4 + length + -length % 4


def test_section_header() -> None:
    ((kind, body),) = blocks(pcapng.section_header(application="v2gready", comment="synthesised, not sniffed: ä"))
    assert kind == 0x0A0D0D0A
    assert struct.unpack_from("<IHHq", body) == (0x1A2B3C4D, 1, 0, -1)
    assert options(body[16:]) == {1: "synthesised, not sniffed: ä".encode(), 4: b"v2gready"}


def test_interface_has_nanoseconds() -> None:
    ((kind, body),) = blocks(pcapng.interface_description("plc0"))
    assert kind == 1
    assert struct.unpack_from("<HHI", body) == (1, 0, 0)
    assert options(body[8:]) == {2: b"plc0", 9: b"\x09"}


@given(st.binary(max_size=60), st.integers(0, 2**64 - 1), st.none() | st.text(min_size=1, max_size=30))
def test_packet(packet: bytes, time_ns: int, comment: str | None) -> None:
    ((kind, body),) = blocks(pcapng.enhanced_packet(packet, time_ns=time_ns, comment=comment))
    interface, high, low, captured, original = struct.unpack_from("<IIIII", body)
    assert (kind, interface, high << 32 | low, captured, original) == (6, 0, time_ns, len(packet), len(packet))
    padded = len(packet) + -len(packet) % 4
    assert body[20 : 20 + len(packet)] == packet
    rest = body[20 + padded :]
    assert rest == b"" if comment is None else options(rest) == {1: comment.encode()}


@pytest.mark.parametrize("log", [b"", b"CLIENT_RANDOM 00 11\n", b"x" * 7])
def test_secrets(log: bytes) -> None:
    ((kind, body),) = blocks(pcapng.decryption_secrets(log))
    secrets_type, length = struct.unpack_from("<II", body)
    assert (kind, secrets_type, length) == (0x0A, 0x544C534B, len(log))
    assert body[8 : 8 + length] == log
