"""ChargeParameterDiscovery and charge loop of AC_DER_SAE (Amendment 1; reference 3.6)."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, Final

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.messages import der_sae
from v2gready.protocols.iso15118.secc.quantities import rational, spread, total
from v2gready.protocols.iso15118.secc.responses.ac_loop import ac_loop_fields
from v2gready.protocols.iso15118.secc.responses.loop import PowerLimits, next_state
from v2gready.protocols.iso15118.secc.responses.parameters import ac_car, ac_limits
from v2gready.protocols.iso15118.secc.sae import for_car, sae_settings, unchanged
from v2gready.protocols.iso15118.secc.table import State
from v2gready.protocols.iso15118.secc.turn import Answer, Check, Turn
from v2gready.protocols.iso15118.services import ALL_SAE_MODES, SaeModes, ServiceId

_DER: Final = ServiceId.AC_DER_SAE
_MICROSECONDS: Final = 1_000_000
_WAYS: Final = tuple(
    f"{way}During{direction}" for direction in ("Charging", "Discharging") for way in ("Absorption", "Injection")
)


def sae_parameters(turn: Turn) -> Answer:
    """Checks the limits of the car and tells those of the charger, with the grid code as far as the car knows it.

    While the car says that it is still evaluating it, it may ask again.
    """
    request: der_sae.AC_ChargeParameterDiscoveryReq = turn.request
    mode = request.EnergyTransferMode
    der = isinstance(mode, der_sae.DER_AC_CPDReqEnergyTransferMode)
    turn.refuse_if(Check.DER_MODE, not der, m.ResponseCode.FAILED_WrongChargeParameter)
    bpt = isinstance(mode, m.BPT_AC_CPDReqEnergyTransferMode)
    car = ac_car(turn, mode, bidirectional=der or bpt)
    limits: m.AC_CPDResEnergyTransferMode
    if isinstance(mode, der_sae.DER_AC_CPDReqEnergyTransferMode):
        turn.session.car = replace(car, maximum_reactive_power=_reactive_power(mode))
        turn.session.sae_modes = SaeModes(mode.SupportedModes & ALL_SAE_MODES)
        limits = _limits(turn, mode.EVProcessing)
        turn.session.sae_control = limits.DERControlCPDRes
        ongoing = mode.EVProcessing is not m.Processing.Finished
    else:
        # Only a charger that ignores the rule comes here: it answers in kind.
        turn.session.car = car
        limits = ac_limits(turn.config, turn.station.ac.power, bidirectional=bpt)
        ongoing = False
    response = der_sae.AC_ChargeParameterDiscoveryRes(
        Header=turn.header, ResponseCode=m.ResponseCode.OK, EnergyTransferMode=limits
    )
    return Answer(response, State.SELECTED if ongoing else State.PARAMETERS_KNOWN)


def _limits(turn: Turn, processing: m.Processing) -> der_sae.DER_AC_CPDResEnergyTransferMode:
    config, settings = turn.config, turn.config.sae or sae_settings()
    ratings, phases = config.ac, _phases(turn)
    base = ac_limits(config, turn.station.ac.power, bidirectional=False)
    sign, share = config.discharge_sign(_DER), settings.nominal_share
    least, most = settings.voltage_window
    return der_sae.DER_AC_CPDResEnergyTransferMode(
        **_inherited(base),
        EVSEProcessing=processing,
        DERControlCPDRes=for_car(settings.control, turn.session.sae_modes),
        **spread("EVSENominalChargePower", share * ratings.maximum_charge_power, phases),
        **spread("EVSENominalDischargePower", sign * share * ratings.maximum_discharge_power, phases),
        **spread("EVSEMaximumDischargePower", sign * ratings.maximum_discharge_power, phases),
        EVSEReactivePowerLimits=der_sae.EVSEReactivePowerLimits(
            **{
                name: value
                for way in _WAYS
                for name, value in spread(
                    f"EVSEMaximumVar{way}",
                    (sign if way.startswith("Injection") else 1) * settings.reactive_power,
                    phases,
                ).items()
            }
        ),
        GridLimits=der_sae.GridLimits(
            GridNominalFrequency=rational(ratings.nominal_frequency),
            GridNominalVoltage=rational(ratings.nominal_voltage),
            GridNominalVoltageOffset=rational(0),
            GridMaximumVoltage=rational(most),
            GridMinimumVoltage=rational(least),
        ),
        RequiredDEROperatingMode=settings.operating_mode,
        GridConnectionMode=settings.connection_mode,
        EVSEUpdateTime=turn.utc * _MICROSECONDS,
    )


def sae_charge_loop(turn: Turn) -> Answer:
    """As the AC loop, with the limits at present; of a grid code that has not changed PermitService alone."""
    fields_, mode, limits = ac_loop_fields(turn)
    answer: Any = mode
    if isinstance(turn.request.CLReqControlMode, der_sae.DER_Scheduled_AC_CLReqControlMode):
        answer = der_sae.DER_Scheduled_AC_CLResControlMode(**_inherited(mode), **_loop(turn, limits))
    elif isinstance(turn.request.CLReqControlMode, der_sae.DER_Dynamic_AC_CLReqControlMode):
        answer = der_sae.DER_Dynamic_AC_CLResControlMode(**_inherited(mode), **_loop(turn, limits))
    response = der_sae.AC_ChargeLoopRes(
        **fields_, EVSETargetFrequency=rational(turn.config.ac.nominal_frequency), CLResControlMode=answer
    )
    return Answer(response, next_state(fields_["EVSEStatus"]))


def _loop(turn: Turn, limits: PowerLimits) -> dict[str, Any]:
    phases, sign = _phases(turn), turn.config.discharge_sign(_DER)
    control = turn.session.sae_control or (turn.config.sae or sae_settings()).control
    return {
        "DERControlCLRes": unchanged(control),
        **spread("EVSEMaximumChargePower", limits.charge, phases),
        **spread("EVSEMaximumDischargePower", sign * limits.discharge, phases),
    }


def _inherited(mode: Any) -> dict[str, Any]:
    return {one.name: getattr(mode, one.name) for one in fields(mode)}


def _reactive_power(mode: der_sae.DER_AC_CPDReqEnergyTransferMode) -> float:
    return min(abs(total(mode.EVReactivePowerLimits, f"EVMaximumVar{way}") or 0.0) for way in _WAYS)


def _phases(turn: Turn) -> int:
    return turn.config.ac.phases if turn.config.per_phase else 1
