"""Words for judges of cases with more than one connection: how each ended, and whether the next one is served."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from v2gready.authoring.expectations import answered, describe, holds
from v2gready.model.observation import Inconclusive, Observation
from v2gready.model.trace import Event, EventKind, Exchange, Frame, Record, Trace
from v2gready.protocols.iso15118 import messages as m


def connection(trace: Trace, nth: int = 0) -> Event:
    """The ``nth`` TCP connection that the car opened, as the event that tells so.

    Raises:
        Inconclusive: It did not come about.
    """
    opened = list(trace.events(EventKind.CONNECTED))
    try:
        return opened[nth]
    except IndexError:
        raise Inconclusive(f"there were {len(opened)} connections only: {trace.last_words()}") from None


def at_least(count: int, found: Iterable[Exchange[Any]], trace: Trace) -> Iterator[Exchange[Any]]:
    """All that were found, and an end without verdict if the stimulus did not come to all of its steps.

    Raises:
        Inconclusive: Fewer than ``count`` were found.
    """
    seen = 0
    for seen, exchange in enumerate(found, start=1):  # noqa: B007 - the count is needed behind the loop
        yield exchange
    if seen < count:
        raise Inconclusive(f"{seen} of {count} steps were reached: {trace.last_words()}")


def garbage(trace: Trace) -> Iterator[Exchange[Any]]:
    """What we sent on a V2G connection that is no message, with what came back."""
    for exchange in trace.undecodable(sender=trace.tester):
        if exchange.request.protocol == "v2gtp":
            yield exchange


def foreign_requests(trace: Trace) -> Iterator[Exchange[m.V2GRequest]]:
    """Requests of ours whose SessionID is not the one that SessionSetupRes gave on their connection."""
    given: dict[str, bytes] = {}
    for frame in trace.frames():
        message = frame.message
        if isinstance(message, m.SessionSetupRes):
            given[frame.link] = message.Header.SessionID
        elif isinstance(message, m.V2GRequest) and message.Header.SessionID != given.get(
            frame.link, message.Header.SessionID
        ):
            yield Exchange(frame, trace.answer_to(frame))


def out_of_order(trace: Trace, after: type, kinds: tuple[type, ...]) -> Iterator[Exchange[Any]]:
    """The last request of each connection: one of each kind, in that order, sent behind an answered one of ``after``.

    Raises:
        Inconclusive: A connection did not come to its request.
    """
    requests: dict[str, list[Frame]] = {}
    for frame in trace.frames(sender=trace.tester):
        if frame.protocol == "v2gtp":
            requests.setdefault(frame.link, []).append(frame)
    for kind, sent in zip(kinds, requests.values(), strict=False):
        before, last = sent[-2:] if len(sent) > 1 else (sent[0], sent[0])
        if before is last or not isinstance(before.message, after) or not isinstance(last.message, kind):
            raise Inconclusive(f"the session did not get behind {after.__name__}: {trace.last_words()}")
        yield Exchange(last, trace.answer_to(last))
    if len(requests) < len(kinds):
        raise Inconclusive(f"{len(requests)} of {len(kinds)} connections came about: {trace.last_words()}")


def never_ok(requirement: str, trace: Trace, exchange: Exchange[Any]) -> Observation:
    """No OK comes back: a FAILED* response, the end of the connection, or silence. Where the reaction is not fixed.

    Raises:
        Inconclusive: Nothing came back, and the link was not watched.
    """
    code = getattr(exchange.answer, "ResponseCode", None)
    gone = trace.closed(exchange.request.link)  # behind the frame, or before it came
    if exchange.response is None and gone is None and trace.silence_after(exchange.request) <= 0:
        raise Inconclusive("the link was not watched after the frame that should not be answered")
    failed = code is not None and code.name.upper().startswith("FAILED")
    return holds(
        requirement,
        exchange.response is None or failed,
        expected="no OK: a FAILED* response, the end of the connection or silence",
        seen=describe(exchange) if exchange.response is not None or gone is None else "connection closed",
        at=exchange.at,
    )


def serves(requirement: str, trace: Trace, *, after: Record | None = None) -> Observation:
    """A car that comes behind a record, on a connection of its own, gets a session: the station has survived.

    Args:
        requirement: Id in the registry.
        trace: The trace.
        after: The last record of the disturbance; None for any car.

    Raises:
        Inconclusive: No car came.
    """
    for exchange in trace.exchanges(m.SessionSetupReq):
        if after is None or (exchange.request.index > after.index and exchange.request.link != after.link):
            return answered(requirement, exchange, m.ResponseCode.OK_NewSessionEstablished)
    tried = [
        frame for frame in trace.frames(sender=trace.tester, link="sdp") if after is None or frame.index > after.index
    ]
    if not tried:
        raise Inconclusive("no car came after the disturbance")
    return holds(
        requirement,
        False,
        expected="a session for the next car",
        seen=f"none: {trace.last_words()}",
        at=(tried[0].index,),
    )
