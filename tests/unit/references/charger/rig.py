"""The charger on a null modem, with the emulated car or a bare connection on the other side."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, TypeVar

from v2gready.emulators.ev import EvConfig, EvCredentials, EvDriver, TlsUse
from v2gready.protocols import sdp
from v2gready.protocols.iso15118 import codec
from v2gready.protocols.iso15118.evcc import Plan
from v2gready.protocols.iso15118.services import ServiceId
from v2gready.protocols.pki import TestPki
from v2gready.protocols.v2gtp import Frame, FrameDecoder, encode_frame
from v2gready.references.charger import (
    REFERENCE,
    ChargerConfig,
    ChargerCredentials,
    RunningCharger,
    SecurityPolicy,
)
from v2gready.transports.clock import Clock, run
from v2gready.transports.network import Network
from v2gready.transports.nullmodem import NullLink
from v2gready.transports.recorder import Recorder
from v2gready.transports.stream import ByteStream, Endpoint, StreamReset
from v2gready.transports.tls import TlsStream, client_context

T = TypeVar("T")

BOTH_FAMILIES = ChargerConfig(services=tuple(ServiceId))


@cache
def pki() -> TestPki:
    # OpenSSL looks at the machine's clock.
    return TestPki(datetime.now(UTC) - timedelta(days=1))


@dataclass
class Rig:
    """A charger that is switched on, a car, and what passed between them."""

    charger: RunningCharger
    ev: EvDriver
    inlet: Network
    recorder: Recorder
    samples: list[tuple[str, float, str]]

    async def ask_sdp(self, datagram: bytes, wait: float = 0.2) -> tuple[bytes, Endpoint] | None:
        port = await self.inlet.open_datagrams()
        try:
            port.send(datagram, self.inlet.sdp)
            async with asyncio.timeout(wait):
                return await port.receive()
        except TimeoutError:
            return None
        finally:
            port.close()

    async def dial(self, security: sdp.Security = sdp.Security.NONE) -> ByteStream:
        endpoint = self.charger.tcp_endpoint(security)
        assert endpoint is not None
        stream = await self.inlet.connect(endpoint.host, endpoint.port, timeout=5.0)
        if security is sdp.Security.NONE:
            return stream
        return await TlsStream.connect(stream, client_context(pki().roots, pki().vehicle))


@asynccontextmanager
async def rig(*faults: str, security: SecurityPolicy = SecurityPolicy.NONE, **settings: Any) -> AsyncIterator[Rig]:
    """A charger and a car on one link."""
    link = NullLink()
    clock = Clock()
    recorder = Recorder(clock.now, tester="ev", dut="charger")
    samples: list[tuple[str, float, str]] = []
    config = replace(BOTH_FAMILIES, security=security, **settings)
    credentials = None
    ev_credentials = None
    if security is not SecurityPolicy.NONE:
        authority = pki()
        credentials = ChargerCredentials(authority.secc, authority.roots)
        ev_credentials = EvCredentials(
            authority.roots,
            authority.vehicle,
            variants={
                TlsUse.FOREIGN: authority.foreign_vehicle(),
                TlsUse.EXPIRED: authority.expired_vehicle(),
                TlsUse.CONTRACT: authority.contract_like(),
            },
        )
    asked = sdp.Security.NONE if security is SecurityPolicy.NONE else sdp.Security.TLS
    async with (
        link.host("charger") as outlet,
        link.host("ev") as inlet,
        REFERENCE.open(
            outlet,
            clock,
            config=config,
            faults=faults,
            rng=random.Random(3),
            credentials=credentials,
            listener=lambda *sample: samples.append(sample),
        ) as charger,
    ):
        ev_config = EvConfig(security=asked, plan=Plan(), credentials=ev_credentials)
        yield Rig(charger, EvDriver(ev_config, inlet, recorder, clock), inlet, recorder, samples)


def virtually(main: Callable[[], Awaitable[T]]) -> T:
    """Runs a coroutine function on virtual time."""

    async def whole() -> T:
        return await main()

    return run(whole(), virtual=True)


async def exchange(stream: ByteStream, payload_type: int, payload: bytes, wait: float = 2.0) -> Frame | None:
    """Sends one frame and returns the next one that comes, None if none does."""
    stream.send(encode_frame(payload_type, payload))
    return await next_frame(stream, wait)


async def next_frame(stream: ByteStream, wait: float = 2.0) -> Frame | None:
    """The next frame, None at the end of the stream or of patience."""
    decoder = FrameDecoder()
    try:
        async with asyncio.timeout(wait):
            while data := await stream.receive():
                for event in decoder.feed(data):
                    if isinstance(event, Frame):
                        return event
    except (TimeoutError, StreamReset):
        return None
    return None


async def ends(stream: ByteStream, wait: float) -> bool:
    """Whether the charger ends the connection in that time, without a word."""
    try:
        async with asyncio.timeout(wait):
            return await stream.receive() == b""
    except StreamReset:
        return True
    except TimeoutError:
        return False


def encoded(message: codec.Message) -> tuple[int, bytes]:
    """Payload type and payload of a message."""
    return codec.message_set(message).payload_type, codec.encode(message)
