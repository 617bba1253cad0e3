"""Lines of commands: numbers always arrive as the instrument reads them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.bench.grid.conftest import simulator_commands
from v2gready.bench.grid.listmode import Level, Row
from v2gready.bench.grid.simulator import list_fields
from v2gready.bench.grid.templates import Template, TemplateError, decimal, same_values

NUMBER = re.compile(r"-?\d+\.\d+|\d+|MAX|A")


@given(st.floats(-1e6, 1e6), st.integers(1, 6))
def test_a_number_is_fixed_point_and_near(value: float, decimals: int) -> None:
    text = decimal(value, decimals)
    assert re.fullmatch(r"-?\d+\.\d+", text)
    assert abs(float(text) - value) <= 0.5000001 * 10**-decimals + 1e-9
    assert not (text.startswith("-") and float(text) == 0)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_what_is_no_number_never_reaches_an_instrument(value: float) -> None:
    with pytest.raises(TemplateError):
        decimal(value, 2)


@pytest.mark.parametrize("text", ["volt {u:.2f}", "volt {u!r}", "volt {}", "volt {0}", "volt {u.real}", "volt {u"])
def test_a_template_has_names_alone(text: str) -> None:
    with pytest.raises(TemplateError):
        Template.parse(text)


def test_a_missing_field_is_named() -> None:
    with pytest.raises(TemplateError, match="needs u"):
        Template.parse("volt {u}").fill({"f": "50"})


@pytest.mark.parametrize("name", ["ametek-ci", "chroma-61845", "pacific-upc"])
@given(
    f=st.floats(20, 100),
    u=st.floats(0, 300),
    seconds=st.floats(1e-3, 5400),
    change=st.floats(-1e-3, 1e-3),
)
def test_a_list_holds_numbers_and_commas_and_nothing_that_python_prints(
    name: str, f: float, u: float, seconds: float, change: float
) -> None:
    """A public driver made its lists by adding text and floats: 1e-05 among them, and a missing comma."""
    commands = simulator_commands(name)
    rows = tuple(Row(seconds, Level(f, (u, u, u)), Level(f + change, (u, u, u))) for _ in range(3))
    for column in list_fields(commands, rows, commands.header.options).values():
        items = column.split(",")
        assert all(NUMBER.fullmatch(item) or re.fullmatch(r"[A-Z]+\d?", item) for item in items), column


def test_a_slew_rate_is_rounded_so_that_the_value_arrives() -> None:
    commands = simulator_commands("ametek-ci")
    row = Row(1800.0, Level(50.0), Level(50.0, (230.0, 230.0, 253.0)))
    columns = list_fields(commands, (row,), {})
    assert columns["voltage1_slew"] == "MAX"
    assert float(columns["voltage3_slew"]) * 1800.0 >= 23.0
    assert columns["frequency_slew"] == "MAX"


@pytest.mark.parametrize(
    ("expected", "answer", "same"),
    [
        ("1.000,2.000,MAX", "1.0,2.0004,max", True),
        ("1.000,2.000", "1.0,2.01", False),
        ("1.000,2.000", "1.0", False),
        ("1.000", "MAX", False),
        ("U,1", "U,1", True),
        ("1.0", "", False),
        ("1.0", "nan", False),
    ],
)
def test_a_read_back_is_compared_value_by_value(expected: str, answer: str, same: bool) -> None:
    assert same_values(expected, answer, 0.0005) is same
