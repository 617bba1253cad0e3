"""After a trip the device waits until the grid has been well for long enough, and comes back slowly."""

from __future__ import annotations

from collections.abc import Iterator

from v2gready.authoring.grid import GridBench, GridCase, Inconclusive, Observation, Script, Span, Trace, View
from v2gready.authoring.grid.reconnecting import (
    LEAD,
    ON_THE_WAY,
    WATCHED,
    Window,
    WindowHolds,
    connected_again,
    knocked_out,
    left_grid,
    rises_slowly,
    stays_away,
    waited,
)

ALMOST = 0.98
"""Share of the wait after which the window is left in one case: 59 of 60 s (reference 6, PR-05)."""
AWAY = 2.0
"""Seconds for which it is left."""
OUTSIDE = 0.3
"""Hz beyond the upper edge of the window meanwhile."""


class AfterTrip(GridCase):
    """What the cases share that trip the device by frequency and give it back a grid that is well.

    Attributes:
        share: Of rated power before; negative: charging.
    """

    area = "reconnection"
    pics = "interface_protection and discharge"
    hooks = ("set_power",)
    share: float

    async def tripped(self, bench: GridBench) -> Script:
        """A script that brings the device to its power and trips it."""
        charging = self.share < 0
        if charging:
            await bench.charge(-self.share)
        else:
            await bench.export(self.share)
        return knocked_out(bench.calm.hold(LEAD), bench.code, charging=charging)

    def came_back(self, view: View) -> Span:
        """The stretch in which the grid was well again, after the device had left."""
        inside = Window.of(view.code).came_back(view)
        left_grid(view, self.share, inside.start + 1.0)
        return inside


class Waits(AfterTrip):
    """It waits for the time of the code."""

    requirements = ("GRID-RECONNECT-WAIT",)

    async def stimulate(self, bench: GridBench) -> None:
        """Trips the device and goes back to nominal values."""
        script = await self.tripped(bench)
        await bench.play(script.step(f=50.0).hold(1.2 * Window.of(bench.code).latest + 2 * ON_THE_WAY))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """From when voltage and frequency are in the window until power begins to come back."""
        view = View(trace)
        back = self.came_back(view).start
        yield waited("GRID-RECONNECT-WAIT", view, Window.of(view.code), back, connected_again(view, back))


class RisesSlowly(AfterTrip):
    """Its power rises no faster than the code allows."""

    requirements = ("GRID-RECONNECT-RAMP",)

    async def stimulate(self, bench: GridBench) -> None:
        """Trips the device at rated power and lets it come back for ten minutes."""
        script = await self.tripped(bench)
        await bench.play(script.step(f=50.0).hold(Window.of(bench.code).latest + WATCHED))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The steepest minute after voltage and frequency are back."""
        view = View(trace)
        yield rises_slowly("GRID-RECONNECT-RAMP", view, self.came_back(view).start)


class WaitsFeeding(Waits):
    """After a trip a device that fed comes back when the grid has been well for the time of the code.

    Not earlier, for a grid that has just come back may go again, and not for ever later.
    """

    topic = "RECON-01"
    title = "Wait before reconnection, feeding"
    parameters = ("reconnect_wait", "reconnect_frequency", "trip_f_under")
    share = 0.5
    faults = {
        "reconnects-early": "GRID-RECONNECT-WAIT",
        "reconnects-late": "GRID-RECONNECT-WAIT",
        "never-reconnects": "GRID-RECONNECT-WAIT",
    }


class WaitsCharging(Waits):
    """A device that charged waits just as long.

    A street of cars that come back at once is a load no grid that has just been restored can bear.
    """

    topic = "RECON-02"
    title = "Wait before reconnection, charging"
    parameters = ("reconnect_wait", "reconnect_frequency", "trip_f_over")
    pics = "interface_protection"
    share = -0.5
    faults = {"reconnects-early": "GRID-RECONNECT-WAIT", "reconnects-late": "GRID-RECONNECT-WAIT"}


class UpperEdgeOfFrequency(WindowHolds):
    """Just above the window of frequency the device stays away, however long, even if it would charge.

    So high a frequency may be that of an island.
    """

    topic = "RECON-03"
    title = "Window of frequency, upper edge"
    edge = "f_high"
    charging = True
    pics = "interface_protection"
    parameters = ("reconnect_frequency", "reconnect_wait", "trip_f_over")
    faults = {
        "reconnect-window-ignored": "GRID-RECONNECT-WINDOW",
        "reconnect-window-wide": "GRID-RECONNECT-WINDOW",
        "never-reconnects": "GRID-RECONNECT-WINDOW",
    }


class LowerEdgeOfFrequency(WindowHolds):
    """Just below the window of frequency the device stays away: the grid is not well yet."""

    topic = "RECON-04"
    title = "Window of frequency, lower edge"
    edge = "f_low"
    parameters = ("reconnect_frequency", "reconnect_wait", "trip_f_under")
    faults = {"reconnect-window-ignored": "GRID-RECONNECT-WINDOW"}


class LowerEdgeOfVoltage(WindowHolds):
    """Just below the window of voltage the device stays away: there may still be a fault."""

    topic = "RECON-05"
    title = "Window of voltage, lower edge"
    edge = "u_low"
    parameters = ("reconnect_voltage", "reconnect_wait", "trip_f_under")
    faults = {"reconnect-window-ignored": "GRID-RECONNECT-WINDOW"}


class UpperEdgeOfVoltage(WindowHolds):
    """Just above the window of voltage the device stays away: it would push the voltage further up."""

    topic = "RECON-06"
    title = "Window of voltage, upper edge"
    edge = "u_high"
    parameters = ("reconnect_voltage", "reconnect_wait", "trip_f_under")
    faults = {"reconnect-window-ignored": "GRID-RECONNECT-WINDOW"}


class TimerStartsAgain(AfterTrip):
    """When the window is left shortly before the wait is over, the wait begins anew.

    A grid that comes and goes is not well.
    """

    topic = "RECON-07"
    title = "The wait begins anew when the window is left"
    requirements = ("GRID-RECONNECT-WAIT",)
    parameters = ("reconnect_wait", "reconnect_frequency", "trip_f_under")
    share = 0.5
    faults = {"reconnect-timer-not-restarted": "GRID-RECONNECT-WAIT"}

    async def stimulate(self, bench: GridBench) -> None:
        """Leaves the window for two seconds just before the wait is over."""
        window = Window.of(bench.code)
        script = (await self.tripped(bench)).step(f=50.0).hold(ALMOST * window.wait)
        script = script.step(f=window.f[1] + OUTSIDE).hold(AWAY)
        await bench.play(script.step(f=50.0).hold(1.2 * window.latest + 2 * ON_THE_WAY))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Since the second time that voltage and frequency came into the window."""
        view = View(trace)
        window = Window.of(view.code)
        stretches = window.entered(view)
        if len(stretches) != 3 or not 0.9 * window.wait < stretches[1].duration < window.wait:
            told = ", ".join(f"{one.duration:.1f} s" for one in stretches)
            raise Inconclusive(f"the window was not left just before the {window.wait:g} s were over (inside: {told})")
        left_grid(view, 0.5, stretches[1].start + 1.0)
        first, second = stretches[1:]
        paused = Span(first.start + 1.0, second.start)
        yield stays_away("GRID-RECONNECT-WAIT", view, paused, "reconnect_wait", "until the wait is over")
        yield waited("GRID-RECONNECT-WAIT", view, window, second.start, connected_again(view, second.start))


class RisesSlowlyFeeding(RisesSlowly):
    """Back at the grid, a device that feeds raises its power no faster than the code allows, over every minute."""

    topic = "RECON-08"
    title = "Gradient after reconnection, feeding"
    parameters = ("reconnect_wait", "reconnect_gradient", "trip_f_under")
    share = 1.0
    faults = {
        "no-reconnect-gradient": "GRID-RECONNECT-RAMP",
        "reconnect-gradient-doubled": "GRID-RECONNECT-RAMP",
        "no-reconnect-gradient-discharging": "GRID-RECONNECT-RAMP",
    }


class RisesSlowlyCharging(RisesSlowly):
    """Back at the grid, a device that charges raises its power no faster than the code allows, over every minute."""

    topic = "RECON-09"
    title = "Gradient after reconnection, charging"
    parameters = ("reconnect_wait", "reconnect_gradient", "trip_f_over")
    pics = "interface_protection"
    share = -1.0
    faults = {
        "no-reconnect-gradient-charging": "GRID-RECONNECT-RAMP",
        "reconnect-gradient-doubled": "GRID-RECONNECT-RAMP",
    }


class WaitsAfterSupplyLoss(GridCase):
    """A device whose own supply was gone does not know how the grid has been: when it comes back it waits first."""

    topic = "RECON-10"
    title = "Wait after a loss of supply"
    area = "reconnection"
    requirements = ("GRID-RECONNECT-WAIT",)
    parameters = ("reconnect_wait", "reconnect_frequency")
    pics = "discharge"
    hooks = ("set_power", "power_loss")
    faults = {"closes-after-supply-loss": "GRID-RECONNECT-WAIT", "reconnects-early": "GRID-RECONNECT-WAIT"}

    async def stimulate(self, bench: GridBench) -> None:
        """Takes the supply of the device away for a moment, at a grid that is well all the time."""
        await bench.export(0.5)
        await bench.play(bench.calm.hold(LEAD))
        await bench.act("power_loss")
        await bench.play(bench.calm.hold(1.2 * Window.of(bench.code).latest + 2 * ON_THE_WAY))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Since the current ceased."""
        view = View(trace)
        window = Window.of(view.code)
        view.at_power(0.5, before=view.span.start + LEAD - 0.5)
        lowest = view.q.export.between(view.span.start + LEAD, view.span.end)
        gone = float(lowest.t[lowest.values.argmin()])
        if lowest.minimum().value > 0.05 * view.rating.power:
            raise Inconclusive("the power of the device never went: its supply was not lost")
        if len(window.entered(view)) != 1:
            raise Inconclusive("the grid was not well all the time")
        left = view.disconnected(Span(view.span.start + LEAD - 0.5, view.span.end))
        since = gone if left is None else left.value
        yield waited("GRID-RECONNECT-WAIT", view, window, since, connected_again(view, since))
