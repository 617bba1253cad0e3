"""What the emulated car wants and can do. Data only; the core reads it, a test case replaces parts of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from v2gready.protocols.iso15118.messages import ChargingSession
from v2gready.protocols.iso15118.services import ControlMode, ServiceId

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
    """Limits the car announces. Powers in W, currents in A, voltages in V, energies in Wh; all positive.

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

    @property
    def app_protocols(self) -> tuple[Offer, ...]:
        """The offers; by default the energy namespace of the service alone."""
        namespace = DC_NAMESPACE if self.service.is_dc else AC_NAMESPACE
        return self.offers or (Offer(namespace, schema_id=10, priority=1),)
