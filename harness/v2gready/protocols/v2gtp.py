"""V2GTP framing (ISO 15118-2 clause 7.8.3, unchanged in ISO 15118-20): bytes in, frames out.

An eight byte header stands before every payload: version 0x01, its inverse 0xFE, a payload type and the payload
length. TCP gives no message boundaries, so the decoder accepts any chunking and tells the same events for each.

Two kinds of wrong input are told apart. A frame with a good header and an unknown payload type is skipped, as
[V2G2-800] asks: its length still says where the next one begins. After a wrong sync pattern or a length beyond the
limit nobody knows where a next frame begins, so the stream is broken for good.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

HEADER_LENGTH = 8
VERSION = 0x01
INVERSE_VERSION = 0xFE
DEFAULT_MAX_PAYLOAD = 0x1_0000
"""Ten times the largest message seen in the field (a certificate installation), far below what could hurt."""

_HEADER = struct.Struct(">BBHI")


class PayloadType(IntEnum):
    """Payload types of ISO 15118-20 Table 10; every other value is reserved or manufacturer specific."""

    SAP = 0x8001
    """supportedAppProtocol of all parts, and every message of DIN 70121 and ISO 15118-2."""
    MAINSTREAM = 0x8002
    AC = 0x8003
    DC = 0x8004
    ACDP = 0x8005
    WPT = 0x8006
    AC_DER_IEC = 0x8010
    """As one open implementation uses it; the value of Amendment 1 is unconfirmed."""
    AC_DER_SAE = 0x8011
    """As one open implementation uses it; the value of Amendment 1 is unconfirmed."""
    SCHEDULE_RENEGOTIATION = 0x8101
    METERING_CONFIRMATION = 0x8102
    ACDP_SYSTEM_STATUS = 0x8103
    PARKING_STATUS = 0x8104
    SDP_REQUEST = 0x9000
    SDP_RESPONSE = 0x9001
    SDP_REQUEST_WIRELESS = 0x9002
    SDP_RESPONSE_WIRELESS = 0x9003


_KNOWN = {int(member): member for member in PayloadType}


@dataclass(frozen=True, slots=True)
class Frame:
    """One whole frame with a known payload type."""

    payload_type: PayloadType
    payload: bytes
    raw: bytes
    """Header and payload as they came."""


@dataclass(frozen=True, slots=True)
class SkippedFrame:
    """A whole frame that has to be ignored: intact header, unknown payload type [V2G2-800]."""

    payload_type: int
    raw: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class BrokenStream:
    """The boundary of frames is lost; only closing the connection is left."""

    reason: str
    raw: bytes
    """The header that broke the stream, or the bytes of the unfinished frame."""


FrameEvent = Frame | SkippedFrame | BrokenStream


def encode_frame(payload_type: int, payload: bytes) -> bytes:
    """Put the V2GTP header before a payload.

    Args:
        payload_type: any 16 bit value, also a reserved one: a tester has to send those too.
        payload: the bytes behind the header.

    Raises:
        ValueError: the payload type does not fit into 16 bits.
    """
    if not 0 <= payload_type <= 0xFFFF:
        raise ValueError(f"payload type {payload_type:#x} does not fit into 16 bits")
    return _HEADER.pack(VERSION, INVERSE_VERSION, payload_type, len(payload)) + payload


class FrameDecoder:
    """Cuts a byte stream into V2GTP frames.

    The announced length is compared with `max_payload` before a byte of it is kept, so a peer can make the decoder
    hold `max_payload` bytes and a header, never more.

    Args:
        max_payload: longest payload that is accepted; a longer announcement breaks the stream.
    """

    def __init__(self, max_payload: int = DEFAULT_MAX_PAYLOAD) -> None:
        self._max_payload = max_payload
        self._buffer = bytearray()
        self._broken = False

    @property
    def pending(self) -> int:
        """Number of bytes held of a frame that is not complete yet."""
        return len(self._buffer)

    @property
    def broken(self) -> bool:
        """Whether a `BrokenStream` was told; everything fed afterwards is thrown away."""
        return self._broken

    def feed(self, data: bytes) -> list[FrameEvent]:
        """Take the next bytes of the stream and return what they complete, in order."""
        events: list[FrameEvent] = []
        position = 0
        while not self._broken and position < len(data):
            # Only as much as the frame at hand still needs moves into the buffer: `data` itself is the caller's.
            wanted = self._missing()
            self._buffer += data[position : position + wanted]
            position += wanted
            event = self._take()
            if event is not None:
                events.append(event)
        return events

    def eof(self) -> BrokenStream | None:
        """Tell the decoder that the peer closed; returns an event when that happened inside a frame."""
        if self._broken or not self._buffer:
            return None
        return self._break(f"closed inside a frame, {self._missing()} bytes before the end of its {self._part()}")

    def _missing(self) -> int:
        if len(self._buffer) < HEADER_LENGTH:
            return HEADER_LENGTH - len(self._buffer)
        return HEADER_LENGTH + self._announced() - len(self._buffer)

    def _announced(self) -> int:
        length: int = _HEADER.unpack_from(self._buffer)[3]
        return length

    def _part(self) -> str:
        return "header" if len(self._buffer) < HEADER_LENGTH else "payload"

    def _take(self) -> FrameEvent | None:
        """Return the event that the buffer completes, if any."""
        if len(self._buffer) < HEADER_LENGTH:
            return None
        version, inverse, payload_type, length = _HEADER.unpack_from(self._buffer)
        if (version, inverse) != (VERSION, INVERSE_VERSION):
            return self._break(f"sync pattern {version:02X} {inverse:02X} instead of 01 FE")
        if length > self._max_payload:
            return self._break(f"announced payload length {length} exceeds the limit of {self._max_payload}")
        if len(self._buffer) < HEADER_LENGTH + length:
            return None
        raw = bytes(self._buffer)
        self._buffer.clear()
        known = _KNOWN.get(payload_type)
        if known is None:
            return SkippedFrame(payload_type, raw, f"unknown payload type 0x{payload_type:04X}")
        return Frame(known, raw[HEADER_LENGTH:], raw)

    def _break(self, reason: str) -> BrokenStream:
        raw = bytes(self._buffer)
        self._buffer.clear()
        self._broken = True
        return BrokenStream(reason, raw)
