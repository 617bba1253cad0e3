"""The reference EV as the engine finds it: name, role, faults, and how to switch it on."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager

from v2gready.references.ev.battery import Listener
from v2gready.references.ev.config import EvDeviceConfig
from v2gready.references.ev.device import RunningEv, run
from v2gready.references.ev.faults import CATALOGUE, make
from v2gready.references.ev.tls import EvDeviceCredentials
from v2gready.transports.clock import Clock
from v2gready.transports.network import Network


class ReferenceEv:
    """A device under test that we ship: a good car, and one switch for each thing it can do wrong."""

    name = "ev"
    role = "ev"

    @property
    def faults(self) -> Mapping[str, str]:
        """Every fault with its sentence."""
        return {name: fault.sentence for name, fault in CATALOGUE.items()}

    def open(
        self,
        network: Network,
        clock: Clock,
        *,
        config: EvDeviceConfig | None = None,
        faults: Sequence[str] = (),
        rng: random.Random | None = None,  # noqa: ARG002 - as of every reference device; a car has no dice yet
        credentials: EvDeviceCredentials | None = None,
        listener: Listener | None = None,
    ) -> AbstractAsyncContextManager[RunningEv]:
        """Switches the car on; it is not plugged in yet.

        Args:
            network: The host it runs on.
            clock: The time.
            config: What it is.
            faults: Names of what it does wrong.
            rng: Source of whatever is random in it.
            credentials: Certificates; needed with TLS.
            listener: Gets (channel, value, unit) of ``ev.power``, ``ev.contactor`` and ``ev.soc``.

        Raises:
            KeyError: There is no fault of that name.
        """
        return run(
            network,
            clock,
            config=EvDeviceConfig() if config is None else config,
            faults=make(faults),
            credentials=credentials,
            listener=listener,
        )
