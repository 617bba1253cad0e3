"""Charging profiles (K01, K09, K10, K15 to K21): which a charging station takes, keeps, tells and gives up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
    composite_as_modelled,
    get_variable,
    got,
    holds,
    look,
    not_accepted,
    period,
    power_limited,
    power_within,
    profile,
    reason_is,
    received,
    sent,
    start_transaction,
    status_is,
    still_serves,
    supports,
    taken,
    told_variable,
    valid,
    watched_until,
)

SMART = "SmartChargingCtrlr"
SET, GET, CLEAR, COMPOSITE = "SetChargingProfile", "GetChargingProfiles", "ClearChargingProfile", "GetCompositeSchedule"
REPORT, NEEDS, EVENT = "ReportChargingProfiles", "NotifyEVChargingNeeds", "TransactionEvent"
MAXIMUM, TX_DEFAULT, TX, PRIORITY = "ChargingStationMaxProfile", "TxDefaultProfile", "TxProfile", "PriorityCharging"
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
        if not reports:
            raise Inconclusive("the station has reported no profiles")
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


class WhichTransaction(ProfileCase):
    """A TxProfile belongs to one transaction. Taken for another, the next customer charges by the wrong profile."""

    id = "CHG-OCPP-SC-23"
    title = "A TxProfile without its transaction is refused"
    requirements = ("OCPP-K01-TXPROFILE", "OCPP-K01-ACCEPT")
    aliases = ("TC_K_19_CS",)
    hooks = ("plug_in", "present_token")
    faults: ClassVar = {
        "tx-profile-of-any-transaction": "OCPP-K01-TXPROFILE",
        "reason-codes-generic": "OCPP-K01-TXPROFILE",
    }

    async def stimulate(self, bench: StationBench) -> None:
        """Without a transaction, for another one, without an id, for EVSE 0, and as it should be."""
        async with bench.csms.session() as station:
            limit, start = period(0, limit=HIGH), bench.stamp(-10)
            early = profile(231, limit, transaction="there-is-none", start=start)
            await station.call(SET, {"evseId": 1, "chargingProfile": early})
            transaction = await start_transaction(bench, station)
            for number, evse, whose in (
                (232, 1, "somebody-else"),
                (233, 1, None),
                (234, 0, transaction.id),
                (235, 1, transaction.id),
            ):
                one = profile(number, limit, transaction=whose, start=start)
                await station.call(SET, {"evseId": evse, "chargingProfile": one})

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Only the last one may be accepted; an unknown transaction is named as the reason."""
        yield taken("OCPP-K01-ACCEPT", sent(trace, SET, where=with_id(235)))
        rule = "OCPP-K01-TXPROFILE"
        for number in (231, 232):
            yield status_is(rule, sent(trace, SET, where=with_id(number)), "Rejected", reason="TxNotFound")
        for number in (233, 234):
            yield not_accepted(rule, sent(trace, SET, where=with_id(number)))


class Malformed(ProfileCase):
    """Profiles that contradict themselves: each station would read them in its own way, so none may take them."""

    id = "CHG-OCPP-SC-24"
    title = "Profiles that break the rules of K01 are refused with their reason"
    requirements = ("OCPP-K01-START", "OCPP-K01-PERIODS", "OCPP-K01-EXTERNAL-ID", "OCPP-K01-ACCEPT")
    faults: ClassVar = {
        "start-missing-accepted": "OCPP-K01-START",
        "relative-start-accepted": "OCPP-K01-START",
        "first-period-late-accepted": "OCPP-K01-PERIODS",
        "periods-unordered-accepted": "OCPP-K01-PERIODS",
        "reserved-id-accepted": "OCPP-K01-EXTERNAL-ID",
        "reason-codes-generic": "OCPP-K01-PERIODS",
    }

    async def stimulate(self, bench: StationBench) -> None:
        """Sends one of each, and one that is right before and behind them."""
        start, limit = bench.stamp(-10), period(0, limit=HIGH)
        late = (period(10, limit=HIGH), period(20, limit=LOW))
        mixed = (period(0, limit=HIGH), period(600, limit=LOW), period(300, limit=MIDDLE))
        async with bench.csms.session() as station:
            told = await get_variable(station, SMART, "MaxExternalConstraintsId")
            good = profile(241, limit, purpose=TX_DEFAULT, start=start)
            bad = [
                profile(242, limit, purpose=TX_DEFAULT, stack=1),
                profile(243, limit, purpose=TX_DEFAULT, kind="Recurring", stack=1, recurrencyKind="Daily"),
                profile(244, limit, purpose=TX_DEFAULT, kind="Relative", stack=1, start=start),
                profile(245, *late, purpose=TX_DEFAULT, stack=1, start=start),
                profile(246, *mixed, purpose=TX_DEFAULT, stack=1, start=start),
            ]
            if told is not None:
                bad.append(profile(int(told), limit, purpose=TX_DEFAULT, stack=1, start=start))
            for one in (good, *bad, good):
                await station.call(SET, {"evseId": 1, "chargingProfile": one})

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at each answer; the right one has to be taken, or all the refusals mean nothing."""
        right = calls(trace, SET, sender=trace.tester, where=with_id(241))
        if len(right) < 2:
            raise Inconclusive("not all profiles were sent")
        for one in right:
            yield taken("OCPP-K01-ACCEPT", one)
        for number, rule in (
            (242, "OCPP-K01-START"),
            (243, "OCPP-K01-START"),
            (244, "OCPP-K01-START"),
            (245, "OCPP-K01-PERIODS"),
            (246, "OCPP-K01-PERIODS"),
        ):
            one = sent(trace, SET, where=with_id(number))
            if rule == "OCPP-K01-PERIODS":
                yield status_is(rule, one, "Rejected", reason="InvalidSchedule")
            else:
                yield not_accepted(rule, one)
        told = told_variable(trace, SMART, "MaxExternalConstraintsId")
        if told is not None:
            reserved = sent(trace, SET, where=with_id(int(told)))
            yield status_is("OCPP-K01-EXTERNAL-ID", reserved, "Rejected", reason="InvalidProfileId")


class OutOfPlace(ProfileCase):
    """Profiles for an EVSE that is not there, of a level that is not there, or that an energy manager alone may set.

    Clause numbers are known from others, not from the text: what is found here is indicative.
    """

    id = "CHG-OCPP-SC-25"
    title = "Profiles for what the station has not, or that are not the CSMS's, are refused"
    requirements = (
        "OCPP-K01.FR.22",
        "OCPP-K01.FR.28",
        "OCPP-K01-STACKLEVEL",
        "OCPP-K01.FR.44",
        "OCPP-K01.FR.142",
        "OCPP-K02-MAXPROFILE",
    )
    pics = "ocpp21 and ocpp_smart_charging"
    hooks = ("plug_in", "present_token")
    faults: ClassVar = {
        "external-from-csms-accepted": "OCPP-K01.FR.22",
        "profile-of-unknown-evse": "OCPP-K01.FR.28",
        "stack-level-unlimited": "OCPP-K01-STACKLEVEL",
        "phases-of-dc-accepted": "OCPP-K01.FR.44",
        "phase-fields-anywhere": "OCPP-K01.FR.142",
        "maximum-of-one-evse-accepted": "OCPP-K02-MAXPROFILE",
    }

    async def stimulate(self, bench: StationBench) -> None:
        """Sends one of each; fields of L2 also without the field of L1, and for a vehicle that told none."""
        start, limit = bench.stamp(-10), period(0, limit=HIGH)
        async with bench.csms.session() as station:
            told = await get_variable(station, SMART, "ProfileStackLevel")
            await get_variable(station, "V2XChargingCtrlr", "SupportedEnergyTransferModes", evse=1)
            transaction = await start_transaction(bench, station)
            lone = period(0, "CentralSetpoint", setpoint_L2=LOW)
            both = period(0, limit=LOW, limit_L2=LOW)
            external = "ChargingStationExternalConstraints"
            for evse, one in (
                (1, profile(250, limit, purpose=TX_DEFAULT, start=start)),
                (1, profile(251, limit, purpose=external, start=start)),
                (4711, profile(252, limit, purpose=TX_DEFAULT, start=start)),
                (1, profile(253, limit, purpose=TX_DEFAULT, stack=int(told or 1000) + 1, start=start)),
                (1, profile(254, period(0, limit=HIGH, numberPhases=3), transaction=transaction.id, start=start)),
                (
                    1,
                    profile(255, lone, transaction=transaction.id, start=start),
                ),
                (1, profile(256, both, purpose=TX_DEFAULT, stack=1, start=start)),
                (1, profile(257, limit, purpose=MAXIMUM, start=start)),
            ):
                await station.call(SET, {"evseId": evse, "chargingProfile": one})

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Refused, each; phases on DC alone, where the station says that it is DC."""
        if sent(trace, SET, where=with_id(250)).status != "Accepted":
            raise Inconclusive("the profile that is right was not accepted, so that the refusals say nothing")
        yield not_accepted("OCPP-K01.FR.22", sent(trace, SET, where=with_id(251)))
        yield not_accepted("OCPP-K01.FR.28", sent(trace, SET, where=with_id(252)))
        if told_variable(trace, SMART, "ProfileStackLevel") is not None:
            yield status_is("OCPP-K01-STACKLEVEL", sent(trace, SET, where=with_id(253)), "Rejected")
            yield reason_is("OCPP-K01-STACKLEVEL", sent(trace, SET, where=with_id(253)), "InvalidStackLevel")
        modes = told_variable(trace, "V2XChargingCtrlr", "SupportedEnergyTransferModes") or ""
        kinds = [one.strip() for one in modes.split(",") if one.strip()]
        if kinds and all(one.startswith("DC") for one in kinds):
            yield status_is("OCPP-K01.FR.44", sent(trace, SET, where=with_id(254)), "Rejected")
            yield reason_is("OCPP-K01.FR.44", sent(trace, SET, where=with_id(254)), "NoPhaseForDC")
        yield not_accepted("OCPP-K01.FR.142", sent(trace, SET, where=with_id(255)))
        yield not_accepted("OCPP-K01.FR.142", sent(trace, SET, where=with_id(256)))
        yield not_accepted("OCPP-K02-MAXPROFILE", sent(trace, SET, where=with_id(257)))


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


class Needs(ProfileCase):
    """The vehicle tells what it needs, and waits for a schedule. The CSMS has 60 s; what it says meanwhile counts.

    Attributes:
        status: What NotifyEVChargingNeeds is answered with.
        delay: Seconds until a TxProfile comes; None: none does.
    """

    pics = "ocpp21 and ocpp_smart_charging"
    hooks = ("plug_in", "present_token")
    status: ClassVar[str] = ""
    delay: ClassVar[float | None] = None
    watched: ClassVar[float] = 100.0

    async def stimulate(self, bench: StationBench) -> None:
        """Plugs in a vehicle that charges by schedules, answers its needs and perhaps sends one."""
        bench.csms.answers[NEEDS] = {"status": self.status}
        async with bench.csms.session() as station:
            default = profile(280, period(0, limit=HIGH), purpose=TX_DEFAULT, start=bench.stamp(-10))
            await station.call(SET, {"evseId": 1, "chargingProfile": default})
            mark = station.mark
            transaction = await start_transaction(
                bench, station, state=None, control_mode="ScheduledControl", bpt=False
            )
            await station.look_for(NEEDS, within=30, since=mark)
            if self.delay is not None:
                await station.silence(self.delay)
                periods = (period(0, limit=MIDDLE), period(1200, limit=LOW))
                one = profile(281, *periods, transaction=transaction.id, start=bench.stamp(-1))
                second = {**one["chargingSchedule"][0], "id": 282}
                one["chargingSchedule"].append(second)
                await station.call(SET, {"evseId": 1, "chargingProfile": one})
            await station.silence(self.watched)
            await ask_alive(station)

    def told(self, trace: Trace) -> RpcExchange:
        """The needs.

        Raises:
            Inconclusive: There was no transaction for which they could have been told.
        """
        got(trace, EVENT, where=lambda one: one["eventType"] == "Started")
        return got(trace, NEEDS)

    def flows(self, rule: str, trace: Trace, since: float, within: float, most: float) -> Observation:
        """Something flows within a time, and no more than a limit."""
        allowed = Limit("W", low=100.0, high=most + 250.0)
        return power_within(rule, trace, 1, allowed, after=since, within=within, until=since + within + 15)


class NeedsAccepted(Needs):
    """Accepted, and a schedule 20 s later: it is taken, followed and told. Three schedules at most may be offered."""

    id = "CHG-OCPP-SC-28"
    title = "Needs that are accepted: the schedule that comes is followed and told"
    requirements = ("OCPP-K15-NEEDS", "OCPP-K15-SCHEDULES", "OCPP-K19-SCHEDULE")
    status = "Accepted"
    delay = 20.0
    watched = 40.0
    faults: ClassVar = {
        "needs-not-sent": "OCPP-K15-NEEDS",
        "needs-without-control-mode": "OCPP-K15-NEEDS",
        "schedule-not-reported": "OCPP-K19-SCHEDULE",
        "two-schedules-refused": "OCPP-K15-SCHEDULES",
    }

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Needs with what ISO 15118-20 wants, the profile taken, power within it, the schedule told."""
        started = got(trace, EVENT, where=lambda one: one["eventType"] == "Started")
        yield received("OCPP-K15-NEEDS", trace, NEEDS, after=started.request, within=30.0)
        needs = next(iter(calls(trace, NEEDS, sender=trace.dut)), None)
        one = sent(trace, SET, where=with_id(281))
        if needs is None:
            return
        yield valid("OCPP-K15-NEEDS", trace, needs)
        yield holds(
            "OCPP-K15-NEEDS",
            look(needs.payload, "chargingNeeds.controlMode") == "ScheduledControl"
            and isinstance(look(needs.payload, "chargingNeeds.v2xChargingParameters"), dict),
            expected="controlMode ScheduledControl and v2xChargingParameters of an ISO 15118-20 vehicle",
            seen=f"{sorted(needs.payload['chargingNeeds'])}",
            at=needs.at,
        )
        yield taken("OCPP-K15-SCHEDULES", one)
        yield received("OCPP-K19-SCHEDULE", trace, "NotifyEVChargingSchedule", after=one.request, within=30.0)
        yield self.flows("OCPP-K15-SCHEDULES", trace, one.t, 10.0, MIDDLE)
        still_serves(trace)


class NeedsProcessing(Needs):
    """Processing, and then nothing: after 60 s the vehicle must not wait any longer, and charges by the default."""

    id = "CHG-OCPP-SC-29"
    title = "No schedule within 60 s: the vehicle charges without one"
    requirements = ("OCPP-K15-DEADLINE",)
    status = "Processing"
    faults: ClassVar = {"schedule-awaited-for-ever": "OCPP-K15-DEADLINE"}

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """After 60 s and some there is power, within TxDefaultProfile."""
        needs = self.told(trace)
        yield self.flows("OCPP-K15-DEADLINE", trace, needs.t, 75.0, HIGH)
        still_serves(trace)


class NeedsNoProfile(Needs):
    """NoChargingProfile says that none will come: waiting on would only cost the driver a minute."""

    id = "CHG-OCPP-SC-30"
    title = "NoChargingProfile: the vehicle charges by TxDefaultProfile at once"
    requirements = ("OCPP-K15-DEADLINE",)
    status = "NoChargingProfile"
    watched = 45.0
    faults: ClassVar = {"no-profile-waited-for": "OCPP-K15-DEADLINE"}

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Power within 20 s, within TxDefaultProfile."""
        needs = self.told(trace)
        yield self.flows("OCPP-K15-DEADLINE", trace, needs.t, 20.0, HIGH)
        still_serves(trace)


class TooManySchedules(ProfileCase):
    """A vehicle under Dynamic control takes one schedule; which of two would count nobody knows."""

    id = "CHG-OCPP-SC-31"
    title = "More schedules than the vehicle takes are refused"
    requirements = ("OCPP-K15-SCHEDULES",)
    pics = "ocpp21 and ocpp_smart_charging"
    hooks = ("plug_in", "present_token")
    faults: ClassVar = {"many-schedules-accepted": "OCPP-K15-SCHEDULES"}

    async def stimulate(self, bench: StationBench) -> None:
        """Sends two schedules, and four, to a vehicle under Dynamic control; then one."""
        async with bench.csms.session() as station:
            transaction = await start_transaction(bench, station, control_mode="DynamicControl")
            await station.silence(5)
            for number, count in ((291, 2), (292, 4), (293, 1)):
                limit, stack = period(0, limit=HIGH), number - 291
                one = profile(number, limit, transaction=transaction.id, stack=stack, start=bench.stamp(-1))
                first = one["chargingSchedule"][0]
                one["chargingSchedule"] = [{**first, "id": number + place} for place in range(count)]
                await station.call(SET, {"evseId": 1, "chargingProfile": one})

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Only the single one may be taken."""
        got(trace, NEEDS, where=lambda one: look(one, "chargingNeeds.controlMode") == "DynamicControl")
        if sent(trace, SET, where=with_id(293)).status != "Accepted":
            raise Inconclusive("the profile with one schedule was not accepted")
        for number in (291, 292):
            yield not_accepted("OCPP-K15-SCHEDULES", sent(trace, SET, where=with_id(number)))


class Extras(ProfileCase):
    """Optional features of a schedule: a cap near the full battery, and a spread of starts that spares the grid.

    If a thousand stations raise their power at the same second, the frequency notices; randomizedDelay is against it.
    """

    id = "CHG-OCPP-SC-32"
    title = "limitAtSoC and randomizedDelay are followed where announced"
    requirements = ("OCPP-K01-EXTRAS",)
    pics = "ocpp21 and ocpp_smart_charging"
    hooks = ("plug_in", "present_token")
    faults: ClassVar = {
        "soc-limit-ignored": "OCPP-K01-EXTRAS",
        "delay-not-drawn": "OCPP-K01-EXTRAS",
        "first-period-delayed": "OCPP-K01-EXTRAS",
    }
    spread: ClassVar = 600
    count: ClassVar = 8
    step: ClassVar = 1200

    async def stimulate(self, bench: StationBench) -> None:
        """Charges at 90 % with a cap from 80 % on; then a schedule whose periods are delayed by up to ten minutes."""
        async with bench.csms.session() as station:
            await station.call(COMPOSITE, ASKED)
            for name in ("SupportsLimitAtSoC", "SupportsRandomizedDelay"):
                await supports(station, name)
            transaction = await start_transaction(bench, station, soc=90.0)
            await station.silence(5)
            capped = profile(
                301, period(0, limit=HIGH), transaction=transaction.id, start=bench.stamp(-1),
                schedule={"limitAtSoC": {"soc": 80, "limit": LOW}},
            )  # fmt: skip
            await station.call(SET, {"evseId": 1, "chargingProfile": capped})
            await station.call(COMPOSITE, ASKED)
            limits = [period(self.step * place, limit=MIDDLE + 250.0 * place) for place in range(self.count)]
            delayed = profile(
                302, *limits, transaction=transaction.id, stack=1, start=bench.stamp(-1),
                schedule={"randomizedDelay": self.spread},
            )  # fmt: skip
            await station.call(SET, {"evseId": 1, "chargingProfile": delayed})
            await station.call(COMPOSITE, {**ASKED, "duration": self.step * self.count})

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Where announced: the cap counts; the first period is in time, the others are late by different times."""
        asked = calls(trace, COMPOSITE, sender=trace.tester, after=sent(trace, SET).request)
        if len(asked) < 2:
            raise Inconclusive("the composites were not asked for")
        rule, announced = "OCPP-K01-EXTRAS", 0
        if str(told_variable(trace, SMART, "SupportsLimitAtSoC")).lower() == "true":
            announced += 1
            yield taken(rule, sent(trace, SET, where=with_id(301)))
            limit = look(asked[0].answer, "schedule.chargingSchedulePeriod.0.limit")
            yield holds(
                rule, limit == LOW, expected=f"limit {LOW} W at 90 %, capped from 80 % on", seen=f"{limit} W",
                at=asked[0].at,
            )  # fmt: skip
        if str(told_variable(trace, SMART, "SupportsRandomizedDelay")).lower() == "true":
            announced += 1
            yield taken(rule, sent(trace, SET, where=with_id(302)))
            yield self._spread_out(rule, asked[1])
        if not announced:
            raise Inconclusive("the station announces neither limitAtSoC nor randomizedDelay")

    def _spread_out(self, rule: str, asked: RpcExchange) -> Observation:
        periods = look(asked.answer, "schedule.chargingSchedulePeriod") or []
        starts = {one.get("limit"): one["startPeriod"] for one in periods}
        late = [
            starts[MIDDLE + 250.0 * place] - self.step * place
            for place in range(1, self.count)
            if MIDDLE + 250.0 * place in starts
        ]
        good = (
            starts.get(MIDDLE) == 0
            and len(late) == self.count - 1
            and all(-3 <= one <= self.spread + 3 for one in late)
            and max(late) > 3
            and len(set(late)) > 1
        )
        return holds(
            rule,
            good,
            expected=f"the first period at once, the others late by 0 to {self.spread} s, not all alike",
            seen=f"first at {starts.get(MIDDLE)} s, others late by {late} s",
            at=asked.at,
        )
