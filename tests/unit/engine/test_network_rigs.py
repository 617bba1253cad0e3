"""Car and charger as processes of their own, tested over real sockets with TLS, contracts and defective chains."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.unit.engine import rigs
from tests.unit.engine.test_ocpp_devices import device
from v2gready.engine.trace_file import read_trace
from v2gready.model.trace import EventKind
from v2gready.model.verdict import Verdict
from v2gready.pki_cli import pki_app
from v2gready.protocols.pki import Hierarchy, Role

PASS, FAIL, INCONC = Verdict.PASS, Verdict.FAIL, Verdict.INCONC


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Hierarchy]:
    """A rig, with a contract and an SECC chain that are revoked."""
    folder = tmp_path_factory.mktemp("pki") / "rig"
    made = rigs.made(folder)
    for role, defect in ((Role.CONTRACT, "revoked"), (Role.SECC, "revoked-sub-ca")):
        done = CliRunner().invoke(pki_app, ["issue", str(folder), "--role", role.value, "--defect", defect])
        assert done.exit_code == 0, done.output
    return folder, made


@contextmanager
def car(rig: Path, path: Path, *faults: str, **keys: object) -> Iterator[Path]:
    """The reference car as a process; gives its DUT file."""
    sdp, control = rigs.free_ports(2)
    options = [part for fault in faults for part in ("--fault", fault)]
    with device(
        "ev", "--pki", str(rig), "--sdp-port", str(sdp), "--control", str(control), *options, says="reference car"
    ):
        yield rigs.dut(path / "car.toml", "ev", control=control, sdp_port=sdp, **keys)


@contextmanager
def charger(rig: Path, path: Path, *faults: str, **keys: object) -> Iterator[Path]:
    """The reference charger as a process; gives its DUT file."""
    (sdp,) = rigs.free_ports()
    options = [part for fault in faults for part in ("--fault", fault)]
    with device("charger", "--pki", str(rig), "--sdp-port", str(sdp), *options, says="reference charger"):
        yield rigs.dut(path / "charger.toml", "charger", sdp_port=sdp, **keys)


def test_a_car_with_tls_contracts_and_installation(pki: tuple[Path, Hierarchy], tmp_path: Path) -> None:
    rig, _ = pki
    cases = ("EV-TLS-GOOD-01", "EV-PNC-SIGN-01", "EV-CRT-TAKEN-01", "EV-CRT-REFUSE-01")
    with car(rig, tmp_path, authorities=str(rig)) as path:
        records = rigs.certified(path, tmp_path / "run", *cases)
    assert {case: record.verdict for case, record in records.items()} == dict.fromkeys(cases, PASS)
    trace = read_trace(tmp_path / "run" / records["EV-TLS-GOOD-01"].trace)
    assert next(trace.events(EventKind.TLS_ESTABLISHED)).detail["version"] == "TLSv1.3"
    assert b"CLIENT_TRAFFIC_SECRET" in (tmp_path / "run" / records["EV-TLS-GOOD-01"].capture).read_bytes()


def test_a_car_refuses_what_is_expired_and_what_is_revoked(pki: tuple[Path, Hierarchy], tmp_path: Path) -> None:
    rig, _ = pki
    cases = ("EV-TLS-CHAIN-01", "EV-TLS-CHAIN-18", "EV-TLS-CHAIN-19")
    with car(rig, tmp_path, authorities=str(rig)) as path:
        records = rigs.certified(path, tmp_path / "run", *cases)
    assert [records[case].verdict for case in cases] == [PASS, PASS, INCONC]
    # The response that revokes a leaf is stapled; nothing in a handshake of OpenSSL tells of a sub-CA.
    assert records[cases[2]].reason == (
        "the bench has no chain secc-revoked-sub-ca: add secc-revoked-sub-ca.pem and secc-revoked-sub-ca.key to a "
        "folder of variants in [interfaces.iso15118], and let the device know what it is"
    )


def test_a_car_that_believes_an_expired_chain(pki: tuple[Path, Hierarchy], tmp_path: Path) -> None:
    rig, _ = pki
    with car(rig, tmp_path, "tls-accepts-expired", authorities=str(rig)) as path:
        (record,) = rigs.certified(path, tmp_path / "run", "EV-TLS-CHAIN-01").values()
    assert record.verdict is FAIL


def test_variants_need_no_authorities(pki: tuple[Path, Hierarchy], tmp_path: Path) -> None:
    """As a laboratory has it whose car trusts somebody else's root."""
    rig, _ = pki
    keys = {name: str(rig / file) for name, file in {"roots": "tls-roots.pem", "secc_key": "secc.key"}.items()}
    keys |= {"secc_certificates": str(rig / "secc.pem"), "variants": str(rig / "issued")}
    cases = ("EV-TLS-CHAIN-19", "EV-TLS-CHAIN-01", "EV-PNC-SIGN-01")
    with car(rig, tmp_path, **keys) as path:
        records = rigs.certified(path, tmp_path / "run", *cases)
    assert [records[case].verdict for case in cases] == [PASS, INCONC, PASS]  # who signed shows without a root
    assert records[cases[1]].reason == (
        "the bench has no chain secc-expired: add authorities, or secc-expired.pem and secc-expired.key to a folder "
        "of variants, in [interfaces.iso15118]"
    )


def test_a_charger_with_tls_contracts_and_installation(pki: tuple[Path, Hierarchy], tmp_path: Path) -> None:
    rig, _ = pki
    cases = (
        "CHG-TLS-OEM-01",
        "CHG-TLS-CHAIN-07",
        "CHG-CERT-CHAIN-01",
        "CHG-CERT-INSTALL-02",
        "CHG-CERT-OEM-01",
        "CHG-CERT-REVOKED-01",
        "CHG-CERT-BLOCKED-01",
    )
    with charger(rig, tmp_path, authorities=str(rig), variants=str(rig / "issued")) as path:
        records = rigs.certified(path, tmp_path / "run", *cases)
    assert [records[case].verdict for case in cases] == [PASS] * 6 + [INCONC]


def test_a_charger_that_believes_a_stranger(pki: tuple[Path, Hierarchy], tmp_path: Path) -> None:
    rig, _ = pki
    with charger(rig, tmp_path, "contract-untrusted-accepted", authorities=str(rig)) as path:
        (record,) = rigs.certified(path, tmp_path / "run", "CHG-CERT-CHAIN-05").values()
    assert record.verdict is FAIL


def test_a_bench_without_contracts_says_what_to_add(pki: tuple[Path, Hierarchy], tmp_path: Path) -> None:
    rig, _ = pki
    files = {"roots": "tls-roots.pem", "vehicle_certificates": "vehicle.pem", "vehicle_key": "vehicle.key"}
    cases = ("CHG-PNC-SIGN-01", "CHG-CERT-INSTALL-01", "CHG-TLS-OEMPROV-01", "CHG-CERT-CHAIN-01", "CHG-TLS-FOREIGN-01")
    with charger(rig, tmp_path, **{name: str(rig / file) for name, file in files.items()}) as path:
        records = rigs.certified(path, tmp_path / "run", *cases)
    assert [records[case].verdict for case in cases] == [INCONC] * 4 + [PASS]
    assert records[cases[0]].reason == (
        "the bench has no contract certificate: add contract_certificates and contract_key, or authorities, to "
        "[interfaces.iso15118]"
    )
    assert "add provisioning_certificates and provisioning_key, or authorities" in records[cases[1]].reason
    assert "add provisioning_certificates and provisioning_key, or authorities" in records[cases[2]].reason
