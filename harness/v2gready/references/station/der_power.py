"""What DER controls make of the power of an inverter: curves, droop, limit (R01, R04, R05).

Positive power charges here. DER controls count what is given to the grid as positive; the sign turns at the border.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from v2gready.protocols.ocpp.frames import Payload
from v2gready.references.station.energy_rules import DerKnob
from v2gready.references.station.seams import Seams
from v2gready.references.station.targets import interpolate

_PERCENT: Final = 100.0

ACTUATED: Final = ("FreqDroop", "FreqWatt", "VoltWatt", "LimitMaxDischarge")
"""Control types that move the active power, in the order in which they act."""


@dataclass(frozen=True, slots=True)
class Grid:
    """What the inverter measures.

    Attributes:
        frequency: Hz.
        voltage: Percent of the nominal voltage.
    """

    frequency: float
    voltage: float


@dataclass(frozen=True, slots=True)
class Rating:
    """The inverter.

    Attributes:
        discharge: MaxW in W.
        charge: MaxChargeRateW in W.
        nominal_frequency: Hz.
    """

    discharge: float
    charge: float
    nominal_frequency: float = 50.0


def governed(  # noqa: PLR0917 - a pure function of all that counts
    control_type: str, value: Payload, watts: float, grid: Grid, rating: Rating, seams: Seams
) -> float:
    """The power under one control.

    Args:
        control_type: One of `ACTUATED`.
        value: The control.
        watts: Power wanted so far, positive charging.
        grid: What is measured.
        rating: The inverter.
        seams: Where faults act.
    """
    match control_type:
        case "FreqWatt":
            return _capped(value, grid.frequency, watts, rating, seams)
        case "VoltWatt":
            return _capped(value, grid.voltage, watts, rating, seams)
        case "FreqDroop":
            return watts + seams.value(DerKnob.DROOP, droop(value, grid.frequency, rating))
        case _:
            share = value.get("pctMaxDischargePower")
            if share is None:
                return watts
            return max(watts, -seams.value(DerKnob.CAP, float(share) / _PERCENT * rating.discharge))


def _capped(curve: Payload, x: float, watts: float, rating: Rating, seams: Seams) -> float:
    """A curve gives the most that may be given to the grid in percent; a negative value is a least charge."""
    points = [(float(point["x"]), float(point["y"])) for point in curve["curveData"]]
    share = interpolate(points, x) / _PERCENT
    most = seams.value(DerKnob.CAP, share * (rating.discharge if share >= 0 else rating.charge))
    return max(watts, -most)


def droop(value: Payload, frequency: float, rating: Rating) -> float:
    """The change of power by frequency droop, positive charging more.

    The power moves by one rating where the frequency moves by droop times the nominal frequency, counted from overFreq
    or underFreq, which are frequencies in Hz (the text leaves the unit open).
    """
    above = frequency - float(value["overFreq"])
    below = float(value["underFreq"]) - frequency
    if above > 0 and value["overDroop"] > 0:
        return above / rating.nominal_frequency / float(value["overDroop"]) * rating.discharge
    if below > 0 and value["underDroop"] > 0:
        return -below / rating.nominal_frequency / float(value["underDroop"]) * rating.discharge
    return 0.0


def grid_fault(control_type: str, grid: Grid, rating: Rating) -> str | None:
    """GridEventFault of an alarm; None where nothing is wrong with the grid."""
    if control_type in {"FreqWatt", "FreqDroop"}:
        return "OverFrequency" if grid.frequency > rating.nominal_frequency else "UnderFrequency"
    if control_type == "VoltWatt":
        return "OverVoltage" if grid.voltage > _PERCENT else "UnderVoltage"
    return None
