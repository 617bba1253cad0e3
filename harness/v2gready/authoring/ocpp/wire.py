"""What a judge asks a trace of OCPP: calls with their replies, messages without reply, handshakes, editions.

A reply belongs to a call by its id, on the same connection, from the other side. Calls of both directions may be open
at the same time, so "the next frame" says nothing here.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from v2gready.model.observation import Inconclusive
from v2gready.model.trace import Event, EventKind, Frame, Record, Trace
from v2gready.protocols.ocpp.editions import Edition
from v2gready.protocols.ocpp.frames import Call, CallError, CallResult, CallResultError, Malformed, Send, parse

OCPP: Final = "ocpp"
UNREADABLE: Final = "-1"
"""Id of an error that answers a message without readable id (OCPP-J 4.2.3)."""

Payload = Mapping[str, Any]
Where = Callable[[Payload], bool]


@dataclass(frozen=True, slots=True)
class RpcExchange:
    """A CALL of either side and what came back for its id.

    Attributes:
        request: The frame with the CALL.
        reply: The first CALLRESULT or CALLERROR of the other side with its id, or None.
        more: Further replies with that id: there should be none.
        objection: The CALLRESULTERROR with which the caller refused the result (2.1), or None.
    """

    request: Frame
    reply: Frame | None = None
    more: tuple[Frame, ...] = ()
    objection: Frame | None = None

    @property
    def call(self) -> Call:
        """The request as a message."""
        return self.request.message  # type: ignore[no-any-return] # exchanges are made of calls alone

    @property
    def action(self) -> str:
        """Name of the action."""
        return self.call.action

    @property
    def payload(self) -> Payload:
        """Payload of the request."""
        return self.call.payload

    @property
    def answer(self) -> Payload | None:
        """Payload of the CALLRESULT; None if there is no reply, or an error."""
        message = None if self.reply is None else self.reply.message
        return message.payload if isinstance(message, CallResult) else None

    @property
    def error(self) -> CallError | None:
        """The CALLERROR, if that is what came back."""
        message = None if self.reply is None else self.reply.message
        return message if isinstance(message, CallError) else None

    @property
    def status(self) -> str | None:
        """Field ``status`` of the answer; what is no text there is given as Python writes it."""
        value = None if self.answer is None else self.answer.get("status")
        return value if value is None or isinstance(value, str) else repr(value)

    @property
    def reason(self) -> str | None:
        """``statusInfo.reasonCode`` of the answer."""
        info = None if self.answer is None else self.answer.get("statusInfo")
        value = info.get("reasonCode") if isinstance(info, Mapping) else None
        return value if value is None or isinstance(value, str) else repr(value)

    @property
    def elapsed(self) -> float | None:
        """Seconds from request to reply."""
        return None if self.reply is None else self.reply.t - self.request.t

    @property
    def link(self) -> str:
        """The connection."""
        return self.request.link

    @property
    def t(self) -> float:
        """When the request passed."""
        return self.request.t

    @property
    def at(self) -> tuple[int, ...]:
        """Indexes of request and reply."""
        return (self.request.index,) if self.reply is None else (self.request.index, self.reply.index)


def exchanges(trace: Trace) -> list[RpcExchange]:
    """Every CALL of the trace, in the order in which they were sent."""
    found: list[RpcExchange] = []
    places: dict[tuple[str, str, str], deque[int]] = {}
    for frame in trace.frames():
        message = frame.message
        if isinstance(message, Call):
            places.setdefault((frame.link, frame.sender, message.id), deque()).append(len(found))
            found.append(RpcExchange(frame))
        elif isinstance(message, CallResult | CallError):
            caller = trace.tester if frame.sender == trace.dut else trace.dut
            asked = places.get((frame.link, caller, message.id), ())
            waiting = next((place for place in asked if found[place].reply is None), None)
            if waiting is not None:
                found[waiting] = replace(found[waiting], reply=frame)
            elif asked:
                found[asked[-1]] = replace(found[asked[-1]], more=(*found[asked[-1]].more, frame))
        elif isinstance(message, CallResultError):
            asked = places.get((frame.link, frame.sender, message.id), ())
            if asked:
                found[asked[-1]] = replace(found[asked[-1]], objection=frame)
    return found


def calls(
    trace: Trace,
    action: str | None = None,
    *,
    sender: str | None = None,
    where: Where | None = None,
    link: str | None = None,
    after: Record | None = None,
    before: Record | None = None,
) -> list[RpcExchange]:
    """CALLs with their replies.

    Args:
        trace: The trace.
        action: Of this action alone.
        sender: Of this role alone: ``trace.dut`` or ``trace.tester``.
        where: Whose payload is so.
        link: On this connection alone.
        after: Sent after this record.
        before: Sent before this record.
    """
    return [
        one
        for one in exchanges(trace)
        if (action is None or one.action == action)
        and (sender is None or one.request.sender == sender)
        and (link is None or one.link == link)
        and (after is None or one.request.index > after.index)
        and (before is None or one.request.index < before.index)
        and (where is None or where(one.payload))
    ]


def sent(trace: Trace, action: str, *, where: Where | None = None, nth: int = 0) -> RpcExchange:
    """The ``nth`` CALL of ours of that action (-1: the last), with its reply.

    Raises:
        Inconclusive: We never sent it: the stimulus did not come that far.
    """
    return _nth(trace, calls(trace, action, sender=trace.tester, where=where), nth, f"{trace.tester} sent no {action}")


def got(
    trace: Trace, action: str, *, where: Where | None = None, nth: int = 0, after: Record | None = None
) -> RpcExchange:
    """The ``nth`` CALL of the device of that action (-1: the last). For what a judge needs, not for what it judges.

    Raises:
        Inconclusive: The device never sent it.
    """
    found = calls(trace, action, sender=trace.dut, where=where, after=after)
    return _nth(trace, found, nth, f"the {trace.dut} sent no such {action}")


def last_before(trace: Trace, record: Record, action: str, *, where: Where | None = None) -> RpcExchange | None:
    """The last CALL of the device of that action before a record."""
    return next(iter(calls(trace, action, sender=trace.dut, where=where, before=record)[::-1]), None)


def sends(trace: Trace, action: str | None = None, *, sender: str | None = None) -> list[Frame]:
    """SEND messages (2.1)."""
    return [
        frame
        for frame in trace.frames(sender=sender)
        if isinstance(frame.message, Send) and (action is None or frame.message.action == action)
    ]


def strays(trace: Trace) -> list[Frame]:
    """Replies of the device that belong to no CALL of ours on their connection, errors with id -1 left out."""
    asked = {(one.link, one.call.id) for one in calls(trace, sender=trace.tester)}
    return [
        frame
        for frame in trace.frames(sender=trace.dut)
        if isinstance(frame.message, CallResult | CallError)
        and frame.message.id != UNREADABLE
        and (frame.link, frame.message.id) not in asked
    ]


@dataclass(frozen=True, slots=True)
class Disturbance:
    """Something of ours that is no message, and the first thing the device sent for it.

    Attributes:
        frame: What we sent.
        problem: Why it is no message, with the id that a peer can read in it.
        reply: The first reply with that id or with -1, or None.
    """

    frame: Frame
    problem: Malformed
    reply: Frame | None

    @property
    def error(self) -> CallError | None:
        """The CALLERROR, if one came back."""
        message = None if self.reply is None else self.reply.message
        return message if isinstance(message, CallError) else None

    @property
    def at(self) -> tuple[int, ...]:
        """Indexes of both frames."""
        return (self.frame.index,) if self.reply is None else (self.frame.index, self.reply.index)


def disturbances(trace: Trace) -> list[Disturbance]:
    """What we sent that is no message of OCPP-J, with what came back, in order."""
    taken: set[int] = set()
    found = []
    for frame in trace.frames(sender=trace.tester):
        if frame.protocol != OCPP or not frame.problem:
            continue
        problem = parse(frame.raw)
        if not isinstance(problem, Malformed):
            continue
        ids = {problem.id, UNREADABLE}
        reply = next(
            (
                one
                for one in trace.frames(sender=trace.dut, link=frame.link)
                if one.index > frame.index
                and one.index not in taken
                and isinstance(one.message, CallResult | CallError)
                and one.message.id in ids
            ),
            None,
        )
        if reply is not None:
            taken.add(reply.index)
        found.append(Disturbance(frame, problem, reply))
    return found


@dataclass(frozen=True, slots=True)
class Handshake:
    """One attempt to open a WebSocket.

    Attributes:
        request: The event of the client's request.
        response: The event of the server's answer, None if there was none.
    """

    request: Event
    response: Event | None

    @property
    def link(self) -> str:
        """The connection."""
        return self.request.link

    @property
    def status(self) -> int | None:
        """HTTP status of the answer."""
        return None if self.response is None else int(self.response.detail["status"])

    @property
    def selected(self) -> str:
        """The subprotocol that the server selected, empty if none."""
        return "" if self.response is None else str(self.response.detail.get("selected", ""))

    @property
    def offered(self) -> tuple[str, ...]:
        """The subprotocols that the client offered, by preference."""
        return tuple(one for one in str(self.request.detail.get("offered", "")).split(",") if one)

    @property
    def at(self) -> tuple[int, ...]:
        """Indexes of both events."""
        return (self.request.index,) if self.response is None else (self.request.index, self.response.index)


def handshakes(trace: Trace) -> list[Handshake]:
    """Every attempt to open a WebSocket, in order."""
    answers = {one.link: one for one in trace.events(EventKind.WS_RESPONSE)}
    return [Handshake(one, answers.get(one.link)) for one in trace.events(EventKind.WS_REQUEST)]


def handshake(trace: Trace, nth: int = 0) -> Handshake:
    """The ``nth`` attempt to open a WebSocket (-1: the last).

    Raises:
        Inconclusive: There was none.
    """
    found = handshakes(trace)
    try:
        return found[nth]
    except IndexError:
        raise Inconclusive(f"there were {len(found)} WebSocket handshakes only: {last_words(trace)}") from None


def editions(trace: Trace) -> dict[str, Edition]:
    """The edition of OCPP that each connection agreed on; connections without one are left out."""
    known = {edition.value: edition for edition in Edition}
    return {one.link: known[one.selected] for one in handshakes(trace) if one.selected in known}


def edition_of(trace: Trace, record: Record) -> Edition:
    """The edition that the connection of a record agreed on.

    Raises:
        Inconclusive: It agreed on none that we know.
    """
    try:
        return editions(trace)[record.link]
    except KeyError:
        raise Inconclusive(f"connection {record.link} agreed on no edition of OCPP that this suite knows") from None


def watched_until(trace: Trace, link: str | None = None) -> float:
    """Until when we listened: silence before this instant is the device's.

    A connection is listened to for as long as it is open. What we did alone after its end says nothing.
    """
    listening = (EventKind.OBSERVED_UNTIL, EventKind.TIMEOUT)
    return max(
        (
            record.t
            for record in trace.records
            if (link is None or record.link == link)
            and (
                isinstance(record, Frame)
                or (isinstance(record, Event) and (record.kind in listening or record.source == trace.dut))
            )
        ),
        default=0.0,
    )


def need_watch(trace: Trace, frame: Record, seconds: float) -> None:
    """Ends the judging where a connection was not watched for so long after a record.

    Raises:
        Inconclusive: It was not.
    """
    watched = watched_until(trace, frame.link) - frame.t
    if watched <= 0 or watched < seconds:
        raise Inconclusive(f"connection {frame.link} was watched for {max(watched, 0):.2f} s only after the frame")


def ended(trace: Trace, link: str, *, after: Record | None = None) -> Event | None:
    """The device ending that connection: a WebSocket close of its own accord, or the end of the stream.

    A close with which the device answers ours is not its doing.
    """
    ours = next(
        itertools.chain(
            trace.events(EventKind.WS_CLOSE, source=trace.tester, link=link),
            trace.events(EventKind.CLOSED, source=trace.tester, link=link),
        ),
        None,
    )
    for record in trace.records[0 if after is None else after.index + 1 :]:
        if not isinstance(record, Event) or record.link != link or record.source != trace.dut:
            continue
        if record.kind in {EventKind.WS_CLOSE, EventKind.CLOSED}:
            return None if ours is not None and ours.index < record.index else record
    return None


def instant(text: str) -> float:
    """A date-time of OCPP (RFC 3339) as Unix time, for differences.

    Raises:
        Inconclusive: It is no date-time; that is for the schema to judge.
    """
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00").replace("z", "+00:00")).timestamp()
    except (TypeError, ValueError, AttributeError):
        raise Inconclusive(f"{text!r} is no date-time") from None


def last_words(trace: Trace) -> str:
    """Why it ended where it did, as far as the trace shows: for the reason of an inconclusive."""
    for record in reversed(trace.records):
        if isinstance(record, Frame) and record.sender == trace.dut:
            return f"the last frame of the {trace.dut} is {named(record)} (record {record.index})"
        if isinstance(record, Event) and record.kind in _FATAL:
            why = record.detail.get("reason") or record.detail.get("status") or "no reason given"
            return f"{record.kind}: {why} (record {record.index})"
    return f"the {trace.dut} sent nothing"


_FATAL: Final = frozenset({EventKind.CONNECT_FAILED, EventKind.TLS_FAILED, EventKind.BROKEN})


def named(frame: Frame) -> str:
    """A frame in a few words: ``CALL Heartbeat``, ``CALLERROR NotImplemented``."""
    message = frame.message
    match message:
        case Call():
            return f"CALL {message.action}"
        case Send():
            return f"SEND {message.action}"
        case CallResult():
            return "CALLRESULT"
        case CallError():
            return f"CALLERROR {message.code}"
        case CallResultError():
            return f"CALLRESULTERROR {message.code}"
    return f"a frame that is no message: {frame.problem}"


def transactions(trace: Trace) -> dict[str, list[RpcExchange]]:
    """TransactionEvents of a station by transactionId, in the order in which they were sent."""
    found: dict[str, list[RpcExchange]] = {}
    for one in calls(trace, "TransactionEvent"):
        info = one.payload.get("transactionInfo")
        key = info.get("transactionId") if isinstance(info, Mapping) else None
        if isinstance(key, str):
            found.setdefault(key, []).append(one)
    return found


def _nth(trace: Trace, found: list[RpcExchange], nth: int, sentence: str) -> RpcExchange:
    try:
        return found[nth]
    except IndexError:
        reason = sentence if not found else f"{sentence} more than {len(found)} times"
        raise Inconclusive(f"{reason}: {last_words(trace)}") from None


def fields(payload: Any) -> Iterator[tuple[str, Any]]:
    """Every leaf of a payload with its path, e.g. ``chargingSchedule[0].limit``."""
    yield from _leaves("", payload)


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(f"{path}.{key}" if path else str(key), inner)
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _leaves(f"{path}[{place}]", inner)
    else:
        yield path, value
