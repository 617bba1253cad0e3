"""Faults of frequency measurement and of LFSM-O (reference 1.4, 1.6; LO-*, RC-*)."""

from __future__ import annotations

from dataclasses import replace

from v2gready.references.inverter.faults.registry import badly_built, behaves, other
from v2gready.references.inverter.settings import PowerReference

badly_built("lfsmo-sign-flip", "Exports more instead of less at over-frequency.", lfsmo_sign=-1.0)
badly_built(
    "frequency-mirrored", "Measures 100 Hz minus the frequency (a PLL with the wrong sign).", frequency_mirrored=1.0
)
badly_built("frequency-reads-20mhz-high", "Measures frequency 20 mHz too high.", frequency_error=0.02)
badly_built("frequency-reads-50mhz-low", "Measures frequency 50 mHz too low.", frequency_error=-0.05)
badly_built("slow-response", "Needs half a minute for a step of P(f).", response=0.15)
badly_built("power-overshoot", "Overshoots by more than half at each step of power.", damping=0.15)
badly_built("power-oscillates", "Power swings for ever after a step of frequency.", response=4.0, damping=-0.01)
badly_built("frequency-filter-slow", "Sees the frequency five seconds late.", frequency_lag=5.0)
badly_built("lfsmo-dead-while-charging", "Ignores over-frequency while charging.", lfsmo_while_charging=0.0)
badly_built("lfsmo-reverses-charging", "Charges less at over-frequency.", lfsmo_while_charging=-1.0)
badly_built("power-limit-ignored", "Ignores the limit of active power.", heeds_limit=0.0)
badly_built("setpoint-slow", "Approaches a setpoint by 0.3 % of Pn per second.", schedule_ramp=0.003)
badly_built("setpoint-sluggish", "Approaches a setpoint by 2 % of Pn per second.", schedule_ramp=0.02)

behaves("lfsmo-off", "Does not answer over-frequency at all.", other(lfsmo_threshold=float("inf")))
behaves(
    "lfsmo-droop-doubled",
    "Answers over-frequency with half the slope.",
    lambda given: replace(given, lfsmo_droop=2 * given.lfsmo_droop),
)
behaves(
    "lfsmo-droop-halved",
    "Answers over-frequency with twice the slope.",
    lambda given: replace(given, lfsmo_droop=given.lfsmo_droop / 2),
)
behaves(
    "lfsmo-threshold-20mhz-high",
    "Begins LFSM-O 20 mHz too late.",
    lambda given: replace(given, lfsmo_threshold=given.lfsmo_threshold + 0.02),
)
behaves(
    "lfsmo-threshold-100mhz-high",
    "Begins LFSM-O 100 mHz too late.",
    lambda given: replace(given, lfsmo_threshold=given.lfsmo_threshold + 0.1),
)
behaves(
    "lfsmo-threshold-100mhz-low",
    "Begins LFSM-O 100 mHz too early.",
    lambda given: replace(given, lfsmo_threshold=given.lfsmo_threshold - 0.1),
)
behaves(
    "lfsmo-reference-rated",
    "Refers the droop of LFSM-O to Pn instead of the power at the threshold.",
    other(lfsmo_reference=PowerReference.RATED),
)
behaves(
    "lfsmo-reference-at-threshold",
    "Refers the droop of LFSM-O to the power at the threshold instead of Pn.",
    other(lfsmo_reference=PowerReference.AT_THRESHOLD),
)
behaves(
    "no-return-gradient",
    "Jumps back to the setpoint when the frequency is back.",
    other(lfsmo_return_gradient=None),
)
behaves(
    "return-gradient-tripled",
    "Goes back to the setpoint three times as fast as allowed.",
    lambda given: replace(
        given, lfsmo_return_gradient=3 * given.lfsmo_return_gradient if given.lfsmo_return_gradient else None
    ),
)
behaves(
    "recovery-band-ignored",
    "Begins to return as soon as the frequency is below the threshold.",
    other(lfsmo_recovery_band=None),
)
behaves(
    "support-sticks",
    "Never goes back to its setpoint after frequency has asked for something else.",
    other(lfsmo_return_gradient=1e-9),
)
