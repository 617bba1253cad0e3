"""More of what holds for everything a charging station sends: errors, the time before Accepted, signs of power."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from v2gready.authoring.ocpp import (
    Call,
    CallError,
    ErrorCode,
    Observation,
    StationInvariant,
    Trace,
    calls,
    echoes_bad_id,
    holds,
    look,
)

UNASKED = frozenset(
    {
        "TransactionEvent",
        "NotifyEVChargingNeeds",
        "MeterValues",
        "StatusNotification",
        "NotifyEvent",
        "SecurityEventNotification",
        "Heartbeat",
    }
)
"""What a station tells of its own accord once it is accepted."""
UNSIGNED = frozenset({"Power.Active.Import", "Power.Active.Export"})
NOISE = 100.0
"""W that a meter may show where nothing flows; ours."""
CHARGING_MODES = frozenset({"ChargingOnly", "Idle"})
"""Modes in which no vehicle gives energy back."""


class Errors(StationInvariant):
    """A CALLERROR has five elements, a code that the standard knows, and an object as details."""

    id = "INV-CHG-OCPP-ERRORS"
    title = "CALLERRORs are well formed"
    requirements = ("OCPP-J-ERR-SHAPE",)
    faults = {"details-not-object": "OCPP-J-ERR-SHAPE", "error-without-details": "OCPP-J-ERR-SHAPE"}
    witness = "CHG-OCPP-RPC-01"

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at every frame that begins as one."""
        codes = {str(one) for one in ErrorCode}
        for one in trace.frames(sender=trace.dut):
            if one.protocol != "ocpp" or not one.raw.lstrip().startswith(b"[4") or echoes_bad_id(trace, one):
                continue
            message = one.message
            good = isinstance(message, CallError) and message.code in codes and len(message.description) <= 255
            seen = one.problem or (message.code if isinstance(message, CallError) else "no CALLERROR")
            expected = "a known code, a description of 255 characters at most, an object as details"
            yield holds("OCPP-J-ERR-SHAPE", good, expected=expected, seen=seen, at=(one.index,))


class NotYetAccepted(StationInvariant):
    """Between BootNotification and Accepted the station tells nothing unasked, of transactions least of all.

    What TriggerMessage asked for is not unasked. Where a trace begins with a station that was accepted before, nothing
    is known of the time before its next BootNotification, so nothing is judged there.
    """

    id = "INV-CHG-OCPP-ACCEPTED"
    title = "Nothing is told unasked before Accepted"
    requirements = ("OCPP-B01-BOOT-FIRST",)
    faults = {"talks-before-accepted": "OCPP-B01-BOOT-FIRST"}
    witness = "CHG-OCPP-EDIT-06"

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Follows the station from each BootNotification to the answer that accepts it."""
        boots = {
            one.reply.index: one.status
            for one in calls(trace, "BootNotification", sender=trace.dut)
            if one.reply is not None
        }
        waiting, ever, triggered = False, False, set[str]()
        for frame in trace.frames():
            if frame.index in boots:
                waiting = boots[frame.index] in {"Pending", "Rejected"}
                ever = ever or boots[frame.index] == "Accepted"
                continue
            message = frame.message
            if not isinstance(message, Call):
                continue
            if frame.sender == trace.tester:
                if message.action == "TriggerMessage":
                    triggered.add(str(message.payload.get("requestedMessage")))
                continue
            if message.action == "BootNotification":
                waiting = waiting or not ever
            elif waiting and message.action in UNASKED:
                asked = message.action in triggered or (
                    message.action == "NotifyEvent" and "StatusNotification" in triggered
                )
                expected = "nothing unasked before the station is accepted"
                yield holds("OCPP-B01-BOOT-FIRST", asked, expected=expected, seen=message.action, at=(frame.index,))


class Signs(StationInvariant):
    """Import and export are two quantities without a sign; who charges only, or is idle, exports nothing.

    A minus in the wrong place, and the bill of the customer is that of the grid.
    """

    id = "INV-CHG-OCPP-SIGNS"
    title = "Power has the sign of its quantity and of its operation mode"
    requirements = ("OCPP-J02-TRUE",)
    faults = {"export-power-negative": "OCPP-J02-TRUE"}
    witness = "CHG-OCPP-NUM-04"

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks at every sample of power; at export only where the mode was the same in the event before."""
        modes: dict[Any, Any] = {}
        for one in calls(trace, sender=trace.dut):
            if one.action not in {"TransactionEvent", "MeterValues"}:
                continue
            key = look(one.payload, "transactionInfo.transactionId")
            mode = look(one.payload, "transactionInfo.operationMode")
            settled = mode in CHARGING_MODES and modes.get(key) == mode
            if mode is not None:
                modes[key] = mode
            for name, value in samples(one.payload):
                yield holds(
                    "OCPP-J02-TRUE", value >= 0, expected=f"{name} of 0 W or more", seen=f"{value:g} W", at=one.at
                )
                if settled and name == "Power.Active.Export":
                    expected = f"nothing exported in {mode}"
                    yield holds("OCPP-J02-TRUE", value <= NOISE, expected=expected, seen=f"{value:g} W", at=one.at)


def samples(payload: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """The samples of active power in W, by measurand; what is no number is for the schema to judge."""
    for group in payload.get("meterValue") or []:
        for one in group.get("sampledValue") or [] if isinstance(group, Mapping) else []:
            if not isinstance(one, Mapping) or one.get("measurand") not in UNSIGNED:
                continue
            value, unit = one.get("value"), one.get("unitOfMeasure") or {}
            if isinstance(value, int | float) and not isinstance(value, bool):
                thousand = 1000.0 if unit.get("unit") == "kW" else 1.0
                yield str(one["measurand"]), float(value) * thousand * 10.0 ** int(unit.get("multiplier") or 0)
