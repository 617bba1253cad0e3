"""What the CSMS remembers of a station: it outlives connections."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from v2gready.protocols.ocpp.frames import Payload
from v2gready.references.csms.config import StationEntry
from v2gready.references.csms.transactions import Transaction

if TYPE_CHECKING:
    from v2gready.references.csms.csms import Csms

_KEPT_IDS = 32
_KEPT_TRANSACTIONS = 64
_KEPT_ALARMS = 100


@dataclass(slots=True)
class DerControl:
    """A DER control that the station has accepted.

    Attributes:
        request: SetDERControlRequest.
        superseded: The station said that another one takes its place.
        started: It is in force, as the station says.
    """

    request: Payload
    superseded: bool = False
    started: bool = False


@dataclass(slots=True)
class Station:
    """A station.

    Attributes:
        identity: Its identity.
        entry: What is configured for it.
        csms: Its connection, None while it is offline.
        boots: BootNotifications on this connection so far.
        status: Answer to the last one; empty before the first.
        transactions: By id, the newest last.
        profiles: Charging profiles that were sent and not refused, by id.
        controls: DER controls, by id.
        reported: Items of ReportDERControl by requestId.
        alarms: The last NotifyDERAlarm.
        security_events: The last SecurityEventNotification types.
        contracts: Contracts already handed out, by exiRequest.
        asked: Actions that the CSMS itself asked for: a pending station may send them.
    """

    identity: str
    entry: StationEntry
    csms: Csms | None = None
    boots: int = 0
    status: str = ""
    transactions: dict[str, Transaction] = field(default_factory=dict)
    profiles: dict[int, Payload] = field(default_factory=dict)
    controls: dict[str, DerControl] = field(default_factory=dict)
    reported: dict[int, list[Payload]] = field(default_factory=dict)
    alarms: list[Payload] = field(default_factory=list)
    security_events: list[str] = field(default_factory=list)
    contracts: dict[str, int] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)
    _heard: dict[str, int] = field(default_factory=dict)
    _numbers: int = 0

    def connected(self, csms: Csms) -> None:
        """It is on a new connection, whose first boot is still to come."""
        self.csms, self.boots = csms, 0

    def number(self) -> int:
        """The next requestId, profile id or remoteStartId: never the same twice."""
        self._numbers += 1
        return self._numbers

    def transaction(self, transaction_id: str) -> Transaction:
        """The transaction of that id, a new one if need be. Of those that are over the oldest are forgotten."""
        found = self.transactions.get(transaction_id)
        if found is None:
            found = self.transactions[transaction_id] = Transaction(transaction_id)
            if len(self.transactions) > _KEPT_TRANSACTIONS:
                over = next((old.id for old in self.transactions.values() if old.ended), None)
                self.transactions.pop(over if over is not None else next(iter(self.transactions)))
        return found

    def repeats(self, message_id: str, content: int) -> bool | None:
        """Whether that message id was there before: True with the same content, False with another; None if not."""
        before = self._heard.get(message_id)
        if before is not None:
            return before == content
        self._heard[message_id] = content
        if len(self._heard) > _KEPT_IDS:
            self._heard.pop(next(iter(self._heard)))
        return None

    def alarm(self, payload: Payload) -> None:
        """Keeps an alarm; a storm must not fill the memory."""
        self.alarms.append(payload)
        del self.alarms[:-_KEPT_ALARMS]

    def security_event(self, kind: str) -> None:
        """Keeps a security event."""
        self.security_events.append(kind)
        del self.security_events[:-_KEPT_ALARMS]
