"""Writes, for every declaration, a Python function that reads it.

The function for a type has the form `read(bits, rem, table) -> (object, rem)` (see `bits`). Neighbouring fields of
known width are read with one shift: a RationalNumber begins with 22 bits that are. A variable `c` holds the number of
the production that came (see `grammar`); it only grows, so optional content is a chain of `if c < n`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from v2gready.protocols.exi import bits
from v2gready.protocols.exi.declarations import Binary, Boolean, Enumeration, Integer, Simple, Text
from v2gready.protocols.exi.grammar import Grammar, Particle, Production, code_width, grammar_of

# Items that are read of a list which the schema does not bound: References and Transforms, of which a signature of
# ISO 15118 has a handful. A megabyte of empty Transforms would otherwise take seconds.
MAX_UNBOUNDED = 100

Reader = Callable[[bits.Bits, int, bits.StringTable], tuple[Any, int]]


@functools.cache
def reader_of(declaration: type) -> Reader:
    """The function that reads the content of a type, including the event that ends it."""
    source, names = _Source(grammar_of(declaration)).write()
    # Source of this module's own making from our own declarations: nothing of the peer enters it.
    exec(compile(source, f"<reader of {declaration.__name__}>", "exec"), names)  # noqa: S102
    reader: Reader = names["read"]
    return reader


class _Source:
    """Source of the reader of one grammar."""

    def __init__(self, grammar: Grammar) -> None:
        self.grammar = grammar
        self.names: dict[str, Any] = {name: getattr(bits, name) for name in ("refuse", "more", "text", "binary")}
        self.lines: list[str] = []
        self.indent = 1
        # What the next shift reads: (width, target, finish); a target of None must be zero bits.
        self.pending: list[tuple[int, str | None, str]] = []
        self.where = grammar.type.__name__

    def write(self) -> tuple[str, dict[str, Any]]:
        """The source and the names it uses."""
        grammar = self.grammar
        for particle in grammar.particles:
            if not particle.required or len(particle.fields) > 1:
                for field in particle.fields:
                    self.emit(f"v_{field} = {'()' if particle.repeats else None}")
        self.state(0, grammar.choices(0))
        for particle in grammar.particles:
            self.particle(particle)
        self.flush()
        self.construct(
            grammar.type, "made", {field: f"v_{field}" for particle in grammar.particles for field in particle.fields}
        )
        return "\n".join(["def read(bits, rem, table):", *self.lines, "    return made, rem"]), self.names

    def emit(self, line: str) -> None:
        self.lines.append("    " * self.indent + line)

    def bind(self, name: str, value: object) -> str:
        """A name for an object in the source."""
        self.names[name] = value
        return name

    def expect(self, width: int, target: str | None = None, finish: str = "{}") -> None:
        """Queues bits for the next shift."""
        if sum(entry[0] for entry in self.pending) + width > bits.MAX_READ:
            self.flush()
        self.pending.append((width, target, finish))

    def flush(self) -> None:
        """Reads what is queued."""
        total = shift = sum(entry[0] for entry in self.pending)
        if not total:
            return
        zeros = 0
        found = []
        for width, target, finish in self.pending:
            shift -= width
            if target is None:
                zeros |= (1 << width) - 1 << shift
            else:
                value = f"x >> {shift} & {(1 << width) - 1}" if shift else f"x & {(1 << width) - 1}"
                found.append(f"{target} = {finish.format(value)}")
        self.emit(f"rem -= {total}")
        self.emit("x = bits >> rem")
        if zeros:
            self.emit(f"if x & {zeros:#x}:")
            self.emit(f"    refuse(rem, 'unknown event code near {self.where}')")
        for line in found:
            self.emit(line)
        self.pending.clear()

    def state(self, first: int, choices: int) -> None:
        """Reads an event code into `c`; if only one event can come, it is just expected."""
        if choices == 1:
            self.expect(1)
            return
        self.expect(code_width(choices), "c", f"({{}}) + {first}" if first else "{}")
        self.flush()
        # Behind the end, mixed content has one code more.
        self.emit(f"if c > {min(first + choices - 1, self.grammar.end)}:")
        self.emit(f"    refuse(rem, 'unknown event code near {self.where}')")

    def particle(self, particle: Particle) -> None:
        """Reads one particle and the event code behind it."""
        self.where = f"{self.grammar.type.__name__}.{particle.productions[0].name}"
        if particle.required:
            self.occurrences(particle)
            return
        self.emit(f"if c < {particle.after}:")
        self.indent += 1
        self.occurrences(particle)
        self.flush()
        self.indent -= 1

    def occurrences(self, particle: Particle) -> None:
        """Reads a particle that has come, as often as it comes."""
        if not particle.repeats:
            self.branches(particle)
            self.state(particle.after, self.grammar.choices(particle.after))
            return
        (production,) = particle.productions
        items = f"v_{production.field}"
        self.flush()
        self.emit(f"{items} = []")
        self.emit("while True:")
        self.indent += 1
        self.content(production, "item")
        self.flush()
        self.emit(f"{items}.append(item)")
        if particle.minimum > 1:
            self.emit(f"if len({items}) < {particle.minimum}:")
            self.indent += 1
            self.state(particle.first, 1)
            self.flush()
            self.emit("continue")
            self.indent -= 1
        if particle.maximum is not None:
            self.emit(f"if len({items}) == {particle.maximum}:")
            self.indent += 1
            self.state(particle.after, self.grammar.choices(particle.after))
            self.flush()
            self.emit("break")
            self.indent -= 1
        else:
            self.emit(f"if len({items}) > {MAX_UNBOUNDED}:")
            self.emit(f"    refuse(rem, '{self.where}: more than {MAX_UNBOUNDED} items')")
        self.state(particle.first, self.grammar.choices_again(particle))
        self.emit(f"if c != {particle.first}:")
        self.emit("    break")
        self.indent -= 1
        self.emit(f"{items} = tuple({items})")

    def branches(self, particle: Particle) -> None:
        """Reads the production that came."""
        if len(particle.productions) == 1:
            self.content(particle.productions[0], f"v_{particle.productions[0].field}")
            return
        self.flush()
        if len(particle.fields) == 1:
            self.slot(particle)
            return
        for number, production in enumerate(particle.productions, particle.first):
            self.emit(f"{'if' if number == particle.first else 'elif'} c == {number}:")
            self.indent += 1
            self.content(production, f"v_{production.field}")
            self.flush()
            self.indent -= 1

    def slot(self, particle: Particle) -> None:
        """Calls the reader of the class that came."""
        (field,) = particle.fields
        readers = tuple(
            reader_of(production.content)
            if isinstance(production.content, type)
            else functools.partial(_refuse_event, f"{production.name} is abstract")
            for production in particle.productions
        )
        table = self.bind(f"readers_{field}", readers)
        index = f"c - {particle.first}" if particle.first else "c"
        self.emit(f"v_{field}, rem = {table}[{index}](bits, rem, table)")

    def content(self, production: Production, target: str) -> None:
        """Reads the value of an element or attribute."""
        content = production.content
        if content is None:
            self.flush()
            self.emit(f"refuse(rem, '{self.grammar.type.__name__}: {production.name} is refused')")
        elif isinstance(content, type) and grammar_of(content).is_flat:
            self.flat(grammar_of(content), target)
        elif isinstance(content, type):
            self.flush()
            reader = self.bind(f"read_{content.__name__}", reader_of(content))
            self.emit(f"{target}, rem = {reader}(bits, rem, table)")
        else:
            if production.is_element:
                self.expect(1)
            self.value(content, production, target)
            if production.is_element:
                self.expect(1)

    def flat(self, grammar: Grammar, target: str) -> None:
        """Reads a sequence of required numbers in place, which spares a call and joins its shifts with ours."""
        made = {}
        for particle in grammar.particles:
            (production,) = particle.productions
            made[production.field] = f"{target}__{production.field}"
            self.expect(1)
            self.content(production, made[production.field])
        if any(entry[1] for entry in self.pending):
            self.flush()
        self.expect(1)
        self.construct(grammar.type, target, made)

    def value(self, content: Simple, production: Production, target: str) -> None:
        match content:
            case Boolean():
                self.expect(1, target, "{} != 0")
            case Enumeration():
                members = self.bind(f"{content.values.__name__}_members", tuple(content.values))
                self.expect(content.width, target)
                self.flush()
                if len(content.values) < 1 << content.width:
                    self.emit(f"if {target} >= {len(content.values)}:")
                    self.emit(f"    refuse(rem, f'{self.where}: no value has the number {{{target}}}')")
                self.emit(f"{target} = {members}[{target}]")
            case Integer(minimum=minimum) if content.width is not None:
                self.expect(content.width, target, f"({{}}) + {minimum}" if minimum else "{}")
            case Integer():
                self.integer(target, signed=content.signed)
            case Text():
                self.flush()
                key = self.bind(f"key_{production.name}", (production.uri, production.name))
                self.emit(f"{target}, rem = text(bits, rem, table, {key})")
            case Binary():
                self.flush()
                self.emit(f"{target}, rem = binary(bits, rem)")

    def integer(self, target: str, *, signed: bool) -> None:
        if signed:
            self.expect(1, "negative")
        self.expect(8, target)
        self.flush()
        # Two groups here, which is nearly every number of a charge loop; the rest by the function.
        self.emit(f"if {target} > 127:")
        self.emit("    rem -= 8")
        self.emit("    x = bits >> rem & 255")
        self.emit(f"    {target} = {target} & 127 | (x & 127) << 7")
        self.emit("    if x > 127:")
        self.emit(f"        {target}, rem = more(bits, rem, {target})")
        if signed:
            self.emit("if negative:")
            self.emit(f"    {target} = ~{target}")

    def construct(self, declaration: type, target: str, made: dict[str, str]) -> None:
        """Makes an object.

        Through the slots, not through __init__: a frozen dataclass sets every field by `object.__setattr__`, which
        takes more than twice the time, and there is nothing to validate.
        """
        name = declaration.__name__
        self.emit(f"{target} = {self.bind('new', object.__new__)}({self.bind(f'class_{name}', declaration)})")
        for field, source in made.items():
            setter = self.bind(f"set_{name}_{field}", getattr(declaration, field).__set__)
            self.emit(f"{setter}({target}, {source})")


def _refuse_event(reason: str, _bits: bits.Bits, rem: int, _table: bits.StringTable) -> tuple[object, int]:
    bits.refuse(rem, reason)
