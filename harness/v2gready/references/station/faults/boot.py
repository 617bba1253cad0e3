"""Faults of boot, clock, heartbeat and connector states (reference B01 to B03)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

from enum import Enum
from typing import Any

from v2gready.protocols.ocpp.frames import Payload
from v2gready.references.station.availability import AvailabilityKnob
from v2gready.references.station.boot import BootCheck, BootKnob
from v2gready.references.station.faults.kinds import Ignores, Sends, Turns, without
from v2gready.references.station.faults.registry import fault
from v2gready.references.station.outbox import OutboxCheck
from v2gready.references.station.remote import RemoteCheck
from v2gready.references.station.seams import Fault

_DAY = 86_400.0


@fault("talks-before-accepted", "Sends other messages before the CSMS has accepted it.")
class TalksBeforeAccepted(Ignores):
    """B01, B02: e.g. an early SecurityEventNotification."""

    ignored = frozenset({OutboxCheck.ACCEPTED})


@fault("starts-while-pending", "Starts and stops transactions by request while it is Pending.")
class StartsWhilePending(Ignores):
    """B02."""

    ignored = frozenset({RemoteCheck.PENDING, BootCheck.SERVES_PENDING})


@fault("served-while-rejected", "Serves calls of a CSMS that has rejected it.")
class ServedWhileRejected(Ignores):
    """B03."""

    ignored = frozenset({BootCheck.SERVES_REJECTED})


@fault("pending-interval-ignored", "Repeats BootNotification every second, whatever interval it was given.")
class IntervalIgnored(Turns):
    """B01: interval kept."""

    knob = BootKnob.INTERVAL
    wrong = 1.0


@fault("boots-only-once", "Does not repeat BootNotification after Pending or Rejected.")
class BootsOnce(Turns):
    """B02, B03."""

    knob = BootKnob.INTERVAL
    wrong = 30 * _DAY


@fault("wrong-boot-reason", "Boots with reason PowerUp after a remote reset.")
class WrongBootReason(Turns):
    """B11: RemoteReset."""

    knob = BootKnob.REQUEST

    def bend(self, value: Payload) -> Payload:
        """Always the same."""
        return value | {"reason": "PowerUp"}


@fault("boot-serial-missing", "Leaves its serial number out of BootNotification.")
class SerialMissing(Turns):
    """B01.FR.11: compared with the certificate."""

    knob = BootKnob.REQUEST

    def bend(self, value: Payload) -> Payload:
        """Optional in the schema."""
        return value | {"chargingStation": without(value["chargingStation"], "serialNumber")}


@fault("boot-model-too-long", "Sends a model name of more than 20 characters.")
class ModelTooLong(Turns):
    """F07, the other way round."""

    knob = BootKnob.REQUEST

    def bend(self, value: Payload) -> Payload:
        """The full name."""
        return value | {"chargingStation": value["chargingStation"] | {"model": "Reference charging station"}}


@fault("clock-not-set", "Does not set its clock by the time of the CSMS.")
class ClockNotSet(Turns):
    """B03, B01."""

    knob = BootKnob.CLOCK
    wrong = None


@fault("clock-set-once", "Sets its clock at boot alone, not with the heartbeat.")
class ClockSetOnce(Turns):
    """B03, G02."""

    knob = BootKnob.CLOCK

    def __init__(self) -> None:
        super().__init__()
        self._set = False

    def bend(self, value: Any) -> Any:
        """The first one."""
        first, self._set = not self._set, True
        return value if first else None


@fault("clock-offset-ignored", "Reads the local time of the CSMS as if it were UTC.")
class ClockOffsetIgnored(Turns):
    """B03: RFC 3339 with an offset."""

    knob = BootKnob.CLOCK

    def bend(self, value: Any) -> Any:
        """Takes the offset for Z."""
        from datetime import UTC  # noqa: PLC0415 - one use

        return value.replace(tzinfo=UTC)


@fault("no-heartbeat", "Sends no Heartbeat.")
class NoHeartbeat(Turns):
    """G02."""

    knob = BootKnob.HEARTBEAT
    wrong = 0.0


@fault("heartbeat-interval-ignored", "Keeps its own heartbeat interval of 300 s.")
class HeartbeatIntervalIgnored(Turns):
    """G02: as the CSMS wants it."""

    knob = BootKnob.HEARTBEAT
    wrong = 300.0


@fault("no-availability-after-boot", "Does not tell the state of its connectors after it was accepted.")
class NoAvailability(Turns):
    """B01.FR.05."""

    knob = AvailabilityKnob.REPORTED

    def bend(self, value: Any) -> Any:
        """None of them."""
        return []


@fault("one-connector-after-boot", "Tells the state of its first connector alone after it was accepted.")
class OneConnector(Turns):
    """B01.FR.05: per connector."""

    knob = AvailabilityKnob.REPORTED

    def bend(self, value: Any) -> Any:
        """The first."""
        return value[:1]


@fault("availability-always-available", "Says Available whatever is plugged in.")
class AlwaysAvailable(Turns):
    """G01."""

    knob = AvailabilityKnob.STATE
    wrong = "Available"


@fault("notify-event-without-time", "Stamps its events with the year 1970.")
class EventsWithoutTime(Sends):
    """B03: MicroOcpp#311."""

    action = "NotifyEvent"

    def bend(self, payload: Payload) -> Payload:
        """The epoch."""
        stamp = "1970-01-01T00:00:00.000Z"
        return payload | {
            "generatedAt": stamp,
            "eventData": [one | {"timestamp": stamp} for one in payload["eventData"]],
        }


@fault("pending-serves-nothing", "Refuses every call while it is Pending.")
class PendingServesNothing(Fault):
    """B02: Pending is there for configuration."""

    def check(self, check: Enum, violated: bool) -> bool:
        """Not now."""
        return violated or check is BootCheck.SERVES_PENDING
