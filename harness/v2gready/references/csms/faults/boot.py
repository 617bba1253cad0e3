"""Faults of boot, time and queue (reference B02-B06)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

import math
from dataclasses import replace

from v2gready.protocols.ocpp.frames import ErrorCode, Payload, Send, parse
from v2gready.references.csms.csms import Csms
from v2gready.references.csms.faults.kinds import Answers, Ignores, Refuses
from v2gready.references.csms.faults.registry import fault
from v2gready.references.csms.seams import Check, Fault, swapped
from v2gready.references.csms.transactions import Event, Transaction, unix
from v2gready.references.csms.turn import Reply, Request, Turn, stamp


@fault("calls-before-accepted", "Answers every CALL of a station that it has not accepted.")
class CallsBeforeAccepted(Ignores):
    """B02; B01.FR.10."""

    ignored = frozenset({Check.BOOTED})


@fault("early-call-wrong-code", "Refuses a CALL before the boot with GenericError.")
class EarlyCallWrongCode(Fault):
    """B02; SecurityError is due."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """Another code."""
        return replace(reply, error=ErrorCode.GENERIC_ERROR) if reply.error is ErrorCode.SECURITY_ERROR else reply


@fault("early-call-silent", "Drops a CALL before the boot without a word.")
class EarlyCallSilent(Fault):
    """B02; SecurityError is due."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """Nothing."""
        return replace(reply, delay=math.inf) if reply.error is ErrorCode.SECURITY_ERROR else reply


@fault("boot-serial-unchecked", "Accepts a station whose serial number is not that of its certificate.")
class BootSerialUnchecked(Ignores):
    """B01.FR.11."""

    ignored = frozenset({Check.SERIAL})


class _Boot(Answers):
    action = "BootNotification"


@fault("always-accepts-boot", "Accepts every BootNotification, whatever is configured.")
class AlwaysAcceptsBoot(Fault):
    """B01-B03; the station is taken for accepted."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """Yes."""
        if turn.action == "BootNotification":
            turn.station.status = "Accepted"
            return reply.bent(lambda payload: swapped(payload, status="Accepted"))
        return reply


@fault("boot-time-an-hour-late", "Tells local time as UTC.")
class BootTimeWrong(_Boot):
    """B03."""

    def bend(self, turn: Turn, payload: Payload) -> Payload:
        """An hour ahead."""
        return swapped(payload, currentTime=stamp(turn.unix + 3600))


@fault("time-without-zone", "Leaves the zone out of currentTime.")
class TimeWithoutZone(Fault):
    """RFC 3339."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """No Z."""
        if "currentTime" not in reply.payload:
            return reply
        return reply.bent(lambda payload: swapped(payload, currentTime=payload["currentTime"].rstrip("Z")))


@fault("boot-without-interval", "Leaves interval out of BootNotificationResponse.")
class BootWithoutInterval(_Boot):
    """Required field."""

    def bend(self, turn: Turn, payload: Payload) -> Payload:
        """Missing."""
        return swapped(payload, interval=None)


@fault("boot-negative-interval", "Tells a heartbeat interval of -1 s.")
class BootNegativeInterval(_Boot):
    """An interval is no negative time."""

    def bend(self, turn: Turn, payload: Payload) -> Payload:
        """Below zero."""
        return swapped(payload, interval=-1)


@fault("reconnect-needs-boot", "Refuses CALLs after a reconnect until the station boots again.")
class ReconnectNeedsBoot(Fault):
    """No BootNotification on reconnect."""

    def __init__(self) -> None:
        super().__init__()
        self._booted: dict[str, object] = {}

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """The status belongs to the connection."""
        if turn.action == "BootNotification":
            self._booted[turn.station.identity] = turn.csms
        elif self._booted.get(turn.station.identity) is not turn.csms and reply.error is None:
            return Reply(error=ErrorCode.SECURITY_ERROR, description="boot first")
        return reply


@fault("live-stamp-instead-of-event-time", "Books events at the time at which they arrive.")
class LiveStamp(Fault):
    """B04, lbbrhzn/ocpp#2135."""

    def event(self, event: Event, now: float) -> Event | None:
        """Now."""
        return replace(event, at=now, readings=tuple(replace(reading, at=now) for reading in event.readings))


@fault("offline-events-refused", "Refuses transaction events that happened offline.")
class OfflineEventsRefused(Refuses):
    """B04, B05."""

    action = "TransactionEvent"
    code = ErrorCode.PROPERTY_CONSTRAINT_VIOLATION

    def applies(self, turn: Turn) -> bool:
        """Offline alone."""
        return bool(turn.payload.get("offline"))


@fault("old-events-refused", "Refuses transaction events older than an hour.")
class OldEventsRefused(Refuses):
    """B04."""

    action = "TransactionEvent"
    code = ErrorCode.GENERIC_ERROR

    def applies(self, turn: Turn) -> bool:
        """Too old."""
        return unix(turn.payload["timestamp"]) < turn.unix - 3600


@fault("duplicate-event-counted-twice", "Counts the energy of a transaction event again when it is repeated.")
class DuplicateCountedTwice(Fault):
    """F15, B06."""

    def counted(self, transaction: Transaction, event: Event, times: int) -> int:
        """Every time."""
        return 1


@fault("duplicate-event-refused", "Refuses a transaction event that it has already.")
class DuplicateRefused(Fault):
    """F15: the station would try it again and again."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: set[tuple[str, str, int]] = set()

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """Duplicate key in the database."""
        if turn.action != "TransactionEvent" or reply.error is not None:
            return reply
        key = (turn.station.identity, turn.payload["transactionInfo"]["transactionId"], turn.payload["seqNo"])
        if key in self._seen:
            return Reply(error=ErrorCode.INTERNAL_ERROR, description="duplicate key")
        self._seen.add(key)
        return reply


@fault("ended-before-started-lost", "Drops an Ended that comes before its Started.")
class EndedBeforeStartedLost(Fault):
    """B06."""

    def __init__(self) -> None:
        super().__init__()
        self._started: set[str] = set()

    def event(self, event: Event, now: float) -> Event | None:
        """There is no such transaction."""
        if event.kind == "Started":
            self._started.add(event.transaction_id)
        return None if event.kind == "Ended" and event.transaction_id not in self._started else event


@fault("ended-transaction-resurrected", "Takes a transaction for running again when a late event comes after its end.")
class EndedResurrected(Fault):
    """B06: seen in what it stops and plans for."""

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[str, str] = {}

    def event(self, event: Event, now: float) -> Event | None:
        """The last to come decides."""
        self._last[event.transaction_id] = event.kind
        return event

    def active(self, transaction: Transaction, active: bool) -> bool:
        """Whatever came last."""
        return active or self._last.get(transaction.id, "Ended") != "Ended"


@fault("gap-drops-events", "Ignores all transaction events after a gap in seqNo.")
class GapDropsEvents(Fault):
    """B06."""

    def __init__(self) -> None:
        super().__init__()
        self._next: dict[str, int] = {}

    def event(self, event: Event, now: float) -> Event | None:
        """Out of step."""
        expected = self._next.setdefault(event.transaction_id, event.seq_no)
        if event.seq_no > expected:
            return None
        self._next[event.transaction_id] = max(expected, event.seq_no + 1)
        return event


@fault("missing-events-not-asked", "Asks for no status after an Ended that leaves a gap in seqNo.")
class MissingEventsNotAsked(Fault):
    """E14; the CSMS may ask, so this is worth an information at most."""

    def request(self, csms: Csms, request: Request) -> Request | None:
        """Not interested."""
        return None if request.action == "GetTransactionStatus" else request


@fault("security-event-refused", "Refuses SecurityEventNotification with NotSupported.")
class SecurityEventRefused(Refuses):
    """A04."""

    action = "SecurityEventNotification"
    code = ErrorCode.NOT_SUPPORTED


@fault("asked-message-refused", "Refuses what it asked for itself while the station is Pending.")
class AskedRefused(Fault):
    """B02: the station never leaves Pending."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """Only a boot counts."""
        if turn.station.status == "Accepted" or turn.action == "BootNotification" or reply.error is not None:
            return reply
        return Reply(error=ErrorCode.SECURITY_ERROR, description="not accepted")


@fault("event-stream-refused", "Refuses OpenPeriodicEventStream and ClosePeriodicEventStream as unknown.")
class EventStreamRefused(Fault):
    """N11 to N15."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """As in OCPP 2.0.1."""
        return Reply(error=ErrorCode.NOT_IMPLEMENTED) if "PeriodicEventStream" in turn.action else reply


@fault("dead-after-send", "Answers no Heartbeat any more on a connection that carried a SEND.")
class DeadAfterSend(Fault):
    """The SEND waits for ever for an answer of its own handler."""

    def __init__(self) -> None:
        super().__init__()
        self._stuck: set[object] = set()

    def heard(self, csms: Csms, data: str | bytes) -> str | bytes | None:
        """Notes the SEND."""
        if isinstance(parse(data), Send):
            self._stuck.add(csms)
        return data

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """Behind it in the queue."""
        stuck = turn.action == "Heartbeat" and turn.csms in self._stuck
        return replace(reply, delay=math.inf) if stuck else reply
