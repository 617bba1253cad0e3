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


@pytest.mark.parametrize("transport", ["plain", "tls"])
def test_every_result_is_known(transport: str, tmp_path: Path) -> None:
    out = tmp_path / "run"
    pki = lay_out(tmp_path / "pki") if transport == "tls" else None
    with ExitStack() as stack:
        try:
            cable = stack.enter_context(Cable())
            stack.enter_context(Charger(cable, tmp_path / "charger.log", pki=pki))
        except MissingError as reason:
            skip_or_fail(reason)
        dut = dut_file(tmp_path, cable, pki)
        certify = [str(Path(sys.executable).with_name("v2gready")), "certify", str(dut)]
        done = cable.car.run([*certify, "--out", str(out), "--seed", "1"], check=False)
    assert (out / "run.json").exists(), done.stdout + done.stderr
    cases = json.loads((out / "run.json").read_text())["cases"]
    finished = {case["id"]: case for case in cases if case["lifecycle"] == "finished"}
    assert len(finished) >= 50, done.stdout
    assert not [case["id"] for case in finished.values() if case["verdict"] == "error"], done.stdout
    known = {key: value for key, value in EXPECTED.items() if value.get("transport", transport) == transport}
    surprises = [
        f"{key}: {case['verdict']} ({case['reason']}), expected {known.get(key, {}).get('verdicts', ['pass'])}"
        for key, case in finished.items()
        if case["verdict"] not in known.get(key, {}).get("verdicts", ["pass"])
    ]
    assert not surprises, "\n".join(surprises)


def test_every_expectation_is_explained() -> None:
    text = FINDINGS.read_text()
    unexplained = {entry["finding"] for entry in EXPECTED.values()} - set(text.split())
    assert not unexplained
    for key, entry in EXPECTED.items():
        assert entry["verdicts"], key
        assert "error" not in entry["verdicts"], key
