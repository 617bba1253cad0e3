"""A real grid simulator and power analyser as one source of grid: what cases play on a laboratory's bench."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from v2gready.bench.grid.drivers import CapabilityError, GridSimulator, InstrumentError, PowerAnalyser
from v2gready.bench.grid.settings import SunSpecSettings
from v2gready.grid.script import Script
from v2gready.model.trace import EventKind
from v2gready.transports.recorder import Recorder

SPARE = 5.0
"""Seconds of waveform memory beyond the length of a script: the instruments start one after the other."""


class InstrumentGrid:
    """Plays scripts on a simulator while an analyser records.

    A case that plays several scripts gets one recording each; judges look at the last one that the trace holds.

    Args:
        simulator: Opened.
        analyser: Opened.
        sunspec: How to read the registers of the device; None if that is not possible.
        nominal_voltage: Line to neutral, V.
        recorder: The trace.
        rate: Readings of the analyser per second; None: what it calls usual.
    """

    def __init__(
        self,
        simulator: GridSimulator,
        analyser: PowerAnalyser,
        sunspec: SunSpecSettings | None,
        nominal_voltage: float,
        recorder: Recorder,
        *,
        rate: float | None = None,
    ) -> None:
        self._simulator = simulator
        self._analyser = analyser
        self._sunspec = sunspec
        self._nominal = nominal_voltage
        self._recorder = recorder
        self._rate = rate

    async def play(self, script: Script, *, waveform: bool) -> None:
        """Plays a script to its end and puts the recording into the trace."""
        await self._simulator.load(script, self._nominal)
        await self._analyser.start(rate=self._rate, waveform=waveform, seconds=script.duration + SPARE)
        try:
            await self._simulator.run()
        except BaseException:
            with suppress(InstrumentError):  # what the simulator did wrong is what the operator needs to hear
                await self._analyser.stop()
            raise
        recording = await self._analyser.stop()
        self._recorder.recorded("grid", recording)

    async def rest(self, seconds: float) -> None:
        """Lets the simulator put out what it does, nominal values, for so long."""
        await asyncio.sleep(seconds)

    async def read_settings(self) -> None:
        """Reads the registers of the device into the trace."""
        if self._sunspec is None:
            raise CapabilityError("the DUT file names no registers: [interfaces.grid] sunspec = { host = ... }")
        from v2gready.bench.grid.sunspec import read_settings  # noqa: PLC0415 - the extra "bench"

        registers = await read_settings(self._sunspec.host, self._sunspec.port, self._sunspec.unit)
        self._recorder.event(EventKind.SETTINGS_READ, self._recorder.dut, detail=dict(registers))
