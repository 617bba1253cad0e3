"""What judges ask a recording for: one view of waveform and quantities recordings, computed when first asked for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from v2gready.grid.measurement.events import envelope
from v2gready.grid.measurement.frequency import frequency
from v2gready.grid.measurement.power import Power, power, products, total_power
from v2gready.grid.measurement.rms import rms
from v2gready.grid.measurement.running import RunningIntegral
from v2gready.grid.measurement.sequence import negative_voltage, positive_voltage
from v2gready.grid.measurement.synchronous import Synchronous
from v2gready.grid.measurement.waveform import NOMINAL, Waveform, checked
from v2gready.grid.recording import ChannelNames, Floats, Kind, Recording
from v2gready.grid.series import Series
from v2gready.model.observation import Inconclusive


class Quantities:
    """Quantities of one recording. Each property raises `Inconclusive` when the recording does not hold it.

    From a waveform recording all windowed values come at the same instants, one each ``refresh`` seconds, each over one
    cycle (frequency: six). From a quantities recording they come as the instrument delivered them.

    Args:
        recording: Either kind.
        refresh: Seconds between two values of a waveform recording; by default half a nominal cycle.
        nominal: Nominal frequency, Hz.
    """

    def __init__(self, recording: Recording, *, refresh: float | None = None, nominal: float = NOMINAL) -> None:
        self.recording = recording
        self.nominal = nominal
        self.refresh = refresh or 0.5 / nominal
        self._shared: _Sums | None = None

    @property
    def is_waveform(self) -> bool:
        """Instantaneous values are there."""
        return self.recording.kind is Kind.WAVEFORM

    def refreshed(self, every: float) -> Quantities:
        """The same recording with values at other distances, e.g. each millisecond for the instants of events."""
        other = Quantities(self.recording, refresh=every, nominal=self.nominal)
        if self.is_waveform:
            other._shared = self._sums
        return other

    @property
    def synchronous(self) -> Synchronous:
        """What `harmonics` and the other functions of `measurement` work on; waveform recordings alone."""
        return self._sums.synchronous

    @cached_property
    def u(self) -> tuple[Series, ...]:
        """RMS voltage of each phase, V."""
        return self._of_phases(ChannelNames.VOLTAGES)

    @cached_property
    def i(self) -> tuple[Series, ...]:
        """RMS current of each phase, A."""
        return self._of_phases(ChannelNames.CURRENTS)

    @cached_property
    def i_max(self) -> Series:
        """Largest RMS current of any phase at each instant, A."""
        return largest(self.i)

    @cached_property
    def u_pos(self) -> Series:
        """Positive-sequence voltage of the fundamental, V RMS."""
        if self.is_waveform:
            return positive_voltage(self._sums.synchronous, self._sums.instants(self.refresh))
        return self._delivered(ChannelNames.POSITIVE_SEQUENCE)

    @cached_property
    def u_neg(self) -> Series:
        """Negative-sequence voltage of the fundamental, V RMS; waveform recordings alone."""
        if self.is_waveform:
            return negative_voltage(self._sums.synchronous, self._sums.instants(self.refresh))
        raise Inconclusive("RMS values without angles hold no negative sequence")

    @cached_property
    def f(self) -> Series:
        """Frequency, Hz; left out while the voltage is gone."""
        if not self.is_waveform:
            return self._delivered(ChannelNames.FREQUENCY)
        sums = self._sums
        margin = 3.05 * sums.synchronous.longest_cycle
        return frequency(sums.synchronous, sums.waveform.grid(self.refresh, margin))

    @cached_property
    def export(self) -> Series:
        """Active power towards the grid, W: positive sequence of the fundamental."""
        return -(self._power.active if self.is_waveform else self._delivered(ChannelNames.POWER))

    @cached_property
    def export_total(self) -> Series:
        """Active power towards the grid, W, with harmonics and unbalance."""
        if not self.is_waveform:
            return -self._delivered(ChannelNames.POWER)
        sums = self._sums
        return -total_power(sums.synchronous, sums.products, sums.instants(self.refresh))

    @cached_property
    def q_export(self) -> Series:
        """Reactive power, var; positive when over-excited (gives reactive power, raises the voltage)."""
        return -(self._power.reactive if self.is_waveform else self._delivered(ChannelNames.REACTIVE))

    @cached_property
    def envelope(self) -> Series:
        """Largest current of any phase over one millisecond (waveform), or as delivered: for instants of events."""
        return envelope(self._sums.waveform) if self.is_waveform else self.i_max

    def switch(self) -> Series:
        """Island switch: 1 closed, 0 open."""
        return self._digital(ChannelNames.ISLAND_SWITCH)

    def cease(self) -> Series:
        """Cease-power input: 1 active."""
        return self._digital(ChannelNames.CEASE_INPUT)

    @cached_property
    def _sums(self) -> _Sums:
        return self._shared or _Sums(self.recording, self.nominal)

    @cached_property
    def _power(self) -> Power:
        return power(self._sums.synchronous, self._sums.instants(self.refresh))

    def _of_phases(self, names: Sequence[str]) -> tuple[Series, ...]:
        if self.is_waveform:
            sums = self._sums
            t = sums.instants(self.refresh)
            return tuple(rms(sums.synchronous, name, t) for name in names[: sums.waveform.phases])
        alone = not self.recording.has(names[1]) and not self.recording.has(names[2])
        return tuple(self._delivered(name) for name in (names[:1] if alone else names))

    def _delivered(self, name: str) -> Series:
        values = np.asarray(checked(self.recording, name), dtype=np.float64)
        channel = self.recording.channels[name]
        return Series(
            t=self.recording.time,
            values=values,
            unit=channel.unit,
            uncertainty=channel.uncertainty.at(values),
            window=1 / self.recording.rate,
            time_uncertainty=self.recording.time_uncertainty,
        )

    def _digital(self, name: str) -> Series:
        """A digital channel: its first and last value, and the values on both sides of each change."""
        values = np.asarray(checked(self.recording, name), dtype=np.float64)
        changes = np.flatnonzero(np.diff(values))
        kept = np.unique(np.concatenate(([0], changes, changes + 1, [len(values) - 1])))
        return Series(
            t=self.recording.start + kept / self.recording.rate,
            values=values[kept],
            unit=self.recording.channels[name].unit,
            uncertainty=np.zeros(len(kept)),
            time_uncertainty=float(np.hypot(self.recording.time_uncertainty, 0.5 / self.recording.rate)),
        )


class _Sums:
    """What views of one waveform recording share."""

    def __init__(self, recording: Recording, nominal: float) -> None:
        self.waveform = Waveform(recording, nominal)

    @cached_property
    def synchronous(self) -> Synchronous:
        return Synchronous(self.waveform)

    @cached_property
    def products(self) -> RunningIntegral[np.float64]:
        return products(self.synchronous)

    def instants(self, every: float) -> Floats:
        """Centres of one-cycle windows."""
        return self.waveform.grid(every, 0.5 * self.synchronous.longest_cycle)


def largest(phases: Sequence[Series]) -> Series:
    """The largest of several series at each instant; they share their instants."""
    if len(phases) == 1:
        return phases[0]
    values = np.stack([one.values for one in phases])
    which = np.argmax(values, axis=0)
    everyone = np.arange(values.shape[1])
    first = phases[0]
    return Series(
        t=first.t,
        values=values[which, everyone],
        unit=first.unit,
        uncertainty=np.stack([one.uncertainty for one in phases])[which, everyone],
        window=first.window,
        time_uncertainty=first.time_uncertainty,
        noise=max(one.noise for one in phases),
    )
