"""The run record on disk: written as the run goes, so that a crash loses the case at hand and nothing else."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from v2gready.model.dut import ConfigurationError, Problem
from v2gready.model.run import CaseRecord, RunRecord, RunRecordError, case_to_json, from_json, to_json
from v2gready.resources import folder

RUN_FILE = "run.json"
TRACES, CAPTURES, CONFIG = "traces", "captures", "config"
JUDGED_BY = ("requirements", "schemes", "pics")


class RunDirectory:
    """A run directory and the record in it.

    Args:
        path: The directory.
        record: The record; every change is on disk at once.
    """

    def __init__(self, path: Path, record: RunRecord) -> None:
        self.path = path
        self.record = record
        self._texts = [_text(case_to_json(case)) for case in record.cases]
        self._positions = {case.info.id: position for position, case in enumerate(record.cases)}

    @classmethod
    def create(cls, path: Path, record: RunRecord, configuration: str) -> RunDirectory:
        """Starts a run.

        Args:
            path: The directory; made if missing.
            record: The record with all cases not run yet.
            configuration: Text of the DUT file as used.

        Raises:
            ConfigurationError: The directory holds a run already, or cannot be written.
        """
        if (path / RUN_FILE).exists():
            raise ConfigurationError(
                str(path), [Problem("--out", "holds a run already", "use --resume or another directory")]
            )
        try:
            for part in (TRACES, CAPTURES, CONFIG):
                (path / part).mkdir(parents=True, exist_ok=True)
            (path / CONFIG / "dut.toml").write_text(configuration, encoding="utf-8")
            # A report made years later shows the scheme and the requirements of the run, not those of its own day.
            for part in JUDGED_BY:
                shutil.copytree(folder("fixtures") / part, path / CONFIG / part)
        except OSError as problem:
            raise ConfigurationError(
                str(path), [Problem("--out", problem.strerror or str(problem), "use a directory you can write")]
            ) from None
        directory = cls(path, record)
        directory._save()
        return directory

    @classmethod
    def load(cls, path: Path) -> RunDirectory:
        """Opens a stored run.

        Raises:
            ConfigurationError: There is no readable run record.
        """
        try:
            document = json.loads((path / RUN_FILE).read_text(encoding="utf-8"))
            return cls(path, from_json(document))
        except FileNotFoundError:
            raise ConfigurationError(str(path), [Problem(RUN_FILE, "is missing", "name a run directory")]) from None
        except (OSError, ValueError, RunRecordError) as problem:
            raise ConfigurationError(
                str(path / RUN_FILE), [Problem("file", str(problem), "name another run")]
            ) from None

    def of(self, case_id: str) -> CaseRecord:
        """The record of one case."""
        return self.record.cases[self._positions[case_id]]

    def put(self, case: CaseRecord) -> None:
        """Replaces the record of one case."""
        cases = list(self.record.cases)
        position = self._positions[case.info.id]
        cases[position] = case
        self._texts[position] = _text(case_to_json(case))
        self.record = replace(self.record, cases=tuple(cases))
        self._save()

    def finish(self, stamp: str) -> None:
        """Notes that the run came to its end."""
        self.record = replace(self.record, finished=stamp)
        self._save()

    def trace_path(self, case_id: str) -> Path:
        """Where the trace of a case goes."""
        return self.path / TRACES / f"{case_id}.jsonl"

    def capture_path(self, case_id: str) -> Path:
        """Where the capture of a case goes."""
        return self.path / CAPTURES / f"{case_id}.pcapng"

    def _save(self) -> None:
        # Only what changed is made into text again: with 200 cases the rest took most of the time of a run.
        head = _text(to_json(replace(self.record, cases=())))
        body = ",\n".join(self._texts)
        # Written aside and renamed: a kill in between leaves the old record whole.
        aside = self.path / f"{RUN_FILE}.new"
        aside.write_text(f"{head.removesuffix('[]}')}[\n{body}\n]}}\n", encoding="utf-8")
        os.replace(aside, self.path / RUN_FILE)  # noqa: PTH105 - atomic on every platform


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, separators=(",", ":"))
