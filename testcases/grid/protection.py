"""The interface protection: each stage trips just beyond its value in its time, and neither inside nor before.

A class is one stage and stands for the cases ``-01`` (trips) and ``-02`` (holds): see `Protection`.
"""

from __future__ import annotations

from v2gready.authoring.grid import Protection

COLLAPSE = "A device that stays at a collapsing voltage feeds a fault or an island."
DESTROYS = "Overvoltage destroys what is connected beside the device."
LOST = "Frequency that low is an island or a grid that is lost."
DRIVEN = "Frequency that high is an island: whoever feeds it drives it higher."


class Undervoltage(Protection):
    """The undervoltage stage 1."""

    topic, stage, symbol = "UUND", "trip_u_under", "U<"
    called, matters = "undervoltage stage 1", COLLAPSE


class DeepUndervoltage(Protection):
    """The undervoltage stage 2."""

    topic, stage, symbol = "UUND2", "trip_u_under_2", "U<<"
    called, matters = "undervoltage stage 2", COLLAPSE
    current_flows = False


class Overvoltage(Protection):
    """The overvoltage stage 1."""

    topic, stage, symbol = "UOVR", "trip_u_over", "U>"
    called, matters = "overvoltage stage 1", DESTROYS


class HighOvervoltage(Protection):
    """The overvoltage stage 2."""

    topic, stage, symbol = "UOVR2", "trip_u_over_2", "U>>"
    called, matters = "overvoltage stage 2", DESTROYS
    current_flows = False


class HighestOvervoltage(Protection):
    """The overvoltage stage 3."""

    topic, stage, symbol = "UOVR3", "trip_u_over_3", "U>>>"
    called, matters = "overvoltage stage 3", DESTROYS
    current_flows = False
    quick_fault = False


class UnderFrequency(Protection):
    """The under-frequency stage 1."""

    topic, stage, symbol = "FUND", "trip_f_under", "f<"
    called, matters = "under-frequency stage 1", LOST


class DeepUnderFrequency(Protection):
    """The under-frequency stage 2."""

    topic, stage, symbol = "FUND2", "trip_f_under_2", "f<<"
    called, matters = "under-frequency stage 2", LOST
    quick_fault = False


class OverFrequency(Protection):
    """The over-frequency stage 1."""

    topic, stage, symbol = "FOVR", "trip_f_over", "f>"
    called, matters = "over-frequency stage 1", DRIVEN


class HighOverFrequency(Protection):
    """The over-frequency stage 2."""

    topic, stage, symbol = "FOVR2", "trip_f_over_2", "f>>"
    called, matters = "over-frequency stage 2", DRIVEN
    quick_fault = False
