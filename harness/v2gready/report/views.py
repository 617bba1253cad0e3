"""What the page of one case shows, computed from its record and its trace."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from markupsafe import Markup

from v2gready.grid import sample_files
from v2gready.model.run import CaseRecord, InvariantResult
from v2gready.model.trace import Event, Frame, Record, Recorded, Sample
from v2gready.model.verdict import Lifecycle, Verdict
from v2gready.report import characteristic, rpc, timeline
from v2gready.report.characteristic import characteristics
from v2gready.report.checks import Check, merge, worth_listing
from v2gready.report.decode import hexdump, tree
from v2gready.report.judged import check_anchor
from v2gready.report.matrix import state
from v2gready.report.plot import plot
from v2gready.report.recorded import Drawn, draw_recording
from v2gready.report.sequence import cast, sequence
from v2gready.report.stored import File, StoredRun, StoredTrace, inside, read_trace
from v2gready.report.text import anchor
from v2gready.report.timeline import Folded, Gap, Shown, Step

_MOST_REFERENCES = 8
_MOST_PROBLEMS = 5


@dataclass(frozen=True, slots=True)
class Detail:
    """How much of a frame is shown.

    Attributes:
        value: Characters of one value.
        octets: Octets of the dump.
    """

    value: int
    octets: int


JUDGED = Detail(value=1200, octets=2048)
OTHER = Detail(value=120, octets=128)


@dataclass(frozen=True, slots=True)
class Reference:
    """A record that a check rests on.

    Attributes:
        text: Index of the record.
        target: Anchor, empty if the trace does not hold the record.
    """

    text: str
    target: str


@dataclass(frozen=True, slots=True)
class CheckRow:
    """A check with links into the evidence.

    Attributes:
        check: The check.
        references: The first records it rests on.
        more: How many more there are.
        anchor: Of the row.
    """

    check: Check
    references: tuple[Reference, ...]
    more: int
    anchor: str


@dataclass(frozen=True, slots=True)
class InvariantView:
    """An invariant on this trace; its checks are listed unless it held."""

    result: InvariantResult
    checks: tuple[CheckRow, ...]


@dataclass(frozen=True, slots=True)
class FrameRow:
    """A frame of the list."""

    step: Shown
    frame: Frame
    anchor: str
    receiver: str
    tree: Markup
    dump: Markup
    hidden_octets: int
    line: int
    partner: Reference | None = None

    @property
    def name(self) -> str:
        """Name of the message."""
        return timeline.title(self.frame)

    @property
    def edition(self) -> str:
        """Edition that the connection agreed on, where the protocol has one."""
        return rpc.edition(self.frame)

    @property
    def code(self) -> str:
        """Response code, if the message has one."""
        return timeline.response_code(self.frame)


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event of the list."""

    step: Shown
    event: Event
    anchor: str


@dataclass(frozen=True, slots=True)
class GapRow:
    """Silence in the list."""

    gap: Gap


@dataclass(frozen=True, slots=True)
class FoldRow:
    """Records that stand in the trace file only."""

    fold: Folded
    anchor: str
    lines: tuple[int, int]


Row = FrameRow | EventRow | GapRow | FoldRow


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the trace of a case shows.

    Attributes:
        rows: The timeline as a list.
        diagrams: The timeline as SVG.
        plots: One per channel.
        records: How many records the file holds.
        folded: How many of them are left out of the report.
        problems: Lines of the file that cannot be read.
        more_problems: How many more there are.
    """

    rows: tuple[Row, ...] = ()
    diagrams: tuple[Markup, ...] = ()
    plots: tuple[Markup, ...] = ()
    records: int = 0
    folded: int = 0
    problems: tuple[str, ...] = ()
    more_problems: int = 0


@dataclass(frozen=True, slots=True)
class CaseView:
    """The page of a case.

    Attributes:
        record: The case.
        anchor: Of the page.
        state: One word for its result.
        checks: What is listed of its checks.
        unlisted: How many passing ones are not.
        invariants: Invariants on its trace.
        evidence: What the trace shows.
        characteristics: Measured points against what is wanted of them.
        recordings: Blocks of samples as plots.
        files: Trace, capture and samples.
    """

    record: CaseRecord
    anchor: str
    state: str
    checks: tuple[CheckRow, ...]
    unlisted: int
    invariants: tuple[InvariantView, ...]
    evidence: Evidence
    characteristics: tuple[Markup, ...]
    recordings: tuple[Drawn, ...]
    files: tuple[File, ...]

    @property
    def open(self) -> bool:
        """Whether the evidence deserves to be seen at once: something is wrong or undecided."""
        trouble = self.record.lifecycle is Lifecycle.FINISHED and self.record.verdict is not Verdict.PASS
        return trouble or any(one.checks for one in self.invariants)


def case_anchor(case_id: str) -> str:
    """Anchor of the page of a case: its id, so that links survive from run to run."""
    return anchor(case_id)


def case_view(stored: StoredRun, case: CaseRecord) -> CaseView:
    """Reads the trace of a case and prepares its page."""
    path = inside(stored.folder, case.trace)
    found = read_trace(path) if path is not None and path.is_file() else None
    checks = merge(case.observations)
    listed, unlisted = worth_listing(checks)
    invariants = _invariant_checks(case.invariants, len(checks) + 1)
    noticed = [check for several in invariants.values() for check in several]
    judged = [*checks, *noticed]
    page = case_anchor(case.info.id)
    steps: list[Step] = []
    if found is not None:
        focused = timeline.focus([*listed, *noticed])
        steps = timeline.steps(found.trace.records, timeline.marks_of(judged), focused)
    targets = _targets(page, steps, found.trace.records if found else ())
    row = partial(_row, page, targets)
    blocks = [one for one in found.trace.records if isinstance(one, Recorded)] if found else []
    drawn = characteristics(case.observations, checks, page)
    declared = stored.record.declared
    return CaseView(
        record=case,
        anchor=page,
        state=state(case),
        checks=tuple(map(row, listed)),
        unlisted=unlisted,
        invariants=tuple(InvariantView(one, tuple(map(row, invariants[one.id]))) for one in case.invariants),
        evidence=_evidence(page, found, steps, targets, judged) if found else Evidence(),
        characteristics=tuple(
            characteristic.draw(one, f"{page}-xy{number}") for number, one in enumerate(drawn, start=1)
        ),
        recordings=tuple(
            draw_recording(stored.folder, one, listed, declared, page=page, anchor=targets[one.index]) for one in blocks
        ),
        files=tuple(stored.file(name) for name in (case.trace, case.capture, *_sample_files(blocks)) if name),
    )


def _sample_files(blocks: Iterable[Recorded]) -> Iterable[str]:
    for one in blocks:
        if "file" in one.content:
            yield from sample_files.paths(one.content)


def _invariant_checks(results: Iterable[InvariantResult], start: int) -> dict[str, list[Check]]:
    """The checks of each invariant, numbered on after those of the case; none of one that held."""
    checks: dict[str, list[Check]] = {}
    for one in results:
        checks[one.id] = [] if one.verdict is Verdict.PASS else merge(one.observations, start)
        start += len(checks[one.id])
    return checks


def _targets(page: str, steps: Iterable[Step], records: Iterable[Record]) -> dict[int, str]:
    """Anchor of every record: its own row, the row of its fold, or the plot of its channel or block."""
    targets = {}
    for record in records:
        if isinstance(record, Sample):
            targets[record.index] = _plot_anchor(page, record.channel)
        elif isinstance(record, Recorded):
            targets[record.index] = f"{page}-s{record.index}"
    for step in steps:
        if isinstance(step, Shown):
            targets[step.record.index] = f"{page}-r{step.record.index}"
        elif isinstance(step, Folded):
            targets.update(dict.fromkeys((record.index for record in step.records), f"{page}-r{step.first.index}"))
    return targets


def _plot_anchor(page: str, channel: str) -> str:
    return f"{page}-{anchor('plot', channel)}"


def _row(page: str, targets: Mapping[int, str], check: Check) -> CheckRow:
    at = check.observation.at
    references = tuple(Reference(str(index), targets.get(index, "")) for index in at[:_MOST_REFERENCES])
    return CheckRow(check, references, len(at) - len(references), check_anchor(page, check))


def _evidence(
    page: str,
    found: StoredTrace,
    steps: Sequence[Step],
    targets: Mapping[int, str],
    judged: Sequence[Check],
) -> Evidence:
    trace = found.trace
    roles = cast(steps, trace.tester, trace.dut)
    rows: list[Row] = []
    for step in steps:
        match step:
            case Gap():
                rows.append(GapRow(step))
            case Folded():
                span = (found.lines[step.first.index], found.lines[step.last.index])
                rows.append(FoldRow(step, targets[step.first.index], span))
            case Shown(record=Event() as event):
                rows.append(EventRow(step, event, targets[event.index]))
            case Shown(record=Frame() as frame):
                row = _frame_row(step, frame, targets[frame.index], roles.receiver(frame), found.lines)
                rows.append(replace(row, partner=_partner(found, frame, targets)))
    label = f"Sequence diagram of {page}"
    return Evidence(
        rows=tuple(rows),
        diagrams=tuple(sequence(steps, trace.tester, trace.dut, targets.__getitem__, label)),
        plots=tuple(_plots(page, found, judged)),
        records=len(trace.records),
        folded=sum(len(step.records) for step in steps if isinstance(step, Folded)),
        problems=found.problems[:_MOST_PROBLEMS],
        more_problems=max(0, len(found.problems) - _MOST_PROBLEMS),
    )


def _frame_row(step: Shown, frame: Frame, target: str, receiver: str, lines: Mapping[int, int]) -> FrameRow:
    detail = JUDGED if step.marks else OTHER
    return FrameRow(
        step=step,
        frame=frame,
        anchor=target,
        receiver=receiver,
        tree=rpc.pretty(frame.raw, detail.value)
        if frame.protocol == rpc.OCPP
        else tree(frame.message or {}, detail.value),
        dump=hexdump(frame.raw, detail.octets),
        hidden_octets=max(0, len(frame.raw) - detail.octets),
        line=lines[frame.index],
    )


def _partner(found: StoredTrace, frame: Frame, targets: Mapping[int, str]) -> Reference | None:
    other = found.partners.get(frame.index)
    return None if other is None else Reference(str(other), targets.get(other, ""))


def _plots(page: str, found: StoredTrace, judged: Sequence[Check]) -> list[Markup]:
    drawn = []
    channels = timeline.samples_by_channel(found.trace.records)
    times = [sample.t for samples in channels.values() for sample in samples]
    for channel, samples in channels.items():
        indexes = {sample.index for sample in samples}
        touching = [check.observation for check in judged if indexes.intersection(check.observation.at)]
        limits = [one.limit for one in touching if one.limit is not None and one.limit.unit == samples[0].unit]
        marked = {index for one in touching for index in one.at if index in indexes}
        drawn.append(plot(samples, (min(times), max(times)), marked, limits, _plot_anchor(page, channel)))
    return drawn
