"""The charge loop: how much power, and what comes next (reference 4.3, 4.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.phases import total
from v2gready.protocols.iso15118.services import BptChannel, ControlMode
from v2gready.references.ev import limits
from v2gready.references.ev.car import Wish
from v2gready.references.ev.config import PauseStyle
from v2gready.references.ev.turn import Choice, Move, Turn

_REACTIONS: Final[Mapping[m.EvseNotification, Move]] = {
    m.EvseNotification.Terminate: Move.TERMINATE,
    m.EvseNotification.Pause: Move.PAUSE,
    m.EvseNotification.ServiceRenegotiation: Move.RENEGOTIATE_SERVICE,
    m.EvseNotification.ScheduleRenegotiation: Move.RENEGOTIATE_SCHEDULE,
    m.EvseNotification.MeteringConfirmation: Move.METERING,
}
STOPPING: Final = frozenset({Move.TERMINATE, Move.PAUSE, Move.RENEGOTIATE_SERVICE})
"""Power goes to zero before."""
_FULL: Final = 100.0


def decide(turn: Turn) -> Move:
    """What the car does after a charge loop: what the EVSE asks for, what the driver asks for, what its plan says."""
    notified = turn.notification
    if notified is not None:
        return turn.car.seams.choose(turn, Choice.REACTION, _reaction(turn, notified))
    return _wished(turn) or _planned(turn) or _done(turn) or Move.GO_ON


def _reaction(turn: Turn, notified: m.EvseNotification) -> Move:
    if notified is m.EvseNotification.ExitStandby:
        return Move.START if turn.progress.standby else Move.GO_ON
    move = _REACTIONS[notified]
    if move is Move.RENEGOTIATE_SERVICE and not (turn.memory.renegotiation or turn.joined):
        return Move.TERMINATE  # the EVSE has said that it cannot; a new session can
    if move is Move.METERING and turn.memory.meter is None:
        return Move.GO_ON  # there is nothing to confirm
    return move


def _wished(turn: Turn) -> Move | None:
    wishes = turn.car.wishes
    scheduled = turn.plan.control is ControlMode.SCHEDULED
    if Wish.STOP in wishes:
        return Move.TERMINATE
    if Wish.RENEGOTIATE_SERVICE in wishes and turn.memory.renegotiation:
        return Move.RENEGOTIATE_SERVICE
    if Wish.PAUSE in wishes and scheduled:
        return Move.PAUSE
    if Wish.STANDBY in wishes:
        return _standby(turn)
    if Wish.RENEGOTIATE_SCHEDULE in wishes:
        return Move.RENEGOTIATE_SCHEDULE
    return None


def _planned(turn: Turn) -> Move | None:
    """The pauses of the plan and of the schedule, and the way back."""
    style = resting(turn)
    if style is None and Wish.STANDBY not in turn.car.wishes:
        turn.progress.standby_refused = False
    if style is PauseStyle.PAUSE and turn.plan.control is ControlMode.SCHEDULED:
        return Move.PAUSE
    if style is PauseStyle.STANDBY:
        return _standby(turn)
    if style is None and turn.progress.standby and Wish.STANDBY not in turn.car.wishes:
        return Move.START
    return Move.START if _other_channel(turn) else None


def _standby(turn: Turn) -> Move | None:
    there = turn.progress.standby or turn.progress.standby_refused
    return None if there else Move.STANDBY


def _other_channel(turn: Turn) -> bool:
    """Separated channels: the direction changes by PowerDelivery [V2G20-2123]."""
    separated = any(
        name == "BPTChannel" and value.intValue == BptChannel.SEPARATED for name, value in turn.memory.parameters
    )
    wanted = turn.car.power
    known = turn.progress.channel
    scheduled = turn.plan.control is ControlMode.SCHEDULED
    return separated and scheduled and known is not None and wanted != 0 and known != (wanted < 0)


def _done(turn: Turn) -> Move | None:
    """Enough: by number, by time, by energy, by state of charge, by the driver's departure."""
    car, config, progress = turn.car, turn.car.config, turn.progress
    departure = car.needs.departure
    charging = turn.plan.control is ControlMode.SCHEDULED and car.power > 0
    enough = (
        (config.loops is not None and progress.loops >= config.loops)
        or (config.seconds is not None and turn.now - progress.begun >= config.seconds)
        or (config.energy is not None and car.battery.moved - progress.moved >= config.energy)
        or (charging and car.battery.soc >= car.needs.target_soc)
        or (not charging and not turn.plan.service.discharges and car.battery.soc >= _FULL)
        or (departure is not None and turn.now >= departure)
    )
    return Move.TERMINATE if enough else None


def resting(turn: Turn) -> PauseStyle | None:
    """How the car rests at present, None while it wants power."""
    window = turn.car.window(turn.now)
    if window is not None:
        return window[2]
    schedule = turn.progress.schedule
    if schedule is not None and turn.plan.control is ControlMode.SCHEDULED:
        rest = schedule.rest_of_zero(turn.car.unix_time(turn.now))
        if rest >= turn.car.config.pause_worth:
            return turn.car.config.zero_schedule
    return None


def rests_until(turn: Turn) -> float | None:
    """When the rest that was planned ends, in monotonic seconds; None without one."""
    window = turn.car.window(turn.now)
    if window is not None:
        return window[1]
    schedule = turn.progress.schedule
    if schedule is not None and turn.plan.control is ControlMode.SCHEDULED:
        rest = schedule.rest_of_zero(turn.car.unix_time(turn.now))
        return turn.now + rest if rest > 0 else None
    return None


def rests(turn: Turn) -> bool:
    """The car wants no power at present."""
    progress = turn.progress
    stopping = progress.move is not None
    return turn.car.idle or stopping or progress.standby or progress.standby_refused or resting(turn) is not None


def own_bounds(turn: Turn) -> tuple[float, float]:
    """Least and most power that the car allows now, its own limits alone, in W."""
    if rests(turn):
        return (0.0, 0.0)
    allowed = turn.car.seams.choose(turn, Choice.MAY_DISCHARGE, limits.may_discharge(turn.car, turn.plan))
    return limits.own(turn.car, turn.plan, may_discharge=allowed)


def wanted(turn: Turn) -> float:
    """Power that the car wants (DC) or takes (AC) now, in W."""
    if turn.plan.control is ControlMode.SCHEDULED:
        watts = _scheduled(turn)
    else:
        watts = 0.0 if turn.plan.service.is_dc else _within(_told(turn) or 0.0, own_bounds(turn))
    return turn.car.seams.power(turn, watts)


def _scheduled(turn: Turn) -> float:
    """The car's own wish, within its limits, those of the EVSE, and its profile."""
    car, progress = turn.car, turn.progress
    least, most = limits.with_evse(own_bounds(turn), progress.limits, turn.plan, car.battery.voltage)
    unix = car.unix_time(turn.now)
    if progress.promised is not None:
        promised = progress.promised.at(unix)
        least, most = max(least, -promised), min(most, promised)
    if progress.discharging is not None:
        least = max(least, -progress.discharging.at(unix))
    told = _told(turn)
    if told is not None and not turn.plan.service.is_dc:
        least, most = (max(least, told), most) if told < 0 else (least, min(most, told))
    return _within(car.power, (least, most))


def _told(turn: Turn) -> float | None:
    """EVSETargetActivePower of the last response."""
    mode = getattr(turn.response, "CLResControlMode", None)
    return None if mode is None else total(mode, "EVSETargetActivePower")


def _within(watts: float, bounds: tuple[float, float]) -> float:
    return max(bounds[0], min(watts, bounds[1]))
