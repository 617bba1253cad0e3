"""A grid case on a bench of instruments: fakes in processes of their own, real sockets, real time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.unit.bench.grid.conftest import Fake, running
from v2gready.authoring.grid import GridBench, GridCase, Observation, Trace, holds
from v2gready.engine.catalogue import load_catalogue
from v2gready.engine.execution import Surroundings, execute
from v2gready.engine.grid_settings import grid_bench
from v2gready.engine.preflight import Ready, prepare
from v2gready.grid.recording import Kind
from v2gready.model.trace import Event, EventKind
from v2gready.model.verdict import Verdict

CATALOGUE = load_catalogue()


PLAYED = 1.3
"""Seconds of the script. The two fakes know nothing of each other: the analyser shows a steady grid."""


class Swell(GridCase):
    """A short swell is recorded from its start to its end."""

    topic = "SWELL-01"
    title = "A short swell"
    area = "bench"
    requirements = ("GRID-OVRT",)
    faults = {"trips-on-swell": "GRID-OVRT"}  # noqa: RUF012 - as cases are written

    async def stimulate(self, bench: GridBench) -> None:
        await bench.export(0.5)
        await bench.play(bench.calm.hold(0.4).step(u=1.1).hold(0.5).step(u=1.0).hold(0.4))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        recording = trace.recorded("grid").content
        covered = recording.kind is Kind.QUANTITIES and recording.duration >= PLAYED
        yield holds("GRID-OVRT", covered, expected=f"a record of {PLAYED} s", seen=recording.duration)


@pytest.fixture
def bench(tmp_path: Path, dut_file: Callable[..., Path]) -> Iterator[Callable[..., tuple[Ready, Fake]]]:
    with ExitStack() as stack:

        def build(*faults: str) -> tuple[Ready, Fake]:
            options = [part for fault in faults for part in ("--fault", fault)]
            simulator = stack.enter_context(running("ametek", *options))
            analyser = stack.enter_context(running("yokogawa"))
            path = dut_file(
                (
                    '[interfaces.grid]\nkind = "embedded"\n',
                    (
                        '[interfaces.grid]\nkind = "bench"\n'
                        f'simulator = {{ command_set = "ametek-ci", address = "{simulator.address.text}" }}\n'
                        f'analyser = {{ command_set = "yokogawa-wt", address = "{analyser.address.text}" }}\n'
                    ),
                ),
                ("settling_time = 3.0\n", "settling_time = 3.0\nrest_before_case = 0.1\n"),
            )
            hook = '[hooks.set_power]\nkind = "command"\ncommand = "true {watts}"\n'
            hook += '[hooks.reset]\nkind = "command"\ncommand = "true"\n'
            path.write_text(path.read_text() + hook)
            return prepare(path), simulator

        yield build


def run(ready: Ready) -> tuple[Any, Trace]:
    assert ready.grid is not None
    case = next(one for one in Swell.variants() if one.role == "charger")
    surroundings = Surroundings(CATALOGUE.registry, (), ready.dut.declared, 1, 0.01)
    return execute(case(), grid_bench(ready.dut, ready.grid, ready.prompt), surroundings)


def test_the_simulator_plays_and_the_analyser_records(bench: Callable[..., tuple[Ready, Fake]]) -> None:
    ready, simulator = bench()
    record, trace = run(ready)
    assert (record.verdict, record.reason) == (Verdict.PASS, "")
    assert simulator.model["output"] is False
    (points,) = simulator.model["played"]
    assert max(point[2] for point in points) == pytest.approx(1.1 * 230.0)
    acted = [one for one in trace.records if isinstance(one, Event) and one.kind == EventKind.ACTION]
    assert [one.detail for one in acted] == [{"action": "reset"}, {"action": "set_power", "watts": -15000.0}]


def test_an_instrument_that_fails_is_an_error_and_leaves_the_output_off(
    bench: Callable[..., tuple[Ready, Fake]],
) -> None:
    ready, simulator = bench("refuse:list:volt")
    record, _ = run(ready)
    assert record.verdict is Verdict.ERROR
    assert "InstrumentError" in record.reason
    assert simulator.model["output"] is False


def test_the_doctor_says_that_the_drivers_never_met_the_instrument(bench: Callable[..., tuple[Ready, Fake]]) -> None:
    ready, _ = bench()
    assert ready.grid is not None
    assert any("never the real instrument" in text for _, _, text in ready.grid.findings())
