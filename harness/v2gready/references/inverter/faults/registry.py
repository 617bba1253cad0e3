"""The catalogue of faults, filled by the decorator `fault`, or by `bent` where a fault changes numbers alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar

from v2gready.references.inverter.design import Design
from v2gready.references.inverter.seams import Fault
from v2gready.references.inverter.settings import DerSettings

FaultClass = TypeVar("FaultClass", bound=type[Fault])

CATALOGUE: Final[dict[str, type[Fault]]] = {}
"""Every fault by name."""


def fault(name: str, sentence: str) -> Callable[[FaultClass], FaultClass]:
    """Names a fault and puts it into the catalogue.

    Args:
        name: Kebab-case, unique, for ever: cases refer to it.
        sentence: What the inverter does wrong.

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


def badly_built(name: str, sentence: str, **design: float) -> None:
    """A fault that is another `Design`."""

    def bend(_: Fault, built: Design) -> Design:
        return replace(built, **design)

    fault(name, sentence)(type(_class_name(name), (Fault,), {"design": bend}))


def behaves(name: str, sentence: str, bend: Callable[[DerSettings], DerSettings]) -> None:
    """A fault that follows other settings than those that are read back."""

    def hook(_: Fault, settings: DerSettings) -> DerSettings:
        return bend(settings)

    fault(name, sentence)(type(_class_name(name), (Fault,), {"behaviour": hook}))


def other(**settings: Any) -> Callable[[DerSettings], DerSettings]:
    """The same settings but for these."""
    return lambda given: replace(given, **settings)


def make(names: Sequence[str]) -> tuple[Fault, ...]:
    """One fresh fault of each name.

    Raises:
        KeyError: There is no fault of that name.
    """
    unknown = [name for name in names if name not in CATALOGUE]
    if unknown:
        raise KeyError(f"the reference inverter has no fault {', '.join(unknown)}")
    return tuple(CATALOGUE[name]() for name in names)


def _class_name(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("-"))
