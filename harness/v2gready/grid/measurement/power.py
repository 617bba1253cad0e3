"""Active and reactive power, and energy. Load convention: positive into the device.

Source: IEC 61400-21-1 (P1+, Q1+ of the fundamental for control tests), IEEE 1459 (total P = mean of the sum of v i).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from v2gready.grid.measurement.rms import METHOD_SHARE, NOISE_WIDTH
from v2gready.grid.measurement.running import RunningIntegral
from v2gready.grid.measurement.synchronous import Synchronous
from v2gready.grid.measurement.waveform import lengths
from v2gready.grid.recording import Floats
from v2gready.grid.series import Series
from v2gready.model.measurement import Measurement
from v2gready.model.observation import Inconclusive


@dataclass(frozen=True, slots=True)
class Power:
    """Power of the fundamental positive sequence, all phases together.

    Attributes:
        active: W.
        reactive: var, positive when inductive reactive power is taken in.
    """

    active: Series
    reactive: Series


def power(synchronous: Synchronous, t: Floats) -> Power:
    """P1+ and Q1+ over one cycle around each instant.

    Raises:
        Inconclusive: A channel is missing or unusable.
    """
    voltage, current = synchronous.voltage(t), synchronous.current(t)
    apparent = voltage * np.conj(current) * (synchronous.waveform.phases / 2)
    sizes = _Sizes(lengths(voltage) / np.sqrt(2), lengths(current) / np.sqrt(2))
    return Power(
        _series(synchronous, t, apparent.real, "W", sizes),
        _series(synchronous, t, apparent.imag, "var", sizes),
    )


def total_power(synchronous: Synchronous, products: RunningIntegral[np.float64], t: Floats) -> Series:
    """Mean of the sum of v i over one cycle, harmonics and unbalance included, W."""
    waveform = synchronous.waveform
    values = products.mean(waveform.position(t), synchronous.cycle(t))
    centre, cycle = waveform.position(t), synchronous.cycle(t)
    voltage, current = (
        np.sqrt(np.mean([waveform.square(name).mean(centre, cycle) for name in names], axis=0))
        for names in (waveform.voltages, waveform.currents)
    )
    return _series(synchronous, t, values, "W", _Sizes(voltage, current))


def products(synchronous: Synchronous) -> RunningIntegral[np.float64]:
    """Running integral of the instantaneous power of all phases.

    Raises:
        Inconclusive: A channel is missing or unusable.
    """
    waveform = synchronous.waveform
    result = np.zeros(len(waveform.recording))
    for u, i in zip(waveform.voltages, waveform.currents, strict=True):
        result += np.multiply(waveform.samples(u), waveform.samples(i), dtype=np.float64)
    return RunningIntegral(result)


def energy(active: Series) -> Measurement:
    """Energy of a power series from its first to its last instant, Wh.

    Raises:
        Inconclusive: Fewer than two values.
    """
    if len(active) < 2:
        raise Inconclusive("energy needs at least two values of power")
    span = active.end - active.start
    work = float(np.sum((active.values[1:] + active.values[:-1]) / 2 * np.diff(active.t)))
    # Both ends move with the time stamps.
    ends = active.time_uncertainty * float(np.hypot(active.values[0], active.values[-1]))
    return Measurement(work / 3600, "Wh", float(np.hypot(active.mean().uncertainty * span, ends)) / 3600)


@dataclass(frozen=True, slots=True, eq=False)
class _Sizes:
    """RMS values of a phase, by which power is uncertain.

    Attributes:
        voltage: V.
        current: A.
    """

    voltage: Floats
    current: Floats


def _series(synchronous: Synchronous, t: Floats, values: Floats, unit: str, sizes: _Sizes) -> Series:
    waveform = synchronous.waveform
    phases = waveform.phases
    # Voltage and current have instruments of their own; the phases of one instrument err together.
    by_voltage = waveform.instrument(waveform.voltages, sizes.voltage) * sizes.current
    by_current = waveform.instrument(waveform.currents, sizes.current) * sizes.voltage
    noise_u = float(np.sqrt(np.mean([waveform.noise(name) ** 2 for name in waveform.voltages])))
    noise_i = float(np.sqrt(np.mean([waveform.noise(name) ** 2 for name in waveform.currents])))
    white = np.hypot(noise_u * sizes.current, noise_i * sizes.voltage) + noise_u * noise_i
    # Three phases scatter independently; a single real sine turned back scatters twice as much.
    scatter = NOISE_WIDTH * np.sqrt(phases if phases == 3 else 2.0) * white / np.sqrt(synchronous.cycle(t))
    method = 2 * METHOD_SHARE * phases * sizes.voltage * sizes.current + scatter
    return Series(
        t=t,
        values=values,
        unit=unit,
        uncertainty=np.hypot(phases * np.hypot(by_voltage, by_current), method),
        window=1 / waveform.nominal,
        time_uncertainty=waveform.recording.time_uncertainty,
        noise=float(np.median(scatter)),
    )
