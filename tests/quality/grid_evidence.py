"""Recordings of grid cases to try the judges on: simulated once, judged often."""

from __future__ import annotations

import random
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.quality.conftest import CATALOGUE, at_the_grid
from v2gready.authoring.grid import view as looking
from v2gready.authoring.grid.bench import GridBench, LoadBank
from v2gready.engine.execution import VIRTUAL_TIMING_UNCERTAINTY, Surroundings, execute
from v2gready.engine.grid_benches import EmbeddedGridBench
from v2gready.engine.judging import Judgement, judge_case
from v2gready.grid.quantities import Quantities
from v2gready.grid.recording import Kind, Recording
from v2gready.grid.screening import screen
from v2gready.grid.script import Script, Segment
from v2gready.model.case import TestCase
from v2gready.model.observation import Inconclusive, Observation
from v2gready.model.trace import Recorded, Trace
from v2gready.model.verdict import Verdict
from v2gready.transports.clock import Clock
from v2gready.transports.recorder import Recorder

Case = type[TestCase[Any]]
GRID_CASES: tuple[Case, ...] = tuple(
    case for case in CATALOGUE.cases if case.neighbour == "grid" and case.role == "charger"
)
"""The cases of the car share their bodies with these."""
UNPROVEN = frozenset({Verdict.INCONC, Verdict.FAIL})
"""What a judge may say of evidence that does not show what its case wants."""
_REMEMBERED = 6


@dataclass(frozen=True)
class Alteration:
    """A stimulus that is not what the case wants.

    Attributes:
        name: For the message.
        script: What is played in place of a script.
        act: What is done in place of an action; None: nothing.
        island: What the load is trimmed to in place of what the case wants; None: no load.
        opens: The switch to the grid opens.
    """

    name: str
    script: Callable[[Script], Script] = lambda script: script
    act: Callable[[str, Mapping[str, Any]], Mapping[str, Any] | None] = lambda _, values: values
    island: Callable[[Mapping[str, float]], Mapping[str, float] | None] = lambda wanted: wanted
    opens: bool = True

    def changes(self, segments: tuple[Segment, ...]) -> bool:
        """A script of these segments is played otherwise."""
        return self.script(Script(segments)).segments != segments


AS_WANTED = Alteration("as wanted")


@dataclass(frozen=True)
class Evidence:
    """A case run on the faultless device.

    Attributes:
        trace: Its trace.
        verdict: Of its own judge.
        reason: Of the verdict.
        stimulus: Scripts and actions that the case wanted, in their order.
        observations: Of its own judge.
    """

    trace: Trace
    verdict: Verdict
    reason: str
    stimulus: tuple[Any, ...] = ()
    observations: tuple[Observation, ...] = ()

    @property
    def recording(self) -> Recording:
        """What was recorded.

        Raises:
            Inconclusive: Nothing was.
        """
        content = self.trace.recorded("grid").content
        assert isinstance(content, Recording)
        return content

    @property
    def kind(self) -> Kind | None:
        """Of the recording."""
        try:
            return self.recording.kind
        except Inconclusive:
            return None


class _AlteredGrid:
    """Plays something else than it is asked for."""

    def __init__(self, grid: Any, alteration: Alteration, log: list[Any]) -> None:
        self._grid, self._alteration, self._log = grid, alteration, log

    async def play(self, script: Script, *, waveform: bool) -> None:
        other = self._alteration.script(script)
        self._log.append(("play", waveform, script.segments))
        await self._grid.play(other, waveform=waveform)

    async def open_switch(self, seconds: float) -> None:
        self._log.append(("open", seconds))
        if self._alteration.opens:
            await self._grid.open_switch(seconds)
        else:
            await self._grid.play(Script().hold(seconds), waveform=True)

    async def island(self, **wanted: float) -> None:
        other = self._alteration.island(wanted)
        self._log.append(("island", *sorted(wanted.items())))
        if other is not None:
            await self._grid.island(**other)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._grid, name)


class AlteredBench(EmbeddedGridBench):
    """The bench of the reference inverter, with an alteration between the stimulus and the instruments."""

    def __init__(self, bench: EmbeddedGridBench, alteration: Alteration, log: list[Any]) -> None:
        vars(self).update(vars(bench))
        self._alteration, self._log = alteration, log

    @asynccontextmanager
    async def open(
        self, recorder: Recorder, clock: Clock, rng: random.Random, capture: Path | None
    ) -> AsyncIterator[Any]:
        async with super().open(recorder, clock, rng, capture) as bench:
            assert isinstance(bench, GridBench)
            do = bench.act

            async def act(name: str, **values: Any) -> None:
                other = self._alteration.act(name, values)
                self._log.append(("act", name, *sorted(values.items())))
                if other is not None:
                    await do(name, **other)

            grid: LoadBank = _AlteredGrid(bench.grid, self._alteration, self._log)  # type: ignore[assignment]
            yield replace(bench, grid=grid, load_bank=grid, act=act)  # type: ignore[arg-type]


@cache
def evidence_of(case: Case) -> Evidence:
    """The case on the faultless device, simulated once a session."""
    return altered(case, AS_WANTED)


def altered(case: Case, alteration: Alteration) -> Evidence:
    """The case on the faultless device with another stimulus than it wants."""
    ready, bench = at_the_grid(case, (), [])
    assert isinstance(bench, EmbeddedGridBench)
    log: list[Any] = []
    surroundings = Surroundings(CATALOGUE.registry, (), ready.dut.declared, 1, VIRTUAL_TIMING_UNCERTAINTY)
    record, trace = execute(case(), AlteredBench(bench, alteration, log), surroundings)
    return Evidence(trace, record.verdict, record.reason, tuple(log), record.observations)


def judged(case: Case, trace: Trace) -> Judgement:
    """What the judge of a case says of a trace, whichever case it is of."""
    return judge_case(case(), trace, CATALOGUE.registry)


def with_recording(trace: Trace, recording: Recording) -> Trace:
    """The trace with another recording."""
    return replace(
        trace,
        records=tuple(
            replace(record, content=recording) if isinstance(record, Recorded) else record for record in trace.records
        ),
    )


def with_code(trace: Trace, code: Mapping[str, Any]) -> Trace:
    """The trace with another grid code; the recording stays."""
    return replace(trace, declared={**trace.declared, "grid_code": code})


def told(case: Case, what: str, judgement: Judgement) -> str:
    """The sentence of a failed proof."""
    lines = [f"{case.id} says {judgement.verdict.label} of: {what}; {judgement.reason}"]
    lines += [
        f"  {one.requirement} {one.verdict.label}: {one.seen} (expected {one.expected})"
        for one in judgement.observations
    ]
    return "\n".join(lines)


@contextmanager
def shared_measurements() -> Iterator[None]:
    """Judges that look at one and the same recording share what was computed of it: a matter of speed alone."""
    measured: OrderedDict[int, Quantities] = OrderedDict()
    screened: OrderedDict[tuple[int, float, float], tuple[Recording, Any]] = OrderedDict()

    def quantities(recording: Recording) -> Quantities:
        if id(recording) not in measured:
            measured[id(recording)] = Quantities(recording)
        while len(measured) > _REMEMBERED:
            measured.popitem(last=False)
        return measured[id(recording)]

    def findings(recording: Recording, voltage: float, current: float) -> Any:
        key = (id(recording), voltage, current)
        if key not in screened:
            screened[key] = (recording, screen(recording, voltage, current))
        while len(screened) > _REMEMBERED:
            screened.popitem(last=False)
        return screened[key][1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(looking, "Quantities", quantities)
        patch.setattr(looking, "screen", findings)
        yield
