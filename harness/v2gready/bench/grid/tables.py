"""Reads a TOML table key by key and collects what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from v2gready.bench.grid.templates import Template, TemplateError
from v2gready.model.dut import Problem

Kind = TypeVar("Kind")
_NAMES = {str: "a text", bool: "true or false", float: "a number", int: "a whole number"}


class Table:
    """A table of a file, with its dotted key.

    Args:
        content: What TOML made of it.
        key: Dotted key of the table, for messages.
        problems: Collects.

    Attributes:
        key: As given.
    """

    def __init__(self, content: Mapping[str, Any], key: str, problems: list[Problem]) -> None:
        self._content = content
        self.key = key
        self._problems = problems
        self._asked: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name in self._content

    def wrong(self, name: str, what: str, remedy: str) -> None:
        """Notes a problem of a key."""
        self._problems.append(Problem(f"{self.key}.{name}" if self.key else name, what, remedy))

    def text(self, name: str, default: str | None = None) -> str:
        """A text."""
        return self._one(name, str, "" if default is None else default, needed=default is None)

    def boolean(self, name: str, *, default: bool | None = None) -> bool:
        """True or false."""
        return self._one(name, bool, bool(default), needed=default is None)

    def number(self, name: str, default: float | None = None, *, above: float | None = None) -> float:
        """A number, integer or not."""
        value = self._one(name, float, 0.0 if default is None else default, needed=default is None)
        if name in self and above is not None and not value > above:
            self.wrong(name, f"is {value:g}", f"write a number above {above:g}")
        return value

    def count(self, name: str, default: int | None = None, *, least: int = 0, most: int = 1_000_000) -> int:
        """A whole number."""
        value = self._one(name, int, least if default is None else default, needed=default is None)
        if not least <= value <= most:
            self.wrong(name, f"is {value}", f"write a whole number from {least} to {most}")
        return value

    def choice(self, name: str, known: Sequence[str], default: str | None = None) -> str:
        """One of some words."""
        value = self.text(name, default)
        if value not in known:
            if name in self:
                self.wrong(name, f"is {value!r}", f"use one of {', '.join(known)}")
            return known[0]
        return value

    def template(self, name: str, default: str | None = None) -> Template:
        """A line with fields."""
        return self._template(name, self.text(name, default))

    def templates(self, name: str, *, needed: bool = True) -> tuple[Template, ...]:
        """Lines with fields."""
        self._asked.add(name)
        value = self._content.get(name, () if not needed else None)
        if not isinstance(value, list | tuple) or not all(isinstance(line, str) for line in value):
            self.wrong(name, "is missing or no list of texts", "write the commands, one text each")
            return ()
        return tuple(self._template(name, line) for line in value)

    def table(self, name: str, *, needed: bool = True) -> Table:
        """A table inside."""
        self._asked.add(name)
        value = self._content.get(name, None if needed else {})
        if not isinstance(value, Mapping):
            self.wrong(name, "is missing or no table", f"add [{name}]")
            value = {}
        return Table(value, f"{self.key}.{name}" if self.key else name, self._problems)

    def tables(self, name: str) -> list[Table]:
        """A list of tables; empty if it is not there."""
        self._asked.add(name)
        value = self._content.get(name, [])
        if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
            self.wrong(name, "is no list of tables", "write { … } entries")
            return []
        return [Table(item, f"{self.key}.{name}[{index}]", self._problems) for index, item in enumerate(value)]

    def names(self) -> list[str]:
        """Its keys, all of them taken for known."""
        self._asked.update(self._content)
        return list(self._content)

    def end(self) -> None:
        """Notes keys that nobody asked for: a misspelt key must not be a silent default."""
        for name in sorted(set(self._content) - self._asked):
            self.wrong(name, "is unknown", f"use {', '.join(sorted(self._asked))}")

    def _template(self, name: str, text: str) -> Template:
        try:
            return Template.parse(text)
        except TemplateError as problem:
            self.wrong(name, f"cannot be used: {problem}", "write names of fields in braces, and nothing else")
            return Template(text, frozenset())

    def _one(self, name: str, kind: type[Kind], default: Kind, *, needed: bool) -> Kind:
        self._asked.add(name)
        if name not in self._content:
            if needed:
                self.wrong(name, "is missing", f"write {_NAMES[kind]}")
            return default
        value = self._content[name]
        fits = isinstance(value, int | float) if kind is float else isinstance(value, kind)
        if not fits or (kind is not bool and isinstance(value, bool)):
            self.wrong(name, f"is {value!r}", f"write {_NAMES[kind]}")
            return default
        return float(value) if kind is float else value  # type: ignore[return-value]
