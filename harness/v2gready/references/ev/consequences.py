"""What a response leads to in the car: the next phase, the choice, the contactor; one small function per phase."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.evcc import Phase
from v2gready.protocols.iso15118.services import ALL_DER_FUNCTIONS, DerControlFunctions
from v2gready.references.ev import choices, limits, loop
from v2gready.references.ev.battery import Occasion
from v2gready.references.ev.car import PausedSession, Wish
from v2gready.references.ev.requests import SAFE_VOLTAGE
from v2gready.references.ev.turn import Check, Choice, Move, Turn

if TYPE_CHECKING:
    from v2gready.references.ev.session import Session

_MOST_WELDING_ROUNDS: Final = 20
_AT_REST: Final = 100.0
"""Power below which the contactor may open, in W."""
_ENDINGS: Final = {
    Move.TERMINATE: m.ChargingSession.Terminate,
    Move.PAUSE: m.ChargingSession.Pause,
    Move.RENEGOTIATE_SERVICE: m.ChargingSession.ServiceRenegotiation,
}


def negotiated(session: Session, turn: Turn) -> None:
    """The namespace decides between AC and DC."""
    chosen = next((one for one in turn.plan.app_protocols if one.schema_id == turn.memory.schema_id), None)
    if chosen is None:
        return
    namespace = session.car.seams.choose(turn, Choice.NAMESPACE, chosen.namespace)
    if namespace != turn.plan.service.namespace:
        service = next(one for one in session.car.services if one.namespace == namespace)
        session.core.plan = replace(session.core.plan, service=service)


def established(session: Session, turn: Turn) -> None:
    """A paused session goes on where it was; where the SECC has begun a new one, nothing of the old counts."""
    paused = session.car.paused
    session.car.forget()
    if Check.NEW_SESSION in session.progress.broken:
        session.core.phase = Phase.AUTHORIZATION_SETUP
    if session.core.phase is Phase.CHARGE_PARAMETER_DISCOVERY and paused is not None:
        session.progress.joined = True
        session.core.plan = replace(session.core.plan, service=paused.service, control=paused.control)
        session.core.memory = replace(
            session.core.memory,
            services=(int(paused.service),),
            parameter_set=paused.parameter_set,
            parameters=paused.parameters,
        )
    elif any(turn.plan.session_id):  # [V2G20-2613..2617]
        namespace = turn.plan.service.namespace
        service = next((one for one in session.car.services if one.namespace == namespace), turn.plan.service)
        session.core.plan = replace(session.core.plan, service=service, control=session.car.controls[0])


def authorized(session: Session, turn: Turn) -> None:
    """A refusal may be tried again, so often [V2G20-2230]; the core counts."""
    again = session.core.phase is Phase.AUTHORIZATION and Check.AUTHORIZED in session.progress.broken
    if Check.AUTHORIZED in session.progress.broken and Check.ONGOING not in session.progress.broken:
        again = session.car.seams.choose(turn, Choice.RETRY, again)
        session.core.phase = Phase.AUTHORIZATION if again else Phase.SESSION_STOP


def installed(session: Session, turn: Turn) -> None:
    """New contracts belong to the car from now on."""
    kept = session.car.seams.choose(turn, Choice.INSTALLED, turn.memory.installed)
    if kept != turn.memory.installed:
        session.core.memory = replace(session.core.memory, installed=kept)
    if session.core.phase is not Phase.CERTIFICATE_INSTALLATION:
        session.car.keep(kept)


def choose_service(session: Session, turn: Turn) -> None:
    """Before the core looks: it wants to know which service is meant."""
    offered = [one.ServiceID for one in turn.response.EnergyTransferServiceList.Service]
    session.progress.tried = set()
    found = choices.service(offered, session.car.services, turn.plan.service.namespace, ())
    chosen = session.car.seams.choose(turn, Choice.SERVICE, found)
    session.progress.suits = chosen is not None
    if chosen is not None:
        session.core.plan = replace(session.core.plan, service=chosen)


def discovered(session: Session, _turn: Turn) -> None:
    """Nothing that the car can use: it stops in order."""
    _go(session, Phase.SERVICE_DETAIL if session.progress.suits else Phase.SESSION_STOP)


def detailed(session: Session, turn: Turn) -> None:
    """The best parameter set; without one, the next service that it likes."""
    sets = turn.response.ServiceParameterList.ParameterSet
    found = choices.parameter_set(sets, turn.plan.service, session.car.controls, turn.plan.der_functions)
    chosen = session.car.seams.choose(turn, Choice.PARAMETER_SET, found)
    if chosen is not None:
        set_id, control = chosen
        values = next((one.Parameter for one in sets if one.ParameterSetID == set_id), ())
        session.core.memory = replace(
            session.core.memory,
            parameter_set=set_id,
            parameters=tuple((one.Name, one) for one in values),
            der_functions=_der_functions(values),
            parameter_rounds=0,
        )
        session.core.plan = replace(session.core.plan, control=control)
        _go(session, Phase.SERVICE_SELECTION)
        return
    session.progress.tried.add(turn.plan.service)
    namespace = turn.plan.service.namespace
    other = choices.service(turn.memory.services, session.car.services, namespace, session.progress.tried)
    if other is not None:
        session.core.plan = replace(session.core.plan, service=other)
    _go(session, Phase.SESSION_STOP if other is None else Phase.SERVICE_DETAIL)


def _go(session: Session, phase: Phase) -> None:
    """Where the table of the core would lead elsewhere."""
    if phase is Phase.SESSION_STOP and session.core.phase is not phase:
        session.core.ending = m.ChargingSession.Terminate
    if phase is session.core.phase:
        return
    session.core.phase = phase


def matched(session: Session, turn: Turn) -> None:
    """Limits of the EVSE; one that does not reach the voltage of the battery is left in order."""
    session.progress.limits = limits.EvseLimits().told(turn.response.EnergyTransferMode)
    if Check.VOLTAGE_WINDOW in session.progress.broken:
        _go(session, Phase.SESSION_STOP)


def scheduled(session: Session, turn: Turn) -> None:
    """A schedule, or the news that the EVSE wants to pause first."""
    if Check.ONGOING in session.progress.broken:
        return
    mode = turn.response.SEResControlMode
    if isinstance(mode, m.Scheduled_SEResControlMode):
        forged = session.car.seams.check(turn, Check.PRICE_SIGNATURE, violated=turn.memory.prices_trusted is False)
        best = choices.schedule_tuple(mode.ScheduleTuple, prices=not forged)
        chosen = session.car.seams.choose(turn, Choice.SCHEDULE_TUPLE, best.ScheduleTupleID)
        found = next((one for one in mode.ScheduleTuple if one.ScheduleTupleID == chosen), best)
        power = found.ChargingSchedule.PowerSchedule
        schedule = choices.steps_of(found.ChargingSchedule)
        discharging = found.DischargingSchedule
        session.progress.schedule = schedule
        session.progress.discharging = None if discharging is None else choices.steps_of(discharging)
        session.core.memory = replace(
            session.core.memory,
            schedule_tuple=chosen,
            schedule=schedule.steps,
            power_tolerance=power.PowerTolerance is not None,
        )
    if turn.response.GoToPause and not turn.memory.power_on:
        session.progress.notified_pause = True
        _end_by(session, Move.PAUSE, turn)  # [V2G20-2122]


def pre_charged(session: Session, _turn: Turn) -> None:
    """The contactor closes once the voltages have met, and never before."""
    if session.core.phase is Phase.PRE_CHARGE:
        met = Check.PRE_CHARGE not in session.progress.broken
        session.core.memory = replace(session.core.memory, pre_charged=met)
    elif session.core.phase is Phase.POWER_DELIVERY_START:
        session.car.battery.close()


def started(session: Session, turn: Turn) -> None:
    """Power may flow, or rests in standby."""
    progress = session.progress
    if progress.to_standby:
        progress.to_standby = False
        progress.standby = Check.STANDBY not in progress.broken
        progress.standby_refused = not progress.standby
        session.core.phase = Phase.CHARGE_LOOP
        return
    progress.standby = progress.standby_refused = False
    if not turn.plan.service.is_dc and session.core.phase is Phase.CHARGE_LOOP and not session.car.battery.contactor:
        session.car.battery.close()
    session.response = None


def looped(session: Session, turn: Turn) -> None:
    """One charge loop more: what flowed, and what comes next."""
    progress = session.progress
    progress.loops += 1
    progress.limits = progress.limits.told(turn.response.CLResControlMode)
    if isinstance(turn.response, m.DC_ChargeLoopRes):
        watts = float(turn.response.EVSEPresentCurrent) * float(turn.response.EVSEPresentVoltage)
        session.car.battery.deliver(watts)
    turn = session.turn(turn.now, turn.response, Phase.CHARGE_LOOP)
    move = session.car.seams.move(turn, progress.move or loop.decide(turn))
    session.core.phase = Phase.CHARGE_LOOP
    if move in loop.STOPPING and _ramps(session, move, turn):
        return
    progress.move, progress.ramp = None, 0
    _take(session, move, turn)


def _ramps(session: Session, move: Move, turn: Turn) -> bool:
    """Whether the power has still to go down before the car stops; not if the EVSE gives it no time."""
    progress = session.progress
    status = turn.response.EVSEStatus
    if status is not None and progress.move is None:
        session.progress.notified_pause = status.EVSENotification is m.EvseNotification.Pause
    hurry = status is not None and status.NotificationMaxDelay == 0
    ramps = session.car.seams.choose(turn, Choice.RAMP, not hurry)
    if not ramps or progress.ramp >= session.car.config.ramp_loops or abs(session.car.battery.power) < _AT_REST:
        return False
    progress.move = move
    progress.ramp += 1
    return True


def _take(session: Session, move: Move, turn: Turn) -> None:
    wishes = session.car.wishes
    match move:
        case Move.GO_ON:
            return
        case Move.TERMINATE | Move.PAUSE | Move.RENEGOTIATE_SERVICE:
            _end_by(session, move, turn)
        case Move.RENEGOTIATE_SCHEDULE:
            wishes.discard(Wish.RENEGOTIATE_SCHEDULE)
            session.progress.renegotiated = True
            session.core.phase = Phase.POWER_DELIVERY_RENEGOTIATE
        case Move.STANDBY:
            session.progress.to_standby = True
            session.core.phase = Phase.POWER_DELIVERY_START
        case Move.START:
            session.core.phase = Phase.POWER_DELIVERY_START
        case Move.METERING:
            session.core.phase = Phase.METERING_CONFIRMATION


def _end_by(session: Session, move: Move, turn: Turn) -> None:
    """Stops power delivery on the way to the end that was decided on."""
    if move is Move.PAUSE:
        session.progress.wake_at = _planned_wake(session, turn)
    if move is Move.RENEGOTIATE_SERVICE:
        session.car.wishes.discard(Wish.RENEGOTIATE_SERVICE)
    session.core.ending = session.progress.ending = _ENDINGS[move]
    session.core.phase = Phase.POWER_DELIVERY_STOP


def _planned_wake(session: Session, turn: Turn) -> float | None:
    """When the car wakes up by itself: at the end of its rest, or after its usual time if the EVSE wanted it."""
    planned = loop.rests_until(turn)
    after = session.car.config.wake_after
    if planned is not None:
        return planned
    return turn.now + after if session.progress.notified_pause and after is not None else None


def stopped(session: Session, _turn: Turn) -> None:
    """The power is off: the contactor opens."""
    session.car.battery.open(Occasion.STOP)
    session.progress.standby = session.progress.standby_refused = False
    session.progress.welding_rounds, session.progress.welding_done = 0, False


def welding(session: Session, turn: Turn) -> None:
    """Waits for a voltage that may be touched, but not for ever: then a contactor is welded, or slow."""
    progress = session.progress
    if progress.welding_done:
        return
    progress.welding_rounds += 1
    low = float(turn.response.EVSEPresentVoltage) < SAFE_VOLTAGE
    progress.welding_done = low or progress.welding_rounds >= _MOST_WELDING_ROUNDS
    session.core.phase = Phase.WELDING_DETECTION


def stopping(session: Session, _turn: Turn) -> None:
    """SessionStop was answered: paused, over, or back to the services."""
    car, core = session.car, session.core
    if core.phase is Phase.SERVICE_DISCOVERY:
        session.progress.limits = limits.EvseLimits()
        session.progress.schedule = session.progress.discharging = session.progress.promised = None
        session.progress.loops = 0
        return
    if core.ending is m.ChargingSession.Pause:
        car.wishes.discard(Wish.PAUSE)
        car.paused = PausedSession(
            session_id=core.memory.session_id,
            evse_id=core.memory.evse_id,
            secc=session.progress.secc,
            service=core.plan.service,
            control=core.plan.control,
            parameter_set=core.memory.parameter_set,
            parameters=core.memory.parameters,
        )
        car.wake_at = car.seams.wake(session.progress.wake_at)
    else:
        car.wishes.discard(Wish.STOP)


def _der_functions(parameters: Iterable[m.Parameter]) -> DerControlFunctions:
    """DER control functions of a parameter set, none in other services."""
    bitmap = next((one.intValue for one in parameters if one.Name == "DERControlFunctions"), None)
    return DerControlFunctions((bitmap or 0) & int(ALL_DER_FUNCTIONS))


AFTER: Final[Mapping[Phase, Callable[[Session, Turn], None]]] = {
    Phase.SUPPORTED_APP_PROTOCOL: negotiated,
    Phase.SESSION_SETUP: established,
    Phase.CERTIFICATE_INSTALLATION: installed,
    Phase.AUTHORIZATION: authorized,
    Phase.SERVICE_DISCOVERY: discovered,
    Phase.SERVICE_DETAIL: detailed,
    Phase.CHARGE_PARAMETER_DISCOVERY: matched,
    Phase.SCHEDULE_EXCHANGE: scheduled,
    Phase.PRE_CHARGE: pre_charged,
    Phase.POWER_DELIVERY_START: started,
    Phase.CHARGE_LOOP: looped,
    Phase.POWER_DELIVERY_STOP: stopped,
    Phase.WELDING_DETECTION: welding,
    Phase.SESSION_STOP: stopping,
}
