"""What a vehicle needs, and the schedules that a CSMS answers with (K15 to K19)."""

from __future__ import annotations

from collections.abc import Iterator
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
    got,
    holds,
    look,
    not_accepted,
    period,
    power_within,
    profile,
    received,
    sent,
    start_transaction,
    still_serves,
    taken,
    valid,
)

SET, NEEDS, EVENT = "SetChargingProfile", "NotifyEVChargingNeeds", "TransactionEvent"
TX_DEFAULT = "TxDefaultProfile"
LOW, MIDDLE, HIGH = 3000.0, 5000.0, 8000.0


def with_id(number: int) -> Any:
    """Tells the SetChargingProfile of a profile."""
    return lambda one: one["chargingProfile"]["id"] == number


class ProfileCase(StationCase):
    """What the cases about profiles share."""

    area = "charging"
    pics = "ocpp_smart_charging"


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
