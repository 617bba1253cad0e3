"""What the device is rated for, as its DUT file declares it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Rating:
    """Rated values of the inverter that faces the grid.

    Attributes:
        power: Rated active power Pn in W, towards the grid and from it unless `charge_power` says otherwise.
        charge_power: Rated charging power in W.
        apparent: Rated apparent power Sn in VA.
        voltage: Nominal line-to-neutral voltage in V.
        current: Rated current In per phase in A.
    """

    power: float
    charge_power: float
    apparent: float
    voltage: float
    current: float

    @classmethod
    def declared(cls, parameters: Mapping[str, Any]) -> Self:
        """The rating in the PIXIT of a DUT file.

        Args:
            parameters: ``rated_power`` in W is needed; ``rated_charge_power``, ``rated_apparent_power``,
                ``nominal_voltage`` and ``rated_current`` follow from it unless stated.

        Raises:
            KeyError: ``rated_power`` is missing.
            ValueError: A value is no positive number.
        """
        power = float(parameters["rated_power"])
        apparent = float(parameters.get("rated_apparent_power", power))
        voltage = float(parameters.get("nominal_voltage", 230.0))
        rating = cls(
            power=power,
            charge_power=float(parameters.get("rated_charge_power", power)),
            apparent=apparent,
            voltage=voltage,
            current=float(parameters.get("rated_current", apparent / (3 * voltage))),
        )
        wrong = [name for name in cls.__slots__ if not getattr(rating, name) > 0]
        if wrong:
            raise ValueError(f"{', '.join(wrong)} must be positive")
        return rating
