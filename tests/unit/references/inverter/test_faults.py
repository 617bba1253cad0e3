"""Every fault shows in its scenario, and nothing shows where it has no part."""

from __future__ import annotations

import pytest

from tests.unit.references.inverter.device import SETTINGS
from tests.unit.references.inverter.scenarios import covered, scenario
from v2gready.grid.script import Script
from v2gready.references.inverter import DEFAULT_RATING, REFERENCE, Detail
from v2gready.references.inverter.faults import CATALOGUE, make

HEALTHY = Script().hold(1.0)


def test_every_fault_has_a_scenario_and_none_is_left_over() -> None:
    assert set(covered()) == set(CATALOGUE) == set(REFERENCE.faults)


@pytest.mark.parametrize("fault", sorted(CATALOGUE))
def test_fault_takes_effect(fault: str) -> None:
    play, settings = scenario(fault)
    inverter = REFERENCE.open(DEFAULT_RATING, settings, [fault], fast=False)
    play(inverter)
    assert {effect.fault for effect in inverter.effects} == {fault}
    assert all(effect.what for effect in inverter.effects)


QUIET_WHEN_IDLE = sorted(
    set(CATALOGUE) - {"dc-2-percent"}  # it injects without any power
)


@pytest.mark.parametrize("fault", QUIET_WHEN_IDLE)
def test_no_effect_at_rest(fault: str) -> None:
    inverter = REFERENCE.open(DEFAULT_RATING, SETTINGS, [fault], fast=False)
    inverter.advance(HEALTHY)
    inverter.advance(Script().hold(0.05), Detail.WAVEFORM, rate=5000)
    assert inverter.effects == []


def test_two_faults_are_told_apart() -> None:
    inverter = REFERENCE.open(DEFAULT_RATING, SETTINGS, ["lfsmo-droop-doubled", "lfsmu-dead"], fast=False)
    inverter.set_power(-11_000)
    inverter.advance(Script().hold(5.0).step(f=50.7).hold(4.0))
    assert [effect.fault for effect in inverter.effects] == ["lfsmo-droop-doubled"]


def test_names_and_sentences() -> None:
    for name, sentence in REFERENCE.faults.items():
        assert name == name.lower()
        assert " " not in name
        assert sentence.endswith(".")


def test_unknown_fault() -> None:
    with pytest.raises(KeyError, match="no-such-fault"):
        make(["no-such-fault"])
