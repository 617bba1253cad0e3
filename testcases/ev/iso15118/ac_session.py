"""AC: the inverter is in the car, and in Dynamic mode the charger steers it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from v2gready.authoring import ControlMode, Inconclusive, Observation, Trace
from v2gready.authoring.ev import EvBench, EvCase, flows
from v2gready.authoring.ev.steering import ENOUGH, SETTLING, follows, steer, tells_power


class FollowsTarget(EvCase):
    """The charger shares a connection among cars: one that does not follow takes the power of the others."""

    area = "ac"
    requirements = ("H-EV-AC-TARGET",)
    pics = "(ac or ac_bpt) and dynamic"
    instruments = ("vehicle_meter",)
    targets: ClassVar[tuple[float, ...]] = (0.0, 11_000.0, 6_000.0)
    per_phase: ClassVar[bool]

    async def stimulate(self, bench: EvBench) -> None:
        """0, 11 and 6 kW."""
        flows.offer(bench, bench.service(dc=False), control=ControlMode.DYNAMIC, per_phase=self.per_phase)
        await steer(bench, *self.targets)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Each step, behind its settling time."""
        yield from follows("H-EV-AC-TARGET", trace, self.targets)


class PerPhase(FollowsTarget):
    """Three elements, one for each phase: they add up."""

    id = "EV-AC-TARGET-01"
    title = "Dynamic: targets for each phase of 0, 11 and 6 kW are followed"
    faults: ClassVar = {
        "ac-target-ignored": "H-EV-AC-TARGET",
        "ac-target-first-phase-alone": "H-EV-AC-TARGET",
        "ac-target-slowly": "H-EV-AC-TARGET",
    }
    per_phase = True


class InTotal(FollowsTarget):
    """One element alone: the sum, evenly split."""

    id = "EV-AC-TARGET-02"
    title = "Dynamic: a lone target of 0, 11 and 6 kW is the sum of all phases"
    faults: ClassVar = {"ac-target-ignored": "H-EV-AC-TARGET", "ac-target-slowly": "H-EV-AC-TARGET"}
    per_phase = False


class BeyondOwnLimit(EvCase):
    """A target for a bus: the car takes what it has announced, and not what it is told."""

    id = "EV-AC-LIMIT-01"
    title = "Dynamic: a target beyond the car's own limit is followed up to that limit"
    area = "ac"
    requirements = ("H-EV-OWN-LIMITS",)
    pics = "(ac or ac_bpt) and dynamic"
    instruments = ("vehicle_meter",)
    faults: ClassVar = {"ac-target-not-limited": "H-EV-OWN-LIMITS"}
    most: ClassVar = 100_000.0

    async def stimulate(self, bench: EvBench) -> None:
        """100 kW."""
        flows.offer(bench, bench.service(dc=False), control=ControlMode.DYNAMIC)
        await steer(bench, 3_000.0, self.most)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Never above what ChargeParameterDiscovery announced."""
        high = next((one for one in flows.plateaus(trace) if one.target > self.most / 2), None)
        if high is None or high.seconds < SETTLING + ENOUGH:
            raise Inconclusive(f"the high target was not told for long enough: {trace.last_words()}")
        car, _ = flows.announced(trace, high.first.link)
        own = flows.limit(car, "EVMaximumChargePower")
        flows.flows(trace, high.first.t, high.last.t)
        yield flows.stays_within(
            "H-EV-OWN-LIMITS",
            trace,
            (-own, own),
            high.first.t,
            high.last.t,
            at=(high.first.index,),
            what="within EVMaximumChargePower",
        )


class PresentPower(EvCase):
    """The charger balances its site by what the car tells: a number that is not measured trips a breaker."""

    id = "EV-AC-PRESENT-01"
    title = "EVPresentActivePower is what flows"
    area = "ac"
    requirements = ("H-EV-PRESENT-POWER",)
    pics = "(ac or ac_bpt) and dynamic"
    instruments = ("vehicle_meter",)
    faults: ClassVar = {
        "ac-present-power-zero": "H-EV-PRESENT-POWER",
        "ac-present-power-is-target": "H-EV-PRESENT-POWER",
    }

    async def stimulate(self, bench: EvBench) -> None:
        """Charging with 6 kW."""
        flows.offer(bench, bench.service(dc=False), control=ControlMode.DYNAMIC)
        await steer(bench, 6_000.0)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Requests of the steady part against the meter."""
        yield from tells_power("H-EV-PRESENT-POWER", trace)


class SinglePhase(FollowsTarget):
    """A household outlet of one phase and 230 V: no second phase is told, and none is missed."""

    id = "EV-AC-PHASE-01"
    title = "Dynamic: a single-phase EVSE of 230 V is followed"
    faults: ClassVar = {"ac-target-ignored": "H-EV-AC-TARGET"}
    targets: ClassVar = (0.0, 3_600.0)
    per_phase = True

    async def stimulate(self, bench: EvBench) -> None:
        """One phase, 3.6 kW."""
        config = bench.charger.config.ac
        single = type(config)(phases=1, maximum_charge_power=7_360.0, maximum_discharge_power=3_680.0)
        flows.offer(bench, bench.service(dc=False), control=ControlMode.DYNAMIC, ac=single)
        await steer(bench, *self.targets)
