"""The configuration file (CFG) of a COMTRADE record: channels, rates, dates. Text in, dataclasses out, and back.

Source: IEEE C37.111-1991, -1999 and -2013 (IEC 60255-24:2013), clause "Configuration file".
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from v2gready.grid.formats.errors import RecordingError

MICROSECOND = 1e-6
NANOSECOND = 1e-9
_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{2,4})")
_TIME = re.compile(r"(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d{1,12}))?")
_COUNT = re.compile(r"(\d{1,6})\s*([AD]?)", re.IGNORECASE)


class Form(StrEnum):
    """How the data file holds its numbers."""

    ASCII = "ASCII"
    BINARY = "BINARY"
    """16-bit integers."""
    BINARY32 = "BINARY32"
    """32-bit integers, from 2013 on."""
    FLOAT32 = "FLOAT32"
    """IEEE 754 single precision, from 2013 on."""


@dataclass(frozen=True, slots=True)
class AnalogChannel:
    """One line An of the file.

    Attributes:
        name: Channel identifier.
        phase: Phase identifier.
        circuit: Component that is monitored.
        unit: As written, e.g. ``kV``.
        a: Multiplier: value = a·x + b.
        b: Offset.
        skew: Seconds by which the channel is sampled later than the instant of the sample.
        low: Smallest possible x.
        high: Largest possible x.
        primary: Primary side of the transformer ratio.
        secondary: Its secondary side.
        scaling: ``P`` if a and b give primary values, ``S`` if secondary.
    """

    name: str
    phase: str = ""
    circuit: str = ""
    unit: str = ""
    a: float = 1.0
    b: float = 0.0
    skew: float = 0.0
    low: float = -32767
    high: float = 32767
    primary: float = 1.0
    secondary: float = 1.0
    scaling: str = "P"

    @property
    def to_primary(self) -> float:
        """Factor from values as scaled by a and b to primary values."""
        return self.primary / self.secondary if self.scaling == "S" else 1.0


@dataclass(frozen=True, slots=True)
class StatusChannel:
    """One line Dn of the file."""

    name: str
    phase: str = ""
    circuit: str = ""
    normal: int = 0


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of one rate.

    Attributes:
        rate: Samples per second; 0: the time stamps of the data file say.
        end: Number of its last sample, counted from 1 at the start of the file.
    """

    rate: float
    end: int


@dataclass(frozen=True, slots=True)
class Stamp:
    """A date and time with the resolution of the file.

    Attributes:
        moment: To the microsecond, as UTC: the local time code is not applied. None: the file leaves it out.
        nanoseconds: Beyond the microsecond, 0 to 999.
        fine: The file writes nanoseconds; the data file then counts them too.
    """

    moment: datetime | None = None
    nanoseconds: int = 0
    fine: bool = False

    def since(self, earlier: Stamp) -> float | None:
        """Seconds from another stamp to this one; None if either is missing."""
        if self.moment is None or earlier.moment is None:
            return None
        return (self.moment - earlier.moment).total_seconds() + (self.nanoseconds - earlier.nanoseconds) * NANOSECOND


@dataclass(frozen=True, slots=True)
class Configuration:
    """Everything the configuration file says.

    Attributes:
        station: Name of the station.
        device: Identification of the recorder.
        revision: 1991, 1999 or 2013.
        analog: Analog channels, in the order of the data file.
        status: Status channels, likewise.
        line_frequency: Nominal, Hz; 0 if left out.
        segments: At least one.
        start: Of the first sample.
        trigger: Of the trigger point.
        form: Of the data file.
        time_multiplier: Of the time stamps in the data file.
    """

    station: str = ""
    device: str = ""
    revision: int = 2013
    analog: tuple[AnalogChannel, ...] = ()
    status: tuple[StatusChannel, ...] = ()
    line_frequency: float = 50.0
    segments: tuple[Segment, ...] = (Segment(0.0, 0),)
    start: Stamp = Stamp()
    trigger: Stamp = Stamp()
    form: Form = Form.FLOAT32
    time_multiplier: float = 1.0

    @property
    def samples(self) -> int:
        """Samples in the data file, as declared."""
        return self.segments[-1].end

    @property
    def time_unit(self) -> float:
        """Seconds of one count of a time stamp in the data file."""
        fine = self.start.fine or self.trigger.fine
        return (NANOSECOND if fine else MICROSECOND) * self.time_multiplier


class _Lines:
    """The lines of the file, one after the other, with their numbers for messages."""

    def __init__(self, text: str, file: str) -> None:
        # Some recorders end text with SUB (0x1A); str.splitlines would also break at exotic separators inside names.
        self._lines = re.split(r"\r\n|\n|\r", text.replace("\x1a", ""))
        while self._lines and not self._lines[-1].strip():
            self._lines.pop()
        self._next = 0
        self.file = file

    @property
    def left(self) -> int:
        return len(self._lines) - self._next

    def take(self, what: str) -> list[str]:
        if not self.left:
            remedy = "copy the file again from the recorder"
            raise RecordingError(self.file, f"line {self._next + 1}", f"the file ends before the {what}", remedy)
        self._next += 1
        return [field.strip() for field in self._lines[self._next - 1].split(",")]

    def wrong(self, what: str, remedy: str) -> RecordingError:
        return RecordingError(self.file, f"line {self._next}", what, remedy)

    def number(self, fields: list[str], index: int, name: str, default: float | None = None) -> float:
        text = fields[index] if index < len(fields) else ""
        if not text and default is not None:
            return default
        try:
            value = float(text)
        except ValueError:
            raise self.wrong(f"{name} is {text[:40]!r}, not a number", "correct the field") from None
        if not math.isfinite(value):
            raise self.wrong(f"{name} is {text[:40]!r}, not a finite number", "correct the field")
        return value

    def count(self, fields: list[str], index: int, name: str) -> int:
        value = self.number(fields, index, name)
        if value < 0 or value != int(value):
            raise self.wrong(f"{name} is {value:g}, not a count", "correct the field")
        return int(value)


def parse_configuration(text: str, file: str) -> Configuration:
    """Reads a configuration file.

    Args:
        text: Decoded content.
        file: Name for messages.

    Raises:
        RecordingError: Naming the line.
    """
    lines = _Lines(text, file)
    head = lines.take("station line")
    revision = _revision(lines, head)
    analog_count, status_count = _channel_counts(lines)
    analog = tuple(_analog(lines) for _ in range(analog_count))
    status = tuple(_status(lines, revision) for _ in range(status_count))
    line_frequency = lines.number(lines.take("line frequency"), 0, "the line frequency", 0.0)
    segments = _segments(lines)
    start = _stamp(lines, "date of the first sample", revision)
    trigger = _stamp(lines, "date of the trigger point", revision)
    form = _form(lines)
    multiplier = lines.number(lines.take("time multiplier"), 0, "the time multiplier", 1.0) if lines.left else 1.0
    if multiplier <= 0:
        raise lines.wrong(f"the time multiplier is {multiplier:g}", "write a positive factor, 1 if unsure")
    return Configuration(
        station=head[0],
        device=head[1] if len(head) > 1 else "",
        revision=revision,
        analog=analog,
        status=status,
        line_frequency=line_frequency,
        segments=segments,
        start=start,
        trigger=trigger,
        form=form,
        time_multiplier=multiplier,
    )


def _revision(lines: _Lines, head: list[str]) -> int:
    """1991, 1999 or 2013: the rules that apply to the file."""
    text = head[2] if len(head) > 2 else ""
    if not text:
        return 1991  # the first edition has no such field
    if not text.isdecimal():
        raise lines.wrong(f"the revision year is {text[:20]!r}", "write 1991, 1999 or 2013")
    return next((known for known in (2013, 1999) if int(text) >= known), 1999 if int(text) > 1991 else 1991)


def _channel_counts(lines: _Lines) -> tuple[int, int]:
    fields = lines.take("numbers of channels")
    matches = [_COUNT.fullmatch(field) for field in fields[:3]]
    if len(matches) < 3 or any(match is None for match in matches):
        raise lines.wrong("the numbers of channels are not of the form 6,6A,0D", "correct the line")
    total, *parts = ((int(match[1]), match[2].upper()) for match in matches if match is not None)
    by_letter = {letter: count for count, letter in parts}
    if set(by_letter) != {"A", "D"}:
        raise lines.wrong("the numbers of channels are not of the form 6,6A,0D", "correct the line")
    if total[0] != sum(by_letter.values()):
        raise lines.wrong(f"{total[0]} channels are not {by_letter['A']} + {by_letter['D']}", "correct the line")
    if total[0] > lines.left:
        what = f"{total[0]} channels are declared, {lines.left} lines follow"
        raise lines.wrong(what, "copy the file again from the recorder")
    return by_letter["A"], by_letter["D"]


def _analog(lines: _Lines) -> AnalogChannel:
    fields = lines.take("analog channel")
    if len(fields) < 10:
        raise lines.wrong(f"an analog channel needs 10 or 13 fields, not {len(fields)}", "correct the line")
    scaling = fields[12].upper() if len(fields) > 12 and fields[12] else "P"
    if scaling not in {"P", "S"}:
        raise lines.wrong(f"the scaling is {scaling[:20]!r}", "write P (primary) or S (secondary)")
    primary = lines.number(fields, 10, "the primary ratio", 1.0)
    secondary = lines.number(fields, 11, "the secondary ratio", 1.0)
    if scaling == "S" and not (primary > 0 and secondary > 0):
        raise lines.wrong(f"the ratio {primary:g}:{secondary:g} is no ratio", "write the ratio of the transformer")
    return AnalogChannel(
        name=fields[1],
        phase=fields[2],
        circuit=fields[3],
        unit=fields[4],
        a=lines.number(fields, 5, "the multiplier a"),
        b=lines.number(fields, 6, "the offset b", 0.0),
        skew=lines.number(fields, 7, "the skew", 0.0) * MICROSECOND,
        low=lines.number(fields, 8, "the minimum", -32767),
        high=lines.number(fields, 9, "the maximum", 32767),
        primary=primary,
        secondary=secondary,
        scaling=scaling,
    )


def _status(lines: _Lines, revision: int) -> StatusChannel:
    fields = lines.take("status channel")
    if len(fields) < 2:
        raise lines.wrong("a status channel needs a number and a name", "correct the line")
    normal = 1 if fields[-1] == "1" else 0
    if revision == 1991 or len(fields) < 5:
        return StatusChannel(fields[1], normal=normal)
    return StatusChannel(fields[1], fields[2], fields[3], normal)


def _segments(lines: _Lines) -> tuple[Segment, ...]:
    count = lines.count(lines.take("number of rates"), 0, "the number of rates")
    if count > lines.left:
        raise lines.wrong(f"{count} rates are declared, {lines.left} lines follow", "correct the number")
    segments: list[Segment] = []
    for _ in range(max(count, 1)):  # no rate at all: one line says how many samples there are
        fields = lines.take("sampling rate")
        rate = lines.number(fields, 0, "the sampling rate", 0.0)
        end = lines.count(fields, 1, "the last sample number")
        if rate < 0:
            raise lines.wrong(f"the sampling rate is {rate:g}", "write samples per second, or 0 with time stamps")
        if segments and end < segments[-1].end:
            raise lines.wrong("the last sample numbers do not ascend", "correct the line")
        segments.append(Segment(rate, end))
    return tuple(segments)


def _stamp(lines: _Lines, what: str, revision: int) -> Stamp:
    fields = lines.take(what)
    date = _DATE.fullmatch(fields[0])
    time = _TIME.fullmatch(fields[1]) if len(fields) > 1 else None
    if date is None or time is None:
        if not any(fields):
            return Stamp()
        raise lines.wrong(f"{','.join(fields)[:60]!r} is not a {what}", "write dd/mm/yyyy,hh:mm:ss.ssssss")
    day, month, year = (int(part) for part in date.groups())
    if revision == 1991 or month > 12:
        day, month = month, day  # the first edition writes mm/dd/yy
    if year < 100:
        year += 1900 if year >= 70 else 2000
    fraction = time[4] or ""
    nanoseconds = int(fraction[:9].ljust(9, "0"))
    fine = len(fraction) > 6
    if day == month == year == 0 or (day, month) == (0, 0):
        return Stamp(fine=fine)
    try:
        moment = datetime(year, month, day, int(time[1]), int(time[2]), 0, nanoseconds // 1000, UTC)
        moment += timedelta(seconds=int(time[3]))  # 60 in a leap second
    except (ValueError, OverflowError):
        raise lines.wrong(f"{','.join(fields)[:60]!r} is not a {what}", "write dd/mm/yyyy,hh:mm:ss.ssssss") from None
    return Stamp(moment, nanoseconds % 1000, fine)


def _form(lines: _Lines) -> Form:
    text = lines.take("type of the data file")[0].upper()
    try:
        return Form(text)
    except ValueError:
        remedy = f"write one of {', '.join(Form)}"
        raise lines.wrong(f"the data file is of the unknown type {text[:20]!r}", remedy) from None


def format_configuration(configuration: Configuration) -> str:
    """The text of a configuration file of 1999 or 2013, CR LF terminated."""
    analog, status = configuration.analog, configuration.status
    lines = [
        f"{configuration.station},{configuration.device},{configuration.revision}",
        f"{len(analog) + len(status)},{len(analog)}A,{len(status)}D",
        *(
            f"{number},{one.name},{one.phase},{one.circuit},{one.unit},{one.a!r},{one.b!r},{one.skew / MICROSECOND!r},"
            f"{one.low:g},{one.high:g},{one.primary!r},{one.secondary!r},{one.scaling}"
            for number, one in enumerate(analog, 1)
        ),
        *(f"{number},{one.name},{one.phase},{one.circuit},{one.normal}" for number, one in enumerate(status, 1)),
        f"{configuration.line_frequency:g}",
        f"{len(configuration.segments)}",
        *(f"{segment.rate!r},{segment.end}" for segment in configuration.segments),
        _format_stamp(configuration.start),
        _format_stamp(configuration.trigger),
        configuration.form,
        f"{configuration.time_multiplier:g}",
    ]
    if configuration.revision >= 2013:
        lines += ["0,0", "0,0"]  # UTC; clock locked, no leap second
    return "\r\n".join(lines) + "\r\n"


def _format_stamp(stamp: Stamp) -> str:
    if stamp.moment is None:
        return "00/00/0000,00:00:00.000000"
    return f"{stamp.moment:%d/%m/}{stamp.moment.year:04},{stamp.moment:%H:%M:%S.%f}" + (
        f"{stamp.nanoseconds:03}" if stamp.fine else ""
    )
