"""One connection of the station emulator, with words for what stations say most."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from v2gready.emulators.ocpp.session import Answered, OcppSession
from v2gready.protocols.ocpp.editions import Edition
from v2gready.protocols.ocpp.frames import Payload

UNITS: Final = {"Power": "W", "Energy": "Wh", "Current": "A", "Voltage": "V", "SoC": "Percent", "Frequency": "Hz"}
"""Unit of a measurand by its first word."""


def values(measured: Mapping[str, float], timestamp: str, context: str = "Sample.Periodic") -> Payload:
    """A MeterValueType.

    Args:
        measured: By measurand, in W, Wh, A, V, % and Hz.
        timestamp: When.
        context: ReadingContextEnumType.
    """
    return {
        "timestamp": timestamp,
        "sampledValue": [
            {
                "value": value,
                "measurand": measurand,
                "context": context,
                **({"unitOfMeasure": {"unit": unit}} if (unit := UNITS.get(measurand.partition(".")[0])) else {}),
            }
            for measurand, value in measured.items()
        ],
    }


def token(value: str, kind: str = "ISO14443", **additional: str) -> Payload:
    """An IdTokenType.

    Args:
        value: idToken.
        kind: Its type.
        **additional: additionalInfo by type, e.g. ``EVCCID="..."``.
    """
    found: Payload = {"idToken": value, "type": kind}
    if additional:
        found["additionalInfo"] = [{"additionalIdToken": one, "type": name} for name, one in additional.items()]
    return found


class StationSession(OcppSession):
    """Drives one connection to a CSMS.

    Attributes:
        identity: In the path of the handshake.
        serial: chargingStation.serialNumber.
    """

    def __init__(self, *args: Any, identity: str, serial: str, **more: Any) -> None:
        self.identity = identity
        self.serial = serial
        self._sequence: dict[str, int] = {}
        super().__init__(*args, **more)

    async def boot(self, reason: str = "PowerUp", **changes: Any) -> Answered | None:
        """BootNotification.

        Args:
            reason: BootReasonEnumType.
            **changes: Fields of ChargingStationType to change; None leaves one out.
        """
        station = {
            "serialNumber": self.serial,
            "model": "Station emulator",
            "vendorName": "V2G-ready",
            "firmwareVersion": "1.0",
        } | changes
        return await self.call("BootNotification", {"reason": reason, "chargingStation": _without_none(station)})

    async def heartbeat(self) -> Answered | None:
        """Heartbeat."""
        return await self.call("Heartbeat")

    async def status(
        self, status: str = "Available", *, evse: int = 1, connector: int = 1, timestamp: str | None = None
    ) -> Answered | None:
        """Tells the state of a connector: NotifyEvent(AvailabilityState) in 2.1, StatusNotification in 2.0.1.

        Args:
            status: ConnectorStatusEnumType.
            evse: evseId.
            connector: connectorId.
            timestamp: Now if None.
        """
        at = self.stamp() if timestamp is None else timestamp
        if self.edition is Edition.V201:
            told: Payload = {"timestamp": at, "connectorStatus": status, "evseId": evse, "connectorId": connector}
            return await self.call("StatusNotification", told)
        event = {
            "eventId": self.calls_sent,
            "timestamp": at,
            "trigger": "Delta",
            "actualValue": status,
            "eventNotificationType": "HardWiredNotification",
            "component": {"name": "Connector", "evse": {"id": evse, "connectorId": connector}},
            "variable": {"name": "AvailabilityState"},
        }
        return await self.call("NotifyEvent", {"generatedAt": at, "seqNo": 0, "eventData": [event]})

    async def authorize(self, value: str = "TOKEN-1", kind: str = "ISO14443", **changes: Any) -> Answered | None:
        """Authorize.

        Args:
            value: idToken.
            kind: Its type.
            **changes: Fields of the request to add or change; None leaves one out.
        """
        return await self.call("Authorize", _without_none({"idToken": token(value, kind)} | changes))

    async def transaction_event(
        self,
        event_type: str,
        *,
        transaction: str = "tx-1",
        trigger: str | None = None,
        seq_no: int | None = None,
        evse: int | None = 1,
        connector: int = 1,
        charging_state: str | None = None,
        measured: Mapping[str, float] | None = None,
        timestamp: str | None = None,
        offline: bool | None = None,
        info: Mapping[str, Any] | None = None,
        id: str | None = None,  # noqa: A002 - the word of the standard
        **more: Any,
    ) -> Answered | None:
        """TransactionEvent.

        Args:
            event_type: ``Started``, ``Updated`` or ``Ended``.
            transaction: transactionId.
            trigger: triggerReason; a usual one for the type if None.
            seq_no: seqNo; the next of that transaction on this connection if None.
            evse: evseId; None leaves the EVSE out.
            connector: connectorId.
            charging_state: chargingState; a usual one if None, left out if empty.
            measured: Meter values by measurand.
            timestamp: Now if None.
            offline: Left out if None.
            info: More fields of transactionInfo: operationMode, stoppedReason, remoteStartId.
            id: messageId, if not a new one.
            **more: More fields of the request: idToken, meterValue, evseSleep; None leaves one out.
        """
        at = self.stamp() if timestamp is None else timestamp
        usual_trigger, usual_state, context = _USUAL.get(event_type, ("Trigger", "Charging", "Sample.Periodic"))
        if seq_no is None:
            seq_no = self._sequence.get(transaction, -1) + 1
        self._sequence[transaction] = seq_no
        state = usual_state if charging_state is None else charging_state or None
        payload = {
            "eventType": event_type,
            "timestamp": at,
            "triggerReason": usual_trigger if trigger is None else trigger,
            "seqNo": seq_no,
            "offline": offline,
            "evse": None if evse is None else {"id": evse, "connectorId": connector},
            "transactionInfo": _without_none({"transactionId": transaction, "chargingState": state, **(info or {})}),
            "meterValue": None if measured is None else [values(measured, at, context)],
        } | more
        return await self.call("TransactionEvent", _without_none(payload), id=id)

    async def meter_values(
        self,
        measured: Mapping[str, float],
        *,
        evse: int = 1,
        context: str = "Sample.Clock",
        timestamp: str | None = None,
    ) -> Answered | None:
        """MeterValues.

        Args:
            measured: By measurand, in W, Wh, A, V, % and Hz.
            evse: evseId.
            context: ReadingContextEnumType.
            timestamp: Now if None.
        """
        at = self.stamp() if timestamp is None else timestamp
        return await self.call("MeterValues", {"evseId": evse, "meterValue": [values(measured, at, context)]})


_USUAL: Final = {
    "Started": ("CablePluggedIn", "EVConnected", "Transaction.Begin"),
    "Updated": ("MeterValuePeriodic", "Charging", "Sample.Periodic"),
    "Ended": ("EVCommunicationLost", "Idle", "Transaction.End"),
}
"""triggerReason, chargingState and reading context by eventType."""


def _without_none(fields: Mapping[str, Any]) -> Payload:
    return {name: value for name, value in fields.items() if value is not None}
