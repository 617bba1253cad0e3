"""``authorities`` and ``variants`` of ``[interfaces.iso15118]``: where chains come from that a device has to refuse.

The words are those of OCPP (`ocpp_settings`): authorities that the device trusts sign what the harness makes; variants
are chains that lie ready in a folder, and go before those. A chain that needs neither is made on the spot.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from cryptography import x509

from v2gready.engine import pki_files
from v2gready.engine.tables import Report
from v2gready.model.dut import ConfigurationError
from v2gready.protocols.pki import Edition, Hierarchy, Role, TestPki
from v2gready.protocols.pki.defects import CATALOGUE, TLS_ROLES, Chain

AUTHORITIES: Final = "authorities"
VARIANTS: Final = "variants"
UNSIGNED: Final = frozenset({"foreign-root", "self-signed"})
"""Defects that need nobody whom the device trusts."""
REVOKED: Final = frozenset({"revoked", "revoked-sub-ca"})
"""Defects that somebody has to tell the device about: no chain shows them by itself."""
_EARLIER: Final = timedelta(days=1)


def read_authorities(table: Mapping[str, Any], base: Path, problem: Report) -> Hierarchy | None:
    """The PKI of a folder that ``v2gready pki init`` made; None if none is named. What is wrong goes to ``problem``.

    Whatever it issues from here on begins yesterday, so that a folder may be old and *not yet valid* means it.
    """
    name = table.get(AUTHORITIES)
    if name is None:
        return None
    if not isinstance(name, str):
        problem(AUTHORITIES, f"is {name!r}", "name a folder that v2gready pki init made")
        return None
    try:
        return load(base / name)
    except ConfigurationError as wrong:
        for one in wrong.problems:
            problem(AUTHORITIES, f"{wrong.source}: {one.key} {one.what}", one.remedy)
    return None


def load(folder: Path) -> Hierarchy:
    """The PKI of ISO 15118-20 in a folder, with a new beginning.

    Raises:
        ConfigurationError: A file is missing or damaged, or it is a PKI of ISO 15118-2.
    """
    pki = pki_files.load(folder)
    if pki.edition is not Edition.ISO_20:
        pki_files.refuse(folder, "is a PKI of ISO 15118-2", "make one for -20: v2gready pki init")
    pki.not_before = max(pki.not_before, (datetime.now(UTC) - _EARLIER).replace(microsecond=0))
    return pki


def read_variants(
    table: Mapping[str, Any], base: Path, roles: Collection[Role], others: Collection[str], problem: Report
) -> dict[str, Chain]:
    """Chains of the folder of variants: ``secc-expired.pem`` with ``secc-expired.key``, as ``pki issue`` writes them.

    Args:
        table: The interface.
        base: Folder that relative paths start from.
        roles: Those that the harness plays towards this device; files of other roles are left alone.
        others: Names that are no defects.
        problem: Gets what is wrong.
    """
    name = table.get(VARIANTS)
    if name is None:
        return {}
    folder = base / str(name)
    if not isinstance(name, str) or not folder.is_dir():
        problem(VARIANTS, f"{folder} is no folder", f"name a folder with {min(roles)}-expired.pem, ...")
        return {}
    found: dict[str, Chain] = {}
    for file in sorted(folder.glob("*.pem")):
        role = next((one for one in sorted(roles, key=len, reverse=True) if file.stem.startswith(f"{one}-")), None)
        if role is None:
            continue
        rest = file.stem.removeprefix(f"{role}-")
        if rest == "new" or rest != rest.lower():
            continue  # a good one with its identity, as `pki issue` names them
        if file.stem not in {*names(role), *others}:
            problem(VARIANTS, f"{file.name} is no variant", f"see v2gready pki issue --defects --role {role}")
            continue
        try:
            found[file.stem] = _chain(file)
        except ConfigurationError as wrong:
            for one in wrong.problems:
                problem(VARIANTS, f"{wrong.source}: {one.what}", one.remedy)
    return found


def names(role: Role) -> list[str]:
    """The defective chains of a role that this harness can show, as ``role-defect``."""
    shown = role in TLS_ROLES
    return [f"{role}-{name}" for name, one in CATALOGUE.items() if role in one.roles and (one.presentable or not shown)]


def _chain(file: Path) -> Chain:
    certificates = pki_files.read_certificates([file])
    key = pki_files.read_key(file.with_suffix(".key"))
    try:
        fits = x509.load_der_x509_certificate(certificates[0]).public_key() == key.public_key()
    except ValueError:
        fits = True  # so defective that nobody can tell
    if not fits:
        pki_files.refuse(file.with_suffix(".key"), f"does not belong to {file.name}", "name the key of that one")
    return Chain(tuple(certificates), key, b"", label=file.stem)


class Chains(Mapping[str, Chain]):
    """Defective chains by ``role-defect``, made when first asked for.

    Args:
        roles: Of their leaves.
        pki: Whose authorities sign; None where there is none.
        ready: Those that lie ready.
    """

    def __init__(self, roles: Collection[Role], pki: Hierarchy | None, ready: Mapping[str, Chain]) -> None:
        self._roles = tuple(roles)
        self._pki = pki
        self._ready = ready
        self._stranger: Hierarchy | None = None
        self._made: dict[str, Chain] = {}

    def __getitem__(self, name: str) -> Chain:
        if name in self._ready:
            return self._ready[name]
        if name not in self._made:
            role = next((one for one in self._roles if name in names(one)), None)
            if role is None or not self._can_make(name.removeprefix(f"{role}-")):
                raise KeyError(name)
            self._made[name] = self._make(role, name.removeprefix(f"{role}-"))
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        made = (name for role in self._roles for name in names(role) if self._can_make(name.removeprefix(f"{role}-")))
        return iter(dict.fromkeys((*self._ready, *made)))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def told(self, besides: Collection[str] = ()) -> str:
        """What there is, and what would give the rest.

        Args:
            besides: Names that the bench can show by other means.
        """
        every = [name for role in self._roles for name in names(role)]
        there = [name for name in every if name in self or name in besides]
        told = f"{len(there)} of {len(every)}"
        if self._pki is None:
            return f"{told}; add {AUTHORITIES} (a folder that v2gready pki init made), or a folder of {VARIANTS}"
        rest = ", ".join(name for name in every if name not in there)
        return told if not rest else f"{told}; not {rest}: add them to a folder of {VARIANTS}, and tell the device"

    def __contains__(self, name: object) -> bool:
        return name in set(iter(self))

    def _can_make(self, defect: str) -> bool:
        return defect in UNSIGNED or (self._pki is not None and defect not in REVOKED)

    def _make(self, role: Role, defect: str) -> Chain:
        if self._pki is None:
            # Nobody trusts it: what it signs is worth as much as what nobody signed.
            self._stranger = self._stranger or stranger()
            return CATALOGUE[defect].apply(self._stranger, role)
        return CATALOGUE[defect].apply(self._pki, role)


def stranger() -> Hierarchy:
    """A PKI that nobody trusts."""
    return TestPki((datetime.now(UTC) - _EARLIER).replace(microsecond=0))
