"""TLS between a station and its CSMS: all four suites, names, and every certificate that has to be refused."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from v2gready.protocols.ocpp.pki import CSMS_HOST, BackendPki, ClientVariant, KeyKind, ServerVariant
from v2gready.transports.clock import run
from v2gready.transports.nullmodem import NullLink
from v2gready.transports.stream import ByteStream, StreamReset, TransportError
from v2gready.transports.tls import (
    BACKEND_SUITES,
    WEAK_SUITES,
    KeyLog,
    TlsFailure,
    TlsStream,
    TlsVersions,
    backend_client_context,
    backend_server_context,
)


@pytest.fixture(scope="module")
def backend() -> BackendPki:
    # OpenSSL asks the machine's clock, in virtual time too.
    return BackendPki(datetime.now(UTC) - timedelta(days=1))


def meet(client: ssl.SSLContext, server: ssl.SSLContext, *, name: str | None = CSMS_HOST) -> tuple[str, str, bytes]:
    """Have one session; returns version, suite and what the server saw as the client's certificate."""
    seen: list[bytes] = []

    async def serve(raw: ByteStream) -> None:
        try:
            stream = await TlsStream.accept(raw, server)
        except (TlsFailure, StreamReset):
            return
        seen.append(stream.peer_certificate_der or b"")
        stream.send(b"x")
        stream.close()

    async def main() -> tuple[str, str]:
        link = NullLink()
        async with link.host("csms") as csms, link.host("station") as station:
            listener = await csms.listen(serve)
            raw = await station.connect(csms.address, listener.endpoint.port, timeout=1)
            stream = await TlsStream.connect(raw, client, server_hostname=name)
            assert await stream.receive() == b"x"
            stream.close()
            return stream.version, stream.cipher

    version, cipher = run(main(), virtual=True)
    return version, cipher, seen[0]


@pytest.mark.parametrize("suite", BACKEND_SUITES)
def test_each_suite_of_the_specification(backend: BackendPki, suite: str) -> None:
    client = backend_client_context(backend.roots, versions=TlsVersions.ONLY_1_2, ciphers=(suite,))
    server = backend_server_context(backend.roots, backend.csms())
    assert meet(client, server) == ("TLSv1.2", suite, b"")


@pytest.mark.parametrize("kind", KeyKind)
def test_mutual_session(backend: BackendPki, kind: KeyKind) -> None:
    station = backend.station(kind=kind)
    for versions, version in ((TlsVersions.BOTH, "TLSv1.3"), (TlsVersions.ONLY_1_2, "TLSv1.2")):
        client = backend_client_context(backend.roots, station, versions=versions)
        server = backend_server_context(backend.roots, backend.csms(), client_certificate=True)
        assert meet(client, server)[::2] == (version, station.certificate_der())


@pytest.mark.parametrize("name", [CSMS_HOST, "localhost", "127.0.0.1", "::1"])
def test_names_of_the_csms(backend: BackendPki, name: str) -> None:
    version, _, shown = meet(
        backend_client_context(backend.roots), backend_server_context((), backend.csms()), name=name
    )
    assert (version, shown) == ("TLSv1.3", b"")


@pytest.mark.parametrize(
    ("variant", "reason"),
    [
        (ServerVariant.EXPIRED, "certificate has expired"),
        (ServerVariant.NOT_YET_VALID, "certificate is not yet valid"),
        (ServerVariant.SELF_SIGNED, "self-signed certificate"),
        (ServerVariant.FOREIGN_ROOT, "certificate"),
        (ServerVariant.WRONG_NAME, "Hostname mismatch"),
    ],
)
def test_csms_certificate_is_refused(backend: BackendPki, variant: ServerVariant, reason: str) -> None:
    server = backend_server_context((), backend.csms(variant))
    for suite in (BACKEND_SUITES[0], BACKEND_SUITES[2]):
        client = backend_client_context(backend.roots, versions=TlsVersions.ONLY_1_2, ciphers=(suite,))
        with pytest.raises(TlsFailure, match=reason) as failed:
            meet(client, server)
        assert not failed.value.by_peer


def test_openssl_takes_a_wildcard(backend: BackendPki) -> None:
    version, _, _ = meet(backend_client_context(backend.roots), backend_server_context((), backend.csms("wildcard")))
    assert version == "TLSv1.3"


def test_faulty_station_takes_anything(backend: BackendPki) -> None:
    server = backend_server_context((), backend.csms("wrong_name"))
    unnamed = meet(backend_client_context(backend.roots, check_name=False), server)
    unchecked = [
        meet(backend_client_context((), verify=False), backend_server_context((), backend.csms(variant)))
        for variant in ServerVariant
    ]
    assert {version for version, _, _ in (unnamed, *unchecked)} == {"TLSv1.3"}


@pytest.mark.parametrize(
    ("variant", "alerts"),
    [
        (ClientVariant.EXPIRED, {"certificate_expired"}),
        (ClientVariant.FOREIGN, {"unknown_ca", "decrypt_error", "bad_certificate"}),
        (None, {"certificate_required"}),
    ],
)
def test_station_certificate_is_refused(backend: BackendPki, variant: str | None, alerts: set[str]) -> None:
    client = backend_client_context(backend.roots, None if variant is None else backend.station(variant))
    server = backend_server_context(backend.roots, backend.csms(), client_certificate=True)
    with pytest.raises(TlsFailure) as failed:
        meet(client, server)
    assert failed.value.alert in alerts


def test_csms_sees_whose_certificate_it_is(backend: BackendPki) -> None:
    """The serial number and the operator are for the application to compare."""
    server = backend_server_context(backend.roots, backend.csms(), client_certificate=True)
    for variant in (ClientVariant.OTHER_STATION, ClientVariant.WRONG_ORGANISATION):
        station = backend.station(variant)
        assert meet(backend_client_context(backend.roots, station), server)[2] == station.certificate_der()


@pytest.mark.parametrize(
    ("versions", "ciphers"), [(TlsVersions.ONLY_1_1, WEAK_SUITES), (TlsVersions.ONLY_1_2, WEAK_SUITES)]
)
def test_weak_offers(backend: BackendPki, versions: TlsVersions, ciphers: Sequence[str]) -> None:
    """Refused by a good server, taken by one that is as weak."""
    client = backend_client_context(backend.roots, versions=versions, ciphers=ciphers)
    with pytest.raises(TlsFailure) as failed:
        meet(client, backend_server_context((), backend.csms()))
    assert failed.value.alert in {"protocol_version", "handshake_failure"}
    weak = backend_server_context((), backend.csms(), versions=versions, ciphers=ciphers)
    assert meet(client, weak)[1] in ciphers


def test_weak_server_is_refused(backend: BackendPki) -> None:
    for versions in (TlsVersions.ONLY_1_1, TlsVersions.ONLY_1_2):
        weak = backend_server_context((), backend.csms(), versions=versions, ciphers=WEAK_SUITES)
        with pytest.raises(TlsFailure):
            meet(backend_client_context(backend.roots), weak)


def test_unknown_suite(backend: BackendPki) -> None:
    with pytest.raises(TransportError, match="OpenSSL knows none of the suites NONSENSE"):
        backend_client_context(backend.roots, ciphers=("NONSENSE",))


def test_keylog(backend: BackendPki) -> None:
    with KeyLog() as keylog:
        server = backend_server_context((), backend.csms(), keylog=keylog)
        meet(backend_client_context(backend.roots, keylog=keylog), server)
        assert b"SERVER_TRAFFIC_SECRET_0" in keylog.secrets()
