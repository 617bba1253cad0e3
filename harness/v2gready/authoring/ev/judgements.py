"""Words for judges of a car: each takes facts of the trace and gives one observation."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from v2gready.authoring.ev.facts import Asked, Told, closing, later, named, terminates, watched
from v2gready.authoring.expectations import holds, measured
from v2gready.model.measurement import Limit, Measurement
from v2gready.model.observation import Inconclusive, Observation, Severity
from v2gready.model.trace import EventKind, Frame, Record, Trace
from v2gready.protocols.iso15118 import messages as m
from v2gready.protocols.iso15118 import timers

EARLY = 0.05
"""Share of a timer by which a car may end early: timers run on ticks. The value is our own."""
GRACE = 1.0
"""Seconds beyond a timer in which a car has ended its session: reaction, farewell and FIN. The value is our own."""
CLOSING: Final = 10.0
"""Seconds in which a session that is over has to be closed. No clause known to us sets it; a charger has as long."""


def next_is(
    requirement: str, trace: Trace, response: Told[Any], *kinds: type, severity: Severity = Severity.MUST
) -> Observation:
    """The car's next request behind a response is one of these types.

    Raises:
        Inconclusive: The car sent nothing more, and was not watched for V2G_EVCC_Sequence_Performance_Time.
    """
    wanted = " or ".join(kind.__name__ for kind in kinds)
    following = response.next
    if following is None and closing(trace, response.link, since=response.frame.index) is None:
        seconds = watched(trace, response.frame)
        if seconds < timers.V2G_EVCC_SEQUENCE_PERFORMANCE:
            raise Inconclusive(f"nothing came within {seconds:.1f} s, and nobody watched for longer")
    good = following is not None and isinstance(following.request, kinds)
    return holds(
        requirement,
        good,
        expected=f"{wanted} behind {_name(response.frame)}",
        seen=named(following) if following is not None else "no further request",
        at=response.at,
        severity=severity,
    )


def next_holds(
    requirement: str,
    response: Told[Any],
    condition: bool,  # noqa: FBT001 - the fact itself
    *,
    expected: str,
    seen: object = "",
) -> Observation:
    """A fact about the car's next request behind a response.

    Raises:
        Inconclusive: There was none.
    """
    if response.next is None:
        raise Inconclusive(f"the car sent nothing behind {_name(response.frame)}")
    return holds(requirement, condition, expected=expected, seen=seen or named(response.next), at=response.at)


def nothing_but_stop(requirement: str, trace: Trace, after: Record, *, within: float = 5.0) -> Observation:
    """Behind a record the car sends nothing but a SessionStop(Terminate), if that.

    Raises:
        Inconclusive: The connection was watched for a shorter time.
    """
    sent = [one for one in later(trace, after) if not terminates(one.request)]
    seconds = watched(trace, after)
    if not sent and seconds < within and _open(trace, after):
        raise Inconclusive(f"the connection was watched for {seconds:.1f} s only")
    stops = len(later(trace, after)) - len(sent)
    return holds(
        requirement,
        not sent and stops <= 1,
        expected="nothing more, or one SessionStopReq(Terminate)",
        seen=", ".join(dict.fromkeys(named(one) for one in sent)) or ("SessionStopReq" if stops else "nothing more"),
        at=(after.index, *(one.frame.index for one in sent[:1])),
    )


def ends_session(requirement: str, trace: Trace, after: Record, *, within: float = CLOSING) -> Observation:
    """The car closes the connection within a time behind a record.

    Raises:
        Inconclusive: We closed it before, or it was watched for a shorter time.
    """
    gone = closing(trace, after.link, since=after.index)
    expected = f"connection closed by the {trace.dut} within {within:g} s"
    if gone is not None:
        return measured(
            requirement,
            Measurement(gone.t - after.t, "s", trace.timing_uncertainty),
            Limit("s", high=within),
            what="time to close",
            at=(after.index, gone.index),
        )
    seconds = watched(trace, after)
    if seconds < within:
        raise Inconclusive(f"the connection was watched for {seconds:.1f} s only, {within:g} s are allowed")
    return holds(requirement, False, expected=expected, seen=f"still open after {seconds:.1f} s", at=(after.index,))


def goes_on(requirement: str, trace: Trace, response: Told[Any]) -> Observation:
    """The car goes on with the session behind a response: it does not give up where it must not.

    Raises:
        Inconclusive: Nobody watched long enough.
    """
    return next_is(requirement, trace, response, m.V2GRequest)


def gives_up_after(
    requirement: str,
    trace: Trace,
    request: Asked[Any],
    seconds: float,
    *,
    grace: float = GRACE,
    closing_time: float = GRACE,
) -> Observation:
    """A request that was not answered in time is the last; the session ends when that timer of the car runs out.

    Not before: a response that is in time has to be waited for.

    Args:
        requirement: Id in the registry.
        trace: The trace.
        request: The request without an answer, or with one that came too late.
        seconds: The timer.
        grace: Seconds beyond it in which the farewell comes, if there is one.
        closing_time: Seconds beyond it in which the connection is closed. `CLOSING` where a late answer was sent: then
            a car that waits for too long shows it by going on.

    Raises:
        Inconclusive: The connection was watched for a shorter time.
    """
    end = next(
        (one.frame for one in later(trace, request.frame)), closing(trace, request.link, since=request.frame.index)
    )
    more = [one for one in later(trace, request.frame) if not terminates(one.request)]
    if more:
        return holds(
            requirement,
            False,
            expected="no further request",
            seen=named(more[0]),
            at=(request.frame.index, more[0].frame.index),
        )
    if end is None:
        waited = watched(trace, request.frame)
        if waited < seconds + closing_time:
            raise Inconclusive(f"the connection was watched for {waited:.1f} s only")
        return holds(
            requirement,
            False,
            expected=f"the end of the session after {seconds:g} s",
            seen=f"still waiting after {waited:.1f} s",
            at=(request.frame.index,),
        )
    beyond = grace if isinstance(end, Frame) else closing_time
    return measured(
        requirement,
        Measurement(end.t - request.frame.t, "s", trace.timing_uncertainty),
        Limit("s", low=seconds * (1 - EARLY), high=seconds + beyond),
        what=f"wait for the answer to {named(request)}",
        at=(request.frame.index, end.index),
    )


def in_pace(
    requirement: str, trace: Trace, request: Asked[Any], limit: float, *, severity: Severity = Severity.MUST
) -> Observation:
    """The request follows our response within a performance time, uncertainty considered.

    Raises:
        Inconclusive: It is the first on its connection.
    """
    if request.gap is None:
        raise Inconclusive("the request is the first on its connection")
    return measured(
        requirement,
        Measurement(request.gap, "s", trace.timing_uncertainty),
        Limit("s", high=limit),
        what=f"time from response to {named(request)}",
        at=request.at,
        severity=severity,
    )


def reacts_within(
    requirement: str, trace: Trace, since: Record, reaction: Frame | None, seconds: float, *, what: str
) -> Observation:
    """A reaction of the car comes within a time behind a record.

    Raises:
        Inconclusive: It did not come, and the connection was watched for a shorter time.
    """
    if reaction is not None:
        return measured(
            requirement,
            Measurement(reaction.t - since.t, "s", trace.timing_uncertainty),
            Limit("s", high=seconds),
            what=what,
            at=(since.index, reaction.index),
        )
    waited = watched(trace, since)
    if waited < seconds:
        raise Inconclusive(f"the connection was watched for {waited:.1f} s only")
    return holds(
        requirement, False, expected=f"{what} at most {seconds:g} s", seen=f"none in {waited:.1f} s", at=(since.index,)
    )


def every(requirement: str, items: Iterable[Asked[Any]], good: Any, *, expected: str, seen: Any = None) -> Observation:
    """A rule holds for all requests: the first that breaks it decides.

    Args:
        requirement: Id in the registry.
        items: The requests.
        good: Gets one, says whether it is as the rule wants it.
        expected: The rule in words.
        seen: Gets the one that breaks it, gives what is shown.

    Raises:
        Inconclusive: There were none.
    """
    found = list(items)
    if not found:
        raise Inconclusive("there was nothing to check")
    bad = next((one for one in found if not good(one)), None)
    if bad is None:
        at = (found[0].frame.index, found[-1].frame.index)
        return holds(requirement, True, expected=expected, seen=f"{len(found)} requests", at=at)
    return holds(requirement, False, expected=expected, seen=named(bad) if seen is None else seen(bad), at=bad.at)


def no_connection(requirement: str, trace: Trace, after: Record, *, within: float = 5.0) -> Observation:
    """Behind a record the car opens no connection.

    Raises:
        Inconclusive: Nobody watched for that long.
    """
    came = [one for one in trace.events(EventKind.CONNECTED) if one.index > after.index]
    last = trace.records[-1].t - after.t
    if not came and last < within:
        raise Inconclusive(f"the car was watched for {last:.1f} s only")
    return holds(
        requirement,
        not came,
        expected="no connection",
        seen="no connection" if not came else f"a connection to {came[0].detail.get('to', '')}",
        at=(after.index, *(one.index for one in came[:1])),
    )


def refuses_tls(requirement: str, trace: Trace, *, link: str = "tcp-1", why: str, within: float = 5.0) -> Observation:
    """The car ends the handshake, or the connection before any request.

    Raises:
        Inconclusive: It did not connect, or the handshake failed at our side, or nobody watched for long enough.
    """
    connected = next((one for one in trace.events(EventKind.CONNECTED, link=link)), None)
    if connected is None:
        raise Inconclusive(f"the car did not connect: {trace.last_words()}")
    spoken = list(trace.frames(sender=trace.dut, link=link))
    alerts = list(trace.events(EventKind.TLS_FAILED, source=trace.dut, link=link))
    gone = closing(trace, link)
    ours = next(trace.events(EventKind.TLS_FAILED, source=trace.tester, link=link), None)
    if not (spoken or alerts or gone):
        if ours is not None:
            raise Inconclusive(f"the handshake failed at our side: {ours.detail.get('reason', '')}")
        if (waited := trace.records[-1].t - connected.t) < within:
            raise Inconclusive(f"the connection was watched for {waited:.1f} s only")
    if spoken:
        seen = f"{type(spoken[0].message).__name__} was sent over the connection"
    elif alerts:
        seen = f"handshake refused: {alerts[0].detail.get('alert') or alerts[0].detail.get('reason', '')}"
    else:
        seen = "connection closed" if gone is not None else "connection left open"
    at = [record.index for record in (*spoken[:1], *alerts[:1])]
    good = not spoken and bool(alerts or gone)
    return holds(requirement, good, expected=f"connection refused: {why}", seen=seen, at=at)


def survives(requirement: str, trace: Trace, *, after: Record) -> Observation:
    """Behind a disturbance the car comes again and gets as far as SessionSetup.

    Raises:
        Inconclusive: It was not asked to, or nobody watched.
    """
    again = [one for one in trace.messages(m.SessionSetupReq) if one[0].index > after.index]
    return holds(
        requirement,
        bool(again),
        expected="another session",
        seen="SessionSetupReq" if again else f"none: {trace.last_words()}",
        at=(after.index, *(frame.index for frame, _ in again[:1])),
    )


def _open(trace: Trace, after: Record) -> bool:
    return not any(one.index > after.index for one in trace.events(EventKind.CLOSED, link=after.link))


def _name(frame: Frame) -> str:
    return "an undecodable frame" if frame.message is None else type(frame.message).__name__
