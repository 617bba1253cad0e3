"""P(f), Q(U) and their like: the line, the band, and each point with its verdict."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from v2gready.model.measurement import Measurement
from v2gready.model.observation import Curve, Observation
from v2gready.model.verdict import Verdict
from v2gready.report.characteristic import Characteristic, characteristics, draw
from v2gready.report.checks import merge

LINE = Curve(("f", "Hz"), ("export", "W"), ((50.0, 9000.0), (50.2, 9000.0), (51.2, 5000.0)), 500.0)


def judged(*seen: tuple[float, float, Verdict]) -> list[Observation]:
    observations = [
        Observation(requirement="R", expected="e", seen=f"{y}", verdict=verdict, measurement=Measurement(y, "W", 90.0))
        for _, y, verdict in seen
    ]
    curve = replace(LINE, points=tuple((x, y) for x, y, _ in seen))
    return [replace(observations[0], curve=curve), *observations[1:]]


def of(observations: list[Observation]) -> Characteristic:
    (found,) = characteristics(observations, merge(observations), "C-1")
    return found


def svg(one: Characteristic) -> ET.Element:
    return ET.fromstring(draw(one, "C-1-xy1"))  # noqa: S314 # our own output


def classes(drawn: ET.Element) -> list[str]:
    return [element.get("class", "") for element in drawn.iter()]


def test_each_point_takes_verdict_uncertainty_and_number_of_its_check() -> None:
    other = Observation(requirement="S", expected="e", seen="between", verdict=Verdict.FAIL)
    first, second, third = judged(
        (50.1, 9010.0, Verdict.PASS), (50.7, 5000.0, Verdict.FAIL), (51.0, 6300.0, Verdict.INCONC)
    )
    found = of([first, other, second, third])
    assert [point.state for point in found.points] == ["pass", "fail", "inconc"]
    assert [point.number for point in found.points] == [1, 3, 4]
    assert {point.uncertainty for point in found.points} == {90.0}
    drawn = svg(found)
    assert classes(drawn).count("pt pt-fail") == 1
    assert classes(drawn).count("pt-cross") == 1
    assert [link.get("href") for link in drawn.iter("a")] == ["#C-1-c1", "#C-1-c3", "#C-1-c4"]


@pytest.mark.parametrize(("y", "state"), [(9000.0, "pass"), (9501.0, "fail"), (8499.0, "fail"), (8501.0, "pass")])
def test_a_point_without_a_check_is_coloured_by_its_distance(y: float, state: str) -> None:
    one = Observation(
        requirement="R", expected="e", seen="s", verdict=Verdict.PASS, curve=replace(LINE, points=((50.1, y),))
    )
    assert [point.state for point in of([one]).points] == [state]


def test_a_jump_of_the_line_admits_both_sides() -> None:
    line = replace(LINE, expected=((49.0, 0.0), (49.5, 0.0), (49.5, 4000.0), (50.0, 4000.0)), tolerance=10.0)
    points = ((49.5, 0.0), (49.5, 4000.0), (49.5, 2000.0), (49.5, 4011.0), (48.0, 0.0))
    one = Observation(requirement="R", expected="e", seen="s", verdict=Verdict.PASS, curve=replace(line, points=points))
    assert [point.state for point in of([one]).points] == ["pass", "pass", "pass", "fail", "pass"]


def test_axes_are_named_and_large_powers_are_in_kilowatt() -> None:
    text = " ".join("".join(svg(of(judged((50.1, 9000.0, Verdict.PASS)))).itertext()).split())
    assert "P to the grid / kW" in text
    assert "Frequency / Hz" in text
    assert "9000" in text  # in the title of the point, as it was measured


def test_small_powers_and_bare_numbers_keep_their_unit() -> None:
    curve = Curve(("export", "pu"), ("cosphi", "1"), ((0.0, 1.0), (1.0, 0.95)), 0.01, ((0.5, 0.97),))
    text = "".join(svg(of([replace(judged((0.5, 0.97, Verdict.PASS))[0], curve=curve)])).itertext())
    assert "P to the grid / pu" in text
    assert "cos \N{GREEK SMALL LETTER PHI}" in text


def test_the_band_has_the_width_of_the_tolerance() -> None:
    drawn = svg(of(judged((50.1, 9000.0, Verdict.PASS))))
    (band,) = (element for element in drawn.iter() if element.get("class") == "pl-tolerance")
    ys = [float(point.split(",")[1]) for point in (band.get("points") or "").split()]
    ticks = {element.text: float(element.get("y", "0")) for element in drawn.iter() if element.get("dy") == "4"}
    kilowatt = (ticks["6"] - ticks["8"]) / 2
    assert ys[-1] - ys[0] == pytest.approx(kilowatt, abs=0.25)  # twice 500 W


@pytest.mark.parametrize(
    "curve",
    [
        replace(LINE, x=("t", "s")),
        replace(LINE, expected=((50.0, 1.0),)),
        replace(LINE, expected=((50.0, float("nan")), (51.0, 1.0))),
        replace(LINE, points=((50.0, float("inf")),)),
    ],
)
def test_what_is_no_characteristic_is_not_drawn(curve: Curve) -> None:
    one = Observation(requirement="R", expected="e", seen="s", verdict=Verdict.PASS, curve=curve)
    assert characteristics([one], merge([one]), "C") == []


def test_hostile_names_stay_text() -> None:
    curve = replace(LINE, x=("<script>", "'\""), y=("\x00", "\u202e"), points=((50.1, 9000.0),))
    drawn = draw(of([replace(judged((50.1, 9000.0, Verdict.PASS))[0], curve=curve, requirement='"><b')]), "C")
    ET.fromstring(drawn)  # noqa: S314 # our own output
    assert "<script>" not in drawn
