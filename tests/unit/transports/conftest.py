"""Test credentials, and a reader for the captures that the tests make."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from v2gready.protocols.pki import Curve, TestPki


@dataclass
class Read:
    """A capture as its own blocks tell it."""

    kinds: list[int] = field(default_factory=list)
    packets: list[bytes] = field(default_factory=list)
    times_ns: list[int] = field(default_factory=list)
    comments: list[str | None] = field(default_factory=list)
    secrets: bytes = b""

    def flags(self) -> list[int]:
        """TCP flags of every TCP packet."""
        return [packet[67] for packet in self.packets if packet[20] == 6]

    def payload(self, port: int) -> bytes:
        """All TCP bytes that came from a port."""
        return b"".join(
            packet[54 + (packet[66] >> 4) * 4 :]
            for packet in self.packets
            if packet[20] == 6 and struct.unpack_from(">H", packet, 54) == (port,)
        )


def _read(path: Path) -> Read:
    data = path.read_bytes()
    found = Read()
    while data:
        kind, length = struct.unpack_from("<II", data)
        body, data = data[8 : length - 4], data[length:]
        found.kinds.append(kind)
        if kind == 6:
            _, high, low, size, _ = struct.unpack_from("<IIIII", body)
            found.packets.append(body[20 : 20 + size])
            found.times_ns.append(high << 32 | low)
            rest = body[20 + size + -size % 4 :]
            found.comments.append(rest[4 : 4 + struct.unpack_from("<HH", rest)[1]].decode() if rest else None)
        elif kind == 10:
            found.secrets += body[8 : 8 + struct.unpack_from("<II", body)[1]]
    return found


@pytest.fixture
def read_capture() -> Callable[[Path], Read]:
    return _read


@pytest.fixture(scope="session")
def pki() -> TestPki:
    # OpenSSL asks the machine's clock, in virtual time too.
    return TestPki(datetime.now(UTC) - timedelta(days=1))


@pytest.fixture(scope="session")
def small_pki() -> TestPki:
    return TestPki(datetime.now(UTC) - timedelta(days=1), curve=Curve.P256)
