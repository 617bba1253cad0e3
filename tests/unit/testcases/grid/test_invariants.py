"""Rules for every recording say nothing where they were not exercised, and raise nothing on recordings of others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.unit.testcases.grid.command_bench import CATALOGUE, case, ran
from v2gready.authoring.grid.always import looked_at, trips_due, undisturbed
from v2gready.engine.judging import judge_invariants
from v2gready.grid.recording import Channel, Recording
from v2gready.model.trace import Recorded, Trace
from v2gready.model.verdict import Verdict

RULES = [one for one in CATALOGUE.invariants if one.neighbour == "grid" and one.role == "charger"]


def with_content(trace: Trace, content: Recording) -> Trace:
    records = [replace(one, content=content) if isinstance(one, Recorded) else one for one in trace.records]
    return replace(trace, records=records)


def without_parameters(trace: Trace) -> Trace:
    code = {**trace.declared["grid_code"], "parameter": {}, "open": {}}
    return replace(trace, declared={**trace.declared, "grid_code": code})


def flat(recording: Recording) -> Recording:
    """Nobody is there: no current, no power."""
    silent: dict[str, Channel] = {
        name: replace(one, values=np.zeros_like(one.values)) if name in {"i1", "i2", "i3", "p", "q"} else one
        for name, one in recording.channels.items()
    }
    return replace(recording, channels=silent)


@pytest.fixture(scope="module", params=["ISL-01", "RECON-01", "LOM-01", "CEASE-01"])
def trace(request: pytest.FixtureRequest) -> Trace:
    return ran(case(request.param))[1]


def test_there_are_rules() -> None:
    assert len(RULES) == 5


def test_a_foreign_recording_raises_nothing(trace: Trace) -> None:
    content = trace.recorded("grid").content
    kept = {name: one for name, one in content.channels.items() if name not in {"s1", "cease", "u_pos"}}
    for results in (
        judge_invariants(RULES, with_content(trace, replace(content, channels=kept)), CATALOGUE.registry),
        judge_invariants(RULES, without_parameters(trace), CATALOGUE.registry),
        judge_invariants(RULES, with_content(trace, flat(content)), CATALOGUE.registry),
        judge_invariants(RULES, replace(trace, records=[]), CATALOGUE.registry),
    ):
        assert all(one.verdict in {Verdict.PASS, Verdict.INCONC} for one in results)


def test_a_recording_without_current_passes_no_rule_about_the_limit_of_current(trace: Trace) -> None:
    silent = with_content(trace, flat(trace.recorded("grid").content))
    found = {one.id for one in judge_invariants(RULES, silent, CATALOGUE.registry)}
    assert "INV-CHG-GRID-CURRENT" not in found


def test_nothing_is_due_without_a_disturbance() -> None:
    _, calm = ran(case("SETP-01"))
    assert trips_due(looked_at(calm)) == []


def test_a_stage_is_due_after_its_time() -> None:
    _, trace = ran(case("RECON-01"))
    (due,) = trips_due(looked_at(trace))
    assert due.stage.parameter.name == "trip_f_under"
    assert due.at - due.beyond.start == pytest.approx(due.stage.latest, abs=0.1)


def test_the_cycle_after_a_step_does_not_count() -> None:
    _, trace = ran(case("UVRT-01"))
    view: Any = looked_at(trace)
    left = undisturbed(view)
    assert 0 < len(left) < len(view.q.i_max)


def test_two_traces_have_two_views() -> None:
    _, one = ran(case("SETP-01"))
    _, other = ran(case("SETP-02"))
    assert looked_at(one) is looked_at(one)
    assert looked_at(one).recording is one.recorded("grid").content
    assert looked_at(other).recording is other.recorded("grid").content
