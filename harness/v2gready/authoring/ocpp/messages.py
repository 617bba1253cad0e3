"""Ordinary messages of a charging station, complete and valid in OCPP 2.1: to be sent as they are, or spoilt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from v2gready.authoring.ocpp.bench import CsmsBench
    from v2gready.emulators.station.session import StationSession

Payload = dict[str, Any]


def ordinary(action: str, stamp: str, *, limits: Sequence[float] = (16.0,), unit: str = "A") -> Payload:
    """The payload of one message.

    Args:
        action: Its name.
        stamp: The time to write into it.
        limits: Limits of a schedule, where it has one: one period of a minute each.
        unit: chargingRateUnit of that schedule.

    Raises:
        KeyError: There is no such message here.
    """
    value = {"value": 16.0, "measurand": "Current.Import", "context": "Sample.Periodic", "location": "Outlet"}
    meter = [{"timestamp": stamp, "sampledValue": [value]}]
    schedule = {
        "id": 1,
        "chargingRateUnit": unit,
        "startSchedule": stamp,
        "chargingSchedulePeriod": [{"startPeriod": 60 * place, "limit": limit} for place, limit in enumerate(limits)],
    }
    station = {"model": "Station emulator", "vendorName": "V2G-ready", "serialNumber": "V2GREADY-0001"}
    event = {
        "eventId": 1,
        "timestamp": stamp,
        "trigger": "Delta",
        "actualValue": "Available",
        "techInfo": "none",
        "eventNotificationType": "HardWiredNotification",
        "component": {"name": "Connector", "evse": {"id": 1, "connectorId": 1}},
        "variable": {"name": "AvailabilityState"},
    }
    profile = {
        "id": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": [schedule],
    }
    messages: dict[str, Payload] = {
        "BootNotification": {"reason": "PowerUp", "chargingStation": station},
        "Authorize": {"idToken": {"idToken": "V2GREADY-TOKEN", "type": "ISO14443"}},
        "TransactionEvent": {
            "eventType": "Updated",
            "timestamp": stamp,
            "triggerReason": "MeterValuePeriodic",
            "seqNo": 1,
            "transactionInfo": {"transactionId": "tx-ordinary", "chargingState": "Charging"},
            "evse": {"id": 1, "connectorId": 1},
            "meterValue": meter,
        },
        "MeterValues": {"evseId": 1, "meterValue": meter},
        "NotifyEvent": {"generatedAt": stamp, "seqNo": 0, "eventData": [event]},
        "SecurityEventNotification": {"type": "SettingSystemTime", "timestamp": stamp, "techInfo": "none"},
        "NotifyEVChargingSchedule": {"timeBase": stamp, "evseId": 1, "chargingSchedule": schedule},
        "NotifyChargingLimit": {
            "evseId": 1,
            "chargingLimit": {"chargingLimitSource": "EMS"},
            "chargingSchedule": [schedule],
        },
        "ReportChargingProfiles": {
            "requestId": 1,
            "chargingLimitSource": "CSO",
            "evseId": 1,
            "chargingProfile": [profile],
        },
    }
    return messages[action]


async def serve_again(bench: CsmsBench, session: StationSession, *, watch: float = 1.0) -> None:
    """Asks for something ordinary after a disturbance: on the same connection, on a new one if that is gone.

    Args:
        bench: The bench.
        session: The connection that was disturbed.
        watch: Seconds to watch what becomes of it first.
    """
    await session.silence(watch)
    if session.is_open and (await session.heartbeat() is not None or session.is_open):
        return
    async with bench.station.connect() as again:
        await again.boot()
        await again.heartbeat()
