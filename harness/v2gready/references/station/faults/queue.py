"""More faults of the queue of transaction events and of what survives a power cycle (reference B05, E04, E11)."""

# A hook has the signature of `Fault`, whatever of it an override needs.

from __future__ import annotations

from enum import Enum
from typing import Any

from v2gready.protocols.ocpp.frames import Payload
from v2gready.references.station.boot import BootKnob
from v2gready.references.station.faults.kinds import Sends, Turns
from v2gready.references.station.faults.registry import fault
from v2gready.references.station.metering import MeterKnob
from v2gready.references.station.outbox import OutboxKnob
from v2gready.references.station.seams import Fault


@fault("queue-lost-at-reboot", "Keeps the transaction events that wait in volatile memory alone.")
class QueueLost(Fault):
    """B05, E11: MicroOcpp#454, libocpp#907; the CSMS would see a transaction run for ever."""

    def __init__(self) -> None:
        super().__init__()
        self._boots = 0

    def value(self, knob: Enum, value: Any) -> Any:
        """Empty after a power cycle, not after a mere reconnect."""
        if knob is BootKnob.REQUEST:
            self._boots += 1
        return [] if knob is OutboxKnob.QUEUE and self._boots > 1 else value


@fault("charging-never-told", "Says EVConnected in all events of a transaction, whatever flows.")
class ChargingNeverTold(Sends):
    """E02: chargingState."""

    action = "TransactionEvent"

    def bend(self, payload: Payload) -> Payload:
        """Always the same."""
        return payload | {"transactionInfo": payload["transactionInfo"] | {"chargingState": "EVConnected"}}


@fault("stopped-twice", "Tells the end of a transaction once more as an event of its own.")
class StoppedTwice(Fault):
    """E06: one Ended."""

    def outgoing(self, action: str, payload: Payload) -> Payload | None:
        """The last update is an end as well."""
        if action == "TransactionEvent" and payload["triggerReason"] == "MeterValuePeriodic":
            return payload | {"eventType": "Ended"}
        return payload


@fault("drops-oldest-when-full", "Drops the oldest transaction events where memory is short, Started among them.")
class DropsOldest(Turns):
    """E04.FR.08."""

    knob = OutboxKnob.QUEUE

    def bend(self, value: Any) -> Any:
        """The last hundred."""
        return value[-100:]


@fault("power-told-halved", "Tells half of the power that flows.")
class PowerToldHalved(Turns):
    """J02."""

    knob = MeterKnob.VALUES

    def bend(self, value: list[Payload]) -> list[Payload]:
        """A current transformer of the wrong ratio."""
        return [
            entry
            | {
                "sampledValue": [
                    one | {"value": one["value"] / 2} if str(one["measurand"]).startswith("Power.Active.I") else one
                    for one in entry["sampledValue"]
                ]
            }
            for entry in value
        ]
