"""Runs a reference device as a process of its own, on a real interface."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace

from v2gready.engine.ocpp_settings import OcppSettings
from v2gready.model.dut import ConfigurationError, Problem
from v2gready.protocols.iso15118.messages import Authorization
from v2gready.protocols.iso15118.services import ServiceId
from v2gready.references.charger import REFERENCE, ChargerConfig, ChargerCredentials, RunningCharger, SecurityPolicy
from v2gready.transports.clock import Clock
from v2gready.transports.internet import InternetNetwork
from v2gready.transports.sockets import SocketNetwork
from v2gready.transports.stream import TransportError

ALL_SERVICES = (ServiceId.DC, ServiceId.DC_BPT, ServiceId.AC, ServiceId.AC_BPT)


async def serve_charger(  # noqa: PLR0917 - the options of one command
    interface: str,
    sdp_port: int,
    faults: Sequence[str],
    rng: random.Random,
    say: Callable[[str], None],
    back_end: OcppSettings | None = None,
    credentials: ChargerCredentials | None = None,
) -> None:
    """Serves until cancelled.

    Args:
        interface: Network interface.
        sdp_port: UDP port of SDP.
        faults: Named faults to switch on.
        rng: Source of session ids.
        say: Tells the operator where it listens.
        back_end: The CSMS that it calls as an OCPP station, None for none.
        credentials: For TLS, Plug & Charge and certificate installation; None for a rig with plain TCP.

    Raises:
        ConfigurationError: The interface or a port cannot be had.
    """
    config = ChargerConfig(services=ALL_SERVICES, security=SecurityPolicy.NONE)
    if credentials is not None:
        config = replace(
            config,
            security=SecurityPolicy.TLS,
            plain_tcp=False,
            authorization_services=(Authorization.EIM, Authorization.PnC),
            certificate_installation=True,
            price_signed=True,
            metering_signed=True,
        )
    try:
        async with (
            SocketNetwork(interface, sdp_port=sdp_port) as network,
            REFERENCE.open(network, Clock(), config=config, faults=faults, rng=rng, credentials=credentials) as charger,
        ):
            say(f"reference charger on {interface}, SDP on {charger.endpoint}")
            for fault in faults:
                say(f"fault {fault}: {REFERENCE.faults[fault]}")
            async with _at_the_back_end(charger, back_end, rng, say):
                await asyncio.Event().wait()
    except TransportError as reason:
        raise ConfigurationError(
            "device", [Problem("--interface", str(reason), "name another interface or port")]
        ) from None


@contextlib.asynccontextmanager
async def _at_the_back_end(
    charger: RunningCharger, back_end: OcppSettings | None, rng: random.Random, say: Callable[[str], None]
) -> AsyncIterator[None]:
    """Makes the charger an OCPP station as well, if it has a back end."""
    if back_end is None:
        yield
        return
    from v2gready.engine.ocpp_plans import station_on_sockets  # noqa: PLC0415 - the extra "ocpp"
    from v2gready.engine.one_charger import coupled  # noqa: PLC0415 - the same
    from v2gready.references.station import REFERENCE as STATION  # noqa: PLC0415 - the same

    config, credentials = station_on_sockets(back_end)
    async with (
        InternetNetwork() as network,
        STATION.open(network, Clock(), config=config, rng=rng, credentials=credentials) as station,
        coupled(charger, station),
    ):
        say(f"and a charging station {back_end.identity}, calling {back_end.host}:{back_end.port}{back_end.path}")
        yield


def inverter_faults() -> list[str]:
    """Faults of the reference inverter, a line each; it runs in process alone."""
    from v2gready.references.inverter import REFERENCE as INVERTER  # noqa: PLC0415 - the extra "grid"

    return [f"{key:<36} {sentence}" for key, sentence in sorted(INVERTER.faults.items())]
