"""Runs a reference device as a process of its own, on a real interface."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence

from v2gready.model.dut import ConfigurationError, Problem
from v2gready.protocols.iso15118.services import ServiceId
from v2gready.references.charger import REFERENCE, ChargerConfig, SecurityPolicy
from v2gready.transports.clock import Clock
from v2gready.transports.sockets import SocketNetwork
from v2gready.transports.stream import TransportError

ALL_SERVICES = (ServiceId.DC, ServiceId.DC_BPT, ServiceId.AC, ServiceId.AC_BPT)


async def serve_charger(
    interface: str, sdp_port: int, faults: Sequence[str], rng: random.Random, say: Callable[[str], None]
) -> None:
    """Serves until cancelled.

    Args:
        interface: Network interface.
        sdp_port: UDP port of SDP.
        faults: Named faults to switch on.
        rng: Source of session ids.
        say: Tells the operator where it listens.

    Raises:
        ConfigurationError: The interface or a port cannot be had.
    """
    config = ChargerConfig(services=ALL_SERVICES, security=SecurityPolicy.NONE)
    try:
        async with (
            SocketNetwork(interface, sdp_port=sdp_port) as network,
            REFERENCE.open(network, Clock(), config=config, faults=faults, rng=rng) as charger,
        ):
            say(f"reference charger on {interface}, SDP on {charger.endpoint}")
            for fault in faults:
                say(f"fault {fault}: {REFERENCE.faults[fault]}")
            await asyncio.Event().wait()
    except TransportError as reason:
        raise ConfigurationError(
            "device", [Problem("--interface", str(reason), "name another interface or port")]
        ) from None


def inverter_faults() -> list[str]:
    """Faults of the reference inverter, a line each; it runs in process alone."""
    from v2gready.references.inverter import REFERENCE as INVERTER  # noqa: PLC0415 - the extra "grid"

    return [f"{key:<36} {sentence}" for key, sentence in sorted(INVERTER.faults.items())]
