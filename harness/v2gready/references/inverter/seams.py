"""Where a fault may bend the inverter, and the proof that it did.

A fault bends the configuration (what is read back and done), the behaviour (done, but not read back), the design, or
the registers. An effect is written down when, and only when, what leaves the terminals or the registers differs from
a twin without that fault on the same script.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from v2gready.grid.rating import Rating
from v2gready.grid.recording import ChannelNames, Floats, Kind, Recording
from v2gready.references.inverter.design import Design
from v2gready.references.inverter.registers import Registers
from v2gready.references.inverter.settings import DerSettings

VISIBLE = 0.005
"""Share of the rated value by which RMS values must differ."""
VISIBLE_WAVEFORM = 0.005
"""Share of the rated value by which instantaneous values must differ, RMS over a cycle."""


@dataclass(frozen=True, slots=True)
class Effect:
    """A fault made the inverter behave differently.

    Attributes:
        fault: Name of the fault.
        what: What was different.
    """

    fault: str
    what: str


class Fault:
    """An inverter that does one thing wrong. Every hook gets the faultless value and returns what counts instead.

    Attributes:
        name: Kebab-case name, for ever.
        sentence: What the inverter does wrong, in one sentence.
    """

    name: ClassVar[str] = ""
    sentence: ClassVar[str] = ""

    # The arguments are what an override may need; a neutral hook uses none of them.

    def configuration(self, settings: DerSettings) -> DerSettings:
        """The settings as they are read back."""
        return settings

    def behaviour(self, settings: DerSettings) -> DerSettings:
        """The settings that the control law follows, whatever is read back."""
        return settings

    def design(self, design: Design) -> Design:
        """How the device is built."""
        return design

    def after_trip(self, settings: DerSettings) -> DerSettings:
        """The configuration after a trip."""
        return settings

    def registers(self, registers: Registers) -> Registers:
        """What is read back."""
        return registers

    def accepts(self, settings: DerSettings, before: DerSettings) -> DerSettings:
        """The settings in force after new ones were written."""
        return settings


def recording_difference(real: Recording, twin: Recording, rating: Rating) -> str | None:
    """What is visibly different between two recordings of the same script, None if nothing is."""
    if real.kind is Kind.WAVEFORM:
        return _waveform_difference(real, twin, rating)
    power = _first_difference(real, twin, ChannelNames.POWER, VISIBLE * rating.power)
    if power is not None:
        at, most = power
        return f"P differs from {at:.2f} s on, by up to {most / 1000:.2f} kW"
    reactive = _first_difference(real, twin, ChannelNames.REACTIVE, VISIBLE * rating.apparent)
    if reactive is not None:
        at, most = reactive
        return f"Q differs from {at:.2f} s on, by up to {most / 1000:.2f} kvar"
    for name in ChannelNames.CURRENTS:
        current = _first_difference(real, twin, name, VISIBLE * rating.current)
        if current is not None:
            at, most = current
            return f"{name} differs from {at:.2f} s on, by up to {most:.2f} A"
    return None


def _first_difference(real: Recording, twin: Recording, name: str, least: float) -> tuple[float, float] | None:
    apart = np.abs(real.values(name) - twin.values(name))
    first = np.flatnonzero(apart > least)
    return (float(real.time[first[0]]), float(apart.max())) if len(first) else None


def _waveform_difference(real: Recording, twin: Recording, rating: Rating) -> str | None:
    cycle = max(1, min(len(real), round(real.rate / 50)))
    for names, unit, rated in (
        (ChannelNames.CURRENTS, "A", rating.current),
        (ChannelNames.VOLTAGES, "V", rating.voltage),
    ):
        apart = np.stack([_running_rms(real.values(name) - twin.values(name), cycle) for name in names])
        worst = apart.max(axis=0)
        first = np.flatnonzero(worst > VISIBLE_WAVEFORM * rated)
        if len(first):
            name = names[int(apart[:, int(worst.argmax())].argmax())]
            return f"{name} differs from {real.time[first[0]]:.3f} s on, by up to {worst.max():.2f} {unit} RMS"
    return None


def _running_rms(values: Floats, window: int) -> Floats:
    sums = np.concatenate(([0.0], np.cumsum(values**2)))
    # The first window grows: a difference in a short script counts as well.
    starts = np.maximum(np.arange(1, len(sums)) - window, 0)
    return np.asarray(np.sqrt(np.maximum(sums[1:] - sums[starts], 0.0) / window))


def register_difference(real: Registers, twin: Registers) -> str | None:
    """The first register that differs, None if none does."""
    for name in sorted(real.keys() | twin.keys()):
        if real.get(name) != twin.get(name):
            return f"register {name}: {twin.get(name)} -> {real.get(name)}"
    return None


def bent_design(faults: Sequence[Fault]) -> Design:
    """The design with these faults in it."""
    design = Design()
    for fault in faults:
        design = fault.design(design)
    return design


def bent_configuration(faults: Sequence[Fault], settings: DerSettings) -> DerSettings:
    """What is read back with these faults."""
    for fault in faults:
        settings = fault.configuration(settings)
    return settings


def bent_behaviour(faults: Sequence[Fault], settings: DerSettings) -> DerSettings:
    """What is done with these faults."""
    for fault in faults:
        settings = fault.behaviour(settings)
    return settings
