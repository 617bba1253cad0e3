"""``make bench``: measures the harness and its counterpart in one run, prints a table, writes ``latest.json``.

Ratios are taken in one run on one machine, since machines are noisy: ours, then Josev's, then ours again, and the worse
of ours counts. Without root, ``ip`` or Java the counterpart is left out and its columns stay empty.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from v2gready.authoring.charger import ChargerBench
from v2gready.emulators.ev import EMULATOR, EvConfig, EvSession
from v2gready.engine.benches import LOOPBACK, EmbeddedBench
from v2gready.engine.preflight import Ready, embedded_dut, prepare
from v2gready.engine.trace_file import TraceWriter
from v2gready.model.trace import Exchange, Trace
from v2gready.protocols.iso15118 import codec
from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.evcc import Plan
from v2gready.protocols.iso15118.services import ControlMode, ServiceId
from v2gready.references.charger import REFERENCE, ChargerConfig, SecurityPolicy
from v2gready.transports import clock as clocks
from v2gready.transports.capture import CaptureTap
from v2gready.transports.recorder import Recorder
from v2gready.transports.sockets import SocketNetwork
from v2gready.transports.tls import KeyLog

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

import grid_judging  # noqa: E402 - beside this file
import inverter  # noqa: E402 - beside this file
import ocpp_load  # noqa: E402 - beside this file

from interop.environments import MissingError, python_of  # noqa: E402 - counterparts live below tests

LATEST = ROOT / "benchmarks" / "latest.json"
TABLE = ROOT / "docs" / "performance.md"
LOOPS = 10
"""Charge loops of a session: as many as Josev's car makes."""
PLAN = Plan(service=ServiceId.DC_BPT, control=ControlMode.SCHEDULED, loops=LOOPS)


@dataclass(frozen=True)
class Result:
    """One line of the table; ``ratio`` is baseline by value: how many times faster than the counterpart."""

    name: str
    value: float
    unit: str
    baseline: float | None = None
    ratio: float | None = None


def charge_loop_request() -> m.DC_ChargeLoopReq:
    """The BPT charge loop request of ``josev_codec.py``, field by field."""
    rn = m.RationalNumber
    return m.DC_ChargeLoopReq(
        Header=m.MessageHeader(SessionID=bytes.fromhex("3D4CBF93374ED89B"), TimeStamp=1700000000),
        DisplayParameters=m.DisplayParameters(PresentSOC=42, ChargingComplete=False),
        MeterInfoRequested=True,
        EVPresentVoltage=rn(Exponent=-1, Value=4000),
        CLReqControlMode=m.BPT_Scheduled_DC_CLReqControlMode(
            EVTargetCurrent=rn(Exponent=-1, Value=-250),
            EVTargetVoltage=rn(Exponent=-1, Value=4000),
            EVMaximumDischargePower=rn(Exponent=1, Value=1100),
            EVMinimumDischargePower=rn(Exponent=0, Value=0),
            EVMaximumDischargeCurrent=rn(Exponent=-1, Value=300),
        ),
    )


def codec_round_trip(rounds: int = 2000) -> float:
    """Median microseconds to encode and decode that message."""
    request = charge_loop_request()
    took = []
    for _ in range(rounds):
        start = time.perf_counter()
        codec.decode(codec.MessageSet.DC, codec.encode(request))
        took.append(time.perf_counter() - start)
    return statistics.median(took) * 1e6


def virtual_session(ready: Ready, folder: Path) -> float:
    """Seconds of the machine for a DC_BPT session in process: both sides, TLS, trace and capture on disk."""
    setup = EmbeddedBench(ready.dut, ready.settings, ready.secc)

    async def main() -> None:
        clock = clocks.Clock()
        with TraceWriter(folder / "trace.jsonl", Trace((), "ev", "charger")) as writer:
            recorder = Recorder(clock.now, tester="ev", dut="charger", sink=writer)
            async with setup.open(recorder, clock, random.Random(1), folder / "capture.pcapng") as bench:
                await whole_session(bench)

    start = time.perf_counter()
    clocks.run(main(), virtual=True)
    return time.perf_counter() - start


async def whole_session(bench: ChargerBench) -> EvSession:
    """From SDP to SessionStop."""
    async with bench.ev.session(PLAN) as session:
        await session.run_to_end()
        if session.evcc.memory.loops < LOOPS:
            raise SystemExit("the session of the benchmark did not charge: no figure")
        return session


def response_times(ready: Ready, folder: Path) -> list[float]:
    """Seconds from request sent to response received over loopback sockets: TLS, recording, no thinking time."""

    async def main() -> Trace:
        clock = clocks.Clock()
        config = ChargerConfig(services=(ServiceId.DC_BPT,), security=SecurityPolicy.TLS, response_time=0.0)
        with TraceWriter(folder / "trace.jsonl", Trace((), "ev", "charger")) as writer, KeyLog() as keylog:
            recorder = Recorder(clock.now, tester="ev", dut="charger", sink=writer)
            car = EvConfig(plan=PLAN, credentials=ready.settings.credentials, on_link=LOOPBACK, keylog=keylog)
            with CaptureTap(folder / "capture.pcapng", keylog) as tap:
                async with (
                    SocketNetwork("lo", sdp_port=25118) as outlet,
                    SocketNetwork("lo", sdp_port=25118) as inlet,
                    REFERENCE.open(outlet, clock, config=config, rng=random.Random(1), credentials=ready.secc),
                    EMULATOR.open(car, recorder, clock, tap.wrap(inlet, clock)) as ev,
                    ev.session() as session,
                ):
                    await session.run_to_end()
        return recorder.trace()

    trace = clocks.run(main(), virtual=False)
    exchanges: list[Exchange[Any]] = list(trace.exchanges(object))
    return [one.elapsed for one in exchanges if one.request.protocol == "v2gtp" and one.elapsed is not None]


def josev_codec() -> float | None:
    """Median microseconds of Josev's own path for the same message."""
    try:
        python = python_of("josev")
    except MissingError as reason:
        sys.stderr.write(f"no figure of the counterpart: {reason}\n")
        return None
    return _figure([str(python), "benchmarks/josev_codec.py"], lambda found: found["round_trip"]["median_us"])


def josev_session() -> float | None:
    """Median seconds of a DC_BPT session with TLS, Josev against Josev."""
    command = [sys.executable, "benchmarks/josev_session.py", "--transport", "tls"]
    return _figure(command, lambda found: found["tls"]["median_seconds"])


def _figure(command: list[str], pick: Callable[[dict[str, Any]], float]) -> float | None:
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900, check=True)
        return pick(json.loads(done.stdout))
    except (OSError, subprocess.SubprocessError, ValueError) as reason:
        sys.stderr.write(f"no figure of the counterpart: {reason}\n")
        return None


def compared(name: str, unit: str, ours: Callable[[], float], theirs: Callable[[], float | None]) -> Result:
    """Ours, theirs, ours again: the worse of ours counts."""
    first = ours()
    baseline = theirs()
    value = max(first, ours())
    return Result(name, round(value, 4), unit, baseline, None if baseline is None else round(baseline / value, 1))


def measure(folder: Path) -> list[Result]:
    """All figures."""
    ready = prepare(embedded_dut())
    virtual_session(ready, folder)  # the first one compiles the grammars
    results = [
        compared("encode and decode a BPT DC_ChargeLoopReq", "us", codec_round_trip, josev_codec),
        compared(
            "DC_BPT session with TLS and recording",
            "s",
            lambda: statistics.median(virtual_session(ready, folder) for _ in range(5)),
            josev_session,
        ),
    ]
    times = sorted(elapsed for _ in range(3) for elapsed in response_times(ready, folder))
    results.append(Result("request to response over loopback, median", round(times[len(times) // 2] * 1e3, 3), "ms"))
    results.append(
        Result("request to response over loopback, p99", round(times[int(len(times) * 0.99)] * 1e3, 3), "ms")
    )
    return results + grid() + back_end()


def grid() -> list[Result]:
    """Judging and simulating the grid side."""
    judging = f"judging {grid_judging.SECONDS:g} s of 6 channels at {grid_judging.RATE / 1000:g} kS/s"
    simulating = [Result(name, round(seconds * 1e3, 1), "ms") for name, seconds in inverter.figures().items()]
    return [Result(judging, round(grid_judging.measure(), 3), "s"), *simulating]


def back_end() -> list[Result]:
    """A thousand stations on one CSMS."""
    load = ocpp_load.measure()
    if load.lost or load.stations != ocpp_load.STATIONS:
        raise SystemExit(f"{load.lost} messages were lost, {load.stations} stations are left: no figure")
    name = f"{load.stations:,} OCPP stations, {load.sent:,} calls in {ocpp_load.SECONDS:g} s, none lost"
    return [
        Result(f"{name}: connected and booted in", round(load.connect, 2), "s"),
        Result("call to result among them, median", round(load.p50 * 1e3, 2), "ms"),
        Result("call to result among them, p99", round(load.p99 * 1e3, 2), "ms"),
        Result("memory per station, emulator", round(load.emulator_kb, 1), "kB"),
        Result("memory per station, reference CSMS", round(load.csms_kb, 1), "kB"),
    ]


def markdown(results: list[Result]) -> str:
    """The table for docs/performance.md."""
    lines = ["| what | ours | Josev | ratio |", "|---|---|---|---|"]
    for one in results:
        baseline = "" if one.baseline is None else f"{one.baseline:g} {one.unit}"
        ratio = "" if one.ratio is None else f"{one.ratio:g}"
        lines.append(f"| {one.name} | {one.value:g} {one.unit} | {baseline} | {ratio} |")
    machine = f"Python {platform.python_version()}, {platform.machine()}, {time.strftime('%Y-%m-%d')}"
    return "\n".join([*lines, "", f"Measured in one run: {machine}."])


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--update-docs", action="store_true", help="put the table into docs/performance.md")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        results = measure(Path(folder))
    LATEST.write_text(json.dumps({"schema": 1, "results": [asdict(one) for one in results]}, indent=1) + "\n")
    print(markdown(results))
    if options.update_docs:
        head, mark, rest = TABLE.read_text().partition("<!-- table -->\n")
        tail = rest.partition("<!-- end -->")[2]
        TABLE.write_text(f"{head}{mark}{markdown(results)}\n<!-- end -->{tail}")


if __name__ == "__main__":
    main()
