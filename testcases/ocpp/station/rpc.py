"""OCPP-J towards a charging station: what it answers to requests that are unknown or wrong by the schema."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from v2gready.authoring.ocpp import (
    HEARTBEAT,
    PROBE,
    ErrorCode,
    Inconclusive,
    Observation,
    RpcExchange,
    StationBench,
    StationCase,
    Trace,
    broken_calls,
    call_error,
    calls,
    connection_stays,
    every,
    get_variable,
    holds,
    look,
    profile,
    read,
    schema_refusals,
    sent,
    served,
    variable,
    write,
)


class UnknownAction(StationCase):
    """A CSMS of a later edition, or of another vendor, asks for something that the station has never heard of.

    The station has to say so, with the id of the question: without an answer the CSMS would wait for its timeout and
    may not ask anything else until then.
    """

    id = "CHG-OCPP-RPC-01"
    title = "Unknown action is answered by NotImplemented, and the connection goes on"
    area = "rpc"
    requirements = ("OCPP-J-ERR-NOTIMPLEMENTED", "OCPP-J-ERR-SURVIVES")
    faults: ClassVar = {
        "unknown-action-silent": "OCPP-J-ERR-NOTIMPLEMENTED",
        "unknown-action-wrong-code": "OCPP-J-ERR-NOTIMPLEMENTED",
        "unknown-action-accepted": "OCPP-J-ERR-NOTIMPLEMENTED",
    }

    async def stimulate(self, bench: StationBench) -> None:
        """Asks for an action that nobody knows, then for one that everybody knows."""
        async with bench.csms.session() as station:
            await station.call("DanceTheTango", {"tempo": 120})
            await station.call(PROBE, read())

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks for the error with the id of the question, and for an answer behind it."""
        strange = sent(trace, "DanceTheTango")
        yield call_error("OCPP-J-ERR-NOTIMPLEMENTED", strange, ErrorCode.NOT_IMPLEMENTED)
        yield connection_stays("OCPP-J-ERR-SURVIVES", trace, strange.request)
        yield served("OCPP-J-ERR-SURVIVES", trace, sent(trace, PROBE))


class ActionCase(StationCase):
    """Names of actions are case-sensitive: a station that is lenient here hides the error of its CSMS.

    The next station would not understand that CSMS, and nobody would know which of them is wrong.
    """

    id = "CHG-OCPP-RPC-02"
    title = "An action in the wrong case is no action"
    area = "rpc"
    requirements = ("OCPP-J-ERR-NOTIMPLEMENTED", "OCPP-J-ERR-SURVIVES")
    faults: ClassVar = {"action-case-ignored": "OCPP-J-ERR-NOTIMPLEMENTED"}

    async def stimulate(self, bench: StationBench) -> None:
        """Asks for getvariables and GETVARIABLES, then properly."""
        async with bench.csms.session() as station:
            for action in ("getvariables", "GETVARIABLES", "GetVariablesRequest"):
                await station.call(action, read())
            await station.call(PROBE, read())

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks for an error for each, and an answer to the last."""
        for action in ("getvariables", "GETVARIABLES", "GetVariablesRequest"):
            yield call_error("OCPP-J-ERR-NOTIMPLEMENTED", sent(trace, action), ErrorCode.NOT_IMPLEMENTED)
        yield served("OCPP-J-ERR-SURVIVES", trace, sent(trace, PROBE))


class UnsupportedAction(StationCase):
    """The CSMS asks for something of the standard that this station cannot do.

    It must not be told Accepted: a driver would find the reserved connector taken. Which actions those are follows from
    what the station says in its device model.
    """

    id = "CHG-OCPP-RPC-03"
    title = "A known action that is not supported is refused"
    area = "rpc"
    requirements = ("OCPP-J-ERR-NOTSUPPORTED", "OCPP-J-ERR-SURVIVES")
    faults: ClassVar = {
        "unsupported-action-silent": "OCPP-J-ERR-NOTSUPPORTED",
        "unsupported-action-accepted": "OCPP-J-ERR-NOTSUPPORTED",
    }
    features: ClassVar = {"ReserveNow": "ReservationCtrlr", "SetDisplayMessage": "DisplayMessageCtrlr"}

    async def stimulate(self, bench: StationBench) -> None:
        """Reads whether the station offers a feature, and asks for it where it does not."""
        payloads: dict[str, dict[str, Any]] = {
            "ReserveNow": {
                "id": 4711,
                "expiryDateTime": bench.stamp(600),
                "idToken": {"idToken": "V2GREADY-TOKEN", "type": "ISO14443"},
            },
            "SetDisplayMessage": {
                "message": {"id": 4711, "priority": "NormalCycle", "message": {"format": "UTF8", "content": "hello"}}
            },
        }
        async with bench.csms.session() as station:
            for action, component in self.features.items():
                told = {await get_variable(station, component, name) for name in ("Enabled", "Available")}
                if "true" not in {str(one).lower() for one in told}:
                    await station.call(action, payloads[action])
            await station.call(PROBE, read())

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Takes an error, or a status that refuses, for what is not offered."""
        asked = [one for action in self.features for one in calls(trace, action, sender=trace.tester)]
        if not asked:
            raise Inconclusive("the station offers reservation and display messages: none is known to be missing")
        # Who serves what it does not announce may well support it; the DUT file knows.
        missing = str(trace.declared.get("ocpp_unsupported_action", ""))
        asked = [one for one in asked if one.status != "Accepted" or one.action == missing]
        if not asked:
            raise Inconclusive("the station accepts reservation and display messages without announcing them")
        codes = {str(ErrorCode.NOT_SUPPORTED), str(ErrorCode.NOT_IMPLEMENTED)}
        for one in asked:
            error = one.error is not None and str(one.error.code) in codes
            status = one.status in {"Rejected", "NotSupported", "Unavailable", "NotSupportedMessageFormat", "Faulted"}
            yield holds(
                "OCPP-J-ERR-NOTSUPPORTED",
                error or status,
                expected=f"{one.action} refused by NotSupported or NotImplemented",
                seen=one.error.code if one.error else one.status or "no refusal",
                at=one.at,
            )
        yield served("OCPP-J-ERR-SURVIVES", trace, sent(trace, PROBE, nth=-1))


class SchemaCase(StationCase):
    """A rule of the schema that a request breaks; base of the cases about it.

    Attributes:
        rules: Keywords of the schema that `probes` break.
        rule: The requirement about it.
        wrong: How many of them are wrong.
    """

    area = "rpc"
    wrong: ClassVar[int] = 0
    rules: ClassVar[tuple[str, ...]] = ()
    rule: ClassVar[str] = ""

    def probes(self, bench: StationBench) -> list[tuple[str, dict[str, Any]]]:
        """Requests, right ones among the wrong ones."""
        raise NotImplementedError

    async def stimulate(self, bench: StationBench) -> None:
        """Sends the requests, one after the other."""
        async with bench.csms.session() as station:
            for action, payload in self.probes(bench):
                await station.call(action, payload)
            await station.call(PROBE, read())

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks for an error for each of the wrong ones, and that the station goes on."""
        sent_wrong = len(broken_calls(trace))
        if sent_wrong < self.wrong:
            raise Inconclusive(f"{sent_wrong} of {self.wrong} wrong requests were sent")
        yield from schema_refusals(self.rule, trace, *self.rules)
        last = broken_calls(trace)[-1][0]
        yield connection_stays("OCPP-J-ERR-SURVIVES", trace, last.request)
        yield served("OCPP-J-ERR-SURVIVES", trace, sent(trace, PROBE, nth=-1))


class MissingField(SchemaCase):
    """A required field is missing: what was meant is not known, and a station that guesses does something else."""

    id = "CHG-OCPP-RPC-04"
    wrong = 6
    title = "A request without a required field is refused"
    requirements = ("OCPP-J-ERR-REQUIRED", "OCPP-J-ERR-SURVIVES")
    faults: ClassVar = {"schema-required-ignored": "OCPP-J-ERR-REQUIRED"}
    rules = ("required",)
    rule = "OCPP-J-ERR-REQUIRED"

    def probes(self, bench: StationBench) -> list[tuple[str, dict[str, Any]]]:
        """At the top, inside of a list, inside of an object."""
        return [
            ("GetBaseReport", {"reportBase": "SummaryInventory"}),
            ("GetBaseReport", {"requestId": 3}),
            ("GetBaseReport", {"requestId": 4, "reportBase": "SummaryInventory"}),
            ("TriggerMessage", {}),
            ("TriggerMessage", {"requestedMessage": "Heartbeat"}),
            (PROBE, {}),
            (PROBE, {"getVariableData": [{"component": {"name": HEARTBEAT[0]}}]}),
            (PROBE, {"getVariableData": [{"component": {}, "variable": {"name": HEARTBEAT[1]}}]}),
        ]


class ListSize(SchemaCase):
    """An empty list where the schema wants one item at least."""

    id = "CHG-OCPP-RPC-05"
    wrong = 2
    title = "An empty list is refused where the schema wants an item"
    requirements = ("OCPP-J-ERR-ITEMS", "OCPP-J-ERR-SURVIVES")
    faults: ClassVar = {"array-size-ignored": "OCPP-J-ERR-ITEMS"}
    rules = ("minItems", "maxItems")
    rule = "OCPP-J-ERR-ITEMS"

    def probes(self, bench: StationBench) -> list[tuple[str, dict[str, Any]]]:
        """Nothing to read, nothing to set."""
        return [
            (PROBE, {"getVariableData": []}),
            ("SetVariables", {"setVariableData": []}),
            ("SetVariables", write("300")),
        ]


class WrongType(SchemaCase):
    """A number as text, a text as number, a fraction where a whole number is due.

    A station that converts as its language likes reads "1e3", true or 1.5 as something that nobody meant.
    """

    id = "CHG-OCPP-RPC-06"
    wrong = 11
    title = "A field of a wrong type is refused"
    requirements = ("OCPP-J-ERR-TYPE", "OCPP-J-ERR-SURVIVES")
    faults: ClassVar = {"schema-type-ignored": "OCPP-J-ERR-TYPE"}
    rules = ("type",)
    rule = "OCPP-J-ERR-TYPE"

    def probes(self, bench: StationBench) -> list[tuple[str, dict[str, Any]]]:
        """Of every JSON type one that is wrong."""
        report = {"reportBase": "SummaryInventory"}
        wrong: list[Any] = ["7", 7.5, True, None, [7], {}]
        return [
            *(("GetBaseReport", {**report, "requestId": value}) for value in wrong),
            ("GetBaseReport", {**report, "requestId": 7}),
            *(("SetVariables", write(value)) for value in (300, True, None, ["300"])),
            ("SetVariables", write("300")),
            (PROBE, {"getVariableData": {"component": {}}}),
        ]


class ExtraField(SchemaCase):
    """A field that the schema does not know, outside of customData: a typing error that would else go unnoticed."""

    id = "CHG-OCPP-RPC-07"
    wrong = 4
    title = "An unknown field is refused"
    requirements = ("OCPP-J-ERR-EXTRA", "OCPP-J-ERR-SURVIVES")
    faults: ClassVar = {"extra-property-accepted": "OCPP-J-ERR-EXTRA"}
    rules = ("additionalProperties",)
    rule = "OCPP-J-ERR-EXTRA"

    def probes(self, bench: StationBench) -> list[tuple[str, dict[str, Any]]]:
        """At the top, inside of an item, and a name in the wrong case."""
        return [
            (PROBE, {**read(), "vendorField": 1}),
            (PROBE, read(vendorField="x")),
            (PROBE, {"getVariableData": [{**variable(*HEARTBEAT), "attributetype": "Actual"}]}),
            (PROBE, read()),
            ("TriggerMessage", {"requestedMessage": "Heartbeat", "connectorId": 1}),
            ("TriggerMessage", {"requestedMessage": "Heartbeat"}),
        ]


class WrongEnum(SchemaCase):
    """A value that an enumeration does not have, or has in another case."""

    id = "CHG-OCPP-RPC-08"
    wrong = 4
    title = "A value outside of an enumeration is refused"
    requirements = ("OCPP-J-ERR-ENUM", "OCPP-J-ERR-SURVIVES")
    faults: ClassVar = {"enum-ignored": "OCPP-J-ERR-ENUM"}
    rules = ("enum",)
    rule = "OCPP-J-ERR-ENUM"

    def probes(self, bench: StationBench) -> list[tuple[str, dict[str, Any]]]:
        """Unknown, and in another case."""
        return [
            ("GetBaseReport", {"requestId": 8, "reportBase": "WholeInventory"}),
            ("GetBaseReport", {"requestId": 8, "reportBase": "summaryinventory"}),
            ("GetBaseReport", {"requestId": 8, "reportBase": "SummaryInventory"}),
            ("TriggerMessage", {"requestedMessage": "heartbeat"}),
            ("TriggerMessage", {"requestedMessage": "Heartbeat"}),
            (PROBE, read(attributeType="Real")),
        ]


class TooLong(SchemaCase):
    """One character more than the schema allows is refused; as many as it allows are taken.

    Both ends count: a station that cuts a text sets, or starts, something else than it says.
    """

    id = "CHG-OCPP-RPC-09"
    wrong = 4
    title = "A text that is one character too long is refused, one of the full length is not"
    requirements = ("OCPP-J-ERR-LENGTH", "OCPP-J-ERR-SURVIVES")
    faults: ClassVar = {"maxlength-ignored": "OCPP-J-ERR-LENGTH"}
    rules = ("maxLength",)
    rule = "OCPP-J-ERR-LENGTH"

    def probes(self, bench: StationBench) -> list[tuple[str, dict[str, Any]]]:
        """Names of 50 and of 51 characters, in ASCII and beyond it."""
        texts = ["n" * 50, "n" * 51, "ä" * 50, "ä" * 51]
        return [
            *((PROBE, read(HEARTBEAT[0], text)) for text in texts),
            *((PROBE, read(text)) for text in texts),
        ]

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Also looks at those of the full length."""
        yield from super().judge(trace)
        wrong = {one.request.index for one, _ in broken_calls(trace)}
        full = [one for one in calls(trace, PROBE, sender=trace.tester) if one.request.index not in wrong]
        yield every(self.rule, (served(self.rule, trace, one) for one in full), what="texts of the full length")


class OutOfRange(SchemaCase):
    """A dischargeLimit above zero, a stack level below: the sign decides whether a car is charged or emptied."""

    id = "CHG-OCPP-RPC-10"
    wrong = 4
    title = "A number outside of its limits is refused"
    requirements = ("OCPP-J-ERR-RANGE", "OCPP-J-ERR-SURVIVES")
    pics = "ocpp21 and ocpp_smart_charging"
    faults: ClassVar = {
        "positive-discharge-limit-accepted": "OCPP-J-ERR-RANGE",
        "minimum-ignored": "OCPP-J-ERR-RANGE",
    }
    rules = ("minimum", "maximum")
    rule = "OCPP-J-ERR-RANGE"

    def probes(self, bench: StationBench) -> list[tuple[str, dict[str, Any]]]:
        """Profiles for new transactions; the right one is cleared again."""
        start = bench.stamp()

        def request(evse: int = 1, stack: int = 0, **fields: Any) -> tuple[str, dict[str, Any]]:
            period = {"startPeriod": 0, "limit": 6000.0, **fields}
            wanted = profile(9010, period, purpose="TxDefaultProfile", stack=stack, start=start)
            return "SetChargingProfile", {"evseId": evse, "chargingProfile": wanted}

        return [
            request(operationMode="CentralSetpoint", setpoint=0.0, dischargeLimit=1.0),
            request(operationMode="CentralSetpoint", setpoint=0.0, dischargeLimit=0.1),
            request(stack=-1),
            request(evse=-1),
            request(),
            ("ClearChargingProfile", {"chargingProfileId": 9010}),
        ]


class WrongTime(SchemaCase):
    """A text that is no date-time where a schedule begins: many validators do not look at formats at all."""

    id = "CHG-OCPP-RPC-11"
    wrong = 5
    title = "A text that is no date-time is refused"
    requirements = ("OCPP-J-ERR-FORMAT", "OCPP-J-ERR-SURVIVES")
    pics = "ocpp_smart_charging"
    faults: ClassVar = {"format-ignored": "OCPP-J-ERR-FORMAT"}
    rules = ("format",)
    rule = "OCPP-J-ERR-FORMAT"

    def probes(self, bench: StationBench) -> list[tuple[str, dict[str, Any]]]:
        """Words, a date alone, a 13th month, a 25th hour; then a right one."""
        wrong = ("tomorrow", "2026-07-01", "2026-13-01T00:00:00Z", "2026-07-01T25:00:00Z", "", bench.stamp())
        return [
            *(
                (
                    "SetChargingProfile",
                    {
                        "evseId": 1,
                        "chargingProfile": profile(
                            9011, {"startPeriod": 0, "limit": 6000.0}, purpose="TxDefaultProfile", start=text
                        ),
                    },
                )
                for text in wrong
            ),
            ("ClearChargingProfile", {"chargingProfileId": 9011}),
        ]


def told(asked: RpcExchange) -> str | None:
    """The value of the only variable that was asked for, None if it was not given."""
    result = look(asked.answer, "getVariableResult.0") or {}
    return result.get("attributeValue") if result.get("attributeStatus") == "Accepted" else None


class NoEffect(StationCase):
    """A request that is refused changes nothing, not even the part of it that was right.

    A station that sets the first variable before it finds the flaw in the second tells the CSMS that nothing happened.
    """

    id = "CHG-OCPP-RPC-12"
    title = "A refused request changes nothing"
    area = "rpc"
    requirements = ("OCPP-J-ERR-NOEFFECT", "OCPP-J-ERR-SURVIVES")
    faults: ClassVar = {"extra-property-accepted": "OCPP-J-ERR-NOEFFECT"}

    async def stimulate(self, bench: StationBench) -> None:
        """Sets an interval in requests that are wrong elsewhere, and reads it before and after."""
        async with bench.csms.session() as station:
            await station.call(PROBE, read())
            good = write("1234")["setVariableData"][0]
            await station.call("SetVariables", write("1234", vendorField=1))
            await station.call("SetVariables", {"setVariableData": [good, variable(*HEARTBEAT)]})
            await station.call("SetVariables", {"setVariableData": [good, {**good, "attributeValue": 5}]})
            await station.call(PROBE, read())

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares the values, and makes sure that there was one."""
        before, after = sent(trace, PROBE), sent(trace, PROBE, nth=-1)
        was, now = told(before), told(after)
        if was is None or before is after or was == "1234":
            raise Inconclusive(f"the value before is {was!r}: nothing to compare")
        wrong = [one for one in calls(trace, "SetVariables", sender=trace.tester) if one.reply is not None]
        if len(wrong) < 3 or (now == was and not all(one.error for one in wrong)):
            raise Inconclusive("the wrong requests were not all refused by a CALLERROR")
        at = (*before.at, *after.at)
        yield holds("OCPP-J-ERR-NOEFFECT", now == was, expected=f"still {was}", seen=now or "no value", at=at)
        yield served("OCPP-J-ERR-SURVIVES", trace, after)


class CustomData(StationCase):
    """Every object may carry customData; a station that does not know the vendor serves the rest as without it."""

    id = "CHG-OCPP-RPC-13"
    title = "A request with customData is served as without it"
    area = "rpc"
    requirements = ("OCPP-J-CUSTOMDATA",)
    faults: ClassVar = {"error-instead-of-customdata": "OCPP-J-CUSTOMDATA"}

    async def stimulate(self, bench: StationBench) -> None:
        """Reads a variable plainly, then with customData on every level."""
        custom = {"vendorId": "org.v2gready", "note": [1, {"deep": None}], "number": 1.5}
        where = variable(*HEARTBEAT)
        item = {
            "component": {**where["component"], "customData": custom},
            "variable": {**where["variable"], "customData": custom},
            "customData": custom,
        }
        async with bench.csms.session() as station:
            await station.call(PROBE, read())
            await station.call(PROBE, {"getVariableData": [item], "customData": custom})

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares both answers."""
        plain = sent(trace, PROBE, where=lambda one: "customData" not in one)
        custom = sent(trace, PROBE, where=lambda one: "customData" in one)
        if told(plain) is None:
            raise Inconclusive("the variable could not be read without customData either")
        yield served("OCPP-J-CUSTOMDATA", trace, custom)
        yield holds(
            "OCPP-J-CUSTOMDATA",
            told(plain) == told(custom),
            expected=f"the value {told(plain)}",
            seen=told(custom) or "no value",
            at=(*plain.at, *custom.at),
        )
