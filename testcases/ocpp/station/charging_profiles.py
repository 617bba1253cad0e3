"""Charging profiles (K01, K09, K10, K21): which a charging station takes, keeps, tells and gives up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from v2gready.authoring.ocpp import (
    Inconclusive,
    Observation,
    RpcExchange,
    StationBench,
    StationCase,
    Trace,
    calls,
    composite_as_modelled,
    holds,
    look,
    period,
    power_limited,
    profile,
    received,
    sent,
    start_transaction,
    status_is,
    taken,
    watched_until,
)

SET, GET, CLEAR, COMPOSITE = "SetChargingProfile", "GetChargingProfiles", "ClearChargingProfile", "GetCompositeSchedule"
REPORT, EVENT = "ReportChargingProfiles", "TransactionEvent"
MAXIMUM, TX_DEFAULT, PRIORITY = "ChargingStationMaxProfile", "TxDefaultProfile", "PriorityCharging"
ASKED = {"evseId": 1, "duration": 3600, "chargingRateUnit": "W"}
LOW, MIDDLE, HIGH = 3000.0, 5000.0, 8000.0
PATIENCE = 15.0
"""Seconds for what follows an answer; ours, the standard leaves the time to the station."""


def with_id(number: int) -> Any:
    """Tells the SetChargingProfile of a profile."""
    return lambda one: one["chargingProfile"]["id"] == number


class ProfileCase(StationCase):
    """What the cases about profiles share."""

    area = "charging"
    pics = "ocpp_smart_charging"


class Replaced(ProfileCase):
    """The operator corrects a profile: the same id again, another limit. Only the new one may count from then on.

    A station brought replaced profiles back after a power failure and charged by the rates of last month.
    """

    id = "CHG-OCPP-SC-20"
    title = "A replaced, a cleared and a kept profile are so over a power cycle"
    requirements = ("OCPP-K01-REPLACE", "OCPP-K10-CLEAR", "OCPP-K01.FR.27", "OCPP-K01-PERSIST-CLEARED")
    hooks = ("reboot",)
    faults: ClassVar = {
        "replacement-ignored": "OCPP-K01-REPLACE",
        "clear-has-no-effect": "OCPP-K10-CLEAR",
        "profiles-lost-on-reboot": "OCPP-K01.FR.27",
        "old-profile-comes-back": "OCPP-K01-PERSIST-CLEARED",
        "cleared-profile-comes-back": "OCPP-K01-PERSIST-CLEARED",
    }

    async def stimulate(self, bench: StationBench) -> None:
        """Sets three, replaces one, clears one; asks before and after a power cycle."""
        start = bench.stamp(-10)
        async with bench.csms.session() as station:
            await station.call(COMPOSITE, ASKED)
            for evse, one in (
                (0, profile(201, period(0, limit=HIGH), purpose=MAXIMUM, start=start)),
                (1, profile(202, period(0, limit=LOW), purpose=TX_DEFAULT, stack=0, start=start)),
                (1, profile(202, period(0, limit=MIDDLE), purpose=TX_DEFAULT, stack=0, start=start)),
            ):
                await station.call(SET, {"evseId": evse, "chargingProfile": one})
            await station.call(COMPOSITE, ASKED)
            above = profile(203, period(0, limit=LOW / 2), purpose=TX_DEFAULT, stack=1, start=start)
            await station.call(SET, {"evseId": 1, "chargingProfile": above})
            await station.call(CLEAR, {"chargingProfileId": 203})
            await station.call(COMPOSITE, ASKED)
            await bench.act("reboot")
        again = await bench.csms.connection(within=120)
        await again.look_for("BootNotification", within=60, since=0)
        await again.silence(2)
        await again.call(COMPOSITE, ASKED)
        await again.call(GET, {"requestId": 20, "chargingProfile": {"chargingProfilePurpose": TX_DEFAULT}})
        await again.silence(PATIENCE)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares the composites with what should be there, and reads the report behind the power cycle."""
        for one in calls(trace, SET, sender=trace.tester):
            yield taken("OCPP-K01-REPLACE", one)
        clear = sent(trace, CLEAR)
        yield taken("OCPP-K10-CLEAR", clear)
        asked = calls(trace, COMPOSITE, sender=trace.tester, after=sent(trace, SET).request)
        boots = [one for one in calls(trace, "BootNotification", sender=trace.dut) if one.t > clear.t]
        if not boots or len(asked) < 3:
            raise Inconclusive("the station did not come back from its power cycle")
        yield composite_as_modelled("OCPP-K01-REPLACE", trace, asked[0], least=2)
        yield composite_as_modelled("OCPP-K10-CLEAR", trace, asked[1], least=2)
        limits = [MIDDLE, HIGH]
        yield composite_as_modelled("OCPP-K01.FR.27", trace, asked[-1], least=len(limits))
        reported = {
            one["id"]: look(one, "chargingSchedule.0.chargingSchedulePeriod.0.limit")
            for report in calls(trace, REPORT, sender=trace.dut, after=boots[0].request)
            for one in report.payload["chargingProfile"]
        }
        if 202 not in reported:
            raise Inconclusive("the station has not reported the profile that it kept")
        told = look(asked[-1].answer, "schedule.chargingSchedulePeriod.0.limit")
        old = 203 in reported or reported.get(202) == LOW or told in {LOW, LOW / 2}
        yield holds(
            "OCPP-K01-PERSIST-CLEARED",
            not old,
            expected="neither the old version of 202 nor 203 after the power cycle",
            seen=f"reported {reported}, composite {told} W",
            at=asked[-1].at,
        )


class Twice(ProfileCase):
    """A second profile of the same purpose, level and EVSE cannot count beside the first: nobody knew which leads.

    Whether a station refuses the second or gives up the first is its own choice; it must not keep both.
    """

    id = "CHG-OCPP-SC-21"
    title = "Two profiles of one purpose, level and EVSE are never kept beside each other"
    requirements = ("OCPP-K01-REPLACE",)
    faults: ClassVar = {"duplicate-profile-accepted": "OCPP-K01-REPLACE"}

    async def stimulate(self, bench: StationBench) -> None:
        """Sets both and asks which are there."""
        async with bench.csms.session() as station:
            for number, limit in ((211, LOW), (212, MIDDLE)):
                one = profile(number, period(0, limit=limit), purpose=TX_DEFAULT, start=bench.stamp(-10))
                await station.call(SET, {"evseId": 1, "chargingProfile": one})
            await station.call(GET, {"requestId": 21, "evseId": 1, "chargingProfile": {"stackLevel": 0}})
            await station.silence(PATIENCE)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Counts what is reported; the one that was accepted last has to be there."""
        first, second = (sent(trace, SET, where=with_id(number)) for number in (211, 212))
        if first.status != "Accepted":
            raise Inconclusive("the first profile was not accepted")
        reports = calls(trace, REPORT, sender=trace.dut, where=lambda one: one["requestId"] == 21)
        if not reports or reports[-1].payload.get("tbc", False):
            raise Inconclusive("the station has reported no profiles, or not to the end")
        there = {one["id"] for report in reports for one in report.payload["chargingProfile"]} & {211, 212}
        wanted = {212} if second.status == "Accepted" else {211}
        yield holds(
            "OCPP-K01-REPLACE",
            there == wanted,
            expected=f"profile {wanted.copy().pop()} alone, as the second was {second.status}",
            seen=f"{sorted(there)}",
            at=(*second.at, *(one.request.index for one in reports)),
        )


class Reports(ProfileCase):
    """After a restart of the CSMS its operator asks all stations which profiles they have: all of them, once, complete.

    The requestId tells which question a report answers, tbc when it is over.
    """

    id = "CHG-OCPP-SC-22"
    title = "GetChargingProfiles reports each profile once; ClearChargingProfile removes what matches"
    requirements = ("OCPP-K09-GET", "OCPP-K10-CLEAR")
    aliases = ("TC_K_30_CS",)
    faults: ClassVar = {
        "profile-report-other-request": "OCPP-K09-GET",
        "profile-report-without-tbc": "OCPP-K09-GET",
        "clear-unknown-accepted": "OCPP-K10-CLEAR",
        "clear-has-no-effect": "OCPP-K10-CLEAR",
    }
    ids: ClassVar = tuple(range(221, 229))

    async def stimulate(self, bench: StationBench) -> None:
        """Sets eight, asks for all, for one and for none; clears one, one that is not there, and a purpose."""
        async with bench.csms.session() as station:
            for stack, number in enumerate(self.ids):
                one = profile(number, period(0, limit=HIGH), purpose=TX_DEFAULT, stack=stack, start=bench.stamp(-10))
                await station.call(SET, {"evseId": 1, "chargingProfile": one})
            await self._ask(station, 1, {"chargingProfilePurpose": TX_DEFAULT})
            await self._ask(station, 2, {"chargingProfileId": [self.ids[0]]})
            await self._ask(station, 3, {"chargingProfileId": [999_999]})
            await station.call(CLEAR, {"chargingProfileId": 999_999})
            await station.call(CLEAR, {"chargingProfileId": self.ids[0]})
            await self._ask(station, 4, {"chargingProfilePurpose": TX_DEFAULT})
            criteria = {"evseId": 1, "chargingProfilePurpose": TX_DEFAULT}
            await station.call(CLEAR, {"chargingProfileCriteria": criteria})
            await self._ask(station, 5, {"chargingProfilePurpose": TX_DEFAULT})

    async def _ask(self, station: Any, number: int, criteria: dict[str, Any]) -> None:
        await station.call(GET, {"requestId": number, "chargingProfile": criteria})
        await station.silence(PATIENCE)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares every report with what must be there by then."""
        there = {
            one.payload["chargingProfile"]["id"]
            for one in calls(trace, SET, sender=trace.tester)
            if one.status == "Accepted"
        }
        if len(there) < 2 or self.ids[0] not in there:
            raise Inconclusive(f"{len(there)} profiles were accepted: too few to ask for")
        wanted = {1: there, 2: {self.ids[0]}, 3: set(), 4: there - {self.ids[0]}, 5: set()}
        rules = {1: "OCPP-K09-GET", 2: "OCPP-K09-GET", 3: "OCPP-K09-GET", 4: "OCPP-K10-CLEAR", 5: "OCPP-K10-CLEAR"}
        for number, ids in wanted.items():
            asked = next(iter(calls(trace, GET, sender=trace.tester)[number - 1 : number]), None)
            if asked is None:
                raise Inconclusive(f"question {number} was not asked")
            yield self._complete(rules[number], trace, asked, ids)
        cleared = calls(trace, CLEAR, sender=trace.tester)
        if len(cleared) < 3:
            raise Inconclusive("not all clears were sent")
        yield status_is("OCPP-K10-CLEAR", cleared[0], "Unknown")
        yield taken("OCPP-K10-CLEAR", cleared[1])
        yield taken("OCPP-K10-CLEAR", cleared[2])

    @staticmethod
    def _complete(rule: str, trace: Trace, asked: RpcExchange, ids: set[int]) -> Observation:
        if not ids:
            return status_is(rule, asked, "NoProfiles")
        later = calls(trace, GET, sender=trace.tester, after=asked.request)
        reports = calls(
            trace, REPORT, sender=trace.dut, after=asked.request, before=later[0].request if later else None
        )
        if not reports and watched_until(trace) - asked.t < PATIENCE:
            raise Inconclusive("the reports were not awaited")
        told = [one["id"] for report in reports for one in report.payload["chargingProfile"]]
        number = asked.payload["requestId"]
        tbc = [bool(report.payload.get("tbc", False)) for report in reports]
        good = (
            asked.status == "Accepted"
            and sorted(told) == sorted(ids)
            and all(report.payload["requestId"] == number for report in reports)
            and tbc == [True] * (len(tbc) - 1) + [False] * bool(tbc)
        )
        return holds(
            rule,
            good,
            expected=f"profiles {sorted(ids)}, each once, requestId {number}, tbc on all reports but the last",
            seen=f"{asked.status}, profiles {sorted(told)}, requestId "
            f"{sorted({one.payload['requestId'] for one in reports})}, tbc {tbc}",
            at=(*asked.at, *(one.request.index for one in reports)),
        )


class Reconnects(ProfileCase):
    """The mobile network drops for a minute in the middle of a charge: the limit of the site has not gone with it."""

    id = "CHG-OCPP-SC-26"
    title = "A TxProfile stays in force while the station is offline and after it"
    requirements = ("OCPP-K01-RECONNECT",)
    hooks = ("plug_in", "present_token")
    faults: ClassVar = {"profiles-lost-on-reconnect": "OCPP-K01-RECONNECT"}

    async def stimulate(self, bench: StationBench) -> None:
        """Limits a transaction, drops the connection for a minute and asks."""
        async with bench.csms.session() as station:
            await station.call(COMPOSITE, ASKED)
            transaction = await start_transaction(bench, station)
            await station.silence(35)
            limit = round(bench.number("ocpp_max_charge_power", 11_000.0) / 4, 1)
            one = profile(260, period(0, limit=limit), transaction=transaction.id, start=bench.stamp())
            await station.call(SET, {"evseId": 1, "chargingProfile": one})
            await station.silence(15)
        await bench.csms.go_offline()
        await bench.wait(60)
        await bench.csms.go_online()
        again = await bench.csms.connection(within=180)
        await again.silence(20)
        await again.call(COMPOSITE, ASKED)
        await again.silence(40)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The power keeps the limit throughout, and the composite still shows it."""
        rule = "OCPP-K01-RECONNECT"
        one = sent(trace, SET)
        asked = sent(trace, COMPOSITE, nth=-1)
        if one.status != "Accepted" or asked.link == one.link:
            raise Inconclusive("the profile was not accepted, or the station was not offline")
        yield composite_as_modelled(rule, trace, asked)
        limit = look(one.payload, "chargingProfile.chargingSchedule.0.chargingSchedulePeriod.0.limit")
        settling = float(trace.declared.get("ocpp_settling_time", 3.0)) + 1.0
        yield power_limited(rule, trace, 1, limit, after=one.t, within=settling, before=30.0)


class Priority(ProfileCase):
    """A taxi needs its energy now: the operator lets it charge before the others, and takes that back later."""

    id = "CHG-OCPP-SC-27"
    title = "UsePriorityCharging takes its profile into force and out of it"
    requirements = ("OCPP-K21-NOPROFILE", "OCPP-K21-ACTIVATE", "OCPP-K21-NOTIFY")
    pics = "ocpp21 and ocpp_smart_charging and ocpp_priority_charging"
    hooks = ("plug_in", "present_token")
    faults: ClassVar = {
        "priority-without-profile": "OCPP-K21-NOPROFILE",
        "priority-of-any-transaction": "OCPP-K21-NOPROFILE",
        "priority-has-no-effect": "OCPP-K21-ACTIVATE",
        "priority-not-notified": "OCPP-K21-NOTIFY",
    }

    async def stimulate(self, bench: StationBench) -> None:
        """Without a profile, for somebody else, then on and off."""
        async with bench.csms.session() as station:
            await station.call(COMPOSITE, ASKED)
            transaction = await start_transaction(bench, station)
            start, use = bench.stamp(-10), "UsePriorityCharging"
            one = profile(270, period(0, limit=LOW), transaction=transaction.id, start=start)
            await station.call(SET, {"evseId": 1, "chargingProfile": one})
            await station.call(use, {"transactionId": transaction.id, "activate": True})
            first = profile(271, period(0, limit=HIGH), purpose=PRIORITY, start=start)
            await station.call(SET, {"evseId": 1, "chargingProfile": first})
            await station.call(use, {"transactionId": "somebody-else", "activate": True})
            await station.call(COMPOSITE, ASKED)
            for activate in (True, False):
                await station.call(use, {"transactionId": transaction.id, "activate": activate})
                await station.silence(PATIENCE)
                await station.call(COMPOSITE, ASKED)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at the answers, the notifications and the composites."""
        used = calls(trace, "UsePriorityCharging", sender=trace.tester)
        asked = calls(trace, COMPOSITE, sender=trace.tester)
        if len(used) < 4 or len(asked) < 4:
            raise Inconclusive("priority charging was not asked for")
        for number in (270, 271):
            if sent(trace, SET, where=with_id(number)).status != "Accepted":
                raise Inconclusive(f"profile {number} was not accepted")
        yield status_is("OCPP-K21-NOPROFILE", used[0], "NoProfile")
        yield status_is("OCPP-K21-NOPROFILE", used[1], "Rejected")
        for one, composite in zip(used[2:], asked[2:], strict=True):
            on, whose = bool(one.payload["activate"]), one.payload["transactionId"]

            def fits(told: Mapping[str, Any], on: bool = on, whose: str = whose) -> bool:  # noqa: FBT001 - bound here
                return told["activated"] is on and told["transactionId"] == whose

            yield taken("OCPP-K21-ACTIVATE", one)
            yield composite_as_modelled("OCPP-K21-ACTIVATE", trace, composite, least=2)
            yield received(
                "OCPP-K21-NOTIFY",
                trace,
                "NotifyPriorityCharging",
                where=fits,
                what=f"activated {on}",
                after=one.request,
                within=PATIENCE,
            )
