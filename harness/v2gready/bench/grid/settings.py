"""``[interfaces.grid]`` of a DUT file: which grid code, and which instruments stand on the bench."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from v2gready.bench.grid.command_files import accuracies, parse_command_set, with_capabilities
from v2gready.bench.grid.command_set import AnalyserCommands, CommandSet, SimulatorCommands
from v2gready.bench.grid.drivers import Capabilities
from v2gready.bench.grid.tables import Table
from v2gready.bench.grid.wire import Address
from v2gready.grid.recording import Uncertainty
from v2gready.model.dut import ConfigurationError, Problem
from v2gready.resources import folder

KEY: Final = "interfaces.grid"
KINDS: Final = ("embedded", "bench")
SUNSPEC_PORT: Final = 502

Loader = Callable[[str], CommandSet]
"""Gives the command set of a name, or raises `ConfigurationError`."""


@dataclass(frozen=True, slots=True)
class SimulatorSettings:
    """The grid simulator on the bench.

    Attributes:
        commands: Its command set.
        address: Where it is.
        capabilities: Those of the command set, with the laboratory's own numbers in it.
        options: Fields of the command set.
    """

    commands: SimulatorCommands
    address: Address
    capabilities: Capabilities
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AnalyserSettings:
    """The power analyser on the bench.

    Attributes:
        commands: Its command set.
        address: Where it is.
        rate: Readings per second; None: what the command set calls usual.
        accuracy: The laboratory's own uncertainty by unit.
        options: Fields of the command set.
    """

    commands: AnalyserCommands
    address: Address
    rate: float | None = None
    accuracy: Mapping[str, Uncertainty] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SunSpecSettings:
    """Modbus TCP access to the settings of the device.

    Attributes:
        host: Name or address.
        port: TCP port.
        unit: Modbus unit.
    """

    host: str
    port: int = SUNSPEC_PORT
    unit: int = 1


@dataclass(frozen=True, slots=True)
class GridBenchSettings:
    """A checked ``[interfaces.grid]``.

    Attributes:
        kind: ``embedded`` (reference inverter and virtual instruments) or ``bench`` (real ones).
        profile: Id of the grid code.
        overrides: File with the laboratory's own numbers for it, empty if there is none.
        simulator: None on an embedded bench.
        analyser: None on an embedded bench.
        sunspec: None if the device has no registers to read.
    """

    kind: str
    profile: str
    overrides: str = ""
    simulator: SimulatorSettings | None = None
    analyser: AnalyserSettings | None = None
    sunspec: SunSpecSettings | None = None

    def remarks(self) -> list[str]:
        """What doctor and report say about the drivers."""
        drivers = [one.commands.header for one in (self.simulator, self.analyser) if one is not None]
        return [line for header in drivers for line in (header.remark, *header.notes)]


def command_set_names() -> list[str]:
    """Command sets that come with the harness."""
    return sorted(path.stem for path in (folder("fixtures") / "instruments").glob("*.toml"))


def load_command_set(name: str, base: Path | None = None) -> CommandSet:
    """A command set that comes with the harness, or a laboratory's own file.

    Args:
        name: Id, or a path that ends with ``.toml``.
        base: Folder that a relative path starts from.

    Raises:
        ConfigurationError: There is none, or it has errors.
    """
    own = name.endswith(".toml")
    path = (base or Path()) / name if own else folder("fixtures") / "instruments" / f"{name}.toml"
    if not own and name not in command_set_names():
        remedy = f"use one of {', '.join(command_set_names())}, or the path of a .toml file"
        raise ConfigurationError(KEY, [Problem("command_set", f"{name!r} is unknown", remedy)])
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as problem:
        reason = getattr(problem, "strerror", None) or "it is no text"
        raise ConfigurationError(str(path), [Problem("file", f"cannot be read: {reason}", "check the path")]) from None
    except tomllib.TOMLDecodeError as problem:
        raise ConfigurationError(str(path), [Problem("file", f"is no TOML: {problem}", "correct that line")]) from None
    return parse_command_set(document, str(path))


def grid_bench_settings(
    table: Mapping[str, Any], source: str = "DUT file", load: Loader = load_command_set
) -> GridBenchSettings:
    """Checks ``[interfaces.grid]``.

    Args:
        table: What TOML made of it.
        source: File name for messages.
        load: Gives command sets.

    Raises:
        ConfigurationError: With every problem found.
    """
    problems: list[Problem] = []
    grid = Table(table, KEY, problems)
    kind = grid.choice("kind", KINDS)
    profile = grid.text("profile")
    overrides = grid.text("overrides", "")
    simulator = _simulator(grid.table("simulator"), problems, load) if "simulator" in grid else None
    analyser = _analyser(grid.table("analyser"), problems, load) if "analyser" in grid else None
    sunspec = _sunspec(grid.table("sunspec")) if "sunspec" in grid else None
    grid.end()
    if kind == "bench":
        for name in ("simulator", "analyser"):
            if name not in grid:
                grid.wrong(name, "is missing", f'write {name} = {{ command_set = "…", address = "…" }}')
    else:
        for name in ("simulator", "analyser", "sunspec"):
            if name in grid:
                grid.wrong(name, "is of no use on an embedded bench", 'write kind = "bench", or take it out')
    if problems:
        raise ConfigurationError(source, problems)
    return GridBenchSettings(kind, profile, overrides, simulator, analyser, sunspec)


def _simulator(table: Table, problems: list[Problem], load: Loader) -> SimulatorSettings | None:
    commands, address, options = _instrument(table, problems, load)
    own = table.table("capabilities", needed=False)
    table.end()
    if commands is None or address is None:
        return None
    if not isinstance(commands, SimulatorCommands):
        table.wrong("command_set", f"{commands.header.id} is no grid simulator", "use one of a simulator")
        return None
    capabilities = with_capabilities(commands, own)
    own.end()
    return SimulatorSettings(commands, address, capabilities, options)


def _analyser(table: Table, problems: list[Problem], load: Loader) -> AnalyserSettings | None:
    commands, address, options = _instrument(table, problems, load)
    rate = table.number("rate", above=0) if "rate" in table else None
    accuracy = accuracies(table.table("accuracy", needed=False))
    table.end()
    if commands is None or address is None:
        return None
    if not isinstance(commands, AnalyserCommands):
        table.wrong("command_set", f"{commands.header.id} is no power analyser", "use one of an analyser")
        return None
    low, high = commands.rates
    if rate is not None and not low <= rate <= high:
        table.wrong("rate", f"is {rate:g}", f"{commands.header.title} takes {low:g} to {high:g} readings per second")
    return AnalyserSettings(commands, address, rate, accuracy, options)


def _instrument(
    table: Table, problems: list[Problem], load: Loader
) -> tuple[CommandSet | None, Address | None, Mapping[str, str]]:
    name = table.text("command_set")
    address = Address(table.text("address"), table.text("backend", "@py"))
    commands: CommandSet | None = None
    if name:
        try:
            commands = load(name)
        except ConfigurationError as wrong:
            problems += [
                Problem(f"{table.key}.command_set", f"{wrong.source}: {one.key} {one.what}", one.remedy)
                for one in wrong.problems
            ]
    reachable = bool(address.text)
    if reachable and not address.visa:
        try:
            address.endpoint(5025)
        except ValueError as problem:
            table.wrong("address", str(problem), "write host, host:port or a VISA resource")
            reachable = False
    options_table = table.table("options", needed=False)
    options = {key: options_table.text(key) for key in options_table.names()}
    known = commands.header.options if commands is not None else options
    for key, value in options.items():
        if key not in known:
            options_table.wrong(key, "is no option of the command set", f"use {', '.join(known) or 'none'}")
        if any(letter in value for letter in ";\n\r"):
            options_table.wrong(key, "holds more than one command", "write a single value")
    return commands, address if reachable else None, options


def _sunspec(table: Table) -> SunSpecSettings:
    settings = SunSpecSettings(
        host=table.text("host"),
        port=table.count("port", SUNSPEC_PORT, least=1, most=65535),
        unit=table.count("unit", 1, least=0, most=255),
    )
    table.end()
    return settings
