"""The messages of AC energy transfer (reference 3.4).

`_L2` and `_L3` are the values of the second and third phase. An element of a three-phase transfer without them is the
sum of all phases ([V2G20-1817], [V2G20-1820]).
"""

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
    RationalNumber,
    Scheduled_CLReqControlMode,
    Scheduled_CLResControlMode,
)

NAMESPACE = "urn:iso:std:iso:15118:-20:AC"


@dataclass(frozen=True, slots=True, kw_only=True)
class AC_CPDReqEnergyTransferMode:
    EVMaximumChargePower: RationalNumber
    EVMaximumChargePower_L2: RationalNumber | None = None
    EVMaximumChargePower_L3: RationalNumber | None = None
    EVMinimumChargePower: RationalNumber
    EVMinimumChargePower_L2: RationalNumber | None = None
    EVMinimumChargePower_L3: RationalNumber | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BPT_AC_CPDReqEnergyTransferMode(AC_CPDReqEnergyTransferMode):
    EVMaximumDischargePower: RationalNumber
    EVMaximumDischargePower_L2: RationalNumber | None = None
    EVMaximumDischargePower_L3: RationalNumber | None = None
    EVMinimumDischargePower: RationalNumber
    EVMinimumDischargePower_L2: RationalNumber | None = None
    EVMinimumDischargePower_L3: RationalNumber | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AC_CPDResEnergyTransferMode:
    EVSEMaximumChargePower: RationalNumber
    EVSEMaximumChargePower_L2: RationalNumber | None = None
    EVSEMaximumChargePower_L3: RationalNumber | None = None
    EVSEMinimumChargePower: RationalNumber
    EVSEMinimumChargePower_L2: RationalNumber | None = None
    EVSEMinimumChargePower_L3: RationalNumber | None = None
    EVSENominalFrequency: RationalNumber
    MaximumPowerAsymmetry: RationalNumber | None = None
    EVSEPowerRampLimitation: RationalNumber | None = None
    EVSEPresentActivePower: RationalNumber | None = None
    EVSEPresentActivePower_L2: RationalNumber | None = None
    EVSEPresentActivePower_L3: RationalNumber | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BPT_AC_CPDResEnergyTransferMode(AC_CPDResEnergyTransferMode):
    EVSEMaximumDischargePower: RationalNumber
    EVSEMaximumDischargePower_L2: RationalNumber | None = None
    EVSEMaximumDischargePower_L3: RationalNumber | None = None
    EVSEMinimumDischargePower: RationalNumber
    EVSEMinimumDischargePower_L2: RationalNumber | None = None
    EVSEMinimumDischargePower_L3: RationalNumber | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduled_AC_CLReqControlMode(Scheduled_CLReqControlMode):
    EVMaximumChargePower: RationalNumber | None = None
    EVMaximumChargePower_L2: RationalNumber | None = None
    EVMaximumChargePower_L3: RationalNumber | None = None
    EVMinimumChargePower: RationalNumber | None = None
    EVMinimumChargePower_L2: RationalNumber | None = None
    EVMinimumChargePower_L3: RationalNumber | None = None
    EVPresentActivePower: RationalNumber
    EVPresentActivePower_L2: RationalNumber | None = None
    EVPresentActivePower_L3: RationalNumber | None = None
    EVPresentReactivePower: RationalNumber | None = None
    EVPresentReactivePower_L2: RationalNumber | None = None
    EVPresentReactivePower_L3: RationalNumber | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BPT_Scheduled_AC_CLReqControlMode(Scheduled_AC_CLReqControlMode):
    EVMaximumDischargePower: RationalNumber | None = None
    EVMaximumDischargePower_L2: RationalNumber | None = None
    EVMaximumDischargePower_L3: RationalNumber | None = None
    EVMinimumDischargePower: RationalNumber | None = None
    EVMinimumDischargePower_L2: RationalNumber | None = None
    EVMinimumDischargePower_L3: RationalNumber | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dynamic_AC_CLReqControlMode(Dynamic_CLReqControlMode):
    EVMaximumChargePower: RationalNumber
    EVMaximumChargePower_L2: RationalNumber | None = None
    EVMaximumChargePower_L3: RationalNumber | None = None
    EVMinimumChargePower: RationalNumber
    EVMinimumChargePower_L2: RationalNumber | None = None
    EVMinimumChargePower_L3: RationalNumber | None = None
    EVPresentActivePower: RationalNumber
    EVPresentActivePower_L2: RationalNumber | None = None
    EVPresentActivePower_L3: RationalNumber | None = None
    EVPresentReactivePower: RationalNumber
    EVPresentReactivePower_L2: RationalNumber | None = None
    EVPresentReactivePower_L3: RationalNumber | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BPT_Dynamic_AC_CLReqControlMode(Dynamic_AC_CLReqControlMode):
    EVMaximumDischargePower: RationalNumber
    EVMaximumDischargePower_L2: RationalNumber | None = None
    EVMaximumDischargePower_L3: RationalNumber | None = None
    EVMinimumDischargePower: RationalNumber
    EVMinimumDischargePower_L2: RationalNumber | None = None
    EVMinimumDischargePower_L3: RationalNumber | None = None
    EVMaximumV2XEnergyRequest: RationalNumber | None = None
    EVMinimumV2XEnergyRequest: RationalNumber | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduled_AC_CLResControlMode(Scheduled_CLResControlMode):
    EVSETargetActivePower: RationalNumber | None = None
    EVSETargetActivePower_L2: RationalNumber | None = None
    EVSETargetActivePower_L3: RationalNumber | None = None
    EVSETargetReactivePower: RationalNumber | None = None
    EVSETargetReactivePower_L2: RationalNumber | None = None
    EVSETargetReactivePower_L3: RationalNumber | None = None
    EVSEPresentActivePower: RationalNumber | None = None
    EVSEPresentActivePower_L2: RationalNumber | None = None
    EVSEPresentActivePower_L3: RationalNumber | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BPT_Scheduled_AC_CLResControlMode(Scheduled_AC_CLResControlMode):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Dynamic_AC_CLResControlMode(Dynamic_CLResControlMode):
    EVSETargetActivePower: RationalNumber
    EVSETargetActivePower_L2: RationalNumber | None = None
    EVSETargetActivePower_L3: RationalNumber | None = None
    EVSETargetReactivePower: RationalNumber | None = None
    EVSETargetReactivePower_L2: RationalNumber | None = None
    EVSETargetReactivePower_L3: RationalNumber | None = None
    EVSEPresentActivePower: RationalNumber | None = None
    EVSEPresentActivePower_L2: RationalNumber | None = None
    EVSEPresentActivePower_L3: RationalNumber | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BPT_Dynamic_AC_CLResControlMode(Dynamic_AC_CLResControlMode):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class AC_ChargeParameterDiscoveryReq(ChargeParameterDiscoveryReq):
    EnergyTransferMode: Annotated[
        AC_CPDReqEnergyTransferMode | BPT_AC_CPDReqEnergyTransferMode,
        Substitution("AC_CPDReqEnergyTransferMode"),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class AC_ChargeParameterDiscoveryRes(ChargeParameterDiscoveryRes):
    EnergyTransferMode: Annotated[
        AC_CPDResEnergyTransferMode | BPT_AC_CPDResEnergyTransferMode,
        Substitution("AC_CPDResEnergyTransferMode"),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class AC_ChargeLoopReq(ChargeLoopReq):
    CLReqControlMode: Annotated[
        Scheduled_AC_CLReqControlMode
        | BPT_Scheduled_AC_CLReqControlMode
        | Dynamic_AC_CLReqControlMode
        | BPT_Dynamic_AC_CLReqControlMode,
        Substitution("CLReqControlMode"),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class AC_ChargeLoopRes(ChargeLoopRes):
    EVSETargetFrequency: RationalNumber | None = None
    CLResControlMode: Annotated[
        Scheduled_AC_CLResControlMode
        | BPT_Scheduled_AC_CLResControlMode
        | Dynamic_AC_CLResControlMode
        | BPT_Dynamic_AC_CLResControlMode,
        Substitution("CLResControlMode"),
    ]
