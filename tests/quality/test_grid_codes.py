"""The numbers that decide are those of the grid code (must-not list (a): margin x - x, always pass).

The recording stays, the code that the judge sees changes: a number that moves no verdict decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from fnmatch import fnmatchcase
from typing import Any

import pytest

from tests.quality.grid_evidence import (
    GRID_CASES,
    Case,
    Evidence,
    evidence_of,
    judged,
    shared_measurements,
    told,
    with_code,
)
from v2gready.engine.judging import Judgement
from v2gready.grid.parameters import KNOWN
from v2gready.grid.profile import ProfileError, parse_profile
from v2gready.model.verdict import Verdict

EVERY = [pytest.param(case, id=case.id) for case in GRID_CASES]
FACTORS = (0.5, 2.0, 0.9, 1.1, 0.1, 30.0)
SHIFTS = (-0.3, 0.3, -1.0, 1.0, -0.05, 0.05)
"""Hz."""
Code = dict[str, Any]

SILENT: Mapping[tuple[str, str], str] = {
    ("LFSMO-01", "lfsmo_droop"): "there is no response below the threshold, whatever the droop",
    ("LFSMU-01", "lfsmu_droop"): "there is no response above the threshold, whatever the droop",
    ("ROCOF-09", "frequency_range"): "bounds where the ramp may begin; the code asks for a ramp well inside",
    ("LFSMU-09", "lfsmu_threshold"): "says only that there is a response; where supply is due decides",
    (
        "LFSMU-10",
        "lfsmu_charge_curve",
    ): "the dip is over before the curve is due: no number says how much has to happen",
    ("LFSMUC-0[24]", "lfsmuc_threshold"): "where charging has ended decides; where its cut begins has LFSMUC-01",
    ("LIMIT-04", "lfsmu_droop"): "the limit is judged; what support adds to it is told",
    ("RECON-0[1-9]", "trip_f_*"): "says how the device is made to trip; the judge sees that it did",
    ("RECON-0[89]", "reconnect_wait"): "says how long to watch; the gradient is judged",
    ("SET-02", "*"): "say how the device is made to trip; one reading is held against the other",
    ("SET-05", "trip_f_under"): "says how the device is made to trip; the judge sees that it did",
    ("SET-05", "reconnect_wait"): "the wait that the registers show is judged",
    ("*-02", "trip_time_tolerance"): "says how long the stays are; longer ones ask more of the device",
}
"""Topic and parameter that no verdict, limit or value depends on, and why."""
WITHOUT_A_CODE: Mapping[str, str] = {
    "SETP-*": "a setpoint is followed by every device, codes name no number",
    "LIMIT-0[123]": "the method that names the numbers is no grid code",
    "SET-0[16]": "compare all numbers that are set",
}
"""Topics of cases that name no parameter, and why."""


@pytest.fixture(scope="module", autouse=True)
def _quick() -> Iterator[None]:
    with shared_measurements():
        yield


@pytest.mark.parametrize("case", EVERY)
def test_every_number_that_a_case_names_decides(case: Case) -> None:
    """Of each parameter at least one changed number turns the verdict away, or moves a limit or what is measured.

    The reference device is better than some limits by so much that no number that a code may hold would fail it.
    """
    evidence = evidence_of(case)
    assert evidence.verdict is Verdict.PASS, evidence.reason
    code = evidence.trace.declared["grid_code"]
    silent = [
        name
        for name in case.parameters
        if not _known(case, name)
        and not any(
            _decided(judged(case, with_code(evidence.trace, other))) != _decided(evidence)
            for other in perturbed(code, name)
        )
    ]
    assert not silent, f"{case.id} passes just as well whatever {', '.join(silent)} is"


@pytest.mark.parametrize("case", EVERY)
def test_a_case_needs_no_number_that_it_does_not_name(case: Case) -> None:
    """With a code that sets no more than the case names it is applicable: neither stimulus nor judge may want more."""
    evidence = evidence_of(case)
    code = evidence.trace.declared["grid_code"]
    least = {**code, "parameter": {name: code["parameter"][name] for name in case.parameters}}
    judgement = judged(case, with_code(evidence.trace, least))
    assert judgement.verdict is not Verdict.ERROR, told(case, f"a code with {', '.join(case.parameters)}", judgement)


@pytest.mark.parametrize("case", EVERY)
def test_a_case_names_the_numbers_that_it_is_about(case: Case) -> None:
    topic = _topic(case)
    without = any(fnmatchcase(topic, pattern) for pattern in WITHOUT_A_CODE)
    assert bool(case.parameters) is not without, f"{case.id} names {case.parameters or 'no parameter'}"


def perturbed(code: Mapping[str, Any], name: str) -> Iterator[Code]:
    """The code with one number of a parameter changed, or a whole column; only what still is a grid code."""
    for change in _changes(code["parameter"][name], name):
        other = deepcopy(dict(code))
        entry = other["parameter"][name]
        entry.pop("admissible", None)
        entry.update(change)
        try:
            parse_profile(other, "changed")
        except ProfileError:
            continue
        yield other


def _changes(entry: Mapping[str, Any], name: str) -> Iterator[dict[str, Any]]:
    units = KNOWN[name].units
    if "text" in entry:
        yield from ({"text": other} for other in KNOWN[name].choices if other != entry["text"])
    if "value" in entry:
        yield from ({"value": other} for other in _others(entry["value"], units[0]))
    rows = entry.get("rows", ())
    for column, unit in enumerate(units if rows else ()):
        for which in range(len(FACTORS)):
            whole = [_moved(row, column, unit, which) for row in rows]
            yield {"rows": [row if row[column] == 0 else other for row, other in zip(rows, whole, strict=True)]}
            for number, other in enumerate(whole):
                yield {"rows": [*rows[:number], other, *rows[number + 1 :]]}


def _moved(row: list[Any], column: int, unit: str, which: int) -> list[Any]:
    others = list(_others(row[column], unit))
    return [*row[:column], others[which % len(others)], *row[column + 1 :]]


def _others(value: float | str, unit: str) -> Iterator[float]:
    if value == "inf":
        yield from (10.0, 1.0)
    elif unit == "Hz" and float(value) > 1.0:
        yield from (float(value) + shift for shift in SHIFTS)
    elif unit == "share" and float(value) > 0.5:
        yield from (1.0, *(float(value) * factor for factor in FACTORS))
    elif value == 0:
        yield from (0.1, -0.1, 1.0)
    else:
        yield from (float(value) * factor for factor in FACTORS)


def _decided(by: Judgement | Evidence) -> tuple[Any, ...]:
    return by.verdict, *((one.verdict, one.measurement, one.limit) for one in by.observations)


def _known(case: Case, parameter: str) -> bool:
    topic = _topic(case)
    return any(fnmatchcase(topic, pattern) and fnmatchcase(parameter, name) for pattern, name in SILENT)


def _topic(case: Case) -> str:
    return case.id.split("-GRID-", 1)[1]
