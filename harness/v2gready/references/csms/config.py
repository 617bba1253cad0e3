"""What the reference CSMS is: stations, tokens, tariff, policies. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from cryptography import x509

from v2gready.protocols.ocpp.editions import Edition
from v2gready.protocols.pki import Credential

PASSWORD = "v2gready-station-0001"  # noqa: S105 - of a station that exists in tests alone
ORGANISATION = "V2G-ready test CSO"


@dataclass(frozen=True, slots=True, kw_only=True)
class StationEntry:
    """A station that may connect.

    Attributes:
        password: BasicAuthPassword.
        serial: Its serial number, which its certificate has as common name; None: not checked at the handshake.
        boot: Status of the answers to the first, second, ... BootNotification of a connection; the last one repeats.
    """

    password: str = field(default=PASSWORD, repr=False)
    serial: str | None = None
    boot: tuple[str, ...] = ("Accepted",)


@dataclass(frozen=True, slots=True)
class Token:
    """A customer.

    Attributes:
        status: AuthorizationStatus.
        transfers: allowedEnergyTransfer; None as long as nobody has decided (Q01.FR.08).
    """

    status: str = "Accepted"
    transfers: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Band:
    """A part of the day with prices of its own.

    Attributes:
        from_hour: Hour of the day (UTC) in which it begins.
        import_price: What the customer pays for a kWh charged.
        export_price: What the customer gets for a kWh discharged.
    """

    from_hour: int
    import_price: float
    export_price: float


CHARGING = ("AC_single_phase", "AC_two_phase", "AC_three_phase", "DC")
BIDIRECTIONAL = ("AC_BPT", "AC_BPT_DER", "DC_BPT", "DC_ACDP_BPT")

TOKENS: Mapping[str, Token] = {
    "V2G-TOKEN": Token(transfers=CHARGING + BIDIRECTIONAL),
    "CHARGE-TOKEN": Token(transfers=CHARGING),
    "UNDECIDED-TOKEN": Token(),
    "BLOCKED-TOKEN": Token("Blocked"),
    "EXPIRED-TOKEN": Token("Expired"),
}
"""Any other token is Unknown."""

TARIFF = (Band(0, 0.20, 0.10), Band(6, 0.40, 0.30), Band(22, 0.20, 0.10))
"""Day from 6 to 22 h UTC, night otherwise: energy booked under the wrong hour shows in the cost."""

STATIONS: Mapping[str, StationEntry] = {
    "CS001": StationEntry(),
    "CS002": StationEntry(),
    "RDAM|123": StationEntry(),
    "STATION-WITH-THE-LONGEST-IDENTITY-OF-48-LETTERS1": StationEntry(),
    "PENDING": StationEntry(boot=("Pending", "Accepted")),
    "REJECTED": StationEntry(boot=("Rejected", "Accepted")),
}


def entry_of(identity: str, password: str) -> StationEntry:
    """A station with that password; one of `STATIONS` is treated as there: "PENDING" is left so at first."""
    return replace(STATIONS.get(identity, StationEntry()), password=password)


@dataclass(frozen=True, slots=True, kw_only=True)
class CsmsConfig:
    """One CSMS.

    Attributes:
        host: Name for which it has its certificate.
        port: Where to listen; 0 for any.
        path: Endpoint; a station adds "/" and its identity.
        security_profile: 1 (ws, Basic), 2 (wss, Basic) or 3 (wss, client certificate).
        editions: Spoken editions, the preferred one first.
        stations: Registry by identity.
        tokens: Customers by idToken.
        tariff: Prices by hour of the day (UTC), in order; the first begins at hour 0.
        organisation: Name of the CSO, which station certificates have as organisation.
        heartbeat_interval: `interval` of BootNotificationResponse while Accepted, in s.
        retry_interval: The same while Pending or Rejected.
        call_timeout: Seconds that a station has to answer a CALL.
        response_time: Seconds from a CALL to its answer.
        handshake_timeout: Seconds that TLS and the WebSocket handshake may take.
        max_size: Octets of the longest message taken; a longer one closes the connection with 1009.
        compression: Accept permessage-deflate.
        needs_status: Answer to NotifyEVChargingNeeds whose transfer is allowed.
        processing_time: Seconds from the answer Processing to SetChargingProfile (K15: within 60 s).
        charge_power: Power of a planned charging period at most, in W.
        discharge_power: Power of a planned discharging period at most, in W, positive.
        pull_interval: dynUpdateInterval of a dynamic profile, in s.
        dynamic_validity: `duration` of a dynamic profile, in s.
        contracts: Contracts to hand out by Get15118EVCertificate.
        revoked: Serial numbers (hexadecimal, no leading zeros) of revoked certificates.
        unknown: Serial numbers of certificates of which nobody knows anything.
        unavailable: Serial numbers whose status cannot be had (Failed).
    """

    host: str = "csms.v2gready.test"
    port: int = 0
    path: str = "/ocpp"
    security_profile: int = 1
    editions: tuple[Edition, ...] = (Edition.V21, Edition.V201)
    stations: Mapping[str, StationEntry] = field(default_factory=lambda: dict(STATIONS))
    tokens: Mapping[str, Token] = field(default_factory=lambda: dict(TOKENS))
    tariff: tuple[Band, ...] = TARIFF
    organisation: str = ORGANISATION
    heartbeat_interval: int = 300
    retry_interval: int = 10
    call_timeout: float = 30.0
    response_time: float = 0.0
    handshake_timeout: float = 10.0
    max_size: int = 1_048_576
    compression: bool = True
    needs_status: str = "Accepted"
    processing_time: float = 5.0
    charge_power: float = 11_000.0
    discharge_power: float = 10_000.0
    pull_interval: int = 30
    dynamic_validity: int = 120
    contracts: int = 3
    revoked: frozenset[str] = frozenset({"bad"})
    unknown: frozenset[str] = frozenset({"404"})
    unavailable: frozenset[str] = frozenset({"503"})

    def __post_init__(self) -> None:
        if self.security_profile not in {1, 2, 3}:
            raise ValueError(f"security profile {self.security_profile} does not exist; there are 1, 2 and 3")
        if not self.tariff or self.tariff[0].from_hour != 0:
            raise ValueError("the first band of a tariff begins at hour 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class CsmsCredentials:
    """What a CSMS needs for TLS and for signing.

    Attributes:
        server: Its certificates, one per key type (RSA, ECDSA).
        station_roots: Trust anchors for the certificates of stations.
        issuer: Authority that signs the certificates and OCSP answers; None makes one of its own.
    """

    server: tuple[Credential, ...] = ()
    station_roots: tuple[x509.Certificate, ...] = ()
    issuer: Credential | None = None
