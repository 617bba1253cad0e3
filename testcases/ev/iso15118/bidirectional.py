"""Energy in both directions: by target, by schedule, within the limits of both, above the driver's reserve."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from v2gready.authoring import BptChannel, ControlMode, Inconclusive, Observation, ServiceId, Trace, ev, holds
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
    most: ClassVar = 2_000.0

    async def stimulate(self, bench: EvBench) -> None:
        """A weak outlet, in this direction."""
        ac = bench.charger.config.ac
        weak = type(ac)(maximum_discharge_power=self.most)
        flows.offer(bench, ServiceId.AC_BPT, control=ControlMode.SCHEDULED, ac=weak)
        await bench.act("set_power", watts=-5_000)
        await bench.charge(60)
        await bench.wait(0.5)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The meter against the announced limit; and it must show that the car gives."""
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


class Reserve(EvCase):
    """The driver wants to get home: below his minimum the car gives nothing, whatever it is told."""

    id = "EV-BPT-RESERVE-01"
    title = "AC_BPT, Dynamic: below MinimumSOC the car is not discharged"
    area = "bidirectional"
    requirements = ("H-EV-BPT-RESERVE",)
    pics = "ac_bpt and dynamic"
    hooks = ("plug_in", "set_departure")
    instruments = ("vehicle_meter",)
    faults: ClassVar = {
        "bpt-reserve-ignored": "H-EV-BPT-RESERVE",
        "bpt-full-limits-when-empty": "H-EV-BPT-RESERVE",
    }

    async def stimulate(self, bench: EvBench) -> None:
        """Discharges, raises the minimum above the present state of charge, and asks for discharge all the while."""
        flows.offer(bench, ServiceId.AC_BPT, control=ControlMode.DYNAMIC)
        await steer(bench, -4_000.0)
        loop: Any = await bench.charger.wait_for(
            m.AC_ChargeLoopReq, where=lambda one: one.DisplayParameters is not None, within=5.0
        )
        present = loop.DisplayParameters.PresentSOC
        soc = 50 if present is None else present
        low, high = min(soc + 15, 98), min(soc + 30, 100)
        await bench.act("set_departure", seconds=7_200, minimum_soc=low, target_soc=high)
        await bench.wait(SETTLING + 3 * ENOUGH)
        await bench.charger.no_session(0.1)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """From the first loop on that says that the battery is below the minimum."""
        below = [
            one
            for one in ev.requests(trace, m.AC_ChargeLoopReq)
            if flows.limit(_mode(one), "EVMinimumEnergyRequest") > 0
            or not _above_minimum(one.request.DisplayParameters)
        ]
        asked = [one for one in flows.plateaus(trace) if one.target < GIVES]
        if not below or not asked or asked[-1].last.t < below[0].frame.t + SETTLING + ENOUGH:
            raise Inconclusive("the car was not below its minimum while it was asked to give")
        if flows.flows(trace, asked[0].first.t, below[0].frame.t).value > 0:
            raise Inconclusive("the car did not give energy before, so it has nothing to leave off")
        since, until = below[0].frame.t + SETTLING, asked[-1].last.t
        yield flows.stays_within(
            "H-EV-BPT-RESERVE",
            trace,
            (-NO_FLOW, 1e5),
            since,
            until,
            at=(below[0].frame.index,),
            what="nothing out of the car",
        )
        yield ev.every(
            "H-EV-BPT-RESERVE",
            [one for one in below if one.frame.t >= since],
            lambda one: flows.limit(_mode(one), "EVMaximumDischargePower") <= 0,
            expected="EVMaximumDischargePower of zero below MinimumSOC",
            seen=lambda one: f"{flows.limit(_mode(one), 'EVMaximumDischargePower'):g} W",
        )


def _above_minimum(display: m.DisplayParameters | None) -> bool:
    if display is None or display.MinimumSOC is None or display.PresentSOC is None:
        return True
    return display.PresentSOC >= display.MinimumSOC


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


class Channel(EvCase):
    """Two meters, two channels: the charger has to know which one counts before energy moves."""

    area = "bidirectional"
    requirements = ("H-EV-BPT-CHANNEL",)
    pics = "dc_bpt and scheduled"
    hooks = ("plug_in", "set_power")
    instruments = ("vehicle_meter",)
    watts: ClassVar[float]

    async def stimulate(self, bench: EvBench) -> None:
        """Separated channels, and a wish."""
        flows.offer(bench, ServiceId.DC_BPT, control=ControlMode.SCHEDULED, bpt_channel=BptChannel.SEPARATED)
        await bench.act("set_power", watts=self.watts)
        await bench.charge(50)
        await bench.wait(0.5)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The selection against what flows then."""
        start = flows.started(trace)
        values = flows.selection(trace, link=start.link).values or {}
        if values.get("BPTChannel") != BptChannel.SEPARATED:
            raise Inconclusive("the set selected has no separated channels")
        channel = start.request.BPT_ChannelSelection
        if channel is None:
            yield holds("H-EV-BPT-CHANNEL", False, expected="BPT_ChannelSelection", seen="left out", at=start.at)
            return
        meter = flows.flows(trace, start.frame.t, trace.records[-1].t)
        wanted = m.ChannelSelection.Charge if meter.value > 0 else m.ChannelSelection.Discharge
        yield holds(
            "H-EV-BPT-CHANNEL",
            channel is wanted,
            expected=f"BPT_ChannelSelection {wanted.name}, for {meter.value:.0f} W",
            seen=channel.name,
            at=(*start.at, meter.index),
        )


class ChargeChannel(Channel):
    """The car wants to charge."""

    id = "EV-BPT-CHANNEL-01"
    title = "Separated channels: PowerDelivery(Start) selects the one for charging"
    faults: ClassVar = {"bpt-channel-missing": "H-EV-BPT-CHANNEL", "bpt-channel-wrong": "H-EV-BPT-CHANNEL"}
    watts = 5_000.0


class DischargeChannel(Channel):
    """The car wants to give."""

    id = "EV-BPT-CHANNEL-02"
    title = "Separated channels: PowerDelivery(Start) selects the one for discharging"
    faults: ClassVar = {"bpt-channel-wrong": "H-EV-BPT-CHANNEL"}
    watts = -5_000.0


class EnergyRunsDown(EvCase):
    """The charger plans the night by what the battery still holds: numbers that stand still plan an empty car."""

    id = "EV-BPT-ENERGY-01"
    title = "AC_BPT, Dynamic: energy and V2X energy requests follow the energy moved"
    area = "bidirectional"
    requirements = ("H-EV-V2X-ENERGY",)
    pics = "ac_bpt and dynamic"
    instruments = ("vehicle_meter",)
    faults: ClassVar = {"v2x-energy-frozen": "H-EV-V2X-ENERGY", "energy-requests-frozen": "H-EV-V2X-ENERGY"}
    seconds: ClassVar = 210.0
    slowly: ClassVar = 0.2
    names: ClassVar = ("EVTargetEnergyRequest", "EVMaximumV2XEnergyRequest", "EVMinimumV2XEnergyRequest")

    async def stimulate(self, bench: EvBench) -> None:
        """Charges until a hundredth of a usual battery is moved; answers as slowly as may be, for a short trace."""
        flows.offer(bench, ServiceId.AC_BPT, control=ControlMode.DYNAMIC)
        flows.Target(bench, 11_000.0)
        bench.charger.delay(m.ChargeLoopRes, self.slowly)
        await bench.charge(5)
        await bench.wait(self.seconds)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """First loop and last, against the energy that the meter has seen."""
        looped: list[ev.Asked[Any]] = flows.loops(trace)  # AC has control modes
        first, last = looped[0], looped[-1]
        samples = flows.shown(trace, first.frame.t, last.frame.t)
        moved = sum(
            one.value * (then - max(one.t, first.frame.t)) / 3600
            for one, then in zip(samples, [*(one.t for one in samples[1:]), last.frame.t], strict=True)
        )
        display = last.request.DisplayParameters
        capacity = None if display is None else display.BatteryEnergyCapacity
        resolution = 600.0 if capacity is None else 0.01 * float(capacity)
        if abs(moved) < resolution:
            raise Inconclusive(f"{moved:.0f} Wh were moved: less than what a state of charge in percent can show")
        judged = False
        for name in self.names:
            before, after = (flows.total(_mode(one), name) for one in (first, last))
            if not before or not after:
                continue  # left out, or there is nothing left to ask for
            judged = True
            fell = before - after
            yield holds(
                "H-EV-V2X-ENERGY",
                0.3 * abs(moved) <= fell * (1 if moved > 0 else -1) <= 2 * abs(moved),
                expected=f"{name} lower by about {moved:.0f} Wh",
                seen=f"{before:.0f} Wh, then {after:.0f} Wh",
                at=(first.frame.index, last.frame.index),
            )
        if not judged:
            raise Inconclusive("the car told no energy that could run down")
