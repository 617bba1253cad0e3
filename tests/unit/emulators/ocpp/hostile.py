"""A hostile peer, as a station or as a CSMS, in front of either emulator on virtual time."""

from __future__ import annotations

import asyncio
import json
import random
import ssl
import zlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from tests.unit.emulators.pair import PASSWORD, pki
from v2gready.emulators.csms import EMULATOR as CSMS
from v2gready.emulators.csms import CsmsConfig, CsmsCredentials, CsmsDriver
from v2gready.emulators.reach import Unreached
from v2gready.emulators.station import EMULATOR as STATION
from v2gready.emulators.station import StationConfig, StationCredentials, StationDriver
from v2gready.model.trace import Trace
from v2gready.protocols.ocpp.frames import CallResult
from v2gready.protocols.ocpp.pki import CSMS_HOST
from v2gready.transports.clock import Clock, run
from v2gready.transports.network import Network
from v2gready.transports.nullmodem import NullLink
from v2gready.transports.recorder import MAX_RECORDS, Recorder
from v2gready.transports.stream import ByteStream, Endpoint, StreamReset
from v2gready.transports.tls import TlsFailure, TlsStream
from v2gready.transports.websocket import Decision, HandshakeRefused, WebSocket, basic_authorization, frame_octets

PORT = 9000
WATCH = 20.0
MIB = 1 << 20
Attack = Callable[[WebSocket, bool], Awaitable[None]]
"""What a peer does on an open WebSocket; True if it is the client, which masks."""
Bare = Callable[[ByteStream], Awaitable[None]]
SIDES = ("csms", "station")
"""Which emulator is attacked."""


@dataclass(frozen=True)
class Side:
    """Who is who in the trace of the emulator that is attacked."""

    own: str
    peer: str


ROLES = {"csms": Side("csms", "charger"), "station": Side("station", "csms")}


# -- the hostile peer -------------------------------------------------------------------------------------------------


async def open_as_station(stream: ByteStream, *, compression: bool = False) -> WebSocket:
    return await WebSocket.connect(
        stream,
        host="csms",
        path="/ocpp/V2GREADY-1",
        subprotocols=["ocpp2.1"],
        headers=[basic_authorization("V2GREADY-1", PASSWORD)],
        compression=compression,
    )


async def open_as_csms(stream: ByteStream) -> WebSocket:
    socket = await WebSocket.accept(stream, lambda _: Decision(subprotocol="ocpp2.1"))
    assert socket is not None
    return socket


async def dial(network: Network, to: Endpoint) -> ByteStream:
    return await network.connect(to.host, to.port, timeout=5)


# -- the emulators ----------------------------------------------------------------------------------------------------


def csms_config(profile: int = 1, port: int = 0, max_size: int = MIB) -> CsmsConfig:
    credentials = CsmsCredentials.of(pki()) if profile > 1 else None
    return CsmsConfig(
        port=port, password=PASSWORD, security_profile=profile, credentials=credentials, max_size=max_size
    )


def station_config(to: Endpoint, profile: int = 1, max_size: int = MIB) -> StationConfig:
    return StationConfig(
        host=to.host,
        port=to.port,
        server_name=CSMS_HOST if profile > 1 else "",
        password=PASSWORD,
        security_profile=profile,
        credentials=StationCredentials.of(pki()) if profile > 1 else None,
        max_size=max_size,
    )


def recorder_of(clock: Clock, side: str, limit: int = MAX_RECORDS) -> Recorder:
    return Recorder(clock.now, tester=ROLES[side].own, dut=ROLES[side].peer, limit=limit)


async def behaves(csms: CsmsDriver, station: StationDriver) -> None:
    """A good station and a good CSMS still find each other."""
    async with station.connect() as one:
        answer = await one.boot()
        assert isinstance(answer, CallResult)
        assert answer.payload["status"] == "Accepted"
        other = csms.sessions[-1]
        assert isinstance(
            await other.call("GetBaseReport", {"requestId": 1, "reportBase": "FullInventory"}), CallResult
        )


def others(before: set[asyncio.Task[Any]]) -> set[str]:
    return {task.get_name() for task in asyncio.all_tasks() - before if not task.done()}


def against_csms(bare: Bare, profile: int = 1, count: int = 1, max_size: int = MIB) -> Trace:
    """Lets hostile stations at a CSMS emulator, then a good one; gives the trace of the CSMS emulator."""

    async def main() -> Trace:
        link, clock = NullLink(), Clock()
        alone = asyncio.all_tasks()
        async with link.host("csms") as back, link.host("station") as front, link.host("rogue") as outside:
            recorder = recorder_of(clock, "csms")
            async with CSMS.open(csms_config(profile, max_size=max_size), recorder, clock, back) as csms:
                before = asyncio.all_tasks()
                streams = await asyncio.gather(*(dial(outside, csms.endpoint) for _ in range(count)))
                await asyncio.gather(*(tolerant(bare, stream) for stream in streams))
                await csms.watch(WATCH)
                await asyncio.gather(*(session.close() for session in csms.sessions))
                assert not others(before)
                config = station_config(csms.endpoint, profile)
                async with STATION.open(config, recorder_of(clock, "station"), clock, front) as station:
                    await behaves(csms, station)
        assert not others(alone)
        return recorder.trace()

    return run(main(), virtual=True)


def against_station(bare: Bare, profile: int = 1, count: int = 1, max_size: int = MIB, **approach: Any) -> Trace:
    """Lets a station emulator at a hostile CSMS, then at a good one; gives the trace of the station emulator."""

    async def main() -> Trace:
        link, clock = NullLink(), Clock()
        alone = asyncio.all_tasks()
        async with link.host("csms") as back, link.host("station") as front:
            recorder = recorder_of(clock, "station")
            listener = await back.listen(lambda stream: tolerant(bare, stream), port=PORT)
            config = station_config(Endpoint(back.address, PORT), profile, max_size)
            async with STATION.open(config, recorder, clock, front) as station:
                before = asyncio.all_tasks()
                await asyncio.gather(*(visit(station, **approach) for _ in range(count)))
                listener.close()
                await asyncio.sleep(300)  # the hostile side's own waits
                assert not others(before)
                good = csms_config(profile, PORT)
                async with CSMS.open(good, recorder_of(clock, "csms"), clock, back) as csms:
                    await behaves(csms, station)
        assert not others(alone)
        return recorder.trace()

    return run(main(), virtual=True)


async def visit(station: StationDriver, **approach: Any) -> None:
    with suppress(Unreached):
        async with station.connect(**approach) as session:
            await session.silence(WATCH)


async def tolerant(bare: Bare, stream: ByteStream) -> None:
    """What happens to the hostile peer is its own affair."""
    with suppress(HandshakeRefused, StreamReset, TlsFailure):
        await bare(stream)


def attacked(side: str, attack: Attack, *, compression: bool = False, max_size: int = MIB) -> Trace:
    """Opens a WebSocket properly and lets the attack at the emulator of that side."""
    if side == "csms":

        async def as_station(stream: ByteStream) -> None:
            await attack(await open_as_station(stream, compression=compression), True)

        return against_csms(as_station, max_size=max_size)

    async def as_csms(stream: ByteStream) -> None:
        await attack(await open_as_csms(stream), False)

    return against_station(as_csms, max_size=max_size, compression=compression)


def secured(bare: Bare, context: ssl.SSLContext, name: str | None = None) -> Bare:
    """The same behind a TLS handshake; a client's has a name."""

    async def over_tls(stream: ByteStream) -> None:
        if name is None:
            await bare(await TlsStream.accept(stream, context))
        else:
            await bare(await TlsStream.connect(stream, context, server_hostname=name))

    return over_tls


# -- attacks on an open connection ------------------------------------------------------------------------------------


def text(data: str) -> Attack:
    async def attack(socket: WebSocket, _: bool) -> None:
        socket.text(data)

    return attack


def frame(opcode: int, payload: bytes = b"", **more: Any) -> Attack:
    async def attack(socket: WebSocket, _: bool) -> None:
        socket.frame(opcode, payload, **more)

    return attack


def octets(data: bytes) -> Attack:
    async def attack(socket: WebSocket, _: bool) -> None:
        socket.octets(data)

    return attack


def in_turn(*attacks: Attack) -> Attack:
    async def attack(socket: WebSocket, client: bool) -> None:
        for one in attacks:
            await one(socket, client)

    return attack


def repeated(count: int, inner: Attack) -> Attack:
    return in_turn(*[inner] * count)


def call(payload: str) -> str:
    return f'[2,"1","Heartbeat",{payload}]'


async def wrongly_masked(socket: WebSocket, client: bool) -> None:
    socket.frame(1, b"[]", mask=not client)


async def boundless(socket: WebSocket, client: bool) -> None:
    socket.octets(bytes([0x81, client << 7 | 127]) + (2**63 - 1).to_bytes(8) + bytes(4))


async def half_a_frame(socket: WebSocket, client: bool) -> None:
    whole = frame_octets(1, call("{}").encode(), mask=client)
    socket.octets(whole[:-10])


async def bomb(socket: WebSocket, _: bool) -> None:
    assert socket.compressed
    deflate = zlib.compressobj(9, zlib.DEFLATED, -12)
    squeezed = deflate.compress(bytes(64 * MIB)) + deflate.flush(zlib.Z_SYNC_FLUSH)
    socket.frame(1, squeezed[:-4], rsv=4)


async def reset(socket: WebSocket, _: bool) -> None:
    await asyncio.sleep(0.1)  # a reset overtakes what is under way
    socket.abort()


MANY_KEYS = "{" + ",".join(f'"{n:x}":0' for n in range(3000)) + ',"x":1,"x":2}'
BIG = json.dumps([2, "1", "Heartbeat", {"customData": {"vendorId": "v", "x": "y" * 16_000_000}}])
RUBBISH = random.Random(4).randbytes(5000)
