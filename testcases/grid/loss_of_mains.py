"""The loss-of-mains relay that looks at the rate of change of frequency."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from v2gready.authoring.grid import (
    GridBench,
    GridCase,
    Observation,
    Parameter,
    Profile,
    Script,
    Span,
    Trace,
    View,
    stays_connected,
    trips_in_time,
)

STEEPER = 1.2
"""Times the set rate, where it must trip (GB: 1.1 Hz/s for a stage of 1 Hz/s)."""
FLATTER = 0.8
"""Times the set rate, where it must not (GB: 0.95)."""
MEASURING = 0.3
"""Seconds that a relay may need to know the rate, beyond its set time."""
SOONER = 0.1
"""Share of the set time, and at least as many seconds, by which it may trip earlier."""
INSIDE_FOR = 1.0
"""Seconds of the flatter ramp, and at least twice the set time."""
SHORTER = 0.85
"""Share of the set time for which the steeper ramp must not trip."""
TOP = 50.1
"""Hz from which frequency falls: below the threshold of every LFSM-O."""
SLOW = 0.5
"""Hz/s to where a ramp begins."""
LEAD = 0.6
"""Seconds before a ramp."""
AFTER = 0.4


@dataclass(frozen=True, slots=True)
class Swing:
    """A ramp: upwards around the nominal frequency, downwards from just above it.

    The device feeds: far above nominal it would have no power left that could cease.

    Attributes:
        rate: Hz/s with its sign.
        seconds: Its length.
    """

    rate: float
    seconds: float

    @property
    def start(self) -> float:
        """Hz at which it begins."""
        return 50.0 - self.rate * self.seconds / 2 if self.rate > 0 else TOP

    @property
    def end(self) -> float:
        """Hz at which it ends."""
        return self.start + self.rate * self.seconds

    def played(self, script: Script) -> Script:
        """Slowly to its beginning, the ramp, a while at its end."""
        script = script.hold(LEAD).ramp(f=self.start, rate=SLOW).hold(LEAD)
        return script.ramp(f=self.end, rate=abs(self.rate)).hold(AFTER)


def beyond(code: Profile, sign: float) -> Swing:
    """Steeper than the stage, for longer than it takes."""
    rate, delay = code["trip_rocof"].stage
    return Swing(sign * STEEPER * rate, delay + MEASURING)


def inside(code: Profile, sign: float) -> Swing:
    """Flatter than the stage, for long."""
    rate, delay = code["trip_rocof"].stage
    return Swing(sign * FLATTER * rate, max(INSIDE_FOR, 2 * delay))


def shorter(code: Profile, sign: float) -> Swing:
    """Steeper than the stage, for less than its time."""
    rate, delay = code["trip_rocof"].stage
    return Swing(sign * STEEPER * rate, SHORTER * delay)


async def play(bench: GridBench, swing: Swing) -> None:
    """Half of the rated power, and the ramp."""
    await bench.export(0.5)
    await bench.settle()
    await bench.play_waveform(swing.played(bench.calm))


def seen(view: View, swing: Swing) -> Span:
    """The ramp as it was, with the device at its power before."""
    view.at_power(0.5, before=view.span.start + LEAD - 0.1, seconds=LEAD - 0.2)
    return view.ramp(swing.rate, swing.seconds)


def told(view: View) -> Parameter:
    """The stage."""
    return view.code["trip_rocof"]


def leaves_in_ramp(view: View, ramp: Span, swing: Swing) -> Iterator[Observation]:
    """The device leaves before the ramp is over, and not at its mere beginning."""
    yield trips_in_time("GRID-TRIP-ROCOF", view, Span(ramp.start, view.span.end), told(view), latest=swing.seconds)
    _, delay = told(view).stage
    start = Span(ramp.start - LEAD / 2, ramp.start + delay - max(SOONER, SOONER * delay))
    yield stays_connected("GRID-TRIP-ROCOF", view, start, told(view))


class RisingTrips(GridCase):
    """While frequency rises faster than the stage allows, the device leaves before the ramp is over.

    Part of the grid has come loose.
    """

    topic = "LOM-01"
    title = "Rising frequency trips the loss-of-mains relay"
    area = "protection"
    requirements = ("GRID-TRIP-ROCOF",)
    parameters = ("trip_rocof",)
    pics = "interface_protection and discharge"
    hooks = ("set_power",)
    faults = {"rocof-dead": "GRID-TRIP-ROCOF", "rocof-far": "GRID-TRIP-ROCOF", "rocof-slow": "GRID-TRIP-ROCOF"}

    async def stimulate(self, bench: GridBench) -> None:
        """A rising ramp."""
        await play(bench, beyond(bench.code, 1.0))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Since the beginning of the ramp."""
        view = View(trace)
        swing = beyond(view.code, 1.0)
        ramp = seen(view, swing)
        yield from leaves_in_ramp(view, ramp, swing)


class FallingTrips(GridCase):
    """While frequency falls faster than the stage allows, the device leaves before the ramp is over."""

    topic = "LOM-02"
    title = "Falling frequency trips the loss-of-mains relay"
    area = "protection"
    requirements = ("GRID-TRIP-ROCOF",)
    parameters = ("trip_rocof",)
    pics = "interface_protection and discharge"
    hooks = ("set_power",)
    faults = {"rocof-dead": "GRID-TRIP-ROCOF", "rocof-far": "GRID-TRIP-ROCOF"}

    async def stimulate(self, bench: GridBench) -> None:
        """A falling ramp."""
        await play(bench, beyond(bench.code, -1.0))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Since the beginning of the ramp."""
        view = View(trace)
        swing = beyond(view.code, -1.0)
        ramp = seen(view, swing)
        yield from leaves_in_ramp(view, ramp, swing)


class FlatterHolds(GridCase):
    """While frequency falls less fast than the stage, however long, the device stays.

    It must not leave just when the grid needs it.
    """

    topic = "LOM-03"
    title = "A flatter ramp does not trip the loss-of-mains relay"
    area = "protection"
    requirements = ("GRID-TRIP-ROCOF",)
    parameters = ("trip_rocof",)
    pics = "interface_protection and discharge"
    hooks = ("set_power",)
    faults = {"rocof-near": "GRID-TRIP-ROCOF"}

    async def stimulate(self, bench: GridBench) -> None:
        """A falling ramp."""
        await play(bench, inside(bench.code, -1.0))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Connected during it and after it."""
        view = View(trace)
        ramp = seen(view, inside(view.code, -1.0))
        yield stays_connected("GRID-TRIP-ROCOF", view, Span(ramp.start, view.span.end), told(view))


class ShorterHolds(GridCase):
    """A steep ramp that ends before the time of the stage does not trip: a loss of a large power station looks so."""

    topic = "LOM-04"
    title = "A short steep ramp does not trip the loss-of-mains relay"
    area = "protection"
    requirements = ("GRID-TRIP-ROCOF",)
    parameters = ("trip_rocof",)
    pics = "interface_protection and discharge"
    hooks = ("set_power",)
    faults = {"rocof-quick": "GRID-TRIP-ROCOF"}

    async def stimulate(self, bench: GridBench) -> None:
        """A falling ramp."""
        await play(bench, shorter(bench.code, -1.0))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Connected during it and after it."""
        view = View(trace)
        ramp = seen(view, shorter(view.code, -1.0))
        yield stays_connected("GRID-TRIP-ROCOF", view, Span(ramp.start, view.span.end), told(view))
