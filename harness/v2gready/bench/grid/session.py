"""A conversation with an instrument: it is the right one, and after every write its error queue is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import TracebackType
from typing import Final, Self

from v2gready.bench.grid.command_set import Header, State
from v2gready.bench.grid.drivers import InstrumentError
from v2gready.bench.grid.templates import Template
from v2gready.bench.grid.wire import Address, Wire, open_wire, shortened

MOST_ERRORS: Final = 20
"""Entries of an error queue that are read; a queue that never ends is an error as well."""


class Session:
    """Commands and queries to one instrument.

    Args:
        header: Of the command set.
        address: Where it is.
        options: Fields that the DUT file sets.
    """

    def __init__(self, header: Header, address: Address, options: Mapping[str, str]) -> None:
        self._header = header
        self._address = address
        self._options = {**header.options, **options}
        self._wire: Wire | None = None
        self._turn = asyncio.Lock()
        self.identity = ""

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def options(self) -> Mapping[str, str]:
        """Fields for every template."""
        return self._options

    @property
    def alive(self) -> bool:
        """It can still be spoken to."""
        return self._wire is not None and not self._wire.broken

    async def connect(self) -> None:
        """Connects anew, checks the identity and forgets old errors.

        Raises:
            InstrumentError: It cannot be reached, or it is another instrument.
        """
        await self.close()
        header = self._header
        self._wire = await open_wire(self._address, header.port, header.timeout, header.longest_line)
        try:
            self.identity = await self.query(header.identity)
            self._recognise()
            for line in header.clear:
                await self._send(line.fill(self._options))
            await self._errors()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Gives the connection up."""
        if self._wire is not None:
            await self._wire.close()
        self._wire = None

    async def command(self, line: str) -> None:
        """Sends a command and asks for errors.

        Raises:
            InstrumentError: The instrument reports one.
        """
        async with self._turn:
            await self._send(line)
            errors = await self._errors()
        if errors:
            raise InstrumentError(f"{self._header.title} answers {shortened(line)!r} with {'; '.join(errors)}")

    async def commands(self, lines: tuple[Template, ...], fields: Mapping[str, str]) -> None:
        """Sends commands with fields, one after the other."""
        for line in lines:
            await self.command(line.fill({**self._options, **fields}))

    async def query(self, line: str) -> str:
        """Asks."""
        async with self._turn:
            await self._send(line)
            return await self._open().read_line()

    async def block(self, line: str) -> bytes:
        """Asks for a binary block."""
        async with self._turn:
            await self._send(line)
            return await self._open().read_block()

    async def state(self, state: State) -> bool:
        """The instrument is in a state.

        Raises:
            InstrumentError: The answer cannot be read.
        """
        answer = await self.query(state.query.fill(self._options))
        try:
            return state.holds(answer)
        except ValueError:
            raise InstrumentError(
                f"{self._header.title} answers {state.query.text!r} with {shortened(answer)!r}, which is no number"
            ) from None

    async def check_errors(self) -> None:
        """Asks for errors without a command before.

        Raises:
            InstrumentError: There are some.
        """
        async with self._turn:
            errors = await self._errors()
        if errors:
            raise InstrumentError(f"{self._header.title} reports {'; '.join(errors)}")

    def _recognise(self) -> None:
        if not self._header.pattern.search(self.identity):
            raise InstrumentError(
                f"{self._address.text} says that it is {shortened(self.identity)!r}, which is no {self._header.title}"
            )

    async def _errors(self) -> list[str]:
        header = self._header
        for line in header.error_before:
            await self._send(line)
        found: list[str] = []
        while len(found) < MOST_ERRORS:
            await self._send(header.error_query)
            answer = await self._open().read_line()
            if header.no_error.search(answer):
                break
            found.append(shortened(answer, 120) or "an empty line")
        for line in header.error_after:
            await self._send(line)
        return found

    async def _send(self, line: str) -> None:
        await self._open().write(line)

    def _open(self) -> Wire:
        if self._wire is None:
            raise InstrumentError(f"nobody is connected to {self._address.text}")
        return self._wire
