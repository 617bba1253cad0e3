"""``[interfaces.grid]`` and the files of command sets: every problem at once, with key and remedy."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from v2gready.bench.grid.command_files import parse_command_set
from v2gready.bench.grid.command_set import AnalyserCommands, SimulatorCommands
from v2gready.bench.grid.drivers import AfterList
from v2gready.bench.grid.settings import command_set_names, grid_bench_settings, load_command_set
from v2gready.grid.recording import Uncertainty
from v2gready.model.dut import ConfigurationError
from v2gready.resources import folder

BENCH: dict[str, Any] = {
    "kind": "bench",
    "profile": "nl",
    "overrides": "lab.toml",
    "simulator": {
        "command_set": "ametek-ci",
        "address": "192.0.2.7",
        "options": {"range": "150"},
        "capabilities": {"max_segments": 50, "after_list": "hold"},
    },
    "analyser": {
        "command_set": "yokogawa-wt",
        "address": "TCPIP0::192.0.2.8::INSTR",
        "rate": 10,
        "accuracy": {"V": {"floor": 0.05, "share": 0.0005}},
    },
    "sunspec": {"host": "192.0.2.9", "unit": 126},
}


def document(name: str) -> dict[str, Any]:
    return tomllib.loads((folder("fixtures") / "instruments" / f"{name}.toml").read_text("utf-8"))


def test_a_bench_is_read_in_full() -> None:
    settings = grid_bench_settings(BENCH)
    assert (settings.kind, settings.profile, settings.overrides) == ("bench", "nl", "lab.toml")
    assert settings.simulator is not None
    assert settings.simulator.capabilities.max_segments == 50
    assert settings.simulator.capabilities.after_list is AfterList.HOLD
    assert settings.simulator.capabilities.voltage_max == 300.0  # that of the command set
    assert settings.simulator.options == {"range": "150"}
    assert settings.analyser is not None
    assert settings.analyser.address.visa
    assert settings.analyser.rate == 10.0
    assert settings.analyser.accuracy == {"V": Uncertainty(0.05, 0.0005)}
    assert settings.sunspec is not None
    assert (settings.sunspec.host, settings.sunspec.port, settings.sunspec.unit) == ("192.0.2.9", 502, 126)


def test_the_report_is_told_that_nobody_tried_the_real_instrument() -> None:
    remarks = grid_bench_settings(BENCH).remarks()
    assert sum("never the real instrument" in line for line in remarks) == 2
    assert grid_bench_settings({"kind": "embedded", "profile": "nl"}).remarks() == []


def changed(path: str, value: object) -> Callable[[dict[str, Any]], None]:
    def change(table: dict[str, Any]) -> None:
        *way, last = path.split(".")
        for key in way:
            table = table[key]
        if value is None:
            del table[last]
        else:
            table[last] = value

    return change


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("kind", "real", "interfaces.grid.kind: is 'real'; use one of embedded, bench"),
        ("kind", None, "interfaces.grid.kind: is missing"),
        ("kind", "embedded", "interfaces.grid.simulator: is of no use on an embedded bench"),
        ("profile", 7, "interfaces.grid.profile: is 7; write a text"),
        ("analyser", None, "interfaces.grid.analyser: is missing"),
        ("simulator", "ametek", "interfaces.grid.simulator: is missing or no table"),
        ("simulator.command_set", "amtek", "use one of ametek-ci, chroma-61845"),
        ("simulator.command_set", "nowhere.toml", "nowhere.toml: file cannot be read"),
        ("simulator.command_set", "yokogawa-wt", "yokogawa-wt is no grid simulator"),
        ("simulator.address", "http://lab", "interfaces.grid.simulator.address: 'http://lab' is no address"),
        ("simulator.address", None, "interfaces.grid.simulator.address: is missing"),
        ("simulator.adress", "x", "interfaces.grid.simulator.adress: is unknown"),
        ("simulator.options.rnage", "150", "interfaces.grid.simulator.options.rnage: is no option"),
        ("simulator.options.range", "150;outp on", "holds more than one command"),
        ("simulator.capabilities.voltage_max", -1, "write a number above 0"),
        ("simulator.capabilities.voltage_maximum", 1, "voltage_maximum: is unknown"),
        ("simulator.capabilities.after_list", "stay", "use one of hold, return"),
        ("analyser.rate", 500, "takes 0.05 to 20 readings per second"),
        ("analyser.rate", True, "write a number"),
        ("sunspec.port", 0, "interfaces.grid.sunspec.port: is 0"),
        ("sunspec.unit", "1", "interfaces.grid.sunspec.unit: is '1'; write a whole number"),
        ("sunspec.host", None, "interfaces.grid.sunspec.host: is missing"),
    ],
)
def test_each_mistake_is_named_with_key_and_remedy(path: str, value: object, said: str) -> None:
    table = copy.deepcopy(BENCH)
    changed(path, value)(table)
    with pytest.raises(ConfigurationError) as error:
        grid_bench_settings(table, "dut.toml")
    assert said in str(error.value)
    assert str(error.value).startswith("dut.toml: ")


def test_all_mistakes_are_told_at_once() -> None:
    table = copy.deepcopy(BENCH)
    for path, value in (("profile", None), ("simulator.address", ""), ("analyser.rate", 0), ("sunspec.port", 70000)):
        changed(path, value)(table)
    with pytest.raises(ConfigurationError) as error:
        grid_bench_settings(table)
    assert len(error.value.problems) >= 3


@pytest.mark.parametrize("name", command_set_names())
def test_every_command_set_of_ours_is_whole_and_says_what_it_is_worth(name: str) -> None:
    commands = load_command_set(name)
    header = commands.header
    assert header.id == name
    assert header.provenance in {"S", "S2"}
    assert header.source
    assert "never the real instrument" in header.tested


def test_three_simulators_and_two_analysers_are_there() -> None:
    kinds = [type(load_command_set(name)) for name in command_set_names()]
    assert kinds.count(SimulatorCommands) >= 3
    assert kinds.count(AnalyserCommands) >= 2


@pytest.mark.parametrize(
    ("name", "path", "value", "said"),
    [
        ("ametek-ci", "kind", "toaster", "kind: is 'toaster'"),
        ("ametek-ci", "tested", None, "tested: is missing"),
        ("ametek-ci", "identity.pattern", "(", "no regular expression"),
        ("ametek-ci", "identity.pattern", None, "identity.pattern: is missing"),
        ("ametek-ci", "commands.on", "outp on", "commands.on: is missing or no list of texts"),
        ("ametek-ci", "commands.off", None, "commands.off: is missing"),
        ("ametek-ci", "commands.upload", ["list:dwel {dwel}"], "has unknown fields dwel"),
        ("ametek-ci", "commands.upload", ["list:dwel {dwell:.2f}"], "digits are set by decimals"),
        ("ametek-ci", "commands.of", ["x"], "commands.of: is unknown"),
        ("ametek-ci", "list.verify", None, "nothing is played unread"),
        ("ametek-ci", "list.shape", "spiral", "use one of start_end, target_slew, target_time"),
        ("ametek-ci", "list.columns.dwell", "{second}", "has unknown fields second"),
        ("ametek-ci", "decimals.volts", 12, "from 0 to 9"),
        ("ametek-ci", "decimals.volt", 2, "decimals.volt: is unknown"),
        ("ametek-ci", "capabilities.tag", "x", "use one of S, S2, M, u"),
        ("ametek-ci", "capabilities.max_segments", None, "max_segments: is missing"),
        ("yokogawa-wt", "items.p", None, "items.p: is missing"),
        ("yokogawa-wt", "items.pf", ["LAMBDA,1"], "items.pf: is no channel"),
        ("yokogawa-wt", "reading.age", None, "reading.age: is missing"),
        ("zimmer-lmg670", "waveform.kind", "float", "use one of <f4"),
        ("zimmer-lmg670", "waveform.read", "TRPVAL? {trak}", "has unknown fields trak"),
    ],
)
def test_a_mistake_in_a_command_set_is_named(name: str, path: str, value: object, said: str) -> None:
    table = document(name)
    changed(path, value)(table)
    with pytest.raises(ConfigurationError) as error:
        parse_command_set(table, f"{name}.toml")
    assert said in str(error.value)


def test_a_laboratory_may_bring_its_own(tmp_path: Path) -> None:
    text = (folder("fixtures") / "instruments" / "chroma-61845.toml").read_text("utf-8")
    (tmp_path / "own.toml").write_text(text.replace('id = "chroma-61845"', 'id = "own"'))
    table = copy.deepcopy(BENCH)
    table["simulator"] = {"command_set": "own.toml", "address": "192.0.2.7"}
    settings = grid_bench_settings(table, load=lambda name: load_command_set(name, tmp_path))
    assert settings.simulator is not None
    assert settings.simulator.commands.header.id == "own"
