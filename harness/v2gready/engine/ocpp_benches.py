"""Benches on which the harness plays the CSMS or charging stations: embedded reference devices, or real sockets."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from v2gready.authoring.ocpp.bench import CsmsBench, StationBench
from v2gready.bench.hooks import HookRunner, Prompt
from v2gready.bench.meter import VirtualMeter
from v2gready.emulators.csms import EMULATOR as CSMS
from v2gready.emulators.station import EMULATOR as STATION
from v2gready.engine import ocpp_hooks
from v2gready.engine.benches import BenchSetup
from v2gready.engine.ocpp_plans import (
    HOST,
    PORT,
    Backend,
    embedded_csms,
    embedded_station,
    emulated_csms,
    emulated_station,
    network_csms,
    network_station,
)
from v2gready.engine.ocpp_settings import OcppSettings
from v2gready.model.case import TestCase
from v2gready.model.dut import DutFile
from v2gready.model.pics import Condition
from v2gready.references.csms import REFERENCE as REFERENCE_CSMS
from v2gready.references.station import REFERENCE as REFERENCE_STATION
from v2gready.transports.clock import Clock
from v2gready.transports.internet import InternetNetwork
from v2gready.transports.nullmodem import NullLink
from v2gready.transports.recorder import Recorder

POWER_METER = "power_meter"
"""Instrument that records ``evse<n>.power``."""
PROFILES = {level: f"security_profile_{level}" for level in (1, 2, 3)}
"""What a case asks for among its instruments, to run under that security profile alone."""
AC_PHASES = "ocpp_ac_phases"
"""Question of the PICS; a case that asks it finds three phases of AC at the second EVSE of the reference station."""
RESET = "reset"
"""Hook that is carried out before each case, if the DUT file has it."""
DEADLINE = 4 * 3600.0


class _OcppBench(BenchSetup):
    """What all four have in common: the security profile that a case asks for.

    Args:
        dut: The device.
        settings: Its interface settings.
    """

    deadline = DEADLINE

    def __init__(self, dut: DutFile, settings: OcppSettings) -> None:
        self._dut = dut
        self._settings = settings

    def _common(self, act: ocpp_hooks.Act, clock: Clock, rng: random.Random) -> dict[str, Any]:
        return {
            "identity": self._settings.identity,
            "pics": self._dut.pics,
            "pixit": self._dut.pixit,
            "hooks": frozenset(self.hooks),
            "act": act,
            "clock": clock,
            "rng": rng,
        }


class _Embedded(_OcppBench):
    """On virtual time, on a null modem, with a PKI of its own as soon as TLS is asked for.

    Args:
        dut: DUT file of the reference device.
        settings: Its interface settings.
        faults: Named faults to switch on.
        effects: Gets what each fault changed.
        backend: PKI, shared by all cases of a run.
    """

    virtual = True

    def __init__(
        self,
        dut: DutFile,
        settings: OcppSettings,
        faults: Sequence[str] = (),
        effects: list[Any] | None = None,
        backend: Backend | None = None,
    ) -> None:
        super().__init__(dut, settings)
        self._faults = tuple(faults)
        self._effects = effects
        self._backend = Backend() if backend is None else backend

    def fitted(self, case: type[TestCase[Any]]) -> Self:
        """The same under the security profile that the case asks for."""
        level = next((level for level, name in PROFILES.items() if name in case.instruments), None)
        if level is None or level == self._settings.security_profile:
            return self
        settings = replace(self._settings, security_profile=level)
        return type(self)(self._dut, settings, self._faults, self._effects, self._backend)


class EmbeddedStationBench(_Embedded):
    """The reference charging station in this process: it calls the emulated CSMS as soon as the bench opens."""

    hooks: Collection[str] = ocpp_hooks.STATION_HOOKS
    instruments: Collection[str] = (POWER_METER, *PROFILES.values())
    _alternating = False

    def fitted(self, case: type[TestCase[Any]]) -> Self:
        """Also with three phases of AC at the second EVSE, for a case that is about phases."""
        found = super().fitted(case)
        if AC_PHASES not in Condition(case.pics).names:
            return found
        if found is self:
            found = type(self)(self._dut, self._settings, self._faults, self._effects, self._backend)
        found._alternating = True  # noqa: SLF001 - of the same class
        return found

    @asynccontextmanager
    async def open(
        self,
        recorder: Recorder,
        clock: Clock,
        rng: random.Random,
        capture: Path | None,  # noqa: ARG002 - the frames of the trace are complete; there are no packets
    ) -> AsyncIterator[StationBench]:
        """Opens a fresh CSMS and switches a fresh station on."""
        link = NullLink()
        async with link.host("csms") as back, link.host("charger") as outside:
            config = emulated_csms(self._settings, self._backend)
            station_config = embedded_station(self._settings, address=back.address, alternating=self._alternating)
            async with (
                CSMS.open(config, recorder, clock, back) as csms,
                REFERENCE_STATION.open(
                    outside,
                    clock,
                    config=station_config,
                    faults=self._faults,
                    rng=random.Random(rng.random()),  # noqa: S311 - reproducible on purpose
                    credentials=self._backend.station(),
                    listener=VirtualMeter(recorder),
                ) as station,
            ):
                act = ocpp_hooks.embedded(station, ocpp_hooks.STATION_HOOKS, recorder)
                yield StationBench(csms=csms, **self._common(act, clock, rng))
                if self._effects is not None:
                    self._effects.extend(station.effects)


class EmbeddedCsmsBench(_Embedded):
    """The reference CSMS in this process, called by emulated stations."""

    hooks: Collection[str] = ocpp_hooks.CSMS_HOOKS
    instruments: Collection[str] = tuple(PROFILES.values())

    @asynccontextmanager
    async def open(
        self,
        recorder: Recorder,
        clock: Clock,
        rng: random.Random,
        capture: Path | None,  # noqa: ARG002 - as above
    ) -> AsyncIterator[CsmsBench]:
        """Switches a fresh CSMS on."""
        link = NullLink()
        async with link.host("csms") as back, link.host("station") as outside:
            config = emulated_station(self._settings, self._backend, address=back.address)
            async with (
                REFERENCE_CSMS.open(
                    back,
                    clock,
                    config=embedded_csms(self._settings),
                    faults=self._faults,
                    rng=random.Random(rng.random()),  # noqa: S311 - reproducible on purpose
                    credentials=self._backend.csms(),
                ) as csms,
                STATION.open(config, recorder, clock, outside) as station,
            ):
                act = ocpp_hooks.embedded(csms, ocpp_hooks.CSMS_HOOKS, recorder)
                identities = self._settings.identities
                yield CsmsBench(station=station, identities=identities, **self._common(act, clock, rng))
                if self._effects is not None:
                    self._effects.extend(csms.effects)


class _OnSockets(_OcppBench):
    """On real sockets, in real time.

    Args:
        dut: The device.
        settings: Its interface settings.
        prompt: How to reach the operator.
    """

    virtual = False

    def __init__(self, dut: DutFile, settings: OcppSettings, prompt: Prompt) -> None:
        super().__init__(dut, settings)
        self._prompt = prompt
        self.hooks: Collection[str] = tuple(dut.hooks)
        self.instruments: Collection[str] = (PROFILES[settings.security_profile],)

    def _act(self, recorder: Recorder) -> ocpp_hooks.Act:
        return ocpp_hooks.travelling(HookRunner(self._dut.hooks, recorder, self._prompt, shown=ocpp_hooks.shown))

    async def _as_new(self, recorder: Recorder) -> ocpp_hooks.Act:
        """The hooks, after `RESET`: what a case before this one has left behind is none of this one's business."""
        act = self._act(recorder)
        if RESET in self.hooks:
            await act(RESET)
        return act


class NetworkStationBench(_OnSockets):
    """A charging station that calls the harness."""

    @asynccontextmanager
    async def open(
        self,
        recorder: Recorder,
        clock: Clock,
        rng: random.Random,
        capture: Path | None,  # noqa: ARG002 - as above
    ) -> AsyncIterator[StationBench]:
        """Listens; the station connects when its back-off lets it."""
        config = network_csms(self._settings)
        act = await self._as_new(recorder)
        async with (
            InternetNetwork(self._settings.host) as network,
            CSMS.open(config, recorder, clock, network) as csms,
        ):
            yield StationBench(csms=csms, **self._common(act, clock, rng))


class NetworkCsmsBench(_OnSockets):
    """A CSMS that the harness calls."""

    @asynccontextmanager
    async def open(
        self,
        recorder: Recorder,
        clock: Clock,
        rng: random.Random,
        capture: Path | None,  # noqa: ARG002 - as above
    ) -> AsyncIterator[CsmsBench]:
        """Gets ready to call."""
        config = network_station(self._settings)
        act = await self._as_new(recorder)
        async with InternetNetwork() as network, STATION.open(config, recorder, clock, network) as station:
            identities = self._settings.identities
            yield CsmsBench(station=station, identities=identities, **self._common(act, clock, rng))


__all__ = [
    "HOST",
    "PORT",
    "POWER_METER",
    "PROFILES",
    "Backend",
    "EmbeddedCsmsBench",
    "EmbeddedStationBench",
    "NetworkCsmsBench",
    "NetworkStationBench",
]
