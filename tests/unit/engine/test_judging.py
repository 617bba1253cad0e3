"""Judges that err, judges that see nothing, and what their requirements are worth."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from v2gready.engine.judging import judge_case, judge_invariants
from v2gready.model.case import CaseError, Invariant, TestCase
from v2gready.model.measurement import Provenance
from v2gready.model.observation import Inconclusive, Observation
from v2gready.model.requirement import Registry, Requirement
from v2gready.model.trace import Trace
from v2gready.model.verdict import Verdict

REGISTRY = Registry(
    [
        Requirement("R-1", "S", "1", "", "shall", "firm", Provenance.CONFIRMED, "here"),
        Requirement("R-2", "S", "1", "", "shall", "guess", Provenance.UNCONFIRMED, "nowhere"),
    ]
)
TRACE = Trace((), "ev", "charger")
Judge = Callable[[Trace], Iterator[Observation]]


def seen(requirement: str, verdict: Verdict = Verdict.PASS) -> Observation:
    return Observation(requirement=requirement, expected="x", seen="y", verdict=verdict, reason=verdict.label)


def case_judging(judge: Judge) -> TestCase[Any]:
    class Case(TestCase[Any]):
        """Purpose."""

        role = "charger"
        neighbour = "ev"
        id = "CHG-XX-YY-01"
        title = "t"
        area = "a"
        requirements = ("R-1", "R-2")
        faults = {"f": "R-1"}  # noqa: RUF012 - as cases are written

        async def stimulate(self, bench: Any) -> None:
            raise AssertionError

        def judge(self, trace: Trace) -> Iterator[Observation]:
            return judge(trace)

    return Case()


def test_observations_make_the_verdict() -> None:
    def judge(trace: Trace) -> Iterator[Observation]:
        yield seen("R-1")
        yield seen("R-1", Verdict.FAIL)

    judgement = judge_case(case_judging(judge), TRACE, REGISTRY)
    assert (judgement.verdict, judgement.reason) == (Verdict.FAIL, "fail")


def test_an_inconclusive_judge_keeps_what_it_saw_before() -> None:
    def judge(trace: Trace) -> Iterator[Observation]:
        yield seen("R-1")
        raise Inconclusive("never came that far")

    judgement = judge_case(case_judging(judge), TRACE, REGISTRY)
    assert (judgement.verdict, judgement.reason, len(judgement.observations)) == (
        Verdict.INCONC,
        "never came that far",
        2,
    )


def test_a_judge_that_raises_is_our_error_and_not_a_fail_of_the_device() -> None:
    def judge(trace: Trace) -> Iterator[Observation]:
        yield seen("R-1", Verdict.FAIL)
        raise KeyError("oops")

    judgement = judge_case(case_judging(judge), TRACE, REGISTRY)
    assert judgement.verdict is Verdict.ERROR
    assert "KeyError: 'oops'" in judgement.reason


def test_a_silent_judge_is_an_error() -> None:
    assert judge_case(case_judging(lambda _: iter(())), TRACE, REGISTRY).verdict is Verdict.ERROR


def test_a_judge_keeps_to_the_requirements_of_its_case() -> None:
    judgement = judge_case(case_judging(lambda _: iter([seen("R-9")])), TRACE, Registry([*REGISTRY.values()]))
    assert judgement.verdict is Verdict.ERROR


def test_what_rests_on_a_guess_is_indicative() -> None:
    judgement = judge_case(case_judging(lambda _: iter([seen("R-2", Verdict.FAIL)])), TRACE, REGISTRY)
    assert (judgement.verdict, judgement.indicative) == (Verdict.FAIL, True)
    both = [seen("R-1", Verdict.FAIL), seen("R-2", Verdict.FAIL)]
    assert not judge_case(case_judging(lambda _: iter(both)), TRACE, REGISTRY).indicative


def test_an_inconclusive_result_on_a_guess_is_indicative_too() -> None:
    class OnAGuess(type(case_judging(lambda _: iter(())))):  # type: ignore[misc]
        """Rests on a guess alone."""

        id = "CHG-XX-YY-02"
        requirements = ("R-2",)
        faults = {"f": "R-2"}  # noqa: RUF012 - as cases are written

        def judge(self, trace: Trace) -> Iterator[Observation]:
            raise Inconclusive("never came that far")
            yield

    judgement = judge_case(OnAGuess(), TRACE, REGISTRY)
    assert (judgement.verdict, judgement.indicative) == (Verdict.INCONC, True)


def test_an_invariant_that_saw_nothing_is_left_out_and_one_that_raises_is_told() -> None:
    class Base(Invariant):
        role = "charger"
        neighbour = "ev"
        title = "t"
        requirements = ("R-1",)
        faults = {"f": "R-1"}  # noqa: RUF012 - as invariants are written
        witness = "CHG-XX-YY-01"

    class Empty(Base):
        id = "INV-A"

        def judge(self, trace: Trace) -> Iterator[Observation]:
            return iter(())

    class Broken(Base):
        id = "INV-B"

        def judge(self, trace: Trace) -> Iterator[Observation]:
            raise ZeroDivisionError
            yield

    (result,) = judge_invariants([Empty, Broken], TRACE, REGISTRY)
    assert (result.id, result.verdict) == ("INV-B", Verdict.ERROR)


@pytest.mark.parametrize(
    "change", [{"id": "chg-1"}, {"title": ""}, {"faults": {}}, {"faults": {"f": "R-7"}}, {"weight": "x"}]
)
def test_a_case_written_wrongly_is_refused_when_it_is_defined(change: dict[str, Any]) -> None:
    good: dict[str, Any] = {
        "__doc__": "Purpose.",
        "role": "charger",
        "id": "CHG-XX-YY-01",
        "neighbour": "ev",
        "title": "t",
        "area": "a",
        "requirements": ("R-1",),
        "faults": {"f": "R-1"},
    }
    type("Good", (TestCase,), good)
    with pytest.raises(CaseError):
        type("Bad", (TestCase,), {**good, **change})
