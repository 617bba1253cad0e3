"""The battery of the car with its contactor and inverter: what an instrument at the inlet would show.

Time is a parameter. Positive power flows into the car. What a DC charger delivers is known here from what it reports:
there is no copper in a null modem.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import Enum
from typing import Final, Protocol

from v2gready.protocols.iso15118.evcc import VehicleState
from v2gready.references.ev.config import BatteryData

Listener = Callable[[str, float, str], None]
"""Gets (channel, value, unit) of a sample."""

STEP: Final = 0.05
"""Seconds between two looks at a power that ramps."""
_NOTICEABLE: Final = {"ev.power": 50.0, "ev.soc": 0.1, "ev.contactor": 0.5}
_JOULES_PER_WH: Final = 3600.0


class Occasion(Enum):
    """Why the contactor is moved."""

    ENERGISE = "energise"
    STOP = "stop"
    """PowerDelivery(Stop) was answered."""
    FAILURE = "failure"
    """A FAILED response, a wrong one, none, or the connection is gone."""
    UNPLUGGED = "unplugged"


class Bends(Protocol):
    """Where a fault may bend the battery."""

    def contactor(self, wanted: bool, occasion: Occasion) -> bool:  # noqa: FBT001 - the value that is bent
        """The position that the contactor takes instead of the wanted one."""


class Battery:
    """Cells, contactor and on-board inverter.

    Args:
        data: What they are.
        bends: Faults.
        listener: Gets samples.
        sample_period: Seconds between two samples of a steady quantity.

    Attributes:
        contactor: Closed.
        power: Into the car, in W.
        energy: In the cells, in Wh.
        moved: Energy that went in or out so far, in Wh; never falls.
    """

    def __init__(self, data: BatteryData, bends: Bends, listener: Listener | None, sample_period: float) -> None:
        self._data = data
        self._bends = bends
        self._listener = listener
        self._sample_period = sample_period
        self._aim = 0.0
        self._now = 0.0
        self._told: dict[str, tuple[float, float]] = {}
        self.contactor = False
        self.power = 0.0
        self.energy = data.capacity * data.soc
        self.moved = 0.0

    @property
    def soc(self) -> float:
        """State of charge, in percent."""
        return 100 * self.energy / self._data.capacity

    @property
    def capacity(self) -> float:
        """In Wh."""
        return self._data.capacity

    @property
    def voltage(self) -> float:
        """Open-circuit voltage, in V."""
        spread = self._data.full_voltage - self._data.empty_voltage
        return round(self._data.empty_voltage + spread * self.soc / 100, 1)

    def needed(self, soc: float) -> float:
        """Energy up to a state of charge in percent, in Wh; negative from above it."""
        return soc / 100 * self._data.capacity - self.energy

    def state(self, target_power: float) -> VehicleState:
        """What the requests tell."""
        return VehicleState(
            present_voltage=self.voltage,
            target_voltage=self.voltage,
            target_power=target_power,
            present_power=round(self.power),
            present_soc=round(self.soc),
        )

    def start(self, now: float) -> None:
        """Sets the time from which the battery is driven, and takes the first samples."""
        self._now = now
        self._sample()

    def advance(self, now: float) -> None:
        """Lets time pass."""
        while self._now < now:
            span = now - self._now
            step = span if self.power == self._aim else min(STEP, span)
            before = self.power
            change = self._data.slew * step
            self.power = (
                self._aim if abs(self._aim - before) <= change else before + math.copysign(change, self._aim - before)
            )
            moved = (before + self.power) / 2 * step / _JOULES_PER_WH
            self.energy = min(max(self.energy + moved, 0.0), self._data.capacity)
            self.moved += abs(moved)
            self._now = now if step == span else self._now + step
        self._sample()

    def next_look(self) -> float | None:
        """When `advance` should be called for the sake of samples; None while nothing happens."""
        if self.power != self._aim:
            return self._now + STEP
        if not self.contactor or not self._told:
            return None
        oldest = min(when for _, when in self._told.values())
        return max(oldest + self._sample_period, self._now + STEP)

    def deliver(self, watts: float) -> None:
        """DC: the charger delivers that much; nothing through an open contactor."""
        self.power = self._aim = watts if self.contactor else 0.0
        self._sample()

    def draw(self, watts: float) -> None:
        """AC: the inverter goes to that power."""
        self._aim = watts if self.contactor else 0.0
        self._sample()

    def close(self) -> None:
        """Closes the contactor."""
        self.contactor = self._bends.contactor(True, Occasion.ENERGISE)
        self._sample()

    def open(self, occasion: Occasion) -> None:
        """Takes the power away and opens the contactor."""
        self.contactor = self._bends.contactor(False, occasion)
        if not self.contactor:
            self.power = self._aim = 0.0
        self._sample()

    def _sample(self) -> None:
        if self._listener is None:
            return
        quantities = (
            ("ev.power", self.power, "W"),
            ("ev.contactor", float(self.contactor), ""),
            ("ev.soc", self.soc, "%"),
        )
        for channel, value, unit in quantities:
            told = self._told.get(channel)
            if told is None or self._worth_telling(channel, value, *told):
                self._told[channel] = (value, self._now)
                self._listener(channel, value, unit)

    def _worth_telling(self, channel: str, value: float, before: float, when: float) -> bool:
        if (value == 0) != (before == 0) or abs(value - before) > _NOTICEABLE[channel]:
            return True
        return self.contactor and self._now - when >= self._sample_period
