"""One inverter without any twin: commands in, terminal voltages and currents out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from v2gready.grid.recording import Channel, ChannelNames, Floats, Kind, Recording, Stored
from v2gready.grid.script import Played, Script
from v2gready.references.inverter import cells as k
from v2gready.references.inverter import compiled
from v2gready.references.inverter import plant_ideal as ideal
from v2gready.references.inverter import plant_phasor as phasor
from v2gready.references.inverter import plant_waveform as waveform
from v2gready.references.inverter.controller import open_contactor
from v2gready.references.inverter.design import Design
from v2gready.references.inverter.island import IslandLoad
from v2gready.references.inverter.rating import Battery, Rating
from v2gready.references.inverter.settings import DerSettings

ROWS = 20_000
"""Steps of the phasor plant between two visits to Python."""
BLOCK = 10_000
"""Samples of the waveform plant between two visits: they stay in the cache, and fresh memory costs more than sines."""
_FUZZ = 1e-6
"""Share of a sample: an instant this close to a sample is that sample."""


class Detail(StrEnum):
    """How closely the plant is simulated."""

    WAVEFORM = "waveform"
    PHASOR = "phasor"


RATES: Mapping[Detail, float] = {Detail.WAVEFORM: 20_000.0, Detail.PHASOR: 50.0}
"""Samples per second unless asked for others."""


@dataclass(slots=True)
class GridState:
    """Where the grid stood when the last script ended."""

    phase: float = 0.0
    f: float = 50.0
    u: tuple[float, float, float] = (1.0, 1.0, 1.0)
    angles: tuple[float, float, float] = (0.0, 0.0, 0.0)


@dataclass(slots=True)
class Network:
    """What the unit is connected to beside the source of the script.

    Attributes:
        load: Island behind the switch.
        open: The switch to the grid is open.
        resistance: Of the grid per phase, Ω.
        inductance: Of the grid per phase, H.
    """

    load: IslandLoad | None = None
    open: bool = False
    resistance: float = 0.0
    inductance: float = 0.0


@dataclass(slots=True, eq=False)
class Unit:
    """An inverter and the grid at its terminals.

    Attributes:
        rating: What it is rated for.
        battery: What is behind it.
        settings: What it does.
        design: How it is built.
        seed: Of its random delays.
        fast: Compiled loops.
        time: Seconds played so far.
    """

    rating: Rating
    battery: Battery
    settings: DerSettings
    design: Design
    seed: int = 0
    fast: bool = False
    time: float = 0.0
    grid: GridState = field(default_factory=GridState)
    network: Network = field(default_factory=Network)
    _p: Any = field(default=None, init=False, repr=False)
    _c: Any = field(default=None, init=False, repr=False)
    _s: Any = field(default=None, init=False, repr=False)
    _m: Any = field(default=None, init=False, repr=False)
    _x: Any = field(default=None, init=False, repr=False)
    _y: Any = field(default=None, init=False, repr=False)
    _quarter: Any = field(default=None, init=False, repr=False)
    _cycle: Any = field(default=None, init=False, repr=False)
    _waveform_rate: float = field(default=0.0, init=False)
    _last: tuple[float, float, float, float, float] = field(default=(0.0, 0.0, 0.0, 0.0, 0.0), init=False)
    _fresh_load: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self.configure(self.settings, self.design)
        self._c = self._cells(k.commands())
        self._s = self._cells(k.fresh_state(self.battery, self.seed))
        self._m = self._cells(k.measurements())
        self._x = self._cells(phasor.fresh_plant())

    def _cells(self, values: list[float]) -> Any:
        return np.array(values) if self.fast else values

    def configure(self, settings: DerSettings, design: Design) -> None:
        """Takes over settings while running."""
        self.settings, self.design = settings, design
        self._p = self._cells(k.parameters(self.rating, self.battery, settings, design))

    def command(self, cell: int, value: float) -> None:
        """Sets one of the command cells."""
        self._c[cell] = value

    def commanded(self, cell: int) -> float:
        """One of the command cells."""
        return float(self._c[cell])

    def state(self, cell: int) -> float:
        """One of the state cells."""
        return float(self._s[cell])

    def set_soc(self, share: float) -> None:
        """State of charge, 0 to 1."""
        self._s[k.S_SOC] = share

    def unplug(self) -> None:
        """The car leaves: no power, and the session with its setpoint is over."""
        self._c[k.C_PLUGGED] = 0.0
        self._c[k.C_SETPOINT] = 0.0
        for cell in (k.S_SCHEDULE, k.S_POWER, k.S_SPEED, k.S_MODE, k.S_O_ACTIVE, k.S_U_ACTIVE, k.S_SUPPLYING):
            self._s[cell] = 0.0
        self._s[k.S_CAP], self._s[k.S_FLOOR] = k.BIG, -k.BIG

    def plug(self) -> None:
        """A car comes."""
        self._c[k.C_PLUGGED] = 1.0
        self._s[k.S_IGNORES] = 1.0 - self.design.remembers_frequency

    def power_loss(self) -> None:
        """The auxiliary supply is lost and comes back: the contactor falls open, the wait begins anew."""
        open_contactor(self._p, self._s)
        self._s[k.S_REASON] = float(k.REASON_SUPPLY_LOST)
        if self.design.restart_waits < 0.5:
            self._s[k.S_CONNECTED] = 1.0
            self._s[k.S_RAMP] = 1.0
            self._s[k.S_REASON] = 0.0

    def set_load(self, load: IslandLoad | None) -> None:
        """Connects an island load at the terminals, the switch to the grid closed."""
        self.network.load, self.network.open = load, False
        self._fresh_load = True

    def open_switch(self) -> None:
        """Cuts the grid off."""
        self.network.open = True

    def advance(self, script: Script, detail: Detail, rate: float) -> Recording:
        """Plays a script.

        Raises:
            ValueError: The script is empty, or an island is asked of the phasor plant.
        """
        if not script.segments:
            raise ValueError("a script without segments cannot be played")
        first = math.ceil(self.time * rate - _FUZZ)
        end = self.time + script.duration
        count = max(0, math.ceil(end * rate - _FUZZ) - first)
        if detail is Detail.WAVEFORM:
            channels = self._waveform(script, first, count, rate)
        elif self.network.open:
            raise ValueError("an island needs the waveform plant")
        else:
            channels = self._phasor(script, self._played(script, first, count, rate))
        channels[ChannelNames.CEASE_INPUT] = np.full(count, self._c[k.C_CEASE], dtype=np.float32)
        final = script.at(np.array([script.duration]), self.grid.phase)
        u1, u2, u3 = (float(u) for u in final.u[:, 0])
        a1, a2, a3 = (float(a) for a in final.angles[:, 0])
        self.grid = GridState(float(final.phase[0]) % (2 * math.pi), float(final.f[0]), (u1, u2, u3), (a1, a2, a3))
        self.time = end
        kind = Kind.WAVEFORM if detail is Detail.WAVEFORM else Kind.QUANTITIES
        made = {
            name: Channel(name, _UNITS.get(name, ""), values.astype(np.float32, copy=False))
            for name, values in channels.items()
        }
        return Recording(kind, first / rate, rate, made, source="simulated terminals")

    def _played(self, script: Script, first: int, count: int, rate: float) -> Played:
        """The script at some samples, counted since the unit was opened."""
        # A sample at a step of the script sees what comes behind it, however the division rounds.
        instants = np.maximum(np.arange(first, first + count) / rate - self.time, 0.0) + _FUZZ / rate
        return script.at(instants, self.grid.phase)

    # Phasor plant.

    def _phasor(self, script: Script, played: Played) -> dict[str, Stored]:
        self._waveform_rate = 0.0
        loop = compiled.phasor_loop(fast=self.fast)
        flat = [
            number
            for segment in script.segments
            for number in (
                segment.duration, *segment.f, *segment.u, *segment.u_end,
                math.radians(segment.jump), *(math.radians(angle) for angle in segment.angles),
            )
        ]  # fmt: skip
        x = self._x
        # A command may have come: look closely at first.
        x[phasor.X_STEP] = phasor.FINE
        x[phasor.X_SEGMENT] = x[phasor.X_INTO] = x[phasor.X_TIME] = 0.0
        segments = len(script.segments)
        rows: Any = np.zeros(ROWS * phasor.ROW) if self.fast else [0.0] * (ROWS * phasor.ROW)
        parts = [np.array([[0.0, *self._last]])]
        while True:
            filled = loop(self._p, self._c, self._s, self._m, x, self._cells(flat), segments, rows, ROWS)
            used = rows[: filled * phasor.ROW]
            parts.append(np.array(used, dtype=np.float64).reshape(-1, phasor.ROW))
            if filled < ROWS:
                break
        table = np.concatenate(parts)
        last = table[-1]
        self._last = (float(last[1]), float(last[2]), float(last[3]), float(last[4]), float(last[5]))
        columns = {
            name: np.interp(played.t, table[:, 0], table[:, 1 + column])
            for column, name in enumerate((ChannelNames.POWER, ChannelNames.REACTIVE, *ChannelNames.CURRENTS))
        }
        voltage = self.rating.voltage
        positive = np.abs(np.sum(played.u * np.exp(1j * played.angles), axis=0)) / 3
        return {
            **{name: played.u[phase] * voltage for phase, name in enumerate(ChannelNames.VOLTAGES)},
            ChannelNames.FREQUENCY: played.f,
            **columns,
            ChannelNames.POSITIVE_SEQUENCE: positive * voltage,
        }

    # Waveform plant.

    def _waveform(self, script: Script, first: int, count: int, rate: float) -> dict[str, Stored]:
        if self._waveform_rate != rate:
            self._synchronise(rate)
        if self._fresh_load:
            self._magnetise()
        z = self._network(rate)
        out = np.empty((6, count), dtype=np.float32)
        for since in range(0, count, BLOCK):
            played = self._played(script, first + since, min(BLOCK, count - since), rate)
            self._step(self._voltages(played.phase, played.u, played.angles), z, out[:, since : since + BLOCK], rate)
        self._follow_with_phasor()
        channels: dict[str, Stored] = dict(zip((*ChannelNames.VOLTAGES, *ChannelNames.CURRENTS), out, strict=True))
        channels[ChannelNames.ISLAND_SWITCH] = np.full(count, 0.0 if self.network.open else 1.0, dtype=np.float32)
        return channels

    def _step(self, source: Floats, network: list[float], out: NDArray[np.float32], rate: float) -> None:
        """Runs the waveform plant over one block of source voltages, shape (3, n), and fills ``out``, shape (6, n)."""
        z = self._cells(network)
        cells = (self._p, self._c, self._s, self._m, self._y, z, self._quarter, self._cycle)
        samples = source.shape[1]
        if self.fast:
            compiled.waveform_loop(fast=True)(*cells, tuple(source), tuple(out), float(rate), samples)
        elif ideal.is_ideal(network):
            ideal.simulate_ideal(*cells, source, out, rate)
        else:
            lists: Any = tuple([0.0] * samples for _ in range(6))
            loop = compiled.waveform_loop(fast=False)
            loop(*cells, tuple(phase.tolist() for phase in source), lists, float(rate), samples)
            out[:] = lists

    def _voltages(self, phase: Floats, u: Floats, angles: Floats) -> Floats:
        """Instantaneous voltages, shape (3, n)."""
        v = np.empty((3, len(phase)))
        if np.count_nonzero(angles):
            for number, shift in enumerate((0.0, -2 * np.pi / 3, 2 * np.pi / 3)):
                np.cos(phase + (shift + angles[number]), out=v[number])
        else:
            # Symmetrical: the third is what the other two leave.
            np.cos(phase, out=v[0])
            np.cos(phase - 2 * np.pi / 3, out=v[1])
            np.add(v[0], v[1], out=v[2])
            np.negative(v[2], out=v[2])
        v *= u
        v *= math.sqrt(2) * self.rating.voltage
        return v

    def _network(self, rate: float) -> list[float]:
        z = [0.0] * waveform.Z_SIZE
        z[waveform.Z_OPEN] = float(self.network.open)
        z[waveform.Z_GRID_R], z[waveform.Z_GRID_L] = self.network.resistance, self.network.inductance
        load = self.network.load
        if load is not None:
            z[waveform.Z_LOAD] = 1.0
            z[waveform.Z_VV : waveform.Z_L_END + 1] = load.matrices(1.0 / rate)
            z[waveform.Z_INDUCTANCE], z[waveform.Z_GENERATION] = load.inductance, load.generation
        return z

    def _synchronise(self, rate: float) -> None:
        """The waveform plant begins as if it had run at the present grid for long."""
        quarter, cycle = waveform.quarter_length(rate), waveform.cycle_length(rate)
        back = np.arange(-cycle, 0) / rate
        grid = self.grid
        u, angles = np.array(grid.u)[:, None], np.array(grid.angles)[:, None]
        v = self._voltages(grid.phase + 2 * np.pi * grid.f * back, u, angles)
        stationary = np.stack(((2 * v[0] - v[1] - v[2]) / 3, (v[1] - v[2]) / math.sqrt(3)), axis=1)[-quarter:]
        self._quarter = self._cells(stationary.ravel().tolist())
        self._cycle = self._cells(np.cumsum((v**2).T, axis=0).ravel().tolist())
        positive = complex(np.sum(u * np.exp(1j * angles)) / 3)
        angle = math.atan2(positive.imag, positive.real) - 0.25 * math.pi * (grid.f / 50.0 - 1.0)
        i_d, i_q = float(self._m[k.M_ID]), -float(self._m[k.M_IQ])
        y = [0.0] * waveform.Y_SIZE
        y[waveform.Y_THETA] = grid.phase + angle
        y[waveform.Y_OMEGA], y[waveform.Y_F] = 2 * math.pi * grid.f, grid.f
        y[waveform.Y_U_POS] = abs(positive)
        y[waveform.Y_ID] = y[waveform.Y_REF_D] = i_d
        y[waveform.Y_IQ] = y[waveform.Y_REF_Q] = i_q
        y[waveform.Y_ON] = float(self._m[k.M_ON])
        y[waveform.Y_CYCLE] = float(cycle - 1)
        sums = self._cycle[3 * (cycle - 1) : 3 * cycle]
        y[waveform.Y_SUM1], y[waveform.Y_SUM2], y[waveform.Y_SUM3] = (float(value) for value in sums)
        y[waveform.Y_V1], y[waveform.Y_V2], y[waveform.Y_V3] = (float(value) for value in v[:, -1])
        peak = math.sqrt(2) * self.rating.power / (3 * self.rating.voltage)
        for phase, shift in enumerate((0.0, -2 * math.pi / 3, 2 * math.pi / 3)):
            along = y[waveform.Y_THETA] + shift
            current = -peak * (i_d * math.cos(along) - i_q * math.sin(along))
            y[waveform.Y_I1 + phase] = y[waveform.Y_J1 + phase] = current
        self._y = self._cells(y)
        self._waveform_rate = rate

    def _magnetise(self) -> None:
        """A fresh load has been on the grid for long: its inductors carry no direct current."""
        self._fresh_load = False
        load, grid = self.network.load, self.grid
        if load is None:
            return
        # The present voltages are those of the last sample, one step before the phase of the grid.
        back = np.array([grid.phase - 2 * np.pi * grid.f / self._waveform_rate - np.pi / 2])
        u, angles = np.array(grid.u)[:, None], np.array(grid.angles)[:, None]
        currents = self._voltages(back, u, angles)[:, 0] / (2 * np.pi * grid.f * load.inductance)
        for phase in range(3):
            self._y[waveform.Y_L1 + phase] = float(currents[phase])
        self._y[waveform.Y_SOURCE] = load.generation / (1.5 * math.sqrt(2) * self.rating.voltage)

    def _follow_with_phasor(self) -> None:
        """The phasor plant would go on from here."""
        x, m, y = self._x, self._m, self._y
        x[phasor.X_F] = x[phasor.X_F_LOOP] = float(y[waveform.Y_F])
        for own, measured in zip(range(phasor.X_U1, phasor.X_U_POS + 1), range(k.M_U1, k.M_U_POS + 1), strict=True):
            x[own] = float(m[measured])
        x[phasor.X_SWING] = x[phasor.X_QUIET] = 0.0
        i = math.hypot(float(m[k.M_ID]), float(m[k.M_IQ])) * self.rating.power / (3 * self.rating.voltage)
        power = -float(m[k.M_ID]) * float(m[k.M_U_POS]) * self.rating.power
        reactive = -float(m[k.M_IQ]) * float(m[k.M_U_POS]) * self.rating.power
        self._last = (power, reactive, i, i, i)


_UNITS = {
    **dict.fromkeys((*ChannelNames.VOLTAGES, ChannelNames.POSITIVE_SEQUENCE), "V"),
    **dict.fromkeys(ChannelNames.CURRENTS, "A"),
    ChannelNames.FREQUENCY: "Hz",
    ChannelNames.POWER: "W",
    ChannelNames.REACTIVE: "var",
}
