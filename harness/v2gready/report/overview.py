"""What the front part of a report shows, computed from the whole run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import groupby
from typing import Any

from v2gready.model.measurement import DecisionRule
from v2gready.model.observation import Observation
from v2gready.model.pics import Condition, PicsItem
from v2gready.model.run import CaseRecord, RunRecord
from v2gready.model.scheme import Decision, Scheme, decide_label
from v2gready.model.verdict import Lifecycle, Verdict
from v2gready.report import gridcode, matrix
from v2gready.report.checks import merge, worth_listing
from v2gready.report.gridcode import GridCode, Note
from v2gready.report.knowledge import Knowledge
from v2gready.report.matrix import Counts, InvariantRow, RequirementRow
from v2gready.report.stored import DUT_FILE, PARTICULARS_FILE, RUN_FILE, File, Particulars, StoredRun
from v2gready.report.text import anchor
from v2gready.report.views import case_anchor


@dataclass(frozen=True, slots=True)
class Line:
    """Something that stands in the way of the label, or may.

    Attributes:
        subject: Id of a case, of an invariant or of a PICS question; empty for the run as a whole.
        words: What about it.
        target: Anchor, empty if the report has no place for the subject.
    """

    subject: str
    words: str
    target: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A case in the results table."""

    case: CaseRecord
    state: str
    required: bool
    checks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Area:
    """The cases of one area."""

    name: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Declaration:
    """A declared capability or parameter.

    Attributes:
        key: Name in the DUT file.
        item: The question, None if it is a parameter or the questionnaire does not hold it.
        answer: What was declared; None if the question stands unanswered.
    """

    key: str
    item: PicsItem | None
    answer: Any


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A case that was left out.

    Attributes:
        case: The case.
        unmet: Answers that exclude it, as ``key = No``.
    """

    case: CaseRecord
    unmet: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Overview:
    """The front part of a report.

    Attributes:
        run: The run.
        particulars: Who, where, conditions.
        scheme: The scheme the run names, None if the installation does not hold it.
        decision: State of the label under that scheme.
        blocking: What blocks it.
        open: What is open.
        indicative: What neither blocks nor grants.
        counts: Cases by verdict and by lifecycle.
        areas: Results by area.
        requirements: The requirement matrix, by standard.
        references: All requirements by id.
        invariants: Invariants over all cases.
        weighty: Invariants the scheme depends on.
        pics: Capabilities.
        pixit: Parameters, but for the grid code.
        grid_code: What the device was judged by at the grid, None without a grid interface.
        shortened: Holds that the laboratory shortened.
        notes: What else judges noted without deciding anything.
        not_applicable: Cases the PICS exclude.
        not_run: Cases left out or not finished.
        erroneous: Finished cases that the harness or bench spoiled.
        rules: Decision rules in use.
        identity: Files that identify the run.
    """

    run: RunRecord
    particulars: Particulars
    scheme: Scheme | None
    decision: Decision | None
    blocking: tuple[Line, ...]
    open: tuple[Line, ...]
    indicative: tuple[Line, ...]
    counts: Counts
    areas: tuple[Area, ...]
    requirements: tuple[tuple[str, tuple[RequirementRow, ...]], ...]
    references: Mapping[str, RequirementRow]
    invariants: tuple[InvariantRow, ...]
    weighty: frozenset[str]
    pics: tuple[Declaration, ...]
    pixit: tuple[Declaration, ...]
    grid_code: GridCode | None
    shortened: tuple[Note, ...]
    notes: tuple[Note, ...]
    not_applicable: tuple[Exclusion, ...]
    not_run: tuple[Exclusion, ...]
    erroneous: tuple[CaseRecord, ...]
    rules: tuple[DecisionRule, ...]
    identity: tuple[File, ...]


def overview(stored: StoredRun, knowledge: Knowledge) -> Overview:
    """Computes the front part."""
    run = stored.record
    scheme = knowledge.schemes.get(run.scheme)
    decision = None if scheme is None else decide_label(scheme, run)
    rows = matrix.requirement_rows(run, knowledge.registry)
    invariants = matrix.invariant_rows(run.cases)
    questions = knowledge.questionnaires.get(run.device.get("role", ""), {})
    targets = _targets(run, invariants, questions)
    shortened, noted = gridcode.notes(run.cases)
    identity = (stored.file(name) for name in (RUN_FILE, DUT_FILE, PARTICULARS_FILE))
    return Overview(
        run=run,
        particulars=stored.particulars,
        scheme=scheme,
        decision=decision,
        blocking=_lines(decision.blocking if decision else (), targets),
        open=_lines(decision.open if decision else (), targets),
        indicative=_lines(decision.indicative if decision else (), targets),
        counts=matrix.counts(run.cases),
        areas=_areas(run, scheme),
        requirements=_by_standard(rows),
        references={row.id: row for row in rows},
        invariants=tuple(invariants),
        weighty=frozenset(
            row.id for row in invariants if scheme and any(fnmatchcase(row.id, one) for one in scheme.invariants)
        ),
        pics=_pics(run, questions),
        pixit=tuple(
            Declaration(key, None, answer)
            for key, answer in run.declared.items()
            if key not in questions and not isinstance(answer, bool) and key != gridcode.DECLARED
        ),
        grid_code=gridcode.grid_code(run),
        shortened=shortened,
        notes=noted,
        not_applicable=_exclusions(run, {Lifecycle.NOT_APPLICABLE}),
        not_run=_exclusions(run, {Lifecycle.NOT_RUN, Lifecycle.INTERRUPTED}),
        erroneous=tuple(
            case
            for case in run.cases
            if case.lifecycle is Lifecycle.FINISHED and case.verdict in {Verdict.ERROR, Verdict.NONE}
        ),
        rules=tuple(rule for rule in DecisionRule if rule in {one.rule for one in _observations(run)}),
        identity=tuple(file for file in identity if file.sha256),
    )


def _targets(run: RunRecord, invariants: Iterable[InvariantRow], questions: Iterable[str]) -> dict[str, str]:
    return {
        **{f"PICS {key}": anchor("pics", key) for key in (*run.declared, *questions)},
        **{row.id: anchor("inv", row.id) for row in invariants},
        **{case.info.id: case_anchor(case.info.id) for case in run.cases},
    }


def _lines(sentences: Iterable[str], targets: Mapping[str, str]) -> tuple[Line, ...]:
    lines = []
    for sentence in sentences:
        subject, colon, words = sentence.partition(": ")
        known = bool(colon) and subject in targets
        lines.append(Line(subject, words, targets[subject]) if known else Line("", sentence, ""))
    return tuple(lines)


def _areas(run: RunRecord, scheme: Scheme | None) -> tuple[Area, ...]:
    order = {name: position for position, name in enumerate(dict.fromkeys(case.info.area for case in run.cases))}
    cases = sorted(run.cases, key=lambda case: order[case.info.area])
    return tuple(
        Area(name, tuple(_entry(case, scheme) for case in group))
        for name, group in groupby(cases, key=lambda case: case.info.area)
    )


def _entry(case: CaseRecord, scheme: Scheme | None) -> Entry:
    return Entry(
        case=case,
        state=matrix.state(case),
        required=scheme is not None and scheme.requires(case.info.id, case.info.weight),
        checks=tuple(check.state for check in worth_listing(merge(case.observations))[0]),
    )


def _by_standard(rows: Iterable[RequirementRow]) -> tuple[tuple[str, tuple[RequirementRow, ...]], ...]:
    groups: dict[str, list[RequirementRow]] = {}
    for row in rows:
        name = f"{row.requirement.standard} ({row.requirement.edition})" if row.requirement else ""
        groups.setdefault(name, []).append(row)
    return tuple((name, tuple(group)) for name, group in groups.items())


def _pics(run: RunRecord, questions: Mapping[str, PicsItem]) -> tuple[Declaration, ...]:
    unasked = [key for key, answer in run.declared.items() if isinstance(answer, bool) and key not in questions]
    return tuple(Declaration(key, questions.get(key), run.declared.get(key)) for key in (*questions, *unasked))


def _exclusions(run: RunRecord, lifecycles: set[Lifecycle]) -> tuple[Exclusion, ...]:
    answers = {key: answer for key, answer in run.declared.items() if isinstance(answer, bool)}
    return tuple(
        Exclusion(case, tuple(f"{key} = {_yes_no(answers[key])}" for key in sorted(_asked(case)) if key in answers))
        for case in run.cases
        if case.lifecycle in lifecycles
    )


def _asked(case: CaseRecord) -> frozenset[str]:
    return Condition(case.info.pics).names


def _yes_no(answer: bool) -> str:  # noqa: FBT001 # an answer, not a switch
    return "Yes" if answer else "No"


def _observations(run: RunRecord) -> Iterable[Observation]:
    for case in run.cases:
        yield from case.observations
        for invariant in case.invariants:
            yield from invariant.observations
