"""Checks the interface settings of a car's DUT file and loads what they name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from v2gready.emulators.charger import SeccCredentials
from v2gready.engine.authorities import AUTHORITIES
from v2gready.engine.charger_credentials import KEYS, DefectiveChains, charger_credentials, services
from v2gready.engine.plug_and_charge import for_car_under_test
from v2gready.engine.settings import EMBEDDED, NAME, NETWORK
from v2gready.engine.tables import read_integer
from v2gready.hosts.secc import ChargerCredentials
from v2gready.model.dut import ConfigurationError, DutFile, Problem
from v2gready.protocols.iso15118.secc import SecurityPolicy
from v2gready.protocols.pki import TestPki
from v2gready.references.ev import EvDeviceCredentials

ROLE = "ev"
_KEYS = {"kind", "interface", "security", "sdp_port"} | KEYS
_SECURITY = {"tls": SecurityPolicy.TLS, "none": SecurityPolicy.NONE, "both": SecurityPolicy.BOTH}


@dataclass(frozen=True, slots=True)
class EvSettings:
    """Settings of ``[interfaces.iso15118]`` of a car.

    Attributes:
        kind: ``embedded`` (the reference car in this process) or ``network``.
        interface: Network interface towards the car.
        security: What the emulated charger grants.
        sdp_port: UDP port of SDP.
        credentials: What it shows in TLS, and its back end; None without TLS.
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
    if kind == NETWORK and (security is not SecurityPolicy.NONE or AUTHORITIES in table):
        credentials = charger_credentials(table, base, problem)
    if problems or security is None:
        raise ConfigurationError(dut.source, problems)
    return EvSettings(str(kind), interface, security, port, credentials)


def embedded_credentials(settings: EvSettings) -> tuple[EvSettings, EvDeviceCredentials]:
    """One PKI for the emulated charger and the reference car."""
    # OpenSSL compares validity with the machine's clock, whatever the virtual one says.
    pki = TestPki(datetime.now(UTC) - timedelta(days=1))
    good, car, others, contracts = for_car_under_test(
        ChargerCredentials(pki.secc, pki.roots), EvDeviceCredentials(pki.roots, pki.vehicle)
    )
    defective = DefectiveChains(good, pki, known=True)
    return (
        replace(settings, credentials=SeccCredentials(good, defective, others, services(contracts))),
        replace(car, revoked=defective.is_revoked),
    )
