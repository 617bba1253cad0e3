"""The reference charging station: correct in OCPP 2.1 and 2.0.1, to test the test cases with, and named faults.

Layers, from the inside out: `device_model` and `timers`, `link` (the RPC of one connection), `outbox` (what waits to be
sent), the parts `boot`, `transactions`, `metering`, `availability`, `reports`, `remote`, `security`, `certificates` and
the energy control `v2x`, `station` (all of them without I/O), `seams` (where a fault may bend all that), `faults` (the
catalogue), and `door`, `server` (the same on a network).
"""

from v2gready.references.station.config import BackOff, EvseConfig, StationConfig, StationCredentials
from v2gready.references.station.context import Vehicle
from v2gready.references.station.reference import ReferenceStation
from v2gready.references.station.seams import Effect, Fault
from v2gready.references.station.server import RunningStation

REFERENCE = ReferenceStation()
"""Entry point ``station`` of ``v2gready.references``."""

__all__ = [
    "REFERENCE",
    "BackOff",
    "Effect",
    "EvseConfig",
    "Fault",
    "ReferenceStation",
    "RunningStation",
    "StationConfig",
    "StationCredentials",
    "Vehicle",
]
