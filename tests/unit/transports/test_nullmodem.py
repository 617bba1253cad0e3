"""The null modem under virtual time: what a TCP and UDP user may rely on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2gready.transports.clock import run
from v2gready.transports.network import ALL_NODES, MAX_QUEUED_DATAGRAMS, ConnectError, ConnectFault
from v2gready.transports.nullmodem import NullHost, NullLink
from v2gready.transports.stream import (
    HIGH_WATER,
    ByteStream,
    Endpoint,
    StreamReset,
    TransportClosed,
    TransportError,
)


async def pair(link: NullLink) -> tuple[ByteStream, ByteStream]:
    """A connection between the hosts ev and secc: client end, server end."""
    accepted: asyncio.Queue[ByteStream] = asyncio.Queue()
    listener = await link.host("secc").listen(accepted.put)
    client = await link.host("ev").connect(listener.endpoint.host, listener.endpoint.port, timeout=1)
    server = await accepted.get()
    listener.close()
    return client, server


async def read_all(stream: ByteStream) -> bytes:
    data = b""
    while chunk := await stream.receive():
        data += chunk
    return data


def on_pair(test: Callable[[ByteStream, ByteStream], Awaitable[None]]) -> None:
    async def main() -> None:
        await test(*await pair(NullLink()))

    run(main(), virtual=True)


def test_addresses_and_ports_come_in_order() -> None:
    async def main() -> None:
        link = NullLink()
        ev, secc = link.host("ev"), link.host("secc")
        assert link.host("ev") is ev
        assert (ev.address, secc.address) == ("fe80::1", "fe80::2")
        client, server = await pair(link)
        assert server.local == Endpoint("fe80::2", 49152) == client.remote
        assert client.local == Endpoint("fe80::1", 49152) == server.remote
        assert (await ev.open_datagrams()).endpoint.port == 49153

    run(main(), virtual=True)


def test_bytes_go_both_ways_and_end_with_fin() -> None:
    async def both(client: ByteStream, server: ByteStream) -> None:
        client.send(b"ping")
        client.send(b"")
        assert await server.receive() == b"ping"
        server.send(b"pong")
        server.close()
        assert await client.receive() == b"pong"
        assert await client.receive() == b""
        assert await client.receive() == b""
        await server.wait_closed()

    on_pair(both)


def test_peer_that_sent_fin_can_still_be_answered() -> None:
    async def half(client: ByteStream, server: ByteStream) -> None:
        server.close()
        assert await client.receive() == b""
        client.send(b"too late, but no error")
        await client.drain()

    on_pair(half)


def test_latency_is_one_way() -> None:
    async def main() -> None:
        client, server = await pair(NullLink(latency=0.25))
        loop = asyncio.get_running_loop()
        begin = loop.time()
        client.send(b"x")
        await server.receive()
        assert loop.time() - begin == pytest.approx(0.25)

    run(main(), virtual=True)


def test_without_latency() -> None:
    async def main() -> float:
        client, server = await pair(NullLink(latency=0))
        client.send(b"x")
        assert await server.receive() == b"x"
        return asyncio.get_running_loop().time()

    assert run(main(), virtual=True) == 0.0


@given(st.lists(st.binary(min_size=1, max_size=3 * HIGH_WATER // 2), max_size=5), st.integers(0, 2**32))
def test_any_bytes_arrive_in_order(chunks: list[bytes], pause: int) -> None:
    async def transfer(client: ByteStream, server: ByteStream) -> None:
        async def write() -> None:
            for chunk in chunks:
                client.send(chunk)
                await client.drain()
                await asyncio.sleep(pause % 3)
            client.close()

        _, received = await asyncio.gather(write(), read_all(server))
        assert received == b"".join(chunks)

    on_pair(transfer)


def test_flood_waits_for_its_reader() -> None:
    async def flood(client: ByteStream, server: ByteStream) -> None:
        sent = 0

        async def write() -> None:
            nonlocal sent
            for _ in range(100):
                client.send(bytes(HIGH_WATER // 4))
                sent += HIGH_WATER // 4
                await client.drain()
            client.close()

        writer = asyncio.create_task(write())
        await asyncio.sleep(60)
        assert sent <= 3 * HIGH_WATER
        assert len(await read_all(server)) == 25 * HIGH_WATER
        await writer

    on_pair(flood)


def test_reset_comes_after_the_bytes_before_it() -> None:
    async def reset(client: ByteStream, server: ByteStream) -> None:
        client.send(b"last words")
        client.abort()
        assert await server.receive() == b"last words"
        with pytest.raises(StreamReset):
            await server.receive()
        server.send(b"nobody there")
        with pytest.raises(StreamReset):
            await server.drain()
        server.close()
        assert await client.receive() == b""

    on_pair(reset)


def test_reset_wakes_who_waits() -> None:
    async def reset(client: ByteStream, server: ByteStream) -> None:
        client.send(bytes(4 * HIGH_WATER))
        draining = asyncio.create_task(client.drain())
        receiving = asyncio.create_task(client.receive())
        await asyncio.sleep(1)
        server.abort()
        for task in (draining, receiving):
            with pytest.raises(StreamReset):
                await task

    on_pair(reset)


def test_own_close_ends_own_receive() -> None:
    async def close(client: ByteStream, server: ByteStream) -> None:
        receiving = asyncio.create_task(client.receive())
        await asyncio.sleep(0)
        client.close()
        client.close()
        assert await receiving == b""
        with pytest.raises(TransportClosed):
            client.send(b"x")
        assert await server.receive() == b""
        server.abort()

    on_pair(close)


def test_close_delivers_what_is_unsent() -> None:
    async def close(client: ByteStream, server: ByteStream) -> None:
        client.send(bytes(5 * HIGH_WATER))
        client.close()
        reader = asyncio.create_task(read_all(server))
        await client.wait_closed()
        assert len(await reader) == 5 * HIGH_WATER

    on_pair(close)


def test_bytes_after_own_close_do_not_block_the_peer() -> None:
    async def close(client: ByteStream, server: ByteStream) -> None:
        client.close()
        for _ in range(20):
            server.send(bytes(HIGH_WATER))
            await server.drain()

    on_pair(close)


def test_two_readers_of_one_stream_are_a_mistake() -> None:
    async def twice(client: ByteStream, server: ByteStream) -> None:
        first = asyncio.create_task(client.receive())
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="two tasks"):
            await client.receive()
        server.send(b"x")
        assert await first == b"x"

    on_pair(twice)


def test_cancelled_reader_can_be_followed_by_another() -> None:
    async def again(client: ByteStream, server: ByteStream) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await client.receive()
        server.send(b"x")
        assert await client.receive() == b"x"

    on_pair(again)


@pytest.mark.parametrize(
    ("host", "fault", "sentence"),
    [
        ("fe80::2", ConnectFault.REFUSED, "nothing listens there"),
        ("fe80::9", ConnectFault.TIMEOUT, "no answer from .* within 2 s"),
    ],
)
def test_connect_fails_with_its_reason(host: str, fault: ConnectFault, sentence: str) -> None:
    async def main() -> None:
        link = NullLink()
        link.host("ev")
        link.host("secc")
        with pytest.raises(ConnectError, match=sentence) as caught:
            await link.host("ev").connect(host, 50000, timeout=2)
        assert caught.value.fault is fault

    run(main(), virtual=True)


def test_client_that_gives_up_resets_the_server() -> None:
    async def main() -> None:
        link = NullLink(latency=1.0)
        ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        async def serve(stream: ByteStream) -> None:
            try:
                await stream.receive()
            except StreamReset:
                ended.set_result("reset")

        listener = await link.host("secc").listen(serve)
        with pytest.raises(ConnectError):
            await link.host("ev").connect("fe80::1", listener.endpoint.port, timeout=1.5)
        assert await ended == "reset"

    run(main(), virtual=True)


def test_closed_listener_refuses_and_frees_its_port() -> None:
    async def main() -> None:
        secc = NullLink().host("secc")

        async def serve(stream: ByteStream) -> None:
            stream.close()

        listener = await secc.listen(serve, port=50000)
        with pytest.raises(TransportError, match="TCP port 50000 of fe80::1 is taken"):
            await secc.listen(serve, port=50000)
        listener.close()
        with pytest.raises(ConnectError):
            await secc.connect(secc.address, 50000, timeout=1)
        await secc.listen(serve, port=50000)

    run(main(), virtual=True)


def test_failing_handler_is_reported_and_its_connection_reset() -> None:
    async def main() -> None:
        reports: list[str] = []
        asyncio.get_running_loop().set_exception_handler(
            lambda _loop, context: reports.append(f"{context['message']}: {context['exception']}")
        )

        async def serve(stream: ByteStream) -> None:
            raise LookupError(f"no idea about {await stream.receive()!r}")

        link = NullLink()
        listener = await link.host("secc").listen(serve)
        client = await link.host("ev").connect(link.host("secc").address, listener.endpoint.port, timeout=1)
        client.send(b"x")
        with pytest.raises(StreamReset):
            await client.receive()
        assert reports == ["handler of the connection from [fe80::2]:49152 failed: no idea about b'x'"]

    run(main(), virtual=True)


def test_host_ends_with_all_its_connections() -> None:
    async def main() -> None:
        link = NullLink()
        cancelled = asyncio.Event()

        async def serve(stream: ByteStream) -> None:
            await stream.receive()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled.set()
                raise

        async with link.host("secc") as secc:
            listener = await secc.listen(serve)
            datagrams = await secc.open_datagrams(port=15118)
            client = await link.host("ev").connect(secc.address, listener.endpoint.port, timeout=1)
            client.send(b"x")
            await asyncio.sleep(1)
        assert cancelled.is_set()
        with pytest.raises(StreamReset):
            await client.receive()
        with pytest.raises(TransportClosed):
            await datagrams.receive()
        with pytest.raises(ConnectError):
            await link.host("ev").connect(secc.address, listener.endpoint.port, timeout=1)

    run(main(), virtual=True)


def test_all_dynamic_ports_in_use() -> None:
    async def main() -> None:
        host = NullLink().host("ev")
        for _ in range(49152, 65536):
            await host.open_datagrams()
        with pytest.raises(TransportError, match="no free dynamic port"):
            await host.open_datagrams()

    run(main(), virtual=True)


def test_multicast_reaches_all_members_in_order_and_nobody_else() -> None:
    async def main() -> None:
        link = NullLink()
        order: list[str] = []

        async def listen(host: NullHost) -> None:
            datagrams = await host.open_datagrams(port=15118, join=ALL_NODES)
            data, sender = await datagrams.receive()
            assert (data, sender) == (b"who?", Endpoint("fe80::1", 49152))
            order.append(host.address)
            datagrams.send(host.address.encode(), sender)

        ev = link.host("ev")
        tasks = [asyncio.create_task(listen(link.host(name))) for name in ("a", "b", "c")]
        deaf = await link.host("deaf").open_datagrams(port=15118)
        await asyncio.sleep(1)
        source = await ev.open_datagrams()
        source.send(b"who?", Endpoint(ALL_NODES, 15118))
        await asyncio.gather(*tasks)
        assert order == ["fe80::2", "fe80::3", "fe80::4"]
        assert [await source.receive() for _ in tasks] == [(host.encode(), Endpoint(host, 15118)) for host in order]
        source.send(b"you", Endpoint(link.host("deaf").address, 15118))
        assert (await deaf.receive())[0] == b"you"

    run(main(), virtual=True)


def test_datagrams_to_nobody_are_lost() -> None:
    async def main() -> None:
        ev = NullLink().host("ev")
        source = await ev.open_datagrams()
        source.send(b"x", Endpoint("fe80::7", 1))
        source.send(b"x", Endpoint(ev.address, 1))
        await asyncio.sleep(1)

    run(main(), virtual=True)


def test_datagram_queue_is_bounded() -> None:
    async def main() -> None:
        ev = NullLink().host("ev")
        sink = await ev.open_datagrams(port=15118)
        source = await ev.open_datagrams()
        for number in range(MAX_QUEUED_DATAGRAMS + 10):
            source.send(str(number).encode(), sink.endpoint)
        await asyncio.sleep(1)
        received = [(await sink.receive())[0] for _ in range(MAX_QUEUED_DATAGRAMS)]
        assert received == [str(number).encode() for number in range(MAX_QUEUED_DATAGRAMS)]
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await sink.receive()

    run(main(), virtual=True)


def test_closed_datagrams() -> None:
    async def main() -> None:
        ev = NullLink().host("ev")
        datagrams = await ev.open_datagrams(port=15118)
        with pytest.raises(TransportError, match="UDP port 15118 of fe80::1 is taken"):
            await ev.open_datagrams(port=15118)
        waiting = asyncio.create_task(datagrams.receive())
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="two tasks"):
            await datagrams.receive()
        datagrams.close()
        with pytest.raises(TransportClosed):
            await waiting
        with pytest.raises(TransportClosed):
            datagrams.send(b"x", Endpoint(ev.address, 1))
        await ev.open_datagrams(port=15118)

    run(main(), virtual=True)


def test_two_runs_are_the_same_to_the_last_instant() -> None:
    async def main() -> list[tuple[float, str, int]]:
        link = NullLink()
        log: list[tuple[float, str, int]] = []
        loop = asyncio.get_running_loop()

        async def echo(stream: ByteStream) -> None:
            while data := await stream.receive():
                log.append((loop.time(), str(stream.remote), len(data)))
                stream.send(data)
            stream.close()

        async def talk(name: str) -> None:
            stream = await link.host(name).connect(link.host("secc").address, 50000, timeout=1)
            for size in (1, HIGH_WATER, 7):
                stream.send(bytes(size))
                got = 0
                while got < size:
                    got += len(await stream.receive())
            stream.close()

        await link.host("secc").listen(echo, port=50000)
        await asyncio.gather(*(talk(name) for name in ("a", "b", "c")))
        return log

    first = run(main(), virtual=True)
    assert len(first) >= 9
    assert run(main(), virtual=True) == first


def test_real_time_works_as_well() -> None:
    async def main() -> None:
        client, server = await pair(NullLink())
        client.send(bytes(3 * HIGH_WATER))
        client.close()
        assert len(await read_all(server)) == 3 * HIGH_WATER

    run(main(), virtual=False)
