"""RMS, sequences, power and energy against closed-form signals: the error stays within the stated uncertainty."""

import numpy as np
import pytest
from hypothesis import given, settings

from tests.unit.grid.measurement.signals import EDGES, SIGNALS, STEADY, Signal, between, step_at
from v2gready.grid.measurement import Synchronous, Waveform, energy, rms_10_cycle, rms_half_cycle, sequences
from v2gready.grid.quantities import Quantities
from v2gready.grid.recording import Uncertainty
from v2gready.grid.series import Series
from v2gready.model.observation import Inconclusive


def within(series: Series, truth: float) -> None:
    error = np.abs(series.values - truth)
    worst = int(np.argmax(error - series.uncertainty))
    assert error[worst] <= series.uncertainty[worst], (series.t[worst], series.values[worst], truth)


@settings(max_examples=60, deadline=None)
@given(signal=SIGNALS | EDGES)
def test_every_value_is_within_its_uncertainty(signal: Signal) -> None:
    quantities = Quantities(signal.recorded())
    for measured, truth in zip(quantities.u, signal.rms, strict=True):
        within(measured, truth)
    within(quantities.u_pos, signal.volts)
    within(quantities.u_neg, signal.volts * signal.unbalance)
    within(quantities.export, -signal.active)
    within(quantities.q_export, -signal.reactive)


@settings(max_examples=25, deadline=None)
@given(signal=STEADY)
def test_total_power_holds_harmonics_offset_and_noise_within_its_uncertainty(signal: Signal) -> None:
    extra = 3 * signal.volts * signal.amps * 2 * signal.offset**2
    for order, share in signal.harmonics.items():
        extra += 3 * signal.volts * signal.amps * share**2 * np.cos(order * signal.lag)
    within(Quantities(signal.recorded()).export_total, -(signal.active + extra))


@pytest.mark.parametrize("rate", [5000, 10000, 20000])
@pytest.mark.parametrize("f0", [45.0, 49.7, 50.0, 55.0])
def test_the_uncertainty_is_not_an_excuse(rate: float, f0: float) -> None:
    signal = Signal(rate=rate, f0=f0, harmonics={5: 0.03}, noise=0.0005)
    quantities = Quantities(signal.recorded())
    assert np.max(quantities.u[0].uncertainty) < 0.001 * signal.volts
    assert np.max(quantities.u_pos.uncertainty) < 0.001 * signal.volts
    assert np.max(quantities.export.uncertainty) < 0.002 * 3 * signal.volts * signal.amps


def test_the_instrument_adds_its_own_uncertainty() -> None:
    instrument = Uncertainty(floor=0.2, share=0.002)
    bare = Quantities(Signal().recorded())
    real = Quantities(Signal(instrument=instrument).recorded())
    assert real.u[0].uncertainty[5] == pytest.approx(np.hypot(bare.u[0].uncertainty[5], 0.2 + 0.002 * 230), rel=1e-3)
    # By the current (0.2 A + 0.2 % of 16 A) far more than by the voltage.
    assert real.export.uncertainty[5] > 3 * 230 * 0.232


def test_values_are_stamped_at_the_centre_of_their_window() -> None:
    quantities = Quantities(Signal(gate=step_at(0.4, 1.0, 0.5), start=0.0).recorded(), refresh=0.001)
    u = quantities.u[0]
    squares = (u.values / 230) ** 2
    # Half of the window lies on either side of the step: half the way of the squares.
    crossed = u.t[np.argmax(squares < (1 + 0.25) / 2)]
    assert crossed == pytest.approx(0.4, abs=0.0015)
    assert u.window == pytest.approx(0.02)


def test_half_cycle_and_ten_cycle_values_come_in_their_own_time() -> None:
    synchronous = Synchronous(Waveform(Signal(duration=1.1).recorded()))
    half, ten = rms_half_cycle(synchronous, "u1"), rms_10_cycle(synchronous, "u1")
    assert half.spacing == pytest.approx(0.01)
    assert ten.spacing == pytest.approx(0.2)
    assert len(ten) >= 4
    assert np.max(ten.uncertainty) <= np.max(half.uncertainty)
    within(ten, 230.0)


def test_a_phase_jump_leaves_rms_alone() -> None:
    """The window follows the frequency, and a jump of the angle is none."""
    quantities = Quantities(Signal(turn=step_at(0.4, 0.0, np.radians(30))).recorded())
    clear = np.abs(quantities.u[0].t - 0.4) > 0.011
    error = np.abs(quantities.u[0].values - 230)[clear]
    assert np.all(error <= quantities.u[0].uncertainty[clear])


def test_a_single_phase_is_measured_by_itself() -> None:
    signal = Signal(phases=1, noise=0.001, f0=49.4, harmonics={3: 0.02})
    quantities = Quantities(signal.recorded())
    assert len(quantities.u) == 1
    within(quantities.u[0], signal.rms[0])
    within(quantities.u_pos, signal.volts)
    within(quantities.export, -signal.active / 3)
    with pytest.raises(Inconclusive, match="single phase"):
        _ = quantities.u_neg


def test_sequences_of_a_two_phase_dip() -> None:
    quantities = Quantities(Signal(unbalance=0.5).recorded())
    both = sequences(quantities.synchronous, quantities.u_pos.t)
    within(both.positive, 230.0)
    within(both.negative, 115.0)


def test_a_dead_short_dip_does_not_break_power() -> None:
    quantities = Quantities(Signal(duration=1.2, gate=between(0.5, 0.7, 0.0), noise=0.0005).recorded())
    deep = quantities.export.between(0.52, 0.68)
    assert np.all(np.abs(deep.values) <= deep.uncertainty + 1.0)
    within(quantities.export.between(0.75, 1.0), -Signal().active)


def test_energy_is_the_integral_of_power() -> None:
    t = np.linspace(0, 3600, 3601)
    series = Series(t, 1000.0 * t / 3600, "W", np.full(3601, 10.0), window=1.0, noise=0.0)
    measured = energy(series)
    assert measured.value == pytest.approx(500.0)
    assert measured.unit == "Wh"
    assert measured.uncertainty == pytest.approx(10.0)
    with pytest.raises(Inconclusive):
        energy(series.between(5.0, 5.0))
