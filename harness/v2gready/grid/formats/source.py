"""What a file holds before a mapping says what it means: named columns on one uniform time axis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from v2gready.grid.recording import Recording, Stored


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One column or channel as the file has it.

    Attributes:
        unit: As written in the file, empty if it says nothing.
        values: One per instant, NaN where missing.
        digital: The file says that it is a status, not a quantity.
    """

    unit: str
    values: Stored
    digital: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A file, read.

    Attributes:
        file: Its name.
        rate: Samples per second.
        columns: By the name in the file; several of one name get ``#2``, ``#3`` …
        start: Seconds of the first sample, on the time axis of the file.
        own: The recording itself, if the file is one of ours and needs no mapping.
    """

    file: str
    rate: float
    columns: Mapping[str, Column] = field(default_factory=dict)
    start: float = 0.0
    own: Recording | None = None


def distinct(names: list[str]) -> list[str]:
    """The names, later ones of the same name numbered."""
    seen: dict[str, int] = {}
    result = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return result
