"""The pytest plugin: cases of the catalogue as pytest items.

``v2gready certify`` runs pytest with it. It also works alone, beside any other plugin::

    pytest -p v2gready.engine.plugin --v2g-dut dut.toml --v2g-out runs/today --alluredir results TESTCASES
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from v2gready.engine import campaign as campaigns
from v2gready.engine.campaign import Campaign
from v2gready.engine.catalogue import AnyCase, load_catalogue
from v2gready.engine.data import find_scheme
from v2gready.engine.preflight import prepare
from v2gready.engine.progress import Progress, Silent
from v2gready.engine.selection import Selector
from v2gready.model.dut import ConfigurationError
from v2gready.model.run import CaseRecord
from v2gready.model.verdict import Verdict
from v2gready.resources import folder


class NotPassed(Exception):  # noqa: N818 - carries a verdict to pytest, which wants an exception
    """A case that did not pass."""

    def __init__(self, record: CaseRecord) -> None:
        super().__init__(record.reason)
        self.record = record


class CasePlugin:
    """Collects and runs the pending cases of a campaign.

    Args:
        campaign: What to run.
        progress: Who is told.
    """

    def __init__(self, campaign: Campaign, progress: Progress) -> None:
        self.campaign = campaign
        self.progress = progress
        self._by_file: dict[Path, list[AnyCase]] = {}
        for case in campaign.pending:
            self._by_file.setdefault(campaign.catalogue.files[case.id], []).append(case)

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
        """A module of the catalogue becomes a collector of its cases."""
        cases = self._by_file.get(file_path)
        if not cases:
            return None
        collector: CaseFile = CaseFile.from_parent(parent, path=file_path)
        collector.cases = tuple(cases)
        collector.plugin = self
        return collector

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """The order of the catalogue, not that of the files."""
        place = {case.id: number for number, case in enumerate(self.campaign.pending)}
        items.sort(key=lambda item: place.get(item.name, -1))

    def pytest_sessionstart(self) -> None:
        """Shows what is going to run."""
        self.progress.begin(self.campaign.directory.record, len(self.campaign.pending))

    def pytest_sessionfinish(self) -> None:
        """Closes the record."""
        self.progress.end()
        self.campaign.finish()


class CaseFile(pytest.File):
    """A module of the catalogue."""

    cases: tuple[AnyCase, ...]
    plugin: CasePlugin

    def collect(self) -> Iterator[pytest.Item]:
        """One item per case."""
        for case in self.cases:
            item: CaseItem = CaseItem.from_parent(self, name=case.id)
            item.case = case
            item.plugin = self.plugin
            item.user_properties += [("title", case.title), ("requirements", " ".join(case.requirements))]
            yield item


class CaseItem(pytest.Item):
    """One case."""

    case: AnyCase
    plugin: CasePlugin

    def runtest(self) -> None:
        """Runs the case; any verdict but pass is told to pytest as a failure that names the verdict."""
        self.plugin.progress.started(self.case.info())
        record = self.plugin.campaign.run_case(self.case)
        self.plugin.progress.finished(record)
        self.user_properties.append(("verdict", record.verdict.label))
        if record.verdict is not Verdict.PASS:
            raise NotPassed(record)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Requirement, expected and seen, in place of a traceback."""
        if not isinstance(excinfo.value, NotPassed):
            return super().repr_failure(excinfo, style)
        record = excinfo.value.record
        lines = [f"{record.info.id} {record.verdict.label}: {record.reason}"]
        lines += [
            f"  {one.requirement}: expected {one.expected}; seen {one.seen}"
            for one in record.observations
            if one.verdict is not Verdict.PASS
        ]
        return "\n".join(lines)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where the case stands."""
        return self.path, None, f"{self.case.id} {self.case.title}"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options for use without the command line of v2gready."""
    group = parser.getgroup("v2gready", "V2G-ready conformance harness")
    group.addoption("--v2g-dut", metavar="FILE", help="DUT file of the device under test")
    group.addoption("--v2g-out", metavar="DIR", help="run directory (default: runs/<time>)")
    group.addoption("--v2g-select", metavar="EXPR", default="", help="which cases, e.g. 'sdp or CHG-SES-*'")
    group.addoption("--v2g-scheme", metavar="ID", default="", help="label scheme")
    group.addoption("--v2g-seed", metavar="N", type=int, help="seed of all randomness")


def pytest_configure(config: pytest.Config) -> None:
    """Starts a campaign if a DUT file is given."""
    dut = config.getoption("--v2g-dut")
    if not dut:
        return
    out = config.getoption("--v2g-out") or f"runs/{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    try:
        scheme = config.getoption("--v2g-scheme")
        campaign = campaigns.start(
            load_catalogue(),
            prepare(Path(dut)),
            Path(out),
            selector=Selector(config.getoption("--v2g-select")),
            scheme=find_scheme(scheme).id if scheme else "",
            seed=config.getoption("--v2g-seed"),
        )
    except ConfigurationError as wrong:
        raise pytest.UsageError(str(wrong)) from None
    config.pluginmanager.register(CasePlugin(campaign, Silent()), "v2gready-cases")


def arguments(extra: Iterable[str] = ()) -> list[str]:
    """Arguments with which ``v2gready certify`` runs pytest: no ini file of the user's, no terminal report."""
    base = str(folder("testcases"))
    return ["-c", "/dev/null", "--rootdir", base, "-p", "no:terminal", "-p", "no:cacheprovider", "-s", *extra, base]
