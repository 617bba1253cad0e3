"""Renegotiation: another schedule or another service within the session, and what becomes of a refusal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar

from v2gready.authoring import Inconclusive, Observation, Trace, ev, holds, wire
from v2gready.authoring import messages as m
from v2gready.authoring.ev import EvBench, EvCase

Renegotiate = m.ChargingSession.ServiceRenegotiation
DELAY = 5
"""NotificationMaxDelay that the cases tell, in s."""


def again(request: m.PowerDeliveryReq) -> bool:
    """PowerDeliveryReq(ScheduleRenegotiation)."""
    return request.ChargeProgress is m.ChargeProgress.ScheduleRenegotiation


def notified(trace: Trace, kind: m.EvseNotification) -> ev.Told[m.ChargeLoopRes]:
    """The first loop response with that notification."""
    return ev.told(trace, m.ChargeLoopRes, where=lambda one: wire.notification(one) is kind)


def following(trace: Trace, record: ev.Told[Any], count: int) -> list[ev.Asked[Any]]:
    """The requests behind a response of ours that are no charge loops."""
    return [one for one in ev.later(trace, record.frame) if not isinstance(one.request, m.ChargeLoopReq)][:count]


class ScheduleAtTheChargersWish(EvCase):
    """The grid is short of power: the charger asks for another schedule, and energy goes on flowing meanwhile.

    A car that ignores it keeps to a schedule that is gone; one that ends has to be authorised again.
    """

    area = "renegotiation"
    requirements = ("H-EV-SCHED-RENEGOTIATION",)
    hooks = ("plug_in", "prefer")
    dc: ClassVar[bool]

    async def stimulate(self, bench: EvBench) -> None:
        """Charges, asks for another schedule, and watches."""
        bench.charger.configure(services=(bench.service(dc=self.dc),))
        await bench.act("prefer", control="scheduled")
        await bench.charge(10)
        bench.charger.notify(m.EvseNotification.ScheduleRenegotiation, delay=DELAY)
        await bench.charger.wait_for(m.PowerDeliveryReq, nth=2, within=DELAY + 8.0)
        await bench.charge_on(3)
        await bench.charger.no_session(0.5)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The time, the order, and loops behind it."""
        told = notified(trace, m.EvseNotification.ScheduleRenegotiation)
        behind = ev.later(trace, told.frame)
        power = next((one for one in behind if isinstance(one.request, m.PowerDeliveryReq)), None)
        yield ev.reacts_within(
            "H-EV-SCHED-RENEGOTIATION",
            trace,
            told.frame,
            None if power is None else power.frame,
            DELAY,
            what="time from the notification to PowerDeliveryReq",
        )
        if power is None:
            return
        seen = [type(one.request).__name__ for one in following(trace, told, 3)]
        loops = [
            one for one in behind if isinstance(one.request, m.ChargeLoopReq) and one.frame.index > power.frame.index
        ]
        expected = ["PowerDeliveryReq", "ScheduleExchangeReq", "PowerDeliveryReq"]
        yield holds(
            "H-EV-SCHED-RENEGOTIATION",
            again(power.request) and seen == expected and bool(loops),
            expected="PowerDeliveryReq(ScheduleRenegotiation), ScheduleExchangeReq, PowerDeliveryReq, charge loops",
            seen=f"PowerDeliveryReq({power.request.ChargeProgress.name}), {', '.join(seen[1:])}, {len(loops)} loops",
            at=(told.frame.index, power.frame.index),
        )


class ScheduleDc(ScheduleAtTheChargersWish):
    """DC: as any renegotiation; the outlet is live, so that a second cable check would be one under voltage."""

    id = "EV-REN-SCHED-01"
    title = "DC: the charger asks for another schedule"
    pics = "schedule_renegotiation and scheduled and (dc or dc_bpt)"
    faults: ClassVar = {
        "schedule-renegotiation-ignored": "H-EV-SCHED-RENEGOTIATION",
        "schedule-renegotiation-ends": "H-EV-SCHED-RENEGOTIATION",
        "schedule-renegotiation-repeats-cable-check": "H-EV-SCHED-RENEGOTIATION",
        "notification-late": "H-EV-SCHED-RENEGOTIATION",
    }
    dc = True


class ScheduleAc(ScheduleAtTheChargersWish):
    """AC: the same, the contactor stays closed."""

    id = "EV-REN-SCHED-02"
    title = "AC: the charger asks for another schedule"
    pics = "schedule_renegotiation and scheduled and (ac or ac_bpt)"
    faults: ClassVar = {
        "schedule-renegotiation-ignored": "H-EV-SCHED-RENEGOTIATION",
        "schedule-renegotiation-ends": "H-EV-SCHED-RENEGOTIATION",
        "notification-late": "H-EV-SCHED-RENEGOTIATION",
    }
    dc = False


class LowerSchedule(EvCase):
    """The new schedule has a tenth of the power: the profile behind it promises no more than that."""

    id = "EV-REN-SCHED-03"
    title = "The power profile keeps to the schedule of the renegotiation"
    area = "renegotiation"
    requirements = ("H-EV-SCHED-PROFILE",)
    pics = "schedule_renegotiation and scheduled"
    hooks = ("plug_in", "prefer")
    faults: ClassVar = {
        "schedule-renegotiation-keeps-profile": "H-EV-SCHED-PROFILE",
        "profile-above-schedule": "H-EV-SCHED-PROFILE",
    }
    watts: ClassVar = 1_000

    async def stimulate(self, bench: EvBench) -> None:
        """The second schedule is a low one."""
        bench.charger.alter(m.ScheduleExchangeRes, self.lowered, nth=1)
        bench.charger.overlook(ev.Check.PROFILE, ev.Check.PROFILE_KEPT)
        await bench.act("prefer", control="scheduled")
        await bench.charge(10)
        bench.charger.notify(m.EvseNotification.ScheduleRenegotiation, delay=DELAY)
        await bench.charger.wait_for(m.PowerDeliveryReq, nth=2, within=30.0)
        await bench.charger.no_session(1.0)

    def lowered(self, response: m.ScheduleExchangeRes) -> m.ScheduleExchangeRes:
        """The same tuples with little power, the sum of all phases."""
        mode = response.SEResControlMode
        if not isinstance(mode, m.Scheduled_SEResControlMode):
            return response
        low = m.RationalNumber.of(self.watts)
        tuples = []
        for one in mode.ScheduleTuple:
            power = one.ChargingSchedule.PowerSchedule
            entries = tuple(
                replace(entry, Power=low, Power_L2=None, Power_L3=None)
                for entry in power.PowerScheduleEntries.PowerScheduleEntry
            )
            listed = replace(power.PowerScheduleEntries, PowerScheduleEntry=entries)
            charging = replace(one.ChargingSchedule, PowerSchedule=replace(power, PowerScheduleEntries=listed))
            tuples.append(replace(one, ChargingSchedule=charging))
        return replace(response, SEResControlMode=replace(mode, ScheduleTuple=tuple(tuples)))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The highest power of the profile against the highest of the schedule."""
        asked = ev.asked(trace, m.PowerDeliveryReq, where=again)
        schedule = next(
            (
                one
                for one in ev.later(trace, asked.frame)
                if isinstance(one.answer, m.ScheduleExchangeRes) and one.answer.EVSEProcessing is m.Processing.Finished
            ),
            None,
        )
        if schedule is None:
            raise Inconclusive(f"there was no second schedule: {trace.last_words()}")
        start = next(
            (one for one in ev.later(trace, schedule.frame) if isinstance(one.request, m.PowerDeliveryReq)), None
        )
        profile = None if start is None else start.request.EVPowerProfile
        if start is None or profile is None:
            raise Inconclusive(f"no profile came behind the second schedule: {trace.last_words()}")
        most = max(
            float(entry.Power)
            for one in schedule.answer.SEResControlMode.ScheduleTuple
            for entry in one.ChargingSchedule.PowerSchedule.PowerScheduleEntries.PowerScheduleEntry
        )
        seen = max(float(one.Power) for one in profile.EVPowerProfileEntries.EVPowerProfileEntry)
        yield holds(
            "H-EV-SCHED-PROFILE",
            seen <= most * 1.001,
            expected=f"at most {most:g} W",
            seen=f"{seen:g} W",
            at=(schedule.frame.index, start.frame.index),
        )


class ScheduleRefused(EvCase):
    """The car would like another schedule, and the charger has none: nothing has changed, so the car charges on.

    A car that sends ScheduleExchangeReq all the same is out of order, and its session ends.
    """

    id = "EV-REN-REFUSED-01"
    title = "WARNING_ScheduleRenegotiationFailed: the old schedule stays in force"
    area = "renegotiation"
    requirements = ("H-EV-SCHED-REFUSED",)
    pics = "schedule_renegotiation and scheduled"
    hooks = ("plug_in", "prefer", "renegotiate_schedule")
    faults: ClassVar = {"schedule-refusal-ignored": "H-EV-SCHED-REFUSED"}

    async def stimulate(self, bench: EvBench) -> None:
        """The car asks, the charger refuses."""
        bench.charger.configure(schedule_renegotiation=False)
        await bench.act("prefer", control="scheduled")
        await bench.charge(10)
        await bench.act("renegotiate_schedule")
        await bench.charger.wait_for(m.PowerDeliveryReq, again, within=20.0)
        await bench.charger.no_session(5.0)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """What comes next."""
        asked = ev.asked(trace, m.PowerDeliveryReq, where=again)
        code = getattr(asked.answer, "ResponseCode", None)
        if asked.answered is None or code is not m.ResponseCode.WARNING_ScheduleRenegotiationFailed:
            raise Inconclusive("the renegotiation was not refused")
        warned = ev.told_by(trace, asked.answered)
        yield ev.next_is("H-EV-SCHED-REFUSED", trace, warned, m.ChargeLoopReq, m.PowerDeliveryReq, m.SessionStopReq)


class ServiceCase(EvCase):
    """The charger wants another service: the car stops power, and chooses again, in the same session.

    Josev's car ended its session there.
    """

    area = "renegotiation"
    requirements = ("H-EV-SERVICE-NOTIFIED", "V2G20-1477")
    dc: ClassVar[bool]

    async def stimulate(self, bench: EvBench) -> None:
        """Charges, asks for a renegotiation, and waits for the second round."""
        bench.charger.configure(services=(bench.service(dc=self.dc),), notification_delay=DELAY)
        await bench.charge(10)
        bench.charger.notify(m.EvseNotification.ServiceRenegotiation, delay=DELAY)
        await bench.charger.wait_for(m.ServiceDiscoveryReq, nth=1, within=DELAY + 20.0)
        await bench.charge_on(3, within=30.0)
        await bench.charger.no_session(0.5)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Time and kind of the stop; ServiceDiscovery with the old id on the same connection; loops again."""
        told = notified(trace, m.EvseNotification.ServiceRenegotiation)
        behind = ev.later(trace, told.frame)
        power = next((one.frame for one in behind if isinstance(one.request, m.PowerDeliveryReq)), None)
        yield ev.reacts_within(
            "H-EV-SERVICE-NOTIFIED",
            trace,
            told.frame,
            power,
            DELAY,
            what="time from the notification to PowerDeliveryReq",
        )
        stop = next((one for one in behind if isinstance(one.request, m.SessionStopReq)), None)
        if stop is None or power is None:
            raise Inconclusive(f"the car did not stop: {trace.last_words()}")
        how = stop.request.ChargingSession
        progress = power.message.ChargeProgress
        yield holds(
            "H-EV-SERVICE-NOTIFIED",
            how is Renegotiate and progress is m.ChargeProgress.Stop,
            expected="PowerDeliveryReq(Stop), SessionStopReq(ServiceRenegotiation)",
            seen=f"PowerDeliveryReq({progress.name}), SessionStopReq({how.name})",
            at=(power.index, stop.frame.index),
        )
        if how is not Renegotiate or stop.answered is None:
            return
        agreed = ev.told_by(trace, stop.answered)
        yield ev.next_is("V2G20-1477", trace, agreed, m.ServiceDiscoveryReq)
        if agreed.next is None or not isinstance(agreed.next.request, m.ServiceDiscoveryReq):
            return
        own, seen = stop.request.Header.SessionID, agreed.next.request.Header.SessionID
        yield holds("V2G20-1477", seen == own, expected=own.hex(), seen=seen.hex(), at=agreed.at)
        loops = [one for one in ev.later(trace, stop.answered) if isinstance(one.request, m.ChargeLoopReq)]
        if not loops:
            raise Inconclusive(f"the second round did not reach the loop: {trace.last_words()}")
        yield holds("V2G20-1477", True, expected="charge loops", seen="charge loops", at=(loops[0].frame.index,))


class ServiceDc(ServiceCase):
    """DC: with cable check and pre-charge again, and without another authorization."""

    id = "EV-REN-SERVICE-01"
    title = "DC: the charger asks for a renegotiation of the service"
    pics = "service_renegotiation and (dc or dc_bpt)"
    faults: ClassVar = {
        "service-renegotiation-ignored": "H-EV-SERVICE-NOTIFIED",
        "service-renegotiation-ends": "H-EV-SERVICE-NOTIFIED",
        "service-renegotiation-authorizes": "V2G20-1477",
        "service-renegotiation-closes": "V2G20-1477",
        "notification-late": "H-EV-SERVICE-NOTIFIED",
    }
    dc = True


class ServiceAc(ServiceCase):
    """AC: the same."""

    id = "EV-REN-SERVICE-02"
    title = "AC: the charger asks for a renegotiation of the service"
    pics = "service_renegotiation and (ac or ac_bpt)"
    faults: ClassVar = {
        "service-renegotiation-ignored": "H-EV-SERVICE-NOTIFIED",
        "service-renegotiation-ends": "H-EV-SERVICE-NOTIFIED",
        "service-renegotiation-authorizes": "V2G20-1477",
        "service-renegotiation-closes": "V2G20-1477",
    }
    dc = False


class ServiceUnsupported(EvCase):
    """ServiceRenegotiationSupported is false: a car that asks all the same is refused, and its session is over."""

    id = "EV-REN-SERVICE-03"
    title = "No renegotiation of the service where the charger does not support it"
    area = "renegotiation"
    requirements = ("H-EV-SERVICE-UNSUPPORTED",)
    pics = "service_renegotiation"
    hooks = ("plug_in", "renegotiate_service")
    faults: ClassVar = {"service-renegotiation-unsupported": "H-EV-SERVICE-UNSUPPORTED"}

    async def stimulate(self, bench: EvBench) -> None:
        """The driver wants another service; the charger cannot."""
        bench.charger.configure(service_renegotiation=False)
        await bench.charge(10)
        await bench.act("renegotiate_service")
        await bench.charger.ended(within=10.0)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """No SessionStop(ServiceRenegotiation)."""
        found = ev.told(trace, m.ServiceDiscoveryRes, where=lambda one: not one.ServiceRenegotiationSupported)
        loop = ev.asked(trace, m.ChargeLoopReq)
        stops = [one for one in ev.requests(trace, m.SessionStopReq) if one.request.ChargingSession is Renegotiate]
        gone = ev.closing(trace, loop.link, since=loop.frame.index)
        if not stops and gone is None and ev.watched(trace, loop.frame) < 8.0:
            raise Inconclusive("the car was not watched for long enough")
        yield holds(
            "H-EV-SERVICE-UNSUPPORTED",
            not stops,
            expected="no SessionStopReq(ServiceRenegotiation)",
            seen="SessionStopReq(ServiceRenegotiation)" if stops else "none",
            at=(found.frame.index, *(one.frame.index for one in stops[:1])),
        )


class ServiceRefused(EvCase):
    """FAILED_NoServiceRenegotiationSupported is a failure as any other: the session is over."""

    id = "EV-REN-REFUSED-02"
    title = "A renegotiation of the service that fails ends the session"
    area = "renegotiation"
    requirements = ("H-EV-FATAL",)
    pics = "service_renegotiation"
    faults: ClassVar = {"failed-ignored": "H-EV-FATAL", "failed-special-ignored": "H-EV-FATAL"}

    async def stimulate(self, bench: EvBench) -> None:
        """Asks for a renegotiation and refuses it then."""
        bench.charger.fail(m.SessionStopRes, m.ResponseCode.FAILED_NoServiceRenegotiationSupported)
        await bench.charge(10)
        bench.charger.notify(m.EvseNotification.ServiceRenegotiation, delay=DELAY)
        await bench.charger.ended(within=DELAY + 20.0)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Nothing but a farewell behind it."""
        failed = ev.told(
            trace,
            m.SessionStopRes,
            where=lambda one: one.ResponseCode is m.ResponseCode.FAILED_NoServiceRenegotiationSupported,
        )
        yield ev.nothing_but_stop("H-EV-FATAL", trace, failed.frame)
        yield ev.ends_session("H-EV-FATAL", trace, failed.frame)
