"""P(f): slopes, references, return, and the crossing from charging to supply."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.references.inverter.device import SETTINGS, at, device, export
from v2gready.grid.script import Script
from v2gready.references.inverter import Battery, PowerReference


@pytest.mark.parametrize("droop", [2.0, 5.0, 12.0])
@pytest.mark.parametrize("start", [1.0, 0.5])
def test_lfsmo_slope_refers_to_the_power_at_the_threshold(droop: float, start: float) -> None:
    inverter = device(start, settings=replace(SETTINGS, lfsmo_droop=droop))
    recording = inverter.advance(Script().step(f=50.6).hold(5.0))
    assert at(recording, 4.9) == pytest.approx(start * (1 - 100 / droop / 50 * 0.4), abs=0.002)


def test_lfsmo_slope_refers_to_rated_power() -> None:
    inverter = device(0.5, settings=replace(SETTINGS, lfsmo_reference=PowerReference.RATED))
    recording = inverter.advance(Script().step(f=50.7).hold(5.0))
    assert at(recording, 4.9) == pytest.approx(0.3, abs=0.002)


def test_lfsmo_charges_more_while_charging() -> None:
    recording = device(-0.5).advance(Script().step(f=50.7).hold(5.0))
    assert at(recording, 4.9) == pytest.approx(-0.6, abs=0.002)
    assert export(recording).max() <= -0.499


def test_step_response_is_quick_and_does_not_overshoot() -> None:
    recording = device(1.0).advance(Script().step(f=50.7).hold(5.0), rate=200)
    p = export(recording)
    assert np.flatnonzero(p < 0.82)[0] / 200 < 1.0
    assert p.min() > 0.799


def test_threshold() -> None:
    inverter = device(1.0)
    assert at(inverter.advance(Script().step(f=50.19).hold(5.0)), 4.9) == pytest.approx(1.0, abs=1e-4)
    assert at(inverter.advance(Script().step(f=50.25).hold(5.0)), 4.9) == pytest.approx(0.98, abs=1e-3)


def test_return_gradient_and_recovery_band() -> None:
    inverter = device(1.0)
    inverter.advance(Script().step(f=51.0).hold(5.0))
    held = inverter.advance(Script().step(f=50.15).hold(10.0))
    assert at(held, 9.9) == pytest.approx(0.68, abs=0.02)
    back = inverter.advance(Script().step(f=50.05).hold(60.0))
    assert (at(back, 55.0) - at(back, 5.0)) / 50 == pytest.approx(0.0016, rel=0.02)


def test_falling_ramp_goes_back_along_the_characteristic() -> None:
    inverter = device(1.0)
    inverter.advance(Script().step(f=51.2).hold(5.0))
    recording = inverter.advance(Script().step(f=51.2).ramp(f=50.7, rate=0.1).hold(1.0))
    assert at(recording, 5.9) == pytest.approx(0.8, abs=0.005)


def test_lower_of_limit_and_lfsmo_wins() -> None:
    inverter = device(1.0)
    inverter.set_limit(0.6)
    recording = inverter.advance(Script().hold(5.0).step(f=50.45).hold(5.0))
    assert at(recording, 4.9) == pytest.approx(0.6, abs=1e-3)
    assert at(recording, 9.9) == pytest.approx(0.6 * 0.9, abs=2e-3)


def test_lfsmu_while_discharging() -> None:
    recording = device(0.3).advance(Script().step(f=49.3).hold(5.0).step(f=48.05).hold(5.0))
    assert at(recording, 4.9) == pytest.approx(0.3 + 0.2, abs=2e-3)
    assert at(recording, 9.9) == pytest.approx(1.0, abs=1e-3)


def test_charge_curve_down_to_zero_and_into_supply() -> None:
    inverter = device(-1.0)
    recording = inverter.advance(Script().ramp(f=49.0, rate=0.02).hold(3.0).step(f=48.9).hold(5.0), rate=20)
    f, p = recording.values("f"), export(recording)
    ramping = slice(11 * 20, 49 * 20)
    assert np.abs(p[ramping] - np.interp(f[ramping], [49.0, 49.8], [0.0, -1.0])).max() < 0.02
    assert at(recording, 52.9) == pytest.approx(0.0, abs=5e-3)
    assert at(recording, 57.9) == pytest.approx(0.125, abs=5e-3)


def test_supply_by_droop_where_the_curve_ends_at_zero() -> None:
    settings = replace(SETTINGS, lfsmu_charge_curve=((49.0, 0.0), (49.8, -1.0)))
    recording = device(-1.0, settings=settings).advance(Script().step(f=48.95).hold(5.0))
    assert at(recording, 4.9) == pytest.approx(0.4 * 0.85, abs=5e-3)


def test_no_return_to_charging_before_the_frequency_is_normal() -> None:
    inverter = device(-1.0)
    recording = inverter.advance(Script().step(f=48.9).hold(5.0).step(f=49.5).hold(5.0).step(f=50.0).hold(20.0))
    p = export(recording)
    assert p[100:500].min() > -0.001
    assert at(recording, 29.9) == pytest.approx(-0.0016 * 20, abs=0.004)


def test_without_the_right_to_discharge_consumption_goes_to_zero() -> None:
    inverter = device(-1.0)
    inverter.allow_discharge(False)
    recording = inverter.advance(Script().step(f=49.4).hold(4.0).step(f=48.5).hold(4.0))
    assert at(recording, 3.9) == pytest.approx(-0.5, abs=5e-3)
    assert at(recording, 7.9) == pytest.approx(0.0, abs=1e-3)
    assert export(recording).max() < 1e-3


def test_empty_battery_drops_the_load_and_says_so() -> None:
    inverter = device(-0.5, battery=Battery(soc=0.1))
    assert inverter.soc > 0.1
    recording = inverter.advance(Script().step(f=48.5).hold(5.0))
    assert at(recording, 4.9) == pytest.approx(0.0, abs=1e-3)
    assert inverter.cannot_support


def test_full_battery_reduces_export_to_zero() -> None:
    settings = replace(SETTINGS, lfsmo_reference=PowerReference.RATED, lfsmo_droop=2.0)
    inverter = device(0.3, settings=settings, battery=Battery(soc=0.99))
    recording = inverter.advance(Script().step(f=51.0).hold(5.0))
    assert at(recording, 4.9) == pytest.approx(0.0, abs=1e-3)
    assert inverter.cannot_support


def test_next_vehicle_starts_with_what_the_frequency_permits() -> None:
    inverter = device(-1.0)
    inverter.advance(Script().step(f=49.3).hold(3.0))
    inverter.unplug()
    assert at(inverter.advance(Script().step(f=49.3).hold(2.0)), 1.9) == 0.0
    inverter.plug()
    inverter.set_power(11_000.0)
    recording = inverter.advance(Script().step(f=49.3).hold(5.0))
    assert at(recording, 4.9) == pytest.approx(-0.375, abs=5e-3)


def test_setpoint_during_under_frequency_waits() -> None:
    inverter = device(0.2)
    inverter.advance(Script().step(f=49.3).hold(5.0))
    inverter.set_power(11_000.0)
    assert at(inverter.advance(Script().step(f=49.3).hold(5.0)), 4.9) == pytest.approx(0.4, abs=5e-3)


def test_energy_and_state_of_charge_balance() -> None:
    for share in (1.0, -1.0):
        inverter = device(0.0)
        before = inverter.soc
        inverter.set_power(-share * 11_000.0)
        recording = inverter.advance(Script().hold(600.0))
        energy = float(np.sum(recording.values("p")) / recording.rate / 3600)
        stored = (inverter.soc - before) * inverter.battery.energy
        efficiency = inverter.battery.efficiency if energy > 0 else 1 / inverter.battery.efficiency
        assert stored == pytest.approx(energy * efficiency, rel=1e-4)
