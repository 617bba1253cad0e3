"""Words for rules that hold on every recording, whatever the case, and on recordings of others."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from v2gready.authoring.grid.stages import Stage
from v2gready.authoring.grid.view import CONNECTED_SHARE, ONE_CYCLE, Span, View
from v2gready.grid.series import Series
from v2gready.model.trace import Trace

STAGES: Final = (
    "trip_u_under", "trip_u_under_2", "trip_u_over", "trip_u_over_2", "trip_u_over_3",
    "trip_f_under", "trip_f_under_2", "trip_f_over", "trip_f_over_2",
)  # fmt: skip
SETTLED: Final = 0.1
"""Seconds after it must have left, in which the current dies away."""
NONE: Final = 2 * CONNECTED_SHARE
"""Of rated current: what is below is no current, filters and noise included."""
STEP: Final = 0.02
"""Share of nominal voltage by which it changes within a cycle at a step."""
AROUND_STEP: Final = (0.02, 0.06)
"""Seconds before and after a step in which the limit of current says nothing: a cycle of the window, and the cycle
that a device needs, with the one that the measurement needs."""

_last: list[View] = []


def looked_at(trace: Trace) -> View:
    """The view of a trace; the rules on one trace share it."""
    content = trace.recorded("grid").content
    if not _last or _last[0].recording is not content or _last[0].trace is not trace:
        _last[:] = [View(trace)]
    return _last[0]


@dataclass(frozen=True, slots=True)
class Due:
    """A stage must have tripped.

    Attributes:
        stage: Which.
        at: Instant by which it must have.
        beyond: Stretch for which voltage or frequency was beyond it.
    """

    stage: Stage
    at: float
    beyond: Span


def trips_due(view: View) -> list[Due]:
    """Where voltage or frequency was so far beyond a stage, for so long, that it must have tripped; in order of time.

    A code without the tolerances of its stages yields nothing.
    """
    return sorted((due for name in STAGES if name in view.code for due in _due(view, name)), key=lambda one: one.at)


def _due(view: View, name: str) -> list[Due]:
    try:
        stage = Stage.of(view.code, name)
    except KeyError:
        return []
    series, level = _quantity(view, stage)
    beyond = series.values < level if stage.under else series.values > level
    # Where it could not be measured, nothing is known.
    gap = np.concatenate(([False], np.diff(series.t) > 2.5 * series.spacing))
    edges = np.flatnonzero(np.diff(np.concatenate(([False], beyond, [False])).astype(np.int8)))
    found = []
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        for start, end in _without_gaps(int(first), int(last), gap):
            span = Span(float(series.t[start]), float(series.t[end - 1]))
            at = span.start + stage.latest + series.window
            if at < span.end:
                found.append(Due(stage, at, span))
    return found


def _without_gaps(first: int, last: int, gap: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> list[tuple[int, int]]:
    cuts = [first, *(int(one) + first + 1 for one in np.flatnonzero(gap[first + 1 : last])), last]
    return list(pairwise(cuts))


def _quantity(view: View, stage: Stage) -> tuple[Series, float]:
    """What the stage looks at, and the value from which on it is beyond by the tolerance of the code."""
    beyond = (stage.value + stage.beyond) / 2
    if stage.of_frequency:
        return view.q.f, beyond
    values = np.stack([one.values for one in view.q.u])
    first = view.q.u[0]
    worst = values.min(axis=0) if stage.under else values.max(axis=0)
    series = Series(first.t, worst, first.unit, first.uncertainty, first.window, first.time_uncertainty)
    return series, beyond * view.rating.voltage


def undisturbed(view: View) -> Series:
    """Largest current of any phase, RMS, where the voltage has not just stepped."""
    current = view.q.i_max
    near = np.zeros(len(current), dtype=bool)
    for voltage in (*view.q.u, view.q.u_pos):
        cycle = max(1, round(ONE_CYCLE / voltage.spacing))
        if len(voltage) <= cycle:
            continue
        moved = np.abs(voltage.values[cycle:] - voltage.values[:-cycle]) > STEP * view.rating.voltage
        for at in voltage.t[cycle:][moved]:
            since, until = at - ONE_CYCLE - AROUND_STEP[0], at + AROUND_STEP[1]
            near[np.searchsorted(current.t, since) : np.searchsorted(current.t, until, side="right")] = True
    keep = ~near
    return Series(
        current.t[keep],
        current.values[keep],
        current.unit,
        current.uncertainty[keep],
        current.window,
        current.time_uncertainty,
        current.noise,
    )


__all__ = ["NONE", "SETTLED", "Due", "looked_at", "trips_due", "undisturbed"]
