"""OCSP responses that a server staples to the handshake, and a client that asks for them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from v2gready.protocols.pki import TestPki
from v2gready.protocols.pki.revocation import Register, Status, status_of
from v2gready.transports import clock, openssl
from v2gready.transports.nullmodem import NullLink
from v2gready.transports.stream import ByteStream
from v2gready.transports.tls import TlsStream, client_context, server_context

pytestmark = pytest.mark.skipif(not openssl.REACHABLE, reason="this Python keeps its OpenSSL to itself")


def shaken(pki: TestPki, response: bytes | None, *, asks: bool) -> list[bytes]:
    """What the client finds stapled to a handshake."""
    server = server_context(pki.roots, pki.secc)
    if response is not None:
        openssl.staple(server, response)
    client = client_context(pki.roots, pki.vehicle)
    if asks:
        openssl.ask_for_status(client)
    found = openssl.stapled(client)

    async def serve(stream: ByteStream) -> None:
        await (await TlsStream.accept(stream, server)).receive()

    async def main() -> None:
        link = NullLink()
        async with link.host("charger") as outlet, link.host("car") as inlet:
            listener = await outlet.listen(serve)
            stream = await inlet.connect(listener.endpoint.host, listener.endpoint.port, timeout=2)
            (await TlsStream.connect(stream, client)).close()

    clock.run(main(), virtual=True)
    return found


@pytest.mark.parametrize("status", [Status.GOOD, Status.REVOKED])
def test_a_client_that_asks_gets_the_response(status: Status) -> None:
    now = datetime.now(UTC)
    pki = TestPki(now - timedelta(days=1))
    register = Register((pki.cpo_sub2,))
    if status is Status.REVOKED:
        register.revoke(pki.secc.certificate, now - timedelta(hours=1))
    response = register.response(pki.secc.certificate, now)
    assert shaken(pki, response, asks=True) == [response]
    assert status_of(pki.secc.certificate, pki.cpo_sub2.certificate, now, responses=[response]).status is status


def test_nothing_is_stapled_where_nobody_asks_or_nothing_is_there() -> None:
    pki = TestPki(datetime.now(UTC) - timedelta(days=1))
    assert shaken(pki, b"a response", asks=False) == []
    assert shaken(pki, None, asks=True) == []
