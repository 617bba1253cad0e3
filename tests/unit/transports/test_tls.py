"""TLS over the null modem: mutual handshake under virtual time, and every refusal with its alert."""

from __future__ import annotations

import asyncio
import ssl
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from v2gready.protocols.pki import Credential, Curve, TestPki
from v2gready.transports.clock import run
from v2gready.transports.nullmodem import NullLink
from v2gready.transports.stream import HIGH_WATER, ByteStream, StreamReset, TransportClosed, TransportError
from v2gready.transports.tls import KeyLog, TlsFailure, TlsStream, TlsVersions, client_context, server_context

Client = Callable[[ByteStream], Awaitable[None]]


def meet(client: Client, server: ssl.SSLContext) -> list[TlsFailure]:
    """Let a client talk to an echoing TLS server; returns what the server could not stand."""
    failures: list[TlsFailure] = []

    async def serve(raw: ByteStream) -> None:
        try:
            stream = await TlsStream.accept(raw, server)
            while data := await stream.receive():
                stream.send(data)
                await stream.drain()
        except TlsFailure as failure:
            failures.append(failure)
        else:
            stream.close()

    async def main() -> None:
        link = NullLink()
        async with link.host("secc") as secc, link.host("ev") as ev:
            listener = await secc.listen(serve)
            await client(await ev.connect(secc.address, listener.endpoint.port, timeout=1))
            await asyncio.sleep(1)

    run(main(), virtual=True)
    return failures


@pytest.mark.parametrize("curve", Curve)
def test_mutual_session(curve: Curve, pki: TestPki, small_pki: TestPki) -> None:
    chosen = pki if curve is Curve.P521 else small_pki

    async def client(raw: ByteStream) -> None:
        stream = await TlsStream.connect(raw, client_context(chosen.roots, chosen.vehicle, curve=curve))
        assert stream.version == "TLSv1.3"
        assert stream.cipher == "TLS_AES_256_GCM_SHA384"
        assert stream.peer_certificate_der == chosen.secc.certificate_der()
        assert (stream.local, stream.remote) == (raw.local, raw.remote)
        stream.send(b"hello")
        assert await stream.receive() == b"hello"
        stream.close()
        stream.close()
        assert await stream.receive() == b""
        await stream.wait_closed()

    assert meet(client, server_context(chosen.roots, chosen.secc, curve=curve)) == []


def test_server_sees_the_vehicle_certificate_and_the_end(pki: TestPki) -> None:
    async def main() -> None:
        link = NullLink()
        done: asyncio.Future[tuple[bytes | None, bool]] = asyncio.get_running_loop().create_future()

        async def serve(raw: ByteStream) -> None:
            stream = await TlsStream.accept(raw, server_context(pki.roots, pki.secc))
            assert await stream.receive() == b""
            done.set_result((stream.peer_certificate_der, stream.close_notify_received))
            stream.close()

        listener = await link.host("secc").listen(serve)
        raw = await link.host("ev").connect("fe80::1", listener.endpoint.port, timeout=1)
        stream = await TlsStream.connect(raw, client_context(pki.roots, pki.vehicle))
        stream.close()
        assert await done == (pki.vehicle.certificate_der(), True)

    run(main(), virtual=True)


def test_more_than_any_buffer(pki: TestPki) -> None:
    async def client(raw: ByteStream) -> None:
        stream = await TlsStream.connect(raw, client_context(pki.roots, pki.vehicle))
        size = 5 * HIGH_WATER

        async def write() -> None:
            for _ in range(5):
                stream.send(bytes(HIGH_WATER))
                await stream.drain()

        async def read() -> int:
            got = 0
            while got < size:
                got += len(await stream.receive())
            return got

        _, got = await asyncio.gather(write(), read())
        assert got == size
        stream.close()

    assert meet(client, server_context(pki.roots, pki.secc)) == []


def none(_pki: TestPki) -> None:
    return None


@pytest.mark.parametrize(
    ("credential", "alert", "reason"),
    [
        (none, "certificate_required", "peer did not return a certificate"),
        (TestPki.expired_vehicle, "certificate_expired", "certificate has expired"),
        (TestPki.future_vehicle, "bad_certificate", "certificate is not yet valid"),
        (TestPki.foreign_vehicle, "unknown_ca", "unable to get local issuer certificate"),
    ],
    ids=["no certificate", "expired", "not yet valid", "foreign root"],
)
def test_refused_car_learns_it_from_the_first_receive(
    credential: Callable[[TestPki], Credential | None], alert: str, reason: str, pki: TestPki
) -> None:
    async def client(raw: ByteStream) -> None:
        stream = await TlsStream.connect(raw, client_context(pki.roots, credential(pki)))
        with pytest.raises(TlsFailure) as caught:
            await stream.receive()
        assert caught.value.alert == alert
        assert f"alert {alert} from the peer" in str(caught.value)
        stream.close()

    (failure,) = meet(client, server_context(pki.roots, pki.secc))
    assert failure.alert is None
    assert reason in failure.reason


def test_tls_1_2_car_is_refused(pki: TestPki) -> None:
    async def client(raw: ByteStream) -> None:
        context = client_context(pki.roots, pki.vehicle, versions=TlsVersions.ONLY_1_2)
        with pytest.raises(TlsFailure) as caught:
            await TlsStream.connect(raw, context)
        assert caught.value.alert == "protocol_version"

    (failure,) = meet(client, server_context(pki.roots, pki.secc))
    assert failure.reason == "unsupported protocol"


def test_server_for_both_parts_takes_tls_1_2(pki: TestPki) -> None:
    async def client(raw: ByteStream) -> None:
        context = client_context(pki.roots, None, versions=TlsVersions.ONLY_1_2)
        stream = await TlsStream.connect(raw, context)
        assert stream.version == "TLSv1.2"
        stream.send(b"x")
        assert await stream.receive() == b"x"
        stream.close()

    server = server_context(pki.roots, pki.secc, versions=TlsVersions.BOTH, client_certificate=False)
    assert meet(client, server) == []


def test_car_refuses_a_charger_under_another_root(pki: TestPki) -> None:
    async def client(raw: ByteStream) -> None:
        context = client_context([pki.oem_root.certificate], pki.vehicle)
        with pytest.raises(TlsFailure) as caught:
            await TlsStream.connect(raw, context)
        assert caught.value.alert is None
        assert "unable to get local issuer certificate" in caught.value.reason

    (failure,) = meet(client, server_context(pki.roots, pki.secc))
    assert failure.alert == "unknown_ca"


def test_groups_without_overlap(pki: TestPki) -> None:
    async def client(raw: ByteStream) -> None:
        with pytest.raises(TlsFailure) as caught:
            await TlsStream.connect(raw, client_context(pki.roots, pki.vehicle, curve=Curve.P256))
        assert caught.value.alert == "handshake_failure"

    assert len(meet(client, server_context(pki.roots, pki.secc))) == 1


def test_only_the_chosen_group_is_offered(pki: TestPki) -> None:
    outgoing = ssl.MemoryBIO()
    session = client_context(pki.roots, pki.vehicle).wrap_bio(ssl.MemoryBIO(), outgoing)
    with pytest.raises(ssl.SSLWantReadError):
        session.do_handshake()
    # supported_groups (10), 4 bytes, a list of 2 bytes: secp521r1 (0x0019) and nothing else [V2G20-1634].
    assert bytes.fromhex("000A 0004 0002 0019") in outgoing.read()


def test_bytes_that_are_no_tls(pki: TestPki) -> None:
    async def client(raw: ByteStream) -> None:
        raw.send(bytes.fromhex("01FE 8001 00000004") + b"oops")
        assert (await raw.receive())[:1] in {b"", b"\x15"}  # an alert record, from newer versions of OpenSSL
        raw.close()

    (failure,) = meet(client, server_context(pki.roots, pki.secc))
    assert failure.alert is None


@pytest.mark.parametrize("cut", [0, 100])
def test_close_in_mid_handshake(cut: int, pki: TestPki) -> None:
    async def client(raw: ByteStream) -> None:
        outgoing = ssl.MemoryBIO()
        session = client_context(pki.roots, pki.vehicle).wrap_bio(ssl.MemoryBIO(), outgoing)
        with pytest.raises(ssl.SSLWantReadError):
            session.do_handshake()
        raw.send(outgoing.read()[:cut])
        raw.close()

    (failure,) = meet(client, server_context(pki.roots, pki.secc))
    assert failure.reason == "the peer closed the connection during the handshake"


def test_truncation_is_told_from_an_orderly_end(pki: TestPki) -> None:
    async def main() -> None:
        link = NullLink()

        async def serve(raw: ByteStream) -> None:
            stream = await TlsStream.accept(raw, server_context(pki.roots, pki.secc))
            stream.send(b"and then")
            raw.close()

        listener = await link.host("secc").listen(serve)
        raw = await link.host("ev").connect("fe80::1", listener.endpoint.port, timeout=1)
        stream = await TlsStream.connect(raw, client_context(pki.roots, pki.vehicle))
        assert await stream.receive() == b"and then"
        assert await stream.receive() == b""
        assert not stream.close_notify_received
        stream.close()

    run(main(), virtual=True)


def test_reset_comes_through(pki: TestPki) -> None:
    async def main() -> None:
        link = NullLink()

        async def serve(raw: ByteStream) -> None:
            stream = await TlsStream.accept(raw, server_context(pki.roots, pki.secc))
            await stream.receive()
            stream.abort()

        listener = await link.host("secc").listen(serve)
        raw = await link.host("ev").connect("fe80::1", listener.endpoint.port, timeout=1)
        stream = await TlsStream.connect(raw, client_context(pki.roots, pki.vehicle))
        stream.send(b"x")
        with pytest.raises(StreamReset):
            await stream.receive()
        stream.abort()

    run(main(), virtual=True)


def test_corrupt_record(pki: TestPki) -> None:
    async def client(raw: ByteStream) -> None:
        stream = await TlsStream.connect(raw, client_context(pki.roots, pki.vehicle))
        raw.send(bytes.fromhex("17 0303 0020") + bytes(32))
        with pytest.raises(TlsFailure) as caught:
            await stream.receive()
        assert caught.value.alert == "bad_record_mac"
        stream.abort()
        stream.close()
        with pytest.raises(TransportClosed):
            stream.send(b"x")

    (failure,) = meet(client, server_context(pki.roots, pki.secc))
    assert failure.alert is None


def test_key_log_is_private_and_goes(pki: TestPki) -> None:
    with KeyLog() as keylog:
        context = client_context(pki.roots, pki.vehicle, keylog=keylog)
        path = Path(str(context.keylog_filename))
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert keylog.secrets() == b""

        async def client(raw: ByteStream) -> None:
            stream = await TlsStream.connect(raw, context)
            stream.send(b"x")
            await stream.receive()
            stream.close()

        meet(client, server_context(pki.roots, pki.secc))
        labels = {line.split()[0] for line in keylog.secrets().splitlines()}
        assert {b"CLIENT_TRAFFIC_SECRET_0", b"SERVER_TRAFFIC_SECRET_0", b"CLIENT_HANDSHAKE_TRAFFIC_SECRET"} <= labels
        with path.open("ab") as file:
            file.write(b"CLIENT_RANDOM half a li")
        assert keylog.secrets().endswith(b"\n")
    assert not path.parent.exists()


def test_key_reaches_the_disk_only_encrypted_and_is_gone(
    pki: TestPki, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    seen: list[tuple[int, bytes]] = []
    original = ssl.SSLContext.load_cert_chain

    def spy(self: ssl.SSLContext, certfile: Path, password: str) -> None:
        seen.append((stat.S_IMODE(certfile.stat().st_mode), certfile.read_bytes()))
        original(self, certfile, password=password)

    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", spy)
    client_context(pki.roots, pki.vehicle)
    ((mode, content),) = seen
    assert mode == 0o600
    assert b"BEGIN ENCRYPTED PRIVATE KEY" in content
    assert list(tmp_path.iterdir()) == []


def test_credential_that_does_not_fit_its_key(pki: TestPki) -> None:
    broken = Credential(pki.vehicle.certificate, pki.secc.private_key, pki.vehicle.chain)
    with pytest.raises(TransportError, match="OpenSSL refuses the credential O=OEM,CN=WMIV1234567890ABCDEX"):
        client_context(pki.roots, broken)
