"""Plateaus, ramps, gradients: the stimulus found in the measurement."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.grid.measurement.signals import Signal, step_at
from v2gready.grid.measurement import gradient, plateaus, ramp_up, ramps, trend
from v2gready.grid.measurement.levels import _range
from v2gready.grid.quantities import Quantities
from v2gready.grid.recording import Floats, Recording
from v2gready.grid.script import Script
from v2gready.grid.series import Series
from v2gready.model.observation import Inconclusive


def played(script: Script, *, noise: float = 0.0005, rate: float = 10000.0, start: float = 0.0) -> Recording:
    """The script as a waveform, by its own phase."""
    t = np.arange(round(script.duration * rate)) / rate
    played = script.at(t)
    level = np.asarray(played.u[0])

    def turn(at: Floats) -> Floats:
        return played.phase - 2 * np.pi * 50 * (at - start)

    signal = Signal(rate=rate, duration=script.duration, start=start, phase=0.0, noise=noise, harmonics={5: 0.03})
    return Signal(**{**vars(signal), "turn": turn, "gate": lambda _: level}).recorded()


def test_a_staircase_of_frequency_is_found_step_by_step() -> None:
    levels = [50.0, 50.15, 50.25, 50.7, 51.15, 51.45]
    script = Script()
    for level in levels:
        script = script.step(f=level).hold(2.0)
    f = Quantities(played(script, start=5.0)).f
    found = plateaus(f, 0.01, 1.0)
    assert [round(one.mean.value, 3) for one in found] == levels
    for k, one in enumerate(found):
        assert abs(one.mean.value - levels[k]) <= one.mean.uncertainty < 0.002
        # The estimator needs its window around a step; the plateau is what is left.
        assert 5.0 + 2 * k - 0.02 <= one.start <= 5.0 + 2 * k + 0.1
        assert 1.85 <= one.duration <= 2.02


def test_a_phase_jump_does_not_end_a_plateau() -> None:
    f = Quantities(Signal(duration=2.0, turn=step_at(1.0, 0.0, 0.4), noise=0.0005).recorded()).f
    (one,) = plateaus(f, 0.01, 0.5)
    assert one.duration > 1.8
    apart = plateaus(f, 0.01, 0.5, bridge=0.0)
    assert len(apart) == 2


def test_voltage_plateaus_around_a_dip() -> None:
    script = Script().hold(0.5).step(u=0.5).hold(0.3).step(u=1.0).hold(0.5)
    u = Quantities(played(script), refresh=0.002).u[0]
    found = plateaus(u, 2.0, 0.1)
    assert [round(one.mean.value / 230.1, 2) for one in found] == [1.0, 0.5, 1.0]
    assert found[1].duration == pytest.approx(0.28, abs=0.01)


@settings(max_examples=40, deadline=None)
@given(
    levels=st.lists(st.integers(-5, 5), min_size=1, max_size=6).filter(
        lambda all_: all(a != b for a, b in pairwise(all_))
    ),
    seed=st.integers(0, 1000),
)
def test_plateaus_of_noisy_steps(levels: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = np.repeat(np.array(levels, dtype=float), 50) + rng.uniform(-0.2, 0.2, 50 * len(levels))
    series = Series(np.arange(len(values)) * 0.1, values, "W", np.full(len(values), 0.2))
    found = plateaus(series, 0.3, 2.0)
    assert [round(one.mean.value) for one in found] == levels
    assert all(one.duration == pytest.approx(4.9) for one in found)


def test_nothing_steady_has_no_plateau() -> None:
    t = np.arange(200) * 0.01
    series = Series(t, np.sin(20 * t), "W", np.zeros(200))
    assert plateaus(series, 0.1, 0.5) == []
    assert plateaus(series.between(0.0, 0.0), 0.1, 0.5) == []


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-10, 10), min_size=1, max_size=60), st.integers(1, 60))
def test_moving_range_is_that_of_each_stretch(values: list[float], count: int) -> None:
    count = min(count, len(values))
    array = np.array(values)
    stretches = np.lib.stride_tricks.sliding_window_view(array, count)
    assert _range(array, count) == pytest.approx(np.ptp(stretches, axis=1))


@pytest.mark.parametrize(
    ("rate", "seconds"),
    [(2.0, 0.5), (-2.0, 0.5), (4.0, 0.25), (-4.0, 0.25), (1.25, 1.5), (-1.25, 2.0), (0.5, 3.0), (0.2, 4.0)],
)
def test_ramps_are_measured_between_their_corners(rate: float, seconds: float) -> None:
    script = Script().hold(1.0).ramp(f=50 + rate * seconds, rate=rate).hold(1.0)
    (ramp,) = ramps(Quantities(played(script)).f)
    assert abs(ramp.rate.value - rate) <= ramp.rate.uncertainty < 0.05
    assert abs(ramp.start - 1.0) <= ramp.corner_uncertainty
    assert abs(ramp.duration.value - seconds) <= ramp.duration.uncertainty < 0.05
    over = ramp.over(seconds)
    assert abs(over.value - rate) <= over.uncertainty
    assert ramp.over(2 * seconds).value == pytest.approx(rate / 2, rel=0.06)


def test_there_and_back_are_two_ramps() -> None:
    script = Script().hold(0.5).ramp(f=51.0, rate=2.0).hold(1.0).ramp(f=50.0, rate=1.0).hold(0.5)
    up, down = ramps(Quantities(played(script)).f)
    assert up.rate.value == pytest.approx(2.0, abs=0.01)
    assert down.rate.value == pytest.approx(-1.0, abs=0.01)
    assert down.start == pytest.approx(2.0, abs=0.03)


def test_neither_a_step_nor_a_phase_jump_is_a_ramp() -> None:
    script = Script().hold(1.0).step(f=50.7).hold(1.0).step(jump=20.0).hold(1.0)
    assert ramps(Quantities(played(script)).f) == []


def test_a_ramp_to_the_end_of_the_recording_has_its_rate() -> None:
    (ramp,) = ramps(Quantities(Signal(f0=49.0, ramp=2.0, duration=1.0, noise=0.0005).recorded()).f)
    assert abs(ramp.rate.value - 2.0) <= ramp.rate.uncertainty


def _power(minutes: float, per_second: float, noise: float, seed: int = 3) -> Series:
    t = np.arange(0.0, 60 * minutes, 0.2)
    values = np.minimum(11000 * per_second * t, 11000) + noise * np.random.default_rng(seed).standard_normal(len(t))
    return Series(t, values, "W", np.full(len(t), 2 * noise + 5), window=0.2, noise=2 * noise)


@given(st.floats(0.0005, 0.01), st.integers(0, 100))
@settings(max_examples=30, deadline=None)
def test_gradient_and_trend_of_a_power_ramp(per_second: float, seed: int) -> None:
    power = _power(1.5, per_second, 10.0, seed)
    measured = gradient(power, 60.0)
    assert measured.unit == "W/s"
    error = np.abs(measured.values - 11000 * per_second)
    # 150 values, each beyond two standard deviations once in twenty: twice the uncertainty holds them all.
    assert np.mean(error <= measured.uncertainty) >= 0.9
    assert np.max(error) <= 2.5 * np.max(measured.uncertainty)
    line = trend(power)
    assert abs(line.value - 11000 * per_second) <= 2 * line.uncertainty


def test_the_ramp_after_reconnection() -> None:
    power = _power(12.0, 0.1 / 60, 1.0)
    found = ramp_up(power, 60.0, 0.95 * 11000)
    assert found.end == pytest.approx(570, abs=2)
    assert found.steepest.value == pytest.approx(11000 * 0.1 / 60, rel=0.02)
    assert found.energy.value == pytest.approx(11000 * 0.1 / 60 * 570**2 / 2 / 3600, rel=0.01)
    assert ramp_up(power, 60.0, 2e4).end is None


def test_too_little_has_no_gradient() -> None:
    power = _power(0.5, 0.001, 1.0)
    with pytest.raises(Inconclusive, match="less was measured"):
        gradient(power, 60.0)
    with pytest.raises(Inconclusive, match="at least three"):
        trend(power.between(0.0, 0.2))
    with pytest.raises(Inconclusive):
        ramps(power.between(0.0, 0.2))
