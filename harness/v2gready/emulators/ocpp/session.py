"""One OCPP connection as a test case drives it: any call at any time, each answer found by its id, any answer.

It does not use the well-behaved `Rpc`: a tester has several calls open, uses an id twice, answers late or with
nonsense.
"""

from __future__ import annotations

import asyncio
from collections import ChainMap, defaultdict, deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from v2gready.emulators.ocpp.answers import (
    NOT_IMPLEMENTED,
    Answer,
    Followed,
    HangUp,
    Late,
    RawReply,
    Reaction,
    Refusal,
    Reply,
    Silence,
    Twice,
    reaction,
)
from v2gready.emulators.ocpp.wire import WAIT_TIMEOUT, OcppWire, Surroundings
from v2gready.emulators.reach import Unreached
from v2gready.protocols.ocpp.editions import Edition
from v2gready.protocols.ocpp.frames import (
    Call,
    CallError,
    CallResult,
    Malformed,
    Message,
    MessageType,
    Payload,
    Send,
    encode,
    parse,
)
from v2gready.protocols.ocpp.schema import actions
from v2gready.transports.websocket import WebSocket

MAX_RECEIVED: Final = 10_000
"""Calls of the peer that a session remembers for a stimulus; the trace has its own limit."""

Incoming = Call | Send
Answered = CallResult | CallError
Where = Callable[[Payload], bool]


@dataclass(eq=False, slots=True)
class _Waiter:
    action: frozenset[str] | None
    where: Where | None
    future: asyncio.Future[Incoming | None]

    def wants(self, message: Incoming) -> bool:
        if self.future.done() or (self.action is not None and message.action not in self.action):
            return False
        if self.where is None:
            return True
        try:
            return self.where(message.payload)
        except (KeyError, IndexError, TypeError, ValueError, AttributeError):
            return False  # a payload without that field is not the one that is awaited; its schema is a judge's matter


class OcppSession(OcppWire):
    """Drives one connection with a finished handshake.

    Args:
        socket: The connection.
        edition: What was agreed upon, None if nothing was.
        link: Name of the connection in the trace.
        answers: The emulator's tables by action, the default one last.
        around: What the sessions of an emulator share.

    Attributes:
        edition: What was agreed upon.
        answers: What is answered on this connection, by action; what a case sets here goes before what it set on the
            driver, and that before the default. ``del`` takes it back.
        calls_sent: How many CALLs went out.
    """

    def __init__(
        self,
        socket: WebSocket,
        edition: Edition | None,
        link: str,
        *,
        answers: ChainMap[str, Answer],
        around: Surroundings,
    ) -> None:
        self.edition = edition
        self.answers: ChainMap[str, Answer] = answers.new_child()
        self.calls_sent = 0
        self._open: defaultdict[str, deque[asyncio.Future[Answered | None]]] = defaultdict(deque)
        self._received: deque[Incoming] = deque(maxlen=MAX_RECEIVED)
        self._count = 0
        self._waiters: list[_Waiter] = []
        super().__init__(socket, link, around)

    # -- what it is -----------------------------------------------------------------------------------------------

    @property
    def mark(self) -> int:
        """How many CALLs and SENDs have come so far: for ``since`` of `wait_for`, taken before the provocation."""
        return self._count

    def received(self, action: str | None = None, *, where: Where | None = None, since: int = 0) -> list[Incoming]:
        """CALLs and SENDs of the peer so far, in order.

        Args:
            action: Of that action only.
            where: Only those whose payload it accepts.
            since: A `mark`.
        """
        first = self._count - len(self._received)
        waiter = _Waiter(_names(action), where, asyncio.get_running_loop().create_future())
        return [one for number, one in enumerate(self._received, first) if number >= since and waiter.wants(one)]

    # -- sending --------------------------------------------------------------------------------------------------

    async def call(
        self,
        action: str,
        payload: Mapping[str, Any] | None = None,
        *,
        id: str | None = None,  # noqa: A002 - the word of the standard
        timeout: float | None = None,  # noqa: ASYNC109 - the end of waiting is an outcome that is recorded
    ) -> Answered | None:
        """Sends a CALL and waits for what answers it, whatever else is open.

        Args:
            action: Any name.
            payload: Right or wrong; ``{}`` if None.
            id: messageId, if not a new one. Used twice at once, the first answer is for the first.
            timeout: Seconds to wait, if not those of the configuration.

        Returns:
            CallResult, CallError, or None: nothing came in time (recorded as TIMEOUT), what came is malformed, or the
            connection went.

        Raises:
            Unreached: The connection is closed; nothing was sent.
        """
        limit = self._around.call_timeout if timeout is None else timeout
        chosen = self._around.new_id() if id is None else id
        future: asyncio.Future[Answered | None] = asyncio.get_running_loop().create_future()
        self._open[chosen].append(future)
        try:
            self.post(action, payload, id=chosen)
            async with asyncio.timeout(limit):
                return await future
        except TimeoutError:
            self._check()
            self._timeout("call", limit, action=action, id=chosen)
            return None
        finally:
            self._forget(chosen, future)

    def post(
        self,
        action: str,
        payload: Mapping[str, Any] | None = None,
        *,
        id: str | None = None,  # noqa: A002 - the word of the standard
    ) -> str:
        """Sends a CALL and does not wait; returns its messageId.

        Raises:
            Unreached: The connection is closed.
        """
        call = Call(self._around.new_id() if id is None else id, action, dict(payload or {}))
        self.on_sent(call)
        self.calls_sent += 1
        self._put(encode(call))
        return call.id

    def send_event(
        self,
        action: str,
        payload: Mapping[str, Any] | None = None,
        *,
        id: str | None = None,  # noqa: A002 - the word of the standard
    ) -> str:
        """Sends a SEND (2.1), which nobody answers; returns its messageId."""
        chosen = self._around.new_id() if id is None else id
        self._put(encode(Send(chosen, action, dict(payload or {}))))
        return chosen

    def message(self, message: Message) -> None:
        """Sends any message object: an answer nobody asked for, a CALLRESULTERROR."""
        self._put(encode(message))

    # -- watching -------------------------------------------------------------------------------------------------

    async def wait_for(
        self,
        action: str | tuple[str, ...] | None,
        *,
        where: Where | None = None,
        within: float = WAIT_TIMEOUT,
        since: int | None = None,
    ) -> Incoming:
        """Waits for a CALL or SEND of the peer; its answer is out by then, unless that is late on purpose.

        Args:
            action: Its action, or several of them; None for any.
            where: Only one whose payload it accepts; one that lacks the field is not accepted.
            within: Seconds.
            since: A `mark`: what came after it counts as well. From now on if None.

        Raises:
            Unreached: It did not come in time (recorded as TIMEOUT), or the connection went.
        """
        found = await self.look_for(action, where=where, within=within, since=since)
        if found is None:
            wanted = "anything" if action is None else action if isinstance(action, str) else " or ".join(action)
            raise Unreached(f"no {wanted} on {self.link}")
        return found

    async def look_for(
        self,
        action: str | tuple[str, ...] | None,
        *,
        where: Where | None = None,
        within: float = WAIT_TIMEOUT,
        since: int | None = None,
    ) -> Incoming | None:
        """As `wait_for`, but None if it does not come."""
        self._check()
        waiter = _Waiter(_names(action), where, asyncio.get_running_loop().create_future())
        if since is not None:
            first = self._count - len(self._received)
            for number, message in enumerate(self._received, first):
                if number >= since and waiter.wants(message):
                    return message
        if self._gone.is_set():
            return None
        self._waiters.append(waiter)
        try:
            async with asyncio.timeout(within):
                found = await waiter.future
        except TimeoutError:
            self._check()
            self._timeout("wait", within, action=", ".join(sorted(waiter.action or ())))
            return None
        finally:
            self._waiters.remove(waiter)
        self._check()
        return found

    # -- what subclasses know better ------------------------------------------------------------------------------

    def on_sent(self, call: Call) -> None:
        """Called with every CALL before it goes out."""

    def on_received(self, message: Incoming) -> None:
        """Called with every CALL and SEND before it is answered."""

    def on_replied(self, call: Call, payload: Payload) -> None:
        """Called with every CALL that was answered by a CALLRESULT, and what it holds."""

    def answer_to(self, call: Call) -> Answer:
        """What answers a call: the case's own answer, or the default if the edition has the action."""
        if not self.is_own(call.action) and self.edition is not None and call.action not in actions(self.edition):
            return NOT_IMPLEMENTED
        return self.answers.get(call.action, NOT_IMPLEMENTED)

    def is_own(self, action: str) -> bool:
        """A case has put an answer for it into a table."""
        return any(action in table for table in self.answers.maps[:-1])

    # -- receiving ------------------------------------------------------------------------------------------------

    def _take(self, raw: bytes) -> None:
        frame = self._record(raw, self._around.peer)
        # What was recorded is parsed already; where it lacks a secret, or is no message, it does not do.
        match frame.message if frame.message is not None and frame.raw == raw else parse(raw):
            case Call() as call:
                self._incoming(call)
                self._react(reaction(self.answer_to(call), call), call)
                self._tell(call)
            case Send() as event:
                self._incoming(event)
                self._tell(event)
            case CallResult() | CallError() as answer:
                self._settle(answer.id, answer)
            case Malformed(id=id, type=MessageType.CALL_RESULT | MessageType.CALL_ERROR):
                self._settle(id, None)
            case _:
                pass  # CALLRESULTERROR, or no message at all: in the trace. Invalid messages may be dropped, so we do.

    def _incoming(self, message: Incoming) -> None:
        self._received.append(message)
        self._count += 1
        self.on_received(message)

    def _tell(self, message: Incoming) -> None:
        for waiter in self._waiters:
            if waiter.wants(message):
                waiter.future.set_result(message)

    def _settle(self, id: str, answer: Answered | None) -> None:  # noqa: A002 - the standard's word
        waiting = self._open.get(id)
        while waiting:
            future = waiting.popleft()
            if not future.done():
                future.set_result(answer)
                return

    def _give_up(self) -> None:
        for future in [future for waiting in self._open.values() for future in waiting]:
            if not future.done():
                future.set_result(None)
        for waiter in self._waiters:
            if not waiter.future.done():
                waiter.future.set_result(None)

    def _forget(self, id: str, future: asyncio.Future[Answered | None]) -> None:  # noqa: A002 - the standard's word
        waiting = self._open[id]
        with suppress(ValueError):
            waiting.remove(future)
        if not waiting:
            del self._open[id]

    # -- answering ------------------------------------------------------------------------------------------------

    def _react(self, what: Reaction, call: Call) -> None:
        """Does at once what takes no time, so that answers leave in the order of the calls."""
        match what:
            case Reply(payload=payload, id=other):
                self._answer(encode(CallResult(call.id if other is None else other, payload)))
                self.on_replied(call, payload)
            case Refusal(code=code, description=description, details=details, id=other):
                chosen = call.id if other is None else other
                self._answer(encode(CallError(chosen, code, description, dict(details))))
            case RawReply(data=data):
                self._answer(data)
            case Twice(inner=inner):
                same = reaction(inner, call)
                self._react(same, call)
                self._react(same, call)
            case Silence():
                pass
            case HangUp(code=None):
                self.abort()
            case HangUp(code=int(code)):
                self._beside(self.close(code))
            case Late(seconds=seconds, inner=inner):
                self._beside(self._later(seconds, reaction(inner, call), call))
            case Followed(inner=inner, by=by):
                self._beside(self._follow(reaction(inner, call), by, call))

    async def _later(self, seconds: float, what: Reaction, call: Call) -> None:
        await asyncio.sleep(seconds)
        self._react(what, call)

    async def _follow(self, what: Reaction, by: Callable[[OcppSession, Call], Awaitable[Any]], call: Call) -> None:
        if isinstance(what, Late):
            await self._later(what.seconds, reaction(what.inner, call), call)
        else:
            self._react(what, call)
        await by(self, call)

    def _answer(self, data: str | bytes) -> None:
        if self.is_open:  # too late for an answer is no matter of the stimulus
            self._put(data)

    def _beside(self, work: Coroutine[Any, Any, None]) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work, name=f"{self._around.own} answers on {self.link}")
        self._tasks.add(task)
        task.add_done_callback(self._beside_done)

    def _beside_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None and not isinstance(failure, Unreached):
            self._failure = failure


def _names(action: str | tuple[str, ...] | None) -> frozenset[str] | None:
    if action is None:
        return None
    return frozenset({action}) if isinstance(action, str) else frozenset(action)
