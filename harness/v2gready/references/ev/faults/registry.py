"""The catalogue of faults, filled by the decorator `fault`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from v2gready.references.ev.seams import Fault

FaultClass = TypeVar("FaultClass", bound=type[Fault])

CATALOGUE: Final[dict[str, type[Fault]]] = {}
"""Every fault by name."""


def fault(name: str, sentence: str) -> Callable[[FaultClass], FaultClass]:
    """Names a fault and puts it into the catalogue.

    Args:
        name: Kebab-case, unique, for ever: cases refer to it.
        sentence: What the car does wrong.

    Raises:
        ValueError: The name is taken.
    """

    def register(kind: FaultClass) -> FaultClass:
        if name in CATALOGUE:
            raise ValueError(f"there are two faults {name!r}")
        kind.name = name
        kind.sentence = sentence
        CATALOGUE[name] = kind
        return kind

    return register


def make(names: Sequence[str]) -> tuple[Fault, ...]:
    """One fresh fault of each name.

    Raises:
        KeyError: There is no fault of that name.
    """
    unknown = [name for name in names if name not in CATALOGUE]
    if unknown:
        raise KeyError(f"the reference EV has no fault {', '.join(unknown)}")
    return tuple(CATALOGUE[name]() for name in names)
