"""One charger out of two references: ISO 15118-20 towards the car, OCPP towards the back end.

What the CSMS asks of the station becomes the power of the charger; what the charger really does is what the station
measures and tells. Neither reference knows of the other.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from v2gready.references.charger import RunningCharger
from v2gready.references.station.server import RunningStation

LOOK: Final = 0.1
"""Seconds between two looks at the contactor and the power."""


class ChargerOutlet:
    """The power stage of a charger, as an EVSE of the station sees it.

    Args:
        charger: The charger.
    """

    def __init__(self, charger: RunningCharger) -> None:
        self._charger = charger
        self._asked: float | None = None

    @property
    def power(self) -> float:
        """Power into the car, in W."""
        return self._charger.power

    @property
    def closed(self) -> bool:
        """A contactor is closed: a car is there, and energy may flow."""
        return self._charger.station.dc.contactor or self._charger.station.ac.contactor

    def follow(self, watts: float) -> None:
        """Asks the charger for a power; the same again is no command."""
        if watts != self._asked:
            self._asked = watts
            self._charger.set_power(watts)


@asynccontextmanager
async def coupled(charger: RunningCharger, station: RunningStation, *, evse: int = 1) -> AsyncIterator[None]:
    """Makes one charger of both for the length of the context.

    A car that has closed the contactor is plugged in and authorised at the station; until its CSMS lets it, it gets no
    power.

    Args:
        charger: Switched on.
        station: Switched on.
        evse: The EVSE whose outlet the charger is.
    """
    outlet = ChargerOutlet(charger)
    outlet.follow(0.0)
    station.couple(evse, outlet)
    task = asyncio.create_task(_follow(outlet, station, evse), name="one charger")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _follow(outlet: ChargerOutlet, station: RunningStation, evse: int) -> None:
    there = False
    while True:
        await asyncio.sleep(LOOK)
        if outlet.closed and not there:
            there = True
            station.plug_in(evse)
            station.present_token(evse=evse)
        elif there and not outlet.closed:
            there = False
            station.unplug(evse)
            outlet.follow(0.0)
        station.read_outlets()
