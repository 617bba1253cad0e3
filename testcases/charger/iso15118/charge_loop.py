"""The charge loop: the target is followed, limits are kept and told, the meter is read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from v2gready.authoring import (
    ChargerBench,
    ChargerCase,
    ControlMode,
    Inconclusive,
    Observation,
    Ratings,
    Trace,
    answered,
    energy,
    holds,
    in_time,
    refused,
    wire,
    worst,
)
from v2gready.authoring import messages as m

BIG_CAR = Ratings(maximum_charge_power=1e6, maximum_charge_current=3_000)
"""A car that takes more than any charger gives: the limits that count are the charger's."""
MARGIN = 1_000.0
"""W that a power may be above the profile, besides 5 %, before it counts as a violation; our own figure."""


class TargetFollowed(ChargerCase):
    """The current follows EVTargetCurrent up and down."""

    id = "CHG-LOOP-TARGET-01"
    title = "The target current is followed"
    area = "charge-loop"
    requirements = ("H-TARGET-CURRENT",)
    pics = "scheduled and (dc or dc_bpt)"
    faults = {"no-current": "H-TARGET-CURRENT", "current-frozen": "H-TARGET-CURRENT"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """2 kW, 6 kW, 3 kW, each until the charger has settled."""
        loops = bench.loops_for(bench.settling_time)
        async with bench.ev.session(service=bench.service(dc=True), control=ControlMode.SCHEDULED) as session:
            await session.reach(m.DC_ChargeLoopReq)
            for power in (2_000, 6_000, 3_000):
                await session.charge(loops, power=power)
            await session.run_to_end()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The last loop of each level tells the target current, or a limit."""
        for loop in energy.plateaus(trace):
            yield wire.follows_target("H-TARGET-CURRENT", loop)


class TargetAboveMaximum(ChargerCase):
    """A target above the charger's maximum is legal: the charger gives what it has, says so, and does not fail."""

    id = "CHG-LOOP-CLAMP-01"
    title = "A target above the maximum is limited, not failed"
    area = "charge-loop"
    requirements = ("V2G20-2188", "H-LIMIT-FLAG")
    pics = "scheduled and (dc or dc_bpt)"
    faults = {
        "current-above-limit": "V2G20-2188",
        "fails-on-high-target": "V2G20-2188",
        "limit-flag-missing": "H-LIMIT-FLAG",
    }

    async def stimulate(self, bench: ChargerBench) -> None:
        """Asks for twice the rated power."""
        twice = 2 * bench.number("dc_max_charge_power", 350_000)
        async with bench.ev.session(
            service=bench.service(dc=True), control=ControlMode.SCHEDULED, ratings=BIG_CAR
        ) as session:
            await session.reach(m.DC_ChargeLoopReq)
            await session.charge(bench.loops_for(bench.settling_time), power=twice)
            await session.run_to_end()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """OK, no more than the announced limits, and a flag that tells the limit."""
        loop = trace.exchange(m.DC_ChargeLoopReq, nth=-1)
        yield answered("V2G20-2188", loop)
        answer = energy.last_loop(trace).answer
        beyond = energy.beyond_limits(trace, energy.last_loop(trace))
        yield holds(
            "V2G20-2188",
            not beyond,
            expected="no more than announced",
            seen="; ".join(beyond) or "so it is",
            at=loop.at,
        )
        limited = answer.EVSECurrentLimitAchieved or answer.EVSEPowerLimitAchieved
        yield holds(
            "H-LIMIT-FLAG",
            limited,
            expected="EVSECurrentLimitAchieved or EVSEPowerLimitAchieved",
            seen="one of them" if limited else "neither",
            at=loop.at,
        )


class LoopLimits(ChargerCase):
    """The limits told in the loop are no higher than those of ChargeParameterDiscovery, which the car relies on."""

    id = "CHG-LOOP-LIMITS-01"
    title = "Loop limits stay within those announced before"
    area = "charge-loop"
    requirements = ("V2G20-2654",)
    pics = "dynamic and (dc or dc_bpt)"
    faults = {"loop-limits-above-cpd": "V2G20-2654"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Ten loops in Dynamic mode, where the limits are mandatory."""
        async with bench.ev.session(
            service=bench.service(dc=True), control=ControlMode.DYNAMIC, ratings=BIG_CAR, loops=10
        ) as session:
            await session.run_to_end()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Every limit of every loop."""
        yield worst(energy.loop_limits("V2G20-2654", trace, loop) for loop in energy.loops(trace))


class WithoutDisplayParameters(ChargerCase):
    """DisplayParameters, TargetSOC and energy requests are optional: a car without them is served as well."""

    id = "CHG-LOOP-DISPLAY-01"
    title = "A loop without optional elements is served"
    area = "charge-loop"
    requirements = ("H-OPTIONAL-ABSENT",)
    faults = {"display-parameters-required": "H-OPTIONAL-ABSENT"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Three loops with the mandatory elements alone."""
        async with bench.ev.session() as session:
            await session.reach(m.ChargeLoopReq)
            for _ in range(3):
                await session.proceed(lambda request: replace(request, DisplayParameters=None))
            await session.run_to_end()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Every such loop is answered without FAILED."""
        bare = list(trace.exchanges(m.ChargeLoopReq, where=lambda request: request.DisplayParameters is None))
        yield worst(answered("H-OPTIONAL-ABSENT", one) for one in bare)


class ControlModeInTheLoop(ChargerCase):
    """A loop request in another control mode than the selected one is refused."""

    id = "CHG-LOOP-MODE-01"
    title = "The control mode does not change in the loop"
    area = "charge-loop"
    requirements = ("V2G20-1600",)
    pics = "scheduled and dynamic"
    faults = {"control-mode-not-checked": "V2G20-1600"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Two loops in Scheduled mode, then one in Dynamic mode."""
        async with bench.ev.session(control=ControlMode.SCHEDULED) as session:
            await session.reach(m.ChargeLoopReq)
            await session.charge(2)
            session.change_plan(control=ControlMode.DYNAMIC)
            await session.proceed()
            await session.silence(1)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The last loop is answered by a FAILED code."""
        other = trace.exchange(m.ChargeLoopReq, nth=-1)
        if not wire.kind_of_mode(wire.mode_of(other.sent)).startswith(("Dynamic", "BPT_Dynamic")):
            raise Inconclusive(f"the session did not reach the loop in Dynamic mode: {trace.last_words()}")
        yield refused("V2G20-1600", other)


class MeterOnRequest(ChargerCase):
    """Asked by MeterInfoRequested, the charger tells its meter reading in every response."""

    id = "CHG-LOOP-METER-01"
    title = "MeterInfo comes when it is asked for"
    area = "charge-loop"
    requirements = ("V2G20-1082",)
    pics = "metering"
    faults = {"meter-info-missing": "V2G20-1082"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Five loops, each with MeterInfoRequested."""
        async with bench.ev.session(meter_info=True, loops=5) as session:
            await session.run_to_end()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """MeterInfo in each response."""
        yield worst(
            holds(
                "V2G20-1082",
                loop.answer.MeterInfo is not None,
                expected="MeterInfo",
                seen="none" if loop.answer.MeterInfo is None else f"a reading of {loop.answer.MeterInfo.MeterID}",
                at=loop.at,
            )
            for loop in energy.loops(trace)
        )


class MeterInTheFirstLoop(ChargerCase):
    """A metering charger tells its reading in the first loop response without being asked."""

    id = "CHG-LOOP-METER-02"
    title = "The first loop response holds MeterInfo"
    area = "charge-loop"
    requirements = ("V2G20-1833",)
    pics = "metering"
    faults = {"meter-info-missing-first": "V2G20-1833", "meter-info-missing": "V2G20-1833"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Three loops that do not ask."""
        async with bench.ev.session(meter_info=False, loops=3) as session:
            await session.run_to_end()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """MeterInfo in the first response."""
        first = trace.exchange(m.ChargeLoopReq)
        meter = getattr(first.answer, "MeterInfo", None)
        seen = "none" if meter is None else f"a reading of {meter.MeterID}"
        yield holds("V2G20-1833", meter is not None, expected="MeterInfo", seen=seen, at=first.at)


class LoopInTime(ChargerCase):
    """Every response of the loop comes within 0.25 s: a car waits for half a second and no longer."""

    id = "CHG-LOOP-TIME-01"
    title = "Loop responses come within 0.25 s"
    area = "charge-loop"
    requirements = ("H-TABLE-217",)
    faults = {"slow-loop-response": "H-TABLE-217"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Three seconds of charging."""
        async with bench.ev.session(loops=bench.loops_for(3.0)) as session:
            await session.run_to_end()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The slowest response decides."""
        trace.exchange(m.ChargeLoopReq)
        yield worst(in_time("H-TABLE-217", trace, one) for one in trace.exchanges(m.ChargeLoopReq))


class CurrentToldIsMeasured(ChargerCase):
    """EVSEPresentCurrent and EVSEPresentVoltage are measured at the outlet, not copied from the target."""

    id = "CHG-LOOP-METERED-01"
    title = "Told current and voltage are those at the outlet"
    area = "charge-loop"
    requirements = ("H-TOLD-MEASURED",)
    pics = "scheduled and (dc or dc_bpt)"
    faults = {"present-current-fabricated": "H-TOLD-MEASURED"}
    instruments = ("dc_meter",)

    async def stimulate(self, bench: ChargerBench) -> None:
        """8 kW, then 3 kW, each until the charger has settled."""
        loops = bench.loops_for(bench.settling_time)
        async with bench.ev.session(service=bench.service(dc=True), control=ControlMode.SCHEDULED) as session:
            await session.reach(m.DC_ChargeLoopReq)
            for power in (8_000, 3_000):
                await session.charge(loops, power=power)
            await session.run_to_end()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The last loop of each level against the meter."""
        for loop in energy.plateaus(trace):
            yield from energy.loop_as_measured("H-TOLD-MEASURED", trace, loop)


class ProfileViolation(ChargerCase):
    """While more flows than the power profile promised, every loop response says so, or the session is failed.

    A charger that keeps the car within its profile has nothing to warn of.
    """

    id = "CHG-LOOP-PROFILE-01"
    title = "A violated profile is told as long as it lasts"
    area = "charge-loop"
    requirements = ("V2G20-1953",)
    pics = "scheduled and (dc or dc_bpt)"
    faults = {"profile-violation-unnoticed": "V2G20-1953", "profile-warned-once": "V2G20-1953"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Promises 2 kW and takes 8 kW."""
        async with bench.ev.session(service=bench.service(dc=True), control=ControlMode.SCHEDULED) as session:
            await session.reach(m.PowerDeliveryReq)
            await session.proceed(_promising(2_000))
            await session.charge(bench.loops_for(2 * bench.settling_time), power=8_000)
            await session.run_to_end()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Each loop in which too much flows, once the charger has had time to notice."""
        start = trace.exchange(m.PowerDeliveryReq)
        promised = _promise(start.sent)
        codes = (
            m.ResponseCode.WARNING_EVPowerProfileViolation,
            m.ResponseCode.FAILED_EVPowerProfileViolation,
        )
        excessive = [
            loop
            for loop in energy.loops(trace)
            if (energy.flow(loop.answer) or 0.0) > (1 + energy.RELATIVE) * promised + MARGIN
        ]
        settled = [loop for loop in excessive if loop.request.t >= excessive[0].request.t + 1.0]
        if settled:
            yield worst(answered("V2G20-1953", loop, *codes) for loop in settled)
            return
        last = energy.last_loop(trace)
        flowing = f"{energy.flow(last.answer) or 0:.0f} W"
        yield holds("V2G20-1953", True, expected=f"at most {promised:.0f} W", seen=flowing, at=last.at)


def _promising(watts: float):  # noqa: ANN202 - a change of a request
    """A profile with that power in every step."""

    def change(request: m.PowerDeliveryReq) -> m.PowerDeliveryReq:
        profile = request.EVPowerProfile
        if profile is None:
            return request
        power = m.RationalNumber.of(watts)
        entries = tuple(replace(one, Power=power) for one in profile.EVPowerProfileEntries.EVPowerProfileEntry)
        steps = m.EVPowerProfileEntryList(EVPowerProfileEntry=entries)
        return replace(request, EVPowerProfile=replace(profile, EVPowerProfileEntries=steps))

    return change


def _promise(request: m.PowerDeliveryReq) -> float:
    if request.EVPowerProfile is None:
        raise Inconclusive("the car sent no power profile")
    steps = request.EVPowerProfile.EVPowerProfileEntries.EVPowerProfileEntry
    return max(energy.total(one, "Power") or 0.0 for one in steps)
