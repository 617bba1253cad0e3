"""Security profiles 2 and 3 over real sockets: good and defective certificates, of either side."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.unit.engine.test_ocpp_devices import SECRET, device, dut, free_port
from v2gready.engine import campaign as campaigns
from v2gready.engine.catalogue import load_catalogue
from v2gready.engine.ocpp_pki import PAIRS, write_pki
from v2gready.engine.preflight import prepare
from v2gready.engine.selection import Selector
from v2gready.model.dut import ConfigurationError
from v2gready.model.run import CaseRecord
from v2gready.model.verdict import Verdict
from v2gready.protocols.ocpp.pki import ORGANISATION

SERIAL = "CS001"
PASS, FAIL, INCONC = Verdict.PASS, Verdict.FAIL, Verdict.INCONC


@dataclass(frozen=True)
class Files:
    """A PKI in a folder."""

    folder: Path

    def options(self, who: str) -> tuple[str, ...]:
        """What ``v2gready device`` shows and trusts."""
        pair = ("--certificates", self.of(f"{who}.pem"), "--key", self.of(f"{who}.key"))
        return (*pair, "--roots", self.of("roots.pem"))

    def of(self, name: str) -> str:
        return str(self.folder / name)

    def keys(self, prefix: str, who: str, *, authority: bool) -> dict[str, str]:
        """What stands in a DUT file."""
        found = {f"{prefix}_certificates": self.of(f"{who}.pem"), f"{prefix}_key": self.of(f"{who}.key")}
        if authority:
            found |= {"authority_certificates": self.of("authority.pem"), "authority_key": self.of("authority.key")}
        return found | {"roots": self.of("roots.pem")}


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_PASSWORD", SECRET)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder = tmp_path_factory.mktemp("pki") / "new"
    write_pki(folder, host="localhost", serial=SERIAL, organisation=ORGANISATION)
    return Files(folder)


def certified(path: Path, tmp_path: Path, case: str) -> CaseRecord:
    catalogue = load_catalogue()
    campaign = campaigns.start(catalogue, prepare(path), tmp_path / "run", selector=Selector(case), scheme="", seed=1)
    record = campaign.run_case(catalogue.case(case))
    for file in (tmp_path / "run").rglob("*"):
        assert not file.is_file() or b"PRIVATE KEY" not in file.read_bytes(), file
    return record


def at_a_station(
    files: Files, tmp_path: Path, case: str, *faults: str, level: int, authority: bool = True
) -> CaseRecord:
    """The reference station as a process, under a security profile."""
    port = free_port()
    options = ("--url", f"wss://localhost:{port}/ocpp", "--identity", SERIAL, "--security-profile", str(level))
    options += ("--password-env", "BENCH_PASSWORD", *files.options("station"))
    options += tuple(part for fault in faults for part in ("--fault", fault))
    keys = files.keys("server", "csms", authority=authority)
    with device("station", *options, says="reference station"):
        path = dut(tmp_path, "charger", port=port, identity=SERIAL, security_profile=level, **keys)
        return certified(path, tmp_path, case)


def at_a_csms(files: Files, tmp_path: Path, case: str, *faults: str, level: int, authority: bool = True) -> CaseRecord:
    """The reference CSMS as a process, under a security profile."""
    port = free_port()
    options = ("--port", str(port), "--identity", SERIAL, "--security-profile", str(level))
    options += ("--password-env", "BENCH_PASSWORD", *files.options("csms"))
    options += tuple(part for fault in faults for part in ("--fault", fault))
    keys = files.keys("station", "station", authority=authority)
    with device("csms", *options, says="reference CSMS"):
        path = dut(
            tmp_path,
            "csms",
            url=f"wss://localhost:{port}/ocpp",
            identities=[SERIAL],
            security_profile=level,
            serial=SERIAL,
            **keys,
        )
        return certified(path, tmp_path, case)


# -- a charging station, by the CSMS of the harness -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "level", "faults", "verdict"),
    [
        ("CHG-OCPP-RPC-01", 2, (), PASS),
        ("CHG-OCPP-RPC-01", 3, (), PASS),
        ("CHG-OCPP-SEC-13", 3, (), PASS),
        ("CHG-OCPP-SEC-05", 2, (), PASS),
        ("CHG-OCPP-SEC-05", 2, ("expired-server-cert-accepted",), FAIL),
        ("CHG-OCPP-SEC-08", 2, ("wrong-name-accepted",), FAIL),
    ],
)
def test_a_station_behind_tls(  # noqa: PLR0917 - what is tried
    files: Files, tmp_path: Path, case: str, level: int, faults: tuple[str, ...], verdict: Verdict
) -> None:
    record = at_a_station(files, tmp_path, case, *faults, level=level)
    assert record.verdict is verdict, record


# -- a CSMS, by the stations of the harness ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "level", "faults", "verdict"),
    [
        ("CSMS-OCPP-SEC-02", 2, (), PASS),
        ("CSMS-OCPP-SEC-02", 2, ("wrong-password-accepted",), FAIL),
        ("CSMS-OCPP-SEC-10", 3, (), PASS),
        ("CSMS-OCPP-SEC-12", 3, (), PASS),
        ("CSMS-OCPP-SEC-12", 3, ("foreign-organisation-accepted",), FAIL),
        ("CSMS-OCPP-SEC-13", 3, (), PASS),
        ("CSMS-OCPP-SEC-13", 3, ("expired-station-certificate-accepted",), FAIL),
    ],
)
def test_a_csms_behind_tls(  # noqa: PLR0917 - what is tried
    files: Files, tmp_path: Path, case: str, level: int, faults: tuple[str, ...], verdict: Verdict
) -> None:
    record = at_a_csms(files, tmp_path, case, *faults, level=level)
    assert record.verdict is verdict, record


# -- what the bench does not have -------------------------------------------------------------------------------------


def test_a_certificate_that_the_bench_cannot_show_is_nobodys_failure(files: Files, tmp_path: Path) -> None:
    """The verdict says what to add; the CSMS is not blamed for letting the good station in."""
    csms = at_a_csms(files, tmp_path / "csms", "CSMS-OCPP-SEC-13", level=3, authority=False)
    station = at_a_station(files, tmp_path / "station", "CHG-OCPP-SEC-05", level=2, authority=False)
    for record in (csms, station):
        assert record.verdict is INCONC, record
        assert "expired" in record.reason
        assert "authority_key" in record.reason


def test_a_folder_of_certificates_stands_in_for_an_authority(files: Files, tmp_path: Path) -> None:
    other = Files(tmp_path / "other")
    write_pki(other.folder, host="elsewhere.v2gready.test", serial="X", organisation=ORGANISATION)
    folder = tmp_path / "variants"
    folder.mkdir()
    for suffix in ("pem", "key"):
        (folder / f"expired.{suffix}").write_bytes((other.folder / f"csms.{suffix}").read_bytes())
    settings = prepare(
        dut(
            tmp_path,
            "charger",
            identity=SERIAL,
            security_profile=2,
            variants="variants",
            **files.keys("server", "csms", authority=False),
        )
    ).ocpp
    assert settings is not None
    assert [one for one in settings.bad_certificates() if settings.can_show(one)] == [
        "expired",
        "self_signed",
        "foreign_root",
    ]
    (folder / "revoked.pem").write_bytes((other.folder / "csms.pem").read_bytes())
    with pytest.raises(ConfigurationError, match="revoked"):
        prepare(tmp_path / "dut.toml")


def test_keys_are_for_their_owner_alone(files: Files) -> None:
    for name in PAIRS:
        assert stat.S_IMODE((files.folder / f"{name}.key").stat().st_mode) == 0o600
    with pytest.raises(ConfigurationError, match="already"):
        write_pki(files.folder, host="localhost", serial=SERIAL, organisation=ORGANISATION)


def test_a_leaf_is_no_authority(files: Files, tmp_path: Path) -> None:
    keys = files.keys("server", "csms", authority=False)
    keys |= {"authority_certificates": files.of("csms.pem"), "authority_key": files.of("csms.key")}
    with pytest.raises(ConfigurationError, match="no authority"):
        prepare(dut(tmp_path, "charger", identity=SERIAL, security_profile=2, **keys))
