"""Voltage swells below the curve of the code: the device stays while switching and lost load push the voltage up."""

from __future__ import annotations

from v2gready.authoring.grid.excursions import Envelope, Excursion
from v2gready.authoring.grid.ride_through import ExcursionCase


class HighestSwellFeeding(ExcursionCase):
    """The highest swell of the curve, for as long as the curve allows it, while the device feeds rated power.

    When load is lost the voltage rises; a device that leaves then takes away what could have held it down.
    """

    topic = "OVRT-01"
    title = "Highest swell of the curve, feeding rated power"
    requirements = ("GRID-OVRT",)
    parameters = ("ovrt",)
    curve = "ovrt"
    pics = "discharge"
    faults = {"trips-on-swell": "GRID-OVRT"}


class HighestSwellCharging(ExcursionCase):
    """The highest swell of the curve while the device charges: a load that leaves makes the voltage rise further."""

    topic = "OVRT-02"
    title = "Highest swell of the curve, charging at rated power"
    requirements = ("GRID-OVRT",)
    parameters = ("ovrt",)
    curve = "ovrt"
    share = -1.0
    faults = {"trips-on-swell": "GRID-OVRT"}


class SecondSwellFeeding(ExcursionCase):
    """The second step of the curve for as long as the curve allows it."""

    topic = "OVRT-03"
    title = "Second step of the curve of swells, feeding half of rated power"
    requirements = ("GRID-OVRT",)
    parameters = ("ovrt",)
    curve = "ovrt"
    pics = "discharge"
    share = 0.5
    waveform = False
    faults = {"trips-on-swell": "GRID-OVRT"}

    def excursion(self, envelope: Envelope) -> Excursion:
        """The second highest step, or the only one."""
        return Excursion.balanced(*envelope.inside(envelope.levels()[:2][-1]))


class LongestSwellFeeding(ExcursionCase):
    """The lowest step of the curve, which lasts longest: a device that takes it for an overvoltage leaves too soon."""

    topic = "OVRT-04"
    title = "Lowest and longest step of the curve of swells, feeding half of rated power"
    requirements = ("GRID-OVRT",)
    parameters = ("ovrt",)
    curve = "ovrt"
    pics = "discharge"
    share = 0.5
    waveform = False
    faults = {"trips-on-long-swell": "GRID-OVRT", "trips-on-swell": "GRID-OVRT"}

    def excursion(self, envelope: Envelope) -> Excursion:
        """The step nearest to nominal."""
        return Excursion.balanced(*envelope.inside(envelope.levels()[-1]))


class LongestSwellCharging(LongestSwellFeeding):
    """The lowest step of the curve, which lasts longest, while the device charges."""

    topic = "OVRT-05"
    title = "Lowest and longest step of the curve of swells, charging with half of rated power"
    pics = ""
    share = -0.5


class SwellOfOnePhase(ExcursionCase):
    """The highest swell of the curve in one phase, as when the neutral moves under an uneven load."""

    topic = "OVRT-06"
    title = "Highest swell of one phase, feeding rated power"
    requirements = ("GRID-OVRT",)
    parameters = ("ovrt",)
    curve = "ovrt"
    pics = "discharge"
    faults = {"trips-on-swell": "GRID-OVRT"}

    def excursion(self, envelope: Envelope) -> Excursion:
        """Phase 1 alone."""
        return Excursion.of_one_phase(*envelope.corner())
