"""What passes on an open WebSocket: messages, control frames, its end, and the octets of a frame (RFC 6455, 5.2).

`v2gready.transports.websocket` offers all of this under its own name.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from enum import IntEnum

from websockets.utils import apply_mask


class CloseCode(IntEnum):
    """Status codes of RFC 6455, 7.4.1, as far as they occur here."""

    NORMAL = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    UNSUPPORTED_DATA = 1003
    NO_STATUS = 1005
    """Never sent: the peer's Close has no code."""
    ABNORMAL = 1006
    """Never sent: the connection ended without a Close."""
    INVALID_DATA = 1007
    POLICY_VIOLATION = 1008
    TOO_BIG = 1009
    INTERNAL_ERROR = 1011


@dataclass(frozen=True, slots=True)
class Text:
    """A whole text message."""

    data: str


@dataclass(frozen=True, slots=True)
class Binary:
    """A whole binary message."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Ping:
    """A Ping; its Pong is out already unless `WebSocket.auto_pong` is off."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Pong:
    """A Pong, asked for or not."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Closed:
    """The end of the connection; every later `receive` returns it again.

    Attributes:
        code: The peer's close code (1005 if its Close has none); ours where we closed over a violation; 1006 where no
            Close came.
        reason: What the peer wrote into its Close, or what happened.
        clean: Both sides sent a Close.
        by_peer: The peer ended it, in whatever way.
        how: ``close`` (Close frames), ``fin``, ``reset``, ``tls``, ``timeout`` (no answer to our Close), ``abort``.
        violation: What the peer did against RFC 6455 or our limits, empty if nothing. Our Close bears ``code``.
    """

    code: int
    reason: str = ""
    clean: bool = False
    by_peer: bool = False
    how: str = "close"
    violation: str = ""


Incoming = Text | Binary | Ping | Pong | Closed


def frame_octets(opcode: int, payload: bytes, *, fin: bool = True, rsv: int = 0, mask: bool) -> bytes:
    """Write one frame with any content; see `WebSocket.frame`."""
    octets = bytearray([fin << 7 | (rsv & 7) << 4 | opcode & 15])
    if len(payload) < 126:
        octets.append(mask << 7 | len(payload))
    elif len(payload) <= 0xFFFF:
        octets += bytes([mask << 7 | 126]) + len(payload).to_bytes(2)
    else:
        octets += bytes([mask << 7 | 127]) + len(payload).to_bytes(8)
    if mask:
        key = secrets.token_bytes(4)
        return bytes(octets + key + apply_mask(payload, key))
    return bytes(octets + payload)


class FrameCutter:
    """Finds the end of each frame in octets that come in any chunking."""

    def __init__(self) -> None:
        self._head = bytearray()
        self._left = 0
        self._begun = 0

    @property
    def begun(self) -> int:
        """How many octets of a frame have been seen whose end has not."""
        return self._begun

    def measure(self, data: bytes) -> int:
        """Return how many octets of `data` belong to the frame in progress; the next call begins behind them."""
        used = self._step(data)
        self._begun = self._begun + used if self._left or self._head else 0
        return used

    def _step(self, data: bytes) -> int:
        used = 0
        while not self._left:
            if used == len(data):
                return used
            self._head.append(data[used])
            used += 1
            if self._head_is_whole():
                self._left = self._length()
                self._head.clear()
                if not self._left:
                    return used
        step = min(self._left, len(data) - used)
        self._left -= step
        return used + step

    def _head_is_whole(self) -> bool:
        head = self._head
        return len(head) > 1 and len(head) == 2 + self._extra(head[1] & 127) + (head[1] >> 7) * 4

    def _length(self) -> int:
        short = self._head[1] & 127
        return int.from_bytes(self._head[2 : 2 + self._extra(short)]) if self._extra(short) else short

    @staticmethod
    def _extra(short: int) -> int:
        return {126: 2, 127: 8}.get(short, 0)
