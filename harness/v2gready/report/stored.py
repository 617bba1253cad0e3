"""Reading a run directory: the record, the particulars of the laboratory, and the trace files."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from v2gready.model.run import RunRecord, RunRecordError, from_json
from v2gready.model.trace import Event, Frame, Record, Recorded, Sample, Trace
from v2gready.report import rpc

RUN_FILE = "run.json"
DUT_FILE = "config/dut.toml"
PARTICULARS_FILE = "config/report.toml"
HEADER_LINES = 1


@dataclass(frozen=True, slots=True)
class Particulars:
    """Who, where and under which conditions: what ISO/IEC 17025 7.8.2 asks and no harness can know.

    Attributes:
        tables: Values by table and key of ``config/report.toml``, e.g. ``laboratory.name``.
        equipment: One mapping per instrument.
        deviations: Additions to, deviations from and exclusions from the method, as the laboratory words them.
    """

    tables: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    equipment: tuple[Mapping[str, str], ...] = ()
    deviations: tuple[str, ...] = ()

    def get(self, table: str, key: str) -> str:
        """A value, empty if it is not stated."""
        return self.tables.get(table, {}).get(key, "")


@dataclass(frozen=True, slots=True)
class File:
    """A file of evidence.

    Attributes:
        path: Relative to the run directory.
        sha256: Digest of its content, empty if the file is not there.
        size: Octets.
    """

    path: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run directory that has been read.

    Attributes:
        folder: Where it is.
        record: The run.
        particulars: Laboratory, customer, conditions.
    """

    folder: Path
    record: RunRecord
    particulars: Particulars

    def file(self, relative: str) -> File:
        """Identity of a file of the run."""
        path = inside(self.folder, relative)
        if path is None or not path.is_file():
            return File(relative, "", 0)
        with path.open("rb") as stream:
            return File(relative, hashlib.file_digest(stream, "sha256").hexdigest(), path.stat().st_size)


@dataclass(frozen=True, slots=True)
class StoredTrace:
    """A trace as stored: messages are plain trees, so any protocol can be shown.

    The content of a `Recorded` is its entry of the trace file; `grid.sample_files` reads the samples.

    Attributes:
        trace: The timeline; a record keeps the index it was written with.
        lines: Line of the file by index of the record.
        problems: Lines that cannot be read, with the reason; a killed run may leave half a line.
        partners: The record that answers a record, or that it answers, where the protocol tells so.
    """

    trace: Trace
    lines: Mapping[int, int]
    problems: tuple[str, ...]
    partners: Mapping[int, int] = field(default_factory=dict)


def read_run(folder: Path) -> StoredRun:
    """Reads ``run.json`` and ``config/report.toml``.

    Raises:
        RunRecordError: The run cannot be read; names the file.
    """
    path = folder / RUN_FILE
    try:
        record = from_json(json.loads(path.read_text(encoding="utf-8")))
        particulars = _particulars(folder / PARTICULARS_FILE)
    except FileNotFoundError:
        raise RunRecordError(f"{folder} is no run directory: it holds no {RUN_FILE}") from None
    except (ValueError, AttributeError) as problem:
        raise RunRecordError(f"{folder}: {problem}") from None
    return StoredRun(folder, record, particulars)


def inside(folder: Path, relative: str) -> Path | None:
    """The file, or None if the path is empty or leads out of the folder."""
    try:
        path = (folder / relative).resolve()
    except ValueError:  # a null character
        return None
    return path if relative and path.is_relative_to(folder.resolve()) else None


def read_trace(path: Path) -> StoredTrace:
    """Reads a trace file (JSON Lines: a header, then one record a line).

    Lines that cannot be read are reported in the result and do not hide the others.
    """
    records: list[Record] = []
    lines: dict[int, int] = {}
    problems: list[str] = []
    header: Mapping[str, Any] = {}
    with path.open(encoding="utf-8", errors="replace") as stream:
        for number, line in enumerate(stream, start=1):
            try:
                entry = json.loads(line)
                if number == HEADER_LINES:
                    header = entry
                    continue
                record = _record(entry)
            except (ValueError, TypeError, KeyError, AttributeError) as problem:
                problems.append(f"line {number}: {type(problem).__name__}: {problem}")
                continue
            records.append(record)
            lines[record.index] = number
    shown, partners = rpc.told(records)
    trace = Trace(
        shown,
        str(header.get("tester", "tester")),
        str(header.get("dut", "device")),
        header.get("declared", {}),
        header.get("timing_uncertainty", 0.0),
    )
    return StoredTrace(trace, lines, tuple(problems), partners)


def _record(entry: Mapping[str, Any]) -> Record:
    if not isinstance(entry.get("message", None), dict | None):
        raise TypeError("the message is no tree of fields")
    index, t, link = int(entry["i"]), float(entry["t"]), str(entry.get("link", ""))
    match entry["kind"]:
        case "frame":
            return Frame(
                index=index,
                t=t,
                link=link,
                protocol=entry["protocol"],
                sender=entry["sender"],
                raw=bytes.fromhex(entry["raw"]),
                message=entry.get("message"),
                problem=entry.get("problem", ""),
            )
        case "event":
            return Event(
                index=index, t=t, link=link, kind=entry["event"], source=entry["source"], detail=entry.get("detail", {})
            )
        case "sample":
            return Sample(
                index=index,
                t=t,
                link=link,
                channel=entry["channel"],
                value=float(entry["value"]),
                unit=entry["unit"],
                uncertainty=float(entry.get("uncertainty", 0.0)),
            )
        case "recorded":
            return Recorded(index=index, t=t, link=link, name=str(entry["name"]), content=entry)
        case other:
            raise ValueError(f"unknown kind of record {other!r}")


def _particulars(path: Path) -> Particulars:
    if not path.is_file():
        return Particulars()
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    return Particulars(
        tables={key: _strings(table) for key, table in document.items() if isinstance(table, dict)},
        equipment=tuple(_strings(one) for one in _tables(document.get("equipment"))),
        deviations=tuple(str(one) for one in document.get("deviations", ())),
    )


def _tables(value: Any) -> Iterator[Mapping[str, Any]]:
    for one in value if isinstance(value, list) else ():
        if isinstance(one, dict):
            yield one


def _strings(table: Mapping[str, Any]) -> dict[str, str]:
    return {key: str(value) for key, value in table.items()}
