"""A thousand stations on one reference CSMS: two processes on loopback, heartbeats and meter values, nothing lost.

Every CALL has to come back as its CALLRESULT: what is sent and not answered counts as lost, and a run that loses one
has no figure.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import random
import statistics
import sys
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from types import MappingProxyType

from v2gready.emulators.station import EMULATOR, StationConfig, StationSession
from v2gready.protocols.ocpp.frames import CallResult
from v2gready.references.csms import REFERENCE, CsmsConfig, StationEntry
from v2gready.references.csms.config import PASSWORD
from v2gready.transports.clock import Clock
from v2gready.transports.internet import InternetNetwork
from v2gready.transports.recorder import Recorder

STATIONS = 1_000
SECONDS = 30.0
METER_PERIOD = 5.0
HEARTBEAT_PERIOD = 10.0
AT_ONCE = 50
"""Handshakes under way at a time: as many as a back end sees after a power cut, not a flood of SYN."""


@dataclass(frozen=True)
class Load:
    """What one run shows.

    Attributes:
        stations: Connected at the end.
        sent: CALLs of all stations.
        lost: Those without their CALLRESULT.
        connect: Seconds until all were connected and booted.
        p50: Median seconds from CALL to CALLRESULT.
        p99: 99th percentile.
        emulator_kb: Memory of the emulator's process per station, in kB: resident, grown since before the first one.
        csms_kb: The same of the CSMS.
    """

    stations: int
    sent: int
    lost: int
    connect: float
    p50: float
    p99: float
    emulator_kb: float
    csms_kb: float


def resident() -> int:
    """Octets of memory that this process holds."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def serve(pipe: Connection, stations: int) -> None:
    """The CSMS, in a process of its own; tells its port, and at the end what memory it grew by."""

    async def main() -> None:
        known = MappingProxyType({f"L{number:04d}": StationEntry() for number in range(stations)})
        config = CsmsConfig(stations=known, heartbeat_interval=int(HEARTBEAT_PERIOD))
        rng = random.Random(1)
        before = resident()
        async with (
            InternetNetwork() as network,
            REFERENCE.open(network, Clock(), config=config, faults=(), rng=rng, credentials=None) as csms,
        ):
            pipe.send(csms.endpoint.port)
            await asyncio.to_thread(pipe.recv)
            pipe.send((len(csms.connected), resident() - before))

    asyncio.run(main())


async def one_station(session: StationSession, number: int, begin: float, took: list[float]) -> tuple[int, int]:
    """Heartbeats and meter values of one station; CALLs sent and CALLRESULTs received."""
    sent = received = 0
    # Spread over the period, as the stations of a real network are.
    offset = METER_PERIOD * number / STATIONS
    beats = 0
    for turn in range(int(SECONDS / METER_PERIOD)):
        await asyncio.sleep(max(0.0, begin + offset + turn * METER_PERIOD - time.perf_counter()))
        calls = [lambda: session.meter_values({"Power.Active.Import": 8.1, "Energy.Active.Import.Register": 1.5})]
        if turn * METER_PERIOD >= beats * HEARTBEAT_PERIOD:
            beats += 1
            calls.append(session.heartbeat)
        for call in calls:
            sent += 1
            start = time.perf_counter()
            reply = await call()
            took.append(time.perf_counter() - start)
            received += isinstance(reply, CallResult)
    return sent, received


async def load(port: int, stations: int, pipe: Connection) -> Load:
    """The stations; the CSMS is asked for its figures while they are still connected."""
    clock = Clock()
    before = resident()
    recorder = Recorder(clock.now, tester="station", dut="csms", limit=10_000_000)
    config = StationConfig(host="127.0.0.1", port=port, password=PASSWORD)
    took: list[float] = []
    async with InternetNetwork() as network, EMULATOR.open(config, recorder, clock, network) as driver:
        gate = asyncio.Semaphore(AT_ONCE)
        booted = 0

        async def join(number: int) -> StationSession:
            nonlocal booted
            async with gate:
                session = await driver.open(identity=f"L{number:04d}")
                reply = await session.boot()
                booted += isinstance(reply, CallResult)
                return session

        start = time.perf_counter()
        sessions = await asyncio.gather(*(join(number) for number in range(stations)))
        connected = time.perf_counter() - start
        # Before the traffic: what the trace of thirty seconds holds is no memory of a station.
        grown = resident() - before
        begin = time.perf_counter() + 0.5
        results = await asyncio.gather(
            *(one_station(session, number, begin, took) for number, session in enumerate(sessions))
        )
        sent = stations + sum(one for one, _ in results)
        received = booted + sum(two for _, two in results)
        if not all(session.is_open for session in sessions):
            raise SystemExit("a station lost its connection under load: no figure")
        pipe.send("over")
        there, csms_grown = await asyncio.to_thread(pipe.recv)
        ordered = statistics.quantiles(took, n=100)
        return Load(
            stations=there,
            sent=sent,
            lost=sent - received,
            connect=connected,
            p50=ordered[49],
            p99=ordered[98],
            emulator_kb=grown / 1024 / stations,
            csms_kb=csms_grown / 1024 / stations,
        )


def measure(stations: int = STATIONS) -> Load:
    """One run.

    Raises:
        SystemExit: A connection was lost.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs, stations), daemon=True)
    process.start()
    try:
        port = ours.recv()
        return asyncio.run(load(port, stations, ours))
    finally:
        process.join(10)
        process.kill()


if __name__ == "__main__":
    sys.stdout.write(f"{measure()}\n")
