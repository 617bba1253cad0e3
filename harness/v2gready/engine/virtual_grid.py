"""A grid simulator, a load bank and a power analyser around the reference inverter, on virtual time.

The analyser errs as a real one does: each channel has a gain error and noise, drawn once per case from its seed, both
within the uncertainty that it states.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from v2gready.grid.recording import Channel, ChannelNames, Kind, Recording, Uncertainty
from v2gready.grid.script import Script
from v2gready.model.trace import EventKind
from v2gready.references.inverter import Detail, IslandLoad, RunningInverter
from v2gready.transports.recorder import Recorder

GRID_SIMULATOR: Final = "grid_simulator"
POWER_ANALYSER: Final = "power_analyser"
ISLAND_LOAD: Final = "island_load"
DER_REGISTERS: Final = "der_registers"

ACCURACY: Final[Mapping[tuple[Kind, str], Uncertainty]] = {
    (Kind.WAVEFORM, "V"): Uncertainty(0.3, 0.001),
    (Kind.WAVEFORM, "A"): Uncertainty(0.03, 0.001),
    (Kind.QUANTITIES, "V"): Uncertainty(0.05, 0.001),
    (Kind.QUANTITIES, "A"): Uncertainty(0.01, 0.001),
    (Kind.QUANTITIES, "W"): Uncertainty(5.0, 0.001),
    (Kind.QUANTITIES, "var"): Uncertainty(5.0, 0.001),
    (Kind.QUANTITIES, "Hz"): Uncertainty(0.001, 0.0),
}
"""Expanded uncertainty of the analyser by kind of recording and unit: a class 0.1 instrument."""
_NOISE_SIGMAS = 4.0
"""White noise of this many standard deviations fills the floor of the uncertainty."""


class VirtualGrid:
    """Plays scripts to the inverter and records what a power analyser would.

    Args:
        inverter: The device.
        recorder: The trace; `close` puts the recording there.
        rng: Errors of the analyser.
    """

    def __init__(self, inverter: RunningInverter, recorder: Recorder, rng: random.Random) -> None:
        self._inverter = inverter
        self._recorder = recorder
        self._noise = np.random.default_rng(rng.getrandbits(64))
        self._gains: dict[str, float] = {}
        self._recording: Recording | None = None
        self._power: float | None = None

    async def play(self, script: Script, *, waveform: bool) -> None:
        """Plays a script to its end.

        Args:
            script: What to play.
            waveform: Record instantaneous values; all scripts of a case alike.
        """
        start = self._recorder.elapsed
        played = self._inverter.advance(script, Detail.WAVEFORM if waveform else Detail.PHASOR)
        await asyncio.sleep(script.duration)
        self._power = _export(played)
        seen = self._seen(played)
        if self._recording is None:
            self._recording = replace(seen, start=start)
        else:
            self._recording = self._recording.then(seen)

    async def rest(self, seconds: float) -> None:
        """Nominal voltage and frequency for so long, without a record."""
        self._inverter.advance(Script().hold(seconds), Detail.PHASOR)
        await asyncio.sleep(seconds)

    async def island(self, *, p_mismatch: float, q_mismatch: float, quality_factor: float, generation: float) -> None:
        """Connects a parallel RLC load, trimmed to the power that the device exports now.

        Args:
            p_mismatch: Active power of the load above that of the device, as a share of it.
            q_mismatch: Reactive power of the load (inductive positive) as a share of the active power.
            quality_factor: Qf of the load.
            generation: W of another source beside the load, for a device that charges.
        """
        if self._power is None:
            raise ValueError("the load is trimmed to what the device exports: play something first")
        load = IslandLoad.for_power(
            self._power,
            self._inverter.rating,
            p_imbalance=p_mismatch,
            q_imbalance=q_mismatch,
            quality_factor=quality_factor,
            generation=generation,
        )
        self._inverter.set_island(load)

    async def open_switch(self, seconds: float) -> None:
        """Opens the switch to the grid and records for so long."""
        self._inverter.open_island_switch()
        await self.play(Script().hold(seconds), waveform=True)

    async def read_settings(self) -> None:
        """Reads the registers of the device into the trace."""
        registers = self._inverter.registers()
        self._recorder.event(EventKind.SETTINGS_READ, self._recorder.dut, detail=dict(registers))

    def close(self) -> None:
        """Ends the recording and puts it into the trace."""
        if self._recording is not None:
            self._recorder.recorded("grid", self._recording)
            self._recording = None

    def _seen(self, true: Recording) -> Recording:
        channels = {name: self._measured(true.kind, channel) for name, channel in true.channels.items()}
        return replace(true, channels=channels, source="virtual power analyser, class 0.1", time_uncertainty=1e-4)

    def _measured(self, kind: Kind, channel: Channel) -> Channel:
        accuracy = ACCURACY.get((kind, channel.unit))
        if accuracy is None:
            return channel
        gain = self._gains.setdefault(channel.name, self._noise.uniform(-0.5, 0.5) * accuracy.share)
        noise = self._noise.normal(0.0, accuracy.floor / _NOISE_SIGMAS, len(channel.values))
        read = channel.values * (1.0 + gain) + noise
        if kind is Kind.QUANTITIES and channel.unit in {"V", "A"}:
            read = np.abs(read)
        return replace(channel, values=read.astype(np.float32), uncertainty=accuracy)


def _export(recording: Recording) -> float:
    """Power towards the grid in the last fifth of a second, W."""
    last = max(1, round(0.2 * recording.rate))
    if recording.kind is Kind.QUANTITIES:
        return -float(np.mean(recording.values(ChannelNames.POWER)[-last:]))
    phases = zip(ChannelNames.VOLTAGES, ChannelNames.CURRENTS, strict=True)
    return -float(sum(np.mean(recording.values(u)[-last:] * recording.values(i)[-last:]) for u, i in phases))
