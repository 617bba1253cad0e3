"""The CSMS as the engine finds it: name, role, configuration, and how to open it on a network."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from v2gready.emulators.csms.driver import CsmsConfig, CsmsDriver
from v2gready.transports.clock import Clock
from v2gready.transports.network import Network
from v2gready.transports.recorder import Recorder, TraceFull


class CsmsEmulator:
    """The CSMS as neighbour of a charging station."""

    name = "csms"
    role = "csms"
    configuration = CsmsConfig

    @asynccontextmanager
    async def open(
        self, config: CsmsConfig, recorder: Recorder, clock: Clock, network: Network
    ) -> AsyncIterator[CsmsDriver]:
        """Puts the CSMS on a network, listening, and gives its driver; in the end it closes every connection.

        Args:
            config: Its settings.
            recorder: Where everything that passes is written.
            clock: The time.
            network: The network to the station.

        Raises:
            TransportError: The port cannot be had.
        """
        driver = CsmsDriver(config, network, recorder, clock)
        await driver.go_online()
        try:
            yield driver
        except BaseException:
            with suppress(Exception):  # the first failure is the one to tell
                await driver.finish()
            raise
        with suppress(TraceFull):  # the trace says so itself; a peer that floods is no failure of the bench
            await driver.finish()
