"""What a run came to, for a terminal and for the log of a continuous integration."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from v2gready.model.run import CaseRecord, RunRecord
from v2gready.model.scheme import Decision, Label
from v2gready.model.verdict import Lifecycle, Verdict
from v2gready.report.checks import merge
from v2gready.report.matrix import counts, invariant_rows, state
from v2gready.report.text import listed, one_line

_STYLES = {
    "pass": "green",
    "inconc": "yellow",
    "fail": "bold red",
    "error": "bold magenta",
    "none": "bold magenta",
    "interrupted": "yellow",
}
_LABEL_STYLES = {Label.GRANTED: "bold green", Label.NOT_GRANTED: "bold red", Label.INCOMPLETE: "bold yellow"}
_SHOWN_LINES = 12
_SHOWN_IDS = 4
_WIDTH = max(len(one.value) for one in Lifecycle)


def plain(run: RunRecord, decision: Decision | None) -> str:
    """Lines without colour: one for each case, the deviating checks below it, then what follows for the label.

    Args:
        run: The run.
        decision: State of the label, None if the scheme is unknown.
    """
    lines = [f"run {run.id}, seed {run.seed}"]
    for case in _run(run):
        lines.append(f"{state(case):<{_WIDTH}}  {case.info.id}  {case.info.title}{_tail(case)}")
        lines += [f"{'':<{_WIDTH}}  {line}" for line in _deviations(case)]
    lines += _left_out(run)
    lines += _broken(run)
    lines += _totals(run)
    lines += [line for line, _ in _label(run, decision)]
    return "".join(f"{one_line(line)}\n" for line in lines)


def table(run: RunRecord, decision: Decision | None) -> RenderableType:
    """The same for a terminal: passing cases take one line, everything else says why.

    Args:
        run: The run.
        decision: State of the label, None if the scheme is unknown.
    """
    grid = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    grid.add_column("Verdict", no_wrap=True)
    grid.add_column("Case", no_wrap=True)
    grid.add_column("", ratio=1)
    for case in _run(run):
        word = state(case)
        body = Text(one_line(case.info.title + _tail(case)))
        for line in _deviations(case):
            body.append(f"\n{one_line(line)}", style="dim")
        grid.add_row(Text(word, style=_STYLES.get(word, "dim")), Text(one_line(case.info.id)), body)
    rest = [Text(one_line(line), style="dim") for line in _left_out(run)]
    rest += [Text(one_line(line), style="red") for line in _broken(run)]
    rest += [Text(one_line(line)) for line in _totals(run)]
    rest += [Text(one_line(line), style=style) for line, style in _label(run, decision)]
    return Group(grid, Text(), *rest)


def _run(run: RunRecord) -> list[CaseRecord]:
    return [case for case in run.cases if case.lifecycle in {Lifecycle.FINISHED, Lifecycle.INTERRUPTED}]


def _left_out(run: RunRecord) -> Iterator[str]:
    """Cases that did not run, by the reason: one line for each, however many they are."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for case in run.cases:
        if case.lifecycle in {Lifecycle.NOT_RUN, Lifecycle.NOT_APPLICABLE}:
            reasons.setdefault((state(case), case.reason), []).append(case.info.id)
    for (word, reason), ids in reasons.items():
        yield f"{word:<{_WIDTH}}  {_some(ids)}: {reason or 'not reached yet'}"


def _some(ids: list[str]) -> str:
    more = len(ids) - _SHOWN_IDS
    return ", ".join(ids[:_SHOWN_IDS]) + (f" and {more} more" if more > 0 else "")


def _tail(case: CaseRecord) -> str:
    words = " (indicative)" if case.indicative else ""
    if case.reason and state(case) != "pass":
        words += f": {case.reason}"
    return words


def _deviations(case: CaseRecord) -> Iterator[str]:
    """The checks that are no pass: requirement, expected, seen, where."""
    for check in merge(case.observations):
        one = check.observation
        if one.verdict is Verdict.PASS:
            continue
        records = f" (records {listed(one.at)})" if one.at else ""
        yield f"{check.state} {one.requirement}: expected {one.expected}; seen {one.seen}{records}"


def _broken(run: RunRecord) -> Iterator[str]:
    for row in invariant_rows(run.cases):
        if row.verdict is not Verdict.PASS:
            where = listed(row.broken or row.undecided)
            yield f"{row.verdict.label:<{_WIDTH}}  {row.id}  {row.reason} (in {where})"


def _totals(run: RunRecord) -> Iterator[str]:
    totals = counts(run.cases)
    yield "verdicts: " + ", ".join(f"{count} {name}" for name, count in totals.verdicts.items())
    yield "lifecycle: " + ", ".join(f"{count} {name}" for name, count in totals.lifecycles.items())


def _label(run: RunRecord, decision: Decision | None) -> Iterator[tuple[str, str]]:
    if decision is None:
        yield f"scheme {run.scheme}: unknown to this installation, no state of a label", "bold yellow"
        return
    style = _LABEL_STYLES[decision.label]
    yield f"conformity statement under scheme {run.scheme}: {decision.label.value}", style
    waiting = {case.info.id for case in run.cases if case.lifecycle is Lifecycle.NOT_RUN}
    open_ = [line for line in decision.open if line.partition(":")[0] not in waiting]
    for heading, lines in (("blocks", decision.blocking), ("open", open_), ("indicative", decision.indicative)):
        for line in lines[:_SHOWN_LINES]:
            yield f"  {heading}: {line}", ""
        if len(lines) > _SHOWN_LINES:
            yield f"  {heading}: {len(lines) - _SHOWN_LINES} more, see the report", ""
    if len(open_) < len(decision.open):
        yield f"  open: required cases not run: {len(decision.open) - len(open_)}", ""
