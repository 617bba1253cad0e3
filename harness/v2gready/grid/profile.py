"""Grid codes as data: each number with its clause, its source and how well it is known.

A profile holds what a code asks. What the code leaves to a state or operator is `left_open`: a laboratory supplies it
by a file of its own. `parameters` knows all names. Sources and tags: docs/grid-profiles.md.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

from v2gready.grid.curve import PiecewiseCurve
from v2gready.grid.parameters import KNOWN, Kind, Shape
from v2gready.grid.profile_file import (
    LAB_KEYS,
    LAB_SUPPLIED,
    PARAMETER_KEYS,
    ProfileError,
    as_float,
    check_header,
    check_parameter,
    unknown_keys,
)
from v2gready.model.dut import Problem
from v2gready.model.measurement import Limit, Provenance

_PROVENANCE = {
    "S": Provenance.CONFIRMED,
    "M": Provenance.CONFIRMED,
    "S2": Provenance.SECONDARY,
    "u": Provenance.UNCONFIRMED,
}
_YEAR = re.compile(r"\d{4}(-\d{2})?")
_HEADER = (
    "id", "title", "standard", "edition", "country", "unit_class", "status", "valid_from", "valid_to", "note",
)  # fmt: skip

__all__ = ["Difference", "Parameter", "PiecewiseCurve", "Profile", "ProfileError", "compare", "parse_profile"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One number, choice or table of a grid code.

    Attributes:
        name: As in `parameters.KNOWN`.
        value: The number, if it is one.
        text: The choice, if it is one.
        rows: The table, if it is one.
        unit: Of the number, or of each column.
        clause: Clause, article or table; empty if unknown.
        tag: ``S`` read in a public primary source, ``S2`` in a secondary one, ``M`` calculated, measured or chosen
            here, ``u`` not re-read in any source.
        source: Where it was read.
        document: Standard or law that sets it, if it is not that of the profile.
        mode: ``charge``, ``discharge`` or ``both``.
        admissible: Range in which a state or operator may set the number.
        note: Conflicts between sources and which was taken; conditions.
        status: ``lab_supplied`` for a laboratory's own number; empty for one of the profile.
        reviewed_by: Who compared it with the text.
        reviewed_on: When, ISO date.
    """

    name: str
    value: float | None = None
    text: str | None = None
    rows: tuple[tuple[float, ...], ...] = ()
    unit: str = ""
    clause: str = ""
    tag: str = "u"
    source: str = ""
    document: str = ""
    mode: str = "both"
    admissible: tuple[float, float] | None = None
    note: str = ""
    status: str = ""
    reviewed_by: str = ""
    reviewed_on: str = ""

    @property
    def provenance(self) -> Provenance:
        """How well it is known."""
        return _PROVENANCE[self.tag]

    @property
    def number(self) -> float:
        """The number.

        Raises:
            TypeError: It is a choice or a table: our own misuse.
        """
        if self.value is None:
            raise TypeError(f"{self.name} is no single number")
        return self.value

    @property
    def stage(self) -> tuple[float, float]:
        """Threshold and delay of a protection stage.

        Raises:
            TypeError: It is no stage: our own misuse.
        """
        if KNOWN[self.name].shape is not Shape.STAGE:
            raise TypeError(f"{self.name} is no protection stage")
        return self.rows[0][0], self.rows[0][1]

    def same_demand(self, other: Parameter) -> bool:
        """Both ask the same, however well it is known."""
        return (self.value, self.text, self.rows, self.mode) == (other.value, other.text, other.rows, other.mode)

    def __str__(self) -> str:
        if self.rows:
            return f"{self.name} {' | '.join(' '.join(f'{one:g}' for one in row) for row in self.rows)} [{self.tag}]"
        if self.text is not None:
            return f"{self.name} {self.text} [{self.tag}]"
        if self.value is None:
            return f"{self.name} left open"
        return f"{self.name} {self.value:g} {self.unit} [{self.tag}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile(Mapping[str, Parameter]):
    """A grid code, in one edition, for one class of unit.

    Attributes:
        id: Name of its file.
        title: For the cover of the report.
        standard: Document that sets the numbers.
        edition: Of it; ``unknown`` is said, not hidden.
        country: ISO 3166 code, ``EU`` or empty.
        unit_class: Class of unit it is for.
        status: ``in_force``, ``draft``, ``vendor_default`` or ``lab_supplied``.
        valid_from: ISO date, year or month, or ``unknown``.
        valid_to: The same; empty while nothing replaces it.
        nominal_voltage: V, line to neutral.
        nominal_frequency: Hz.
        parameters: By name.
        left_open: What the code asks without a number that binds everywhere, or whose number nobody here has read.
        note: What a reader must know before trusting it.
    """

    id: str
    title: str
    standard: str
    edition: str
    country: str
    unit_class: str
    status: str
    valid_from: str
    valid_to: str
    nominal_voltage: float
    nominal_frequency: float
    parameters: Mapping[str, Parameter]
    left_open: Mapping[str, Parameter] = field(default_factory=dict)
    note: str = ""

    def __getitem__(self, name: str) -> Parameter:
        return self.parameters[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.parameters)

    def __len__(self) -> int:
        return len(self.parameters)

    @property
    def lab_supplied(self) -> tuple[str, ...]:
        """Names of the numbers that a laboratory supplied."""
        return tuple(name for name, one in self.parameters.items() if one.status == LAB_SUPPLIED)

    def limit(self, name: str, *, low: float | None = None, high: float | None = None, unit: str) -> Limit:
        """A limit that rests on a parameter, with its provenance and where it comes from.

        Raises:
            KeyError: The code does not set the parameter.
        """
        parameter = self.parameters[name]
        return Limit(unit=unit, low=low, high=high, provenance=parameter.provenance, source=self.cite(name))

    def cite(self, name: str) -> str:
        """Standard, edition, clause and tag of a parameter, for a report: ``EN 50549-1:2019 cl. 4.9.4 [u]``.

        Raises:
            KeyError: The code does not set the parameter.
        """
        parameter = self.parameters[name]
        document = parameter.document or self._document()
        clause = f"cl. {parameter.clause}" if parameter.clause[:1].isdigit() else parameter.clause
        lab = f"laboratory: {parameter.source}, {parameter.reviewed_by}" if parameter.status == LAB_SUPPLIED else ""
        return " ".join(part for part in (document, clause, f"({lab})" if lab else "", f"[{parameter.tag}]") if part)

    def curve(self, name: str) -> PiecewiseCurve:
        """A parameter as a curve.

        Raises:
            KeyError: The code does not set the parameter.
            TypeError: It is no curve: our own misuse.
        """
        if KNOWN[name].shape is not Shape.CURVE:
            raise TypeError(f"{name} is no curve")
        return PiecewiseCurve.through(self.parameters[name].rows)

    def overridden_by(self, lab: Mapping[str, Any], source_name: str = "laboratory file") -> Self:
        """This profile with a laboratory's own numbers.

        Each number names its source and who compared it with the text; the note keeps the number it replaces.

        Args:
            lab: The parsed file: ``[parameter.NAME]`` as in a profile, optionally ``profile`` and ``laboratory``.
            source_name: For the error.

        Raises:
            ProfileError: With everything that is wrong.
        """
        problems = unknown_keys(lab, LAB_KEYS, "")
        if lab.get("profile", self.id) != self.id:
            problems.append(Problem("profile", f"is {lab['profile']!r}", f"this run uses the profile {self.id!r}"))
        entries = lab.get("parameter")
        if not isinstance(entries, Mapping) or not entries:
            problems.append(Problem("parameter", "is missing", "give at least one [parameter.NAME]"))
            entries = {}
        supplied = {}
        for name, entry in entries.items():
            known = self.parameters.get(name, self.left_open.get(name))
            found = check_parameter(name, _supplied(entry, known), lab=True)
            problems += found
            if not found:
                supplied[name] = _replacement(_parameter(name, _supplied(entry, known)), known)
        if problems:
            raise ProfileError(source_name, problems)
        still_open = {name: one for name, one in self.left_open.items() if name not in supplied}
        return replace(self, parameters={**self.parameters, **supplied}, left_open=still_open)

    def to_json(self) -> dict[str, Any]:
        """As plain data: the form of a profile file, so that a stored run can be judged again."""
        header = {name: getattr(self, name) for name in _HEADER if getattr(self, name)}
        return {
            **header,
            "nominal_voltage": self.nominal_voltage,
            "nominal_frequency": self.nominal_frequency,
            "parameter": {name: _plain(one) for name, one in self.parameters.items()},
            "open": {name: _plain(one) for name, one in self.left_open.items()},
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Profile:
        """The profile that `to_json` wrote.

        Raises:
            ProfileError: It was changed into something that is no profile.
        """
        return parse_profile(plain, f"stored profile {plain.get('id', '')}".strip())

    def _document(self) -> str:
        """Standard and edition, a year as the standard bodies write it: ``EN 50549-1:2019``."""
        if self.edition in {"", "unknown"} or self.edition in self.standard:
            return self.standard
        return f"{self.standard}{':' if _YEAR.fullmatch(self.edition) else ', '}{self.edition}"


def parse_profile(document: Mapping[str, Any], source_name: str) -> Profile:
    """Reads one parsed ``fixtures/gridcodes/*.toml``.

    Args:
        document: The parsed file.
        source_name: For the error.

    Raises:
        ProfileError: With everything that is wrong: parameter, what, remedy.
    """
    problems = check_header(document)
    tables: dict[str, dict[str, Parameter]] = {"parameter": {}, "open": {}}
    for table, parsed in tables.items():
        entries = document.get(table, {})
        if not isinstance(entries, Mapping):
            problems.append(Problem(table, "is no table", f"write [{table}.NAME]"))
            continue
        for name, entry in entries.items():
            found = check_parameter(name, entry, left_open=table == "open")
            problems += found
            if not found:
                parsed[name] = _parameter(name, entry)
    twice = sorted(set(tables["parameter"]) & set(tables["open"]))
    problems += [Problem(f"open.{name}", "is also a parameter", "keep one of both") for name in twice]
    if problems:
        raise ProfileError(source_name, problems)
    return Profile(
        **{name: str(document.get(name, "")) for name in _HEADER},
        nominal_voltage=as_float(document["nominal_voltage"]),
        nominal_frequency=as_float(document["nominal_frequency"]),
        parameters=tables["parameter"],
        left_open=tables["open"],
    )


@dataclass(frozen=True, slots=True)
class Difference:
    """A parameter in which two profiles differ.

    Attributes:
        name: Of the parameter.
        first: What the first asks; None if nothing.
        second: What the second asks; None if nothing.
    """

    name: str
    first: Parameter | None
    second: Parameter | None

    def __str__(self) -> str:
        return f"{self.name}: {self.first or 'not set'} / {self.second or 'not set'}"


def compare(first: Profile, second: Profile) -> tuple[Difference, ...]:
    """The parameters in which two profiles ask something different, in the order of `parameters.KNOWN`."""
    pairs = ((name, first.get(name), second.get(name)) for name in KNOWN)
    return tuple(
        Difference(name, one, other)
        for name, one, other in pairs
        if not (one is other is None) and (one is None or other is None or not one.same_demand(other))
    )


def _parameter(name: str, entry: Mapping[str, Any]) -> Parameter:
    """A checked entry as a parameter."""
    kind: Kind = KNOWN[name]
    admissible: Sequence[Any] | None = entry.get("admissible")
    return Parameter(
        name=name,
        value=as_float(entry["value"]) if "value" in entry else None,
        text=entry.get("text"),
        rows=tuple(tuple(as_float(number) for number in row) for row in entry.get("rows", ())),
        unit=kind.unit,
        admissible=None if admissible is None else (as_float(admissible[0]), as_float(admissible[1])),
        tag=entry.get("tag", "u"),
        mode=entry.get("mode", "both"),
        **{
            key: str(entry.get(key, ""))
            for key in ("clause", "source", "document", "note", "status", "reviewed_by", "reviewed_on")
        },
    )


def _supplied(entry: Any, known: Parameter | None) -> Any:
    """A laboratory's entry with what it may leave out: tag, mode and the range that the code admits."""
    if not isinstance(entry, Mapping):
        return entry
    inherited: dict[str, Any] = {"tag": "S", "status": LAB_SUPPLIED}
    if known is not None:
        inherited["mode"] = known.mode
        if known.admissible is not None:
            inherited["admissible"] = list(known.admissible)
    return {**inherited, **entry}


def _replacement(new: Parameter, old: Parameter | None) -> Parameter:
    if old is None:
        return new
    return replace(new, note="; ".join(part for part in (new.note, f"replaces: {old}") if part))


def _plain(parameter: Parameter) -> dict[str, Any]:
    """Without what is empty; infinity as text, which JSON has no number for."""
    plain: dict[str, Any] = {}
    for key in PARAMETER_KEYS:
        entry = getattr(parameter, key)
        if entry is None or entry in {"", ()}:
            continue
        if key == "rows":
            entry = [[_finite(number) for number in row] for row in entry]
        elif key == "admissible":
            entry = [_finite(number) for number in entry]
        plain[key] = entry
    return plain


def _finite(number: float) -> float | str:
    return number if math.isfinite(number) else "inf"
