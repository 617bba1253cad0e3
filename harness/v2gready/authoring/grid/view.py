"""A recording as a judge looks at it: what was really played, and what the device did.

Every gate looks for the stimulus in the measured voltage. A ramp that was not as steep as the code wants, a dip that
was not as deep, a device that was not at its power prove nothing: the gate raises `Inconclusive` with the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from v2gready.authoring.grid.bench import held_for
from v2gready.grid import measurement as measure
from v2gready.grid.measurement import Dip
from v2gready.grid.profile import Profile
from v2gready.grid.quantities import Quantities
from v2gready.grid.rating import Rating
from v2gready.grid.recording import Recording
from v2gready.grid.screening import screen, unusable
from v2gready.grid.series import Series
from v2gready.model.measurement import DecisionRule, Measurement
from v2gready.model.observation import Inconclusive
from v2gready.model.trace import Trace

FREQUENCY_TOLERANCE: Final = 0.010
"""Hz by which a held frequency may differ from the wanted one (EN 50549-10 [u])."""
VOLTAGE_TOLERANCE: Final = 0.01
"""Share of nominal by which a held voltage may differ (EN 50549-10 [u])."""
DIP_TOLERANCE: Final = 0.05
"""Share of nominal by which the residual voltage of a dip may differ (EN 50549-10 [u])."""
EDGE: Final = 0.02
"""Seconds by which the length of a dip or swell may differ: one cycle (EN 50549-10 [u])."""
ROCOF_TOLERANCE: Final = 0.1
"""Share by which a ramp may be steeper than wanted; flatter is never enough."""
POWER_TOLERANCE: Final = 0.05
"""Share of rated power by which the power before a stimulus may differ from the wanted one."""
CONNECTED_SHARE: Final = 0.01
"""Of rated current, above which a device is taken for connected (IEC 62116)."""
ONE_CYCLE: Final = 0.02
"""Seconds of a nominal cycle."""
CALM_FREQUENCY: Final = 0.1
"""Hz by which the frequency may differ from nominal where a recording begins."""
CALM_VOLTAGE: Final = 0.06
"""Share of nominal by which a phase may differ there: a grid simulator errs by 1 %, scaling and wiring by more."""
HOLD_SHARE: Final = 0.98
"""Of a wanted hold that must be seen: the estimators need the rest."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the recording, in seconds on its timeline."""

    start: float
    end: float

    @property
    def duration(self) -> float:
        """Seconds."""
        return self.end - self.start

    def last(self, seconds: float) -> Span:
        """Its last seconds."""
        return Span(max(self.start, self.end - seconds), self.end)

    def from_(self, seconds: float) -> Span:
        """What is left of it after so many seconds."""
        return Span(min(self.start + seconds, self.end), self.end)


class _Measured:
    """What a recording holds, whoever asks: the code and the rating to judge it by, and its quantities.

    Args:
        trace: The trace that it came with.
        recording: The recording.
    """

    def __init__(self, trace: Trace, recording: Recording) -> None:
        self.trace = trace
        self.code = Profile.from_json(trace.declared["grid_code"])
        self.rating = Rating.declared(trace.declared)
        self.unusable = unusable(screen(recording, self.rating.voltage, self.rating.current))
        self.q = Quantities(recording)

    @cached_property
    def fine(self) -> Quantities:
        """The same quantities with values each millisecond, for the instants of events."""
        return self.q.refreshed(0.001)


_last: list[_Measured] = []
"""Of the trace looked at last: its judge and the rules that hold on every recording look one after the other."""


def _measured(trace: Trace, recording: Recording) -> _Measured:
    if not _last or _last[0].trace is not trace or _last[0].q.recording is not recording:
        _last[:] = [_Measured(trace, recording)]
    return _last[0]


class View:
    """The recording of a trace, with the grid code and the rating to judge it by.

    Args:
        trace: The trace of a case or of a recording.

    Raises:
        Inconclusive: Nothing was recorded, or nothing that can be used.
    """

    def __init__(self, trace: Trace) -> None:
        record = trace.recorded("grid")
        self.trace = trace
        self.at = (record.index,)
        self.recording: Recording = record.content
        self._measured = _measured(trace, self.recording)
        self.code, self.rating, self.q = self._measured.code, self._measured.rating, self._measured.q
        self.rule = DecisionRule(trace.declared.get("decision_rule", DecisionRule.NON_BINARY))
        if self._measured.unusable:
            raise Inconclusive(f"the recording cannot be used: {self._measured.unusable}")
        self._events: dict[float, list[Dip]] = {}
        self._begins_calmly()

    @property
    def fine(self) -> Quantities:
        """The same quantities with values each millisecond, for the instants of events."""
        return self._measured.fine

    @property
    def span(self) -> Span:
        """The whole recording."""
        return Span(self.recording.start, self.recording.start + self.recording.duration)

    def held_for(self, seconds: float) -> float:
        """How long a hold of so many seconds is on this bench."""
        return held_for(seconds, self.trace.declared)

    def mean(self, series: Series, span: Span) -> Measurement:
        """Mean over a stretch."""
        return series.between(span.start, span.end).mean()

    def export(self, span: Span) -> Measurement:
        """Mean active power towards the grid over a stretch."""
        return self.mean(self.q.export, span)

    def _begins_calmly(self) -> None:
        """Every stimulus begins at a nominal grid; one that does not is none of ours, or is scaled wrongly."""
        f = float(self.q.f.values[0])
        volts = [float(phase.values[0]) for phase in self.q.u]
        if abs(f - self.code.nominal_frequency) > CALM_FREQUENCY:
            raise Inconclusive(f"the recording begins at {f:.2f} Hz, not at a nominal grid")
        if any(abs(u / self.rating.voltage - 1.0) > CALM_VOLTAGE for u in volts):
            told = ", ".join(f"{u:.1f} V" for u in volts)
            raise Inconclusive(f"the recording begins at {told}, not at a nominal grid")

    # --- what was really played ---------------------------------------------------------------------------------------

    def held_frequency(self, f: float, seconds: float, *, after: float = float("-inf")) -> Span:
        """The first stretch in which the frequency was held for so long.

        Args:
            f: Hz.
            seconds: The wanted hold.
            after: It begins after this instant.
        """
        return self._held(self.q.f, f, tolerance=FREQUENCY_TOLERANCE, seconds=seconds, after=after)

    def held_voltage(self, u: float, seconds: float, *, after: float = float("-inf")) -> Span:
        """The first stretch in which the positive-sequence voltage was held for so long; ``u`` in pu."""
        nominal = self.rating.voltage
        return self._held(
            self.q.u_pos, u * nominal, tolerance=VOLTAGE_TOLERANCE * nominal, seconds=seconds, after=after
        )

    def ramp(self, rate: float, window: float, *, after: float = float("-inf")) -> Span:
        """The stretch in which frequency changed at least as fast as wanted over a window, and not much faster.

        Args:
            rate: Hz/s with its sign.
            window: Seconds over which the code averages.
            after: It begins after this instant.
        """
        found = [
            one
            for one in measure.ramps(self.q.f, least=abs(rate) / 2)
            if one.start >= after and one.rate.value * rate > 0
        ]
        for one in found:
            seen, doubt = abs(one.rate.value), one.rate.uncertainty
            steep = abs(rate) - doubt <= seen <= abs(rate) * (1 + ROCOF_TOLERANCE) + doubt
            if steep and one.end - one.start >= window - one.corner_uncertainty - EDGE:
                return Span(one.start, one.end)
        told = ", ".join(f"{one.rate.value:.3f} Hz/s for {one.end - one.start:.3f} s" for one in found) or "none"
        raise Inconclusive(f"the stimulus has no ramp of {rate:g} Hz/s for {window:g} s (seen: {told})")

    def dip(self, u: float, seconds: float, *, nth: int = 0) -> Dip:
        """A dip or swell of the voltage as deep and as long as wanted.

        Args:
            u: Residual voltage of the deepest (highest) phase in pu.
            seconds: Its length.
            nth: Which of the dips.
        """
        nominal = self.rating.voltage
        if u not in self._events:
            threshold, hysteresis = (1 + u) / 2 * nominal, 0.02 * nominal * abs(1 - u)
            search = measure.swells if u > 1 else measure.dips
            self._events[u] = search(self.fine.u, threshold, hysteresis=hysteresis)
        found = self._events[u]
        if nth >= len(found):
            raise Inconclusive(f"the voltage left {u:g} Un {len(found)} times, number {nth + 1} is wanted")
        event = found[nth]
        residual = event.residual.value / nominal
        if abs(residual - u) > DIP_TOLERANCE:
            raise Inconclusive(f"the voltage went to {residual:.3f} Un, the stimulus wants {u:g} Un")
        if abs(event.duration.value - seconds) > EDGE + event.duration.uncertainty:
            raise Inconclusive(
                f"the voltage was away for {event.duration.value:.3f} s, the stimulus wants {seconds:g} s"
            )
        return event

    def at_power(self, share: float, before: float, *, seconds: float = 0.5) -> Measurement:
        """The power towards the grid before an instant, which must be as wanted.

        Args:
            share: Of the rated power; negative while charging.
            before: The instant.
            seconds: How long before it.
        """
        seen = self.export(Span(before - seconds, before))
        rated = self.rating.power if share >= 0 else self.rating.charge_power
        if abs(seen.value - share * rated) > POWER_TOLERANCE * rated + seen.uncertainty:
            raise Inconclusive(
                f"before the stimulus the device exported {seen.value:.0f} W, the case wants {share * rated:.0f} W"
            )
        return seen

    def crossing(self, series: Series, level: float, *, rising: bool, after: float = float("-inf")) -> float:
        """The instant at which a quantity first crosses a level."""
        found = [one for one in measure.crossings(series, level, rising=rising) if one.t.value >= after]
        if not found:
            way = "above" if rising else "below"
            raise Inconclusive(f"the stimulus never went {way} {level:g} {series.unit}")
        return found[0].t.value

    def _held(self, series: Series, level: float, *, tolerance: float, seconds: float, after: float) -> Span:
        inside = np.abs(series.values - level) <= tolerance + series.uncertainty
        edges = np.flatnonzero(
            np.diff(np.concatenate(([False], inside & (series.t >= after), [False])).astype(np.int8))
        )
        runs = [Span(float(series.t[a]), float(series.t[b - 1])) for a, b in zip(edges[::2], edges[1::2], strict=True)]
        enough = HOLD_SHARE * seconds - series.window - EDGE
        for run in runs:
            if run.duration >= enough:
                return run
        longest = max((run.duration for run in runs), default=0.0)
        wanted = f"{level:g} {series.unit} for {seconds:g} s"
        raise Inconclusive(f"the stimulus did not hold {wanted} (longest {longest:.3g} s)")

    # --- what the device did ------------------------------------------------------------------------------------------

    def disconnected(self, span: Span) -> Measurement | None:
        """The instant at which the device left the grid for good, before the end of a stretch; None if it stayed.

        A device that was at the grid earlier and carries no current at the start of the stretch has left before it.
        """
        current = self.q.envelope
        least = CONNECTED_SHARE * self.rating.current
        there = current.between(span.start, min(span.start + ONE_CYCLE, span.end)).maximum().value >= least
        since = span.start
        if not there:
            earlier = current.between(self.recording.start, span.start)
            flowing = np.flatnonzero(earlier.values >= least)
            if len(flowing):
                since = max(float(earlier.t[flowing[-1]]) - ONE_CYCLE, self.recording.start)
        return measure.disconnection(current, self.rating.current, since=since, until=span.end)
