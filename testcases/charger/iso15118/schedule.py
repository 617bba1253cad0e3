"""Schedule exchange: an answer in kind, with schedules that a car can hold and follow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from v2gready.authoring import (
    ChargerBench,
    ChargerCase,
    ControlMode,
    Exchange,
    Inconclusive,
    Observation,
    Severity,
    Trace,
    energy,
    holds,
    refused,
    wire,
)
from v2gready.authoring import messages as m

ROUNDING = 1.01
"""A RationalNumber may lose a little of a power."""
DEPARTURE = 7_200
"""Seconds until the car leaves, as it tells."""


def offered(trace: Trace) -> tuple[Exchange[m.ScheduleExchangeReq], tuple[m.ScheduleTuple, ...]]:
    """The last exchange, and its schedules.

    Raises:
        Inconclusive: The charger offered none.
    """
    exchange = trace.exchange(m.ScheduleExchangeReq, nth=-1)
    mode = wire.mode_of(exchange.answer)
    if not isinstance(mode, m.Scheduled_SEResControlMode):
        raise Inconclusive(f"no schedule was offered: {trace.last_words()}")
    return exchange, mode.ScheduleTuple


def entries(schedule: m.ChargingSchedule) -> tuple[m.PowerScheduleEntry, ...]:
    """The steps of one schedule."""
    return schedule.PowerSchedule.PowerScheduleEntries.PowerScheduleEntry


class _Exchange(ChargerCase):
    area = "schedule"
    control: ClassVar[ControlMode] = ControlMode.SCHEDULED
    points: ClassVar[int] = 1024
    bpt: ClassVar[bool | None] = None

    async def stimulate(self, bench: ChargerBench) -> None:
        """Goes as far as a finished ScheduleExchange."""
        async with bench.ev.session(
            service=bench.service(bpt=self.bpt),
            control=self.control,
            supporting_points=self.points,
            departure=DEPARTURE,
        ) as session:
            await session.reach(m.ScheduleExchangeReq)
            while session.evcc.next_type is m.ScheduleExchangeReq:
                await session.proceed()
            await session.leave()


class ScheduledInKind(_Exchange):
    """A car in Scheduled mode is offered one to three schedules with ids of their own. Prices are only noted."""

    id = "CHG-SCH-KIND-01"
    title = "Scheduled mode is answered by schedules"
    requirements = ("V2G20-1600", "H-SCHEDULE-TUPLES", "V2G20-2176")
    pics = "scheduled"
    faults = {"answers-other-control-mode": "V2G20-1600", "schedule-ids-repeated": "H-SCHEDULE-TUPLES"}

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """In kind, with unique ids; a missing price schedule is no more than a remark."""
        yield wire.in_kind("V2G20-1600", trace.exchange(m.ScheduleExchangeReq, nth=-1))
        exchange, schedules = offered(trace)
        ids = [one.ScheduleTupleID for one in schedules]
        yield holds(
            "H-SCHEDULE-TUPLES",
            len(set(ids)) == len(ids) <= 3,
            expected="one to three different ids",
            seen=ids,
            at=exchange.at,
        )
        priced = any(one.ChargingSchedule.PriceSchedule is not None for one in schedules)
        yield holds(
            "V2G20-2176",
            priced,
            expected="a price schedule",
            seen="one" if priced else "none",
            at=exchange.at,
            severity=Severity.INFO,
        )


class DynamicInKind(_Exchange):
    """A car in Dynamic mode tells its needs, and the answer is of Dynamic mode too."""

    id = "CHG-SCH-KIND-02"
    title = "Dynamic mode is answered in Dynamic mode"
    requirements = ("V2G20-1600",)
    pics = "dynamic"
    faults = {"answers-other-control-mode": "V2G20-1600"}
    control = ControlMode.DYNAMIC

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """In kind."""
        yield wire.in_kind("V2G20-1600", trace.exchange(m.ScheduleExchangeReq, nth=-1))


class SupportingPoints(_Exchange):
    """A car that can hold 12 steps is not sent more: an embedded EVCC has nowhere to put them."""

    id = "CHG-SCH-POINTS-01"
    title = "MaximumSupportingPoints is kept"
    requirements = ("H-SUPPORTING-POINTS",)
    pics = "scheduled"
    faults = {"too-many-schedule-entries": "H-SUPPORTING-POINTS"}
    points = 12

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """No schedule has more than 12 steps."""
        exchange, schedules = offered(trace)
        for one in schedules:
            for schedule in filter(None, (one.ChargingSchedule, one.DischargingSchedule)):
                steps = len(entries(schedule))
                yield holds(
                    "H-SUPPORTING-POINTS",
                    steps <= self.points,
                    expected=f"at most {self.points} entries",
                    seen=f"{steps} entries in schedule {one.ScheduleTupleID}",
                    at=exchange.at,
                )


class WithinLimits(_Exchange):
    """A schedule promises no more power than the charger announced in ChargeParameterDiscovery."""

    id = "CHG-SCH-LIMITS-01"
    title = "Schedules stay within the announced power"
    requirements = ("H-SCHEDULE-LIMITS",)
    pics = "scheduled"
    faults = {"schedule-above-limits": "H-SCHEDULE-LIMITS"}

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The largest step of each schedule against EVSEMaximumChargePower."""
        exchange, schedules = offered(trace)
        mode = wire.mode_of(trace.exchange(m.ChargeParameterDiscoveryReq).answer)
        most = energy.total(mode, "EVSEMaximumChargePower") or 0.0
        for one in schedules:
            peak = max(energy.total(step, "Power") or 0.0 for step in entries(one.ChargingSchedule))
            yield holds(
                "H-SCHEDULE-LIMITS",
                peak <= ROUNDING * most,
                expected=f"at most {most:g} W",
                seen=f"{peak:g} W in schedule {one.ScheduleTupleID}",
                at=exchange.at,
            )


class CoversTheStay(_Exchange):
    """A car that leaves in two hours is offered schedules that last until then."""

    id = "CHG-SCH-COVERS-01"
    title = "Schedules last until the departure"
    requirements = ("H-SCHEDULE-COVERS",)
    pics = "scheduled"
    faults = {"schedule-too-short": "H-SCHEDULE-COVERS"}

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """TimeAnchor and durations reach to the departure, a minute apart at most."""
        exchange, schedules = offered(trace)
        leaves = exchange.sent.Header.TimeStamp + DEPARTURE
        for one in schedules:
            steps = entries(one.ChargingSchedule)
            # Some stations anchor their schedule at zero and mean now.
            begins = one.ChargingSchedule.PowerSchedule.TimeAnchor or exchange.sent.Header.TimeStamp
            ends = begins + sum(step.Duration for step in steps)
            yield holds(
                "H-SCHEDULE-COVERS",
                ends >= leaves - 60,
                expected=f"an end at Unix time {leaves} or later",
                seen=f"{ends} in schedule {one.ScheduleTupleID}",
                at=exchange.at,
            )


class DischargingSchedule(_Exchange):
    """A bidirectional car in Scheduled mode is told when and how much it may discharge."""

    id = "CHG-SCH-BPT-01"
    title = "A bidirectional schedule has two directions"
    requirements = ("H-SCHEDULE-BPT",)
    pics = "scheduled and (dc_bpt or ac_bpt)"
    faults = {"discharging-schedule-missing": "H-SCHEDULE-BPT"}
    bpt = True

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Every schedule has a DischargingSchedule."""
        exchange, schedules = offered(trace)
        lacking = [one.ScheduleTupleID for one in schedules if one.DischargingSchedule is None]
        yield holds(
            "H-SCHEDULE-BPT",
            not lacking,
            expected="a DischargingSchedule in every schedule",
            seen=f"none in {lacking}" if lacking else "one in each",
            at=exchange.at,
        )


class OtherControlMode(ChargerCase):
    """After a parameter set of Scheduled mode was selected, a ScheduleExchangeReq of Dynamic mode is refused."""

    id = "CHG-SCH-MODE-01"
    title = "The selected control mode is kept"
    area = "schedule"
    requirements = ("V2G20-1600",)
    pics = "scheduled and dynamic"
    faults = {"control-mode-not-checked": "V2G20-1600"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Selects Scheduled and asks for Dynamic."""
        async with bench.ev.session(control=ControlMode.SCHEDULED) as session:
            await session.reach(m.ScheduleExchangeReq)
            session.change_plan(control=ControlMode.DYNAMIC)
            await session.proceed()
            await session.silence(1)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The answer is a FAILED code; which, the sources do not say."""
        yield refused("V2G20-1600", trace.exchange(m.ScheduleExchangeReq))
