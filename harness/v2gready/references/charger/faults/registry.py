"""The catalogue of faults, filled by the decorator `fault`."""

from __future__ import annotations

from typing import Final

from v2gready.protocols.iso15118.secc.seams import Fault
from v2gready.references.catalogue import Catalogue

_ALL: Final[Catalogue[Fault]] = Catalogue("reference charger")
CATALOGUE: Final = _ALL.faults
"""Every fault by name."""
fault = _ALL.fault
make = _ALL.make
