"""The reference EV: a good car of ISO 15118-20 to test the test cases with, and named faults.

The order of messages is that of the EVCC core (`v2gready.protocols.iso15118.evcc`); here is everything that makes a
car of it: battery, choices, checks, timers, pauses, and the faults that bend them.
"""

from v2gready.references.ev.config import BatteryData, EvDeviceConfig, EvSecurity, PauseStyle, PauseWindow
from v2gready.references.ev.device import EvState, RunningEv
from v2gready.references.ev.reference import ReferenceEv
from v2gready.references.ev.seams import Effect, Fault
from v2gready.references.ev.tls import EvDeviceCredentials

REFERENCE = ReferenceEv()
"""Entry point ``ev`` of ``v2gready.references``."""

__all__ = [
    "REFERENCE",
    "BatteryData",
    "Effect",
    "EvDeviceConfig",
    "EvDeviceCredentials",
    "EvSecurity",
    "EvState",
    "Fault",
    "PauseStyle",
    "PauseWindow",
    "ReferenceEv",
    "RunningEv",
]
