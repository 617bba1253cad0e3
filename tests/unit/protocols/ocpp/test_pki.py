"""The operator's certificates: profiles of A00, and each defect exactly where it is named."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from v2gready.protocols.ocpp.pki import (
    CSMS_HOST,
    ORGANISATION,
    OTHER_SERIAL,
    SERIAL,
    BackendPki,
    ClientVariant,
    KeyKind,
    ServerVariant,
    subject_of,
    wildcards,
)
from v2gready.protocols.pki import Credential

NOW = datetime.now(UTC).replace(microsecond=0)
BEGIN = NOW - timedelta(days=1)


@pytest.fixture(scope="module")
def pki() -> BackendPki:
    return BackendPki(BEGIN)


def is_valid_now(certificate: x509.Certificate) -> bool:
    return certificate.not_valid_before_utc <= NOW <= certificate.not_valid_after_utc


def is_under_a_root(credential: Credential, pki: BackendPki) -> bool:
    chain = [credential.certificate, *credential.chain]
    for lower, upper in itertools.pairwise(chain):
        lower.verify_directly_issued_by(upper)
    for root in pki.roots:
        try:
            chain[-1].verify_directly_issued_by(root)
        except (ValueError, TypeError, InvalidSignature):
            continue
        return True
    return False


def names_of(certificate: x509.Certificate) -> list[str]:
    san = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [str(name.value) for name in san]


def test_csms_has_one_certificate_for_each_kind_of_key(pki: BackendPki) -> None:
    first, second = pki.csms()
    assert isinstance(first.private_key, ec.EllipticCurvePrivateKey)
    assert isinstance(second.private_key, rsa.RSAPrivateKey)
    assert second.private_key.key_size == 2048
    for credential in (first, second):
        assert subject_of(credential.certificate) == (CSMS_HOST, ORGANISATION)
        assert names_of(credential.certificate) == [CSMS_HOST, "localhost", "127.0.0.1", "::1"]
        assert is_valid_now(credential.certificate)
        assert is_under_a_root(credential, pki)
        assert len(credential.chain) == 1
        assert wildcards(credential.certificate) == ()


def test_each_hierarchy_keeps_to_its_kind_of_key(pki: BackendPki) -> None:
    kinds = {KeyKind.EC: ec.EllipticCurvePublicKey, KeyKind.RSA: rsa.RSAPublicKey}
    for kind, credential in zip(KeyKind, pki.csms(), strict=True):
        for certificate in (credential.certificate, *credential.chain, pki.root(kind).certificate):
            assert isinstance(certificate.public_key(), kinds[kind])


def test_leaves_have_no_extended_key_usage(pki: BackendPki) -> None:
    for credential in (*pki.csms(), pki.station()):
        with pytest.raises(x509.ExtensionNotFound):
            credential.certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
        constraints = credential.certificate.extensions.get_extension_for_class(x509.BasicConstraints)
        assert constraints.critical
        assert not constraints.value.ca


def test_rsa_leaf_may_encrypt_keys(pki: BackendPki) -> None:
    first, second = pki.csms()
    assert not first.certificate.extensions.get_extension_for_class(x509.KeyUsage).value.key_encipherment
    assert second.certificate.extensions.get_extension_for_class(x509.KeyUsage).value.key_encipherment


@pytest.mark.parametrize("variant", ServerVariant)
def test_server_variant_has_its_defect_alone(pki: BackendPki, variant: ServerVariant) -> None:
    for credential in pki.csms(variant):
        certificate = credential.certificate
        named = CSMS_HOST in names_of(certificate)
        assert is_valid_now(certificate) == (variant not in {ServerVariant.EXPIRED, ServerVariant.NOT_YET_VALID})
        assert is_under_a_root(credential, pki) == (
            variant not in {ServerVariant.SELF_SIGNED, ServerVariant.FOREIGN_ROOT}
        )
        assert named == (variant not in {ServerVariant.WRONG_NAME, ServerVariant.WILDCARD})
        assert bool(wildcards(certificate)) == (variant is ServerVariant.WILDCARD)
        assert (certificate.issuer == certificate.subject) == (variant is ServerVariant.SELF_SIGNED)


@pytest.mark.parametrize("variant", ClientVariant)
def test_client_variant_has_its_defect_alone(pki: BackendPki, variant: ClientVariant) -> None:
    credential = pki.station(variant)
    serial, organisation = subject_of(credential.certificate)
    assert is_valid_now(credential.certificate) == (variant is not ClientVariant.EXPIRED)
    assert is_under_a_root(credential, pki) == (variant is not ClientVariant.FOREIGN)
    assert serial == (OTHER_SERIAL if variant is ClientVariant.OTHER_STATION else SERIAL)
    assert (organisation == ORGANISATION) == (variant is not ClientVariant.WRONG_ORGANISATION)


def test_expired_ends_the_second_before(pki: BackendPki) -> None:
    assert pki.station("expired").certificate.not_valid_after_utc == BEGIN - timedelta(seconds=1)


def test_foreign_root_bears_the_trusted_name(pki: BackendPki) -> None:
    assert pki.foreign_root().certificate.subject == pki.root().certificate.subject
    assert pki.station("foreign").certificate.issuer == pki.root().certificate.subject


def test_same_arguments_same_certificate(pki: BackendPki) -> None:
    assert pki.csms() == pki.csms("valid")
    assert pki.station() is pki.station(serial=SERIAL)
    assert pki.authority() is pki.authority(KeyKind.EC)
    assert pki.station(serial="V2GREADY-0777").certificate.serial_number != pki.station().certificate.serial_number
    assert isinstance(pki.station(kind=KeyKind.RSA).private_key, rsa.RSAPrivateKey)


def test_unknown_variant(pki: BackendPki) -> None:
    with pytest.raises(ValueError, match="nonsense"):
        pki.csms("nonsense")
    with pytest.raises(ValueError, match="wildcard"):
        pki.station("wildcard")


@pytest.mark.parametrize(
    ("host", "wildcard"),
    [("csms.example.org", "*.example.org"), ("example.org", "*.example.org"), ("localhost", "*.localhost")],
)
def test_wildcard_of_a_host(host: str, wildcard: str) -> None:
    certificate = BackendPki(BEGIN, host=host).csms("wildcard")[0].certificate
    assert wildcards(certificate) == (wildcard,)


def test_csms_known_by_its_address() -> None:
    certificate = BackendPki(BEGIN, host="192.0.2.7").csms()[0].certificate
    san = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "192.0.2.7" in [str(address) for address in san.get_values_for_type(x509.IPAddress)]


def test_no_representation_shows_a_key(pki: BackendPki) -> None:
    for credential in (*pki.csms(), pki.station()):
        assert "private" not in repr(credential).lower()
