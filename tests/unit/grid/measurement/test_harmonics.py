"""Harmonic groups, distortion and direct component against closed-form signals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.grid.measurement.signals import STEADY, Signal
from v2gready.grid.measurement import dc_component, harmonics
from v2gready.grid.quantities import Quantities
from v2gready.grid.recording import Channel, Recording, Uncertainty
from v2gready.model.observation import Inconclusive


@settings(max_examples=30, deadline=None)
@given(signal=STEADY, rate=st.sampled_from([10000.0, 12800.0, 20000.0]))
def test_distortion_is_within_its_uncertainty(signal: Signal, rate: float) -> None:
    signal = Signal(**{**vars(signal), "rate": rate, "duration": 0.7})
    truth = float(np.hypot(*signal.harmonics.values()))
    spectrum = harmonics(Quantities(signal.recorded()).synchronous, "i1")
    for grouped in (True, False):
        measured = spectrum.distortion(grouped=grouped)
        assert np.all(np.abs(measured.values - truth) <= measured.uncertainty)
        if signal.noise < 0.001:
            assert np.max(measured.uncertainty) < 0.006
    assert spectrum.groups[:, 0] == pytest.approx(abs(signal.offset) * np.sqrt(2) * signal.amps, abs=0.01 * signal.amps)


@pytest.mark.parametrize("rate", [10000.0, 20000.0])
@pytest.mark.parametrize("f0", [47.5, 50.0, 50.03, 51.5])
@pytest.mark.parametrize("order", [2, 3, 11, 25, 40])
def test_each_order_stands_in_its_own_group(rate: float, f0: float, order: int) -> None:
    signal = Signal(rate=rate, f0=f0, harmonics={order: 0.04}, duration=0.5)
    spectrum = harmonics(Quantities(signal.recorded()).synchronous, "i2")
    assert spectrum.groups[0, 1] == pytest.approx(16.0, rel=2e-4)
    assert spectrum.groups[0, order] == pytest.approx(0.64, rel=0.02)
    assert spectrum.subgroups[0, order] == pytest.approx(0.64, rel=0.02)
    others = [k for k in range(2, 41) if k != order]
    assert np.max(spectrum.groups[0, others]) < 0.003 * 16


def test_an_interharmonic_belongs_to_a_group_and_to_no_subgroup() -> None:
    recording = Signal(duration=0.5).recorded()
    extra = np.sqrt(2) * np.cos(2 * np.pi * 170.0 * recording.time)
    changed = {**recording.channels, "i1": Channel("i1", "A", recording.values("i1") + extra)}
    spectrum = harmonics(Quantities(Recording(recording.kind, 0.0, recording.rate, changed)).synchronous, "i1")
    assert spectrum.groups[0, 3] == pytest.approx(1.0, rel=0.01)
    assert spectrum.subgroups[0, 3] < 0.02


def test_a_line_between_two_groups_counts_half_in_each() -> None:
    recording = Signal(duration=0.5).recorded()
    extra = np.sqrt(2) * np.cos(2 * np.pi * 175.0 * recording.time)
    changed = {**recording.channels, "i1": Channel("i1", "A", recording.values("i1") + extra)}
    spectrum = harmonics(Quantities(Recording(recording.kind, 0.0, recording.rate, changed)).synchronous, "i1")
    assert spectrum.groups[0, 3:5] == pytest.approx([np.sqrt(0.5)] * 2, rel=0.01)


def test_windows_follow_each_other_without_gap() -> None:
    spectrum = harmonics(Quantities(Signal(duration=2.1).recorded()).synchronous, "u1")
    assert np.diff(spectrum.t) == pytest.approx(np.full(len(spectrum.t) - 1, 0.2))
    assert len(spectrum.t) >= 9


def test_too_slow_a_recording_sees_no_40th_harmonic() -> None:
    synchronous = Quantities(Signal(rate=6400.0).recorded()).synchronous
    with pytest.raises(Inconclusive, match="harmonics up to order 40 are not seen"):
        harmonics(synchronous, "i1")
    assert harmonics(synchronous, "i1", orders=20).groups.shape[1] == 21


def test_without_current_there_is_no_distortion() -> None:
    signal = Signal(amps=0.01, instrument=Uncertainty(floor=0.002))
    spectrum = harmonics(Quantities(signal.recorded()).synchronous, "i1")
    with pytest.raises(Inconclusive, match="fundamental is too small"):
        spectrum.distortion()


@settings(max_examples=40, deadline=None)
@given(signal=STEADY)
def test_direct_component_is_within_its_uncertainty(signal: Signal) -> None:
    synchronous = Quantities(signal.recorded()).synchronous
    measured = dc_component(synchronous, "i1", since=signal.start, until=signal.start + signal.duration)
    truth = np.sqrt(2) * signal.amps * signal.offset
    assert abs(measured.value - truth) <= measured.uncertainty
    assert measured.uncertainty <= 0.001 * signal.amps


def test_the_offset_of_the_sensor_is_its_uncertainty() -> None:
    synchronous = Quantities(Signal(instrument=Uncertainty(floor=0.05)).recorded()).synchronous
    assert dc_component(synchronous, "i1", since=0.0, until=1.0).uncertainty >= 0.05
    with pytest.raises(Inconclusive, match="too short"):
        dc_component(synchronous, "i1", since=0.1, until=0.2)
