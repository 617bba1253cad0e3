"""The whole PKI of charging: V2G, charging station operator, car maker, mobility operator and provisioning service.

It is made on the spot and worth nothing outside. Whatever costs time is made at its first use and kept, so opening a
bench costs no keys that nobody asks for.

`not_before` is an argument: a protocol core has no clock. Whoever uses the credentials with TLS passes the machine's
time, also in a run on virtual time, because OpenSSL looks at no other clock.
"""

from __future__ import annotations

from copy import copy
from datetime import datetime, timedelta

from cryptography import x509

from v2gready.protocols.pki import authority
from v2gready.protocols.pki.authority import Addresses, Draft
from v2gready.protocols.pki.credential import Credential
from v2gready.protocols.pki.keys import Curve, PrivateKey
from v2gready.protocols.pki.profiles import Edition, Profiles, Role, load_profiles

SECCID = "DEV2GSREADYTESTCHARGER00000000000000001"
"""Country, operator, "S", controller: 39 characters, the shortest form."""
EVCCID = "WMIV1234567890ABCDEX"
OTHER_EVCCID = "WMIV1234567890ABCDEY"
EMAID = "DEV2GC00000001A"
OTHER_EMAID = "DEV2GC00000002B"
PCID = "ZZZ1234567890ABCD5"
_SECOND = timedelta(seconds=1)


class Hierarchy:
    """All certificates of one world, each with its key.

    Args:
        not_before: Start of validity of every certificate that is meant to be valid.
        curve: Key type of all of them.
        edition: Whose profiles. P-256 with the profiles of -20 is for rigs that can do no more; the checker says so.
        seccid: Identity of the charger.
        evccid: Identity of the car.
        pcid: Provisioning identity of the car.
        vehicle_root: Vehicle certificates stand under the V2G or the OEM root; both are allowed [V2G20-2331].
        contract_root: Contract certificates stand under the MO or the V2G root.
        addresses: Where revocation can be asked for.
    """

    def __init__(
        self,
        not_before: datetime,
        *,
        curve: Curve = Curve.P521,
        edition: Edition = Edition.ISO_20,
        seccid: str = SECCID,
        evccid: str = EVCCID,
        pcid: str = PCID,
        vehicle_root: Role = Role.V2G_ROOT,
        contract_root: Role = Role.MO_ROOT,
        addresses: Addresses | None = None,
    ) -> None:
        self.not_before = not_before
        self.curve = curve
        self.edition = edition
        self.profiles: Profiles = load_profiles(edition)
        self.addresses = addresses or Addresses()
        self._identities = {
            Role.SECC: seccid,
            Role.VEHICLE: evccid,
            Role.OEM_PROVISIONING: pcid,
            Role.CONTRACT: EMAID,
        }
        self._under = {Role.VEHICLE_SUB1: vehicle_root, Role.MO_SUB1: contract_root}
        self._made: dict[tuple[object, ...], Credential] = {}

    @property
    def v2g_root(self) -> Credential:
        """The root of chargers, perhaps of cars."""
        return self.credential(Role.V2G_ROOT)

    @property
    def oem_root(self) -> Credential:
        """The root of a car maker."""
        return self.credential(Role.OEM_ROOT)

    @property
    def mo_root(self) -> Credential:
        """The root of a mobility operator."""
        return self.credential(Role.MO_ROOT)

    @property
    def cpo_sub1(self) -> Credential:
        """The upper sub-CA of the charging station operator."""
        return self.credential(Role.CPO_SUB1)

    @property
    def cpo_sub2(self) -> Credential:
        """The lower sub-CA of the charging station operator: it signs SECC certificates."""
        return self.credential(Role.CPO_SUB2)

    @property
    def secc(self) -> Credential:
        """The charger's certificate."""
        return self.credential(Role.SECC)

    @property
    def vehicle(self) -> Credential:
        """The car's certificate for TLS [V2G20-2339]."""
        return self.credential(Role.VEHICLE)

    @property
    def oem_provisioning(self) -> Credential:
        """The car's certificate for asking for contracts [V2G20-2342]."""
        return self.credential(Role.OEM_PROVISIONING)

    @property
    def cps(self) -> Credential:
        """The certificate that signs installed contracts."""
        return self.credential(Role.CPS)

    @property
    def roots(self) -> tuple[x509.Certificate, ...]:
        """Trust anchors for TLS on either side: the V2G and the OEM root, never an MO root [V2G20-2401..2404]."""
        return (self.v2g_root.certificate, self.oem_root.certificate)

    @property
    def contract_roots(self) -> tuple[x509.Certificate, ...]:
        """Trust anchors for contracts: the MO and the V2G root."""
        return (self.mo_root.certificate, self.v2g_root.certificate)

    @property
    def every_root(self) -> tuple[x509.Certificate, ...]:
        """All trust anchors."""
        return (*self.roots, self.mo_root.certificate)

    def sibling(self, *, curve: Curve | None = None) -> Hierarchy:
        """A hierarchy under the same roots with authorities of its own: what happens to those does not happen here.

        Args:
            curve: Of its keys; that of this one if left out.
        """
        other = copy(self)
        other.curve = curve or self.curve
        roots = (Role.V2G_ROOT, Role.OEM_ROOT, Role.MO_ROOT)
        other._made = {(role,): self.credential(role) for role in roots}  # noqa: SLF001 - one of our own
        return other

    def credential(self, role: Role) -> Credential:
        """The certificate of a role; the same each time.

        Raises:
            ValueError: The edition knows no such certificate.
        """
        key = (role,)
        if key not in self._made:
            self._made[key] = self.issue(role)
        return self._made[key]

    def contract(
        self, emaid: str = EMAID, *, days: int | None = None, begin: datetime | None = None, root: Role | None = None
    ) -> Credential:
        """A contract certificate; the same for the same arguments.

        Args:
            emaid: Its identity.
            days: Validity; that of the profile if left out.
            begin: Start of validity; that of the hierarchy if left out.
            root: MO or V2G root; that of the hierarchy if left out.
        """
        key = (Role.CONTRACT, emaid, days, begin, root)
        if key not in self._made:
            issuer = None if root is None else self.mo_authority(root)
            self._made[key] = self.issue(Role.CONTRACT, identity=emaid, days=days, begin=begin, issuer=issuer)
        return self._made[key]

    def mo_authority(self, root: Role) -> Credential:
        """The lower sub-CA of the mobility operator under a root of choice."""
        return self._branch(Role.MO_SUB1, Role.MO_SUB2, root)

    def vehicle_authority(self, root: Role) -> Credential:
        """The lower sub-CA for vehicle certificates under a root of choice."""
        return self._branch(Role.VEHICLE_SUB1, Role.VEHICLE_SUB2, root)

    def cross(self, subject: Role = Role.V2G_ROOT, by: Role = Role.OEM_ROOT) -> Credential:
        """A cross certificate: name and key of one root, signed by another. With it a chain reaches both."""
        key = ("cross", subject, by)
        if key not in self._made:
            own = self.credential(subject)
            self._made[key] = authority.issue(self.draft(subject), own.private_key, self.credential(by))
        return self._made[key]

    def issuer_of(self, role: Role) -> Credential | None:
        """Who signs the certificates of a role; None for a root."""
        if role in self._under:
            return self.credential(self._under[role])
        issuers = self.profiles.of(role).issuers
        return self.credential(issuers[0]) if issuers else None

    def root_of(self, role: Role) -> Credential:
        """The root that a role's chain leads to."""
        above = self._under.get(role) or next(iter(self.profiles.of(role).issuers), None)
        return self.credential(role) if above is None else self.root_of(above)

    def identity_of(self, role: Role) -> str:
        """SECCID, EVCCID, PCID or EMAID; empty where a role has none."""
        return self._identities.get(role, "")

    def draft(self, role: Role, *, identity: str | None = None) -> Draft:
        """The certificate of a role before it is signed, to be bent.

        Raises:
            ValueError: The edition knows no such certificate.
        """
        return authority.draft(
            self.profiles,
            self.profiles.of(role),
            self.not_before,
            identity=self.identity_of(role) if identity is None else identity,
            signature_only=self.curve is Curve.ED448,
            addresses=self.addresses,
        )

    def issue(
        self,
        role: Role,
        *,
        identity: str | None = None,
        days: int | None = None,
        begin: datetime | None = None,
        issuer: Credential | None = None,
        key: PrivateKey | None = None,
    ) -> Credential:
        """Make a new certificate of a role.

        Args:
            role: What for.
            identity: SECCID, EVCCID, PCID or EMAID; that of the hierarchy if left out.
            days: Validity; that of the profile if left out.
            begin: Start of validity; that of the hierarchy if left out.
            issuer: Who signs; the one of the hierarchy if left out.
            key: Its key; a new one if left out.

        Raises:
            ValueError: The edition knows no such certificate.
        """
        wanted = self.draft(role, identity=identity)
        if days is not None:
            wanted = wanted.lasting(days)
        if begin is not None:
            wanted = wanted.from_time(begin)
        return authority.issue(wanted, key or self.curve.generate(), issuer or self.issuer_of(role))

    def adopt(self, role: Role, credential: Credential) -> None:
        """Take a certificate of a role from elsewhere, such as a file, instead of making one."""
        self._made[(role,)] = credential

    def _branch(self, upper: Role, lower: Role, root: Role) -> Credential:
        if root is self._under[upper]:
            return self.credential(lower)
        key = (lower, root)
        if key not in self._made:
            self._made[key] = self.issue(lower, issuer=self.issue(upper, issuer=self.credential(root)))
        return self._made[key]


class TestPki(Hierarchy):
    """The hierarchy with the vehicle credentials that must be refused.

    Args:
        not_before: Start of validity of every certificate that is meant to be valid.
        curve: Key type of all of them.
        seccid: Identity of the charger.
        evccid: Identity of the car.
        vehicle_under_oem: Put the vehicle chain under the OEM root instead of the V2G root [V2G20-2331].
    """

    __test__ = False  # the name is the domain's word, not pytest's

    def __init__(
        self,
        not_before: datetime,
        *,
        curve: Curve = Curve.P521,
        seccid: str = SECCID,
        evccid: str = EVCCID,
        vehicle_under_oem: bool = False,
    ) -> None:
        root = Role.OEM_ROOT if vehicle_under_oem else Role.V2G_ROOT
        super().__init__(not_before, curve=curve, seccid=seccid, evccid=evccid, vehicle_root=root)

    def other_vehicle(self, evccid: str = OTHER_EVCCID) -> Credential:
        """A valid credential of another car under the same authority."""
        return self.issue(Role.VEHICLE, identity=evccid)

    def oem_vehicle(self) -> Credential:
        """A vehicle credential under the OEM root [V2G20-2331]."""
        return self.issue(Role.VEHICLE, issuer=self.vehicle_authority(Role.OEM_ROOT))

    def expired_vehicle(self) -> Credential:
        """A vehicle credential whose leaf ended the second before `not_before`."""
        days = self.profiles.of(Role.VEHICLE).days
        return self.issue(Role.VEHICLE, begin=self.not_before - timedelta(days=days) - _SECOND)

    def future_vehicle(self) -> Credential:
        """A vehicle credential whose leaf begins a year after `not_before`."""
        return self.issue(Role.VEHICLE, begin=self.not_before + timedelta(days=365))

    def foreign_vehicle(self) -> Credential:
        """A vehicle credential under a root that nobody trusts, though it bears the name of the trusted one."""
        upper = self.issue(Role.VEHICLE_SUB1, issuer=self.issue(Role.V2G_ROOT))
        return self.issue(Role.VEHICLE, issuer=self.issue(Role.VEHICLE_SUB2, issuer=upper))

    def contract_like(self, emaid: str = EMAID) -> Credential:
        """A contract credential under a trusted root, which has no business in TLS [V2G20-2339]."""
        return self.contract(emaid, root=Role.V2G_ROOT)
