"""A course of voltage or power that was not what the case wants proves nothing: neither pass nor fail."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.testcases.grid.frequency_bench import Bend, Case, each_segment, first_part, run
from v2gready.engine.catalogue import load_catalogue
from v2gready.grid.script import BALANCED, UPRIGHT, Phases, Segment
from v2gready.model.verdict import Verdict

EXCURSIONS = ("UVRT", "OVRT")
LEVELS = ("URANGE", "VWATT", "QU")
STEADY = ("COSPHI", "QSET", "QCAP", "THD", "DC", "BAL")
CASES = [
    case
    for case in load_catalogue().cases
    if case.neighbour == "grid" and case.role == "charger" and case.id.split("-")[2] in (*EXCURSIONS, *LEVELS, *STEADY)
]


def of(*topics: str) -> list[object]:
    return [pytest.param(case, id=case.topic) for case in CASES if case.topic.split("-")[0] in topics]


def scaled(factor: float) -> Bend:
    """Every deviation of the voltage, and every shift of a phase, times a factor."""

    def phases(values: Phases) -> Phases:
        one, two, three = (max(0.0, 1.0 + factor * (u - 1.0)) for u in values)
        return one, two, three

    def change(one: Segment) -> Segment:
        first, second, third = (factor * angle for angle in one.angles)
        return replace(one, u=phases(one.u), u_end=phases(one.u_end), angles=(first, second, third))

    return each_segment(change)


def stretched(factor: float) -> Bend:
    """The voltage is away for so many times as long."""
    return each_segment(
        lambda one: one if one.u == one.u_end == BALANCED else replace(one, duration=factor * one.duration)
    )


def one_phase_too_many(one: Segment) -> Segment:
    """Phase 1 stays where it is in a balanced excursion, phase 3 goes along in one of one phase, nothing turns."""
    if one.u == one.u_end == BALANCED:
        return one
    if one.u[0] == one.u[1]:
        return replace(one, u=(1.0, *one.u[1:]), u_end=(1.0, *one.u_end[1:]))
    if one.u[1] == 1.0:
        return replace(one, u=(one.u[0], 1.0, one.u[0]), u_end=(one.u[0], 1.0, one.u[0]))
    return replace(one, angles=UPRIGHT)


WRONG: dict[str, Bend] = {
    "nothing happens": scaled(0.0),
    "half as far": scaled(0.5),
    "further": scaled(1.4),
    "the other way": scaled(-1.0),
    "half as long": stretched(0.5),
    "twice as long": stretched(2.0),
    "other phases": each_segment(one_phase_too_many),
    "ended early": first_part(0.4),
}


def test_the_cases_are_there() -> None:
    assert len(CASES) >= 50


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("case", of(*EXCURSIONS))
def test_a_wrong_excursion_is_inconclusive(case: Case, wrong: str) -> None:
    record = run(case, bend=WRONG[wrong])
    assert record.verdict is Verdict.INCONC, record.reason


@pytest.mark.parametrize("wrong", ["nothing happens", "half as far", "the other way", "ended early"])
@pytest.mark.parametrize("case", of(*LEVELS))
def test_wrong_levels_of_voltage_are_inconclusive(case: Case, wrong: str) -> None:
    record = run(case, bend=WRONG[wrong])
    assert record.verdict is Verdict.INCONC, record.reason


@pytest.mark.parametrize("case", of(*STEADY))
def test_too_short_a_recording_is_inconclusive(case: Case) -> None:

    record = run(case, bend=first_part(0.1))
    assert record.verdict is Verdict.INCONC, record.reason


@pytest.mark.parametrize("power", [0.0, 0.5, -1.0], ids=["no power", "half of the power", "the other direction"])
@pytest.mark.parametrize("case", of(*EXCURSIONS, *LEVELS, *STEADY))
def test_a_device_at_another_power_is_inconclusive(case: Case, power: float) -> None:
    record = run(case, power=power)
    assert record.verdict is Verdict.INCONC, record.reason
