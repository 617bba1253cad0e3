"""What stands behind the inverter: the battery of the car."""

from __future__ import annotations

from dataclasses import dataclass

from v2gready.grid.rating import Rating

__all__ = ["DEFAULT_RATING", "Battery", "Rating"]

DEFAULT_RATING = Rating(power=11_000.0, charge_power=11_000.0, apparent=12_500.0, voltage=230.0, current=18.116)
"""Three-phase 16 A class unit with room for cos φ 0.9 at rated power."""


@dataclass(frozen=True, slots=True)
class Battery:
    """The energy store.

    Attributes:
        energy: Usable energy in Wh.
        soc: State of charge at the start, 0 to 1.
        soc_min: Below it nothing is discharged.
        soc_max: Above it nothing is charged.
        efficiency: Of either direction.
    """

    energy: float = 60_000.0
    soc: float = 0.5
    soc_min: float = 0.1
    soc_max: float = 0.95
    efficiency: float = 0.96
