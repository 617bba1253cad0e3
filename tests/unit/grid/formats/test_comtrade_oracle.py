"""Ours against a reader that nobody here wrote: the PyPI package comtrade."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.grid.formats.signals import waveform
from v2gready.grid.formats.comtrade import Form, read_comtrade, write_cff, write_comtrade

comtrade = pytest.importorskip("comtrade")
REVISIONS = [(form, 2013) for form in Form] + [(Form.ASCII, 1999), (Form.BINARY, 1999)]


def _theirs(cfg: bytes, dat: bytes, form: Form) -> comtrade.Comtrade:
    reader = comtrade.Comtrade(ignore_warnings=True)
    reader.read(cfg.decode(), dat.decode() if form is Form.ASCII else dat)
    return reader


@pytest.mark.parametrize(("form", "revision"), REVISIONS)
def test_another_reader_sees_what_we_wrote(form: Form, revision: int) -> None:
    recording = waveform()
    cfg, dat = write_comtrade(recording, form, revision)
    reader = _theirs(cfg, dat, form)
    assert reader.rev_year == str(revision)
    assert reader.total_samples == len(recording)
    assert reader.analog_channel_ids == ["u1", "u2", "u3", "i1", "i2", "i3"]
    assert reader.status_channel_ids == ["s1", "cease"]
    assert np.allclose(reader.time, np.arange(len(recording)) / recording.rate, atol=1e-6)
    for name, values in zip(reader.analog_channel_ids, reader.analog, strict=True):
        assert np.allclose(values, recording.values(name), atol=0.006 if form is not Form.FLOAT32 else 1e-12)
    for name, values in zip(reader.status_channel_ids, reader.status, strict=True):
        assert np.array_equal(values, recording.values(name))


def test_another_reader_sees_our_single_file(tmp_path: Path) -> None:
    recording = waveform()
    for form in (Form.ASCII, Form.FLOAT32):
        path = tmp_path / f"{form}.cff"
        path.write_bytes(write_cff(recording, form))
        reader = comtrade.load(str(path), ignore_warnings=True)
        assert np.allclose(reader.analog[0], recording.values("u1"), atol=0.002)


@given(
    st.sampled_from(REVISIONS),
    st.floats(-10, 10).filter(lambda a: abs(a) > 1e-6),
    st.floats(-100, 100),
    st.sampled_from(["P", "S"]),
)
@settings(max_examples=40, deadline=None)
def test_both_readers_agree_on_scaling(form: tuple[Form, int], a: float, b: float, scaling: str) -> None:
    cfg, dat = write_comtrade(waveform(n=50), *form)
    text = re.sub(
        r"(\r\n2,u2,.*?,V,)[^,]*,[^,]*(,.*?,.*?,.*?),.*?,.*?,P",
        rf"\g<1>{a!r},{b!r}\g<2>,400.0,5.0,{scaling}",
        cfg.decode(),
    )
    ours = read_comtrade(text.encode(), dat)
    theirs = _theirs(text.encode(), dat, form[0])
    ratio = 80.0 if scaling == "S" else 1.0
    expected = np.array(theirs.analog[1]) * ratio
    assert np.allclose(ours.analog[1], expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())
