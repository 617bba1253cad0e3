"""What the charger of the harness shows to a car on a wire, and what its back end knows, as a DUT file names it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import NameOID

from v2gready.emulators.charger import SeccCredentials
from v2gready.emulators.reach import Missing
from v2gready.engine.authorities import AUTHORITIES, REVOKED, VARIANTS, Chains, names, read_authorities, read_variants
from v2gready.engine.plug_and_charge import INSTALLED_EMAIDS, ForEveryCar, backend_of
from v2gready.engine.tables import Report, read_certificates, read_credential, read_curve
from v2gready.hosts.secc import ChargerCredentials
from v2gready.protocols.iso15118.chains import Trouble
from v2gready.protocols.iso15118.secc.backend import LocalBackend
from v2gready.protocols.pki import Credential, Curve, Hierarchy, Role, Shown
from v2gready.protocols.pki.defects import CATALOGUE, Chain
from v2gready.protocols.pki.revocation import Register
from v2gready.transports.openssl import REACHABLE

_PAIRS: Final = ("secc", "cps")
_ROOTS: Final = ("roots", "contract_roots", "provisioning_roots")
KEYS: Final = frozenset(
    {*_ROOTS, "curve", AUTHORITIES, VARIANTS}
    | {f"{pair}_{what}" for pair in _PAIRS for what in ("certificates", "key", "key_password_env")}
)
"""Keys of ``[interfaces.iso15118]`` that it reads."""
ROLES: Final = (Role.SECC,)
OTHER_SECC: Final = "other-secc"
"""No defect: the good certificate of another charger."""
ED448: Final = "ed448"
"""No defect: a good certificate with the other kind of key [V2G20-2319]."""
STAPLED: Final = "revoked"
"""The defect that an OCSP response tells which is stapled to the handshake."""
_OTHERS: Final = {OTHER_SECC: "secc-other", ED448: "secc-ed448"}
"""Names of variants, besides the defects of the catalogue."""


class DefectiveChains(Mapping[str, ChargerCredentials]):
    """The SECC certificates with each defect that a handshake can show, made when first asked for.

    And two that are good: those of another charger, and with the other kind of key.

    Args:
        good: The charger's good credentials.
        pki: Whose authorities sign them; None where there is none.
        ready: Those that lie ready, as ``secc-expired``.
        known: Whether the car asks `is_revoked`; otherwise it has to know by itself what is revoked.
    """

    def __init__(
        self,
        good: ChargerCredentials,
        pki: Hierarchy | None,
        ready: Mapping[str, Chain] | None = None,
        *,
        known: bool = False,
    ) -> None:
        self._good = good
        self._pki = pki
        self._ready = ready or {}
        self._known = known
        self._chains = Chains(ROLES, pki, self._ready)
        self._other_keys = pki
        self._made: dict[str, ChargerCredentials] = {}
        self._revoked: set[bytes] = set()

    def __getitem__(self, name: str) -> ChargerCredentials:
        if name not in self._made:
            made = self._make(name)
            self._made[name] = replace(self._good, secc=made, status=self._status(name, made))
        return self._made[name]

    def _status(self, name: str, made: Shown) -> Callable[[], bytes] | None:
        """What is stapled: as to a good chain, unless it is to be revoked; nothing to chains that lie ready."""
        if (
            self._pki is None
            or self._other_keys is None
            or self._known
            or _OTHERS.get(name, f"{Role.SECC}-{name}") in self._ready
        ):
            return None
        return status(self._other_keys if name == ED448 else self._pki, made, revoked=name == STAPLED)

    def _make(self, name: str) -> Shown:
        file = _OTHERS.get(name, f"{Role.SECC}-{name}")
        if file in self._ready:
            return self._ready[file]
        if self._pki is not None and name == OTHER_SECC:
            return self._pki.issue(Role.SECC)
        if self._pki is not None and name == ED448:
            self._other_keys = self._pki.sibling(curve=Curve.ED448)
            return self._other_keys.secc
        if self._pki is not None and self._known and name in REVOKED:
            # A sub-CA that is revoked here must not be one of the good chain.
            chain = CATALOGUE[name].apply(self._pki.sibling(), Role.SECC)
            for raw in chain.crls:
                self._note(raw)
            return chain
        if self._pki is not None and name == STAPLED and REACHABLE:
            return self._pki.issue(Role.SECC)
        return self._chains[file]

    def __iter__(self) -> Iterator[str]:
        for name in (*_OTHERS, *(one.removeprefix(f"{Role.SECC}-") for one in names(Role.SECC))):
            file = _OTHERS.get(name, f"{Role.SECC}-{name}")
            told = (self._known and name in REVOKED) or (REACHABLE and name == STAPLED)
            made = self._pki is not None and (told or name in _OTHERS)
            if made or file in self._chains:
                yield name

    def __contains__(self, name: object) -> bool:
        return name in set(iter(self))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def told(self) -> str:
        """What there is, and what would give the rest."""
        return self._chains.told({f"{Role.SECC}-{STAPLED}"} if STAPLED in self else ())

    def is_revoked(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
        """What a responder would say, for the reference car."""
        return self._key(issuer.subject, certificate.serial_number) in self._revoked

    def _note(self, raw: bytes) -> None:
        revoked = x509.load_der_x509_crl(raw)
        self._revoked |= {self._key(revoked.issuer, one.serial_number) for one in revoked}

    @staticmethod
    def _key(issuer: x509.Name, serial: int) -> bytes:
        return issuer.public_bytes() + str(serial).encode()


def status(pki: Hierarchy, shown: Shown, *, revoked: bool = False) -> Callable[[], bytes] | None:
    """Gives the OCSP response for a leaf, made at that moment; None if no authority of the PKI has issued it."""
    register = Register((pki.cpo_sub2,))
    try:
        leaf = x509.load_pem_x509_certificates(shown.certificates_pem())[0]
        leaf.verify_directly_issued_by(pki.cpo_sub2.certificate)
    except (ValueError, TypeError, InvalidSignature):
        return None
    if revoked:
        register.revoke(leaf, datetime.now(UTC) - timedelta(hours=1))
    return lambda: register.response(leaf, datetime.now(UTC))


def wrong_statuses(pki: Hierarchy) -> Mapping[str, Callable[[], bytes]]:
    """What a charger with a fault staples for the SECC certificate of a PKI, by `TlsProfile.status`."""
    leaf, issuer = pki.secc.certificate, pki.cpo_sub2

    def stale() -> bytes:
        return Register((issuer,), age=timedelta(days=8), lifetime=timedelta(days=30)).response(leaf, datetime.now(UTC))

    def other() -> bytes:
        return Register((issuer,)).response(pki.issue(Role.SECC).certificate, datetime.now(UTC))

    def forged() -> bytes:
        return Register((Hierarchy(pki.not_before).cpo_sub2,)).response(leaf, datetime.now(UTC))

    return {"stale": stale, "other": other, "forged": forged}


@dataclass(frozen=True, slots=True)
class RigBackend(LocalBackend):
    """A back end that says what it lacks as soon as a car needs it.

    Attributes:
        note: Gets the sentence.
        issue: Makes contracts to install; None where nobody can. They are other ones for every case, because a car
            that took a contract in one has it in the next.
    """

    note: Callable[[str], None] = field(default=lambda _: None, repr=False)
    issue: Callable[[], tuple[Credential, ...]] | None = field(default=None, repr=False)

    def for_case(self, note: Callable[[str], None]) -> RigBackend:
        """The same with contracts that no car has yet, and somebody who listens."""
        fresh = None if self.issue is None else ForEveryCar(self.issue())
        return replace(self, note=note, installable=self.installable if fresh is None else fresh)

    def contract_trouble(self, chain: Sequence[bytes], utc: int) -> Trouble | None:
        """See `Backend.contract_trouble`."""
        if not self.contract_roots:
            self.note(str(Missing("roots for contracts", "contract_roots")))
        return super(RigBackend, self).contract_trouble(chain, utc)

    def provisioning_trouble(self, chain: Sequence[bytes], utc: int) -> Trouble | None:
        """See `Backend.provisioning_trouble`."""
        if not self.provisioning_roots:
            self.note(str(Missing("roots for provisioning certificates", "provisioning_roots")))
        return super(RigBackend, self).provisioning_trouble(chain, utc)

    def contracts(self, pcid: str) -> Sequence[Credential] | None:
        """See `Backend.contracts`."""
        found = super(RigBackend, self).contracts(pcid)
        if not found:
            self.note(str(Missing("contract to install")))
        return found


def charger_credentials(table: Mapping[str, Any], base: Path, problem: Report) -> SeccCredentials | None:
    """Reads them; whatever is not named comes from the folder of authorities, if there is one.

    Args:
        table: ``[interfaces.iso15118]``.
        base: Folder that relative paths start from.
        problem: Gets what is wrong.
    """
    pki = read_authorities(table, base, problem)
    ready = read_variants(table, base, (*ROLES, Role.CPS), _OTHERS.values(), problem)
    curve = read_curve(table, Curve.P521 if pki is None else pki.curve, problem)
    whole = AUTHORITIES in table
    roots = tuple(read_certificates(table, "roots", base, problem)) if "roots" in table or not whole else ()
    named = {"secc_certificates", "secc_key"} & table.keys()
    secc = read_credential(table, "secc", base, problem) if named or not whole else None
    backend = _backend(table, base, pki, problem)
    if pki is not None:
        roots = roots or pki.roots
        secc = secc or pki.secc
    if not roots or secc is None:
        return None
    good = ChargerCredentials(secc, roots, curve, backend, None if pki is None else status(pki, secc))
    others = (*backend.contract_roots, *backend.provisioning_roots)
    return SeccCredentials(good, DefectiveChains(good, pki, ready), others, services(pki, ready))


def services(pki: Hierarchy | None, ready: Mapping[str, Chain] | None = None) -> Mapping[str, Chain]:
    """Chains of a provisioning service with each defect, by ``cps-defect``."""
    return Chains((Role.CPS,), pki, {name: one for name, one in (ready or {}).items() if name.startswith(Role.CPS)})


def _backend(table: Mapping[str, Any], base: Path, pki: Hierarchy | None, problem: Report) -> RigBackend:
    roots: dict[str, tuple[x509.Certificate, ...]] = {
        key: tuple(read_certificates(table, key, base, problem)) for key in _ROOTS[1:] if key in table
    }
    named = {"cps_certificates", "cps_key"} & table.keys()
    cps = read_credential(table, "cps", base, problem) if named else None
    made = LocalBackend(()) if pki is None else backend_of(pki, {})
    return RigBackend(
        contract_roots=roots.get("contract_roots", made.contract_roots),
        provisioning_roots=roots.get("provisioning_roots", made.provisioning_roots),
        cps=cps or made.cps,
        prices=made.prices,
        lenient=pki is not None and pki.curve is Curve.P256,
        issue=None if pki is None or pki.curve is not Curve.P521 else partial(_contracts, pki),
    )


def _contracts(pki: Hierarchy) -> tuple[Credential, ...]:
    return tuple(pki.issue(Role.CONTRACT, identity=emaid) for emaid in INSTALLED_EMAIDS)


def told_of_charger(own: SeccCredentials | None, pics: Mapping[str, bool]) -> list[tuple[str, bool, str]]:
    """What ``v2gready doctor`` says of the certificates of the charger; nothing without TLS."""
    if own is None:
        return []
    leaf = x509.load_pem_x509_certificates(own.good.secc.certificates_pem())[0]
    found = [("SECC certificate", True, f"{_name(leaf)}, until {leaf.not_valid_after_utc:%Y-%m-%d}")]
    backend = own.good.backend
    if isinstance(backend, RigBackend):
        if pics.get("pnc"):
            told = ", ".join(_name(one) for one in backend.contract_roots)
            lacks = "none; add contract_roots, or authorities: cases on Plug & Charge need them"
            found.append(("roots for contracts", bool(told), told or lacks))
        if pics.get("certificate_installation"):
            there = backend.issue is not None
            lacks = "none; add authorities: cases on installation need some that no car has yet"
            found.append(("contracts to install", there, "issued anew for every case" if there else lacks))
    if isinstance(own.defective, DefectiveChains):
        found.append(("defective chains", True, own.defective.told()))
    return found


def _name(certificate: x509.Certificate) -> str:
    found = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else certificate.subject.rfc4514_string()
