"""Drives one `Session` over a byte stream: frames, timers, and nothing that belongs to the protocol itself."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from v2gready.protocols.exi import ExiDecodeError
from v2gready.protocols.iso15118 import codec
from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.v2gtp import BrokenStream, Frame, FrameDecoder, PayloadType, SkippedFrame, encode_frame
from v2gready.references.ev.seams import Seams
from v2gready.references.ev.session import Session
from v2gready.references.ev.turn import Outgoing
from v2gready.transports.clock import Clock
from v2gready.transports.stream import ByteStream, StreamReset, TransportClosed
from v2gready.transports.tls import TlsFailure

_SIDE_STREAMS: Final = {
    PayloadType.SCHEDULE_RENEGOTIATION,
    PayloadType.METERING_CONFIRMATION,
    PayloadType.PARKING_STATUS,
}
_SETS: Final = (codec.MessageSet.SAP, codec.MessageSet.COMMON)
_AT_LEAST: Final = 1e-4
"""Seconds that a request takes at least: a car is no loop without time."""


class Connection:
    """One connection of the car.

    Args:
        stream: The bytes.
        session: The session that runs over it.
        seams: Faults of the car.
        clock: The time.
    """

    def __init__(self, stream: ByteStream, session: Session, seams: Seams, clock: Clock) -> None:
        self._stream = stream
        self._session = session
        self._seams = seams
        self._clock = clock
        self._decoder = FrameDecoder()
        self._payloads: asyncio.Queue[tuple[int, bytes] | None] = asyncio.Queue()
        self._kept: list[tuple[int, bytes]] = []
        self._gone = ""

    async def run(self) -> None:
        """Runs the session to its end. The stream is closed by the caller."""
        reader = asyncio.create_task(self._read(), name="ev: reads")
        try:
            while not self._session.over:
                if await self._pause() or await self._send():
                    return
                await self._await_response()
        finally:
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)

    async def _pause(self) -> bool:
        """Time before the next request; True if the connection ends meanwhile. Anything else was not asked for."""
        until = self._clock.now() + max(_AT_LEAST, self._session.gap(self._clock.now()))
        while (left := until - self._clock.now()) > 0 and not self._session.over:
            await self._payload(left)
        return self._session.over

    async def _send(self) -> bool:
        """Sends the next request; True if the connection ends with it."""
        session = self._session
        outgoing = session.next(self._clock.now())
        if outgoing.delay > 0:
            await asyncio.sleep(outgoing.delay)
        try:
            for octets in self._frames(outgoing):
                self._stream.send(self._seams.frame_out(octets))
            await self._stream.drain()
        except (StreamReset, TlsFailure, TransportClosed):
            session.fail("the connection is gone")
            return True
        if outgoing.close:
            session.fail("the car has closed the connection")
            return True
        session.sent(outgoing, self._clock.now())
        return False

    def _frames(self, outgoing: Outgoing) -> list[bytes]:
        frames = []
        for message in outgoing.messages:
            payload_type = outgoing.payload_type
            if payload_type is None:
                metering = self._session.core.plan.side_streams and isinstance(message, m.MeteringConfirmationReq)
                own = codec.message_set(message).payload_type
                payload_type = PayloadType.METERING_CONFIRMATION if metering else own
            payload = outgoing.payload
            if payload is None:
                # Only a fault makes a message that the schema forbids, and then it is meant to go out.
                payload = codec.encode(message, check=not self._seams.active)
            frames.append(encode_frame(payload_type, payload))
        return frames

    async def _await_response(self) -> None:
        session = self._session
        while self._kept and session.awaiting:
            session.receive(decoded(*self._kept.pop(0), session.namespace), self._clock.now())
        while session.awaiting:
            due = session.timer()
            wait = None if due is None else max(0.0, due - self._clock.now())
            try:
                async with asyncio.timeout(wait):
                    item = await self._payloads.get()
            except TimeoutError:
                # The loop may wake a hair before the deadline: the timer has run out all the same.
                session.expire(self._clock.now() if due is None else max(due, self._clock.now()))
                return
            if item is None:
                session.gone(self._gone or "the connection is gone", self._clock.now())
                return
            session.receive(decoded(*item, session.namespace), self._clock.now())

    async def _payload(self, wait: float) -> None:
        """What comes while nothing is awaited: not asked for, so not heard; the end of the connection is."""
        try:
            async with asyncio.timeout(wait):
                item = await self._payloads.get()
        except TimeoutError:
            return
        if item is None:
            self._session.fail(self._gone or "the connection is gone")
        elif not self._seams.discards(item[0]):
            self._kept.append(item)

    async def _read(self) -> None:
        try:
            while data := await self._stream.receive():
                for event in self._decoder.feed(self._seams.received(data)):
                    match event:
                        case BrokenStream(reason=reason):
                            self._gone = f"no V2GTP: {reason}"
                            self._payloads.put_nowait(None)
                            return
                        case Frame(payload_type=payload_type, payload=payload):
                            self._payloads.put_nowait((payload_type, payload))
                        case SkippedFrame(payload_type=payload_type):
                            if not self._seams.tolerates(payload_type):
                                self._gone = "a frame of an unknown type"
                                self._payloads.put_nowait(None)
                                return
            self._gone = "the SECC has closed the connection"
        except StreamReset:
            self._gone = "the SECC has reset the connection"
        except TlsFailure as failure:
            self._gone = f"TLS has ended: {failure.reason}"
        self._payloads.put_nowait(None)


def decoded(payload_type: int, payload: bytes, namespace: str) -> Any:
    """The message, None if the payload is none; a value beyond its facets makes it none as well."""
    known = next((one for one in _SETS if one.payload_type == payload_type), None)
    if known is None and payload_type in _SIDE_STREAMS:
        known = codec.MessageSet.COMMON
    elif known is None:
        known = codec.energy_set(namespace, payload_type)
    if known is None:
        return None
    try:
        message = codec.decode(known, payload)
    except ExiDecodeError:
        return None
    beyond = next(iter(codec.violations(message)), None)
    return message if beyond is None else None
