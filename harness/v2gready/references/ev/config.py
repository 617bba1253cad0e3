"""What the car is and wants: services, battery, limits, policies. Data only.

Where the sources leave a rule open, there is a switch here, and its comment says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from ipaddress import IPv6Network

from v2gready.protocols import sdp
from v2gready.protocols.iso15118.evcc import Ratings
from v2gready.protocols.iso15118.messages import Authorization
from v2gready.protocols.iso15118.services import ALL_DER_FUNCTIONS, ControlMode, DerControlFunctions, ServiceId


class EvSecurity(Enum):
    """What the car asks for by SDP, and takes."""

    TLS = "tls"
    """TLS 1.3; an SECC that grants less is not followed [V2G2-628], [V2G20-1237]."""
    NONE = "none"
    """No TLS: a rig. More than asked for is allowed, and taken if there are credentials."""


class PauseStyle(Enum):
    """What the car does with an interval in which it wants no power."""

    PAUSE = "pause"
    """SessionStop(Pause), and a wake-up at the end (reference 4.4). Scheduled mode alone: in Dynamic mode only the
    SECC may initiate a pause [V2G20-1850], so the car stays connected and takes nothing there."""
    ZERO_POWER = "zero power"
    """The session goes on without power."""
    STANDBY = "standby"
    """PowerDelivery(Standby)."""


@dataclass(frozen=True, slots=True)
class PauseWindow:
    """An interval without power in the car's own plan.

    Attributes:
        after: Seconds from the first power of the visit on.
        seconds: How long.
        style: What the car does meanwhile.
    """

    after: float
    seconds: float
    style: PauseStyle = PauseStyle.PAUSE


@dataclass(frozen=True, slots=True)
class BatteryData:
    """The battery and what hangs on it.

    Attributes:
        capacity: Usable energy, in Wh.
        soc: State of charge when the device is opened, 0 to 1.
        empty_voltage: Open-circuit voltage at 0 %, in V.
        full_voltage: The same at 100 %.
        slew: How fast the on-board inverter (AC) changes its power, in W/s.
    """

    capacity: float = 60_000.0
    soc: float = 0.5
    empty_voltage: float = 360.0
    full_voltage: float = 440.0
    slew: float = 20_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EvDeviceConfig:
    """One car.

    Attributes:
        services: Energy transfer services it can use, the one it likes best first.
        controls: Control modes it can use, the one it likes best first.
        battery: Its battery.
        ratings: Its limits; the energies in them are not used, they come from the battery.
        security: What it asks for by SDP.
        evcc_id: EVCCID.
        departure: Seconds from plugging in to departure.
        minimum_soc: State of charge that discharging keeps, in percent (MinimumSOC).
        target_soc: State of charge at departure, in percent (TargetSOC); charging ends there.
        v2x_minimum_soc: Lower end of the band in which it may be discharged, in percent.
        v2x_maximum_soc: Upper end.
        power: Power it wants in Scheduled mode, in W; negative discharges.
        auto_start: Whether plugging in begins a session.
        loops: Charge loops of a session before it is done; None for no limit. So are ``seconds`` of a session and
            ``energy`` in Wh moved in either direction.
        pauses: Intervals without power.
        zero_schedule: What it does when the schedule holds no power for ``pause_worth`` seconds or more.
        pause_worth: See ``zero_schedule``.
        wake_after: Seconds after which it wakes up from a pause that the SECC asked for; None waits for a hook.
        supporting_points: MaximumSupportingPoints, 12 to 1024.
        meter_info: Whether it asks for MeterInfo.
        authorization_tries: How often it sends AuthorizationReq after a warning.
        authorization: What it wants first; it goes on with EIM where PnC is not to be had.
        install: Whether it has contracts installed in its first session.
        side_streams: MeteringConfirmationReq goes out as payload type 0x8102 (reference 1.1).
        der_functions: DER control functions of its inverter (AC_DER).
        der_rounds: ChargeParameterDiscoveryReq with EVProcessing Ongoing, while it evaluates the grid code (AC_DER).
        signed_der_limits: Discharge limits of AC_DER as non-positive numbers, as Amendment 1 has them (reference 3.6).
        pre_charge_tolerance: Accepted difference between EVSE and battery voltage, in V.
        loop_period: Seconds between a ChargeLoopRes and the next ChargeLoopReq: at most 0.25 [V2G20-1499].
        response_time: Seconds between any other response and the next request.
        ongoing_period: The same while the SECC says Ongoing.
        ramp_loops: Charge loops that it gives the power to go to zero before the contactor opens.
        on_link: Addresses that count as on the link.
        sdp_attempts: SDP requests before it gives up [V2G2-161].
        handshake_timeout: Seconds a TLS handshake may take; the value is our own.
        sample_period: Seconds between two samples of a steady quantity.
    """

    services: tuple[ServiceId, ...] = (ServiceId.DC_BPT, ServiceId.DC, ServiceId.AC_BPT, ServiceId.AC)
    controls: tuple[ControlMode, ...] = (ControlMode.SCHEDULED, ControlMode.DYNAMIC)
    battery: BatteryData = field(default_factory=BatteryData)
    ratings: Ratings = field(default_factory=Ratings)
    security: EvSecurity = EvSecurity.NONE
    evcc_id: str = "WMIV1234567890ABCDEX"
    departure: int = 7200
    minimum_soc: int = 30
    target_soc: int = 80
    v2x_minimum_soc: int = 20
    v2x_maximum_soc: int = 90
    power: float = 5_000.0
    auto_start: bool = True
    loops: int | None = None
    seconds: float | None = None
    energy: float | None = None
    pauses: tuple[PauseWindow, ...] = ()
    zero_schedule: PauseStyle = PauseStyle.PAUSE
    pause_worth: float = 300.0
    wake_after: float | None = 300.0
    supporting_points: int = 1024
    meter_info: bool = True
    authorization_tries: int = 2
    authorization: Authorization = Authorization.EIM
    install: bool = False
    side_streams: bool = False
    der_functions: DerControlFunctions = ALL_DER_FUNCTIONS
    der_rounds: int = 0
    signed_der_limits: bool = True
    pre_charge_tolerance: float = 20.0
    loop_period: float = 0.2
    response_time: float = 0.02
    ongoing_period: float = 0.2
    ramp_loops: int = 10
    on_link: IPv6Network = sdp.LINK_LOCAL
    sdp_attempts: int = sdp.MAX_ATTEMPTS
    handshake_timeout: float = 10.0
    sample_period: float = 1.0

    def __post_init__(self) -> None:
        if not self.services or not self.controls:
            raise ValueError("a car has at least one service and one control mode")
        if not 0 <= self.minimum_soc <= self.target_soc <= 100:
            raise ValueError("0 <= minimum_soc <= target_soc <= 100 does not hold")
        if not 12 <= self.supporting_points <= 1024:
            raise ValueError(f"supporting_points is {self.supporting_points}; MaximumSupportingPoints is 12 to 1024")
