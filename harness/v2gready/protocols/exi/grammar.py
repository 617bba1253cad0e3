"""From declarations to grammars: which events may come next, and how many bits their codes take.

Within a content model the possible events ("productions") are numbered once, in schema order, attributes first, the
end of the element last. A state is the number of the first production that may still come; the event code of
production p in state s is p - s. That works because a content model here is a sequence in which every particle is
required, optional or repeated, so the productions that may come next are always neighbours.
"""

from __future__ import annotations

import enum
import functools
import inspect
import sys
import types
import typing
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from v2gready.protocols.exi.declarations import (
    Binary,
    Boolean,
    Enumeration,
    Integer,
    Marker,
    Occurs,
    OneOf,
    Refused,
    Simple,
    Substitution,
    Text,
)

NO_REFUSALS = Refused()


@dataclass(frozen=True, slots=True)
class Production:
    """One event that a state may have.

    Attributes:
        name: Local name of the element or attribute.
        uri: Its namespace.
        field: The field that carries its value; empty if the event is refused.
        content: What it contains: a simple type, a dataclass, or None if the event is refused.
        is_element: False for attributes and simple content, whose value follows the event code without CH and EE.
    """

    name: str
    uri: str
    field: str
    content: Simple | type | None
    is_element: bool = True


@dataclass(frozen=True, slots=True)
class Particle:
    """One place in a content model.

    Attributes:
        first: Number of its first production.
        productions: One, or the branches of a choice or substitution group.
        fields: The fields that carry it: one, or one for each branch of a choice of simple types; none if refused.
        required: Whether it must come.
        repeats: Whether its field is a tuple.
        minimum: How often it must come if it repeats.
        maximum: How often it may come if it repeats; None is without limit.
    """

    first: int
    productions: tuple[Production, ...]
    fields: tuple[str, ...]
    required: bool
    repeats: bool
    maximum: int | None
    minimum: int

    @property
    def after(self) -> int:
        """Number of the production behind it."""
        return self.first + len(self.productions)


@dataclass(frozen=True, slots=True)
class Grammar:
    """The content model of one dataclass."""

    type: type
    particles: tuple[Particle, ...]
    mixed: bool

    @property
    def end(self) -> int:
        """Number of the production that ends the element."""
        return self.particles[-1].after if self.particles else 0

    @property
    def is_flat(self) -> bool:
        """Whether it is a sequence of required numbers, which codecs write out in place: a RationalNumber is one."""
        return all(
            particle.required
            and not particle.repeats
            and len(particle.productions) == 1
            and isinstance(particle.productions[0].content, Boolean | Enumeration | Integer)
            for particle in self.particles
        )

    def choices(self, state: int) -> int:
        """How many productions may come in `state`."""
        count = 0
        for particle in self.particles:
            if particle.first >= state:
                count += len(particle.productions)
                if particle.required:
                    return count
        return count + 1 + self.mixed

    def choices_again(self, particle: Particle) -> int:
        """How many productions may come behind an occurrence of `particle` when it may come once more."""
        return 1 + self.choices(particle.after)


def code_width(choices: int) -> int:
    """Bits of an event code: ceil(log2(choices + 1)), because `strict` is false (reference 2.1)."""
    return choices.bit_length()


@functools.cache
def grammar_of(declaration: type) -> Grammar:
    """The grammar that a dataclass declares.

    Raises:
        TypeError: The class is not a declaration.
    """
    if not is_dataclass(declaration):
        raise TypeError(f"{declaration!r} declares no element")
    hints = typing.get_type_hints(declaration, include_extras=True)
    attributes: list[tuple[list[Production], Occurs]] = []
    elements: list[tuple[list[Production], Occurs]] = []
    group = None
    for field in fields(declaration):
        hint = _Hint(hints[field.name])
        productions = _productions(declaration, field.name, hint)
        if hint.marker is Marker.ATTRIBUTE:
            attributes.append((productions, hint.occurs))
        elif hint.one_of is not None and hint.one_of == group:
            elements[-1][0].extend(productions)
        else:
            elements.append((productions, Occurs(1, 1) if hint.one_of else hint.occurs))
        group = hint.one_of
    refused: Refused = getattr(declaration, "REFUSED", NO_REFUSALS)
    elements += [([Production(name, "", "", None)], Occurs(0, 1)) for name in refused.elements]
    particles: list[Particle] = []
    for productions, occurs in sorted(attributes, key=lambda entry: entry[0][0].name) + elements:
        particles.append(
            Particle(
                first=particles[-1].after if particles else 0,
                productions=tuple(productions),
                fields=tuple({production.field: None for production in productions if production.field}),
                required=occurs.minimum > 0,
                repeats=occurs.maximum != 1,
                maximum=occurs.maximum,
                minimum=occurs.minimum,
            )
        )
    return Grammar(declaration, tuple(particles), refused.mixed)


def namespace_of(declaration: type) -> str:
    """The target namespace of a declaration: the constant NAMESPACE of its module."""
    return str(vars(sys.modules[declaration.__module__])["NAMESPACE"])


class _Hint:
    """A field annotation, taken apart."""

    def __init__(self, hint: object) -> None:
        self.marker: Marker | None = None
        self.one_of: str | None = None
        self.substitution: str | None = None
        self.simple: Simple | None = None
        self.occurs = Occurs(1, 1)
        self.classes: tuple[Any, ...] = ()
        self._read(hint)

    def _read(self, hint: object) -> None:
        origin = typing.get_origin(hint)
        if origin is typing.Annotated:
            inner, *metadata = typing.get_args(hint)
            self._read(inner)
            for item in metadata:
                self._annotate(item)
        elif origin in {types.UnionType, typing.Union}:
            members = [member for member in typing.get_args(hint) if member is not types.NoneType]
            if len(members) < len(typing.get_args(hint)):
                self.occurs = Occurs(0, 1)
            for member in members:
                self._read(member)
        elif origin is tuple:
            self._read(typing.get_args(hint)[0])
        elif hint is bool:
            self.simple = Boolean()
        elif isinstance(hint, type) and issubclass(hint, enum.IntEnum):
            self.simple = Enumeration(hint)
        else:
            self.classes += (hint,)

    def _annotate(self, item: object) -> None:
        match item:
            case Marker():
                self.marker = item
            case OneOf():
                self.one_of = item.group
            case Substitution():
                self.substitution = item.head
            case Occurs():
                self.occurs = item
            case Integer() | Text() | Binary():
                self.simple = item
            case _:
                raise TypeError(f"unknown declaration {item!r}")


def _productions(declaration: type, field: str, hint: _Hint) -> list[Production]:
    owner = next(base for base in reversed(declaration.__mro__) if field in inspect.get_annotations(base))
    uri = namespace_of(owner)
    if hint.simple is not None:
        is_element = hint.marker not in {Marker.ATTRIBUTE, Marker.CONTENT}
        return [Production(field, uri, field, hint.simple, is_element)]
    if len(hint.classes) == 1 and hint.substitution is None:
        (only,) = hint.classes
        return [Production(field, namespace_of(only) if hint.marker is Marker.REF else uri, field, only)]
    slot = [Production(member.__name__, namespace_of(member), field, member) for member in hint.classes]
    if hint.substitution is not None:
        if all(production.name != hint.substitution for production in slot):
            slot.append(Production(hint.substitution, uri, "", None))
        # EXI 8.5.4.1.6: the members of a substitution group are sorted by name, whatever the schema's order.
        slot.sort(key=lambda production: (production.name, production.uri))
    return slot
