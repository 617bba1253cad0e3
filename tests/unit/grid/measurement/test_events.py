"""Instants: disconnection, dips, crossings, steps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.grid.measurement.signals import Signal, between, step_at
from v2gready.grid.measurement import connection, crossings, dips, disconnection, step_instant, swells
from v2gready.grid.quantities import Quantities
from v2gready.grid.recording import Channel, Kind, Recording, Uncertainty
from v2gready.grid.series import Series
from v2gready.model.observation import Inconclusive

RATED = 16.0


@settings(max_examples=40, deadline=None)
@given(
    instant=st.floats(0.1, 0.3),
    rate=st.sampled_from([5000.0, 10000.0, 20000.0]),
    phase=st.floats(0, 6.2),
    noise=st.floats(0, 0.001),
    share=st.floats(0.1, 1.1),
    phases=st.sampled_from([1, 3]),
)
def test_disconnection_is_known_to_a_millisecond(
    *, instant: float, rate: float, phase: float, noise: float, share: float, phases: int
) -> None:
    signal = Signal(
        rate=rate,
        duration=0.5,
        start=7.0,
        phase=phase,
        noise=noise,
        flow=step_at(7.0 + instant, share, 0.0),
        phases=phases,
        time_uncertainty=1e-5,
    )
    found = disconnection(Quantities(signal.recorded()).envelope, RATED, since=7.05)
    assert found is not None
    assert found.uncertainty <= 0.001
    # One phase may cease in its own zero crossing, up to asin(1 %) of it early.
    slack = 1 / rate + 0.01 / (np.sqrt(2) * share * 314)
    assert abs(found.value - 7.0 - instant) <= found.uncertainty + slack


@pytest.mark.parametrize("instant", [0.2, 0.2013, 0.2049, 0.2071])
def test_an_abrupt_end_is_known_to_a_few_samples(instant: float) -> None:
    """The uncertainty is that of a current which dies away; one that is cut off leaves no doubt about the window."""
    quantities = Quantities(Signal(rate=20000.0, flow=step_at(instant, 1.0, 0.0)).recorded())
    found = disconnection(quantities.envelope, RATED, since=0.1)
    assert found is not None
    assert found.value == pytest.approx(instant, abs=0.0002)


def test_a_current_that_returns_has_not_ceased() -> None:
    flow = between(0.2, 0.25, 0.0)
    quantities = Quantities(Signal(duration=1.0, flow=flow).recorded())
    assert disconnection(quantities.envelope, RATED, since=0.1) is None
    brief = disconnection(quantities.envelope, RATED, since=0.1, hold=0.04)
    assert brief is not None
    assert brief.value == pytest.approx(0.2, abs=0.001)


def test_the_threshold_is_of_the_rated_current() -> None:
    quantities = Quantities(Signal(duration=1.0, flow=step_at(0.4, 1.0, 0.02)).recorded())
    assert disconnection(quantities.envelope, RATED, since=0.1) is None
    assert disconnection(quantities.envelope, RATED, since=0.1, share=0.03) is not None


def test_without_current_there_is_nothing_to_disconnect() -> None:
    quantities = Quantities(Signal(flow=step_at(0.0, 0.0, 0.0), noise=1e-5).recorded())
    with pytest.raises(Inconclusive, match="no current flowed"):
        disconnection(quantities.envelope, RATED, since=0.1)


def test_noise_that_hides_the_threshold_is_inconclusive() -> None:
    quantities = Quantities(Signal(flow=step_at(0.4, 1.0, 0.0), noise=0.01).recorded())
    with pytest.raises(Inconclusive, match="hides"):
        disconnection(quantities.envelope, RATED, since=0.1)
    coarse = Quantities(Signal(flow=step_at(0.4, 1.0, 0.0), instrument=Uncertainty(floor=0.3)).recorded())
    with pytest.raises(Inconclusive, match="hides"):
        disconnection(coarse.envelope, RATED, since=0.1)


def test_connection_is_the_other_way_round() -> None:
    quantities = Quantities(Signal(duration=1.0, flow=step_at(0.4321, 0.0, 0.5), noise=2e-4).recorded())
    found = connection(quantities.envelope, RATED, since=0.1)
    assert found is not None
    assert abs(found.value - 0.4321) <= found.uncertainty
    assert connection(quantities.envelope, RATED, since=0.1, until=0.4) is None


def test_delivered_currents_give_the_instant_no_finer_than_their_spacing() -> None:
    t = np.arange(100) / 20
    channels = {name: Channel(name, "A", np.where(t < 2.02, 10.0, 0.0)) for name in ("i1", "i2", "i3")}
    quantities = Quantities(Recording(Kind.QUANTITIES, 0.0, 20.0, channels, time_uncertainty=0.01))
    found = disconnection(quantities.envelope, RATED, since=0.0)
    assert found is not None
    assert abs(found.value - 2.02) <= found.uncertainty
    assert 0.05 <= found.uncertainty <= 0.1


@settings(max_examples=40, deadline=None)
@given(
    start=st.floats(0.2, 0.3),
    length=st.floats(0.08, 0.4),
    residual=st.floats(0.05, 0.8),
    phase=st.floats(0, 6.2),
    noise=st.floats(0, 0.002),
    rate=st.sampled_from([5000.0, 20000.0]),
)
def test_dips_are_found_with_their_flanks_and_depth(
    *, start: float, length: float, residual: float, phase: float, noise: float, rate: float
) -> None:
    gate = between(start, start + length, residual)
    recording = Signal(rate=rate, duration=1.0, phase=phase, noise=noise, gate=gate, harmonics={5: 0.03}).recorded()
    (dip,) = dips(Quantities(recording, refresh=0.001).u, 0.9 * 230, hysteresis=0.02 * 230)
    assert dip.end is not None
    assert abs(dip.start.value - start) <= dip.start.uncertainty <= 0.003
    assert abs(dip.end.value - start - length) <= dip.end.uncertainty <= 0.003
    assert abs(dip.duration.value - length) <= dip.duration.uncertainty
    # The minimum of many values lies low by their scatter, which their uncertainty covers.
    truth = residual * 230 * np.sqrt(1 + 0.03**2)
    assert abs(dip.residual.value - truth) <= dip.residual.uncertainty


def test_a_dip_of_one_phase_leaves_the_others_alone() -> None:
    recording = Signal(duration=1.0).recorded()
    u1 = recording.channels["u1"]
    gate = between(0.3, 0.5, 0.4)(recording.time)
    single = Recording(
        recording.kind,
        0.0,
        recording.rate,
        {**recording.channels, "u1": Channel("u1", "V", u1.values * gate)},
    )
    (dip,) = dips(Quantities(single, refresh=0.001).u, 207.0)
    assert [round(phase.value / 230, 2) for phase in dip.phases[:1]] == [0.4]
    # The frequency bends where one phase jumps, and with it the windows: a few per mille.
    assert all(phase.value > 0.98 * 230 for phase in dip.phases[1:])
    assert dip.start.value == pytest.approx(0.3, abs=0.002)


def test_two_dips_are_two_and_a_swell_is_none() -> None:
    def gate(t: np.ndarray) -> np.ndarray:
        low = ((t > 0.3) & (t < 0.45)) | ((t > 0.75) & (t < 0.9))
        return np.where(low, 0.2, 1.0)

    quantities = Quantities(Signal(duration=1.2, gate=gate).recorded(), refresh=0.001)
    assert [round(dip.start.value, 3) for dip in dips(quantities.u, 207.0)] == [0.3, 0.75]
    assert swells(quantities.u, 253.0) == []


def test_swells_are_dips_upside_down() -> None:
    quantities = Quantities(Signal(duration=1.0, gate=between(0.4, 0.5, 1.24)).recorded(), refresh=0.001)
    (swell,) = swells(quantities.u, 1.1 * 230, hysteresis=4.6)
    assert swell.residual.value == pytest.approx(1.24 * 230, rel=1e-3)
    assert swell.start.value == pytest.approx(0.4, abs=0.002)
    assert swell.duration.value == pytest.approx(0.1, abs=0.003)
    assert dips(quantities.u, 207.0) == []


def test_a_dip_that_the_recording_cuts_off_has_no_end() -> None:
    (dip,) = dips(Quantities(Signal(gate=step_at(0.4, 1.0, 0.5)).recorded()).u, 207.0)
    assert dip.end is None
    with pytest.raises(Inconclusive, match="recording ends"):
        _ = dip.duration


def test_a_slow_sag_counts_from_the_threshold() -> None:
    def gate(t: np.ndarray) -> np.ndarray:
        return np.interp(t, [0.2, 0.7, 1.0], [1.0, 0.8, 0.8])

    (dip,) = dips(Quantities(Signal(duration=1.0, gate=gate).recorded(), refresh=0.001).u, 0.9 * 230)
    assert abs(dip.start.value - 0.45) <= dip.start.uncertainty


def _line(values: list[float]) -> Series:
    array = np.array(values)
    return Series(np.arange(len(array)) * 0.1, array, "Hz", np.full(len(array), 1e-3))


def test_crossings_are_interpolated_and_know_their_direction() -> None:
    found = crossings(_line([0, 1, 2, 1, 0, 1]), 0.5)
    assert [crossing.rising for crossing in found] == [True, False, True]
    assert [crossing.t.value for crossing in found] == pytest.approx([0.05, 0.35, 0.45])
    assert len(crossings(_line([0, 1, 2, 1, 0, 1]), 0.5, rising=False)) == 1


def test_hysteresis_swallows_chatter() -> None:
    chatter = _line([0, 0.4, 0.6, 0.4, 0.6, 0.4, 0.6, 2])
    assert len(crossings(chatter, 0.5)) == 5
    (one,) = crossings(chatter, 0.5, hysteresis=0.2)
    assert one.t.value == pytest.approx(0.55)


def test_a_frequency_step_happened_when_it_is_half_done() -> None:
    def turn(t: np.ndarray) -> np.ndarray:
        return 2 * np.pi * 0.8 * np.maximum(t - 0.5, 0.0)

    f = Quantities(Signal(duration=1.2, turn=turn, noise=0.0005).recorded()).f
    found = step_instant(f, 50.0, 50.8, 0.3, 0.7)
    assert abs(found.value - 0.5) <= found.uncertainty <= 0.02
    with pytest.raises(Inconclusive, match="no step"):
        step_instant(f, 50.0, 50.8, 0.7, 1.0)


def test_the_switch_is_seen_to_a_sample() -> None:
    recording = Signal(duration=0.5, start=3.0).recorded()
    state = np.where(recording.time < 3.25, 1.0, 0.0)
    with_switch = Recording(recording.kind, 3.0, recording.rate, {**recording.channels, "s1": Channel("s1", "", state)})
    switch = Quantities(with_switch).switch()
    assert len(switch) == 4
    (opened,) = crossings(switch, 0.5, rising=False)
    assert abs(opened.t.value - 3.25) <= opened.t.uncertainty <= 0.0003
    with pytest.raises(Inconclusive, match="no channel cease"):
        Quantities(with_switch).cease()
