"""Event codes, from declarations made for the purpose to bits worked out by hand (reference 2.1, 2.5)."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import pytest

from v2gready.protocols.exi import (
    ATTRIBUTE,
    CHOICE,
    CONTENT,
    Binary,
    ExiDecodeError,
    ExiEncodeError,
    Integer,
    Namespace,
    Occurs,
    OneOf,
    Refused,
    Schema,
    Substitution,
    Text,
)
from v2gready.protocols.exi.grammar import code_width, grammar_of

NAMESPACE = "urn:test"

Small = Annotated[int, Integer(0, 7)]


class Colour(enum.IntEnum):
    red = 0
    green = 1
    blue = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Empty:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    a: Small | None = None
    b: Small | None = None
    c: Small


@dataclass(frozen=True, slots=True, kw_only=True)
class AllOptional:
    a: Small | None = None
    b: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    item: Annotated[tuple[Small, ...], Occurs(1, 3)]
    after: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MaybeRepeat:
    item: Annotated[tuple[Small, ...], Occurs(0, 2)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributes:
    Zebra: Annotated[str, Text(), ATTRIBUTE]
    Apple: Annotated[str | None, Text(), ATTRIBUTE] = None
    a: Small | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SimpleContent:
    Id: Annotated[str | None, Text(), ATTRIBUTE] = None
    text: Annotated[bytes, Binary(), CONTENT]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    kind: Annotated[Empty | Chain, CHOICE]


@dataclass(frozen=True, slots=True, kw_only=True)
class MaybeChoice:
    kind: Annotated[Empty | Chain | None, CHOICE] = None
    last: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Member(Empty):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    kind: Annotated[Member | Chain, Substitution("Head")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Branches:
    one: Annotated[bool | None, OneOf("x")] = None
    two: Annotated[Colour | None, OneOf("x")] = None
    three: Annotated[Chain | None, OneOf("x")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixed:
    REFUSED: ClassVar = Refused(("Other", "*"), mixed=True)

    a: Small


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    negative: Annotated[int, Integer(-128, 127)]
    shifted: Annotated[int, Integer(12, 1024)]
    unsigned: Annotated[int, Integer(0, 65535)]
    signed: Annotated[int, Integer(-32768, 32767)]
    any: Annotated[int, Integer()]


TYPES = [
    *(AllOptional, Attributes, Branches, Chain, Choice, Empty, Group, MaybeChoice, MaybeRepeat, Mixed, Numbers, Repeat),
    SimpleContent,
]
SCHEMA = Schema(
    Namespace(NAMESPACE, tuple(TYPES), {declaration.__name__: declaration for declaration in TYPES}),
    messages=tuple(TYPES),
)
ROOT_BITS = 4

VECTORS = [
    pytest.param(Empty(), "0", id="nothing but the end"),
    pytest.param(Chain(c=5), "10 0 101 0 0", id="optional ones left out: code of the required one"),
    pytest.param(Chain(a=1, c=5), "00 0 001 0  01 0 101 0  0", id="behind the first optional"),
    pytest.param(Chain(b=1, c=5), "01 0 001 0  0 0 101 0  0", id="only the required one is left"),
    pytest.param(AllOptional(), "10", id="end competes with optionals"),
    pytest.param(AllOptional(b=True), "01 0 1 0  0", id="one production takes one bit"),
    pytest.param(Repeat(item=(1,)), "0 0 001 0  10", id="again, after or end"),
    pytest.param(Repeat(item=(1, 2), after=True), "0 0 001 0  00 0 010 0  01 0 1 0  0", id="again is code 0"),
    pytest.param(
        Repeat(item=(1, 2, 3)), "0 0 001 0  00 0 010 0  00 0 011 0  01", id="at the maximum no code for again"
    ),
    pytest.param(MaybeRepeat(), "01", id="none at all"),
    pytest.param(MaybeRepeat(item=(1, 2)), "00 0 001 0  00 0 010 0  0", id="both"),
    pytest.param(Attributes(Zebra="z"), "01 00000011 01111010  01", id="attributes are sorted, have no CH and EE"),
    pytest.param(Attributes(Zebra="", Apple="", a=7), "00 00000010  0 00000010  00 0 111 0  0", id="all attributes"),
    pytest.param(SimpleContent(text=b"\xff"), "01 00000001 11111111 0", id="content is one of the first events"),
    pytest.param(SimpleContent(Id="", text=b""), "00 00000010 0 00000000 0", id="attribute and content"),
    pytest.param(Choice(kind=Empty()), "00 0 0", id="first branch"),
    pytest.param(Choice(kind=Chain(c=0)), "01 10 0 000 0 0 0", id="second branch"),
    pytest.param(MaybeChoice(last=True), "10 0 1 0 0", id="choice left out"),
    pytest.param(MaybeChoice(kind=Empty(), last=True), "00 0  0 0 1 0 0", id="choice taken"),
    pytest.param(Group(kind=Chain(c=0)), "00 10 0 000 0 0 0", id="members are sorted by name"),
    pytest.param(Group(kind=Member()), "10 0 0", id="the abstract head has a code in between"),
    pytest.param(Branches(two=Colour.blue), "01 0 10 0  0", id="branch of a simple type"),
    pytest.param(Branches(three=Chain(c=0)), "10 10 0 000 0 0 0", id="branch of a complex type"),
    pytest.param(Mixed(a=0), "0 0 000 0  010", id="refused productions count: Other, *, end, characters"),
    pytest.param(
        Numbers(negative=-128, shifted=12, unsigned=300, signed=-1, any=-129),
        "0 0 00000000 0  0 0 0000000000 0  0 0 10101100 00000010 0  0 0 1 00000000 0  0 0 1 10000000 00000001 0  0",
        id="integers",
    ),
]


@pytest.mark.parametrize(("value", "bits"), VECTORS)
def test_bits_are_those_worked_out_by_hand(value: Any, bits: str) -> None:
    root = SCHEMA.document_codes[type(value).__name__, NAMESPACE]
    bits = f"10000000{root:0{ROOT_BITS}b}{bits.replace(' ', '')}"
    expected = int(bits + "0" * (-len(bits) % 8), 2).to_bytes((len(bits) + 7) // 8)
    assert SCHEMA.encode(value) == expected
    assert SCHEMA.encode(value, check=False) == expected
    assert SCHEMA.decode(expected) == value


@pytest.mark.parametrize(("choices", "width"), [(1, 1), (2, 2), (3, 2), (4, 3), (7, 3), (8, 4), (54, 6), (281, 9)])
def test_a_code_has_room_for_the_escape(choices: int, width: int) -> None:
    assert code_width(choices) == width


@pytest.mark.parametrize(
    ("root", "bits", "reason"),
    [
        pytest.param("Chain", "11", "unknown event code", id="escape to second-level events"),
        pytest.param("Group", "01", "Head is abstract", id="abstract head"),
        pytest.param("Mixed", "0 0 000 0 000", "Other is refused", id="refused element"),
        pytest.param("Mixed", "0 0 000 0 001", r"\* is refused", id="wildcard"),
        pytest.param("Mixed", "0 0 000 0 011", "unknown event code", id="mixed content"),
        pytest.param("Empty", "1", "unknown event code", id="second level where only the end is left"),
        pytest.param("Branches", "01 0 11 0 0", "no value has the number 3", id="enumeration"),
        pytest.param("Choice", "10", "unknown event code", id="no such branch"),
        pytest.param("Repeat", "0 0 000 0  00 0 000 0  00 0 000 0  10", "unknown event code", id="too many items"),
    ],
)
def test_what_is_outside_the_grammar_is_refused(root: str, bits: str, reason: str) -> None:
    bits = f"10000000{SCHEMA.document_codes[root, NAMESPACE]:0{ROOT_BITS}b}{bits.replace(' ', '')}"
    data = int(bits + "0" * (-len(bits) % 8), 2).to_bytes((len(bits) + 7) // 8)
    with pytest.raises(ExiDecodeError, match=reason):
        SCHEMA.decode(data)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (Branches(), "Branches: exactly one of one, two, three must be set, not 0"),
        (Branches(one=True, two=Colour.red), "Branches: exactly one of one, two, three must be set, not 2"),
        (Repeat(item=()), r"Repeat\.item: 0 items, allowed are 1\.\.3"),
        (Repeat(item=(0,) * 4), r"Repeat\.item: 4 items, allowed are 1\.\.3"),
        (Choice(kind=Member()), r"Choice\.kind: is no Empty or Chain but Member"),
        (Choice(kind=None), r"Choice\.kind: is missing"),  # type: ignore[arg-type]
    ],
)
@pytest.mark.parametrize("check", [True, False])
def test_what_the_grammar_has_no_code_for_cannot_be_written(value: Any, reason: str, check: bool) -> None:
    with pytest.raises(ExiEncodeError, match=reason):
        SCHEMA.encode(value, check=check)


def test_fragment_codes_count_elements_but_not_attributes() -> None:
    names = [name for name, _ in SCHEMA.fragment_codes]
    assert names == sorted(names)
    assert "Zebra" not in names
    assert {"item", "Head", "Chain"} - set(names) == {"Head"}


def test_a_fragment_has_an_end() -> None:
    data = SCHEMA.encode_fragment("Empty", Empty())
    elements = len(SCHEMA.fragment_codes)
    width = (elements + 1).bit_length()
    stream = f"{int.from_bytes(data):b}"
    code = SCHEMA.fragment_codes["Empty", NAMESPACE]
    assert stream.startswith(f"10000000{code:0{width}b}0{elements + 1:0{width}b}")
    assert SCHEMA.decode_fragment(data) == ("Empty", Empty())


def test_two_elements_in_a_fragment_are_refused() -> None:
    elements = len(SCHEMA.fragment_codes)
    width = (elements + 1).bit_length()
    code = f"{SCHEMA.fragment_codes['Empty', NAMESPACE]:0{width}b}"
    bits = f"10000000{code}0{code}0{elements + 1:0{width}b}"
    data = int(bits + "0" * (-len(bits) % 8), 2).to_bytes((len(bits) + 7) // 8)
    with pytest.raises(ExiDecodeError, match="not the only element"):
        SCHEMA.decode_fragment(data)


def test_an_element_of_two_types_cannot_stand_in_a_fragment() -> None:
    with pytest.raises(ExiEncodeError, match="kind: no element"):
        SCHEMA.encode_fragment("kind", Empty())
    with pytest.raises(ExiEncodeError, match="Chain: no element of this schema with a value of Empty"):
        SCHEMA.encode_fragment("Chain", Empty())


def test_only_dataclasses_declare() -> None:
    with pytest.raises(TypeError, match="declares no element"):
        grammar_of(int)
