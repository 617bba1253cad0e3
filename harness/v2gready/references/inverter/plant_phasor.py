"""The unit at an ideal grid, in RMS values: steps of 1 ms around changes, of up to 100 ms when nothing happens.

Measurement lags and the swing of the PLL after a phase jump are first-order stand-ins for what the waveform plant
does sample by sample. Islands, harmonics and direct current need the waveform plant.
"""

from __future__ import annotations

import math

from v2gready.references.inverter import cells as k
from v2gready.references.inverter.cells import Cells
from v2gready.references.inverter.controller import control

SEGMENT = 13
"""Numbers per segment: duration, f at start and end, three voltages at start and end, jump and angles in radians."""
(
    X_SEGMENT, X_INTO, X_TIME, X_STEP, X_QUIET, X_F_LOOP, X_F, X_U1, X_U2, X_U3, X_U_POS, X_SWING,
    X_LAST_F, X_LAST_U1, X_LAST_U2, X_LAST_U3, X_SIZE,
) = range(17)  # fmt: skip
ROW = 6
"""Columns of a row: time, power and reactive power (load convention), RMS currents."""
FINE = 0.001
SETTLING = 0.06
"""Seconds of fine steps after a change of the grid."""
PLL_LAG = 0.008
FREQUENCY_LAG = 0.012
RMS_LAG = 0.006
SEQUENCE_LAG = 0.004


def fresh_plant() -> list[float]:
    """In step with a nominal grid."""
    x = [0.0] * X_SIZE
    x[X_STEP] = FINE
    x[X_QUIET] = 1.0
    for cell in (X_F_LOOP, X_F, X_LAST_F):
        x[cell] = 50.0
    for cell in (X_U1, X_U2, X_U3, X_U_POS, X_LAST_U1, X_LAST_U2, X_LAST_U3):
        x[cell] = 1.0
    return x


def simulate_phasor(  # noqa: PLR0915, PLR0917, C901, PLR0912 - one compiled loop
    p: Cells, c: Cells, s: Cells, m: Cells, x: Cells, script: Cells, segments: int, rows: Cells, capacity: int
) -> int:
    """Goes on until the script or the room for rows ends.

    Args:
        p: Parameters.
        c: Commands.
        s: State of the control law.
        m: Measurements.
        x: State of this plant; the caller sets segment, time into it and time to 0 for a new script.
        script: Segments, flat.
        segments: How many.
        rows: Filled with one row for each step.
        capacity: Rows that fit.

    Returns:
        Rows filled; fewer than ``capacity`` when the script has ended.
    """
    count = 0
    segment = int(x[X_SEGMENT])
    into = x[X_INTO]
    time = x[X_TIME]
    step = x[X_STEP]
    base_current = p[k.P_PN] / (3.0 * p[k.P_VOLTAGE])
    while segment < segments and count < capacity:
        at = segment * SEGMENT
        duration = script[at]
        f0 = script[at + 1]
        f_rate = (script[at + 2] - f0) / duration
        u_rate = 0.0
        for phase in range(3):
            u_rate = max(u_rate, abs(script[at + 6 + phase] - script[at + 3 + phase]) / duration)
        if into == 0.0:
            jump = script[at + 9]
            if jump != 0.0:
                jump = math.atan2(math.sin(jump), math.cos(jump))
                x[X_SWING] += jump
                x[X_F_LOOP] += jump / (2.0 * math.pi * PLL_LAG)
            changed = abs(f0 - x[X_LAST_F]) + abs(jump)
            for phase in range(3):
                changed += abs(script[at + 3 + phase] - x[X_LAST_U1 + phase])
            if changed > 1e-9:
                x[X_QUIET] = 0.0
        cos1, cos2, cos3 = math.cos(script[at + 10]), math.cos(script[at + 11]), math.cos(script[at + 12])
        sin1, sin2, sin3 = math.sin(script[at + 10]), math.sin(script[at + 11]), math.sin(script[at + 12])
        ramp_step = 0.1
        if f_rate != 0.0:
            ramp_step = min(ramp_step, max(FINE, min(0.01, 0.001 / abs(f_rate))))
        if u_rate != 0.0:
            ramp_step = min(ramp_step, max(FINE, min(0.01, 0.0005 / u_rate)))
        while count < capacity:
            left = duration - into
            if left <= 1e-9:
                segment += 1
                into = 0.0
                break
            step = min(step * 1.5, ramp_step, max(m[k.M_HINT], FINE)) if x[X_QUIET] >= SETTLING else FINE
            dt = min(step, left)
            into += dt
            time += dt
            x[X_QUIET] += dt
            f = f0 + f_rate * into
            share = into / duration
            u1 = script[at + 3] + (script[at + 6] - script[at + 3]) * share
            u2 = script[at + 4] + (script[at + 7] - script[at + 4]) * share
            u3 = script[at + 5] + (script[at + 8] - script[at + 5]) * share
            re = (u1 * cos1 + u2 * cos2 + u3 * cos3) / 3.0
            im = (u1 * sin1 + u2 * sin2 + u3 * sin3) / 3.0
            u_pos = math.sqrt(re * re + im * im)
            if u_pos > 0.15:
                x[X_F_LOOP] += (f - x[X_F_LOOP]) * (1.0 - math.exp(-dt / PLL_LAG))
            x[X_F] += (x[X_F_LOOP] - x[X_F]) * (1.0 - math.exp(-dt / FREQUENCY_LAG))
            smooth = 1.0 - math.exp(-dt / RMS_LAG)
            x[X_U1] += (u1 - x[X_U1]) * smooth
            x[X_U2] += (u2 - x[X_U2]) * smooth
            x[X_U3] += (u3 - x[X_U3]) * smooth
            x[X_U_POS] += (u_pos - x[X_U_POS]) * (1.0 - math.exp(-dt / SEQUENCE_LAG))
            swing = x[X_SWING]
            if swing != 0.0:
                swing *= math.exp(-dt / PLL_LAG)
                x[X_SWING] = swing if abs(swing) > 1e-9 else 0.0
            m[k.M_DT] = dt
            m[k.M_F] = x[X_F]
            m[k.M_U1] = x[X_U1]
            m[k.M_U2] = x[X_U2]
            m[k.M_U3] = x[X_U3]
            m[k.M_U_POS] = x[X_U_POS]
            control(p, c, s, m)
            i_d = m[k.M_ID]
            i_q = m[k.M_IQ]
            power = u_pos * i_d
            reactive = u_pos * i_q
            if swing != 0.0:
                power = u_pos * (i_d * math.cos(swing) + i_q * math.sin(swing))
                reactive = u_pos * (i_q * math.cos(swing) - i_d * math.sin(swing))
            current = math.sqrt(i_d * i_d + i_q * i_q) * base_current
            row = count * ROW
            rows[row] = time
            rows[row + 1] = -power * p[k.P_PN]
            rows[row + 2] = -reactive * p[k.P_PN]
            rows[row + 3] = current * (1.0 + p[k.P_UNBALANCE])
            rows[row + 4] = current * (1.0 - p[k.P_UNBALANCE])
            rows[row + 5] = current
            count += 1
            x[X_LAST_F] = f
            x[X_LAST_U1] = u1
            x[X_LAST_U2] = u2
            x[X_LAST_U3] = u3
    x[X_SEGMENT] = float(segment)
    x[X_INTO] = into
    x[X_TIME] = time
    x[X_STEP] = step
    return count
