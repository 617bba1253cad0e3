"""The car as the neighbour of a charger: driver, session, vehicle."""

from v2gready.emulators.ev.driver import EvConfig, EvCredentials, EvDriver, TlsUse
from v2gready.emulators.ev.session import LOOP_PERIOD, EvSession, Unreached
from v2gready.emulators.ev.vehicle import BatteryVehicle

__all__ = ["LOOP_PERIOD", "BatteryVehicle", "EvConfig", "EvCredentials", "EvDriver", "EvSession", "TlsUse", "Unreached"]
