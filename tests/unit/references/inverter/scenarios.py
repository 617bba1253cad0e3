"""For each fault of the catalogue, what to do so that it shows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from tests.unit.references.inverter.device import PN, SETTINGS, WAVEFORM
from v2gready.grid.script import Script
from v2gready.references.inverter import DEFAULT_RATING, DerSettings, IslandLoad, PowerReference, RunningInverter

Scenario = Callable[[RunningInverter], None]

QUICK = 10_000


def frequency(
    export: float, *steps: float, hold: float = 4.0, right: bool = True, soc: float | None = None
) -> Scenario:
    """Frequency steps at an export in pu."""

    def run(inverter: RunningInverter) -> None:
        inverter.allow_discharge(right)
        if soc is not None:
            inverter.set_soc(soc)
        inverter.set_power(-export * PN)
        script = Script().hold(8.0)
        for f in steps:
            script = script.step(f=f).hold(hold)
        inverter.advance(script)

    return run


def voltage(export: float, *parts: tuple[object, float]) -> Scenario:
    """Voltage steps and their seconds at an export in pu."""

    def run(inverter: RunningInverter) -> None:
        inverter.set_power(-export * PN)
        script = Script().hold(8.0)
        for u, seconds in parts:
            script = script.step(u=u).hold(seconds)  # type: ignore[arg-type]
        inverter.advance(script)

    return run


def reactive(mode: str, value: float = 0.0, export: float = 1.0) -> Scenario:
    """A reactive mode, over a step of voltage."""

    def run(inverter: RunningInverter) -> None:
        inverter.set_power(-export * PN)
        inverter.set_reactive(mode, value)
        inverter.advance(Script().hold(8.0).step(u=0.93).hold(20.0))

    return run


def trip(*parts: tuple[float, float], export: float = 1.0) -> Scenario:
    """A trip at 52.2 Hz, then frequencies and their seconds."""

    def run(inverter: RunningInverter) -> None:
        inverter.set_power(-export * PN)
        script = Script().hold(8.0).step(f=52.2).hold(0.5)
        for f, seconds in parts:
            script = script.step(f=f).hold(seconds)
        inverter.advance(script)
        inverter.registers()

    return run


def island(export: float, *, q: float = 0.0, generation: float = 0.0) -> Scenario:
    """The switch opens."""

    def run(inverter: RunningInverter) -> None:
        inverter.set_power(-export * PN)
        inverter.advance(Script().hold(8.0))
        load = IslandLoad.for_power(export * PN, DEFAULT_RATING, q_imbalance=q, generation=generation)
        inverter.set_island(load)
        inverter.advance(Script().hold(0.2), WAVEFORM, rate=QUICK)
        inverter.open_island_switch()
        inverter.advance(Script().hold(0.8), WAVEFORM, rate=QUICK)

    return run


def waveform(inverter: RunningInverter) -> None:
    """Rated export, sample by sample."""
    inverter.set_power(-PN)
    inverter.advance(Script().hold(8.0))
    inverter.advance(Script().hold(0.2), WAVEFORM, rate=QUICK)


def read_back(inverter: RunningInverter) -> None:
    """Settings."""
    inverter.registers()


def rewritten(inverter: RunningInverter) -> None:
    """Another droop is written."""
    inverter.configure(replace(SETTINGS, lfsmo_droop=12.0))
    inverter.registers()
    frequency(1.0, 50.7)(inverter)


def limit(inverter: RunningInverter) -> None:
    """A limit of 30 %."""
    inverter.set_limit(0.3)
    inverter.set_power(-PN)
    inverter.advance(Script().hold(8.0))


def ceased(export: float, seconds: float = 5.0) -> Scenario:
    """The input."""

    def run(inverter: RunningInverter) -> None:
        inverter.set_power(-export * PN)
        inverter.advance(Script().hold(8.0))
        inverter.set_cease(True)
        inverter.advance(Script().hold(seconds))

    return run


cease = ceased(1.0)


def charge_while_low(inverter: RunningInverter) -> None:
    """A setpoint to charge comes while the frequency is low."""
    inverter.set_power(-0.3 * PN)
    inverter.advance(Script().hold(8.0).step(f=49.3).hold(4.0))
    inverter.set_power(PN)
    inverter.advance(Script(frequency=49.3).hold(8.0))


def unplugged(inverter: RunningInverter) -> None:
    """Another car comes at 49.3 Hz."""
    inverter.advance(Script().step(f=49.3).hold(2.0))
    inverter.unplug()
    inverter.advance(Script(frequency=49.3).hold(1.0))
    inverter.plug()
    inverter.set_power(PN)
    inverter.advance(Script(frequency=49.3).hold(5.0))


def supply_loss(inverter: RunningInverter) -> None:
    """During export."""
    inverter.set_power(-PN)
    inverter.advance(Script().hold(8.0))
    inverter.power_loss()
    inverter.advance(Script().hold(5.0))


def ramp(inverter: RunningInverter) -> None:
    """2 Hz/s, within the immunity."""
    inverter.set_power(-0.5 * PN)
    inverter.advance(Script().hold(8.0).ramp(f=51.0, rate=2.0).hold(1.0))


def jump(inverter: RunningInverter) -> None:
    """10°, without any change of frequency."""
    inverter.set_power(-0.5 * PN)
    inverter.advance(Script().hold(8.0).step(jump=10.0).hold(1.0))


def stage(name: str) -> Mapping[str, Scenario]:
    """Every fault of one protection stage."""
    inner, outer, seconds = _STAGE_STEPS[name]
    quantity = "u" if name.startswith("u") else "f"
    step = voltage if quantity == "u" else None

    def play(value: float) -> Scenario:
        if step is not None:
            return voltage(0.3, (value, seconds))
        return frequency(0.3, value, hold=seconds)

    return {
        f"{name}-slow": play(outer),
        f"{name}-dead": play(outer),
        f"{name}-quick": play(outer),
        f"{name}-far": play(outer),
        f"{name}-near": play(inner),
    }


_STAGE_STEPS = {
    "u-under": (0.81, 0.79, 3.5), "u-under-2": (0.46, 0.44, 1.8), "u-over": (1.14, 1.16, 10.0),
    "u-over-2": (1.19, 1.21, 0.5), "u-over-3": (1.24, 1.26, 0.5), "f-under": (47.6, 47.4, 3.5),
    "f-under-2": (47.1, 46.9, 0.5), "f-over": (51.45, 51.6, 3.5), "f-over-2": (51.9, 52.1, 0.5),
}  # fmt: skip
"""Just inside, just outside, and how long to wait."""


def rocof(rate: float) -> Scenario:
    """A ramp from 47.6 to 51.45 Hz."""

    def run(inverter: RunningInverter) -> None:
        inverter.set_power(-0.3 * PN)
        inverter.advance(Script().hold(8.0).step(f=47.6).hold(1.5).ramp(f=51.45, rate=rate).hold(0.5))

    return run


_RETURN = frequency(1.0, 51.0, 50.15, 50.0, hold=15.0)

SCENARIOS: Mapping[str, Scenario] = {
    "lfsmo-sign-flip": frequency(0.5, 50.7),
    "frequency-mirrored": frequency(0.5, 50.7),
    "frequency-reads-20mhz-high": frequency(1.0, 51.0),
    "frequency-reads-50mhz-low": frequency(1.0, 51.0),
    "slow-response": frequency(1.0, 50.7),
    "power-overshoot": frequency(1.0, 50.7),
    "power-oscillates": frequency(1.0, 50.7),
    "frequency-filter-slow": frequency(1.0, 50.7),
    "lfsmo-off": frequency(1.0, 50.7),
    "lfsmo-droop-doubled": frequency(1.0, 50.7),
    "lfsmo-droop-halved": frequency(1.0, 50.7),
    "lfsmo-threshold-20mhz-high": frequency(1.0, 50.3),
    "lfsmo-threshold-100mhz-high": frequency(1.0, 50.3),
    "lfsmo-threshold-100mhz-low": frequency(1.0, 50.19),
    "lfsmo-reference-rated": frequency(0.5, 50.7),
    "lfsmo-reference-at-threshold": frequency(0.5, 50.7),
    "lfsmo-dead-while-charging": frequency(-0.5, 50.7),
    "lfsmo-reverses-charging": frequency(-0.5, 50.7),
    "no-return-gradient": _RETURN,
    "return-gradient-tripled": _RETURN,
    "recovery-band-ignored": _RETURN,
    "power-limit-ignored": limit,
    "setpoint-slow": limit,
    "setpoint-sluggish": limit,
    "setpoint-before-frequency": charge_while_low,
    "support-sticks": _RETURN,
    "lfsmu-dead": frequency(-1.0, 49.3),
    "lfsmu-ignores-charging": frequency(-1.0, 49.3),
    "no-supply-below-49": frequency(-1.0, 48.9),
    "exports-without-right": frequency(-1.0, 48.8, right=False),
    "mode-toggles": frequency(-1.0, 49.5),
    "soc-limit-ignored": frequency(0.3, 49.0, soc=0.1),
    "forgets-after-unplug": unplugged,
    "crossing-slow": frequency(-1.0, 48.5),
    "lfsmu-droop-doubled": frequency(0.2, 49.3),
    "lfsmu-droop-halved": frequency(0.2, 49.3),
    "lfsmu-threshold-100mhz-low": frequency(-1.0, 49.5),
    "lfsmu-threshold-100mhz-high": frequency(0.2, 49.85),
    "lfsmu-reference-rated": frequency(0.4, 49.3),
    "lfsmu-reference-at-threshold": frequency(0.2, 49.3),
    "charge-curve-flat": frequency(-1.0, 49.4),
    "lfsmuc-late": frequency(-1.0, 49.4, right=False),
    "trips-at-rocof": ramp,
    "trips-at-slow-rocof": rocof(1.25),
    "trips-at-phase-jump": jump,
    "trips-at-47.6-hz": frequency(0.3, 47.6),
    "trips-at-51.4-hz": frequency(0.3, 51.4),
    "trips-at-49.1-hz": frequency(0.3, 49.1, hold=6.0),
    "trips-after-long-hold": frequency(0.3, 48.5, hold=62.0),
    "trips-after-long-high-hold": frequency(0.3, 51.3, hold=62.0),
    "trips-on-dip": voltage(1.0, (0.6, 0.2), (1.0, 1.0)),
    "trips-on-shallow-dip": voltage(1.0, (0.81, 0.5), (1.0, 1.0)),
    "trips-on-swell": voltage(1.0, (1.14, 0.5), (1.0, 1.0)),
    "trips-on-unbalance": voltage(1.0, ((0.6, 1.0, 1.0), 0.2), (1.0, 1.0)),
    "trips-on-second-dip": voltage(1.0, (0.2, 0.15), (1.0, 0.3), (0.2, 0.15), (1.0, 1.0)),
    "recovery-slow": voltage(1.0, (0.2, 0.15), (1.0, 2.0)),
    "recovery-overshoot": voltage(0.5, (0.2, 0.15), (1.0, 2.0)),
    "recovery-reversed": voltage(-0.5, (0.2, 0.15), (1.0, 2.0)),
    "fast-current-inverted": voltage(0.4, (0.7, 0.3)),
    "fast-current-third": voltage(0.4, (0.7, 0.3)),
    "trips-on-long-dip": voltage(1.0, (0.6, 0.8), (1.0, 1.0)),
    "trips-on-long-swell": voltage(0.3, (1.14, 21.0)),
    "trips-at-0.88-un": voltage(0.3, (0.86, 12.0)),
    "trips-at-1.08-un": voltage(0.3, (1.09, 32.0)),
    "over-current-in-dip": voltage(-1.0, (0.6, 0.3)),
    "no-zero-current": voltage(1.0, (0.4, 0.3)),
    "no-fast-current": voltage(0.4, (0.7, 0.3)),
    "rocof-slow": rocof(2.8),
    "rocof-dead": rocof(3.0),
    "rocof-quick": rocof(3.0),
    "rocof-far": rocof(3.0),
    "rocof-near": rocof(2.2),
    "u-over-10min-dead": voltage(0.3, (1.11, 600.0)),
    "u-over-10min-high": voltage(0.3, (1.11, 600.0)),
    "u-over-10min-low": voltage(0.3, (1.11, 520.0)),
    "u-over-10min-not-averaged": voltage(0.3, (1.11, 80.0)),
    "protection-off": frequency(0.3, 52.2),
    "reconnects-early": trip((50.0, 45.0)),
    "reconnects-late": trip((50.0, 75.0)),
    "reconnect-window-ignored": trip((50.3, 75.0)),
    "reconnect-window-wide": trip((50.15, 75.0)),
    "reconnect-timer-not-restarted": trip((50.0, 59.0), (50.3, 1.0), (50.0, 20.0)),
    "no-reconnect-gradient": trip((50.0, 75.0)),
    "reconnect-gradient-doubled": trip((50.0, 75.0)),
    "no-reconnect-gradient-charging": trip((50.0, 75.0), export=-1.0),
    "no-reconnect-gradient-discharging": trip((50.0, 75.0)),
    "never-reconnects": trip((50.0, 75.0)),
    "closes-after-supply-loss": supply_loss,
    "cease-ignored": cease,
    "cease-slow": cease,
    "cease-forgotten": ceased(1.0, 35.0),
    "cease-ignored-charging": ceased(-1.0),
    "island-passive-only": island(1.0),
    "island-discharging-only": island(-0.5, generation=PN),
    "island-gain-low": island(1.0),
    "island-unprotected": island(1.0),
    "qu-off": reactive("qu"),
    "qu-inverted": reactive("qu"),
    "qu-half": reactive("qu"),
    "qu-slow": reactive("qu"),
    "q-sign-wrong": reactive("cosphi", 0.9),
    "q-capability-cut": reactive("cosphi", 0.9),
    "cosphi-p-off": reactive("cosphi_p"),
    "voltwatt-off": voltage(1.0, (1.13, 2.0)),
    "voltwatt-late": voltage(1.0, (1.13, 2.0)),
    "voltwatt-early": voltage(1.0, (1.13, 2.0)),
    "voltwatt-cuts-charging": voltage(-1.0, (1.13, 2.0)),
    "phase-dead": waveform,
    "thd-8-percent": waveform,
    "dc-2-percent": waveform,
    "phases-unbalanced": waveform,
    "current-limit-high": voltage(1.0, (0.84, 1.0), (0.6, 0.3)),
    "preset-of-another-country": read_back,
    "shows-one-preset-runs-another": frequency(0.3, 50.6),
    "settings-change-after-trip": trip(),
    "droop-read-back-wrong": read_back,
    "enter-service-read-back-wrong": read_back,
    "trip-times-read-back-wrong": read_back,
    "new-settings-ignored": rewritten,
    "new-settings-refused": rewritten,
}


def scenario(fault: str) -> tuple[Scenario, DerSettings]:
    """What shows a fault, and the settings for it."""
    for name in _STAGE_STEPS:
        if fault in stage(name):
            # The stages of the same quantity would come first, or the voltage itself is cut by another function.
            chosen = tuple(one for one in SETTINGS.stages if one.name == "trip_" + name.replace("-", "_"))
            return stage(name)[fault], replace(SETTINGS, stages=chosen, frt_zero_below=None)
    settings = SETTINGS
    if fault == "lfsmo-reference-at-threshold":
        settings = replace(SETTINGS, lfsmo_reference=PowerReference.RATED)
    if fault == "lfsmu-reference-rated":
        settings = replace(SETTINGS, lfsmu_reference=PowerReference.AT_THRESHOLD)
    return SCENARIOS[fault], settings


def covered() -> Iterable[str]:
    """Every fault that has a scenario."""
    return {*SCENARIOS, *(fault for name in _STAGE_STEPS for fault in stage(name))}
