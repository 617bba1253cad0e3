"""One frame as a person reads it: the decoded tree and the octets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from markupsafe import Markup, escape

from v2gready.report.text import TIMES, scaled, shorten, visible

_ROW = 16
_MOST_LINES = 300


def tree(message: Any, longest: int) -> Markup:
    """The message as indented lines, field names emphasised.

    Args:
        message: Plain JSON tree.
        longest: Characters of a value that are shown.
    """
    lines = list(islice(_lines(message, "", longest), _MOST_LINES + 1))
    if len(lines) > _MOST_LINES:
        lines[_MOST_LINES] = "<i>…</i>"
    return Markup("\n".join(lines))  # noqa: S704 # each name and value in it was escaped


def hexdump(raw: bytes, most: int) -> Markup:
    """Offset, octets and ASCII, sixteen octets a line; nothing beyond ``most`` octets."""
    rows = []
    for offset in range(0, min(len(raw), most), _ROW):
        row = raw[offset : min(offset + _ROW, most)]
        left, right = row[:8].hex(" "), row[8:].hex(" ")
        ascii_ = "".join(chr(octet) if 0x20 <= octet < 0x7F else "." for octet in row)
        rows.append(f"{offset:04x}  {left:<23}  {right:<23}  {ascii_}")
    return escape("\n".join(rows))


def _lines(node: Any, indent: str, longest: int) -> Iterator[str]:
    """Lines of HTML; as plain text, for a report has hundreds of thousands of them."""
    if isinstance(node, Mapping):
        members = [(visible(key), value) for key, value in node.items()]
    else:
        members = [(f"[{position}]", value) for position, value in enumerate(node)]
    for name, value in members:
        head = f"{indent}<b>{escape(name)}</b>"
        rational = _rational(value)
        if rational:
            yield f"{head} {rational}"
        elif isinstance(value, Mapping | list) and value:
            yield head
            yield from _lines(value, f"{indent}  ", longest)
        else:
            yield f"{head} {escape(_scalar(value, longest))}"


def _rational(value: Any) -> str:
    if not isinstance(value, Mapping) or set(value) != {"Exponent", "Value"}:
        return ""
    exponent, mantissa = value["Exponent"], value["Value"]
    if not isinstance(exponent, int) or not isinstance(mantissa, int) or abs(exponent) > 400:
        return ""
    return f"{escape(scaled(mantissa, exponent))} <i>= {mantissa} {TIMES} 10<sup>{exponent}</sup></i>"


def _scalar(value: Any, longest: int) -> str:
    if value is None or value in ({}, []):
        return "(empty)"
    if isinstance(value, bool):
        return "true" if value else "false"
    return shorten(value, longest)
