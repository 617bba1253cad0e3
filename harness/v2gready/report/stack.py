"""Plots of a recording, one above the other on a common axis of time, with the instants that were judged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from v2gready.grid.series import Series
from v2gready.report import outline
from v2gready.report.axis import Axis
from v2gready.report.checks import CHECK_STATES
from v2gready.report.judged import Judged
from v2gready.report.text import shorten
from v2gready.report.tracks import Envelope, Switching, Track

WIDTH = 900
_LEFT, _RIGHT, _BOTTOM = 64, 44, 30
_HEIGHT, _HEAD = 84, 20
_SWITCHING = 28
_LANE, _RADIUS = 17, 7.5
_MOST_LANES = 6
_VISIBLE_BAND = 1.5
"""Pixels from which the uncertainty of a line is drawn."""
_MOST_BOUND_LABELS = 4
"""With more of them, e.g. for each step of a staircase, numbers stand in the table of checks alone."""
_SHORT_BOUND = 24.0
"""Pixels of a limit that applied to a single instant."""
_WIDE = 0.5
"""Share of the width from which a judged stretch is not shaded: all would be grey."""


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """What one drawing shows.

    Attributes:
        title: For those who cannot see it.
        window: First and last second.
        tracks: From top to bottom.
        switchings: Below them.
        marks: Judged instants.
    """

    title: str
    window: tuple[float, float]
    tracks: tuple[Track, ...]
    switchings: tuple[Switching, ...]
    marks: tuple[Judged, ...]


def draw(stack: Stack, identifier: str) -> Markup:
    """Draws it.

    Args:
        stack: With at least one track.
        identifier: Anchor of the drawing.
    """
    across = Axis(*stack.window, _LEFT, WIDTH - _RIGHT, 10)
    lanes, hidden = _lanes(stack.marks, across)
    top = 6 + _LANE * (len(lanes) + bool(hidden)) + (8 if lanes else 0)
    height = top + (_HEIGHT + _HEAD) * len(stack.tracks) + _SWITCHING * len(stack.switchings) + _BOTTOM
    base = height - _BOTTOM
    shown = [mark for lane in lanes for mark in lane]
    parts = [
        Markup(
            '<svg class="plot grid-plot" id="{}" viewBox="0 0 {} {}" role="img" aria-label="{}"><title>{}</title>'
        ).format(identifier, WIDTH, height, shorten(stack.title, 120), shorten(stack.title, 120)),
        *_shades(shown, across, top, base),
        *_time(across, top, base),
    ]
    y = float(top)
    for track in stack.tracks:
        parts += _track(track, across, stack.window, y + _HEAD)
        y += _HEIGHT + _HEAD
    for one in stack.switchings:
        parts += _switching(one, across, y)
        y += _SWITCHING
    for row, lane in enumerate(lanes):
        parts += (_badge(mark, across, 6 + _LANE * row + _RADIUS) for mark in lane)
    if hidden:
        parts.append(
            Markup('<text class="pl-tick" x="{}" y="{}">and {} more in the table of checks</text>').format(
                _LEFT, 6 + _LANE * len(lanes) + 11, hidden
            )
        )
    return Markup("").join([*parts, Markup("</svg>")])


# --- the judged instants ----------------------------------------------------------------------------------------------


def _lanes(marks: Iterable[Judged], across: Axis) -> tuple[list[list[Judged]], int]:
    """Rows in which no two marks touch; the worst verdicts find a place first."""
    inside = [mark for mark in marks if mark.until >= across.low and mark.since <= across.high]
    lanes: list[list[tuple[float, float, Judged]]] = []
    hidden = 0
    for mark in sorted(inside, key=lambda one: -CHECK_STATES.index(one.check.state)):
        since, until, middle = _extent(mark, across)
        left, right = min(since, middle - _RADIUS) - 2, max(until, middle + _RADIUS) + 2
        free = (lane for lane in lanes if all(right <= low or left >= high for low, high, _ in lane))
        place = next(free, None)
        if place is None and len(lanes) == _MOST_LANES:
            hidden += 1
            continue
        if place is None:
            place = []
            lanes.append(place)
        place.append((left, right, mark))
    ordered = sorted(lanes, key=lambda lane: min(mark.check.number for _, _, mark in lane))
    return [[mark for _, _, mark in lane] for lane in ordered], hidden


def _extent(mark: Judged, across: Axis) -> tuple[float, float, float]:
    """Left and right end of a mark and the middle of its badge, within the axis."""
    since, until = (across.pixel(min(max(t, across.low), across.high)) for t in (mark.since, mark.until))
    middle = since + _RADIUS if mark.spans and until - since > 2 * _RADIUS else (since + until) / 2
    return since, until, min(max(middle, _LEFT + _RADIUS), WIDTH - _RIGHT - _RADIUS)


def _badge(mark: Judged, across: Axis, y: float) -> Markup:
    since, until, middle = _extent(mark, across)
    check = mark.check
    words = f"Check {check.number}, {check.observation.requirement}: {check.state}"
    return Markup(
        '<a class="mk mk-{}" href="#{}"><title>{}</title><path d="M{:.1f} {y:.1f}H{:.1f}"/>'
        '<circle cx="{:.1f}" cy="{y:.1f}" r="{}"/><text x="{:.1f}" y="{:.1f}">{}</text></a>'
    ).format(
        check.state,
        mark.anchor,
        shorten(words, 120),
        since,
        max(until, since + 0.5),
        middle,
        _RADIUS,
        middle,
        y + 3.6,
        check.number,
        y=y,
    )


def _shades(marks: Iterable[Judged], across: Axis, top: int, base: int) -> list[Markup]:
    """What was judged, behind the lines: stretches shaded, instants as thin verticals; equal ones once."""
    areas: dict[tuple[float, float], str] = {}
    lines: dict[float, str] = {}
    for mark in sorted(marks, key=lambda one: CHECK_STATES.index(one.check.state)):
        state = mark.check.state
        if mark.spans:
            since, until, _ = _extent(mark, across)
            if until - since < _WIDE * (across.end - across.start):
                areas[round(since, 1), round(max(until, since + 1), 1)] = state
        inside = [t for t in mark.instants if across.low <= t <= across.high]
        for t in inside if not mark.spans or state in {"fail", "inconc"} else ():
            lines[round(across.pixel(t), 1)] = state
    return [
        *(
            Markup('<rect class="mk-area mk-{}" x="{}" y="{}" width="{:.1f}" height="{}"/>').format(
                state, since, top, until - since, base - top
            )
            for (since, until), state in areas.items()
        ),
        *(
            Markup('<path class="mk-line mk-{}" d="M{} {}V{}"/>').format(state, x, top - 4, base)
            for x, state in lines.items()
        ),
    ]


# --- axes and lines ---------------------------------------------------------------------------------------------------


def _time(across: Axis, top: int, base: int) -> list[Markup]:
    ticks = across.ticks()
    grid = "".join(f"M{across.at(value)} {top}V{base}" for value in ticks)
    labels = [
        Markup('<text class="pl-tick pl-x" x="{}" y="{}">{}</text>').format(
            across.at(value), base + 15, across.label(value)
        )
        for value in ticks
    ]
    unit = Markup('<text class="pl-tick pl-y" x="{}" y="{}">t / s</text>').format(_LEFT - 14, base + 15)
    return [Markup('<path class="pl-grid" d="{}"/>').format(grid), *labels, unit]


def _track(track: Track, across: Axis, window: tuple[float, float], top: float) -> list[Markup]:
    lines = [(line.label, _within(line.series, window)) for line in track.lines]
    bounds = [one for one in track.bounds if one.until >= window[0] and one.since <= window[1]]
    levels = [(float(one.values.min()), float(one.values.max())) for _, one in lines if len(one)]
    levels += [(one.value, one.value) for one in bounds]
    envelopes = [clipped for one in track.envelopes if (clipped := _clipped(one, window)) is not None]
    levels += [_ends(one) for one in envelopes]
    low, high = min((one for one, _ in levels), default=0.0), max((one for _, one in levels), default=1.0)
    pad = max((track.least - (high - low)) / 2, (high - low) * 0.08)
    bottom = top + _HEIGHT
    up = Axis(low - pad, high + pad, bottom, top + 2, 4)
    ticks = up.ticks()
    parts = [
        Markup('<path class="pl-grid" d="{}"/>').format(
            "".join(f"M{_LEFT} {up.at(value)}H{WIDTH - _RIGHT}" for value in ticks)
        ),
        *(
            Markup('<text class="pl-tick pl-y" x="{}" y="{}" dy="4">{}</text>').format(
                _LEFT - 6, up.at(value), up.label(value)
            )
            for value in ticks
        ),
        *(_envelope(one, across, up) for one in envelopes),
        *_band(lines, across, up),
    ]
    for number, (_, series) in enumerate(lines, start=1):
        if len(series):
            x, y = across.start + (series.t - across.low) * across.slope, up.start + (series.values - up.low) * up.slope
            d = outline.path(x, y, _gaps(series))
            parts.append(Markup('<path class="pl-line pl-line-{}" d="{}"/>').format(number, d))
    parts += _bounds(track, window, across, up)
    parts.append(Markup('<path class="pl-axis" d="M{} {:.1f}V{:.1f}"/>').format(_LEFT, top, bottom))
    parts += _labels([(label, series) for label, series in lines if label and len(series)], up)
    name = f"{track.quantity.name} / {track.unit}"
    parts.append(Markup('<text class="pl-name" x="{}" y="{:.1f}">{}</text>').format(_LEFT, top - 6, name))
    return parts


def _within(series: Series, window: tuple[float, float]) -> Series:
    first, last = np.searchsorted(series.t, window[0], side="left"), np.searchsorted(series.t, window[1], side="right")
    part = slice(int(first), int(last))
    return Series(series.t[part], series.values[part], series.unit, series.uncertainty[part], series.window)


def _gaps(series: Series) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    steps = np.diff(series.t)
    usual = float(np.median(steps)) if len(steps) else 0.0
    return np.flatnonzero(steps > 2.5 * max(usual, series.window)) + 1


def _clipped(envelope: Envelope, window: tuple[float, float]) -> Envelope | None:
    """The part of an envelope within the window, None if there is none."""
    t, values = np.array(envelope.points, dtype=np.float64).reshape(-1, 2).T
    since, until = max(window[0], t.min(initial=np.inf)), min(window[1], t.max(initial=-np.inf))
    if not (np.isfinite(values).all() and since < until):
        return None
    inside = [point for point in envelope.points if since < point[0] < until]
    first, last = np.interp([since, until], t, values).tolist()
    return Envelope(((since, first), *inside, (until, last)), envelope.tolerance)


def _ends(envelope: Envelope) -> tuple[float, float]:
    slack = envelope.tolerance or 0.0
    values = [value for _, value in envelope.points]
    return min(values) - slack, max(values) + slack


def _band(lines: Sequence[tuple[str, Series]], across: Axis, up: Axis) -> list[Markup]:
    """The uncertainty of a single line, where it can be seen."""
    if len(lines) != 1 or not len(lines[0][1]):
        return []
    series = lines[0][1]
    slope = abs(up.slope)
    if float(np.median(series.uncertainty)) * slope < _VISIBLE_BAND:
        return []
    x = across.start + (series.t - across.low) * across.slope
    y = up.start + (series.values - up.low) * up.slope
    reach = series.uncertainty * slope
    lower, upper = (np.clip(edge, up.end, up.start) for edge in (y + reach, y - reach))
    return [Markup('<polygon class="pl-band" points="{}"/>').format(outline.band(x, lower, upper))]


def _envelope(envelope: Envelope, across: Axis, up: Axis) -> Markup:
    drawn = Markup("")
    if envelope.tolerance:
        there = [f"{across.at(t)},{up.at(value + envelope.tolerance)}" for t, value in envelope.points]
        back = [f"{across.at(t)},{up.at(value - envelope.tolerance)}" for t, value in reversed(envelope.points)]
        drawn = Markup('<polygon class="pl-tolerance" points="{}"/>').format(" ".join([*there, *back]))
    course = " ".join(f"{across.at(t)},{up.at(value)}" for t, value in envelope.points)
    return drawn + Markup('<polyline class="pl-envelope" points="{}"/>').format(course)


def _bounds(track: Track, window: tuple[float, float], across: Axis, up: Axis) -> list[Markup]:
    """Limits, each over the stretch that it was applied to; labels where there is room for them."""
    parts: list[Markup] = []
    labelled: list[tuple[float, float, str]] = []
    inside = [one for one in track.bounds if one.until >= window[0] and one.since <= window[1]]
    words = {one.words for one in inside}
    for bound in inside:
        left, right = (across.pixel(min(max(t, across.low), across.high)) for t in (bound.since, bound.until))
        if right - left < _SHORT_BOUND:
            middle = (left + right) / 2
            left = max(_LEFT, middle - _SHORT_BOUND / 2)
            right = min(WIDTH - _RIGHT, middle + _SHORT_BOUND / 2)
        y = up.pixel(bound.value)
        parts.append(Markup('<path class="pl-limit" d="M{:.1f} {:.1f}H{:.1f}"/>').format(left, y, right))
        width = 6.2 * len(bound.words)
        above = y - 4 if y - up.end > 14 else y + 12
        at, line = (right, above) if right - left > width else (right + width + 3, y + 4)
        at = min(at, WIDTH - _RIGHT)
        crowded = any(abs(line - other) < 12 and abs(at - beside) < width + 4 for beside, other, _ in labelled)
        known = any(bound.words == other for _, _, other in labelled)
        if crowded or known or len(words) > _MOST_BOUND_LABELS:
            continue
        labelled.append((at, line, bound.words))
        parts.append(
            Markup('<text class="pl-tick pl-limit-text" x="{:.1f}" y="{:.1f}">{}</text>').format(at, line, bound.words)
        )
    return parts


def _labels(lines: Sequence[tuple[str, Series]], up: Axis) -> list[Markup]:
    """Direct labels at the end of the lines, pushed apart."""
    wanted = sorted(
        (up.pixel(float(series.values[-1])), number, label) for number, (label, series) in enumerate(lines, start=1)
    )
    places: list[float] = []
    for y, _, _ in wanted:
        places.append(max(y, places[-1] + 12) if places else y)
    beyond = max(0.0, places[-1] - up.start) if places else 0.0
    return [
        Markup('<text class="pl-label pl-label-{}" x="{}" y="{:.1f}" dy="4">{}</text>').format(
            number, WIDTH - _RIGHT + 5, place - beyond, label
        )
        for place, (_, number, label) in zip(places, wanted, strict=True)
    ]


def _switching(one: Switching, across: Axis, top: float) -> list[Markup]:
    spans = [(max(since, across.low), min(until, across.high)) for since, until in one.on]
    y = top + _SWITCHING - 7
    bars = "".join(
        f"M{across.at(since)} {y:.1f}H{across.at(until)}v7H{across.at(since)}z"
        for since, until in spans
        if until > since
    )
    return [
        Markup('<path class="pl-grid" d="M{} {:.1f}H{}"/>').format(_LEFT, y + 7, WIDTH - _RIGHT),
        Markup('<path class="pl-switch" d="{}"/>').format(bars),
        Markup('<text class="pl-name" x="{}" y="{:.1f}">{}</text>').format(_LEFT, y - 5, one.name),
    ]
