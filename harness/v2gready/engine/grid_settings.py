"""``[interfaces.grid]`` of a DUT file: the grid code, the rating of the device, and what plays the grid.

Light on purpose: a bench without a grid interface needs neither NumPy nor instruments.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from v2gready.engine.data import read_toml
from v2gready.grid.rating import Rating
from v2gready.model.dut import ConfigurationError, DutFile, Problem
from v2gready.model.measurement import DecisionRule
from v2gready.resources import folder

if TYPE_CHECKING:
    from v2gready.bench.grid.settings import GridBenchSettings
    from v2gready.bench.hooks import Prompt
    from v2gready.engine.benches import BenchSetup
    from v2gready.grid.profile import Profile

GRID = "grid"
CODE_PARAMETER = "grid_code"
"""Where judges find the grid code among the declared parameters of a trace."""


@dataclass(frozen=True, slots=True)
class GridSettings:
    """A checked ``[interfaces.grid]``.

    Attributes:
        bench: Simulator, analyser, register access; embedded or real.
        code: The grid code with the laboratory's numbers in it.
        rating: Of the device.
    """

    bench: GridBenchSettings
    code: Profile
    rating: Rating

    def findings(self) -> list[tuple[str, bool, str]]:
        """What ``v2gready doctor`` says: the code, its weak numbers, its contradictions."""
        from v2gready.grid.lint import Weight, lint  # noqa: PLC0415 - the extra "grid"

        unconfirmed = sum(one.tag == "u" for one in self.code.parameters.values())
        numbers = f"{len(self.code.parameters)} parameters, {unconfirmed} unconfirmed"
        return [
            ("grid code", True, f"{self.code.title} ({self.code.status}): {numbers}"),
            *(("instrument", True, remark) for remark in self.bench.remarks()),
            *(
                (f"grid code: {one.rule}", one.severity is not Weight.CONTRADICTION, one.sentence)
                for one in lint(self.code)
            ),
        ]

    def probed(self) -> list[tuple[str, bool, str]]:
        """Asks each instrument who it is, for ``v2gready doctor``."""
        from v2gready.engine.grid_probe import probed  # noqa: PLC0415 - the extra "grid"

        return probed(self.bench)

    def check_instruments(self, source: str) -> None:
        """The instruments answer and are the right ones, looked at before the first case.

        Raises:
            ConfigurationError: With every one that is not.
        """
        from v2gready.engine.grid_probe import check_instruments  # noqa: PLC0415 - the extra "grid"

        check_instruments(self.bench, source)


def installed() -> bool:
    """The extra ``grid`` is there."""
    return importlib.util.find_spec("numpy") is not None


def grid_settings(dut: DutFile, base: Path) -> tuple[DutFile, GridSettings]:
    """Checks ``[interfaces.grid]`` and loads the grid code that it names.

    Args:
        dut: The DUT file.
        base: Folder that relative paths start from.

    Returns:
        The DUT file with the grid code among its parameters, and the settings.

    Raises:
        ConfigurationError: With every problem found.
    """
    table = dut.interfaces[GRID]
    if not installed():
        wrong = Problem(f"interfaces.{GRID}", "needs NumPy", "pip install 'v2gready[grid]'")
        raise ConfigurationError(dut.source, [wrong])
    from v2gready.bench.grid.settings import grid_bench_settings, load_command_set  # noqa: PLC0415 - the extra "grid"

    bench = grid_bench_settings(table, dut.source, lambda name: load_command_set(name, base))
    code = load_code(bench.profile)
    if bench.overrides:
        code = _with_numbers_of_the_laboratory(code, base / bench.overrides)
    rules = [rule.value for rule in DecisionRule]
    if dut.pixit.get("decision_rule", rules[0]) not in rules:
        wrong = Problem("pixit.decision_rule", f"is {dut.pixit['decision_rule']!r}", f"use one of {', '.join(rules)}")
        raise ConfigurationError(dut.source, [wrong])
    try:
        rating = Rating.declared(dut.pixit)
    except KeyError as missing:
        wrong = Problem(f"pixit.{missing.args[0]}", "is missing", "state the rated power towards the grid in W")
        raise ConfigurationError(dut.source, [wrong]) from None
    except (TypeError, ValueError) as problem:
        raise ConfigurationError(
            dut.source, [Problem("pixit", str(problem), "state ratings as positive numbers")]
        ) from None
    told: Mapping[str, Any] = {**dut.pixit, CODE_PARAMETER: code.to_json()}
    return replace(dut, pixit=told), GridSettings(bench, code, rating)


def _with_numbers_of_the_laboratory(code: Profile, path: Path) -> Profile:
    from v2gready.grid.profile import ProfileError  # noqa: PLC0415 - the extra "grid"

    try:
        return code.overridden_by(read_toml(path), str(path))
    except ProfileError as wrong:
        raise ConfigurationError(str(path), wrong.problems) from None


def load_code(name: str) -> Profile:
    """A grid code by id.

    Raises:
        ConfigurationError: There is none of that id, or its file is wrong.
    """
    from v2gready.grid.profile import ProfileError, parse_profile  # noqa: PLC0415 - the extra "grid"

    path = folder("fixtures") / "gridcodes" / f"{name}.toml"
    if not path.is_file():
        known = ", ".join(grid_codes())
        raise ConfigurationError(f"interfaces.{GRID}.profile", [Problem(name, "is no grid code", f"use {known}")])
    try:
        return parse_profile(read_toml(path), path.name)
    except ProfileError as wrong:
        raise ConfigurationError(str(path), wrong.problems) from None


def grid_codes() -> list[str]:
    """Ids of all grid codes."""
    codes = sorted((folder("fixtures") / "gridcodes").glob("*.toml"))
    return [path.stem for path in codes if path.stem != "parameters"]


def grid_bench(dut: DutFile, settings: GridSettings, prompt: Prompt) -> BenchSetup:
    """The bench for the grid cases of a device."""
    from v2gready.engine.grid_benches import EmbeddedGridBench, InstrumentGridBench  # noqa: PLC0415 - the extra "grid"

    if settings.bench.kind == "embedded":
        return EmbeddedGridBench(dut, settings)
    return InstrumentGridBench(dut, settings, prompt)
