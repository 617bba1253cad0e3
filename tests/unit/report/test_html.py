"""The HTML report: complete, safe against a hostile device, and a pure function of the stored run."""

from __future__ import annotations

import json
import re
import shutil
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from markupsafe import escape

from v2gready.model.run import RunRecordError
from v2gready.report.html import WRITER, HtmlReport, render
from v2gready.report.text import TIMES
from v2gready.report.writer import ReportWriter
from v2gready.resources import folder


def section(html: str, identifier: str) -> str:
    """Everything of an element with that id up to the next article or section."""
    start = html.index(f'id="{identifier}"')
    end = re.search(r"</article>|</section>", html[start:])
    assert end is not None
    return html[start : start + end.end()]


@pytest.fixture
def write(synthetic: ModuleType, fixtures: Path, tmp_path: Path) -> Any:
    """Writes cases and renders them."""

    def write_and_render(traced: list[Any], others: list[Any] | None = None) -> str:
        return render(synthetic.write_run(tmp_path, traced, others or []), fixtures)

    return write_and_render


def test_the_writer_has_the_shape_of_the_entry_point() -> None:
    assert isinstance(WRITER, ReportWriter)
    assert WRITER.name == "html"


def test_the_state_of_the_label_and_its_wording(html: str, page: Any) -> None:
    assert page.all("svg", "label-not-granted")
    assert "Conformity statement for the listed requirements under scheme “V2G-ready charger, edition 1.0”" in page.text
    assert "certified" not in html.lower()


def test_a_granted_label(synthetic: ModuleType, fixtures: Path, tmp_path: Path) -> None:
    html = render(synthetic.write_granted(tmp_path), fixtures)
    assert 'class="label label-granted"' in html
    assert "Nothing blocks the label." in html


def test_an_incomplete_label(write: Any, synthetic: ModuleType) -> None:
    html = write([synthetic.undecided()])
    assert 'class="label label-incomplete"' in html


def test_an_unknown_scheme_leaves_the_results_and_no_label(mixed: Path, tmp_path: Path) -> None:
    html = render(mixed, tmp_path)  # an installation without schemes, requirements and questionnaires
    assert '<svg class="label' not in html
    assert "which this installation does not hold" in html
    assert "CHG-TIM-SEQ-01" in html


def test_what_blocks_is_open_or_indicative_is_linked(html: str) -> None:
    summary = section(html, "summary")
    blocking, rest = summary.split('id="open"')
    open_, indicative = rest.split('id="indicative"')
    assert 'href="#CHG-TIM-SEQ-01">CHG-TIM-SEQ-01</a>' in blocking
    assert 'href="#inv-INV-CHG-TIMING">INV-CHG-TIMING</a>' in blocking
    assert 'href="#CHG-SES-RESUME-01"' in open_
    assert 'href="#CHG-SER-BPT-01"' in indicative
    assert "neither blocks nor grants" in indicative


def test_verdicts_are_counted_apart_from_the_lifecycle(html: str) -> None:
    summary = section(html, "summary")
    verdicts, lifecycle = summary.split("Lifecycle of all cases")
    assert "not run" not in verdicts
    numbers = re.findall(r"<b>(\d+)</b> <span class=\"life\">([a-z ]+)</span>", lifecycle)[:4]
    assert {name: int(count) for count, name in numbers} == {
        "finished": 5,
        "interrupted": 1,
        "not run": 1,
        "not applicable": 1,
    }


@pytest.mark.parametrize(
    "fact",
    [
        "20261121T091400Z-5f3c",
        "BD11-000042",
        "ab" * 32,
        "9d" * 32,
        "20261121",
        "2026-11-21 10:02:41 UTC",
        "Linux-6.1-x86_64",
        "Testlab <Rhein> GmbH",
        "Hafenstraße 1, 50667 Köln",
        "A. Keller",
        "Power analyser WT5000",
        "not stated",
        "The results relate only to the items tested",
        "expanded uncertainty of 0.5 ms",
        "Guarded acceptance",
        "Simple acceptance",
        "Non-binary",
        "measured at 21 kHz bandwidth",
        "pnc = No",
        "no answer",
        "End of report",
        "0.61 V (U 0.4 V, k=2)",
        "at most 2 V",
        "TC_SECC_001",
        "dc_bpt and not public",
        "Remark: the charger took 0.3 s",
        "the bench lost its network interface: eth1 is down",
        "The declared capabilities exclude this case: pnc = No.",
        "This case was not selected or not reached.",
        "stopped by the operator",
    ],
)
def test_the_report_holds(page: Any, fact: str) -> None:
    assert fact in page.text


def test_every_internal_link_has_one_target(page: Any) -> None:
    assert len(page.ids) == len(set(page.ids))
    inside = {link[1:] for link in page.links if link.startswith("#")}
    assert len(inside) > 60
    assert inside <= set(page.ids)


def test_every_link_to_evidence_has_a_file(page: Any, mixed: Path) -> None:
    outside = {link for link in page.links if not link.startswith("#")}
    assert "captures/CHG-TIM-SEQ-01.pcapng" in outside
    assert all((mixed / link).is_file() for link in outside)


def test_no_string_of_the_device_becomes_markup(html: str, page: Any) -> None:
    assert len(page.all("script")) == 1
    assert "owned'</script>" not in html
    assert "&lt;/script&gt;&lt;script&gt;document.title=&#39;owned&#39;" in html
    assert "\\x1b[31m\\u202egnp\\x00\\ud800" in html
    assert "{{ 7*7 }}" in html
    assert not re.search("[\x00-\x08\x0b-\x1f\u202a-\u202e\ud800-\udfff]", html)


def test_the_policy_admits_our_own_script_and_style_alone(html: str) -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)
    assert policy is not None
    assert "default-src &#39;none&#39;" in policy[1]
    assert "unsafe" not in policy[1]
    assert not re.search(r'\s(style|on\w+)="', html)


def test_nothing_is_loaded_from_elsewhere(html: str, page: Any) -> None:
    for _, attributes in page.tags:
        for name in ("src", "srcset", "data", "action", "poster"):
            assert name not in attributes
        assert not re.match(r"[a-z]+:|//", attributes.get("href") or "")
    assert not re.search(r"url\(|@import|https?://(?!www\.w3\.org)", html)


def test_the_requirement_matrix(html: str) -> None:
    matrix = section(html, "requirements")
    rows = {
        row[1]: row[0]
        for row in re.finditer(r'<tr class="row" id="req-([^"]+)" data-state="[^"]+">.*?</tr>', matrix, re.DOTALL)
    }
    assert 'data-state="fail"' in rows["V2G20-TEST-5"]
    assert 'data-state="remark"' in rows["V2G20-TEST-4"]
    assert "indicative" in rows["V2G20-TEST-7"]
    assert "unconfirmed" in rows["V2G20-TEST-7"]
    assert 'data-state="not run"' in rows["V2G20-TEST-8"]
    assert 'data-state="no case"' in rows["V2G20-TEST-9"]
    assert 'href="#CHG-TIM-SEQ-01"' in rows["V2G20-TEST-3"]  # through the invariant
    assert "8.5" in rows["V2G20-TEST-5"]
    assert "1 of the registered requirements have no case" in matrix


def test_a_requirement_that_the_registry_does_not_hold_has_a_row(mixed: Path, tmp_path: Path) -> None:
    html = render(mixed, tmp_path)
    assert 'id="req-V2G20-TEST-5"' in html
    assert "Not in the registry of this installation" in html


def test_invariants_lead_to_the_cases_that_broke_them(html: str) -> None:
    invariants = section(html, "invariants")
    held, broken = invariants.split('id="inv-INV-CHG-TIMING"')
    assert "v-fail" not in held
    assert 'href="#CHG-TIM-SEQ-01"' in broken


def test_a_failed_check_leads_to_its_open_frame(html: str, page: Any) -> None:
    case = section(html, "CHG-TIM-SEQ-01")
    assert 'href="#CHG-TIM-SEQ-01-r22"' in case
    frame = next(attributes for attributes in page.all("details") if attributes.get("id") == "CHG-TIM-SEQ-01-r22")
    assert "open" in frame
    assert "j-fail" in (frame["class"] or "")
    assert "65.0 s of silence" in case
    assert "undecodable v2gtp frame" in case
    assert "EXI: event code 7" in case
    assert "0010  10 11 12 13 14 15 16 17  18 19 1a 1b 1c 1d 1e 1f" in case


def test_rational_numbers_are_computed(html: str) -> None:
    assert f"<b>EVSEMaximumChargePower</b> 11000 <i>= 11 {TIMES} 10<sup>3</sup></i>" in html


def test_a_loop_is_folded_and_says_where_the_rest_is(html: str) -> None:
    case = section(html, "CHG-CHA-LOOP-01")
    assert re.search(r"lines \d+ to \d+ of <a href=\"traces/CHG-CHA-LOOP-01.jsonl\">", case)
    assert f"DC_ChargeLoopReq ⇄ DC_ChargeLoopRes {TIMES} " in case
    assert case.count("<details id=") < 60


def test_hundred_cases_stay_small(synthetic: ModuleType, write: Any) -> None:
    makers = (synthetic.passing, synthetic.failing, synthetic.undecided, synthetic.indicative)
    html = write([maker(number) for number in range(1, 26) for maker in makers])
    assert len(html.encode()) < 8_000_000


def test_the_same_run_gives_the_same_report(mixed: Path, fixtures: Path) -> None:
    assert render(mixed, fixtures) == render(mixed, fixtures)


def test_a_missing_trace_is_named(mixed: Path, fixtures: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(mixed, tmp_path / "run")
    (copy / "traces" / "CHG-TIM-SEQ-01.jsonl").unlink()
    html = render(copy, fixtures)
    assert "No trace was recorded for this case." in section(html, "CHG-TIM-SEQ-01")
    assert "missing" in section(html, "CHG-TIM-SEQ-01")


def test_a_path_that_leads_out_of_the_run_is_not_followed(mixed: Path, fixtures: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(mixed, tmp_path / "run")
    shutil.move(copy / "traces" / "CHG-TIM-SEQ-01.jsonl", tmp_path / "secret.jsonl")
    document = json.loads((copy / "run.json").read_text())
    document["cases"][1]["evidence"] = {"trace": "../secret.jsonl", "capture": "javascript:alert(1)"}
    (copy / "run.json").write_text(json.dumps(document))
    html = render(copy, fixtures)
    assert "DC_CableCheckReq" not in section(html, "CHG-TIM-SEQ-01")
    assert 'href="javascript:' not in html


def test_half_a_line_of_a_killed_run_is_reported(mixed: Path, fixtures: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(mixed, tmp_path / "run")
    with (copy / "traces" / "CHG-TIM-SEQ-01.jsonl").open("a") as stream:
        stream.write('{"kind": "frame", "i": 99, "t"')
    case = section(render(copy, fixtures), "CHG-TIM-SEQ-01")
    assert "could not be read" in case
    assert "DC_CableCheckReq" in case


def test_every_particular_of_the_example_is_shown(synthetic: ModuleType, fixtures: Path, tmp_path: Path) -> None:
    run = synthetic.write_granted(tmp_path)
    example = folder("reports") / "report.example.toml"
    shutil.copy(example, run / "config" / "report.toml")
    html = render(run, fixtures)
    document = tomllib.loads(example.read_text(encoding="utf-8"))
    tables = [*(table for table in document.values() if isinstance(table, dict)), *document["equipment"]]
    values = [value for table in tables for value in table.values()]
    assert len(values) == 25
    assert all(escape(value) in html for value in [*values, *document["deviations"]])
    assert "not stated" not in html


def test_a_run_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(RunRecordError, match=r"holds no run\.json"):
        WRITER.write(tmp_path)
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(RunRecordError):
        WRITER.write(tmp_path)


def test_the_data_of_the_installation_are_the_default(mixed: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(mixed, tmp_path / "run")
    assert HtmlReport().write(copy) == copy / "report.html"
