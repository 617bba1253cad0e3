"""A stimulus that was not what the case wants proves nothing: inconclusive, neither pass nor fail."""

from __future__ import annotations

import pytest

from tests.unit.testcases.grid.frequency_bench import Bend, Case, deviations, first_part, run, slowly
from v2gready.engine.catalogue import load_catalogue
from v2gready.model.verdict import Verdict

TOPICS = ("FREQ", "ROCOF", "LFSMO", "LFSMU", "LFSMUC", "PREF")
CASES = [
    case
    for case in load_catalogue().cases
    if case.neighbour == "grid" and case.role == "charger" and case.id.split("-")[2] in TOPICS
]
PARAMETERS = [pytest.param(case, id=case.topic) for case in CASES]

WRONG: dict[str, Bend] = {
    "nothing happens": deviations(0.0),
    "half as far": deviations(0.5),
    "the other way": deviations(-1.0),
    "ended early": first_part(0.4),
}


def test_the_cases_are_there() -> None:
    assert len(CASES) >= 50


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("case", PARAMETERS)
def test_a_wrong_course_of_frequency_is_inconclusive(case: Case, wrong: str) -> None:
    record = run(case, bend=WRONG[wrong])
    assert record.verdict is Verdict.INCONC, record.reason


@pytest.mark.parametrize("power", [0.0, 0.5], ids=["no power", "half of the power"])
@pytest.mark.parametrize("case", PARAMETERS)
def test_a_device_at_another_power_is_inconclusive(case: Case, power: float) -> None:
    record = run(case, power=power)
    assert record.verdict is Verdict.INCONC, record.reason


MOVING = [
    pytest.param(case, id=case.topic)
    for case in CASES
    if case.topic.startswith("ROCOF-0")
    or case.topic in {"LFSMO-04", "LFSMO-05", "LFSMO-06", "LFSMU-03", "LFSMU-07", "LFSMUC-03"}
]


@pytest.mark.parametrize("case", MOVING)
def test_a_ramp_too_flat_or_a_step_that_takes_its_time_is_inconclusive(case: Case) -> None:
    record = run(case, bend=slowly)
    assert record.verdict is Verdict.INCONC, record.reason


@pytest.mark.parametrize("case", PARAMETERS)
def test_the_stimulus_as_it_is_passes(case: Case) -> None:
    record = run(case)
    assert record.verdict is Verdict.PASS, record.reason
