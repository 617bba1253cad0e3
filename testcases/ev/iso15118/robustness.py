"""Answers that are none, that are somebody else's, or that come in an unusual way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

from v2gready.authoring import Frame, Inconclusive, Observation, Trace, ev, holds, timers, v2gtp, wire
from v2gready.authoring import messages as m
from v2gready.authoring.ev import EvBench, EvCase

MANUFACTURER = 0xA001
"""A payload type of the range that is left to manufacturers."""
STRANGER = bytes.fromhex("0123456789ABCDEF")


class Garbled(EvCase):
    """An answer that does not decode is no answer: the car may end at once, or when its message timer runs out.

    It does not go on as if it had been answered, does not ask again, and it can begin another session. The connection
    may take a while to close, as at any end.
    """

    area = "robustness"
    requirements: ClassVar[tuple[str, ...]] = ("H-EV-MALFORMED", "H-EV-COMES-BACK")
    hooks = ("plug_in", "start")
    faults: ClassVar = {"dies-of-undecodable": "H-EV-COMES-BACK"}
    step: ClassVar[type] = m.ServiceDiscoveryRes
    nth: ClassVar[int] = 0
    limit: ClassVar = timers.V2G_EVCC_MSG_TIMEOUT

    def garble(self, payload: bytes) -> bytes:
        """What becomes of the good payload."""
        raise NotImplementedError

    async def stimulate(self, bench: EvBench) -> None:
        """Garbles one answer, and lets the car begin again."""
        bench.charger.payload(self.step, self.garble, nth=self.nth)
        await bench.plug_in()
        await bench.charger.ended(within=40.0)
        await bench.wait(3.0)
        mark = bench.charger.mark
        await bench.act("start")
        await bench.charger.wait_for(m.SessionSetupReq, since=mark, within=10.0)
        bench.charger.cut()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """No other request, the end in time, another session."""
        bad = ev.garbled(trace)
        yield ev.nothing_but_stop("H-EV-MALFORMED", trace, bad.frame)
        yield ev.ends_session("H-EV-MALFORMED", trace, bad.frame, within=self.limit + ev.CLOSING)
        yield ev.survives("H-EV-COMES-BACK", trace, after=bad.frame)


class Truncated(Garbled):
    """The last octets are missing: read to the end of the buffer, something else is read than was sent."""

    id = "EV-ROB-GARBLED-01"
    title = "A truncated response ends the session"

    def garble(self, payload: bytes) -> bytes:
        """Half of it."""
        return payload[: len(payload) // 2]


class NoExi(Garbled):
    """The first octet of EXI has lost its distinguishing bits: the rest is not even to be looked at."""

    id = "EV-ROB-GARBLED-02"
    title = "A response that is no EXI ends the session"
    step = m.AuthorizationSetupRes

    def garble(self, payload: bytes) -> bytes:
        """Without the bits."""
        return b"\x00" + payload[1:]


class NoSuchMessage(Garbled):
    """The event code of the document is one that no message has."""

    id = "EV-ROB-GARBLED-03"
    title = "A response with an event code of no message ends the session"
    step = m.ServiceSelectionRes

    def garble(self, payload: bytes) -> bytes:
        """The highest of all codes."""
        return payload[:1] + b"\xff" + payload[2:]


class Empty(Garbled):
    """A header, and nothing behind it."""

    id = "EV-ROB-GARBLED-04"
    title = "A response without octets ends the session"
    step = m.ServiceDetailRes
    limit = timers.V2G_EVCC_MSG_TIMEOUT_LONG

    def garble(self, payload: bytes) -> bytes:
        """Nothing."""
        return b""


class GarbledLoop(Garbled):
    """With energy flowing half a second is all there is; and the answer before is not valid once more.

    A decoder that reports an error and leaves the last message in its structure lets the car charge on by it.
    """

    id = "EV-ROB-LOOP-01"
    title = "Undecodable responses in the charge loop end the session, the contactor opens"
    requirements = ("H-EV-MALFORMED", "H-EV-CONTACTOR", "H-EV-COMES-BACK")
    instruments = ("vehicle_meter",)
    faults: ClassVar = {
        "stale-response-used": "H-EV-MALFORMED",
        "contactor-closed-after-failure": "H-EV-CONTACTOR",
        "dies-of-undecodable": "H-EV-COMES-BACK",
    }
    step = m.ChargeLoopRes
    nth = 9
    limit = timers.V2G_EVCC_MSG_TIMEOUT_LOOP

    def garble(self, payload: bytes) -> bytes:
        """The highest of all codes."""
        return payload[:1] + b"\xff" + payload[2:]

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """And the contactor."""
        yield from super().judge(trace)
        bad = ev.garbled(trace)
        ev.closed_once(trace)
        until = next(
            (one.frame for one in ev.requests(trace, m.SessionSetupReq) if one.frame.index > bad.frame.index), None
        )
        if until is not None and until.t - bad.frame.t < self.limit + 2.0:
            raise Inconclusive("the next session came too early")
        yield ev.contactor_open("H-EV-CONTACTOR", trace, bad.frame, within=self.limit + 2.0)
        yield ev.power_off("H-EV-CONTACTOR", trace, bad.frame, within=self.limit + 2.0)

    async def stimulate(self, bench: EvBench) -> None:
        """As before; the next session is not to reach its power."""
        bench.charger.payload(self.step, self.garble, nth=self.nth)
        await bench.plug_in()
        await bench.charger.ended(within=40.0)
        await bench.wait(4.0)
        mark = bench.charger.mark
        await bench.act("start")
        await bench.charger.wait_for(m.SessionSetupReq, since=mark, within=10.0)
        bench.charger.cut()


class WrongPayloadType(EvCase):
    """The octets of a good answer under the payload type of another message set.

    A decoder that tries one grammar after the other takes it; the same octets may be another message elsewhere.
    """

    id = "EV-ROB-TYPE-01"
    title = "A response under the payload type of another set ends the session"
    area = "robustness"
    requirements = ("H-EV-MALFORMED",)
    faults: ClassVar = {"payload-type-not-read": "H-EV-MALFORMED"}

    async def stimulate(self, bench: EvBench) -> None:
        """ServiceDiscoveryRes as a message of ACDP."""
        bench.charger.payload_type(m.ServiceDiscoveryRes, int(v2gtp.PayloadType.ACDP))
        await bench.plug_in()
        await bench.charger.ended(within=30.0)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """No other request, and the end in time."""
        bad = ev.garbled(trace)
        yield ev.nothing_but_stop("H-EV-MALFORMED", trace, bad.frame)
        yield ev.ends_session("H-EV-MALFORMED", trace, bad.frame, within=timers.V2G_EVCC_MSG_TIMEOUT + ev.CLOSING)


class WrongResponse(EvCase):
    """A good answer to another question: its OK is not the OK to this one."""

    id = "EV-ROB-TYPE-02"
    title = "A response of another type is no answer"
    area = "robustness"
    requirements = ("H-EV-MALFORMED",)
    faults: ClassVar = {"response-type-not-read": "H-EV-MALFORMED"}

    async def stimulate(self, bench: EvBench) -> None:
        """ServiceSelection is answered by MeteringConfirmationRes."""
        bench.charger.instead(
            m.ServiceSelectionRes,
            lambda one: m.MeteringConfirmationRes(Header=one.Header, ResponseCode=m.ResponseCode.OK),
        )
        await bench.plug_in()
        await bench.charger.ended(within=30.0)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """No other request, and the end in time."""
        bad = ev.told(trace, m.MeteringConfirmationRes)
        yield ev.nothing_but_stop("H-EV-MALFORMED", trace, bad.frame)
        yield ev.ends_session("H-EV-MALFORMED", trace, bad.frame, within=timers.V2G_EVCC_MSG_TIMEOUT + ev.CLOSING)


class StrangerInTheLoop(EvCase):
    """A loop response under another SessionID: somebody else's power. The contactor opens."""

    id = "EV-ROB-SESSION-01"
    title = "A foreign SessionID in the charge loop ends the session, the contactor opens"
    area = "robustness"
    requirements = ("H-EV-SESSION-CHANGED", "H-EV-CONTACTOR")
    instruments = ("vehicle_meter",)
    faults: ClassVar = {
        "session-id-change-followed": "H-EV-SESSION-CHANGED",
        "contactor-closed-after-failure": "H-EV-CONTACTOR",
    }

    async def stimulate(self, bench: EvBench) -> None:
        """All loops from the tenth on are a stranger's."""
        await bench.charge(9)
        bench.charger.alter(m.ChargeLoopRes, lambda one: wire.with_session(one, STRANGER))
        await bench.charger.ended(within=10.0)
        await bench.wait(3.0)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The end on the wire, and at the contactor."""
        strange = ev.told(trace, m.ChargeLoopRes, where=lambda one: one.Header.SessionID == STRANGER)
        yield ev.nothing_but_stop("H-EV-SESSION-CHANGED", trace, strange.frame)
        yield ev.ends_session("H-EV-SESSION-CHANGED", trace, strange.frame)
        ev.closed_once(trace)
        yield ev.contactor_open("H-EV-CONTACTOR", trace, strange.frame, within=2.5)
        yield ev.power_off("H-EV-CONTACTOR", trace, strange.frame, within=2.5)


class TwoAnswers(EvCase):
    """An answer comes twice in the loop: the second one answers nothing.

    Taken for the answer to the next request it would put the car one step behind its charger for the rest of the
    session. The car may drop it, or end the session.
    """

    id = "EV-ROB-TWICE-01"
    title = "A second answer is not taken for the answer to the next request"
    area = "robustness"
    requirements = ("H-EV-HALF-DUPLEX",)
    faults: ClassVar = {"unasked-message-taken": "H-EV-HALF-DUPLEX"}

    async def stimulate(self, bench: EvBench) -> None:
        """Three loops are answered twice, and all answers take a while: who waits for them is seen.

        One is enough to judge. A quick car may send its next request between the two, which shows nothing.
        """
        bench.charger.delay(m.ChargeLoopRes, 0.24)
        for nth in (4, 8, 12):
            bench.charger.twice(m.ChargeLoopRes, nth=nth)
        await bench.charge(5)
        await bench.charger.ended(within=4.0)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Behind the first doubled answer that the car did not forestall every request waits for its own."""
        loops = [one for one in trace.frames(sender=trace.tester) if isinstance(one.message, m.ChargeLoopRes)]
        doubled = next((one for one in loops if _answers_nothing(trace, one)), None)
        if doubled is None:
            raise Inconclusive(f"no answer was sent twice: {trace.last_words()}")
        behind = ev.later(trace, doubled)
        gone = ev.closing(trace, doubled.link, since=doubled.index)
        if len(behind) < 5 and gone is None:
            raise Inconclusive("the car was not watched for long enough")
        early = [one for one in behind[:-1] if one.answered is None and not ev.terminates(one.request)]
        yield holds(
            "H-EV-HALF-DUPLEX",
            not early,
            expected="one answer of its own for every request",
            seen=f"{ev.named(early[0])} was not waited for" if early else f"{len(behind)} such requests",
            at=(doubled.index, *(one.frame.index for one in early[:1])),
        )


def _answers_nothing(trace: Trace, frame: Frame) -> bool:
    """The frame before it on the same connection was one of ours as well."""
    earlier = [one for one in trace.frames(link=frame.link) if one.index < frame.index]
    return bool(earlier) and earlier[-1].sender == trace.tester


class ManufacturersFrame(EvCase):
    """Two devices of one make may talk of other things on the same connection: who does not know them skips them."""

    id = "EV-ROB-FRAME-01"
    title = "A frame of a manufacturer's payload type is skipped"
    area = "robustness"
    requirements = ("V2G2-800",)
    faults: ClassVar = {"unknown-frame-fatal": "V2G2-800"}

    async def stimulate(self, bench: EvBench) -> None:
        """One in front of ServiceDiscoveryRes."""
        bench.charger.before(m.ServiceDiscoveryRes, v2gtp.encode_frame(MANUFACTURER, bytes(range(32))))
        await bench.plug_in()
        await bench.charger.wait_for(m.ServiceSelectionReq, within=30.0)
        await bench.charger.no_session(0.5)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The session goes on behind the answer."""
        answer = ev.told(trace, m.ServiceDiscoveryRes)
        if not _strange(trace, answer.link):
            raise Inconclusive("the frame was not sent")
        yield ev.next_is("V2G2-800", trace, answer, m.ServiceDetailReq)


def _strange(trace: Trace, link: str) -> bool:
    """A frame of ours that is no message."""
    frames = [one for one in trace.frames(sender=trace.tester, link=link) if one.message is None]
    events = [one for one in trace.events("skipped", link=link) if one.source == trace.tester]
    return bool(frames or events)


class Segments(EvCase):
    """TCP is a stream: a response comes in pieces where a router, a TLS library or a small buffer has it so."""

    id = "EV-ROB-SEGMENTS-01"
    title = "Responses in segments of a few octets are joined"
    area = "robustness"
    requirements = ("H-EV-SEGMENTS",)
    faults: ClassVar = {"segments-not-joined": "H-EV-SEGMENTS"}

    async def stimulate(self, bench: EvBench) -> None:
        """Seven octets at a time: the header is cut as well."""
        for kind in (m.SessionSetupRes, m.AuthorizationSetupRes, m.ServiceDiscoveryRes, m.ServiceDetailRes):
            bench.charger.segments(kind, 7)
        await bench.plug_in()
        await bench.charger.wait_for(m.ServiceSelectionReq, within=30.0)
        await bench.charger.no_session(0.5)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The session goes on behind each of them."""
        yield ev.next_is("H-EV-SEGMENTS", trace, ev.told(trace, m.SessionSetupRes), m.AuthorizationSetupReq)
        yield ev.next_is("H-EV-SEGMENTS", trace, ev.told(trace, m.AuthorizationSetupRes), m.AuthorizationReq)
        yield ev.next_is("H-EV-SEGMENTS", trace, ev.told(trace, m.ServiceDiscoveryRes), m.ServiceDetailReq)
        yield ev.next_is(
            "H-EV-SEGMENTS", trace, ev.told(trace, m.ServiceDetailRes), m.ServiceSelectionReq, m.ServiceDetailReq
        )


class EvseIdCase(EvCase):
    """An unusual EVSEID, valid against the schema."""

    area = "robustness"
    requirements = ("H-EV-LEGAL-VALUE",)
    evse_id: ClassVar[str]

    def unusual(self, response: m.SessionSetupRes) -> bool:
        """The response has that EVSEID."""
        return self.evse_id == response.EVSEID

    async def stimulate(self, bench: EvBench) -> None:
        """A session with it."""
        bench.charger.alter(m.SessionSetupRes, lambda one: replace(one, EVSEID=self.evse_id))
        await bench.plug_in()
        await bench.charger.wait_for(m.AuthorizationReq, within=30.0)
        await bench.charger.no_session(0.5)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The session goes on."""
        told = ev.told(trace, m.SessionSetupRes, where=self.unusual)
        yield ev.next_is("H-EV-LEGAL-VALUE", trace, told, m.AuthorizationSetupReq)


class LongestEvseId(EvseIdCase):
    """255 characters are allowed; buffers are made for the 38 of ISO 15118-2."""

    id = "EV-ROB-EVSEID-01"
    title = "An EVSEID of 255 characters is taken"
    faults: ClassVar = {"evse-id-of-few-characters": "H-EV-LEGAL-VALUE"}
    evse_id = "DE*V2G*E" + "0123456789" * 24 + "ABCDEFG"


class ForeignEvseId(EvseIdCase):
    """Characters beyond ASCII: EXI codes a string by code points. Some open decoders refuse them."""

    id = "EV-ROB-EVSEID-02"
    title = "An EVSEID beyond ASCII is taken"
    faults: ClassVar = {"evse-id-of-ascii": "H-EV-LEGAL-VALUE"}
    evse_id = "DE*V2G*EÄÖÜ充电€"
