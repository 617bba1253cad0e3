"""Words for judges about connections: kept, ended, refused, and whether the device serves after a disturbance."""

from __future__ import annotations

from collections.abc import Collection

from v2gready.authoring.expectations import holds
from v2gready.authoring.ocpp.wire import Handshake, calls, ended, need_watch, watched_until
from v2gready.model.observation import Inconclusive, Observation, Severity
from v2gready.model.trace import EventKind, Record, Trace


def connection_stays(requirement: str, trace: Trace, after: Record, *, seconds: float = 0.0) -> Observation:
    """The device keeps the connection after a record: it answers a later CALL on it, or leaves it open while watched.

    Args:
        requirement: Id in the registry.
        trace: The trace.
        after: The record, e.g. a frame that should not upset it.
        seconds: Where no later CALL is answered: for how long the connection must have been watched.

    Raises:
        Inconclusive: No CALL was sent on it afterwards, and it was not watched.
    """
    expected = f"connection {after.link} stays open"
    gone = ended(trace, after.link, after=after)
    later = [one for one in calls(trace, sender=trace.tester, link=after.link, after=after) if one.reply is not None]
    if later and (gone is None or gone.index > later[-1].reply.index):  # type: ignore[union-attr] # filtered above
        seen = f"{later[0].action} answered on it afterwards"
        return holds(requirement, True, expected=expected, seen=seen, at=(after.index, *later[0].at))
    if gone is not None:
        seen = f"{gone.kind} by the {trace.dut} after {gone.t - after.t:.3f} s"
        return holds(requirement, False, expected=expected, seen=seen, at=(after.index, gone.index))
    asked = calls(trace, sender=trace.tester, link=after.link, after=after)
    if asked:
        seen = f"{asked[-1].action} not answered on it afterwards"
        return holds(requirement, False, expected=f"{expected} and serves", seen=seen, at=(after.index, *asked[-1].at))
    need_watch(trace, after, seconds)
    return holds(requirement, True, expected=expected, seen="still open", at=(after.index,))


def connection_ends(
    requirement: str, trace: Trace, after: Record, *, within: float, codes: Collection[int] = ()
) -> Observation:
    """The device ends the connection within a time after a record, with one of these close codes if any are given.

    Raises:
        Inconclusive: It did not, but we did not watch for so long.
    """
    gone = ended(trace, after.link, after=after)
    expected = f"connection ended by the {trace.dut} within {within:g} s"
    if codes:
        expected += f" with close code {' or '.join(map(str, sorted(codes)))}"
    if gone is None:
        if watched_until(trace, after.link) - after.t < within:
            raise Inconclusive(f"connection {after.link} was not watched for {within:g} s")
        return holds(requirement, False, expected=expected, seen="still open", at=(after.index,))
    good = gone.t - after.t <= within + trace.timing_uncertainty
    seen = f"{gone.kind} {gone.detail.get('code', '')} after {gone.t - after.t:.3f} s".replace("  ", " ")
    if codes:
        good = good and gone.kind == EventKind.WS_CLOSE and gone.detail.get("code") in codes
    return holds(requirement, good, expected=expected, seen=seen, at=(after.index, gone.index))


def survives(requirement: str, trace: Trace, after: Record) -> Observation:
    """The device serves after a disturbance: a later CALL of ours is answered, or a CALL of its own comes.

    On which connection that is, the same or a new one, does not matter.

    Raises:
        Inconclusive: No CALL was sent after it, and we did not listen.
    """
    expected = "the device goes on serving"
    ours = calls(trace, sender=trace.tester, after=after)
    for one in ours:
        if one.answer is not None:
            return holds(requirement, True, expected=expected, seen=f"{one.action} answered", at=(after.index, *one.at))
    theirs = calls(trace, sender=trace.dut, after=after)
    if theirs and not ours:
        seen = f"{theirs[0].action} came"
        return holds(requirement, True, expected=expected, seen=seen, at=(after.index, *theirs[0].at))
    if not ours and watched_until(trace) <= after.t:
        raise Inconclusive("nothing was asked of the device after the disturbance")
    at = (after.index, *(ours[-1].at if ours else ()))
    seen = f"{len(ours)} CALLs, none answered by a result" if ours else "nothing came"
    return holds(requirement, False, expected=expected, seen=seen, at=at)


def handshake_refused(
    requirement: str,
    trace: Trace,
    attempt: Handshake,
    *statuses: int,
    why: str,
    severity: Severity = Severity.MUST,
) -> Observation:
    """A server refuses the handshake: another status than 101 (one of these, if any are given), or it just ends it.

    Raises:
        Inconclusive: It neither answered nor ended the connection, and we did not wait.
    """
    status = attempt.status
    gone = ended(trace, attempt.link, after=attempt.request)
    if status is None and gone is None and watched_until(trace, attempt.link) <= attempt.request.t:
        raise Inconclusive("the answer to the handshake was not awaited")
    wanted = f"HTTP {' or '.join(map(str, statuses))}" if statuses else "no WebSocket"
    good = status in statuses if statuses else (status is None and gone is not None) or status not in {None, 101}
    seen = f"HTTP {status}" if status is not None else "connection ended" if gone is not None else "no answer"
    return holds(requirement, good, expected=f"{wanted}: {why}", seen=seen, at=attempt.at, severity=severity)


def subprotocol_is(requirement: str, attempt: Handshake, *selected: str) -> Observation:
    """A server finishes the handshake and selects one of these subprotocols; an empty one stands for none."""
    wanted = " or ".join(one or "none" for one in selected)
    return holds(
        requirement,
        attempt.status == 101 and attempt.selected in selected,
        expected=f"HTTP 101, subprotocol {wanted}, offered {', '.join(attempt.offered) or 'none'}",
        seen=f"HTTP {attempt.status}, subprotocol {attempt.selected or 'none'}",
        at=attempt.at,
    )
