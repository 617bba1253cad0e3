"""Limits of an energy manager at the site (K11 to K13): the charging station keeps them, tells them, gives them up."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, ClassVar

from v2gready.authoring.ocpp import (
    Inconclusive,
    Limit,
    Observation,
    RpcExchange,
    StationBench,
    StationCase,
    Trace,
    ask_alive,
    calls,
    every,
    get_variable,
    holds,
    look,
    not_accepted,
    period,
    power_at,
    power_limited,
    power_within,
    profile,
    received,
    sent,
    set_variable,
    start_transaction,
    still_serves,
    taken,
    told_variable,
)

SMART = "SmartChargingCtrlr"
NOTIFY, CLEARED, EVENT = "NotifyChargingLimit", "ClearedChargingLimit", "TransactionEvent"
GET, REPORT, COMPOSITE = "GetChargingProfiles", "ReportChargingProfiles", "GetCompositeSchedule"
EXTERNAL = "ChargingStationExternalConstraints"
PATIENCE = 20.0
ASKED = {"evseId": 1, "duration": 600, "chargingRateUnit": "W"}


class ExternalCase(StationCase):
    """A transaction under an energy manager; base of the cases about it. Marks in the trace are our own CALLs."""

    area = "charging"
    pics = "ocpp_smart_charging and ocpp_external_control"
    hooks = ("plug_in", "present_token", "external_limit")

    async def mark(self, station: Any) -> None:
        """Asks for the composite: what comes after it, comes after it."""
        await station.call(COMPOSITE, ASKED)

    def marks(self, trace: Trace, least: int) -> list[RpcExchange]:
        """Our marks.

        Raises:
            Inconclusive: There are fewer.
        """
        found = calls(trace, COMPOSITE, sender=trace.tester)
        if len(found) < least:
            raise Inconclusive(f"the stimulus did not come to its end: {len(found)} of {least} marks")
        for one in found:
            if one.status != "Accepted" or look(one.answer, "schedule.chargingSchedulePeriod.0") is None:
                raise Inconclusive("the station gave no composite schedule")
        return found

    def arrived(self, trace: Trace, before: RpcExchange, after: RpcExchange) -> None:
        """The energy manager was heard: it was told to us, or power fell.

        Raises:
            Inconclusive: Neither; the hook may have done nothing.
        """
        if calls(trace, NOTIFY, sender=trace.dut, after=before.request, before=after.request):
            return
        earlier, _ = power_at(trace, 1, since=before.t - 10, until=before.t)
        later, _ = power_at(trace, 1, since=after.t - 10, until=after.t)
        if not earlier or not later or later[-1][1].value > 0.9 * earlier[-1][1].value:
            raise Inconclusive("nothing shows that the limit of the energy manager has reached the station")


class Lifetime(ExternalCase):
    """The house needs its connection for the stove: the energy manager takes power from the charger, and gives it back.

    The CSMS has to know, or it calculates with energy that will not flow.
    """

    id = "CHG-OCPP-SC-40"
    title = "An external limit is kept and told, and its end as well"
    requirements = ("OCPP-K11-NOTIFY", "OCPP-K11-CHANGED", "OCPP-K09-GET", "OCPP-K13-CLEARED")
    aliases = ("TC_K_50_CS",)
    faults: ClassVar = {
        "limit-not-notified": "OCPP-K11-NOTIFY",
        "limit-source-cso": "OCPP-K11-NOTIFY",
        "limit-without-schedule": "OCPP-K11-NOTIFY",
        "external-limit-not-followed": "OCPP-K11-NOTIFY",
        "rate-change-not-told": "OCPP-K11-CHANGED",
        "external-profile-hidden": "OCPP-K09-GET",
        "cleared-limit-not-notified": "OCPP-K13-CLEARED",
        "external-limit-kept": "OCPP-K13-CLEARED",
    }

    async def stimulate(self, bench: StationBench) -> None:
        """Limits to a quarter, asks for the profiles, releases."""
        quarter = round(bench.number("ocpp_max_charge_power", 11_000.0) / 4)
        async with bench.csms.session() as station:
            await get_variable(station, SMART, "NotifyChargingLimitWithSchedules")
            await start_transaction(bench, station)
            await station.silence(35)
            await self.mark(station)
            await bench.act("external_limit", watts=quarter)
            await station.silence(PATIENCE)
            await station.call(GET, {"requestId": 40, "chargingProfile": {"chargingProfilePurpose": EXTERNAL}})
            await station.silence(15)
            await self.mark(station)
            await bench.act("external_limit", watts=None)
            await station.silence(35)
            await self.mark(station)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Messages and power between the marks."""
        before, during, behind = self.marks(trace, 3)[:3]
        self.arrived(trace, before, during)
        quarter = round(float(trace.declared.get("ocpp_max_charge_power", 11_000.0)) / 4)
        rule = "OCPP-K11-NOTIFY"
        yield received(
            rule, trace, NOTIFY, after=before.request, within=PATIENCE, what="of another source than CSO",
            where=lambda one: look(one, "chargingLimit.chargingLimitSource") not in {None, "CSO"},
        )  # fmt: skip
        told = calls(trace, NOTIFY, sender=trace.dut, after=before.request, before=during.request)
        if told and str(told_variable(trace, SMART, "NotifyChargingLimitWithSchedules")).lower() == "true":
            yield holds(
                rule,
                bool(told[0].payload.get("chargingSchedule")),
                expected="the schedule of the limit, as NotifyChargingLimitWithSchedules is true",
                seen=f"{sorted(told[0].payload)}",
                at=told[0].at,
            )
        settling = float(trace.declared.get("ocpp_settling_time", 3.0)) + 2.0
        yield power_limited(rule, trace, 1, quarter, after=before.t, within=settling, until=during.request, before=30.0)
        yield received(
            "OCPP-K11-CHANGED", trace, EVENT, after=before.request, within=PATIENCE, what="ChargingRateChanged",
            where=lambda one: one["triggerReason"] in {"ChargingRateChanged", "LimitSet"},
        )  # fmt: skip
        asked = sent(trace, GET)
        reported = received(
            "OCPP-K09-GET", trace, REPORT, after=asked.request, within=15.0, what="with external constraints",
            where=lambda one: any(each["chargingProfilePurpose"] == EXTERNAL for each in one["chargingProfile"]),
        )  # fmt: skip
        yield taken("OCPP-K09-GET", asked)
        yield reported
        rule = "OCPP-K13-CLEARED"
        yield received(
            rule, trace, CLEARED, after=during.request, within=PATIENCE, what="of another source than CSO",
            where=lambda one: one.get("chargingLimitSource") not in {None, "CSO"},
        )  # fmt: skip
        limit = look(behind.answer, "schedule.chargingSchedulePeriod.0.limit")
        earlier = look(before.answer, "schedule.chargingSchedulePeriod.0.limit")
        yield holds(
            rule, limit is not None and limit == earlier, expected=f"a composite of {earlier} W as before the limit",
            seen=f"{limit} W", at=behind.at,
        )  # fmt: skip


class Zero(ExternalCase):
    """A limit of 0 means: take nothing. A station that may discharge must not read it as: give what you have."""

    id = "CHG-OCPP-SC-41"
    title = "An external limit of 0 stops charging and starts no discharging"
    requirements = ("OCPP-K11-ZERO",)
    faults: ClassVar = {"zero-limit-discharges": "OCPP-K11-ZERO"}

    async def stimulate(self, bench: StationBench) -> None:
        """Lets a vehicle charge that could discharge, and takes everything away."""
        bench.csms.allowed_energy_transfer = ("DC", "DC_BPT")
        async with bench.csms.session() as station:
            await start_transaction(bench, station, bpt=True)
            await station.silence(35)
            await self.mark(station)
            await bench.act("external_limit", watts=0)
            await station.silence(40)
            await self.mark(station)
            await ask_alive(station)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """No power, in either direction, where there was some before."""
        before, during = self.marks(trace, 2)[:2]
        self.arrived(trace, before, during)
        begun = calls(trace, EVENT, sender=trace.dut, before=before.request)
        if not any(look(one.payload, "transactionInfo.chargingState") == "Charging" for one in begun):
            raise Inconclusive("the station has told no charging before the limit")
        settling = float(trace.declared.get("ocpp_settling_time", 3.0)) + 2.0
        earlier, _ = power_at(trace, 1, since=before.t - 35, until=before.t)
        if not earlier or max(one.value for _, one, _ in earlier) < 500:
            raise Inconclusive("nothing was charged before the limit")
        yield power_within(
            "OCPP-K11-ZERO", trace, 1, Limit("W", low=-250.0, high=250.0), after=before.t, within=settling,
            until=during.t,
        )  # fmt: skip
        still_serves(trace)


class Significance(ExternalCase):
    """An energy manager regulates every second. What changes by less than LimitChangeSignificance is not told."""

    id = "CHG-OCPP-SC-42"
    title = "Small changes of an external limit are not told, big ones are"
    requirements = ("OCPP-K11-SIGNIFICANT", "OCPP-K11-NOTIFY")
    faults: ClassVar = {"every-limit-notified": "OCPP-K11-SIGNIFICANT", "limit-not-notified": "OCPP-K11-NOTIFY"}

    async def stimulate(self, bench: StationBench) -> None:
        """Sets 20 %; then limits that differ by 1 %, and one that differs by half."""
        base = bench.number("ocpp_max_charge_power", 11_000.0) / 2
        async with bench.csms.session() as station:
            await set_variable(station, "20", SMART, "LimitChangeSignificance")
            await get_variable(station, SMART, "LimitChangeSignificance")
            await start_transaction(bench, station)
            await station.silence(35)
            for share in (1.0, 1.01, 0.5):
                await self.mark(station)
                await bench.act("external_limit", watts=round(base * share))
                await station.silence(PATIENCE)
            await self.mark(station)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Counts the notifications between the marks."""
        marks = self.marks(trace, 4)
        told = told_variable(trace, SMART, "LimitChangeSignificance")
        if told is None or not 5 <= float(told) <= 40:
            raise Inconclusive(f"LimitChangeSignificance is {told}")
        self.arrived(trace, marks[0], marks[1])
        counts = [
            calls(trace, NOTIFY, sender=trace.dut, after=first.request, before=last.request)
            for first, last in pairwise(marks)
        ]
        for place in (0, 2):
            yield holds(
                "OCPP-K11-NOTIFY", bool(counts[place]), expected=f"{NOTIFY} of a limit that is new by half",
                seen=f"{len(counts[place])}", at=marks[place].at,
            )  # fmt: skip
        yield holds(
            "OCPP-K11-SIGNIFICANT", not counts[1], expected=f"no {NOTIFY} of a change by 1 %, {told} % are significant",
            seen=f"{len(counts[1])}", at=(*marks[1].at, *(one.request.index for one in counts[1])),
        )  # fmt: skip


class Untouchable(ExternalCase):
    """The CSMS tidies up with ClearChargingProfile; what protects the house connection has to stay.

    The clause number is known from others: indicative.
    """

    id = "CHG-OCPP-SC-43"
    title = "ClearChargingProfile leaves external limits alone"
    requirements = ("OCPP-K10-EXTERNAL",)
    faults: ClassVar = {"clears-external-limits": "OCPP-K10-EXTERNAL"}

    async def stimulate(self, bench: StationBench) -> None:
        """Limits to a quarter, clears by purpose and by default, asks for the composite."""
        quarter = round(bench.number("ocpp_max_charge_power", 11_000.0) / 4)
        async with bench.csms.session() as station:
            await start_transaction(bench, station)
            default = profile(430, period(0, limit=quarter * 2), purpose="TxDefaultProfile", start=bench.stamp(-5))
            await station.call("SetChargingProfile", {"evseId": 1, "chargingProfile": default})
            await station.silence(35)
            await self.mark(station)
            await bench.act("external_limit", watts=quarter)
            await station.silence(PATIENCE)
            await self.mark(station)
            criteria = {"chargingProfilePurpose": EXTERNAL}
            await station.call("ClearChargingProfile", {"chargingProfileCriteria": criteria})
            await station.silence(5)
            await self.mark(station)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The composite is that of the limit, before and behind the clear."""
        before, during, behind = self.marks(trace, 3)[:3]
        self.arrived(trace, before, during)
        limits = [look(one.answer, "schedule.chargingSchedulePeriod.0.limit") for one in (before, during, behind)]
        if None in limits[:2] or limits[1] >= limits[0]:
            raise Inconclusive(f"the limit does not show in the composite: {limits[:2]}")
        rule = "OCPP-K10-EXTERNAL"
        yield not_accepted(rule, sent(trace, "ClearChargingProfile"))
        kept = holds(rule, limits[2] == limits[1], expected=f"{limits[1]} W as before", seen=f"{limits[2]} W",
                     at=behind.at)  # fmt: skip
        yield every(rule, [kept], what="composites")
