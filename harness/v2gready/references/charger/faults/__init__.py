"""Everything that the reference charger can do wrong, one module per area.

A fault is a small class that overrides the hook where it acts (see `seams.Fault` of the SECC core). To add
one, put it into the module of its area, or into a new module that is imported here.
"""

# Importing an area fills the catalogue.
from v2gready.references.charger.faults import (
    ac,
    authorization,
    certificates,
    dc,
    der,
    endings,
    endurance,
    energy,
    handshake,
    loop,
    offers,
    parameters,
    pausing,
    pnc,
    power_delivery,
    robustness,
    sae,
    sap,
    schedule,
    sdp,
    services,
    session,
    stop_pause,
    streams,
    timing,
    transport_tls,
)
from v2gready.references.charger.faults.registry import CATALOGUE, make

AREAS = (
    sdp,
    transport_tls,
    handshake,
    streams,
    sap,
    session,
    authorization,
    pnc,
    certificates,
    services,
    offers,
    parameters,
    schedule,
    dc,
    ac,
    loop,
    energy,
    der,
    sae,
    power_delivery,
    stop_pause,
    pausing,
    endings,
    timing,
    robustness,
    endurance,
)
"""The modules of the catalogue, in the order of a session."""

__all__ = ["AREAS", "CATALOGUE", "make"]
