"""Quality of current: no more distortion, direct current and unbalance than the code allows, feeding and charging."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from v2gready.authoring.grid import GridBench, GridCase, Observation, Trace, View
from v2gready.authoring.grid.current_quality import alike, little_direct_current, little_distortion, steady
from v2gready.authoring.grid.ride_through import at_share

LONG_ENOUGH = 2.3
"""Seconds: ten windows of ten cycles, and what their edges need."""
SHORT = 1.0
"""Seconds: fifty cycles for a mean."""
SLOW = 30.0
"""Seconds of RMS values."""


class DistortionRatedFeeding(GridCase):
    """Feeding rated power, the current of each phase is hardly distorted.

    Harmonic currents of many devices add up in the street and heat what was made for sines.
    """

    topic = "THD-01"
    title = "Distortion of current, feeding rated power"
    area = "current-quality"
    requirements = ("GRID-THD",)
    parameters = ("thd_limit",)
    pics = "discharge"
    hooks = ("set_power",)
    faults: ClassVar[dict[str, str]] = {"thd-8-percent": "GRID-THD"}

    share: ClassVar[float] = 1.0

    async def stimulate(self, bench: GridBench) -> None:
        """Comes to power and records."""
        await at_share(bench, self.share)
        await bench.play_waveform(bench.calm.hold(LONG_ENOUGH))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The distortion of each phase."""
        view = View(trace)
        steady(view, self.share, LONG_ENOUGH)
        yield from little_distortion("GRID-THD", view)


class DistortionTwoThirdsFeeding(DistortionRatedFeeding):
    """Feeding two thirds of the rated power, the current of each phase is hardly distorted."""

    topic = "THD-02"
    title = "Distortion of current, feeding two thirds of rated power"
    share = 0.66


class DistortionOneThirdFeeding(DistortionRatedFeeding):
    """Feeding a third of the rated power, the current of each phase is hardly distorted: filters are made for more."""

    topic = "THD-03"
    title = "Distortion of current, feeding a third of rated power"
    share = 0.33


class DistortionRatedCharging(DistortionRatedFeeding):
    """Charging at rated power, the current of each phase is hardly distorted."""

    topic = "THD-04"
    title = "Distortion of current, charging at rated power"
    pics = ""
    share = -1.0


class DistortionTwoThirdsCharging(DistortionRatedCharging):
    """Charging with two thirds of the rated power, the current of each phase is hardly distorted."""

    topic = "THD-05"
    title = "Distortion of current, charging with two thirds of rated power"
    share = -0.66


class DistortionOneThirdCharging(DistortionRatedCharging):
    """Charging with a third of the rated power, the current of each phase is hardly distorted."""

    topic = "THD-06"
    title = "Distortion of current, charging with a third of rated power"
    share = -0.33


class DirectCurrentFeeding(GridCase):
    """Feeding rated power, the device injects no direct current to speak of: it drives transformers into saturation."""

    topic = "DC-01"
    title = "Direct current, feeding rated power"
    area = "current-quality"
    requirements = ("GRID-DC",)
    parameters = ("dc_limit",)
    pics = "discharge"
    hooks = ("set_power",)
    faults: ClassVar[dict[str, str]] = {"dc-2-percent": "GRID-DC"}

    share: ClassVar[float] = 1.0

    async def stimulate(self, bench: GridBench) -> None:
        """Comes to power and records."""
        await at_share(bench, self.share)
        await bench.play_waveform(bench.calm.hold(SHORT))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The mean of each phase current."""
        view = View(trace)
        yield from little_direct_current("GRID-DC", view, steady(view, self.share, SHORT))


class DirectCurrentCharging(DirectCurrentFeeding):
    """Charging at rated power, the device draws no direct current to speak of: it blinds the protection of people."""

    topic = "DC-02"
    title = "Direct current, charging at rated power"
    pics = ""
    share = -1.0


class PhasesFeeding(GridCase):
    """Feeding rated power, no phase is loaded more than another by as much as the code allows.

    A neutral conductor and a transformer are made for loads that are nearly alike.
    """

    topic = "BAL-01"
    title = "Load of the phases, feeding rated power"
    area = "current-quality"
    requirements = ("GRID-BALANCE",)
    parameters = ("unbalance_limit",)
    pics = "discharge"
    hooks = ("set_power",)
    faults: ClassVar[dict[str, str]] = {"phase-dead": "GRID-BALANCE"}

    share: ClassVar[float] = 1.0

    async def stimulate(self, bench: GridBench) -> None:
        """Comes to power and records."""
        await at_share(bench, self.share)
        await bench.play(bench.calm.hold(SLOW))

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """The apparent powers of the phases."""
        view = View(trace)
        yield alike("GRID-BALANCE", view, steady(view, self.share, SLOW))


class PhasesCharging(PhasesFeeding):
    """Charging at rated power, no phase is loaded more than another by as much as the code allows."""

    topic = "BAL-02"
    title = "Load of the phases, charging at rated power"
    pics = ""
    share = -1.0
