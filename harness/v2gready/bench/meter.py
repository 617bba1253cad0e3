"""A virtual power meter at the outlet of the embedded reference charger."""

from __future__ import annotations

from typing import Final

from v2gready.transports.recorder import Recorder

ACCURACY: Final = 0.001
"""Expanded uncertainty as a share of the reading: a class 0.1 instrument."""
FLOOR: Final[dict[str, float]] = {"V": 0.05, "A": 0.02, "W": 5.0}
"""Expanded uncertainty near zero, by unit."""
DC_METER: Final = "dc_meter"
AC_METER: Final = "ac_meter"
VEHICLE_METER: Final = "vehicle_meter"
"""Channels in the car: ``ev.power``, ``ev.contactor``, ``ev.soc``."""


class VirtualMeter:
    """Writes what the power stage reports into the trace as samples.

    Args:
        recorder: The trace.
    """

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def __call__(self, channel: str, value: float, unit: str) -> None:
        """Takes one reading."""
        self._recorder.sample(channel, value, unit, FLOOR.get(unit, 0.0) + ACCURACY * abs(value))
