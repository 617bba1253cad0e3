"""Departure and minimum of the driver while the car is discharged: what must stay in the battery for the way home."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar

from v2gready.authoring import (
    ChargerBench,
    ChargerCase,
    ControlMode,
    Inconclusive,
    Observation,
    ServiceId,
    Trace,
    describe,
    energy,
    holds,
)
from v2gready.authoring import messages as m

SECONDS_PER_HOUR = 3_600
GIVES = -1_000.0
"""W from which on a car gives energy; our own figure."""
DEPARTURE = 300
MISSING = 5_000.0
"""In five minutes the driver leaves, and five kilowatt-hours are missing: no charger of this class gets that done."""


class NeedsWhileDischarging(ChargerCase):
    """The station is told to discharge, and does. Then the driver wants to leave soon, with more than there is.

    Each watt-hour taken from then on is missing on the way home. What the station does instead is its own affair.
    That ISO 15118-20 asks this of a charger is (unconfirmed): EVMinimumEnergyRequest and DepartureTime are mandatory
    in Dynamic mode, and no clause known to us says what they oblige to.
    """

    area = "bidirectional"
    requirements = ("H-DEPARTURE-KEPT",)
    hooks = ("set_power",)
    faults: ClassVar = {"departure-needs-ignored": "H-DEPARTURE-KEPT"}
    service: ClassVar[ServiceId]
    power: ClassVar = -6_000.0

    async def stimulate(self, bench: ChargerBench) -> None:
        """Gives 6 kW with two hours to go; then asks for five kilowatt-hours in five minutes."""
        loops = bench.loops_for(bench.settling_time)
        async with bench.ev.session(service=self.service, control=ControlMode.DYNAMIC) as session:
            await session.reach(m.ChargeLoopReq)
            await session.charge_during(bench.act("set_power", watts=self.power))
            await session.charge(loops)
            ratings = replace(session.evcc.plan.ratings, minimum_energy=MISSING)
            session.change_plan(departure=DEPARTURE, ratings=ratings)
            await session.charge(loops)
            await session.run_to_end()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The last loop before the car was in a hurry, and the last one."""
        looped = list(energy.loops(trace))
        hurried = [one for one in looped if _short(trace, one)]
        calm = looped[: looped.index(hurried[0])] if hurried else []
        if not calm or hurried[-1].request.t - hurried[0].request.t < 1.0:
            raise Inconclusive(f"the car did not tell both, time enough and too little: {trace.last_words()}")
        before, last = _power(calm[-1]), hurried[-1]
        if before is None or before > GIVES:
            raise Inconclusive("the car was not discharged before, so there is nothing to leave off")
        seen = _power(last)
        yield holds(
            "H-DEPARTURE-KEPT",
            seen is not None and seen >= -energy.NO_POWER,
            expected="no discharging",
            seen=describe(last) if seen is None else f"{seen:.0f} W",
            at=(*calm[-1].at, *last.at),
        )


def _power(loop: Any) -> float | None:
    answer = loop.answer
    return energy.target(answer) if isinstance(answer, m.AC_ChargeLoopRes) else energy.flow(answer)


def _short(trace: Trace, loop: Any) -> bool:
    """The minimum that is missing cannot be charged any more until departure, with all that both sides permit."""
    mode = loop.sent.CLReqControlMode
    missing, left = getattr(mode, "EVMinimumEnergyRequest", None), getattr(mode, "DepartureTime", None)
    if missing is None or left is None:
        return False
    return bool(float(missing) > energy.permitted(trace, loop).charge * left / SECONDS_PER_HOUR)


class NeedsWhileDischargingDc(NeedsWhileDischarging):
    """DC: the charger takes the current out of the car by itself."""

    id = "CHG-BPT-NEEDS-01"
    title = "DC_BPT, Dynamic: no discharging when the minimum could not be reached until departure"
    pics = "dc_bpt and dynamic"
    service = ServiceId.DC_BPT


class NeedsWhileDischargingAc(NeedsWhileDischarging):
    """AC: the charger asks for it by EVSETargetActivePower."""

    id = "CHG-BPT-NEEDS-02"
    title = "AC_BPT, Dynamic: no discharging when the minimum could not be reached until departure"
    pics = "ac_bpt and dynamic"
    service = ServiceId.AC_BPT
