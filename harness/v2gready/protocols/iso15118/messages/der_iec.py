"""AC_DER_IEC of Amendment 1: grid-code control of an inverter in the car (reference 3.6).

Amendment 1 has no new messages. Its schema imports that of AC and adds six members to substitution groups, so the roots
are those of AC, with the grammar of this set: a plain AC control mode is not written in the same octets here as there.
Hence the four classes of messages below are named like those of AC and extend them; which of the two grammars applies,
the class of a message tells, and on the wire the payload type.

`ITEMS` says of every item how well it is known. The amendment itself was not read.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final

from v2gready.model.measurement import Provenance
from v2gready.protocols.exi import Occurs, OneOf, Substitution
from v2gready.protocols.iso15118.messages import ac
from v2gready.protocols.iso15118.messages.common_types import Processing, RationalNumber
from v2gready.protocols.iso15118.messages.simple_types import UnsignedByte, UnsignedInt, UnsignedShort

NAMESPACE = "urn:iso:std:iso:15118:-20:AC-DER-IEC"
PAYLOAD_TYPE: Final = 0x8010
"""As one open implementation has it; the value of the amendment is (unconfirmed)."""


class EvOperatingMode(enum.IntEnum):
    """What the inverter of the car is for the grid."""

    GridFollowing = 0
    GridForming = 1


class GridConnectionMode(enum.IntEnum):
    """Whether the charger is at the public grid."""

    GridConnected = 0
    GridIslanded = 1


class Excitation(enum.IntEnum):
    """Direction of reactive power (`powerFactorExcitationType`)."""

    OverExcited = 0
    UnderExcited = 1


class CurveUnit(enum.IntEnum):
    """Unit of an axis of a curve, or of a lock value (`curveDataPointsUnitType`, `lockValueUnitType`)."""

    V = 0
    Hz = 1
    W = 2
    s = 3
    var = 4


class PowerReference(enum.IntEnum):
    """What a slope is a share of."""

    MaximumDischargePower = 0
    MomentaryPower = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class EVReactivePowerLimits:
    """Reactive power that the car can give, in var."""

    EVMaximumChargeReactivePower: RationalNumber
    EVMaximumChargeReactivePower_L2: RationalNumber | None = None
    EVMaximumChargeReactivePower_L3: RationalNumber | None = None
    EVMinimumChargeReactivePower: RationalNumber | None = None
    EVMinimumChargeReactivePower_L2: RationalNumber | None = None
    EVMinimumChargeReactivePower_L3: RationalNumber | None = None
    EVMaximumDischargeReactivePower: RationalNumber
    EVMaximumDischargeReactivePower_L2: RationalNumber | None = None
    EVMaximumDischargeReactivePower_L3: RationalNumber | None = None
    EVMinimumDischargeReactivePower: RationalNumber | None = None
    EVMinimumDischargeReactivePower_L2: RationalNumber | None = None
    EVMinimumDischargeReactivePower_L3: RationalNumber | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DER_AC_CPDReqEnergyTransferMode(ac.AC_CPDReqEnergyTransferMode):
    EVProcessing: Processing
    EVMaximumDischargePower: RationalNumber
    EVMaximumDischargePower_L2: RationalNumber | None = None
    EVMaximumDischargePower_L3: RationalNumber | None = None
    EVMinimumDischargePower: RationalNumber
    EVMinimumDischargePower_L2: RationalNumber | None = None
    EVMinimumDischargePower_L3: RationalNumber | None = None
    EVSessionTotalDischargeEnergyAvailable: RationalNumber | None = None
    EVReactivePowerLimits: EVReactivePowerLimits | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultRideThrough:
    """Limits in V, as all voltages of this set (whether absolute or a share is (unconfirmed))."""

    VoltageLimitStartFRT: RationalNumber
    VoltageLimitStopFRT: RationalNumber | None = None
    VoltageRecoveryLimit: RationalNumber | None = None
    VoltageRideThroughPositiveCurveKFactor: RationalNumber | None = None
    VoltageRideThroughNegativeCurveKFactor: RationalNumber | None = None
    PT1ResponseActivePower: bool
    StepResponseTimeConstantActivePower: RationalNumber
    PT1ResponseReactivePower: bool
    StepResponseTimeConstantReactivePower: RationalNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class ZeroCurrent:
    """Voltages beyond which the inverter stays connected and gives no current."""

    OverVoltageLimit: RationalNumber | None = None
    UnderVoltageLimit: RationalNumber | None = None
    OverVoltageRecoveryLimit: RationalNumber | None = None
    UnderVoltageRecoveryLimit: RationalNumber | None = None
    PT1ResponseActivePower: bool
    StepResponseTimeConstantActivePower: RationalNumber
    PT1ResponseReactivePower: bool
    StepResponseTimeConstantReactivePower: RationalNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class SetpointExcitation:
    SetpointValue: RationalNumber
    Excitation: Excitation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveDataPoint:
    xValue: RationalNumber
    yValue: SetpointExcitation


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveDataPointList:
    CurveDataPoint: Annotated[tuple[CurveDataPoint, ...], Occurs(2, 10)]


@dataclass(frozen=True, slots=True, kw_only=True)
class DERCurve:
    """A characteristic of reactive power: VoltVar, WattVar, WattCosPhi."""

    xUnit: CurveUnit
    yUnit: CurveUnit
    CurveDataPoints: CurveDataPointList
    MinCosPhi: RationalNumber | None = None
    LockValueUnit: CurveUnit | None = None
    LockInValue: RationalNumber | None = None
    LockOutValue: RationalNumber | None = None
    PT1ResponseReactivePower: bool
    StepResponseTimeConstantReactivePower: RationalNumber
    IntentionalDelay: RationalNumber | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FrequencyWatt:
    """Active power by frequency: LFSM-O and LFSM-U."""

    Fstart: RationalNumber
    Fstop: RationalNumber
    IntentionalDelayFstop: UnsignedShort | None = None
    Slope: RationalNumber
    DeactivationTime: UnsignedShort | None = None
    IntentionalDelayPowerControl: UnsignedShort | None = None
    PowerReference: PowerReference
    HysteresisControl: bool
    PowerUpRamp: UnsignedShort | None = None
    PT1ResponseActivePower: bool
    StepResponseTimeConstantActivePower: RationalNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class VoltWatt:
    """Active power by voltage."""

    PowerReference: PowerReference
    UStart: RationalNumber
    UStop: RationalNumber
    PT1ResponseActivePower: bool
    StepResponseTimeConstantActivePower: RationalNumber
    IntentionalDelayPowerControl: UnsignedInt | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReactivePowerSupport:
    """One characteristic: an inverter follows no two at once."""

    VoltVar: Annotated[DERCurve | None, OneOf("characteristic")] = None
    WattVar: Annotated[DERCurve | None, OneOf("characteristic")] = None
    WattCosPhi: Annotated[DERCurve | None, OneOf("characteristic")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivePowerSupport:
    UnderFrequencyWatt: FrequencyWatt | None = None
    OverFrequencyWatt: FrequencyWatt | None = None
    VoltWatt: VoltWatt | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DERControl:
    """The grid code of the place: one element for each function that was negotiated."""

    OvervoltageFaultRideThrough: FaultRideThrough | None = None
    UndervoltageFaultRideThrough: FaultRideThrough | None = None
    ZeroCurrent: ZeroCurrent | None = None
    ReactivePowerSupport: ReactivePowerSupport | None = None
    ActivePowerSupport: ActivePowerSupport | None = None
    MaximumLevelDCInjection: RationalNumber | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DER_AC_CPDResEnergyTransferMode(ac.AC_CPDResEnergyTransferMode):
    EVSENominalChargePower: RationalNumber
    EVSENominalChargePower_L2: RationalNumber | None = None
    EVSENominalChargePower_L3: RationalNumber | None = None
    EVSENominalDischargePower: RationalNumber
    EVSENominalDischargePower_L2: RationalNumber | None = None
    EVSENominalDischargePower_L3: RationalNumber | None = None
    EVSEMaximumDischargePower: RationalNumber
    EVSEMaximumDischargePower_L2: RationalNumber | None = None
    EVSEMaximumDischargePower_L3: RationalNumber | None = None
    EVOperatingMode: EvOperatingMode
    GridConnectionMode: GridConnectionMode
    DERControl: DERControl


@dataclass(frozen=True, slots=True, kw_only=True)
class DER_Scheduled_AC_CLReqControlMode(ac.Scheduled_AC_CLReqControlMode):
    EVMaximumDischargePower: RationalNumber
    EVMaximumDischargePower_L2: RationalNumber | None = None
    EVMaximumDischargePower_L3: RationalNumber | None = None
    EVMinimumDischargePower: RationalNumber
    EVMinimumDischargePower_L2: RationalNumber | None = None
    EVMinimumDischargePower_L3: RationalNumber | None = None
    EVMaximumChargeReactivePower: RationalNumber | None = None
    EVMaximumChargeReactivePower_L2: RationalNumber | None = None
    EVMaximumChargeReactivePower_L3: RationalNumber | None = None
    EVMaximumDischargeReactivePower: RationalNumber | None = None
    EVMaximumDischargeReactivePower_L2: RationalNumber | None = None
    EVMaximumDischargeReactivePower_L3: RationalNumber | None = None
    GridEventCondition: UnsignedByte


@dataclass(frozen=True, slots=True, kw_only=True)
class DER_Dynamic_AC_CLReqControlMode(ac.Dynamic_AC_CLReqControlMode):
    EVMaximumDischargePower: RationalNumber
    EVMaximumDischargePower_L2: RationalNumber | None = None
    EVMaximumDischargePower_L3: RationalNumber | None = None
    EVMinimumDischargePower: RationalNumber
    EVMinimumDischargePower_L2: RationalNumber | None = None
    EVMinimumDischargePower_L3: RationalNumber | None = None
    EVMaximumChargeReactivePower: RationalNumber | None = None
    EVMaximumChargeReactivePower_L2: RationalNumber | None = None
    EVMaximumChargeReactivePower_L3: RationalNumber | None = None
    EVMaximumDischargeReactivePower: RationalNumber | None = None
    EVMaximumDischargeReactivePower_L2: RationalNumber | None = None
    EVMaximumDischargeReactivePower_L3: RationalNumber | None = None
    GridEventCondition: UnsignedByte
    EVMaximumV2XEnergyRequest: RationalNumber | None = None
    EVMinimumV2XEnergyRequest: RationalNumber | None = None
    EVSessionTotalDischargeEnergyAvailable: RationalNumber | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DSOQSetpoint:
    """Reactive power that the grid operator asks for, in var."""

    DSOQSetpointValue: RationalNumber
    DSOQSetpointValue_L2: RationalNumber | None = None
    DSOQSetpointValue_L3: RationalNumber | None = None
    PT1ResponseReactivePower: bool
    StepResponseTimeConstantReactivePower: RationalNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class DSOCosPhiSetpoint:
    """Power factor that the grid operator asks for."""

    DSOCosPhiSetpointValue: RationalNumber
    DSOCosPhiSetpointValue_L2: RationalNumber | None = None
    DSOCosPhiSetpointValue_L3: RationalNumber | None = None
    Excitation: Excitation
    PT1ResponseReactivePower: bool
    StepResponseTimeConstantReactivePower: RationalNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class DER_Scheduled_AC_CLResControlMode(ac.Scheduled_AC_CLResControlMode):
    EVSEMaximumChargePower: RationalNumber
    EVSEMaximumChargePower_L2: RationalNumber | None = None
    EVSEMaximumChargePower_L3: RationalNumber | None = None
    EVSEMaximumDischargePower: RationalNumber
    EVSEMaximumDischargePower_L2: RationalNumber | None = None
    EVSEMaximumDischargePower_L3: RationalNumber | None = None
    DSOMaximumDischargePower: RationalNumber | None = None
    DSOMaximumDischargePower_L2: RationalNumber | None = None
    DSOMaximumDischargePower_L3: RationalNumber | None = None
    DSOQSetpoint: DSOQSetpoint | None = None
    DSOCosPhiSetpoint: DSOCosPhiSetpoint | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DER_Dynamic_AC_CLResControlMode(ac.Dynamic_AC_CLResControlMode):
    EVSEMaximumChargePower: RationalNumber
    EVSEMaximumChargePower_L2: RationalNumber | None = None
    EVSEMaximumChargePower_L3: RationalNumber | None = None
    EVSEMaximumDischargePower: RationalNumber
    EVSEMaximumDischargePower_L2: RationalNumber | None = None
    EVSEMaximumDischargePower_L3: RationalNumber | None = None
    DSOMaximumDischargePower: RationalNumber | None = None
    DSOMaximumDischargePower_L2: RationalNumber | None = None
    DSOMaximumDischargePower_L3: RationalNumber | None = None
    DSOQSetpoint: DSOQSetpoint | None = None
    DSOCosPhiSetpoint: DSOCosPhiSetpoint | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AC_ChargeParameterDiscoveryReq(ac.AC_ChargeParameterDiscoveryReq):
    """The message of AC with the grammar of this set."""

    EnergyTransferMode: Annotated[
        ac.AC_CPDReqEnergyTransferMode | ac.BPT_AC_CPDReqEnergyTransferMode | DER_AC_CPDReqEnergyTransferMode,
        Substitution("AC_CPDReqEnergyTransferMode"),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class AC_ChargeParameterDiscoveryRes(ac.AC_ChargeParameterDiscoveryRes):
    """The message of AC with the grammar of this set."""

    EnergyTransferMode: Annotated[
        ac.AC_CPDResEnergyTransferMode | ac.BPT_AC_CPDResEnergyTransferMode | DER_AC_CPDResEnergyTransferMode,
        Substitution("AC_CPDResEnergyTransferMode"),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class AC_ChargeLoopReq(ac.AC_ChargeLoopReq):
    """The message of AC with the grammar of this set."""

    CLReqControlMode: Annotated[
        ac.Scheduled_AC_CLReqControlMode
        | ac.BPT_Scheduled_AC_CLReqControlMode
        | DER_Scheduled_AC_CLReqControlMode
        | ac.Dynamic_AC_CLReqControlMode
        | ac.BPT_Dynamic_AC_CLReqControlMode
        | DER_Dynamic_AC_CLReqControlMode,
        Substitution("CLReqControlMode"),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class AC_ChargeLoopRes(ac.AC_ChargeLoopRes):
    """The message of AC with the grammar of this set."""

    CLResControlMode: Annotated[
        ac.Scheduled_AC_CLResControlMode
        | ac.BPT_Scheduled_AC_CLResControlMode
        | DER_Scheduled_AC_CLResControlMode
        | ac.Dynamic_AC_CLResControlMode
        | ac.BPT_Dynamic_AC_CLResControlMode
        | DER_Dynamic_AC_CLResControlMode,
        Substitution("CLResControlMode"),
    ]


MESSAGES: Final = (
    AC_ChargeParameterDiscoveryReq,
    AC_ChargeParameterDiscoveryRes,
    AC_ChargeLoopReq,
    AC_ChargeLoopRes,
)

ITEMS: Final[Mapping[str, Provenance]] = {
    "namespace": Provenance.CONFIRMED,  # two independent implementations
    "message roots are those of AC": Provenance.CONFIRMED,
    "six members of substitution groups": Provenance.CONFIRMED,
    "order of the members": Provenance.CONFIRMED,  # follows from their names
    "payload type": Provenance.SECONDARY,
    "document codes": Provenance.SECONDARY,
    "fields and cardinalities": Provenance.SECONDARY,
    "order of enumerations": Provenance.SECONDARY,
    "which fields of the Scheduled loop response are optional": Provenance.SECONDARY,  # as in the Dynamic one
    "sign of discharge limits": Provenance.SECONDARY,
    "meaning of voltages and slopes": Provenance.UNCONFIRMED,
}
"""How well it is known what this module says; `docs/limitations.md` says where from."""
