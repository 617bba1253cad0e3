"""Our catalogue for cars meets Josev's car: plain, with TLS 1.3, and by contract.

Every case that does not pass and every rule on all traces that is broken is known: it stands in
``josev/car_expected.toml`` with the finding in ``docs/interop/josev-car.md`` that explains it. A result that is not
expected, or an expected one that went away, is red: it wants to be looked at.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from interop.conftest import skip_or_fail
from interop.environments import MissingError, python_of
from interop.josev.car_bench import CarBench
from interop.josev.car_pki import lay_out_car
from interop.josev.expectations import Cases, Expectations, harness_errors
from interop.netns import Cable
from v2gready.engine.catalogue import load_catalogue
from v2gready.protocols.pki import Curve

if TYPE_CHECKING:
    from collections.abc import Callable

    from v2gready.engine.catalogue import Catalogue

pytestmark = [pytest.mark.interop, pytest.mark.timeout(3000)]

EXPECTED = Expectations(Path(__file__).resolve().parent / "josev" / "car_expected.toml")
FINDINGS = Path(__file__).resolve().parents[2] / "docs" / "interop" / "josev-car.md"

WHOLE = ("EV-SES-AGAIN-01", "EV-DC-WELD-01", "EV-CL-KIND-05", "EV-CL-KIND-06")
"""Whole sessions, DC and AC, Scheduled and Dynamic."""


@dataclass(frozen=True)
class Transport:
    """A way to connect, and the cases that it is for.

    Attributes:
        curve: Keys of the PKI; None without TLS.
        needs: A word of the PICS: cases that mention it are for this transport alone.
        also: Further cases.
        least: So many cases have to have been played.
        benches: Cars that share them: each waits five seconds before it closes, and much longer in some cases.
    """

    curve: Curve | None
    needs: str
    also: tuple[str, ...]
    least: int
    benches: int


TRANSPORTS = {
    "plain": Transport(None, "", (), 100, 7),
    # Above TLS the octets are the same: what speaks of TLS, and some whole sessions. One case of Plug & Charge shows
    # that Josev cannot sign by a key of the profile (JC-17).
    "tls": Transport(Curve.P521, "tls", (*WHOLE, "EV-PNC-SIGN-01"), 40, 3),
    # On P-256 it can, which is no profile of -20: the rest of Plug & Charge.
    "contract": Transport(Curve.P256, "pnc", WHOLE[:1], 15, 1),
}


def ids_of(name: str, catalogue: Catalogue) -> list[str]:
    """Cases for a transport; those that a network bench cannot play, or the car does not declare, fall out later."""
    transport = TRANSPORTS[name]
    special = [one.needs for one in TRANSPORTS.values() if one.needs]
    cars = [case for case in catalogue.cases if case.role == "ev" and case.neighbour == "charger"]
    if not transport.needs:
        return [case.id for case in cars if not any(word in case.pics.split() for word in special)]
    return [case.id for case in cars if transport.needs in case.pics.split() or case.id in transport.also]


@pytest.fixture
def josev() -> None:
    """Josev's environment; without it the test is skipped or, in CI, fails."""
    try:
        with Cable():
            python_of("josev")
    except MissingError as reason:
        skip_or_fail(reason)


@pytest.mark.usefixtures("josev")
@pytest.mark.parametrize(
    "name",
    # Two workers at most: the plain cases take as long as the rest.
    [
        pytest.param(name, marks=pytest.mark.xdist_group(f"josev-car-{'tls' if name != 'plain' else name}"))
        for name in TRANSPORTS
    ],
)
def test_every_result_is_known(name: str, tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    """What surprises is run once more on a car started for it, and told in the summary.

    The counterpart is a simulator on a Java virtual machine, and several of them share two processors. Only a surprise
    that repeats while its neighbours are at rest is one about the car, and a time within its uncertainty is none.
    """
    transport = TRANSPORTS[name]
    ids = ids_of(name, load_catalogue())
    pki = None if transport.curve is None else lay_out_car(tmp_path / "pki", transport.curve)
    cases: Cases = {}

    def share(n: int) -> Cases:
        with CarBench(tmp_path / f"bench{n}", pki) as bench:
            return bench.certify(ids[n :: transport.benches])

    with ThreadPoolExecutor(transport.benches) as pool:
        for done in pool.map(share, range(transport.benches)):
            cases |= done
    assert len(cases) >= transport.least
    errors = list(harness_errors(cases))
    for key, told in EXPECTED.surprises(ids, cases, name).items():
        record_property("repeated", f"{name}: {'; '.join(told)}")
        with CarBench(tmp_path / key, pki) as bench:
            cases |= bench.certify([key])
    errors += [one for one in harness_errors(cases) if one not in errors]
    left = [line for lines in EXPECTED.surprises(ids, cases, name, unsure=False).values() for line in lines]
    assert not errors + left, "\n".join(errors + left)


def test_every_expectation_is_explained() -> None:
    assert set(EXPECTED.verdicts()) <= {"inconc", "fail"}
    assert EXPECTED.findings() <= set(FINDINGS.read_text().split())


def test_every_finding_is_expected() -> None:
    told = {line.split()[1] for line in FINDINGS.read_text().splitlines() if line.startswith("## JC-")}
    assert told <= EXPECTED.findings()


def test_every_expectation_is_of_the_catalogue() -> None:
    catalogue = load_catalogue()
    assert EXPECTED.named() <= {case.id for case in catalogue.cases}
    assert EXPECTED.invariants.keys() <= {rule.id for rule in catalogue.invariants}
