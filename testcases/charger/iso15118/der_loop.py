"""AC_DER_IEC in the charge loop: modes in kind, setpoints of the grid operator, power in both directions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from v2gready.authoring import (
    ChargerBench,
    ChargerCase,
    ControlMode,
    DerControlFunctions,
    Inconclusive,
    Observation,
    Ratings,
    ServiceId,
    Trace,
    all_answered,
    answered,
    der,
    energy,
    holds,
    wire,
    worst,
)
from v2gready.authoring import messages as m

DER = ServiceId.AC_DER_IEC
LITTLE_REACTIVE_POWER = 500.0
"""var that a small inverter can give."""
SLACK = 1.01
"""A RationalNumber may lose a little of a limit."""
NO_SETPOINTS = DerControlFunctions(sum(DerControlFunctions)) & ~der.SETPOINTS
"""All functions but the setpoints of the grid operator."""


class _DerCase(ChargerCase):
    area = "ac-der"
    pics = "ac_der_iec"


class _Session(_DerCase):
    requirements = ("H-RES-MATCHES", "V2G20-1600")
    service: ClassVar[ServiceId] = DER
    control: ClassVar[ControlMode]

    async def stimulate(self, bench: ChargerBench) -> None:
        """Charges until the charger has settled, and ends the session."""
        async with bench.ev.session(service=self.service, control=self.control) as session:
            await session.reach(m.ChargeLoopReq)
            await session.charge(bench.loops_for(bench.settling_time), power=5_000)
            await session.run_to_end()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Every request up to SessionStop is answered, parameters and loops in kind."""
        yield all_answered("H-RES-MATCHES", trace)
        yield answered("H-RES-MATCHES", trace.exchange(m.SessionStopReq), m.ResponseCode.OK)
        yield wire.in_kind("V2G20-1600", trace.exchange(m.ChargeParameterDiscoveryReq))
        yield worst(wire.in_kind("V2G20-1600", one) for one in energy.loops(trace))


class ScheduledSession(_Session):
    """A whole session in Scheduled mode, answered in DER modes from the parameters on."""

    id = "CHG-DER-SESSION-01"
    title = "AC_DER: a Scheduled session is answered in kind"
    pics = "ac_der_iec and scheduled"
    faults = {"der-loop-in-plain-mode": "V2G20-1600", "der-parameters-in-plain-mode": "V2G20-1600"}
    control = ControlMode.SCHEDULED


class DynamicSession(_Session):
    """A whole session in Dynamic mode, answered in DER modes from the parameters on."""

    id = "CHG-DER-SESSION-02"
    title = "AC_DER: a Dynamic session is answered in kind"
    pics = "ac_der_iec and dynamic"
    faults = {"der-loop-in-plain-mode": "V2G20-1600"}
    control = ControlMode.DYNAMIC


class SaeScheduledSession(_Session):
    """A whole session of AC_DER_SAE in Scheduled mode, answered in its modes from the parameters on."""

    id = "CHG-SAE-SESSION-01"
    title = "AC_DER_SAE: a Scheduled session is answered in kind"
    pics = "ac_der_sae and scheduled"
    faults = {"der-loop-in-plain-mode": "V2G20-1600"}
    service = ServiceId.AC_DER_SAE
    control = ControlMode.SCHEDULED


class SaeDynamicSession(_Session):
    """A whole session of AC_DER_SAE in Dynamic mode, answered in its modes from the parameters on."""

    id = "CHG-SAE-SESSION-02"
    title = "AC_DER_SAE: a Dynamic session is answered in kind"
    pics = "ac_der_sae and dynamic"
    faults = {"der-loop-in-plain-mode": "V2G20-1600"}
    service = ServiceId.AC_DER_SAE
    control = ControlMode.DYNAMIC


class Steered(_DerCase):
    """AC_DER steers the car in both directions, within what both sides permit."""

    id = "CHG-DER-POWER-01"
    title = "AC_DER: the target follows the station's setpoint in both directions"
    pics = "ac_der_iec and dynamic"
    hooks = ("set_power",)
    requirements = ("H-DYNAMIC-TARGET",)
    faults = {"ignores-setpoint": "H-DYNAMIC-TARGET"}
    powers = (5_000, -5_000, 3_000)

    async def stimulate(self, bench: ChargerBench) -> None:
        """Tells the station one power after the other."""
        async with bench.ev.session(service=DER, control=ControlMode.DYNAMIC) as session:
            await session.reach(m.ChargeLoopReq)
            for watts in self.powers:
                await session.charge_during(bench.act("set_power", watts=watts))
                await session.charge(bench.loops_for(bench.settling_time))
            await session.run_to_end()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The last loop before the next command has the power, as far as both sides permit it."""
        told = energy.commanded(trace)
        for watts, loop in told:
            wanted = energy.permitted(trace, loop).nearest(watts)
            yield energy.reaches("H-DYNAMIC-TARGET", loop, wanted, what="a power")
        if len(told) < len(self.powers):
            raise Inconclusive(f"the session ended before the last command: {trace.last_words()}")


class NoSetpoint(_DerCase):
    """A car that does not take setpoints of reactive power is not told any."""

    id = "CHG-DER-LOOP-01"
    title = "AC_DER: no setpoint of the grid operator without its function"
    requirements = ("H-DER-SETPOINT",)
    faults = {"der-setpoint-not-negotiated": "H-DER-SETPOINT"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """A car with every function but the setpoints; if no parameter set suits it, it stops in good order."""
        async with bench.ev.session(
            service=DER, control=ControlMode.DYNAMIC, loops=3, der_functions=NO_SETPOINTS
        ) as session:
            await session.run_to_end()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Every loop."""
        yield worst(der.setpoints("H-DER-SETPOINT", trace, one) for one in energy.loops(trace))


class ReactiveLimit(_DerCase):
    """A setpoint of reactive power is one that the inverter of the car can follow."""

    id = "CHG-DER-LOOP-02"
    title = "AC_DER: DSOQSetpoint is within the limits of the car"
    requirements = ("H-DER-SETPOINT", "H-DER-Q-LIMIT")
    faults = {"der-setpoint-beyond-car": "H-DER-Q-LIMIT"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """A car with little reactive power."""
        ratings = Ratings(maximum_reactive_power=LITTLE_REACTIVE_POWER)
        async with bench.ev.session(service=DER, control=ControlMode.DYNAMIC, loops=3, ratings=ratings) as session:
            await session.run_to_end()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Every loop with a setpoint; without one there is nothing to say."""
        loops = list(energy.loops(trace))
        yield worst(der.setpoints("H-DER-SETPOINT", trace, one) for one in loops)
        told = [one for one in loops if getattr(wire.mode_of(one.answer), "DSOQSetpoint", None) is not None]
        if not told:
            raise Inconclusive("the charger told no DSOQSetpoint")
        for loop in told:
            setpoint = energy.total(wire.mode_of(loop.answer).DSOQSetpoint, "DSOQSetpointValue") or 0.0
            limits = der.reactive_limits(trace, loop)
            yield holds(
                "H-DER-Q-LIMIT",
                abs(setpoint) <= SLACK * limits,
                expected=f"{limits:g} var at most",
                seen=f"{setpoint:g} var",
                at=loop.at,
            )
