"""Faults of V2X: decisions that get lost, values that lose their sign (reference V05, V13, Q01, Q04, Q08)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

from datetime import datetime, timedelta

from v2gready.protocols.ocpp.frames import Payload
from v2gready.references.csms.config import BIDIRECTIONAL
from v2gready.references.csms.csms import Csms
from v2gready.references.csms.faults.kinds import Answers, Requests
from v2gready.references.csms.faults.registry import fault
from v2gready.references.csms.seams import Fault, swapped
from v2gready.references.csms.turn import Reply, Request, Turn, stamp


@fault("transfer-decision-forgotten", "Rejects needs that fit what NotifyAllowedEnergyTransfer has allowed.")
class DecisionForgotten(Fault):
    """Q02: the decision came after Authorize, and nobody wrote it down."""

    def __init__(self) -> None:
        super().__init__()
        self._told: set[str] = set()

    def request(self, csms: Csms, request: Request) -> Request | None:
        """Notes that it was told."""
        if request.action == "NotifyAllowedEnergyTransfer":
            self._told.add(csms.station.identity)
        return request

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """As it was at Authorize."""
        asked = turn.payload.get("chargingNeeds", {}).get("requestedEnergyTransfer")
        if asked not in BIDIRECTIONAL or turn.station.identity not in self._told:
            return reply
        return Reply({"status": "Rejected"})


@fault("everybody-discharges", "Allows discharging to every customer whose contract says what is allowed.")
class EverybodyDischarges(Answers):
    """Q01: no consent."""

    action = "Authorize"

    def bend(self, turn: Turn, payload: Payload) -> Payload:
        """All modes."""
        return (
            swapped(payload, allowedEnergyTransfer=["DC", *BIDIRECTIONAL])
            if "allowedEnergyTransfer" in payload
            else payload
        )


@fault("pulled-values-lose-sign", "Answers pulls with the amounts of the values.")
class PulledAmounts(Answers):
    """V13: discharging becomes charging."""

    action = "PullDynamicScheduleUpdate"

    def bend(self, turn: Turn, payload: Payload) -> Payload:
        """Without their signs."""
        found = payload.get("scheduleUpdate")
        return (
            payload if found is None else {**payload, "scheduleUpdate": {name: abs(one) for name, one in found.items()}}
        )


@fault("pushed-values-lose-sign", "Sends the amounts of values in UpdateDynamicSchedule.")
class PushedAmounts(Requests):
    """Q04: discharging becomes charging."""

    action = "UpdateDynamicSchedule"

    def bend(self, csms: Csms, payload: Payload) -> Payload | None:
        """Without their signs."""
        return {**payload, "scheduleUpdate": {name: abs(one) for name, one in payload["scheduleUpdate"].items()}}


@fault("afrr-signal-at-once", "Sends AFRRSignal with the time at which it is sent.")
class AfrrAtOnce(Requests):
    """Q08: it holds from its timestamp."""

    action = "AFRRSignal"

    def __init__(self) -> None:
        super().__init__()
        self._first = ""

    def bend(self, csms: Csms, payload: Payload) -> Payload | None:
        """The first time for all."""
        self._first = self._first or payload["timestamp"]
        return swapped(payload, timestamp=self._first)


@fault("afrr-signal-in-local-time", "Sends AFRRSignal with a local time that calls itself UTC.")
class AfrrLocalTime(Requests):
    """Q08: an hour of reserve is called at the wrong time."""

    action = "AFRRSignal"

    def bend(self, csms: Csms, payload: Payload) -> Payload | None:
        """An hour ahead."""
        at = datetime.fromisoformat(payload["timestamp"]) + timedelta(hours=1)
        return swapped(payload, timestamp=stamp(at.timestamp()))
