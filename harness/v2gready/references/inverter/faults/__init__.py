"""Everything that the reference inverter can do wrong, one module per area.

A fault is another design (`badly_built`), other settings than those read back (`behaves`), or a small class that
overrides a hook of `v2gready.references.inverter.seams.Fault`. To add one, put it into the module of its area.
"""

# Importing an area fills the catalogue.
from v2gready.references.inverter.faults import (
    frequency_response,
    islanding,
    protection,
    quality,
    readback,
    reconnection,
    ride_through,
    under_frequency,
)
from v2gready.references.inverter.faults.registry import CATALOGUE, make

AREAS = (
    frequency_response,
    under_frequency,
    ride_through,
    protection,
    reconnection,
    islanding,
    quality,
    readback,
)
"""The modules of the catalogue."""

__all__ = ["AREAS", "CATALOGUE", "make"]
