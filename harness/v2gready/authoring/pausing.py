"""Words on pauses of a charger under test: how the car pauses and comes back, and what a pause leaves behind."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from v2gready.authoring.charger import ChargerBench
from v2gready.emulators.ev import EvSession
from v2gready.model.observation import Inconclusive
from v2gready.model.trace import Exchange, Trace
from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118.services import ControlMode

CLOSING: Final = 10.0
"""Seconds in which the connection has to be closed after SessionStop(Pause); our own figure, as for Terminate."""
CHARGING: Final = 5
"""Seconds of power that the profile promises before its interval without power."""
AN_HOUR: Final = 3_600
Joined: Final = m.ResponseCode.OK_OldSessionJoined
New: Final = m.ResponseCode.OK_NewSessionEstablished


# -- stimulus ---------------------------------------------------------------------------------------------------------


def with_rest(request: Any, *, after: int = CHARGING, rest: int = AN_HOUR) -> Any:
    """PowerDeliveryReq whose profile has no power for a while: the place for a pause, or for none.

    Args:
        request: The good request; without a profile it stays as it is.
        after: Seconds of power before.
        rest: Seconds without. Behind them the profile goes on as it was.
    """
    profile = request.EVPowerProfile
    if profile is None:
        return request
    steps: list[m.PowerScheduleEntry] = []
    start = 0
    for one in profile.EVPowerProfileEntries.EVPowerProfileEntry:
        end = start + one.Duration
        edges = sorted({start, end, *(edge for edge in (after, after + rest) if start < edge < end)})
        for low, high in itertools.pairwise(edges):
            nothing = m.PowerScheduleEntry(Duration=high - low, Power=m.RationalNumber.of(0))
            steps.append(nothing if after <= low < after + rest else replace(one, Duration=high - low))
        start = end
    planned = m.EVPowerProfileEntryList(EVPowerProfileEntry=tuple(steps))
    return replace(request, EVPowerProfile=replace(profile, EVPowerProfileEntries=planned))


async def charge_and_pause(
    bench: ChargerBench,
    session: EvSession,
    *,
    seconds: int = CHARGING,
    rest: int = AN_HOUR,
    watch: float = CLOSING + 0.5,
    power: float = 5_000,
) -> bytes:
    """Charges for a moment in Scheduled mode, pauses, and watches the connection until it is closed.

    Args:
        bench: The bench.
        session: A session that has not come to power yet.
        seconds: Seconds of power that the profile tells; the car charges for one less.
        rest: Seconds without power behind them.
        watch: Seconds for which the connection is watched at most.
        power: Power before the pause, in W; negative discharges.

    Returns:
        The id of the session.
    """
    await session.reach(m.PowerDeliveryReq)
    await session.proceed(lambda request: with_rest(request, after=seconds, rest=rest))
    await session.charge(bench.loops_for(seconds - 1), power=power)
    session.end_with(m.ChargingSession.Pause)
    await session.run_to_end()
    await session.silence(watch)
    return session.evcc.memory.session_id


async def paused_session(bench: ChargerBench, **wishes: Any) -> bytes:
    """A session in Scheduled mode that was paused; gives its id.

    Args:
        bench: The bench.
        **wishes: As for `charge_and_pause`.
    """
    async with bench.ev.session(control=ControlMode.SCHEDULED) as session:
        return await charge_and_pause(bench, session, **wishes)


# -- judges -----------------------------------------------------------------------------------------------------------


def ends_with(ending: m.ChargingSession) -> Callable[[m.SessionStopReq], bool]:
    """SessionStopReq with that ChargingSession."""
    return lambda request: request.ChargingSession is ending


def pause_of(trace: Trace, nth: int = 0) -> Exchange[m.SessionStopReq]:
    """The nth SessionStopReq(Pause), answered OK: without it there is nothing to resume.

    Raises:
        Inconclusive: The session was not paused.
    """
    stop = trace.exchange(m.SessionStopReq, nth=nth, where=ends_with(m.ChargingSession.Pause))
    if getattr(stop.answer, "ResponseCode", None) is not m.ResponseCode.OK:
        raise Inconclusive(f"the pause was not accepted: {trace.last_words()}")
    return stop


def joined(trace: Trace, nth: int = 1) -> Exchange[m.SessionSetupReq]:
    """The nth SessionSetupReq, counted from 0, with its OK_OldSessionJoined.

    Raises:
        Inconclusive: The session was not joined.
    """
    setup = trace.exchange(m.SessionSetupReq, nth=nth)
    if getattr(setup.answer, "ResponseCode", None) is not Joined:
        raise Inconclusive(f"the session was not joined: {trace.last_words()}")
    return setup
