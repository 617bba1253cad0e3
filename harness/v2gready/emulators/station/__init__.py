"""Charging stations as neighbours of a CSMS: driver, session, answers."""

from v2gready.emulators.station.driver import Approach, StationConfig, StationCredentials, StationDriver
from v2gready.emulators.station.emulator import StationEmulator
from v2gready.emulators.station.session import StationSession, token, values

EMULATOR = StationEmulator()
"""Entry point ``station`` of ``v2gready.emulators``."""

__all__ = [
    "EMULATOR",
    "Approach",
    "StationConfig",
    "StationCredentials",
    "StationDriver",
    "StationEmulator",
    "StationSession",
    "token",
    "values",
]
