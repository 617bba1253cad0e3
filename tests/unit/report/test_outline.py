"""A line of any length becomes a short path that keeps what can be seen."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2gready.report import outline

NO_BREAK = np.array([], dtype=np.intp)
_STEP = re.compile(r"([Mhvl])([^Mhvl]*)")
_NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)")


def points(d: str) -> list[list[tuple[float, float]]]:
    """The corners of a path, piece by piece: a reader of its own."""
    pieces: list[list[tuple[float, float]]] = []
    x = y = 0.0
    for command, rest in _STEP.findall(d):
        numbers = [float(one) for one in _NUMBER.findall(rest)]
        if command == "M":
            x, y = numbers
            pieces.append([])
        elif command == "h":
            x += numbers[0]
        elif command == "v":
            y += numbers[0]
        else:
            x, y = x + numbers[0], y + numbers[1]
        pieces[-1].append((x, y))
    return pieces


@given(
    st.lists(st.floats(0, 100, allow_nan=False), min_size=2, max_size=300),
    st.floats(0.05, 5, allow_nan=False),
)
def test_no_value_lies_far_from_the_path(values: list[float], spacing: float) -> None:
    """Every value lies within the strokes of its column of pixels, give or take a third of a pixel."""
    x, y = 50 + np.arange(len(values)) * spacing, np.array(values)
    (piece,) = points(outline.path(x, y, NO_BREAK))
    corners = np.array(piece)
    for one_x, one_y in zip(x, y, strict=True):
        near = [value for at, value in corners if abs(at - one_x) <= outline.COLUMN + 0.1]
        edges = np.interp([one_x - outline.COLUMN, one_x, one_x + outline.COLUMN], *_steep(corners))
        assert min([*near, *edges]) - 0.75 <= one_y <= max([*near, *edges]) + 0.75


def _steep(corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    order = np.maximum.accumulate(corners[:, 0] + np.arange(len(corners)) * 1e-9)
    return order, corners[:, 1]


def test_a_spike_in_a_million_values_stays() -> None:
    y = np.full(1_000_000, 50.0)
    y[271_828] = 3.0
    d = outline.path(np.linspace(60, 860, len(y)), y, NO_BREAK)
    (piece,) = points(d)
    assert min(value for _, value in piece) == 3.0
    assert len(d) < 80


def test_a_straight_line_needs_two_points() -> None:
    assert outline.path(np.linspace(0, 800, 50_000), np.linspace(10, 90, 50_000), NO_BREAK).count("l") <= 2


def test_noise_is_bounded_by_the_columns() -> None:
    y = np.random.default_rng(1).uniform(0, 90, 500_000)
    assert len(outline.path(np.linspace(0, 800, len(y)), y, NO_BREAK)) < 9000


def test_a_gap_begins_a_new_piece() -> None:
    pieces = points(outline.path(np.array([0.0, 5, 10, 50, 55]), np.array([1.0, 1, 1, 9, 9]), np.array([3])))
    assert pieces == [[(0, 1), (10, 1)], [(50, 9), (55, 9)]]


@pytest.mark.parametrize(("value", "text"), [(0.5, "M.5 0"), (-0.5, "M-.5 0"), (12.0, "M12 0"), (10.26, "M10.3 0")])
def test_numbers_are_short(value: float, text: str) -> None:
    assert outline.path(np.array([value]), np.array([0.0]), NO_BREAK) == f"{text}h.1"


def test_a_band_surrounds_its_line() -> None:
    x = np.linspace(0, 100, 1000)
    drawn = [
        tuple(map(float, one.split(","))) for one in outline.band(x, np.full(1000, 60.0), np.full(1000, 40.0)).split()
    ]
    assert {y for _, y in drawn} == {40.0, 60.0}
    assert drawn[0][0] == drawn[-1][0] == 0.0
    assert max(x for x, _ in drawn) == 100.0
