"""Faults of what a session leaves behind or hands on: pauses that expire, announcements not kept, schedules."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

from dataclasses import replace

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.secc.seams import Fault
from v2gready.protocols.iso15118.secc.turn import Check, Reply, Turn
from v2gready.references.charger.faults.kinds import Answers
from v2gready.references.charger.faults.registry import fault

_FORGETS_AFTER = 600.0
_LONG_ID = 300


@fault("paused-session-expires", "Forgets a paused session after ten minutes.")
class PausedSessionExpires(Fault):
    """PAU-S-1: a pause lasts a night."""

    def __init__(self) -> None:
        super().__init__()
        self._paused = 0.0

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """The cache has a lifetime."""
        if check is Check.PAUSE:
            self._paused = turn.now
        return violated or (check is Check.PAUSED_SESSION and turn.now - self._paused > _FORGETS_AFTER)


@fault("stranger-keeps-session-id", "Opens a new session under the id that a stranger brought along.")
class StrangerKeepsId(Fault):
    """[V2G20-2627]."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """The id of the request is the id of the response."""

        def change(response: m.SessionSetupRes) -> m.SessionSetupRes:
            brought = turn.request.Header.SessionID
            if response.ResponseCode is not m.ResponseCode.OK_NewSessionEstablished or not any(brought):
                return response
            return replace(response, Header=replace(response.Header, SessionID=brought))

        return reply.bent(m.SessionSetupRes, change)


@fault("renegotiation-changes-session-id", "Gives the session another id after service renegotiation.")
class RenegotiationChangesId(Fault):
    """[V2G20-1477]: the session is kept."""

    def __init__(self) -> None:
        super().__init__()
        self._renegotiated = False

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """A new round, a new id."""
        if isinstance(turn.request, m.SessionStopReq):
            self._renegotiated = turn.request.ChargingSession is m.ChargingSession.ServiceRenegotiation
            return reply
        if not self._renegotiated:
            return reply

        def change(response: m.V2GResponse) -> m.V2GResponse:
            other = bytes(octet ^ 0xFF for octet in response.Header.SessionID)
            return replace(response, Header=replace(response.Header, SessionID=other))

        return reply.bent(m.V2GResponse, change)


@fault("schedule-too-short", "Offers a schedule that ends after an hour.")
class ScheduleTooShort(Answers[m.ScheduleExchangeRes]):
    """A schedule reaches to the departure."""

    message = m.ScheduleExchangeRes

    def bend(self, turn: Turn, response: m.ScheduleExchangeRes) -> m.ScheduleExchangeRes:
        """The first step alone."""
        mode = response.SEResControlMode
        if not isinstance(mode, m.Scheduled_SEResControlMode):
            return response
        return replace(
            response,
            SEResControlMode=m.Scheduled_SEResControlMode(ScheduleTuple=tuple(_cut(one) for one in mode.ScheduleTuple)),
        )


def _cut(offered: m.ScheduleTuple) -> m.ScheduleTuple:
    power = offered.ChargingSchedule.PowerSchedule
    first = power.PowerScheduleEntries.PowerScheduleEntry[:1]
    entries = m.PowerScheduleEntryList(PowerScheduleEntry=first)
    charging = replace(offered.ChargingSchedule, PowerSchedule=replace(power, PowerScheduleEntries=entries))
    return replace(offered, ChargingSchedule=charging)


@fault("schedule-ids-repeated", "Offers the same schedule twice under one id.")
class ScheduleIdsRepeated(Answers[m.ScheduleExchangeRes]):
    """SelectedScheduleTupleID would mean two things."""

    message = m.ScheduleExchangeRes

    def bend(self, turn: Turn, response: m.ScheduleExchangeRes) -> m.ScheduleExchangeRes:
        """One entry too many."""
        mode = response.SEResControlMode
        if not isinstance(mode, m.Scheduled_SEResControlMode):
            return response
        twice = (*mode.ScheduleTuple[:1], *mode.ScheduleTuple[:1])
        return replace(response, SEResControlMode=m.Scheduled_SEResControlMode(ScheduleTuple=twice))


@fault("evse-id-too-long", "Sends an EVSEID of 300 characters.")
class EvseIdTooLong(Answers[m.SessionSetupRes]):
    """A facet of the schema: 255."""

    message = m.SessionSetupRes

    def bend(self, turn: Turn, response: m.SessionSetupRes) -> m.SessionSetupRes:
        """Nobody counted."""
        return replace(response, EVSEID=response.EVSEID.ljust(_LONG_ID, "0"))
