"""Faults of what driver and vehicle ask for in the middle of a transaction (K20, K22)."""

from __future__ import annotations

from v2gready.protocols.ocpp.frames import Payload
from v2gready.references.station.faults.kinds import Sends
from v2gready.references.station.faults.registry import fault


class _First(Sends):
    """Remembers the first needs."""

    action = "NotifyEVChargingNeeds"

    def __init__(self) -> None:
        super().__init__()
        self._first: Payload | None = None


@fault("new-needs-not-told", "Tells the needs of a vehicle once, and no change of them.")
class NewNeedsNotTold(_First):
    """K20."""

    def bend(self, payload: Payload) -> Payload | None:
        """The first ones alone."""
        if self._first is None:
            self._first = payload
            return payload
        return None


@fault("new-needs-outdated", "Tells the first needs of a vehicle again when they change.")
class NewNeedsOutdated(_First):
    """K20."""

    def bend(self, payload: Payload) -> Payload | None:
        """Those it had."""
        self._first = self._first or payload
        return self._first


@fault("priority-told-wrong-way", "Says that priority charging has ended when it begins.")
class PriorityToldWrongWay(Sends):
    """K22."""

    action = "NotifyPriorityCharging"

    def bend(self, payload: Payload) -> Payload | None:
        """The other way round."""
        return payload | {"activated": not payload["activated"]}
