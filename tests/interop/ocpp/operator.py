"""The hooks of a CSMS in terms of the one thing that the scripts can do: send a CALL.

``$transaction`` in a payload stands for the id of the newest transaction that runs; the scripts fill it in.
"""

from __future__ import annotations

import itertools
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_NUMBERS = itertools.count(int(time.time()) % 1_000_000)
_RUNNING = "$transaction"


def order(hook: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """What to tell the script for a hook: action, payload and, if it was named, the station.

    Raises:
        KeyError: There is no such hook here.
    """
    values = dict(values)
    station = {"station": values.pop("station")} if "station" in values else {}
    if hook == "do":
        return {"action": values["action"], "payload": values.get("payload", {}), **station}
    action, payload = _ORDERS[hook](**values)
    return {"action": action, "payload": {key: value for key, value in payload.items() if value is not None}, **station}


def _stamp(after: float = 0.0) -> str:
    moment = datetime.now(UTC) + timedelta(seconds=after)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _request_start(token: str = "V2G-TOKEN", evse: int = 1, type: str = "ISO14443", profile: Any = None) -> Any:  # noqa: A002, S107
    shown = {"idToken": token, "type": type}
    number = next(_NUMBERS)
    return "RequestStartTransaction", {
        "idToken": shown,
        "remoteStartId": number,
        "evseId": evse,
        "chargingProfile": profile,
    }


def _set_charging_profile(  # noqa: PLR0917 - as the hook has them
    evse: int = 1,
    profile: Any = None,
    periods: Any = ({"limit": 11_000.0},),
    kind: str = "Absolute",
    purpose: str | None = None,
    unit: str = "W",
    stack_level: int = 1,
    duration: int | None = None,
) -> Any:
    chosen = purpose or "TxProfile"
    schedule = {"id": next(_NUMBERS), "chargingRateUnit": unit}
    schedule["chargingSchedulePeriod"] = [{"startPeriod": 0, **period} for period in periods]
    if kind == "Absolute":
        schedule["startSchedule"] = _stamp()
    if duration is not None:
        schedule["duration"] = duration
    made = {
        "id": next(_NUMBERS),
        "stackLevel": stack_level,
        "chargingProfilePurpose": chosen,
        "chargingProfileKind": kind,
        "chargingSchedule": [schedule],
    }
    if chosen == "TxProfile":
        made["transactionId"] = _RUNNING
    return "SetChargingProfile", {"evseId": evse, "chargingProfile": profile or made}


def _component_variable(component: str, variable: str | None, evse: int | None = None) -> dict[str, Any]:
    where = {} if evse is None else {"evse": {"id": evse}}
    return {"component": {"name": component, **where}, **({} if variable is None else {"variable": {"name": variable}})}


def _set_variables(
    component: str, variable: str, value: Any, evse: int | None = None, instance: str | None = None
) -> Any:
    asked = _component_variable(component, variable, evse)
    if instance is not None:
        asked["variable"]["instance"] = instance
    return "SetVariables", {"setVariableData": [{"attributeValue": str(value), **asked}]}


def _der(action: str, **values: Any) -> Any:
    return action, {
        "isDefault": values.get("is_default"),
        "controlType": values.get("control_type"),
        "controlId": values.get("control_id"),
    }


_ORDERS: dict[str, Any] = {
    "request_start": _request_start,
    "request_stop": lambda transaction=_RUNNING: ("RequestStopTransaction", {"transactionId": transaction}),
    "get_transaction_status": lambda transaction=None: ("GetTransactionStatus", {"transactionId": transaction}),
    "notify_allowed_energy_transfer": lambda modes=("DC_BPT",), transaction=_RUNNING: (
        "NotifyAllowedEnergyTransfer",
        {"transactionId": transaction, "allowedEnergyTransfer": list(modes)},
    ),
    "set_charging_profile": _set_charging_profile,
    "clear_charging_profile": lambda profile=None: (
        "ClearChargingProfile",
        {"chargingProfileCriteria": {"evseId": 0}} if profile is None else {"chargingProfileId": profile},
    ),
    "get_charging_profiles": lambda evse=None: (
        "GetChargingProfiles",
        {"requestId": next(_NUMBERS), "evseId": evse, "chargingProfile": {}},
    ),
    "get_composite_schedule": lambda evse=1, duration=3600, unit=None: (
        "GetCompositeSchedule",
        {"evseId": evse, "duration": duration, "chargingRateUnit": unit},
    ),
    "use_priority_charging": lambda transaction=_RUNNING, activate=True: (
        "UsePriorityCharging",
        {"transactionId": transaction, "activate": activate},
    ),
    "send_afrr_signal": lambda signal, delay=0.0: ("AFRRSignal", {"timestamp": _stamp(delay), "signal": signal}),
    "clear_der_control": lambda is_default=True, **values: _der("ClearDERControl", is_default=is_default, **values),
    "get_der_control": lambda **values: (
        "GetDERControl",
        {"requestId": next(_NUMBERS), **_der("GetDERControl", **values)[1]},
    ),
    "get_variables": lambda component, variable, evse=None: (
        "GetVariables",
        {"getVariableData": [_component_variable(component, variable, evse)]},
    ),
    "set_variables": _set_variables,
    "get_base_report": lambda kind="FullInventory": (
        "GetBaseReport",
        {"requestId": next(_NUMBERS), "reportBase": kind},
    ),
    "get_report": lambda component, variable=None: (
        "GetReport",
        {"requestId": next(_NUMBERS), "componentVariable": [_component_variable(component, variable)]},
    ),
    "trigger_message": lambda message, evse=None, custom=None: (
        "TriggerMessage",
        {"requestedMessage": message, "evse": None if evse is None else {"id": evse}, "customTrigger": custom},
    ),
    "reset": lambda kind="OnIdle", evse=None: ("Reset", {"type": kind, "evseId": evse}),
}

HOOKS = ("do", *_ORDERS)
"""The hooks that this operator can carry out."""
