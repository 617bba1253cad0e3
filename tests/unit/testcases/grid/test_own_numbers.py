"""What no code sets is the harness's own, and says so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from v2gready.authoring.grid.own_numbers import GRADIENT, OWN_NUMBERS, QUIET
from v2gready.engine.grid_settings import load_code
from v2gready.model.measurement import Limit, Provenance, weaker
from v2gready.model.observation import Observation
from v2gready.model.verdict import Verdict
from v2gready.report.gridcode import _tag_of

CODE = load_code("de-4105-2018")


def observed(limit: Limit) -> Observation:
    return Observation(
        requirement="R", expected="", seen="", verdict=Verdict.PASS, limit=limit, provenance=limit.provenance
    )


@pytest.mark.parametrize(
    ("tag", "provenance", "told"),
    [("S", Provenance.HARNESS, "H"), ("S2", Provenance.HARNESS, "H"), ("u", Provenance.UNCONFIRMED, "u")],
)
def test_alone_it_is_firm_unless_the_stimulus_rests_on_what_is_unconfirmed(
    tag: str, provenance: Provenance, told: str
) -> None:
    played = replace(CODE["lfsmo_threshold"], tag=tag)
    code = replace(CODE, parameters={**CODE.parameters, "lfsmo_threshold": played})
    limit = QUIET.limit("W", high=200.0, code=code, played=played)
    assert limit.provenance is provenance
    assert limit.source.startswith("the harness's own choice: 2 % of rated power count as no response [H]")
    assert _tag_of(observed(limit)) == told
    assert observed(limit).indicative is (tag == "u")


@pytest.mark.parametrize(
    ("of_code", "together"),
    [
        (Provenance.CONFIRMED, Provenance.HARNESS),
        (Provenance.SECONDARY, Provenance.SECONDARY),
        (Provenance.UNCONFIRMED, Provenance.UNCONFIRMED),
    ],
)
def test_on_a_number_of_the_code_the_weaker_counts(of_code: Provenance, together: Provenance) -> None:
    limit = GRADIENT.on(Limit("W/s", high=1.1, provenance=of_code, source="EN 50549-1 [S2]"))
    assert limit.provenance is together
    assert limit.source == ("with the harness's own choice, 10 % tolerance of a gradient [H], on EN 50549-1 [S2]")
    assert _tag_of(observed(limit)) == "S2"


def test_the_weakest_counts() -> None:
    assert weaker(Provenance.HARNESS, Provenance.CONFIRMED) is Provenance.HARNESS
    assert weaker(Provenance.HARNESS, Provenance.SECONDARY) is Provenance.SECONDARY


def test_every_number_is_listed_for_readers() -> None:
    listed = Path(__file__).parents[4].joinpath("docs/grid-profiles.md").read_text(encoding="utf-8")
    section = listed.partition("## Numbers that no code sets")[2].partition("\n## ")[0]
    figures = {one.says.split(" %")[0].split()[-1] if "%" in one.says else f"{one.value:g}" for one in OWN_NUMBERS}
    assert figures
    assert all(figure in section for figure in figures)
