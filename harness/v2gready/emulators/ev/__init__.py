"""The car as the neighbour of a charger: driver, session, vehicle."""

from v2gready.emulators.ev.driver import ContractUse, EvConfig, EvCredentials, EvDriver, TlsUse
from v2gready.emulators.ev.emulator import EvEmulator
from v2gready.emulators.ev.pnc import SignatureDefect
from v2gready.emulators.ev.session import LOOP_PERIOD, EvSession
from v2gready.emulators.ev.vehicle import BatteryVehicle
from v2gready.emulators.reach import Unequipped, Unreached

EMULATOR = EvEmulator()
"""Entry point ``ev`` of ``v2gready.emulators``."""

__all__ = [
    "EMULATOR",
    "LOOP_PERIOD",
    "BatteryVehicle",
    "ContractUse",
    "EvConfig",
    "EvCredentials",
    "EvDriver",
    "EvSession",
    "SignatureDefect",
    "TlsUse",
    "Unequipped",
    "Unreached",
]
