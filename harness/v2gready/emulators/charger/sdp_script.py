"""What an SECC may answer to one SDP request: a step is a function of the good answer.

A script is a row of steps, one for each request that a good SECC would answer; behind the last the answers are good.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from ipaddress import IPv6Address

from v2gready.protocols.sdp import SdpResponse, Security, Transport
from v2gready.protocols.v2gtp import PayloadType, encode_frame


@dataclass(frozen=True, slots=True)
class Datagram:
    """One datagram that goes out.

    Attributes:
        data: Its octets.
        pause: Seconds after the request.
    """

    data: bytes
    pause: float = 0.0


Step = Callable[[SdpResponse], tuple[Datagram, ...]]
"""Gets the good answer, gives what is sent."""


def silence() -> Step:
    """No answer."""
    return lambda _: ()


def good() -> Step:
    """The good answer."""
    return answer()


def answer(
    *,
    address: str | None = None,
    port: int | None = None,
    security: Security | None = None,
    transport: Transport | None = None,
    pause: float = 0.0,
) -> Step:
    """An answer with other values: an address off the link, port 0, less security than was asked for."""

    def step(response: SdpResponse) -> tuple[Datagram, ...]:
        changed = replace(
            response,
            address=response.address if address is None else IPv6Address(address),
            port=response.port if port is None else port,
            security=response.security if security is None else security,
            transport=response.transport if transport is None else transport,
        )
        return (Datagram(changed.encode(), pause),)

    return step


def octets(data: bytes, *, pause: float = 0.0) -> Step:
    """Any octets."""
    return lambda _: (Datagram(data, pause),)


def bent(change: Callable[[bytes], bytes]) -> Step:
    """The good answer with its octets changed, header included."""
    return lambda response: (Datagram(change(response.encode())),)


def payload(change: Callable[[bytes], bytes], payload_type: int = PayloadType.SDP_RESPONSE) -> Step:
    """The good answer with its payload changed behind a header that fits."""
    return bent(lambda data: encode_frame(payload_type, change(data[8:])))


def both(*steps: Step) -> Step:
    """Several answers to one request, in that order."""
    return lambda response: tuple(one for step in steps for one in step(response))
