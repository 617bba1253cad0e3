"""The mode matrix against the rows of the reference, and its curves against closed forms."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2gready.protocols.ocpp.operation_modes import (
    ALLOWED_MODES,
    FIELDS,
    MANDATORY_MODES,
    MATRIX,
    LoadBalancing,
    OperationMode,
    Outcome,
    Purpose,
    interpolate,
    judge_fields,
    local_frequency_setpoint,
    phases_have_base,
    points,
    setpoint_in_limits,
)


@pytest.mark.parametrize(
    ("mode", "present", "outcome"),
    [
        ("ChargingOnly", {"limit"}, Outcome.ACCEPTED),
        ("ChargingOnly", set(), Outcome.REJECTED),
        ("ChargingOnly", {"limit", "setpoint"}, Outcome.REJECTED),
        ("CentralSetpoint", {"setpoint"}, Outcome.ACCEPTED),
        ("CentralSetpoint", {"setpoint", "setpointReactive"}, Outcome.ACCEPTED),
        ("CentralSetpoint", {"setpoint", "limit"}, Outcome.EITHER),
        ("CentralSetpoint", {"limit"}, Outcome.REJECTED),
        ("CentralFrequency", {"setpoint"}, Outcome.ACCEPTED),
        ("CentralFrequency", {"setpoint", "setpointReactive"}, Outcome.REJECTED),
        ("LocalFrequency", set(), Outcome.ACCEPTED),
        ("LocalFrequency", {"setpoint"}, Outcome.REJECTED),
        ("ExternalLimits", set(), Outcome.ACCEPTED),
        ("ExternalLimits", {"setpoint"}, Outcome.REJECTED),
        ("LocalLoadBalancing", {"limit"}, Outcome.EITHER),
        ("Idle", set(), Outcome.ACCEPTED),
        ("Idle", {"limit"}, Outcome.REJECTED),
    ],
)
def test_rows_of_the_reference(mode: str, present: set[str], outcome: Outcome) -> None:
    assert judge_fields(OperationMode(mode), frozenset(present))[0] is outcome


def test_every_mode_has_a_row_and_every_point_an_outcome() -> None:
    assert set(MATRIX) == set(OperationMode)
    everything = [point for mode in OperationMode for point in points(mode)]
    assert len(everything) == 8 * 16
    assert all(bool(point.breaks) == (point.outcome is Outcome.REJECTED) for point in everything)
    for mode in OperationMode:
        outcomes = {point.outcome for point in points(mode)}
        assert Outcome.ACCEPTED in outcomes, mode
        # In ExternalSetpoint every field may be there, or is somebody else's.
        assert (Outcome.REJECTED in outcomes) == (mode is not OperationMode.EXTERNAL_SETPOINT), mode


def test_purposes() -> None:
    assert set(ALLOWED_MODES) == set(Purpose)
    assert all(OperationMode.CHARGING_ONLY in modes for modes in ALLOWED_MODES.values())
    assert ALLOWED_MODES[Purpose.TX] >= MANDATORY_MODES


@given(st.sets(st.sampled_from(FIELDS)), st.sampled_from(OperationMode))
def test_adding_a_forbidden_field_never_makes_it_right(present: set[str], mode: OperationMode) -> None:
    outcome, broken = judge_fields(mode, frozenset(present))
    for field in FIELDS:
        more, now_broken = judge_fields(mode, frozenset(present | {field}))
        if outcome is Outcome.REJECTED and more is not Outcome.REJECTED:
            assert set(broken) == {field}, "only the missing field may heal it"
        assert set(now_broken) >= set(broken) - {field}


LEVELS = st.integers(-50_000, 50_000)


@given(
    st.lists(st.tuples(st.integers(45_000, 55_000), LEVELS), min_size=2, max_size=20, unique_by=lambda one: one[0]),
    st.integers(44_000, 56_000),
)
def test_a_curve_stays_between_its_neighbours(points_of_curve: list[tuple[int, int]], at: int) -> None:
    curve = [(x / 1000, float(y)) for x, y in sorted(points_of_curve)]
    value = interpolate(curve, at / 1000)
    assert min(y for _, y in curve) - 1e-6 <= value <= max(y for _, y in curve) + 1e-6
    for x, y in curve:
        assert interpolate(curve, x) == pytest.approx(y)
    assert interpolate(curve, 0.0) == curve[0][1]
    assert interpolate(curve, 100.0) == curve[-1][1]


def test_local_frequency_adds_baseline_frequency_and_signal() -> None:
    period = {
        "v2xBaseline": -500.0,
        "v2xFreqWattCurve": [{"frequency": 49.8, "power": -1000.0}, {"frequency": 50.2, "power": 1000.0}],
        "v2xSignalWattCurve": [{"signal": -10, "power": -300.0}, {"signal": 10, "power": 300.0}],
    }
    assert local_frequency_setpoint(period, 50.1) == pytest.approx(0.0)
    assert local_frequency_setpoint(period, 50.1, 5) == pytest.approx(150.0)
    assert local_frequency_setpoint(period, 49.0) == -1500.0


@pytest.mark.parametrize(("load", "change"), [(5000, 0), (11_000, -1500), (-2000, 1500), (10_000, 0), (-1000, 0)])
def test_load_balancing(load: float, change: float) -> None:
    assert LoadBalancing(10_000, -1000, -500, 500).change(load) == change


def test_setpoints_and_phases() -> None:
    assert setpoint_in_limits({"setpoint": 5, "limit": 5, "dischargeLimit": -5})
    assert not setpoint_in_limits({"setpoint": -6, "dischargeLimit": -5})
    assert not setpoint_in_limits({"setpoint": 1, "setpoint_L2": 4, "limit_L2": 3})
    assert phases_have_base({"limit": 1, "limit_L2": 1})
    assert not phases_have_base({"limit_L3": 1})
