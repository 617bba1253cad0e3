"""The charger as the engine finds it: name, role, configuration, and how to open it on a network."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from v2gready.emulators.charger.driver import ChargerDriver, EmulatedCharger
from v2gready.transports.clock import Clock
from v2gready.transports.network import Network
from v2gready.transports.recorder import Recorder


class ChargerEmulator:
    """The charger as neighbour of a car."""

    name = "charger"
    role = "charger"
    configuration = EmulatedCharger

    @asynccontextmanager
    async def open(
        self, config: EmulatedCharger, recorder: Recorder, clock: Clock, network: Network
    ) -> AsyncIterator[ChargerDriver]:
        """Puts the charger on a network and gives its driver; it is switched on when it is first needed.

        Args:
            config: Its settings.
            recorder: Where everything that passes is written.
            clock: The time.
            network: The link to the car.
        """
        driver = ChargerDriver(config, network, recorder, clock)
        try:
            yield driver
        finally:
            await driver.aclose()
