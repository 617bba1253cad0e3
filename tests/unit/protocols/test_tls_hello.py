"""The ClientHello as OpenSSL sends it, and what is none."""

from __future__ import annotations

import ssl
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2gready.protocols.tls_hello import ClientHello, Incomplete, NoHello, read_client_hello


def hello(**changes: ssl.TLSVersion) -> bytes:
    """The first flight of an OpenSSL client."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.set_ecdh_curve("secp521r1")
    for name, value in changes.items():
        setattr(context, name, value)
    outgoing = ssl.MemoryBIO()
    client = context.wrap_bio(ssl.MemoryBIO(), outgoing)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


def test_tls_1_3() -> None:
    seen = read_client_hello(hello(minimum_version=ssl.TLSVersion.TLSv1_3))
    assert seen.versions == ("TLSv1.3",)
    assert seen.groups == seen.shares == ("secp521r1",)
    assert "TLS_AES_256_GCM_SHA384" in seen.suites
    assert "ecdsa_secp521r1_sha512" in seen.signatures
    assert not seen.trusted_ca_keys
    assert seen.facts()["versions"] == "TLSv1.3"


def test_tls_1_2() -> None:
    seen = read_client_hello(hello(maximum_version=ssl.TLSVersion.TLSv1_2))
    assert "TLSv1.3" not in seen.versions


def test_it_comes_in_pieces_and_in_several_records() -> None:
    whole = hello(minimum_version=ssl.TLSVersion.TLSv1_3)
    for cut in (0, 3, 5, 20, len(whole) - 1):
        with pytest.raises(Incomplete):
            read_client_hello(whole[:cut])
    body = whole[5:]
    records = b"".join(whole[:3] + len(piece).to_bytes(2, "big") + piece for piece in (body[:2], body[2:50], body[50:]))
    assert read_client_hello(records) == read_client_hello(whole)


@given(st.binary(max_size=300))
def test_any_octets_are_read_or_refused(octets: bytes) -> None:
    with suppress(Incomplete, NoHello):
        assert isinstance(read_client_hello(octets), ClientHello)


@given(st.integers(0, 200), st.integers(0, 255))
def test_a_bent_hello_is_read_or_refused(position: int, value: int) -> None:
    octets = bytearray(WHOLE)
    octets[position] = value
    with suppress(Incomplete, NoHello):
        assert isinstance(read_client_hello(bytes(octets)), ClientHello)


WHOLE = hello(minimum_version=ssl.TLSVersion.TLSv1_3)
