"""Faults of the RPC layer (reference F01, F02, F10-F22, F25, F27)."""

# A hook has the signature of `Fault`, whatever of it an override needs.
from __future__ import annotations

import json
import math
from dataclasses import replace

from v2gready.protocols.ocpp import schema
from v2gready.protocols.ocpp.editions import Edition
from v2gready.protocols.ocpp.frames import (
    Call,
    CallError,
    CallResult,
    CallResultError,
    ErrorCode,
    Malformed,
    Send,
    encode,
    parse,
)
from v2gready.references.csms.csms import Csms
from v2gready.references.csms.door import Entrance
from v2gready.references.csms.faults.kinds import Refuses, call_in, refuses, result_for
from v2gready.references.csms.faults.registry import fault
from v2gready.references.csms.seams import Check, Fault
from v2gready.references.csms.turn import Reply, Request, Turn

Data = str | bytes | None
Texts = tuple[str, ...]


def _unknown(csms: Csms, data: Data) -> Call | None:
    call = call_in(data)
    return call if call is not None and call.action not in schema.actions(csms.edition) else None


@fault("unknown-action-silent", "Drops a CALL with an unknown action without a word.")
class UnknownActionSilent(Fault):
    """F01; the mobilityhouse library does so on 2.1."""

    def sends(self, csms: Csms, texts: Texts, data: Data) -> Texts:
        """No answer."""
        return texts if _unknown(csms, data) is None else ()


@fault("unknown-action-internal-error", "Answers an unknown action with InternalError.")
class UnknownActionInternalError(Fault):
    """F01."""

    def sends(self, csms: Csms, texts: Texts, data: Data) -> Texts:
        """Another code."""
        call = _unknown(csms, data)
        if call is None:
            return texts
        wrong = encode(CallError(call.id, ErrorCode.INTERNAL_ERROR, "unknown"))
        return tuple(wrong if refuses(text, call.id) else text for text in texts)


@fault("unsupported-action-accepted", "Answers a CALL that only a CSMS makes with an empty result.")
class UnsupportedActionAccepted(Fault):
    """F02."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """Yes to anything."""
        return Reply({"status": "Accepted"}) if reply.error is ErrorCode.NOT_SUPPORTED else reply


@fault("dead-after-broken-json", "Answers nothing any more after a message that is no JSON.")
class DeadAfterBrokenJson(Fault):
    """F10."""

    def __init__(self) -> None:
        super().__init__()
        self._dead: set[str] = set()

    def heard(self, csms: Csms, data: str | bytes) -> str | bytes | None:
        """The reader has died."""
        name = csms.station.identity
        if name in self._dead:
            return None
        try:
            json.loads(data)
        except (ValueError, RecursionError):
            self._dead.add(name)
        return data


@fault("closes-on-broken-frame", "Ends the connection when a message is no array of the right length.")
class ClosesOnBrokenFrame(Fault):
    """F11."""

    def sends(self, csms: Csms, texts: Texts, data: Data) -> Texts:
        """An uncaught exception."""
        try:
            value = None if data is None else json.loads(data)
        except (ValueError, RecursionError):
            return texts
        if data is not None and not (isinstance(value, list) and 3 <= len(value) <= 5):
            csms.closing = True
            self.took_effect("the connection is ended because of a broken frame")
        return texts


@fault("answers-unknown-type", "Answers a message of type 9 with a CALLRESULT.")
class AnswersUnknownType(Fault):
    """F12."""

    def sends(self, csms: Csms, texts: Texts, data: Data) -> Texts:
        """As if it were a CALL."""
        match _json(data):
            case [kind, str(message_id), *_] if kind not in {2, 3, 4, 5, 6}:
                return (encode(CallResult(message_id, {})),)
            case _:
                return texts


@fault("long-message-id-accepted", "Answers a CALL whose message id has more than 36 characters.")
class LongMessageIdAccepted(Fault):
    """F13."""

    def sends(self, csms: Csms, texts: Texts, data: Data) -> Texts:
        """Nobody counts."""
        match _json(data):
            case [2, str(message_id), str(action), dict(_)] if len(message_id) > 36:
                return (result_for(action, message_id),)
            case _:
                return texts


@fault("numeric-message-id-closes", "Ends the connection when a message id is a number.")
class NumericMessageIdCloses(Fault):
    """F13, lorenzodonini/ocpp-go#267."""

    def sends(self, csms: Csms, texts: Texts, data: Data) -> Texts:
        """A failed type assertion."""
        match _json(data):
            case [_, int() | float(), *_]:
                csms.closing = True
                self.took_effect("the connection is ended because of a numeric message id")
        return texts


@fault("repeated-id-runs-twice", "Carries out a CALL whose message id another CALL had before.")
class RepeatedIdRunsTwice(Fault):
    """F14, citrineos#212."""

    def __init__(self) -> None:
        super().__init__()
        self._first: dict[str, str] = {}
        self._alias: dict[str, str] = {}

    def heard(self, csms: Csms, data: str | bytes) -> str | bytes | None:
        """Under another id the CALL is a new one."""
        message = parse(data)
        if not isinstance(message, Call):
            return data
        content = encode(message)
        if self._first.setdefault(message.id, content) == content:
            return data
        alias = csms.backend.new_id()
        self._alias[alias] = message.id
        return encode(Call(alias, message.action, message.payload))

    def sends(self, csms: Csms, texts: Texts, data: Data) -> Texts:
        """The answer has the id of the CALL."""
        return tuple(self._restored(text) for text in texts)

    def check(self, subject: str, check: Check, violated: bool) -> bool:
        """Not looked at."""
        return violated and check is not Check.REPEATED

    def _restored(self, text: str) -> str:
        message = parse(text)
        if isinstance(message, Malformed) or message.id not in self._alias:
            return text
        return encode(replace(message, id=self._alias[message.id]))


@fault("unknown-result-answered", "Answers a CALLRESULT that nobody waits for with a CALLERROR.")
class UnknownResultAnswered(Fault):
    """F16."""

    def __init__(self) -> None:
        super().__init__()
        self._open: str | None = None

    def heard(self, csms: Csms, data: str | bytes) -> str | bytes | None:
        """Remembers what is waited for."""
        self._open = None if csms.open_call is None else csms.open_call.id
        return data

    def sends(self, csms: Csms, texts: Texts, data: Data) -> Texts:
        """An error for a result."""
        message = None if data is None else parse(data)
        if isinstance(message, CallResult) and message.id != self._open:
            return (*texts, encode(CallError(message.id, ErrorCode.RPC_FRAMEWORK_ERROR, "unknown message id")))
        return texts


@fault("result-error-on-201", "Sends CALLRESULTERROR on a connection that speaks OCPP 2.0.1.")
class ResultErrorOn201(Fault):
    """F17, Java-OCA-OCPP#406."""

    def __init__(self) -> None:
        super().__init__()
        self._open: Call | None = None

    def heard(self, csms: Csms, data: str | bytes) -> str | bytes | None:
        """Remembers what is waited for."""
        self._open = csms.open_call
        return data

    def sends(self, csms: Csms, texts: Texts, data: Data) -> Texts:
        """Type 5 for a bad result."""
        message = None if data is None else parse(data)
        waiting = self._open
        if not isinstance(message, CallResult) or waiting is None or message.id != waiting.id:
            return texts
        broken = schema.check(csms.edition, waiting.action, message.payload, response=True)
        if csms.edition is Edition.V201 and broken:
            return (*texts, encode(CallResultError(message.id, ErrorCode.FORMAT_VIOLATION, broken[0].sentence)))
        return texts


@fault("bad-result-answered-call-error", "Answers a result that breaks the schema with a CALLERROR.")
class BadResultCallError(Fault):
    """F17."""

    def sends(self, csms: Csms, texts: Texts, data: Data) -> Texts:
        """Type 4 in place of type 5."""
        return tuple(self._bent(text) for text in texts)

    @staticmethod
    def _bent(text: str) -> str:
        message = parse(text)
        if not isinstance(message, CallResultError):
            return text
        return encode(CallError(message.id, message.code, message.description))


@fault("answers-send", "Answers SEND NotifyPeriodicEventStream with a CALLRESULT.")
class AnswersSend(Fault):
    """F18: a SEND is never answered."""

    def sends(self, csms: Csms, texts: Texts, data: Data) -> Texts:
        """As if it were a CALL."""
        message = None if data is None else parse(data)
        return (*texts, encode(CallResult(message.id, {}))) if isinstance(message, Send) else texts


@fault("send-answered-with-error", "Answers every SEND with the error MessageTypeNotSupported.")
class SendAnsweredWithError(Fault):
    """F18, npm ocpp-rpc."""

    def sends(self, csms: Csms, texts: Texts, data: Data) -> Texts:
        """Type 6 is not known."""
        if data is None or not isinstance(parse(data), Send):
            return texts
        return (*texts, encode(CallError("-1", ErrorCode.MESSAGE_TYPE_NOT_SUPPORTED, "type 6")))


@fault("second-call-while-open", "Sends a CALL although the one before has no answer yet.")
class SecondCallWhileOpen(Fault):
    """F19."""

    def __init__(self) -> None:
        super().__init__()
        self._texts: dict[str, list[str]] = {}

    def request(self, csms: Csms, request: Request) -> Request | None:
        """Not into the queue."""
        if csms.open_call is None:
            return request
        text = encode(Call(csms.backend.new_id(), request.action, request.payload))
        self._texts.setdefault(csms.station.identity, []).append(text)
        return None

    def sends(self, csms: Csms, texts: Texts, data: Data) -> Texts:
        """But onto the wire."""
        return (*texts, *self._texts.pop(csms.station.identity, ()))


@fault("crossing-call-unanswered", "Does not answer a CALL that arrives while it waits for an answer itself.")
class CrossingCallUnanswered(Fault):
    """F20, citrineos#189."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """One thing at a time."""
        return reply if turn.csms.open_call is None else replace(reply, delay=math.inf)


@fault("late-reply-closes", "Ends the connection when an answer comes after its timeout.")
class LateReplyCloses(Fault):
    """F21, bmw-wallbox-ha#17."""

    def heard(self, csms: Csms, data: str | bytes) -> str | bytes | None:
        """Out of step."""
        message = parse(data)
        waiting = csms.open_call
        if isinstance(message, CallResult | CallError) and (waiting is None or waiting.id != message.id):
            csms.closing = True
            self.took_effect("the connection is ended because of an answer that came too late")
        return data


@fault("late-reply-shifts", "Takes an answer that came too late for that to its next CALL.")
class LateReplyShifts(Fault):
    """F21: the CALL after that goes out before the answer to that one."""

    def heard(self, csms: Csms, data: str | bytes) -> str | bytes | None:
        """Answers are taken in the order in which they come."""
        message = parse(data)
        waiting = csms.open_call
        if isinstance(message, CallResult) and waiting is not None and waiting.id != message.id:
            return encode(replace(message, id=waiting.id))
        return data


@fault("big-frame-kills", "Ends the connection without a Close after a message of more than 64 kB.")
class BigFrameKills(Fault):
    """F22."""

    def heard(self, csms: Csms, data: str | bytes) -> str | bytes | None:
        """A buffer overflows."""
        if len(data) > 0x1_0000:
            csms.closing = True
            self.took_effect("the connection is ended because of a large message")
            return None
        return data


@fault("error-details-text", "Fills errorDetails of a CALLERROR with text.")
class ErrorDetailsText(Fault):
    """F25, steve#45."""

    def sends(self, csms: Csms, texts: Texts, data: Data) -> Texts:
        """No object."""
        return tuple(_with(text, 4, "") for text in texts)


@fault("error-without-details", "Sends a CALLERROR of four elements.")
class ErrorWithoutDetails(Fault):
    """F25."""

    def sends(self, csms: Csms, texts: Texts, data: Data) -> Texts:
        """Details left out."""
        return tuple(json.dumps(json.loads(text)[:4]) if isinstance(parse(text), CallError) else text for text in texts)


@fault("error-with-own-code", "Refuses with an error code that does not exist.")
class ErrorWithOwnCode(Fault):
    """Table of error codes [P4 4.3]."""

    def sends(self, csms: Csms, texts: Texts, data: Data) -> Texts:
        """A code of its own."""
        return tuple(_with(text, 2, "BadRequest") for text in texts)


@fault("reply-with-new-id", "Answers with a message id of its own.")
class ReplyWithNewId(Fault):
    """Results and errors echo the id [P4 4.2]."""

    def sends(self, csms: Csms, texts: Texts, data: Data) -> Texts:
        """Correlation lost."""
        return tuple(
            encode(replace(message, id=csms.backend.new_id())) if isinstance(message, CallResult) else text
            for text in texts
            for message in (parse(text),)
        )


@fault("empty-reply-null", "Sends null as payload of an empty result.")
class EmptyReplyNull(Fault):
    """Never null [P4 4]."""

    def sends(self, csms: Csms, texts: Texts, data: Data) -> Texts:
        """Nothing is null."""
        return tuple(text.replace(",{}]", ",null]") if isinstance(parse(text), CallResult) else text for text in texts)


@fault("reused-message-id", "Gives all its CALLs the same message id.")
class ReusedMessageId(Fault):
    """A message id is never used again by its sender [P4 4.2]."""

    def __init__(self) -> None:
        super().__init__()
        self._ids: dict[str, str] = {}

    def heard(self, csms: Csms, data: str | bytes) -> str | bytes | None:
        """Knows its own CALL again."""
        message = parse(data)
        waiting = csms.open_call
        if isinstance(message, CallResult | CallError) and message.id == "1" and waiting is not None:
            return encode(replace(message, id=waiting.id))
        return data

    def sends(self, csms: Csms, texts: Texts, data: Data) -> Texts:
        """A counter that does not count."""
        return tuple(
            encode(replace(message, id="1")) if isinstance(message, Call) else text
            for text in texts
            for message in (parse(text),)
        )


@fault("21-actions-on-201", "Calls actions of OCPP 2.1 on a connection that speaks 2.0.1.")
class NewActionsOn201(Fault):
    """F26."""

    def sends(self, csms: Csms, texts: Texts, data: Data) -> Texts:
        """After BootNotification it introduces itself in 2.1."""
        call = call_in(data)
        if csms.edition is not Edition.V201 or call is None or call.action != "BootNotification":
            return texts
        return (*texts, encode(Call(csms.backend.new_id(), "GetPeriodicEventStream", {})))


@fault("version-by-identity", "Keeps the version of a station's first connection for all later ones.")
class VersionByIdentity(Fault):
    """F27, lbbrhzn/ocpp#2008."""

    def __init__(self) -> None:
        super().__init__()
        self._editions: dict[str, Edition] = {}

    def entrance(self, entrance: Entrance) -> Entrance:
        """What was is."""
        if entrance.edition is None:
            return entrance
        return replace(entrance, edition=self._editions.setdefault(entrance.identity, entrance.edition))


@fault("slow-answers", "Answers a Heartbeat after 40 s.")
class SlowAnswers(Fault):
    """Longer than any MessageTimeout of the harness."""

    def reply(self, turn: Turn, reply: Reply) -> Reply:
        """Late."""
        return replace(reply, delay=40.0) if turn.action == "Heartbeat" else reply


@fault("heartbeat-refused", "Refuses Heartbeat with NotSupported.")
class HeartbeatRefused(Refuses):
    """A station keeps its clock by it."""

    action = "Heartbeat"
    code = ErrorCode.NOT_SUPPORTED


def _with(text: str, index: int, value: object) -> str:
    if not isinstance(parse(text), CallError):
        return text
    elements = json.loads(text)
    elements[index] = value
    return json.dumps(elements)


def _json(data: Data) -> object:
    try:
        return None if data is None else json.loads(data)
    except (ValueError, RecursionError):
        return None
