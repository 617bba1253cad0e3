"""Transactions: when they start and end, and the events that tell it (E01 to E15)."""

from __future__ import annotations

import uuid
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from v2gready.protocols.ocpp.editions import Edition
from v2gready.protocols.ocpp.frames import CallError, CallResult, Payload
from v2gready.references.station.boot import BootState
from v2gready.references.station.context import Evse, Setpoint, Transaction, Vehicle
from v2gready.references.station.timers import Timer

if TYPE_CHECKING:
    from v2gready.references.station.station import Station

_NOTHING: Final = 1.0
"""Watts below which nothing flows."""


class TransactionKnob(Enum):
    """What a fault may bend in transactions."""

    SEQ_NO = "seqNo"
    OFFLINE = "offline"
    EVENT = "TransactionEvent"
    AUTHORIZE = "Authorize"
    ID = "transaction id"


class TransactionCheck(Enum):
    """Rules of transactions."""

    AUTHORIZED = "no transaction without an accepted token"
    DEAUTHORIZED = "the CSMS refuses the token of a running transaction"
    SAME_TOKEN = "stopped by the token that started it"  # noqa: S105 - no secret


class Transactions:
    """All transactions of a station.

    Args:
        station: The station.
    """

    def __init__(self, station: Station) -> None:
        self._station = station
        self._waiting: dict[int, Timer] = {}
        self._periodic: dict[int, Timer] = {}
        self._held: list[tuple[int, Payload]] = []

    # What the user does

    def plug_in(self, evse: Evse, vehicle: Vehicle, now: float) -> None:
        """A vehicle is connected."""
        evse.vehicle = vehicle
        evse.soc = vehicle.soc
        self._station.availability.look(now)
        self._station.tell_energy("plugged", evse.id, now)
        if evse.id_token is not None:
            trigger = "CablePluggedIn" if evse.remote_start_id is None else "RemoteStart"
            self.start(evse, trigger, now)

    def present(self, evse: Evse, token: Payload, now: float) -> None:
        """Somebody presents a token: to start, or the same one to stop."""
        running = evse.transaction
        if running is not None:
            own = running.id_token is not None and _same(running.id_token, token)
            if not self._station.seams.check(TransactionCheck.SAME_TOKEN, violated=not own):
                self.end(evse, "StopAuthorized", "Local", now, token=token)
            return
        known = dict(token)
        if evse.vehicle is not None and evse.vehicle.evccid:
            extra = {"additionalIdToken": evse.vehicle.evccid, "type": "EVCCID"}
            known["additionalInfo"] = [*token.get("additionalInfo", []), extra]
        if not self._station.online and self._station.connected_now:
            # The CSMS is about to accept the station: the token waits for it. Pending and Rejected: no transactions.
            if self._station.boot.state is BootState.UNKNOWN:
                self._held.append((evse.id, token))
            return
        if not self._station.online:
            if self._station.model.boolean("AuthCtrlr", "OfflineTxForUnknownIdEnabled"):
                self.authorized(evse, known, None, now)
            return
        payload = self._station.seams.value(TransactionKnob.AUTHORIZE, {"idToken": known})
        self._station.send("Authorize", payload, now, then=lambda answer, when: self._told(evse, known, answer, when))

    def unplug(self, evse: Evse, now: float) -> None:
        """The vehicle is disconnected."""
        if evse.transaction is not None:
            self.end(evse, "EVCommunicationLost", "EVDisconnected", now)
        self._forget_authorization(evse)
        evse.vehicle = None
        self._station.tell_energy("unplugged", evse.id, now)
        self._station.availability.look(now)

    def release_held(self, now: float) -> None:
        """The station came online, or lost the connection before it did: tokens need not wait any longer."""
        held, self._held = self._held, []
        for evse_id, token in held:
            self.present(self._station.evses[evse_id], token, now)

    # Authorization

    def authorized(self, evse: Evse, token: Payload, transfer: list[str] | None, now: float) -> None:
        """A token is accepted: it starts a transaction, or waits for the cable (EVConnectionTimeOut)."""
        evse.id_token = token
        evse.allowed_energy_transfer = transfer
        if evse.vehicle is not None:
            self.start(evse, "Authorized" if evse.remote_start_id is None else "RemoteStart", now)
            return
        wait = self._station.model.number("TxCtrlr", "EVConnectionTimeOut") or 0.0

        def give_up(when: float) -> None:
            if evse.transaction is None and evse.vehicle is None:
                self._forget_authorization(evse)
                self._station.availability.look(when)

        self._waiting[evse.id] = self._station.timers.at(now + wait, give_up)

    def _told(self, evse: Evse, token: Payload, answer: CallResult | CallError | None, now: float) -> None:
        accepted = isinstance(answer, CallResult) and answer.payload["idTokenInfo"]["status"] == "Accepted"
        if self._station.seams.check(TransactionCheck.AUTHORIZED, violated=not accepted):
            return
        transfer = answer.payload.get("allowedEnergyTransfer") if isinstance(answer, CallResult) else None
        if evse.transaction is None:
            self.authorized(evse, token, transfer, now)

    def _forget_authorization(self, evse: Evse) -> None:
        timer = self._waiting.pop(evse.id, None)
        if timer is not None:
            timer.cancel()
        evse.id_token = evse.remote_start_id = evse.allowed_energy_transfer = evse.profile = None

    # Events

    def start(self, evse: Evse, trigger: str, now: float) -> None:
        """Cable and authorization are there: the transaction starts (TxStartPoint PowerPathClosed)."""
        timer = self._waiting.pop(evse.id, None)
        if timer is not None:
            timer.cancel()
        if evse.transaction is not None or not evse.operative:
            return
        fresh = str(uuid.UUID(int=self._station.rng.getrandbits(128)))
        identifier = self._station.seams.value(TransactionKnob.ID, fresh)
        found = Transaction(
            id=identifier,
            evse_id=evse.id,
            started=now,
            id_token=evse.id_token,
            remote_start_id=evse.remote_start_id,
            allowed_energy_transfer=evse.allowed_energy_transfer,
        )
        evse.transaction = found
        self._event(
            evse, found, "Started", trigger, now,
            info={} if found.remote_start_id is None else {"remoteStartId": found.remote_start_id},
            more={} if found.id_token is None else {"idToken": found.id_token},
            context="Transaction.Begin", variable="TxStartedMeasurands",
        )  # fmt: skip
        if evse.profile is not None:
            self._station.tell_energy("take_profile", evse.profile, found, now)
            evse.profile = None
        self._station.tell_energy("transaction_started", found, now)
        self._run(evse, now)

    def resume(self, evse: Evse, now: float) -> None:
        """After a power cycle: on with it, or its end with PowerLoss (E06, C-62)."""
        found = evse.transaction
        if found is None:
            return
        if self._station.resuming:
            self.update(evse.id, "TxResumed", now)
            self._station.tell_energy("transaction_started", found, now)
            self._run(evse, now)
        else:
            self.end(evse, "AbnormalCondition", "PowerLoss", now)

    def update(self, evse_id: int, trigger: str, now: float, *, info: Payload | None = None, **more: Any) -> None:
        """See `StationContext.update_transaction`."""
        evse = self._station.evses[evse_id]
        if evse.transaction is not None:
            context = {"MeterValuePeriodic": "Sample.Periodic", "Trigger": "Trigger"}.get(trigger, "Other")
            self._event(evse, evse.transaction, "Updated", trigger, now, info=info or {}, more=more, context=context)

    def end(self, evse: Evse, trigger: str, reason: str, now: float, *, token: Payload | None = None) -> None:
        """Ends the transaction of an EVSE; power first."""
        found = evse.transaction
        if found is None:
            return
        self._station.meters.set_power(evse, 0.0, now)
        found.charging_state = "EVConnected" if reason != "EVDisconnected" else "Idle"
        self._event(
            evse, found, "Ended", trigger, now,
            info={"stoppedReason": reason}, more={} if token is None else {"idToken": token},
            context="Transaction.End", variable="TxEndedMeasurands",
        )  # fmt: skip
        found.active = False
        evse.transaction = None
        timer = self._periodic.pop(evse.id, None)
        if timer is not None:
            timer.cancel()
        self._forget_authorization(evse)
        self._station.tell_energy("transaction_ended", found, now)
        self._station.availability.look(now)
        self._station.became_idle(now)

    def answered(self, event: Payload, answer: Payload, now: float) -> None:
        """The CSMS has taken an event; it may refuse the token (E05, C15)."""
        status = answer.get("idTokenInfo", {}).get("status", "Accepted")
        found = self._station.transaction(event["transactionInfo"]["transactionId"])
        if found is not None and self._station.seams.check(
            TransactionCheck.DEAUTHORIZED, violated=status != "Accepted"
        ):
            self.end(self._station.evses[found.evse_id], "Deauthorized", "DeAuthorized", now)

    def apply(self, evse: Evse, setpoint: Setpoint, now: float) -> None:
        """The EVSE follows a setpoint, and what changed is told (K01.FR.110)."""
        found = evse.transaction
        if found is None:
            return
        self._station.meters.set_power(evse, setpoint.watts, now)
        first = found.operation_mode is None
        if found.operation_mode != setpoint.mode:
            found.operation_mode = setpoint.mode
            if not (first and setpoint.mode == "ChargingOnly") and self._station.edition is Edition.V21:
                self.update(evse.id, "OperationModeChanged", now)
        flows = abs(setpoint.watts) >= _NOTHING
        state = "Charging" if flows else ("EVConnected" if found.charging_state == "EVConnected" else "SuspendedEVSE")
        if not flows and evse.vehicle is not None and found.charging_state == "Charging" and self._full(evse):
            state = "SuspendedEV"
        if state != found.charging_state or setpoint.sleep != found.asleep:
            found.charging_state, found.asleep = state, setpoint.sleep
            self.update(evse.id, "ChargingStateChanged", now)

    def power_cycle(self) -> None:
        """Timers are gone, and nobody waits with a token."""
        self._held.clear()
        self._waiting.clear()
        self._periodic.clear()

    def _run(self, evse: Evse, now: float) -> None:
        self._station.availability.look(now)
        self._station.refresh(now)
        self._station.meters.sample(now)
        self._schedule(evse, now)

    def _schedule(self, evse: Evse, now: float) -> None:
        interval = self._station.model.number("SampledDataCtrlr", "TxUpdatedInterval") or 0.0
        if interval <= 0 or evse.transaction is None:
            return

        def due(when: float) -> None:
            self.update(evse.id, "MeterValuePeriodic", when)
            self._schedule(evse, when)

        self._periodic[evse.id] = self._station.timers.at(now + interval, due)

    def _event(
        self,
        evse: Evse,
        found: Transaction,
        kind: str,
        trigger: str,
        now: float,
        *,
        info: Payload,
        more: Payload,
        context: str,
        variable: str = "TxUpdatedMeasurands",
    ) -> None:
        seams = self._station.seams
        about: Payload = {"transactionId": found.id, "chargingState": found.charging_state}
        if found.operation_mode is not None:
            about["operationMode"] = found.operation_mode
        payload: Payload = {
            "eventType": kind,
            "timestamp": self._station.stamp(now),
            "triggerReason": trigger,
            "seqNo": seams.value(TransactionKnob.SEQ_NO, found.seq_no),
            "transactionInfo": about | info,
            "evse": {"id": evse.id, "connectorId": 1},
        }
        if seams.value(TransactionKnob.OFFLINE, not self._station.online):
            payload["offline"] = True
        if found.asleep:
            payload["evseSleep"] = True
        payload |= more
        values = self._station.meters.values(evse, context, now, wanted=self._station.meters.measurands(evse, variable))
        if values:
            payload["meterValue"] = values
        found.seq_no += 1
        self._station.outbox.put_event(seams.value(TransactionKnob.EVENT, payload))

    @staticmethod
    def _full(evse: Evse) -> bool:
        return evse.soc >= 100.0 or evse.soc <= 0.0


def _same(one: Payload, other: Payload) -> bool:
    return bool(one["idToken"].lower() == other["idToken"].lower() and one["type"] == other["type"])
