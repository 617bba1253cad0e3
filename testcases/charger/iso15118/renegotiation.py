"""Renegotiation: another service or another schedule within the session, and no way around authorization."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import ClassVar

from v2gready.authoring import (
    ChargerBench,
    ChargerCase,
    ControlMode,
    Inconclusive,
    Observation,
    Trace,
    answered,
    energy,
    holds,
    refused,
    wire,
)
from v2gready.authoring import messages as m

Renegotiate = m.ChargingSession.ServiceRenegotiation
Unsupported = m.ResponseCode.FAILED_NoServiceRenegotiationSupported


def renegotiates(request: m.SessionStopReq) -> bool:
    """SessionStopReq(ServiceRenegotiation)."""
    return request.ChargingSession is Renegotiate


def progress(wanted: m.ChargeProgress) -> Callable[[m.PowerDeliveryReq], bool]:
    """PowerDeliveryReq with that ChargeProgress."""
    return lambda request: request.ChargeProgress is wanted


class SecondRound(ChargerCase):
    """After SessionStop(ServiceRenegotiation) the session goes on with ServiceDiscovery, and charges again.

    The SessionID stays, and no second authorization is asked for.
    """

    id = "CHG-REN-SERVICE-01"
    title = "A service renegotiation leads to a second round"
    area = "renegotiation"
    requirements = ("V2G20-1477",)
    pics = "service_renegotiation"
    faults = {
        "renegotiation-closes": "V2G20-1477",
        "renegotiation-refused": "V2G20-1477",
        "renegotiation-changes-session-id": "V2G20-1477",
    }

    async def stimulate(self, bench: ChargerBench) -> None:
        """Charges, renegotiates the service, charges again, terminates."""
        async with bench.ev.session(ending=Renegotiate, loops=3) as session:
            await session.reach(m.SessionStopReq)
            await session.proceed()
            await session.reach(m.ChargeLoopReq)
            await session.charge(3)
            await session.run_to_end()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """OK, a second ServiceDiscovery with the old id, a second loop, and the end."""
        stop = trace.exchange(m.SessionStopReq, where=renegotiates)
        yield answered("V2G20-1477", stop, m.ResponseCode.OK)
        again = trace.exchange(m.ServiceDiscoveryReq, nth=1)
        yield answered("V2G20-1477", again, m.ResponseCode.OK)
        if not isinstance(again.answer, m.ServiceDiscoveryRes):
            return
        own, seen = stop.sent.Header.SessionID, again.answer.Header.SessionID
        yield holds("V2G20-1477", seen == own, expected=own.hex(), seen=seen.hex(), at=again.at)
        loops = [one for one in trace.exchanges(m.ChargeLoopReq) if one.request.index > again.request.index]
        if not loops:
            raise Inconclusive(f"the second round did not reach the loop: {trace.last_words()}")
        yield answered("V2G20-1477", loops[0])
        yield answered("V2G20-1477", trace.exchange(m.SessionStopReq, nth=1), m.ResponseCode.OK)


class AsAnnounced(ChargerCase):
    """A charger renegotiates the service if it said so in ServiceDiscoveryRes, and refuses by the right code if not."""

    id = "CHG-REN-SERVICE-02"
    title = "Service renegotiation is handled as announced"
    area = "renegotiation"
    requirements = ("H-RENEGOTIATION-SUPPORT",)
    faults = {
        "undeclared-renegotiation": "H-RENEGOTIATION-SUPPORT",
        "renegotiation-refused": "H-RENEGOTIATION-SUPPORT",
    }

    async def stimulate(self, bench: ChargerBench) -> None:
        """Asks for a service renegotiation, whatever the charger announced."""
        async with bench.ev.session(ending=Renegotiate, loops=3) as session:
            await session.reach(m.SessionStopReq)
            await session.proceed()
            await session.leave()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """OK with ServiceRenegotiationSupported, FAILED_NoServiceRenegotiationSupported without."""
        announced = trace.exchange(m.ServiceDiscoveryReq).answer
        stop = trace.exchange(m.SessionStopReq, where=renegotiates)
        code = m.ResponseCode.OK if announced.ServiceRenegotiationSupported else Unsupported
        yield answered("H-RENEGOTIATION-SUPPORT", stop, code)


class NoWayAroundAuthorization(ChargerCase):
    """Before authorization a service renegotiation is refused, and no service is offered: it is no back door."""

    id = "CHG-REN-AUTH-01"
    title = "No renegotiation before authorization"
    area = "renegotiation"
    requirements = ("H-AUTH-BEFORE-SERVICE",)
    faults = {"renegotiation-before-auth": "H-AUTH-BEFORE-SERVICE"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Right after SessionSetup: SessionStop(ServiceRenegotiation), then ServiceDiscovery."""
        async with bench.ev.session() as session:
            await session.reach(m.AuthorizationSetupReq)
            await session.ask(replace(session.request(m.SessionStopReq), ChargingSession=Renegotiate))
            await session.ask(session.request(m.ServiceDiscoveryReq))
            await session.silence(1)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """A FAILED code; and if the connection is still there, no list of services."""
        yield refused("H-AUTH-BEFORE-SERVICE", trace.exchange(m.SessionStopReq, where=renegotiates))
        discovery = trace.exchange(m.ServiceDiscoveryReq)
        code = getattr(discovery.answer, "ResponseCode", None)
        yield holds(
            "H-AUTH-BEFORE-SERVICE",
            code is None or code >= m.ResponseCode.FAILED,
            expected="no service list",
            seen="no answer" if code is None else code.name,
            at=discovery.at,
        )


class _OtherSchedule(ChargerCase):
    area = "renegotiation"
    requirements = ("H-SCHEDULE-RENEGOTIATION",)
    dc: ClassVar[bool]

    async def stimulate(self, bench: ChargerBench) -> None:
        """Charges, asks for another schedule, starts with it and charges on."""
        async with bench.ev.session(service=bench.service(dc=self.dc), control=ControlMode.SCHEDULED) as session:
            await session.reach(m.ChargeLoopReq)
            await session.charge(bench.loops_for(bench.settling_time), power=5_000)
            session.renegotiate_schedule()
            await session.proceed()
            await session.reach(m.ChargeLoopReq)
            await session.charge(3)
            await session.run_to_end()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """PowerDelivery, ScheduleExchange, PowerDelivery and a loop, each answered OK."""
        asked = trace.exchange(m.PowerDeliveryReq, where=progress(m.ChargeProgress.ScheduleRenegotiation))
        yield answered("H-SCHEDULE-RENEGOTIATION", asked, m.ResponseCode.OK)
        later = [one for one in trace.exchanges(m.V2GRequest) if one.request.index > asked.request.index]
        for kind in (m.ScheduleExchangeReq, m.PowerDeliveryReq, m.ChargeLoopReq):
            found = [one for one in later if isinstance(one.sent, kind)]
            if not found:
                raise Inconclusive(f"the renegotiation did not reach {kind.__name__}: {trace.last_words()}")
            yield answered("H-SCHEDULE-RENEGOTIATION", found[0])


class OtherScheduleDc(_OtherSchedule):
    """DC: the car asks for another schedule while it charges, gets one and goes on with it."""

    id = "CHG-REN-SCHED-01"
    title = "DC: the car renegotiates its schedule"
    pics = "schedule_renegotiation and scheduled and (dc or dc_bpt)"
    faults = {"schedule-renegotiation-as-failed": "H-SCHEDULE-RENEGOTIATION"}
    dc = True


class OtherScheduleAc(_OtherSchedule):
    """AC: the same; the contactor is closed already when PowerDelivery(Start) comes for the second time."""

    id = "CHG-REN-SCHED-02"
    title = "AC: the car renegotiates its schedule"
    pics = "schedule_renegotiation and scheduled and (ac or ac_bpt)"
    faults = {
        "schedule-renegotiation-as-failed": "H-SCHEDULE-RENEGOTIATION",
        "contactor-edge-trigger": "H-SCHEDULE-RENEGOTIATION",
    }
    dc = False


class EnergyGoesOn(_OtherSchedule):
    """A meter at the outlet sees no break in the current while the schedule is renegotiated."""

    id = "CHG-REN-SCHED-03"
    title = "Energy transfer goes on during the renegotiation"
    pics = "schedule_renegotiation and scheduled and (dc or dc_bpt)"
    faults = {"schedule-renegotiation-cuts-power": "H-SCHEDULE-RENEGOTIATION"}
    instruments = ("dc_meter",)
    dc = True

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The lowest current between the request and the next loop, against the current before it."""
        asked = trace.exchange(m.PowerDeliveryReq, where=progress(m.ChargeProgress.ScheduleRenegotiation))
        later = [one for one in energy.loops(trace) if one.request.index > asked.request.index]
        if not later:
            raise Inconclusive(f"no charge loop after the renegotiation: {trace.last_words()}")
        before = energy.held(trace, "dc.current", asked.request.t)
        during = trace.samples("dc.current", until=later[0].request.t)
        lowest = min((one for one in during if one.index >= before.index), key=lambda one: one.value)
        yield holds(
            "H-SCHEDULE-RENEGOTIATION",
            lowest.value >= before.value / 2,
            expected=f"at least half of {before.value:.1f} A",
            seen=f"{lowest.value:.1f} A",
            at=(asked.request.index, lowest.index),
        )


class ScheduleAtTheStationsWish(ChargerCase):
    """Told to renegotiate the schedule, the station tells the car, and the car goes through ScheduleExchange again."""

    id = "CHG-REN-NOTIFY-01"
    title = "The station asks for another schedule"
    area = "renegotiation"
    requirements = ("H-NOTIFICATION", "H-SCHEDULE-RENEGOTIATION")
    pics = "schedule_renegotiation and scheduled"
    faults = {"notification-lost": "H-NOTIFICATION"}
    hooks = ("renegotiate_schedule",)

    async def stimulate(self, bench: ChargerBench) -> None:
        """Charges, makes the station ask, and does what it says."""
        async with bench.ev.session(control=ControlMode.SCHEDULED) as session:
            await session.reach(m.ChargeLoopReq)
            await session.charge(5)
            await session.charge_during(bench.act("renegotiate_schedule"))
            await session.charge_until_notified(bench.settling_time)
            await session.proceed()
            await session.reach(m.ChargeLoopReq)
            await session.charge(3)
            await session.run_to_end()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The notification, and a second ScheduleExchange that is answered OK."""
        yield wire.notified("H-NOTIFICATION", trace, "renegotiate_schedule", m.EvseNotification.ScheduleRenegotiation)
        yield answered("H-SCHEDULE-RENEGOTIATION", trace.exchange(m.ScheduleExchangeReq, nth=1), m.ResponseCode.OK)


class ServiceAtTheStationsWish(ChargerCase):
    """Told to renegotiate the service, the station tells the car, and accepts what it asked for."""

    id = "CHG-REN-NOTIFY-02"
    title = "The station asks for a service renegotiation"
    area = "renegotiation"
    requirements = ("H-NOTIFICATION", "V2G20-1477")
    pics = "service_renegotiation"
    faults = {"notification-lost": "H-NOTIFICATION", "renegotiation-refused": "V2G20-1477"}
    hooks = ("renegotiate_service",)

    async def stimulate(self, bench: ChargerBench) -> None:
        """Charges, makes the station ask, and does what it says."""
        async with bench.ev.session() as session:
            await session.reach(m.ChargeLoopReq)
            await session.charge(5)
            await session.charge_during(bench.act("renegotiate_service"))
            await session.charge_until_notified(bench.settling_time)
            await session.reach(m.SessionStopReq)
            await session.proceed()
            await session.run_to_end()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The notification, and SessionStop(ServiceRenegotiation) that is answered OK."""
        yield wire.notified("H-NOTIFICATION", trace, "renegotiate_service", m.EvseNotification.ServiceRenegotiation)
        yield answered("V2G20-1477", trace.exchange(m.SessionStopReq, where=renegotiates), m.ResponseCode.OK)
