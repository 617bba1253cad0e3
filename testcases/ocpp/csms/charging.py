"""Smart charging by a CSMS: the profile for the needs of a car, what the operator sends, what stations tell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from v2gready.authoring.ocpp import (
    CsmsBench,
    CsmsCase,
    Inconclusive,
    Observation,
    RpcExchange,
    Trace,
    answered,
    calls,
    every,
    got,
    holds,
    look,
    never_sent,
    received,
    sent,
    status_is,
    valid,
)
from v2gready.authoring.ocpp.backend import (
    PLAN_TIME,
    accepted_boot,
    charging,
    has_start,
    needs,
    of_transaction,
    periods,
    plan,
    planned,
    schedules,
    tx_profiles,
    valid_answer,
    well_built,
)
from v2gready.authoring.ocpp.billing import last_events, served_to_the_end

TENTHS: Final = tuple(round(0.1 * step, 1) for step in range(1, 321))
"""Every limit of one decimal up to 32 A: 8.1 and 134 others are no multiple of 0.1 for who divides."""


def transaction_of(trace: Trace, place: int = 0) -> str:
    """Id of a transaction of ours."""
    return str(last_events(trace, place)[0].payload["transactionInfo"]["transactionId"])


class ProfileForNeeds(CsmsCase):
    """A car says by when it wants how much, and waits with its power off until the schedule comes.

    It waits sixty seconds. The profile must be for this transaction at this EVSE, and an Absolute one must say when it
    begins: without startSchedule every station refuses it, and the car charges without any plan.
    """

    id = "CSMS-OCPP-CHG-01"
    title = "Needs of a car are followed within 60 s by a TxProfile for its transaction"
    area = "charging"
    requirements = ("OCPP-K15-60S", "OCPP-K-CSMS-TX", "OCPP-K-CSMS-START", "OCPP-K15-CSMS-STATUS")
    pics = "ocpp_smart_charging"
    faults = {
        "profile-after-needs-missing": "OCPP-K15-60S",
        "profile-after-needs-late": "OCPP-K15-60S",
        "profile-without-transaction": "OCPP-K-CSMS-TX",
        "profile-for-evse-0": "OCPP-K-CSMS-TX",
        "absolute-profile-without-start-schedule": "OCPP-K-CSMS-START",
        "needs-status-unknown": "OCPP-K15-CSMS-STATUS",
    }

    async def stimulate(self, bench: CsmsBench) -> None:
        """Tells the needs of a car that leaves in six hours."""
        async with bench.station.connect() as station:
            await station.boot()
            async with charging(bench, station):
                await plan(station, needs(departure=bench.stamp(6 * 3600.0)))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at the answer, and at the profile behind it."""
        accepted_boot(trace)
        asked = sent(trace, "NotifyEVChargingNeeds")
        yield valid_answer("OCPP-K15-CSMS-STATUS", trace, asked)
        if asked.status in {"Rejected", "NoChargingProfile"}:
            raise Inconclusive(f"the CSMS gives this car no profile: {asked.status}")
        yield received(
            "OCPP-K15-60S",
            trace,
            "SetChargingProfile",
            where=lambda one: look(one, "chargingProfile.chargingProfilePurpose") == "TxProfile",
            what="with a TxProfile",
            after=asked.request,
            within=PLAN_TIME,
        )
        profile = planned(trace, asked)
        yield of_transaction("OCPP-K-CSMS-TX", profile, transaction_of(trace), 1)
        yield has_start("OCPP-K-CSMS-START", profile)


class TwoEvses(CsmsCase):
    """Two cars charge at one station, and the one that came first tells its needs.

    The profile is for its transaction. Given to the newer one, it makes the wrong car discharge.
    """

    id = "CSMS-OCPP-CHG-02"
    title = "With two transactions the profile is for the one whose EVSE has needs"
    area = "charging"
    requirements = ("OCPP-K-CSMS-TX",)
    pics = "ocpp_smart_charging"
    faults = {"profile-for-newest-transaction": "OCPP-K-CSMS-TX"}

    async def stimulate(self, bench: CsmsBench) -> None:
        """Starts at EVSE 1 and then at EVSE 2; tells needs for 1, then for 2."""
        async with bench.station.connect() as station:
            await station.boot()
            async with charging(bench, station, evse=1), charging(bench, station, evse=2, authorize=False):
                await plan(station, needs(evse=1))
                await plan(station, needs(evse=2))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at transaction and EVSE of both profiles."""
        accepted_boot(trace)
        for evse in (1, 2):
            asked = sent(trace, "NotifyEVChargingNeeds", where=lambda one, evse=evse: one["evseId"] == evse)
            yield of_transaction("OCPP-K-CSMS-TX", planned(trace, asked), transaction_of(trace, evse - 1), evse)


class ProfileShape(CsmsCase):
    """A car that negotiates by ISO 15118-20 takes three schedules, of as many periods as it says.

    What it cannot take is refused by the station, and the operator's plan is void.
    """

    id = "CSMS-OCPP-CHG-03"
    title = "The profile has three schedules at most, ordered periods from 0 on, and a valid form"
    area = "charging"
    requirements = ("OCPP-K15-SCHEDULES", "OCPP-K-CSMS-VALID")
    pics = "ocpp_smart_charging"
    faults = {
        "four-schedules": "OCPP-K15-SCHEDULES",
        "schedule-tuples-ignored": "OCPP-K15-SCHEDULES",
        "first-period-not-at-0": "OCPP-K-CSMS-VALID",
        "periods-out-of-order": "OCPP-K-CSMS-VALID",
        "dynamic-fields-on-absolute": "OCPP-K-CSMS-VALID",
    }

    async def stimulate(self, bench: CsmsBench) -> None:
        """Tells needs of a car that takes many periods, and of one that takes two."""
        async with bench.station.connect() as station:
            await station.boot()
            async with charging(bench, station):
                await plan(station, needs(departure=bench.stamp(6 * 3600.0), tuples=1024))
                await plan(station, needs(departure=bench.stamp(6 * 3600.0), tuples=2))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Counts schedules and periods, and looks at their order."""
        accepted_boot(trace)
        for nth in (0, 1):
            asked = sent(trace, "NotifyEVChargingNeeds", nth=nth)
            profile = planned(trace, asked)
            yield self._fits(profile, asked.payload["maxScheduleTuples"])
            yield valid("OCPP-K-CSMS-VALID", trace, profile)
            yield well_built("OCPP-K-CSMS-VALID", profile)

    def _fits(self, profile: RpcExchange, tuples: int) -> Observation:
        found = [one.get("chargingSchedulePeriod") for one in schedules(profile)]
        counts = [len(one) if isinstance(one, list) else 0 for one in found]
        return holds(
            "OCPP-K15-SCHEDULES",
            1 <= len(counts) <= 3 and max(counts) <= tuples,
            expected=f"one to three schedules of {tuples} periods at most",
            seen=f"{len(counts)} schedules of {', '.join(map(str, counts)) or 'no'} periods",
            at=profile.at,
        )


class DynamicProfile(CsmsCase):
    """A car in dynamic control follows one value that changes, and a profile for it has one schedule with one period.

    A second period is a plan that nobody can follow: the station refuses the whole profile.
    """

    id = "CSMS-OCPP-CHG-04"
    title = "For dynamic control there is one schedule, and a Dynamic profile has one period from 0"
    area = "charging"
    requirements = ("OCPP-K28-SHAPE",)
    pics = "ocpp_smart_charging and ocpp_dynamic_profiles"
    faults = {
        "dynamic-with-two-periods": "OCPP-K28-SHAPE",
        "two-schedules-for-dynamic-control": "OCPP-K28-SHAPE",
        "first-period-not-at-0": "OCPP-K28-SHAPE",
    }

    async def stimulate(self, bench: CsmsBench) -> None:
        """Tells the needs of a car in dynamic control."""
        async with bench.station.connect() as station:
            await station.boot()
            async with charging(bench, station):
                await plan(station, needs(control="DynamicControl", departure=bench.stamp(6 * 3600.0)))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Counts schedules and periods."""
        profile = planned(trace, sent(trace, "NotifyEVChargingNeeds"))
        kind = look(profile.payload, "chargingProfile.chargingProfileKind")
        found = periods(profile)
        yield holds(
            "OCPP-K28-SHAPE",
            len(schedules(profile)) == 1,
            expected="one schedule for dynamic control",
            seen=f"{len(schedules(profile))} schedules",
            at=profile.at,
        )
        if kind == "Dynamic":
            yield holds(
                "OCPP-K28-SHAPE",
                [one.get("startPeriod") for one in found] == [0],
                expected="one period with startPeriod 0",
                seen=f"periods at {', '.join(str(one.get('startPeriod')) for one in found) or 'no time'}",
                at=profile.at,
            )


class Processing(CsmsCase):
    """The optimiser takes its time, so the CSMS answers Processing and sends the profile later.

    Later is sixty seconds at most: the car gives up behind it.
    """

    id = "CSMS-OCPP-CHG-05"
    title = "Processing is followed by the profile within 60 s"
    area = "charging"
    requirements = ("OCPP-K15-60S",)
    pics = "ocpp_smart_charging"
    hooks = ("answer_needs",)
    faults = {"profile-after-needs-missing": "OCPP-K15-60S", "profile-after-needs-late": "OCPP-K15-60S"}

    async def stimulate(self, bench: CsmsBench) -> None:
        """Has the CSMS answer Processing, and waits."""
        async with bench.station.connect() as station:
            await station.boot()
            async with charging(bench, station):
                await bench.act("answer_needs", status="Processing")
                await plan(station, needs())
                await bench.act("answer_needs", status="Accepted")

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Waits for the profile behind Processing."""
        asked = sent(trace, "NotifyEVChargingNeeds")
        if asked.status != "Processing":
            raise Inconclusive(f"the CSMS did not answer Processing: {asked.status}")
        running = transaction_of(trace)
        yield received(
            "OCPP-K15-60S",
            trace,
            "SetChargingProfile",
            where=lambda one: look(one, "chargingProfile.transactionId") == running,
            what="for the transaction",
            after=asked.request,
            within=PLAN_TIME,
        )


class NoProfile(CsmsCase):
    """The CSMS says that it gives this car no profile: the station uses the default one, or ends the transaction.

    A profile that comes all the same sets a plan that the CSMS itself does not know of.
    """

    id = "CSMS-OCPP-CHG-06"
    title = "Rejected and NoChargingProfile are followed by no profile"
    area = "charging"
    requirements = ("OCPP-K15-CSMS-NONE",)
    pics = "ocpp_smart_charging"
    hooks = ("answer_needs",)
    faults = {"profile-after-refused-needs": "OCPP-K15-CSMS-NONE"}

    async def stimulate(self, bench: CsmsBench) -> None:
        """Has the CSMS refuse needs in both ways."""
        async with bench.station.connect() as station:
            await station.boot()
            async with charging(bench, station):
                await plan(station, needs())
                for status in ("NoChargingProfile", "Rejected"):
                    await bench.act("answer_needs", status=status)
                    await plan(station, needs())
                await bench.act("answer_needs", status="Accepted")

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Wants no TxProfile between a refusal and the next needs."""
        planned(trace, sent(trace, "NotifyEVChargingNeeds"))  # it does plan for this car where nobody forbids it
        asked = calls(trace, "NotifyEVChargingNeeds", sender=trace.tester)
        if [one.status for one in asked] != ["Accepted", "NoChargingProfile", "Rejected"]:
            raise Inconclusive(f"the CSMS answered {', '.join(str(one.status) for one in asked)}")
        refused, rejected = asked[1:]
        early = tx_profiles(trace, after=refused.request, before=rejected.request)
        yield holds(
            "OCPP-K15-CSMS-NONE",
            not early,
            expected="no TxProfile behind NoChargingProfile",
            seen=f"{len(early)} TxProfiles",
            at=(*refused.at, *(one.request.index for one in early)),
        )
        yield never_sent(
            "OCPP-K15-CSMS-NONE",
            trace,
            "SetChargingProfile",
            where=lambda one: look(one, "chargingProfile.chargingProfilePurpose") == "TxProfile",
            what="with a TxProfile behind Rejected",
            after=rejected.request,
            seconds=PLAN_TIME,
        )
        served_to_the_end(trace)


class StationTells(CsmsCase):
    """The energy management of the house lowers the limit, the car makes its own schedule, a driver asks for priority.

    The station tells each of these. A CSMS that refuses to hear of a limit that is not its own goes on planning with
    power that is not there.
    """

    id = "CSMS-OCPP-CHG-07"
    title = "Limits, schedules, reports and priority of a station are taken"
    area = "charging"
    requirements = ("OCPP-K-CSMS-STATUS",)
    pics = "ocpp_smart_charging"
    faults = {"ems-limit-refused": "OCPP-K-CSMS-STATUS", "ev-schedule-refused": "OCPP-K-CSMS-STATUS"}

    async def stimulate(self, bench: CsmsBench) -> None:
        """Tells limits of every source, a schedule of the car, a report of profiles and priority charging."""
        async with bench.station.connect() as station:
            await station.boot()
            async with charging(bench, station) as transaction:
                schedule = {
                    "id": 1,
                    "chargingRateUnit": "W",
                    "startSchedule": bench.stamp(),
                    "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 4200.0, "operationMode": "ChargingOnly"}],
                }
                profile = {
                    "id": 9,
                    "stackLevel": 0,
                    "chargingProfilePurpose": "ChargingStationExternalConstraints",
                    "chargingProfileKind": "Absolute",
                    "chargingSchedule": [schedule],
                }
                for source in ("EMS", "SO", "Other", "HouseBattery"):
                    limit = {"chargingLimitSource": source, "isGridCritical": source == "SO"}
                    told: dict[str, Any] = {"evseId": 1, "chargingLimit": limit, "chargingSchedule": [schedule]}
                    await station.call("NotifyChargingLimit", told)
                    await station.call("ClearedChargingLimit", {"chargingLimitSource": source, "evseId": 1})
                plan_of_car = {"timeBase": bench.stamp(), "evseId": 1, "chargingSchedule": schedule}
                await station.call("NotifyEVChargingSchedule", plan_of_car)
                report = {"requestId": 1, "chargingLimitSource": "EMS", "evseId": 1, "chargingProfile": [profile]}
                await station.call("ReportChargingProfiles", report)
                for activated in (True, False):
                    said = {"transactionId": transaction, "activated": activated}
                    await station.call("NotifyPriorityCharging", said)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Wants a result for each; a report that was not asked for may be refused."""
        accepted_boot(trace)
        names = ("NotifyChargingLimit", "ClearedChargingLimit", "NotifyEVChargingSchedule", "NotifyPriorityCharging")
        told = [one for name in names for one in calls(trace, name, sender=trace.tester)]
        if len(told) < 11:
            raise Inconclusive(f"{len(told)} of 11 messages were sent only")
        yield every("OCPP-K-CSMS-STATUS", [answered("OCPP-K-CSMS-STATUS", one) for one in told], what="messages")
        yield status_is("OCPP-K-CSMS-STATUS", sent(trace, "NotifyEVChargingSchedule"), "Accepted", "Rejected")


class Decimals(CsmsCase):
    """The operator sets 8.1 A. The station must get 8.1 A: not 8, and not an error because 8.1 / 0.1 is 80.999.

    One product refused 135 of the limits of one decimal, in what it was told to send and in what it was sent.
    """

    id = "CSMS-OCPP-CHG-08"
    title = "Every limit of one decimal survives, from the operator and from the station"
    area = "charging"
    requirements = ("OCPP-K-CSMS-ASKED", "OCPP-H-DECIMALS", "OCPP-K-CSMS-START")
    pics = "ocpp_smart_charging"
    hooks = ("set_charging_profile",)
    faults = {
        "limits-rounded": "OCPP-K-CSMS-ASKED",
        "81-tenths-refused": "OCPP-H-DECIMALS",
        "absolute-profile-without-start-schedule": "OCPP-K-CSMS-START",
    }

    async def stimulate(self, bench: CsmsBench) -> None:
        """Has the CSMS send 320 limits in one profile, and tells it the same 320 of an energy management."""
        course = [{"startPeriod": 60 * step, "limit": value} for step, value in enumerate(TENTHS)]
        schedule = {"id": 1, "chargingRateUnit": "A", "chargingSchedulePeriod": course}
        async with bench.station.connect() as station:
            await station.boot()
            told = {"chargingLimit": {"chargingLimitSource": "EMS"}, "evseId": 1, "chargingSchedule": [schedule]}
            await station.call("NotifyChargingLimit", told)
            mark = station.mark
            await bench.act("set_charging_profile", evse=1, periods=course, unit="A")
            await station.look_for("SetChargingProfile", within=bench.detection_time, since=mark)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Wants a result for the limit, and the same numbers in the profile."""
        accepted_boot(trace)
        yield answered("OCPP-H-DECIMALS", sent(trace, "NotifyChargingLimit"))
        profile = got(trace, "SetChargingProfile", nth=-1)
        yield has_start("OCPP-K-CSMS-START", profile)
        seen = [one.get("limit") for one in periods(profile)]
        off = next((f"{was} for {due}" for was, due in zip(seen, TENTHS, strict=False) if was != due), "")
        yield holds(
            "OCPP-K-CSMS-ASKED",
            len(seen) == len(TENTHS) and not off,
            expected=f"{len(TENTHS)} periods with the limits that the operator asked for",
            seen=off or f"{len(seen)} periods",
            at=profile.at,
        )


class ProfileIds(CsmsCase):
    """The operator sets two default profiles of different stack levels, to stay beside each other.

    A station replaces a profile by the one with the same id. With one id for all, the second order silently undoes the
    first.
    """

    id = "CSMS-OCPP-CHG-09"
    title = "Two profiles that stay beside each other have different ids"
    area = "charging"
    requirements = ("OCPP-K-CSMS-ID",)
    pics = "ocpp_smart_charging"
    hooks = ("set_charging_profile",)
    faults = {"reuses-profile-id": "OCPP-K-CSMS-ID"}

    async def stimulate(self, bench: CsmsBench) -> None:
        """Has the CSMS send default profiles for stack levels 1 and 2."""
        async with bench.station.connect() as station:
            await station.boot()
            for level, limit in ((1, 7000.5), (2, 3000.5)):
                mark = station.mark
                await bench.act(
                    "set_charging_profile",
                    evse=1,
                    purpose="TxDefaultProfile",
                    stack_level=level,
                    periods=[{"startPeriod": 0, "limit": limit}],
                )
                await station.look_for("SetChargingProfile", within=bench.detection_time, since=mark)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares the ids."""
        found = [
            one
            for limit in (7000.5, 3000.5)
            for one in calls(trace, "SetChargingProfile", sender=trace.dut)
            if [period.get("limit") for period in periods(one)] == [limit]
        ]
        accepted_boot(trace)
        levels = {str(look(one.payload, "chargingProfile.stackLevel")) for one in found}
        if len(found) < 2 or len(levels) < 2:
            raise Inconclusive(f"{len(found)} of the two profiles came, of {len(levels)} stack levels")
        ids = [str(look(one.payload, "chargingProfile.id")) for one in found]
        yield holds(
            "OCPP-K-CSMS-ID",
            len(set(ids)) == len(ids),
            expected="another id for each profile",
            seen=f"ids {', '.join(ids)}",
            at=tuple(one.request.index for one in found),
        )
