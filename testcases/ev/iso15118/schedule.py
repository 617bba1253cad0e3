"""ScheduleExchange and the power profile: what a car plans with what it is offered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar

from v2gready.authoring import ControlMode, Inconclusive, Observation, ServiceId, Trace, ev, holds
from v2gready.authoring import messages as m
from v2gready.authoring.ev import EvBench, EvCase, flows

TUPLE_IDS = (7, 12, 4)
LAG = 60.0
"""Seconds by which a profile may lag behind the schedule: it is made later, and begins with the same steps."""
DAY = 86_400


class ScheduleCase(EvCase):
    """A session up to the charge loop."""

    area = "schedule"
    control: ClassVar[ControlMode] = ControlMode.SCHEDULED
    changes: ClassVar[dict[str, Any]] = {}

    def prepare(self, bench: EvBench) -> None:
        """The charger."""
        flows.offer(bench, *bench.services, control=self.control, **self.changes)

    async def stimulate(self, bench: EvBench) -> None:
        """Plugs in and waits for the first loops."""
        self.prepare(bench)
        await bench.charge(3)


class OngoingSchedule(ScheduleCase):
    """A charger asks its back end for a schedule: until it is there, nothing is agreed on."""

    id = "EV-SCH-ONGOING-01"
    title = "ScheduleExchangeRes Ongoing five times: the car asks again, and does nothing else"
    requirements = ("H-EV-SCHEDULE-ONGOING",)
    pics = "scheduled"
    faults: ClassVar = {"schedule-ongoing-as-finished": "H-EV-SCHEDULE-ONGOING"}
    changes: ClassVar = {"schedule_ongoing": 5}

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """What follows each Ongoing, and the Finished at last."""
        ongoing = list(
            flows.told_where(trace, m.ScheduleExchangeRes, lambda one: one.EVSEProcessing is m.Processing.Ongoing)
        )
        if len(ongoing) < 5 and all(
            isinstance(one.next and one.next.request, m.ScheduleExchangeReq) for one in ongoing
        ):
            raise Inconclusive(f"Ongoing was told {len(ongoing)} times only: {trace.last_words()}")
        for one in ongoing:
            yield ev.next_is("H-EV-SCHEDULE-ONGOING", trace, one, m.ScheduleExchangeReq)
        done = ev.told(trace, m.ScheduleExchangeRes, where=lambda one: one.EVSEProcessing is m.Processing.Finished)
        yield ev.next_is("H-EV-SCHEDULE-ONGOING", trace, done, m.DC_CableCheckReq, m.PowerDeliveryReq)


class OfferedTuple(ScheduleCase):
    """Three schedules to choose from; their ids are any numbers."""

    id = "EV-SCH-TUPLE-01"
    title = "The power profile selects one of three schedule tuples that were offered"
    requirements = ("H-EV-SCHEDULE-TUPLE",)
    pics = "scheduled"
    faults: ClassVar = {
        "schedule-tuple-always-one": "H-EV-SCHEDULE-TUPLE",
        "schedule-tuple-not-offered": "H-EV-SCHEDULE-TUPLE",
    }
    changes: ClassVar = {"schedule_tuples": 3}

    def prepare(self, bench: EvBench) -> None:
        """Three tuples with ids of our own."""
        super().prepare(bench)
        flows.lenient_about_schedules(bench)

        def renamed(response: m.ScheduleExchangeRes) -> m.ScheduleExchangeRes:
            mode = response.SEResControlMode
            if not isinstance(mode, m.Scheduled_SEResControlMode):
                return response
            tuples = tuple(
                replace(one, ScheduleTupleID=id_) for one, id_ in zip(mode.ScheduleTuple, TUPLE_IDS, strict=True)
            )
            return replace(response, SEResControlMode=replace(mode, ScheduleTuple=tuples))

        bench.charger.alter(m.ScheduleExchangeRes, renamed)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Holds the selected id against the offer."""
        _, mode, selected = profile(trace)
        there = [one.ScheduleTupleID for one in _schedules(trace).ScheduleTuple]
        yield holds(
            "H-EV-SCHEDULE-TUPLE",
            mode in there and tuple(there) == TUPLE_IDS,
            expected=f"SelectedScheduleTupleID among {there}",
            seen=str(mode),
            at=selected.at,
        )


def _schedules(trace: Trace) -> m.Scheduled_SEResControlMode:
    told = ev.told(
        trace,
        m.ScheduleExchangeRes,
        where=lambda one: (
            one.EVSEProcessing is m.Processing.Finished
            and isinstance(one.SEResControlMode, m.Scheduled_SEResControlMode)
        ),
    )
    return told.message.SEResControlMode  # type: ignore[return-value] # the query fixed its type


def profile(trace: Trace) -> tuple[m.EVPowerProfile, int, ev.Asked[m.PowerDeliveryReq]]:
    """The first power profile of Scheduled mode, the tuple it selects, and the request that holds it.

    Raises:
        Inconclusive: Power delivery was started without one, or not at all.
    """
    start = flows.started(trace)
    told = start.request.EVPowerProfile
    if told is None or not isinstance(told.EVPPTControlMode, m.Scheduled_EVPPTControlMode):
        raise Inconclusive("power delivery was started without a power profile of Scheduled mode")
    return told, told.EVPPTControlMode.SelectedScheduleTupleID, start


class ProfileSent(ScheduleCase):
    """The charger plans with the profile: without one, of the wrong mode, or of 1970 it plans with nothing."""

    id = "EV-SCH-PROFILE-01"
    title = "Scheduled: power delivery starts with a power profile of that mode and of this time"
    requirements = ("H-EV-PROFILE",)
    pics = "scheduled"
    faults: ClassVar = {
        "profile-missing": "H-EV-PROFILE",
        "profile-of-other-mode": "H-EV-PROFILE",
        "profile-time-anchor-zero": "H-EV-PROFILE",
    }

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at the first start."""
        start = flows.started(trace)
        told = start.request.EVPowerProfile
        mode = None if told is None else told.EVPPTControlMode
        yield holds(
            "H-EV-PROFILE",
            isinstance(mode, m.Scheduled_EVPPTControlMode),
            expected="EVPowerProfile with Scheduled_EVPPTControlMode",
            seen="no EVPowerProfile" if told is None else type(mode).__name__,
            at=start.at,
        )
        if told is None:
            return
        now = start.request.Header.TimeStamp
        end = told.TimeAnchor + sum(one.Duration for one in told.EVPowerProfileEntries.EVPowerProfileEntry)
        yield holds(
            "H-EV-PROFILE",
            told.TimeAnchor - LAG <= now <= end,
            expected=f"a profile that covers {now}",
            seen=f"{told.TimeAnchor} to {end}",
            at=start.at,
        )


class ProfileWithinSchedule(ScheduleCase):
    """The schedule is what the site can give: a profile above it blows its fuse, or is refused."""

    id = "EV-SCH-PROFILE-02"
    title = "Scheduled: the power profile is within the schedule"
    requirements = ("H-EV-PROFILE-LIMIT",)
    pics = "scheduled"
    faults: ClassVar = {"profile-above-schedule": "H-EV-PROFILE-LIMIT"}
    changes: ClassVar = {"schedule": ((900, 0.2), (1800, 0.05), (900, 0.15), (DAY, 0.1))}

    def prepare(self, bench: EvBench) -> None:
        """Steps below what the car can take; the SECC would take any profile."""
        super().prepare(bench)
        flows.lenient_about_schedules(bench)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Every entry against the most that the schedule holds about then."""
        told, tuple_id, start = profile(trace)
        chosen = next((one for one in _schedules(trace).ScheduleTuple if one.ScheduleTupleID == tuple_id), None)
        if chosen is None:
            raise Inconclusive("the profile selects a tuple that was not offered")
        way = chosen.DischargingSchedule or chosen.ChargingSchedule
        schedule = _steps(chosen.ChargingSchedule.PowerSchedule)
        giving = _steps(way.PowerSchedule) if chosen.DischargingSchedule is not None else []
        above = []
        at = float(told.TimeAnchor)
        for entry in told.EVPowerProfileEntries.EVPowerProfileEntry:
            watts, until = flows.total(entry, "Power") or 0.0, at + entry.Duration
            allowed = schedule if watts >= 0 else giving
            for begin, _, _ in [(at, until, 0.0), *(one for one in schedule if at < one[0] < until)]:
                # What the profile may lag behind is over here, if it lasts so long.
                instant = min(begin + LAG + 1.0, until)
                most = max((power for a, b, power in allowed if a < instant and b > instant - LAG - 1.0), default=None)
                if most is not None and abs(watts) > 1.01 * most + 1.0:
                    above.append(f"{watts:.0f} W where {most:.0f} W are offered")
            at = until
        yield holds(
            "H-EV-PROFILE-LIMIT",
            not above,
            expected="no entry above the schedule",
            seen="; ".join(above[:3]) or f"{len(told.EVPowerProfileEntries.EVPowerProfileEntry)} entries within it",
            at=start.at,
        )


def _steps(power: m.PowerSchedule) -> list[tuple[float, float, float]]:
    """A schedule as (begin, end, W)."""
    found, at = [], float(power.TimeAnchor)
    for one in power.PowerScheduleEntries.PowerScheduleEntry:
        found.append((at, at + one.Duration, flows.limit(one, "Power")))
        at += one.Duration
    return found


class ProfileKept(ScheduleCase):
    """What the profile promises, the charger has sold to its grid: more than that is a violation."""

    id = "EV-SCH-PROFILE-03"
    title = "Scheduled, AC: the car takes no more than its profile"
    requirements = ("H-EV-PROFILE-KEPT",)
    pics = "(ac or ac_bpt) and scheduled"
    instruments = ("vehicle_meter",)
    faults: ClassVar = {"profile-not-kept": "H-EV-PROFILE-KEPT"}
    changes: ClassVar = {"schedule": ((3600, 0.15), (DAY, 0.1))}

    async def stimulate(self, bench: EvBench) -> None:
        """Charges for some seconds with a schedule of 3.3 kW."""
        flows.offer(bench, bench.service(dc=False), control=self.control, **self.changes)
        await bench.charge(60)
        await bench.wait(0.5)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The meter against the first entry of the profile."""
        told, _, start = profile(trace)
        first = told.EVPowerProfileEntries.EVPowerProfileEntry[0]
        most = flows.limit(first, "Power")
        until = min(trace.records[-1].t, start.frame.t + first.Duration - 1.0)
        flows.flows(trace, start.frame.t, until, least=0.4 * most)
        yield flows.stays_within(
            "H-EV-PROFILE-KEPT", trace, (-most, most), start.frame.t, until, at=start.at, what="within the profile"
        )


class ToleranceAnswered(ScheduleCase):
    """A charger that offers a tolerance wants to know whether the car keeps to it."""

    id = "EV-SCH-TOLER-01"
    title = "PowerTolerance in the schedule is answered by PowerToleranceAcceptance"
    requirements = ("H-EV-POWER-TOLERANCE",)
    pics = "scheduled"
    faults: ClassVar = {"power-tolerance-unanswered": "H-EV-POWER-TOLERANCE"}
    changes: ClassVar = {"power_tolerance": 500.0}

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Either answer is one."""
        _, tuple_id, start = profile(trace)
        chosen = next((one for one in _schedules(trace).ScheduleTuple if one.ScheduleTupleID == tuple_id), None)
        if chosen is None or chosen.ChargingSchedule.PowerSchedule.PowerTolerance is None:
            raise Inconclusive("the schedule selected has no PowerTolerance")
        mode: Any = start.request.EVPowerProfile.EVPPTControlMode  # type: ignore[union-attr] # `profile` has seen it
        yield holds(
            "H-EV-POWER-TOLERANCE",
            mode.PowerToleranceAcceptance is not None,
            expected="PowerToleranceAcceptance",
            seen=str(mode.PowerToleranceAcceptance),
            at=start.at,
        )


class LongSchedule(ScheduleCase):
    """Quarters of an hour for a week and a half: a car that asks for 1024 entries gets them one day."""

    id = "EV-SCH-POINTS-01"
    title = "A schedule of MaximumSupportingPoints entries is usable"
    requirements = ("H-EV-SCHEDULE-POINTS",)
    pics = "scheduled"
    faults: ClassVar = {"schedule-long-fatal": "H-EV-SCHEDULE-POINTS"}
    changes: ClassVar = {"schedule": tuple((900, 0.5 if n % 2 else 0.4) for n in range(1024)), "price_levels": False}

    def prepare(self, bench: EvBench) -> None:
        """1024 entries, or as many as the car says: the SECC keeps to that."""
        flows.offer(bench, *bench.services[:1], control=self.control, **self.changes)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The car goes on behind it."""
        asked = ev.asked(trace, m.ScheduleExchangeReq)
        told = ev.told(trace, m.ScheduleExchangeRes)
        there = len(
            _schedules(trace).ScheduleTuple[0].ChargingSchedule.PowerSchedule.PowerScheduleEntries.PowerScheduleEntry
        )
        if there != asked.request.MaximumSupportingPoints:
            raise Inconclusive(f"{there} entries were sent, {asked.request.MaximumSupportingPoints} are supported")
        yield ev.next_is("H-EV-SCHEDULE-POINTS", trace, told, m.DC_CableCheckReq, m.PowerDeliveryReq)


class SocPair(ScheduleCase):
    """Half of the pair says nothing: a minimum without a target leaves open how full the battery is to be."""

    id = "EV-SCH-SOC-01"
    title = "Dynamic: MinimumSOC and TargetSOC both or neither"
    requirements = ("V2G20-2681",)
    pics = "dynamic"
    faults: ClassVar = {"soc-pair-incomplete": "V2G20-2681"}
    control = ControlMode.DYNAMIC

    async def stimulate(self, bench: EvBench) -> None:
        """A session up to the schedule."""
        self.prepare(bench)
        await bench.plug_in()
        await bench.charger.wait_for(m.ScheduleExchangeReq)
        await bench.charger.no_session(0.5)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at the request."""
        asked = flows.answered(ev.asked(trace, m.ScheduleExchangeReq))
        mode = asked.request.SEReqControlMode
        if not isinstance(mode, m.Dynamic_SEReqControlMode):
            raise Inconclusive("the request is not of Dynamic mode")
        low, high = mode.MinimumSOC, mode.TargetSOC
        yield holds(
            "V2G20-2681",
            (low is None) == (high is None),
            expected="MinimumSOC and TargetSOC both or neither",
            seen=f"MinimumSOC {low}, TargetSOC {high}",
            at=asked.at,
        )


class EnergyRequests(SocPair):
    """A minimum above the maximum cannot be charged by anybody."""

    id = "EV-SCH-ENERGY-01"
    title = "Energy requests are in order: minimum, target, maximum"
    requirements = ("H-EV-ENERGY-REQUESTS",)
    pics = "dynamic"
    faults: ClassVar = {"energy-requests-out-of-order": "H-EV-ENERGY-REQUESTS"}

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Compares the three."""
        asked = flows.answered(ev.asked(trace, m.ScheduleExchangeReq))
        mode: Any = asked.request.SEReqControlMode
        names = ("EVMinimumEnergyRequest", "EVTargetEnergyRequest", "EVMaximumEnergyRequest")
        values = [float(value) for name in names if (value := getattr(mode, name)) is not None]
        if len(values) < 2:
            raise Inconclusive("the car told fewer than two energies")
        yield holds(
            "H-EV-ENERGY-REQUESTS",
            values == sorted(values),
            expected="minimum <= target <= maximum",
            seen=", ".join(f"{value:g} Wh" for value in values),
            at=asked.at,
        )


class RequestMode(ScheduleCase):
    """The schedule is asked for in the control mode of the parameter set that was selected."""

    requirements: ClassVar = ("H-EV-MODE",)
    faults: ClassVar = {"schedule-of-other-mode": "H-EV-MODE"}

    async def stimulate(self, bench: EvBench) -> None:
        """A session up to the schedule."""
        self.prepare(bench)
        await bench.plug_in()
        await bench.charger.wait_for(m.ScheduleExchangeReq)
        await bench.charger.no_session(0.5)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Holds the mode against the parameter set."""
        yield flows.fits("H-EV-MODE", trace, ev.asked(trace, m.ScheduleExchangeReq), control=True)


class ScheduledRequest(RequestMode):
    """Scheduled: the car plans, and needs a schedule to plan with."""

    id = "EV-SCH-KIND-01"
    title = "Scheduled set: ScheduleExchangeReq in Scheduled mode"
    pics = "scheduled"


class DynamicRequest(RequestMode):
    """Dynamic: the charger plans, and needs the needs of the driver."""

    id = "EV-SCH-KIND-02"
    title = "Dynamic set: ScheduleExchangeReq in Dynamic mode"
    pics = "dynamic"
    control = ControlMode.DYNAMIC


class AnswerNotInKind(ScheduleCase):
    """A Dynamic answer to a Scheduled request: each side believes that the other one steers."""

    id = "EV-SCH-INKIND-01"
    title = "ScheduleExchangeRes of the other control mode ends the session"
    requirements = ("H-EV-NOT-IN-KIND",)
    pics = "scheduled"
    faults: ClassVar = {"schedule-mode-not-in-kind-accepted": "H-EV-NOT-IN-KIND"}

    async def stimulate(self, bench: EvBench) -> None:
        """Answers in Dynamic mode."""
        self.prepare(bench)
        flows.lenient_about_schedules(bench)
        bench.charger.alter(
            m.ScheduleExchangeRes, lambda one: replace(one, SEResControlMode=m.Dynamic_SEResControlMode())
        )
        await bench.plug_in()
        await bench.charger.ended(within=60.0)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Nothing but a farewell behind it."""
        told = ev.told(
            trace,
            m.ScheduleExchangeRes,
            where=lambda one: isinstance(one.SEResControlMode, m.Dynamic_SEResControlMode),
        )
        if not isinstance(
            getattr(told.asked and told.asked.message, "SEReqControlMode", None), m.Scheduled_SEReqControlMode
        ):
            raise Inconclusive("the request was not of Scheduled mode")
        yield ev.nothing_but_stop("H-EV-NOT-IN-KIND", trace, told.frame, within=20.0)


class DischargingSchedule(EvCase):
    """What the site can take back is less than the outlet could: the second schedule of the tuple says so."""

    id = "EV-SCH-GIVING-01"
    title = "Scheduled, AC: the car gives no more than the DischargingSchedule"
    area = "schedule"
    requirements = ("H-EV-DISCHARGING-SCHEDULE",)
    pics = "ac_bpt and scheduled"
    hooks = ("plug_in", "set_power")
    instruments = ("vehicle_meter",)
    faults: ClassVar = {"discharging-schedule-ignored": "H-EV-DISCHARGING-SCHEDULE"}

    async def stimulate(self, bench: EvBench) -> None:
        """A schedule of a fifth of 11 kW, and a driver who wants to give 5 kW."""
        flows.offer(
            bench,
            ServiceId.AC_BPT,
            control=ControlMode.SCHEDULED,
            schedule=((3600, 0.2), (DAY, 0.2)),
            schedule_tuples=1,
        )
        await bench.act("set_power", watts=-5_000)
        await bench.charge(60)
        await bench.wait(0.5)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The meter against the schedule; and it must show that the car gives."""
        _, tuple_id, start = profile(trace)
        chosen = next((one for one in _schedules(trace).ScheduleTuple if one.ScheduleTupleID == tuple_id), None)
        if chosen is None or chosen.DischargingSchedule is None:
            raise Inconclusive("no discharging schedule was selected")
        most = _steps(chosen.DischargingSchedule.PowerSchedule)[0][2]
        since, until = start.frame.t, trace.records[-1].t
        if flows.flows(trace, since, until, least=0.4 * most).value > 0:
            raise Inconclusive("the car charged: nothing can be said about discharging")
        yield flows.stays_within(
            "H-EV-DISCHARGING-SCHEDULE",
            trace,
            (-most, most),
            since,
            until,
            at=start.at,
            what="within the discharging schedule",
        )
