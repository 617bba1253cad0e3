"""What a good charging station answers to every action that a CSMS may call, OCPP 2.0.1 and 2.1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from v2gready.emulators.ocpp.answers import NOT_SUPPORTED, Answer, Followed
from v2gready.protocols.ocpp.frames import Call, Payload

if TYPE_CHECKING:
    from v2gready.emulators.ocpp.session import OcppSession
    from v2gready.emulators.station.session import StationSession

ACCEPTED: Final = (
    "AFRRSignal",
    "AdjustPeriodicEventStream",
    "CertificateSigned",
    "ChangeAvailability",
    "ClearCache",
    "ClearChargingProfile",
    "ClearDERControl",
    "CustomerInformation",
    "DeleteCertificate",
    "GetMonitoringReport",
    "InstallCertificate",
    "NotifyAllowedEnergyTransfer",
    "RequestStartTransaction",
    "RequestStopTransaction",
    "Reset",
    "SendLocalList",
    "SetChargingProfile",
    "SetDERControl",
    "SetMonitoringBase",
    "SetMonitoringLevel",
    "SetNetworkProfile",
    "UpdateDynamicSchedule",
    "UpdateFirmware",
    "UsePriorityCharging",
)
OUT_OF_SCOPE: Final = (
    "CancelReservation",
    "ChangeTransactionTariff",
    "ClearDisplayMessage",
    "ClearTariffs",
    "CostUpdated",
    "GetDisplayMessages",
    "GetTariffs",
    "PublishFirmware",
    "RequestBatterySwap",
    "ReserveNow",
    "SetDefaultTariff",
    "SetDisplayMessage",
    "UnpublishFirmware",
)
"""Reservation, display, cost, tariff, battery swap: known, and refused as NotSupported."""
TRIGGERED: Final[Mapping[str, str]] = {
    "BootNotification": "boot",
    "Heartbeat": "heartbeat",
    "StatusNotification": "status",
    "MeterValues": "meter_values",
}
"""requestedMessage of TriggerMessage, and the method of the session that sends it."""


def default_answers() -> dict[str, Answer]:
    """The table of a good station by action; each session changes its own."""
    table: dict[str, Answer] = {action: {"status": "Accepted"} for action in ACCEPTED}
    table |= dict.fromkeys(OUT_OF_SCOPE, NOT_SUPPORTED)
    table |= {
        "ClearVariableMonitoring": lambda call: {
            "clearMonitoringResult": [{"status": "NotFound", "id": one} for one in _list(call, "id")]
        },
        "DataTransfer": {"status": "UnknownVendorId"},
        "GetBaseReport": Followed({"status": "Accepted"}, _report),
        "GetChargingProfiles": {"status": "NoProfiles"},
        "GetCompositeSchedule": {"status": "Rejected"},
        "GetDERControl": {"status": "NotFound"},
        "GetInstalledCertificateIds": {"status": "NotFound"},
        "GetLocalListVersion": {"versionNumber": 0},
        "GetLog": lambda call: {"status": "Accepted", "filename": f"log-{call.payload.get('requestId')}.txt"},
        "GetPeriodicEventStream": {},
        "GetReport": Followed({"status": "Accepted"}, _report),
        "GetTransactionStatus": {"messagesInQueue": False},
        "GetVariables": _variables,
        "SetVariableMonitoring": _monitors,
        "SetVariables": _set_variables,
        "TriggerMessage": _trigger,
        "UnlockConnector": {"status": "Unlocked"},
    }
    return table


def _list(call: Call, name: str) -> list[Any]:
    found = call.payload.get(name)
    return found if isinstance(found, list) else []


def _same(asked: Mapping[str, Any], *names: str) -> Payload:
    return {name: asked[name] for name in names if name in asked}


def _variables(call: Call) -> Payload:
    return {
        "getVariableResult": [
            {"attributeStatus": "UnknownComponent", **_same(one, "attributeType", "component", "variable")}
            for one in _list(call, "getVariableData")
            if isinstance(one, dict)
        ]
    }


def _set_variables(call: Call) -> Payload:
    return {
        "setVariableResult": [
            {"attributeStatus": "Accepted", **_same(one, "attributeType", "component", "variable")}
            for one in _list(call, "setVariableData")
            if isinstance(one, dict)
        ]
    }


def _monitors(call: Call) -> Payload:
    return {
        "setMonitoringResult": [
            {"status": "UnknownComponent", **_same(one, "type", "component", "variable", "severity")}
            for one in _list(call, "setMonitoringData")
            if isinstance(one, dict)
        ]
    }


def _trigger(call: Call) -> Answer:
    if call.payload.get("requestedMessage") not in TRIGGERED:
        return {"status": "NotImplemented"}
    return Followed({"status": "Accepted"}, _triggered)


async def _triggered(session: OcppSession, call: Call) -> None:
    station: StationSession = session  # type: ignore[assignment] # these answers are in tables of stations only
    name = TRIGGERED[call.payload["requestedMessage"]]
    evse = call.payload.get("evse")
    at = _same(evse, "id", "connectorId") if isinstance(evse, dict) else {}
    match name:
        case "boot":
            await station.boot("Triggered")
        case "status":
            await station.status("Available", evse=at.get("id", 1), connector=at.get("connectorId", 1))
        case "meter_values":
            await station.meter_values({"Power.Active.Import": 0.0}, evse=at.get("id", 1), context="Trigger")
        case _:
            await station.heartbeat()


async def _report(session: OcppSession, call: Call) -> None:
    """A small device model: enough for a CSMS to see the end of the report."""
    await session.call(
        "NotifyReport",
        {
            "requestId": call.payload.get("requestId", 0),
            "generatedAt": session.stamp(),
            "seqNo": 0,
            "tbc": False,
            "reportData": [
                {
                    "component": {"name": component, **({"evse": {"id": 1}} if evse else {})},
                    "variable": {"name": variable},
                    "variableAttribute": [{"type": "Actual", "value": value, "mutability": "ReadOnly"}],
                    "variableCharacteristics": {"dataType": "boolean", "supportsMonitoring": False},
                }
                for component, variable, value, evse in (
                    ("SmartChargingCtrlr", "Enabled", "true", False),
                    ("V2XChargingCtrlr", "Enabled", "true", True),
                )
            ],
        },
    )
