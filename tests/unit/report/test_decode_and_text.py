"""Frames and strings as a reader meets them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2gready.report import text
from v2gready.report.decode import hexdump, tree


def test_the_tree_is_indented_and_escaped() -> None:
    message = {"Req": {"EVSEID": "<b>&", "List": [{"A": 1}, True], "Empty": {}, "None": None}}
    lines = str(tree(message, 80)).split("\n")
    assert lines == [
        "<b>Req</b>",
        "  <b>EVSEID</b> &lt;b&gt;&amp;",
        "  <b>List</b>",
        "    <b>[0]</b>",
        "      <b>A</b> 1",
        "    <b>[1]</b> true",
        "  <b>Empty</b> (empty)",
        "  <b>None</b> (empty)",
    ]


@pytest.mark.parametrize(
    ("exponent", "value", "expected"),
    [(-1, 4012, "401.2"), (3, 11, "11000"), (0, -5, "-5"), (-3, 1, "0.001"), (30, 2, "2.000000E+30")],
)
def test_rational_numbers(exponent: int, value: int, expected: str) -> None:
    drawn = str(tree({"P": {"Exponent": exponent, "Value": value}}, 80))
    assert drawn == f"<b>P</b> {expected} <i>= {value} {text.TIMES} 10<sup>{exponent}</sup></i>"


@pytest.mark.parametrize("value", [{"Exponent": 1, "Value": "x"}, {"Exponent": 10**9, "Value": 1}, {"Exponent": 1}])
def test_what_only_looks_like_a_rational_number_stays_a_tree(value: dict[str, object]) -> None:
    assert "<b>Exponent</b>" in tree({"P": value}, 80)


def test_long_values_and_long_trees_are_cut() -> None:
    assert tree({"A": "x" * 500}, 20).endswith("x…")
    assert tree({str(n): n for n in range(2000)}, 20).count("\n") == 300


def test_the_dump_shows_offset_octets_and_ascii() -> None:
    assert str(hexdump(b"\x01\xfeEVSE<script>\x00\x7f!", 64)).split("\n") == [
        "0000  01 fe 45 56 53 45 3c 73  63 72 69 70 74 3e 00 7f  ..EVSE&lt;script&gt;..",
        "0010  21                                                !",
    ]
    assert hexdump(bytes(100), 20).count("\n") == 1
    assert hexdump(b"", 20) == ""


XML_FORBIDS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@given(st.text(st.characters()))
def test_visible_text_can_stand_in_xml_and_be_encoded(value: str) -> None:
    seen = text.visible(value)
    assert not XML_FORBIDS.search(seen)
    seen.encode()
    assert "\n" not in text.one_line(value)


def test_visible_keeps_what_can_be_seen() -> None:
    assert text.visible("Köln, 5 µs\n\t") == "Köln, 5 µs\n\t"
    assert text.visible("\x1b[0m\u202e\U000e0041") == "\\x1b[0m\\u202e\\U000e0041"


@given(st.text(), st.text())
def test_different_ids_have_different_anchors(one: str, other: str) -> None:
    assert re.fullmatch(r"x-[A-Za-z0-9._-]*", text.anchor("x", one))
    assert (text.anchor("x", one) == text.anchor("x", other)) == (one == other)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.0005, "0.5 ms"), (0.999, "999 ms"), (59.5, "59.5 s"), (150, "2 min 30 s"), (7260, "2 h 01 min")],
)
def test_spans(seconds: float, expected: str) -> None:
    assert text.span(seconds) == expected


def test_stamps() -> None:
    assert text.utc("2026-11-21T10:00:00+01:00") == "2026-11-21 09:00:00 UTC"
    assert text.utc("some day") == "some day"


def test_listed_and_plural() -> None:
    assert text.listed(range(8)) == "0, 1, 2, 3, 4, 5 and 2 more"
    assert text.plural(1, "frame") == "1 frame"
    assert text.plural(1234, "frame") == "1\u202f234 frames"


def test_sentences() -> None:
    texts = text.Texts({"a": {"b": "{x} of {y}"}})
    assert texts("a.b", x="{y}", y=2) == "{y} of 2"
    with pytest.raises(KeyError):
        texts("a")
    with pytest.raises(KeyError):
        texts("a.b", x=1)
