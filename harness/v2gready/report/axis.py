"""A linear scale with round ticks, as every drawing of the report uses it."""

from __future__ import annotations

import math


class Axis:
    """Maps values to pixels.

    Args:
        low: Smallest value.
        high: Largest value; equal ends are pushed apart.
        start: Pixel of the smallest value.
        end: Pixel of the largest value.
        ticks: How many ticks there may be, about.
    """

    def __init__(self, low: float, high: float, start: float, end: float, ticks: int) -> None:
        if high <= low:
            pad = abs(low) * 0.05 or 1.0
            low, high = low - pad, high + pad
        self.step = _round_step((high - low) / ticks)
        self.low, self.high, self.start, self.end = low, high, start, end

    @property
    def slope(self) -> float:
        """Pixels for one unit."""
        return (self.end - self.start) / (self.high - self.low)

    def pixel(self, value: float) -> float:
        """Where a value lies."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def at(self, value: float) -> str:
        """The same for an attribute of SVG."""
        return f"{self.pixel(value):.1f}"

    def ticks(self) -> list[float]:
        """Round values within the scale."""
        first = math.ceil(self.low / self.step - 1e-9)
        last = math.floor(self.high / self.step + 1e-9)
        return [number * self.step for number in range(first, last + 1)]

    def label(self, value: float) -> str:
        """A tick in as many decimals as its neighbours need."""
        decimals = max(0, -math.floor(math.log10(self.step) + 1e-9))
        return f"{value:.{decimals}f}".replace("-", "\N{MINUS SIGN}")


def _round_step(rough: float) -> float:
    scale = 10.0 ** math.floor(math.log10(rough))
    return next(factor * scale for factor in (1, 2, 5, 10) if factor * scale >= rough * 0.999)
