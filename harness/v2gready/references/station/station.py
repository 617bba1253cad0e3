"""The station without I/O: frames, user actions and time in, frames and demands out."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, Final

from v2gready.protocols.ocpp.editions import Edition
from v2gready.protocols.ocpp.frames import Call, CallError, CallResult, ErrorCode, Payload
from v2gready.references.station.availability import Availability
from v2gready.references.station.boot import Boot
from v2gready.references.station.certificates import Certificates
from v2gready.references.station.config import StationConfig, StationCredentials
from v2gready.references.station.context import (
    ErrorReply,
    Evse,
    Handler,
    Listener,
    Outcome,
    Setpoint,
    Transaction,
    Vehicle,
)
from v2gready.references.station.device_model import DeviceModel
from v2gready.references.station.link import Link
from v2gready.references.station.metering import Meters
from v2gready.references.station.outbox import Outbox
from v2gready.references.station.remote import Remote
from v2gready.references.station.reports import Reports
from v2gready.references.station.seams import Seams
from v2gready.references.station.security import NetworkProfile, Security
from v2gready.references.station.timers import Timers
from v2gready.references.station.transactions import Transactions
from v2gready.references.station.v2x import EnergyControl
from v2gready.references.station.variables import define

_GRACE: Final = 5.0
"""Seconds that a reset waits for what is still to be sent."""
_BOOT_REASONS: Final = {"Immediate": "RemoteReset", "ImmediateAndResume": "RemoteReset", "OnIdle": "ScheduledReset"}


class PowerKnob(Enum):
    """What a fault may bend at the outlet."""

    WATTS = "power at the outlet in W"
    STORED = "settings that survive a power cycle"


class DemandKind(Enum):
    """What the station wants of whoever holds its connection."""

    RECONNECT = "close and connect again"
    REBOOT = "close, switch off and on again"
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class Demand:
    """A wish of the station.

    Attributes:
        kind: What it wants.
        reason: Of the next BootNotification.
    """

    kind: DemandKind
    reason: str = ""


class Station:
    """A charging station. Implements `StationContext`; all times are monotonic seconds.

    Args:
        config: What it is.
        rng: Source of randomness.
        seams: Where faults act.
        reference_time: UTC of the bench at a monotonic time; the station's clock starts with it.
        machine_time: UTC by which certificates are judged.
        credentials: Certificates.
        listener: The meter at the outlets.
    """

    def __init__(
        self,
        config: StationConfig,
        rng: random.Random,
        *,
        seams: Seams | None = None,
        reference_time: Callable[[float], datetime],
        machine_time: Callable[[], datetime] = lambda: datetime.now(UTC),
        credentials: StationCredentials | None = None,
        listener: Listener | None = None,
    ) -> None:
        self.config = config
        self.rng = rng
        self.seams = seams or Seams()
        self.reference_time = reference_time
        self.credentials = credentials or StationCredentials()
        self.timers = Timers()
        self.model = DeviceModel()
        self.evses = {one.id: Evse(one.id, one) for one in config.evses}
        self.edition: Edition = config.editions[0]
        self.offline_since: float | None = None
        self.resuming = config.resumes
        define(self.model, config)
        self.outbox = Outbox(
            self.seams,
            self.timers,
            self.model,
            limit=config.queue_limit,
            message_timeout=lambda: self.security.message_timeout,
            event_answered=self._event_answered,
        )
        self.boot = Boot(self, self._came_online)
        self.meters = Meters(self, listener)
        self.transactions = Transactions(self)
        self.availability = Availability(self)
        self.certificates = Certificates(self)
        self.security = Security(self)
        self.remote = Remote(self)
        self.reports = Reports(self)
        self.energy = EnergyControl(self)
        self._machine_time = machine_time
        self._link: Link | None = None
        self._demand: Demand | None = None
        self._reset: tuple[str, float] | None = None
        self._reset_scheduled = False
        self._following = False
        self._running = False
        self._collect()

    # What the parts see

    @property
    def online(self) -> bool:
        """Connected, and the CSMS has accepted the station."""
        return self.outbox.online

    @property
    def connected_now(self) -> bool:
        """There is a connection."""
        return self._link is not None

    @property
    def today(self) -> datetime:
        """The time by which certificates are judged."""
        return self.config.today or self._machine_time()

    def utc(self, now: float) -> datetime:
        """The station's own clock."""
        return self.reference_time(now) + timedelta(seconds=self.boot.offset)

    def stamp(self, now: float) -> str:
        """The station's own clock as RFC 3339 with milliseconds."""
        return self.utc(now).astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def parse_time(self, text: str) -> datetime:
        """See `StationContext.parse_time`."""
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError(f"{text!r} has no offset")
        return moment

    def monotonic(self, moment: datetime, now: float) -> float:
        """When an instant of UTC comes on the monotonic scale."""
        return now + (moment - self.utc(now)).total_seconds()

    def send(
        self, action: str, payload: Payload, now: float, *, then: Outcome | None = None, keep: bool = False
    ) -> None:
        """See `StationContext.send`."""
        self.outbox.put(action, payload, now, then=then, keep=keep)

    def transaction(self, transaction_id: str) -> Transaction | None:
        """The active transaction of that id."""
        running = (evse.transaction for evse in self.evses.values())
        return next((one for one in running if one is not None and one.id == transaction_id), None)

    def update_transaction(
        self, evse_id: int, trigger: str, now: float, *, info: Payload | None = None, **more: Any
    ) -> None:
        """See `StationContext.update_transaction`."""
        self.transactions.update(evse_id, trigger, now, info=info, **more)

    def end_transaction(self, evse_id: int, trigger: str, reason: str, now: float) -> None:
        """See `StationContext.end_transaction`."""
        self.transactions.end(self.evses[evse_id], trigger, reason, now)

    def refresh(self, now: float) -> None:
        """Follows the setpoints as they are now."""
        if self._following:
            return
        self._following = True
        try:
            for evse_id, setpoint in self.energy.tick(now).items():
                evse = self.evses[evse_id]
                if evse.transaction is not None:
                    watts = self.seams.value(PowerKnob.WATTS, self._possible(evse, setpoint.watts))
                    self.transactions.apply(evse, Setpoint(watts, setpoint.mode, setpoint.sleep), now)
        finally:
            self._following = False

    def tell_energy(self, what: str, *args: Any) -> None:
        """Passes an event on to the energy control."""
        getattr(self.energy, what)(*args)

    def energy_values(self, evse_id: int, now: float) -> dict[str, tuple[float, str]]:
        """Measurands that the energy control knows."""
        return dict(self.energy.measurands(evse_id, now))

    def trigger_energy(self, message: str, evse_id: int | None, now: float) -> bool:
        """TriggerMessage for the energy control."""
        return self.energy.trigger(message, evse_id, now)

    def check_profile(self, profile: Payload, evse_id: int, now: float) -> str | None:
        """Reason against a charging profile of RequestStartTransaction."""
        return self.energy.check_profile(profile, evse_id, now)

    def after_reply(self, act: Callable[[float], object], now: float) -> None:
        """Does something once the answer to the present call is out."""

        def due(when: float) -> None:
            try:
                act(when)
            except (KeyError, TypeError, ValueError, AttributeError, IndexError):
                # With a payload that only a fault has let in, a later step may fail; the station itself lives on.
                if not self.seams.active:
                    raise

        self.timers.at(now, due)

    def became_idle(self, now: float) -> None:
        """A transaction has ended."""
        self.remote.became_idle(now)
        if self._reset_scheduled and all(evse.transaction is None for evse in self.evses.values()):
            self.reset("OnIdle", now)

    def reset_when_idle(self) -> None:
        """Resets once all transactions have ended (B12)."""
        self._reset_scheduled = True

    def reset(self, kind: str, now: float) -> None:
        """Resets the station: transactions first (B11, B12)."""
        self._reset_scheduled = False
        self.resuming = self.config.resumes or kind == "ImmediateAndResume"
        for evse in self.evses.values():
            if evse.transaction is not None and kind != "ImmediateAndResume":
                self.transactions.end(evse, "ResetCommand", "ImmediateReset", now)
        self._reset = (_BOOT_REASONS.get(kind, "RemoteReset"), now + _GRACE)
        self.timers.at(now + _GRACE, lambda _: None)

    def reconnect_soon(self, now: float) -> None:
        """Closes the connection behind the present answer and connects again."""
        self.after_reply(lambda _: self._ask(DemandKind.RECONNECT), now)

    # What comes from outside

    def power_on(self, now: float, reason: str | None = None) -> None:
        """Starts the station; ``reason`` of its BootNotification."""
        if reason is not None:
            self.boot.reason = reason
        self._running = True
        self.offline_since = now
        self.meters.start(now)
        self.availability.look(now)
        for evse in self.evses.values():
            self.transactions.resume(evse, now)
        self.resuming = self.config.resumes
        self.security.event("StartupOfTheDevice" if self.boot.reason == "PowerUp" else "ResetOrReboot", now)
        self.settle(now)

    def power_off(self, now: float) -> None:
        """Loses power: what is not stored is gone."""
        self.disconnected(now)
        self.meters.advance(now)
        self._running = False
        stored, values = self.energy.persist(), self.seams.value(PowerKnob.STORED, self.model.values())
        self.timers.clear()
        self.model.forget_watchers()
        self.outbox.power_cycle(now)
        self.boot.power_cycle("PowerUp")
        for part in (self.meters, self.transactions, self.availability, self.certificates, self.security, self.remote):
            part.power_cycle()
        self._demand = self._reset = None
        self._reset_scheduled = False
        self.energy = EnergyControl(self)
        self.model.restore(values)
        self.energy.restore(stored, now)
        self._collect()

    def connected(self, edition: Edition, profile: NetworkProfile, now: float, *, fallback: bool = False) -> None:
        """A WebSocket stands.

        Args:
            edition: As negotiated.
            profile: The network profile in use.
            now: The time.
            fallback: It was opened with the former password.
        """
        self.edition = edition
        self.security.connected(profile, fallback=fallback)
        self._link = Link(
            edition,
            self.seams,
            self.timers,
            new_id=lambda: str(uuid.UUID(int=self.rng.getrandbits(128))),
            handle=self._handle,
        )
        self.outbox.connected(self._link)
        self.boot.connected(now)
        self.settle(now)

    def received(self, data: str | bytes, now: float) -> None:
        """A data message has come."""
        if self._link is not None:
            self._link.receive(data, now)
        self.settle(now)

    def disconnected(self, now: float) -> None:
        """The connection is gone."""
        if self._link is None:
            return
        was_online = self.online
        self._link.lost()
        self._link = None
        self.boot.lost()
        self.outbox.lost(now)
        if was_online:
            self.offline_since = now
            self.energy.connection_changed(False, now)
        self.transactions.release_held(now)
        if self._running:
            self.settle(now)

    def outgoing(self) -> list[str | bytes]:
        """Data messages to be sent, once."""
        return [] if self._link is None else self._link.outgoing()

    def demand(self) -> Demand | None:
        """What the station wants, once."""
        demand, self._demand = self._demand, None
        return demand

    def next_timer(self) -> float | None:
        """When `settle` is due at the latest."""
        waits = [when for when in (self.timers.next(), self.energy.next_timer()) if when is not None]
        return min(waits, default=None)

    def settle(self, now: float) -> None:
        """Does everything that is due."""
        if not self._running:
            return
        self.timers.run(now)
        if any(evse.transaction is not None for evse in self.evses.values()):
            self.refresh(now)
            self.timers.run(now)
        self.outbox.pump(now)
        if self._link is not None and self._link.closing:
            self._ask(DemandKind.CLOSE)
        if self._reset is not None:
            reason, deadline = self._reset
            if now >= deadline or not self.outbox.under_way:
                self._reset = None
                self._demand = Demand(DemandKind.REBOOT, reason)

    # User actions

    def plug_in(self, evse_id: int, vehicle: Vehicle, now: float) -> None:
        """A vehicle is connected."""
        self.transactions.plug_in(self.evses[evse_id], vehicle, now)
        self.settle(now)

    def present_token(self, evse_id: int, token: Payload, now: float) -> None:
        """A token is presented at an EVSE."""
        self.transactions.present(self.evses[evse_id], token, now)
        self.settle(now)

    def unplug(self, evse_id: int, now: float) -> None:
        """The vehicle is disconnected."""
        self.transactions.unplug(self.evses[evse_id], now)
        self.settle(now)

    def stop(self, evse_id: int, now: float) -> None:
        """Somebody presses the stop button."""
        self.transactions.end(self.evses[evse_id], "StopAuthorized", "Local", now)
        self.settle(now)

    def act(self, now: float, name: str, **values: Any) -> None:
        """A user action of the energy control.

        Raises:
            KeyError: There is none of that name.
        """
        self.energy.actions[name](now=now, **values)
        self.settle(now)

    # Inside

    def _collect(self) -> None:
        parts = (self.reports, self.remote, self.security, self.certificates, self.energy)
        self._handlers: dict[str, Handler] = {}
        for part in parts:
            handlers: Mapping[str, Handler] = part.handlers
            self._handlers |= handlers

    def _handle(self, call: Call, now: float) -> CallResult | CallError:
        """Answers a valid call of the CSMS."""
        if not self.boot.serves(call.action, call.payload):
            return CallError(call.id, ErrorCode.SECURITY_ERROR.value, "not accepted by the CSMS")
        handler = self._handlers.get(call.action)
        if handler is None:
            return CallError(call.id, ErrorCode.NOT_SUPPORTED.value, f"{call.action} is not supported")
        answer = handler(call.payload, now)
        if isinstance(answer, ErrorReply):
            return CallError(call.id, answer.code.value, answer.description, answer.details)
        return CallResult(call.id, answer)

    def _event_answered(self, event: Payload, answer: Payload, now: float) -> None:
        self.transactions.answered(event, answer, now)

    def _came_online(self, now: float) -> None:
        away = None if self.offline_since is None else now - self.offline_since
        self.offline_since = None
        self.outbox.back()
        threshold = self.model.number("OCPPCommCtrlr", "OfflineThreshold") or 0.0
        self.transactions.release_held(now)
        self.availability.look(now)
        self.availability.tell_all(now, changed=away is not None and away < threshold)
        self.energy.connection_changed(True, now)

    def _possible(self, evse: Evse, watts: float) -> float:
        """What EVSE and vehicle can do."""
        vehicle = evse.vehicle
        if vehicle is None or (watts > 0 and evse.soc >= 100.0) or (watts < 0 and evse.soc <= 0.0):
            return 0.0
        charge = min(evse.config.max_charge_power, vehicle.max_charge_power)
        discharge = min(evse.config.max_discharge_power, vehicle.max_discharge_power) if vehicle.bpt else 0.0
        return max(-discharge, min(charge, watts))

    def _ask(self, kind: DemandKind) -> None:
        if self._demand is None:
            self._demand = Demand(kind)
