"""Reads the data files of the suite: requirements, questionnaires, schemes. Bad data is named by file and key."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path
from typing import Any

from v2gready import __version__
from v2gready.model.dut import ConfigurationError, Problem
from v2gready.model.pics import PicsItem, parse_questionnaire
from v2gready.model.requirement import Registry, Requirement, parse_requirements
from v2gready.model.scheme import Scheme, parse_scheme
from v2gready.resources import folder


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file as a dict.

    Raises:
        ConfigurationError: It is missing, unreadable or no TOML; names the line.
    """
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        raise ConfigurationError(str(path), [Problem("file", "does not exist", "check the path")]) from None
    except OSError as problem:
        reason = problem.strerror or str(problem)
        raise ConfigurationError(str(path), [Problem("file", reason, "make it readable")]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise ConfigurationError(str(path), [Problem("file", f"is no TOML: {problem}", "correct that line")]) from None


def load_registry() -> Registry:
    """All requirements in ``fixtures/requirements``."""
    requirements: list[Requirement] = []
    for path in sorted((folder("fixtures") / "requirements").glob("*.toml")):
        requirements += parse_requirements(read_toml(path), path.name)
    return Registry(requirements)


def load_questionnaires() -> dict[str, dict[str, PicsItem]]:
    """PICS questions by role, from ``fixtures/pics/<role>.toml``."""
    return {
        path.stem: parse_questionnaire(read_toml(path), path.name)
        for path in sorted((folder("fixtures") / "pics").glob("*.toml"))
    }


def load_schemes() -> dict[str, Scheme]:
    """Label schemes by id, from ``fixtures/schemes``."""
    schemes = (
        parse_scheme(read_toml(path), path.name) for path in sorted((folder("fixtures") / "schemes").glob("*.toml"))
    )
    return {scheme.id: scheme for scheme in schemes}


def find_scheme(name: str) -> Scheme:
    """A scheme by id.

    Raises:
        ConfigurationError: There is none of that name.
    """
    schemes = load_schemes()
    if name not in schemes:
        known = ", ".join(sorted(schemes))
        raise ConfigurationError("--scheme", [Problem(name, "is no scheme of this suite", f"use one of {known}")])
    return schemes[name]


def suite() -> dict[str, str]:
    """Name, version and hash of what judges: package, catalogue and data. A report names it (17025 7.8.2.1)."""
    digest = hashlib.sha256()
    package = Path(__file__).parent.parent
    for base in (package, folder("testcases"), folder("fixtures")):
        for path in sorted(base.rglob("*")):
            if path.suffix in {".py", ".toml", ".json"} and "_data" not in path.relative_to(base).parts:
                digest.update(path.relative_to(base).as_posix().encode())
                digest.update(path.read_bytes())
    return {"name": "v2gready", "version": __version__, "sha256": digest.hexdigest()}
