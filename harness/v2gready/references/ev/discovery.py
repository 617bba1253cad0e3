"""The car's search for an SECC by SDP (reference 1.2)."""

from __future__ import annotations

import asyncio
from ipaddress import IPv6Network
from typing import Final

from v2gready.protocols.sdp import (
    LINK_LOCAL,
    RETRY_INTERVAL,
    SdpError,
    SdpRequest,
    SdpResponse,
    Security,
    Suspicion,
    suspicions,
)
from v2gready.references.ev.config import EvDeviceConfig, EvSecurity
from v2gready.references.ev.seams import Objection, Seams
from v2gready.transports.network import Datagrams, Network

_OBJECTIONS: Final = {
    Suspicion.UNSPECIFIED: Objection.UNSPECIFIED,
    Suspicion.MULTICAST: Objection.MULTICAST,
    Suspicion.OFF_LINK: Objection.OFF_LINK,
    Suspicion.PORT_ZERO: Objection.PORT_ZERO,
    Suspicion.PORT_RANGE: Objection.PORT_RANGE,
}


async def search(network: Network, config: EvDeviceConfig, seams: Seams) -> SdpResponse | None:
    """The first answer that a car may follow; None if there is none.

    A request goes out every 250 ms [V2G2-159], 50 times at most [V2G2-161]. An answer that must not be followed
    changes nothing: the good one may still come.

    Raises:
        TransportError: No port can be had.
    """
    asked = Security.TLS if config.security is EvSecurity.TLS else Security.NONE
    request = SdpRequest(asked).encode()
    socket = await network.open_datagrams()
    try:
        attempt = 0
        while True:
            attempt += 1
            socket.send(seams.sdp_request(request, attempt), network.sdp)
            enough = seams.sdp_gives_up(attempt, enough=attempt >= config.sdp_attempts)
            wait = seams.sdp_wait(attempt, RETRY_INTERVAL)
            found = await _answer(socket, wait, asked, config, seams)
            if found is not None or enough:
                return found
    finally:
        socket.close()


async def _answer(
    socket: Datagrams, wait: float, asked: Security, config: EvDeviceConfig, seams: Seams
) -> SdpResponse | None:
    """The first good answer in that time."""
    try:
        async with asyncio.timeout(wait):
            while True:
                datagram, _ = await socket.receive()
                try:
                    response = SdpResponse.decode(datagram)
                except SdpError:
                    seams.sdp_objections(None, frozenset({Objection.MALFORMED}))
                    continue
                if not seams.sdp_objections(response, objections(response, asked, config.on_link)):
                    return response
    except TimeoutError:
        return None


def objections(response: SdpResponse, asked: Security, link: IPv6Network = LINK_LOCAL) -> frozenset[Objection]:
    """Everything that speaks against an answer; less security than asked for as well [V2G2-628]."""
    found = {_OBJECTIONS[one] for one in suspicions(response, link)}
    if asked is Security.TLS and response.security is not Security.TLS:
        found.add(Objection.DOWNGRADE)
    return frozenset(found)
