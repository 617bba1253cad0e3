"""A measured line as an SVG path: small, with every peak that a reader could see.

What falls into one column of pixels is drawn from its lowest to its highest value; what then lies on a straight line is
left out. Forty minutes of noise and a single spike give the same few kilobytes as a smooth ramp.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
COLUMN = 2.0
"""Pixels that share one stroke from minimum to maximum."""
_STRAIGHT = 0.3
"""Pixels by which a point may lie beside the line that leaves it out."""


def path(x: Floats, y: Floats, breaks: NDArray[np.intp]) -> str:
    """The ``d`` of a path.

    Args:
        x: Pixels, ascending.
        y: Pixels.
        breaks: Indexes before which the line is interrupted, ascending.
    """
    pieces = zip(np.split(x, breaks), np.split(y, breaks), strict=True)
    return "".join(_piece(*_columns(one_x, one_y)) for one_x, one_y in pieces if len(one_x))


def _columns(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """At most two points a column: the extremes, the one nearer to the column before first."""
    number = np.floor(x / COLUMN)
    starts = np.concatenate(([0], np.flatnonzero(np.diff(number)) + 1))
    if len(x) <= 2 * len(starts):
        return x, y
    low, high = np.minimum.reduceat(y, starts), np.maximum.reduceat(y, starts)
    middle = (low + high) / 2
    falling = np.concatenate(([bool(y[0] > middle[0])], middle[:-1] > middle[1:]))
    first, second = np.where(falling, high, low), np.where(falling, low, high)
    at = (number[starts] + 0.5) * COLUMN
    at[0], at[-1] = x[0], x[-1]
    return np.repeat(at, 2), np.stack((first, second), axis=1).ravel()


def _piece(x: Floats, y: Floats) -> str:
    tenths = zip(np.rint(x * 10).astype(int).tolist(), np.rint(y * 10).astype(int).tolist(), strict=True)
    points = _simplified(list(dict.fromkeys(tenths)))
    now_x, now_y = points[0]
    parts = [f"M{_tenths(now_x)} {_tenths(now_y)}"]
    if len(points) == 1:
        parts.append("h.1")
    for one_x, one_y in points[1:]:
        dx, dy = one_x - now_x, one_y - now_y
        if not dy:
            parts.append(f"h{_tenths(dx)}")
        elif not dx:
            parts.append(f"v{_tenths(dy)}")
        else:
            parts.append(f"l{_tenths(dx)}{'' if dy < 0 else ' '}{_tenths(dy)}")
        now_x, now_y = one_x, one_y
    return "".join(parts)


def _simplified(points: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Leaves out points that lie on a straight line between those that stay (swinging door)."""
    slack = _STRAIGHT * 10
    kept = [points[0]]
    candidate = points[0]
    lowest, highest = -np.inf, np.inf
    for point in points[1:]:
        anchor = kept[-1]
        dx = point[0] - anchor[0]
        # A vertical stroke is an extreme or an edge: both of its ends stay.
        upright = candidate[0] in {anchor[0], point[0]}
        if candidate is not anchor and (upright or not lowest <= (point[1] - anchor[1]) / dx <= highest):
            kept.append(candidate)
            anchor, dx = candidate, point[0] - candidate[0]
            lowest, highest = -np.inf, np.inf
        if dx:
            lowest = max(lowest, (point[1] - slack - anchor[1]) / dx)
            highest = min(highest, (point[1] + slack - anchor[1]) / dx)
        candidate = point
    if candidate is not kept[-1]:
        kept.append(candidate)
    return kept


def _tenths(number: int) -> str:
    whole, rest = divmod(abs(number), 10)
    text = f"{whole or ''}.{rest}" if rest else f"{whole}"
    return f"-{text}" if number < 0 else text


def band(x: Floats, lower: Floats, upper: Floats, column: float = 8.0) -> str:
    """The ``points`` of a polygon around a line, coarse: the largest extent of each column."""
    number = np.floor(x / column)
    starts = np.concatenate(([0], np.flatnonzero(np.diff(number)) + 1))
    at = x[starts]
    at[-1] = x[-1]
    top, bottom = np.minimum.reduceat(upper, starts), np.maximum.reduceat(lower, starts)
    there = [f"{one:.1f},{edge:.1f}" for one, edge in zip(at.tolist(), top.tolist(), strict=True)]
    back = [f"{one:.1f},{edge:.1f}" for one, edge in zip(at.tolist(), bottom.tolist(), strict=True)]
    return " ".join([*there, *reversed(back)])
