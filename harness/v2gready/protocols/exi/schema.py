"""A set of namespaces as one EXI schema: documents, fragments, and the numbers of their elements.

Profile (reference 2.1): one header byte 0x80, bit-packed, no options document, schema known out of band, `strict` and
all `Preserve.*` false. What else EXI has is refused: second-level events, wildcards, `xsi:type`, bytes behind the end,
padding other than zero. Padding is refused although it carries nothing: a stream of this profile then has exactly one
form, save for string table hits and long-winded integers, and a peer that leaks memory into the padding is noticed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from v2gready.protocols.exi import bits
from v2gready.protocols.exi.decoder import Reader, reader_of
from v2gready.protocols.exi.encoder import writer_of
from v2gready.protocols.exi.errors import ExiDecodeError, ExiEncodeError
from v2gready.protocols.exi.grammar import grammar_of
from v2gready.protocols.exi.validation import violations

HEADER = 0x80
# The header behind the 1 bit that begins every integer being written (see `bits`).
_BEGIN = 1 << 8 | HEADER

QName = tuple[str, str]
"""Local name and namespace, in the order in which EXI sorts them (8.5.1)."""


@dataclass(frozen=True, slots=True)
class Namespace:
    """What a target namespace contributes to the numbering.

    Attributes:
        uri: Its name.
        types: All its complex types that are declared as dataclasses, referenced or not: their elements count.
        elements: Its global elements; None for one that this profile refuses.
        other_elements: Names of elements inside types that are not declared here, as no message uses them.
    """

    uri: str
    types: tuple[type, ...]
    elements: Mapping[str, type | None]
    other_elements: tuple[str, ...] = ()


class Schema:
    """The grammar of a set of namespaces.

    Attributes:
        document_codes: Event codes of the root elements.
        messages: The classes that may be the root of a document.
        fragment_codes: Event codes of all elements in a fragment.
        fragment_types: The elements that can stand in a fragment, and the classes of their values.
    """

    def __init__(self, *namespaces: Namespace, messages: tuple[type, ...]) -> None:
        """Numbers the elements; only `messages` and their subclasses are accepted as root of a document."""
        roots = {(name, ns.uri): declaration for ns in namespaces for name, declaration in ns.elements.items()}
        self.document_codes = _numbered(roots)
        self._roots: list[type | None] = [
            root if root is not None and issubclass(root, messages) else None
            for root in (roots[name] for name in self.document_codes)
        ]
        self._root_codes = {root: code for code, root in enumerate(self._roots) if root is not None}
        self.messages = tuple(self._root_codes)
        self._root_width = len(self.document_codes).bit_length()
        contents: dict[QName, set[object]] = {}
        for ns in namespaces:
            for name in ns.other_elements:
                contents.setdefault((name, ns.uri), set()).add(None)
            for declaration in ns.types:
                for particle in grammar_of(declaration).particles:
                    for production in particle.productions:
                        if production.is_element and production.field:
                            contents.setdefault((production.name, production.uri), set()).add(production.content)
        for qname, root in roots.items():
            contents.setdefault(qname, set()).add(root)
        self.fragment_codes = _numbered(contents)
        # EXI 8.5.3: an element whose type depends on its place has a relaxed grammar. Nothing signed is one of those.
        self._fragments = [_only_class(contents[qname]) for qname in self.fragment_codes]
        self.fragment_types = {
            name: declaration
            for (name, _), declaration in reversed(list(zip(self.fragment_codes, self._fragments, strict=True)))
            if declaration is not None
        }
        # m elements, SE(*) and the end of the document.
        self._fragment_width = (len(self.fragment_codes) + 1).bit_length()

    def encode(self, message: object, *, check: bool = True) -> bytes:
        """The document with `message` as its root.

        Args:
            message: An object of a class that is a global element of the schema.
            check: Whether to enforce the facets; without, whatever the wire can carry goes.

        Raises:
            ExiEncodeError: Something is wrong with a field, which the reason names.
        """
        code = self._root_codes.get(type(message))
        if code is None:
            raise ExiEncodeError(f"{type(message).__name__} is no root element of this schema")
        return _finish(_write(message, _BEGIN << self._root_width | code, check=check))

    def decode(self, data: bytes) -> Any:
        """The root element of a document.

        Raises:
            ExiDecodeError: The bytes are no document of this schema.
        """
        return _read(data, self._document)

    def encode_fragment(self, element: str, value: object, *, check: bool = True) -> bytes:
        """A fragment of one element, as digests and signatures are made of (reference 2.4).

        Should two namespaces have an element of that name and type, the first in the order of their names is meant.

        Raises:
            ExiEncodeError: No element of that name has such a value, or something is wrong with a field.
        """
        for (name, _), code in self.fragment_codes.items():
            if name == element and self._fragments[code] is type(value):
                acc = _write(value, _BEGIN << self._fragment_width | code, check=check)
                return _finish(acc << self._fragment_width | len(self.fragment_codes) + 1)
        raise ExiEncodeError(f"{element}: no element of this schema with a value of {type(value).__name__}")

    def decode_fragment(self, data: bytes) -> tuple[str, Any]:
        """The name and value of the only element of a fragment.

        Raises:
            ExiDecodeError: The bytes are no such fragment of this schema.
        """
        result: tuple[str, Any] = _read(data, self._fragment)
        return result

    def _document(self, stream: bits.Bits, rem: int, table: bits.StringTable) -> tuple[Any, int]:
        rem -= self._root_width
        code = stream >> rem & (1 << self._root_width) - 1
        declaration = self._roots[code] if code < len(self._roots) else None
        if declaration is None:
            bits.refuse(rem, f"{_name(self.document_codes, code)} is no message")
        return reader_of(declaration)(stream, rem, table)

    def _fragment(self, stream: bits.Bits, rem: int, table: bits.StringTable) -> tuple[Any, int]:
        width, end = self._fragment_width, len(self._fragments) + 1
        rem -= width
        code = stream >> rem & (1 << width) - 1
        declaration = self._fragments[code] if code < len(self._fragments) else None
        name = _name(self.fragment_codes, code)
        if declaration is None:
            bits.refuse(rem, f"{name} cannot stand in a fragment")
        value, rem = reader_of(declaration)(stream, rem, table)
        rem -= width
        if stream >> rem & (1 << width) - 1 != end:
            bits.refuse(rem, f"{name} is not the only element of the fragment")
        return (name, value), rem


def _numbered(names: Iterable[QName]) -> dict[QName, int]:
    return {name: code for code, name in enumerate(sorted(names))}


def _name(codes: Mapping[QName, int], code: int) -> str:
    return next((name for (name, _), number in codes.items() if number == code), f"event code {code}")


def _only_class(contents: set[object]) -> type | None:
    (first, *more) = contents
    return first if isinstance(first, type) and not more else None


def _write(value: object, acc: int, *, check: bool) -> int:
    declaration: type = type(value)
    try:
        return writer_of(declaration, check=check)(value, acc)
    except (bits.Unwritable, AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        found = next((v for v in violations(value) if check or not v.encodable), None)
        raise ExiEncodeError(f"{found.path}: {found.reason}" if found else repr(error)) from error


def _finish(acc: int) -> bytes:
    """Pads to whole bytes and drops the 1 bit in front."""
    width = acc.bit_length() - 1
    padding = -width % 8
    return ((acc ^ 1 << width) << padding).to_bytes((width + padding) // 8)


def _read(data: bytes, reader: Reader) -> Any:
    data = bytes(data)
    total = 8 * len(data)
    if not data or data[0] != HEADER:
        raise ExiDecodeError("the EXI header is not 80", 0)
    stream = int.from_bytes(data) if len(data) <= bits.WHOLE else bits.Window(data)
    try:
        value, rem = reader(stream, total - 8, bits.StringTable())
        if rem >= 8:
            bits.refuse(rem, f"{rem // 8} bytes behind the end of the document")
        if stream >> 0 & (1 << rem) - 1:
            bits.refuse(rem, "padding that is not zero")
    except bits.Unreadable as error:
        raise ExiDecodeError(error.reason, total - error.rem) from None
    except ValueError:
        # A shift by less than nothing (see `bits`).
        raise ExiDecodeError("end of data inside the document", total) from None
    return value
