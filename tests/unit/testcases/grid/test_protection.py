"""Stages of the protection: what one class stands for, and what a stage without current can tell."""

from __future__ import annotations

from functools import cache

import pytest

from tests.unit.testcases.grid.command_bench import case
from tests.unit.testcases.grid.frequency_bench import device
from v2gready.authoring.grid import Protection
from v2gready.engine.catalogue import load_registry
from v2gready.engine.execution import VIRTUAL_TIMING_UNCERTAINTY, Surroundings, execute
from v2gready.engine.grid_benches import EmbeddedGridBench
from v2gready.model.verdict import Verdict


class Stage(Protection):
    topic, stage, symbol = "UTEST", "trip_u_under", "U<"
    called, matters = "undervoltage stage", "It matters."
    quick_fault = False


def test_a_stage_stands_for_two_cases_of_each_role() -> None:
    cases = Stage.variants()
    assert [one.id for one in cases] == [
        f"{role}-GRID-UTEST-{number}" for number in ("01", "02") for role in ("CHG", "EV")
    ]
    trips, _, holds, _ = (one.info() for one in cases)
    assert (
        trips.purpose
        == "Just beyond its value the undervoltage stage (U<) disconnects the device in its time.\n\nIt matters."
    )
    assert list(trips.faults) == ["u-under-dead", "u-under-far", "u-under-slow"]
    assert trips.parameters == ("trip_u_under", "trip_time_tolerance", "trip_u_tolerance")
    assert list(holds.faults) == ["u-under-near"]


@cache
def verdicts(topic: str, fault: str) -> dict[str, Verdict]:
    ready = device()
    assert ready.grid is not None
    surroundings = Surroundings(load_registry(), (), ready.dut.declared, 1, VIRTUAL_TIMING_UNCERTAINTY)
    faults = (fault,) if fault else ()
    record, _ = execute(case(topic)(), EmbeddedGridBench(ready.dut, ready.grid, faults), surroundings)
    return {one.requirement: one.verdict for one in record.observations}


@pytest.mark.parametrize("fault", ["u-under-2-dead", "u-under-2-far", "u-under-2-slow"])
def test_without_current_the_value_is_not_blamed_for_what_may_be_the_time(fault: str) -> None:
    assert verdicts("UUND2-01", fault) == {"GRID-TRIP-TIME": Verdict.FAIL, "GRID-TRIP-VALUE": Verdict.INCONC}


def test_without_current_both_are_proven_by_a_trip_in_time() -> None:
    assert verdicts("UUND2-01", "") == {"GRID-TRIP-TIME": Verdict.PASS, "GRID-TRIP-VALUE": Verdict.PASS}
