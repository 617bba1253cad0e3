"""Small cases for tests of the engine."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

from v2gready.authoring import ChargerBench, ChargerCase, Observation, Trace, answered, holds
from v2gready.authoring import messages as m
from v2gready.engine.catalogue import Catalogue
from v2gready.model.measurement import Provenance
from v2gready.model.requirement import Registry, Requirement

REGISTRY = Registry([Requirement("R-1", "S", "1", "", "shall", "a rule", Provenance.CONFIRMED, "here")])


class Good(ChargerCase):
    """Opens a session."""

    id = "CHG-ENG-GOOD-01"
    title = "A session opens"
    area = "engine"
    requirements = ("R-1",)
    faults = {"session-id-zero": "R-1"}  # noqa: RUF012 - as cases are written

    async def stimulate(self, bench: ChargerBench) -> None:
        async with bench.ev.session() as session:
            await session.reach(m.AuthorizationSetupReq)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        yield answered("R-1", trace.exchange(m.SessionSetupReq), m.ResponseCode.OK_NewSessionEstablished)


class Raising(Good):
    """A stimulus with a bug."""

    id = "CHG-ENG-BUG-01"

    async def stimulate(self, bench: ChargerBench) -> None:
        raise RuntimeError("a bug of ours")


class Interrupted(Good):
    """The operator presses Ctrl-C in the middle, once."""

    id = "CHG-ENG-CTRLC-01"
    pressed = False

    async def stimulate(self, bench: ChargerBench) -> None:
        if not Interrupted.pressed:
            Interrupted.pressed = True
            raise KeyboardInterrupt
        await super().stimulate(bench)


class Endless(Good):
    """A stimulus that never ends."""

    id = "CHG-ENG-HANG-01"

    async def stimulate(self, bench: ChargerBench) -> None:
        await asyncio.Event().wait()


class Spinning(Good):
    """A stimulus that goes on without taking time: the trace stops it."""

    id = "CHG-ENG-SPIN-01"

    async def stimulate(self, bench: ChargerBench) -> None:
        async with bench.ev.session() as session:
            await session.reach(m.AuthorizationSetupReq)
            while True:
                await session.silence(3600)


class Never(Good):
    """A case that sees nothing of what it wants."""

    id = "CHG-ENG-NEVER-01"

    def judge(self, trace: Trace) -> Iterator[Observation]:
        yield holds("R-1", True, expected="x", seen=trace.exchange(m.DC_ChargeLoopReq))


def catalogue(*cases: type[ChargerCase]) -> Catalogue:
    return Catalogue(cases, (), REGISTRY, dict.fromkeys((case.id for case in cases), Path(__file__)))
