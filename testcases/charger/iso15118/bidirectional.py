"""Bidirectional power transfer: power reverses, its sign is told, limits hold, and the meter counts both ways."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

from v2gready.authoring import (
    BptChannel,
    ChargerBench,
    ChargerCase,
    ControlMode,
    Inconclusive,
    Observation,
    Ratings,
    ServiceId,
    Severity,
    Trace,
    answered,
    energy,
    holds,
    refused,
    wire,
    worst,
)
from v2gready.authoring import messages as m

BIG_CAR = Ratings(
    maximum_charge_power=1e6,
    maximum_charge_current=3_000,
    maximum_discharge_power=1e6,
    maximum_discharge_current=3_000,
)
"""A car that gives more than any charger takes."""
WORTH_COUNTING = 5.0
"""Wh below which a register of whole watt-hours says nothing."""
WORTH_JUDGING = 500.0
"""W from which on power has a direction; our own figure."""
COUNTING_TIME = 8.0
"""Seconds in each direction: 10 kW are then 22 Wh."""


class Reversal(ChargerCase):
    """Within one session the car charges, discharges and charges again, by the sign of EVTargetCurrent.

    EVSEPresentCurrent bears the sign of the energy flow: negative while the car is discharged.
    """

    id = "CHG-BPT-REVERS-01"
    title = "DC_BPT Scheduled: charge, discharge, charge"
    area = "bidirectional"
    requirements = ("H-TARGET-CURRENT", "H-BPT-SIGN")
    pics = "dc_bpt and scheduled"
    faults = {
        "no-discharge": "H-TARGET-CURRENT",
        "discharges-when-charging-asked": "H-BPT-SIGN",
        "present-current-inverted": "H-BPT-SIGN",
    }

    async def stimulate(self, bench: ChargerBench) -> None:
        """5 kW in, 5 kW out, 5 kW in, each until the charger has settled."""
        loops = bench.loops_for(bench.settling_time)
        async with bench.ev.session(service=ServiceId.DC_BPT, control=ControlMode.SCHEDULED) as session:
            await session.reach(m.DC_ChargeLoopReq)
            for power in (5_000, -5_000, 5_000):
                await session.charge(loops, power=power)
            await session.run_to_end()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The last loop of each stretch: amount and sign."""
        stretches = energy.plateaus(trace)
        for loop in stretches:
            yield wire.follows_target("H-TARGET-CURRENT", loop)
            wished, told = energy.wish(loop.sent) or 0.0, float(loop.answer.EVSEPresentCurrent)
            yield holds(
                "H-BPT-SIGN",
                wished * told >= 0,
                expected="a negative current" if wished < 0 else "a positive current",
                seen=f"{told:g} A",
                at=loop.at,
            )
        if len(stretches) < 3:
            raise Inconclusive(f"the session ended before the power had reversed twice: {trace.last_words()}")


class DischargeLimit(ChargerCase):
    """Asked to discharge with more than it can take, the charger takes what it can, says so, and does not fail."""

    id = "CHG-BPT-LIMIT-01"
    title = "Discharge limits are kept"
    area = "bidirectional"
    requirements = ("V2G20-2188", "H-LIMIT-FLAG")
    pics = "dc_bpt and scheduled"
    faults = {
        "current-above-limit": "V2G20-2188",
        "fails-on-high-target": "V2G20-2188",
        "limit-flag-missing": "H-LIMIT-FLAG",
    }

    async def stimulate(self, bench: ChargerBench) -> None:
        """Asks for twice the rated discharge power."""
        twice = 2 * bench.number("dc_max_discharge_power", 350_000)
        async with bench.ev.session(
            service=ServiceId.DC_BPT, control=ControlMode.SCHEDULED, ratings=BIG_CAR
        ) as session:
            await session.reach(m.DC_ChargeLoopReq)
            await session.charge(bench.loops_for(bench.settling_time), power=-twice)
            await session.run_to_end()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """OK, no more than the announced limits, and a flag that tells the limit."""
        loop = trace.exchange(m.DC_ChargeLoopReq, nth=-1)
        yield answered("V2G20-2188", loop)
        settled = energy.last_loop(trace)
        beyond = energy.beyond_limits(trace, settled)
        yield holds(
            "V2G20-2188",
            not beyond,
            expected="no more than announced",
            seen="; ".join(beyond) or "so it is",
            at=loop.at,
        )
        limited = settled.answer.EVSECurrentLimitAchieved or settled.answer.EVSEPowerLimitAchieved
        yield holds(
            "H-LIMIT-FLAG",
            limited,
            expected="EVSECurrentLimitAchieved or EVSEPowerLimitAchieved",
            seen="one of them" if limited else "neither",
            at=loop.at,
        )


class LimitSign(ChargerCase):
    """Discharge limits bear one sign throughout: who reads +30 kW first and -30 kW later computes nonsense."""

    id = "CHG-BPT-SIGN-01"
    title = "Discharge limits keep their sign"
    area = "bidirectional"
    requirements = ("H-DISCHARGE-SIGN",)
    pics = "dc_bpt and dynamic"
    faults = {"discharge-limits-change-sign": "H-DISCHARGE-SIGN"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """A few loops in Dynamic mode, where the limits are mandatory."""
        async with bench.ev.session(service=ServiceId.DC_BPT, control=ControlMode.DYNAMIC, loops=3) as session:
            await session.run_to_end()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """All discharge limits of all responses together."""
        loop = energy.last_loop(trace)
        told = [
            float(value)
            for mode in (energy.limits(trace, loop), *(one.answer.CLResControlMode for one in energy.loops(trace)))
            for name in ("EVSEMaximumDischargePower", "EVSEMaximumDischargeCurrent")
            if (value := getattr(mode, name, None)) is not None
        ]
        both = min(told) < 0 < max(told)
        seen = f"from {min(told):g} to {max(told):g}" if both else ("negative" if min(told) < 0 else "positive")
        yield holds("H-DISCHARGE-SIGN", not both, expected="one sign for all discharge limits", seen=seen, at=loop.at)


class TwoWayMeter(ChargerCase):
    """Charged and discharged energy are counted in registers of their own."""

    id = "CHG-BPT-METER-01"
    title = "The meter counts both directions"
    area = "bidirectional"
    requirements = ("H-METER-COUNTS", "H-BPT-METER")
    pics = "dc_bpt and scheduled and metering"
    faults = {"meter-swaps-registers": "H-METER-COUNTS", "meter-frozen": "H-METER-COUNTS"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """10 kW in, then 4 kW out, long enough for a meter of whole watt-hours."""
        loops = bench.loops_for(COUNTING_TIME)
        async with bench.ev.session(service=ServiceId.DC_BPT, control=ControlMode.SCHEDULED) as session:
            await session.reach(m.DC_ChargeLoopReq)
            await session.charge(loops, power=10_000)
            await session.charge(loops, power=-4_000)
            await session.run_to_end()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """What each register gained against the energy that the loops told, within 20 % and 2 Wh."""
        loops = [one for one in energy.loops(trace) if one.answer.MeterInfo is not None]
        if not loops:
            raise Inconclusive("the charger told no meter reading")
        first, last = loops[0].answer.MeterInfo, loops[-1].answer.MeterInfo
        charged, discharged = energy.flowed(loops)
        if min(charged, discharged) < WORTH_COUNTING:
            raise Inconclusive(f"{charged:.1f} Wh in and {discharged:.1f} Wh out are too little for a register")
        told = last.BPT_DischargedEnergyReadingWh
        at = (*loops[0].at, *loops[-1].at)
        yield holds(
            "H-BPT-METER",
            told is not None,
            expected="BPT_DischargedEnergyReadingWh",
            seen="none" if told is None else f"{told} Wh",
            at=at,
            severity=Severity.SHOULD,
        )
        gains = [("ChargedEnergyReadingWh", last.ChargedEnergyReadingWh - first.ChargedEnergyReadingWh, charged)]
        if told is not None:
            gains.append(
                ("BPT_DischargedEnergyReadingWh", told - (first.BPT_DischargedEnergyReadingWh or 0), discharged)
            )
        for register, gain, flowed in gains:
            yield holds(
                "H-METER-COUNTS",
                abs(gain - flowed) <= 0.2 * flowed + 2,
                expected=f"{register} to gain {flowed:.1f} Wh",
                seen=f"{gain} Wh",
                at=at,
            )


class ThroughZero(ChargerCase):
    """A meter at the outlet sees the current pass from one direction to the other in time and without overshoot."""

    id = "CHG-BPT-SWING-01"
    title = "The current reverses in time and without overshoot"
    area = "bidirectional"
    requirements = ("H-REVERSAL",)
    pics = "dc_bpt and scheduled"
    faults = {"overshoots-on-reversal": "H-REVERSAL", "no-discharge": "H-REVERSAL"}
    instruments = ("dc_meter",)

    async def stimulate(self, bench: ChargerBench) -> None:
        """8 kW in, 8 kW out, 8 kW in."""
        loops = bench.loops_for(bench.settling_time + 1)
        async with bench.ev.session(service=ServiceId.DC_BPT, control=ControlMode.SCHEDULED) as session:
            await session.reach(m.DC_ChargeLoopReq)
            for power in (8_000, -8_000, 8_000):
                await session.charge(loops, power=power)
            await session.run_to_end()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Between two wishes: nothing beyond the larger of them, and the new one reached at the end."""
        stretches = energy.plateaus(trace)
        if len(stretches) < 3:
            raise Inconclusive(f"the session ended before the power had reversed twice: {trace.last_words()}")
        for before, after in itertools.pairwise(stretches):
            old, new = energy.wish(before.sent) or 0.0, energy.wish(after.sent) or 0.0
            bound = 1.1 * max(abs(old), abs(new)) + 2.0
            samples = trace.samples("dc.current", since=before.request.t, until=after.request.t)
            peak = max(samples, key=lambda one: abs(one.value))
            yield holds(
                "H-REVERSAL",
                abs(peak.value) <= bound,
                expected=f"no more than {bound:.1f} A either way",
                seen=f"{peak.value:.1f} A",
                at=(before.request.index, peak.index),
            )
            reached = energy.held(trace, "dc.current", after.request.t)
            yield holds(
                "H-REVERSAL",
                abs(reached.value - new) <= energy.RELATIVE * abs(new) + 2.0,
                expected=f"{new:.1f} A",
                seen=f"{reached.value:.1f} A",
                at=(after.request.index, reached.index),
            )


class DischargeToldIsMeasured(ChargerCase):
    """In both directions a meter at the outlet shows the current that the charger tells, sign included."""

    id = "CHG-BPT-METERED-01"
    title = "Told and measured current agree in both directions"
    area = "bidirectional"
    requirements = ("H-TOLD-MEASURED",)
    pics = "dc_bpt and scheduled"
    faults = {"present-current-inverted": "H-TOLD-MEASURED", "present-current-fabricated": "H-TOLD-MEASURED"}
    instruments = ("dc_meter",)

    async def stimulate(self, bench: ChargerBench) -> None:
        """8 kW in, 8 kW out."""
        loops = bench.loops_for(bench.settling_time)
        async with bench.ev.session(service=ServiceId.DC_BPT, control=ControlMode.SCHEDULED) as session:
            await session.reach(m.DC_ChargeLoopReq)
            for power in (8_000, -8_000):
                await session.charge(loops, power=power)
            await session.run_to_end()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The last loop of each direction against the meter."""
        for loop in energy.plateaus(trace):
            yield from energy.loop_as_measured("H-TOLD-MEASURED", trace, loop)


class AcDischargeToldIsMeasured(ChargerCase):
    """AC: the power that the charger tells as present is the one a meter shows while the car discharges."""

    id = "CHG-BPT-METERED-02"
    title = "AC: told and measured power agree in both directions"
    area = "bidirectional"
    requirements = ("H-TOLD-MEASURED",)
    pics = "ac_bpt and scheduled"
    faults = {"ac-present-power-inverted": "H-TOLD-MEASURED"}
    instruments = ("ac_meter",)

    async def stimulate(self, bench: ChargerBench) -> None:
        """The car takes 5 kW, then gives 5 kW."""
        loops = bench.loops_for(bench.settling_time)
        async with bench.ev.session(service=ServiceId.AC_BPT, control=ControlMode.SCHEDULED) as session:
            await session.reach(m.AC_ChargeLoopReq)
            await session.charge(loops, power=5_000)
            await session.charge(loops, power=-5_000)
            await session.run_to_end()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The loops in which a present power is told; without one there is nothing to compare."""
        told = [one for one in energy.loops(trace) if energy.flow(one.answer) is not None]
        if not told:
            raise Inconclusive("the charger tells no EVSEPresentActivePower")
        yield worst(
            energy.as_measured("H-TOLD-MEASURED", trace, one, "ac.power", energy.flow(one.answer) or 0.0)
            for one in told
        )


class AcReversal(ChargerCase):
    """AC, Scheduled: the car decides, and the outlet stays energised in whichever direction power flows.

    A relay for reverse power in the outlet, set up for one direction, opens under load.
    """

    id = "CHG-BPT-REVERS-02"
    title = "AC_BPT Scheduled: charge, discharge, charge"
    area = "bidirectional"
    requirements = ("H-BPT-SIGN", "H-BPT-AC-OUTLET")
    pics = "ac_bpt and scheduled"
    faults = {
        "ac-discharge-opens-contactor": "H-BPT-AC-OUTLET",
        "ac-present-power-inverted": "H-BPT-SIGN",
    }
    instruments = ("ac_meter",)
    powers = (5_000, -5_000, 5_000)

    async def stimulate(self, bench: ChargerBench) -> None:
        """5 kW in, 5 kW out, 5 kW in."""
        loops = bench.loops_for(bench.settling_time)
        async with bench.ev.session(service=ServiceId.AC_BPT, control=ControlMode.SCHEDULED) as session:
            await session.reach(m.AC_ChargeLoopReq)
            for power in self.powers:
                await session.charge(loops, power=power)
            await session.run_to_end()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """In each direction: OK, voltage at the outlet, and a present power of the car's own sign, if one is told."""
        ways: list[energy.Loop] = []
        for loop in energy.loops(trace):
            present = _drawn(loop)
            if abs(present) < WORTH_JUDGING:
                continue
            if ways and (_drawn(ways[-1]) > 0) == (present > 0):
                ways[-1] = loop
            else:
                ways.append(loop)
        nominal = max(one.value for one in trace.samples("ac.voltage"))
        for loop in ways:
            volts = energy.held(trace, "ac.voltage", loop.request.t)
            yield holds(
                "H-BPT-AC-OUTLET",
                volts.value > 0.8 * nominal > energy.SAFE_VOLTAGE,
                expected="an energised outlet",
                seen=f"{volts.value:.0f} V at {_drawn(loop):.0f} W",
                at=(*loop.at, volts.index),
            )
            told = energy.flow(loop.answer)
            if told is not None:
                good = abs(told) < WORTH_JUDGING or told * _drawn(loop) > 0
                expected = f"the sign of {_drawn(loop):.0f} W"
                yield holds("H-BPT-SIGN", good, expected=expected, seen=f"{told:.0f} W", at=loop.at)
        if len(ways) < len(self.powers):
            raise Inconclusive(f"the session ended before the power had reversed twice: {trace.last_words()}")


def _drawn(loop: energy.Loop) -> float:
    """Power that an AC car tells as present."""
    return energy.told_by_car(loop.sent) or 0.0


class ChannelSelection(ChargerCase):
    """With separated BPT channels PowerDelivery(Start) has to name one; with a unified channel it need not."""

    id = "CHG-BPT-CHANNEL-01"
    title = "BPT_ChannelSelection goes with separated channels"
    area = "bidirectional"
    requirements = ("V2G20-2123",)
    pics = "dc_bpt or ac_bpt"
    faults = {"channel-demanded": "V2G20-2123"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Starts without naming a channel, whatever was selected."""
        async with bench.ev.session(service=bench.service(bpt=True)) as session:
            await session.reach(m.PowerDeliveryReq)
            await session.proceed(lambda request: replace(request, BPT_ChannelSelection=None))
            await session.leave()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Refused or accepted, as the selected parameter set wants it."""
        start = trace.exchange(m.PowerDeliveryReq)
        channel = wire.selected_parameters(trace, start.request.link).get("BPTChannel")
        if channel == BptChannel.SEPARATED:
            yield refused("V2G20-2123", start)
        else:
            yield answered("V2G20-2123", start, m.ResponseCode.OK)
