"""The reference charger as the engine finds it: name, role, faults, and how to switch it on."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager

from v2gready.hosts.secc.server import RunningCharger, run
from v2gready.hosts.secc.tls import ChargerCredentials
from v2gready.protocols.iso15118.secc.config import ChargerConfig
from v2gready.protocols.iso15118.secc.power import Listener
from v2gready.references.charger.faults import CATALOGUE, make
from v2gready.transports.clock import Clock
from v2gready.transports.network import Network


class ReferenceCharger:
    """A device under test that we ship: a correct SECC, and one switch for each thing it can do wrong."""

    name = "charger"
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
        config: ChargerConfig,
        faults: Sequence[str] = (),
        rng: random.Random,
        credentials: ChargerCredentials | None = None,
        listener: Listener | None = None,
    ) -> AbstractAsyncContextManager[RunningCharger]:
        """Switches the charger on.

        Args:
            network: The host it runs on.
            clock: The time.
            config: What it is.
            faults: Names of what it does wrong.
            rng: Source of its session ids: `random.SystemRandom` [V2G20-835], or a seeded one where a run has to be
                the same again.
            credentials: Certificates; needed unless the security policy is NONE.
            listener: A meter at the outlet: gets (channel, value, unit) of ``dc.voltage``, ``dc.current``,
                ``ac.voltage`` and ``ac.power``.

        Raises:
            KeyError: There is no fault of that name.
            TransportError: A port cannot be had.
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
