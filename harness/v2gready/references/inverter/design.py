"""How the device is built: what no setting reaches. A fault of the device is a bad design or a bad setting."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Design:
    """Firmware and hardware. Switches are 1 for right and 0 for wrong: the control law works on numbers alone.

    Attributes:
        frequency_lag: Seconds; low-pass of the frequency that P(f) sees.
        frequency_error: Hz added to every frequency measured.
        frequency_mirrored: 1: measures 100 Hz minus the frequency.
        response: rad/s; natural frequency of the power loop.
        damping: Of the power loop; 1 does not overshoot.
        schedule_ramp: pu/s at which a new setpoint is approached.
        crossing_time: Seconds at zero between charging and discharging.
        lfsmo_sign: -1: answers over-frequency with more export.
        lfsmo_while_charging: 0: ignores over-frequency while charging; -1: charges less.
        lfsmu_while_charging: 0: charges on at under-frequency.
        supply: 0: never begins to supply below the frequency where it must.
        heeds_right: 0: exports without the right to discharge.
        heeds_soc: 0: discharges below the least state of charge and charges above the greatest.
        toggle: Seconds; swings between charging and supply with this period at under-frequency. 0: does not.
        remembers_frequency: 0: a new session ignores the frequency until it was normal once.
        dip_trip_below: pu; a phase below it trips at once. 0: rides through.
        swell_trip_above: pu; a phase above it trips at once.
        unbalance_trip: pu; a spread between phases above it trips at once.
        second_dip_trip: Seconds; a second dip within this time trips. 0: rides through.
        recovery_scale: Makes the recovery after a dip longer.
        recovery_overshoot: Share of power too much after a dip.
        current_limit: In.
        dip_current: In; greatest current during a dip.
        zero_current: 0: feeds on where no current is due.
        window_checked: 0: reconnects whatever voltage and frequency are.
        wait_restarts: 0: leaving the window pauses the wait instead of restarting it.
        ramp_discharging: 0: no gradient for export after reconnection.
        ramp_charging: 0: no gradient for charging after reconnection.
        restart_waits: 0: closes at once after a loss of supply.
        heeds_cease: 0: ignores the cease-power input.
        cease_ramp: pu/s after the cease-power input.
        cease_memory: Seconds after which it takes the cease-power input for released.
        cease_charging: 0: goes on charging whatever the cease-power input says.
        heeds_limit: 0: ignores the power limit.
        setpoint_first: 1: a setpoint to charge ends the support that it gives at under-frequency.
        island_gain: Reactive per active power and Hz: positive feedback on frequency.
        island_charging: 0: the active method rests while charging.
        q_sign: -1: reactive power of the wrong sign.
        q_capability: Share of Sn that reactive power may use.
        q_lag: Seconds; lag of the reactive modes but Q(U).
        q_priority: 1: active power yields when the apparent power is exhausted.
        voltwatt_charging: 1: P(U) reduces charging as well.
        fifth, seventh: Harmonics as a share of the fundamental current.
        dc_share: Direct current as a share of In.
        unbalance: Share by which phase 1 carries too much current and phase 2 too little.
    """

    frequency_lag: float = 0.03
    frequency_error: float = 0.0
    frequency_mirrored: float = 0.0
    response: float = 8.0
    damping: float = 1.0
    schedule_ramp: float = 0.5
    crossing_time: float = 0.1
    lfsmo_sign: float = 1.0
    lfsmo_while_charging: float = 1.0
    lfsmu_while_charging: float = 1.0
    supply: float = 1.0
    heeds_right: float = 1.0
    heeds_soc: float = 1.0
    toggle: float = 0.0
    remembers_frequency: float = 1.0
    dip_trip_below: float = 0.0
    swell_trip_above: float = math.inf
    unbalance_trip: float = math.inf
    second_dip_trip: float = 0.0
    recovery_scale: float = 1.0
    recovery_overshoot: float = 0.0
    current_limit: float = 1.05
    dip_current: float = 1.0
    zero_current: float = 1.0
    window_checked: float = 1.0
    wait_restarts: float = 1.0
    ramp_discharging: float = 1.0
    ramp_charging: float = 1.0
    restart_waits: float = 1.0
    heeds_cease: float = 1.0
    cease_ramp: float = 1.0
    cease_memory: float = math.inf
    cease_charging: float = 1.0
    heeds_limit: float = 1.0
    setpoint_first: float = 0.0
    island_gain: float = 0.12
    island_charging: float = 1.0
    q_sign: float = 1.0
    q_capability: float = 1.0
    q_lag: float = 0.3
    q_priority: float = 1.0
    voltwatt_charging: float = 0.0
    fifth: float = 0.01
    seventh: float = 0.006
    dc_share: float = 0.0
    unbalance: float = 0.0
