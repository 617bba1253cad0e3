"""Priority, superseding and life of DER controls: the oracle behind the R block (OCPP 2.1, R04).

Judges read it; the reference station has an implementation of its own. Where the text does not decide (two controls of
equal priority), the oracle accepts either answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final


class ControlType(StrEnum):
    """DERControlEnumType."""

    ENTER_SERVICE = "EnterService"
    FREQ_DROOP = "FreqDroop"
    FREQ_WATT = "FreqWatt"
    FIXED_PF_ABSORB = "FixedPFAbsorb"
    FIXED_PF_INJECT = "FixedPFInject"
    FIXED_VAR = "FixedVar"
    GRADIENTS = "Gradients"
    HF_MUST_TRIP = "HFMustTrip"
    HF_MAY_TRIP = "HFMayTrip"
    HV_MUST_TRIP = "HVMustTrip"
    HV_MOM_CESS = "HVMomCess"
    HV_MAY_TRIP = "HVMayTrip"
    LIMIT_MAX_DISCHARGE = "LimitMaxDischarge"
    LF_MUST_TRIP = "LFMustTrip"
    LV_MUST_TRIP = "LVMustTrip"
    LV_MOM_CESS = "LVMomCess"
    LV_MAY_TRIP = "LVMayTrip"
    POWER_MONITORING_MUST_TRIP = "PowerMonitoringMustTrip"
    VOLT_VAR = "VoltVar"
    VOLT_WATT = "VoltWatt"
    WATT_PF = "WattPF"
    WATT_VAR = "WattVar"


FIELD_OF: Final[Mapping[ControlType, str]] = {
    ControlType.ENTER_SERVICE: "enterService",
    ControlType.FREQ_DROOP: "freqDroop",
    ControlType.FIXED_PF_ABSORB: "fixedPFAbsorb",
    ControlType.FIXED_PF_INJECT: "fixedPFInject",
    ControlType.FIXED_VAR: "fixedVar",
    ControlType.GRADIENTS: "gradient",
    ControlType.LIMIT_MAX_DISCHARGE: "limitMaxDischarge",
}
"""Field of SetDERControlRequest that carries the type; every other type is a curve."""

NEVER_SCHEDULED: Final = frozenset({ControlType.ENTER_SERVICE, ControlType.GRADIENTS})
"""R04.FR.12 to 17: refused when they are no default."""


def field_of(kind: ControlType) -> str:
    """Name of the field that carries a control of that type."""
    return FIELD_OF.get(kind, "curve")


@dataclass(frozen=True, slots=True)
class Control:
    """One control as the station was told.

    Attributes:
        id: controlId.
        kind: controlType.
        default: isDefault.
        priority: Lower wins.
        start: Seconds on the axis of the model; for a scheduled control without startTime the moment it was set.
        duration: Seconds, None for ever.
        superseded: isSuperseded.
        yields_at: A better one that starts then takes over from this one while it runs; None for no such.
    """

    id: str
    kind: ControlType
    default: bool
    priority: int
    start: float
    duration: float | None = None
    superseded: bool = False
    yields_at: float | None = None

    @property
    def end(self) -> float:
        """When it is over."""
        return float("inf") if self.duration is None else self.start + self.duration

    def active(self, now: float) -> bool:
        """Its time has come and is not over."""
        return self.start <= now < self.end

    def runs(self, now: float) -> bool:
        """It is active, and no better one has taken over."""
        if self.superseded and self.yields_at is None:
            return False
        return self.active(now) and (self.yields_at is None or now < self.yields_at)


@dataclass(frozen=True, slots=True)
class Expected:
    """What a station may answer to a SetDERControl that is well formed and supported.

    Attributes:
        superseded: The acceptable sets of supersededIds; several where the text leaves it open.
    """

    superseded: tuple[frozenset[str], ...]

    def allows(self, ids: Iterable[str]) -> bool:
        """Whether these supersededIds are right."""
        return frozenset(ids) in self.superseded


@dataclass(slots=True)
class DerModel:
    """All controls of one station, as the rules have it.

    The model follows the station where the text leaves the answer open: `learn` tells it which answer was given.

    Attributes:
        controls: By id, in order of arrival.
    """

    controls: dict[str, Control] = field(default_factory=dict)

    def expect(self, control: Control, now: float) -> Expected:
        """What supersededIds a station may answer (R04.FR.02 to 08).

        Args:
            control: The new control.
            now: Seconds on the axis of the model.
        """
        self.expire(now)
        rivals = [one for one in self._rivals(control) if not one.superseded]
        better = [one for one in rivals if one.priority < control.priority]
        equal = [one for one in rivals if one.priority == control.priority]
        worse = frozenset(one.id for one in rivals if one.priority > control.priority)
        if better:
            # Its own id alone; that it beats others at the same time is open.
            own = frozenset({control.id})
            return Expected((own, own | worse) if worse else (own,))
        if not equal:
            return Expected((worse,))
        ties = frozenset(one.id for one in equal)
        return Expected((worse, worse | ties, worse | {control.id}, frozenset({control.id})))

    def learn(self, control: Control, superseded: Iterable[str], now: float) -> None:
        """Takes over a control with the answer that the station gave.

        An active scheduled control that is superseded by a future one runs until that one starts (R04.FR.05).

        Args:
            control: The new control.
            superseded: supersededIds of the answer.
            now: Seconds on the axis of the model.
        """
        self.expire(now)
        ids = frozenset(superseded)
        for one in list(self.controls.values()):
            if one.id not in ids or one.id == control.id:
                continue
            if not one.default and one.active(now) and control.start > now:
                self.controls[one.id] = replace(one, superseded=True, yields_at=control.start)
            else:
                self.controls[one.id] = replace(one, superseded=True)
        self.controls.pop(control.id, None)
        self.controls[control.id] = replace(control, superseded=control.id in ids)

    def expire(self, now: float) -> None:
        """Deletes scheduled controls whose time is over (R04.FR.10)."""
        self.controls = {one.id: one for one in self.controls.values() if one.default or now < one.end}

    def clear(
        self, *, default: bool, kind: ControlType | None = None, control_id: str | None = None, now: float
    ) -> frozenset[str]:
        """ClearDERControl (R04.FR.41 to 46): by id, by type, or all of that isDefault.

        Returns:
            Ids that were cleared; none means NotFound.
        """
        self.expire(now)
        gone = frozenset(one.id for one in self.select(default=default, kind=kind, control_id=control_id))
        for one in gone:
            del self.controls[one]
        return gone

    def select(
        self, *, default: bool | None = None, kind: ControlType | None = None, control_id: str | None = None
    ) -> list[Control]:
        """The controls that GetDERControl reports under these filters."""
        return [
            one
            for one in self.controls.values()
            if (control_id is None or one.id == control_id)
            and (default is None or one.default == default)
            and (kind is None or one.kind == kind)
        ]

    def in_force(self, kind: ControlType, now: float) -> Control | None:
        """The control of a type that the station follows: a scheduled one before the default (R04.FR.11)."""
        self.expire(now)
        scheduled = [one for one in self.select(default=False, kind=kind) if one.runs(now)]
        defaults = [one for one in self.select(default=True, kind=kind) if not one.superseded]
        candidates = scheduled or defaults
        return min(candidates, key=lambda one: one.priority, default=None)

    def _rivals(self, control: Control) -> list[Control]:
        return [
            one
            for one in self.controls.values()
            if one.kind == control.kind
            and one.default == control.default
            and one.id != control.id
            and (one.default or (one.start < control.end and control.start < one.end))
        ]


def control_from(request: Mapping[str, Any], now: float, seconds: Mapping[str, float]) -> Control:
    """The control that a SetDERControlRequest asks for.

    Args:
        request: The payload.
        now: When it was sent, seconds on the axis of the model.
        seconds: ``startTime`` stamp -> seconds on that axis.
    """
    kind = ControlType(request["controlType"])
    value = request[field_of(kind)]
    start = value.get("startTime")
    duration = value.get("duration")
    return Control(
        id=request["controlId"],
        kind=kind,
        default=request["isDefault"],
        priority=value["priority"],
        start=now if start is None else seconds[start],
        duration=None if duration is None else float(duration),
    )
