"""What of a recording is worth a plot: quantities that moved, and those that a check was about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from v2gready.grid.quantities import Quantities
from v2gready.grid.rating import Rating
from v2gready.grid.recording import Recording
from v2gready.grid.series import Series
from v2gready.model.measurement import Measurement
from v2gready.model.observation import Inconclusive, Observation

NOMINAL_FREQUENCY: Final = 50.0
_EQUAL_PHASES: Final = 0.01
"""Share of nominal by which phases may differ and still be drawn as one line."""
_NEAR: Final = 0.05
"""Seconds around the judged instants in which a measured value is looked for."""
_STEP: Final = 0.03
"""Seconds within which a step has reached the RMS values of all phases."""
_MARGIN: Final = 0.2
"""Seconds around an enlargement that its estimators need."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A quantity that can be plotted.

    Attributes:
        key: Short name.
        name: For the reader.
        unit: SI unit of its values.
        aliases: How a `Curve` may call it.
        moves: Change that is worth a plot, in shares of `Base`.
        least: Height of the plot at least, in the same shares: noise shall not fill it.
    """

    key: str
    name: str
    unit: str
    aliases: frozenset[str]
    moves: float
    least: float


VOLTAGE = Quantity("u", "Voltage", "V", frozenset({"u", "u1", "u2", "u3", "u_pos", "voltage", "U"}), 0.02, 0.06)
FREQUENCY = Quantity("f", "Frequency", "Hz", frozenset({"f", "frequency"}), 0.0004, 0.002)
POWER = Quantity("export", "P to the grid", "W", frozenset({"export", "p", "P", "power"}), 0.03, 0.10)
REACTIVE = Quantity(
    "q_export", "Q over-excited", "var", frozenset({"q_export", "q", "Q", "reactive power"}), 0.03, 0.10
)
CURRENT = Quantity("i", "Current, largest phase", "A", frozenset({"i", "i_max", "I", "current"}), 0.05, 0.10)
QUANTITIES = (VOLTAGE, FREQUENCY, POWER, REACTIVE, CURRENT)
USUAL = (VOLTAGE, FREQUENCY, POWER)


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One line of a plot.

    Attributes:
        label: Direct label; empty if the track has no other line.
        series: In the unit of the track.
    """

    label: str
    series: Series


@dataclass(frozen=True, slots=True)
class Bound:
    """A limit as a level over a stretch of time."""

    value: float
    words: str
    since: float
    until: float


@dataclass(frozen=True, slots=True)
class Envelope:
    """A wanted course over time, with its tolerance on either side if it has one."""

    points: tuple[tuple[float, float], ...]
    tolerance: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One plot of the stack.

    Attributes:
        quantity: What it shows.
        unit: Of everything in it.
        least: Height at least.
        lines: What was measured.
        bounds: Limits of checks.
        envelopes: Envelopes of checks.
    """

    quantity: Quantity
    unit: str
    least: float
    lines: tuple[Line, ...]
    bounds: tuple[Bound, ...] = ()
    envelopes: tuple[Envelope, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Switching:
    """A digital channel: the stretches in which it is 1."""

    name: str
    on: tuple[tuple[float, float], ...]


class Tracks:
    """Plots of one recording.

    Args:
        recording: Either kind.
        declared: Parameters of the run: rating of the device, nominal frequency.
    """

    def __init__(self, recording: Recording, declared: Mapping[str, Any]) -> None:
        self._recording = recording
        self._rating = _rating(declared)
        code = declared.get("grid_code")
        nominal = code.get("nominal_frequency") if isinstance(code, Mapping) else None
        self._frequency = float(nominal) if isinstance(nominal, int | float) and nominal > 0 else NOMINAL_FREQUENCY
        self._q = Quantities(recording, nominal=self._frequency)
        self._unit: dict[str, tuple[str, float]] = {}
        self.missing: dict[str, str] = {}

    @property
    def whole(self) -> tuple[float, float]:
        """First and last instant of the recording."""
        return self._recording.start, self._recording.start + self._recording.duration

    @property
    def spacing(self) -> float:
        """Seconds between two values of a plot; an enlargement of a waveform recording has a finer one."""
        return 0.005 if self._q.is_waveform else 1 / self._recording.rate

    def chosen(self, observations: Sequence[Observation]) -> tuple[Track, ...]:
        """The quantities that moved or that an observation was about, with its limits and envelopes."""
        found = {quantity: self._read(self._q, quantity) for quantity in QUANTITIES}
        tracks = {quantity: lines for quantity, lines in found.items() if lines}
        about = {quantity for quantity in tracks if any(_is_about(quantity, one) for one in observations)}
        moved = {quantity for quantity, lines in tracks.items() if self._moved(quantity, lines)}
        wanted = about | moved or set(USUAL)
        return tuple(
            self._track(quantity, lines, observations) for quantity, lines in tracks.items() if quantity in wanted
        )

    def enlarged(
        self, tracks: Iterable[Track], window: tuple[float, float], observations: Sequence[Observation]
    ) -> tuple[Track, ...]:
        """The same quantities in a stretch; those of a waveform recording at finer instants."""
        if not self._q.is_waveform:
            return tuple(tracks)
        since, until = window
        part = _cut(self._recording, since - _MARGIN, until + _MARGIN)
        q = Quantities(part, refresh=max(0.001, (until - since) / 400), nominal=self._frequency)
        read = ((track.quantity, self._read(q, track.quantity)) for track in tracks)
        return tuple(self._track(quantity, lines, observations) for quantity, lines in read if lines)

    def switchings(self) -> tuple[Switching, ...]:
        """Digital channels that change."""
        found = []
        ask: tuple[tuple[str, Callable[[], Series]], ...] = (
            ("Island switch closed", self._q.switch),
            ("Cease input active", self._q.cease),
        )
        for name, read in ask:
            try:
                series = read()
            except Inconclusive:
                continue
            high = series.values > 0.5
            if high.all() or not high.any():
                continue
            edges = np.flatnonzero(np.diff(np.concatenate(([False], high, [False])).astype(np.int8)))
            ends = np.append(series.t, series.t[-1])
            on = tuple((float(series.t[a]), float(ends[b])) for a, b in zip(edges[::2], edges[1::2], strict=True))
            found.append(Switching(name, on))
        return tuple(found)

    def _read(self, q: Quantities, quantity: Quantity) -> list[Line]:
        """Lines in SI units; none, with the reason noted, if the recording does not hold the quantity."""
        try:
            match quantity.key:
                case "u":
                    lines = self._voltages(q)
                case "f":
                    lines = [Line("", q.f)]
                case "export":
                    lines = [Line("", q.export)]
                case "q_export":
                    lines = [Line("", q.q_export)]
                case _:
                    lines = [Line("", q.i_max)]
        except (Inconclusive, KeyError) as problem:
            self.missing.setdefault(quantity.name, str(problem))
            return []
        lines = [Line(line.label, _finite(line.series)) for line in lines]
        return [line for line in lines if len(line.series) > 1]

    def _voltages(self, q: Quantities) -> list[Line]:
        """One line if the phases are equal, but for the cycle in which they step one after the other."""
        phases = q.u
        if len(phases) == 1:
            return [Line("", phases[0])]
        values = np.stack([one.values for one in phases])
        apart = values.max(axis=0) - values.min(axis=0)
        lasting = int(np.ceil(_STEP / (phases[0].spacing or _STEP))) + 1
        if len(apart) >= lasting:
            apart = np.lib.stride_tricks.sliding_window_view(apart, lasting).min(axis=1)
        if float(apart.max(initial=0.0)) < _EQUAL_PHASES * self._base(VOLTAGE):
            return [Line("", replace(phases[0], values=np.asarray(values.mean(axis=0), dtype=np.float64)))]
        return [Line(f"L{number}", one) for number, one in enumerate(phases, start=1)]

    def _base(self, quantity: Quantity) -> float:
        """What shares of the quantity refer to: its nominal or rated value."""
        if quantity is VOLTAGE:
            return self._rating.voltage if self._rating else 230.0
        if quantity is FREQUENCY:
            return self._frequency
        if quantity is CURRENT:
            return self._rating.current if self._rating else 16.0
        return self._rating.power if self._rating else 10_000.0

    def _moved(self, quantity: Quantity, lines: Sequence[Line]) -> bool:
        threshold = quantity.moves * self._base(quantity)
        for line in lines:
            values = line.series.values
            doubt = 2 * float(np.median(line.series.uncertainty))
            if float(values.max() - values.min()) > max(threshold, doubt):
                return True
        return False

    def _track(self, quantity: Quantity, lines: Sequence[Line], observations: Sequence[Observation]) -> Track:
        unit, factor = self._shown(quantity, lines)
        scale = _Scale(quantity, self._base(quantity), factor)
        return Track(
            quantity=quantity,
            unit=unit,
            least=quantity.least * self._base(quantity) * factor,
            lines=tuple(line if factor == 1 else Line(line.label, line.series.scaled(factor, unit)) for line in lines),
            bounds=tuple(dict.fromkeys(bound for one in observations for bound in scale.bounds(one, unit, lines))),
            envelopes=tuple(found for one in observations if (found := scale.envelope(one)) is not None),
        )

    def _shown(self, quantity: Quantity, lines: Sequence[Line]) -> tuple[str, float]:
        """Unit of the plot and factor from SI; the first answer for a quantity stands."""
        if quantity.key not in self._unit:
            highest = max(float(np.abs(line.series.values).max()) for line in lines)
            if quantity is CURRENT and self._rating:
                self._unit[quantity.key] = "In", 1 / self._rating.current
            elif quantity in {POWER, REACTIVE} and max(highest, self._base(quantity)) >= 2000:
                self._unit[quantity.key] = f"k{quantity.unit}", 0.001
            else:
                self._unit[quantity.key] = quantity.unit, 1.0
        return self._unit[quantity.key]


_SHARES: Final = {
    "u": frozenset({"Un", "pu"}),
    "f": frozenset[str](),
    "export": frozenset({"Pn", "pu"}),
    "q_export": frozenset({"Sn", "Smax", "Pn", "pu"}),
    "i": frozenset({"In", "pu"}),
}
"""Units in which a check may give a quantity instead of its SI unit."""


@dataclass(frozen=True, slots=True)
class _Scale:
    """Brings what checks say into the unit of a plot."""

    quantity: Quantity
    base: float
    factor: float

    def bounds(self, one: Observation, unit: str, lines: Sequence[Line]) -> Iterable[Bound]:
        """The limits of an observation, over the stretch judged; none if that was a difference and no level."""
        limit = one.limit
        times = self._of(limit.unit, named=False) if limit is not None else None
        if limit is None or times is None:
            return
        instants = sorted(one.instants) or [-np.inf, np.inf]
        measured = one.measurement
        if measured is not None and not any(
            self._passes(line.series, instants, measured, times / self.factor) for line in lines
        ):
            return
        for edge, sign in ((limit.low, "≥"), (limit.high, "≤")):
            if edge is not None and np.isfinite(edge):
                value = edge * times
                yield Bound(value, f"{sign} {value:.4g} {unit}", instants[0], instants[-1])

    def envelope(self, one: Observation) -> Envelope | None:
        """The envelope over time of an observation, if it is one of this quantity."""
        curve = one.curve
        if curve is None or curve.x[0] != "t" or curve.y[0] not in self.quantity.aliases:
            return None
        times = self._of(curve.y[1], named=True)
        if times is None:
            return None
        tolerance = None if curve.tolerance is None else curve.tolerance * times
        return Envelope(tuple((t, value * times) for t, value in curve.expected), tolerance)

    def _passes(self, series: Series, instants: Sequence[float], measured: Measurement, si: float) -> bool:
        """Whether a line, in SI units, comes near a measured value within a stretch."""
        near = (series.t >= instants[0] - _NEAR) & (series.t <= instants[-1] + _NEAR)
        if not near.any():
            return False
        slack = measured.uncertainty * si + self.quantity.moves * self.base
        part = series.values[near]
        return bool(part.min() - slack <= measured.value * si <= part.max() + slack)

    def _of(self, unit: str, *, named: bool) -> float | None:
        if unit == self.quantity.unit:
            return self.factor
        shares = _SHARES[self.quantity.key]
        # "pu" alone does not say of what.
        return self.base * self.factor if unit in shares and (named or unit != "pu") else None


def _is_about(quantity: Quantity, one: Observation) -> bool:
    if one.curve is not None and one.curve.x[0] == "t" and one.curve.y[0] in quantity.aliases:
        return True
    unit = one.limit.unit if one.limit is not None else ""
    if unit in {quantity.unit, *(_SHARES[quantity.key] - {"pu"})}:
        return True
    # Whether and when a device is connected is seen in its current.
    return quantity is CURRENT and bool(one.instants) and unit in {"", "s"}


def _finite(series: Series) -> Series:
    """Without values that are no numbers: the line has a gap there."""
    good = np.isfinite(series.values) & np.isfinite(series.t)
    if good.all():
        return series
    doubt = np.nan_to_num(series.uncertainty[good])
    return replace(series, t=series.t[good], values=series.values[good], uncertainty=doubt)


def _cut(recording: Recording, since: float, until: float) -> Recording:
    first = max(0, int((since - recording.start) * recording.rate))
    last = min(len(recording), int((until - recording.start) * recording.rate) + 1)
    channels = {
        name: replace(channel, values=channel.values[first:last]) for name, channel in recording.channels.items()
    }
    return replace(recording, start=recording.start + first / recording.rate, channels=channels)


def _rating(declared: Mapping[str, Any]) -> Rating | None:
    try:
        return Rating.declared(declared)
    except (KeyError, TypeError, ValueError):
        return None
