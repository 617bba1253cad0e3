"""The SECC of ISO 15118-20 as a sans-I/O core, with the charger behind it.

From the inside out: `power` (what a meter would show), `station` (what outlives a connection), `table` (the order of
requests), `responses` (the faultless answers), `core` (one connection) and `seams` (where all that can be bent: a
reference device has faults, and a conformance tester misbehaves on purpose).
"""

from v2gready.protocols.iso15118.secc.config import (
    AC_CHARGER,
    DC_CHARGER,
    AcRatings,
    ChargerConfig,
    DcRatings,
    Eim,
    Protection,
    SecurityPolicy,
    Undecodable,
)
from v2gready.protocols.iso15118.secc.core import LocalProtocolError, Secc
from v2gready.protocols.iso15118.secc.power import ContactorDefect
from v2gready.protocols.iso15118.secc.seams import Died, Effect, Fault, Seams

__all__ = [
    "AC_CHARGER",
    "DC_CHARGER",
    "AcRatings",
    "ChargerConfig",
    "ContactorDefect",
    "DcRatings",
    "Died",
    "Effect",
    "Eim",
    "Fault",
    "LocalProtocolError",
    "Protection",
    "Seams",
    "Secc",
    "SecurityPolicy",
    "Undecodable",
]
