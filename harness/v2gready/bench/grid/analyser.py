"""A power analyser that is spoken to by a command set."""

from __future__ import annotations

import asyncio
import calendar
import contextlib
import re
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Final, Self

import numpy as np

from v2gready.bench.grid.command_set import UNITS, AnalyserCommands, WaveformCommands
from v2gready.bench.grid.drivers import CapabilityError, InstrumentError, PowerAnalyser
from v2gready.bench.grid.readings import Reading, number, recording_of
from v2gready.bench.grid.session import Session
from v2gready.bench.grid.templates import decimal, same_values
from v2gready.bench.grid.wire import Address, shortened
from v2gready.grid.recording import Channel, Kind, Recording, Uncertainty

PATIENCE: Final = 10.0
"""Seconds that an analyser may need to finish a waveform after its end."""
LOOK: Final = 0.1
"""Seconds between two looks whether it has."""


class ScpiPowerAnalyser(PowerAnalyser):
    """Reads quantities again and again while a script plays, or has the analyser fill its waveform memory.

    Args:
        commands: Command set.
        address: Where the instrument is.
        clock: Seconds on the timeline of the trace.
        options: Fields of the command set that the DUT file sets.
        accuracy: The laboratory's own uncertainty by unit; what it does not state is that of the command set.
    """

    def __init__(
        self,
        commands: AnalyserCommands,
        address: Address,
        clock: Callable[[], float],
        options: Mapping[str, str] | None = None,
        accuracy: Mapping[str, Uncertainty] | None = None,
    ) -> None:
        self._commands = commands
        self._clock = clock
        self._session = Session(commands.header, address, options or {})
        self._accuracy = {**commands.accuracy, **(accuracy or {})}
        self._items = [item for items in commands.items.values() for item in items]
        self._rate = commands.usual_rate
        self._readings: list[Reading] = []
        self._task: asyncio.Task[None] | None = None
        self._enough = asyncio.Event()
        self._waveform: WaveformCommands | None = None
        self._began = (0.0, 0.0)

    @property
    def identity(self) -> str:
        """What it said it is."""
        return self._session.identity

    async def __aenter__(self) -> Self:
        await self._session.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None
        await self._session.close()

    async def start(self, *, rate: float | None = None, waveform: bool = False, seconds: float = 0.0) -> None:
        """Begins to record."""
        if self._task is not None or self._waveform is not None:
            raise InstrumentError("the power analyser records already")
        if waveform:
            await self._start_waveform(rate, seconds)
            return
        commands = self._commands
        self._rate = commands.usual_rate if rate is None else rate
        _within("readings", self._rate, commands.rates, commands.header.title)
        fields = {"count": str(len(self._items)), "interval": decimal(1 / self._rate, 3)}
        await self._session.commands(commands.setup, fields)
        for n, item in enumerate(self._items, start=1):
            one = {**fields, "n": str(n), "item": item}
            if commands.assign is not None:
                await self._session.commands((commands.assign,), one)
            for check in commands.verify:
                answer = await self._session.query(check.query.fill(one))
                wanted = "" if check.expected is None else check.expected.fill(one)
                if not same_values(wanted, answer, check.tolerance):
                    raise InstrumentError(
                        f"{commands.header.title} was given {wanted!r} as item {n},"
                        f" but reads back {shortened(answer)!r}"
                    )
        await self._session.commands(commands.start, fields)
        self._readings = []
        self._enough.clear()
        self._task = asyncio.create_task(self._read_on())

    def check(self) -> None:
        """Looks whether it still reads."""
        if self._task is not None and self._task.done() and (problem := self._task.exception()) is not None:
            raise InstrumentError(f"the recording broke off: {problem}") from problem

    async def stop(self) -> Recording:
        """Ends the recording and returns it."""
        if self._waveform is not None:
            return await self._stop_waveform(self._waveform)
        task, self._task = self._task, None
        if task is None:
            raise InstrumentError("the power analyser does not record")
        self._enough.set()
        try:
            await task
        except InstrumentError as problem:
            raise InstrumentError(f"the recording broke off: {problem}") from problem
        await self._session.commands(self._commands.stop, {})
        await self._session.check_errors()
        source = f"{shortened(self.identity)} ({self._commands.header.id})"
        return recording_of(self._readings, self._commands, self._rate, self._accuracy, source)

    async def _read_on(self) -> None:
        commands = self._commands
        queries = commands.separator.join(commands.item_query.fill({"item": item}) for item in self._items)
        query = commands.read.fill({**self._session.options, "queries": queries})
        loop = asyncio.get_running_loop()
        due = loop.time()
        origin: float | None = None
        while not self._enough.is_set():
            asked = self._clock()
            answer = await self._session.query(query)
            answered = self._clock()
            stamp, values = self._parsed(answer)
            t = (asked + answered) / 2
            if stamp is not None:
                origin = answered - stamp if origin is None else origin
                t = origin + stamp
            self._readings.append(Reading(t, answered - asked, values))
            if not commands.paced:
                due = max(due + 1 / self._rate, loop.time())
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._enough.wait(), due - loop.time())

    def _parsed(self, answer: str) -> tuple[float | None, tuple[float, ...]]:
        commands = self._commands
        parts = answer.split(commands.separator)
        try:
            stamp = None if commands.stamp is None else seconds_of(parts.pop(0), commands.stamp)
            values = tuple(number(part) for part in parts)
        except (ValueError, IndexError):
            raise InstrumentError(
                f"{commands.header.title} answers {shortened(answer)!r}, which is no reading"
            ) from None
        if len(values) != len(self._items):
            raise InstrumentError(
                f"{commands.header.title} answers {len(values)} values where {len(self._items)} were asked"
            )
        return stamp, values

    async def _start_waveform(self, rate: float | None, seconds: float) -> None:
        waveform, title = self._commands.waveform, self._commands.header.title
        if waveform is None:
            raise CapabilityError(
                f"{title}: its command set cannot record waveforms; record beside it and evaluate the COMTRADE file"
            )
        rate = waveform.rates[0] if rate is None else rate
        _within("samples", rate, waveform.rates, title)
        if not seconds > 0:
            raise CapabilityError(f"{title} needs to know how long the waveform shall be")
        fields = {"rate": decimal(rate, 0), "seconds": decimal(seconds, 3)}
        await self._session.commands(waveform.setup, fields)
        for track, signal in enumerate(waveform.signals.values()):
            await self._session.commands((waveform.assign,), {"track": str(track), "signal": signal})
        before = self._clock()
        await self._session.commands(waveform.start, fields)
        self._began = (before, self._clock())
        self._rate = rate
        self._waveform = waveform

    async def _stop_waveform(self, waveform: WaveformCommands) -> Recording:
        self._waveform = None
        title = self._commands.header.title
        await self._session.commands(waveform.stop, {})
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while not await self._session.state(waveform.done):
            if asyncio.get_running_loop().time() > deadline:
                raise InstrumentError(f"{title} does not finish its waveform within {PATIENCE:g} s")
            await asyncio.sleep(LOOK)
        answer = await self._session.query(waveform.length.fill(self._session.options))
        try:
            length = int(number(answer))
        except ValueError:
            raise InstrumentError(f"{title} answers {shortened(answer)!r}, which is no number of samples") from None
        channels = {}
        for track, name in enumerate(waveform.signals):
            samples = await self._samples(waveform, track, length)
            unit = UNITS.get(name, "")
            channels[name] = Channel(name, unit, samples, self._accuracy.get(unit, Uncertainty()))
        await self._session.check_errors()
        before, after = self._began
        return Recording(
            kind=Kind.WAVEFORM,
            start=(before + after) / 2,
            rate=self._rate,
            channels=channels,
            source=f"{shortened(self.identity)} ({self._commands.header.id})",
            time_uncertainty=after - before,
        )

    async def _samples(
        self, waveform: WaveformCommands, track: int, length: int
    ) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        parts = []
        for first in range(0, length, waveform.block):
            last = min(first + waveform.block, length) - 1
            wanted = {"track": str(track), "first": str(first), "last": str(last)}
            content = (await self._session.block(waveform.read.fill(wanted)))[waveform.lead :]
            if len(content) != (last - first + 1) * np.dtype(waveform.kind).itemsize:
                raise InstrumentError(
                    f"{self._commands.header.title} sent {len(content)} bytes for samples {first} to {last}"
                )
            parts.append(np.frombuffer(content, waveform.kind).astype(np.float32))
        if not parts:
            raise InstrumentError(f"{self._commands.header.title} recorded no waveform")
        return np.concatenate(parts)


def seconds_of(text: str, pattern: re.Pattern[str]) -> float:
    """The instrument's own time, in seconds from some origin.

    Raises:
        ValueError: The text does not match.
    """
    found = pattern.search(text)
    if found is None:
        raise ValueError(f"{text!r} is no time")
    parts = found.groupdict()
    if "year" not in parts:
        return float(parts["seconds"])
    day = (int(parts["year"]), int(parts["month"]), int(parts["day"]), int(parts["hour"]), int(parts["minute"]), 0)
    return calendar.timegm(day) + float(parts["seconds"])


def _within(what: str, rate: float, rates: tuple[float, float], title: str) -> None:
    if not rates[0] <= rate <= rates[1]:
        raise CapabilityError(f"{title} cannot take {rate:g} {what} per second, but {rates[0]:g} to {rates[1]:g}")
