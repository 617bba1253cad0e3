"""Voltage dips above the curve of the code: the device stays and is back at its power in time."""

from __future__ import annotations

from v2gready.authoring.grid.excursions import Envelope, Excursion
from v2gready.authoring.grid.ride_through import ExcursionCase

BOTH = ("GRID-UVRT", "GRID-UVRT-RECOVERY")
RECOVERY = ("uvrt", "frt_recovery_time", "frt_recovery_share")
HALF = 0.5
"""pu: half of the voltage is left (reference 6, UV-03)."""
THREE_QUARTERS = 0.75
"""pu (reference 6, UV-03)."""
SHALLOW = 0.8
"""pu: near the end of the curve."""


class DeepestDipFeeding(ExcursionCase):
    """The deepest balanced dip of the curve, for as long as the curve allows it, while the device feeds rated power.

    A device that trips here turns a fault in the grid into a loss of generation.
    """

    topic = "UVRT-01"
    title = "Deepest balanced dip, feeding rated power"
    requirements = BOTH
    parameters = RECOVERY
    pics = "discharge"
    faults = {"trips-on-dip": "GRID-UVRT", "recovery-slow": "GRID-UVRT-RECOVERY"}


class DeepestDipCharging(ExcursionCase):
    """The deepest balanced dip of the curve while the device charges.

    A load that leaves for good at each fault in the grid leaves too much generation behind, and a hundred thousand that
    come back wrongly are the next fault.
    """

    topic = "UVRT-02"
    title = "Deepest balanced dip, charging at rated power"
    requirements = BOTH
    parameters = RECOVERY
    share = -1.0
    faults = {"trips-on-dip": "GRID-UVRT", "recovery-slow": "GRID-UVRT-RECOVERY"}


class DeepestDipPartialPower(ExcursionCase):
    """The deepest balanced dip of the curve at a fifth of the rated power.

    Control loops behave otherwise at low power, which is why the test standard asks for both.
    """

    topic = "UVRT-03"
    title = "Deepest balanced dip, feeding a fifth of rated power"
    requirements = BOTH
    parameters = RECOVERY
    pics = "discharge"
    share = 0.2
    faults = {"trips-on-dip": "GRID-UVRT", "recovery-slow": "GRID-UVRT-RECOVERY"}


class HalfVoltageFeeding(ExcursionCase):
    """A dip to half of the voltage for as long as the curve allows.

    A curve is kept along its whole slope, not at its deepest point alone.
    """

    topic = "UVRT-04"
    title = "Half of the voltage for as long as the curve allows, feeding"
    requirements = BOTH
    parameters = RECOVERY
    pics = "discharge"
    faults = {"trips-on-long-dip": "GRID-UVRT", "recovery-slow": "GRID-UVRT-RECOVERY"}

    def excursion(self, envelope: Envelope) -> Excursion:
        """Half of the voltage."""
        return Excursion.balanced(*envelope.inside(HALF))


class HalfVoltageCharging(ExcursionCase):
    """A dip to half of the voltage for as long as the curve allows, while the device charges."""

    topic = "UVRT-05"
    title = "Half of the voltage for as long as the curve allows, charging"
    requirements = BOTH
    parameters = RECOVERY
    share = -1.0
    faults = {"trips-on-long-dip": "GRID-UVRT", "recovery-slow": "GRID-UVRT-RECOVERY"}

    def excursion(self, envelope: Envelope) -> Excursion:
        """Half of the voltage."""
        return Excursion.balanced(*envelope.inside(HALF))


class ThreeQuartersFeeding(ExcursionCase):
    """A dip to three quarters of the voltage for as long as the curve allows.

    Longer than a second, as faults far away that are cleared by the second protection.
    """

    topic = "UVRT-06"
    title = "Three quarters of the voltage for as long as the curve allows, feeding"
    requirements = BOTH
    parameters = RECOVERY
    pics = "discharge"
    faults = {"trips-on-shallow-dip": "GRID-UVRT"}

    def excursion(self, envelope: Envelope) -> Excursion:
        """Three quarters of the voltage."""
        return Excursion.balanced(*envelope.inside(THREE_QUARTERS))


class ShallowDipCharging(ExcursionCase):
    """A shallow dip near the end of the curve while the device charges: shallow dips are the frequent ones."""

    topic = "UVRT-07"
    title = "Shallow dip for as long as the curve allows, charging"
    requirements = BOTH
    parameters = RECOVERY
    share = -1.0
    faults = {"trips-on-shallow-dip": "GRID-UVRT"}

    def excursion(self, envelope: Envelope) -> Excursion:
        """Four fifths of the voltage."""
        return Excursion.balanced(*envelope.inside(SHALLOW))


class OnePhaseDipFeeding(ExcursionCase):
    """One phase falls to the deepest point of the curve, the others stay.

    Most faults in a low-voltage grid are of one phase, and few devices are tried out with them.
    """

    topic = "UVRT-09"
    title = "Deepest dip of one phase, feeding rated power"
    requirements = BOTH
    parameters = RECOVERY
    pics = "discharge"
    faults = {"trips-on-unbalance": "GRID-UVRT", "recovery-slow": "GRID-UVRT-RECOVERY"}

    def excursion(self, envelope: Envelope) -> Excursion:
        """Phase 1 alone."""
        return Excursion.of_one_phase(*envelope.corner())


class TwoPhaseDipFeeding(ExcursionCase):
    """Two phases fall against each other: their voltages shrink and turn, and a negative sequence comes up."""

    topic = "UVRT-10"
    title = "Deepest dip between two phases, feeding rated power"
    requirements = BOTH
    parameters = RECOVERY
    pics = "discharge"
    faults = {"trips-on-unbalance": "GRID-UVRT"}

    def excursion(self, envelope: Envelope) -> Excursion:
        """Phases 2 and 3."""
        return Excursion.between_two_phases(*envelope.corner())


class TwoPhaseDipCharging(ExcursionCase):
    """Two phases fall against each other while the device charges."""

    topic = "UVRT-11"
    title = "Deepest dip between two phases, charging at rated power"
    requirements = BOTH
    parameters = RECOVERY
    share = -1.0
    faults = {"trips-on-unbalance": "GRID-UVRT"}

    def excursion(self, envelope: Envelope) -> Excursion:
        """Phases 2 and 3."""
        return Excursion.between_two_phases(*envelope.corner())
