"""The messages that AC and DC share (reference 3.2)."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Annotated

from v2gready.protocols.exi import ATTRIBUTE, CHOICE, Occurs, OneOf
from v2gready.protocols.iso15118.messages.common_types import (
    EVSEStatus,
    ListOfRootCertificateIDs,
    MeterInfo,
    Processing,
    RationalNumber,
    Receipt,
    V2GRequest,
    V2GResponse,
)
from v2gready.protocols.iso15118.messages.schedules import (
    Dynamic_SEReqControlMode,
    Dynamic_SEResControlMode,
    EVPowerProfile,
    Scheduled_SEReqControlMode,
    Scheduled_SEResControlMode,
)
from v2gready.protocols.iso15118.messages.simple_types import (
    ID,
    Byte,
    CertificateBytes,
    Challenge,
    Description,
    DHPublicKeyBytes,
    Identifier,
    Int,
    NameText,
    NumericID,
    Secp521EncryptedPrivateKey,
    ServiceIdentifier,
    SessionIdentifier,
    Short,
    SupportingPoints,
    TpmEncryptedPrivateKey,
    UnsignedByte,
    UnsignedLong,
    X448EncryptedPrivateKey,
)

NAMESPACE = "urn:iso:std:iso:15118:-20:CommonMessages"


class Authorization(enum.IntEnum):
    """How the customer may be identified."""

    EIM = 0
    PnC = 1


class ChargeProgress(enum.IntEnum):
    """What PowerDelivery shall do."""

    Start = 0
    Stop = 1
    Standby = 2
    ScheduleRenegotiation = 3


class ChannelSelection(enum.IntEnum):
    """Direction of the energy, where there are two channels."""

    Charge = 0
    Discharge = 1


class ChargingSession(enum.IntEnum):
    """How a session ends."""

    Pause = 0
    Terminate = 1
    ServiceRenegotiation = 2


class EcdhCurve(enum.IntEnum):
    """Curve of the key agreement that protects a contract key."""

    SECP521 = 0
    X448 = 1


class EvCheckInStatus(enum.IntEnum):
    """Progress of parking."""

    CheckIn = 0
    Processing = 1
    Completed = 2


class EvCheckOutStatus(enum.IntEnum):
    """Progress of leaving, seen by the car."""

    CheckOut = 0
    Processing = 1
    Completed = 2


class EvseCheckOutStatus(enum.IntEnum):
    """Progress of leaving, seen by the charger."""

    Scheduled = 0
    Completed = 1


class ParkingMethod(enum.IntEnum):
    """Who parks the car."""

    AutoParking = 0
    MVGuideManual = 1
    Manual = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class SubCertificates:
    Certificate: Annotated[tuple[CertificateBytes, ...], Occurs(1, 3)]


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateChain:
    Certificate: CertificateBytes
    SubCertificates: SubCertificates | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedCertificateChain:
    Id: Annotated[ID, ATTRIBUTE]
    Certificate: CertificateBytes
    SubCertificates: SubCertificates | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractCertificateChain:
    Certificate: CertificateBytes
    SubCertificates: SubCertificates


@dataclass(frozen=True, slots=True, kw_only=True)
class EMAIDList:
    EMAID: Annotated[tuple[Identifier, ...], Occurs(1, 8)]


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSetupReq(V2GRequest):
    EVCCID: Identifier


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSetupRes(V2GResponse):
    EVSEID: Identifier


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationSetupReq(V2GRequest):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportedProvidersList:
    ProviderID: Annotated[tuple[NameText, ...], Occurs(1, 128)]


@dataclass(frozen=True, slots=True, kw_only=True)
class EIM_ASResAuthorizationMode:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class PnC_ASResAuthorizationMode:
    GenChallenge: Challenge
    SupportedProviders: SupportedProvidersList | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationSetupRes(V2GResponse):
    AuthorizationServices: Annotated[tuple[Authorization, ...], Occurs(1, 2)]
    CertificateInstallationService: bool
    ASResAuthorizationMode: Annotated[EIM_ASResAuthorizationMode | PnC_ASResAuthorizationMode, CHOICE]


@dataclass(frozen=True, slots=True, kw_only=True)
class EIM_AReqAuthorizationMode:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class PnC_AReqAuthorizationMode:
    Id: Annotated[ID, ATTRIBUTE]
    GenChallenge: Challenge
    ContractCertificateChain: ContractCertificateChain


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationReq(V2GRequest):
    SelectedAuthorizationService: Authorization
    AReqAuthorizationMode: Annotated[EIM_AReqAuthorizationMode | PnC_AReqAuthorizationMode, CHOICE]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRes(V2GResponse):
    EVSEProcessing: Processing


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateInstallationReq(V2GRequest):
    OEMProvisioningCertificateChain: SignedCertificateChain
    ListOfRootCertificateIDs: ListOfRootCertificateIDs
    MaximumContractCertificateChains: UnsignedByte
    PrioritizedEMAIDs: EMAIDList | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedInstallationData:
    Id: Annotated[ID, ATTRIBUTE]
    ContractCertificateChain: ContractCertificateChain
    ECDHCurve: EcdhCurve
    DHPublicKey: DHPublicKeyBytes
    SECP521_EncryptedPrivateKey: Annotated[Secp521EncryptedPrivateKey | None, OneOf("key")] = None
    X448_EncryptedPrivateKey: Annotated[X448EncryptedPrivateKey | None, OneOf("key")] = None
    TPM_EncryptedPrivateKey: Annotated[TpmEncryptedPrivateKey | None, OneOf("key")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateInstallationRes(V2GResponse):
    EVSEProcessing: Processing
    CPSCertificateChain: CertificateChain
    SignedInstallationData: SignedInstallationData
    RemainingContractCertificateChains: UnsignedByte


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceIDList:
    ServiceID: Annotated[tuple[ServiceIdentifier, ...], Occurs(1, 16)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceDiscoveryReq(V2GRequest):
    SupportedServiceIDs: ServiceIDList | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    ServiceID: ServiceIdentifier
    FreeService: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceList:
    Service: Annotated[tuple[Service, ...], Occurs(1, 8)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceDiscoveryRes(V2GResponse):
    ServiceRenegotiationSupported: bool
    EnergyTransferServiceList: ServiceList
    VASList: ServiceList | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceDetailReq(V2GRequest):
    ServiceID: ServiceIdentifier


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A named value: exactly one of the six is set."""

    Name: Annotated[NameText, ATTRIBUTE]
    boolValue: Annotated[bool | None, OneOf("value")] = None
    byteValue: Annotated[Byte | None, OneOf("value")] = None
    shortValue: Annotated[Short | None, OneOf("value")] = None
    intValue: Annotated[Int | None, OneOf("value")] = None
    rationalNumber: Annotated[RationalNumber | None, OneOf("value")] = None
    finiteString: Annotated[NameText | None, OneOf("value")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterSet:
    ParameterSetID: ServiceIdentifier
    Parameter: Annotated[tuple[Parameter, ...], Occurs(1, 32)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceParameterList:
    ParameterSet: Annotated[tuple[ParameterSet, ...], Occurs(1, 32)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceDetailRes(V2GResponse):
    ServiceID: ServiceIdentifier
    ServiceParameterList: ServiceParameterList


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectedService:
    ServiceID: ServiceIdentifier
    ParameterSetID: ServiceIdentifier


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectedServiceList:
    SelectedService: Annotated[tuple[SelectedService, ...], Occurs(1, 16)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSelectionReq(V2GRequest):
    SelectedEnergyTransferService: SelectedService
    SelectedVASList: SelectedServiceList | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSelectionRes(V2GResponse):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleExchangeReq(V2GRequest):
    MaximumSupportingPoints: SupportingPoints
    SEReqControlMode: Annotated[Dynamic_SEReqControlMode | Scheduled_SEReqControlMode, CHOICE]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleExchangeRes(V2GResponse):
    EVSEProcessing: Processing
    GoToPause: bool | None = None
    SEResControlMode: Annotated[Dynamic_SEResControlMode | Scheduled_SEResControlMode, CHOICE]


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerDeliveryReq(V2GRequest):
    EVProcessing: Processing
    ChargeProgress: ChargeProgress
    EVPowerProfile: EVPowerProfile | None = None
    BPT_ChannelSelection: ChannelSelection | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerDeliveryRes(V2GResponse):
    EVSEStatus: EVSEStatus | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dynamic_SMDTControlMode:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduled_SMDTControlMode:
    SelectedScheduleTupleID: NumericID


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedMeteringData:
    Id: Annotated[ID, ATTRIBUTE]
    SessionID: SessionIdentifier
    MeterInfo: MeterInfo
    Receipt: Receipt | None = None
    SMDTControlMode: Annotated[Dynamic_SMDTControlMode | Scheduled_SMDTControlMode, CHOICE]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeteringConfirmationReq(V2GRequest):
    SignedMeteringData: SignedMeteringData


@dataclass(frozen=True, slots=True, kw_only=True)
class MeteringConfirmationRes(V2GResponse):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStopReq(V2GRequest):
    ChargingSession: ChargingSession
    EVTerminationCode: NameText | None = None
    EVTerminationExplanation: Description | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStopRes(V2GResponse):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleCheckInReq(V2GRequest):
    EVCheckInStatus: EvCheckInStatus
    ParkingMethod: ParkingMethod
    VehicleFrame: Short | None = None
    DeviceOffset: Short | None = None
    VehicleTravel: Short | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleCheckInRes(V2GResponse):
    ParkingSpace: Short | None = None
    DeviceLocation: Short | None = None
    TargetDistance: Short | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleCheckOutReq(V2GRequest):
    EVCheckOutStatus: EvCheckOutStatus
    CheckOutTime: UnsignedLong


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleCheckOutRes(V2GResponse):
    EVSECheckOutStatus: EvseCheckOutStatus
