"""Shapes that many faults share; none of them is a fault by itself."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar, Generic, TypeVar

from v2gready.protocols.iso15118.secc.seams import Fault
from v2gready.protocols.iso15118.secc.turn import Check, Reply, Turn

M = TypeVar("M")


class Ignores(Fault):
    """Does not check some rules.

    Attributes:
        ignored: The rules.
    """

    ignored: ClassVar[frozenset[Check]] = frozenset()

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:
        """Lets a violation of the ignored rules pass."""
        return violated and check not in self.ignored


class Answers(Fault, Generic[M]):
    """Answers with a wrong message of one type.

    Attributes:
        message: Type of the response.
    """

    message: ClassVar[type[Any]]

    def bend(self, turn: Turn, response: M) -> Any:
        """The wrong response."""
        raise NotImplementedError

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """Bends the responses of that type."""
        return reply.bent(self.message, lambda response: self.bend(turn, response))


class Slow(Fault):
    """Answers late.

    Attributes:
        requests: Types of request that take so long.
        seconds: How long.
    """

    requests: ClassVar[tuple[type, ...]] = ()
    seconds: ClassVar[float] = 1.8
    """Above V2G_SECC_Msg_Performance_Time (1.5 s), below V2G_EVCC_Msg_Timeout (2 s): the session goes on."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """Delays the response."""
        return replace(reply, delay=self.seconds) if isinstance(turn.request, self.requests) else reply
