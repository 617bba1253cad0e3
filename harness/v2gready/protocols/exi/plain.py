"""Declared objects as JSON-able values, and back: for traces, reports and vectors.

Bytes are hexadecimal, enumerations go by name, absent optionals are left out. In a slot for one of several classes the
key is the name of the element, that is of the class, and not of the field.
"""

from __future__ import annotations

from typing import Any

from v2gready.protocols.exi.declarations import Binary, Boolean, Enumeration, Integer, Simple, Text
from v2gready.protocols.exi.grammar import Particle, Production, grammar_of

Plain = dict[str, Any]


def to_plain(value: object) -> Plain:
    """The plain form of an object of a declared class."""
    plain: Plain = {}
    declaration: type = type(value)
    for particle in grammar_of(declaration).particles:
        for field in particle.fields:
            content = getattr(value, field)
            if content is None or content == ():
                continue
            if particle.repeats:
                plain[field] = [_value_to_plain(particle.productions[0].content, item) for item in content]
            elif len(particle.fields) < len(particle.productions):
                plain[type(content).__name__] = to_plain(content)
            else:
                (production,) = (p for p in particle.productions if p.field == field)
                plain[field] = _value_to_plain(production.content, content)
    return plain


def from_plain(declaration: type, plain: Plain, path: str | None = None) -> Any:
    """The object whose plain form is `plain`.

    Raises:
        ValueError: A key or a value does not belong there; the message begins with its path.
    """
    path = declaration.__name__ if path is None else path
    if not isinstance(plain, dict):
        raise ValueError(f"{path}: is no object but {plain!r}")  # noqa: TRY004 - one kind of error for bad input
    found: dict[str, Any] = {}
    known: set[str] = set()
    for particle in grammar_of(declaration).particles:
        for production in particle.productions:
            if production.field and production.name in plain:
                known.add(production.name)
                if production.field in found:
                    raise ValueError(f"{path}.{production.name}: {production.field} has a value already")
                content = _field(particle, production, plain[production.name], f"{path}.{production.name}")
                found[production.field] = content
    if unknown := plain.keys() - known:
        raise ValueError(f"{path}: no such field: {', '.join(sorted(unknown))}")
    try:
        return declaration(**found)
    except TypeError as error:
        raise ValueError(f"{path}: {error}") from error


def _field(particle: Particle, production: Production, plain: Any, path: str) -> Any:
    if not particle.repeats:
        return _value_from_plain(production.content, plain, path)
    if not isinstance(plain, list):
        raise ValueError(f"{path}: is no list but {plain!r}")  # noqa: TRY004 - as above
    return tuple(_value_from_plain(production.content, item, f"{path}[{at}]") for at, item in enumerate(plain))


def _value_to_plain(content: Simple | type | None, value: Any) -> Any:
    match content:
        case Binary():
            return value.hex()
        case Enumeration():
            # A number without a name can only be on its way out, past the checks.
            return content.values(value).name if 0 <= value < len(content.values) else int(value)
        case type():
            return to_plain(value)
        case _:
            return value


def _value_from_plain(content: Simple | type | None, plain: Any, path: str) -> Any:
    match content:
        case Binary() if isinstance(plain, str):
            try:
                return bytes.fromhex(plain)
            except ValueError:
                raise ValueError(f"{path}: is not hexadecimal: {plain!r}") from None
        case Enumeration() if isinstance(plain, str) and plain in content.values.__members__:
            return content.values[plain]
        case Enumeration() | Integer() if isinstance(plain, int) and not isinstance(plain, bool):
            return plain
        case Boolean() if isinstance(plain, bool):
            return plain
        case Text() if isinstance(plain, str):
            return plain
        case type():
            return from_plain(content, plain, path)
    raise ValueError(f"{path}: not a value of this type: {plain!r}")
