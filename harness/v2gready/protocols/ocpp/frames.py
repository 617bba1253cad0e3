"""OCPP-J frames: text in, one message or the reason why it is none out, and back.

Payloads stay as they are on the wire: camelCase names and plain JSON values. Nothing is renamed, so ``limit_L2`` and
``fixedPFAbsorb`` survive; nothing is rounded, so 8.1 A stays 8.1 A.

Reading is strict where a second reader could understand something else: two keys of one name, numbers that are none
(NaN, 1e400), text that is no UTF-8. What a peer sends never raises; it is told as `Malformed`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from math import isinf
from typing import Any, Final, NoReturn

Payload = dict[str, Any]
"""The fields of one message by their names on the wire. Numbers are int or float."""

MAX_NESTING: Final = 64
"""Deepest accepted nesting of arrays and objects. The deepest message of OCPP 2.1 needs fewer than twenty."""
MAX_ID: Final = 36
MAX_DESCRIPTION: Final = 255
UNREADABLE_ID: Final = "-1"
"""The id of an error about a message whose own id cannot be read [Part 4, 4.2.3]."""


class MessageType(IntEnum):
    """The first element of a frame."""

    CALL = 2
    CALL_RESULT = 3
    CALL_ERROR = 4
    CALL_RESULT_ERROR = 5
    """OCPP 2.1 only."""
    SEND = 6
    """OCPP 2.1 only."""


class ErrorCode(StrEnum):
    """Error codes of CALLERROR and CALLRESULTERROR."""

    FORMAT_VIOLATION = "FormatViolation"
    GENERIC_ERROR = "GenericError"
    INTERNAL_ERROR = "InternalError"
    MESSAGE_TYPE_NOT_SUPPORTED = "MessageTypeNotSupported"
    NOT_IMPLEMENTED = "NotImplemented"
    """The action is unknown."""
    NOT_SUPPORTED = "NotSupported"
    """The action is known and not supported."""
    OCCURRENCE_CONSTRAINT_VIOLATION = "OccurrenceConstraintViolation"
    OCCURENCE_CONSTRAINT_VIOLATION = "OccurenceConstraintViolation"
    """The same as OCPP 2.0.1 spells it."""
    PROPERTY_CONSTRAINT_VIOLATION = "PropertyConstraintViolation"
    PROTOCOL_ERROR = "ProtocolError"
    RPC_FRAMEWORK_ERROR = "RpcFrameworkError"
    SECURITY_ERROR = "SecurityError"
    TYPE_CONSTRAINT_VIOLATION = "TypeConstraintViolation"


@dataclass(frozen=True, slots=True)
class Call:
    """CALL: asks for something, answered exactly once."""

    id: str
    action: str
    payload: Payload


@dataclass(frozen=True, slots=True)
class CallResult:
    """CALLRESULT: the answer to the call with the same id."""

    id: str
    payload: Payload


@dataclass(frozen=True, slots=True)
class CallError:
    """CALLERROR: the call with the same id was refused. The code is kept as sent, also one nobody defined."""

    id: str
    code: str
    description: str = ""
    details: Payload = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CallResultError:
    """CALLRESULTERROR (2.1): the CALLRESULT with the same id was no valid answer."""

    id: str
    code: str
    description: str = ""
    details: Payload = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Send:
    """SEND (2.1): told once, never answered."""

    id: str
    action: str
    payload: Payload


Message = Call | CallResult | CallError | CallResultError | Send


@dataclass(frozen=True, slots=True)
class Malformed:
    """What came is no message.

    Attributes:
        id: Its message id, ``-1`` if that cannot be read or is none.
        code: The error code that fits.
        sentence: What is wrong, in words.
        type: Its message type number, None if the frame does not show a known one.
    """

    id: str
    code: ErrorCode
    sentence: str
    type: MessageType | None = None


class _FlawError(ValueError):
    """JSON that two readers could understand differently."""


def _number(literal: str) -> float:
    value = float(literal)
    if isinf(value):
        raise _FlawError(f"the number {literal[:20]} is too large for any reader")
    return value


def _constant(literal: str) -> NoReturn:
    raise _FlawError(f"{literal} is no JSON number")


def _object(pairs: list[tuple[str, Any]]) -> Payload:
    found = dict(pairs)
    if len(found) != len(pairs):
        first = iter(found)  # a peer decides how many keys there are: linear
        twice = next(name for name, _ in pairs if name != next(first, None))
        raise _FlawError(f"the key {twice[:50]!r} stands twice in one object")
    return found


_STRICT = json.JSONDecoder(object_pairs_hook=_object, parse_float=_number, parse_constant=_constant)
_LENIENT = json.JSONDecoder()
"""Reads the id out of a frame that has a flaw elsewhere."""
_COMPACT = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_ASCII = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":"))

# Possessive throughout, and a string may miss its end: linear for every input.
_STRUCTURE = re.compile(r'"(?:[^"\\]++|\\.)*+"?|([\[{])|[\]}]', re.DOTALL)

_LENGTHS: Final = {
    MessageType.CALL: 4,
    MessageType.CALL_RESULT: 3,
    MessageType.CALL_ERROR: 5,
    MessageType.CALL_RESULT_ERROR: 5,
    MessageType.SEND: 4,
}
_TYPES: Final = {int(member): member for member in MessageType}


def parse(data: str | bytes) -> Message | Malformed:
    """The message in one WebSocket data message; never raises.

    Args:
        data: Its text, or the octets of it.

    Returns:
        The message, or why it is none. Whether type 5 and 6 may be used is for the edition of the connection.
    """
    text = _text(data)
    if text is None:
        return Malformed(UNREADABLE_ID, ErrorCode.RPC_FRAMEWORK_ERROR, "the text is no UTF-8")
    if _too_deep(text):
        return Malformed(UNREADABLE_ID, ErrorCode.RPC_FRAMEWORK_ERROR, f"nested deeper than {MAX_NESTING} levels")
    flaw = ""
    try:
        try:
            value = _STRICT.decode(text)
            if "\\u" in text:
                _COMPACT.encode(value).encode()
        except _FlawError as problem:
            flaw = str(problem)
            value = _LENIENT.decode(text)
        except UnicodeEncodeError:
            flaw = "an escape stands for half a character"
    except (ValueError, RecursionError) as problem:
        return Malformed(UNREADABLE_ID, ErrorCode.RPC_FRAMEWORK_ERROR, f"no JSON: {problem}"[:MAX_DESCRIPTION])
    found = _message(value)
    if flaw and not isinstance(found, Malformed):
        return Malformed(found.id, ErrorCode.FORMAT_VIOLATION, flaw, TYPE_OF[type(found)])
    return found


def encode(message: Message) -> str:
    """The text of a message: no spaces, keys in their order, floats in their shortest form that reads back equal.

    Args:
        message: Any message, also one that breaks a rule of OCPP.

    Raises:
        ValueError: A number is not finite.
        TypeError: A value is none that JSON knows.
    """
    number = int(TYPE_OF[type(message)])
    match message:
        case Call() | Send():
            elements: list[Any] = [number, message.id, message.action, message.payload]
        case CallResult():
            elements = [number, message.id, message.payload]
        case CallError() | CallResultError():
            elements = [number, message.id, message.code, message.description, message.details]
    text = _COMPACT.encode(elements)
    # A lone surrogate has no UTF-8; as an escape a tester can still send it.
    return text if _is_unicode(text) else _ASCII.encode(elements)


TYPE_OF: Final[dict[type[Message], MessageType]] = {
    Call: MessageType.CALL,
    CallResult: MessageType.CALL_RESULT,
    CallError: MessageType.CALL_ERROR,
    CallResultError: MessageType.CALL_RESULT_ERROR,
    Send: MessageType.SEND,
}
"""Message type number of each class."""


def _text(data: str | bytes) -> str | None:
    if isinstance(data, str):
        return data if _is_unicode(data) else None
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


def _is_unicode(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _too_deep(text: str) -> bool:
    if text.count("[") + text.count("{") <= MAX_NESTING:
        return False
    depth = 0
    for found in _STRUCTURE.finditer(text):
        if found.group(1):
            depth += 1
            if depth > MAX_NESTING:
                return True
        elif found.group()[0] != '"':
            depth -= 1
    return False


def _message(value: Any) -> Message | Malformed:
    if not isinstance(value, list) or not value:
        return Malformed(UNREADABLE_ID, ErrorCode.RPC_FRAMEWORK_ERROR, "no array with elements")
    message_id = value[1] if len(value) > 1 and _is_id(value[1]) else UNREADABLE_ID
    kind = _TYPES.get(value[0]) if type(value[0]) is int else None
    if kind is None:
        sentence = f"{_brief(value[0])} is no message type number"
        return Malformed(message_id, ErrorCode.MESSAGE_TYPE_NOT_SUPPORTED, sentence)
    if len(value) < 2 or not _is_id(value[1]):
        sentence = f"the message id is no string of 1 to {MAX_ID} characters"
        return Malformed(UNREADABLE_ID, ErrorCode.RPC_FRAMEWORK_ERROR, sentence, kind)
    if len(value) != _LENGTHS[kind]:
        sentence = f"{kind.name} has {_LENGTHS[kind]} elements, this one {len(value)}"
        return Malformed(message_id, ErrorCode.RPC_FRAMEWORK_ERROR, sentence, kind)
    return _BUILDERS[kind](message_id, value)


def _call(message_id: str, value: list[Any]) -> Message | Malformed:
    _, _, action, payload = value
    kind = MessageType(value[0])
    if not isinstance(action, str):
        return Malformed(message_id, ErrorCode.RPC_FRAMEWORK_ERROR, "the action is no string", kind)
    if not isinstance(payload, dict):
        return Malformed(message_id, ErrorCode.FORMAT_VIOLATION, "the payload is no object", kind)
    return (Call if kind is MessageType.CALL else Send)(message_id, action, payload)


def _result(message_id: str, value: list[Any]) -> Message | Malformed:
    if not isinstance(value[2], dict):
        sentence = "the payload is no object"
        return Malformed(message_id, ErrorCode.FORMAT_VIOLATION, sentence, MessageType.CALL_RESULT)
    return CallResult(message_id, value[2])


def _error(message_id: str, value: list[Any]) -> Message | Malformed:
    _, _, code, description, details = value
    kind = MessageType(value[0])
    for what, element, wanted in (
        ("error code is no string", code, str),
        ("error description is no string", description, str),
        ("error details are no object", details, dict),
    ):
        if not isinstance(element, wanted):
            return Malformed(message_id, ErrorCode.RPC_FRAMEWORK_ERROR, f"the {what}", kind)
    return (CallError if kind is MessageType.CALL_ERROR else CallResultError)(message_id, code, description, details)


_BUILDERS: Final = {
    MessageType.CALL: _call,
    MessageType.CALL_RESULT: _result,
    MessageType.CALL_ERROR: _error,
    MessageType.CALL_RESULT_ERROR: _error,
    MessageType.SEND: _call,
}


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= MAX_ID


def _brief(value: Any) -> str:
    """A value for a sentence; a peer decides how large it is."""
    return f"{type(value).__name__} value" if isinstance(value, list | dict) else repr(value)[:30]
