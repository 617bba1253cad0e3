"""Requirements a case may refer to, and the two-way check between them and the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from v2gready.model.measurement import Provenance


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement of a standard, in our own words.

    Attributes:
        id: The standard's id (``V2G20-460``) or, where it gives none, ours (``H-V2GTP-1``).
        standard: Standard and part.
        edition: Year or state of the text the id comes from.
        clause: Clause or table, empty if unknown.
        level: ``shall``, ``should``, ``may`` or ``harness`` (ours, e.g. robustness).
        summary: What it asks, in own words: the standards are not ours to copy.
        provenance: How well we know it.
        source: Where we know it from.
        gap: Why no case refers to it; empty for a requirement that cases do refer to.
    """

    id: str
    standard: str
    edition: str
    clause: str
    level: str
    summary: str
    provenance: Provenance
    source: str
    gap: str = ""


class RegistryError(ValueError):
    """The requirement data contradicts itself: names the id and the file."""


class Registry(Mapping[str, Requirement]):
    """All known requirements by id."""

    def __init__(self, requirements: Iterable[Requirement]) -> None:
        self._by_id: dict[str, Requirement] = {}
        for one in requirements:
            if one.id in self._by_id:
                raise RegistryError(f"requirement {one.id} is defined twice")
            self._by_id[one.id] = one

    def __getitem__(self, key: str) -> Requirement:
        return self._by_id[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_id)

    def __len__(self) -> int:
        return len(self._by_id)

    def unknown(self, references: Iterable[str]) -> tuple[str, ...]:
        """References that no requirement has: a typing error in a case."""
        return tuple(sorted(set(references) - set(self._by_id)))

    def uncovered(self, references: Iterable[str]) -> tuple[str, ...]:
        """Requirements that no case refers to: the gap an auditor asks about."""
        return tuple(sorted(set(self._by_id) - set(references)))


def parse_requirements(document: Mapping[str, Any], source_name: str) -> list[Requirement]:
    """Reads one parsed ``fixtures/requirements/*.toml``.

    Raises:
        RegistryError: An entry lacks a key or has an unknown provenance; names the entry and the file.
    """
    shared = {key: value for key, value in document.items() if isinstance(value, str)}
    found = []
    for position, entry in enumerate(document.get("requirement", [])):
        merged = {**shared, **entry}
        try:
            found.append(
                Requirement(
                    id=merged["id"],
                    standard=merged["standard"],
                    edition=merged["edition"],
                    clause=merged.get("clause", ""),
                    level=merged["level"],
                    summary=merged["summary"],
                    provenance=Provenance(merged["provenance"]),
                    source=merged["source"],
                    gap=merged.get("gap", ""),
                )
            )
        except (KeyError, ValueError) as problem:
            raise RegistryError(
                f"{source_name}: requirement {entry.get('id', f'number {position + 1}')}: {problem}"
            ) from None
    return found
