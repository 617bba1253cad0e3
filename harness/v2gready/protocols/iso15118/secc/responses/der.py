"""ChargeParameterDiscovery and charge loop of AC_DER_IEC (Amendment 1; reference 3.6)."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, Final

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.messages import der_iec
from v2gready.protocols.iso15118.secc.config import ChargerConfig
from v2gready.protocols.iso15118.secc.der import negotiated
from v2gready.protocols.iso15118.secc.quantities import rational, spread, total
from v2gready.protocols.iso15118.secc.responses.ac_loop import ac_loop_fields
from v2gready.protocols.iso15118.secc.responses.loop import PowerLimits, next_state
from v2gready.protocols.iso15118.secc.responses.parameters import ac_car, ac_limits
from v2gready.protocols.iso15118.secc.table import State
from v2gready.protocols.iso15118.secc.turn import Answer, Check, Turn
from v2gready.protocols.iso15118.services import DerControlFunctions, ServiceId

_PT1: Final[dict[str, Any]] = {"PT1ResponseReactivePower": False, "StepResponseTimeConstantReactivePower": rational(0)}
_DER: Final = ServiceId.AC_DER_IEC


def der_parameters(turn: Turn) -> Answer:
    """Checks the limits of the car and tells those of the charger, with the settings of the negotiated functions.

    While the car says that it is still evaluating them, it may ask again.
    """
    request: der_iec.AC_ChargeParameterDiscoveryReq = turn.request
    mode = request.EnergyTransferMode
    der = isinstance(mode, m.DER_AC_CPDReqEnergyTransferMode)
    turn.refuse_if(Check.DER_MODE, not der, m.ResponseCode.FAILED_WrongChargeParameter)
    discharges = isinstance(mode, m.DER_AC_CPDReqEnergyTransferMode | m.BPT_AC_CPDReqEnergyTransferMode)
    turn.session.car = replace(
        ac_car(turn, mode, bidirectional=discharges), maximum_reactive_power=_reactive_power(mode)
    )
    ongoing = isinstance(mode, m.DER_AC_CPDReqEnergyTransferMode) and mode.EVProcessing is not m.Processing.Finished
    limits: m.AC_CPDResEnergyTransferMode
    if isinstance(mode, m.DER_AC_CPDReqEnergyTransferMode):
        limits = _limits(turn)
    else:
        # Only a charger that ignores the rule comes here: it answers in kind.
        bpt = isinstance(mode, m.BPT_AC_CPDReqEnergyTransferMode)
        limits = ac_limits(turn.config, turn.station.ac.power, bidirectional=bpt)
    response = der_iec.AC_ChargeParameterDiscoveryRes(
        Header=turn.header, ResponseCode=m.ResponseCode.OK, EnergyTransferMode=limits
    )
    return Answer(response, State.SELECTED if ongoing else State.PARAMETERS_KNOWN)


def _limits(turn: Turn) -> m.DER_AC_CPDResEnergyTransferMode:
    config, settings = turn.config, turn.config.der
    ratings, phases = config.ac, _phases(config)
    base = ac_limits(config, turn.station.ac.power, bidirectional=False)
    sign, share = config.discharge_sign(_DER), settings.nominal_share
    return m.DER_AC_CPDResEnergyTransferMode(
        **{one.name: getattr(base, one.name) for one in fields(base)},
        **spread("EVSENominalChargePower", share * ratings.maximum_charge_power, phases),
        **spread("EVSENominalDischargePower", sign * share * ratings.maximum_discharge_power, phases),
        **spread("EVSEMaximumDischargePower", sign * ratings.maximum_discharge_power, phases),
        EVOperatingMode=settings.operating_mode,
        GridConnectionMode=settings.connection_mode,
        DERControl=negotiated(settings.control, turn.session.offer.der_functions),
    )


def der_charge_loop(turn: Turn) -> Answer:
    """As the AC loop, with the limits at present and the setpoints of the grid operator."""
    fields_, mode, limits = ac_loop_fields(turn)
    answer: Any = mode
    if isinstance(turn.request.CLReqControlMode, m.DER_Scheduled_AC_CLReqControlMode):
        answer = m.DER_Scheduled_AC_CLResControlMode(**_inherited(mode), **_loop(turn, limits))
    elif isinstance(turn.request.CLReqControlMode, m.DER_Dynamic_AC_CLReqControlMode):
        answer = m.DER_Dynamic_AC_CLResControlMode(**_inherited(mode), **_loop(turn, limits))
    response = der_iec.AC_ChargeLoopRes(
        **fields_, EVSETargetFrequency=rational(turn.config.ac.nominal_frequency), CLResControlMode=answer
    )
    return Answer(response, next_state(fields_["EVSEStatus"]))


def _inherited(mode: Any) -> dict[str, Any]:
    return {one.name: getattr(mode, one.name) for one in fields(mode)}


def _loop(turn: Turn, limits: PowerLimits) -> dict[str, Any]:
    """Limits, and the setpoints whose functions were negotiated."""
    settings, phases = turn.config.der, _phases(turn.config)
    functions, sign = turn.session.offer.der_functions, turn.config.discharge_sign(_DER)
    told: dict[str, Any] = {
        **spread("EVSEMaximumChargePower", limits.charge, phases),
        **spread("EVSEMaximumDischargePower", sign * limits.discharge, phases),
    }
    if settings.maximum_discharge_power is not None:
        told |= spread("DSOMaximumDischargePower", sign * settings.maximum_discharge_power, phases)
    if settings.q_setpoint is not None and DerControlFunctions.DSO_Q_SETPOINT in functions:
        most = turn.session.car.maximum_reactive_power
        var = max(-most, min(settings.q_setpoint, most))
        told["DSOQSetpoint"] = m.DSOQSetpoint(**spread("DSOQSetpointValue", var, phases), **_PT1)
    wanted = settings.cos_phi_setpoint
    if wanted is not None and DerControlFunctions.DSO_COS_PHI_SETPOINT in functions:
        told["DSOCosPhiSetpoint"] = m.DSOCosPhiSetpoint(
            DSOCosPhiSetpointValue=rational(abs(wanted)),
            Excitation=m.Excitation.OverExcited if wanted > 0 else m.Excitation.UnderExcited,
            **_PT1,
        )
    return told


def _reactive_power(mode: m.AC_CPDReqEnergyTransferMode) -> float:
    limits = mode.EVReactivePowerLimits if isinstance(mode, m.DER_AC_CPDReqEnergyTransferMode) else None
    ways = [total(limits, f"EVMaximum{way}ReactivePower") for way in ("Charge", "Discharge")] if limits else []
    return min((abs(one) for one in ways if one is not None), default=float("inf"))


def _phases(config: ChargerConfig) -> int:
    return config.ac.phases if config.per_phase else 1
