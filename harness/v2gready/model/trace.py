"""The trace: every frame, event and sample of one case on one timeline, and the questions a judge may ask it.

A judge sees nothing else. What the stimulus believed or a hook returned is not in here unless it passed the wire.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, overload

from v2gready.model.observation import Inconclusive

Message = TypeVar("Message")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One entry of the timeline.

    Attributes:
        index: Position in the trace; observations refer to it.
        t: Seconds since the start of the case, monotonic.
        link: The connection or channel it belongs to, e.g. ``tcp-1``, ``sdp``; empty if none.
    """

    index: int
    t: float
    link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame(Record):
    """One protocol data unit.

    Attributes:
        protocol: Which dissector reads it: ``v2gtp``, ``sdp``.
        sender: Role that sent it; ``harness.role`` of our side is in `Trace.tester`.
        raw: The octets, header included.
        message: The decoded message, None if it does not decode.
        problem: Why it does not decode, empty if it does.
    """

    protocol: str
    sender: str
    raw: bytes
    message: Any = None
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(Record):
    """Something that happened and is not a frame.

    Attributes:
        kind: One of the names in `EventKind`.
        source: Role that caused it, or ``harness``.
        detail: Facts, by name.
    """

    kind: str
    source: str
    detail: Mapping[str, str | int | float | bool] = field(default_factory=dict)


class EventKind:
    """Names of the events that emulators and transports record."""

    CONNECTED = "connected"
    CONNECT_FAILED = "connect failed"
    CLOSED = "closed"
    """The source closed its side of the connection; detail ``how``: ``fin`` or ``reset``."""
    TLS_ESTABLISHED = "tls established"
    """Detail: ``version``, ``cipher``, ``peer_subject``, ``peer_issuer``."""
    TLS_FAILED = "tls failed"
    """Detail: ``reason``, ``alert`` (what the peer sent, if it did)."""
    TLS_HELLO = "tls hello"
    """What a TLS peer showed in its cleartext or handshake messages, by name."""
    TIMEOUT = "timeout"
    """A timer of ours ran out; detail ``timer``, ``seconds``."""
    ACTION = "action"
    """A hook of the DUT file was used; never evidence of the device's behaviour."""
    PHASE = "phase"
    """A step of the stimulus, for the reader of the report. Judges do not look at it."""
    SKIPPED = "skipped frame"
    """A frame with an unknown payload type came from the source."""
    BROKEN = "broken stream"
    """The source sent octets that are no frame of its protocol (V2GTP, WebSocket); detail ``reason``."""
    SETTINGS_READ = "settings read"
    """Registers of the source were read; detail: value by ``model.point``."""
    TRACE_FULL = "trace full"
    """The last record: the case has seen more than a trace may hold; nothing later is known."""
    WS_REQUEST = "websocket request"
    """The source asked for a WebSocket. Detail: ``path``, ``identity``, ``offered`` (subprotocols, joined by commas),
    ``authorization`` (``basic``, ``none`` or the scheme), ``user``, ``credentials`` (``right``, ``wrong`` or ``none``;
    never the password), ``compression`` (bool: permessage-deflate was offered)."""
    WS_RESPONSE = "websocket response"
    """The source answered such a request. Detail: ``status``, ``selected`` (subprotocol, empty if none), ``reason``."""
    WS_CLOSE = "websocket close"
    """The source sent a Close frame. Detail: ``code``, ``reason``."""
    PING = "ping"
    """A WebSocket Ping of the source."""
    PONG = "pong"
    """A WebSocket Pong of the source."""
    UNEQUIPPED = "unequipped"
    """The bench does not have what the stimulus needs; detail ``reason`` says what, and how to get it."""
    OBSERVED_UNTIL = "observed until"
    """We watched the link until now: silence before this instant is the device's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample(Record):
    """One measured quantity at one instant.

    Attributes:
        channel: Name of the quantity, e.g. ``dc.voltage``, ``dc.current``. Positive current charges the car.
        value: In ``unit``.
        unit: SI unit.
        uncertainty: Expanded uncertainty of the instrument (k = 2), in ``unit``.
    """

    channel: str
    value: float
    unit: str
    uncertainty: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded(Record):
    """A block of simultaneously sampled channels, from an instrument or from a file.

    Attributes:
        name: What it is of, e.g. ``grid``.
        content: The samples (`v2gready.grid.recording.Recording`); the model knows nothing of arrays.
    """

    name: str
    content: Any


@dataclass(frozen=True, slots=True)
class Exchange(Generic[Message]):
    """A request of ours and what came back.

    Attributes:
        request: The frame we sent.
        response: The next frame of the device on that connection before our next one, or None.
    """

    request: Frame
    response: Frame | None

    @property
    def sent(self) -> Message:
        """The decoded request."""
        return self.request.message  # type: ignore[no-any-return] # the query fixed its type

    @property
    def answer(self) -> Any:
        """The decoded response, None if there was none or it does not decode."""
        return None if self.response is None else self.response.message

    @property
    def elapsed(self) -> float | None:
        """Seconds from request sent to response received."""
        return None if self.response is None else self.response.t - self.request.t

    @property
    def at(self) -> tuple[int, ...]:
        """Indexes of both frames."""
        return (self.request.index,) if self.response is None else (self.request.index, self.response.index)


@dataclass(frozen=True, slots=True)
class Trace:
    """Everything that passed during one case.

    Attributes:
        records: In order of time; ``records[i].index == i``.
        tester: Role that the harness played, e.g. ``ev``.
        dut: Role of the device under test, e.g. ``charger``.
        declared: PICS and PIXIT of the DUT file: what the device claims, for contradiction checks.
        timing_uncertainty: Expanded uncertainty (k = 2) of time differences in this trace, in seconds.
    """

    records: Sequence[Record]
    tester: str
    dut: str
    declared: Mapping[str, Any] = field(default_factory=dict)
    timing_uncertainty: float = 0.0

    def frames(self, *, sender: str | None = None, link: str | None = None) -> Iterator[Frame]:
        """All frames, optionally of one sender and one link."""
        for record in self.records:
            if (
                isinstance(record, Frame)
                and (sender is None or record.sender == sender)
                and (link is None or record.link == link)
            ):
                yield record

    def events(self, kind: str, *, source: str | None = None, link: str | None = None) -> Iterator[Event]:
        """All events of a kind."""
        for record in self.records:
            if (
                isinstance(record, Event)
                and record.kind == kind
                and (source is None or record.source == source)
                and (link is None or record.link == link)
            ):
                yield record

    def samples(self, channel: str, *, since: float = 0.0, until: float = float("inf")) -> list[Sample]:
        """Samples of a channel with ``since <= t <= until``.

        Raises:
            Inconclusive: The channel was not measured at all in that span.
        """
        found = [
            record
            for record in self.records
            if isinstance(record, Sample) and record.channel == channel and since <= record.t <= until
        ]
        if not found:
            raise Inconclusive(f"no sample of {channel} between {since:.3f} s and {until:.3f} s")
        return found

    def recorded(self, name: str) -> Recorded:
        """The block of samples of that name; the last, if there are several.

        Raises:
            Inconclusive: Nothing of that name was recorded.
        """
        for record in reversed(self.records):
            if isinstance(record, Recorded) and record.name == name:
                return record
        raise Inconclusive(f"nothing was recorded of the {name}")

    @overload
    def messages(self, kind: type[Message]) -> Iterator[tuple[Frame, Message]]: ...
    @overload
    def messages(self, kind: tuple[type, ...]) -> Iterator[tuple[Frame, Any]]: ...
    def messages(self, kind: Any) -> Iterator[tuple[Frame, Any]]:
        """Frames of either side whose message is of that type."""
        for frame in self.frames():
            if isinstance(frame.message, kind):
                yield frame, frame.message

    def exchanges(
        self, kind: type[Message], *, where: Callable[[Message], bool] | None = None
    ) -> Iterator[Exchange[Message]]:
        """Our requests of that type, each with its answer."""
        for frame in self.frames(sender=self.tester):
            if isinstance(frame.message, kind) and (where is None or where(frame.message)):
                yield Exchange(frame, self.answer_to(frame))

    def exchange(
        self, kind: type[Message], *, where: Callable[[Message], bool] | None = None, nth: int = 0
    ) -> Exchange[Message]:
        """The ``nth`` of our requests of that type (-1: the last), with its answer.

        Raises:
            Inconclusive: We never sent it: the session did not come that far. Says why as far as the trace shows.
        """
        found = list(self.exchanges(kind, where=where))
        try:
            return found[nth]
        except IndexError:
            raise Inconclusive(f"the session did not reach {kind.__name__}: {self.last_words()}") from None

    def undecodable(self, *, sender: str) -> Iterator[Exchange[Any]]:
        """Frames of a sender that do not decode, with what came back (for frames of ours)."""
        for frame in self.frames(sender=sender):
            if frame.problem:
                yield Exchange(frame, self.answer_to(frame) if sender == self.tester else None)

    def answer_to(self, request: Frame) -> Frame | None:
        """The next frame of the device on that link, unless we sent another before.

        ISO 15118 is strictly request and response: what comes after our next request answers that one.
        """
        for record in self.records[request.index + 1 :]:
            if isinstance(record, Frame) and record.link == request.link:
                return None if record.sender == request.sender else record
        return None

    def silence_after(self, record: Record) -> float:
        """Seconds for which the link was watched after a record, up to the end of the trace."""
        until = [event.t for event in self.events(EventKind.OBSERVED_UNTIL, link=record.link) if event.t >= record.t]
        last = max(until, default=record.t)
        return last - record.t

    def closed(self, link: str, *, since: int = 0) -> Event | None:
        """The device closing that connection after record ``since``, if it did."""
        for event in self.events(EventKind.CLOSED, source=self.dut, link=link):
            if event.index >= since:
                return event
        return None

    def last_words(self) -> str:
        """Why the session ended where it did, as far as the trace shows: for the reason of an inconclusive."""
        for record in reversed(self.records):
            if isinstance(record, Frame) and record.sender == self.dut:
                name = type(record.message).__name__ if record.message is not None else "an undecodable frame"
                code = getattr(record.message, "ResponseCode", None)
                words = f" with {code.name}" if code is not None else ""
                return f"the last frame of the {self.dut} is {name}{words} (record {record.index})"
            if isinstance(record, Event) and record.kind in {EventKind.CONNECT_FAILED, EventKind.TLS_FAILED}:
                return f"{record.kind}: {record.detail.get('reason', 'no reason given')} (record {record.index})"
        return f"the {self.dut} sent nothing"
