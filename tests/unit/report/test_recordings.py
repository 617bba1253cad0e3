"""Recordings in the report: what is drawn, where it was judged, and what is said when there is nothing to draw."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from v2gready.grid.recording import Channel, Kind, Recording
from v2gready.model.measurement import Limit, Measurement
from v2gready.model.observation import Curve, Observation
from v2gready.model.verdict import Verdict
from v2gready.report.checks import merge
from v2gready.report.html import render
from v2gready.report.judged import Judged, details, judged
from v2gready.report.stack import Stack, draw
from v2gready.report.stored import read_run
from v2gready.report.tracks import Tracks
from v2gready.report.views import case_view

DECLARED = {"rated_power": 11_000.0}


def recording(count: int = 1000, rate: float = 50.0, **columns: tuple[str, Any]) -> Recording:
    """A quantities recording: nominal but for what is given."""
    usual = {"u1": ("V", 230.0), "f": ("Hz", 50.0), "p": ("W", -5000.0), "q": ("var", 0.0), "i1": ("A", 7.0)}
    channels = {
        name: Channel(name, unit, np.broadcast_to(np.asarray(values, dtype=np.float64), (count,)).copy())
        for name, (unit, values) in {**usual, **columns}.items()
    }
    return Recording(Kind.QUANTITIES, 0.0, rate, channels)


def seen(*instants: float, verdict: Verdict = Verdict.PASS, **rest: Any) -> Observation:
    words = {"expected": "e", "seen": f"{instants}"}
    return Observation(requirement="R", verdict=verdict, instants=instants, **{**words, **rest})


def shown(tracks: Tracks, observations: Sequence[Observation] = ()) -> list[str]:
    return [track.quantity.key for track in tracks.chosen(observations)]


def picture(content: Recording, *observations: Observation) -> ET.Element:
    tracks = Tracks(content, DECLARED)
    marks = tuple(judged(merge(observations), "C"))
    stack = Stack("a <title>", tracks.whole, tracks.chosen(observations), tracks.switchings(), marks)
    return ET.fromstring(draw(stack, "p"))  # noqa: S314 # our own output


def having(drawn: ET.Element, css: str) -> list[ET.Element]:
    return [element for element in drawn.iter() if element.get("class") == css]


def words(drawn: ET.Element) -> str:
    return " ".join(" ".join(drawn.itertext()).split())


def ramp(count: int = 1000) -> np.ndarray:
    return np.linspace(50, 51, count)


# --- which quantities -------------------------------------------------------------------------------------------------


def test_what_moved_is_shown() -> None:
    assert shown(Tracks(recording(f=("Hz", ramp())), DECLARED)) == ["f"]
    swing = -5000 + 900 * np.sin(np.linspace(0, 9, 1000))
    assert shown(Tracks(recording(p=("W", swing), q=("var", swing)), DECLARED)) == ["export", "q_export"]


def test_the_usual_quantities_are_shown_when_nothing_moved() -> None:
    assert shown(Tracks(recording(), DECLARED)) == ["u", "f", "export"]


@pytest.mark.parametrize(
    ("observation", "also"),
    [
        (seen(1.0, limit=Limit("V", high=253.0)), "u"),
        (seen(1.0, limit=Limit("var", high=100.0)), "q_export"),
        (seen(1.0, limit=Limit("In", high=1.1)), "i"),
        (seen(1.0, 2.0, limit=Limit("s", high=2.0)), "i"),
        (seen(1.0, 2.0), "i"),
        (seen(curve=Curve(("t", "s"), ("u", "pu"), ((0, 0.15), (3, 0.85)))), "u"),
    ],
)
def test_what_a_check_was_about_is_shown(observation: Observation, also: str) -> None:
    tracks = Tracks(recording(f=("Hz", ramp())), DECLARED)
    assert set(shown(tracks, [observation])) == {"f", also}


def test_export_is_positive_towards_the_grid_and_current_a_share_of_rated() -> None:
    tracks = Tracks(recording(p=("W", np.linspace(-5000, 4000, 1000)), i1=("A", np.linspace(0, 16, 1000))), DECLARED)
    power, current = tracks.chosen([])
    assert (power.unit, power.lines[0].series.values[[0, -1]].tolist()) == ("kW", [5.0, -4.0])
    assert current.unit == "In"
    assert current.lines[0].series.values[-1] == pytest.approx(16 / (11_000 / 690))


def test_equal_phases_are_one_line_and_different_ones_three() -> None:
    dip = np.where(np.arange(1000) < 500, 230.0, 40.0)
    three = dict.fromkeys(("u1", "u2", "u3"), ("V", dip))
    (track,) = Tracks(recording(**three), DECLARED).chosen([])
    assert [line.label for line in track.lines] == [""]
    late = {**three, "u2": ("V", np.roll(dip, 1))}  # steps within one cycle of the others
    (track,) = Tracks(recording(**late), DECLARED).chosen([])
    assert [line.label for line in track.lines] == [""]
    (track,) = Tracks(recording(**{**three, "u2": ("V", 230.0)}), DECLARED).chosen([])
    assert [line.label for line in track.lines] == ["L1", "L2", "L3"]


def test_a_missing_channel_is_named_and_the_others_are_drawn() -> None:
    content = recording(f=("Hz", ramp()))
    content = replace(content, channels={name: one for name, one in content.channels.items() if name != "q"})
    tracks = Tracks(content, DECLARED)
    assert shown(tracks) == ["f"]
    assert list(tracks.missing) == ["Q over-excited"]


# --- what a drawing holds ---------------------------------------------------------------------------------------------


def test_marks_carry_number_state_and_link() -> None:
    drawn = picture(
        recording(f=("Hz", ramp())), seen(2.0, 6.0), seen(9.0, verdict=Verdict.FAIL), seen(4.0, verdict=Verdict.INCONC)
    )
    assert {(link.get("class"), link.get("href")) for link in drawn.iter("a")} == {
        ("mk mk-pass", "#C-c1"),
        ("mk mk-fail", "#C-c2"),
        ("mk mk-inconc", "#C-c3"),
    }
    assert "Check 2, R: fail" in words(drawn)
    (area,) = having(drawn, "mk-area mk-pass")
    width = float(area.get("width", "0"))
    assert width == pytest.approx(4 / 20 * (900 - 64 - 44), abs=1)
    assert len(having(drawn, "mk-line mk-fail")) == 1


def test_marks_do_not_cover_one_another_and_the_worst_are_never_left_out() -> None:
    many = [seen(float(n) / 40, verdict=Verdict.FAIL if n == 39 else Verdict.PASS) for n in range(40)]
    drawn = picture(recording(f=("Hz", ramp())), *many)
    circles = [(float(one.get("cx", "0")), float(one.get("cy", "0"))) for one in drawn.iter("circle")]
    for place, (x, y) in enumerate(circles):
        assert all(abs(x - other) >= 15 or abs(y - beside) >= 15 for other, beside in circles[place + 1 :])
    assert "Check 40, R: fail" in words(drawn)
    assert f"and {40 - len(circles)} more in the table of checks" in words(drawn)


def test_a_limit_is_drawn_over_the_stretch_it_applied_to() -> None:
    drawn = picture(recording(f=("Hz", ramp())), seen(5.0, 10.0, limit=Limit("Hz", low=49.9, high=51.2)))
    lines = [one.get("d", "") for one in having(drawn, "pl-limit")]
    assert len(lines) == 2
    for d in lines:
        left, _, right = (float(number) for number in re.findall(r"[\d.]+", d))
        assert (left, right) == (pytest.approx(64 + 792 / 4, abs=1), pytest.approx(64 + 792 / 2, abs=1))
    assert "≤ 51.2 Hz" in words(drawn)
    assert "≥ 49.9 Hz" in words(drawn)


def test_a_limit_of_something_else_is_not_drawn() -> None:
    for unit in ("s", "W/s", "pu", "%"):
        assert not having(picture(recording(f=("Hz", ramp())), seen(5.0, limit=Limit(unit, high=51))), "pl-limit")


def test_a_limit_of_a_difference_is_no_level_of_the_plot() -> None:
    swing = -5000 + 900 * np.sin(np.linspace(0, 9, 1000))
    level, difference = Measurement(5100.0, "W", 20.0), Measurement(300.0, "W", 20.0)
    limit = Limit("W", low=-500.0)
    assert having(picture(recording(p=("W", swing)), seen(5.0, 9.0, limit=limit, measurement=level)), "pl-limit")
    assert not having(
        picture(recording(p=("W", swing)), seen(5.0, 9.0, limit=limit, measurement=difference)), "pl-limit"
    )


def test_an_envelope_is_drawn_in_the_unit_of_the_plot_and_cut_at_its_ends() -> None:
    dip = np.where((np.arange(1000) > 500) & (np.arange(1000) < 510), 40.0, 230.0)
    curve = Curve(("t", "s"), ("u", "pu"), ((10.0, 0.0), (10.2, 0.0), (11.0, 0.85), (60.0, 0.85)))
    drawn = picture(recording(u1=("V", dip)), seen(10.0, curve=curve))
    (envelope,) = having(drawn, "pl-envelope")
    points = [tuple(map(float, one.split(","))) for one in (envelope.get("points") or "").split()]
    assert [x for x, _ in points] == pytest.approx([460, 460 + 7.92, 460 + 39.6, 856], abs=0.2)
    ticks = {one.text: float(one.get("y", "0")) for one in having(drawn, "pl-tick pl-y")}
    volt = (ticks["100"] - ticks["200"]) / 100
    assert points[-1][1] == pytest.approx(ticks["200"] + volt * (200 - 0.85 * 230), abs=0.3)


def test_an_envelope_with_a_tolerance_has_a_band() -> None:
    curve = Curve(("t", "s"), ("export", "W"), ((1.0, 5000.0), (19.0, 6000.0)), 300.0)
    assert having(picture(recording(), seen(1.0, curve=curve)), "pl-tolerance")


def test_a_gap_in_the_frequency_is_a_gap_in_the_line(grid_synthetic: ModuleType, synthetic: ModuleType) -> None:
    def gone(t: np.ndarray) -> list[np.ndarray]:
        return [np.where((t > 1) & (t < 1.5), 0.0, 230.0)] * 3

    content = grid_synthetic.waveform(3.0, 10_000.0, gone, lambda t: np.full(len(t), 5000.0))
    tracks = Tracks(content, DECLARED).chosen([seen(limit=Limit("Hz", high=51))])
    frequency = next(track for track in tracks if track.quantity.key == "f")
    drawn = ET.fromstring(draw(Stack("t", (0.0, 3.0), (frequency,), (), ()), "p"))  # noqa: S314 # our own output
    (line,) = having(drawn, "pl-line pl-line-1")
    assert line.get("d", "").count("M") == 2


def test_a_switch_that_opens_is_shown_and_one_that_stays_is_not() -> None:
    opens = np.where(np.arange(1000) < 500, 1.0, 0.0)
    drawn = picture(recording(s1=("", opens), cease=("", np.zeros(1000))))
    assert "Island switch closed" in words(drawn)
    assert "Cease input" not in words(drawn)


def test_flat_quantities_are_not_blown_up() -> None:
    noise = 50 + np.random.default_rng(1).normal(0, 0.0005, 1000)
    drawn = picture(recording(f=("Hz", noise)), seen(1.0, limit=Limit("Hz", high=50.01)))
    (line,) = having(drawn, "pl-line pl-line-1")
    assert len(line.get("d", "")) < 5000
    ticks = [float(one.text or "nan") for one in having(drawn, "pl-tick pl-y") if re.match(r"\d", one.text or "")]
    assert max(ticks) - min(ticks) >= 0.049  # about 0.1 Hz are shown


def test_uncertainty_is_drawn_where_it_can_be_seen() -> None:
    content = recording(f=("Hz", ramp()))
    doubt = replace(content.channels["f"], uncertainty=type(content.channels["f"].uncertainty)(floor=0.2))
    assert having(picture(replace(content, channels={**content.channels, "f": doubt})), "pl-band")
    assert not having(picture(content), "pl-band")


# --- enlargements -----------------------------------------------------------------------------------------------------


def marks(*instants: tuple[float, ...], fails: Sequence[int] = ()) -> list[Judged]:
    observations = [
        seen(*one, verdict=Verdict.FAIL if number in fails else Verdict.PASS) for number, one in enumerate(instants)
    ]
    return judged(merge(observations), "C")


def test_a_short_event_of_a_long_recording_is_enlarged() -> None:
    ((since, until),) = details(marks((0.0, 60.0), (30.0, 30.2)), (0.0, 60.0), 0.005)
    assert 29 < since < 30
    assert 30.2 < until < 31.2


def test_what_can_be_read_as_it_is_is_not_enlarged() -> None:
    assert details(marks((0.0, 60.0), (20.0, 30.0)), (0.0, 60.0), 0.005) == []


def test_events_side_by_side_share_an_enlargement_and_the_failed_one_comes_first() -> None:
    found = details(marks((10.0,), (10.3, 10.5), (50.0,), fails=[2]), (0.0, 60.0), 0.005)
    assert len(found) == 2
    assert found[0][0] < 50 < found[0][1]
    assert found[1][0] < 10
    assert found[1][1] > 10.5


def test_instants_outside_or_without_a_number_are_no_event() -> None:
    assert details(marks((float("nan"),), (float("inf"),), (-5.0,), (900.0,)), (0.0, 60.0), 0.005) == []


# --- in the report ----------------------------------------------------------------------------------------------------


def article(html: str, topic: str) -> str:
    return next(one for one in re.findall(r"<article.*?</article>", html, re.DOTALL) if f'id="CHG-GRI-{topic}"' in one)


def test_every_case_has_its_plots_and_they_are_small(grid_html: str) -> None:
    for topic in ("UVRT-01", "LFSMO-02", "FREQ-03", "ISLAND-04"):
        drawn = re.findall(r'<svg class="plot.*?</svg>', article(grid_html, topic), re.DOTALL)
        assert drawn
        assert sum(map(len, drawn)) < 60_000
        for one in drawn:
            ET.fromstring(one)  # noqa: S314 # our own output


def test_the_dip_shows_phases_envelope_limits_and_its_enlargement(grid_html: str) -> None:
    case = article(grid_html, "UVRT-01")
    for fact in ("Voltage / V", "P to the grid / kW", ">L2</text>", "pl-envelope", "≥ 9.9 kW", "≤ 1.1 In", "Enlarged:"):
        assert fact in case
    assert "virtual analyser &lt;A&gt;: instantaneous values, 5000 values a second, 6 s." in case


def test_the_staircase_shows_its_characteristic(grid_html: str) -> None:
    case = article(grid_html, "LFSMO-02")
    assert case.count('class="pt pt-pass"') == 6
    assert case.count('class="pt pt-fail"') == 1
    assert case.count('class="pt pt-inconc"') == 1
    assert "kW</text>" not in case.split("Recording")[1]  # 16 limits: their numbers stand in the table


def test_the_checks_lead_to_the_recording_and_back(grid_html: str, grid_page: Any) -> None:
    case = article(grid_html, "UVRT-01")
    assert 'href="#CHG-GRI-UVRT-01-s0">0</a>' in case
    assert '<a class="mk mk-fail" href="#CHG-GRI-UVRT-01-c2">' in case
    assert len(grid_page.ids) == len(set(grid_page.ids))
    assert {link[1:] for link in grid_page.links if link.startswith("#")} <= set(grid_page.ids)


def test_the_samples_are_listed_as_evidence(grid_html: str, grid_run: Path, grid_page: Any) -> None:
    assert {"samples/CHG-GRI-UVRT-01-0.cfg", "samples/CHG-GRI-UVRT-01-0.dat"} <= set(grid_page.links)
    assert all((grid_run / link).is_file() for link in grid_page.links if not link.startswith("#"))


def test_the_same_run_gives_the_same_drawings(grid_run: Path, fixtures: Path, grid_html: str) -> None:
    assert render(grid_run, fixtures) == grid_html


def sentences(html: str, topic: str = "UVRT-01") -> list[str]:
    return re.findall(r'<p class="muted">(No plots: .*?)</p>', article(html, topic))


@pytest.mark.parametrize("suffix", ["cfg", "dat"])
def test_altered_samples_are_said_and_not_drawn(grid_run: Path, fixtures: Path, tmp_path: Path, suffix: str) -> None:
    copy = shutil.copytree(grid_run, tmp_path / "run")
    file = copy / "samples" / f"CHG-GRI-UVRT-01-0.{suffix}"
    octets = bytearray(file.read_bytes())
    octets[-3] ^= 1
    file.write_bytes(bytes(octets))
    html = render(copy, fixtures)
    assert sentences(html) == [
        f"No plots: samples/CHG-GRI-UVRT-01-0.{suffix} is not the file that the run wrote: its hash differs."
    ]
    assert '<svg class="plot grid-plot"' not in article(html, "UVRT-01")
    assert '<svg class="plot grid-plot"' in article(html, "ISLAND-04")


def test_missing_samples_are_said(grid_run: Path, fixtures: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(grid_run, tmp_path / "run")
    (copy / "samples" / "CHG-GRI-LFSMO-02-0.dat").unlink()
    html = render(copy, fixtures)
    assert sentences(html, "LFSMO-02") == ["No plots: samples/CHG-GRI-LFSMO-02-0.dat: No such file or directory."]
    assert 'class="plot xy-plot"' in article(html, "LFSMO-02")  # the characteristic is in run.json
    assert '<b class="missing">missing</b>' in article(html, "LFSMO-02")


@pytest.mark.parametrize(
    "change",
    [
        {"file": "../../etc/passwd.cfg"},
        {"file": "samples/\x00.cfg"},
        {"file": 7},
        {"sha256": {}},
        {"sha256": None},
        {"content": "dreams"},
        {"rate": 0},
        {"channels": [{"name": "u1"}]},
        {"channels": []},
        {"start": "soon"},
    ],
)
def test_a_forged_entry_costs_the_plots_alone(grid_run: Path, tmp_path: Path, change: dict[str, Any]) -> None:
    copy = shutil.copytree(grid_run, tmp_path / "run")
    trace = copy / "traces" / "CHG-GRI-UVRT-01.jsonl"
    header, line = trace.read_text().splitlines()
    trace.write_text(f"{header}\n{json.dumps({**json.loads(line), **change})}\n")
    stored = read_run(copy)
    case = case_view(stored, stored.record.cases[0])
    ((sentence,),) = (one.missing for one in case.recordings)
    assert sentence.startswith("No plots: ")
    assert len(case.checks) == 3


def test_a_broken_waveform_is_drawn_as_far_as_it_goes(
    synthetic: ModuleType, grid_synthetic: ModuleType, tmp_path: Path
) -> None:
    made = grid_synthetic.dip(synthetic, 4.0, 5000.0)
    channels = {name: one for name, one in made.recording.channels.items() if name != "i2"}
    made = replace(made, recording=replace(made.recording, channels=channels))
    grid_synthetic.write_run(synthetic, tmp_path, [made], grid_synthetic.declared())
    stored = read_run(tmp_path)
    (drawn,) = case_view(stored, stored.record.cases[0]).recordings
    assert "Voltage / V" in drawn.overview
    assert "P to the grid" not in drawn.overview
    (sentence,) = (one for one in drawn.missing if "P to the grid" in one)
    assert "i2" in sentence


_WITHOUT_NUMPY = """
import sys
sys.modules["numpy"] = None
from pathlib import Path
from v2gready.report.html import render
sys.stdout.buffer.write(render(Path(sys.argv[1]), Path(sys.argv[2])).encode())
"""


def test_without_numpy_everything_else_is_there(grid_run: Path, fixtures: Path, grid_html: str) -> None:
    command = [sys.executable, "-c", _WITHOUT_NUMPY, str(grid_run), str(fixtures)]
    html = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    assert sentences(html) == ["No plots: NumPy is not installed here (pip install &#39;v2gready[grid]&#39;)."]
    assert 'class="plot xy-plot"' in article(html, "LFSMO-02")
    plots = re.compile(r"(?<=<h4>Recording</h4></summary>).*?</details>", re.DOTALL)
    assert plots.sub("", html) == plots.sub("", grid_html)
