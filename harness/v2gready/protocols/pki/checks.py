"""Who looks at which chain, and which of its defects nobody has to refuse: the other half of what cases show.

The table is `fixtures/pki/checks.toml`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from v2gready.protocols.pki.profiles import ProfileError, Role
from v2gready.resources import folder

__all__ = ["CHECKS", "ChainCheck"]

SOURCE = "pki/checks.toml"


@dataclass(frozen=True, slots=True)
class ChainCheck:
    """One place where a device looks at a chain of another.

    Attributes:
        name: As cases spell it (`ShowsChains.examined`).
        role: Of the leaf.
        by: Who looks, and where.
        not_judged: Defects that no case shows there -> the reason.
        refused_all_the_same: Those of them that the reference device refuses.
        unshowable: Those of them that never get to a device.
    """

    name: str
    role: Role
    by: str
    not_judged: Mapping[str, str]
    refused_all_the_same: frozenset[str]
    unshowable: frozenset[str]


def _load() -> dict[str, ChainCheck]:
    with (folder("fixtures") / SOURCE).open("rb") as file:
        document = tomllib.load(file)
    reasons, unshowable = document["reasons"], document["unshowable"]
    return {name: _check(name, table, reasons, unshowable) for name, table in document["check"].items()}


def _check(name: str, table: Mapping[str, Any], reasons: Mapping[str, str], unshowable: Sequence[str]) -> ChainCheck:
    not_judged: dict[str, str] = {}
    for reason, defects in table["not_judged"].items():
        for defect in defects:
            if defect in not_judged or reason not in reasons:
                raise ProfileError(f"{SOURCE}: {name}: {defect}: two reasons, or the unknown one {reason}")
            not_judged[defect] = reasons[reason]
    too = frozenset(table["refused_all_the_same"])
    if strange := too - not_judged.keys():
        raise ProfileError(f"{SOURCE}: {name}: {', '.join(sorted(strange))}: refused all the same, and not told why")
    never = frozenset(defect for reason in unshowable for defect in table["not_judged"].get(reason, ()))
    return ChainCheck(name, Role(table["role"]), table["by"], MappingProxyType(not_judged), too, never)


CHECKS: Mapping[str, ChainCheck] = MappingProxyType(_load())
"""All of them by name."""
