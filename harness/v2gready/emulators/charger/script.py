"""The script of the emulated charger: rules that bend what the faultless SECC answers, at its seams."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from v2gready.protocols.iso15118 import codec
from v2gready.protocols.iso15118.secc.power import Occasion
from v2gready.protocols.iso15118.secc.seams import Fault, TlsProfile
from v2gready.protocols.iso15118.secc.turn import Check, Octets, Reply, Turn
from v2gready.protocols.v2gtp import encode_frame

Bend = Callable[[Reply], Reply]


@dataclass(slots=True)
class Rule:
    """What happens to the responses of a type.

    Attributes:
        kind: Type of the response; a base class means all that inherit from it.
        nth: Which of them since the rule was made, from 0; None for all.
        bend: What becomes of the reply.
        met: Responses of the type so far.
    """

    kind: type
    nth: int | None
    bend: Bend
    met: int = 0

    def applied(self, response: Any, reply: Reply) -> Reply:
        """The reply to send; ``response`` is what the faultless SECC answers."""
        if not isinstance(response, self.kind):
            return reply
        self.met += 1
        return self.bend(reply) if self.nth is None or self.nth == self.met - 1 else reply


class Script(Fault):
    """All rules of a charger. It is a fault to the core, and here it is meant.

    Args:
        ended: Called when the SECC ends a session.
    """

    name = "script"
    sentence = "Answers as the test case wants."

    def __init__(self, ended: Callable[[Occasion], None]) -> None:
        super().__init__()
        self.rules: list[Rule] = []
        self.waived: set[Check] = set()
        self.profile: Callable[[TlsProfile], TlsProfile] = lambda profile: profile
        self._ended = ended

    def reply(self, turn: Turn, reply: Reply) -> Reply:  # noqa: ARG002 - a seam
        """See `Fault.reply`."""
        response = reply.messages[0] if reply.messages else None
        for rule in self.rules:
            reply = rule.applied(response, reply)
        return reply

    def check(self, turn: Turn, check: Check, violated: bool) -> bool:  # noqa: ARG002, FBT001 - a seam
        """See `Fault.check`: a charger may be told to overlook what the car does wrong."""
        return violated and check not in self.waived

    def tls(self, profile: TlsProfile) -> TlsProfile:
        """See `Fault.tls`."""
        return self.profile(profile)

    def ended(self, occasion: Occasion) -> None:
        """See `Fault.ended`."""
        self._ended(occasion)


def framed(message: Any) -> bytes:
    """The whole V2GTP frame of a message, whatever its values; octets as they are."""
    if isinstance(message, Octets):
        return message.data
    return encode_frame(codec.message_set(message).payload_type, codec.encode(message, check=False))


def each(change: Callable[[Any], Any]) -> Bend:
    """Changes every message of the reply; what a message becomes may be octets."""
    return lambda reply: replace(reply, messages=tuple(change(one) for one in reply.messages))


def again(pause: float) -> Bend:
    """Sends the reply a second time, so many seconds later."""

    def bend(reply: Reply) -> Reply:
        octets = b"".join(framed(one) for one in reply.messages)
        return replace(reply, messages=(*reply.messages, Octets(octets, pause)))

    return bend


def pieces(size: int, pause: float) -> Bend:
    """Sends the reply in segments of so many octets."""

    def bend(reply: Reply) -> Reply:
        octets = b"".join(framed(one) for one in reply.messages)
        cut = [octets[at : at + size] for at in range(0, len(octets), size)]
        return replace(reply, messages=tuple(Octets(one, pause if number else 0.0) for number, one in enumerate(cut)))

    return bend
