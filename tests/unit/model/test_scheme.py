"""The label: granted only if everything required is met, never outweighed, never by what did not run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from v2gready.model.case import CaseInfo
from v2gready.model.measurement import Provenance
from v2gready.model.observation import Observation
from v2gready.model.run import CaseRecord, InvariantResult, RunRecord, RunRecordError, from_json, to_json
from v2gready.model.scheme import Label, SchemeError, decide_label, parse_scheme
from v2gready.model.verdict import Lifecycle, Verdict

SCHEME = parse_scheme(
    {
        "id": "s",
        "title": "S",
        "version": "1",
        "role": "charger",
        "required": ["CHG-*"],
        "exempt": ["CHG-OLD-*", "INV-OLD-*"],
        "invariants": ["INV-*"],
        "pics": ["tls"],
    },
    "s.toml",
)


def case(
    case_id: str = "CHG-AA-BB-01", verdict: Verdict = Verdict.PASS, *, weight: str = "required", **changes: object
) -> CaseRecord:
    info = CaseInfo(case_id, "charger", "a", "t", "p", ("R-1",), "", weight, {"f": "R-1"}, (), (), ())
    record = CaseRecord(info=info, lifecycle=Lifecycle.FINISHED, verdict=verdict, reason=verdict.label)
    return replace(record, **changes)  # type: ignore[arg-type]


def run(*cases: CaseRecord, role: str = "charger", tls: bool = True) -> RunRecord:
    return RunRecord(
        id="r",
        suite={"name": "v2gready", "version": "0", "sha256": ""},
        seed=1,
        started="",
        finished="",
        device={"role": role},
        declared={"tls": tls},
        interfaces={},
        environment={},
        selection="",
        scheme="s",
        cases=cases,
    )


def broken(provenance: Provenance) -> InvariantResult:
    seen = Observation(requirement="R-1", expected="x", seen="y", verdict=Verdict.FAIL, provenance=provenance)
    return InvariantResult("INV-A", Verdict.FAIL, "broken", (seen,))


def other_interface() -> InvariantResult:
    """An invariant of an interface that the scheme is not about."""
    return replace(broken(Provenance.CONFIRMED), id="INV-OLD-A")


GOOD = case()


@pytest.mark.parametrize(
    ("other", "label"),
    [
        (GOOD, Label.GRANTED),
        (case("CHG-AA-BB-02", Verdict.FAIL), Label.NOT_GRANTED),
        (case("CHG-AA-BB-02", Verdict.INCONC), Label.INCOMPLETE),
        (case("CHG-AA-BB-02", Verdict.ERROR), Label.INCOMPLETE),
        (case("CHG-AA-BB-02", Verdict.NONE, lifecycle=Lifecycle.NOT_RUN), Label.INCOMPLETE),
        (case("CHG-AA-BB-02", Verdict.NONE, lifecycle=Lifecycle.INTERRUPTED), Label.INCOMPLETE),
        (case("CHG-AA-BB-02", Verdict.NONE, lifecycle=Lifecycle.NOT_APPLICABLE), Label.GRANTED),
        (case("CHG-AA-BB-02", Verdict.FAIL, indicative=True), Label.GRANTED),
        (case("CHG-AA-BB-02", Verdict.FAIL, weight="recommended"), Label.GRANTED),
        (case("CHG-OLD-BB-02", Verdict.FAIL), Label.GRANTED),
        (case("CHG-AA-BB-02", invariants=(broken(Provenance.SECONDARY),)), Label.NOT_GRANTED),
        (case("CHG-AA-BB-02", invariants=(broken(Provenance.UNCONFIRMED),)), Label.GRANTED),
        (case("CHG-AA-BB-02", invariants=(other_interface(),)), Label.GRANTED),
        (case("CHG-AA-BB-02", weight="recommended", invariants=(broken(Provenance.CONFIRMED),)), Label.NOT_GRANTED),
    ],
)
def test_one_other_result_beside_a_good_one(other: CaseRecord, label: Label) -> None:
    assert decide_label(SCHEME, run(GOOD, other)).label is label


def test_a_fail_outweighs_what_is_open() -> None:
    some = (case("CHG-AA-BB-02", Verdict.FAIL), case("CHG-AA-BB-03", Verdict.INCONC))
    assert decide_label(SCHEME, run(*some)).label is Label.NOT_GRANTED


def test_indicative_passes_alone_grant_nothing() -> None:
    assert decide_label(SCHEME, run(case(indicative=True))).label is Label.INCOMPLETE


def test_no_required_case_grants_nothing() -> None:
    assert decide_label(SCHEME, run()).label is Label.INCOMPLETE
    assert decide_label(SCHEME, run(case(weight="informative"))).label is Label.INCOMPLETE


def test_the_scheme_is_for_a_role_and_wants_declarations() -> None:
    assert decide_label(SCHEME, run(GOOD, role="ev")).label is Label.NOT_GRANTED
    assert decide_label(SCHEME, run(GOOD, tls=False)).label is Label.NOT_GRANTED


def test_a_scheme_file_names_what_is_missing() -> None:
    with pytest.raises(SchemeError, match=r"s\.toml: 'required' is missing"):
        parse_scheme({"id": "s", "title": "S", "version": "1", "role": "charger"}, "s.toml")


def test_a_run_record_comes_back_from_its_document() -> None:
    record = run(GOOD, case("CHG-AA-BB-02", Verdict.FAIL, invariants=(broken(Provenance.CONFIRMED),), remarks=("x",)))
    assert from_json(to_json(record)) == record


@pytest.mark.parametrize("change", [{"schema": 2}, {"cases": [{}]}, {"cases": None}])
def test_a_malformed_run_record_is_told(change: dict[str, object]) -> None:
    with pytest.raises(RunRecordError):
        from_json({**to_json(run(GOOD)), **change})
