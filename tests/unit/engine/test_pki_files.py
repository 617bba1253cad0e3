"""Files of a PKI: rights, nothing overwritten, damage told in one sentence."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from v2gready.engine import pki_files
from v2gready.engine.pki_files import Settings
from v2gready.model.dut import ConfigurationError
from v2gready.protocols.pki import Addresses, Curve, Edition, Role, der
from v2gready.protocols.pki.checker import broken, check
from v2gready.protocols.pki.defects import CATALOGUE

NOT_BEFORE = datetime(2026, 1, 1, tzinfo=UTC)
SETTINGS = Settings(Curve.P256, Edition.ISO_2, NOT_BEFORE, Addresses(crl="http://127.0.0.1:1/0.crl"))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    there = tmp_path / "pki"
    made = pki_files.create(there, SETTINGS)
    read = pki_files.load(there)
    for role in made.profiles.roles:
        assert read.credential(role).chain_der() == made.credential(role).chain_der()
    assert (read.curve, read.edition, read.not_before, read.addresses) == (
        SETTINGS.curve,
        SETTINGS.edition,
        NOT_BEFORE,
        SETTINGS.addresses,
    )
    contract = read.contract("DEV2GC00000009Z")
    findings = check(
        contract.chain_der(),
        Role.CONTRACT,
        roots=[der(made.mo_root.certificate)],
        at=NOT_BEFORE + timedelta(days=1),
        edition=Edition.ISO_2,
    )
    assert broken(findings, indicative=True) == ()


def test_keys_are_for_this_user_alone(tmp_path: Path) -> None:
    there = tmp_path / "pki"
    pki = pki_files.create(there, SETTINGS)
    pki_files.write_chain(there / "issued", "one", pki.contract())
    for directory in (there, there / "issued"):
        assert mode(directory) == 0o700
    keys = [path for path in there.rglob("*") if path.is_file() and b"PRIVATE" in path.read_bytes()]
    assert {path.suffix for path in keys} == {".key"}
    assert len(keys) == len(pki.profiles.roles) + 1
    assert {mode(path) for path in keys} == {0o600}


def test_nothing_is_overwritten_unless_told(tmp_path: Path) -> None:
    pki = pki_files.create(tmp_path, SETTINGS)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(ConfigurationError, match="exists, and .* more; name another directory, or add --force"):
        pki_files.create(tmp_path, SETTINGS)
    (tmp_path / "x.key").write_text("mine")
    with pytest.raises(ConfigurationError, match="x.key exists"):
        pki_files.write_chain(tmp_path, "x", pki.secc)
    assert not (tmp_path / "x.pem").exists()
    assert {path: path.read_bytes() for path in before} == before
    (tmp_path / "x.key").chmod(0o644)
    pki_files.write_chain(tmp_path, "x", pki.secc, force=True)
    assert mode(tmp_path / "x.key") == 0o600
    assert pki_files.read_credential(tmp_path / "x.pem", tmp_path / "x.key").certificate == pki.secc.certificate


def test_defective_chains_are_written_as_they_are(tmp_path: Path) -> None:
    pki = SETTINGS.hierarchy()
    for name in ("truncated-der", "revoked"):
        chain = CATALOGUE[name].apply(pki, Role.CONTRACT)
        paths = pki_files.write_chain(tmp_path, name, chain, crls=chain.crls)
        assert tuple(pki_files.read_certificates([paths[0]])) == chain.certificates_der
        assert tuple(path.read_bytes() for path in paths if path.suffix == ".crl") == chain.crls


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "holds no certificate; name a PEM or DER file"),
        (b"-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n", "holds a private key and no certificate"),
        (b"-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----\n", "holds broken PEM"),
    ],
)
def test_what_is_no_certificate(content: bytes, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=sentence):
        pki_files.read_certificates([path])


def test_damage_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="name a directory that v2gready pki init made"):
        pki_files.load(tmp_path)
    pki_files.create(tmp_path, SETTINGS)
    manifest = (tmp_path / "pki.toml").read_text()
    for wrong in ("curve = 1", 'curve = "x"', "not_before", "\x00"):
        (tmp_path / "pki.toml").write_text(wrong)
        with pytest.raises(ConfigurationError, match="is damaged"):
            pki_files.load(tmp_path)
    (tmp_path / "pki.toml").write_text(manifest)
    (tmp_path / "secc.key").write_bytes((tmp_path / "cps.key").read_bytes())
    with pytest.raises(ConfigurationError, match="does not belong to secc.pem"):
        pki_files.load(tmp_path)
    (tmp_path / "secc.key").write_text("no key")
    with pytest.raises(ConfigurationError, match="holds no private key"):
        pki_files.load(tmp_path)
    (tmp_path / "secc.key").unlink()
    with pytest.raises(ConfigurationError, match="No such file"):
        pki_files.load(tmp_path)
