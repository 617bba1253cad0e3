"""Checks the interface settings of a car's DUT file and loads what they name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509

from v2gready.emulators.charger import SeccCredentials
from v2gready.engine.plug_and_charge import for_car_under_test
from v2gready.engine.settings import CURVES, EMBEDDED, NAME, NETWORK, read_certificates, read_integer, read_private_key
from v2gready.hosts.secc import ChargerCredentials
from v2gready.model.dut import ConfigurationError, DutFile, Problem
from v2gready.protocols.iso15118.secc import SecurityPolicy
from v2gready.protocols.pki import Credential, Curve, Hierarchy, Role, Shown, TestPki
from v2gready.protocols.pki.defects import CATALOGUE
from v2gready.references.ev import EvDeviceCredentials

ROLE = "ev"
OTHER_SECC = "other-secc"
"""No defect: the good certificate of another charger."""
_KEYS = {
    "kind",
    "interface",
    "security",
    "sdp_port",
    "roots",
    "secc_certificates",
    "secc_key",
    "secc_key_password_env",
    "curve",
    "defective",
}
_SECURITY = {"tls": SecurityPolicy.TLS, "none": SecurityPolicy.NONE, "both": SecurityPolicy.BOTH}


@dataclass(frozen=True, slots=True)
class EvSettings:
    """Settings of ``[interfaces.iso15118]`` of a car.

    Attributes:
        kind: ``embedded`` (the reference car in this process) or ``network``.
        interface: Network interface towards the car.
        security: What the emulated charger grants.
        sdp_port: UDP port of SDP.
        credentials: What it shows in TLS; None without TLS.
    """

    kind: str
    interface: str
    security: SecurityPolicy
    sdp_port: int
    credentials: SeccCredentials | None


def ev_settings(dut: DutFile, base: Path) -> EvSettings:
    """Checks ``[interfaces.iso15118]`` of a car and reads the certificates it names.

    Args:
        dut: The DUT file.
        base: Folder that relative paths start from.

    Raises:
        ConfigurationError: With every problem found.
    """
    table = dut.interfaces[NAME]
    problems: list[Problem] = []

    def problem(key: str, what: str, remedy: str) -> None:
        problems.append(Problem(f"interfaces.{NAME}.{key}", what, remedy))

    for key in sorted(set(table) - _KEYS):
        problem(key, "is unknown", f"use one of {', '.join(sorted(_KEYS))}")
    kind = table.get("kind")
    if kind not in {EMBEDDED, NETWORK}:
        problem("kind", f"is {kind!r}", f"write {NETWORK!r}, or {EMBEDDED!r} for the reference car")
    interface = table.get("interface", "")
    if kind == NETWORK and (not isinstance(interface, str) or not interface):
        problem("interface", "is missing", "name the network interface towards the car, e.g. eth0")
    security = _SECURITY.get(str(table.get("security", "tls")))
    if security is None:
        problem("security", f"is {table.get('security')!r}", 'write "tls", "both", or "none" for a rig')
    port = read_integer(table, "sdp_port", 15118, range(1, 65536), problem)
    credentials = None
    if kind == NETWORK and security not in {SecurityPolicy.NONE, None}:
        credentials = _credentials(table, base, problem)
    if problems or security is None:
        raise ConfigurationError(dut.source, problems)
    return EvSettings(str(kind), interface, security, port, credentials)


ED448 = "ed448"


class DefectiveChains(Mapping[str, ChargerCredentials]):
    """The SECC certificates of a PKI with each defect that a handshake can show, made when first asked for.

    And one that is good, under the name "ed448": with the other kind of key [V2G20-2319].

    Args:
        pki: The good PKI.
        good: The charger's good credentials.
    """

    def __init__(self, pki: Hierarchy, good: ChargerCredentials) -> None:
        self._pki = pki
        self._good = good
        self._names = [name for name, one in CATALOGUE.items() if Role.SECC in one.roles and one.presentable]
        self._names.append(OTHER_SECC)
        self._names.append(ED448)
        self._made: dict[str, ChargerCredentials] = {}
        self._revoked: set[bytes] = set()

    def __getitem__(self, name: str) -> ChargerCredentials:
        if name not in self._names:
            raise KeyError(name)
        if name not in self._made:
            self._made[name] = replace(self._good, secc=self._make(name))
        return self._made[name]

    def _make(self, name: str) -> Shown:
        if name == OTHER_SECC:
            return self._pki.issue(Role.SECC)
        if name == ED448:
            return self._pki.sibling(curve=Curve.ED448).secc
        # A sub-CA that is revoked here must not be one of the good chain.
        chain = CATALOGUE[name].apply(self._pki.sibling(), Role.SECC)
        for raw in chain.crls:
            self._note(raw)
        return chain

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def is_revoked(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
        """What a responder would say, for the reference car."""
        return self._key(issuer.subject, certificate.serial_number) in self._revoked

    def _note(self, raw: bytes) -> None:
        revoked = x509.load_der_x509_crl(raw)
        self._revoked |= {self._key(revoked.issuer, one.serial_number) for one in revoked}

    @staticmethod
    def _key(issuer: x509.Name, serial: int) -> bytes:
        return issuer.public_bytes() + str(serial).encode()


def embedded_credentials(settings: EvSettings) -> tuple[EvSettings, EvDeviceCredentials]:
    """One PKI for the emulated charger and the reference car."""
    # OpenSSL compares validity with the machine's clock, whatever the virtual one says.
    pki = TestPki(datetime.now(UTC) - timedelta(days=1))
    good, car, others = for_car_under_test(
        ChargerCredentials(pki.secc, pki.roots), EvDeviceCredentials(pki.roots, pki.vehicle)
    )
    defective = DefectiveChains(pki, good)
    return (
        replace(settings, credentials=SeccCredentials(good, defective, others)),
        replace(car, revoked=defective.is_revoked),
    )


def _credentials(table: Mapping[str, Any], base: Path, problem: Any) -> SeccCredentials | None:
    roots = read_certificates(table, "roots", base, problem)
    chain = read_certificates(table, "secc_certificates", base, problem)
    key = read_private_key(table, "secc_key", base, problem)
    curve = CURVES.get(str(table.get("curve", "secp521r1")))
    if curve is None:
        problem("curve", f"is {table.get('curve')!r}", f"use one of {', '.join(CURVES)}")
    if not roots or not chain or key is None or curve is None:
        return None
    if chain[0].public_key() != key.public_key():
        problem("secc_key", "does not belong to the first SECC certificate", "name the key of that certificate")
        return None
    return SeccCredentials(ChargerCredentials(Credential(chain[0], key, tuple(chain[1:])), tuple(roots), curve))
