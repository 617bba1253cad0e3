"""The running inverter: what a virtual bench holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from v2gready.grid.recording import Recording
from v2gready.grid.script import Script
from v2gready.references.inverter import cells as k
from v2gready.references.inverter.island import IslandLoad
from v2gready.references.inverter.rating import Battery, Rating
from v2gready.references.inverter.registers import Registers, setting_registers
from v2gready.references.inverter.seams import (
    Effect,
    Fault,
    bent_behaviour,
    bent_configuration,
    bent_design,
    recording_difference,
    register_difference,
)
from v2gready.references.inverter.settings import DerSettings
from v2gready.references.inverter.unit import RATES, Detail, Unit


class ReactiveMode(StrEnum):
    """What reactive power follows."""

    OFF = "off"
    FIXED = "fixed"
    """Value in var, positive: takes in inductive reactive power, as the channel ``q``."""
    COSPHI = "cosphi"
    """Value: cos φ, positive over-excited, negative under-excited."""
    COSPHI_P = "cosphi_p"
    QU = "qu"


_MODES = {
    ReactiveMode.OFF: k.Q_OFF,
    ReactiveMode.FIXED: k.Q_FIXED,
    ReactiveMode.COSPHI: k.Q_COSPHI,
    ReactiveMode.COSPHI_P: k.Q_COSPHI_P,
    ReactiveMode.QU: k.Q_QU,
}


@dataclass(slots=True)
class _Device:
    """One inverter with some of the faults: the real one with all, each twin with all but one."""

    unit: Unit
    faults: tuple[Fault, ...]
    configuration: DerSettings
    trips: float = 0.0

    def configure(self, settings: DerSettings) -> None:
        """New settings, as each fault takes them."""
        for fault in self.faults:
            settings = fault.accepts(settings, self.configuration)
        self.put(bent_configuration(self.faults, settings))

    def put(self, configuration: DerSettings) -> None:
        """Follows this configuration from now on."""
        self.configuration = configuration
        self.unit.configure(bent_behaviour(self.faults, configuration), self.unit.design)

    def advance(self, script: Script, detail: Detail, rate: float) -> Recording:
        """Plays a script; what a fault does to the configuration after a trip comes behind it."""
        recording = self.unit.advance(script, detail, rate)
        trips = self.unit.state(k.S_TRIPS)
        if trips > self.trips:
            self.trips = trips
            settings = self.configuration
            for fault in self.faults:
                settings = fault.after_trip(settings)
            if settings != self.configuration:
                self.put(settings)
        return recording

    def registers(self) -> Registers:
        """Settings, state, storage."""
        unit = self.unit
        connected = unit.state(k.S_CONNECTED) > 0.5
        image = setting_registers(unit.rating, self.configuration)
        limit = unit.commanded(k.C_LIMIT)
        image |= {
            "701.ConnSt": int(connected),
            "701.Alrm": int(unit.state(k.S_REASON)),
            "704.WMaxLimPct": min(limit, 1.0),
            "704.WSet": -unit.commanded(k.C_SETPOINT) * unit.rating.power,
            "713.WHRtg": unit.battery.energy,
            "713.SoC": round(unit.state(k.S_SOC), 6),
            "713.WHAvail": round(unit.state(k.S_SOC) * unit.battery.energy, 3),
            "714.DCW": 0.0,
        }
        for fault in self.faults:
            image = fault.registers(image)
        return image


class RunningInverter:
    """An inverter at a grid that plays scripts. Time goes on with `advance` alone.

    Args:
        rating: What it is rated for.
        settings: What it is configured to.
        faults: What it does wrong.
        battery: What is behind it.
        seed: Of its random delays.
        fast: Compiled loops.
    """

    def __init__(
        self,
        rating: Rating,
        settings: DerSettings,
        *,
        faults: Sequence[Fault] = (),
        battery: Battery | None = None,
        seed: int = 0,
        fast: bool = False,
    ) -> None:
        self.rating = rating
        self.battery = battery or Battery()
        self.effects: list[Effect] = []
        self._noted: set[tuple[str, str]] = set()
        sets = [tuple(faults)] + [tuple(other for other in faults if other is not one) for one in faults]
        self._devices = [self._build(chosen, settings, seed, fast) for chosen in sets]
        self._faults = tuple(faults)

    def _build(self, faults: tuple[Fault, ...], settings: DerSettings, seed: int, fast: bool) -> _Device:  # noqa: FBT001
        configuration = bent_configuration(faults, settings)
        behaviour = bent_behaviour(faults, configuration)
        unit = Unit(self.rating, self.battery, behaviour, bent_design(faults), seed, fast)
        return _Device(unit, faults, configuration)

    # What a bench sees.

    def advance(self, script: Script, detail: Detail = Detail.PHASOR, *, rate: float | None = None) -> Recording:
        """Plays a script from now on.

        Args:
            script: Voltage and frequency at the terminals.
            detail: Sample by sample, or RMS values.
            rate: Samples per second of the recording; by default `RATES`. The waveform plant steps at this rate:
                at least 10 kHz.

        Returns:
            What is at the terminals without any noise of an instrument, contiguous with the recording before.

        Raises:
            ValueError: The script is empty, the rate too low, or the grid is cut off in the phasor plant.
        """
        rate = rate or RATES[detail]
        if detail is Detail.WAVEFORM and rate < 5000:
            raise ValueError(f"the waveform plant needs at least 5 kHz, not {rate:g} Hz")
        real, *twins = [device.advance(script, detail, rate) for device in self._devices]
        for fault, twin in zip(self._faults, twins, strict=True):
            self._note(fault, recording_difference(real, twin, self.rating))
        return real

    def registers(self) -> Registers:
        """What is read back, by ``model.point``; see `v2gready.references.inverter.registers`."""
        real, *twins = [device.registers() for device in self._devices]
        for fault, twin in zip(self._faults, twins, strict=True):
            self._note(fault, register_difference(real, twin))
        return real

    def _note(self, fault: Fault, what: str | None) -> None:
        if what is not None and (fault.name, what) not in self._noted:
            self._noted.add((fault.name, what))
            self.effects.append(Effect(fault.name, what))

    @property
    def settings(self) -> DerSettings:
        """The configuration as it is read back."""
        return self._devices[0].configuration

    @property
    def time(self) -> float:
        """Seconds since it was opened."""
        return self._unit.time

    @property
    def connected(self) -> bool:
        """The contactor is closed. For tests of the model: a judge looks at the current."""
        return self._unit.state(k.S_CONNECTED) > 0.5

    @property
    def soc(self) -> float:
        """State of charge, 0 to 1."""
        return self._unit.state(k.S_SOC)

    @property
    def cannot_support(self) -> bool:
        """It flags that the battery or the contract keeps it from the power that the frequency asks for."""
        return self._unit.state(k.S_CANNOT) > 0.5

    @property
    def reason(self) -> str:
        """Why it is not connected; empty while it is."""
        unit = self._unit
        code = int(unit.state(k.S_REASON))
        fixed = {
            0: "",
            k.REASON_MEAN_VOLTAGE: "trip_u_over_10min",
            k.REASON_DIP: "dip",
            k.REASON_ISLAND: "island",
            k.REASON_SUPPLY_LOST: "supply lost",
        }
        return fixed[code] if code in fixed else unit.settings.stages[code - k.REASON_STAGE].name

    @property
    def _unit(self) -> Unit:
        return self._devices[0].unit

    # What it is told.

    def configure(self, settings: DerSettings) -> None:
        """New settings are written."""
        for device in self._devices:
            device.configure(settings)

    def set_power(self, watts: float) -> None:
        """Setpoint, positive charging."""
        self._command(k.C_SETPOINT, -watts / self.rating.power)

    def set_limit(self, share: float | None) -> None:
        """Greatest power in either direction as a share of Pn; None: no limit."""
        self._command(k.C_LIMIT, k.BIG if share is None else share)

    def set_cease(self, active: bool) -> None:  # noqa: FBT001 - a digital input
        """The cease-power input."""
        self._command(k.C_CEASE, float(active))

    def allow_discharge(self, allowed: bool) -> None:  # noqa: FBT001 - a yes or no of the session
        """Whether the session has the right to discharge."""
        self._command(k.C_DISCHARGE, float(allowed))

    def set_reactive(self, mode: ReactiveMode | str, value: float = 0.0) -> None:
        """Reactive mode; see `ReactiveMode` for the meaning of the value."""
        mode = ReactiveMode(mode)
        self._command(k.C_Q_MODE, float(_MODES[mode]))
        self._command(k.C_Q_VALUE, -value / self.rating.power if mode is ReactiveMode.FIXED else value)

    def _command(self, cell: int, value: float) -> None:
        self._each(lambda unit: unit.command(cell, value))

    def set_soc(self, share: float) -> None:
        """Another state of charge, 0 to 1."""
        self._each(lambda unit: unit.set_soc(share))

    def unplug(self) -> None:
        """The car leaves; its setpoint goes with it."""
        self._each(lambda unit: unit.unplug())

    def plug(self) -> None:
        """A car comes, with no setpoint yet."""
        self._each(lambda unit: unit.plug())

    def power_loss(self) -> None:
        """The auxiliary supply goes and comes back."""
        self._each(lambda unit: unit.power_loss())

    def set_island(self, load: IslandLoad | None) -> None:
        """Connects an RLC load at the terminals and closes the switch to the grid. Waveform plant alone."""
        self._each(lambda unit: unit.set_load(load))

    def open_island_switch(self) -> None:
        """Opens the switch between the terminals and the grid."""
        self._each(lambda unit: unit.open_switch())

    def set_grid_impedance(self, resistance: float, inductance: float) -> None:
        """Impedance of the grid per phase, Ω and H. The phasor plant knows an ideal grid alone."""

        def put(unit: Unit) -> None:
            unit.network.resistance, unit.network.inductance = resistance, inductance

        self._each(put)

    def _each(self, act: Callable[[Unit], None]) -> None:
        for device in self._devices:
            act(device.unit)
