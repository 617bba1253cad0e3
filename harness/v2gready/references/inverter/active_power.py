"""Active power of the control law: P(f) in both directions, P(U), schedule, state of charge, and the power loop.

Export is positive. `S_CAP` is the most that over-frequency leaves, `S_FLOOR` the least that under-frequency asks for;
both go back by the return gradient.
"""

from __future__ import annotations

import math

from v2gready.references.inverter import cells as k
from v2gready.references.inverter.cells import Cells
from v2gready.references.inverter.curves import curve_at

NOTHING = 1e-6
SOC_SLACK = 0.01
"""Share of the energy by which a battery has to leave empty or full before it counts as neither."""
ACTIVATION = 0.1
"""Seconds that the frequency has to be beyond a threshold: the swing of the PLL after a phase jump is shorter."""
STEPPING = 0.07
"""Hz; the frequency has stepped and its filter is on the way: power does not go back along the characteristic."""
STEADY = 0.1
"""Seconds after such a step until it does."""
BACK = 2.5
"""pu/s; at most so fast does power go back along the characteristic (2 Hz/s at 2 %: 2)."""
LOOP_STEP = 0.05
"""Share of the period of the power loop that one of its inner steps covers."""


def active_power(p: Cells, c: Cells, s: Cells, m: Cells) -> float:
    """Power that goes to the current loop, in pu of Pn."""
    dt = m[k.M_DT]
    s[k.S_CEASED] = s[k.S_CEASED] + dt if c[k.C_CEASE] > 0.5 else 0.0
    base = scheduled(p, c, s, m)
    if s[k.S_CONNECTED] > 0.5:
        over_frequency(p, s, m, base)
        under_frequency(p, c, s, m, base)
    else:
        # What frequency asked for ends with the connection: afterwards power begins at zero, with its own gradient.
        s[k.S_CAP], s[k.S_FLOOR] = k.BIG, -k.BIG
        s[k.S_O_ACTIVE] = s[k.S_U_ACTIVE] = s[k.S_O_TIME] = s[k.S_U_TIME] = s[k.S_SUPPLYING] = 0.0
    if p[k.P_SETPOINT_FIRST] > 0.5 and base < 0.0 < s[k.S_U_POWER]:
        s[k.S_FLOOR] = -k.BIG
    target = max(min(base, s[k.S_CAP]), s[k.S_FLOOR])
    if p[k.P_VOLTWATT_CURVE] > 0.5:
        highest = max(m[k.M_U1], m[k.M_U2], m[k.M_U3])
        most = curve_at(p, k.P_VOLTWATT_CURVE, highest)
        target = min(target, most)
        if p[k.P_VOLTWATT_CHARGING] > 0.5:
            target = max(target, -most)
    target = within_means(p, c, s, target)
    if ceases(p, c, s) or s[k.S_CONNECTED] < 0.5 or c[k.C_PLUGGED] < 0.5:
        target = 0.0
    target = crossed(p, s, m, target)
    follow(p, c, s, m, target)
    power = s[k.S_POWER] * s[k.S_SHARE]
    if s[k.S_SHARE] >= 1.0:
        power *= 1.0 + s[k.S_OVERSHOOT]
    if s[k.S_CONNECTED] > 0.5 and s[k.S_SHARE] >= 1.0 and abs(target - s[k.S_POWER]) > 5e-4:
        m[k.M_HINT] = min(m[k.M_HINT], 0.005)
    elif dt > 0.0 and abs(s[k.S_SPEED]) > 1e-4:
        m[k.M_HINT] = min(m[k.M_HINT], 0.02)
    return power


def ceases(p: Cells, c: Cells, s: Cells) -> bool:
    """The cease-power input is active, and counts."""
    if c[k.C_CEASE] < 0.5 or p[k.P_HEEDS_CEASE] < 0.5 or s[k.S_CEASED] >= p[k.P_CEASE_MEMORY]:
        return False
    return p[k.P_CEASE_CHARGING] > 0.5 or c[k.C_SETPOINT] >= 0.0


def scheduled(p: Cells, c: Cells, s: Cells, m: Cells) -> float:
    """The setpoint under its limits and ramps."""
    wanted = c[k.C_SETPOINT]
    if p[k.P_HEEDS_LIMIT] > 0.5:
        wanted = max(-c[k.C_LIMIT], min(c[k.C_LIMIT], wanted))
    if c[k.C_DISCHARGE] < 0.5:
        wanted = min(wanted, 0.0)
    if s[k.S_CONNECTED] < 0.5 or c[k.C_PLUGGED] < 0.5:
        s[k.S_SCHEDULE] = 0.0
        return 0.0
    if ceases(p, c, s):
        wanted = 0.0
    step = p[k.P_SCHEDULE_RAMP] * m[k.M_DT]
    s[k.S_SCHEDULE] += max(-step, min(step, wanted - s[k.S_SCHEDULE]))
    if abs(wanted - s[k.S_SCHEDULE]) > NOTHING:
        m[k.M_HINT] = min(m[k.M_HINT], 0.005)
    base = s[k.S_SCHEDULE]
    if s[k.S_RAMP] < 1.0:
        if p[k.P_RAMP_OUT] > 0.5:
            base = min(base, s[k.S_RAMP])
        if p[k.P_RAMP_IN] > 0.5:
            base = max(base, -s[k.S_RAMP])
    return base


def over_frequency(p: Cells, s: Cells, m: Cells, base: float) -> None:
    """LFSM-O: sets the cap above the threshold, lets it go by the return gradient below."""
    f = s[k.S_F_SLOW]
    s[k.S_STEADY] = s[k.S_STEADY] + m[k.M_DT] if abs(s[k.S_F] - f) < STEPPING else 0.0
    if s[k.S_IGNORES] > 0.5:
        if p[k.P_U_THRESHOLD] <= f <= p[k.P_O_THRESHOLD]:
            s[k.S_IGNORES] = 0.0
        s[k.S_CAP], s[k.S_FLOOR] = k.BIG, -k.BIG
    elif f > p[k.P_O_THRESHOLD]:
        s[k.S_O_TIME] += m[k.M_DT]
        if s[k.S_O_ACTIVE] < 0.5:
            m[k.M_HINT] = min(m[k.M_HINT], 0.002)
            if s[k.S_O_TIME] >= ACTIVATION:
                s[k.S_O_ACTIVE] = 1.0
                s[k.S_O_POWER] = s[k.S_POWER]
        if s[k.S_O_ACTIVE] > 0.5:
            _reduce(p, s, f - p[k.P_O_THRESHOLD], m[k.M_DT])
    else:
        s[k.S_O_ACTIVE] = 0.0
        s[k.S_O_TIME] = 0.0
        if s[k.S_CAP] < k.BIG:
            if p[k.P_BAND_LOW] <= f <= p[k.P_BAND_HIGH]:
                s[k.S_CAP] += p[k.P_RETURN] * m[k.M_DT]
                m[k.M_HINT] = min(m[k.M_HINT], 0.05)
            if s[k.S_CAP] >= base:
                s[k.S_CAP] = k.BIG


def _reduce(p: Cells, s: Cells, above: float, dt: float) -> None:
    """The characteristic of LFSM-O, ``above`` Hz above its threshold; and two bad designs of it."""
    start = s[k.S_O_POWER]
    reference = p[k.P_O_REFERENCE] if p[k.P_O_REFERENCE] > 0.0 else abs(start)
    less = reference * p[k.P_O_SLOPE] * above * p[k.P_O_SIGN]
    s[k.S_FLOOR] = -k.BIG
    if start < -NOTHING and p[k.P_O_CHARGING] < 0.5:
        s[k.S_CAP] = k.BIG
        if p[k.P_O_CHARGING] < -0.5:
            s[k.S_FLOOR] = start + less
    else:
        s[k.S_CAP] = eased(s, s[k.S_CAP], start - less, dt, 1.0)
        if p[k.P_O_SIGN] < 0.0:
            s[k.S_FLOOR] = start - less


def eased(s: Cells, before: float, wanted: float, dt: float, away: float) -> float:
    """A bound that tightens at once and loosens in the direction ``away`` no faster than the frequency can ramp.

    After a step back of the frequency its filter slides along the characteristic; the return gradient would have
    nothing left to do if power slid with it.
    """
    loosened = (wanted - before) * away
    if abs(before) >= k.BIG or loosened <= 0.0:
        return wanted
    if s[k.S_STEADY] < STEADY:
        return before
    return before + away * min(loosened, BACK * dt)


def under_frequency(p: Cells, c: Cells, s: Cells, m: Cells, base: float) -> None:
    """LFSM-U, or LFSM-UC without the right to discharge: sets the floor, lets it go by the return gradient."""
    f = s[k.S_F_SLOW]
    if s[k.S_IGNORES] > 0.5:
        return
    may_export = c[k.C_DISCHARGE] > 0.5 or p[k.P_HEEDS_RIGHT] < 0.5
    threshold = p[k.P_U_THRESHOLD]
    if not may_export and p[k.P_UC_THRESHOLD] > 0.0:
        threshold = p[k.P_UC_THRESHOLD]
    if f < threshold:
        s[k.S_U_TIME] += m[k.M_DT]
        if s[k.S_U_ACTIVE] < 0.5:
            m[k.M_HINT] = min(m[k.M_HINT], 0.002)
            if s[k.S_U_TIME] < ACTIVATION:
                return
            s[k.S_U_ACTIVE] = 1.0
            s[k.S_U_POWER] = s[k.S_POWER]
        s[k.S_CAP] = k.BIG
        start = s[k.S_U_POWER]
        charging = start < -NOTHING or (start < NOTHING and base < 0.0)
        if charging and p[k.P_U_CHARGING] < 0.5:
            s[k.S_FLOOR] = -k.BIG
        elif not may_export:
            s[k.S_FLOOR] = eased(s, s[k.S_FLOOR], _consumption_floor(p, f), m[k.M_DT], -1.0)
        else:
            s[k.S_FLOOR] = eased(s, s[k.S_FLOOR], _supply_floor(p, s, f, start, charging), m[k.M_DT], -1.0)
            _swing(p, s, m, f)
        return
    s[k.S_U_ACTIVE] = 0.0
    s[k.S_U_TIME] = 0.0
    s[k.S_SUPPLYING] = 0.0
    if s[k.S_FLOOR] > -k.BIG and s[k.S_O_ACTIVE] < 0.5:
        s[k.S_FLOOR] -= p[k.P_RETURN] * m[k.M_DT]
        m[k.M_HINT] = min(m[k.M_HINT], 0.05)
        if s[k.S_FLOOR] <= base:
            s[k.S_FLOOR] = -k.BIG


def _consumption_floor(p: Cells, f: float) -> float:
    """LFSM-UC: charging cut linearly from all to nothing; by the charge curve where the code has no LFSM-UC."""
    if p[k.P_UC_THRESHOLD] > 0.0:
        span = p[k.P_UC_THRESHOLD] - p[k.P_UC_ZERO]
        return max(-1.0, min(0.0, (p[k.P_UC_ZERO] - f) / span))
    if p[k.P_CHARGE_CURVE] > 0.5:
        return min(0.0, curve_at(p, k.P_CHARGE_CURVE, f))
    return min(0.0, -1.0 + p[k.P_U_SLOPE] * (p[k.P_U_THRESHOLD] - f))


def _supply_floor(p: Cells, s: Cells, f: float, start: float, charging: bool) -> float:  # noqa: FBT001 - hot path
    """LFSM-U: droop from the power at the threshold; while charging by the charge curve, and on into supply.

    Once it supplies, it goes on doing so until the frequency is above the threshold: no swinging to and fro.
    """
    below = p[k.P_U_THRESHOLD] - f
    reference = p[k.P_U_REFERENCE] if p[k.P_U_REFERENCE] > 0.0 else abs(start)
    if not charging:
        return start + reference * p[k.P_U_SLOPE] * below
    floor = curve_at(p, k.P_CHARGE_CURVE, f) if p[k.P_CHARGE_CURVE] > 0.5 else start + p[k.P_U_SLOPE] * below
    if p[k.P_SUPPLY] > 0.5 and (f < p[k.P_SUPPLY_BELOW] or s[k.S_SUPPLYING] > 0.5):
        s[k.S_SUPPLYING] = 1.0
        # Where the curve itself does not go on into supply, the droop of supply mode holds.
        floor = max(floor, 0.0 if curve_at(p, k.P_CHARGE_CURVE, 0.0) > 0.0 else p[k.P_U_SLOPE] * below)
    elif p[k.P_SUPPLY] < 0.5:
        floor = min(floor, -0.05)
    return floor


def _swing(p: Cells, s: Cells, m: Cells, f: float) -> None:
    """The bad design that cannot decide between charging and supply."""
    if p[k.P_TOGGLE] > 0.0 and f < p[k.P_U_THRESHOLD] - 0.1:
        s[k.S_TOGGLE] += m[k.M_DT]
        m[k.M_HINT] = min(m[k.M_HINT], 0.005)
        swing = math.sin(2.0 * math.pi * s[k.S_TOGGLE] / p[k.P_TOGGLE])
        s[k.S_FLOOR] = max(s[k.S_FLOOR], 0.4) if swing > 0.0 else min(s[k.S_FLOOR], -0.4)


def within_means(p: Cells, c: Cells, s: Cells, target: float) -> float:
    """What the battery and the contract allow. ``S_CANNOT`` notes that support is asked for in vain."""
    asked = target
    note_charge(p, s)
    if s[k.S_EMPTY] > 0.5 and p[k.P_HEEDS_SOC] > 0.5:
        target = min(target, 0.0)
    if s[k.S_FULL] > 0.5 and p[k.P_HEEDS_SOC] > 0.5:
        target = max(target, 0.0)
    if c[k.C_DISCHARGE] < 0.5 and p[k.P_HEEDS_RIGHT] > 0.5:
        target = min(target, 0.0)
    target = max(-p[k.P_CHARGE], min(1.0, target))
    s[k.S_CANNOT] = 1.0 if asked != target else 0.0
    return target


def note_charge(p: Cells, s: Cells) -> None:
    """Whether the battery is empty or full, with slack: a short charge does not make an empty battery support."""
    soc = s[k.S_SOC]
    if soc <= p[k.P_SOC_MIN]:
        s[k.S_EMPTY] = 1.0
    elif soc > p[k.P_SOC_MIN] + SOC_SLACK:
        s[k.S_EMPTY] = 0.0
    if soc >= p[k.P_SOC_MAX]:
        s[k.S_FULL] = 1.0
    elif soc < p[k.P_SOC_MAX] - SOC_SLACK:
        s[k.S_FULL] = 0.0


def crossed(p: Cells, s: Cells, m: Cells, target: float) -> float:
    """Zero for a moment between charging and discharging: the bridge turns over."""
    side = 0.0
    if target > NOTHING:
        side = 1.0
    elif target < -NOTHING:
        side = -1.0
    if side == 0.0 or side == s[k.S_MODE]:
        s[k.S_CROSSING] = 0.0
        return target
    if s[k.S_MODE] == 0.0:
        s[k.S_MODE] = side
        return target
    m[k.M_HINT] = min(m[k.M_HINT], 0.005)
    if abs(s[k.S_POWER]) < 0.005:
        s[k.S_CROSSING] += m[k.M_DT]
        if s[k.S_CROSSING] >= p[k.P_CROSSING]:
            s[k.S_MODE] = side
            s[k.S_CROSSING] = 0.0
            return target
    return 0.0


def follow(p: Cells, c: Cells, s: Cells, m: Cells, target: float) -> None:
    """The power loop: second order, in inner steps that are short against its period."""
    dt = m[k.M_DT]
    if ceases(p, c, s):
        step = p[k.P_CEASE_RAMP] * dt
        s[k.S_POWER] -= max(-step, min(step, s[k.S_POWER]))
        s[k.S_SPEED] = 0.0
        if s[k.S_POWER] != 0.0:
            m[k.M_HINT] = min(m[k.M_HINT], 0.005)
        return
    if abs(target - s[k.S_POWER]) < NOTHING and abs(s[k.S_SPEED]) < NOTHING:
        s[k.S_POWER] = target
        s[k.S_SPEED] = 0.0
        return
    w = p[k.P_RESPONSE]
    steps = 1 + int(dt * w / LOOP_STEP)
    h = dt / steps
    for _ in range(steps):
        pull = w * (w * (target - s[k.S_POWER]) - 2.0 * p[k.P_DAMPING] * s[k.S_SPEED])
        s[k.S_SPEED] += pull * h
        s[k.S_POWER] += s[k.S_SPEED] * h
    if s[k.S_POWER] > 1.0 or s[k.S_POWER] < -p[k.P_CHARGE]:
        s[k.S_POWER] = max(-p[k.P_CHARGE], min(1.0, s[k.S_POWER]))
        s[k.S_SPEED] = 0.0


def soc_after(p: Cells, soc: float, power: float, dt: float) -> float:
    """State of charge after ``dt`` seconds of that power at the terminals."""
    if power > 0.0:
        return soc - power * dt / (p[k.P_STORE] * p[k.P_EFFICIENCY])
    return soc - power * dt * p[k.P_EFFICIENCY] / p[k.P_STORE]
