"""What the EVCC has learned in a session, and what the car looks like now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.evcc.plan import Contract
from v2gready.protocols.iso15118.services import NO_DER_FUNCTIONS, NO_SAE_MODES, DerControlFunctions, SaeModes


@dataclass(frozen=True, slots=True)
class VehicleState:
    """The car at one instant. Positive power and current charge the car.

    Attributes:
        present_voltage: Battery-side voltage, in V.
        target_voltage: Voltage the car asks for in pre-charge and in the loop, in V.
        target_power: Power the car wants, in W.
        present_power: Power that flows into the car, in W.
        present_soc: State of charge, in percent.
    """

    present_voltage: float
    target_voltage: float
    target_power: float
    present_power: float
    present_soc: int


class Vehicle(Protocol):
    """The car behind the EVCC."""

    def state(self, now: float) -> VehicleState:
        """The car at ``now`` (monotonic seconds)."""

    def unix_time(self, now: float) -> int:
        """TimeStamp for the message header, in Unix seconds."""

    def follow_power(self, watts: float, now: float) -> None:
        """Take that power: AC by EVSETargetActivePower, DC by what the EVSE delivers."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Facts learned from the responses so far.

    Attributes:
        session_id: Id every header carries.
        evse_id: EVSEID of SessionSetupRes.
        schema_id: SchemaID the SECC chose.
        services: Energy transfer services offered, by id.
        renegotiation: ServiceRenegotiationSupported.
        parameter_set: Id of the parameter set the car takes.
        parameters: Its parameters by name.
        charge_limit: Power the EVSE gives at most, in W; None before ChargeParameterDiscovery.
        discharge_limit: Power it takes at most, in W, positive; 0 without BPT.
        schedule_tuple: Id of the schedule the car follows (Scheduled).
        schedule: Charging power of that schedule as (duration s, watts).
        power_tolerance: The schedule names a PowerTolerance, which the car has to accept or not.
        pre_charge_rounds: DC_PreChargeReq answered so far.
        pre_charged: The EVSE voltage met the target; the next pre-charge request says Finished.
        power_on: Power delivery has been started in this session.
        loops: Charge loops since the last PowerDelivery(Start).
        authorizations: AuthorizationReq answered by a warning so far.
        notification: The last EVSENotification.
        eim: EIM was offered.
        challenge: GenChallenge, None where PnC was not offered.
        providers: SupportedProviders, None where the station does not say.
        contract: Which of the contracts comes next, of those that suit the station.
        installed: Contracts that were installed in this session.
        installation: Why others were not, in words.
        meter: The last MeterInfo.
        receipt: The last Receipt.
        prices_trusted: Whether the signature of the price schedules held; None if there was none. What did not hold
            was discarded.
        prices: Price schedule of the chosen charging schedule.
        parameter_rounds: ChargeParameterDiscoveryReq answered in a row (AC_DER).
        der_functions: DER control functions of the parameter set taken.
        der_control: Their settings.
        sae_enabled: Modes that the charger has enabled (AC_DER_SAE); EnabledModes acknowledges them.
        reactive_power: Reactive power that the grid operator asks for by a negotiated function, in var.
    """

    session_id: bytes
    evse_id: str = ""
    schema_id: int | None = None
    services: tuple[int, ...] = ()
    renegotiation: bool = False
    parameter_set: int | None = None
    parameters: tuple[tuple[str, m.Parameter], ...] = ()
    charge_limit: float | None = None
    discharge_limit: float = 0.0
    schedule_tuple: int | None = None
    schedule: tuple[tuple[int, float], ...] = ()
    power_tolerance: bool = False
    pre_charge_rounds: int = 0
    pre_charged: bool = False
    power_on: bool = False
    loops: int = 0
    authorizations: int = 0
    notification: m.EvseNotification | None = None
    eim: bool = True
    challenge: bytes | None = None
    providers: tuple[str, ...] | None = None
    contract: int = 0
    installed: tuple[Contract, ...] = ()
    installation: tuple[str, ...] = ()
    meter: m.MeterInfo | None = None
    receipt: m.Receipt | None = None
    prices_trusted: bool | None = None
    prices: m.AbsolutePriceSchedule | m.PriceLevelSchedule | None = None
    parameter_rounds: int = 0
    der_functions: DerControlFunctions = NO_DER_FUNCTIONS
    der_control: m.DERControl | None = None
    sae_enabled: SaeModes = NO_SAE_MODES
    reactive_power: float = 0.0
