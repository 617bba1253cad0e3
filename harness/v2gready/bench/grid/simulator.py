"""A grid simulator that is spoken to by a command set."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from itertools import pairwise
from types import TracebackType
from typing import Final, Self

from v2gready.bench.grid.command_set import Check, SimulatorCommands
from v2gready.bench.grid.drivers import AfterList, Capabilities, CapabilityError, GridSimulator, InstrumentError
from v2gready.bench.grid.listmode import Level, Row, rows_of
from v2gready.bench.grid.session import Session
from v2gready.bench.grid.templates import decimal, same_values
from v2gready.bench.grid.wire import Address, shortened
from v2gready.grid.script import Script

EARLY: Final = 0.9
"""A list that ends before this share of its time was not played."""
LATE: Final = 1.1
SPARE: Final = 5.0
"""Seconds on top of the late share before the list is given up."""
POSITIONS: Final = (0.0, 240.0, 120.0)
"""Angle of each phase without a shift, degrees."""


class ScpiGridSimulator(GridSimulator):
    """Plays scripts as lists: the instrument times the edges, the host only starts it and looks when it is done.

    Args:
        commands: Command set.
        address: Where the instrument is.
        options: Fields of the command set that the DUT file sets.
        capabilities: The laboratory's own numbers; None: those of the command set.
    """

    def __init__(
        self,
        commands: SimulatorCommands,
        address: Address,
        options: Mapping[str, str] | None = None,
        capabilities: Capabilities | None = None,
    ) -> None:
        self._commands = commands
        self._session = Session(commands.header, address, options or {})
        self._capabilities = capabilities or commands.capabilities
        self._level: Level | None = None
        self._loaded: tuple[Row, ...] = ()

    @property
    def capabilities(self) -> Capabilities:
        """Its limits."""
        return self._capabilities

    @property
    def identity(self) -> str:
        """What it said it is."""
        return self._session.identity

    async def __aenter__(self) -> Self:
        await self._session.connect()
        async with self._safely():
            await self._switch_off()  # whatever an earlier session left
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        trouble = await self._to_safety()
        await self._session.close()
        if trouble and problem is None:
            raise InstrumentError(trouble)

    async def energise(self, nominal_voltage: float) -> None:
        """Puts out nominal voltage and frequency, steadily."""
        async with self._safely():
            await self._prepare(nominal_voltage)
            await self._switch_on()

    async def load(self, script: Script, nominal_voltage: float) -> None:
        """Uploads a script and reads it back."""
        commands = self._commands
        level = self._level or Level(u=(nominal_voltage,) * 3)
        self._loaded = ()
        rows = rows_of(script, nominal_voltage, commands.shape, self._capabilities, level)
        columns = list_fields(commands, rows, self._session.options)
        async with self._safely():
            if self._level is None:
                await self._prepare(nominal_voltage)
            fields = {**self._steady(level), **columns}
            await self._session.commands(commands.upload, fields)
            for check in commands.verify:
                await self._verify(check, rows, fields)
        self._loaded = rows

    async def run(self) -> None:
        """Plays what was loaded, to its end."""
        rows, self._loaded = self._loaded, ()
        if not rows:
            raise InstrumentError("no script is loaded into the grid simulator")
        commands = self._commands
        wanted = sum(row.seconds for row in rows)
        loop = asyncio.get_running_loop()
        async with self._safely():
            if not await self._session.state(commands.output_on):
                await self._switch_on()
            began = loop.time()
            await self._session.commands(commands.trigger, self._steady(rows[-1].end))
            while not await self._session.state(commands.done):
                if loop.time() - began > wanted * LATE + SPARE:
                    raise InstrumentError(f"{commands.header.title} has not ended its list of {wanted:g} s in time")
                await asyncio.sleep(commands.poll)
            took = loop.time() - began
            if took < wanted * EARLY:
                raise InstrumentError(f"{commands.header.title} ended its list of {wanted:g} s after {took:.2g} s")
            await self._session.check_errors()
            if not await self._session.state(commands.output_on):
                raise InstrumentError(f"{commands.header.title} switched its output off during the list")
            if self._capabilities.after_list is AfterList.HOLD:
                await self._session.commands(commands.settle, self._steady(rows[-1].end))
                self._level = rows[-1].end

    async def off(self) -> None:
        """Stops and switches the output off."""
        trouble = await self._to_safety()
        if trouble:
            raise InstrumentError(trouble)

    async def _prepare(self, nominal_voltage: float) -> None:
        level = Level(u=(nominal_voltage,) * 3)
        await self._session.commands(self._commands.prepare, self._steady(level))
        self._level = level

    async def _switch_on(self) -> None:
        await self._session.commands(self._commands.on, self._steady(self._level or Level()))
        if not await self._session.state(self._commands.output_on):
            raise InstrumentError(f"{self._commands.header.title} does not switch its output on")

    async def _verify(self, check: Check, rows: tuple[Row, ...], fields: Mapping[str, str]) -> None:
        fields = {**self._session.options, **fields}
        answer = await self._session.query(check.query.fill(fields))
        if check.expected is not None:
            wanted = check.expected.fill(fields)
            if not same_values(wanted, answer, check.tolerance):
                raise InstrumentError(
                    f"{self._commands.header.title} was given {shortened(wanted)!r},"
                    f" but {check.query.fill(fields)!r} reads back {shortened(answer)!r}"
                )
            return
        per_row = [{**fields, **row_fields(self._commands, row, n)} for n, row in enumerate(rows, start=1)]
        for key, template in check.pairs.items():
            wanted_values = [template.fill(row) for row in per_row]
            seen = _pairs(answer, key)
            whole = len(seen) == len(wanted_values)  # some instruments show the last row alone
            compared = wanted_values if whole else wanted_values[-1:]
            if (
                not seen
                or (not whole and len(seen) != 1)
                or not same_values(",".join(compared), ",".join(seen), check.tolerance)
            ):
                raise InstrumentError(
                    f"{self._commands.header.title} was given {key} {shortened(','.join(compared))},"
                    f" but {check.query.fill(fields)!r} reads back {shortened(','.join(seen) or 'nothing')}"
                )

    def _steady(self, level: Level) -> dict[str, str]:
        digits = self._commands.decimals
        volts = [decimal(value, digits["volts"]) for value in level.u]
        return {
            "u": volts[0],
            **{f"u{phase}": text for phase, text in enumerate(volts, start=1)},
            "f": decimal(level.f, digits["hertz"]),
        }

    @asynccontextmanager
    async def _safely(self) -> AsyncIterator[None]:
        """Whatever goes wrong inside, cancellation too, the output is off before anybody hears of it."""
        try:
            yield
        except BaseException as problem:
            trouble = await self._to_safety()
            if trouble and isinstance(problem, InstrumentError):
                raise InstrumentError(f"{problem}; {trouble}") from problem
            if trouble:
                problem.add_note(trouble)
            raise

    async def _to_safety(self) -> str:
        """Switches off, even if we are cancelled again and again; returns what went wrong with that."""
        task = asyncio.ensure_future(self._switch_off_somehow())
        cancelled = False
        while not task.done():
            try:
                await asyncio.shield(task)
            except asyncio.CancelledError:
                cancelled = True
        if cancelled:
            raise asyncio.CancelledError
        return task.result()

    async def _switch_off_somehow(self) -> str:
        try:
            if not self._session.alive:
                await self._session.connect()
            await self._switch_off()
        except InstrumentError as first:
            try:  # a fresh connection knows nothing of what confused the old one
                await self._session.connect()
                await self._switch_off()
            except InstrumentError:
                return f"the output may still be on, switch it off by hand ({first})"
        return ""

    async def _switch_off(self) -> None:
        commands = self._commands
        self._level = None
        self._loaded = ()
        for lines in (commands.abort, commands.off):
            try:
                await self._session.commands(lines, self._steady(Level()))
            except CapabilityError:
                raise
            except InstrumentError:
                if not self._session.alive:
                    raise
                # The instrument may complain that there is nothing to abort; its output state decides.
        if not await self._session.state(commands.output_off):
            raise InstrumentError(f"{commands.header.title} does not switch its output off")


def list_fields(commands: SimulatorCommands, rows: tuple[Row, ...], options: Mapping[str, str]) -> dict[str, str]:
    """The columns of a list, as text."""
    per_row = [{**options, **row_fields(commands, row, n)} for n, row in enumerate(rows, start=1)]
    columns = {
        name: column.join.join(column.row.fill(fields) for fields in per_row)
        for name, column in commands.columns.items()
    }
    return {**columns, "count": str(len(rows))}


def row_fields(commands: SimulatorCommands, row: Row, n: int) -> dict[str, str]:
    """The fields of one row, as text with the digits of the instrument."""
    digits = commands.decimals
    fields = {
        "n": str(n),
        "seconds": decimal(row.seconds, digits["seconds"]),
        "milliseconds": decimal(row.seconds * 1000, digits["milliseconds"]),
        "f_start": decimal(row.start.f, digits["hertz"]),
        "f_end": decimal(row.end.f, digits["hertz"]),
        "f_slew": _slew(commands, row, row.end.f - row.start.f, "hertz_per_second"),
        "u_start": decimal(row.start.u[0], digits["volts"]),
        "u_end": decimal(row.end.u[0], digits["volts"]),
    }
    for index in range(3):
        phase = index + 1
        for name, level in (("start", row.start), ("end", row.end)):
            fields[f"u{phase}_{name}"] = decimal(level.u[index], digits["volts"])
            angle = (POSITIONS[index] + level.angles[index]) % 360.0
            fields[f"a{phase}_{name}"] = decimal(angle, digits["degrees"])
        fields[f"u{phase}_slew"] = _slew(commands, row, row.end.u[index] - row.start.u[index], "volts_per_second")
    fields["u_slew"] = fields["u1_slew"]
    return fields


def _slew(commands: SimulatorCommands, row: Row, change: float, kind: str) -> str:
    """The rate at which a value moves, rounded up so that it arrives in time."""
    digits = commands.decimals[kind]
    steps = abs(change) / row.seconds * 10**digits
    if row.at_once or steps < 1e-6:  # nothing moves
        return commands.fastest
    return decimal(math.ceil(steps - 1e-6) / 10**digits, digits)


def _pairs(answer: str, key: str) -> list[str]:
    """Values that follow a key in ``KEY,value,KEY,value``."""
    items = [item.strip().upper() for item in answer.split(",")]
    return [value for name, value in pairwise(items) if name == key.upper()]
