"""Words about wrong messages: what is made wrong in them, and how a peer has to take that."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Sequence, Sized
from typing import Any, Final

from v2gready.authoring.expectations import holds
from v2gready.authoring.ocpp.connections import connection_stays
from v2gready.authoring.ocpp.judgements import call_error, describe, every
from v2gready.authoring.ocpp.wire import (
    UNREADABLE,
    Disturbance,
    RpcExchange,
    calls,
    disturbances,
    ended,
    handshakes,
    last_words,
    named,
    sent,
    watched_until,
)
from v2gready.model.observation import Inconclusive, Observation
from v2gready.model.trace import Frame, Record, Trace
from v2gready.protocols.ocpp.frames import CallError, CallResult, CallResultError, ErrorCode, Send

Payload = dict[str, Any]

LEFT_OUT: Final = object()
"""As a value for `changed`: the field is taken away."""


def changed(payload: Payload, path: str, value: Any) -> Payload:
    """A payload with another value at a path like ``chargingSchedule.0.limit``; see also `LEFT_OUT`."""
    result = copy.deepcopy(payload)
    *steps, last = path.split(".")
    place: Any = result
    for step in steps:
        place = place[int(step)] if isinstance(place, list) else place[step]
    if isinstance(place, list):
        place[int(last)] = value
    elif value is LEFT_OUT:
        del place[last]
    else:
        place[last] = value
    return result


def dropped_or_refused(requirement: str, trace: Trace, *, seconds: float) -> Observation:
    """Whatever of ours is no message is dropped, or refused by a CALLERROR with its id or -1: no result comes for it.

    Args:
        requirement: Id in the registry.
        trace: The trace.
        seconds: For how long we must have listened where nothing came back.

    Raises:
        Inconclusive: We sent nothing of that kind, or did not listen.
    """
    found = disturbances(trace)
    if not found:
        raise Inconclusive(f"nothing was sent that is no message: {last_words(trace)}")
    return every(requirement, (_dropped(requirement, trace, one, seconds) for one in found), what="broken messages")


def _dropped(requirement: str, trace: Trace, one: Disturbance, seconds: float) -> Observation:
    expected = "a CALLERROR, or nothing"
    results = [frame for frame in trace.frames(sender=trace.dut, link=one.frame.link) if _is_result(frame, one)]
    if results:
        at = (one.frame.index, results[0].index)
        return holds(requirement, False, expected=expected, seen=f"a CALLRESULT: {one.problem.sentence}", at=at)
    if one.reply is None:
        gone = ended(trace, one.frame.link, after=one.frame)
        if gone is None and watched_until(trace, one.frame.link) - one.frame.t < seconds:
            raise Inconclusive(f"connection {one.frame.link} was not watched for {seconds:g} s after the frame")
        return holds(requirement, True, expected=expected, seen="nothing", at=one.at)
    return call_error(requirement, one)


def _is_result(frame: Frame, one: Disturbance) -> bool:
    """A CALLRESULT for what we sent, also one with an id that is none (37 characters, a number)."""
    if frame.index < one.frame.index:
        return False
    asked, told = _elements(one.frame), _elements(frame)
    if told[:1] != [3] or asked[:1] == [3]:
        return False
    return told[1:2] == [UNREADABLE] or (len(asked) > 1 and told[1:2] == asked[1:2])


def _elements(frame: Frame) -> list[Any]:
    try:
        value = json.loads(frame.raw)
    except (ValueError, RecursionError):
        return []
    return value if isinstance(value, list) else []


def goes_on(requirement: str, trace: Trace, after: Record, *, until: Record | None = None) -> Observation:
    """After a disturbance ordinary CALLs are served: on the same connection, or on a new one if that is gone.

    A connection that stays open and says nothing any more is not served, whatever becomes of later ones.

    Args:
        requirement: Id in the registry.
        trace: The trace.
        after: The disturbance.
        until: The next one; the end of the trace if None.

    Raises:
        Inconclusive: We tried nothing.
    """
    expected = "ordinary CALLs are answered"
    tried = calls(trace, sender=trace.tester, after=after, before=until)
    last = next((one for one in handshakes(trace)[::-1] if _within(one.request, after, until)), None)
    if last is not None and last.status != 101:
        seen = f"a new connection was answered by {last.status or 'nothing'}"
        return holds(requirement, False, expected=expected, seen=seen, at=(after.index, *last.at))
    deaf = next((one for one in tried if one.reply is None and ended(trace, one.link, after=after) is None), None)
    if deaf is not None:
        seen = f"no reply to {deaf.action} on a connection that is open"
        return holds(requirement, False, expected=expected, seen=seen, at=(after.index, *deaf.at))
    if not tried:
        raise Inconclusive(f"nothing was asked of the {trace.dut} after the disturbance: {last_words(trace)}")
    one = tried[-1]
    at = (after.index, *one.at)
    return holds(requirement, one.answer is not None, expected=expected, seen=f"{one.action}: {describe(one)}", at=at)


def _within(record: Record, after: Record, until: Record | None) -> bool:
    return after.index < record.index and (until is None or record.index < until.index)


def goes_on_after_each(
    requirement: str, trace: Trace, records: Sequence[Record], *, stays: bool = False
) -> Iterator[Observation]:
    """`goes_on` after each of several disturbances, up to the next.

    Args:
        requirement: Id in the registry.
        trace: The trace.
        records: The disturbances, in order.
        stays: The connection has to be kept, too.
    """
    for one, following in zip(records, [*records[1:], None], strict=True):
        if stays:
            yield connection_stays(requirement, trace, one)
        yield goes_on(requirement, trace, one, until=following)


def stays_and_goes_on(requirement: str, trace: Trace, after: Record) -> Iterator[Observation]:
    """The connection is kept, and ordinary CALLs are served on it."""
    return goes_on_after_each(requirement, trace, (after,), stays=True)


def complete(found: Sized, number: int, what: str) -> None:
    """The stimulus came to its end: so many of something are in the trace. At the end of a judge, behind what failed.

    Raises:
        Inconclusive: There are fewer.
    """
    if len(found) < number:
        raise Inconclusive(f"{len(found)} of {number} {what} only: the stimulus did not come to its end")


def all_replied(found: list[RpcExchange]) -> None:
    """Each of them got a result or an error.

    Raises:
        Inconclusive: One got neither.
    """
    silent = [one.action for one in found if one.reply is None]
    if silent:
        raise Inconclusive(f"no reply to {silent[0]}")


def lives(trace: Trace) -> None:
    """The last heartbeat, behind all that was tried, got its result: who refuses everything has judged nothing.

    Raises:
        Inconclusive: It did not.
    """
    last = sent(trace, "Heartbeat", nth=-1)
    if last.answer is None:
        raise Inconclusive(f"the last heartbeat was not served: {describe(last)}")


def first_of(trace: Trace, frames: list[Frame], what: str) -> Frame:
    """The first of some frames of ours.

    Raises:
        Inconclusive: There is none.
    """
    if not frames:
        raise Inconclusive(f"{what} was never sent: {last_words(trace)}")
    return frames[0]


def errors_well_formed(requirement: str, trace: Trace) -> Observation:
    """Each CALLERROR of the device has five elements, a code of the standard, a short description, an object.

    Raises:
        Inconclusive: It sent none.
    """
    found = [(frame, _elements(frame)) for frame in trace.frames(sender=trace.dut) if _elements(frame)[:1] == [4]]
    if not found:
        raise Inconclusive(f"the {trace.dut} sent no CALLERROR: {last_words(trace)}")
    return every(
        requirement,
        (
            holds(
                requirement,
                not (wrong := _misshapen(elements)),
                expected="[4, id, a code of the standard, text of 255 characters at most, object]",
                seen=wrong or f"CALLERROR {elements[2]}",
                at=(frame.index,),
            )
            for frame, elements in found
        ),
        what="CALLERRORs",
    )


def _misshapen(elements: list[Any]) -> str:
    if len(elements) != 5:
        return f"{len(elements)} elements"
    _, message_id, code, description, details = elements
    if not isinstance(message_id, str):
        return f"id {message_id!r}"
    if code not in set(ErrorCode):
        return f"code {code!r}"
    if not isinstance(description, str) or len(description) > 255:
        return f"description {description!r}"[:80]
    return "" if isinstance(details, dict) else f"details {details!r}"[:80]


def sends_unanswered(requirement: str, trace: Trace) -> Observation:
    """No SEND of ours gets a reply of any kind with its id.

    Raises:
        Inconclusive: We sent none, or did not listen behind it.
    """
    found = [frame for frame in trace.frames(sender=trace.tester) if isinstance(frame.message, Send)]
    first = first_of(trace, found, "a SEND")
    if watched_until(trace, first.link) <= first.t:
        raise Inconclusive("the connection was not watched behind the SEND")
    for frame in found:
        for one in trace.frames(sender=trace.dut, link=frame.link):
            reply = isinstance(one.message, CallResult | CallError | CallResultError)
            if reply and one.index > frame.index and one.message.id == frame.message.id:
                seen = named(one)
                return holds(requirement, False, expected="no reply to SEND", seen=seen, at=(frame.index, one.index))
    return holds(
        requirement, True, expected="no reply to SEND", seen=f"{len(found)} SENDs, no reply", at=(first.index,)
    )
