"""Step response and damping against the closed forms of first- and second-order systems."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from v2gready.grid.measurement import damping, step_response
from v2gready.grid.recording import Floats
from v2gready.grid.series import Series
from v2gready.model.measurement import Measurement
from v2gready.model.observation import Inconclusive


def series(values: Floats, t: Floats, noise: float = 0.0, seed: int = 1) -> Series:
    noisy = values + noise * np.random.default_rng(seed).standard_normal(len(t))
    # One-cycle values: twice the scatter is the expanded noise; 0.1 % belongs to the instrument.
    return Series(t, noisy, "W", 0.001 * np.abs(values) + 2 * noise, window=0.02, noise=2 * noise)


def near(measured: Measurement, truth: float, *, widths: float = 1.0) -> None:
    assert abs(measured.value - truth) <= widths * measured.uncertainty + 1e-9, (measured, truth)


T = np.arange(-2.0, 25.0, 0.01)


@settings(max_examples=50, deadline=None)
@given(
    tau=st.floats(0.1, 3.0),
    delay=st.floats(0.0, 1.0),
    way=st.sampled_from([-8000.0, -2200.0, 3000.0]),
    start=st.sampled_from([0.0, 11000.0, -5000.0]),
    noise=st.floats(0.0, 10.0),
    t0=st.sampled_from([0.0, 77.7]),
)
def test_first_order(*, tau: float, delay: float, way: float, start: float, noise: float, t0: float) -> None:
    values = start + way * (1 - np.exp(-np.maximum(T - delay, 0.0) / tau))
    response = step_response(series(values, T + t0, noise), t0, target=start + way, steady=5.0)
    near(response.dead_time, delay - tau * np.log(0.95))
    near(response.response_time, delay + tau * np.log(10))
    near(response.rise_time, tau * np.log(9))
    near(response.settling_time, delay + tau * np.log(20))
    near(response.overshoot, 0.0)
    # A mean is off by more than its U (k = 2) once in twenty, by more than twice that never.
    near(response.before, start, widths=2)
    near(response.final, start + way, widths=2)
    assert response.steady_error is not None
    near(response.steady_error, 0.0, widths=2)
    if noise < 1 and tau < 2:
        assert response.rise_time.uncertainty < 0.1
        assert response.settling_time.uncertainty < 0.1


@settings(max_examples=30, deadline=None)
@given(zeta=st.floats(0.15, 0.8), omega=st.floats(2.0, 8.0), noise=st.floats(0.0, 2.0))
def test_second_order(zeta: float, omega: float, noise: float) -> None:
    damped = omega * np.sqrt(1 - zeta**2)
    t = np.maximum(T, 0.0)
    fade = np.exp(-zeta * omega * t)
    values = 4000 * (1 - fade * (np.cos(damped * t) + zeta / np.sqrt(1 - zeta**2) * np.sin(damped * t)))
    response = step_response(series(values, T, noise), 0.0, steady=5.0)
    near(response.overshoot, float(np.exp(-np.pi * zeta / np.sqrt(1 - zeta**2))))
    fine = np.linspace(0, 25, 200001)
    fade = np.exp(-zeta * omega * fine)
    exact = 1 - fade * (np.cos(damped * fine) + zeta / np.sqrt(1 - zeta**2) * np.sin(damped * fine))
    near(response.settling_time, float(fine[np.flatnonzero(np.abs(exact - 1) > 0.05)[-1]]))
    near(response.rise_time, float(fine[np.argmax(exact >= 0.9)] - fine[np.argmax(exact >= 0.1)]))


def test_the_band_lies_around_the_target() -> None:
    """A device that settles somewhere else does not settle."""
    values = np.where(T < 0.5, 0.0, 900.0)
    assert step_response(series(values, T), 0.0).settling_time.value == pytest.approx(0.5, abs=0.02)
    with pytest.raises(Inconclusive, match="not ended"):
        step_response(series(values, T), 0.0, target=1000.0, band=50.0)
    wide = step_response(series(values, T), 0.0, target=1000.0, band=150.0)
    assert wide.settling_time.value == pytest.approx(0.5, abs=0.02)
    assert wide.steady_error is not None
    assert wide.steady_error.value == pytest.approx(-100.0)


def test_a_response_that_is_there_at_once_has_no_dead_time() -> None:
    response = step_response(series(np.where(T < 0, 0.0, 1000.0), T), 0.0)
    near(response.dead_time, 0.0)
    assert response.settling_time.uncertainty <= 0.02


@pytest.mark.parametrize(
    ("values", "until", "reason"),
    [
        (np.zeros(len(T)), None, "noise hides"),
        (np.where(T < 0, 0.0, 5.0), None, "noise hides"),
        (np.where(T < 0, 0.0, 1000.0), 0.5, "were measured after"),
    ],
)
def test_no_response_is_inconclusive(values: Floats, until: float | None, reason: str) -> None:
    with pytest.raises(Inconclusive, match=reason):
        step_response(series(values, T, 1.0), 0.0, until=until)


@settings(max_examples=50, deadline=None)
@given(
    decrement=st.floats(-0.2, 0.35),
    f=st.floats(0.3, 2.0),
    phase=st.floats(0, 6.2),
    noise=st.floats(0.0, 2.0),
    seed=st.integers(0, 99),
)
def test_logarithmic_decrement(decrement: float, f: float, phase: float, noise: float, seed: int) -> None:
    t = np.arange(0, 8 / f, 0.005)
    values = 300.0 + 100 * np.exp(-decrement * f * t) * np.cos(2 * np.pi * f * t + phase)
    found = damping(series(values, t, noise, seed))
    near(found.decrement, decrement)
    assert found.ratio.value == pytest.approx(found.decrement.value / 2 / np.pi, rel=0.01, abs=1e-4)
    near(found.frequency, f)
    assert found.frequency.uncertainty < 0.03 * f
    assert found.cycles >= 5
    if noise < 0.2:
        assert found.decrement.uncertainty < 0.02


def test_growth_is_told_from_decay() -> None:
    t = np.arange(0, 10, 0.01)
    grown = damping(series(100 * np.exp(0.1 * t) * np.sin(2 * np.pi * t), t, 0.1)).decrement
    assert grown.value + grown.uncertainty < 0


@pytest.mark.parametrize("cycles", [0.0, 1.0, 4.0])
def test_fewer_than_five_cycles_say_nothing(cycles: float) -> None:
    t = np.arange(0, 10, 0.01)
    values = np.where(t * 1.0 < cycles, np.sin(2 * np.pi * t), 0.0)
    with pytest.raises(Inconclusive, match="cycles of an oscillation"):
        damping(series(values, t, 0.005))
