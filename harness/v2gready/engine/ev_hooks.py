"""The hooks of the embedded reference car, by the names that a DUT file uses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from v2gready.references.ev import RunningEv

NAMES: Final = (
    "plug_in",
    "unplug",
    "start",
    "stop",
    "pause",
    "wake_up",
    "standby",
    "set_power",
    "set_departure",
    "renegotiate_schedule",
    "renegotiate_service",
    "install_certificate",
    "prefer",
)
"""What can be done to a car; docs/dut-file.md tells what each means."""


def actions(car: RunningEv) -> dict[str, Callable[..., None]]:
    """The hooks of a car."""
    return {name: getattr(car, name) for name in NAMES}
