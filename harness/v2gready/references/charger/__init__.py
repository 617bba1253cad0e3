"""The reference charger: a correct SECC of ISO 15118-20 to test the test cases with, and named faults.

Layers, from the inside out: `power` (what a meter would show), `station` (what outlives a connection), `table` (the
order of requests), `responses` (the faultless answers), `secc` (one connection without I/O), `seams` (where a fault
may bend all that), `faults` (the catalogue), and `connection`, `discovery`, `tls`, `server` (the same on a network).
"""

from v2gready.references.charger.config import (
    AC_CHARGER,
    DC_CHARGER,
    AcRatings,
    ChargerConfig,
    DcRatings,
    Eim,
    SecurityPolicy,
    Undecodable,
)
from v2gready.references.charger.power import ContactorDefect
from v2gready.references.charger.reference import ReferenceCharger
from v2gready.references.charger.seams import Effect, Fault
from v2gready.references.charger.server import RunningCharger
from v2gready.references.charger.tls import ChargerCredentials

REFERENCE = ReferenceCharger()
"""Entry point ``charger`` of ``v2gready.references``."""

__all__ = [
    "AC_CHARGER",
    "DC_CHARGER",
    "REFERENCE",
    "AcRatings",
    "ChargerConfig",
    "ChargerCredentials",
    "ContactorDefect",
    "DcRatings",
    "Effect",
    "Eim",
    "Fault",
    "ReferenceCharger",
    "RunningCharger",
    "SecurityPolicy",
    "Undecodable",
]
