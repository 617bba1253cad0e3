"""Every parameter that a grid code may set: its shape, its units, what it means.

A name that is not here is a typing error; a case can ask for nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Shape(StrEnum):
    """How a parameter is written."""

    NUMBER = "value"
    CHOICE = "text"
    STAGE = "stage"
    """One row: a value and the delay after which the protection trips."""
    ROWS = "rows"
    BANDS = "bands"
    """Rows that begin with a low and a high end."""
    CURVE = "curve"
    """Rows of x and y, x not falling; two rows of one x are a jump."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What is known of a parameter before any code sets it.

    Attributes:
        shape: How it is written.
        units: Of the number, or of each column.
        meaning: In one line.
        choices: Admissible texts of a choice.
        within: What its number can be, if that is not `PLAUSIBLE` for its unit.
    """

    shape: Shape
    units: tuple[str, ...]
    meaning: str
    choices: tuple[str, ...] = ()
    within: tuple[float, float] | None = None

    @property
    def unit(self) -> str:
        """As written in a profile: ``Hz``, or ``Hz, Hz, s`` for the columns of rows."""
        return ", ".join(self.units)

    @property
    def key(self) -> str:
        """The key that holds it in a profile."""
        return self.shape.value if self.shape in {Shape.NUMBER, Shape.CHOICE} else "rows"


PLAUSIBLE: Mapping[str, tuple[float, float]] = {
    "Hz": (40.0, 70.0),
    "Hz/s": (0.0, 20.0),
    "s": (0.0, math.inf),
    "pu": (-2.0, 2.0),
    "%": (0.0, 100.0),
    "share": (0.0, 1.0),
    "share/s": (0.0, 10.0),
    "deg": (0.0, 180.0),
    "VA": (0.0, 1e9),
    "1": (0.0, 20.0),
}
"""What a number of each unit can be. A typing error (502 for 50.2, 85 for 0.85) falls outside."""

REFERENCE_POWERS = ("Pn", "Pmax_inj", "Pmax_abs", "P_at_threshold")


def _number(unit: str, meaning: str) -> Kind:
    return Kind(Shape.NUMBER, (unit,), meaning)


def _stage(unit: str, meaning: str) -> Kind:
    return Kind(Shape.STAGE, (unit, "s"), meaning)


def _curve(x: str, y: str, meaning: str) -> Kind:
    return Kind(Shape.CURVE, (x, y), meaning)


def _reference_power(meaning: str) -> Kind:
    return Kind(Shape.CHOICE, ("",), meaning, REFERENCE_POWERS)


KNOWN: Mapping[str, Kind] = {
    # Where the device stays connected
    "frequency_range": Kind(Shape.BANDS, ("Hz", "Hz", "s"), "from, to, least time of operation; inf without end"),
    "voltage_range": Kind(Shape.BANDS, ("pu", "pu", "s"), "from, to, least time of operation; inf without end"),
    "rocof": Kind(Shape.ROWS, ("Hz/s", "s"), "rate of change that must not trip, either sign; its moving window"),
    "phase_jump": _number("deg", "jump of the voltage angle that must not trip"),
    "p_under_frequency": _curve("Hz", "share", "admissible reduction of the maximum power at falling frequency"),
    # Over-frequency
    "lfsmo_threshold": _number("Hz", "above it power falls"),
    "lfsmo_droop": _number("%", "change of frequency in % of nominal that changes power by the reference power"),
    "lfsmo_p_ref": _reference_power("what the droop is related to"),
    "lfsmo_delay": _number("s", "longest time until the response begins"),
    "lfsmo_rise": _number("s", "longest rise time of the response to a step"),
    "lfsmo_settling": _number("s", "longest settling time of the response to a step"),
    "lfsmo_tolerance": _number("share", "tolerance of power on the line, of Pn"),
    "lfsmo_return_gradient": _number("share/s", "fastest return of power afterwards, of Pn"),
    "lfsmo_recovery_band": Kind(Shape.BANDS, ("Hz", "Hz"), "frequency is normal again between these"),
    # Under-frequency
    "lfsmu_threshold": _number("Hz", "below it power rises"),
    "lfsmu_droop": _number("%", "as lfsmo_droop, while discharging"),
    "lfsmu_p_ref": _reference_power("what the droop is related to"),
    "lfsmu_rise": _number("s", "longest rise time"),
    "lfsmu_settling": _number("s", "longest settling time"),
    "lfsmu_tolerance": _number("share", "tolerance of power on the line, of Pn"),
    "lfsmu_charge_curve": _curve(
        "Hz", "pu", "least export at that frequency when charging at Pn before; export positive"
    ),
    "lfsmu_supply_below": _number("Hz", "below it the device supplies, or disconnects"),
    "lfsmu_supply_time": _number("s", "longest time of the change from charging to supply"),
    "lfsmuc_threshold": _number("Hz", "below it a device without right to discharge reduces charging"),
    "lfsmuc_zero": _number("Hz", "at it charging has ended"),
    "lfsmuc_time": _number("s", "longest time of that reduction"),
    # Ride-through
    "uvrt": _curve("s", "pu", "voltage from the start of a dip; at or above it the device stays connected"),
    "ovrt": _curve("s", "pu", "voltage from the start of a swell; at or below it the device stays connected"),
    "frt_recovery_time": _number("s", "longest time until power is back"),
    "frt_recovery_share": _number("share", "of the power before, to be back by then"),
    "frt_recovery_voltage": _number("pu", "the time runs from the return of the voltage above it"),
    "frt_zero_current_below": _number("pu", "below it no current is fed"),
    "frt_zero_current_share": _number("share", "of In that counts as none"),
    "frt_zero_current_time": _number("s", "longest time until the current is gone"),
    "frt_k": _number("1", "reactive current in In per voltage deviation in pu"),
    "frt_reaction_time": _number("s", "longest time until that current reacts"),
    # Interface protection
    "trip_u_under": _stage("pu", "first under-voltage stage"),
    "trip_u_under_2": _stage("pu", "second under-voltage stage"),
    "trip_u_over": _stage("pu", "first over-voltage stage"),
    "trip_u_over_2": _stage("pu", "second over-voltage stage"),
    "trip_u_over_3": _stage("pu", "third over-voltage stage"),
    "trip_u_over_10min": _number("pu", "over-voltage of the mean of 10 minutes"),
    "trip_f_under": _stage("Hz", "first under-frequency stage"),
    "trip_f_under_2": _stage("Hz", "second under-frequency stage"),
    "trip_f_over": _stage("Hz", "first over-frequency stage"),
    "trip_f_over_2": _stage("Hz", "second over-frequency stage"),
    "trip_rocof": _stage("Hz/s", "loss of mains by rate of change of frequency"),
    "trip_time_tolerance": _number("s", "tolerance of a trip time"),
    "trip_time_share": _number("share", "tolerance of a trip time, of the delay; the larger of both counts"),
    "trip_u_tolerance": _number("pu", "tolerance of a voltage threshold"),
    "trip_f_tolerance": Kind(Shape.NUMBER, ("Hz",), "tolerance of a frequency threshold", within=(0.0, 1.0)),
    # Return to the grid
    "reconnect_frequency": Kind(Shape.BANDS, ("Hz", "Hz"), "frequency between these"),
    "reconnect_voltage": Kind(Shape.BANDS, ("pu", "pu"), "voltage between these"),
    "reconnect_wait": _number("s", "for at least this time"),
    "reconnect_gradient": _number("share/s", "fastest rise of power afterwards, of Pn"),
    "reconnect_random": _number("s", "longest random delay on top"),
    # Cease, reactive power, islanding, quality
    "cease_time": _number("s", "longest time from the signal until active power has ceased"),
    "cease_share": _number("share", "of Pn that counts as ceased"),
    "qu_curve": _curve("pu", "pu", "reactive power of Smax over voltage, over-excited positive"),
    "qu_time": _number("s", "longest time of the response of Q(U)"),
    "q_tolerance": _number("share", "tolerance of reactive power, of Smax"),
    "cosphi_p_curve": _curve("pu", "1", "power factor over active power"),
    "cosphi_capability": _number("1", "least power factor that the device can reach, both signs"),
    "voltwatt_curve": _curve("pu", "pu", "most export of Pn over voltage"),
    "islanding_time": _number("s", "longest run-on in an island"),
    "islanding_quality_factor": _number("1", "of the resonant load"),
    "thd_limit": _number("%", "total harmonic distortion of current"),
    "dc_limit": _number("share", "direct current, of In"),
    "unbalance_limit": _number("VA", "apparent power of one phase above the others"),
}
