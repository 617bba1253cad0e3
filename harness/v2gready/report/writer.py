"""The shape of a report writer: what an entry point of the group ``v2gready.reports`` names."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, runtime_checkable


@runtime_checkable
class ReportWriter(Protocol):
    """Turns a stored run into one file."""

    @property
    def name(self) -> str:
        """What the user types: ``v2gready report RUN --format NAME``."""

    def write(self, run_dir: Path) -> Path:
        """Writes the report into the run directory.

        Args:
            run_dir: The stored run; nothing else is read but the data files of the installation.

        Returns:
            The file that was written.

        Raises:
            RunRecordError: The run cannot be read.
        """
