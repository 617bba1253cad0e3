"""Words for what comes after a trip: the window of voltage and frequency, the wait, the way back to power."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar, Final, Self

import numpy as np

from v2gready.authoring.expectations import holds
from v2gready.authoring.grid.bench import GridBench, GridCase
from v2gready.authoring.grid.judgements import no_faster_than, within
from v2gready.authoring.grid.own_numbers import GRADIENT
from v2gready.authoring.grid.view import CONNECTED_SHARE, Span, View
from v2gready.grid import measurement as measure
from v2gready.grid.profile import Profile
from v2gready.grid.script import Script
from v2gready.grid.series import Series
from v2gready.model.measurement import Measurement
from v2gready.model.observation import Inconclusive, Observation
from v2gready.model.trace import Trace

LEAD: Final = 20.0
"""Seconds at power before the trip."""
BEYOND: Final = 0.2
"""Hz beyond the stage that is used to trip the device."""
LATE: Final = 0.1
"""Share by which the wait may be longer (reference 2: -0/+10 % [u])."""
TIMER: Final = 0.01
"""Share by which a timer may be off (reference 3.1: ±1 %)."""
MINUTE: Final = 60.0
"""Seconds over which codes speak of a gradient."""
WATCHED: Final = 600.0
"""Seconds after connection in which the gradient is looked at (reference 6, PR-04)."""
ON_THE_WAY: Final = 10.0
"""Seconds of the way back to power that tell where it began."""
EDGE_F: Final = 0.05
"""Hz by which a hold keeps away from an edge of the window."""
EDGE_U: Final = 0.01
"""Share of nominal voltage by which a hold keeps away from an edge of the window."""


@dataclass(frozen=True, slots=True)
class Window:
    """Where the device may connect.

    Attributes:
        f: Hz, lower and upper edge.
        u: pu, lower and upper edge.
        wait: Seconds inside, without interruption.
        random: Seconds by which the wait may be longer at random.
    """

    f: tuple[float, float]
    u: tuple[float, float]
    wait: float
    random: float

    @classmethod
    def of(cls, code: Profile) -> Self:
        """The window of a code; a side that it does not name is open."""
        f, u, random = (code.get(f"reconnect_{name}") for name in ("frequency", "voltage", "random"))
        return cls(
            f=(0.0, math.inf) if f is None else (f.rows[0][0], f.rows[0][1]),
            u=(0.0, math.inf) if u is None else (u.rows[0][0], u.rows[0][1]),
            wait=code["reconnect_wait"].number,
            random=0.0 if random is None else random.number,
        )

    @property
    def latest(self) -> float:
        """Seconds inside after which it must be connected."""
        return self.wait * (1 + LATE) + self.random

    def entered(self, view: View, before: float = math.inf) -> list[Span]:
        """Stretches in which voltage and frequency were inside, as measured.

        Args:
            view: A recording of quantities.
            before: Nothing later is looked at.
        """
        f = view.q.f
        nominal = view.rating.voltage
        inside = (f.values >= self.f[0]) & (f.values <= self.f[1])
        for phase in view.q.u:
            u = np.interp(f.t, phase.t, phase.values)
            inside &= (u >= self.u[0] * nominal) & (u <= self.u[1] * nominal)
        inside &= f.t <= before
        edges = np.flatnonzero(np.diff(np.concatenate(([False], inside, [False])).astype(np.int8)))
        return [Span(float(f.t[a]), float(f.t[b - 1])) for a, b in zip(edges[::2], edges[1::2], strict=True)]

    def came_back(self, view: View) -> Span:
        """The last stretch inside, which must have followed one outside.

        Raises:
            Inconclusive: Voltage and frequency never were inside, or never outside.
        """
        stretches = self.entered(view)
        if len(stretches) < 2:
            raise Inconclusive("voltage and frequency did not leave the window of reconnection and come back")
        return stretches[-1]


def knocked_out(script: Script, code: Profile, *, charging: bool) -> Script:
    """The script goes on beyond a stage of frequency for long enough to trip: above while charging, below otherwise.

    That way the response to frequency does not take the power through zero before the stage trips.
    """
    value, delay = code["trip_f_over" if charging else "trip_f_under"].stage
    return script.step(f=value + (BEYOND if charging else -BEYOND)).hold(2 * delay + 1.0)


def left_grid(view: View, share: float, until: float) -> Measurement:
    """The instant at which the device, until then at a share of its rated power, left the grid.

    Raises:
        Inconclusive: It was not at that power, or did not leave: there is nothing to come back from.
    """
    view.at_power(share, before=view.span.start + LEAD)
    left = view.disconnected(Span(view.span.start + LEAD - 1.0, until))
    if left is None:
        raise Inconclusive("the device did not trip: there is nothing to connect again")
    return left


def connected_again(view: View, since: float) -> Measurement | None:
    """The instant at which the device connected, None if it did not before the end of the recording.

    Current shows late on a slow way back to power: the first seconds of it tell where it began.
    """
    seen = measure.connection(view.q.envelope, view.rating.current, since=since)
    if seen is None:
        return None
    level = CONNECTED_SHARE * view.rating.power
    way = _size(view.q.export).between(seen.value, min(seen.value + ON_THE_WAY, view.span.end))
    reached = np.flatnonzero(way.values >= 5 * level)
    if len(reached):
        # What comes after a jump says nothing about its beginning.
        way = way.between(way.start, float(way.t[reached[0]]))
    if len(way) < 3 or (speed := measure.trend(way)).value <= 0:
        return seen
    there = float(np.mean(way.values)) - speed.value * (float(np.mean(way.t)) - seen.value)
    back = min(max(there, 0.0) / speed.value, ON_THE_WAY)
    spread = back * math.hypot(speed.uncertainty / speed.value, float(np.mean(way.uncertainty)) / level)
    return Measurement(seen.value - back, "s", math.hypot(seen.uncertainty, min(spread, back)))


def waited(requirement: str, view: View, window: Window, since: float, again: Measurement | None) -> Observation:
    """The device connected after the wait of the code, neither earlier nor much later.

    Args:
        requirement: What asks for it.
        view: The recording.
        window: Of the code.
        since: Instant at which voltage and frequency came into the window.
        again: Instant of the connection.

    Raises:
        Inconclusive: It did not connect, and was not watched for long enough.
    """
    until = view.span.end if again is None else again.value
    if again is None and until - since < window.latest:
        raise Inconclusive(f"the recording ends {until - since:.0f} s after voltage and frequency came back")
    limit = view.code.limit("reconnect_wait", low=window.wait * (1 - TIMER), high=window.latest, unit="s")
    what = "time without connecting" if again is None else "wait before connecting"
    took = Measurement(until - since, "s", 0.0 if again is None else again.uncertainty)
    return within(requirement, view, took, limit, what=what, instants=(since, until))


def stays_away(requirement: str, view: View, span: Span, parameter: str, why: str) -> Observation:
    """No current flows in a stretch.

    Args:
        requirement: What asks for it.
        view: The recording.
        span: The stretch.
        parameter: The number of the code that the stimulus was made from.
        why: Completes "the device stays away".
    """
    flowing = measure.connection(view.q.envelope, view.rating.current, since=span.start, until=span.end)
    limit = view.code.limit(parameter, low=0.0, unit="")
    one = holds(
        requirement,
        flowing is None,
        expected=f"the device stays away {why} ({limit.source})",
        seen=f"no current for {span.duration:.4g} s" if flowing is None else f"connected at {flowing.value:.2f} s",
        at=view.at,
    )
    return replace(one, provenance=limit.provenance, instants=(span.start, span.end))


def rises_slowly(requirement: str, view: View, since: float) -> Observation:
    """After connection power goes back no faster than the gradient of the code, in either direction.

    Raises:
        Inconclusive: Power did not come back: nothing rose.
    """
    gradient = view.code["reconnect_gradient"]
    size = _size(view.q.export)
    end = min(since + Window.of(view.code).latest + WATCHED, view.span.end)
    rated = view.rating.power
    # Half of what the gradient allows, or of what there is to come back to.
    least = 0.5 * rated * min(1.0, gradient.number * WATCHED)
    reached = size.between(since, end).maximum()
    if reached.value < least:
        raise Inconclusive(f"power came back to {reached.value:.0f} W only: its gradient says nothing")
    limit, span = gradient.number * rated, Span(since, end)
    return no_faster_than(
        requirement, view, size, span, limit=limit, window=MINUTE, parameter=gradient, tolerance=GRADIENT
    )


class WindowHolds(GridCase):
    """What the cases of one edge of the window share: just outside the device stays away, just inside it connects.

    Attributes:
        edge: ``f_low``, ``f_high``, ``u_low`` or ``u_high``.
        charging: The device charges; it feeds otherwise. What would flow outside must not be held back by P(f).
    """

    edge: ClassVar[str]
    charging: ClassVar[bool] = False
    area: ClassVar[str] = "reconnection"
    requirements: ClassVar[tuple[str, ...]] = ("GRID-RECONNECT-WINDOW",)
    pics: ClassVar[str] = "interface_protection and discharge"
    hooks: ClassVar[tuple[str, ...]] = ("set_power",)

    def levels(self, window: Window) -> tuple[float, float]:
        """Just outside and just inside, in Hz or pu."""
        edges, margin = (window.f, EDGE_F) if self.of_frequency else (window.u, EDGE_U)
        edge = edges[1 if self.edge.endswith("high") else 0]
        out = margin if self.edge.endswith("high") else -margin
        return edge + out, edge - out

    @property
    def of_frequency(self) -> bool:
        """The edge is one of frequency."""
        return self.edge.startswith("f_")

    def put(self, script: Script, level: float) -> Script:
        """The script goes on at a level of this quantity, and nominal in the other."""
        return script.step(f=level, u=1.0) if self.of_frequency else script.step(f=50.0, u=level)

    async def stimulate(self, bench: GridBench) -> None:
        """Trips the device, holds just outside for longer than the wait, then just inside."""
        window = Window.of(bench.code)
        outside, inside = self.levels(window)
        if self.charging:
            await bench.charge(0.5)
        else:
            await bench.export(0.5)
        script = knocked_out(bench.calm.hold(LEAD), bench.code, charging=self.charging)
        script = self.put(script, outside).hold(1.5 * window.latest)
        await bench.play(self.put(script, inside).hold(window.latest + 2 * ON_THE_WAY))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """No current outside; current in time inside."""
        view = View(trace)
        window = Window.of(view.code)
        outside, inside = self.levels(window)
        held = view.held_frequency if self.of_frequency else view.held_voltage
        away = held(outside, 1.5 * window.latest, after=view.span.start + LEAD)
        left_grid(view, -0.5 if self.charging else 0.5, away.end)
        near = held(inside, window.latest, after=away.end)
        parameter = "reconnect_frequency" if self.of_frequency else "reconnect_voltage"
        yield stays_away("GRID-RECONNECT-WINDOW", view, away, parameter, f"outside of the window: {outside:g}")
        if connected_again(view, near.start) is None:
            yield waited("GRID-RECONNECT-WINDOW", view, window, near.start, None)
        else:
            yield holds("GRID-RECONNECT-WINDOW", True, expected="it connects just inside", seen="it does", at=view.at)


def _size(series: Series) -> Series:
    return replace(series, values=np.abs(series.values))


__all__ = [
    "LEAD",
    "Window",
    "WindowHolds",
    "connected_again",
    "knocked_out",
    "left_grid",
    "rises_slowly",
    "stays_away",
    "waited",
]
