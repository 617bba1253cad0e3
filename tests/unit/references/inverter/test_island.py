"""The RLC load, the passive non-detection zone, and the active method at the points of IEC 62116."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.references.inverter.device import PN, SETTINGS, WAVEFORM, device, disconnection
from v2gready.grid.recording import Recording
from v2gready.grid.script import Script
from v2gready.references.inverter import DEFAULT_RATING, DerSettings, IslandLoad, RunningInverter
from v2gready.references.inverter.plant_waveform import Y_F

RATE = 10_000
STEADY = replace(SETTINGS, lfsmo_threshold=math.inf, lfsmu_threshold=-math.inf, stages=(), u_over_10min=None)


def _island(
    share: float, load: IslandLoad, faults: Sequence[str] = (), settings: DerSettings = SETTINGS, seconds: float = 2.0
) -> tuple[RunningInverter, Recording]:
    inverter = device(share, faults, settings)
    inverter.set_island(load)
    inverter.advance(Script().hold(0.5), WAVEFORM, rate=RATE)
    inverter.open_island_switch()
    return inverter, inverter.advance(Script().hold(seconds), WAVEFORM, rate=RATE)


@given(power=st.floats(1000, 20_000), quality=st.floats(0.5, 3), q=st.floats(-0.1, 0.1), p=st.floats(-0.1, 0.1))
def test_load_has_the_power_and_quality_asked_for(power: float, quality: float, q: float, p: float) -> None:
    load = IslandLoad.for_power(power, DEFAULT_RATING, quality_factor=quality, q_imbalance=q, p_imbalance=p)
    omega = 2 * math.pi * 50
    square = 3 * 230.0**2
    inductive, capacitive = square / (omega * load.inductance), square * omega * load.capacitance
    assert square / load.resistance == pytest.approx(power * (1 + p))
    assert inductive - capacitive == pytest.approx(q * power, abs=1e-6 * power)
    assert math.sqrt(inductive * capacitive) == pytest.approx(quality * power)
    x = load.resonance / 50
    assert quality * (x - 1 / x) == pytest.approx(q, abs=1e-9)


def test_example_of_the_reference() -> None:
    load = IslandLoad.for_power(11_000, DEFAULT_RATING)
    assert load.resistance == pytest.approx(14.4, abs=0.05)
    assert load.inductance == pytest.approx(45.9e-3, abs=0.1e-3)
    assert load.capacitance == pytest.approx(221e-6, abs=1e-6)


@pytest.mark.parametrize("rate", [10_000.0, 20_000.0])
def test_step_matrices_ring_at_the_resonance(rate: float) -> None:
    load = replace(IslandLoad.for_power(11_000, DEFAULT_RATING, q_imbalance=0.02), resistance=1e9)
    vv, vl, lv, ll, *_ = load.matrices(1 / rate)
    angle = np.angle(np.linalg.eigvals(np.array([[vv, vl], [lv, ll]])))[0]
    assert abs(angle) * rate / (2 * math.pi) == pytest.approx(load.resonance, abs=1e-4)


@pytest.mark.parametrize("q", [-0.05, -0.02, 0.0, 0.02, 0.05])
def test_passive_island_settles_at_the_resonance(q: float) -> None:
    load = IslandLoad.for_power(PN, DEFAULT_RATING, q_imbalance=q)
    inverter, recording = _island(1.0, load, settings=replace(STEADY, anti_islanding=False), seconds=3.0)
    assert disconnection(recording) == math.inf
    assert inverter._unit._y[Y_F] == pytest.approx(load.resonance, abs=0.01)


@pytest.mark.parametrize(("p", "u"), [(-0.1, 1.054), (-0.05, 1.026), (0.05, 0.976), (0.1, 0.953)])
def test_passive_island_settles_at_the_voltage_of_the_balance(p: float, u: float) -> None:
    load = IslandLoad.for_power(PN, DEFAULT_RATING, p_imbalance=p)
    _, recording = _island(1.0, load, settings=replace(STEADY, anti_islanding=False), seconds=1.5)
    settled = float(np.sqrt(np.mean(recording.values("u2")[-2000:] ** 2))) / 230
    assert settled == pytest.approx(u, abs=0.004)


CONDITION_A = [(1.0, q, p) for q in (-0.1, -0.05, 0.0, 0.05, 0.1) for p in (-0.1, -0.05, 0.0, 0.05, 0.1)]
CONDITIONS_B_C = [(share, q / 100, 0.0) for share in (0.66, 0.33) for q in range(-5, 6)]


@pytest.mark.parametrize(("share", "q", "p"), [*CONDITION_A, *CONDITIONS_B_C])
def test_active_method_ends_every_island_of_the_standard(share: float, q: float, p: float) -> None:
    load = IslandLoad.for_power(share * PN, DEFAULT_RATING, q_imbalance=q, p_imbalance=p)
    _, recording = _island(share, load, seconds=1.0)
    assert disconnection(recording) < 1.0
    assert recording.values("s1").max() == 0.0


@pytest.mark.parametrize("mode", ["qu", "cosphi_p"])
def test_active_method_with_a_reactive_mode(mode: str) -> None:
    inverter = device(1.0)
    inverter.set_reactive(mode)
    inverter.advance(Script().hold(10.0))
    inverter.set_island(IslandLoad.for_power(PN, DEFAULT_RATING))
    inverter.advance(Script().hold(0.5), WAVEFORM, rate=RATE)
    inverter.open_island_switch()
    assert disconnection(inverter.advance(Script().hold(1.5), WAVEFORM, rate=RATE)) < 1.5


def test_active_method_while_charging_beside_another_source() -> None:
    load = IslandLoad.for_power(-0.5 * PN, DEFAULT_RATING, generation=PN)
    _, recording = _island(-0.5, load, seconds=1.0)
    assert disconnection(recording) < 1.0
    inverter, recording = _island(-0.5, load, ["island-discharging-only"], seconds=1.0)
    assert disconnection(recording) == math.inf
    assert inverter.effects


def test_an_island_needs_the_waveform_plant() -> None:
    inverter = device(1.0)
    inverter.open_island_switch()
    with pytest.raises(ValueError, match="waveform"):
        inverter.advance(Script().hold(1.0))


def test_nothing_left_for_the_resistor() -> None:
    with pytest.raises(ValueError, match="cannot exist"):
        IslandLoad.for_power(-5000, DEFAULT_RATING)
