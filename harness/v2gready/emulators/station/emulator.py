"""The charging station as the engine finds it: name, role, configuration, and how to open it on a network."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from v2gready.emulators.station.driver import StationConfig, StationDriver
from v2gready.transports.clock import Clock
from v2gready.transports.network import Network
from v2gready.transports.recorder import Recorder, TraceFull


class StationEmulator:
    """Charging stations as neighbours of a CSMS."""

    name = "station"
    role = "station"
    configuration = StationConfig

    @asynccontextmanager
    async def open(
        self, config: StationConfig, recorder: Recorder, clock: Clock, network: Network
    ) -> AsyncIterator[StationDriver]:
        """Gives the driver of stations that are not connected yet; in the end it closes every connection.

        Args:
            config: Its settings.
            recorder: Where everything that passes is written.
            clock: The time.
            network: The network to the CSMS.
        """
        driver = StationDriver(config, network, recorder, clock)
        try:
            yield driver
        except BaseException:
            with suppress(Exception):  # the first failure is the one to tell
                await driver.finish()
            raise
        with suppress(TraceFull):  # the trace says so itself; a peer that floods is no failure of the bench
            await driver.finish()
