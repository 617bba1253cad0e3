"""Reactive power: it follows voltage, active power or a setpoint, with the right sign, feeding and charging."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from v2gready.authoring.grid import (
    GridBench,
    GridCase,
    Inconclusive,
    Observation,
    Parameter,
    Profile,
    Span,
    Trace,
    View,
    measurement,
    on_curve,
    within,
)
from v2gready.authoring.grid.excursions import INSIDE
from v2gready.authoring.grid.ride_through import at_share
from v2gready.authoring.grid.volt_var import (
    AVERAGED,
    LEVEL,
    between_capability_and_curve,
    by_volts,
    continuous,
    flanks,
    power_points,
    power_stairs,
    q_tolerance,
    reaches,
    tangent,
    voltage_points,
    voltage_stairs,
)

HOOKS = ("set_power", "set_reactive")
CALM = 5.0
"""Seconds at nominal voltage before."""
DWELL_TIMES = 3.0
"""A step of Q(U) is over after so many of its times (reference 2: Q modes)."""
RESPONSE_TOLERANCE = 0.1
"""Share by which the time of Q(U) may be exceeded."""
MOST = 0.8
"""Of rated power, where reactive power needs no active power to yield."""
LOW = 0.2
"""Of rated power: from there on the code asks for reactive power."""


def dwell(code: Profile) -> float:
    """Seconds at each voltage."""
    return DWELL_TIMES * code["qu_time"].number + AVERAGED


class VoltVarFeeding(GridCase):
    """Reactive power follows the voltage along the curve, level by level, up and down both flanks.

    Each device at a street bends its voltage a little towards nominal; one of the wrong sign bends it away.
    """

    topic = "QU-01"
    title = "Q(U) over the whole curve, feeding half of rated power"
    area = "reactive-power"
    requirements = ("GRID-QU",)
    parameters = ("qu_curve", "qu_time")
    pics = "reactive_modes and discharge"
    hooks = HOOKS
    faults: ClassVar[dict[str, str]] = {
        "qu-off": "GRID-QU",
        "qu-inverted": "GRID-QU",
        "qu-half": "GRID-QU",
        "q-capability-cut": "GRID-QU",
    }

    share = 0.5

    async def stimulate(self, bench: GridBench) -> None:
        """Switches Q(U) on and goes through the voltages."""
        await bench.act("set_reactive", mode="qu")
        await at_share(bench, self.share)
        await bench.play(voltage_stairs(bench.calm.hold(CALM), flanks(bench.code), dwell(bench.code)))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Reactive power at the end of each level."""
        view = View(trace)
        view.at_power(self.share, before=view.recording.start + CALM - 0.1)
        points = voltage_points(view, view.q.q_export, flanks(view.code), dwell(view.code))
        nominal = view.rating.voltage
        yield from on_curve(
            "GRID-QU",
            view,
            points,
            by_volts(view, "qu_curve", view.rating.apparent),
            x=("U", "V"),
            y=("reactive power", "var"),
            tolerance=q_tolerance(view),
            parameter=view.code["qu_curve"],
            drawn=(min(flanks(view.code)) * nominal, max(flanks(view.code)) * nominal),
        )


class VoltVarCharging(VoltVarFeeding):
    """Reactive power follows the voltage while the device charges, with the same sign as while it feeds.

    Charging turns the active power round, not the duty: at low voltage the device gives reactive power all the same.
    """

    topic = "QU-02"
    title = "Q(U) over the whole curve, charging with half of rated power"
    pics = "reactive_modes"
    share = -0.5


class VoltVarSettling(GridCase):
    """After a step of the voltage reactive power is there in the time of the code, and no sooner than it can be stable.

    Many devices that answer slowly leave the voltage to the transformer; that is why the time is set.
    """

    topic = "QU-03"
    title = "Q(U) after a step of the voltage: time of the response"
    area = "reactive-power"
    requirements = ("GRID-QU",)
    parameters = ("qu_curve", "qu_time")
    pics = "reactive_modes and discharge"
    hooks = HOOKS
    faults = {"qu-slow": "GRID-QU"}

    def high(self, code: Profile) -> float:
        """Voltage beyond the flank, or as far as the range goes, pu."""
        return min(code.curve("qu_curve").x[-1] + INSIDE, continuous(code)[1])

    async def stimulate(self, bench: GridBench) -> None:
        """Steps beyond the flank."""
        await bench.act("set_reactive", mode="qu")
        await at_share(bench, 0.5)
        seconds = 2 * dwell(bench.code)
        await bench.play(bench.calm.hold(CALM).step(u=self.high(bench.code)).hold(seconds))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """From the step until nine tenths of the way are gone."""
        view = View(trace)
        nominal, high = view.rating.voltage, self.high(view.code) * view.rating.voltage
        hold = view.held_voltage(self.high(view.code), 2 * dwell(view.code))
        view.at_power(0.5, before=hold.start - 0.1)
        step = measurement.step_instant(view.q.u_pos, nominal, high, hold.start - 1.0, hold.start + 1.0)
        near = view.mean(view.q.u_pos, Span(step.value - 1.0, step.value - 0.1))
        if abs(near.value - nominal) > 0.01 * nominal:
            raise Inconclusive(f"the voltage came from {near.value:.1f} V, the stimulus wants a step from nominal")
        response = measurement.step_response(view.q.q_export, step.value, until=hold.end, steady=AVERAGED)
        longest = view.code["qu_time"].number * (1 + RESPONSE_TOLERANCE)
        limit = view.code.limit("qu_time", high=longest, unit="s")
        reached = response.response_time
        yield within(
            "GRID-QU",
            view,
            reached,
            limit,
            what="time to 90 % of the reactive power",
            instants=(step.value, step.value + reached.value),
        )
        ideal = by_volts(view, "qu_curve", view.rating.apparent)(high)
        slack = q_tolerance(view)
        wanted = view.code.limit("qu_curve", low=ideal - slack, high=ideal + slack, unit="var")
        yield within("GRID-QU", view, response.final, wanted, what="reactive power in the end", instants=(hold.end,))


class VoltVarLowPower(GridCase):
    """At low power reactive power keeps the sign of the curve and reaches at least what the power factor allows."""

    topic = "QU-04"
    title = "Q(U) at low power, feeding"
    area = "reactive-power"
    requirements = ("GRID-QU",)
    parameters = ("qu_curve", "qu_time", "cosphi_capability")
    pics = "reactive_modes and discharge"
    hooks = HOOKS
    faults = {"qu-off": "GRID-QU", "qu-inverted": "GRID-QU"}

    def levels(self, code: Profile) -> tuple[float, ...]:
        """Beyond both flanks, as far as the range goes."""
        return min(flanks(code)), max(flanks(code))

    async def stimulate(self, bench: GridBench) -> None:
        """A fifth of the rated power at a low and at a high voltage."""
        await bench.act("set_reactive", mode="qu")
        await at_share(bench, LOW)
        await bench.play(voltage_stairs(bench.calm.hold(CALM), self.levels(bench.code), dwell(bench.code)))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Reactive power at the end of each level, at which the device still feeds."""
        view = View(trace)
        view.at_power(LOW, before=view.recording.start + CALM - 0.1)
        points = voltage_points(view, view.q.q_export, self.levels(view.code), dwell(view.code))
        for span, *_ in points:
            view.at_power(LOW, before=span.end, seconds=span.duration)
        yield from between_capability_and_curve(
            "GRID-QU",
            view,
            points,
            capability=view.code["cosphi_capability"],
            curve=view.code["qu_curve"],
        )


class PowerFactorOfPower(GridCase):
    """The power factor follows the active power along the curve: the more is fed, the more reactive power is taken in.

    It is how a device without any measuring of the grid keeps the voltage of its street down.
    """

    topic = "COSPHI-01"
    title = "cos φ(P) from a fifth of rated power to all of it, feeding"
    area = "reactive-power"
    requirements = ("GRID-COSPHI-P",)
    parameters = ("cosphi_p_curve",)
    pics = "reactive_modes and discharge"
    hooks = HOOKS
    faults = {
        "cosphi-p-off": "GRID-COSPHI-P",
        "q-sign-wrong": "GRID-COSPHI-P",
        "q-capability-cut": "GRID-COSPHI-P",
    }

    LEVELS = (0.2, 0.4, 0.6, 0.8, 1.0, 0.7)
    """Of rated power, up and back."""

    async def stimulate(self, bench: GridBench) -> None:
        """Switches cos φ(P) on and goes through the levels."""
        await bench.act("set_reactive", mode="cosphi_p")
        await power_stairs(bench, self.LEVELS)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Reactive power at each level; the curve is of under-excited power factors."""
        view = View(trace)
        points = power_points(view, view.q.q_export, self.LEVELS)
        curve = view.code.curve("cosphi_p_curve")
        rated = view.rating.power
        yield from on_curve(
            "GRID-COSPHI-P",
            view,
            points,
            lambda watts: -abs(watts) * tangent(curve(abs(watts) / rated)),
            x=("export", "W"),
            y=("reactive power", "var"),
            tolerance=q_tolerance(view),
            parameter=view.code["cosphi_p_curve"],
            drawn=(0.0, rated),
        )


class ReactiveSetpointFeeding(GridCase):
    """Reactive power follows a setpoint from outside, over-excited and under-excited.

    The sign is the classic mistake: one standard counts what is given, the next what is taken.
    """

    topic = "QSET-01"
    title = "Setpoint of reactive power of both signs, feeding most of rated power"
    area = "reactive-power"
    requirements = ("GRID-Q-SETPOINT",)
    parameters = ("cosphi_capability",)
    pics = "reactive_modes and discharge"
    hooks = HOOKS
    faults: ClassVar[dict[str, str]] = {"q-sign-wrong": "GRID-Q-SETPOINT", "q-capability-cut": "GRID-Q-SETPOINT"}

    share = MOST

    def setpoints(self, capability: Parameter, power: float) -> tuple[float, ...]:
        """What the power factor allows at that power, over-excited, then under-excited, then none, var."""
        most = abs(self.share) * power * tangent(capability.number)
        return most, -most, 0.0

    async def stimulate(self, bench: GridBench) -> None:
        """One setpoint after the other, each for the same time; the hook counts what is taken in."""
        await at_share(bench, self.share)
        for q in self.setpoints(bench.code["cosphi_capability"], bench.rating.power):
            await bench.act("set_reactive", mode="fixed", value=-q)
            await bench.play(bench.calm.hold(LEVEL))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Reactive power at the end of each."""
        view = View(trace)
        slack = q_tolerance(view)
        setpoints = self.setpoints(view.code["cosphi_capability"], view.rating.power)
        if view.span.duration < LEVEL * len(setpoints) - 0.1:
            raise Inconclusive(f"{view.span.duration:.1f} s were recorded, the stimulus wants {len(setpoints)} levels")
        for number, q in enumerate(setpoints, start=1):
            end = view.span.start + number * LEVEL - 0.1
            view.at_power(self.share, before=end)
            span = Span(end - AVERAGED, end)
            limit = view.code.limit("cosphi_capability", low=q - slack, high=q + slack, unit="var")
            seen = view.mean(view.q.q_export, span)
            what = f"reactive power at a setpoint of {q:.0f} var"
            yield within("GRID-Q-SETPOINT", view, seen, limit, what=what, instants=(span.start, span.end))


class ReactiveSetpointCharging(ReactiveSetpointFeeding):
    """Reactive power follows a setpoint while the device charges; the sign does not turn with the active power."""

    topic = "QSET-02"
    title = "Setpoint of reactive power of both signs, charging with most of rated power"
    pics = "reactive_modes"
    share = -MOST


class OverExcitedFeeding(GridCase):
    """The device reaches the power factor of the code over-excited, from a fifth of its rated power to all of it."""

    topic = "QCAP-01"
    title = "Power factor of the code, over-excited, feeding"
    area = "reactive-power"
    requirements = ("GRID-CAPABILITY",)
    parameters = ("cosphi_capability",)
    pics = "reactive_modes and discharge"
    hooks = HOOKS
    faults: ClassVar[dict[str, str]] = {"q-capability-cut": "GRID-CAPABILITY", "q-sign-wrong": "GRID-CAPABILITY"}

    levels: ClassVar[tuple[float, ...]] = (0.2, 0.5, 1.0)
    """Of rated power (reference 6, QP-03); at all of it active power may yield to the apparent power."""
    sign: ClassVar[float] = 1.0
    """Of reactive power, over-excited positive."""

    async def stimulate(self, bench: GridBench) -> None:
        """Sets the power factor and goes through the levels."""
        await bench.act("set_reactive", mode="cosphi", value=self.sign * bench.code["cosphi_capability"].number)
        await power_stairs(bench, self.levels)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Reactive power at each level."""
        view = View(trace)
        for point in power_points(view, view.q.q_export, self.levels):
            yield reaches("GRID-CAPABILITY", view, point, view.code["cosphi_capability"], sign=self.sign)


class UnderExcitedFeeding(OverExcitedFeeding):
    """The device reaches the power factor of the code under-excited, from a fifth of its rated power to all of it."""

    topic = "QCAP-02"
    title = "Power factor of the code, under-excited, feeding"
    sign = -1.0


class OverExcitedCharging(OverExcitedFeeding):
    """The device reaches the power factor of the code over-excited while it charges.

    For storage the code asks for the chart of both directions.
    """

    topic = "QCAP-03"
    title = "Power factor of the code, over-excited, charging"
    pics = "reactive_modes"
    levels = (-0.2, -0.5, -1.0)


class UnderExcitedCharging(OverExcitedCharging):
    """The device reaches the power factor of the code under-excited while it charges."""

    topic = "QCAP-04"
    title = "Power factor of the code, under-excited, charging"
    sign = -1.0
