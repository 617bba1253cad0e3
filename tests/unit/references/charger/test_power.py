"""The power stage: energy, ramps, contactor, samples."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from v2gready.protocols.iso15118.secc.config import AcRatings, DcRatings
from v2gready.protocols.iso15118.secc.power import AcStage, ContactorDefect, DcStage, InsulationTest, Occasion, Setpoint
from v2gready.protocols.iso15118.secc.seams import Seams

Samples = list[tuple[str, float, str]]


def dc(samples: Samples | None = None) -> DcStage:
    stage = DcStage(DcRatings(), Seams(), None if samples is None else lambda *sample: samples.append(sample))
    stage.start(0.0)
    return stage


def ac(samples: Samples | None = None) -> AcStage:
    stage = AcStage(AcRatings(), Seams(), None if samples is None else lambda *sample: samples.append(sample))
    stage.start(0.0)
    return stage


def delivering(amps: float, samples: Samples | None = None) -> tuple[DcStage, float]:
    """A stage that delivers a steady current at 400 V, and its time."""
    stage = dc(samples)
    stage.close()
    stage.deliver(Setpoint(400.0, amps), 400.0)
    stage.advance(1.0)
    return stage, 1.0


@given(
    st.lists(
        st.tuples(st.floats(-80, 80), st.floats(200, 950), st.floats(0.01, 5_000)),
        min_size=1,
        max_size=8,
    )
)
@settings(deadline=None)
def test_energy_is_the_integral_of_power(steps: list[tuple[float, float, float]]) -> None:
    stage = dc()
    stage.close()
    now = net = 0.0
    for amps, volts, seconds in steps:
        stage.deliver(Setpoint(volts, amps), volts)
        charged, discharged = stage.charged, stage.discharged
        for _ in range(100):
            before = stage.power
            now += seconds / 100
            stage.advance(now)
            net += (before + stage.power) / 2 * seconds / 100 / 3600
        assert stage.charged >= charged
        assert stage.discharged >= discharged
    # Between our own looks the ramp is finer; it can differ by a ramp's worth of power in one look.
    ramp = sum(160 * 950 * seconds / 100 / 3600 for _, _, seconds in steps)
    assert stage.charged - stage.discharged == pytest.approx(net, abs=ramp + 1e-6)


@given(st.lists(st.floats(0.0, 100.0), min_size=1, max_size=20))
@settings(deadline=None)
def test_the_way_of_looking_changes_nothing_when_steady(looks: list[float]) -> None:
    stage, begin = delivering(50.0)
    base = stage.charged
    end = begin + 100.0
    for look in sorted(looks):
        stage.advance(begin + look)
    stage.advance(end)
    assert stage.charged - base == pytest.approx(400 * 50 * 100 / 3600)


@given(st.lists(st.floats(-11_000, 22_000), min_size=1, max_size=10))
def test_ac_counts_each_direction_in_its_register(draws: list[float]) -> None:
    stage = ac()
    stage.close()
    for hour, watts in enumerate(draws):
        stage.draw(watts)
        stage.advance((hour + 1) * 3600.0)
    assert stage.charged == pytest.approx(sum(watts for watts in draws if watts > 0))
    assert stage.discharged == pytest.approx(-sum(watts for watts in draws if watts < 0))


def test_current_ramps_and_power_follows() -> None:
    stage = dc()
    stage.close()
    stage.deliver(Setpoint(400.0, 80.0), 400.0)
    stage.advance(0.05)
    assert 0 < stage.current < 80
    stage.advance(0.5)
    assert (stage.current, stage.power) == (80, 32_000)
    assert stage.steady


def test_opening_takes_the_power_away_at_once_and_the_voltage_in_time() -> None:
    stage, now = delivering(80.0)
    assert stage.open(Occasion.STOP)
    assert (stage.current, stage.power) == (0, 0)
    stage.advance(now + 1.0)
    assert stage.voltage < 60
    stage.advance(now + 10.0)
    assert stage.voltage == 0
    assert stage.steady


def test_nothing_flows_through_an_open_contactor() -> None:
    stage = dc()
    stage.deliver(Setpoint(400.0, 80.0), 400.0)
    stage.advance(10.0)
    assert (stage.voltage, stage.current, stage.charged) == (0, 0, 0)
    outlet = ac()
    outlet.draw(10_000)
    outlet.advance(10.0)
    assert (outlet.voltage, outlet.power, outlet.charged) == (0, 0, 0)


def test_the_insulation_test_ends_with_a_safe_outlet() -> None:
    for insulated, result in ((True, InsulationTest.PASSED), (False, InsulationTest.FAILED)):
        stage = dc()
        stage.insulated = insulated
        stage.close()
        stage.test_insulation(500.0)
        assert stage.insulation is InsulationTest.RUNNING
        peak = 0.0
        for tick in range(1, 500):
            stage.advance(tick / 100)
            peak = max(peak, stage.voltage)
        assert peak == 500
        assert stage.insulation is result
        assert stage.voltage < 60


@pytest.mark.parametrize(("defect", "closed"), [(ContactorDefect.STUCK_OPEN, False), (ContactorDefect.WELDED, True)])
def test_a_defective_contactor_stays_where_it_is(defect: ContactorDefect, closed: bool) -> None:
    stage = ac()
    stage.defect = defect
    assert stage.close() == closed
    assert stage.open(Occasion.STOP) == (not closed)


def test_samples_tell_start_stop_and_what_is_worth_telling() -> None:
    samples: Samples = []
    stage, now = delivering(80.0, samples)
    assert samples[:2] == [("dc.voltage", 0.0, "V"), ("dc.current", 0.0, "A")]
    ramp = [value for channel, value, _ in samples if channel == "dc.current"]
    assert ramp[-1] == 80
    del samples[:]
    stage.deliver(Setpoint(400.0, 80.1), 400.0)  # 0.1 A is below 0.5 % of 80 A
    stage.advance(now + 0.1)
    assert samples == []
    stage.open(Occasion.STOP)
    assert ("dc.current", 0.0, "A") in samples
    stage.advance(now + 20)
    assert samples[-1] == ("dc.voltage", 0.0, "V")


def test_a_steady_outlet_is_sampled_now_and_then() -> None:
    samples: Samples = []
    stage, now = delivering(10.0, samples)
    del samples[:]
    end = now + 10.0
    while (look := stage.next_look()) is not None and look <= end:
        stage.advance(look)
    assert {channel for channel, _, _ in samples} == {"dc.voltage", "dc.current"}
    assert 18 <= len(samples) <= 24


def test_an_idle_stage_wants_no_look() -> None:
    samples: Samples = []
    assert dc(samples).next_look() is None
    stage, _ = delivering(10.0)
    assert stage.next_look() is None  # nobody listens


def test_looks_are_close_enough_to_see_a_ramp() -> None:
    samples: Samples = []
    stage = dc(samples)
    stage.close()
    stage.deliver(Setpoint(400.0, 80.0), 400.0)
    while not stage.steady:
        look = stage.next_look()
        assert look is not None
        stage.advance(look)
    currents = [value for channel, value, _ in samples if channel == "dc.current"]
    assert all(math.isclose(after - before, 8.0, abs_tol=0.1) for before, after in pairwise(currents))
