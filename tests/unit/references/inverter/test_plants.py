"""Two plants and two ways to run them agree; time goes on without seams."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.references.inverter.device import PN, SETTINGS, WAVEFORM, device, export, power
from v2gready.grid.recording import Recording
from v2gready.grid.script import Script
from v2gready.references.inverter import (
    DEFAULT_RATING,
    Battery,
    Detail,
    IslandLoad,
    cells,
    compiled,
    plant_ideal,
)
from v2gready.references.inverter.design import Design
from v2gready.references.inverter.unit import Unit

SCRIPT = (
    Script()
    .hold(0.5).ramp(f=50.6, rate=0.5).hold(1.5).step(u=0.92).hold(1.0).step(f=50.5, u=(1.0, 0.95, 1.02)).hold(1.0)
    .step(u=0.6).hold(0.2).step(u=1.0).hold(1.0).step(jump=15.0).hold(0.5)
)  # fmt: skip


def _means(recording: Recording, width: float) -> tuple[np.ndarray, np.ndarray]:
    """Export and reactive export in pu, of either kind of recording, in windows."""
    if "p" in recording.channels:
        n = round(width * recording.rate)
        p, q = -recording.values("p"), -recording.values("q")
    else:
        n = round(width * recording.rate)
        u = [recording.values(f"u{k}") for k in (1, 2, 3)]
        i = [recording.values(f"i{k}") for k in (1, 2, 3)]
        p = -sum(a * b for a, b in zip(u, i, strict=True))
        cross = (u[1] - u[2]) * i[0] + (u[2] - u[0]) * i[1] + (u[0] - u[1]) * i[2]
        q = -cross / np.sqrt(3)
    count = len(p) // n
    return p[: count * n].reshape(count, n).mean(axis=1) / PN, q[: count * n].reshape(count, n).mean(axis=1) / PN


@pytest.mark.parametrize("share", [0.8, -0.8])
def test_plants_agree_where_nothing_is_fast(share: float) -> None:
    script = Script().hold(0.5).ramp(f=50.5, rate=0.25).hold(1.0).ramp(u=0.95, seconds=1.0).hold(1.0)
    slow, quick = device(share), device(share)
    for inverter in (slow, quick):
        inverter.set_reactive("fixed", 2000.0)
        inverter.advance(Script().hold(3.0))
    coarse = _means(slow.advance(script, Detail.PHASOR, rate=1000), 0.1)
    fine = _means(quick.advance(script, WAVEFORM, rate=10_000), 0.1)
    assert np.abs(coarse[0] - fine[0]).max() < 0.01
    assert np.abs(coarse[1] - fine[1]).max() < 0.01
    assert quick.soc == pytest.approx(slow.soc, rel=1e-4)


@pytest.mark.parametrize("detail", list(Detail))
def test_compiled_and_interpreted_agree(detail: Detail) -> None:
    pytest.importorskip("numba")
    rate = 10_000 if detail is WAVEFORM else 500
    real, same = (device(0.7, fast=fast).advance(SCRIPT, detail, rate=rate) for fast in (False, True))
    for name in real.channels:
        scale = max(1.0, float(np.abs(real.values(name)).max()))
        # Channels are single precision: equal but for the last bit.
        assert np.abs(real.values(name) - same.values(name)).max() / scale < 2e-7


def test_compiled_and_interpreted_state_agrees() -> None:
    pytest.importorskip("numba")
    states = []
    for fast in (False, True):
        inverter = device(0.7, fast=fast)
        inverter.advance(SCRIPT, WAVEFORM, rate=10_000)
        unit = inverter._unit
        states.append(np.concatenate([np.asarray(cells, dtype=float) for cells in (unit._s, unit._m, unit._y)]))
    assert np.allclose(states[0], states[1], rtol=1e-9, atol=1e-9)


DESIGNS = [Design(), Design(fifth=0.03, seventh=0.02, dc_share=0.01, unbalance=0.1), Design(fifth=0.0, seventh=0.0)]
ROUGH = (
    Script()
    .hold(0.0337).step(f=51.0, jump=20.0).hold(0.3).step(u=(1.0, 0.5, 0.9), angles=(0.0, 10.0, -15.0)).hold(0.2)
    .step(u=0.0).hold(0.1).step(u=1.0, angles=(0.0, 0.0, 0.0)).hold(0.3).ramp(f=53.0, rate=10.0).hold(0.3)
)  # fmt: skip


@pytest.mark.parametrize("rate", [10_000, 20_000])
@pytest.mark.parametrize("generation", [None, 0.0, 9000.0])
@pytest.mark.parametrize("design", DESIGNS)
def test_the_plant_in_arrays_is_the_plant_sample_by_sample(
    design: Design, generation: float | None, rate: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    share = -0.5 if generation else 0.5
    recordings, states = [], []
    for arrays in (True, False):
        if not arrays:
            monkeypatch.setattr(plant_ideal, "is_ideal", lambda _: False)
        unit = Unit(DEFAULT_RATING, Battery(), SETTINGS, design)
        unit.command(cells.C_SETPOINT, share)
        unit.advance(Script().hold(5.0), Detail.PHASOR, 50.0)
        if generation is not None:
            unit.set_load(IslandLoad.for_power(share * PN, DEFAULT_RATING, generation=generation))
        first, *rest = (unit.advance(piece, WAVEFORM, rate) for piece in _pieces(ROUGH))
        for recording in rest:
            first = first.then(recording)
        states.append(np.concatenate([unit._s, unit._m, unit._y, unit._quarter, unit._cycle]))
        # What is open runs sample by sample, from the state that either left.
        unit.open_switch()
        recordings.append(first.then(unit.advance(Script().hold(0.1), WAVEFORM, rate)))
    assert float(np.abs(recordings[0].values("i1")).max()) > 5.0
    assert bool(unit.state(cells.S_TRIPS))
    for name in recordings[0].channels:
        one, other = (recording.values(name) for recording in recordings)
        assert np.abs(one - other).max() / max(1.0, float(np.abs(one).max())) < 2e-7
    assert np.allclose(states[0], states[1], rtol=1e-9, atol=1e-9)


def test_the_digest_names_what_the_compiled_loop_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("V2GREADY_NUMBA", "0")
    assert not compiled.available()
    assert len(compiled._digest()) == 12


def _pieces(script: Script) -> list[Script]:
    """One script for each segment."""
    return [Script((segment,), segment.f[1], segment.u_end, segment.angles) for segment in script.segments]


@pytest.mark.parametrize(("detail", "rate", "tolerance"), [(WAVEFORM, 10_000, 1e-6), (Detail.PHASOR, 100, 2e-4)])
def test_pieces_equal_the_whole(detail: Detail, rate: float, tolerance: float) -> None:
    whole = device(0.7).advance(SCRIPT, detail, rate=rate)
    inverter = device(0.7)
    first, *rest = (inverter.advance(piece, detail, rate=rate) for piece in _pieces(SCRIPT))
    for recording in rest:
        assert recording.start == pytest.approx(first.start + first.duration)
        first = first.then(recording)
    assert len(first) == len(whole)
    for name in whole.channels:
        scale = max(1.0, float(np.abs(whole.values(name)).max()))
        assert np.abs(whole.values(name) - first.values(name)).max() / scale < tolerance


def test_samples_stay_on_one_grid_of_time() -> None:
    inverter = device(0.5)
    parts = [inverter.advance(Script().hold(0.0333), WAVEFORM, rate=10_000) for _ in range(7)]
    assert sum(len(part) for part in parts) == round(7 * 0.0333 * 10_000)
    joined = parts[0]
    for part in parts[1:]:
        joined = joined.then(part)
    u = joined.values("u1")
    assert np.abs(np.diff(u)).max() < 1.001 * np.sqrt(2) * 230 * 2 * np.pi * 50 / 10_000


def test_same_seed_same_samples() -> None:
    one, two = (device(0.7).advance(SCRIPT, WAVEFORM, rate=10_000) for _ in range(2))
    assert all(np.array_equal(one.values(name), two.values(name)) for name in one.channels)


def test_changing_the_plant_keeps_the_state() -> None:
    inverter = device(0.5)
    assert power(inverter.advance(Script().step(f=50.1).hold(0.5), WAVEFORM, rate=10_000), since=0.3) == pytest.approx(
        0.5, abs=1e-3
    )
    back = inverter.advance(Script(frequency=50.1).hold(1.0))
    assert np.abs(export(back) - 0.5).max() < 1e-3
    again = inverter.advance(Script(frequency=50.1).hold(0.2), WAVEFORM, rate=20_000)
    assert power(again) == pytest.approx(0.5, abs=2e-3)


def test_a_weak_grid_lifts_the_voltage() -> None:
    inverter = device(1.0)
    inverter.set_grid_impedance(0.24, 0.15 / 314.16)
    recording = inverter.advance(Script().hold(0.5), WAVEFORM, rate=10_000)
    u = float(np.sqrt(np.mean(recording.values("u1")[-2000:] ** 2)))
    assert u == pytest.approx(230 + 0.24 * 15.7, abs=0.4)


@pytest.mark.parametrize(("script", "rate"), [(Script(), 10_000), (Script().hold(1.0), 1000)])
def test_misuse(script: Script, rate: float) -> None:
    with pytest.raises(ValueError, match=r"segments|kHz"):
        device().advance(script, WAVEFORM, rate=rate)
