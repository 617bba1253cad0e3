"""Everything that the reference station can do wrong, one module per area.

A fault is a small class that overrides the hook where it acts (see `v2gready.references.station.seams.Fault`). To add
one, put it into the module of its area, or into a new module that is imported here.
"""

# Importing an area fills the catalogue.
from v2gready.references.station.faults import (
    boot,
    certificates,
    charging,
    connection,
    der,
    hostile,
    payloads,
    phases,
    queue,
    rpc,
    schedules,
    transactions,
    v2x,
    variables,
    wishes,
)
from v2gready.references.station.faults.registry import CATALOGUE, make

AREAS = (
    rpc,
    payloads,
    connection,
    boot,
    variables,
    transactions,
    queue,
    certificates,
    charging,
    schedules,
    v2x,
    der,
    hostile,
    phases,
    wishes,
)
"""The modules of the catalogue."""

__all__ = ["AREAS", "CATALOGUE", "make"]
