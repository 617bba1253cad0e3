"""Relays, reconnection, cease input."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.references.inverter.device import SETTINGS, WAVEFORM, at, device, disconnection, export
from v2gready.grid.recording import Recording
from v2gready.grid.script import Script
from v2gready.references.inverter import Detail, RunningInverter

ALONE = {
    stage.name: replace(SETTINGS, stages=(stage,), u_over_10min=None, voltwatt_curve=()) for stage in SETTINGS.stages
}
INSIDE = {
    "trip_u_under": {"u": 0.81}, "trip_u_under_2": {"u": 0.46}, "trip_u_over": {"u": 1.14},
    "trip_u_over_2": {"u": 1.19}, "trip_u_over_3": {"u": 1.24}, "trip_f_under": {"f": 47.55},
    "trip_f_under_2": {"f": 47.05}, "trip_f_over": {"f": 51.45}, "trip_f_over_2": {"f": 51.95},
}  # fmt: skip
OUTSIDE = {
    "trip_u_under": {"u": 0.79}, "trip_u_under_2": {"u": 0.44}, "trip_u_over": {"u": 1.16},
    "trip_u_over_2": {"u": 1.21}, "trip_u_over_3": {"u": 1.26}, "trip_f_under": {"f": 47.45},
    "trip_f_under_2": {"f": 46.95}, "trip_f_over": {"f": 51.55}, "trip_f_over_2": {"f": 52.05},
}  # fmt: skip


@pytest.mark.parametrize("name", OUTSIDE)
@pytest.mark.parametrize("detail", list(Detail))
def test_each_stage_trips_in_its_time_and_not_inside_its_value(name: str, detail: Detail) -> None:
    settings = replace(ALONE[name], frt_zero_below=None)
    stage = settings.stages[0]
    inverter = device(0.4, settings=settings)
    rate = 10_000 if detail is WAVEFORM else 1000
    inside = Script().step(**INSIDE[name]).hold(2 * stage.delay if detail is Detail.PHASOR else 0.3)
    assert disconnection(inverter.advance(inside, detail, rate=rate)) == float("inf")
    seen = disconnection(inverter.advance(inside.step(**OUTSIDE[name]).hold(stage.delay + 0.2), detail, rate=rate))
    assert 0 <= seen - inside.duration - stage.delay < 0.045
    assert inverter.reason == name


def _trip(inverter: RunningInverter) -> Recording:
    return inverter.advance(Script().step(f=52.2).hold(0.5))


def test_ten_minute_mean() -> None:
    inverter = device(0.4)
    recording = inverter.advance(Script().step(u=1.11).hold(600.0), rate=20)
    assert disconnection(recording) == pytest.approx(600 * 0.10 / 0.11, abs=10)
    assert inverter.reason == "trip_u_over_10min"


def test_rocof_relay_and_immunity() -> None:
    inverter = device(0.2)
    inverter.advance(Script().step(f=49.0).hold(2).ramp(f=51.4, rate=2.0).hold(0.5).ramp(f=50.0, rate=2.0).hold(1))
    assert inverter.connected
    inverter.advance(Script().step(f=47.8).hold(2).ramp(f=51.4, rate=3.0).hold(0.5))
    assert inverter.reason == "trip_rocof"


def test_reconnects_after_the_wait_with_a_gradient() -> None:
    for share in (1.0, -1.0):
        inverter = device(share)
        _trip(inverter)
        assert not inverter.connected
        outside = inverter.advance(Script().step(f=50.15).hold(70.0))
        assert not np.any(outside.values("i1"))
        recording = inverter.advance(Script().step(f=50.0).hold(160.0))
        p = np.abs(export(recording))
        start = np.flatnonzero(p > 1e-3)[0] / recording.rate
        assert 60.0 <= start < 62.0
        assert p[150 * 50] - p[100 * 50] == pytest.approx(50 * 0.0016, rel=0.02)


def test_leaving_the_window_restarts_the_wait() -> None:
    inverter = device(1.0)
    _trip(inverter)
    inverter.advance(Script().step(f=50.0).hold(59.0).step(f=50.3).hold(1.0).step(f=50.0).hold(59.0))
    assert not inverter.connected
    inverter.advance(Script().hold(2.0))
    assert inverter.connected


def test_random_delay_is_within_its_bound_and_seeded() -> None:
    waits = []
    for seed in (1, 1, 2):
        inverter = device(1.0, settings=replace(SETTINGS, reconnect_random=10.0), seed=seed)
        _trip(inverter)
        recording = inverter.advance(Script().hold(75.0))
        waits.append(np.flatnonzero(recording.values("i1") > 0)[0] / recording.rate)
    assert waits[0] == waits[1] != waits[2]
    assert all(60 <= wait <= 70.1 for wait in waits)


def test_supply_loss_waits() -> None:
    inverter = device(1.0)
    inverter.power_loss()
    recording = inverter.advance(Script().hold(59.0))
    assert not np.any(recording.values("i1")[1:])
    assert inverter.reason == "supply lost"


def test_cease_input() -> None:
    for share in (1.0, -1.0):
        inverter = device(share)
        inverter.set_cease(True)
        recording = inverter.advance(Script().hold(5.0))
        assert abs(at(recording, 2.0)) < 1e-3
        assert recording.values("cease").min() == 1.0
        inverter.set_cease(False)
        assert at(inverter.advance(Script().hold(5.0)), 4.9) == pytest.approx(share, abs=1e-3)


def test_limit_staircase() -> None:
    inverter = device(1.0)
    for share in (0.6, 0.3, 1.0, 0.0, 1.0):
        inverter.set_limit(share)
        assert at(inverter.advance(Script().hold(10.0)), 9.9) == pytest.approx(share, abs=1e-3)
