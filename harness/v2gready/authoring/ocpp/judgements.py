"""Words for judges over OCPP: each takes facts of the trace and gives one observation.

None is true of an empty trace: where nothing was seen that could have gone wrong, it raises `Inconclusive`. Provenance
of requirements is added by the engine.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from v2gready.authoring.expectations import holds, measured, worst
from v2gready.authoring.ocpp.always import echoes_bad_id
from v2gready.authoring.ocpp.wire import (
    Disturbance,
    RpcExchange,
    Where,
    calls,
    edition_of,
    editions,
    ended,
    last_words,
    named,
    need_watch,
    sends,
    watched_until,
)
from v2gready.model.measurement import Limit, Measurement
from v2gready.model.observation import Inconclusive, Observation, Severity
from v2gready.model.trace import Event, Frame, Record, Trace
from v2gready.model.verdict import Verdict
from v2gready.protocols.ocpp.editions import Edition
from v2gready.protocols.ocpp.frames import Call, CallError, CallResult, CallResultError, ErrorCode, Send
from v2gready.protocols.ocpp.schema import actions, check, check_reply

ACCEPTED = "Accepted"
REJECTED = "Rejected"


def describe(exchange: RpcExchange) -> str:
    """What came back, in words."""
    if exchange.error is not None:
        told = f": {exchange.error.description}" if exchange.error.description else ""
        return f"CALLERROR {exchange.error.code}{told}"
    if exchange.answer is None:
        return "no reply"
    status = exchange.status
    if status is None:
        return "CALLRESULT"
    return f"{status} ({exchange.reason})" if exchange.reason else status


def accepted(requirement: str, exchange: RpcExchange, *, severity: Severity = Severity.MUST) -> Observation:
    """The request is answered by a CALLRESULT, with status Accepted where the message has a status."""
    return holds(
        requirement,
        exchange.answer is not None and (exchange.status == ACCEPTED or not _has_status(exchange)),
        expected=f"{exchange.action} accepted",
        seen=describe(exchange),
        at=exchange.at,
        severity=severity,
    )


def _has_status(exchange: RpcExchange) -> bool:
    """The answer has a status, or should have one: what is left out has not been accepted."""
    if exchange.status is not None:
        return True
    spoken = [one for one in Edition if exchange.action in actions(one)]
    return any("status" in one.sentence or one.path == "status" for edition in spoken[-1:]
               for one in check_reply(edition, exchange.call, CallResult(exchange.call.id, {})))  # fmt: skip


def answered(requirement: str, exchange: RpcExchange, *, severity: Severity = Severity.MUST) -> Observation:
    """The request is answered by a CALLRESULT, whatever it says."""
    return holds(
        requirement,
        exchange.answer is not None,
        expected=f"a CALLRESULT for {exchange.action}",
        seen=describe(exchange),
        at=exchange.at,
        severity=severity,
    )


def status_is(
    requirement: str,
    exchange: RpcExchange,
    *statuses: str,
    reason: str | Collection[str] | None = None,
    severity: Severity = Severity.MUST,
) -> Observation:
    """The answer has one of these statuses, and one of these reason codes where the clause names it.

    Args:
        requirement: Id in the registry.
        exchange: The request and what came back.
        *statuses: Acceptable values of ``status``.
        reason: Acceptable values of ``statusInfo.reasonCode``; None if it does not matter.
        severity: Weight of the check.
    """
    reasons = () if reason is None else (reason,) if isinstance(reason, str) else tuple(reason)
    wanted = " or ".join(statuses) + (f" with reason code {' or '.join(reasons)}" if reasons else "")
    return holds(
        requirement,
        exchange.status in statuses and (not reasons or exchange.reason in reasons),
        expected=f"{exchange.action} answered by {wanted}",
        seen=describe(exchange),
        at=exchange.at,
        severity=severity,
    )


def reason_is(
    requirement: str, exchange: RpcExchange, *reasons: str, severity: Severity = Severity.SHOULD
) -> Observation:
    """The reason code of a refusal, where the clause advises it: a remark, unless told otherwise.

    Raises:
        Inconclusive: There was no CALLRESULT with a status.
    """
    if exchange.status is None:
        raise Inconclusive(f"{exchange.action} got no status: {describe(exchange)}")
    return holds(
        requirement,
        exchange.reason in reasons,
        expected=f"reason code {' or '.join(reasons)}",
        seen=describe(exchange),
        at=exchange.at,
        severity=severity,
    )


def call_error(
    requirement: str, exchange: RpcExchange | Disturbance, *codes: ErrorCode | str, severity: Severity = Severity.MUST
) -> Observation:
    """A CALLERROR with one of these codes comes back; with any code if none is given."""
    error = exchange.error
    values = {str(code) for code in codes}
    if isinstance(exchange, RpcExchange):
        seen = describe(exchange)
    else:
        seen = "no reply" if exchange.reply is None else named(exchange.reply)
    return holds(
        requirement,
        error is not None and (not values or str(error.code) in values),
        expected=f"CALLERROR {' or '.join(sorted(values))}".rstrip(),
        seen=seen,
        at=exchange.at,
        severity=severity,
    )


def not_accepted(requirement: str, exchange: RpcExchange, *, severity: Severity = Severity.MUST) -> Observation:
    """Refused, in whatever way: a CALLERROR, or a status other than Accepted. Where the form of refusal is not fixed.

    No reply at all is no refusal; a CALLRESULT without a status is an acceptance.
    """
    good = exchange.error is not None or exchange.status not in {None, ACCEPTED}
    return holds(
        requirement,
        good,
        expected=f"{exchange.action} refused: a status other than Accepted, or a CALLERROR",
        seen=describe(exchange),
        at=exchange.at,
        severity=severity,
    )


def error_or_silence(
    requirement: str, trace: Trace, what: RpcExchange | Disturbance, *codes: ErrorCode | str, seconds: float = 0.0
) -> Observation:
    """A CALLERROR (with one of these codes, if given), or nothing: for what a peer may drop (OCPP-J 4.4).

    Args:
        requirement: Id in the registry.
        trace: The trace.
        what: What we sent.
        *codes: Acceptable codes.
        seconds: For how long we must have listened for silence to count.

    Raises:
        Inconclusive: Nothing came back, and the connection was not watched.
    """
    frame = what.request if isinstance(what, RpcExchange) else what.frame
    if what.reply is None:
        need_watch(trace, frame, seconds)
        return holds(requirement, True, expected="a CALLERROR, or nothing", seen="no reply", at=what.at)
    return call_error(requirement, what, *codes)


def no_reply(requirement: str, trace: Trace, frame: Frame, *, seconds: float = 0.0) -> Observation:
    """No reply comes for a frame of ours: no result and no error with its id, and no error without id.

    Args:
        requirement: Id in the registry.
        trace: The trace.
        frame: What we sent: a SEND, a result nobody asked for.
        seconds: For how long we must have listened.

    Raises:
        Inconclusive: The connection was not watched for so long after the frame.
    """
    reply = _replies_after(trace, frame)
    if not reply:
        need_watch(trace, frame, seconds)
    return holds(
        requirement,
        not reply,
        expected=f"no reply to {named(frame)}",
        seen=named(reply[0]) if reply else "no reply",
        at=(frame.index, *(one.index for one in reply[:1])),
    )


def _replies_after(trace: Trace, frame: Frame) -> list[Frame]:
    """Results and errors of the device after a frame that carry its id or none, and answer no open CALL of ours."""
    own = getattr(frame.message, "id", None)
    answering = {
        one.reply.index
        for one in calls(trace, sender=trace.tester, link=frame.link)
        if one.reply and one.call.id != own
    }
    return [
        one
        for one in trace.frames(sender=trace.dut, link=frame.link)
        if one.index > frame.index
        and one.index not in answering
        and isinstance(one.message, CallResult | CallError | CallResultError)
        and one.message.id in {own, "-1"}
    ]


def answered_within(requirement: str, trace: Trace, exchange: RpcExchange, seconds: float) -> Observation:
    """A reply (result or error) comes within so many seconds, uncertainty of the harness considered.

    Raises:
        Inconclusive: There was none, and the connection was watched for a shorter time.
    """
    if exchange.elapsed is None:
        if watched_until(trace, exchange.link) - exchange.t < seconds:
            raise Inconclusive(f"the reply to {exchange.action} was not awaited for {seconds:g} s")
        expected = f"a reply to {exchange.action} within {seconds:g} s"
        return holds(requirement, False, expected=expected, seen="no reply", at=exchange.at)
    return measured(
        requirement,
        Measurement(exchange.elapsed, "s", trace.timing_uncertainty),
        Limit("s", high=seconds),
        what=f"time to reply to {exchange.action}",
        at=exchange.at,
    )


def all_answered(requirement: str, trace: Trace) -> Observation:
    """Every CALL of ours that is well formed gets exactly one reply, with its own id, while the connection lives.

    Raises:
        Inconclusive: We sent no CALL.
    """
    found = calls(trace, sender=trace.tester)
    if not found:
        raise Inconclusive(f"no CALL was sent: {last_words(trace)}")
    for one in found:
        if one.more:
            seen = f"{1 + len(one.more)} replies to {one.action}"
            return holds(requirement, False, expected="one reply to each CALL", seen=seen, at=one.at)
        if one.reply is None:
            seen = f"no reply to {one.action}"
            return holds(requirement, False, expected="one reply to each CALL", seen=seen, at=one.at)
    at = (found[0].request.index, found[-1].request.index)
    return holds(
        requirement, True, expected="one reply to each CALL", seen=f"{len(found)} CALLs, one reply to each", at=at
    )


def schema_valid(requirement: str, trace: Trace, *, sender: str | None = None) -> Observation:
    """Everything that the device sent is a message, and valid by the schema of the edition of its connection.

    Args:
        requirement: Id in the registry.
        trace: The trace.
        sender: Whose messages; the device's if None.

    Raises:
        Inconclusive: It sent nothing that has a schema.
    """
    who = sender or trace.dut
    agreed = editions(trace)
    asked = {one.reply.index: one for one in calls(trace) if one.reply is not None}
    checked: list[Frame] = []
    for frame in trace.frames(sender=who):
        edition = agreed.get(frame.link)
        if edition is None:
            continue
        if frame.problem and echoes_bad_id(trace, frame):
            continue
        if frame.problem:
            return holds(requirement, False, expected="a message of OCPP-J", seen=frame.problem, at=(frame.index,))
        message = frame.message
        exchange = asked.get(frame.index)
        if isinstance(message, Call | Send):
            problems = check(edition, message.action, message.payload)
        elif isinstance(message, CallResult) and exchange is not None:
            problems = check_reply(edition, exchange.call, message)
        else:
            continue
        checked.append(frame)
        if problems:
            first = problems[0]
            name = message.action if isinstance(message, Call | Send) else f"{exchange.action} answer"  # type: ignore[union-attr] # a result has its exchange here
            return holds(
                requirement,
                False,
                expected=f"{name} valid by the schema of {edition.value}",
                seen=f"{first.path or 'payload'}: {first.sentence}",
                at=(frame.index,),
            )
    if not checked:
        raise Inconclusive(f"nothing to validate: {last_words(trace)}")
    return holds(
        requirement,
        True,
        expected="every message valid by the schema of its edition",
        seen=f"{len(checked)} messages, all valid",
        at=(checked[0].index, checked[-1].index),
    )


def valid(requirement: str, trace: Trace, exchange: RpcExchange) -> Observation:
    """One CALL of the device is valid by the schema of the edition of its connection."""
    edition = edition_of(trace, exchange.request)
    problems = check(edition, exchange.action, exchange.call.payload)
    seen = "valid" if not problems else f"{problems[0].path or 'payload'}: {problems[0].sentence}"
    return holds(
        requirement,
        not problems,
        expected=f"{exchange.action} valid by the schema of {edition.value}",
        seen=seen,
        at=(exchange.request.index,),
    )


def received(
    requirement: str,
    trace: Trace,
    action: str,
    *,
    where: Where | None = None,
    what: str = "",
    after: Record | None = None,
    within: float | None = None,
    link: str | None = None,
    severity: Severity = Severity.MUST,
) -> Observation:
    """The device sends a message: a CALL, or a SEND, whose payload is so, after a record and within a time.

    Args:
        requirement: Id in the registry.
        trace: The trace.
        action: Its name.
        where: What its payload must fulfil.
        what: The same in words, for the reader: ``with evccid``.
        after: The time counts from here; from the beginning if None.
        within: Seconds allowed; until the end of the trace if None.
        link: On this connection alone.
        severity: Weight of the check.

    Raises:
        Inconclusive: It did not come, and we did not listen for so long.
    """
    start = 0.0 if after is None else after.t
    found = _messages(trace, action, where, link, after)
    in_time = next((one for one in found if within is None or one.t - start <= within), None)
    expected = " ".join(filter(None, (action, what, "" if within is None else f"within {within:g} s")))
    at = () if after is None else (after.index,)
    if in_time is not None:
        seen = f"{action} after {in_time.t - start:.3f} s"
        return holds(requirement, True, expected=expected, seen=seen, at=(*at, in_time.index), severity=severity)
    if found:
        seen = f"{action} after {found[0].t - start:.3f} s only"
        return holds(requirement, False, expected=expected, seen=seen, at=(*at, found[0].index), severity=severity)
    listened = watched_until(trace, link) - start
    if listened <= 0 or listened < (within or 0.0):
        raise Inconclusive(f"{action} did not come, and we listened for {max(listened, 0):.1f} s: {last_words(trace)}")
    other = _messages(trace, action, None, link, after)
    seen = f"no {action}" if not other else f"{len(other)} {action}, none {what or 'of that kind'}"
    at = (*at, *(one.index for one in other[:3]))
    return holds(requirement, False, expected=expected, seen=seen, at=at, severity=severity)


def never_sent(
    requirement: str,
    trace: Trace,
    action: str | Collection[str],
    *,
    where: Where | None = None,
    what: str = "",
    after: Record,
    seconds: float,
    link: str | None = None,
) -> Observation:
    """The device does not send such a message for so many seconds after a record.

    Raises:
        Inconclusive: It did not, but we did not listen for so long.
    """
    names = {action} if isinstance(action, str) else set(action)
    name = " or ".join(sorted(names))
    found = [
        one for single in names for one in _messages(trace, single, where, link, after) if one.t - after.t <= seconds
    ]
    expected = " ".join(filter(None, ("no", name, what, f"for {seconds:g} s")))
    if found:
        first = min(found, key=lambda one: one.index)
        seen = f"{named(first)} after {first.t - after.t:.3f} s"
        return holds(requirement, False, expected=expected, seen=seen, at=(after.index, first.index))
    gone = ended(trace, after.link, after=after)
    back = gone is not None and any(one.index > gone.index for one in trace.frames(sender=trace.dut))
    # Who has gone for good sends nothing, whatever the rule.
    listened = (watched_until(trace, link) if gone is None or back else gone.t) - after.t
    if listened < seconds:
        raise Inconclusive(f"we listened for {max(listened, 0):.1f} s only, {seconds:g} s are needed")
    return holds(requirement, True, expected=expected, seen=f"none in {listened:.1f} s", at=(after.index,))


def _messages(trace: Trace, action: str, where: Where | None, link: str | None, after: Record | None) -> list[Frame]:
    """CALLs and SENDs of the device, in order."""
    found = [one.request for one in calls(trace, action, sender=trace.dut)] + sends(trace, action, sender=trace.dut)
    return sorted(
        (
            one
            for one in found
            if (link is None or one.link == link)
            and (after is None or one.index > after.index)
            and (where is None or where(one.message.payload))
        ),
        key=lambda one: one.index,
    )


def every(requirement: str, observations: Iterable[Observation], *, what: str) -> Observation:
    """Of many checks of one rule the one that decides, with their number.

    Raises:
        Inconclusive: There was nothing to check.
    """
    found = list(observations)
    decisive = worst(found)
    if decisive.verdict is not Verdict.PASS:
        return decisive
    at = tuple(dict.fromkeys(index for one in found for index in one.at))[:16]
    return holds(requirement, True, expected=decisive.expected, seen=f"{len(found)} {what}, all so", at=at)


def field_is(requirement: str, exchange: RpcExchange, path: str, *values: Any) -> Observation:
    """A field of a CALL of the device has one of these values; ``path`` like ``transactionInfo.operationMode``."""
    value = look(exchange.payload, path)
    wanted = " or ".join(repr(one) for one in values)
    return holds(
        requirement,
        value in values,
        expected=f"{exchange.action} with {path} {wanted}",
        seen="missing" if value is None else repr(value),
        at=exchange.at,
    )


def look(payload: Any, path: str) -> Any:
    """The value at a path like ``chargingSchedule.0.limit``, None if there is none."""
    for step in path.split("."):
        if isinstance(payload, Mapping):
            payload = payload.get(step)
        elif isinstance(payload, list) and step.isdigit() and int(step) < len(payload):
            payload = payload[int(step)]
        else:
            return None
    return payload


def event_record(trace: Trace, kind: str, *, source: str | None = None, nth: int = 0) -> Event:
    """The ``nth`` event of a kind.

    Raises:
        Inconclusive: There are fewer.
    """
    found = list(trace.events(kind, source=source))
    try:
        return found[nth]
    except IndexError:
        raise Inconclusive(f"there were {len(found)} events {kind!r} only: {last_words(trace)}") from None
