"""Registers that were not read, or hold nothing, and stimuli that were none, prove nothing about settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.unit.testcases.grid.command_bench import Change, case, playing, power, ran
from tests.unit.testcases.grid.frequency_bench import deviations, first_part
from v2gready.authoring.grid.bench import GridBench
from v2gready.authoring.grid.readback import kept
from v2gready.model.observation import Inconclusive
from v2gready.model.trace import Event, EventKind
from v2gready.model.verdict import Verdict

TOPICS = ("SET-01", "SET-02", "SET-03", "SET-04", "SET-05")


class Unread:
    """A grid whose registers cannot be read, or are read once."""

    def __init__(self, grid: Any, times: int) -> None:
        self._grid, self._left = grid, times

    async def read_settings(self) -> None:
        if self._left:
            self._left -= 1
            await self._grid.read_settings()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._grid, name)


def read(times: int) -> Change:
    def change(bench: GridBench) -> GridBench:
        grid: Any = Unread(bench.grid, times)
        return replace(bench, grid=grid)

    return change


def reading(index: int, **registers: float) -> Event:
    named = {name.replace("_", ".", 1): value for name, value in registers.items()}
    return Event(index=index, t=0.0, kind=EventKind.SETTINGS_READ, source="charger", detail=named)


@pytest.mark.parametrize("topic", TOPICS)
def test_without_reading_nothing_is_said(topic: str) -> None:
    record, _ = ran(case(topic), read(0))
    assert record.verdict is Verdict.INCONC
    assert "read 0 times" in record.reason


def test_one_reading_does_not_show_that_settings_stay() -> None:
    record, _ = ran(case("SET-02"), read(1))
    assert record.verdict is Verdict.INCONC


@pytest.mark.parametrize("topic", TOPICS[1:])
@pytest.mark.parametrize("change", [playing(deviations(0.3)), playing(first_part(0.3)), power(0.4)])
def test_another_stimulus_is_inconclusive(topic: str, change: Change) -> None:
    record, _ = ran(case(topic), change)
    assert record.verdict is Verdict.INCONC, record.reason


@pytest.mark.parametrize(
    ("before", "after", "good"),
    [
        ({"m703_ESDlyTms": 60.0}, {"m703_ESDlyTms": 60.0}, True),
        ({"m703_ESDlyTms": 60.0}, {"m703_ESDlyTms": 61.0}, False),
        ({"m703_ESDlyTms": 60.0, "m711_Ena": 1}, {"m703_ESDlyTms": 60.0}, False),
        ({"m703_ESDlyTms": 60.0}, {"m703_ESDlyTms": 60.0, "m711_Ena": 1}, False),
        ({"m703_ESDlyTms": 60.0, "m713_SoC": 0.5}, {"m703_ESDlyTms": 60.0, "m713_SoC": 0.4}, True),
    ],
)
def test_settings_are_compared_and_measurements_are_not(
    before: Mapping[str, float], after: Mapping[str, float], good: bool
) -> None:
    first, second = (
        reading(n, **{name.removeprefix("m"): value for name, value in one.items()})
        for n, one in enumerate((before, after))
    )
    assert (kept("GRID-SETTINGS-KEPT", first, second).verdict is Verdict.PASS) is good


def test_a_reading_without_settings_shows_nothing() -> None:
    empty = reading(0)
    with pytest.raises(Inconclusive):
        kept("GRID-SETTINGS-KEPT", empty, empty)
