"""Pre-charge: the outlet comes to the voltage of the battery, and the charger tells the truth about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from v2gready.authoring import (
    ChargerBench,
    ChargerCase,
    Limit,
    Measurement,
    Observation,
    Trace,
    energy,
    holds,
    measured,
    timers,
    wire,
    worst,
)
from v2gready.authoring import messages as m

TOLERANCE = 20.0
"""V between outlet and battery at which a car closes its contactors (ISO 15118-20, EVCC side)."""


class TargetReached(ChargerCase):
    """The outlet reaches the target voltage while the car still waits."""

    id = "CHG-DC-PRECH-01"
    title = "Pre-charge reaches the target in time"
    area = "pre-charge"
    requirements = ("H-PRECHARGE",)
    pics = "dc or dc_bpt"
    faults = {"precharge-voltage-off": "H-PRECHARGE"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Repeats DC_PreChargeReq until the voltage is there, or the car has waited for ten seconds."""
        async with bench.ev.session(service=bench.service(dc=True), pre_charge_rounds=None) as session:
            await session.reach(m.PowerDeliveryReq)
            await session.leave()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """From the first request to the first answer within 20 V of the target."""
        first = trace.exchange(m.DC_PreChargeReq)
        answered = [one for one in trace.exchanges(m.DC_PreChargeReq) if isinstance(one.answer, m.DC_PreChargeRes)]
        met = next((one for one in answered if self._missing(one.sent, one.answer) <= TOLERANCE), None)
        if met is None or met.response is None:
            last = trace.exchange(m.DC_PreChargeReq, nth=-1)
            after = f"{last.request.t - first.request.t:.1f} s"
            told = f"{float(last.answer.EVSEPresentVoltage):g} V" if answered else "nothing"
            expected = f"{float(first.sent.EVTargetVoltage):g} V"
            yield holds("H-PRECHARGE", False, expected=expected, seen=f"{told} after {after}", at=last.at)
            return
        yield measured(
            "H-PRECHARGE",
            Measurement(met.response.t - first.request.t, "s", trace.timing_uncertainty),
            Limit("s", high=timers.V2G_EVCC_PRE_CHARGE_TIMEOUT, source="V2G_EVCC_PreCharge_Timeout"),
            what="time to the target voltage",
            at=met.at,
        )

    @staticmethod
    def _missing(sent: m.DC_PreChargeReq, answer: m.DC_PreChargeRes) -> float:
        return abs(float(answer.EVSEPresentVoltage) - float(sent.EVTargetVoltage))


class VoltageToldIsMeasured(ChargerCase):
    """EVSEPresentVoltage is measured at the outlet: a car that believes a setpoint closes its contactors on a spark."""

    id = "CHG-DC-PRECH-02"
    title = "The voltage told in pre-charge is the one at the outlet"
    area = "pre-charge"
    requirements = ("H-TOLD-MEASURED",)
    pics = "dc or dc_bpt"
    faults = {"precharge-reports-target": "H-TOLD-MEASURED"}
    instruments = ("dc_meter",)

    async def stimulate(self, bench: ChargerBench) -> None:
        """Goes through pre-charge."""
        async with bench.ev.session(service=bench.service(dc=True)) as session:
            await session.reach(m.PowerDeliveryReq)
            await session.leave()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Every told voltage against the meter."""
        yield worst(
            energy.as_measured("H-TOLD-MEASURED", trace, one, "dc.voltage", float(one.answer.EVSEPresentVoltage))
            for one in trace.exchanges(m.DC_PreChargeReq)
            if isinstance(one.answer, m.DC_PreChargeRes)
        )


class TargetOutOfRange(ChargerCase):
    """Asked for a voltage above its own maximum, the charger refuses or stays at its maximum."""

    id = "CHG-DC-PRECH-03"
    title = "Pre-charge does not exceed the maximum voltage"
    area = "pre-charge"
    requirements = ("V2G20-2188",)
    pics = "dc or dc_bpt"
    faults = {"precharge-above-maximum": "V2G20-2188"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Asks for 100 V more than the charger has, for three seconds."""
        async with bench.ev.session(service=bench.service(dc=True)) as session:
            await session.reach(m.DC_PreChargeReq)
            wanted = m.RationalNumber.of(bench.number("dc_max_voltage", 1_500) + 100)
            for _ in range(10):
                await session.ask(replace(session.request(m.DC_PreChargeReq), EVTargetVoltage=wanted))
                await session.silence(0.3)
            await session.leave()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """No voltage told is above EVSEMaximumVoltage of ChargeParameterDiscovery."""
        trace.exchange(m.DC_PreChargeReq)
        most = float(wire.mode_of(trace.exchange(m.DC_ChargeParameterDiscoveryReq).answer).EVSEMaximumVoltage)
        told = [one for one in trace.exchanges(m.DC_PreChargeReq) if isinstance(one.answer, m.DC_PreChargeRes)]
        highest = max(told, key=lambda one: float(one.answer.EVSEPresentVoltage))
        voltage = float(highest.answer.EVSEPresentVoltage)
        yield holds(
            "V2G20-2188", voltage <= 1.01 * most, expected=f"at most {most:g} V", seen=f"{voltage:g} V", at=highest.at
        )
