"""What a reference station is: identity, EVSEs, how it connects, how patient it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509

from v2gready.protocols.ocpp.editions import Edition
from v2gready.protocols.ocpp.pki import ORGANISATION, SERIAL
from v2gready.protocols.pki import Credential
from v2gready.references.station.energy_settings import EnergySettings


@dataclass(frozen=True, slots=True)
class EvseConfig:
    """One EVSE.

    Attributes:
        id: Number from 1.
        max_charge_power: Rating towards the vehicle in W.
        max_discharge_power: Rating towards the grid in W, positive.
        transfers: Energy transfer modes it offers (EnergyTransferMode).
        nominal_voltage: Of the output, in V.
        connectors: How many connectors it has.
    """

    id: int
    max_charge_power: float = 22_000.0
    max_discharge_power: float = 22_000.0
    transfers: tuple[str, ...] = ("DC", "DC_BPT")
    nominal_voltage: float = 400.0
    connectors: int = 1


@dataclass(frozen=True, slots=True)
class BackOff:
    """Waiting times before the next connection attempt (OCPP-J section 5, with the errata).

    Attributes:
        minimum: RetryBackOffWaitMinimum in s.
        random_range: RetryBackOffRandomRange in s.
        repeats: RetryBackOffRepeatTimes: how often the wait is doubled.
    """

    minimum: int = 2
    random_range: int = 2
    repeats: int = 3


@dataclass(frozen=True, slots=True)
class StationConfig:
    """A charging station.

    Attributes:
        identity: Its identity in the URL, at most 48 characters, no colon.
        serial: Serial number; common name of its certificate.
        vendor: Vendor name.
        model: Model name.
        firmware: Firmware version.
        organisation: Name of the CSO: OrganizationName, the O of its certificate.
        host: Host name or address of the CSMS as in the URL; with TLS the name that its certificate has to carry.
        port: TCP port of the CSMS.
        path: Path of the endpoint, without the identity.
        names: Addresses of host names, as a hosts file; needed on the null modem, which resolves nothing.
        password: Basic authentication; 16 to 64 characters. A secret: never shown.
        security_profile: 1, 2 or 3.
        editions: Subprotocols offered, most wanted first.
        evses: The EVSEs.
        authorize_timeout: EVConnectionTimeOut in s: how long an authorization waits for the cable.
        message_timeout: Seconds that a call may stay unanswered.
        connect_timeout: Seconds for TCP, TLS and WebSocket together.
        connection_attempts: NetworkProfileConnectionAttempts before the next profile in priority is tried.
        heartbeat_interval: Seconds, until the CSMS says otherwise.
        ping_interval: WebSocketPingInterval in s; 0: none.
        back_off: Waits between connection attempts.
        message_attempts: MessageAttempts[TransactionEvent].
        message_attempt_interval: MessageAttemptInterval[TransactionEvent] in s.
        boot_retry: Seconds until the next BootNotification where the CSMS gives none.
        sampling_interval: SampledDataCtrlr.TxUpdatedInterval in s; 0: none.
        meter_period: Seconds between two samples of the power meter at the outlet.
        queue_limit: Transaction events that fit into memory.
        report_items: Most entries in one NotifyReport.
        reboot_time: Seconds that a reset takes.
        clock_error: Seconds by which the clock is wrong before the CSMS sets it.
        downgrade_allowed: SecurityCtrlr.AllowSecurityProfileDowngrade.
        wildcards_allowed: SecurityCtrlr.AllowCSMSTLSWildcards.
        certificate_wait: CertSigningWaitMinimum in s.
        certificate_repeats: CertSigningRepeatTimes.
        resumes: Transactions go on after a power cycle (TxResumed); otherwise they end with PowerLoss.
        services: A service is known to be renegotiable (ISO15118Ctrlr.ServiceRenegotiationSupport).
        energy: Choices of smart charging, V2X and DER.
        today: The time by which certificates are judged; None: the machine's clock, the one OpenSSL looks at.
    """

    identity: str = "V2GREADY-CS-1"
    serial: str = SERIAL
    vendor: str = "V2G-ready"
    model: str = "Reference"
    firmware: str = "1.0.0"
    organisation: str = ORGANISATION
    host: str = "localhost"
    port: int = 9000
    path: str = "/ocpp"
    names: Mapping[str, str] = field(default_factory=dict)
    password: str = field(default="a-password-for-the-bench", repr=False)
    security_profile: int = 1
    editions: tuple[Edition, ...] = (Edition.V21, Edition.V201)
    evses: tuple[EvseConfig, ...] = (EvseConfig(1), EvseConfig(2))
    authorize_timeout: int = 60
    message_timeout: int = 30
    connect_timeout: float = 10.0
    connection_attempts: int = 3
    heartbeat_interval: int = 300
    ping_interval: int = 30
    back_off: BackOff = BackOff()
    message_attempts: int = 3
    message_attempt_interval: int = 5
    boot_retry: int = 10
    sampling_interval: int = 30
    meter_period: float = 1.0
    queue_limit: int = 500
    report_items: int = 20
    reboot_time: float = 2.0
    clock_error: float = 0.0
    downgrade_allowed: bool = False
    wildcards_allowed: bool = False
    certificate_wait: int = 10
    certificate_repeats: int = 3
    resumes: bool = False
    services: bool = True
    energy: EnergySettings = field(default_factory=EnergySettings)
    today: datetime | None = None


@dataclass(frozen=True, slots=True)
class StationCredentials:
    """What the station knows for TLS and for checking certificates.

    Attributes:
        roots: CSMSRootCertificate: trust anchors for the CSMS and for the station's own certificate.
        certificate: ChargingStationCertificate with its key; needed for security profile 3.
        v2g_roots: V2GRootCertificate.
        mo_roots: MORootCertificate.
    """

    roots: tuple[x509.Certificate, ...] = ()
    certificate: Credential | None = None
    v2g_roots: tuple[x509.Certificate, ...] = ()
    mo_roots: tuple[x509.Certificate, ...] = ()
