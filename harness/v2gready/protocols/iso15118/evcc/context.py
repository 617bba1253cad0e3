"""All that a request of the EVCC is made from."""

from __future__ import annotations

from dataclasses import dataclass

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.evcc.memory import Memory, VehicleState
from v2gready.protocols.iso15118.evcc.plan import Plan
from v2gready.protocols.iso15118.services import ControlMode


@dataclass(frozen=True, slots=True)
class Context:
    """All that a request is made from."""

    plan: Plan
    memory: Memory
    vehicle: VehicleState
    ending: m.ChargingSession
    unix_time: int

    @property
    def header(self) -> m.MessageHeader:
        """The header with the id of the session."""
        return m.MessageHeader(SessionID=self.memory.session_id, TimeStamp=self.unix_time)

    @property
    def scheduled(self) -> bool:
        """Scheduled control mode was planned."""
        return self.plan.control is ControlMode.SCHEDULED
