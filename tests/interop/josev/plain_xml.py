"""Plain messages to XML and back, driven by the XSD files that Josev's package brings along.

Runs in Josev's environment, beside ``oracle_server.py``. Nothing here knows a message by name: element order,
namespaces, attributes, substitution groups and value types are all read from the schemas at run time, so the bytes of
the oracle owe nothing to our own tables.

The plain form is a dictionary ``{element: content}``: child elements and attributes are keys, a repeatable element is
a list, binary values are hex strings whatever the schema says (hexBinary or base64Binary), and the text of an element
that also carries attributes is the key ``value``.
"""

from __future__ import annotations

import base64
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

XS = "{http://www.w3.org/2001/XMLSchema}"
INTEGERS = {
    *("byte", "short", "int", "long", "integer"),
    *("unsignedByte", "unsignedShort", "unsignedInt", "unsignedLong"),
    *("positiveInteger", "nonNegativeInteger"),
}


@dataclass
class Child:
    """One element that may stand in a complex type, substitution members included."""

    tag: str
    kind: str | Content
    repeats: bool


@dataclass
class Content:
    """A complex type, flattened: attributes and children in schema order, base types first."""

    attributes: dict[str, tuple[str, str]] = field(default_factory=dict)
    children: dict[str, Child] = field(default_factory=dict)
    text: str = ""


class Schema:
    """One schema set: everything reachable from one XSD file by import."""

    def __init__(self, entry: Path) -> None:
        """Read ``entry`` and what it imports."""
        self.elements: dict[str, tuple[ET.Element, _Scope]] = {}
        self.types: dict[str, tuple[ET.Element, _Scope]] = {}
        self.locals: dict[str, list[tuple[ET.Element, _Scope]]] = {}
        self._contents: dict[str, Content] = {}
        self._read(entry, set())

    def to_xml(self, plain: dict[str, Any]) -> str:
        """The XML document of a plain message, or of any element the schema set declares."""
        ((name, content),) = plain.items()
        tag, kind = self._root(name)
        return ET.tostring(self._build(tag, kind, content), encoding="unicode")

    def to_plain(self, xml: str) -> dict[str, Any]:
        """The plain form of an XML document."""
        root = ET.fromstring(xml)  # noqa: S314 (written by the EXI decoder next door)
        _, kind = self._root(_local(root.tag))
        return {_local(root.tag): self._parse(root, kind)}

    def _read(self, path: Path, seen: set[Path]) -> None:
        """Index the global components of one file and of its imports."""
        if path in seen:
            return
        seen.add(path)
        prefixes = {prefix: uri for _, (prefix, uri) in ET.iterparse(path, events=["start-ns"])}  # noqa: S314
        root = ET.parse(path).getroot()  # noqa: S314 (files of an installed package)
        scope = _Scope(
            root.get("targetNamespace", ""),
            prefixes,
            qualified_elements=root.get("elementFormDefault") == "qualified",
            qualified_attributes=root.get("attributeFormDefault") == "qualified",
        )
        for node in root:
            if node.tag == f"{XS}import":
                location = node.get("schemaLocation", "").rsplit("/", 1)[-1]
                nearby = [folder / location for folder in (path.parent, path.parent.parent)]
                self._read(next(file for file in nearby if file.exists()), seen)
            elif node.tag == f"{XS}element":
                self.elements[scope.own(node.attrib["name"])] = node, scope
            elif node.tag in {f"{XS}complexType", f"{XS}simpleType"}:
                self.types[scope.own(node.attrib["name"])] = node, scope
        for node in root.iter(f"{XS}element"):
            if "name" in node.attrib:
                self.locals.setdefault(node.attrib["name"], []).append((node, scope))

    def _root(self, name: str) -> tuple[str, str | Content]:
        """Qualified name and type of an element that stands alone, as a document or as a fragment."""
        found = self.locals.get(name, [])
        if not found:
            msg = f"the schema declares no element {name}"
            raise ValueError(msg)
        node, scope = next((item for item in found if _is_global(self.elements, *item)), found[0])
        return scope.own(name), self._kind(node, scope)

    def _kind(self, node: ET.Element, scope: _Scope) -> str | Content:
        """The type of an element declaration: the name of a built-in type, or a flattened complex type."""
        inner = node.find(f"{XS}complexType")
        if inner is not None:
            return self._flatten(inner, scope)
        return self._named(scope.resolve(node.attrib["type"]))

    def _named(self, qname: str) -> str | Content:
        """A type by its qualified name."""
        if qname.startswith(XS):
            return qname.removeprefix(XS)
        if qname in self._contents:
            return self._contents[qname]
        node, scope = self.types[qname]
        if node.tag == f"{XS}simpleType":
            restriction = node.find(f"{XS}restriction")
            assert restriction is not None
            return self._named(scope.resolve(restriction.attrib["base"]))
        self._contents[qname] = self._flatten(node, scope)
        return self._contents[qname]

    def _flatten(self, node: ET.Element, scope: _Scope) -> Content:
        """All attributes and children of a complex type, those of its base first."""
        content = Content()
        derived = next((part for wrap in node for part in wrap if part.tag in _DERIVATIONS), None)
        if derived is not None:
            base = self._named(scope.resolve(derived.attrib["base"]))
            if isinstance(base, str):
                content.text = base
            else:
                content = Content(dict(base.attributes), dict(base.children), base.text)
            node = derived
        for attribute in node.iter(f"{XS}attribute"):
            name = attribute.attrib["name"]
            kind = self._named(scope.resolve(attribute.attrib["type"]))
            assert isinstance(kind, str)
            content.attributes[name] = (scope.own(name) if scope.qualified_attributes else name), kind
        for particle, many in _particles(node):
            for child in self._children_of(particle, scope, many=many):
                content.children[_local(child.tag)] = child
        return content

    def _children_of(self, node: ET.Element, scope: _Scope, *, many: bool) -> Iterator[Child]:
        """The elements that may stand for one particle: itself, or the members of its substitution group."""
        many = many or node.get("maxOccurs", "1") != "1"
        if "name" in node.attrib:
            name = node.attrib["name"]
            yield Child(scope.own(name) if scope.qualified_elements else name, self._kind(node, scope), many)
            return
        head = scope.resolve(node.attrib["ref"])
        for tag, (element, home) in self.elements.items():
            if self._substitutes(tag, head):
                yield Child(tag, self._kind(element, home), many)

    def _substitutes(self, tag: str, head: str) -> bool:
        """Whether an element is ``head`` or belongs, at any depth, to its substitution group."""
        while tag != head:
            element, home = self.elements[tag]
            if "substitutionGroup" not in element.attrib:
                return False
            tag = home.resolve(element.attrib["substitutionGroup"])
        return True

    def _build(self, tag: str, kind: str | Content, value: Any) -> ET.Element:
        """One element with its content."""
        element = ET.Element(tag)
        if isinstance(kind, str):
            element.text = _text(kind, value)
            return element
        if not isinstance(value, dict):
            value = {"value": value}
        left = set(value)
        for name, (qname, attribute_kind) in kind.attributes.items():
            if name in value:
                element.set(qname, _text(attribute_kind, value[name]))
                left.discard(name)
        for name, child in kind.children.items():
            items = value.get(name, [])
            left.discard(name)
            for item in items if isinstance(items, list) else [items]:
                element.append(self._build(child.tag, child.kind, item))
        if kind.text and "value" in left:
            element.text = _text(kind.text, value["value"])
            left.discard("value")
        if left:
            msg = f"{_local(tag)} has no {', '.join(sorted(left))} in the schema"
            raise ValueError(msg)
        return element

    def _parse(self, element: ET.Element, kind: str | Content) -> Any:
        """The plain content of one element."""
        if isinstance(kind, str):
            return _value(kind, element.text or "")
        plain: dict[str, Any] = {}
        for name, (qname, attribute_kind) in kind.attributes.items():
            if qname in element.attrib:
                plain[name] = _value(attribute_kind, element.attrib[qname])
        for node in element:
            name = _local(node.tag)
            child = kind.children[name]
            value = self._parse(node, child.kind)
            if child.repeats:
                plain.setdefault(name, []).append(value)
            else:
                plain[name] = value
        if kind.text:
            plain["value"] = _value(kind.text, element.text or "")
        return plain


@dataclass(frozen=True)
class _Scope:
    """What a schema file needs to resolve a name: its namespace and its prefixes."""

    namespace: str
    prefixes: dict[str, str]
    qualified_elements: bool
    qualified_attributes: bool

    def own(self, name: str) -> str:
        """The qualified name of something declared in this file."""
        return f"{{{self.namespace}}}{name}"

    def resolve(self, reference: str) -> str:
        """The qualified name that a ``prefix:name`` in this file means."""
        prefix, _, name = reference.rpartition(":")
        return f"{{{self.prefixes.get(prefix, self.namespace)}}}{name}"


_DERIVATIONS = {f"{XS}extension", f"{XS}restriction"}


def _is_global(elements: dict[str, tuple[ET.Element, _Scope]], node: ET.Element, scope: _Scope) -> bool:
    """Whether a declaration is the global one of its name."""
    return elements.get(scope.own(node.attrib["name"]), (None,))[0] is node


def _particles(node: ET.Element, *, many: bool = False) -> Iterator[tuple[ET.Element, bool]]:
    """The element declarations inside the model groups of a type, with whether a group around them repeats."""
    for part in node:
        if part.tag == f"{XS}element":
            yield part, many
        elif part.tag in {f"{XS}sequence", f"{XS}choice"}:
            yield from _particles(part, many=many or part.get("maxOccurs", "1") != "1")


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _text(kind: str, value: Any) -> str:
    """The XML text of a plain value."""
    if kind == "base64Binary":
        return base64.b64encode(bytes.fromhex(value)).decode()
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _value(kind: str, text: str) -> Any:
    """The plain value of an XML text."""
    if kind == "base64Binary":
        return base64.b64decode(text).hex().upper()
    if kind == "hexBinary":
        return text.upper()
    if kind == "boolean":
        return text == "true"
    return int(text) if kind in INTEGERS else text
