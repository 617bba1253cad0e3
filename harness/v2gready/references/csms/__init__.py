"""The reference CSMS: a correct back end of OCPP 2.1 and 2.0.1 to test the test cases with, and named faults.

Layers, from the inside out: `transactions` (what they amount to), `registry` (what outlives a connection), `backend`
(what all connections share), `door` (who may connect), `answers` (the faultless answers), `orders` (what is asked of
stations), `csms` (one connection without I/O), `operator` (the actions of a bench), `seams` (where a fault may bend all
that), `faults` (the catalogue), and `tls`, `server` (the same on a network).

What needs the extra `ocpp` is loaded when the CSMS is switched on or its faults are asked for.
"""

from v2gready.references.csms.config import (
    TOKENS,
    Band,
    CsmsConfig,
    CsmsCredentials,
    StationEntry,
    Token,
    entry_of,
)
from v2gready.references.csms.reference import ReferenceCsms
from v2gready.references.csms.seams import Effect, Fault

REFERENCE = ReferenceCsms()
"""Entry point ``csms`` of ``v2gready.references``."""

__all__ = [
    "REFERENCE",
    "TOKENS",
    "Band",
    "CsmsConfig",
    "CsmsCredentials",
    "Effect",
    "Fault",
    "ReferenceCsms",
    "StationEntry",
    "Token",
    "entry_of",
]
