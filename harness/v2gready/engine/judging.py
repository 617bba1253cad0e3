"""Runs judges over a trace. The same code judges a live bench, a stored run and a recording."""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from v2gready.model.case import Invariant, TestCase
from v2gready.model.measurement import weaker
from v2gready.model.observation import Inconclusive, Observation, conclude
from v2gready.model.requirement import Registry
from v2gready.model.run import InvariantResult
from v2gready.model.trace import EventKind, Trace
from v2gready.model.verdict import Verdict

MAX_INVARIANT_OBSERVATIONS = 5
"""Observations of a broken invariant kept per trace, for the report; of one that held the first is enough."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the judge of a case says about a trace.

    Attributes:
        observations: The checks, in order.
        verdict: The verdict that follows; ``error`` if the judge itself failed.
        reason: Why.
        indicative: It rests on something unconfirmed.
        remarks: Deviations below MUST.
    """

    observations: tuple[Observation, ...]
    verdict: Verdict
    reason: str
    indicative: bool = False
    remarks: tuple[str, ...] = ()


def judge_case(case: TestCase[Any], trace: Trace, registry: Registry) -> Judgement:
    """Judges one trace by one case. A judge that raises is an error of the harness, never of the device."""
    observations: list[Observation] = []
    try:
        for one in case.judge(trace):
            observations.append(_declared(case, with_provenance(one, registry)))  # noqa: PERF401 - kept when the judge ends early
    except Inconclusive as nothing:
        # What the bench lacks is the reason; what the judge missed comes of that.
        lacking = [str(one.detail["reason"]) for one in trace.events(EventKind.UNEQUIPPED)]
        reason = lacking[0] if lacking else str(nothing)
        observations.append(with_provenance(_inconclusive(case.requirements[0], reason), registry))
    except Exception as bug:  # noqa: BLE001 - whatever a judge raises is our failure and becomes the verdict error
        where = traceback.extract_tb(bug.__traceback__)[-1]
        reason = f"the judge failed: {type(bug).__name__}: {bug} ({where.name}, line {where.lineno})"
        return Judgement(tuple(observations), Verdict.ERROR, reason)
    if any(trace.events(EventKind.TRACE_FULL)):
        reason = f"the {trace.dut} sent more than a trace can hold; what came later is not known"
        observations.append(with_provenance(_inconclusive(case.requirements[0], reason), registry))
    outcome = conclude(observations)
    if outcome.verdict is Verdict.NONE:
        return Judgement((), Verdict.ERROR, "the judge made no observation")
    return Judgement(tuple(observations), outcome.verdict, outcome.reason, outcome.indicative, outcome.remarks)


def judge_invariants(
    invariants: Iterable[type[Invariant]], trace: Trace, registry: Registry
) -> tuple[InvariantResult, ...]:
    """Judges one trace by every invariant of the device's role; those that found nothing to look at are left out."""
    results = []
    for kind in invariants:
        if (kind.role, kind.neighbour) != (trace.dut, trace.tester):
            continue
        try:
            seen = [with_provenance(one, registry) for one in kind().judge(trace)]
        except Inconclusive:
            continue
        except Exception as bug:  # noqa: BLE001 - as above
            results.append(
                InvariantResult(kind.id, Verdict.ERROR, f"the judge failed: {type(bug).__name__}: {bug}", ())
            )
            continue
        if seen:
            outcome = conclude(seen)
            deciding = [one for one in seen if one.contribution is outcome.verdict] or seen
            kept = tuple(deciding[: 1 if outcome.verdict is Verdict.PASS else MAX_INVARIANT_OBSERVATIONS])
            results.append(InvariantResult(kind.id, outcome.verdict, outcome.reason, kept))
    return tuple(results)


def with_provenance(one: Observation, registry: Registry) -> Observation:
    """The observation with the weaker provenance of its own limit and its requirement."""
    weakest = weaker(one.provenance, registry[one.requirement].provenance)
    return one if weakest is one.provenance else replace(one, provenance=weakest)


def _declared(case: TestCase[Any], one: Observation) -> Observation:
    if one.requirement not in case.requirements:
        raise ValueError(f"{case.id} judges {one.requirement}, which it does not declare")
    return one


def _inconclusive(requirement: str, reason: str) -> Observation:
    return Observation(
        requirement=requirement,
        expected="the step under test is reached and can be judged",
        seen=reason,
        verdict=Verdict.INCONC,
        reason=reason,
    )
