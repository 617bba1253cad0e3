"""Schedules of power and price, and the control modes of ScheduleExchange and PowerDelivery (reference 3.2)."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Annotated

from v2gready.protocols.exi import ATTRIBUTE, CHOICE, Occurs
from v2gready.protocols.iso15118.messages.common_types import RationalNumber
from v2gready.protocols.iso15118.messages.simple_types import (
    ID,
    CurrencyCode,
    Description,
    Identifier,
    LanguageCode,
    NameText,
    NumericID,
    PercentValue,
    UnsignedByte,
    UnsignedInt,
    UnsignedLong,
    UnsignedShort,
)

NAMESPACE = "urn:iso:std:iso:15118:-20:CommonMessages"


class PowerToleranceAcceptance(enum.IntEnum):
    """Whether the car keeps within the offered tolerance."""

    PowerToleranceNotConfirmed = 0
    PowerToleranceConfirmed = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerScheduleEntry:
    Duration: UnsignedInt
    Power: RationalNumber
    Power_L2: RationalNumber | None = None
    Power_L3: RationalNumber | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerScheduleEntryList:
    PowerScheduleEntry: Annotated[tuple[PowerScheduleEntry, ...], Occurs(1, 1024)]


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerSchedule:
    TimeAnchor: UnsignedLong
    AvailableEnergy: RationalNumber | None = None
    PowerTolerance: RationalNumber | None = None
    PowerScheduleEntries: PowerScheduleEntryList


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceScheduleBase:
    """Abstract `PriceScheduleType`: the common part of both price schedules."""

    TimeAnchor: UnsignedLong
    PriceScheduleID: NumericID
    PriceScheduleDescription: Description | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceLevelScheduleEntry:
    Duration: UnsignedInt
    PriceLevel: UnsignedByte


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceLevelScheduleEntryList:
    PriceLevelScheduleEntry: Annotated[tuple[PriceLevelScheduleEntry, ...], Occurs(1, 1024)]


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceLevelSchedule(PriceScheduleBase):
    Id: Annotated[ID | None, ATTRIBUTE] = None
    NumberOfPriceLevels: UnsignedByte
    PriceLevelScheduleEntries: PriceLevelScheduleEntryList


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxRule:
    TaxRuleID: NumericID
    TaxRuleName: NameText | None = None
    TaxRate: RationalNumber
    TaxIncludedInPrice: bool | None = None
    AppliesToEnergyFee: bool
    AppliesToParkingFee: bool
    AppliesToOverstayFee: bool
    AppliesMinimumMaximumCost: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxRuleList:
    TaxRule: Annotated[tuple[TaxRule, ...], Occurs(1, 10)]


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRule:
    EnergyFee: RationalNumber
    ParkingFee: RationalNumber | None = None
    ParkingFeePeriod: UnsignedInt | None = None
    CarbonDioxideEmission: UnsignedShort | None = None
    RenewableGenerationPercentage: UnsignedByte | None = None
    PowerRangeStart: RationalNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRuleStack:
    Duration: UnsignedInt
    PriceRule: Annotated[tuple[PriceRule, ...], Occurs(1, 8)]


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRuleStackList:
    PriceRuleStack: Annotated[tuple[PriceRuleStack, ...], Occurs(1, 1024)]


@dataclass(frozen=True, slots=True, kw_only=True)
class OverstayRule:
    OverstayRuleDescription: Description | None = None
    StartTime: UnsignedInt
    OverstayFee: RationalNumber
    OverstayFeePeriod: UnsignedInt


@dataclass(frozen=True, slots=True, kw_only=True)
class OverstayRuleList:
    OverstayTimeThreshold: UnsignedInt | None = None
    OverstayPowerThreshold: RationalNumber | None = None
    OverstayRule: Annotated[tuple[OverstayRule, ...], Occurs(1, 5)]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdditionalService:
    ServiceName: NameText
    ServiceFee: RationalNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class AdditionalServiceList:
    AdditionalService: Annotated[tuple[AdditionalService, ...], Occurs(1, 5)]


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsolutePriceSchedule(PriceScheduleBase):
    Id: Annotated[ID | None, ATTRIBUTE] = None
    Currency: CurrencyCode
    Language: LanguageCode
    PriceAlgorithm: Identifier
    MinimumCost: RationalNumber | None = None
    MaximumCost: RationalNumber | None = None
    TaxRules: TaxRuleList | None = None
    PriceRuleStacks: PriceRuleStackList
    OverstayRules: OverstayRuleList | None = None
    AdditionalSelectedServices: AdditionalServiceList | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargingSchedule:
    PowerSchedule: PowerSchedule
    PriceSchedule: Annotated[AbsolutePriceSchedule | PriceLevelSchedule | None, CHOICE] = None


# Inside ScheduleTuple the name of the type is that of a field.
_DischargingSchedule = ChargingSchedule


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleTuple:
    ScheduleTupleID: NumericID
    ChargingSchedule: ChargingSchedule
    DischargingSchedule: _DischargingSchedule | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EVPowerScheduleEntry:
    Duration: UnsignedInt
    Power: RationalNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class EVPowerScheduleEntryList:
    EVPowerScheduleEntry: Annotated[tuple[EVPowerScheduleEntry, ...], Occurs(1, 1024)]


@dataclass(frozen=True, slots=True, kw_only=True)
class EVPowerSchedule:
    TimeAnchor: UnsignedLong
    EVPowerScheduleEntries: EVPowerScheduleEntryList


@dataclass(frozen=True, slots=True, kw_only=True)
class EVPriceRule:
    EnergyFee: RationalNumber
    PowerRangeStart: RationalNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class EVPriceRuleStack:
    Duration: UnsignedInt
    EVPriceRule: Annotated[tuple[EVPriceRule, ...], Occurs(1, 8)]


@dataclass(frozen=True, slots=True, kw_only=True)
class EVPriceRuleStackList:
    EVPriceRuleStack: Annotated[tuple[EVPriceRuleStack, ...], Occurs(1, 1024)]


@dataclass(frozen=True, slots=True, kw_only=True)
class EVAbsolutePriceSchedule:
    TimeAnchor: UnsignedLong
    Currency: CurrencyCode
    PriceAlgorithm: Identifier
    EVPriceRuleStacks: EVPriceRuleStackList


@dataclass(frozen=True, slots=True, kw_only=True)
class EVEnergyOffer:
    EVPowerSchedule: EVPowerSchedule
    EVAbsolutePriceSchedule: EVAbsolutePriceSchedule


@dataclass(frozen=True, slots=True, kw_only=True)
class Dynamic_SEReqControlMode:
    DepartureTime: UnsignedInt
    MinimumSOC: PercentValue | None = None
    TargetSOC: PercentValue | None = None
    EVTargetEnergyRequest: RationalNumber
    EVMaximumEnergyRequest: RationalNumber
    EVMinimumEnergyRequest: RationalNumber
    EVMaximumV2XEnergyRequest: RationalNumber | None = None
    EVMinimumV2XEnergyRequest: RationalNumber | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduled_SEReqControlMode:
    DepartureTime: UnsignedInt | None = None
    EVTargetEnergyRequest: RationalNumber | None = None
    EVMaximumEnergyRequest: RationalNumber | None = None
    EVMinimumEnergyRequest: RationalNumber | None = None
    EVEnergyOffer: EVEnergyOffer | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dynamic_SEResControlMode:
    DepartureTime: UnsignedInt | None = None
    MinimumSOC: PercentValue | None = None
    TargetSOC: PercentValue | None = None
    PriceSchedule: Annotated[AbsolutePriceSchedule | PriceLevelSchedule | None, CHOICE] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduled_SEResControlMode:
    ScheduleTuple: Annotated[tuple[ScheduleTuple, ...], Occurs(1, 3)]


@dataclass(frozen=True, slots=True, kw_only=True)
class EVPowerProfileEntryList:
    EVPowerProfileEntry: Annotated[tuple[PowerScheduleEntry, ...], Occurs(1, 2048)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dynamic_EVPPTControlMode:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduled_EVPPTControlMode:
    SelectedScheduleTupleID: NumericID
    PowerToleranceAcceptance: PowerToleranceAcceptance | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EVPowerProfile:
    TimeAnchor: UnsignedLong
    EVPPTControlMode: Annotated[Dynamic_EVPPTControlMode | Scheduled_EVPPTControlMode, CHOICE]
    EVPowerProfileEntries: EVPowerProfileEntryList
