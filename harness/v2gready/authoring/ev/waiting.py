"""Words on a car that waits: for a charger that is not done yet, and between two requests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from v2gready.authoring.ev.facts import Asked, Told, closing, later, named, requests, terminates, watched
from v2gready.authoring.ev.judgements import CLOSING, EARLY, GRACE
from v2gready.authoring.expectations import holds, measured
from v2gready.model.measurement import Limit, Measurement
from v2gready.model.observation import Inconclusive, Observation
from v2gready.model.trace import Event, Frame, Trace
from v2gready.protocols.iso15118 import timers

FAREWELL = GRACE + timers.V2G_EVCC_MSG_TIMEOUT
"""Seconds in which the request that is on its way is answered, and the session ended."""


def ends_waiting(
    requirement: str,
    trace: Trace,
    first: Asked[Any],
    low: float,
    high: float,
    *,
    grace: float = GRACE + timers.V2G_EVCC_MSG_TIMEOUT,
) -> Observation:
    """A request that is answered by "not yet" may be repeated, until a timer of the car runs out.

    The timer runs from the first such request on. What may follow is the farewell alone. A car that just closes may
    take its time for that (`CLOSING`): its last request shows that the timer has run out.

    Args:
        requirement: Id in the registry.
        trace: The trace.
        first: The first of the requests.
        low: The shortest value of the timer, in s.
        high: The longest.
        grace: Seconds beyond it: the request that is on its way, and the farewell.

    Raises:
        Inconclusive: The first one was not answered, or the connection was watched for a shorter time.
    """
    if first.answered is None:
        raise Inconclusive(f"the first {named(first)} was not answered")
    behind = later(trace, first.frame)
    other = next((one for one in behind if not isinstance(one.request, type(first.request))), None)
    if other is not None and not terminates(other.request):
        return holds(
            requirement,
            False,
            expected=f"{named(first)} again, or the end",
            seen=named(other),
            at=(first.frame.index, other.frame.index),
        )
    end: Frame | Event | None = closing(trace, first.link, since=first.frame.index) if other is None else other.frame
    if end is None:
        waited = watched(trace, first.frame)
        if waited < high + grace + CLOSING:
            raise Inconclusive(f"the connection was watched for {waited:.1f} s only")
        return holds(
            requirement,
            False,
            expected=f"the end of the session after {high:g} s",
            seen=f"none in {waited:.1f} s",
            at=(first.frame.index,),
        )
    what, latest = f"time from the first {named(first)} to the end", high + grace
    if isinstance(end, Event):
        latest += CLOSING
        if behind and behind[-1].frame.t - first.frame.t > high + grace:
            end, what, latest = behind[-1].frame, f"time from the first {named(first)} to the last", high + grace
    return measured(
        requirement,
        Measurement(end.t - first.frame.t, "s", trace.timing_uncertainty),
        Limit("s", low=low * (1 - EARLY), high=latest),
        what=what,
        at=(first.frame.index, end.index),
    )


def slowest(
    requirement: str, trace: Trace, responses: Iterable[Told[Any]], limit: float = timers.V2G_EVCC_SEQUENCE_PERFORMANCE
) -> Observation:
    """The longest time from a response of ours to the car's next request, or to the end of a connection without one.

    Raises:
        Inconclusive: There were no responses, or no request came behind the last one and nobody watched long enough.
    """
    longest: tuple[float, Told[Any]] | None = None
    missing: Told[Any] | None = None
    for one in responses:
        if one.next is not None:
            seconds = one.next.frame.t - one.frame.t
            if longest is None or seconds > longest[0]:
                longest = seconds, one
        elif closing(trace, one.link, since=one.frame.index) is None and watched(trace, one.frame) > limit:
            missing = one
    if missing is not None:
        return holds(
            requirement,
            False,
            expected=f"a request within {limit:g} s",
            seen=f"none in {watched(trace, missing.frame):.1f} s behind {type(missing.message).__name__}",
            at=missing.at,
        )
    if longest is None:
        raise Inconclusive(f"no request came behind a response: {trace.last_words()}")
    return measured(
        requirement,
        Measurement(longest[0], "s", trace.timing_uncertainty),
        Limit("s", high=limit),
        what=f"longest time from response to request (behind {type(longest[1].message).__name__})",
        at=longest[1].at,
    )


def patient(
    requirement: str, trace: Trace, kind: type[Any], *, count: int, slow: float, what: type[Any]
) -> Observation:
    """A charger that is slow, but in time, is waited for: the session comes as far as so many requests of a type.

    Args:
        requirement: Id in the registry.
        trace: The trace.
        kind: The request that the session has to come to.
        count: How many of them.
        slow: Seconds that our slowest response to the type ``what`` took at least.
        what: Type of the request whose answers are slow.

    Raises:
        Inconclusive: Our answers were not slow, or the session ended for a reason of ours.
    """
    asked = list(requests(trace, what))
    took = [one.answered.t - one.frame.t for one in asked if one.answered is not None]
    reached = [one for one in requests(trace, kind) if one.answered is not None]
    last = asked[-1] if asked else None
    if len(reached) >= count and max(took, default=0.0) >= slow:
        return holds(
            requirement,
            True,
            expected=f"answers after {slow:g} s and more are waited for",
            seen=f"{max(took):.2f} s, and the session went on",
            at=reached[-1].at,
        )
    if last is None:
        raise Inconclusive(f"the car did not come to {what.__name__}: {trace.last_words()}")
    gone = closing(trace, last.link, since=last.frame.index)
    if gone is not None and (last.answered is None or gone.index < last.answered.index):
        return holds(
            requirement,
            False,
            expected=f"the answer to {named(last)} is waited for: {slow:g} s and more",
            seen=f"the connection was closed after {gone.t - last.frame.t:.2f} s",
            at=(last.frame.index, gone.index),
        )
    late = next((one for one in asked if one.answered is None and later(trace, one.frame)), None)
    if late is not None:
        seen = f"{named(later(trace, late.frame)[0])} came before it"
        return holds(requirement, False, expected=f"the answer to {named(late)} is waited for", seen=seen, at=late.at)
    raise Inconclusive(f"the session was not slow, or ended for another reason: {trace.last_words()}")
