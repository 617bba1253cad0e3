"""Reads values of a table of the DUT file: numbers, certificates, keys. What is wrong is told, never raised."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed448
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from v2gready.protocols.pki import Credential, Curve

CURVES = {"secp521r1": Curve.P521, "secp256r1": Curve.P256, "x448": Curve.ED448}
"""Groups of the key exchange in TLS, by their names in a DUT file."""

Report = Callable[[str, str, str], None]
"""Takes key, what is wrong with it, and the remedy."""


def read_integer(table: Mapping[str, Any], key: str, default: int, allowed: range, problem: Report) -> int:
    """A whole number of a table; what is wrong goes to ``problem``."""
    value = table.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or value not in allowed:
        problem(key, f"is {value!r}", f"write a whole number from {allowed[0]} to {allowed[-1]}")
        return default
    return value


def read_curve(table: Mapping[str, Any], default: Curve, problem: Report) -> Curve:
    """The group of the key exchange; what is wrong goes to ``problem``."""
    if "curve" not in table:
        return default
    found = CURVES.get(str(table["curve"]))
    if found is None:
        problem("curve", f"is {table['curve']!r}", f"use one of {', '.join(CURVES)}")
        return default
    return found


def read_certificates(table: Mapping[str, Any], key: str, base: Path, problem: Report) -> list[x509.Certificate]:
    """Certificates of the PEM file that a key names; what is wrong goes to ``problem``."""
    name = table.get(key)
    if not isinstance(name, str):
        problem(key, "is missing", "name a PEM file")
        return []
    try:
        return x509.load_pem_x509_certificates((base / name).read_bytes())
    except OSError as reason:
        problem(key, f"cannot read {base / name}: {reason.strerror}", "name a readable PEM file")
    except ValueError:
        problem(key, f"{base / name} holds no PEM certificate", "convert it: openssl x509 -in FILE -inform DER")
    return []


def read_private_key(
    table: Mapping[str, Any], name: str, base: Path, problem: Report
) -> ec.EllipticCurvePrivateKey | ed448.Ed448PrivateKey | None:
    """The private key of the PEM file that a key of the table names; what is wrong goes to ``problem``.

    The password of an encrypted one stands in the environment variable that ``<name>_password_env`` names.
    """
    file = table.get(name)
    if not isinstance(file, str):
        problem(name, "is missing", "name a PEM file with the private key")
        return None
    variable = table.get(f"{name}_password_env")
    password = os.environ.get(variable, "").encode() if isinstance(variable, str) else None
    try:
        key = load_pem_private_key((base / file).read_bytes(), password)
    except OSError as reason:
        problem(name, f"cannot read {base / file}: {reason.strerror}", "name a readable PEM file")
        return None
    except (TypeError, ValueError):
        problem(
            name,
            f"{base / file} cannot be opened as a private key",
            f"name a PEM key; for an encrypted one set {name}_password_env to the variable with its password",
        )
        return None
    if not isinstance(key, ec.EllipticCurvePrivateKey | ed448.Ed448PrivateKey):
        problem(name, "is no elliptic-curve key", "ISO 15118-20 asks for secp521r1 or Ed448")
        return None
    return key


def read_credential(table: Mapping[str, Any], prefix: str, base: Path, problem: Report) -> Credential | None:
    """Certificate, key and way up that ``<prefix>_certificates`` and ``<prefix>_key`` name; None if one is wrong."""
    chain = read_certificates(table, f"{prefix}_certificates", base, problem)
    key = read_private_key(table, f"{prefix}_key", base, problem)
    if not chain or key is None:
        return None
    if chain[0].public_key() != key.public_key():
        whose = "SECC" if prefix == "secc" else prefix
        problem(f"{prefix}_key", f"does not belong to the first {whose} certificate", "name the key of that one")
        return None
    return Credential(chain[0], key, tuple(chain[1:]))


def read_credentials(table: Mapping[str, Any], prefix: str, base: Path, problem: Report) -> tuple[Credential, ...]:
    """The same of keys that name one file or a list of files; none if neither key is there."""
    certificates, keys = f"{prefix}_certificates", f"{prefix}_key"
    if certificates not in table and keys not in table:
        return ()
    files, secrets = (_several(table.get(name)) for name in (certificates, keys))
    if len(files) != len(secrets):
        told = f"names {len(secrets)} files for {len(files)} of {certificates}"
        problem(keys, told, "name one key for each, in the same order")
        return ()
    found = []
    for file, secret in zip(files, secrets, strict=True):
        one = {**table, certificates: file, keys: secret}
        found.append(read_credential(one, prefix, base, problem))
    return tuple(one for one in found if one is not None)


def _several(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else [value]
