"""The RPC of one connection: one open call at a time, answers matched by id, calls of the CSMS checked and answered.

An endpoint of its own, not `protocols.ocpp.rpc`: the bench uses that one, and an error shared by both sides would show
in no test. Frames and schemas are shared; they are tested by themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from v2gready.protocols.ocpp.editions import Edition
from v2gready.protocols.ocpp.frames import (
    Call,
    CallError,
    CallResult,
    CallResultError,
    ErrorCode,
    Malformed,
    Message,
    MessageType,
    Payload,
    encode,
    parse,
)
from v2gready.protocols.ocpp.schema import SchemaProblem, check, describe
from v2gready.references.station.seams import Answering, Seams
from v2gready.references.station.timers import Timer, Timers

Answered = Callable[[CallResult | CallError | None, float], None]
"""Gets the answer to a call; None where none came in time or it was none."""


class LinkKnob(Enum):
    """What a fault may bend in the RPC."""

    MESSAGE_ID = "message id"
    BUSY = "waits for the answer to its call"
    ANSWERS_WHILE_WAITING = "answers while its own call is open"
    TIMEOUT = "call timeout"
    RESULT_ERROR = "answers a bad result"
    UNMATCHED = "answers to an unknown id"


@dataclass(frozen=True, slots=True)
class _Open:
    call: Call
    answered: Answered
    timer: Timer


class Link:
    """One connection with the CSMS.

    Args:
        edition: As negotiated.
        seams: Where faults act.
        timers: For timeouts and delays.
        new_id: Makes a message id.
        handle: Answers a valid call.

    Attributes:
        closing: The station wants the connection closed.
    """

    def __init__(
        self,
        edition: Edition,
        seams: Seams,
        timers: Timers,
        *,
        new_id: Callable[[], str],
        handle: Callable[[Call, float], Message],
    ) -> None:
        self.edition = edition
        self.closing = False
        self._seams = seams
        self._timers = timers
        self._new_id = new_id
        self._handle = handle
        self._open: dict[str, _Open] = {}
        self._deferred: list[Call] = []
        self._out: list[str | bytes] = []
        self._alive = True

    @property
    def busy(self) -> bool:
        """A call is open: no other one may go out."""
        return bool(self._open) and self._seams.value(LinkKnob.BUSY, True)

    def call(self, action: str, payload: Payload, answered: Answered, timeout: float, now: float) -> None:
        """Sends a call.

        Args:
            action: Its action.
            payload: Its payload.
            answered: Gets the answer, or None.
            timeout: Seconds to wait for it.
            now: The time.
        """
        call = Call(self._seams.value(LinkKnob.MESSAGE_ID, self._new_id()), action, payload)
        due = now + self._seams.value(LinkKnob.TIMEOUT, timeout)
        timer = self._timers.at(due, lambda when: self._timed_out(call.id, when))
        self._open[call.id] = _Open(call, answered, timer)
        self._send(call)

    def receive(self, data: str | bytes, now: float) -> None:
        """Takes a data message from the CSMS."""
        seen = self._seams.frame_in(data)
        if seen is None:
            return
        match parse(seen):
            case Malformed() as problem:
                self._take_malformed(problem, now)
            case Call() as call:
                self._take_call(call, now)
            case CallResult() | CallError() as answer:
                self._take_answer(answer, now)
            case _:
                # CALLRESULTERROR: the CSMS has not understood us, and a result is not repeated. SEND is not for us.
                pass

    def outgoing(self) -> list[str | bytes]:
        """What is to be sent, once."""
        out, self._out = self._out, []
        return out

    def lost(self) -> None:
        """The connection is gone; nobody gets an answer any more."""
        self._alive = False
        for one in self._open.values():
            one.timer.cancel()
        self._open.clear()
        self._deferred.clear()

    def _send(self, message: Message) -> None:
        self._out += self._seams.frame_out(encode(message))

    def _take_call(self, call: Call, now: float) -> None:
        if self._open and not self._seams.value(LinkKnob.ANSWERS_WHILE_WAITING, True):
            self._deferred.append(call)
            return
        found = check(self.edition, call.action, call.payload)
        problems = self._seams.problems(call, found)
        if found and not problems:
            self._answer(self._seams.reply(call, Answering((self._handle_leniently(call, now),))), now)
        elif problems:
            error = CallError(call.id, problems[0].code.value, describe(problems))
            self._answer(self._seams.reply(call, Answering((error,))), now)
        else:
            self._answer(self._seams.reply(call, Answering((self._handle(call, now),))), now)

    def _handle_leniently(self, call: Call, now: float) -> Message:
        """What a station does that has not noticed what is wrong with a call; reached with a fault alone."""
        try:
            return self._handle(call, now)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError):
            return CallResult(call.id, {"status": "Accepted"})

    def _answer(self, answering: Answering, now: float) -> None:
        if answering.delay:
            self._timers.at(now + answering.delay, lambda _: self._deliver(answering))
        else:
            self._deliver(answering)

    def _deliver(self, answering: Answering) -> None:
        if self._alive:
            for message in answering.messages:
                self._send(message)
            self.closing = self.closing or answering.close

    def _take_answer(self, answer: CallResult | CallError, now: float) -> None:
        found = self._open.pop(answer.id, None)
        if found is None:
            # Late, or never asked for: dropped without a word (Part 4, 4.2).
            nothing: tuple[Message, ...] = ()
            for message in self._seams.value(LinkKnob.UNMATCHED, nothing):
                self._send(message)
            return
        found.timer.cancel()
        problems: tuple[SchemaProblem, ...] = ()
        if isinstance(answer, CallResult):
            problems = check(self.edition, found.call.action, answer.payload, response=True)
        if problems:
            self._refuse_result(answer.id, problems[0].code, describe(problems))
            found.answered(None, now)
        else:
            found.answered(answer, now)
        self._serve_deferred(now)

    def _refuse_result(self, message_id: str, code: ErrorCode, sentence: str) -> None:
        if self.edition.has_result_error and self._seams.value(LinkKnob.RESULT_ERROR, True):
            self._send(CallResultError(message_id, code.value, sentence))

    def _take_malformed(self, problem: Malformed, now: float) -> None:
        sentence = problem.sentence[:255]
        match problem.type:
            case MessageType.CALL | None:
                error = CallError(problem.id, problem.code.value, sentence)
                self._answer(self._seams.malformed(problem, Answering((error,))), now)
            case MessageType.CALL_RESULT | MessageType.CALL_ERROR:
                found = self._open.pop(problem.id, None)
                if found is not None:
                    found.timer.cancel()
                    if problem.type is MessageType.CALL_RESULT:
                        self._refuse_result(problem.id, problem.code, sentence)
                    found.answered(None, now)
                    self._serve_deferred(now)
            case _:
                pass

    def _timed_out(self, message_id: str, now: float) -> None:
        found = self._open.pop(message_id, None)
        if found is not None:
            found.answered(None, now)
            self._serve_deferred(now)

    def _serve_deferred(self, now: float) -> None:
        while self._deferred and not self._open:
            self._take_call(self._deferred.pop(0), now)
