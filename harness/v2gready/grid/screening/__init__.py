"""Is a recording fit for a verdict? Looked at before any judge: what an instrument or a wire did wrong, not the device.

Nothing here may misfire on what happens in a test: dips, swells, unbalanced faults, phase jumps, islands, trips. What
a recording cannot show is not claimed either: all three currents turned round look like the other direction of power,
and lost samples that the file does not own up to look like a phase jump.
"""

from __future__ import annotations

from v2gready.grid.recording import Kind, Recording
from v2gready.grid.screening.completeness import missing_channels, not_finite, rate_too_low, too_short
from v2gready.grid.screening.finding import Expected, Finding, Severity
from v2gready.grid.screening.quantities import screen_quantities
from v2gready.grid.screening.waveform import screen_waveform

__all__ = ["Finding", "Severity", "screen", "unusable"]

_HOLES = {"too short", "missing channel", "gap", "not finite"}


def unusable(findings: tuple[Finding, ...]) -> str:
    """Why no judge may use the recording, in one sentence; empty if it may."""
    return "; ".join(finding.sentence for finding in findings if finding.severity is Severity.UNUSABLE)


def screen(
    recording: Recording,
    nominal_voltage: float,
    rated_current: float,
    *,
    nominal_frequency: float = 50.0,
    phases: int = 3,
) -> tuple[Finding, ...]:
    """Looks for everything that makes a recording unfit.

    Args:
        recording: Waveform or quantities.
        nominal_voltage: RMS, line to neutral, V.
        rated_current: RMS of one phase, A.
        nominal_frequency: Hz.
        phases: Of the device: 1 or 3.
    """
    bench = Expected(nominal_voltage, rated_current, nominal_frequency, phases)
    found = [
        *missing_channels(recording, bench),
        *too_short(recording, bench),
        *rate_too_low(recording),
        *not_finite(recording),
    ]
    if any(finding.rule in _HOLES and finding.severity is Severity.UNUSABLE for finding in found):
        return tuple(found)  # what is below would speak about holes, not about the recording
    found += (
        screen_waveform(recording, bench) if recording.kind is Kind.WAVEFORM else screen_quantities(recording, bench)
    )
    return tuple(found)
