"""Somebody in the place of the CSMS sends what breaks parsers: a charging station has to outlive it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, ClassVar

from v2gready.authoring.ocpp import (
    EventKind,
    Inconclusive,
    Observation,
    Record,
    Severity,
    StationBench,
    StationCase,
    Trace,
    Unreached,
    calls,
    connection_stays,
    disturbances,
    ended,
    handshakes,
    holds,
    profile,
    sent,
    served,
    survives,
    variable,
    watched_until,
)

PATIENCE = 400.0
"""Seconds in which a station comes back whatever its back-off is by default; ours."""
TOO_MUCH = (1008, 1013)
"""Close codes by which a peer says that it is asked too much: policy, try again later (RFC 6455, 7.4.1; IANA)."""
PROBE = "GetVariables"
BEGIN = "2026-01-01T00:00:00Z"


def read(**more: Any) -> dict[str, Any]:
    """A question that every station can answer."""
    return {"getVariableData": [variable("OCPPCommCtrlr", "HeartbeatInterval")], **more}


def came_back(requirement: str, trace: Trace, last: Record) -> Iterator[Observation]:
    """Whether a station that lost its connection over the last hostile thing opened another; nothing if asked since.

    A CALL of its own that was under way before the end is no sign of life.

    Raises:
        Inconclusive: Nothing was asked, and nobody waited for another connection.
    """
    if calls(trace, sender=trace.tester, after=last):
        return
    later = [one for one in handshakes(trace) if one.request.index > last.index]
    listened = watched_until(trace) - last.t
    if later or listened < PATIENCE / 2:
        raise Inconclusive("nothing was asked after the last of them")
    seen = f"none in {listened:.0f} s"
    yield holds(requirement, False, expected="another connection afterwards", seen=seen, at=(last.index,))


class Hostile(StationCase):
    """Frames that are no messages, each followed by a question; base of the cases about them.

    Attributes:
        frames: What is sent.
    """

    area = "rpc"
    frames: ClassVar[tuple[str | bytes, ...]] = ()
    rule: ClassVar[str] = "OCPP-H-HOSTILE"

    async def stimulate(self, bench: StationBench) -> None:
        """Sends each, and asks something after each, on another connection if need be."""
        for one in self.frames:
            async with bench.csms.session(within=PATIENCE) as station:
                station.raw(one)
                await station.drain()
                await station.silence(1)
            async with bench.csms.session(within=PATIENCE) as station:
                await station.call(PROBE, read())

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """A refusal, or silence, or the end of the connection; then an answer."""
        found = disturbances(trace)
        if not found:
            raise Inconclusive("nothing hostile was sent")
        for one in found:
            taken = one.reply is not None and one.error is None
            seen = "a result" if taken else "no result"
            yield holds(self.rule, not taken, expected="a CALLERROR, or nothing", seen=seen, at=one.at)
            if calls(trace, sender=trace.tester, after=one.frame):
                yield survives(self.rule, trace, one.frame)
        yield from came_back(self.rule, trace, found[-1].frame)
        for last in calls(trace, PROBE, sender=trace.tester, after=found[-1].frame)[-1:]:
            yield served(self.rule, trace, last)
        if len(found) < len(self.frames):
            raise Inconclusive(f"{len(found)} of {len(self.frames)} were sent")


class DeepNesting(Hostile):
    """Arrays in arrays, thousands deep: a parser that calls itself runs out of stack, and the process is gone."""

    id = "CHG-OCPP-HOST-01"
    title = "Deeply nested JSON does no harm"
    requirements = ("OCPP-H-HOSTILE",)
    faults: ClassVar = {"deep-nesting-hangs": "OCPP-H-HOSTILE"}
    frames = (
        "[" * 20_000,
        "[" * 5_000 + "]" * 5_000,
        '[2,"deep-1","GetVariables",' + '{"a":' * 5_000 + "1" + "}" * 5_000 + "]",
        '[2,"deep-2","GetVariables",{"customData":{"vendorId":"x","a":' + "[" * 3_000 + "]" * 3_000 + "}}]",
    )


class DuplicateKeys(StationCase):
    """Two properties of one name: who checks the first and obeys the last has been fooled.

    That it is refused is a remark: JSON leaves it open. What is answered has to be an answer, and the station goes on.
    """

    id = "CHG-OCPP-HOST-02"
    title = "Two properties of one name do no harm"
    area = "rpc"
    requirements = ("OCPP-H-HOSTILE",)
    faults: ClassVar = {"duplicate-keys-accepted": "OCPP-H-HOSTILE"}

    async def stimulate(self, bench: StationBench) -> None:
        """Asks a question twice in one message."""
        item = json.dumps(read()["getVariableData"])
        async with bench.csms.session() as station:
            station.raw(f'[2,"twice-1","GetVariables",{{"getVariableData":{item},"getVariableData":{item}}}]')
            await station.silence(2)
            await station.call(PROBE, read())

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """A good answer, a CALLERROR, or nothing."""
        found = disturbances(trace)
        if not found:
            raise Inconclusive("the message was not sent")
        one = found[0]
        payload = getattr(one.reply.message, "payload", None) if one.reply is not None else None
        good = one.error is not None or payload is None or "getVariableResult" in payload
        yield holds("OCPP-H-HOSTILE", good, expected="an answer to the question, a CALLERROR, or nothing",
                    seen=str(payload)[:80], at=one.at)  # fmt: skip
        yield holds("OCPP-H-HOSTILE", payload is None, expected="a refusal", seen="a result" if payload else "none",
                    at=one.at, severity=Severity.SHOULD)  # fmt: skip
        yield connection_stays("OCPP-H-HOSTILE", trace, one.frame)
        yield served("OCPP-H-HOSTILE", trace, sent(trace, PROBE, nth=-1))


class NoNumbers(Hostile):
    """NaN, Infinity, 1e400 as a limit: a comparison with NaN is never true, so no check finds it too high."""

    id = "CHG-OCPP-HOST-03"
    title = "Numbers that are none are refused"
    requirements = ("OCPP-H-HOSTILE",)
    pics = "ocpp_smart_charging"
    faults: ClassVar = {"nan-accepted": "OCPP-H-HOSTILE"}
    frames = tuple(
        json.dumps(
            [
                2,
                f"nan-{number}",
                "SetChargingProfile",
                {
                    "evseId": 1,
                    "chargingProfile": profile(
                        9300,
                        {"startPeriod": 0, "limit": 4711},
                        purpose="TxDefaultProfile",
                        start=BEGIN,
                    ),
                },
            ]
        ).replace("4711", text)
        for number, text in enumerate(("NaN", "Infinity", "-Infinity", "1e400", "-1e400", "+1", "0x10"))
    )


class NoText(Hostile):
    """Octets that are no UTF-8 in a text message: the WebSocket may end (1007), the station may not."""

    id = "CHG-OCPP-HOST-04"
    title = "Octets that are no UTF-8 do no harm"
    requirements = ("OCPP-H-HOSTILE",)
    faults: ClassVar = {"never-reconnects": "OCPP-H-HOSTILE"}
    frames = (
        b'[2,"utf-1","GetVariables",{"customData":{"vendorId":"\xff\xfe"}}]',
        b'[2,"utf-2","Get\xc3(ariables",{}]',
        b"\x80",
    )


class Large(StationCase):
    """100 kB, 1 MB, 3 MB in one message: an answer, an error, or a close; and the station is there afterwards.

    A small station may say that this is too much; it may not fall over.
    """

    id = "CHG-OCPP-HOST-05"
    title = "Very large messages do no harm"
    area = "rpc"
    requirements = ("OCPP-H-LARGE",)
    faults: ClassVar = {"large-frame-hangs": "OCPP-H-LARGE", "never-reconnects": "OCPP-H-LARGE"}
    sizes: ClassVar = (100_000, 1_000_000, 3_000_000)

    async def stimulate(self, bench: StationBench) -> None:
        """Sends each, waits, and asks a short question."""
        for size in self.sizes:
            async with bench.csms.session(within=PATIENCE) as station:
                station.post(PROBE, read(customData={"vendorId": "org.v2gready", "filling": "x" * size}))
                await station.drain()
                await station.silence(10)
            async with bench.csms.session(within=PATIENCE) as station:
                await station.call(PROBE, read())

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks for an answer to each short question."""
        large = [one for one in calls(trace, PROBE, sender=trace.tester) if "customData" in one.payload]
        if not large:
            raise Inconclusive("no large message was sent")
        for one in large:
            yield survives("OCPP-H-LARGE", trace, one.request)
        last = calls(trace, PROBE, sender=trace.tester)[-1]
        if last in large:
            yield holds("OCPP-H-LARGE", False, expected="the station serves afterwards", seen="no connection any more",
                        at=last.at)  # fmt: skip
        else:
            yield served("OCPP-H-LARGE", trace, last)


class PingFlood(StationCase):
    """Hundreds of Pings at once: answered, or some of them, and messages between them are served.

    A station may also say that this is too much, by a close that says so, and come back.
    """

    id = "CHG-OCPP-HOST-06"
    title = "A flood of Pings does no harm"
    area = "rpc"
    requirements = ("OCPP-H-HOSTILE", "OCPP-J-PING")
    faults: ClassVar = {"no-pong": "OCPP-J-PING", "invalid-json-closes": "OCPP-H-HOSTILE"}
    many: ClassVar = 500

    async def stimulate(self, bench: StationBench) -> None:
        """Sends them, with a message that is none among them, then a question."""
        async with bench.csms.session() as station:
            for number in range(self.many):
                station.ping(b"%d" % number)
            station.raw("[")
            await station.pong(within=20)
            await station.silence(2)
        async with bench.csms.session(within=PATIENCE) as station:
            await station.call(PROBE, read())

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The last Ping is answered (RFC 6455, 5.5.3), and so is the question; or a defined close, and a new start."""
        pings = list(trace.events(EventKind.PING, source=trace.tester))
        if len(pings) < self.many:
            raise Inconclusive("there was no flood")
        pongs = [one for one in trace.events(EventKind.PONG, source=trace.dut) if one.index > pings[0].index]
        at = (pings[-1].index, *(one.index for one in pongs[-1:]))
        expected = f"a Pong, or a close with {' or '.join(map(str, TOO_MUCH))}"
        gone = ended(trace, pings[0].link, after=pings[0])
        if gone is not None and gone.kind == EventKind.WS_CLOSE and gone.detail.get("code") in TOO_MUCH:
            seen = f"{len(pongs)} Pongs, then close {gone.detail['code']}"
            yield holds("OCPP-J-PING", True, expected=expected, seen=seen, at=(pings[-1].index, gone.index))
        else:
            yield holds("OCPP-J-PING", bool(pongs), expected=expected, seen=f"{len(pongs)} Pongs", at=at)
            yield connection_stays("OCPP-H-HOSTILE", trace, pings[-1])
        yield from came_back("OCPP-H-HOSTILE", trace, pings[-1])
        for last in calls(trace, PROBE, sender=trace.tester, after=pings[-1])[-1:]:
            yield served("OCPP-H-HOSTILE", trace, last)


class BrokenFrames(StationCase):
    """What breaks RFC 6455: reserved opcodes and bits, a piece without beginning, plain rubbish on the stream.

    The connection ends for it; the station comes back on another one and serves.
    """

    id = "CHG-OCPP-HOST-07"
    title = "Broken WebSocket frames end the connection, not the station"
    area = "connection"
    requirements = ("OCPP-H-HOSTILE",)
    faults: ClassVar = {"never-reconnects": "OCPP-H-HOSTILE"}

    async def stimulate(self, bench: StationBench) -> None:
        """Sends one of each kind, on a connection of its own."""
        for kind in range(4):
            async with bench.csms.session(within=PATIENCE) as station:
                match kind:
                    case 0:
                        station.frame(11, b"reserved")
                    case 1:
                        station.frame(1, b"[]", rsv=7)
                    case 2:
                        station.frame(9, b"p" * 200)
                    case _:
                        station.octets(b"GET / HTTP/1.1\r\n\r\n")
                if not await station.gone(within=20):
                    station.abort()
            try:
                async with bench.csms.session(within=PATIENCE) as station:
                    await station.call(PROBE, read())
            except Unreached:
                await bench.csms.watch(1)
                raise

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks for an answer after each."""
        broken = list(trace.events(EventKind.BROKEN, source=trace.tester))
        if not broken:
            raise Inconclusive("no broken frame was sent")
        for one in broken:
            later = [other for other in calls(trace, PROBE, sender=trace.tester, after=one) if other.answer is not None]
            yield holds("OCPP-H-HOSTILE", bool(later), expected="a question answered afterwards", seen=f"{len(later)}",
                        at=(one.index, *(other.request.index for other in later[:1])))  # fmt: skip
        for last in calls(trace, PROBE, sender=trace.tester, after=broken[-1])[-1:]:
            yield served("OCPP-H-HOSTILE", trace, last)
        if len(broken) < 4:
            raise Inconclusive(f"{len(broken)} of 4 were sent")
