"""A recording that somebody else made is judged by the same cases; a bad one never passes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from v2gready.engine.campaign import evaluate, start
from v2gready.engine.catalogue import load_catalogue
from v2gready.engine.preflight import embedded_dut, prepare
from v2gready.engine.recordings import evaluate_recording
from v2gready.engine.run_directory import RunDirectory
from v2gready.engine.selection import Selector
from v2gready.engine.trace_file import TraceFileError, read_trace
from v2gready.grid.formats.comtrade import write_comtrade
from v2gready.grid.formats.files import load_recording
from v2gready.grid.recording import Recording
from v2gready.model.dut import ConfigurationError
from v2gready.model.verdict import Verdict

CATALOGUE = load_catalogue()
READY = prepare(embedded_dut())
CASE = "CHG-GRID-UVRT-01"
DIP_BEGINS = 0.5
"""Seconds into the recording of that case."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of one case on the embedded inverter."""
    out = tmp_path_factory.mktemp("run") / "run"
    campaign = start(CATALOGUE, READY, out, selector=Selector(CASE), scheme="", seed=1)
    (case,) = campaign.pending
    assert campaign.run_case(case).verdict is Verdict.PASS
    return out


@pytest.fixture
def recording(run: Path) -> Recording:
    (path,) = (run / "samples").glob("*.cfg")
    return load_recording(path)


def judge(tmp_path: Path, recording: Recording) -> tuple[Verdict, str]:
    cfg, dat = write_comtrade(recording)
    (tmp_path / "theirs.cfg").write_bytes(cfg)
    (tmp_path / "theirs.dat").write_bytes(dat)
    return judge_file(tmp_path)


def judge_file(tmp_path: Path) -> tuple[Verdict, str]:
    directory = evaluate_recording(
        CATALOGUE, READY, tmp_path / "theirs.cfg", None, tmp_path / "run", selector=Selector(CASE)
    )
    (case,) = [one for one in directory.record.cases if one.info.id == CASE]
    assert json.loads((tmp_path / "run" / "run.json").read_text())["finished"]
    return case.verdict, case.reason


def with_values(recording: Recording, **channels: np.ndarray) -> Recording:
    changed = {
        name: replace(channel, values=channels.get(name, channel.values))
        for name, channel in recording.channels.items()
    }
    return replace(recording, channels=changed)


def test_our_own_recording_gets_the_same_verdict_from_its_file(recording: Recording, tmp_path: Path) -> None:
    assert judge(tmp_path, recording) == (Verdict.PASS, "")


def test_a_gap_is_inconclusive(recording: Recording, tmp_path: Path) -> None:
    holed = recording.values("u1").astype(np.float32)
    holed[2000:2100] = np.nan
    verdict, reason = judge(tmp_path, with_values(recording, u1=holed))
    assert verdict is Verdict.INCONC
    assert "u1" in reason


def test_swapped_phases_are_inconclusive(recording: Recording, tmp_path: Path) -> None:
    swapped = with_values(recording, u1=recording.channels["u2"].values, u2=recording.channels["u1"].values)
    assert judge(tmp_path, swapped)[0] is Verdict.INCONC


def test_a_wrong_rate_is_inconclusive(recording: Recording, tmp_path: Path) -> None:
    assert judge(tmp_path, replace(recording, rate=recording.rate * 1.5))[0] is Verdict.INCONC


def test_a_clipped_channel_is_inconclusive(recording: Recording, tmp_path: Path) -> None:
    clipped = np.clip(recording.channels["i1"].values, -40.0, 40.0)
    assert judge(tmp_path, with_values(recording, i1=clipped))[0] is Verdict.INCONC


def test_a_missing_channel_is_inconclusive(recording: Recording, tmp_path: Path) -> None:
    left = {name: channel for name, channel in recording.channels.items() if name != "i2"}
    assert judge(tmp_path, replace(recording, channels=left))[0] is Verdict.INCONC


def test_a_recording_that_ends_in_the_dip_is_inconclusive(recording: Recording, tmp_path: Path) -> None:
    cut = int(1.1 * recording.rate)
    short = with_values(recording)
    short = replace(
        short, channels={name: replace(one, values=one.values[:cut]) for name, one in short.channels.items()}
    )
    assert judge(tmp_path, short)[0] is Verdict.INCONC


def test_a_dip_that_was_too_shallow_proves_nothing(recording: Recording, tmp_path: Path) -> None:
    lifted = {}
    for name in ("u1", "u2", "u3"):
        values = recording.values(name)
        t = np.arange(len(values)) / recording.rate
        in_dip = (t > DIP_BEGINS) & (t < DIP_BEGINS + 0.2)
        values[in_dip] *= 0.6 / 0.15
        lifted[name] = values.astype(np.float32)
    verdict, reason = judge(tmp_path, with_values(recording, **lifted))
    assert (verdict, reason) == (Verdict.INCONC, "the voltage left 0.16 Un 0 times, number 1 is wanted")


def test_a_truncated_file_is_named(recording: Recording, tmp_path: Path) -> None:
    cfg, dat = write_comtrade(recording)
    (tmp_path / "theirs.cfg").write_bytes(cfg)
    (tmp_path / "theirs.dat").write_bytes(dat[: len(dat) // 2])
    with pytest.raises(ConfigurationError, match="theirs"):
        judge_file(tmp_path)


def test_samples_that_somebody_touched_are_not_judged(run: Path) -> None:
    (path,) = (run / "samples").glob("*.dat")
    octets = path.read_bytes()
    try:
        path.write_bytes(octets[:-1] + b"\x7f")
        with pytest.raises(TraceFileError, match="hash"):
            read_trace(run / "traces" / f"{CASE}.jsonl")
    finally:
        path.write_bytes(octets)


def test_the_mapping_is_kept_with_the_run(recording: Recording, tmp_path: Path) -> None:
    cfg, dat = write_comtrade(recording)
    (tmp_path / "theirs.cfg").write_bytes(cfg)
    (tmp_path / "theirs.dat").write_bytes(dat)
    mapping = tmp_path / "map.toml"
    named = "\n".join(f'{name} = {{ source = "{name}" }}' for name in recording.channels)
    mapping.write_text(f'kind = "waveform"\ncurrent_positive = "into_device"\n[channels]\n{named}\n')
    directory = evaluate_recording(
        CATALOGUE, READY, tmp_path / "theirs.cfg", mapping, tmp_path / "run", selector=Selector(CASE)
    )
    assert (directory.path / "config" / "mapping.toml").read_bytes() == mapping.read_bytes()
    assert next(one.verdict for one in directory.record.cases if one.info.id == CASE) is Verdict.PASS


def test_a_run_of_the_grid_needs_numpy_and_says_so(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("v2gready.engine.campaign.grid_installed", lambda: False)
    with pytest.raises(ConfigurationError, match=r"holds grid cases, and NumPy is not installed; pip install"):
        evaluate(CATALOGUE, RunDirectory.load(run))
