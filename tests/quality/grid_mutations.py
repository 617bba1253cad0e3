"""What goes wrong in a laboratory: a wrong stimulus, a device elsewhere, a recording of a bad instrument."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tests.quality.grid_evidence import Alteration
from v2gready.authoring.grid import view as looking
from v2gready.grid.recording import Channel, ChannelNames, Floats, Kind, Recording
from v2gready.grid.script import BALANCED, NOMINAL_FREQUENCY, UPRIGHT, Phases, Script, Segment

U, CURRENTS = ChannelNames.VOLTAGES, ChannelNames.CURRENTS
LATE = 0.2
"""Seconds by which a current is recorded late."""
OFFSET = 0.02
"""Hz by which an analyser errs."""


# --- the stimulus -----------------------------------------------------------------------------------------------------


def _each(change: Callable[[Segment], Segment]) -> Callable[[Script], Script]:
    def changed(script: Script) -> Script:
        return replace(script, segments=tuple(change(segment) for segment in script.segments))

    return changed


def _nominal(segment: Segment) -> Segment:
    return Segment(segment.duration)


def _towards_nominal(segment: Segment, share: float) -> Segment:
    """Frequency, voltage and phase deviate from nominal by a share of what they did."""

    def frequency(f: float) -> float:
        return NOMINAL_FREQUENCY + share * (f - NOMINAL_FREQUENCY)

    def voltage(u: Phases) -> Phases:
        one, two, three = (max(0.02, 1.0 + share * (value - 1.0)) for value in u)
        return one, two, three

    one, two, three = (share * value for value in segment.angles)
    return replace(
        segment,
        f=(frequency(segment.f[0]), frequency(segment.f[1])),
        u=voltage(segment.u),
        u_end=voltage(segment.u_end),
        jump=share * segment.jump,
        angles=(one, two, three),
    )


def is_calm(segment: Segment) -> bool:
    """Nominal from its start to its end."""
    return (
        segment.f == (NOMINAL_FREQUENCY, NOMINAL_FREQUENCY)
        and segment.u == segment.u_end == BALANCED
        and segment.angles == UPRIGHT
    )


def moves(segment: Segment) -> bool:
    """Frequency or voltage goes somewhere."""
    return segment.f[0] != segment.f[1] or segment.u != segment.u_end


def _longer(factor: float, which: Callable[[Segment], bool]) -> Callable[[Script], Script]:
    return _each(lambda one: replace(one, duration=factor * one.duration) if which(one) else one)


def _is_away(segment: Segment) -> bool:
    """A voltage that is held away from nominal."""
    return not moves(segment) and segment.u != BALANCED


def _power(factor: float) -> Callable[[str, Mapping[str, Any]], Mapping[str, Any]]:
    def act(name: str, values: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**values, "watts": factor * values["watts"]} if name == "set_power" else values

    return act


def _none(wanted: Mapping[str, float]) -> None:
    return None


CALM = Alteration("a calm grid, the device at its power", script=_each(_nominal), island=_none, opens=False)
REST = Alteration("a calm grid, the device at rest", script=_each(_nominal), act=_power(0.0), island=_none, opens=False)
HALF_POWER = Alteration("the device at half of its power", act=_power(0.5))
OTHER_WAY = Alteration("the device charging in place of feeding, or feeding in place of charging", act=_power(-1.0))
FURTHER = Alteration("a stimulus half as far again", script=_each(lambda one: _towards_nominal(one, 1.5)))
HALF_AS_FAR = Alteration("a stimulus half as far from nominal", script=_each(lambda one: _towards_nominal(one, 0.5)))
FLAT_RAMPS = Alteration("ramps at half of their rate", script=_longer(2.0, moves))
SHORT_RAMPS = Alteration(
    "ramps of half the length",
    script=_each(
        lambda one: replace(_towards_nominal(one, 0.5), duration=one.duration / 2 if moves(one) else one.duration)
    ),
)
SHORT_HOLDS = Alteration("holds half as long", script=_longer(0.5, lambda one: not moves(one) and not is_calm(one)))
ONE_MINUTE = Alteration(
    "a dip of a minute", script=_each(lambda one: replace(one, duration=60.0) if _is_away(one) else one)
)
LONG_DIPS = Alteration("voltage away four times as long", script=_longer(4.0, _is_away))
NO_ACTS = Alteration(
    "nothing done to the device but to set its power", act=lambda name, values: values if name == "set_power" else None
)
OTHER_LOAD = Alteration(
    "an island with a third more active load",
    island=lambda wanted: {**wanted, "p_mismatch": wanted["p_mismatch"] + 0.33},
)
OTHER_COIL = Alteration(
    "an island with a tenth more inductive load",
    island=lambda wanted: {**wanted, "q_mismatch": wanted["q_mismatch"] + 0.1},
)
WRONG_STIMULI = (
    CALM, REST, HALF_POWER, OTHER_WAY, HALF_AS_FAR, FURTHER, FLAT_RAMPS, SHORT_RAMPS, SHORT_HOLDS, LONG_DIPS, NO_ACTS,
    OTHER_LOAD, OTHER_COIL,
)  # fmt: skip


# --- the instrument ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Mutation:
    """Something that an instrument or a wire does to a recording.

    Attributes:
        name: For the message.
        change: The recording as it comes out; None if it cannot happen to such a recording.
    """

    name: str
    change: Callable[[Recording], Recording | None]


def changed(recording: Recording, **channels: Floats | None) -> Recording:
    """The recording with other values in channels; None leaves a channel out."""
    kept: dict[str, Channel] = {}
    for name, channel in recording.channels.items():
        values = channels.get(name, channel.values)
        if values is not None:
            kept[name] = replace(channel, values=np.asarray(values, dtype=channel.values.dtype))
    return replace(recording, channels=kept)


def _waveform(change: Callable[[Recording], Recording]) -> Callable[[Recording], Recording | None]:
    return lambda recording: change(recording) if recording.kind is Kind.WAVEFORM else None


def _quantities(change: Callable[[Recording], Recording]) -> Callable[[Recording], Recording | None]:
    return lambda recording: change(recording) if recording.kind is Kind.QUANTITIES else None


def _swapped(one: str, other: str) -> Callable[[Recording], Recording | None]:
    return _waveform(lambda r: changed(r, **{one: r.values(other), other: r.values(one)}))


def _scaled(factor: float, *names: str) -> Callable[[Recording], Recording | None]:
    return lambda r: changed(r, **{name: factor * r.values(name) for name in names if r.has(name)})


def _hole(recording: Recording, names: tuple[str, ...]) -> Recording:
    middle = len(recording) // 2
    holes = {}
    for name in names:
        values = recording.values(name).copy()
        values[middle : middle + 5] = np.nan
        holes[name] = values
    return changed(recording, **holes)


def current_shifted(recording: Recording, seconds: float) -> Recording:
    """Currents (and what an analyser makes of them) some cycles late; the phase is that of the nominal frequency."""
    shift = round(abs(seconds) * recording.rate)
    shifted = {}
    for name in (*CURRENTS, "p", "q"):
        if recording.has(name):
            values = recording.values(name)
            late = (values[:shift], values[:-shift]) if seconds > 0 else (values[shift:], values[-shift:])
            shifted[name] = np.concatenate(late)
    return changed(recording, **shifted)


def _decimated(recording: Recording, rate: float) -> Recording:
    step = max(1, round(recording.rate / rate))
    kept = {name: replace(channel, values=channel.values[::step]) for name, channel in recording.channels.items()}
    return replace(recording, rate=recording.rate / step, channels=kept)


def _clipped(recording: Recording) -> Recording:
    """The range of the instrument ends at 70 % of the highest peak of the current."""
    peak = 0.7 * max(float(np.max(np.abs(recording.values(name)))) for name in CURRENTS)
    return changed(recording, **{name: np.clip(recording.values(name), -peak, peak) for name in CURRENTS})


def _stuck(recording: Recording, name: str) -> Recording:
    values = recording.values(name)
    return changed(recording, **{name: np.full_like(values, values[0])})


def _cut(recording: Recording, share: float) -> Recording:
    length = int(share * len(recording))
    kept = {name: replace(channel, values=channel.values[:length]) for name, channel in recording.channels.items()}
    return replace(recording, channels=kept)


# --- the device -------------------------------------------------------------------------------------------------------


def _left_nominal(recording: Recording) -> float | None:
    """The instant at which voltage or frequency first leaves nominal values, or the switch opens; None if never."""
    q = looking.Quantities(recording)  # shared with the judges
    positive = q.u_pos if recording.kind is Kind.WAVEFORM or recording.has("u_pos") else q.u[0]
    typical = float(np.median(positive.values[:5]))
    found = [
        float(series.t[int(np.argmax(away))])
        for series, away in (
            (positive, np.abs(positive.values / typical - 1) > 0.02),
            (q.f, abs(q.f.values - 50) > 0.02),
        )
        if away.any()
    ]
    if recording.has("s1") and (open_ := recording.values("s1") < 0.5).any():
        found.append(float(recording.time[int(np.argmax(open_))]))
    return min(found, default=None)


def _gone(recording: Recording) -> Recording | None:
    """A device that leaves as soon as anything happens."""
    since = _left_nominal(recording)
    if since is None:
        return None
    away = recording.time >= since
    names = [name for name in (*CURRENTS, "p", "q") if recording.has(name)]
    return changed(recording, **{name: np.where(away, 0.0, recording.values(name)) for name in names})


def _indifferent(recording: Recording) -> Recording | None:
    """A device that goes on as before: its power, or in a waveform its conductance."""
    since = _left_nominal(recording)
    if since is None:
        return None
    t = recording.time
    away = t >= since
    before = (t < since - 0.04) & (t > since - 0.2)
    if recording.kind is Kind.QUANTITIES:
        names = [name for name in (*CURRENTS, "p", "q") if recording.has(name)]
        held = {name: np.where(away, recording.values(name)[before].mean(), recording.values(name)) for name in names}
        return changed(recording, **held)
    power = sum(
        float(np.mean(recording.values(u)[before] * recording.values(i)[before]))
        for u, i in zip(U, CURRENTS, strict=True)
    )
    squares = sum(float(np.mean(recording.values(u)[before] ** 2)) for u in U)
    like = {
        i: np.where(away, power / squares * recording.values(u), recording.values(i))
        for u, i in zip(U, CURRENTS, strict=True)
    }
    return changed(recording, **like)


GONE = Mutation("a device that leaves the grid as soon as anything happens", _gone)
INDIFFERENT = Mutation("a device that goes on as if nothing happened", _indifferent)


BAD_INSTRUMENTS = (
    Mutation("u1 and u2 swapped", _swapped("u1", "u2")),
    Mutation("i1 and i2 swapped", _swapped("i1", "i2")),
    Mutation("currents one phase further", _waveform(
        lambda r: changed(r, i1=r.values("i2"), i2=r.values("i3"), i3=r.values("i1")))),
    Mutation("i1 turned round", _waveform(lambda r: changed(r, i1=-r.values("i1")))),
    Mutation("all currents turned round", lambda r: changed(
        r, **{name: -r.values(name) for name in (CURRENTS if r.kind is Kind.WAVEFORM else ("p", "q")) if r.has(name)})),
    Mutation("u2 missing", lambda r: changed(r, u2=None)),
    Mutation("i2 missing", _waveform(lambda r: changed(r, i2=None))),
    Mutation("p missing", _quantities(lambda r: changed(r, p=None))),
    Mutation("f missing", _quantities(lambda r: changed(r, f=None))),
    Mutation("a gap in all channels", lambda r: _hole(r, tuple(r.channels))),
    Mutation("a gap in u1", lambda r: _hole(r, ("u1",))),
    Mutation("a gap in the current or power", lambda r: _hole(r, ("i1" if r.kind is Kind.WAVEFORM else "p",))),
    Mutation("1 kHz in place of 20", _waveform(lambda r: _decimated(r, 1000.0))),
    Mutation("one value in five seconds", _quantities(lambda r: _decimated(r, 0.2))),
    Mutation("a rate of 1.1 times the real one", lambda r: replace(r, rate=1.1 * r.rate)),
    Mutation("a rate of 1/1.1 of the real one", lambda r: replace(r, rate=r.rate / 1.1)),
    Mutation("frequency 20 mHz too high", lambda r: (
        changed(r, f=r.values("f") + OFFSET) if r.has("f") else replace(r, rate=r.rate * (1 + OFFSET / 50)))),
    Mutation("frequency 20 mHz too low", lambda r: (
        changed(r, f=r.values("f") - OFFSET) if r.has("f") else replace(r, rate=r.rate * (1 - OFFSET / 50)))),
    Mutation("voltage 10 % too low", _scaled(0.9, *U, "u_pos")),
    Mutation("voltage 10 % too high", _scaled(1.1, *U, "u_pos")),
    Mutation("current and power 20 % too low", lambda r: (
        _scaled(0.8, *CURRENTS)(r) if r.kind is Kind.WAVEFORM else _scaled(0.8, *CURRENTS, "p", "q")(r))),
    Mutation("current cut off at 70 %", _waveform(_clipped)),
    Mutation("a rate of 1.04 times the real one", _waveform(lambda r: replace(r, rate=1.04 * r.rate))),
    Mutation("f stands still", _quantities(lambda r: _stuck(r, "f"))),
    Mutation("p stands still", _quantities(lambda r: _stuck(r, "p"))),
    Mutation("the first half only", lambda r: _cut(r, 0.5)),
)  # fmt: skip
