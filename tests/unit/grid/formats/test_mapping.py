"""The mapping file: everything wrong with it at once, and what it does to the numbers."""

from __future__ import annotations

import tomllib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2gready.grid.formats import mapping as mappings
from v2gready.grid.formats import units
from v2gready.grid.formats.errors import RecordingError
from v2gready.grid.formats.source import Column, Source, distinct
from v2gready.grid.recording import Kind, Uncertainty
from v2gready.model.dut import ConfigurationError

GOOD = """
kind = "waveform"
current_positive = "to_grid"
title = "WT3000, lab 4"
time_uncertainty = 1e-4
[channels.u1]
source = "UL1"
scale = 2
offset = 1
uncertainty_floor = 0.1
uncertainty_share = 0.001
[channels.i1]
source = "IL1"
unit = "mA"
[channels.i2]
source = "IL1"
sign = -1
unit = "A"
[channels]
s1 = "S1"
"""


def source(**columns: Column) -> Source:
    x = np.array([1.0, -2.0, 4.0])
    standard = {"UL1": Column("kV", x), "IL1": Column("", x), "S1": Column("", np.array([1.0, 1.0, 0.0]), digital=True)}
    return Source("rec.csv", 10_000.0, standard | columns, start=0.5)


def parsed(text: str) -> mappings.RecordingMap:
    return mappings.parse_mapping(tomllib.loads(text), "map.toml")


def test_values_units_signs_and_direction() -> None:
    recording = mappings.apply(parsed(GOOD.replace("[channels]\ns1", "[channels.s1]\nsource")), source())
    assert recording.kind is Kind.WAVEFORM
    assert (recording.start, recording.rate, recording.time_uncertainty) == (0.5, 10_000.0, 1e-4)
    assert recording.source == "WT3000, lab 4"
    assert recording.values("u1") == pytest.approx([3000, -3000, 9000])
    assert recording.values("i1") == pytest.approx([-1e-3, 2e-3, -4e-3])
    assert recording.values("i2") == pytest.approx([1, -2, 4])
    assert recording.values("s1").tolist() == [1, 1, 0]
    assert recording.channels["u1"].uncertainty == Uncertainty(0.1, 0.001)
    assert [recording.channels[name].unit for name in ("u1", "i1", "s1")] == ["V", "A", ""]
    assert recording.channels["u1"].values.dtype == np.float32


def test_the_direction_turns_what_has_one_and_nothing_else() -> None:
    text = 'kind = "quantities"\ncurrent_positive = "to_grid"\n[channels]\n'
    text += "\n".join(f'{name} = "x"' for name in ("u1", "i1", "f", "p", "q", "u_pos"))
    recording = mappings.apply(parsed(text), Source("x.csv", 10.0, {"x": Column("", np.array([5.0]))}))
    assert {name: recording.values(name)[0] for name in recording.channels} == {
        "u1": 5,
        "i1": 5,
        "f": 5,
        "p": -5,
        "q": -5,
        "u_pos": 5,
    }


def problems(text: str) -> dict[str, str]:
    with pytest.raises(ConfigurationError) as caught:
        parsed(text)
    assert caught.value.source == "map.toml"
    return {problem.key: str(problem) for problem in caught.value.problems}


def test_every_problem_is_named_at_once() -> None:
    found = problems(
        """
colour = "blue"
kind = "wave"
current_positive = "up"
rate = -5
time_unit = "h"
separator = ";"
decimal = ";"
skip = -1
segment = 0
time_uncertainty = "small"
title = 7
[channels.u9]
source = "x"
[channels.u1]
unit = "A"
scale = 0
sign = 2
uncertainty_floor = -1
gain = 3
[channels.u2]
source = 5
offset = nan
"""
    )
    assert set(found) >= {
        "colour",
        "kind",
        "current_positive",
        "rate",
        "time_unit",
        "decimal",
        "skip",
        "segment",
        "time_uncertainty",
        "title",
        "channels.u9",
        "channels.u1.source",
        "channels.u1.unit",
        "channels.u1.scale",
        "channels.u1.sign",
        "channels.u1.uncertainty_floor",
        "channels.u1.gain",
        "channels.u2.source",
        "channels.u2.offset",
    }
    assert all(";" in text for text in found.values())


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("", "kind"),
        ('kind = "waveform"', "channels"),
        ('kind = "waveform"\nchannels = 5', "channels"),
        ('kind = "waveform"\n[channels]\ni1 = "x"', "current_positive"),
        ('kind = "quantities"\n[channels]\np = "x"', "current_positive"),
        ('kind = "waveform"\n[channels]\nf = "x"', "channels.f"),
        ('kind = "waveform"\n[channels]\nu1 = 5', "channels.u1"),
        ('kind = "waveform"\nrate_override = true\n[channels]\nu1 = "x"', "rate_override"),
        ('kind = "waveform"\nrate_override = "yes"\nrate = 5\n[channels]\nu1 = "x"', "rate_override"),
    ],
)
def test_what_must_be_said(text: str, key: str) -> None:
    assert key in problems(text)


def test_a_voltage_alone_needs_no_direction() -> None:
    assert parsed('kind = "waveform"\n[channels]\nu1 = "x"').current_positive == "into_device"


def test_what_does_not_fit_the_file_is_named_at_once() -> None:
    text = 'kind = "waveform"\nrate = 5000\n[channels]\nu1 = "UL1"\nu2 = "nowhere"\nu3 = "amps"'
    with pytest.raises(ConfigurationError) as caught:
        mappings.apply(parsed(text), source(amps=Column("A", np.zeros(3))))
    assert [problem.key for problem in caught.value.problems] == ["rate", "channels.u2.source", "channels.u3.unit"]
    assert "choose from UL1, IL1, S1, amps" in str(caught.value)


def test_our_names_need_no_mapping() -> None:
    x = np.zeros(3)
    waveform = Source("a.csv", 10_000.0, {"U1": Column("kV", x + 1), "i1": Column("", x), "other": Column("", x)})
    recording = mappings.apply(mappings.automatic(waveform), waveform)
    assert (recording.kind, set(recording.channels)) == (Kind.WAVEFORM, {"u1", "i1"})
    assert recording.values("u1")[0] == 1000
    slow = Source("a.csv", 50.0, {"u1": Column("", x), "f": Column("", x)})
    assert mappings.automatic(slow).kind is Kind.QUANTITIES
    with pytest.raises(RecordingError, match="may be a waveform or an RMS value"):
        mappings.automatic(Source("a.csv", 50.0, {"u1": Column("", x)}))
    with pytest.raises(RecordingError, match="the file has VL1; write a mapping file"):
        mappings.automatic(Source("a.csv", 50.0, {"VL1": Column("", x)}))


def test_the_template_is_a_mapping_file_that_wants_its_blanks_filled() -> None:
    text = mappings.template(source())
    assert "#   UL1  [kV]" in text
    assert "#   S1  (digital)" in text
    document = tomllib.loads(text)
    document["channels"]["u1"]["source"] = "UL1"
    assert mappings.apply(mappings.parse_mapping(document, "map.toml"), source()).has("u1")
    assert "10000" in text


@pytest.mark.parametrize(
    ("written", "unit", "expected"),
    [
        ("V", "V", 1.0),
        ("kV", "V", 1e3),
        ("mV", "V", 1e-3),
        ("Vrms", "V", 1.0),
        ("kVA", "V", None),
        ("MW", "W", 1e6),
        ("mW", "W", 1e-3),
        ("kvar", "var", 1e3),
        ("kVAr", "var", 1e3),
        ("mHz", "Hz", 1e-3),
        ("amps", "A", 1.0),
        ("ampere", "A", 1.0),
        ("volt", "V", 1.0),
        ("A", "V", None),
        ("", "V", None),
    ],
)
def test_units(written: str, unit: str, expected: float | None) -> None:
    assert units.factor(written, unit) == expected


@given(st.lists(st.sampled_from(["a", "b", "c"])))
def test_names_become_distinct(names: list[str]) -> None:
    told = distinct(names)
    assert len(set(told)) == len(names)
    assert [one.partition("#")[0] for one in told] == names
