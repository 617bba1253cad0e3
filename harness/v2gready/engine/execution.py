"""Runs one case: bench open, stimulus, bench closed, judge. Whatever goes wrong becomes a verdict, never a crash."""

from __future__ import annotations

import asyncio
import random
import traceback
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from v2gready.emulators.reach import Unequipped, Unreached
from v2gready.engine.benches import BenchSetup
from v2gready.engine.judging import judge_case, judge_invariants
from v2gready.engine.trace_file import TraceWriter
from v2gready.model.case import Invariant, TestCase
from v2gready.model.requirement import Registry
from v2gready.model.run import CaseRecord
from v2gready.model.trace import EventKind, Trace
from v2gready.model.verdict import Lifecycle, Verdict
from v2gready.transports import clock as clocks
from v2gready.transports.recorder import Recorder, TraceFull

VIRTUAL_TIMING_UNCERTAINTY = 0.001
"""On virtual time a response is stamped at the car's end of the link: one latency of the null modem each way."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a case is run with, besides its bench.

    Attributes:
        registry: Requirements.
        invariants: Rules judged on every trace.
        declared: PICS and PIXIT.
        seed: Seed of the run.
        timing_uncertainty: Expanded uncertainty of time differences, in seconds.
    """

    registry: Registry
    invariants: tuple[type[Invariant], ...]
    declared: dict[str, Any]
    seed: int
    timing_uncertainty: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where the evidence of a case goes.

    Attributes:
        root: The run directory, for relative names.
        trace: Trace file.
        capture: Capture file.
    """

    root: Path
    trace: Path
    capture: Path


@dataclass(slots=True)
class _Attempt:
    """One run of a stimulus: what it needs, and how it ended."""

    header: Trace
    writer: TraceWriter | None
    rng: random.Random
    capture: Path | None
    recorder: Recorder | None = None
    failure: str = ""


def execute(
    case: TestCase[Any], setup: BenchSetup, surroundings: Surroundings, evidence: Evidence | None = None
) -> tuple[CaseRecord, Trace]:
    """Runs a case once.

    Args:
        case: The case.
        setup: Its bench.
        surroundings: What it is run with.
        evidence: Where to write trace and capture; None keeps the trace in memory only.

    Returns:
        The record, and the trace that it rests on.

    Raises:
        KeyboardInterrupt: The user stopped the run.
    """
    started = datetime.now(UTC)
    header = Trace((), case.neighbour, case.role, surroundings.declared, surroundings.timing_uncertainty)
    writer = None if evidence is None else TraceWriter(evidence.trace, header)
    attempt = _Attempt(
        header=header,
        writer=writer,
        rng=random.Random(f"{surroundings.seed}:{case.id}"),  # noqa: S311 - reproducible on purpose
        capture=None if evidence is None else evidence.capture,
    )
    try:
        clocks.run(_stimulate(case, setup.fitted(type(case)), attempt), virtual=setup.virtual)
    except Exception as bug:  # noqa: BLE001 - the bench or the harness failed: that is the verdict error
        attempt.failure = attempt.failure or _told("the bench failed", bug)
    finally:
        if writer is not None:
            writer.__exit__(None, None, None)
    trace = header if attempt.recorder is None else attempt.recorder.trace()
    record = CaseRecord(
        info=case.info(),
        lifecycle=Lifecycle.FINISHED,
        trace="" if evidence is None else evidence.trace.relative_to(evidence.root).as_posix(),
        capture=""
        if evidence is None or not evidence.capture.exists()
        else evidence.capture.relative_to(evidence.root).as_posix(),
        started=started.isoformat(timespec="milliseconds"),
        duration=round(trace.records[-1].t, 6) if trace.records else 0.0,
    )
    return judged(record, case, trace, surroundings, attempt.failure), trace


def judged(
    record: CaseRecord, case: TestCase[Any], trace: Trace, surroundings: Surroundings, failure: str = ""
) -> CaseRecord:
    """The record with what the judges say about the trace; a failure of the bench overrules them."""
    judgement = judge_case(case, trace, surroundings.registry)
    return replace(
        record,
        verdict=Verdict.ERROR if failure else judgement.verdict,
        reason=failure or judgement.reason,
        indicative=judgement.indicative and not failure,
        remarks=judgement.remarks,
        observations=judgement.observations,
        invariants=judge_invariants(surroundings.invariants, trace, surroundings.registry),
    )


async def _stimulate(case: TestCase[Any], setup: BenchSetup, attempt: _Attempt) -> None:
    clock = clocks.Clock()
    header = attempt.header
    recorder = Recorder(
        clock.now,
        tester=header.tester,
        dut=header.dut,
        declared=header.declared,
        timing_uncertainty=header.timing_uncertainty,
        sink=attempt.writer,
    )
    attempt.recorder = recorder
    async with setup.open(recorder, clock, attempt.rng, attempt.capture) as bench:
        try:
            async with asyncio.timeout(setup.deadline):
                await case.stimulate(bench)
        except Unreached as early:
            recorder.event(EventKind.PHASE, "harness", text=f"the stimulus ended early: {early}")
            if isinstance(early, Unequipped):
                recorder.event(EventKind.UNEQUIPPED, "harness", reason=str(early))
        except TraceFull:
            pass  # the trace says so itself, and the judge will find it
        except TimeoutError:
            attempt.failure = f"the stimulus did not end within {setup.deadline:g} s"
        except Exception as bug:  # noqa: BLE001 - a stimulus that raises is our failure: verdict error
            attempt.failure = _told("the stimulus failed", bug)


def _told(what: str, bug: BaseException) -> str:
    frames: Iterable[traceback.FrameSummary] = traceback.extract_tb(bug.__traceback__)
    *_, last = frames
    return f"{what}: {type(bug).__name__}: {bug} ({Path(last.filename).name}:{last.lineno})"
