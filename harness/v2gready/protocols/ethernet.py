"""Ethernet, IPv6, UDP and TCP packets for a capture of traffic that was seen above the network card.

A tap on byte streams knows what was said and when, but not in which packets. `TcpFlow` puts the bytes into packets as
a well-behaved stack would have sent them, with right checksums and sequence numbers, so that any analyser can read
them. Acknowledgements without data, retransmissions and the real segmentation are not in such a capture.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntFlag
from ipaddress import IPv6Address

MAX_SEGMENT = 1440
"""Bytes of TCP payload that fit into an Ethernet frame of 1500 bytes over IPv6."""

_ETHERTYPE_IPV6 = 0x86DD
_NEXT_HEADER_TCP = 6
_NEXT_HEADER_UDP = 17
_WINDOW = 0xFFFF


@dataclass(frozen=True, slots=True)
class Address:
    """One end of a flow."""

    host: IPv6Address
    port: int

    @property
    def mac(self) -> bytes:
        """A hardware address: the group's own for multicast, a locally administered one made from the host's."""
        if self.host.is_multicast:
            return b"\x33\x33" + self.host.packed[-4:]
        return b"\x02\x00" + self.host.packed[-4:]


class Flag(IntFlag):
    """TCP flags."""

    FIN = 0x01
    SYN = 0x02
    RST = 0x04
    PSH = 0x08
    ACK = 0x10


def udp_packet(source: Address, destination: Address, payload: bytes) -> bytes:
    """Return an Ethernet frame with one datagram."""
    length = 8 + len(payload)
    header = struct.pack(">HHHH", source.port, destination.port, length, 0)
    checksum = _checksum(source, destination, _NEXT_HEADER_UDP, header + payload)
    # Zero would mean "no checksum", which IPv6 forbids: its other form stands for it (RFC 8200 section 8.1).
    header = header[:6] + struct.pack(">H", checksum or 0xFFFF)
    return _ethernet(source, destination, _NEXT_HEADER_UDP, header + payload)


class TcpFlow:
    """One connection, told packet by packet. Both sides count from sequence number 0.

    Args:
        client: who opened the connection.
        server: who accepted it.
    """

    def __init__(self, client: Address, server: Address) -> None:
        self._client = client
        self._server = server
        self._client_next = 0
        self._server_next = 0

    def handshake(self) -> tuple[bytes, bytes, bytes]:
        """Return SYN, SYN-ACK and ACK."""
        return (
            self._packet(Flag.SYN, from_client=True),
            self._packet(Flag.SYN | Flag.ACK, from_client=False),
            self._packet(Flag.ACK, from_client=True),
        )

    def data(self, payload: bytes, *, from_client: bool) -> list[bytes]:
        """Return the segments that carry `payload`; PSH marks the last."""
        segments = [payload[start : start + MAX_SEGMENT] for start in range(0, len(payload), MAX_SEGMENT)]
        last = len(segments) - 1
        return [
            self._packet(Flag.ACK | Flag.PSH if number == last else Flag.ACK, from_client=from_client, payload=segment)
            for number, segment in enumerate(segments)
        ]

    def fin(self, *, from_client: bool) -> list[bytes]:
        """Return FIN of one side and its acknowledgement."""
        return [
            self._packet(Flag.FIN | Flag.ACK, from_client=from_client),
            self._packet(Flag.ACK, from_client=not from_client),
        ]

    def rst(self, *, from_client: bool) -> list[bytes]:
        """Return RST of one side."""
        return [self._packet(Flag.RST | Flag.ACK, from_client=from_client)]

    def _packet(self, flags: Flag, *, from_client: bool, payload: bytes = b"") -> bytes:
        if from_client:
            source, destination, sequence, expected = self._client, self._server, self._client_next, self._server_next
        else:
            source, destination, sequence, expected = self._server, self._client, self._server_next, self._client_next
        acknowledged = expected if Flag.ACK in flags else 0
        options = struct.pack(">BBH", 2, 4, MAX_SEGMENT) if Flag.SYN in flags else b""
        offset = (20 + len(options)) // 4 << 4
        ports = struct.pack(">HH", source.port, destination.port)
        numbers = struct.pack(">IIBBH", sequence, acknowledged, offset, flags, _WINDOW)
        segment = ports + numbers + bytes(4) + options + payload
        checksum = struct.pack(">H", _checksum(source, destination, _NEXT_HEADER_TCP, segment))
        segment = segment[:16] + checksum + segment[18:]
        # SYN and FIN take a sequence number each, as if they were a byte.
        following = (sequence + len(payload) + bool(flags & (Flag.SYN | Flag.FIN))) & 0xFFFF_FFFF
        if from_client:
            self._client_next = following
        else:
            self._server_next = following
        return _ethernet(source, destination, _NEXT_HEADER_TCP, segment)


def _ethernet(source: Address, destination: Address, next_header: int, payload: bytes) -> bytes:
    version_class_flow = 6 << 28
    hop_limit = 1 if destination.host.is_multicast else 64
    ipv6 = struct.pack(">IHBB", version_class_flow, len(payload), next_header, hop_limit)
    ethernet = destination.mac + source.mac + struct.pack(">H", _ETHERTYPE_IPV6)
    return ethernet + ipv6 + source.host.packed + destination.host.packed + payload


def _checksum(source: Address, destination: Address, next_header: int, segment: bytes) -> int:
    """Return the checksum over pseudo header and segment (RFC 8200 section 8.1)."""
    pseudo = source.host.packed + destination.host.packed + struct.pack(">II", len(segment), next_header)
    data = pseudo + segment + bytes(len(segment) % 2)
    # The sum modulo 0xFFFF of all 16 bit words is the number itself modulo 0xFFFF, as 0x10000 = 1 there. It differs
    # from the folded sum in one point only, 0 for 0xFFFF, and the sum of a pseudo header is never 0.
    return ~(int.from_bytes(data) % 0xFFFF or 0xFFFF) & 0xFFFF
