"""Words on pauses of a car under test: how it pauses, how it wakes up, and what it comes back with."""

from __future__ import annotations

from typing import Final

from v2gready.authoring import wire
from v2gready.authoring.ev.bench import EvBench
from v2gready.authoring.ev.facts import Asked, Told, asked, requests, told_by
from v2gready.authoring.expectations import holds
from v2gready.model.observation import Inconclusive, Observation
from v2gready.model.trace import Trace
from v2gready.protocols.iso15118 import messages as m

Joined: Final = m.ResponseCode.OK_OldSessionJoined


def pauses(request: m.SessionStopReq) -> bool:
    """SessionStopReq(Pause)."""
    return request.ChargingSession is m.ChargingSession.Pause


async def pause_and_wake(bench: EvBench, seconds: float = 20.0) -> None:
    """Lets a car that charges in Scheduled mode pause, sleeps for a while, wakes it up."""
    await bench.act("pause")
    await bench.charger.ended(within=30.0)
    await bench.wait(seconds)
    await bench.act("wake_up")


def paused(trace: Trace, nth: int = 0) -> Told[m.SessionStopRes]:
    """Our good answer to the nth SessionStopReq(Pause).

    Raises:
        Inconclusive: The car did not pause.
    """
    stop = asked(trace, m.SessionStopReq, nth, where=pauses)
    if stop.answered is None or getattr(stop.answer, "ResponseCode", None) is not m.ResponseCode.OK:
        raise Inconclusive(f"the pause was not answered by OK: {trace.last_words()}")
    return told_by(trace, stop.answered)


def resuming(trace: Trace, nth: int = 0) -> Asked[m.SessionSetupReq]:
    """SessionSetupReq behind the nth pause.

    Raises:
        Inconclusive: The car did not come back.
    """
    end = paused(trace, nth).frame
    back = next((one for one in requests(trace, m.SessionSetupReq) if one.frame.index > end.index), None)
    if back is None:
        raise Inconclusive(f"the car did not come back behind its pause: {trace.last_words()}")
    return back


def joined(trace: Trace, nth: int = 0) -> Told[m.SessionSetupRes]:
    """Our OK_OldSessionJoined behind the nth pause.

    Raises:
        Inconclusive: It was not sent: the car has asked for another session.
    """
    back = resuming(trace, nth)
    if back.answered is None or getattr(back.answer, "ResponseCode", None) is not Joined:
        raise Inconclusive(f"the old session was not joined: {trace.last_words()}")
    return told_by(trace, back.answered)


def old_id(requirement: str, trace: Trace, nth: int = 0) -> Observation:
    """The car comes back with the SessionID of the session that it paused."""
    stop = asked(trace, m.SessionStopReq, nth, where=pauses)
    back = resuming(trace, nth)
    wanted, seen = stop.request.Header.SessionID, back.request.Header.SessionID
    at = (stop.frame.index, back.frame.index)
    return holds(requirement, seen == wanted, expected=wanted.hex(), seen=seen.hex(), at=at)


def in_dynamic(trace: Trace) -> None:
    """Makes sure that the session was one in Dynamic mode.

    Raises:
        Inconclusive: It was not.
    """
    loop = asked(trace, m.ChargeLoopReq)
    if "Dynamic" not in wire.kind_of_mode(wire.mode_of(loop.request)):
        raise Inconclusive("the car did not charge in Dynamic mode")


async def charge_dynamically(bench: EvBench, loops: int = 10) -> None:
    """Charges in Dynamic mode for a moment."""
    await bench.act("prefer", control="dynamic")
    await bench.charge(loops)
