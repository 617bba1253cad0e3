"""A measured value, a limit, and the rule that decides between them.

Source: ILAC-G8:09/2019 (decision rules), JCGM 106:2012 (guard bands).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from v2gready.model.verdict import Verdict


class Provenance(StrEnum):
    """How well a number or a requirement is known."""

    CONFIRMED = "confirmed"
    HARNESS = "harness"
    """Chosen by the harness where no source sets a number: a decision, not a guess. It makes nothing indicative."""
    SECONDARY = "secondary"
    """One source, not the normative text itself."""
    UNCONFIRMED = "unconfirmed"
    """A hypothesis. What rests on it is indicative: it neither blocks nor grants a label."""


def weaker(*known: Provenance) -> Provenance:
    """The weakest of several: the order is that of the definition."""
    return max(known, key=list(Provenance).index)


class DecisionRule(StrEnum):
    """How uncertainty enters the verdict (ILAC-G8 section 4)."""

    SIMPLE = "simple acceptance"
    """Guard band zero: the value alone decides."""
    GUARDED = "guarded acceptance"
    """Pass only if the value keeps the expanded uncertainty as distance to the limit."""
    NON_BINARY = "non-binary"
    """Inside the uncertainty on either side of the limit nothing is decided: inconclusive."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """A measured value.

    Attributes:
        value: The value, in ``unit``.
        unit: SI unit symbol.
        uncertainty: Expanded uncertainty U (k = 2, about 95 %), in ``unit``, not negative.
    """

    value: float
    unit: str
    uncertainty: float = 0.0

    def __str__(self) -> str:
        return f"{self.value:.6g} {self.unit} (U {self.uncertainty:.2g} {self.unit}, k=2)"


@dataclass(frozen=True, slots=True)
class Limit:
    """What a measured value is held against.

    Attributes:
        low: Lower tolerance limit, or None.
        high: Upper tolerance limit, or None.
        unit: Unit of both.
        provenance: How well the numbers are known.
        source: Standard and clause or table.
    """

    unit: str
    low: float | None = None
    high: float | None = None
    provenance: Provenance = Provenance.CONFIRMED
    source: str = ""

    def __str__(self) -> str:
        if self.low is not None and self.high is not None:
            return f"{self.low:g} to {self.high:g} {self.unit}"
        if self.high is not None:
            return f"at most {self.high:g} {self.unit}"
        return f"at least {self.low:g} {self.unit}"


def decide(measured: Measurement, limit: Limit, rule: DecisionRule) -> Verdict:
    """Pass, fail or inconclusive for one value against one limit.

    Args:
        measured: The value with its expanded uncertainty.
        limit: One- or two-sided tolerance.
        rule: The decision rule agreed before the test.

    Raises:
        ValueError: The units differ, or the limit has no side: our own misuse.
    """
    if measured.unit != limit.unit:
        raise ValueError(f"cannot hold {measured.unit} against {limit.unit}")
    margins = [
        margin
        for margin in (
            None if limit.low is None else measured.value - limit.low,
            None if limit.high is None else limit.high - measured.value,
        )
        if margin is not None
    ]
    if not margins:
        raise ValueError("a limit needs at least one side")
    margin = min(margins)
    match rule:
        case DecisionRule.SIMPLE:
            return Verdict.PASS if margin >= 0 else Verdict.FAIL
        case DecisionRule.GUARDED:
            return Verdict.PASS if margin >= measured.uncertainty else Verdict.FAIL
        case DecisionRule.NON_BINARY:
            if margin >= measured.uncertainty:
                return Verdict.PASS
            return Verdict.FAIL if margin < -measured.uncertainty else Verdict.INCONC
