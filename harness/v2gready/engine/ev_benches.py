"""Builds the bench for a case with a car under test: the emulated charger, and a car embedded or on real wires."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from v2gready.authoring.charger import declared_services
from v2gready.authoring.ev.bench import EvBench
from v2gready.bench.hooks import HookRunner, Prompt
from v2gready.bench.meter import AC_METER, DC_METER, VEHICLE_METER, VirtualMeter
from v2gready.emulators.charger import EMULATOR, ChargerDriver, EmulatedCharger, SeccCredentials
from v2gready.emulators.charger.driver import PATIENCE
from v2gready.engine import ev_hooks
from v2gready.engine.benches import REST, BenchSetup, captured, deadline
from v2gready.engine.charger_credentials import RigBackend
from v2gready.engine.embedded_hooks import runner
from v2gready.engine.ev_settings import EvSettings
from v2gready.model.dut import DutFile
from v2gready.model.trace import EventKind
from v2gready.protocols.iso15118.secc import ChargerConfig, SecurityPolicy
from v2gready.protocols.iso15118.secc.backend import LocalBackend
from v2gready.protocols.iso15118.services import ControlMode
from v2gready.references.ev import REFERENCE, Effect, EvDeviceConfig, EvDeviceCredentials, EvSecurity
from v2gready.transports.clock import Clock
from v2gready.transports.nullmodem import NullLink
from v2gready.transports.recorder import Recorder
from v2gready.transports.sockets import SocketNetwork
from v2gready.transports.tls import KeyLog

UNPLUG = "unplug"


def default_charger(dut: DutFile, settings: EvSettings) -> ChargerConfig:
    """The charger that a case gets which asks for nothing special: it offers what the car declares.

    AC_DER has cases of its own: elsewhere it is offered to a car alone that declares nothing else.
    """
    declared = declared_services(dut.pics)
    services = tuple(one for one in declared if not one.is_der) or declared
    plain = settings.security is not SecurityPolicy.TLS
    backend = None if settings.credentials is None else settings.credentials.good.backend
    config = ChargerConfig(
        security=settings.security,
        plain_tcp=plain,
        lenient_signatures=isinstance(backend, LocalBackend) and backend.lenient,
    )
    return replace(config, services=services) if services else config


class EvNetworkBench(BenchSetup):
    """A car behind a network interface.

    Args:
        dut: The device.
        settings: Its interface settings.
        prompt: How to reach the operator.
    """

    virtual = False
    instruments: Collection[str] = ()

    def __init__(self, dut: DutFile, settings: EvSettings, prompt: Prompt) -> None:
        self._dut = dut
        self._settings = settings
        self._prompt = prompt
        self.hooks = tuple(dut.hooks)
        self.deadline = deadline(dut)

    @asynccontextmanager
    async def open(
        self, recorder: Recorder, clock: Clock, rng: random.Random, capture: Path | None
    ) -> AsyncIterator[EvBench]:
        """Opens sockets on the interface; the car comes when a hook plugs it in."""
        settings = self._settings
        network = SocketNetwork(settings.interface, sdp_port=settings.sdp_port)
        act = HookRunner(self._dut.hooks, recorder, self._prompt)
        with KeyLog() as keylog, captured(capture, keylog) as wrap:
            charger = EmulatedCharger(
                default_charger(self._dut, settings),
                equipped(settings.credentials, recorder),
                patience=float(self._dut.pixit.get("patience", PATIENCE)),
                keylog=keylog,
            )
            async with network, EMULATOR.open(charger, recorder, clock, wrap(network, clock)) as driver:
                yield EvBench(driver, self._dut.pics, self._dut.pixit, prepared(driver, act), clock, rng)
                if UNPLUG in self.hooks:  # the next case begins with a car that comes anew
                    await act(UNPLUG)


class EvEmbeddedBench(BenchSetup):
    """The reference car in this process, on virtual time.

    Args:
        dut: DUT file of the reference car.
        settings: Interface settings; security decides between TLS and plain TCP.
        car: The car's credentials, for TLS.
        faults: Named faults to switch on.
        effects: Gets what each fault changed.
    """

    virtual = True

    def __init__(
        self,
        dut: DutFile,
        settings: EvSettings,
        car: EvDeviceCredentials | None,
        faults: Sequence[str] = (),
        effects: list[Effect] | None = None,
    ) -> None:
        self._dut = dut
        self._settings = settings
        self._car = car
        self._faults = tuple(faults)
        self._effects = effects
        self.hooks = ev_hooks.NAMES
        self.deadline = deadline(dut)
        self.instruments = (DC_METER, AC_METER, VEHICLE_METER)

    @asynccontextmanager
    async def open(
        self, recorder: Recorder, clock: Clock, rng: random.Random, capture: Path | None
    ) -> AsyncIterator[EvBench]:
        """Parks a fresh car at a null modem."""
        link = NullLink()
        settings = self._settings
        tls = settings.security is not SecurityPolicy.NONE
        inlet = Inlet(VirtualMeter(recorder))
        with KeyLog() as keylog, captured(capture, keylog) as wrap:
            charger = EmulatedCharger(
                config=default_charger(self._dut, settings),
                credentials=settings.credentials if tls else None,
                rng=random.Random(rng.random()),  # noqa: S311 - a bench wants reproducible ids, not secret ones
                listener=inlet.of_charger,
                keylog=keylog,
            )
            async with (
                link.host("charger") as outlet,
                link.host("ev") as plug,
                EMULATOR.open(charger, recorder, clock, wrap(outlet, clock)) as driver,
                REFERENCE.open(
                    plug,
                    clock,
                    config=reference_car(self._dut, tls=tls),
                    faults=self._faults,
                    rng=random.Random(rng.random()),  # noqa: S311 - as above
                    credentials=self._car if tls else None,
                    listener=inlet.of_car,
                ) as car,
            ):
                inlet.driver = driver
                act = prepared(driver, runner(ev_hooks.actions(car), recorder))
                yield EvBench(driver, self._dut.pics, self._dut.pixit, act, clock, rng)
                await asyncio.sleep(REST)
                if self._effects is not None:
                    self._effects.extend(car.effects)


def equipped(credentials: SeccCredentials | None, recorder: Recorder) -> SeccCredentials | None:
    """The same with a back end for one case, which writes into the trace what the bench lacks."""
    if credentials is None or not isinstance(credentials.good.backend, RigBackend):
        return credentials

    def note(sentence: str) -> None:
        if not recorder.full:
            recorder.event(EventKind.UNEQUIPPED, "harness", reason=sentence)

    good = replace(credentials.good, backend=credentials.good.backend.for_case(note))
    return replace(credentials, good=good)


class Inlet:
    """The copper between both: what meters at outlet and inlet show.

    On the DC side the charger is the source, and its stage knows what flows. On the AC side the inverter is in the car:
    the charger only has a contactor.

    Args:
        meter: Takes readings.
    """

    def __init__(self, meter: VirtualMeter) -> None:
        self._meter = meter
        self.driver: ChargerDriver | None = None

    def of_charger(self, channel: str, value: float, unit: str) -> None:
        """A reading of the charger's power stage; what it believes of AC power is only what the car has told it."""
        if channel != "ac.power":
            self._meter(channel, value, unit)

    def of_car(self, channel: str, value: float, unit: str) -> None:
        """A reading in the car."""
        self._meter(channel, value, unit)
        if channel == "ev.power" and self.driver is not None and self.driver.feeds_ac:
            self._meter("ac.power", value, unit)


def reference_car(dut: DutFile, *, tls: bool) -> EvDeviceConfig:
    """The reference car as its DUT file declares it."""
    defaults = EvDeviceConfig()
    declared = declared_services(dut.pics)
    controls = {ControlMode.SCHEDULED: "scheduled", ControlMode.DYNAMIC: "dynamic"}
    return EvDeviceConfig(
        services=tuple(sorted(declared, key=lambda one: not one.is_bpt)) or defaults.services,
        controls=tuple(one for one in defaults.controls if dut.pics.get(controls[one], True)) or defaults.controls,
        security=EvSecurity.TLS if tls else EvSecurity.NONE,
    )


def prepared(driver: ChargerDriver, act: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """A hook, with the charger switched on before it: the car must not come too early."""

    async def switched_on(name: str, **values: Any) -> None:
        await driver.ready()
        await act(name, **values)

    return switched_on
