"""The power stage of the charger and the car behind its outlet: what a meter at the outlet would show.

Time is a parameter. While something ramps, time passes in small steps; a steady stage takes any span in one, so an
hour of charging costs nothing. Positive current and power flow into the car.

What the car does to the outlet (its battery voltage, the AC power it draws) is known here only from what the car
reports in its messages: there is no copper in a null modem.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final, Protocol

from v2gready.protocols.iso15118.secc.config import AcRatings, DcRatings

Listener = Callable[[str, float, str], None]
"""Gets (channel, value, unit) of a sample."""

STEP: Final = 0.02
"""Seconds of one step of a ramp, and between two looks of whoever drives a stage that is not steady."""
NOTICEABLE: Final = 0.005
"""Change that makes a sample, as a share of the nominal value."""
SAFE_VOLTAGE: Final = 60.0
"""An outlet below this may be touched (IEC 61851-23)."""

_TEST_SLEW: Final = 1000.0
_TEST_HOLD: Final = 0.5
_PRE_CHARGE_SLEW: Final = 400.0
_CURRENT_SLEW: Final = 400.0
_BLEED_TIME_CONSTANT: Final = 0.25
_BLED: Final = 1.0
_SECONDS_PER_HOUR: Final = 3600.0


class Occasion(Enum):
    """Why the contactor is moved."""

    ENERGISE = "energise"
    STOP = "stop"
    """PowerDelivery(Stop), or a session that ended in order."""
    FAILURE = "failure"
    """A FAILED response, or the car broke the connection off."""
    TIMEOUT = "timeout"
    """V2G_SECC_Sequence_Timeout."""


class ContactorDefect(Enum):
    """A defect that a test bench can put into the contactor."""

    STUCK_OPEN = "stuck open"
    WELDED = "welded"


@dataclass(frozen=True, slots=True)
class Setpoint:
    """What the DC stage is told to do."""

    volts: float
    amps: float


class Bends(Protocol):
    """Where a fault may bend the power stage; the faultless charger passes everything through."""

    def contactor(self, wanted: bool, occasion: Occasion) -> bool:  # noqa: FBT001 - the value that is bent
        """The position that the contactor takes instead of the wanted one."""

    def setpoint(self, setpoint: Setpoint) -> Setpoint:
        """The setpoint that is followed instead."""


class PowerStage(ABC):
    """Contactor, energy registers and samples: what AC and DC have in common.

    Attributes:
        contactor: Closed.
        charged: Energy into the car so far, in Wh; never falls.
        discharged: Energy out of the car so far, in Wh; never falls.
        defect: Set by a test bench.
    """

    def __init__(self, bends: Bends, listener: Listener | None, sample_period: float) -> None:
        self._bends = bends
        self._listener = listener
        self._sample_period = sample_period
        self._now = 0.0
        self._told: dict[str, tuple[float, float]] = {}
        self.contactor = False
        self.charged = 0.0
        self.discharged = 0.0
        self.defect: ContactorDefect | None = None

    @property
    @abstractmethod
    def power(self) -> float:
        """Power into the car, in W."""

    @property
    @abstractmethod
    def steady(self) -> bool:
        """Nothing changes until the next command."""

    @abstractmethod
    def _step(self, seconds: float) -> None:
        """Lets the quantities move."""

    @abstractmethod
    def _quantities(self) -> tuple[tuple[str, float, str, float], ...]:
        """Channel, value, unit and nominal value of everything that is sampled."""

    @abstractmethod
    def _cut(self) -> None:
        """The contactor opened under no matter what load."""

    def start(self, now: float) -> None:
        """Sets the time from which the stage is driven, and takes the first sample."""
        self._now = now
        self._sample()

    def advance(self, now: float) -> None:
        """Lets time pass."""
        while self._now < now:
            span = now - self._now
            # A step too short to move the clock forward would never end the loop.
            step = span if self.steady or span <= STEP else STEP
            before = self.power
            self._step(step)
            self._count((before + self.power) / 2 * step / _SECONDS_PER_HOUR)
            self._now = now if step == span else self._now + step
        self._sample()

    def next_look(self) -> float | None:
        """When `advance` should be called next for the sake of samples; None while nothing happens."""
        if not self._told:
            return None
        if not self.steady:
            return self._now + STEP
        oldest = min(when for _, when in self._told.values())
        return max(oldest + self._sample_period, self._now + STEP) if self.contactor else None

    def close(self, occasion: Occasion = Occasion.ENERGISE) -> bool:
        """Closes the contactor; False if it did not close."""
        return self._move(wanted=True, occasion=occasion)

    def open(self, occasion: Occasion) -> bool:
        """Takes the power away and opens the contactor; False if it did not open."""
        return not self._move(wanted=False, occasion=occasion)

    def _move(self, *, wanted: bool, occasion: Occasion) -> bool:
        position = self._bends.contactor(wanted, occasion)
        if self.defect is not None:
            position = self.defect is ContactorDefect.WELDED
        self.contactor = position
        if not position:
            self._cut()
        self._sample()
        return position

    def _count(self, energy: float) -> None:
        if energy > 0:
            self.charged += energy
        else:
            self.discharged -= energy

    def _sample(self) -> None:
        if self._listener is None:
            return
        for channel, value, unit, nominal in self._quantities():
            told = self._told.get(channel)
            if told is not None and not self._worth_telling(value, *told, nominal):
                continue
            self._told[channel] = (value, self._now)
            self._listener(channel, value, unit)

    def _worth_telling(self, value: float, before: float, when: float, nominal: float) -> bool:
        if (value == 0) != (before == 0) or abs(value - before) > NOTICEABLE * nominal:
            return True
        return self.contactor and self._now - when > self._sample_period - STEP


class AcStage(PowerStage):
    """An AC outlet: the station switches, the car draws."""

    def __init__(
        self, ratings: AcRatings, bends: Bends, listener: Listener | None = None, sample_period: float = 1.0
    ) -> None:
        super().__init__(bends, listener, sample_period)
        self._ratings = ratings
        self._drawn = 0.0

    @property
    def power(self) -> float:
        """Power into the car, in W."""
        return self._drawn if self.contactor else 0.0

    @property
    def voltage(self) -> float:
        """Voltage at the outlet, phase to neutral, in V."""
        return float(self._ratings.nominal_voltage) if self.contactor else 0.0

    @property
    def steady(self) -> bool:
        """Always: AC has no ramps here."""
        return True

    def draw(self, watts: float) -> None:
        """The car draws that much from now on; negative feeds in."""
        self._drawn = watts
        self._sample()

    def _step(self, seconds: float) -> None:
        pass

    def _cut(self) -> None:
        self._drawn = 0.0

    def _quantities(self) -> tuple[tuple[str, float, str, float], ...]:
        return (
            ("ac.voltage", self.voltage, "V", float(self._ratings.nominal_voltage)),
            ("ac.power", self.power, "W", self._ratings.maximum_charge_power),
        )


class InsulationTest(Enum):
    """Where the insulation test of the cable check stands."""

    NONE = "none"
    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"


class _Mode(Enum):
    OFF = "off"
    TEST = "insulation test"
    BLEED = "bleeding after the test"
    VOLTAGE = "voltage without load"
    DELIVER = "power"


class DcStage(PowerStage):
    """A DC converter with its outlet.

    Attributes:
        voltage: At the outlet, in V.
        current: Into the car, in A.
        insulation: Result of the last insulation test.
        insulated: Whether the cable is sound; a test bench clears it to provoke an isolation fault.
    """

    def __init__(
        self, ratings: DcRatings, bends: Bends, listener: Listener | None = None, sample_period: float = 1.0
    ) -> None:
        super().__init__(bends, listener, sample_period)
        self._ratings = ratings
        self._mode = _Mode.OFF
        self._target = Setpoint(0.0, 0.0)
        self._battery: float | None = None
        self._hold = 0.0
        self.voltage = 0.0
        self.current = 0.0
        self.insulation = InsulationTest.NONE
        self.insulated = True

    @property
    def power(self) -> float:
        """Power into the car, in W."""
        return self.voltage * self.current

    @property
    def steady(self) -> bool:
        """Nothing ramps."""
        if self._mode in {_Mode.TEST, _Mode.BLEED}:
            return False
        return self.voltage == self._voltage_aim() and self.current == self._current_aim()

    def test_insulation(self, volts: float) -> None:
        """Starts the insulation test of the cable check with that test voltage."""
        self.insulation = InsulationTest.RUNNING
        self._mode = _Mode.TEST
        self._hold = _TEST_HOLD
        self._target = Setpoint(min(volts, self._ratings.maximum_voltage), 0.0)

    def pre_charge(self, volts: float) -> None:
        """Brings the outlet to the voltage of the battery, without load."""
        self._mode = _Mode.VOLTAGE
        self._target = self._bends.setpoint(Setpoint(min(volts, self._ratings.maximum_voltage), 0.0))

    def connect(self) -> None:
        """The car closes its contactors: the outlet, if it is not delivering yet, shows the battery from now on."""
        if self._mode is not _Mode.DELIVER:
            self.deliver(Setpoint(self.voltage, 0.0), self.voltage)

    def deliver(self, setpoint: Setpoint, battery: float) -> None:
        """Follows a setpoint into a battery that shows that voltage; the battery wins over the voltage setpoint."""
        self._mode = _Mode.DELIVER
        self._target = self._bends.setpoint(setpoint)
        # A voltage beyond anything a car has is a wrong report, not a battery: the last good one stays.
        if 0.0 < battery <= self._ratings.maximum_voltage:
            self._battery = battery

    def _voltage_aim(self) -> float:
        if not self.contactor or self._mode in {_Mode.OFF, _Mode.BLEED}:
            return 0.0
        if self._mode is _Mode.DELIVER:
            return self._battery if self._battery is not None else self._target.volts
        return self._target.volts

    def _current_aim(self) -> float:
        return self._target.amps if self.contactor and self._mode in {_Mode.DELIVER, _Mode.VOLTAGE} else 0.0

    def _step(self, seconds: float) -> None:
        self.current = _towards(self.current, self._current_aim(), _CURRENT_SLEW * seconds)
        aim = self._voltage_aim()
        if self._mode is _Mode.DELIVER:
            self.voltage = aim
        elif aim == 0.0:
            decayed = self.voltage * math.exp(-seconds / _BLEED_TIME_CONSTANT)
            self.voltage = decayed if decayed > _BLED else 0.0
        else:
            slew = _TEST_SLEW if self._mode is _Mode.TEST else _PRE_CHARGE_SLEW
            self.voltage = _towards(self.voltage, aim, slew * seconds)
        self._proceed_with_test(seconds)

    def _proceed_with_test(self, seconds: float) -> None:
        if self._mode is _Mode.TEST and self.voltage == self._target.volts:
            self._hold -= seconds
            if self._hold <= 0:
                self._mode = _Mode.BLEED
        elif self._mode is _Mode.BLEED and self.voltage < SAFE_VOLTAGE:
            # IEC 61851-23: the test ends with an outlet that may be touched again.
            self.insulation = InsulationTest.PASSED if self.insulated else InsulationTest.FAILED
            self._mode = _Mode.VOLTAGE
            self._target = Setpoint(0.0, 0.0)

    def _cut(self) -> None:
        self.current = 0.0
        self._mode = _Mode.OFF
        self._target = Setpoint(0.0, 0.0)
        self._battery = None

    def _quantities(self) -> tuple[tuple[str, float, str, float], ...]:
        return (
            ("dc.voltage", self.voltage, "V", self._ratings.maximum_voltage),
            ("dc.current", self.current, "A", self._ratings.maximum_charge_current),
        )


def _towards(value: float, aim: float, change: float) -> float:
    """One step of a ramp."""
    if abs(aim - value) <= change:
        return aim
    return value + math.copysign(change, aim - value)
