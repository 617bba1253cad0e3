"""The device model of a charging station (B05 to B07): what is set, read and reported, item by item."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from v2gready.authoring.ocpp import (
    Inconclusive,
    Observation,
    StationBench,
    StationCase,
    Trace,
    ask_alive,
    calls,
    holds,
    look,
    sent,
    still_serves,
    taken,
    told_variable,
    variable,
    watched_until,
)

OCPP = "OCPPCommCtrlr"
HEARTBEAT = (OCPP, "HeartbeatInterval")
NOBODY = "NobodyCtrlr"
READ, WRITE, REPORT = "GetVariables", "SetVariables", "GetBaseReport"
WAIT = 30.0


class OneByOne(StationCase):
    """A CSMS sets and reads many variables at once; each has its own answer, in no case one for all.

    A station that says Accepted to what it has not stored looks configured, and is not.
    """

    id = "CHG-OCPP-BOOT-30"
    title = "Each variable that is set or read gets its own status"
    area = "boot"
    requirements = ("OCPP-B05-SET", "OCPP-B06-GET", "OCPP-B06.FR.16")
    aliases = ("TC_B_06_CS", "TC_B_09_CS")
    faults: ClassVar = {
        "bad-value-accepted": "OCPP-B05-SET",
        "unknown-variable-set": "OCPP-B05-SET",
        "unknown-component-read": "OCPP-B06-GET",
        "only-first-variable": "OCPP-B06-GET",
        "long-lists-cut": "OCPP-B06.FR.16",
    }
    values: ClassVar = ((*HEARTBEAT, "310"), (*HEARTBEAT, "soon"), (OCPP, "NoSuchThing", "1"), (NOBODY, "Enabled", "1"))
    asked: ClassVar = (HEARTBEAT, (OCPP, "NoSuchThing"), (NOBODY, "Enabled"))
    wanted: ClassVar = (
        {"Accepted", "RebootRequired"}, {"Rejected"}, {"UnknownVariable"}, {"UnknownComponent"},
    )  # fmt: skip

    async def stimulate(self, bench: StationBench) -> None:
        """Sets four, reads three, and asks for more than the station takes in one message, where it says how many."""
        async with bench.csms.session() as station:
            for component, name, value in self.values:
                data = [{**variable(component, name), "attributeValue": value}]
                await station.call(WRITE, {"setVariableData": data})
            await station.call(READ, {"getVariableData": [variable(*one) for one in self.asked]})
            one = variable("DeviceDataCtrlr", "ItemsPerMessage", instance=READ)
            reply = await station.call(READ, {"getVariableData": [one]})
            most = look(getattr(reply, "payload", {}), "getVariableResult.0.attributeValue")
            if str(most).isdigit() and int(most) < 1000:
                many = [variable(*HEARTBEAT)] * (int(most) + 1)
                await station.call(READ, {"getVariableData": many[:-1]})
                await station.call(READ, {"getVariableData": many})
            await ask_alive(station)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at the status of each."""
        written = calls(trace, WRITE, sender=trace.tester)
        if len(written) < len(self.values):
            raise Inconclusive("not all variables were set")
        for one, good in zip(written, self.wanted, strict=False):
            status = look(one.answer, "setVariableResult.0.attributeStatus")
            yield holds("OCPP-B05-SET", status in good, expected=" or ".join(sorted(good)), seen=f"{status}", at=one.at)
        read = sent(trace, READ)
        results = look(read.answer, "getVariableResult") or []
        told = [
            (look(one, "component.name"), look(one, "variable.name"), one.get("attributeStatus")) for one in results
        ]
        right = [
            (*HEARTBEAT, "Accepted"),
            (OCPP, "NoSuchThing", "UnknownVariable"),
            (NOBODY, "Enabled", "UnknownComponent"),
        ]
        yield holds("OCPP-B06-GET", sorted(map(str, told)) == sorted(map(str, right)), expected=f"{right}",
                    seen=f"{told}", at=read.at)  # fmt: skip
        value = next((one.get("attributeValue") for one in results if look(one, "variable.name") == HEARTBEAT[1]), None)
        yield holds("OCPP-B05-SET", value == "310", expected="310, as it was set", seen=f"{value}", at=read.at)
        most = told_variable(trace, "DeviceDataCtrlr", "ItemsPerMessage", instance=READ)
        reads = calls(trace, READ, sender=trace.tester)
        if most is None or len(reads) < 4:
            still_serves(trace)
            return
        full, over = reads[2], reads[3]
        rule = "OCPP-B06.FR.16"
        count = len(look(full.answer, "getVariableResult") or [])
        yield holds(rule, count == int(most), expected=f"{most} results for {most} items", seen=f"{count}", at=full.at)
        got = len(look(over.answer, "getVariableResult") or [])
        refused = over.error is not None and "ccurenceConstraint" in str(over.error.code).replace("rr", "r")
        # Refusal is allowed, no duty: who takes them all the same has to answer them all.
        fits = refused or got == int(most) + 1
        yield holds(rule, fits, expected="OccurrenceConstraintViolation, or a result for each", at=over.at,
                    seen=str(over.error.code) if over.error else f"{got} results")  # fmt: skip
        still_serves(trace)


class Reported(StationCase):
    """The inventory comes in parts. By number and tbc the CSMS knows that it has all of it, and nothing twice."""

    id = "CHG-OCPP-BOOT-31"
    title = "GetBaseReport is followed by all parts of its report"
    area = "boot"
    requirements = ("OCPP-B07-REPORT",)
    aliases = ("TC_B_13_CS",)
    faults: ClassVar = {
        "report-request-id-lost": "OCPP-B07-REPORT",
        "report-never-ends": "OCPP-B07-REPORT",
        "report-seqno-wrong": "OCPP-B07-REPORT",
        "report-part-lost": "OCPP-B07-REPORT",
    }

    async def stimulate(self, bench: StationBench) -> None:
        """Asks for the whole inventory."""
        async with bench.csms.session() as station:
            await station.call(REPORT, {"requestId": 31, "reportBase": "FullInventory"})
            await station.silence(WAIT)
            await ask_alive(station)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """requestId, numbers and tbc."""
        asked = sent(trace, REPORT)
        rule = "OCPP-B07-REPORT"
        yield taken(rule, asked)
        parts = calls(trace, "NotifyReport", sender=trace.dut, after=asked.request)
        if watched_until(trace) - asked.t < WAIT - 1:
            raise Inconclusive("the report was not awaited")
        told: list[tuple[Any, ...]] = [
            (one.payload["requestId"], one.payload["seqNo"], bool(one.payload.get("tbc", False))) for one in parts
        ]
        right = [(31, place, place < len(parts) - 1) for place in range(len(parts))]
        yield holds(
            rule, bool(parts) and told == right, expected="requestId 31, seqNo from 0, tbc on all but the last",
            seen=f"{told[:2]} … {told[-1:]}", at=(asked.request.index, *(one.request.index for one in parts[:3])),
        )  # fmt: skip
        still_serves(trace)
