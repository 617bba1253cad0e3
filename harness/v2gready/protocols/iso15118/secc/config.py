"""What a charger is: ratings, services, policies. Data only.

Where the sources leave a rule open, there is a switch here, and its comment says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from v2gready.protocols.iso15118 import timers
from v2gready.protocols.iso15118.messages import Authorization
from v2gready.protocols.iso15118.secc.der import DerSettings
from v2gready.protocols.iso15118.secc.sae import SaeSettings
from v2gready.protocols.iso15118.services import BptChannel, ServiceId


class SecurityPolicy(Enum):
    """Which transports the charger opens, and so what it grants over SDP (reference section 1.2)."""

    TLS = "tls"
    """TLS alone: who asks for none is answered TLS."""
    NONE = "none"
    """No TLS: who asks for TLS is answered none [V2G2-627]. A rig, not a product."""
    BOTH = "both"
    """What the car asked for is granted."""


class Protection(Enum):
    """What protects a connection."""

    PLAIN = ""
    TLS_1_2 = "TLSv1.2"
    TLS_1_3 = "TLSv1.3"


class Eim(Enum):
    """How one AuthorizationReq with EIM turns out."""

    ACCEPT = "accept"
    REJECT = "reject"
    ONGOING = "ongoing"
    WAITING = "waiting"
    """Ongoing_WaitingForCustomerInteraction: the card has not been shown yet."""


class Undecodable(Enum):
    """Reaction to a payload that is no message; the standard's own reaction is (unconfirmed)."""

    CLOSE = "close"
    """End the connection: half-duplex request and response has lost its step, and nothing was answered OK."""
    IGNORE = "ignore"
    """Stay silent, so that V2G_SECC_Sequence_Timeout ends the session."""


@dataclass(frozen=True, slots=True)
class DcRatings:
    """Limits of the DC output; powers in W, currents in A, voltages in V, all positive."""

    maximum_voltage: float = 950.0
    minimum_voltage: float = 200.0
    maximum_charge_current: float = 80.0
    minimum_charge_current: float = 0.0
    maximum_charge_power: float = 30_000.0
    minimum_charge_power: float = 0.0
    maximum_discharge_current: float = 80.0
    minimum_discharge_current: float = 0.0
    maximum_discharge_power: float = 30_000.0
    minimum_discharge_power: float = 0.0


@dataclass(frozen=True, slots=True)
class AcRatings:
    """Limits of the AC outlet; powers are sums over the phases, in W, all positive."""

    phases: int = 3
    nominal_voltage: int = 230
    nominal_frequency: float = 50.0
    maximum_charge_power: float = 22_080.0
    """3 x 32 A x 230 V."""
    minimum_charge_power: float = 0.0
    maximum_discharge_power: float = 11_040.0
    minimum_discharge_power: float = 0.0


MCS_RATINGS = DcRatings(
    maximum_voltage=1250.0,
    minimum_voltage=200.0,
    maximum_charge_current=3000.0,
    maximum_charge_power=3_750_000.0,
    maximum_discharge_current=3000.0,
    maximum_discharge_power=3_750_000.0,
)
"""The largest that the megawatt connector is made for (reference 3.7)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargerConfig:
    """One charger.

    Attributes:
        services: Energy transfer services in the order of the offer. With AC and DC among them the namespace chosen
            in supportedAppProtocol decides which are listed.
        dc: Ratings of the DC output.
        ac: Ratings of the AC outlet.
        mcs: Ratings of the DC output with an MCS service.
        der: What it wants of an inverter in the car, with service AC_DER_IEC.
        sae: The same with service AC_DER_SAE; None for the settings of ``fixtures/der/sae.toml``.
        security: Transports opened.
        plain_tcp: Whether -20 may be chosen on a connection without TLS. [V2G20-2356] forbids it; every open peer
            does it by default, so a rig must as well.
        tls_1_2: Accept TLS 1.2 too, as a server for cars of both parts may [V2G20-2359]; -20 is not chosen there.
        evse_id: EVSEID of SessionSetupRes.
        authorization_services: AuthorizationServices of AuthorizationSetupRes, in that order; EIM, PnC or both.
        certificate_installation: CertificateInstallationService.
        installation_ongoing: CertificateInstallationRes that say Ongoing before each contract.
        supported_providers: SupportedProviders; None to leave the list out.
        lenient_signatures: Take ecdsa-sha256 on secp256r1, as open peers sign: for rigs.
        metering_signed: Refuse a reading that the contract of the session has not signed (who signs is unconfirmed).
        price_signed: Sign the price schedules, where the back end has a key for it.
        absolute_prices: Send an AbsolutePriceSchedule instead of a PriceLevelSchedule.
        authorization: Outcome of the first, second, ... AuthorizationReq of a session; the last one repeats.
        service_renegotiation: ServiceRenegotiationSupported.
        schedule_renegotiation: Whether a running schedule may be renegotiated.
        standby: Whether ChargeProgress=Standby is accepted.
        secc_mobility_needs: Offer a Dynamic set with MobilityNeedsMode 2 as well [V2G20-2663].
        bpt_channel: Value of BPTChannel in the bidirectional services.
        three_phase_connector: Value of Connector for three phases: 2 or 3 (unconfirmed).
        per_phase: Three-phase limits and targets as P, P_L2, P_L3. False: the sum in P alone, which [V2G20-1817]
            allows as well.
        signed_discharge_limits: Announce discharge limits as non-positive numbers, as Amendment 1 does; ISO
            15118-20:2022 and its peers announce them positive (reference section 3.6).
        schedule: Steps of the offered schedule as (seconds, share of the rated power).
        schedule_tuples: Schedules offered in Scheduled mode, 1 to 3.
        price_levels: Send a PriceLevelSchedule with every schedule [V2G20-2176]. The user group agreed to do without
            one; Josev's car insists on it.
        power_tolerance: PowerTolerance of the offered schedules in W, None to leave it out.
        schedule_ongoing: ScheduleExchangeRes that say Ongoing before the schedule comes.
        profile_required: Refuse PowerDelivery(Start) without EVPowerProfile in Scheduled mode (unconfirmed).
        profile_lag: Seconds by which the steps of EVPowerProfile may lag behind those of the schedule: a car anchors
            them at PowerDelivery, the charger at ScheduleExchange (the value is our own).
        profile_margin: Deviation from EVPowerProfile that is tolerated before WARNING_EVPowerProfileViolation, as a
            share of the rated power (the value is our own).
        honour_v2x_band: No discharging while EVMinimumV2XEnergyRequest is above zero (unconfirmed).
        honour_departure: Dynamic: no discharging while EVMinimumEnergyRequest could not be charged any more until
            DepartureTime (unconfirmed).
        metering: Whether there is a meter to tell about. Josev's car cannot read the BPT register of one.
        undecodable: Reaction to a payload that is no message.
        notification_delay: NotificationMaxDelay in Dynamic mode, in s; Scheduled mode uses 0 (reference section 4.4).
        dynamic_power: Power of Dynamic mode until somebody sets another, in W; None takes what both sides can.
        sequence_timeout: V2G_SECC_Sequence_Timeout, in s.
        loop_timeout: The same after a ChargeLoopRes.
        response_time: Seconds between a request and its response, as long as a controller of this kind takes.
        handshake_timeout: Seconds a TLS handshake may take; the value is our own.
        connections: Connections served at a time; only one of them can have a session.
        sample_period: Seconds between two samples of a steady quantity while the outlet is energised.
    """

    services: tuple[ServiceId, ...] = (ServiceId.DC, ServiceId.DC_BPT)
    dc: DcRatings = field(default_factory=DcRatings)
    ac: AcRatings = field(default_factory=AcRatings)
    mcs: DcRatings = MCS_RATINGS
    der: DerSettings = field(default_factory=DerSettings)
    sae: SaeSettings | None = None
    security: SecurityPolicy = SecurityPolicy.NONE
    plain_tcp: bool = True
    tls_1_2: bool = False
    evse_id: str = "DE*V2G*E00001"
    authorization_services: tuple[Authorization, ...] = (Authorization.EIM,)
    certificate_installation: bool = False
    installation_ongoing: int = 0
    supported_providers: tuple[str, ...] | None = None
    lenient_signatures: bool = False
    metering_signed: bool = False
    price_signed: bool = False
    absolute_prices: bool = False
    authorization: tuple[Eim, ...] = (Eim.ACCEPT,)
    service_renegotiation: bool = True
    schedule_renegotiation: bool = True
    standby: bool = True
    secc_mobility_needs: bool = True
    bpt_channel: BptChannel = BptChannel.UNIFIED
    three_phase_connector: int = 2
    per_phase: bool = True
    signed_discharge_limits: bool = False
    schedule: tuple[tuple[int, float], ...] = ((3600, 1.0),) * 24
    schedule_tuples: int = 1
    price_levels: bool = True
    power_tolerance: float | None = None
    schedule_ongoing: int = 0
    profile_required: bool = False
    profile_lag: int = 60
    profile_margin: float = 0.02
    honour_v2x_band: bool = True
    honour_departure: bool = True
    metering: bool = True
    undecodable: Undecodable = Undecodable.CLOSE
    notification_delay: int = 60
    dynamic_power: float | None = None
    sequence_timeout: float = timers.V2G_SECC_SEQUENCE_TIMEOUT
    loop_timeout: float = timers.V2G_SECC_SEQUENCE_TIMEOUT_LOOP
    response_time: float = 0.05
    handshake_timeout: float = 10.0
    connections: int = 8
    sample_period: float = 1.0

    @property
    def pnc(self) -> bool:
        """Plug & Charge is offered."""
        return Authorization.PnC in self.authorization_services

    def __post_init__(self) -> None:
        if not self.services:
            raise ValueError("a charger offers at least one energy transfer service")
        if not self.authorization_services:
            raise ValueError("a charger offers at least one authorization service")
        if not self.authorization:
            raise ValueError("authorization needs at least one outcome")
        if not 1 <= self.schedule_tuples <= 3:
            raise ValueError(f"schedule_tuples is {self.schedule_tuples}; ScheduleTuple occurs 1 to 3 times")

    def dc_ratings(self, service: ServiceId) -> DcRatings:
        """Ratings of the DC output with that service."""
        return self.mcs if service.is_mcs else self.dc

    def discharge_sign(self, service: ServiceId) -> float:
        """Sign of discharge limits with that service: a switch, as the standard and its amendment disagree (3.6)."""
        if service is ServiceId.AC_DER_SAE:
            signed = self.sae is None or self.sae.signed_limits
        else:
            signed = self.der.signed_limits if service.is_der else self.signed_discharge_limits
        return -1.0 if signed else 1.0


DC_CHARGER = ChargerConfig()
"""A bidirectional DC charger, 200 to 950 V, 80 A, 30 kW both ways."""
AC_CHARGER = ChargerConfig(services=(ServiceId.AC, ServiceId.AC_BPT))
"""A bidirectional three-phase AC charger, 22 kW into the car, 11 kW out of it."""
