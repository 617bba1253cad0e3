"""Certificates and keys as files: a whole PKI in a directory, chains as PEM or DER.

A private key is a file of its own that this user alone can read (0600, in a directory 0700), never overwritten by
accident. Nothing else of the harness writes one.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from v2gready.model.dut import ConfigurationError, Problem
from v2gready.protocols.pki import Addresses, Credential, Curve, Edition, Hierarchy, PrivateKey, Role, Shown, pem

MANIFEST = "pki.toml"
ROOTS = "roots.pem"
"""All trust anchors."""
TLS_ROOTS = "tls-roots.pem"
"""Those for TLS: V2G and OEM roots, never an MO root [V2G20-2401..2404]."""
ISSUED = "issued"
_ARMOUR = re.compile(rb"-----BEGIN CERTIFICATE-----\s(.*?)-----END CERTIFICATE-----", re.DOTALL)
_PRIVATE = 0o600
_PUBLIC = 0o644
_DIRECTORY = 0o700
_SEQUENCE = 0x30


@dataclass(frozen=True, slots=True)
class Settings:
    """What a PKI was made with.

    Attributes:
        curve: Key type of all certificates.
        edition: Whose profiles.
        not_before: Start of validity.
        addresses: Where revocation can be asked for.
        vehicle_root: Root of vehicle certificates.
        contract_root: Root of contract certificates.
    """

    curve: Curve
    edition: Edition
    not_before: datetime
    addresses: Addresses
    vehicle_root: Role = Role.V2G_ROOT
    contract_root: Role = Role.MO_ROOT

    def hierarchy(self) -> Hierarchy:
        """A new PKI of this kind."""
        return Hierarchy(
            self.not_before,
            curve=self.curve,
            edition=self.edition,
            addresses=self.addresses,
            vehicle_root=self.vehicle_root,
            contract_root=self.contract_root,
        )


def create(directory: Path, settings: Settings, *, force: bool = False) -> Hierarchy:
    """Make a whole PKI and write it.

    Args:
        directory: Made if it is not there.
        settings: What it is made with.
        force: Overwrite what is there.

    Raises:
        ConfigurationError: Something is there already, or cannot be written.
    """
    pki = settings.hierarchy()
    files: dict[str, bytes] = {MANIFEST: _manifest(settings), ROOTS: pem(*pki.every_root), TLS_ROOTS: pem(*pki.roots)}
    keys: dict[str, bytes] = {}
    for role in pki.profiles.roles:
        credential = pki.credential(role)
        files[f"{role}.pem"] = credential.certificates_pem()
        keys[f"{role}.key"] = credential.private_key_pem()
    write(directory, files, keys, force=force)
    return pki


def load(directory: Path) -> Hierarchy:
    """Read a PKI that `create` wrote.

    Raises:
        ConfigurationError: A file is missing or damaged.
    """
    settings = _settings(directory / MANIFEST)
    pki = settings.hierarchy()
    for role in pki.profiles.roles:
        pki.adopt(role, read_credential(directory / f"{role}.pem", directory / f"{role}.key"))
    return pki


def write_chain(
    directory: Path, name: str, shown: Shown, *, crls: Sequence[bytes] = (), force: bool = False
) -> list[Path]:
    """Write what a device shows, its key and the revocation lists that belong to it.

    Raises:
        ConfigurationError: Something is there already, or cannot be written.
    """
    files = {f"{name}.pem": shown.certificates_pem()}
    files |= {f"{name}-{number}.crl": one for number, one in enumerate(crls, 1)}
    return write(directory, files, {f"{name}.key": shown.private_key_pem()}, force=force)


def write(directory: Path, files: Mapping[str, bytes], keys: Mapping[str, bytes], *, force: bool = False) -> list[Path]:
    """Write files for everybody and keys for this user alone; all of them or, where one is in the way, none.

    Raises:
        ConfigurationError: Something is there already, or cannot be written.
    """
    wanted = {**dict.fromkeys(files, _PUBLIC), **dict.fromkeys(keys, _PRIVATE)}
    try:
        directory.mkdir(mode=_DIRECTORY, parents=True, exist_ok=True)
        there = [name for name in wanted if (directory / name).exists()]
        if there and not force:
            what = f"{there[0]} exists" + (f", and {len(there) - 1} more" if len(there) > 1 else "")
            raise ConfigurationError(
                str(directory), [Problem("files", what, "name another directory, or add --force to overwrite")]
            )
        for name, mode in wanted.items():
            _write_one(directory / name, files.get(name) or keys[name], mode)
    except OSError as problem:
        reason = problem.strerror or str(problem)
        raise ConfigurationError(str(directory), [Problem("directory", reason, "name one you can write to")]) from None
    return [directory / name for name in wanted]


def _write_one(path: Path, content: bytes, mode: int) -> None:
    with suppress(FileNotFoundError):
        path.unlink()
    # Made with its mode, so that there is no moment at which others could open it.
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(content)


def read_certificates(paths: Iterable[Path]) -> list[bytes]:
    """The octets of all certificates of PEM or DER files in their order, readable as certificates or not.

    Raises:
        ConfigurationError: A file cannot be read, or holds nothing of that kind.
    """
    found: list[bytes] = []
    for path in paths:
        data = read(path)
        armoured = _ARMOUR.findall(data)
        if armoured:
            found += [_decoded(path, text) for text in armoured]
        elif b"PRIVATE KEY-----" in data:
            refuse(path, "holds a private key and no certificate", "name the file with the certificate")
        elif data[:1] == bytes([_SEQUENCE]):
            found.append(data)
        else:
            refuse(path, "holds no certificate", "name a PEM or DER file")
    return found


def read(path: Path) -> bytes:
    """The octets of a file.

    Raises:
        ConfigurationError: It cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as problem:
        raise ConfigurationError(
            str(path), [Problem("file", problem.strerror or str(problem), "name a readable file")]
        ) from None


def read_credential(certificates: Path, key: Path) -> Credential:
    """A certificate with its chain and key.

    Raises:
        ConfigurationError: A file is missing or damaged, or the two do not belong together.
    """
    try:
        chain = [x509.load_der_x509_certificate(one) for one in read_certificates([certificates])]
    except ValueError:
        refuse(certificates, "holds something that is no certificate", "make the PKI again: v2gready pki init")
    private = read_key(key)
    if private.public_key() != chain[0].public_key():
        refuse(key, f"does not belong to {certificates.name}", "make the PKI again: v2gready pki init")
    return Credential(chain[0], private, tuple(chain[1:]))


def read_key(path: Path) -> PrivateKey:
    """A private key without password.

    Raises:
        ConfigurationError: It cannot be read or is of another type.
    """
    try:
        found = load_pem_private_key(read(path), None)
    except (ValueError, TypeError):
        refuse(path, "holds no private key that can be read", "name a PEM file without password")
    if not isinstance(found, PrivateKey):
        refuse(path, "holds a key of another type", "use EC, Ed448 or RSA")
    return found


def _decoded(path: Path, text: bytes) -> bytes:
    try:
        return base64.b64decode(b"".join(text.split()), validate=True)
    except binascii.Error:
        refuse(path, "holds broken PEM", "write it again: openssl x509 -in FILE -inform DER")


def refuse(path: Path, what: str, remedy: str) -> NoReturn:
    """Say what is wrong with a file or folder.

    Raises:
        ConfigurationError: Always.
    """
    raise ConfigurationError(str(path), [Problem("file", what, remedy)])


def _manifest(settings: Settings) -> bytes:
    lines = {
        "edition": settings.edition.value,
        "curve": settings.curve.value,
        "not_before": settings.not_before.isoformat(),
        "vehicle_root": settings.vehicle_root.value,
        "contract_root": settings.contract_root.value,
        "ocsp": settings.addresses.ocsp,
        "crl": settings.addresses.crl,
    }
    text = "".join(f'{key} = "{value}"\n' for key, value in lines.items())
    return f"# Made by v2gready pki init. For tests; worth nothing outside.\n{text}".encode()


def _settings(path: Path) -> Settings:
    if not path.is_file():
        where = [Problem(MANIFEST, "is not there", "name a directory that v2gready pki init made")]
        raise ConfigurationError(str(path.parent), where)
    try:
        table = tomllib.loads(read(path).decode())
        return Settings(
            Curve(table["curve"]),
            Edition(table["edition"]),
            datetime.fromisoformat(table["not_before"]).astimezone(UTC),
            Addresses(str(table["ocsp"]), str(table["crl"])),
            Role(table["vehicle_root"]),
            Role(table["contract_root"]),
        )
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, ValueError, TypeError) as problem:
        refuse(path, f"is damaged: {problem}", "make the PKI again: v2gready pki init")
