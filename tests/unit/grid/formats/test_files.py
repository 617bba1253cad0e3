"""Recordings by path."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.unit.grid.formats.signals import same, waveform
from v2gready.grid.formats.comtrade import write_cff, write_comtrade
from v2gready.grid.formats.errors import RecordingError
from v2gready.grid.formats.files import load_mapping, load_recording, open_source
from v2gready.model.dut import ConfigurationError


def test_ours_need_no_mapping(tmp_path: Path) -> None:
    cfg, dat = write_comtrade(waveform())
    (tmp_path / "a.cfg").write_bytes(cfg)
    (tmp_path / "a.dat").write_bytes(dat)
    (tmp_path / "a.cff").write_bytes(write_cff(waveform()))
    for name in ("a.cfg", "a.dat", "a.cff"):
        assert same(load_recording(tmp_path / name), waveform())


def test_suffixes_in_capitals(tmp_path: Path) -> None:
    cfg, dat = write_comtrade(waveform())
    (tmp_path / "A.CFG").write_bytes(cfg)
    (tmp_path / "A.DAT").write_bytes(dat)
    assert len(load_recording(tmp_path / "A.CFG")) == 800


def test_a_mapping_is_obeyed_even_for_ours(tmp_path: Path) -> None:
    (tmp_path / "a.cff").write_bytes(write_cff(waveform()))
    (tmp_path / "map.toml").write_text('kind = "waveform"\n[channels]\nu1 = "u2"\n', encoding="utf-8")
    recording = load_recording(tmp_path / "a.cff", load_mapping(tmp_path / "map.toml"))
    assert np.array_equal(recording.values("u1"), waveform().values("u2"))
    assert recording.source == "a.cff"


def test_tables_with_our_names(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    t = np.arange(50) / 5000
    (tmp_path / "a.csv").write_text("t,u1\n" + "".join(f"{one:.4f},5\n" for one in t), encoding="utf-8")
    parquet.write_table(pa.table({"t": t, "u1": np.full(50, 5.0)}), tmp_path / "a.parquet")
    for name in ("a.csv", "a.parquet"):
        recording = load_recording(tmp_path / name)
        assert (recording.rate, recording.values("u1").tolist()) == (5000, [5.0] * 50)


def test_a_rate_that_is_believed_reaches_comtrade(tmp_path: Path) -> None:
    cfg, dat = write_comtrade(waveform())
    (tmp_path / "a.cfg").write_bytes(cfg.replace(b"10000.0,800", b"20000.0,800"))
    (tmp_path / "a.dat").write_bytes(dat)
    with pytest.raises(RecordingError, match="the time stamps span"):
        load_recording(tmp_path / "a.cfg")
    text = 'kind = "waveform"\nrate = 10000\nrate_override = true\n[channels]\nu1 = "u1"\n'
    (tmp_path / "map.toml").write_text(text, encoding="utf-8")
    assert load_recording(tmp_path / "a.cfg", load_mapping(tmp_path / "map.toml")).rate == 10_000


def test_what_cannot_be_opened_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.cfg").write_bytes(b"")
    for name, message in (("b.csv", "b.csv: cannot be read"), ("a.cfg", "a.dat: cannot be read"), ("a.xls", "suffix")):
        with pytest.raises(RecordingError, match=message):
            open_source(tmp_path / name)


def test_mapping_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No such file"):
        load_mapping(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("kind = \n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="TOML syntax"):
        load_mapping(tmp_path / "bad.toml")


def test_the_example_of_a_mapping_file_fits_a_file(tmp_path: Path) -> None:
    mapping = load_mapping(Path(__file__).parents[4] / "fixtures" / "recordings" / "mapping-example.toml")
    rows = [f"{k / 10:.1f};1,5;1;1;-2,0;3;4;1".replace(".", ",") for k in range(30)]
    text = "analyser\nsetup 7\nTime;U1;U2;U3;I1;I2;I3;S1\n" + "\n".join(rows)
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    recording = load_recording(tmp_path / "a.csv", mapping)
    assert (recording.rate, len(recording)) == (10_000, 30)
    assert [recording.values(name)[0] for name in ("u1", "i1", "i2", "s1")] == [150, 2, 3, 1]
