"""Instants: crossings, dips and swells, and when a current began or ceased to flow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from v2gready.grid.measurement.waveform import Waveform
from v2gready.grid.recording import Floats
from v2gready.grid.series import Series
from v2gready.model.measurement import Measurement
from v2gready.model.observation import Inconclusive

Flags = NDArray[np.bool_]

ENVELOPE_WINDOW = 0.0005
"""Seconds over which the envelope of the current is squared and averaged: long enough for noise, short of 1 ms."""
_CYCLES_OF_A_FLANK = 1.2
"""A step lies within one window of the RMS value, and a little."""


@dataclass(frozen=True, slots=True)
class Crossing:
    """A level was crossed.

    Attributes:
        t: Instant, s.
        rising: Upwards.
    """

    t: Measurement
    rising: bool


@dataclass(frozen=True, slots=True)
class Dip:
    """A voltage event (dip or swell) of one or more phases.

    Attributes:
        start: Instant at which the first phase left, s.
        end: Instant at which the last phase was back, s; None if the recording ends before.
        residual: The extreme RMS voltage of the worst phase, V.
        phases: The extreme of each phase, V.
    """

    start: Measurement
    end: Measurement | None
    residual: Measurement
    phases: tuple[Measurement, ...]

    @property
    def duration(self) -> Measurement:
        """Seconds.

        Raises:
            Inconclusive: The recording ends before the event does.
        """
        if self.end is None:
            raise Inconclusive("the recording ends before the voltage is back")
        u = float(np.hypot(self.start.uncertainty, self.end.uncertainty))
        return Measurement(self.end.value - self.start.value, "s", u)


def crossings(series: Series, level: float, *, rising: bool | None = None, hysteresis: float = 0.0) -> list[Crossing]:
    """Instants at which a quantity crosses a level, linearly between two values.

    After an abrupt step a windowed value moves for as long as its window: the instant is known to half a window.

    Args:
        series: Any quantity.
        level: In its unit.
        rising: Only upwards, only downwards, or both.
        hysteresis: How far beyond the level, on either side, the value must go before the next crossing counts.
    """
    state = _states(series.values, level - hysteresis, level + hysteresis)
    known = np.flatnonzero(state)
    if not len(known):
        return []
    turns = known[np.flatnonzero(np.diff(state[known])) + 1]
    found = []
    for turn in turns:
        up = bool(state[turn] > 0)
        if rising is not None and up is not rising:
            continue
        # Back from where the state is sure to where the level itself was passed.
        side = series.values[: turn + 1] > level
        opposite = np.flatnonzero(side != up)
        found.append(Crossing(_between(series, int(opposite[-1]), level), up))
    return found


def step_instant(series: Series, before: float, after: float, since: float, until: float) -> Measurement:
    """Instant of an abrupt step between two levels of a windowed quantity.

    A symmetrical window is half over when the step is in its centre, and so the value has gone half the way (for RMS
    values: half the way of the squares).

    Args:
        series: Windowed values, stamped at the centre of their window.
        before: Level before.
        after: Level after.
        since: Where to look.
        until: Where to look.

    Raises:
        Inconclusive: The value does not pass the middle in that span.
    """
    span = series.between(since, until)
    squared = span.unit in {"V", "A"}
    middle = float(np.sqrt((before**2 + after**2) / 2)) if squared else (before + after) / 2
    found = crossings(span, middle, rising=after > before)
    if not found:
        raise Inconclusive(f"no step between {since:.3f} s and {until:.3f} s")
    speed = abs(after - before) / max(series.window, series.spacing)
    value = found[0].t.value
    # On the way the value is uncertain because of the step itself; what moves the instant is that of the levels.
    levels = max(float(span.uncertainty[0]), float(span.uncertainty[-1]))
    doubt = span.spacing + levels / speed
    return Measurement(value, "s", float(np.hypot(doubt, series.time_uncertainty)))


def dips(u: Sequence[Series], threshold: float, *, hysteresis: float = 0.0) -> list[Dip]:
    """Dips below a threshold: from the first phase below to all phases back.

    Args:
        u: RMS voltage of each phase at the same instants, refreshed each millisecond for the sake of the instants
            (`Quantities.refreshed`).
        threshold: V.
        hysteresis: V by which the voltage must be above the threshold again (IEC 61000-4-30: typically 2 %).
    """
    return _voltage_events(u, threshold, hysteresis, below=True)


def swells(u: Sequence[Series], threshold: float, *, hysteresis: float = 0.0) -> list[Dip]:
    """Swells above a threshold; see `dips`."""
    return _voltage_events(u, threshold, hysteresis, below=False)


def envelope(waveform: Waveform) -> Series:
    """Largest instantaneous current of any phase, as RMS over half a millisecond, A.

    Of three phases at least one is far from its zero crossing at any instant; a single phase goes through zero, which
    `disconnection` does not take for an end.
    """
    t = waveform.grid(ENVELOPE_WINDOW / 2, ENVELOPE_WINDOW / 2)
    length = ENVELOPE_WINDOW * waveform.recording.rate
    position = waveform.position(t)
    squares = np.stack([waveform.square(name).mean(position, length) for name in waveform.currents])
    values = np.sqrt(np.maximum(squares.max(axis=0), 0.0))
    white = max(waveform.noise(name) for name in waveform.currents)
    # RMS of noise over few samples scatters by 1/sqrt(2 n).
    noise = white * (1 + 5 / np.sqrt(2 * max(length, 1.0)))
    return Series(
        t=t,
        values=values,
        unit="A",
        uncertainty=waveform.instrument(waveform.currents, values) + noise,
        window=ENVELOPE_WINDOW,
        time_uncertainty=waveform.recording.time_uncertainty,
        noise=noise,
    )


def disconnection(
    current: Series, rated: float, *, since: float, until: float = np.inf, share: float = 0.01, hold: float = 0.1
) -> Measurement | None:
    """Instant from which on the current stays below a share of the rated current.

    Args:
        current: `Quantities.envelope`.
        rated: Rated current, A.
        since: Seconds; current must flow there.
        until: Seconds; nothing later is looked at.
        share: Of the rated current: 0.01 for IEC 62116.
        hold: Seconds for which the current must stay below.

    Returns:
        The instant, or None if the current did not cease.

    Raises:
        Inconclusive: No current flowed, or the measurement cannot tell such a small current from none.
    """
    span, limit = _span_of_current(current, rated * share, since, until)
    flows = _bridged(span.values >= limit, span)
    if not np.any(flows[: max(1, int(np.searchsorted(span.t, span.start + 0.02)))]):
        raise Inconclusive(f"no current flowed at {since:.3f} s: there was nothing to disconnect")
    starts, ends = _runs(~flows)
    for first, last in zip(starts, ends, strict=True):
        if span.t[last] - span.t[first] >= hold * (1 - 1e-9):
            # The window that is first below no longer touches the current.
            return _instant(span, float(span.t[first]) - span.window / 2 - span.spacing / 2)
    return None


def connection(
    current: Series, rated: float, *, since: float, until: float = np.inf, share: float = 0.01, hold: float = 0.1
) -> Measurement | None:
    """Instant from which on the current stays above a share of the rated current; None if none flows.

    Raises:
        Inconclusive: Nothing was measured there, or the measurement cannot tell such a small current from none.
    """
    span, limit = _span_of_current(current, rated * share, since, until)
    starts, ends = _runs(_bridged(span.values >= limit, span))
    for first, last in zip(starts, ends, strict=True):
        if span.t[last] - span.t[first] >= hold * (1 - 1e-9):
            if first == 0:
                return _instant(span, float(span.t[0]))
            return _instant(span, float(span.t[first]) + span.window / 2 - span.spacing / 2)
    return None


def _span_of_current(current: Series, limit: float, since: float, until: float) -> tuple[Series, float]:
    span = current.between(since, until)
    if len(span) < 3:
        raise Inconclusive(f"too little was measured after {since:.3f} s")
    blind = max(current.noise, float(np.min(current.uncertainty)))
    if blind >= limit:
        raise Inconclusive(f"the current is known to {blind:.3g} A only, which hides the {limit:.3g} A to be detected")
    return span, limit


def _instant(span: Series, t: float) -> Measurement:
    doubt = span.window + span.spacing / 2
    return Measurement(t, "s", float(np.hypot(doubt, span.time_uncertainty)))


def _bridged(flows: Flags, span: Series) -> Flags:
    """Pauses below one cycle closed: a single phase passes through zero, a distorted one lingers there."""
    result = flows.copy()
    for first, last in zip(*_runs(~flows), strict=True):
        if first > 0 and last < len(flows) - 1 and span.t[last] - span.t[first] < 0.02:
            result[first : last + 1] = True
    return result


def _runs(flags: Flags) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First and last index of each stretch of true values."""
    edges = np.diff(np.concatenate(([0], flags.astype(np.int8), [0])))
    return np.flatnonzero(edges > 0), np.flatnonzero(edges < 0) - 1


def _states(values: Floats, low: float, high: float) -> NDArray[np.int8]:
    """-1 below low, 1 above high, 0 in between."""
    return (values > high).astype(np.int8) - (values < low).astype(np.int8)


def _between(series: Series, index: int, level: float) -> Measurement:
    """Crossing of a level between a value and the next."""
    rise = series.values[index + 1] - series.values[index]
    step = series.t[index + 1] - series.t[index]
    share = (level - series.values[index]) / rise if rise else 0.5
    doubt = series.window / 2 + min(step / 2 + series.uncertainty[index] / max(abs(rise) / step, 1e-300), 1e3)
    instant = series.t[index] + min(max(share, 0.0), 1.0) * step
    return Measurement(float(instant), "s", float(np.hypot(doubt, series.time_uncertainty)))


def _voltage_events(u: Sequence[Series], threshold: float, hysteresis: float, *, below: bool) -> list[Dip]:
    sign = 1.0 if below else -1.0
    values = sign * np.stack([one.values for one in u])
    worst = values.min(axis=0)
    state = _states(worst, sign * threshold, sign * threshold + hysteresis)
    # A crossing counts when the value is on the other side, hysteresis included: carry the last sure state on.
    known = np.where(state != 0, np.arange(len(state)), -1)
    carried = np.maximum.accumulate(known)
    inside = (carried >= 0) & (state[np.maximum(carried, 0)] < 0)
    found = []
    for first, last in zip(*_runs(inside), strict=True):
        extremes = tuple(_extreme(one, first, last, below=below) for one in u)
        start = min((_flank(one, first, threshold, sign) for one in u), key=lambda m: m.value)
        back = (_flank(one, last + 1, threshold, sign, end=True) for one in u)
        end = max(back, key=lambda m: m.value) if last + 1 < len(worst) else None
        residual = (min if below else max)(extremes, key=lambda m: m.value)
        found.append(Dip(start, end, residual, extremes))
    return found


def _extreme(one: Series, first: int, last: int, *, below: bool) -> Measurement:
    span = one.between(float(one.t[first]), float(one.t[last]))
    return span.minimum() if below else span.maximum()


def _flank(one: Series, index: int, threshold: float, sign: float, *, end: bool = False) -> Measurement:
    """The instant a phase left or came back near an index: the middle of a step, or the crossing of the threshold.

    A phase that takes no part says nothing: its instant is put so far away that it never decides.
    """
    spacing = one.spacing
    reach = max(1, round(_CYCLES_OF_A_FLANK * one.window / spacing))
    left, right = max(index - reach, 0), min(index + reach, len(one) - 1)
    stretch = sign * one.values[left : right + 1]
    goes = (stretch[-1] > stretch[0]) if end else (stretch[-1] < stretch[0])
    crosses = np.any(stretch < sign * threshold) and np.any(stretch >= sign * threshold) and goes
    if not crosses:
        return Measurement(-np.inf if end else np.inf, "s")
    inner, outer = one.values[[left, right]], one.values[[max(left - reach, 0), min(right + reach, len(one) - 1)]]
    way = abs(inner[1] - inner[0])
    around = one.between(float(one.t[left]), float(one.t[right]))
    if np.all(np.abs(inner - outer) < 0.1 * way):
        return step_instant(around, float(inner[0]), float(inner[1]), around.start, around.end)
    found = crossings(around, threshold, rising=(sign > 0) == end)
    return found[-1 if end else 0].t if found else Measurement(float(one.t[index]), "s", one.window)
