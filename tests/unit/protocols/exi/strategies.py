"""Random valid objects of every declared class.

Made from the annotations of the dataclasses, not from the grammars which the codec makes of them, so that a mistake in
reading the annotations shows.
"""

from __future__ import annotations

import enum
import functools
import types
import typing
from dataclasses import fields
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from v2gready.protocols.exi.declarations import Binary, Integer, Occurs, OneOf, Text

# What XML can carry and no XML parser changes: no carriage returns, and no blanks that a schema type may collapse.
CHARACTERS = st.characters(
    min_codepoint=0x21, max_codepoint=0x10FFFF, exclude_categories=("Cc", "Cs", "Cn", "Zs", "Zl", "Zp")
)
MANY = 6
LONG = 40


@functools.cache
def objects(declaration: type) -> st.SearchStrategy[Any]:
    """Valid objects of a class."""
    hints = typing.get_type_hints(declaration, include_extras=True)
    choices: dict[str, list[str]] = {}
    for field in fields(declaration):
        group = next((m.group for m in _metadata(hints[field.name]) if isinstance(m, OneOf)), None)
        if group:
            choices.setdefault(group, []).append(field.name)
    branches = [name for names in choices.values() for name in names]
    certain = {name: _values(hints[name]) for name in (f.name for f in fields(declaration)) if name not in branches}
    picks = [
        st.one_of(*(st.fixed_dictionaries({name: _present(hints[name])}) for name in names))
        for names in choices.values()
    ]
    return st.tuples(st.fixed_dictionaries(certain), *picks).map(
        lambda parts: declaration(**{name: value for part in parts for name, value in part.items()})
    )


def examples(declaration: type, count: int) -> list[Any]:
    """`count` random objects, the same ones on every call."""
    found: list[Any] = []

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(objects(declaration))
    def collect(value: Any) -> None:
        found.append(value)

    collect()
    return found


def fullest(declaration: type, branch: int = 0, *, most: int = 40) -> Any:
    """The object with every field present, longest strings, and every list full whose limit is up to `most`.

    Args:
        declaration: Its class.
        branch: Which of the classes to take where there is a choice (counted round and round).
        most: Longer lists than this have two items.
    """
    hints = typing.get_type_hints(declaration, include_extras=True)
    groups: dict[str, list[str]] = {}
    values = {}
    for field in fields(declaration):
        for group in (m.group for m in _metadata(hints[field.name]) if isinstance(m, OneOf)):
            groups.setdefault(group, []).append(field.name)
    skipped = {name for names in groups.values() for name in names if name != names[branch % len(names)]}
    for field in fields(declaration):
        if field.name not in skipped:
            values[field.name] = _fullest(hints[field.name], branch, most)
    return declaration(**values)


def _fullest(hint: Any, branch: int, most: int) -> Any:
    bare = _bare(hint)
    if typing.get_origin(bare) is tuple:
        limit = next(m for m in _metadata(hint) if isinstance(m, Occurs)).maximum
        count = 2 if limit is None or limit > most else limit
        return tuple(_fullest(typing.get_args(bare)[0], branch, most) for _ in range(count))
    if typing.get_origin(bare) in {types.UnionType, typing.Union}:
        arms = [arm for arm in typing.get_args(bare) if arm is not types.NoneType]
        return _fullest(arms[branch % len(arms)], branch, most)
    facets = next((m for m in _metadata(hint) if isinstance(m, Integer | Text | Binary)), None)
    match facets:
        case Integer():
            return 2**160 if facets.maximum is None else facets.maximum
        case Text():
            return "\U0001f697" * (facets.max_length or 300)
        case Binary():
            return b"\xff" * (facets.length or facets.max_length or 300)
    if bare is bool:
        return True
    return list(bare)[-1] if issubclass(bare, enum.IntEnum) else fullest(bare, branch, most=most)


def _metadata(hint: Any) -> tuple[Any, ...]:
    return typing.get_args(hint)[1:] if typing.get_origin(hint) is typing.Annotated else ()


def _bare(hint: Any) -> Any:
    return typing.get_args(hint)[0] if typing.get_origin(hint) is typing.Annotated else hint


def _values(hint: Any) -> st.SearchStrategy[Any]:
    """Values of a field, None included where it may be absent."""
    optional = types.NoneType in typing.get_args(_bare(hint))
    return st.none() | _present(hint) if optional else _present(hint)


def _present(hint: Any) -> st.SearchStrategy[Any]:
    bare = _bare(hint)
    if typing.get_origin(bare) is tuple:
        occurs = next(m for m in _metadata(hint) if isinstance(m, Occurs))
        most = MANY if occurs.maximum is None else min(occurs.maximum, MANY)
        item = typing.get_args(bare)[0]
        return st.lists(_present(item), min_size=occurs.minimum, max_size=most).map(tuple)
    if typing.get_origin(bare) in {types.UnionType, typing.Union}:
        return st.one_of(*(_present(arm) for arm in typing.get_args(bare) if arm is not types.NoneType))
    facets = next((m for m in _metadata(hint) if isinstance(m, Integer | Text | Binary)), None)
    match facets:
        case Integer():
            return st.integers(
                -(2**170) if facets.minimum is None else facets.minimum,
                2**170 if facets.maximum is None else facets.maximum,
            )
        case Text():
            return st.text(CHARACTERS, min_size=1, max_size=min(facets.max_length or LONG, LONG))
        case Binary(length=int(length)):
            return st.binary(min_size=length, max_size=length)
        case Binary():
            return st.binary(min_size=1, max_size=min(facets.max_length or LONG, LONG))
    if bare is bool:
        return st.booleans()
    return st.sampled_from(list(bare)) if issubclass(bare, enum.IntEnum) else objects(bare)
