"""Holds values against their declarations, field by field.

The encoder checks the same rules in compiled form and stops at the first breach without a word; here is the slow way
that finds the words. Judges use it on decoded messages: the wire can carry more than the schema allows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from v2gready.protocols.exi.declarations import Binary, Boolean, Enumeration, Integer, Simple, Text
from v2gready.protocols.exi.grammar import Particle, grammar_of

# XML 1.0, production [2] Char.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Violation:
    """A value that breaks its declaration.

    Attributes:
        path: The field, as in `ServiceDiscoveryRes.EnergyTransferServiceList.Service[2].ServiceID`.
        reason: What is wrong with it.
        encodable: Whether the wire can carry it nevertheless.
    """

    path: str
    reason: str
    encodable: bool


def is_xml_text(value: str) -> bool:
    """Whether all characters may stand in an XML document."""
    return value.isprintable() or _NOT_XML.search(value) is None


def bounds(content: Integer, *, check: bool) -> tuple[int | None, int | None]:
    """The least and greatest value by the schema, or (check false) by what the wire can carry."""
    if check:
        return content.minimum, content.maximum
    if content.width is not None and content.minimum is not None:
        return content.minimum, content.minimum + (1 << content.width) - 1
    return (None, None) if content.signed else (0, None)


def violations(value: object, path: str | None = None) -> Iterator[Violation]:
    """What is wrong with an object of a declared class, in the order of the fields."""
    declaration: type = type(value)
    path = declaration.__name__ if path is None else path
    for particle in grammar_of(declaration).particles:
        if particle.repeats:
            yield from _repeat(particle, value, path)
        elif particle.fields:
            yield from _single(particle, value, path)


def _single(particle: Particle, owner: object, path: str) -> Iterator[Violation]:
    present = [field for field in particle.fields if getattr(owner, field) is not None]
    if len(present) > 1 or (not present and particle.required):
        if len(particle.fields) == 1:
            yield Violation(f"{path}.{particle.fields[0]}", "is missing", encodable=False)
        else:
            names = ", ".join(particle.fields)
            yield Violation(path, f"exactly one of {names} must be set, not {len(present)}", encodable=False)
        return
    for field in present:
        contents = [production.content for production in particle.productions if production.field == field]
        yield from _content(contents, getattr(owner, field), f"{path}.{field}")


def _repeat(particle: Particle, owner: object, path: str) -> Iterator[Violation]:
    (production,) = particle.productions
    items = getattr(owner, production.field)
    path = f"{path}.{production.field}"
    if not isinstance(items, tuple):
        yield Violation(path, f"is no tuple but {items!r}", encodable=False)
        return
    least = particle.minimum
    if len(items) < least or (particle.maximum is not None and len(items) > particle.maximum):
        most = "unbounded" if particle.maximum is None else particle.maximum
        yield Violation(path, f"{len(items)} items, allowed are {least}..{most}", encodable=False)
    for number, item in enumerate(items):
        yield from _content([production.content], item, f"{path}[{number}]")


def _content(contents: list[Any], value: object, path: str) -> Iterator[Violation]:
    (content, *_) = contents
    if not isinstance(content, type):
        if isinstance(value, _PYTHON_TYPES[type(content)]):
            yield from (Violation(path, reason, encodable) for reason, encodable in _facets(content, value))
        else:
            yield Violation(path, f"is no {_PYTHON_TYPES[type(content)].__name__} but {value!r}", encodable=False)
    elif type(value) in contents:
        yield from violations(value, path)
    else:
        names = " or ".join(content.__name__ for content in contents)
        yield Violation(path, f"is no {names} but {value!r}", encodable=False)


_PYTHON_TYPES = {Boolean: bool, Enumeration: int, Integer: int, Text: str, Binary: bytes}


def _facets(content: Simple, value: Any) -> Iterator[tuple[str, bool]]:
    """What is wrong with a value of the right Python type, and whether the wire can carry it."""
    match content:
        case Enumeration() if not 0 <= value < len(content.values):
            yield f"{content.values.__name__} has no value {value}", 0 <= value < 1 << content.width
        case Integer() if not _within(value, bounds(content, check=True)):
            yield (
                f"{value} is not in {content.minimum}..{content.maximum}",
                _within(value, bounds(content, check=False)),
            )
        case Text():
            if content.max_length is not None and len(value) > content.max_length:
                yield f"{len(value)} characters, {content.max_length} allowed", True
            if not is_xml_text(value):
                yield f"{value!r} has a character that XML has not", True
        case Binary(length=int()) if len(value) != content.length:
            yield f"{len(value)} bytes instead of {content.length}", True
        case Binary(max_length=int(most)) if len(value) > most:
            yield f"{len(value)} bytes, {most} allowed", True


def _within(value: int, limits: tuple[int | None, int | None]) -> bool:
    least, most = limits
    return (least is None or value >= least) and (most is None or value <= most)
