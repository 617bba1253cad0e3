"""Recordings in tables: CSV as instruments and spreadsheets write it, and Parquet.

A table has a header with names, perhaps with units (``u1 [V]``, or a line of units below), and a column of time or a
rate that the mapping file states.
"""

from __future__ import annotations

import io
import re
from collections.abc import Collection
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from v2gready.grid.formats.errors import RecordingError
from v2gready.grid.formats.layout import Layout
from v2gready.grid.formats.mapping import KNOWN
from v2gready.grid.formats.source import Column, Source, distinct
from v2gready.grid.formats.time_axis import Axis, from_instants
from v2gready.grid.recording import Floats

MAX_VALUES = 100_000_000
"""Parquet packs a billion equal values into a few bytes; more than this (16 channels, 5 min, 20 kHz) is refused."""
_TIME_NAMES = ("t", "time", "zeit", "timestamp", "tijd", "temps")
_UNIT = re.compile(r"^(.*?)\s*(?:\[([^\]]*)\]|\(([^)]*)\))$")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[-+]?(?:nan|inf(?:inity)?)", re.IGNORECASE)
_DECIMALS = re.compile(r"[-+]?\d*\.?(\d*)(?:[eE]([-+]?\d+))?")
_SEPARATORS = (";", "\t", ",", "|")
_SECONDS = {"s": 1.0, "sec": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_RESOLUTION_LOOKS = 200
_A_DATE = 1e7
_REMEDY_TIME = "name the column with time = …, or state rate and rate_override = true, in the mapping file"


@dataclass(frozen=True, slots=True)
class _Header:
    names: list[str]
    units: list[str]
    separator: str
    first: int
    """Index of the first line of data."""


def read_csv(data: bytes, file: str, layout: Layout = Layout(), wanted: Collection[str] = ()) -> Source:  # noqa: B008 - immutable
    """Reads a CSV file.

    Args:
        data: Its content.
        file: Name for messages.
        layout: What the mapping file says about it.
        wanted: Columns to read; none: those with our names, or else all that hold numbers. Others may hold text.

    Raises:
        RecordingError: Naming the line.
    """
    lines = re.split(r"\r\n|\n|\r", _text(data, layout, file))
    while lines and not lines[-1].strip():
        lines.pop()
    header = _header(lines, layout, file)
    rows = lines[header.first :]
    if not rows:
        raise RecordingError(file, "", "there is no line of data", "export the recording again")
    for index, row in enumerate(rows):
        if row.count(header.separator) != len(header.names) - 1:
            what = f"{row.count(header.separator) + 1} fields instead of {len(header.names)}"
            place = f"line {header.first + index + 1}"
            raise RecordingError(file, place, what, "the file is truncated or damaged: export it again")
    if layout.decimal == "," or (not layout.decimal and header.separator != "," and _has_decimal_comma(rows, header)):
        rows = [row.replace(",", ".") for row in rows]
    timed = _time_column(header.names, layout, file)
    chosen = _chosen(header, rows, wanted, timed)
    table = _parsed(rows, header, chosen, file)
    axis = None
    if timed is not None and layout.believed_rate is None:
        scale = layout.time_scale or _SECONDS.get(header.units[timed].lower(), 1.0)
        t, resolution = _instants(rows, header, timed, scale, file)
        axis = from_instants(t, file, resolution=resolution, first_line=header.first + 1)
    axis = axis or _axis_of_rate(len(rows), layout, file)
    columns = {
        header.names[index]: Column(header.units[index], axis.spread(table[:, place]))
        for place, index in enumerate(chosen)
    }
    return Source(file, axis.rate, columns, _stopwatch(axis.start))


def _text(data: bytes, layout: Layout, file: str) -> str:
    try:
        return data.decode(layout.encoding or "utf-8-sig")
    except UnicodeDecodeError:
        if layout.encoding:
            what = f"the text is not {layout.encoding}"
            raise RecordingError(file, "", what, "correct the encoding in the mapping file") from None
        return data.decode("cp1252", errors="replace")
    except LookupError:
        what = f"there is no encoding {layout.encoding!r}"
        raise RecordingError(file, "", what, "write for instance utf-8") from None


def _header(lines: list[str], layout: Layout, file: str) -> _Header:
    at = layout.skip
    while at < len(lines) and (not lines[at].strip() or lines[at].startswith("#")):
        at += 1
    if at >= len(lines):
        raise RecordingError(file, "", "there is no header", "export the recording with a line of column names")
    separator = layout.separator or next((one for one in _SEPARATORS if one in lines[at]), ",")
    fields = [field.strip().strip('"').strip() for field in lines[at].split(separator)]
    if all(_NUMBER.fullmatch(field.replace(",", ".")) for field in fields):
        remedy = "add a line of column names, or say in the mapping file how many lines to skip"
        raise RecordingError(file, f"line {at + 1}", "there is no header, the first line holds numbers", remedy)
    names, units = [], []
    for one in fields:
        match = _UNIT.match(one)
        names.append(match[1] if match else one)
        units.append((match[2] or match[3] or "").strip() if match else "")
    first = at + 1
    if first < len(lines) and not any(units):
        below = [field.strip().strip('"').strip("[]() ") for field in lines[first].split(separator)]
        if len(below) == len(names) and any(below) and not any(any(map(str.isdigit, field)) for field in below):
            units, first = below, first + 1
    return _Header(distinct(names), units, separator, first)


def _has_decimal_comma(rows: list[str], header: _Header) -> bool:
    return any(re.search(r"\d,\d", field) for row in rows[:50] for field in row.split(header.separator))


def _time_column(names: list[str], layout: Layout, file: str) -> int | None:
    if layout.time:
        if layout.time not in names:
            what = f"there is no column {layout.time!r} for the time"
            raise RecordingError(file, "", what, f"choose from {', '.join(names)[:200]}")
        return names.index(layout.time)
    return next((index for index, name in enumerate(names) if name.lower() in _TIME_NAMES), None)


def _chosen(header: _Header, rows: list[str], wanted: Collection[str], timed: int | None) -> list[int]:
    if wanted:
        return [index for index, name in enumerate(header.names) if name in wanted]
    ours = [index for index, name in enumerate(header.names) if name.lower() in KNOWN]
    if ours:
        return ours
    fields = [field.strip() for field in rows[0].split(header.separator)]
    return [index for index, field in enumerate(fields) if index != timed and _NUMBER.fullmatch(field)]


def _parsed(rows: list[str], header: _Header, chosen: list[int], file: str) -> Floats:
    if not chosen:
        return np.empty((len(rows), 0))
    gap = re.compile(rf"(?:(?<=^)|(?<={re.escape(header.separator)}))[ ]*(?={re.escape(header.separator)}|$)")
    try:
        return np.loadtxt(
            (gap.sub("nan", row) for row in rows),
            delimiter=header.separator,
            comments=None,
            usecols=chosen,
            ndmin=2,
        )
    except ValueError:
        for index, row in enumerate(rows):
            fields = row.split(header.separator)
            for column in chosen:
                field = fields[column].strip()
                if field and not _NUMBER.fullmatch(field):
                    place = f"line {header.first + index + 1}"
                    what = f"{header.names[column]} is {field[:40]!r}, not a number"
                    raise RecordingError(file, place, what, "correct it; leave it empty if missing") from None
        raise


def _instants(rows: list[str], header: _Header, column: int, scale: float, file: str) -> tuple[Floats, float]:
    """Seconds, and their resolution: the last digit that is written."""
    fields = [row.split(header.separator)[column].strip().strip('"') for row in rows]
    try:
        if _NUMBER.fullmatch(fields[0]):
            t = np.array(fields, dtype=np.float64) * scale
            looks = fields[:: max(1, len(fields) // _RESOLUTION_LOOKS)]
            return t, max(map(_last_digit, looks)) * scale
        moments = np.array([field.rstrip("Z").replace("/", "-") for field in fields], dtype="datetime64[ns]")
    except ValueError:
        return _bad_time(fields, header, file)
    digits = max(len(field.partition(".")[2].rstrip("Z")) for field in fields[:_RESOLUTION_LOOKS])
    return (moments - moments[0]).astype(np.int64) * 1e-9, 10.0 ** -min(digits, 9)


def _bad_time(fields: list[str], header: _Header, file: str) -> tuple[Floats, float]:
    numeric = bool(_NUMBER.fullmatch(fields[0]))
    for index, field in enumerate(fields):
        try:
            _ = float(field) if numeric else np.datetime64(field.rstrip("Z").replace("/", "-"))
        except ValueError:
            place = f"line {header.first + index + 1}"
            what = f"the time is {field[:40]!r}, neither seconds nor a date like 2026-01-31T12:00:00.000"
            raise RecordingError(file, place, what, _REMEDY_TIME) from None
    raise RecordingError(file, "", "the time cannot be read", _REMEDY_TIME)


def _last_digit(text: str) -> float:
    match = _DECIMALS.fullmatch(text)
    if match is None:
        return 0.0
    return 10.0 ** (int(match[2] or 0) - len(match[1]))


def _stopwatch(start: float) -> float:
    """The first instant, unless it is a date: seconds since 1970 leave no digits for what happens within a cycle."""
    return start if abs(start) < _A_DATE else 0.0


def _axis_of_rate(length: int, layout: Layout, file: str) -> Axis:
    if layout.rate is None:
        raise RecordingError(file, "", "there is neither a column of time nor a rate", _REMEDY_TIME)
    return Axis(layout.rate, 0.0, length, np.arange(length, dtype=np.int64))


def read_parquet(data: bytes, file: str, layout: Layout = Layout(), wanted: Collection[str] = ()) -> Source:  # noqa: B008 - immutable
    """Reads a Parquet file; a unit is taken from the metadata ``unit`` of a column, or from its name. See `read_csv`.

    Raises:
        RecordingError: Malformed, too big, or PyArrow is not installed.
    """
    parquet, arrow_error = _pyarrow(file)
    try:
        content = parquet.ParquetFile(io.BytesIO(data))
        fields = list(content.schema_arrow)
        if content.metadata.num_rows * max(len(fields), 1) > MAX_VALUES:
            what = f"{content.metadata.num_rows} rows of {len(fields)} columns"
            raise RecordingError(file, "", what, f"cut it into parts of at most {MAX_VALUES} values")
        read = _labels(fields)
        names = distinct([name for name, _ in read])
        timed = _time_column(names, layout, file)
        kept = [index for index, name in enumerate(names) if not wanted or name in wanted]
        table = content.read(columns=[fields[index].name for index in {*kept, *([] if timed is None else [timed])}])
    except (arrow_error, OSError) as problem:
        what = f"it is not a Parquet file: {str(problem).splitlines()[0][:120]}"
        raise RecordingError(file, "", what, "export it again") from None
    axis = None
    if not table.num_rows:
        raise RecordingError(file, "", "there is no row", "export the recording again")
    if timed is not None and layout.believed_rate is None:
        t, resolution = _arrow_time(table.column(fields[timed].name), layout, read[timed][1], file)
        axis = from_instants(t, file, resolution=resolution)
    axis = axis or _axis_of_rate(table.num_rows, layout, file)
    columns = {}
    for index in kept:
        values = _arrow_values(table.column(fields[index].name))
        if index != timed and values is not None:
            columns[names[index]] = Column(read[index][1], axis.spread(values))
    return Source(file, axis.rate, columns, _stopwatch(axis.start))


def _pyarrow(file: str) -> tuple[Any, type[Exception]]:
    try:
        arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")  # the extra "bench"
    except ImportError:
        remedy = "install the extra bench: pip install 'v2gready[bench]'"
        raise RecordingError(file, "", "reading Parquet needs PyArrow", remedy) from None
    return parquet, arrow.ArrowException


def _labels(fields: list[Any]) -> list[tuple[str, str]]:
    """Name and unit of each column."""
    labels = []
    for field in fields:
        told = (field.metadata or {}).get(b"unit", b"").decode("utf-8", "replace")
        match = _UNIT.match(field.name)
        labels.append((match[1], told or match[2] or match[3] or "") if match else (field.name, told))
    return labels


def _arrow_values(column: Any) -> Floats | None:
    """A column as numbers, NaN where null; None if it holds something else."""
    kind = str(column.type)
    if not kind.startswith(("int", "uint", "float", "double", "halffloat", "bool")):
        return None
    values = column.cast("uint8") if kind == "bool" else column
    return np.asarray(values.cast("float64", safe=False).to_numpy(), dtype=np.float64)


def _arrow_time(column: Any, layout: Layout, unit: str, file: str) -> tuple[Floats, float]:
    kind = str(column.type)
    if kind.startswith("timestamp"):
        counted = kind.removeprefix("timestamp[").split(",")[0].rstrip("]")
        ticks = np.asarray(column.cast("int64").to_numpy())
        if column.null_count:
            raise RecordingError(file, "", "the time is missing in places", "export again, with a time in each row")
        return (ticks - ticks[0]) * _SECONDS[counted], _SECONDS[counted]
    values = _arrow_values(column)
    if values is None:
        raise RecordingError(file, "", f"the time is of the type {kind}", _REMEDY_TIME)
    scale = layout.time_scale or _SECONDS.get(unit.lower(), 1.0)
    largest = float(np.max(np.abs(values), initial=0.0))
    precision = np.float32 if kind == "float" else np.float64
    resolution = 1.0 if "int" in kind else float(np.spacing(precision(largest)))
    return values * scale, resolution * scale
