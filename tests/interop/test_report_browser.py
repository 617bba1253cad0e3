"""The HTML report in a real browser, with the network taken away.

A counterpart of its own kind: Chromium decides whether the page is what we think it is. What it logs to its console,
what it tries to fetch (its net log) and the document it ends up with are checked, with and without JavaScript.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from v2gready.report.html import HtmlReport

pytestmark = pytest.mark.browser

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--enable-logging=stderr",
    "--hide-scrollbars",
    "--virtual-time-budget=5000",
)
_BROWSER_ITSELF = "not an origin"
"""Initiator that the net log gives to requests of the browser, e.g. for updates; a page has another."""


@dataclass(frozen=True)
class Visit:
    """What became of a page."""

    dom: str
    console: list[str]
    requests: list[str]

    def element(self, identifier: str) -> str:
        """The opening tag with that id."""
        found = re.search(rf'<[^<>]*\bid="{re.escape(identifier)}"[^<>]*>', self.dom)
        assert found is not None, f"no element has the id {identifier}"
        return found[0]


@pytest.fixture(scope="module")
def chromium() -> str:
    path = next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        complaint = f"no Chromium: none of {', '.join(_NAMES)} is installed"
        if os.environ.get("CI"):
            pytest.fail(complaint)
        pytest.skip(complaint)
    return path


def _module(stem: str) -> ModuleType:
    path = Path(__file__).parents[1] / "unit" / "report" / f"{stem}.py"
    spec = importlib.util.spec_from_file_location(f"report_{stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def synthetic() -> ModuleType:
    return _module("synthetic")


@pytest.fixture(scope="module")
def grid_report(synthetic: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report with recordings, characteristics and a grid code."""
    pytest.importorskip("numpy")
    folder = tmp_path_factory.mktemp("grid")
    fixtures = synthetic.write_fixtures(folder / "fixtures")
    return HtmlReport(fixtures=fixtures).write(_module("grid_synthetic").write_grid(synthetic, folder / "run"))


@pytest.fixture(scope="module")
def report(synthetic: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    fixtures = synthetic.write_fixtures(folder / "fixtures")
    return HtmlReport(fixtures=fixtures).write(synthetic.write_mixed(folder / "run"))


def browse(chromium: str, work: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs Chromium with a profile of its own."""
    command = [chromium, *_FLAGS, f"--user-data-dir={work / 'profile'}", f"--log-net-log={work / 'net.json'}"]
    return subprocess.run([*command, *arguments], capture_output=True, encoding="utf-8", timeout=120, check=True)


def visit(chromium: str, work: Path, page: Path, fragment: str = "") -> Visit:
    done = browse(chromium, work, "--dump-dom", f"{page.as_uri()}{fragment}")
    return Visit(done.stdout, re.findall(r"CONSOLE:\d+\] (.*)", done.stderr), _requests(work / "net.json"))


def _requests(log: Path) -> list[str]:
    """What the page, not the browser, asked of the network."""
    document = json.loads(log.read_text(encoding="utf-8"))
    start = document["constants"]["logEventTypes"]["URL_REQUEST_START_JOB"]
    jobs = [event["params"] for event in document["events"] if event["type"] == start and "params" in event]
    return [job["url"] for job in jobs if "url" in job and job.get("initiator") != _BROWSER_ITSELF]


@pytest.fixture(scope="module")
def seen(chromium: str, report: Path, tmp_path_factory: pytest.TempPathFactory) -> Visit:
    return visit(chromium, tmp_path_factory.mktemp("visit"), report)


def test_the_net_and_the_console_would_tell(chromium: str, tmp_path: Path) -> None:
    """The two witnesses below are believed only because they speak up here."""
    page = tmp_path / "noisy.html"
    page.write_text('<!DOCTYPE html><img src="https://elsewhere.invalid/a.png"><script>missing()</script>')
    noisy = visit(chromium, tmp_path, page)
    assert noisy.requests == ["https://elsewhere.invalid/a.png"]
    assert "missing is not defined" in noisy.console[0]


def test_no_request_and_no_console_message(seen: Visit) -> None:
    assert seen.requests == []
    assert seen.console == []


def test_the_title_is_not_the_devices_to_set(seen: Visit) -> None:
    title = re.search(r"<title>(.*?)</title>", seen.dom)
    assert title is not None
    assert title[1].startswith("Conformance test report")
    assert seen.dom.count("<script") == 1


def test_state_matrix_pages_and_diagram_are_there(seen: Visit) -> None:
    assert "label-not-granted" in seen.dom
    assert 'data-state="fail"' in seen.element("req-V2G20-TEST-5")
    assert "<article" in seen.element("CHG-TIM-SEQ-01")
    assert '<svg class="sequence"' in seen.dom
    assert '<polyline class="pl-line"' in seen.dom


def test_the_script_ran(seen: Visit) -> None:
    assert re.search(r"<form[^>]*data-for=\"results-table\">", seen.dom)
    assert "<output>8 of 8</output>" in seen.dom
    assert "Open all frames" in seen.dom


def test_a_link_opens_what_it_leads_to(chromium: str, report: Path, seen: Visit, tmp_path: Path) -> None:
    frame = "CHG-CHA-LOOP-01-r820"
    assert "open" not in seen.element(frame)
    assert "open" in visit(chromium, tmp_path, report, f"#{frame}").element(frame)


def test_the_filter_hides_what_does_not_fit(chromium: str, report: Path, tmp_path: Path) -> None:
    """A visitor types into the field; the policy is taken out of the copy so that the visitor may be a script."""
    html = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", report.read_text(encoding="utf-8"))
    typing = (
        '<script>const form = document.querySelector("form.filter");'
        'form.querySelector("[value=fail]").checked = false; form.elements.text.value = "session V2G20-TEST-1";'
        'form.dispatchEvent(new Event("input"));</script></body>'
    )
    copy = tmp_path / "copy.html"
    copy.write_text(html.replace("</body>", typing), encoding="utf-8")
    dom = visit(chromium, tmp_path, copy).dom
    rows = re.findall(r'<tr class="row" data-state="[^"]*" data-area="[^"]*"[^>]*>\s*<td><a[^>]*>([^<]*)', dom)
    hidden = re.findall(r'<tr class="row" data-state="[^"]*" data-area[^>]* hidden="">\s*<td><a[^>]*>([^<]*)', dom)
    assert len(rows) == 8
    assert sorted(set(rows) - set(hidden)) == ["CHG-CHA-LOOP-01", "CHG-SES-PAUSE-03", "CHG-SES-RESUME-01"]
    assert "<output>3 of 8</output>" in dom


def test_everything_can_be_read_without_javascript(chromium: str, report: Path, tmp_path: Path) -> None:
    copy = tmp_path / "bare.html"
    copy.write_text(re.sub(r"<script>.*?</script>", "", report.read_text(encoding="utf-8"), flags=re.DOTALL), "utf-8")
    bare = visit(chromium, tmp_path, copy)
    assert "<output></output>" in bare.dom
    assert re.search(r"<form[^>]*data-for=\"results-table\" hidden", bare.dom)
    assert "open" in bare.element("CHG-TIM-SEQ-01-r22")
    assert "65.0 s of silence" in bare.dom


def test_the_page_is_painted(chromium: str, report: Path, tmp_path: Path) -> None:
    picture = tmp_path / "page.png"
    browse(chromium, tmp_path, "--window-size=1280,2000", f"--screenshot={picture}", report.as_uri())
    assert picture.stat().st_size > 50_000


def test_the_paper_is_a4_and_numbered(chromium: str, report: Path, tmp_path: Path) -> None:
    paper = tmp_path / "page.pdf"
    browse(chromium, tmp_path, "--no-pdf-header-footer", f"--print-to-pdf={paper}", report.as_uri())
    sheets = re.findall(rb"/MediaBox\s*\[0 0 (\d+)[\d.]* (\d+)", paper.read_bytes())
    assert len(sheets) > 5
    assert {(int(width), int(height)) for width, height in sheets} <= {(594, 841), (595, 841), (594, 842), (595, 842)}
    if shutil.which("pdftotext"):
        words = subprocess.run(["pdftotext", paper, "-"], capture_output=True, encoding="utf-8", check=True).stdout
        assert f"Page 1 of {len(sheets)}" in words
        assert words.count("Run 20261121T091400Z-5f3c") >= len(sheets)
        assert "End of report" in words


def test_plots_of_recordings_need_nothing_and_break_no_policy(chromium: str, grid_report: Path, tmp_path: Path) -> None:
    seen = visit(chromium, tmp_path, grid_report, "#CHG-GRI-UVRT-01-c2")
    assert seen.requests == []
    assert seen.console == []
    assert seen.dom.count('<svg class="plot grid-plot"') == 6
    assert seen.dom.count('<svg class="plot xy-plot"') == 1


_MEASURING = """<style>.case { content-visibility: visible !important; }</style><script>
const outside = [], crossing = [];
for (const svg of document.querySelectorAll("svg.plot")) {
  const frame = svg.viewBox.baseVal;
  const boxes = [];
  for (const text of svg.querySelectorAll("text")) {
    const box = text.getBBox();
    const words = `${svg.id}: ${text.textContent}`;
    if (!box.width || box.x < -0.5 || box.y < -0.5 || box.x + box.width > frame.width + 0.5
      || box.y + box.height > frame.height + 0.5) outside.push(words);
    for (const [other, what] of boxes)
      if (box.x + 1 < other.x + other.width && other.x + 1 < box.x + box.width
        && box.y + 3 < other.y + other.height && other.y + 3 < box.y + box.height) crossing.push(`${words} / ${what}`);
    boxes.push([box, text.textContent]);
  }
}
document.documentElement.dataset.outside = JSON.stringify(outside);
document.documentElement.dataset.crossing = JSON.stringify(crossing);
document.documentElement.dataset.plots = document.querySelectorAll("svg.plot").length;
</script></body>"""


def test_words_in_plots_stay_inside_and_apart(chromium: str, grid_report: Path, tmp_path: Path) -> None:
    """A visitor measures every word as it is painted; the policy is taken out of the copy for it."""
    html = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", grid_report.read_text(encoding="utf-8"))
    copy = tmp_path / "copy.html"
    copy.write_text(html.replace("</body>", _MEASURING), encoding="utf-8")
    dom = visit(chromium, tmp_path, copy).dom
    assert 'data-plots="7"' in dom
    assert 'data-outside="[]"' in dom, re.search(r'data-outside="[^"]*"', dom)
    assert 'data-crossing="[]"' in dom, re.search(r'data-crossing="[^"]*"', dom)


def test_plots_are_painted_on_screen_and_paper(chromium: str, grid_report: Path, tmp_path: Path) -> None:
    html, paper = grid_report.read_text(encoding="utf-8"), tmp_path / "page.pdf"
    case = next(one for one in re.findall(r"<article.*?</article>", html, re.DOTALL) if 'id="CHG-GRI-ISLAND-04"' in one)
    sizes = []
    for name, body in (("plots", case), ("words", re.sub(r"<svg.*?</svg>", "", case, flags=re.DOTALL))):
        page, picture = tmp_path / f"{name}.html", tmp_path / f"{name}.png"
        page.write_text(f"{html[: html.index('<body>')]}<body><main>{body}</main></body></html>", encoding="utf-8")
        browse(chromium, tmp_path, "--window-size=1280,1800", f"--screenshot={picture}", page.as_uri())
        sizes.append(picture.stat().st_size)
    assert sizes[0] > sizes[1] + 20_000
    browse(chromium, tmp_path, "--no-pdf-header-footer", f"--print-to-pdf={paper}", grid_report.as_uri())
    if shutil.which("pdftotext"):
        words = subprocess.run(["pdftotext", paper, "-"], capture_output=True, encoding="utf-8", check=True).stdout
        for title in ("P to the grid / kW", "Island switch closed", "Enlarged:", "Judged by"):
            assert title in words
