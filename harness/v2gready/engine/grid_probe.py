"""Are the instruments there that ``[interfaces.grid]`` names? Each is asked who it is; nothing is switched."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from v2gready.bench.grid.command_set import Header
from v2gready.bench.grid.drivers import InstrumentError
from v2gready.bench.grid.session import Session
from v2gready.bench.grid.settings import KEY, GridBenchSettings
from v2gready.bench.grid.wire import Address, shortened
from v2gready.model.dut import ConfigurationError, Problem

Finding = tuple[str, bool, str]


def probed(bench: GridBenchSettings) -> list[Finding]:
    """Name, whether it is the right instrument, and what it says that it is or why it does not."""
    found = []
    for name, one in (("simulator", bench.simulator), ("analyser", bench.analyser)):
        if one is not None:
            good, text = asyncio.run(_identity(one.commands.header, one.address, one.options))
            found.append((f"{KEY}.{name}", good, text))
    return found


def check_instruments(bench: GridBenchSettings, source: str) -> None:
    """All of them answer and are what the DUT file says.

    Raises:
        ConfigurationError: With every one that is not.
    """
    remedy = "check address, cable and command_set; v2gready doctor asks again"
    wrong = [Problem(name, text, remedy) for name, good, text in probed(bench) if not good]
    if wrong:
        raise ConfigurationError(source, wrong)


async def _identity(header: Header, address: Address, options: Mapping[str, str]) -> tuple[bool, str]:
    try:
        async with Session(header, address, options) as session:
            return True, f"{address.text} is {shortened(session.identity)!r}"
    except InstrumentError as problem:
        return False, str(problem)
