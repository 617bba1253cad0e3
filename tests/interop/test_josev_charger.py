"""The whole charger catalogue meets Josev's charger, plain and with TLS 1.3.

Every result that is not a pass is known: it stands in ``josev/expected.toml`` with the finding in
``docs/interop/josev.md`` that explains it. A result that is not expected, or an expected one that went away, is red: it
wants to be looked at.
"""

from __future__ import annotations

import json
import sys
import tomllib
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from interop.conftest import skip_or_fail
from interop.environments import MissingError
from interop.josev.pki import JosevPki, lay_out
from interop.josev.processes import Charger
from interop.netns import Cable

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


@pytest.mark.parametrize(
    "transport",
    [pytest.param(name, marks=pytest.mark.xdist_group(f"josev-{name}")) for name in ("plain", "tls")],
)
def test_every_result_is_known(transport: str, tmp_path: Path) -> None:
    pki = lay_out(tmp_path / "pki") if transport == "tls" else None
    with ExitStack() as stack:
        try:
            cable = stack.enter_context(Cable())
            charger = stack.enter_context(Charger(cable, tmp_path / "charger.log", pki=pki))
        except MissingError as reason:
            skip_or_fail(reason)
        dut = dut_file(tmp_path, cable, pki)
        cases = certify(cable, dut, tmp_path / "run")
        assert len(cases) >= 100
        surprises = unexpected(cases, transport)
        if surprises:
            # A busy machine makes this counterpart miss its own timers: what surprises is run once more, by itself.
            charger.wait_until_free()
            again = certify(cable, dut, tmp_path / "again", "--select", " or ".join(surprises))
            surprises = unexpected(again, transport)
    assert not surprises, "\n".join(surprises.values())


def test_every_expectation_is_explained() -> None:
    text = FINDINGS.read_text()
    unexplained = {entry["finding"] for entry in EXPECTED.values()} - set(text.split())
    assert not unexplained
    for key, entry in EXPECTED.items():
        for verdicts in (entry["verdicts"], entry.get("plain", ["pass"]), entry.get("tls", ["pass"])):
            assert set(verdicts) <= {"pass", "inconc", "fail"}, key
