"""What a station tells of its DER controls, and what is left of them: reports, starts and ends, power cycle (R)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from v2gready.authoring.ocpp import (
    Inconclusive,
    Observation,
    RpcExchange,
    StationBench,
    StationCase,
    Trace,
    accepted,
    calls,
    get_variable,
    holds,
    instant,
    received,
    sent,
    status_is,
)
from v2gready.authoring.ocpp.der import (
    ControlType,
    model_at,
    set_control,
    utc_at_start,
)

LIMIT, WATT, VAR = ControlType.LIMIT_MAX_DISCHARGE, ControlType.FREQ_WATT, ControlType.FIXED_VAR
REPORT = 30.0
"""Seconds for reports to follow their request; ours, the text leaves it open."""
MOMENT = 2.0
"""Seconds that a clock and an event may be apart."""


def told_controls(trace: Trace, request_id: int) -> dict[str, dict[str, Any]]:
    """Controls in ReportDERControl by id, of one request.

    Raises:
        Inconclusive: None was sent for it.
    """
    found = calls(trace, "ReportDERControl", sender=trace.dut, where=lambda one: one["requestId"] == request_id)
    if not found:
        raise Inconclusive(f"no ReportDERControl for request {request_id}")
    return {
        entry["id"]: {**entry, "field": name}
        for one in found
        for name, entries in one.payload.items()
        if isinstance(entries, list)
        for entry in entries
    }


def starts_and_ends(trace: Trace, control_id: str, *, started: bool) -> list[RpcExchange]:
    """NotifyDERStartStop of a control."""
    return calls(
        trace,
        "NotifyDERStartStop",
        sender=trace.dut,
        where=lambda one: one["controlId"] == control_id and one["started"] is started,
    )


class _DerCase(StationCase):
    area = "der"
    pics = "ocpp_der"

    @staticmethod
    async def types(station: Any) -> frozenset[str]:
        """What ModesSupported lists."""
        told = await get_variable(station, "DCDERCtrlr", "ModesSupported", evse=1)
        return frozenset((told or "").split(","))


class ReportsSuperseded(_DerCase):
    """What is stored and what is in force are two things; the report tells them apart."""

    id = "CHG-OCPP-DER-06"
    title = "Report marks superseded controls"
    requirements = ("OCPP-R04.FR.02", "OCPP-R04-GET")
    faults: ClassVar = {"der-superseded-not-marked": "OCPP-R04.FR.02", "der-report-missing": "OCPP-R04-GET"}

    async def stimulate(self, bench: StationBench) -> None:
        """A good default, a better and a worse one; then asks for all."""
        async with bench.csms.session() as station:
            for name, level in (("good", 5), ("better", 2), ("worse", 8)):
                await station.call("SetDERControl", set_control(LIMIT, name, priority=level))
            await station.call("GetDERControl", {"requestId": 5})
            await station.silence(REPORT)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Marks of the report and model of R04 agree."""
        asked = sent(trace, "GetDERControl")
        yield received(
            "OCPP-R04-GET",
            trace,
            "ReportDERControl",
            where=lambda one: one["requestId"] == 5,
            what="with requestId 5",
            after=asked.request,
            within=REPORT,
        )
        told = told_controls(trace, 5)
        wanted = {one.id: one.superseded for one in model_at(trace, asked.t).controls.values()}
        if len(set(wanted.values())) < 2:
            raise Inconclusive("no control was superseded")
        seen = {name: entry.get("isSuperseded") for name, entry in told.items()}
        yield holds("OCPP-R04.FR.02", seen == wanted, expected=f"isSuperseded {wanted}", seen=seen, at=asked.at)


class StartAndEnd(_DerCase):
    """The CSMS books what the grid asked of a station by these two messages."""

    id = "CHG-OCPP-DER-07"
    title = "Start and end of a scheduled control are told once, at their time"
    requirements = ("OCPP-R04.FR.20", "OCPP-R04-STAMP")
    faults: ClassVar = {
        "der-events-not-told": "OCPP-R04.FR.20",
        "der-end-not-told": "OCPP-R04.FR.20",
        "der-event-in-local-time": "OCPP-R04-STAMP",
    }

    async def stimulate(self, bench: StationBench) -> None:
        """One control that starts in 20 s and lasts 60 s."""
        async with bench.csms.session() as station:
            start = bench.stamp(20)
            request = set_control(LIMIT, "timed", default=False, startTime=start, duration=60.0)
            await station.call("SetDERControl", request)
            await station.silence(120)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Exactly one start and one end, each when it happens and stamped with that time."""
        asked = sent(trace, "SetDERControl")
        if asked.status != "Accepted":
            raise Inconclusive(f"the scheduled control was not accepted: {asked.status}")
        zero = utc_at_start(trace)
        begin = instant(asked.payload["limitMaxDischarge"]["startTime"]) - zero
        for started, due in ((True, begin), (False, begin + 60.0)):
            found = starts_and_ends(trace, "timed", started=started)
            what = "start" if started else "end"
            yield holds(
                "OCPP-R04.FR.20",
                len(found) == 1 and abs(found[0].t - due) <= MOMENT,
                expected=f"one {what} at {due:.1f} s, {MOMENT:g} s at most beside it",
                seen=", ".join(f"{one.t:.1f} s" for one in found) or "none",
                at=(asked.request.index, *(one.request.index for one in found)),
            )
            for one in found:
                stamp = instant(one.payload["timestamp"]) - zero
                yield holds(
                    "OCPP-R04-STAMP",
                    abs(stamp - due) <= MOMENT,
                    expected=f"the {what} stamped {due:.1f} s, {MOMENT:g} s at most beside it",
                    seen=f"{stamp:.1f} s",
                    at=(asked.request.index, one.request.index),
                )


class Takeover(_DerCase):
    """A better control starts while another runs: it goes on until then, and the message tells whom it replaced."""

    id = "CHG-OCPP-DER-08"
    title = "A better control takes over at its start and says from whom"
    requirements = ("OCPP-R04.FR.20",)
    faults: ClassVar = {"der-takeover-not-told": "OCPP-R04.FR.20", "der-priority-inverted": "OCPP-R04.FR.20"}

    async def stimulate(self, bench: StationBench) -> None:
        """One that runs, and a better one thirty seconds later."""
        async with bench.csms.session() as station:
            for name, level, start in (("first", 5, 5), ("second", 2, 40)):
                request = set_control(
                    LIMIT, name, default=False, priority=level, startTime=bench.stamp(start), duration=600.0
                )
                await station.call("SetDERControl", request)
                await bench.wait(10)
            await station.silence(60)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The start of the second names the first."""
        if any(one.status != "Accepted" for one in calls(trace, "SetDERControl", sender=trace.tester)):
            raise Inconclusive("a control was not accepted")
        if not starts_and_ends(trace, "first", started=True):
            raise Inconclusive("the first control was never told to have started")
        asked = sent(trace, "SetDERControl", where=lambda one: one["controlId"] == "second")
        begun = starts_and_ends(trace, "second", started=True)
        told = [one.payload.get("supersededIds", []) for one in begun]
        yield holds(
            "OCPP-R04.FR.20",
            told == [["first"]],
            expected="NotifyDERStartStop of second, once, with supersededIds first",
            seen=told or "it never started",
            at=(asked.request.index, *(one.request.index for one in begun)),
        )


class Expired(_DerCase):
    """A control whose time is over is gone; a list that only grows ends in a station that refuses everything."""

    id = "CHG-OCPP-DER-09"
    title = "An expired control is deleted, the default stays"
    requirements = ("OCPP-R04.FR.10", "OCPP-R04-GET")
    faults: ClassVar = {"der-expired-kept": "OCPP-R04.FR.10", "der-report-other-request": "OCPP-R04-GET"}

    async def stimulate(self, bench: StationBench) -> None:
        """A default, and a scheduled control of 30 s; asks for all while it runs and afterwards."""
        async with bench.csms.session() as station:
            await station.call("SetDERControl", set_control(LIMIT, "stays", priority=9))
            request = set_control(LIMIT, "goes", default=False, startTime=bench.stamp(5), duration=30.0)
            await station.call("SetDERControl", request)
            await station.silence(15)
            await station.call("GetDERControl", {"requestId": 1})
            await station.silence(45)
            await station.call("GetDERControl", {"requestId": 2})
            await station.silence(REPORT)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Both are there first, the default alone in the end."""
        asked_for = [
            one for name in ("SetDERControl", "GetDERControl") for one in calls(trace, name, sender=trace.tester)
        ]
        unwilling = next((one for one in asked_for if one.status != "Accepted"), None)
        if len(asked_for) < 4 or unwilling is not None:
            what = "not all was asked" if unwilling is None else f"{unwilling.action} was not accepted"
            raise Inconclusive(f"{what}, so reports say nothing")
        for request_id, wanted in ((1, {"stays", "goes"}), (2, {"stays"})):
            asked = sent(trace, "GetDERControl", where=lambda one, number=request_id: one["requestId"] == number)
            yield received(
                "OCPP-R04-GET",
                trace,
                "ReportDERControl",
                where=lambda one, number=request_id: one["requestId"] == number,
                what=f"with requestId {request_id}",
                after=asked.request,
                within=REPORT,
            )
            told = set(told_controls(trace, request_id))
            left = f"left: {', '.join(sorted(wanted))}"
            yield holds("OCPP-R04.FR.10", told == wanted, expected=left, seen=", ".join(sorted(told)), at=asked.at)


class PowerCycle(_DerCase):
    """The settings of the grid operator outlive a power cut, or every storm would reset a whole street."""

    id = "CHG-OCPP-DER-10"
    title = "Controls survive a power cycle, and nothing is told twice"
    requirements = ("OCPP-R01-PERSIST", "OCPP-R04.FR.20")
    hooks = ("reboot",)
    faults: ClassVar = {"der-lost-on-reboot": "OCPP-R01-PERSIST", "der-start-told-again": "OCPP-R04.FR.20"}

    async def stimulate(self, bench: StationBench) -> None:
        """A default and a running control; power off and on; asks for all."""
        async with bench.csms.session() as station:
            await station.call("SetDERControl", set_control(LIMIT, "default", priority=9))
            request = set_control(WATT, "running", default=False, startTime=bench.stamp(5), duration=7200.0)
            await station.call("SetDERControl", request)
            await station.silence(20)
            await bench.act("reboot")
            await station.gone(60)
        async with bench.csms.session(within=300) as station:
            await station.silence(20)
            await station.call("GetDERControl", {"requestId": 3})
            await station.silence(REPORT)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Both are reported after the boot; the start was told once."""
        boots = calls(trace, "BootNotification", sender=trace.dut)
        asked = sent(trace, "GetDERControl")
        before = sent(trace, "SetDERControl", nth=-1)
        if not any(before.t < boot.t < asked.t for boot in boots):
            raise Inconclusive("the station did not boot between setting and asking")
        if any(one.status != "Accepted" for one in calls(trace, "SetDERControl", sender=trace.tester)):
            raise Inconclusive("a control was not accepted")
        found = calls(trace, "ReportDERControl", sender=trace.dut, after=asked.request)
        told = sorted(set(told_controls(trace, 3))) if found else []
        yield holds(
            "OCPP-R01-PERSIST",
            told == ["default", "running"],
            expected="default and running",
            seen=told or f"GetDERControl {asked.status}, no report",
            at=asked.at,
        )
        begun = starts_and_ends(trace, "running", started=True)
        yield holds(
            "OCPP-R04.FR.20",
            len(begun) == 1,
            expected="the start of running told once",
            seen=f"{len(begun)} times",
            at=[one.request.index for one in begun],
        )


class ReportPages(_DerCase):
    """A long report comes in pages: each but the last says that more will come, all with the id of the request."""

    id = "CHG-OCPP-DER-11"
    title = "Report of many controls comes in pages with requestId and tbc"
    requirements = ("OCPP-R04-GET",)
    faults: ClassVar = {
        "der-report-other-request": "OCPP-R04-GET",
        "der-report-without-tbc": "OCPP-R04-GET",
        "der-report-missing": "OCPP-R04-GET",
    }

    async def stimulate(self, bench: StationBench) -> None:
        """Thirty scheduled controls, more than one report holds; then asks for all."""
        async with bench.csms.session() as station:
            for number in range(30):
                kind = (LIMIT, WATT, VAR)[number % 3]
                request = set_control(
                    kind, f"many-{number}", default=False, priority=100 - number, startTime=bench.stamp(3600 + number)
                )
                await station.call("SetDERControl", request)
            await station.call("GetDERControl", {"requestId": 11})
            await station.silence(REPORT)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Pages are linked, and together they hold everything."""
        asked = sent(trace, "GetDERControl")
        wanted = set(model_at(trace, asked.t).controls)
        if not wanted:
            raise Inconclusive("no control was accepted")
        pages = calls(trace, "ReportDERControl", sender=trace.dut, after=asked.request)
        more = [bool(page.payload.get("tbc", False)) for page in pages]
        ids = [page.payload["requestId"] for page in pages]
        at = (asked.request.index, *(page.request.index for page in pages))
        yield holds(
            "OCPP-R04-GET",
            bool(pages) and set(ids) == {11} and more == [True] * (len(more) - 1) + [False],
            expected="reports with requestId 11, tbc true on all but the last",
            seen=f"requestId {ids}, tbc {more}" if pages else "no report",
            at=at,
        )
        told = [
            entry["id"]
            for page in pages
            for entries in page.payload.values()
            if isinstance(entries, list)
            for entry in entries
        ]
        yield holds(
            "OCPP-R04-GET",
            sorted(told) == sorted(wanted),
            expected=f"each of {len(wanted)} controls once",
            seen=f"{len(told)} entries, {len(set(told) & wanted)} of them asked for",
            at=at,
        )


class ReportFilters(_DerCase):
    """Who asks for one control gets that one; who asks for what is not there is told so."""

    id = "CHG-OCPP-DER-12"
    title = "GetDERControl filters by default, type and id, and knows NotFound and NotSupported"
    requirements = ("OCPP-R04-GET", "OCPP-R04-GET-FILTER")
    faults: ClassVar = {
        "der-get-unsupported-accepted": "OCPP-R04-GET",
        "der-get-nothing-accepted": "OCPP-R04-GET",
        "der-report-ignores-filter": "OCPP-R04-GET-FILTER",
    }
    filters: ClassVar[dict[int, dict[str, Any]]] = {
        21: {"isDefault": True},
        22: {"isDefault": False},
        23: {"controlType": WATT.value},
        24: {"controlId": "limit-default"},
    }

    async def stimulate(self, bench: StationBench) -> None:
        """Asks an empty station, then for each filter, then for a type that is not announced."""
        async with bench.csms.session() as station:
            announced = await self.types(station)
            await station.call("GetDERControl", {"requestId": 20})
            await station.call("SetDERControl", set_control(LIMIT, "limit-default"))
            await station.call("SetDERControl", set_control(WATT, "watt-default"))
            later = bench.stamp(600)
            await station.call("SetDERControl", set_control(LIMIT, "limit-later", default=False, startTime=later))
            for request_id, one in self.filters.items():
                await station.call("GetDERControl", {"requestId": request_id, **one})
                await station.silence(5)
            foreign = next((kind for kind in ControlType if kind.value not in announced), None)
            if foreign is not None:
                await station.call("GetDERControl", {"requestId": 25, "controlType": foreign.value})
            await station.silence(REPORT)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Each report is what its filter leaves."""
        yield status_is("OCPP-R04-GET", sent(trace, "GetDERControl"), "NotFound")
        for request_id, one in self.filters.items():
            asked = sent(trace, "GetDERControl", where=lambda it, number=request_id: it["requestId"] == number)
            yield accepted("OCPP-R04-GET", asked)
            kind = one.get("controlType")
            wanted = {
                control.id
                for control in model_at(trace, asked.t).select(
                    default=one.get("isDefault"),
                    kind=None if kind is None else ControlType(kind),
                    control_id=one.get("controlId"),
                )
            }
            told = set(told_controls(trace, request_id))
            yield holds(
                "OCPP-R04-GET-FILTER",
                told == wanted,
                expected=", ".join(sorted(wanted)),
                seen=", ".join(sorted(told)),
                at=asked.at,
            )
        for asked in calls(trace, "GetDERControl", sender=trace.tester, where=lambda it: it["requestId"] == 25):
            yield status_is("OCPP-R04-GET", asked, "NotSupported")


class Clear(_DerCase):
    """The grid operator takes back one control, all of a type, or all defaults; what is not there is NotFound."""

    id = "CHG-OCPP-DER-13"
    title = "ClearDERControl by id, by type and all, NotFound and NotSupported"
    requirements = ("OCPP-R04.FR.41",)
    faults: ClassVar = {
        "der-clear-has-no-effect": "OCPP-R04.FR.41",
        "der-clear-nothing-accepted": "OCPP-R04.FR.41",
        "der-clear-unsupported-accepted": "OCPP-R04.FR.41",
    }
    steps: ClassVar[tuple[tuple[dict[str, Any], tuple[str, ...], set[str]], ...]] = (
        ({"isDefault": True, "controlId": "unknown"}, ("NotFound",), {"a", "b", "c", "later"}),
        ({"isDefault": True, "controlId": "a"}, ("Accepted",), {"b", "c", "later"}),
        ({"isDefault": True, "controlType": WATT.value}, ("Accepted",), {"c", "later"}),
        ({"isDefault": True, "controlType": WATT.value}, ("NotFound",), {"c", "later"}),
        ({"isDefault": True}, ("Accepted",), {"later"}),
        ({"isDefault": False}, ("Accepted",), set()),
    )

    async def stimulate(self, bench: StationBench) -> None:
        """Four controls, cleared step by step; after each step asks what is left."""
        async with bench.csms.session() as station:
            announced = await self.types(station)
            for name, kind in (("a", LIMIT), ("b", WATT), ("c", VAR)):
                await station.call("SetDERControl", set_control(kind, name))
            later = bench.stamp(3600)
            await station.call("SetDERControl", set_control(LIMIT, "later", default=False, startTime=later))
            for number, (request, _, _) in enumerate(self.steps):
                await station.call("ClearDERControl", request)
                await station.call("GetDERControl", {"requestId": number})
                await station.silence(5)
            foreign = next((kind for kind in ControlType if kind.value not in announced), None)
            if foreign is not None:
                await station.call("ClearDERControl", {"isDefault": True, "controlType": foreign.value})

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Answers and what is left agree with what was asked."""
        if any(one.status != "Accepted" for one in calls(trace, "SetDERControl", sender=trace.tester)):
            raise Inconclusive("a control was not accepted")
        asked = calls(trace, "ClearDERControl", sender=trace.tester)
        if len(asked) < len(self.steps):
            raise Inconclusive("not all steps were made")
        for number, (_, statuses, left) in enumerate(self.steps):
            yield status_is("OCPP-R04.FR.41", asked[number], *statuses)
            question = sent(trace, "GetDERControl", where=lambda one, it=number: one["requestId"] == it)
            if question.status not in {"Accepted", "NotFound"}:
                raise Inconclusive(f"what is left after step {number + 1} was not told: {question.status}")
            told = set(told_controls(trace, number)) if question.status == "Accepted" else set()
            at = (*asked[number].at, *question.at)
            yield holds("OCPP-R04.FR.41", told == left, expected=f"left: {sorted(left)}", seen=sorted(told), at=at)
        for one in asked[len(self.steps) :]:
            yield status_is("OCPP-R04.FR.41", one, "NotSupported")
