"""Small types that all parts of the station share, and what a message handler sees of the station."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from v2gready.protocols.ocpp.editions import Edition
from v2gready.protocols.ocpp.frames import CallError, CallResult, ErrorCode, Payload
from v2gready.references.station.config import EvseConfig, StationConfig
from v2gready.references.station.device_model import DeviceModel
from v2gready.references.station.seams import Seams
from v2gready.references.station.timers import Timers

Outcome = Callable[[CallResult | CallError | None, float], None]
"""Gets the answer to a call of the station; None where none came."""
Listener = Callable[[str, float, str], None]
"""A meter at the outlet: channel, value, unit."""


@dataclass(frozen=True, slots=True)
class ErrorReply:
    """A handler's answer that becomes a CALLERROR.

    Attributes:
        code: Error code.
        description: A short text.
        details: An object.
    """

    code: ErrorCode
    description: str = ""
    details: Payload = field(default_factory=dict)


Handler = Callable[[Payload, float], Payload | ErrorReply]
"""Answers one validated call at a time."""


@dataclass(frozen=True, slots=True)
class Vehicle:
    """A vehicle at the plug, as ISO 15118-20 tells it.

    Attributes:
        evccid: Its id; empty where it tells none.
        bpt: It can discharge.
        control_mode: ScheduledControl or DynamicControl.
        protocol: Namespace of the protocol it speaks.
        max_charge_power: W.
        min_charge_power: W.
        max_discharge_power: W, positive.
        min_discharge_power: W, positive.
        capacity_wh: Battery capacity in Wh.
        soc: State of charge at plug-in in percent.
        target_soc: Percent.
        departure: Seconds after plug-in; None: unknown.
        supports_sleep: It can be sent to sleep.
        der: DER controls that it supports.
        phases: Phases it can use (AC).
        extra: Anything else that was said at plug-in.
    """

    evccid: str = ""
    bpt: bool = True
    control_mode: str = "DynamicControl"
    protocol: str = "urn:iso:std:iso:15118:-20:DC"
    max_charge_power: float = 22_000.0
    min_charge_power: float = 0.0
    max_discharge_power: float = 11_000.0
    min_discharge_power: float = 0.0
    capacity_wh: float = 60_000.0
    soc: float = 50.0
    target_soc: float = 80.0
    departure: float | None = None
    supports_sleep: bool = False
    der: tuple[str, ...] = ()
    phases: int = 1
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Setpoint:
    """What an EVSE is to do.

    Attributes:
        watts: Power, positive charging.
        mode: Operation mode.
        sleep: The vehicle is asleep.
    """

    watts: float
    mode: str = "ChargingOnly"
    sleep: bool = False


@dataclass(slots=True)
class Transaction:
    """A transaction; survives a power cycle until it has ended.

    Attributes:
        id: Its id.
        evse_id: Where.
        started: Monotonic time of the start in s.
        seq_no: Number of the next event.
        active: Not ended.
        id_token: The token that authorized it.
        remote_start_id: Of RequestStartTransaction.
        allowed_energy_transfer: What the CSMS allowed in Authorize or NotifyAllowedEnergyTransfer.
        charging_state: As last reported.
        operation_mode: As last reported.
        asleep: As last reported.
    """

    id: str
    evse_id: int
    started: float
    seq_no: int = 0
    active: bool = True
    id_token: Payload | None = None
    remote_start_id: int | None = None
    allowed_energy_transfer: list[str] | None = None
    charging_state: str = "EVConnected"
    operation_mode: str | None = None
    asleep: bool = False


@dataclass(slots=True)
class Evse:
    """One EVSE at work.

    Attributes:
        id: Number from 1.
        config: Ratings.
        vehicle: What is plugged in.
        transaction: The active transaction.
        power: W, positive charging.
        import_wh: Register of energy taken by the vehicle.
        export_wh: Register of energy given back.
        soc: Present state of charge in percent.
        operative: ChangeAvailability has not switched it off.
        id_token: Presented and accepted, waiting for the cable or in use.
        remote_start_id: Of the request that authorized it.
        allowed_energy_transfer: From Authorize.
        profile: Charging profile of RequestStartTransaction, for the transaction to come.
        availability: AvailabilityState as last reported.
    """

    id: int
    config: EvseConfig
    vehicle: Vehicle | None = None
    transaction: Transaction | None = None
    power: float = 0.0
    import_wh: float = 0.0
    export_wh: float = 0.0
    soc: float = 0.0
    operative: bool = True
    id_token: Payload | None = None
    remote_start_id: int | None = None
    allowed_energy_transfer: list[str] | None = None
    profile: Payload | None = None
    availability: str = ""

    @property
    def available(self) -> bool:
        """Operative, no vehicle, nobody waiting."""
        return self.operative and self.vehicle is None and self.transaction is None and self.id_token is None


class StationContext(Protocol):
    """The station as its parts see it. Times are monotonic seconds unless they are `datetime`."""

    @property
    def config(self) -> StationConfig:
        """What it is."""

    @property
    def edition(self) -> Edition:
        """Of the connection, or of the last one."""

    @property
    def model(self) -> DeviceModel:
        """Components and variables."""

    @property
    def evses(self) -> dict[int, Evse]:
        """All EVSEs."""

    @property
    def seams(self) -> Seams:
        """Where faults act."""

    @property
    def rng(self) -> random.Random:
        """Source of randomness."""

    @property
    def timers(self) -> Timers:
        """What is due later; forgotten at a power cycle."""

    @property
    def online(self) -> bool:
        """Connected, and the CSMS has accepted the station."""

    @property
    def offline_since(self) -> float | None:
        """When the connection was lost; None while online."""

    def utc(self, now: float) -> datetime:
        """The station's own clock, as the CSMS set it."""

    def stamp(self, now: float) -> str:
        """The same as RFC 3339 with milliseconds."""

    def parse_time(self, text: str) -> datetime:
        """An RFC 3339 time of a message.

        Raises:
            ValueError: It is none.
        """

    def monotonic(self, moment: datetime, now: float) -> float:
        """When an instant of UTC comes on the monotonic scale."""

    def send(
        self, action: str, payload: Payload, now: float, *, then: Outcome | None = None, keep: bool = False
    ) -> None:
        """Queues a call.

        Args:
            action: Its action.
            payload: Its payload.
            now: The time.
            then: Gets the answer.
            keep: Keep it while offline; otherwise it is dropped unless QueueAllMessages is set.
        """

    def transaction(self, transaction_id: str) -> Transaction | None:
        """The active transaction of that id."""

    def update_transaction(
        self, evse_id: int, trigger: str, now: float, *, info: Payload | None = None, **more: Any
    ) -> None:
        """Queues TransactionEvent Updated.

        Args:
            evse_id: Where.
            trigger: triggerReason.
            now: The time.
            info: More fields of transactionInfo.
            **more: More fields of the message.
        """

    def end_transaction(self, evse_id: int, trigger: str, reason: str, now: float) -> None:
        """Ends the transaction of an EVSE.

        Args:
            evse_id: Where.
            trigger: triggerReason.
            reason: stoppedReason.
            now: The time.
        """

    def refresh(self, now: float) -> None:
        """Asks for new setpoints now."""
