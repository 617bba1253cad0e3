"""Words for judges: each takes facts of the trace and gives one observation.

A word says what is expected in the language of the clause, shows what was seen, and points at the frames. Requirement
provenance is added by the engine, so a judge needs no registry.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from v2gready.model.measurement import DecisionRule, Limit, Measurement, decide
from v2gready.model.observation import Inconclusive, Observation, Severity
from v2gready.model.trace import EventKind, Exchange, Record, Trace
from v2gready.model.verdict import Verdict
from v2gready.protocols.iso15118.messages import ResponseCode, V2GRequest
from v2gready.protocols.iso15118.timers import secc_performance

FAILED_CODES: tuple[ResponseCode, ...] = tuple(code for code in ResponseCode if code.name.startswith("FAILED"))
"""Every FAILED* code."""
OK_CODES: tuple[ResponseCode, ...] = tuple(code for code in ResponseCode if code.name.startswith("OK"))
"""Every OK* code."""


def holds(
    requirement: str,
    condition: bool,  # noqa: FBT001 - the fact itself
    *,
    expected: str,
    seen: object,
    at: Iterable[int] = (),
    severity: Severity = Severity.MUST,
) -> Observation:
    """A fact of the trace is as the requirement has it."""
    return Observation(
        requirement=requirement,
        severity=severity,
        expected=expected,
        seen=str(seen),
        verdict=Verdict.PASS if condition else Verdict.FAIL,
        reason="" if condition else f"expected {expected}; seen: {seen}",
        at=tuple(at),
    )


def answered(requirement: str, exchange: Exchange[Any], *codes: Any, severity: Severity = Severity.MUST) -> Observation:
    """The request is answered by its matching response with one of these response codes.

    Args:
        requirement: Id in the registry.
        exchange: The request and what came back.
        *codes: Acceptable codes; none means any code that is not FAILED*.
        severity: Weight of the check.
    """
    wanted = _response_name(exchange)
    names = " or ".join(code.name for code in codes) if codes else "a code that is not FAILED*"
    if codes == FAILED_CODES:
        names = "a FAILED* code"
    good = _is_answer(exchange, wanted) and (
        exchange.answer.ResponseCode in codes if codes else exchange.answer.ResponseCode < ResponseCode.FAILED
    )
    return holds(
        requirement, good, expected=f"{wanted} with {names}", seen=describe(exchange), at=exchange.at, severity=severity
    )


def all_answered(requirement: str, trace: Trace) -> Observation:
    """Every request of ours is answered by its own response, and none with FAILED*: a session in good order.

    Raises:
        Inconclusive: We sent no request at all.
    """
    exchanges = list(trace.exchanges(V2GRequest))
    if not exchanges:
        raise Inconclusive(f"no request was sent: {trace.last_words()}")
    decisive = worst(answered(requirement, one) for one in exchanges)
    if decisive.verdict is not Verdict.PASS:
        return decisive
    return holds(
        requirement,
        True,
        expected="every request answered by its response, none with FAILED*",
        seen=f"{len(exchanges)} requests answered",
        at=(exchanges[0].request.index, exchanges[-1].request.index),
    )


def worst(observations: Iterable[Observation]) -> Observation:
    """Of many checks of one rule the one that decides: the first of the worst verdict, the last if all passed.

    Raises:
        Inconclusive: There was nothing to check.
    """
    found = list(observations)
    if not found:
        raise Inconclusive("there was nothing to check")
    verdict = max(one.verdict for one in found)
    return found[-1] if verdict is Verdict.PASS else next(one for one in found if one.verdict is verdict)


def refused(requirement: str, exchange: Exchange[Any], *codes: Any) -> Observation:
    """The request is refused by its matching response with one of these codes (any FAILED* if none is given)."""
    return answered(requirement, exchange, *(codes or FAILED_CODES))


def refused_or_closed(requirement: str, trace: Trace, exchange: Exchange[Any]) -> Observation:
    """No OK: a FAILED* response or the end of the connection. For octets to which the reaction is not fixed."""
    code = getattr(exchange.answer, "ResponseCode", None)
    gone = trace.closed(exchange.request.link, since=exchange.request.index)
    refusing = code is not None and code.name.upper().startswith("FAILED")
    good = refusing if exchange.response is not None else gone is not None
    seen = describe(exchange) if exchange.response is not None or gone is None else "connection closed"
    at = exchange.at + ((gone.index,) if gone is not None else ())
    return holds(requirement, good, expected="a FAILED* response or the end of the connection", seen=seen, at=at)


def ignored(requirement: str, trace: Trace, exchange: Exchange[Any]) -> Observation:
    """Nothing comes back.

    Raises:
        Inconclusive: The link was not watched after the frame.
    """
    if exchange.response is None and trace.silence_after(exchange.request) <= 0:
        raise Inconclusive("the link was not watched after the frame that should be ignored")
    return holds(requirement, exchange.response is None, expected="no answer", seen=describe(exchange), at=exchange.at)


def closes(requirement: str, trace: Trace, after: Record, *, within: float) -> Observation:
    """The device closes the connection within a time after a record.

    Args:
        requirement: Id in the registry.
        trace: The trace.
        after: From here on.
        within: Seconds allowed.

    Raises:
        Inconclusive: The link was watched for a shorter time than allowed.
    """
    gone = trace.closed(after.link, since=after.index)
    expected = f"connection closed by the {trace.dut} within {within:g} s"
    if gone is None:
        watched = trace.silence_after(after)
        if watched < within:
            raise Inconclusive(f"the connection was watched for {watched:.2f} s only, {within:g} s are allowed")
        return holds(requirement, False, expected=expected, seen=f"still open after {watched:.2f} s", at=(after.index,))
    return measured(
        requirement,
        Measurement(gone.t - after.t, "s", trace.timing_uncertainty),
        Limit("s", high=within),
        what="time to close",
        at=(after.index, gone.index),
    )


def gives_up(requirement: str, trace: Trace, after: Record, *, within: float) -> Observation:
    """The device has ended the session by a time after a record: the connection is closed, or a request is not served.

    When the connection has to be closed behind a session that is over, no clause known to us says.

    Raises:
        Inconclusive: The connection was left open, and no request was sent after that time.
    """
    gone = trace.closed(after.link, since=after.index)
    if gone is not None and gone.t <= after.t + within:
        return closes(requirement, trace, after, within=within)
    probe = next(
        (
            one
            for one in trace.exchanges(V2GRequest)
            if one.request.link == after.link and one.request.t > after.t + within
        ),
        None,
    )
    if probe is None:
        return closes(requirement, trace, after, within=within)
    code = getattr(probe.answer, "ResponseCode", None)
    return holds(
        requirement,
        code is None or code >= ResponseCode.FAILED,
        expected=f"session over after {within:g} s",
        seen=f"{describe(probe)} to {type(probe.sent).__name__} after {probe.request.t - after.t:.1f} s",
        at=(after.index, *probe.at),
    )


def stays_open(requirement: str, trace: Trace, after: Record, *, until: float) -> Observation:
    """The device keeps the connection for a time after a record: it may not give up early."""
    gone = trace.closed(after.link, since=after.index)
    watched = trace.silence_after(after)
    if gone is None and watched < until:
        raise Inconclusive(f"the connection was watched for {watched:.2f} s only")
    seen = "still open" if gone is None else f"closed after {gone.t - after.t:.2f} s"
    good = gone is None or gone.t - after.t >= until
    return holds(requirement, good, expected=f"connection open for at least {until:g} s", seen=seen, at=(after.index,))


def in_time(requirement: str, trace: Trace, exchange: Exchange[Any], limit: float | None = None) -> Observation:
    """The response comes within V2G_SECC_Msg_Performance_Time (or another limit), uncertainty considered."""
    allowed = secc_performance(type(exchange.sent)) if limit is None else limit
    if exchange.elapsed is None:
        return holds(
            requirement,
            False,
            expected=f"{_response_name(exchange)} within {allowed:g} s",
            seen=describe(exchange),
            at=exchange.at,
        )
    return measured(
        requirement,
        Measurement(exchange.elapsed, "s", trace.timing_uncertainty),
        Limit("s", high=allowed),
        what=f"response time of {_response_name(exchange)}",
        at=exchange.at,
    )


def measured(
    requirement: str,
    value: Measurement,
    limit: Limit,
    *,
    what: str,
    at: Iterable[int] = (),
    rule: DecisionRule = DecisionRule.NON_BINARY,
    severity: Severity = Severity.MUST,
) -> Observation:
    """A measured value against a limit under a decision rule."""
    verdict = decide(value, limit, rule)
    reason = "" if verdict is Verdict.PASS else f"{what} is {value}, allowed {limit}"
    if verdict is Verdict.INCONC:
        reason += ": within the uncertainty of the limit"
    return Observation(
        requirement=requirement,
        severity=severity,
        expected=f"{what} {limit}",
        seen=str(value),
        verdict=verdict,
        reason=reason,
        at=tuple(at),
        measurement=value,
        limit=limit,
        rule=rule,
        provenance=limit.provenance,
    )


def tls_refused(requirement: str, trace: Trace, *, link: str, why: str) -> Observation:
    """The device ends the handshake, or the connection before any answer."""
    spoken = list(trace.frames(sender=trace.dut, link=link))
    alerts = list(trace.events(EventKind.TLS_FAILED, source=trace.dut, link=link))
    gone = trace.closed(link)
    good = not spoken and bool(alerts or gone)
    if spoken:
        seen = f"{type(spoken[0].message).__name__} was sent over the connection"
    elif alerts:
        seen = f"handshake refused: {alerts[0].detail.get('reason', '')}"
    else:
        seen = "connection closed" if gone else "connection left open"
    at = [record.index for record in (*spoken[:1], *alerts[:1])]
    return holds(requirement, good, expected=f"connection refused: {why}", seen=seen, at=at)


def describe(exchange: Exchange[Any]) -> str:
    """What came back, in words."""
    if exchange.response is None:
        return "no answer"
    if exchange.response.problem:
        return f"a frame that does not decode: {exchange.response.problem}"
    name = type(exchange.answer).__name__
    code = getattr(exchange.answer, "ResponseCode", None)
    return name if code is None else f"{name} with {code.name}"


def _response_name(exchange: Exchange[Any]) -> str:
    return type(exchange.sent).__name__.removesuffix("Req") + "Res"


def _is_answer(exchange: Exchange[Any], wanted: str) -> bool:
    return exchange.response is not None and type(exchange.answer).__name__ == wanted
