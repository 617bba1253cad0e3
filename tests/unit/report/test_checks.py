"""Equal checks are taken together, long rows of passes shortened, and nothing but passes is left out."""

from __future__ import annotations

from v2gready.model.observation import Observation, Severity
from v2gready.model.verdict import Verdict
from v2gready.report.checks import check_state, merge, worth_listing


def seen(words: str, *at: int, verdict: Verdict = Verdict.PASS, severity: Severity = Severity.MUST) -> Observation:
    return Observation(requirement="R-1", expected="", seen=words, verdict=verdict, at=at, severity=severity)


def test_equal_checks_are_one_and_keep_all_records() -> None:
    first, other = merge([seen("a", 1, 2), seen("b", 3), seen("a", 2, 4)], start=7)
    assert (first.number, first.times, first.observation.at) == (7, 2, (1, 2, 4))
    assert (other.number, other.times, other.observation.at) == (8, 1, (3,))


def test_many_passes_of_a_requirement_are_shortened_and_counted() -> None:
    failed = seen("x", verdict=Verdict.FAIL)
    checks = merge([*(seen(str(n)) for n in range(10)), failed, *(seen(str(n)) for n in range(10, 20)), seen("7")])
    listed, left_out = worth_listing(checks)
    assert [check.observation.seen for check in listed] == ["0", "1", "2", "3", "x", "19"]
    assert left_out == 16


def test_few_passes_and_every_deviation_stay() -> None:
    few = merge(seen(str(n)) for n in range(6))
    assert worth_listing(few) == (few, 0)
    bad = merge(seen(str(n), verdict=Verdict.FAIL) for n in range(50))
    assert worth_listing(bad) == (bad, 0)


def test_a_deviation_from_a_should_is_a_remark() -> None:
    assert check_state(seen("", verdict=Verdict.FAIL, severity=Severity.SHOULD)) == "remark"
    assert check_state(seen("", verdict=Verdict.INCONC)) == "inconc"
    assert check_state(seen("", severity=Severity.INFO)) == "pass"
