"""Reference devices on a rig: their credentials out of a folder that ``v2gready pki init`` made.

What is revoked they read from the lists that ``v2gready pki issue --defect revoked`` writes beside the chain, so a rig
needs no responder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import NameOID

from v2gready.engine import pki_files
from v2gready.engine.authorities import load
from v2gready.engine.plug_and_charge import BLOCKED_EMAID, backend_of, contracts_of, price_signers, provisioning_of
from v2gready.hosts.secc import ChargerCredentials
from v2gready.protocols.iso15118.evcc import Contract
from v2gready.protocols.pki import OTHER_EMAID, PCID, Hierarchy, Role
from v2gready.references.ev import EvDeviceCredentials

INSTALLABLE = ("DEV2GC00000007G", "DEV2GC00000008H")
"""Contracts that the reference charger installs on a rig."""


def charger_of(folder: Path) -> ChargerCredentials:
    """Certificates and back end of the reference charger.

    Args:
        folder: Made by ``v2gready pki init``.

    Raises:
        ConfigurationError: A file is missing or damaged.
    """
    pki = load(folder)
    backend = backend_of(
        pki,
        {PCID: tuple(one.credential for one in contracts_of(pki, *INSTALLABLE))},
        revoked={one.serial_number for listed in _lists(folder) for one in listed},
        blocked={BLOCKED_EMAID},
        providers=frozenset({_first(pki).provider}),
    )
    return ChargerCredentials(pki.secc, pki.roots, pki.curve, backend)


def car_of(folder: Path) -> EvDeviceCredentials:
    """Certificates of the reference car.

    Args:
        folder: Made by ``v2gready pki init``.

    Raises:
        ConfigurationError: A file is missing or damaged.
    """
    pki = load(folder)
    return EvDeviceCredentials(
        (pki.v2g_root.certificate,),
        pki.vehicle,
        pki.curve,
        contracts=(_first(pki), *contracts_of(pki, OTHER_EMAID)),
        provisioning=provisioning_of(pki),
        price_signers=price_signers(pki),
        revoked=_revoked(_lists(folder)),
    )


def _first(pki: Hierarchy) -> Contract:
    """The contract in the folder."""
    own = pki.credential(Role.CONTRACT)
    return Contract(str(own.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value), own)


def _lists(folder: Path) -> list[x509.CertificateRevocationList]:
    return [x509.load_der_x509_crl(one.read_bytes()) for one in sorted((folder / pki_files.ISSUED).glob("*.crl"))]


def _revoked(
    lists: Iterable[x509.CertificateRevocationList],
) -> Callable[[x509.Certificate, x509.Certificate], bool]:
    listed = {(one.issuer, entry.serial_number) for one in lists for entry in one}
    return lambda certificate, issuer: (issuer.subject, certificate.serial_number) in listed
