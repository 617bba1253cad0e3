"""What waits to be sent: calls in order, transaction events kept and repeated until they are through (E04, E13)."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from v2gready.protocols.ocpp.editions import Edition
from v2gready.protocols.ocpp.frames import CallError, CallResult, Payload
from v2gready.references.station.context import Outcome
from v2gready.references.station.device_model import DeviceModel
from v2gready.references.station.link import Link
from v2gready.references.station.seams import Seams
from v2gready.references.station.timers import Timer, Timers

TRANSACTION_EVENT = "TransactionEvent"


class OutboxKnob(Enum):
    """What a fault may bend in the queue."""

    ATTEMPTS = "message attempts"
    RETRY_WAIT = "wait before a retry"
    QUEUE = "queued transaction events"
    STORED = "transaction event is kept while offline"
    TRANSLATES = "leaves out what OCPP 2.0.1 does not have"


class OutboxCheck(Enum):
    """Rules of the queue."""

    ACCEPTED = "nothing but BootNotification before the CSMS has accepted the station"


@dataclass(slots=True)
class Item:
    """One message that waits.

    Attributes:
        number: Order of queueing.
        action: Its action.
        payload: Its payload.
        then: Gets the answer.
        keep: It survives a lost connection.
        requested: The CSMS asked for it, or it is the BootNotification: it may go out before Accepted.
        attempts: How often it was sent.
    """

    number: int
    action: str
    payload: Payload
    then: Outcome | None = field(default=None, repr=False)
    keep: bool = False
    requested: bool = False
    attempts: int = 0


class Outbox:
    """Everything that waits to be sent.

    Args:
        seams: Where faults act.
        timers: For the waits between retries.
        model: For MessageAttempts and the like.
        limit: Transaction events that fit into memory.
        message_timeout: Seconds that an answer may take.
        event_answered: Gets a transaction event and the payload of its answer.
    """

    def __init__(
        self,
        seams: Seams,
        timers: Timers,
        model: DeviceModel,
        *,
        limit: int,
        message_timeout: Callable[[], float],
        event_answered: Callable[[Payload, Payload, float], None],
    ) -> None:
        self._seams = seams
        self._timers = timers
        self._model = model
        self._limit = limit
        self._message_timeout = message_timeout
        self._event_answered = event_answered
        self._number = itertools.count()
        self._ordinary: list[Item] = []
        self._events: list[Item] = []
        self._flying: list[Item] = []
        self._retry: Timer | None = None
        self.link: Link | None = None
        self.accepted = False

    @property
    def online(self) -> bool:
        """Connected, and the station is accepted."""
        return self.link is not None and self.accepted

    def put(
        self,
        action: str,
        payload: Payload,
        now: float,
        *,
        then: Outcome | None = None,
        keep: bool = False,
        requested: bool = False,
        first: bool = False,
    ) -> None:
        """Queues a call; ``first``: before all others."""
        bent = self._seams.outgoing(action, payload)
        if bent is None:
            return
        item = Item(next(self._number), action, bent, then, keep, requested)
        stays = keep or self._model.boolean("OCPPCommCtrlr", "QueueAllMessages")
        if not self.online and not requested and not stays and self._refuses_early():
            if then is not None:
                then(None, now)
            return
        if first:
            item.number = -1 - item.number
            self._ordinary.insert(0, item)
        else:
            self._ordinary.append(item)

    def put_event(self, payload: Payload) -> None:
        """Queues a transaction event; it stays until it is through or given up (E04, E13)."""
        bent = self._seams.outgoing(TRANSACTION_EVENT, payload)
        if bent is None:
            return
        item = Item(next(self._number), TRANSACTION_EVENT, bent, keep=True)
        if self.online or self._seams.value(OutboxKnob.STORED, True):
            self._events.append(item)
        self._make_room()

    @property
    def under_way(self) -> bool:
        """Something could be sent now, or waits for its answer."""
        return self.link is not None and bool(self._flying or self._choose())

    def events_of(self, transaction_id: str | None = None) -> list[Item]:
        """Transaction events that wait, of one transaction or of all."""
        waiting = [*self._events, *(one for one in self._flying if one.action == TRANSACTION_EVENT)]
        return [
            one
            for one in waiting
            if transaction_id is None or one.payload["transactionInfo"]["transactionId"] == transaction_id
        ]

    def connected(self, link: Link) -> None:
        """There is a connection."""
        self.link = link

    def back(self) -> None:
        """The station is online again: what was stored is about to go out."""
        self._events = self._seams.value(OutboxKnob.QUEUE, list(self._events))

    def lost(self, now: float) -> None:
        """The connection is gone: what was under way comes back, what is not worth keeping goes."""
        self.link = None
        for item in reversed(self._flying):
            if item.action == TRANSACTION_EVENT:
                self._events.insert(0, item)
            else:
                self._ordinary.insert(0, item)
        self._flying.clear()
        self._cancel_retry()
        everything = self._model.boolean("OCPPCommCtrlr", "QueueAllMessages")
        gone = [one for one in self._ordinary if not one.keep and (one.requested or not everything)]
        self._ordinary = [one for one in self._ordinary if one not in gone]
        for item in gone:
            if item.then is not None:
                item.then(None, now)

    def power_cycle(self, now: float) -> None:
        """Only transaction events and what is kept survive."""
        self.lost(now)
        self.accepted = False
        self._ordinary = [one for one in self._ordinary if one.keep]
        for item in self._ordinary:
            item.then = None

    def pump(self, now: float) -> None:
        """Sends what may be sent now."""
        while self.link is not None and (item := self._choose()) is not None:
            if self.link.busy:
                return
            self._transmit(self.link, item, now)

    def _choose(self) -> Item | None:
        early = not self.accepted
        refused = early and bool(self._ordinary or self._events) and self._refuses_early()
        ordinary = next((one for one in self._ordinary if one.requested or not refused), None)
        event = self._events[0] if self._events and self._retry is None and not early else None
        waiting = [one for one in (ordinary, event) if one is not None]
        return min(waiting, key=lambda one: one.number, default=None)

    def _refuses_early(self) -> bool:
        return self._seams.check(OutboxCheck.ACCEPTED, violated=True)

    def _transmit(self, link: Link, item: Item, now: float) -> None:
        (self._events if item.action == TRANSACTION_EVENT else self._ordinary).remove(item)
        item.attempts += 1
        self._flying.append(item)
        payload: Payload | None = item.payload
        if link.edition is Edition.V201 and self._seams.value(OutboxKnob.TRANSLATES, True):
            payload = for_2_0_1(item.action, item.payload)
        if payload is None:
            self._answered(item, None, now)
            return

        def answered(answer: CallResult | CallError | None, when: float) -> None:
            self._answered(item, answer, when)

        link.call(item.action, payload, answered, self._message_timeout(), now)

    def _answered(self, item: Item, answer: CallResult | CallError | None, now: float) -> None:
        if item in self._flying:
            self._flying.remove(item)
        if item.action == TRANSACTION_EVENT and not isinstance(answer, CallResult):
            self._failed(item, now)
            return
        if item.action == TRANSACTION_EVENT and isinstance(answer, CallResult):
            self._event_answered(item.payload, answer.payload, now)
        if item.then is not None:
            item.then(answer, now)

    def _failed(self, item: Item, now: float) -> None:
        """E13: repeat after a wait that grows with every attempt, then give up."""
        attempts = int(self._model.number("OCPPCommCtrlr", "MessageAttempts", instance=TRANSACTION_EVENT) or 1)
        if item.attempts >= self._seams.value(OutboxKnob.ATTEMPTS, attempts):
            return
        step = self._model.number("OCPPCommCtrlr", "MessageAttemptInterval", instance=TRANSACTION_EVENT) or 0.0
        wait = self._seams.value(OutboxKnob.RETRY_WAIT, step * item.attempts)
        self._events.insert(0, item)
        self._cancel_retry()
        self._retry = self._timers.at(now + wait, self._retry_due)

    def _retry_due(self, _: float) -> None:
        self._retry = None

    def _cancel_retry(self) -> None:
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None

    def _make_room(self) -> None:
        """E04.FR.08: the first, third, fifth ... Updated go, never Started and Ended."""
        if len(self._events) <= self._limit:
            return
        updates = [one for one in self._events if one.payload["eventType"] == "Updated"]
        self._events = [one for one in self._events if one not in updates[::2]]


_NEW_TRIGGERS = {
    "OperationModeChanged": "ChargingRateChanged",
    "LimitSet": "ChargingRateChanged",
    "TxResumed": "ChargingStateChanged",
    "SoCLimitReached": "EnergyLimitReached",
}
_NEW_REASONS = {"ReqEnergyTransferRejected": "Other"}
_OLD_MEASURANDS = frozenset(
    {
        "Current.Export", "Current.Import", "Current.Offered", "Energy.Active.Export.Register",
        "Energy.Active.Import.Register", "Energy.Active.Net", "Frequency", "Power.Active.Export",
        "Power.Active.Import", "Power.Offered", "SoC", "Voltage",
    }
)  # fmt: skip
_V21_ONLY = frozenset(
    {"NotifyPriorityCharging", "PullDynamicScheduleUpdate", "NotifyDERAlarm", "NotifyDERStartStop", "ReportDERControl"}
)


def for_2_0_1(action: str, payload: Payload) -> Payload | None:
    """A message as OCPP 2.0.1 has it, None where it has no such message (F26)."""
    if action in _V21_ONLY:
        return None
    slim: dict[str, Any] = dict(payload)
    if action == TRANSACTION_EVENT:
        slim.pop("evseSleep", None)
        slim["triggerReason"] = _NEW_TRIGGERS.get(payload["triggerReason"], payload["triggerReason"])
        info = {key: value for key, value in payload["transactionInfo"].items() if key != "operationMode"}
        if "stoppedReason" in info:
            info["stoppedReason"] = _NEW_REASONS.get(info["stoppedReason"], info["stoppedReason"])
        slim["transactionInfo"] = info
    if "meterValue" in slim:
        slim["meterValue"] = [_slim_values(one) for one in slim["meterValue"]]
    if action == "SignCertificate":
        slim.pop("requestId", None)
    return slim


def _slim_values(value: Payload) -> Payload:
    samples = [one for one in value["sampledValue"] if one["measurand"] in _OLD_MEASURANDS]
    return {**value, "sampledValue": samples or value["sampledValue"][:1]}
