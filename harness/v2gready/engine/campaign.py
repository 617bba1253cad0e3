"""A run from start to end: selection, cases, record, resume. Knows nothing of pytest or terminals."""

from __future__ import annotations

import platform
import random
import secrets
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from v2gready.engine.benches import BenchSetup, EmbeddedBench, NetworkBench
from v2gready.engine.catalogue import AnyCase, Catalogue
from v2gready.engine.crew import Begun, Crew, Done, Event, Lost
from v2gready.engine.data import load_schemes, suite
from v2gready.engine.ev_benches import EvEmbeddedBench, EvNetworkBench
from v2gready.engine.execution import VIRTUAL_TIMING_UNCERTAINTY, Evidence, Surroundings, execute, judged
from v2gready.engine.grid_settings import GRID, grid_bench
from v2gready.engine.grid_settings import installed as grid_installed
from v2gready.engine.ocpp_settings import ocpp_bench
from v2gready.engine.preflight import Ready
from v2gready.engine.run_directory import RunDirectory
from v2gready.engine.selection import Selected, Selector, select
from v2gready.engine.settings import EMBEDDED
from v2gready.engine.timing import measure_timing_uncertainty
from v2gready.engine.trace_file import TraceFileError, read_trace
from v2gready.model.case import CaseInfo
from v2gready.model.dut import ConfigurationError, Problem
from v2gready.model.run import CaseRecord, RunRecord
from v2gready.model.scheme import Scheme
from v2gready.model.verdict import Lifecycle, Verdict


class Campaign:
    """One run of the suite against one device.

    Args:
        catalogue: All cases.
        benches: The bench for each neighbour that the harness plays.
        directory: The run directory.
    """

    def __init__(self, catalogue: Catalogue, benches: Mapping[str, BenchSetup], directory: RunDirectory) -> None:
        self.catalogue = catalogue
        self.directory = directory
        self._benches = benches
        self._ahead: Iterator[Event] = iter(())
        run = directory.record
        self._surroundings = Surroundings(
            registry=catalogue.registry,
            invariants=catalogue.invariants,
            declared=dict(run.declared),
            seed=run.seed,
            timing_uncertainty=run.timing_uncertainty,
        )

    @property
    def pending(self) -> tuple[AnyCase, ...]:
        """Cases still to run, in order."""
        waiting = {
            case.info.id
            for case in self.directory.record.cases
            if case.lifecycle is Lifecycle.INTERRUPTED or (case.lifecycle is Lifecycle.NOT_RUN and not case.reason)
        }
        return tuple(case for case in self.catalogue.cases if case.id in waiting)

    @contextmanager
    def side_by_side(self, size: int) -> Iterator[None]:
        """Within it the pending cases run in so many processes, ahead of who asks for their records.

        Args:
            size: How many; with one they run in this process, when they are asked for.
        """
        if size == 1:
            yield
            return
        crew = Crew(size, self._executed_by_id, [case.id for case in self.pending])
        self._ahead = crew.events()
        try:
            yield
        finally:
            self._ahead = iter(())
            crew.close()

    def run_case(self, case: AnyCase) -> CaseRecord:
        """Runs one case and stores its record. Interrupted, it says so in the record."""
        while (stored := self.directory.of(case.id)).lifecycle is not Lifecycle.FINISHED:
            event = next(self._ahead, None)
            if event is None:
                self.directory.put(_begun(case))
                self.directory.put(self._executed(case))
            else:
                self._note(event)
        return stored

    def _note(self, event: Event) -> None:
        """Stores what a worker did; the next case may be done before the one that was asked for."""
        case = self.catalogue.case(event.case_id)
        match event:
            case Begun():
                self.directory.put(_begun(case))
            case Done(record=record):
                self.directory.put(record)
            case Lost(exit_code=exit_code):
                reason = f"the process that ran it ended (exit code {exit_code}); is there memory enough?"
                lost = replace(_begun(case), lifecycle=Lifecycle.FINISHED, verdict=Verdict.ERROR, reason=reason)
                self.directory.put(lost)

    def _executed_by_id(self, case_id: str) -> CaseRecord:
        return self._executed(self.catalogue.case(case_id))

    def _executed(self, case: AnyCase) -> CaseRecord:
        evidence = Evidence(
            self.directory.path, self.directory.trace_path(case.id), self.directory.capture_path(case.id)
        )
        record, _ = execute(case(), self._benches[case.neighbour], self._surroundings, evidence)
        return record

    def finish(self) -> RunRecord:
        """Ends the run, if every case came to its end."""
        if not self.pending:
            self.directory.finish(_stamp())
        return self.directory.record


def start(
    catalogue: Catalogue, ready: Ready, out: Path, *, selector: Selector, scheme: str, seed: int | None
) -> Campaign:
    """Begins a new run.

    Args:
        catalogue: All cases.
        ready: The device, checked by preflight.
        out: The run directory.
        selector: Which cases are wanted.
        scheme: Id of the label scheme; if empty, the one of the device's role that asks for most of what runs.
        seed: Seed of all randomness; drawn if None.

    Raises:
        ConfigurationError: The directory is in use, or a PICS answer is missing.
    """
    benches = bench_setups(ready)
    infos = [case.info() for case in catalogue.cases]
    chosen = select(infos, ready.dut, selector, benches)
    if not any(one.runs for one in chosen):
        raise ConfigurationError("--select", [Problem(repr(selector.text), "leaves no case to run", "select less")])
    record = new_record(
        ready,
        selector,
        scheme,
        cases=tuple(_planned(one) for one in chosen),
        seed=random.SystemRandom().randrange(2**32) if seed is None else seed,
        timing_uncertainty=VIRTUAL_TIMING_UNCERTAINTY if virtual(benches) else measure_timing_uncertainty(),
    )
    return Campaign(catalogue, benches, RunDirectory.create(out, record, ready.text))


def new_record(
    ready: Ready,
    selector: Selector,
    scheme: str,
    *,
    cases: tuple[CaseRecord, ...],
    seed: int,
    timing_uncertainty: float,
) -> RunRecord:
    """The record of a run that begins now; without a scheme it gets the one that asks for most of what runs."""
    waiting = [one.info for one in cases if one.lifecycle is Lifecycle.NOT_RUN and not one.reason]
    return RunRecord(
        id=f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}",
        suite=suite(),
        seed=seed,
        started=_stamp(),
        finished="",
        device=asdict(ready.dut.device),
        declared=ready.dut.declared,
        interfaces={name: dict(table) for name, table in ready.dut.interfaces.items()},
        environment=_environment(),
        selection=selector.text,
        scheme=scheme or suited(waiting, ready.dut.device.role).id,
        timing_uncertainty=timing_uncertainty,
        cases=cases,
    )


def resume(catalogue: Catalogue, ready: Ready, out: Path) -> Campaign:
    """Goes on with a run that was interrupted.

    Raises:
        ConfigurationError: There is no such run, or suite or device have changed since.
    """
    directory = RunDirectory.load(out)
    run = directory.record
    problems = []
    if run.suite["sha256"] != suite()["sha256"]:
        problems.append(Problem("suite", "has changed since the run began", "start a new run with another --out"))
    if run.device != asdict(ready.dut.device) or run.declared != ready.dut.declared:
        problems.append(Problem("device", "is described otherwise than when the run began", "restore the DUT file"))
    if problems:
        raise ConfigurationError(str(out), problems)
    return Campaign(catalogue, bench_setups(ready), directory)


def evaluate(catalogue: Catalogue, directory: RunDirectory) -> RunRecord:
    """Judges the stored traces of a run again, by the suite as it is now. The stored run stays as it is.

    Raises:
        ConfigurationError: The run holds grid cases, which need NumPy, and it is not installed.
    """
    run = directory.record
    needs_numpy = any(one.info.neighbour == GRID and one.trace for one in run.cases)
    if needs_numpy and not grid_installed():
        wrong = Problem("run", "holds grid cases, and NumPy is not installed", "pip install 'v2gready[grid]'")
        raise ConfigurationError(str(directory.path), [wrong])
    surroundings = Surroundings(
        catalogue.registry, catalogue.invariants, dict(run.declared), run.seed, run.timing_uncertainty
    )
    cases = []
    for record in run.cases:
        if record.lifecycle is not Lifecycle.FINISHED or not record.trace:
            cases.append(record)
            continue
        try:
            trace = read_trace(directory.path / record.trace)
        except TraceFileError as unreadable:
            cases.append(replace(record, verdict=Verdict.ERROR, reason=str(unreadable)))
            continue
        try:
            case = catalogue.case(record.info.id)()
        except KeyError:
            cases.append(replace(record, verdict=Verdict.ERROR, reason="this suite has no case of that id"))
            continue
        # A failure of the bench stays one: the trace may end in the middle.
        failure = record.reason if record.verdict is Verdict.ERROR else ""
        cases.append(judged(replace(record, info=case.info()), case, trace, surroundings, failure))
    return replace(run, suite=suite(), cases=tuple(cases))


def bench_setups(ready: Ready) -> dict[str, BenchSetup]:
    """The benches for a checked device, by the neighbour that the harness plays on each."""
    benches: dict[str, BenchSetup] = {}
    if ready.settings is not None:
        embedded = ready.settings.kind == EMBEDDED
        benches["ev"] = (
            EmbeddedBench(ready.dut, ready.settings, ready.secc)
            if embedded
            else NetworkBench(ready.dut, ready.settings, ready.prompt)
        )
    if ready.charging is not None:
        benches["charger"] = (
            EvEmbeddedBench(ready.dut, ready.charging, ready.car)
            if ready.charging.kind == EMBEDDED
            else EvNetworkBench(ready.dut, ready.charging, ready.prompt)
        )
    if ready.grid is not None:
        benches["grid"] = grid_bench(ready.dut, ready.grid, ready.prompt)
    if ready.ocpp is not None:
        neighbour, bench = ocpp_bench(ready.dut, ready.ocpp, ready.prompt)
        benches[neighbour] = bench
    return benches


def virtual(benches: Mapping[str, BenchSetup]) -> bool:
    """Every bench is on virtual time, so that cases can run side by side; a real device is only one."""
    return all(bench.virtual for bench in benches.values())


def suited(infos: Sequence[CaseInfo], role: str) -> Scheme:
    """The scheme of a role that asks for most of these cases."""
    schemes = [one for one in load_schemes().values() if one.role == role]
    return max(schemes, key=lambda scheme: sum(scheme.requires(info.id, info.weight) for info in infos))


def _begun(case: AnyCase) -> CaseRecord:
    return CaseRecord(info=case.info(), lifecycle=Lifecycle.INTERRUPTED, reason="started, not finished")


def _planned(one: Selected) -> CaseRecord:
    return CaseRecord(info=one.info, lifecycle=one.lifecycle, reason=one.reason)


def _environment() -> dict[str, str]:
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "pytest": version("pytest"),
        "cryptography": version("cryptography"),
        "command": " ".join(Path(part).name if index == 0 else part for index, part in enumerate(sys.argv)),
    }


def _stamp() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
