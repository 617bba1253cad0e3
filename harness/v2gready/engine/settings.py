"""Checks the interface settings of a DUT file and loads what they name."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from v2gready.emulators.ev import EvCredentials
from v2gready.model.dut import ConfigurationError, DutFile, Problem
from v2gready.protocols import sdp
from v2gready.protocols.pki import Credential, Curve

NAME = "iso15118"
EMBEDDED, NETWORK = "embedded", "network"
_KEYS = {
    "kind",
    "interface",
    "security",
    "sdp_port",
    "sdp_attempts",
    "roots",
    "vehicle_certificates",
    "vehicle_key",
    "vehicle_key_password_env",
    "curve",
}
_SECURITY = {"tls": sdp.Security.TLS, "none": sdp.Security.NONE}
CURVES = {"secp521r1": Curve.P521, "secp256r1": Curve.P256}


@dataclass(frozen=True, slots=True)
class Iso15118Settings:
    """Settings of ``[interfaces.iso15118]``.

    Attributes:
        kind: ``embedded`` (the reference charger in this process) or ``network``.
        interface: Network interface towards the charger.
        security: What the car asks for by SDP.
        sdp_port: UDP port of SDP.
        sdp_attempts: SDP requests before giving up.
        credentials: What the car shows in TLS; None without TLS.
    """

    kind: str
    interface: str
    security: sdp.Security
    sdp_port: int
    sdp_attempts: int
    credentials: EvCredentials | None


def iso15118_settings(dut: DutFile, base: Path) -> Iso15118Settings:
    """Checks ``[interfaces.iso15118]`` and reads the certificates it names.

    Args:
        dut: The DUT file.
        base: Folder that relative paths start from.

    Raises:
        ConfigurationError: With every problem found.
    """
    table = dut.interfaces.get(NAME)
    if not isinstance(table, Mapping):
        raise ConfigurationError(
            dut.source, [Problem(f"interfaces.{NAME}", "is missing", "say how the car reaches the charger")]
        )
    problems: list[Problem] = []

    def problem(key: str, what: str, remedy: str) -> None:
        problems.append(Problem(f"interfaces.{NAME}.{key}", what, remedy))

    for key in sorted(set(table) - _KEYS):
        problem(key, "is unknown", f"use one of {', '.join(sorted(_KEYS))}")
    kind = table.get("kind")
    if kind not in {EMBEDDED, NETWORK}:
        problem("kind", f"is {kind!r}", f"write {NETWORK!r}, or {EMBEDDED!r} for the reference charger")
    interface = table.get("interface", "")
    if kind == NETWORK and (not isinstance(interface, str) or not interface):
        problem("interface", "is missing", "name the network interface towards the charger, e.g. eth0")
    security = _SECURITY.get(str(table.get("security", "tls")))
    if security is None:
        problem("security", f"is {table.get('security')!r}", 'write "tls", or "none" for a rig')
    port = read_integer(table, "sdp_port", 15118, range(1, 65536), problem)
    attempts = read_integer(table, "sdp_attempts", sdp.MAX_ATTEMPTS, range(1, sdp.MAX_ATTEMPTS + 1), problem)
    credentials = None
    if kind == NETWORK and security is sdp.Security.TLS:
        credentials = _credentials(table, base, problem)
    if problems or security is None:
        raise ConfigurationError(dut.source, problems)
    return Iso15118Settings(str(kind), interface, security, port, attempts, credentials)


def read_integer(table: Mapping[str, Any], key: str, default: int, allowed: range, problem: Any) -> int:
    """A whole number of a table; what is wrong goes to ``problem``."""
    value = table.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or value not in allowed:
        problem(key, f"is {value!r}", f"write a whole number from {allowed[0]} to {allowed[-1]}")
        return default
    return value


def _credentials(table: Mapping[str, Any], base: Path, problem: Any) -> EvCredentials | None:
    roots = read_certificates(table, "roots", base, problem)
    chain = read_certificates(table, "vehicle_certificates", base, problem)
    key = read_private_key(table, "vehicle_key", base, problem)
    curve = CURVES.get(str(table.get("curve", "secp521r1")))
    if curve is None:
        problem("curve", f"is {table.get('curve')!r}", f"use one of {', '.join(CURVES)}")
    if not roots or not chain or key is None or curve is None:
        return None
    if chain[0].public_key() != key.public_key():
        problem("vehicle_key", "does not belong to the first vehicle certificate", "name the key of that certificate")
        return None
    return EvCredentials(tuple(roots), Credential(chain[0], key, tuple(chain[1:])), curve)


def read_certificates(table: Mapping[str, Any], key: str, base: Path, problem: Any) -> list[x509.Certificate]:
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
    table: Mapping[str, Any], name: str, base: Path, problem: Any
) -> ec.EllipticCurvePrivateKey | None:
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
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        problem(name, "is no elliptic-curve key", "ISO 15118-20 asks for secp521r1")
        return None
    return key
