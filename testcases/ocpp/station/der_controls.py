"""DER controls of a charging station: which it announces and takes, and which one wins (block R)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from v2gready.authoring.ocpp import (
    Inconclusive,
    Observation,
    StationBench,
    StationCase,
    Trace,
    calls,
    every,
    get_variable,
    holds,
    not_accepted,
    sent,
    status_is,
    survives,
    variable,
)
from v2gready.authoring.ocpp.der import (
    ControlType,
    control_value,
    priorities,
    set_control,
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


def _all_taken(trace: Trace, number: int) -> None:
    """The station took every control of each type that it supports: who refuses most has decided little.

    Raises:
        Inconclusive: It did not, or fewer were answered.
    """
    found = [one for one in calls(trace, "SetDERControl", sender=trace.tester) if one.reply is not None]
    if len(found) < number:
        raise Inconclusive(f"{len(found)} of {number} controls were answered")
    other = [one for one in found if one.status not in {"Accepted", "NotSupported"}]
    if other:
        raise Inconclusive(f"{len(other)} of {len(found)} controls were neither Accepted nor NotSupported")


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
        _all_taken(trace, 12)


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
        _all_taken(trace, 12)


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
