"""Reactive modes, capability, P(U), quality of the current."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from tests.unit.references.inverter.device import IN, PN, SETTINGS, WAVEFORM, device, export
from v2gready.grid.script import Script
from v2gready.references.inverter import DEFAULT_RATING, RunningInverter

SN = DEFAULT_RATING.apparent


def _settled(inverter: RunningInverter, u: float = 1.0) -> tuple[float, float]:
    recording = inverter.advance(Script().step(u=u).hold(60.0), rate=10)
    return float(-recording.values("p")[-1]) / PN, float(-recording.values("q")[-1])


@pytest.mark.parametrize(("u", "q"), [(0.92, 0.3), (0.94, 0.225), (1.0, 0.0), (1.05, -0.15), (1.08, -0.3)])
@pytest.mark.parametrize("share", [0.5, -0.5])
def test_q_of_u(u: float, q: float, share: float) -> None:
    inverter = device(share)
    inverter.set_reactive("qu")
    assert _settled(inverter, u)[1] / SN == pytest.approx(q, abs=0.005)


def test_q_of_u_reaches_90_percent_in_its_time() -> None:
    inverter = device(0.5)
    inverter.set_reactive("qu")
    recording = inverter.advance(Script().step(u=1.08).hold(30.0))
    q = recording.values("q") / SN
    assert q[round(10.0 * 50)] == pytest.approx(0.9 * 0.3, abs=0.006)


@pytest.mark.parametrize("share", [1.0, 0.2, -0.2, -1.0])
@pytest.mark.parametrize("cosphi", [0.9, -0.9])
def test_capability(share: float, cosphi: float) -> None:
    inverter = device(share)
    inverter.set_reactive("cosphi", cosphi)
    p, q = _settled(inverter)
    assert p == pytest.approx(share, abs=0.01)
    assert q == pytest.approx(math.copysign(math.tan(math.acos(0.9)), cosphi) * abs(share) * PN, abs=0.02 * SN)


@pytest.mark.parametrize(("share", "cosphi"), [(0.5, 1.0), (0.75, 0.975), (1.0, 0.95)])
def test_cosphi_of_p_is_under_excited(share: float, cosphi: float) -> None:
    inverter = device(share)
    inverter.set_reactive("cosphi_p")
    p, q = _settled(inverter)
    assert abs(p) * PN / math.hypot(p * PN, q) == pytest.approx(cosphi, abs=0.003)
    assert q < 0.01 * SN


def test_fixed_q_is_positive_inductive() -> None:
    inverter = device(0.0)
    inverter.set_reactive("fixed", 3000.0)
    assert _settled(inverter)[1] == pytest.approx(-3000, abs=0.01 * SN)


def test_apparent_power_is_limited() -> None:
    inverter = device(1.0)
    inverter.set_reactive("fixed", -10_000.0)
    p, q = _settled(inverter)
    assert math.hypot(p * PN, q) == pytest.approx(SN, rel=1e-3)
    assert q == pytest.approx(10_000, rel=0.01)


def test_volt_watt_holds_export_alone() -> None:
    for share, expected in ((1.0, 0.754), (-1.0, -1.0)):
        settings = replace(SETTINGS, stages=(), u_over_10min=None)
        recording = device(share, settings=settings).advance(Script().step(u=1.12).hold(5.0))
        assert export(recording)[-1] == pytest.approx(expected, abs=0.005)


def test_low_voltage_limits_the_current() -> None:
    settings = replace(SETTINGS, stages=())
    recording = device(-1.0, settings=settings).advance(Script().step(u=0.83).hold(3.0))
    assert recording.values("i1")[-1] <= 1.051 * IN


def test_harmonics_and_direct_current_of_the_faultless_unit() -> None:
    recording = device(1.0).advance(Script().hold(0.4), WAVEFORM, rate=10_000)
    spectrum = np.abs(np.fft.rfft(recording.values("i1")[-2000:])) / 1000
    fundamental = spectrum[10]
    assert fundamental / math.sqrt(2) == pytest.approx(PN / 690, rel=0.005)
    assert spectrum[50] / fundamental == pytest.approx(0.01, rel=0.1)
    assert math.sqrt(np.sum(spectrum[20:400] ** 2)) / fundamental < 0.02
    assert abs(np.mean(recording.values("i1")[-2000:])) < 0.001 * IN
