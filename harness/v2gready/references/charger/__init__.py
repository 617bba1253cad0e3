"""The reference charger: a correct SECC of ISO 15118-20 to test the test cases with, and named faults.

The SECC itself is `v2gready.protocols.iso15118.secc`, its ports are `v2gready.hosts.secc`; here are the faults that
bend it, and the way in for the engine.
"""

from v2gready.hosts.secc.server import RunningCharger
from v2gready.hosts.secc.tls import ChargerCredentials
from v2gready.protocols.iso15118.secc.config import (
    AC_CHARGER,
    DC_CHARGER,
    AcRatings,
    ChargerConfig,
    DcRatings,
    Eim,
    SecurityPolicy,
    Undecodable,
)
from v2gready.protocols.iso15118.secc.power import ContactorDefect
from v2gready.protocols.iso15118.secc.seams import Effect, Fault
from v2gready.references.charger.grid_code import der_settings
from v2gready.references.charger.reference import ReferenceCharger

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
    "der_settings",
]
