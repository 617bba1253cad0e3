"""The mapping file: which channel of a recording is u1, in which unit, counted positive in which direction.

Parsing collects every problem at once, each with key and remedy. Without a mapping a recording can be read only if its
channels carry our names.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from v2gready.grid.formats import units
from v2gready.grid.formats.errors import RecordingError
from v2gready.grid.formats.layout import TIME_UNITS, Layout
from v2gready.grid.formats.source import Column, Source
from v2gready.grid.recording import Channel, ChannelNames, Kind, Recording, Uncertainty
from v2gready.model.dut import ConfigurationError, Problem

_WAVEFORM = (*ChannelNames.VOLTAGES, *ChannelNames.CURRENTS)
_QUANTITIES = (
    *_WAVEFORM,
    ChannelNames.FREQUENCY,
    ChannelNames.POWER,
    ChannelNames.REACTIVE,
    ChannelNames.POSITIVE_SEQUENCE,
)
_DIGITAL = (ChannelNames.ISLAND_SWITCH, ChannelNames.CEASE_INPUT)
KNOWN = (*_QUANTITIES, *_DIGITAL)
"""Channels that a mapping may name."""
_DIRECTED = {Kind.WAVEFORM: ChannelNames.CURRENTS, Kind.QUANTITIES: (ChannelNames.POWER, ChannelNames.REACTIVE)}
_DIRECTIONS = ("into_device", "to_grid")
_RATE_AGREEMENT = 0.01
_WAVEFORM_FROM = 1000.0


@dataclass(frozen=True, slots=True)
class ChannelMap:
    """Where a channel of ours comes from: value = sign · (scale · x + offset), then from ``unit`` to SI.

    Attributes:
        source: Name in the file.
        unit: Of scale · x + offset; empty: as the file says.
        scale: Factor, e.g. of a probe.
        offset: Added after it.
        sign: -1 if the channel is wired the other way round than the direction stated for the file.
        uncertainty: Expanded (k = 2), in SI units.
    """

    source: str
    unit: str = ""
    scale: float = 1.0
    offset: float = 0.0
    sign: int = 1
    uncertainty: Uncertainty = field(default_factory=Uncertainty)


@dataclass(frozen=True, slots=True)
class RecordingMap:
    """A checked mapping file.

    Attributes:
        name: File name for messages.
        kind: What the channels hold.
        current_positive: ``into_device`` or ``to_grid``: direction in which the file counts current, P and Q positive.
        channels: By our name.
        time_uncertainty: Expanded (k = 2), seconds.
        title: Instrument, for the report; empty: the name of the file.
        layout: How to read the file.
    """

    name: str
    kind: Kind
    current_positive: str = "into_device"
    channels: Mapping[str, ChannelMap] = field(default_factory=dict)
    time_uncertainty: float = 0.0
    title: str = ""
    layout: Layout = field(default_factory=Layout)


class _Checker:
    """Takes values out of a document and notes what is wrong with them."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def wrong(self, key: str, what: str, remedy: str) -> None:
        self.problems.append(Problem(key, what, remedy))

    def unknown(self, document: Mapping[str, Any], known: Collection[str], prefix: str = "") -> None:
        for key in document:
            if key not in known:
                self.wrong(prefix + str(key), "no such key", f"use one of {', '.join(known)}")

    def text(self, document: Mapping[str, Any], key: str, prefix: str = "", allowed: Collection[str] = ()) -> str:
        value = document.get(key, "")
        if not isinstance(value, str):
            self.wrong(prefix + key, f"{value!r} is not a text", "write it in quotes")
            return ""
        if value and allowed and value not in allowed:
            self.wrong(prefix + key, f"{value!r} is not known", f"write one of {', '.join(allowed)}")
            return ""
        return value

    def number(
        self, document: Mapping[str, Any], key: str, default: float, prefix: str = "", low: float = -math.inf
    ) -> float:
        value = document.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            self.wrong(prefix + key, f"{value!r} is not a number", "write a finite number")
            return default
        if value < low:
            self.wrong(prefix + key, f"{value!r} is below {low:g}", f"write a number from {low:g} on")
            return default
        return float(value)

    def whole(self, document: Mapping[str, Any], key: str, low: int) -> int:
        value = document.get(key, low)
        if isinstance(value, bool) or not isinstance(value, int) or value < low:
            self.wrong(key, f"{value!r} is not a whole number from {low} on", "correct it")
            return low
        return value

    def flag(self, document: Mapping[str, Any], key: str) -> bool:
        value = document.get(key, False)
        if not isinstance(value, bool):
            self.wrong(key, f"{value!r} is neither true nor false", "write true or false, without quotes")
            return False
        return value


_KEYS = (
    "kind",
    "current_positive",
    "title",
    "time_uncertainty",
    "rate",
    "rate_override",
    "time",
    "time_unit",
    "separator",
    "decimal",
    "skip",
    "encoding",
    "segment",
    "channels",
)
_CHANNEL_KEYS = ("source", "unit", "scale", "offset", "sign", "uncertainty_floor", "uncertainty_share")


def parse_mapping(document: Mapping[str, Any], name: str) -> RecordingMap:
    """Checks a parsed mapping file.

    Args:
        document: The TOML document.
        name: File name for messages.

    Raises:
        ConfigurationError: With every problem found.
    """
    check = _Checker()
    check.unknown(document, _KEYS)
    kind = check.text(document, "kind", allowed=tuple(Kind))
    if "kind" not in document:
        check.wrong("kind", "is missing", 'write "waveform" (instantaneous values) or "quantities" (RMS, f, P)')
    direction = check.text(document, "current_positive", allowed=_DIRECTIONS)
    entries = document.get("channels", {})
    if not isinstance(entries, Mapping) or not entries:
        check.wrong("channels", "no channel is mapped", "add a table [channels.u1] with source = …, and so on")
        entries = {}
    channels = {str(ours): _channel(entry, str(ours), kind, check) for ours, entry in entries.items()}
    directed = _DIRECTED[Kind(kind)] if kind else ()
    if not document.get("current_positive") and any(ours in directed for ours in channels):
        what = "is missing, and the direction of current and power decides every verdict"
        check.wrong("current_positive", what, 'write "into_device" (charging positive) or "to_grid"')
    layout = _layout(document, check)
    mapping = RecordingMap(
        name=name,
        kind=Kind(kind) if kind else Kind.WAVEFORM,
        current_positive=direction or "into_device",
        channels=channels,
        time_uncertainty=check.number(document, "time_uncertainty", 0.0, low=0.0),
        title=check.text(document, "title"),
        layout=layout,
    )
    if check.problems:
        raise ConfigurationError(name, check.problems)
    return mapping


def _layout(document: Mapping[str, Any], check: _Checker) -> Layout:
    rate = check.number(document, "rate", 0.0) if "rate" in document else None
    if rate is not None and not rate > 0:
        check.wrong("rate", f"{rate:g} is no rate", "write samples per second")
        rate = None
    override = check.flag(document, "rate_override")
    if override and rate is None:
        check.wrong("rate_override", "there is no rate to believe", "write rate = samples per second")
    separator = check.text(document, "separator", allowed=(",", ";", "\t", "|"))
    decimal = check.text(document, "decimal", allowed=(".", ","))
    if separator and separator == decimal:
        check.wrong("decimal", "is the separator too", "correct one of them")
    return Layout(
        time=check.text(document, "time"),
        time_unit=check.text(document, "time_unit", allowed=tuple(TIME_UNITS)),
        separator=separator,
        decimal=decimal,
        skip=check.whole(document, "skip", 0),
        encoding=check.text(document, "encoding"),
        segment=check.whole(document, "segment", 1) if "segment" in document else None,
        rate=rate,
        rate_override=override,
    )


def _channel(entry: Any, ours: str, kind: str, check: _Checker) -> ChannelMap:
    prefix = f"channels.{ours}."
    allowed = (*(_WAVEFORM if kind == Kind.WAVEFORM else _QUANTITIES), *_DIGITAL)
    if ours not in allowed:
        check.wrong(prefix[:-1], f"a {kind or 'recording'} has no such channel", f"use one of {', '.join(allowed)}")
    if isinstance(entry, str):
        entry = {"source": entry}  # channels.u1 = "UL1" is short for it
    if not isinstance(entry, Mapping):
        check.wrong(prefix[:-1], "is not a table", 'write [channels.u1] with source = "name in the file"')
        return ChannelMap("")
    check.unknown(entry, _CHANNEL_KEYS, prefix)
    source = check.text(entry, "source", prefix)
    if "source" not in entry:
        check.wrong(prefix + "source", "is missing", "write the name of the channel in the file")
    unit = check.text(entry, "unit", prefix)
    wanted = units.si_unit(ours)
    if unit and wanted and units.factor(unit, wanted) is None:
        check.wrong(prefix + "unit", f"{unit!r} is not a unit of {ours}", f"write for instance {wanted} or k{wanted}")
    scale = check.number(entry, "scale", 1.0, prefix)
    if scale == 0:
        check.wrong(prefix + "scale", "is 0", "write the factor of the probe or the channel")
    sign = entry.get("sign", 1)
    if isinstance(sign, bool) or sign not in {1, -1}:
        check.wrong(prefix + "sign", f"{sign!r} is no sign", "write 1 or -1")
        sign = 1
    return ChannelMap(
        source,
        unit,
        scale,
        check.number(entry, "offset", 0.0, prefix),
        int(sign),
        Uncertainty(
            check.number(entry, "uncertainty_floor", 0.0, prefix, low=0.0),
            check.number(entry, "uncertainty_share", 0.0, prefix, low=0.0),
        ),
    )


def automatic(source: Source) -> RecordingMap:
    """The mapping of a file whose channels carry our names; current counts as positive into the device.

    Raises:
        RecordingError: They do not, or the kind cannot be told.
    """
    found = {name.lower(): name for name in source.columns if name.lower() in KNOWN}
    if not any(name in found for name in (*ChannelNames.VOLTAGES, ChannelNames.FREQUENCY)):
        names = ", ".join(list(source.columns)[:12]) or "none"
        what = f"no channel is named as ours (u1, i1, f …); the file has {names}"
        raise RecordingError(source.file, "", what, "write a mapping file that says what they are")
    if any(name in found for name in _QUANTITIES if name not in _WAVEFORM):
        kind = Kind.QUANTITIES
    elif source.rate >= _WAVEFORM_FROM:
        kind = Kind.WAVEFORM
    else:
        what = f"at {source.rate:g} samples per second u1 may be a waveform or an RMS value"
        raise RecordingError(source.file, "", what, "say kind in a mapping file")
    return RecordingMap("", kind, channels={ours: ChannelMap(name) for ours, name in found.items()})


def apply(mapping: RecordingMap, source: Source) -> Recording:
    """The recording that a mapping makes of a file. Values are kept in single precision.

    Raises:
        ConfigurationError: The mapping names channels that are not there, or the rates disagree: every problem.
    """
    problems: list[Problem] = []
    stated = mapping.layout.rate
    if stated is not None and abs(source.rate / stated - 1) > _RATE_AGREEMENT:
        what = f"{source.file} says {source.rate:g} samples per second, not {stated:g}"
        problems.append(Problem("rate", what, "correct it, or add rate_override = true if the file is wrong"))
    channels: dict[str, Channel] = {}
    for ours, one in mapping.channels.items():
        key = f"channels.{ours}"
        column = source.columns.get(one.source)
        if column is None:
            remedy = f"choose from {', '.join(source.columns)}"[:400]
            problems.append(Problem(f"{key}.source", f"{source.file} has no channel {one.source!r}", remedy))
            continue
        into_si = _into_si(ours, one, column)
        if into_si is None:
            what = f"{source.file} gives {one.source!r} in {column.unit!r}, which is not a unit of {ours}"
            problems.append(Problem(f"{key}.unit", what, f"write unit = {units.si_unit(ours)!r} or another one"))
            continue
        turned = mapping.current_positive == "to_grid" and ours in _DIRECTED[mapping.kind]
        channels[ours] = _mapped(ours, one, column, into_si * one.sign * (-1 if turned else 1))
    if problems:
        raise ConfigurationError(mapping.name or source.file, problems)
    return Recording(
        kind=mapping.kind,
        start=source.start,
        rate=source.rate,
        channels=channels,
        source=mapping.title or source.file,
        time_uncertainty=mapping.time_uncertainty,
    )


def _into_si(ours: str, one: ChannelMap, column: Column) -> float | None:
    wanted, written = units.si_unit(ours), one.unit or column.unit
    if not wanted or not written or written.lower() in {"none", "-", "1"}:
        return 1.0  # digital, or nobody says: taken as SI; screening catches what is off by far
    return units.factor(written, wanted)


def _mapped(ours: str, one: ChannelMap, column: Column, gain: float) -> Channel:
    values = column.values
    if (gain, one.scale, one.offset) != (1.0, 1.0, 0.0):
        with np.errstate(over="ignore", invalid="ignore"):
            values = gain * (one.scale * np.asarray(values, dtype=np.float64) + one.offset)
    with np.errstate(over="ignore", invalid="ignore"):
        stored = np.asarray(values, dtype=np.float32)
    return Channel(ours, units.si_unit(ours), stored, one.uncertainty)


def template(source: Source) -> str:
    """Text of a mapping file for a recording, to be filled in: its channels are listed as comments."""
    named = "\n".join(
        f"#   {name}" + (f"  [{column.unit}]" if column.unit else "") + ("  (digital)" if column.digital else "")
        for name, column in source.columns.items()
    )
    return f"""\
# What the channels of {source.file} are. Remove what does not apply.
# The file has {source.rate:g} samples per second and these channels:
{named}

kind = "waveform"                   # instantaneous values; "quantities": RMS, frequency, power
current_positive = "into_device"    # charging counts positive; "to_grid": feeding counts positive
title = ""                          # instrument and laboratory, for the report
time_uncertainty = 0.0              # s, expanded (k = 2)
# rate = {source.rate:g}                     # checked against the file; rate_override = true: believed instead of it
# time = "t"                        # CSV, Parquet: the column of time; time_unit = "s", "ms", "us", "ns"
# separator = ";"                   # CSV, if not found out; also decimal = ",", skip = 3 (lines before the header)
# encoding = "utf-8"
# segment = 1                       # COMTRADE whose rate changes: which part

# value = sign * (scale * x + offset), in `unit` (empty: the unit in the file)
[channels.u1]
source = ""
unit = "V"
scale = 1.0
offset = 0.0
sign = 1
uncertainty_floor = 0.0             # V, expanded (k = 2)
uncertainty_share = 0.0             # of the reading

# Likewise u2, u3, i1, i2, i3; digital: s1 (switch to the grid, closed = 1), cease. Quantities too: f, p, q, u_pos.
"""
