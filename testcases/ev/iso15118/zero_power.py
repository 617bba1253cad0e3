"""Zero power against pause: an interval without power, and power again behind it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from v2gready.authoring import ControlMode, Frame, Inconclusive, Observation, Trace, ev, holds
from v2gready.authoring import messages as m
from v2gready.authoring.ev import EvBench, EvCase, flows
from v2gready.authoring.ev.steering import ENOUGH, SETTLING, follows

SLOWLY = 0.2
"""Seconds that our loop responses take: within their 0.25 s, and less to record."""
LONG_ENOUGH = 10.0
"""Seconds without power that a judge wants to see; our own figure."""


class WakesForPower(EvCase):
    """The schedule has a quarter of an hour without power, and power again behind it.

    A car may pause meanwhile, or stay and take nothing. But it has to be back when there is power again: the usual
    trouble of the field is a car that sleeps until its driver comes.
    """

    id = "EV-PAU-ZERO-01"
    title = "An interval without power: nothing is taken in it, and the car charges behind it"
    area = "pause"
    requirements = ("H-EV-ZERO-POWER", "H-EV-WAKES")
    pics = "scheduled and (not pause or wake_up)"
    hooks = ("plug_in", "prefer")
    instruments = ("vehicle_meter",)
    faults: ClassVar = {
        "pause-never-wakes": "H-EV-WAKES",
        "pause-wakes-late": "H-EV-WAKES",
        "pause-interval-not-in-profile": "H-EV-ZERO-POWER",
        "profile-above-schedule": "H-EV-ZERO-POWER",
    }
    before: ClassVar = 10
    rest: ClassVar = 900
    patience: ClassVar = 120.0
    """Seconds behind the interval within which power has to flow again: search, handshake, parameters, pre-charge.
    The value is our own."""

    async def stimulate(self, bench: EvBench) -> None:
        """Watches the interval, and a while behind it."""
        bench.charger.configure(schedule=((self.before, 0.5), (self.rest, 0.0), (7_200, 0.5)))
        await bench.act("prefer", control="scheduled")
        await bench.charge(3)
        await bench.wait(self.before + self.rest)
        await bench.charge_on(20, within=self.patience + 15.0)
        await bench.charger.no_session(0.5)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Profile and meter in the interval; the meter behind it."""
        offered = ev.told(trace, m.ScheduleExchangeRes, where=lambda one: _zero(one) is not None)
        span = _zero(offered.message)
        start = ev.asked(trace, m.PowerDeliveryReq, where=lambda one: one.ChargeProgress is m.ChargeProgress.Start)
        if span is None or start.answered is None:
            raise Inconclusive("the schedule was not used")
        # Anchors are Unix time, the trace has its own: both clocks met at our response with the schedule.
        origin = offered.frame.t - offered.message.Header.TimeStamp
        begin, end = span[0] + origin, span[1] + origin
        yield from self._promised(start, span)
        if trace.records[-1].t < end:
            raise Inconclusive("the car was not watched until the end of the interval")
        flowing = [one for one in trace.samples("ev.power") if abs(one.value) > 50.0 + one.uncertainty]
        if not any(one.t < begin for one in flowing):
            raise Inconclusive("no power flowed before the interval")
        wrong = [one for one in flowing if begin + 10.0 <= one.t <= end - 5.0]
        yield holds(
            "H-EV-ZERO-POWER",
            not wrong,
            expected="no power in the interval without power",
            seen=f"{wrong[0].value:g} W after {wrong[0].t - begin:.0f} s" if wrong else "none",
            at=(offered.frame.index, *(one.index for one in wrong[:1])),
        )
        again = next((one for one in flowing if one.t >= end - 5.0), None)
        late = None if again is None else again.t - end
        if late is None and trace.records[-1].t < end + self.patience:
            raise Inconclusive("the car was not watched behind the interval")
        yield holds(
            "H-EV-WAKES",
            late is not None and late <= self.patience,
            expected=f"power again within {self.patience:g} s behind the interval",
            seen="none" if late is None else f"after {late:.0f} s",
            at=(offered.frame.index, *(() if again is None else (again.index,))),
        )

    def _promised(self, start: ev.Asked[m.PowerDeliveryReq], span: tuple[int, int]) -> Iterator[Observation]:
        profile = start.request.EVPowerProfile
        if profile is None:
            raise Inconclusive("PowerDeliveryReq(Start) has no profile")
        t, wrong = profile.TimeAnchor, ""
        for entry in profile.EVPowerProfileEntries.EVPowerProfileEntry:
            inside = min(t + entry.Duration, span[1]) - max(t, span[0])
            if inside > 60 and abs(float(entry.Power)) > 0:
                wrong = f"{float(entry.Power):g} W for {inside} s of it"
            t += entry.Duration
        yield holds(
            "H-EV-ZERO-POWER",
            not wrong,
            expected="a profile without power in the interval without power",
            seen=wrong or "as expected",
            at=(start.frame.index,),
        )


def _zero(response: m.ScheduleExchangeRes) -> tuple[int, int] | None:
    """Begin and end in Unix time of the interval without power that every tuple of a response has."""
    mode = response.SEResControlMode
    if not isinstance(mode, m.Scheduled_SEResControlMode):
        return None
    for one in mode.ScheduleTuple:
        schedule = one.ChargingSchedule.PowerSchedule
        t = schedule.TimeAnchor
        for entry in schedule.PowerScheduleEntries.PowerScheduleEntry:
            if float(entry.Power) == 0:
                return (t, t + entry.Duration)
            t += entry.Duration
    return None


def lives(trace: Trace, still: list[ev.Asked[Any]], link: str) -> Observation:
    """From the first loop without power to the last, the car goes on; not by standby either.

    Raises:
        Inconclusive: The car went to standby, which it may; or there were loops for too short a time.
    """
    first, last = still[0].frame, still[-1].frame
    behind = ev.later(trace, first)
    other = next((one for one in behind if not isinstance(one.request, m.ChargeLoopReq)), None)
    if other is not None and getattr(other.request, "ChargeProgress", None) is m.ChargeProgress.Standby:
        raise Inconclusive("the car went to standby")
    gone = ev.closing(trace, link, since=first.index)
    ended = (other is not None and other.frame.index < _next_loop(behind, last)) or gone is not None
    if not ended and last.t - first.t < LONG_ENOUGH:
        raise Inconclusive(f"there were loops without power for {last.t - first.t:.1f} s only: {trace.last_words()}")
    return holds(
        "H-EV-ZERO-LIVES",
        not ended,
        expected="charge loops without power, one after the other",
        seen=f"{len(still)} of them" + ("" if other is None or not ended else f", then {ev.named(other)}"),
        at=(first.index, last.index, *(() if other is None or not ended else (other.frame.index,))),
    )


def _next_loop(behind: list[ev.Asked[Any]], last: Frame) -> float:
    """Where the car looped again behind the last loop without power; nowhere if it did not."""
    found = (one.frame.index for one in behind if isinstance(one.request, m.ChargeLoopReq))
    return next((index for index in found if index > last.index), float("inf"))


class ZeroTarget(EvCase):
    """The charger has nothing to give for a while, and says so by a target of 0 W.

    A car that pauses by itself is refused; one that ends its session stands there in the morning as it came.
    """

    id = "EV-PAU-ZERO-02"
    title = "AC, Dynamic: a target of 0 W is no end, and power is taken again behind it"
    area = "pause"
    requirements = ("H-EV-ZERO-LIVES", "H-EV-AC-TARGET")
    pics = "dynamic and (ac or ac_bpt)"
    instruments = ("vehicle_meter",)
    faults: ClassVar = {"zero-power-terminates": "H-EV-ZERO-LIVES", "zero-power-stays": "H-EV-AC-TARGET"}
    targets: ClassVar = (6_000.0, 0.0, 4_000.0)
    rest: ClassVar = 20.0

    async def stimulate(self, bench: EvBench) -> None:
        """6 kW, nothing for twenty seconds, 4 kW; answers as slowly as may be, for a short trace."""
        flows.offer(bench, bench.service(dc=False), control=ControlMode.DYNAMIC)
        target = flows.Target(bench, self.targets[0])
        bench.charger.delay(m.ChargeLoopRes, SLOWLY)
        await bench.charge(3)
        for watts in self.targets:
            target.watts = watts
            await bench.wait(bench.settling_time + 2 * ENOUGH if watts else self.rest)
        await bench.charger.no_session(0.1)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The loops behind the first target of nothing; and the meter at each target."""
        found = flows.plateaus(trace)
        zero = next((one for one in found if abs(one.target) < 1), None)
        if zero is None:
            raise Inconclusive(f"a target of nothing was not told: {trace.last_words()}")
        looped = list(ev.requests(trace, m.ChargeLoopReq))
        still = [one for one in looped if zero.first.index < one.frame.index <= zero.last.index]
        if not still:
            raise Inconclusive("the car said nothing behind the target of nothing")
        yield lives(trace, still, zero.first.link)
        yield from follows("H-EV-AC-TARGET", trace, self.targets)


class OwnZero(EvCase):
    """The driver wants a rest in Dynamic mode. The car may not pause: it takes nothing, and its limits say so.

    Woken up, it takes power again, in the same session.
    """

    id = "EV-PAU-ZERO-03"
    title = "AC, Dynamic: a car that rests by limits of zero takes nothing, goes on, and takes power again"
    area = "pause"
    requirements = ("H-EV-ZERO-LIVES", "H-EV-OWN-LIMITS", "H-EV-AC-TARGET")
    pics = "dynamic and pause and (ac or ac_bpt)"
    hooks = ("plug_in", "pause", "wake_up")
    instruments = ("vehicle_meter",)
    faults: ClassVar = {
        "zero-power-terminates": "H-EV-ZERO-LIVES",
        "zero-power-not-zero": "H-EV-OWN-LIMITS",
        "zero-power-stays": "H-EV-AC-TARGET",
    }
    target: ClassVar = 5_000.0
    rest: ClassVar = 20.0

    async def stimulate(self, bench: EvBench) -> None:
        """5 kW all the time; the car rests for twenty seconds of it."""
        flows.offer(bench, bench.service(dc=False), control=ControlMode.DYNAMIC)
        flows.Target(bench, self.target)
        bench.charger.delay(m.ChargeLoopRes, SLOWLY)
        await bench.charge(15)
        await bench.act("pause")
        await bench.wait(self.rest)
        await bench.act("wake_up")
        await bench.wait(bench.settling_time + 2 * ENOUGH)
        await bench.charger.no_session(0.1)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The loops with a charge limit of zero: session and meter; and the meter behind them."""
        looped: list[ev.Asked[Any]] = list(ev.requests(trace, m.AC_ChargeLoopReq))
        resting = [nth for nth, one in enumerate(looped) if _limit(one) == 0]
        if not resting:
            raise Inconclusive("the car did not rest by limits of zero")
        first = resting[0]
        behind = next((nth for nth in range(first, len(looped)) if _limit(looped[nth])), len(looped))
        still = looped[first:behind]
        yield lives(trace, still, still[0].link)
        since, until = still[0].frame.t, still[-1].frame.t
        if not any(one.value > 1_000 for one in flows.shown(trace, 0.0, since)):
            raise Inconclusive("no power flowed before the rest")
        at = (still[0].frame.index,)
        if until > since + SETTLING:
            yield flows.stays_within(
                "H-EV-OWN-LIMITS", trace, (0.0, 0.0), since + SETTLING, until, at=at, what="nothing by its own limit"
            )
        if behind == len(looped) or looped[-1].frame.t < looped[behind].frame.t + SETTLING + ENOUGH:
            raise Inconclusive(f"the car did not come back from its rest: {trace.last_words()}")
        start, end = looped[behind].frame, looped[-1].frame
        wanted = min(self.target, *(_limit(one) for one in looped[behind:]))
        yield flows.stays_at(
            "H-EV-AC-TARGET", trace, wanted, start.t + SETTLING, end.t, at=(start.index,), what="the target again"
        )


def _limit(asked: ev.Asked[Any]) -> float:
    return flows.limit(asked.request.CLReqControlMode, "EVMaximumChargePower")
