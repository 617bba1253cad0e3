"""Where on the timeline the checks of a case looked, as a drawing needs it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from v2gready.report.checks import CHECK_STATES, Check

DETAIL_SHARE = 0.025
"""Of the recording: what is judged in a shorter stretch is drawn a second time, enlarged."""
_LONGEST_DETAIL = 0.25
"""Of the recording: a longer stretch can be read as it is."""
_PADDING = 0.6
"""Of that stretch, shown before and after it."""
_LEAST_PADDING = 0.01
"""Of the recording."""
_FEWEST_VALUES = 12
"""Values of the recording that an enlargement shows at least, on either side."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A check with instants.

    Attributes:
        check: The check.
        anchor: Of its row.
        instants: Seconds, ascending. Two of them are the ends of a stretch.
    """

    check: Check
    anchor: str
    instants: tuple[float, ...]

    @property
    def since(self) -> float:
        """First instant."""
        return self.instants[0]

    @property
    def until(self) -> float:
        """Last instant."""
        return self.instants[-1]

    @property
    def spans(self) -> bool:
        """The instants are the ends of a stretch."""
        return len(self.instants) == 2


def judged(checks: Iterable[Check], page: str) -> list[Judged]:
    """The checks that name instants, in their order."""
    found = []
    for check in checks:
        instants = sorted(one for one in check.observation.instants if math.isfinite(one))
        if instants:
            found.append(Judged(check, check_anchor(page, check), tuple(instants)))
    return found


def check_anchor(page: str, check: Check) -> str:
    """Anchor of the row of a check."""
    return f"{page}-c{check.number}"


def details(marks: Sequence[Judged], whole: tuple[float, float], spacing: float) -> list[tuple[float, float]]:
    """Stretches that are worth an enlargement, the one with the worst verdict first; none that overlap.

    Args:
        marks: The checks.
        whole: First and last instant of the recording.
        spacing: Seconds between two of its values.
    """
    start, end = whole
    total = end - start
    short = sorted(
        (mark for mark in marks if mark.until - mark.since < DETAIL_SHARE * total and start <= mark.since <= end),
        key=lambda mark: mark.since,
    )
    clusters: list[list[Judged]] = []
    for mark in short:
        if clusters and mark.since - max(one.until for one in clusters[-1]) < DETAIL_SHARE * total:
            clusters[-1].append(mark)
        else:
            clusters.append([mark])
    ranked = sorted(clusters, key=lambda cluster: -max(CHECK_STATES.index(mark.check.state) for mark in cluster))
    found: list[tuple[float, float]] = []
    for cluster in ranked:
        since, until = cluster[0].since, max(mark.until for mark in cluster)
        pad = max(_PADDING * (until - since), _FEWEST_VALUES * spacing, _LEAST_PADDING * total)
        window = (max(start, since - pad), min(end, until + pad))
        if window[1] - window[0] < _LONGEST_DETAIL * total and not any(
            window[0] < other[1] and other[0] < window[1] for other in found
        ):
            found.append(window)
    return found
