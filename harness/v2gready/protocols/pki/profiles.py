"""Certificate profiles as data: what a certificate of each role has to look like, by which clause, how sure.

The data are in `fixtures/pki/<edition>.toml`. Generator and checker read the same file, but by different libraries and
different code: the generator writes with `cryptography`, the checker reads with pyasn1.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from v2gready.model.measurement import Provenance
from v2gready.resources import folder


class Edition(StrEnum):
    """Whose profiles."""

    ISO_20 = "20"
    ISO_2 = "2"


class Role(StrEnum):
    """What a certificate is for (reference table 7.3)."""

    V2G_ROOT = "v2g-root"
    CPO_SUB1 = "cpo-sub1"
    CPO_SUB2 = "cpo-sub2"
    SECC = "secc"
    OEM_ROOT = "oem-root"
    OEM_SUB1 = "oem-sub1"
    OEM_SUB2 = "oem-sub2"
    OEM_PROVISIONING = "oem-provisioning"
    VEHICLE_SUB1 = "vehicle-sub1"
    VEHICLE_SUB2 = "vehicle-sub2"
    VEHICLE = "vehicle"
    MO_ROOT = "mo-root"
    MO_SUB1 = "mo-sub1"
    MO_SUB2 = "mo-sub2"
    CONTRACT = "contract"
    CPS_SUB1 = "cps-sub1"
    CPS_SUB2 = "cps-sub2"
    CPS = "cps"

    @property
    def is_root(self) -> bool:
        """Whether it signs itself."""
        return self.value.endswith("-root")

    @property
    def is_leaf(self) -> bool:
        """Whether it signs no certificates."""
        return self in LEAVES


LEAVES = (Role.SECC, Role.VEHICLE, Role.CONTRACT, Role.OEM_PROVISIONING, Role.CPS)


class Point(StrEnum):
    """One thing that is looked at in a chain; the name of its item in the data files."""

    READABLE = "readable"
    CANONICAL_DER = "canonical-der"
    VERSION = "version"
    SERIAL = "serial"
    ALGORITHM_AGREEMENT = "algorithm-agreement"
    """Inside and outside of the signed part name the same algorithm."""
    CURVE = "curve"
    NAMED_CURVE = "named-curve"
    SIGNATURE_ALGORITHM = "signature-algorithm"
    SIZE = "size"
    CHAIN_LENGTH = "chain-length"
    CHAIN_ORDER = "chain-order"
    ROOT_LEFT_OUT = "root-left-out"
    ISSUED_BY_SUB_CA = "issued-by-sub-ca"
    TRUST = "trust"
    SIGNATURE = "signature"
    VALIDITY = "validity"
    VALIDITY_PERIOD = "validity-period"
    DUPLICATE_EXTENSIONS = "duplicate-extensions"
    CRITICAL_EXTENSIONS = "critical-extensions"
    BASIC_CONSTRAINTS = "basic-constraints"
    BASIC_CONSTRAINTS_CRITICAL = "basic-constraints-critical"
    PATH_LENGTH = "path-length"
    KEY_USAGE = "key-usage"
    KEY_USAGE_CRITICAL = "key-usage-critical"
    EXTENDED_KEY_USAGE = "extended-key-usage"
    SUBJECT_KEY_ID = "subject-key-id"
    AUTHORITY_KEY_ID = "authority-key-id"
    DOMAIN_COMPONENT = "domain-component"
    IDENTITY = "identity"
    ATTRIBUTES = "attributes"
    OCSP_ADDRESS = "ocsp-address"
    REVOCATION = "revocation"


class ProfileError(ValueError):
    """A data file is wrong: names file, role and key."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One item of a profile.

    Attributes:
        value: What is expected; its type depends on the point. None where the point says it all.
        clause: Whose rule it is.
        provenance: How well we know it.
        optional: Values that may be there as well.
        forbidden: Values that may not.
    """

    value: Any
    clause: str
    provenance: Provenance
    optional: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Profile:
    """What a certificate of one role looks like.

    Attributes:
        role: Whose it is.
        issuers: Roles that may sign it, the usual one first; empty if it signs itself.
        subject: Attributes of the subject in their order; ``{identity}`` stands for SECCID, EVCCID, EMAID or PCID.
        days: Validity the generator gives it; also the longest the checker finds usual.
        ocsp: The generator writes where its OCSP responder is.
        rules: What the checker looks at.
    """

    role: Role
    issuers: tuple[Role, ...]
    subject: tuple[tuple[str, str], ...]
    days: int
    ocsp: bool
    rules: Mapping[Point, Rule]


@dataclass(frozen=True, slots=True)
class Name:
    """The form of an identity."""

    pattern: re.Pattern[str]
    sentence: str


@dataclass(frozen=True, slots=True)
class Profiles:
    """All profiles of one edition."""

    standard: str
    edition: Edition
    names: Mapping[str, Name]
    signature_only: Rule
    """Key usages that a key for signatures alone (Ed448) cannot have."""
    roles: Mapping[Role, Profile]

    def of(self, role: Role) -> Profile:
        """The profile of a role.

        Raises:
            ValueError: The edition knows no such certificate.
        """
        try:
            return self.roles[role]
        except KeyError:
            raise ValueError(f"{self.standard} knows no {role} certificate") from None

    def path(self, role: Role) -> tuple[Role, ...]:
        """The roles from a certificate up to its usual root."""
        found = [role]
        while issuers := self.of(found[-1]).issuers:
            found.append(issuers[0])
        return tuple(found)


@cache
def load_profiles(edition: Edition) -> Profiles:
    """The profiles of an edition.

    Raises:
        ProfileError: The data file contradicts itself.
    """
    source = f"pki/iso15118-{edition}.toml"
    with (folder("fixtures") / source).open("rb") as file:
        document = tomllib.load(file)
    where = "top"
    try:
        common = _rules(document["common"])
        roles = {}
        for name, table in document["role"].items():
            where = f"role.{name}"
            role = Role(name)
            roles[role] = _profile(role, table, common)
        where = "names"
        names = {key: Name(re.compile(one["pattern"]), one["sentence"]) for key, one in document["names"].items()}
        where = "signature-only"
        return Profiles(document["standard"], edition, names, _rule(document["signature-only"]), roles)
    except (KeyError, ValueError, TypeError) as problem:
        raise ProfileError(f"{source}: {where}: {problem}") from None


_ISSUING = {"issuers", "subject", "days", "ocsp"}


def _profile(role: Role, table: Mapping[str, Any], common: Mapping[Point, Rule]) -> Profile:
    own = _rules({key: value for key, value in table.items() if key not in _ISSUING})
    subject = tuple((name, value) for name, _, value in (text.partition("=") for text in table["subject"]))
    rules = {**common, **own}
    period = rules[Point.VALIDITY_PERIOD]
    rules[Point.VALIDITY_PERIOD] = Rule(table["days"], period.clause, period.provenance)
    issuers = tuple(Role(one) for one in table["issuers"])
    return Profile(role, issuers, subject, table["days"], table.get("ocsp", False), rules)


def _rules(table: Mapping[str, Any]) -> dict[Point, Rule]:
    return {Point(key): _rule(item) for key, item in table.items()}


def _rule(item: Mapping[str, Any]) -> Rule:
    return Rule(
        item.get("value"),
        item["clause"],
        Provenance(item["provenance"]),
        tuple(item.get("optional", ())),
        tuple(item.get("forbidden", ())),
    )
