"""Volt-watt: above the voltage of the code a device that feeds gives less, one that charges does not charge less."""

from __future__ import annotations

from collections.abc import Iterator

from v2gready.authoring.grid import (
    GridBench,
    GridCase,
    Inconclusive,
    Observation,
    Profile,
    Trace,
    View,
    never_above,
    on_curve,
)
from v2gready.authoring.grid.ride_through import at_share
from v2gready.authoring.grid.volt_var import Point, by_volts, highest_voltage, voltage_points, voltage_stairs

CALM = 5.0
"""Seconds at nominal voltage before."""
STEP = 1.0
"""V (reference 6, OV-03)."""
DWELL = 5.0
"""Seconds for each step: all of them together are shorter than what the curve of overvoltage allows."""
AVERAGED = 2.0
"""Seconds at the end of a step."""
LEAST_STEPS = 3
"""Below and on the curve."""
TOLERANCE = 0.05
"""Of Pn (reference 6, OV-03)."""
PARTIAL = 0.6
"""Of rated power."""


def steps(code: Profile) -> tuple[float, ...]:
    """Voltages in pu from just below the curve, volt by volt, as far as neither curve nor protection end them."""
    curve = code.curve("voltwatt_curve")
    volt = STEP / code.nominal_voltage
    end = min(curve.x[-1], highest_voltage(code))
    count = int((end - curve.x[0]) / volt + 1e-9)
    return tuple(curve.x[0] + n * volt for n in range(-1, count + 1))


def seen_steps(view: View) -> list[Point]:
    """Voltage and export at the end of each step.

    Raises:
        Inconclusive: By the code itself the protection trips before power has anything to follow.
    """
    levels = steps(view.code)
    if len(levels) < LEAST_STEPS:
        raise Inconclusive("a stage of the protection trips where the curve begins: there is nothing to be followed")
    return voltage_points(view, view.q.export, levels, DWELL, averaged=AVERAGED)


class VoltWattRatedPower(GridCase):
    """Volt by volt above the voltage of the code a device that feeds rated power gives less, as the curve says.

    It keeps the voltage of a street within limits without switching anybody off.
    """

    topic = "VWATT-01"
    title = "Volt-watt in steps of one volt, feeding rated power"
    area = "volt-watt"
    requirements = ("GRID-VOLT-WATT",)
    parameters = ("voltwatt_curve",)
    pics = "volt_watt and discharge"
    hooks = ("set_power",)
    faults = {
        "voltwatt-off": "GRID-VOLT-WATT",
        "voltwatt-late": "GRID-VOLT-WATT",
        "voltwatt-early": "GRID-VOLT-WATT",
    }

    share = 1.0

    async def stimulate(self, bench: GridBench) -> None:
        """Comes to power and raises the voltage step by step."""
        await at_share(bench, self.share)
        await bench.play(voltage_stairs(bench.calm.hold(CALM), steps(bench.code), DWELL))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """Power at the end of each step: what was set, or what the curve allows, the smaller."""
        view = View(trace)
        start = view.at_power(self.share, before=view.recording.start + CALM - 0.1)
        points = seen_steps(view)
        curve = by_volts(view, "voltwatt_curve", view.rating.power)
        yield from on_curve(
            "GRID-VOLT-WATT",
            view,
            points,
            lambda volts: min(start.value, curve(volts)),
            x=("U", "V"),
            y=("export", "W"),
            tolerance=TOLERANCE * view.rating.power,
            parameter=view.code["voltwatt_curve"],
            drawn=(points[0][1].value, points[-1][1].value),
        )


class VoltWattPartialPower(VoltWattRatedPower):
    """The curve bounds power, it does not scale it: a device below the bound keeps its power."""

    topic = "VWATT-02"
    title = "Volt-watt in steps of one volt, feeding less than rated power"
    faults = {"voltwatt-off": "GRID-VOLT-WATT", "voltwatt-early": "GRID-VOLT-WATT"}
    share = PARTIAL


class VoltWattCharging(GridCase):
    """A device that charges does not charge less because the voltage is high: its load lowers it."""

    topic = "VWATT-03"
    title = "Charging is not reduced at high voltage"
    area = "volt-watt"
    requirements = ("GRID-VOLT-WATT",)
    parameters = ("voltwatt_curve",)
    pics = "volt_watt"
    hooks = ("set_power",)
    faults = {"voltwatt-cuts-charging": "GRID-VOLT-WATT"}

    async def stimulate(self, bench: GridBench) -> None:
        """Charges at rated power and raises the voltage step by step."""
        await at_share(bench, -1.0)
        await bench.play(voltage_stairs(bench.calm.hold(CALM), steps(bench.code), DWELL))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The least charging of any step."""
        view = View(trace)
        start = view.at_power(-1.0, before=view.recording.start + CALM - 0.1)
        points = seen_steps(view)
        most = start.value + TOLERANCE * view.rating.charge_power
        limit = view.code.limit("voltwatt_curve", high=most, unit="W")
        for hold, volts, _ in points:
            yield never_above(
                "GRID-VOLT-WATT", view, view.q.export, hold, limit, what=f"export while charging at {volts.value:.4g} V"
            )
