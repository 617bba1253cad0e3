"""The catalogue of faults, filled by the decorator `fault`."""

from __future__ import annotations

from typing import Final

from v2gready.references.catalogue import Catalogue
from v2gready.references.station.seams import Fault

_ALL: Final[Catalogue[Fault]] = Catalogue("reference station")
CATALOGUE: Final = _ALL.faults
"""Every fault by name."""
fault = _ALL.fault
make = _ALL.make
