"""Active power on command: setpoint, limit from outside, the input that makes power cease, and who wins."""

from __future__ import annotations

from collections.abc import Iterator

from v2gready.authoring.grid import (
    RECOMMENDED,
    GridBench,
    GridCase,
    Inconclusive,
    Limit,
    Observation,
    Span,
    Trace,
    View,
    never_above,
    never_below,
    remark,
)
from v2gready.authoring.grid.commands import (
    AVERAGED,
    DWELL,
    TOLERANCE,
    CeaseCase,
    follows,
    limited,
    minutes,
    played,
    set_to,
)
from v2gready.authoring.grid.frequency_response import SLOW, Droop

STAIRS = (0.25, 0.5, 1.0, 0.0)
"""Shares of rated power that the device is set to."""
LIMITS = (1.0, 0.6, 0.3, 1.0, 0.0, 1.0)
"""CZ VP_10."""
QUICK = 10.0
"""Seconds in which a limit is followed (reference 6, VG-03)."""
LOW_LIMIT = 0.4
BELOW = 0.5
"""Hz below the threshold of LFSM-U."""
LITTLE = 0.3
"""Share of rated power, so that there is room for more."""
RETURN = 200.0
"""Seconds after which support at under-frequency has gone back."""


class SetpointFeeding(GridCase):
    """The device feeds what it is set to: every other case about power rests on it."""

    topic = "SETP-01"
    title = "Setpoint, feeding"
    area = "active-power"
    requirements = ("GRID-SETPOINT",)
    pics = "discharge"
    hooks = ("set_power",)
    faults = {"setpoint-slow": "GRID-SETPOINT"}

    async def stimulate(self, bench: GridBench) -> None:
        """A minute for each setpoint."""
        await played(bench, set_to, STAIRS)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Export at the end of each minute."""
        view = View(trace)
        for span, share in zip(minutes(view, len(STAIRS)), STAIRS, strict=True):
            yield follows("GRID-SETPOINT", view, span, share, Limit("W", source="setpoint"))


class SetpointCharging(GridCase):
    """The device charges with what it is set to: every other case about charging rests on it."""

    topic = "SETP-02"
    title = "Setpoint, charging"
    area = "active-power"
    requirements = ("GRID-SETPOINT",)
    hooks = ("set_power",)
    faults = {"setpoint-slow": "GRID-SETPOINT"}

    async def stimulate(self, bench: GridBench) -> None:
        """A minute for each setpoint."""
        await played(bench, set_to, [-share for share in STAIRS])

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Export, negative, at the end of each minute."""
        view = View(trace)
        for span, share in zip(minutes(view, len(STAIRS)), STAIRS, strict=True):
            yield follows("GRID-SETPOINT", view, span, -share, Limit("W", source="setpoint"))


class SetpointThroughZero(GridCase):
    """From charging to feeding and back the device follows its setpoint as well, at the grid all the time."""

    topic = "SETP-03"
    title = "Setpoint from charging to feeding and back"
    area = "active-power"
    requirements = ("GRID-SETPOINT",)
    pics = "discharge"
    hooks = ("set_power",)
    faults = {"setpoint-slow": "GRID-SETPOINT"}

    SHARES = (-1.0, 1.0, -0.5, 0.5)

    async def stimulate(self, bench: GridBench) -> None:
        """A minute for each setpoint."""
        await played(bench, set_to, self.SHARES)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Export at the end of each minute."""
        view = View(trace)
        for span, share in zip(minutes(view, len(self.SHARES)), self.SHARES, strict=True):
            yield follows("GRID-SETPOINT", view, span, share, Limit("W", source="setpoint"))


class LimitStaircase(GridCase):
    """A device that feeds rated power follows a limit of 100, 60, 30, 100, 0 and 100 % (CZ VP_10).

    With it the operator of the grid relieves a line.
    """

    topic = "LIMIT-01"
    title = "Limit of power, staircase, feeding"
    area = "active-power"
    requirements = ("GRID-POWER-LIMIT",)
    pics = "power_limit and discharge"
    hooks = ("set_power", "limit_power")
    faults = {"power-limit-ignored": "GRID-POWER-LIMIT", "setpoint-slow": "GRID-POWER-LIMIT"}

    async def stimulate(self, bench: GridBench) -> None:
        """A minute for each limit."""
        await bench.export(1.0)
        await bench.settle()
        await played(bench, limited, LIMITS)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Export at the end of each minute."""
        view = View(trace)
        for span, share in zip(minutes(view, len(LIMITS)), LIMITS, strict=True):
            yield follows("GRID-POWER-LIMIT", view, span, share, Limit("W", source="CZ VP_10"))


class LimitInTime(GridCase):
    """Ten seconds after a limit of 40 % the device feeds no more than that, and it does not go beyond it again."""

    topic = "LIMIT-02"
    title = "Limit of power is followed within 10 s"
    area = "active-power"
    requirements = ("GRID-POWER-LIMIT",)
    pics = "power_limit and discharge"
    hooks = ("set_power", "limit_power")
    faults = {"power-limit-ignored": "GRID-POWER-LIMIT", "setpoint-sluggish": "GRID-POWER-LIMIT"}

    async def stimulate(self, bench: GridBench) -> None:
        """A minute at rated power and one under the limit."""
        await bench.export(1.0)
        await bench.settle()
        await played(bench, limited, (1.0, LOW_LIMIT))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The highest export from 10 s on."""
        view = View(trace)
        first, second = minutes(view, 2)
        view.at_power(1.0, before=first.end)
        limit = Limit("W", high=(LOW_LIMIT + TOLERANCE) * view.rating.power, source="OCPP 2.1 LimitMaxDischarge")
        late = Span(second.start + QUICK, second.end)
        yield never_above("GRID-POWER-LIMIT", view, view.q.export, late, limit, what="highest export after 10 s")


class LimitWhileCharging(GridCase):
    """The same staircase for a device that charges: a limit of consumption (DE: EnWG § 14a asks for one)."""

    topic = "LIMIT-03"
    title = "Limit of power, staircase, charging"
    area = "active-power"
    requirements = ("GRID-POWER-LIMIT",)
    pics = "power_limit"
    weight = RECOMMENDED
    hooks = ("set_power", "limit_power")
    faults = {"power-limit-ignored": "GRID-POWER-LIMIT", "setpoint-slow": "GRID-POWER-LIMIT"}

    async def stimulate(self, bench: GridBench) -> None:
        """A minute for each limit."""
        await bench.charge(1.0)
        await bench.settle()
        await played(bench, limited, LIMITS)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Export, negative, at the end of each minute."""
        view = View(trace)
        for span, share in zip(minutes(view, len(LIMITS)), LIMITS, strict=True):
            yield follows("GRID-POWER-LIMIT", view, span, -share, Limit("W", source="CZ VP_10, charging"))


class LimitAndUnderFrequency(GridCase):
    """Under a limit of 40 % frequency falls.

    Codes differ on whether support may go beyond the limit: what the device does is told. Before the fall and after
    it the limit holds.
    """

    topic = "LIMIT-04"
    title = "Limit of power and under-frequency"
    area = "active-power"
    requirements = ("GRID-POWER-LIMIT",)
    parameters = ("lfsmu_threshold", "lfsmu_droop")
    pics = "power_limit and discharge"
    hooks = ("set_power", "limit_power")
    faults = {"power-limit-ignored": "GRID-POWER-LIMIT"}

    async def stimulate(self, bench: GridBench) -> None:
        """Half a hertz below the threshold for a minute, and back."""
        low = Droop.under(bench.code).threshold - BELOW
        await bench.act("limit_power", share=LOW_LIMIT)
        await bench.export(1.0)
        script = bench.calm.hold(DWELL).ramp(f=low, rate=SLOW).hold(DWELL)
        await bench.play(script.ramp(f=50.0, rate=SLOW).hold(RETURN))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Export before, during and after."""
        view = View(trace)
        low = view.held_frequency(Droop.under(view.code).threshold - BELOW, DWELL)
        calm = view.held_frequency(view.code.nominal_frequency, DWELL)
        back = view.held_frequency(view.code.nominal_frequency, RETURN, after=low.end)
        bound = Limit("W", high=(LOW_LIMIT + TOLERANCE) * view.rating.power, source="OCPP 2.1 LimitMaxDischarge")
        for span, when in ((calm.last(DWELL - QUICK), "before"), (back.last(AVERAGED), "after")):
            seen = view.export(span)
            if seen.value < (LOW_LIMIT - TOLERANCE) * view.rating.power:
                raise Inconclusive(f"{when} the fall the device exported {seen.value:.0f} W: the limit did not bind it")
            what = f"highest export {when} the fall of frequency"
            yield never_above("GRID-POWER-LIMIT", view, view.q.export, span, bound, what=what)
        during = view.export(low.last(AVERAGED)).value
        beyond = during > bound.high if bound.high is not None else False
        told = "support goes beyond the limit" if beyond else "the limit holds against support"
        yield remark("GRID-POWER-LIMIT", f"{during:.0f} W at {low.end:.0f} s, under-frequency: {told}", at=view.at)


class SetpointDuringUnderFrequency(GridCase):
    """What the frequency asks for comes before a setpoint to charge (VG-09).

    A device supports the grid at under-frequency when the setpoint comes, from a back office that knows nothing of it.
    It is followed after the frequency has returned.
    """

    topic = "LIMIT-05"
    title = "Setpoint to charge during under-frequency"
    area = "active-power"
    requirements = ("GRID-LFSMU-SLOPE", "GRID-SETPOINT")
    parameters = ("lfsmu_threshold", "lfsmu_droop")
    pics = "discharge"
    hooks = ("set_power",)
    faults = {
        "setpoint-before-frequency": "GRID-LFSMU-SLOPE",
        "lfsmu-dead": "GRID-LFSMU-SLOPE",
        "support-sticks": "GRID-SETPOINT",
    }

    AFTERWARDS = 120.0
    """Seconds after the return of frequency in which the power has to move to the setpoint."""

    async def stimulate(self, bench: GridBench) -> None:
        """Lowers the frequency, sets the device to charge, and brings the frequency back."""
        low = Droop.under(bench.code).threshold - BELOW
        await bench.export(LITTLE)
        await bench.play(bench.calm.hold(DWELL).ramp(f=low, rate=SLOW).hold(DWELL))
        await bench.charge(1.0)
        script = bench.calm.step(f=low).hold(DWELL)
        await bench.play(script.ramp(f=50.0, rate=SLOW).hold(self.AFTERWARDS))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """In the second minute below export is at least what the droop asks; then it falls."""
        view = View(trace)
        droop = Droop.under(view.code)
        start = view.at_power(LITTLE, before=view.span.start + DWELL)
        low = view.held_frequency(droop.threshold - BELOW, 2 * DWELL)
        due = droop.wanted(view, start)(droop.threshold - BELOW) - droop.tolerance * view.rating.power
        asked = view.code.limit("lfsmu_droop", low=due, unit="W")
        second = Span(low.end - DWELL - AVERAGED, low.end)
        yield never_below("GRID-LFSMU-SLOPE", view, view.q.export, second, asked, what="lowest export")
        back = view.held_frequency(view.code.nominal_frequency, self.AFTERWARDS, after=low.end)
        after = view.export(back.last(AVERAGED))
        limit = Limit("W", high=start.value - TOLERANCE * view.rating.power, source="setpoint")
        yield never_above(
            "GRID-SETPOINT", view, view.q.export, back.last(AVERAGED), limit, what="export on the way to the setpoint"
        )
        yield remark("GRID-SETPOINT", f"{after.value:.0f} W after {self.AFTERWARDS:g} s", at=view.at)


class CeasesFeeding(CeaseCase):
    """Power towards the grid ceases in time after the input has become active (RfG Art 13(6)), and stays away.

    With the input the operator makes a part of the grid dead, for as long as it is active.
    """

    topic = "CEASE-01"
    title = "Cease-power input, feeding"
    pics = "cease_input and discharge"
    share = 1.0
    faults = {"cease-ignored": "GRID-CEASE", "cease-slow": "GRID-CEASE", "cease-forgotten": "GRID-CEASE"}


class CeasesCharging(CeaseCase):
    """The input makes power cease while charging as well: active power is power in either direction."""

    topic = "CEASE-02"
    title = "Cease-power input, charging"
    pics = "cease_input"
    share = -1.0
    faults = {"cease-ignored": "GRID-CEASE", "cease-ignored-charging": "GRID-CEASE", "cease-slow": "GRID-CEASE"}


class CeasesFromLittle(CeaseCase):
    """From a fifth of rated power it ceases just so: the time does not depend on where power comes from."""

    topic = "CEASE-03"
    title = "Cease-power input, feeding a fifth of rated power"
    pics = "cease_input and discharge"
    share = 0.2
    faults = {"cease-ignored": "GRID-CEASE", "cease-forgotten": "GRID-CEASE"}
