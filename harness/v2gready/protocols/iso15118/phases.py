"""A quantity of three phases: the elements ``X``, ``X_L2`` and ``X_L3`` of one message (reference 3.4)."""

from __future__ import annotations

from typing import Any, Final

SUFFIXES: Final = ("", "_L2", "_L3")


def told(element: Any, name: str) -> tuple[float, ...]:
    """The values that are there, the first phase first."""
    parts = (getattr(element, name + suffix, None) for suffix in SUFFIXES)
    return tuple(float(part) for part in parts if part is not None)


def total(element: Any, name: str) -> float | None:
    """The sum over all phases, None if the element is absent.

    A lone base element of a three-phase transfer is the sum already [V2G20-1817], [V2G20-1820], so adding what is
    there is right in both cases.
    """
    values = told(element, name)
    return sum(values) if values else None
