"""How to read a file, as far as it does not say itself."""

from __future__ import annotations

from dataclasses import dataclass

TIME_UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
"""Seconds of each unit of time that a mapping file may name."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How to read the file itself; the defaults find out.

    Attributes:
        time: Column of time in a table.
        time_unit: Its unit: s, ms, us, ns.
        separator: Between the fields of a CSV file.
        decimal: Its decimal mark.
        skip: Lines before its header.
        encoding: Of text.
        segment: Which one, from 1, of a COMTRADE file whose rate changes.
        rate: Samples per second; checked against the file, unless ``rate_override``.
        rate_override: Believe ``rate`` against what the file says.
    """

    time: str = ""
    time_unit: str = ""
    separator: str = ""
    decimal: str = ""
    skip: int = 0
    encoding: str = ""
    segment: int | None = None
    rate: float | None = None
    rate_override: bool = False

    @property
    def believed_rate(self) -> float | None:
        """The rate that replaces whatever the file says."""
        return self.rate if self.rate_override else None

    @property
    def time_scale(self) -> float | None:
        """Seconds of one unit of time, if stated."""
        return TIME_UNITS.get(self.time_unit)
