"""DER control as the CSMS asks for it, and what the station tells of it (R04, R05)."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from v2gready.protocols.ocpp.frames import Payload
from v2gready.references.station.charging import Reply, rejected
from v2gready.references.station.context import Handler
from v2gready.references.station.der_power import ACTUATED, Grid, Rating, governed, grid_fault
from v2gready.references.station.der_store import FIELDS, Control, DerStore, field_of
from v2gready.references.station.energy_model import der_controls
from v2gready.references.station.energy_rules import DerCheck, DerKnob
from v2gready.references.station.energy_state import EnergyState
from v2gready.references.station.timers import Timer

__all__ = ["DerDesk", "Grid"]

_POINTS: Final = 10
_DEFAULT_ONLY: Final = frozenset({"EnterService", "Gradients"})
_WATTS: Final = frozenset({"PctMaxW", "PctWAvail"})
_VARS: Final = frozenset({"PctMaxVar", "PctVarAvail"})
_UNITS: Final = {
    "FreqWatt": _WATTS,
    "VoltWatt": _WATTS,
    "VoltVar": _VARS,
    "WattVar": _VARS,
    "WattPF": frozenset({"Not_Applicable"}),
}
_TRIPS: Final = ("MustTrip", "MayTrip", "MomCess")


@dataclass(frozen=True, slots=True)
class Alarm:
    """What NotifyDERAlarm told last.

    Attributes:
        control_type: controlType.
        fault: gridEventFault.
    """

    control_type: str
    fault: str | None


class DerDesk:
    """Answers the messages of block R and governs the power.

    Args:
        state: Shared state.
    """

    def __init__(self, state: EnergyState) -> None:
        self._state = state
        self._store = DerStore(state.seams, equal_wins=state.settings.equal_priority_supersedes)
        self._timer: Timer | None = None
        self._alarm: Alarm | None = None
        self._booting = True

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """By action."""
        return {"SetDERControl": self._set, "GetDERControl": self._get, "ClearDERControl": self._clear}

    # Messages

    def _supported(self, control_type: str) -> bool:
        vehicles = [evse.vehicle for evse in self._state.context.evses.values()]
        # R03: what the vehicle can itself counts as well.
        from_vehicles = {control for vehicle in vehicles if vehicle is not None for control in vehicle.der}
        announced = der_controls(self._state.context.model, self._state.context.config)
        return control_type in announced | from_vehicles

    def _set(self, payload: Payload, now: float) -> Reply:
        seams, control_type = self._state.seams, str(payload["controlType"])
        if seams.check(DerCheck.SUPPORTED, violated=not self._supported(control_type)):
            return {"status": "NotSupported"}
        field = field_of(control_type)
        there = [name for name in FIELDS if name in payload]
        if seams.check(DerCheck.MATCH, violated=there != [field]) or not there:
            return rejected("InvalidValue", f"{control_type} needs {field} alone")
        value: Payload = payload[field if field in payload else there[0]]
        new = Control(
            str(payload["controlId"]), control_type, bool(payload["isDefault"]), copy.deepcopy(value),
            self._state.seconds(now),
        )  # fmt: skip
        for check, violated, sentence in self._rules(new, now):
            if seams.check(check, violated=violated()):
                return rejected("InvalidValue", sentence)
        gone = self._store.add(new, self._state.seconds(now))
        self._state.context.timers.at(now, self._look)
        return {"status": "Accepted"} | ({"supersededIds": gone[:24]} if gone else {})

    def _rules(self, new: Control, now: float) -> list[tuple[DerCheck, Callable[[], bool], str]]:
        """Every rule about the control itself, in the order in which it is looked at."""
        here, settings = self._state.seconds(now), self._state.settings
        timed = "startTime" in new.value or "duration" in new.value
        known = any(one.id == new.id for one in self._store)
        return [
            (DerCheck.DEFAULT_TIMED, lambda: new.default and timed, "a default control has no startTime, no duration"),
            (DerCheck.DEFAULT_ONLY, lambda: not new.default and new.type in _DEFAULT_ONLY, "only as a default control"),
            (DerCheck.POINTS, lambda: not _is_curve_sound(new.value), "a curve has 1 to 10 points of finite numbers"),
            (DerCheck.Y_UNIT, lambda: settings.check_y_unit and not _is_unit_right(new), "yUnit does not go with it"),
            (DerCheck.HORIZON, lambda: new.start > here + settings.der_horizon, "startTime is too far ahead"),
            (DerCheck.OVER, lambda: new.is_over(here), "it is over already"),
            (DerCheck.ENTRIES, lambda: not known and len(self._store) >= settings.der_entries, "too many controls"),
        ]

    def _get(self, payload: Payload, now: float) -> Reply:
        seams, wanted_type = self._state.seams, payload.get("controlType")
        unsupported = wanted_type is not None and not self._supported(wanted_type)
        if seams.check(DerCheck.GET_SUPPORTED, violated=unsupported):
            return {"status": "NotSupported"}
        found = self._store.select(payload)
        if seams.check(DerCheck.GET_FOUND, violated=not found):
            return {"status": "NotFound"}
        request_id = int(payload["requestId"])
        self._state.context.timers.at(now, lambda when: self._report(found, request_id, when))
        return {"status": "Accepted"}

    def _report(self, found: list[Control], request_id: int, now: float) -> None:
        """ReportDERControl in pages (R04.FR.31, R04.FR.32)."""
        size = self._state.settings.der_page
        pages: list[Payload] = []
        for start in range(0, len(found), size):
            page: Payload = {"requestId": request_id}
            for control in found[start : start + size]:
                field, entry = control.report()
                page.setdefault(field, []).append(entry)
            if start + size < len(found):
                page["tbc"] = True
            pages.append(page)
        for page in self._state.seams.value(DerKnob.REPORTED, pages):
            self._state.context.send("ReportDERControl", page, now)

    def _clear(self, payload: Payload, now: float) -> Reply:
        seams, wanted_type = self._state.seams, payload.get("controlType")
        unsupported = wanted_type is not None and "controlId" not in payload and not self._supported(wanted_type)
        if seams.check(DerCheck.CLEAR_SUPPORTED, violated=unsupported):
            return {"status": "NotSupported"}
        found = self._store.select(payload)
        named = "controlId" in payload or wanted_type is not None
        # Without a name all of that isDefault go, be they none (R04.FR.44).
        if seams.check(DerCheck.CLEAR_FOUND, violated=named and not found):
            return {"status": "NotFound"}
        self._store.remove(found)
        self._state.context.timers.at(now, self._look)
        return {"status": "Accepted"}

    # Time

    def _look(self, now: float) -> None:
        self.advance(now)
        self._state.context.refresh(now)

    def advance(self, now: float) -> None:
        """Lets scheduled controls begin and end, and tells the CSMS (R04.FR.20 to R04.FR.22)."""
        context = self._state.context
        here = self._state.seconds(now)
        for event in self._store.advance(here):
            message: Payload = {
                "controlId": event.control_id,
                "started": event.started,
                "timestamp": context.stamp(now),
            }
            if event.superseded:
                message["supersededIds"] = list(event.superseded[:24])
            # What begins between power-on and the first connection is told then; what happens offline later is not:
            # only QueueAllMessages would keep it.
            context.send("NotifyDERStartStop", message, now, keep=self._booting)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        following = self._store.next_change(here)
        if following is not None and math.isfinite(following):
            self._timer = context.timers.at(max(now + following - here, now), self._look)

    def connected(self) -> None:
        """The station is online."""
        self._booting = False

    def memory(self) -> list[dict[str, Any]]:
        """What survives a power cycle (R01.FR.03)."""
        return self._store.memory()

    def restore(self, memory: list[dict[str, Any]], now: float) -> None:
        """After a power cycle."""
        self._store.restore(memory)
        self._state.context.timers.at(now, self._look)

    # Power

    def govern(self, powers: dict[int, float], bidirectional: set[int], grid: Grid, now: float) -> dict[int, float]:
        """The power of each EVSE under the controls in force; raises and ends the alarm (R05).

        Args:
            powers: Wanted power in W by EVSE, positive charging.
            bidirectional: EVSEs whose inverter is in use both ways.
            grid: What is measured.
            now: The time.
        """
        here, seams = self._state.seconds(now), self._state.seams
        result = dict(powers)
        causes: dict[str, float] = {}
        rating = Rating(0.0, 0.0)
        for control_type in ACTUATED:
            control = self._store.in_force(control_type, here)
            if control is None:
                continue
            for evse_id in bidirectional:
                outlet = self._state.outlet(evse_id)
                rating = Rating(outlet.discharge, outlet.charge, self._state.settings.nominal_frequency)
                before = result[evse_id]
                after = governed(control_type, control.value, before, grid, rating, seams)
                after = min(max(after, -outlet.discharge), outlet.charge)
                result[evse_id] = after
                if abs(after - before) > self._state.settings.alarm_watts:
                    causes[control_type] = causes.get(control_type, 0.0) + abs(after - before)
        cause = max(causes, key=lambda name: causes[name]) if causes else None
        fault = None if cause is None else grid_fault(cause, grid, rating)
        self._raise(None if cause is None else Alarm(cause, seams.value(DerKnob.FAULT, fault)), now)
        return seams.value(DerKnob.WATTS, result)

    def _raise(self, alarm: Alarm | None, now: float) -> None:
        """NotifyDERAlarm at the beginning, at a take-over and at the end (R05.FR.01 to R05.FR.04)."""
        before = self._alarm
        alarm = self._state.seams.value(DerKnob.ALARM, alarm)
        changed = (alarm is None) != (before is None) or (
            alarm is not None and before is not None and alarm.control_type != before.control_type
        )
        if not changed:
            return
        self._alarm = alarm
        told = alarm or before
        if told is None:
            return
        message: Payload = {"controlType": told.control_type, "timestamp": self._state.context.stamp(now)}
        if told.fault is not None:
            message["gridEventFault"] = told.fault
        if alarm is None:
            message["alarmEnded"] = True
        self._state.context.send("NotifyDERAlarm", message, now)


def _is_curve_sound(value: Payload) -> bool:
    points = value.get("curveData")
    if points is None:
        return True
    return 1 <= len(points) <= _POINTS and all(math.isfinite(point[axis]) for point in points for axis in ("x", "y"))


def _is_unit_right(control: Control) -> bool:
    """R04.FR.50 to R04.FR.56, Edition 2 (unconfirmed)."""
    if field_of(control.type) != "curve":
        return True
    trip = control.type.endswith(_TRIPS)
    allowed = frozenset({"Not_Applicable"}) if trip else _UNITS.get(control.type)
    return allowed is None or control.value.get("yUnit") in allowed
