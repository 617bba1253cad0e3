"""Piecewise-linear curves: ride-through envelopes, P(f), Q(U), P(U)."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Self, overload

import numpy as np

from v2gready.grid.recording import Floats


@dataclass(frozen=True, slots=True)
class PiecewiseCurve:
    """Straight lines between points; held constant outside of them.

    Two points with the same x are a jump: a battery that changes from charging to discharging has one. At a jump the
    curve has the value of the later point; `sides` gives both.

    Attributes:
        points: (x, y), x ascending.
    """

    points: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        if not self.points:
            raise ValueError("a curve needs at least one point")
        if not all(math.isfinite(number) for point in self.points for number in point):
            raise ValueError("a curve consists of finite numbers")
        if any(before > after for before, after in pairwise(self.x)):
            raise ValueError("the x of a curve must not fall")
        if any(first == third for first, third in zip(self.x, self.x[2:], strict=False)):
            raise ValueError("a curve has at most two points at one x: the sides of a jump")

    @property
    def x(self) -> tuple[float, ...]:
        """Where the points are."""
        return tuple(point[0] for point in self.points)

    @property
    def y(self) -> tuple[float, ...]:
        """Their values."""
        return tuple(point[1] for point in self.points)

    @overload
    def __call__(self, x: float) -> float: ...
    @overload
    def __call__(self, x: Floats) -> Floats: ...
    def __call__(self, x: float | Floats) -> float | Floats:
        """The value at x, or at each x."""
        if isinstance(x, np.ndarray):
            return self._everywhere(x)
        return self._line(bisect_right(self.x, x), float(x))

    def sides(self, x: float) -> tuple[float, float]:
        """The values just before and just after x; equal where there is no jump."""
        return self._line(bisect_left(self.x, x), float(x)), self._line(bisect_right(self.x, x), float(x))

    def slope_at(self, x: float) -> float:
        """Slope of the line that begins at x or holds it; 0 outside the points."""
        after = bisect_right(self.x, x)
        if not 0 < after < len(self.points):
            return 0.0
        (x0, y0), (x1, y1) = self.points[after - 1 : after + 1]
        return (y1 - y0) / (x1 - x0)

    def last_below(self, level: float) -> float | None:
        """The x from which on the curve stays at or above a level, within its points.

        Returns:
            None if it is never below; the last x if it ends below.
        """
        if self.y[-1] < level:
            return self.x[-1]
        for position in range(len(self.points) - 2, -1, -1):
            (x0, y0), (x1, y1) = self.points[position : position + 2]
            if y0 < level:
                return x0 + (x1 - x0) * (level - y0) / (y1 - y0)
        return None

    def last_above(self, level: float) -> float | None:
        """The x from which on the curve stays at or below a level, as `last_below`."""
        return (-self).last_below(-level)

    def falls(self) -> bool:
        """It never rises."""
        return all(before >= after for before, after in pairwise(self.y))

    def __neg__(self) -> Self:
        return type(self)(tuple((x, -y) for x, y in self.points))

    @classmethod
    def through(cls, rows: Iterable[Iterable[float]]) -> Self:
        """A curve through rows of x and y.

        Raises:
            ValueError: A row has no two numbers, or x falls.
        """
        points = tuple(tuple(float(number) for number in row) for row in rows)
        pairs = tuple((point[0], point[1]) for point in points if len(point) == 2)
        if len(pairs) != len(points):
            raise ValueError("each point of a curve is a pair of numbers")
        return cls(pairs)

    def _line(self, after: int, x: float) -> float:
        """The value at x on the line that ends at the point number ``after``."""
        if after == 0:
            return self.points[0][1]
        if after == len(self.points):
            return self.points[-1][1]
        (x0, y0), (x1, y1) = self.points[after - 1 : after + 1]
        return y0 + (y1 - y0) * (x - x0) / (x1 - x0)

    def _everywhere(self, x: Floats) -> Floats:
        if len(self.points) == 1:
            return np.full(x.shape, self.points[0][1])
        px, py = np.asarray(self.x), np.asarray(self.y)
        after = np.clip(np.searchsorted(px, x, side="right"), 1, len(px) - 1)
        x0, y0, x1, y1 = px[after - 1], py[after - 1], px[after], py[after]
        width = np.where(x1 > x0, x1 - x0, 1.0)
        inside = y0 + (y1 - y0) * (x - x0) / width
        held = np.where(x < px[0], py[0], np.where(x >= px[-1], py[-1], inside))
        return np.asarray(np.where(np.isnan(x), np.nan, held), dtype=np.float64)
