"""Blocks of samples beside the trace: COMTRADE files that any laboratory tool opens, named in the trace by hash.

Engine and report both use it, also where NumPy is missing: arrays are met inside of the functions alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from v2gready.model.trace import Recorded

if TYPE_CHECKING:
    from v2gready.grid.recording import Recording

SUFFIXES = (".cfg", ".dat")


def write(folder: Path, stem: str, record: Recorded) -> dict[str, Any]:
    """Stores the samples of a record.

    Args:
        folder: Where the files go; made if missing.
        stem: Their name without suffix.
        record: The block.

    Returns:
        What the trace keeps of it.
    """
    from v2gready.grid.formats.comtrade import Form, write_comtrade  # noqa: PLC0415 - the extra "grid"

    folder.mkdir(exist_ok=True)
    cfg, dat = write_comtrade(record.content, form=Form.FLOAT32)
    (folder / f"{stem}.cfg").write_bytes(cfg)
    (folder / f"{stem}.dat").write_bytes(dat)
    content = record.content
    return {
        "kind": "recorded",
        "name": record.name,
        "file": f"{folder.name}/{stem}.cfg",
        "sha256": {"cfg": hashlib.sha256(cfg).hexdigest(), "dat": hashlib.sha256(dat).hexdigest()},
        "content": content.kind.value,
        "start": content.start,
        "rate": content.rate,
        "source": content.source,
        "time_uncertainty": content.time_uncertainty,
        "channels": [
            {
                "name": channel.name,
                "unit": channel.unit,
                "floor": channel.uncertainty.floor,
                "share": channel.uncertainty.share,
            }
            for channel in content.channels.values()
        ],
    }


def paths(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """The files that an entry of a trace names, relative to the run directory."""
    stem = str(entry["file"]).removesuffix(SUFFIXES[0])
    return tuple(f"{stem}{suffix}" for suffix in SUFFIXES)


def read(root: Path, entry: Mapping[str, Any]) -> Recording:
    """Reads the samples back that an entry of a trace names.

    Args:
        root: The run directory.
        entry: What `write` returned.

    Raises:
        ValueError: A file is missing, malformed, not the one that was written, or outside of the run directory.
    """
    from v2gready.grid.formats.comtrade import read_comtrade  # noqa: PLC0415 - the extra "grid"
    from v2gready.grid.recording import Channel, Kind, Recording, Uncertainty  # noqa: PLC0415

    cfg, dat = (_octets(root, path, entry["sha256"][path.rpartition(".")[2]]) for path in paths(entry))
    stored = read_comtrade(cfg, dat).recording
    return Recording(
        kind=Kind(entry["content"]),
        start=entry["start"],
        rate=entry["rate"],
        channels={
            one["name"]: Channel(
                one["name"], one["unit"], stored.channels[one["name"]].values, Uncertainty(one["floor"], one["share"])
            )
            for one in entry["channels"]
        },
        source=entry["source"],
        time_uncertainty=entry["time_uncertainty"],
    )


def _octets(root: Path, path: str, digest: str) -> bytes:
    file = (root / path).resolve()
    if not file.is_relative_to(root.resolve()):
        raise ValueError(f"{path} lies outside of the run directory")
    try:
        octets = file.read_bytes()
    except OSError as problem:
        raise ValueError(f"{path}: {problem.strerror}") from None
    if hashlib.sha256(octets).hexdigest() != digest:
        raise ValueError(f"{path} is not the file that the run wrote: its hash differs")
    return octets
