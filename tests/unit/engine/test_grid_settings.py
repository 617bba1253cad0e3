"""What a DUT file says about the grid, and what is said about a wrong one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from v2gready.engine import grid_settings
from v2gready.engine.preflight import embedded_dut, examine, prepare
from v2gready.model.dut import ConfigurationError

DutFile = Callable[..., Path]
GRID = 'kind = "embedded"\nprofile = "reference"'


def refusal(path: Path) -> str:
    with pytest.raises(ConfigurationError) as wrong:
        prepare(path)
    return str(wrong.value)


@pytest.mark.parametrize("role", ["charger", "ev"])
def test_the_embedded_devices_are_ready(role: str) -> None:
    ready = prepare(embedded_dut(role))
    assert ready.grid is not None
    assert ready.grid.code.id == "reference"
    assert ready.dut.declared["grid_code"]["id"] == "reference"
    assert (ready.settings is None) == (role == "ev")


def test_a_grid_code_that_does_not_exist(dut_file: DutFile) -> None:
    said = refusal(dut_file((GRID, 'kind = "embedded"\nprofile = "atlantis"')))
    assert "interfaces.grid.profile: atlantis: is no grid code; use " in said
    assert "en50549-1" in said


def test_a_rating_is_needed(dut_file: DutFile) -> None:
    assert "pixit.rated_power: is missing" in refusal(dut_file(("rated_power = 30000.0\n", "")))
    assert "power must be positive" in refusal(dut_file(("rated_power = 30000.0", "rated_power = -1.0")))


def test_numbers_of_the_laboratory_replace_those_of_the_code(dut_file: DutFile, tmp_path: Path) -> None:
    path = dut_file((GRID, f'{GRID}\noverrides = "lab.toml"'))
    (tmp_path / "lab.toml").write_text(
        '[parameter.cease_time]\nvalue = 3.0\nunit = "s"\ntag = "S"\nsource = "bought text"\n'
        'reviewed_by = "A. Lab"\nreviewed_on = "2026-11-01"\n'
    )
    grid = prepare(path).grid
    assert grid is not None
    assert grid.code["cease_time"].value == 3.0
    assert grid.code.lab_supplied == ("cease_time",)
    assert "[S]" in grid.code.limit("cease_time", high=3.0, unit="s").source


def test_a_wrong_file_of_the_laboratory_is_named(dut_file: DutFile, tmp_path: Path) -> None:
    path = dut_file((GRID, f'{GRID}\noverrides = "lab.toml"'))
    assert "lab.toml: file: does not exist" in refusal(path)
    (tmp_path / "lab.toml").write_text('[parameter.cease_tiem]\nvalue = 3.0\nunit = "s"\n')
    said = refusal(path)
    assert "lab.toml" in said
    assert "cease_tiem" in said
    assert "cease_time" in said


def test_without_numpy_the_remedy_is_told(dut_file: DutFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grid_settings, "installed", lambda: False)
    assert "interfaces.grid: needs NumPy; pip install 'v2gready[grid]'" in refusal(dut_file())


def test_the_doctor_names_the_contradictions_of_a_code(dut_file: DutFile) -> None:
    findings = examine(dut_file((GRID, 'kind = "embedded"\nprofile = "en50549-1-factory"')))
    told = {name: good for name, good, _ in findings}
    assert told["grid code"]
    assert not all(good for name, good in told.items() if name.startswith("grid code: "))
