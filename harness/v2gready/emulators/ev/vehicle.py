"""The emulated car: a battery with a voltage, a state of charge and a wish for power."""

from __future__ import annotations

from datetime import datetime

from v2gready.protocols.iso15118.evcc import VehicleState

_JOULES_PER_WH = 3600.0


class BatteryVehicle:
    """A car with a battery; power flows as the charge loop says.

    Args:
        unix_start: UTC at ``start``.
        start: Monotonic seconds at ``unix_start``.
        capacity: Battery capacity, in Wh.
        soc: State of charge at start, 0 to 1.
        empty_voltage: Open-circuit voltage at 0 %, in V.
        full_voltage: Open-circuit voltage at 100 %, in V.

    Attributes:
        target_power: Power the car wants, in W; negative discharges. A test case sets it between two messages.
        follows: Whether an AC car obeys EVSETargetActivePower.
    """

    def __init__(
        self,
        *,
        unix_start: datetime,
        start: float,
        capacity: float = 60_000.0,
        soc: float = 0.5,
        empty_voltage: float = 360.0,
        full_voltage: float = 440.0,
    ) -> None:
        self._unix_start = unix_start
        self._start = start
        self._capacity = capacity
        self._energy = capacity * soc
        self._empty = empty_voltage
        self._full = full_voltage
        self._power = 0.0
        self._since = start
        self.target_power = 5_000.0
        self.follows = True

    def state(self, now: float) -> VehicleState:
        """The car at ``now``."""
        self._flow(now)
        soc = self._energy / self._capacity
        voltage = self._empty + (self._full - self._empty) * soc
        return VehicleState(
            present_voltage=round(voltage, 1),
            target_voltage=round(voltage, 1),
            target_power=self.target_power,
            present_power=round(self._power),
            present_soc=round(100 * soc),
        )

    def unix_time(self, now: float) -> int:
        """TimeStamp for the message header."""
        return int(self._unix_start.timestamp() + (now - self._start))

    def follow_power(self, watts: float, now: float) -> None:
        """Takes that power from now on."""
        self._flow(now)
        if self.follows:
            self._power = watts

    def _flow(self, now: float) -> None:
        energy = self._energy + self._power * (now - self._since) / _JOULES_PER_WH
        self._energy = min(max(energy, 0.0), self._capacity)
        self._since = now
