"""Records as recorders of three editions write them, and damaged ones."""

from __future__ import annotations

import contextlib
import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.grid.formats.signals import sine, waveform
from v2gready.grid.formats.comtrade import Form, RecordingError, read_cff, read_comtrade, write_cff, write_comtrade
from v2gready.grid.recording import Channel, Kind, Recording

CFG_1999 = """Umspannwerk Süd,REL 1,1999
3,2A,1D
1,UL1,A,,kV,0.001,0.5,0,-32767,32767,20000,100,S
2,IL1,A,,A,0.01,0,25,-32767,32767,600,1,P
1,trip,,,0
50
1
1000,4
31/12/2025,23:59:59.500000
31/12/2025,23:59:59.502000
ASCII
2
"""
DAT_1999 = "1,0,100,-5,0\r\n2,500,99999,6,0\r\n3,1000,300,,1\r\n4,1500,400,8,1\r\n\x1a"


def read(cfg: str = CFG_1999, dat: str | bytes = DAT_1999, **kwargs: object) -> object:
    return read_comtrade(cfg.encode(), dat.encode() if isinstance(dat, str) else dat, "rec", **kwargs)


def test_ascii_1999() -> None:
    record = read_comtrade(CFG_1999.encode("cp1252"), DAT_1999.encode(), "rec")
    configuration = record.configuration
    assert (configuration.station, configuration.revision) == ("Umspannwerk Süd", 1999)
    assert record.rate == 1000
    assert record.trigger == pytest.approx(0.002)
    # (0.001 x + 0.5) kV on the secondary side of 20000:100
    assert record.analog[0] == pytest.approx([120.0, np.nan, 160.0, 180.0], nan_ok=True)
    assert record.status[0].tolist() == [0, 0, 1, 1]
    source = record.source
    assert source.columns["UL1"].unit == "kV"
    assert source.columns["trip"].digital


def test_the_first_edition() -> None:
    cfg = "station,7\n2,1A,1D\n1,VA,A,,V,0.5,0,0,-2048,2047\n1,52a,0\n60\n1\n960,3\n"
    cfg += "12/31/91,01:02:03.5\n12/31/91,01:02:03.6\nBINARY\n"
    dat = b"".join(struct.pack("<IIhH", k + 1, k * 1042, x, k % 2) for k, x in enumerate((10, -1, -2048)))
    record = read(cfg, dat)
    assert record.configuration.revision == 1991
    start = record.configuration.start.moment
    assert start is not None
    assert start.isoformat() == "1991-12-31T01:02:03.500000+00:00"
    assert record.analog[0] == pytest.approx([5.0, np.nan, -1024.0], nan_ok=True)
    assert record.status[0].tolist() == [0, 1, 0]


def test_many_status_channels_spread_over_words() -> None:
    cfg = "s,d,2013\n18,1A,17D\n1,u1,,,V,1,0,0,0,0,1,1,P\n"
    cfg += "".join(f"{k},d{k},,,0\n" for k in range(1, 18))
    cfg += "50\n1\n1000,1\n01/01/2020,00:00:00.0\n01/01/2020,00:00:00.0\nBINARY32\n1\n"
    record = read(cfg, struct.pack("<IIiHH", 1, 0, -7, 0x8001, 0x0001))
    assert record.analog[0].tolist() == [-7.0]
    assert [int(status[0]) for status in record.status] == [1] + 14 * [0] + [1, 1]


def test_skew_is_taken_out() -> None:
    rate, n, late = 10_000.0, 400, 30e-6
    t = np.arange(n) / rate
    values = (325 * np.sin(2 * np.pi * 50 * (t + late))).astype(np.float32)
    cfg, dat = write_comtrade(Recording(Kind.WAVEFORM, 0.0, rate, {"u1": Channel("u1", "V", values)}))
    record = read_comtrade(cfg.replace(b",V,1.0,0.0,0.0,", b",V,1.0,0.0,30,"), dat)
    true = 325 * np.sin(2 * np.pi * 50 * t)
    assert np.abs(record.analog[0] - true)[2:-2].max() < 1e-3
    assert np.abs(values - true).max() > 3.0


def test_nanosecond_stamps_in_either_unit() -> None:
    for unit in (1, 1000):
        dat = "".join(f"{k + 1},{k * 1_000_000 // unit},1,1,0\n" for k in range(4))
        cfg = CFG_1999.replace("1999", "2013").replace("59.502000", "59.502000000").replace("ASCII\n2", "ASCII\n1")
        assert read(cfg, dat).rate == 1000


def test_time_stamps_alone_give_the_rate() -> None:
    cfg = CFG_1999.replace("\n1\n1000,4\n", "\n0\n0,4\n")
    assert read(cfg).rate == pytest.approx(1000)


def test_a_lost_sample_stays_open() -> None:
    record = read(dat=DAT_1999.replace("3,1000", "4,1500").replace("4,1500,400", "5,2000,400"))
    assert len(record.analog[0]) == 5
    assert np.isnan(record.analog[0][2])
    assert np.isnan(record.status[0][2])
    assert record.analog[0][4] == pytest.approx(180.0)


def test_a_change_of_rate_is_refused_unless_a_part_is_chosen() -> None:
    cfg = CFG_1999.replace("\n1\n1000,4\n", "\n2\n1000,2\n500,4\n").replace("ASCII\n2", "ASCII\n1")
    dat = "1,0,100,1,0\n2,1000,200,1,0\n3,2000,300,1,0\n4,4000,400,1,0\n"
    with pytest.raises(RecordingError, match="samples 1 to 2 at 1000/s, samples 3 to 4 at 500/s; choose one"):
        read(cfg, dat)
    second = read(cfg, dat, segment=2)
    assert (second.rate, second.start) == (500, pytest.approx(0.002))
    assert second.analog[0] == pytest.approx([160, 180])
    with pytest.raises(RecordingError, match="no segment 3"):
        read(cfg, dat, segment=3)
    same = read(cfg.replace("500,4", "1000,4"), dat.replace("4,4000", "4,3000"))
    assert (same.rate, len(same.analog[0])) == (1000, 4)


def test_rate_and_stamps_that_disagree_are_refused_unless_a_rate_is_believed() -> None:
    with pytest.raises(RecordingError, match=r"the time stamps span 0.003 s, the samples at 2000/s span 0.0015 s"):
        read(CFG_1999.replace("1000,4", "2000,4"))
    assert read(CFG_1999.replace("1000,4", "2000,4"), rate=1000.0).rate == 1000


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("3,2A,1D", "4,2A,1D", r"rec.cfg, line 2: 4 channels are not 2 \+ 1"),
        ("3,2A,1D", "999999,999998A,1D", "line 2: 999999 channels are declared, 10 lines follow"),
        ("3,2A,1D", "3,3A,0D", "line 5: an analog channel needs"),
        ("3,2A,1D", "nonsense", "line 2: the numbers of channels"),
        ("0.001", "zero", "line 3: the multiplier a is 'zero', not a number"),
        ("0.001", "nan", "line 3: the multiplier a is 'nan', not a finite number"),
        ("20000,100,S", "0,100,S", "line 3: the ratio 0:100"),
        ("20000,100,S", "20000,100,X", "line 3: the scaling is 'X'"),
        ("\n1\n1000", "\n77\n1000", "line 7: 77 rates are declared, 5 lines follow"),
        ("1000,4", "-1,4", "line 8: the sampling rate is -1"),
        ("1000,4", "1000,x", "line 8: the last sample number is 'x'"),
        ("1000,4", "1000,999999999999", "rec.dat, line 4: the file ends after 4 of 999999999999 samples"),
        ("1000,4", "1000,2", "holds 4 samples, the configuration declares 2"),
        ("31/12/2025,23:59:59.500000", "today", "line 9: 'today' is not a date of the first sample"),
        ("31/12/2025,23:59:59.500000", "31/02/2025,23:59:59.5", "line 9"),
        ("ASCII", "MORSE", "line 11: the data file is of the unknown type 'MORSE'; write one of ASCII"),
        ("ASCII\n2", "ASCII\n0", "line 12: the time multiplier is 0"),
        ("1999", "nineteen", "line 1: the revision year"),
        (
            "50\n1\n1000,4\n31/12/2025,23:59:59.500000\n31/12/2025,23:59:59.502000\nASCII\n2\n",
            "",
            "the file ends before",
        ),
    ],
)
def test_a_damaged_configuration_is_named(old: str, new: str, message: str) -> None:
    assert old in CFG_1999
    with pytest.raises(RecordingError, match=message):
        read(CFG_1999.replace(old, new, 1))


def test_a_count_that_is_the_last_index_is_understood() -> None:
    assert len(read(CFG_1999.replace("1000,4", "1000,3")).analog[0]) == 4


@pytest.mark.parametrize(
    ("dat", "message"),
    [
        (DAT_1999.replace("3,1000,300,,1", "3,1000,300,1"), "rec.dat, line 3: 4 values instead of 5"),
        (DAT_1999.replace("300", "3o0"), "rec.dat, line 3: '3o0' is not a number"),
        (DAT_1999.replace(",,1", ",,2"), "rec.dat, line 3: a status is neither 0 nor 1"),
        (DAT_1999.replace("3,1000", ",1000"), "rec.dat, line 3: there is no sample number"),
        (DAT_1999.replace("3,1000", "2,1000"), "sample 3: the sample number goes from 2 to 2"),
        (DAT_1999.replace("4,1500", "9000,1500"), "4 samples are numbered up to 9000"),
        (DAT_1999[:30], "rec.dat, line 2: "),
        ("", "the file ends after 0 of 4 samples"),
    ],
)
def test_a_damaged_data_file_is_named(dat: str, message: str) -> None:
    with pytest.raises(RecordingError, match=message):
        read(dat=dat)


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_a_truncated_binary_file_is_always_named(data: st.DataObject) -> None:
    form = data.draw(st.sampled_from([Form.BINARY, Form.BINARY32, Form.FLOAT32]))
    cfg, dat = write_comtrade(waveform(n=50), form)
    cut = data.draw(st.integers(0, len(dat) - 1))
    with pytest.raises(
        RecordingError, match=rf"recording.dat, offset \d+: the file ends after {cut * 50 // len(dat)} of 50"
    ):
        read_comtrade(cfg, dat[:cut])
    whole = write_cff(waveform(n=50), form)
    with pytest.raises(RecordingError):
        read_cff(whole[: len(whole) - data.draw(st.integers(1, len(whole) - 1))])


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_whatever_the_bytes_nothing_but_a_recording_error_comes_out(data: st.DataObject) -> None:
    cfg, dat = write_comtrade(waveform(n=8), data.draw(st.sampled_from(list(Form))))
    hurt = bytearray(data.draw(st.sampled_from([cfg, cfg + b"--- file type: DAT ASCII ---\n" + dat])))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(hurt) - 1))
        hurt[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    for attempt in (lambda: read_comtrade(bytes(hurt), dat), lambda: read_cff(bytes(hurt))):
        with contextlib.suppress(RecordingError):
            attempt()


def test_a_declared_count_allocates_nothing() -> None:
    cfg, dat = write_comtrade(waveform(n=8))
    tracemalloc.start()
    with pytest.raises(RecordingError, match="ends after 8 of 4000000000"):
        read_comtrade(cfg.replace(b"10000.0,8", b"10000.0,4000000000"), dat)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000


def test_a_single_file_whose_data_look_like_a_section_title() -> None:
    tricky = np.frombuffer(b"\n--- file type: HDR ---\n".ljust(32, b"\0"), dtype="<f4")
    recording = Recording(Kind.WAVEFORM, 0.0, 1000.0, {"u1": Channel("u1", "V", tricky)})
    assert np.array_equal(read_cff(write_cff(recording)).recording.channels["u1"].values, tricky)


def test_sections_that_are_missing_or_doubled_are_named() -> None:
    whole = write_cff(waveform(n=20))
    with pytest.raises(RecordingError, match="no section CFG"):
        read_cff(whole[whole.index(b"--- file type: INF") :])
    with pytest.raises(RecordingError, match="no section DAT"):
        read_cff(whole[: whole.index(b"--- file type: DAT")])
    with pytest.raises(RecordingError, match="a second section INF"):
        read_cff(whole.replace(b"file type: HDR", b"file type: INF"))


def test_texts_of_a_single_file_are_kept() -> None:
    whole = write_cff(waveform(n=20)).replace(b"HDR ---\r\n", "HDR ---\r\nPrüfstand 3\r\n".encode())
    assert read_cff(whole).header == "Prüfstand 3\r\n"


def test_an_encoding_that_does_not_fit_is_named() -> None:
    with pytest.raises(RecordingError, match="the text is not ascii"):
        read(encoding="ascii")
    with pytest.raises(RecordingError, match="there is no encoding 'klingon'"):
        read(encoding="klingon")


def test_one_name_twice_is_told_apart() -> None:
    assert list(read(CFG_1999.replace("IL1", "UL1")).source.columns) == ["UL1", "UL1#2", "trip"]


def test_sine_survives_sixteen_bits() -> None:
    values = sine(400, 10_000.0, 325.0)
    cfg, dat = write_comtrade(Recording(Kind.WAVEFORM, 0.0, 10_000.0, {"u1": Channel("u1", "V", values)}), Form.BINARY)
    assert np.abs(read_comtrade(cfg, dat).analog[0] - values).max() <= 325 / 32767 / 2 * 1.001
