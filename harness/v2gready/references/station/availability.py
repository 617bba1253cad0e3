"""Whether connectors are free, and how the CSMS gets to know (B01.FR.05, G01 to G04)."""

from __future__ import annotations

import itertools
from enum import Enum
from typing import TYPE_CHECKING

from v2gready.protocols.ocpp.editions import Edition
from v2gready.protocols.ocpp.frames import Payload
from v2gready.references.station.context import Evse

if TYPE_CHECKING:
    from v2gready.references.station.station import Station


class AvailabilityKnob(Enum):
    """What a fault may bend here."""

    STATE = "AvailabilityState"
    REPORTED = "connectors that are reported"


class Availability:
    """The state of the connectors.

    Args:
        station: The station.
    """

    def __init__(self, station: Station) -> None:
        self._station = station
        self._event_ids = itertools.count(1)
        self._told: dict[int, str] = {}

    def state(self, evse: Evse) -> str:
        """AvailabilityState of the connector of an EVSE."""
        if not evse.operative and evse.transaction is None:
            return "Unavailable"
        return "Available" if evse.vehicle is None and evse.id_token is None else "Occupied"

    def look(self, now: float) -> None:
        """Tells what has changed."""
        for evse in self._station.evses.values():
            state = self.state(evse)
            if state != evse.availability:
                evse.availability = state
                self._station.model.put("Connector", "AvailabilityState", state, evse=evse.id, connector=1)
                self._station.model.put("EVSE", "AvailabilityState", state, evse=evse.id)
                if self._station.online:
                    self.tell(evse, now)

    def tell_all(self, now: float, *, changed: bool = False) -> None:
        """Tells the state of every connector, or of those whose state the CSMS does not know."""
        evses = [
            evse for evse in self._station.evses.values() if not changed or self._told.get(evse.id) != evse.availability
        ]
        for evse in self._station.seams.value(AvailabilityKnob.REPORTED, evses):
            self.tell(evse, now)

    def tell(self, evse: Evse, now: float, *, requested: bool = False) -> None:
        """NotifyEvent in 2.1, StatusNotification in 2.0.1."""
        state = self._station.seams.value(AvailabilityKnob.STATE, evse.availability or self.state(evse))
        self._told[evse.id] = evse.availability
        stamp = self._station.stamp(now)
        if self._station.edition is Edition.V201:
            status = {"timestamp": stamp, "connectorStatus": state, "evseId": evse.id, "connectorId": 1}
            self._station.outbox.put("StatusNotification", status, now, requested=requested)
            return
        event: Payload = {
            "eventId": next(self._event_ids),
            "timestamp": stamp,
            "trigger": "Delta",
            "actualValue": state,
            "eventNotificationType": "HardWiredNotification",
            "component": {"name": "Connector", "evse": {"id": evse.id, "connectorId": 1}},
            "variable": {"name": "AvailabilityState"},
        }
        payload = {"generatedAt": stamp, "seqNo": 0, "eventData": [event]}
        self._station.outbox.put("NotifyEvent", payload, now, requested=requested)

    def power_cycle(self) -> None:
        """The CSMS has to be told again."""
        self._told.clear()
