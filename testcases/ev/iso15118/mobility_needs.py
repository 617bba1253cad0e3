"""What the driver wants: departure and states of charge, over a pause and while the car is discharged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from v2gready.authoring import ControlMode, Inconclusive, Observation, ServiceId, Trace, ev, holds
from v2gready.authoring import messages as m
from v2gready.authoring.ev import EvBench, EvCase, flows
from v2gready.authoring.ev.pausing import charge_dynamically, in_dynamic, joined, paused
from v2gready.authoring.ev.steering import ENOUGH, SETTLING, steer

NO_FLOW = 250.0
"""W that count as none at an inlet with a car behind it; our own figure."""
GIVES = -1_000.0
"""W from which on a car gives energy; our own figure."""


class NeedsKept(EvCase):
    """The driver said when he leaves, and with how much: that holds behind the pause as well.

    Otherwise the charger plans for a departure that is not that of the driver.
    """

    id = "EV-PAU-NEEDS-01"
    title = "Departure time and states of charge outlive a pause"
    area = "pause"
    requirements = ("H-EV-PAUSE-NEEDS",)
    pics = "pause and dynamic"
    hooks = ("plug_in", "prefer", "set_departure", "wake_up")
    faults: ClassVar = {"pause-resets-needs": "H-EV-PAUSE-NEEDS", "departure-frozen": "H-EV-PAUSE-NEEDS"}
    departure: ClassVar = 18_000
    tolerance: ClassVar = 120.0
    """Seconds by which the instant of departure may differ: cars count in minutes. The value is our own."""

    async def stimulate(self, bench: EvBench) -> None:
        """Sets the needs, lets the charger pause, wakes the car up ten minutes later."""
        bench.charger.configure(schedule_renegotiation=True)
        await charge_dynamically(bench)
        await bench.act("set_departure", seconds=self.departure, minimum_soc=40, target_soc=85)
        await bench.charge_on(10)
        bench.charger.notify(m.EvseNotification.Pause, delay=5)
        await bench.charger.ended(within=30.0)
        await bench.wait(200.0)
        await bench.act("wake_up")
        await bench.charge_on(3)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The last ScheduleExchangeReq before the pause, and the first behind it."""
        in_dynamic(trace)
        end = paused(trace).frame
        back = joined(trace)
        asked = list(ev.requests(trace, m.ScheduleExchangeReq))
        before = [one for one in asked if one.frame.index < end.index]
        behind = [one for one in asked if one.frame.index > back.frame.index]
        if not before or not behind:
            raise Inconclusive(f"the needs were not told before and behind the pause: {trace.last_words()}")
        old, new = before[-1], behind[0]
        one, other = old.request.SEReqControlMode, new.request.SEReqControlMode
        at = (old.frame.index, new.frame.index)
        if not isinstance(one, m.Dynamic_SEReqControlMode) or not isinstance(other, m.Dynamic_SEReqControlMode):
            raise Inconclusive("the needs were not told in Dynamic mode")
        moved = (other.DepartureTime + new.frame.t) - (one.DepartureTime + old.frame.t)
        yield holds(
            "H-EV-PAUSE-NEEDS",
            abs(moved) <= self.tolerance,
            expected=f"the same instant of departure, within {self.tolerance:g} s",
            seen=f"{moved:+.0f} s",
            at=at,
        )
        if one.MinimumSOC is None:
            return
        wanted, seen = (one.MinimumSOC, one.TargetSOC), (other.MinimumSOC, other.TargetSOC)
        yield holds("H-EV-PAUSE-NEEDS", seen == wanted, expected=f"{wanted} %", seen=f"{seen} %", at=at)


class Reserve(EvCase):
    """The driver wants to get home: below his minimum the car gives nothing, whatever it is told."""

    area = "bidirectional"
    requirements = ("H-EV-BPT-RESERVE",)
    hooks = ("plug_in", "set_departure")
    instruments = ("vehicle_meter",)
    faults: ClassVar = {
        "bpt-reserve-ignored": "H-EV-BPT-RESERVE",
        "bpt-full-limits-when-empty": "H-EV-BPT-RESERVE",
    }
    service: ClassVar[ServiceId]

    async def stimulate(self, bench: EvBench) -> None:
        """Discharges, raises the minimum above the present state of charge, and asks for discharge all the while."""
        flows.offer(bench, self.service, control=ControlMode.DYNAMIC)
        await give(bench, dc=self.service.is_dc)
        await want_more(bench)
        await bench.wait(SETTLING + 3 * ENOUGH)
        await bench.charger.no_session(0.1)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """From the first loop on that says that the battery is below the minimum."""
        below = [one for one in ev.requests(trace, m.ChargeLoopReq) if below_minimum(one)]
        if not below:
            raise Inconclusive("the car was not below its minimum")
        yield from kept(trace, below, self.until(trace))

    def until(self, trace: Trace) -> float:
        """How long the charger asked for discharge."""
        if self.service.is_dc:
            return trace.records[-1].t
        return max((one.last.t for one in flows.plateaus(trace) if one.target < GIVES), default=0.0)


async def give(bench: EvBench, watts: float = -4_000.0, *, dc: bool) -> None:
    """Has the car discharged, and goes on with it: DC by the charger itself, AC by its target."""
    if not dc:
        await steer(bench, watts)
        return
    await bench.charger.ready()
    await bench.charge(3)
    bench.charger.set_power(watts)
    await bench.wait(SETTLING + 2 * ENOUGH)


async def want_more(bench: EvBench, seconds: int = 7_200) -> None:
    """The driver wants more than the battery holds at present."""
    loop: Any = await bench.charger.wait_for(
        m.ChargeLoopReq, where=lambda one: one.DisplayParameters is not None, within=5.0
    )
    present = loop.DisplayParameters.PresentSOC
    soc = 50 if present is None else present
    low, high = min(soc + 15, 98), min(soc + 30, 100)
    await bench.act("set_departure", seconds=seconds, minimum_soc=low, target_soc=high)


def below_minimum(asked: ev.Asked[Any]) -> bool:
    """A loop that tells that the battery holds less than the driver's minimum."""
    display = asked.request.DisplayParameters
    if flows.limit(asked.request.CLReqControlMode, "EVMinimumEnergyRequest") > 0:
        return True
    if display is None or display.MinimumSOC is None or display.PresentSOC is None:
        return False
    return bool(display.PresentSOC < display.MinimumSOC)


def discharge_limit(asked: ev.Asked[Any]) -> float:
    """EVMaximumDischargePower of a loop, zero as well where EVMaximumDischargeCurrent is."""
    mode = asked.request.CLReqControlMode
    none = flows.limit(mode, "EVMaximumDischargeCurrent", 1.0) == 0
    return 0.0 if none else flows.limit(mode, "EVMaximumDischargePower")


def kept(trace: Trace, below: list[ev.Asked[Any]], until: float) -> Iterator[Observation]:
    """Behind the settling time a car below its minimum tells a discharge limit of zero, and gives nothing.

    Raises:
        Inconclusive: It gave nothing before either, or was not below its minimum for long enough.
    """
    first = below[0].frame
    since = first.t + SETTLING
    if until < since + ENOUGH:
        raise Inconclusive("the car was not below its minimum while it was asked to give")
    if not any(one.value < GIVES for one in flows.shown(trace, 0.0, first.t)):
        raise Inconclusive("the car did not give energy before, so it has nothing to leave off")
    yield flows.stays_within(
        "H-EV-BPT-RESERVE", trace, (-NO_FLOW, 1e5), since, until, at=(first.index,), what="nothing out of the car"
    )
    yield ev.every(
        "H-EV-BPT-RESERVE",
        [one for one in below if one.frame.t >= since] or below[-1:],  # the session may have ended on it
        lambda one: discharge_limit(one) <= 0,
        expected="a discharge limit of zero below MinimumSOC",
        seen=lambda one: f"{discharge_limit(one):g} W",
    )


class ReserveAc(Reserve):
    """AC: the charger tells a target out of the car, and the car is below what its driver needs."""

    id = "EV-BPT-RESERVE-01"
    title = "AC_BPT, Dynamic: below MinimumSOC the car is not discharged"
    pics = "ac_bpt and dynamic"
    service = ServiceId.AC_BPT


class ReserveDc(Reserve):
    """DC: the charger steers by itself, and the limit that the car tells in each loop is all that keeps its reserve."""

    id = "EV-BPT-RESERVE-02"
    title = "DC_BPT, Dynamic: below MinimumSOC the car is not discharged"
    pics = "dc_bpt and dynamic"
    service = ServiceId.DC_BPT


class ReserveOverPause(EvCase):
    """The car was below its driver's minimum when it went to sleep. Awake again, it still gives nothing.

    What was told before the pause counts, not what the car makes of it behind: one that has forgotten its minimum
    finds itself above it.
    """

    id = "EV-PAU-NEEDS-02"
    title = "DC_BPT, Dynamic: the reserve of the driver outlives a pause"
    area = "pause"
    requirements = ("H-EV-BPT-RESERVE",)
    pics = "pause and dynamic and dc_bpt"
    hooks = ("plug_in", "prefer", "set_departure", "wake_up")
    instruments = ("vehicle_meter",)
    faults: ClassVar = {"pause-forgets-reserve": "H-EV-BPT-RESERVE", "bpt-reserve-ignored": "H-EV-BPT-RESERVE"}

    async def stimulate(self, bench: EvBench) -> None:
        """Discharges, raises the minimum, pauses, wakes the car up, and asks for discharge again."""
        flows.offer(bench, ServiceId.DC_BPT, control=ControlMode.DYNAMIC)
        await bench.act("prefer", control="dynamic")
        await give(bench, dc=True)
        await want_more(bench)
        await bench.wait(ENOUGH)
        bench.charger.notify(m.EvseNotification.Pause, delay=5)
        await bench.charger.ended(within=30.0)
        await bench.wait(60.0)
        await bench.act("wake_up")
        await bench.charge_on(3)
        await bench.wait(SETTLING + 3 * ENOUGH)
        await bench.charger.no_session(0.1)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The last loop before the pause, and all behind it."""
        in_dynamic(trace)
        end, back = paused(trace).frame, joined(trace)
        looped: list[ev.Asked[Any]] = list(ev.requests(trace, m.ChargeLoopReq))
        before = [one for one in looped if one.frame.index < end.index]
        behind = [one for one in looped if one.frame.index > back.frame.index]
        if not before or not below_minimum(before[-1]):
            raise Inconclusive("the car was not below its minimum when it paused")
        if not behind:
            raise Inconclusive(f"the resumed session did not reach the loop: {trace.last_words()}")
        yield from kept(trace, behind, trace.records[-1].t)


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
            before, after = (flows.total(one.request.CLReqControlMode, name) for one in (first, last))
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
