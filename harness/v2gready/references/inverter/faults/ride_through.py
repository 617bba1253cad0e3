"""Faults of immunity and ride-through (reference 1.2, 1.3, 1.7; FR-*, RC-*, UV-*, OV-*)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from v2gready.references.inverter.faults.registry import badly_built, behaves, other
from v2gready.references.inverter.settings import DerSettings, Relay, Stage


def _with_stage(name: str, relay: Relay, value: float, delay: float) -> Callable[[DerSettings], DerSettings]:
    return lambda given: replace(given, stages=(*given.stages, Stage(name, relay, value, delay)))


behaves("trips-at-rocof", "Trips at 1.5 Hz/s, below the immunity.", _with_stage("rocof", Relay.ROCOF, 1.5, 0.1))
behaves(
    "trips-at-slow-rocof",
    "Trips when frequency changes by 1 Hz/s for a second, below the immunity.",
    _with_stage("rocof", Relay.ROCOF, 1.0, 1.0),
)
behaves("trips-at-phase-jump", "Trips at a vector shift of 5°.", _with_stage("shift", Relay.VECTOR_SHIFT, 4.0, 0.0))
behaves("trips-at-47.6-hz", "Trips inside the range, below 47.65 Hz.", _with_stage("low", Relay.F_UNDER, 47.65, 0.5))
behaves("trips-at-51.4-hz", "Trips inside the range, above 51.35 Hz.", _with_stage("high", Relay.F_OVER, 51.35, 0.5))
behaves("trips-at-49.1-hz", "Trips inside the range, below 49.15 Hz.", _with_stage("low", Relay.F_UNDER, 49.15, 5.0))
behaves(
    "trips-after-long-hold",
    "Trips after 60 s below 48.6 Hz although it must stay for half an hour.",
    _with_stage("low", Relay.F_UNDER, 48.6, 60.0),
)
behaves(
    "trips-after-long-high-hold",
    "Trips after 60 s above 51.0 Hz although it must stay for half an hour.",
    _with_stage("high", Relay.F_OVER, 51.0, 60.0),
)
badly_built("trips-on-dip", "Trips when a phase is below 0.7 Un.", dip_trip_below=0.7)
badly_built("trips-on-shallow-dip", "Trips when a phase is below 0.82 Un.", dip_trip_below=0.82)
badly_built("trips-on-swell", "Trips when a phase is above 1.13 Un.", swell_trip_above=1.13)
badly_built("trips-on-unbalance", "Trips when the phases differ by more than 0.2 Un.", unbalance_trip=0.2)
badly_built("trips-on-second-dip", "Trips at a second dip within 2 s.", second_dip_trip=2.0)
badly_built("recovery-slow", "Needs ten times as long as allowed to be back after a dip.", recovery_scale=25.0)
badly_built("recovery-overshoot", "Comes back from a dip with 30 % too much power.", recovery_overshoot=0.3)
badly_built("recovery-reversed", "Comes back from a dip in the other direction first.", recovery_overshoot=-1.6)
badly_built("over-current-in-dip", "Lets the current rise to 1.5 In in a dip.", dip_current=1.5)
badly_built("no-zero-current", "Feeds on in a dip where no current is due.", zero_current=0.0)
behaves("no-fast-current", "Gives no reactive current in a dip.", other(frt_k=0.0))
behaves(
    "fast-current-inverted",
    "Gives reactive current of the wrong sign in a dip.",
    lambda given: replace(given, frt_k=-given.frt_k),
)
behaves(
    "fast-current-third",
    "Gives a third of the reactive current in a dip.",
    lambda given: replace(given, frt_k=given.frt_k / 3),
)
behaves("trips-on-long-dip", "Trips below 0.7 Un after 0.6 s.", _with_stage("dip", Relay.U_UNDER, 0.7, 0.6))
behaves("trips-on-long-swell", "Trips above 1.12 Un after 20 s.", _with_stage("swell", Relay.U_OVER, 1.12, 20.0))
behaves("trips-at-0.88-un", "Trips inside the range, below 0.88 Un.", _with_stage("low", Relay.U_UNDER, 0.88, 10.0))
behaves("trips-at-1.08-un", "Trips inside the range, above 1.08 Un.", _with_stage("high", Relay.U_OVER, 1.08, 30.0))
