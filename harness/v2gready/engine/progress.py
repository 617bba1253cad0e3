"""Tells a person or a log how a run goes: a live display on a terminal, plain lines elsewhere, never both."""

from __future__ import annotations

from abc import ABC, abstractmethod

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from v2gready.model.case import CaseInfo
from v2gready.model.run import CaseRecord, RunRecord
from v2gready.model.verdict import Verdict

_STYLES = {
    Verdict.PASS: "green",
    Verdict.INCONC: "yellow",
    Verdict.FAIL: "bold red",
    Verdict.ERROR: "bold magenta",
    Verdict.NONE: "magenta",
}


class Progress(ABC):
    """Is told what happens."""

    @abstractmethod
    def begin(self, run: RunRecord, pending: int) -> None:
        """A run begins or goes on with so many cases."""

    @abstractmethod
    def started(self, info: CaseInfo) -> None:
        """A case starts."""

    @abstractmethod
    def finished(self, record: CaseRecord) -> None:
        """A case came to its end."""

    @abstractmethod
    def end(self) -> None:
        """Nothing more will be told."""


class Silent(Progress):
    """Says nothing: pytest itself reports."""

    def begin(self, run: RunRecord, pending: int) -> None:
        """Says nothing."""

    def started(self, info: CaseInfo) -> None:
        """Says nothing."""

    def finished(self, record: CaseRecord) -> None:
        """Says nothing."""

    def end(self) -> None:
        """Says nothing."""


class Plain(Progress):
    """One line a case, for logs."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def begin(self, run: RunRecord, pending: int) -> None:
        """Run, seed and number of cases."""
        self._say(f"run {run.id}, seed {run.seed}, {pending} cases against {run.device['make']} {run.device['model']}")

    def started(self, info: CaseInfo) -> None:
        """Says nothing: the line comes with the verdict."""

    def finished(self, record: CaseRecord) -> None:
        """Verdict, id and reason."""
        reason = f" - {record.reason}" if record.reason else ""
        self._say(f"{record.verdict.label:<6} {record.info.id} {record.info.title}{reason}")

    def end(self) -> None:
        """Says nothing."""

    def _say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


class Live(Progress):
    """A bar with the case at hand; cases that did not pass stay on the screen above it."""

    def __init__(self, console: Console) -> None:
        self._bar = Bar(
            SpinnerColumn(),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.description}", markup=False),
            console=console,
        )
        self._task = self._bar.add_task("", total=None)

    def begin(self, run: RunRecord, pending: int) -> None:
        """Shows the run and starts the bar."""
        name = escape(f"{run.device['make']} {run.device['model']}")
        self._bar.console.print(f"Testing [bold]{name}[/]: {pending} cases, seed {run.seed}")
        self._bar.update(self._task, total=pending)
        self._bar.start()

    def started(self, info: CaseInfo) -> None:
        """Shows the case at hand."""
        self._bar.update(self._task, description=f"{info.id} {info.title}")

    def finished(self, record: CaseRecord) -> None:
        """Moves the bar; leaves a line for what did not pass."""
        if record.verdict is not Verdict.PASS:
            style = _STYLES[record.verdict]
            label = record.verdict.label
            self._bar.console.print(f"[{style}]{label:<6}[/] {escape(record.info.id)} {escape(record.reason)}")
        self._bar.advance(self._task)

    def end(self) -> None:
        """Takes the bar away."""
        self._bar.update(self._task, description="")
        self._bar.stop()
