"""Four states, probabilities of conformity, and the band of IEEE 1547.1."""

from math import erf, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2gready.grid.decision import (
    WITHIN_GUARD_BAND,
    Accuracy,
    Statement,
    characteristic_band,
    conformance_probability,
    false_accept_risk,
    false_reject_risk,
    four_states,
    on_characteristic,
)
from v2gready.model.measurement import DecisionRule, Limit, Measurement, decide
from v2gready.model.verdict import Verdict

JCGM = (Measurement(13.6, "mm", 2 * 1.8), Limit("mm", low=12.5, high=16.3))
"""Worked example of JCGM 106 as the reference gives it: result 13.6, standard uncertainty 1.8, limits 12.5 and 16.3."""


def test_the_worked_example_of_jcgm_106() -> None:
    probability = conformance_probability(*JCGM)
    # By hand: Phi(1.5) - Phi(-0.6111) = 0.9332 - 0.2706.
    assert probability == pytest.approx(0.6626, abs=5e-5)
    assert false_accept_risk(*JCGM) == pytest.approx(0.3374, abs=5e-5)
    samples = np.random.default_rng(106).normal(13.6, 1.8, 400_000)
    assert np.mean((samples >= 12.5) & (samples <= 16.3)) == pytest.approx(probability, abs=0.003)


def test_the_worked_example_by_each_rule() -> None:
    assert decide(*JCGM, DecisionRule.SIMPLE) is Verdict.PASS
    assert decide(*JCGM, DecisionRule.GUARDED) is Verdict.FAIL
    assert decide(*JCGM, DecisionRule.NON_BINARY) is Verdict.INCONC
    decision = four_states(*JCGM)
    assert decision.statement is Statement.CONDITIONAL_PASS
    assert decision.acceptance == pytest.approx((12.5 + 3.6, 16.3 - 3.6))
    assert decision.risk == pytest.approx(0.3374, abs=5e-5)


HIGH = Limit("Hz", high=50.0)


@pytest.mark.parametrize(
    ("value", "statement", "verdict", "reason"),
    [
        (49.9, Statement.PASS, Verdict.PASS, ""),
        (49.95, Statement.CONDITIONAL_PASS, Verdict.INCONC, WITHIN_GUARD_BAND),
        (50.0, Statement.CONDITIONAL_PASS, Verdict.INCONC, WITHIN_GUARD_BAND),
        (50.05, Statement.CONDITIONAL_FAIL, Verdict.INCONC, WITHIN_GUARD_BAND),
        (50.2, Statement.FAIL, Verdict.FAIL, ""),
    ],
)
def test_four_states(value: float, statement: Statement, verdict: Verdict, reason: str) -> None:
    decision = four_states(Measurement(value, "Hz", 0.08), HIGH)
    assert (decision.statement, decision.verdict, decision.reason) == (statement, verdict, reason)


@given(value=st.floats(-100, 100), u=st.floats(0, 20), low=st.floats(-50, 50), width=st.floats(0.1, 80))
def test_four_states_and_the_rules_of_the_model_agree(value: float, u: float, low: float, width: float) -> None:
    measured, limit = Measurement(value, "V", u), Limit("V", low=low, high=low + width)
    decision = four_states(measured, limit)
    assert decision.verdict is decide(measured, limit, DecisionRule.NON_BINARY)
    accepted = decision.statement in {Statement.PASS, Statement.CONDITIONAL_PASS}
    assert accepted is (decide(measured, limit, DecisionRule.SIMPLE) is Verdict.PASS)
    assert (decision.statement is Statement.PASS) is (decide(measured, limit, DecisionRule.GUARDED) is Verdict.PASS)
    assert 0 <= decision.risk <= 1


@given(margin=st.floats(0, 10), u=st.floats(0.01, 5))
def test_a_guard_band_of_u_keeps_false_acceptance_below_2_5_percent(margin: float, u: float) -> None:
    decision = four_states(Measurement(-margin, "V", u), Limit("V", high=0.0))
    if decision.statement is Statement.PASS:
        assert decision.risk <= (1 - erf(2 / sqrt(2))) / 2 + 1e-12 < 0.025


def test_at_the_limit_simple_acceptance_errs_half_the_time() -> None:
    at = Measurement(50.0, "Hz", 0.1)
    assert false_accept_risk(at, HIGH) == pytest.approx(0.5)
    assert false_reject_risk(at, HIGH) == pytest.approx(0.5)
    assert conformance_probability(Measurement(49.9, "Hz", 0.1), HIGH) == pytest.approx(0.97725, abs=1e-5)


def test_without_uncertainty_there_is_no_risk() -> None:
    assert conformance_probability(Measurement(49.9, "Hz"), HIGH) == 1.0
    assert conformance_probability(Measurement(50.1, "Hz"), HIGH) == 0.0
    assert four_states(Measurement(50.0, "Hz"), HIGH).statement is Statement.PASS


def test_a_guard_band_agreed_otherwise() -> None:
    measured = Measurement(49.95, "Hz", 0.08)
    assert four_states(measured, HIGH, guard_band=0.0).statement is Statement.PASS
    assert four_states(measured, HIGH, guard_band=0.04).acceptance == (None, pytest.approx(49.96))


def test_our_own_misuse_raises() -> None:
    for act in (four_states, conformance_probability):
        with pytest.raises(ValueError, match="cannot hold"):
            act(Measurement(1.0, "V"), HIGH)
        with pytest.raises(ValueError, match="at least one side"):
            act(Measurement(1.0, "V"), Limit("V"))


MRA = Accuracy(x=0.01, y=0.05)


def droop(f: float) -> float:
    """40 % of Pn per hertz above 50.2 Hz."""
    return 1.0 - 0.4 * max(f - 50.2, 0.0)


def test_the_band_is_wider_where_the_characteristic_is_steep() -> None:
    assert characteristic_band(droop, 50.0, MRA) == pytest.approx((1 - 0.075, 1 + 0.075))
    low, high = characteristic_band(droop, 50.7, MRA)
    assert (low, high) == pytest.approx((0.8 - 0.4 * 0.015 - 0.075, 0.8 + 0.4 * 0.015 + 0.075))


def test_a_peak_inside_of_the_span_counts() -> None:
    low, high = characteristic_band(lambda x: -abs(x - 50.0), 50.0, MRA)
    assert high == pytest.approx(0.075)
    assert low == pytest.approx(-0.015 - 0.075)


def test_a_point_on_the_characteristic() -> None:
    f = Measurement(50.7, "Hz", 0.002)
    assert on_characteristic(droop, f, Measurement(0.83, "pu", 0.01), MRA) is Verdict.PASS
    assert on_characteristic(droop, f, Measurement(0.89, "pu", 0.01), MRA) is Verdict.FAIL
    assert on_characteristic(droop, f, Measurement(0.7, "pu", 0.01), MRA) is Verdict.FAIL


def test_an_instrument_below_the_required_accuracy_decides_nothing() -> None:
    coarse = Measurement(50.7, "Hz", 0.02)
    assert on_characteristic(droop, coarse, Measurement(0.8, "pu", 0.01), MRA) is Verdict.INCONC
    fine = Measurement(50.7, "Hz", 0.002)
    assert on_characteristic(droop, fine, Measurement(0.8, "pu", 0.06), MRA) is Verdict.INCONC
