"""Lines of commands with numbers in them.

A template is ``str.format`` without its format specifications: how many digits a number has is a property of the
instrument, stated once in its command set, and every field is text before it gets into a line. So no line is ever made
by adding text and a float, and no number ever arrives as ``1e-05``, ``nan`` or ``-0.00``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter


class TemplateError(ValueError):
    """A template cannot be used."""


@dataclass(frozen=True, slots=True)
class Template:
    """A line with fields in braces.

    Attributes:
        text: As written in the command set.
        fields: Names that it needs.
    """

    text: str
    fields: frozenset[str]

    @classmethod
    def parse(cls, text: str) -> Template:
        """Checks a template.

        Raises:
            TemplateError: It has unmatched braces, a field without a name, or a format specification.
        """
        fields = set()
        try:
            parts = list(Formatter().parse(text))
        except ValueError as problem:
            raise TemplateError(str(problem)) from None
        for _, name, specification, conversion in parts:
            if name is None:
                continue
            if not name.isidentifier():
                raise TemplateError(f"{{{name}}} is no name of a field")
            if specification or conversion:
                raise TemplateError(f"{{{name}}} has a format of its own; digits are set by decimals")
            fields.add(name)
        return cls(text, frozenset(fields))

    def fill(self, fields: Mapping[str, str]) -> str:
        """The line.

        Raises:
            TemplateError: A field is missing.
        """
        missing = sorted(self.fields - set(fields))
        if missing:
            raise TemplateError(f"{self.text!r} needs {', '.join(missing)}")
        return self.text.format_map(fields)


def decimal(value: float, decimals: int) -> str:
    """A number as every instrument reads it: fixed point, never an exponent, never a negative zero.

    Raises:
        TemplateError: It is no finite number.
    """
    if not math.isfinite(value):
        raise TemplateError(f"{value} is no number for an instrument")
    text = f"{value:.{decimals}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def same_values(expected: str, answer: str, tolerance: float) -> bool:
    """Two comma-separated lists agree: numbers within a tolerance, words whatever their case."""
    wanted, seen = (
        [item.strip().strip('"').upper() for item in text.strip().split(",")] for text in (expected, answer)
    )
    return len(wanted) == len(seen) and all(
        _same(one, other, tolerance) for one, other in zip(wanted, seen, strict=True)
    )


def _same(wanted: str, seen: str, tolerance: float) -> bool:
    try:
        return abs(float(wanted) - float(seen)) <= tolerance
    except ValueError:
        return wanted == seen
