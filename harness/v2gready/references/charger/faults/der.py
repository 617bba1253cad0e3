"""Faults of AC_DER_IEC and of megawatt charging (Amendment 1; reference 3.6, 3.7; DER-S-*)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.messages import ac, der_iec, der_sae
from v2gready.protocols.iso15118.secc.quantities import rational, spread, total
from v2gready.protocols.iso15118.secc.responses.refusals import refuse
from v2gready.protocols.iso15118.secc.seams import Fault
from v2gready.protocols.iso15118.secc.table import Family, State
from v2gready.protocols.iso15118.secc.turn import Check, Reply, Turn
from v2gready.protocols.iso15118.services import ServiceId
from v2gready.references.charger.faults.kinds import Answers, Ignores
from v2gready.references.charger.faults.registry import fault

_UNDEFINED_BIT = 1 << 20
_TWICE = 2.0
_BEYOND = 4
_PLAIN_LOOPS: dict[type, type[Any]] = {
    m.DER_Scheduled_AC_CLResControlMode: ac.Scheduled_AC_CLResControlMode,
    m.DER_Dynamic_AC_CLResControlMode: ac.Dynamic_AC_CLResControlMode,
    der_sae.DER_Scheduled_AC_CLResControlMode: ac.Scheduled_AC_CLResControlMode,
    der_sae.DER_Dynamic_AC_CLResControlMode: ac.Dynamic_AC_CLResControlMode,
}

# Services


class _Details(Answers[m.ServiceDetailRes]):
    message = m.ServiceDetailRes

    def parameters(self, parameters: tuple[m.Parameter, ...]) -> tuple[m.Parameter, ...]:
        """The parameters of one set."""
        raise NotImplementedError

    def bend(self, turn: Turn, response: m.ServiceDetailRes) -> m.ServiceDetailRes:
        """Every set."""
        sets = response.ServiceParameterList.ParameterSet
        bent = tuple(replace(one, Parameter=self.parameters(one.Parameter)) for one in sets)
        return replace(response, ServiceParameterList=m.ServiceParameterList(ParameterSet=bent))


@fault("der-bitmap-missing", "Describes AC_DER_IEC without DERControlFunctions.")
class BitmapMissing(_Details):
    """Reference 3.6."""

    def parameters(self, parameters: tuple[m.Parameter, ...]) -> tuple[m.Parameter, ...]:
        """As of AC."""
        return tuple(one for one in parameters if one.Name != "DERControlFunctions")


@fault("der-bitmap-undefined", "Asks in DERControlFunctions for a function that nobody defined.")
class BitmapUndefined(_Details):
    """Reference 3.6."""

    def parameters(self, parameters: tuple[m.Parameter, ...]) -> tuple[m.Parameter, ...]:
        """A function of the manufacturer."""
        return tuple(
            replace(one, intValue=one.intValue | _UNDEFINED_BIT)
            if one.Name == "DERControlFunctions" and one.intValue is not None
            else one
            for one in parameters
        )


@fault("mcs-connector-missing", "Describes MCS services without Connector.")
class McsConnectorMissing(_Details):
    """Reference 3.7."""

    def parameters(self, parameters: tuple[m.Parameter, ...]) -> tuple[m.Parameter, ...]:
        """There is only one."""
        return tuple(one for one in parameters if one.Name != "Connector")


@fault("der-listed-under-plain-ac", "Lists AC_DER_IEC to a car that negotiated plain AC.")
class ListedUnderPlainAc(Answers[m.ServiceDiscoveryRes]):
    """Its messages have no grammar there."""

    message = m.ServiceDiscoveryRes

    def bend(self, turn: Turn, response: m.ServiceDiscoveryRes) -> m.ServiceDiscoveryRes:
        """AC is AC."""
        if turn.session.family is not Family.AC:
            return response
        services = response.EnergyTransferServiceList.Service
        extra = m.Service(ServiceID=int(ServiceId.AC_DER_IEC), FreeService=False)
        return replace(response, EnergyTransferServiceList=m.ServiceList(Service=(*services, extra)))


# Parameters


class _Limits(Answers[der_iec.AC_ChargeParameterDiscoveryRes]):
    """Bends the parameters that a DER mode is answered with."""

    message = der_iec.AC_ChargeParameterDiscoveryRes

    def limits(self, turn: Turn, mode: m.DER_AC_CPDResEnergyTransferMode) -> Any:
        """The wrong parameters."""
        raise NotImplementedError

    def bend(self, turn: Turn, response: der_iec.AC_ChargeParameterDiscoveryRes) -> Any:
        """In a DER mode alone."""
        mode = response.EnergyTransferMode
        if not isinstance(mode, m.DER_AC_CPDResEnergyTransferMode) or response.ResponseCode >= m.ResponseCode.FAILED:
            return response
        return replace(response, EnergyTransferMode=self.limits(turn, mode))


class _Controls(_Limits):
    """Bends DERControl."""

    def control(self, turn: Turn, control: m.DERControl) -> m.DERControl:
        """The wrong settings."""
        raise NotImplementedError

    def limits(self, turn: Turn, mode: m.DER_AC_CPDResEnergyTransferMode) -> Any:
        """Other settings, the same limits."""
        return replace(mode, DERControl=self.control(turn, mode.DERControl))


@fault("der-control-incomplete", "Leaves the active power support out of DERControl.")
class ControlIncomplete(_Controls):
    """DER-S-1."""

    def control(self, turn: Turn, control: m.DERControl) -> m.DERControl:
        """Comes with the next release."""
        return replace(control, ActivePowerSupport=None)


@fault("der-control-too-much", "Sends the settings of every function, whatever was negotiated.")
class ControlTooMuch(_Controls):
    """DER-S-1."""

    def control(self, turn: Turn, control: m.DERControl) -> m.DERControl:
        """The whole grid code."""
        return turn.config.der.control


@fault("der-control-changes", "Sends other settings each time that it is asked.")
class ControlChanges(_Controls):
    """Reference 3.6: the car evaluates what it was sent."""

    def __init__(self) -> None:
        super().__init__()
        self._asked = 0

    def control(self, turn: Turn, control: m.DERControl) -> m.DERControl:
        """Drops another group each time."""
        self._asked += 1
        return replace(control, ActivePowerSupport=None) if self._asked % 2 == 0 else control


def _with_curve(control: m.DERControl, change: Callable[[m.DERCurve], m.DERCurve]) -> m.DERControl:
    support = control.ReactivePowerSupport
    if support is None or support.VoltVar is None:
        return control
    return replace(control, ReactivePowerSupport=replace(support, VoltVar=change(support.VoltVar)))


@fault("der-curve-backwards", "Sends the points of VoltVar in falling order of voltage.")
class CurveBackwards(_Controls):
    """A curve begins at its lowest x."""

    def control(self, turn: Turn, control: m.DERControl) -> m.DERControl:
        """The list is the wrong way round."""

        def change(curve: m.DERCurve) -> m.DERCurve:
            points = curve.CurveDataPoints.CurveDataPoint
            return replace(curve, CurveDataPoints=m.CurveDataPointList(CurveDataPoint=points[::-1]))

        return _with_curve(control, change)


@fault("der-curve-wrong-unit", "Sends VoltVar with watts on its x axis.")
class CurveWrongUnit(_Controls):
    """Its x is a voltage."""

    def control(self, turn: Turn, control: m.DERControl) -> m.DERControl:
        """Copied from WattVar."""
        return _with_curve(control, lambda curve: replace(curve, xUnit=m.CurveUnit.W))


@fault("der-thresholds-swapped", "Sends the thresholds of over- and under-frequency in each other's place.")
class ThresholdsSwapped(_Controls):
    """The car would reduce its power at nominal frequency."""

    def control(self, turn: Turn, control: m.DERControl) -> m.DERControl:
        """Two arguments of one type."""
        support = control.ActivePowerSupport
        if support is None or support.OverFrequencyWatt is None or support.UnderFrequencyWatt is None:
            return control
        over, under = support.OverFrequencyWatt, support.UnderFrequencyWatt
        swapped = replace(
            support,
            OverFrequencyWatt=replace(over, Fstart=under.Fstart),
            UnderFrequencyWatt=replace(under, Fstart=over.Fstart),
        )
        return replace(control, ActivePowerSupport=swapped)


@fault("der-nominal-above-maximum", "Announces a nominal charge power of twice the maximum.")
class NominalAboveMaximum(_Limits):
    """[V2G20-3228] says so of AC_DER_SAE."""

    def limits(self, turn: Turn, mode: m.DER_AC_CPDResEnergyTransferMode) -> Any:
        """The rating of the bigger model."""
        watts = _TWICE * (total(mode, "EVSEMaximumChargePower") or 0.0)
        phases = 1 if mode.EVSENominalChargePower_L2 is None else turn.config.ac.phases
        return replace(mode, **spread("EVSENominalChargePower", watts, phases))


@fault("der-follows-no-grid", "Asks for GridFollowing and says that it is islanded.")
class FollowsNoGrid(_Limits):
    """There is nothing to follow."""

    def limits(self, turn: Turn, mode: m.DER_AC_CPDResEnergyTransferMode) -> Any:
        """A default."""
        return replace(mode, GridConnectionMode=m.GridConnectionMode.GridIslanded)


def _positive(mode: Any) -> Any:
    """A mode with its discharge limits as positive numbers."""
    changes = {
        one.name: rational(abs(float(value)))
        for one in fields(mode)
        if "Discharge" in one.name and isinstance(value := getattr(mode, one.name), m.RationalNumber)
    }
    return replace(mode, **changes)


@fault("der-limits-positive", "Announces discharge limits of AC_DER as positive numbers, as the edition of 2022 did.")
class LimitsPositive(Fault):
    """Amendment 1, 8.3.5.2."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """Table 94 of 2022."""
        told = reply.bent(
            der_iec.AC_ChargeParameterDiscoveryRes,
            lambda one: replace(one, EnergyTransferMode=_positive(one.EnergyTransferMode)),
        )
        return told.bent(
            der_iec.AC_ChargeLoopRes, lambda one: replace(one, CLResControlMode=_positive(one.CLResControlMode))
        )


@fault("der-limits-change-sign", "Announces discharge limits negative first, and positive in the loop.")
class LimitsChangeSign(Answers[der_iec.AC_ChargeLoopRes]):
    """One sign over the session."""

    message = der_iec.AC_ChargeLoopRes

    def bend(self, turn: Turn, response: der_iec.AC_ChargeLoopRes) -> der_iec.AC_ChargeLoopRes:
        """Two authors."""
        return replace(response, CLResControlMode=_positive(response.CLResControlMode))


@fault("der-takes-plain-mode", "Takes parameters and loops without a DER mode under AC_DER_IEC.")
class TakesPlainMode(Ignores):
    """DER-S-2."""

    ignored = frozenset({Check.DER_MODE})


@fault("der-parameters-in-plain-mode", "Answers parameters in a DER mode with those of plain AC.")
class ParametersInPlainMode(_Limits):
    """[V2G20-1600]: in kind."""

    def limits(self, turn: Turn, mode: m.DER_AC_CPDResEnergyTransferMode) -> Any:
        """The base type."""
        base = ac.AC_CPDResEnergyTransferMode
        return base(**{one.name: getattr(mode, one.name) for one in fields(base)})


@fault("der-ongoing-refused", "Takes a second ChargeParameterDiscoveryReq of an AC_DER car for an error of order.")
class OngoingRefused(Fault):
    """Reference 3.6: EVProcessing Ongoing lets the car ask again."""

    def __init__(self) -> None:
        super().__init__()
        self._before: bytes | None = None

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """The table of ISO 15118-20:2022."""
        if not isinstance(
            turn.request, der_iec.AC_ChargeParameterDiscoveryReq | der_sae.AC_ChargeParameterDiscoveryReq
        ):
            return reply
        again = turn.state is State.SELECTED and self._before == turn.session.id
        self._before = turn.session.id
        if not again:
            return reply
        refusal = refuse(turn.request, turn.header, m.ResponseCode.FAILED_SequenceError)
        return replace(reply, messages=(refusal,), close=True)


# Charge loop


class _Loops(Answers[der_iec.AC_ChargeLoopRes]):
    """Bends the control mode of a loop in a DER mode."""

    message = der_iec.AC_ChargeLoopRes

    def mode(self, turn: Turn, mode: Any) -> Any:
        """The wrong mode."""
        raise NotImplementedError

    def bend(self, turn: Turn, response: der_iec.AC_ChargeLoopRes) -> Any:
        """In a DER mode alone."""
        mode = response.CLResControlMode
        return replace(response, CLResControlMode=self.mode(turn, mode)) if type(mode) in _PLAIN_LOOPS else response


@fault("der-loop-in-plain-mode", "Answers a charge loop in a DER mode with one of plain AC.")
class LoopInPlainMode(Answers[m.AC_ChargeLoopRes]):
    """[V2G20-1600]: in kind."""

    message = m.AC_ChargeLoopRes

    def bend(self, turn: Turn, response: m.AC_ChargeLoopRes) -> Any:
        """The base type."""
        mode: Any = response.CLResControlMode
        base = _PLAIN_LOOPS.get(type(mode))
        if base is None:
            return response
        return replace(response, CLResControlMode=base(**{one.name: getattr(mode, one.name) for one in fields(base)}))


@fault("der-loop-limits-above-cpd", "Announces more charge power in the AC_DER loop than in ChargeParameterDiscovery.")
class LoopLimitsAboveCpd(_Loops):
    """[V2G20-2654]."""

    def mode(self, turn: Turn, mode: Any) -> Any:
        """Twice as much."""
        phases = 1 if mode.EVSEMaximumChargePower_L2 is None else turn.config.ac.phases
        return replace(mode, **spread("EVSEMaximumChargePower", _TWICE * turn.config.ac.maximum_charge_power, phases))


def _setpoint(turn: Turn, watts: float) -> m.DSOQSetpoint:
    phases = turn.config.ac.phases if turn.config.per_phase else 1
    return m.DSOQSetpoint(
        **spread("DSOQSetpointValue", watts, phases),
        PT1ResponseReactivePower=False,
        StepResponseTimeConstantReactivePower=rational(0),
    )


@fault("der-setpoint-not-negotiated", "Tells DSOQSetpoint to every AC_DER car.")
class SetpointNotNegotiated(_Loops):
    """DER-E-2 seen from the other side."""

    def mode(self, turn: Turn, mode: Any) -> Any:
        """The grid operator wants it."""
        if mode.DSOQSetpoint is not None or turn.config.der.q_setpoint is None:
            return mode
        return replace(mode, DSOQSetpoint=_setpoint(turn, turn.config.der.q_setpoint))


@fault("der-setpoint-beyond-car", "Passes the setpoint of reactive power on, whatever the car can give.")
class SetpointBeyondCar(_Loops):
    """The limits of the car."""

    def mode(self, turn: Turn, mode: Any) -> Any:
        """As the grid operator said."""
        if mode.DSOQSetpoint is None or turn.config.der.q_setpoint is None:
            return mode
        return replace(mode, DSOQSetpoint=_setpoint(turn, turn.config.der.q_setpoint))


# Megawatt charging


@fault("mcs-large-exponent-refused", "Takes a power whose RationalNumber has an exponent above 2 for a wrong one.")
class LargeExponentRefused(Fault):
    """Reference 3.7: 3.75 MW take an exponent of 3."""

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """No car of the lab had more than 3.2 MW."""
        mode = getattr(turn.request, "EnergyTransferMode", None)
        if check is not Check.PLAUSIBLE or mode is None:
            return violated
        values = [getattr(mode, one.name) for one in fields(mode)]
        large = any(isinstance(one, m.RationalNumber) and one.Exponent > 2 for one in values)
        return violated or large


@fault("mcs-power-overflows", "Tells powers of MCS as 16 bits of kilowatts with a sign that was not meant.")
class PowerOverflows(Answers[m.DC_ChargeParameterDiscoveryRes]):
    """Reference 3.7."""

    message = m.DC_ChargeParameterDiscoveryRes

    def bend(self, turn: Turn, response: m.DC_ChargeParameterDiscoveryRes) -> m.DC_ChargeParameterDiscoveryRes:
        """The exponent is always 2, and the value wraps."""
        mode = response.EnergyTransferMode
        value = round(float(mode.EVSEMaximumChargePower) / 100)
        wrapped = (value + 2**15) % 2**16 - 2**15
        power = m.RationalNumber(Exponent=2, Value=wrapped)
        return replace(response, EnergyTransferMode=replace(mode, EVSEMaximumChargePower=power))
