"""Frequency and RoCoF against closed-form signals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.grid.measurement.signals import EDGES, SIGNALS, STEADY, Signal, between, step_at
from v2gready.grid.measurement import rocof
from v2gready.grid.quantities import Quantities
from v2gready.grid.recording import Channel, Floats, Kind, Recording, Uncertainty
from v2gready.model.observation import Inconclusive


@settings(max_examples=80, deadline=None)
@given(signal=SIGNALS | EDGES)
def test_every_frequency_is_within_its_uncertainty(signal: Signal) -> None:
    f = Quantities(signal.recorded()).f
    assert np.all(np.abs(f.values - signal.f(f.t)) <= f.uncertainty)


@settings(max_examples=30, deadline=None)
@given(signal=SIGNALS, window=st.sampled_from([0.25, 0.5, 1.0, 2.0]))
def test_every_rocof_is_within_its_uncertainty(signal: Signal, window: float) -> None:
    span = {**vars(signal), "duration": window + 0.25}
    if abs(signal.ramp) > 2:
        span |= {"f0": 50.0}
    longer = Signal(**span | {"ramp": signal.ramp / (2 if window > 1 else 1)})
    measured = rocof(Quantities(longer.recorded()).f, window)
    assert np.all(np.abs(measured.values - longer.ramp) <= measured.uncertainty)
    assert np.max(measured.uncertainty) <= 0.05 * 0.5 / window


@settings(max_examples=30, deadline=None)
@given(signal=STEADY)
def test_the_uncertainty_of_a_steady_frequency_stays_useful(signal: Signal) -> None:
    f = Quantities(signal.recorded()).f
    assert np.max(f.uncertainty) <= 0.006
    if signal.noise <= 0.002:
        assert np.max(f.uncertainty) <= 0.005


@pytest.mark.parametrize("rate", [5000, 10000, 20000])
def test_the_reference_figures_are_reached(rate: float) -> None:
    """3 % of a fifth harmonic and 0.1 % noise: 0.5 mHz steady, 2 mHz on a ramp of 2 Hz/s, RoCoF 2.000 to 2.001 Hz/s."""
    disturbed = {"rate": rate, "harmonics": {5: 0.03}, "noise": 0.001 / np.sqrt(2), "duration": 1.5}
    steady = Quantities(Signal(**disturbed).recorded()).f
    assert np.max(np.abs(steady.values - 50)) <= 0.0005
    assert np.max(np.abs(rocof(steady, 0.5).values)) <= 0.0016
    signal = Signal(**disturbed, f0=48.5, ramp=2.0)
    ramp = Quantities(signal.recorded()).f
    assert np.max(np.abs(ramp.values - signal.f(ramp.t))) <= 0.002
    assert np.mean(rocof(ramp, 0.5).values) == pytest.approx(2.0, abs=0.001)


def test_white_noise_and_its_bound_agree() -> None:
    """The bound is five standard deviations: a third of it holds most of the values, or it would be too wide."""
    f = Quantities(Signal(duration=6.0, noise=0.005).recorded()).f
    scatter = float(np.std(f.values))
    assert 3 * scatter < float(np.median(f.uncertainty)) < 9 * scatter


def _corner(signal: Signal, since: float, until: float, rate: float) -> tuple[Signal, Floats]:
    def turn(t: Floats) -> Floats:
        into = np.clip(t - since, 0.0, until - since)
        return 2 * np.pi * (rate * into**2 / 2 + rate * (until - since) * np.maximum(t - until, 0.0))

    return Signal(**{**vars(signal), "turn": turn}), np.array([since, until])


@pytest.mark.parametrize("rate", [0.5, -2.0, 4.0])
def test_the_uncertainty_knows_the_corners_of_a_ramp(rate: float) -> None:
    signal, (since, until) = _corner(Signal(duration=1.5, noise=0.0005), 0.5, 0.8, rate)
    f = Quantities(signal.recorded()).f
    truth = 50 + rate * np.clip(f.t - since, 0.0, until - since)
    assert np.all(np.abs(f.values - truth) <= f.uncertainty)
    # And forgets them once they are out of sight.
    assert np.max(f.uncertainty[(f.t < since - 0.07) | (f.t > until + 0.07)]) < 0.003


@pytest.mark.parametrize("degrees", [5, -20, 60])
def test_the_uncertainty_knows_a_phase_jump(degrees: float) -> None:
    f = Quantities(Signal(duration=1.0, noise=0.0005, turn=step_at(0.503, 0.0, np.radians(degrees))).recorded()).f
    assert np.all(np.abs(f.values - 50) <= f.uncertainty)
    assert np.max(f.uncertainty[np.abs(f.t - 0.503) > 0.08]) < 0.003


def test_where_the_voltage_is_gone_there_is_no_frequency() -> None:
    f = Quantities(Signal(duration=1.5, gate=between(0.5, 0.9, 0.0), noise=0.0005).recorded()).f
    assert not np.any((f.t > 0.5) & (f.t < 0.9))
    assert np.all(np.abs(f.values - 50) <= f.uncertainty)
    with pytest.raises(Inconclusive, match="nothing was measured between"):
        f.at(0.7)
    with pytest.raises(Inconclusive, match="gap"):
        rocof(f, 0.5)


def test_a_deep_dip_keeps_its_frequency() -> None:
    f = Quantities(Signal(duration=1.5, gate=between(0.5, 0.9, 0.08), noise=0.0005).recorded()).f
    assert np.any((f.t > 0.6) & (f.t < 0.8))
    assert np.all(np.abs(f.values - 50) <= f.uncertainty)


def _f_recording(values: Floats, rate: float = 50.0) -> Recording:
    channel = Channel("f", "Hz", values, Uncertainty(floor=0.005))
    return Recording(Kind.QUANTITIES, 0.0, rate, {"f": channel})


def test_rocof_of_delivered_frequency_carries_the_instrument() -> None:
    measured = rocof(Quantities(_f_recording(50 + 2 * np.arange(100) / 50)).f, 0.5)
    assert measured.values == pytest.approx(np.full(len(measured), 2.0))
    assert measured.uncertainty[0] == pytest.approx(0.005 * np.sqrt(2) / 0.5)
    assert measured.unit == "Hz/s"


@pytest.mark.parametrize(
    ("values", "rate", "reason"),
    [
        (np.full(10, 50.0), 50.0, "less was measured"),
        (np.full(10, 50.0), 2.0, "too coarse"),
        (np.array([50.0, np.nan, 50.0]), 50.0, "no numbers"),
        (np.array([]), 50.0, "empty"),
    ],
)
def test_what_cannot_be_measured_is_inconclusive(values: Floats, rate: float, reason: str) -> None:
    with pytest.raises(Inconclusive, match=reason):
        rocof(Quantities(_f_recording(values, rate)).f, 0.5)
