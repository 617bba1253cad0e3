"""Numbers that no grid code sets and a judge needs nevertheless: the harness's own, and said to be so in the report.

A limit that is such a number, or that one of them widens, says so in its source and bears the provenance `HARNESS`. A
choice is not a guess: it makes no result indicative. What the code says unconfirmed still does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from v2gready.grid.profile import Parameter, Profile
from v2gready.model.measurement import Limit, Provenance, weaker


@dataclass(frozen=True, slots=True)
class OwnNumber:
    """A number that the harness chose.

    Attributes:
        value: The number.
        says: What it means, with the number: ``2 % of rated power count as no response``.
    """

    value: float
    says: str

    def limit(
        self,
        unit: str,
        *,
        low: float | None = None,
        high: float | None = None,
        code: Profile | None = None,
        played: Parameter | None = None,
    ) -> Limit:
        """A limit that is this number alone.

        Args:
            unit: Of the limit.
            low: Lower limit.
            high: Upper limit.
            code: The grid code.
            played: The number of the code that the stimulus was made from; if it is unconfirmed, so is what follows.
        """
        source = f"the harness's own choice: {self.says} [H]"
        provenance = Provenance.HARNESS
        if code is not None and played is not None and played.provenance is Provenance.UNCONFIRMED:
            source += f"; stimulus by {code.cite(played.name)}"
            provenance = Provenance.UNCONFIRMED
        return Limit(unit=unit, low=low, high=high, provenance=provenance, source=source)

    def on(self, limit: Limit) -> Limit:
        """A limit of the code that was widened by this number."""
        source = f"with the harness's own choice, {self.says} [H], on {limit.source}"
        return replace(limit, provenance=weaker(limit.provenance, Provenance.HARNESS), source=source)


QUIET: Final = OwnNumber(0.02, "2 % of rated power count as no response")
"""Reference 6, LO-04."""
STEP_OVERSHOOT: Final = OwnNumber(0.10, "overshoot of 10 % of the step")
"""Reference 6, LO-03."""
GROWTH: Final = OwnNumber(1.25, "swings that grow by a quarter grow without end")
"""Last swings over the first ones (reference 6, LO-08, which has no number)."""
GRADIENT: Final = OwnNumber(0.10, "10 % tolerance of a gradient")
"""11 %/min for 10 %/min (reference 6, PR-04)."""
SLOPE: Final = OwnNumber(0.10, "10 % tolerance of a slope")
"""Reference 6, LO-01."""
MOVED: Final = OwnNumber(0.10, "power moves by 10 % of rated power at the most")
"""While frequency changes quickly (reference 6, RC-03)."""
MOST_CURRENT: Final = OwnNumber(1.1, "1.1 times rated current")
"""In a change of mode, and after a jump of phase (reference 6, LU-04 and RC-06)."""
POWER_OVERSHOOT: Final = OwnNumber(0.10, "10 % of rated power above the power before")
"""After a dip or swell (reference 6, LO-03)."""
OTHER_SIDE: Final = OwnNumber(0.05, "5 % of rated power in the other direction count as none")
"""Reference 6, PR-06."""
FAST_CURRENT: Final = OwnNumber(0.10, "tolerance of 10 % of rated current")
"""Of the reactive current in a dip: the reference knows no number."""

OWN_NUMBERS: Final = (
    QUIET,
    STEP_OVERSHOOT,
    GROWTH,
    GRADIENT,
    SLOPE,
    MOVED,
    MOST_CURRENT,
    POWER_OVERSHOOT,
    OTHER_SIDE,
    FAST_CURRENT,
)
"""All of them; docs/grid-profiles.md lists them."""
