"""Recordings by path: the one place here that opens files."""

from __future__ import annotations

import tomllib
from pathlib import Path

from v2gready.grid.formats import mapping as mappings
from v2gready.grid.formats.comtrade import read_cff, read_comtrade
from v2gready.grid.formats.errors import RecordingError
from v2gready.grid.formats.layout import Layout
from v2gready.grid.formats.mapping import RecordingMap
from v2gready.grid.formats.source import Source
from v2gready.grid.formats.tables import read_csv, read_parquet
from v2gready.grid.recording import Recording
from v2gready.model.dut import ConfigurationError, Problem

SUFFIXES = (".cfg", ".dat", ".cff", ".csv", ".tsv", ".txt", ".parquet", ".pq")


def load_recording(path: Path, mapping: RecordingMap | None = None) -> Recording:
    """Reads a recording.

    Args:
        path: COMTRADE (``.cfg`` with its ``.dat`` beside it, or ``.cff``), CSV or Parquet.
        mapping: What its channels are. Without one they must carry our names; a recording of ours needs none.

    Raises:
        RecordingError: The file is missing, malformed or not understood.
        ConfigurationError: The mapping does not fit the file.
    """
    source = open_source(path, mapping)
    if mapping is None and source.own is not None:
        return source.own
    return mappings.apply(mapping or mappings.automatic(source), source)


def load_mapping(path: Path) -> RecordingMap:
    """Reads a mapping file.

    Raises:
        ConfigurationError: With every problem found.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise ConfigurationError(str(path), [Problem("", f"{problem.strerror}", "correct the path")]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise ConfigurationError(str(path), [Problem("", f"{problem}", "correct the TOML syntax")]) from None
    return mappings.parse_mapping(document, str(path))


def open_source(path: Path, mapping: RecordingMap | None = None) -> Source:
    """Reads a file without deciding what its channels are; `mapping.template` makes a mapping file of it.

    Raises:
        RecordingError: The file is missing, malformed or of an unknown type.
    """
    layout = mapping.layout if mapping else Layout()
    wanted = {one.source for one in mapping.channels.values()} if mapping else set()
    match path.suffix.lower():
        case ".cfg" | ".dat":
            cfg, dat = (_read(_sibling(path, suffix)) for suffix in (".cfg", ".dat"))
            record = read_comtrade(
                cfg,
                dat,
                path.stem,
                rate=layout.believed_rate,
                segment=layout.segment,
                encoding=layout.encoding,
            )
            return record.source
        case ".cff":
            record = read_cff(
                _read(path),
                path.stem,
                rate=layout.believed_rate,
                segment=layout.segment,
                encoding=layout.encoding,
            )
            return record.source
        case ".csv" | ".tsv" | ".txt":
            return read_csv(_read(path), path.name, layout, wanted)
        case ".parquet" | ".pq":
            return read_parquet(_read(path), path.name, layout, wanted)
        case suffix:
            raise RecordingError(path.name, "", f"the suffix {suffix!r} is not known", f"use {', '.join(SUFFIXES)}")


def _sibling(path: Path, suffix: str) -> Path:
    """The other file of a pair, in whatever case its suffix is written."""
    if path.suffix.lower() == suffix:
        return path
    beside = (path.with_suffix(one) for one in (suffix, suffix.upper(), suffix.capitalize()))
    return next((one for one in beside if one.exists()), path.with_suffix(suffix))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as problem:
        raise RecordingError(path.name, "", f"cannot be read: {problem.strerror}", "check the path") from None
