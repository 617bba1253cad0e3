"""What the charger knows about one session, and what it keeps of a paused one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.secc.offers import Offer
from v2gready.protocols.iso15118.secc.table import Family
from v2gready.protocols.iso15118.services import NO_SAE_MODES, ControlMode, SaeModes

NO_SESSION = bytes(8)
"""The SessionID with which a car asks for a new session."""


@dataclass(frozen=True, slots=True)
class CarLimits:
    """What the car can take and give: powers in W, currents in A, voltages in V, all positive."""

    maximum_charge_power: float
    maximum_discharge_power: float = 0.0
    maximum_charge_current: float = float("inf")
    maximum_discharge_current: float = float("inf")
    maximum_voltage: float = float("inf")
    minimum_voltage: float = 0.0
    maximum_reactive_power: float = float("inf")
    """In var, in the narrower direction; told with AC_DER alone."""
    may_discharge: bool = True
    """False while the car's V2X energy limits forbid it."""


UNLIMITED = CarLimits(maximum_charge_power=float("inf"), maximum_discharge_power=float("inf"))
"""A car whose limits are not known: the charger's own are all there is."""


@dataclass(frozen=True, slots=True)
class Steps:
    """Power over time: steps of (seconds, W) from an anchor on. Before the first and behind the last, they go on."""

    anchor: int
    steps: tuple[tuple[int, float], ...]

    def at(self, utc: float) -> float:
        """Power at an instant."""
        end = float(self.anchor)
        for seconds, watts in self.steps:
            end += seconds
            if utc < end:
                return watts
        return self.steps[-1][1]

    def starts(self) -> tuple[float, ...]:
        """Where the power may change."""
        starts, start = [], float(self.anchor)
        for seconds, _ in self.steps:
            starts.append(start)
            start += seconds
        return tuple(starts)


@dataclass(frozen=True, slots=True)
class OfferedSchedule:
    """One ScheduleTuple as it was offered; powers of both directions are positive."""

    tuple_id: int
    charging: Steps
    discharging: Steps | None = None


@dataclass(slots=True)
class Session:
    """One session. Every field has a value from the start: a charger must survive any order of requests.

    Attributes:
        offer: The service and parameter set selected; before the selection the first that is offered.
        id: SessionID of the responses; zero before SessionSetup.
        evccid: EVCCID of SessionSetupReq.
        car: Limits of ChargeParameterDiscoveryReq.
        authorizations: AuthorizationReq answered in this session.
        challenge: GenChallenge that was sent; empty without Plug & Charge.
        contract: Contract certificate (DER) that was accepted; empty after EIM.
        installation_rounds: CertificateInstallationRes with Ongoing for the contract that comes next.
        installed: Contracts sent in this session.
        schedule_rounds: ScheduleExchangeRes with Ongoing in the current exchange.
        schedules: Schedules offered last.
        schedule: The one of them that the car chose.
        profile: EVPowerProfile accepted last, negative for discharging; None in Dynamic mode or without one.
        renegotiating: A new schedule is exchanged while energy flows.
        standby: Energy transfer is suspended, the contactor stays closed.
        sae_modes: SupportedModes of the car (AC_DER_SAE), undefined bits left out.
        sae_control: The grid code that it was told last (AC_DER_SAE).
        metered: MeterInfo went out since the last PowerDelivery(Start) [V2G20-1833].
        pause_notified: EVSENotification=Pause went out, so that the car may pause in Dynamic mode [V2G20-1850].
    """

    offer: Offer
    id: bytes = NO_SESSION
    evccid: str = ""
    car: CarLimits = UNLIMITED
    authorizations: int = 0
    challenge: bytes = b""
    contract: bytes = field(default=b"", repr=False)
    installation_rounds: int = 0
    installed: int = 0
    schedule_rounds: int = 0
    schedules: tuple[OfferedSchedule, ...] = ()
    schedule: OfferedSchedule | None = None
    profile: Steps | None = None
    renegotiating: bool = False
    standby: bool = False
    sae_modes: SaeModes = NO_SAE_MODES
    sae_control: m.der_sae.DERControlCPDRes | None = None
    metered: bool = False
    pause_notified: bool = False

    @property
    def family(self) -> Family:
        """Message set of the energy transfer."""
        return self.offer.family

    @property
    def dynamic(self) -> bool:
        """The selected parameter set has Dynamic control mode."""
        return self.offer.control is ControlMode.DYNAMIC

    @property
    def bidirectional(self) -> bool:
        """With the selected service energy may flow out of the car."""
        return self.offer.service.discharges

    def header(self, utc: int) -> m.MessageHeader:
        """Header of a response."""
        return m.MessageHeader(SessionID=self.id, TimeStamp=utc)


@dataclass(frozen=True, slots=True)
class PausedSession:
    """What is kept of a paused session; authorization and selection come back with it.

    Attributes:
        binding: Ties the session to the car [V2G20-2545], see `binding`.
        session: Its data.
    """

    binding: bytes
    session: Session = field(repr=False)

    def revive(self) -> Session:
        """The session as it goes on: everything behind ServiceSelection starts afresh."""
        kept = self.session
        return Session(offer=kept.offer, id=kept.id, evccid=kept.evccid, contract=kept.contract)


def binding(session_id: bytes, evccid: str, vehicle_certificate: bytes | None) -> bytes:
    """The mark by which the same EVCC is known again.

    SHA-512 over the SessionID and the hash of the vehicle leaf certificate, as the standard's own example has it
    [V2G20-2545], [V2G20-2677]; the EVCCID goes in as well, and without TLS it is all there is.
    """
    leaf = hashlib.sha512(vehicle_certificate or b"").digest()
    return hashlib.sha512(session_id + leaf + evccid.encode()).digest()
