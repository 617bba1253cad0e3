"""The checker against the library ``jsonschema``, and against what is known of every field, over all schemas."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from v2gready.protocols.ocpp.editions import Edition
from v2gready.protocols.ocpp.frames import Call, encode, parse
from v2gready.protocols.ocpp.schema import SchemaProblem, acceptable_codes, actions, check, load, sends

MESSAGES = [
    *(
        (edition, action, response)
        for edition in Edition
        for action in sorted(actions(edition))
        for response in (False, True)
    ),
    *((edition, action, False) for edition in Edition for action in sorted(sends(edition))),
]
ALL = pytest.mark.parametrize(("edition", "action", "response"), MESSAGES)
QUICK = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
MOMENTS = ["2026-01-01T00:00:00Z", "2026-06-30T12:34:56.789+02:00"]
CUSTOM = {"vendorId": "us", "more": [1, {"x": None}]}


def words(schema: dict[str, Any]) -> st.SearchStrategy[str]:
    """Valid strings."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "format" in schema:
        return st.sampled_from(MOMENTS)
    return st.text('aé€😀"\\', max_size=min(schema.get("maxLength", 8), 8))


def longest(schema: dict[str, Any]) -> str:
    """The longest valid string."""
    if "enum" in schema:
        return str(schema["enum"][-1])
    return MOMENTS[0] if "format" in schema else "€" * schema.get("maxLength", 20_000)


def numbers(schema: dict[str, Any]) -> st.SearchStrategy[float]:
    """Valid numbers."""
    some = st.floats(schema.get("minimum"), schema.get("maximum"), allow_nan=False, allow_infinity=False)
    return some | st.just(outermost(schema))


def integers(schema: dict[str, Any]) -> st.SearchStrategy[float]:
    """Valid integers, also written as 5.0."""
    some = st.integers(int(schema.get("minimum", -5)), int(schema.get("maximum", 99)))
    return some | some.map(float)


def outermost(schema: dict[str, Any]) -> float:
    """The largest valid number, else the smallest, else any."""
    return float(schema.get("maximum", schema.get("minimum", 8.1)))


SCALARS: dict[Any, Callable[[dict[str, Any]], st.SearchStrategy[Any]]] = {
    "string": words,
    "integer": integers,
    "number": numbers,
    "boolean": lambda _: st.booleans(),
    None: lambda _: st.sampled_from([None, 1, "x", {"a": []}]),
}
LIMITS: dict[Any, Callable[[dict[str, Any]], Any]] = {
    "string": longest,
    "integer": lambda schema: int(outermost(schema)),
    "number": outermost,
    "boolean": lambda _: True,
    None: lambda _: {"any": [None]},
}


@dataclass(frozen=True, slots=True)
class Place:
    """One value inside a payload: where it is held, what it has to be, and how its path is written."""

    holder: Any
    key: Any
    schema: dict[str, Any]
    path: str


class Schema:
    """One schema file, and what can be made of it."""

    def __init__(self, whole: dict[str, Any]) -> None:
        self.whole = whole

    def resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The schema behind a reference."""
        name = schema.get("$ref", "").removeprefix("#/definitions/")
        return self.whole["definitions"][name] if name else schema

    def valid(self, schema: dict[str, Any]) -> st.SearchStrategy[Any]:
        """Valid values."""
        schema = self.resolved(schema)
        match schema.get("type"):
            case "object":
                fields = {name: self.valid(inner) for name, inner in schema.get("properties", {}).items()}
                required = {name: fields[name] for name in schema.get("required", ())}
                optional = {name: inner for name, inner in fields.items() if name not in required}
                return st.fixed_dictionaries(required, optional=optional)
            case "array":
                least = schema.get("minItems", 0)
                most = min(schema.get("maxItems", 9), least + 1)
                return st.lists(self.valid(schema["items"]), min_size=least, max_size=most)
            case kind:
                return SCALARS[kind](schema)

    def full(self, schema: dict[str, Any]) -> Any:
        """A valid value with every field there is, each at a limit of its own."""
        schema = self.resolved(schema)
        match schema.get("type"):
            case "object" if "additionalProperties" not in schema:
                return dict(CUSTOM)
            case "object":
                return {name: self.full(inner) for name, inner in schema.get("properties", {}).items()}
            case "array":
                return [self.full(schema["items"]) for _ in range(max(1, schema.get("minItems", 0)))]
            case kind:
                return LIMITS[kind](schema)

    def places(self, payload: Any, schema: dict[str, Any], path: str = "") -> Iterator[Place]:
        """Every field and element of a payload."""
        schema = self.resolved(schema)
        if schema.get("type") == "object":
            for name, inner in schema.get("properties", {}).items():
                if name in payload:
                    here = f"{path}.{name}".removeprefix(".")
                    yield Place(payload, name, self.resolved(inner), here)
                    yield from self.places(payload[name], inner, here)
        elif schema.get("type") == "array":
            for index, element in enumerate(payload):
                yield Place(payload, index, self.resolved(schema["items"]), f"{path}[{index}]")
                yield from self.places(element, schema["items"], f"{path}[{index}]")


# Values that break one rule and no other, by the keyword of it.
WRONG_TYPES = {
    "object": [[], None, "{}"],
    "array": [{}, None],
    "string": [1, None, ["x"]],
    "integer": [1.5, None, True, "1"],
    "number": ["1", None, True],
    "boolean": [0, None, "true"],
}
BREAKERS: dict[str, Callable[[Any, Any], list[Any]]] = {
    "type": lambda kind, _: WRONG_TYPES[kind],
    "maxLength": lambda most, _: ["x" * (most + 1)],
    "enum": lambda allowed, _: [allowed[0] + "x", ""],
    "format": lambda _, __: [MOMENTS[0].removesuffix("Z")],
    "minimum": lambda least, _: [least - 1],
    "maximum": lambda most, _: [most + 1],
    "minItems": lambda least, _: [[]] if least else [],
    "maxItems": lambda most, value: [[value[0]] * (most + 1)] if value else [],
}


def mutations(schema: dict[str, Any], value: Any) -> Iterator[tuple[str, str, Any]]:
    """Broken rule, the field below that it is about, and a value that breaks it and no other."""
    for rule in sorted(schema.keys() & BREAKERS.keys()):
        for broken in BREAKERS[rule](schema[rule], value):
            yield rule, "", broken
    if schema.get("type") != "object":
        return  # 2.0.1 writes "additionalProperties" beside enumerations too, where it says nothing
    for name in schema.get("required", ()):
        yield "required", f".{name}", {key: inner for key, inner in value.items() if key != name}
    if schema.get("additionalProperties") is False:
        yield "additionalProperties", ".extra", {**value, "extra": 1}


def ours(problems: tuple[SchemaProblem, ...]) -> set[tuple[str, str]]:
    """Our problems as ``jsonschema`` counts them: it names the object around a field, and looks at no format."""
    found = set()
    for one in problems:
        path = one.path.rpartition(".")[0] if one.rule in {"required", "additionalProperties"} else one.path
        if one.rule != "format":
            found.add((path, one.rule))
    return found


def theirs(schema: dict[str, Any], payload: Any) -> set[tuple[str, str]]:
    """The problems that ``jsonschema`` finds; it also compares a value of the wrong type with an enumeration."""
    errors = list(jsonschema.Draft6Validator(schema).iter_errors(payload))
    found = set()
    for error in errors:
        path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.absolute_path)
        found.add((path.removeprefix("."), str(error.validator)))
    return {(path, rule) for path, rule in found if rule != "enum" or (path, "type") not in found}


@ALL
def test_every_way_to_break_every_field_is_found_and_nothing_else(
    edition: Edition, action: str, response: bool
) -> None:
    schema = Schema(load(edition, action, response=response))
    whole = {"payload": schema.full(schema.whole)}
    root = Place(whole, "payload", schema.whole, "")
    assert check(edition, action, whole["payload"], response=response) == ()
    for place in (root, *schema.places(whole["payload"], schema.whole)):
        kept = place.holder[place.key]
        for rule, below, broken in mutations(place.schema, kept):
            place.holder[place.key] = broken
            path = (place.path + below).removeprefix(".")
            problems = check(edition, action, whole["payload"], response=response)
            assert [(one.path, one.rule) for one in problems] == [(path, rule)]
            assert problems[0].code in acceptable_codes(problems[0])
        place.holder[place.key] = kept


@ALL
def test_a_full_payload_survives_both_ways(edition: Edition, action: str, response: bool) -> None:
    schema = Schema(load(edition, action, response=response))
    call = Call("1", action, schema.full(schema.whole))
    again = parse(encode(call))
    assert again == call
    assert isinstance(again, Call)
    assert check(edition, action, again.payload, response=response) == ()


@ALL
@QUICK
@given(data=st.data())
def test_a_valid_payload_is_valid_for_both(edition: Edition, action: str, response: bool, data: st.DataObject) -> None:
    schema = Schema(load(edition, action, response=response))
    payload = data.draw(schema.valid(schema.whole))
    assert theirs(schema.whole, payload) == set()
    assert check(edition, action, payload, response=response) == ()


@ALL
@QUICK
@given(data=st.data())
def test_several_changes_are_judged_as_by_the_library(
    edition: Edition, action: str, response: bool, data: st.DataObject
) -> None:
    schema = Schema(load(edition, action, response=response))
    whole = {"payload": data.draw(schema.valid(schema.whole))}
    for _ in range(data.draw(st.integers(1, 3))):
        try:
            places = [Place(whole, "payload", schema.whole, ""), *schema.places(whole["payload"], schema.whole)]
        except (AttributeError, TypeError):
            break  # an earlier change left no way down
        place = data.draw(st.sampled_from(places))
        try:
            ways = list(mutations(place.schema, place.holder[place.key]))
        except (AttributeError, TypeError, KeyError):
            break
        place.holder[place.key] = data.draw(st.sampled_from([broken for _, _, broken in ways] or [None]))
    assert ours(check(edition, action, whole["payload"], response=response)) == theirs(schema.whole, whole["payload"])
