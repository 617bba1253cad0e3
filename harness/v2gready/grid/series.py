"""A measured quantity over time, each value with its uncertainty."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from v2gready.grid.recording import Floats
from v2gready.model.measurement import Measurement
from v2gready.model.observation import Inconclusive


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Values at ascending instants.

    The instants need not be evenly spaced: where a quantity could not be measured (the frequency of a voltage that is
    gone) there is a gap, not a number.

    Attributes:
        t: Seconds on the timeline of the trace: the centre of the window that the value looks at.
        values: One per instant.
        unit: SI unit symbol.
        uncertainty: Expanded uncertainty (k = 2) of each value, in ``unit``.
        window: Seconds that one value looks at.
        time_uncertainty: Expanded uncertainty (k = 2) of the instants, in seconds.
        noise: The part of the uncertainty that is independent from one window to the next; it averages out.
    """

    t: Floats
    values: Floats
    unit: str
    uncertainty: Floats
    window: float = 0.0
    time_uncertainty: float = 0.0
    noise: float = 0.0

    def __post_init__(self) -> None:
        if not len(self.t) == len(self.values) == len(self.uncertainty):
            raise ValueError("a series needs one instant and one uncertainty for each value")

    def __len__(self) -> int:
        return len(self.t)

    def __neg__(self) -> Self:
        return replace(self, values=-self.values)

    @property
    def start(self) -> float:
        """First instant."""
        return float(self._any().t[0])

    @property
    def end(self) -> float:
        """Last instant."""
        return float(self._any().t[-1])

    @property
    def spacing(self) -> float:
        """Usual distance between two values, seconds."""
        return float(np.median(np.diff(self.t))) if len(self) > 1 else 0.0

    def scaled(self, factor: float, unit: str) -> Self:
        """The same in another unit."""
        return replace(
            self,
            values=self.values * factor,
            unit=unit,
            uncertainty=self.uncertainty * abs(factor),
            noise=self.noise * abs(factor),
        )

    def between(self, since: float, until: float) -> Self:
        """The part with ``since <= t <= until``.

        Raises:
            Inconclusive: Nothing was measured in that span.
        """
        first, last = np.searchsorted(self.t, since, side="left"), np.searchsorted(self.t, until, side="right")
        if first >= last:
            raise Inconclusive(f"nothing was measured between {since:.3f} s and {until:.3f} s")
        span = slice(int(first), int(last))
        return replace(self, t=self.t[span], values=self.values[span], uncertainty=self.uncertainty[span])

    def mean(self) -> Measurement:
        """Mean of all values; cut with `between` first. What the instrument gets wrong does not average out."""
        self._any()
        usual = float(np.mean(self.uncertainty))
        noise = min(self.noise, usual)
        span = float(self.t[-1] - self.t[0])
        apart = max(self.window, self.spacing)
        independent = max(span / apart, 1.0) if apart > 0 else 1.0
        total = np.sqrt(usual**2 - noise**2 + noise**2 / independent)
        return Measurement(float(np.mean(self.values)), self.unit, float(total))

    def minimum(self) -> Measurement:
        """The smallest value."""
        return self._one(int(np.argmin(self._any().values)))

    def maximum(self) -> Measurement:
        """The largest value."""
        return self._one(int(np.argmax(self._any().values)))

    def at(self, t: float) -> Measurement:
        """The value at an instant, linearly between its neighbours.

        Raises:
            Inconclusive: The instant lies outside of the series, or in a gap.
        """
        self._any()
        after = int(np.searchsorted(self.t, t))
        if after < len(self) and self.t[after] == t:
            return self._one(after)
        if after == 0 or after == len(self):
            raise Inconclusive(f"nothing was measured at {t:.3f} s")
        before = after - 1
        gap = self.t[after] - self.t[before]
        if gap > 2.5 * max(self.spacing, self.window):
            raise Inconclusive(f"nothing was measured between {self.t[before]:.3f} s and {self.t[after]:.3f} s")
        share = (t - self.t[before]) / gap
        value = self.values[before] * (1 - share) + self.values[after] * share
        worst = float(np.max(self.uncertainty[before : after + 1]))
        return Measurement(float(value), self.unit, worst)

    def _one(self, index: int) -> Measurement:
        return Measurement(float(self.values[index]), self.unit, float(self.uncertainty[index]))

    def _any(self) -> Self:
        if not len(self):
            raise Inconclusive("nothing was measured")
        return self
