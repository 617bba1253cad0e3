"""Dynamic control mode: somebody tells the station a power, and the station steers the car to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from v2gready.authoring import (
    ChargerBench,
    ChargerCase,
    ControlMode,
    Inconclusive,
    Observation,
    ServiceId,
    Trace,
    energy,
)
from v2gready.authoring import messages as m


class _Steered(ChargerCase):
    area = "dynamic"
    hooks = ("set_power",)
    service: ClassVar[ServiceId]
    powers: ClassVar[tuple[float, ...]]

    async def stimulate(self, bench: ChargerBench) -> None:
        """Tells the station one power after the other, and lets it settle each time."""
        async with bench.ev.session(service=self.service, control=ControlMode.DYNAMIC) as session:
            await session.reach(m.ChargeLoopReq)
            for watts in self.powers:
                await session.charge_during(bench.act("set_power", watts=watts))
                await session.charge(bench.loops_for(bench.settling_time))
            await session.run_to_end()


class _Follows(_Steered):
    requirements = ("H-DYNAMIC-TARGET",)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The last loop before the next command has the power, as far as both sides permit it."""
        told = energy.commanded(trace)
        for watts, loop in told:
            wanted = energy.permitted(trace, loop).nearest(watts)
            yield energy.reaches("H-DYNAMIC-TARGET", loop, wanted, what="a power")
        if len(told) < len(self.powers):
            raise Inconclusive(f"the session ended before the last command: {trace.last_words()}")


class FollowsDc(_Follows):
    """DC: the present current follows the power that the station is told."""

    id = "CHG-DYN-TARGET-01"
    title = "DC: the power follows the station's setpoint"
    pics = "dc and dynamic"
    faults = {"ignores-setpoint": "H-DYNAMIC-TARGET"}
    service = ServiceId.DC
    powers = (6_000, 2_000, 8_000)


class FollowsDcBpt(_Follows):
    """DC_BPT: the present current follows the station's setpoint into the car and out of it."""

    id = "CHG-DYN-TARGET-02"
    title = "DC_BPT: the power follows the setpoint in both directions"
    pics = "dc_bpt and dynamic"
    faults = {"ignores-setpoint": "H-DYNAMIC-TARGET", "no-discharge": "H-DYNAMIC-TARGET"}
    service = ServiceId.DC_BPT
    powers = (6_000, -6_000, 3_000)


class FollowsAc(_Follows):
    """AC: EVSETargetActivePower is the power that the station is told."""

    id = "CHG-DYN-TARGET-03"
    title = "AC: the target follows the station's setpoint"
    pics = "ac and dynamic"
    faults = {"ignores-setpoint": "H-DYNAMIC-TARGET", "ac-target-first-phase": "H-DYNAMIC-TARGET"}
    service = ServiceId.AC
    powers = (6_000, 3_000, 9_000)


class FollowsAcBpt(_Follows):
    """AC_BPT: EVSETargetActivePower follows the station's setpoint, negative to discharge."""

    id = "CHG-DYN-TARGET-04"
    title = "AC_BPT: the target follows the setpoint in both directions"
    pics = "ac_bpt and dynamic"
    faults = {"ignores-setpoint": "H-DYNAMIC-TARGET", "no-discharge": "H-DYNAMIC-TARGET"}
    service = ServiceId.AC_BPT
    powers = (6_000, -6_000, 3_000)


class _Bounded(_Steered):
    requirements = ("H-EV-LIMITS",)
    powers = (1e6, -1e6)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The power stays where both sides permit it."""
        for _, loop in energy.commanded(trace):
            yield energy.within("H-EV-LIMITS", loop, energy.permitted(trace, loop))


class BoundedDc(_Bounded):
    """DC_BPT: told a megawatt either way, the station stays within the limits of car and charger."""

    id = "CHG-DYN-LIMIT-01"
    title = "DC_BPT: a setpoint beyond the car's limits is bounded"
    pics = "dc_bpt and dynamic"
    faults = {"dc-ignores-car": "H-EV-LIMITS"}
    service = ServiceId.DC_BPT


class BoundedAc(_Bounded):
    """AC_BPT: told a megawatt either way, the station asks the car for no more than car and charger can."""

    id = "CHG-DYN-LIMIT-02"
    title = "AC_BPT: a setpoint beyond the car's limits is bounded"
    pics = "ac_bpt and dynamic"
    faults = {"ac-target-ignores-car": "H-EV-LIMITS", "ac-target-above-limit": "H-EV-LIMITS"}
    service = ServiceId.AC_BPT


class NoDischargeWithoutBpt(_Steered):
    """A station that is told to discharge a car without a bidirectional service lets it rest instead."""

    id = "CHG-DYN-ONEWAY-01"
    title = "No discharging without a bidirectional service"
    requirements = ("H-BPT-SIGN",)
    pics = "dc and dynamic"
    faults = {"discharges-when-charging-asked": "H-BPT-SIGN"}
    service = ServiceId.DC
    powers = (5_000, -5_000)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """No current out of the car at either power."""
        for _, loop in energy.commanded(trace):
            yield energy.within("H-BPT-SIGN", loop, energy.Permitted(charge=float("inf"), discharge=0.0))
