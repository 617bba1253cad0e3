"""What screening says, and what it expects of a recording."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from v2gready.grid.recording import ChannelNames

LEAST_CYCLES = 5
"""Fewer than these show nothing."""
ENERGISED = 0.5
"""Voltage in pu above which wiring and frequency can be seen."""
LOADED = 0.1
"""Current in pu above which its wiring can be seen."""
MOST_CURRENT = 10.0
"""Current or power in pu that no device under test reaches, inrush included."""


class Severity(StrEnum):
    """What a finding means for a verdict."""

    UNUSABLE = "unusable"
    """Every judge must be inconclusive, with the sentence as reason."""
    REMARK = "remark"
    """For the reader of the report."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with a recording.

    Attributes:
        rule: Its name, e.g. ``swapped voltages``.
        severity: Whether it can be judged nevertheless.
        channels: Which ones.
        sentence: What was seen, with numbers.
    """

    rule: str
    severity: Severity
    channels: tuple[str, ...]
    sentence: str


@dataclass(frozen=True, slots=True)
class Expected:
    """What the bench is built for.

    Attributes:
        voltage: Nominal, RMS, line to neutral, V.
        current: Rated, RMS of one phase, A.
        frequency: Nominal, Hz.
        phases: 1 or 3.
    """

    voltage: float
    current: float
    frequency: float
    phases: int

    @property
    def voltages(self) -> tuple[str, ...]:
        """Names of the voltages."""
        return ChannelNames.VOLTAGES[: self.phases]

    @property
    def currents(self) -> tuple[str, ...]:
        """Names of the currents."""
        return ChannelNames.CURRENTS[: self.phases]

    def unit(self, name: str) -> float:
        """1 pu of a channel."""
        return self.voltage if name in ChannelNames.VOLTAGES else self.current


def unfit(rule: str, channels: tuple[str, ...], sentence: str) -> Finding:
    """A finding that keeps every judge from a verdict."""
    return Finding(rule, Severity.UNUSABLE, channels, sentence)


def remark(rule: str, channels: tuple[str, ...], sentence: str) -> Finding:
    """A finding for the reader of the report."""
    return Finding(rule, Severity.REMARK, channels, sentence)
