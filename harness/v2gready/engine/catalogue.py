"""Finds all cases and invariants, and checks that they and the requirement registry fit together."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from v2gready.engine.data import load_registry
from v2gready.model.case import CaseError, Invariant, TestCase
from v2gready.model.requirement import Registry
from v2gready.resources import folder

AnyCase = type[TestCase[Any]]
OPTIONAL = frozenset({"numpy", "ocpp", "websockets"})
"""Packages of extras. Without them their cases are left out, and no bench that could run them opens either."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All cases in order of their own, then of file and definition.

    Attributes:
        cases: Case classes.
        invariants: Invariant classes.
        registry: The requirements they refer to.
        files: File of each case id.
        left_out: Module -> package that it needs and that is not installed.
    """

    cases: tuple[AnyCase, ...]
    invariants: tuple[type[Invariant], ...]
    registry: Registry
    files: dict[str, Path]
    left_out: dict[Path, str] = field(default_factory=dict)

    def case(self, case_id: str) -> AnyCase:
        """The case with an id or alias.

        Raises:
            KeyError: There is none.
        """
        for case in self.cases:
            if case_id == case.id or case_id in case.aliases:
                return case
        raise KeyError(case_id)

    def references(self) -> set[str]:
        """All requirement ids that cases and invariants refer to."""
        of_cases = {one for case in self.cases for one in case.requirements}
        return of_cases.union(*(rule.requirements for rule in self.invariants))


def load_catalogue(folders: Iterable[Path] | None = None) -> Catalogue:
    """Imports every module of the catalogue.

    Args:
        folders: Where to look; the suite's own ``testcases`` by default.

    Raises:
        CaseError: A case is written wrongly, an id stands twice, or a requirement is unknown.
    """
    cases: list[AnyCase] = []
    invariants: list[type[Invariant]] = []
    files: dict[str, Path] = {}
    left_out: dict[Path, str] = {}
    for base in folders if folders is not None else (folder("testcases"),):
        for path in sorted(base.rglob("*.py")):
            try:
                module = _load(path, base)
            except ModuleNotFoundError as missing:
                if missing.name not in OPTIONAL:
                    raise
                left_out[path] = missing.name
                continue
            for item in _defined_in(module):
                if item.id in files:
                    raise CaseError(f"{path}: id {item.id} is taken by {files[item.id]}")
                files[item.id] = path
                if issubclass(item, TestCase):
                    cases.append(item)
                else:
                    invariants.append(item)
    cases.sort(key=lambda case: case.order)
    registry = load_registry()
    catalogue = Catalogue(tuple(cases), tuple(invariants), registry, files, left_out)
    unknown = registry.unknown(catalogue.references())
    if unknown:
        raise CaseError(f"requirements without an entry in fixtures/requirements: {', '.join(unknown)}")
    return catalogue


def _load(path: Path, base: Path) -> ModuleType:
    name = ".".join(("v2gready_testcases", *path.relative_to(base).with_suffix("").parts))
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise CaseError(f"{path} is no Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _defined_in(module: ModuleType) -> Iterator[Any]:
    for value in vars(module).values():
        if isinstance(value, type) and issubclass(value, TestCase | Invariant) and value.__module__ == module.__name__:
            yield from value.variants()
