"""Payloads against the JSON schemas of OCPP, with the error code a peer may answer for each problem.

The schemas are those inside the package ``ocpp``. Each is read and compiled into nested functions when its message is
first seen; a valid payload then costs one call per field. Compared with a general validator it also looks at what
``format`` says, and its problems name the field as a person would: ``chargingProfile.chargingSchedule[0].limit``.

Only the keywords that the schemas use are known; a schema with another one is refused when it is compiled, so that a
later edition cannot be half checked.
"""

from __future__ import annotations

import importlib.resources
import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from typing import Any, Final

from v2gready.protocols.ocpp.editions import Edition
from v2gready.protocols.ocpp.frames import MAX_DESCRIPTION, Call, CallError, CallResult, ErrorCode

_FILES: Final = importlib.resources.files("ocpp")  # the package itself is empty: nothing but data is loaded
_FOLDERS: Final = {Edition.V201: "v201", Edition.V21: "v21"}
_SENDS: Final = frozenset({"NotifyPeriodicEventStream"})
_SHOWN: Final = 60
"""Characters of a wrong value in a sentence: a peer decides how long it is."""


@dataclass(frozen=True, slots=True)
class SchemaProblem:
    """One field that breaks the schema.

    Attributes:
        path: The field, e.g. ``chargingProfile.chargingSchedule[0].limit``; empty for the payload itself. A missing
            field and one too many are named themselves, not the object around them.
        rule: The keyword of JSON schema that is broken (``required``, ``type``, ``format``, ...); ``action`` if the
            edition has no such message, ``id`` and ``errorCode`` and ``errorDescription`` from `check_reply`.
        code: The error code we answer.
        sentence: What is wrong, in words.
    """

    path: str
    rule: str
    code: ErrorCode
    sentence: str


# A path is a chain of pairs (the outer path, the name or the index): text is made of it only for a problem.
_Path = tuple[Any, str | int] | None
_Found = list[tuple[_Path, str, str]]
_Check = Callable[[Any, _Path, _Found], None]
_Schema = Mapping[str, Any]


@cache
def actions(edition: Edition) -> frozenset[str]:
    """Every action that may be called; the actions of SEND are in `sends`."""
    names = (one.name for one in (_FILES / _FOLDERS[edition] / "schemas").iterdir())
    return frozenset(name.removesuffix("Request.json") for name in names if name.endswith("Request.json"))


def sends(edition: Edition) -> frozenset[str]:
    """Every action of SEND."""
    return _SENDS if edition.has_send else frozenset()


def check(edition: Edition, action: str, payload: Any, *, response: bool = False) -> tuple[SchemaProblem, ...]:
    """What is wrong with a payload.

    Args:
        edition: Edition of the connection.
        action: Name of the action as on the wire, of a CALL or a SEND.
        payload: Any JSON value.
        response: Whether the payload answers the action.

    Returns:
        All problems, in the order of the schema; at most one per field. Empty for a valid payload.
    """
    known = action in actions(edition) or (not response and action in sends(edition))
    if not known:
        sentence = f"{edition} has no {'answer to' if response else 'action'} {action[:_SHOWN]!r}"
        return (SchemaProblem("", "action", ErrorCode.NOT_IMPLEMENTED, sentence),)
    found: _Found = []
    _compiled(edition, action, response)(payload, None, found)
    if not found:
        return ()
    return tuple(_problem(edition, *one) for one in found)


def check_reply(edition: Edition, call: Call, reply: CallResult | CallError) -> tuple[SchemaProblem, ...]:
    """What is wrong with an answer.

    Args:
        edition: Edition of the connection.
        call: The call.
        reply: What came for it.

    Returns:
        All problems: of the payload of a result; of code and description of an error; a wrong message id.
    """
    problems: list[SchemaProblem] = []
    if reply.id != call.id:
        sentence = f"answers {reply.id!r} instead of {call.id!r}"
        problems.append(SchemaProblem("", "id", ErrorCode.RPC_FRAMEWORK_ERROR, sentence))
    if isinstance(reply, CallResult):
        return (*problems, *check(edition, call.action, reply.payload, response=True))
    if reply.code not in _CODES:
        sentence = f"{reply.code[:_SHOWN]!r} is no error code of OCPP"
        problems.append(SchemaProblem("", "errorCode", ErrorCode.PROPERTY_CONSTRAINT_VIOLATION, sentence))
    if len(reply.description) > MAX_DESCRIPTION:
        sentence = f"the description has {len(reply.description)} characters, at most {MAX_DESCRIPTION} are allowed"
        problems.append(SchemaProblem("", "errorDescription", ErrorCode.FORMAT_VIOLATION, sentence))
    return tuple(problems)


def acceptable_codes(problem: SchemaProblem) -> frozenset[ErrorCode]:
    """Every error code that a peer may answer for a problem.

    The specification describes the codes by one sentence each, and the known implementations map keywords to them in
    different ways (reference 1 and 7), so only a code that says something else is wrong.
    """
    return _ACCEPTABLE.get(problem.rule, frozenset({problem.code}))


def describe(problems: Collection[SchemaProblem]) -> str:
    """All problems in one line, short enough for the description of an error."""
    text = "; ".join(f"{one.path or 'payload'}: {one.sentence}" for one in problems)
    return text if len(text) <= MAX_DESCRIPTION else text[: MAX_DESCRIPTION - 3] + "..."


_CODES: Final = frozenset(ErrorCode)
_OCCURRENCE: Final = frozenset({ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION, ErrorCode.OCCURENCE_CONSTRAINT_VIOLATION})
_ANSWERED: Final[Mapping[str, ErrorCode]] = {
    "type": ErrorCode.TYPE_CONSTRAINT_VIOLATION,
    "maxLength": ErrorCode.TYPE_CONSTRAINT_VIOLATION,
    "format": ErrorCode.FORMAT_VIOLATION,
    "enum": ErrorCode.PROPERTY_CONSTRAINT_VIOLATION,
    "minimum": ErrorCode.PROPERTY_CONSTRAINT_VIOLATION,
    "maximum": ErrorCode.PROPERTY_CONSTRAINT_VIOLATION,
    "minItems": ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION,
    "maxItems": ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION,
    "required": ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION,
    "additionalProperties": ErrorCode.FORMAT_VIOLATION,
}
_VALUE: Final = frozenset(
    {
        ErrorCode.FORMAT_VIOLATION,
        ErrorCode.PROPERTY_CONSTRAINT_VIOLATION,
        ErrorCode.TYPE_CONSTRAINT_VIOLATION,
    }
)
_STRUCTURE: Final = _OCCURRENCE | {ErrorCode.FORMAT_VIOLATION, ErrorCode.PROTOCOL_ERROR}
_ACCEPTABLE: Final[Mapping[str, frozenset[ErrorCode]]] = {
    "type": _VALUE | {ErrorCode.PROTOCOL_ERROR},
    "maxLength": _VALUE | _OCCURRENCE,
    "format": _VALUE,
    "enum": _VALUE,
    "minimum": _VALUE,
    "maximum": _VALUE,
    "minItems": _STRUCTURE | {ErrorCode.PROPERTY_CONSTRAINT_VIOLATION},
    "maxItems": _STRUCTURE | {ErrorCode.PROPERTY_CONSTRAINT_VIOLATION},
    "required": _STRUCTURE,
    "additionalProperties": _STRUCTURE | {ErrorCode.PROPERTY_CONSTRAINT_VIOLATION},
    "action": frozenset({ErrorCode.NOT_IMPLEMENTED, ErrorCode.NOT_SUPPORTED}),
}


def _problem(edition: Edition, path: _Path, rule: str, sentence: str) -> SchemaProblem:
    code = _ANSWERED[rule]
    if edition is Edition.V201 and code is ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION:
        code = ErrorCode.OCCURENCE_CONSTRAINT_VIOLATION
    return SchemaProblem(_text(path), rule, code, sentence)


def _text(path: _Path) -> str:
    parts: list[str] = []
    while path is not None:
        path, step = path
        parts.append(f"[{step}]" if isinstance(step, int) else f".{step[:_SHOWN]}")
    return "".join(reversed(parts)).removeprefix(".")


@cache
def _compiled(edition: Edition, action: str, response: bool) -> _Check:  # noqa: FBT001 - part of a cache's key
    schema = load(edition, action, response=response)
    return _Compiler(schema.get("definitions", {})).compile(schema)


def load(edition: Edition, action: str, *, response: bool = False) -> dict[str, Any]:
    """The schema of one message as it stands in the package ``ocpp``.

    Raises:
        KeyError: The edition has no such message.
    """
    if action in sends(edition) and not response:
        name = f"{action}.json"
    elif action in actions(edition):
        name = f"{action}{'Response' if response else 'Request'}.json"
    else:
        raise KeyError(action)
    # Releases of the package differ in whether a file begins with a byte order mark.
    text = (_FILES / _FOLDERS[edition] / "schemas" / name).read_text(encoding="utf-8-sig")
    schema: dict[str, Any] = json.loads(text)
    return schema


class _Compiler:
    """Turns one schema into a function; each definition once."""

    _PROSE: Final = frozenset({"$schema", "$id", "comment", "description", "javaType", "default", "definitions"})
    # "items" is one schema for all elements everywhere, and then "additionalItems" says nothing (draft-06, 6.10).
    _KNOWN: Final = _PROSE | {
        *("type", "$ref", "enum", "format", "maxLength", "minimum", "maximum"),
        *("properties", "required", "additionalProperties", "items", "additionalItems", "minItems", "maxItems"),
    }

    def __init__(self, definitions: Mapping[str, _Schema]) -> None:
        self._definitions = definitions
        self._done: dict[str, _Check] = {}

    def compile(self, schema: _Schema) -> _Check:
        """The function that appends what is wrong with a value.

        Raises:
            NotImplementedError: The schema uses a keyword, type or format nobody here knows.
        """
        unknown = schema.keys() - self._KNOWN
        if unknown:
            raise NotImplementedError(f"schema keyword {', '.join(sorted(unknown))}")
        if "$ref" in schema:
            return self._reference(schema["$ref"])
        kind = schema.get("type")
        match kind:
            case "object":
                return self._object(schema)
            case "array":
                return _array(self.compile(schema["items"]), schema.get("minItems", 0), schema.get("maxItems"))
            case "string":
                return _string(schema)
            case "integer" | "number":
                return _number(schema, whole=kind == "integer")
            case "boolean":
                return _boolean
            case None if not schema.keys() - self._PROSE:
                return _anything
        raise NotImplementedError(f"schema type {kind!r}")

    def _reference(self, reference: str) -> _Check:
        name = reference.removeprefix("#/definitions/")
        if name not in self._done:
            self._done[name] = self.compile(self._definitions[name])
        return self._done[name]

    def _object(self, schema: _Schema) -> _Check:
        fields = {name: self.compile(inner) for name, inner in schema.get("properties", {}).items()}
        required = tuple(schema.get("required", ()))
        extra = schema.get("additionalProperties", True)
        if not isinstance(extra, bool):
            raise NotImplementedError("a schema for additional properties")
        return _object(fields, required, closed=not extra)


def _object(fields: Mapping[str, _Check], required: tuple[str, ...], *, closed: bool) -> _Check:
    def check(value: Any, path: _Path, found: _Found) -> None:
        if not isinstance(value, dict):
            _wrong_type(value, "an object", path, found)
            return
        for name in required:
            if name not in value:
                found.append(((path, name), "required", "is missing"))
        for name, item in value.items():
            inner = fields.get(name)
            if inner is not None:
                inner(item, (path, name), found)
            elif closed:
                found.append(((path, name), "additionalProperties", "is no field of this object"))

    return check


def _array(item: _Check, least: int, most: int | None) -> _Check:
    def check(value: Any, path: _Path, found: _Found) -> None:
        if not isinstance(value, list):
            _wrong_type(value, "an array", path, found)
            return
        if len(value) < least:
            found.append((path, "minItems", f"has {len(value)} elements, at least {least} are needed"))
        if most is not None and len(value) > most:
            found.append((path, "maxItems", f"has {len(value)} elements, at most {most} are allowed"))
        for index, element in enumerate(value):
            item(element, (path, index), found)

    return check


def _string(schema: _Schema) -> _Check:
    most = schema.get("maxLength")
    allowed = frozenset(schema["enum"]) if "enum" in schema else None
    layout = schema.get("format")
    if layout not in {None, "date-time"}:
        raise NotImplementedError(f"schema format {layout!r}")

    def check(value: Any, path: _Path, found: _Found) -> None:
        if not isinstance(value, str):
            _wrong_type(value, "a string", path, found)
        elif allowed is not None and value not in allowed:
            found.append((path, "enum", f"{value[:_SHOWN]!r} is none of its values"))
        elif most is not None and len(value) > most:
            found.append((path, "maxLength", f"has {len(value)} characters, at most {most} are allowed"))
        elif layout is not None and not is_date_time(value):
            found.append((path, "format", f"{value[:_SHOWN]!r} is no date-time of RFC 3339 with Z or an offset"))

    return check


def _number(schema: _Schema, *, whole: bool) -> _Check:
    least: float | None = schema.get("minimum")
    most: float | None = schema.get("maximum")

    def check(value: Any, path: _Path, found: _Found) -> None:
        # A bool is an int for Python only. 5.0 is an integer for JSON schema since draft-06.
        if type(value) is int or (type(value) is float and (not whole or value.is_integer())):
            if least is not None and value < least:
                found.append((path, "minimum", f"{_brief(value)} is below {least:g}"))
            elif most is not None and value > most:
                found.append((path, "maximum", f"{_brief(value)} is above {most:g}"))
        else:
            _wrong_type(value, "an integer" if whole else "a number", path, found)

    return check


def _boolean(value: Any, path: _Path, found: _Found) -> None:
    if not isinstance(value, bool):
        _wrong_type(value, "a boolean", path, found)


def _anything(value: Any, path: _Path, found: _Found) -> None:
    """A property without a type, as in the data of DataTransfer."""


def _wrong_type(value: Any, wanted: str, path: _Path, found: _Found) -> None:
    found.append((path, "type", f"{_brief(value)} is not {wanted}"))


def _brief(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case dict():
            return "an object"
        case list():
            return "an array"
        case str():
            return repr(value[:_SHOWN])
        case int() if abs(value) > 1 << 64:
            return "a very large integer"
        case _:
            return str(value)


_DATE_TIME: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt](?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
)


def is_date_time(text: str) -> bool:
    """Whether a text is a date-time of RFC 3339: with ``T``, seconds, and ``Z`` or an offset. 60 is a leap second."""
    found = _DATE_TIME.fullmatch(text)
    return found is not None and _is_date(found.group(1))


@lru_cache(maxsize=64)
def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
