"""Real sockets on loopback, and every failure of a bench in one sentence."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable

import pytest

from v2gready.protocols.pki import TestPki
from v2gready.transports import sockets, tcp
from v2gready.transports.clock import run
from v2gready.transports.network import ALL_NODES, ConnectError, ConnectFault
from v2gready.transports.sockets import SocketNetwork
from v2gready.transports.stream import (
    HIGH_WATER,
    ByteStream,
    Endpoint,
    StreamReset,
    TransportClosed,
    TransportError,
)
from v2gready.transports.tls import TlsStream, client_context, server_context


def on_loopback(test: Callable[[SocketNetwork], Awaitable[None]]) -> None:
    async def main() -> None:
        async with asyncio.timeout(30), SocketNetwork("lo") as network:
            await test(network)

    run(main(), virtual=False)


async def pair(network: SocketNetwork) -> tuple[ByteStream, ByteStream]:
    accepted: asyncio.Queue[ByteStream] = asyncio.Queue()
    listener = await network.listen(accepted.put)
    client = await network.connect(listener.endpoint.host, listener.endpoint.port, timeout=5)
    server = await accepted.get()
    listener.close()
    return client, server


def test_loopback_has_its_own_address_and_discovery() -> None:
    network = SocketNetwork("lo", sdp_port=25118)
    assert network.address == "::1"
    assert network.sdp == Endpoint("::1", 25118)


def test_bytes_go_both_ways_and_end_with_fin() -> None:
    async def both(network: SocketNetwork) -> None:
        client, server = await pair(network)
        assert (client.local, client.remote) == (server.remote, server.local)
        assert 49152 <= client.local.port <= 65535
        assert 49152 <= server.local.port <= 65535
        client.send(b"ping")
        assert await server.receive() == b"ping"
        server.send(b"pong")
        server.close()
        assert await client.receive() == b"pong"
        assert await client.receive() == b""
        client.close()
        assert await server.receive() == b""
        await asyncio.gather(client.wait_closed(), server.wait_closed())
        with pytest.raises(TransportClosed):
            client.send(b"x")
        client.abort()
        client.close()

    on_loopback(both)


def test_peer_that_sent_fin_can_still_be_answered() -> None:
    async def half(network: SocketNetwork) -> None:
        client, server = await pair(network)
        client.close()
        assert await server.receive() == b""
        server.send(b"late")  # taken and thrown away, not answered with RST
        await asyncio.sleep(0.01)
        await server.drain()
        server.close()
        await client.wait_closed()
        await server.wait_closed()

    on_loopback(half)


def test_linger_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp, "LINGER", 0.01)

    async def linger(network: SocketNetwork) -> None:
        client, server = await pair(network)
        client.close()
        await client.wait_closed()
        assert await server.receive() == b""

    on_loopback(linger)


def test_reset() -> None:
    async def reset(network: SocketNetwork) -> None:
        client, server = await pair(network)
        client.abort()
        with pytest.raises(StreamReset):
            await server.receive()
        with pytest.raises(StreamReset):
            await server.drain()
        server.send(b"dropped")
        server.close()
        assert await client.receive() == b""

    on_loopback(reset)


def test_close_behind_a_reset_that_nobody_told_us_of_yet() -> None:
    """The system knows of the RST, the loop does not: to end our half is an error (ENOTCONN) that no caller may see."""

    async def reset(network: SocketNetwork) -> None:
        accepted: asyncio.Queue[ByteStream] = asyncio.Queue()
        listener = await network.listen(accepted.put)
        with socket.create_connection((listener.endpoint.host, listener.endpoint.port)) as peer:
            server = await accepted.get()
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        server.close()  # no await in between: the loop has not looked
        async with asyncio.timeout(tcp.LINGER / 2):  # nothing is waited for: there is no peer any more
            await server.wait_closed()

    on_loopback(reset)


def test_flood_waits_for_its_reader() -> None:
    async def flood(network: SocketNetwork) -> None:
        client, server = await pair(network)
        total = 64 * 1024 * 1024
        sent = 0

        async def write() -> None:
            nonlocal sent
            while sent < total:
                client.send(bytes(HIGH_WATER))
                sent += HIGH_WATER
                await client.drain()
            client.close()

        writer = asyncio.create_task(write())
        before = -1
        while sent != before:  # until the kernel's buffers are full
            before = sent
            await asyncio.sleep(0.1)
        assert sent < total
        got = 0
        while data := await server.receive():
            assert len(data) < 16 * HIGH_WATER
            got += len(data)
        assert got == total
        await writer
        server.close()

    on_loopback(flood)


def test_tls(pki: TestPki) -> None:
    async def tls(network: SocketNetwork) -> None:
        async def serve(raw: ByteStream) -> None:
            stream = await TlsStream.accept(raw, server_context(pki.roots, pki.secc))
            while data := await stream.receive():
                stream.send(data.upper())
            assert stream.close_notify_received
            stream.close()
            await stream.wait_closed()

        listener = await network.listen(serve)
        raw = await network.connect("::1", listener.endpoint.port, timeout=5)
        stream = await TlsStream.connect(raw, client_context(pki.roots, pki.vehicle))
        stream.send(b"hello")
        assert await stream.receive() == b"HELLO"
        stream.close()
        await stream.wait_closed()

    on_loopback(tls)


def test_discovery_on_loopback() -> None:
    async def discover(network: SocketNetwork) -> None:
        server = await network.open_datagrams(join=ALL_NODES)
        client = await network.open_datagrams()
        client.send(b"who?", Endpoint(ALL_NODES, server.endpoint.port))
        data, sender = await server.receive()
        assert (data, sender) == (b"who?", client.endpoint)
        server.send(b"me", sender)
        assert await client.receive() == (b"me", server.endpoint)
        waiting = asyncio.create_task(client.receive())
        await asyncio.sleep(0)
        client.close()
        with pytest.raises(TransportClosed):
            await waiting
        with pytest.raises(TransportClosed):
            client.send(b"x", server.endpoint)

    on_loopback(discover)


def test_datagram_that_cannot_be_sent_is_an_error_of_the_bench() -> None:
    async def send(network: SocketNetwork) -> None:
        datagrams = await network.open_datagrams()
        with pytest.raises(TransportError, match=r"cannot send to .* check the interface"):
            datagrams.send(bytes(100_000), Endpoint("::1", 50000))
        datagrams.send(b"x", Endpoint("::1", 50000))

    on_loopback(send)


def test_refused_connection() -> None:
    async def refuse(network: SocketNetwork) -> None:
        with pytest.raises(ConnectError, match=r"\[::1\]:1 on lo refused the connection") as caught:
            await network.connect("::1", 1, timeout=5)
        assert caught.value.fault is ConnectFault.REFUSED

    on_loopback(refuse)


def test_connection_that_stays_unanswered() -> None:
    async def wait(network: SocketNetwork) -> None:
        # A full backlog makes Linux drop the SYN: the one way to silence on loopback.
        with socket.socket(socket.AF_INET6) as deaf:
            deaf.bind(("::1", 0))
            deaf.listen(0)
            port = deaf.getsockname()[1]

            async def fill() -> None:
                for _ in range(10):
                    await network.connect("::1", port, timeout=0.2)

            with pytest.raises(ConnectError, match=r"no answer from .* within 0\.2 s") as caught:
                await fill()
        assert caught.value.fault is ConnectFault.TIMEOUT

    on_loopback(wait)


def test_address_without_a_route() -> None:
    async def unreachable(network: SocketNetwork) -> None:
        with pytest.raises(ConnectError) as caught:
            await network.connect("fe80::1234", 50000, timeout=5)
        assert caught.value.fault in {ConnectFault.UNREACHABLE, ConnectFault.TIMEOUT}

    on_loopback(unreachable)


def test_cancelled_connect_leaves_no_socket() -> None:
    async def cancel(network: SocketNetwork) -> None:
        task = asyncio.create_task(network.connect("fe80::1234", 50000, timeout=5))
        task.cancel()
        with pytest.raises((asyncio.CancelledError, ConnectError)):
            await task

    on_loopback(cancel)


@pytest.mark.parametrize("kind", ["TCP", "UDP"])
def test_taken_port(kind: str) -> None:
    async def taken(network: SocketNetwork) -> None:
        async def serve(stream: ByteStream) -> None:
            stream.close()

        async def take(port: int = 0) -> int:
            if kind == "TCP":
                return (await network.listen(serve, port=port)).endpoint.port
            return (await network.open_datagrams(port=port)).endpoint.port

        port = await take()
        with pytest.raises(TransportError, match=f"{kind} port {port} of ::1 on lo is taken; stop the program"):
            await take(port)

    on_loopback(taken)


def test_port_search_passes_taken_ports() -> None:
    async def search(network: SocketNetwork) -> None:
        first = await network.open_datagrams()
        network._next_port = first.endpoint.port
        assert (await network.open_datagrams()).endpoint.port != first.endpoint.port

    on_loopback(search)


def test_missing_interface() -> None:
    with pytest.raises(TransportError, match=r"no interface 'plc9'; this machine has .*lo"):
        SocketNetwork("plc9")


def test_interface_without_link_local_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "_LOOPBACKS", ())
    with pytest.raises(TransportError, match=r"lo has no link-local IPv6 address.*enable IPv6 on it"):
        SocketNetwork("lo")


def test_address_that_the_interface_does_not_have() -> None:
    async def main() -> None:
        async with SocketNetwork("lo", address="2001:db8::1") as network:
            with pytest.raises(TransportError, match="does not have this address"):
                await network.open_datagrams()

    run(main(), virtual=False)


def test_privileged_port(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_self: socket.socket, _address: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket.socket, "bind", refuse)

    async def main() -> None:
        with pytest.raises(TransportError, match="UDP port 80 of ::1 on lo needs a privilege"):
            await SocketNetwork("lo").open_datagrams(port=80)

    run(main(), virtual=False)


def test_network_ends_with_all_that_is_open() -> None:
    async def main() -> None:
        async with SocketNetwork("lo") as network:
            client, server = await pair(network)
            await network.open_datagrams()
            waiting = asyncio.create_task(client.receive())
            server.send(b"x")
            assert await waiting == b"x"
        assert await client.receive() == b""
        assert await server.receive() == b""

    run(main(), virtual=False)
