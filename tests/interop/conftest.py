"""Fixtures of the counterparts.

A counterpart that cannot run here is a skip with its reason on a developer's machine and a failure in CI.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from interop.environments import MissingError, must_run
from interop.josev.oracle import Oracle
from interop.josev.pki import lay_out
from interop.josev.processes import Charger
from interop.netns import Cable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def skip_or_fail(reason: MissingError) -> NoReturn:
    """Skip, unless this is CI, where everything is there."""
    if must_run():
        pytest.fail(str(reason))
    pytest.skip(str(reason))


@pytest.fixture(scope="session")
def oracle() -> Iterator[Oracle]:
    """The byte oracle (see ``interop.josev.oracle``), one Java virtual machine for the whole session."""
    with ExitStack() as stack:
        try:
            running = stack.enter_context(Oracle())
        except MissingError as reason:
            skip_or_fail(reason)
        yield running


@pytest.fixture
def namespaces() -> Iterator[Cable]:
    """A cable with a car's and a charger's end (see ``interop.netns``), for one test alone."""
    with ExitStack() as stack:
        try:
            cable = stack.enter_context(Cable())
        except MissingError as reason:
            skip_or_fail(reason)
        yield cable


@pytest.fixture(scope="session")
def josev_charger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Charger]]:
    """``josev_charger(tls)`` gives Josev's charger, running and free, on a cable of its own (``charger.cable``).

    The two chargers, with TLS and without, are started when first asked for and serve all tests of the session: asking
    for one again waits until it has cleared away the session before. A test that spoils its charger should start a
    ``Charger`` for itself. ``charger.pki`` has the certificates that a car needs for TLS.
    """
    running: dict[bool, Charger] = {}
    with ExitStack() as stack:

        def give(tls: bool) -> Charger:
            if tls not in running or not running[tls].running:
                folder = tmp_path_factory.mktemp("josev-tls" if tls else "josev")
                pki = lay_out(folder / "pki") if tls else None
                try:
                    cable = stack.enter_context(Cable())
                    running[tls] = stack.enter_context(Charger(cable, folder / "charger.log", pki=pki))
                except MissingError as reason:
                    skip_or_fail(reason)
            running[tls].wait_until_free()
            return running[tls]

        yield give


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tells what a test repeated before its verdict: a green line alone would hide it."""
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for name, value in report.user_properties:
                if name == "repeated":
                    terminalreporter.write_line(f"repeated: {value}")
