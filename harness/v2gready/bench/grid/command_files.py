"""Reads the files of command sets. docs/instruments.md explains their keys."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from v2gready.bench.grid.command_set import (
    DECIMALS,
    ROW_FIELDS,
    STEADY_FIELDS,
    TAGS,
    UNITS,
    AnalyserCommands,
    Check,
    Column,
    CommandSet,
    Header,
    SimulatorCommands,
    State,
    WaveformCommands,
)
from v2gready.bench.grid.drivers import AfterList, Capabilities
from v2gready.bench.grid.listmode import Shape
from v2gready.bench.grid.tables import Table
from v2gready.bench.grid.templates import Template
from v2gready.grid.recording import ChannelNames, Uncertainty
from v2gready.model.dut import ConfigurationError, Problem


def parse_command_set(document: Mapping[str, Any], source: str) -> CommandSet:
    """Checks a command set.

    Args:
        document: The TOML document.
        source: File name for messages.

    Raises:
        ConfigurationError: With every problem found.
    """
    problems: list[Problem] = []
    table = Table(document, "", problems)
    kind = table.choice("kind", ("grid_simulator", "power_analyser"))
    header = _header(table)
    result: CommandSet
    result = _simulator(table, header) if kind == "grid_simulator" else _analyser(table, header)
    table.end()
    if problems:
        raise ConfigurationError(source, problems)
    return result


def with_capabilities(commands: SimulatorCommands, own: Table) -> Capabilities:
    """The capabilities, with numbers of the laboratory's own instrument in place of those of the command set."""
    return _capabilities(own, commands.capabilities)


def _header(table: Table) -> Header:
    identity, errors, transport = table.table("identity"), table.table("errors"), table.table("transport", needed=False)
    options = table.table("options", needed=False)
    header = Header(
        id=table.text("id"),
        title=table.text("title"),
        provenance=table.choice("provenance", TAGS),
        source=table.text("source"),
        tested=table.text("tested"),
        notes=tuple(line.text for line in table.templates("notes", needed=False)),
        identity=identity.text("query", "*IDN?"),
        pattern=_pattern(identity, "pattern"),
        clear=table.table("commands").templates("clear"),
        error_before=tuple(line.text for line in errors.templates("before", needed=False)),
        error_query=errors.text("query", "SYST:ERR?"),
        error_after=tuple(line.text for line in errors.templates("after", needed=False)),
        no_error=_pattern(errors, "none", r"^\s*[+-]?0\b"),
        options={name: options.text(name) for name in options.names()},
        port=transport.count("port", 5025, least=1, most=65535),
        timeout=transport.number("timeout", 5.0, above=0),
        longest_line=transport.count("longest_line", 65536, least=256),
    )
    for part in (identity, errors, transport):
        part.end()
    return header


def _simulator(table: Table, header: Header) -> SimulatorCommands:
    commands, listed, digits = table.table("commands"), table.table("list"), table.table("decimals", needed=False)
    limits = table.table("capabilities")
    tag = limits.choice("tag", TAGS)
    columns_table = listed.table("columns")
    known = ROW_FIELDS | set(header.options)
    columns = {}
    for name in columns_table.names():
        columns[name] = Column(columns_table.template(name), ",")
        _fields(columns_table, name, (columns[name].row,), known)
    columns = {name: Column(column.row, listed.text("join", ",")) for name, column in columns.items()}
    steady = STEADY_FIELDS | set(header.options)
    listing = steady | set(columns) | {"count"}

    def lines(name: str, allowed: frozenset[str] | set[str], *, needed: bool = True) -> tuple[Template, ...]:
        found = commands.templates(name, needed=needed)
        _fields(commands, name, found, allowed)
        return found

    result = SimulatorCommands(
        header=header,
        capabilities=_capabilities(limits, None),
        capability_tag=tag,
        decimals={name: digits.count(name, default, most=9) for name, default in DECIMALS.items()},
        shape=Shape(listed.choice("shape", tuple(Shape))),
        fastest=listed.text("fastest", "MAX"),
        columns=columns,
        prepare=lines("prepare", steady),
        on=lines("on", steady),
        off=lines("off", steady),
        abort=lines("abort", steady),
        upload=lines("upload", listing),
        verify=tuple(_check(check, listing, known | {"count"}) for check in listed.tables("verify")),
        trigger=lines("trigger", steady),
        settle=lines("settle", steady, needed=False),
        done=_state(table.table("done")),
        output_on=_state(table.table("output_on")),
        output_off=_state(table.table("output_off")),
        poll=listed.number("poll", 0.1, above=0),
    )
    commands.templates("clear")  # read with the header
    if not result.verify:
        listed.wrong("verify", "is missing", "say how to read the list back; nothing is played unread")
    for part in (commands, listed, digits, limits):
        part.end()
    return result


def _capabilities(table: Table, usual: Capabilities | None) -> Capabilities:
    def old(name: str) -> Any:
        return None if usual is None else getattr(usual, name)

    def number(name: str) -> float:
        return table.number(name, old(name), above=0)

    def flag(name: str) -> bool:
        return table.boolean(name, default=old(name))

    return Capabilities(
        max_segments=table.count("max_segments", old("max_segments"), least=1),
        min_dwell=number("min_dwell"),
        time_resolution=number("time_resolution"),
        voltage_slew=number("voltage_slew"),
        frequency_slew=number("frequency_slew"),
        voltage_max=number("voltage_max"),
        frequency_min=number("frequency_min"),
        frequency_max=number("frequency_max"),
        per_phase_amplitude=flag("per_phase_amplitude"),
        per_phase_angle=flag("per_phase_angle"),
        phase_jump=flag("phase_jump"),
        harmonics=flag("harmonics"),
        regeneration=flag("regeneration"),
        after_list=AfterList(table.choice("after_list", tuple(AfterList), old("after_list"))),
    )


def _analyser(table: Table, header: Header) -> AnalyserCommands:
    commands, reading = table.table("commands"), table.table("reading")
    options = set(header.options)

    def lines(name: str, allowed: set[str], *, needed: bool = True) -> tuple[Template, ...]:
        found = commands.templates(name, needed=needed)
        _fields(commands, name, found, options | allowed)
        return found

    assign = commands.template("assign") if "assign" in commands else None
    stamp = _pattern(reading, "stamp") if "stamp" in reading else None
    accuracy = table.table("accuracy")
    result = AnalyserCommands(
        header=header,
        setup=lines("setup", {"count", "interval"}),
        assign=assign,
        verify=tuple(_check(check, {"n", "item", "count"}, set()) for check in reading.tables("verify")),
        start=lines("start", set(), needed=False),
        stop=lines("stop", set(), needed=False),
        read=reading.template("read"),
        item_query=reading.template("item", "{item}"),
        separator=reading.text("separator", ","),
        stamp=stamp,
        paced=reading.boolean("paced", default=False),
        age=reading.number("age"),
        items=_items(table.table("items")),
        rates=_range(reading, "rates"),
        usual_rate=reading.number("usual_rate", above=0),
        accuracy=accuracies(accuracy),
        waveform=_waveform(table.table("waveform"), options) if "waveform" in table else None,
    )
    accuracy.end()
    commands.templates("clear")  # read with the header
    for part in (commands, reading):
        part.end()
    return result


def accuracies(table: Table) -> dict[str, Uncertainty]:
    """Expanded uncertainty by unit: ``V = { floor = 0.1, share = 0.001 }``."""
    table.choice("tag", TAGS, "u")
    found = {}
    for unit in table.names():
        if unit != "tag":
            one = table.table(unit)
            found[unit] = Uncertainty(one.number("floor", 0.0), one.number("share", 0.0))
            one.end()
    return found


def _items(table: Table) -> dict[str, tuple[str, ...]]:
    items = {name: tuple(line.text for line in table.templates(name)) for name in table.names()}
    for name in sorted(set(items) - set(UNITS)):
        table.wrong(name, "is no channel", f"use {', '.join(UNITS)}")
    needed = (*ChannelNames.VOLTAGES, *ChannelNames.CURRENTS, ChannelNames.FREQUENCY, ChannelNames.POWER)
    for name in needed:
        if not items.get(name):
            table.wrong(name, "is missing", "name the item of the analyser")
    return items


def _waveform(table: Table, options: set[str]) -> WaveformCommands:
    signals = table.table("signals")
    result = WaveformCommands(
        setup=table.templates("setup"),
        assign=table.template("assign"),
        start=table.templates("start"),
        stop=table.templates("stop"),
        done=_state(table.table("done")),
        length=table.template("length"),
        read=table.template("read"),
        block=table.count("block", least=1),
        kind=table.choice("kind", ("<f4", ">f4", "<f8", ">f8")),
        lead=table.count("lead", 0),
        signals={name: signals.text(name) for name in signals.names()},
        rates=_range(table, "rates"),
    )
    _fields(table, "setup", result.setup, options | {"rate", "seconds"})
    _fields(table, "assign", (result.assign,), {"track", "signal"})
    _fields(table, "read", (result.read,), {"track", "first", "last"})
    table.end()
    return result


def _check(table: Table, allowed: set[str] | frozenset[str], row_fields: set[str] | frozenset[str]) -> Check:
    query = table.template("query")
    expected = table.template("expected") if "expected" in table else None
    pairs_table = table.table("pairs", needed=False)
    pairs = {key: pairs_table.template(key) for key in pairs_table.names()}
    if (expected is None) == (not pairs):
        table.wrong("expected", "needs a partner", "write either expected or pairs")
    _fields(table, "query", (query,), allowed)
    _fields(table, "expected", () if expected is None else (expected,), allowed)
    _fields(pairs_table, "pairs", tuple(pairs.values()), row_fields)
    check = Check(query, expected, pairs, table.number("tolerance", 0.0))
    table.end()
    return check


def _state(table: Table) -> State:
    state = State(table.template("query"), _pattern(table, "pattern", r"^\s*1\b"), table.count("mask", 0))
    table.end()
    return state


def _range(table: Table, name: str) -> tuple[float, float]:
    part = table.table(name)
    low, high = part.number("lowest", above=0), part.number("highest", above=0)
    part.end()
    return low, high


def _pattern(table: Table, name: str, default: str | None = None) -> re.Pattern[str]:
    text = table.text(name, default)
    try:
        return re.compile(text, re.IGNORECASE)
    except re.error as problem:
        table.wrong(name, f"is no regular expression: {problem}", "correct it")
        return re.compile("$^")


def _fields(table: Table, name: str, lines: tuple[Template, ...], allowed: set[str] | frozenset[str]) -> None:
    unknown = sorted({field for line in lines for field in line.fields} - set(allowed))
    if unknown:
        table.wrong(name, f"has unknown fields {', '.join(unknown)}", f"use {', '.join(sorted(allowed))}")
