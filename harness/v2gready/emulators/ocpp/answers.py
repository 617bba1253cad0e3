"""What an OCPP emulator does when it is called: the good answer, and every other one a test case can think of."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from v2gready.protocols.ocpp.frames import Call, ErrorCode, Payload

if TYPE_CHECKING:
    from v2gready.emulators.ocpp.session import OcppSession


@dataclass(frozen=True, slots=True)
class Reply:
    """A CALLRESULT.

    Attributes:
        payload: Its payload, right or wrong.
        id: messageId, if not that of the call.
    """

    payload: Payload
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """A CALLERROR.

    Attributes:
        code: Any error code, known or not.
        description: errorDescription.
        details: errorDetails.
        id: messageId, if not that of the call.
    """

    code: str
    description: str = ""
    details: Payload = field(default_factory=dict)
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Silence:
    """No answer at all."""


@dataclass(frozen=True, slots=True)
class Late:
    """The answer after so many seconds, if the connection is still there.

    Attributes:
        seconds: Delay.
        inner: The answer, as in any table; a function is asked when the call comes, not when the delay is over.
    """

    seconds: float
    inner: Answer


@dataclass(frozen=True, slots=True)
class Twice:
    """The same answer two times."""

    inner: Answer


@dataclass(frozen=True, slots=True)
class RawReply:
    """Any text or octets as one data message."""

    data: str | bytes


@dataclass(frozen=True, slots=True)
class HangUp:
    """No answer, and the connection goes.

    Attributes:
        code: Code of the WebSocket close; None resets the connection without one.
    """

    code: int | None = None


@dataclass(frozen=True, slots=True)
class Followed:
    """An answer, and what a peer does next on its own: CertificateSigned after SignCertificate.

    Attributes:
        inner: The answer.
        by: Runs beside everything else once the answer is out. `Unreached` ends it in silence.
    """

    inner: Answer
    by: Callable[[OcppSession, Call], Awaitable[Any]]


Reaction = Reply | Refusal | Silence | Late | Twice | RawReply | HangUp | Followed
Answer = Mapping[str, Any] | Reaction | Callable[[Call], "Answer"]
"""What a table of answers holds by action: a payload, a reaction, or a function of the call that gives one of them."""


class InTurn:
    """Another answer each time; the last one stays.

    Args:
        answers: In order.
    """

    def __init__(self, *answers: Answer) -> None:
        if not answers:
            raise ValueError("InTurn needs an answer")
        self._left = list(answers)

    def __call__(self, _: Call) -> Answer:
        """The answer whose turn it is."""
        return self._left.pop(0) if len(self._left) > 1 else self._left[0]


def reaction(answer: Answer, call: Call) -> Reaction:
    """What an entry of a table means for a call.

    Args:
        answer: The entry.
        call: What came.
    """
    while not isinstance(answer, Mapping | Reaction):
        answer = answer(call)
    return Reply(dict(answer)) if isinstance(answer, Mapping) else answer


NOT_IMPLEMENTED = Refusal(ErrorCode.NOT_IMPLEMENTED, "no such action")
NOT_SUPPORTED = Refusal(ErrorCode.NOT_SUPPORTED, "not supported by this emulator")
