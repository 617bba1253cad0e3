"""What the car of the harness shows to a charger on a wire: the certificates that a DUT file names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.x509.oid import NameOID

from v2gready.emulators.ev import ContractUse, EvCredentials, TlsUse
from v2gready.engine.authorities import AUTHORITIES, VARIANTS, Chains, read_authorities, read_variants, stranger
from v2gready.engine.plug_and_charge import (
    MOST_CONTRACTS,
    contracts_of,
    price_signers,
    provisioning_of,
    uses_of,
)
from v2gready.engine.tables import Report, read_certificates, read_credential, read_credentials, read_curve
from v2gready.protocols.iso15118.evcc import Contract, Provisioning
from v2gready.protocols.pki import OTHER_EMAID, OTHER_EVCCID, Credential, Curve, Hierarchy, Role, Shown
from v2gready.protocols.pki.defects import CATALOGUE, Chain

_PAIRS: Final = ("vehicle", "contract", "provisioning")
KEYS: Final = frozenset(
    {"roots", "curve", "price_signers", AUTHORITIES, VARIANTS}
    | {f"{pair}_{what}" for pair in _PAIRS for what in ("certificates", "key", "key_password_env")}
)
"""Keys of ``[interfaces.iso15118]`` that it reads."""
ROLES: Final = (Role.VEHICLE, Role.CONTRACT, Role.OEM_PROVISIONING)
_TLS_USES: Final = {
    "vehicle-other": TlsUse.OTHER_VEHICLE,
    "vehicle-foreign-root": TlsUse.FOREIGN,
    "vehicle-expired": TlsUse.EXPIRED,
    "vehicle-not-yet-valid": TlsUse.NOT_YET_VALID,
    "vehicle-under-oem-root": TlsUse.OEM_ROOT,
}
_CONTRACT_USES: Final = {
    "contract-revoked": ContractUse.REVOKED,
    "contract-blocked": ContractUse.BLOCKED,
    "contract-expires-soon": ContractUse.EXPIRES_SOON,
    "contract-lasts": ContractUse.LASTS,
    "contract-small-curve": ContractUse.SMALL_CURVE,
}
"""Names of variants, besides the defects of the catalogue."""


def car_credentials(table: Mapping[str, Any], base: Path, problem: Report) -> EvCredentials | None:
    """Reads them; whatever is not named comes from the folder of authorities, if there is one.

    Args:
        table: ``[interfaces.iso15118]``.
        base: Folder that relative paths start from.
        problem: Gets what is wrong.
    """
    pki = read_authorities(table, base, problem)
    ready = read_variants(table, base, ROLES, (*_TLS_USES, *_CONTRACT_USES), problem)
    curve = read_curve(table, Curve.P521 if pki is None else pki.curve, problem)
    whole = AUTHORITIES in table
    roots = tuple(read_certificates(table, "roots", base, problem)) if "roots" in table or not whole else ()
    named = {"vehicle_certificates", "vehicle_key"} & table.keys()
    vehicle = read_credential(table, "vehicle", base, problem) if named or not whole else None
    contracts = read_credentials(table, "contract", base, problem)
    oem = read_credentials(table, "provisioning", base, problem)
    signers = tuple(read_certificates(table, "price_signers", base, problem)) if "price_signers" in table else ()
    if pki is not None:
        roots = roots or pki.roots
        vehicle = vehicle or pki.vehicle
        signers = signers or price_signers(pki)
    if not roots or vehicle is None:
        return None
    own = tuple(Contract(_name(one.certificate), one) for one in contracts)
    provisioning = Provisioning(oem[0], roots, maximum=MOST_CONTRACTS) if oem else None
    if pki is not None:
        # The first is the one in the folder: a back end may know that very certificate.
        first = Contract(pki.identity_of(Role.CONTRACT), pki.credential(Role.CONTRACT))
        own = own or (first, *contracts_of(pki, OTHER_EMAID))
        provisioning = provisioning or provisioning_of(pki)
    return EvCredentials(
        roots,
        vehicle,
        curve,
        variants=_tls_uses(pki, ready, own, provisioning),
        contracts=own,
        provisioning=provisioning,
        contract_variants=_contract_uses(pki, ready),
        contract_pki=pki,
        price_signers=signers,
        chains=Chains(ROLES, pki, ready),
    )


def vehicle_uses(pki: Hierarchy) -> dict[TlsUse, Shown]:
    """What the car may show in TLS besides its own certificate."""
    return {
        TlsUse.OTHER_VEHICLE: pki.issue(Role.VEHICLE, identity=OTHER_EVCCID),
        TlsUse.FOREIGN: CATALOGUE["same-name-root"].apply(pki, Role.VEHICLE),
        TlsUse.EXPIRED: CATALOGUE["expired"].apply(pki, Role.VEHICLE),
        TlsUse.NOT_YET_VALID: CATALOGUE["not-yet-valid"].apply(pki, Role.VEHICLE),
        TlsUse.CONTRACT: pki.contract(root=Role.V2G_ROOT),
        TlsUse.PROVISIONING: pki.oem_provisioning,
        TlsUse.OEM_ROOT: pki.issue(Role.VEHICLE, issuer=pki.vehicle_authority(Role.OEM_ROOT)),
    }


def told_of_car(own: EvCredentials | None, pics: Mapping[str, bool]) -> list[tuple[str, bool, str]]:
    """What ``v2gready doctor`` says of the certificates of the car; nothing without TLS."""
    if own is None:
        return []
    certificate = own.vehicle.certificate
    found = [("vehicle certificate", True, f"{_name(certificate)}, until {certificate.not_valid_after_utc:%Y-%m-%d}")]
    if pics.get("pnc"):
        told = ", ".join(one.emaid for one in own.contracts)
        lacks = "none; add contract_certificates and contract_key, or authorities: cases on Plug & Charge need one"
        found.append(("contracts", bool(told), told or lacks))
    if pics.get("certificate_installation"):
        oem = own.provisioning
        lacks = (
            "none; add provisioning_certificates and provisioning_key, or authorities: cases on installation need one"
        )
        found.append(("provisioning certificate", oem is not None, _name(oem.oem.certificate) if oem else lacks))
    if isinstance(own.chains, Chains):
        found.append(("defective chains", True, own.chains.told()))
    return found


def _tls_uses(
    pki: Hierarchy | None, ready: Mapping[str, Chain], contracts: tuple[Contract, ...], oem: Provisioning | None
) -> dict[TlsUse, Shown]:
    found: dict[TlsUse, Shown] = {TlsUse.FOREIGN: stranger().vehicle} if pki is None else vehicle_uses(pki)
    # What the charger knows from elsewhere says more than what was made here.
    if contracts and pki is None:
        found[TlsUse.CONTRACT] = contracts[0].credential
    if oem is not None:
        found[TlsUse.PROVISIONING] = oem.oem
    return found | {use: ready[name] for name, use in _TLS_USES.items() if name in ready}


def _contract_uses(pki: Hierarchy | None, ready: Mapping[str, Chain]) -> dict[ContractUse, Contract]:
    found = {} if pki is None else uses_of(pki)
    for name, use in _CONTRACT_USES.items():
        if name in ready:
            leaf, *above = (x509.load_der_x509_certificate(one) for one in ready[name].certificates_der)
            found[use] = Contract(_name(leaf), Credential(leaf, ready[name].private_key, tuple(above)))
    return found


def _name(certificate: x509.Certificate) -> str:
    """The EMAID: common name of a contract certificate."""
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""
