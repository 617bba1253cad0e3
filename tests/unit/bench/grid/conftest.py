"""Fake instruments in processes of their own, and command sets that are in a hurry."""

from __future__ import annotations

import functools
import json
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from v2gready.bench.grid.command_set import AnalyserCommands, SimulatorCommands
from v2gready.bench.grid.settings import load_command_set
from v2gready.bench.grid.wire import Address

ROOT = Path(__file__).parents[4]


@dataclass(frozen=True)
class Fake:
    """A running fake instrument."""

    port: int

    @property
    def address(self) -> Address:
        return Address(f"127.0.0.1:{self.port}")

    @property
    def model(self) -> dict[str, Any]:
        """What it says about itself."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(b"MODEL?\n")
            return dict(json.loads(connection.makefile("r").readline()))


@contextmanager
def running(kind: str, *options: str) -> Iterator[Fake]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.unit.bench.grid.scpi", kind, *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as process:
        assert process.stdout is not None
        try:
            yield Fake(int(process.stdout.readline()))
        finally:
            process.communicate(timeout=10)  # its input ends, and so does it


@pytest.fixture
def fake() -> Iterator[Callable[..., Fake]]:
    with ExitStack() as stack:
        yield lambda kind, *options: stack.enter_context(running(kind, *options))


loaded = functools.cache(load_command_set)


def simulator_commands(name: str, **header: Any) -> SimulatorCommands:
    commands = loaded(name)
    assert isinstance(commands, SimulatorCommands)
    return replace(commands, poll=0.01, header=replace(commands.header, **header))


def analyser_commands(name: str, **header: Any) -> AnalyserCommands:
    commands = loaded(name)
    assert isinstance(commands, AnalyserCommands)
    return replace(commands, header=replace(commands.header, **header))
