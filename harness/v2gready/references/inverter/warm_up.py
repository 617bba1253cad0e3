"""``python -m v2gready.references.inverter.warm_up``: compiles the simulation once, when the harness is installed."""

from __future__ import annotations

from v2gready.grid.script import Script
from v2gready.references.inverter import compiled
from v2gready.references.inverter.handle import RunningInverter
from v2gready.references.inverter.rating import DEFAULT_RATING
from v2gready.references.inverter.settings import DerSettings
from v2gready.references.inverter.unit import Detail


def warm_up() -> None:
    """Plays a moment in both details, so that both loops lie compiled on the disk."""
    inverter = RunningInverter(DEFAULT_RATING, DerSettings(), fast=compiled.available())
    for detail in Detail:
        inverter.advance(Script().hold(0.1), detail)


if __name__ == "__main__":
    warm_up()
