"""Megawatt charging: DC with connectors and limits of its own (Amendment 1; reference 3.7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from v2gready.authoring import (
    ChargerBench,
    ChargerCase,
    ControlMode,
    Inconclusive,
    Observation,
    Ratings,
    ServiceId,
    Trace,
    all_answered,
    answered,
    at_least,
    energy,
    holds,
    wire,
    worst,
)
from v2gready.authoring import messages as m

CONNECTORS = range(1, 8)
ROUNDING = 1.01
"""A RationalNumber may lose a little of a rating."""
RATINGS: Mapping[str, str] = {
    "EVSEMaximumChargePower": "mcs_max_charge_power",
    "EVSEMaximumDischargePower": "mcs_max_discharge_power",
    "EVSEMaximumChargeCurrent": "mcs_max_charge_current",
    "EVSEMaximumDischargeCurrent": "mcs_max_discharge_current",
    "EVSEMaximumVoltage": "mcs_max_voltage",
}
"""Limits of a response and the numbers of the DUT file."""
TRUCK = Ratings(
    maximum_charge_power=3_750_000.0,
    maximum_charge_current=3_000.0,
    maximum_discharge_power=3_750_000.0,
    maximum_discharge_current=3_000.0,
    maximum_voltage=1_250.0,
)
"""A vehicle that takes all that the connector is made for."""
WANTED = 500_000.0
"""W that a truck asks for: more than any passenger car, less than any MCS charger is built for."""


class Offered(ChargerCase):
    """MCS services stand in the list of DC, and name one of the megawatt connectors."""

    id = "CHG-MCS-SERVICE-01"
    title = "MCS is offered under DC with a connector of its own"
    area = "mcs"
    requirements = ("H-MCS-SERVICE",)
    pics = "mcs or mcs_bpt"
    faults = {"mcs-connector-missing": "H-MCS-SERVICE", "hides-service": "H-MCS-SERVICE"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Asks for the list, and for the details of each MCS service."""
        for service in bench.services:
            if service.is_mcs:
                async with bench.ev.session(service=service) as session:
                    await session.reach(m.ServiceDetailReq)
                    await session.proceed()
                    await session.leave()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Listed if it is declared; every set with a connector."""
        services = [one for one in ServiceId if one.is_mcs and trace.declared.get(one.name.lower())]
        for exchange in at_least(len(services), trace.exchanges(m.ServiceDiscoveryReq), trace):
            answer = exchange.answer
            listed = (
                [one.ServiceID for one in answer.EnergyTransferServiceList.Service]
                if isinstance(answer, m.ServiceDiscoveryRes)
                else []
            )
            yield holds(
                "H-MCS-SERVICE",
                set(services) <= set(listed),
                expected=f"services {[int(one) for one in services]}",
                seen=f"services {listed}",
                at=exchange.at,
            )
        for exchange in at_least(len(services), trace.exchanges(m.ServiceDetailReq), trace):
            for number, one in wire.parameter_sets(exchange.answer).items():
                value = one.get("Connector")
                yield holds(
                    "H-MCS-SERVICE",
                    value in CONNECTORS,
                    expected=f"Connector from {CONNECTORS[0]} to {CONNECTORS[-1]}",
                    seen=f"service {exchange.sent.ServiceID}, set {number}: Connector {value}",
                    at=exchange.at,
                )


class _Parameters(ChargerCase):
    area = "mcs"
    requirements = ("H-MCS-RANGE", "H-PICS", "V2G20-1600")
    service: ClassVar[ServiceId]

    async def stimulate(self, bench: ChargerBench) -> None:
        """A truck of 3.75 MW asks for the parameters."""
        async with bench.ev.session(service=self.service, ratings=TRUCK) as session:
            await session.reach(m.ChargeParameterDiscoveryReq)
            await session.proceed()
            await session.leave()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """OK, in kind, positive, and within the ratings of the DUT file."""
        exchange = trace.exchange(m.ChargeParameterDiscoveryReq)
        yield answered("H-MCS-RANGE", exchange, m.ResponseCode.OK)
        yield wire.in_kind("V2G20-1600", exchange)
        mode = wire.mode_of(exchange.answer)
        if mode is None or exchange.answer.ResponseCode >= m.ResponseCode.FAILED:
            return
        told = {name: float(value) for name in RATINGS if (value := getattr(mode, name, None)) is not None}
        for name in ("EVSEMaximumChargePower", "EVSEMaximumChargeCurrent", "EVSEMaximumVoltage"):
            yield holds("H-MCS-RANGE", told[name] > 0, expected=f"{name} above 0", seen=told[name], at=exchange.at)
        beyond = [
            f"{name} {value:g}, declared {trace.declared[RATINGS[name]]:g}"
            for name, value in told.items()
            if RATINGS[name] in trace.declared and abs(value) > ROUNDING * trace.declared[RATINGS[name]]
        ]
        yield holds(
            "H-PICS",
            not beyond,
            expected="no limit above the ratings of the DUT file",
            seen="; ".join(beyond) or "none",
            at=exchange.at,
        )


class McsParameters(_Parameters):
    """A megawatt does not fit into the numbers of a passenger car: its exponent has to be read and written."""

    id = "CHG-MCS-CPD-01"
    title = "MCS: limits up to 3.75 MW are understood and told"
    pics = "mcs"
    faults = {
        "mcs-large-exponent-refused": "H-MCS-RANGE",
        "mcs-power-overflows": "H-MCS-RANGE",
        "limits-above-rating": "H-PICS",
    }
    service = ServiceId.MCS


class McsBptParameters(_Parameters):
    """A bidirectional truck is told limits for both directions."""

    id = "CHG-MCS-CPD-02"
    title = "MCS_BPT: limits for both directions, in kind"
    pics = "mcs_bpt"
    faults = {"parameters-answered-without-bpt": "V2G20-1600", "mcs-large-exponent-refused": "H-MCS-RANGE"}
    service = ServiceId.MCS_BPT


class McsSession(ChargerCase):
    """A truck charges with half a megawatt: more than the exponents of passenger cars hold, within what was told."""

    id = "CHG-MCS-SESSION-01"
    title = "MCS: a Scheduled session with half a megawatt"
    area = "mcs"
    requirements = ("H-RES-MATCHES", "V2G20-2188", "V2G20-2654")
    pics = "mcs and scheduled"
    faults = {"loop-limits-above-cpd": "V2G20-2654", "current-above-limit": "V2G20-2188"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Asks for it until the charger has settled, then for more than any charger gives, and ends the session."""
        loops = bench.loops_for(bench.settling_time)
        async with bench.ev.session(service=ServiceId.MCS, control=ControlMode.SCHEDULED, ratings=TRUCK) as session:
            await session.reach(m.DC_ChargeLoopReq)
            await session.charge(loops, power=WANTED)
            await session.charge(loops, power=2 * TRUCK.maximum_charge_power)
            await session.run_to_end()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Answered to the end; the limits of the loop are within those announced, and what flows is as well."""
        yield all_answered("H-RES-MATCHES", trace)
        stretches = energy.plateaus(trace)
        yield worst(energy.loop_limits("V2G20-2654", trace, one) for one in energy.loops(trace))
        for loop in stretches:
            beyond = energy.beyond_limits(trace, loop)
            yield holds(
                "V2G20-2188",
                not beyond,
                expected="no more than announced",
                seen="; ".join(beyond) or "so it is",
                at=loop.at,
            )
        if len(stretches) < 2:
            raise Inconclusive(f"the session ended before the vehicle asked for more: {trace.last_words()}")
