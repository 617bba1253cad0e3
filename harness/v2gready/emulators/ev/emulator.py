"""The car as the engine finds it: name, role, configuration, and how to open it on a network."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from v2gready.emulators.ev.driver import EvConfig, EvDriver
from v2gready.transports.clock import Clock
from v2gready.transports.network import Network
from v2gready.transports.recorder import Recorder


class EvEmulator:
    """The car as neighbour of a charger."""

    name = "ev"
    role = "ev"
    configuration = EvConfig

    @asynccontextmanager
    async def open(
        self, config: EvConfig, recorder: Recorder, clock: Clock, network: Network
    ) -> AsyncIterator[EvDriver]:
        """Puts the car on a network and gives its driver.

        Args:
            config: Its settings.
            recorder: Where everything that passes is written.
            clock: The time.
            network: The link to the charger.
        """
        yield EvDriver(config, network, recorder, clock)
