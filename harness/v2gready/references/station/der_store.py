"""The DER controls of the station: which one is in force, which are superseded, what begins and ends when (R04).

Times are seconds of UTC. The rules of superseding are a table from (old is active, new is better) to what happens; see
`VERDICTS`.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from v2gready.protocols.ocpp.frames import Payload
from v2gready.references.station.composite import seconds
from v2gready.references.station.energy_rules import DerKnob
from v2gready.references.station.seams import Seams

FIELD_OF: Final = {
    "FixedPFAbsorb": "fixedPFAbsorb",
    "FixedPFInject": "fixedPFInject",
    "FixedVar": "fixedVar",
    "LimitMaxDischarge": "limitMaxDischarge",
    "FreqDroop": "freqDroop",
    "EnterService": "enterService",
    "Gradients": "gradient",
}
"""Field of SetDERControl by control type; every other type is a curve (R04.FR.16)."""
FIELDS: Final = ("curve", *sorted(FIELD_OF.values()))


def field_of(control_type: str) -> str:
    """The field of SetDERControl that belongs to a control type."""
    return FIELD_OF.get(control_type, "curve")


class Verdict(Enum):
    """What becomes of two scheduled, or two default, controls of one type."""

    SUPERSEDES_NOW = "the new one supersedes the old one at once"
    SUPERSEDES_LATER = "the old one goes on until the new one starts"
    SUPERSEDED = "the new one is superseded at once"


VERDICTS: Final[dict[tuple[bool, bool], Verdict]] = {
    (False, True): Verdict.SUPERSEDES_NOW,  # R04.FR.03, R04.FR.06
    (True, True): Verdict.SUPERSEDES_LATER,  # R04.FR.07
    (False, False): Verdict.SUPERSEDED,  # R04.FR.08 in the sense of R04.FR.06: start times do not matter
    (True, False): Verdict.SUPERSEDED,  # R04.FR.08
}
"""By whether the old one is active and whether the new one is better."""


@dataclass(slots=True)
class Control:
    """One DER control.

    Attributes:
        id: controlId.
        type: controlType.
        default: isDefault.
        value: The field of its type, as it came.
        received: UTC seconds.
        superseded: isSuperseded.
        reported: Its start was told.
    """

    id: str
    type: str
    default: bool
    value: Payload
    received: float
    superseded: bool = False
    reported: bool = False

    @property
    def priority(self) -> int:
        """The lower one wins."""
        return int(self.value["priority"])

    @property
    def start(self) -> float:
        """When it begins; without startTime when it came."""
        text = self.value.get("startTime")
        return self.received if text is None else seconds(text)

    @property
    def end(self) -> float | None:
        """When it is over, None: never."""
        duration = self.value.get("duration")
        return None if duration is None or self.default else self.start + float(duration)

    def is_over(self, when: float) -> bool:
        """Its time is over (R04.FR.10)."""
        return self.end is not None and when >= self.end

    def is_active(self, when: float) -> bool:
        """A scheduled control in its time, not superseded."""
        return not self.default and not self.superseded and when >= self.start and not self.is_over(when)

    def report(self) -> tuple[str, Payload]:
        """Array and entry of ReportDERControl."""
        field = field_of(self.type)
        inner = "fixedPF" if field.startswith("fixedPF") else field
        entry: Payload = {"id": self.id, inner: copy.deepcopy(self.value)}
        if field not in {"enterService", "gradient"}:
            entry |= {"isDefault": self.default, "isSuperseded": self.superseded}
        if field == "curve":
            entry["curveType"] = self.type
        return field, entry


@dataclass(frozen=True, slots=True)
class Event:
    """A scheduled control begins or ends.

    Attributes:
        control_id: Its id.
        started: It begins.
        superseded: Ids of what it supersedes (R04.FR.21).
    """

    control_id: str
    started: bool
    superseded: tuple[str, ...] = ()


class DerStore:
    """All DER controls of a station.

    Args:
        seams: Where faults act.
        equal_wins: A new control supersedes one of the same priority.
    """

    def __init__(self, seams: Seams | None = None, *, equal_wins: bool = True) -> None:
        self._seams = seams or Seams()
        self._equal_wins = equal_wins
        self._controls: list[Control] = []

    def __iter__(self) -> Iterator[Control]:
        return iter(list(self._controls))

    def __len__(self) -> int:
        return len(self._controls)

    def add(self, new: Control, when: float) -> list[str]:
        """Takes in a control that passed every check.

        Args:
            new: The control; one of the same id goes.
            when: UTC seconds.

        Returns:
            supersededIds of the response.
        """
        self._controls = [one for one in self._controls if one.id != new.id]
        rivals = [
            one
            for one in self._controls
            if one.type == new.type and one.default == new.default and not one.superseded and not one.is_over(when)
        ]
        verdicts = [(old, VERDICTS[old.is_active(when), self._is_better(new, old)]) for old in rivals]
        self._controls.append(new)
        gone: list[str] = []
        if any(verdict is Verdict.SUPERSEDED for _, verdict in verdicts):
            # Only one of them counts at a time: who loses against one supersedes none.
            new.superseded = True
            gone = [new.id]
        else:
            for old, verdict in verdicts:
                if verdict is Verdict.SUPERSEDES_NOW:
                    old.superseded = True
                    gone.append(old.id)
        return self._seams.value(DerKnob.SUPERSEDED, gone)

    def _is_better(self, new: Control, old: Control) -> bool:
        better = new.priority < old.priority or (self._equal_wins and new.priority == old.priority)
        return self._seams.value(DerKnob.BETTER, better)

    def advance(self, when: float) -> list[Event]:
        """Lets time pass: what has begun, what has ended, what is deleted (R04.FR.07, .10, .20 to .22).

        Args:
            when: UTC seconds.

        Returns:
            What happened, in order.
        """
        events: list[Event] = []
        for one in sorted(self._controls, key=lambda control: control.end or 0.0):
            if not one.default and one.is_over(when):
                if one.reported and not one.superseded:
                    events.append(Event(one.id, started=False))
                    one.reported = False
                doomed = self._seams.value(DerKnob.EXPIRED, [one.id])
                self._controls = [other for other in self._controls if other is not one or one.id not in doomed]
        for one in sorted(self._controls, key=lambda control: control.start):
            if one.is_active(when) and not one.reported:
                one.reported = True
                events.append(Event(one.id, started=True, superseded=self._take_over(one, when)))
        return events

    def _take_over(self, new: Control, when: float) -> tuple[str, ...]:
        """A control starts; those of its type that are active stop here (R04.FR.07, R04.FR.21)."""
        old = [one for one in self._controls if one is not new and one.type == new.type and one.is_active(when)]
        for one in old:
            one.superseded = True
        return tuple(one.id for one in old)

    def next_change(self, when: float) -> float | None:
        """UTC seconds of the next start or end."""
        times = [
            moment
            for one in self._controls
            if not one.default
            for moment in (None if one.reported or one.superseded else one.start, one.end)
            if moment is not None and moment > when
        ]
        return min(times, default=None)

    def in_force(self, control_type: str, when: float) -> Control | None:
        """The control of a type that is executed (R04.FR.09, R04.FR.11)."""
        usable = [one for one in self._controls if one.type == control_type and not one.superseded]
        scheduled = [one for one in usable if one.is_active(when)]
        default = [one for one in usable if one.default]
        found = next(iter(scheduled), None) or next(iter(default), None)
        wanted = self._seams.value(DerKnob.ACTIVE, None if found is None else found.id)
        return next((one for one in self._controls if one.id == wanted), None)

    def select(self, request: Payload) -> list[Control]:
        """Controls that match isDefault, controlType and controlId of a request; an absent one matches all."""
        return [
            one
            for one in self._controls
            if request.get("isDefault", one.default) == one.default
            and request.get("controlType", one.type) == one.type
            and request.get("controlId", one.id) == one.id
        ]

    def remove(self, doomed: list[Control]) -> None:
        """Takes controls away."""
        wanted = self._seams.value(DerKnob.CLEARED, [one.id for one in doomed])
        self._controls = [one for one in self._controls if one.id not in wanted]

    def memory(self) -> list[dict[str, Any]]:
        """What survives a power cycle: everything (R01.FR.03, R02.FR.02)."""
        usual = [
            {
                "id": one.id,
                "type": one.type,
                "default": one.default,
                "value": copy.deepcopy(one.value),
                "received": one.received,
                "superseded": one.superseded,
                "reported": one.reported,
            }
            for one in self._controls
        ]
        return self._seams.value(DerKnob.PERSISTENT, usual)

    def restore(self, memory: list[dict[str, Any]]) -> None:
        """Takes back what `memory` gave."""
        self._controls = [Control(**kept) for kept in memory]
