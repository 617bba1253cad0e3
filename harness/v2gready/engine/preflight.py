"""Everything that can be wrong before the first test is found here, with what to do about it."""

from __future__ import annotations

import asyncio
import os
import socket
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from v2gready.bench.hooks import Prompt
from v2gready.emulators.ev import EvConfig, EvCredentials, EvDriver
from v2gready.engine.benches import on_link
from v2gready.engine.car_credentials import told_of_car, vehicle_uses
from v2gready.engine.charger_credentials import status, told_of_charger, wrong_statuses
from v2gready.engine.data import load_questionnaires, read_toml
from v2gready.engine.ev_settings import ROLE as EV_ROLE
from v2gready.engine.ev_settings import EvSettings, embedded_credentials, ev_settings
from v2gready.engine.grid_settings import GRID, GridSettings, grid_settings
from v2gready.engine.ocpp_settings import OCPP, STATION_ROLE, OcppSettings, ocpp_settings
from v2gready.engine.plug_and_charge import with_contracts
from v2gready.engine.settings import EMBEDDED, Iso15118Settings, iso15118_settings
from v2gready.engine.settings import NAME as CAR
from v2gready.model.dut import ConfigurationError, DutFile, Problem, parse_dut
from v2gready.protocols import sdp
from v2gready.protocols.iso15118.secc import SecurityPolicy
from v2gready.protocols.pki import TestPki
from v2gready.references.charger import ChargerCredentials
from v2gready.references.ev import EvDeviceCredentials
from v2gready.resources import folder
from v2gready.transports.clock import Clock
from v2gready.transports.recorder import Recorder
from v2gready.transports.sockets import SocketNetwork
from v2gready.transports.stream import TransportError

_NEEDED_HOOKS = {
    "plug_in": "is missing; every case with a car needs it: add [hooks.plug_in]",
    "unplug": "is missing; without it cases with two visits are not run, and the car of one case is there in the next",
}
"""What the bench of a car cannot do without."""
PATIENCE = 3.0
"""Seconds that ``doctor`` waits for a CSMS to take a connection."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A device that can be tested.

    Attributes:
        dut: The checked DUT file.
        text: The file as it was read.
        settings: Settings of the interface to the car with credentials loaded; None without one.
        secc: Credentials of the embedded charger; None for a device on a wire or without TLS.
        prompt: How to reach the operator.
        grid: Settings of the interface to the grid; None without one.
        ocpp: Settings of the interface between station and CSMS; None without one.
        charging: Settings of the interface of a car to its charger; None for another role, or without one.
        car: Credentials of the embedded car; None for a device on a wire or without TLS.
    """

    dut: DutFile
    text: str
    settings: Iso15118Settings | None
    secc: ChargerCredentials | None
    prompt: Prompt
    grid: GridSettings | None = None
    ocpp: OcppSettings | None = None
    charging: EvSettings | None = None
    car: EvDeviceCredentials | None = None


def embedded_dut(role: str = "charger") -> Path:
    """DUT file of the reference device of a role.

    Raises:
        ConfigurationError: There is none.
    """
    base = folder("fixtures") / "dut"
    path = base / f"embedded-{role}.toml"
    if not path.is_file():
        known = ", ".join(sorted(one.stem.removeprefix("embedded-") for one in base.glob("embedded-*.toml")))
        raise ConfigurationError("--role", [Problem(repr(role), "has no reference device", f"use {known}")])
    return path


def prepare(path: Path, prompt: Prompt | None = None, *, without: frozenset[str] = frozenset()) -> Ready:
    """Reads and checks a DUT file and all it names.

    Args:
        path: The file.
        prompt: How to reach the operator; on a terminal by default.
        without: Interfaces to leave alone.

    Raises:
        ConfigurationError: With every problem that was found.
    """
    document = read_toml(path)
    interfaces = {name: table for name, table in document.get("interfaces", {}).items() if name not in without}
    dut = parse_dut({**document, "interfaces": interfaces}, str(path), load_questionnaires())
    unknown = sorted(set(dut.interfaces) - {CAR, GRID, OCPP})
    if unknown or not dut.interfaces:
        wrong = Problem(f"interfaces.{'/'.join(unknown)}", "is no interface", f"use {CAR}, {GRID} or {OCPP}")
        raise ConfigurationError(str(path), [wrong])
    settings, secc, charging, car = None, None, None, None
    if CAR in dut.interfaces and dut.device.role == EV_ROLE:
        charging, car = _prepare_charging(dut, path)
    elif CAR in dut.interfaces:
        settings = iso15118_settings(dut, path.parent)
        if settings.kind != EMBEDDED:
            check_interface(settings, str(path))
        elif settings.security is sdp.Security.TLS:
            settings, secc = _embedded_credentials(settings)
    grid = None
    if GRID in dut.interfaces:
        dut, grid = grid_settings(dut, path.parent)
    ocpp = None
    if OCPP in dut.interfaces:
        ocpp = ocpp_settings(dut, path.parent)
        if ocpp.kind != EMBEDDED and ocpp.role == STATION_ROLE:
            check_port(ocpp.host, ocpp.port, str(path))
    return Ready(
        dut=dut,
        text=path.read_text(encoding="utf-8"),
        settings=settings,
        secc=secc,
        prompt=prompt or terminal_prompt,
        grid=grid,
        ocpp=ocpp,
        charging=charging,
        car=car,
    )


def _prepare_charging(dut: DutFile, path: Path) -> tuple[EvSettings, EvDeviceCredentials | None]:
    """Settings of the interface between a car under test and the charger that the harness plays."""
    charging = ev_settings(dut, path.parent)
    if charging.kind != EMBEDDED:
        check_interface(charging, str(path))
    elif charging.security is not SecurityPolicy.NONE:
        return embedded_credentials(charging)
    return charging, None


def check_port(host: str, port: int, source: str) -> None:
    """Listens where the CSMS of the harness will, and stops again.

    Raises:
        ConfigurationError: The address is none of this machine's, or the port cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.create_server((host, port), family=family):
            pass
    except OSError as reason:
        what = os.strerror(reason.errno) if reason.errno else str(reason)
        remedy = "name an address of this machine, as host, and a free port"
        wrong = Problem("interfaces.ocpp.port", f"{host}:{port}: {what}", remedy)
        raise ConfigurationError(source, [wrong]) from None


def check_interface(settings: Iso15118Settings | EvSettings, source: str) -> None:
    """Opens the interface as a test would and closes it again.

    Raises:
        ConfigurationError: The interface is missing, has no IPv6, or a port cannot be had.
    """

    async def probe() -> None:
        network = SocketNetwork(settings.interface, sdp_port=settings.sdp_port)
        async with network:
            (await network.open_datagrams()).close()

    try:
        asyncio.run(probe())
    except TransportError as reason:
        raise ConfigurationError(
            source, [Problem("interfaces.iso15118.interface", str(reason), "see v2gready doctor")]
        ) from None


def _embedded_credentials(settings: Iso15118Settings) -> tuple[Iso15118Settings, ChargerCredentials]:
    # OpenSSL compares validity with the machine's clock, whatever the virtual one says.
    pki = TestPki(datetime.now(UTC) - timedelta(days=1))
    ev = EvCredentials(pki.roots, pki.vehicle, variants=vehicle_uses(pki), vehicle_pki=pki)
    secc = ChargerCredentials(pki.secc, pki.roots, status=status(pki, pki.secc), statuses=wrong_statuses(pki))
    car, charger = with_contracts(ev, secc)
    return replace(settings, credentials=car), charger


async def terminal_prompt(text: str, seconds: float) -> bool:
    """Asks the operator on the terminal and waits for Enter."""

    def ask() -> bool:
        try:
            input(f"\n>>> {text}\n    Press Enter when done (within {seconds:g} s). ")
        except EOFError:
            return False
        return True

    return await asyncio.to_thread(ask)


def examine(path: Path) -> list[tuple[str, bool, str]]:
    """All checks of ``v2gready doctor``, one after the other, each with its finding.

    Returns:
        Name of the check, whether it holds, and what was found or what to fix.
    """
    try:
        ready = prepare(path)
    except ConfigurationError as wrong:
        return [(problem.key, False, f"{problem.what}; {problem.remedy}") for problem in wrong.problems]
    device = ready.dut.device
    findings = [
        ("DUT file", True, f"{device.make} {device.model}, firmware {device.firmware_version}"),
        ("PICS", True, f"{len(ready.dut.pics)} answers, complete"),
        *((f"interface {name}", True, str(table.get("kind", ""))) for name, table in ready.dut.interfaces.items()),
        *((f"hook {name}", True, hook.kind) for name, hook in ready.dut.hooks.items()),
    ]
    if ready.settings is not None and ready.settings.kind != EMBEDDED:
        findings += [*told_of_car(ready.settings.credentials, ready.dut.pics), _sdp_check(ready.settings)]
    if ready.charging is not None and ready.charging.kind != EMBEDDED:
        findings += [
            *((f"hook {name}", False, lack) for name, lack in _NEEDED_HOOKS.items() if name not in ready.dut.hooks),
            *told_of_charger(ready.charging.credentials, ready.dut.pics),
            _listening_check(ready.charging),
        ]
    if ready.grid is not None:
        findings += [*ready.grid.findings(), *ready.grid.probed()]
    if ready.ocpp is not None:
        findings += ready.ocpp.findings()
        if ready.ocpp.kind != EMBEDDED and ready.ocpp.role != STATION_ROLE:
            findings.append(_csms_check(ready.ocpp))
    return findings


def _csms_check(settings: OcppSettings) -> tuple[str, bool, str]:
    """Whether somebody listens where the CSMS should be; no station is played, so nobody has to be known yet."""
    where = f"{settings.host}:{settings.port}"
    try:
        with socket.create_connection((settings.host, settings.port), timeout=PATIENCE):
            return "CSMS", True, f"{where} takes connections"
    except OSError as reason:
        return "CSMS", False, f"{where}: {reason.strerror or reason}; start it, or correct url"


def _sdp_check(settings: Iso15118Settings) -> tuple[str, bool, str]:
    answer = asyncio.run(_search(settings))
    if answer is None:
        return ("SDP", False, "no answer from the charger; check the cable, the link and that it is plugged in")
    return ("SDP", True, f"[{answer.address}]:{answer.port}, security {answer.security.name}")


def _listening_check(settings: EvSettings) -> tuple[str, bool, str]:
    """Whether a charger could be played on the interface: its SDP port is the one that must be free."""

    async def listen() -> str:
        async with SocketNetwork(settings.interface, sdp_port=settings.sdp_port) as network:
            group = network.sdp.host
            (await network.open_datagrams(port=settings.sdp_port, join=group if "ff" in group[:2] else None)).close()
            return network.address

    try:
        address = asyncio.run(listen())
    except TransportError as reason:
        return ("SDP", False, str(reason))
    return ("SDP", True, f"the charger will be at [{address}], UDP port {settings.sdp_port}; a hook plugs the car in")


async def _search(settings: Iso15118Settings) -> sdp.SdpResponse | None:
    clock = Clock()
    recorder = Recorder(clock.now, tester="ev", dut="charger")
    async with SocketNetwork(settings.interface, sdp_port=settings.sdp_port) as network:
        config = EvConfig(security=settings.security, on_link=on_link(network), sdp_attempts=8)
        return await EvDriver(config, network, recorder, clock).discover()
