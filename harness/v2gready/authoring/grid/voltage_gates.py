"""What was really played of a voltage excursion: each function finds it in the recording, or refuses to judge."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from v2gready.authoring.grid.excursions import SHORTER, Envelope, Excursion, recovery_time
from v2gready.authoring.grid.view import DIP_TOLERANCE, HOLD_SHARE, ONE_CYCLE, Span, View
from v2gready.grid import measurement as measure
from v2gready.grid.measurement import Dip
from v2gready.grid.recording import ChannelNames
from v2gready.model.observation import Inconclusive

CALM: Final = 0.1
"""Of nominal voltage, by which it may differ after an excursion."""


def happened(view: View, excursion: Excursion, envelope: Envelope | None = None, *, nth: int = 0) -> Dip:
    """The excursion as it was measured, which must have been as far, as long and of the phases that are wanted.

    Args:
        view: The recording.
        excursion: What is wanted.
        envelope: The curve that it must not have crossed.
        nth: Which of the excursions of the recording.

    Raises:
        Inconclusive: It was not, or it was beyond the curve: then the device may leave.
    """
    event = view.dip(excursion.worst, excursion.seconds, nth=nth)
    nominal = view.rating.voltage
    if len(event.phases) < 3 and len(set(excursion.u)) > 1:
        raise Inconclusive("the recording holds one phase, the excursion is of some of three")
    for n, (seen, wanted) in enumerate(zip(event.phases, excursion.u, strict=False), start=1):
        if abs(seen.value / nominal - wanted) > DIP_TOLERANCE:
            raise Inconclusive(f"phase {n} was at {seen.value / nominal:.3f} Un, the stimulus wants {wanted:g} Un")
    unbalance = excursion.negative_sequence
    if view.q.is_waveform and unbalance > DIP_TOLERANCE and event.end is not None:
        inner = view.q.u_neg.between(event.start.value + ONE_CYCLE, event.end.value - ONE_CYCLE)
        seen_unbalance = inner.mean().value / nominal
        if abs(seen_unbalance - unbalance) > DIP_TOLERANCE:
            raise Inconclusive(
                f"the negative sequence was {seen_unbalance:.3f} Un, the stimulus wants {unbalance:.3f} Un"
            )
    if envelope is not None:
        _allowed(event, envelope, nominal)
    return event


def _allowed(event: Dip, envelope: Envelope, nominal: float) -> None:
    """The excursion stayed inside of the curve, as far as it was measured."""
    doubt = envelope.side * event.residual.uncertainty
    longest = envelope.longest((event.residual.value + doubt) / nominal)
    if event.duration.value - event.duration.uncertainty > longest:
        raise Inconclusive(
            f"{event.residual.value / nominal:.3f} Un for {event.duration.value:.3f} s is beyond the curve: "
            f"{longest:.3f} s are allowed"
        )


def followed(view: View, envelope: Envelope, *, margin: float) -> Span:
    """The stretch in which the voltage came back along the curve, a margin inside of it.

    Raises:
        Inconclusive: It was not as far away, or it crossed the curve.
    """
    nominal = view.rating.voltage
    phases = view.fine.u
    last = envelope.rows[-1]
    edge = (1.0 + last[1] + envelope.side * margin) / 2
    found = measure.dips(phases, edge * nominal, hysteresis=0.01 * nominal)
    if not found or found[0].end is None:
        raise Inconclusive("the voltage did not leave and come back")
    span = Span(found[0].start.value, found[0].end.value)
    since, until = span.start + ONE_CYCLE, span.start + last[0] - SHORTER - ONE_CYCLE
    parts = [one.between(since, until) for one in phases]
    t = parts[0].t - span.start
    away = (np.stack([one.values for one in parts]) / nominal - envelope.at(t)) * envelope.side
    if abs(span.duration - last[0]) > 0.05:
        raise Inconclusive(f"the voltage was away for {span.duration:.3f} s, the curve has {last[0]:g} s")
    if away.min() < 0 or away.max() > margin + DIP_TOLERANCE:
        raise Inconclusive(
            f"the voltage was {away.min():.3f} to {away.max():.3f} Un inside of the curve, {margin:g} Un are wanted"
        )
    return span


def point_on_wave(view: View, near: float) -> float:
    """The angle of the voltage of phase 1 at which an excursion began, degrees; 0 at its rising zero.

    The voltages go on as sines for as long as nothing happens: the excursion begins where the first of them does not.

    Args:
        view: A waveform recording.
        near: The instant, to within half a cycle.

    Raises:
        Inconclusive: The voltages do not leave their sines there.
    """
    recording = view.recording
    f = view.q.f.between(near - 0.15, near - 0.08).mean().value
    first, since, last = (round((near + away - recording.start) * recording.rate) for away in (-0.055, -0.012, 0.012))
    t = recording.start + np.arange(first, last) / recording.rate
    basis = np.stack([np.sin(2 * np.pi * f * (t - near)), np.cos(2 * np.pi * f * (t - near))], axis=1)
    before, around = slice(0, since - first), slice(since - first, last - first)
    left = np.zeros(last - since)
    turned = 0.0
    for number, name in enumerate(ChannelNames.VOLTAGES):
        if not recording.has(name):
            continue
        values = np.asarray(recording.channels[name].values[first:last], dtype=np.float64)
        (sine, cosine), *_ = np.linalg.lstsq(basis[before], values[before], rcond=None)
        left = np.maximum(left, np.abs(values[around] - basis[around] @ (sine, cosine)))
        if number == 0:
            turned = math.degrees(math.atan2(cosine, sine))
    gone = np.flatnonzero(left > 0.1 * math.sqrt(2) * view.rating.voltage)
    if not len(gone):
        raise Inconclusive(f"the voltages go on as before at {near:.3f} s")
    began = float(t[around][gone[0]])
    return (turned + 360.0 * f * (began - near)) % 360.0


def recovered(view: View, event: Dip, until: float | None = None) -> Span:
    """From when the device must be back to the end of the recording, or to the next excursion."""
    end = view.span.end if until is None else until
    _calm(view, Span(_ended(event), end))
    return Span(_ended(event) + recovery_time(view.code), end)


def after(view: View, event: Dip, until: float | None = None) -> Span:
    """From the return of the voltage to the end of the recording, or to the next excursion.

    Raises:
        Inconclusive: The device had less than its time to recover.
    """
    span = Span(_ended(event), view.span.end if until is None else until)
    if span.duration < HOLD_SHARE * recovery_time(view.code) - ONE_CYCLE:
        raise Inconclusive(f"{span.duration:.2f} s were recorded after the excursion, too little to recover")
    return span


def _calm(view: View, span: Span) -> None:
    """Nothing else happens to the voltage: the device would be judged for two things at once."""
    settled = Span(span.start + 2 * ONE_CYCLE, span.end - 2 * ONE_CYCLE)
    for n, phase in enumerate(view.fine.u, start=1):
        part = phase.between(settled.start, settled.end)
        for extreme in (part.minimum(), part.maximum()):
            if abs(extreme.value / view.rating.voltage - 1.0) > CALM:
                raise Inconclusive(f"after the excursion phase {n} was at {extreme.value / view.rating.voltage:.3f} Un")


def _ended(event: Dip) -> float:
    if event.end is None:
        raise Inconclusive("the recording ends before the voltage is back")
    return event.end.value
