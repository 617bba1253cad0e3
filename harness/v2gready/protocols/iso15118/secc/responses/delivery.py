"""PowerDelivery: start, standby, schedule renegotiation, stop (ISO 15118-20 8.3.5.5; reference 4.2, 4.3, 4.6)."""

from __future__ import annotations

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.secc.config import ChargerConfig
from v2gready.protocols.iso15118.secc.power import Occasion
from v2gready.protocols.iso15118.secc.quantities import total
from v2gready.protocols.iso15118.secc.responses.notices import notice, settle
from v2gready.protocols.iso15118.secc.session import OfferedSchedule, Steps
from v2gready.protocols.iso15118.secc.table import Family, State
from v2gready.protocols.iso15118.secc.turn import Answer, Check, Turn
from v2gready.protocols.iso15118.services import BptChannel

_ROUNDING = 1e-3
"""Share of a power that a RationalNumber may lose on its way there and back."""


def power_delivery(turn: Turn) -> Answer:
    """Does what ChargeProgress says, once the car is done with its own part."""
    request: m.PowerDeliveryReq = turn.request
    if request.EVProcessing is not m.Processing.Finished:
        return _answer(turn, m.ResponseCode.OK, turn.state)
    match request.ChargeProgress:
        case m.ChargeProgress.Start:
            return _start(turn, request)
        case m.ChargeProgress.Standby:
            return _standby(turn)
        case m.ChargeProgress.ScheduleRenegotiation:
            return _renegotiate(turn)
        case m.ChargeProgress.Stop:
            return _stop(turn)


def _answer(turn: Turn, code: m.ResponseCode, state: State) -> Answer:
    response = m.PowerDeliveryRes(Header=turn.header, ResponseCode=code, EVSEStatus=notice(turn))
    return Answer(response, state)


def _start(turn: Turn, request: m.PowerDeliveryReq) -> Answer:
    code = _accept_profile(turn, request.EVPowerProfile)
    separated = turn.session.offer.value("BPTChannel") == BptChannel.SEPARATED
    lacking = separated and request.BPT_ChannelSelection is None
    turn.refuse_if(Check.CHANNEL, lacking, m.ResponseCode.FAILED)  # [V2G20-2123]
    stage = turn.station.stage(turn.session.family)
    # Closed already is as good: standby and renegotiation keep it so.
    closed = stage.close()
    turn.refuse_if(Check.CONTACTOR_CLOSED, not closed, m.ResponseCode.FAILED_ContactorError)
    if turn.session.family is Family.DC:
        turn.station.dc.connect()
    settle(turn, m.EvseNotification.ExitStandby)
    turn.session.standby = False
    turn.session.renegotiating = False
    turn.session.metered = False
    return _answer(turn, code, State.STARTED)


def _accept_profile(turn: Turn, profile: m.EVPowerProfile | None) -> m.ResponseCode:
    """Checks EVPowerProfile and keeps it; the code to answer with."""
    invalid = m.ResponseCode.FAILED_EVPowerProfileInvalid
    if profile is None:
        lacking = turn.config.profile_required and not turn.session.dynamic
        turn.refuse_if(Check.PROFILE_PRESENT, lacking, invalid)
        return m.ResponseCode.OK
    mode = profile.EVPPTControlMode
    dynamic = isinstance(mode, m.Dynamic_EVPPTControlMode)
    turn.refuse_if(Check.PROFILE_MODE, dynamic != turn.session.dynamic, invalid)
    if not isinstance(mode, m.Scheduled_EVPPTControlMode):
        return m.ResponseCode.OK
    schedules = turn.session.schedules
    chosen = next((one for one in schedules if one.tuple_id == mode.SelectedScheduleTupleID), None)
    turn.refuse_if(Check.SCHEDULE_TUPLE, chosen is None, m.ResponseCode.FAILED_ScheduleSelectionInvalid)
    steps = _steps(profile)
    if chosen is not None:
        turn.refuse_if(Check.PROFILE, _exceeds(steps, chosen, turn.config), invalid)
    turn.session.schedule = chosen
    turn.session.profile = steps
    return _tolerance(turn, mode)


def _tolerance(turn: Turn, mode: m.Scheduled_EVPPTControlMode) -> m.ResponseCode:
    """A schedule with PowerTolerance asks the car to confirm it (reference 4.3)."""
    if turn.config.power_tolerance is None:
        return m.ResponseCode.OK
    confirmed = mode.PowerToleranceAcceptance is m.PowerToleranceAcceptance.PowerToleranceConfirmed
    if turn.violates(Check.TOLERANCE, not confirmed):
        return m.ResponseCode.WARNING_PowerToleranceNotConfirmed
    return m.ResponseCode.OK_PowerToleranceConfirmed


def _steps(profile: m.EVPowerProfile) -> Steps:
    entries = profile.EVPowerProfileEntries.EVPowerProfileEntry
    return Steps(profile.TimeAnchor, tuple((one.Duration, total(one, "Power") or 0.0) for one in entries))


def _exceeds(profile: Steps, schedule: OfferedSchedule, config: ChargerConfig) -> bool:
    """Somewhere the profile asks for more than the schedule holds.

    That a profile speaks of discharging by negative powers is (unconfirmed); the schedule's are magnitudes here.
    """
    discharging = schedule.discharging
    # Powers change at the steps of either, and a step of the schedule binds for good once the lag is over.
    starts = (*profile.starts(), *schedule.charging.starts())
    for instant in {*starts, *(start + config.profile_lag for start in starts)}:
        promised = profile.at(instant)
        limit = schedule.charging if promised >= 0 else discharging
        held = 0.0 if limit is None else max(limit.at(instant), limit.at(instant - config.profile_lag))
        if abs(promised) > held * (1 + _ROUNDING) + (config.power_tolerance or 0.0):
            return True
    return False


def _standby(turn: Turn) -> Answer:
    # Without a cable check a DC car must not come to power by way of standby.
    unchecked = turn.state is State.SCHEDULED
    if turn.violates(Check.STANDBY, unchecked or not turn.config.standby):
        return _answer(turn, m.ResponseCode.WARNING_StandbyNotAllowed, turn.state)
    turn.session.standby = True
    turn.session.renegotiating = False
    turn.session.metered = False
    return _answer(turn, m.ResponseCode.OK, State.STARTED)


def _renegotiate(turn: Turn) -> Answer:
    """Energy keeps flowing while the next schedule is exchanged."""
    if turn.violates(Check.SCHEDULE_RENEGOTIATION, not turn.config.schedule_renegotiation):
        return _answer(turn, m.ResponseCode.WARNING_ScheduleRenegotiationFailed, turn.state)
    settle(turn, m.EvseNotification.ScheduleRenegotiation)
    turn.session.renegotiating = True
    turn.session.schedule_rounds = 0
    return _answer(turn, m.ResponseCode.OK, State.RENEGOTIATING)


def _stop(turn: Turn) -> Answer:
    opened = turn.station.stage(turn.session.family).open(Occasion.STOP)
    turn.refuse_if(Check.CONTACTOR_OPEN, not opened, m.ResponseCode.FAILED_ContactorError)
    turn.session.renegotiating = False
    turn.session.standby = False
    turn.session.profile = None
    return Answer(m.PowerDeliveryRes(Header=turn.header, ResponseCode=m.ResponseCode.OK), State.STOPPED)
