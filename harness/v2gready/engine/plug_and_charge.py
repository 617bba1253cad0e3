"""Contracts for the embedded charger and the car that tests it: both sides of one PKI, on the time of the run."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from v2gready.emulators.ev import ContractUse, EvCredentials
from v2gready.hosts.secc import ChargerCredentials
from v2gready.protocols.iso15118.evcc import Contract, Provisioning
from v2gready.protocols.iso15118.secc.backend import LocalBackend
from v2gready.protocols.pki import EMAID, OTHER_EMAID, PCID, Hierarchy, Role
from v2gready.references.ev import EvDeviceCredentials
from v2gready.transports.clock import VIRTUAL_EPOCH

BLOCKED_EMAID = "DEV2GC00000003C"
REVOKED_EMAID = "DEV2GC00000004D"
INSTALLED_EMAIDS = ("DEV2GC00000005E", "DEV2GC00000006F")
"""Contracts that a car under test gets installed; those that it has before have other names."""


def with_contracts(
    car: EvCredentials, charger: ChargerCredentials, at: datetime = VIRTUAL_EPOCH
) -> tuple[EvCredentials, ChargerCredentials]:
    """Gives the car contracts and a provisioning certificate, and the charger a back end that knows them.

    Contracts are compared with the time of the bench, unlike the certificates of TLS, for which OpenSSL takes the
    machine's.

    Args:
        car: Credentials of the car so far.
        charger: Credentials of the charger so far.
        at: When the run begins.
    """
    begin = at - timedelta(days=1)
    pki = Hierarchy(begin)
    revoked = Contract(REVOKED_EMAID, pki.contract(REVOKED_EMAID))
    uses = {
        ContractUse.REVOKED: revoked,
        ContractUse.BLOCKED: Contract(BLOCKED_EMAID, pki.contract(BLOCKED_EMAID)),
        ContractUse.EXPIRES_SOON: Contract(EMAID, pki.contract(EMAID, days=14)),
        ContractUse.LASTS: Contract(EMAID, pki.contract(EMAID, days=16)),
        ContractUse.SMALL_CURVE: Contract(EMAID, pki.issue(Role.CONTRACT, key=ec.generate_private_key(ec.SECP256R1()))),
    }
    signer = pki.mo_authority(Role.MO_ROOT)
    backend = LocalBackend(
        contract_roots=pki.contract_roots,
        provisioning_roots=(pki.oem_root.certificate,),
        revoked=frozenset({revoked.credential.certificate.serial_number}),
        blocked=frozenset({BLOCKED_EMAID}),
        installable={PCID: (pki.contract(EMAID), pki.contract(OTHER_EMAID))},
        cps=pki.cps,
        providers=frozenset({EMAID[:5]}),
        prices=signer,
    )
    return (
        replace(
            car,
            contracts=(Contract(EMAID, pki.contract(EMAID)), Contract(OTHER_EMAID, pki.contract(OTHER_EMAID))),
            contract_variants=uses,
            provisioning=Provisioning(pki.oem_provisioning, (pki.v2g_root.certificate,), maximum=2),
            contract_pki=pki,
            price_signers=(signer.certificate,),
        ),
        replace(charger, backend=backend),
    )


def for_car_under_test(
    charger: ChargerCredentials, car: EvDeviceCredentials, at: datetime = VIRTUAL_EPOCH
) -> tuple[ChargerCredentials, EvDeviceCredentials, tuple[x509.Certificate, ...]]:
    """The same for the reference car and the charger that the harness plays.

    Args:
        charger: Credentials of the emulated charger so far.
        car: Credentials of the reference car so far.
        at: When the run begins.

    Returns:
        Both, and the roots of what has no business in TLS: contracts and provisioning certificates.
    """
    pki = Hierarchy(at - timedelta(days=1))
    signer = pki.mo_authority(Role.MO_ROOT)
    backend = LocalBackend(
        contract_roots=pki.contract_roots,
        provisioning_roots=(pki.oem_root.certificate,),
        installable={PCID: tuple(pki.contract(emaid) for emaid in INSTALLED_EMAIDS)},
        cps=pki.cps,
        prices=signer,
    )
    equipped = replace(
        car,
        contracts=tuple(Contract(emaid, pki.contract(emaid)) for emaid in (EMAID, OTHER_EMAID)),
        provisioning=Provisioning(pki.oem_provisioning, (pki.v2g_root.certificate,), maximum=2),
        price_signers=(signer.certificate,),
    )
    return replace(charger, backend=backend), equipped, (pki.oem_root.certificate, pki.mo_root.certificate)
