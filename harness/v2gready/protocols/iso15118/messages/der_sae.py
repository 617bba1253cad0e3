"""AC_DER_SAE of Amendment 1: grid-code control by SAE J3072 and IEEE 1547 of an inverter in the car (reference 3.6).

As AC_DER_IEC it has no messages of its own: six members of substitution groups under the roots of AC, with a grammar of
this set. The car declares its functions (`SupportedModes`), the charger enables some of them (`Enable`), the car
acknowledges (`EnabledModes`).

`ITEMS` says of every item how well it is known. The amendment itself was not read: names, order and cardinalities are
those on which two generators agree that were fed with its schema (crate `iso15118` 0.7.0, cbv2g of EVerest).
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final

from v2gready.model.measurement import Provenance
from v2gready.protocols.exi import Occurs, Substitution, Text
from v2gready.protocols.iso15118.messages import ac
from v2gready.protocols.iso15118.messages.common_types import EVSEStatus, Processing, RationalNumber
from v2gready.protocols.iso15118.messages.simple_types import UnsignedInt, UnsignedLong, UnsignedShort

NAMESPACE = "urn:iso:std:iso:15118:-20:AC-DER-SAE"
PAYLOAD_TYPE: Final = 0x8011
"""As two open implementations have it; the value of the amendment is (unconfirmed)."""

InverterText = Annotated[str, Text(32)]


class RequiredDEROperatingMode(enum.IntEnum):
    """What the inverter has to be."""

    GridFollowing = 0
    GridForming = 1


class GridConnectionMode(enum.IntEnum):
    """Whether the charger is at the public grid."""

    GridConnected = 0
    GridIslanded = 1


class DERUnit(enum.IntEnum):
    """Unit of an axis of a curve or of a setpoint."""

    V = 0
    Hz = 1
    W = 2
    s = 3
    var = 4
    PercentageEVMaximumConfiguredActivePower = 5
    PercentageEVMaximumConfiguredReactivePower = 6
    PercentageEVMaximumConfiguredApparentPower = 7
    PercentageEVMaximumAvailableActivePower = 8
    PercentageEVMaximumAvailableReactivePower = 9
    PercentageV = 10


class DroopReference(enum.IntEnum):
    """What a droop is a share of (`powerReferenceType`)."""

    MaximumActivePower = 0
    MomentaryPower = 1


class Excitation(enum.IntEnum):
    """Direction of reactive power (`powerFactorExcitationType`)."""

    OverExcited = 0
    UnderExcited = 1


class IEEE1547NormalCategory(enum.IntEnum):
    """Reactive power and voltage regulation by IEEE 1547."""

    CategoryA = 0
    CategoryB = 1


class IEEE1547AbnormalCategory(enum.IntEnum):
    """Ride-through by IEEE 1547."""

    CategoryI = 0
    CategoryII = 1
    CategoryIII = 2


class DEROperationalState(enum.IntEnum):
    """Whether the inverter runs."""

    On = 0
    Off = 1


class DERConnectionStatus(enum.IntEnum):
    """Whether the inverter is at the grid."""

    Disconnected = 0
    Connected = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class EVApparentPowerLimits:
    """Apparent power that the car can take and give, in VA."""

    EVMaximumApparentPowerDuringChargingAndVarAbsorption: RationalNumber
    EVMaximumApparentPowerDuringChargingAndVarAbsorption_L2: RationalNumber | None = None
    EVMaximumApparentPowerDuringChargingAndVarAbsorption_L3: RationalNumber | None = None
    EVMaximumApparentPowerDuringChargingAndVarInjection: RationalNumber
    EVMaximumApparentPowerDuringChargingAndVarInjection_L2: RationalNumber | None = None
    EVMaximumApparentPowerDuringChargingAndVarInjection_L3: RationalNumber | None = None
    EVMaximumApparentPowerDuringDischargingAndVarAbsorption: RationalNumber
    EVMaximumApparentPowerDuringDischargingAndVarAbsorption_L2: RationalNumber | None = None
    EVMaximumApparentPowerDuringDischargingAndVarAbsorption_L3: RationalNumber | None = None
    EVMaximumApparentPowerDuringDischargingAndVarInjection: RationalNumber
    EVMaximumApparentPowerDuringDischargingAndVarInjection_L2: RationalNumber | None = None
    EVMaximumApparentPowerDuringDischargingAndVarInjection_L3: RationalNumber | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EVReactivePowerLimits:
    """Reactive power of the car in var, its susceptance in S; injection is non-positive (8.3.5.2)."""

    EVMaximumVarAbsorptionDuringCharging: RationalNumber
    EVMaximumVarAbsorptionDuringCharging_L2: RationalNumber | None = None
    EVMaximumVarAbsorptionDuringCharging_L3: RationalNumber | None = None
    EVMinimumVarAbsorptionDuringCharging: RationalNumber | None = None
    EVMinimumVarAbsorptionDuringCharging_L2: RationalNumber | None = None
    EVMinimumVarAbsorptionDuringCharging_L3: RationalNumber | None = None
    EVMaximumVarInjectionDuringCharging: RationalNumber
    EVMaximumVarInjectionDuringCharging_L2: RationalNumber | None = None
    EVMaximumVarInjectionDuringCharging_L3: RationalNumber | None = None
    EVMinimumVarInjectionDuringCharging: RationalNumber | None = None
    EVMinimumVarInjectionDuringCharging_L2: RationalNumber | None = None
    EVMinimumVarInjectionDuringCharging_L3: RationalNumber | None = None
    EVMaximumVarAbsorptionDuringDischarging: RationalNumber
    EVMaximumVarAbsorptionDuringDischarging_L2: RationalNumber | None = None
    EVMaximumVarAbsorptionDuringDischarging_L3: RationalNumber | None = None
    EVMinimumVarAbsorptionDuringDischarging: RationalNumber | None = None
    EVMinimumVarAbsorptionDuringDischarging_L2: RationalNumber | None = None
    EVMinimumVarAbsorptionDuringDischarging_L3: RationalNumber | None = None
    EVMaximumVarInjectionDuringDischarging: RationalNumber
    EVMaximumVarInjectionDuringDischarging_L2: RationalNumber | None = None
    EVMaximumVarInjectionDuringDischarging_L3: RationalNumber | None = None
    EVMinimumVarInjectionDuringDischarging: RationalNumber | None = None
    EVMinimumVarInjectionDuringDischarging_L2: RationalNumber | None = None
    EVMinimumVarInjectionDuringDischarging_L3: RationalNumber | None = None
    EVReactiveSusceptance: RationalNumber
    EVReactiveSusceptance_L2: RationalNumber | None = None
    EVReactiveSusceptance_L3: RationalNumber | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EVExcitationLimits:
    """Power factors that the inverter reaches, and the discharge power at which it does."""

    EVSpecifiedOverExcitedPowerFactor: RationalNumber
    EVSpecifiedOverExcitedPowerFactor_L2: RationalNumber | None = None
    EVSpecifiedOverExcitedPowerFactor_L3: RationalNumber | None = None
    EVSpecifiedOverExcitedDischargePower: RationalNumber
    EVSpecifiedOverExcitedDischargePower_L2: RationalNumber | None = None
    EVSpecifiedOverExcitedDischargePower_L3: RationalNumber | None = None
    EVSpecifiedUnderExcitedPowerFactor: RationalNumber
    EVSpecifiedUnderExcitedPowerFactor_L2: RationalNumber | None = None
    EVSpecifiedUnderExcitedPowerFactor_L3: RationalNumber | None = None
    EVSpecifiedUnderExcitedDischargePower: RationalNumber
    EVSpecifiedUnderExcitedDischargePower_L2: RationalNumber | None = None
    EVSpecifiedUnderExcitedDischargePower_L3: RationalNumber | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EVInverterDetails:
    EVInverterSwVersion: InverterText
    EVInverterHwVersion: InverterText | None = None
    EVInverterManufacturer: InverterText
    EVInverterModel: InverterText
    EVInverterSerialNumber: InverterText


@dataclass(frozen=True, slots=True, kw_only=True)
class DER_AC_CPDReqEnergyTransferMode(ac.AC_CPDReqEnergyTransferMode):
    EVProcessing: Processing
    EVMaximumDischargePower: RationalNumber
    EVMaximumDischargePower_L2: RationalNumber | None = None
    EVMaximumDischargePower_L3: RationalNumber | None = None
    EVMinimumDischargePower: RationalNumber | None = None
    EVMinimumDischargePower_L2: RationalNumber | None = None
    EVMinimumDischargePower_L3: RationalNumber | None = None
    EVSessionTotalDischargeEnergyAvailable: RationalNumber | None = None
    EVApparentPowerLimits: EVApparentPowerLimits
    EVReactivePowerLimits: EVReactivePowerLimits
    EVExcitationLimits: EVExcitationLimits
    EVInverterDetails: EVInverterDetails
    IEEE1547NormalCategory: IEEE1547NormalCategory
    IEEE1547AbnormalCategory: IEEE1547AbnormalCategory
    EVNominalVoltage: RationalNumber
    EVMaximumVoltage: RationalNumber
    EVMinimumVoltage: RationalNumber
    EVNominalVoltageOffset: RationalNumber
    J3072Certified: bool
    J3072CertificationDate: UnsignedLong
    EVUseableWattHours: UnsignedInt
    EVUpdateTime: UnsignedLong
    SupportedModes: UnsignedInt
    EnabledModes: UnsignedInt


@dataclass(frozen=True, slots=True, kw_only=True)
class DataTuple:
    xValue: RationalNumber
    yValue: RationalNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveDataPointsList:
    """By rising x; of a trip curve x is the duration in s (M.2.2.1.10, M.2.2.1.11)."""

    CurveDataPoint: Annotated[tuple[DataTuple, ...], Occurs(2, 10)]


@dataclass(frozen=True, slots=True, kw_only=True)
class DERCurve:
    """When the inverter has to trip, may trip or has to cease: y is a voltage or a frequency."""

    Enable: bool
    Priority: UnsignedShort | None = None
    xUnit: DERUnit
    yUnit: DERUnit
    CurveDataPoints: CurveDataPointsList
    CurveDataPoints_L2: CurveDataPointsList | None = None
    CurveDataPoints_L3: CurveDataPointsList | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VoltageTrip:
    OverVoltageMustTripCurve: DERCurve
    UnderVoltageMustTripCurve: DERCurve
    OverVoltageMomentaryCessationTripCurve: DERCurve | None = None
    UnderVoltageMomentaryCessationTripCurve: DERCurve | None = None
    OverVoltageMayTripCurve: DERCurve | None = None
    UnderVoltageMayTripCurve: DERCurve | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FrequencyTrip:
    OverFrequencyMustTripCurve: DERCurve
    UnderFrequencyMustTripCurve: DERCurve
    OverFrequencyMayTripCurve: DERCurve | None = None
    UnderFrequencyMayTripCurve: DERCurve | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnterServiceCPDRes:
    PermitService: bool
    EnterServiceVoltageHigh: RationalNumber
    EnterServiceVoltageLow: RationalNumber
    EnterServiceFrequencyHigh: RationalNumber
    EnterServiceFrequencyLow: RationalNumber
    EnterServiceDelay: RationalNumber | None = None
    EnterServiceRandomizedDelay: RationalNumber | None = None
    EnterServiceRampTime: RationalNumber | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstantPowerFactor:
    Enable: bool
    Priority: UnsignedShort | None = None
    PowerFactorValue: RationalNumber
    PowerFactorValue_L2: RationalNumber | None = None
    PowerFactorValue_L3: RationalNumber | None = None
    PowerFactorExcitation: Excitation
    PowerFactorExcitation_L2: Excitation | None = None
    PowerFactorExcitation_L3: Excitation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VoltVar:
    Enable: bool
    Priority: UnsignedShort | None = None
    xUnit: DERUnit
    yUnit: DERUnit
    CurveDataPoints: CurveDataPointsList
    CurveDataPoints_L2: CurveDataPointsList | None = None
    CurveDataPoints_L3: CurveDataPointsList | None = None
    OpenLoopResponseTime: RationalNumber
    TimeConstantPT1: UnsignedInt | None = None
    ReferenceVoltage: RationalNumber
    AutonomousReferenceVoltageAdjustmentEnable: bool
    ReferenceVoltageAdjustmentTimeConstant: UnsignedInt


@dataclass(frozen=True, slots=True, kw_only=True)
class WattVar:
    Enable: bool
    Priority: UnsignedShort | None = None
    xUnit: DERUnit
    yUnit: DERUnit
    CurveDataPoints: CurveDataPointsList
    CurveDataPoints_L2: CurveDataPointsList | None = None
    CurveDataPoints_L3: CurveDataPointsList | None = None
    OpenLoopResponseTime: RationalNumber | None = None
    TimeConstantPT1: UnsignedInt | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstantVar:
    Enable: bool
    Priority: UnsignedShort | None = None
    VarSetpoint: RationalNumber
    VarSetpoint_L2: RationalNumber | None = None
    VarSetpoint_L3: RationalNumber | None = None
    Unit: DERUnit


@dataclass(frozen=True, slots=True, kw_only=True)
class ReactivePowerSupportCPDRes:
    ConstantPowerFactor: ConstantPowerFactor
    VoltVar: VoltVar
    WattVar: WattVar
    ConstantVar: ConstantVar


@dataclass(frozen=True, slots=True, kw_only=True)
class FrequencyDroopSettings:
    db: RationalNumber
    DroopFactor: RationalNumber
    DroopFactor_L2: RationalNumber | None = None
    DroopFactor_L3: RationalNumber | None = None
    PowerReference: DroopReference
    PowerReference_L2: DroopReference | None = None
    PowerReference_L3: DroopReference | None = None
    OpenLoopResponseTime: RationalNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class FrequencyDroop:
    """Active power by frequency; without OverFrequencyDroop there is UnderFrequencyDroop (Table M.33)."""

    Enable: bool
    Priority: UnsignedShort | None = None
    OverFrequencyDroop: FrequencyDroopSettings | None = None
    UnderFrequencyDroop: FrequencyDroopSettings | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VoltWatt:
    Enable: bool
    Priority: UnsignedShort | None = None
    xUnit: DERUnit
    yUnit: DERUnit
    CurveDataPoints: CurveDataPointsList
    CurveDataPoints_L2: CurveDataPointsList | None = None
    CurveDataPoints_L3: CurveDataPointsList | None = None
    OpenLoopResponseTime: RationalNumber
    TimeConstantPT1: UnsignedInt | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstantWatt:
    Enable: bool
    Priority: UnsignedShort | None = None
    WattSetpoint: RationalNumber
    WattSetpoint_L2: RationalNumber | None = None
    WattSetpoint_L3: RationalNumber | None = None
    Unit: DERUnit


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitMaxDischargePower:
    Enable: bool
    Priority: UnsignedShort | None = None
    PercentageValue: UnsignedShort
    PercentageValue_L2: UnsignedShort | None = None
    PercentageValue_L3: UnsignedShort | None = None
    OpenLoopResponseTime: RationalNumber | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivePowerSupportCPDRes:
    FrequencyDroop: FrequencyDroop
    VoltWatt: VoltWatt
    ConstantWatt: ConstantWatt
    LimitMaxDischargePower: LimitMaxDischargePower


@dataclass(frozen=True, slots=True, kw_only=True)
class DERControlCPDRes:
    """The grid code of the place, whole: what does not apply is there with Enable false."""

    VoltageTrip: VoltageTrip
    FrequencyTrip: FrequencyTrip
    EnterServiceCPDRes: EnterServiceCPDRes
    ReactivePowerSupportCPDRes: ReactivePowerSupportCPDRes
    ActivePowerSupportCPDRes: ActivePowerSupportCPDRes


@dataclass(frozen=True, slots=True, kw_only=True)
class EVSEReactivePowerLimits:
    """Reactive power that the place allows, in var; injection is non-positive (8.3.5.2)."""

    EVSEMaximumVarAbsorptionDuringCharging: RationalNumber
    EVSEMaximumVarAbsorptionDuringCharging_L2: RationalNumber | None = None
    EVSEMaximumVarAbsorptionDuringCharging_L3: RationalNumber | None = None
    EVSEMaximumVarInjectionDuringCharging: RationalNumber
    EVSEMaximumVarInjectionDuringCharging_L2: RationalNumber | None = None
    EVSEMaximumVarInjectionDuringCharging_L3: RationalNumber | None = None
    EVSEMaximumVarAbsorptionDuringDischarging: RationalNumber
    EVSEMaximumVarAbsorptionDuringDischarging_L2: RationalNumber | None = None
    EVSEMaximumVarAbsorptionDuringDischarging_L3: RationalNumber | None = None
    EVSEMaximumVarInjectionDuringDischarging: RationalNumber
    EVSEMaximumVarInjectionDuringDischarging_L2: RationalNumber | None = None
    EVSEMaximumVarInjectionDuringDischarging_L3: RationalNumber | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GridLimits:
    GridNominalFrequency: RationalNumber
    GridNominalVoltage: RationalNumber
    GridNominalVoltageOffset: RationalNumber
    GridMinFrequency: RationalNumber | None = None
    GridMaxFrequency: RationalNumber | None = None
    GridMaximumVoltage: RationalNumber
    GridMinimumVoltage: RationalNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class DER_AC_CPDResEnergyTransferMode(ac.AC_CPDResEnergyTransferMode):
    EVSEProcessing: Processing
    EVSEStatus: EVSEStatus | None = None
    DERControlCPDRes: DERControlCPDRes
    EVSENominalChargePower: RationalNumber | None = None
    EVSENominalChargePower_L2: RationalNumber | None = None
    EVSENominalChargePower_L3: RationalNumber | None = None
    EVSENominalDischargePower: RationalNumber | None = None
    EVSENominalDischargePower_L2: RationalNumber | None = None
    EVSENominalDischargePower_L3: RationalNumber | None = None
    EVSEMaximumDischargePower: RationalNumber
    EVSEMaximumDischargePower_L2: RationalNumber | None = None
    EVSEMaximumDischargePower_L3: RationalNumber | None = None
    EVSEReactivePowerLimits: EVSEReactivePowerLimits
    GridLimits: GridLimits
    RequiredDEROperatingMode: RequiredDEROperatingMode
    GridConnectionMode: GridConnectionMode
    EVSEUpdateTime: UnsignedLong


@dataclass(frozen=True, slots=True, kw_only=True)
class EVApparentPower:
    EVMaximumApparentPowerDuringChargingAndVarAbsorption: RationalNumber
    EVMaximumApparentPowerDuringChargingAndVarAbsorption_L2: RationalNumber | None = None
    EVMaximumApparentPowerDuringChargingAndVarAbsorption_L3: RationalNumber | None = None
    EVMaximumApparentPowerDuringChargingAndVarInjection: RationalNumber
    EVMaximumApparentPowerDuringChargingAndVarInjection_L2: RationalNumber | None = None
    EVMaximumApparentPowerDuringChargingAndVarInjection_L3: RationalNumber | None = None
    EVMaximumApparentPowerDuringDischargingAndVarAbsorption: RationalNumber
    EVMaximumApparentPowerDuringDischargingAndVarAbsorption_L2: RationalNumber | None = None
    EVMaximumApparentPowerDuringDischargingAndVarAbsorption_L3: RationalNumber | None = None
    EVMaximumApparentPowerDuringDischargingAndVarInjection: RationalNumber
    EVMaximumApparentPowerDuringDischargingAndVarInjection_L2: RationalNumber | None = None
    EVMaximumApparentPowerDuringDischargingAndVarInjection_L3: RationalNumber | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EVReactivePower:
    EVMaximumVarAbsorptionDuringCharging: RationalNumber
    EVMaximumVarAbsorptionDuringCharging_L2: RationalNumber | None = None
    EVMaximumVarAbsorptionDuringCharging_L3: RationalNumber | None = None
    EVMinimumVarAbsorptionDuringCharging: RationalNumber | None = None
    EVMinimumVarAbsorptionDuringCharging_L2: RationalNumber | None = None
    EVMinimumVarAbsorptionDuringCharging_L3: RationalNumber | None = None
    EVMaximumVarInjectionDuringCharging: RationalNumber
    EVMaximumVarInjectionDuringCharging_L2: RationalNumber | None = None
    EVMaximumVarInjectionDuringCharging_L3: RationalNumber | None = None
    EVMinimumVarInjectionDuringCharging: RationalNumber | None = None
    EVMinimumVarInjectionDuringCharging_L2: RationalNumber | None = None
    EVMinimumVarInjectionDuringCharging_L3: RationalNumber | None = None
    EVMaximumVarAbsorptionDuringDischarging: RationalNumber
    EVMaximumVarAbsorptionDuringDischarging_L2: RationalNumber | None = None
    EVMaximumVarAbsorptionDuringDischarging_L3: RationalNumber | None = None
    EVMinimumVarAbsorptionDuringDischarging: RationalNumber | None = None
    EVMinimumVarAbsorptionDuringDischarging_L2: RationalNumber | None = None
    EVMinimumVarAbsorptionDuringDischarging_L3: RationalNumber | None = None
    EVMaximumVarInjectionDuringDischarging: RationalNumber
    EVMaximumVarInjectionDuringDischarging_L2: RationalNumber | None = None
    EVMaximumVarInjectionDuringDischarging_L3: RationalNumber | None = None
    EVMinimumVarInjectionDuringDischarging: RationalNumber | None = None
    EVMinimumVarInjectionDuringDischarging_L2: RationalNumber | None = None
    EVMinimumVarInjectionDuringDischarging_L3: RationalNumber | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EVExcitation:
    EVSpecifiedOverExcitedPowerFactor: RationalNumber | None = None
    EVSpecifiedOverExcitedPowerFactor_L2: RationalNumber | None = None
    EVSpecifiedOverExcitedPowerFactor_L3: RationalNumber | None = None
    EVSpecifiedOverExcitedDischargePower: RationalNumber
    EVSpecifiedOverExcitedDischargePower_L2: RationalNumber | None = None
    EVSpecifiedOverExcitedDischargePower_L3: RationalNumber | None = None
    EVSpecifiedUnderExcitedPowerFactor: RationalNumber | None = None
    EVSpecifiedUnderExcitedPowerFactor_L2: RationalNumber | None = None
    EVSpecifiedUnderExcitedPowerFactor_L3: RationalNumber | None = None
    EVSpecifiedUnderExcitedDischargePower: RationalNumber
    EVSpecifiedUnderExcitedDischargePower_L2: RationalNumber | None = None
    EVSpecifiedUnderExcitedDischargePower_L3: RationalNumber | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DER_Scheduled_AC_CLReqControlMode(ac.Scheduled_AC_CLReqControlMode):
    EVPresentVoltage: RationalNumber
    EVPresentFrequency: RationalNumber
    EVMaximumDischargePower: RationalNumber | None = None
    EVMaximumDischargePower_L2: RationalNumber | None = None
    EVMaximumDischargePower_L3: RationalNumber | None = None
    EVMinimumDischargePower: RationalNumber | None = None
    EVMinimumDischargePower_L2: RationalNumber | None = None
    EVMinimumDischargePower_L3: RationalNumber | None = None
    DEROperationalState: DEROperationalState
    DERConnectionStatus: DERConnectionStatus
    EVApparentPower: EVApparentPower | None = None
    EVReactivePower: EVReactivePower | None = None
    EVExcitation: EVExcitation | None = None
    EVUpdateTime: UnsignedLong
    EVMinimumChargingDuration: UnsignedInt | None = None
    EVDurationMaximumChargeRate: UnsignedInt | None = None
    EVDurationMaximumDischargeRate: UnsignedInt | None = None
    DERAlarmStatus: UnsignedInt
    EnabledModes: UnsignedInt


@dataclass(frozen=True, slots=True, kw_only=True)
class DER_Dynamic_AC_CLReqControlMode(ac.Dynamic_AC_CLReqControlMode):
    EVMaximumDischargePower: RationalNumber
    EVMaximumDischargePower_L2: RationalNumber | None = None
    EVMaximumDischargePower_L3: RationalNumber | None = None
    EVMinimumDischargePower: RationalNumber
    EVMinimumDischargePower_L2: RationalNumber | None = None
    EVMinimumDischargePower_L3: RationalNumber | None = None
    EVPresentVoltage: RationalNumber
    EVPresentFrequency: RationalNumber
    EVSessionTotalDischargeEnergyAvailable: RationalNumber | None = None
    EVApparentPower: EVApparentPower | None = None
    EVReactivePower: EVReactivePower | None = None
    EVExcitation: EVExcitation | None = None
    EVMaximumV2XEnergyRequest: RationalNumber | None = None
    EVMinimumV2XEnergyRequest: RationalNumber | None = None
    DEROperationalState: DEROperationalState
    DERConnectionStatus: DERConnectionStatus
    EVUpdateTime: UnsignedLong
    EVMinimumChargingDuration: UnsignedInt
    EVDurationMaximumChargeRate: UnsignedInt
    EVDurationMaximumDischargeRate: UnsignedInt
    DERAlarmStatus: UnsignedInt
    EnabledModes: UnsignedInt


@dataclass(frozen=True, slots=True, kw_only=True)
class EnterServiceCLRes:
    PermitService: bool
    EnterServiceVoltageHigh: RationalNumber | None = None
    EnterServiceVoltageLow: RationalNumber | None = None
    EnterServiceFrequencyHigh: RationalNumber | None = None
    EnterServiceFrequencyLow: RationalNumber | None = None
    EnterServiceDelay: RationalNumber | None = None
    EnterServiceRandomizedDelay: RationalNumber | None = None
    EnterServiceRampTime: RationalNumber | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReactivePowerSupportCLRes:
    ConstantPowerFactor: ConstantPowerFactor | None = None
    VoltVar: VoltVar | None = None
    WattVar: WattVar | None = None
    ConstantVar: ConstantVar | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivePowerSupportCLRes:
    FrequencyDroop: FrequencyDroop | None = None
    VoltWatt: VoltWatt | None = None
    ConstantWatt: ConstantWatt | None = None
    LimitMaxDischargePower: LimitMaxDischargePower | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DERControlCLRes:
    """What has changed of the grid code; EnterServiceCLRes alone is always there [V2G20-3236]."""

    VoltageTrip: VoltageTrip | None = None
    FrequencyTrip: FrequencyTrip | None = None
    EnterServiceCLRes: EnterServiceCLRes
    ReactivePowerSupportCLRes: ReactivePowerSupportCLRes | None = None
    ActivePowerSupportCLRes: ActivePowerSupportCLRes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DER_Scheduled_AC_CLResControlMode(ac.Scheduled_AC_CLResControlMode):
    DERControlCLRes: DERControlCLRes
    EVSEMaximumChargePower: RationalNumber | None = None
    EVSEMaximumChargePower_L2: RationalNumber | None = None
    EVSEMaximumChargePower_L3: RationalNumber | None = None
    EVSEMaximumDischargePower: RationalNumber | None = None
    EVSEMaximumDischargePower_L2: RationalNumber | None = None
    EVSEMaximumDischargePower_L3: RationalNumber | None = None
    RequiredDEROperatingMode: RequiredDEROperatingMode | None = None
    GridConnectionMode: GridConnectionMode | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DER_Dynamic_AC_CLResControlMode(ac.Dynamic_AC_CLResControlMode):
    DERControlCLRes: DERControlCLRes
    EVSEMaximumChargePower: RationalNumber | None = None
    EVSEMaximumChargePower_L2: RationalNumber | None = None
    EVSEMaximumChargePower_L3: RationalNumber | None = None
    EVSEMaximumDischargePower: RationalNumber | None = None
    EVSEMaximumDischargePower_L2: RationalNumber | None = None
    EVSEMaximumDischargePower_L3: RationalNumber | None = None
    RequiredDEROperatingMode: RequiredDEROperatingMode | None = None
    GridConnectionMode: GridConnectionMode | None = None


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
    "fields, their order and cardinalities": Provenance.CONFIRMED,  # two generators, no difference
    "order of enumerations": Provenance.CONFIRMED,
    "payload type": Provenance.SECONDARY,
    "service id": Provenance.SECONDARY,
    "bits of SupportedModes": Provenance.SECONDARY,
    "sign of discharge limits and of injection": Provenance.SECONDARY,
    "orientation of trip curves": Provenance.SECONDARY,
    "parameters of the service": Provenance.UNCONFIRMED,  # those of AC are offered
    "EVUpdateTime and EVSEUpdateTime in microseconds": Provenance.UNCONFIRMED,
}
"""How well it is known what this module says; `docs/limitations.md` says where from."""
