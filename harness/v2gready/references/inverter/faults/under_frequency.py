"""Faults of LFSM-U, of the crossing from charging to supply, and of LFSM-UC (reference 1.5; LU-*)."""

from __future__ import annotations

import math
from dataclasses import replace

from v2gready.references.inverter.faults.registry import badly_built, behaves, other
from v2gready.references.inverter.settings import DerSettings, PowerReference


def _no_frequency_support(given: DerSettings) -> DerSettings:
    return replace(given, lfsmu_threshold=-math.inf, lfsmuc_threshold=-math.inf)


def _flatter_curve(given: DerSettings) -> DerSettings:
    """Twice as long a way to zero."""
    if not given.lfsmu_charge_curve:
        return given
    start = given.lfsmu_charge_curve[-1][0]
    curve = tuple((start - 2 * (start - f), p) for f, p in given.lfsmu_charge_curve)
    return replace(given, lfsmu_charge_curve=curve)


def _consumption_late(given: DerSettings) -> DerSettings:
    return replace(given, lfsmuc_threshold=given.lfsmuc_threshold - 0.1, lfsmuc_zero=given.lfsmuc_zero - 0.4)


behaves("lfsmu-dead", "Does not answer under-frequency at all.", _no_frequency_support)
badly_built("lfsmu-ignores-charging", "Charges on at under-frequency.", lfsmu_while_charging=0.0)
badly_built("no-supply-below-49", "Stays in charging mode below the frequency where it must supply.", supply=0.0)
badly_built("exports-without-right", "Exports at under-frequency without the right to discharge.", heeds_right=0.0)
badly_built("mode-toggles", "Swings between charging and supply at under-frequency.", toggle=3.0)
badly_built(
    "soc-limit-ignored", "Discharges below the least state of charge and charges above the greatest.", heeds_soc=0.0
)
badly_built(
    "forgets-after-unplug",
    "Ignores the frequency in a new session until it was normal once.",
    remembers_frequency=0.0,
)
badly_built(
    "setpoint-before-frequency", "Obeys a setpoint to charge while frequency asks for support.", setpoint_first=1.0
)
badly_built("crossing-slow", "Rests 15 s at zero between charging and discharging.", crossing_time=15.0)
behaves(
    "lfsmu-droop-doubled",
    "Answers under-frequency with half the slope.",
    lambda given: replace(given, lfsmu_droop=2 * given.lfsmu_droop),
)
behaves(
    "lfsmu-droop-halved",
    "Answers under-frequency with twice the slope.",
    lambda given: replace(given, lfsmu_droop=given.lfsmu_droop / 2),
)
behaves(
    "lfsmu-threshold-100mhz-low",
    "Begins LFSM-U 100 mHz too late.",
    lambda given: replace(
        given,
        lfsmu_threshold=given.lfsmu_threshold - 0.1,
        lfsmu_charge_curve=tuple((f - 0.1, p) for f, p in given.lfsmu_charge_curve),
    ),
)
behaves(
    "lfsmu-threshold-100mhz-high",
    "Begins LFSM-U 100 mHz too early.",
    lambda given: replace(given, lfsmu_threshold=given.lfsmu_threshold + 0.1),
)
behaves(
    "lfsmu-reference-rated",
    "Refers the droop of LFSM-U to Pn instead of the power at the threshold.",
    other(lfsmu_reference=PowerReference.RATED),
)
behaves(
    "lfsmu-reference-at-threshold",
    "Refers the droop of LFSM-U to the power at the threshold instead of Pn.",
    other(lfsmu_reference=PowerReference.AT_THRESHOLD),
)
behaves("charge-curve-flat", "Cuts charging half as steeply as asked.", _flatter_curve)
behaves("lfsmuc-late", "Cuts consumption 100 mHz too late and too flatly.", _consumption_late)
