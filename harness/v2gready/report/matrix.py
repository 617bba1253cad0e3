"""Tables over a whole run: states of results, requirement by case, invariant by case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from v2gready.model.observation import Observation
from v2gready.model.requirement import Registry, Requirement
from v2gready.model.run import CaseRecord, InvariantResult, RunRecord
from v2gready.model.verdict import Lifecycle, Verdict
from v2gready.report.checks import CHECK_STATES, REMARK, check_state

NOT_JUDGED, NO_CASE = "not judged", "no case"

GLYPHS = {
    "pass": "✓",
    REMARK: "△",
    "inconc": "?",
    "fail": "✕",
    "error": "!",
    "none": "!",
    "interrupted": "◐",
    "not run": "○",
    "not applicable": "-",
    NOT_JUDGED: "·",
    NO_CASE: "∅",
}
"""A sign for each state, so that colour never tells it alone."""

# For one requirement a violation that was seen stays seen, whatever failed in another case: fail goes first.
_WORST_FIRST = (
    "fail",
    "error",
    "inconc",
    "interrupted",
    "not run",
    REMARK,
    "pass",
    NOT_JUDGED,
    "not applicable",
)


def state(case: CaseRecord) -> str:
    """One word for a result: the verdict of a finished case, else how far it came."""
    return case.verdict.label if case.lifecycle is Lifecycle.FINISHED else case.lifecycle.value


@dataclass(frozen=True, slots=True)
class Counts:
    """How many cases there are of each; the two axes are never mixed.

    Attributes:
        verdicts: Finished cases by verdict.
        lifecycles: All cases by lifecycle.
    """

    verdicts: Mapping[str, int]
    lifecycles: Mapping[str, int]


def counts(cases: Iterable[CaseRecord]) -> Counts:
    """Counts both axes; what did not occur stands there with zero."""
    every = tuple(cases)
    verdicts = Counter(case.verdict.label for case in every if case.lifecycle is Lifecycle.FINISHED)
    lifecycles = Counter(case.lifecycle.value for case in every)
    shown = [verdict.label for verdict in Verdict if verdict is not Verdict.NONE or verdicts["none"]]
    order = (Lifecycle.FINISHED, Lifecycle.INTERRUPTED, Lifecycle.NOT_RUN, Lifecycle.NOT_APPLICABLE)
    return Counts({label: verdicts[label] for label in shown}, {one.value: lifecycles[one.value] for one in order})


@dataclass(frozen=True, slots=True)
class Cell:
    """A requirement in a case.

    Attributes:
        case: Id of the case.
        state: What the case says about this requirement.
    """

    case: str
    state: str


@dataclass(frozen=True, slots=True)
class RequirementRow:
    """A requirement and the cases that refer to it.

    Attributes:
        id: Id as the cases write it.
        requirement: Its entry in the registry, None if the registry does not hold it.
        cells: The cases.
        state: The worst of the cells.
        indicative: All that was judged rests on something unconfirmed.
    """

    id: str
    requirement: Requirement | None
    cells: tuple[Cell, ...]
    state: str
    indicative: bool


def requirement_rows(run: RunRecord, registry: Registry) -> list[RequirementRow]:
    """Every requirement of the registry and of the run; those of the registry first, in its order."""
    referring: dict[str, list[CaseRecord]] = {}
    for case in run.cases:
        for reference in _references(case):
            referring.setdefault(reference, []).append(case)
    order = [*registry, *sorted(registry.unknown(referring))]
    return [_requirement_row(name, registry.get(name), referring.get(name, [])) for name in order]


def _references(case: CaseRecord) -> Iterable[str]:
    observed = (one.requirement for invariant in case.invariants for one in invariant.observations)
    return dict.fromkeys((*case.info.requirements, *(one.requirement for one in case.observations), *observed))


def _requirement_row(name: str, requirement: Requirement | None, cases: Sequence[CaseRecord]) -> RequirementRow:
    cells = tuple(Cell(case.info.id, _cell_state(name, case)) for case in cases)
    observations = [one for case in cases for one in _observations(name, case)]
    found = {cell.state for cell in cells}
    worst = next((one for one in _WORST_FIRST if one in found), NO_CASE)
    return RequirementRow(
        name, requirement, cells, worst, indicative=bool(observations) and all(one.indicative for one in observations)
    )


def _observations(requirement: str, case: CaseRecord) -> Iterator[Observation]:
    yield from (one for one in case.observations if one.requirement == requirement)
    for invariant in case.invariants:
        yield from (one for one in invariant.observations if one.requirement == requirement)


def _cell_state(requirement: str, case: CaseRecord) -> str:
    if case.lifecycle is not Lifecycle.FINISHED:
        return case.lifecycle.value
    observations = list(_observations(requirement, case))
    if not observations:
        return "error" if case.verdict is Verdict.ERROR else NOT_JUDGED
    return max(map(check_state, observations), key=CHECK_STATES.index)


@dataclass(frozen=True, slots=True)
class InvariantRow:
    """An invariant over all cases.

    Attributes:
        id: Id of the invariant.
        requirements: What it checks.
        verdict: The worst verdict on any trace.
        reason: The first reason for it.
        judged: Cases whose trace exercised it.
        broken: Cases in which it failed.
        undecided: Cases in which it was inconclusive or erroneous.
    """

    id: str
    requirements: tuple[str, ...]
    verdict: Verdict
    reason: str
    judged: tuple[str, ...]
    broken: tuple[str, ...]
    undecided: tuple[str, ...]


def invariant_rows(cases: Iterable[CaseRecord]) -> list[InvariantRow]:
    """Aggregates the invariants of all cases, by id."""
    seen: dict[str, list[tuple[str, InvariantResult]]] = {}
    for case in cases:
        for one in case.invariants:
            seen.setdefault(one.id, []).append((case.info.id, one))
    return [_invariant_row(name, seen[name]) for name in sorted(seen)]


def _invariant_row(name: str, results: Sequence[tuple[str, InvariantResult]]) -> InvariantRow:
    worst = max((result for _, result in results), key=lambda result: result.verdict)
    return InvariantRow(
        id=name,
        requirements=tuple(dict.fromkeys(one.requirement for _, result in results for one in result.observations)),
        verdict=worst.verdict,
        reason=worst.reason,
        judged=tuple(case for case, _ in results),
        broken=tuple(case for case, result in results if result.verdict is Verdict.FAIL),
        undecided=tuple(case for case, result in results if result.verdict not in {Verdict.PASS, Verdict.FAIL}),
    )
