"""Which cases run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from v2gready.engine.preflight import prepare
from v2gready.engine.selection import Selector, select
from v2gready.model.case import CaseInfo
from v2gready.model.dut import ConfigurationError
from v2gready.model.verdict import Lifecycle


def info(case_id: str = "CHG-SDP-TLS-01", **changes: object) -> CaseInfo:
    values: dict[str, object] = {
        "id": case_id,
        "role": "charger",
        "area": "sdp",
        "title": "t",
        "purpose": "p",
        "requirements": ("V2G2-626",),
        "pics": "",
        "weight": "required",
        "faults": {"f": "V2G2-626"},
        "hooks": (),
        "instruments": (),
        "aliases": ("SDP-S-1",),
    }
    return CaseInfo(**{**values, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", True),
        ("sdp", True),
        ("tls", False),
        ("CHG-SDP-*", True),
        ("chg-sdp-tls-01", True),
        ("SDP-S-1", True),
        ("V2G2-626", True),
        ("charger and not sdp", False),
        ("tls or (sdp and required)", True),
        ("not (tls or v2gtp)", True),
    ],
)
def test_expressions(text: str, wanted: bool) -> None:
    assert Selector(text).matches(info()) is wanted


@pytest.mark.parametrize("text", ["sdp and", "or sdp", "(sdp", "sdp tls", "sdp)", "not", "sdp & tls"])
def test_what_is_no_expression_is_told(text: str) -> None:
    with pytest.raises(ConfigurationError, match="--select"):
        Selector(text)


@dataclass(frozen=True)
class Bench:
    hooks: tuple[str, ...] = ("stop",)
    instruments: tuple[str, ...] = ()
    code: str = "code X"
    parameters: tuple[str, ...] = ("rocof",)


def choose(dut_file: Callable[..., Path], case: CaseInfo, selector: str = "") -> tuple[Lifecycle, str]:
    dut = prepare(dut_file(("pause = true", "pause = false"))).dut
    (one,) = select([case], dut, Selector(selector), {"ev": Bench()})
    return one.lifecycle, one.reason


def test_pics_decide_what_applies(dut_file: Callable[..., Path]) -> None:
    assert choose(dut_file, info(pics="dc"))[0] is Lifecycle.NOT_RUN
    assert choose(dut_file, info(pics="dc and pause")) == (
        Lifecycle.NOT_APPLICABLE,
        "PICS: dc and pause does not hold",
    )


def test_what_the_bench_lacks_is_not_run_rather_than_not_applicable(dut_file: Callable[..., Path]) -> None:
    assert choose(dut_file, info(hooks=("stop",))) == (Lifecycle.NOT_RUN, "")
    assert choose(dut_file, info(hooks=("set_power",))) == (Lifecycle.NOT_RUN, "the DUT file has no hook set_power")
    assert choose(dut_file, info(instruments=("dc_meter",))) == (Lifecycle.NOT_RUN, "the bench has no dc_meter")
    assert choose(dut_file, info(), "tls") == (Lifecycle.NOT_RUN, "not selected by 'tls'")


def test_a_neighbour_without_an_interface_is_not_run(dut_file: Callable[..., Path]) -> None:
    reason = "the DUT file names no interface for the grid"
    assert choose(dut_file, info(neighbour="grid", pics="v2x")) == (Lifecycle.NOT_RUN, reason)


def test_what_the_grid_code_does_not_ask_is_not_applicable(dut_file: Callable[..., Path]) -> None:
    assert choose(dut_file, info(parameters=("rocof",))) == (Lifecycle.NOT_RUN, "")
    assert choose(dut_file, info(parameters=("rocof", "uvrt"))) == (
        Lifecycle.NOT_APPLICABLE,
        "code X says nothing on uvrt",
    )


def test_an_unanswered_question_stops_everything(dut_file: Callable[..., Path]) -> None:
    with pytest.raises(ConfigurationError, match="pics.v2x: no answer, CHG-SDP-TLS-01 depends on it"):
        choose(dut_file, info(pics="v2x and dc"))
