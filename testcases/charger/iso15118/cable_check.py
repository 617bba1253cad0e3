"""Cable check: it ends, and it finds what it is there for."""

from __future__ import annotations

from collections.abc import Iterator

from v2gready.authoring import (
    ChargerBench,
    ChargerCase,
    Limit,
    Measurement,
    Observation,
    Provenance,
    Trace,
    energy,
    holds,
    measured,
    refused,
)
from v2gready.authoring import messages as m

SECC_CABLE_CHECK = Limit("s", high=38.0, provenance=Provenance.UNCONFIRMED, source="ISO 15118-2 Table 111")
"""For -20 no value is known to us; an EVCC waits for 40 s."""


class CableCheckEnds(ChargerCase):
    """The insulation test of a sound cable comes to an end before the car loses patience, and it is a real test."""

    id = "CHG-DC-CABLE-01"
    title = "The cable check ends"
    area = "cable-check"
    requirements = ("H-CABLECHECK",)
    pics = "dc or dc_bpt"
    faults = {"cable-check-never-ends": "H-CABLECHECK"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Repeats DC_CableCheckReq until it is answered Finished."""
        async with bench.ev.session(service=bench.service(dc=True)) as session:
            await session.reach(m.DC_PreChargeReq)
            await session.leave()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """From the first request to the answer that says Finished."""
        first = trace.exchange(m.DC_CableCheckReq)
        last = trace.exchange(m.DC_CableCheckReq, nth=-1)
        if last.response is None or last.answer.EVSEProcessing is not m.Processing.Finished:
            yield holds("H-CABLECHECK", False, expected="an end of the cable check", seen="Ongoing", at=last.at)
            return
        took = Measurement(last.response.t - first.request.t, "s", trace.timing_uncertainty)
        yield measured("H-CABLECHECK", took, SECC_CABLE_CHECK, what="duration of the cable check", at=last.at)


class IsolationFault(ChargerCase):
    """A cable without insulation fails the cable check: FAILED, no pre-charge, nothing left on the outlet."""

    id = "CHG-DC-CABLE-02"
    title = "An isolation fault fails the cable check"
    area = "cable-check"
    requirements = ("H-ISOLATION",)
    pics = "dc or dc_bpt"
    faults = {"cable-check-ok-on-isolation-fault": "H-ISOLATION"}
    hooks = ("isolation_fault", "repair")

    async def stimulate(self, bench: ChargerBench) -> None:
        """Connects a resistor to earth, and tries to charge."""
        await bench.act("isolation_fault")
        try:
            async with bench.ev.session(service=bench.service(dc=True)) as session:
                await session.reach(m.DC_PreChargeReq)
        finally:
            await bench.act("repair")

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The last DC_CableCheckRes is a FAILED one."""
        yield refused("H-ISOLATION", trace.exchange(m.DC_CableCheckReq, nth=-1))


class CableCheckTests(ChargerCase):
    """During the cable check a meter at the outlet sees a test voltage, without current: the check is no formality."""

    id = "CHG-DC-CABLE-03"
    title = "The cable check applies a test voltage"
    area = "cable-check"
    requirements = ("H-CABLECHECK-TEST",)
    pics = "dc or dc_bpt"
    faults = {"cable-check-skipped": "H-CABLECHECK-TEST"}
    instruments = ("dc_meter",)

    async def stimulate(self, bench: ChargerBench) -> None:
        """Goes through the cable check."""
        async with bench.ev.session(service=bench.service(dc=True)) as session:
            await session.reach(m.DC_PreChargeReq)
            await session.leave()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The highest voltage between the first request and the last answer."""
        first = trace.exchange(m.DC_CableCheckReq)
        last = trace.exchange(m.DC_CableCheckReq, nth=-1)
        end = last.request if last.response is None else last.response
        before = energy.held(trace, "dc.voltage", first.request.t)
        during = [one for one in trace.samples("dc.voltage", until=end.t) if one.t >= first.request.t]
        seen = max(one.value for one in (before, *during))
        yield holds(
            "H-CABLECHECK-TEST",
            seen >= energy.SAFE_VOLTAGE,
            expected=f"a test voltage above {energy.SAFE_VOLTAGE:g} V",
            seen=f"{seen:.0f} V at most",
            at=last.at,
        )
