"""ChargeParameterDiscovery and charge loop of a car with service AC_DER_SAE (Amendment 1; reference 3.6)."""

from __future__ import annotations

from typing import Any, Final

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.evcc.context import Context
from v2gready.protocols.iso15118.messages import der_sae

_rn = m.RationalNumber.of
_MICROSECONDS: Final = 1_000_000
_WAYS: Final = tuple(
    (direction, way) for direction in ("Charging", "Discharging") for way in ("Absorption", "Injection")
)
_NOMINAL_VOLTAGE: Final = 230.0
_VOLTAGE_BAND: Final = 0.12
"""Share of the nominal voltage by which the inverter follows the grid up and down."""
_NOMINAL_FREQUENCY: Final = 50.0
_POWER_FACTOR: Final = 0.9
INVERTER: Final = der_sae.EVInverterDetails(
    EVInverterSwVersion="1.0", EVInverterManufacturer="V2G-ready", EVInverterModel="model", EVInverterSerialNumber="1"
)


def sae_parameters(c: Context) -> m.V2GRequest:
    """The inverter of the car: what it can, and which modes it knows; EVProcessing is Ongoing while it evaluates."""
    r = c.plan.ratings
    evaluating = c.memory.parameter_rounds < c.plan.der_rounds
    apparent = _rn(max(r.maximum_charge_power, r.maximum_discharge_power))
    mode = der_sae.DER_AC_CPDReqEnergyTransferMode(
        **_charge(c),
        EVProcessing=m.Processing.Ongoing if evaluating else m.Processing.Finished,
        **_discharge(c),
        EVSessionTotalDischargeEnergyAvailable=_rn(r.maximum_v2x_energy),
        EVApparentPowerLimits=der_sae.EVApparentPowerLimits(
            **{f"EVMaximumApparentPowerDuring{direction}AndVar{way}": apparent for direction, way in _WAYS}
        ),
        EVReactivePowerLimits=der_sae.EVReactivePowerLimits(
            **{
                f"EVMaximumVar{way}During{direction}": _rn(_injected(c, way) * r.maximum_reactive_power)
                for direction, way in _WAYS
            },
            EVReactiveSusceptance=_rn(0),
        ),
        EVExcitationLimits=der_sae.EVExcitationLimits(
            EVSpecifiedOverExcitedPowerFactor=_rn(_POWER_FACTOR),
            EVSpecifiedOverExcitedDischargePower=_rn(_sign(c) * _POWER_FACTOR * r.maximum_discharge_power),
            EVSpecifiedUnderExcitedPowerFactor=_rn(_POWER_FACTOR),
            EVSpecifiedUnderExcitedDischargePower=_rn(_sign(c) * _POWER_FACTOR * r.maximum_discharge_power),
        ),
        EVInverterDetails=INVERTER,
        IEEE1547NormalCategory=der_sae.IEEE1547NormalCategory.CategoryB,
        IEEE1547AbnormalCategory=der_sae.IEEE1547AbnormalCategory.CategoryII,
        EVNominalVoltage=_rn(_NOMINAL_VOLTAGE),
        EVMaximumVoltage=_rn(_NOMINAL_VOLTAGE * (1 + _VOLTAGE_BAND)),
        EVMinimumVoltage=_rn(_NOMINAL_VOLTAGE * (1 - _VOLTAGE_BAND)),
        EVNominalVoltageOffset=_rn(0),
        J3072Certified=False,
        J3072CertificationDate=0,
        EVUseableWattHours=round(r.maximum_v2x_energy),
        EVUpdateTime=c.unix_time * _MICROSECONDS,
        SupportedModes=int(c.plan.sae_modes),
        EnabledModes=int(c.memory.sae_enabled),
    )
    return der_sae.AC_ChargeParameterDiscoveryReq(Header=c.header, EnergyTransferMode=mode)


def sae_loop(
    c: Context, energy: dict[str, Any], v2x_energy: dict[str, Any], display: m.DisplayParameters
) -> m.V2GRequest:
    """The charge loop in the planned control mode; EnabledModes acknowledges what the charger enabled."""
    present: dict[str, Any] = {
        "EVPresentActivePower": _rn(c.vehicle.present_power),
        "EVPresentReactivePower": _rn(0),
        "EVPresentVoltage": _rn(_NOMINAL_VOLTAGE),
        "EVPresentFrequency": _rn(_NOMINAL_FREQUENCY),
        "DEROperationalState": der_sae.DEROperationalState.On,
        "DERConnectionStatus": der_sae.DERConnectionStatus.Connected,
        "EVUpdateTime": c.unix_time * _MICROSECONDS,
        "DERAlarmStatus": 0,
        "EnabledModes": int(c.memory.sae_enabled),
    }
    mode: der_sae.DER_Scheduled_AC_CLReqControlMode | der_sae.DER_Dynamic_AC_CLReqControlMode
    if c.scheduled:
        mode = der_sae.DER_Scheduled_AC_CLReqControlMode(**_charge(c), **_discharge(c), **present)
    else:
        mode = der_sae.DER_Dynamic_AC_CLReqControlMode(
            DepartureTime=c.plan.departure,
            **energy,
            **_charge(c),
            **_discharge(c),
            **present,
            **v2x_energy,
            EVMinimumChargingDuration=0,
            EVDurationMaximumChargeRate=0,
            EVDurationMaximumDischargeRate=0,
        )
    return der_sae.AC_ChargeLoopReq(
        Header=c.header, DisplayParameters=display, MeterInfoRequested=c.plan.meter_info, CLReqControlMode=mode
    )


def _charge(c: Context) -> dict[str, Any]:
    r = c.plan.ratings
    return {"EVMaximumChargePower": _rn(r.maximum_charge_power), "EVMinimumChargePower": _rn(r.minimum_charge_power)}


def _discharge(c: Context) -> dict[str, Any]:
    r = c.plan.ratings
    return {
        "EVMaximumDischargePower": _rn(_sign(c) * r.maximum_discharge_power),
        "EVMinimumDischargePower": _rn(_sign(c) * r.minimum_discharge_power),
    }


def _sign(c: Context) -> int:
    return -1 if c.plan.signed_der_limits else 1


def _injected(c: Context, way: str) -> int:
    return _sign(c) if way == "Injection" else 1
