"""An OCPP device that is hostile costs its case a verdict and nothing else."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.unit.emulators.ocpp import hostile
from tests.unit.emulators.ocpp.hostile import PORT, RUBBISH, Attack, Bare, call, frame, in_turn, repeated, text
from v2gready.authoring.ocpp.bench import CsmsBench, StationBench
from v2gready.emulators.csms import EMULATOR as CSMS
from v2gready.emulators.station import EMULATOR as STATION
from v2gready.engine.benches import BenchSetup
from v2gready.engine.catalogue import load_catalogue
from v2gready.engine.execution import Evidence, Surroundings, execute
from v2gready.engine.trace_file import read_trace
from v2gready.model.verdict import Verdict
from v2gready.transports.clock import Clock
from v2gready.transports.nullmodem import NullLink
from v2gready.transports.recorder import Recorder
from v2gready.transports.stream import ByteStream, Endpoint

CATALOGUE = load_catalogue()


class HostileBench(BenchSetup):
    """The device does what it likes with its connection."""

    virtual = True
    hooks = ("do",)
    instruments = ()
    deadline = 3600.0

    def __init__(self, bare: Bare) -> None:
        self._bare = bare

    def _common(self, clock: Clock, rng: random.Random) -> dict[str, Any]:
        return {
            "identity": "V2GREADY-1",
            "pics": {},
            "pixit": {},
            "hooks": frozenset(self.hooks),
            "act": no_hook,
            "clock": clock,
            "rng": rng,
        }


class HostileStation(HostileBench):
    @asynccontextmanager
    async def open(
        self, recorder: Recorder, clock: Clock, rng: random.Random, capture: Path | None
    ) -> AsyncIterator[StationBench]:
        link = NullLink()
        async with link.host("csms") as back, link.host("rogue") as outside:
            async with CSMS.open(hostile.csms_config(), recorder, clock, back) as csms:
                stream = await hostile.dial(outside, csms.endpoint)
                task = asyncio.create_task(hostile.tolerant(self._bare, stream))
                yield StationBench(csms=csms, **self._common(clock, rng))
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


class HostileCsms(HostileBench):
    @asynccontextmanager
    async def open(
        self, recorder: Recorder, clock: Clock, rng: random.Random, capture: Path | None
    ) -> AsyncIterator[CsmsBench]:
        link = NullLink()
        async with link.host("csms") as back, link.host("station") as front:
            await back.listen(partial(hostile.tolerant, self._bare), port=PORT)
            config = hostile.station_config(Endpoint(back.address, PORT))
            async with STATION.open(config, recorder, clock, front) as station:
                yield CsmsBench(station=station, identities=("V2GREADY-1",), **self._common(clock, rng))


async def no_hook(name: str, **values: object) -> None:
    """It does nothing that it is asked for."""


CASES: dict[str, Callable[[Bare], HostileBench]] = {
    "CHG-OCPP-CALLS-01": HostileStation,
    "CSMS-OCPP-CALLS-01": HostileCsms,
}
ATTACKS: dict[str, Attack] = {
    "nested": text("[" * 1_000_000),
    "NaN": text(call('{"x":NaN}')),
    "half a character": text(call('{"x":"\\ud800"}')),
    "duplicate keys": text(call(hostile.MANY_KEYS)),
    "no UTF-8": frame(1, b"\xff"),
    "rubbish": frame(2, RUBBISH),
    "16 MB": text(hostile.BIG),
    "reserved opcode": frame(3),
    "half a frame": hostile.half_a_frame,
    "reset": in_turn(hostile.half_a_frame, hostile.reset),
    "pings": repeated(5000, frame(9, bytes(125))),
    "50,000 messages": repeated(50_000, text("1")),
    "50,000 pings": repeated(50_000, frame(9)),
    "4,000 calls": repeated(4000, text(call("{}"))),
    "odd names": text('[2,"\\u0000","\\u0000\\u202e' + "x" * 9000 + '",{}]'),
}


def opened(side: Callable[[Bare], HostileBench], attack: Attack) -> Bare:
    async def bare(stream: ByteStream) -> None:
        if side is HostileStation:
            await attack(await hostile.open_as_station(stream), True)
        else:
            await attack(await hostile.open_as_csms(stream), False)

    return bare


async def rubbish(stream: ByteStream) -> None:
    stream.send(RUBBISH + b"\r\n\r\n")


async def hang(stream: ByteStream) -> None:
    await asyncio.Event().wait()


async def reset(stream: ByteStream) -> None:
    stream.abort()


BARE = {"rubbish at once": rubbish, "hangs at once": hang, "resets at once": reset}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", [*ATTACKS, *BARE])
def test_costs_one_case_its_verdict(name: str, case: str, tmp_path: Path) -> None:
    side = CASES[case]
    bare = BARE[name] if name in BARE else opened(side, ATTACKS[name])
    invariants = tuple(CATALOGUE.invariants)
    surroundings = Surroundings(CATALOGUE.registry, invariants, {}, seed=1, timing_uncertainty=0.001)
    evidence = Evidence(tmp_path, tmp_path / "trace.jsonl", tmp_path / "capture.pcapng")
    record, trace = execute(CATALOGUE.case(case)(), side(bare), surroundings, evidence)
    assert record.verdict in {Verdict.FAIL, Verdict.INCONC}, record.reason
    assert all(one.verdict is not Verdict.ERROR for one in record.invariants), record.invariants
    again = read_trace(evidence.trace)
    assert len(again.records) == len(trace.records)
