"""Piecewise curves: values, jumps, slopes, crossings."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2gready.grid.curve import PiecewiseCurve

NUMBER = st.floats(-100, 100, allow_nan=False, width=32)


@st.composite
def curves(draw: st.DrawFn) -> PiecewiseCurve:
    """Curves of one to eight points, some with jumps."""
    places = sorted(draw(st.sets(st.integers(-20, 20), min_size=1, max_size=5)))
    points = [(place / 2, float(draw(NUMBER))) for place in places for _ in range(draw(st.integers(1, 2)))]
    return PiecewiseCurve(tuple(points))


OVRT = PiecewiseCurve(((0, 1.25), (0.1, 1.25), (0.1, 1.2), (5, 1.2)))
UVRT = PiecewiseCurve(((0, 0.15), (0.2, 0.15), (1.5, 0.85)))


def test_a_curve_is_straight_between_points_and_held_outside() -> None:
    assert UVRT(0.1) == 0.15
    assert UVRT(0.85) == pytest.approx(0.5)
    assert (UVRT(-1.0), UVRT(99.0)) == (0.15, 0.85)


def test_a_jump_has_two_sides_and_the_value_of_the_later_point() -> None:
    assert OVRT.sides(0.1) == (1.25, 1.2)
    assert OVRT(0.1) == 1.2
    assert OVRT.sides(3.0) == (1.2, 1.2)


def test_slope_is_that_of_the_line_that_begins() -> None:
    assert UVRT.slope_at(0.2) == pytest.approx(0.7 / 1.3)
    assert UVRT.slope_at(0.1) == 0
    assert UVRT.slope_at(-1) == UVRT.slope_at(2) == 0


def test_the_last_crossing_of_a_level() -> None:
    assert UVRT.last_below(0.5) == pytest.approx(0.85)
    assert UVRT.last_below(0.85) == pytest.approx(1.5)
    assert UVRT.last_below(0.15) is None
    assert UVRT.last_below(0.9) == 1.5
    assert OVRT.last_above(1.2) == pytest.approx(0.1)
    assert OVRT.last_above(1.25) is None


@pytest.mark.parametrize(
    ("points", "reason"),
    [
        ((), "at least one"),
        (((1, 0), (0, 0)), "must not fall"),
        (((0, 0), (0, 1), (0, 2)), "two points at one x"),
        (((0, math.nan),), "finite"),
        (((math.inf, 1),), "finite"),
    ],
)
def test_what_is_no_curve_is_refused(points: tuple[tuple[float, float], ...], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        PiecewiseCurve(points)


def test_rows_that_are_no_pairs_are_refused() -> None:
    with pytest.raises(ValueError, match="pair"):
        PiecewiseCurve.through([[1, 2, 3]])


@given(curves(), st.lists(st.floats(-15, 15, allow_nan=False), min_size=1, max_size=20))
def test_many_values_at_once_are_the_values_one_by_one(curve: PiecewiseCurve, xs: list[float]) -> None:
    places = np.array([*xs, *curve.x])
    assert curve(places) == pytest.approx([curve(float(x)) for x in places])


@given(curves())
def test_without_jumps_it_agrees_with_numpy(curve: PiecewiseCurve) -> None:
    if len(set(curve.x)) == len(curve.x):
        places = np.linspace(-12, 12, 97)
        assert curve(places) == pytest.approx(np.interp(places, curve.x, curve.y), abs=1e-9)


@given(curves(), NUMBER)
def test_from_its_last_crossing_on_a_curve_keeps_to_its_side(curve: PiecewiseCurve, level: float) -> None:
    until = curve.last_below(level)
    places = np.linspace(curve.x[0], curve.x[-1], 201)
    if until is None:
        assert np.all(curve(places) >= level - 1e-6)
    elif until < curve.x[-1]:
        assert np.all(curve(places[places > until]) >= level - 1e-6)
        assert curve.sides(until)[0] <= level + 1e-6


@given(curves())
def test_falls_is_told_by_the_points(curve: PiecewiseCurve) -> None:
    places = np.linspace(curve.x[0] - 1, curve.x[-1] + 1, 301)
    if curve.falls():
        assert np.all(np.diff(curve(places)) <= 1e-9)


def test_no_number_stays_no_number() -> None:
    assert np.isnan(UVRT(np.array([np.nan]))).all()
