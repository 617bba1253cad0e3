"""The waveform plant at an ideal grid, in arrays: what the interpreted simulation uses where nothing comes back.

At a grid without impedance the current moves neither the voltages nor the PLL. So the voltages come first, then the
PLL, then the control law each millisecond, then the currents; the PLL alone goes sample by sample. It is the model of
`plant_waveform` with the same cells; a test holds the two together.
"""

from __future__ import annotations

import cmath
import math
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from v2gready.grid.recording import Floats
from v2gready.references.inverter import cells as k
from v2gready.references.inverter import plant_waveform as w
from v2gready.references.inverter.cells import Cells
from v2gready.references.inverter.controller import control

_SEQUENCE = np.array([[2.0 / 3.0, -1.0 / 3.0, -1.0 / 3.0], [0.0, w.HALF_ROOT_3 / 1.5, -w.HALF_ROOT_3 / 1.5]])
"""From the phases to the axes of the space vector."""


def is_ideal(z: Cells) -> bool:
    """The network is an ideal grid, whatever load is beside it."""
    return z[w.Z_OPEN] < 0.5 and z[w.Z_GRID_R] == 0.0 and z[w.Z_GRID_L] == 0.0


def simulate_ideal(  # noqa: PLR0917 - as plant_waveform.simulate_waveform
    p: Cells,
    c: Cells,
    s: Cells,
    m: Cells,
    y: Cells,
    z: Cells,
    quarter: list[float],
    cycle: list[float],
    v: Floats,
    out: NDArray[np.float32],
    rate: float,
) -> None:
    """`plant_waveform.simulate_waveform` for a network that `is_ideal`.

    Args:
        p: Parameters.
        c: Commands.
        s: State of the control law.
        m: Measurements.
        y: State of this plant.
        z: The network.
        quarter: Memory of the last quarter cycle.
        cycle: Memory of the running sums of squared voltages.
        v: Voltages, shape (3, n).
        out: Filled with voltages and currents, shape (6, n).
        rate: Samples per second.
    """
    samples = v.shape[1]
    span = max(1, round(rate * w.TICK))
    ticks = np.arange(span - 1 - int(y[w.Y_TICK]), samples, span)
    vector = _positive_sequence(y, quarter, v)
    lags = [_lag(y[w.Y_F])]
    theta, f, u_pos = _pll(p, y, vector, ticks, rate)
    rms = _rms(p, y, cycle, v, ticks, f, rate)
    amplitude = [y[w.Y_SOURCE]]
    running = [(y[w.Y_ON], y[w.Y_REF_D], y[w.Y_REF_Q])]
    lags += [_lag(one) for one in f]
    peak = math.sqrt(2.0) * p[k.P_VOLTAGE]
    smooth = 1.0 - math.exp(-w.TICK / w.SOURCE_LAG)
    for number in range(len(ticks)):
        m[k.M_U1], m[k.M_U2], m[k.M_U3] = rms[number]
        m[k.M_U_POS], m[k.M_F], m[k.M_DT] = u_pos[number], f[number], span / rate
        control(p, c, s, m)
        cos_lag, sin_lag = math.cos(lags[number + 1]), math.sin(lags[number + 1])
        i_d, i_q = m[k.M_ID], m[k.M_IQ]
        running.append((m[k.M_ON], i_d * cos_lag + i_q * sin_lag, i_d * sin_lag - i_q * cos_lag))
        wanted = z[w.Z_GENERATION] / (1.5 * peak * max(u_pos[number], 0.2))
        amplitude.append(amplitude[-1] + (wanted - amplitude[-1]) * smooth)
    if z[w.Z_GENERATION] != 0.0:
        _generate(y, vector, amplitude, lags, ticks, w.PLL_FREEZE * peak)
    y[w.Y_SOURCE] = amplitude[-1]
    if z[w.Z_LOAD] > 0.5:
        _magnetise(y, v, 1.0 / (2.0 * z[w.Z_INDUCTANCE] * rate))
    out[:3] = v
    out[3:] = _currents(p, y, theta, running, ticks, rate)
    y[w.Y_V1], y[w.Y_V2], y[w.Y_V3] = v[:, -1].tolist()
    y[w.Y_TICK] = float(samples - 1 - ticks[-1]) if len(ticks) else y[w.Y_TICK] + samples


def _lag(f: float) -> float:
    """Radians by which the quarter-cycle filter lags when the frequency is not 50 Hz."""
    return 0.25 * math.pi * (f / 50.0 - 1.0)


def _positive_sequence(y: Cells, quarter: list[float], v: Floats) -> NDArray[np.complex128]:
    """Space vector with a quarter of a cycle ago cancelled; the memory goes on."""
    alpha, beta = _SEQUENCE @ v
    vector = alpha + 1j * beta
    size, at = len(quarter) // 2, int(y[w.Y_QUARTER])
    known = np.concatenate((np.roll(np.array(quarter).view(np.complex128), -at), vector))
    at = (at + len(vector)) % size
    quarter[:] = np.roll(known[-size:], at).view(np.float64).tolist()
    y[w.Y_QUARTER] = float(at)
    return np.asarray(0.5 * (vector + 1j * known[: len(vector)]))


def _pll(
    p: Cells, y: Cells, vector: NDArray[np.complex128], ticks: NDArray[np.int_], rate: float
) -> tuple[Floats, list[float], list[float]]:
    """Angle at each sample; frequency and positive sequence at each pass of the control law."""
    dt = 1.0 / rate
    gain = 2.0 * w.PLL_DAMPING * w.PLL_BANDWIDTH
    integral_dt = w.PLL_BANDWIDTH * w.PLL_BANDWIDTH * dt
    f_smooth = 1.0 - math.exp(-dt / w.FREQUENCY_LAG)
    u_smooth = 1.0 - math.exp(-dt / w.SEQUENCE_LAG)
    turn = 2.0 * math.pi
    theta, omega, f, u_pos = y[w.Y_THETA], y[w.Y_OMEGA], y[w.Y_F], y[w.Y_U_POS]
    sizes = (np.abs(vector) / (math.sqrt(2.0) * p[k.P_VOLTAGE])).tolist()
    angles = np.angle(vector).tolist()
    thetas: list[float] = []
    fs: list[float] = []
    positives: list[float] = []
    sin, keep, freeze = math.sin, thetas.append, w.PLL_FREEZE
    for since, until in pairwise((0, *(int(tick) + 1 for tick in ticks), len(vector))):
        for angle, size in zip(angles[since:until], sizes[since:until], strict=True):
            speed = omega
            if size > freeze:
                error = sin(angle - theta)
                omega += integral_dt * error
                speed = omega + gain * error
            theta += speed * dt
            f += (speed / turn - f) * f_smooth
            u_pos += (size - u_pos) * u_smooth
            keep(theta)
        if len(fs) < len(ticks):
            fs.append(f)
            positives.append(u_pos)
            if theta > turn:
                theta -= turn * math.floor(theta / turn)
    y[w.Y_THETA], y[w.Y_OMEGA], y[w.Y_F], y[w.Y_U_POS] = theta, omega, f, u_pos
    return np.array(thetas), fs, positives


def _rms(  # noqa: PLR0917 - cells, samples and where to look
    p: Cells, y: Cells, cycle: list[float], v: Floats, ticks: NDArray[np.int_], f: list[float], rate: float
) -> list[list[float]]:
    """RMS of the last cycle at each pass of the control law, in pu; the memory goes on."""
    size, at = len(cycle) // 3, int(y[w.Y_CYCLE])
    memory = np.roll(np.array(cycle).reshape(size, 3).T, -1 - at, axis=1)
    sums = np.concatenate((memory, v * v), axis=1)
    sums[:, size - 1 :] = np.cumsum(sums[:, size - 1 :], axis=1)
    at = (at + v.shape[1]) % size
    cycle[:] = np.roll(sums[:, -size:], at + 1, axis=1).T.ravel().tolist()
    y[w.Y_CYCLE] = float(at)
    y[w.Y_SUM1], y[w.Y_SUM2], y[w.Y_SUM3] = sums[:, -1].tolist()
    window = rate / np.clip(f, 45.0, 55.0)
    whole = window.astype(np.int_)
    part = window - whole
    last = ticks + size
    start = (1.0 - part) * sums[:, last - whole] + part * sums[:, last - whole - 1]
    square = np.maximum((sums[:, last] - start) / window, 0.0)
    rms: list[list[float]] = (np.sqrt(square) / p[k.P_VOLTAGE]).T.tolist()
    return rms


def _generate(  # noqa: PLR0917 - cells, samples and what the control pass left
    y: Cells,
    vector: NDArray[np.complex128],
    amplitude: list[float],
    lags: list[float],
    ticks: NDArray[np.int_],
    least: float,
) -> None:
    """Current of the local source at the last two samples: an island that opens now goes on from them."""
    samples = len(vector)
    for n in range(max(0, samples - 2), samples):
        passes = int(np.searchsorted(ticks, n))
        present = complex(vector[n])
        current = amplitude[passes] / max(abs(present), least) * present * cmath.exp(1j * lags[passes])
        y[w.Y_BEFORE_A], y[w.Y_BEFORE_B] = y[w.Y_G_A], y[w.Y_G_B]
        y[w.Y_G_A], y[w.Y_G_B] = current.real, current.imag


def _magnetise(y: Cells, v: Floats, half_over_l: float) -> None:
    """The inductors of the load take in what the voltages have been, by the trapezoidal rule."""
    for phase in range(3):
        total = 2.0 * float(np.sum(v[phase])) + y[w.Y_V1 + phase] - float(v[phase, -1])
        y[w.Y_L1 + phase] += half_over_l * total


def _currents(  # noqa: PLR0917 - cells, angles and what the control law asked for
    p: Cells,
    y: Cells,
    theta: Floats,
    running: list[tuple[float, float, float]],
    ticks: NDArray[np.int_],
    rate: float,
) -> Floats:
    """Currents into the device at each sample, shape (3, n): a lag behind what the control law asked for last."""
    samples = len(theta)
    keep = math.exp(-1.0 / (rate * w.CURRENT_LAG))
    begins = [0, *(int(tick) for tick in ticks)]
    lengths = np.diff([*begins, samples])
    current = complex(y[w.Y_ID], y[w.Y_IQ])
    wanted, away, on = [], [], []
    for (connected, ref_d, ref_q), length in zip(running, lengths.tolist(), strict=True):
        closed = connected > 0.5
        goal = complex(ref_d, ref_q) if closed else 0j
        wanted.append(goal)
        # With the contactor open the current is gone at once.
        away.append(current - goal if closed else 0j)
        on.append(closed)
        if length:
            current = goal + away[-1] * keep**length
    passed = np.arange(1, samples + 1) - np.repeat(begins, lengths)
    decay = keep ** np.arange(passed.max(initial=0) + 1)
    i = np.repeat(wanted, lengths) + np.repeat(away, lengths) * decay[passed]
    unit = np.cos(theta) + 1j * np.sin(theta)
    vector = i * unit
    fifth, seventh, unbalance = p[k.P_FIFTH], p[k.P_SEVENTH], p[k.P_UNBALANCE]
    if fifth != 0.0 or seventh != 0.0:
        vector = vector + i.real * (fifth * (unit**5).conj() + seventh * unit**7)
    base = math.sqrt(2.0) * p[k.P_PN] / (3.0 * p[k.P_VOLTAGE])
    dc = p[k.P_DC] * p[k.P_PN] / (3.0 * p[k.P_VOLTAGE])
    across, along = w.HALF_ROOT_3 * vector.imag, 0.5 * vector.real
    present = np.array([y[w.Y_I1], y[w.Y_I2], y[w.Y_I3]])[:, None]
    following = np.stack(
        (
            -base * vector.real * (1.0 + unbalance) + dc,
            -base * (across - along) * (1.0 - unbalance) - 0.5 * dc,
            base * (across + along) - 0.5 * dc,
        )
    )
    following *= np.repeat(on, lengths)
    known = np.concatenate((present, following), axis=1)
    y[w.Y_ON], y[w.Y_REF_D], y[w.Y_REF_Q] = running[-1]
    y[w.Y_ID], y[w.Y_IQ] = float(i[-1].real), float(i[-1].imag)
    y[w.Y_J1], y[w.Y_J2], y[w.Y_J3] = known[:, -2].tolist()
    y[w.Y_I1], y[w.Y_I2], y[w.Y_I3] = known[:, -1].tolist()
    return known[:, :-1]
