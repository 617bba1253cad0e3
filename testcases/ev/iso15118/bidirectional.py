"""Energy in both directions: by target, by schedule, within the limits of both, above the driver's reserve."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar

from v2gready.authoring import ControlMode, Inconclusive, Observation, ServiceId, Trace, ev, holds
from v2gready.authoring import messages as m
from v2gready.authoring.ev import EvBench, EvCase, flows
from v2gready.authoring.ev.steering import ENOUGH, SETTLING, follows, steer, tells_power

NO_FLOW = 250.0
"""W that count as none at an inlet with a car behind it; our own figure."""
GIVES = -1_000.0
"""W from which on a car gives energy; our own figure."""


def above_reserve(mode: Any, display: m.DisplayParameters | None) -> bool:
    """What a loop tells leaves no reason against discharging: above the minimum, inside the V2X band."""
    needed = flows.total(mode, "EVMinimumEnergyRequest") or 0.0
    band = flows.total(mode, "EVMinimumV2XEnergyRequest") or 0.0
    low, present = (None, None) if display is None else (display.MinimumSOC, display.PresentSOC)
    told = low is None or present is None or present > low
    return needed <= 0 and band <= 0 and told


class AcByTarget(EvCase):
    """The evening peak: the car gives what it took at noon, by the sign of one number."""

    id = "EV-BPT-AC-01"
    title = "AC_BPT, Dynamic: charge, discharge, charge by the sign of the target"
    area = "bidirectional"
    requirements = ("H-EV-AC-TARGET", "H-EV-PRESENT-POWER")
    pics = "ac_bpt and dynamic"
    instruments = ("vehicle_meter",)
    faults: ClassVar = {
        "ac-target-sign-ignored": "H-EV-AC-TARGET",
        "bpt-sign-inverted": "H-EV-AC-TARGET",
        "ac-present-power-magnitude": "H-EV-PRESENT-POWER",
    }
    targets: ClassVar = (5_000.0, -5_000.0, 3_000.0)

    async def stimulate(self, bench: EvBench) -> None:
        """5 kW in, 5 kW out, 3 kW in."""
        flows.offer(bench, ServiceId.AC_BPT, control=ControlMode.DYNAMIC)
        await steer(bench, *self.targets)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Each step at the meter, and what the car tells of it."""
        yield from follows("H-EV-AC-TARGET", trace, self.targets)
        yield from tells_power("H-EV-PRESENT-POWER", trace)


class AcBeyondLimit(EvCase):
    """A target of 100 kW out of the car: it gives what it has announced."""

    id = "EV-BPT-AC-02"
    title = "AC_BPT, Dynamic: no more is given than the car's own discharge limit"
    area = "bidirectional"
    requirements = ("H-EV-OWN-LIMITS",)
    pics = "ac_bpt and dynamic"
    instruments = ("vehicle_meter",)
    faults: ClassVar = {"own-discharge-limit-exceeded": "H-EV-OWN-LIMITS"}
    target: ClassVar = -100_000.0

    async def stimulate(self, bench: EvBench) -> None:
        """First a little, then far too much."""
        flows.offer(bench, ServiceId.AC_BPT, control=ControlMode.DYNAMIC)
        await steer(bench, -3_000.0, self.target)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Never beyond what ChargeParameterDiscovery announced."""
        low = next((one for one in flows.plateaus(trace) if one.target < self.target / 2), None)
        if low is None or low.seconds < SETTLING + ENOUGH:
            raise Inconclusive(f"the target was not told for long enough: {trace.last_words()}")
        car, _ = flows.announced(trace, low.first.link)
        own = flows.limit(car, "EVMaximumDischargePower")
        if flows.flows(trace, low.first.t, low.last.t).value > 0:
            raise Inconclusive("the car charged")
        yield flows.stays_within(
            "H-EV-OWN-LIMITS",
            trace,
            (-own, own),
            low.first.t,
            low.last.t,
            at=(low.first.index,),
            what="within EVMaximumDischargePower",
        )


class Opens(EvCase):
    """A car that selects a bidirectional service and then never lets itself be discharged is of no use to the grid."""

    area = "bidirectional"
    requirements = ("H-EV-BPT-OPEN",)
    faults: ClassVar = {"bpt-never-discharges": "H-EV-BPT-OPEN"}
    service: ClassVar[ServiceId]

    async def stimulate(self, bench: EvBench) -> None:
        """Charge, discharge, charge; a DC charger is told, an AC charger tells the car."""
        flows.offer(bench, self.service, control=ControlMode.DYNAMIC)
        if not self.service.is_dc:
            await steer(bench, 4_000.0, -4_000.0, 4_000.0)
            return
        await bench.charger.ready()
        await bench.charge(3)
        for watts in (4_000.0, -4_000.0, 4_000.0):
            bench.charger.set_power(watts)
            await bench.wait(SETTLING + 2 * ENOUGH)
        await bench.charger.no_session(0.1)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """While it has energy to give it announces a discharge power, and energy has flowed out of it."""
        open_: list[ev.Asked[Any]] = [
            one
            for one in ev.requests(trace, m.ChargeLoopReq)
            if above_reserve(_mode(one), one.request.DisplayParameters)
        ]
        if not open_ or open_[-1].frame.t - open_[0].frame.t < 3 * SETTLING:
            raise Inconclusive("the car was not above its reserve for long enough")
        car, _ = flows.announced(trace, open_[0].link)
        if flows.limit(car, "EVMaximumDischargePower") <= -GIVES:
            raise Inconclusive("the car announced no discharge power worth the name")
        yield ev.every(
            "H-EV-BPT-OPEN",
            open_,
            lambda one: flows.limit(_mode(one), "EVMaximumDischargePower") > 0,
            expected="EVMaximumDischargePower above zero while the battery is above its reserve",
            seen=lambda one: f"{flows.limit(_mode(one), 'EVMaximumDischargePower'):g} W",
        )
        least = min(trace.samples("ev.power"), key=lambda one: one.value)
        yield holds(
            "H-EV-BPT-OPEN",
            least.value <= GIVES,
            expected="energy flows out of the car once",
            seen=f"{least.value:.0f} W at the least",
            at=(least.index,),
        )


def _mode(asked: ev.Asked[Any]) -> Any:
    return asked.request.CLReqControlMode


class DcOpens(Opens):
    """DC: the charger steers by itself, within the limits that the car tells in each loop."""

    id = "EV-BPT-OPEN-01"
    title = "DC_BPT, Dynamic: the car lets itself be discharged while it is above its reserve"
    pics = "dc_bpt and dynamic"
    instruments = ("vehicle_meter",)
    service = ServiceId.DC_BPT


class AcOpens(Opens):
    """AC: the car's inverter gives, within the limits that it tells in each loop."""

    id = "EV-BPT-OPEN-02"
    title = "AC_BPT, Dynamic: the car lets itself be discharged while it is above its reserve"
    pics = "ac_bpt and dynamic"
    instruments = ("vehicle_meter",)
    service = ServiceId.AC_BPT


class DcByWish(EvCase):
    """Scheduled: the car steers, by the sign of EVTargetCurrent; a magnitude charges a car that was to give."""

    area = "bidirectional"
    requirements = ("H-EV-BPT-DIRECTION",)
    pics = "dc_bpt and scheduled"
    hooks = ("plug_in", "set_power")
    instruments = ("vehicle_meter",)
    signed: ClassVar = False
    wishes: ClassVar = (5_000.0, -5_000.0, 5_000.0)

    async def stimulate(self, bench: EvBench) -> None:
        """The driver wants to charge, to discharge, to charge."""
        flows.offer(bench, ServiceId.DC_BPT, control=ControlMode.SCHEDULED, signed_discharge_limits=self.signed)
        await bench.act("set_power", watts=self.wishes[0])
        await bench.charge(3)
        for watts in self.wishes:
            await bench.act("set_power", watts=watts)
            await bench.wait(bench.settling_time + 2 * ENOUGH)
        await bench.charger.no_session(0.1)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Targets and meter, in each stretch of one direction: the meter shows plus, minus, plus."""
        looped: list[ev.Asked[Any]] = [
            one
            for one in flows.loops(trace)
            if isinstance(one.request.CLReqControlMode, m.Scheduled_DC_CLReqControlMode)  # type: ignore[attr-defined]
        ]
        if not looped:
            raise Inconclusive(f"the car told no EVTargetCurrent: {trace.last_words()}")
        runs: list[list[ev.Asked[Any]]] = []
        for one in looped:
            if abs(_amps(one)) < 1.0:
                continue
            if runs and (_amps(runs[-1][0]) > 0) == (_amps(one) > 0):
                runs[-1].append(one)
            else:
                runs.append([one])
        seen = [_amps(run[0]) > 0 for run in runs]
        wanted = [watts > 0 for watts in self.wishes]
        if seen != wanted and looped[-1].frame.t - looped[0].frame.t < len(wanted) * (SETTLING + ENOUGH):
            raise Inconclusive(f"there were loops for too short a time: {trace.last_words()}")
        yield holds(
            "H-EV-BPT-DIRECTION",
            seen == wanted,
            expected="EVTargetCurrent positive, negative, positive",
            seen=", ".join("positive" if one else "negative" for one in seen) or "none",
            at=[run[0].frame.index for run in runs],
        )
        for run in runs:
            since, until = run[0].frame.t + SETTLING, run[-1].frame.t
            if until - since < ENOUGH:
                continue
            meter = flows.flows(trace, since, until)
            way = "into" if _amps(run[-1]) > 0 else "out of"
            yield holds(
                "H-EV-BPT-DIRECTION",
                (meter.value > 0) == (way == "into"),
                expected=f"power {way} the car, as EVTargetCurrent says",
                seen=f"{meter.value:.0f} W",
                at=(run[-1].frame.index, meter.index),
            )


def _amps(asked: ev.Asked[Any]) -> float:
    return float(asked.request.CLReqControlMode.EVTargetCurrent)


class DcWish(DcByWish):
    """Limits of the charger as ISO 15118-20:2022 has them: positive."""

    id = "EV-BPT-DC-01"
    title = "DC_BPT, Scheduled: charge, discharge, charge by the sign of EVTargetCurrent"
    faults: ClassVar = {
        "bpt-target-current-magnitude": "H-EV-BPT-DIRECTION",
        "bpt-never-discharges": "H-EV-BPT-DIRECTION",
    }


class DcWishSigned(DcByWish):
    """Limits of the charger as Amendment 1 has them: non-positive. A car that clips them at zero never discharges."""

    id = "EV-BPT-SIGN-01"
    title = "DC_BPT, Scheduled: non-positive discharge limits of the EVSE are understood"
    faults: ClassVar = {"discharge-limits-signed-misread": "H-EV-BPT-DIRECTION"}
    signed = True


class DcByCharger(EvCase):
    """DC, Dynamic: the charger steers, and the car leaves both ways open, as often as power turns.

    A car that shuts the way in, once it has given, is empty in the morning.
    """

    id = "EV-BPT-DC-02"
    title = "DC_BPT, Dynamic: charge, discharge, charge by the charger"
    area = "bidirectional"
    requirements = ("H-EV-BPT-TURNS",)
    pics = "dc_bpt and dynamic"
    instruments = ("vehicle_meter",)
    faults: ClassVar = {"bpt-turns-once": "H-EV-BPT-TURNS", "bpt-never-discharges": "H-EV-BPT-TURNS"}
    powers: ClassVar = (4_000.0, -4_000.0, 4_000.0)

    async def stimulate(self, bench: EvBench) -> None:
        """4 kW in, 4 kW out, 4 kW in."""
        flows.offer(bench, ServiceId.DC_BPT, control=ControlMode.DYNAMIC)
        await bench.charger.ready()
        await bench.charge(3)
        for watts in self.powers:
            bench.charger.set_power(watts)
            await bench.wait(SETTLING + 2 * ENOUGH)
        await bench.charger.no_session(0.1)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The meter, from the first loop to the last, while the car told itself above its reserve."""
        looped = flows.loops(trace)
        if not all(above_reserve(_mode(one), one.request.DisplayParameters) for one in looped):
            raise Inconclusive("the car came to its reserve")
        yield turns("H-EV-BPT-TURNS", trace, looped, self.powers)


class AcByWish(EvCase):
    """AC, Scheduled: the driver decides, and the inverter of the car turns power as often as he likes."""

    id = "EV-BPT-AC-03"
    title = "AC_BPT, Scheduled: charge, discharge, charge by the car's own wish"
    area = "bidirectional"
    requirements = ("H-EV-BPT-TURNS", "H-EV-PRESENT-POWER")
    pics = "ac_bpt and scheduled"
    hooks = ("plug_in", "set_power")
    instruments = ("vehicle_meter",)
    faults: ClassVar = {
        "bpt-turns-once": "H-EV-BPT-TURNS",
        "bpt-never-discharges": "H-EV-BPT-TURNS",
        "ac-present-power-magnitude": "H-EV-PRESENT-POWER",
    }
    wishes: ClassVar = (4_000.0, -4_000.0, 4_000.0)

    async def stimulate(self, bench: EvBench) -> None:
        """4 kW in, 4 kW out, 4 kW in."""
        flows.offer(bench, ServiceId.AC_BPT, control=ControlMode.SCHEDULED)
        await bench.act("set_power", watts=self.wishes[0])
        await bench.charge(3)
        for watts in self.wishes:
            await bench.act("set_power", watts=watts)
            await bench.wait(bench.settling_time + 2 * ENOUGH)
        await bench.charger.no_session(0.1)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The meter; and at the end of each stretch what the car tells of it."""
        looped = flows.loops(trace)
        yield turns("H-EV-BPT-TURNS", trace, looped, self.wishes)
        for run in stretches(trace, looped):
            last = run[-1]
            meter = ev.value_at(trace, "ev.power", last.frame.t)
            told = flows.total(_mode(last), "EVPresentActivePower") or 0.0
            slack = flows.RELATIVE * abs(meter.value) + 2 * flows.ABSOLUTE
            yield holds(
                "H-EV-PRESENT-POWER",
                abs(told - meter.value) <= slack,
                expected=f"EVPresentActivePower of {meter.value:.0f} W (± {slack:.0f} W)",
                seen=f"{told:.0f} W",
                at=(last.frame.index, meter.index),
            )


def stretches(trace: Trace, looped: list[ev.Asked[Any]]) -> list[list[ev.Asked[Any]]]:
    """The loops in which the meter showed power, by its direction; the ramps between them left out."""
    runs: list[list[ev.Asked[Any]]] = []
    way = 0.0
    for one in looped:
        meter = ev.value_at(trace, "ev.power", one.frame.t).value
        if abs(meter) < -GIVES:
            continue
        if not runs or meter * way < 0:
            runs.append([])
        way = meter
        runs[-1].append(one)
    return runs


def turns(requirement: str, trace: Trace, looped: list[ev.Asked[Any]], powers: tuple[float, ...]) -> Observation:
    """The meter at the inlet shows power in one direction after the other.

    Raises:
        Inconclusive: There were loops for too short a time, or nothing flowed at all.
    """
    runs = stretches(trace, looped)
    if not runs:
        raise Inconclusive("no power flowed")
    ways = [ev.value_at(trace, "ev.power", run[0].frame.t) for run in runs]
    seen, wanted = [one.value > 0 for one in ways], [watts > 0 for watts in powers]
    if seen != wanted and looped[-1].frame.t - looped[0].frame.t < len(powers) * (SETTLING + ENOUGH):
        raise Inconclusive(f"there were loops for too short a time: {trace.last_words()}")
    return holds(
        requirement,
        seen == wanted,
        expected="power " + ", ".join("in" if one else "out" for one in wanted),
        seen=", ".join("in" if one else "out" for one in seen),
        at=[one.index for one in ways],
    )


class EvseDischargeLimit(EvCase):
    """The outlet takes 2 kW back, the driver would give 5: on AC the inverter of the car is all that can keep to it."""

    id = "EV-BPT-LIMIT-01"
    title = "AC_BPT, Scheduled: the discharge limit of the EVSE is kept"
    area = "bidirectional"
    requirements = ("H-EV-EVSE-LIMITS",)
    pics = "ac_bpt and scheduled"
    hooks = ("plug_in", "set_power")
    instruments = ("vehicle_meter",)
    faults: ClassVar = {"evse-limits-ignored": "H-EV-EVSE-LIMITS"}
    service: ClassVar = ServiceId.AC_BPT
    most: ClassVar = 2_000.0

    async def stimulate(self, bench: EvBench) -> None:
        """A weak outlet, in this direction."""
        weak = replace(bench.charger.config.ac, maximum_discharge_power=self.most)
        der = replace(bench.charger.config.der, signed_limits=True)
        flows.offer(bench, self.service, control=ControlMode.SCHEDULED, ac=weak, der=der)
        await bench.act("set_power", watts=-5_000)
        await bench.charge(60)
        await bench.wait(0.5)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The meter against the announced limit; and it must show that the car gives."""
        if flows.selection(trace).kind is not self.service:
            raise Inconclusive(f"the car did not select {self.service.name}")
        start = flows.started(trace)
        _, evse = flows.announced(trace, start.link)
        most = flows.limit(evse, "EVSEMaximumDischargePower")
        since, until = start.frame.t, trace.records[-1].t
        if flows.flows(trace, since, until, least=0.4 * most).value > 0:
            raise Inconclusive("the car charged: nothing can be said about discharging")
        yield flows.stays_within(
            "H-EV-EVSE-LIMITS",
            trace,
            (-most, 1e5),
            since,
            until,
            at=start.at,
            what="within EVSEMaximumDischargePower",
        )


class EvseDischargeLimitOfDer(EvseDischargeLimit):
    """AC_DER: the same limit, told as Amendment 1 has it: not above zero."""

    id = "EV-DER-LIMIT-01"
    title = "AC_DER, Scheduled: the discharge limit of the EVSE is kept, non-positive as it is told"
    area = "der"
    pics = "ac_der_iec and scheduled"
    service = ServiceId.AC_DER_IEC


class NoBpt(EvCase):
    """A session of plain DC: nobody has asked the charger whether it can take anything back."""

    id = "EV-BPT-NONE-01"
    title = "DC without BPT: a driver who wants to discharge does not"
    area = "bidirectional"
    requirements = ("H-EV-NO-BPT",)
    pics = "dc and scheduled"
    hooks = ("plug_in", "set_power")
    instruments = ("vehicle_meter",)
    faults: ClassVar = {"bpt-discharges-without-bpt": "H-EV-NO-BPT"}

    async def stimulate(self, bench: EvBench) -> None:
        """Charges, and then the driver wants to discharge."""
        flows.offer(bench, ServiceId.DC, control=ControlMode.SCHEDULED)
        await bench.charge(20)
        await bench.act("set_power", watts=-5_000)
        await bench.charge_on(50)
        await bench.wait(0.5)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """No negative target, and no power out of the car."""
        looped: list[ev.Asked[Any]] = list(flows.loops(trace))
        chosen = flows.selection(trace)
        if chosen.kind is not ServiceId.DC or looped[-1].frame.t - looped[0].frame.t < SETTLING:
            raise Inconclusive(f"there was no session of plain DC for long enough: {trace.last_words()}")
        flows.flows(trace, looped[0].frame.t, looped[-1].frame.t)
        yield ev.every(
            "H-EV-NO-BPT",
            looped,
            lambda one: _amps(one) >= 0,
            expected="EVTargetCurrent not below zero",
            seen=lambda one: f"{_amps(one):.1f} A",
        )
        least = min(flows.shown(trace, looped[0].frame.t, trace.records[-1].t), key=lambda one: one.value)
        yield holds(
            "H-EV-NO-BPT",
            least.value >= -NO_FLOW,
            expected="no power out of the car",
            seen=f"{least.value:.0f} W at the least",
            at=(least.index,),
        )
