"""The charger as the neighbour of a car: driver, script of wrong answers, recorded streams."""

from v2gready.emulators.charger import sdp_script
from v2gready.emulators.charger.driver import ChargerDriver, EmulatedCharger, SeccCredentials
from v2gready.emulators.charger.emulator import ChargerEmulator
from v2gready.emulators.charger.stream import CHARGER, EV
from v2gready.emulators.reach import Unequipped, Unreached

EMULATOR = ChargerEmulator()
"""Entry point ``charger`` of ``v2gready.emulators``."""

__all__ = [
    "CHARGER",
    "EMULATOR",
    "EV",
    "ChargerDriver",
    "ChargerEmulator",
    "EmulatedCharger",
    "SeccCredentials",
    "Unequipped",
    "Unreached",
    "sdp_script",
]
