"""A car with AC_DER_IEC of Amendment 1: functions, modes, the sign of limits, setpoints of the grid operator.

What is known of the amendment comes from one source or none that can be confirmed (reference 3.6): results are
indicative.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar

from v2gready.authoring import (
    ControlMode,
    DerControlFunctions,
    Inconclusive,
    Observation,
    ServiceId,
    Trace,
    ev,
    holds,
)
from v2gready.authoring import messages as m
from v2gready.authoring.ev import EvBench, EvCase, flows

DER = ServiceId.AC_DER_IEC
FUNCTIONS = "DERControlFunctions"
UNDEFINED = 1 << 15
"""A bit that no control function has."""
BASIC = (
    DerControlFunctions.OVER_FREQUENCY_WATT | DerControlFunctions.UNDER_FREQUENCY_WATT | DerControlFunctions.VOLT_WATT
)
SETPOINT = 2_000.0
NOTHING = 100.0
"""var that count as none; our own figure."""


def offer(bench: EvBench, functions: DerControlFunctions = BASIC, **settings: Any) -> None:
    """The charger offers AC_DER_IEC alone, in Dynamic mode, with one combination of functions."""
    der = replace(bench.charger.config.der, bitmaps=(functions,), **settings)
    flows.offer(bench, DER, control=ControlMode.DYNAMIC, der=der)


class DerCase(EvCase):
    """A car that declares AC_DER_IEC."""

    area = "der"
    pics = "ac_der_iec and dynamic"
    loops: ClassVar = 15

    async def stimulate(self, bench: EvBench) -> None:
        """Charges for a moment."""
        offer(bench)
        await bench.charge(self.loops)
        await bench.charger.no_session(0.1)


def in_der(trace: Trace) -> list[ev.Asked[Any]]:
    """The charge loops of a session with AC_DER_IEC.

    Raises:
        Inconclusive: The car selected another service, or did not come to the loop.
    """
    if flows.selection(trace).kind is not DER:
        raise Inconclusive("the car did not select AC_DER_IEC")
    return list(flows.loops(trace))


class UndefinedFunctions(DerCase):
    """All that the charger offers wants a control function that nobody has defined. The car stops in order.

    A car that takes the set all the same has promised the grid something it does not know.
    """

    id = "EV-DER-FUNC-01"
    title = "AC_DER: no parameter set with a control function that the car does not have"
    requirements = ("H-EV-DER-FUNCTIONS",)
    faults: ClassVar = {"der-functions-unchecked": "H-EV-DER-FUNCTIONS"}

    async def stimulate(self, bench: EvBench) -> None:
        """Asks for the impossible."""
        offer(bench)
        flows.lenient(bench)

        def impossible(sets: flows.Sets) -> flows.Sets:
            return tuple(
                replace(
                    one,
                    Parameter=tuple(
                        replace(value, intValue=(value.intValue or 0) | UNDEFINED) if value.Name == FUNCTIONS else value
                        for value in one.Parameter
                    ),
                )
                for one in sets
            )

        flows.offer_sets(bench, impossible)
        await bench.plug_in()
        await flows.selected(bench, within=20.0)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """No selection of such a set."""
        told = ev.told(trace, m.ServiceDetailRes, where=lambda one: one.ServiceID == int(DER))
        sets = told.message.ServiceParameterList.ParameterSet
        if not all(flows.parameters(one).get(FUNCTIONS, 0) & UNDEFINED for one in sets):
            raise Inconclusive("there was a set that a car may take")
        behind = ev.later(trace, told.frame)
        chosen = next((one for one in behind if isinstance(one.request, m.ServiceSelectionReq)), None)
        if chosen is None and ev.closing(trace, told.link, since=told.frame.index) is None:
            raise Inconclusive("the car was not watched until it stopped")
        yield holds(
            "H-EV-DER-FUNCTIONS",
            chosen is None or chosen.request.SelectedEnergyTransferService.ServiceID != int(DER),
            expected="no selection of AC_DER_IEC",
            seen="none" if chosen is None else f"ServiceSelectionReq: {chosen.request.SelectedEnergyTransferService}",
            at=(told.frame.index, *(() if chosen is None else chosen.at)),
        )


class DerModes(DerCase):
    """The grammar of the service has modes of its own: parameters and loops bear them, in the control mode selected."""

    id = "EV-DER-MODE-01"
    title = "AC_DER: parameters and loops in the modes of the service"
    requirements = ("H-EV-DER-MODE",)
    faults: ClassVar = {"der-parameters-plain": "H-EV-DER-MODE", "der-loop-plain": "H-EV-DER-MODE"}

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """ChargeParameterDiscoveryReq, and the first loop."""
        if flows.selection(trace).kind is not DER:
            raise Inconclusive("the car did not select AC_DER_IEC")
        yield flows.fits("H-EV-DER-MODE", trace, ev.asked(trace, m.ChargeParameterDiscoveryReq), control=False)
        yield flows.fits("H-EV-DER-MODE", trace, ev.asked(trace, m.ChargeLoopReq), control=True)


class SignOfLimits(DerCase):
    """Amendment 1 replaces Table 94: powers of discharge are not above zero, powers of charge not below.

    The charger of this case announces its own that way.
    """

    id = "EV-DER-SIGN-01"
    title = "AC_DER: discharge limits are non-positive, in parameters and loops"
    requirements = ("H-DER-SIGN",)
    faults: ClassVar = {"der-limits-positive": "H-DER-SIGN"}

    async def stimulate(self, bench: EvBench) -> None:
        """Limits as the amendment has them."""
        offer(bench, signed_limits=True)
        await bench.charge(self.loops)
        await bench.charger.no_session(0.1)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """All that has a name of a limit."""
        looped = in_der(trace)
        parameters = ev.asked(trace, m.ChargeParameterDiscoveryReq)
        asked: list[tuple[ev.Asked[Any], Any]] = [(parameters, parameters.request.EnergyTransferMode)]  # type: ignore[attr-defined]
        asked += [(one, one.request.CLReqControlMode) for one in looped]
        least = min(_limits(mode, "DischargePower") for _, mode in asked)
        if not least[0]:
            raise Inconclusive("the car told no discharge power: zero has no sign")
        yield ev.every(
            "H-DER-SIGN",
            [one for one, _ in asked],
            lambda one: _signed(one.request),
            expected="discharge powers not above zero, charge powers not below",
            seen=lambda one: _words(one.request),
        )


def _mode(request: Any) -> Any:
    return request.CLReqControlMode if isinstance(request, m.ChargeLoopReq) else request.EnergyTransferMode


def _told(mode: Any) -> dict[str, float]:
    names = ("EVMaximumChargePower", "EVMinimumChargePower", "EVMaximumDischargePower", "EVMinimumDischargePower")
    totals = {name: flows.total(mode, name) for name in names}
    return {name: value for name, value in totals.items() if value is not None}


def _limits(mode: Any, what: str) -> tuple[bool, float]:
    value = flows.total(mode, f"EVMaximum{what}") or 0.0
    return value != 0, abs(value)


def _signed(request: Any) -> bool:
    return all(value <= 0 if "Discharge" in name else value >= 0 for name, value in _told(_mode(request)).items())


def _words(request: Any) -> str:
    return ", ".join(f"{name} {value:g} W" for name, value in _told(_mode(request)).items())


class Setpoint(DerCase):
    """The grid operator asks for reactive power in each loop."""

    functions: ClassVar[DerControlFunctions]

    async def stimulate(self, bench: EvBench) -> None:
        """2 kvar, whether it was negotiated or not."""
        offer(bench, self.functions)
        none = m.RationalNumber.of(0)
        wanted = m.DSOQSetpoint(
            DSOQSetpointValue=m.RationalNumber.of(SETPOINT),
            PT1ResponseReactivePower=False,
            StepResponseTimeConstantReactivePower=none,
        )

        def asking(response: m.AC_ChargeLoopRes) -> m.AC_ChargeLoopRes:
            mode: Any = response.CLResControlMode
            return replace(response, CLResControlMode=replace(mode, DSOQSetpoint=wanted))

        bench.charger.alter(m.AC_ChargeLoopRes, asking)
        await bench.charge(self.loops)
        await bench.wait(bench.settling_time)
        await bench.charger.no_session(0.1)

    def asked(self, trace: Trace) -> list[ev.Asked[Any]]:
        """The loops behind the settling time of a setpoint, in a session with these functions or without.

        Raises:
            Inconclusive: There is none, or the functions are others.
        """
        looped = in_der(trace)
        link = looped[0].link
        values = flows.selection(trace, link=link).values or {}
        wanted = DerControlFunctions.DSO_Q_SETPOINT in self.functions
        if bool(values.get(FUNCTIONS, 0) & int(DerControlFunctions.DSO_Q_SETPOINT)) != wanted:
            raise Inconclusive("the functions selected are not those of this case")
        first = ev.told(trace, m.AC_ChargeLoopRes, where=_asks)
        behind = [one for one in looped if one.frame.t >= first.frame.t + SETTLING]
        if not behind:
            raise Inconclusive(f"the setpoint was not told for long enough: {trace.last_words()}")
        return behind


SETTLING = 2.0
"""Seconds in which an inverter reaches a setpoint of reactive power; our own figure."""


def _asks(response: Any) -> bool:
    return getattr(response.CLResControlMode, "DSOQSetpoint", None) is not None


def _reactive(one: ev.Asked[Any]) -> float:
    return flows.total(one.request.CLReqControlMode, "EVPresentReactivePower") or 0.0


class ForeignSetpoint(Setpoint):
    """The function was not negotiated: the inverter has no limits to follow it within, and ignores it."""

    id = "EV-DER-QSET-01"
    title = "AC_DER: a setpoint of a function that was not negotiated is ignored"
    requirements = ("H-EV-DER-SETPOINT",)
    faults: ClassVar = {"der-setpoint-unnegotiated-followed": "H-EV-DER-SETPOINT"}
    functions = BASIC

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """No reactive power to speak of."""
        yield ev.every(
            "H-EV-DER-SETPOINT",
            self.asked(trace),
            lambda one: abs(_reactive(one)) <= NOTHING,
            expected="EVPresentReactivePower of zero",
            seen=lambda one: f"{_reactive(one):g} var",
        )


class OwnSetpoint(Setpoint):
    """The function was negotiated: the inverter follows, as far as its limits allow."""

    id = "EV-DER-QSET-02"
    title = "AC_DER: a negotiated setpoint of reactive power is followed"
    requirements = ("H-EV-DER-FOLLOWS",)
    faults: ClassVar = {"der-setpoint-ignored": "H-EV-DER-FOLLOWS"}
    functions = BASIC | DerControlFunctions.DSO_Q_SETPOINT

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Within a tenth of the setpoint, or of the car's own limit if that is less."""
        looped = self.asked(trace)
        car, _ = flows.announced(trace, looped[0].link)
        limits = car.EVReactivePowerLimits
        most = SETPOINT if limits is None else flows.limit(limits, "EVMaximumChargeReactivePower")
        wanted = min(SETPOINT, most)
        yield ev.every(
            "H-EV-DER-FOLLOWS",
            looped,
            lambda one: abs(abs(_reactive(one)) - wanted) <= 0.1 * wanted + NOTHING,
            expected=f"EVPresentReactivePower of {wanted:g} var",
            seen=lambda one: f"{_reactive(one):g} var",
        )
