"""The trace on disk: JSON Lines, written record by record, read back octet by octet.

The decoded message beside the octets is for people and other tools. Reading back dissects the octets anew: a newer
suite judges what passed the wire, not what an older one made of it. Blocks of samples lie in files of their own, in the
folder ``samples`` of the run.
"""

from __future__ import annotations

import json
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from v2gready.grid import sample_files
from v2gready.model.trace import Event, Frame, Record, Recorded, Sample, Trace
from v2gready.protocols.dissect import dissect, plain

SCHEMA = 1
SAMPLES = "samples"


class TraceFileError(ValueError):
    """A trace file cannot be read: names file and line."""


class TraceWriter:
    """Appends records to a file; each is on disk before the next is made.

    Args:
        path: The file; its folder must exist.
        header: `Trace` without records: who played whom, and what was declared.
        samples: Name of the files that blocks of samples go to; that of the trace if empty.
    """

    def __init__(self, path: Path, header: Trace, samples: str = "") -> None:
        self._file = path.open("w", encoding="utf-8")
        self._path = path
        self._samples = samples or path.stem
        self._put(
            {
                "schema": SCHEMA,
                "tester": header.tester,
                "dut": header.dut,
                "declared": dict(header.declared),
                "timing_uncertainty": header.timing_uncertainty,
            }
        )

    def __call__(self, record: Record) -> None:
        """Writes one record."""
        if isinstance(record, Recorded):
            stem = f"{self._samples}-{record.index}"
            stored = sample_files.write(_root(self._path) / SAMPLES, stem, record)
            self._put({**_head(record), **stored})
        else:
            self._put(_to_json(record))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def _put(self, document: dict[str, Any]) -> None:
        self._file.write(json.dumps(document, separators=(",", ":")) + "\n")
        self._file.flush()


def _root(trace: Path) -> Path:
    """The run directory of a trace file."""
    return trace.parent.parent


def _head(record: Record) -> dict[str, Any]:
    return {"i": record.index, "t": round(record.t, 6), "link": record.link}


def _to_json(record: Record) -> dict[str, Any]:
    head = _head(record)
    match record:
        case Frame():
            return {
                "kind": "frame",
                **head,
                "protocol": record.protocol,
                "sender": record.sender,
                "raw": record.raw.hex(),
                "message": plain(record.message),
                "problem": record.problem,
            }
        case Event():
            return {"kind": "event", **head, "event": record.kind, "source": record.source, "detail": record.detail}
        case Sample():
            return {
                "kind": "sample",
                **head,
                "channel": record.channel,
                "value": record.value,
                "unit": record.unit,
                "uncertainty": record.uncertainty,
            }
    raise TypeError(f"no form on disk for {type(record).__name__}")


def read_trace(path: Path) -> Trace:
    """Reads a trace back, dissecting every frame anew. A last line cut off by a crash is left out.

    Raises:
        TraceFileError: The file is missing or malformed.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except OSError as problem:
        raise TraceFileError(f"{path}: {problem.strerror}") from None
    complete = lines[:-1]
    try:
        header = json.loads(complete[0])
        records = tuple(_from_json(json.loads(line), _root(path)) for line in complete[1:])
        if header["schema"] != SCHEMA:
            raise TraceFileError(f"{path}: schema {header['schema']}, this suite reads {SCHEMA}")
        return Trace(
            records=records,
            tester=header["tester"],
            dut=header["dut"],
            declared=header["declared"],
            timing_uncertainty=header["timing_uncertainty"],
        )
    except (IndexError, KeyError, TypeError, ValueError) as problem:
        raise TraceFileError(f"{path} is no trace of this suite: {problem}") from None


def _from_json(entry: dict[str, Any], root: Path) -> Record:
    head = {"index": entry["i"], "t": entry["t"], "link": entry["link"]}
    match entry["kind"]:
        case "frame":
            raw = bytes.fromhex(entry["raw"])
            message, problem = dissect(entry["protocol"], raw)
            return Frame(
                **head, protocol=entry["protocol"], sender=entry["sender"], raw=raw, message=message, problem=problem
            )
        case "event":
            return Event(**head, kind=entry["event"], source=entry["source"], detail=entry["detail"])
        case "sample":
            return Sample(
                **head,
                channel=entry["channel"],
                value=entry["value"],
                unit=entry["unit"],
                uncertainty=entry["uncertainty"],
            )
        case "recorded":
            return Recorded(**head, name=entry["name"], content=sample_files.read(root, entry))
    raise ValueError(f"unknown kind {entry['kind']!r}")
