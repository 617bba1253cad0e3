"""Benches on which the harness plays the grid: the reference inverter in this process, or real instruments."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from v2gready.authoring.grid.bench import GridBench
from v2gready.bench.grid.analyser import ScpiPowerAnalyser
from v2gready.bench.grid.drivers import InstrumentError
from v2gready.bench.grid.instruments import InstrumentGrid
from v2gready.bench.grid.simulator import ScpiGridSimulator
from v2gready.bench.hooks import HookRunner, Prompt
from v2gready.engine import embedded_hooks
from v2gready.engine.benches import BenchSetup
from v2gready.engine.grid_settings import GridSettings
from v2gready.engine.virtual_grid import DER_REGISTERS, GRID_SIMULATOR, ISLAND_LOAD, POWER_ANALYSER, VirtualGrid
from v2gready.model.dut import DutFile
from v2gready.references.inverter import REFERENCE, Effect, RunningInverter
from v2gready.transports.clock import Clock
from v2gready.transports.recorder import Recorder

RESET = "reset"
"""Hook that takes back what an earlier case told the device: limits, reactive modes, rights."""
REST = "rest_before_case"
"""PIXIT parameter: seconds at nominal voltage before a case."""
SPARE = 30.0
"""Seconds of rest beyond the wait of the code."""
LONGEST = 24 * 3600.0
"""Seconds a stimulus may take: the longest hold of any grid code and what surrounds it."""


def inverter_actions(inverter: RunningInverter) -> dict[str, Callable[..., None]]:
    """What can be done to the reference inverter, by name of the hook; docs/dut-file.md tells what each means."""
    return {
        "set_power": inverter.set_power,
        "limit_power": inverter.set_limit,
        "cease": lambda: inverter.set_cease(True),
        "resume": lambda: inverter.set_cease(False),
        "set_soc": inverter.set_soc,
        "allow_discharge": lambda: inverter.allow_discharge(True),
        "forbid_discharge": lambda: inverter.allow_discharge(False),
        "set_reactive": inverter.set_reactive,
        "unplug": inverter.unplug,
        "plug": inverter.plug,
        "power_loss": inverter.power_loss,
    }


HOOKS = (
    "set_power",
    "limit_power",
    "cease",
    "resume",
    "set_soc",
    "allow_discharge",
    "forbid_discharge",
    "set_reactive",
    "unplug",
    "plug",
    "power_loss",
)


class EmbeddedGridBench(BenchSetup):
    """The reference inverter in this process, on virtual time.

    Args:
        dut: DUT file of the reference device.
        settings: Grid code and rating.
        faults: Named faults to switch on.
        effects: Gets what each fault changed.
    """

    virtual = True
    deadline = LONGEST
    hooks: Collection[str] = HOOKS
    instruments: Collection[str] = (GRID_SIMULATOR, POWER_ANALYSER, ISLAND_LOAD, DER_REGISTERS)

    def __init__(
        self,
        dut: DutFile,
        settings: GridSettings,
        faults: Sequence[str] = (),
        effects: list[Effect] | None = None,
    ) -> None:
        self._dut = dut
        self._settings = settings
        self._faults = tuple(faults)
        self._effects = effects
        self.code = settings.code.title
        self.parameters = frozenset(settings.code.parameters)

    @asynccontextmanager
    async def open(
        self,
        recorder: Recorder,
        clock: Clock,
        rng: random.Random,
        capture: Path | None,  # noqa: ARG002 - no packets pass here
    ) -> AsyncIterator[Any]:
        """Switches a fresh inverter on, already connected and at rest."""
        inverter = REFERENCE.open(
            self._settings.rating, self._settings.code, faults=self._faults, seed=rng.getrandbits(32)
        )
        grid = VirtualGrid(inverter, recorder, random.Random(rng.random()))  # noqa: S311 - reproducible on purpose
        yield GridBench(
            grid=grid,
            code=self._settings.code,
            rating=self._settings.rating,
            pics=self._dut.pics,
            pixit=self._dut.pixit,
            act=embedded_hooks.runner(inverter_actions(inverter), recorder),
            clock=clock,
            rng=rng,
            load_bank=grid,
        )
        grid.close()
        if self._effects is not None:
            self._effects.extend(inverter.effects)


class InstrumentGridBench(BenchSetup):
    """A device between a real grid simulator and a power analyser.

    Args:
        dut: The device.
        settings: Instruments, grid code and rating.
        prompt: How to reach the operator.
    """

    virtual = False
    deadline = LONGEST

    def __init__(self, dut: DutFile, settings: GridSettings, prompt: Prompt) -> None:
        self._dut = dut
        self._settings = settings
        self._prompt = prompt
        self.hooks: Collection[str] = tuple(dut.hooks)
        registers = () if settings.bench.sunspec is None else (DER_REGISTERS,)
        self.instruments: Collection[str] = (GRID_SIMULATOR, POWER_ANALYSER, *registers)
        self.code = settings.code.title
        self.parameters = frozenset(settings.code.parameters)

    def _rest(self) -> float:
        """Seconds at nominal voltage before a case: the output was off, so the device waits before it connects."""
        code = self._settings.code
        wait = sum(code[name].number for name in ("reconnect_wait", "reconnect_random") if name in code)
        return float(self._dut.pixit.get(REST, wait + SPARE))

    @asynccontextmanager
    async def open(
        self,
        recorder: Recorder,
        clock: Clock,
        rng: random.Random,
        capture: Path | None,  # noqa: ARG002 - no packets pass here
    ) -> AsyncIterator[Any]:
        """Connects to the instruments and puts nominal voltage on the device."""
        bench = self._settings.bench
        if bench.simulator is None or bench.analyser is None:
            raise InstrumentError("the DUT file names no simulator or no analyser")
        one, other = bench.simulator, bench.analyser
        async with (
            ScpiGridSimulator(one.commands, one.address, one.options, one.capabilities) as simulator,
            ScpiPowerAnalyser(
                other.commands, other.address, lambda: recorder.elapsed, other.options, other.accuracy
            ) as analyser,
        ):
            nominal = self._settings.rating.voltage
            await simulator.energise(nominal)
            act = HookRunner(self._dut.hooks, recorder, self._prompt)
            if RESET in self._dut.hooks:
                await act(RESET)
            await asyncio.sleep(self._rest())
            grid = InstrumentGrid(simulator, analyser, bench.sunspec, nominal, recorder, rate=other.rate)
            yield GridBench(
                grid=grid,
                code=self._settings.code,
                rating=self._settings.rating,
                pics=self._dut.pics,
                pixit=self._dut.pixit,
                act=act,
                clock=clock,
                rng=rng,
            )
            await grid.close()
