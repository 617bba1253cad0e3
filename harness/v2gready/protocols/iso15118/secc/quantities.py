"""Numbers as the messages carry them: RationalNumber, and one value spread over three phases."""

from __future__ import annotations

from typing import Any, Final

from v2gready.protocols.iso15118.messages import RationalNumber

_PHASES: Final = ("", "_L2", "_L3")


def rational(value: float) -> RationalNumber:
    """The nearest RationalNumber that every deployed peer can read."""
    return RationalNumber.of(value)


def spread(name: str, watts: float, phases: int) -> dict[str, Any]:
    """A power as the elements ``name``, ``name_L2``, ``name_L3``, an equal part each; one phase has the first alone."""
    share = rational(watts / phases)
    return {name + suffix: share for suffix in _PHASES[:phases]}


def total(element: Any, name: str) -> float | None:
    """The power over all phases, None if the element is absent.

    A lone base element of a three-phase transfer is the sum already [V2G20-1817], [V2G20-1820], so adding what is
    there is right in both cases.
    """
    parts = [getattr(element, name + suffix) for suffix in _PHASES]
    present = [float(part) for part in parts if part is not None]
    return sum(present) if present else None


def number(element: RationalNumber | None, default: float) -> float:
    """The value of an optional element."""
    return default if element is None else float(element)
