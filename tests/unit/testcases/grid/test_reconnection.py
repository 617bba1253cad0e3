"""A trip that was none, a window that was not left, a hold that was too short prove nothing about reconnection."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.testcases.grid.command_bench import Change, acting, case, playing, power, ran
from tests.unit.testcases.grid.frequency_bench import Bend, deviations, each_segment, first_part
from v2gready.authoring.grid import View
from v2gready.authoring.grid.reconnecting import Window, connected_again
from v2gready.grid.script import BALANCED, Script
from v2gready.model.verdict import Verdict

WAITS = ("RECON-01", "RECON-02", "RECON-07")
EDGES = ("RECON-03", "RECON-04", "RECON-05", "RECON-06")
RAMPS = ("RECON-08", "RECON-09")


def without(f: float) -> Bend:
    """The script without what it plays at a frequency."""

    def bend(script: Script) -> Script:
        kept = [one for one in script.segments if abs(one.f[0] - f) > 1e-6]
        return replace(script, segments=tuple(kept))

    return bend


WRONG: dict[str, Change] = {
    "no trip": playing(deviations(0.3)),
    "half the power": power(0.5),
    "ended early": playing(first_part(0.4)),
}


@pytest.mark.parametrize("topic", [*WAITS, *EDGES, *RAMPS])
@pytest.mark.parametrize("wrong", WRONG)
def test_another_stimulus_is_inconclusive(topic: str, wrong: str) -> None:
    record, _ = ran(case(topic), WRONG[wrong])
    assert record.verdict is Verdict.INCONC, record.reason


@pytest.mark.parametrize("topic", EDGES)
def test_a_hold_inside_of_the_window_proves_nothing_about_its_edge(topic: str) -> None:
    calm = each_segment(
        lambda one: replace(one, u=BALANCED, u_end=BALANCED, f=(50.0, 50.0) if 49.0 < one.f[0] < 51.0 else one.f)
    )
    record, _ = ran(case(topic), playing(calm))
    assert record.verdict is Verdict.INCONC, record.reason


def test_a_window_that_is_not_left_does_not_restart_the_wait() -> None:
    record, _ = ran(case("RECON-07"), playing(without(50.5)))
    assert record.verdict is Verdict.INCONC
    assert "not left" in record.reason


def test_a_supply_that_is_not_lost_proves_nothing() -> None:
    record, _ = ran(case("RECON-10"), acting(power_loss=lambda: None))
    assert record.verdict is Verdict.INCONC


@pytest.mark.parametrize("topic", ["RECON-08", "RECON-09"])
def test_a_device_that_never_comes_back_has_no_gradient(topic: str) -> None:
    record, _ = ran(case(topic), faults=("never-reconnects",))
    assert record.verdict is Verdict.INCONC


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("topic", ["RECON-01", "RECON-02", "RECON-10"])
def test_every_random_delay_of_a_good_device_passes(topic: str, seed: int) -> None:
    record, _ = ran(case(topic), seed=seed)
    assert record.verdict is Verdict.PASS, record.reason


@pytest.mark.parametrize("fault", ["no-reconnect-gradient", ""])
def test_the_connection_is_found_at_once_and_on_a_slow_way_back(fault: str) -> None:
    """The same device with the same delay: a slow way back shows seconds later, the estimate must not."""
    _, trace = ran(case("RECON-01"), faults=(fault,) if fault else ())
    view = View(trace)
    *_, inside = Window.of(view.code).entered(view)
    again = connected_again(view, inside.start)
    assert again is not None
    _, twin = ran(case("RECON-01"), faults=("no-reconnect-gradient",))
    other = connected_again(View(twin), inside.start)
    assert other is not None
    lag = 0.3  # of the device's power behind its ramp
    assert abs(again.value - other.value) <= again.uncertainty + other.uncertainty + lag
