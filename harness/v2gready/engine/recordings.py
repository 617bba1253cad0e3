"""Judges a recording that somebody else made: the same cases, the same judges, no bench."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from v2gready.engine.campaign import new_record
from v2gready.engine.catalogue import Catalogue
from v2gready.engine.execution import Surroundings, judged
from v2gready.engine.grid_settings import GRID
from v2gready.engine.preflight import Ready
from v2gready.engine.run_directory import CONFIG, RunDirectory
from v2gready.engine.selection import Selector, select
from v2gready.engine.trace_file import TraceWriter
from v2gready.model.dut import ConfigurationError, Problem
from v2gready.model.run import CaseRecord
from v2gready.model.trace import Recorded, Trace
from v2gready.model.verdict import Lifecycle

if TYPE_CHECKING:
    from v2gready.grid.recording import Recording


MAPPING = "mapping.toml"
"""Where the mapping file is kept in a run directory, beside the DUT file."""


class Everything:
    """The equipment of a bench that is not there: what a recording shows, it shows.

    Args:
        code: Title of the grid code.
        parameters: What it sets.
    """

    def __init__(self, code: str, parameters: frozenset[str]) -> None:
        self.code = code
        self.parameters = parameters
        self.hooks = _All()
        self.instruments = _All()


class _All(frozenset[str]):
    def __contains__(self, _: object) -> bool:
        return True


def evaluate_recording(
    catalogue: Catalogue, ready: Ready, recording: Path, mapping: Path | None, out: Path, *, selector: Selector
) -> RunDirectory:
    """Judges a recording by every selected grid case and writes a run directory.

    Args:
        catalogue: All cases.
        ready: The device that was recorded, checked by preflight.
        recording: COMTRADE (.cfg with .dat, .cff), CSV or Parquet.
        mapping: Which channel is what; None if the channels carry our names.
        out: The run directory.
        selector: Which cases the recording is meant for; what it does not show is inconclusive.

    Raises:
        ConfigurationError: The recording or its mapping cannot be read, or no case is left.
    """
    if ready.grid is None:
        raise ConfigurationError(
            ready.dut.source, [Problem(f"interfaces.{GRID}", "is missing", "name the grid code: profile = ...")]
        )
    content = _load(recording, mapping)
    bench = Everything(ready.grid.code.title, frozenset(ready.grid.code.parameters))
    infos = [case.info() for case in catalogue.cases if case.neighbour == GRID]
    chosen = select(infos, ready.dut, selector, {GRID: bench})
    planned = tuple(CaseRecord(info=one.info, lifecycle=one.lifecycle, reason=one.reason) for one in chosen)
    if not any(one.runs for one in chosen):
        raise ConfigurationError("--select", [Problem(repr(selector.text), "leaves no case to judge", "select less")])
    record = new_record(ready, selector, "", cases=planned, seed=0, timing_uncertainty=content.time_uncertainty)
    directory = RunDirectory.create(out, record, ready.text)
    if mapping is not None:
        shutil.copyfile(mapping, directory.path / CONFIG / MAPPING)
    trace = Trace(
        records=(Recorded(index=0, t=0.0, name=GRID, content=content),),
        tester=GRID,
        dut=ready.dut.device.role,
        declared=ready.dut.declared,
        timing_uncertainty=content.time_uncertainty,
    )
    surroundings = Surroundings(
        catalogue.registry, catalogue.invariants, ready.dut.declared, 0, content.time_uncertainty
    )
    for one in chosen:
        if one.runs:
            path = directory.trace_path(one.info.id)
            with TraceWriter(path, replace(trace, records=()), samples="recording") as writer:
                for part in trace.records:
                    writer(part)
            begun = CaseRecord(
                info=one.info,
                lifecycle=Lifecycle.FINISHED,
                trace=path.relative_to(directory.path).as_posix(),
                started=datetime.now(UTC).isoformat(timespec="milliseconds"),
                duration=content.duration,
            )
            directory.put(judged(begun, catalogue.case(one.info.id)(), trace, surroundings))
    directory.finish(datetime.now(UTC).isoformat(timespec="seconds"))
    return directory


def _load(recording: Path, mapping: Path | None) -> Recording:
    from v2gready.grid.formats.errors import RecordingError  # noqa: PLC0415 - the extra "grid"
    from v2gready.grid.formats.files import load_mapping, load_recording  # noqa: PLC0415

    try:
        return load_recording(recording, None if mapping is None else load_mapping(mapping))
    except RecordingError as problem:
        raise ConfigurationError(
            str(recording), [Problem("recording", str(problem), "see docs/recordings.md")]
        ) from None
