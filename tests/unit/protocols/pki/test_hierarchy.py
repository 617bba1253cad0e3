"""Whole hierarchies: every role, every curve, several contracts, cross roots."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed448
from cryptography.x509.oid import NameOID
from tests.unit.protocols.pki import openssl
from tests.unit.protocols.pki.worlds import AT, NOT_BEFORE, WORLDS, world

from v2gready.protocols.pki import EMAID, Addresses, Credential, Curve, Edition, Hierarchy, Role, der
from v2gready.protocols.pki.checker import check
from v2gready.protocols.pki.defects import for_role
from v2gready.protocols.pki.profiles import LEAVES
from v2gready.protocols.pki.workshop import Chain

TEXTS = {Curve.P521: "NIST CURVE: P-521", Curve.P256: "NIST CURVE: P-256", Curve.ED448: "ED448 Public-Key"}


def common_name(credential: Credential) -> str:
    return str(credential.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


@pytest.mark.parametrize("curve", WORLDS)
def test_every_role_is_signed_up_to_its_root_and_clean(curve: Curve) -> None:
    pki = world(curve)
    for role in pki.profiles.roles:
        credential, root = pki.credential(role), pki.root_of(role)
        path = [credential.certificate, *credential.chain]
        if not role.is_root:
            path.append(root.certificate)
        for below, above in pairwise(path):
            below.verify_directly_issued_by(above)
        findings = check(credential.chain_der(), role, roots=[der(root.certificate)], at=AT, edition=pki.edition)
        assert [one for one in findings if one.verdict.label != "pass"] == []
        assert len(findings) > 15


@pytest.mark.skipif(openssl.OPENSSL is None, reason="needs the openssl command")
@pytest.mark.parametrize("curve", WORLDS)
def test_openssl_agrees_on_every_good_chain(curve: Curve, tmp_path: Path) -> None:
    pki = world(curve)
    for role in pki.profiles.roles:
        credential = pki.credential(role)
        chain = Chain(credential.chain_der(), credential.private_key, der(pki.root_of(role).certificate))
        assert openssl.verify(chain, tmp_path, AT) == "ok"
        if role in openssl.PURPOSES:
            assert openssl.verify(chain, tmp_path, AT, openssl.PURPOSES[role]) == "ok"
        text = openssl.text(credential.certificate_der())
        assert TEXTS[curve] in text
        assert ("CA:TRUE" in text) is (role not in LEAVES)


@pytest.mark.skipif(openssl.OPENSSL is None, reason="needs the openssl command")
@pytest.mark.parametrize("curve", [curve for curve, edition in WORLDS.items() if edition is Edition.ISO_20])
def test_openssl_agrees_on_chains_under_the_other_root_and_of_siblings(curve: Curve, tmp_path: Path) -> None:
    pki = world(curve)
    vehicle = pki.issue(Role.VEHICLE, issuer=pki.vehicle_authority(Role.OEM_ROOT))
    for shown, root in (
        (pki.contract(root=Role.V2G_ROOT), pki.v2g_root),
        (pki.contract(days=13), pki.mo_root),
        (vehicle, pki.oem_root),
        (pki.sibling().secc, pki.v2g_root),
        (pki.sibling().contract(), pki.mo_root),
    ):
        chain = Chain(shown.chain_der(), shown.private_key, root.certificate_der())
        assert openssl.verify(chain, tmp_path, AT) == "ok"
        assert openssl.text(shown.certificate_der())
    own = Chain(vehicle.chain_der(), vehicle.private_key, pki.v2g_root.certificate_der())
    assert "unable to get local issuer certificate" in openssl.verify(own, tmp_path, AT)


@pytest.mark.skipif(openssl.OPENSSL is None, reason="needs the openssl command")
@pytest.mark.parametrize("role", [Role.VEHICLE, Role.CONTRACT])
def test_openssl_agrees_on_defects_under_the_other_root(role: Role, tmp_path: Path) -> None:
    pki = Hierarchy(NOT_BEFORE, vehicle_root=Role.OEM_ROOT, contract_root=Role.V2G_ROOT)
    for defect in for_role(role):
        answer = openssl.verify(defect.apply(pki, role), tmp_path, AT)
        assert openssl.agrees(answer, defect.openssl), (defect.name, answer)


def test_several_contracts_with_chosen_identity_and_validity() -> None:
    pki = world(Curve.P521)
    short = pki.contract("DEV2GC00000009Z", days=13)
    assert common_name(short) == "DEV2GC00000009Z"
    assert short.certificate.not_valid_after_utc == NOT_BEFORE + timedelta(days=13, seconds=-1)
    assert pki.contract("DEV2GC00000009Z", days=13) is short
    assert common_name(pki.contract()) == EMAID
    pki.contract().chain[-1].verify_directly_issued_by(pki.mo_root.certificate)
    pki.contract(root=Role.V2G_ROOT).chain[-1].verify_directly_issued_by(pki.v2g_root.certificate)


@pytest.mark.skipif(openssl.OPENSSL is None, reason="needs the openssl command")
def test_with_a_cross_certificate_a_chain_reaches_the_other_root(tmp_path: Path) -> None:
    pki = world(Curve.P521)
    cross = pki.cross(Role.V2G_ROOT, by=Role.OEM_ROOT)
    shown = (*pki.secc.chain_der(), cross.certificate_der())
    other = der(pki.oem_root.certificate)
    findings = check(shown, Role.SECC, roots=[other], at=AT)
    assert [one for one in findings if one.verdict.label != "pass"] == []
    assert openssl.verify(Chain(shown, pki.secc.private_key, other), tmp_path, AT) == "ok"
    assert openssl.verify(Chain(pki.secc.chain_der(), pki.secc.private_key, other), tmp_path, AT) != "ok"


def test_a_vehicle_may_stand_under_either_root() -> None:
    pki = Hierarchy(NOT_BEFORE, vehicle_root=Role.OEM_ROOT)
    pki.vehicle.chain[-1].verify_directly_issued_by(pki.oem_root.certificate)
    assert pki.root_of(Role.VEHICLE) is pki.oem_root


def test_addresses_of_responder_and_list_are_written() -> None:
    pki = Hierarchy(NOT_BEFORE, addresses=Addresses("http://127.0.0.1:1/ocsp", "http://127.0.0.1:1/crl"))
    leaf = pki.secc.certificate
    access = leaf.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    assert [one.access_location.value for one in access] == ["http://127.0.0.1:1/ocsp"]
    points = leaf.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    assert [one.full_name[0].value for one in points if one.full_name] == ["http://127.0.0.1:1/crl"]


def test_keys_are_made_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    generate = Curve.generate
    monkeypatch.setattr(Curve, "generate", lambda curve: made.append(1) or generate(curve))  # type: ignore[func-returns-value]
    pki = Hierarchy(NOT_BEFORE)
    assert made == []
    assert pki.secc is pki.secc
    assert len(made) == 4


def test_ed448_keys_sign_and_agree_on_nothing() -> None:
    leaf = world(Curve.ED448).contract().certificate
    assert isinstance(leaf.public_key(), ed448.Ed448PublicKey)
    usage = leaf.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.digital_signature, usage.key_agreement, usage.key_encipherment) == (True, False, False)
    assert Curve.ED448.group == "x448"
