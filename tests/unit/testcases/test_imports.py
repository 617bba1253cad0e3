"""Cases are written with the words of `v2gready.authoring` alone: no case knows how the harness is built."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from v2gready.resources import folder

ROOT = folder("testcases")
MODULES = [path.relative_to(ROOT) for path in sorted(ROOT.rglob("*.py"))]


def imported(path: Path) -> set[str]:
    """Every module that a file names in an import, wherever it stands."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add("." * node.level + (node.module or ""))
    return found


def allowed(name: str) -> bool:
    """A word of cases, or the standard library; a case stands alone and imports no other one."""
    return f"{name}.".startswith("v2gready.authoring.") or name.partition(".")[0] in sys.stdlib_module_names


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_a_case_imports_the_words_and_the_standard_library(module: Path) -> None:
    strangers = [name for name in sorted(imported(ROOT / module)) if not allowed(name)]
    assert not strangers


def test_it_would_be_found() -> None:
    for wrong in ("v2gready.authoringx", "v2gready.bench.grid", "v2gready", "numpy", ".other", "testcases.grid.rocof"):
        assert not allowed(wrong)
