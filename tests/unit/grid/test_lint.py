"""The static lint: each rule fires on a profile that breaks it alone, and stays silent at its edge."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2gready.grid.lint import RULES, Finding, Weight, lint
from v2gready.grid.profile import Profile, parse_profile

HELD = [[47.5, 49.0, 1800], [49.0, 51.0, math.inf], [51.0, 51.5, 1800]]
SOUND: dict[str, Any] = {
    "frequency_range": HELD,
    "voltage_range": [[0.85, 1.10, math.inf]],
    "rocof": [[2.0, 0.5]],
    "lfsmo_threshold": 50.2,
    "lfsmo_droop": 2.0,
    "lfsmo_p_ref": "Pn",
    "lfsmo_recovery_band": [[49.8, 50.2]],
    "lfsmu_threshold": 49.8,
    "lfsmu_droop": 5.0,
    "lfsmu_p_ref": "Pn",
    "lfsmu_charge_curve": [[48.2, 1.0], [49.0, 0.0], [49.8, -1.0]],
    "lfsmu_supply_below": 49.0,
    "lfsmuc_threshold": 49.8,
    "lfsmuc_zero": 49.0,
    "uvrt": [[0, 0.15], [0.2, 0.15], [1.5, 0.85]],
    "ovrt": [[0, 1.25], [0.1, 1.25], [0.1, 1.2], [5, 1.2], [5, 1.15], [60, 1.15]],
    "frt_recovery_voltage": 0.85,
    "frt_zero_current_below": 0.5,
    "frt_k": 3.0,
    "trip_u_under": [[0.80, 2.0]],
    "trip_u_under_2": [[0.45, 1.0]],
    "trip_u_over": [[1.15, 6.0]],
    "trip_u_over_2": [[1.20, 0.2]],
    "trip_u_over_3": [[1.25, 0.1]],
    "trip_u_over_10min": 1.10,
    "trip_f_under": [[47.5, 2.0]],
    "trip_f_under_2": [[47.0, 0.1]],
    "trip_f_over": [[51.5, 2.0]],
    "trip_f_over_2": [[52.0, 0.1]],
    "trip_rocof": [[2.5, 0.5]],
    "reconnect_frequency": [[49.5, 50.2]],
    "reconnect_voltage": [[0.85, 1.10]],
    "qu_curve": [[0.93, 0.3], [0.97, 0.0], [1.03, 0.0], [1.07, -0.3]],
    "cosphi_p_curve": [[0.5, 1.0], [1.0, 0.95]],
    "cosphi_capability": 0.9,
    "voltwatt_curve": [[1.10, 1.0], [1.15, 0.4]],
}


def profile(**parameters: Any) -> Profile:
    """A profile of these alone; a number, a word or rows each."""
    entries = {
        name: {"tag": "u", "rows" if isinstance(one, list) else "text" if isinstance(one, str) else "value": one}
        for name, one in parameters.items()
        if one is not None
    }
    header = dict.fromkeys(("id", "title", "standard", "edition", "unit_class"), "sample")
    return parse_profile(
        {
            **header,
            "status": "in_force",
            "valid_from": "unknown",
            "nominal_voltage": 230.0,
            "nominal_frequency": 50.0,
            "parameter": entries,
        },
        "sample.toml",
    )


def rules(findings: tuple[Finding, ...]) -> set[str]:
    return {finding.rule for finding in findings}


def test_a_sound_profile_has_no_finding() -> None:
    assert lint(profile(**SOUND)) == ()


def test_an_empty_profile_has_no_finding() -> None:
    assert lint(profile()) == ()


BROKEN: list[tuple[str, dict[str, Any], tuple[str, ...]]] = [
    ("trip-inside-frequency-range", {"trip_f_under": [[48.0, 2.0]]}, ("frequency_range", "trip_f_under")),
    ("trip-inside-frequency-range", {"trip_f_over": [[51.4, 2.0]]}, ("frequency_range", "trip_f_over")),
    ("trip-inside-voltage-range", {"voltage_range": [[0.84, 1.16, math.inf]]}, ("voltage_range", "trip_u_over")),
    (
        "trip-inside-voltage-range",
        {"trip_u_under": [[0.82, 2.0]], "voltage_range": [[0.81, 0.85, 60]]},
        ("voltage_range", "trip_u_under"),
    ),
    ("trip-inside-uvrt", {"trip_u_under": [[0.80, 1.3]]}, ("uvrt", "trip_u_under")),
    ("trip-inside-uvrt", {"trip_u_under_2": [[0.45, 0.5]]}, ("uvrt", "trip_u_under_2")),
    ("trip-inside-ovrt", {"trip_u_over_2": [[1.18, 4.0]]}, ("ovrt", "trip_u_over_2")),
    ("rocof-trip-at-immunity", {"trip_rocof": [[2.0, 0.5]]}, ("rocof", "trip_rocof")),
    ("rocof-trip-at-immunity", {"trip_rocof": [[1.0, 5.0]]}, ("rocof", "trip_rocof")),
    ("lfsmo-ends-at-trip", {"lfsmo_droop": 5.0}, ("lfsmo_droop", "trip_f_over")),
    (
        "response-beyond-trip",
        {"lfsmo_threshold": 51.6},
        ("lfsmo_threshold", "trip_f_over"),
    ),
    (
        "response-beyond-trip",
        {"lfsmuc_zero": 47.4},
        ("lfsmuc_zero", "trip_f_under"),
    ),
    (
        "response-beyond-trip",
        {"lfsmu_supply_below": 47.4},
        ("lfsmu_supply_below", "trip_f_under"),
    ),
    ("reconnect-crosses-trip", {"reconnect_frequency": [[47.4, 50.2]]}, ("reconnect_frequency", "trip_f_under")),
    ("reconnect-crosses-trip", {"reconnect_voltage": [[0.79, 1.10]]}, ("reconnect_voltage", "trip_u_under")),
    ("reconnect-crosses-trip", {"reconnect_voltage": [[0.85, 1.11]]}, ("reconnect_voltage", "trip_u_over_10min")),
    (
        "reconnect-into-response",
        {"reconnect_frequency": [[49.5, 50.3]], "lfsmo_threshold": None},
        ("reconnect_frequency", "lfsmo_recovery_band"),
    ),
    (
        "reconnect-into-response",
        {"reconnect_frequency": [[49.5, 50.3]], "lfsmo_recovery_band": None},
        ("reconnect_frequency", "lfsmo_threshold"),
    ),
    ("mean-never-decides", {"trip_u_over_10min": 1.15}, ("trip_u_over_10min", "trip_u_over")),
    ("stage-never-acts", {"trip_f_over_2": [[52.0, 3.0]]}, ("trip_f_over", "trip_f_over_2")),
    ("stage-never-acts", {"trip_f_under_2": [[47.5, 1.0]]}, ("trip_f_under", "trip_f_under_2")),
    ("charging-branch", {"lfsmu_charge_curve": [[48.5, 0.0], [49.8, -1.0]]}, None),
    ("charging-branch", {"lfsmu_charge_curve": [[47.8, 0.5], [48.2, 1.0], [49.0, 0.0], [49.8, -1.0]]}, None),
    ("charging-branch", {"lfsmu_charge_curve": [[48.2, 1.0], [49.0, 0.0], [49.9, -1.0]]}, None),
    ("charging-branch", {"lfsmuc_threshold": 49.0}, ("lfsmuc_threshold", "lfsmuc_zero")),
    ("dead-band", {"lfsmo_threshold": 50.0, "lfsmo_droop": 2.0, "reconnect_frequency": [[49.5, 50.0]]}, None),
    ("dead-band", {"lfsmuc_threshold": 50.0}, ("lfsmuc_threshold",)),
    ("reactive-modes", {"qu_curve": [[0.93, -0.3], [1.07, 0.3]]}, ("qu_curve",)),
    ("reactive-modes", {"qu_curve": [[0.93, 0.5], [1.07, -0.5]]}, ("qu_curve", "cosphi_capability")),
    ("reactive-modes", {"cosphi_p_curve": [[0.5, 1.0], [1.0, 0.85]]}, ("cosphi_p_curve", "cosphi_capability")),
    ("voltwatt-never-acts", {"voltwatt_curve": [[1.15, 1.0], [1.2, 0.4]]}, ("voltwatt_curve", "trip_u_over")),
    ("voltwatt-never-acts", {"voltwatt_curve": [[1.0, 1.0], [1.15, 1.0], [1.2, 0.4]]}, None),
    ("voltwatt-never-acts", {"voltwatt_curve": [[1.10, 0.4], [1.15, 1.0]]}, ("voltwatt_curve",)),
    ("response-beyond-trip", {"lfsmo_threshold": 51.5}, ("lfsmo_threshold", "trip_f_over")),
    ("response-beyond-trip", {"lfsmuc_zero": 47.5}, ("lfsmuc_zero", "trip_f_under")),
    ("fault-current", {"frt_zero_current_below": 0.85}, ("frt_k", "frt_zero_current_below")),
    ("fault-current", {"frt_recovery_voltage": 0.7}, ("uvrt", "frt_recovery_voltage")),
    ("reference-power-missing", {"lfsmo_p_ref": None}, ("lfsmo_droop",)),
    ("reference-power-missing", {"lfsmu_p_ref": None}, ("lfsmu_droop",)),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "change", "parameters"), BROKEN)
def test_each_rule_fires_alone(rule: str, change: dict[str, Any], parameters: tuple[str, ...] | None) -> None:
    findings = lint(profile(**{**SOUND, **change}))
    assert rules(findings) == {rule}
    assert all(finding.severity is RULES[rule][0] for finding in findings)
    if parameters is not None:
        assert parameters in {finding.parameters for finding in findings}
        assert any(parameters[-1] in finding.sentence for finding in findings)


def test_every_rule_has_a_profile_that_breaks_it() -> None:
    assert {rule for rule, _, _ in BROKEN} == set(RULES)


EDGES: list[dict[str, Any]] = [
    {"trip_u_under": [[0.80, 2.0]], "voltage_range": [[0.79, 0.85, 2.0]]},
    {"reconnect_frequency": [[49.5, 51.5]], "lfsmo_threshold": None, "lfsmo_recovery_band": None},
    {"cosphi_p_curve": [[0.5, 1.0], [1.0, 0.9]]},
    {"trip_f_under": [[47.5, 0.0]], "trip_f_under_2": None},
    {"trip_f_under": [[48.0, 1800]], "frequency_range": HELD[:1]},
    {"trip_u_under": [[0.85, 1.5]]},
    {"trip_u_over_2": [[1.20, 0.1]]},
    {"trip_rocof": [[2.01, 0.5]]},
    {"rocof": [[4.0, 0.25], [2.0, 0.5]], "trip_rocof": [[2.5, 0.4]]},
    {"reconnect_frequency": [[47.5, 50.2]]},
    {"lfsmu_charge_curve": [[48.99, 1.0], [49.0, 0.0], [49.0, -0.5], [49.8, -1.0]]},
]


@pytest.mark.parametrize("change", EDGES)
def test_at_the_edge_nothing_is_found(change: dict[str, Any]) -> None:
    assert lint(profile(**{**SOUND, **change})) == ()


def test_a_fast_event_that_may_last_longer_than_the_relay_waits_is_found() -> None:
    findings = lint(profile(rocof=[[4.0, 0.25], [2.0, 0.5]], trip_rocof=[[2.5, 0.3]]))
    assert rules(findings) == {"rocof-trip-at-immunity"}
    assert "for 0.4 s" in findings[0].sentence


def test_each_hit_stage_is_a_finding_of_its_own() -> None:
    findings = lint(profile(**{**SOUND, "trip_f_under": [[48.0, 2.0]], "trip_f_under_2": [[47.8, 0.1]]}))
    assert [finding.parameters[1] for finding in findings] == ["trip_f_under", "trip_f_under_2"]
    assert findings[0].sentence == "trip_f_under trips at 48 Hz after 2 s; 47.5 to 49 Hz is to be held for 30 min"


def test_the_weight_tells_a_contradiction_from_a_remark() -> None:
    assert RULES["trip-inside-frequency-range"][0] is Weight.CONTRADICTION
    assert RULES["lfsmo-ends-at-trip"][0] is Weight.REMARK


# --- properties: the lint against a device that is played along the curves, and not computed


ENVELOPE = st.tuples(st.floats(0.05, 0.4), st.floats(0.05, 0.3), st.floats(0.4, 3.0))


@given(ENVELOPE, st.floats(0.1, 0.84), st.floats(0.0, 4.0))
def test_a_stage_is_found_exactly_if_a_played_dip_trips_it(
    envelope: tuple[float, float, float], value: float, delay: float
) -> None:
    residual, hold, end = envelope
    code = profile(uvrt=[[0.0, residual], [hold, residual], [end, 0.85]], trip_u_under=[[value, delay]])
    curve = code.curve("uvrt")
    step = 0.001
    below = step * sum(curve(place * step) < value for place in range(int(end / step) + 1))
    if abs(below - delay) > 3 * step:
        assert bool(lint(code)) is (below > delay)


@given(st.floats(47.0, 49.9), st.floats(0.0, 4000.0))
def test_an_under_frequency_stage_is_found_exactly_if_a_held_frequency_trips_it(value: float, delay: float) -> None:
    code = profile(frequency_range=HELD, trip_f_under=[[value, delay]])
    held = [(low + (high - low) * place / 100, time) for low, high, time in HELD for place in range(101)]
    trips = any(f < value and time > delay for f, time in held)
    nearest = min(abs(f - value) for f, _ in held)
    if nearest > 1e-6:
        assert bool(lint(code)) is trips


@given(
    st.lists(st.tuples(st.floats(0.5, 4.0), st.sampled_from([0.25, 0.5, 1.0, 2.0])), min_size=1, max_size=4),
    st.floats(0.3, 5.0),
    st.floats(0.0, 3.0),
)
def test_a_rocof_relay_is_found_only_if_an_allowed_event_trips_it(
    rows: list[tuple[float, float]], value: float, delay: float
) -> None:
    """An event of a steady rate as long as the relay waits must be one that no window of the code rules out."""
    code = profile(rocof=[list(row) for row in rows], trip_rocof=[[value, delay]])
    if lint(code):
        lasting = delay
        assert all(value * min(lasting, window) / window <= rate + 1e-6 for rate, window in rows)
        assert any(value <= rate for rate, _ in rows)
