"""A piecewise-linear curve in a parameter array."""

from __future__ import annotations

from v2gready.references.inverter.cells import Cells


def curve_at(p: Cells, at: int, x: float) -> float:
    """The value of the curve that begins at cell ``at``; outside its points the first and last value hold."""
    points = int(p[at])
    if points == 0:
        return 0.0
    if x <= p[at + 1]:
        return p[at + 2]
    for number in range(1, points):
        x1 = p[at + 1 + 2 * number]
        if x < x1:
            x0, y0, y1 = p[at - 1 + 2 * number], p[at + 2 * number], p[at + 2 + 2 * number]
            return y0 + (y1 - y0) * (x - x0) / (x1 - x0)
    return p[at + 2 * points]
