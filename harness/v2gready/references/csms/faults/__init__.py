"""Everything that the reference CSMS can do wrong, one module per area.

A fault is a small class that overrides the hook where it acts (see `v2gready.references.csms.seams.Fault`). To add one,
put it into the module of its area, or into a new module that is imported here.
"""

# Importing an area fills the catalogue.
from v2gready.references.csms.faults import (
    access,
    boot,
    certificates,
    charging,
    der,
    frames,
    hostile,
    metering,
    schema,
    v2x,
)
from v2gready.references.csms.faults.registry import CATALOGUE, make

AREAS = (frames, hostile, schema, access, boot, metering, charging, der, certificates, v2x)
"""The modules of the catalogue."""

__all__ = ["AREAS", "CATALOGUE", "make"]
