"""Faults of island detection (reference 2.1; IS-*)."""

from __future__ import annotations

import math

from v2gready.references.inverter.faults.registry import badly_built, behaves, other

behaves("island-passive-only", "Has no active island detection.", other(anti_islanding=False))
badly_built("island-discharging-only", "Rests its active island detection while charging.", island_charging=0.0)
badly_built("island-gain-low", "Has an active island detection too weak to push.", island_gain=0.008)
behaves(
    "island-unprotected",
    "Has neither island detection nor any protection, and does not answer frequency.",
    other(
        anti_islanding=False,
        stages=(),
        u_over_10min=None,
        lfsmo_threshold=math.inf,
        lfsmu_threshold=-math.inf,
        lfsmuc_threshold=-math.inf,
    ),
)
