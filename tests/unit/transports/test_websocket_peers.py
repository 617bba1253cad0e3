"""Our WebSocket against the asyncio ends of the `websockets` library, on loopback, with and without TLS."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.http11 import Request, Response

from v2gready.protocols.ocpp.pki import CSMS_HOST, BackendPki
from v2gready.transports.clock import run
from v2gready.transports.internet import InternetNetwork
from v2gready.transports.stream import ByteStream
from v2gready.transports.tls import TlsStream, backend_client_context, backend_server_context
from v2gready.transports.websocket import (
    Binary,
    Closed,
    Decision,
    Handshake,
    HandshakeRefused,
    Opcode,
    Pong,
    Text,
    WebSocket,
    basic_authorization,
)

SIZES = (0, 1, 125, 126, 0xFFFF, 0x1_0000, 0xF_0000)


@pytest.fixture(scope="module")
def backend() -> BackendPki:
    return BackendPki(datetime.now(UTC) - timedelta(days=1))


@pytest.fixture(params=["tcp", "tls"])
def contexts(request: pytest.FixtureRequest, backend: BackendPki) -> tuple[ssl.SSLContext | None, ...]:
    if request.param == "tcp":
        return None, None
    client = backend_client_context(backend.roots, backend.station())
    return client, backend_server_context(backend.roots, backend.csms(), client_certificate=True)


def on_loopback(test: Callable[[InternetNetwork], Awaitable[None]]) -> None:
    async def main() -> None:
        async with asyncio.timeout(30), InternetNetwork() as network:
            await test(network)

    run(main(), virtual=False)


def decide(handshake: Handshake) -> Decision:
    if handshake.password != "right":  # noqa: S105
        return Decision(401, reason="wrong password")
    return Decision(subprotocol=handshake.choose(("ocpp2.1", "ocpp2.0.1")))


async def echo(socket: WebSocket) -> None:
    while True:
        match await socket.receive():
            case Text(data):
                socket.text(data)
            case Binary(octets):
                socket.binary(octets)
            case Closed():
                return
        await socket.drain()


@pytest.mark.parametrize("compression", [None, "deflate"])
def test_server(contexts: tuple[ssl.SSLContext | None, ...], compression: str | None) -> None:
    """Their client, our server."""
    client, server = contexts

    async def serve_one(stream: ByteStream) -> None:
        if server is not None:
            stream = await TlsStream.accept(stream, server)
        socket = await WebSocket.accept(stream, decide)
        if socket is not None:
            assert socket.compressed is (compression is not None)
            await echo(socket)

    async def test(network: InternetNetwork) -> None:
        listener = await network.listen(serve_one)
        scheme = "ws" if client is None else "wss"
        arguments = {
            "subprotocols": ["ocpp2.0.1", "ocpp2.1"],
            "compression": compression,
            "ssl": client,
            "server_hostname": None if client is None else CSMS_HOST,
            "proxy": None,
        }
        address = f"localhost:{listener.endpoint.port}/ocpp/CS001"
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"{scheme}://CS001:wrong@{address}", **arguments)
        assert refused.value.response.status_code == 401
        assert refused.value.response.body == b"wrong password\n"
        async with connect(f"{scheme}://CS001:right@{address}", **arguments) as peer:
            assert peer.subprotocol == "ocpp2.1"
            for size in SIZES:
                await peer.send("x" * size)
                assert await peer.recv() == "x" * size
                await peer.send(bytes(size))
                assert await peer.recv() == bytes(size)
            await peer.send(["a", "b", "ü"])
            assert await peer.recv() == "abü"
            await (await peer.ping(b"hello"))
            await peer.close(4000, "enough")
        assert (peer.close_code, peer.close_reason) == (4000, "enough")

    on_loopback(test)


@pytest.mark.parametrize("compression", [False, True])
def test_client(contexts: tuple[ssl.SSLContext | None, ...], compression: bool) -> None:
    """Our client, their server."""
    client, server = contexts

    async def handler(peer: ServerConnection) -> None:
        async for message in peer:
            await peer.send([message[:1], message[1:]])
        assert peer.close_code == 4000

    def check(peer: ServerConnection, request: Request) -> Response | None:
        good = basic_authorization("CS001", "right")[1]
        return None if request.headers["Authorization"] == good else peer.respond(403, "wrong password")

    async def dial(network: InternetNetwork, port: int, password: str) -> WebSocket:
        stream = await network.connect("127.0.0.1", port, timeout=5)
        if client is not None:
            stream = await TlsStream.connect(stream, client, server_hostname=CSMS_HOST)
        return await WebSocket.connect(
            stream,
            host=f"127.0.0.1:{port}",
            path="/ocpp/CS001",
            subprotocols=["ocpp2.0.1", "ocpp2.1"],
            headers=[basic_authorization("CS001", password)],
            compression=compression,
        )

    async def test(network: InternetNetwork) -> None:
        async with serve(
            handler, "127.0.0.1", 0, subprotocols=["ocpp2.1"], ssl=server, process_request=check
        ) as listener:
            port = next(iter(listener.sockets)).getsockname()[1]
            with pytest.raises(HandshakeRefused) as refused:
                await dial(network, port, "wrong")
            assert refused.value.status == 403
            socket = await dial(network, port, "right")
            assert socket.subprotocol == "ocpp2.1"
            assert socket.compressed is compression
            for size in SIZES:
                socket.text("x" * size)
                assert await socket.receive() == Text("x" * size)
                socket.binary(bytes(size))
                assert await socket.receive() == Binary(bytes(size))
            socket.ping(b"hello")
            assert await socket.receive() == Pong(b"hello")
            await socket.close(4000, "enough")
            assert socket.closed == Closed(4000, "enough", clean=True)
            await socket.wait_closed()

    on_loopback(test)


@pytest.mark.parametrize(
    ("octets", "opcode", "rsv", "code"),
    [(b"\xff", Opcode.TEXT, 0, 1007), (b"", Opcode.CONT, 0, 1002), (b"x", Opcode.TEXT, 2, 1002)],
)
def test_our_violations_are_seen(octets: bytes, opcode: Opcode, rsv: int, code: int) -> None:
    async def handler(peer: ServerConnection) -> None:
        with pytest.raises(ConnectionClosed):
            await peer.recv()

    async def test(network: InternetNetwork) -> None:
        async with serve(handler, "127.0.0.1", 0) as listener:
            port = next(iter(listener.sockets)).getsockname()[1]
            stream = await network.connect("127.0.0.1", port, timeout=5)
            socket = await WebSocket.connect(stream, host="x", path="/")
            socket.frame(opcode, octets, rsv=rsv)
            closed = await socket.receive()
            assert isinstance(closed, Closed)
            assert (closed.code, closed.by_peer, closed.clean) == (code, True, True)

    on_loopback(test)


def test_oversized_message_meets_its_close() -> None:
    """The Close arrives although the peer is in the middle of its message: nothing of it is answered with RST."""

    async def serve_one(stream: ByteStream) -> None:
        socket = await WebSocket.accept(stream, lambda _: Decision(keep=True), max_size=1000)
        assert socket is not None
        closed = await socket.receive()
        assert isinstance(closed, Closed)
        assert closed.code == 1009

    async def test(network: InternetNetwork) -> None:
        listener = await network.listen(serve_one)
        peer = await connect(f"ws://localhost:{listener.endpoint.port}/", proxy=None, compression=None)
        with contextlib.suppress(ConnectionClosed):  # the Close may come before or behind the last octet
            await peer.send(bytes(0x40_0000))
        with pytest.raises(ConnectionClosed):
            await peer.recv()
        assert peer.close_code == 1009

    on_loopback(test)


def test_many_stations_at_once() -> None:
    async def serve_one(stream: ByteStream) -> None:
        socket = await WebSocket.accept(stream, lambda _: Decision(keep=True))
        assert socket is not None
        await echo(socket)

    heard: list[bool] = []

    async def one(network: InternetNetwork, port: int, number: int) -> None:
        stream = await network.connect("127.0.0.1", port, timeout=20)
        socket = await WebSocket.connect(stream, host="x", path="/")
        socket.text(f"station {number}")
        heard.append(await socket.receive() == Text(f"station {number}"))
        await socket.close()
        await socket.wait_closed()

    async def test(network: InternetNetwork) -> None:
        listener = await network.listen(serve_one)
        await asyncio.gather(*(one(network, listener.endpoint.port, number) for number in range(200)))

    on_loopback(test)
    assert heard == [True] * 200
