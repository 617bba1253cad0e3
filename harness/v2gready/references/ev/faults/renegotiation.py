"""Faults of renegotiation and of the reaction to notifications (reference 4.2, 4.4; REN-E-*, LOOP-E-2)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

from dataclasses import replace
from typing import Any

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.evcc import Phase
from v2gready.references.ev.car import Wish
from v2gready.references.ev.faults.kinds import Reacts
from v2gready.references.ev.faults.registry import fault
from v2gready.references.ev.seams import Fault
from v2gready.references.ev.turn import Choice, Move, Outgoing, Turn

_LATE = 10.0


@fault("terminate-notification-ignored", "Goes on charging when the EVSE wants to end the session.")
class TerminateIgnored(Reacts):
    """LOOP-E-2."""

    due = Move.TERMINATE


@fault("schedule-renegotiation-ignored", "Goes on with the old schedule when the EVSE wants another.")
class ScheduleIgnored(Reacts):
    """LOOP-E-2."""

    due = Move.RENEGOTIATE_SCHEDULE


@fault("schedule-renegotiation-ends", "Ends the session when the EVSE wants another schedule.")
class ScheduleEnds(Reacts):
    """LOOP-E-2."""

    due = Move.RENEGOTIATE_SCHEDULE
    shown = Move.TERMINATE


@fault("service-renegotiation-ignored", "Goes on with the old service when the EVSE wants to renegotiate it.")
class ServiceIgnored(Reacts):
    """REN-E-1."""

    due = Move.RENEGOTIATE_SERVICE


@fault("service-renegotiation-ends", "Ends the session when the EVSE wants to renegotiate the service.")
class ServiceEnds(Reacts):
    """REN-E-1, R Josev."""

    due = Move.RENEGOTIATE_SERVICE
    shown = Move.TERMINATE


@fault("metering-notification-ignored", "Sends no MeteringConfirmationReq when the EVSE wants one.")
class MeteringIgnored(Reacts):
    """[V2G20-1083], MTR-E-1."""

    due = Move.METERING


@fault("notification-late", "Reacts to a notification ten seconds after NotificationMaxDelay.")
class NotificationLate(Fault):
    """LOOP-E-2."""

    def __init__(self) -> None:
        super().__init__()
        self._since: float | None = None

    def choose(self, turn: Turn, choice: Choice, value: Any) -> Any:
        """A queue that is read now and then."""
        if choice is not Choice.REACTION or value is Move.GO_ON:
            return value
        if self._since is None:
            self._since = turn.now
        delay = turn.response.EVSEStatus.NotificationMaxDelay
        return Move.GO_ON if turn.now - self._since < delay + _LATE else value


class _Renegotiated(Fault):
    """Knows when SessionStop(ServiceRenegotiation) went out."""

    def __init__(self) -> None:
        super().__init__()
        self._renegotiated = False

    def request(self, turn: Turn, outgoing: Outgoing) -> Outgoing:
        """Watches, then bends the request behind it."""
        if self._renegotiated:
            self._renegotiated = False
            return self.behind(outgoing)
        for one in outgoing.messages:
            if isinstance(one, m.SessionStopReq):
                self._renegotiated = one.ChargingSession is m.ChargingSession.ServiceRenegotiation
        return outgoing

    def behind(self, outgoing: Outgoing) -> Outgoing:
        """What comes behind SessionStop(ServiceRenegotiation)."""
        raise NotImplementedError


@fault("service-renegotiation-authorizes", "Begins with AuthorizationSetup after a service renegotiation.")
class RenegotiationAuthorizes(_Renegotiated):
    """[V2G20-1477]: session and authorization are kept."""

    def behind(self, outgoing: Outgoing) -> Outgoing:
        """From the start."""
        return replace(outgoing, messages=(m.AuthorizationSetupReq(Header=outgoing.messages[0].Header),))


@fault("service-renegotiation-closes", "Closes the connection after SessionStop(ServiceRenegotiation).")
class RenegotiationCloses(_Renegotiated):
    """[V2G20-1477]: a stop that is none."""

    def behind(self, outgoing: Outgoing) -> Outgoing:
        """A stop is a stop."""
        return replace(outgoing, messages=(), close=True)


@fault("schedule-renegotiation-repeats-cable-check", "Repeats the cable check after a schedule renegotiation.")
class RepeatsCableCheck(Fault):
    """Reference 4.2: power delivery comes next; the outlet is live."""

    def request(self, turn: Turn, outgoing: Outgoing) -> Outgoing:
        """As after the first schedule."""
        again = (
            turn.phase is Phase.POWER_DELIVERY_START
            and turn.plan.service.is_dc
            and turn.memory.power_on
            and turn.progress.renegotiated
        )
        if not again:
            return outgoing
        return replace(outgoing, messages=(m.DC_CableCheckReq(Header=outgoing.messages[0].Header),))


@fault("schedule-renegotiation-keeps-profile", "Keeps to its old power profile after a schedule renegotiation.")
class KeepsProfile(Fault):
    """SCH-E-1: profile <= schedule, of the new one too."""

    def __init__(self) -> None:
        super().__init__()
        self._first: Any = None

    def choose(self, turn: Turn, choice: Choice, value: Any) -> Any:
        """Computed once."""
        if choice is not Choice.PROFILE:
            return value
        if self._first is None:
            self._first = value
        return self._first


@fault("schedule-refusal-ignored", "Asks for a schedule although the renegotiation was refused.")
class RefusalIgnored(Fault):
    """WARNING_ScheduleRenegotiationFailed: the old schedule stays in force."""

    def __init__(self) -> None:
        super().__init__()
        self._asked = False

    def request(self, turn: Turn, outgoing: Outgoing) -> Outgoing:
        """Does not read the code."""
        if turn.phase is Phase.POWER_DELIVERY_RENEGOTIATE:
            self._asked = True
        elif self._asked and turn.phase is Phase.CHARGE_LOOP:
            self._asked = False
            header = outgoing.messages[0].Header
            nothing = m.Scheduled_SEReqControlMode()
            again = m.ScheduleExchangeReq(Header=header, MaximumSupportingPoints=12, SEReqControlMode=nothing)
            return replace(outgoing, messages=(again,))
        return outgoing


@fault("service-renegotiation-unsupported", "Renegotiates the service although the EVSE has said that it cannot.")
class UnsupportedRenegotiation(Fault):
    """ServiceRenegotiationSupported=false."""

    def move(self, turn: Turn, move: Move) -> Move:
        """Does not remember ServiceDiscoveryRes."""
        wished = Wish.RENEGOTIATE_SERVICE in turn.car.wishes
        return Move.RENEGOTIATE_SERVICE if wished and move is Move.GO_ON else move
