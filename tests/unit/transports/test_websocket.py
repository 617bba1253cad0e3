"""WebSocket over the null modem in virtual time: good manners, and what is done about bad ones."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import logging
import re
import zlib
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from v2gready.transports.clock import run
from v2gready.transports.nullmodem import NullLink
from v2gready.transports.stream import HIGH_WATER, ByteStream, StreamReset, TransportClosed
from v2gready.transports.websocket import (
    CLOSE_TIMEOUT,
    FIN_TIMEOUT,
    HANDSHAKE_TIMEOUT,
    MAX_HEAD,
    Binary,
    Closed,
    Decision,
    Handshake,
    HandshakeRefused,
    Incoming,
    Opcode,
    Ping,
    Pong,
    Text,
    WebSocket,
    basic_authorization,
    frame_octets,
    identity_path,
)
from v2gready.transports.wsframes import FrameCutter

KEY = "Sec-WebSocket-Key: " + base64.b64encode(bytes(16)).decode()
GOOD = (
    "GET /ocpp/A HTTP/1.1",
    "Host: x",
    "Upgrade: websocket",
    "Connection: Upgrade",
    KEY,
    "Sec-WebSocket-Version: 13",
)
Server = Callable[[ByteStream], Awaitable[None]]


def head(*lines: str) -> bytes:
    return "\r\n".join([*lines, "", ""]).encode("iso-8859-1")


def over_a_link(server: Server, client: Server) -> None:
    """Run both ends of one TCP connection."""

    async def main() -> None:
        link = NullLink()
        served = asyncio.get_running_loop().create_future()

        async def serve(stream: ByteStream) -> None:
            try:
                served.set_result(await server(stream))
            except BaseException as error:
                served.set_exception(error)
                raise

        async with link.host("csms") as csms, link.host("station") as station:
            listener = await csms.listen(serve)
            await client(await station.connect(csms.address, listener.endpoint.port, timeout=1))
            await served

    run(main(), virtual=True)


def accept_all(handshake: Handshake) -> Decision:
    return Decision(subprotocol=handshake.choose(("ocpp2.1", "ocpp2.0.1")))


async def opened(stream: ByteStream, **arguments: object) -> WebSocket:
    socket = await WebSocket.accept(stream, accept_all, **arguments)  # type: ignore[arg-type]
    assert socket is not None
    return socket


async def dialled(stream: ByteStream, **arguments: object) -> WebSocket:
    arguments = {"host": "x", "path": "/ocpp/A", "subprotocols": ("ocpp2.1",), **arguments}
    return await WebSocket.connect(stream, **arguments)  # type: ignore[arg-type]


def talk(
    server: Callable[[WebSocket], Awaitable[None]],
    client: Callable[[WebSocket], Awaitable[None]],
    *,
    accept: dict[str, object] | None = None,
    connect: dict[str, object] | None = None,
) -> None:
    """Run both ends of one WebSocket."""

    async def serve(stream: ByteStream) -> None:
        await server(await opened(stream, **(accept or {})))

    async def dial(stream: ByteStream) -> None:
        await client(await dialled(stream, **(connect or {})))

    over_a_link(serve, dial)


async def until_closed(socket: WebSocket) -> list[Incoming]:
    found: list[Incoming] = []
    while not found or not isinstance(found[-1], Closed):
        found.append(await socket.receive())
    return found


async def all_of(stream: ByteStream) -> bytes:
    found = b""
    while data := await stream.receive():
        found += data
    return found


async def echo(socket: WebSocket) -> None:
    while True:
        match await socket.receive():
            case Text(data):
                socket.text(data)
            case Binary(octets):
                socket.binary(octets)
            case Closed():
                return


# -- handshake ----------------------------------------------------------------------------------------------------


def test_handshake_shows_all_that_a_csms_wants_to_know() -> None:
    seen: list[Handshake] = []

    async def server(stream: ByteStream) -> None:
        def decide(handshake: Handshake) -> Decision:
            seen.append(handshake)
            return Decision(subprotocol="ocpp2.0.1", headers=(("X-Extra", "1"),))

        socket = await WebSocket.accept(stream, decide)
        assert socket is not None
        assert socket.subprotocol == "ocpp2.0.1"
        await socket.close()

    async def client(stream: ByteStream) -> None:
        socket = await WebSocket.connect(
            stream,
            host="csms.v2gready.test:9000",
            path=identity_path("/ocpp/", "RDAM|123"),
            subprotocols=("ocpp2.1", "ocpp2.0.1"),
            headers=[basic_authorization("RDAM|123", "pass:wörd-0123456789")],
        )
        assert socket.subprotocol == "ocpp2.0.1"
        assert not socket.compressed
        assert await socket.receive() == Closed(1000, clean=True, by_peer=True)

    over_a_link(server, client)
    (handshake,) = seen
    assert handshake.path == "/ocpp/RDAM%7C123"
    assert (handshake.identity, handshake.endpoint) == ("RDAM|123", "/ocpp")
    assert handshake.subprotocols == ("ocpp2.1", "ocpp2.0.1")
    assert (handshake.authorization, handshake.user) == ("basic", "RDAM|123")
    assert handshake.password == "pass:wörd-0123456789"  # noqa: S105
    assert not handshake.compression
    assert ("Host", "csms.v2gready.test:9000") in handshake.headers
    assert "wörd" not in repr(handshake)
    assert all(name != "Authorization" for name, _ in handshake.headers)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ([], ("none", None, None)),
        (["Basic QTpi"], ("basic", "A", "b")),
        (["basic QTpi"], ("basic", "A", "b")),
        (["Basic QTpiOmM="], ("basic", "A", "b:c")),
        (["Basic !!"], ("broken", None, None)),
        (["Basic QQ=="], ("broken", None, None)),
        (["Basic /w=="], ("broken", None, None)),
        (["Basic"], ("broken", None, None)),
        (["Basic QTpi", "Basic QTpi"], ("broken", None, None)),
        (["Bearer abc"], ("bearer", None, None)),
    ],
)
def test_authorization(fields: list[str], expected: tuple[str, str | None, str | None]) -> None:
    seen: list[Handshake] = []

    async def server(stream: ByteStream) -> None:
        await WebSocket.accept(stream, lambda handshake: (seen.append(handshake), Decision(401))[1])

    async def client(stream: ByteStream) -> None:
        stream.send(head(*GOOD, *(f"Authorization: {field}" for field in fields)))
        await stream.receive()

    over_a_link(server, client)
    assert (seen[0].authorization, seen[0].user, seen[0].password) == expected


@pytest.mark.parametrize(
    ("path", "identity"),
    [
        ("/ocpp/CS001", "CS001"),
        ("/ocpp/RDAM%7C123?x=/y", "RDAM|123"),
        ("/a%2Fb", "a/b"),
        ("/ocpp/", ""),
        ("/%ff", "�"),
    ],
)
def test_identity_is_the_last_segment(path: str, identity: str) -> None:
    assert Handshake(path, (), (), None, None).identity == identity


@pytest.mark.parametrize(("status", "phrase"), [(401, "Unauthorized"), (404, "Not Found"), (499, "Refused")])
def test_refusal(status: int, phrase: str) -> None:
    async def server(stream: ByteStream) -> None:
        decision = Decision(status, reason="not you", headers=(("Retry-After", "5"),))
        assert await WebSocket.accept(stream, lambda _: decision) is None

    async def client(stream: ByteStream) -> None:
        with pytest.raises(HandshakeRefused) as refused:
            await dialled(stream)
        found = refused.value
        assert (found.status, found.reason, found.by_peer, found.selected) == (status, phrase, True, "")
        assert ("Retry-After", "5") in found.headers
        assert any(name == "WWW-Authenticate" for name, _ in found.headers) == (status == 401)

    over_a_link(server, client)


def test_no_common_subprotocol_ends_behind_the_handshake() -> None:
    async def server(stream: ByteStream) -> None:
        assert await WebSocket.accept(stream, accept_all) is None

    async def client(stream: ByteStream) -> None:
        socket = await dialled(stream, subprotocols=("ocpp1.6",))
        assert socket.subprotocol is None
        assert await socket.receive() == Closed(1002, "no common subprotocol", clean=True, by_peer=True)

    over_a_link(server, client)


def test_hostile_server_keeps_a_connection_without_subprotocol() -> None:
    async def server(stream: ByteStream) -> None:
        socket = await WebSocket.accept(stream, lambda _: Decision(keep=True))
        assert socket is not None
        await echo(socket)

    async def client(stream: ByteStream) -> None:
        socket = await dialled(stream)
        assert socket.subprotocol is None
        socket.text("x")
        assert await socket.receive() == Text("x")
        await socket.close()

    over_a_link(server, client)


@pytest.mark.parametrize("offered", [(), ("ocpp2.0.1",)])
def test_client_refuses_a_subprotocol_that_it_did_not_offer(offered: tuple[str, ...]) -> None:
    async def server(stream: ByteStream) -> None:
        socket = await WebSocket.accept(stream, lambda _: Decision(subprotocol="ocpp2.1"))
        assert socket is not None
        closed = await socket.receive()
        assert isinstance(closed, Closed)
        assert closed.how == "fin"

    async def client(stream: ByteStream) -> None:
        with pytest.raises(HandshakeRefused) as refused:
            await dialled(stream, subprotocols=offered)
        assert (refused.value.status, refused.value.selected, refused.value.by_peer) == (101, "ocpp2.1", False)

    over_a_link(server, client)


@pytest.mark.parametrize(
    ("request_head", "status"),
    [
        (head("GET /ocpp/A HTTP/1.1", "Host: x"), 426),
        (head("POST /ocpp/A HTTP/1.1", *GOOD[1:]), 405),
        (head("GET /ocpp/A HTTP/1.0", *GOOD[1:]), 505),
        (head(*GOOD[:4], GOOD[5]), 400),
        (head(*GOOD[:5], "Sec-WebSocket-Version: 8"), 400),
        (head(*GOOD, "Sec-WebSocket-Protocol: ;;"), 400),
        (head("nonsense"), 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\r\n\r\n", 400),
        ("\n".join([*GOOD, "", ""]).encode(), 400),
        (head(*GOOD, *(f"X-{number}: y" for number in range(200))), 400),
        (head(*GOOD, "X: " + "y" * MAX_HEAD), 431),
        (b"y" * (MAX_HEAD + 1), 431),
    ],
)
def test_what_is_no_handshake(request_head: bytes, status: int) -> None:
    failures: list[tuple[int, str]] = []

    async def server(stream: ByteStream) -> None:
        def never(_: Handshake) -> Decision:
            raise AssertionError

        assert await WebSocket.accept(stream, never, failed=lambda *failure: failures.append(failure)) is None

    async def client(stream: ByteStream) -> None:
        stream.send(request_head)
        answer = await all_of(stream)
        assert answer.startswith(f"HTTP/1.1 {status} ".encode())
        assert b"Connection: close" in answer
        assert (b"Upgrade: websocket" in answer) == (status == 426)

    over_a_link(server, client)
    assert failures[0][0] == status
    assert failures[0][1]


def test_slow_loris() -> None:
    failures: list[tuple[int, str]] = []

    async def server(stream: ByteStream) -> None:
        assert await WebSocket.accept(stream, accept_all, failed=lambda *failure: failures.append(failure)) is None
        assert asyncio.get_running_loop().time() == pytest.approx(HANDSHAKE_TIMEOUT, abs=0.1)

    async def client(stream: ByteStream) -> None:
        reading = asyncio.ensure_future(stream.receive())
        for octet in head(*GOOD):
            if reading.done():
                break
            stream.send(bytes([octet]))
            await asyncio.sleep(1)
        assert (await reading).startswith(b"HTTP/1.1 408 ")

    over_a_link(server, client)
    assert failures == [(408, "the handshake took longer than 10 s")]


@pytest.mark.parametrize("end", ["close", "abort"])
@pytest.mark.parametrize("sent", [b"", b"GET /oc"])
def test_client_that_goes_in_mid_handshake(end: str, sent: bytes) -> None:
    failures: list[tuple[int, str]] = []

    async def server(stream: ByteStream) -> None:
        assert await WebSocket.accept(stream, accept_all, failed=lambda *failure: failures.append(failure)) is None

    async def client(stream: ByteStream) -> None:
        stream.send(sent)
        await asyncio.sleep(1)
        getattr(stream, end)()

    over_a_link(server, client)
    assert failures[0][0] == 0


@pytest.mark.parametrize(
    ("answer", "status", "reason"),
    [
        (b"220 smtp\r\n\r\n", 0, "does not answer in HTTP"),
        (b"", 0, "without a word"),
        (b"HTTP/1.1 50", 0, "in mid head"),
        (head("HTTP/1.1 503 Busy", "Retry-After: 3", "broken line"), 503, "Busy"),
        (head("HTTP/1.1 101", "Upgrade: websocket", "Connection: Upgrade"), 101, "HTTP"),
        (head("HTTP/1.1 101 S", "Upgrade: websocket", "Connection: Upgrade"), 101, "missing Sec-WebSocket-Accept"),
        (head("HTTP/1.1 101 S", "Upgrade: h2c", "Connection: Upgrade"), 101, "invalid Upgrade header: h2c"),
        (b"x" * (MAX_HEAD + 1), 0, "longer than"),
    ],
)
def test_what_is_no_answer(answer: bytes, status: int, reason: str) -> None:
    async def server(stream: ByteStream) -> None:
        await stream.receive()
        stream.send(answer)
        stream.close()

    async def client(stream: ByteStream) -> None:
        with pytest.raises(HandshakeRefused, match=reason) as refused:
            await dialled(stream)
        assert refused.value.status == status

    over_a_link(server, client)


def test_server_that_never_answers() -> None:
    async def server(stream: ByteStream) -> None:
        assert (await all_of(stream)).startswith(b"GET ")

    async def client(stream: ByteStream) -> None:
        with pytest.raises(HandshakeRefused, match="longer than 3 s"):
            await dialled(stream, timeout=3)

    over_a_link(server, client)


def test_server_that_resets() -> None:
    async def server(stream: ByteStream) -> None:
        stream.abort()

    async def client(stream: ByteStream) -> None:
        with pytest.raises(HandshakeRefused, match="reset") as refused:
            await dialled(stream)
        assert refused.value.status == 0

    over_a_link(server, client)


def test_a_decision_that_fails_aborts() -> None:
    async def server(stream: ByteStream) -> None:
        with pytest.raises(ZeroDivisionError):
            await WebSocket.accept(stream, lambda _: Decision(1 // 0))

    async def client(stream: ByteStream) -> None:
        with pytest.raises(HandshakeRefused, match="reset"):
            await dialled(stream)

    over_a_link(server, client)


def test_headers_of_the_client_replace_its_own() -> None:
    async def server(stream: ByteStream) -> None:
        await WebSocket.accept(stream, accept_all)

    async def client(stream: ByteStream) -> None:
        with pytest.raises(HandshakeRefused) as refused:
            await dialled(stream, headers=[("Sec-WebSocket-Version", "7")])
        assert refused.value.status == 400

    over_a_link(server, client)


def test_password_is_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def client(socket: WebSocket) -> None:
        await socket.close()

    talk(echo, client, connect={"headers": [basic_authorization("A", "a-very-secret-password")]})
    assert base64.b64encode(b"A:a-very-secret-password").decode() not in caplog.text


# -- messages -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("compression", [False, True])
def test_messages_of_any_size(compression: bool) -> None:
    async def client(socket: WebSocket) -> None:
        assert socket.compressed is compression
        for size in (0, 1, 125, 126, 0xFFFF, 0x1_0000, 0xF_0000):
            socket.text("ü" * (size // 2))
            socket.binary(bytes(size))
            await socket.drain()
            assert await socket.receive() == Text("ü" * (size // 2))
            assert await socket.receive() == Binary(bytes(size))
        await socket.close()
        await socket.wait_closed()

    talk(echo, client, connect={"compression": compression})


def test_server_may_decline_compression() -> None:
    async def client(socket: WebSocket) -> None:
        assert not socket.compressed
        await socket.close()

    talk(echo, client, connect={"compression": True}, accept={"compression": False})


@pytest.mark.parametrize("by_client", [False, True])
def test_control_frames_between_fragments(by_client: bool) -> None:
    async def sender(socket: WebSocket) -> None:
        octets = "größer".encode()
        socket.frame(Opcode.TEXT, octets[:3], fin=False)  # in the middle of a letter
        socket.ping(b"1")
        socket.frame(Opcode.CONT, b"", fin=False)
        socket.pong(b"2")
        socket.frame(Opcode.CONT, octets[3:])
        assert await socket.receive() == Pong(b"1")
        await socket.close()

    async def receiver(socket: WebSocket) -> None:
        assert (await until_closed(socket))[:-1] == [Ping(b"1"), Pong(b"2"), Text("größer")]

    talk(receiver if by_client else sender, sender if by_client else receiver)


def test_pings_unanswered_on_request() -> None:
    async def server(socket: WebSocket) -> None:
        socket.auto_pong = False
        assert await socket.receive() == Ping(b"1")
        socket.pong(b"late")
        await until_closed(socket)

    async def client(socket: WebSocket) -> None:
        socket.ping(b"1")
        assert await socket.receive() == Pong(b"late")
        await socket.close()

    talk(server, client)


def test_a_cancelled_receive_loses_nothing() -> None:
    async def client(socket: WebSocket) -> None:
        for _ in range(20):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.0001):
                    await socket.receive()
        socket.text("x")
        assert await socket.receive() == Text("x")
        await socket.close()

    talk(echo, client)


def test_only_one_task_receives() -> None:
    async def client(socket: WebSocket) -> None:
        reading = asyncio.ensure_future(socket.receive())
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="two tasks"):
            await socket.receive()
        await socket.close()
        assert isinstance(await reading, Closed)

    talk(echo, client)


def test_a_reader_that_comes_while_we_close() -> None:
    async def server(socket: WebSocket) -> None:
        await asyncio.sleep(1)
        socket.text("late")
        await until_closed(socket)

    async def client(socket: WebSocket) -> None:
        closing = asyncio.ensure_future(socket.close())
        await asyncio.sleep(0.1)
        assert await socket.receive() == Closed(1000, clean=True)
        await closing

    talk(server, client)


# -- violations ---------------------------------------------------------------------------------------------------

VIOLATIONS = [
    pytest.param(1007, [frame_octets(1, b"\xff", mask=True)], id="no UTF-8"),
    pytest.param(1007, [frame_octets(1, b"\xc3", mask=True)], id="UTF-8 cut off"),
    pytest.param(
        1007, [frame_octets(1, b"\xc3", fin=False, mask=True), frame_octets(0, b"(", mask=True)], id="in a fragment"
    ),
    pytest.param(1007, [frame_octets(1, "\ud800".encode("utf-8", "surrogatepass"), mask=True)], id="surrogate"),
    pytest.param(1002, [frame_octets(1, b"x", mask=False)], id="unmasked"),
    pytest.param(1002, [frame_octets(3, b"x", mask=True)], id="reserved opcode"),
    pytest.param(1002, [frame_octets(1, b"x", rsv=4, mask=True)], id="RSV1"),
    pytest.param(1002, [frame_octets(1, b"x", rsv=1, mask=True)], id="RSV3"),
    pytest.param(1002, [frame_octets(9, bytes(126), mask=True)], id="long ping"),
    pytest.param(1002, [frame_octets(9, b"", fin=False, mask=True)], id="fragmented ping"),
    pytest.param(1002, [frame_octets(0, b"x", mask=True)], id="continuation of nothing"),
    pytest.param(
        1002, [frame_octets(1, b"x", fin=False, mask=True), frame_octets(1, b"x", mask=True)], id="text in text"
    ),
    pytest.param(1002, [frame_octets(8, b"\x03", mask=True)], id="half a close code"),
    pytest.param(1002, [frame_octets(8, (999).to_bytes(2), mask=True)], id="close 999"),
    pytest.param(1002, [frame_octets(8, (1006).to_bytes(2), mask=True)], id="close 1006"),
    pytest.param(1007, [frame_octets(8, b"\x03\xe8\xff", mask=True)], id="close reason no UTF-8"),
    pytest.param(1009, [frame_octets(1, bytes(1001), mask=True)], id="too big"),
    pytest.param(1009, [b"\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff"], id="length of exabytes"),
    pytest.param(
        1009,
        [frame_octets(1, bytes(600), fin=False, mask=True), frame_octets(0, bytes(401), mask=True)],
        id="too big in fragments",
    ),
]


@pytest.mark.parametrize(("code", "frames"), VIOLATIONS)
@pytest.mark.parametrize("followed", [b"", frame_octets(8, b"\x03\xe8", mask=True)], ids=["alone", "and a Close"])
def test_violation_of_a_client(code: int, frames: list[bytes], followed: bytes) -> None:
    async def server(socket: WebSocket) -> None:
        closed = await socket.receive()
        assert isinstance(closed, Closed)
        assert (closed.code, closed.clean, closed.by_peer, closed.how) == (code, False, True, "close")
        assert closed.violation
        assert socket.closed is closed
        assert await socket.receive() is closed
        socket.text("dropped")

    async def client(socket: WebSocket) -> None:
        socket.octets(b"".join(frames) + followed)
        closed = await socket.receive()
        assert isinstance(closed, Closed)
        assert closed.code == code

    talk(server, client, accept={"max_size": 1000})


@pytest.mark.parametrize("frames", [[frame_octets(1, b"x", mask=True)], [frame_octets(1, bytes(1001), mask=False)]])
def test_violation_of_a_server(frames: list[bytes]) -> None:
    async def server(socket: WebSocket) -> None:
        socket.octets(b"".join(frames))
        closed = await socket.receive()
        assert isinstance(closed, Closed)
        assert closed.code in {1002, 1009}

    async def client(socket: WebSocket) -> None:
        closed = await socket.receive()
        assert isinstance(closed, Closed)
        assert closed.violation

    talk(server, client, connect={"max_size": 1000})


def test_decompression_bomb() -> None:
    packer = zlib.compressobj(wbits=-12)
    bomb = packer.compress(bytes(50_000_000)) + packer.flush(zlib.Z_SYNC_FLUSH)

    async def server(socket: WebSocket) -> None:
        closed = await socket.receive()
        assert isinstance(closed, Closed)
        assert closed.code == 1009

    async def client(socket: WebSocket) -> None:
        socket.frame(Opcode.BINARY, bomb[:-4], rsv=4)
        await until_closed(socket)

    talk(server, client, connect={"compression": True})


def test_message_just_at_the_limit() -> None:
    async def client(socket: WebSocket) -> None:
        socket.text("x" * 1000)
        assert await socket.receive() == Text("x" * 1000)
        await socket.close()

    talk(echo, client, accept={"max_size": 1000})


def test_ping_flood_feels_back_pressure() -> None:
    """A peer that floods and never reads is not read any further."""
    taken = 0

    async def server(socket: WebSocket) -> None:
        nonlocal taken
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(60):
                while isinstance(await socket.receive(), Ping):
                    taken += 1
        assert socket.closed is None
        assert len(socket._stream._outbox) < 2 * HIGH_WATER  # type: ignore[attr-defined]
        assert len(socket._events) <= 1
        socket.abort()

    async def client(socket: WebSocket) -> None:
        flood = frame_octets(9, bytes(125), mask=True) * 10_000
        socket.octets(flood)
        with pytest.raises(StreamReset):
            await socket._stream.drain()

    talk(server, client)
    assert 500 < taken < 3_000


# -- the end ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by_client", [False, True])
@pytest.mark.parametrize(("code", "reason", "seen"), [(1000, "", 1000), (4001, "größe", 4001), (None, "", 1005)])
def test_close(by_client: bool, code: int | None, reason: str, seen: int) -> None:
    async def closer(socket: WebSocket) -> None:
        assert socket.is_open
        await socket.close(code, reason)
        assert socket.closed == Closed(seen, reason, clean=True)
        assert not socket.is_open
        await socket.close()
        with pytest.raises(TransportClosed):
            socket.text("x")
        with pytest.raises(TransportClosed):
            socket.frame(Opcode.TEXT, b"x")

    async def other(socket: WebSocket) -> None:
        assert await socket.receive() == Closed(seen, reason, clean=True, by_peer=True)
        socket.text("dropped")
        socket.binary(b"dropped")
        socket.ping()
        socket.octets(b"dropped")
        await socket.close()

    talk(other if by_client else closer, closer if by_client else other)


def test_close_with_a_reader() -> None:
    async def server(socket: WebSocket) -> None:
        for number in range(3):
            socket.text(str(number))
        await until_closed(socket)

    async def client(socket: WebSocket) -> None:
        reading = asyncio.ensure_future(until_closed(socket))
        await asyncio.sleep(0)
        await socket.close(1001, "enough")
        assert await reading == [Text("0"), Text("1"), Text("2"), Closed(1001, "enough", clean=True)]

    talk(server, client)


@pytest.mark.parametrize("with_reader", [False, True])
def test_close_without_an_answer(with_reader: bool) -> None:
    async def server(stream: ByteStream) -> None:
        await opened(stream)
        with pytest.raises(StreamReset):
            await all_of(stream)

    async def client(stream: ByteStream) -> None:
        socket = await dialled(stream)
        reading = asyncio.ensure_future(until_closed(socket)) if with_reader else None
        await asyncio.sleep(0)
        before = asyncio.get_running_loop().time()
        await socket.close()
        assert asyncio.get_running_loop().time() - before == pytest.approx(CLOSE_TIMEOUT)
        closed = socket.closed
        assert closed is not None
        assert (closed.code, closed.how, closed.by_peer) == (1006, "timeout", False)
        if reading is not None:
            assert await reading == [closed]

    over_a_link(server, client)


def test_client_leaves_fin_to_the_server_for_a_while() -> None:
    async def server(stream: ByteStream) -> None:
        socket = await opened(stream)
        socket.frame(Opcode.CLOSE, b"\x03\xe8")
        assert re.match(rb"\x88\x82", await stream.receive())
        before = asyncio.get_running_loop().time()
        assert await stream.receive() == b""
        assert asyncio.get_running_loop().time() - before == pytest.approx(FIN_TIMEOUT, abs=0.1)

    async def client(stream: ByteStream) -> None:
        socket = await dialled(stream)
        assert await socket.receive() == Closed(1000, clean=True, by_peer=True)

    over_a_link(server, client)


@pytest.mark.parametrize(("end", "how"), [("close", "fin"), ("abort", "reset")])
@pytest.mark.parametrize(
    "unfinished",
    [b"", b"\x81", b"\x81\x85abcd", frame_octets(1, b"x", fin=False, mask=True)],
    ids=["nothing", "half a head", "half a frame", "half a message"],
)
def test_end_without_a_close(end: str, how: str, unfinished: bytes) -> None:
    async def server(socket: WebSocket) -> None:
        closed = await socket.receive()
        assert isinstance(closed, Closed)
        assert (closed.code, closed.how, closed.clean, closed.by_peer, closed.violation) == (1006, how, False, True, "")

    async def client(stream: ByteStream) -> None:
        socket = await dialled(stream)
        socket.octets(unfinished)
        await asyncio.sleep(1)
        getattr(stream, end)()

    async def serve(stream: ByteStream) -> None:
        await server(await opened(stream))

    over_a_link(serve, client)


def test_abort() -> None:
    async def server(socket: WebSocket) -> None:
        closed = await socket.receive()
        assert isinstance(closed, Closed)
        assert closed.how == "reset"

    async def client(socket: WebSocket) -> None:
        reading = asyncio.ensure_future(socket.receive())
        await asyncio.sleep(1)
        socket.abort()
        closed = await reading
        assert isinstance(closed, Closed)
        assert (closed.how, closed.by_peer) == ("abort", False)
        await socket.wait_closed()
        with pytest.raises(TransportClosed):
            socket.octets(b"x")

    talk(server, client)


# -- frames -------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(
    frames=st.lists(
        st.tuples(st.integers(0, 15), st.binary(max_size=300), st.booleans(), st.integers(0, 7), st.booleans()),
        max_size=8,
    ),
    cuts=st.lists(st.integers(1, 50), min_size=1, max_size=20),
)
def test_cutter_finds_the_frames_in_any_chunking(
    frames: list[tuple[int, bytes, bool, int, bool]], cuts: list[int]
) -> None:
    written = [frame_octets(code, data, fin=fin, rsv=rsv, mask=mask) for code, data, fin, rsv, mask in frames]
    data = b"".join(written)
    cutter, ends, position, number = FrameCutter(), [], 0, 0
    while position < len(data):
        chunk = data[position : position + cuts[number % len(cuts)]]
        number += 1
        while chunk:
            used = cutter.measure(chunk)
            assert 0 < used <= len(chunk)
            position += used
            chunk = chunk[used:]
            ends.append(position)
    expected = {sum(map(len, written[: count + 1])) for count in range(len(written))}
    assert expected <= set(ends)


@pytest.mark.parametrize("size", [0, 125, 126, 0xFFFF, 0x1_0000])
def test_cutter_at_the_limits_of_the_lengths(size: int) -> None:
    frame = frame_octets(2, bytes(size), mask=True)
    assert FrameCutter().measure(frame + b"more") == len(frame)


@settings(deadline=None, max_examples=200)
@given(data=st.binary(max_size=400))
def test_any_octets_come_to_some_end(data: bytes) -> None:
    async def server(socket: WebSocket) -> None:
        assert isinstance((await until_closed(socket))[-1], Closed)

    async def client(stream: ByteStream) -> None:
        socket = await dialled(stream)
        socket.octets(data)
        await asyncio.sleep(1)
        stream.close()

    async def serve(stream: ByteStream) -> None:
        await server(await opened(stream))

    over_a_link(serve, client)


@settings(deadline=None, max_examples=200)
@given(data=st.binary(max_size=400))
def test_any_request_comes_to_some_answer(data: bytes) -> None:
    async def server(stream: ByteStream) -> None:
        await WebSocket.accept(stream, accept_all)

    async def client(stream: ByteStream) -> None:
        stream.send(b"GET " + data + b"\r\n\r\n")
        assert await stream.receive()

    over_a_link(server, client)
