"""Dips, swells, phase jumps; current limits; the PLL."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.references.inverter.device import IN, PN, WAVEFORM, device, disconnection, power, rms
from v2gready.grid.script import Phases, Script
from v2gready.references.inverter.plant_waveform import Y_F

RATE = 10_000

DIPS = {
    "three phases to 0.15": ((0.15, 0.15, 0.15), (0.0, 0.0, 0.0), 0.15),
    "to nothing": ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0), 0.15),
    "three phases to 0.5": ((0.5, 0.5, 0.5), (0.0, 0.0, 0.0), 0.5),
    "three phases to 0.75": ((0.75, 0.75, 0.75), (0.0, 0.0, 0.0), 1.25),
    "one phase": ((0.15, 1.0, 1.0), (0.0, 0.0, 0.0), 0.15),
    "two phases": ((0.5, 0.5, 1.0), (-30.0, 30.0, 0.0), 0.15),
}


@pytest.mark.parametrize("name", DIPS)
@pytest.mark.parametrize("share", [1.0, -1.0])
def test_rides_through_a_dip_with_limited_current(name: str, share: float) -> None:
    u, angles, seconds = DIPS[name]
    inverter = device(share)
    dip = Script().hold(0.1).step(u=u, angles=angles).hold(seconds)
    recording = inverter.advance(dip.step(u=1.0, angles=(0.0, 0.0, 0.0)).hold(1.0), WAVEFORM, rate=RATE)
    assert inverter.connected
    for number in (1, 2, 3):
        assert rms(recording.values(f"i{number}"), RATE).max() < 1.1 * IN
    assert power(recording, since=0.1 + seconds + 0.96) == pytest.approx(share, abs=0.03)


def test_zero_current_in_a_deep_dip() -> None:
    recording = device(1.0).advance(Script().step(u=0.4).hold(0.4), WAVEFORM, rate=RATE)
    assert rms(recording.values("i1"), RATE)[round(0.08 * RATE) :].max() < 0.02 * IN


@pytest.mark.parametrize(("share", "fed"), [(0.4, 3.0 * 0.3), (-0.4, 0.0)])
def test_fast_reactive_current_in_supply_mode_alone(share: float, fed: float) -> None:
    recording = device(share).advance(Script().step(u=0.7).hold(0.5))
    q = -recording.values("q")[-1] / (3 * 230.0 * 0.7) / IN
    assert q == pytest.approx(fed, abs=0.02)


def test_double_dip() -> None:
    inverter = device(1.0)
    dip = Script().step(u=0.2).hold(0.15).step(u=1.0).hold(0.3)
    inverter.advance(dip.then(dip), WAVEFORM, rate=RATE)
    assert inverter.connected


@pytest.mark.parametrize("u", [(1.24, 1.24, 1.24), (1.14, 1.14, 1.14)])
def test_swell(u: Phases) -> None:
    inverter = device(1.0)
    inverter.advance(Script().step(u=u).hold(0.1).step(u=1.0).hold(1.0), WAVEFORM, rate=RATE)
    assert inverter.connected


@pytest.mark.parametrize("jump", [10.0, -20.0, 20.0])
def test_phase_jump(jump: float) -> None:
    inverter = device(1.0)
    recording = inverter.advance(Script().hold(0.1).step(jump=jump).hold(0.4), WAVEFORM, rate=RATE)
    assert disconnection(recording) == float("inf")
    assert rms(recording.values("i1"), RATE)[round(0.12 * RATE) :].max() < 1.1 * IN
    assert power(recording, since=0.35) == pytest.approx(1.0, abs=0.03)


def test_pll_follows_a_ramp() -> None:
    inverter = device(0.2)
    inverter.advance(Script().ramp(f=49.0, rate=2.0), WAVEFORM, rate=RATE)
    # The quarter-cycle filter before and the low-pass behind the PLL delay, 2.5 ms and 12 ms, no more.
    assert inverter._unit._y[Y_F] == pytest.approx(49.0 + 2.0 * 0.0145, abs=0.002)
    inverter.advance(Script(frequency=49.0).hold(0.5), WAVEFORM, rate=RATE)
    assert inverter._unit._y[Y_F] == pytest.approx(49.0, abs=1e-4)


def test_power_during_unbalance_is_that_of_the_positive_sequence() -> None:
    inverter = device(0.5)
    recording = inverter.advance(Script().step(u=(0.9, 1.0, 1.05)).hold(1.0), WAVEFORM, rate=RATE)
    assert power(recording, since=0.8) == pytest.approx(0.5, abs=0.005)
    currents = [float(np.sqrt(np.mean(recording.values(f"i{n}")[-2000:] ** 2))) for n in (1, 2, 3)]
    assert max(currents) - min(currents) < 0.01 * IN
    assert max(currents) == pytest.approx(0.5 * PN / (3 * 230 * (0.9 + 1.0 + 1.05) / 3), rel=0.01)
