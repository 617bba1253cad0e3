"""What all messages of ISO 15118-20 share (reference 3.3)."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from math import isfinite
from typing import Annotated, Self

from v2gready.protocols.exi import REF, Occurs
from v2gready.protocols.iso15118.messages.simple_types import (
    Byte,
    MeterIdentifier,
    MeterSignatureBytes,
    NumericID,
    PercentValue,
    SessionIdentifier,
    Short,
    UnsignedInt,
    UnsignedLong,
    UnsignedShort,
)
from v2gready.protocols.iso15118.messages.xmldsig import Signature, X509IssuerSerial

NAMESPACE = "urn:iso:std:iso:15118:-20:CommonTypes"


class EvseNotification(enum.IntEnum):
    """What the charger asks of the car."""

    Pause = 0
    ExitStandby = 1
    Terminate = 2
    ScheduleRenegotiation = 3
    ServiceRenegotiation = 4
    MeteringConfirmation = 5


class Processing(enum.IntEnum):
    """Whether the sender is done with a step that may take several rounds."""

    Finished = 0
    Ongoing = 1
    Ongoing_WaitingForCustomerInteraction = 2


class ResponseCode(enum.IntEnum):
    """`responseCodeType`."""

    OK = 0
    OK_CertificateExpiresSoon = 1
    OK_NewSessionEstablished = 2
    OK_OldSessionJoined = 3
    OK_PowerToleranceConfirmed = 4
    WARNING_AuthorizationSelectionInvalid = 5
    WARNING_CertificateExpired = 6
    WARNING_CertificateNotYetValid = 7
    WARNING_CertificateRevoked = 8
    WARNING_CertificateValidationError = 9
    WARNING_ChallengeInvalid = 10
    WARNING_EIMAuthorizationFailure = 11
    WARNING_eMSPUnknown = 12
    WARNING_EVPowerProfileViolation = 13
    WARNING_GeneralPnCAuthorizationError = 14
    WARNING_NoCertificateAvailable = 15
    WARNING_NoContractMatchingPCIDFound = 16
    WARNING_PowerToleranceNotConfirmed = 17
    WARNING_ScheduleRenegotiationFailed = 18
    WARNING_StandbyNotAllowed = 19
    WARNING_WPT = 20
    FAILED = 21
    FAILED_AssociationError = 22
    FAILED_ContactorError = 23
    FAILED_EVPowerProfileInvalid = 24
    FAILED_EVPowerProfileViolation = 25
    FAILED_MeteringSignatureNotValid = 26
    FAILED_NoEnergyTransferServiceSelected = 27
    FAILED_NoServiceRenegotiationSupported = 28
    FAILED_PauseNotAllowed = 29
    FAILED_PowerDeliveryNotApplied = 30
    FAILED_PowerToleranceNotConfirmed = 31
    FAILED_ScheduleRenegotiation = 32
    FAILED_ScheduleSelectionInvalid = 33
    FAILED_SequenceError = 34
    FAILED_ServiceIDInvalid = 35
    FAILED_ServiceSelectionInvalid = 36
    FAILED_SignatureError = 37
    FAILED_UnknownSession = 38
    FAILED_WrongChargeParameter = 39


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageHeader:
    SessionID: SessionIdentifier
    TimeStamp: UnsignedLong
    Signature: Annotated[Signature | None, REF] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class V2GMessage:
    """Any message of ISO 15118-20."""

    Header: MessageHeader


@dataclass(frozen=True, slots=True, kw_only=True)
class V2GRequest(V2GMessage):
    """Any message of the car."""


@dataclass(frozen=True, slots=True, kw_only=True)
class V2GResponse(V2GMessage):
    """Any message of the charger."""

    ResponseCode: ResponseCode


@dataclass(frozen=True, slots=True, kw_only=True)
class RationalNumber:
    """`Value` times ten to the power of `Exponent`."""

    Exponent: Byte
    Value: Short

    def __float__(self) -> float:
        # One correctly rounded operation: a tenth is 0.1.
        return float(self.Value * 10**self.Exponent) if self.Exponent >= 0 else self.Value / 10**-self.Exponent

    @classmethod
    def of(cls, value: float) -> Self:
        """The nearest number with an exponent of -3 to 3, the range that deployed peers use.

        Of equal ones the exponent closest to zero wins: 400 is (0, 400), 150000 is (1, 15000), 0.5 is (-1, 5).

        Raises:
            ValueError: The value is not finite, or beyond the largest number, 32767000.
        """
        if not isfinite(value):
            raise ValueError(f"{value} is no RationalNumber")
        candidates: list[tuple[float, int, Self]] = []
        for exponent in (0, -1, 1, -2, 2, -3, 3):
            scaled = round(value * 10**-exponent if exponent < 0 else value / 10**exponent)
            if -32768 <= scaled <= 32767:
                number = cls(Exponent=exponent, Value=scaled)
                error = abs(float(number) - value)
                if not error:
                    return number
                candidates.append((error, len(candidates), number))
        if not candidates:
            raise ValueError(f"{value} is beyond the largest RationalNumber")
        return min(candidates)[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class DisplayParameters:
    PresentSOC: PercentValue | None = None
    MinimumSOC: PercentValue | None = None
    TargetSOC: PercentValue | None = None
    MaximumSOC: PercentValue | None = None
    RemainingTimeToMinimumSOC: UnsignedInt | None = None
    RemainingTimeToTargetSOC: UnsignedInt | None = None
    RemainingTimeToMaximumSOC: UnsignedInt | None = None
    ChargingComplete: bool | None = None
    BatteryEnergyCapacity: RationalNumber | None = None
    InletHot: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EVSEStatus:
    NotificationMaxDelay: UnsignedShort
    EVSENotification: EvseNotification


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterInfo:
    MeterID: MeterIdentifier
    ChargedEnergyReadingWh: UnsignedLong
    BPT_DischargedEnergyReadingWh: UnsignedLong | None = None
    CapacitiveEnergyReadingVARh: UnsignedLong | None = None
    BPT_InductiveEnergyReadingVARh: UnsignedLong | None = None
    MeterSignature: MeterSignatureBytes | None = None
    MeterStatus: Short | None = None
    MeterTimestamp: UnsignedLong | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DetailedCost:
    Amount: RationalNumber
    CostPerUnit: RationalNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class DetailedTax:
    TaxRuleID: NumericID
    Amount: RationalNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    TimeAnchor: UnsignedLong
    EnergyCosts: DetailedCost | None = None
    OccupancyCosts: DetailedCost | None = None
    AdditionalServicesCosts: DetailedCost | None = None
    OverstayCosts: DetailedCost | None = None
    TaxCosts: Annotated[tuple[DetailedTax, ...], Occurs(0, 10)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOfRootCertificateIDs:
    RootCertificateID: Annotated[tuple[X509IssuerSerial, ...], Occurs(1, 20)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeParameterDiscoveryReq(V2GRequest):
    """Abstract: AC_ or DC_ChargeParameterDiscoveryReq."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeParameterDiscoveryRes(V2GResponse):
    """Abstract: AC_ or DC_ChargeParameterDiscoveryRes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeLoopReq(V2GRequest):
    """Abstract: AC_ or DC_ChargeLoopReq."""

    DisplayParameters: DisplayParameters | None = None
    MeterInfoRequested: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeLoopRes(V2GResponse):
    """Abstract: AC_ or DC_ChargeLoopRes."""

    EVSEStatus: EVSEStatus | None = None
    MeterInfo: MeterInfo | None = None
    Receipt: Receipt | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduled_CLReqControlMode:
    """Abstract: the common part of the AC and DC modes."""

    EVTargetEnergyRequest: RationalNumber | None = None
    EVMaximumEnergyRequest: RationalNumber | None = None
    EVMinimumEnergyRequest: RationalNumber | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduled_CLResControlMode:
    """Abstract: the common part of the AC and DC modes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dynamic_CLReqControlMode:
    """Abstract: the common part of the AC and DC modes."""

    DepartureTime: UnsignedInt | None = None
    EVTargetEnergyRequest: RationalNumber
    EVMaximumEnergyRequest: RationalNumber
    EVMinimumEnergyRequest: RationalNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class Dynamic_CLResControlMode:
    """Abstract: the common part of the AC and DC modes."""

    DepartureTime: UnsignedInt | None = None
    MinimumSOC: PercentValue | None = None
    TargetSOC: PercentValue | None = None
    AckMaxDelay: UnsignedShort | None = None
