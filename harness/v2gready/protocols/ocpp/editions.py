"""The editions of OCPP this suite speaks. The value of each is its WebSocket subprotocol."""

from __future__ import annotations

from enum import StrEnum


class Edition(StrEnum):
    """One edition; a connection has exactly one, chosen in its handshake [Part 4, 3.1.2]."""

    V201 = "ocpp2.0.1"
    V21 = "ocpp2.1"

    @property
    def has_send(self) -> bool:
        """Whether message type 6 (SEND) exists."""
        return self is Edition.V21

    @property
    def has_result_error(self) -> bool:
        """Whether message type 5 (CALLRESULTERROR) exists."""
        return self is Edition.V21
