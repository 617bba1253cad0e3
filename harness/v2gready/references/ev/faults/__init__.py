"""Everything that the reference EV can do wrong, one module per area.

A fault is a small class that overrides the hook where it acts (see `seams.Fault`). To add one, put it into the module
of its area, or into a new module that is imported here.
"""

# Importing an area fills the catalogue.
from v2gready.references.ev.faults import (
    ac,
    authorization,
    bpt,
    dc,
    der,
    endings,
    energy,
    loop,
    parameters,
    pause,
    pnc,
    renegotiation,
    robustness,
    sae,
    sap,
    schedule,
    sdp,
    services,
    session,
    timing,
    tls,
    zero_power,
)
from v2gready.references.ev.faults.registry import CATALOGUE, make

AREAS = (
    sdp,
    tls,
    sap,
    session,
    authorization,
    pnc,
    services,
    parameters,
    schedule,
    dc,
    ac,
    loop,
    bpt,
    energy,
    der,
    sae,
    pause,
    zero_power,
    renegotiation,
    endings,
    timing,
    robustness,
)
"""The modules of the catalogue, in the order of a session."""

__all__ = ["AREAS", "CATALOGUE", "make"]
