"""AC_DER_SAE octet by octet against a second implementation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from unit.protocols.exi.strategies import fullest
from unit.protocols.iso15118.content_models import (
    AC_MODELS,
    AC_REQ,
    AC_RES,
    DYNAMIC_REQ,
    DYNAMIC_RES,
    SCHEDULED_REQ,
    SCHEDULED_RES,
    ZERO,
    SecondImplementation,
    members,
    message_with,
)
from v2gready.protocols.exi import ExiDecodeError, ExiEncodeError
from v2gready.protocols.iso15118.codec import MessageSet, decode, encode, energy_set, message_set
from v2gready.protocols.iso15118.messages import der_sae

CHARGING = "DuringChargingAndVar"
DISCHARGING = "DuringDischargingAndVar"
APPARENT_POWER = (
    f"EVMaximumApparentPower{CHARGING}Absorption^ EVMaximumApparentPower{CHARGING}Injection^"
    f" EVMaximumApparentPower{DISCHARGING}Absorption^ EVMaximumApparentPower{DISCHARGING}Injection^"
)
REACTIVE_POWER = (
    "EVMaximumVarAbsorptionDuringCharging^ EVMinimumVarAbsorptionDuringCharging^?"
    " EVMaximumVarInjectionDuringCharging^ EVMinimumVarInjectionDuringCharging^?"
    " EVMaximumVarAbsorptionDuringDischarging^ EVMinimumVarAbsorptionDuringDischarging^?"
    " EVMaximumVarInjectionDuringDischarging^ EVMinimumVarInjectionDuringDischarging^?"
)
FUNCTION = "Enable:bool Priority:unsigned?"
CURVE = f"{FUNCTION} xUnit:4 yUnit:4 CurveDataPoints^:CurveDataPointsList"
CL_RES = (
    " DERControlCLRes:DERControlCLRes EVSEMaximumChargePower^? EVSEMaximumDischargePower^?"
    " RequiredDEROperatingMode:1? GridConnectionMode:1?"
)
MODELS = AC_MODELS | {
    "EVSEStatus": "NotificationMaxDelay:unsigned EVSENotification:3",
    "DER_AC_CPDReqEnergyTransferMode": f"{AC_REQ} EVProcessing:2 EVMaximumDischargePower^ EVMinimumDischargePower^?"
    " EVSessionTotalDischargeEnergyAvailable? EVApparentPowerLimits:EVApparentPowerLimits"
    " EVReactivePowerLimits:EVReactivePowerLimits EVExcitationLimits:EVExcitationLimits"
    " EVInverterDetails:EVInverterDetails IEEE1547NormalCategory:1 IEEE1547AbnormalCategory:2"
    " EVNominalVoltage EVMaximumVoltage EVMinimumVoltage EVNominalVoltageOffset"
    " J3072Certified:bool J3072CertificationDate:unsigned EVUseableWattHours:unsigned EVUpdateTime:unsigned"
    " SupportedModes:unsigned EnabledModes:unsigned",
    "EVApparentPowerLimits": APPARENT_POWER,
    "EVReactivePowerLimits": f"{REACTIVE_POWER} EVReactiveSusceptance^",
    "EVExcitationLimits": "EVSpecifiedOverExcitedPowerFactor^ EVSpecifiedOverExcitedDischargePower^"
    " EVSpecifiedUnderExcitedPowerFactor^ EVSpecifiedUnderExcitedDischargePower^",
    "EVInverterDetails": "EVInverterSwVersion:string EVInverterHwVersion:string? EVInverterManufacturer:string"
    " EVInverterModel:string EVInverterSerialNumber:string",
    "DER_AC_CPDResEnergyTransferMode": f"{AC_RES} EVSEProcessing:2 EVSEStatus:EVSEStatus?"
    " DERControlCPDRes:DERControlCPDRes EVSENominalChargePower^? EVSENominalDischargePower^?"
    " EVSEMaximumDischargePower^ EVSEReactivePowerLimits:EVSEReactivePowerLimits GridLimits:GridLimits"
    " RequiredDEROperatingMode:1 GridConnectionMode:1 EVSEUpdateTime:unsigned",
    "DERControlCPDRes": "VoltageTrip:VoltageTrip FrequencyTrip:FrequencyTrip EnterServiceCPDRes:EnterServiceCPDRes"
    " ReactivePowerSupportCPDRes:ReactivePowerSupportCPDRes ActivePowerSupportCPDRes:ActivePowerSupportCPDRes",
    "VoltageTrip": "OverVoltageMustTripCurve:DERCurve UnderVoltageMustTripCurve:DERCurve"
    " OverVoltageMomentaryCessationTripCurve:DERCurve? UnderVoltageMomentaryCessationTripCurve:DERCurve?"
    " OverVoltageMayTripCurve:DERCurve? UnderVoltageMayTripCurve:DERCurve?",
    "FrequencyTrip": "OverFrequencyMustTripCurve:DERCurve UnderFrequencyMustTripCurve:DERCurve"
    " OverFrequencyMayTripCurve:DERCurve? UnderFrequencyMayTripCurve:DERCurve?",
    "DERCurve": CURVE,
    "CurveDataPointsList": "CurveDataPoint:DataTuple*2-10",
    "DataTuple": "xValue yValue",
    "EnterServiceCPDRes": "PermitService:bool EnterServiceVoltageHigh EnterServiceVoltageLow"
    " EnterServiceFrequencyHigh EnterServiceFrequencyLow"
    " EnterServiceDelay? EnterServiceRandomizedDelay? EnterServiceRampTime?",
    "ReactivePowerSupportCPDRes": "ConstantPowerFactor:ConstantPowerFactor VoltVar:VoltVar WattVar:WattVar"
    " ConstantVar:ConstantVar",
    "ConstantPowerFactor": f"{FUNCTION} PowerFactorValue^ PowerFactorExcitation^:1",
    "VoltVar": f"{CURVE} OpenLoopResponseTime TimeConstantPT1:unsigned? ReferenceVoltage"
    " AutonomousReferenceVoltageAdjustmentEnable:bool ReferenceVoltageAdjustmentTimeConstant:unsigned",
    "WattVar": f"{CURVE} OpenLoopResponseTime? TimeConstantPT1:unsigned?",
    "ConstantVar": f"{FUNCTION} VarSetpoint^ Unit:4",
    "ActivePowerSupportCPDRes": "FrequencyDroop:FrequencyDroop VoltWatt:VoltWatt ConstantWatt:ConstantWatt"
    " LimitMaxDischargePower:LimitMaxDischargePower",
    "FrequencyDroop": f"{FUNCTION} OverFrequencyDroop:FrequencyDroopSettings?"
    " UnderFrequencyDroop:FrequencyDroopSettings?",
    "FrequencyDroopSettings": "db DroopFactor^ PowerReference^:1 OpenLoopResponseTime",
    "VoltWatt": f"{CURVE} OpenLoopResponseTime TimeConstantPT1:unsigned?",
    "ConstantWatt": f"{FUNCTION} WattSetpoint^ Unit:4",
    "LimitMaxDischargePower": f"{FUNCTION} PercentageValue^:unsigned OpenLoopResponseTime?",
    "EVSEReactivePowerLimits": "EVSEMaximumVarAbsorptionDuringCharging^ EVSEMaximumVarInjectionDuringCharging^"
    " EVSEMaximumVarAbsorptionDuringDischarging^ EVSEMaximumVarInjectionDuringDischarging^",
    "GridLimits": "GridNominalFrequency GridNominalVoltage GridNominalVoltageOffset"
    " GridMinFrequency? GridMaxFrequency? GridMaximumVoltage GridMinimumVoltage",
    "DER_Scheduled_AC_CLReqControlMode": f"{SCHEDULED_REQ} EVPresentVoltage EVPresentFrequency"
    " EVMaximumDischargePower^? EVMinimumDischargePower^? DEROperationalState:1 DERConnectionStatus:1"
    " EVApparentPower:EVApparentPower? EVReactivePower:EVReactivePower? EVExcitation:EVExcitation?"
    " EVUpdateTime:unsigned EVMinimumChargingDuration:unsigned? EVDurationMaximumChargeRate:unsigned?"
    " EVDurationMaximumDischargeRate:unsigned? DERAlarmStatus:unsigned EnabledModes:unsigned",
    "DER_Dynamic_AC_CLReqControlMode": f"{DYNAMIC_REQ} EVMaximumDischargePower^ EVMinimumDischargePower^"
    " EVPresentVoltage EVPresentFrequency EVSessionTotalDischargeEnergyAvailable?"
    " EVApparentPower:EVApparentPower? EVReactivePower:EVReactivePower? EVExcitation:EVExcitation?"
    " EVMaximumV2XEnergyRequest? EVMinimumV2XEnergyRequest? DEROperationalState:1 DERConnectionStatus:1"
    " EVUpdateTime:unsigned EVMinimumChargingDuration:unsigned EVDurationMaximumChargeRate:unsigned"
    " EVDurationMaximumDischargeRate:unsigned DERAlarmStatus:unsigned EnabledModes:unsigned",
    "EVApparentPower": APPARENT_POWER,
    "EVReactivePower": REACTIVE_POWER,
    "EVExcitation": "EVSpecifiedOverExcitedPowerFactor^? EVSpecifiedOverExcitedDischargePower^"
    " EVSpecifiedUnderExcitedPowerFactor^? EVSpecifiedUnderExcitedDischargePower^",
    "DER_Scheduled_AC_CLResControlMode": SCHEDULED_RES + CL_RES,
    "DER_Dynamic_AC_CLResControlMode": DYNAMIC_RES + CL_RES,
    "DERControlCLRes": "VoltageTrip:VoltageTrip? FrequencyTrip:FrequencyTrip? EnterServiceCLRes:EnterServiceCLRes"
    " ReactivePowerSupportCLRes:ReactivePowerSupportCLRes? ActivePowerSupportCLRes:ActivePowerSupportCLRes?",
    "EnterServiceCLRes": "PermitService:bool EnterServiceVoltageHigh? EnterServiceVoltageLow?"
    " EnterServiceFrequencyHigh? EnterServiceFrequencyLow?"
    " EnterServiceDelay? EnterServiceRandomizedDelay? EnterServiceRampTime?",
    "ReactivePowerSupportCLRes": "ConstantPowerFactor:ConstantPowerFactor? VoltVar:VoltVar? WattVar:WattVar?"
    " ConstantVar:ConstantVar?",
    "ActivePowerSupportCLRes": "FrequencyDroop:FrequencyDroop? VoltWatt:VoltWatt? ConstantWatt:ConstantWatt?"
    " LimitMaxDischargePower:LimitMaxDischargePower?",
}
SAE = SecondImplementation(MessageSet.AC_DER_SAE, der_sae, MODELS)


@pytest.mark.parametrize("declaration", SAE.modes)
def test_the_second_implementation_writes_the_same_octets(declaration: type) -> None:
    SAE.check_octets(declaration)


def test_every_type_of_the_set_is_in_the_second_implementation() -> None:
    assert SAE.without_model == {one.__name__ for one in der_sae.MESSAGES}


def test_codes_of_the_members() -> None:
    """Those of AC_DER_IEC, and in both directions."""
    assert members(der_sae.AC_ChargeParameterDiscoveryRes, "EnergyTransferMode") == [
        "AC_CPDResEnergyTransferMode",
        "BPT_AC_CPDResEnergyTransferMode",
        "DER_AC_CPDResEnergyTransferMode",
    ]
    assert members(der_sae.AC_ChargeLoopReq, "CLReqControlMode") == [
        *("BPT_Dynamic_AC_CLReqControlMode", "BPT_Scheduled_AC_CLReqControlMode", "CLReqControlMode"),
        *("DER_Dynamic_AC_CLReqControlMode", "DER_Scheduled_AC_CLReqControlMode"),
        *("Dynamic_AC_CLReqControlMode", "Scheduled_AC_CLReqControlMode"),
    ]


def test_bpt_modes_are_the_same_octets_as_in_plain_ac_and_plain_ones_are_not() -> None:
    SAE.check_modes_of_ac()


def test_the_abstract_control_mode_is_refused() -> None:
    with pytest.raises(ExiDecodeError, match="abstract"):
        decode(MessageSet.AC_DER_SAE, SAE.abstract_request())


FULL = fullest(der_sae.DER_AC_CPDReqEnergyTransferMode)


@pytest.mark.parametrize(
    "wrong",
    [
        {"SupportedModes": 2**32},
        {"EnabledModes": 2**32},
        {"EVUseableWattHours": 2**32},
        {"J3072CertificationDate": 2**64},
        {"EVUpdateTime": 2**64},
        {"EVInverterDetails": replace(FULL.EVInverterDetails, EVInverterModel="x" * 33)},
    ],
)
def test_beyond_the_limits_of_its_type_a_value_is_refused(wrong: dict[str, Any]) -> None:
    [name] = wrong
    with pytest.raises(ExiEncodeError, match=name):
        encode(message_with(replace(FULL, **wrong), der_sae))


@pytest.mark.parametrize("points", [0, 1, 11])
def test_a_curve_has_two_to_ten_points(points: int) -> None:
    point = der_sae.DataTuple(xValue=ZERO, yValue=ZERO)
    curve = der_sae.WattVar(
        Enable=True,
        xUnit=der_sae.DERUnit.W,
        yUnit=der_sae.DERUnit.var,
        CurveDataPoints=der_sae.CurveDataPointsList(CurveDataPoint=(point,) * points),
    )
    control = der_sae.DERControlCLRes(
        EnterServiceCLRes=der_sae.EnterServiceCLRes(PermitService=True),
        ReactivePowerSupportCLRes=der_sae.ReactivePowerSupportCLRes(WattVar=curve),
    )
    mode = der_sae.DER_Scheduled_AC_CLResControlMode(DERControlCLRes=control)
    with pytest.raises(ExiEncodeError, match=r"allowed are 2\.\.10"):
        encode(message_with(mode, der_sae))


def test_the_set_of_a_frame() -> None:
    """The payload type tells; where a peer keeps that of AC, the namespace does."""
    assert energy_set(MessageSet.AC_DER_SAE.urn, 0x8011) is MessageSet.AC_DER_SAE
    assert energy_set(MessageSet.AC_DER_SAE.urn, 0x8003) is MessageSet.AC_DER_SAE
    assert energy_set(MessageSet.AC_DER_SAE.urn, 0x8010) is MessageSet.AC_DER_IEC
    assert energy_set(MessageSet.AC_DER_SAE.urn, 0x8002) is None
    assert energy_set(MessageSet.AC.urn, 0x8003) is MessageSet.AC
    assert {message_set(one) for one in der_sae.MESSAGES} == {MessageSet.AC_DER_SAE}
