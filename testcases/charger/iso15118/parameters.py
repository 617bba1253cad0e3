"""Charge parameter discovery: what the charger announces, and what it refuses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from typing import Any, ClassVar

from v2gready.authoring import (
    ChargerBench,
    ChargerCase,
    Observation,
    Ratings,
    ServiceId,
    Trace,
    answered,
    energy,
    holds,
    refused,
    wire,
)
from v2gready.authoring import messages as m

ROUNDING = 1.01
"""A RationalNumber may lose a little of a rating."""
_WRONG = m.ResponseCode.FAILED_WrongChargeParameter
_DC = {
    "EVSEMaximumChargePower": "dc_max_charge_power",
    "EVSEMaximumDischargePower": "dc_max_discharge_power",
    "EVSEMaximumChargeCurrent": "dc_max_charge_current",
    "EVSEMaximumDischargeCurrent": "dc_max_discharge_current",
    "EVSEMaximumVoltage": "dc_max_voltage",
}
_AC = {
    "EVSEMaximumChargePower": "ac_max_charge_power",
    "EVSEMaximumDischargePower": "ac_max_discharge_power",
}


def contradictions(mode: Any) -> list[str]:
    """Minima above their maxima, phase by phase, and a mains frequency that is none."""
    found = []
    for field in fields(mode):
        low, high = (getattr(mode, name, None) for name in (field.name, field.name.replace("Minimum", "Maximum")))
        if "Minimum" in field.name and None not in {low, high} and abs(float(low)) > abs(float(high)):
            found.append(f"{field.name} {float(low):g} above its maximum {float(high):g}")
    frequency = getattr(mode, "EVSENominalFrequency", None)
    if frequency is not None and not 45 <= float(frequency) <= 65:
        found.append(f"EVSENominalFrequency {float(frequency):g} Hz")
    return found


def above_rating(mode: Any, declared: Mapping[str, Any], keys: Mapping[str, str]) -> list[str]:
    """Limits above what the DUT file declares; a charger may always announce less."""
    told = {name: energy.total(mode, name) for name in keys}
    return [
        f"{name} {value:g}, declared {declared[keys[name]]:g}"
        for name, value in told.items()
        if value is not None and keys[name] in declared and abs(value) > ROUNDING * declared[keys[name]]
    ]


class _GoodAnswer(ChargerCase):
    area = "parameters"
    requirements = ("H-CPD-CONSISTENT", "H-PICS", "V2G20-1600")
    service: ClassVar[ServiceId]

    async def stimulate(self, bench: ChargerBench) -> None:
        """Goes as far as ChargeParameterDiscovery."""
        async with bench.ev.session(service=self.service) as session:
            await session.reach(m.ChargeParameterDiscoveryReq)
            await session.proceed()
            await session.leave()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The answer is in kind, agrees with itself and stays within the declared ratings."""
        exchange = trace.exchange(m.ChargeParameterDiscoveryReq)
        yield wire.in_kind("V2G20-1600", exchange)
        mode = wire.mode_of(exchange.answer)
        if mode is None:
            return
        wrong = contradictions(mode)
        yield holds(
            "H-CPD-CONSISTENT", not wrong, expected="no contradiction", seen="; ".join(wrong) or "none", at=exchange.at
        )
        beyond = above_rating(mode, trace.declared, _DC if self.service.is_dc else _AC)
        yield holds(
            "H-PICS",
            not beyond,
            expected="no limit above the ratings of the DUT file",
            seen="; ".join(beyond) or "none",
            at=exchange.at,
        )


class DcParameters(_GoodAnswer):
    """A DC car is told limits for charging that are within the charger's ratings."""

    id = "CHG-CPD-DC-01"
    title = "DC limits are announced within the ratings"
    pics = "dc"
    faults = {"limits-above-rating": "H-PICS", "announces-min-above-max": "H-CPD-CONSISTENT"}
    service = ServiceId.DC


class DcBptParameters(_GoodAnswer):
    """A bidirectional DC car is told limits for both directions that are within the charger's ratings."""

    id = "CHG-CPD-DC-02"
    title = "DC_BPT limits are announced within the ratings"
    pics = "dc_bpt"
    faults = {"parameters-answered-without-bpt": "V2G20-1600", "limits-above-rating": "H-PICS"}
    service = ServiceId.DC_BPT


class AcParameters(_GoodAnswer):
    """An AC car is told limits for charging and the mains frequency."""

    id = "CHG-CPD-AC-01"
    title = "AC limits are announced within the ratings"
    pics = "ac"
    faults = {"nominal-frequency-zero": "H-CPD-CONSISTENT", "limits-above-rating": "H-PICS"}
    service = ServiceId.AC


class AcBptParameters(_GoodAnswer):
    """A bidirectional AC car is told limits for both directions and the mains frequency."""

    id = "CHG-CPD-AC-02"
    title = "AC_BPT limits are announced within the ratings"
    pics = "ac_bpt"
    faults = {"parameters-answered-without-bpt": "V2G20-1600", "announces-min-above-max": "H-CPD-CONSISTENT"}
    service = ServiceId.AC_BPT


class _ModeOfAnotherService(ChargerCase):
    area = "parameters"
    requirements = ("V2G20-1619",)
    selected: ClassVar[ServiceId]
    sent: ClassVar[ServiceId]

    async def stimulate(self, bench: ChargerBench) -> None:
        """Selects one service and sends the parameters of another."""
        async with bench.ev.session(service=self.selected) as session:
            await session.reach(m.ChargeParameterDiscoveryReq)
            session.change_plan(service=self.sent)
            await session.proceed()
            await session.silence(1)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The answer is FAILED_WrongChargeParameter."""
        yield refused("V2G20-1619", trace.exchange(m.ChargeParameterDiscoveryReq), _WRONG)


class PlainModeOnDcBpt(_ModeOfAnotherService):
    """After selecting DC_BPT, parameters for charging alone are refused."""

    id = "CHG-CPD-BPT-01"
    title = "DC_BPT wants the BPT mode"
    pics = "dc_bpt"
    faults = {
        "plain-mode-accepted-on-bpt-service": "V2G20-1619",
        "wrong-charge-parameter-as-failed": "V2G20-1619",
    }
    selected, sent = ServiceId.DC_BPT, ServiceId.DC


class BptModeOnDc(_ModeOfAnotherService):
    """After selecting DC, bidirectional parameters are refused."""

    id = "CHG-CPD-BPT-02"
    title = "DC does not take the BPT mode"
    pics = "dc"
    faults = {"bpt-mode-accepted-on-non-bpt-service": "V2G20-1619"}
    selected, sent = ServiceId.DC, ServiceId.DC_BPT


class PlainModeOnAcBpt(_ModeOfAnotherService):
    """After selecting AC_BPT, parameters for charging alone are refused."""

    id = "CHG-CPD-BPT-03"
    title = "AC_BPT wants the BPT mode"
    pics = "ac_bpt"
    faults = {"plain-mode-accepted-on-bpt-service": "V2G20-1619"}
    selected, sent = ServiceId.AC_BPT, ServiceId.AC


class BptModeOnAc(_ModeOfAnotherService):
    """After selecting AC, bidirectional parameters are refused."""

    id = "CHG-CPD-BPT-04"
    title = "AC does not take the BPT mode"
    pics = "ac"
    faults = {"bpt-mode-accepted-on-non-bpt-service": "V2G20-1619"}
    selected, sent = ServiceId.AC, ServiceId.AC_BPT


class MinimumAboveMaximum(ChargerCase):
    """A car whose minimum power is above its maximum is refused, and the session is over."""

    id = "CHG-CPD-MINMAX-01"
    title = "A minimum above its maximum is refused"
    area = "parameters"
    requirements = ("V2G20-2272",)
    faults = {"accepts-min-above-max": "V2G20-2272", "wrong-charge-parameter-as-failed": "V2G20-2272"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Sends 22 kW as minimum and 11 kW as maximum, and then good values all the same."""
        wrong = Ratings(minimum_charge_power=22_000, maximum_charge_power=11_000)
        async with bench.ev.session(ratings=wrong) as session:
            await session.reach(m.ChargeParameterDiscoveryReq)
            kind = session.evcc.next_type
            await session.proceed()
            session.change_plan(ratings=Ratings())
            await session.ask(session.request(kind))
            await session.silence(1)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The first answer is FAILED_WrongChargeParameter; that no other is OK, an invariant watches."""
        yield refused("V2G20-2272", trace.exchange(m.ChargeParameterDiscoveryReq), _WRONG)


class VoltageOutOfReach(ChargerCase):
    """A car whose lowest voltage is above the charger's highest is refused: nothing could flow."""

    id = "CHG-CPD-VOLTAGE-01"
    title = "A car beyond the voltage range is refused"
    area = "parameters"
    requirements = ("V2G20-2272",)
    pics = "dc or dc_bpt"
    faults = {"accepts-voltage-mismatch": "V2G20-2272"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Sends a voltage range that begins 50 V above the charger's."""
        highest = bench.number("dc_max_voltage", 1_500)
        beyond = Ratings(minimum_voltage=highest + 50, maximum_voltage=highest + 150)
        async with bench.ev.session(service=bench.service(dc=True), ratings=beyond) as session:
            await session.reach(m.DC_ChargeParameterDiscoveryReq)
            await session.proceed()
            await session.silence(1)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The answer is FAILED_WrongChargeParameter."""
        yield refused("V2G20-2272", trace.exchange(m.DC_ChargeParameterDiscoveryReq), _WRONG)


class HugeExponent(ChargerCase):
    """A power of ten to the 127 watts is legal EXI and no car: it is refused, and the station serves the next one."""

    id = "CHG-CPD-EXPONENT-01"
    title = "An implausible exponent is refused"
    area = "parameters"
    requirements = ("V2G20-2272", "H-ROBUST")
    faults = {"accepts-implausible-values": "V2G20-2272", "crash-on-huge-exponent": "H-ROBUST"}

    async def stimulate(self, bench: ChargerBench) -> None:
        """Sends the huge power, then comes again with a good one."""
        huge = m.RationalNumber(Exponent=127, Value=1)
        async with bench.ev.session() as session:
            await session.reach(m.ChargeParameterDiscoveryReq)
            await session.proceed(
                lambda request: replace(
                    request, EnergyTransferMode=replace(request.EnergyTransferMode, EVMaximumChargePower=huge)
                )
            )
            await session.silence(1)
        async with bench.ev.session() as session:
            await session.reach(m.ChargeParameterDiscoveryReq)
            await session.proceed()
            await session.leave()

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """FAILED_WrongChargeParameter, and the next car gets its answer."""
        yield refused("V2G20-2272", trace.exchange(m.ChargeParameterDiscoveryReq), _WRONG)
        answers = list(trace.exchanges(m.ChargeParameterDiscoveryReq))
        if len(answers) > 1:
            yield answered("H-ROBUST", answers[1], m.ResponseCode.OK)
        else:
            yield holds("H-ROBUST", False, expected="a station that serves the next car", seen=trace.last_words())
