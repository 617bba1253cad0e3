"""A real grid simulator and power analyser as one source of grid: what cases play on a laboratory's bench."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

from v2gready.bench.grid.drivers import CapabilityError, GridSimulator, InstrumentError, PowerAnalyser
from v2gready.bench.grid.settings import SunSpecSettings
from v2gready.grid.recording import Recording
from v2gready.grid.script import Script
from v2gready.model.trace import EventKind
from v2gready.transports.recorder import Recorder

SPARE: Final = 5.0
"""Seconds of waveform memory beyond the length of a script: the instruments start one after the other."""
LONGEST_HOLE: Final = 60.0
"""Seconds between two waveforms that are filled with nothing; beyond, they stay recordings of their own."""


class InstrumentGrid:
    """Plays scripts on a simulator while an analyser records; `close` puts the recording into the trace.

    A case gets one recording on one time axis, however many scripts it plays. Quantities are read on and on from the
    first script to the last: what happens while the next list is loaded is in the record. A waveform memory ends with
    its script, so several waveforms leave holes without numbers, which screening finds and no judge uses.

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
        self._reading = False
        self._recording: Recording | None = None

    async def play(self, script: Script, *, waveform: bool) -> None:
        """Plays a script to its end."""
        if waveform and self._reading:
            await self._stop()
        self._analyser.check()
        await self._simulator.load(script, self._nominal)
        if not self._reading:
            await self._analyser.start(rate=self._rate, waveform=waveform, seconds=script.duration + SPARE)
            self._reading = True
        try:
            await self._simulator.run()
        except BaseException:
            with suppress(InstrumentError):  # what the simulator did wrong is what the operator needs to hear
                await self._stop()
            raise
        if waveform:
            await self._stop()

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

    async def close(self) -> None:
        """Ends the recording and puts it into the trace."""
        if self._reading:
            await self._stop()
        if self._recording is not None:
            self._recorder.recorded("grid", self._recording)
            self._recording = None

    async def _stop(self) -> None:
        self._reading = False
        seen = await self._analyser.stop()
        before, self._recording = self._recording, seen
        if before is None:
            return
        hole = seen.start - before.start - before.duration
        alike = (before.kind, before.rate, set(before.channels)) == (seen.kind, seen.rate, set(seen.channels))
        if alike and 0 <= hole <= LONGEST_HOLE:
            self._recording = before.then_at_its_time(seen)
        else:
            self._recorder.recorded("grid", before)
