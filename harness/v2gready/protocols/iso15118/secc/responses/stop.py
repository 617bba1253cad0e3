"""SessionStop and MeteringConfirmation (reference 4.2 to 4.4)."""

from __future__ import annotations

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.secc.responses.notices import settle
from v2gready.protocols.iso15118.secc.responses.plug_and_charge import check_reading
from v2gready.protocols.iso15118.secc.session import PausedSession, binding
from v2gready.protocols.iso15118.secc.table import State
from v2gready.protocols.iso15118.secc.turn import Answer, Check, Turn


def session_stop(turn: Turn) -> Answer:
    """Terminates, pauses, or leads back to ServiceDiscovery."""
    request: m.SessionStopReq = turn.request
    match request.ChargingSession:
        case m.ChargingSession.Terminate:
            settle(turn, m.EvseNotification.Terminate)
            state = State.CLOSED
        case m.ChargingSession.Pause:
            _pause(turn)
            state = State.CLOSED
        case m.ChargingSession.ServiceRenegotiation:
            supported = turn.config.service_renegotiation
            code = m.ResponseCode.FAILED_NoServiceRenegotiationSupported
            turn.refuse_if(Check.SERVICE_RENEGOTIATION, not supported, code)
            settle(turn, m.EvseNotification.ServiceRenegotiation)
            state = State.AUTHORIZED  # session and authorization are kept [V2G20-1477]
    return Answer(m.SessionStopRes(Header=turn.header, ResponseCode=m.ResponseCode.OK), state)


def _pause(turn: Turn) -> None:
    """In Dynamic mode the SECC alone initiates a pause [V2G20-1850], [V2G20-1195]."""
    unasked = turn.session.dynamic and not turn.session.pause_notified
    turn.refuse_if(Check.PAUSE, unasked, m.ResponseCode.FAILED_PauseNotAllowed)
    settle(turn, m.EvseNotification.Pause)
    session = turn.session
    mark = binding(session.id, session.evccid, turn.vehicle_certificate)
    turn.station.paused[session.id] = PausedSession(mark, session)


def metering_confirmation(turn: Turn) -> Answer:
    """Takes note. Who signs the data in -20 is (unconfirmed): without `metering_signed` it may be unsigned."""
    check_reading(turn)
    settle(turn, m.EvseNotification.MeteringConfirmation)
    return Answer(m.MeteringConfirmationRes(Header=turn.header, ResponseCode=m.ResponseCode.OK), State.LOOP)
