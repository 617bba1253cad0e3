"""What we write comes back: exactly, from FLOAT32; within half a digit, from integers."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.unit.grid.formats.signals import same, waveform
from v2gready.grid.formats.comtrade import Form, RecordingError, read_cff, read_comtrade, write_cff, write_comtrade
from v2gready.grid.recording import Channel, Kind, Recording, Uncertainty

finite = st.floats(allow_nan=False, allow_infinity=False)
positive = st.floats(min_value=0, max_value=1e9, allow_nan=False)
names = st.text(max_size=20)


@st.composite
def recordings(draw: st.DrawFn, *, wild: bool = True) -> Recording:
    n = draw(st.integers(0, 40))
    values = st.floats(width=32) if wild else st.floats(-1e6, 1e6, width=32)
    channels = {}
    for name in draw(st.lists(names, max_size=4, unique=True)):
        column = draw(arrays(np.float32, n, elements=values))
        uncertainty = Uncertainty(draw(positive), draw(positive))
        channels[name] = Channel(name, draw(names), column, uncertainty)
    for name in draw(st.lists(st.sampled_from(["s1", "cease", "u1"]), unique=True)):
        channels[name] = Channel(name, "", draw(arrays(np.float32, n, elements=st.sampled_from([0.0, 1.0]))))
    rate = draw(st.floats(1e-3, 1e6, allow_nan=False))
    return Recording(
        draw(st.sampled_from(Kind)), draw(st.floats(-1e9, 1e9)), rate, channels, draw(names), draw(positive)
    )


def _without_marker(recording: Recording) -> bool:
    """COMTRADE 2013 reserves the lowest single-precision number for missing data."""
    lowest = np.finfo(np.float32).min
    return not any(np.any(channel.values == lowest) for channel in recording.channels.values())


@given(recordings().filter(_without_marker))
@settings(max_examples=80, deadline=None)
def test_float32_comes_back_exactly(recording: Recording) -> None:
    if not recording.channels:
        recording = replace(recording, channels={"u1": Channel("u1", "V", np.zeros(0, np.float32))})
    assert same(read_comtrade(*write_comtrade(recording)).recording, recording)
    assert same(read_cff(write_cff(recording)).recording, recording)


@given(recordings(wild=False), st.sampled_from([Form.ASCII, Form.BINARY, Form.BINARY32]))
@settings(max_examples=60, deadline=None)
def test_integer_forms_come_back_within_half_a_digit(recording: Recording, form: Form) -> None:
    back = read_comtrade(*write_comtrade(recording, form)).recording
    full = {Form.ASCII: 99_998, Form.BINARY: 32_767, Form.BINARY32: 2**31 - 1}[form]
    for name, channel in recording.channels.items():
        spread = float(np.ptp(channel.values.astype(np.float64))) if len(channel.values) else 0.0
        digit = spread / 2 / full
        rounding = np.abs(channel.values).max(initial=0.0) * 1.2e-7 + 1e-40
        assert np.all(np.abs(back.values(name) - recording.values(name)) <= 0.5001 * digit + rounding)


@pytest.mark.parametrize("form", list(Form))
def test_missing_samples_stay_missing(form: Form) -> None:
    recording = waveform(n=40)
    holed = recording.channels["u1"].values.copy()
    holed[7] = math.nan
    recording = replace(recording, channels={**recording.channels, "u1": Channel("u1", "V", holed)})
    back = read_comtrade(*write_comtrade(recording, form)).recording
    assert np.flatnonzero(np.isnan(back.channels["u1"].values)).tolist() == [7]
    assert not np.isnan(back.channels["u2"].values).any()


def test_a_long_recording_keeps_its_time_stamps_within_32_bits() -> None:
    quiet = Recording(Kind.QUANTITIES, 0.0, 0.01, {"f": Channel("f", "Hz", np.full(60, 50.0, np.float32))})
    cfg, dat = write_comtrade(quiet)
    assert b"\r\n10\r\n0,0\r\n" in cfg
    assert same(read_comtrade(cfg, dat).recording, quiet)


def test_the_start_shows_in_the_date_of_the_file() -> None:
    cfg, _ = write_comtrade(waveform(start=3661.5))
    assert b"01/01/2000,01:01:01.500000" in cfg


def test_1999_knows_neither_floats_nor_wide_integers() -> None:
    for form in (Form.FLOAT32, Form.BINARY32):
        with pytest.raises(ValueError, match="1999 has no"):
            write_comtrade(waveform(), form, 1999)
    cfg, dat = write_comtrade(waveform(), Form.BINARY, 1999)
    assert cfg.endswith(b"BINARY\r\n1\r\n")
    assert read_comtrade(cfg, dat).configuration.revision == 1999
    with pytest.raises(ValueError, match="as of 1999 or 2013"):
        write_comtrade(waveform(), Form.ASCII, 1991)


def test_a_foreign_record_is_not_taken_for_ours() -> None:
    cfg, dat = write_comtrade(waveform())
    foreign = read_comtrade(cfg.replace(b"v2gready/1 waveform", b"v2gready/1 nonsense"), dat)
    assert foreign.source.own is None
    with pytest.raises(RecordingError, match="mapping file"):
        _ = foreign.recording
