"""Where a fault may bend the station, and the proof that it did.

`Seams` stands between the faultless station and the outside: at every point where a fault may act, the faultless value
goes in and the value that counts comes out. An effect is written down when, and only when, the two differ. The rest of
the station knows nothing about faults.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import Enum
from typing import Any, ClassVar, TypeVar

from v2gready.protocols.ocpp.frames import Call, CallResult, Malformed, Message, Payload
from v2gready.protocols.ocpp.redaction import redacted
from v2gready.protocols.ocpp.schema import SchemaProblem

T = TypeVar("T")

Wire = tuple[str | bytes, ...]
"""Data messages of the WebSocket: text as str, binary as bytes."""


@dataclass(frozen=True, slots=True)
class Effect:
    """A fault made the station behave differently.

    Attributes:
        fault: Name of the fault.
        what: What was different.
    """

    fault: str
    what: str


@dataclass(frozen=True, slots=True)
class Answering:
    """What goes out for one call of the CSMS.

    Attributes:
        messages: Answers in order; one, unless a fault will have it otherwise.
        delay: Seconds until they go out.
        close: The connection is closed behind them.
    """

    messages: tuple[Message, ...] = ()
    delay: float = 0.0
    close: bool = False

    @property
    def payload(self) -> Payload | None:
        """The payload of the result, None where there is none."""
        return next((one.payload for one in self.messages if isinstance(one, CallResult)), None)

    def with_payload(self, payload: Payload) -> Answering:
        """The same with another payload in every result."""
        changed = (replace(one, payload=payload) if isinstance(one, CallResult) else one for one in self.messages)
        return replace(self, messages=tuple(changed))


class Fault:
    """A station that does one thing wrong. Every hook gets the faultless value and returns what counts instead.

    A hook never changes its arguments in place.

    Attributes:
        name: Kebab-case name, for ever.
        sentence: What the station does wrong, in one sentence.
    """

    name: ClassVar[str] = ""
    sentence: ClassVar[str] = ""

    def __init__(self) -> None:
        self.sink: Callable[[Effect], None] = lambda _: None

    def took_effect(self, what: str) -> None:
        """Writes down an effect that no hook's return value shows."""
        self.sink(Effect(self.name, what))

    # The arguments are what an override may need; a neutral hook uses none of them.

    def check(self, check: Enum, violated: bool) -> bool:
        """Whether a rule counts as violated."""
        return violated

    def value(self, knob: Enum, value: Any) -> Any:
        """A value that the station has worked out: an interval, a limit, an order of things."""
        return value

    def problems(self, call: Call, problems: tuple[SchemaProblem, ...]) -> tuple[SchemaProblem, ...]:
        """What the station finds wrong with the payload of a call."""
        return problems

    def reply(self, call: Call, answering: Answering) -> Answering:
        """What is answered to a call."""
        return answering

    def malformed(self, problem: Malformed, answering: Answering) -> Answering:
        """What is answered to what is no message."""
        return answering

    def outgoing(self, action: str, payload: Payload) -> Payload | None:
        """A message of the station's own, before it is queued; None: it is not sent."""
        return payload

    def frame_out(self, text: str) -> Wire:
        """The data messages that go out for one message."""
        return (text,)

    def frame_in(self, data: str | bytes) -> str | bytes | None:
        """A data message as the station reads it; None: it does not see it."""
        return data


class Seams:
    """All faults of one station, in order; without any, every value passes unchanged.

    Attributes:
        effects: What the faults changed so far.
    """

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._faults = tuple(faults)
        self.effects: list[Effect] = []
        for fault in self._faults:
            fault.sink = self.effects.append

    @property
    def active(self) -> bool:
        """There is a fault at all."""
        return bool(self._faults)

    def check(self, check: Enum, *, violated: bool) -> bool:
        """See `Fault.check`."""
        return self._bend(f"check {check.value}", violated, lambda fault, value: fault.check(check, value))

    def value(self, knob: Enum, value: T) -> T:
        """See `Fault.value`."""
        return self._bend(str(knob.value), value, lambda fault, one: fault.value(knob, one))

    def problems(self, call: Call, problems: tuple[SchemaProblem, ...]) -> tuple[SchemaProblem, ...]:
        """See `Fault.problems`."""
        return self._bend(f"schema of {call.action}", problems, lambda fault, value: fault.problems(call, value))

    def reply(self, call: Call, answering: Answering) -> Answering:
        """See `Fault.reply`."""
        return self._bend(f"reply to {call.action}", answering, lambda fault, value: fault.reply(call, value))

    def malformed(self, problem: Malformed, answering: Answering) -> Answering:
        """See `Fault.malformed`."""
        return self._bend("reply to no message", answering, lambda fault, value: fault.malformed(problem, value))

    def outgoing(self, action: str, payload: Payload) -> Payload | None:
        """See `Fault.outgoing`."""
        wanted: Payload | None = payload
        return self._bend(action, wanted, lambda fault, one: None if one is None else fault.outgoing(action, one))

    def frame_out(self, text: str) -> Wire:
        """See `Fault.frame_out`."""
        usual: Wire = (text,)
        return self._bend(
            "frame",
            usual,
            lambda fault, wire: tuple(
                out for one in wire for out in (fault.frame_out(one) if isinstance(one, str) else (one,))
            ),
        )

    def frame_in(self, data: str | bytes) -> str | bytes | None:
        """See `Fault.frame_in`."""
        wanted: str | bytes | None = data
        return self._bend("frame read", wanted, lambda fault, one: None if one is None else fault.frame_in(one))

    def _bend(self, seam: str, value: T, hook: Callable[[Fault, T], T]) -> T:
        for fault in self._faults:
            bent = hook(fault, value)
            if bent != value:
                fault.took_effect(f"{seam}: {difference(value, bent)}")
            value = bent
        return value


def difference(before: Any, after: Any) -> str:
    """Two values side by side; of two messages and of two objects only the fields that differ."""
    if is_dataclass(before) and type(before) is type(after):
        return ", ".join(
            f"{field.name} {difference(old, new)}"
            for field in fields(before)
            if (old := getattr(before, field.name)) != (new := getattr(after, field.name))
        )
    if isinstance(before, dict) and isinstance(after, dict):
        keys = [key for key in {**before, **after} if before.get(key) != after.get(key)]
        return ", ".join(f"{key} {difference(before.get(key), after.get(key))}" for key in keys)
    if isinstance(before, tuple) and isinstance(after, tuple) and len(before) == len(after):
        return ", ".join(difference(old, new) for old, new in zip(before, after, strict=True) if old != new)
    return f"{_shown(before)} -> {_shown(after)}"


def _shown(value: Any) -> str:
    # A frame may carry a password, and effects are printed.
    if isinstance(value, bytes):
        text = redacted(value).hex()
    else:
        text = repr(redacted(value) if isinstance(value, str) else value)
    return text if len(text) <= 80 else f"{text[:77]}..."
