"""Faults of reactive power, P(U) and power quality (reference 1.9; QP-*, OV-03)."""

from __future__ import annotations

from dataclasses import replace

from v2gready.references.inverter.faults.registry import badly_built, behaves, other
from v2gready.references.inverter.settings import Curve


def _scaled(curve: Curve, factor: float) -> Curve:
    return tuple((x, factor * y) for x, y in curve)


behaves("qu-off", "Gives no reactive power by Q(U).", lambda given: replace(given, qu_curve=_scaled(given.qu_curve, 0)))
behaves(
    "qu-inverted", "Gives Q(U) with the wrong sign.", lambda given: replace(given, qu_curve=_scaled(given.qu_curve, -1))
)
behaves("qu-half", "Gives half of Q(U).", lambda given: replace(given, qu_curve=_scaled(given.qu_curve, 0.5)))
behaves("qu-slow", "Is five times as slow in Q(U) as set.", lambda given: replace(given, qu_time=5 * given.qu_time))
badly_built("q-sign-wrong", "Gives reactive power and cos φ with the wrong sign.", q_sign=-1.0)
badly_built("q-capability-cut", "Cannot give more than 20 % of Sn as reactive power.", q_capability=0.2)
behaves("cosphi-p-off", "Stays at cos φ 1 whatever cos φ(P) asks.", other(cosphi_p_curve=((0.0, 1.0), (1.0, 1.0))))
behaves("voltwatt-off", "Does not reduce power by P(U).", other(voltwatt_curve=()))
behaves(
    "voltwatt-late",
    "Begins P(U) 2 % of Un too late.",
    lambda given: replace(given, voltwatt_curve=tuple((u + 0.02, p) for u, p in given.voltwatt_curve)),
)
behaves(
    "voltwatt-early",
    "Begins P(U) 2 % of Un too early.",
    lambda given: replace(given, voltwatt_curve=tuple((u - 0.02, p) for u, p in given.voltwatt_curve)),
)
badly_built("voltwatt-cuts-charging", "Reduces charging by P(U) as well.", voltwatt_charging=1.0)
badly_built("thd-8-percent", "Draws and feeds 8 % of harmonics.", fifth=0.07, seventh=0.04)
badly_built("dc-2-percent", "Injects 2 % of direct current.", dc_share=0.02)
badly_built("phases-unbalanced", "Loads phase 1 by 35 % more and phase 2 by 35 % less.", unbalance=0.35)
badly_built("phase-dead", "Loads phase 1 twice and phase 2 not at all.", unbalance=1.0)
badly_built("current-limit-high", "Lets the current rise to 1.4 In at low voltage.", current_limit=1.4, dip_current=1.4)
