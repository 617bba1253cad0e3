"""Decision rules beyond the three of the model: four states, probabilities, and the band of IEEE 1547.1.

Source: ILAC-G8:09/2019 section 4 (non-binary rule), JCGM 106:2012 (conformance probability, guard bands),
IEEE 1547.1 (minimum required accuracy, as the public SVP scripts apply it).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from math import erf, inf, sqrt

from v2gready.model.measurement import DecisionRule, Limit, Measurement, decide
from v2gready.model.verdict import Verdict

WITHIN_GUARD_BAND = "within-guard-band"
"""Reason of an inconclusive verdict that a smaller uncertainty would decide."""


class Statement(StrEnum):
    """What can be said of conformity (ILAC-G8, non-binary with guard bands)."""

    PASS = "pass"  # noqa: S105 - no password
    CONDITIONAL_PASS = "conditional pass"  # noqa: S105
    """Inside the limit, by less than the guard band."""
    CONDITIONAL_FAIL = "conditional fail"
    """Beyond the limit, by less than the guard band."""
    FAIL = "fail"

    @property
    def verdict(self) -> Verdict:
        """Verdict of the harness: what lies within the guard band is not decided."""
        match self:
            case Statement.PASS:
                return Verdict.PASS
            case Statement.FAIL:
                return Verdict.FAIL
            case _:
                return Verdict.INCONC


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision with all that a report must show of it.

    Attributes:
        statement: The state.
        measured: The value with its expanded uncertainty.
        limit: Tolerance limits TL.
        guard_band: w, in the unit of the limit.
        acceptance: Acceptance limits AL = TL - w on either side.
        risk: Probability that the statement is wrong: of false acceptance for a (conditional) pass, of false rejection
            for a (conditional) fail; normal distribution.
    """

    statement: Statement
    measured: Measurement
    limit: Limit
    guard_band: float
    acceptance: tuple[float | None, float | None]
    risk: float

    @property
    def verdict(self) -> Verdict:
        """Verdict of the harness."""
        return self.statement.verdict

    @property
    def reason(self) -> str:
        """Reason of an inconclusive verdict, else empty."""
        return WITHIN_GUARD_BAND if self.verdict is Verdict.INCONC else ""


def conformance_probability(measured: Measurement, limit: Limit, *, coverage: float = 2.0) -> float:
    """Probability that the true value lies within the limits, for a normal distribution (JCGM 106, clause 7).

    Args:
        measured: The value; its standard uncertainty is the expanded one divided by the coverage factor.
        limit: One- or two-sided.
        coverage: k.

    Raises:
        ValueError: The units differ, or the limit has no side: our own misuse.
    """
    # The model's own rule checks units and sides; without uncertainty it is also the answer.
    inside = decide(measured, limit, DecisionRule.SIMPLE) is Verdict.PASS
    u = measured.uncertainty / coverage
    if u == 0:
        return float(inside)
    low = -inf if limit.low is None else (limit.low - measured.value) / u
    high = inf if limit.high is None else (limit.high - measured.value) / u
    return _normal(high) - _normal(low)


def false_accept_risk(measured: Measurement, limit: Limit) -> float:
    """Probability that a value that is accepted does not conform (specific consumer's risk)."""
    return 1 - conformance_probability(measured, limit)


def false_reject_risk(measured: Measurement, limit: Limit) -> float:
    """Probability that a value that is rejected does conform (specific producer's risk)."""
    return conformance_probability(measured, limit)


def four_states(measured: Measurement, limit: Limit, *, guard_band: float | None = None) -> Decision:
    """Pass, conditional pass, conditional fail or fail.

    Args:
        measured: The value.
        limit: One- or two-sided.
        guard_band: w; by default the expanded uncertainty, with which a pass is wrong in at most 2.5 % of cases.

    Raises:
        ValueError: The units differ, or the limit has no side: our own misuse.
    """
    inside = decide(measured, limit, DecisionRule.SIMPLE) is Verdict.PASS
    width = measured.uncertainty if guard_band is None else guard_band
    sides = [
        margin
        for margin in (
            None if limit.low is None else measured.value - limit.low,
            None if limit.high is None else limit.high - measured.value,
        )
        if margin is not None
    ]
    margin = min(sides)
    if inside:
        statement = Statement.PASS if margin >= width else Statement.CONDITIONAL_PASS
    else:
        statement = Statement.FAIL if margin < -width else Statement.CONDITIONAL_FAIL
    return Decision(
        statement=statement,
        measured=measured,
        limit=limit,
        guard_band=width,
        acceptance=(
            None if limit.low is None else limit.low + width,
            None if limit.high is None else limit.high - width,
        ),
        risk=false_accept_risk(measured, limit) if inside else false_reject_risk(measured, limit),
    )


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Minimum required accuracy (MRA) of the two axes of a characteristic.

    Attributes:
        x: In the unit of the axis along which the stimulus moves.
        y: In the unit of the response.
    """

    x: float
    y: float


def characteristic_band(
    characteristic: Callable[[float], float], x: float, accuracy: Accuracy, *, widening: float = 1.5, points: int = 65
) -> tuple[float, float]:
    """Lowest and highest response that IEEE 1547.1 accepts at a measured stimulus.

    An error of the stimulus widens the band of the response where the characteristic is steep, and only there: the band
    is f(x +- 1.5 MRA of x) +- 1.5 MRA of y. A characteristic that is not monotone has its extremes inside of the span,
    so the span is scanned.

    Args:
        characteristic: f, e.g. a piecewise straight P(f).
        x: Measured stimulus.
        accuracy: MRA of both axes.
        widening: 1.5.
        points: At which the span is scanned, both ends and the middle included.
    """
    reach = widening * accuracy.x
    count = max(points, 3) // 2
    scanned = [characteristic(x + reach * step / count) for step in range(-count, count + 1)]
    return min(scanned) - widening * accuracy.y, max(scanned) + widening * accuracy.y


def on_characteristic(
    characteristic: Callable[[float], float],
    stimulus: Measurement,
    response: Measurement,
    accuracy: Accuracy,
) -> Verdict:
    """Pass or fail of one point of a characteristic by the rule of IEEE 1547.1.

    The rule holds for instruments that meet the accuracy it is made of; others say nothing.
    """
    if stimulus.uncertainty > accuracy.x or response.uncertainty > accuracy.y:
        return Verdict.INCONC
    low, high = characteristic_band(characteristic, stimulus.value, accuracy)
    return Verdict.PASS if low <= response.value <= high else Verdict.FAIL


def _normal(z: float) -> float:
    return (1 + erf(z / sqrt(2))) / 2
