"""COMTRADE records: read them, and write our own recordings so that they come back exactly.

What COMTRADE has no field for travels in fields of free text: kind, start on the timeline of the trace and time
uncertainty in the identification of the recorder, the uncertainty of a channel in its monitored circuit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

import numpy as np
from numpy.typing import NDArray

from v2gready.grid.formats.comtrade import container, samples
from v2gready.grid.formats.comtrade.configuration import (
    MICROSECOND,
    AnalogChannel,
    Configuration,
    Form,
    Segment,
    Stamp,
    StatusChannel,
    format_configuration,
    parse_configuration,
)
from v2gready.grid.formats.errors import RecordingError
from v2gready.grid.formats.source import Column, Source, distinct
from v2gready.grid.formats.time_axis import Axis, from_instants, from_numbers
from v2gready.grid.recording import Channel, ChannelNames, Kind, Recording, Stored, Uncertainty

TIMELINE_ZERO = datetime(2000, 1, 1, tzinfo=UTC)
"""Date written for instant 0 of a trace when nobody says when that was."""
_DIGITAL = (ChannelNames.ISLAND_SWITCH, ChannelNames.CEASE_INPUT)
_NUMBER = r"[-+0-9.e]+"
_DEVICE = re.compile(rf"v2gready/1 ([a-z]+) t0=({_NUMBER}) U=({_NUMBER})")
_UNCERTAINTY = re.compile(rf"U=({_NUMBER})\+({_NUMBER})x")
_RATE_AGREEMENT = 0.01
_CONTRADICTION = "find out which is right and state rate and rate_override = true in the mapping file"
_PARTS_SHOWN = 4
_STAMP_SCALES = (1.0, 1e3, 1e6, 1e-3)
_SKEW_OF_NO_EFFECT = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class ComtradeFile:
    """A COMTRADE record, read.

    Attributes:
        file: Name for messages.
        configuration: What the CFG says.
        rate: Samples per second.
        start: Seconds of the first value here since the first sample of the file.
        analog: Primary values in the unit of the channel, all at the instant of the sample; NaN where missing.
        status: States of the status channels; NaN in a gap.
        information: Text of the section INF of a single file.
        header: Text of its section HDR.
    """

    file: str
    configuration: Configuration
    rate: float
    start: float
    analog: tuple[Stored, ...]
    status: tuple[Stored, ...]
    information: str = ""
    header: str = ""

    @property
    def trigger(self) -> float | None:
        """Seconds from the first sample of the file to the trigger point, if the file says."""
        return self.configuration.trigger.since(self.configuration.start)

    @property
    def source(self) -> Source:
        """The channels for a mapping to choose from; our own recording as it was, if it is one."""
        names = [one.name for one in self.configuration.analog] + [one.name for one in self.configuration.status]
        columns = [
            *(Column(one.unit, values) for one, values in zip(self.configuration.analog, self.analog, strict=True)),
            *(Column("", values, digital=True) for values in self.status),
        ]
        named = dict(zip(distinct(names), columns, strict=True))
        return Source(self.file, self.rate, named, self.start, own=self._own())

    @property
    def recording(self) -> Recording:
        """The recording that `write_comtrade` was given.

        Raises:
            RecordingError: The file comes from elsewhere: a mapping has to say what its channels are.
        """
        own = self._own()
        if own is None:
            what = f"the recorder {self.configuration.device[:40]!r} is not this harness"
            raise RecordingError(self.file, "", what, "read it with a mapping file")
        return own

    def _own(self) -> Recording | None:
        told = _DEVICE.fullmatch(self.configuration.device)
        if told is None:
            return None
        try:
            kind, start, time_uncertainty = Kind(told[1]), float(told[2]), float(told[3])
            channels = [
                Channel(unquote(one.name), unquote(one.unit), values.astype(np.float32, copy=False), _uncertainty(one))
                for one, values in zip(self.configuration.analog, self.analog, strict=True)
            ]
        except ValueError:  # somebody edited the field
            return None
        channels += [
            Channel(unquote(one.name), "", values.astype(np.float32, copy=False))
            for one, values in zip(self.configuration.status, self.status, strict=True)
        ]
        return Recording(
            kind=kind,
            start=start,
            rate=self.rate,
            channels={channel.name: channel for channel in channels},
            source=unquote(self.configuration.station),
            time_uncertainty=time_uncertainty,
        )


def read_comtrade(
    cfg: bytes,
    dat: bytes,
    name: str = "recording",
    *,
    rate: float | None = None,
    segment: int | None = None,
    encoding: str = "",
) -> ComtradeFile:
    """Reads a pair of files of 1991, 1999 or 2013.

    Args:
        cfg: Content of the configuration file.
        dat: Content of the data file.
        name: Stem of the file names, for messages.
        rate: Samples per second, if known better than the file does.
        segment: Which one, from 1, of a file whose rate changes. Without it such a file is refused.
        encoding: Of the names; empty: UTF-8, or else Windows-1252.

    Raises:
        RecordingError: Malformed, truncated, contradictory.
    """
    return _read(container.Sections(cfg, dat), (f"{name}.cfg", f"{name}.dat"), rate, segment, encoding)


def read_cff(
    data: bytes,
    name: str = "recording",
    *,
    rate: float | None = None,
    segment: int | None = None,
    encoding: str = "",
) -> ComtradeFile:
    """Reads a single file of 2013. Arguments and errors as in `read_comtrade`; lines count within their section."""
    file = f"{name}.cff"
    sections = container.split(data, file)
    return _read(sections, (f"{file} section CFG", f"{file} section DAT"), rate, segment, encoding)


def _read(
    sections: container.Sections, files: tuple[str, str], rate: float | None, segment: int | None, encoding: str
) -> ComtradeFile:
    configuration = parse_configuration(_text(sections.cfg, encoding, files[0]), files[0])
    held = samples.decode(sections.dat, configuration, files[1])
    part, declared, start = _part(configuration, segment, files[0])
    numbers, stamps = held.numbers[part], held.stamps[part]
    axis = _axis(numbers, stamps, configuration, rate or declared, files[1], trusted=rate is not None)
    return ComtradeFile(
        file=files[0].partition(" ")[0],
        configuration=configuration,
        rate=axis.rate,
        start=start,
        analog=tuple(
            axis.spread(_at_the_instant(_primary(values[part], channel), channel.skew * axis.rate))
            for channel, values in zip(configuration.analog, held.analog, strict=True)
        ),
        status=tuple(axis.spread(values[part].astype(np.float32)) for values in held.status),
        information=_text(sections.information, encoding, files[0]),
        header=_text(sections.header, encoding, files[0]),
    )


def _text(data: bytes, encoding: str, file: str) -> str:
    try:
        return data.decode(encoding or "utf-8-sig")
    except UnicodeDecodeError:
        if encoding:
            what = f"the text is not {encoding}"
            raise RecordingError(file, "", what, "correct the encoding in the mapping file") from None
        return data.decode("cp1252", errors="replace")
    except LookupError:
        raise RecordingError(file, "", f"there is no encoding {encoding!r}", "write for instance utf-8") from None


def _part(configuration: Configuration, segment: int | None, file: str) -> tuple[slice, float, float]:
    """Which samples to take, their rate, and the seconds that passed before them."""
    ends = [one.end for one in configuration.segments]
    rates = [one.rate for one in configuration.segments]
    starts = [0, *ends[:-1]]
    if segment is not None:
        if not 1 <= segment <= len(rates):
            what = f"there is no segment {segment}, the file has {len(rates)}"
            raise RecordingError(file, "", what, "correct the segment in the mapping file")
        before = sum(
            (end - first) / rate
            for first, end, rate in zip(starts[: segment - 1], ends, rates, strict=False)
            if rate > 0
        )
        end = ends[segment - 1] if segment < len(ends) else None
        return slice(starts[segment - 1], end), rates[segment - 1], before
    used = [(first, end, rate) for first, end, rate in zip(starts, ends, rates, strict=True) if end > first]
    if len({rate for _, _, rate in used}) > 1:
        parts = ", ".join(f"samples {first + 1} to {end} at {rate:g}/s" for first, end, rate in used[:_PARTS_SHOWN])
        parts += f" and {len(used) - _PARTS_SHOWN} more" if len(used) > _PARTS_SHOWN else ""
        remedy = "choose one with segment = 1, 2 … in the mapping file: a judge needs one rate"
        raise RecordingError(file, "", f"the rate changes: {parts}", remedy)
    return slice(0, None), used[0][2] if used else rates[0], 0.0


def _axis(
    numbers: NDArray[np.int64],
    stamps: NDArray[np.int64],
    configuration: Configuration,
    rate: float,
    file: str,
    *,
    trusted: bool,
) -> Axis:
    unit = configuration.time_unit
    stamped = len(stamps) > 1 and bool(np.all(stamps >= 0)) and bool(stamps[-1] > stamps[0])
    if not rate > 0:
        if not stamped:
            what = "neither a sampling rate nor time stamps"
            raise RecordingError(file, "", what, "state rate and rate_override = true in the mapping file")
        return from_instants(stamps.astype(np.float64) * unit, file, resolution=unit)
    axis = from_numbers(numbers, rate, file)
    if stamped and not trusted:
        # The rate counts. Stamps of another unit than the dates imply are common (milliseconds, microseconds beside
        # nanoseconds) and no contradiction; a rate wrong by such a factor shows in the fundamental.
        spans = [float(stamps[-1] - stamps[0]) * unit * scale for scale in _STAMP_SCALES]
        expected = float(axis.places[-1]) / rate
        if all(abs(span - expected) > _RATE_AGREEMENT * expected + 2 * unit for span in spans):
            what = f"the time stamps span {spans[0]:.6g} s, the samples at {rate:g}/s span {expected:.6g} s"
            raise RecordingError(file, "", what, _CONTRADICTION)
    return axis


def _primary(values: Stored, channel: AnalogChannel) -> Stored:
    return values if channel.to_primary == 1.0 else values * channel.to_primary


def _at_the_instant(values: Stored, shift: float) -> Stored:
    """A channel that was sampled ``shift`` samples too late, at the instant of the sample (cubic interpolation)."""
    if abs(shift) < _SKEW_OF_NO_EFFECT or len(values) < 4:
        return values
    whole = int(np.floor(-shift))
    d = -shift - whole
    last = len(values) - 1
    index = np.arange(len(values)) + whole
    weights = (
        (-1, -d * (d - 1) * (d - 2) / 6),
        (0, (d + 1) * (d - 1) * (d - 2) / 2),
        (1, -(d + 1) * d * (d - 2) / 2),
        (2, (d + 1) * d * (d - 1) / 6),
    )
    return np.asarray(sum(weight * values[np.clip(index + offset, 0, last)] for offset, weight in weights))


def _uncertainty(channel: AnalogChannel) -> Uncertainty:
    told = _UNCERTAINTY.fullmatch(channel.circuit)
    return Uncertainty(float(told[1]), float(told[2])) if told else Uncertainty()


def write_comtrade(
    recording: Recording,
    form: Form = Form.FLOAT32,
    revision: int = 2013,
    *,
    began: datetime = TIMELINE_ZERO,
    line_frequency: float = 50.0,
) -> tuple[bytes, bytes]:
    """The configuration and the data file of a recording.

    `read_comtrade` gives it back exactly from `Form.FLOAT32`, if its channels are single precision; the integer forms
    round to their full scale, and know no infinity.

    Args:
        recording: What to write.
        form: Of the data file.
        revision: 1999 or 2013.
        began: Date of instant 0 of the trace.
        line_frequency: Nominal, Hz.

    Raises:
        ValueError: The revision does not know the form: our own misuse.
    """
    if revision not in {1999, 2013}:
        raise ValueError(f"COMTRADE is written as of 1999 or 2013, not {revision}")
    if revision == 1999 and form in {Form.BINARY32, Form.FLOAT32}:
        raise ValueError(f"COMTRADE 1999 has no {form}")
    digital = [channel for channel in recording.channels.values() if _is_digital(channel)]
    analog = [channel for channel in recording.channels.values() if not _is_digital(channel)]
    started = _stamp(began, recording.start)
    configuration = Configuration(
        station=_plain(recording.source),
        device=f"v2gready/1 {recording.kind} t0={recording.start!r} U={recording.time_uncertainty!r}",
        revision=revision,
        analog=tuple(_described(channel, form) for channel in analog),
        status=tuple(StatusChannel(_plain(channel.name)) for channel in digital),
        line_frequency=line_frequency,
        segments=(Segment(recording.rate, len(recording)),),
        start=started,
        trigger=started,
        form=form,
        time_multiplier=_time_multiplier(recording.duration),
    )
    data = samples.encode(
        configuration,
        tuple(channel.values for channel in analog),
        tuple(channel.values for channel in digital),
    )
    return format_configuration(configuration).encode(), data


def write_cff(
    recording: Recording,
    form: Form = Form.FLOAT32,
    *,
    began: datetime = TIMELINE_ZERO,
    line_frequency: float = 50.0,
) -> bytes:
    """A recording as one file (COMTRADE 2013); otherwise as `write_comtrade`."""
    cfg, dat = write_comtrade(recording, form, 2013, began=began, line_frequency=line_frequency)
    return container.join(container.Sections(cfg, dat), form)


def _is_digital(channel: Channel) -> bool:
    return channel.name in _DIGITAL and not channel.unit and bool(np.all((channel.values == 0) | (channel.values == 1)))


def _described(channel: Channel, form: Form) -> AnalogChannel:
    a, b = samples.scaling(channel.values, form)
    full = samples.full_scale(form)
    uncertainty = channel.uncertainty
    return AnalogChannel(
        name=_plain(channel.name),
        phase=f"L{channel.name[-1]}" if channel.name in (*ChannelNames.VOLTAGES, *ChannelNames.CURRENTS) else "",
        circuit="" if uncertainty == Uncertainty() else f"U={uncertainty.floor!r}+{uncertainty.share!r}x",
        unit=_plain(channel.unit),
        a=a,
        b=b,
        low=-full,
        high=full,
    )


def _plain(text: str) -> str:
    """Text as a field of the file: what would end the field, or be stripped from it, is percent-encoded."""
    edges = {0, len(text) - 1}
    return "".join(
        "".join(f"%{octet:02X}" for octet in character.encode("utf-8", "surrogatepass"))
        if character in ",%" or not character.isprintable() or (character.isspace() and index in edges)
        else character
        for index, character in enumerate(text)
    )


def _stamp(began: datetime, start: float) -> Stamp:
    try:
        return Stamp(began + timedelta(seconds=start))
    except OverflowError:
        return Stamp()


def _time_multiplier(duration: float) -> float:
    """A power of ten with which microseconds fit the 32 bits of a time stamp."""
    multiplier = 1.0
    while duration / (MICROSECOND * multiplier) >= samples.MISSING_STAMP:
        multiplier *= 10
    return multiplier
