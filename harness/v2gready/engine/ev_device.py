"""Runs the reference car as a process of its own, on a real interface.

Its hooks are served over HTTP on loopback, so that a DUT file can reach them::

    [hooks.plug_in]
    kind = "http"
    url = "http://127.0.0.1:9200/plug_in"
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from pathlib import Path

from v2gready.engine.benches import LOOPBACK
from v2gready.engine.device_control import controlled
from v2gready.engine.ev_hooks import NAMES
from v2gready.engine.tables import CURVES, read_certificates, read_private_key
from v2gready.model.dut import ConfigurationError, Problem
from v2gready.protocols import sdp
from v2gready.protocols.pki import Credential
from v2gready.references.ev import REFERENCE, EvDeviceConfig, EvDeviceCredentials, EvSecurity, RunningEv
from v2gready.transports.clock import Clock
from v2gready.transports.network import Network
from v2gready.transports.sockets import SocketNetwork
from v2gready.transports.stream import TransportError

Say = Callable[[str], None]


def ev_credentials(roots: str, certificates: str, key: str, curve: str) -> EvDeviceCredentials | None:
    """Reads the PEM files of a car; None without any, for a rig.

    Raises:
        ConfigurationError: One is missing or wrong.
    """
    named = {"roots": roots, "certificates": certificates, "key": key}
    if not any(named.values()):
        return None
    problems: list[Problem] = []

    def problem(option: str, what: str, remedy: str) -> None:
        problems.append(Problem(f"--{option}", what, remedy))

    table = {name: file for name, file in named.items() if file}
    anchors = read_certificates(table, "roots", Path(), problem)
    chain = read_certificates(table, "certificates", Path(), problem)
    private = read_private_key(table, "key", Path(), problem)
    if curve not in CURVES:
        problem("curve", f"is {curve!r}", f"use one of {', '.join(CURVES)}")
    if problems or private is None:
        raise ConfigurationError("device", problems)
    return EvDeviceCredentials(anchors, Credential(chain[0], private, tuple(chain[1:])), CURVES[curve])


async def serve_ev(
    interface: str,
    sdp_port: int,
    faults: Sequence[str],
    rng: random.Random,
    say: Say,
    *,
    credentials: EvDeviceCredentials | None = None,
    sessions: int = 1,
    loops: int | None = None,
    control: int = 0,
) -> None:
    """Plugs in, charges as often as told, and leaves; with a control port it waits for hooks instead.

    Args:
        interface: Network interface towards the charger.
        sdp_port: UDP port of SDP.
        faults: Named faults to switch on.
        rng: Source of what is random in it.
        say: Tells the operator how each session ended.
        credentials: For TLS; None for a rig.
        sessions: Sessions in a row; 0 for no end.
        loops: Charge loops of a session; None for as many as the battery takes.
        control: Port of its hooks; 0 for none.

    Raises:
        ConfigurationError: The interface or a port cannot be had.
    """
    try:
        async with SocketNetwork(interface, sdp_port=sdp_port) as network:
            config = reference_car(network, tls=credentials is not None, loops=loops)
            async with (
                REFERENCE.open(network, Clock(), config=config, faults=faults, rng=rng, credentials=credentials) as car,
                controlled(car, NAMES, control),
            ):
                say(f"reference car on {interface}, SDP to port {sdp_port}")
                for fault in faults:
                    say(f"fault {fault}: {REFERENCE.faults[fault]}")
                if control:
                    await asyncio.Event().wait()
                await _visits(car, sessions, say)
    except TransportError as reason:
        wrong = Problem("--interface", str(reason), "name another interface or port")
        raise ConfigurationError("device", [wrong]) from None


def reference_car(network: Network, *, tls: bool, loops: int | None) -> EvDeviceConfig:
    """The car as it goes on a wire: on loopback there are no link-local addresses to insist on."""
    return EvDeviceConfig(
        security=EvSecurity.TLS if tls else EvSecurity.NONE,
        loops=loops,
        on_link=LOOPBACK if network.address == "::1" else sdp.LINK_LOCAL,
    )


async def _visits(car: RunningEv, sessions: int, say: Say) -> None:
    done = 0
    while not sessions or done < sessions:
        car.plug_in()
        await car.settled()
        car.unplug()
        done += 1
        say(f"session {done}: {car.last_end}, state of charge {car.soc:.1f} %")
