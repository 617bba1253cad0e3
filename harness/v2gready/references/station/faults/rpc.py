"""Faults of messages and replies (reference F01, F02, F10 to F25)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from v2gready.protocols.ocpp.editions import Edition
from v2gready.protocols.ocpp.frames import (
    Call,
    CallError,
    CallResult,
    CallResultError,
    ErrorCode,
    Malformed,
    encode,
    parse,
)
from v2gready.protocols.ocpp.schema import actions
from v2gready.references.station.faults.kinds import Turns
from v2gready.references.station.faults.registry import fault
from v2gready.references.station.link import LinkKnob
from v2gready.references.station.seams import Answering, Fault, Wire

_LONG = 50_000
"""Characters that a small receive buffer does not take."""
_LATE = 45.0
"""Seconds; a CSMS waits for 30."""


def _refused(answering: Answering, code: ErrorCode) -> bool:
    return any(isinstance(one, CallError) and one.code == code.value for one in answering.messages)


# Actions
@fault("unknown-action-silent", "Does not answer a call with an unknown action.")
class UnknownActionSilent(Fault):
    """F01."""

    def reply(self, call: Call, answering: Answering) -> Answering:
        """Drops it."""
        return replace(answering, messages=()) if _refused(answering, ErrorCode.NOT_IMPLEMENTED) else answering


@fault("unknown-action-wrong-code", "Answers an unknown action with InternalError.")
class UnknownActionWrongCode(Fault):
    """F01."""

    def reply(self, call: Call, answering: Answering) -> Answering:
        """An exception that nobody caught."""
        if not _refused(answering, ErrorCode.NOT_IMPLEMENTED):
            return answering
        return Answering((CallError(call.id, ErrorCode.INTERNAL_ERROR.value, "KeyError"),))


@fault("unknown-action-accepted", "Answers an unknown action with a result.")
class UnknownActionAccepted(Fault):
    """F01."""

    def reply(self, call: Call, answering: Answering) -> Answering:
        """Everything is fine."""
        return Answering((CallResult(call.id, {}),)) if _refused(answering, ErrorCode.NOT_IMPLEMENTED) else answering


@fault("unsupported-action-silent", "Does not answer a known action that it does not support.")
class UnsupportedActionSilent(Fault):
    """F02."""

    def reply(self, call: Call, answering: Answering) -> Answering:
        """Drops it."""
        return replace(answering, messages=()) if _refused(answering, ErrorCode.NOT_SUPPORTED) else answering


@fault("unsupported-action-accepted", "Answers a known action that it does not support with Accepted.")
class UnsupportedActionAccepted(Fault):
    """F02: a stub."""

    def reply(self, call: Call, answering: Answering) -> Answering:
        """Everything is fine."""
        if not _refused(answering, ErrorCode.NOT_SUPPORTED):
            return answering
        return Answering((CallResult(call.id, {"status": "Accepted"}),))


@fault("action-case-ignored", "Serves an action whatever its upper and lower case.")
class ActionCaseIgnored(Fault):
    """Part 4, 4.1.3: actions are case-sensitive."""

    def frame_in(self, data: str | bytes) -> str | bytes | None:
        """Corrects the case."""
        found = parse(data)
        if not isinstance(found, Call):
            return data
        known = {name.lower(): name for name in actions(Edition.V21)}
        name = known.get(found.action.lower(), found.action)
        return data if name == found.action else encode(replace(found, action=name))


# Frames
@fault("invalid-json-closes", "Closes the connection when it gets invalid JSON.")
class InvalidJsonCloses(Fault):
    """F10."""

    def malformed(self, problem: Malformed, answering: Answering) -> Answering:
        """Gives up."""
        return Answering((), close=True) if problem.sentence.startswith("no JSON") else answering


class _Hangs(Fault):
    """Does nothing more after an event."""

    def __init__(self) -> None:
        super().__init__()
        self._hung = False

    def kills(self, data: str | bytes) -> bool:
        """Whether this frame is the one."""
        raise NotImplementedError

    def frame_in(self, data: str | bytes) -> str | bytes | None:
        """Sees nothing once it hangs."""
        self._hung = self._hung or self.kills(data)
        return None if self._hung else data


@fault("invalid-json-hangs", "Answers nothing any more after invalid JSON.")
class InvalidJsonHangs(_Hangs):
    """F10: the next valid call has to work."""

    def kills(self, data: str | bytes) -> bool:
        """Invalid JSON."""
        found = parse(data)
        return isinstance(found, Malformed) and found.sentence.startswith("no JSON")


@fault("wrong-frame-hangs", "Answers nothing any more after a frame that is no array of the right length.")
class WrongFrameHangs(_Hangs):
    """F11."""

    def kills(self, data: str | bytes) -> bool:
        """JSON, but no message."""
        found = parse(data)
        words = ("elements", "no array")
        return isinstance(found, Malformed) and any(word in found.sentence for word in words)


@fault("unknown-type-closes", "Closes the connection at an unknown message type number.")
class UnknownTypeCloses(Fault):
    """F12."""

    def malformed(self, problem: Malformed, answering: Answering) -> Answering:
        """Gives up."""
        return Answering((), close=True) if problem.code is ErrorCode.MESSAGE_TYPE_NOT_SUPPORTED else answering


@fault("bad-message-id-hangs", "Answers nothing any more after a message id that is empty, too long or no string.")
class BadMessageIdHangs(_Hangs):
    """F13."""

    def kills(self, data: str | bytes) -> bool:
        """The id."""
        found = parse(data)
        return isinstance(found, Malformed) and "message id" in found.sentence


@fault("deep-nesting-hangs", "Answers nothing any more after deeply nested JSON.")
class DeepNestingHangs(_Hangs):
    """F23."""

    def kills(self, data: str | bytes) -> bool:
        """The recursion."""
        found = parse(data)
        return isinstance(found, Malformed) and "nested" in found.sentence


@fault("large-frame-hangs", "Answers nothing any more after a message of 50 kB.")
class LargeFrameHangs(_Hangs):
    """F22."""

    def kills(self, data: str | bytes) -> bool:
        """The buffer."""
        return len(data) > _LONG


@fault("duplicate-keys-accepted", "Accepts a message with two properties of one name.")
class DuplicateKeysAccepted(Fault):
    """F23."""

    def malformed(self, problem: Malformed, answering: Answering) -> Answering:
        """Takes the last one."""
        if "stands twice" not in problem.sentence:
            return answering
        return Answering((CallResult(problem.id, {"status": "Accepted"}),))


@fault("answers-result-of-unknown-id", "Answers a result that belongs to no call with an error.")
class AnswersUnknownResult(Turns):
    """F16."""

    knob = LinkKnob.UNMATCHED
    wrong = (CallError("-1", ErrorCode.RPC_FRAMEWORK_ERROR.value, "unknown message id"),)


@fault("bad-result-answered-with-error", "Answers a result that breaks the schema with CALLERROR.")
class BadResultError(Fault):
    """F17: CALLRESULTERROR in 2.1, nothing in 2.0.1."""

    def frame_out(self, text: str) -> Wire:
        """The wrong type number."""
        found = parse(text)
        if not isinstance(found, CallResultError):
            return (text,)
        return (encode(CallError(found.id, found.code, found.description, found.details)),)


@fault("reply-id-changed", "Answers with a message id of its own.")
class ReplyIdChanged(Fault):
    """Part 4, 4.1.4: the id of the call."""

    def reply(self, call: Call, answering: Answering) -> Answering:
        """Another id."""
        changed = (replace(one, id=one.id[::-1] + "x") for one in answering.messages)
        return replace(answering, messages=tuple(changed))


@fault("replies-twice", "Answers every call twice.")
class RepliesTwice(Fault):
    """Part 4, 4.1.1: exactly once."""

    def reply(self, call: Call, answering: Answering) -> Answering:
        """And again."""
        return replace(answering, messages=answering.messages * 2)


@fault("replies-too-late", "Answers GetVariables after 45 s.")
class RepliesTooLate(Fault):
    """Part 4, 4.1.1: within the timeout of the CSMS."""

    def reply(self, call: Call, answering: Answering) -> Answering:
        """Busy elsewhere."""
        return replace(answering, delay=_LATE) if call.action == "GetVariables" else answering


@fault("details-not-object", "Sends a text as errorDetails.")
class DetailsNotObject(Fault):
    """F25."""

    def frame_out(self, text: str) -> Wire:
        """Bends every CALLERROR."""
        elements: Any = json.loads(text)
        return (json.dumps([*elements[:4], ""]),) if elements[0] == 4 else (text,)


@fault("error-without-details", "Leaves errorDetails out of a CALLERROR.")
class ErrorWithoutDetails(Fault):
    """F25: five elements."""

    def frame_out(self, text: str) -> Wire:
        """Bends every CALLERROR."""
        elements: Any = json.loads(text)
        return (json.dumps(elements[:4]),) if elements[0] == 4 else (text,)


@fault("binary-frames", "Sends its messages as binary frames.")
class BinaryFrames(Fault):
    """Part 4, 4.1: text frames."""

    def frame_out(self, text: str) -> Wire:
        """The same octets."""
        return (text.encode(),)


# Calls of the station
@fault("reuses-message-id", "Gives all its calls the same message id.")
class ReusesMessageId(Turns):
    """Part 4, 4.1.4: never again."""

    knob = LinkKnob.MESSAGE_ID
    wrong = "1"


@fault("message-id-too-long", "Uses message ids of more than 36 characters.")
class MessageIdTooLong(Turns):
    """F13, the other way round."""

    knob = LinkKnob.MESSAGE_ID

    def bend(self, value: str) -> str:
        """A prefix too many."""
        return f"station-{value}"


@fault("second-call-while-open", "Sends its next call before the last one is answered.")
class SecondCallWhileOpen(Turns):
    """F19: one open call per direction."""

    knob = LinkKnob.BUSY
    wrong = False


@fault("crossing-call-deadlock", "Answers no call while one of its own is open.")
class CrossingCallDeadlock(Turns):
    """F20."""

    knob = LinkKnob.ANSWERS_WHILE_WAITING
    wrong = False


@fault("never-times-out", "Waits for ever for the answer to a call.")
class NeverTimesOut(Turns):
    """F21: after the timeout the next message goes out."""

    knob = LinkKnob.TIMEOUT
    wrong = 1e6


@fault("late-reply-shifts", "Takes an answer that comes after the timeout for that to its next call.")
class LateReplyShifts(Fault):
    """F21."""

    def __init__(self) -> None:
        super().__init__()
        self._open: str | None = None

    def frame_out(self, text: str) -> Wire:
        """Remembers the call that is open."""
        found = parse(text)
        if isinstance(found, Call):
            self._open = found.id
        return (text,)

    def frame_in(self, data: str | bytes) -> str | bytes | None:
        """Any answer is the right one."""
        found = parse(data)
        if not isinstance(found, CallResult) or self._open is None:
            return data
        shifted = data if found.id == self._open else encode(replace(found, id=self._open))
        self._open = None
        return shifted
