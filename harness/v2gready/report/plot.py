"""Samples of one channel as a small inline SVG plot."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

from markupsafe import Markup

from v2gready.model.measurement import Limit
from v2gready.model.trace import Sample
from v2gready.report.axis import Axis
from v2gready.report.text import shorten

WIDTH, HEIGHT = 900, 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 84, 16, 14, 34
_MOST_POINTS = 600


def plot(
    samples: Sequence[Sample],
    span: tuple[float, float],
    judged: Collection[int],
    limits: Sequence[Limit],
    identifier: str,
) -> Markup:
    """Draws a channel over time, with the band of the instrument's uncertainty and the limits it was held against.

    Args:
        samples: At least one sample; all of one channel.
        span: First and last second of the axis, the same for all plots of a case.
        judged: Indexes of the records that checks rest on.
        limits: Limits in the unit of the channel.
        identifier: Anchor of the plot.
    """
    usable = [sample for sample in samples if math.isfinite(sample.value) and math.isfinite(sample.uncertainty)]
    name, unit = samples[0].channel, samples[0].unit
    if len(usable) < 2:
        said = f"{usable[0].value:g} {unit} at {usable[0].t:.3f} s" if usable else "no finite sample"
        return Markup('<p id="{}">{}: {}</p>').format(identifier, shorten(name, 80), shorten(said, 80))
    points = _thin(usable)
    edges = [value for limit in limits for value in (limit.low, limit.high) if value is not None]
    low = min(*(point.value - point.uncertainty for point in points), *edges, points[0].value)
    high = max(*(point.value + point.uncertainty for point in points), *edges, points[0].value)
    pad = (high - low) * 0.08
    across = Axis(*span, _LEFT, WIDTH - _RIGHT, 8)
    up = Axis(low - pad, high + pad, HEIGHT - _BOTTOM, _TOP, 4)
    title = f"{name} in {unit}, {len(samples)} samples"
    parts = [
        Markup('<svg class="plot" id="{}" viewBox="0 0 {} {}" role="img" aria-label="{}"><title>{}</title>').format(
            identifier, WIDTH, HEIGHT, shorten(title, 120), shorten(title, 120)
        ),
        *_grid(across, up),
        Markup('<text class="pl-name" x="{}" y="{}">{} / {}</text>').format(
            _LEFT + 6, _TOP + 10, shorten(name, 60), shorten(unit, 12)
        ),
        _band(points, across, up),
        Markup('<polyline class="pl-line" points="{}"/>').format(
            " ".join(f"{across.at(point.t)},{up.at(point.value)}" for point in points)
        ),
        *(_limit(edge, up, unit) for edge in dict.fromkeys(edges)),
        *(
            Markup('<circle class="pl-judged" cx="{}" cy="{}" r="3.5"/>').format(across.at(one.t), up.at(one.value))
            for one in usable
            if one.index in judged
        ),
        Markup("</svg>"),
    ]
    return Markup("").join(parts)


def _grid(across: Axis, up: Axis) -> list[Markup]:
    lines = []
    for value in up.ticks():
        y = up.at(value)
        lines.append(Markup('<path class="pl-grid" d="M{} {}H{}"/>').format(_LEFT, y, WIDTH - _RIGHT))
        lines.append(
            Markup('<text class="pl-tick pl-y" x="{}" y="{}" dy="4">{}</text>').format(_LEFT - 8, y, up.label(value))
        )
    base = HEIGHT - _BOTTOM
    for value in across.ticks():
        x = across.at(value)
        lines.append(Markup('<path class="pl-grid" d="M{} {}V{}"/>').format(x, base, base + 5))
        lines.append(
            Markup('<text class="pl-tick pl-x" x="{}" y="{}">{}</text>').format(x, base + 18, across.label(value))
        )
    lines.append(Markup('<path class="pl-axis" d="M{} {}V{}H{}"/>').format(_LEFT, _TOP, base, WIDTH - _RIGHT))
    lines.append(Markup('<text class="pl-tick pl-y" x="{}" y="{}">t / s</text>').format(_LEFT - 26, base + 18))
    return lines


def _band(points: Sequence[Sample], across: Axis, up: Axis) -> Markup:
    if not any(point.uncertainty for point in points):
        return Markup("")
    upper = [f"{across.at(point.t)},{up.at(point.value + point.uncertainty)}" for point in points]
    lower = [f"{across.at(point.t)},{up.at(point.value - point.uncertainty)}" for point in reversed(points)]
    return Markup('<polygon class="pl-band" points="{}"/>').format(" ".join([*upper, *lower]))


def _limit(value: float, up: Axis, unit: str) -> Markup:
    return Markup(
        '<path class="pl-limit" d="M{} {y}H{}"/><text class="pl-tick pl-limit-text" x="{}" y="{y}" dy="-4">'
        "limit {:g} {}</text>"
    ).format(_LEFT, WIDTH - _RIGHT, WIDTH - _RIGHT - 4, value, shorten(unit, 12), y=up.at(value))


def _thin(samples: Sequence[Sample]) -> list[Sample]:
    """At most `_MOST_POINTS` samples that keep every peak: the extremes of each stretch."""
    size = math.ceil(len(samples) * 2 / _MOST_POINTS)
    if size <= 2:
        return list(samples)
    kept: list[Sample] = []
    for start in range(0, len(samples), size):
        stretch = samples[start : start + size]
        ends = {min(stretch, key=_value).index, max(stretch, key=_value).index}
        kept += [sample for sample in stretch if sample.index in ends]
    return kept


def _value(sample: Sample) -> float:
    return sample.value
