"""DC: cable check, precharge, targets within the car's own limits, welding detection."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar

from v2gready.authoring import ControlMode, Inconclusive, Observation, Sample, Trace, ev, holds
from v2gready.authoring import messages as m
from v2gready.authoring.ev import EvBench, EvCase, flows

APART = 20.0
"""V by which EVSE and battery may differ when the contactor closes (IEC 61851-23)."""
_ROUNDING = 1.01


class DcCase(EvCase):
    """A DC session."""

    area = "dc"
    pics = "dc or dc_bpt"
    control: ClassVar[ControlMode | None] = None

    def prepare(self, bench: EvBench) -> None:
        """The charger."""
        flows.offer(bench, bench.service(dc=True), control=self.control)

    async def stimulate(self, bench: EvBench) -> None:
        """Charges for a moment."""
        self.prepare(bench)
        await bench.charge(5)


def _closings(trace: Trace) -> list[Sample]:
    """Samples with which the contactor of the car closed."""
    found, closed = [], False
    for one in trace.samples("ev.contactor"):
        if one.value > 0.5 and not closed:
            found.append(one)
        closed = one.value > 0.5
    return found


class CableCheckAwaited(DcCase):
    """The insulation test takes its time: a car that goes on meanwhile spoils it, or closes on a faulty cable."""

    id = "EV-DC-CABLE-01"
    title = "CableCheck Ongoing: no precharge, contactor open"
    requirements = ("H-EV-CABLE-CHECK",)
    instruments = ("vehicle_meter",)
    faults: ClassVar = {"cable-check-not-awaited": "H-EV-CABLE-CHECK", "contactor-closed-early": "H-EV-CABLE-CHECK"}

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """What follows each Ongoing, and the contactor until Finished."""
        ongoing = list(
            flows.told_where(trace, m.DC_CableCheckRes, lambda one: one.EVSEProcessing is m.Processing.Ongoing)
        )
        if not ongoing:
            raise Inconclusive(f"no cable check was going on: {trace.last_words()}")
        for one in ongoing:
            yield ev.next_is("H-EV-CABLE-CHECK", trace, one, m.DC_CableCheckReq)
        ev.closed_once(trace)
        until = ongoing[-1].frame.t
        early = [one for one in _closings(trace) if one.t <= until]
        trace.samples("ev.contactor", until=until)
        yield holds(
            "H-EV-CABLE-CHECK",
            not early,
            expected="contactor open while the cable is checked",
            seen=f"closed at {early[0].t:.1f} s" if early else "open",
            at=(ongoing[-1].frame.index, *(one.index for one in early[:1])),
        )


class CableCheckFailed(DcCase):
    """FAILED with EVSEProcessing Finished: whoever reads the second field alone puts a battery on a faulty cable."""

    id = "EV-DC-CABLE-02"
    title = "CableCheck FAILED and Finished: no precharge, the contactor stays open"
    requirements = ("H-EV-CABLE-CHECK",)
    instruments = ("vehicle_meter",)
    faults: ClassVar = {"cable-check-failed-ignored": "H-EV-CABLE-CHECK"}

    async def stimulate(self, bench: EvBench) -> None:
        """The check fails, and the SECC would go on."""
        self.prepare(bench)
        bench.charger.alter(
            m.DC_CableCheckRes,
            lambda one: replace(one, ResponseCode=m.ResponseCode.FAILED, EVSEProcessing=m.Processing.Finished),
        )
        await bench.plug_in()
        await bench.charger.ended(within=60.0)
        await bench.wait(1.0)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """On the wire and at the contactor."""
        told = flows.heard(trace, m.DC_CableCheckRes, where=lambda one: one.ResponseCode is m.ResponseCode.FAILED)
        yield ev.nothing_but_stop("H-EV-CABLE-CHECK", trace, told.frame)
        closed = _closings(trace)
        yield holds(
            "H-EV-CABLE-CHECK",
            not closed,
            expected="contactor open all the time",
            seen=f"closed at {closed[0].t:.1f} s" if closed else "open",
            at=(told.frame.index, *(one.index for one in closed[:1])),
        )


class PreChargeNeverMet(DcCase):
    """The EVSE stays at 100 V: a contactor that closes all the same welds, or blows a fuse."""

    id = "EV-DC-PRECH-01"
    title = "PreCharge voltage never reached: no start, the contactor stays open"
    requirements = ("H-EV-PRE-CHARGE",)
    instruments = ("vehicle_meter",)
    faults: ClassVar = {"pre-charge-not-awaited": "H-EV-PRE-CHARGE"}
    stuck: ClassVar = 100.0

    async def stimulate(self, bench: EvBench) -> None:
        """Tells 100 V for as long as the car asks."""
        self.prepare(bench)
        low = m.RationalNumber.of(self.stuck)
        bench.charger.alter(m.DC_PreChargeRes, lambda one: replace(one, EVSEPresentVoltage=low))
        await bench.plug_in()
        await bench.charger.ended(within=60.0)
        await bench.wait(1.0)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """No start behind the first such response, and no contactor."""
        told = ev.told(trace, m.DC_PreChargeRes, where=lambda one: float(one.EVSEPresentVoltage) == self.stuck)
        asked = None if told.asked is None else told.asked.message
        if not isinstance(asked, m.DC_PreChargeReq) or abs(float(asked.EVTargetVoltage) - self.stuck) <= 2 * APART:
            raise Inconclusive("no precharge was asked for, or to about 100 V")
        gone = ev.closing(trace, told.link, since=told.frame.index) is not None
        yield flows.no_start("H-EV-PRE-CHARGE", trace, told.frame, within=0.0 if gone else 30.0)
        closed = [one for one in _closings(trace) if one.t >= told.frame.t]
        yield holds(
            "H-EV-PRE-CHARGE",
            not closed,
            expected="contactor open",
            seen=f"closed at {closed[0].t:.1f} s" if closed else "open",
            at=(told.frame.index, *(one.index for one in closed[:1])),
        )


class PreChargeMet(DcCase):
    """Between 20 V apart and 400 V apart lies the current that eats a contactor."""

    id = "EV-DC-PRECH-02"
    title = "The contactor closes when EVSE and battery are no more than 20 V apart"
    requirements = ("H-EV-PRE-CHARGE",)
    instruments = ("vehicle_meter",)
    faults: ClassVar = {"pre-charge-not-awaited": "H-EV-PRE-CHARGE"}

    async def stimulate(self, bench: EvBench) -> None:
        """Charges; the first three voltages that are told are far too low."""
        self.prepare(bench)
        for nth in range(3):
            bench.charger.alter(
                m.DC_PreChargeRes, lambda one: replace(one, EVSEPresentVoltage=m.RationalNumber.of(50)), nth=nth
            )
        await bench.charge(3)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The last voltage told before the contactor closed against the one the car asked for."""
        flows.started(trace)
        closed = ev.closed_once(trace)
        told = [
            (frame, message)
            for frame, message in trace.messages(m.DC_PreChargeRes)
            if frame.t <= closed.t and frame.sender == trace.tester
        ]
        asked = [one for one in ev.requests(trace, m.DC_PreChargeReq) if one.frame.t <= closed.t]
        apart = (
            abs(float(told[-1][1].EVSEPresentVoltage) - float(asked[-1].request.EVTargetVoltage))
            if told and asked
            else None
        )
        yield holds(
            "H-EV-PRE-CHARGE",
            apart is not None and apart <= APART + 0.5,
            expected=f"at most {APART:g} V between EVSE and target when the contactor closes",
            seen="no precharge before" if apart is None else f"{apart:.1f} V",
            at=(closed.index, *(frame.index for frame, _ in told[-1:])),
        )


class OwnTargets(DcCase):
    """A car that asks for more than it has announced has two truths about its battery."""

    id = "EV-DC-TARGET-01"
    title = "Scheduled: EVTargetVoltage and EVTargetCurrent are within the car's own limits"
    requirements = ("H-EV-DC-TARGETS",)
    pics = "(dc or dc_bpt) and scheduled"
    faults: ClassVar = {
        "pre-charge-target-too-high": "H-EV-DC-TARGETS",
        "target-current-above-own-limit": "H-EV-DC-TARGETS",
        "target-voltage-above-own-limit": "H-EV-DC-TARGETS",
    }
    control = ControlMode.SCHEDULED

    async def stimulate(self, bench: EvBench) -> None:
        """Charges for a while."""
        self.prepare(bench)
        await bench.charge(40)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Holds every target against ChargeParameterDiscovery."""
        first = ev.asked(trace, m.DC_PreChargeReq)
        car, _ = flows.announced(trace, first.link)
        volts = _ROUNDING * flows.limit(car, "EVMaximumVoltage")
        give, take = (_ROUNDING * flows.limit(car, f"EVMaximum{way}Current") for way in ("Charge", "Discharge"))
        yield ev.every(
            "H-EV-DC-TARGETS",
            ev.requests(trace, m.DC_PreChargeReq),
            lambda one: float(one.request.EVTargetVoltage) <= volts,
            expected=f"EVTargetVoltage of at most {volts:.0f} V",
            seen=lambda one: f"{float(one.request.EVTargetVoltage):.0f} V in precharge",
        )
        targets = [
            one
            for one in ev.requests(trace, m.DC_ChargeLoopReq)
            if isinstance(one.request.CLReqControlMode, m.Scheduled_DC_CLReqControlMode)
        ]
        yield ev.every(
            "H-EV-DC-TARGETS",
            targets,
            lambda one: _target(one, "Voltage") <= volts and -take - 0.5 <= _target(one, "Current") <= give + 0.5,
            expected=f"at most {volts:.0f} V, {-take:.0f} to {give:.0f} A",
            seen=lambda one: f"{_target(one, 'Voltage'):.0f} V, {_target(one, 'Current'):.0f} A",
        )


def _target(asked: ev.Asked[Any], what: str) -> float:
    return float(getattr(asked.request.CLReqControlMode, f"EVTarget{what}"))


class PresentVoltage(DcCase):
    """The charger regulates by what the car measures: with closed contactors both see one voltage."""

    id = "EV-DC-VOLTAGE-01"
    title = "EVPresentVoltage in the charge loop is that of the EVSE"
    requirements = ("H-EV-PRESENT-VOLTAGE",)
    faults: ClassVar = {"present-voltage-zero": "H-EV-PRESENT-VOLTAGE"}

    async def stimulate(self, bench: EvBench) -> None:
        """Charges for a while."""
        self.prepare(bench)
        await bench.charge(30)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """From the tenth loop on: a contactor closes, a voltage settles."""
        settled = flows.loops(trace)[10:]
        yield ev.every(
            "H-EV-PRESENT-VOLTAGE",
            settled,
            lambda one: abs(float(one.request.EVPresentVoltage) - float(one.answer.EVSEPresentVoltage)) <= APART,
            expected=f"EVPresentVoltage within {APART:g} V of EVSEPresentVoltage",
            seen=lambda one: (
                f"{float(one.request.EVPresentVoltage):.0f} V, EVSE {float(one.answer.EVSEPresentVoltage):.0f} V"
            ),
        )


class Overvoltage(DcCase):
    """The charger has lost its regulation: the last one who can protect the battery is the car."""

    id = "EV-DC-VOLTAGE-02"
    title = "EVSE voltage far above the car's maximum: the car does not go on charging"
    requirements = ("H-EV-OVERVOLTAGE",)
    faults: ClassVar = {"overvoltage-ignored": "H-EV-OVERVOLTAGE"}

    async def stimulate(self, bench: EvBench) -> None:
        """From the tenth loop on the charger tells 1.3 times the car's maximum."""
        self.prepare(bench)
        await bench.charge(10)
        parameters = await bench.charger.wait_for(m.DC_ChargeParameterDiscoveryReq)
        high = m.RationalNumber.of(round(1.3 * flows.limit(parameters.EnergyTransferMode, "EVMaximumVoltage")))
        bench.charger.alter(m.DC_ChargeLoopRes, lambda one: replace(one, EVSEPresentVoltage=high))
        await bench.charger.ended(within=20.0)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Within five seconds the loops end."""
        asked = ev.asked(trace, m.DC_ChargeParameterDiscoveryReq)
        most = flows.limit(asked.request.EnergyTransferMode, "EVMaximumVoltage")
        told = ev.told(trace, m.DC_ChargeLoopRes, where=lambda one: float(one.EVSEPresentVoltage) > 1.2 * most)
        end = next(
            (one.frame for one in ev.later(trace, told.frame) if not isinstance(one.request, m.DC_ChargeLoopReq)),
            ev.closing(trace, told.link, since=told.frame.index),
        )
        yield ev.reacts_within(
            "H-EV-OVERVOLTAGE", trace, told.frame, end, 5.0, what="time from the overvoltage to the end of charging"
        )


class WeldingEnds(DcCase):
    """Welding detection shows whether the contactors have opened; a car that never ends it occupies the outlet."""

    id = "EV-DC-WELD-01"
    title = "Welding detection ends with Finished, and the session with it"
    requirements = ("H-EV-WELDING",)
    hooks = ("plug_in", "stop")
    faults: ClassVar = {"welding-detection-endless": "H-EV-WELDING"}
    longest: ClassVar = 60.0

    async def stimulate(self, bench: EvBench) -> None:
        """Charges and stops."""
        self.prepare(bench)
        await bench.charge(5)
        await bench.finish(within=self.longest + 5)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The last round and what follows it."""
        first = flows.answered(ev.asked(trace, m.DC_WeldingDetectionReq))
        last = ev.asked(trace, m.DC_WeldingDetectionReq, -1)
        end = next(
            (one.frame for one in ev.later(trace, last.frame)), ev.closing(trace, last.link, since=last.frame.index)
        )
        what = "time from the first WeldingDetectionReq to SessionStop"
        yield ev.reacts_within("H-EV-WELDING", trace, first.frame, end, self.longest, what=what)
        if end is not None:
            yield holds(
                "H-EV-WELDING",
                last.request.EVProcessing is m.Processing.Finished,
                expected="EVProcessing Finished in the last round",
                seen=last.request.EVProcessing.name,
                at=last.at,
            )


class LoadBreak(DcCase):
    """A contactor that opens at 30 A arcs: it does so some hundred times, and then it is welded."""

    id = "EV-DC-LOAD-01"
    title = "The user stops: power goes down before the contactor opens"
    requirements = ("H-EV-LOAD-BREAK",)
    hooks = ("plug_in", "stop")
    instruments = ("vehicle_meter",)
    faults: ClassVar = {"contactor-opens-under-load": "H-EV-LOAD-BREAK"}
    control = ControlMode.SCHEDULED
    pics = "(dc or dc_bpt) and scheduled"
    little: ClassVar = 1_000.0

    async def stimulate(self, bench: EvBench) -> None:
        """Charges for a while, and stops."""
        self.prepare(bench)
        await bench.charge(60)
        await bench.finish()
        await bench.wait(1.0)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The power just before the contactor opened."""
        flows.loops(trace)
        closed = ev.closed_once(trace)
        opened = next((one for one in trace.samples("ev.contactor", since=closed.t) if one.value < 0.5), None)
        if opened is None:
            raise Inconclusive("the contactor did not open")
        flows.flows(trace, closed.t, opened.t - 1.0, least=2 * self.little)
        before = [one for one in trace.samples("ev.power", since=closed.t, until=opened.t) if one.t < opened.t][-1]
        yield holds(
            "H-EV-LOAD-BREAK",
            abs(before.value) <= self.little,
            expected=f"at most {self.little:g} W when the contactor opens",
            seen=f"{before.value:.0f} W",
            at=(before.index, opened.index),
        )
