"""TCP by name and address, IPv4 and IPv6, and every failure in one sentence."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from v2gready.transports.capture import CaptureTap
from v2gready.transports.clock import Clock, run
from v2gready.transports.internet import InternetNetwork
from v2gready.transports.network import ConnectError, ConnectFault
from v2gready.transports.stream import ByteStream, Endpoint, TransportError


async def echo(stream: ByteStream) -> None:
    while data := await stream.receive():
        stream.send(data)
    stream.close()


@pytest.mark.parametrize(("address", "host"), [("127.0.0.1", "127.0.0.1"), ("127.0.0.1", "localhost"), ("::1", "::1")])
def test_both_ways(address: str, host: str) -> None:
    async def main() -> None:
        async with asyncio.timeout(10), InternetNetwork(address) as network:
            assert network.address == address
            listener = await network.listen(echo)
            stream = await network.connect(host, listener.endpoint.port, timeout=5)
            assert stream.remote == Endpoint(address, listener.endpoint.port)
            assert stream.local.host == address
            stream.send(b"hello")
            assert await stream.receive() == b"hello"
            stream.close()
            await stream.wait_closed()
            listener.close()
            with pytest.raises(ConnectError) as refused:
                await network.connect(host, listener.endpoint.port, timeout=5)
            assert refused.value.fault is ConnectFault.REFUSED

    run(main(), virtual=False)


def test_end_of_the_network_ends_everything() -> None:
    async def main() -> None:
        async with asyncio.timeout(10), InternetNetwork() as outer:
            async with InternetNetwork() as inner:
                listener = await inner.listen(echo)
                stream = await outer.connect("127.0.0.1", listener.endpoint.port, timeout=5)
                stream.send(b"x")
                await stream.receive()
            with pytest.raises(ConnectError):
                await outer.connect("127.0.0.1", listener.endpoint.port, timeout=5)

    run(main(), virtual=False)


def test_what_cannot_be_had() -> None:
    async def main() -> None:
        async with InternetNetwork() as network:
            listener = await network.listen(echo)
            with pytest.raises(TransportError, match="is taken; stop the program"):
                await network.listen(echo, port=listener.endpoint.port)
            with pytest.raises(TransportError, match="TCP only"):
                await network.open_datagrams()
        with pytest.raises(TransportError, match="does not have the address"):
            await InternetNetwork("192.0.2.1").listen(echo)

    run(main(), virtual=False)
    with pytest.raises(TransportError, match="no IP address"):
        InternetNetwork("csms.v2gready.test")


def test_connections_that_do_not_come_about(monkeypatch: pytest.MonkeyPatch) -> None:
    async def unresolved(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    async def silent(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    async def unreachable(*_: object, **__: object) -> None:
        raise OSError(113, "No route to host")

    async def several(*_: object, **__: object) -> None:
        raise OSError("Multiple exceptions: [Errno 111] Connect call failed, [Errno 111] Connect call failed")

    async def main() -> None:
        loop = asyncio.get_running_loop()
        network = InternetNetwork()
        for failing, fault, sentence in (
            (unresolved, ConnectFault.UNREACHABLE, "cannot be resolved"),
            (silent, ConnectFault.TIMEOUT, "no answer from csms:443 within 0.01 s"),
            (unreachable, ConnectFault.UNREACHABLE, "No route to host"),
            (several, ConnectFault.REFUSED, "nothing listens there"),
        ):
            monkeypatch.setattr(loop, "create_connection", failing)
            with pytest.raises(ConnectError, match=sentence) as caught:
                await network.connect("csms", 443, timeout=0.01)
            assert caught.value.fault is fault

    run(main(), virtual=False)


def test_capture_of_ipv4(tmp_path: Path, read_capture: Callable[[Path], object]) -> None:
    async def main() -> None:
        tap = CaptureTap(tmp_path / "wire.pcapng")
        async with asyncio.timeout(10), InternetNetwork() as network:
            tapped = tap.wrap(network, Clock())
            listener = await network.listen(echo)
            stream = await tapped.connect("localhost", listener.endpoint.port, timeout=5)
            stream.send(b"hello")
            assert await stream.receive() == b"hello"
            stream.close()
        tap.close()

    run(main(), virtual=False)
    assert read_capture(tmp_path / "wire.pcapng").packets  # type: ignore[attr-defined]
