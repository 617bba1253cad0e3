"""A stored run and its reports, made once."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType

import pytest

from v2gready.report.html import HtmlReport


@dataclass
class Page(HTMLParser):
    """What the tests ask of a page."""

    ids: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.tags.append((tag, attributes))
        if attributes.get("id"):
            self.ids.append(attributes["id"])
        if tag == "a" and attributes.get("href"):
            self.links.append(attributes["href"])

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @classmethod
    def of(cls, text: str) -> Page:
        page = cls()
        page.feed(text)
        return page

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def all(self, tag: str, css: str = "") -> list[dict[str, str | None]]:
        return [
            attrs for name, attrs in self.tags if name == tag and css in {"", *(attrs.get("class") or "").split(" ")}
        ]


def _module(stem: str) -> ModuleType:
    name = f"report_{stem}"
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{stem}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def synthetic() -> ModuleType:
    return _module("synthetic")


@pytest.fixture(scope="session")
def grid_synthetic() -> ModuleType:
    return _module("grid_synthetic")


@pytest.fixture(scope="session")
def grid_run(synthetic: ModuleType, grid_synthetic: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with recordings. Read only."""
    return grid_synthetic.write_grid(synthetic, tmp_path_factory.mktemp("grid"))


@pytest.fixture(scope="session")
def grid_html(grid_run: Path, fixtures: Path) -> str:
    return HtmlReport(fixtures=fixtures).write(grid_run).read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def grid_page(grid_html: str) -> Page:
    return Page.of(grid_html)


@pytest.fixture(scope="session")
def fixtures(synthetic: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synthetic.write_fixtures(tmp_path_factory.mktemp("fixtures"))


@pytest.fixture(scope="session")
def mixed(synthetic: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with one of each kind of result. Read only."""
    return synthetic.write_mixed(tmp_path_factory.mktemp("mixed"))


@pytest.fixture(scope="session")
def html(mixed: Path, fixtures: Path) -> str:
    return HtmlReport(fixtures=fixtures).write(mixed).read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def page(html: str) -> Page:
    return Page.of(html)
