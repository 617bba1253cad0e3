"""What a car did, as facts of the trace: its requests, and the responses it got.

In these traces the tester is the charger, so `Trace.exchange` (a request of the tester) is of no use. A request of the
car is an `Asked`, a response of ours a `Told`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, overload

from v2gready.model.observation import Inconclusive
from v2gready.model.trace import EventKind, Frame, Record, Trace
from v2gready.protocols.dissect import V2GTP
from v2gready.protocols.iso15118 import messages as m

M = TypeVar("M")


@dataclass(frozen=True, slots=True)
class Asked(Generic[M]):
    """A request of the car.

    Attributes:
        frame: The request.
        answered: Our frame behind it, None if none went out before the car's next one.
        before: Our frame before it on that connection, None for the first request.
    """

    frame: Frame
    answered: Frame | None
    before: Frame | None

    @property
    def request(self) -> M:
        """The decoded request."""
        return self.frame.message  # type: ignore[no-any-return] # the query fixed its type

    @property
    def answer(self) -> Any:
        """Our decoded response, None if there was none or it does not decode."""
        return None if self.answered is None else self.answered.message

    @property
    def gap(self) -> float | None:
        """Seconds from our response before it to this request; None for the first on a connection."""
        return None if self.before is None else self.frame.t - self.before.t

    @property
    def link(self) -> str:
        """Its connection."""
        return self.frame.link

    @property
    def at(self) -> tuple[int, ...]:
        """Indexes of the request and what stands around it."""
        around = (self.before, self.frame, self.answered)
        return tuple(one.index for one in around if one is not None)


@dataclass(frozen=True, slots=True)
class Told(Generic[M]):
    """A response of ours: the stimulus of most cases.

    Attributes:
        frame: The response.
        next: The car's next request on that connection, None if none came.
        asked: The request that it answers, None if it answers none.
    """

    frame: Frame
    next: Asked[Any] | None
    asked: Frame | None

    @property
    def message(self) -> M:
        """The decoded response."""
        return self.frame.message  # type: ignore[no-any-return] # the query fixed its type

    @property
    def link(self) -> str:
        """Its connection."""
        return self.frame.link

    @property
    def at(self) -> tuple[int, ...]:
        """Indexes of the response and of the request behind it."""
        return (self.frame.index,) if self.next is None else (self.frame.index, self.next.frame.index)


def _frames(trace: Trace, link: str | None = None) -> list[Frame]:
    return [frame for frame in trace.frames(link=link) if frame.protocol == V2GTP]


@overload
def requests(
    trace: Trace, kind: type[M], *, where: Callable[[M], bool] | None = None, link: str | None = None
) -> Iterator[Asked[M]]: ...
@overload
def requests(trace: Trace, kind: None = None, *, link: str | None = None) -> Iterator[Asked[Any]]: ...
def requests(
    trace: Trace,
    kind: type[M] | None = None,
    *,
    where: Callable[[M], bool] | None = None,
    link: str | None = None,
) -> Iterator[Asked[M]]:
    """Requests of the car in order: those of a type, or every frame it sent, decodable or not, for None."""
    before: dict[str, Frame] = {}
    for frame in _frames(trace, link):
        if frame.sender == trace.tester:
            before[frame.link] = frame
        elif kind is None or (isinstance(frame.message, kind) and (where is None or where(frame.message))):
            yield Asked(frame, _answer(trace, frame), before.get(frame.link))


def _answer(trace: Trace, request: Frame) -> Frame | None:
    for index in range(request.index + 1, len(trace.records)):
        record = trace.records[index]
        if isinstance(record, Frame) and record.link == request.link:
            return record if record.sender == trace.tester else None
    return None


def asked(trace: Trace, kind: type[M], nth: int = 0, *, where: Callable[[M], bool] | None = None) -> Asked[M]:
    """The ``nth`` request of that type (-1: the last).

    Raises:
        Inconclusive: The car never sent it.
    """
    found = list(requests(trace, kind, where=where))
    try:
        return found[nth]
    except IndexError:
        raise Inconclusive(f"the {trace.dut} did not come to {kind.__name__}: {trace.last_words()}") from None


def told(trace: Trace, kind: type[M], nth: int = 0, *, where: Callable[[M], bool] | None = None) -> Told[M]:
    """The ``nth`` of our responses of that type (-1: the last), with what the car did next.

    Raises:
        Inconclusive: We never sent it: the session did not come that far.
    """
    found = [
        frame
        for frame in _frames(trace)
        if frame.sender == trace.tester and isinstance(frame.message, kind) and (where is None or where(frame.message))
    ]
    try:
        frame = found[nth]
    except IndexError:
        raise Inconclusive(f"the {trace.dut} did not come to {kind.__name__}: {trace.last_words()}") from None
    return told_by(trace, frame)


def told_by(trace: Trace, frame: Frame) -> Told[Any]:
    """What the car did behind a frame of ours, decodable or not."""
    following: Asked[Any] | None = next(iter(later(trace, frame)), None)
    earlier = [one for one in _frames(trace, frame.link) if one.index < frame.index and one.sender == trace.dut]
    return Told(frame, following, earlier[-1] if earlier else None)


def garbled(trace: Trace, nth: int = 0) -> Told[Any]:
    """The ``nth`` frame of ours that does not decode, with what the car did next.

    Raises:
        Inconclusive: We sent none.
    """
    found = [one.request for one in trace.undecodable(sender=trace.tester) if one.request.protocol == V2GTP]
    try:
        return told_by(trace, found[nth])
    except IndexError:
        raise Inconclusive(f"no frame of that kind was sent: {trace.last_words()}") from None


def unanswered(trace: Trace, kind: type[M], nth: int = 0) -> Asked[M]:
    """The ``nth`` request of that type that we left without an answer.

    Raises:
        Inconclusive: There is none.
    """
    found = [one for one in requests(trace, kind) if one.answered is None]
    try:
        return found[nth]
    except IndexError:
        raise Inconclusive(f"no {kind.__name__} was left unanswered: {trace.last_words()}") from None


def overdue(trace: Trace, kind: type[M], seconds: float, nth: int = 0) -> Asked[M]:
    """The ``nth`` request of that type whose answer did not come within a time, or not at all.

    Raises:
        Inconclusive: There is none.
    """
    found = [one for one in requests(trace, kind) if one.answered is None or one.answered.t - one.frame.t >= seconds]
    if len(found) <= nth:
        raise Inconclusive(f"no {kind.__name__} was answered late: {trace.last_words()}")
    return found[nth]


def watched(trace: Trace, after: Record) -> float:
    """Seconds for which its connection was watched behind a record, by us or until it was gone."""
    ends = [
        event.t
        for kind in (EventKind.OBSERVED_UNTIL, EventKind.CLOSED)
        for event in trace.events(kind, link=after.link)
        if event.index > after.index
    ]
    return max(ends, default=after.t) - after.t


def closing(trace: Trace, link: str, *, since: int = 0) -> Any:
    """The car closing a connection before we did, or None."""
    for event in trace.events(EventKind.CLOSED, link=link):
        if event.index >= since:
            return event if event.source == trace.dut else None
    return None


def later(trace: Trace, after: Record) -> list[Asked[Any]]:
    """Frames of the car on the connection of a record, behind it."""
    return [one for one in requests(trace, link=after.link) if one.frame.index > after.index]


def terminates(message: Any) -> bool:
    """A SessionStopReq with Terminate: what stays allowed from any established state."""
    return isinstance(message, m.SessionStopReq) and message.ChargingSession is m.ChargingSession.Terminate


def named(request: Asked[Any] | None) -> str:
    """A request in words."""
    if request is None:
        return "nothing"
    return "an undecodable frame" if request.request is None else type(request.request).__name__
