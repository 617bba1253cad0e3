"""What of a trace a reader is shown: judged records always, repetitions and long tails folded, silence named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from v2gready.model.trace import Event, EventKind, Frame, Record, Sample
from v2gready.report import rpc
from v2gready.report.checks import CHECK_STATES, Check
from v2gready.report.text import TIMES

SILENCE = 2.0
"""Seconds without a frame or event from which the gap is drawn as one."""
LONGEST_PERIOD = 8
"""Records in one turn of a loop, at most."""
FEWEST_TURNS = 4
"""A loop of fewer turns is shown as it is."""
HEAD, TAIL = 48, 20
"""Of what is left after folding loops, this many records are shown at the beginning and at the end."""
FOCUS = 48
"""Judged records that are shown in any case; worst verdict first."""
_ENDS = (4, 2)


@dataclass(frozen=True, slots=True)
class Mark:
    """A check that rests on a record.

    Attributes:
        number: Number of the check in its case.
        requirement: Id of the requirement.
        state: One of `CHECK_STATES`.
    """

    number: int
    requirement: str
    state: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A record that is shown, with the checks that rest on it."""

    record: Frame | Event
    marks: tuple[Mark, ...]

    @property
    def state(self) -> str:
        """The worst state of the checks; empty if none rests on the record."""
        return max((mark.state for mark in self.marks), key=CHECK_STATES.index, default="")


@dataclass(frozen=True, slots=True)
class Gap:
    """Silence on all links."""

    seconds: float
    start: float


@dataclass(frozen=True, slots=True)
class Folded:
    """Records that are left out here and stand in the trace file.

    Attributes:
        records: The records.
        turns: How often a loop repeats, 0 if the records are no loop.
        names: Names of what is left out: one turn of the loop, or the commonest.
    """

    records: tuple[Frame | Event, ...]
    turns: int
    names: tuple[str, ...]

    @property
    def first(self) -> Frame | Event:
        """The first record left out."""
        return self.records[0]

    @property
    def last(self) -> Frame | Event:
        """The last record left out."""
        return self.records[-1]


Step = Shown | Gap | Folded


def message_name(frame: Frame) -> str:
    """Name of the message in the frame, empty if it does not decode."""
    if isinstance(frame.message, Mapping) and len(frame.message) == 1:
        return str(next(iter(frame.message)))
    return "" if frame.message is None else "message"


def response_code(frame: Frame) -> str:
    """The response code in the message, empty if it has none."""
    body: Any = frame.message.get(message_name(frame)) if isinstance(frame.message, Mapping) else None
    if not isinstance(body, Mapping):
        return ""
    if frame.protocol == rpc.OCPP:
        return rpc.outcome(message_name(frame), body)
    return str(body.get("ResponseCode", ""))


def title(record: Frame | Event) -> str:
    """What a record is, in a few words."""
    if isinstance(record, Event):
        return record.kind
    return message_name(record) or f"undecodable {record.protocol} frame"


def marks_of(checks: Iterable[Check]) -> dict[int, tuple[Mark, ...]]:
    """The checks that rest on each record."""
    marks: dict[int, list[Mark]] = {}
    for check in checks:
        for index in check.observation.at:
            marks.setdefault(index, []).append(Mark(check.number, check.observation.requirement, check.state))
    return {index: tuple(several) for index, several in marks.items()}


def focus(checks: Iterable[Check]) -> frozenset[int]:
    """Records that must be shown: the ends of what each check rests on, worst verdict first."""
    chosen: set[int] = set()
    head, tail = _ENDS
    for check in sorted(checks, key=lambda check: -CHECK_STATES.index(check.state)):
        if len(chosen) >= FOCUS:
            break
        at = check.observation.at
        chosen.update(at if len(at) <= head + tail else (*at[:head], *at[-tail:]))
    return frozenset(chosen)


def steps(records: Iterable[Record], marks: Mapping[int, tuple[Mark, ...]], focused: frozenset[int]) -> list[Step]:
    """The steps of a timeline, from the first record to the last.

    Args:
        records: Records of a trace; samples are left to the plots.
        marks: Checks by index of the record.
        focused: Indexes that are never folded.
    """
    items = [record for record in records if isinstance(record, Frame | Event)]
    looped = list(_fold_loops(items, focused))
    trimmed = list(_trim(looped, focused))
    return list(_with_gaps(trimmed, marks))


def _key(record: Frame | Event, focused: frozenset[int]) -> Hashable:
    unique = record.index in focused or (isinstance(record, Event) and record.kind in {EventKind.PHASE, "action"})
    if unique:
        return record.index
    if isinstance(record, Event):
        return (record.kind, record.source)
    return (record.sender, record.protocol, message_name(record), response_code(record), record.problem)


def _fold_loops(items: Sequence[Frame | Event], focused: frozenset[int]) -> Iterator[Frame | Event | Folded]:
    """Keeps the first and the last turn of every loop and folds the turns between."""
    keys = [_key(item, focused) for item in items]
    at = 0
    while at < len(items):
        period, turns = _longest_loop(keys, at)
        if turns < FEWEST_TURNS:
            yield items[at]
            at += 1
            continue
        end = at + period * turns
        middle = items[at + period : end - period]
        yield from items[at : at + period]
        yield Folded(tuple(middle), turns - 2, tuple(title(item) for item in items[at : at + period]))
        yield from items[end - period : end]
        at = end


def _longest_loop(keys: Sequence[Hashable], at: int) -> tuple[int, int]:
    """The period and number of turns that cover most records from here; the shortest period of those."""
    best = (1, 1)
    for period in range(1, LONGEST_PERIOD + 1):
        pattern = keys[at : at + period]
        turns = 1
        while keys[at + turns * period : at + (turns + 1) * period] == pattern:
            turns += 1
        if turns >= FEWEST_TURNS and period * turns > best[0] * best[1]:
            best = (period, turns)
    return best


def _trim(sequence: Sequence[Frame | Event | Folded], focused: frozenset[int]) -> Iterator[Frame | Event | Folded]:
    """Folds what is neither judged nor near one of the ends of a long trace."""
    pending: list[Frame | Event] = []
    for position, item in enumerate(sequence):
        near = position < HEAD or position >= len(sequence) - TAIL
        judged = not isinstance(item, Folded) and item.index in focused
        if not near and not judged:
            pending.extend(item.records if isinstance(item, Folded) else (item,))
            continue
        if pending:
            yield _tail(pending)
            pending = []
        yield item
    if pending:
        yield _tail(pending)


def _tail(records: Sequence[Frame | Event]) -> Folded:
    commonest = Counter(title(record) for record in records).most_common()
    return Folded(tuple(records), 0, tuple(f"{name} {TIMES} {count}" for name, count in commonest))


def _with_gaps(sequence: Iterable[Frame | Event | Folded], marks: Mapping[int, tuple[Mark, ...]]) -> Iterator[Step]:
    now: float | None = None
    for item in sequence:
        first, last = (item.first, item.last) if isinstance(item, Folded) else (item, item)
        if now is not None and first.t - now >= SILENCE:
            yield Gap(first.t - now, now)
        now = last.t
        yield item if isinstance(item, Folded) else Shown(item, marks.get(item.index, ()))


def samples_by_channel(records: Iterable[Record]) -> dict[str, list[Sample]]:
    """The samples of a trace, channel by channel, in order of first appearance."""
    channels: dict[str, list[Sample]] = {}
    for record in records:
        if isinstance(record, Sample):
            channels.setdefault(record.channel, []).append(record)
    return channels
