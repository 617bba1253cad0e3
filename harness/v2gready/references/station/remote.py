"""What the CSMS can make the station do: start, stop, trigger, reset, block, unlock (F01 to F06, B11, B12, G03)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING

from v2gready.protocols.ocpp.frames import ErrorCode, Payload
from v2gready.references.station.boot import BootState
from v2gready.references.station.context import ErrorReply, Evse, Handler

if TYPE_CHECKING:
    from v2gready.references.station.station import Station

Act = Callable[[float], object]
"""Sends a triggered message at a time."""


class RemoteCheck(Enum):
    """Rules of remote control."""

    PENDING = "no transaction is started or stopped while Pending"
    STARTABLE = "an EVSE to start on is free"
    TRANSACTION = "a transaction of that id runs"
    EVSE = "an EVSE of that number exists"
    IDLE_FIRST = "a reset OnIdle waits for the end of transactions"


class RemoteKnob(Enum):
    """What a fault may bend in remote control."""

    TRIGGERED = "sends the triggered message"
    REPLY = "answer to remote control"


class Remote:
    """Handlers of remote control.

    Args:
        station: The station.
    """

    def __init__(self, station: Station) -> None:
        self._station = station
        self._pending_availability: dict[int, bool] = {}
        self._logs = 0
        self.handlers: Mapping[str, Handler] = {
            "RequestStartTransaction": self._start,
            "RequestStopTransaction": self._stop,
            "GetTransactionStatus": self._status,
            "TriggerMessage": self._trigger,
            "Reset": self._reset,
            "ChangeAvailability": self._availability,
            "UnlockConnector": self._unlock,
            "ClearCache": self._clear_cache,
            "DataTransfer": self._transfer,
            "GetLog": self._log,
        }
        self._triggers: Mapping[str, Callable[[list[Evse]], Act | None]] = {
            "BootNotification": self._boot,
            "Heartbeat": self._heartbeat,
            "StatusNotification": self._connectors,
            "MeterValues": self._values,
            "TransactionEvent": self._events,
            "LogStatusNotification": self._log_status,
            "SignChargingStationCertificate": self._sign,
        }

    def became_idle(self, now: float) -> None:
        """A transaction has ended: what was scheduled happens now."""
        for evse_id, operative in list(self._pending_availability.items()):
            if self._station.evses[evse_id].transaction is None:
                del self._pending_availability[evse_id]
                self._switch(self._station.evses[evse_id], now, operative=operative)

    def power_cycle(self) -> None:
        """Nothing is scheduled any more."""
        self._pending_availability.clear()

    # Transactions

    def _start(self, payload: Payload, now: float) -> Payload | ErrorReply:
        if self._pending():
            return {"status": "Rejected"}  # B02
        evse = self._startable(payload.get("evseId"))
        if self._station.seams.check(RemoteCheck.STARTABLE, violated=evse is None) or evse is None:
            return _rejected("NoEvse")
        profile = payload.get("chargingProfile")
        if profile is not None:
            problem = self._station.check_profile(profile, evse.id, now)
            if problem is not None:
                return _rejected(problem)
        evse.profile = profile
        evse.remote_start_id = payload["remoteStartId"]
        token = payload["idToken"]
        if self._station.model.boolean("AuthCtrlr", "AuthorizeRemoteStart"):
            self._station.after_reply(lambda when: self._station.transactions.present(evse, token, when), now)
        else:
            self._station.after_reply(lambda when: self._station.transactions.authorized(evse, token, None, when), now)
        return {"status": "Accepted"}

    def _pending(self) -> bool:
        pending = self._station.boot.state is BootState.PENDING
        return self._station.seams.check(RemoteCheck.PENDING, violated=pending)

    def _startable(self, evse_id: int | None) -> Evse | None:
        evses = [evse for evse in self._station.evses.values() if evse_id in {None, evse.id}]
        free = [one for one in evses if one.operative and one.transaction is None and one.id_token is None]
        return next((one for one in free if one.vehicle is not None), free[0] if free else None)

    def _stop(self, payload: Payload, now: float) -> Payload | ErrorReply:
        found = self._station.transaction(payload["transactionId"])
        if self._pending() or self._station.seams.check(RemoteCheck.TRANSACTION, violated=found is None):
            return _rejected("TxNotFound")
        if found is None:
            return {"status": "Accepted"}
        evse = self._station.evses[found.evse_id]
        self._station.after_reply(lambda when: self._station.transactions.end(evse, "RemoteStop", "Remote", when), now)
        return {"status": "Accepted"}

    def _status(self, payload: Payload, _: float) -> Payload | ErrorReply:
        identifier = payload.get("transactionId")
        answer: Payload = {"messagesInQueue": bool(self._station.outbox.events_of(identifier))}
        if identifier is not None:
            answer["ongoingIndicator"] = self._station.transaction(identifier) is not None
        return answer

    # Triggers

    def _trigger(self, payload: Payload, now: float) -> Payload | ErrorReply:
        """F06. A message that would have nothing to say is refused."""
        name = payload["requestedMessage"]
        evse_id = payload.get("evse", {}).get("id")
        if evse_id is not None and evse_id not in self._station.evses:
            return _rejected("UnknownEvse")
        chosen = [one for one in self._station.evses.values() if evse_id in {None, one.id}]
        prepare = self._triggers.get(name)
        if prepare is None:
            return self._trigger_energy(name, payload, evse_id, now)
        act = prepare(chosen)
        if act is None:
            return _rejected("NoMessage")
        if self._station.seams.value(RemoteKnob.TRIGGERED, True):
            self._station.after_reply(act, now)
        return {"status": "Accepted"}

    def _boot(self, _: list[Evse]) -> Act | None:
        if self._station.boot.accepted:
            return None  # F06
        return lambda now: self._station.boot.notify(now, "Triggered")

    def _heartbeat(self, _: list[Evse]) -> Act | None:
        return lambda now: self._station.boot.heartbeat(now, requested=True)

    def _connectors(self, evses: list[Evse]) -> Act | None:
        def tell(now: float) -> None:
            for one in evses:
                self._station.availability.tell(one, now, requested=True)

        return tell

    def _values(self, evses: list[Evse]) -> Act | None:
        return lambda now: self._meter_values(evses, now)

    def _events(self, evses: list[Evse]) -> Act | None:
        running = [one for one in evses if one.transaction is not None]
        if not running:
            return None

        def tell(now: float) -> None:
            for one in running:
                self._station.transactions.update(one.id, "Trigger", now)

        return tell

    def _log_status(self, _: list[Evse]) -> Act | None:
        idle = {"status": "Idle"}
        return lambda now: self._station.outbox.put("LogStatusNotification", idle, now, requested=True)

    def _sign(self, _: list[Evse]) -> Act | None:
        return self._station.certificates.start_signing

    def _trigger_energy(self, name: str, payload: Payload, evse_id: int | None, now: float) -> Payload:
        custom = payload.get("customTrigger", name)
        taken = self._station.trigger_energy(custom, evse_id, now)
        return {"status": "Accepted" if taken else "NotImplemented"}

    def _meter_values(self, evses: list[Evse], now: float) -> None:
        for evse in evses:
            values = self._station.meters.values(evse, "Trigger", now)
            if values:
                payload = {"evseId": evse.id, "meterValue": values}
                self._station.outbox.put("MeterValues", payload, now, requested=True)

    # The device

    def _reset(self, payload: Payload, now: float) -> Payload | ErrorReply:
        evse_id, kind = payload.get("evseId"), payload["type"]
        if evse_id:
            return _rejected("UnsupportedRequest")  # one EVSE alone cannot be reset (B11)
        running = any(one.transaction is not None for one in self._station.evses.values())
        waits = kind == "OnIdle" and running
        if self._station.seams.check(RemoteCheck.IDLE_FIRST, violated=waits):
            self._station.reset_when_idle()
            return {"status": "Scheduled"}
        self._station.after_reply(lambda when: self._station.reset(kind, when), now)
        return {"status": "Accepted"}

    def _availability(self, payload: Payload, now: float) -> Payload | ErrorReply:
        evse_id = payload.get("evse", {}).get("id")
        if evse_id is not None and evse_id not in self._station.evses:
            return _rejected("UnknownEvse")
        operative = payload["operationalStatus"] == "Operative"
        scheduled = False
        for evse in self._station.evses.values():
            if evse_id not in {None, evse.id}:
                continue
            if evse.transaction is not None and not operative:
                self._pending_availability[evse.id] = operative
                scheduled = True
            else:
                self._pending_availability.pop(evse.id, None)
                self._station.after_reply(partial(self._switch, evse, operative=operative), now)
        return {"status": "Scheduled" if scheduled else "Accepted"}

    def _switch(self, evse: Evse, now: float, *, operative: bool) -> None:
        evse.operative = operative
        self._station.availability.look(now)

    def _unlock(self, payload: Payload, _: float) -> Payload | ErrorReply:
        evse = self._station.evses.get(payload["evseId"])
        if evse is None or not 1 <= payload["connectorId"] <= evse.config.connectors:
            return {"status": "UnknownConnector"}
        return {"status": "OngoingAuthorizedTransaction" if evse.transaction is not None else "Unlocked"}

    def _clear_cache(self, _: Payload, __: float) -> Payload | ErrorReply:
        return {"status": "Rejected"}  # there is no cache (C11)

    def _transfer(self, payload: Payload, _: float) -> Payload | ErrorReply:
        return {"status": "UnknownVendorId"} if payload["vendorId"] else ErrorReply(ErrorCode.PROTOCOL_ERROR)

    def _log(self, payload: Payload, now: float) -> Payload | ErrorReply:
        self._logs += 1
        request_id = payload["requestId"]

        def upload(when: float) -> None:
            for status in ("Uploading", "Uploaded"):
                told = {"status": status, "requestId": request_id}
                self._station.outbox.put("LogStatusNotification", told, when, requested=True)

        self._station.after_reply(upload, now)
        self._station.trigger_energy(f"GetLog:{payload['logType']}", None, now)
        return {"status": "Accepted", "filename": f"{payload['logType']}-{self._logs}.json"}


def _rejected(reason: str) -> Payload:
    return {"status": "Rejected", "statusInfo": {"reasonCode": reason[:20]}}
