"""What the emulated car wants and can do. Data only; the core reads it, a test case replaces parts of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import x448

from v2gready.protocols.iso15118.contract_keys import OCC_W, Derivation
from v2gready.protocols.iso15118.messages import Authorization, ChargingSession
from v2gready.protocols.iso15118.services import (
    ALL_DER_FUNCTIONS,
    ALL_SAE_MODES,
    ControlMode,
    DerControlFunctions,
    SaeModes,
    ServiceId,
)
from v2gready.protocols.pki import Credential

AC_NAMESPACE = "urn:iso:std:iso:15118:-20:AC"
DC_NAMESPACE = "urn:iso:std:iso:15118:-20:DC"


@dataclass(frozen=True, slots=True)
class Offer:
    """One entry of supportedAppProtocolReq."""

    namespace: str
    schema_id: int
    priority: int
    major: int = 1
    minor: int = 0


@dataclass(frozen=True, slots=True)
class Ratings:
    """Limits the car announces. Powers in W, currents in A, voltages in V, energies in Wh, var; all positive.

    Discharge limits are announced with a positive sign, as ISO 15118-20:2022 Table 94 has it and its peers do.
    """

    maximum_charge_power: float = 11_000.0
    minimum_charge_power: float = 0.0
    maximum_charge_current: float = 32.0
    minimum_charge_current: float = 0.0
    maximum_discharge_power: float = 11_000.0
    minimum_discharge_power: float = 0.0
    maximum_discharge_current: float = 32.0
    minimum_discharge_current: float = 0.0
    maximum_voltage: float = 460.0
    minimum_voltage: float = 300.0
    target_energy: float = 20_000.0
    maximum_energy: float = 30_000.0
    minimum_energy: float = 1_000.0
    maximum_v2x_energy: float = 20_000.0
    minimum_v2x_energy: float = 0.0
    maximum_reactive_power: float = 5_000.0


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract of the car with an e-mobility service provider. Never shows its key.

    Attributes:
        emaid: Its id.
        credential: Its certificate, key and chain.
    """

    emaid: str
    credential: Credential

    @property
    def provider(self) -> str:
        """Country and provider: the first five characters of the EMAID."""
        return self.emaid.replace("-", "").upper()[:5]


@dataclass(frozen=True, slots=True)
class Provisioning:
    """What a car needs to have contracts installed. Never shows a key.

    Attributes:
        oem: OEM provisioning certificate (its common name is the PCID) with key and chain.
        roots: V2G roots that the car trusts, named in the request; the chain of the CPS ends at one of them.
        maximum: MaximumContractCertificateChains.
        emaids: PrioritizedEMAIDs, up to 8.
        agreement: Key for X448, if the car can do that.
        derivation: How the contract key is encrypted, as far as that is (unconfirmed).
    """

    oem: Credential
    roots: tuple[x509.Certificate, ...]
    maximum: int = 1
    emaids: tuple[str, ...] = ()
    agreement: x448.X448PrivateKey | None = field(default=None, repr=False)
    derivation: Derivation = OCC_W


@dataclass(frozen=True, slots=True)
class Plan:
    """One session of the car.

    Attributes:
        service: Energy transfer service the car selects.
        control: Control mode it selects.
        offers: What it offers in supportedAppProtocolReq.
        evcc_id: EVCCID.
        ratings: Its limits.
        session_id: Id it brings along: zero for a new session, that of a paused session to resume.
        supporting_points: MaximumSupportingPoints (12 to 1024).
        departure: DepartureTime in seconds from now; None leaves it out where it is optional.
        loops: Charge loops before it ends the session by itself.
        ending: How it ends the session.
        authorization_tries: How often it sends AuthorizationReq after a warning.
        pre_charge_tolerance: Accepted difference between EVSE and target voltage, in V.
        pre_charge_rounds: Rounds after which the car takes pre-charge as done whatever the voltage is: for chargers
            without a power stage (simulators). None, as for every real charger: it waits for the voltage.
        meter_info: Whether it asks for MeterInfo.
        authorization: What the car wants first; where PnC is not offered or no contract is taken, it goes on with EIM.
        contracts: Contracts of the car, the best first.
        provisioning: Credentials to have contracts installed, before it authorizes itself; None for no such wish.
        price_signers: Certificates whose keys may sign price schedules, besides the sub-CA of the contract.
        side_streams: MeteringConfirmationReq goes out as payload type 0x8102, not 0x8002 as open peers have it.
        der_functions: AC_DER: what the inverter of the car can do; it takes no parameter set with more.
        der_rounds: AC_DER: ChargeParameterDiscoveryReq with EVProcessing Ongoing, while it evaluates the grid code.
        sae_modes: AC_DER_SAE: SupportedModes.
        signed_der_limits: AC_DER: discharge limits as non-positive numbers, as Amendment 1 has them (reference 3.6).
    """

    service: ServiceId = ServiceId.DC
    control: ControlMode = ControlMode.SCHEDULED
    offers: tuple[Offer, ...] = ()
    evcc_id: str = "WMIV1234567890ABCDEX"
    ratings: Ratings = field(default_factory=Ratings)
    session_id: bytes = bytes(8)
    supporting_points: int = 1024
    departure: int | None = 7200
    loops: int = 5
    ending: ChargingSession = ChargingSession.Terminate
    authorization_tries: int = 2
    pre_charge_tolerance: float = 20.0
    pre_charge_rounds: int | None = None
    meter_info: bool = True
    authorization: Authorization = Authorization.EIM
    contracts: tuple[Contract, ...] = ()
    provisioning: Provisioning | None = None
    price_signers: tuple[x509.Certificate, ...] = ()
    side_streams: bool = False
    der_functions: DerControlFunctions = ALL_DER_FUNCTIONS
    der_rounds: int = 0
    sae_modes: SaeModes = ALL_SAE_MODES
    signed_der_limits: bool = True

    @property
    def app_protocols(self) -> tuple[Offer, ...]:
        """The offers; by default the energy namespace of the service alone."""
        return self.offers or (Offer(self.service.namespace, schema_id=10, priority=1),)
