"""From observations to a verdict."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2gready.model.measurement import DecisionRule, Limit, Measurement, Provenance, decide
from v2gready.model.observation import Observation, Severity, conclude
from v2gready.model.verdict import Verdict


def seen(verdict: Verdict, **kwargs: object) -> Observation:
    return Observation(requirement="R-1", expected="x", seen="y", verdict=verdict, **kwargs)  # type: ignore[arg-type]


verdicts = st.sampled_from([Verdict.PASS, Verdict.INCONC, Verdict.FAIL])
observations = st.lists(
    st.builds(
        seen,
        verdicts,
        severity=st.sampled_from(Severity),
        reason=st.text(max_size=3),
        provenance=st.sampled_from(Provenance),
    )
)


def test_nothing_seen_is_no_verdict() -> None:
    assert conclude(()).verdict is Verdict.NONE


@given(observations)
def test_the_worst_must_wins_and_order_does_not_matter(some: list[Observation]) -> None:
    worst = max((one.verdict if one.severity is Severity.MUST else Verdict.PASS for one in some), default=Verdict.NONE)
    assert conclude(some).verdict is worst
    assert conclude(reversed(some)).verdict is worst


@given(observations)
def test_only_a_must_can_fail(some: list[Observation]) -> None:
    weak = [one for one in some if one.severity is not Severity.MUST]
    assert conclude(weak).verdict in {Verdict.NONE, Verdict.PASS}
    assert len(conclude(weak).remarks) == sum(one.verdict is not Verdict.PASS for one in weak)


@given(observations)
def test_indicative_means_the_unconfirmed_decided(some: list[Observation]) -> None:
    firm = [one for one in some if one.provenance is not Provenance.UNCONFIRMED]
    assert conclude(some).indicative is (conclude(firm).verdict is not conclude(some).verdict)


def test_the_first_reason_of_the_winner_stays() -> None:
    some = [seen(Verdict.PASS), seen(Verdict.FAIL, reason="first"), seen(Verdict.FAIL, reason="second")]
    assert conclude(some).reason == "first"


@pytest.mark.parametrize("verdict", [Verdict.NONE, Verdict.ERROR])
def test_a_judge_cannot_say_error(verdict: Verdict) -> None:
    with pytest.raises(ValueError, match="cannot set"):
        seen(verdict)


# JCGM 106:2012 worked example as quoted in the reference: 13.6 with u = 1.8 between 12.5 and 16.3.
JCGM = Measurement(13.6, "x", 2 * 1.8)
JCGM_LIMIT = Limit("x", low=12.5, high=16.3)


@pytest.mark.parametrize(
    ("rule", "verdict"),
    [
        (DecisionRule.SIMPLE, Verdict.PASS),
        (DecisionRule.GUARDED, Verdict.FAIL),
        (DecisionRule.NON_BINARY, Verdict.INCONC),
    ],
)
def test_jcgm_106_example(rule: DecisionRule, verdict: Verdict) -> None:
    assert decide(JCGM, JCGM_LIMIT, rule) is verdict


@given(value=st.floats(-1e6, 1e6), uncertainty=st.floats(0, 1e3), low=st.floats(-1e6, 0), high=st.floats(0, 1e6))
def test_guarding_is_stricter_than_simple_and_non_binary_never_contradicts(
    value: float, uncertainty: float, low: float, high: float
) -> None:
    measured, limit = Measurement(value, "V", uncertainty), Limit("V", low=low, high=high)
    simple, guarded, wide = (decide(measured, limit, rule) for rule in DecisionRule)
    assert guarded >= simple
    assert wide in {simple, Verdict.INCONC}


def test_units_must_agree() -> None:
    with pytest.raises(ValueError, match="cannot hold"):
        decide(Measurement(1, "V"), Limit("A", high=1), DecisionRule.SIMPLE)


def test_a_limit_without_sides_is_our_mistake() -> None:
    with pytest.raises(ValueError, match="side"):
        decide(Measurement(1, "V"), Limit("V"), DecisionRule.SIMPLE)


def test_what_is_expected_and_seen_are_words() -> None:
    with pytest.raises(TypeError, match="words for the reader"):
        Observation(requirement="R-1", expected=["a"], seen="a", verdict=Verdict.PASS)  # type: ignore[arg-type]
