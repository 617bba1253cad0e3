"""The reference inverter: a bidirectional storage unit to test the grid-code cases with, and named faults.

Layers, from the inside out: `settings` (what is adjustable), `design` (what is not), `cells` (both as arrays),
`active_power` and `controller` (the control law), `plant_phasor` and `plant_waveform` (the same law at a grid, in RMS
values or sample by sample), `plant_ideal` (the latter in arrays, where it can be), `compiled` (both with numba), `unit`
(one inverter), `seams` and `faults` (what it can do wrong), `handle` (the inverter with its twins that prove a fault).
"""

from v2gready.references.inverter.handle import ReactiveMode, RunningInverter
from v2gready.references.inverter.island import IslandLoad
from v2gready.references.inverter.rating import DEFAULT_RATING, Battery, Rating
from v2gready.references.inverter.reference import ReferenceInverter
from v2gready.references.inverter.seams import Effect, Fault
from v2gready.references.inverter.settings import DerSettings, PowerReference, Relay, Stage
from v2gready.references.inverter.unit import Detail

REFERENCE = ReferenceInverter()
"""Entry point ``inverter`` of ``v2gready.references``."""

__all__ = [
    "DEFAULT_RATING",
    "REFERENCE",
    "Battery",
    "DerSettings",
    "Detail",
    "Effect",
    "Fault",
    "IslandLoad",
    "PowerReference",
    "Rating",
    "ReactiveMode",
    "ReferenceInverter",
    "Relay",
    "RunningInverter",
    "Stage",
]
