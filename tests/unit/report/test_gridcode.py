"""The head of a grid report: which numbers were used, and how well they are known."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from v2gready.report.gridcode import grid_code, notes
from v2gready.report.html import render
from v2gready.report.stored import read_run


def test_title_edition_status_country_and_own_numbers(grid_html: str, grid_page: Any) -> None:
    head = grid_html[grid_html.index('<div class="code-head">') : grid_html.index('id="summary"')]
    for fact in ("EN 50549-1, plants", "2019", "in force", "EU", 'href="#code-lfsmo_5f_droop"'):
        assert fact in head
    assert "The laboratory supplied 1 number of its own" in grid_page.text


def test_the_tag_share_counts_the_numbers_that_decided(grid_run: Path, grid_html: str) -> None:
    code = grid_code(read_run(grid_run).record)
    assert code is not None
    # dip: u, S2, M; staircase: 8 x S2; hold: u (its two remarks decide nothing); island: u
    assert {one.tag: one.count for one in code.shares} == {"M": 1, "S2": 9, "u": 3}
    assert code.decided == 13
    assert sum(one.percent for one in code.shares) == pytest.approx(100)
    assert "<b>69 %</b> (9)" in grid_html
    assert "is indicative at most" in grid_html


def test_cases_of_another_neighbour_and_unfinished_ones_do_not_count(grid_run: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(grid_run, tmp_path / "run")
    document = json.loads((copy / "run.json").read_text())
    document["cases"][0]["neighbour"] = "ev"
    document["cases"][1]["lifecycle"] = "interrupted"
    (copy / "run.json").write_text(json.dumps(document))
    code = grid_code(read_run(copy).record)
    assert code is not None
    assert {one.tag: one.count for one in code.shares} == {"u": 2}


def test_the_parameters_stand_in_a_table_and_not_in_the_pixit(grid_html: str) -> None:
    declared = grid_html[grid_html.index('id="declared"') :]
    assert "{&#39;" not in declared
    assert "nominal_frequency" not in declared
    assert re.search(r'grid_code</th><td><a href="#grid-code">EN 50549-1', declared)
    table = grid_html[grid_html.index('<section id="grid-code">') : grid_html.index('<section id="declared">')]
    droop = table[table.index('id="code-lfsmo_5f_droop"') :].split("</tr>")[0]
    for fact in ("4 %", "4.6.1", "our copy &lt;2019&gt;", "B. Beispiel 2026-11-20", "laboratory", "replaces:"):
        assert fact in droop
    frequency = table[table.index('id="code-frequency_5f_range"') :].split("</tr>")[0]
    assert "47.5 Hz / 48.5 Hz / 1800 s" in frequency
    assert "unlimited" in frequency
    assert '<td class="num">1</td>' in frequency


def test_a_number_without_a_case_is_marked_as_idle(grid_html: str) -> None:
    assert re.search(r'id="code-voltage_5f_range" class="idle"', grid_html)
    assert not re.search(r'id="code-uvrt" class="idle"', grid_html)


def test_shortened_holds_and_remarks_are_deviations(grid_run: Path, grid_html: str) -> None:
    shortened, others = notes(read_run(grid_run).record.cases)
    assert [note.text for note in shortened] == ["shortened: held for 5370 s, not 5400 s"]
    assert [note.text for note in others] == ["the state of charge fell to 41 %"]
    deviations = grid_html[grid_html.index('id="deviations"') :]
    assert "Shortened holds" in deviations
    assert 'href="#CHG-GRI-FREQ-03">CHG-GRI-FREQ-03</a> shortened: held for 5370 s' in deviations
    assert "the state of charge fell to 41 %" in deviations


def test_a_run_without_a_grid_interface_says_nothing_of_it(html: str) -> None:
    assert "grid-code" not in re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL)
    assert "Shortened holds" not in html


@pytest.mark.parametrize(
    "code",
    [
        {},
        {"title": "<b>", "parameter": 7, "open": []},
        {"parameter": {"</td>": {"value": {}, "rows": 3}, "rocof": {"rows": [[1], 2, ["inf", "x"]]}, "uvrt": None}},
        {"status": "granted", "nominal_voltage": None, "parameter": {"thd_limit": {"tag": "<i>", "value": "1e9"}}},
    ],
)
def test_a_forged_code_is_shown_and_not_believed(
    synthetic: ModuleType, fixtures: Path, tmp_path: Path, code: dict[str, Any]
) -> None:
    run = synthetic.write_granted(tmp_path)
    document = json.loads((run / "run.json").read_text())
    document["declared"]["grid_code"] = code
    (run / "run.json").write_text(json.dumps(document))
    html = render(run, fixtures)
    assert 'id="grid-code"' in html
    assert "<b></a>" not in html
    assert "<i></span>" not in html
