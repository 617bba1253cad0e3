"""Whole DC sessions in good order."""

from __future__ import annotations

from collections.abc import Iterator

from v2gready.authoring import (
    ChargerBench,
    ChargerCase,
    ControlMode,
    Observation,
    ServiceId,
    Trace,
    answered,
    wire,
)
from v2gready.authoring import messages as m


class DcSession(ChargerCase):
    """A car charges in Scheduled control mode from SDP to SessionStop: every request of a good car is answered OK."""

    id = "CHG-DC-SESSION-01"
    title = "A DC session in Scheduled mode runs to its end"
    area = "session"
    requirements = ("H-RES-MATCHES", "H-TARGET-CURRENT")
    pics = "dc and scheduled"
    faults = {"no-current": "H-TARGET-CURRENT"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Charges with 5 kW for a second."""
        async with bench.ev.session(service=ServiceId.DC, control=ControlMode.SCHEDULED) as session:
            await session.reach(m.DC_ChargeLoopReq)
            await session.charge(bench.loops_for(3.0), power=5_000)
            await session.run_to_end()
            await session.silence(2)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Every request up to SessionStop is answered, and the current asked for comes."""
        yield answered("H-RES-MATCHES", trace.exchange(m.SessionStopReq), m.ResponseCode.OK)
        for exchange in trace.exchanges(m.V2GRequest):
            yield answered("H-RES-MATCHES", exchange)
        yield wire.follows_target("H-TARGET-CURRENT", trace.exchange(m.DC_ChargeLoopReq, nth=-1))
