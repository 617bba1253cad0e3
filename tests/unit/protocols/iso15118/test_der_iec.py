"""AC_DER_IEC against the reference's own numbers, and octet by octet against a second implementation."""

from __future__ import annotations

from dataclasses import replace

import pytest

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
from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.codec import MessageSet, decode, encode, energy_set, message_set
from v2gready.protocols.iso15118.messages import ac, der_iec

PT1A = "PT1ResponseActivePower:bool StepResponseTimeConstantActivePower"
PT1R = "PT1ResponseReactivePower:bool StepResponseTimeConstantReactivePower"
DER_REQ = (
    " EVMaximumDischargePower^ EVMinimumDischargePower^ EVMaximumChargeReactivePower^?"
    " EVMaximumDischargeReactivePower^? GridEventCondition:byte"
)
DER_RES = (
    " EVSEMaximumChargePower^ EVSEMaximumDischargePower^ DSOMaximumDischargePower^?"
    " DSOQSetpoint:DSOQSetpoint? DSOCosPhiSetpoint:DSOCosPhiSetpoint?"
)
MODELS = AC_MODELS | {
    "DER_AC_CPDReqEnergyTransferMode": f"{AC_REQ} EVProcessing:2 EVMaximumDischargePower^ EVMinimumDischargePower^"
    " EVSessionTotalDischargeEnergyAvailable? EVReactivePowerLimits:EVReactivePowerLimits?",
    "EVReactivePowerLimits": "EVMaximumChargeReactivePower^ EVMinimumChargeReactivePower^?"
    " EVMaximumDischargeReactivePower^ EVMinimumDischargeReactivePower^?",
    "DER_AC_CPDResEnergyTransferMode": f"{AC_RES} EVSENominalChargePower^ EVSENominalDischargePower^"
    " EVSEMaximumDischargePower^ EVOperatingMode:1 GridConnectionMode:1 DERControl:DERControl",
    "DERControl": "OvervoltageFaultRideThrough:FaultRideThrough? UndervoltageFaultRideThrough:FaultRideThrough?"
    " ZeroCurrent:ZeroCurrent? ReactivePowerSupport:ReactivePowerSupport? ActivePowerSupport:ActivePowerSupport?"
    " MaximumLevelDCInjection?",
    "FaultRideThrough": "VoltageLimitStartFRT VoltageLimitStopFRT? VoltageRecoveryLimit?"
    f" VoltageRideThroughPositiveCurveKFactor? VoltageRideThroughNegativeCurveKFactor? {PT1A} {PT1R}",
    "ZeroCurrent": "OverVoltageLimit? UnderVoltageLimit? OverVoltageRecoveryLimit? UnderVoltageRecoveryLimit?"
    f" {PT1A} {PT1R}",
    "ReactivePowerSupport": "one of VoltVar:DERCurve WattVar:DERCurve WattCosPhi:DERCurve",
    "ActivePowerSupport": "UnderFrequencyWatt:FrequencyWatt? OverFrequencyWatt:FrequencyWatt? VoltWatt:VoltWatt?",
    "DERCurve": "xUnit:3 yUnit:3 CurveDataPoints:CurveDataPointList MinCosPhi? LockValueUnit:3? LockInValue?"
    f" LockOutValue? {PT1R} IntentionalDelay?",
    "CurveDataPointList": "CurveDataPoint:CurveDataPoint*2-10",
    "CurveDataPoint": "xValue yValue:SetpointExcitation",
    "SetpointExcitation": "SetpointValue Excitation:1?",
    "FrequencyWatt": "Fstart Fstop IntentionalDelayFstop:unsigned? Slope DeactivationTime:unsigned?"
    " IntentionalDelayPowerControl:unsigned? PowerReference:1 HysteresisControl:bool PowerUpRamp:unsigned?"
    f" {PT1A}",
    "VoltWatt": f"PowerReference:1 UStart UStop {PT1A} IntentionalDelayPowerControl:unsigned?",
    "DER_Scheduled_AC_CLReqControlMode": SCHEDULED_REQ + DER_REQ,
    "DER_Dynamic_AC_CLReqControlMode": f"{DYNAMIC_REQ}{DER_REQ} EVMaximumV2XEnergyRequest?"
    " EVMinimumV2XEnergyRequest? EVSessionTotalDischargeEnergyAvailable?",
    "DER_Scheduled_AC_CLResControlMode": SCHEDULED_RES + DER_RES,
    "DER_Dynamic_AC_CLResControlMode": DYNAMIC_RES + DER_RES,
    "DSOQSetpoint": f"DSOQSetpointValue^ {PT1R}",
    "DSOCosPhiSetpoint": f"DSOCosPhiSetpointValue^ Excitation:1 {PT1R}",
}
IEC = SecondImplementation(MessageSet.AC_DER_IEC, der_iec, MODELS)


@pytest.mark.parametrize("declaration", IEC.modes)
def test_the_second_implementation_writes_the_same_octets(declaration: type) -> None:
    IEC.check_octets(declaration)


def test_every_type_of_the_set_is_in_the_second_implementation() -> None:
    assert IEC.without_model == {one.__name__ for one in der_iec.MESSAGES}


def test_codes_of_the_members() -> None:
    """Reference 2.5."""
    assert members(der_iec.AC_ChargeParameterDiscoveryReq, "EnergyTransferMode") == [
        "AC_CPDReqEnergyTransferMode",
        "BPT_AC_CPDReqEnergyTransferMode",
        "DER_AC_CPDReqEnergyTransferMode",
    ]
    assert members(der_iec.AC_ChargeLoopRes, "CLResControlMode") == [
        *("BPT_Dynamic_AC_CLResControlMode", "BPT_Scheduled_AC_CLResControlMode", "CLResControlMode"),
        *("DER_Dynamic_AC_CLResControlMode", "DER_Scheduled_AC_CLResControlMode"),
        *("Dynamic_AC_CLResControlMode", "Scheduled_AC_CLResControlMode"),
    ]


def test_bpt_modes_are_the_same_octets_as_in_plain_ac_and_plain_ones_are_not() -> None:
    """Reference 2.5: so the grammar has to be known, and must not be tried out."""
    IEC.check_modes_of_ac()


def test_the_abstract_control_mode_is_refused() -> None:
    with pytest.raises(ExiDecodeError, match="abstract"):
        decode(MessageSet.AC_DER_IEC, IEC.abstract_request())


POINT = m.CurveDataPoint(xValue=ZERO, yValue=m.SetpointExcitation(SetpointValue=ZERO))
CURVE = m.DERCurve(
    xUnit=m.CurveUnit.V,
    yUnit=m.CurveUnit.var,
    CurveDataPoints=m.CurveDataPointList(CurveDataPoint=(POINT, POINT)),
    PT1ResponseReactivePower=False,
    StepResponseTimeConstantReactivePower=ZERO,
)


def parameters(control: m.DERControl) -> m.DER_AC_CPDResEnergyTransferMode:
    """Parameters of a charger without power, with these settings."""
    limits = {"EVSEMaximumChargePower": ZERO, "EVSEMinimumChargePower": ZERO, "EVSENominalFrequency": ZERO}
    return m.DER_AC_CPDResEnergyTransferMode(
        **limits,
        EVSENominalChargePower=ZERO,
        EVSENominalDischargePower=ZERO,
        EVSEMaximumDischargePower=ZERO,
        EVOperatingMode=m.EvOperatingMode.GridFollowing,
        GridConnectionMode=m.GridConnectionMode.GridConnected,
        DERControl=control,
    )


@pytest.mark.parametrize("points", [0, 1, 11])
def test_a_curve_has_two_to_ten_points(points: int) -> None:
    curve = replace(CURVE, CurveDataPoints=m.CurveDataPointList(CurveDataPoint=(POINT,) * points))
    mode = parameters(m.DERControl(ReactivePowerSupport=m.ReactivePowerSupport(VoltVar=curve)))
    with pytest.raises(ExiEncodeError, match=r"allowed are 2\.\.10"):
        encode(message_with(mode, der_iec))


@pytest.mark.parametrize("names", [(), ("VoltVar", "WattCosPhi")])
def test_of_the_characteristics_one_is_sent(names: tuple[str, ...]) -> None:
    support = m.ReactivePowerSupport(**dict.fromkeys(names, CURVE))
    mode = parameters(m.DERControl(ReactivePowerSupport=support))
    with pytest.raises(ExiEncodeError, match="WattCosPhi"):
        encode(message_with(mode, der_iec))


def test_the_set_of_a_frame() -> None:
    """The payload type tells; where a peer keeps that of AC, the namespace does."""
    assert energy_set(MessageSet.AC.urn, 0x8003) is MessageSet.AC
    assert energy_set(MessageSet.AC_DER_IEC.urn, 0x8010) is MessageSet.AC_DER_IEC
    assert energy_set(MessageSet.AC_DER_IEC.urn, 0x8003) is MessageSet.AC_DER_IEC
    assert energy_set(MessageSet.DC.urn, 0x8004) is MessageSet.DC
    assert energy_set(MessageSet.DC.urn, 0x8002) is None
    assert message_set(der_iec.AC_ChargeLoopReq) is MessageSet.AC_DER_IEC
    assert message_set(ac.AC_ChargeLoopReq) is MessageSet.AC
