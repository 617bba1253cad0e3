"""What the bench asks of a grid simulator and of a power analyser, whoever made it.

Rules for every driver (reference 5, "Driver rules"): each write is followed by a query of the error queue; what was
uploaded is read back before anything moves; whatever goes wrong ends with the output off; no edge is timed by the host.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Self

from v2gready.grid.recording import Recording
from v2gready.grid.script import Script


class InstrumentError(Exception):
    """An instrument did not do what it was told: the bench's failure, in one sentence."""


class CapabilityError(InstrumentError):
    """The instrument cannot do what is asked; said before anything moved, with the segment and the limit."""


class AfterList(StrEnum):
    """What a simulator puts out when its list has ended."""

    HOLD = "hold"
    """The last values."""
    RETURN = "return"
    """The steady values from before the list."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Limits of a grid simulator.

    Attributes:
        max_segments: Rows that its list holds.
        min_dwell: Shortest row, s.
        time_resolution: Step of the duration of a row, s.
        voltage_slew: Fastest change of a phase voltage, V/s.
        frequency_slew: Fastest change of frequency, Hz/s.
        voltage_max: Highest line-to-neutral voltage, V RMS.
        frequency_min: Lowest frequency, Hz.
        frequency_max: Highest frequency, Hz.
        per_phase_amplitude: A list may give each phase a voltage of its own.
        per_phase_angle: A list may shift each phase.
        phase_jump: A list may make all phases jump.
        harmonics: It can add harmonics; no script asks for them yet.
        regeneration: It takes power back: without, a device that discharges needs a load beside it.
        after_list: What it puts out when its list has ended.
    """

    max_segments: int
    min_dwell: float
    time_resolution: float
    voltage_slew: float
    frequency_slew: float
    voltage_max: float
    frequency_min: float
    frequency_max: float
    per_phase_amplitude: bool
    per_phase_angle: bool
    phase_jump: bool
    harmonics: bool
    regeneration: bool
    after_list: AfterList


class _Instrument(ABC):
    """Something that is opened and closed with ``async with``."""

    @abstractmethod
    async def __aenter__(self) -> Self:
        """Connects and makes sure that it is the right instrument."""

    @abstractmethod
    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leaves it at rest and disconnects."""


class GridSimulator(_Instrument):
    """Plays scripts to the device, on its own timing."""

    @property
    @abstractmethod
    def capabilities(self) -> Capabilities:
        """Its limits."""

    @abstractmethod
    async def energise(self, nominal_voltage: float) -> None:
        """Puts out nominal voltage and frequency, steadily.

        Args:
            nominal_voltage: Line to neutral, V.
        """

    @abstractmethod
    async def load(self, script: Script, nominal_voltage: float) -> None:
        """Uploads a script and reads it back.

        Raises:
            CapabilityError: It cannot be played; nothing was sent.
            InstrumentError: The instrument refused, or holds something else; its output is off.
        """

    @abstractmethod
    async def run(self) -> None:
        """Plays what was loaded, to its end.

        Raises:
            InstrumentError: It did not play to the end; its output is off.
        """

    @abstractmethod
    async def off(self) -> None:
        """Stops and switches the output off; returns when the instrument says that it is."""


class PowerAnalyser(_Instrument):
    """Records voltages, currents, power and frequency at the terminals of the device."""

    @abstractmethod
    async def start(self, *, rate: float | None = None, waveform: bool = False, seconds: float = 0.0) -> None:
        """Begins to record.

        Args:
            rate: Readings (or samples) per second; None: what the command set calls usual.
            waveform: Instantaneous values instead of quantities.
            seconds: How long a waveform recording shall be; its memory is set up before.

        Raises:
            CapabilityError: It cannot record that.
        """

    def check(self) -> None:
        """Looks whether it still records, if it does.

        Raises:
            InstrumentError: The recording broke off.
        """

    @abstractmethod
    async def stop(self) -> Recording:
        """Ends the recording and returns it."""
