"""The data file (DAT) of a COMTRADE record: numbers in, bytes out, and back.

Nothing is allocated on the word of the configuration: a declared count that the file cannot hold is refused first.
Source: IEEE C37.111-1999 and -2013, clause "Data file"; the 1991 edition differs in its marks for missing data.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from v2gready.grid.formats.comtrade.configuration import Configuration, Form
from v2gready.grid.formats.errors import RecordingError
from v2gready.grid.recording import Floats, Stored

Counts = NDArray[np.int64]
MISSING_STAMP = 0xFFFFFFFF
_ANALOG_TYPE = {Form.BINARY: "<i2", Form.BINARY32: "<i4", Form.FLOAT32: "<f4"}
_FULL_SCALE = {Form.ASCII: 99_998, Form.BINARY: 32_767, Form.BINARY32: 2_147_483_647}
_MISSING_ASCII = {1991: 999_999, 1999: 99_999, 2013: 99_999}
_NOTHING_BETWEEN = re.compile(r"(?:^|(?<=,))[ \t]*(?=,|$)")


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """The content of a data file.

    Attributes:
        numbers: Sample numbers.
        stamps: Time stamps in the unit of the file; -1 where missing.
        analog: Scaled values of each analog channel, NaN where missing.
        status: Values of each status channel.
    """

    numbers: Counts
    stamps: Counts
    analog: tuple[Stored, ...]
    status: tuple[NDArray[np.uint8], ...]


def decode(data: bytes, configuration: Configuration, file: str) -> Samples:
    """Reads a data file.

    Raises:
        RecordingError: Truncated, too long, or not what the configuration says.
    """
    if configuration.form is Form.ASCII:
        return _decode_ascii(data, configuration, file)
    return _decode_binary(data, configuration, file)


def _row(configuration: Configuration) -> np.dtype[np.void]:
    analog, words = len(configuration.analog), -(-len(configuration.status) // 16)
    kind = _ANALOG_TYPE[configuration.form]
    return np.dtype([("number", "<u4"), ("stamp", "<u4"), ("analog", kind, (analog,)), ("status", "<u2", (words,))])


def _decode_binary(data: bytes, configuration: Configuration, file: str) -> Samples:
    row = _row(configuration)
    held, rest = divmod(len(data), row.itemsize)
    _check_count(held, configuration, file, f"offset {held * row.itemsize}")
    if rest:
        what = f"{rest} bytes are left after {held} samples of {row.itemsize} bytes"
        raise RecordingError(file, f"offset {held * row.itemsize}", what, "check type and channels in the CFG")
    table = np.frombuffer(data, dtype=row)
    stamps = table["stamp"].astype(np.int64)
    stamps[stamps == MISSING_STAMP] = -1
    status = tuple(
        ((table["status"][:, index // 16] >> (index % 16)) & 1).astype(np.uint8)
        for index in range(len(configuration.status))
    )
    missing = {
        Form.BINARY: -1 if configuration.revision == 1991 else -32_768,
        Form.BINARY32: -2_147_483_648,
        Form.FLOAT32: float(np.finfo(np.float32).min),
    }[configuration.form]
    analog = tuple(
        _scaled(table["analog"][:, index], channel.a, channel.b, missing)
        for index, channel in enumerate(configuration.analog)
    )
    return Samples(table["number"].astype(np.int64), stamps, analog, status)


def _scaled(raw: NDArray[np.generic], a: float, b: float, missing: float) -> Stored:
    absent = raw == missing
    if raw.dtype == np.dtype("<f4") and (a, b) == (1.0, 0.0):
        values: Stored = np.array(raw, dtype=np.float32)  # exactly what was stored
    else:
        with np.errstate(over="ignore", invalid="ignore"):
            values = np.asarray(a * raw.astype(np.float64) + b)
    values[absent] = np.nan
    return values


def _decode_ascii(data: bytes, configuration: Configuration, file: str) -> Samples:
    text = data.decode("latin-1").replace("\x1a", "").strip()
    analog, status = len(configuration.analog), len(configuration.status)
    columns = 2 + analog + status
    lines = [line for line in re.split(r"\r\n|\n|\r", text) if line.strip()]
    _check_count(len(lines), configuration, file, f"line {len(lines)}")
    for number, line in enumerate(lines, 1):
        if line.count(",") != columns - 1:
            what = f"{line.count(',') + 1} values instead of {columns}"
            raise RecordingError(file, f"line {number}", what, "copy the file again, or correct the counts in the CFG")
    table = _numbers([_NOTHING_BETWEEN.sub("nan", line) for line in lines], columns, file)
    missing = _MISSING_ASCII[configuration.revision]
    if not np.all(np.isfinite(table[:, 0])):
        bad = int(np.flatnonzero(~np.isfinite(table[:, 0]))[0]) + 1
        raise RecordingError(file, f"line {bad}", "there is no sample number", "copy the file again")
    states = table[:, 2 + analog :]
    if not np.all((states == 0) | (states == 1)):
        bad = int(np.flatnonzero(~np.all((states == 0) | (states == 1), axis=1))[0]) + 1
        raise RecordingError(file, f"line {bad}", "a status is neither 0 nor 1", "check the counts in the CFG")
    stamps = table[:, 1]
    usable = np.isfinite(stamps) & (np.abs(stamps) < 2.0**62)
    return Samples(
        table[:, 0].astype(np.int64),
        np.where(usable, np.where(usable, stamps, 0.0), -1.0).astype(np.int64),
        tuple(
            _scaled(table[:, 2 + index], channel.a, channel.b, missing)
            for index, channel in enumerate(configuration.analog)
        ),
        tuple(states[:, index].astype(np.uint8) for index in range(status)),
    )


def _numbers(lines: list[str], columns: int, file: str) -> Floats:
    if not lines:
        return np.empty((0, columns))
    try:
        return np.loadtxt(lines, delimiter=",", comments=None, ndmin=2)
    except ValueError:
        number, field = _first_bad(lines)
        what = f"{field[:40]!r} is not a number"
        raise RecordingError(file, f"line {number}", what, "copy the file again from the recorder") from None


def _first_bad(lines: list[str]) -> tuple[int, str]:
    for number, line in enumerate(lines, 1):
        for field in line.split(","):
            try:
                float(field)
            except ValueError:
                return number, field
    return len(lines), lines[-1]


def _check_count(held: int, configuration: Configuration, file: str, place: str) -> None:
    declared = configuration.samples
    if held < declared:
        what = f"the file ends after {held} of {declared} samples"
        raise RecordingError(file, place, what, "it is truncated: copy it again from the recorder")
    if held > declared + 1:  # recorders of several makes write the index of the last sample instead of their count
        what = f"the file holds {held} samples, the configuration declares {declared}"
        raise RecordingError(file, place, what, "check type, channels and sample count in the CFG")


def full_scale(form: Form) -> float:
    """Largest raw number of a form."""
    return float(_FULL_SCALE.get(form, 3.4028234663852886e38))


def scaling(values: Stored, form: Form) -> tuple[float, float]:
    """Multiplier a and offset b with which a channel uses the full scale of a form."""
    if form is Form.FLOAT32:
        return 1.0, 0.0
    finite = np.asarray(values, dtype=np.float64)[np.isfinite(values)]
    if not finite.size:
        return 1.0, 0.0
    low, high = float(finite.min()), float(finite.max())
    middle, half = low / 2 + high / 2, high / 2 - low / 2
    a = half / _FULL_SCALE[form]
    return (a, middle) if a > 0 else (1.0, middle)


def encode(configuration: Configuration, analog: tuple[Stored, ...], status: tuple[Stored, ...]) -> bytes:
    """The bytes of a data file, scaled as the configuration says, with evenly spaced time stamps.

    Values that are not finite become the mark for missing data; `Form.FLOAT32` keeps them as they are.
    """
    count, form = configuration.samples, configuration.form
    numbers = np.arange(1, count + 1, dtype=np.int64)
    stamps = np.zeros(count, dtype=np.int64)
    if count:
        stamps = np.rint((numbers - 1) / configuration.segments[0].rate / configuration.time_unit).astype(np.int64)
    if form is Form.ASCII:
        return _encode_ascii(configuration, numbers, stamps, analog, status)
    table = np.zeros(count, dtype=_row(configuration))
    table["number"], table["stamp"] = numbers, stamps
    for index, (channel, values) in enumerate(zip(configuration.analog, analog, strict=True)):
        if form is Form.FLOAT32:
            with np.errstate(over="ignore"):
                table["analog"][:, index] = values
        else:
            missing = -_FULL_SCALE[form] - 1
            table["analog"][:, index] = _integers(values, channel.a, channel.b, form, missing)
    for index, values in enumerate(status):
        table["status"][:, index // 16] |= (np.asarray(values) != 0).astype(np.uint16) << np.uint16(index % 16)
    return table.tobytes()


def _integers(values: Stored, a: float, b: float, form: Form, missing: int) -> Counts:
    wide = np.asarray(values, dtype=np.float64)
    finite = np.isfinite(wide)
    full = _FULL_SCALE[form]
    # The quotient may pass the full scale by a rounding error of its own.
    x = np.clip(np.rint((np.where(finite, wide, b) - b) / a), -full, full)
    return np.asarray(np.where(finite, x, missing), dtype=np.int64)


def _encode_ascii(
    configuration: Configuration,
    numbers: Counts,
    stamps: Counts,
    analog: tuple[Stored, ...],
    status: tuple[Stored, ...],
) -> bytes:
    missing = _MISSING_ASCII[configuration.revision]
    columns = [
        numbers,
        stamps,
        *(
            _integers(values, channel.a, channel.b, Form.ASCII, missing)
            for channel, values in zip(configuration.analog, analog, strict=True)
        ),
        *(np.asarray(values, dtype=np.float64).astype(np.int64) for values in status),
    ]
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return "".join(",".join(map(str, row)) + "\r\n" for row in rows).encode("ascii")
