"""Words for islands: a parallel RLC load that the device is left alone with, and how long it goes on (IEC 62116).

The load is not measured while the grid is there. Once the switch is open, the current of the device is the current of
the load: voltage and current of the island itself tell whether it was as wanted.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from v2gready.authoring.expectations import holds
from v2gready.authoring.grid.bench import GridBench, GridCase
from v2gready.authoring.grid.judgements import remark, within
from v2gready.authoring.grid.view import ONE_CYCLE, Span, View
from v2gready.grid import measurement as measure
from v2gready.grid.recording import ChannelNames, Floats, Kind
from v2gready.model.measurement import Measurement
from v2gready.model.observation import Inconclusive, Observation
from v2gready.model.trace import Trace

LEAD: Final = 0.5
"""Seconds at the grid that are recorded before the switch opens."""
AFTER: Final = 0.3
"""Seconds recorded beyond the time that the code allows, so that being late shows as well."""
TRIMMED: Final = 0.02
"""Share of the power of the device by which the load may differ from what the case wants: what is left flows through
the switch (IEC 62116: 1 % of rated current [S2]; the rest is the doubt of the estimate)."""
TUNED: Final = 0.01
"""Share by which its reactive power may differ; beside a generator it is known less well."""
VOLTAGE_TOLERANCE: Final = 0.015
"""Un by which the voltage of the first cycle may differ beside a generator that is not measured."""
QUALITY_TOLERANCE: Final = 0.1
"""By which the quality factor may differ (IEC 62116 [S2])."""
EDGE: Final = 0.002
"""Seconds that the estimate keeps away from the opening and from the end of the current."""
LEAST: Final = 0.03
"""Seconds of an island without which nothing can be said about the load."""
LONGEST: Final = 0.5
"""Seconds of an island that the estimate looks at."""
MOVING: Final = 2.5
"""Hz by which frequency must move for coil and capacitor to be told apart."""


@dataclass(frozen=True, slots=True)
class Load:
    """The load beside the device as the island showed it, as shares of the power that the device exported before.

    Attributes:
        active: Active power at the voltage before.
        surplus: Inductive less capacitive reactive power at nominal frequency.
        stored: Geometric mean of both; None if frequency did not move enough to tell.
        frequency: Hz, over the first cycle of the island.
        voltage: pu, positive sequence over the first cycle.
    """

    active: float
    surplus: float
    stored: float | None
    frequency: float
    voltage: float


class IslandCase(GridCase):
    """The device notices that it is alone with a load that takes what it gives, and leaves in time.

    Attributes:
        level: Share of rated power that it exports; negative: it charges.
        p_mismatch: Active power of the load above that of the device, as a share of it.
        q_mismatch: Reactive power of the load (inductive positive), as a share of the active power of the device.
        generation: Power of another source beside the load as a share of rated power.
    """

    area: ClassVar[str] = "islanding"
    requirements: ClassVar[tuple[str, ...]] = ("GRID-ISLAND",)
    parameters: ClassVar[tuple[str, ...]] = ("islanding_time", "islanding_quality_factor")
    pics: ClassVar[str] = "island_detection and discharge"
    hooks: ClassVar[tuple[str, ...]] = ("set_power",)
    instruments: ClassVar[tuple[str, ...]] = ("grid_simulator", "power_analyser", "island_load")
    level: ClassVar[float] = 1.0
    p_mismatch: ClassVar[float] = 0.0
    q_mismatch: ClassVar[float] = 0.0
    generation: ClassVar[float] = 0.0

    def surplus(self, of: View | GridBench) -> float:  # noqa: ARG002 - an override may need the code
        """Reactive mismatch of the load."""
        return self.q_mismatch

    async def prepare(self, bench: GridBench) -> None:
        """What the case wants at the grid, once the device is at its power."""

    def prepared(self, view: View) -> None:
        """It was done.

        Raises:
            Inconclusive: It was not.
        """

    async def stimulate(self, bench: GridBench) -> None:
        """Brings the device to its power, trims the load to it, and opens the switch."""
        if self.level < 0:
            await bench.charge(-self.level)
        else:
            await bench.export(self.level)
        await bench.settle()
        await self.prepare(bench)
        await bench.play_waveform(bench.calm.hold(LEAD / 2))
        await bench.island(
            p_mismatch=self.p_mismatch,
            q_mismatch=self.surplus(bench),
            quality_factor=bench.code["islanding_quality_factor"].number,
            generation=self.generation * bench.rating.power,
        )
        await bench.play_waveform(bench.calm.hold(LEAD / 2))
        await bench.open_switch(bench.code["islanding_time"].number + AFTER)

    def judge(self, trace: Trace) -> Iterator[Observation]:
        """From the opening of the switch until no current flows any more, for good."""
        view = View(trace)
        opened = switch_opened(view)
        self.prepared(view)
        before = view.at_power(self.level, before=opened.value, seconds=LEAD / 2)
        after = Span(opened.value, view.span.end)
        left = view.disconnected(after)
        load = load_of_island(view, opened.value, after.end if left is None else left.value, before.value)
        self._as_wanted(view, load, before.value)
        allowed = view.code["islanding_time"].number
        if left is None and after.duration < allowed:
            raise Inconclusive(f"the island was recorded for {after.duration:.2f} s, {allowed:g} s are allowed")
        ran_on = after.duration if left is None else left.value - opened.value
        doubt = math.hypot(opened.uncertainty, 0.0 if left is None else left.uncertainty)
        yield within(
            "GRID-ISLAND",
            view,
            Measurement(ran_on, "s", doubt),
            view.code.limit("islanding_time", high=allowed, unit="s"),
            what="run-on time" if left else "run-on time until the end of the recording",
            instants=(opened.value, opened.value + ran_on),
        )
        if left is not None:
            again = measure.connection(view.q.envelope, view.rating.current, since=left.value + ONE_CYCLE)
            yield holds(
                "GRID-ISLAND",
                again is None,
                expected="the device stays away from the island that it left",
                seen="no current" if again is None else f"current again at {again.value:.3f} s",
                at=view.at,
            )
        yield remark("GRID-ISLAND", _told(load), at=view.at)

    def _as_wanted(self, view: View, load: Load, power: float) -> None:
        """The load was trimmed as the case wants.

        Raises:
            Inconclusive: It was not: the device may have left because of that, or stayed.
        """
        sign = math.copysign(1.0, power)
        active = load.active - sign
        if abs(active - self.p_mismatch) > TRIMMED:
            raise Inconclusive(
                f"the load took {100 * active:+.1f} % more active power than the device gave,"
                f" the case wants {100 * self.p_mismatch:+.1f} %"
            )
        real = (self.generation * view.rating.power + power) / abs(power)
        due = 1 / math.sqrt(1 + self.p_mismatch / real)
        if self.generation and abs(load.voltage - due) > VOLTAGE_TOLERANCE:
            raise Inconclusive(f"the voltage went to {load.voltage:.3f} Un, the case wants {due:.3f} Un")
        wanted = self.surplus(view)
        if abs(load.surplus - wanted) > (TRIMMED if self.generation else TUNED) * real:
            raise Inconclusive(
                f"the load took {100 * load.surplus:+.1f} % reactive power, the case wants {100 * wanted:+.1f} %"
            )
        quality = view.code["islanding_quality_factor"].number
        if load.stored is not None and abs(load.stored / real - quality) > QUALITY_TOLERANCE:
            raise Inconclusive(f"the quality factor of the load is {load.stored / real:.2f}, the code asks {quality:g}")


def switch_opened(view: View) -> Measurement:
    """The instant at which the switch to the grid opened, once and for good.

    Raises:
        Inconclusive: It did not, or closed again.
    """
    switch = view.q.switch()
    changes = np.flatnonzero(np.diff(switch.values))
    if len(changes) != 1 or switch.values[0] < 0.5:
        raise Inconclusive(f"the island switch changed {len(changes)} times, it has to open once and stay open")
    first = float(switch.t[changes[0] + 1])
    if first - view.span.start < LEAD / 2:
        raise Inconclusive("the switch opened before the device was seen at the grid")
    return Measurement(first, "s", switch.time_uncertainty)


def load_of_island(view: View, opened: float, until: float, power: float) -> Load:
    """Resistor, coil and capacitor that voltage and current of the island fit.

    Of each phase i = v/R + (integral of v)/L + C dv/dt, by least squares. While frequency stands still, coil and
    capacitor together are one susceptance; then the quality factor is taken for what the code asks.

    Args:
        view: A waveform recording.
        opened: Instant at which the switch opened.
        until: Instant at which the current ceased.
        power: W that the device exported before.

    Raises:
        Inconclusive: The island was too short, or the recording holds no instantaneous values of three phases.
    """
    recording = view.recording
    names = (*ChannelNames.VOLTAGES, *ChannelNames.CURRENTS)
    if recording.kind is not Kind.WAVEFORM or not recording.has(*names):
        raise Inconclusive("an island is judged by instantaneous voltages and currents of three phases")
    end = min(until, opened + LONGEST)
    if end - opened < LEAST:
        raise Inconclusive(f"the device left within {1000 * (end - opened):.0f} ms: too early to know the load")
    first, last = (round((t - recording.start) * recording.rate) for t in (opened + EDGE, end - EDGE))
    v = np.stack([recording.values(name)[first:last] for name in ChannelNames.VOLTAGES])
    i = np.stack([recording.values(name)[first:last] for name in ChannelNames.CURRENTS])
    phase = np.unwrap(np.angle(v[0] + v[1] * np.exp(2j * np.pi / 3) + v[2] * np.exp(-2j * np.pi / 3)))
    cycle = min(round(ONE_CYCLE * recording.rate), len(phase) - 1)
    starts, ends = _speed(phase[:cycle], recording.rate), _speed(phase[-cycle:], recording.rate)
    nominal = view.code.nominal_frequency
    share = 3 * view.rating.voltage**2 / abs(power)
    omega = 2 * math.pi * nominal
    conductance, inverse_inductance, capacitance = _fitted(v, i, recording.rate, coil=True)
    if abs(ends - starts) >= MOVING:
        inductive, capacitive = inverse_inductance / omega * share, capacitance * omega * share
    else:
        last_cycles = slice(-5 * cycle, None)
        conductance, _, capacitance = _fitted(v[:, last_cycles], i[:, last_cycles], recording.rate, coil=False)
        x = ends / nominal
        inductive, capacitive = _split(-capacitance * 2 * math.pi * ends * share, x, _stored(view, conductance * share))
    told = inductive * capacitive > 0 and abs(ends - starts) >= MOVING
    return Load(
        active=conductance * share,
        surplus=inductive - capacitive,
        stored=math.sqrt(inductive * capacitive) if told else None,
        frequency=starts,
        voltage=view.q.refreshed(0.001).u_pos.at(opened + ONE_CYCLE).value / view.rating.voltage,
    )


def _stored(view: View, active: float) -> float:
    return view.code["islanding_quality_factor"].number * max(abs(active), 1e-3)


def _split(net: float, x: float, stored: float) -> tuple[float, float]:
    """Inductive and capacitive power at nominal frequency from their difference at x times that frequency."""
    capacitive = (-net * x + math.sqrt((net * x) ** 2 + 4 * (stored * x) ** 2)) / (2 * x**2)
    return stored**2 / capacitive, capacitive


def _fitted(v: Floats, i: Floats, rate: float, *, coil: bool) -> tuple[float, float, float]:
    """Conductance, inverse inductance and capacitance of each phase."""
    slope = np.gradient(v, axis=1) * rate
    flux = np.concatenate((np.zeros((3, 1)), np.cumsum((v[:, 1:] + v[:, :-1]) / 2, axis=1)), axis=1) / rate
    # The integral begins anywhere: a constant for each phase.
    anywhere = np.repeat(np.eye(3), v.shape[1], axis=0)
    columns = [v.ravel(), slope.ravel(), *([flux.ravel()] if coil else []), *anywhere.T]
    table = np.stack(columns, axis=1)
    scale = np.abs(table).max(axis=0)
    found = np.linalg.lstsq(table / scale, -i.ravel(), rcond=None)[0] / scale
    return float(found[0]), float(found[2]) if coil else 0.0, float(found[1])


def _speed(phase: Floats, rate: float) -> float:
    """Frequency over a stretch, Hz."""
    t = np.arange(len(phase)) / rate
    return float(np.polyfit(t, phase, 1)[0] / (2 * math.pi))


def _told(load: Load) -> str:
    stored = "" if load.stored is None else f", stored {load.stored:.2f}"
    return (
        f"over the first cycle alone {load.frequency:.2f} Hz, {load.voltage:.3f} Un; the load took, as shares of the"
        f" device's power, active {load.active:.3f}, reactive {load.surplus:+.3f}{stored}"
    )


__all__ = ["IslandCase", "Load", "load_of_island", "switch_opened"]
