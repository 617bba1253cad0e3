"""Runs the reference charging station or the reference CSMS as a process of its own, on real sockets.

Their hooks are served over HTTP on the loopback interface, so that a DUT file can reach them::

    [hooks.plug_in]
    kind = "http"
    url = "http://127.0.0.1:9100/plug_in?evse={evse}&bpt={bpt}"
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from v2gready.engine import ocpp_hooks, ocpp_plans
from v2gready.engine.device_control import controlled
from v2gready.engine.ocpp_settings import OcppSettings
from v2gready.model.dut import ConfigurationError, Problem
from v2gready.references.csms import REFERENCE as CSMS
from v2gready.references.station import REFERENCE as STATION
from v2gready.transports.clock import Clock
from v2gready.transports.internet import InternetNetwork
from v2gready.transports.stream import TransportError

STATION_NAME, CSMS_NAME = "station", "csms"

Say = Callable[[str], None]


def faults_of(name: str) -> Mapping[str, str]:
    """The faults of a device by name, each with its sentence."""
    return STATION.faults if name == STATION_NAME else CSMS.faults


async def serve_station(
    settings: OcppSettings, faults: Sequence[str], rng: random.Random, say: Say, control: int
) -> None:
    """Calls a CSMS and serves until cancelled.

    Args:
        settings: Where the CSMS is, and who calls.
        faults: Named faults to switch on.
        rng: Source of its ids and waits.
        say: Tells the operator what is going on.
        control: Port of its hooks; 0 for none.

    Raises:
        ConfigurationError: A port cannot be had.
    """
    config, credentials = ocpp_plans.station_on_sockets(settings)
    with _told():
        async with (
            InternetNetwork() as network,
            STATION.open(network, Clock(), config=config, faults=faults, rng=rng, credentials=credentials) as station,
            controlled(station, ocpp_hooks.STATION_HOOKS, control),
        ):
            say(f"reference station {settings.identity}, calling {settings.host}:{settings.port}{settings.path}")
            await _until_cancelled(faults, STATION.faults, say)


async def serve_csms(settings: OcppSettings, faults: Sequence[str], rng: random.Random, say: Say, control: int) -> None:
    """Listens for charging stations and serves until cancelled; the arguments as for `serve_station`.

    Raises:
        ConfigurationError: The address or a port cannot be had.
    """
    config, credentials = ocpp_plans.csms_on_sockets(settings)
    with _told():
        async with (
            InternetNetwork(settings.host) as network,
            CSMS.open(network, Clock(), config=config, faults=faults, rng=rng, credentials=credentials) as csms,
            controlled(csms, ocpp_hooks.CSMS_HOOKS, control),
        ):
            say(f"reference CSMS on {csms.endpoint}, path {settings.path}, station {settings.identity}")
            await _until_cancelled(faults, CSMS.faults, say)


@contextlib.contextmanager
def _told() -> Any:
    try:
        yield
    except TransportError as reason:
        wrong = Problem("--host, --port", str(reason), "name another address or port")
        raise ConfigurationError("device", [wrong]) from None


async def _until_cancelled(faults: Sequence[str], sentences: Mapping[str, str], say: Say) -> None:
    for fault in faults:
        say(f"fault {fault}: {sentences[fault]}")
    await asyncio.Event().wait()
