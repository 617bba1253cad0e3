"""The emulated charger on a null modem, and the emulated car as a car under test."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from v2gready.emulators.charger import EMULATOR, ChargerDriver, EmulatedCharger, SeccCredentials
from v2gready.emulators.ev import EMULATOR as CAR
from v2gready.emulators.ev import EvConfig, EvCredentials, EvDriver, TlsUse
from v2gready.hosts.secc import ChargerCredentials
from v2gready.model.trace import Trace
from v2gready.protocols import sdp
from v2gready.protocols.iso15118.secc import ChargerConfig, SecurityPolicy
from v2gready.protocols.pki import TestPki
from v2gready.transports import clock as clocks
from v2gready.transports.nullmodem import NullLink
from v2gready.transports.recorder import Recorder


@dataclass
class Rig:
    """Both ends of a null modem."""

    charger: ChargerDriver
    car: EvDriver
    recorder: Recorder

    @property
    def trace(self) -> Trace:
        """What the charger has seen."""
        return self.recorder.trace()


@pytest.fixture(scope="session")
def pki() -> TestPki:
    return TestPki(datetime.now(UTC) - timedelta(days=1))


@asynccontextmanager
async def rig(pki: TestPki | None = None) -> AsyncIterator[Rig]:
    """A charger and a car; with a PKI they speak TLS."""
    clock = clocks.Clock()
    link = NullLink()
    recorder = Recorder(clock.now, tester="charger", dut="ev")
    tls = pki is not None
    config = ChargerConfig(security=SecurityPolicy.TLS if tls else SecurityPolicy.NONE, plain_tcp=not tls)
    credentials = None
    car_credentials = None
    if pki is not None:
        good = ChargerCredentials(pki.secc, pki.roots)
        credentials = SeccCredentials(good, {"foreign-root": ChargerCredentials(pki.foreign_vehicle(), pki.roots)})
        variants = {TlsUse.FOREIGN: pki.foreign_vehicle(), TlsUse.CONTRACT: pki.contract_like()}
        car_credentials = EvCredentials(pki.roots, pki.vehicle, variants=variants)
    settings = EmulatedCharger(config, credentials, random.Random(1))
    security = sdp.Security.TLS if tls else sdp.Security.NONE
    car = EvConfig(security=security, credentials=car_credentials)
    async with (
        link.host("charger") as outlet,
        link.host("ev") as inlet,
        EMULATOR.open(settings, recorder, clock, outlet) as charger,
        CAR.open(car, Recorder(clock.now, tester="ev", dut="charger"), clock, inlet) as ev,
    ):
        yield Rig(charger, ev, recorder)


@pytest.fixture
def play() -> Callable[[Callable[[Rig], Coroutine[Any, Any, None]]], Trace]:
    """Plays a scene on virtual time and gives the charger's trace."""

    def run(scene: Callable[[Rig], Coroutine[Any, Any, None]], pki: TestPki | None = None) -> Trace:
        seen: list[Recorder] = []

        async def scenery() -> None:
            async with rig(pki) as both:
                seen.append(both.recorder)
                await scene(both)

        clocks.run(scenery(), virtual=True)
        return seen[0].trace()

    return run
