"""ChargeParameterDiscovery and charge loop of a car with service AC_DER_IEC (Amendment 1; reference 3.6)."""

from __future__ import annotations

from typing import Any

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.evcc.context import Context
from v2gready.protocols.iso15118.messages import der_iec

_rn = m.RationalNumber.of


def der_parameters(c: Context) -> m.V2GRequest:
    """The limits of the car; EVProcessing is Ongoing while it evaluates the settings that it was sent."""
    evaluating = c.memory.parameter_rounds < c.plan.der_rounds
    reactive = _rn(c.plan.ratings.maximum_reactive_power)
    mode = m.DER_AC_CPDReqEnergyTransferMode(
        **_charge(c),
        EVProcessing=m.Processing.Ongoing if evaluating else m.Processing.Finished,
        **_discharge(c),
        EVSessionTotalDischargeEnergyAvailable=_rn(c.plan.ratings.maximum_v2x_energy),
        EVReactivePowerLimits=m.EVReactivePowerLimits(
            EVMaximumChargeReactivePower=reactive, EVMaximumDischargeReactivePower=reactive
        ),
    )
    return der_iec.AC_ChargeParameterDiscoveryReq(Header=c.header, EnergyTransferMode=mode)


def der_loop(
    c: Context, energy: dict[str, Any], v2x_energy: dict[str, Any], display: m.DisplayParameters
) -> m.V2GRequest:
    """The charge loop in the planned control mode; reactive power follows the setpoint of a negotiated function."""
    present: dict[str, Any] = {
        "EVPresentActivePower": _rn(c.vehicle.present_power),
        "EVPresentReactivePower": _rn(round(c.memory.reactive_power)),
        "GridEventCondition": 0,
    }
    mode: m.DER_Scheduled_AC_CLReqControlMode | m.DER_Dynamic_AC_CLReqControlMode
    if c.scheduled:
        mode = m.DER_Scheduled_AC_CLReqControlMode(**_charge(c), **_discharge(c), **present)
    else:
        mode = m.DER_Dynamic_AC_CLReqControlMode(
            DepartureTime=c.plan.departure, **energy, **_charge(c), **_discharge(c), **present, **v2x_energy
        )
    return der_iec.AC_ChargeLoopReq(
        Header=c.header, DisplayParameters=display, MeterInfoRequested=c.plan.meter_info, CLReqControlMode=mode
    )


def _charge(c: Context) -> dict[str, Any]:
    r = c.plan.ratings
    return {"EVMaximumChargePower": _rn(r.maximum_charge_power), "EVMinimumChargePower": _rn(r.minimum_charge_power)}


def _discharge(c: Context) -> dict[str, Any]:
    r, sign = c.plan.ratings, -1 if c.plan.signed_der_limits else 1
    return {
        "EVMaximumDischargePower": _rn(sign * r.maximum_discharge_power),
        "EVMinimumDischargePower": _rn(sign * r.minimum_discharge_power),
    }
