"""Shapes that many faults share; none of them is a fault by itself."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar, Generic, TypeVar

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.evcc import Phase
from v2gready.references.ev.seams import Fault
from v2gready.references.ev.turn import Check, Choice, Move, Outgoing, Timer, Turn

M = TypeVar("M")

RN = m.RationalNumber.of


class Overlooks(Fault):
    """Does not look at some rules.

    Attributes:
        overlooked: The rules.
        phases: Where; everywhere if empty.
    """

    overlooked: ClassVar[frozenset[Check]] = frozenset()
    phases: ClassVar[frozenset[Phase]] = frozenset()

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """Lets a violation of the rules pass."""
        here = not self.phases or turn.phase in self.phases
        return violated and not (here and check in self.overlooked)


class Asks(Fault, Generic[M]):
    """Sends a wrong message of one type.

    Attributes:
        message: Type of the request.
    """

    message: ClassVar[type[Any]]

    def bend(self, turn: Turn, request: M) -> Any:
        """The wrong request."""
        raise NotImplementedError

    def request(self, turn: Turn, outgoing: Outgoing) -> Outgoing:
        """Bends the requests of that type."""
        return outgoing.bent(self.message, lambda request: self.bend(turn, request))


class Chooses(Fault):
    """Chooses wrongly.

    Attributes:
        choice: What is chosen.
    """

    choice: ClassVar[Choice]

    def instead(self, turn: Turn, value: Any) -> Any:
        """The wrong choice."""
        raise NotImplementedError

    def choose(self, turn: Turn, choice: Choice, value: Any) -> Any:
        """Bends that choice."""
        return self.instead(turn, value) if choice is self.choice else value


class Reacts(Fault):
    """Reacts wrongly to a notification.

    Attributes:
        due: The right reaction.
        shown: The wrong one.
    """

    due: ClassVar[Move]
    shown: ClassVar[Move] = Move.GO_ON

    def choose(self, turn: Turn, choice: Choice, value: Any) -> Any:
        """Bends that reaction."""
        return self.shown if choice is Choice.REACTION and value is self.due else value


class Waits(Fault):
    """Has a timer of its own.

    Attributes:
        values: Seconds by timer.
    """

    values: ClassVar[dict[Timer, float]] = {}

    def timeout(self, timer: Timer, seconds: float) -> float:
        """Another value."""
        return self.values.get(timer, seconds)


def with_mode(request: Any, **changes: Any) -> Any:
    """A charge loop with another control mode."""
    return replace(request, CLReqControlMode=replace(request.CLReqControlMode, **changes))


def with_header(request: Any, **changes: Any) -> Any:
    """A request with another header."""
    return replace(request, Header=replace(request.Header, **changes))


def every(outgoing: Outgoing, change: Callable[[Any], Any]) -> Outgoing:
    """All messages that have a header, changed."""
    return replace(
        outgoing, messages=tuple(change(one) if hasattr(one, "Header") else one for one in outgoing.messages)
    )


def as_base(mode: Any, base: type[Any]) -> Any:
    """A control mode as its plain type, without what BPT adds."""
    return base(**{name: getattr(mode, name) for name in base.__dataclass_fields__})
