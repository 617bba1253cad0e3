"""One station connected to the CSMS emulator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from v2gready.emulators.ocpp.answers import Answer, Refusal
from v2gready.emulators.ocpp.session import Incoming, OcppSession
from v2gready.protocols.ocpp.frames import Call, ErrorCode, Payload

if TYPE_CHECKING:
    from v2gready.emulators.csms.driver import CsmsDriver

NOT_YET_ACCEPTED: Final = Refusal(ErrorCode.SECURITY_ERROR, "the station is not accepted yet")
REPORTS: Final = frozenset({"BootNotification", "NotifyReport"})
"""What a station may send before it is accepted: NotifyReport if it was asked for one (B02.FR.09)."""


class CsmsSession(OcppSession):
    """Drives one connection of a station.

    Attributes:
        identity: From the path of the handshake.
        boot: The last BootNotification on this connection, None before it.
    """

    def __init__(self, csms: CsmsDriver, *args: Any, identity: str, **more: Any) -> None:
        self.identity = identity
        self.boot: Call | None = None
        self._csms = csms
        self._triggered: set[str] = set()
        super().__init__(*args, **more)

    def on_sent(self, call: Call) -> None:
        """Remembers what was triggered: that may come before the station is accepted."""
        if call.action == "TriggerMessage" and isinstance(wanted := call.payload.get("requestedMessage"), str):
            self._triggered.add(wanted)

    def on_received(self, message: Incoming) -> None:
        """Remembers the boot."""
        if isinstance(message, Call) and message.action == "BootNotification":
            self.boot = message

    def on_replied(self, call: Call, payload: Payload) -> None:
        """Remembers as what the station was registered."""
        if call.action == "BootNotification":
            self._csms.registered(self.identity, str(payload.get("status", "")))

    def answer_to(self, call: Call) -> Answer:
        """As for every session, but a good CSMS refuses what comes before the station is accepted."""
        waiting = self._csms.registration.get(self.identity) in {"Pending", "Rejected"}
        allowed = call.action in REPORTS | self._triggered or self.is_own(call.action)
        return NOT_YET_ACCEPTED if waiting and self._csms.guards and not allowed else super().answer_to(call)
