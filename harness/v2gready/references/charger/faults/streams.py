"""Faults in cutting the byte stream into V2GTP frames (reference 1.1; TP-S-*)."""

from __future__ import annotations

import struct

from v2gready.protocols.iso15118.secc.seams import Died, Fault
from v2gready.protocols.v2gtp import HEADER_LENGTH, INVERSE_VERSION, VERSION, PayloadType
from v2gready.references.charger.faults.registry import fault

_HEADER = struct.Struct(">BBHI")
_HUGE = 0x100_0000
_SETS = frozenset({PayloadType.AC, PayloadType.DC})


@fault("v2gtp-one-read-one-frame", "Takes what one read brings for one frame, and throws away what is none.")
class OneReadOneFrame(Fault):
    """TCP has no message boundaries."""

    def received(self, data: bytes) -> bytes:
        """recv() and hope."""
        whole = len(data) >= HEADER_LENGTH and len(data) == HEADER_LENGTH + _HEADER.unpack_from(data)[3]
        return data if whole else b""


@fault("v2gtp-ignores-version", "Does not look at version and inverse version of a V2GTP header.")
class IgnoresVersion(Fault):
    """[V2G2-800]."""

    def received(self, data: bytes) -> bytes:
        """Whatever stands in the first two octets."""
        return bytes([VERSION, INVERSE_VERSION]) + data[2:] if len(data) >= HEADER_LENGTH else data


@fault("v2gtp-ignores-length", "Takes the end of a read for the end of the frame, whatever length was announced.")
class IgnoresLength(Fault):
    """TP-S-2."""

    def received(self, data: bytes) -> bytes:
        """The length of the buffer instead of that of the header."""
        if len(data) < HEADER_LENGTH:
            return data
        version, inverse, payload_type, _ = _HEADER.unpack_from(data)
        return _HEADER.pack(version, inverse, payload_type, len(data) - HEADER_LENGTH) + data[HEADER_LENGTH:]


@fault("v2gtp-one-type-for-all", "Reads every frame of a session as a common message, whatever its payload type.")
class OneTypeForAll(Fault):
    """Reference 1.1."""

    def payload_type(self, payload_type: int) -> int:
        """0x8002 for AC and DC."""
        return PayloadType.MAINSTREAM if payload_type in _SETS else payload_type


@fault("dies-on-huge-length", "Allocates what a V2GTP header announces, and dies of it.")
class DiesOnHugeLength(Fault):
    """TP-S-2: never allocate from the length field."""

    def received(self, data: bytes) -> bytes:
        """malloc(length)."""
        if len(data) >= HEADER_LENGTH and _HEADER.unpack_from(data)[3] > _HUGE:
            self.took_effect("the process died of an announced length")
            raise Died("an announced length")
        return data
