"""Shapes that many faults share; none of them is a fault by itself."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

from enum import Enum
from typing import Any, ClassVar

from v2gready.protocols.ocpp.frames import Call, Payload
from v2gready.protocols.ocpp.schema import SchemaProblem
from v2gready.references.station.seams import Answering, Fault


class Ignores(Fault):
    """Does not check some rules.

    Attributes:
        ignored: The rules.
    """

    ignored: ClassVar[frozenset[Enum]] = frozenset()

    def check(self, check: Enum, violated: bool) -> bool:
        """Lets a violation of the ignored rules pass."""
        return violated and check not in self.ignored


class Turns(Fault):
    """Has another value at one point.

    Attributes:
        knob: Where.
        wrong: The value; `bend` may work it out instead.
    """

    knob: ClassVar[Enum]
    wrong: ClassVar[Any] = None

    def bend(self, value: Any) -> Any:
        """The wrong value."""
        return self.wrong

    def value(self, knob: Enum, value: Any) -> Any:
        """Bends the values at that point."""
        return self.bend(value) if knob is self.knob else value


class IgnoresSchema(Fault):
    """Does not see some violations of the schema.

    Attributes:
        rules: Keywords of the schema.
    """

    rules: ClassVar[frozenset[str]] = frozenset()

    def overlooks(self, problem: SchemaProblem) -> bool:
        """Whether this one is not seen."""
        return problem.rule in self.rules

    def problems(self, call: Call, problems: tuple[SchemaProblem, ...]) -> tuple[SchemaProblem, ...]:
        """Leaves out what is not seen."""
        return tuple(one for one in problems if not self.overlooks(one))


class Sends(Fault):
    """Sends a wrong message of one action.

    Attributes:
        action: Its action.
    """

    action: ClassVar[str] = ""

    def bend(self, payload: Payload) -> Payload | None:
        """The wrong payload; None: the message is not sent."""
        raise NotImplementedError

    def outgoing(self, action: str, payload: Payload) -> Payload | None:
        """Bends the messages of that action."""
        return self.bend(payload) if action == self.action else payload


class Answers(Fault):
    """Answers a call of one action wrongly.

    Attributes:
        actions: The actions; empty: all.
    """

    actions: ClassVar[frozenset[str]] = frozenset()

    def bend(self, call: Call, payload: Payload) -> Payload:
        """The wrong payload."""
        raise NotImplementedError

    def reply(self, call: Call, answering: Answering) -> Answering:
        """Bends the results of that action."""
        if answering.payload is None or (self.actions and call.action not in self.actions):
            return answering
        return answering.with_payload(self.bend(call, answering.payload))


def without(payload: Payload, *names: str) -> Payload:
    """A payload without some fields."""
    return {key: value for key, value in payload.items() if key not in names}
