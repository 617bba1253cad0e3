"""A label scheme: which results it takes, and the decision that follows from a run.

The decision is a statement of conformity with named requirements under a named scheme. A certification body
certifies; the harness never does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from v2gready.model.run import CaseRecord, RunRecord
from v2gready.model.verdict import Lifecycle, Standing, Verdict, standing


class SchemeError(ValueError):
    """A scheme file cannot be used: names the key."""


class Label(StrEnum):
    """State of the label."""

    GRANTED = "granted"
    NOT_GRANTED = "not granted"
    INCOMPLETE = "incomplete"


@dataclass(frozen=True, slots=True)
class Scheme:
    """What a label asks for.

    Attributes:
        id: Short name, e.g. ``charger-iso15118-20``.
        title: For the cover of the report.
        version: Edition of the scheme.
        role: Role it applies to.
        required: Patterns of case ids (``CHG-*``) that must be met where applicable.
        exempt: Patterns of ids of cases and invariants taken out again, e.g. those of another interface.
        invariants: Patterns of invariant ids that must hold on every trace.
        pics: Capabilities the device must declare.
        least_firm: Share of the required results that must rest on confirmed or secondary numbers.
    """

    id: str
    title: str
    version: str
    role: str
    required: tuple[str, ...]
    exempt: tuple[str, ...]
    invariants: tuple[str, ...]
    pics: tuple[str, ...]
    least_firm: float = 0.0

    def requires(self, case_id: str, weight: str) -> bool:
        """Whether the label depends on that case."""
        return weight == "required" and _matches(case_id, self.required) and not _matches(case_id, self.exempt)


@dataclass(frozen=True, slots=True)
class Decision:
    """State of the label after a run.

    Attributes:
        label: granted, not granted or incomplete.
        blocking: Ids and reasons that stand in the way.
        open: Ids and reasons still to be settled.
        indicative: Ids that neither block nor grant: they rest on something unconfirmed.
        met: How many required results are met.
    """

    label: Label
    blocking: tuple[str, ...]
    open: tuple[str, ...]
    indicative: tuple[str, ...]
    met: int


def decide_label(scheme: Scheme, run: RunRecord) -> Decision:
    """Granted only if every required case is met and every invariant held; a fail is never outweighed."""
    blocking: list[str] = []
    open_: list[str] = []
    indicative: list[str] = []
    met = 0
    if run.device.get("role") != scheme.role:
        blocking.append(f"the scheme is for the role {scheme.role}, the device is a {run.device.get('role')}")
    blocking += [f"PICS {key}: the scheme asks for it, the device declares No" for key in _undeclared(scheme, run)]
    required = [case for case in run.cases if scheme.requires(case.info.id, case.info.weight)]
    for case in required:
        line = f"{case.info.id}: {case.reason or _state(case)}"
        match standing(case.lifecycle, case.verdict, indicative=case.indicative, waived=False):
            case Standing.MET:
                met += 1
            case Standing.BLOCKING:
                blocking.append(line)
            case Standing.OPEN:
                open_.append(line)
            case Standing.INDICATIVE:
                indicative.append(line)
            case Standing.WAIVED | Standing.NOT_APPLICABLE:
                pass
    blocking += _broken_invariants(scheme, run.cases)
    settled = met + len(indicative)
    if settled and met < scheme.least_firm * settled:
        open_.append(
            f"{len(indicative)} of {settled} required results rest on unconfirmed numbers; "
            f"the scheme asks that {scheme.least_firm:.0%} do not"
        )
    if not required:
        open_.append("the run holds no case that the scheme requires")
    label = Label.NOT_GRANTED if blocking else Label.INCOMPLETE if open_ or not met else Label.GRANTED
    return Decision(label, tuple(blocking), tuple(open_), tuple(indicative), met)


def _state(case: CaseRecord) -> str:
    return case.verdict.label if case.lifecycle is Lifecycle.FINISHED else case.lifecycle.value


def _undeclared(scheme: Scheme, run: RunRecord) -> list[str]:
    return [key for key in scheme.pics if run.declared.get(key) is not True]


def _broken_invariants(scheme: Scheme, cases: Iterable[CaseRecord]) -> list[str]:
    broken: dict[str, str] = {}
    for case in cases:
        if case.lifecycle is not Lifecycle.FINISHED:
            continue
        for one in case.invariants:
            firm = any(seen.verdict is Verdict.FAIL and not seen.indicative for seen in one.observations)
            asked = _matches(one.id, scheme.invariants) and not _matches(one.id, scheme.exempt)
            if one.verdict is Verdict.FAIL and firm and asked:
                broken.setdefault(one.id, f"{one.id}: {one.reason} (in {case.info.id})")
    return list(broken.values())


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def parse_scheme(document: Mapping[str, Any], source_name: str) -> Scheme:
    """Reads one parsed ``fixtures/schemes/*.toml``.

    Raises:
        SchemeError: A key is missing.
    """
    try:
        return Scheme(
            id=document["id"],
            title=document["title"],
            version=document["version"],
            role=document["role"],
            required=tuple(document["required"]),
            exempt=tuple(document.get("exempt", ())),
            invariants=tuple(document.get("invariants", ())),
            pics=tuple(document.get("pics", ())),
            least_firm=float(document.get("least_firm", 0.0)),
        )
    except KeyError as missing:
        raise SchemeError(f"{source_name}: {missing} is missing") from None
