"""Checks the interface settings of a DUT file and loads what they name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from v2gready.emulators.ev import EvCredentials
from v2gready.engine.authorities import AUTHORITIES
from v2gready.engine.car_credentials import KEYS, car_credentials
from v2gready.engine.tables import read_integer
from v2gready.model.dut import ConfigurationError, DutFile, Problem
from v2gready.protocols import sdp

NAME = "iso15118"
EMBEDDED, NETWORK = "embedded", "network"
_KEYS = {"kind", "interface", "security", "sdp_port", "sdp_attempts"} | KEYS
_SECURITY = {"tls": sdp.Security.TLS, "none": sdp.Security.NONE}


@dataclass(frozen=True, slots=True)
class Iso15118Settings:
    """Settings of ``[interfaces.iso15118]``.

    Attributes:
        kind: ``embedded`` (the reference charger in this process) or ``network``.
        interface: Network interface towards the charger.
        security: What the car asks for by SDP.
        sdp_port: UDP port of SDP.
        sdp_attempts: SDP requests before giving up.
        credentials: What the car shows in TLS and in messages; None without TLS.
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
    if kind == NETWORK and (security is sdp.Security.TLS or AUTHORITIES in table):
        credentials = car_credentials(table, base, problem)
    if problems or security is None:
        raise ConfigurationError(dut.source, problems)
    return Iso15118Settings(str(kind), interface, security, port, attempts, credentials)
