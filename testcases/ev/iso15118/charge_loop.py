"""The charge loop: its mode, its answers, what the car tells of battery and driver."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any, ClassVar

from v2gready.authoring import ControlMode, Inconclusive, Observation, ServiceId, Trace, ev, holds, wire, worst
from v2gready.authoring import messages as m
from v2gready.authoring.ev import EvBench, EvCase, flows

REACTION = 5.0
"""Seconds in which a car that does not go on has ended the loops; the value is our own."""


class LoopKind(EvCase):
    """Control mode and direction of every loop are those of the set selected: nothing is switched under way."""

    area = "charge-loop"
    requirements = ("H-EV-MODE",)
    service: ClassVar[ServiceId]
    control: ClassVar[ControlMode]

    async def stimulate(self, bench: EvBench) -> None:
        """Some loops."""
        flows.offer(bench, self.service, control=self.control)
        await bench.charge(10)
        await bench.charger.no_session(0.1)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Every loop; the first that differs decides."""
        ev.asked(trace, m.ChargeLoopReq)
        yield worst(flows.fits("H-EV-MODE", trace, one, control=True) for one in ev.requests(trace, m.ChargeLoopReq))


class BptScheduledDc(LoopKind):
    """The car steers, and may give energy back."""

    id = "EV-CL-KIND-01"
    title = "DC_BPT, Scheduled: loops of that mode"
    pics = "dc_bpt and scheduled"
    faults: ClassVar = {"loop-of-other-mode": "H-EV-MODE", "loop-without-bpt": "H-EV-MODE"}
    service = ServiceId.DC_BPT
    control = ControlMode.SCHEDULED


class BptDynamicDc(LoopKind):
    """The charger steers, within limits in both directions."""

    id = "EV-CL-KIND-02"
    title = "DC_BPT, Dynamic: loops of that mode"
    pics = "dc_bpt and dynamic"
    faults: ClassVar = {"loop-of-other-mode": "H-EV-MODE", "loop-without-bpt": "H-EV-MODE"}
    service = ServiceId.DC_BPT
    control = ControlMode.DYNAMIC


class BptScheduledAc(LoopKind):
    """The car steers its inverter by its profile."""

    id = "EV-CL-KIND-03"
    title = "AC_BPT, Scheduled: loops of that mode"
    pics = "ac_bpt and scheduled"
    faults: ClassVar = {"loop-of-other-mode": "H-EV-MODE", "loop-without-bpt": "H-EV-MODE"}
    service = ServiceId.AC_BPT
    control = ControlMode.SCHEDULED


class BptDynamicAc(LoopKind):
    """The charger steers the inverter in the car."""

    id = "EV-CL-KIND-04"
    title = "AC_BPT, Dynamic: loops of that mode"
    pics = "ac_bpt and dynamic"
    faults: ClassVar = {"loop-of-other-mode": "H-EV-MODE", "loop-without-bpt": "H-EV-MODE"}
    service = ServiceId.AC_BPT
    control = ControlMode.DYNAMIC


class PlainScheduledDc(LoopKind):
    """The simplest session that there is."""

    id = "EV-CL-KIND-05"
    title = "DC, Scheduled: loops of that mode"
    pics = "dc and scheduled"
    faults: ClassVar = {"loop-of-other-mode": "H-EV-MODE"}
    service = ServiceId.DC
    control = ControlMode.SCHEDULED


class PlainDynamicAc(LoopKind):
    """The wallbox steers, and the car only charges."""

    id = "EV-CL-KIND-06"
    title = "AC, Dynamic: loops of that mode"
    pics = "ac and dynamic"
    faults: ClassVar = {"loop-of-other-mode": "H-EV-MODE"}
    service = ServiceId.AC
    control = ControlMode.DYNAMIC


class AnswerNotInKind(EvCase):
    """Half-way through, the charger answers in another mode: who of both steers now?"""

    id = "EV-CL-INKIND-01"
    title = "ChargeLoopRes of the other control mode: the car does not go on charging"
    area = "charge-loop"
    requirements = ("H-EV-NOT-IN-KIND",)
    pics = "(dc or dc_bpt) and scheduled"
    faults: ClassVar = {"loop-mode-not-in-kind-accepted": "H-EV-NOT-IN-KIND"}

    async def stimulate(self, bench: EvBench) -> None:
        """Dynamic answers to Scheduled requests, from the tenth on."""
        flows.offer(bench, bench.service(dc=True), control=ControlMode.SCHEDULED)
        await bench.charge(10)
        bench.charger.alter(m.DC_ChargeLoopRes, lambda one: replace(one, CLResControlMode=_dynamic(one)))
        await bench.charger.ended(within=REACTION + 10.0)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The loops end."""
        told = ev.told(trace, m.DC_ChargeLoopRes, where=lambda one: isinstance(one.CLResControlMode, _DYNAMIC))
        mode = None if told.asked is None else wire.mode_of(told.asked.message)
        if not isinstance(mode, m.Scheduled_DC_CLReqControlMode):
            raise Inconclusive("the request was not of Scheduled mode")
        end = next(
            (one.frame for one in ev.later(trace, told.frame) if not isinstance(one.request, m.ChargeLoopReq)),
            ev.closing(trace, told.link, since=told.frame.index),
        )
        what = "time from the answer that is not in kind to the end of charging"
        yield ev.reacts_within("H-EV-NOT-IN-KIND", trace, told.frame, end, REACTION, what=what)


_DYNAMIC = m.Dynamic_DC_CLResControlMode


def _dynamic(response: m.DC_ChargeLoopRes) -> Any:
    old = response.CLResControlMode
    kind = (
        m.BPT_Dynamic_DC_CLResControlMode
        if isinstance(old, m.BPT_Scheduled_DC_CLResControlMode)
        else m.Dynamic_DC_CLResControlMode
    )
    values: dict[str, Any] = {one.name: getattr(old, one.name, None) for one in fields(kind)}
    return kind(**values)


class AsksForMeter(EvCase):
    """A car that never asks for the meter cannot show its driver what he pays for."""

    id = "EV-CL-METER-01"
    title = "MeterInfoRequested is set in a loop"
    area = "charge-loop"
    requirements = ("H-EV-METER-INFO",)
    pics = "metering"
    faults: ClassVar = {"meter-info-never": "H-EV-METER-INFO"}
    enough: ClassVar = 5.0

    async def stimulate(self, bench: EvBench) -> None:
        """Charges for a while."""
        await bench.charge(3)
        await bench.wait(2 * self.enough)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """One loop is enough."""
        looped: list[ev.Asked[Any]] = list(flows.loops(trace))
        asking = next((one for one in looped if one.request.MeterInfoRequested), None)
        if asking is None and (not looped or looped[-1].frame.t - looped[0].frame.t < self.enough):
            raise Inconclusive(f"there were not enough loops: {trace.last_words()}")
        yield holds(
            "H-EV-METER-INFO",
            asking is not None,
            expected="MeterInfoRequested in one loop at least",
            seen=f"in none of {len(looped)}" if asking is None else "set",
            at=(asking or looped[-1]).at,
        )


class TwoRegisters(EvCase):
    """The meter of a bidirectional charger counts both ways, and tells both.

    Josev's car has another name for the second reading, and ends every session of a bidirectional service in its first
    loop.
    """

    id = "EV-CL-METER-02"
    title = "MeterInfo with a reading of discharged energy is taken"
    area = "charge-loop"
    requirements = ("H-EV-LEGAL-VALUE",)
    pics = "dc_bpt or ac_bpt"
    faults: ClassVar = {"meter-info-bpt-fatal": "H-EV-LEGAL-VALUE"}
    meter: ClassVar = m.MeterInfo(
        MeterID="V2GREADY", ChargedEnergyReadingWh=125_000, BPT_DischargedEnergyReadingWh=18_000
    )

    async def stimulate(self, bench: EvBench) -> None:
        """The third loop brings both readings."""
        flows.offer(bench, bench.service(bpt=True))
        bench.charger.alter(m.ChargeLoopRes, lambda one: replace(one, MeterInfo=None))
        bench.charger.alter(m.ChargeLoopRes, lambda one: replace(one, MeterInfo=self.meter), nth=2)
        await bench.charge(5)
        await bench.charger.no_session(0.1)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The loops go on behind it."""
        told = ev.told(trace, m.ChargeLoopRes, where=lambda one: one.MeterInfo == self.meter)
        yield ev.next_is("H-EV-LEGAL-VALUE", trace, told, m.ChargeLoopReq, m.PowerDeliveryReq)


class Departure(EvCase):
    """The driver leaves earlier and tells his car; the charger that plans by the old time has him wait."""

    id = "EV-CL-DEPART-01"
    title = "Dynamic: a new departure time reaches the charger"
    area = "charge-loop"
    requirements = ("H-EV-DEPARTURE",)
    pics = "(dc or dc_bpt) and dynamic"
    hooks = ("plug_in", "set_departure")
    faults: ClassVar = {"departure-frozen": "H-EV-DEPARTURE"}
    seconds: ClassVar = 1_234
    target: ClassVar = 73
    slack: ClassVar = 120.0

    async def stimulate(self, bench: EvBench) -> None:
        """Another departure and another target, by one and the same wish."""
        flows.offer(bench, bench.service(dc=True), control=ControlMode.DYNAMIC)
        await bench.charge(10)
        await bench.act("set_departure", seconds=self.seconds, minimum_soc=20, target_soc=self.target)
        await bench.charge_on(30)
        await bench.charger.no_session(0.1)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Once the new target is told, so is the new departure."""
        flows.loops(trace)
        told = [one for one in _needs(trace) if one[1] == self.target]
        timed = [one for one in told if one[2] is not None]
        if not timed:
            raise Inconclusive("the car told no DepartureTime together with the new target")
        asked, _, departure = timed[-1]
        spent = asked.frame.t - told[0][0].frame.t
        wanted = self.seconds - spent
        yield holds(
            "H-EV-DEPARTURE",
            departure is not None and abs(departure - wanted) <= self.slack,
            expected=f"DepartureTime of about {wanted:.0f} s",
            seen=f"{departure} s",
            at=asked.at,
        )


def _needs(trace: Trace) -> Iterator[tuple[ev.Asked[Any], int | None, int | None]]:
    """Requests in order, with the TargetSOC and the DepartureTime told last or in them."""
    target: int | None = None
    for one in ev.requests(trace, m.V2GRequest):
        asked: ev.Asked[Any] = one
        display = getattr(asked.request, "DisplayParameters", None)
        mode = getattr(asked.request, "SEReqControlMode", None) or getattr(asked.request, "CLReqControlMode", None)
        told = getattr(mode, "TargetSOC", None) if display is None else display.TargetSOC
        target = target if told is None else told
        if mode is not None:
            yield asked, target, getattr(mode, "DepartureTime", None)


class ChargingComplete(EvCase):
    """A charger may switch off when the car says that it is done."""

    id = "EV-CL-DISPLAY-01"
    title = "ChargingComplete is not told below TargetSOC"
    area = "charge-loop"
    requirements = ("H-EV-DISPLAY",)
    faults: ClassVar = {"charging-complete-early": "H-EV-DISPLAY"}

    async def stimulate(self, bench: EvBench) -> None:
        """Some loops."""
        await bench.charge(20)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Loops that tell both states of charge and the flag."""
        telling = [
            one
            for one in flows.loops(trace)
            if (display := one.request.DisplayParameters) is not None
            and None not in {display.PresentSOC, display.TargetSOC, display.ChargingComplete}
        ]
        if not telling:
            raise Inconclusive("no loop told PresentSOC, TargetSOC and ChargingComplete together")
        yield ev.every(
            "H-EV-DISPLAY",
            telling,
            lambda one: _display(one).PresentSOC >= _display(one).TargetSOC or not _display(one).ChargingComplete,
            expected="ChargingComplete false below TargetSOC",
            seen=lambda one: f"true at {_display(one).PresentSOC} % of {_display(one).TargetSOC} %",
        )


def _display(asked: ev.Asked[Any]) -> Any:
    return asked.request.DisplayParameters
