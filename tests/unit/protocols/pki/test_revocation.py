"""OCSP responses and CRLs: what `status_of` says of them, and what openssl says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.protocols.pki import openssl
from tests.unit.protocols.pki.worlds import AT, WORLDS, world

from v2gready.protocols.pki import Credential, Curve, Hierarchy, Role, authority, pem
from v2gready.protocols.pki.revocation import Register, Status, status_of

PKI = world(Curve.P521)


def register(pki: Hierarchy = PKI) -> Register:
    return Register([pki.cpo_sub2, pki.cpo_sub1, pki.v2g_root])


def responder(*, purpose: bool = True) -> Credential:
    wanted = PKI.draft(Role.CPS)
    if purpose:
        wanted = wanted.having(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), critical=False)
    return authority.issue(wanted, PKI.curve.generate(), PKI.cpo_sub2)


def status(one: Register, now: datetime = AT) -> Status:
    leaf, issuer = PKI.secc.certificate, PKI.cpo_sub2.certificate
    return status_of(leaf, issuer, now, responses=[one.response(leaf, now)]).status


@pytest.mark.parametrize("curve", WORLDS)
def test_good_and_revoked_by_either_way(curve: Curve) -> None:
    pki = world(curve)
    one, leaf, issuer = register(pki), pki.secc.certificate, pki.cpo_sub2.certificate
    for expected in (Status.GOOD, Status.REVOKED):
        assert status_of(leaf, issuer, AT, responses=[one.response(leaf, AT)]).status is expected
        assert status_of(leaf, issuer, AT, crls=[one.crl(pki.cpo_sub2, AT)]).status is expected
        one.revoke(leaf, AT)


def test_what_is_unknown_stale_or_of_another() -> None:
    one = register()
    one.unknown.add(PKI.secc.certificate.serial_number)
    assert status(one) is Status.UNKNOWN
    one.unknown.clear()
    one.age = timedelta(days=8)
    one.lifetime = timedelta(days=30)
    assert status(one) is Status.UNKNOWN
    leaf, issuer = PKI.secc.certificate, PKI.cpo_sub2.certificate
    assert status_of(leaf, issuer, AT).status is Status.UNKNOWN
    foreign = Hierarchy(PKI.not_before)
    assert status_of(leaf, issuer, AT, crls=[register(foreign).crl(foreign.cpo_sub2, AT)]).reason == (
        "the signature of the CRL is wrong"
    )
    with pytest.raises(ValueError, match="knows no CA"):
        one.response(PKI.contract().certificate, AT)


def test_a_delegated_responder_needs_its_purpose() -> None:
    one = register()
    one.responder = responder()
    assert status(one) is Status.GOOD
    one.responder = responder(purpose=False)
    assert status(one) is Status.UNKNOWN


@given(st.binary(max_size=120))
def test_any_request_is_answered(data: bytes) -> None:
    answer = ocsp.load_der_ocsp_response(register().answer(data, AT))
    assert answer.response_status is ocsp.OCSPResponseStatus.MALFORMED_REQUEST


@given(st.binary(max_size=120))
def test_any_response_is_read(data: bytes) -> None:
    found = status_of(PKI.secc.certificate, PKI.cpo_sub2.certificate, AT, crls=[data], responses=[data])
    assert found.status is Status.UNKNOWN


def test_a_request_for_another_authority_is_unauthorized() -> None:
    builder = ocsp.OCSPRequestBuilder()
    request = builder.add_certificate(
        PKI.contract().certificate,
        PKI.credential(Role.MO_SUB2).certificate,
        hashes.SHA1(),  # noqa: S303 - OCSP's own
    ).build()
    answer = register().answer(request.public_bytes(serialization.Encoding.DER), AT)
    assert ocsp.load_der_ocsp_response(answer).response_status is ocsp.OCSPResponseStatus.UNAUTHORIZED


@pytest.mark.skipif(openssl.OPENSSL is None, reason="needs the openssl command")
@pytest.mark.parametrize("curve", WORLDS)
def test_openssl_reads_our_answers(curve: Curve, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    pki = Hierarchy(now - timedelta(days=2), curve=curve, edition=WORLDS[curve])
    one, leaf = register(pki), pki.secc.certificate
    files = {name: tmp_path / name for name in ("leaf", "issuer", "root", "request", "response")}
    files["leaf"].write_bytes(pem(leaf))
    files["issuer"].write_bytes(pem(pki.cpo_sub2.certificate))
    files["root"].write_bytes(pem(pki.v2g_root.certificate, pki.cpo_sub1.certificate, pki.cpo_sub2.certificate))
    asked = ("-issuer", files["issuer"], "-cert", files["leaf"])
    for expected in ("good", "revoked"):
        assert openssl.run("ocsp", *asked, "-reqout", files["request"]).returncode == 0
        files["response"].write_bytes(one.answer(files["request"].read_bytes(), now))
        answer = openssl.run("ocsp", *asked, "-respin", files["response"], "-CAfile", files["root"], "-no_nonce")
        assert b"Response verify OK" in answer.stderr
        assert f"{files['leaf']}: {expected}".encode() in answer.stdout
        one.revoke(leaf, now)
    text = openssl.run("crl", "-inform", "DER", "-noout", "-text", data=one.crl(pki.cpo_sub2, now)).stdout.decode()
    assert f"{leaf.serial_number:X}" in text
