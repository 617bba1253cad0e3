"""How fast the reference inverter is simulated, with and without numba.

``figures()`` returns the numbers; alone, ``python benchmarks/inverter.py`` prints them. Compilation is done before
anything is timed.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from v2gready.grid.script import Script
from v2gready.references.inverter import (
    DEFAULT_RATING,
    REFERENCE,
    DerSettings,
    Detail,
    IslandLoad,
    Relay,
    RunningInverter,
    Stage,
    compiled,
)

SETTINGS = DerSettings(
    lfsmo_return_gradient=0.0016,
    lfsmu_threshold=49.8,
    lfsmu_charge_curve=((49.0, 0.0), (49.8, -1.0)),
    stages=(
        Stage("trip_u_under", Relay.U_UNDER, 0.8, 2.0),
        Stage("trip_u_over", Relay.U_OVER, 1.15, 6.0),
        Stage("trip_f_under", Relay.F_UNDER, 47.5, 2.0),
        Stage("trip_f_over", Relay.F_OVER, 51.5, 2.0),
    ),
    u_over_10min=1.1,
)
TEN_SECONDS = Script().hold(4.0).step(f=50.6).hold(3.0).ramp(f=49.4, rate=1.0).hold(1.8)
LONG_HOLD = Script().step(f=48.5).hold(90 * 60.0)


def _inverter(*, fast: bool) -> RunningInverter:
    inverter = REFERENCE.open(DEFAULT_RATING, SETTINGS, fast=fast)
    inverter.set_power(-DEFAULT_RATING.power)
    inverter.advance(Script().hold(5.0))
    return inverter


def _best(action: Callable[[], object], runs: int) -> float:
    """Seconds of the quickest run: the others were disturbed."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return min(times)


def figures() -> dict[str, float]:
    """Seconds by name; those of numba are missing where it is not installed."""
    result: dict[str, float] = {}
    for fast in (True, False) if compiled.available() else (False,):
        way = "numba" if fast else "python"
        inverter = _inverter(fast=fast)
        island = _inverter(fast=fast)
        island.set_island(IslandLoad.for_power(DEFAULT_RATING.power, DEFAULT_RATING))
        for warm in (inverter, island):
            warm.advance(Script().hold(0.1), Detail.WAVEFORM)
        runs = 10 if fast else 2
        waveform = _best(lambda one=inverter: one.advance(TEN_SECONDS, Detail.WAVEFORM, rate=20_000), runs)
        result[f"inverter 10 s at 20 kHz, {way}"] = waveform
        coarse = _best(lambda one=inverter: one.advance(TEN_SECONDS, Detail.WAVEFORM, rate=10_000), runs)
        result[f"inverter 10 s at 10 kHz, {way}"] = coarse
        with_load = _best(lambda one=island: one.advance(TEN_SECONDS, Detail.WAVEFORM, rate=20_000), runs)
        result[f"inverter and load 10 s at 20 kHz, {way}"] = with_load
        hold = _best(lambda one=inverter: one.advance(LONG_HOLD, Detail.PHASOR, rate=10), runs)
        result[f"inverter 90 min hold in phasor mode, {way}"] = hold
        script = _best(lambda one=inverter: one.advance(TEN_SECONDS, Detail.PHASOR), runs)
        result[f"inverter 10 s in phasor mode, {way}"] = script
    return result


if __name__ == "__main__":
    for name, seconds in figures().items():
        print(f"{name:50} {1000 * seconds:9.1f} ms")
