"""The three axes, exhaustively: a truth table nobody has to trust."""

from __future__ import annotations

import itertools

import pytest

from v2gready.model.verdict import Lifecycle, Standing, Verdict, overwrite, standing

# ETSI ES 201 873-1, 24.2: current (row) overwritten by new (column none, pass, inconc, fail, error).
TABLE = {
    "none": ("none", "pass", "inconc", "fail", "error"),
    "pass": ("pass", "pass", "inconc", "fail", "error"),
    "inconc": ("inconc", "inconc", "inconc", "fail", "error"),
    "fail": ("fail", "fail", "fail", "fail", "error"),
    "error": ("error", "error", "error", "error", "error"),
}


@pytest.mark.parametrize("current", list(Verdict))
@pytest.mark.parametrize("new", list(Verdict))
def test_overwriting_follows_ttcn3(current: Verdict, new: Verdict) -> None:
    assert overwrite(current, new).label == TABLE[current.label][int(new)]


def expected_standing(lifecycle: Lifecycle, verdict: Verdict, indicative: bool, waived: bool) -> Standing:
    """The table in words, written independently of the code under test."""
    if lifecycle == Lifecycle.NOT_APPLICABLE:
        return Standing.NOT_APPLICABLE
    if lifecycle in (Lifecycle.NOT_RUN, Lifecycle.INTERRUPTED):
        return Standing.OPEN
    by_verdict = {
        Verdict.NONE: Standing.OPEN,
        Verdict.ERROR: Standing.OPEN,
        Verdict.PASS: Standing.INDICATIVE if indicative else Standing.MET,
        Verdict.INCONC: Standing.INDICATIVE if indicative else Standing.OPEN,
        Verdict.FAIL: Standing.INDICATIVE if indicative else Standing.WAIVED if waived else Standing.BLOCKING,
    }
    return by_verdict[verdict]


@pytest.mark.parametrize(
    ("lifecycle", "verdict", "indicative", "waived"),
    list(itertools.product(Lifecycle, Verdict, (False, True), (False, True))),
)
def test_standing(lifecycle: Lifecycle, verdict: Verdict, indicative: bool, waived: bool) -> None:
    seen = standing(lifecycle, verdict, indicative=indicative, waived=waived)
    assert seen is expected_standing(lifecycle, verdict, indicative, waived)


def test_a_waiver_never_excuses_an_error_or_silence() -> None:
    for verdict in (Verdict.NONE, Verdict.ERROR, Verdict.INCONC):
        assert standing(Lifecycle.FINISHED, verdict, indicative=False, waived=True) is Standing.OPEN


@pytest.mark.parametrize("verdict", list(Verdict))
def test_labels_read_back(verdict: Verdict) -> None:
    assert Verdict.of(verdict.label) is verdict


def test_an_unknown_label_is_named() -> None:
    with pytest.raises(ValueError, match="'passed'"):
        Verdict.of("passed")
