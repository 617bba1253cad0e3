"""The responder, embedded and on sockets; openssl asks it as any client would."""

from __future__ import annotations

import asyncio
import base64
import shutil
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from hypothesis import given
from hypothesis import strategies as st

from v2gready.emulators.pki import RevocationServer
from v2gready.emulators.pki.http import MAX_BODY, MAX_HEAD, BadRequest, Request, RequestReader
from v2gready.protocols.pki import Curve, Hierarchy, pem
from v2gready.protocols.pki.revocation import Register, Status, status_of
from v2gready.transports.clock import VIRTUAL_EPOCH, run
from v2gready.transports.internet import InternetNetwork
from v2gready.transports.nullmodem import NullLink

OPENSSL = shutil.which("openssl")
AT = VIRTUAL_EPOCH + timedelta(days=1)
PKI = Hierarchy(VIRTUAL_EPOCH)


def register(pki: Hierarchy = PKI) -> Register:
    return Register([pki.cpo_sub2, pki.cpo_sub1, pki.v2g_root])


def asked() -> bytes:
    builder = ocsp.OCSPRequestBuilder()
    request = builder.add_certificate(PKI.secc.certificate, PKI.cpo_sub2.certificate, hashes.SHA256()).build()
    return request.public_bytes(serialization.Encoding.DER)


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: pki\r\n\r\n".encode("ascii")


def post(body: bytes, kind: str = "application/ocsp-request") -> bytes:
    head = f"POST /ocsp HTTP/1.1\r\nHost: pki\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode("ascii") + body


def served(request: bytes, change: Callable[[RevocationServer], None] = lambda _: None) -> tuple[int, bytes]:
    """Status and body of the answer to one request on the null modem; 0 without any."""

    async def main() -> tuple[int, bytes]:
        link = NullLink()
        async with link.host("pki") as host, link.host("client") as client:
            server = RevocationServer(host, register(), now=lambda: AT)
            change(server)
            addresses = await server.open(port=50000)
            assert addresses.ocsp.endswith(":50000/ocsp")
            stream = await client.connect(host.address, 50000, timeout=1.0)
            for octet in (request[:7], request[7:]):
                stream.send(octet)
                await asyncio.sleep(0.1)
            answer = b""
            while data := await stream.receive():
                answer += data
            stream.close()
            assert len(server.asked) == (1 if answer else 0)
            server.close()
        head, _, body = answer.partition(b"\r\n\r\n")
        return (int(head.split()[1]) if head else 0), body

    return run(main(), virtual=True)


def status(answer: bytes) -> Status:
    return status_of(PKI.secc.certificate, PKI.cpo_sub2.certificate, AT, responses=[answer]).status


@pytest.mark.parametrize(
    "request_", [post(asked()), get("/ocsp/" + quote(base64.b64encode(asked()), safe=""))], ids=["POST", "GET"]
)
def test_good_and_revoked(request_: bytes) -> None:
    code, body = served(request_)
    assert (code, status(body)) == (200, Status.GOOD)
    code, body = served(request_, lambda one: one.register.revoke(PKI.secc.certificate, AT))
    assert (code, status(body)) == (200, Status.REVOKED)


def test_lists_of_every_authority() -> None:
    code, body = served(get("/crl/1.crl"))
    assert code == 200
    assert x509.load_der_x509_crl(body).issuer == PKI.cpo_sub1.certificate.subject


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (get("/crl/3.crl"), 404),
        (get("/"), 404),
        (get("/crl/-1.crl"), 404),
        (post(b"", "text/plain"), 415),
        (b"PUT /ocsp HTTP/1.1\r\n\r\n", 405),
        (b"POST /ocsp HTTP/1.1\r\n\r\n", 411),
        (b"POST /ocsp HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400),
        (f"POST /ocsp HTTP/1.1\r\nContent-Length: {MAX_BODY + 1}\r\n\r\n".encode(), 413),
        (b"POST /ocsp HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 411),
        (b"GET /ocsp HTTP/2\r\n\r\n", 505),
        (b"what?\r\n\r\n", 400),
        (b"G" * (MAX_HEAD + 1), 431),
        (b"GET /crl/0.crl", 408),
    ],
)
def test_what_is_no_request(request_: bytes, code: int) -> None:
    assert served(request_)[0] == code


def test_what_is_no_ocsp_request_gets_an_ocsp_answer() -> None:
    for request in (post(b"\x30\x00"), get("/ocsp/%2A")):
        code, body = served(request)
        assert code == 200
        assert ocsp.load_der_ocsp_response(body).response_status is ocsp.OCSPResponseStatus.MALFORMED_REQUEST


def test_an_unavailable_responder_says_nothing() -> None:
    assert served(post(asked()), lambda one: setattr(one, "available", False)) == (0, b"")


@given(st.binary(max_size=200), st.binary(max_size=50))
def test_any_octets_are_a_request_or_refused(first: bytes, second: bytes) -> None:
    reader = RequestReader()
    status = HTTPStatus.OK
    read: list[Request | None] = []
    try:
        read = [reader.feed(data) for data in (first, b"\r\n\r\n", second)]
    except BadRequest as refused:
        status = refused.status
    assert status is HTTPStatus.OK or status >= HTTPStatus.BAD_REQUEST
    assert all(one is None or one.method in {"GET", "POST"} for one in read)


@pytest.mark.skipif(OPENSSL is None, reason="needs the openssl command")
@pytest.mark.parametrize("curve", Curve)
def test_openssl_asks_over_a_socket(curve: Curve, tmp_path: Path) -> None:
    now = datetime.now(UTC)

    async def ask(url: str, leaf: Path, issuer: Path, roots: Path) -> str:
        assert OPENSSL is not None
        process = await asyncio.create_subprocess_exec(
            *(OPENSSL, "ocsp", "-issuer", issuer, "-cert", leaf, "-url", url, "-CAfile", roots),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        return (await process.communicate())[0].decode()

    async def main() -> None:
        async with InternetNetwork() as network:
            server = RevocationServer(network, register())
            addresses = await server.open()
            pki = Hierarchy(now - timedelta(days=2), curve=curve, addresses=addresses)
            server.register = register(pki)
            access = pki.secc.certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
            assert [one.access_location.value for one in access] == [addresses.ocsp]
            leaf, issuer, roots = tmp_path / "leaf", tmp_path / "issuer", tmp_path / "roots"
            leaf.write_bytes(pem(pki.secc.certificate))
            issuer.write_bytes(pem(pki.cpo_sub2.certificate))
            roots.write_bytes(pem(*pki.roots, pki.cpo_sub1.certificate, pki.cpo_sub2.certificate))
            for expected in ("good", "revoked"):
                answer = await ask(addresses.ocsp, leaf, issuer, roots)
                assert "Response verify OK" in answer
                assert "Nonce" not in answer  # it would warn of a missing or wrong one
                assert f"{leaf}: {expected}" in answer
                server.register.revoke(pki.secc.certificate, now)
            assert [one.status for one in server.asked] == [200, 200]
            server.close()

    in_time: Awaitable[None] = asyncio.wait_for(main(), 60)
    asyncio.run(in_time)  # type: ignore[arg-type]
