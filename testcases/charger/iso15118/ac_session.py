"""Whole AC sessions in good order, and the three phases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any, ClassVar

from v2gready.authoring import (
    ChargerBench,
    ChargerCase,
    ControlMode,
    Observation,
    ServiceId,
    Trace,
    all_answered,
    answered,
    energy,
    holds,
    wire,
    worst,
)
from v2gready.authoring import messages as m

SUFFIXES = ("", "_L2", "_L3")


class _Session(ChargerCase):
    area = "session"
    service: ClassVar[ServiceId]
    control: ClassVar[ControlMode]

    async def stimulate(self, bench: ChargerBench) -> None:
        """Charges until the charger has settled, and ends the session."""
        async with bench.ev.session(service=self.service, control=self.control) as session:
            await session.reach(m.AC_ChargeLoopReq)
            await session.charge(bench.loops_for(bench.settling_time), power=5_000)
            await session.run_to_end()
            await session.silence(2)


class _Scheduled(_Session):
    requirements = ("H-RES-MATCHES", "V2G20-1600")
    control = ControlMode.SCHEDULED

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Every request up to SessionStop is answered, and in kind."""
        yield all_answered("H-RES-MATCHES", trace)
        yield answered("H-RES-MATCHES", trace.exchange(m.SessionStopReq), m.ResponseCode.OK)
        yield worst(wire.in_kind("V2G20-1600", one) for one in energy.loops(trace))


class _Dynamic(_Session):
    requirements = ("H-RES-MATCHES", "V2G20-1600", "H-EV-LIMITS")
    control = ControlMode.DYNAMIC

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Every request up to SessionStop is answered, in kind, and the target suits car and charger."""
        yield all_answered("H-RES-MATCHES", trace)
        yield answered("H-RES-MATCHES", trace.exchange(m.SessionStopReq), m.ResponseCode.OK)
        yield worst(wire.in_kind("V2G20-1600", one) for one in energy.loops(trace))
        loop = energy.last_loop(trace)
        yield energy.within("H-EV-LIMITS", loop, energy.permitted(trace, loop))


class AcScheduled(_Scheduled):
    """A car charges in Scheduled control mode from SDP to SessionStop: every request of a good car is answered OK."""

    id = "CHG-AC-SESSION-01"
    title = "An AC session in Scheduled mode runs to its end"
    pics = "ac and scheduled"
    faults = {"power-delivery-stop-as-failed": "H-RES-MATCHES"}
    service = ServiceId.AC


class AcDynamic(_Dynamic):
    """A car charges in Dynamic control mode: the charger sets its power, within the car's limits."""

    id = "CHG-AC-SESSION-02"
    title = "An AC session in Dynamic mode runs to its end"
    pics = "ac and dynamic"
    faults = {"ac-target-ignores-car": "H-EV-LIMITS"}
    service = ServiceId.AC


class AcBptScheduled(_Scheduled):
    """A bidirectional car charges in Scheduled control mode: all answers are of the BPT modes."""

    id = "CHG-AC-SESSION-03"
    title = "An AC_BPT session in Scheduled mode runs to its end"
    pics = "ac_bpt and scheduled"
    faults = {"loop-answers-without-bpt": "V2G20-1600"}
    service = ServiceId.AC_BPT


class AcBptDynamic(_Dynamic):
    """A bidirectional car charges in Dynamic control mode: all answers are of the BPT modes."""

    id = "CHG-AC-SESSION-04"
    title = "An AC_BPT session in Dynamic mode runs to its end"
    pics = "ac_bpt and dynamic"
    faults = {"loop-answers-without-bpt": "V2G20-1600", "ac-target-ignores-car": "H-EV-LIMITS"}
    service = ServiceId.AC_BPT


class ThreePhases(ChargerCase):
    """A three-phase car tells 3680 W per phase, 11040 W in all, and is accepted.

    What the charger tells per phase it tells for each phase of the outlet; told once, it is the sum.
    """

    id = "CHG-AC-PHASES-01"
    title = "Three phases are read and told as three"
    area = "charge-loop"
    requirements = ("H-RES-MATCHES", "H-AC-PHASES")
    pics = "(ac or ac_bpt) and dynamic"
    faults = {"ac-phase-missing": "H-AC-PHASES", "three-phase-car-refused": "H-RES-MATCHES"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Tells all powers per phase; with one phase (PIXIT ac_phases) for that one alone."""
        phases = SUFFIXES[: int(bench.number("ac_phases", 3))]
        async with bench.ev.session(service=bench.service(dc=False), control=ControlMode.DYNAMIC) as session:
            await session.reach(m.AC_ChargeParameterDiscoveryReq)
            await session.proceed(lambda one: _spread(one, "EnergyTransferMode", phases))
            await session.reach(m.AC_ChargeLoopReq)
            for _ in range(3):
                await session.proceed(lambda one: _spread(one, "CLReqControlMode", phases))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Parameters and loops are answered OK; no answer names some phases of three."""
        for one in (trace.exchange(m.AC_ChargeParameterDiscoveryReq), *trace.exchanges(m.AC_ChargeLoopReq)):
            yield answered("H-RES-MATCHES", one, m.ResponseCode.OK)
            torn = _torn(wire.mode_of(one.answer))
            yield holds(
                "H-AC-PHASES",
                not torn,
                expected="one element for all phases, or one for each",
                seen=", ".join(torn) or "so it is",
                at=one.at,
            )


def _spread(request: Any, slot: str, phases: tuple[str, ...]) -> Any:
    """The request with every power told phase by phase, an equal share each."""
    mode = getattr(request, slot)
    names = [one.name for one in fields(mode) if one.name.endswith("Power")]
    shares = {
        name + phase: m.RationalNumber.of(float(getattr(mode, name)) / len(phases))
        for name in names
        for phase in phases
        if getattr(mode, name) is not None
    }
    return replace(request, **{slot: replace(mode, **shares)})


def _torn(mode: Any) -> list[str]:
    """Elements of which some phases are there and some are not."""
    if mode is None:
        return []
    names = [one.name for one in fields(mode) if one.name.endswith("_L2")]
    bases = [name.removesuffix("_L2") for name in names]
    return [base for base in bases if (getattr(mode, base + "_L2") is None) != (getattr(mode, base + "_L3") is None)]
