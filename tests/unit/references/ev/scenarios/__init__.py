"""Scenarios for faults of the reference car, by name of the fault."""

from tests.unit.references.ev.scenarios import energy, interruptions, sessions
from tests.unit.references.ev.scenarios.registry import SCENARIOS

__all__ = ["SCENARIOS", "energy", "interruptions", "sessions"]
