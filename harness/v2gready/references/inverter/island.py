"""The parallel RLC load of an islanding test (IEC 62116, reference 2.1)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np

from v2gready.grid.rating import Rating

NOMINAL = 50.0


@dataclass(frozen=True, slots=True)
class IslandLoad:
    """Resistor, inductor and capacitor in parallel, per phase, and a local generator beside them.

    Attributes:
        resistance: Ω.
        inductance: H.
        capacitance: F.
        generation: Power of all three phases in W that another source delivers, with a power factor of one.
    """

    resistance: float
    inductance: float
    capacitance: float
    generation: float = 0.0

    @classmethod
    def for_power(
        cls,
        power: float,
        rating: Rating,
        *,
        q_imbalance: float = 0.0,
        p_imbalance: float = 0.0,
        quality_factor: float = 1.0,
        generation: float = 0.0,
    ) -> Self:
        """Sized for the power that the unit exports.

        Args:
            power: W of all phases, export positive; negative for a charging unit beside a greater ``generation``.
            rating: For the nominal voltage.
            q_imbalance: Inductive minus capacitive reactive power, as a share of ``power``. The passive island
                settles where Qf (x - 1/x) is this share, x = f / 50 Hz.
            p_imbalance: How much more than ``power`` the resistor takes, as a share of it.
            quality_factor: R √(C/L).
            generation: W of the local source.

        Raises:
            ValueError: Nothing would be left for the resistor.
        """
        reference = abs(power)
        real = generation + power + p_imbalance * reference
        if not (real > 0 and quality_factor > 0):
            raise ValueError(f"an island of {real:.0f} W with a quality factor of {quality_factor} cannot exist")
        surplus = q_imbalance * reference
        stored = quality_factor * (generation + power)
        inductive = surplus / 2 + math.sqrt(surplus**2 / 4 + stored**2)
        capacitive = inductive - surplus
        omega = 2 * math.pi * NOMINAL
        square = 3 * rating.voltage**2
        return cls(square / real, square / (omega * inductive), capacitive / (omega * square), generation)

    @property
    def resonance(self) -> float:
        """Hz."""
        return 1 / (2 * math.pi * math.sqrt(self.inductance * self.capacitance))

    def matrices(self, dt: float) -> list[float]:
        """Exact step of (v, i_L) under a current that moves linearly from one sample to the next.

        Returns:
            The four numbers of the transition, then those of the current at the start and at the end, for v and i_L.
        """
        a = np.array([[-1 / (self.resistance * self.capacitance), -1 / self.capacitance], [1 / self.inductance, 0.0]])
        b = np.array([1 / self.capacitance, 0.0])
        # Block matrix of the first-order hold (Van Loan): state, input, slope of the input.
        block = np.zeros((4, 4))
        block[:2, :2] = a * dt
        block[:2, 2] = b * dt
        block[2, 3] = 1.0
        whole = _exponential(block)
        start, end = whole[:2, 2] - whole[:2, 3], whole[:2, 3]
        return [float(x) for x in (*whole[0, :2], *whole[1, :2], start[0], end[0], start[1], end[1])]


def _exponential(
    matrix: np.ndarray[tuple[int, int], np.dtype[np.float64]],
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Taylor series: the steps are short, 20 terms are exact to rounding."""
    total = np.eye(len(matrix))
    term = np.eye(len(matrix))
    for n in range(1, 21):
        term = term @ matrix / n
        total = total + term
    return total
