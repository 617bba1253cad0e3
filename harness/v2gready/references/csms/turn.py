"""One CALL of a station being answered, and what the CSMS says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from v2gready.protocols.ocpp.editions import Edition
from v2gready.protocols.ocpp.frames import Call, ErrorCode, Payload

if TYPE_CHECKING:
    from v2gready.references.csms.backend import Backend
    from v2gready.references.csms.csms import Csms
    from v2gready.references.csms.registry import Station


@dataclass(frozen=True, slots=True)
class Request:
    """A CALL that the CSMS makes.

    Attributes:
        action: Its action.
        payload: Its payload.
        after: Seconds to wait before.
    """

    action: str
    payload: Payload
    after: float = 0.0


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer.

    Attributes:
        payload: Payload of the CALLRESULT.
        error: Code of a CALLERROR instead.
        description: Its description.
        delay: Seconds to wait before it is sent; infinity for silence.
        then: What the CSMS asks of the station afterwards.
    """

    payload: Payload = field(default_factory=dict)
    error: ErrorCode | None = None
    description: str = ""
    delay: float = 0.0
    then: tuple[Request, ...] = ()

    def bent(self, change: Callable[[Payload], Payload]) -> Reply:
        """The same with another payload."""
        return self if self.error is not None else replace(self, payload=change(self.payload))


@dataclass(frozen=True, slots=True)
class Turn:
    """A CALL, who made it, and when.

    Attributes:
        csms: The connection.
        call: The CALL.
        now: Monotonic time, in s.
    """

    csms: Csms
    call: Call
    now: float

    @property
    def action(self) -> str:
        """Action of the CALL."""
        return self.call.action

    @property
    def payload(self) -> Payload:
        """Payload of the CALL."""
        return self.call.payload

    @property
    def backend(self) -> Backend:
        """What all connections share."""
        return self.csms.backend

    @property
    def station(self) -> Station:
        """Who called."""
        return self.csms.station

    @property
    def edition(self) -> Edition:
        """What is spoken on the connection."""
        return self.csms.edition

    @property
    def unix(self) -> float:
        """Unix time."""
        return self.csms.backend.unix(self.now)


def stamp(unix: float) -> str:
    """Unix time as a date-time of the wire, in milliseconds of UTC."""
    return datetime.fromtimestamp(unix, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def rejected(reason: str, text: str = "", *, status: str = "Rejected") -> Payload:
    """A payload that refuses, with its reason code."""
    info: Payload = {"reasonCode": reason}
    if text:
        info["additionalInfo"] = text
    return {"status": status, "statusInfo": info}
