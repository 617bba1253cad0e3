"""The summary on a terminal and in a log."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
from rich.console import Console

from v2gready.model.run import RunRecord
from v2gready.model.scheme import Decision, decide_label
from v2gready.report import summary
from v2gready.report.knowledge import read_knowledge
from v2gready.report.stored import read_run


@pytest.fixture(scope="module")
def run(mixed: Path) -> RunRecord:
    return read_run(mixed).record


@pytest.fixture(scope="module")
def decision(run: RunRecord, fixtures: Path) -> Decision:
    return decide_label(read_knowledge(fixtures).schemes[run.scheme], run)


def on_terminal(run: RunRecord, decision: Decision | None) -> str:
    console = Console(file=io.StringIO(), width=200, color_system=None)
    console.print(summary.table(run, decision))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize(
    "line",
    [
        "fail            CHG-TIM-SEQ-01  A silent EV ends the session: the charger still answered",
        "fail V2G20-TEST-5: expected the connection closed",
        "remark V2G20-TEST-4: expected",
        "The bidirectional service is offered (indicative)",
        "not applicable  CHG-PLU-CERT-01",
        "fail            INV-CHG-TIMING",
        "verdicts: 1 pass, 1 inconc, 2 fail, 1 error",
        "lifecycle: 5 finished, 1 interrupted, 1 not run, 1 not applicable",
        "conformity statement under scheme charger-test: not granted",
        "  blocks: CHG-TIM-SEQ-01",
        "  open: required cases not run: 1",
        "  indicative: CHG-SER-BPT-01",
    ],
)
def test_plain_lines(run: RunRecord, decision: Decision, line: str) -> None:
    assert line in summary.plain(run, decision)


def test_the_terminal_says_the_same(run: RunRecord, decision: Decision) -> None:
    shown = " ".join(on_terminal(run, decision).split())
    for words in ("CHG-TIM-SEQ-01 A silent EV ends the session", "verdicts: 1 pass", "not granted", "INV-CHG-TIMING"):
        assert words in shown


def test_an_unknown_scheme(run: RunRecord) -> None:
    assert "scheme charger-test: unknown" in summary.plain(run, None)
    assert "scheme charger-test: unknown" in on_terminal(run, None)


def test_no_string_of_the_device_forges_a_line_a_style_or_an_escape(synthetic: ModuleType) -> None:
    record, _ = synthetic.failing()
    reason = f"{synthetic.HOSTILE}\npass            CHG-TIM-SEQ-01"
    run = synthetic.run_record((replace(record, reason=reason),))
    plain = summary.plain(run, None)
    assert "\npass" not in plain
    assert "[red]x[/red]\\npass" in plain
    assert "[red]x[/red]" in on_terminal(run, None)
    assert "\x1b" not in plain + on_terminal(run, None)
