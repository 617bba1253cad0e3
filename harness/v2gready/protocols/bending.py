"""Faults that bend a device, and the proof that they did.

A device hands each value that a fault may change to its seams: the faultless value goes in, the value that counts comes
out. An effect is written down when, and only when, the two differ. Which values these are is the affair of each device.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, ClassVar, Generic, TypeVar

T = TypeVar("T")
_SHOWN = 80
"""Characters of a value that are shown."""


class Died(Exception):  # noqa: N818 - what a faulty device does, not an error of ours
    """The process of the device is gone. Any hook of a fault may raise it, after `NamedFault.took_effect`."""


@dataclass(frozen=True, slots=True)
class Effect:
    """A fault made the device behave differently.

    Attributes:
        fault: Name of the fault.
        what: What was different.
    """

    fault: str
    what: str


class NamedFault:
    """One thing that a device does wrong.

    Attributes:
        name: Kebab-case name, for ever.
        sentence: What the device does wrong, in one sentence.
    """

    name: ClassVar[str] = ""
    sentence: ClassVar[str] = ""

    def __init__(self) -> None:
        self.sink: Callable[[Effect], None] = lambda _: None

    def took_effect(self, what: str) -> None:
        """Writes down an effect that no hook's return value shows."""
        self.sink(Effect(self.name, what))


F = TypeVar("F", bound=NamedFault)


class Bending(Generic[F]):
    """All faults of one device, in order; without any, every value passes unchanged.

    Attributes:
        effects: What the faults changed so far.
    """

    def __init__(self, faults: Iterable[F] = ()) -> None:
        self._faults = tuple(faults)
        self.effects: list[Effect] = []
        for fault in self._faults:
            fault.sink = self.effects.append

    @property
    def active(self) -> bool:
        """There is a fault at all."""
        return bool(self._faults)

    def _bend(self, seam: str, value: T, hook: Callable[[F, T], T]) -> T:
        for fault in self._faults:
            bent = hook(fault, value)
            if bent != value:
                fault.took_effect(f"{seam}: {difference(value, bent)}")
            value = bent
        return value


def difference(before: Any, after: Any) -> str:
    """Two values side by side; of two messages only the fields that differ."""
    if is_dataclass(before) and type(before) is type(after):
        return ", ".join(
            f"{one.name} {difference(old, new)}"
            for one in fields(before)
            if (old := getattr(before, one.name)) != (new := getattr(after, one.name))
        )
    if isinstance(before, tuple) and isinstance(after, tuple) and len(before) == len(after):
        return ", ".join(difference(old, new) for old, new in zip(before, after, strict=True) if old != new)
    return f"{_shown(before)} -> {_shown(after)}"


def _shown(value: Any) -> str:
    text = value.hex() if isinstance(value, bytes) else repr(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."
