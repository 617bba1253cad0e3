"""CSV in the shapes in which it comes, Parquet, and time axes that are none."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from v2gready.grid.formats.errors import RecordingError
from v2gready.grid.formats.layout import Layout
from v2gready.grid.formats.source import Source
from v2gready.grid.formats.tables import read_csv, read_parquet

T = [0.0, 0.1, 0.2, 0.3]
U = [230.5, -1.25, 3.0, 4e2]


def table(
    head: str = "t [s],u1 [V],i1 [mA]",
    separator: str = ",",
    decimal: str = ".",
    time: Callable[[float], str] = lambda t: f"{t:.1f}",
    end: str = "\n",
) -> str:
    rows = [f"{time(t)}{separator}{u}{separator}{-u}" for t, u in zip(T, U, strict=True)]
    return end.join([head.replace(",", separator), *(row.replace(".", decimal) for row in rows)]) + end


def read(text: str, layout: Layout | None = None, wanted: set[str] | None = None) -> Source:
    return read_csv(text.encode(), "rec.csv", layout or Layout(), wanted or set())


VARIANTS = {
    "plain": table(),
    "semicolon": table(separator=";"),
    "decimal comma": table(separator=";", decimal=","),
    "tab and decimal comma": table(separator="\t", decimal=","),
    "units in brackets": table("t (s),u1 (V),i1 (mA)"),
    "units below": table("t,u1,i1\ns,V,mA"),
    "units below in brackets": table("t,u1,i1\n[s],[V],[mA]"),
    "quotes": table('"t [s]","u1 [V]","i1 [mA]"'),
    "byte order mark": "\ufeff" + table(),
    "comments": "# from the lab\n\n" + table(),
    "carriage returns": table(end="\r\n"),
    "milliseconds": table("t [ms],u1 [V],i1 [mA]", time=lambda t: f"{t * 1e3:.0f}"),
    "dates": table(time=lambda t: f"2026-03-01T10:00:{t:06.3f}Z"),
    "German header": table("Zeit [s],u1 [V],i1 [mA]"),
}


@pytest.mark.parametrize("text", VARIANTS.values(), ids=VARIANTS)
def test_variants(text: str) -> None:
    source = read(text)
    assert source.rate == pytest.approx(10.0)
    assert source.columns["u1"].values.tolist() == U
    assert source.columns["i1"].values.tolist() == [-u for u in U]
    assert (source.columns["u1"].unit, source.columns["i1"].unit) == ("V", "mA")


def test_a_mapping_may_say_how_to_read() -> None:
    text = "Instrument;1\nblock;2\n" + table("x,UL1,IL1", separator=";", decimal=",")
    source = read(text, Layout(skip=2, time="x", time_unit="ms", separator=";", decimal=","), {"UL1"})
    assert (source.rate, list(source.columns)) == (pytest.approx(10_000.0), ["UL1"])


def test_columns_that_nobody_wants_may_hold_text() -> None:
    text = "t,u1,status\n0.0,1,ok\n0.1,2,over range\n"
    assert read(text).columns["u1"].values.tolist() == [1, 2]
    assert list(read("t,UL1,status\n0.0,1,ok\n0.1,2,ok\n").columns) == ["UL1"]


def test_an_empty_field_is_a_missing_value() -> None:
    values = read("u1,t,i1\n,0.0,1\n2,0.1,\n3,0.2,3\n").columns
    assert np.isnan(values["u1"].values).tolist() == [True, False, False]
    assert np.isnan(values["i1"].values).tolist() == [False, True, False]


def test_a_rate_instead_of_a_time() -> None:
    assert read("u1,i1\n1,2\n3,4\n", Layout(rate=20_000.0)).rate == 20_000
    believed = read("t,u1\n0,2\n0,4\n", Layout(rate=20_000.0, rate_override=True))
    assert (believed.rate, believed.columns["u1"].values.tolist()) == (20_000, [2, 4])
    with pytest.raises(RecordingError, match="neither a column of time nor a rate"):
        read("u1,i1\n1,2\n3,4\n")


def test_the_axis_starts_where_the_stopwatch_did_but_not_at_a_date() -> None:
    assert read("t,u1\n-0.5,1\n-0.4,2\n-0.3,2\n").start == -0.5
    assert read("t,u1\n1700000000.5,1\n1700000000.6,2\n1700000000.7,2\n").start == 0.0


def test_lost_lines_stay_open() -> None:
    text = "t,u1\n" + "".join(f"{k / 1000:.3f},{k}\n" for k in range(40) if k not in range(10, 15))
    values = read(text).columns["u1"].values
    assert len(values) == 40
    assert np.flatnonzero(np.isnan(values)).tolist() == [10, 11, 12, 13, 14]
    assert values[15] == 15


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "there is no header"),
        ("# nothing\n", "there is no header"),
        ("1,2\n3,4\n", "line 1: there is no header, the first line holds numbers"),
        ("t,u1\n", "there is no line of data"),
        ("t,u1\n0.0,1\n0.1\n", "line 3: 1 fields instead of 2"),
        ("t,u1\n0.0,1\n0.1,x\n", "line 3: u1 is 'x', not a number"),
        ("t,u1\n0.0,1\nx,2\n", "line 3: the time is 'x'"),
        ("t,u1\nnoon,1\n0.1,2\n", "line 2: the time is 'noon'"),
        ("t,u1\n0.0,1\n,2\n0.2,3\n", "line 3: the time is ''"),
        ("t,u1\n0.0,1\n", "1 samples give no time axis"),
        ("t,u1\n0.0,1\n0.1,2\n0.1,3\n", "line 4: the time does not ascend"),
        ("t,u1\n0.0,1\n0.1,2\n0.05,3\n", "line 4: the time does not ascend"),
        ("t,u1\n" + "".join(f"{k + 0.4 * (k == 7):.3f},1\n" for k in range(20)), "the sampling is irregular"),
        ("t,u1\n" + "".join(f"{k + 1e6 * (k > 9):.3f},1\n" for k in range(20)), "cut the recording into parts"),
        ("t,u1\n" + "".join(f"{k // 2 + k / 1e9:.9f},1\n" for k in range(20)), "irregular|drift|cut the recording"),
    ],
)
def test_what_is_wrong_is_named(text: str, message: str) -> None:
    with pytest.raises(RecordingError, match=message) as caught:
        read(text)
    assert "\n" not in str(caught.value)


def test_too_few_digits_are_named() -> None:
    text = "t,u1\n" + "".join(f"{k / 3000:.4f},1\n" for k in range(60))
    with pytest.raises(RecordingError, match="too coarse for 2995"):
        read(text)


def test_an_unknown_column_of_time_is_named() -> None:
    with pytest.raises(RecordingError, match="no column 'clock' for the time; choose from t, u1"):
        read("t,u1\n0,1\n", Layout(time="clock"))


def test_encodings() -> None:
    assert "Spannung°" in read_csv("t,Spannung°\n0.0,1\n0.1,2\n".encode("cp1252"), "rec.csv").columns
    with pytest.raises(RecordingError, match="the text is not ascii"):
        read("t,Spannung°\n0.0,1\n", Layout(encoding="ascii"))
    with pytest.raises(RecordingError, match="no encoding 'klingon'"):
        read("t,u1\n0.0,1\n", Layout(encoding="klingon"))


@given(
    st.sampled_from([50.0, 999.0, 1234.5, 10_000.0, 12_800.0, 20_000.0]),
    st.integers(6, 9),
    st.integers(2, 300),
    st.floats(-10, 1000),
)
@example(1234.5, 6, 8, 0.0)
@settings(max_examples=60, deadline=None)
def test_the_rate_is_found_through_rounding(rate: float, digits: int, n: int, start: float) -> None:
    text = "t,u1\n" + "".join(f"{start + k / rate:.{digits}f},1\n" for k in range(n))
    source = read(text)
    assert len(source.columns["u1"].values) == n
    # A digit for the rounded ends of the span, and one for the rounder rate that these do not rule out.
    span = (n - 1) / rate
    assert abs((n - 1) / source.rate - span) <= 2 * 10.0**-digits + 1e-9 * span + 1e-12


@given(st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_whatever_the_bytes_nothing_but_a_recording_error_comes_out(data: bytes) -> None:
    for text in (data, b"t,u1\n" + data, b"t;u1\n0;1\n" + data):
        try:
            read_csv(text, "rec.csv")
        except RecordingError as error:
            assert error.file == "rec.csv"  # noqa: PT017 - either outcome is right


parquet = pytest.importorskip("pyarrow.parquet")
arrow = pytest.importorskip("pyarrow")


def packed(metadata: dict[str, str] | None = None, **columns: object) -> bytes:
    fields = {name: arrow.array(values) for name, values in columns.items()}
    schema = arrow.schema(
        [arrow.field(name, one.type, metadata={"unit": (metadata or {}).get(name, "")}) for name, one in fields.items()]
    )
    buffer = io.BytesIO()
    parquet.write_table(arrow.table(list(fields.values()), schema=schema), buffer)
    return buffer.getvalue()


def test_parquet() -> None:
    data = packed({"UL1": "kV"}, t=T, UL1=U, closed=[True, True, False, None], note=["a", "b", "c", "d"])
    source = read_parquet(data, "rec.parquet")
    assert (source.rate, list(source.columns)) == (10.0, ["UL1", "closed"])
    assert source.columns["UL1"].unit == "kV"
    assert source.columns["UL1"].values.tolist() == U
    assert np.array_equal(source.columns["closed"].values, [1, 1, 0, np.nan], equal_nan=True)
    assert list(read_parquet(data, "rec.parquet", wanted={"closed"}).columns) == ["closed"]


def test_parquet_units_in_names_and_times_as_dates() -> None:
    moments = np.array(["2026-01-01T00:00:00.000", "2026-01-01T00:00:00.050"], dtype="datetime64[us]")
    source = read_parquet(packed(**{"time": moments, "u1 [V]": [1.0, 2.0]}), "rec.parquet")
    assert (source.rate, source.columns["u1"].unit) == (20.0, "V")


def test_parquet_time_in_single_precision_is_as_coarse_as_it_is() -> None:
    t = (np.arange(4000) / 10_000).astype(np.float32)
    assert read_parquet(packed(t=t, u1=np.zeros(4000)), "rec.parquet").rate == pytest.approx(10_000, rel=1e-5)
    late = (1000 + np.arange(4000) / 10_000).astype(np.float32)
    with pytest.raises(RecordingError, match="ascend|coarse"):
        read_parquet(packed(t=late, u1=np.zeros(4000)), "rec.parquet")


def test_parquet_that_is_wrong_is_named() -> None:
    whole = packed(t=T, u1=U)
    for data in (b"", b"PAR1", whole[: len(whole) // 2], whole[:-4] + b"XXXX"):
        with pytest.raises(RecordingError, match="it is not a Parquet file"):
            read_parquet(data, "rec.parquet")
    with pytest.raises(RecordingError, match="there is no row"):
        read_parquet(packed(t=np.zeros(0), u1=np.zeros(0)), "rec.parquet")
    with pytest.raises(RecordingError, match="the time is of the type string"):
        read_parquet(packed(t=["a", "b"], u1=[1.0, 2.0]), "rec.parquet")
    with pytest.raises(RecordingError, match="the time is missing"):
        read_parquet(packed(t=[0.0, None, 0.2], u1=[1.0, 2.0, 3.0]), "rec.parquet")


def test_parquet_that_swells_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("v2gready.grid.formats.tables.MAX_VALUES", 100)
    with pytest.raises(RecordingError, match="200 rows of 1 columns; cut it into parts of at most 100 values"):
        read_parquet(packed(u1=np.zeros(200)), "rec.parquet", Layout(rate=10.0))


def test_without_pyarrow_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(RecordingError, match=r"install the extra bench: pip install 'v2gready\[bench\]'"):
        read_parquet(b"", "rec.parquet")
