"""A grid case on a bench of instruments: fakes in processes of their own, real sockets, real time."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.unit.bench.grid.conftest import Fake, running
from v2gready.authoring.grid import GridBench, GridCase, Observation, Trace, View, holds
from v2gready.bench.grid.wire import Address
from v2gready.engine.catalogue import load_catalogue
from v2gready.engine.execution import Surroundings, execute
from v2gready.engine.grid_probe import probed
from v2gready.engine.grid_settings import grid_bench
from v2gready.engine.preflight import Ready, prepare
from v2gready.grid.recording import Kind
from v2gready.model.dut import ConfigurationError
from v2gready.model.trace import Event, EventKind, Recorded
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


class Steps(Swell):
    """Three scripts with something done in between are one recording."""

    topic = "STEPS-01"
    title = "Three scripts"
    waveform = False

    async def stimulate(self, bench: GridBench) -> None:
        for share in (0.25, 0.5, 0.75):
            await bench.export(share)
            script = bench.calm.hold(0.2).step(u=1.02).hold(0.2).step(u=1.0).hold(0.2)
            await (bench.play_waveform(script) if self.waveform else bench.play(script))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        view = View(trace)
        (_,) = (one for one in trace.records if isinstance(one, Recorded))
        covered = view.span.duration >= 3 * 0.6 and bool(np.all(np.isfinite(view.q.f.values)))
        yield holds("GRID-OVRT", covered, expected="all three on one axis", seen=view.span.duration)


class Waveforms(Steps):
    """Three waveforms are one recording with holes that no judge uses."""

    topic = "WAVES-01"
    waveform = True


@pytest.fixture
def bench(tmp_path: Path, dut_file: Callable[..., Path]) -> Iterator[Callable[..., tuple[Ready, Fake]]]:
    with ExitStack() as stack:

        def build(*faults: str, analyser: tuple[str, str] = ("yokogawa", "yokogawa-wt")) -> tuple[Ready, Fake]:
            options = [part for fault in faults for part in ("--fault", fault)]
            simulator = stack.enter_context(running("ametek", *options))
            kind, commands = analyser
            meter = stack.enter_context(running(kind))
            path = dut_file(
                (
                    '[interfaces.grid]\nkind = "embedded"\n',
                    (
                        '[interfaces.grid]\nkind = "bench"\n'
                        f'simulator = {{ command_set = "ametek-ci", address = "{simulator.address.text}" }}\n'
                        f'analyser = {{ command_set = "{commands}", address = "{meter.address.text}" }}\n'
                    ),
                ),
                ("settling_time = 3.0\n", "settling_time = 3.0\nrest_before_case = 0.1\n"),
            )
            hook = '[hooks.set_power]\nkind = "command"\ncommand = "true {watts}"\n'
            hook += '[hooks.reset]\nkind = "command"\ncommand = "true"\n'
            path.write_text(path.read_text() + hook)
            return prepare(path), simulator

        yield build


def run(ready: Ready, kind: type[GridCase] = Swell) -> tuple[Any, Trace]:
    assert ready.grid is not None
    case = next(one for one in kind.variants() if one.role == "charger")
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


def test_several_scripts_are_judged_as_one_recording(bench: Callable[..., tuple[Ready, Fake]]) -> None:
    ready, simulator = bench()
    record, trace = run(ready, Steps)
    assert (record.verdict, record.reason) == (Verdict.PASS, "")
    assert len(simulator.model["played"]) == 3
    recording = trace.recorded("grid").content
    acted = [one.t for one in trace.records if isinstance(one, Event) and one.kind == EventKind.ACTION]
    assert recording.start < acted[-1] < recording.start + recording.duration  # what happened in between is in it


def test_several_waveforms_leave_holes_that_prove_nothing(
    bench: Callable[..., tuple[Ready, Fake]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("v2gready.bench.grid.instruments.SPARE", 0.1)
    ready, _ = bench(analyser=("zimmer", "zimmer-lmg670"))
    record, trace = run(ready, Waveforms)
    assert record.verdict is Verdict.INCONC
    assert "the recording cannot be used: samples are lost" in record.reason
    assert trace.recorded("grid").content.kind is Kind.WAVEFORM


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


def test_the_doctor_asks_each_instrument_who_it_is(bench: Callable[..., tuple[Ready, Fake]]) -> None:
    ready, simulator = bench()
    assert ready.grid is not None
    found = {name: (good, text) for name, good, text in ready.grid.probed()}
    assert all(good for good, _ in found.values())
    assert "CALIFORNIA INSTRUMENTS" in found["interfaces.grid.simulator"][1]
    assert "YOKOGAWA" in found["interfaces.grid.analyser"][1]
    ready.grid.check_instruments("dut.toml")
    assert simulator.model["ever_on"] is False


def test_an_instrument_that_is_another_or_away_is_named_before_the_first_case(
    bench: Callable[..., tuple[Ready, Fake]],
) -> None:
    ready, _ = bench(analyser=("zimmer", "yokogawa-wt"))
    assert ready.grid is not None
    with pytest.raises(ConfigurationError, match=r"interfaces.grid.analyser: .*ZES ZIMMER.* is no Yokogawa.*; check"):
        ready.grid.check_instruments("dut.toml")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        gone = Address(f"127.0.0.1:{taken.getsockname()[1]}")
    assert ready.grid.bench.simulator is not None
    away = replace(ready.grid.bench, simulator=replace(ready.grid.bench.simulator, address=gone))
    (name, good, text), _ = probed(away)
    assert (name, good) == ("interfaces.grid.simulator", False)
    assert gone.text in text
