"""Chains that have to be refused, or reported: one named defect each, everything else as it should be.

    chain = CATALOGUE["expired"].apply(hierarchy, Role.SECC)

Most of them break a rule of the certificate profiles that general tools do not know: for each it is written down what
`openssl verify` answers, because a device that leaves the checking to a library refuses no more than that. The table
is `fixtures/pki/defects.toml`, the making `bends`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from v2gready.protocols.pki.bends import MAKERS, Make
from v2gready.protocols.pki.hierarchy import Hierarchy
from v2gready.protocols.pki.profiles import LEAVES, Edition, Point, ProfileError, Role, load_profiles
from v2gready.protocols.pki.workshop import Chain, Workshop
from v2gready.resources import folder

__all__ = ["CATALOGUE", "OK", "TLS_ROLES", "Chain", "Defect", "for_role", "good"]

TLS_ROLES = (Role.SECC, Role.VEHICLE)
"""What is shown in a handshake: there OpenSSL looks at the purpose, too."""
OK = "ok"
SOURCE = "pki/defects.toml"


@dataclass(frozen=True, slots=True)
class Defect:
    """One way in which a chain is wrong.

    Attributes:
        name: As cases and the command line spell it.
        sentence: What is wrong, for people.
        point: Where the checker finds it.
        rule: The rule it breaks.
        openssl: What `openssl verify` answers: ``ok``, or a part of its error; any of these.
        purpose: The same with the purpose checked; empty if it is the same.
        roles: Leaves it makes sense for.
        presentable: Python's ssl loads it; otherwise no handshake of ours can show it, but a message can.
        make: Makes it.
    """

    name: str
    sentence: str
    point: Point
    rule: str
    openssl: tuple[str, ...]
    purpose: tuple[str, ...]
    roles: tuple[Role, ...]
    presentable: bool
    make: Make = field(repr=False)

    @property
    def in_handshake(self) -> tuple[str, ...]:
        """What OpenSSL answers in a TLS handshake: ``ok``, or a part of its error."""
        return self.purpose or self.openssl

    def apply(self, hierarchy: Hierarchy, role: Role) -> Chain:
        """Make a chain with this defect; a new one each time.

        Args:
            hierarchy: The good one: its roots, sub-CAs, curve and edition. It is not changed.
            role: Of the leaf.

        Raises:
            ValueError: The defect makes no sense for that role, or the edition knows no such certificate.
        """
        if role not in self.roles:
            raise ValueError(f"the defect {self.name} is for {', '.join(self.roles)}, not for {role}")
        return replace(self.make(Workshop(hierarchy, role)), label=f"{role} {self.name}")


def good(hierarchy: Hierarchy, role: Role) -> Chain:
    """The chain without a defect, for the counter-proof."""
    return replace(Workshop(hierarchy, role).good(), label=f"{role} good")


def for_role(role: Role, edition: Edition = Edition.ISO_20) -> tuple[Defect, ...]:
    """The defects that make sense for a leaf: those that break a rule of the edition for it or for its sub-CAs."""
    profiles = load_profiles(edition)
    rules = {point for one in profiles.path(role) for point in profiles.of(one).rules}
    return tuple(one for one in CATALOGUE.values() if role in one.roles and one.point in rules)


def _load() -> dict[str, Defect]:
    with (folder("fixtures") / SOURCE).open("rb") as file:
        document = tomllib.load(file)
    if document.keys() != MAKERS.keys():
        raise ProfileError(f"{SOURCE}: {', '.join(sorted(document.keys() ^ MAKERS.keys()))}: told or made, not both")
    return {name: _defect(name, table) for name, table in document.items()}


def _defect(name: str, table: Mapping[str, Any]) -> Defect:
    try:
        return Defect(
            name=name,
            sentence=table["sentence"],
            point=Point(table["point"]),
            rule=table["rule"],
            openssl=tuple(table["openssl"]),
            purpose=tuple(table.get("purpose", ())),
            roles=tuple(Role(one) for one in table.get("roles", LEAVES)),
            presentable=table.get("presentable", True),
            make=MAKERS[name],
        )
    except (KeyError, ValueError) as problem:
        raise ProfileError(f"{SOURCE}: {name}: {problem}") from None


CATALOGUE: Mapping[str, Defect] = MappingProxyType(_load())
"""All defects by name."""
