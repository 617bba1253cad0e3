"""Faults of AC_DER_SAE (Amendment 1; reference 3.6; DER-S-3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.messages import der_sae
from v2gready.protocols.iso15118.secc.quantities import rational, spread, total
from v2gready.protocols.iso15118.secc.responses import refuse
from v2gready.protocols.iso15118.secc.sae import for_car, sae_settings
from v2gready.protocols.iso15118.secc.seams import Fault
from v2gready.protocols.iso15118.secc.turn import Reply, Turn
from v2gready.protocols.iso15118.services import ALL_SAE_MODES
from v2gready.references.charger.faults.kinds import Answers
from v2gready.references.charger.faults.registry import fault

_TWICE = 2.0


class _Limits(Answers[der_sae.AC_ChargeParameterDiscoveryRes]):
    """Bends the parameters that a mode of AC_DER_SAE is answered with."""

    message = der_sae.AC_ChargeParameterDiscoveryRes

    def limits(self, turn: Turn, mode: der_sae.DER_AC_CPDResEnergyTransferMode) -> Any:
        """The wrong parameters."""
        raise NotImplementedError

    def bend(self, turn: Turn, response: der_sae.AC_ChargeParameterDiscoveryRes) -> Any:
        """In a mode of the service alone."""
        mode = response.EnergyTransferMode
        failed = response.ResponseCode >= m.ResponseCode.FAILED
        if failed or not isinstance(mode, der_sae.DER_AC_CPDResEnergyTransferMode):
            return response
        return replace(response, EnergyTransferMode=self.limits(turn, mode))


@fault("sae-enables-undeclared", "Enables the whole grid code, whatever the car has declared.")
class EnablesUndeclared(_Limits):
    """[V2G20-3409]."""

    def limits(self, turn: Turn, mode: der_sae.DER_AC_CPDResEnergyTransferMode) -> Any:
        """The settings as the grid operator sent them."""
        return replace(mode, DERControlCPDRes=for_car(sae_settings().control, ALL_SAE_MODES))


@fault("sae-unused-bits-refused", "Refuses SupportedModes with bits that stand for nothing.")
class UnusedBitsRefused(Fault):
    """[V2G20-3411]."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """A strict parser."""
        mode = getattr(turn.request, "EnergyTransferMode", None)
        if not isinstance(mode, der_sae.DER_AC_CPDReqEnergyTransferMode) or not mode.SupportedModes & ~ALL_SAE_MODES:
            return reply
        refusal = refuse(turn.request, turn.header, m.ResponseCode.FAILED_WrongChargeParameter)
        return replace(reply, messages=(refusal,), close=True)


def _doubled(turn: Turn, mode: der_sae.DER_AC_CPDResEnergyTransferMode, way: str) -> Any:
    watts = _TWICE * (total(mode, f"EVSEMaximum{way}Power") or 0.0)
    phases = 1 if getattr(mode, f"EVSENominal{way}Power_L2") is None else turn.config.ac.phases
    return replace(mode, **spread(f"EVSENominal{way}Power", watts, phases))


@fault("sae-nominal-charge-above-maximum", "Announces a nominal charge power of twice the maximum with AC_DER_SAE.")
class NominalChargeAboveMaximum(_Limits):
    """[V2G20-3228]."""

    def limits(self, turn: Turn, mode: der_sae.DER_AC_CPDResEnergyTransferMode) -> Any:
        """The rating of the bigger model."""
        return _doubled(turn, mode, "Charge")


@fault("sae-nominal-discharge-above-maximum", "Announces twice the maximum as nominal discharge power, AC_DER_SAE.")
class NominalDischargeAboveMaximum(_Limits):
    """[V2G20-3229]."""

    def limits(self, turn: Turn, mode: der_sae.DER_AC_CPDResEnergyTransferMode) -> Any:
        """The rating of the bigger model."""
        return _doubled(turn, mode, "Discharge")


@fault("sae-limits-positive", "Announces discharge and injection with AC_DER_SAE as positive numbers.")
class LimitsPositive(_Limits):
    """Amendment 1, 8.3.5.2."""

    def limits(self, turn: Turn, mode: der_sae.DER_AC_CPDResEnergyTransferMode) -> Any:
        """Table 94 of 2022."""
        return replace(_positive(mode), EVSEReactivePowerLimits=_positive(mode.EVSEReactivePowerLimits))


def _positive(value: Any) -> Any:
    changes = {
        one.name: rational(abs(float(told)))
        for one in fields(value)
        if isinstance(told := getattr(value, one.name), m.RationalNumber)
    }
    return replace(value, **changes)


Curve = Callable[[der_sae.DERCurve], der_sae.DERCurve]


def _with_curve(mode: der_sae.DER_AC_CPDResEnergyTransferMode, change: Curve) -> Any:
    control = mode.DERControlCPDRes
    trip = control.VoltageTrip
    bent = replace(trip, OverVoltageMustTripCurve=change(trip.OverVoltageMustTripCurve))
    return replace(mode, DERControlCPDRes=replace(control, VoltageTrip=bent))


@fault("sae-trip-curve-turned", "Sends the trip curve of over-voltage with the voltage on x, as OCPP has it.")
class TripCurveTurned(_Limits):
    """M.2.2.1.10."""

    def limits(self, turn: Turn, mode: der_sae.DER_AC_CPDResEnergyTransferMode) -> Any:
        """Passed on from the back end as it came."""

        def turned(curve: der_sae.DERCurve) -> der_sae.DERCurve:
            points = tuple(
                der_sae.DataTuple(xValue=one.yValue, yValue=one.xValue) for one in curve.CurveDataPoints.CurveDataPoint
            )
            return replace(
                curve,
                xUnit=curve.yUnit,
                yUnit=curve.xUnit,
                CurveDataPoints=der_sae.CurveDataPointsList(CurveDataPoint=points),
            )

        return _with_curve(mode, turned)


@fault("sae-trip-curve-backwards", "Sends the trip curve of over-voltage with the longest duration first.")
class TripCurveBackwards(_Limits):
    """M.2.2.1.10."""

    def limits(self, turn: Turn, mode: der_sae.DER_AC_CPDResEnergyTransferMode) -> Any:
        """By rising voltage."""

        def backwards(curve: der_sae.DERCurve) -> der_sae.DERCurve:
            points = curve.CurveDataPoints.CurveDataPoint[::-1]
            return replace(curve, CurveDataPoints=der_sae.CurveDataPointsList(CurveDataPoint=points))

        return _with_curve(mode, backwards)


@fault("sae-droop-empty", "Sends FrequencyDroop without a branch.")
class DroopEmpty(_Limits):
    """Table M.33."""

    def limits(self, turn: Turn, mode: der_sae.DER_AC_CPDResEnergyTransferMode) -> Any:
        """Both are optional in the schema."""
        control = mode.DERControlCPDRes
        active = control.ActivePowerSupportCPDRes
        droop = replace(active.FrequencyDroop, OverFrequencyDroop=None, UnderFrequencyDroop=None)
        support = replace(active, FrequencyDroop=droop)
        return replace(mode, DERControlCPDRes=replace(control, ActivePowerSupportCPDRes=support))


_LOOPS = (der_sae.DER_Scheduled_AC_CLResControlMode, der_sae.DER_Dynamic_AC_CLResControlMode)


class _Loops(Answers[der_sae.AC_ChargeLoopRes]):
    """Bends the control mode of a loop in a mode of AC_DER_SAE."""

    message = der_sae.AC_ChargeLoopRes

    def mode(self, turn: Turn, mode: Any) -> Any:
        """The wrong mode."""
        raise NotImplementedError

    def bend(self, turn: Turn, response: der_sae.AC_ChargeLoopRes) -> Any:
        """In a mode of the service alone."""
        mode = response.CLResControlMode
        return response if type(mode) not in _LOOPS else replace(response, CLResControlMode=self.mode(turn, mode))


@fault("sae-loop-repeats-grid-code", "Sends the trip curves with every loop.")
class LoopRepeatsGridCode(_Loops):
    """[V2G20-3236]."""

    def mode(self, turn: Turn, mode: Any) -> Any:
        """What is sent twice arrives once."""
        told = turn.session.sae_control
        if told is None:
            return mode
        control = replace(mode.DERControlCLRes, VoltageTrip=told.VoltageTrip, FrequencyTrip=told.FrequencyTrip)
        return replace(mode, DERControlCLRes=control)


@fault("sae-loop-repeats-modes", "Sends RequiredDEROperatingMode and GridConnectionMode with every loop.")
class LoopRepeatsModes(_Loops):
    """[V2G20-3358] to [V2G20-3361]."""

    def mode(self, turn: Turn, mode: Any) -> Any:
        """They are at hand."""
        settings = turn.config.sae or sae_settings()
        return replace(
            mode, RequiredDEROperatingMode=settings.operating_mode, GridConnectionMode=settings.connection_mode
        )
