"""The grid code of a run: which numbers it was judged by, and how well they are known."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from v2gready.grid.parameters import KNOWN
from v2gready.model.measurement import Provenance
from v2gready.model.observation import Observation, Severity
from v2gready.model.run import CaseRecord, RunRecord
from v2gready.model.verdict import Lifecycle
from v2gready.report.text import shorten

DECLARED = "grid_code"
"""Key of the grid code among the declared parameters."""
LAB_SUPPLIED = "lab_supplied"
TAGS = ("S", "M", "H", "S2", "u")
"""Evidence tags of numbers, better ones first; ``H`` is no number of the code but the harness's own."""
PROVENANCE_TAG = {
    Provenance.CONFIRMED: "S",
    Provenance.HARNESS: "H",
    Provenance.SECONDARY: "S2",
    Provenance.UNCONFIRMED: "u",
}
_TAG = re.compile(r"\[(S2|S|M|H|u)\]\)?\s*$")
_SHORTENED = "shortened"


@dataclass(frozen=True, slots=True)
class Number:
    """A parameter of the code.

    Attributes:
        name: As in the profile.
        meaning: In one line, empty if it is not known here.
        value: With its unit; empty if the code leaves it open.
        mode: ``charge``, ``discharge`` or ``both``.
        clause: Clause, article or table.
        tag: One of `TAGS`; empty if the number is left open.
        source: Where it was read, and who reviewed it.
        note: Conflicts and conditions.
        supplied: By the laboratory.
        cases: Ids of the finished cases that are about it.
    """

    name: str
    meaning: str
    value: str
    mode: str
    clause: str
    tag: str
    source: str
    note: str
    supplied: bool
    cases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Share:
    """Checks that were decided by numbers of one tag."""

    tag: str
    count: int
    percent: float


@dataclass(frozen=True, slots=True)
class GridCode:
    """The grid code as the head of a report shows it.

    Attributes:
        header: Title, standard, edition, country, class, status, dates and note, as stored.
        numbers: What it sets, in the order of the profile.
        left_open: What it leaves to a state or operator, or what nobody here has read.
        shares: Tags of the numbers that decided checks of the finished grid cases.
        decided: How many checks these are.
    """

    header: Mapping[str, str]
    numbers: tuple[Number, ...]
    left_open: tuple[Number, ...]
    shares: tuple[Share, ...]
    decided: int

    @property
    def supplied(self) -> tuple[Number, ...]:
        """Numbers of the laboratory."""
        return tuple(one for one in self.numbers if one.supplied)

    @property
    def unconfirmed(self) -> int:
        """Checks that rest on an unconfirmed number."""
        return sum(one.count for one in self.shares if one.tag == "u")


@dataclass(frozen=True, slots=True)
class Note:
    """A remark of a judge that decides nothing."""

    case: str
    text: str


def grid_code(run: RunRecord) -> GridCode | None:
    """The grid code among the declared parameters, None if there is none."""
    plain = run.declared.get(DECLARED)
    if not isinstance(plain, Mapping):
        return None
    finished = [case for case in run.cases if case.lifecycle is Lifecycle.FINISHED]
    tags = Counter(tag for case in finished for tag in _tags(case))
    decided = sum(tags.values())
    return GridCode(
        header={key: str(value) for key, value in plain.items() if isinstance(value, str | int | float)},
        numbers=tuple(_numbers(plain.get("parameter"), finished)),
        left_open=tuple(_numbers(plain.get("open"), finished)),
        shares=tuple(Share(tag, tags[tag], 100 * tags[tag] / decided) for tag in TAGS if tags[tag]),
        decided=decided,
    )


def notes(cases: Iterable[CaseRecord]) -> tuple[tuple[Note, ...], tuple[Note, ...]]:
    """What judges noted: holds that were shortened, and the rest; equal ones of a case once."""
    found = dict.fromkeys(
        Note(case.info.id, one.seen)
        for case in cases
        for one in case.observations
        if one.severity is Severity.INFO and one.contribution is one.verdict
    )
    shortened = tuple(note for note in found if note.text.startswith(_SHORTENED))
    return shortened, tuple(note for note in found if note not in shortened)


def _tags(case: CaseRecord) -> Iterable[str]:
    """One tag for each check of a grid case that a number of the code decided."""
    if case.info.neighbour != "grid":
        return
    for one in case.observations:
        found = _tag_of(one)
        if found and one.severity is not Severity.INFO:
            yield found


def _tag_of(one: Observation) -> str:
    words = one.limit.source if one.limit is not None else one.expected
    named = _TAG.search(words)
    if named:
        return named[1]
    return PROVENANCE_TAG[one.limit.provenance] if one.limit is not None else ""


def _numbers(entries: Any, finished: Iterable[CaseRecord]) -> Iterable[Number]:
    used: dict[str, list[str]] = {}
    for case in finished:
        for name in case.info.parameters:
            used.setdefault(name, []).append(case.info.id)
    for name, entry in entries.items() if isinstance(entries, Mapping) else ():
        if not isinstance(entry, Mapping):
            continue
        known = KNOWN.get(name)
        review = " ".join(str(entry[key]) for key in ("reviewed_by", "reviewed_on") if entry.get(key))
        tag = entry["tag"] if entry.get("tag") in TAGS else "u"
        value = _value(entry, known.units if known else ())
        clause = " ".join(str(entry[key]) for key in ("document", "clause") if entry.get(key))
        yield Number(
            name=str(name),
            meaning=known.meaning if known else "",
            value=value,
            mode=str(entry.get("mode", "both")),
            clause=clause,
            tag=tag if value else "",
            source="; ".join(part for part in (str(entry.get("source", "")), review and f"reviewed: {review}") if part),
            note=str(entry.get("note", "")),
            supplied=entry.get("status") == LAB_SUPPLIED,
            cases=tuple(used.get(str(name), ())),
        )


def _value(entry: Mapping[str, Any], units: tuple[str, ...]) -> str:
    if "value" in entry:
        unit = units[0] if units else ""
        return f"{_number(entry['value'])} {'' if unit in {'1', 'share'} else unit}".strip()
    if "text" in entry:
        return shorten(entry["text"], 60)
    rows = entry.get("rows", ())
    if not isinstance(rows, list | tuple):
        return ""
    return "; ".join(
        shorten(" / ".join(_with_unit(one, position, units) for position, one in enumerate(row)), 80)
        for row in rows
        if isinstance(row, list | tuple)
    )


def _with_unit(number: Any, position: int, units: tuple[str, ...]) -> str:
    text = _number(number)
    unit = units[position] if position < len(units) else ""
    return text if unit in {"", "1", "share"} or text == "unlimited" else f"{text} {unit}"


def _number(number: Any) -> str:
    if str(number) in {"inf", "Infinity"}:
        return "unlimited"
    return f"{number:g}" if isinstance(number, int | float) else shorten(number, 20)
