"""Runs frequency cases on the reference inverter with a stimulus that is not what the case wants."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

from v2gready.authoring.grid.bench import GridBench, GridCase
from v2gready.engine.catalogue import load_registry
from v2gready.engine.execution import VIRTUAL_TIMING_UNCERTAINTY, Surroundings, execute
from v2gready.engine.grid_benches import EmbeddedGridBench
from v2gready.engine.preflight import Ready, embedded_dut, prepare
from v2gready.grid.script import Script, Segment
from v2gready.model.run import CaseRecord

Bend = Callable[[Script], Script]
Case = type[GridCase]
LONGEST_HOLD = 200.0
"""Seconds: as a laboratory may shorten holds; keeps these tests short."""


@cache
def device() -> Ready:
    ready = prepare(embedded_dut("charger"))
    declared = {**ready.dut.pixit, "longest_hold": LONGEST_HOLD}
    return replace(ready, dut=replace(ready.dut, pixit=declared))


class BentGrid:
    """Plays something else than it is asked to."""

    def __init__(self, grid: Any, bend: Bend) -> None:
        self._grid, self._bend = grid, bend

    async def play(self, script: Script, *, waveform: bool) -> None:
        bent = self._bend(script)
        if bent.segments:
            await self._grid.play(bent, waveform=waveform)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._grid, name)


def run(case: Case, *, bend: Bend = lambda script: script, power: float = 1.0) -> CaseRecord:
    """The case on a faultless device, its scripts bent, its powers scaled."""

    async def stimulate(self: GridCase, bench: GridBench) -> None:
        async def act(name: str, **values: Any) -> None:
            if name == "set_power":
                values["watts"] *= power
            await bench.act(name, **values)

        grid: Any = BentGrid(bench.grid, bend)
        await case.stimulate(self, replace(bench, grid=grid, act=act))

    ready = device()
    assert ready.grid is not None
    bent = type(f"Bent{case.__name__}", (case,), {"stimulate": stimulate, "__doc__": case.__doc__})
    surroundings = Surroundings(
        load_registry(), (), ready.dut.declared, seed=1, timing_uncertainty=VIRTUAL_TIMING_UNCERTAINTY
    )
    record, _ = execute(bent(), EmbeddedGridBench(ready.dut, ready.grid), surroundings)
    return record


def each_segment(change: Callable[[Segment], Segment]) -> Bend:
    def bend(script: Script) -> Script:
        return replace(script, segments=tuple(change(one) for one in script.segments))

    return bend


def deviations(factor: float) -> Bend:
    """Every deviation of the frequency, and every phase jump, times a factor."""

    def scaled(f: float) -> float:
        return 50.0 + factor * (f - 50.0)

    return each_segment(lambda one: replace(one, f=(scaled(one.f[0]), scaled(one.f[1])), jump=factor * one.jump))


def first_part(share: float) -> Bend:
    """The script ends early."""

    def bend(script: Script) -> Script:
        left, kept = share * script.duration, []
        for one in script.segments:
            if left <= 0:
                break
            part = min(1.0, left / one.duration)
            end = one.f[0] + part * (one.f[1] - one.f[0])
            kept.append(replace(one, duration=part * one.duration, f=(one.f[0], end)))
            left -= one.duration
        return replace(script, segments=tuple(kept))

    return bend


def slowly(script: Script) -> Script:
    """What moves takes half as long again, and what jumps takes ten seconds."""
    slow: list[Segment] = []
    for one in script.segments:
        if slow and one.f[0] != slow[-1].f[1]:
            slow.append(replace(one, duration=10.0, f=(slow[-1].f[1], one.f[0])))
        moves = one.f[0] != one.f[1]
        slow.append(replace(one, duration=1.5 * one.duration) if moves else one)
    return replace(script, segments=tuple(slow))
