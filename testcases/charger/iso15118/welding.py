"""Welding detection: the car looks whether its contactors opened, by the voltage that the charger tells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from v2gready.authoring import (
    ChargerBench,
    ChargerCase,
    Inconclusive,
    Observation,
    Trace,
    energy,
    holds,
    worst,
)
from v2gready.authoring import messages as m


class _Detection(ChargerCase):
    area = "welding"
    pics = "dc or dc_bpt"

    async def stimulate(self, bench: ChargerBench) -> None:
        """Charges, stops, and repeats DC_WeldingDetectionReq for five seconds."""
        async with bench.ev.session(service=bench.service(dc=True)) as session:
            await session.reach(m.DC_ChargeLoopReq)
            await session.charge(bench.loops_for(1.0), power=5_000)
            session.end_with(m.ChargingSession.Terminate)
            await session.reach(m.DC_WeldingDetectionReq)
            for _ in range(10):
                request = session.request(m.DC_WeldingDetectionReq)
                await session.ask(replace(request, EVProcessing=m.Processing.Ongoing))
                await session.silence(0.5)
            await session.run_to_end()


class VoltageFalls(_Detection):
    """Once power delivery has ended, the told voltage falls until the outlet may be touched."""

    id = "CHG-DC-WELD-01"
    title = "The voltage falls during welding detection"
    requirements = ("H-WELDING",)
    faults = {"welding-voltage-stuck": "H-WELDING"}

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The last told voltage."""
        last = trace.exchange(m.DC_WeldingDetectionReq, nth=-1)
        if not isinstance(last.answer, m.DC_WeldingDetectionRes):
            raise Inconclusive(f"welding detection was not answered: {trace.last_words()}")
        voltage = float(last.answer.EVSEPresentVoltage)
        yield holds(
            "H-WELDING",
            voltage < energy.SAFE_VOLTAGE,
            expected=f"less than {energy.SAFE_VOLTAGE:g} V in the end",
            seen=f"{voltage:g} V",
            at=last.at,
        )


class VoltageToldIsMeasured(_Detection):
    """The voltage told in welding detection is measured: a frozen or invented one hides a welded contactor."""

    id = "CHG-DC-WELD-02"
    title = "The voltage told in welding detection is the one at the outlet"
    requirements = ("H-TOLD-MEASURED",)
    faults = {"welding-voltage-stuck": "H-TOLD-MEASURED"}
    instruments = ("dc_meter",)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Every told voltage against the meter."""
        yield worst(
            energy.as_measured("H-TOLD-MEASURED", trace, one, "dc.voltage", float(one.answer.EVSEPresentVoltage))
            for one in trace.exchanges(m.DC_WeldingDetectionReq)
            if isinstance(one.answer, m.DC_WeldingDetectionRes)
        )
