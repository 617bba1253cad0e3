"""OCPP-J towards a CSMS: what it answers to messages that are wrong, late or twice, and to numbers with a decimal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from v2gready.authoring.ocpp import (
    LEFT_OUT,
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
    RpcExchange,
    Severity,
    Trace,
    answered,
    broken_calls,
    call_error,
    calls,
    changed,
    complete,
    connection_stays,
    describe,
    disturbances,
    dropped_or_refused,
    edition_of,
    errors_well_formed,
    every,
    fields,
    first_of,
    goes_on,
    goes_on_after_each,
    got,
    holds,
    named,
    no_reply,
    ordinary,
    period,
    profile,
    received,
    schema,
    schema_refusals,
    sends,
    sent,
    serve_again,
    stays_and_goes_on,
    variable,
)

DELAY = 0.5
"""Seconds that the station takes for an answer; short enough that nobody gives up."""


class UnknownAction(CsmsCase):
    """A station with newer firmware says something that the CSMS has never heard of.

    The CSMS has to say so, with the id of the question: without an answer the station would wait for its timeout while
    events of transactions queue up behind.
    """

    id = "CSMS-OCPP-RPC-01"
    title = "Unknown action is answered by NotImplemented, and the connection goes on"
    area = "rpc"
    requirements = ("OCPP-J-ERR-NOTIMPLEMENTED", "OCPP-J-ERR-SURVIVES")
    faults = {
        "unknown-action-silent": "OCPP-J-ERR-NOTIMPLEMENTED",
        "unknown-action-internal-error": "OCPP-J-ERR-NOTIMPLEMENTED",
    }

    async def stimulate(self, bench: CsmsBench) -> None:
        """Asks for an action that nobody knows, then sends a heartbeat."""
        async with bench.station.connect() as csms:
            await csms.boot()
            await csms.call("DanceTheTango", {"tempo": 120})
            await csms.heartbeat()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks for the error with the id of the question, and for an answer behind it."""
        strange = sent(trace, "DanceTheTango")
        yield call_error("OCPP-J-ERR-NOTIMPLEMENTED", strange, ErrorCode.NOT_IMPLEMENTED)
        yield connection_stays("OCPP-J-ERR-SURVIVES", trace, strange.request)
        yield answered("OCPP-J-ERR-SURVIVES", sent(trace, "Heartbeat"))


class Spoilt(CsmsCase):
    """A CALL that breaks the schema, in several messages that every CSMS knows, and something ordinary behind it.

    Attributes:
        spoilings: Action, path of a field, and what is put there.
        rules: Keywords of the schema that are broken by it.
    """

    area = "rpc"
    spoilings: ClassVar[tuple[tuple[str, str, Any], ...]]
    rules: ClassVar[tuple[str, ...]]

    async def stimulate(self, bench: CsmsBench) -> None:
        """Sends each message as it should be, then spoilt, then a heartbeat."""
        async with bench.station.connect() as csms:
            await csms.boot()
            for action in dict.fromkeys(action for action, _, _ in self.spoilings):
                if action != "BootNotification":
                    await csms.call(action, ordinary(action, bench.stamp()))
            for action, path, value in self.spoilings:
                await csms.call(action, changed(ordinary(action, bench.stamp()), path, value))
            await csms.heartbeat()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks for a CALLERROR for each, and for the connection behind them."""
        yield from schema_refusals(self.requirements[0], trace, *self.rules)
        for one, _ in broken_calls(trace, *self.rules)[:1]:
            yield from stays_and_goes_on("OCPP-J-ERR-SURVIVES", trace, one.request)


class MissingField(Spoilt):
    """A required field is not there.

    A CSMS that fills it by itself, with 0 or with the time of arrival, books events that never happened like that.
    """

    id = "CSMS-OCPP-RPC-03"
    title = "A message without a required field is refused, and the connection goes on"
    requirements = ("OCPP-J-ERR-REQUIRED", "OCPP-J-ERR-SURVIVES")
    faults = {
        "missing-field-accepted": "OCPP-J-ERR-REQUIRED",
        "schema-error-silent": "OCPP-J-ERR-REQUIRED",
        "schema-errors-not-implemented": "OCPP-J-ERR-REQUIRED",
        "schema-error-closes": "OCPP-J-ERR-SURVIVES",
    }
    rules = ("required",)
    spoilings = (
        ("BootNotification", "reason", LEFT_OUT),
        ("Authorize", "idToken.type", LEFT_OUT),
        ("TransactionEvent", "seqNo", LEFT_OUT),
        ("TransactionEvent", "meterValue.0.sampledValue.0.value", LEFT_OUT),
        ("MeterValues", "evseId", LEFT_OUT),
        ("NotifyEvent", "eventData.0.variable", LEFT_OUT),
    )


class WrongType(Spoilt):
    """A field has another type: a number as text, a text as number, an object for a list.

    Silent conversion ends in two readers that understand two things: "10" may become 10, or 2.
    """

    id = "CSMS-OCPP-RPC-04"
    title = "A field of a wrong type is refused"
    requirements = ("OCPP-J-ERR-TYPE", "OCPP-J-ERR-SURVIVES")
    faults = {"wrong-type-accepted": "OCPP-J-ERR-TYPE", "schema-error-silent": "OCPP-J-ERR-TYPE"}
    rules = ("type",)
    spoilings = (
        ("Authorize", "idToken.idToken", 42),
        ("TransactionEvent", "seqNo", "1"),
        ("TransactionEvent", "seqNo", 1.5),
        ("TransactionEvent", "offline", "false"),
        ("MeterValues", "meterValue.0.sampledValue.0.value", "16.0"),
        ("MeterValues", "meterValue", {}),
        ("NotifyEvent", "eventData.0.component", []),
    )


class ExtraField(Spoilt):
    """A field that the schema does not know, outside of customData.

    Mostly it is a misspelt one: who ignores it ignores what the station wanted to say.
    """

    id = "CSMS-OCPP-RPC-05"
    title = "A field that the schema does not know is refused"
    requirements = ("OCPP-J-ERR-EXTRA", "OCPP-J-ERR-SURVIVES")
    faults = {"extra-property-accepted": "OCPP-J-ERR-EXTRA"}
    rules = ("additionalProperties",)
    spoilings = (
        ("BootNotification", "chargingStation.colour", "green"),
        ("Authorize", "idToken.id_token", "V2GREADY-TOKEN"),
        ("TransactionEvent", "transactionInfo.operation_mode", "CentralSetpoint"),
        ("MeterValues", "evse_id", 1),
        ("NotifyEvent", "eventData.0.note", ""),
    )


class UnknownValue(Spoilt):
    """A value that is none of its enumeration, also one that differs by its capital letters alone."""

    id = "CSMS-OCPP-RPC-06"
    title = "A value outside of an enumeration is refused"
    requirements = ("OCPP-J-ERR-ENUM", "OCPP-J-ERR-SURVIVES")
    faults = {"unknown-enum-accepted": "OCPP-J-ERR-ENUM"}
    rules = ("enum",)
    spoilings = (
        ("BootNotification", "reason", "powerup"),
        ("TransactionEvent", "eventType", "Paused"),
        ("TransactionEvent", "transactionInfo.chargingState", "Discharging"),
        ("MeterValues", "meterValue.0.sampledValue.0.measurand", "Power.Active.Sideways"),
        ("NotifyEvent", "eventData.0.trigger", "DELTA"),
    )


class TooLong(Spoilt):
    """A text with one character more than the schema allows. A column that cuts it off makes two customers one."""

    id = "CSMS-OCPP-RPC-07"
    title = "A text that is too long by one character is refused, one that is just as long as allowed is not"
    requirements = ("OCPP-J-ERR-LENGTH", "OCPP-J-ERR-SURVIVES")
    faults = {"long-string-accepted": "OCPP-J-ERR-LENGTH"}
    rules = ("maxLength",)
    spoilings = (
        ("Authorize", "idToken.idToken", "A" * 256),
        ("Authorize", "idToken.type", "A" * 21),
        ("TransactionEvent", "transactionInfo.transactionId", "t" * 37),
        ("SecurityEventNotification", "techInfo", "i" * 256),
        ("NotifyEvent", "eventData.0.component.name", "c" * 51),
    )
    fitting = (
        ("Authorize", "idToken.idToken", "A" * 255),
        ("SecurityEventNotification", "techInfo", "i" * 255),
    )

    async def stimulate(self, bench: CsmsBench) -> None:
        """Before the texts that are too long, some that are not."""
        async with bench.station.connect() as csms:
            await csms.boot()
            for action in ("TransactionEvent", "NotifyEvent"):
                await csms.call(action, ordinary(action, bench.stamp()))
            for action, path, value in (*self.fitting, *self.spoilings):
                await csms.call(action, changed(ordinary(action, bench.stamp()), path, value))
            await csms.heartbeat()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at both sides of the border."""
        yield from super().judge(trace)
        first = broken_calls(trace, *self.rules)[0][0].request
        for action, _, _ in self.fitting:
            yield every(
                "OCPP-J-ERR-LENGTH",
                (answered("OCPP-J-ERR-LENGTH", one) for one in calls(trace, action, sender=trace.tester, before=first)),
                what="texts of the longest length",
            )


class PositiveDischargeLimit(Spoilt):
    """A limit for discharging above zero, in a schedule that the station reports: a limit of -5 kW would become +5 kW.

    The sign is all that tells charging from discharging; a CSMS that lets the wrong one in plans with it.
    """

    id = "CSMS-OCPP-RPC-08"
    title = "A dischargeLimit above zero, and other numbers out of range, are refused"
    requirements = ("OCPP-J-ERR-RANGE", "OCPP-J-ERR-SURVIVES")
    pics = "ocpp_smart_charging and ocpp_v2x"
    faults = {"positive-discharge-limit-accepted": "OCPP-J-ERR-RANGE"}
    rules = ("maximum", "minimum")
    spoilings = (
        ("NotifyEVChargingSchedule", "chargingSchedule.chargingSchedulePeriod.0.dischargeLimit", 1.0),
        ("NotifyEVChargingSchedule", "chargingSchedule.chargingSchedulePeriod.0.dischargeLimit", 0.1),
        ("NotifyEVChargingSchedule", "evseId", 0),
        ("TransactionEvent", "seqNo", -1),
        ("MeterValues", "evseId", -1),
    )


class BadDate(Spoilt):
    """A time that is none: without zone, in local style, of a month that does not exist.

    Without a zone an event moves by hours; at the change of summer time it moves into another price.
    """

    id = "CSMS-OCPP-RPC-09"
    title = "A date-time that is none is refused"
    requirements = ("OCPP-J-ERR-FORMAT", "OCPP-J-ERR-SURVIVES")
    faults = {"bad-date-accepted": "OCPP-J-ERR-FORMAT"}
    rules = ("format",)
    spoilings = (
        ("TransactionEvent", "timestamp", "2026-13-01T00:00:00Z"),
        ("TransactionEvent", "timestamp", "yesterday"),
        ("MeterValues", "meterValue.0.timestamp", "01.02.2026 12:00"),
        ("SecurityEventNotification", "timestamp", "2026-02-30T12:00:00Z"),
    )


class EmptyList(Spoilt):
    """A list with nothing in it where the schema wants one element at least: what is empty is left out."""

    id = "CSMS-OCPP-RPC-10"
    title = "An empty list is refused"
    requirements = ("OCPP-J-ERR-ITEMS", "OCPP-J-ERR-SURVIVES")
    faults = {"empty-list-accepted": "OCPP-J-ERR-ITEMS"}
    rules = ("minItems", "maxItems")
    spoilings = (
        ("TransactionEvent", "meterValue", []),
        ("MeterValues", "meterValue", []),
        ("MeterValues", "meterValue.0.sampledValue", []),
        ("NotifyEvent", "eventData", []),
    )


class Null(Spoilt):
    """``null`` in place of a value. A required field with null is as good as missing, and must not be taken."""

    id = "CSMS-OCPP-RPC-11"
    title = "null is taken for no value"
    requirements = ("OCPP-J-ERR-TYPE", "OCPP-J-ERR-SURVIVES")
    faults = {"null-accepted": "OCPP-J-ERR-TYPE"}
    rules = ("type",)
    spoilings = (
        ("Authorize", "idToken.idToken", None),
        ("TransactionEvent", "seqNo", None),
        ("TransactionEvent", "transactionInfo", None),
        ("MeterValues", "meterValue", None),
    )


class UnsupportedAction(CsmsCase):
    """A station calls what only a CSMS calls. The action is known, and the CSMS does not serve it.

    "Accepted" would make the station believe that somebody has reset something.
    """

    id = "CSMS-OCPP-RPC-02"
    title = "A CALL in the wrong direction is answered by NotSupported or NotImplemented"
    area = "rpc"
    requirements = ("OCPP-J-ERR-NOTSUPPORTED", "OCPP-J-ERR-SURVIVES")
    faults = {"unsupported-action-accepted": "OCPP-J-ERR-NOTSUPPORTED"}

    async def stimulate(self, bench: CsmsBench) -> None:
        """Asks the CSMS to reset, and for its composite schedule."""
        async with bench.station.connect() as csms:
            await csms.boot()
            await csms.call("Reset", {"type": "Immediate"})
            await csms.call("GetCompositeSchedule", {"duration": 3600, "evseId": 1})
            await csms.heartbeat()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks for the error for each."""
        for action in ("Reset", "GetCompositeSchedule"):
            yield call_error(
                "OCPP-J-ERR-NOTSUPPORTED", sent(trace, action), ErrorCode.NOT_SUPPORTED, ErrorCode.NOT_IMPLEMENTED
            )
        yield from stays_and_goes_on("OCPP-J-ERR-SURVIVES", trace, sent(trace, "Reset").request)


class RefusedWithoutEffect(CsmsCase):
    """An Ended that lacks its reason is refused. The transaction therefore runs on, for both sides.

    A CSMS that books first and looks afterwards closes a transaction that the station goes on with: energy without
    customer. Here it can still stop the transaction, which it can only if it knows it as running.
    """

    id = "CSMS-OCPP-RPC-12"
    title = "A refused TransactionEvent leaves the transaction as it was"
    area = "rpc"
    requirements = ("OCPP-J-ERR-NOEFFECT", "OCPP-J-ERR-REQUIRED")
    hooks = ("request_stop",)
    faults = {
        "state-kept-of-refused-event": "OCPP-J-ERR-NOEFFECT",
        "missing-field-accepted": "OCPP-J-ERR-REQUIRED",
    }

    async def stimulate(self, bench: CsmsBench) -> None:
        """Starts a transaction, ends it by a broken event, has the CSMS stop it, ends it."""
        token = bench.text("ocpp_token_charging", "V2GREADY-TOKEN")
        async with bench.station.connect() as csms:
            await csms.boot()
            identified = {"idToken": {"idToken": token, "type": "ISO14443"}}
            await csms.transaction_event("Started", transaction="tx-kept", **identified)
            broken = {"transactionInfo": {"transactionId": "tx-kept"}, "eventType": "Ended", "seqNo": 1}
            await csms.call("TransactionEvent", {**broken, "timestamp": bench.stamp()})
            mark = csms.mark
            await bench.act("request_stop", station=bench.identity)
            await csms.look_for("RequestStopTransaction", since=mark, within=10)
            await csms.transaction_event("Ended", transaction="tx-kept", seq_no=1, trigger="RemoteStop")

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks for the refusal, then for the order to stop."""
        started = sent(trace, "TransactionEvent", where=lambda event: event.get("eventType") == "Started")
        if started.answer is None:
            raise Inconclusive("the transaction was not taken")
        yield from schema_refusals("OCPP-J-ERR-REQUIRED", trace, "required")
        broken = broken_calls(trace, "required")[0][0]
        yield received(
            "OCPP-J-ERR-NOEFFECT",
            trace,
            "RequestStopTransaction",
            where=lambda order: order.get("transactionId") == "tx-kept",
            what="for the transaction that runs",
            after=broken.request,
            within=10,
        )


class CustomData(CsmsCase):
    """customData stands in any object and changes nothing. Vendors put what they like there."""

    id = "CSMS-OCPP-RPC-13"
    title = "customData is taken everywhere, with whatever it holds"
    area = "rpc"
    requirements = ("OCPP-J-CUSTOMDATA",)
    faults = {"custom-data-refused": "OCPP-J-CUSTOMDATA"}
    places = (
        ("Authorize", "customData"),
        ("Authorize", "idToken.customData"),
        ("TransactionEvent", "transactionInfo.customData"),
        ("TransactionEvent", "meterValue.0.sampledValue.0.customData"),
        ("MeterValues", "meterValue.0.customData"),
        ("NotifyEvent", "eventData.0.component.customData"),
    )

    async def stimulate(self, bench: CsmsBench) -> None:
        """Sends each message plain, then with customData."""
        extra = {"vendorId": "org.v2gready", "depth": {"list": [1, 2.5, None, "three"]}}
        async with bench.station.connect() as csms:
            await csms.boot()
            for action, place in self.places:
                plain = ordinary(action, bench.stamp())
                await csms.call(action, plain)
                await csms.call(action, changed(plain, place, extra))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Each message that is served without customData is served with it."""
        served = {one.action for one in calls(trace, sender=trace.tester) if _plain(one) and one.answer is not None}
        yield every(
            "OCPP-J-CUSTOMDATA",
            (
                answered("OCPP-J-CUSTOMDATA", one)
                for one in calls(trace, sender=trace.tester)
                if not _plain(one) and one.action in served
            ),
            what="messages with customData",
        )
        complete([one for one in calls(trace, sender=trace.tester) if not _plain(one)], len(self.places), "messages")
        all_replied(calls(trace, sender=trace.tester))


def all_replied(found: list[RpcExchange]) -> None:
    """Each of them got a result or an error.

    Raises:
        Inconclusive: One got neither.
    """
    silent = [one.action for one in found if one.reply is None]
    if silent:
        raise Inconclusive(f"no reply to {silent[0]}")


def lives(trace: Trace) -> None:
    """The last heartbeat, behind all that was tried, got its result: who refuses everything has judged nothing.

    Raises:
        Inconclusive: It did not.
    """
    last = sent(trace, "Heartbeat", nth=-1)
    if last.answer is None:
        raise Inconclusive(f"the last heartbeat was not served: {describe(last)}")


def _plain(one: RpcExchange) -> bool:
    return not any("customData" in path for path, _ in fields(one.payload))


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


TENTHS = tuple(number / 10 for number in range(1, 321))
"""Every limit of one decimal up to 32 A. For 134 of them a division by 0.1 in floating point leaves a rest."""


class Tenths(CsmsCase):
    """Limits with one decimal, as stations report them: 8.1 A, and every other tenth up to 32 A.

    CitrineOS refused 8.1 A: "multipleOf 0.1" in floating point. A station with such a limit was never served again.
    """

    id = "CSMS-OCPP-RPC-28"
    title = "Limits with one decimal are taken: 8.1 A, and every tenth"
    area = "rpc"
    requirements = ("OCPP-H-DECIMALS",)
    pics = "ocpp_smart_charging"
    faults = {"81-tenths-refused": "OCPP-H-DECIMALS"}
    messages: ClassVar[tuple[str, ...]] = ("NotifyEVChargingSchedule", "NotifyChargingLimit")

    async def stimulate(self, bench: CsmsBench) -> None:
        """Sends each message with whole numbers, with 8.1 A, with all tenths."""
        async with bench.station.connect() as csms:
            await csms.boot()
            for action in self.messages:
                for limits in ((8.0,), (8.1,), TENTHS):
                    await csms.call(action, ordinary(action, bench.stamp(), limits=limits))
            for value in (8, 8.1, 134.7):
                path = "meterValue.0.sampledValue.0.value"
                await csms.call("MeterValues", changed(ordinary("MeterValues", bench.stamp()), path, value))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """What is served with whole numbers is served with tenths."""
        found = [one for one in calls(trace, sender=trace.tester) if one.action in {*self.messages, "MeterValues"}]
        served = {one.action for one in found if one.answer is not None and not _has_tenths(one)}
        if not served:
            raise Inconclusive("whole numbers are refused, too")
        yield every(
            "OCPP-H-DECIMALS",
            (answered("OCPP-H-DECIMALS", one) for one in found if one.action in served and _has_tenths(one)),
            what="messages with tenths",
        )
        complete(found, 3 * len(self.messages) + 3, "messages")
        all_replied(found)


def _has_tenths(one: RpcExchange) -> bool:
    return any(isinstance(value, float) and not value.is_integer() for _, value in fields(one.payload))


class TenthsReported(CsmsCase):
    """Profiles with tenths in a report that the CSMS itself has asked for."""

    id = "CSMS-OCPP-RPC-29"
    title = "Charging profiles with limits of one decimal can be reported"
    area = "rpc"
    requirements = ("OCPP-H-DECIMALS",)
    pics = "ocpp_smart_charging"
    hooks = ("do",)
    faults = {"81-tenths-refused": "OCPP-H-DECIMALS"}

    async def stimulate(self, bench: CsmsBench) -> None:
        """Has the CSMS ask for profiles, and reports one with every tenth."""
        async with bench.station.connect() as csms:
            csms.answers["GetChargingProfiles"] = {"status": "Accepted"}
            await csms.boot()
            mark = csms.mark
            await bench.do("GetChargingProfiles", {"requestId": 81, "chargingProfile": {}})
            await csms.wait_for("GetChargingProfiles", since=mark, within=10)
            await csms.silence(1)
            report = ordinary("ReportChargingProfiles", bench.stamp(), limits=TENTHS)
            await csms.call("ReportChargingProfiles", {**report, "requestId": 81})

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The report is taken."""
        got(trace, "GetChargingProfiles")
        yield answered("OCPP-H-DECIMALS", sent(trace, "ReportChargingProfiles"))


class TenthsSent(CsmsCase):
    """The other way: the CSMS is told to send limits with one decimal, and sends them as they are."""

    id = "CSMS-OCPP-RPC-30"
    title = "Limits with one decimal are sent as they are: 8.1 A, and every tenth"
    area = "rpc"
    requirements = ("OCPP-H-DECIMALS",)
    pics = "ocpp_smart_charging"
    hooks = ("do",)
    faults = {"limits-rounded": "OCPP-H-DECIMALS", "81-tenths-refused": "OCPP-H-DECIMALS"}

    async def stimulate(self, bench: CsmsBench) -> None:
        """Orders a profile with whole numbers, and one with every tenth."""
        async with bench.station.connect() as csms:
            await csms.boot()
            for number, limits in enumerate(((8.0,), TENTHS), 1):
                periods = [period(60 * place, limit=limit) for place, limit in enumerate(limits)]
                order = profile(number, *periods, purpose="TxDefaultProfile", unit="A", start=bench.stamp())
                await bench.do("SetChargingProfile", {"evseId": 1, "chargingProfile": order})
                await csms.silence(5)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Reads the limits on the wire."""
        whole = got(trace, "SetChargingProfile")
        told = [_limits(one) for one in calls(trace, "SetChargingProfile", sender=trace.dut, after=whole.request)]
        odd = [limit for limit in TENTHS if told and limit not in told[-1]]
        yield holds(
            "OCPP-H-DECIMALS",
            bool(told) and told[-1] == list(TENTHS),
            expected=f"SetChargingProfile with {len(TENTHS)} limits from {TENTHS[0]} to {TENTHS[-1]} A",
            seen=("never sent" if not told else f"without {odd[:5]}" if odd else f"{len(told[-1])} limits"),
            at=whole.at,
        )


def _limits(one: RpcExchange) -> list[Any]:
    return [value for path, value in fields(one.payload) if path.endswith(".limit")]
