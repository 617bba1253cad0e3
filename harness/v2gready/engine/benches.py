"""Builds the bench for one case: network, emulated neighbours, hooks, instruments; embedded or on real wires."""

from __future__ import annotations

import asyncio
import random
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from ipaddress import IPv6Network
from pathlib import Path
from typing import Any

from v2gready.authoring.charger import ChargerBench, declared_services
from v2gready.bench.hooks import HookRunner, Prompt
from v2gready.bench.meter import AC_METER, DC_METER, VirtualMeter
from v2gready.emulators.ev import EMULATOR, EvConfig
from v2gready.engine import embedded_hooks
from v2gready.engine.settings import Iso15118Settings
from v2gready.model.case import TestCase
from v2gready.model.dut import DutFile
from v2gready.protocols import sdp
from v2gready.protocols.iso15118.evcc import Plan
from v2gready.protocols.iso15118.messages import Authorization
from v2gready.protocols.iso15118.services import ControlMode, ServiceId
from v2gready.references.charger import (
    REFERENCE,
    AcRatings,
    ChargerConfig,
    ChargerCredentials,
    Effect,
    SecurityPolicy,
    der_settings,
)
from v2gready.transports.capture import CaptureTap
from v2gready.transports.clock import Clock
from v2gready.transports.network import Network
from v2gready.transports.nullmodem import NullLink
from v2gready.transports.recorder import Recorder
from v2gready.transports.sockets import SocketNetwork
from v2gready.transports.tls import KeyLog

DEADLINE = 3600.0
"""Seconds that a stimulus may take, the longest pause of the device apart."""
REST = 10.0
"""Virtual seconds that the meter still watches the outlet after the last connection has ended."""
LOOPBACK = IPv6Network("::1/128")
EMBEDDED_GRID_CODE = "reference"
EMBEDDED_REACTIVE_POWER = 2_000.0
"""What the reference charger asks of an inverter in the car (AC_DER): its grid code, and a setpoint in var."""


class BenchSetup(ABC):
    """How to open a bench for one case, again and again.

    Attributes:
        virtual: Time is virtual.
        hooks: Actions it can trigger.
        instruments: Instruments on it.
        deadline: Seconds a stimulus may take on the clock of the bench.
        code: The grid code that the device is tested against, empty if none.
        parameters: What that code sets.
    """

    virtual: bool
    hooks: Collection[str]
    instruments: Collection[str]
    deadline: float
    code: str = ""
    parameters: Collection[str] = ()

    def fitted(self, case: type[TestCase[Any]]) -> BenchSetup:  # noqa: ARG002 - most benches are the same for all
        """The bench as this case needs it."""
        return self

    @abstractmethod
    def open(
        self, recorder: Recorder, clock: Clock, rng: random.Random, capture: Path | None
    ) -> AbstractAsyncContextManager[Any]:
        """Opens the bench that its cases are written for; leaving the context brings the device back to rest."""


def default_plan(dut: DutFile) -> Plan:
    """The session a case gets that asks for nothing special: the first declared service and control mode."""
    service = next(iter(declared_services(dut.pics)), ServiceId.DC)
    control = ControlMode.DYNAMIC if dut.pics.get("scheduled") is False else ControlMode.SCHEDULED
    rounds = dut.pixit.get("pre_charge_rounds")
    return Plan(service=service, control=control, pre_charge_rounds=None if rounds is None else int(rounds))


def deadline(dut: DutFile) -> float:
    """Seconds that a stimulus may take: a case with the longest pause of the device takes that time as well."""
    return DEADLINE + float(dut.pixit.get("longest_pause", 0.0))


def authorization_services(pics: Mapping[str, bool]) -> tuple[Authorization, ...]:
    """EIM and PnC as declared; EIM where nothing is."""
    declared = {Authorization.EIM: pics.get("eim"), Authorization.PnC: pics.get("pnc")}
    return tuple(one for one, there in declared.items() if there) or (Authorization.EIM,)


def on_link(network: Network) -> IPv6Network:
    """Addresses a charger may announce by SDP: link-local ones, or loopback on a loopback rig."""
    return LOOPBACK if network.address == "::1" else sdp.LINK_LOCAL


class NetworkBench(BenchSetup):
    """A charger behind a network interface.

    Args:
        dut: The device.
        settings: Its interface settings.
        prompt: How to reach the operator.
    """

    virtual = False
    instruments: Collection[str] = ()

    def __init__(self, dut: DutFile, settings: Iso15118Settings, prompt: Prompt) -> None:
        self._dut = dut
        self._settings = settings
        self._prompt = prompt
        self.hooks = tuple(dut.hooks)
        self.deadline = deadline(dut)

    @asynccontextmanager
    async def open(
        self, recorder: Recorder, clock: Clock, rng: random.Random, capture: Path | None
    ) -> AsyncIterator[ChargerBench]:
        """Opens sockets on the interface."""
        settings = self._settings
        network = SocketNetwork(settings.interface, sdp_port=settings.sdp_port)
        act = HookRunner(self._dut.hooks, recorder, self._prompt)
        with KeyLog() as keylog, captured(capture, keylog) as wrap:
            config = EvConfig(
                security=settings.security,
                plan=default_plan(self._dut),
                credentials=settings.credentials,
                on_link=on_link(network),
                sdp_attempts=settings.sdp_attempts,
                keylog=keylog,
            )
            async with network, EMULATOR.open(config, recorder, clock, wrap(network, clock)) as ev:
                yield ChargerBench(ev, self._dut.pics, self._dut.pixit, act, clock, rng)


class EmbeddedBench(BenchSetup):
    """The reference charger in this process, on virtual time.

    Args:
        dut: DUT file of the reference charger.
        settings: Interface settings; security decides between TLS and plain TCP.
        secc: The charger's credentials, for TLS.
        faults: Named faults to switch on.
        effects: Gets what each fault changed.
    """

    virtual = True

    def __init__(
        self,
        dut: DutFile,
        settings: Iso15118Settings,
        secc: ChargerCredentials | None,
        faults: Sequence[str] = (),
        effects: list[Effect] | None = None,
    ) -> None:
        self._dut = dut
        self._settings = settings
        self._secc = secc
        self._faults = tuple(faults)
        self._effects = effects
        self.hooks = embedded_hooks.NAMES
        self.deadline = deadline(dut)
        self.instruments = (DC_METER, AC_METER)

    @asynccontextmanager
    async def open(
        self, recorder: Recorder, clock: Clock, rng: random.Random, capture: Path | None
    ) -> AsyncIterator[ChargerBench]:
        """Starts a fresh charger on a null modem."""
        link = NullLink()
        tls = self._settings.security is sdp.Security.TLS
        services = declared_services(self._dut.pics)
        config = ChargerConfig(
            services=services,
            security=SecurityPolicy.TLS if tls else SecurityPolicy.NONE,
            plain_tcp=not tls or self._dut.pics.get("plain_tcp", False),
            authorization_services=authorization_services(self._dut.pics),
            certificate_installation=self._dut.pics.get("certificate_installation", False),
            price_signed=True,
            metering_signed=True,
            der=der_settings(EMBEDDED_GRID_CODE, AcRatings(), q_setpoint=EMBEDDED_REACTIVE_POWER),
        )
        with KeyLog() as keylog, captured(capture, keylog) as wrap:
            car = EvConfig(
                security=self._settings.security,
                plan=default_plan(self._dut),
                credentials=self._settings.credentials,
                keylog=keylog,
            )
            async with (
                link.host("charger") as outlet,
                link.host("ev") as inlet,
                REFERENCE.open(
                    outlet,
                    clock,
                    config=config,
                    faults=self._faults,
                    rng=random.Random(rng.random()),  # noqa: S311 - a bench wants reproducible ids, not secret ones
                    credentials=self._secc if tls else None,
                    listener=VirtualMeter(recorder),
                ) as charger,
                EMULATOR.open(car, recorder, clock, wrap(inlet, clock)) as ev,
            ):
                act = embedded_hooks.runner(embedded_hooks.actions(charger), recorder)
                yield ChargerBench(ev, self._dut.pics, self._dut.pixit, act, clock, rng)
                await asyncio.sleep(REST)
                if self._effects is not None:
                    self._effects.extend(charger.effects)


@contextmanager
def captured(path: Path | None, keylog: KeyLog) -> Iterator[Callable[[Network, Clock], Network]]:
    """How to wrap a network so that what passes goes into a file; unchanged without a file.

    Entered before the network and left after it: the last packets pass while a network closes.
    """
    if path is None:
        yield lambda network, _: network
        return
    with CaptureTap(path, keylog) as tap:
        yield tap.wrap
