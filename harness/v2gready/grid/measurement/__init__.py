"""Measured quantities from samples: each with its uncertainty, or `Inconclusive` with the reason."""

from v2gready.grid.measurement.events import (
    Crossing,
    Dip,
    connection,
    crossings,
    dips,
    disconnection,
    step_instant,
    swells,
)
from v2gready.grid.measurement.frequency import frequency, rocof
from v2gready.grid.measurement.gradients import RampUp, gradient, ramp_up, trend
from v2gready.grid.measurement.harmonics import Spectrum, dc_component, harmonics
from v2gready.grid.measurement.levels import Plateau, Ramp, plateaus, ramps
from v2gready.grid.measurement.oscillation import Damping, damping
from v2gready.grid.measurement.power import Power, energy, power, total_power
from v2gready.grid.measurement.rms import rms, rms_10_cycle, rms_half_cycle
from v2gready.grid.measurement.sequence import Sequences, sequences
from v2gready.grid.measurement.steps import StepResponse, step_response
from v2gready.grid.measurement.synchronous import Synchronous
from v2gready.grid.measurement.waveform import Waveform

__all__ = [
    "Crossing",
    "Damping",
    "Dip",
    "Plateau",
    "Power",
    "Ramp",
    "RampUp",
    "Sequences",
    "Spectrum",
    "StepResponse",
    "Synchronous",
    "Waveform",
    "connection",
    "crossings",
    "damping",
    "dc_component",
    "dips",
    "disconnection",
    "energy",
    "frequency",
    "gradient",
    "harmonics",
    "plateaus",
    "power",
    "ramp_up",
    "ramps",
    "rms",
    "rms_10_cycle",
    "rms_half_cycle",
    "rocof",
    "sequences",
    "step_instant",
    "step_response",
    "swells",
    "total_power",
    "trend",
]
