"""Sequence diagrams and plots are well-formed SVG that shows what it should."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from markupsafe import Markup

from v2gready.model.measurement import Limit
from v2gready.model.trace import Event, Frame, Sample
from v2gready.report.plot import plot
from v2gready.report.sequence import ROWS_PER_PIECE, cast, sequence
from v2gready.report.text import TIMES
from v2gready.report.timeline import Folded, Gap, Mark, Shown, Step


def frame(index: int, sender: str, message: object, link: str = "tcp-1") -> Frame:
    return Frame(index=index, t=index / 10, link=link, protocol="v2gtp", sender=sender, raw=b"", message=message)


def draw(*steps: Step) -> list[ET.Element]:
    pieces = sequence(steps, "ev", "charger", lambda index: f"r{index}", 'A "diagram" <of> it')
    return [ET.fromstring(f"<svg xmlns:x='y'>{piece}</svg>") for piece in pieces]  # noqa: S314 # our own output


def words(element: ET.Element) -> str:
    return " ".join("".join(element.itertext()).split())


def test_an_arrow_names_message_code_and_time_and_leads_to_its_frame() -> None:
    (piece,) = draw(Shown(frame(12, "charger", {"SetupRes": {"ResponseCode": "OK"}}), ()))
    assert "SetupRes OK" in words(piece)
    assert "1.200" in words(piece)
    assert [link.get("href") for link in piece.iter("a")] == ["#r12"]


def test_a_judged_arrow_shows_glyph_and_requirement() -> None:
    marks = (Mark(1, "R-1", "pass"), Mark(2, "R-<2>", "fail"))
    (piece,) = draw(Shown(frame(0, "charger", None), marks))
    assert "✕" in words(piece)
    assert "R-<2> +1" in words(piece)
    assert "undecodable v2gtp frame" in words(piece)
    assert any(group.get("class") == "sq-fail sq-broken" for group in piece.iter("g"))


def test_events_silence_and_folds() -> None:
    first, last = frame(3, "ev", {"LoopReq": {}}), frame(9, "charger", {"LoopRes": {}})
    (piece,) = draw(
        Shown(Event(index=0, t=0, kind="phase", source="harness", detail={"text": "plug <in>"}), ()),
        Shown(Event(index=1, t=0, kind="closed", source="charger", detail={"how": "fin"}), (Mark(1, "R", "inconc"),)),
        Gap(59.5, 0.0),
        Folded((first, last), 40, ("LoopReq", "LoopRes")),
        Folded((first, last), 0, ("Fuzz",)),
    )
    text = words(piece)
    for expected in ("plug <in>", "closed: how fin", "59.5 s of silence", f"LoopReq ⇄ LoopRes {TIMES} 40", "2 records"):
        assert expected in text


def test_long_diagrams_are_cut_for_paper_and_heads_repeated() -> None:
    pieces = draw(*(Shown(frame(n, "ev", {"A": {}}), ()) for n in range(ROWS_PER_PIECE * 2 + 1)))
    assert len(pieces) == 2  # the leftover joins the second
    assert all("charger" in words(piece) for piece in pieces)
    assert draw() == []


def test_other_roles_get_a_lifeline_and_frames_go_to_the_other_one_on_the_link() -> None:
    to_csms, answer = frame(0, "charger", {"Boot": {}}, "ws-1"), frame(1, "csms", {"BootRes": {}}, "ws-1")
    alone = frame(2, "charger", {"X": {}}, "tcp-1")
    roles = cast([Shown(one, ()) for one in (to_csms, answer, alone)], "ev", "charger")
    assert list(roles.lifelines) == ["ev", "charger", "csms"]
    assert roles.receiver(to_csms) == "csms"
    assert roles.receiver(alone) == "ev"


def samples(*values: float, unit: str = "V", uncertainty: float = 0.1) -> list[Sample]:
    return [
        Sample(index=n, t=n * 0.5, channel="dc.<voltage>", value=value, unit=unit, uncertainty=uncertainty)
        for n, value in enumerate(values)
    ]


def svg(drawn: Markup) -> ET.Element:
    return ET.fromstring(drawn)  # noqa: S314 # our own output


def test_a_plot_has_axes_band_limits_and_judged_samples() -> None:
    drawn = svg(plot(samples(400, 401, 399), (0, 2), {1}, [Limit("V", low=395, high=405)], "p"))
    classes = [element.get("class") for element in drawn.iter()]
    assert classes.count("pl-limit") == 2
    assert classes.count("pl-judged") == 1
    assert "pl-band" in classes
    assert "dc.<voltage> / V" in words(drawn)
    assert "limit 405 V" in words(drawn)


@pytest.mark.parametrize("values", [(5.0, 5.0), (1e-9, 2e-9), (-1e9, 1e9)])
def test_any_span_can_be_drawn(values: tuple[float, ...]) -> None:
    svg(plot(samples(*values, uncertainty=0.0), (0, 1), set(), [], "p"))


def test_many_samples_are_thinned_and_keep_their_peak() -> None:
    values = [0.0] * 50_000
    values[31_415] = 7.5
    drawn = svg(plot(samples(*values), (0, 25_000), set(), [], "p"))
    line = next(element for element in drawn.iter() if element.get("class") == "pl-line")
    points = (line.get("points") or "").split()
    assert len(points) < 1300
    highest = min(float(point.split(",")[1]) for point in points)
    assert sum(float(point.split(",")[1]) == highest for point in points) == 1


def test_a_channel_without_a_finite_value_says_so() -> None:
    assert "no finite sample" in plot(samples(float("nan"), float("inf")), (0, 1), set(), [], "p")


def test_a_single_sample_is_said_in_words() -> None:
    assert plot(samples(float("nan"), 230.5), (0, 1), set(), [], "p").endswith(
        "dc.&lt;voltage&gt;: 230.5 V at 0.500 s</p>"
    )
