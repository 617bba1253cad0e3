"""What both OCPP emulators build on: a session that can say anything, and the reactions of their tables of answers."""

from v2gready.emulators.ocpp.answers import (
    NOT_IMPLEMENTED,
    NOT_SUPPORTED,
    Answer,
    Followed,
    HangUp,
    InTurn,
    Late,
    RawReply,
    Reaction,
    Refusal,
    Reply,
    Silence,
    Twice,
)
from v2gready.emulators.ocpp.attempt import Attempt
from v2gready.emulators.ocpp.session import OcppSession
from v2gready.emulators.ocpp.wire import stamp

__all__ = [
    "NOT_IMPLEMENTED",
    "NOT_SUPPORTED",
    "Answer",
    "Attempt",
    "Followed",
    "HangUp",
    "InTurn",
    "Late",
    "OcppSession",
    "RawReply",
    "Reaction",
    "Refusal",
    "Reply",
    "Silence",
    "Twice",
    "stamp",
]
