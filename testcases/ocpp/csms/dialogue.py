"""Who answers what (OCPP-J): ids used twice, replies nobody asked for, SEND, CALLs that cross and answers too late."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from v2gready.authoring.ocpp import (
    RECOMMENDED,
    CallError,
    CallResult,
    CallResultError,
    CsmsBench,
    CsmsCase,
    Edition,
    ErrorCode,
    Inconclusive,
    Late,
    Observation,
    Trace,
    answered,
    calls,
    changed,
    connection_stays,
    describe,
    edition_of,
    every,
    first_of,
    goes_on,
    got,
    holds,
    lives,
    named,
    no_reply,
    ordinary,
    schema,
    sends,
    sent,
    serve_again,
    stays_and_goes_on,
    variable,
)


class ReusedId(CsmsCase):
    """Another CALL under the id of one that has been answered: a station whose counter began anew.

    Refused, dropped or answered as the first one was: all that is safe. Carried out under an id that means something
    else for the log, it is not.
    """

    id = "CSMS-OCPP-RPC-19"
    title = "A second CALL with a message id that was used for another content has no effect"
    area = "rpc"
    weight = RECOMMENDED
    requirements = ("OCPP-J-ID-DUPLICATE", "OCPP-J-ERR-SURVIVES")
    faults = {"repeated-id-runs-twice": "OCPP-J-ID-DUPLICATE"}

    async def stimulate(self, bench: CsmsBench) -> None:
        """A heartbeat and an Authorize under one id."""
        async with bench.station.connect() as csms:
            await csms.boot()
            await csms.call("Heartbeat", id="once-and-only")
            await csms.call("Authorize", ordinary("Authorize", bench.stamp()), id="once-and-only", timeout=5)
            await serve_again(bench, csms)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The second may get anything but a result of its own."""
        first, second = sent(trace, "Heartbeat"), sent(trace, "Authorize")
        if first.answer is None or first.call.id != second.call.id:
            raise Inconclusive("the first CALL was not answered, so its id is not used up")
        yield holds(
            "OCPP-J-ID-DUPLICATE",
            second.answer is None or second.answer == first.answer,
            expected="a CALLERROR, nothing, or the answer to the first CALL",
            seen=describe(second) if second.answer is None else f"a result with {', '.join(second.answer)}",
            at=(*first.at, *second.at),
        )
        yield goes_on("OCPP-J-ERR-SURVIVES", trace, second.request)


class Retry(CsmsCase):
    """A TransactionEvent that is sent again, with its old message id and with a new one: the answer got lost.

    A CSMS that refuses what it has already makes the station repeat it until it discards the event, or for ever.
    """

    id = "CSMS-OCPP-RPC-20"
    title = "A TransactionEvent that is repeated is answered again, under the same and under a new message id"
    area = "rpc"
    requirements = ("OCPP-E-CSMS-IDEMPOTENT",)
    faults = {"duplicate-event-refused": "OCPP-E-CSMS-IDEMPOTENT"}

    async def stimulate(self, bench: CsmsBench) -> None:
        """Sends one event three times."""
        event = changed(ordinary("TransactionEvent", bench.stamp()), "transactionInfo.transactionId", "tx-again")
        event = {**event, "eventType": "Started", "triggerReason": "CablePluggedIn", "seqNo": 0}
        async with bench.station.connect() as csms:
            await csms.boot()
            chosen = bench.new_id()
            await csms.call("TransactionEvent", event, id=chosen)
            await csms.call("TransactionEvent", event, id=chosen)
            await csms.call("TransactionEvent", event)
            await csms.transaction_event("Ended", transaction="tx-again", seq_no=1)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Every repetition gets its result."""
        events = calls(trace, "TransactionEvent", sender=trace.tester, where=lambda one: one["eventType"] == "Started")
        if len(events) < 3 or events[0].answer is None:
            raise Inconclusive("the event was not taken at first, or not repeated")
        yield every(
            "OCPP-E-CSMS-IDEMPOTENT",
            (answered("OCPP-E-CSMS-IDEMPOTENT", one) for one in events[1:]),
            what="repetitions",
        )


class StrayReplies(CsmsCase):
    """A result, an error and an error about a result that belong to nothing: leftovers of a connection before.

    Answering them starts a ping-pong of errors between two peers that both mean well.
    """

    id = "CSMS-OCPP-RPC-21"
    title = "Replies that belong to no CALL are ignored"
    area = "rpc"
    requirements = ("OCPP-J-STRAY", "OCPP-J-ERR-SURVIVES")
    faults = {"unknown-result-answered": "OCPP-J-STRAY"}

    async def stimulate(self, bench: CsmsBench) -> None:
        """Sends three of them, and listens."""
        async with bench.station.connect() as csms:
            await csms.boot()
            csms.message(CallResult("nobody-asked-1", {"status": "Accepted"}))
            csms.message(CallError("nobody-asked-2", ErrorCode.GENERIC_ERROR, "", {}))
            if csms.edition is Edition.V21:
                csms.message(CallResultError("nobody-asked-3", ErrorCode.GENERIC_ERROR, "", {}))
            await serve_again(bench, csms, watch=3)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Listens for replies to replies."""
        kinds = CallResult | CallError | CallResultError
        strange = [
            frame
            for frame in trace.frames(sender=trace.tester)
            if isinstance(frame.message, kinds) and frame.message.id.startswith("nobody-asked")
        ]
        first = first_of(trace, strange, "a reply that belongs to nothing")
        for frame in strange:
            yield no_reply("OCPP-J-STRAY", trace, frame, seconds=2)
        yield from stays_and_goes_on("OCPP-J-ERR-SURVIVES", trace, first)


GET = {"getVariableData": [variable("OCPPCommCtrlr", "HeartbeatInterval")]}
"""What the CSMS is told to ask, where any CALL of its own will do."""


class BrokenResult(CsmsCase):
    """A result of the station breaks the schema: in 2.1 the CSMS may say so by CALLRESULTERROR, never by CALLERROR."""

    id = "CSMS-OCPP-RPC-22"
    title = "A result that breaks the schema gets a CALLRESULTERROR or nothing (2.1)"
    area = "rpc"
    requirements = ("OCPP-J-RESULTERROR", "OCPP-J-ERR-SURVIVES")
    hooks = ("do",)
    faults = {"bad-result-answered-call-error": "OCPP-J-RESULTERROR"}
    edition: ClassVar[Edition] = Edition.V21
    forbidden: ClassVar[tuple[type, ...]] = (CallError, CallResult)

    async def stimulate(self, bench: CsmsBench) -> None:
        """Has the CSMS ask something, and answers nonsense."""
        async with bench.station.connect(editions=[self.edition]) as csms:
            csms.answers["GetVariables"] = {"getVariableResult": "none", "mood": "bad"}
            await csms.boot()
            mark = csms.mark
            await bench.do("GetVariables", GET)
            await csms.wait_for("GetVariables", since=mark, within=10)
            await serve_again(bench, csms, watch=3)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at what comes back for the nonsense."""
        asked = got(trace, "GetVariables")
        answer = asked.reply
        if answer is None or not schema.check(
            edition_of(trace, answer), asked.action, answer.message.payload, response=True
        ):
            raise Inconclusive("the CALL of the CSMS was not answered by a broken result")
        if edition_of(trace, answer) is not self.edition:
            raise Inconclusive(f"the connection does not speak {self.edition.value}")
        wrong = [
            one
            for one in trace.frames(sender=trace.dut, link=answer.link)
            if one.index > answer.index
            and isinstance(one.message, self.forbidden)
            and one.message.id in {asked.call.id, "-1"}
        ]
        yield holds(
            self.requirements[0],
            not wrong,
            expected="no " + " and no ".join(kind.__name__.upper() for kind in self.forbidden),
            seen=named(wrong[0]) if wrong else "none",
            at=(answer.index, *(one.index for one in wrong[:1])),
        )
        yield from stays_and_goes_on("OCPP-J-ERR-SURVIVES", trace, answer)


class BrokenResult201(BrokenResult):
    """The same on OCPP 2.0.1, which has no message for it: nothing may come back. Its stations cannot read type 5."""

    id = "CSMS-OCPP-RPC-23"
    title = "A result that breaks the schema gets no reply on OCPP 2.0.1"
    pics = "ocpp201"
    requirements = ("OCPP-J-RESULTERROR-201", "OCPP-J-ERR-SURVIVES")
    faults = {"result-error-on-201": "OCPP-J-RESULTERROR-201"}
    edition = Edition.V201
    forbidden = (CallError, CallResult, CallResultError)


class SendSilent(CsmsCase):
    """SEND is the one message without an answer (2.1). Also while a CALL is open, and also if its payload is broken.

    A reply would meet a station that has no place for it: npm ocpp-rpc answers every SEND with an error.
    """

    id = "CSMS-OCPP-RPC-24"
    title = "SEND NotifyPeriodicEventStream gets no reply of any kind"
    area = "rpc"
    requirements = ("OCPP-J-SEND-SILENT", "OCPP-J-ERR-SURVIVES")
    faults = {"answers-send": "OCPP-J-SEND-SILENT", "send-answered-with-error": "OCPP-J-SEND-SILENT"}

    async def stimulate(self, bench: CsmsBench) -> None:
        """Sends stream data alone, behind an open CALL, and broken."""
        data = {"id": 1, "pending": 0, "basetime": bench.stamp(), "data": [{"t": 0.0, "v": "8.1"}]}
        async with bench.station.connect(editions=[Edition.V21]) as csms:
            await csms.boot()
            csms.send_event("NotifyPeriodicEventStream", data)
            await csms.silence(2)
            csms.post("Heartbeat")
            csms.send_event("NotifyPeriodicEventStream", data)
            await csms.silence(2)
            csms.send_event("NotifyPeriodicEventStream", {"id": "one"})
            await serve_again(bench, csms, watch=3)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Listens for replies."""
        found = sends(trace, "NotifyPeriodicEventStream", sender=trace.tester)
        first = first_of(trace, found, "a SEND")
        for frame in found:
            yield no_reply("OCPP-J-SEND-SILENT", trace, frame, seconds=1)
        yield from stays_and_goes_on("OCPP-J-ERR-SURVIVES", trace, first)


class HastyCalls(CsmsCase):
    """Five CALLs in one go, none waiting for the answer to the one before. That is the station's mistake.

    The CSMS may refuse them or take its time; it may not fall over, and no answer may go to the wrong question.
    """

    id = "CSMS-OCPP-RPC-25"
    title = "CALLs that do not wait for one another are survived"
    area = "rpc"
    requirements = ("OCPP-H-SECOND-CALL",)
    faults = {"hasty-calls-deadlock": "OCPP-H-SECOND-CALL"}

    async def stimulate(self, bench: CsmsBench) -> None:
        """Posts five, then asks properly."""
        async with bench.station.connect() as csms:
            await csms.boot()
            for _ in range(5):
                csms.post("Heartbeat")
            await serve_again(bench, csms, watch=5)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at the CALL behind them."""
        hasty = calls(trace, "Heartbeat", sender=trace.tester)
        if len(hasty) < 6:
            raise Inconclusive("the CALLs were not sent")
        yield goes_on("OCPP-H-SECOND-CALL", trace, hasty[4].request)


class Crossing(CsmsCase):
    """The CSMS waits for the station's answer, and the station asks something itself. Both are in their right.

    A CSMS that does one thing at a time waits for an answer that waits for its own: citrineos did so.
    """

    id = "CSMS-OCPP-RPC-26"
    title = "A CALL that crosses one of the CSMS is answered"
    area = "rpc"
    requirements = ("OCPP-J-CROSSING",)
    hooks = ("do",)
    faults = {"crossing-call-unanswered": "OCPP-J-CROSSING"}

    async def stimulate(self, bench: CsmsBench) -> None:
        """Lets the CSMS wait three seconds, and asks meanwhile."""
        async with bench.station.connect() as csms:
            csms.answers["GetVariables"] = Late(3, csms.answers["GetVariables"])
            await csms.boot()
            mark = csms.mark
            await bench.do("GetVariables", GET)
            await csms.wait_for("GetVariables", since=mark, within=10)
            await csms.heartbeat()
            await csms.call("Authorize", ordinary("Authorize", bench.stamp()))
            await csms.silence(4)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Our CALL was sent while theirs was open."""
        theirs, ours = got(trace, "GetVariables"), sent(trace, "Heartbeat")
        if ours.request.index < theirs.request.index or (
            theirs.reply is not None and theirs.reply.index < ours.request.index
        ):
            raise Inconclusive("the CALLs did not cross")
        yield answered("OCPP-J-CROSSING", ours)


class LateAnswer(CsmsCase):
    """The station answers a CALL after the CSMS has given it up, and while the next one is open.

    Who takes answers in the order in which they come has every later answer at the wrong question.
    """

    id = "CSMS-OCPP-RPC-27"
    title = "An answer that comes too late is ignored, and the next one still finds its question"
    area = "rpc"
    requirements = ("OCPP-J-LATE",)
    hooks = ("do",)
    faults = {"late-reply-closes": "OCPP-J-LATE", "late-reply-shifts": "OCPP-J-LATE"}

    async def stimulate(self, bench: CsmsBench) -> None:
        """Answers the first CALL ten seconds after the timeout, and the second five seconds later."""
        timeout = bench.number("ocpp_call_timeout", 30)
        async with bench.station.connect() as csms:
            csms.answers["GetVariables"] = Late(timeout + 10, csms.answers["GetVariables"])
            csms.answers["GetBaseReport"] = Late(10, {"status": "Accepted"})
            await csms.boot()
            mark = csms.mark
            await bench.do("GetVariables", GET)
            await csms.wait_for("GetVariables", since=mark, within=10)
            await csms.silence(timeout + 5)
            await bench.do("GetBaseReport", {"requestId": 4711, "reportBase": "SummaryInventory"})
            await csms.wait_for("GetBaseReport", since=mark, within=4)
            await csms.silence(12)
            if csms.is_open:
                await csms.heartbeat()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The late answer lies between the second CALL and its answer; nothing is wrong with the latter."""
        first, second = got(trace, "GetVariables"), got(trace, "GetBaseReport")
        if first.reply is None or first.reply.index < second.request.index:
            raise Inconclusive("the first answer was not late: the CSMS had not given up yet")
        if second.reply is not None and second.reply.index < first.reply.index:
            raise Inconclusive("the second CALL was not open any more")
        yield no_reply("OCPP-J-LATE", trace, first.reply)
        yield connection_stays("OCPP-J-LATE", trace, first.reply)
        complaints = [
            one
            for one in trace.frames(sender=trace.dut, link=second.link)
            if isinstance(one.message, CallResultError | CallError) and one.message.id == second.call.id
        ]
        yield holds(
            "OCPP-J-LATE",
            not complaints,
            expected="no complaint about the answer to the second CALL",
            seen=named(complaints[0]) if complaints else "none",
            at=(first.reply.index, *second.at),
        )
        lives(trace)
