"""LFSM-U, charging: below its threshold a device that charges takes less, and then feeds the grid."""

from __future__ import annotations

from collections.abc import Iterator

from v2gready.authoring.grid import (
    CONNECTED_SHARE,
    GridBench,
    GridCase,
    Observation,
    Span,
    Trace,
    View,
    holds,
    never_above,
    never_below,
    within,
)
from v2gready.authoring.grid.frequency_gates import moved, over_in, points, without_current
from v2gready.authoring.grid.frequency_judgements import (
    BACK,
    RETURN,
    at_most_one_change,
    in_time,
    keeps_up,
    lasting,
    not_below_curve,
    returns_slowly,
    stays_on,
)
from v2gready.authoring.grid.frequency_response import SLOW, ChargeCurve, staircase
from v2gready.authoring.grid.own_numbers import MOST_CURRENT, QUIET

CALM = 60.0
"""Seconds at nominal frequency in which even a slow device comes to its power."""
EMPTY = 0.05
"""State of charge at which no more energy comes out of the battery."""


class EmptyBattery(GridCase):
    """With an empty battery the device ends charging when the frequency is low, which is all that is left to it.

    It does not feed what it does not have (LU-08).
    """

    topic = "LFSMU-05"
    title = "Charging an empty battery"
    area = "under-frequency"
    requirements = ("GRID-ENERGY-LIMIT",)
    parameters = ("lfsmu_charge_curve",)
    pics = "discharge"
    hooks = ("set_power", "set_soc")
    faults = {"soc-limit-ignored": "GRID-ENERGY-LIMIT", "lfsmu-ignores-charging": "GRID-ENERGY-LIMIT"}

    async def stimulate(self, bench: GridBench) -> None:
        """Empties the battery, charges rated power, and goes to where the code asks for feeding."""
        curve = ChargeCurve.of(bench.code)
        await bench.act("set_soc", share=EMPTY)
        await bench.charge(1.0)
        await bench.play(staircase(bench.calm.hold(CALM), [curve.at(0.5)], curve.dwell))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Power is zero in the end, and never beyond."""
        view = View(trace)
        curve = ChargeCurve.of(view.code)
        view.at_power(-1.0, before=CALM)
        ((settled, _, export),) = points(view, [curve.at(0.5)], curve.dwell)
        slack = QUIET.value * view.rating.power
        curve_of = view.code["lfsmu_charge_curve"]
        ended = QUIET.limit("W", low=-slack, code=view.code, played=curve_of)
        yield within("GRID-ENERGY-LIMIT", view, export, ended, what="export", instants=(settled.start, settled.end))
        none = QUIET.limit("W", high=slack, code=view.code, played=curve_of)
        whole = Span(CALM, settled.end)
        yield never_above("GRID-ENERGY-LIMIT", view, view.q.export, whole, none, what="highest export")


class StaircaseCharging(GridCase):
    """A device that charges takes less for each level of frequency, at least along the curve of the code.

    One droop for both directions would leave two thirds of the load at 49.0 Hz.
    """

    topic = "LFSMU-06"
    title = "Charging: curve, level by level"
    area = "under-frequency"
    requirements = ("GRID-LFSMU-CHARGE",)
    parameters = ("lfsmu_charge_curve",)
    pics = "discharge"
    faults = {
        "lfsmu-ignores-charging": "GRID-LFSMU-CHARGE",
        "charge-curve-flat": "GRID-LFSMU-CHARGE",
        "lfsmu-threshold-100mhz-low": "GRID-LFSMU-CHARGE",
    }

    async def stimulate(self, bench: GridBench) -> None:
        """Goes down along the curve from the power before to half of the rated export."""
        curve = ChargeCurve.of(bench.code)
        await bench.charge(1.0)
        await bench.play(staircase(bench.calm.hold(CALM), curve.levels(6, 0.5), curve.dwell))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Export is at least the curve at each level."""
        view = View(trace)
        curve = ChargeCurve.of(view.code)
        view.at_power(-1.0, before=CALM)
        yield from not_below_curve(
            "GRID-LFSMU-CHARGE",
            view,
            points(view, curve.levels(6, 0.5), curve.dwell),
            curve.floor(view),
            tolerance=curve.tolerance * view.rating.power,
            parameter=view.code["lfsmu_charge_curve"],
            drawn=(curve.at(0.5), view.code.nominal_frequency),
        )


class RampCharging(GridCase):
    """While frequency falls, charging falls with it, no later than the response may rise.

    The load is gone before load shedding begins.
    """

    topic = "LFSMU-07"
    title = "Charging: falling frequency"
    area = "under-frequency"
    requirements = ("GRID-LFSMU-CHARGE",)
    parameters = ("lfsmu_charge_curve", "lfsmu_rise")
    pics = "discharge"
    faults = {
        "lfsmu-ignores-charging": "GRID-LFSMU-CHARGE",
        "frequency-filter-slow": "GRID-LFSMU-CHARGE",
        "charge-curve-flat": "GRID-LFSMU-CHARGE",
    }

    RATE = 0.25
    """Hz/s: four seconds for 50 to 49 Hz."""

    async def stimulate(self, bench: GridBench) -> None:
        """Lowers the frequency to where charging has ended."""
        curve = ChargeCurve.of(bench.code)
        await bench.charge(1.0)
        await bench.play(bench.calm.hold(CALM).ramp(f=curve.at(0.0), rate=self.RATE).hold(curve.dwell))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Export is at least what the frequency of a rise time ago asks, at every instant."""
        view = View(trace)
        curve = ChargeCurve.of(view.code)
        view.at_power(-1.0, before=CALM)
        fall = view.ramp(-0.95 * self.RATE, 0.95 * (view.code.nominal_frequency - curve.at(0.0)) / self.RATE)
        hold = view.held_frequency(curve.at(0.0), curve.dwell, after=fall.start)
        yield keeps_up(
            "GRID-LFSMU-CHARGE",
            view,
            Span(fall.start, hold.end),
            curve.floor(view),
            late=view.code["lfsmu_rise"].number,
            tolerance=curve.tolerance * view.rating.power,
            parameter=view.code["lfsmu_charge_curve"],
        )


class SupplyBelow(GridCase):
    """Below the frequency that the code names a device that charged feeds the grid, or has left it, in time.

    A load that stays makes the blackout that it would be shed in.
    """

    topic = "LFSMU-08"
    title = "From charging to supply in time"
    area = "under-frequency"
    requirements = ("GRID-LFSMU-SUPPLY",)
    parameters = ("lfsmu_supply_below", "lfsmu_supply_time")
    pics = "discharge"
    faults = {
        "no-supply-below-49": "GRID-LFSMU-SUPPLY",
        "crossing-slow": "GRID-LFSMU-SUPPLY",
        "lfsmu-ignores-charging": "GRID-LFSMU-SUPPLY",
    }

    BELOW = 0.4
    """Hz below that frequency, where supply must be seen."""
    RATE = 1.0
    """Hz/s: on a slower way there is more time than the code gives."""

    async def stimulate(self, bench: GridBench) -> None:
        """Lowers the frequency from nominal to well below."""
        low = bench.code["lfsmu_supply_below"].number - self.BELOW
        await bench.charge(1.0)
        await bench.play(bench.calm.hold(CALM).ramp(f=low, rate=self.RATE).hold(CALM))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Since the frequency crossed the value of the code: until power goes out for good, or no current flows."""
        view = View(trace)
        below, time = view.code["lfsmu_supply_below"], view.code["lfsmu_supply_time"]
        view.at_power(-1.0, before=CALM)
        low = below.number - self.BELOW
        fall = view.ramp(-0.95 * self.RATE, 0.95 * (view.code.nominal_frequency - low) / self.RATE)
        hold = view.held_frequency(low, CALM, after=fall.start)
        since = view.crossing(view.q.f, below.number, rising=False, after=fall.start)
        span = Span(since, hold.end)
        left = view.disconnected(span)
        supplying = lasting(view.q.export, CONNECTED_SHARE * view.rating.power, span)
        gone = left if supplying is None else supplying
        yield in_time("GRID-LFSMU-SUPPLY", view, since, gone, time, what="it supplies or has left the grid")


class CrossingOnce(GridCase):
    """From charging to feeding the device goes once, without overshoot of current.

    One that cannot decide swings the load of a whole street.
    """

    topic = "LFSMU-09"
    title = "From charging to supply once, without overshoot"
    area = "under-frequency"
    requirements = ("GRID-MODE-CHANGE", "GRID-LFSMU-SUPPLY")
    parameters = ("lfsmu_threshold", "lfsmu_supply_below")
    pics = "discharge"
    faults = {"mode-toggles": "GRID-MODE-CHANGE", "no-supply-below-49": "GRID-LFSMU-SUPPLY"}

    async def stimulate(self, bench: GridBench) -> None:
        """Lowers the frequency slowly through the crossing."""
        below = bench.code["lfsmu_supply_below"].number
        await bench.charge(1.0)
        await bench.play(bench.calm.hold(CALM).ramp(f=below - 0.5, rate=SLOW).hold(CALM))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Counts the changes of direction and looks at the highest current."""
        view = View(trace)
        below = view.code["lfsmu_supply_below"]
        view.at_power(-1.0, before=CALM)
        hold = view.held_frequency(below.number - 0.5, CALM)
        whole = Span(CALM, hold.end)
        yield at_most_one_change("GRID-MODE-CHANGE", view, whole, below)
        most = MOST_CURRENT.value * view.rating.current
        limit = MOST_CURRENT.limit("A", high=most, code=view.code, played=below)
        yield never_above("GRID-MODE-CHANGE", view, view.q.i_max, whole, limit, what="current")
        end = hold.last(CALM / 2)
        settled = view.export(end)
        feeding = settled.value > CONNECTED_SHARE * view.rating.power
        left = view.mean(view.q.i_max, end).value < CONNECTED_SHARE * view.rating.current
        yield holds(
            "GRID-LFSMU-SUPPLY",
            feeding or left,
            expected=f"the device feeds the grid at {below.number - 0.5:g} Hz, or has left it",
            seen=f"export {settled.value:.0f} W",
            at=view.at,
        )


class QuickDip(GridCase):
    """A dip of frequency that is over in two seconds does not make the device change to and fro (LU-07)."""

    topic = "LFSMU-10"
    title = "Quick dip of frequency while charging"
    area = "under-frequency"
    requirements = ("GRID-MODE-CHANGE", "GRID-LFSMU-CHARGE")
    parameters = ("lfsmu_charge_curve", "lfsmu_threshold")
    pics = "discharge"
    faults = {"mode-toggles": "GRID-MODE-CHANGE", "lfsmu-dead": "GRID-LFSMU-CHARGE"}

    async def stimulate(self, bench: GridBench) -> None:
        """Goes from just above the threshold to three tenths below it and back."""
        high, low = self.levels(bench.code["lfsmu_threshold"].number)
        await bench.charge(1.0)
        script = bench.calm.hold(CALM).ramp(f=high, rate=SLOW).hold(5)
        await bench.play(script.ramp(f=low, rate=1.0).hold(1.2).ramp(f=high, rate=1.0).hold(10))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Power goes down and up without feeding in between, and the device stays."""
        view = View(trace)
        high, low = self.levels(view.code["lfsmu_threshold"].number)
        start = view.at_power(-1.0, before=CALM)
        before = view.held_frequency(high, 5)
        dip = view.held_frequency(low, 1.2, after=before.end)
        after = view.held_frequency(high, 10, after=dip.end)
        over_in(Span(before.end, after.start), 2.0)
        whole = Span(before.start, after.end)
        yield stays_on("GRID-MODE-CHANGE", view, Span(CALM / 2, after.end), view.code["lfsmu_threshold"])
        yield at_most_one_change("GRID-MODE-CHANGE", view, whole, view.code["lfsmu_threshold"])
        slack = QUIET.value * view.rating.power
        limit = QUIET.limit("W", high=slack, code=view.code, played=view.code["lfsmu_threshold"])
        yield never_above("GRID-MODE-CHANGE", view, view.q.export, whole, limit, what="highest export")
        # The rest of the case shows something only if the device saw the dip.
        least = QUIET.limit("W", low=start.value + slack, code=view.code, played=view.code["lfsmu_charge_curve"])
        yield within(
            "GRID-LFSMU-CHARGE", view, view.q.export.between(dip.start, after.start).maximum(), least, what="export"
        )

    @staticmethod
    def levels(threshold: float) -> tuple[float, float]:
        """Above and below the threshold."""
        return threshold + 0.1, threshold - 0.3


class ReturnToCharging(GridCase):
    """After under-frequency charging returns no faster than the gradient of the code.

    The load that came back at once would be the next dip (LU-06).
    """

    topic = "LFSMU-11"
    title = "Return from under-frequency, gradient of charging"
    area = "under-frequency"
    requirements = ("GRID-LFSMU-RETURN",)
    parameters = ("lfsmu_charge_curve", "lfsmo_return_gradient")
    pics = "discharge"
    faults = {"no-return-gradient": "GRID-LFSMU-RETURN", "return-gradient-tripled": "GRID-LFSMU-RETURN"}

    async def stimulate(self, bench: GridBench) -> None:
        """Stays where half of the charging has gone, and steps back."""
        curve = ChargeCurve.of(bench.code)
        await bench.charge(1.0)
        script = staircase(bench.calm.hold(CALM), [curve.at(-0.5)], curve.dwell)
        await bench.play(script.step(f=bench.code.nominal_frequency + BACK).hold(RETURN))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Looks for the steepest minute after the frequency is back."""
        view = View(trace)
        curve = ChargeCurve.of(view.code)
        start = view.at_power(-1.0, before=CALM)
        ((low, _, _),) = points(view, [curve.at(-0.5)], curve.dwell)
        moved(view, start, low, 0.2)
        yield returns_slowly("GRID-LFSMU-RETURN", view, -view.q.export, view.rating.charge_power, after=low.end)


class NextCarAtLowFrequency(GridCase):
    """A car leaves while the frequency is low, and the next one charges with no more than the frequency permits.

    A new session does not forget the grid (LU-10).
    """

    topic = "LFSMU-12"
    title = "New session at low frequency"
    area = "under-frequency"
    requirements = ("GRID-LFSMU-CHARGE",)
    parameters = ("lfsmu_charge_curve",)
    pics = "discharge"
    hooks = ("set_power", "unplug", "plug")
    faults = {"forgets-after-unplug": "GRID-LFSMU-CHARGE"}

    async def stimulate(self, bench: GridBench) -> None:
        """Changes the car at a frequency that permits less than half of the charging power."""
        curve = ChargeCurve.of(bench.code)
        low = curve.at(-0.4)
        await bench.charge(1.0)
        await bench.play(staircase(bench.calm.hold(CALM), [low], curve.dwell))
        await bench.act("unplug")
        await bench.play(bench.calm.step(f=low).hold(5))
        await bench.act("plug")
        await bench.charge(1.0)
        await bench.play(bench.calm.step(f=low).hold(CALM))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Export in the new session is at least the curve."""
        view = View(trace)
        curve = ChargeCurve.of(view.code)
        low = curve.at(-0.4)
        view.at_power(-1.0, before=CALM)
        hold = view.held_frequency(low, curve.dwell + CALM)
        pause = without_current(view, hold, 4)
        session = Span(pause.end, hold.end)
        floor = curve.floor(view)(low) - curve.tolerance * view.rating.power
        limit = view.code.limit("lfsmu_charge_curve", low=floor, unit="W")
        yield never_below("GRID-LFSMU-CHARGE", view, view.q.export, session, limit, what="lowest export")
