"""Words for judges about what is sent wrong on purpose: broken payloads, frames that are no messages, reconnections."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from v2gready.authoring.expectations import holds
from v2gready.authoring.ocpp.connections import connection_stays
from v2gready.authoring.ocpp.flows import variable
from v2gready.authoring.ocpp.judgements import answered, describe, error_or_silence, every
from v2gready.authoring.ocpp.wire import (
    RpcExchange,
    calls,
    disturbances,
    edition_of,
    handshakes,
    last_words,
    strays,
    watched_until,
)
from v2gready.model.observation import Inconclusive, Observation, Severity
from v2gready.model.trace import Event, EventKind, Trace
from v2gready.model.verdict import Verdict
from v2gready.protocols.ocpp.frames import CallResult, ErrorCode
from v2gready.protocols.ocpp.schema import SchemaProblem, acceptable_codes, check, check_reply

NOT_THE_PAYLOAD: Final = frozenset(
    {
        ErrorCode.NOT_IMPLEMENTED,
        ErrorCode.NOT_SUPPORTED,
        ErrorCode.MESSAGE_TYPE_NOT_SUPPORTED,
        ErrorCode.SECURITY_ERROR,
    }
)
"""Codes that say that the message is not served at all: whoever answers so has not looked at its payload."""

HEARTBEAT: Final = ("OCPPCommCtrlr", "HeartbeatInterval")
"""A variable that every station has."""
PROBE: Final = "GetVariables"
"""The action of a question that every station can answer; `read` is its payload."""
PROMPTLY: Final = 10.0
"""Seconds for an answer that costs no work; ours, the standard leaves the time to both sides."""


def read(component: str = HEARTBEAT[0], name: str = HEARTBEAT[1], **more: Any) -> dict[str, Any]:
    """Payload of a GetVariables, by default one that every station can answer; more fields go to its only item."""
    return {"getVariableData": [{**variable(component, name), **more}]}


def write(value: Any, **more: Any) -> dict[str, Any]:
    """Payload of a SetVariables of the heartbeat interval; more fields go to the top."""
    return {"setVariableData": [{**variable(*HEARTBEAT), "attributeValue": value}], **more}


def served(requirement: str, trace: Trace, exchange: RpcExchange) -> Observation:
    """A question is answered by a CALLRESULT that is an answer to it, and not by a phrase that fits everything.

    Raises:
        Inconclusive: The CALLRESULT breaks the schema of that answer, or is about other variables. That is not what is
            judged here, but whoever answers so may not have read the question.
    """
    message = None if exchange.reply is None else exchange.reply.message
    if isinstance(message, CallResult):
        problems = check_reply(edition_of(trace, exchange.request), exchange.call, message)
        if problems:
            where = problems[0].path or "payload"
            raise Inconclusive(f"what came for {exchange.action} is no answer to it: {where}: {problems[0].sentence}")
        if exchange.action == PROBE and _named(message.payload, "Result") != _named(exchange.payload, "Data"):
            raise Inconclusive("what came for GetVariables is about other variables than those asked for")
    return answered(requirement, exchange)


def _named(payload: Mapping[str, Any], what: str) -> list[tuple[str, str]]:
    """The variables of a GetVariables or of its answer; names are of either case (Part 2, identifierString)."""
    items = payload.get(f"getVariable{what}", ())
    return sorted((one["component"]["name"].lower(), one["variable"]["name"].lower()) for one in items)


def broken_calls(trace: Trace, *rules: str) -> list[tuple[RpcExchange, SchemaProblem]]:
    """Our CALLs that break these keywords of the schema, each with its first problem.

    Args:
        trace: The trace.
        *rules: Keywords, see `SchemaProblem.rule`; all but an unknown action if none is given.
    """
    found = []
    for one in calls(trace, sender=trace.tester):
        problems = check(edition_of(trace, one.request), one.action, one.call.payload)
        if problems and problems[0].rule != "action" and (not rules or problems[0].rule in rules):
            found.append((one, problems[0]))
    return found


def schema_refusals(requirement: str, trace: Trace, *rules: str) -> Iterator[Observation]:
    """Every CALL of ours that breaks these keywords is answered by a CALLERROR; its code is a remark.

    A refusal counts only if the same action, sent right on the same connection, is answered by a CALLRESULT: who
    refuses everything has found nothing.

    Args:
        requirement: Id in the registry.
        trace: The trace.
        *rules: Keywords of the schema.

    Raises:
        Inconclusive: There was no such CALL, or none of its kind that is right and was answered.
    """
    found = broken_calls(trace, *rules)
    if not found:
        raise Inconclusive(f"no CALL was sent that breaks {' or '.join(rules)}: {last_words(trace)}")
    wrong = {one.request.index for one, _ in broken_calls(trace)}
    for one, problem in found:
        twins = [
            other
            for other in calls(trace, one.action, sender=trace.tester, link=one.link)
            if other.request.index not in wrong and other.answer is not None
        ]
        if one.error is not None and not twins:
            raise Inconclusive(f"no {one.action} that is right was answered by a result, so its refusal says nothing")
        where = problem.path or "payload"
        good = one.error is not None and one.error.code not in NOT_THE_PAYLOAD
        expected = f"CALLERROR for {one.action} with {where}: {problem.sentence}"
        yield holds(requirement, good, expected=expected, seen=describe(one), at=one.at)
        if good and one.error is not None:
            codes = {str(code) for code in acceptable_codes(problem)}
            yield holds(
                requirement,
                one.error.code in codes,
                expected=f"code {' or '.join(sorted(codes))}",
                seen=one.error.code,
                at=one.at,
                severity=Severity.SHOULD,
            )


def oddities_refused(
    requirement: str, trace: Trace, *codes: ErrorCode | str, least: int = 1, seconds: float = 0.0
) -> Observation:
    """Each thing of ours that is no message gets a CALLERROR (with one of these codes, if given), or nothing.

    Args:
        requirement: Id in the registry.
        trace: The trace.
        *codes: Acceptable codes.
        least: How many of them there must be.
        seconds: For how long silence must have been watched.

    Raises:
        Inconclusive: Fewer were sent, or nobody watched.
    """
    found = disturbances(trace)
    if len(found) < least:
        raise Inconclusive(f"{len(found)} of {least} were sent: {last_words(trace)}")
    ours = {one.reply.index for one in found if one.reply is not None}
    answers = [one for one in strays(trace) if one.index not in ours]
    if answers:
        expected = "its own id, or -1, in the error for what is no message"
        frame = answers[0]
        return holds(requirement, False, expected=expected, seen=f"a reply with another id: {frame.raw[:60]!r}",
                     at=(frame.index,))  # fmt: skip
    return every(
        requirement,
        (error_or_silence(requirement, trace, one, *codes, seconds=seconds) for one in found),
        what="messages that are none",
    )


def all_survived(requirement: str, trace: Trace, *, least: int = 1) -> Observation:
    """After each thing of ours that is no message the same connection serves.

    Raises:
        Inconclusive: Fewer than ``least`` were sent.
    """
    found = disturbances(trace)
    if not found:
        raise Inconclusive(f"none of them was sent: {last_words(trace)}")
    decisive = every(
        requirement, (connection_stays(requirement, trace, one.frame) for one in found), what="disturbances survived"
    )
    if decisive.verdict is Verdict.PASS and len(found) < least:
        raise Inconclusive(f"{len(found)} of {least} were sent: {last_words(trace)}")
    return decisive


@dataclass(frozen=True, slots=True)
class Wait:
    """From the end of one connection, or attempt, to the next attempt.

    Attributes:
        seconds: How long.
        failures: Attempts in a row that came to nothing before it; 0 after a connection that worked.
        before: The last record of the former connection.
        attempt: The next attempt.
    """

    seconds: float
    failures: int
    before: Event
    attempt: Event

    @property
    def at(self) -> tuple[int, ...]:
        """Indexes of both records."""
        return (self.before.index, self.attempt.index)


def waits(trace: Trace) -> list[Wait]:
    """The waits of a station between its connection attempts, in order."""
    attempts = [one for one in trace.events(EventKind.CONNECTED) if one.source == trace.dut]
    good = {one.link for one in handshakes(trace) if one.status == 101}
    found, failures = [], 0
    for former, attempt in itertools.pairwise(attempts):
        failures = 0 if former.link in good else failures + 1
        ends = (EventKind.WS_RESPONSE, EventKind.WS_CLOSE, EventKind.CLOSED, EventKind.TLS_FAILED)
        last = [
            one
            for one in trace.records
            if isinstance(one, Event) and one.link == former.link and one.kind in ends and one.index < attempt.index
        ]
        # A refusal ends with our answer; a connection with its first close.
        closing = [one for one in last if one.kind != EventKind.WS_RESPONSE]
        end = last[-1] if former.link not in good and last else closing[0] if closing else former
        found.append(Wait(attempt.t - end.t, failures, end, attempt))
    return found


def watched_after(trace: Trace, record: Event) -> float:
    """Seconds for which the bench listened after a record."""
    return watched_until(trace) - record.t
