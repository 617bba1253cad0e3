"""What became of one try to connect, as either side of a handshake saw it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SWITCHING_PROTOCOLS: Final = 101


@dataclass(frozen=True, slots=True)
class Attempt:
    """One TCP connection and how far it came.

    Attributes:
        link: Name of the connection in the trace; empty if there was no TCP connection.
        status: HTTP status of the handshake, 0 if it did not come that far (TCP, TLS, no HTTP).
        selected: Subprotocol that was agreed upon, empty if none.
        reason: Why it failed, empty if it did not.
        path: Path of the request, percent-encoded as on the wire.
        identity: Last part of the path, decoded.
        user: User of Basic authentication.
        offered: Subprotocols of the client, in its order.
        credentials: ``right``, ``wrong`` or ``none``, as the CSMS emulator judged them.
    """

    link: str
    status: int = 0
    selected: str = ""
    reason: str = ""
    path: str = ""
    identity: str = ""
    user: str = ""
    offered: tuple[str, ...] = ()
    credentials: str = ""

    @property
    def accepted(self) -> bool:
        """The handshake was completed with a subprotocol."""
        return self.status == SWITCHING_PROTOCOLS and bool(self.selected)
