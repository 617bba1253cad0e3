"""Zero power against pause: a session without power lives on, and power comes back without another session."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from v2gready.authoring import (
    ChargerBench,
    ChargerCase,
    ControlMode,
    EvSession,
    Exchange,
    Inconclusive,
    Observation,
    ServiceId,
    Trace,
    describe,
    energy,
    holds,
    wire,
)
from v2gready.authoring import messages as m
from v2gready.authoring.pausing import CHARGING, with_rest

SLOWLY = 0.1
"""Seconds more than usual between two loops without power: within the 0.25 s of a car, and less to record."""
LONG_ENOUGH = 10.0
"""Seconds without power that a judge wants to see; our own figure."""


async def idle(bench: ChargerBench, session: EvSession, seconds: float) -> None:
    """Loops slowly for so long."""
    for _ in range(round(seconds / (SLOWLY + 0.15))):
        await bench.wait(SLOWLY)
        await session.charge(1)


def lives(requirement: str, trace: Trace, still: list[Exchange[Any]]) -> Observation:
    """The loops without power are all answered by OK, and none of the answers ends the session.

    Args:
        requirement: Id in the registry.
        trace: The trace.
        still: The loops from the first one without power on, to the last one.

    Raises:
        Inconclusive: The station asked for a pause, which it may; or the loops were too few and nothing ended them.
    """
    bad = None
    for one in still:
        notified = wire.notification(one.answer)
        if notified is m.EvseNotification.Pause:
            raise Inconclusive("the station asked for a pause instead")
        code = getattr(one.answer, "ResponseCode", None)
        if code is None or code >= m.ResponseCode.FAILED or notified is m.EvseNotification.Terminate:
            bad = one
            break
    lasted = still[-1].request.t - still[0].request.t
    if bad is None and lasted < LONG_ENOUGH:
        raise Inconclusive(f"there were loops without power for {lasted:.1f} s only: {trace.last_words()}")
    return holds(
        requirement,
        bad is None,
        expected=f"the session goes on for {max(lasted, LONG_ENOUGH):.0f} s without power",
        seen="so it does" if bad is None else f"{describe(bad)} after {bad.request.t - still[0].request.t:.1f} s",
        at=(still[0].request.index, *(() if bad is None else bad.at)),
    )


class ScheduledZero(ChargerCase):
    """The profile has an interval of 0 W, and the car stays: loops go on, no pause is forced, power comes back.

    A charger that takes zero current for an end sends the car to a new session, with the driver asleep.
    """

    id = "CHG-PAU-ZERO-01"
    title = "DC, Scheduled: an interval without power is lived through, and power comes back"
    area = "pause"
    requirements = ("H-ZERO-POWER", "H-TARGET-CURRENT")
    pics = "scheduled and (dc or dc_bpt)"
    faults = {
        "zero-power-ends-session": "H-ZERO-POWER",
        "zero-power-latches": "H-TARGET-CURRENT",
        "current-frozen": "H-TARGET-CURRENT",
    }
    rest = 20

    async def stimulate(self, bench: ChargerBench) -> None:
        """Takes 5 kW, nothing for twenty seconds, 5 kW."""
        async with bench.ev.session(service=bench.service(dc=True), control=ControlMode.SCHEDULED) as session:
            await session.reach(m.PowerDeliveryReq)
            await session.proceed(lambda request: with_rest(request, rest=self.rest))
            await session.charge(bench.loops_for(CHARGING - 1), power=5_000)
            session.vehicle.target_power = 0
            await idle(bench, session, self.rest)
            await session.charge(bench.loops_for(bench.settling_time), power=5_000)
            await session.run_to_end()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The loops with a wish for nothing; and the current in each stretch."""
        asked = list(trace.exchanges(m.DC_ChargeLoopReq))
        wishes = [abs(energy.wish(one.sent) or 0.0) for one in asked]
        first = next((nth for nth, wish in enumerate(wishes) if nth and not wish and wishes[nth - 1]), None)
        if first is None:
            raise Inconclusive(f"the car did not come to the interval without power: {trace.last_words()}")
        behind = next((nth for nth in range(first, len(asked)) if wishes[nth]), len(asked))
        yield lives("H-ZERO-POWER", trace, asked[first:behind])
        stretches = energy.plateaus(trace)
        if len(stretches) < 3:
            raise Inconclusive(f"the session ended before power was wanted again: {trace.last_words()}")
        for loop in stretches[:3]:
            yield wire.follows_target("H-TARGET-CURRENT", loop)


class DynamicZero(ChargerCase):
    """The station is told 0 W for a while, and power again: it steers to nothing, and back, in one session."""

    area = "pause"
    requirements = ("H-ZERO-POWER", "H-DYNAMIC-TARGET")
    hooks = ("set_power",)
    faults: ClassVar = {"zero-power-ends-session": "H-ZERO-POWER", "zero-power-latches": "H-DYNAMIC-TARGET"}
    service: ClassVar[ServiceId]
    powers: ClassVar = (6_000.0, 0.0, 4_000.0)
    rest: ClassVar = 20

    async def stimulate(self, bench: ChargerBench) -> None:
        """6 kW, nothing for twenty seconds, 4 kW."""
        async with bench.ev.session(service=self.service, control=ControlMode.DYNAMIC) as session:
            await session.reach(m.ChargeLoopReq)
            for watts in self.powers:
                await session.charge_during(bench.act("set_power", watts=watts))
                if watts:
                    await session.charge(bench.loops_for(bench.settling_time))
                else:
                    await idle(bench, session, self.rest)
            await session.run_to_end()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The loops that tell nothing; and the power that each command led to."""
        asked = list(trace.exchanges(m.ChargeLoopReq))
        flowing = [_moves(one) for one in asked]
        first = next((nth for nth, moves in enumerate(flowing) if nth and moves is False and flowing[nth - 1]), None)
        if first is None:
            raise Inconclusive(f"power never came to nothing: {trace.last_words()}")
        behind = next((nth for nth in range(first, len(asked)) if flowing[nth]), len(asked))
        yield lives("H-ZERO-POWER", trace, asked[first:behind])
        told = energy.commanded(trace)
        for watts, loop in told:
            wanted = energy.permitted(trace, loop).nearest(watts)
            yield energy.reaches("H-DYNAMIC-TARGET", loop, wanted, what="a power")
        if len(told) < len(self.powers):
            raise Inconclusive(f"the session ended before the last command: {trace.last_words()}")


def _moves(loop: Exchange[Any]) -> bool | None:
    """Power is told: DC as present, AC as target; None without an answer."""
    if not isinstance(loop.answer, m.ChargeLoopRes):
        return None
    told = energy.target(loop.answer) if isinstance(loop.answer, m.AC_ChargeLoopRes) else energy.flow(loop.answer)
    return told is not None and abs(told) > energy.NO_POWER


class DynamicZeroDc(DynamicZero):
    """DC: the charger delivers nothing for a while; the contactor stays as it is."""

    id = "CHG-PAU-ZERO-02"
    title = "DC, Dynamic: a target of nothing is no pause, and power comes back"
    pics = "dc and dynamic"
    service = ServiceId.DC


class DynamicZeroAc(DynamicZero):
    """AC: EVSETargetActivePower is zero for a while; the car keeps its session."""

    id = "CHG-PAU-ZERO-03"
    title = "AC, Dynamic: a target of nothing is no pause, and power comes back"
    pics = "ac and dynamic"
    service = ServiceId.AC
