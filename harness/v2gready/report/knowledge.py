"""The data files of the installation that a report looks things up in: requirements, schemes, questionnaires."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from v2gready.model.pics import PicsItem, parse_questionnaire
from v2gready.model.requirement import Registry, parse_requirements
from v2gready.model.scheme import Scheme, parse_scheme


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What the installed suite knows beside the run.

    Attributes:
        registry: Requirements by id.
        schemes: Label schemes by id.
        questionnaires: PICS questions by role.
    """

    registry: Registry
    schemes: Mapping[str, Scheme]
    questionnaires: Mapping[str, Mapping[str, PicsItem]]


def read_knowledge(fixtures: Path) -> Knowledge:
    """Reads ``requirements``, ``schemes`` and ``pics`` below a fixtures folder.

    Raises:
        RegistryError: A requirement file is wrong.
        SchemeError: A scheme file is wrong.
        PicsError: A questionnaire is wrong.
    """
    requirements = [
        one for name, document in _documents(fixtures / "requirements") for one in parse_requirements(document, name)
    ]
    schemes = [parse_scheme(document, name) for name, document in _documents(fixtures / "schemes")]
    questionnaires = {
        document.get("role", Path(name).stem): parse_questionnaire(document, name)
        for name, document in _documents(fixtures / "pics")
    }
    return Knowledge(Registry(requirements), {scheme.id: scheme for scheme in schemes}, questionnaires)


def _documents(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted(folder.glob("*.toml")):
        yield path.name, tomllib.loads(path.read_text(encoding="utf-8"))
