"""The power that each operation mode wants: curves, aFRR signals, load balancing (Q03 to Q10)."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from v2gready.protocols.ocpp.frames import Payload
from v2gready.references.station.composite import Band, Outlet, capped
from v2gready.references.station.energy_rules import EnergyKnob
from v2gready.references.station.seams import Seams

_MILLI: Final = 1000.0
_DUST: Final = 1e-6
"""mHz: 49.99 and 50.00 Hz are 10 mHz apart, whatever binary fractions say."""


@dataclass(frozen=True, slots=True)
class Balancing:
    """Thresholds of LocalLoadBalancing in W (V2XChargingCtrlr).

    Attributes:
        upper: UpperThreshold.
        upper_offset: UpperOffset.
        lower: LowerThreshold.
        lower_offset: LowerOffset.
    """

    upper: float
    upper_offset: float
    lower: float
    lower_offset: float

    def delta(self, load: float) -> float:
        """By how much the setpoint moves for a load of the upstream meter (Q09.FR.04)."""
        if load > self.upper:
            return self.upper + self.upper_offset - load
        if load < self.lower:
            return self.lower + self.lower_offset - load
        return 0.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an EVSE measures.

    Attributes:
        frequency: Hz.
        threshold: LocalFrequencyUpdateThreshold in mHz.
        load: Last reading of the upstream meter in W, positive consuming; None: none yet.
        reading: Number of that reading.
        balancing: Thresholds; None: not set.
    """

    frequency: float = 50.0
    threshold: float = 10.0
    load: float | None = None
    reading: int = 0
    balancing: Balancing | None = None


@dataclass(slots=True)
class Follower:
    """What an EVSE remembers of the period that it follows.

    Attributes:
        period: Profile and start of the period; another one makes everything begin anew.
        frequency: At which the curve was read last.
        curve_power: What it gave, in W.
        signal: Last aFRR signal in force.
        balance: Setpoint of load balancing in W.
        reading: Number of the reading that is in it.
    """

    period: tuple[int, int, int] | None = None
    frequency: float | None = None
    curve_power: float = 0.0
    signal: int | None = None
    balance: float = 0.0
    reading: int = -1

    def follow(self, band: Band) -> None:
        """Begins anew where another period leads."""
        found = band.leading
        key = None
        if found is not None:
            key = (found.installed.id, found.installed.order, int(found.period["startPeriod"]))
        if key != self.period:
            self.period, self.frequency, self.signal = key, None, None
            self.balance, self.reading = 0.0, -1


def interpolate(points: Sequence[tuple[float, float]], x: float) -> float:
    """The value of a curve; beyond its ends that of its ends.

    Args:
        points: (x, y) in any order, at least one.
        x: Where.
    """
    ordered = sorted(points)
    if x <= ordered[0][0]:
        return ordered[0][1]
    for (left, low), (right, high) in itertools.pairwise(ordered):
        if x <= right:
            return high if right == left else low + (high - low) * (x - left) / (right - left)
    return ordered[-1][1]


def wanted_power(band: Band, outlet: Outlet, follower: Follower, around: Surroundings, seams: Seams) -> float:
    """The power that the composite wants, in W, within its limits; positive charging.

    Args:
        band: The composite now.
        outlet: The EVSE.
        follower: Its memory; it is brought up to date.
        around: What it measures.
        seams: Where faults act.
    """
    follower.follow(band)
    match band.mode:
        case "Idle":
            return seams.value(EnergyKnob.IDLE, 0.0)
        case "LocalFrequency":
            wanted = _local_frequency(band, follower, around, seams)
        case "LocalLoadBalancing":
            wanted = _load_balancing(band, follower, around, seams)
        case "CentralSetpoint" | "CentralFrequency" | "ExternalSetpoint":
            wanted = band.setpoint or 0.0
        case _:
            # A limit of 0 is no order to discharge, whatever dischargeLimit allows.
            wanted = max(outlet.charge if band.limit is None else band.limit, 0.0)
    wanted = seams.value(EnergyKnob.SETPOINT, wanted)
    if band.mode in {"LocalFrequency", "LocalLoadBalancing"}:
        wanted = capped(wanted, band, seams) or 0.0
    return wanted


def _local_frequency(band: Band, follower: Follower, around: Surroundings, seams: Seams) -> float:
    """Baseline, frequency curve and signal curve (Q08.FR.06, Q08.FR.07, Q08.FR.10)."""
    period: Payload = {} if band.leading is None else band.leading.period
    threshold = seams.value(EnergyKnob.THRESHOLD, around.threshold)
    moved = follower.frequency is None or abs(around.frequency - follower.frequency) * _MILLI >= threshold - _DUST
    if moved:
        curve = [(float(point["frequency"]), float(point["power"])) for point in period.get("v2xFreqWattCurve", ())]
        curve = seams.value(EnergyKnob.CURVE, curve)
        follower.frequency = around.frequency
        power = interpolate(curve, around.frequency) if curve else 0.0
        follower.curve_power = seams.value(EnergyKnob.CURVE_POWER, power)
    wanted = seams.value(EnergyKnob.BASELINE, float(period.get("v2xBaseline", 0.0))) + follower.curve_power
    if follower.signal is not None and "v2xSignalWattCurve" in period:
        curve = [(float(point["signal"]), float(point["power"])) for point in period["v2xSignalWattCurve"]]
        wanted += seams.value(EnergyKnob.SIGNAL_POWER, interpolate(curve, float(follower.signal)))
    return wanted


def _load_balancing(band: Band, follower: Follower, around: Surroundings, seams: Seams) -> float:
    """One step of the formula for each reading of the upstream meter (Q09.FR.04, Q09.FR.05)."""
    if around.load is not None and around.balancing is not None and around.reading != follower.reading:
        follower.reading = around.reading
        moved = follower.balance + seams.value(EnergyKnob.DELTA, around.balancing.delta(around.load))
        # What the cap takes away is not saved up: the next step starts from what really flows.
        follower.balance = capped(moved, band, seams) or 0.0
    return follower.balance
