"""Faults of the end of a session: failures that are overlooked, stops that are left out (-20, 8.6; STP-E-*)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

from dataclasses import replace
from typing import Any

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.evcc import Phase
from v2gready.references.ev.battery import Occasion
from v2gready.references.ev.faults.kinds import Asks, Overlooks
from v2gready.references.ev.faults.registry import fault
from v2gready.references.ev.seams import Died, Fault
from v2gready.references.ev.turn import Check, Outgoing, Turn

_BEFORE = frozenset(Phase) - {Phase.CHARGE_LOOP, Phase.POWER_DELIVERY_START, Phase.POWER_DELIVERY_STOP}


@fault("failed-ignored", "Goes on after every FAILED code.")
class FailedIgnored(Overlooks):
    """STP-E-1, R OCC."""

    overlooked = frozenset({Check.FAILED})


@fault("failed-ignored-before-power", "Goes on after a FAILED code before power delivery.")
class FailedIgnoredBefore(Overlooks):
    """STP-E-1."""

    overlooked = frozenset({Check.FAILED})
    phases = _BEFORE


@fault("failed-ignored-in-loop", "Goes on after a FAILED code in the charge loop.")
class FailedIgnoredLoop(Overlooks):
    """STP-E-1."""

    overlooked = frozenset({Check.FAILED})
    phases = frozenset({Phase.CHARGE_LOOP})


@fault("failed-ignored-at-power-delivery", "Goes on after a FAILED code in PowerDeliveryRes.")
class FailedIgnoredDelivery(Overlooks):
    """STP-E-1: FAILED_ContactorError."""

    overlooked = frozenset({Check.FAILED})
    phases = frozenset({Phase.POWER_DELIVERY_START, Phase.POWER_DELIVERY_RENEGOTIATE, Phase.POWER_DELIVERY_STOP})


@fault("contactor-closed-after-failure", "Leaves its contactor closed when a session fails.")
class ContactorAfterFailure(Fault):
    """STP-E-1."""

    def contactor(self, wanted: bool, occasion: Occasion) -> bool:
        """Opens by message alone."""
        return True if occasion is Occasion.FAILURE and self._closed else self._note(wanted)

    def __init__(self) -> None:
        super().__init__()
        self._closed = False

    def _note(self, position: bool) -> bool:
        self._closed = position
        return position


@fault("contactor-closed-after-stop", "Leaves its contactor closed after PowerDelivery(Stop).")
class ContactorAfterStop(Fault):
    """Reference 4.1."""

    def contactor(self, wanted: bool, occasion: Occasion) -> bool:
        """Waits for the end of the session."""
        return wanted or occasion is Occasion.STOP


@fault("connection-left-open", "Leaves the connection open behind the end of a session.")
class ConnectionLeftOpen(Fault):
    """Reference 4.4: TCP and TLS are closed."""

    def closes(self, closes: bool) -> bool:
        """Waits for the EVSE."""
        return False


@fault("session-stop-left-out", "Closes the connection without SessionStop.")
class StopLeftOut(Fault):
    """Reference 4.1."""

    def request(self, turn: Turn, outgoing: Outgoing) -> Outgoing:
        """Everything has been said."""
        return replace(outgoing, messages=(), close=True) if turn.phase is Phase.SESSION_STOP else outgoing


@fault("power-stop-left-out", "Sends SessionStop out of the charge loop, without PowerDelivery(Stop).")
class PowerStopLeftOut(Fault):
    """Reference 4.1."""

    def request(self, turn: Turn, outgoing: Outgoing) -> Outgoing:
        """Saves a message."""
        if turn.phase is not Phase.POWER_DELIVERY_STOP:
            return outgoing
        stop = m.SessionStopReq(Header=outgoing.messages[0].Header, ChargingSession=m.ChargingSession.Terminate)
        return replace(outgoing, messages=(stop,))


@fault("connection-cut-out-of-loop", "Closes the connection out of the charge loop instead of stopping power delivery.")
class CutOutOfLoop(Fault):
    """Reference 4.1."""

    def request(self, turn: Turn, outgoing: Outgoing) -> Outgoing:
        """The plug is out soon anyway."""
        return replace(outgoing, messages=(), close=True) if turn.phase is Phase.POWER_DELIVERY_STOP else outgoing


@fault("retries-without-end", "Begins another session at once whenever one has failed.")
class RetriesWithoutEnd(Fault):
    """A car that keeps the EVSE busy; twenty times are as good as for ever."""

    def __init__(self) -> None:
        super().__init__()
        self._times = 0

    def retries(self, failed: bool, again: bool) -> bool:
        """Hope."""
        self._times += failed
        return again or (failed and self._times <= 20)


@fault("termination-code-too-long", "Sends an EVTerminationCode beyond its 80 characters.")
class TerminationCodeTooLong(Asks[m.SessionStopReq]):
    """Reference 3.2: str80."""

    message = m.SessionStopReq

    def bend(self, turn: Turn, request: m.SessionStopReq) -> Any:
        """A stack trace."""
        return replace(request, EVTerminationCode="because " * 20)


@fault("failed-special-ignored", "Takes FAILED alone for a failure, and goes on after every FAILED_* with a reason.")
class SpecialIgnored(Fault):
    """STP-E-1: 21 and all behind it."""

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """Compares with one code."""
        special = check is Check.FAILED and violated and turn.response.ResponseCode is not m.ResponseCode.FAILED
        return violated and not special


@fault("dies-of-lost-connection", "Dies when its connection is lost while energy flows.")
class DiesOfLostConnection(Fault):
    """The next session has to work."""

    def __init__(self) -> None:
        super().__init__()
        self._closed = False

    def contactor(self, wanted: bool, occasion: Occasion) -> bool:
        """Opens its contactor, and hangs."""
        if occasion is Occasion.FAILURE and self._closed:
            self._closed = False
            self.took_effect("the controller hangs")
            raise Died("hangs behind a lost connection")
        self._closed = wanted
        return wanted
