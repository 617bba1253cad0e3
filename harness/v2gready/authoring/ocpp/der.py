"""Words for DER control: the payloads that a stimulus sends, and what the priority rules say of a whole trace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from v2gready.authoring.expectations import holds
from v2gready.authoring.ocpp.bench import Payload
from v2gready.authoring.ocpp.wire import RpcExchange, calls, instant
from v2gready.model.observation import Inconclusive, Observation
from v2gready.model.trace import Trace
from v2gready.protocols.ocpp.der_control import Control, ControlType, DerModel, control_from, field_of

__all__ = [
    "ControlType",
    "accepted_controls",
    "control_value",
    "field_of",
    "model_at",
    "priorities",
    "set_control",
    "unit_of",
    "utc_at_start",
]

ACCEPTED: Final = "Accepted"
_VARS = frozenset({ControlType.VOLT_VAR, ControlType.WATT_VAR})
_WATTS = frozenset({ControlType.FREQ_WATT, ControlType.VOLT_WATT})
_VALUES: Final[Mapping[ControlType, Payload]] = {
    ControlType.ENTER_SERVICE: {"highVoltage": 110.0, "lowVoltage": 90.0, "highFreq": 50.1, "lowFreq": 49.9},
    ControlType.FIXED_PF_ABSORB: {"displacement": 0.95, "excitation": False},
    ControlType.FIXED_PF_INJECT: {"displacement": 0.95, "excitation": True},
    ControlType.FIXED_VAR: {"setpoint": 10.0, "unit": "PctMaxVar"},
    ControlType.FREQ_DROOP: {
        "overFreq": 50.2,
        "underFreq": 49.8,
        "overDroop": 0.05,
        "underDroop": 0.05,
        "responseTime": 1.0,
    },
    ControlType.GRADIENTS: {"gradient": 10.0, "softGradient": 10.0},
    ControlType.LIMIT_MAX_DISCHARGE: {"pctMaxDischargePower": 100.0},
}
_POINTS: Final[Mapping[ControlType, tuple[tuple[float, float], ...]]] = {
    ControlType.FREQ_WATT: ((50.2, 100.0), (51.5, 0.0)),
    ControlType.VOLT_WATT: ((106.0, 100.0), (110.0, 0.0)),
    ControlType.VOLT_VAR: ((92.0, 44.0), (108.0, -44.0)),
}


def unit_of(kind: ControlType) -> str:
    """A yUnit that fits a type of curve (R04.FR.50 to 56)."""
    if kind in _WATTS:
        return "PctMaxW"
    return "PctMaxVar" if kind in _VARS else "Not_Applicable"


def control_value(kind: ControlType, **fields: Any) -> Payload:
    """A harmless value for a control type, with the fields given put in or over it."""
    if field_of(kind) != "curve":
        return {"priority": 1, **_VALUES[kind], **fields}
    points = _POINTS.get(kind, ((50.0, 1.0), (52.0, 2.0)))
    curve = [{"x": x, "y": y} for x, y in points]
    return {"priority": 1, "yUnit": unit_of(kind), "curveData": curve, **fields}


def set_control(kind: ControlType, control_id: str, *, default: bool = True, **fields: Any) -> Payload:
    """Payload of SetDERControl.

    Args:
        kind: controlType.
        control_id: controlId.
        default: isDefault.
        **fields: Of the value: priority, startTime, duration, curveData.
    """
    return {
        "isDefault": default,
        "controlId": control_id,
        "controlType": kind.value,
        field_of(kind): control_value(kind, **fields),
    }


def utc_at_start(trace: Trace) -> float:
    """UTC seconds at second zero of the trace, as our own answer to the boot or a heartbeat told the station.

    Raises:
        Inconclusive: The station never asked.
    """
    for one in calls(trace, sender=trace.dut):
        told = None if one.answer is None else one.answer.get("currentTime")
        if one.reply is not None and isinstance(told, str):
            return instant(told) - one.reply.t
    raise Inconclusive("the station was never told the time: neither BootNotification nor Heartbeat was answered")


def accepted_controls(trace: Trace) -> list[tuple[RpcExchange, Control]]:
    """Every SetDERControl that was Accepted, with the control on the time axis of the trace."""
    origin = utc_at_start(trace)
    found = []
    for one in calls(trace, "SetDERControl", sender=trace.tester):
        if one.status == ACCEPTED:
            start = one.payload[field_of(ControlType(one.payload["controlType"]))].get("startTime")
            seconds = {} if start is None else {start: instant(start) - origin}
            found.append((one, control_from(one.payload, one.t, seconds)))
    return found


def priorities(requirement: str, trace: Trace, *, default: bool) -> Iterator[Observation]:
    """For each accepted SetDERControl: supersededIds are what the priority rules say (R04.FR.02 to 08).

    Args:
        requirement: Id in the registry.
        trace: The trace; controls that are cleared in it are not considered.
        default: Judge default controls, or scheduled ones.

    Raises:
        Inconclusive: Fewer than two controls of one type were accepted: there is nothing to supersede.
    """
    model = DerModel()
    judged = 0
    for one, control in accepted_controls(trace):
        rivals = model.select(default=control.default, kind=control.kind)
        expected = model.expect(control, one.t)
        told = tuple((one.answer or {}).get("supersededIds", ()))
        model.learn(control, told, one.t)
        if control.default is not default or not rivals:
            continue
        judged += 1
        right = " or ".join(sorted({", ".join(sorted(ids)) or "none" for ids in expected.superseded}))
        yield holds(
            requirement,
            expected.allows(told),
            expected=f"priority {control.priority} beside {_shown(rivals)}: supersededIds {right}",
            seen=", ".join(told) or "none",
            at=one.at,
        )
    if not judged:
        raise Inconclusive("no two controls of one type were accepted")


def model_at(trace: Trace, t: float) -> DerModel:
    """All controls that a station has at an instant, by the rules and by the answers it gave."""
    model = DerModel()
    for one, control in accepted_controls(trace):
        if one.t <= t:
            model.learn(control, (one.answer or {}).get("supersededIds", ()), one.t)
    model.advance(t)
    return model


def _shown(rivals: list[Control]) -> str:
    return ", ".join(f"{one.id} ({one.priority}{', superseded' if one.superseded else ''})" for one in rivals)
