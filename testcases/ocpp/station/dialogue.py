"""OCPP-J towards a charging station: replies unasked, wrong, late or crossing, and which reply is for what."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any, ClassVar

from v2gready.authoring.ocpp import (
    PROBE,
    PROMPTLY,
    Call,
    CallError,
    CallResult,
    CallResultError,
    Edition,
    ErrorCode,
    Inconclusive,
    Late,
    Observation,
    RawReply,
    Silence,
    StationBench,
    StationCase,
    Trace,
    all_answered,
    answered_within,
    calls,
    connection_stays,
    get_variable,
    got,
    handshake,
    holds,
    no_reply,
    read,
    received,
    sent,
    served,
    strays,
    watched_until,
)


class StrayReplies(StationCase):
    """A result, or an error, that nobody asked for. To answer it by an error starts a game without end."""

    id = "CHG-OCPP-RPC-18"
    title = "A reply with an unknown id is ignored"
    area = "rpc"
    requirements = ("OCPP-J-STRAY", "OCPP-J-ERR-SURVIVES")
    faults: ClassVar = {"answers-result-of-unknown-id": "OCPP-J-STRAY"}

    async def stimulate(self, bench: StationBench) -> None:
        """Sends a result and an error for ids that nobody has used."""
        async with bench.csms.session() as station:
            await station.silence(1)
            station.message(CallResult("nobody-asked-1", {"status": "Accepted"}))
            await station.silence(2)
            station.message(CallError("nobody-asked-2", ErrorCode.INTERNAL_ERROR, "no", {}))
            await station.silence(2)
            await station.call(PROBE, read())

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks for what must not come."""
        ours = [
            one
            for one in trace.frames(sender=trace.tester)
            if isinstance(one.message, CallResult | CallError) and one.message.id.startswith("nobody-asked")
        ]
        if len(ours) < 2:
            raise Inconclusive("the replies that nobody asked for were not sent")
        for one in ours:
            yield no_reply("OCPP-J-STRAY", trace, one, seconds=1.0)
            yield connection_stays("OCPP-J-ERR-SURVIVES", trace, one)
        yield served("OCPP-J-ERR-SURVIVES", trace, sent(trace, PROBE))


class BadResult(StationCase):
    """The CSMS answers with something that breaks the schema.

    2.1 has CALLRESULTERROR for that, and silence is allowed; a CALLERROR is an answer to a CALL, and this was none.
    """

    id = "CHG-OCPP-RPC-19"
    title = "A result that breaks the schema gets a CALLRESULTERROR or nothing"
    area = "rpc"
    requirements = ("OCPP-J-RESULTERROR", "OCPP-J-ERR-SURVIVES")
    pics = "ocpp21"
    faults: ClassVar = {"bad-result-answered-with-error": "OCPP-J-RESULTERROR"}
    rule: ClassVar = "OCPP-J-RESULTERROR"
    edition: ClassVar = Edition.V21

    async def stimulate(self, bench: StationBench) -> None:
        """Answers two heartbeats with nonsense, then goes on."""
        bench.csms.editions = (self.edition,)
        async with bench.csms.session() as station:
            await station.silence(1)
            for bad in ('{"currentTime":5}', '{"time":"now"}'):
                station.answers["Heartbeat"] = functools.partial(nonsense, bad)
                mark = station.mark
                await station.call("TriggerMessage", {"requestedMessage": "Heartbeat"})
                await station.look_for("Heartbeat", since=mark, within=PROMPTLY)
                await station.silence(3)
            del station.answers["Heartbeat"]
            await station.call(PROBE, read())

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at what comes back for the id of the station's own CALL."""
        bad = [one for one in calls(trace, "Heartbeat", sender=trace.dut) if one.answer and _no_time(dict(one.answer))]
        if not bad or handshake(trace).selected != self.edition.value:
            raise Inconclusive(f"no heartbeat was answered with nonsense over {self.edition.value}")
        for one in bad:
            yield self.looked_at(trace, one)
        yield served("OCPP-J-ERR-SURVIVES", trace, sent(trace, PROBE))

    def looked_at(self, trace: Trace, one: Any) -> Observation:
        """What came back with that id, or with none."""
        back = [
            frame
            for frame in trace.frames(sender=trace.dut, link=one.link)
            if frame.index > one.reply.index
            and isinstance(frame.message, CallResult | CallError | CallResultError)
            and frame.message.id in {one.call.id, "-1"}
        ]
        if not back and watched_until(trace, one.link) - one.reply.t < 1.0:
            raise Inconclusive("the connection was not watched after the bad result")
        wrong = [frame for frame in back if not self.allowed(frame.message)]
        seen = type(wrong[0].message).__name__ if wrong else type(back[0].message).__name__ if back else "nothing"
        at = (one.request.index, one.reply.index, *(frame.index for frame in back))
        return holds(self.rule, not wrong, expected=self.expected, seen=seen, at=at)

    expected: ClassVar[str] = "a CALLRESULTERROR, or nothing"

    def allowed(self, message: Any) -> bool:
        """What may come back."""
        return isinstance(message, CallResultError)


class BadResult201(BadResult):
    """OCPP 2.0.1 knows no CALLRESULTERROR: a CSMS of that edition would take it for rubbish and may hang up."""

    id = "CHG-OCPP-RPC-20"
    title = "2.0.1: a result that breaks the schema gets nothing"
    requirements = ("OCPP-J-RESULTERROR-201", "OCPP-J-ERR-SURVIVES")
    pics = "ocpp201"
    faults: ClassVar = {"negotiated-version-ignored": "OCPP-J-RESULTERROR-201"}
    rule = "OCPP-J-RESULTERROR-201"
    edition = Edition.V201
    expected = "nothing"

    def allowed(self, message: Any) -> bool:
        """Nothing may."""
        return False


class SendSilent(StationCase):
    """A SEND has no answer, by definition, not even an error: it would be a reply to nothing."""

    id = "CHG-OCPP-RPC-21"
    title = "A SEND is not answered"
    area = "rpc"
    requirements = ("OCPP-J-SEND-SILENT", "OCPP-J-ERR-SURVIVES")
    pics = "ocpp21"
    faults: ClassVar = {"send-answered": "OCPP-J-SEND-SILENT"}

    async def stimulate(self, bench: StationBench) -> None:
        """Sends one that is known and one that is not."""
        bench.csms.editions = (Edition.V21,)
        async with bench.csms.session() as station:
            data = [{"t": 0.0, "v": "1"}]
            stream = {"id": 1, "pending": 0, "basetime": bench.stamp(), "data": data}
            station.send_event("NotifyPeriodicEventStream", stream)
            station.send_event("DanceTheTango", {})
            await station.silence(3)
            await station.call(PROBE, read())

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks for replies with their ids."""
        ours = [one for one in trace.frames(sender=trace.tester) if one.raw.startswith(b"[6")]
        if len(ours) < 2:
            raise Inconclusive("no SEND went out")
        for one in ours:
            yield no_reply("OCPP-J-SEND-SILENT", trace, one, seconds=2.0)
        yield served("OCPP-J-ERR-SURVIVES", trace, sent(trace, PROBE))


class SecondCall(StationCase):
    """A CSMS that does not wait for the answer is wrong, but the station must not hang over it.

    Some answer both, some drop the second: what counts is that the station is there afterwards.
    """

    id = "CHG-OCPP-RPC-22"
    title = "CALLs that come before the last one is answered do no harm"
    area = "rpc"
    requirements = ("OCPP-H-SECOND-CALL",)
    faults: ClassVar = {"second-call-hangs": "OCPP-H-SECOND-CALL"}

    async def stimulate(self, bench: StationBench) -> None:
        """Sends five at once, then one in order."""
        async with bench.csms.session() as station:
            await station.silence(1)
            for _ in range(5):
                station.post(PROBE, read())
            await station.silence(PROMPTLY)
            await station.call("TriggerMessage", {"requestedMessage": "Heartbeat"})

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks for an answer to the first and to what comes later."""
        burst = calls(trace, PROBE, sender=trace.tester)
        if len(burst) < 5 or burst[-1].t - burst[0].t > 1.0:
            raise Inconclusive("the calls did not go out at once")
        yield served("OCPP-H-SECOND-CALL", trace, burst[0])
        yield served("OCPP-H-SECOND-CALL", trace, sent(trace, "TriggerMessage"))


class Crossing(StationCase):
    """Station and CSMS ask each other at the same time: who answers only when answered makes a deadlock."""

    id = "CHG-OCPP-RPC-23"
    title = "The station answers while its own CALL is open"
    area = "rpc"
    requirements = ("OCPP-J-CROSSING",)
    faults: ClassVar = {"crossing-call-deadlock": "OCPP-J-CROSSING"}

    async def stimulate(self, bench: StationBench) -> None:
        """Lets a heartbeat wait, and asks meanwhile."""
        async with bench.csms.session() as station:
            await station.silence(1)
            station.answers["Heartbeat"] = Late(25, lambda _: {"currentTime": bench.stamp()})
            mark = station.mark
            await station.call("TriggerMessage", {"requestedMessage": "Heartbeat"})
            await station.wait_for("Heartbeat", since=mark)
            await station.call(PROBE, read())
            await station.silence(30)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at the time of the answer, with the station's CALL still open."""
        asked = sent(trace, PROBE)
        own = got(trace, "Heartbeat")
        if asked.request.index < own.request.index or (own.reply and own.reply.index < asked.request.index):
            raise Inconclusive("no CALL of the station was open when we asked")
        yield answered_within("OCPP-J-CROSSING", trace, asked, PROMPTLY)
        yield served("OCPP-J-CROSSING", trace, asked)


class LateReply(StationCase):
    """Our reply comes after the station has given up. It is dropped, and is not taken for that to the next CALL.

    A station that takes it is off by one from then on: every answer belongs to the question before.
    """

    id = "CHG-OCPP-RPC-24"
    title = "A reply after the timeout is ignored, and the next CALL is not mixed up with it"
    area = "rpc"
    requirements = ("OCPP-J-LATE", "OCPP-J-ONE-OPEN")
    faults: ClassVar = {"never-times-out": "OCPP-J-ONE-OPEN", "late-reply-shifts": "OCPP-J-LATE"}

    async def stimulate(self, bench: StationBench) -> None:
        """Leaves a heartbeat open until the station has given up; its reply comes while the next one is open."""
        async with bench.csms.session() as station:
            await station.silence(1)
            told = await get_variable(station, "OCPPCommCtrlr", "MessageTimeout", instance="Default")
            patience = float(told) if told and told.isdigit() else bench.number("ocpp_message_timeout", 30.0)
            station.answers["Heartbeat"] = Silence()
            mark = station.mark
            await station.call("TriggerMessage", {"requestedMessage": "Heartbeat"})
            first = await station.wait_for("Heartbeat", since=mark)
            await station.silence(patience + 5)
            mark = station.mark
            await station.call("TriggerMessage", {"requestedMessage": "Heartbeat"})
            await station.wait_for("Heartbeat", since=mark, within=10)
            station.message(CallResult(first.id, {"currentTime": bench.stamp()}))
            await station.call("TriggerMessage", {"requestedMessage": "Heartbeat"})
            await station.silence(1.5)
            del station.answers["Heartbeat"]
            await station.silence(patience + 5)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks for a CALL of the station behind the late reply, while its second heartbeat is open."""
        beats = calls(trace, "Heartbeat", sender=trace.dut)
        asked = calls(trace, "TriggerMessage", sender=trace.tester)
        if len(asked) < 2 or not beats:
            raise Inconclusive("the station sent no heartbeat when it was asked to")
        first = beats[0]
        later = [one for one in calls(trace, sender=trace.dut) if one.request.index > asked[1].request.index]
        yield holds(
            "OCPP-J-ONE-OPEN",
            bool(later),
            expected="the next CALL after the timeout of the first",
            seen=f"{later[0].action} {later[0].t - first.t:.1f} s after the first" if later else "nothing more",
            at=(*first.at, asked[1].request.index, *(one.request.index for one in later[:1])),
        )
        if not later:
            return
        second = later[0]
        late = first.reply
        if late is None or late.index < second.request.index or late.t - second.t > 2.0 or len(asked) < 3:
            raise Inconclusive("the late reply did not come while the next CALL was open")
        early = [
            one
            for one in calls(trace, sender=trace.dut, link=first.link, after=late)
            if one.t - late.t <= 1.0 and one.call.id != second.call.id
        ]
        if watched_until(trace, first.link) - late.t < 1.0:
            raise Inconclusive("the connection was not watched after the late reply")
        yield holds(
            "OCPP-J-LATE",
            not early and not strays(trace),
            expected="no CALL while the second is open, and no reply to the late one",
            seen=f"{early[0].action} {early[0].t - late.t:.3f} s after the late reply" if early else "nothing",
            at=(second.request.index, late.index, *(one.request.index for one in early[:1])),
        )
        yield received("OCPP-J-LATE", trace, "Heartbeat", what="that was asked for meanwhile", after=asked[-1].request)


class OneReply(StationCase):
    """Each CALL gets one reply, with its own id: that is all that ties a question to its answer."""

    id = "CHG-OCPP-RPC-25"
    title = "Each CALL gets one reply with its id"
    area = "rpc"
    requirements = ("OCPP-J-ONE-REPLY", "OCPP-J-ID-ECHO")
    faults: ClassVar = {
        "replies-twice": "OCPP-J-ONE-REPLY",
        "reply-id-changed": "OCPP-J-ID-ECHO",
        "replies-too-late": "OCPP-J-ONE-REPLY",
    }
    ids: ClassVar = ("x", "0", "-1x", "i" * 36, "ä-ö-ü", "a b", "2e5c8d1c-2f1b-4f0e-8a65-9d7b6a3c1e00")

    async def stimulate(self, bench: StationBench) -> None:
        """Asks under ids of every shape."""
        async with bench.csms.session() as station:
            for one in self.ids:
                await station.call(PROBE, read(), id=one)
            await station.silence(2)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Counts the replies to each, and those to nothing."""
        if len(calls(trace, PROBE, sender=trace.tester)) < len(self.ids):
            raise Inconclusive("not all questions were asked")
        odd = strays(trace)
        yield holds(
            "OCPP-J-ID-ECHO",
            not odd,
            expected="replies with the id of their CALL",
            seen=f"{len(odd)} replies with another id",
            at=tuple(one.index for one in odd[:3]),
        )
        yield all_answered("OCPP-J-ONE-REPLY", trace)


def nonsense(payload: str, call: Call) -> RawReply:
    """A result with that text as payload."""
    return RawReply(f'[3,"{call.id}",{payload}]')


def _no_time(answer: dict[str, Any]) -> bool:
    return not isinstance(answer.get("currentTime"), str)
