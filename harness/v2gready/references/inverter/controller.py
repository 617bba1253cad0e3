"""The control law: what the unit measures at its terminals in, currents out.

One pass runs in order of priority: protection, connection, ride-through, active power (its own module), reactive
power, current limit. Every filter is exact for any step, so that the phasor plant may take long steps when nothing
happens; `M_HINT` says how long the next one may be. The functions work on plain numbers (see `cells`) and run
interpreted and compiled with equal results.
"""

from __future__ import annotations

import math

from v2gready.references.inverter import cells as k
from v2gready.references.inverter.active_power import active_power, soc_after
from v2gready.references.inverter.cells import Cells
from v2gready.references.inverter.curves import curve_at

ROCOF_LAG = 0.08
SHIFT_LAG = 0.04
ISLAND_LAG = 0.5
FAST_LAG = 0.01
"""Seconds; of the reactive current in a dip."""
MOST_PUSH = 0.3
"""Reactive share that the active island detection may use; when it has done so for a while, it is an island."""
PUSH_TIME = 0.15
PUSH_BIAS = 0.05
"""Hz; even a perfectly balanced island is pushed."""
VALID_VOLTAGE = 0.2
"""pu; below it the measured frequency means nothing."""


def control(p: Cells, c: Cells, s: Cells, m: Cells) -> None:
    """One pass of the control law over ``m[M_DT]`` seconds."""
    m[k.M_HINT] = 0.1
    observe(p, s, m)
    low, high = min(m[k.M_U1], m[k.M_U2], m[k.M_U3]), max(m[k.M_U1], m[k.M_U2], m[k.M_U3])
    protect(p, c, s, m, low, high)
    connect(p, s, m, low, high)
    ride_through(p, s, m, low, high)
    power = active_power(p, c, s, m)
    reactive_power(p, c, s, m, power)
    inject(p, c, s, m, power)


def observe(p: Cells, s: Cells, m: Cells) -> None:
    """Derives what the protection looks at from the measured values."""
    dt = m[k.M_DT]
    if m[k.M_U_POS] > VALID_VOLTAGE:
        f = m[k.M_F] + p[k.P_F_ERROR]
        if p[k.P_F_MIRRORED] > 0.5:
            f = 100.0 - f
        s[k.S_F] = f
    else:
        f = s[k.S_F]
    s[k.S_F_SLOW] += (f - s[k.S_F_SLOW]) * (1.0 - math.exp(-dt / p[k.P_F_LAG]))
    s[k.S_F_LAGGED] += (f - s[k.S_F_LAGGED]) * (1.0 - math.exp(-dt / ROCOF_LAG))
    s[k.S_F_ISLAND] += (f - s[k.S_F_ISLAND]) * (1.0 - math.exp(-dt / ISLAND_LAG))
    away = f - s[k.S_F_LAGGED]
    s[k.S_ROCOF] = away / ROCOF_LAG
    s[k.S_SHIFT] = (s[k.S_SHIFT] + 360.0 * away * dt) * math.exp(-dt / SHIFT_LAG)
    if abs(f - s[k.S_F_SLOW]) > 2e-4 or abs(away) > 2e-3:
        m[k.M_HINT] = 0.002
    _mean_voltage(s, m, dt)


def _mean_voltage(s: Cells, m: Cells, dt: float) -> None:
    """Ten-minute mean of the squares of each phase in blocks of three seconds (EN 50549-1 4.9.3 [u]: RMS)."""
    for phase in range(3):
        s[k.S_MEAN_BLOCK_3 + phase] += m[k.M_U1 + phase] * m[k.M_U1 + phase] * dt
    s[k.S_MEAN_TIME] += dt
    if s[k.S_MEAN_TIME] >= k.MEAN_BLOCK - 1e-9:
        index = int(s[k.S_MEAN_INDEX])
        for phase in range(3):
            cell = k.S_MEAN_RING + 3 * index + phase
            mean = s[k.S_MEAN_BLOCK_3 + phase] / s[k.S_MEAN_TIME]
            s[k.S_MEAN_SUM + phase] += mean - s[cell]
            s[cell] = mean
            s[k.S_MEAN_BLOCK_3 + phase] = 0.0
        s[k.S_MEAN_TIME] = 0.0
        s[k.S_MEAN_INDEX] = float((index + 1) % k.MEAN_BLOCKS)


def protect(  # noqa: C901, PLR0912, PLR0917 - the relays in one chain: calls are what a pass spends its time with
    p: Cells, c: Cells, s: Cells, m: Cells, low: float, high: float
) -> None:
    """Relays with definite times; the first one that has waited long enough opens the contactor."""
    dt = m[k.M_DT]
    f, rocof, shift = s[k.S_F], abs(s[k.S_ROCOF]), abs(s[k.S_SHIFT])
    measurable = m[k.M_U_POS] > VALID_VOLTAGE
    at = k.P_STAGE
    for timer in range(k.S_TIMER, k.S_TIMER + int(p[k.P_STAGES])):
        relay, value = p[at], p[at + 1]
        if relay == k.RELAY_U_UNDER:
            beyond = low < value
        elif relay == k.RELAY_U_OVER:
            beyond = high > value
        elif not measurable:
            # Without voltage there is no frequency to look at.
            beyond = False
        elif relay == k.RELAY_F_UNDER:
            beyond = f < value
        elif relay == k.RELAY_F_OVER:
            beyond = f > value
        elif relay == k.RELAY_ROCOF:
            beyond = rocof > value
        else:
            beyond = shift > value
        if beyond:
            s[timer] += dt
            left = p[at + 2] - s[timer]
            if left <= 1e-9:
                trip(p, s, float(k.REASON_STAGE + timer - k.S_TIMER))
            else:
                m[k.M_HINT] = min(m[k.M_HINT], max(left, 0.001))
        else:
            s[timer] = 0.0
        at += 3
    if _mean_limit_exceeded(p, s):
        trip(p, s, float(k.REASON_MEAN_VOLTAGE))
    if low < p[k.P_DIP_TRIP] or high > p[k.P_SWELL_TRIP] or high - low > p[k.P_UNBALANCE_TRIP]:
        trip(p, s, float(k.REASON_DIP))
    _push(p, c, s, dt)


def _mean_limit_exceeded(p: Cells, s: Cells) -> bool:
    most = max(s[k.S_MEAN_SUM], s[k.S_MEAN_SUM + 1], s[k.S_MEAN_SUM + 2])
    return most / k.MEAN_BLOCKS > p[k.P_U_10MIN] * p[k.P_U_10MIN]


def _push(p: Cells, c: Cells, s: Cells, dt: float) -> None:
    """Active island detection: positive feedback on frequency through reactive power (Sandia frequency shift).

    The grid holds its frequency against it; an island runs away, and running into the stop tells that it is one.
    """
    resting = p[k.P_ISLAND] < 0.5 or (p[k.P_ISLAND_CHARGING] < 0.5 and s[k.S_POWER] < 0.0)
    if resting or s[k.S_CONNECTED] < 0.5 or s[k.S_DIP] > 0.5 or c[k.C_PLUGGED] < 0.5:
        s[k.S_PUSH] = 0.0
        s[k.S_PUSHING] = 0.0
        return
    push = p[k.P_ISLAND_GAIN] * (s[k.S_F] - s[k.S_F_ISLAND] + PUSH_BIAS)
    s[k.S_PUSH] = max(-MOST_PUSH, min(MOST_PUSH, push))
    if abs(push) >= MOST_PUSH:
        s[k.S_PUSHING] += dt
        if s[k.S_PUSHING] >= PUSH_TIME:
            trip(p, s, float(k.REASON_ISLAND))
    else:
        s[k.S_PUSHING] = 0.0


def trip(p: Cells, s: Cells, reason: float) -> None:
    """Opens the contactor."""
    if s[k.S_CONNECTED] > 0.5:
        s[k.S_CONNECTED] = 0.0
        s[k.S_REASON] = reason
        s[k.S_TRIPS] += 1.0
        open_contactor(p, s)


def open_contactor(p: Cells, s: Cells) -> None:
    """What starts again from nothing once the contactor is open."""
    s[k.S_CONNECTED] = 0.0
    s[k.S_WAIT] = 0.0
    s[k.S_SEED] = (s[k.S_SEED] * 16807.0) % 2147483647.0
    s[k.S_EXTRA_WAIT] = p[k.P_RANDOM] * s[k.S_SEED] / 2147483647.0
    for cell in (k.S_RAMP, k.S_POWER, k.S_SPEED, k.S_SCHEDULE, k.S_Q, k.S_MODE, k.S_O_ACTIVE, k.S_U_ACTIVE):
        s[cell] = 0.0
    s[k.S_CAP], s[k.S_FLOOR] = k.BIG, -k.BIG


def connect(p: Cells, s: Cells, m: Cells, low: float, high: float) -> None:
    """Closes the contactor after voltage and frequency were inside the window long enough; then power rises slowly."""
    dt = m[k.M_DT]
    if s[k.S_CONNECTED] > 0.5:
        if s[k.S_RAMP] < 1.0:
            s[k.S_RAMP] = min(1.0, s[k.S_RAMP] + p[k.P_GRADIENT] * dt)
            m[k.M_HINT] = min(m[k.M_HINT], 0.05)
        return
    inside = (
        p[k.P_WINDOW_F_LOW] <= s[k.S_F] <= p[k.P_WINDOW_F_HIGH]
        and low >= p[k.P_WINDOW_U_LOW]
        and high <= p[k.P_WINDOW_U_HIGH]
        and not _mean_limit_exceeded(p, s)
    )
    if inside or p[k.P_WINDOW_CHECKED] < 0.5:
        s[k.S_WAIT] += dt
        left = p[k.P_WAIT] + s[k.S_EXTRA_WAIT] - s[k.S_WAIT]
        if left <= 1e-9:
            s[k.S_CONNECTED] = 1.0
            s[k.S_REASON] = 0.0
            # The frequency that P(f) sees is settled by now; the gradient begins at zero.
            s[k.S_RAMP] = 0.0
        else:
            m[k.M_HINT] = min(m[k.M_HINT], max(left, 0.001))
    elif p[k.P_WAIT_RESTARTS] > 0.5:
        s[k.S_WAIT] = 0.0


def ride_through(p: Cells, s: Cells, m: Cells, low: float, high: float) -> None:
    """Dips and swells: normal, dip, recovery. ``S_SHARE`` is the part of the power that goes on."""
    dt = m[k.M_DT]
    s[k.S_SINCE_DIP] += dt
    if s[k.S_DIP] < 0.5 and low < p[k.P_FRT_VOLTAGE] - 0.02:
        s[k.S_DIP] = 1.0
        s[k.S_DEPTH] = 1.0
        if s[k.S_SINCE_DIP] < p[k.P_SECOND_DIP]:
            trip(p, s, float(k.REASON_DIP))
    elif s[k.S_DIP] > 0.5 and low >= p[k.P_FRT_VOLTAGE] - 0.005:
        s[k.S_DIP] = 0.0
        s[k.S_SINCE_DIP] = 0.0
        s[k.S_OVERSHOOT] = p[k.P_OVERSHOOT]
        # Power goes on from where the current limit held it.
        s[k.S_SHARE] = min(s[k.S_SHARE], 1.1 * s[k.S_DEPTH])
        if p[k.P_RECOVERY_SCALE] > 1.0:
            s[k.S_SHARE] = min(s[k.S_SHARE], 0.2)
    slack = 0.02 if s[k.S_ZERO] > 0.5 else 0.0
    zero = low < p[k.P_ZERO_BELOW] + slack or high > p[k.P_ZERO_ABOVE] - slack
    s[k.S_ZERO] = 1.0 if zero and p[k.P_ZERO_CURRENT] > 0.5 else 0.0
    if s[k.S_ZERO] > 0.5:
        s[k.S_SHARE] = 0.0
    elif s[k.S_DIP] > 0.5:
        s[k.S_DEPTH] = min(s[k.S_DEPTH], m[k.M_U_POS])
    elif s[k.S_SHARE] < 1.0:
        # Back within 40 % of the time that the code allows.
        s[k.S_SHARE] = min(1.0, s[k.S_SHARE] + dt / (0.4 * p[k.P_FRT_TIME] * p[k.P_RECOVERY_SCALE]))
    elif s[k.S_OVERSHOOT] != 0.0:
        s[k.S_OVERSHOOT] = s[k.S_OVERSHOOT] * math.exp(-dt / 0.4) if abs(s[k.S_OVERSHOOT]) > 1e-3 else 0.0
    if s[k.S_DIP] > 0.5 or s[k.S_ZERO] > 0.5 or s[k.S_SHARE] < 1.0 or s[k.S_OVERSHOOT] != 0.0:
        m[k.M_HINT] = min(m[k.M_HINT], 0.002)


def reactive_power(p: Cells, c: Cells, s: Cells, m: Cells, power: float) -> None:
    """Reactive power by the mode in force, over-excited positive, before the limits."""
    mode = int(c[k.C_Q_MODE])
    lag = p[k.P_Q_LAG]
    wanted = 0.0
    if mode == k.Q_FIXED:
        wanted = c[k.C_Q_VALUE]
    elif mode == k.Q_COSPHI:
        cosphi = c[k.C_Q_VALUE]
        tangent = math.sqrt(max(0.0, 1.0 - cosphi * cosphi)) / max(abs(cosphi), 0.1)
        # Where the apparent power is exhausted, active power yields and cos φ is kept.
        wanted = min(abs(power), p[k.P_S_MAX] * abs(cosphi)) * tangent
        wanted = wanted if cosphi > 0.0 else -wanted
    elif mode == k.Q_COSPHI_P:
        left = abs(power)
        cosphi = 1.0
        for _ in range(3):
            cosphi = max(0.1, min(1.0, curve_at(p, k.P_COSPHI_CURVE, left)))
            left = min(abs(power), p[k.P_S_MAX] * cosphi)
        wanted = -left * math.sqrt(1.0 - cosphi * cosphi) / cosphi
    elif mode == k.Q_QU:
        wanted = curve_at(p, k.P_QU_CURVE, m[k.M_U_POS]) * p[k.P_S_MAX]
        lag = p[k.P_QU_LAG]
    most = p[k.P_Q_CAPABILITY] * p[k.P_S_MAX]
    wanted = max(-most, min(most, wanted * p[k.P_Q_SIGN]))
    s[k.S_Q] += (wanted - s[k.S_Q]) * (1.0 - math.exp(-m[k.M_DT] / lag))
    if abs(wanted - s[k.S_Q]) > 1e-4:
        m[k.M_HINT] = min(m[k.M_HINT], 0.02)


def inject(p: Cells, c: Cells, s: Cells, m: Cells, power: float) -> None:
    """Limits apparent power and current, and keeps account of the energy."""
    u = max(m[k.M_U_POS], 0.02)
    reactive = s[k.S_Q]
    running = s[k.S_CONNECTED] > 0.5 and c[k.C_PLUGGED] > 0.5
    fast = p[k.P_FRT_K] * (1.0 - m[k.M_U_POS]) * p[k.P_S_MAX] if s[k.S_DIP] > 0.5 and power > 0.0 else 0.0
    fast = min(fast, p[k.P_I_DIP])
    s[k.S_FAST_Q] += (fast - s[k.S_FAST_Q]) * (1.0 - math.exp(-m[k.M_DT] / FAST_LAG))
    if not running or s[k.S_ZERO] > 0.5:
        power = 0.0
        reactive = 0.0
    elif s[k.S_DIP] > 0.5 or s[k.S_FAST_Q] > 1e-3:
        # Fast reactive current, in supply mode alone; the slow modes rest.
        reactive = s[k.S_FAST_Q] * u
    else:
        reactive -= s[k.S_PUSH] * max(abs(power), 0.2)
    most = min(p[k.P_S_MAX], (p[k.P_I_DIP] if s[k.S_DIP] > 0.5 else p[k.P_I_MAX]) * u)
    if power * power + reactive * reactive > most * most:
        if p[k.P_Q_PRIORITY] > 0.5:
            reactive = max(-most, min(most, reactive))
            rest = math.sqrt(most * most - reactive * reactive)
            power = max(-rest, min(rest, power))
        else:
            power = max(-most, min(most, power))
            rest = math.sqrt(most * most - power * power)
            reactive = max(-rest, min(rest, reactive))
    m[k.M_ON] = 1.0 if running else 0.0
    m[k.M_P] = power
    m[k.M_ID] = power / u
    m[k.M_IQ] = reactive / u
    s[k.S_SOC] = soc_after(p, s[k.S_SOC], power, m[k.M_DT])
