"""The JUnit report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree as ET

import pytest

from v2gready.report.junit import WRITER, junit
from v2gready.report.writer import ReportWriter


@pytest.fixture(scope="module")
def root(mixed: Path) -> ET.Element:
    return ET.parse(WRITER.write(mixed)).getroot()  # noqa: S314 # our own output


def case(root: ET.Element, name: str) -> ET.Element:
    return next(element for element in root.iter("testcase") if element.get("name") == name)


def test_the_writer_has_the_shape_of_the_entry_point() -> None:
    assert isinstance(WRITER, ReportWriter)
    assert WRITER.name == "junit"


@pytest.mark.parametrize(
    ("name", "tag", "kind"),
    [
        ("CHG-CHA-LOOP-01", None, None),
        ("CHG-TIM-SEQ-01", "failure", "fail"),
        ("CHG-SER-BPT-01", "failure", "fail"),
        ("CHG-POW-DISCH-01", "error", "inconc"),
        ("CHG-SES-RESUME-01", "error", "error"),
        ("CHG-SES-PAUSE-03", "error", "interrupted"),
        ("CHG-PLU-CERT-01", "skipped", "not applicable"),
        ("CHG-PLU-RENEW-02", "skipped", "not run"),
        ("INV-CHG-SESSIONID", None, None),
        ("INV-CHG-TIMING", "failure", "fail"),
    ],
)
def test_results_map_to_elements(root: ET.Element, name: str, tag: str | None, kind: str | None) -> None:
    outcomes = [child for child in case(root, name) if child.tag in {"failure", "error", "skipped"}]
    assert [(child.tag, child.get("type")) for child in outcomes] == ([(tag, kind)] if tag else [])


def test_the_counts_agree(root: ET.Element) -> None:
    assert {key: root.get(key) for key in ("tests", "failures", "errors", "skipped")} == {
        "tests": "10",
        "failures": "3",
        "errors": "3",
        "skipped": "2",
    }
    suites = root.findall("testsuite")
    assert [suite.get("name") for suite in suites] == ["cases", "invariants"]
    assert sum(int(suite.get("tests", "0")) for suite in suites) == 10


def test_a_case_names_its_requirements_and_evidence(root: ET.Element) -> None:
    found = [(one.get("name"), one.get("value")) for one in case(root, "CHG-TIM-SEQ-01").iter("property")]
    assert [value for name, value in found if name == "requirement"] == ["V2G20-TEST-1", "V2G20-TEST-5"]
    assert ("evidence", "captures/CHG-TIM-SEQ-01.pcapng") in found
    assert ("verdict", "fail") in found


def test_a_failure_says_why_expected_and_seen(root: ET.Element) -> None:
    failure = case(root, "CHG-TIM-SEQ-01").find("failure")
    assert failure is not None
    assert failure.get("message", "").startswith("the charger still answered 65.0 s after")
    for line in (
        "fail: V2G20-TEST-5 must",
        "expected: the connection closed by the charger within 60 s",
        "(records 18, 21, 22)",
        "measured: 65.048 s (U 0.0005 s, k=2), limit at most 60 s (confirmed), simple acceptance",
        "trace: traces/CHG-TIM-SEQ-01.jsonl",
        "\\x1b[31m\\u202egnp\\x00",
    ):
        assert line in (failure.text or "")


def test_an_indicative_fail_is_told_as_such(root: ET.Element) -> None:
    failure = case(root, "CHG-SER-BPT-01").find("failure")
    assert failure is not None
    assert failure.get("message") == "indicative: the charger offers no service 6"


def test_any_string_gives_a_document_that_can_be_parsed(synthetic: ModuleType) -> None:
    record, _ = synthetic.failing()
    text = synthetic.HOSTILE
    hostile = replace(
        record,
        reason=text,
        remarks=(text,),
        trace=text,
        info=replace(record.info, title=text, area=text, aliases=(text,), pics=text),
        invariants=(replace(record.invariants[1], id=text, reason=text),),
    )
    document = junit(synthetic.run_record((hostile,)))
    document.encode()
    root = ET.fromstring(document.split("?>", 1)[1])  # noqa: S314 # our own output
    assert "trace: DE*ICE</script>" in "".join(root.itertext())


def test_an_undecided_invariant_is_an_error(synthetic: ModuleType) -> None:
    record, _ = synthetic.failing()
    inconc = replace(record.invariants[1], verdict=synthetic.Verdict.INCONC)
    run = synthetic.run_record((replace(record, invariants=(inconc,)),))
    root = ET.fromstring(junit(run).split("?>", 1)[1])  # noqa: S314 # our own output
    error = case(root, "INV-CHG-TIMING").find("error")
    assert error is not None
    assert error.get("type") == "inconc"
