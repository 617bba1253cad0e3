"""The unit sample by sample: PLL, current loop, and either the grid or a parallel RLC island at its terminals.

Current is modelled as it leaves the filter: a first-order lag in the rotating frame, no switching. The positive
sequence comes from cancelling a signal delayed by a quarter of a cycle, so that unbalance does not shake the PLL.
"""

from __future__ import annotations

import math

from v2gready.references.inverter import cells as k
from v2gready.references.inverter.cells import Cells
from v2gready.references.inverter.controller import control

(
    Y_THETA, Y_OMEGA, Y_F, Y_U_POS, Y_ID, Y_IQ, Y_REF_D, Y_REF_Q, Y_ON, Y_TICK, Y_QUARTER, Y_CYCLE,
    Y_V1, Y_V2, Y_V3, Y_L1, Y_L2, Y_L3, Y_I1, Y_I2, Y_I3, Y_J1, Y_J2, Y_J3,
    Y_SOURCE, Y_G_A, Y_G_B, Y_BEFORE_A, Y_BEFORE_B, Y_SUM1, Y_SUM2, Y_SUM3, Y_SIZE,
) = range(33)  # fmt: skip
"""V: voltages, L: inductor currents, I: present currents (into the device), J: those before, SOURCE: amplitude of the
local generator, G: its current, BEFORE: a sample earlier, SUM: running sums of squared voltages."""
(
    Z_OPEN, Z_LOAD, Z_VV, Z_VL, Z_LV, Z_LL, Z_V_START, Z_V_END, Z_L_START, Z_L_END, Z_INDUCTANCE, Z_GENERATION,
    Z_GRID_R, Z_GRID_L, Z_SIZE,
) = range(15)  # fmt: skip
"""The network: switch open, load there, step matrices of the island, then generator and impedance of the grid."""

PLL_BANDWIDTH = 2 * math.pi * 20.0
PLL_DAMPING = 0.7
PLL_FREEZE = 0.15
"""pu; below it the PLL runs on with the frequency it knows."""
FREQUENCY_LAG = 0.012
SEQUENCE_LAG = 0.001
CURRENT_LAG = 0.0015
TICK = 0.001
"""Seconds between two passes of the control law."""
SOURCE_LAG = 0.05
"""Seconds in which the local generator of an island keeps its power; faster it keeps its current."""
HALF_ROOT_3 = math.sqrt(3.0) / 2.0


def quarter_length(rate: float) -> int:
    """Samples of a quarter cycle at 50 Hz."""
    return round(rate / 200.0)


def cycle_length(rate: float) -> int:
    """Samples that the memory of squared voltages holds: a cycle at 45 Hz and some."""
    return int(rate / 45.0) + 4


def simulate_waveform(  # noqa: PLR0915, PLR0917, PLR0912, C901 - one compiled loop
    p: Cells,
    c: Cells,
    s: Cells,
    m: Cells,
    y: Cells,
    z: Cells,
    quarter: Cells,
    cycle: Cells,
    grid: tuple[Cells, Cells, Cells],
    out: tuple[Cells, Cells, Cells, Cells, Cells, Cells],
    rate: float,
    samples: int,
) -> int:
    """Runs for a number of samples.

    Args:
        p: Parameters.
        c: Commands.
        s: State of the control law.
        m: Measurements.
        y: State of this plant.
        z: The network.
        quarter: Memory of the last quarter cycle, two numbers each sample.
        cycle: Memory of the running sums of squared voltages, three numbers each sample.
        grid: Voltages behind the impedance of the grid, V.
        out: Filled with terminal voltages in V and currents into the device in A.
        rate: Samples per second.
        samples: How many.

    Returns:
        ``samples``.
    """
    e1, e2, e3 = grid
    out_v1, out_v2, out_v3, out_i1, out_i2, out_i3 = out
    dt = 1.0 / rate
    quarter_size = len(quarter) // 2
    cycle_size = len(cycle) // 3
    tick_samples = max(1, round(rate * TICK))
    peak = math.sqrt(2.0) * p[k.P_VOLTAGE]
    base = math.sqrt(2.0) * p[k.P_PN] / (3.0 * p[k.P_VOLTAGE])
    dc = p[k.P_DC] * p[k.P_PN] / (3.0 * p[k.P_VOLTAGE])
    fifth, seventh, unbalance = p[k.P_FIFTH], p[k.P_SEVENTH], p[k.P_UNBALANCE]
    gain = 2.0 * PLL_DAMPING * PLL_BANDWIDTH
    integral_dt = PLL_BANDWIDTH * PLL_BANDWIDTH * dt
    f_smooth = 1.0 - math.exp(-dt / FREQUENCY_LAG)
    u_smooth = 1.0 - math.exp(-dt / SEQUENCE_LAG)
    i_smooth = 1.0 - math.exp(-dt / CURRENT_LAG)
    is_open, loaded = z[Z_OPEN] > 0.5, z[Z_LOAD] > 0.5
    vv, vl, lv, ll = z[Z_VV], z[Z_VL], z[Z_LV], z[Z_LL]
    v_start, v_end, l_start, l_end = z[Z_V_START], z[Z_V_END], z[Z_L_START], z[Z_L_END]
    half_over_l = dt / (2.0 * z[Z_INDUCTANCE]) if loaded else 0.0
    generation = z[Z_GENERATION]
    grid_r, grid_l = z[Z_GRID_R], z[Z_GRID_L] * rate
    weak = grid_r != 0.0 or grid_l != 0.0
    theta, omega, f, u_pos = y[Y_THETA], y[Y_OMEGA], y[Y_F], y[Y_U_POS]
    i_d, i_q, ref_d, ref_q, on = y[Y_ID], y[Y_IQ], y[Y_REF_D], y[Y_REF_Q], y[Y_ON] > 0.5
    tick, at_quarter, at_cycle = int(y[Y_TICK]), int(y[Y_QUARTER]), int(y[Y_CYCLE])
    v1, v2, v3 = y[Y_V1], y[Y_V2], y[Y_V3]
    l1, l2, l3 = y[Y_L1], y[Y_L2], y[Y_L3]
    i1, i2, i3 = y[Y_I1], y[Y_I2], y[Y_I3]
    j1, j2, j3 = y[Y_J1], y[Y_J2], y[Y_J3]
    amplitude, g_a, g_b, before_a, before_b = y[Y_SOURCE], y[Y_G_A], y[Y_G_B], y[Y_BEFORE_A], y[Y_BEFORE_B]
    sum1, sum2, sum3 = y[Y_SUM1], y[Y_SUM2], y[Y_SUM3]
    cos_t, sin_t = math.cos(theta), math.sin(theta)
    cos_lag, sin_lag = math.cos(0.25 * math.pi * (f / 50.0 - 1.0)), math.sin(0.25 * math.pi * (f / 50.0 - 1.0))
    source_smooth = 1.0 - math.exp(-TICK / SOURCE_LAG)
    for n in range(samples):
        # The network.
        if is_open and loaded:
            h1 = h2 = h3 = 0.0
            b1 = b2 = b3 = 0.0
            if generation != 0.0:
                # The source at the present sample, and where it will be at the next one.
                h1, h2, h3 = g_a, HALF_ROOT_3 * g_b - 0.5 * g_a, -HALF_ROOT_3 * g_b - 0.5 * g_a
                n_a, n_b = 2.0 * g_a - before_a, 2.0 * g_b - before_b
                b1, b2, b3 = n_a, HALF_ROOT_3 * n_b - 0.5 * n_a, -HALF_ROOT_3 * n_b - 0.5 * n_a
            w1 = vv * v1 + vl * l1 + v_start * (h1 - j1) + v_end * (b1 - i1)
            w2 = vv * v2 + vl * l2 + v_start * (h2 - j2) + v_end * (b2 - i2)
            w3 = vv * v3 + vl * l3 + v_start * (h3 - j3) + v_end * (b3 - i3)
            l1 = lv * v1 + ll * l1 + l_start * (h1 - j1) + l_end * (b1 - i1)
            l2 = lv * v2 + ll * l2 + l_start * (h2 - j2) + l_end * (b2 - i2)
            l3 = lv * v3 + ll * l3 + l_start * (h3 - j3) + l_end * (b3 - i3)
            v1, v2, v3 = w1, w2, w3
        elif is_open:
            v1 = v2 = v3 = 0.0
        else:
            w1, w2, w3 = e1[n], e2[n], e3[n]
            if weak:
                w1 -= grid_r * i1 + grid_l * (i1 - j1)
                w2 -= grid_r * i2 + grid_l * (i2 - j2)
                w3 -= grid_r * i3 + grid_l * (i3 - j3)
            if loaded:
                l1 += half_over_l * (v1 + w1)
                l2 += half_over_l * (v2 + w2)
                l3 += half_over_l * (v3 + w3)
            v1, v2, v3 = w1, w2, w3
        out_v1[n], out_v2[n], out_v3[n] = v1, v2, v3
        out_i1[n], out_i2[n], out_i3[n] = i1, i2, i3
        # Positive sequence and PLL.
        v_a = (2.0 * v1 - v2 - v3) / 3.0
        v_b = (v2 - v3) * (HALF_ROOT_3 / 1.5)
        old = 2 * at_quarter
        p_a = 0.5 * (v_a - quarter[old + 1])
        p_b = 0.5 * (v_b + quarter[old])
        quarter[old] = v_a
        quarter[old + 1] = v_b
        at_quarter += 1
        if at_quarter == quarter_size:
            at_quarter = 0
        magnitude = math.sqrt(p_a * p_a + p_b * p_b)
        if generation != 0.0:
            # Balanced current in phase with the positive sequence; its power is kept slowly (by the control pass).
            before_a, before_b = g_a, g_b
            scale = amplitude / max(magnitude, PLL_FREEZE * peak)
            g_a = scale * (p_a * cos_lag - p_b * sin_lag)
            g_b = scale * (p_a * sin_lag + p_b * cos_lag)
        speed = omega
        if magnitude > PLL_FREEZE * peak:
            error = (p_b * cos_t - p_a * sin_t) / magnitude
            omega += integral_dt * error
            speed = omega + gain * error
        theta += speed * dt
        f += (speed / (2.0 * math.pi) - f) * f_smooth
        u_pos += (magnitude / peak - u_pos) * u_smooth
        sum1 += v1 * v1
        sum2 += v2 * v2
        sum3 += v3 * v3
        at_cycle += 1
        if at_cycle == cycle_size:
            at_cycle = 0
        cycle[3 * at_cycle] = sum1
        cycle[3 * at_cycle + 1] = sum2
        cycle[3 * at_cycle + 2] = sum3
        # The control law, each millisecond.
        tick += 1
        if tick >= tick_samples:
            tick = 0
            if theta > 2.0 * math.pi:
                theta -= 2.0 * math.pi * math.floor(theta / (2.0 * math.pi))
            window = rate / max(45.0, min(55.0, f))
            whole = int(window)
            part = window - whole
            first = (at_cycle - whole) % cycle_size
            before = (first - 1) % cycle_size
            for phase in range(3):
                start = (1.0 - part) * cycle[3 * first + phase] + part * cycle[3 * before + phase]
                square = (cycle[3 * at_cycle + phase] - start) / window
                m[k.M_U1 + phase] = math.sqrt(max(square, 0.0)) / p[k.P_VOLTAGE]
            m[k.M_U_POS] = u_pos
            m[k.M_F] = f
            m[k.M_DT] = tick_samples * dt
            control(p, c, s, m)
            on = m[k.M_ON] > 0.5
            # The quarter-cycle filter lags when the frequency is not 50 Hz.
            lag = 0.25 * math.pi * (f / 50.0 - 1.0)
            cos_lag, sin_lag = math.cos(lag), math.sin(lag)
            ref_d = m[k.M_ID] * cos_lag + m[k.M_IQ] * sin_lag
            ref_q = m[k.M_ID] * sin_lag - m[k.M_IQ] * cos_lag
            amplitude += (generation / (1.5 * peak * max(u_pos, 0.2)) - amplitude) * source_smooth
        # The current of the next sample.
        cos_t, sin_t = math.cos(theta), math.sin(theta)
        j1, j2, j3 = i1, i2, i3
        if on:
            i_d += (ref_d - i_d) * i_smooth
            i_q += (ref_q - i_q) * i_smooth
            i_a = i_d * cos_t - i_q * sin_t
            i_b = i_d * sin_t + i_q * cos_t
            if fifth != 0.0 or seventh != 0.0:
                cos_2, sin_2 = 2.0 * cos_t * cos_t - 1.0, 2.0 * sin_t * cos_t
                cos_4, sin_4 = 2.0 * cos_2 * cos_2 - 1.0, 2.0 * sin_2 * cos_2
                cos_5, sin_5 = cos_4 * cos_t - sin_4 * sin_t, sin_4 * cos_t + cos_4 * sin_t
                cos_7, sin_7 = cos_5 * cos_2 - sin_5 * sin_2, sin_5 * cos_2 + cos_5 * sin_2
                i_a += i_d * (fifth * cos_5 + seventh * cos_7)
                i_b += i_d * (seventh * sin_7 - fifth * sin_5)
            i1 = -base * i_a * (1.0 + unbalance) + dc
            i2 = -base * (HALF_ROOT_3 * i_b - 0.5 * i_a) * (1.0 - unbalance) - 0.5 * dc
            i3 = base * (HALF_ROOT_3 * i_b + 0.5 * i_a) - 0.5 * dc
        else:
            i_d = 0.0
            i_q = 0.0
            i1 = 0.0
            i2 = 0.0
            i3 = 0.0
    y[Y_THETA], y[Y_OMEGA], y[Y_F], y[Y_U_POS] = theta, omega, f, u_pos
    y[Y_ID], y[Y_IQ], y[Y_REF_D], y[Y_REF_Q], y[Y_ON] = i_d, i_q, ref_d, ref_q, 1.0 if on else 0.0
    y[Y_TICK], y[Y_QUARTER], y[Y_CYCLE] = float(tick), float(at_quarter), float(at_cycle)
    y[Y_V1], y[Y_V2], y[Y_V3] = v1, v2, v3
    y[Y_L1], y[Y_L2], y[Y_L3] = l1, l2, l3
    y[Y_I1], y[Y_I2], y[Y_I3] = i1, i2, i3
    y[Y_J1], y[Y_J2], y[Y_J3] = j1, j2, j3
    y[Y_SOURCE], y[Y_G_A], y[Y_G_B], y[Y_BEFORE_A], y[Y_BEFORE_B] = amplitude, g_a, g_b, before_a, before_b
    y[Y_SUM1], y[Y_SUM2], y[Y_SUM3] = sum1, sum2, sum3
    return samples
