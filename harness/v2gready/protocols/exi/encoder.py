"""Writes, for every declaration, a Python function that writes it.

The function for a type has the form `write(this, acc) -> acc` (see `bits`). Neighbouring fields of known width are
appended with one shift. While only one state is possible, event codes are constants; behind optional content, `s` is
the state and `b` the width of its codes (see `grammar`).

There are two functions for each type: one holds values against all facets of the schema, the other only against what
the wire can carry, because a conformance tester has to send what no schema allows.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from v2gready.protocols.exi import bits
from v2gready.protocols.exi.declarations import Binary, Boolean, Enumeration, Integer, Simple, Text
from v2gready.protocols.exi.grammar import Grammar, Particle, Production, code_width, grammar_of
from v2gready.protocols.exi.validation import bounds, is_xml_text

Writer = Callable[[Any, int], int]
RUNTIME: dict[str, Any] = {
    "Unwritable": bits.Unwritable,
    "is_xml_text": is_xml_text,
    "join": bits.join,
    "write_binary": bits.write_binary,
    "write_text": bits.write_text,
    "write_unsigned": bits.write_unsigned,
}


@functools.cache
def writer_of(declaration: type, *, check: bool) -> Writer:
    """The function that writes the content of a type, including the event that ends it.

    It raises `Unwritable`, or whatever Python raises on a value of the wrong type.
    """
    source, names = _Source(grammar_of(declaration), check=check).write()
    # Source of this module's own making from our own declarations: no value of a message enters it.
    exec(compile(source, f"<writer of {declaration.__name__}>", "exec"), names)  # noqa: S102
    writer: Writer = names["write"]
    return writer


class _Source:
    """Source of the writer of one grammar."""

    def __init__(self, grammar: Grammar, *, check: bool) -> None:
        self.grammar = grammar
        self.check = check
        self.names: dict[str, Any] = dict(RUNTIME)
        self.lines: list[str] = []
        self.indent = 1
        # What the next shift appends: (source of a value, width).
        self.pending: list[tuple[str, int]] = []
        # The state, or None where it is only known at run time, in `s` and `b`.
        self.at: int | None = 0

    def write(self) -> tuple[str, dict[str, Any]]:
        """The source and the names it uses."""
        for particle in self.grammar.particles:
            self.particle(particle)
        self.event(self.grammar.end)
        self.flush()
        return "\n".join(["def write(this, acc):", *self.lines, "    return acc"]), self.names

    def emit(self, line: str) -> None:
        self.lines.append("    " * self.indent + line)

    def bind(self, name: str, value: object) -> str:
        """A name for an object in the source."""
        self.names[name] = value
        return name

    def require(self, condition: str) -> None:
        self.emit(f"if not ({condition}):")
        self.emit("    raise Unwritable")

    def appended(self, *more: tuple[str, int]) -> str:
        """The source of `acc` with everything pending, and `more`, behind it."""
        total = shift = sum(width for _, width in (*self.pending, *more))
        parts = []
        for value, width in (*self.pending, *more):
            shift -= width
            if value != "0":
                parts.append(f"({value}) << {shift}" if shift else f"({value})")
        return " | ".join([f"acc << {total}" if total else "acc", *parts])

    def flush(self) -> None:
        """Appends what is pending."""
        if self.pending:
            self.emit(f"acc = {self.appended()}")
            self.pending.clear()

    def event(self, production: int) -> None:
        """Appends the event code of a production."""
        if self.at is None:
            self.flush()
            self.emit(f"acc = acc << b | {production} - s")
        else:
            self.pending.append((str(production - self.at), code_width(self.grammar.choices(self.at))))

    def forget(self) -> None:
        """Puts the state into `s` and `b`, where the ways of the code part."""
        self.flush()
        if self.at is not None:
            self.emit(f"s, b = {self.at}, {code_width(self.grammar.choices(self.at))}")

    def particle(self, particle: Particle) -> None:
        if not particle.fields:
            # Refused content is never written; the state before it stays.
            return
        if particle.repeats:
            self.repeat(particle)
        elif particle.required:
            self.once(particle)
        else:
            self.maybe(particle)

    def once(self, particle: Particle) -> None:
        """Writes a required particle."""
        if len(particle.fields) > 1:
            self.branches(particle)
            return
        (field,) = particle.fields
        self.emit(f"v_{field} = this.{field}")
        self.field(particle, field)
        self.at = particle.after

    def maybe(self, particle: Particle) -> None:
        """Writes an optional particle."""
        (field,) = particle.fields
        self.forget()
        self.emit(f"v_{field} = this.{field}")
        self.emit(f"if v_{field} is not None:")
        self.indent += 1
        self.field(particle, field)
        self.at = particle.after
        self.forget()
        self.indent -= 1
        self.at = None

    def field(self, particle: Particle, field: str) -> None:
        if len(particle.productions) > 1:
            self.slot(particle, field)
        else:
            self.event(particle.first)
            self.content(particle.productions[0], f"v_{field}")

    def slot(self, particle: Particle, field: str) -> None:
        """Writes the element that the class of the value names."""
        branches = {
            production.content: (number, writer_of(production.content, check=self.check))
            for number, production in enumerate(particle.productions)
            if isinstance(production.content, type)
        }
        self.flush()
        self.emit(f"number, write = {self.bind(f'writers_{field}', branches)}[v_{field}.__class__]")
        if self.at is None:
            self.emit(f"acc = write(v_{field}, acc << b | {particle.first} - s + number)")
        else:
            width = code_width(self.grammar.choices(self.at))
            self.emit(f"acc = write(v_{field}, acc << {width} | {particle.first - self.at} + number)")

    def branches(self, particle: Particle) -> None:
        """Writes the one field that is set of a choice of simple types."""
        unset = " + ".join(f"(this.{field} is None)" for field in particle.fields)
        self.flush()
        self.require(f"{unset} == {len(particle.fields) - 1}")
        before = self.at
        for number, production in enumerate(particle.productions):
            field = production.field
            self.emit(f"v_{field} = this.{field}")
            self.emit(f"if v_{field} is not None:")
            self.indent += 1
            self.at = before
            self.event(particle.first + number)
            self.content(production, f"v_{field}")
            self.flush()
            self.indent -= 1
        self.at = particle.after

    def repeat(self, particle: Particle) -> None:
        """Writes the items of a tuple."""
        (production,) = particle.productions
        items = f"v_{production.field}"
        self.forget()
        self.emit(f"{items} = this.{production.field}")
        if self.check:
            self.require(f"{items}.__class__ is tuple")
        most = "" if particle.maximum is None else f" <= {particle.maximum}"
        # Neither too few nor too many: the grammar has no event code for it, whatever the check.
        self.require(f"{particle.minimum} <= len({items}){most}")
        # A long list grows on its own, so that its items do not shift everything that stands before it.
        is_long = particle.maximum is None or particle.maximum > 100
        if is_long:
            self.emit("before, acc = acc, 1")
        forced = particle.minimum > 1
        self.emit(f"for number, item in enumerate({items}, 1):" if forced else f"for item in {items}:")
        self.indent += 1
        self.at = None
        self.event(particle.first)
        self.content(production, "item")
        self.flush()
        again = str(code_width(self.grammar.choices_again(particle)))
        if forced:
            # An occurrence that must come is the only event of its state.
            again = f"{again} if number >= {particle.minimum} else {code_width(1)}"
        self.emit(f"s, b = {particle.first}, {again}")
        self.indent -= 1
        if is_long:
            self.emit("acc = join(before, acc)")
        if particle.maximum is not None:
            self.emit(f"if len({items}) == {particle.maximum}:")
            self.indent += 1
            self.at = particle.after
            self.forget()
            self.indent -= 1
            self.at = None

    def content(self, production: Production, source: str) -> None:
        """Writes the value of an element or attribute."""
        content = production.content
        if isinstance(content, type):
            if self.check:
                self.require(f"{source}.__class__ is {self.bind(f'class_{content.__name__}', content)}")
            if grammar_of(content).is_flat:
                self.flat(grammar_of(content), source)
                return
            writer = self.bind(f"write_{content.__name__}", writer_of(content, check=self.check))
            if source == "item":
                self.flush()
                self.emit(f"acc = join(acc, {writer}(item, 1))")
            else:
                self.emit(f"acc = {writer}({source}, {self.appended()})")
                self.pending.clear()
        elif content is not None:
            if production.is_element:
                self.pending.append(("0", 1))
            self.value(content, source)
            if production.is_element:
                self.pending.append(("0", 1))

    def flat(self, grammar: Grammar, source: str) -> None:
        """Writes a sequence of required numbers in place, which spares a call and joins its shifts with ours."""
        for particle in grammar.particles:
            (production,) = particle.productions
            self.emit(f"{source}__{production.field} = {source}.{production.field}")
            self.pending.append(("0", 1))
            self.content(production, f"{source}__{production.field}")
        self.pending.append(("0", 1))

    def value(self, content: Simple, source: str) -> None:
        match content:
            case Boolean():
                self.require(f"{source} is True or {source} is False")
                self.pending.append((source, 1))
            case Enumeration():
                self.require(f"0 <= {source} < {len(content.values) if self.check else 1 << content.width}")
                self.pending.append((source, content.width))
            case Integer():
                self.integer(content, source)
            case Text():
                if self.check:
                    limit = "" if content.max_length is None else f"len({source}) <= {content.max_length} and "
                    self.require(f"{limit}is_xml_text({source})")
                self.emit(f"acc = write_text({self.appended()}, {source})")
                self.pending.clear()
            case Binary():
                if self.check and content.length is not None:
                    self.require(f"len({source}) == {content.length}")
                if self.check and content.max_length is not None:
                    self.require(f"len({source}) <= {content.max_length}")
                self.emit(f"acc = write_binary({self.appended()}, {source})")
                self.pending.clear()

    def integer(self, content: Integer, source: str) -> None:
        least, most = bounds(content, check=self.check)
        low = "" if least is None else f"{least} <= "
        high = "" if most is None else f" <= {most}"
        if low or high:
            self.require(f"{low}{source}{high}")
        if content.width is not None:
            self.pending.append((f"{source} - {content.minimum}" if content.minimum else source, content.width))
            return
        if content.signed:
            self.emit(f"negative = {source} < 0")
            self.emit("if negative:")
            self.emit(f"    {source} = ~{source}")
            self.pending.append(("negative", 1))
        # One and two groups here, which is nearly every number of a charge loop; the rest by the function.
        self.emit(f"if {source} < 128:")
        self.emit(f"    acc = {self.appended((source, 8))}")
        self.emit(f"elif {source} < 16384:")
        self.emit(f"    acc = {self.appended((f'{source} & 127 | 128', 8), (f'{source} >> 7', 8))}")
        self.emit("else:")
        self.emit(f"    acc = write_unsigned({self.appended()}, {source})")
        self.pending.clear()
