"""What a judge saw, requirement by requirement, and the verdict that follows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from v2gready.model.measurement import DecisionRule, Limit, Measurement, Provenance
from v2gready.model.verdict import Verdict, overwrite


class Severity(StrEnum):
    """Weight of one check. Only a MUST can fail a case."""

    MUST = "must"
    SHOULD = "should"
    INFO = "info"


class Inconclusive(Exception):  # noqa: N818 - an outcome of judging, not an error
    """The trace does not hold what the judge needs: nothing can be said.

    Raised by trace queries; the engine turns it into an inconclusive observation.
    """


@dataclass(frozen=True, slots=True)
class Curve:
    """A characteristic or an envelope that measured points were held against: what a reader of the report looks at.

    Attributes:
        x: Name and unit of the abscissa, e.g. ``("f", "Hz")``; ``("t", "s")`` for an envelope over time.
        y: Name and unit of the ordinate, e.g. ``("export", "W")``.
        expected: Points of the characteristic in order of x.
        tolerance: Allowed distance in y on either side; None for an envelope that bounds one side.
        points: What was measured.
    """

    x: tuple[str, str]
    y: tuple[str, str]
    expected: tuple[tuple[float, float], ...]
    tolerance: float | None = None
    points: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One requirement checked against the trace.

    Attributes:
        requirement: Id in the requirement registry.
        severity: Whether it can fail the case.
        expected: The acceptable outcomes, in words a reader of the clause understands.
        seen: What the trace shows.
        verdict: pass, inconc or fail. ``error`` is not a judge's to say.
        reason: Why, in one sentence; empty on a pass that needs none.
        at: Indexes of the trace records this rests on.
        measurement: The value, where one was measured.
        limit: What the value was held against.
        rule: The decision rule used for the value.
        provenance: Weakest provenance of requirement and limit.
        instants: Seconds on the timeline at which a recording was judged.
        curve: The characteristic that it was held against, where there is one.
    """

    requirement: str
    expected: str
    seen: str
    verdict: Verdict
    severity: Severity = Severity.MUST
    reason: str = ""
    at: tuple[int, ...] = ()
    measurement: Measurement | None = None
    limit: Limit | None = None
    rule: DecisionRule | None = None
    provenance: Provenance = Provenance.CONFIRMED
    instants: tuple[float, ...] = ()
    curve: Curve | None = None

    def __post_init__(self) -> None:
        if self.verdict in {Verdict.NONE, Verdict.ERROR}:
            raise ValueError(f"a judge cannot set the verdict {self.verdict.label!r}")
        words: tuple[object, ...] = (self.expected, self.seen)
        if not all(isinstance(one, str) for one in words):
            raise TypeError(f"{self.requirement}: expected and seen are words for the reader, not {words!r}")

    @property
    def indicative(self) -> bool:
        """Rests on something unconfirmed."""
        return self.provenance is Provenance.UNCONFIRMED

    @property
    def contribution(self) -> Verdict:
        """What this observation adds to the verdict of the case: below MUST, a fail is a remark on a pass."""
        if self.severity is Severity.MUST:
            return self.verdict
        return Verdict.PASS


@dataclass(frozen=True, slots=True)
class Outcome:
    """Verdict of a case, and why.

    Attributes:
        verdict: The overwritten verdict of all observations.
        reason: Reason of the first observation that reached the verdict.
        indicative: Without the unconfirmed observations the verdict would differ.
        remarks: Deviations below MUST, for the reader.
    """

    verdict: Verdict
    reason: str
    indicative: bool = False
    remarks: tuple[str, ...] = ()


def conclude(observations: Iterable[Observation]) -> Outcome:
    """The verdict that follows from the observations (TTCN-3 overwriting; the first reason of the winner stays)."""
    everything = tuple(observations)
    verdict, reason = _overwritten(everything)
    firm, _ = _overwritten(tuple(one for one in everything if not one.indicative))
    remarks = tuple(
        one.reason or f"{one.expected}; seen: {one.seen}"
        for one in everything
        if one.severity is not Severity.MUST and one.verdict is not Verdict.PASS
    )
    return Outcome(verdict, reason, indicative=verdict is not firm, remarks=remarks)


def _overwritten(observations: tuple[Observation, ...]) -> tuple[Verdict, str]:
    verdict, reason = Verdict.NONE, "no observation was made"
    for one in observations:
        if overwrite(verdict, one.contribution) is not verdict:
            verdict, reason = one.contribution, one.reason
    return verdict, reason
