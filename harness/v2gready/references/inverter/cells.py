"""Where each number lives in the arrays that the control law works on, and how they are filled.

The control law and the plants run unchanged in plain Python (lists) and compiled (arrays), so they know no objects:
``p`` holds parameters, ``c`` commands, ``s`` the state, ``m`` measurements and results. Power is in pu of Pn with
export positive, voltage in pu of nominal, current in pu of Pn / (3 Un).
"""

from __future__ import annotations

import math
from collections.abc import MutableSequence, Sequence

from v2gready.references.inverter.design import Design
from v2gready.references.inverter.rating import Battery, Rating
from v2gready.references.inverter.settings import Curve, DerSettings, PowerReference, Relay

Cells = MutableSequence[float]
"""A list of floats, or an array."""

BIG = 1e9
MAX_STAGES = 16
MAX_POINTS = 12
CURVE_SIZE = 1 + 2 * MAX_POINTS
"""Number of points, then x and y of each."""
MEAN_BLOCKS = 200
MEAN_BLOCK = 3.0
"""Ten minutes in blocks of three seconds."""

(
    P_PN, P_CHARGE, P_S_MAX, P_I_RATED, P_STORE, P_SOC_MIN, P_SOC_MAX, P_EFFICIENCY,
    P_O_THRESHOLD, P_O_SLOPE, P_O_REFERENCE, P_RETURN, P_BAND_LOW, P_BAND_HIGH,
    P_U_THRESHOLD, P_U_SLOPE, P_U_REFERENCE, P_SUPPLY_BELOW, P_UC_THRESHOLD, P_UC_ZERO,
    P_STAGES, P_U_10MIN, P_FRT_VOLTAGE, P_FRT_TIME, P_ZERO_BELOW, P_ZERO_ABOVE, P_FRT_K,
    P_WINDOW_F_LOW, P_WINDOW_F_HIGH, P_WINDOW_U_LOW, P_WINDOW_U_HIGH, P_WAIT, P_GRADIENT, P_RANDOM, P_QU_LAG, P_ISLAND,
    P_F_LAG, P_F_ERROR, P_F_MIRRORED, P_RESPONSE, P_DAMPING, P_SCHEDULE_RAMP, P_CROSSING,
    P_O_SIGN, P_O_CHARGING, P_U_CHARGING, P_SUPPLY, P_HEEDS_RIGHT, P_HEEDS_SOC, P_TOGGLE, P_REMEMBERS,
    P_DIP_TRIP, P_SWELL_TRIP, P_UNBALANCE_TRIP, P_SECOND_DIP, P_RECOVERY_SCALE, P_OVERSHOOT,
    P_I_MAX, P_I_DIP, P_ZERO_CURRENT, P_WINDOW_CHECKED, P_WAIT_RESTARTS, P_RAMP_OUT, P_RAMP_IN, P_RESTART_WAITS,
    P_HEEDS_CEASE, P_CEASE_RAMP, P_HEEDS_LIMIT, P_ISLAND_GAIN, P_ISLAND_CHARGING,
    P_Q_SIGN, P_Q_CAPABILITY, P_Q_LAG, P_Q_PRIORITY, P_FIFTH, P_SEVENTH, P_DC, P_UNBALANCE, P_VOLTAGE,
    P_VOLTWATT_CHARGING, P_CEASE_MEMORY, P_CEASE_CHARGING, P_SETPOINT_FIRST, P_SCALARS,
) = range(84)  # fmt: skip
P_STAGE = P_SCALARS
"""Relay, value and delay of each stage."""
P_CHARGE_CURVE = P_STAGE + 3 * MAX_STAGES
P_QU_CURVE = P_CHARGE_CURVE + CURVE_SIZE
P_COSPHI_CURVE = P_QU_CURVE + CURVE_SIZE
P_VOLTWATT_CURVE = P_COSPHI_CURVE + CURVE_SIZE
P_SIZE = P_VOLTWATT_CURVE + CURVE_SIZE

C_SETPOINT, C_LIMIT, C_CEASE, C_DISCHARGE, C_PLUGGED, C_Q_MODE, C_Q_VALUE, C_SIZE = range(8)

(
    S_CONNECTED, S_REASON, S_TRIPS, S_WAIT, S_EXTRA_WAIT, S_RAMP, S_SEED,
    S_F, S_F_SLOW, S_F_LAGGED, S_ROCOF, S_SHIFT, S_F_ISLAND, S_PUSH, S_PUSHING,
    S_SCHEDULE, S_CAP, S_FLOOR, S_O_ACTIVE, S_O_POWER, S_U_ACTIVE, S_U_POWER, S_SUPPLYING, S_TOGGLE, S_IGNORES,
    S_MODE, S_CROSSING, S_POWER, S_SPEED, S_Q, S_SOC, S_CANNOT,
    S_DIP, S_SHARE, S_OVERSHOOT, S_SINCE_DIP, S_ZERO, S_STEADY, S_FAST_Q, S_DEPTH, S_EMPTY, S_FULL, S_O_TIME, S_U_TIME,
    S_CEASED, S_MEAN_TIME, S_MEAN_INDEX, S_MEAN_BLOCK, S_MEAN_SUM_END,
) = range(49)  # fmt: skip
S_MEAN_BLOCK_3 = S_MEAN_SUM_END
"""Sums of the running block of each phase, of all blocks of each phase, then the blocks themselves."""
S_MEAN_SUM = S_MEAN_BLOCK_3 + 3
S_MEAN_RING = S_MEAN_SUM + 3
S_TIMER = S_MEAN_RING + 3 * MEAN_BLOCKS
S_SIZE = S_TIMER + MAX_STAGES

M_DT, M_F, M_U1, M_U2, M_U3, M_U_POS, M_ID, M_IQ, M_ON, M_HINT, M_P, M_SIZE = range(12)
"""Step in s, Hz, RMS voltages, positive sequence, then results: currents (export positive), conducting, longest
step that misses nothing, power."""


# Compiled code knows plain integers, no enumerations.
REASON_STAGE = 1
REASON_MEAN_VOLTAGE, REASON_DIP, REASON_ISLAND, REASON_SUPPLY_LOST = 50, 51, 52, 53
"""Why the unit is not connected; a stage: 1 plus its number."""
Q_OFF, Q_FIXED, Q_COSPHI, Q_COSPHI_P, Q_QU = range(5)
"""What reactive power follows."""
RELAY_U_UNDER, RELAY_U_OVER, RELAY_F_UNDER, RELAY_F_OVER, RELAY_ROCOF, RELAY_SHIFT = (int(relay) for relay in Relay)


def parameters(rating: Rating, battery: Battery, settings: DerSettings, design: Design) -> list[float]:
    """The parameter array."""
    p = [0.0] * P_SIZE
    rated_current = rating.current * 3 * rating.voltage / rating.power
    charge = rating.charge_power / rating.power
    scalars: dict[int, float] = {
        P_PN: rating.power,
        P_VOLTAGE: rating.voltage,
        P_CHARGE: charge,
        P_S_MAX: rating.apparent / rating.power,
        P_I_RATED: rated_current,
        P_STORE: battery.energy * 3600 / rating.power,
        P_SOC_MIN: battery.soc_min,
        P_SOC_MAX: battery.soc_max,
        P_EFFICIENCY: battery.efficiency,
        P_O_THRESHOLD: settings.lfsmo_threshold,
        P_O_SLOPE: _slope(settings.lfsmo_droop),
        P_O_REFERENCE: _reference(settings.lfsmo_reference, charge),
        P_RETURN: _rate(settings.lfsmo_return_gradient),
        P_BAND_LOW: settings.lfsmo_recovery_band[0] if settings.lfsmo_recovery_band else -BIG,
        P_BAND_HIGH: settings.lfsmo_recovery_band[1] if settings.lfsmo_recovery_band else BIG,
        P_U_THRESHOLD: settings.lfsmu_threshold,
        P_U_SLOPE: _slope(settings.lfsmu_droop),
        P_U_REFERENCE: _reference(settings.lfsmu_reference, charge),
        P_SUPPLY_BELOW: settings.lfsmu_supply_below,
        P_UC_THRESHOLD: settings.lfsmuc_threshold,
        P_UC_ZERO: settings.lfsmuc_zero,
        P_STAGES: len(settings.stages),
        P_U_10MIN: BIG if settings.u_over_10min is None else settings.u_over_10min,
        P_FRT_VOLTAGE: settings.frt_recovery_voltage,
        P_FRT_TIME: settings.frt_recovery_time,
        P_ZERO_BELOW: settings.frt_zero_below or 0.0,
        P_ZERO_ABOVE: settings.frt_zero_above or BIG,
        P_FRT_K: settings.frt_k,
        P_WINDOW_F_LOW: settings.reconnect_frequency[0],
        P_WINDOW_F_HIGH: settings.reconnect_frequency[1],
        P_WINDOW_U_LOW: settings.reconnect_voltage[0],
        P_WINDOW_U_HIGH: settings.reconnect_voltage[1],
        P_WAIT: settings.reconnect_wait,
        P_GRADIENT: _rate(settings.reconnect_gradient),
        P_RANDOM: settings.reconnect_random,
        P_QU_LAG: settings.qu_time / math.log(10),
        P_ISLAND: float(settings.anti_islanding),
        P_F_LAG: design.frequency_lag,
        P_F_ERROR: design.frequency_error,
        P_F_MIRRORED: design.frequency_mirrored,
        P_RESPONSE: design.response,
        P_DAMPING: design.damping,
        P_SCHEDULE_RAMP: design.schedule_ramp,
        P_CROSSING: design.crossing_time,
        P_O_SIGN: design.lfsmo_sign,
        P_O_CHARGING: design.lfsmo_while_charging,
        P_U_CHARGING: design.lfsmu_while_charging,
        P_SUPPLY: design.supply,
        P_HEEDS_RIGHT: design.heeds_right,
        P_HEEDS_SOC: design.heeds_soc,
        P_TOGGLE: design.toggle,
        P_REMEMBERS: design.remembers_frequency,
        P_DIP_TRIP: design.dip_trip_below,
        P_SWELL_TRIP: design.swell_trip_above,
        P_UNBALANCE_TRIP: design.unbalance_trip,
        P_SECOND_DIP: design.second_dip_trip,
        P_RECOVERY_SCALE: design.recovery_scale,
        P_OVERSHOOT: design.recovery_overshoot,
        P_I_MAX: design.current_limit * rated_current,
        P_I_DIP: design.dip_current * rated_current,
        P_ZERO_CURRENT: design.zero_current,
        P_WINDOW_CHECKED: design.window_checked,
        P_WAIT_RESTARTS: design.wait_restarts,
        P_RAMP_OUT: design.ramp_discharging,
        P_RAMP_IN: design.ramp_charging,
        P_RESTART_WAITS: design.restart_waits,
        P_HEEDS_CEASE: design.heeds_cease,
        P_CEASE_RAMP: design.cease_ramp,
        P_HEEDS_LIMIT: design.heeds_limit,
        P_ISLAND_GAIN: design.island_gain,
        P_ISLAND_CHARGING: design.island_charging,
        P_Q_SIGN: design.q_sign,
        P_Q_CAPABILITY: design.q_capability,
        P_Q_LAG: design.q_lag,
        P_Q_PRIORITY: design.q_priority,
        P_VOLTWATT_CHARGING: design.voltwatt_charging,
        P_FIFTH: design.fifth,
        P_SEVENTH: design.seventh,
        P_DC: design.dc_share * rated_current,
        P_UNBALANCE: design.unbalance,
        P_CEASE_MEMORY: design.cease_memory,
        P_CEASE_CHARGING: design.cease_charging,
        P_SETPOINT_FIRST: design.setpoint_first,
    }
    for cell, value in scalars.items():
        p[cell] = float(value)
    if len(settings.stages) > MAX_STAGES:
        raise ValueError(f"at most {MAX_STAGES} protection stages, not {len(settings.stages)}")
    for number, stage in enumerate(settings.stages):
        p[P_STAGE + 3 * number : P_STAGE + 3 * number + 3] = [float(stage.relay), stage.value, stage.delay]
    _put_curve(p, P_CHARGE_CURVE, settings.lfsmu_charge_curve)
    _put_curve(p, P_QU_CURVE, settings.qu_curve)
    _put_curve(p, P_COSPHI_CURVE, settings.cosphi_p_curve)
    _put_curve(p, P_VOLTWATT_CURVE, settings.voltwatt_curve)
    return p


def commands() -> list[float]:
    """Nothing is commanded: plugged in, discharge allowed, no power."""
    c = [0.0] * C_SIZE
    c[C_LIMIT] = BIG
    c[C_DISCHARGE] = 1.0
    c[C_PLUGGED] = 1.0
    return c


def fresh_state(battery: Battery, seed: int) -> list[float]:
    """Connected to a healthy grid, at rest."""
    s = [0.0] * S_SIZE
    s[S_CONNECTED] = 1.0
    s[S_RAMP] = 1.0
    number = 1 + seed % 2147483646
    for _ in range(4):
        # Small seeds give small first numbers.
        number = number * 16807 % 2147483647
    s[S_SEED] = float(number)
    s[S_SOC] = battery.soc
    for cell in (S_F, S_F_SLOW, S_F_LAGGED, S_F_ISLAND):
        s[cell] = 50.0
    s[S_CAP], s[S_FLOOR] = BIG, -BIG
    s[S_SHARE] = 1.0
    s[S_SINCE_DIP] = BIG
    s[S_MEAN_SUM : S_MEAN_SUM + 3] = [float(MEAN_BLOCKS)] * 3
    s[S_MEAN_RING : S_MEAN_RING + 3 * MEAN_BLOCKS] = [1.0] * (3 * MEAN_BLOCKS)
    return s


def measurements() -> list[float]:
    """A healthy grid."""
    m = [0.0] * M_SIZE
    m[M_F] = 50.0
    for cell in (M_U1, M_U2, M_U3, M_U_POS, M_ON):
        m[cell] = 1.0
    return m


def _slope(droop: float) -> float:
    """Share of the reference power per Hz: 5 % are 0.4."""
    return 100.0 / droop / 50.0


def _reference(reference: PowerReference, charge: float) -> float:
    """A power in pu; 0 stands for the power at the threshold."""
    if reference is PowerReference.AT_THRESHOLD:
        return 0.0
    return charge if reference is PowerReference.MAX_ABSORPTION else 1.0


def _rate(gradient: float | None) -> float:
    return BIG if gradient is None else gradient


def _put_curve(p: list[float], at: int, curve: Curve) -> None:
    points: Sequence[tuple[float, float]] = curve
    if len(points) > MAX_POINTS:
        raise ValueError(f"a curve has at most {MAX_POINTS} points, not {len(points)}")
    p[at] = float(len(points))
    for number, (x, y) in enumerate(points):
        p[at + 1 + 2 * number] = x
        p[at + 2 + 2 * number] = y
