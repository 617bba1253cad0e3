"""Robustness: strange octets and strange guests. Each ends at most its own connection, and the next car is served."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import ClassVar

from v2gready.authoring import (
    RECOMMENDED,
    ChargerBench,
    ChargerCase,
    EvSession,
    Exchange,
    Observation,
    TlsUse,
    Trace,
    answered,
    at_least,
    connection,
    describe,
    garbage,
    holds,
    never_ok,
    serves,
    v2gtp,
    wire,
)
from v2gready.authoring import messages as m

MAINSTREAM = v2gtp.PayloadType.MAINSTREAM
A_WHILE = 1.5
"""Seconds in which a charger answers what it means to answer: V2G_SECC_Msg_Performance_Time."""


def survived(trace: Trace, connections: int) -> Iterator[Observation]:
    """Behind each of the first connections another car was served."""
    for nth in range(connections):
        yield serves("H-ROBUST", trace, after=connection(trace, nth))


def understood_or_refused(trace: Trace, exchange: Exchange[m.SessionSetupReq]) -> Observation:
    """A session, a FAILED* response or the end of the connection: anything but silence or another message."""
    code = getattr(exchange.answer, "ResponseCode", None)
    clean = code is m.ResponseCode.OK_NewSessionEstablished or (code is not None and code >= m.ResponseCode.FAILED)
    gone = exchange.response is None and trace.closed(exchange.request.link) is not None
    seen = "connection closed" if gone else describe(exchange)
    expected = "a session, a FAILED* response or the end of the connection"
    return holds("H-EXI-STRINGS", clean or gone, expected=expected, seen=seen, at=exchange.at)


class _BadPayload(ChargerCase):
    """Payloads that are no message, in place of AuthorizationSetupReq, each on a connection of its own."""

    area = "robustness"
    requirements = ("H-NO-OK-ON-GARBAGE", "H-ROBUST")
    faults = {"stale-answer-to-garbage": "H-NO-OK-ON-GARBAGE", "crash-on-truncated-exi": "H-ROBUST"}
    rule = "H-NO-OK-ON-GARBAGE"
    changes: ClassVar[tuple[Callable[[bytes], bytes], ...]]

    async def stimulate(self, bench: ChargerBench) -> None:
        """Sends them one by one, and comes back in good order."""
        for change in self.changes:
            async with bench.ev.session() as session:
                await session.reach(m.AuthorizationSetupReq)
                good = wire.exi(session.request(m.AuthorizationSetupReq))
                await session.ask_payload(MAINSTREAM, change(good))
        await bench.ev.visit()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """No OK, and the next car is served."""
        for exchange in at_least(len(self.changes), garbage(trace), trace):
            yield never_ok(self.rule, trace, exchange)
            yield serves("H-ROBUST", trace, after=exchange.request)


class Truncated(_BadPayload):
    """A message whose end is missing is no message."""

    id = "CHG-EXI-TRUNC-01"
    title = "EXI: truncated messages"
    changes = (
        lambda good: good[:1],
        lambda good: good[:2],
        lambda good: good[:6],
        lambda good: good[:-2],
    )


class UndefinedEvents(_BadPayload):
    """Event codes without a meaning: an unknown root, any element as root, the escape to the second level."""

    id = "CHG-EXI-EVENT-01"
    title = "EXI: undefined event codes"
    changes = (
        lambda good: good[:1] + bytes([63 << 2 | good[1] & 3]) + good[2:],
        lambda good: good[:1] + bytes([54 << 2 | good[1] & 3]) + good[2:],
        lambda good: good[:1] + bytes([good[1] | 2]) + good[2:],
        lambda good: good[:1] + bytes([good[1] | 1]) + good[2:],
    )


class WrongHeader(_BadPayload):
    """An EXI stream starts with 0x80: the distinguishing bits, no options, final version 1.

    The optional cookie is not tried: the rules of EXI let a decoder take it.
    """

    id = "CHG-EXI-HEADER-01"
    title = "EXI: the stream starts with the octet 0x80"
    weight = RECOMMENDED  # that 0x80 is sent is confirmed; how another header is met, no clause known to us says
    requirements = ("H-EXI-HEADER", "H-ROBUST")
    faults = {"stale-answer-to-garbage": "H-EXI-HEADER", "crash-on-truncated-exi": "H-ROBUST"}
    rule = "H-EXI-HEADER"
    changes = (
        lambda good: b"\xa0" + good[1:],
        lambda good: b"\x81" + good[1:],
        lambda good: b"\x90" + good[1:],
        lambda good: b"\x00" + good[1:],
    )

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Refused where it does not, and kept by the charger itself."""
        yield from super().judge(trace)
        for frame in trace.frames(sender=trace.dut, link=connection(trace).link):
            start = frame.raw[8:9].hex()
            yield holds("H-EXI-HEADER", start == "80", expected="80", seen=start or "nothing", at=(frame.index,))


class UnknownValue(ChargerCase):
    """A code beyond the values of an enumeration means nothing."""

    id = "CHG-EXI-ENUM-01"
    title = "EXI: a code beyond the enumeration"
    area = "robustness"
    requirements = ("H-NO-OK-ON-GARBAGE", "H-ROBUST")
    faults = {"stale-answer-to-garbage": "H-NO-OK-ON-GARBAGE", "crash-on-truncated-exi": "H-ROBUST"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Ends a session with the fourth of three ways."""
        async with bench.ev.session() as session:
            await session.reach(m.AuthorizationSetupReq)
            stop = session.request(m.SessionStopReq)
            await session.ask_payload(MAINSTREAM, wire.exi(replace(stop, ChargingSession=3)))
        await bench.ev.visit()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """No OK, and the next car is served."""
        for exchange in at_least(1, garbage(trace), trace):
            yield never_ok("H-NO-OK-ON-GARBAGE", trace, exchange)
            yield serves("H-ROBUST", trace, after=exchange.request)


class FlippedBits(ChargerCase):
    """Messages with wrong bits: what is still a message is answered as such, what is none never with OK."""

    id = "CHG-EXI-FLIP-01"
    title = "EXI: flipped bits"
    area = "robustness"
    requirements = ("H-NO-OK-ON-GARBAGE", "H-ROBUST")
    faults = {"stale-answer-to-garbage": "H-NO-OK-ON-GARBAGE", "crash-on-truncated-exi": "H-ROBUST"}
    rounds = 12

    async def stimulate(self, bench: ChargerBench) -> None:
        """Flips the first bit, which none survives, and then one to three bits at random places."""
        for nth in range(self.rounds):
            async with bench.ev.session() as session:
                await session.reach(m.AuthorizationSetupReq)
                octets = bytearray(wire.exi(session.request(m.AuthorizationSetupReq)))
                some = range(8 * len(octets))
                for place in bench.rng.sample(some, bench.rng.randint(1, 3)) if nth else [0]:
                    octets[place // 8] ^= 0x80 >> place % 8
                await session.ask_payload(MAINSTREAM, bytes(octets))
        await bench.ev.visit()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """No OK to what does not decode, and the next car is served."""
        for exchange in at_least(1, garbage(trace), trace):
            yield never_ok("H-NO-OK-ON-GARBAGE", trace, exchange)
        yield from survived(trace, self.rounds)


class TrailingOctets(ChargerCase):
    """Octets behind the end of a message: whether it still counts is open, but it does no harm."""

    id = "CHG-EXI-TRAIL-01"
    title = "EXI: octets behind the end of a message"
    area = "robustness"
    requirements = ("H-ROBUST",)
    faults = {"crash-on-truncated-exi": "H-ROBUST"}
    tails = (b"\x00", b"\xff" * 3, bytes(1000))

    async def stimulate(self, bench: ChargerBench) -> None:
        """Adds them within the payload."""
        for tail in self.tails:
            async with bench.ev.session() as session:
                await session.reach(m.AuthorizationSetupReq)
                await session.ask_payload(MAINSTREAM, wire.exi(session.request(m.AuthorizationSetupReq)) + tail)
        await bench.ev.visit()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The next car is served."""
        yield from survived(trace, len(self.tails))


class StringTable(ChargerCase):
    """A repeated string may come as a reference into the string table, as general EXI encoders send it.

    Two offers of the same namespace, the second one with the higher priority and its namespace as a reference. Who
    takes the reference for another string takes the first offer, and has misread the message.
    """

    id = "CHG-EXI-TABLE-01"
    title = "EXI: a reference into the string table"
    area = "robustness"
    requirements = ("H-EXI-STRINGS", "H-ROBUST")
    faults = {"string-reference-read-as-empty": "H-EXI-STRINGS", "serves-one-session": "H-ROBUST"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Offers both, and comes back in good order."""
        async with bench.ev.session() as session:
            namespace = bench.ev.plan.app_protocols[0].namespace
            await session.ask_payload(
                v2gtp.PayloadType.SAP, wire.repeated_offer(namespace, first=(11, 2), second=(22, 1))
            )
        await bench.ev.visit()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The second offer is taken, or none at all."""
        exchange = trace.exchange(m.SupportedAppProtocolReq)
        answer = exchange.answer
        chosen = getattr(answer, "SchemaID", None)
        understood = chosen == 22
        seen = describe(exchange) if chosen is None else f"SchemaID {chosen}"
        refused = answer is None or answer.ResponseCode is m.SapResponseCode.Failed_NoNegotiation
        expected = "SchemaID 22, or no negotiation"
        yield holds("H-EXI-STRINGS", understood or refused, expected=expected, seen=seen, at=exchange.at)
        yield serves("H-ROBUST", trace, after=exchange.request)


class _Name(ChargerCase):
    """Cars with unusual names."""

    area = "robustness"
    requirements = ("H-EXI-STRINGS", "H-ROBUST")
    names: ClassVar[tuple[str, ...]]

    async def stimulate(self, bench: ChargerBench) -> None:
        """They come one after the other; then a car with a usual one."""
        for name in self.names:
            async with bench.ev.session(evcc_id=name) as session:
                await session.reach(m.SessionSetupReq)
                await session.proceed()
        await bench.ev.visit()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """A session or a clean refusal, and the next car is served."""
        odd = trace.exchanges(m.SessionSetupReq, where=lambda one: one.EVCCID in self.names)
        for exchange in at_least(len(self.names), odd, trace):
            yield understood_or_refused(trace, exchange)
            yield serves("H-ROBUST", trace, after=exchange.request)


class LongName(_Name):
    """An EVCCID may have 255 characters."""

    id = "CHG-EXI-LONG-01"
    title = "EXI: an EVCCID of 255 characters"
    faults = {"dies-on-long-evccid": "H-ROBUST"}
    names = ("W" * 64, "W" * 255)


class WideName(_Name):
    """An EVCCID may hold any character of Unicode: beyond ASCII, and beyond the basic plane."""

    id = "CHG-EXI-TEXT-01"
    title = "EXI: an EVCCID beyond ASCII"
    faults = {"dies-on-wide-text": "H-ROBUST"}
    names = ("WMIVÄÖÜ€", "WMIV\U0001f50c\U0001f697")


class _BadStream(ChargerCase):
    """Octets that are no frame, or not all of one, each on a connection of its own."""

    area = "robustness"
    requirements = ("H-ROBUST",)

    async def stimulate(self, bench: ChargerBench) -> None:
        """Sends them in mid session, and comes back in good order."""
        for octets in self.streams(bench):
            async with bench.ev.session() as session:
                await session.reach(m.AuthorizationSetupReq)
                await session.send_octets(octets)
                await self.leave(session)
        await bench.ev.visit()

    def streams(self, bench: ChargerBench) -> tuple[bytes, ...]:
        """The octets."""
        raise NotImplementedError

    async def leave(self, session: EvSession) -> None:
        """What the car does then."""
        await session.silence(A_WHILE)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The next car is served."""
        for exchange in at_least(1, garbage(trace), trace):
            yield serves("H-ROBUST", trace, after=exchange.request)


class HugeFrame(_BadStream):
    """A header may announce 4 GiB; nobody has to believe it."""

    id = "CHG-ROB-HUGE-01"
    title = "Stream: an announced payload of 4 GiB"
    faults = {"dies-on-huge-length": "H-ROBUST", "next-session-refused": "H-ROBUST"}

    def streams(self, bench: ChargerBench) -> tuple[bytes, ...]:
        """The longest and the longest positive length, and the beginning of such a payload."""
        return tuple(bytes.fromhex("01fe8002") + length + bytes(4000) for length in (b"\xff" * 4, b"\x7f\xff\xff\xff"))


class Noise(_BadStream):
    """Octets that never were V2GTP."""

    id = "CHG-ROB-NOISE-01"
    title = "Stream: noise"
    faults = {"next-session-refused": "H-ROBUST"}

    def streams(self, bench: ChargerBench) -> tuple[bytes, ...]:
        """Zeros, ones, random octets, and another protocol."""
        return (bytes(512), b"\xff" * 512, bench.rng.randbytes(4096), b"GET / HTTP/1.1\r\nHost: charger\r\n\r\n")


class HalfFrame(_BadStream):
    """A frame that never becomes complete: the car falls silent in its midst, and leaves after a while."""

    id = "CHG-ROB-HALF-01"
    title = "Stream: half a frame, then silence"
    faults = {"next-session-refused": "H-ROBUST"}

    def streams(self, bench: ChargerBench) -> tuple[bytes, ...]:
        """Half a header, a header alone, half a payload."""
        frame = v2gtp.encode_frame(MAINSTREAM, bytes.fromhex("808c") + bytes(30))
        return (frame[:3], frame[:8], frame[:20])


class BrokenOff(HalfFrame):
    """The connection ends in the midst of a frame."""

    id = "CHG-ROB-CUT-01"
    title = "Stream: the connection ends within a frame"
    faults = {"next-session-refused": "H-ROBUST"}

    async def leave(self, session: EvSession) -> None:
        """Resets the connection."""
        await session.cut()


class Flood(ChargerCase):
    """A thousand frames of unknown payload type are ignored like one: the request behind them is answered."""

    id = "CHG-ROB-FLOOD-01"
    title = "Stream: a flood of frames of unknown payload type"
    area = "robustness"
    requirements = ("V2G2-800", "H-ROBUST")
    faults = {"dies-of-unknown-frames": "H-ROBUST"}
    frames = 1000

    async def stimulate(self, bench: ChargerBench) -> None:
        """Sends them in one go, then a good request, and comes back in good order."""
        async with bench.ev.session() as session:
            await session.reach(m.AuthorizationSetupReq)
            await session.send_octets(v2gtp.encode_frame(0xA001, bytes(16)) * self.frames)
            await session.proceed()
        await bench.ev.visit()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """A good answer, and the next car is served."""
        exchange = trace.exchange(m.AuthorizationSetupReq)
        yield answered("V2G2-800", exchange, m.ResponseCode.OK)
        yield serves("H-ROBUST", trace, after=exchange.request)


class Leaves(ChargerCase):
    """Cars that leave without a word, at each step of the way, are no reason to stop serving."""

    id = "CHG-ROB-LEAVE-01"
    title = "A car leaves without a word"
    area = "robustness"
    requirements = ("H-ROBUST",)
    faults = {"next-session-refused": "H-ROBUST"}
    steps = (
        m.SupportedAppProtocolReq,
        m.SessionSetupReq,
        m.AuthorizationSetupReq,
        m.ServiceDiscoveryReq,
        m.ChargeParameterDiscoveryReq,
    )

    async def stimulate(self, bench: ChargerBench) -> None:
        """Closes the connection before each step; at last a car stays."""
        for step in self.steps:
            async with bench.ev.session() as session:
                await session.reach(step)
        await bench.ev.visit()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The next car is served."""
        yield from survived(trace, len(self.steps))


class IdleConnection(ChargerCase):
    """A connection on which nothing is said does not keep others out."""

    id = "CHG-ROB-IDLE-01"
    title = "An idle connection beside a session"
    area = "robustness"
    requirements = ("H-ROBUST",)
    weight = RECOMMENDED
    faults = {"one-connection-at-a-time": "H-ROBUST"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Opens a connection, leaves it alone for a while, and comes with a good car."""
        async with bench.ev.session(tls=TlsUse.NONE) as idle:
            # A car that comes at once may be served before the charger has taken note of the first connection.
            await idle.silence(A_WHILE)
            await bench.ev.visit()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The good car is served."""
        yield from survived(trace, 1)


class SdpNoise(ChargerCase):
    """Datagrams that are no SDP request do not deafen the charger."""

    id = "CHG-ROB-SDP-01"
    title = "SDP: noise"
    area = "robustness"
    requirements = ("H-ROBUST",)
    faults = {"sdp-dies-on-malformed": "H-ROBUST"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Sends nothing, a little and much of it; then a car comes."""
        good = bytes.fromhex("01fe900000000002")
        for datagram in (b"", b"\x01", good, good + b"\xff" * 1200, bench.rng.randbytes(1200)):
            await bench.ev.send_sdp(datagram, wait=0.2)
        await bench.ev.visit()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The car is served."""
        sent = list(trace.undecodable(sender=trace.tester))
        yield serves("H-ROBUST", trace, after=sent[-1].request)
