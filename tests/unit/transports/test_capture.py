"""The tap: what passed is in the file, in order, with secrets in front, also after a crash."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from v2gready.protocols.pki import TestPki
from v2gready.transports import capture as capture_module
from v2gready.transports.capture import CaptureTap
from v2gready.transports.clock import VIRTUAL_EPOCH, Clock, run
from v2gready.transports.network import Network
from v2gready.transports.nullmodem import NullLink
from v2gready.transports.sockets import SocketNetwork
from v2gready.transports.stream import ByteStream, StreamReset
from v2gready.transports.tls import KeyLog, TlsStream, client_context, server_context

if TYPE_CHECKING:
    from .conftest import Read

FIN, SYN, RST, PSH, ACK = 0x01, 0x02, 0x04, 0x08, 0x10
Reader = Callable[[Path], "Read"]


async def echo(stream: ByteStream) -> None:
    while data := await stream.receive():
        stream.send(data.upper())
    stream.close()


def test_connection_as_a_network_card_would_see_it(tmp_path: Path, read_capture: Reader) -> None:
    async def main() -> None:
        link = NullLink()
        with CaptureTap(tmp_path / "c.pcapng") as tap:
            ev = tap.wrap(link.host("ev"), Clock())
            assert ev.address == "fe80::1"
            listener = await link.host("secc").listen(echo)
            tap.annotate("case begins")
            stream = await ev.connect("fe80::2", listener.endpoint.port, timeout=1)
            stream.send(b"hello")
            await stream.drain()
            assert await stream.receive() == b"HELLO"
            stream.close()
            assert await stream.receive() == b""
            await stream.wait_closed()
            stream.abort()
            assert tap.packets == 7
            await ev.aclose()

    run(main(), virtual=True)
    capture = read_capture(tmp_path / "c.pcapng")
    assert capture.kinds == [0x0A0D0D0A, 1, *[6] * 7]
    assert capture.flags() == [SYN, SYN | ACK, ACK, PSH | ACK, PSH | ACK, FIN | ACK, ACK]
    assert capture.comments == ["case begins", *[None] * 6]
    epoch = int(VIRTUAL_EPOCH.timestamp()) * 10**9
    milliseconds = [(time - epoch) / 10**6 for time in capture.times_ns]
    assert milliseconds == [0, 1, 1, 1, 2, 2, 2]


def test_server_side_and_the_peers_fin(tmp_path: Path, read_capture: Reader) -> None:
    async def main() -> None:
        link = NullLink()
        with CaptureTap(tmp_path / "c.pcapng") as tap:
            async with tap.wrap(link.host("secc"), Clock()) as secc:
                listener = await secc.listen(echo)
                stream = await link.host("ev").connect("fe80::1", listener.endpoint.port, timeout=1)
                assert (stream.remote.host, stream.local.host) == ("fe80::1", "fe80::2")
                stream.send(b"hello")
                assert await stream.receive() == b"HELLO"
                stream.close()
                await asyncio.sleep(1)

    run(main(), virtual=True)
    capture = read_capture(tmp_path / "c.pcapng")
    data = [SYN, SYN | ACK, ACK, PSH | ACK, PSH | ACK]
    assert capture.flags() == [*data, FIN | ACK, ACK, FIN | ACK, ACK]
    sources = [packet[37] for packet in capture.packets]
    assert sources == [2, 1, 2, 2, 1, 2, 1, 1, 2]


@pytest.mark.parametrize("who", ["peer", "we"])
def test_reset(who: str, tmp_path: Path, read_capture: Reader) -> None:
    async def main() -> None:
        link = NullLink()

        async def serve(stream: ByteStream) -> None:
            if who == "peer":
                stream.abort()

        with CaptureTap(tmp_path / "c.pcapng") as tap:
            ev = tap.wrap(link.host("ev"), Clock())
            listener = await link.host("secc").listen(serve)
            stream = await ev.connect("fe80::2", listener.endpoint.port, timeout=1)
            if who == "peer":
                with pytest.raises(StreamReset):
                    await stream.receive()
            stream.abort()

    run(main(), virtual=True)
    capture = read_capture(tmp_path / "c.pcapng")
    assert capture.flags() == [SYN, SYN | ACK, ACK, RST | ACK]
    assert capture.packets[-1][37] == (2 if who == "peer" else 1)


def test_failing_handler_is_seen_as_reset(tmp_path: Path, read_capture: Reader) -> None:
    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
        link = NullLink()

        async def serve(_stream: ByteStream) -> None:
            raise LookupError

        with CaptureTap(tmp_path / "c.pcapng") as tap:
            listener = await tap.wrap(link.host("secc"), Clock()).listen(serve)
            stream = await link.host("ev").connect("fe80::1", listener.endpoint.port, timeout=1)
            with pytest.raises(StreamReset):
                await stream.receive()

    run(main(), virtual=True)
    assert read_capture(tmp_path / "c.pcapng").flags()[-1] == RST | ACK


def test_discovery(tmp_path: Path, read_capture: Reader) -> None:
    async def main() -> None:
        link = NullLink()
        with CaptureTap(tmp_path / "c.pcapng") as tap:
            clock = Clock()
            ev, secc = tap.wrap(link.host("ev"), clock), link.host("secc")
            server = await secc.open_datagrams(port=15118, join="ff02::1")
            client = await ev.open_datagrams()
            client.send(b"who?", ev.sdp)
            server.send(b"me", (await server.receive())[1])
            await client.receive()
            client.close()

    run(main(), virtual=True)
    capture = read_capture(tmp_path / "c.pcapng")
    addresses = [(packet[22:38], packet[38:54]) for packet in capture.packets]
    ev, secc = bytes.fromhex("fe80" + "00" * 13 + "01"), bytes.fromhex("fe80" + "00" * 13 + "02")
    assert addresses == [(ev, bytes.fromhex("ff02" + "00" * 13 + "01")), (secc, ev)]
    assert [struct.unpack_from(">HH", packet, 54) for packet in capture.packets] == [(49152, 15118), (15118, 49152)]
    assert [packet[62:] for packet in capture.packets] == [b"who?", b"me"]


def test_discovery_seen_by_the_charger(tmp_path: Path, read_capture: Reader) -> None:
    async def main() -> None:
        link = NullLink()
        with CaptureTap(tmp_path / "c.pcapng") as tap:
            secc = tap.wrap(link.host("secc"), Clock())
            server = await secc.open_datagrams(port=15118, join="ff02::1")
            client = await link.host("ev").open_datagrams()
            client.send(b"who?", secc.sdp)
            await server.receive()

    run(main(), virtual=True)
    assert read_capture(tmp_path / "c.pcapng").packets[0][38:40] == b"\xff\x02"


async def talk_tls(network: Network, peer: Network, pki: TestPki, keylog: KeyLog) -> int:
    """One session in which the client says what nobody may read; returns the server's port."""

    async def serve(raw: ByteStream) -> None:
        await echo(await TlsStream.accept(raw, server_context(pki.roots, pki.secc)))

    listener = await peer.listen(serve)
    raw = await network.connect(listener.endpoint.host, listener.endpoint.port, timeout=5)
    stream = await TlsStream.connect(raw, client_context(pki.roots, pki.vehicle, keylog=keylog))
    stream.send(b"plain words")
    assert await stream.receive() == b"PLAIN WORDS"
    stream.close()
    await stream.wait_closed()
    return listener.endpoint.port


@pytest.mark.parametrize("kind", ["null modem", "loopback"])
def test_secrets_stand_in_front_of_what_they_open(
    kind: str, tmp_path: Path, read_capture: Reader, pki: TestPki
) -> None:
    path = tmp_path / "c.pcapng"

    async def main() -> tuple[int, bytes]:
        link = NullLink()
        hosts = (link.host("ev"), link.host("secc")) if kind == "null modem" else (SocketNetwork("lo"),) * 2
        async with hosts[0], hosts[1]:
            with KeyLog() as keylog, CaptureTap(path, keylog) as tap:
                port = await talk_tls(tap.wrap(hosts[0], Clock()), hosts[1], pki, keylog)
                # As a crash would leave it: secrets in front, in their room of empty lines.
                live = read_capture(path)
                assert live.kinds[:3] == [0x0A0D0D0A, 1, 10]
                assert set(live.kinds[3:]) == {6}
                assert live.secrets.rstrip(b"\n") == keylog.secrets().rstrip(b"\n") != b""
                tap.close()
                tap.close()
                return port, keylog.secrets()

    port, secrets = run(main(), virtual=kind == "null modem")
    capture = read_capture(path)
    assert capture.kinds[:3] == [0x0A0D0D0A, 1, 10]
    assert set(capture.kinds[3:]) == {6}
    assert capture.secrets == secrets
    assert capture.payload(port)[:2] == b"\x16\x03"
    assert b"PLAIN WORDS" not in path.read_bytes()
    assert [item.name for item in tmp_path.iterdir()] == ["c.pcapng"]
    assert b"PRIVATE KEY" not in path.read_bytes()


def test_more_secrets_than_there_was_room_for(
    tmp_path: Path, read_capture: Reader, pki: TestPki, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "c.pcapng"
    monkeypatch.setattr(capture_module, "_RESERVED", 1500)  # one session, not two

    async def main() -> bytes:
        link = NullLink()
        with KeyLog() as keylog, CaptureTap(path, keylog) as tap:
            network = tap.wrap(link.host("ev"), Clock())
            for _ in range(3):
                await talk_tls(network, link.host("secc"), pki, keylog)
            assert read_capture(path).kinds.count(10) == 3
            return keylog.secrets()

    secrets = run(main(), virtual=True)
    capture = read_capture(path)
    assert capture.kinds[:3] == [0x0A0D0D0A, 1, 10]
    assert capture.kinds.count(10) == 1
    assert capture.secrets == secrets


def test_no_secrets_no_block(tmp_path: Path, read_capture: Reader) -> None:
    with KeyLog() as keylog, CaptureTap(tmp_path / "c.pcapng", keylog):
        pass
    assert read_capture(tmp_path / "c.pcapng").kinds == [0x0A0D0D0A, 1]
