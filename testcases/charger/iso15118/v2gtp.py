"""V2GTP: frames in a stream of octets, their header, and what is ignored (ISO 15118-2, clause 7.8.3)."""

from __future__ import annotations

from collections.abc import Iterator

from v2gready.authoring import (
    ChargerBench,
    ChargerCase,
    Observation,
    Trace,
    answered,
    at_least,
    garbage,
    ignored,
    never_ok,
    serves,
    v2gtp,
    wire,
)
from v2gready.authoring import messages as m

A_WHILE = 1.5
"""Seconds in which a charger answers what it means to answer: V2G_SECC_Msg_Performance_Time."""


class UnknownType(ChargerCase):
    """A frame with an unknown payload type is skipped by its length, and the session goes on behind it.

    Its payload is a request that would be in order.
    """

    id = "CHG-V2GTP-UNKNOWN-01"
    title = "V2GTP: frames of unknown payload type are skipped"
    area = "v2gtp"
    requirements = ("V2G2-800",)
    faults = {"v2gtp-routes-unknown-type": "V2G2-800"}
    reserved = (0x8007, 0x8105, 0x9004, 0xA001)

    async def stimulate(self, bench: ChargerBench) -> None:
        """Sends frames of reserved and of manufacturer specific types between two messages."""
        async with bench.ev.session() as session:
            await session.reach(m.AuthorizationSetupReq)
            payload = wire.exi(session.request(m.AuthorizationSetupReq))
            for payload_type in self.reserved:
                await session.ask_payload(payload_type, payload, wait=0.5)
            await session.proceed()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """No answer to them; a good one to the request behind."""
        for exchange in at_least(len(self.reserved), garbage(trace), trace):
            yield ignored("V2G2-800", trace, exchange)
        yield answered("V2G2-800", trace.exchange(m.AuthorizationSetupReq), m.ResponseCode.OK)


class Segments(ChargerCase):
    """A request is one frame, also if it comes octet by octet: TCP promises no boundaries."""

    id = "CHG-V2GTP-SEGMENT-01"
    title = "V2GTP: a frame may come in any segments"
    area = "v2gtp"
    requirements = ("H-V2GTP-STREAM",)
    faults = {"v2gtp-one-read-one-frame": "H-V2GTP-STREAM"}
    sizes = (1, 7, 9)

    async def stimulate(self, bench: ChargerBench) -> None:
        """Cuts SessionSetupReq within the header, before its end and behind it."""
        for size in self.sizes:
            async with bench.ev.session() as session:
                await session.reach(m.SessionSetupReq)
                await session.ask_in_pieces(session.request(m.SessionSetupReq), size)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """An answer as to a frame in one piece."""
        for exchange in at_least(len(self.sizes), trace.exchanges(m.SessionSetupReq), trace):
            yield answered("H-V2GTP-STREAM", exchange, m.ResponseCode.OK_NewSessionEstablished)


class WrongVersion(ChargerCase):
    """A frame with a wrong version or inverse version is not read, whatever is in it.

    Behind such a header nobody knows where the next frame begins, so the charger may close the connection.
    """

    id = "CHG-V2GTP-VERSION-01"
    title = "V2GTP: a frame of another version is not read"
    area = "v2gtp"
    requirements = ("V2G2-800", "H-ROBUST")
    faults = {"v2gtp-ignores-version": "V2G2-800", "next-session-refused": "H-ROBUST"}
    versions = (b"\x02\xfd", b"\x01\xff", b"\xfe\x01")

    async def stimulate(self, bench: ChargerBench) -> None:
        """Sends a request that is in order, under a wrong header."""
        for version in self.versions:
            async with bench.ev.session() as session:
                await session.reach(m.AuthorizationSetupReq)
                payload = wire.exi(session.request(m.AuthorizationSetupReq))
                frame = v2gtp.encode_frame(v2gtp.PayloadType.MAINSTREAM, payload)
                await session.send_octets(version + frame[2:])
                await session.silence(A_WHILE)
        await bench.ev.visit()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """No OK, and the next car is served."""
        for exchange in at_least(len(self.versions), garbage(trace), trace):
            yield never_ok("V2G2-800", trace, exchange)
            yield serves("H-ROBUST", trace, after=exchange.request)


class WrongLength(ChargerCase):
    """A frame that announces more octets than come is not complete, and so it is not answered."""

    id = "CHG-V2GTP-LENGTH-01"
    title = "V2GTP: a frame is not read before it is complete"
    area = "v2gtp"
    requirements = ("V2G2-800", "H-ROBUST")
    faults = {"v2gtp-ignores-length": "V2G2-800", "next-session-refused": "H-ROBUST"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Sends a request that is in order, with a length four octets too large, and no more."""
        async with bench.ev.session() as session:
            await session.reach(m.AuthorizationSetupReq)
            payload = wire.exi(session.request(m.AuthorizationSetupReq))
            longer = v2gtp.encode_frame(v2gtp.PayloadType.MAINSTREAM, payload + bytes(4))
            await session.send_octets(longer[:-4])
            await session.silence(A_WHILE)
        await bench.ev.visit()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """No OK, and the next car is served."""
        for exchange in at_least(1, garbage(trace), trace):
            yield never_ok("V2G2-800", trace, exchange)
            yield serves("H-ROBUST", trace, after=exchange.request)


class EmptyPayload(ChargerCase):
    """A frame without payload is a good frame that holds no message."""

    id = "CHG-V2GTP-EMPTY-01"
    title = "V2GTP: a frame without payload is no message"
    area = "v2gtp"
    requirements = ("H-NO-OK-ON-GARBAGE", "H-ROBUST")
    faults = {"stale-answer-to-garbage": "H-NO-OK-ON-GARBAGE", "crash-on-truncated-exi": "H-ROBUST"}
    types = (v2gtp.PayloadType.SAP, v2gtp.PayloadType.MAINSTREAM, v2gtp.PayloadType.AC, v2gtp.PayloadType.DC)

    async def stimulate(self, bench: ChargerBench) -> None:
        """Sends an empty frame of each type in mid session."""
        for payload_type in self.types:
            async with bench.ev.session() as session:
                await session.reach(m.AuthorizationSetupReq)
                await session.ask_payload(payload_type, b"")
        await bench.ev.visit()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """No OK, and the next car is served."""
        for exchange in at_least(len(self.types), garbage(trace), trace):
            yield never_ok("H-NO-OK-ON-GARBAGE", trace, exchange)
            yield serves("H-ROBUST", trace, after=exchange.request)


class ForeignType(ChargerCase):
    """The payload type says how a payload is to be read: a common message under the type of DC is none."""

    id = "CHG-V2GTP-FOREIGN-01"
    title = "V2GTP: a message under the payload type of another set is no message"
    area = "v2gtp"
    requirements = ("H-NO-OK-ON-GARBAGE",)
    faults = {"v2gtp-one-type-for-all": "H-NO-OK-ON-GARBAGE"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Sends AuthorizationSetupReq, which is in order, as a message of DC."""
        async with bench.ev.session() as session:
            await session.reach(m.AuthorizationSetupReq)
            await session.ask(session.request(m.AuthorizationSetupReq), payload_type=v2gtp.PayloadType.DC)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """No OK."""
        for exchange in at_least(1, garbage(trace), trace):
            yield never_ok("H-NO-OK-ON-GARBAGE", trace, exchange)
