"""Power delivery: start, standby, stop, and what has to be refused there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, ClassVar

from v2gready.authoring import (
    ChargerBench,
    ChargerCase,
    ControlMode,
    Exchange,
    Inconclusive,
    Observation,
    Trace,
    answered,
    energy,
    holds,
    refused,
)
from v2gready.authoring import messages as m

Start = m.ChargeProgress.Start
Standby = m.ChargeProgress.Standby
Stop = m.ChargeProgress.Stop
CONTACTOR_TIME = 3.0
"""Seconds in which a contactor closes, as an EVCC has it."""
UNKNOWN_TUPLE = 4_000_000
"""No station counts that far: at most three schedules are offered."""


def progress(wanted: m.ChargeProgress) -> Callable[[m.PowerDeliveryReq], bool]:
    """PowerDeliveryReq with that ChargeProgress."""
    return lambda request: request.ChargeProgress is wanted


def with_profile(change: Callable[[m.EVPowerProfile], m.EVPowerProfile]) -> Callable[[Any], Any]:
    """PowerDeliveryReq with another power profile."""
    return lambda request: replace(request, EVPowerProfile=change(request.EVPowerProfile))


class LoopFollowsStart(ChargerCase):
    """After PowerDelivery(Start) was answered OK, the charge loop begins."""

    id = "CHG-PD-START-01"
    title = "The charge loop follows PowerDelivery(Start)"
    area = "power-delivery"
    requirements = ("V2G20-2009",)
    faults = {"loop-after-start-refused": "V2G20-2009"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Starts and runs two loops."""
        async with bench.ev.session(loops=2) as session:
            await session.run_to_end()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Start and the first loop are answered OK."""
        yield answered("V2G20-2009", trace.exchange(m.PowerDeliveryReq, where=progress(Start)), m.ResponseCode.OK)
        yield answered("V2G20-2009", trace.exchange(m.ChargeLoopReq))


class OutletIsLive(ChargerCase):
    """AC: once PowerDelivery(Start) was answered OK, a meter sees the mains on the outlet: OK is no promise."""

    id = "CHG-PD-START-02"
    title = "AC: the outlet is live after Start"
    area = "power-delivery"
    requirements = ("H-ENERGISE",)
    pics = "ac or ac_bpt"
    faults = {"power-never-starts": "H-ENERGISE"}
    instruments = ("ac_meter",)

    async def stimulate(self, bench: ChargerBench) -> None:
        """Starts, and runs loops for as long as a contactor may take."""
        async with bench.ev.session(service=bench.service(dc=False)) as session:
            await session.reach(m.ChargeLoopReq)
            await session.charge(bench.loops_for(CONTACTOR_TIME))
            await session.run_to_end()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Voltage at the last loop, if Start was accepted."""
        start = trace.exchange(m.PowerDeliveryReq, where=progress(Start))
        if getattr(start.answer, "ResponseCode", None) is not m.ResponseCode.OK:
            raise Inconclusive(f"the start was not accepted: {trace.last_words()}")
        last = energy.last_loop(trace)
        sample = energy.held(trace, "ac.voltage", last.request.t)
        yield holds(
            "H-ENERGISE",
            sample.value > energy.SAFE_VOLTAGE,
            expected="the mains on the outlet",
            seen=f"{sample.value:.0f} V",
            at=(*start.at, sample.index),
        )


class EarlyStartDc(ChargerCase):
    """PowerDelivery(Start) right after the schedule, without cable check and pre-charge, is out of sequence."""

    id = "CHG-PD-EARLY-01"
    title = "DC: no start before pre-charge"
    area = "power-delivery"
    requirements = ("V2G20-459",)
    pics = "dc or dc_bpt"
    faults = {"power-before-precharge": "V2G20-459", "sequence-error-wrong-code": "V2G20-459"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Asks for power instead of the cable check, and watches the outlet."""
        async with bench.ev.session(service=bench.service(dc=True)) as session:
            await session.reach(m.DC_CableCheckReq)
            await session.ask(session.request(m.PowerDeliveryReq))
            await session.silence(1)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """PowerDeliveryRes with FAILED_SequenceError."""
        yield refused("V2G20-459", trace.exchange(m.PowerDeliveryReq), m.ResponseCode.FAILED_SequenceError)


class EarlyStartAc(ChargerCase):
    """PowerDelivery(Start) without a schedule is out of sequence."""

    id = "CHG-PD-EARLY-02"
    title = "AC: no start before the schedule"
    area = "power-delivery"
    requirements = ("V2G20-459",)
    pics = "ac or ac_bpt"
    faults = {"sequence-check-missing": "V2G20-459"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Asks for power instead of the schedule, and watches the outlet."""
        async with bench.ev.session(service=bench.service(dc=False)) as session:
            await session.reach(m.ScheduleExchangeReq)
            await session.ask(session.request(m.PowerDeliveryReq))
            await session.silence(1)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """PowerDeliveryRes with FAILED_SequenceError."""
        yield refused("V2G20-459", trace.exchange(m.PowerDeliveryReq), m.ResponseCode.FAILED_SequenceError)


class _WrongProfile(ChargerCase):
    area = "power-delivery"
    pics = "scheduled"
    code: ClassVar[m.ResponseCode]

    async def stimulate(self, bench: ChargerBench) -> None:
        """Starts with a profile that does not belong to an offered schedule."""
        async with bench.ev.session(control=ControlMode.SCHEDULED) as session:
            await session.reach(m.PowerDeliveryReq)
            await session.proceed(with_profile(self.wrong))
            await session.silence(1)

    @staticmethod
    def wrong(profile: m.EVPowerProfile) -> m.EVPowerProfile:
        """The profile that goes out instead of the good one."""
        raise NotImplementedError

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The code that names what is wrong."""
        yield refused(self.requirements[0], trace.exchange(m.PowerDeliveryReq), self.code)


class UnknownSchedule(_WrongProfile):
    """A profile that follows a schedule never offered is refused."""

    id = "CHG-PD-TUPLE-01"
    title = "An unknown schedule id is refused"
    requirements = ("H-SCHEDULE-SELECTION",)
    faults = {"schedule-tuple-not-checked": "H-SCHEDULE-SELECTION"}
    code = m.ResponseCode.FAILED_ScheduleSelectionInvalid

    @staticmethod
    def wrong(profile: m.EVPowerProfile) -> m.EVPowerProfile:
        """Selects a schedule that nobody offered."""
        mode = replace(profile.EVPPTControlMode, SelectedScheduleTupleID=UNKNOWN_TUPLE)
        return replace(profile, EVPPTControlMode=mode)


class ProfileAboveSchedule(_WrongProfile):
    """A profile with more power than the schedule it follows is refused."""

    id = "CHG-PD-PROFILE-01"
    title = "A profile above the schedule is refused"
    requirements = ("H-PROFILE",)
    faults = {"profile-not-checked": "H-PROFILE"}
    code = m.ResponseCode.FAILED_EVPowerProfileInvalid

    @staticmethod
    def wrong(profile: m.EVPowerProfile) -> m.EVPowerProfile:
        """Ten megawatts in every step."""
        huge = m.RationalNumber(Exponent=3, Value=10_000)
        entries = tuple(replace(one, Power=huge) for one in profile.EVPowerProfileEntries.EVPowerProfileEntry)
        return replace(profile, EVPowerProfileEntries=m.EVPowerProfileEntryList(EVPowerProfileEntry=entries))


class StandbyInTheLoop(ChargerCase):
    """From the loop the car goes to standby, loops without energy, and starts again. A charger may refuse by a warning.

    A refusal is legal; a charger that declares standby is held to it.
    """

    id = "CHG-PD-STANDBY-01"
    title = "Standby and back"
    area = "power-delivery"
    requirements = ("H-STANDBY", "V2G20-2192", "H-STANDBY-POWER")
    pics = "standby and (dc or dc_bpt)"
    faults = {
        "standby-refused": "H-STANDBY",
        "loop-after-standby-refused": "V2G20-2192",
        "standby-keeps-current": "H-STANDBY-POWER",
    }

    async def stimulate(self, bench: ChargerBench) -> None:
        """Charges, stands by for a while, charges again."""
        seconds = bench.settling_time
        async with bench.ev.session(service=bench.service(dc=True)) as session:
            await session.reach(m.ChargeLoopReq)
            await session.charge(bench.loops_for(seconds), power=5_000)
            await session.ask(replace(session.request(m.PowerDeliveryReq), ChargeProgress=Standby))
            await session.charge(bench.loops_for(seconds))
            await session.ask(session.request(m.PowerDeliveryReq))
            await session.charge(3)
            await session.run_to_end()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Standby is answered OK, a loop follows, and its last one is without current."""
        standby = trace.exchange(m.PowerDeliveryReq, where=progress(Standby))
        yield answered("H-STANDBY", standby, m.ResponseCode.OK)
        following = [one for one in trace.exchanges(m.ChargeLoopReq) if one.request.index > standby.request.index]
        if not following:
            raise Inconclusive("no charge loop was sent in standby")
        yield answered("V2G20-2192", following[0])
        again = [one for one in trace.exchanges(m.PowerDeliveryReq) if one.request.index > standby.request.index]
        last = energy.last_loop(trace, before=again[0].request if again else None)
        current = float(last.answer.EVSEPresentCurrent)
        yield holds(
            "H-STANDBY-POWER",
            abs(current) <= energy.NO_CURRENT,
            expected="no current in standby",
            seen=f"{current:g} A",
            at=last.at,
        )


class StandbyStraight(ChargerCase):
    """PowerDelivery(Standby) may follow the schedule directly: OK or WARNING_StandbyNotAllowed, no sequence error."""

    id = "CHG-PD-STANDBY-02"
    title = "Standby right after the schedule"
    area = "power-delivery"
    requirements = ("V2G20-2122",)
    faults = {"standby-straight-refused": "V2G20-2122", "standby-as-failed": "V2G20-2122"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Asks for standby as soon as there is a schedule."""
        async with bench.ev.session() as session:
            await session.reach(m.ScheduleExchangeReq)
            while session.evcc.next_type is m.ScheduleExchangeReq:
                await session.proceed()
            await session.ask(replace(session.request(m.PowerDeliveryReq), ChargeProgress=Standby))
            await session.leave()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """One of the two codes."""
        codes = (m.ResponseCode.OK, m.ResponseCode.WARNING_StandbyNotAllowed)
        yield answered("V2G20-2122", trace.exchange(m.PowerDeliveryReq, where=progress(Standby)), *codes)


class _ContactorFault(ChargerCase):
    area = "power-delivery"
    requirements = ("H-CONTACTOR-FAULT",)
    hooks = ("contactor_fault", "repair")
    dc: ClassVar[bool]

    async def stimulate(self, bench: ChargerBench) -> None:
        """Takes the contactor's coil away and tries to charge."""
        await bench.act("contactor_fault")
        try:
            async with bench.ev.session(service=bench.service(dc=self.dc), loops=2) as session:
                await session.run_to_end()
                await session.silence(1)
        finally:
            await bench.act("repair")

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The first answer that is not OK names the contactor."""
        sent = (m.DC_CableCheckReq, m.DC_PreChargeReq, m.PowerDeliveryReq)
        trace.exchange(m.DC_CableCheckReq if self.dc else m.PowerDeliveryReq)
        steps: list[Exchange[Any]] = [one for kind in sent for one in trace.exchanges(kind)]
        told = [
            one for one in steps if getattr(one.answer, "ResponseCode", None) is m.ResponseCode.FAILED_ContactorError
        ]
        last = max(steps, key=lambda one: one.request.index)
        yield answered("H-CONTACTOR-FAULT", told[0] if told else last, m.ResponseCode.FAILED_ContactorError)


class ContactorFaultAc(_ContactorFault):
    """An AC contactor that stays open is told by FAILED_ContactorError, not passed over."""

    id = "CHG-PD-CONTACT-01"
    title = "AC: a contactor that does not close is told"
    pics = "ac or ac_bpt"
    faults = {"contactor-fault-as-ok": "H-CONTACTOR-FAULT"}
    dc = False


class ContactorFaultDc(_ContactorFault):
    """A DC contactor that stays open is told by FAILED_ContactorError, in the cable check or at PowerDelivery."""

    id = "CHG-PD-CONTACT-02"
    title = "DC: a contactor that does not close is told"
    pics = "dc or dc_bpt"
    faults = {"contactor-fault-as-ok": "H-CONTACTOR-FAULT"}
    dc = True


class _PowerOff(ChargerCase):
    area = "power-delivery"
    dc: ClassVar[bool]

    async def stimulate(self, bench: ChargerBench) -> None:
        """Charges, stops, and leaves the connection alone while the meter looks."""
        async with bench.ev.session(service=bench.service(dc=self.dc)) as session:
            await session.reach(m.ChargeLoopReq)
            await session.charge(bench.loops_for(bench.settling_time), power=5_000)
            session.end_with(m.ChargingSession.Terminate)
            await session.reach(m.PowerDeliveryReq)
            await session.proceed()
            await session.watch(energy.REST_TIME)
            await session.run_to_end()


class PowerOffDc(_PowerOff):
    """After PowerDelivery(Stop) was answered, a meter at the DC outlet shows no current any more."""

    id = "CHG-PD-STOP-01"
    title = "DC: no current after Stop"
    requirements = ("H-POWER-OFF",)
    pics = "dc or dc_bpt"
    faults = {"contactor-stays-closed-after-stop": "H-POWER-OFF"}
    instruments = ("dc_meter",)
    dc = True

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Current a second after the answer."""
        stop = trace.exchange(m.PowerDeliveryReq, where=progress(Stop))
        yield energy.dead("H-POWER-OFF", trace, "dc.current", stop.request, within=1.5)


class PowerOffAc(_PowerOff):
    """After PowerDelivery(Stop) an AC outlet is without power, and SessionStop follows directly."""

    id = "CHG-PD-STOP-02"
    title = "AC: no power after Stop, and SessionStop follows"
    requirements = ("H-POWER-OFF", "V2G20-1623")
    pics = "ac or ac_bpt"
    faults = {
        "contactor-stays-closed-after-stop": "H-POWER-OFF",
        "stop-then-no-session-stop": "V2G20-1623",
    }
    instruments = ("ac_meter",)
    dc = False

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Voltage a while after the answer, and SessionStopRes."""
        stop = trace.exchange(m.PowerDeliveryReq, where=progress(Stop))
        yield energy.dead("H-POWER-OFF", trace, "ac.voltage", stop.request, within=3.0)
        yield answered("V2G20-1623", trace.exchange(m.SessionStopReq), m.ResponseCode.OK)
