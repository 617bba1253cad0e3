"""The device withstands fast changes of frequency, and jumps of phase, without leaving the grid."""

from __future__ import annotations

from collections.abc import Iterator

from v2gready.authoring.grid import (
    GridBench,
    GridCase,
    Observation,
    Profile,
    Script,
    Span,
    Trace,
    View,
    never_above,
    on_curve,
    stays_connected,
)
from v2gready.authoring.grid.frequency_gates import jumped, points
from v2gready.authoring.grid.frequency_judgements import between_bounds, stays_on
from v2gready.authoring.grid.frequency_response import Droop, staircase, withstood
from v2gready.authoring.grid.own_numbers import MOST_CURRENT, MOVED

REQUIREMENT = "GRID-ROCOF"
STEEPER = 1.01
"""Times the rate of the code: the simulator's tolerance must not make it flatter."""
CALM = 0.3
"""Seconds before and after in a waveform recording."""
AFTER = 5.0
"""Seconds after a ramp in which a device that has tripped is seen to be gone."""
REST = 20.0
"""Seconds before a ramp in a recording of quantities; as long between two, at nominal frequency."""
RISE = 3.0
"""Seconds in which the device comes to rated power in a waveform recording."""
CYCLE = 0.02


def steepest(code: Profile) -> tuple[float, float]:
    """Rate and window of the steepest row."""
    rate, window = max(code["rocof"].rows)
    return rate, window


def longest(code: Profile) -> tuple[float, float]:
    """Rate and window of the row with the longest window."""
    rate, window = max(code["rocof"].rows, key=lambda row: row[1])
    return rate, window


class SteepestRow(GridCase):
    """What the four cases at full power share: the steepest row of the code, where no response is possible.

    A device that feeds rated power cannot feed more below nominal frequency; one that charges rated power cannot charge
    more above. There, power has no reason to move at all.
    """

    area = "frequency"
    requirements = (REQUIREMENT,)
    parameters = ("rocof",)
    faults = {"trips-at-rocof": REQUIREMENT}

    sign: float
    """1: frequency rises; -1: it falls."""
    share: float
    """Export before, of rated power."""

    async def stimulate(self, bench: GridBench) -> None:
        """One ramp, from or to nominal frequency."""
        rate, window = steepest(bench.code)
        await (bench.export(self.share) if self.share > 0 else bench.charge(-self.share))
        await bench.play_waveform(self.script(bench.calm, rate, window))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The device stays connected, and power does not move."""
        view = View(trace)
        ramp = view.ramp(self.sign * steepest(view.code)[0], steepest(view.code)[1])
        start = view.at_power(self.share, before=ramp.start - CYCLE, seconds=0.1)
        after = Span(ramp.start, min(ramp.end + CALM, view.span.end))
        yield stays_connected(REQUIREMENT, view, after, view.code["rocof"])
        slack = MOVED.value * view.rating.power
        bounds = (start.value - slack, start.value + slack)
        moving = Span(after.start, after.end - CYCLE)
        yield from between_bounds(REQUIREMENT, view, moving, bounds, view.code["rocof"], own=MOVED)

    def script(self, calm: Script, rate: float, window: float) -> Script:
        """Rising while feeding and falling while charging ends at nominal frequency; else it begins there."""
        nominal, way = calm.frequency, self.sign * rate * window * STEEPER
        script = calm.hold(RISE)
        if self.sign * self.share > 0:
            script = script.ramp(f=nominal - way, rate=1.0).hold(CALM)
        return script.ramp(f=script.frequency + way, rate=rate * STEEPER).hold(CALM + 0.1)


class RisingWhileFeeding(SteepestRow):
    """Frequency rises as fast as the code says while the device feeds rated power: it stays and its power too."""

    topic = "ROCOF-01"
    title = "Steepest rise of frequency, feeding"
    pics = "discharge"
    sign, share = 1.0, 1.0


class FallingWhileFeeding(SteepestRow):
    """Frequency falls as fast as the code says while the device feeds rated power: it stays and its power too."""

    topic = "ROCOF-02"
    title = "Steepest fall of frequency, feeding"
    pics = "discharge"
    faults = {"trips-at-rocof": REQUIREMENT, "frequency-mirrored": REQUIREMENT}
    sign, share = -1.0, 1.0


class RisingWhileCharging(SteepestRow):
    """Frequency rises as fast as the code says while the device charges rated power: it stays and its power too."""

    topic = "ROCOF-03"
    title = "Steepest rise of frequency, charging"
    faults = {"trips-at-rocof": REQUIREMENT, "frequency-mirrored": REQUIREMENT}
    sign, share = 1.0, -1.0


class FallingWhileCharging(SteepestRow):
    """Frequency falls as fast as the code says while the device charges rated power: it stays and its power too."""

    topic = "ROCOF-04"
    title = "Steepest fall of frequency, charging"
    sign, share = -1.0, -1.0


class EveryRow(GridCase):
    """What the four cases at half power share: each row of the code, one after the other.

    Where frequency would take the power away (over-frequency while feeding, under-frequency while charging) a ramp ends
    at nominal frequency, so that current goes on to flow; else it begins there.
    """

    area = "frequency"
    requirements = (REQUIREMENT,)
    parameters = ("rocof",)
    faults = {"trips-at-rocof": REQUIREMENT}

    sign: float
    share: float

    async def stimulate(self, bench: GridBench) -> None:
        """A ramp for each row, each back slowly."""
        await (bench.export(self.share) if self.share > 0 else bench.charge(-self.share))
        script = bench.calm.hold(REST)
        for rate, window in rows(bench.code):
            begin, end = self.course(bench.code, rate, window)
            script = staircase(script, [begin], 2).ramp(f=end, rate=rate * STEEPER).hold(AFTER)
            script = staircase(script, [bench.code.nominal_frequency], REST)
        await bench.play(script)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The device stays connected during each ramp and after it."""
        view = View(trace)
        view.at_power(self.share, before=REST)
        after = REST
        for rate, window in rows(view.code):
            ramp = view.ramp(self.sign * rate, window, after=after)
            _, end = self.course(view.code, rate, window)
            hold = view.held_frequency(end, AFTER, after=ramp.start)
            yield stays_on(REQUIREMENT, view, Span(ramp.start, hold.end), view.code["rocof"])
            after = hold.end

    def course(self, code: Profile, rate: float, window: float) -> tuple[float, float]:
        """From where to where, as far as the ranges of the code go."""
        low, high = withstood(code)
        way = self.sign * rate * window * STEEPER
        begin = code.nominal_frequency - (way if self.sign * self.share > 0 else 0.0)
        begin = min(max(begin, low - min(way, 0.0)), high - max(way, 0.0))
        return begin, begin + way


def rows(code: Profile) -> list[tuple[float, float]]:
    """Rate and window, the steepest first."""
    return [(row[0], row[1]) for row in sorted(code["rocof"].rows, reverse=True)]


class RowsRisingWhileFeeding(EveryRow):
    """Frequency rises by each row of the code while the device feeds half of its power: it stays."""

    topic = "ROCOF-05"
    title = "Every rise of frequency, feeding"
    pics = "discharge"
    sign, share = 1.0, 0.5


class RowsFallingWhileFeeding(EveryRow):
    """Frequency falls by each row of the code while the device feeds half of its power: it stays."""

    topic = "ROCOF-06"
    title = "Every fall of frequency, feeding"
    pics = "discharge"
    sign, share = -1.0, 0.5


class RowsRisingWhileCharging(EveryRow):
    """Frequency rises by each row of the code while the device charges half of its power: it stays."""

    topic = "ROCOF-07"
    title = "Every rise of frequency, charging"
    sign, share = 1.0, -0.5


class RowsFallingWhileCharging(EveryRow):
    """Frequency falls by each row of the code while the device charges half of its power: it stays."""

    topic = "ROCOF-08"
    title = "Every fall of frequency, charging"
    pics = "discharge"
    sign, share = -1.0, -0.5


class LongRampThenOver(GridCase):
    """The longest ramp of the code, from low to high frequency, ends where LFSM-O is due.

    The device stays, and gives less in the end than at the beginning. Immunity does not switch the response off
    (RC-04).
    """

    topic = "ROCOF-09"
    title = "Longest rise of frequency and the response to it"
    area = "frequency"
    requirements = (REQUIREMENT, "GRID-LFSMO-THRESHOLD")
    parameters = ("rocof", "lfsmo_threshold", "lfsmo_droop", "frequency_range")
    pics = "discharge"
    faults = {"trips-at-slow-rocof": REQUIREMENT, "lfsmo-off": "GRID-LFSMO-THRESHOLD"}

    async def stimulate(self, bench: GridBench) -> None:
        """Feeds rated power, goes down slowly, and up as fast as the code says."""
        rate, _ = longest(bench.code)
        begin, end = self.course(bench.code)
        await bench.export(1.0)
        script = staircase(bench.calm.hold(REST), [begin], REST)
        await bench.play(script.ramp(f=end, rate=rate * STEEPER).hold(REST))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The device stays connected, and its power ends on the characteristic."""
        view = View(trace)
        rate, window = longest(view.code)
        droop = Droop.over(view.code)
        _, end = self.course(view.code)
        view.at_power(1.0, before=REST)
        ramp = view.ramp(rate, window, after=REST)
        start = view.at_power(1.0, before=ramp.start - 0.1)
        hold = view.held_frequency(end, REST, after=ramp.start)
        yield stays_on(REQUIREMENT, view, Span(ramp.start, hold.end), view.code["rocof"])
        yield from on_curve(
            "GRID-LFSMO-THRESHOLD",
            view,
            points(view, [end], REST),
            droop.wanted(view, start),
            x=("f", "Hz"),
            y=("export", "W"),
            tolerance=droop.tolerance * view.rating.power,
            parameter=view.code["lfsmo_threshold"],
            drawn=(droop.nominal, droop.at(1.0)),
        )

    @staticmethod
    def course(code: Profile) -> tuple[float, float]:
        """From nominal frequency or below to where six tenths of the power are due to go, or as far as the row goes."""
        rate, window = longest(code)
        way = rate * window * STEEPER
        begin = min(Droop.over(code).at(0.6) - way, code.nominal_frequency)
        return begin, begin + way


class PhaseJump(GridCase):
    """What the cases about phase jumps share: forwards, and backwards again, while frequency stays."""

    area = "frequency"
    requirements = ("GRID-PHASE-JUMP",)
    parameters = ("phase_jump",)
    faults = {"trips-at-phase-jump": "GRID-PHASE-JUMP"}

    part: float
    """Of the jump that the code asks to withstand."""
    share: float
    """Export before, of rated power."""

    async def stimulate(self, bench: GridBench) -> None:
        """Two jumps of all three voltages."""
        angle = self.part * bench.code["phase_jump"].number
        await (bench.export(self.share) if self.share > 0 else bench.charge(-self.share))
        script = bench.calm.hold(RISE).step(jump=angle).hold(2 * CALM)
        await bench.play_waveform(script.step(jump=-angle).hold(2 * CALM))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The device stays connected; a cycle after each jump its current is within bounds."""
        view = View(trace)
        limit = view.code["phase_jump"]
        angle = self.part * limit.number
        forward = jumped(view, angle)
        backward = jumped(view, -angle, after=forward)
        view.at_power(self.share, before=forward - 5 * CYCLE, seconds=0.1)
        whole = Span(forward - CYCLE, view.span.end)
        yield stays_connected("GRID-PHASE-JUMP", view, whole, limit)
        for jump, end in ((forward, backward - 2 * CYCLE), (backward, view.span.end - CYCLE)):
            high = MOST_CURRENT.value * view.rating.current
            most = MOST_CURRENT.limit("A", high=high, code=view.code, played=limit)
            calm = Span(jump + 2 * CYCLE, end)
            yield never_above("GRID-PHASE-JUMP", view, view.q.i_max, calm, most, what="current after the jump")


class HalfJumpFeeding(PhaseJump):
    """Half of the jump of the code while the device feeds rated power: lines are switched every day."""

    topic = "ROCOF-10"
    title = "Half of the phase jump, feeding"
    pics = "discharge"
    part, share = 0.5, 1.0


class FullJumpFeeding(PhaseJump):
    """The jump of the code while the device feeds rated power."""

    topic = "ROCOF-11"
    title = "Phase jump, feeding"
    pics = "discharge"
    part, share = 1.0, 1.0


class FullJumpCharging(PhaseJump):
    """The jump of the code while the device charges with rated power."""

    topic = "ROCOF-12"
    title = "Phase jump, charging"
    part, share = 1.0, -1.0
