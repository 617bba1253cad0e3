"""Contracts for cars and the back ends that know them: both sides of one PKI."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from v2gready.emulators.ev import ContractUse, EvCredentials
from v2gready.hosts.secc import ChargerCredentials
from v2gready.protocols.iso15118.evcc import Contract, Provisioning
from v2gready.protocols.iso15118.secc.backend import LocalBackend
from v2gready.protocols.pki import EMAID, OTHER_EMAID, PCID, Credential, Curve, Hierarchy, Role
from v2gready.protocols.pki.defects import Chain
from v2gready.references.ev import EvDeviceCredentials
from v2gready.transports.clock import VIRTUAL_EPOCH

BLOCKED_EMAID: Final = "DEV2GC00000003C"
REVOKED_EMAID: Final = "DEV2GC00000004D"
INSTALLED_EMAIDS: Final = ("DEV2GC00000005E", "DEV2GC00000006F")
"""Contracts that a car under test gets installed; those that it has before have other names."""
MOST_CONTRACTS: Final = 2
"""MaximumContractCertificateChains."""


class ForEveryCar(Mapping[str, tuple[Credential, ...]]):
    """The same contracts for every PCID: that of a car under test is not known beforehand."""

    def __init__(self, contracts: tuple[Credential, ...]) -> None:
        self._contracts = contracts

    def __getitem__(self, pcid: str) -> tuple[Credential, ...]:
        return self._contracts

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def contracts_of(pki: Hierarchy, *emaids: str) -> tuple[Contract, ...]:
    """Contracts with these names."""
    return tuple(Contract(emaid, pki.contract(emaid)) for emaid in emaids)


def provisioning_of(pki: Hierarchy) -> Provisioning:
    """What a car shows to have contracts installed."""
    return Provisioning(pki.oem_provisioning, (pki.v2g_root.certificate,), maximum=MOST_CONTRACTS)


def price_signers(pki: Hierarchy) -> tuple[x509.Certificate, ...]:
    """Whose keys may sign price schedules."""
    return (pki.mo_authority(Role.MO_ROOT).certificate,)


def uses_of(pki: Hierarchy) -> dict[ContractUse, Contract]:
    """Contracts that the calendar, or a look at them, makes what they are; nobody has to be told."""
    return {
        ContractUse.EXPIRES_SOON: Contract(EMAID, pki.contract(EMAID, days=14)),
        ContractUse.LASTS: Contract(EMAID, pki.contract(EMAID, days=16)),
        ContractUse.SMALL_CURVE: Contract(EMAID, pki.issue(Role.CONTRACT, key=ec.generate_private_key(ec.SECP256R1()))),
    }


def backend_of(
    pki: Hierarchy,
    installable: Mapping[str, tuple[Credential, ...]],
    *,
    revoked: Collection[int] = (),
    blocked: Collection[str] = (),
    providers: frozenset[str] | None = None,
) -> LocalBackend:
    """A back end that knows the contracts of a PKI.

    Args:
        pki: Whose.
        installable: Contracts to install, by PCID. Without keys on secp521r1 none can be encrypted for a car.
        revoked: Serial numbers.
        blocked: EMAIDs whose provider refuses them.
        providers: Those that are known; None for all.
    """
    return LocalBackend(
        contract_roots=pki.contract_roots,
        provisioning_roots=(pki.oem_root.certificate,),
        revoked=frozenset(revoked),
        blocked=frozenset(blocked),
        installable=installable if pki.curve is Curve.P521 else {},
        cps=pki.cps,
        providers=providers,
        prices=pki.mo_authority(Role.MO_ROOT),
    )


@dataclass(frozen=True, slots=True)
class CutOff:
    """A contract under a sub-CA that was revoked.

    Attributes:
        chain: What the car shows.
        serial_number: Of the sub-CA, for the back end.
    """

    chain: Chain
    serial_number: int


def cut_off_provider(pki: Hierarchy) -> CutOff:
    """A contract under a revoked sub-CA; the good contracts of the PKI are under another one."""
    issued = pki.sibling().credential(Role.CONTRACT)
    root = pki.root_of(Role.CONTRACT)
    chain = Chain(issued.chain_der(), issued.private_key, root.certificate_der(), label="contract revoked-sub-ca")
    return CutOff(chain, issued.chain[0].serial_number)


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
    pki = Hierarchy(at - timedelta(days=1))
    (revoked, blocked) = contracts_of(pki, REVOKED_EMAID, BLOCKED_EMAID)
    cut_off = cut_off_provider(pki)
    backend = backend_of(
        pki,
        {PCID: (pki.contract(EMAID), pki.contract(OTHER_EMAID))},
        revoked={revoked.credential.certificate.serial_number, cut_off.serial_number},
        blocked={BLOCKED_EMAID},
        providers=frozenset({EMAID[:5]}),
    )
    uses = {ContractUse.REVOKED: revoked, ContractUse.BLOCKED: blocked, **uses_of(pki)}
    equipped = replace(
        car,
        contracts=contracts_of(pki, EMAID, OTHER_EMAID),
        contract_variants=uses,
        provisioning=provisioning_of(pki),
        contract_pki=pki,
        chains={**car.chains, f"{Role.CONTRACT}-revoked-sub-ca": cut_off.chain},
        price_signers=price_signers(pki),
    )
    return equipped, replace(charger, backend=backend)


def for_car_under_test(
    charger: ChargerCredentials, car: EvDeviceCredentials, at: datetime = VIRTUAL_EPOCH
) -> tuple[ChargerCredentials, EvDeviceCredentials, tuple[x509.Certificate, ...], Hierarchy]:
    """The same for the reference car and the charger that the harness plays.

    Args:
        charger: Credentials of the emulated charger so far.
        car: Credentials of the reference car so far.
        at: When the run begins.

    Returns:
        Both; the roots of what has no business in TLS: contracts and provisioning certificates; and whose they are.
    """
    pki = Hierarchy(at - timedelta(days=1))
    backend = backend_of(pki, {PCID: tuple(pki.contract(emaid) for emaid in INSTALLED_EMAIDS)})
    equipped = replace(
        car,
        contracts=contracts_of(pki, EMAID, OTHER_EMAID),
        provisioning=provisioning_of(pki),
        price_signers=price_signers(pki),
    )
    return replace(charger, backend=backend), equipped, (pki.oem_root.certificate, pki.mo_root.certificate), pki
