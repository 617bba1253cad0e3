"""What a session keeps over its pause: service, parameter set, the direction of power; and how it takes another one."""

from __future__ import annotations

from collections.abc import Iterator

from v2gready.authoring import (
    ChargerBench,
    ChargerCase,
    ControlMode,
    Inconclusive,
    Observation,
    ServiceId,
    Trace,
    answered,
    energy,
    holds,
    refused,
    wire,
)
from v2gready.authoring import messages as m
from v2gready.authoring.pausing import charge_and_pause, joined, pause_of

Renegotiate = m.ChargingSession.ServiceRenegotiation


class DischargingPauses(ChargerCase):
    """A car that gives energy pauses, and gives on behind the pause: the bidirectional service was kept.

    A charger that comes back as one that charges alone is of no use to the grid for the rest of the night.
    """

    id = "CHG-PAU-BPT-01"
    title = "DC_BPT: a pause while the car is discharged, and discharging behind it"
    area = "pause"
    requirements = ("V2G20-1032", "H-TARGET-CURRENT", "H-BPT-SIGN")
    pics = "pause and scheduled and dc_bpt"
    faults = {
        "resume-forgets-bpt": "V2G20-1032",
        "resume-without-discharge": "H-TARGET-CURRENT",
        "present-current-inverted": "H-BPT-SIGN",
    }

    async def stimulate(self, bench: ChargerBench) -> None:
        """Gives 5 kW, pauses, gives 5 kW, takes 5 kW."""
        plan = {"service": ServiceId.DC_BPT, "control": ControlMode.SCHEDULED}
        async with bench.ev.session(**plan) as session:
            old = await charge_and_pause(bench, session, watch=2.0, power=-5_000)
        async with bench.ev.session(**plan, session_id=old) as session:
            await session.reach(m.DC_ChargeLoopReq)
            for power in (-5_000, 5_000):
                await session.charge(bench.loops_for(bench.settling_time), power=power)
            await session.run_to_end()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Current out of the car on both sides of the pause, and into it in the end."""
        before = energy.last_loop(trace, before=pause_of(trace).request)
        back = joined(trace)
        yield answered("V2G20-1032", trace.exchange(m.DC_ChargeParameterDiscoveryReq, nth=1), m.ResponseCode.OK)
        behind = [one for one in energy.plateaus(trace) if one.request.link == back.request.link]
        wishes = [(energy.wish(one.sent) or 0.0) < 0 for one in (before, *behind)]
        if wishes != [True, True, False]:
            raise Inconclusive(f"the car did not give, pause, give and take: {trace.last_words()}")
        for loop in (before, *behind):
            yield wire.follows_target("H-TARGET-CURRENT", loop)
            wished, told = energy.wish(loop.sent) or 0.0, float(loop.answer.EVSEPresentCurrent)
            expected = "a negative current" if wished < 0 else "a positive current"
            yield holds("H-BPT-SIGN", wished * told >= 0, expected=expected, seen=f"{told:g} A", at=loop.at)


class OtherModeBehindPause(ChargerCase):
    """Behind the pause the car speaks as if it had another service: the selection that was kept is the one that counts.

    A charger that takes what comes has forgotten what was authorised and agreed.
    """

    id = "CHG-PAU-SERVICE-01"
    title = "Parameters of another service than the one kept are refused behind a pause"
    area = "pause"
    requirements = ("V2G20-1619",)
    pics = "pause and scheduled and (dc_bpt or ac_bpt)"
    faults = {"plain-mode-accepted-on-bpt-service": "V2G20-1619", "resume-forgets-bpt": "V2G20-1619"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Pauses with a bidirectional service, comes back with the parameters of a car that charges alone."""
        service = bench.service(bpt=True)
        plain = ServiceId.DC if service.is_dc else ServiceId.AC
        async with bench.ev.session(service=service, control=ControlMode.SCHEDULED) as session:
            old = await charge_and_pause(bench, session, watch=2.0)
        async with bench.ev.session(service=service, control=ControlMode.SCHEDULED, session_id=old) as session:
            await session.reach(m.ChargeParameterDiscoveryReq)
            session.change_plan(service=plain)
            await session.ask(session.request(m.ChargeParameterDiscoveryReq))
            await session.silence(1)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """FAILED_WrongChargeParameter."""
        pause_of(trace)
        joined(trace)
        asked = trace.exchange(m.ChargeParameterDiscoveryReq, nth=1)
        if "BPT" in wire.kind_of_mode(wire.mode_of(asked.sent)):
            raise Inconclusive("the car told the parameters of the service that was kept")
        yield refused("V2G20-1619", asked, m.ResponseCode.FAILED_WrongChargeParameter)


class OtherServiceBehindPause(ChargerCase):
    """The driver changes his mind while the car sleeps: it resumes, and renegotiates the service.

    The way to another service set leads through the old one: joined, charged, renegotiated.
    """

    id = "CHG-PAU-SERVICE-02"
    title = "A resumed session renegotiates its service and goes on with another set"
    area = "pause"
    requirements = ("V2G20-1477", "V2G20-1032")
    pics = "pause and scheduled and dynamic and service_renegotiation"
    faults = {"resume-without-renegotiation": "V2G20-1477", "resume-refuses-parameters": "V2G20-1032"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Pauses in Scheduled mode, resumes, renegotiates, and charges in Dynamic mode."""
        async with bench.ev.session(control=ControlMode.SCHEDULED) as session:
            old = await charge_and_pause(bench, session, watch=2.0)
        again = {"control": ControlMode.SCHEDULED, "ending": Renegotiate, "loops": 3}
        async with bench.ev.session(**again, session_id=old) as session:
            await session.reach(m.SessionStopReq)
            await session.proceed()
            session.change_plan(control=ControlMode.DYNAMIC)
            await session.reach(m.ChargeLoopReq)
            await session.charge(3)
            await session.run_to_end()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """OK for the resumed parameters, for the renegotiation, for the other selection, and for a loop with it."""
        pause_of(trace)
        joined(trace)
        yield answered("V2G20-1032", trace.exchange(m.ChargeParameterDiscoveryReq, nth=1), m.ResponseCode.OK)
        stop = trace.exchange(m.SessionStopReq, where=lambda request: request.ChargingSession is Renegotiate)
        yield answered("V2G20-1477", stop, m.ResponseCode.OK)
        yield answered("V2G20-1477", trace.exchange(m.ServiceDiscoveryReq, nth=1), m.ResponseCode.OK)
        yield answered("V2G20-1477", trace.exchange(m.ServiceSelectionReq, nth=1), m.ResponseCode.OK)
        last = energy.last_loop(trace)
        if "Dynamic" not in wire.kind_of_mode(wire.mode_of(last.sent)):
            raise Inconclusive(f"the other set did not reach the loop: {trace.last_words()}")
        yield answered("V2G20-1477", last)
