"""DER controls of a charging station: which it takes, which one wins, what it reports and forgets (block R)."""

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
    every,
    get_variable,
    holds,
    instant,
    not_accepted,
    received,
    sent,
    status_is,
    survives,
    variable,
)
from v2gready.authoring.ocpp.der import (
    ControlType,
    control_value,
    model_at,
    priorities,
    set_control,
    utc_at_start,
)

LIMIT, DROOP, WATT, VAR = (
    ControlType.LIMIT_MAX_DISCHARGE,
    ControlType.FREQ_DROOP,
    ControlType.FREQ_WATT,
    ControlType.FIXED_VAR,
)
NAMEPLATE = (
    "ModesSupported",
    "MaxW",
    "OverExcitedW",
    "OverExcitedPF",
    "UnderExcitedW",
    "UnderExcitedPF",
    "MaxVA",
    "MaxVar",
    "MaxVarNeg",
    "MaxChargeRateW",
    "MaxChargeRateVA",
    "InverterManufacturer",
    "InverterModel",
    "InverterSwVersion",
    "InverterHwVersion",
    "ReactiveSusceptance",
)
"""Mandatory variables of DCDERCtrlr (R01)."""
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


class Nameplate(_DerCase):
    """A grid operator decides by the nameplate what a station may do; it is in the device model of every EVSE."""

    id = "CHG-OCPP-DER-01"
    title = "Inventory holds the whole nameplate of the inverter of each EVSE"
    requirements = ("OCPP-R01-NAMEPLATE",)
    faults: ClassVar = {"nameplate-incomplete": "OCPP-R01-NAMEPLATE"}

    async def stimulate(self, bench: StationBench) -> None:
        """Asks for the full inventory and waits for its end."""
        async with bench.csms.session() as station:
            mark = station.mark
            await station.call("GetBaseReport", {"requestId": 71, "reportBase": "FullInventory"})
            await station.wait_for("NotifyReport", where=lambda one: not one.get("tbc", False), since=mark, within=120)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Every EVSE that has a DCDERCtrlr has all of its variables."""
        reports = calls(trace, "NotifyReport", sender=trace.dut, where=lambda one: one["requestId"] == 71)
        if not reports or reports[-1].payload.get("tbc", False):
            raise Inconclusive("the inventory did not come to its end")
        there: dict[int, set[str]] = {}
        for report in reports:
            for entry in report.payload.get("reportData", ()):
                if entry["component"]["name"] == "DCDERCtrlr":
                    there.setdefault(entry["component"].get("evse", {}).get("id", 0), set()).add(
                        entry["variable"]["name"]
                    )
        missing = {evse: sorted(set(NAMEPLATE) - names) for evse, names in there.items()}
        yield holds(
            "OCPP-R01-NAMEPLATE",
            bool(there) and not any(missing.values()),
            expected=f"DCDERCtrlr with {', '.join(NAMEPLATE)}",
            seen="; ".join(f"EVSE {evse} lacks {', '.join(names) or 'nothing'}" for evse, names in missing.items())
            or "no DCDERCtrlr at all",
            at=(reports[0].request.index, reports[-1].request.index),
        )


class SupportedTypes(_DerCase):
    """What ModesSupported announces is taken, and nothing else.

    A control that is stored and never followed is the worst answer a grid operator can get.
    """

    id = "CHG-OCPP-DER-02"
    title = "Every announced control type is Accepted, every other NotSupported"
    requirements = ("OCPP-R04-SUPPORTED",)
    faults: ClassVar = {
        "supported-control-refused": "OCPP-R04-SUPPORTED",
        "unsupported-control-accepted": "OCPP-R04-SUPPORTED",
    }

    async def stimulate(self, bench: StationBench) -> None:
        """Sets a default control of every type of the standard."""
        async with bench.csms.session() as station:
            await self.types(station)
            for number, kind in enumerate(ControlType):
                await station.call("SetDERControl", set_control(kind, f"type-{number}"))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Announced and accepted are the same."""
        told = sent(trace, "GetVariables")
        results = (told.answer or {}).get("getVariableResult", [{}])
        announced = frozenset(results[0].get("attributeValue", "").split(",")) - {""}
        if not announced:
            raise Inconclusive("the station does not tell DCDERCtrlr.ModesSupported")
        yield every(
            "OCPP-R04-SUPPORTED",
            (
                status_is(
                    "OCPP-R04-SUPPORTED",
                    one,
                    "Accepted" if one.payload["controlType"] in announced else "NotSupported",
                )
                for one in calls(trace, "SetDERControl", sender=trace.tester)
            ),
            what="control types",
        )


class WronglyMade(_DerCase):
    """A control that contradicts itself is refused whole: nobody can say what the grid operator meant."""

    id = "CHG-OCPP-DER-03"
    title = "Controls with wrong, second or timed fields are refused"
    requirements = ("OCPP-R04.FR.12",)
    faults: ClassVar = {
        "der-field-mismatch-accepted": "OCPP-R04.FR.12",
        "der-default-timed-accepted": "OCPP-R04.FR.12",
        "der-gradients-scheduled": "OCPP-R04.FR.12",
    }

    async def stimulate(self, bench: StationBench) -> None:
        """Field of another type, two fields, no field, timed defaults, scheduled Gradients and EnterService."""
        soon = bench.stamp(60)
        wrong = [
            {**set_control(LIMIT, "w-1"), "controlType": DROOP.value},
            {**set_control(LIMIT, "w-2"), "freqDroop": control_value(DROOP)},
            {"isDefault": True, "controlId": "w-3", "controlType": LIMIT.value},
            set_control(LIMIT, "w-4", startTime=soon),
            set_control(LIMIT, "w-5", duration=60.0),
            set_control(ControlType.GRADIENTS, "w-6", default=False),
            set_control(ControlType.ENTER_SERVICE, "w-7", default=False),
        ]
        async with bench.csms.session() as station:
            await station.call("SetDERControl", set_control(LIMIT, "right"))
            for payload in wrong:
                await station.call("SetDERControl", payload)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """None of them is taken; a well made one is."""
        asked = calls(trace, "SetDERControl", sender=trace.tester)
        right = [one for one in asked if one.payload["controlId"] == "right"]
        if not right or right[0].status != "Accepted":
            raise Inconclusive("a well made LimitMaxDischarge was not accepted: nothing can be said of wrong ones")
        yield every(
            "OCPP-R04.FR.12",
            (not_accepted("OCPP-R04.FR.12", one) for one in asked if one.payload["controlId"] != "right"),
            what="wrong controls",
        )


def _all_answered(trace: Trace, number: int) -> None:
    """The station lived until the last control: half a trace says nothing of the other half.

    Raises:
        Inconclusive: Fewer were answered.
    """
    found = [one for one in calls(trace, "SetDERControl", sender=trace.tester) if one.reply is not None]
    if len(found) < number:
        raise Inconclusive(f"{len(found)} of {number} controls were answered")


class DefaultPriority(_DerCase):
    """Several parties set defaults; the lower number wins, and the answer tells each time who lost."""

    id = "CHG-OCPP-DER-04"
    title = "Among default controls the lower priority number wins"
    requirements = ("OCPP-R04.FR.02",)
    faults: ClassVar = {
        "der-priority-inverted": "OCPP-R04.FR.02",
        "der-newest-wins": "OCPP-R04.FR.02",
        "der-superseded-ids-missing": "OCPP-R04.FR.02",
    }

    async def stimulate(self, bench: StationBench) -> None:
        """Better and worse defaults of two types, in an order of chance."""
        async with bench.csms.session() as station:
            for kind in (LIMIT, WATT):
                levels = [7, 3, 5, 1, 4, 9]
                bench.rng.shuffle(levels)
                for level in levels:
                    await station.call("SetDERControl", set_control(kind, f"{kind}-{level}", priority=level))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """SupersededIds follow the model of R04."""
        yield every("OCPP-R04.FR.02", priorities("OCPP-R04.FR.02", trace, default=True), what="default controls")
        _all_answered(trace, 12)


class ScheduledPriority(_DerCase):
    """Scheduled controls may meet before, while and after they run; who wins is a matter of priority alone."""

    id = "CHG-OCPP-DER-05"
    title = "Among scheduled controls the lower priority number wins, waiting or running"
    requirements = ("OCPP-R04.FR.03",)
    faults: ClassVar = {
        "der-priority-inverted": "OCPP-R04.FR.03",
        "der-newest-wins": "OCPP-R04.FR.03",
        "der-superseded-ids-missing": "OCPP-R04.FR.03",
    }

    async def stimulate(self, bench: StationBench) -> None:
        """A dozen controls of chance, all longer than the case, with pauses in which some begin."""
        async with bench.csms.session() as station:
            levels = list(range(1, 13))
            bench.rng.shuffle(levels)
            for level in levels:
                start = bench.stamp(bench.rng.randrange(20, 60))
                await station.call(
                    "SetDERControl",
                    set_control(LIMIT, f"s-{level}", default=False, priority=level, startTime=start, duration=3600.0),
                )
                await bench.wait(bench.rng.randrange(0, 15))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """SupersededIds follow the model of R04."""
        yield every("OCPP-R04.FR.03", priorities("OCPP-R04.FR.03", trace, default=False), what="scheduled controls")
        _all_answered(trace, 12)


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
    requirements = ("OCPP-R04.FR.20",)
    faults: ClassVar = {"der-events-not-told": "OCPP-R04.FR.20", "der-end-not-told": "OCPP-R04.FR.20"}

    async def stimulate(self, bench: StationBench) -> None:
        """One control that starts in 20 s and lasts 60 s."""
        async with bench.csms.session() as station:
            start = bench.stamp(20)
            request = set_control(LIMIT, "timed", default=False, startTime=start, duration=60.0)
            await station.call("SetDERControl", request)
            await station.silence(120)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Exactly one start and one end, each when it happens."""
        asked = sent(trace, "SetDERControl")
        if asked.status != "Accepted":
            raise Inconclusive(f"the scheduled control was not accepted: {asked.status}")
        begin = instant(asked.payload["limitMaxDischarge"]["startTime"]) - utc_at_start(trace)
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
            told = set(told_controls(trace, number)) if question.status == "Accepted" else set()
            at = (*asked[number].at, *question.at)
            yield holds("OCPP-R04.FR.41", told == left, expected=f"left: {sorted(left)}", seen=sorted(told), at=at)
        for one in asked[len(self.steps) :]:
            yield status_is("OCPP-R04.FR.41", one, "NotSupported")


class Units(_DerCase):
    """A curve in percent of something else is a curve that nobody can follow. From Edition 2, which was not read."""

    id = "CHG-OCPP-DER-14"
    title = "A yUnit that does not belong to the type of curve is refused"
    requirements = ("OCPP-R04.FR.50",)
    weight = "informative"
    faults: ClassVar = {"der-unit-unchecked": "OCPP-R04.FR.50"}

    async def stimulate(self, bench: StationBench) -> None:
        """A frequency curve in percent of reactive power, a reactive curve in percent of active power."""
        async with bench.csms.session() as station:
            await station.call("SetDERControl", set_control(WATT, "right"))
            await station.call("SetDERControl", set_control(WATT, "wrong-1", yUnit="PctMaxVar"))
            await station.call("SetDERControl", set_control(ControlType.VOLT_VAR, "wrong-2", yUnit="PctMaxW"))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The right one is taken, the wrong ones are not."""
        asked = calls(trace, "SetDERControl", sender=trace.tester)
        if not asked or asked[0].status != "Accepted":
            raise Inconclusive("the right curve was not accepted")
        yield every(
            "OCPP-R04.FR.50", (not_accepted("OCPP-R04.FR.50", one) for one in asked[1:]), what="curves of wrong unit"
        )


class Bounds(_DerCase):
    """A CSMS gone wild sends too many points and too many controls; the station says no, and lives."""

    id = "CHG-OCPP-DER-15"
    title = "Eleven points are refused, hundreds of controls do no harm"
    requirements = ("OCPP-R04-BOUNDS",)
    faults: ClassVar = {"der-points-unlimited": "OCPP-R04-BOUNDS"}

    async def stimulate(self, bench: StationBench) -> None:
        """Eleven points, a start in the year 2999, three hundred controls, and a plain question."""
        eleven = [{"x": 50.0 + number / 10, "y": 100.0 - number} for number in range(11)]
        async with bench.csms.session() as station:
            await station.call("SetDERControl", set_control(WATT, "ten", curveData=eleven[:10]))
            await station.call("SetDERControl", set_control(WATT, "eleven", curveData=eleven))
            request = set_control(LIMIT, "year-2999", default=False, startTime="2999-01-01T00:00:00Z")
            await station.call("SetDERControl", request)
            for number in range(300):
                request = set_control(LIMIT, f"many-{number}", default=False, startTime=bench.stamp(3600 + number))
                await station.call("SetDERControl", request)
            await station.call("GetVariables", {"getVariableData": [variable("DCDERCtrlr", "MaxW", evse=1)]})
            await station.silence(5)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Ten points are taken, eleven not; every request is answered and the station goes on."""
        ten = sent(trace, "SetDERControl")
        if ten.status != "Accepted":
            raise Inconclusive(f"a curve of ten points was not accepted: {ten.status}")
        eleven = sent(trace, "SetDERControl", where=lambda one: one["controlId"] == "eleven")
        yield not_accepted("OCPP-R04-BOUNDS", eleven)
        unanswered = [one for one in calls(trace, "SetDERControl", sender=trace.tester) if one.reply is None]
        yield holds(
            "OCPP-R04-BOUNDS",
            not unanswered,
            expected="every SetDERControl answered",
            seen=f"{len(unanswered)} without answer",
            at=[one.request.index for one in unanswered[:1]],
        )
        yield survives("OCPP-R04-BOUNDS", trace, sent(trace, "SetDERControl", nth=-1).request)
