"""Faults of reconnection and of the cease-power input (reference 1.8; PR-03 to PR-08)."""

from __future__ import annotations

from dataclasses import replace

from v2gready.references.inverter.faults.registry import badly_built, behaves, other

behaves(
    "reconnects-early",
    "Reconnects after half the observation time.",
    lambda given: replace(given, reconnect_wait=0.5 * given.reconnect_wait),
)
behaves(
    "reconnects-late",
    "Reconnects after one and a half times the observation time.",
    lambda given: replace(given, reconnect_wait=1.5 * given.reconnect_wait),
)
badly_built("reconnect-window-ignored", "Reconnects whatever voltage and frequency are.", window_checked=0.0)
behaves(
    "reconnect-window-wide",
    "Takes 100 mHz more than allowed for the upper edge of the window of reconnection.",
    lambda given: replace(
        given, reconnect_frequency=(given.reconnect_frequency[0], given.reconnect_frequency[1] + 0.1)
    ),
)
badly_built("reconnect-timer-not-restarted", "Goes on counting when the window was left.", wait_restarts=0.0)
behaves("no-reconnect-gradient", "Jumps to the setpoint after reconnection.", other(reconnect_gradient=None))
behaves(
    "reconnect-gradient-doubled",
    "Rises twice as fast as allowed after reconnection.",
    lambda given: replace(given, reconnect_gradient=2 * given.reconnect_gradient if given.reconnect_gradient else None),
)
badly_built(
    "no-reconnect-gradient-charging", "Jumps to the setpoint of charging after reconnection.", ramp_charging=0.0
)
badly_built(
    "no-reconnect-gradient-discharging", "Jumps to the setpoint of export after reconnection.", ramp_discharging=0.0
)
behaves("never-reconnects", "Stays off for ever after a trip.", other(reconnect_wait=1e8))
badly_built("closes-after-supply-loss", "Closes at once when its supply comes back.", restart_waits=0.0)
badly_built("cease-ignored", "Ignores the cease-power input.", heeds_cease=0.0)
badly_built("cease-slow", "Needs twelve seconds and more to cease power.", cease_ramp=0.08)
badly_built("cease-forgotten", "Takes the cease-power input for released after half a minute.", cease_memory=30.0)
badly_built("cease-ignored-charging", "Goes on charging whatever the cease-power input says.", cease_charging=0.0)
