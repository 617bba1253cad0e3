"""The whole charger catalogue meets Josev's charger, plain and with TLS 1.3.

Every result that is not a pass is known: it stands in ``josev/expected.toml`` with the finding in
``docs/interop/josev.md`` that explains it. A result that is not expected, or an expected one that went away, is red: it
wants to be looked at.
"""

from __future__ import annotations

import json
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from interop.conftest import skip_or_fail
from interop.environments import MissingError, python_of
from interop.josev.pki import JosevPki, lay_out
from interop.josev.processes import Charger
from interop.netns import Cable
from v2gready.engine.catalogue import load_catalogue

if TYPE_CHECKING:
    from collections.abc import Iterable

pytestmark = [pytest.mark.interop, pytest.mark.timeout(3000)]

HERE = Path(__file__).resolve().parent / "josev"
FINDINGS = Path(__file__).resolve().parents[2] / "docs" / "interop" / "josev.md"
EXPECTED: dict[str, dict[str, Any]] = tomllib.loads((HERE / "expected.toml").read_text())


def dut_file(folder: Path, cable: Cable, pki: JosevPki | None) -> Path:
    """The DUT file of Josev's charger on this cable."""
    credentials = ""
    if pki is not None:
        credentials = (
            f'roots = "{pki.v2g_root}"\nvehicle_certificates = "{pki.car_chain}"\n'
            f'vehicle_key = "{pki.car_key}"\ncurve = "secp256r1"'
        )
    text = (HERE / "dut.toml").read_text()
    for key, value in {
        "interface": cable.car.interface,
        "security": "none" if pki is None else "tls",
        "credentials": credentials,
        "tls": str(pki is not None).lower(),
        "plain_tcp": str(pki is None).lower(),
    }.items():
        text = text.replace(f"{{{key}}}", value)
    path = folder / "dut.toml"
    path.write_text(text)
    return path


def certify(cable: Cable, dut: Path, out: Path, *options: str) -> dict[str, dict[str, Any]]:
    """Runs the suite on the car's end of the cable; the finished cases of the run by id."""
    command = [str(Path(sys.executable).with_name("v2gready")), "certify", str(dut), "--out", str(out), "--seed", "1"]
    done = cable.car.run([*command, *options], check=False)
    assert (out / "run.json").exists(), done.stdout + done.stderr
    cases = json.loads((out / "run.json").read_text())["cases"]
    return {case["id"]: case for case in cases if case["lifecycle"] == "finished"}


def unexpected(cases: dict[str, dict[str, Any]], transport: str) -> dict[str, str]:
    """The results that nobody has explained yet."""
    found = {}
    for key, case in cases.items():
        entry = EXPECTED.get(key, {})
        verdicts = entry.get(transport, entry.get("verdicts", ["pass"]))
        if case["verdict"] not in verdicts:
            found[key] = f"{key}: {case['verdict']} ({case['reason']}), expected {' or '.join(verdicts)}"
    return found


def certify_fresh(folder: Path, transport: str, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Some of the cases against a charger that was started for them."""
    folder.mkdir()
    pki = lay_out(folder / "pki") if transport == "tls" else None
    with Cable() as cable, Charger(cable, folder / "charger.log", pki=pki):
        return certify(cable, dut_file(folder, cable, pki), folder / "run", "--select", " or ".join(ids))


def one_bench(folder: Path, transport: str, ids: list[str]) -> dict[str, dict[str, Any]]:
    """Some of the cases; what surprises is run once more, each time on a fresh charger.

    This counterpart carries state from session to session and misses its own timers on a busy machine: only a surprise
    that repeats counts.
    """
    cases = certify_fresh(folder, transport, ids)
    for key in unexpected(cases, transport):
        cases |= certify_fresh(folder.with_name(f"{folder.name}-{key}"), transport, [key])
    return cases


@pytest.mark.parametrize(
    "transport",
    [pytest.param(name, marks=pytest.mark.xdist_group(f"josev-{name}")) for name in ("plain", "tls")],
)
def test_every_result_is_known(transport: str, tmp_path: Path) -> None:
    try:
        with Cable():
            python_of("josev")
    except MissingError as reason:
        skip_or_fail(reason)
    ids = [case.id for case in load_catalogue().cases]
    # This counterpart is deaf for five seconds after each session, so two of them share the cases.
    benches = range(2)
    with ThreadPoolExecutor(len(benches)) as pool:
        parts = pool.map(lambda n: one_bench(tmp_path / f"bench{n}", transport, ids[n :: len(benches)]), benches)
        cases = {key: case for part in parts for key, case in part.items()}
    assert len(cases) >= 120
    surprises = unexpected(cases, transport)
    assert not surprises, "\n".join(surprises.values())


def test_every_expectation_is_explained() -> None:
    text = FINDINGS.read_text()
    unexplained = {entry["finding"] for entry in EXPECTED.values()} - set(text.split())
    assert not unexplained
    for key, entry in EXPECTED.items():
        for verdicts in (entry["verdicts"], entry.get("plain", ["pass"]), entry.get("tls", ["pass"])):
            assert set(verdicts) <= {"pass", "inconc", "fail"}, key
