"""Reading a run directory, and the tables over a run."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from v2gready.model.requirement import Registry
from v2gready.model.run import RunRecordError
from v2gready.model.trace import Event, Frame, Sample
from v2gready.model.verdict import Verdict
from v2gready.report import matrix
from v2gready.report.stored import Particulars, inside, read_run, read_trace


def test_records_of_a_trace(mixed: Path) -> None:
    found = read_trace(mixed / "traces" / "CHG-CHA-LOOP-01.jsonl")
    assert (found.trace.tester, found.trace.dut, found.trace.timing_uncertainty) == ("ev", "charger", 0.0005)
    assert {type(record) for record in found.trace.records} == {Frame, Event, Sample}
    assert found.lines[0] == 2
    assert not found.problems


@pytest.mark.parametrize(
    "line",
    [
        "nonsense",
        "[]",
        "7",
        '{"kind": "smell", "i": 0, "t": 0}',
        '{"kind": "frame", "i": 0, "t": 0, "protocol": "p", "sender": "s", "raw": "xyz"}',
        '{"kind": "frame", "i": 0, "t": 0, "protocol": "p", "sender": "s", "raw": "", "message": "text"}',
        '{"kind": "sample", "i": 0, "t": 0, "channel": "c"}',
    ],
)
def test_a_line_that_cannot_be_read_hides_no_other(tmp_path: Path, line: str) -> None:
    good = '{"kind": "event", "i": 3, "t": 1.5, "event": "closed", "source": "ev"}'
    path = tmp_path / "trace.jsonl"
    path.write_text(f'{{"schema": 1}}\n{line}\n{good}\n')
    found = read_trace(path)
    assert [record.index for record in found.trace.records] == [3]
    assert found.lines == {3: 3}
    assert len(found.problems) == 1
    assert found.problems[0].startswith("line 2: ")


def test_particulars_are_optional(synthetic: ModuleType, tmp_path: Path) -> None:
    folder = synthetic.write_granted(tmp_path)
    assert read_run(folder).particulars == Particulars()
    synthetic.write_particulars(folder)
    assert read_run(folder).particulars.get("laboratory", "name") == "Testlab <Rhein> GmbH"
    assert read_run(folder).particulars.get("laboratory", "phone") == ""
    (folder / "config" / "report.toml").write_text('equipment = "none"\n')
    assert read_run(folder).particulars.equipment == ()


@pytest.mark.parametrize("content", ["{", "[]", '{"schema": 99}', json.dumps({"schema": 1})])
def test_a_run_record_that_cannot_be_read_names_the_folder(tmp_path: Path, content: str) -> None:
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(RunRecordError, match=tmp_path.name):
        read_run(tmp_path)


def test_files_are_identified_by_digest(mixed: Path) -> None:
    stored = read_run(mixed)
    assert len(stored.file("run.json").sha256) == 64
    assert stored.file("traces/none.jsonl").sha256 == ""


@pytest.mark.parametrize("path", ["", "../x", "/etc/passwd", "a/../../x"])
def test_only_paths_below_the_folder_are_inside(tmp_path: Path, path: str) -> None:
    assert inside(tmp_path, path) is None
    assert inside(tmp_path, "a/../b") == (tmp_path / "b").resolve()


def test_an_error_does_not_hide_a_violation_of_the_same_requirement(synthetic: ModuleType) -> None:
    failed, _ = synthetic.failing()
    spoiled, _ = synthetic.spoiled()
    broken = replace(spoiled, info=replace(spoiled.info, requirements=("V2G20-TEST-5",)))
    rows = {row.id: row for row in matrix.requirement_rows(synthetic.run_record((failed, broken)), Registry([]))}
    assert rows["V2G20-TEST-5"].state == "fail"
    assert [cell.state for cell in rows["V2G20-TEST-5"].cells] == ["fail", "error"]


def test_a_requirement_that_its_case_did_not_judge(synthetic: ModuleType) -> None:
    record, _ = synthetic.passing()
    silent = replace(record, observations=(), invariants=())
    (row, _) = matrix.requirement_rows(synthetic.run_record((silent,)), Registry([]))
    assert row.state == matrix.NOT_JUDGED


def test_the_worst_trace_decides_about_an_invariant(synthetic: ModuleType) -> None:
    held, _ = synthetic.passing()
    broke, _ = synthetic.failing()
    rows = {row.id: row for row in matrix.invariant_rows([held, broke])}
    assert rows["INV-CHG-SESSIONID"].verdict is Verdict.PASS
    assert len(rows["INV-CHG-SESSIONID"].judged) == 2
    assert rows["INV-CHG-TIMING"].broken == (broke.info.id,)


def test_a_finished_case_without_a_verdict_is_counted(synthetic: ModuleType) -> None:
    record, _ = synthetic.passing()
    assert matrix.counts([replace(record, verdict=Verdict.NONE)]).verdicts["none"] == 1
    assert "none" not in matrix.counts([record]).verdicts
