"""The reference station as the engine finds it: name, role, faults, and how to switch it on."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager

from v2gready.references.station.config import StationConfig, StationCredentials
from v2gready.references.station.context import Listener
from v2gready.references.station.faults import CATALOGUE, make
from v2gready.references.station.server import RunningStation, run
from v2gready.transports.clock import Clock
from v2gready.transports.network import Network


class ReferenceStation:
    """A device under test that we ship: a correct charging station, and one switch for each thing it can do wrong."""

    name = "station"
    role = "charger"

    @property
    def faults(self) -> Mapping[str, str]:
        """Every fault with its sentence."""
        return {name: fault.sentence for name, fault in CATALOGUE.items()}

    def open(
        self,
        network: Network,
        clock: Clock,
        *,
        config: StationConfig,
        faults: Sequence[str] = (),
        rng: random.Random,
        credentials: StationCredentials | None = None,
        listener: Listener | None = None,
    ) -> AbstractAsyncContextManager[RunningStation]:
        """Switches the station on.

        Args:
            network: The host it runs on.
            clock: The time.
            config: What it is and where its CSMS is.
            faults: Names of what it does wrong.
            rng: Source of its ids and waits; a seeded one where a run has to be the same again.
            credentials: Certificates; needed for security profiles 2 and 3.
            listener: A meter at the outlets: gets (``evse1.power``, value, ``W``), positive charging.

        Raises:
            KeyError: There is no fault of that name.
        """
        return run(
            network,
            clock,
            config=config,
            faults=make(faults),
            rng=rng,
            credentials=credentials,
            listener=listener,
        )
