"""Drives one `Secc` over a byte stream: frames, timers, and nothing that belongs to the protocol itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from v2gready.protocols.exi import ExiDecodeError
from v2gready.protocols.iso15118 import codec
from v2gready.protocols.iso15118.secc.core import Secc
from v2gready.protocols.iso15118.secc.seams import Seams
from v2gready.protocols.iso15118.secc.table import Family, State
from v2gready.protocols.iso15118.secc.turn import Octets, Reply
from v2gready.protocols.v2gtp import BrokenStream, Frame, FrameDecoder, PayloadType, SkippedFrame, encode_frame
from v2gready.transports.clock import Clock
from v2gready.transports.stream import ByteStream, StreamReset
from v2gready.transports.tls import TlsFailure

_SETS: Final = {
    PayloadType.SAP: codec.MessageSet.SAP,
    PayloadType.MAINSTREAM: codec.MessageSet.COMMON,
    PayloadType.AC: codec.MessageSet.AC,
    PayloadType.DC: codec.MessageSet.DC,
    PayloadType.AC_DER_IEC: codec.MessageSet.AC_DER_IEC,
    PayloadType.AC_DER_SAE: codec.MessageSet.AC_DER_SAE,
    # Side streams: no open peer uses them, all send 0x8002 (reference 1.1), so both ids are taken.
    PayloadType.SCHEDULE_RENEGOTIATION: codec.MessageSet.COMMON,
    PayloadType.METERING_CONFIRMATION: codec.MessageSet.COMMON,
    PayloadType.PARKING_STATUS: codec.MessageSet.COMMON,
}
_UNDER_AC: Final = {Family.AC_DER: codec.MessageSet.AC_DER_IEC, Family.AC_DER_SAE: codec.MessageSet.AC_DER_SAE}
"""Grammars that go by what was negotiated, should a car send AC_DER under the payload type of AC."""
_SIDE_STREAMS: Final = {
    PayloadType.SCHEDULE_RENEGOTIATION,
    PayloadType.METERING_CONFIRMATION,
    PayloadType.PARKING_STATUS,
}


class Connection:
    """One connection of the charger.

    Args:
        stream: The bytes.
        secc: The core that answers.
        seams: Faults of the charger.
        clock: The time.
        changed: Called when the core may have moved the power stage.
    """

    def __init__(self, stream: ByteStream, secc: Secc, seams: Seams, clock: Clock, changed: Callable[[], None]) -> None:
        self._stream = stream
        self._secc = secc
        self._seams = seams
        self._clock = clock
        self._changed = changed
        self._decoder = FrameDecoder()

    async def serve(self) -> None:
        """Answers until the connection is over. The stream is closed by the caller."""
        self._secc.connected(self._clock.now())
        try:
            while True:
                data = await self._next()
                if not data or not await self._take(data):
                    return
        except (StreamReset, TlsFailure):
            return
        finally:
            self._secc.disconnected(self._clock.now())
            self._changed()

    async def _next(self) -> bytes:
        """The next bytes; none at the end of the stream, or when the core gives the car up."""
        deadline = self._secc.timer
        try:
            async with asyncio.timeout_at(deadline):
                return await self._stream.receive()
        except TimeoutError:
            # The loop may wake a hair before the deadline: the timer has run out all the same.
            self._secc.expire(self._clock.now() if deadline is None else max(deadline, self._clock.now()))
            return b""

    async def _take(self, data: bytes) -> bool:
        """Answers what the bytes complete; False to close the connection."""
        for event in self._decoder.feed(self._seams.received(data)):
            match event:
                case BrokenStream():
                    return False
                case SkippedFrame(payload_type=payload_type, raw=raw):
                    # [V2G2-800]: ignored, unless a fault reads it as something else.
                    go_on = await self._payload(payload_type, raw[8:])
                case Frame(payload_type=payload_type, payload=payload):
                    go_on = await self._payload(payload_type, payload)
            if not go_on:
                return False
        return True

    async def _payload(self, payload_type: int, payload: bytes) -> bool:
        read_as = self._seams.payload_type(payload_type)
        message_set = next((one for known, one in _SETS.items() if known == read_as), None)
        if message_set is None or self._secc.state is State.CLOSED:
            return True
        negotiated = _UNDER_AC.get(self._secc.session.family)
        if negotiated is not None:
            message_set = codec.energy_set(negotiated.urn, read_as) or message_set
        now = self._clock.now()
        message = _decoded(message_set, payload)
        reply = self._secc.undecodable(payload, now) if message is None else self._secc.receive(message, now)
        self._changed()
        await self._send(reply, payload_type)
        if reply.messages:
            self._secc.sent(message, self._clock.now())
        return not reply.close

    async def _send(self, reply: Reply, asked_on: int) -> None:
        if reply.delay > 0:
            await asyncio.sleep(reply.delay)
        for message in reply.messages:
            if isinstance(message, Octets):
                await asyncio.sleep(message.pause)
                self._stream.send(message.data)
                continue
            own = codec.message_set(message)
            der_under_ac = own in codec.DER_SETS and asked_on == PayloadType.AC
            payload_type = asked_on if asked_on in _SIDE_STREAMS or der_under_ac else own.payload_type
            # Only a fault makes a message that the schema forbids, and then it is meant to go out.
            payload = codec.encode(message, check=not self._seams.active)
            self._stream.send(self._seams.frame_out(encode_frame(payload_type, payload)))
        await self._stream.drain()


def _decoded(message_set: codec.MessageSet, payload: bytes) -> Any:
    """The message, None if the payload is none; a value beyond its facets makes it none as well."""
    try:
        message = codec.decode(message_set, payload)
    except ExiDecodeError:
        return None
    beyond = next(iter(codec.violations(message)), None)
    return message if beyond is None else None
