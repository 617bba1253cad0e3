"""Recordings of a case as plots, or one sentence that says why there are none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from markupsafe import Markup

from v2gready.grid import sample_files
from v2gready.model.observation import Inconclusive
from v2gready.model.trace import Recorded
from v2gready.report.checks import Check
from v2gready.report.judged import details, judged
from v2gready.report.text import one_line

BUDGET: Final = 60_000
"""Octets of drawing for one recording; enlargements that go beyond are left out."""
MOST_DETAILS: Final = 2


@dataclass(frozen=True, slots=True)
class Drawn:
    """What the report shows of a recording.

    Attributes:
        anchor: Of all of it.
        source: Instrument or file, kind and length in one sentence; empty if it could not be read.
        kind: ``waveform`` or ``quantities``.
        overview: The whole recording; empty if it could not be drawn.
        details: Enlargements, each with its heading.
        missing: Sentences on what is not shown, and why.
    """

    anchor: str
    source: str = ""
    kind: str = ""
    overview: Markup = field(default_factory=Markup)
    details: tuple[tuple[str, Markup], ...] = ()
    missing: tuple[str, ...] = ()


def draw_recording(
    root: Path, record: Recorded, checks: Sequence[Check], declared: Mapping[str, Any], *, page: str, anchor: str
) -> Drawn:
    """Reads the samples of a record and draws what is worth it; never raises over what a run directory holds.

    Args:
        root: The run directory.
        record: Its content is the entry of the trace file (`report.stored`).
        checks: Checks of the case that the report lists.
        declared: Parameters of the run.
        page: Anchor of the case.
        anchor: Of all that is drawn.
    """
    try:
        return _drawn(root, record, checks, declared, page=page, anchor=anchor)
    except ModuleNotFoundError as missing:
        if missing.name is None or missing.name.partition(".")[0] != "numpy":
            raise
        return Drawn(anchor, missing=("No plots: NumPy is not installed here (pip install 'v2gready[grid]').",))
    except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, IndexError, Inconclusive) as problem:
        # A run directory may come from somebody else: whatever its files hold, the rest of the report stands.
        return Drawn(anchor, missing=(f"No plots: {one_line(problem)}.",))


def _drawn(
    root: Path, record: Recorded, checks: Sequence[Check], declared: Mapping[str, Any], *, page: str, anchor: str
) -> Drawn:
    from v2gready.report.stack import Stack, draw  # noqa: PLC0415 - the extra "grid"
    from v2gready.report.tracks import Tracks  # noqa: PLC0415

    recording = sample_files.read(root, record.content)
    everything = Tracks(recording, declared)
    observations = [check.observation for check in checks]
    tracks = everything.chosen(observations)
    if not tracks:
        reasons = "; ".join(dict.fromkeys(everything.missing.values()))
        return Drawn(anchor, missing=(f"No plots: {reasons or 'the recording is empty'}.",))
    marks = tuple(judged(checks, page))
    start, end = everything.whole
    switchings = everything.switchings()
    title = f"Recording of the {record.name}, {start:.6g} s to {end:.6g} s"
    overview = draw(Stack(title, (start, end), tracks, switchings, marks), f"{anchor}-0")
    size = len(overview)
    enlarged: list[tuple[str, Markup]] = []
    for number, window in enumerate(details(marks, (start, end), everything.spacing)[:MOST_DETAILS], start=1):
        part = everything.enlarged(tracks, window, observations)
        heading = f"Enlarged: {window[0]:.3f} s to {window[1]:.3f} s"
        drawing = draw(Stack(heading, window, part, switchings, marks), f"{anchor}-{number}") if part else Markup("")
        size += len(drawing)
        if drawing and size <= BUDGET:
            enlarged.append((heading, drawing))
    kind = "instantaneous values" if recording.kind.value == "waveform" else "quantities"
    source = f"{recording.source}: " if recording.source else ""
    return Drawn(
        anchor,
        source=f"{source}{kind}, {recording.rate:g} values a second, {recording.duration:.6g} s.",
        kind=recording.kind.value,
        overview=overview,
        details=tuple(sorted(enlarged, key=lambda one: float(one[0].split()[1]))),
        missing=_left_out(everything.missing),
    )


def _left_out(missing: Mapping[str, str]) -> tuple[str, ...]:
    """One sentence for each reason."""
    names: dict[str, list[str]] = {}
    for name, reason in missing.items():
        names.setdefault(reason, []).append(name)
    return tuple(f"Not shown ({', '.join(several)}): {reason}." for reason, several in names.items())
