"""The inverter of these tests: settings without contradictions, and what is often asked of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from v2gready.grid.recording import Recording
from v2gready.grid.script import Script
from v2gready.references.inverter import (
    DEFAULT_RATING,
    REFERENCE,
    Battery,
    DerSettings,
    Detail,
    PowerReference,
    Relay,
    RunningInverter,
    Stage,
)

PN = DEFAULT_RATING.power
IN = DEFAULT_RATING.current

SETTINGS = DerSettings(
    lfsmo_threshold=50.2,
    lfsmo_droop=5.0,
    lfsmo_reference=PowerReference.AT_THRESHOLD,
    lfsmo_return_gradient=0.0016,
    lfsmo_recovery_band=(49.8, 50.1),
    lfsmu_threshold=49.8,
    lfsmu_droop=5.0,
    lfsmu_reference=PowerReference.RATED,
    lfsmu_charge_curve=((48.2, 1.0), (49.0, 0.0), (49.8, -1.0)),
    lfsmu_supply_below=49.0,
    lfsmuc_threshold=49.8,
    lfsmuc_zero=49.0,
    stages=(
        Stage("trip_u_under", Relay.U_UNDER, 0.80, 2.0),
        Stage("trip_u_under_2", Relay.U_UNDER, 0.45, 1.0),
        Stage("trip_u_over", Relay.U_OVER, 1.15, 6.0),
        Stage("trip_u_over_2", Relay.U_OVER, 1.20, 0.2),
        Stage("trip_u_over_3", Relay.U_OVER, 1.25, 0.1),
        Stage("trip_f_under", Relay.F_UNDER, 47.5, 2.0),
        Stage("trip_f_under_2", Relay.F_UNDER, 47.0, 0.1),
        Stage("trip_f_over", Relay.F_OVER, 51.5, 2.0),
        Stage("trip_f_over_2", Relay.F_OVER, 52.0, 0.1),
        Stage("trip_rocof", Relay.ROCOF, 2.5, 0.5),
    ),
    u_over_10min=1.10,
    frt_zero_below=0.5,
    frt_k=3.0,
    reconnect_frequency=(49.5, 50.1),
    reconnect_voltage=(0.85, 1.10),
    reconnect_wait=60.0,
    reconnect_gradient=0.0016,
    qu_curve=((0.93, 0.3), (0.97, 0.0), (1.03, 0.0), (1.07, -0.3)),
    qu_time=10.0,
    cosphi_p_curve=((0.0, 1.0), (0.5, 1.0), (1.0, 0.95)),
    voltwatt_curve=((1.1, 1.0), (1.1522, 0.36)),
)


def device(
    export: float = 0.0,
    faults: Sequence[str] = (),
    settings: DerSettings = SETTINGS,
    *,
    fast: bool = False,
    battery: Battery | None = None,
    seed: int = 0,
) -> RunningInverter:
    """An inverter that has settled at an export in shares of Pn; negative charges."""
    inverter = REFERENCE.open(DEFAULT_RATING, settings, faults, seed, fast=fast, battery=battery)
    inverter.set_power(-export * PN)
    inverter.advance(Script().hold(8.0))
    return inverter


def export(recording: Recording) -> np.ndarray:
    """Share of Pn, of a quantities recording."""
    return -recording.values("p") / PN


def at(recording: Recording, t: float) -> float:
    """Export as a share of Pn, ``t`` seconds after the start of the recording."""
    return float(export(recording)[round(t * recording.rate)])


def disconnection(recording: Recording) -> float:
    """Seconds from the start of a recording to the lasting end of current; infinity if it does not end."""
    i = np.abs(np.stack([recording.values(name) for name in ("i1", "i2", "i3")])).max(axis=0)
    flowing = np.flatnonzero(i > 0.01 * IN)
    if len(flowing) and flowing[-1] == len(i) - 1:
        return float("inf")
    return (flowing[-1] + 1) / recording.rate if len(flowing) else 0.0


def rms(values: np.ndarray, rate: float) -> np.ndarray:
    """Over the nominal cycle that ends at each sample."""
    window = round(rate / 50)
    sums = np.concatenate(([0.0], np.cumsum(values**2)))
    return np.sqrt((sums[window:] - sums[:-window]) / window)


def power(recording: Recording, since: float = 0.0) -> float:
    """Mean export of a waveform recording as a share of Pn."""
    first = round(since * recording.rate)
    total = sum(recording.values(f"u{n}") * recording.values(f"i{n}") for n in (1, 2, 3))
    return float(-np.mean(total[first:]) / PN)


WAVEFORM = Detail.WAVEFORM
