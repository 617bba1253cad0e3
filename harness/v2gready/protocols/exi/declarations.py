"""How a Python dataclass declares an XML schema type.

A frozen dataclass is a complex type: its fields, in order, are the child elements. Annotations say the rest:

    ===============================================  ==========================================================
    `Exponent: Annotated[int, Integer(-128, 127)]`   one element of a simple type
    `EVSEStatus: EVSEStatus | None = None`           an optional element of a complex type
    `Service: Annotated[tuple[Service, ...], Occurs(1, 8)]`   a repeated element
    `Id: Annotated[str, Text(), ATTRIBUTE]`          an attribute
    `value: Annotated[bytes, Binary(), CONTENT]`     the text of an element with simple content
    `Mode: Annotated[A | B, CHOICE]`                 xs:choice between elements named like their classes
    `Mode: Annotated[A | B, Substitution("A")]`      a substitution group
    `boolValue: Annotated[bool | None, OneOf("value")] = None`   one branch of an xs:choice of simple types
    ===============================================  ==========================================================

An extension (`xs:extension base=...`) is a subclass. The module of the class states the target namespace in a constant
`NAMESPACE`. Productions which the schema has and this profile refuses are listed in the class variable `REFUSED`.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Integer:
    """An integer type with inclusive bounds; None is no bound."""

    minimum: int | None = None
    maximum: int | None = None

    @property
    def width(self) -> int | None:
        """Bits of the n-bit representation, or None if the range is too large for it (EXI 7.1.9: 4096 values)."""
        if self.minimum is None or self.maximum is None:
            return None
        values = self.maximum - self.minimum + 1
        return (values - 1).bit_length() if values <= 4096 else None

    @property
    def signed(self) -> bool:
        """Whether the long representation carries a sign bit."""
        return self.minimum is None or self.minimum < 0


@dataclass(frozen=True, slots=True)
class Text:
    """A string type; the length counts code points."""

    max_length: int | None = None


@dataclass(frozen=True, slots=True)
class Binary:
    """A hexBinary or base64Binary type, the same on the wire; lengths count bytes."""

    length: int | None = None
    max_length: int | None = None


@dataclass(frozen=True, slots=True)
class Boolean:
    """`xs:boolean` without pattern facets: one bit."""


@dataclass(frozen=True, slots=True)
class Enumeration:
    """A string enumeration: its values are numbered in document order, as the members of the enum are."""

    values: type[enum.IntEnum]

    @property
    def width(self) -> int:
        """Bits of a value."""
        return (len(self.values) - 1).bit_length()


Simple = Integer | Text | Binary | Boolean | Enumeration


@dataclass(frozen=True, slots=True)
class Occurs:
    """`minOccurs` and `maxOccurs` (None: unbounded) of a repeated element.

    EXI unrolls repeats (8.5.4.1.5): an occurrence that must come is the only event of its state.
    """

    minimum: int
    maximum: int | None


@dataclass(frozen=True, slots=True)
class OneOf:
    """Adjacent fields with the same group are the branches of one `xs:choice`: exactly one of them is set."""

    group: str


@dataclass(frozen=True, slots=True)
class Substitution:
    """The slot of a substitution group.

    The members of the union are the concrete elements. A head that is not one of them is abstract: it owns an event
    code, and the code is refused.
    """

    head: str


class Marker(enum.Enum):
    """Roles of a field that need no parameter."""

    ATTRIBUTE = "an attribute"
    CONTENT = "the simple content of its element"
    CHOICE = "an xs:choice between classes, in the order of the union"
    REF = "a reference to the global element of another namespace"


ATTRIBUTE = Marker.ATTRIBUTE
CONTENT = Marker.CONTENT
CHOICE = Marker.CHOICE
REF = Marker.REF


@dataclass(frozen=True, slots=True)
class Refused:
    """Productions at the end of a content model that the schema allows and this profile refuses.

    They are here because they count in the event codes.

    Attributes:
        elements: Optional element events before the end of the element, in order; `*` is an `xs:any`.
        mixed: Whether the content is mixed, which adds a character event after the end (EXI 8.5.4.1.3.2).
    """

    elements: tuple[str, ...] = ()
    mixed: bool = False
