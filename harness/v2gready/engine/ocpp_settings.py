"""``[interfaces.ocpp]`` of a DUT file: where the CSMS listens or is found, who connects, and with which secrets.

A charging station (role charger) calls the harness, so the harness needs a place to listen. A CSMS is called by the
harness, so its URL is needed. A password is never written in the DUT file, because that file is kept with the run: it
comes from an environment variable or from a file of its own.

Light on purpose: a bench without OCPP needs none of its packages.
"""

from __future__ import annotations

import importlib.util
import ipaddress
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from v2gready.engine.settings import EMBEDDED, NETWORK
from v2gready.engine.tables import read_certificates, read_integer
from v2gready.model.dut import ConfigurationError, DutFile, Problem

if TYPE_CHECKING:
    from v2gready.bench.hooks import Prompt
    from v2gready.engine.benches import BenchSetup

OCPP = "ocpp"
STATION_ROLE, CSMS_ROLE = "charger", "csms"
EDITIONS = ("ocpp2.1", "ocpp2.0.1")
MAX_IDENTITY = 48
_COMMON = {
    "kind",
    "security_profile",
    "password_env",
    "password_file",
    "editions",
    "roots",
    "serial",
    "call_timeout",
    "authority_certificates",
    "authority_key",
    "authority_key_password_env",
    "variants",
}
_KEYS = {
    STATION_ROLE: _COMMON
    | {"host", "port", "path", "identity", "server_certificates", "server_key", "server_key_password_env"},
    CSMS_ROLE: _COMMON | {"url", "identities", "station_certificates", "station_key", "station_key_password_env"},
}
_SCHEMES = {"ws": 80, "wss": 443}
_PASSWORD_LENGTH = range(16, 65)
_EMBEDDED_IDENTITIES = {STATION_ROLE: ("V2GREADY-CS-1",), CSMS_ROLE: ("CS001", "CS002")}

VARIANTS = {
    STATION_ROLE: ("expired", "not_yet_valid", "self_signed", "foreign_root", "wrong_name", "wildcard"),
    CSMS_ROLE: ("expired", "foreign", "other_station", "wrong_organisation"),
}
"""Certificates that a station, and a CSMS, under test has to refuse: `ServerVariant` and `ClientVariant`."""
REMEDY = "name authority_certificates and authority_key, or a folder of variants, in [interfaces.ocpp]"
"""What makes the others possible."""
UNSIGNED = frozenset({"self_signed", "foreign_root", "foreign"})
"""Those that nobody has to sign."""

_Report = Callable[[str, str, str], None]


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A certificate with its way up and its key, as read from PEM files.

    Attributes:
        chain: Leaf first.
        key: Its private key.
    """

    chain: tuple[x509.Certificate, ...]
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey = field(repr=False)


@dataclass(frozen=True, slots=True)
class OcppSettings:
    """A checked ``[interfaces.ocpp]``.

    Attributes:
        kind: ``embedded`` or ``network``.
        role: Role of the device: ``charger`` or ``csms``.
        host: Where the harness's CSMS listens, or where the CSMS under test is found.
        port: Its TCP port.
        path: Path of the endpoint, without identity.
        identities: Identities of stations: the one of the device, or those that the harness may play.
        security_profile: 1, 2 or 3.
        editions: Subprotocols, the preferred one first.
        password: For Basic authentication; a secret.
        own: What the harness shows in TLS; None if it shows nothing.
        authority: An authority that the device trusts, for defective certificates; None if there is none.
        variants: Defective certificates that lie ready, by name.
        roots: What it trusts in TLS.
        serial: Serial number of the station.
        call_timeout: Seconds that the harness waits for an answer; the device is given that long to find one.
    """

    kind: str
    role: str
    host: str
    port: int
    path: str
    identities: tuple[str, ...]
    security_profile: int
    editions: tuple[str, ...]
    password: str = field(repr=False)
    own: KeyPair | None = None
    authority: KeyPair | None = None
    variants: Mapping[str, KeyPair] = field(default_factory=dict)
    roots: tuple[x509.Certificate, ...] = ()
    serial: str = ""
    call_timeout: float = 30.0

    @property
    def identity(self) -> str:
        """The station's identity, or the first of those that may be played."""
        return self.identities[0]

    def findings(self) -> list[tuple[str, bool, str]]:
        """What ``v2gready doctor`` says."""
        who = "listening on" if self.role == STATION_ROLE else "calling"
        where = f"{who} {self.host}:{self.port}{self.path}, security profile {self.security_profile}"
        found = [("OCPP", True, "in this process" if self.kind == EMBEDDED else where)]
        if self.own is not None:
            missing = [one for one in self.bad_certificates() if not self.can_show(one)]
            rest = f"; not {', '.join(missing)}: {REMEDY}" if missing else ""
            there = [one for one in self.bad_certificates() if self.can_show(one)]
            found.append(("OCPP certificates", True, f"defective ones: {', '.join(there)}{rest}"))
        return found

    def bad_certificates(self) -> tuple[str, ...]:
        """Names of the defective certificates that cases for this device ask for."""
        return VARIANTS[self.role]

    def can_show(self, variant: str) -> bool:
        """The bench has a defective certificate, or what is needed to make it."""
        return self.own is not None and (self.authority is not None or variant in {*UNSIGNED, *self.variants})


def installed() -> bool:
    """The extra ``ocpp`` is there."""
    return all(importlib.util.find_spec(name) is not None for name in ("ocpp", "websockets"))


def ocpp_settings(dut: DutFile, base: Path) -> OcppSettings:
    """Checks ``[interfaces.ocpp]`` and reads the secrets and certificates that it names.

    Args:
        dut: The DUT file.
        base: Folder that relative paths start from.

    Raises:
        ConfigurationError: With every problem found.
    """
    return checked(dut.interfaces[OCPP], dut.device.role, base, dut.source, f"interfaces.{OCPP}.")


def checked(table: Mapping[str, Any], role: str, base: Path, source: str, prefix: str = "") -> OcppSettings:
    """Checks the settings of one side, whoever they are from.

    Args:
        table: The keys of ``[interfaces.ocpp]``.
        role: Role of the device at the other end: ``charger`` or ``csms``.
        base: Folder that relative paths start from.
        source: Where they were read, for messages.
        prefix: What stands before a key in messages.

    Raises:
        ConfigurationError: With every problem found.
    """
    if not installed():
        wrong = Problem(OCPP, "needs ocpp and websockets", "pip install 'v2gready[ocpp]'")
        raise ConfigurationError(source, [wrong])
    problems: list[Problem] = []

    def problem(key: str, what: str, remedy: str) -> None:
        problems.append(Problem(f"{prefix}{key}", what, remedy))

    if role not in _KEYS:
        problem("kind", f"role {role!r} has no OCPP", f"use it for {STATION_ROLE} or {CSMS_ROLE}")
        raise ConfigurationError(source, problems)
    settings = _settings(table, role, base, problem)
    if problems:
        raise ConfigurationError(source, problems)
    return settings


def _settings(table: Mapping[str, Any], role: str, base: Path, problem: _Report) -> OcppSettings:
    known = _KEYS[role]
    for key in sorted(set(table) - known):
        if key == "password":
            problem(key, "stands in a file that is kept with the run", "write password_env or password_file instead")
        else:
            problem(key, "is unknown", f"use one of {', '.join(sorted(known))}")
    kind = table.get("kind")
    if kind not in {EMBEDDED, NETWORK}:
        problem("kind", f"is {kind!r}", f"write {NETWORK!r}, or {EMBEDDED!r} for the reference device")
    level = read_integer(table, "security_profile", 1, range(1, 4), problem)
    editions = _names(table, "editions", EDITIONS, problem)
    for edition in set(editions) - set(EDITIONS):
        problem("editions", f"{edition!r} is no edition this suite speaks", f"use {' and '.join(EDITIONS)}")
    if kind == EMBEDDED:
        return OcppSettings(EMBEDDED, role, "", 0, "/ocpp", _EMBEDDED_IDENTITIES[role], level, editions, "")
    host, port, path = _listener(table, problem) if role == STATION_ROLE else _address(table, level, problem)
    password = "" if level == 3 else _password(table, base, problem)
    own, roots = _certificates(table, role, level, base, problem)
    authority = _authority(table, base, problem) if own is not None else None
    variants = _variants(table, role, base, problem) if own is not None else {}
    return OcppSettings(
        kind=str(kind),
        role=role,
        host=host,
        port=port,
        path=path,
        identities=_identities(table, role, problem),
        security_profile=level,
        editions=editions,
        password=password,
        own=own,
        authority=authority,
        variants=variants,
        roots=roots,
        serial=str(table.get("serial", "")),
        call_timeout=float(read_integer(table, "call_timeout", 30, range(1, 301), problem)),
    )


def _listener(table: Mapping[str, Any], problem: _Report) -> tuple[str, int, str]:
    host = table.get("host", "127.0.0.1")
    try:
        ipaddress.ip_address(host)
    except ValueError:
        problem("host", f"is {host!r}", "write an IP address of this machine; 127.0.0.1 if left out")
        host = ""
    path = table.get("path", "/ocpp")
    if not isinstance(path, str) or not path.startswith("/"):
        problem("path", f"is {path!r}", "write a path that begins with /")
        path = "/"
    return str(host), read_integer(table, "port", 9000, range(1, 65536), problem), path.rstrip("/")


def _address(table: Mapping[str, Any], level: int, problem: _Report) -> tuple[str, int, str]:
    url = table.get("url", "")
    try:
        parts = urlsplit(url if isinstance(url, str) else "")
        port = parts.port
    except ValueError:
        problem("url", "cannot be read", "write ws://host:port/path")
        return "", 0, ""
    if parts.scheme not in _SCHEMES or not parts.hostname:
        problem("url", "is missing or no WebSocket address", "write ws://host:port/path, or wss:// for TLS")
        return "", 0, ""
    if parts.username is not None or parts.password is not None:
        problem("url", "holds a user or a password", "write password_env or password_file instead")
        return "", 0, ""
    if (parts.scheme == "wss") != (level > 1):
        problem("url", f"is {parts.scheme}:// for security profile {level}", "profile 1 is ws://, 2 and 3 are wss://")
    return parts.hostname, port or _SCHEMES[parts.scheme], parts.path.rstrip("/")


def _identities(table: Mapping[str, Any], role: str, problem: _Report) -> tuple[str, ...]:
    key = "identity" if role == STATION_ROLE else "identities"
    if role == STATION_ROLE:
        one = table.get(key)
        found: tuple[str, ...] = (one,) if isinstance(one, str) else ()
    else:
        found = _names(table, key, (), problem)
    if not found:
        problem(key, "is missing", "write the identity of the station as it stands in its URL")
        return ("",)
    for one in found:
        if not 0 < len(one) <= MAX_IDENTITY or ":" in one:
            problem(key, f"{one!r} is no identity", f"1 to {MAX_IDENTITY} characters, no colon")
    return found


def _names(table: Mapping[str, Any], key: str, default: tuple[str, ...], problem: _Report) -> tuple[str, ...]:
    value = table.get(key, list(default))
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value) or (not value and default):
        problem(key, f"is {value!r}", "write a list of strings")
        return default
    return tuple(value)


def _password(table: Mapping[str, Any], base: Path, problem: _Report) -> str:
    """The password itself never appears in a message: what is wrong with it must be enough."""
    variable, name = table.get("password_env"), table.get("password_file")
    if (variable is None) == (name is None):
        what = "is missing" if variable is None else "and password_file exclude each other"
        problem("password_env", what, "name an environment variable or, as password_file, a file with the password")
        return ""
    if variable is not None:
        key, value = "password_env", os.environ.get(str(variable), "")
        if not value:
            problem(key, f"names {variable!r}, which is not set", "export it before the run")
            return ""
    else:
        key = "password_file"
        try:
            value = (base / str(name)).read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError):
            problem(key, f"cannot read {base / str(name)}", "name a readable UTF-8 file with the password alone")
            return ""
    if len(value) not in _PASSWORD_LENGTH:
        problem(key, f"the password has {len(value)} characters", "BasicAuthPassword has 16 to 64 (A00.FR.205)")
    return value


def _certificates(
    table: Mapping[str, Any], role: str, level: int, base: Path, problem: _Report
) -> tuple[KeyPair | None, tuple[x509.Certificate, ...]]:
    if level == 1:
        return None, ()
    prefix = "server" if role == STATION_ROLE else "station"
    shows = role == STATION_ROLE or level == 3
    trusts = role == CSMS_ROLE or level == 3
    own = _key_pair(table, prefix, base, problem) if shows else None
    roots = tuple(read_certificates(table, "roots", base, problem)) if trusts else ()
    return own, roots


def _authority(table: Mapping[str, Any], base: Path, problem: _Report) -> KeyPair | None:
    """The authority for defective certificates, if one is named."""
    if "authority_certificates" not in table and "authority_key" not in table:
        return None
    pair = _key_pair(table, "authority", base, problem)
    if pair is None:
        return None
    try:
        able = pair.chain[0].extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        able = False
    if not able:
        problem("authority_certificates", "the first one is no authority", "name the certificate that issues others")
        return None
    return pair


def _variants(table: Mapping[str, Any], role: str, base: Path, problem: _Report) -> dict[str, KeyPair]:
    """Defective certificates of a folder: ``expired.pem`` with ``expired.key`` beside it."""
    name = table.get("variants")
    if name is None:
        return {}
    folder = base / str(name)
    if not isinstance(name, str) or not folder.is_dir():
        problem("variants", f"{folder} is no folder", "name a folder with expired.pem, expired.key, ...")
        return {}
    found: dict[str, KeyPair] = {}
    for file in sorted(folder.glob("*.pem")):
        if file.stem not in VARIANTS[role]:
            problem("variants", f"{file.name} is no variant", f"use the names {', '.join(VARIANTS[role])}")
            continue
        prefix = "server" if role == STATION_ROLE else "station"
        files: dict[str, Any] = {"variant_certificates": file.name, "variant_key": f"{file.stem}.key"}
        files |= {"variant_key_password_env": table.get(f"{prefix}_key_password_env")}
        pair = _key_pair(files, "variant", folder, partial(_of_variant, problem, file.name))
        if pair is not None:
            found[file.stem] = pair
    return found


def _of_variant(problem: _Report, file: str, _: str, what: str, remedy: str) -> None:
    problem("variants", f"{file}: {what}", remedy)


def _key_pair(table: Mapping[str, Any], prefix: str, base: Path, problem: _Report) -> KeyPair | None:
    chain = read_certificates(table, f"{prefix}_certificates", base, problem)
    name, variable = table.get(f"{prefix}_key"), table.get(f"{prefix}_key_password_env")
    if not isinstance(name, str):
        problem(f"{prefix}_key", "is missing", "name a PEM file with the private key")
        return None
    secret = os.environ.get(variable, "").encode() if isinstance(variable, str) else None
    try:
        key = load_pem_private_key((base / name).read_bytes(), secret)
    except (OSError, TypeError, ValueError):
        remedy = f"name a readable PEM key; for an encrypted one set {prefix}_key_password_env"
        problem(f"{prefix}_key", f"{base / name} cannot be opened as a private key", remedy)
        return None
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        problem(f"{prefix}_key", "is neither RSA nor elliptic-curve", "OCPP asks for one of them (A00)")
        return None
    if chain and chain[0].public_key() != key.public_key():
        problem(f"{prefix}_key", "does not belong to the first certificate", "name the key of that certificate")
        return None
    return KeyPair(tuple(chain), key) if chain else None


def ocpp_bench(dut: DutFile, settings: OcppSettings, prompt: Prompt) -> tuple[str, BenchSetup]:
    """The neighbour that the harness plays over OCPP, and the bench for its cases."""
    from v2gready.engine import ocpp_benches as benches  # noqa: PLC0415 - the extra "ocpp"

    if settings.role == STATION_ROLE:
        embedded = settings.kind == EMBEDDED
        return "csms", (
            benches.EmbeddedStationBench(dut, settings)
            if embedded
            else benches.NetworkStationBench(dut, settings, prompt)
        )
    if settings.kind == EMBEDDED:
        return "station", benches.EmbeddedCsmsBench(dut, settings)
    return "station", benches.NetworkCsmsBench(dut, settings, prompt)
