"""Energy transfer services and their parameters (reference section 6)."""

from __future__ import annotations

from enum import IntEnum


class ServiceId(IntEnum):
    """Ids of energy transfer services."""

    AC = 1
    DC = 2
    AC_BPT = 5
    DC_BPT = 6

    @property
    def is_dc(self) -> bool:
        """Uses the DC message set."""
        return self in {ServiceId.DC, ServiceId.DC_BPT}

    @property
    def is_bpt(self) -> bool:
        """Bidirectional power transfer: BPT_* modes are mandatory from ChargeParameterDiscovery on."""
        return self in {ServiceId.AC_BPT, ServiceId.DC_BPT}


class ControlMode(IntEnum):
    """Value of the service parameter ``ControlMode``."""

    SCHEDULED = 1
    DYNAMIC = 2


class MobilityNeedsMode(IntEnum):
    """Value of the service parameter ``MobilityNeedsMode``; 2 goes with Dynamic alone [V2G20-2663]."""

    BY_EVCC = 1
    BY_EVCC_AND_SECC = 2


class BptChannel(IntEnum):
    """Value of the service parameter ``BPTChannel``; Separated wants BPT_ChannelSelection [V2G20-2123]."""

    UNIFIED = 1
    SEPARATED = 2
