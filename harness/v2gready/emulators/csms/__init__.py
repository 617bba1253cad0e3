"""The CSMS as the neighbour of a charging station: driver, session, answers, certificates."""

from v2gready.emulators.csms.driver import BOOT_PATIENCE, CsmsConfig, CsmsCredentials, CsmsDriver
from v2gready.emulators.csms.emulator import CsmsEmulator
from v2gready.emulators.csms.issuing import issue_certificate
from v2gready.emulators.csms.session import CsmsSession

EMULATOR = CsmsEmulator()
"""Entry point ``csms`` of ``v2gready.emulators``."""

__all__ = [
    "BOOT_PATIENCE",
    "EMULATOR",
    "CsmsConfig",
    "CsmsCredentials",
    "CsmsDriver",
    "CsmsEmulator",
    "CsmsSession",
    "issue_certificate",
]
