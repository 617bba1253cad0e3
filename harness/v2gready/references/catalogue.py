"""Catalogues of faults: one for each reference device, filled by a decorator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Generic, Protocol, TypeVar


class NamedFault(Protocol):
    """What every fault of a reference device has.

    Attributes:
        name: Kebab-case name, for ever.
        sentence: What the device does wrong, in one sentence.
    """

    name: ClassVar[str]
    sentence: ClassVar[str]


F = TypeVar("F")
FaultClass = TypeVar("FaultClass", bound=type[NamedFault])


class Catalogue(Generic[F]):
    """All faults of one device.

    Args:
        device: The device for a reader.

    Attributes:
        faults: Every fault by name.
    """

    def __init__(self, device: str) -> None:
        self._device = device
        self.faults: dict[str, type[F]] = {}

    def fault(self, name: str, sentence: str) -> Callable[[FaultClass], FaultClass]:
        """Names a fault and puts it into the catalogue.

        Args:
            name: Kebab-case, unique, for ever: cases refer to it.
            sentence: What the device does wrong.

        Raises:
            ValueError: The name is taken.
        """

        def register(kind: FaultClass) -> FaultClass:
            if name in self.faults:
                raise ValueError(f"there are two faults {name!r}")
            kind.name = name
            kind.sentence = sentence
            self.faults[name] = kind  # type: ignore[assignment] # the areas of a device hold its own faults alone
            return kind

        return register

    def make(self, names: Sequence[str]) -> tuple[F, ...]:
        """One fresh fault of each name.

        Raises:
            KeyError: There is no fault of that name.
        """
        unknown = [name for name in names if name not in self.faults]
        if unknown:
            raise KeyError(f"the {self._device} has no fault {', '.join(unknown)}")
        return tuple(self.faults[name]() for name in names)
