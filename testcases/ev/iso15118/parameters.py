"""ChargeParameterDiscovery: the limits that a car tells, and what it makes of those it is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any, ClassVar

from v2gready.authoring import ControlMode, Inconclusive, Observation, ServiceId, Trace, ev, holds, wire
from v2gready.authoring import messages as m
from v2gready.authoring.ev import EvBench, EvCase, flows

PLAUSIBLE = {"Power": 10e6, "Current": 10e3, "Voltage": 5e3}
"""No car on any road comes near these (MCS ends at 3.75 MW, 3 kA, 1.25 kV): a value above is a defect."""
WELL_WITHIN = 20.0
"""Seconds in which a car that goes on would have started power delivery; the value is our own."""


class KindCase(EvCase):
    """The mode of ChargeParameterDiscoveryReq says whether the car means to give energy back."""

    area = "parameters"
    requirements = ("H-EV-MODE",)
    service: ClassVar[ServiceId]

    async def stimulate(self, bench: EvBench) -> None:
        """One service on offer."""
        flows.offer(bench, self.service)
        await bench.plug_in()
        await bench.charger.wait_for(m.ChargeParameterDiscoveryReq)
        await bench.charger.no_session(0.5)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Holds the mode against the service selected."""
        asked = ev.asked(trace, m.ChargeParameterDiscoveryReq)
        yield flows.fits("H-EV-MODE", trace, asked, control=False)


class BptDcKind(KindCase):
    """A car that selects DC_BPT and sends the limits of a car that only charges will never be discharged."""

    id = "EV-CPD-KIND-01"
    title = "DC_BPT: parameters are those of bidirectional DC"
    pics = "dc_bpt"
    faults: ClassVar = {"cpd-without-bpt": "H-EV-MODE"}
    service = ServiceId.DC_BPT


class DcKind(KindCase):
    """A charger without BPT cannot read bidirectional parameters, and must refuse them."""

    id = "EV-CPD-KIND-02"
    title = "DC: parameters are those of DC"
    pics = "dc"
    faults: ClassVar = {"cpd-bpt-unasked": "H-EV-MODE"}
    service = ServiceId.DC


class BptAcKind(KindCase):
    """As with DC: the selection and the parameters say the same."""

    id = "EV-CPD-KIND-03"
    title = "AC_BPT: parameters are those of bidirectional AC"
    pics = "ac_bpt"
    faults: ClassVar = {"cpd-without-bpt": "H-EV-MODE"}
    service = ServiceId.AC_BPT


class AcKind(KindCase):
    """As with DC: the selection and the parameters say the same."""

    id = "EV-CPD-KIND-04"
    title = "AC: parameters are those of AC"
    pics = "ac"
    faults: ClassVar = {"cpd-bpt-unasked": "H-EV-MODE"}
    service = ServiceId.AC


class RangeCase(EvCase):
    """A charger that believes a wrong exponent plans for a power station, or refuses a good car."""

    area = "parameters"
    requirements = ("H-EV-LIMITS-RANGE",)
    faults: ClassVar = {
        "cpd-minimum-above-maximum": "H-EV-LIMITS-RANGE",
        "cpd-implausible-power": "H-EV-LIMITS-RANGE",
    }
    dc: ClassVar[bool]

    async def stimulate(self, bench: EvBench) -> None:
        """A session up to the parameters."""
        flows.offer(bench, bench.service(dc=self.dc))
        await bench.plug_in()
        await bench.charger.wait_for(m.ChargeParameterDiscoveryReq)
        await bench.charger.no_session(0.5)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Every pair of limits, and every value."""
        asked: ev.Asked[Any] = flows.answered(ev.asked(trace, m.ChargeParameterDiscoveryReq))
        mode = asked.request.EnergyTransferMode
        names = [one.name for one in fields(mode) if one.name.startswith("EVMaximum") and "_L" not in one.name]
        for name in names:
            low, high = (flows.limit(mode, name.replace("Maximum", which)) for which in ("Minimum", "Maximum"))
            top = next(value for unit, value in PLAUSIBLE.items() if name.endswith(unit))
            yield holds(
                "H-EV-LIMITS-RANGE",
                low <= high <= top,
                expected=f"{name} at least its minimum, at most {top:g}",
                seen=f"{low:g} to {high:g}",
                at=asked.at,
            )


class DcRange(RangeCase):
    """DC: power, current and voltage, in both directions."""

    id = "EV-CPD-RANGE-01"
    title = "DC: limits are plausible, no minimum is above its maximum"
    pics = "dc or dc_bpt"
    dc = True


class AcRange(RangeCase):
    """AC: power, in both directions."""

    id = "EV-CPD-RANGE-02"
    title = "AC: limits are plausible, no minimum is above its maximum"
    pics = "ac or ac_bpt"
    dc = False


class DischargeSign(EvCase):
    """The standard and its amendment disagree about the sign of discharge limits; within one session it is one."""

    id = "EV-CPD-SIGN-01"
    title = "Discharge limits keep their sign from discovery to charge loop"
    area = "parameters"
    requirements = ("H-EV-DISCHARGE-SIGN",)
    pics = "dc_bpt and dynamic"
    faults: ClassVar = {"cpd-discharge-sign-differs": "H-EV-DISCHARGE-SIGN"}

    async def stimulate(self, bench: EvBench) -> None:
        """Dynamic mode, where every loop tells the limits."""
        flows.offer(bench, ServiceId.DC_BPT, control=ControlMode.DYNAMIC)
        await bench.charge(5)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Collects the signs of everything that is not zero."""
        discovered: ev.Asked[Any] = flows.answered(ev.asked(trace, m.ChargeParameterDiscoveryReq))
        first = _signs(discovered.request.EnergyTransferMode)
        looped: list[tuple[ev.Asked[Any], set[bool]]] = [
            (one, _signs(one.request.CLReqControlMode)) for one in ev.requests(trace, m.DC_ChargeLoopReq)
        ]
        told = [(one, signs) for one, signs in looped if signs]
        if not first or not told:
            raise Inconclusive("the car told no discharge limit in discovery, or none in the charge loop")
        odd = next((one for one, signs in told if signs != first), None)
        yield holds(
            "H-EV-DISCHARGE-SIGN",
            odd is None and len(first) == 1,
            expected="one sign of all discharge limits",
            seen="one sign" if odd is None else "another sign in the charge loop",
            at=(*discovered.at, *(() if odd is None else odd.at)),
        )


def _signs(mode: Any) -> set[bool]:
    names = [one.name for one in fields(mode) if "Discharge" in one.name and "Energy" not in one.name]
    values = [float(value) for name in names if (value := getattr(mode, name)) is not None]
    return {value < 0 for value in values if value}


class OddAnswer(EvCase):
    """The limits of the charger are no basis for a session, and the charger would go on with it."""

    area = "parameters"

    def odd(self, mode: Any) -> bool:
        """The mode that was told is what the case is about."""
        raise NotImplementedError

    def prepare(self, bench: EvBench) -> None:
        """The charger."""
        raise NotImplementedError

    async def stimulate(self, bench: EvBench) -> None:
        """Plugs in and watches what becomes of it."""
        self.prepare(bench)
        await bench.plug_in()
        await bench.charger.ended(within=60.0)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The car ends the session, and energy is not spoken of any more."""
        told = flows.heard(trace, m.ChargeParameterDiscoveryRes, where=lambda one: self.odd(wire.mode_of(one)))
        yield ev.nothing_but_stop(self.requirements[0], trace, told.frame, within=WELL_WITHIN)


class NotInKind(OddAnswer):
    """A charger that answers DC_BPT with plain DC has not understood that the car may give energy back."""

    id = "EV-CPD-INKIND-01"
    title = "ChargeParameterDiscoveryRes that is not in kind ends the session"
    requirements = ("H-EV-NOT-IN-KIND",)
    pics = "dc_bpt"
    faults: ClassVar = {"cpd-mode-not-in-kind-accepted": "H-EV-NOT-IN-KIND"}

    def prepare(self, bench: EvBench) -> None:
        """The plain mode in answer to the bidirectional one."""
        flows.offer(bench, ServiceId.DC_BPT)

        def plain(response: m.DC_ChargeParameterDiscoveryRes) -> m.DC_ChargeParameterDiscoveryRes:
            names = [one.name for one in fields(m.DC_CPDResEnergyTransferMode)]
            values: dict[str, Any] = {name: getattr(response.EnergyTransferMode, name) for name in names}
            return replace(response, EnergyTransferMode=m.DC_CPDResEnergyTransferMode(**values))

        bench.charger.alter(m.DC_ChargeParameterDiscoveryRes, plain)

    def odd(self, mode: Any) -> bool:
        """Plain DC."""
        return type(mode) is m.DC_CPDResEnergyTransferMode


class ContradictingLimits(OddAnswer):
    """A minimum above the maximum: no power is allowed, or any; whoever goes on has chosen one of them by chance."""

    id = "EV-CPD-LIMITS-01"
    title = "EVSE limits with a minimum above the maximum end the session"
    requirements = ("H-EV-EVSE-LIMITS-ODD",)
    faults: ClassVar = {"cpd-implausible-limits-accepted": "H-EV-EVSE-LIMITS-ODD"}

    def prepare(self, bench: EvBench) -> None:
        """1 MW at least."""
        flows.with_limits(bench, EVSEMinimumChargePower=1e6)

    def odd(self, mode: Any) -> bool:
        """It is above."""
        return flows.limit(mode, "EVSEMinimumChargePower") > flows.limit(mode, "EVSEMaximumChargePower")


class VoltageOutOfReach(EvCase):
    """A bus charger that begins at 850 V, or an old one that ends at 150 V: the car has to see that by itself."""

    id = "EV-CPD-VOLTAGE-01"
    title = "DC: an EVSE that does not reach the battery gets no PowerDelivery(Start)"
    area = "parameters"
    requirements = ("H-EV-VOLTAGE-WINDOW",)
    pics = "dc or dc_bpt"
    faults: ClassVar = {"cpd-voltage-window-ignored": "H-EV-VOLTAGE-WINDOW"}
    highest: ClassVar = 60.0

    async def stimulate(self, bench: EvBench) -> None:
        """An EVSE of 60 V at most: no traction battery is so low."""
        flows.offer(bench, bench.service(dc=True))
        flows.with_limits(bench, EVSEMaximumVoltage=self.highest, EVSEMinimumVoltage=10.0)
        await bench.plug_in()
        await bench.charger.ended(within=60.0)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks for the start."""
        told = flows.heard(
            trace,
            m.DC_ChargeParameterDiscoveryRes,
            where=lambda one: float(one.EnergyTransferMode.EVSEMaximumVoltage) <= self.highest,
        )
        if ev.closing(trace, told.link, since=told.frame.index) is not None:
            yield flows.no_start("H-EV-VOLTAGE-WINDOW", trace, told.frame, within=0.0)
        else:
            yield flows.no_start("H-EV-VOLTAGE-WINDOW", trace, told.frame, within=55.0)


class WeakEvse(EvCase):
    """An AC charger of 2.3 kW for a car that wants 11: with AC the power is the car's, and so is the fuse."""

    id = "EV-CPD-REDUCED-01"
    title = "AC: EVSE limits below what the car wants are kept"
    area = "parameters"
    requirements = ("H-EV-EVSE-LIMITS",)
    pics = "(ac or ac_bpt) and scheduled"
    instruments = ("vehicle_meter",)
    faults: ClassVar = {"evse-limits-ignored": "H-EV-EVSE-LIMITS"}

    async def stimulate(self, bench: EvBench) -> None:
        """Little power from the EVSE, and a schedule of the same."""
        service = bench.service(dc=False)
        weak = replace(bench.charger.config.ac, maximum_charge_power=2_300.0, phases=1)
        flows.offer(bench, service, control=ControlMode.SCHEDULED, ac=weak)
        await bench.charge(60)
        await bench.wait(0.5)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """From two seconds behind the start on, never more; and something must have flowed."""
        start = flows.started(trace)
        _, evse = flows.announced(trace, start.link)
        most = flows.limit(evse, "EVSEMaximumChargePower")
        since, until = start.frame.t, trace.records[-1].t
        flows.flows(trace, since, until, least=0.4 * most)
        yield flows.stays_within(
            "H-EV-EVSE-LIMITS", trace, (-most, most), since, until, at=start.at, what="within EVSEMaximumChargePower"
        )
