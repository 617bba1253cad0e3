"""Checks the form of a profile file. Every problem at once, each with parameter and remedy."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Any

from v2gready.grid.curve import PiecewiseCurve
from v2gready.grid.parameters import KNOWN, PLAUSIBLE, Kind, Shape
from v2gready.model.dut import Problem

STATUSES = ("in_force", "draft", "vendor_default", "lab_supplied")
LAB_SUPPLIED = "lab_supplied"
TAGS = ("S", "S2", "M", "u")
MODES = ("charge", "discharge", "both")
HEADER_KEYS = {
    "id", "title", "standard", "edition", "country", "unit_class", "status", "valid_from", "valid_to", "note",
    "nominal_voltage", "nominal_frequency", "parameter", "open",
}  # fmt: skip
NEEDED = ("id", "title", "standard", "edition", "unit_class", "status", "valid_from")
PARAMETER_KEYS = (
    "value", "text", "rows", "unit", "clause", "tag", "source", "document", "mode", "admissible", "note", "status",
    "reviewed_by", "reviewed_on",
)  # fmt: skip
LAB_KEYS = {"profile", "laboratory", "note", "parameter"}
_CONTENT = {"value", "text", "rows"}
_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")


class ProfileError(ValueError):
    """A grid code file cannot be used: names the file, the parameters, what is wrong and the remedy.

    Attributes:
        source: The file.
        problems: What to correct.
    """

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        self.source = source
        self.problems = tuple(problems)
        super().__init__("\n".join(f"{source}: {problem}" for problem in self.problems))


def as_float(number: Any) -> float:
    """A checked number, or the text ``inf`` that stands for infinity in JSON."""
    return float(number)


def unknown_keys(table: Mapping[str, Any], known: set[str], prefix: str) -> list[Problem]:
    """A problem for each key that nothing reads."""
    wrong = sorted(set(table) - known)
    return [Problem(f"{prefix}{key}", "is not known", f"use one of {', '.join(sorted(known))}") for key in wrong]


def check_header(document: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with everything but the parameters."""
    problems = unknown_keys(document, HEADER_KEYS, "")
    problems += [
        Problem(key, "is missing", 'write what is known, or "unknown"') for key in NEEDED if not document.get(key)
    ]
    texts = HEADER_KEYS - {"nominal_voltage", "nominal_frequency", "parameter", "open"}
    problems += [
        Problem(key, "is no text", "write it between quotes")
        for key in sorted(texts & set(document))
        if not isinstance(document[key], str)
    ]
    if document.get("status", STATUSES[0]) not in STATUSES:
        problems.append(Problem("status", f"is {document['status']!r}", f"use one of {', '.join(STATUSES)}"))
    for key in ("valid_from", "valid_to"):
        date = document.get(key, "")
        if isinstance(date, str) and date not in {"", "unknown"} and not _DATE.fullmatch(date):
            problems.append(Problem(key, f"is {date!r}", 'write YYYY, YYYY-MM, YYYY-MM-DD or "unknown"'))
    for key in ("nominal_voltage", "nominal_frequency"):
        number = document.get(key)
        if not _is_number(number) or not 0 < as_float(number) < math.inf:
            problems.append(Problem(key, "is no positive number", "write 230.0 or 50.0"))
    return problems


def check_parameter(name: str, entry: Any, *, left_open: bool = False, lab: bool = False) -> list[Problem]:
    """What is wrong with one parameter.

    Args:
        name: Of the parameter.
        entry: Its table.
        left_open: It stands among those without a number.
        lab: It comes from a laboratory, which names its source and reviewer.
    """
    key = f"{'open' if left_open else 'parameter'}.{name}"
    kind = KNOWN.get(name)
    if kind is None:
        return [Problem(key, "is no parameter of a grid code", f"did you mean {_nearest(name)}?")]
    if not isinstance(entry, Mapping):
        return [Problem(key, "is no table", f"write [{key}] with {kind.key}, tag and source")]
    problems = unknown_keys(entry, set(PARAMETER_KEYS), f"{key}.")
    problems += _origin(key, entry, left_open=left_open, lab=lab)
    if entry.get("unit", kind.unit) != kind.unit:
        problems.append(Problem(f"{key}.unit", f"is {entry['unit']!r}", f"the suite counts in {kind.unit!r}"))
    present = _CONTENT & set(entry)
    if left_open:
        problems += [Problem(f"{key}.{one}", "binds", "move it to [parameter]") for one in sorted(present)]
    elif present != {kind.key}:
        problems.append(Problem(key, f"has {', '.join(sorted(present)) or 'no content'}", f"give it {kind.key} alone"))
    else:
        problems += _content(f"{key}.{kind.key}", entry[kind.key], kind)
    return problems + _admissible(key, entry, kind)


def _origin(key: str, entry: Mapping[str, Any], *, left_open: bool, lab: bool) -> list[Problem]:
    problems = [
        Problem(f"{key}.{one}", "is no text", "write it between quotes")
        for one in ("clause", "source", "document", "note", "status", "reviewed_by", "reviewed_on")
        if not isinstance(entry.get(one, ""), str)
    ]
    if problems:
        return problems
    tag, mode, status = entry.get("tag"), entry.get("mode", "both"), entry.get("status", "")
    if tag not in TAGS and not left_open:
        problems.append(Problem(f"{key}.tag", f"is {tag!r}", f"use one of {', '.join(TAGS)}"))
    if mode not in MODES:
        problems.append(Problem(f"{key}.mode", f"is {mode!r}", f"use one of {', '.join(MODES)}"))
    if status not in {"", *STATUSES}:
        problems.append(Problem(f"{key}.status", f"is {status!r}", f"use one of {', '.join(STATUSES)}"))
    if tag in {"S", "S2", "M"} and not entry.get("source"):
        problems.append(Problem(f"{key}.source", "is missing", "name where the number was read, or tag it u"))
    date = entry.get("reviewed_on", "")
    if date and not _DATE.fullmatch(date):
        problems.append(Problem(f"{key}.reviewed_on", f"is {date!r}", "write YYYY-MM-DD"))
    if lab or status == LAB_SUPPLIED:
        problems += [
            Problem(f"{key}.{one}", "is missing", "a laboratory's number names its copy, its reviewer and the date")
            for one in ("source", "reviewed_by", "reviewed_on")
            if not entry.get(one) and not (one == "source" and tag in {"S", "S2", "M"})
        ]
    return problems


def _content(key: str, content: Any, kind: Kind) -> list[Problem]:
    if kind.shape is Shape.CHOICE:
        return [] if content in kind.choices else [Problem(key, f"is {content!r}", f"use {', '.join(kind.choices)}")]
    if kind.shape is Shape.NUMBER:
        return _number(key, content, kind.units[0], kind.within)
    if not isinstance(content, list | tuple) or not content:
        return [Problem(key, "is no list of rows", f"write rows of ({kind.unit})")]
    problems: list[Problem] = []
    for place, row in enumerate(content, 1):
        if not isinstance(row, list | tuple) or len(row) != len(kind.units):
            problems.append(Problem(f"{key}[{place}]", "has the wrong width", f"write rows of ({kind.unit})"))
            continue
        for number, unit in zip(row, kind.units, strict=True):
            problems += _number(f"{key}[{place}]", number, unit)
    return problems or _table(key, [[as_float(number) for number in row] for row in content], kind)


def _number(key: str, number: Any, unit: str, within: tuple[float, float] | None = None) -> list[Problem]:
    if not _is_number(number):
        return [Problem(key, f"is {number!r}, no number", f"write a number in {unit}")]
    low, high = within or PLAUSIBLE[unit]
    if not low <= as_float(number) <= high:
        return [Problem(key, f"is {number} {unit}", f"write a number of {unit} between {low:g} and {high:g}")]
    return []


def _table(key: str, rows: list[list[float]], kind: Kind) -> list[Problem]:
    """What is wrong with rows of plausible numbers."""
    match kind.shape:
        case Shape.STAGE if len(rows) != 1:
            return [Problem(key, f"has {len(rows)} rows", "a protection stage is one row: threshold, delay")]
        case Shape.BANDS:
            return _bands(key, rows, kind)
        case Shape.CURVE:
            try:
                PiecewiseCurve.through(rows)
            except ValueError as problem:
                return [Problem(key, str(problem), "order the rows by their first number")]
    return []


def _bands(key: str, rows: list[list[float]], kind: Kind) -> list[Problem]:
    problems = [
        Problem(f"{key}[{place}]", "begins above its end", "write the lower end first")
        for place, row in enumerate(rows, 1)
        if not row[0] < row[1]
    ]
    if len(kind.units) == 2 and len(rows) != 1:
        problems.append(Problem(key, f"has {len(rows)} rows", "it is one band: low, high"))
    problems += [
        Problem(f"{key}[{place}]", "overlaps the row before", "order the bands and let each begin where one ends")
        for place, (before, after) in enumerate(pairwise(rows), 2)
        if before[1] > after[0]
    ]
    return problems


def _admissible(key: str, entry: Mapping[str, Any], kind: Kind) -> list[Problem]:
    if "admissible" not in entry:
        return []
    band, where = entry["admissible"], f"{key}.admissible"
    if kind.shape is not Shape.NUMBER:
        return [Problem(where, "is for single numbers", "say it in the note")]
    if not isinstance(band, list | tuple) or len(band) != 2 or not all(_is_number(one) for one in band):
        return [Problem(where, "is no range", "write [lowest, highest]")]
    low, high = as_float(band[0]), as_float(band[1])
    if not low < high:
        return [Problem(where, "begins above its end", "write [lowest, highest]")]
    if _is_number(entry.get("value")) and not low <= as_float(entry["value"]) <= high:
        outside = f"is {entry['value']}, outside of what the code admits ({low:g} to {high:g} {kind.unit})"
        return [Problem(f"{key}.value", outside, "correct the number, or admissible with its source")]
    return []


def _is_number(number: Any) -> bool:
    """A number, or infinity as JSON has it; never a bool, never NaN."""
    if number == "inf":
        return True
    return isinstance(number, int | float) and not isinstance(number, bool) and not math.isnan(number)


def _nearest(name: str) -> str:
    """The known name most like a wrong one."""
    return max(KNOWN, key=lambda known: SequenceMatcher(None, name, known).ratio())
