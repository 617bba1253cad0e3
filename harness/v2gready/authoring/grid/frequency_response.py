"""Words for active power that answers frequency: what a code asks at each frequency, stimuli, and judgements.

Power is export (positive towards the grid). Beyond its threshold a droop changes export by a share of a reference
power for each hertz: less above (LFSM-O), more below (LFSM-U).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Self

from v2gready.authoring.grid.judgements import Characteristic
from v2gready.authoring.grid.view import View
from v2gready.grid.curve import PiecewiseCurve
from v2gready.grid.profile import Profile
from v2gready.grid.script import Script
from v2gready.model.measurement import Measurement

INSIDE: Final = 0.05
"""Hz by which a hold keeps away from the edge of its range: the simulator's tolerance must not cross it."""
SLOW: Final = 0.5
"""Hz/s from one level to the next: below every RoCoF that a code asks to withstand."""
USUAL_TOLERANCE: Final = 0.05
"""Of Pn, where the code names no tolerance of the characteristic (reference 6)."""
USUAL_SETTLING: Final = 20.0
"""Seconds until a response has settled, where the code names none (EN 50549-1 [u])."""
AVERAGED: Final = 3.0
"""Seconds at the end of a hold over which power is averaged."""


@dataclass(frozen=True, slots=True)
class Droop:
    """LFSM-O or LFSM-U of a code.

    Attributes:
        prefix: Of the names of its parameters, ``lfsmo`` or ``lfsmu``.
        nominal: Nominal frequency, Hz.
        threshold: Hz.
        per_hz: Change of power for each Hz, as a share of the reference power.
        tolerance: Of power on the line, as a share of Pn.
        settling: Seconds after which a response has settled.
        reference: The power that the droop refers to, by the code; None if it does not say.
        bounds: The frequencies that the device must withstand.
    """

    prefix: str
    nominal: float
    threshold: float
    per_hz: float
    tolerance: float
    settling: float
    reference: str | None
    bounds: tuple[float, float]

    @classmethod
    def over(cls, code: Profile) -> Self:
        """LFSM-O."""
        return cls._of(code, "lfsmo")

    @classmethod
    def under(cls, code: Profile) -> Self:
        """LFSM-U."""
        return cls._of(code, "lfsmu")

    @classmethod
    def _of(cls, code: Profile, prefix: str) -> Self:
        reference = code.get(f"{prefix}_p_ref")
        return cls(
            prefix,
            code.nominal_frequency,
            code[f"{prefix}_threshold"].number,
            100.0 / code[f"{prefix}_droop"].number / code.nominal_frequency,
            _number(code, f"{prefix}_tolerance", USUAL_TOLERANCE),
            _number(code, f"{prefix}_settling", USUAL_SETTLING),
            None if reference is None else reference.text,
            withstood(code),
        )

    @property
    def away(self) -> float:
        """Which way frequency leaves the nominal one: 1 up, -1 down."""
        return 1.0 if self.threshold > self.nominal else -1.0

    @property
    def dwell(self) -> float:
        """Seconds to hold a level: until the response has settled, and as long as it is averaged."""
        return self.settling + 2 * AVERAGED

    def at(self, change: float) -> float:
        """The frequency at which export differs by this share of the reference power, within the bounds."""
        low, high = self.bounds
        return min(max(self.threshold + self.away * change / self.per_hz, low), high)

    def levels(self, count: int, most: float) -> tuple[float, ...]:
        """So many frequencies beyond the threshold, up to where export differs by ``most`` of the reference power."""
        top = self.at(most)
        return tuple(self.threshold + (top - self.threshold) * (step + 1) / count for step in range(count))

    def change(self, f: float) -> float:
        """How export differs at a frequency, as a share of the reference power; negative: less."""
        beyond = max(0.0, (f - self.threshold) * self.away)
        return -self.away * self.per_hz * beyond

    def references(self, view: View, start: Measurement) -> Mapping[str, float]:
        """Every power that a droop may refer to, in W (reference 1.6: the wrong one is a classic failure)."""
        return {
            "Pn": view.rating.power,
            "P_at_threshold": abs(start.value),
            "Pmax_inj": view.rating.power,
            "Pmax_abs": view.rating.charge_power,
        }

    def wanted(self, view: View, start: Measurement, reference: str | None = None) -> Characteristic:
        """Export in W at a frequency, as far as the rating allows, from the export at the threshold."""
        power = self.references(view, start)[reference or self.reference or "Pn"]
        rating = view.rating
        return lambda f: min(max(start.value + self.change(f) * power, -rating.charge_power), rating.power)


@dataclass(frozen=True, slots=True)
class ChargeCurve:
    """What a code asks of a device that charges at falling frequency.

    Attributes:
        curve: Least export in pu of Pn at a frequency for a device that charged with Pn before.
        tolerance: Of power, as a share of Pn.
        dwell: Seconds to hold a level.
        lowest: Lowest frequency that the device must withstand.
    """

    curve: PiecewiseCurve
    tolerance: float
    dwell: float
    lowest: float

    @classmethod
    def of(cls, code: Profile) -> Self:
        """The curve of a code."""
        return cls(
            code.curve("lfsmu_charge_curve"),
            _number(code, "lfsmu_tolerance", USUAL_TOLERANCE),
            _number(code, "lfsmu_settling", USUAL_SETTLING) + 2 * AVERAGED,
            withstood(code)[0],
        )

    def at(self, share: float) -> float:
        """The frequency down from which the curve asks for so much export of Pn; negative: charging."""
        found = self.curve.last_above(share)
        return max(self.curve.x[0] if found is None else found, self.lowest)

    def levels(self, count: int, most: float) -> tuple[float, ...]:
        """So many frequencies from where the curve begins down to where it asks for that export."""
        top, low = self.curve.x[-1], self.at(most)
        return tuple(top - (top - low) * (step + 1) / count for step in range(count))

    def floor(self, view: View) -> Characteristic:
        """Least export in W at a frequency."""
        return lambda f: self.curve(f) * (view.rating.power if self.curve(f) > 0 else view.rating.charge_power)


@dataclass(frozen=True, slots=True)
class ConsumptionCut:
    """LFSM-UC: charging cut in a straight line from the threshold to nothing.

    Attributes:
        threshold: Hz.
        zero: Hz at which charging has ended.
        tolerance: Of power, as a share of rated charging power.
        dwell: Seconds to hold a level.
    """

    threshold: float
    zero: float
    tolerance: float
    dwell: float

    @classmethod
    def of(cls, code: Profile) -> Self:
        """That of a code."""
        return cls(
            code["lfsmuc_threshold"].number,
            code["lfsmuc_zero"].number,
            _number(code, "lfsmu_tolerance", USUAL_TOLERANCE),
            _number(code, "lfsmuc_time", USUAL_SETTLING) + 3 * AVERAGED,
        )

    def levels(self, count: int) -> tuple[float, ...]:
        """So many frequencies from below the threshold to a tenth of a hertz beyond the end of charging."""
        low = self.zero - 0.1
        return tuple(self.threshold - (self.threshold - low) * (step + 1) / count for step in range(count))

    def floor(self, view: View) -> Characteristic:
        """Least export in W at a frequency, for a device that charged with rated power."""
        span = self.threshold - self.zero
        return lambda f: -view.rating.charge_power * min(max((f - self.zero) / span, 0.0), 1.0)


def _number(code: Profile, name: str, otherwise: float) -> float:
    parameter = code.get(name)
    return otherwise if parameter is None else parameter.number


def withstood(code: Profile) -> tuple[float, float]:
    """Lowest and highest frequency to play: inside of all ranges in which the device must stay connected."""
    ranges = code.get("frequency_range")
    if ranges is None:
        return code.nominal_frequency - 1.0, code.nominal_frequency + 1.0
    return min(row[0] for row in ranges.rows) + INSIDE, max(row[1] for row in ranges.rows) - INSIDE


# --- stimuli ----------------------------------------------------------------------------------------------------------


def staircase(script: Script, levels: Iterable[float], dwell: float) -> Script:
    """Goes slowly from one frequency to the next and stays at each for so many seconds."""
    for f in levels:
        script = (script if f == script.frequency else script.ramp(f=f, rate=SLOW)).hold(dwell)
    return script


def swinging(script: Script, amplitude: float, rate: float, cycles: int) -> Script:
    """Frequency swings in a triangle around where it is, so many times per second."""
    centre, quarter = script.frequency, 0.25 / rate
    for _ in range(cycles):
        script = (
            script.ramp(f=centre + amplitude, seconds=quarter)
            .ramp(f=centre - amplitude, seconds=2 * quarter)
            .ramp(f=centre, seconds=quarter)
        )
    return script
