"""DER controls: what stations accepted, report and apply (R04, R05)."""

from __future__ import annotations

from v2gready.protocols.ocpp.frames import Payload
from v2gready.references.csms.registry import DerControl
from v2gready.references.csms.turn import Reply, Turn

_LISTS = (
    "curve",
    "enterService",
    "fixedPFAbsorb",
    "fixedPFInject",
    "fixedVar",
    "freqDroop",
    "gradient",
    "limitMaxDischarge",
)
_KEPT_REPORTS = 16


def report(turn: Turn) -> Reply:
    """ReportDERControl: part of the answer to a GetDERControl of ours."""
    reported = turn.station.reported
    items = reported.setdefault(turn.payload["requestId"], [])
    items.extend(item for name in _LISTS for item in turn.payload.get(name, ()))
    while len(reported) > _KEPT_REPORTS:
        reported.pop(next(iter(reported)))
    return Reply({})


def alarm(turn: Turn) -> Reply:
    """NotifyDERAlarm: noted, be it the first or one of a storm."""
    turn.station.alarm(turn.payload)
    return Reply({})


def start_stop(turn: Turn) -> Reply:
    """NotifyDERStartStop: a control begins or ends."""
    controls = turn.station.controls
    control = controls.get(turn.payload["controlId"])
    if control is not None:
        control.started = turn.payload["started"]
    _supersede(controls, turn.payload)
    return Reply({})


def accepted(turn: Turn, answer: Payload) -> None:
    """SetDERControl was answered."""
    if answer["status"] == "Accepted":
        turn.station.controls[turn.payload["controlId"]] = DerControl(turn.payload)
        _supersede(turn.station.controls, answer)


def cleared(turn: Turn, answer: Payload) -> None:
    """ClearDERControl was answered."""
    if answer["status"] != "Accepted":
        return
    asked = turn.payload
    for control_id, control in list(turn.station.controls.items()):
        matches = all(control.request.get(name) == value for name, value in asked.items() if name != "customData")
        if matches:
            del turn.station.controls[control_id]


def _supersede(controls: dict[str, DerControl], message: Payload) -> None:
    for control_id in message.get("supersededIds", ()):
        if control_id in controls:
            controls[control_id].superseded = True
