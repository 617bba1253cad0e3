"""The test PKI against the profiles of reference table 7.3."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from v2gready.protocols.pki import EVCCID, SECCID, Credential, Curve, TestPki

NOT_BEFORE = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module", params=[Curve.P521, Curve.P256], ids=lambda curve: curve.value)
def pki(request: pytest.FixtureRequest) -> TestPki:
    return TestPki(NOT_BEFORE, curve=request.param)


def everything(pki: TestPki) -> list[Credential]:
    return [
        pki.v2g_root,
        pki.oem_root,
        pki.secc,
        pki.vehicle,
        pki.expired_vehicle(),
        pki.future_vehicle(),
        pki.foreign_vehicle(),
        pki.contract_like(),
    ]


def certificates(pki: TestPki) -> list[x509.Certificate]:
    return [certificate for item in everything(pki) for certificate in (item.certificate, *item.chain)]


def common_name(certificate: x509.Certificate) -> object:
    return certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value


def test_curve_and_digest_belong_together() -> None:
    for curve, key, digest in (
        (Curve.P521, ec.SECP521R1, hashes.SHA512),
        (Curve.P256, ec.SECP256R1, hashes.SHA256),
    ):
        for certificate in certificates(TestPki(NOT_BEFORE, curve=curve)):
            public = certificate.public_key()
            assert isinstance(public, ec.EllipticCurvePublicKey)
            assert isinstance(public.curve, key)
            assert isinstance(certificate.signature_hash_algorithm, digest)


def test_constraints_and_usage_are_critical_and_sizes_fit_the_schema(pki: TestPki) -> None:
    for certificate in certificates(pki):
        assert certificate.extensions.get_extension_for_class(x509.BasicConstraints).critical
        assert certificate.extensions.get_extension_for_class(x509.KeyUsage).critical
        assert len(certificate.public_bytes(serialization.Encoding.DER)) <= 1600


def test_chains_are_signed_up_to_their_roots(pki: TestPki) -> None:
    for credential in (pki.secc, pki.vehicle):
        path = [credential.certificate, *credential.chain, pki.v2g_root.certificate]
        assert len(path) == 4
        for below, above in pairwise(path):
            below.verify_directly_issued_by(above)
        lengths = [item.extensions.get_extension_for_class(x509.BasicConstraints).value for item in path]
        assert [(item.ca, item.path_length) for item in lengths] == [(False, None), (True, 0), (True, 1), (True, None)]


def test_secc_leaf(pki: TestPki) -> None:
    leaf = pki.secc.certificate
    assert common_name(leaf) == SECCID
    assert leaf.subject.get_attributes_for_oid(NameOID.DOMAIN_COMPONENT)[0].value == "CPO"
    usage = leaf.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.digital_signature, usage.key_agreement, usage.key_cert_sign) == (True, True, False)
    purpose = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(purpose) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc == timedelta(days=60, seconds=-1)


def test_vehicle_leaf_has_evccid_and_organization_only(pki: TestPki) -> None:
    leaf = pki.vehicle.certificate
    assert [attribute.oid for attribute in leaf.subject] == [NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME]
    assert common_name(leaf) == EVCCID
    purpose = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(purpose) == [ExtendedKeyUsageOID.CLIENT_AUTH]


def test_vehicle_can_stand_under_the_oem_root() -> None:
    pki = TestPki(NOT_BEFORE, vehicle_under_oem=True)
    pki.vehicle.chain[-1].verify_directly_issued_by(pki.oem_root.certificate)


def test_validity_of_the_variants(pki: TestPki) -> None:
    assert pki.vehicle.certificate.not_valid_before_utc == NOT_BEFORE
    assert pki.expired_vehicle().certificate.not_valid_after_utc < NOT_BEFORE
    assert pki.future_vehicle().certificate.not_valid_before_utc > NOT_BEFORE
    for variant in (pki.expired_vehicle(), pki.future_vehicle()):
        variant.certificate.verify_directly_issued_by(pki.vehicle.chain[0])


def test_foreign_vehicle_bears_trusted_names_and_a_wrong_signature(pki: TestPki) -> None:
    top = pki.foreign_vehicle().chain[-1]
    assert top.issuer == pki.v2g_root.certificate.subject
    with pytest.raises(InvalidSignature):
        top.verify_directly_issued_by(pki.v2g_root.certificate)


def test_contract_like_has_no_client_purpose(pki: TestPki) -> None:
    credential = pki.contract_like()
    with pytest.raises(x509.ExtensionNotFound):
        credential.certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    assert credential.certificate.extensions.get_extension_for_class(x509.KeyUsage).value.content_commitment
    credential.chain[-1].verify_directly_issued_by(pki.v2g_root.certificate)


def test_no_representation_shows_a_key(pki: TestPki) -> None:
    for credential in everything(pki):
        shown = f"{credential!r} {credential}"
        assert "private" not in shown.lower()
        assert f"{credential.private_key.private_numbers().private_value:x}" not in shown


def test_pem_helpers(pki: TestPki) -> None:
    loaded = x509.load_pem_x509_certificates(pki.secc.certificates_pem())
    assert loaded == [pki.secc.certificate, *pki.secc.chain]
    key = serialization.load_pem_private_key(pki.secc.private_key_pem(b"word"), b"word")
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert key.public_key() == pki.secc.certificate.public_key()
    assert b"BEGIN PRIVATE KEY" in pki.secc.private_key_pem()
    assert x509.load_der_x509_certificate(pki.secc.certificate_der()) == pki.secc.certificate
