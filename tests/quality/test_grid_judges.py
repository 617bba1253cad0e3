"""No judge of a grid case passes what proves nothing: the must-not list of the reference (section 5), by mutation.

Where the rest of the list is shown: (e) profiles differ, (f) each number has a clause or is said to be unknown:
tests/unit/grid/test_profile_data.py; (g) ids are unique: ``load_catalogue`` refuses others, and below; (a) numbers of
the code move the verdict: test_grid_codes.py; bad files: tests/unit/engine/test_recordings.py.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, TypeVar
from zlib import crc32

import pytest

from tests.quality.conftest import CATALOGUE, ready_for
from tests.quality.grid_evidence import (
    GRID_CASES,
    UNPROVEN,
    Alteration,
    Case,
    Evidence,
    altered,
    evidence_of,
    judged,
    shared_measurements,
    told,
    with_recording,
)
from tests.quality.grid_mutations import (
    BAD_INSTRUMENTS,
    CALM,
    GONE,
    HALF_AS_FAR,
    INDIFFERENT,
    LATE,
    ONE_MINUTE,
    REST,
    WRONG_STIMULI,
    Mutation,
    current_shifted,
)
from tests.quality.grid_pins import ALONE, CALM_GRID, DEVICES, INSTRUMENTS, PAIRS, STIMULI, THOROUGH, pinned, unneeded
from v2gready.engine.judging import Judgement
from v2gready.grid.recording import Kind
from v2gready.model.trace import Trace
from v2gready.model.verdict import Verdict

EVERY = [pytest.param(case, id=case.id) for case in GRID_CASES]
JUDGES_OF_A_RECORDING = 8
"""Other judges that look at each recording, drawn with a seed."""
Item = TypeVar("Item")


@pytest.fixture(scope="module", autouse=True)
def _quick() -> Iterator[None]:
    with shared_measurements():
        yield
    evidence_of.cache_clear()


@cache
def first_of_its_shape() -> frozenset[str]:
    """One case for each judge: others share its body and differ in numbers."""
    found: dict[Any, str] = {}
    for case in GRID_CASES:
        found.setdefault(case.judge, case.id)
    return frozenset(found.values())


def share_of(case: Case, items: Sequence[Item], *, every: int = 10) -> Sequence[Item]:
    """All of them, or those that this case takes: waveforms are dear, and most shapes stand for several cases."""
    if THOROUGH or evidence_of(case).kind is not Kind.WAVEFORM:
        return items
    if case.id in first_of_its_shape():
        every //= 2
    return items[crc32(case.id.encode()) % every :: every]


def good(case: Case) -> Evidence:
    """The case as it should be."""
    evidence = evidence_of(case)
    assert evidence.verdict is Verdict.PASS, f"{case.id} does not even pass as it should: {evidence.reason}"
    return evidence


def applies(alteration: Alteration, evidence: Evidence) -> bool:
    """The alteration changes the stimulus of a case."""
    return any(
        (kind == "play" and alteration.changes(rest[-1]))
        or (kind == "act" and alteration.act(rest[0], dict(rest[1:])) != dict(rest[1:]))
        or (kind == "island" and alteration.island(dict(rest)) != dict(rest))
        or (kind == "open" and not alteration.opens)
        for kind, *rest in evidence.stimulus
    )


# --- 1: nothing proves nothing ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", EVERY)
def test_without_a_recording_nothing_passes_whatever_is_declared(case: Case) -> None:
    """(h): ``declared`` never makes a pass."""
    declared = {name: True if value is False else value for name, value in good(case).trace.declared.items()}
    judgement = judged(case, Trace((), "grid", "charger", declared))
    assert judgement.verdict is Verdict.INCONC, told(case, "no recording at all", judgement)


@pytest.mark.parametrize("alteration", [CALM, REST], ids=lambda one: one.name)
@pytest.mark.parametrize("case", EVERY)
def test_a_calm_grid_proves_nothing(case: Case, alteration: Alteration) -> None:
    """Neither for the device nor against it."""
    if not applies(alteration, good(case)):
        pytest.skip("the calm grid is the stimulus of this case")
    if alteration not in share_of(case, (CALM, REST), every=2):
        pytest.skip("taken by another case of the same shape")
    evidence = altered(case, alteration)
    assert evidence.verdict in UNPROVEN, told(case, alteration.name, judged(case, evidence.trace))
    if evidence.verdict is Verdict.FAIL:
        assert pinned(CALM_GRID, alteration.name, case.id), told(case, alteration.name, judged(case, evidence.trace))


@pytest.mark.parametrize("case", EVERY)
def test_the_recording_of_another_case_proves_nothing(case: Case) -> None:
    evidence = good(case)
    if evidence.kind is None:
        pytest.skip("this case records nothing")
    others = [other for other in GRID_CASES if other is not case]
    others = others if THOROUGH else random.Random(case.id).sample(others, JUDGES_OF_A_RECORDING)
    wrong = []
    for other in others:
        if evidence_of(other).stimulus == evidence.stimulus or (_topic(other), _topic(case)) in PAIRS:
            continue
        judgement = judged(other, evidence.trace)
        if judgement.verdict not in UNPROVEN:
            wrong.append(told(other, f"the recording of {case.id}", judgement))
    assert not wrong, "\n".join(wrong)


# --- 2: what instruments and wires do ---------------------------------------------------------------------------------


@pytest.mark.parametrize("case", EVERY)
def test_a_bad_instrument_proves_nothing(case: Case) -> None:
    evidence = good(case)
    if evidence.kind is None:
        pytest.skip("this case records nothing")
    wrong = []
    for mutation in share_of(case, BAD_INSTRUMENTS):
        judgement = _mutated(case, evidence, mutation)
        if judgement is None or judgement.verdict in UNPROVEN:
            continue
        if judgement.verdict is Verdict.PASS and pinned(INSTRUMENTS, mutation.name, case.id):
            continue
        wrong.append(told(case, mutation.name, judgement))
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("late", [LATE, -LATE], ids=["late", "early"])
@pytest.mark.parametrize("case", EVERY)
def test_a_current_that_is_recorded_late_or_early_shows_where_it_matters(case: Case, late: float) -> None:
    """It matters where a measured time leaves its limits by it, or where the answer comes before the question."""
    evidence = good(case)
    if evidence.kind is None:
        pytest.skip("this case records nothing")
    times = [
        (one.measurement.value + late, one.limit)
        for one in evidence.observations
        if one.measurement is not None and one.limit is not None and one.limit.unit == "s"
    ]
    if not any(
        (t < -0.1 and limit.low is None)
        or (limit.high is not None and t > limit.high)
        or (limit.low is not None and t < limit.low)
        for t, limit in times
    ):
        pytest.skip("no time of this case leaves its limits by a fifth of a second")
    judgement = judged(case, with_recording(evidence.trace, current_shifted(evidence.recording, late)))
    assert judgement.verdict in UNPROVEN, told(case, f"current {late:+g} s late", judgement)


# --- 3: what the device does decides ----------------------------------------------------------------------------------


@pytest.mark.parametrize("case", EVERY)
def test_a_device_that_leaves_or_does_nothing_does_not_pass_both_ways(case: Case) -> None:
    """The verdict rests on the device, not on the stimulus alone; and leaving passes only where it is asked for."""
    evidence = good(case)
    if evidence.kind is None:
        pytest.skip("this case records nothing")
    passes = []
    for mutation in (GONE, *share_of(case, (INDIFFERENT,), every=4)):
        judgement = _mutated(case, evidence, mutation)
        if judgement is None:
            pytest.skip("nothing happens at the grid in this case")
        assert judgement.verdict is not Verdict.ERROR, told(case, mutation.name, judgement)
        if judgement.verdict is Verdict.PASS:
            passes.append(mutation.name)
    if GONE.name in passes:
        assert pinned(DEVICES, GONE.name, case.id), f"{case.id} passes {GONE.name}"
    assert len(passes) < 2 or pinned(DEVICES, "both", case.id), f"{case.id} passes {' and '.join(passes)}"


# --- 4: what was not played as wanted ---------------------------------------------------------------------------------


@pytest.mark.parametrize("case", EVERY)
def test_a_wrong_stimulus_proves_nothing(case: Case) -> None:
    evidence = good(case)
    wrong = []
    for alteration in share_of(case, [one for one in WRONG_STIMULI if one not in {CALM, REST}]):
        if not applies(alteration, evidence):
            continue
        other = altered(case, alteration)
        if other.verdict in UNPROVEN or "cannot exist" in other.reason:
            continue
        if other.verdict is Verdict.PASS and pinned(STIMULI, alteration.name, case.id):
            continue
        wrong.append(told(case, alteration.name, judged(case, other.trace)))
    assert not wrong, "\n".join(wrong)


def test_a_dip_of_a_minute_is_no_dip_of_a_fifth_of_a_second() -> None:
    """(b): nobody looks at the first 150 ms alone."""
    case = CATALOGUE.case("CHG-GRID-UVRT-01")
    evidence = altered(case, ONE_MINUTE)
    assert evidence.recording.duration > 60
    assert evidence.verdict is Verdict.INCONC, told(case, ONE_MINUTE.name, judged(case, evidence.trace))


# --- the rest ---------------------------------------------------------------------------------------------------------


def test_ids_are_unique() -> None:
    """(g)."""
    ids = [one.id for one in (*CATALOGUE.cases, *CATALOGUE.invariants)]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("topic", ["UVRT-01", "LFSMO-03"])
def test_cases_of_the_car_have_the_same_judges(topic: str) -> None:
    car, charger = CATALOGUE.case(f"EV-GRID-{topic}"), CATALOGUE.case(f"CHG-GRID-{topic}")
    assert car.judge is charger.judge
    assert ready_for("ev").dut.device.role == "ev"
    assert evidence_of(car).verdict is Verdict.PASS
    assert altered(car, HALF_AS_FAR).verdict is Verdict.INCONC
    assert judged(car, Trace((), "grid", "ev", evidence_of(car).trace.declared)).verdict is Verdict.INCONC


@pytest.mark.skipif(not ALONE, reason="only every mutation of every case in one process tells (V2GREADY_THOROUGH=1)")
def test_every_pin_is_needed() -> None:
    assert not unneeded(STIMULI, INSTRUMENTS, CALM_GRID, DEVICES)


def _topic(case: Case) -> str:
    return case.id.split("-GRID-", 1)[1]


def _mutated(case: Case, evidence: Evidence, mutation: Mutation) -> Judgement | None:
    recording = mutation.change(evidence.recording)
    return None if recording is None else judged(case, with_recording(evidence.trace, recording))
