"""LFSM-O: above its threshold a device that feeds the grid gives less, one that charges never begins to feed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from v2gready.authoring.grid import (
    GridBench,
    GridCase,
    Measurement,
    Observation,
    Script,
    Span,
    Trace,
    View,
    never_above,
    within,
)
from v2gready.authoring.grid.droop_cases import CALM, FollowsDroop, NoResponse, OverFrequency, StepOfFrequency
from v2gready.authoring.grid.frequency_gates import moved, points, swung
from v2gready.authoring.grid.frequency_judgements import (
    BACK,
    RETURN,
    between_bounds,
    does_not_grow,
    quick_enough,
    returns_slowly,
    slope,
    stays_on,
    well_damped,
)
from v2gready.authoring.grid.frequency_response import SLOW, Droop, staircase, swinging
from v2gready.authoring.grid.own_numbers import SLOPE

LIMIT = 0.6
"""Of rated power, from outside (CZ VP_10)."""
FULL = 0.97
"""State of charge at which no more energy goes into the battery."""
SWINGS = ((0.2, 5), (0.5, 6), (1.0, 10))
"""How often per second frequency swings, and how many times (LO-08)."""
SWING = 0.1
"""Hz by which frequency swings to either side (LO-08)."""
ABOVE = 0.15
"""Hz above the threshold around which it swings: it stays above."""


def stairs(droop: Droop, most: float = 0.8) -> tuple[float, ...]:
    """Up to where export has fallen by that share of the reference power, and down again above the threshold."""
    up = droop.levels(4, most)
    return (*up, *reversed(up[:-1]))


class NoResponseBelowThreshold(NoResponse, OverFrequency):
    """Just below the threshold of LFSM-O a device that feeds the grid does not respond to frequency.

    A device that begins too early gives less than its contract says for many hours of every year.
    """

    topic = "LFSMO-01"
    title = "No response below the threshold"
    requirements = ("GRID-LFSMO-THRESHOLD",)
    faults = {"lfsmo-threshold-100mhz-low": "GRID-LFSMO-THRESHOLD"}


class ResponseAboveThreshold(FollowsDroop, OverFrequency):
    """Above the threshold of LFSM-O a device that feeds the grid gives less: a fifth less where the droop says so."""

    topic = "LFSMO-02"
    title = "Response above the threshold"
    requirements = ("GRID-LFSMO-THRESHOLD",)
    faults = {
        "lfsmo-off": "GRID-LFSMO-THRESHOLD",
        "lfsmo-threshold-100mhz-high": "GRID-LFSMO-THRESHOLD",
        "frequency-mirrored": "GRID-LFSMO-THRESHOLD",
    }
    about, drawn = "threshold", 0.4

    def levels(self, droop: Droop) -> Sequence[float]:
        """Where a fifth of the power is due to go."""
        return droop.levels(1, 0.2)


class StaircaseAtFullPower(FollowsDroop, OverFrequency):
    """Feeding rated power, the device follows the characteristic of LFSM-O level by level, up and down again."""

    topic = "LFSMO-03"
    title = "Characteristic at rated power, up and down"
    requirements = ("GRID-LFSMO-SLOPE",)
    faults = {
        "lfsmo-droop-doubled": "GRID-LFSMO-SLOPE",
        "lfsmo-droop-halved": "GRID-LFSMO-SLOPE",
        "lfsmo-sign-flip": "GRID-LFSMO-SLOPE",
    }

    def levels(self, droop: Droop) -> Sequence[float]:
        """Four above the threshold, and down again."""
        return stairs(droop)


class RampAtFullPower(OverFrequency):
    """While frequency rises slowly and steadily, power falls with the slope that the droop says.

    No level hides a dead zone or a step between two levels.
    """

    topic = "LFSMO-04"
    title = "Slope on a ramp of frequency"
    requirements = ("GRID-LFSMO-SLOPE",)
    faults = {"lfsmo-droop-doubled": "GRID-LFSMO-SLOPE", "lfsmo-off": "GRID-LFSMO-SLOPE"}

    RATE = 0.05
    """Hz/s: the response has no part in the slope."""

    def script(self, script: Script, droop: Droop) -> Script:
        """Raises the frequency slowly from nominal to where most of the power is due to go."""
        return script.ramp(f=droop.at(0.8), rate=self.RATE).hold(droop.dwell)

    def judged(self, view: View, droop: Droop, start: Measurement) -> Iterator[Observation]:
        """Measures the slope between a tenth and seven tenths of the way."""
        low, high = droop.at(0.1), droop.at(0.7)
        ramp = view.ramp(0.95 * self.RATE, (high - low) / self.RATE)
        since = view.crossing(view.q.f, low, rising=True, after=ramp.start)
        until = view.crossing(view.q.f, high, rising=True, after=since)
        due = droop.per_hz * view.rating.power
        limit = SLOPE.on(
            view.code.limit("lfsmo_droop", low=-due * (1 + SLOPE.value), high=-due * (1 - SLOPE.value), unit="W/Hz")
        )
        part = Span(since, until)
        yield within("GRID-LFSMO-SLOPE", view, slope(view, part), limit, what="slope", instants=(since, until))


class StepResponse(StepOfFrequency, OverFrequency):
    """A step of frequency by which four tenths of the power are due to go.

    The response begins, rises and settles in the times of the code. A late response is an oscillation of the whole
    system.
    """

    topic = "LFSMO-05"
    title = "Step of frequency: delay, rise and settling"
    requirements = ("GRID-LFSMO-DYNAMIC",)
    parameters = ("lfsmo_threshold", "lfsmo_droop", "lfsmo_rise", "lfsmo_settling")
    faults = {"slow-response": "GRID-LFSMO-DYNAMIC", "frequency-filter-slow": "GRID-LFSMO-DYNAMIC"}
    change = 0.4

    def answered(self, view: View, droop: Droop, span: Span) -> Iterator[Observation]:
        """Measures the step response of power."""
        yield from quick_enough("GRID-LFSMO-DYNAMIC", view, droop, span)


class StepDamping(StepOfFrequency, OverFrequency):
    """After a step of frequency power neither overshoots nor goes on swinging (RfG Art 44: no undamped oscillation)."""

    topic = "LFSMO-06"
    title = "Step of frequency: overshoot and damping"
    requirements = ("GRID-LFSMO-DYNAMIC",)
    faults = {"power-overshoot": "GRID-LFSMO-DYNAMIC", "power-oscillates": "GRID-LFSMO-DYNAMIC"}
    change = 0.4

    def answered(self, view: View, droop: Droop, span: Span) -> Iterator[Observation]:
        """Measures overshoot, and what still swings when it should have settled."""
        yield from well_damped("GRID-LFSMO-DYNAMIC", view, droop, span)


class ReturnGradient(OverFrequency):
    """When the frequency is back, power returns no faster than the gradient of the code.

    A hundred thousand devices that jump back push the frequency up again.
    """

    topic = "LFSMO-07"
    title = "Return from over-frequency, gradient"
    requirements = ("GRID-LFSMO-RETURN",)
    parameters = ("lfsmo_threshold", "lfsmo_droop", "lfsmo_return_gradient")
    faults = {"no-return-gradient": "GRID-LFSMO-RETURN", "return-gradient-tripled": "GRID-LFSMO-RETURN"}

    def script(self, script: Script, droop: Droop) -> Script:
        """Stays above the threshold for a while and steps back."""
        return staircase(script, [droop.at(0.4)], droop.dwell).step(f=droop.nominal + BACK).hold(RETURN)

    def judged(self, view: View, droop: Droop, start: Measurement) -> Iterator[Observation]:
        """Looks for the steepest minute after the frequency is back."""
        ((high, _, _),) = points(view, [droop.at(0.4)], droop.dwell)
        moved(view, start, high, 0.2)
        # One that left comes back as from every trip: that is another clause.
        yield stays_on("GRID-LFSMO-RETURN", view, Span(CALM / 2, high.end), view.code["lfsmo_droop"])
        yield returns_slowly("GRID-LFSMO-RETURN", view, view.q.export, view.rating.power, after=high.end)


class WhileCharging(OverFrequency):
    """A device that charges half of its power goes on charging or charges more, however high the frequency is.

    To feed the grid because of over-frequency would be the sign error that makes the disturbance worse.
    """

    topic = "LFSMO-08"
    title = "Over-frequency while charging"
    requirements = ("GRID-LFSMO-CHARGE",)
    share = -0.5
    pics = ""
    faults = {
        "lfsmo-reverses-charging": "GRID-LFSMO-CHARGE",
        "frequency-mirrored": "GRID-LFSMO-CHARGE",
    }

    def levels(self, droop: Droop) -> Sequence[float]:
        """Those at which a device that feeds gives less and less."""
        return stairs(droop)

    def judged(self, view: View, droop: Droop, start: Measurement) -> Iterator[Observation]:
        """No value of export is above what it was."""
        levels = points(view, stairs(droop), droop.dwell)
        limit = view.code.limit(
            "lfsmo_threshold", high=start.value + droop.tolerance * view.rating.charge_power, unit="W"
        )
        over = Span(levels[0][0].start, levels[-1][0].end)
        yield never_above("GRID-LFSMO-CHARGE", view, view.q.export, over, limit, what="export at over-frequency")


class WithPowerLimit(GridCase):
    """A limit of power from outside and LFSM-O act together.

    The lower power wins. A device that adds them up, or lets the one forget the other, gives too much.
    """

    topic = "LFSMO-09"
    title = "Over-frequency under a power limit"
    area = "over-frequency"
    requirements = ("GRID-POWER-LIMIT", "GRID-LFSMO-SLOPE")
    parameters = ("lfsmo_threshold", "lfsmo_droop")
    pics = "discharge and power_limit"
    hooks = ("set_power", "limit_power")
    faults = {"power-limit-ignored": "GRID-POWER-LIMIT", "lfsmo-off": "GRID-LFSMO-SLOPE"}

    async def stimulate(self, bench: GridBench) -> None:
        """Asks for rated power under a limit, and climbs above the threshold."""
        droop = Droop.over(bench.code)
        await bench.export(1.0)
        await bench.act("limit_power", share=LIMIT)
        await bench.play(staircase(bench.calm.hold(CALM), droop.levels(3, 0.6), droop.dwell))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Never above the limit, and at each level between what LFSM-O leaves of the limit and of rated power."""
        view = View(trace)
        droop = Droop.over(view.code)
        levels = points(view, droop.levels(3, 0.6), droop.dwell)
        settled = Span(CALM / 2, levels[-1][0].end)
        slack = droop.tolerance * view.rating.power
        most = view.code.limit("lfsmo_droop", high=LIMIT * view.rating.power + slack, unit="W")
        yield never_above("GRID-POWER-LIMIT", view, view.q.export, settled, most, what="export under the limit")
        # A device that did not reach the limit proves nothing about it.
        wanted = droop.wanted(view, view.at_power(LIMIT, before=CALM))
        for hold, f, export in levels:
            left = (1 + droop.change(f.value)) * view.rating.power + slack
            high = min(LIMIT * view.rating.power + slack, left)
            limit = view.code.limit("lfsmo_droop", low=wanted(f.value) - slack, high=high, unit="W")
            yield within(
                "GRID-LFSMO-SLOPE",
                view,
                export,
                limit,
                what=f"export at {f.value:.4g} Hz",
                instants=(hold.start, hold.end),
            )


class WithFullBattery(GridCase):
    """With a full battery the device cannot charge more.

    It still gives less as long as it feeds, it does not charge beyond full, and it stays at the grid (LU-09).
    """

    topic = "LFSMO-10"
    title = "Over-frequency with a full battery"
    area = "over-frequency"
    requirements = ("GRID-ENERGY-LIMIT",)
    parameters = ("lfsmo_threshold", "lfsmo_droop")
    pics = "discharge"
    hooks = ("set_power", "set_soc")
    faults = {"lfsmo-off": "GRID-ENERGY-LIMIT", "soc-limit-ignored": "GRID-ENERGY-LIMIT"}

    async def stimulate(self, bench: GridBench) -> None:
        """Fills the battery, feeds half of the power, and goes to where it is due to be less, and then to the top."""
        droop = Droop.over(bench.code)
        await bench.act("set_soc", share=FULL)
        await bench.export(0.5)
        await bench.play(staircase(bench.calm.hold(CALM), self.levels(droop), droop.dwell))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Power falls to what LFSM-O leaves, and never below zero; the device stays as long as it has to feed."""
        view = View(trace)
        droop = Droop.over(view.code)
        start = view.at_power(0.5, before=CALM)
        seen = points(view, self.levels(droop), droop.dwell)
        level, f, export = seen[0]
        slack = droop.tolerance * view.rating.power
        # Where the code does not name the reference, the smallest of them is enough.
        left = droop.wanted(view, start, droop.reference or "P_at_threshold")(f.value)
        limit = view.code.limit("lfsmo_droop", high=max(left, 0.0) + slack, unit="W")
        yield within("GRID-ENERGY-LIMIT", view, export, limit, what="export", instants=(level.start, level.end))
        yield stays_on("GRID-ENERGY-LIMIT", view, Span(CALM / 2, level.end), view.code["lfsmo_droop"])
        whole = Span(CALM, seen[-1][0].end)
        yield from between_bounds(
            "GRID-ENERGY-LIMIT", view, whole, (-slack, start.value + slack), view.code["lfsmo_droop"]
        )

    @staticmethod
    def levels(droop: Droop) -> tuple[float, ...]:
        """Where four tenths are due to go, and the highest frequency of the code if that is another one."""
        return tuple(dict.fromkeys((droop.at(0.4), droop.bounds[1])))


class OscillatingFrequency(OverFrequency):
    """Frequency swings above the threshold, as it does between areas of a large system.

    Power follows it within the characteristic and does not build up an oscillation of its own (LO-08).
    """

    topic = "LFSMO-11"
    title = "Oscillating frequency"
    requirements = ("GRID-LFSMO-DYNAMIC",)
    faults = {"power-oscillates": "GRID-LFSMO-DYNAMIC", "power-overshoot": "GRID-LFSMO-DYNAMIC"}

    def script(self, script: Script, droop: Droop) -> Script:
        """Swings slowly and then faster, with rests in between."""
        script = script.ramp(f=droop.threshold + ABOVE, rate=SLOW)
        for rate, cycles in SWINGS:
            script = swinging(script.hold(droop.dwell), SWING, rate, cycles)
        return script.hold(droop.dwell)

    def judged(self, view: View, droop: Droop, start: Measurement) -> Iterator[Observation]:
        """Power stays within what the extremes of frequency ask, and its swings do not grow."""
        wanted, slack = droop.wanted(view, start), droop.tolerance * view.rating.power
        bounds = (wanted(droop.threshold + ABOVE + SWING) - slack, start.value + slack)
        for rate, cycles in SWINGS:
            span = swung(view, droop.threshold + ABOVE, SWING, rate, cycles)
            yield from between_bounds("GRID-LFSMO-DYNAMIC", view, span, bounds, view.code["lfsmo_droop"])
            yield does_not_grow("GRID-LFSMO-DYNAMIC", view, span, view.code["lfsmo_droop"])
