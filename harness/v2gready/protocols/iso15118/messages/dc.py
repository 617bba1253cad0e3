"""The messages of DC energy transfer (reference 3.5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from v2gready.protocols.exi import Substitution
from v2gready.protocols.iso15118.messages.common_types import (
    ChargeLoopReq,
    ChargeLoopRes,
    ChargeParameterDiscoveryReq,
    ChargeParameterDiscoveryRes,
    Dynamic_CLReqControlMode,
    Dynamic_CLResControlMode,
    Processing,
    RationalNumber,
    Scheduled_CLReqControlMode,
    Scheduled_CLResControlMode,
    V2GRequest,
    V2GResponse,
)
from v2gready.protocols.iso15118.messages.simple_types import PercentValue

NAMESPACE = "urn:iso:std:iso:15118:-20:DC"


@dataclass(frozen=True, slots=True, kw_only=True)
class DC_CPDReqEnergyTransferMode:
    EVMaximumChargePower: RationalNumber
    EVMinimumChargePower: RationalNumber
    EVMaximumChargeCurrent: RationalNumber
    EVMinimumChargeCurrent: RationalNumber
    EVMaximumVoltage: RationalNumber
    EVMinimumVoltage: RationalNumber
    TargetSOC: PercentValue | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BPT_DC_CPDReqEnergyTransferMode(DC_CPDReqEnergyTransferMode):
    EVMaximumDischargePower: RationalNumber
    EVMinimumDischargePower: RationalNumber
    EVMaximumDischargeCurrent: RationalNumber
    EVMinimumDischargeCurrent: RationalNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class DC_CPDResEnergyTransferMode:
    EVSEMaximumChargePower: RationalNumber
    EVSEMinimumChargePower: RationalNumber
    EVSEMaximumChargeCurrent: RationalNumber
    EVSEMinimumChargeCurrent: RationalNumber
    EVSEMaximumVoltage: RationalNumber
    EVSEMinimumVoltage: RationalNumber
    EVSEPowerRampLimitation: RationalNumber | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BPT_DC_CPDResEnergyTransferMode(DC_CPDResEnergyTransferMode):
    EVSEMaximumDischargePower: RationalNumber
    EVSEMinimumDischargePower: RationalNumber
    EVSEMaximumDischargeCurrent: RationalNumber
    EVSEMinimumDischargeCurrent: RationalNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduled_DC_CLReqControlMode(Scheduled_CLReqControlMode):
    EVTargetCurrent: RationalNumber
    EVTargetVoltage: RationalNumber
    EVMaximumChargePower: RationalNumber | None = None
    EVMinimumChargePower: RationalNumber | None = None
    EVMaximumChargeCurrent: RationalNumber | None = None
    EVMaximumVoltage: RationalNumber | None = None
    EVMinimumVoltage: RationalNumber | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BPT_Scheduled_DC_CLReqControlMode(Scheduled_DC_CLReqControlMode):
    EVMaximumDischargePower: RationalNumber | None = None
    EVMinimumDischargePower: RationalNumber | None = None
    EVMaximumDischargeCurrent: RationalNumber | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dynamic_DC_CLReqControlMode(Dynamic_CLReqControlMode):
    EVMaximumChargePower: RationalNumber
    EVMinimumChargePower: RationalNumber
    EVMaximumChargeCurrent: RationalNumber
    EVMaximumVoltage: RationalNumber
    EVMinimumVoltage: RationalNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class BPT_Dynamic_DC_CLReqControlMode(Dynamic_DC_CLReqControlMode):
    EVMaximumDischargePower: RationalNumber
    EVMinimumDischargePower: RationalNumber
    EVMaximumDischargeCurrent: RationalNumber
    EVMaximumV2XEnergyRequest: RationalNumber | None = None
    EVMinimumV2XEnergyRequest: RationalNumber | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduled_DC_CLResControlMode(Scheduled_CLResControlMode):
    EVSEMaximumChargePower: RationalNumber | None = None
    EVSEMinimumChargePower: RationalNumber | None = None
    EVSEMaximumChargeCurrent: RationalNumber | None = None
    EVSEMaximumVoltage: RationalNumber | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BPT_Scheduled_DC_CLResControlMode(Scheduled_DC_CLResControlMode):
    EVSEMaximumDischargePower: RationalNumber | None = None
    EVSEMinimumDischargePower: RationalNumber | None = None
    EVSEMaximumDischargeCurrent: RationalNumber | None = None
    EVSEMinimumVoltage: RationalNumber | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dynamic_DC_CLResControlMode(Dynamic_CLResControlMode):
    EVSEMaximumChargePower: RationalNumber
    EVSEMinimumChargePower: RationalNumber
    EVSEMaximumChargeCurrent: RationalNumber
    EVSEMaximumVoltage: RationalNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class BPT_Dynamic_DC_CLResControlMode(Dynamic_DC_CLResControlMode):
    EVSEMaximumDischargePower: RationalNumber
    EVSEMinimumDischargePower: RationalNumber
    EVSEMaximumDischargeCurrent: RationalNumber
    EVSEMinimumVoltage: RationalNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class DC_ChargeParameterDiscoveryReq(ChargeParameterDiscoveryReq):
    EnergyTransferMode: Annotated[
        DC_CPDReqEnergyTransferMode | BPT_DC_CPDReqEnergyTransferMode,
        Substitution("DC_CPDReqEnergyTransferMode"),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class DC_ChargeParameterDiscoveryRes(ChargeParameterDiscoveryRes):
    EnergyTransferMode: Annotated[
        DC_CPDResEnergyTransferMode | BPT_DC_CPDResEnergyTransferMode,
        Substitution("DC_CPDResEnergyTransferMode"),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class DC_CableCheckReq(V2GRequest):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class DC_CableCheckRes(V2GResponse):
    EVSEProcessing: Processing


@dataclass(frozen=True, slots=True, kw_only=True)
class DC_PreChargeReq(V2GRequest):
    EVProcessing: Processing
    EVPresentVoltage: RationalNumber
    EVTargetVoltage: RationalNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class DC_PreChargeRes(V2GResponse):
    EVSEPresentVoltage: RationalNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class DC_ChargeLoopReq(ChargeLoopReq):
    EVPresentVoltage: RationalNumber
    CLReqControlMode: Annotated[
        Scheduled_DC_CLReqControlMode
        | BPT_Scheduled_DC_CLReqControlMode
        | Dynamic_DC_CLReqControlMode
        | BPT_Dynamic_DC_CLReqControlMode,
        Substitution("CLReqControlMode"),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class DC_ChargeLoopRes(ChargeLoopRes):
    EVSEPresentCurrent: RationalNumber
    EVSEPresentVoltage: RationalNumber
    EVSEPowerLimitAchieved: bool
    EVSECurrentLimitAchieved: bool
    EVSEVoltageLimitAchieved: bool
    CLResControlMode: Annotated[
        Scheduled_DC_CLResControlMode
        | BPT_Scheduled_DC_CLResControlMode
        | Dynamic_DC_CLResControlMode
        | BPT_Dynamic_DC_CLResControlMode,
        Substitution("CLResControlMode"),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class DC_WeldingDetectionReq(V2GRequest):
    EVProcessing: Processing


@dataclass(frozen=True, slots=True, kw_only=True)
class DC_WeldingDetectionRes(V2GResponse):
    EVSEPresentVoltage: RationalNumber
