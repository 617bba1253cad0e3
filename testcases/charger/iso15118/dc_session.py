"""Whole DC sessions in good order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

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
    wire,
    worst,
)
from v2gready.authoring import messages as m


class _Session(ChargerCase):
    area = "session"
    service: ClassVar[ServiceId]
    control: ClassVar[ControlMode]

    async def stimulate(self, bench: ChargerBench) -> None:
        """Charges with 5 kW until the charger has settled, and ends the session."""
        async with bench.ev.session(service=self.service, control=self.control) as session:
            await session.reach(m.DC_ChargeLoopReq)
            await session.charge(bench.loops_for(bench.settling_time), power=5_000)
            await session.run_to_end()
            await session.silence(2)


class _Scheduled(_Session):
    requirements = ("H-RES-MATCHES", "V2G20-1600", "H-TARGET-CURRENT")
    control = ControlMode.SCHEDULED

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Every request up to SessionStop is answered, in kind, and the current asked for comes."""
        yield all_answered("H-RES-MATCHES", trace)
        yield answered("H-RES-MATCHES", trace.exchange(m.SessionStopReq), m.ResponseCode.OK)
        yield worst(wire.in_kind("V2G20-1600", one) for one in energy.loops(trace))
        yield wire.follows_target("H-TARGET-CURRENT", energy.plateaus(trace)[-1])


class _Dynamic(_Session):
    requirements = ("H-RES-MATCHES", "V2G20-1600", "H-EV-LIMITS")
    control = ControlMode.DYNAMIC

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Every request up to SessionStop is answered, in kind, and the power suits car and charger."""
        yield all_answered("H-RES-MATCHES", trace)
        yield answered("H-RES-MATCHES", trace.exchange(m.SessionStopReq), m.ResponseCode.OK)
        yield worst(wire.in_kind("V2G20-1600", one) for one in energy.loops(trace))
        loop = energy.last_loop(trace)
        yield energy.within("H-EV-LIMITS", loop, energy.permitted(trace, loop))


class DcScheduled(_Scheduled):
    """A car charges in Scheduled control mode from SDP to SessionStop: every request of a good car is answered OK."""

    id = "CHG-DC-SESSION-01"
    title = "A DC session in Scheduled mode runs to its end"
    pics = "dc and scheduled"
    faults = {"no-current": "H-TARGET-CURRENT", "res-type-mismatch": "H-RES-MATCHES"}
    service = ServiceId.DC


class DcDynamic(_Dynamic):
    """A car charges in Dynamic control mode from SDP to SessionStop: the charger decides, within the car's limits."""

    id = "CHG-DC-SESSION-02"
    title = "A DC session in Dynamic mode runs to its end"
    pics = "dc and dynamic"
    faults = {"dc-ignores-car": "H-EV-LIMITS", "res-type-mismatch": "H-RES-MATCHES"}
    service = ServiceId.DC


class DcBptScheduled(_Scheduled):
    """A bidirectional car charges in Scheduled control mode: all answers are of the BPT modes."""

    id = "CHG-DC-SESSION-03"
    title = "A DC_BPT session in Scheduled mode runs to its end"
    pics = "dc_bpt and scheduled"
    faults = {"loop-answers-without-bpt": "V2G20-1600", "no-current": "H-TARGET-CURRENT"}
    service = ServiceId.DC_BPT


class DcBptDynamic(_Dynamic):
    """A bidirectional car charges in Dynamic control mode: all answers are of the BPT modes."""

    id = "CHG-DC-SESSION-04"
    title = "A DC_BPT session in Dynamic mode runs to its end"
    pics = "dc_bpt and dynamic"
    faults = {"loop-answers-without-bpt": "V2G20-1600", "dc-ignores-car": "H-EV-LIMITS"}
    service = ServiceId.DC_BPT
