"""Frames of OCPP-J towards a CSMS: what is no message, and the form of a refusal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from v2gready.authoring.ocpp import (
    CsmsBench,
    CsmsCase,
    ErrorCode,
    Observation,
    Severity,
    Trace,
    call_error,
    calls,
    complete,
    disturbances,
    dropped_or_refused,
    errors_well_formed,
    goes_on_after_each,
    lives,
    serve_again,
)


class Broken(CsmsCase):
    """Something that is no message, and an ordinary CALL behind it on the same connection.

    Attributes:
        texts: What is sent; ``{id}`` stands for a new message id.
    """

    area = "rpc"
    texts: ClassVar[tuple[str, ...]]

    async def stimulate(self, bench: CsmsBench) -> None:
        """Sends each of the texts, with a heartbeat behind it."""
        async with bench.station.connect() as csms:
            await csms.boot()
            for text in self.texts:
                if csms.is_open:
                    csms.raw(text.replace("{id}", bench.new_id()))
                    await csms.silence(1)
                if csms.is_open:
                    await csms.heartbeat()
            await serve_again(bench, csms)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks for results that should not be, and for the heartbeats."""
        yield dropped_or_refused(self.requirements[0], trace, seconds=1)
        found = [one.frame for one in disturbances(trace)]
        yield from goes_on_after_each("OCPP-J-ERR-SURVIVES", trace, found, stays=True)
        complete(found, len(self.texts), "broken messages")


class BrokenJson(Broken):
    """Text that is no JSON: cut off, with a comma too many, with comments, empty.

    Field cases: a reader that ended with an exception and left the connection open and deaf.
    """

    id = "CSMS-OCPP-RPC-14"
    title = "What is no JSON is dropped or refused, and the next message is served"
    requirements = ("OCPP-J-FRAME-BAD", "OCPP-J-ERR-SURVIVES")
    faults = {"dead-after-broken-json": "OCPP-J-ERR-SURVIVES"}
    texts = (
        '[2,"{id}","Heartbeat",{}',
        '[2,"{id}","Heartbeat",{},]',
        "[2,'{id}','Heartbeat',{}]",
        '[2,"{id}","Heartbeat",{}] [2,"{id}","Heartbeat",{}]',
        "hello",
        "",
        "[",
    )


class WrongShape(Broken):
    """JSON that is no message of OCPP-J: an object, an empty array, too few and too many elements."""

    id = "CSMS-OCPP-RPC-15"
    title = "JSON that is no message is dropped or refused, and the next message is served"
    requirements = ("OCPP-J-FRAME-BAD", "OCPP-J-ERR-SURVIVES")
    faults = {
        "missing-payload-accepted": "OCPP-J-FRAME-BAD",
        "closes-on-broken-frame": "OCPP-J-ERR-SURVIVES",
    }
    texts = (
        "{}",
        "[]",
        "null",
        "2",
        "[2]",
        '[2,"{id}"]',
        '[2,"{id}","Heartbeat"]',
        '[2,"{id}","Heartbeat",{},{},{}]',
        '[2,"{id}",["Heartbeat"],{}]',
        '[2,"{id}","Heartbeat",[]]',
        '[3,"{id}"]',
    )


class UnknownType(Broken):
    """A message type number that nobody has defined, or that is no number: a station of an edition to come."""

    id = "CSMS-OCPP-RPC-16"
    title = "A message of an unknown type is ignored, or refused by MessageTypeNotSupported"
    requirements = ("OCPP-J-TYPE-UNKNOWN", "OCPP-J-ERR-SURVIVES")
    faults = {"answers-unknown-type": "OCPP-J-TYPE-UNKNOWN"}
    texts = (
        '[9,"{id}","Heartbeat",{}]',
        '[0,"{id}","Heartbeat",{}]',
        '[-2,"{id}","Heartbeat",{}]',
        '["2","{id}","Heartbeat",{}]',
        '[null,"{id}","Heartbeat",{}]',
    )

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The code of a refusal, if there is one, is looked at, too."""
        yield from super().judge(trace)
        for one in disturbances(trace):
            if one.error is not None:
                code = ErrorCode.MESSAGE_TYPE_NOT_SUPPORTED
                yield call_error("OCPP-J-TYPE-UNKNOWN", one, code, severity=Severity.SHOULD)


class BadId(Broken):
    """A message id that is none: empty, a number, 37 characters.

    An answer under such an id would break the rule itself. ocpp-go ended here by a failed type assertion.
    """

    id = "CSMS-OCPP-RPC-17"
    title = "A CALL whose message id is none gets no result"
    requirements = ("OCPP-J-ID-LENGTH", "OCPP-J-ERR-SURVIVES")
    faults = {
        "long-message-id-accepted": "OCPP-J-ID-LENGTH",
        "numeric-message-id-closes": "OCPP-J-ERR-SURVIVES",
    }
    texts = (
        '[2,"1234567890123456789012345678901234567","Heartbeat",{}]',
        '[2,"","Heartbeat",{}]',
        '[2,4711,"Heartbeat",{}]',
        '[2,null,"Heartbeat",{}]',
    )


class ErrorShape(CsmsCase):
    """The refusals themselves: five elements, a code of the table, a short text, and an object for the details.

    SteVe sent a text for the details once; a station that reads strictly cannot read that, and waits.
    """

    id = "CSMS-OCPP-RPC-18"
    title = "Every CALLERROR has the form that the standard gives it"
    area = "rpc"
    requirements = ("OCPP-J-ERR-SHAPE",)
    faults = {
        "error-details-text": "OCPP-J-ERR-SHAPE",
        "error-without-details": "OCPP-J-ERR-SHAPE",
        "error-with-own-code": "OCPP-J-ERR-SHAPE",
    }

    async def stimulate(self, bench: CsmsBench) -> None:
        """Earns refusals of different kinds, one with much to tell."""
        long = {f"field{number}": number for number in range(100)}
        async with bench.station.connect() as csms:
            await csms.boot()
            await csms.call("DanceTheTango", {"tempo": 120}, timeout=10)
            await csms.call("T" * 300, {}, timeout=10)
            await csms.call("Heartbeat", long, timeout=10)
            await csms.call("Authorize", {}, timeout=10)
            csms.raw("[2")
            await serve_again(bench, csms, watch=2)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at every CALLERROR, element by element."""
        yield errors_well_formed("OCPP-J-ERR-SHAPE", trace)
        complete(disturbances(trace), 1, "broken messages")
        complete([one for one in calls(trace, sender=trace.tester) if one.error is not None], 3, "refusals")
        lives(trace)
