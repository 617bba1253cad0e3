"""The run record: everything a report is made from. Its JSON form is a published, versioned interface.

See docs/automation.md for the schema. A change that removes or renames a field raises `SCHEMA`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from v2gready.model.case import CaseInfo
from v2gready.model.measurement import DecisionRule, Limit, Measurement, Provenance
from v2gready.model.observation import Curve, Observation, Severity
from v2gready.model.verdict import Lifecycle, Verdict

SCHEMA = 1


class RunRecordError(ValueError):
    """A run record cannot be read: names the field."""


@dataclass(frozen=True, slots=True)
class InvariantResult:
    """One invariant on one trace.

    Attributes:
        id: Id of the invariant.
        verdict: Its verdict on this trace.
        reason: Why.
        observations: What it saw; at most a handful, the first ones.
    """

    id: str
    verdict: Verdict
    reason: str
    observations: tuple[Observation, ...]


@dataclass(frozen=True, slots=True)
class CaseRecord:
    """One case of a run.

    Attributes:
        info: Metadata of the case as it was when it ran.
        lifecycle: How far it came.
        verdict: What it concluded.
        reason: Why.
        indicative: It rests on something unconfirmed.
        remarks: Deviations below MUST.
        observations: The checks.
        invariants: Invariants exercised by this trace.
        trace: File of the trace, relative to the run directory; empty if there is none.
        capture: File of the pcapng, relative to the run directory; empty if there is none.
        started: UTC, ISO 8601; empty if it did not start.
        duration: Seconds on the clock of the run.
    """

    info: CaseInfo
    lifecycle: Lifecycle
    verdict: Verdict = Verdict.NONE
    reason: str = ""
    indicative: bool = False
    remarks: tuple[str, ...] = ()
    observations: tuple[Observation, ...] = ()
    invariants: tuple[InvariantResult, ...] = ()
    trace: str = ""
    capture: str = ""
    started: str = ""
    duration: float = 0.0


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run of the suite against one device.

    Attributes:
        id: Unique id of the run.
        suite: Suite name, version and hash of catalogue and data.
        seed: Seed of all randomness.
        started: UTC, ISO 8601.
        finished: UTC, or empty while it runs.
        device: Identity of the device under test.
        declared: PICS and PIXIT.
        interfaces: Settings as used.
        environment: Machine, Python, library versions.
        selection: The ``--select`` expression, empty for all.
        scheme: Id of the label scheme.
        timing_uncertainty: Expanded uncertainty (k = 2) of time differences, in seconds.
        cases: In catalogue order.
    """

    id: str
    suite: Mapping[str, str]
    seed: int
    started: str
    finished: str
    device: Mapping[str, str]
    declared: Mapping[str, Any]
    interfaces: Mapping[str, Any]
    environment: Mapping[str, str]
    selection: str
    scheme: str
    timing_uncertainty: float = 0.0
    cases: tuple[CaseRecord, ...] = field(default=())


def to_json(record: RunRecord) -> dict[str, Any]:
    """The JSON document of a run: ``run.json``."""
    head = {one.name: getattr(record, one.name) for one in dataclasses.fields(record) if one.name != "cases"}
    return {"schema": SCHEMA, **head, "cases": [case_to_json(case) for case in record.cases]}


def case_to_json(case: CaseRecord) -> dict[str, Any]:
    """One entry of ``cases``: the catalogue entry, then the result."""
    return {
        **info_to_json(case.info),
        "lifecycle": case.lifecycle.value,
        "verdict": case.verdict.label,
        "reason": case.reason,
        "indicative": case.indicative,
        "remarks": list(case.remarks),
        "observations": [observation_to_json(one) for one in case.observations],
        "invariants": [
            {
                "id": one.id,
                "verdict": one.verdict.label,
                "reason": one.reason,
                "observations": [observation_to_json(seen) for seen in one.observations],
            }
            for one in case.invariants
        ],
        "evidence": {"trace": case.trace, "capture": case.capture},
        "started": case.started,
        "duration": case.duration,
    }


def info_to_json(info: CaseInfo) -> dict[str, Any]:
    """One entry of ``v2gready catalogue --format json``."""
    document = dataclasses.asdict(info)
    return {key: list(value) if isinstance(value, tuple) else value for key, value in document.items()}


def observation_to_json(one: Observation) -> dict[str, Any]:
    """One check; what belongs to recordings alone is there only with them."""
    document: dict[str, Any] = {
        "requirement": one.requirement,
        "severity": one.severity.value,
        "expected": one.expected,
        "seen": one.seen,
        "verdict": one.verdict.label,
        "reason": one.reason,
        "at": list(one.at),
        "measurement": None if one.measurement is None else dataclasses.asdict(one.measurement),
        "limit": None if one.limit is None else dataclasses.asdict(one.limit),
        "rule": None if one.rule is None else one.rule.value,
        "provenance": one.provenance.value,
    }
    if one.instants:
        document["instants"] = list(one.instants)
    if one.curve is not None:
        document["curve"] = dataclasses.asdict(one.curve)
    return document


def from_json(document: Mapping[str, Any]) -> RunRecord:
    """Reads a run record back.

    Raises:
        RunRecordError: Another schema version, or a field is missing or malformed.
    """
    if document.get("schema") != SCHEMA:
        raise RunRecordError(f"schema is {document.get('schema')!r}, this suite reads {SCHEMA}")
    try:
        head = {one.name: document[one.name] for one in dataclasses.fields(RunRecord) if one.name != "cases"}
        return RunRecord(**head, cases=tuple(case_from_json(entry) for entry in document["cases"]))
    except (KeyError, TypeError, ValueError) as problem:
        raise RunRecordError(f"malformed run record: {problem}") from None


def case_from_json(entry: Mapping[str, Any]) -> CaseRecord:
    """Reads one entry of ``cases``."""
    fields: dict[str, Any] = {
        one.name: tuple(value) if isinstance(value := entry[one.name], list) else value
        for one in dataclasses.fields(CaseInfo)
        if one.name in entry or one.default is dataclasses.MISSING
    }
    info = CaseInfo(**fields)
    return CaseRecord(
        info=info,
        lifecycle=Lifecycle(entry["lifecycle"]),
        verdict=Verdict.of(entry["verdict"]),
        reason=entry["reason"],
        indicative=entry["indicative"],
        remarks=tuple(entry["remarks"]),
        observations=tuple(_observation(one) for one in entry["observations"]),
        invariants=tuple(
            InvariantResult(
                one["id"],
                Verdict.of(one["verdict"]),
                one["reason"],
                tuple(_observation(seen) for seen in one["observations"]),
            )
            for one in entry["invariants"]
        ),
        trace=entry["evidence"]["trace"],
        capture=entry["evidence"]["capture"],
        started=entry["started"],
        duration=entry["duration"],
    )


def _observation(entry: Mapping[str, Any]) -> Observation:
    limit = entry["limit"]
    return Observation(
        requirement=entry["requirement"],
        severity=Severity(entry["severity"]),
        expected=entry["expected"],
        seen=entry["seen"],
        verdict=Verdict.of(entry["verdict"]),
        reason=entry["reason"],
        at=tuple(entry["at"]),
        measurement=None if entry["measurement"] is None else Measurement(**entry["measurement"]),
        limit=None if limit is None else Limit(**{**limit, "provenance": Provenance(limit["provenance"])}),
        rule=None if entry["rule"] is None else DecisionRule(entry["rule"]),
        provenance=Provenance(entry["provenance"]),
        instants=tuple(entry.get("instants", ())),
        curve=_curve(entry["curve"]) if "curve" in entry else None,
    )


def _curve(entry: Mapping[str, Any]) -> Curve:
    return Curve(
        x=(entry["x"][0], entry["x"][1]),
        y=(entry["y"][0], entry["y"][1]),
        expected=_points(entry["expected"]),
        tolerance=entry["tolerance"],
        points=_points(entry["points"]),
    )


def _points(rows: Any) -> tuple[tuple[float, float], ...]:
    return tuple((float(x), float(y)) for x, y in rows)
