"""Parts that others may add: found by entry point, checked for shape."""

from __future__ import annotations

from importlib.metadata import entry_points

from v2gready.model.dut import ConfigurationError, Problem
from v2gready.report.writer import ReportWriter


def report_writers() -> list[ReportWriter]:
    """All report writers that are installed, by name of their entry point.

    Raises:
        ConfigurationError: An installed package names something that is no report writer.
    """
    writers = []
    for point in sorted(entry_points(group="v2gready.reports"), key=lambda one: one.name):
        writer = point.load()
        if not isinstance(writer, ReportWriter):
            package = point.dist.name if point.dist else "a package"
            what = f"entry point {point.name} of {package} is no report writer"
            raise ConfigurationError(
                "v2gready.reports", [Problem(point.value, what, "uninstall or repair that package")]
            )
        writers.append(writer)
    return writers
