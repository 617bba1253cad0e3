"""The EVCC of ISO 15118-20 as a sans-I/O core: plan, table, requests, assessment of responses."""

from v2gready.protocols.iso15118.evcc.core import Advanced, Evcc, Event, LocalProtocolError, PeerViolation, TimedOut
from v2gready.protocols.iso15118.evcc.memory import Memory, Vehicle, VehicleState
from v2gready.protocols.iso15118.evcc.plan import (
    AC_NAMESPACE,
    DC_NAMESPACE,
    Contract,
    Offer,
    Plan,
    Provisioning,
    Ratings,
)
from v2gready.protocols.iso15118.evcc.table import Outcome, Phase, next_phase, request_type

__all__ = [
    "AC_NAMESPACE",
    "DC_NAMESPACE",
    "Advanced",
    "Contract",
    "Evcc",
    "Event",
    "LocalProtocolError",
    "Memory",
    "Offer",
    "Outcome",
    "PeerViolation",
    "Phase",
    "Plan",
    "Provisioning",
    "Ratings",
    "TimedOut",
    "Vehicle",
    "VehicleState",
    "next_phase",
    "request_type",
]
