"""Synthesised packets: checksums by the textbook, sequence numbers as a TCP peer counts them."""

from __future__ import annotations

import struct
from ipaddress import IPv6Address

from hypothesis import given
from hypothesis import strategies as st

from v2gready.protocols.ethernet import MAX_SEGMENT, Address, Flag, TcpFlow, udp_packet

EV = Address(IPv6Address("fe80::1"), 49153)
SECC = Address(IPv6Address("fe80::2"), 50000)


def folded_sum(packet: bytes) -> int:
    """Sum of pseudo header and segment as RFC 1071 describes it, 0xFFFF for an intact packet."""
    segment = packet[54:]
    data = packet[22:54] + struct.pack(">II", len(segment), packet[20]) + segment + bytes(len(segment) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def tcp(packet: bytes) -> tuple[int, int, Flag, bytes]:
    sequence, acknowledged, offset, flags = struct.unpack_from(">IIBB", packet, 58)
    return sequence, acknowledged, Flag(flags), packet[54 + (offset >> 4) * 4 :]


@given(st.binary(max_size=200), st.ip_addresses(v=6), st.integers(1, 65535))
def test_udp(payload: bytes, host: IPv6Address, port: int) -> None:
    packet = udp_packet(Address(host, port), SECC, payload)
    assert folded_sum(packet) == 0xFFFF
    assert packet[60:62] != b"\x00\x00"
    assert packet[12:14] == b"\x86\xdd"
    assert struct.unpack_from(">IHBB", packet, 14) == (6 << 28, 8 + len(payload), 17, 64)
    assert packet[22:54] == host.packed + SECC.host.packed
    assert struct.unpack_from(">HHH", packet, 54) == (port, 50000, 8 + len(payload))
    assert packet[62:] == payload


def test_udp_checksum_of_zero_is_sent_as_all_ones() -> None:
    plain = udp_packet(EV, SECC, b"\x00\x00")
    # One's complement: a payload equal to the checksum brings the sum to all ones, and the checksum to zero.
    packet = udp_packet(EV, SECC, plain[60:62])
    assert packet[60:62] == b"\xff\xff"


def test_multicast_goes_to_the_groups_hardware_address() -> None:
    packet = udp_packet(EV, Address(IPv6Address("ff02::1"), 15118), b"")
    assert packet[:6] == bytes.fromhex("333300000001")
    assert packet[21] == 1  # never leaves the link


def test_connection_is_counted_as_by_both_peers() -> None:
    flow = TcpFlow(EV, SECC)
    packets = [
        *flow.handshake(),
        *flow.data(b"hello", from_client=True),
        *flow.data(b"hi", from_client=False),
        *flow.fin(from_client=True),
        *flow.fin(from_client=False),
    ]
    ack, push, fin = Flag.ACK, Flag.ACK | Flag.PSH, Flag.ACK | Flag.FIN
    assert [tcp(packet) for packet in packets] == [
        (0, 0, Flag.SYN, b""),
        (0, 1, Flag.SYN | ack, b""),
        (1, 1, ack, b""),
        (1, 1, push, b"hello"),
        (1, 6, push, b"hi"),
        (6, 3, fin, b""),
        (3, 7, ack, b""),
        (3, 7, fin, b""),
        (7, 4, ack, b""),
    ]
    assert all(folded_sum(packet) == 0xFFFF for packet in packets)


def test_reset() -> None:
    flow = TcpFlow(EV, SECC)
    flow.handshake()
    (packet,) = flow.rst(from_client=False)
    assert tcp(packet) == (1, 1, Flag.RST | Flag.ACK, b"")
    assert packet[22:54] == SECC.host.packed + EV.host.packed


@given(st.binary(max_size=4 * MAX_SEGMENT))
def test_data_is_cut_into_segments(payload: bytes) -> None:
    flow = TcpFlow(EV, SECC)
    flow.handshake()
    segments = [tcp(packet) for packet in flow.data(payload, from_client=True)]
    assert b"".join(segment[3] for segment in segments) == payload
    assert all(0 < len(segment[3]) <= MAX_SEGMENT for segment in segments)
    assert [Flag.PSH in segment[2] for segment in segments] == [False] * (len(segments) - 1) + [True] * bool(segments)


def test_sequence_numbers_wrap() -> None:
    flow = TcpFlow(EV, SECC)
    flow._client_next = 0xFFFF_FFFF
    flow.data(b"ab", from_client=True)
    (packet,) = flow.data(b"c", from_client=True)
    assert tcp(packet)[0] == 1
