"""Which chains of an SECC the car believes, and what its faults overlook."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cryptography import x509

from tests.unit.references.ev.rig import pki, rig, virtually
from v2gready.protocols.iso15118.evcc import Contract
from v2gready.protocols.pki import EMAID, Role
from v2gready.protocols.pki.defects import CATALOGUE as DEFECTS
from v2gready.protocols.pki.defects import good
from v2gready.references.ev import EvDeviceCredentials
from v2gready.references.ev.chain import problems

BELIEVED = {
    "tls-accepts-expired": "expired",
    "tls-accepts-not-yet-valid": "not-yet-valid",
    "tls-accepts-foreign-root": "foreign-root",
    "tls-accepts-bad-signature": "bad-signature",
    "tls-accepts-any-purpose": "no-server-auth",
    "tls-accepts-leaf-as-issuer": "sub-ca-is-no-ca",
    "tls-accepts-long-path": "path-length",
    "tls-accepts-wrong-key-usage": "wrong-key-usage",
    "tls-accepts-critical-extension": "unknown-critical-extension",
    "tls-accepts-off-profile": "missing-basic-constraints",
    "tls-accepts-any-chain": "expired-sub-ca",
}


HYPOTHESES = {"missing-ocsp-address", "root-included", "too-long-valid", "wrong-domain-component"}
"""Their rules are (unconfirmed): no reason to refuse a charger."""


@pytest.mark.parametrize(("fault", "defect"), BELIEVED.items())
def test_a_defective_chain_is_refused_but_by_its_fault(fault: str, defect: str) -> None:
    chain = DEFECTS[defect].apply(pki(), Role.SECC)

    async def main(*faults: str) -> tuple[str, set[str]]:
        async with rig(*faults, tls=True, secc=chain) as one:
            await one.visit()
            assert not (one.ev.last_end != "ended in order" and one.script.requests)
            return one.ev.last_end, {effect.fault for effect in one.ev.effects}

    end, effects = virtually(main)
    assert end != "ended in order"
    assert not effects

    async def faulty() -> tuple[str, set[str]]:
        return await main(fault)

    end, effects = virtually(faulty)
    assert end == "ended in order"
    assert effects == {fault}


def test_a_good_chain_has_no_problems() -> None:
    chain = good(pki(), Role.SECC)
    assert not problems(chain.certificates_der, pki().roots, datetime.now(UTC))
    assert problems((b"no certificate",), pki().roots, datetime.now(UTC))
    assert problems((), pki().roots, datetime.now(UTC))


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
@pytest.mark.parametrize("name", sorted(name for name, one in DEFECTS.items() if Role.SECC in one.roles))
def test_every_defect_of_a_known_rule_is_a_problem(name: str) -> None:
    chain = DEFECTS[name].apply(pki(), Role.SECC)
    root = x509.load_der_x509_certificate(chain.root_der)
    crls = [x509.load_der_x509_crl(crl) for crl in chain.crls]

    def revoked(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
        lists = (crl for crl in crls if crl.issuer == issuer.subject)
        return any(crl.get_revoked_certificate_by_serial_number(certificate.serial_number) for crl in lists)

    found = problems(chain.certificates_der, (root,), datetime.now(UTC), revoked)
    assert bool(found) is (name not in HYPOTHESES)


def test_a_revoked_certificate_is_refused_but_by_its_fault() -> None:
    leaf = pki().secc.certificate.serial_number

    def revoked(certificate: x509.Certificate, _issuer: x509.Certificate) -> bool:
        return certificate.serial_number == leaf

    credentials = EvDeviceCredentials(pki().roots, pki().vehicle, revoked=revoked)

    async def main(*faults: str) -> tuple[str, set[str]]:
        async with rig(*faults, tls=True, credentials=credentials) as one:
            await one.visit()
            return one.ev.last_end, {effect.fault for effect in one.ev.effects}

    assert virtually(main)[0] != "ended in order"

    async def faulty() -> tuple[str, set[str]]:
        return await main("tls-accepts-revoked")

    assert virtually(faulty) == ("ended in order", {"tls-accepts-revoked"})


def test_a_contract_certificate_shown_in_tls_shows() -> None:
    contract = Contract(EMAID, pki().contract_like())
    credentials = EvDeviceCredentials(pki().roots, pki().vehicle, contracts=(contract,))

    async def main() -> None:
        async with rig("tls-shows-contract", tls=True, credentials=credentials) as one:
            await one.visit()
            assert one.ev.last_end != "ended in order"
            assert [effect.fault for effect in one.ev.effects] == ["tls-shows-contract"]

    virtually(main)
