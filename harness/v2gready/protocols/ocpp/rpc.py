"""One end of an OCPP-J connection: which call an answer belongs to, how long one waits, what is answered by itself.

Sans-I/O. Text goes in by `Rpc.receive`, text for the wire comes out of `Rpc.outgoing`, time is an argument. Both roles
use it: OCPP-J is symmetric.

Each direction has at most one open call [Part 4, 4.1.1]; calls of both directions may cross. For our own calls that is
the small machine in `TRANSITIONS`. Calls of a peer that does not keep the rule are served all the same, up to a limit.
An answer that comes after its time-out is told as `Unmatched` and moves nothing: the next answer still finds its call.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from v2gready.protocols.ocpp.editions import Edition
from v2gready.protocols.ocpp.frames import (
    MAX_DESCRIPTION,
    TYPE_OF,
    Call,
    CallError,
    CallResult,
    CallResultError,
    ErrorCode,
    Malformed,
    Message,
    MessageType,
    Payload,
    Send,
    encode,
    parse,
)
from v2gready.protocols.ocpp.schema import SchemaProblem, check, describe, sends

MAX_OPEN: Final = 16
"""Calls of the peer that may wait for our answer at a time. It should be one; beyond this they are refused."""
REMEMBERED: Final = 8
"""Answered calls of the peer that are remembered: for a retry with the same id, and for CALLRESULTERROR."""


@dataclass(frozen=True, slots=True)
class Called:
    """The peer calls; answer with `Rpc.result` or `Rpc.error`, at once or later."""

    call: Call


@dataclass(frozen=True, slots=True)
class Answered:
    """Our call has a result. With ``problems`` it breaks the schema; a peer of 2.1 has been told so already."""

    call: Call
    payload: Payload
    problems: tuple[SchemaProblem, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """Our call was answered by CALLERROR."""

    call: Call
    error: CallError


@dataclass(frozen=True, slots=True)
class Sent:
    """The peer sent a SEND (2.1). It is never answered."""

    send: Send


@dataclass(frozen=True, slots=True)
class TimedOut:
    """Our call was not answered in time."""

    call: Call


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection went before our call was answered, or before it could go out."""

    call: Call


@dataclass(frozen=True, slots=True)
class Unmatched:
    """An answer nobody waits for: a foreign id, a second answer, one too late. It is not answered."""

    message: CallResult | CallError | CallResultError


@dataclass(frozen=True, slots=True)
class Broken:
    """What came is no valid message. A strict endpoint has answered it where the specification asks for that.

    Attributes:
        malformed: Why.
        call: Our call that it was meant to answer, and that is over now.
    """

    malformed: Malformed
    call: Call | None = None


@dataclass(frozen=True, slots=True)
class ResultRefused:
    """The peer told by CALLRESULTERROR (2.1) that our result was no valid answer."""

    call_id: str
    error: CallResultError


RpcEvent = Called | Answered | Refused | Sent | TimedOut | Lost | Unmatched | Broken | ResultRefused


class Phase(Enum):
    """Where our own direction stands."""

    IDLE = auto()
    OPEN = auto()


class Input(Enum):
    """What happens to it."""

    CALL = auto()
    """The application calls."""
    REPLY = auto()
    """CALLRESULT, CALLERROR or a broken one of them, with the id of the open call."""
    FOREIGN = auto()
    """An answer with any other id."""
    TIMEOUT = auto()
    LOST = auto()


class Reaction(Enum):
    """What is done about it."""

    TRANSMIT = auto()
    QUEUE = auto()
    FINISH = auto()
    """Tell the application how the open call ended."""
    DISCARD = auto()


TRANSITIONS: Final[Mapping[tuple[Phase, Input], tuple[Reaction, Phase]]] = {
    (Phase.IDLE, Input.CALL): (Reaction.TRANSMIT, Phase.OPEN),
    (Phase.IDLE, Input.FOREIGN): (Reaction.DISCARD, Phase.IDLE),
    (Phase.IDLE, Input.LOST): (Reaction.DISCARD, Phase.IDLE),
    (Phase.OPEN, Input.CALL): (Reaction.QUEUE, Phase.OPEN),
    (Phase.OPEN, Input.REPLY): (Reaction.FINISH, Phase.IDLE),
    (Phase.OPEN, Input.FOREIGN): (Reaction.DISCARD, Phase.OPEN),
    (Phase.OPEN, Input.TIMEOUT): (Reaction.FINISH, Phase.IDLE),
    (Phase.OPEN, Input.LOST): (Reaction.FINISH, Phase.IDLE),
}
"""Our own calls. After FINISH the next queued call is an input of its own, unless the connection is lost."""


class Rpc:
    """One end of one connection.

    Args:
        edition: What the handshake chose.
        timeout: Seconds to wait for an answer.
        new_id: Makes message ids: at most 36 characters, never one twice, also not on another connection.
        strict: Whether what breaks the specification is answered here and kept from the application. A tester that
            wants to see and answer everything itself switches it off: it is then told every parsed call and SEND.
    """

    def __init__(self, edition: Edition, *, timeout: float, new_id: Callable[[], str], strict: bool = True) -> None:
        self.edition = edition
        self._timeout = timeout
        self._new_id = new_id
        self._strict = strict
        self._phase = Phase.IDLE
        self._open: Call | None = None
        self._deadline = 0.0
        self._queue: deque[Call] = deque()
        self._out: list[str] = []
        self._called: dict[str, int] = {}
        """Id of each call that waits for our answer -> fingerprint of its text."""
        self._answered: OrderedDict[str, tuple[int, str]] = OrderedDict()
        """Id of each remembered call -> fingerprint of its text, text of our result."""

    @property
    def open_call(self) -> Call | None:
        """Our call that waits for its answer."""
        return self._open

    @property
    def queued(self) -> tuple[Call, ...]:
        """Our calls that wait for the open one to end, next one first."""
        return tuple(self._queue)

    def call(self, action: str, payload: Payload, now: float, *, message_id: str | None = None) -> str:
        """Calls, now or when the open call has ended.

        Args:
            action: Name of the action.
            payload: Its fields; sent as they are, valid or not.
            now: Seconds of the caller's clock.
            message_id: The id of a call that is tried again; a new one otherwise.

        Returns:
            The message id, which the event about the end of the call carries.
        """
        call = Call(message_id if message_id is not None else self._new_id(), action, payload)
        if self._step(Input.CALL) is Reaction.QUEUE:
            self._queue.append(call)
        else:
            self._transmit(call, now)
        return call.id

    def send(self, action: str, payload: Payload) -> str:
        """Sends without an answer (2.1), also while a call is open.

        Returns:
            The message id.

        Raises:
            ValueError: The edition has no SEND.
        """
        if not self.edition.has_send:
            raise ValueError(f"{self.edition} has no SEND")
        send = Send(self._new_id(), action, payload)
        self._out.append(encode(send))
        return send.id

    def result(self, call_id: str, payload: Payload) -> bool:
        """Answers a call of the peer.

        Args:
            call_id: Id of the call.
            payload: Fields of the answer; sent as they are, valid or not.

        Returns:
            False if the call does not wait for an answer: it has one, or its connection is gone. Nothing is sent then.
        """
        fingerprint = self._called.pop(call_id, None)
        if fingerprint is None:
            return False
        text = encode(CallResult(call_id, payload))
        self._out.append(text)
        self._answered[call_id] = (fingerprint, text)
        while len(self._answered) > REMEMBERED:
            self._answered.popitem(last=False)
        return True

    def error(self, call_id: str, code: str, description: str = "", details: Payload | None = None) -> bool:
        """Refuses a call of the peer.

        Args:
            call_id: Id of the call.
            code: One of `ErrorCode`.
            description: Cut to 255 characters.
            details: Any object.

        Returns:
            Whether the call waited for an answer, as for `result`.
        """
        if self._called.pop(call_id, None) is None:
            return False
        self._refuse(call_id, code, description, details)
        return True

    def receive(self, data: str | bytes, now: float) -> list[RpcEvent]:
        """Takes one WebSocket data message.

        Args:
            data: Its text, or the octets of it.
            now: Seconds of the caller's clock.

        Returns:
            What happened, in order.
        """
        message = parse(data)
        match message:
            case Call():
                return self._take_call(message, hash(data))
            case CallResult() | CallError():
                return self._take_reply(message, now)
            case CallResultError() if self.edition.has_result_error:
                known = message.id in self._answered
                return [ResultRefused(message.id, message) if known else Unmatched(message)]
            case Send() if self.edition.has_send:
                return self._take_send(message)
            case Malformed():
                return self._take_malformed(message, now)
        sentence = f"{self.edition} has no message type {type(message).__name__}"
        return [Broken(_malformed(message, ErrorCode.MESSAGE_TYPE_NOT_SUPPORTED, sentence))]

    def next_timeout(self) -> float | None:
        """When `handle_timeout` wants to be called, on the clock of ``now``; None if nothing is awaited."""
        return self._deadline if self._open is not None else None

    def handle_timeout(self, now: float) -> list[RpcEvent]:
        """Gives up the open call if its time is over; the next one goes out.

        Args:
            now: Seconds of the caller's clock.
        """
        if self._open is None or now < self._deadline:
            return []
        return [TimedOut(self._finish(Input.TIMEOUT, now))]

    def outgoing(self) -> list[str]:
        """What has to go onto the wire, each one WebSocket text message; handed out once."""
        out, self._out = self._out, []
        return out

    def lost(self, now: float) -> list[RpcEvent]:  # noqa: ARG002 - every input has the time
        """The connection is gone: nothing is sent any more, and no call will be answered.

        Args:
            now: Seconds of the caller's clock.

        Returns:
            `Lost` for the open call and each queued one, in their order.
        """
        self._step(Input.LOST)
        pending = [self._open] if self._open is not None else []
        events: list[RpcEvent] = [Lost(call) for call in (*pending, *self._queue)]
        self._open = None
        self._queue.clear()
        self._called.clear()
        self._out.clear()
        return events

    def _step(self, happened: Input) -> Reaction:
        reaction, self._phase = TRANSITIONS[self._phase, happened]
        return reaction

    def _transmit(self, call: Call, now: float) -> None:
        self._open = call
        self._deadline = now + self._timeout
        self._out.append(encode(call))

    def _finish(self, happened: Input, now: float) -> Call:
        """Ends the open call, and sends the next one."""
        self._step(happened)
        ended = self._open
        assert ended is not None  # noqa: S101 - OPEN is the only phase that finishes
        self._open = None
        if self._queue:
            self._step(Input.CALL)
            self._transmit(self._queue.popleft(), now)
        return ended

    def _refuse(self, call_id: str, code: str, description: str, details: Payload | None = None) -> None:
        self._out.append(encode(CallError(call_id, code, description[:MAX_DESCRIPTION], details or {})))

    def _refuse_result(self, call_id: str, code: ErrorCode, description: str) -> None:
        if self._strict and self.edition.has_result_error:
            self._out.append(encode(CallResultError(call_id, code, description[:MAX_DESCRIPTION])))

    def _take_call(self, call: Call, fingerprint: int) -> list[RpcEvent]:
        if not self._strict:
            self._called[call.id] = fingerprint
            return [Called(call)]
        if call.id in self._called:
            # An error would carry the id of the call that is still open, and would look like its answer.
            return [Broken(_malformed(call, ErrorCode.RPC_FRAMEWORK_ERROR, "the call with this id is still open"))]
        before = self._answered.get(call.id)
        if before is not None and before[0] == fingerprint:
            self._out.append(before[1])
            return []
        if before is not None:
            return self._reject(call, ErrorCode.RPC_FRAMEWORK_ERROR, "another call had this message id")
        problems = check(self.edition, call.action, call.payload)
        if not problems and call.action in sends(self.edition):
            return self._reject(call, ErrorCode.NOT_IMPLEMENTED, f"{call.action} is sent, not called")
        if problems:
            return self._reject(call, problems[0].code, describe(problems))
        if len(self._called) >= MAX_OPEN:
            return self._reject(call, ErrorCode.GENERIC_ERROR, f"{MAX_OPEN} calls are open already")
        self._called[call.id] = fingerprint
        return [Called(call)]

    def _reject(self, call: Call, code: ErrorCode, sentence: str) -> list[RpcEvent]:
        self._refuse(call.id, code, sentence)
        return [Broken(_malformed(call, code, sentence))]

    def _take_reply(self, reply: CallResult | CallError, now: float) -> list[RpcEvent]:
        if not self._is_reply(reply.id):
            return [Unmatched(reply)]
        call = self._finish(Input.REPLY, now)
        if isinstance(reply, CallError):
            return [Refused(call, reply)]
        problems = check(self.edition, call.action, reply.payload, response=True)
        if problems:
            self._refuse_result(call.id, problems[0].code, describe(problems))
        return [Answered(call, reply.payload, problems)]

    def _is_reply(self, message_id: str) -> bool:
        if self._open is not None and self._open.id == message_id:
            return True
        self._step(Input.FOREIGN)
        return False

    def _take_send(self, send: Send) -> list[RpcEvent]:
        problems = check(self.edition, send.action, send.payload) if self._strict else ()
        if self._strict and not problems and send.action not in sends(self.edition):
            return [Broken(_malformed(send, ErrorCode.NOT_SUPPORTED, f"{send.action} is called, not sent"))]
        if problems:
            return [Broken(_malformed(send, problems[0].code, describe(problems)))]
        return [Sent(send)]

    def _take_malformed(self, malformed: Malformed, now: float) -> list[RpcEvent]:
        is_reply = malformed.type in _REPLIES
        if is_reply and self._is_reply(malformed.id):
            call = self._finish(Input.REPLY, now)
            if malformed.type is MessageType.CALL_RESULT:
                self._refuse_result(call.id, malformed.code, malformed.sentence)
            return [Broken(malformed, call)]
        # An unknown message type is ignored [Part 4, 4.4]; answers and SENDs are never answered by CALLERROR.
        unreadable = malformed.type is None and malformed.code is not ErrorCode.MESSAGE_TYPE_NOT_SUPPORTED
        if self._strict and (unreadable or malformed.type is MessageType.CALL) and malformed.id not in self._called:
            self._refuse(malformed.id, malformed.code, malformed.sentence)
        return [Broken(malformed)]


_REPLIES: Final = frozenset({MessageType.CALL_RESULT, MessageType.CALL_ERROR})


def _malformed(message: Message, code: ErrorCode, sentence: str) -> Malformed:
    return Malformed(message.id, code, sentence, TYPE_OF[type(message)])
