"""The JUnit report for continuous integration.

fail is a failure; inconclusive and error are errors, for neither says that the device is wrong; what was not
applicable or not run is skipped. Invariants form a suite of their own, so that one broken in a passing case is red.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from v2gready.model.run import CaseRecord, RunRecord
from v2gready.model.verdict import Lifecycle, Verdict
from v2gready.report.checks import Check, merge, worth_listing
from v2gready.report.matrix import InvariantRow, invariant_rows
from v2gready.report.stored import RUN_FILE, read_run
from v2gready.report.text import listed, one_line, visible
from v2gready.report.writer import ReportWriter

FILE = "junit.xml"


@dataclass(frozen=True, slots=True)
class JunitReport:
    """Writes ``junit.xml``.

    Attributes:
        name: For the command line.
    """

    name: str = "junit"

    def write(self, run_dir: Path) -> Path:
        """Writes the JUnit file of a stored run.

        Raises:
            RunRecordError: The run cannot be read.
        """
        path = run_dir / FILE
        path.write_text(junit(read_run(run_dir).record), encoding="utf-8", newline="\n")
        return path


def junit(run: RunRecord) -> str:
    """The document as a string."""
    root = ET.Element("testsuites", {"name": "v2gready"})
    head = {
        "run": run.id,
        "seed": run.seed,
        "scheme": run.scheme,
        "selection": run.selection,
        **{f"suite.{key}": value for key, value in run.suite.items()},
        **{f"device.{key}": value for key, value in run.device.items()},
    }
    _suite(root, run, "cases", head, (_case(case) for case in run.cases))
    _suite(root, run, "invariants", {}, (_invariant(row) for row in invariant_rows(run.cases)))
    _count(root, root.iter("testcase"))
    ET.indent(root)
    return f"<?xml version='1.0' encoding='utf-8'?>\n{ET.tostring(root, encoding='unicode')}\n"


def _suite(
    root: ET.Element, run: RunRecord, name: str, properties: Mapping[str, object], cases: Iterable[ET.Element]
) -> None:
    suite = ET.SubElement(root, "testsuite", {"name": name, "timestamp": run.started.removesuffix("Z")})
    _properties(suite, properties.items())
    suite.extend(cases)
    _count(suite, suite.iter("testcase"))


def _count(element: ET.Element, cases: Iterable[ET.Element]) -> None:
    every = list(cases)
    element.set("tests", str(len(every)))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        element.set(attribute, str(sum(case.find(tag) is not None for case in every)))
    element.set("time", f"{sum(float(case.get('time', '0')) for case in every):.3f}")


def _case(case: CaseRecord) -> ET.Element:
    info = case.info
    element = _testcase(f"{info.role}.{info.area}", info.id, case.duration)
    _properties(
        element,
        [
            ("title", info.title),
            *(("requirement", name) for name in info.requirements),
            *(("alias", name) for name in info.aliases),
            ("weight", info.weight),
            ("pics", info.pics or "always"),
            ("lifecycle", case.lifecycle.value),
            *([("verdict", case.verdict.label)] if case.lifecycle is Lifecycle.FINISHED else ()),
            *([("indicative", "true")] if case.indicative else ()),
            *(("remark", remark) for remark in case.remarks),
            *(("evidence", file) for file in (case.trace, case.capture) if file),
        ],
    )
    reason = case.reason or case.lifecycle.value
    if case.indicative:
        reason = f"indicative: {reason}"
    match case.lifecycle, case.verdict:
        case (Lifecycle.NOT_APPLICABLE, _):
            _outcome(element, "skipped", "not applicable", f"not applicable: {info.pics}")
        case (Lifecycle.NOT_RUN, _):
            _outcome(element, "skipped", "not run", reason)
        case (Lifecycle.INTERRUPTED, _):
            _outcome(element, "error", "interrupted", reason)
        case (_, Verdict.PASS):
            pass
        case (_, Verdict.FAIL):
            _outcome(element, "failure", "fail", reason, _evidence(case))
        case _:
            _outcome(element, "error", case.verdict.label, reason, _evidence(case))
    return element


def _invariant(row: InvariantRow) -> ET.Element:
    element = _testcase("invariants", row.id, 0.0)
    _properties(element, (("requirement", name) for name in row.requirements))
    if row.broken:
        _outcome(element, "failure", "fail", row.reason, f"broken in {listed(row.broken)}")
    elif row.undecided:
        _outcome(element, "error", row.verdict.label, row.reason, f"undecided in {listed(row.undecided)}")
    return element


def _testcase(classname: str, name: str, seconds: float) -> ET.Element:
    attributes = {"classname": visible(classname), "name": visible(name), "time": f"{seconds:.3f}"}
    return ET.Element("testcase", attributes)


def _properties(element: ET.Element, properties: Iterable[tuple[str, object]]) -> None:
    box = ET.Element("properties")
    for name, value in properties:
        ET.SubElement(box, "property", {"name": visible(name), "value": visible(value)})
    if len(box):
        element.append(box)


def _outcome(element: ET.Element, tag: str, kind: str, message: str, text: str = "") -> None:
    outcome = ET.SubElement(element, tag, {"type": kind, "message": visible(message)})
    outcome.text = visible(text)


def _evidence(case: CaseRecord) -> str:
    checks, left_out = worth_listing(merge(case.observations))
    lines = [one_line(line) for check in checks for line in _check(check)]
    if left_out:
        lines.append(f"pass: {left_out} more observations, listed in {RUN_FILE}")
    if case.trace:
        lines.append(f"trace: {case.trace}")
    return "\n".join(lines)


def _check(check: Check) -> Iterator[str]:
    one = check.observation
    records = f" (records {listed(one.at)})" if one.at else ""
    times = f", {check.times} times" if check.times > 1 else ""
    yield f"{check.state}: {one.requirement} {one.severity.value}{times}"
    yield f"    expected: {one.expected}"
    yield f"    seen: {one.seen}{records}"
    if one.reason:
        yield f"    reason: {one.reason}"
    if one.measurement is not None:
        limit = "" if one.limit is None else f", limit {one.limit} ({one.limit.provenance.value})"
        rule = "" if one.rule is None else f", {one.rule.value}"
        yield f"    measured: {one.measurement}{limit}{rule}"


WRITER: ReportWriter = JunitReport()
