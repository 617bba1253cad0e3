"""A characteristic (P over f, Q over U, cos phi over P) with its tolerance band and what was measured."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from v2gready.model.observation import Curve, Observation
from v2gready.report.axis import Axis
from v2gready.report.checks import Check, check_state
from v2gready.report.judged import check_anchor
from v2gready.report.text import shorten

WIDTH, HEIGHT = 430, 290
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 14, 26, 40
_NAMES = {
    "export": "P to the grid",
    "q_export": "Q over-excited",
    "f": "Frequency",
    "u": "Voltage",
    "u_pos": "Voltage",
    "cosphi": "cos \N{GREEK SMALL LETTER PHI}",
    "t": "t",
}
_KILO = {"W": "kW", "var": "kvar", "VA": "kVA"}
_MOST_NUMBERS = 16


@dataclass(frozen=True, slots=True)
class Point:
    """A measured point.

    Attributes:
        x: In the unit of the curve.
        y: In the unit of the curve.
        uncertainty: Of y, expanded; 0 if not known.
        state: State of the check that judged it, or what its distance from the line says.
        number: Number of that check; 0 if none is known.
        anchor: Of the row of that check.
    """

    x: float
    y: float
    uncertainty: float
    state: str
    number: int = 0
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Characteristic:
    """A curve with its judged points."""

    requirement: str
    curve: Curve
    points: tuple[Point, ...]


def characteristics(observations: Sequence[Observation], checks: Sequence[Check], page: str) -> list[Characteristic]:
    """The curves of a case that are not over time; each point with the check that judged it.

    Args:
        observations: Of the case, in their order: a curve comes with the first of the observations on its points.
        checks: The same, merged.
        page: Anchor of the case.
    """
    numbered = {_key(check.observation): check for check in checks}
    found = []
    for place, one in enumerate(observations):
        if one.curve is not None and one.curve.x[0] != "t" and _drawable(one.curve):
            followers = [other for other in observations[place:] if other.requirement == one.requirement]
            points = tuple(_points(one.curve, followers, numbered, page))
            found.append(Characteristic(one.requirement, one.curve, points))
    return found


def _key(one: Observation) -> tuple[object, ...]:
    return one.requirement, one.seen, one.verdict, one.instants, one.measurement


def _drawable(curve: Curve) -> bool:
    numbers = (*curve.expected, *curve.points)
    return len(curve.expected) > 1 and all(math.isfinite(x) and math.isfinite(y) for x, y in numbers)


def _points(
    curve: Curve, followers: Sequence[Observation], numbered: dict[tuple[object, ...], Check], page: str
) -> Iterable[Point]:
    for (x, y), one in zip(curve.points, (*followers, *[None] * len(curve.points)), strict=False):
        measured = one.measurement if one is not None else None
        if one is not None and measured is not None and math.isclose(measured.value, y, rel_tol=1e-9, abs_tol=1e-12):
            check = numbered.get(_key(one))
            number, anchor = (check.number, check_anchor(page, check)) if check else (0, "")
            yield Point(x, y, measured.uncertainty, check_state(one), number, anchor)
        else:
            yield Point(x, y, 0.0, _by_distance(curve, x, y))


def _by_distance(curve: Curve, x: float, y: float) -> str:
    if curve.tolerance is None:
        return "remark"
    near = [
        a[1] if b[0] == a[0] else a[1] + (b[1] - a[1]) * (x - a[0]) / (b[0] - a[0])
        for a, b in zip(curve.expected, curve.expected[1:], strict=False)
        if a[0] <= x <= b[0]
    ] or [min(curve.expected, key=lambda point: abs(point[0] - x))[1]]
    return "pass" if min(near) - curve.tolerance <= y <= max(near) + curve.tolerance else "fail"


def draw(one: Characteristic, identifier: str) -> Markup:
    """Draws it.

    Args:
        one: The characteristic.
        identifier: Anchor of the drawing.
    """
    curve, slack = one.curve, one.curve.tolerance or 0.0
    xs = [x for x, _ in curve.expected] + [point.x for point in one.points]
    lows = [y - slack for _, y in curve.expected] + [point.y - point.uncertainty for point in one.points]
    highs = [y + slack for _, y in curve.expected] + [point.y + point.uncertainty for point in one.points]
    kx, ky = _kilo(curve.x[1], xs), _kilo(curve.y[1], [*lows, *highs])
    pad_x, pad_y = (max(xs) - min(xs)) * 0.03, (max(highs) - min(lows)) * 0.06
    across = Axis((min(xs) - pad_x) * kx, (max(xs) + pad_x) * kx, _LEFT, WIDTH - _RIGHT, 6)
    up = Axis((min(lows) - pad_y) * ky, (max(highs) + pad_y) * ky, HEIGHT - _BOTTOM, _TOP, 5)
    name_x, name_y = _name(curve.x, kx), _name(curve.y, ky)
    title = f"{name_y} over {name_x}, {one.requirement}"
    expected = [(across.at(x * kx), y) for x, y in curve.expected]
    parts = [
        Markup(
            '<svg class="plot xy-plot" id="{}" viewBox="0 0 {} {}" role="img" aria-label="{}"><title>{}</title>'
        ).format(identifier, WIDTH, HEIGHT, shorten(title, 120), shorten(title, 120)),
        *_grid(across, up),
        Markup('<text class="pl-name" x="{}" y="{}">{}</text>').format(_LEFT, _TOP - 10, name_y),
        Markup('<text class="pl-tick pl-x" x="{}" y="{}">{}</text>').format(
            (_LEFT + WIDTH - _RIGHT) / 2, HEIGHT - 6, name_x
        ),
        Markup('<text class="pl-tick pl-y" x="{}" y="{}">{}</text>').format(
            WIDTH - _RIGHT, _TOP - 10, shorten(one.requirement, 40)
        ),
    ]
    if curve.tolerance:
        there = [f"{x},{up.at((y + slack) * ky)}" for x, y in expected]
        back = [f"{x},{up.at((y - slack) * ky)}" for x, y in reversed(expected)]
        parts.append(Markup('<polygon class="pl-tolerance" points="{}"/>').format(" ".join([*there, *back])))
    line = " ".join(f"{x},{up.at(y * ky)}" for x, y in expected)
    parts.append(Markup('<polyline class="pl-envelope" points="{}"/>').format(line))
    numbers = len(one.points) <= _MOST_NUMBERS
    parts += (_point(point, across.pixel(point.x * kx), up, ky, numbers=numbers) for point in one.points)
    return Markup("").join([*parts, Markup("</svg>")])


def _kilo(unit: str, values: Sequence[float]) -> float:
    return 0.001 if unit in _KILO and max(abs(value) for value in values) >= 2000 else 1.0


def _name(axis: tuple[str, str], factor: float) -> str:
    name, unit = axis
    unit = _KILO[unit] if factor != 1 else unit
    words = _NAMES.get(name, name)
    return shorten(f"{words} / {unit}" if unit not in {"", "1"} else words, 60)


def _grid(across: Axis, up: Axis) -> list[Markup]:
    base = HEIGHT - _BOTTOM
    grid = "".join(f"M{_LEFT} {up.at(value)}H{WIDTH - _RIGHT}" for value in up.ticks())
    grid += "".join(f"M{across.at(value)} {_TOP}V{base}" for value in across.ticks())
    return [
        Markup('<path class="pl-grid" d="{}"/>').format(grid),
        Markup('<path class="pl-axis" d="M{} {}V{}H{}"/>').format(_LEFT, _TOP, base, WIDTH - _RIGHT),
        *(
            Markup('<text class="pl-tick pl-y" x="{}" y="{}" dy="4">{}</text>').format(
                _LEFT - 6, up.at(value), up.label(value)
            )
            for value in up.ticks()
        ),
        *(
            Markup('<text class="pl-tick pl-x" x="{}" y="{}">{}</text>').format(
                across.at(value), base + 15, across.label(value)
            )
            for value in across.ticks()
        ),
    ]


def _point(point: Point, x: float, up: Axis, factor: float, *, numbers: bool) -> Markup:
    """Colour repeats what the shape says: a disc passed, a cross failed, a ring is undecided."""
    y = up.pixel(point.y * factor)
    reach = abs(up.slope) * point.uncertainty * factor
    bar = Markup('<path d="M{x:.1f} {:.1f}V{:.1f}m-3 0h6M{:.1f} {:.1f}h6"/>').format(
        y - reach, y + reach, x - 3, y - reach, x=x
    )
    if point.state == "fail":
        shape = Markup('<path class="pt-cross" d="M{:.1f} {:.1f}l8 8m0-8l-8 8"/>').format(x - 4, y - 4)
    else:
        shape = Markup('<circle cx="{:.1f}" cy="{:.1f}" r="3.4"/>').format(x, y)
    number = Markup("")
    if numbers and point.number:
        number = Markup('<text x="{:.1f}" y="{:.1f}">{}</text>').format(x + 6, y - 5, point.number)
    words = f"{point.state}: {point.y:.6g} at {point.x:.6g}"
    if point.number:
        words = f"Check {point.number}, {words}"
    drawn = Markup("<title>{}</title>").format(words) + (bar if reach >= 1 else Markup("")) + shape + number
    if point.anchor:
        return Markup('<a class="pt pt-{}" href="#{}">').format(point.state, point.anchor) + drawn + Markup("</a>")
    return Markup('<g class="pt pt-{}">').format(point.state) + drawn + Markup("</g>")
