"""What ``[interfaces.iso15118]`` names for TLS and Plug & Charge, and what is said where something is missing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from tests.unit.engine import rigs
from v2gready.emulators.ev import ContractUse, EvCredentials, TlsUse
from v2gready.engine import pki_files
from v2gready.engine.authorities import load
from v2gready.engine.car_credentials import car_credentials
from v2gready.engine.charger_credentials import RigBackend, charger_credentials
from v2gready.engine.rig import car_of, charger_of
from v2gready.protocols.pki import Curve, Edition, Hierarchy, Role
from v2gready.protocols.pki.defects import CATALOGUE

Write = Callable[..., Path]


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pki") / "rig"
    rigs.made(folder)
    return folder


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def problem(told: list[str]) -> Callable[[str, str, str], None]:
    return lambda key, what, remedy: told.append(f"{key} {what}; {remedy}")


def car(table: dict[str, Any], problem: Any) -> EvCredentials:
    found = car_credentials(table, Path(), problem)
    assert found is not None
    return found


# -- the car of the harness, at a charger under test ------------------------------------------------------------------


def test_authorities_give_the_car_all_it_can_show(rig: Path, problem: Any, told: list[str]) -> None:
    found = car({"authorities": str(rig)}, problem)
    assert told == []
    assert {one.name for one in TlsUse} - {one.name for one in found.variants} == {
        "GOOD",
        "NO_CERTIFICATE",
        "TLS_1_2",
        "NONE",
    }
    assert [one.emaid for one in found.contracts] == ["DEV2GC00000001A", "DEV2GC00000002B"]
    assert found.provisioning is not None
    assert set(ContractUse) - set(found.contract_variants) == {ContractUse.REVOKED, ContractUse.BLOCKED}
    assert "vehicle-expired" in found.chains
    assert "contract-truncated-der" in found.chains
    assert not {"contract-revoked", "vehicle-truncated-der", "secc-expired", "vehicle-nonsense"} & set(found.chains)


def test_what_is_named_goes_before_the_authorities(rig: Path, tmp_path: Path, problem: Any) -> None:
    own = rigs.made(tmp_path / "own")
    table = {"authorities": str(rig)}
    for key, file in {"vehicle": "vehicle", "contract": "contract", "provisioning": "oem-provisioning"}.items():
        table |= {
            f"{key}_certificates": str(tmp_path / "own" / f"{file}.pem"),
            f"{key}_key": str(tmp_path / "own" / f"{file}.key"),
        }
    found = car(table, problem)
    assert found.vehicle.certificate == own.vehicle.certificate
    assert [one.credential.certificate for one in found.contracts] == [own.credential(Role.CONTRACT).certificate]
    assert found.provisioning is not None
    assert found.provisioning.oem.certificate == own.oem_provisioning.certificate
    assert found.variants[TlsUse.PROVISIONING] is found.provisioning.oem


def test_lists_name_several_contracts(rig: Path, problem: Any, told: list[str]) -> None:
    pki = pki_files.load(rig)
    for emaid in ("DEV2GC00000005E", "DEV2GC00000006F"):
        pki_files.write_chain(rig / "more", emaid, pki.contract(emaid), force=True)
    names = [str(rig / "more" / emaid) for emaid in ("DEV2GC00000005E", "DEV2GC00000006F")]
    table = {
        "authorities": str(rig),
        "contract_certificates": [f"{name}.pem" for name in names],
        "contract_key": [f"{name}.key" for name in names],
    }
    assert [one.emaid for one in car(table, problem).contracts] == ["DEV2GC00000005E", "DEV2GC00000006F"]
    car({**table, "contract_key": table["contract_key"][:1]}, problem)
    assert told == [
        "contract_key names 1 files for 2 of contract_certificates; name one key for each, in the same order"
    ]


def test_without_authorities_there_is_what_nobody_has_to_sign(rig: Path, problem: Any) -> None:
    files = {"roots": "tls-roots.pem", "vehicle_certificates": "vehicle.pem", "vehicle_key": "vehicle.key"}
    found = car({key: str(rig / name) for key, name in files.items()}, problem)
    assert set(found.chains) == {
        f"{role}-{defect}"
        for role in ("vehicle", "contract", "oem-provisioning")
        for defect in ("foreign-root", "self-signed")
    }
    assert set(found.variants) == {TlsUse.FOREIGN}


def test_variants_go_first(rig: Path, tmp_path: Path, problem: Any, told: list[str]) -> None:
    pki = pki_files.load(rig)
    folder = tmp_path / "issued"
    expired = CATALOGUE["expired"].apply(pki, Role.VEHICLE)
    pki_files.write_chain(folder, "vehicle-expired", expired)
    pki_files.write_chain(folder, "vehicle-other", pki.issue(Role.VEHICLE, identity="WMIV1234567890ABCDEY"))
    pki_files.write_chain(folder, "contract-blocked", pki.contract("DEV2GC00000003C"))
    pki_files.write_chain(folder, "secc-expired", CATALOGUE["expired"].apply(pki, Role.SECC))
    pki_files.write_chain(folder, "contract-DEV2GC00000009Z", pki.contract("DEV2GC00000009Z"))  # a good one
    found = car({"authorities": str(rig), "variants": str(folder)}, problem)
    assert told == []
    assert found.chains["vehicle-expired"].certificates_der == expired.certificates_der
    assert found.variants[TlsUse.EXPIRED] == found.chains["vehicle-expired"]
    assert found.variants[TlsUse.OTHER_VEHICLE].label == "vehicle-other"
    assert found.contract_variants[ContractUse.BLOCKED].emaid == "DEV2GC00000003C"


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ({}, "roots is missing; name a PEM file"),
        ({"authorities": 3}, "authorities is 3; name a folder that v2gready pki init made"),
        ({"authorities": "nowhere"}, "authorities nowhere: pki.toml is not there; name a directory"),
        (
            {"authorities": "RIG2"},
            "authorities RIG2: file is a PKI of ISO 15118-2; make one for -20: v2gready pki init",
        ),
        ({"authorities": "RIG", "curve": "x25519"}, "curve is 'x25519'; use one of secp521r1, secp256r1, x448"),
        ({"authorities": "RIG", "variants": "nowhere"}, "variants nowhere is no folder; name a folder with"),
        ({"authorities": "RIG", "variants": "ODD"}, "variants vehicle-rusty.pem is no variant; see v2gready pki issue"),
        ({"authorities": "RIG", "variants": "LOST"}, "variants LOST/vehicle-expired.key: No such file or directory"),
        ({"authorities": "RIG", "vehicle_key": "x.key"}, "vehicle_certificates is missing; name a PEM file"),
        ({"authorities": "RIG", "contract_key": "x.key"}, "contract_certificates is missing; name a PEM file"),
    ],
)
def test_what_is_missing_is_one_sentence(  # noqa: PLR0917 - what is tried
    table: dict[str, Any], sentence: str, rig: Path, tmp_path: Path, problem: Any, told: list[str]
) -> None:
    folders = {"RIG": rig, "RIG2": tmp_path / "two", "ODD": tmp_path / "odd", "LOST": tmp_path / "lost"}
    if "RIG2" in table.values():
        rigs.made(folders["RIG2"], edition=Edition.ISO_2, curve=Curve.P256)
    for name, file in {"ODD": "vehicle-rusty.pem", "LOST": "vehicle-expired.pem"}.items():
        folders[name].mkdir()
        (folders[name] / file).write_bytes((rig / "vehicle.pem").read_bytes())
    spelt = {key: str(folders.get(str(value), value)) if value != 3 else value for key, value in table.items()}
    car_credentials(spelt, Path(), problem)
    lines = "\n".join(told)
    for name, folder in folders.items():
        lines = lines.replace(str(folder), name)
    assert any(line.startswith(sentence) for line in lines.splitlines()), lines


def test_an_old_folder_still_makes_what_it_says(tmp_path: Path) -> None:
    rigs.made(tmp_path / "old", age=400)
    pki = load(tmp_path / "old")
    now = datetime.now(UTC)
    chain = CATALOGUE["not-yet-valid"].apply(pki, Role.VEHICLE)
    assert x509.load_der_x509_certificate(chain.certificates_der[0]).not_valid_before_utc > now + timedelta(days=300)
    assert pki.contract(days=14).certificate.not_valid_after_utc > now + timedelta(days=12)


# -- the charger of the harness, for a car under test -----------------------------------------------------------------


def test_authorities_give_the_charger_chains_and_a_back_end(rig: Path, problem: Any, told: list[str]) -> None:
    found = charger_credentials({"authorities": str(rig)}, Path(), problem)
    assert found is not None
    assert told == []
    assert {"expired", "foreign-root", "revoked", "ed448", "other-secc"} <= set(found.defective)
    assert not {"revoked-sub-ca", "truncated-der"} & set(found.defective)
    assert found.good.status is not None
    assert found.defective["revoked"].status is not None
    assert found.defective["foreign-root"].status is None
    backend = found.good.backend
    assert isinstance(backend, RigBackend)
    assert len(backend.contract_roots) == 2


def test_each_case_has_other_contracts_to_install(rig: Path, problem: Any) -> None:
    found = charger_credentials({"authorities": str(rig)}, Path(), problem)
    assert found is not None
    backend = found.good.backend
    assert isinstance(backend, RigBackend)
    first, second = (backend.for_case(print).contracts("ZZZ1234567890ABCD5") for _ in range(2))
    assert first
    assert second
    assert first[0].certificate.subject == second[0].certificate.subject
    assert first[0].certificate != second[0].certificate


def test_a_back_end_that_lacks_something_says_so_when_it_is_needed(rig: Path, problem: Any) -> None:
    files = {"roots": "tls-roots.pem", "secc_certificates": "secc.pem", "secc_key": "secc.key"}
    found = charger_credentials({key: str(rig / name) for key, name in files.items()}, Path(), problem)
    assert found is not None
    noted: list[str] = []
    assert isinstance(found.good.backend, RigBackend)
    backend = found.good.backend.for_case(noted.append)
    pki: Hierarchy = pki_files.load(rig)
    backend.contract_trouble(pki.contract().chain_der(), 0)
    backend.provisioning_trouble(pki.oem_provisioning.chain_der(), 0)
    backend.contracts("ZZZ1234567890ABCD5")
    assert [one.removesuffix(" to [interfaces.iso15118]") for one in noted] == [
        "the bench has no roots for contracts: add contract_roots, or authorities,",
        "the bench has no roots for provisioning certificates: add provisioning_roots, or authorities,",
        "the bench has no contract to install: add authorities",
    ]


# -- reference devices on a rig ---------------------------------------------------------------------------------------


def test_reference_devices_read_what_is_revoked_from_lists(rig: Path, tmp_path: Path) -> None:
    folder = tmp_path / "rig"
    pki = rigs.made(folder)
    chain = CATALOGUE["revoked"].apply(pki, Role.SECC)
    pki_files.write_chain(folder / pki_files.ISSUED, "secc-revoked", chain, crls=chain.crls)
    leaf, issuer = (x509.load_der_x509_certificate(one) for one in chain.certificates_der[:2])
    asks = car_of(folder).revoked
    assert asks is not None
    assert asks(leaf, issuer)
    assert not asks(pki.secc.certificate, issuer)
    assert charger_of(rig).secc.label == pki_files.load(rig).secc.label


@pytest.mark.parametrize("curve", [Curve.ED448, Curve.P256])
def test_rigs_of_other_curves(curve: Curve, tmp_path: Path, problem: Any, told: list[str]) -> None:
    rigs.made(tmp_path / "rig", curve=curve)
    table = {"authorities": str(tmp_path / "rig")}
    assert car(table, problem).curve is curve
    found = charger_credentials(table, Path(), problem)
    assert found is not None
    assert found.good.curve is curve
    assert "expired" in found.defective
    assert found.defective["expired"].curve is curve
    assert car_of(tmp_path / "rig").curve is charger_of(tmp_path / "rig").curve is curve
    assert told == []
