"""Runs cases about islands and commands on the reference inverter with a bench that does something else than asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.unit.testcases.grid.frequency_bench import Bend, BentGrid, Case, device
from v2gready.authoring.grid.bench import GridBench, GridCase
from v2gready.engine.catalogue import load_catalogue
from v2gready.engine.execution import VIRTUAL_TIMING_UNCERTAINTY, Surroundings, execute
from v2gready.engine.grid_benches import EmbeddedGridBench
from v2gready.model.run import CaseRecord
from v2gready.model.trace import Trace

CATALOGUE = load_catalogue()
"""All cases."""
Change = Callable[[GridBench], GridBench]


def case(topic: str) -> Case:
    return CATALOGUE.case(f"CHG-GRID-{topic}")


def ran(
    kind: Case, change: Change = lambda bench: bench, *, faults: tuple[str, ...] = (), seed: int = 1
) -> tuple[CaseRecord, Trace]:
    """The case on a changed bench, with its invariants."""

    async def stimulate(self: GridCase, bench: GridBench) -> None:
        await kind.stimulate(self, change(bench))

    ready = device()
    assert ready.grid is not None
    bent = type(f"Bent{kind.__name__}", (kind,), {"stimulate": stimulate, "__doc__": kind.__doc__})
    surroundings = Surroundings(
        CATALOGUE.registry,
        tuple(one for one in CATALOGUE.invariants if one.neighbour == "grid"),
        ready.dut.declared,
        seed=seed,
        timing_uncertainty=VIRTUAL_TIMING_UNCERTAINTY,
    )
    return execute(bent(), EmbeddedGridBench(ready.dut, ready.grid, faults), surroundings)


def playing(bend: Bend) -> Change:
    """Scripts are bent."""

    def change(bench: GridBench) -> GridBench:
        grid: Any = BentGrid(bench.grid, bend)
        return replace(bench, grid=grid)

    return change


def acting(**instead: Callable[..., tuple[str, dict[str, Any]] | None]) -> Change:
    """Hooks do something else; None does nothing."""

    def change(bench: GridBench) -> GridBench:
        async def act(name: str, **values: Any) -> None:
            other = instead[name](**values) if name in instead else (name, values)
            if other is not None:
                await bench.act(other[0], **other[1])

        return replace(bench, act=act)

    return change


def power(factor: float) -> Change:
    """Every setpoint times a factor."""
    return acting(set_power=lambda watts: ("set_power", {"watts": factor * watts}))
