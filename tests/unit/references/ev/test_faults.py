"""The catalogue of faults: each has a name and a sentence, and makes the car behave differently."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.unit.references.ev.rig import rig, virtually
from tests.unit.references.ev.scenarios import SCENARIOS
from v2gready.references.ev import REFERENCE, Effect
from v2gready.references.ev.faults import AREAS, CATALOGUE

ELSEWHERE = {
    *(name for name, kind in CATALOGUE.items() if kind.__module__.endswith((".pnc", ".tls"))),
    "tampered-prices-believed",
} - {"tls-no-client-certificate", "tls-left-out"}
"""Their scenarios are in test_chain.py and test_plug_and_charge.py."""


def test_the_scenarios_are_of_known_faults() -> None:
    """A fault that came with a case has none here: it is proven with its case (tests/quality)."""
    assert set(SCENARIOS) | ELSEWHERE <= set(CATALOGUE)


def test_the_catalogue_is_well_kept() -> None:
    assert len(CATALOGUE) >= 80
    modules = {area.__name__ for area in AREAS}
    for name, kind in CATALOGUE.items():
        assert kind.__module__ in modules, name
        assert kind.sentence.endswith("."), name
        assert name == name.lower()
    assert len({kind.sentence for kind in CATALOGUE.values()}) == len(CATALOGUE)
    assert REFERENCE.faults["loop-slow"].startswith("Takes 0.4 s")


def _run(faults: Sequence[str], name: str) -> Sequence[Effect]:
    drive, settings = SCENARIOS[name]

    async def main() -> Sequence[Effect]:
        async with rig(*faults, **settings) as one:
            await drive(one)
            return one.ev.effects

    return virtually(main)


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_a_fault_shows(name: str) -> None:
    effects = _run((name,), name)
    assert {effect.fault for effect in effects} == {name}
    assert all(effect.what for effect in effects)


@pytest.mark.parametrize(
    "name",
    sorted({drive.__name__ + str(sorted(settings)): name for name, (drive, settings) in SCENARIOS.items()}.values()),
)
def test_a_faultless_car_shows_nothing(name: str) -> None:
    assert not _run((), name)
