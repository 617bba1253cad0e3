"""The reference CSMS as the engine finds it: name, role, faults, and how to switch it on."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from v2gready.references.csms.config import CsmsConfig, CsmsCredentials
from v2gready.transports.clock import Clock
from v2gready.transports.network import Network

if TYPE_CHECKING:
    from v2gready.references.csms.server import RunningCsms

# The WebSocket library and the schemas come with the extra `ocpp`: without it the entry point still loads.
# ruff: noqa: PLC0415


class ReferenceCsms:
    """A device under test that we ship: a correct CSMS, and one switch for each thing it can do wrong."""

    name = "csms"
    role = "csms"

    @property
    def faults(self) -> Mapping[str, str]:
        """Every fault with its sentence."""
        from v2gready.references.csms.faults import CATALOGUE

        return {name: fault.sentence for name, fault in CATALOGUE.items()}

    def open(
        self,
        network: Network,
        clock: Clock,
        *,
        config: CsmsConfig,
        faults: Sequence[str] = (),
        rng: random.Random,
        credentials: CsmsCredentials | None = None,
        listener: Callable[[str, float, str], None] | None = None,  # noqa: ARG002 - every reference is opened alike
    ) -> AbstractAsyncContextManager[RunningCsms]:
        """Switches the CSMS on.

        Args:
            network: The host it runs on.
            clock: The time.
            config: What it is.
            faults: Names of what it does wrong.
            rng: Source of its message ids.
            credentials: Certificates; needed from security profile 2 on.
            listener: Not used: a CSMS has no meter.

        Raises:
            KeyError: There is no fault of that name.
            TransportError: The port cannot be had.
            ValueError: The security profile needs credentials that are missing.
        """
        from v2gready.references.csms.faults import make
        from v2gready.references.csms.server import run

        return run(network, clock, config=config, faults=make(faults), rng=rng, credentials=credentials)
