"""Islands of IEC 62116: alone with a load that takes just what it gives, the device notices and leaves in time.

Every point lies where no relay for voltage or frequency would notice: without an active method the island lives on.
"""

from __future__ import annotations

from v2gready.authoring.grid import GridBench, View, row
from v2gready.authoring.grid.islands import IslandCase
from v2gready.authoring.grid.volt_var import volt_var_answered, volt_var_asked

A, B, C = 1.0, 0.66, 0.33
"""Shares of rated power of the three conditions of IEC 62116."""
ACTIVE = 0.3
"""Hz beyond the threshold of LFSM-O where the island of one case settles."""
PASSIVE = {"island-passive-only": "GRID-ISLAND"}
BALANCED = {**PASSIVE, "island-gain-low": "GRID-ISLAND"}
INDUCTIVE = {"island-unprotected": "GRID-ISLAND"}


class PointsOfTheTable(IslandCase):
    """The points of the table of IEC 62116, by condition."""

    table = (
        row(
            "ISL-01",
            "Balanced island at rated power",
            "Condition A, balanced: at rated power the load takes just what the device gives."
            "\n\nVoltage and frequency do not move, and people who work on the line trust that it is dead.",
            level=A,
            faults=BALANCED,
        ),
        row(
            "ISL-02",
            "Island at rated power, 10 % more active load",
            "Condition A, 10 % more active load: voltage settles at 0.95 Un, well inside every limit.",
            level=A,
            p_mismatch=0.1,
            faults=PASSIVE,
        ),
        row(
            "ISL-03",
            "Island at rated power, 10 % less active load",
            "Condition A, 10 % less active load: voltage settles at 1.05 Un, well inside every limit.",
            level=A,
            p_mismatch=-0.1,
            faults=PASSIVE,
        ),
        row(
            "ISL-04",
            "Island at rated power, load 5 % inductive",
            "Condition A, 5 % inductive: the island settles above nominal frequency,"
            " where the device reduces its power.",
            level=A,
            q_mismatch=0.05,
            faults=INDUCTIVE,
        ),
        row(
            "ISL-05",
            "Island at rated power, load 5 % capacitive",
            "Condition A, 5 % capacitive: the island settles more than a hertz below nominal,"
            " where every device must stay.",
            level=A,
            q_mismatch=-0.05,
            faults=PASSIVE,
        ),
        row(
            "ISL-06",
            "Island at rated power, 5 % more active load, 5 % inductive",
            "Condition A, a corner of the table: 5 % more active load and 5 % inductive.",
            level=A,
            p_mismatch=0.05,
            q_mismatch=0.05,
            faults=INDUCTIVE,
        ),
        row(
            "ISL-07",
            "Island at rated power, 5 % less active load, 5 % capacitive",
            "Condition A, the opposite corner: 5 % less active load and 5 % capacitive.",
            level=A,
            p_mismatch=-0.05,
            q_mismatch=-0.05,
            faults=PASSIVE,
        ),
        row(
            "ISL-08",
            "Island at rated power, load 10 % capacitive",
            "Condition A, 10 % capacitive: the furthest point of the table that under-frequency protection"
            " may not notice.",
            level=A,
            q_mismatch=-0.1,
            faults=PASSIVE,
        ),
        row(
            "ISL-09",
            "Balanced island at 66 % of rated power",
            "Condition B, balanced: at two thirds of rated power.",
            level=B,
            faults=BALANCED,
        ),
        row(
            "ISL-10",
            "Island at 66 % of rated power, load 5 % inductive",
            "Condition B, 5 % inductive: one end of the row of the table.",
            level=B,
            q_mismatch=0.05,
            faults=INDUCTIVE,
        ),
        row(
            "ISL-11",
            "Island at 66 % of rated power, load 5 % capacitive",
            "Condition B, 5 % capacitive: the other end of the row of the table.",
            level=B,
            q_mismatch=-0.05,
            faults=PASSIVE,
        ),
        row(
            "ISL-12",
            "Balanced island at 33 % of rated power",
            "Condition C, balanced: at a third of rated power an active method has the least to push with.",
            level=C,
            faults=BALANCED,
        ),
        row(
            "ISL-13",
            "Island at 33 % of rated power, load 5 % inductive",
            "Condition C, 5 % inductive: one end of the row of the table.",
            level=C,
            q_mismatch=0.05,
            faults=INDUCTIVE,
        ),
        row(
            "ISL-14",
            "Island at 33 % of rated power, load 5 % capacitive",
            "Condition C, 5 % capacitive: the other end of the row of the table.",
            level=C,
            q_mismatch=-0.05,
            faults=PASSIVE,
        ),
    )


class WithVoltVar(IslandCase):
    """With Q(U) on, which holds the voltage of the island up, it is noticed as well (IEEE 1547.1 has such cases)."""

    topic = "ISL-15"
    title = "Balanced island at 66 % with Q(U) on"
    level = B
    parameters = ("islanding_time", "islanding_quality_factor", "qu_curve", "qu_time")
    pics = "island_detection and discharge and reactive_modes"
    hooks = ("set_power", "set_reactive")
    faults = {"island-passive-only": "GRID-ISLAND"}

    async def prepare(self, bench: GridBench) -> None:
        """Switches Q(U) on and lets it answer a step of the voltage."""
        await bench.act("set_reactive", mode="qu")
        await bench.play_waveform(volt_var_asked(bench.calm, bench.code))

    def prepared(self, view: View) -> None:
        """It answered."""
        volt_var_answered(view)


class WhereFrequencyResponseHolds(IslandCase):
    """What helps the grid must not keep an island alive.

    The island would settle above the threshold of LFSM-O, where the device reduces its power and so steadies the
    frequency.
    """

    topic = "ISL-16"
    title = "Island that settles where P(f) is active"
    level = B
    parameters = ("islanding_time", "islanding_quality_factor", "lfsmo_threshold")
    faults = {"island-passive-only": "GRID-ISLAND"}

    def surplus(self, of: View | GridBench) -> float:
        """The passive island settles where Qf (x - 1/x) is this share, x the frequency in units of the nominal."""
        x = (of.code["lfsmo_threshold"].number + ACTIVE) / of.code.nominal_frequency
        return of.code["islanding_quality_factor"].number * (x - 1 / x)


class ChargingBesideAGenerator(IslandCase):
    """A device that charges leaves as well, and does not keep the panels beside it in an island.

    By itself it cannot keep one alive, but beside a roof full of panels it is a load that can be balanced.
    """

    topic = "ISL-17"
    title = "Island while charging beside a local generator"
    level = -0.5
    generation = 1.5
    pics = "island_detection"
    faults = {"island-discharging-only": "GRID-ISLAND", "island-passive-only": "GRID-ISLAND"}
