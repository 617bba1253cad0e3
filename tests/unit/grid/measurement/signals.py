"""Closed-form three-phase signals: what is true of them is known without measuring."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from hypothesis import strategies as st

from v2gready.grid.recording import Channel, Floats, Kind, Recording, Uncertainty

ROOT = np.sqrt(2.0)
PERFECT = Uncertainty()


@dataclass(frozen=True)
class Signal:
    """Sinusoids with everything that disturbs a measurement. Shares are of the fundamental's peak."""

    rate: float = 10000.0
    duration: float = 0.8
    start: float = 0.0
    f0: float = 50.0
    ramp: float = 0.0
    volts: float = 230.0
    amps: float = 16.0
    lag: float = 0.3
    phase: float = 0.4
    harmonics: Mapping[int, float] = field(default_factory=dict)
    unbalance: float = 0.0
    offset: float = 0.0
    noise: float = 0.0
    seed: int = 1
    instrument: Uncertainty = PERFECT
    gate: Callable[[Floats], Floats] | None = None
    """Factor of the voltage over time."""
    flow: Callable[[Floats], Floats] | None = None
    """Factor of the current over time."""
    turn: Callable[[Floats], Floats] | None = None
    """Angle added to the phase, radians over time."""
    time_uncertainty: float = 0.0
    phases: int = 3

    def f(self, t: Floats) -> Floats:
        return self.f0 + self.ramp * (t - self.start)

    @property
    def rms(self) -> tuple[Floats, ...]:
        """True RMS of each phase voltage."""
        angles = 4 * np.pi / 3 * np.arange(3)
        fundamental = np.abs(1 + self.unbalance * np.exp(1j * angles)) ** 2
        rest = sum(share**2 for share in self.harmonics.values()) + 2 * self.offset**2
        return tuple(self.volts * np.sqrt(fundamental + rest))

    @property
    def active(self) -> float:
        """P1+ into the device, W."""
        return 3 * self.volts * self.amps * np.cos(self.lag)

    @property
    def reactive(self) -> float:
        return 3 * self.volts * self.amps * np.sin(self.lag)

    def recorded(self) -> Recording:
        rng = np.random.default_rng(self.seed)
        n = round(self.rate * self.duration)
        t = np.arange(n) / self.rate
        theta = 2 * np.pi * (self.f0 * t + self.ramp * t * t / 2) + self.phase
        if self.turn is not None:
            theta = theta + self.turn(t + self.start)
        gate = 1.0 if self.gate is None else self.gate(t + self.start)
        flow = 1.0 if self.flow is None else self.flow(t + self.start)
        channels = {}
        for k in range(self.phases):
            shift = 2 * np.pi / 3 * k
            angle = theta - shift
            u = gate * (self._wave(angle) + self.unbalance * np.cos(theta + shift)) + self.offset
            i = flow * (self._wave(angle - self.lag) + self.offset)
            for name, unit, clean, size in (("u", "V", u, self.volts), ("i", "A", i, self.amps)):
                noisy = ROOT * size * (clean + self.noise * rng.standard_normal(n))
                label = f"{name}{k + 1}"
                channels[label] = Channel(label, unit, noisy.astype(np.float32), self.instrument)
        return Recording(Kind.WAVEFORM, self.start, self.rate, channels, "closed form", self.time_uncertainty)

    def _wave(self, angle: Floats) -> Floats:
        return np.cos(angle) + sum(share * np.cos(order * angle + 0.7) for order, share in self.harmonics.items())


def step_at(instant: float, before: float, after: float) -> Callable[[Floats], Floats]:
    return lambda t: np.where(t < instant, before, after)


def between(since: float, until: float, inside: float, outside: float = 1.0) -> Callable[[Floats], Floats]:
    return lambda t: np.where((t >= since) & (t < until), inside, outside)


SIGNALS = st.builds(
    Signal,
    rate=st.sampled_from([5000.0, 6400.0, 10000.0, 20000.0]),
    duration=st.sampled_from([0.5, 0.73]),
    start=st.sampled_from([0.0, 12.345]),
    f0=st.floats(46.5, 53.5),
    ramp=st.one_of(st.just(0.0), st.floats(-4.0, 4.0)),
    volts=st.floats(150.0, 280.0),
    amps=st.floats(0.5, 40.0),
    lag=st.floats(-3.1, 3.1),
    phase=st.floats(-3.1, 3.1),
    harmonics=st.fixed_dictionaries({5: st.floats(0.0, 0.08), 7: st.floats(0.0, 0.08)}),
    unbalance=st.floats(0.0, 0.1),
    offset=st.floats(-0.01, 0.01),
    noise=st.floats(0.0, 0.005),
    seed=st.integers(0, 2**32 - 1),
)
"""The disturbances of the class in which the stated uncertainties hold; with the ramps the frequency stays in 45-55 Hz
for the most part of it."""
STEADY = SIGNALS.map(lambda signal: Signal(**{**vars(signal), "ramp": 0.0}))
EDGES = st.builds(Signal, f0=st.sampled_from([45.0, 55.0]), noise=st.just(0.001), seed=st.integers(0, 2**32 - 1))
