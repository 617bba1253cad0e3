"""The HTML report: one file, no network, readable without JavaScript.

Templates, style and texts are data (``reports/``). Every string of the run is escaped and made visible: a device
chooses its own EVSEID, and a run directory may come from somebody else.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from v2gready import __version__, resources
from v2gready.report import text, views
from v2gready.report.knowledge import read_knowledge
from v2gready.report.matrix import GLYPHS
from v2gready.report.overview import overview
from v2gready.report.stored import read_run
from v2gready.report.text import Texts
from v2gready.report.writer import ReportWriter

FILE = "report.html"


@dataclass(frozen=True, slots=True)
class HtmlReport:
    """Writes ``report.html``.

    Attributes:
        name: For the command line.
        fixtures: Data files to look things up in; None for those stored with the run.
    """

    name: str = "html"
    fixtures: Path | None = None

    def write(self, run_dir: Path) -> Path:
        """Renders the report of a stored run.

        Raises:
            RunRecordError: The run cannot be read.
        """
        path = run_dir / FILE
        path.write_text(render(run_dir, self.fixtures or _knowledge_of(run_dir)), encoding="utf-8", newline="\n")
        return path


def _knowledge_of(run_dir: Path) -> Path:
    """The requirements and schemes stored with the run; those of the installation for a run that has none."""
    stored = run_dir / "config"
    return stored if (stored / "requirements").is_dir() else resources.folder("fixtures")


def render(run_dir: Path, fixtures: Path) -> str:
    """The report as a string: a pure function of the two folders and the templates.

    Raises:
        RunRecordError: The run cannot be read.
    """
    stored = read_run(run_dir)
    templates = resources.folder("reports")
    texts = Texts.read(templates / "texts.toml")
    style, script = (_source(templates / "html" / name) for name in ("style.css", "report.js"))
    style += _running_feet(stored.record.id)
    return (
        _environment(templates / "html", texts)
        .get_template("report.html.j2")
        .render(
            v=overview(stored, read_knowledge(fixtures)),
            cases=[views.case_view(stored, case) for case in stored.record.cases],
            style=Markup(style),  # noqa: S704 # our own file
            script=Markup(script),  # noqa: S704 # our own file
            policy=_policy(style, script),
            generator=__version__,
        )
    )


def _environment(templates: Path, texts: Texts) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(templates),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals |= {"t": texts, "table": texts.table, "glyphs": GLYPHS}
    environment.filters |= {
        "anchor": lambda value, kind: text.anchor(kind, value),
        "page": views.case_anchor,
        "span": text.span,
        "utc": text.utc,
        "plural": text.plural,
        "file_url": lambda path: quote(path, safe="/"),
        "css_class": lambda word: word.replace(" ", "-"),
    }
    environment.tests |= {
        "frame": lambda row: isinstance(row, views.FrameRow),
        "event": lambda row: isinstance(row, views.EventRow),
        "gap": lambda row: isinstance(row, views.GapRow),
    }
    return environment


def _finalize(value: Any) -> Any:
    return value if isinstance(value, Markup) or not isinstance(value, str) else text.visible(value)


def _source(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _running_feet(run_id: str) -> str:
    """ISO/IEC 17025 7.8.2.1 d: every page is recognised as part of this report."""
    quoted = "".join(char if char.isascii() and char.isalnum() else f"\\{ord(char):06x}" for char in run_id)
    return f'@page {{ @bottom-left {{ content: "Run {quoted}"; }} }}\n'


def _policy(style: str, script: str) -> str:
    """Content security policy: nothing runs, loads or is sent but our own style and script."""
    return (
        f"default-src 'none'; style-src 'sha256-{_digest(style)}'; script-src 'sha256-{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(source: str) -> str:
    return base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()


WRITER: ReportWriter = HtmlReport()
