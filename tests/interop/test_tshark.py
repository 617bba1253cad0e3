"""TShark reads our captures: well-formed packets, right checksums, and TLS decrypted with the secrets inside."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from v2gready.protocols.pki import TestPki
from v2gready.protocols.sdp import SdpRequest, Security
from v2gready.protocols.v2gtp import PayloadType, encode_frame
from v2gready.transports.capture import CaptureTap
from v2gready.transports.clock import Clock, run
from v2gready.transports.network import ALL_NODES, Network
from v2gready.transports.nullmodem import NullLink
from v2gready.transports.sockets import SocketNetwork
from v2gready.transports.stream import ByteStream
from v2gready.transports.tls import KeyLog, TlsStream, client_context, server_context

pytestmark = pytest.mark.interop

REQUEST = encode_frame(PayloadType.SAP, b"request that nobody may read" * 200)
RESPONSE = encode_frame(PayloadType.SAP, b"response that nobody may read")


def tshark(path: Path, *arguments: str) -> str:
    program = shutil.which("tshark")
    if program is None:
        reason = "tshark is missing; apt-get install tshark"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    checks = ("-o", "tcp.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE")
    done = subprocess.run([program, *checks, "-r", path, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def free_udp_port() -> int:
    """A port of our own: tests may run beside each other, and 15118 may be in use."""
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
        probe.bind(("::1", 0))
        port: int = probe.getsockname()[1]
        return port


async def session(ev: Network, secc: Network, pki: TestPki, keylog: KeyLog, *, ev_logs: bool) -> None:
    """SDP datagram, handshake, a request in several segments, a response, and an end in order."""

    async def serve(raw: ByteStream) -> None:
        context = server_context(pki.roots, pki.secc, keylog=None if ev_logs else keylog)
        stream = await TlsStream.accept(raw, context)
        received = b""
        while len(received) < len(REQUEST):
            received += await stream.receive()
        stream.send(RESPONSE)
        assert await stream.receive() == b""
        stream.close()
        await stream.wait_closed()

    discovery = await secc.open_datagrams(port=secc.sdp.port, join=ALL_NODES)
    question = await ev.open_datagrams()
    question.send(SdpRequest(Security.TLS).encode(), ev.sdp)
    await discovery.receive()
    listener = await secc.listen(serve)
    raw = await ev.connect(secc.address, listener.endpoint.port, timeout=5)
    stream = await TlsStream.connect(raw, client_context(pki.roots, pki.vehicle, keylog=keylog if ev_logs else None))
    stream.send(REQUEST)
    assert await stream.receive() == RESPONSE
    stream.close()
    await stream.wait_closed()


@pytest.fixture(params=["null modem, car", "null modem, charger", "loopback, car", "loopback, charger", "crash"])
def capture(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A finished capture seen by one of the two, or one whose writer died."""
    pki = TestPki(datetime.now(UTC) - timedelta(days=1))
    path = tmp_path / "c.pcapng"
    virtual = not request.param.startswith("loopback")
    by_car = not request.param.endswith("charger")

    async def main() -> None:
        link = NullLink()
        ev: Network
        secc: Network
        if virtual:
            ev, secc = link.host("ev"), link.host("secc")
        else:
            port = free_udp_port()
            ev, secc = SocketNetwork("lo", sdp_port=port), SocketNetwork("lo", sdp_port=port)
        async with ev, secc:
            with KeyLog() as keylog, CaptureTap(path, keylog) as tap:
                if by_car:
                    ev = tap.wrap(ev, Clock())
                else:
                    secc = tap.wrap(secc, Clock())
                tap.annotate("SECC discovery begins")
                await session(ev, secc, pki, keylog, ev_logs=by_car)
                if request.param == "crash":
                    shutil.copy(path, tmp_path / "crash.pcapng")

    run(main(), virtual=virtual)
    return tmp_path / "crash.pcapng" if request.param == "crash" else path


def test_application_data_is_decrypted(capture: Path) -> None:
    shown = tshark(capture, "-q", "-z", "follow,tls,raw,0")
    lines = [line for line in shown.splitlines() if line and set(line.strip()) <= set("0123456789abcdef")]
    # The second node of the stream is indented with a tabulator; in TShark 4.0 that is whoever opened it.
    sides = ["", ""]
    for line in lines:
        sides[line.startswith("\t")] += line.strip()
    assert sorted(bytes.fromhex(side) for side in sides) == sorted([REQUEST, RESPONSE])
    plain = capture.read_bytes()
    assert b"nobody may read" not in plain


def test_handshake_is_decrypted(capture: Path) -> None:
    shown = tshark(capture, "-Y", "tls.handshake.type", "-T", "fields", "-e", "tls.handshake.type")
    types = [int(value) for value in shown.replace(",", " ").split()]
    # ClientHello, ServerHello, EncryptedExtensions, CertificateRequest, Certificate, CertificateVerify, Finished and
    # the last three again from the car: mutual authentication as [V2G20-2400] asks.
    assert types == [1, 2, 8, 13, 11, 15, 20, 11, 15, 20]
    suites = tshark(capture, "-Y", "tls.handshake.type == 2", "-T", "fields", "-e", "tls.handshake.ciphersuite")
    assert int(suites, 16) == 0x1302  # TLS_AES_256_GCM_SHA384
    field = "tls.handshake.extensions_supported_group"
    groups = tshark(capture, "-Y", "tls.handshake.type == 1", "-T", "fields", "-e", field)
    assert int(groups, 16) == 0x0019  # secp521r1


def test_packets_are_without_fault(capture: Path) -> None:
    assert tshark(capture, "-Y", "tcp.checksum.status == 0 || udp.checksum.status == 0") == ""
    assert tshark(capture, "-Y", "tcp.analysis.flags || _ws.malformed || _ws.expert.severity >= warning") == ""


def test_annotations_are_shown(capture: Path) -> None:
    first = tshark(capture, "-c", "1", "-T", "fields", "-e", "frame.comment", "-e", "udp.payload")
    assert first == "SECC discovery begins\t01fe9000000000020000\n"
