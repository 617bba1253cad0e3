"""OCPP-J towards a CSMS: what it answers to CALLs that are wrong, and to customData."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from v2gready.authoring.ocpp import (
    LEFT_OUT,
    CsmsBench,
    CsmsCase,
    ErrorCode,
    Inconclusive,
    Observation,
    RpcExchange,
    Trace,
    all_replied,
    answered,
    broken_calls,
    call_error,
    calls,
    changed,
    complete,
    connection_stays,
    every,
    fields,
    ordinary,
    received,
    schema_refusals,
    sent,
    stays_and_goes_on,
)


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


def _plain(one: RpcExchange) -> bool:
    return not any("customData" in path for path, _ in fields(one.payload))
